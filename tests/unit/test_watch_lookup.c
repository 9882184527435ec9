/* test_watch_lookup.c: what a hit says of its surroundings; asking the set directly, against a
 * naive model. */
#include "tests/support/t.h"

#include "watch/watch.h"

#include <arpa/inet.h>

static struct ent_observable observable(const char *text)
{
    struct ent_observable o;
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(text)));
    return o;
}

/* --- what stands around a hit ------------------------------------------------------------------
 */

struct around {
    char text[4096];
    size_t n, at, hits;
};

static enum ent_err keep_around(void *ctx, const struct ent_hit *h)
{
    struct around *a = ctx;
    a->hits++;
    a->n = h->around.n;
    a->at = h->around_at;
    assert_true(a->n < sizeof(a->text));
    memcpy(a->text, h->around.p, a->n);
    a->text[a->n] = '\0';
    return ENT_OK;
}

static struct around around(struct ent_slice stream, size_t piece)
{
    struct around a = {.hits = 0};
    const struct ent_scan_events ev = {&a, keep_around, NULL};
    struct ent_observable o = observable("evil.com");
    struct ent_watch *w = NULL;
    struct ent_scan *s = NULL;
    assert_ok(ent_watch_new(&w, 0));
    assert_ok(ent_watch_add(w, &o, 1));
    assert_ok(ent_watch_seal(w));
    assert_ok(ent_scan_new(&s, w, &ev));
    for (size_t at = 0; at < stream.n; at += piece)
        assert_ok(ent_scan_feed(s, stream.p + at, stream.n - at < piece ? stream.n - at : piece));
    assert_ok(ent_scan_end(s));
    ent_scan_free(s);
    ent_watch_free(w);
    return a;
}

static void test_around(void **state)
{
    static const struct {
        const char *stream, *around;
        size_t at;
    } cases[] = {
        {"evil.com", "evil.com", 0},
        {"one\nGET evil.com HTTP\r\nthree", "GET evil.com HTTP\r", 4},
        {"\nevil.com\n", "evil.com", 0},
        {"x\n\nq=EVIL.com.", "q=EVIL.com.", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_slice s = ent_slice_str(cases[i].stream);
        for (size_t piece = 1; piece <= s.n; piece++) {
            struct around a = around(s, piece);
            assert_int_equal(a.hits, 1);
            assert_string_equal(a.text, cases[i].around);
            assert_int_equal(a.at, cases[i].at);
        }
    }
}

/* 256 bytes on either side and no more, also in a line that never ends. */
static void test_around_is_bounded(void **state)
{
    static uint8_t line[300000];
    (void)state;
    memset(line, ' ', sizeof(line));
    for (size_t at = 100000; at < 100600; at += 37) {
        memcpy(line + at, "evil.com", 8);
        struct around a = around(ent_slice(line, sizeof(line)), 777);
        memset(line + at, ' ', 8);
        assert_int_equal(a.hits, 1);
        assert_int_equal(a.at, 256);
        assert_int_equal(a.n, 256 + 8 + 256);
        assert_memory_equal(a.text + 256, "evil.com ", 9);
    }
}

/* --- asking directly ---------------------------------------------------------------------------
 */

struct found {
    uint64_t id[64];
    char first[64];
    size_t n, stop_at;
};

static enum ent_err keep_found(void *ctx, const struct ent_observable *o, uint64_t id)
{
    struct found *f = ctx;
    if (f->n == 0)
        (void)snprintf(f->first, sizeof(f->first), "%s %.40s", ent_obs_type_name(o->type), o->text);
    f->id[f->n++ % 64] = id;
    return f->n == f->stop_at ? ENT_E_FULL : ENT_OK;
}

static struct ent_watch *set_of(const struct ent_observable *ind, size_t n)
{
    struct ent_watch *w = NULL;
    assert_ok(ent_watch_new(&w, 0));
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_watch_add(w, &ind[i], i));
    assert_ok(ent_watch_seal(w));
    return w;
}

