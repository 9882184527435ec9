/* test_know.c: where observables lie, against naive answers; claims in full; what is decided here
 * about them; tags. */
#include "tests/support/t.h"

#include "node/node.h"

#include <sqlite3.h>

#define NOW 1534723200

static struct ent_observable parse(const char *text)
{
    struct ent_observable o;
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(text)));
    return o;
}

/* --- places -------------------------------------------------------------------------------------
 */

/* "a b c": what o widens to, up to the top. */
static const char *above(const char *text, unsigned most)
{
    static char ret[4096];
    struct ent_observable o = parse(text);
    size_t n = 0;
    ret[0] = '\0';
    for (unsigned i = 0; i < most && ent_observable_widen(&o); i++) {
        struct ent_observable again;
        n += (size_t)snprintf(ret + n, sizeof(ret) - n, "%s%s", n == 0 ? "" : " ", o.text);
        assert_int_equal(o.n, strlen(o.text));
        /* Whatever is above has the form in which it would be kept. */
        assert_ok(ent_observable_parse_as(&again, NULL, o.type, ent_slice(o.text, o.n)));
        assert_int_equal(again.type, o.type);
        assert_string_equal(again.text, o.text);
    }
    return ret;
}

static void test_widen(void **state)
{
    (void)state;
    assert_string_equal(above("198.51.100.3", 3),
                        "198.51.100.2/31 198.51.100.0/30 198.51.100.0/29");
    assert_string_equal(above("128.0.0.0/2", 9), "128.0.0.0/1 0.0.0.0/0");
    assert_string_equal(above("2001:db8::1", 2), "2001:db8::/127 2001:db8::/126");
    assert_string_equal(above("a.b.evil.com", 9), "b.evil.com evil.com");
    assert_string_equal(above("evil.com", 9), "");
    assert_string_equal(above("bob@mx.evil.com", 9), "mx.evil.com evil.com");
    assert_string_equal(above("198.51.100.3:443", 2), "198.51.100.3 198.51.100.2/31");
    assert_string_equal(above("[2001:db8::1]:443", 1), "2001:db8::1");
    assert_string_equal(above("http://evil.com/ab", 9),
                        "http://evil.com/ab* http://evil.com/a* http://evil.com/* evil.com");
    assert_string_equal(above("http://u@evil.com:81/", 9), "http://u@evil.com:81/* evil.com");
    assert_string_equal(above("http://evil.com/a*", 9), "http://evil.com/* evil.com");
    assert_string_equal(above("d41d8cd98f00b204e9800998ecf8427e", 9), "");
    struct ent_observable o = parse("0.0.0.0/0"); /* left as it was */
    assert_false(ent_observable_widen(&o));
    assert_string_equal(o.text, "0.0.0.0/0");
}

static bool lies_in(const char *what, const char *in)
{
    struct ent_observable a = parse(what), b = parse(in);
    struct ent_place_range range;
    uint8_t place[ENT_PLACE_MAX];
    size_t n = ent_observable_place(place, &a);
    assert_true(ent_observable_range(&range, &b));
    struct ent_slice p = ent_slice(place, n);
    return n > 0 && ent_slice_cmp(p, ent_slice(range.lo, range.lo_n)) >= 0 &&
           ent_slice_cmp(p, ent_slice(range.hi, range.hi_n)) < 0;
}

