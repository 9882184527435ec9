/* test_out_misp_feed.c: MISP feeds that go out: exact bytes, parts, ids, times, hashes. */
#include "tests/support/feed.h"
#include "tests/support/out.h"

#include "crypto/crypto.h"
#include "intel/md5.h"

#define DAY 86400

static const struct ent_out_opts opts = {.now = ENT_T_NOW,
                                         .author = {(const uint8_t *)"CERT \"x\"", 8},
                                         .key = {(const uint8_t *)"k", 1}};

static struct ent_slice manifest_of(const struct ent_t_out *o)
{
    return ent_buf_slice(&o->b[0]);
}

/* One claim, first and last made on these days from now on. */
static void put(struct ent_t_out *o, const char *source, const char *value, enum ent_tlp tlp,
                int first, int last)
{
    struct ent_indicator ind = ent_t_indicator(value);
    ind.tlp = tlp;
    const struct ent_out_item item = {.ind = &ind,
                                      .source = ent_slice_str(source),
                                      .first = ENT_T_NOW + first * DAY,
                                      .last = ENT_T_NOW + last * DAY};
    assert_ok(ent_out_put(o->out, &item));
}

/* What the series holds, with NUL. */
static const char *events_of(struct ent_t_out *o)
{
    uint8_t *end;
    assert_ok(ent_buf_reserve(&o->b[ENT_OUT_SERIES], &end, 1));
    *end = 0;
    return (const char *)o->b[ENT_OUT_SERIES].p;
}

/* A sanitizer's strstr() measures all that follows, each time. */
static size_t count(const char *text, const char *what)
{
    const char *end = text + strlen(text);
    size_t n = 0;
    for (; (text = memmem(text, (size_t)(end - text), what, strlen(what))) != NULL; text++)
        n++;
    return n;
}

/* --- exact bytes -------------------------------------------------------------------------------
 */

#define SELF                                                                                       \
    "\"Orgc\":{\"name\":\"CERT \\\"x\\\"\",\"uuid\":\"0f5efbf7-5644-5b82-b295-4bd968de34fe\"}"
#define TAG   "\"Tag\":[{\"name\":\"tlp:green\",\"colour\":\"#33FF00\"}]"
#define TIMES "\n],\"timestamp\":\"1534723200\",\"publish_timestamp\":\"1534723200\"}}\n"
#define ATTR                                                                                       \
    ",\"to_ids\":true,\"timestamp\":\"1534723200\",\"comment\":\"s\\\"\",\"distribution\":\"5\","  \
    "\"Tag\":[{\"name\":\"tlp:green\"}]}"

/* The ids and the hash, by another implementation (Python's uuid and hashlib). */
#define SELF_ID "0f5efbf7-5644-5b82-b295-4bd968de34fe"
static void test_bytes(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    ent_t_out_start(&o, "misp-feed", &opts);
    put(&o, "s\"", "evil.example", ENT_TLP_GREEN, 0, 0);
    put(&o, "s\"", "[2001:db8::1]:443", ENT_TLP_GREEN, 0, 0);
    put(&o, "s\"", "http://evil.example/*", ENT_TLP_GREEN, 0, 0);
    assert_string_equal(
        ent_t_out_end(&o),
        "{\n\"ca174328-cd7c-541b-b9dd-b109dae9f938\":{" SELF "," TAG
        ",\"info\":\"s\\\", of 2018-08-20\",\"date\":\"2018-08-20\","
        "\"analysis\":2,\"threat_level_id\":4,\"timestamp\":1534723200,\"integrity:sha256\":\""
        "baf73d0ce98cf362282f3039e01ffd54e0b926a2a5bf2c42f5adea2e66619e81\"}\n}\n");
    assert_string_equal(
        events_of(&o), "== "
                       "ca174328-cd7c-541b-b9dd-b109dae9f938.json\n{\"Event\":{\"uuid\":\"ca174328-"
                       "cd7c-541b-b9dd-b109dae9f938\",\"info\":\"s\\\", of 2018-08-20\","
                       "\"date\":\"2018-08-20\",\"threat_level_id\":\"4\",\"analysis\":\"2\","
                       "\"published\":true," SELF "," TAG ",\"Attribute\":[\n"
                       "{\"uuid\":\"ca3c5adb-6d9e-5091-9816-0ada7e9d93b3\",\"type\":\"domain\","
                       "\"category\":\"Network activity\",\"value\":"
                       "\"evil.example\"" ATTR ",\n"
                       "{\"uuid\":\"e327e4ec-2c50-5e88-b4a5-cda69fd7037c\",\"type\":\"ip-dst|"
                       "port\",\"category\":\"Network activity\",\"value\":"
                       "\"2001:db8::1|443\"" ATTR TIMES);
    assert_int_equal(ent_out_lost(o.out)[ENT_OBS_URLPREFIX], 1);
    assert_int_equal(o.opened, 1u << 0 | 1u << ENT_OUT_SERIES); /* no hashes.csv */
    ent_t_out_release(&o);
}