/* What the set holds, and for each question the places of the answers in it, the closest first. */
static void test_lookup(void **state)
{
    static const char *const known[] = {
        "evil.com",
        "a.b.evil.com",
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.2.3",
        "2001:db8::/32",
        "2001:db8:0:1::/64",
        "10.1.2.3:443",
        "http://evil.com/",
        "bob@evil.com",
        "d41d8cd98f00b204e9800998ecf8427e",
        "0.0.0.0/0",
        "http://evil.com/gate/*",
        "http://evil.com/g*",
    };
    static const struct {
        const char *ask, *found;
    } cases[] = {
        {"evil.com", "0"},
        {"x.a.b.evil.com", "1 0"},
        {"b.evil.com", "0"},
        {"notevil.com", ""},
        {"evil.com.org", ""},
        {"10.1.2.3", "4 3 2 11"},
        {"10.1.2.4", "3 2 11"},
        {"11.1.2.3", "11"},
        {"10.1.2.0/24", "3 2 11"},
        {"10.1.0.0/16", "3 2 11"},
        {"10.0.0.0/7", "11"},
        {"2001:db8:0:1::5", "6 5"},
        {"2001:db8::1", "5"},
        {"2001:db9::1", ""},
        {"10.1.2.3:443", "7"},
        {"10.1.2.3:80", ""},
        {"http://evil.com/", "8"},
        {"http://evil.com/x", ""},
        {"http://evil.com/gate/x?y", "12 13"},
        {"http://evil.com/gate/", "12 13"},
        {"http://evil.com/gate", "13"},
        {"http://evil.com/gate/a/*", "12 13"},
        {"https://evil.com/gate/", ""},
        {"bob@evil.com", "9"},
        {"eve@evil.com", ""},
        {"::/0", ""},
        {"D41D8CD98F00B204E9800998ECF8427E", "10"},
    };
    struct ent_observable ind[sizeof(known) / sizeof(known[0])];
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        ind[i] = observable(known[i]);
    struct ent_watch *w = set_of(ind, sizeof(known) / sizeof(known[0]));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_observable o = observable(cases[i].ask);
        struct found f = {.n = 0};
        char got[256] = "";
        size_t at = 0;
        assert_ok(ent_watch_lookup(w, &o, keep_found, &f));
        for (size_t k = 0; k < f.n; k++)
            at += (size_t)snprintf(got + at, sizeof(got) - at, k == 0 ? "%u" : " %u",
                                   (unsigned)f.id[k]);
        assert_string_equal(got, cases[i].found);
    }
    struct ent_observable o = observable("10.1.2.3");
    struct found f = {.stop_at = 2};
    assert_err(ent_watch_lookup(w, &o, keep_found, &f), ENT_E_FULL);
    assert_int_equal(f.n, 2);
    assert_string_equal(f.first, "ipv4 10.1.2.3");
    ent_watch_free(w);
}

static void test_lookup_needs_a_sealed_set(void **state)
{
    struct ent_watch *w = NULL;
    struct ent_observable o = observable("evil.com");
    struct found f = {.n = 0};
    (void)state;
    assert_ok(ent_watch_new(&w, 0));
    assert_err(ent_watch_lookup(w, &o, keep_found, &f), ENT_E_STATE);
    assert_ok(ent_watch_seal(w));
    assert_ok(ent_watch_lookup(w, &o, keep_found, &f)); /* empty */
    assert_int_equal(f.n, 0);
    ent_watch_free(w);
}

/* --- a naive model ------------------------------------------------------------------------------
 */

static bool bits_equal(const char *a, const char *b, unsigned bits, int family)
{
    uint8_t x[16], y[16];
    assert_int_equal(inet_pton(family, a, x), 1);
    assert_int_equal(inet_pton(family, b, y), 1);
    for (unsigned i = 0; i < bits; i++)
        if (((x[i / 8] ^ y[i / 8]) >> (7 - i % 8) & 1) != 0)
            return false;
    return true;
}