static void test_ranges(void **state)
{
    struct ent_place_range range;
    uint8_t place[ENT_PLACE_MAX];
    struct ent_observable hash = parse("d41d8cd98f00b204e9800998ecf8427e");
    struct ent_observable url = parse("http://evil.com/");
    (void)state;
    assert_true(lies_in("10.0.0.0", "10.0.0.0/8"));
    assert_true(lies_in("10.255.255.255", "10.0.0.0/8"));
    assert_true(lies_in("10.0.0.0/8", "10.0.0.0/8"));
    assert_true(lies_in("10.1.0.0/16", "10.0.0.0/8"));
    assert_true(lies_in("10.1.2.3:80", "10.0.0.0/8"));
    assert_true(lies_in("http://10.1.2.3/x", "10.0.0.0/8"));
    assert_true(lies_in("10.1.2.3", "10.1.2.3"));
    assert_true(lies_in("255.255.255.255", "0.0.0.0/0"));
    assert_true(lies_in("evil.com", "evil.com"));
    assert_true(lies_in("a.b.evil.com", "evil.com"));
    assert_true(lies_in("http://www.evil.com/x", "evil.com"));
    assert_true(lies_in("http://www.evil.com/x*", "evil.com"));
    assert_true(lies_in("bob@evil.com", "evil.com"));
    assert_false(lies_in("10.0.0.0/7", "10.0.0.0/8"));
    assert_false(lies_in("11.0.0.0", "10.0.0.0/8"));
    assert_false(lies_in("9.255.255.255", "10.0.0.0/8"));
    assert_false(lies_in("2001:db8::1", "0.0.0.0/0"));
    assert_false(lies_in("notevil.com", "evil.com"));
    assert_false(lies_in("evil.com.au", "evil.com"));
    assert_false(lies_in("evil-x.com", "evil.com"));
    assert_false(lies_in("com.evil", "evil.com"));
    assert_int_equal(ent_observable_place(place, &hash), 0);
    assert_false(ent_observable_range(&range, &hash));
    assert_false(ent_observable_range(&range, &url));
}

/* --- the store ----------------------------------------------------------------------------------
 */

static void put_as(struct ent_store *s, const char *text, const char *source, const char *id,
                   int confidence)
{
    struct ent_indicator ind = {.obs = parse(text),
                                .tlp = ENT_TLP_GREEN,
                                .confidence = confidence,
                                .valid_from = NOW - 100,
                                .valid_until = NOW + 100,
                                .id = ent_slice_str(id),
                                .kind = ENT_SLICE_LIT("C2"),
                                .text = ENT_SLICE_LIT("says it")};
    enum ent_put put;
    assert_ok(ent_store_put(s, &put, &ind, ent_slice_str(source), NOW));
}

static struct ent_store *store_of(const char *const *texts)
{
    struct ent_store *s;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_ok(ent_store_begin(s));
    for (; *texts != NULL; texts++)
        put_as(s, *texts, "one", "", 50);
    assert_ok(ent_store_commit(s));
    return s;
}

struct told {
    char text[8192];
    size_t n, rows, stop_at;
};

static enum ent_err say(struct told *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    t->n += (size_t)vsnprintf(t->text + t->n, sizeof(t->text) - t->n, fmt, ap);
    va_end(ap);
    assert_true(t->n < sizeof(t->text));
    return ++t->rows == t->stop_at ? ENT_E_INTERRUPTED : ENT_OK;
}

static enum ent_err tell_row(void *ctx, uint64_t id, const struct ent_observable *o)
{
    assert_true(id > 0);
    return say(ctx, "%s ", o->text);
}

static enum ent_err tell_claim(void *ctx, const struct ent_claim *c)
{
    return say(ctx, "%.*s/%.*s=%d:%d ", (int)c->source.n, (const char *)c->source.p,
               (int)c->ext_id.n, (const char *)c->ext_id.p, c->confidence,
               (int)ent_claim_state(c, NOW));
}

static enum ent_err tell_text(void *ctx, struct ent_slice s)
{
    return say(ctx, "%.*s;", (int)s.n, (const char *)s.p);
}

static enum ent_err tell_obs(void *ctx, const struct ent_claim *c)
{
    return say(ctx, "%s ", c->obs.text);
}

static const char *inside(struct ent_store *s, const char *in)
{
    static struct told t;
    struct ent_observable o = parse(in);
    t = (struct told){.n = 0};
    assert_ok(ent_store_inside(s, &o, tell_row, &t));
    return t.text;
}

static const char *starting(struct ent_store *s, enum ent_obs_type type, const char *start)
{
    static struct told t;
    t = (struct told){.n = 0};
    assert_ok(ent_store_starting(s, type, ent_slice_str(start), tell_row, &t));
    return t.text;
}