static void test_nothing(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    ent_t_out_start(&o, "misp-feed", &opts);
    put(&o, "s", "http://evil.example/*", ENT_TLP_GREEN, 0, 0);
    assert_string_equal(ent_t_out_end(&o), "{}\n");
    assert_int_equal(o.opened, 1u << 0);
    assert_int_equal(o.b[ENT_OUT_SERIES].n, 0);
    ent_t_out_release(&o);
}

/* --- which event -------------------------------------------------------------------------------
 */

/* Another source, marking, day: another event; the marking of an event is that of all in it. */
static void test_groups(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    ent_t_out_start(&o, "misp-feed", &opts);
    put(&o, "a", "1.example", ENT_TLP_CLEAR, 0, 0);
    put(&o, "a", "2.example", ENT_TLP_CLEAR, 0, 5);
    put(&o, "a", "2.example", ENT_TLP_CLEAR, 1, 1);
    put(&o, "a", "3.example", ENT_TLP_AMBER_STRICT, 1, 1);
    put(&o, "b", "3.example", ENT_TLP_AMBER_STRICT, 1, 1);
    put(&o, "", "3.example", ENT_TLP_RED, 1, 1);
    const char *manifest = ent_t_out_end(&o);
    assert_int_equal(count(manifest, "\"info\":"), 5);
    assert_int_equal(count(manifest, "\"info\":\"a, of 2018-08-20\",\"date\":\"2018-08-20\""), 1);
    assert_int_equal(count(manifest, "\"info\":\"a, of 2018-08-21\",\"date\":\"2018-08-21\""), 2);
    assert_int_equal(count(manifest, "\"info\":\"unknown, of 2018-08-21\""), 1);
    assert_int_equal(count(manifest, "{\"name\":\"tlp:clear\",\"colour\":\"#ffffff\"}"), 2);
    assert_int_equal(count(manifest, "{\"name\":\"tlp:amber+strict\",\"colour\":\"#FFC000\"}"), 2);
    assert_int_equal(count(manifest, "{\"name\":\"tlp:red\",\"colour\":\"#FF2B2B\"}"), 1);
    const char *events = events_of(&o);
    assert_int_equal(count(events, "== "), 5);
    assert_int_equal(count(events, "\"name\":\"tlp:clear\""), 2 + 3);
    assert_int_equal(count(events, "\"name\":\"tlp:amber+strict\""), 2 + 2);
    assert_int_equal(count(events, "\"name\":\"tlp:red\""), 2);
    ent_t_out_release(&o);
}

/* The uuids of the manifest, ENT_UUID_TEXT bytes each. */
struct ids {
    size_t n;
    char uuid[16][ENT_UUID_TEXT];
    uint8_t sha256[16][32];
    int64_t timestamp[16];
};

static enum ent_err note_id(void *ctx, const struct ent_manifest_event *e)
{
    struct ids *ids = ctx;
    assert_in_range(ids->n, 0, 15);
    assert_true(e->has_sha256);
    memcpy(ids->uuid[ids->n], e->uuid, ENT_UUID_TEXT);
    memcpy(ids->sha256[ids->n], e->sha256, 32);
    ids->timestamp[ids->n++] = e->timestamp;
    return ENT_OK;
}

static enum ent_err no_skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)ctx;
    (void)line;
    (void)what;
    fail_msg("%s", reason);
    return ENT_OK;
}