/* Whether o meets ind: text by text, bit by bit. */
static bool meets(const struct ent_observable *o, const struct ent_observable *ind)
{
    bool net = ind->type == ENT_OBS_NET4 || ind->type == ENT_OBS_NET6;
    char address[64], around[64];
    if (o->type == ind->type && strcmp(o->text, ind->text) == 0)
        return true;
    if (o->type == ENT_OBS_DOMAIN && ind->type == ENT_OBS_DOMAIN)
        return o->n > ind->n && o->text[o->n - ind->n - 1] == '.' &&
               strcmp(o->text + o->n - ind->n, ind->text) == 0;
    if (!net || o->type > ENT_OBS_NET6 || (o->type + ind->type) % 2 != 0)
        return false;
    (void)snprintf(address, sizeof(address), "%.*s", (int)strcspn(o->text, "/"), o->text);
    (void)snprintf(around, sizeof(around), "%.*s", (int)strcspn(ind->text, "/"), ind->text);
    const char *slash = strchr(o->text, '/');
    unsigned long mine = slash == NULL ? 128 : strtoul(slash + 1, NULL, 10);
    unsigned long bits = strtoul(strchr(ind->text, '/') + 1, NULL, 10);
    return mine >= bits && bits_equal(address, around, (unsigned)bits,
                                      ind->type == ENT_OBS_NET4 ? AF_INET : AF_INET6);
}

/* Few values in each place, so that things meet. */
static struct ent_observable random_observable(void)
{
    static const char *const label[] = {"a", "b", "evil"};
    char text[128];
    unsigned v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = (unsigned)ent_t_below(3);
    switch (ent_t_below(5)) {
    case 0:
        (void)snprintf(text, sizeof(text), "%u.%u.%u.%u", v[0] + 1, v[1] * 64, v[2], v[3]);
        break;
    case 1:
        (void)snprintf(text, sizeof(text), "%u.%u.%u.%u/%u", v[0] + 1, v[1] * 64, v[2], v[3],
                       (unsigned)ent_t_below(33));
        break;
    case 2:
        (void)snprintf(text, sizeof(text), "2001:%x::%x:%x", v[0] << 12, v[1], v[2]);
        break;
    case 3:
        (void)snprintf(text, sizeof(text), "2001:%x::%x:%x/%u", v[0] << 12, v[1], v[2],
                       (unsigned)ent_t_below(129));
        break;
    default:
        (void)snprintf(text, sizeof(text), "%s%s%s.%s.com", v[3] == 0 ? "" : label[v[2]],
                       v[3] == 0 ? "" : ".", label[v[1]], label[v[0]]);
    }
    return observable(text);
}

static void test_against_a_naive_model(void **state)
{
    enum { N = 300 };
    static struct ent_observable ind[N];
    (void)state;
    for (size_t i = 0; i < N; i++)
        ind[i] = random_observable();
    struct ent_watch *w = set_of(ind, N);
    for (int i = 0; i < 3000; i++) {
        struct ent_observable o = random_observable();
        struct found f = {.n = 0};
        size_t want = 0;
        assert_ok(ent_watch_lookup(w, &o, keep_found, &f));
        for (size_t k = 0; k < N; k++) {
            bool first = true;
            for (size_t m = 0; m < k && first; m++)
                first = ind[m].type != ind[k].type || strcmp(ind[m].text, ind[k].text) != 0;
            want += first && meets(&o, &ind[k]);
        }
        assert_int_equal(f.n, want);
        for (size_t k = 0; k < f.n; k++)
            assert_true(meets(&o, &ind[f.id[k]]));
    }
    ent_watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_around),
        cmocka_unit_test(test_around_is_bounded),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_lookup_needs_a_sealed_set),
        cmocka_unit_test(test_against_a_naive_model),
    };
    return ent_t_run("watch_lookup", tests);
}