static void test_find(void **state)
{
    static const char *const texts[] = {"10.0.0.9",
                                        "10.0.0.0/8",
                                        "10.0.0.9:80",
                                        "9.9.9.9",
                                        "2001:db8::9",
                                        "2001:db8::/32",
                                        "2001:db8:0:1::5",
                                        "evil.com",
                                        "a.evil.com",
                                        "evil.com.au",
                                        "http://b.evil.com/x",
                                        "bob@evil.com",
                                        "notevil.com",
                                        "d41d8cd98f00b204e9800998ecf8427e",
                                        NULL};
    struct ent_store *s = store_of(texts);
    struct ent_observable o = parse("evil.com"), unknown = parse("x.org");
    struct ent_observable deep = parse("http://10.0.0.9/");
    struct told t = {.n = 0};
    uint64_t id;
    (void)state;
    assert_ok(ent_store_find(s, &id, &o));
    assert_err(ent_store_find(s, &id, &unknown), ENT_E_NOTFOUND);
    assert_string_equal(inside(s, "10.0.0.0/8"), "10.0.0.0/8 10.0.0.9 10.0.0.9:80 ");
    assert_string_equal(inside(s, "10.0.0.0/9"), "10.0.0.9 10.0.0.9:80 ");
    assert_string_equal(inside(s, "2001:db8::/48"), "2001:db8::9 2001:db8:0:1::5 ");
    assert_string_equal(inside(s, "2001:db8:0:1::/64"), "2001:db8:0:1::5 ");
    assert_string_equal(inside(s, "evil.com"),
                        "evil.com bob@evil.com a.evil.com http://b.evil.com/x ");
    assert_string_equal(inside(s, "11.0.0.0/8"), "");
    assert_err(ent_store_inside(s, &deep, tell_row, &t), ENT_E_FORMAT);
    assert_string_equal(starting(s, ENT_OBS_DOMAIN, "evil"), "evil.com evil.com.au ");
    assert_string_equal(starting(s, ENT_OBS_MD5, "d41d"), "d41d8cd98f00b204e9800998ecf8427e ");
    assert_string_equal(starting(s, ENT_OBS_IPV4, "10.0.0.10"), "");
    assert_string_equal(starting(s, ENT_OBS_EMAIL, ""), "bob@evil.com ");
    assert_ok(ent_store_around(s, &deep, tell_row, &t));
    assert_string_equal(t.text, "10.0.0.9 10.0.0.0/8 ");
    t = (struct told){.stop_at = 1}; /* a callback's error ends it */
    assert_err(ent_store_around(s, &deep, tell_row, &t), ENT_E_INTERRUPTED);
    t = (struct told){.stop_at = 2};
    o = parse("0.0.0.0/0");
    assert_err(ent_store_inside(s, &o, tell_row, &t), ENT_E_INTERRUPTED);
    assert_string_equal(inside(s, "9.0.0.0/8"), "9.9.9.9 "); /* and the next is whole */
    ent_store_close(s);
}

/* Random networks in a small space, so that many meet: what the index finds is what comparing every
 * one with every other finds, also when they come in several transactions. */