/* What our own reader makes of the manifest, and whether its hashes are those of the events. */
static struct ids read_again(struct ent_t_out *o)
{
    struct ids ids = {.n = 0};
    const struct ent_manifest_sink sink = {&ids, note_id, no_skip};
    struct ent_slice left = manifest_of(o);
    const char *at = events_of(o);
    assert_ok(ent_misp_manifest_read(ent_reader_mem(&left), &sink, NULL));
    for (size_t i = 0; i < ids.n; i++) {
        struct ent_hash32 sum;
        char head[64];
        int n = snprintf(head, sizeof(head), "== %s.json\n", ids.uuid[i]);
        assert_memory_equal(at, head, (size_t)n);
        at += n;
        const char *next = strstr(at, "\n== ");
        size_t len = next == NULL ? strlen(at) : (size_t)(next + 1 - at);
        ent_sha256_of(&sum, ent_slice(at, len));
        assert_memory_equal(sum.b, ids.sha256[i], sizeof(sum.b));
        at += len;
    }
    assert_int_equal(*at, '\0');
    return ids;
}

static struct ids export_many(unsigned n, const struct ent_out_opts *with, struct ent_t_out *o)
{
    char value[32];
    ent_t_out_start(o, "misp-feed", with);
    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(value, sizeof(value), "203.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        put(o, "many", value, ENT_TLP_GREEN, 0, 0);
    }
    (void)ent_t_out_end(o);
    return read_again(o);
}

/* Ten thousand are one event, one more are two; parts have the same ids whatever follows. */
static void test_parts(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    struct ids one = export_many(10000, &opts, &o);
    assert_int_equal(one.n, 1);
    assert_int_equal(count(events_of(&o), "\"type\":\"ip-dst\""), 10000);
    ent_t_out_release(&o);
    struct ids two = export_many(10001, &opts, &o);
    assert_int_equal(two.n, 2);
    assert_int_equal(count(strstr(events_of(&o), ", part 2\""), "\"type\":\"ip-dst\""), 1);
    assert_memory_equal(one.sha256, two.sha256, 32);
    ent_t_out_release(&o);
    struct ids three = export_many(25000, &opts, &o);
    assert_int_equal(three.n, 3);
    assert_int_equal(count(events_of(&o), "\"type\":\"ip-dst\""), 25000);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(two.uuid[i], three.uuid[i]);
    assert_string_equal(one.uuid[0], three.uuid[0]);
    assert_string_not_equal(three.uuid[1], three.uuid[2]);
    ent_t_out_release(&o);
}

/* Another name or another key is another publisher, with events of his own. */
static void test_ids(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    struct ent_out_opts other = opts;
    char a[ENT_UUID_TEXT], b[ENT_UUID_TEXT];
    (void)state;
    struct ids first = export_many(1, &opts, &o);
    ent_t_out_release(&o);
    other.now += 7 * DAY;
    struct ids later = export_many(1, &other, &o);
    ent_t_out_release(&o);
    assert_string_equal(first.uuid[0], later.uuid[0]);
    assert_int_equal(later.timestamp[0], ENT_T_NOW + 7 * DAY);
    other.key = ENT_SLICE_LIT("l");
    later = export_many(1, &other, &o);
    ent_t_out_release(&o);
    assert_string_not_equal(first.uuid[0], later.uuid[0]);
    assert_ok(ent_out_publisher(a, &opts));
    assert_ok(ent_out_publisher(b, &other));
    assert_string_not_equal(a, b);
    assert_string_equal(a, SELF_ID);
}

/* --- the export before -------------------------------------------------------------------------
 */

struct before {
    struct ent_out_earlier says;
    unsigned asked;
};

static const struct ent_out_earlier *earlier(void *ctx, const char uuid[static ENT_UUID_TEXT])
{
    struct before *b = ctx;
    assert_int_equal(strlen(uuid), ENT_UUID_TEXT - 1);
    b->asked++;
    return b->says.timestamp == 0 ? NULL : &b->says;
}