static void test_inside_random(void **state)
{
    struct ent_store *s;
    char text[2][300][64];
    struct told t;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    for (unsigned v6 = 0; v6 < 2; v6++)
        for (unsigned i = 0; i < 300; i++) {
            unsigned bits = (unsigned)ent_t_below(v6 ? 17 : 9), host = (unsigned)ent_t_below(256);
            (void)snprintf(text[v6][i], sizeof(text[v6][i]),
                           v6 ? "2001:%x:0:%x::/%u" : "44.55.%u.%u/%u", host % 16, host,
                           v6 ? 112 + bits : 24 + bits);
            struct ent_observable o = parse(text[v6][i]);
            (void)snprintf(text[v6][i], sizeof(text[v6][i]), "%.60s", o.text);
            assert_ok(ent_store_begin(s));
            put_as(s, o.text, "one", "", 50);
            assert_ok(ent_store_commit(s));
        }
    for (unsigned v6 = 0; v6 < 2; v6++)
        for (unsigned i = 0; i < 300; i++) {
            struct ent_observable outer = parse(text[v6][i]);
            char all[sizeof(t.text) + 2], want[80];
            t = (struct told){.n = 0};
            assert_ok(ent_store_inside(s, &outer, tell_row, &t));
            (void)snprintf(all, sizeof(all), " %s", t.text);
            for (unsigned k = 0; k < 40; k++) {
                /* Naively: something is inside if it widens to the other. */
                struct ent_observable one = parse(text[v6][ent_t_below(300)]), up = one;
                bool in;
                do
                    in = up.type == outer.type && strcmp(up.text, outer.text) == 0;
                while (!in && ent_observable_widen(&up));
                (void)snprintf(want, sizeof(want), " %.70s ", one.text);
                assert_int_equal(strstr(all, want) != NULL, in);
            }
        }
    ent_store_close(s);
}

/* --- claims, decisions, tags --------------------------------------------------------------------
 */

static const char *claims(struct ent_store *s, uint64_t id)
{
    static struct told t;
    t = (struct told){.n = 0};
    assert_ok(ent_store_claims_of(s, id, tell_claim, &t));
    return t.text;
}

static uint64_t one_with_claims(struct ent_store *s)
{
    struct ent_observable o = parse("evil.com");
    uint64_t id = 0;
    assert_ok(ent_store_begin(s));
    put_as(s, "evil.com", "one", "", 50);
    put_as(s, "evil.com", "two", "x--1", 90);
    put_as(s, "evil.com", "two", "x--2", -1);
    assert_ok(ent_store_revoke(s, ENT_SLICE_LIT("two"), ENT_SLICE_LIT("x--2")));
    assert_ok(ent_store_commit(s));
    assert_ok(ent_store_find(s, &id, &o));
    return id;
}

static enum ent_err decide(struct ent_store *s, uint64_t id, const char *source, int64_t until)
{
    assert_ok(ent_store_begin(s));
    enum ent_err r = ent_store_decide(s, id, ent_slice_str(source), until, NOW);
    assert_ok(ent_store_commit(s));
    return r;
}

static enum ent_err undecide(struct ent_store *s, uint64_t id, const char *source)
{
    assert_ok(ent_store_begin(s));
    enum ent_err r = ent_store_undecide(s, id, ent_slice_str(source));
    assert_ok(ent_store_commit(s));
    return r;
}

static unsigned counted(struct ent_store *s, uint64_t id, int64_t at)
{
    struct ent_known k;
    enum ent_err r = ent_store_get(s, &k, id, at);
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    unsigned n = r == ENT_OK ? k.claims : 0;
    ent_store_rest(s);
    return n;
}

static unsigned compiled(struct ent_store *s, int64_t at)
{
    struct told t = {.n = 0};
    assert_ok(ent_store_compile(s, at, tell_row, &t));
    return (unsigned)t.rows;
}

static bool mark_moved(struct ent_store *s)
{
    static struct ent_mark16 last;
    struct ent_mark16 now;
    assert_ok(ent_store_mark(s, &now));
    bool moved = memcmp(now.b, last.b, sizeof(now.b)) != 0;
    last = now;
    return moved;
}

static void test_decisions(void **state)
{
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    uint64_t id = one_with_claims(s);
    assert_string_equal(claims(s, id), "two/x--1=90:0 one/=50:0 two/x--2=-1:5 ");
    assert_string_equal(claims(s, id + 1), "");
    assert_int_equal(counted(s, id, NOW), 2);
    (void)mark_moved(s);
    assert_ok(decide(s, id, "two", 0)); /* revoked: not even at any time */
    assert_true(mark_moved(s));
    assert_string_equal(claims(s, id), "two/x--1=90:4 one/=50:0 two/x--2=-1:5 ");
    assert_int_equal(counted(s, id, NOW), 1);
    assert_int_equal(counted(s, id, 0), 1);
    assert_ok(decide(s, id, "", NOW + 5)); /* both, from then on; it takes the other's place */
    assert_int_equal(counted(s, id, NOW + 4), 2);
    assert_int_equal(counted(s, id, NOW + 5), 0);
    assert_int_equal(counted(s, id, 0), 2);
    assert_int_equal(compiled(s, NOW + 4), 1);
    assert_int_equal(compiled(s, NOW + 5), 0);
    assert_ok(ent_store_begin(s)); /* said again: still decided; by another: counts */
    put_as(s, "evil.com", "one", "", 50);
    put_as(s, "evil.com", "three", "", 50);
    assert_ok(ent_store_commit(s));
    assert_int_equal(counted(s, id, NOW + 5), 1);
    assert_ok(undecide(s, id, "one"));
    assert_int_equal(counted(s, id, NOW + 5), 2);
    (void)mark_moved(s);
    assert_ok(undecide(s, id, ""));
    assert_true(mark_moved(s));
    assert_string_equal(claims(s, id), "two/x--1=90:0 one/=50:0 three/=50:0 two/x--2=-1:5 ");
    assert_err(undecide(s, id, ""), ENT_E_NOTFOUND);
    assert_err(decide(s, id, "four", 0), ENT_E_NOTFOUND);
    assert_err(decide(s, id + 1, "", 0), ENT_E_NOTFOUND);
    assert_false(mark_moved(s)); /* nothing changed */
    ent_store_close(s);
}

static enum ent_err tag(struct ent_store *s, uint64_t id, struct ent_slice name)
{
    assert_ok(ent_store_begin(s));
    enum ent_err r = ent_store_tag(s, id, name, NOW);
    assert_ok(ent_store_commit(s));
    return r;
}

static void test_tags(void **state)
{
    struct ent_store *s;
    struct told t = {.n = 0};
    char longest[ENT_TAG_MAX + 1];
    static const char *const bad[] = {"", " a", "a ", "a\nb", "\x1b[31m", "\xFF", "a\xE2\x80\xAE"};
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    uint64_t id = one_with_claims(s);
    memset(longest, 'x', sizeof(longest));
    assert_ok(tag(s, id, ENT_SLICE_LIT("misp-galaxy:threat-actor=\"Sofacy\"")));
    assert_ok(tag(s, id, ENT_SLICE_LIT("b\xC3\xB6se")));
    assert_ok(tag(s, id, ENT_SLICE_LIT("b\xC3\xB6se"))); /* fine twice */
    assert_ok(ent_store_tags(s, id, tell_text, &t));
    assert_string_equal(t.text, "b\xC3\xB6se;misp-galaxy:threat-actor=\"Sofacy\";");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(tag(s, id, ent_slice_str(bad[i])), ENT_E_FORMAT);
    assert_err(tag(s, id, ent_slice(longest, sizeof(longest))), ENT_E_FORMAT);
    assert_ok(tag(s, id, ent_slice(longest, ENT_TAG_MAX)));
    assert_err(ent_store_untag(s, id, ENT_SLICE_LIT("nope")), ENT_E_NOTFOUND);
    assert_ok(ent_store_untag(s, id, ent_slice(longest, ENT_TAG_MAX)));
    assert_ok(ent_store_untag(s, id, ENT_SLICE_LIT("b\xC3\xB6se")));
    t = (struct told){.n = 0};
    assert_ok(ent_store_tags(s, id, tell_text, &t));
    assert_int_equal(t.rows, 1);
    ent_store_close(s);
}

static const char *listed(struct ent_store *s, struct ent_claim_filter f)
{
    static struct told t;
    t = (struct told){.n = 0};
    assert_ok(ent_store_claims(s, &f, tell_obs, &t));
    return t.text;
}