static int64_t time_after(int64_t then, const uint8_t sha256[static 32], unsigned n)
{
    struct before b = {.says.timestamp = then};
    struct ent_out_opts later = opts;
    struct ent_t_out o = {.fail_at = 0};
    memcpy(b.says.sha256, sha256, 32);
    later.now += DAY;
    later.earlier = earlier;
    later.earlier_ctx = &b;
    struct ids ids = export_many(n, &later, &o);
    assert_int_equal(b.asked, 1);
    ent_t_out_release(&o);
    return ids.timestamp[0];
}

/* What is as it was keeps its time; what is not gets a later one than anybody has seen. */
static void test_times(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    struct ids first = export_many(2, &opts, &o);
    ent_t_out_release(&o);
    assert_int_equal(first.timestamp[0], ENT_T_NOW);
    assert_int_equal(time_after(ENT_T_NOW, first.sha256[0], 2), ENT_T_NOW);
    assert_int_equal(time_after(ENT_T_NOW, first.sha256[0], 3), ENT_T_NOW + DAY);
    assert_int_equal(time_after(ENT_T_NOW, first.sha256[0], 1), ENT_T_NOW + DAY);
    assert_int_equal(time_after(0, first.sha256[0], 2), ENT_T_NOW + DAY);
    assert_int_equal(time_after(ENT_T_NOW - 1, first.sha256[0], 2), ENT_T_NOW + DAY);
    assert_int_equal(time_after(ENT_T_NOW + DAY, first.sha256[0], 2), ENT_T_NOW + DAY + 1);
    assert_int_equal(time_after(ENT_T_NOW + 9 * DAY, first.sha256[0], 2), ENT_T_NOW + 9 * DAY + 1);
    first.sha256[0][31] ^= 1;
    assert_int_equal(time_after(ENT_T_NOW, first.sha256[0], 2), ENT_T_NOW + DAY);
}

/* --- hashes.csv --------------------------------------------------------------------------------
 */

/* The three values of MISP's own example, and RFC 1321's. */
static void test_md5(void **state)
{
    static const struct {
        const char *text, *md5;
    } rows[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
         "9",
         "3ea10a9720dea7ee5c6bfa467a9a8353"},
        {"my-iri.org", "b6ef7f9a01798dfaa13eed906008cbf4"},
        {"198.51.100.3", "f1fdd78d6b6951da25711891f3b458b2"},
        {"443", "13f3cf8c531952d72e5847c4183e6910"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char got[ENT_MD5_TEXT];
        ent_md5_text(got, ent_slice_str(rows[i].text));
        assert_string_equal(got, rows[i].md5);
    }
}

/* At each length around the ends of blocks: one octet more is another hash, and the same for text
 * that lies elsewhere. The sum over all is Python's. */
static void test_md5_lengths(void **state)
{
    char text[200], all[200 * (ENT_MD5_TEXT - 1)], got[ENT_MD5_TEXT];
    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        text[n] = (char)('a' + n % 26);
        ent_md5_text(got, ent_slice(text, n));
        memcpy(all + n * (ENT_MD5_TEXT - 1), got, ENT_MD5_TEXT - 1);
    }
    ent_md5_text(got, ent_slice(all, sizeof(all)));
    assert_string_equal(got, "fb4920cc4361f146addd74c74c5b3ed3");
}

static void test_hashes(void **state)
{
    struct ent_out_opts with = opts;
    struct ent_t_out o = {.fail_at = 0};
    char want[512];
    (void)state;
    with.hashes = true;
    ent_t_out_start(&o, "misp-feed", &with);
    put(&o, "s", "my-iri.org", ENT_TLP_GREEN, 0, 0);
    put(&o, "s", "198.51.100.3:443", ENT_TLP_GREEN, 0, 0);
    put(&o, "s", "http://evil.example/*", ENT_TLP_GREEN, 0, 0);
    put(&o, "s", "198.51.100.3", ENT_TLP_GREEN, 1, 1);
    (void)ent_t_out_end(&o);
    struct ids ids = read_again(&o);
    assert_int_equal(ids.n, 2);
    (void)snprintf(want, sizeof(want),
                   "b6ef7f9a01798dfaa13eed906008cbf4,%s\nf1fdd78d6b6951da25711891f3b458b2,%s\n"
                   "13f3cf8c531952d72e5847c4183e6910,%s\nf1fdd78d6b6951da25711891f3b458b2,%s\n",
                   ids.uuid[0], ids.uuid[0], ids.uuid[0], ids.uuid[1]);
    assert_int_equal(o.b[1].n, strlen(want));
    assert_memory_equal(o.b[1].p, want, strlen(want));
    ent_t_out_release(&o);
}

/* --- and back ----------------------------------------------------------------------------------
 */

static enum ent_err take(void *ctx, const struct ent_indicator *ind)
{
    return ent_buf_printf(ctx, "%s %d %d\n", ind->obs.text, (int)ind->tlp, ind->confidence);
}

static void read_event(struct ent_buf *ret, const char *text, size_t n)
{
    const struct ent_import_opts o = {.format = ENT_FORMAT_AUTO, .confidence = -1};
    const struct ent_import_sink sink = {.ctx = ret, .take = take, .skip = no_skip};
    struct ent_slice left = {(const uint8_t *)text, n};
    enum ent_format format;
    assert_ok(ent_intel_read(ent_reader_mem(&left), &o, &sink, &format, NULL));
    assert_int_equal(format, ENT_FORMAT_MISP);
}

/* Everything that the format can carry comes in again with its own marking and confidence. */
static void test_back(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    struct ent_buf want, got;
    (void)state;
    ent_buf_init(&want, 16u << 20);
    ent_buf_init(&got, 16u << 20);
    ent_t_out_start(&o, "misp-feed", &opts);
    for (unsigned i = 0; i < 4000; i++) {
        struct ent_indicator ind = {.tlp = (enum ent_tlp)(1 + i / 1000),
                                    .confidence = (int)ent_t_below(102) - 1};
        do {
            ent_t_random_observable(&ind.obs,
                                    (enum ent_obs_type)(1 + ent_t_below(ENT_OBS_TYPES - 1)));
        } while (ind.obs.type == ENT_OBS_URLPREFIX ||
                 (ind.obs.type == ENT_OBS_URL && ind.obs.text[ind.obs.n - 1] == '*'));
        ind.text = ENT_SLICE_LIT("\"}]}}\n== x\xff");
        ent_t_out_put(&o, &ind, i % 1000 < 500 ? "one" : "two\"}");
        assert_ok(take(&want, &ind));
    }
    (void)ent_t_out_end(&o);
    (void)read_again(&o);
    for (const char *at = events_of(&o); *at != '\0';) {
        const char *text = strchr(at, '\n') + 1, *next = strstr(text, "\n== ");
        size_t n = next == NULL ? strlen(text) : (size_t)(next + 1 - text);
        read_event(&got, text, n);
        at = text + n;
    }
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.p, want.p, want.n);
    ent_buf_release(&want);
    ent_buf_release(&got);
    ent_t_out_release(&o);
}

/* A sink that fails at any piece ends the export with its error. */
static void test_full_sink(void **state)
{
    (void)state;
    for (size_t at = 1; at <= 6; at++) {
        struct ent_t_out o = {.fail_at = at};
        enum ent_err r = ENT_OK;
        ent_t_out_start(&o, "misp-feed", &opts);
        for (unsigned i = 0; i < 500 && r == ENT_OK; i++) {
            struct ent_indicator ind = ent_t_indicator("evil.example");
            const struct ent_out_item item = {
                .ind = &ind, .source = ENT_SLICE_LIT("s"), .first = ENT_T_NOW, .last = ENT_T_NOW};
            r = ent_out_put(o.out, &item);
        }
        r = r == ENT_OK ? ent_out_end(o.out) : r;
        assert_err(r, at <= o.pieces ? ENT_E_FULL : ENT_OK);
        assert_true(at > 5 || r == ENT_E_FULL);
        ent_t_out_release(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),     cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_groups),    cmocka_unit_test(test_parts),
        cmocka_unit_test(test_ids),       cmocka_unit_test(test_times),
        cmocka_unit_test(test_md5),       cmocka_unit_test(test_md5_lengths),
        cmocka_unit_test(test_hashes),    cmocka_unit_test(test_back),
        cmocka_unit_test(test_full_sink),
    };
    return ent_t_run("out_misp_feed", tests);
}