static void test_list(void **state)
{
    static const char *const texts[] = {"a.com", "10.0.0.1", "b.com", NULL};
    struct ent_store *s = store_of(texts);
    struct told t = {.stop_at = 2};
    struct ent_claim_filter all = {.types = 0};
    (void)state;
    assert_ok(ent_store_begin(s));
    put_as(s, "a.com", "two", "", 80);
    assert_ok(ent_store_commit(s));
    assert_ok(tag(s, 1, ENT_SLICE_LIT("apt")));
    assert_string_equal(listed(s, all), "b.com 10.0.0.1 a.com a.com ");
    assert_string_equal(listed(s, (struct ent_claim_filter){.types = ENT_OBS_BIT(ENT_OBS_IPV4)}),
                        "10.0.0.1 ");
    assert_string_equal(listed(s, (struct ent_claim_filter){.min_confidence = 51}), "a.com ");
    assert_string_equal(listed(s, (struct ent_claim_filter){.source = ENT_SLICE_LIT("two")}),
                        "a.com ");
    assert_string_equal(listed(s, (struct ent_claim_filter){.source = ENT_SLICE_LIT("no")}), "");
    assert_string_equal(listed(s, (struct ent_claim_filter){.tag = ENT_SLICE_LIT("apt")}),
                        "a.com a.com ");
    assert_string_equal(listed(s, (struct ent_claim_filter){.tag = ENT_SLICE_LIT("ap")}), "");
    assert_string_equal(listed(s, (struct ent_claim_filter){.max_tlp = ENT_TLP_CLEAR}), "");
    assert_string_equal(listed(s, (struct ent_claim_filter){.since = NOW + 1}), "");
    assert_err(ent_store_claims(s, &all, tell_claim, &t), ENT_E_INTERRUPTED);
    ent_store_close(s);
}

/* A store of the version before gets its places when it is opened. */
static void test_older_store(void **state)
{
    char path[4096];
    struct ent_store *s;
    sqlite3 *db;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/store.db", ent_t_tmpdir());
    assert_ok(ent_store_open(&s, NULL, path));
    (void)one_with_claims(s);
    ent_store_close(s);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "DROP TABLE place; DROP TABLE decision; DROP TABLE tag; DELETE FROM fact WHERE"
                     " key = 'indicators/placed'; PRAGMA user_version = 2",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_ok(ent_store_open(&s, NULL, path));
    assert_string_equal(inside(s, "evil.com"), "evil.com ");
    assert_ok(ent_store_begin(s));
    put_as(s, "www.evil.com", "one", "", 1);
    assert_ok(ent_store_commit(s));
    assert_string_equal(inside(s, "evil.com"), "evil.com www.evil.com ");
    ent_store_close(s);
}

/* --- decay --------------------------------------------------------------------------------------
 */

static void test_decay(void **state)
{
    const struct ent_decay even = {1000, 100}, fast = {1000, 230}, slow = {1000, 50};
    const struct ent_decay never = {0, 230};
    (void)state;
    assert_int_equal(ent_decay(&even, 80, 0), 80);
    assert_int_equal(ent_decay(&even, 80, 250), 60);
    assert_int_equal(ent_decay(&fast, 100, 500), 26); /* 1 - 0.5^(1/2.3) */
    assert_int_equal(ent_decay(&slow, 100, 500), 75); /* 1 - 0.5^2 */
    assert_int_equal(ent_decay(&even, 80, 999), 0);
    assert_int_equal(ent_decay(&even, 80, 1000), 0);
    assert_int_equal(ent_decay(&even, 80, INT64_MAX), 0);
    assert_int_equal(ent_decay(&even, 80, -5), 80); /* valid from tomorrow */
    assert_int_equal(ent_decay(&even, -1, 500), -1);
    assert_int_equal(ent_decay(&even, 0, 500), 0);
    assert_int_equal(ent_decay(&never, 80, INT64_MAX), 80);
    for (int64_t age = 0, last = 100; age <= 1000; age++) {
        int now = ent_decay(&fast, 100, age);
        assert_true(now >= 0 && now <= last);
        last = now;
    }
}

/* --- lint ---------------------------------------------------------------------------------------
 */

static void lint_one(struct ent_lint *l, const char *value, const char *text, int64_t from,
                     int64_t until)
{
    const struct ent_indicator ind = {.obs = parse(value),
                                      .confidence = from == 0 ? -1 : 50,
                                      .valid_from = from,
                                      .valid_until = until,
                                      .text = ent_slice_str(text)};
    assert_ok(ent_lint_add(l, &ind, NOW, false));
}

static void test_lint(void **state)
{
    static const char *const none[] = {NULL};
    struct ent_store *s = store_of(none);
    struct ent_lint *l;
    char longest[400];
    (void)state;
    assert_ok(ent_lint_new(&l, s));
    assert_false(ent_lint_is_odd(ent_lint_report(l))); /* of nothing */
    lint_one(l, "9.9.9.9", "", 1, 0);
    lint_one(l, "20.0.0.0/16", "", 1, NOW + 1);
    lint_one(l, "2600::/32", "", 1, 0);
    lint_one(l, "evil.com", "one", 1, 0);
    lint_one(l, "a.co.uk", "two", 1, 0);
    assert_false(ent_lint_is_odd(ent_lint_report(l)));
    lint_one(l, "20.0.0.0/15", "", 0, NOW);
    lint_one(l, "2600::/31", "", 1, 0);
    lint_one(l, "co.uk", "", 1, 0);
    lint_one(l, "http://10.0.0.1/", "", 1, 0);
    memset(longest, 'x', sizeof(longest)); /* cut between characters */
    memcpy(longest + ENT_LINT_TEXT - 2, "\xC3\xA4", 2);
    longest[sizeof(longest) - 1] = '\0';
    lint_one(l, "evil.org", longest, 1, 0);
    lint_one(l, "evil.net", longest, 1, 0);
    const struct ent_lint_report *r = ent_lint_report(l);
    assert_true(ent_lint_is_odd(r));
    assert_int_equal(r->claims, 11);
    assert_int_equal(r->undated, 1);
    assert_int_equal(r->unsure, 1);
    assert_int_equal(r->stale, 1);
    assert_int_equal(r->wide, 2);
    assert_int_equal(r->suffixes, 1);
    assert_int_equal(r->not_public, 1);
    assert_int_equal(r->same, 2);
    assert_int_equal(strlen(r->text), ENT_LINT_TEXT - 2);
    assert_true(ent_utf8_valid(ent_slice_str(r->text), NULL));
    ent_lint_free(l);
    ent_store_close(s);
}

/* More texts than are counted, and one that is in a fifth of the rows. */
static void test_lint_many_texts(void **state)
{
    static const char *const none[] = {NULL};
    struct ent_store *s = store_of(none);
    struct ent_lint *l;
    char text[32];
    (void)state;
    assert_ok(ent_lint_new(&l, s));
    for (unsigned i = 0; i < 20000; i++) {
        (void)snprintf(text, sizeof(text), "text %u", i % 5 == 0 ? 0 : i);
        lint_one(l, "9.9.9.9", text, 1, 0);
    }
    assert_int_equal(ent_lint_report(l)->same, 4000);
    assert_string_equal(ent_lint_report(l)->text, "text 0");
    /* Nor does it help to hide a sentence behind all that can be counted. */
    ent_lint_clear(l);
    assert_int_equal(ent_lint_report(l)->claims, 0);
    for (unsigned i = 0; i < 50000; i++) {
        (void)snprintf(text, sizeof(text), "text %u", i < 20000 ? i + 1 : 0);
        lint_one(l, "9.9.9.9", text, 1, 0);
    }
    assert_in_range(ent_lint_report(l)->same, 30000 - 50000 / 4096, 30000);
    assert_string_equal(ent_lint_report(l)->text, "text 0");
    ent_lint_free(l);
    ent_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widen),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_inside_random),
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_older_store),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_lint),
        cmocka_unit_test(test_lint_many_texts),
    };
    return ent_t_run("know", tests);
}
