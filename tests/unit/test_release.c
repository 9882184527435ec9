/* test_release.c: when a source is held, who overrides it and for how long, and that nothing of a
 * held source passes a door, against a naive model. */
#include "tests/support/t.h"

#include "node/node.h"

#include <sqlite3.h>

#define NOW 1534723200

static const struct ent_slice all = {NULL, 0};

/* --- the table ----------------------------------------------------------------------------------
 */

static uint32_t found(enum ent_odd odd, uint64_t n, uint64_t claims)
{
    struct ent_odds o = {.claims = claims};
    o.n[odd] = n;
    return ent_odds_found(&o);
}

static void put_version(struct ent_store *s, const char *source, const char *version,
                        const char *names)
{
    const struct ent_stix_object o = {
        .id = ENT_SLICE_LIT("indicator--y"),
        .version = ent_slice_str(version),
        .gist = {.said32 = {(uint8_t)version[3]}, .names = ent_slice_str(names)},
        .tlp = ENT_TLP_GREEN,
        .bytes = ent_slice_str(version)};
    enum ent_object_put put;
    bool elsewhere;
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_object_put(s, &put, &elsewhere, &o, ent_slice_str(source), NOW));
    assert_ok(ent_store_commit(s));
}

static void test_borders(void **state)
{
    static const struct {
        enum ent_odd odd;
        uint64_t percent, least;
    } table[] = {{ENT_ODD_WARNED, 5, 3}, {ENT_ODD_SAME, 50, 20},     {ENT_ODD_WIDE, 0, 1},
                 {ENT_ODD_SUFFIX, 0, 1}, {ENT_ODD_NOT_PUBLIC, 5, 3}, {ENT_ODD_STALE, 50, 3}};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        enum ent_odd odd = table[i].odd;
        uint64_t at = 10 * table[i].percent; /* of a thousand */
        assert_int_equal(found(odd, at, 1000), 0);
        assert_int_equal(found(odd, at + 1, 1000), 1u << odd);
        assert_int_equal(found(odd, table[i].least - 1, table[i].least - 1), 0);
        assert_int_equal(found(odd, table[i].least, table[i].least), 1u << odd);
        assert_int_equal(found(odd, 0, 0), 0);
    }
    assert_int_equal(found(ENT_ODD_WIDE, 1, UINT64_C(1) << 40), 1u << ENT_ODD_WIDE);
    /* GRIZZLY STEPPE, and one odd row of three */
    assert_int_equal(found(ENT_ODD_SAME, 629, 915), 1u << ENT_ODD_SAME);
    assert_int_equal(found(ENT_ODD_WARNED, 1, 3), 0);
}

static uint32_t holding(enum ent_odd odd, uint64_t n, uint64_t claims, uint64_t then_n,
                        uint64_t then_claims)
{
    struct ent_odds o = {.claims = claims}, then = {.claims = then_claims};
    o.n[odd] = n;
    then.n[odd] = then_n;
    return ent_odds_holding(&o, &then);
}

/* What was overridden holds no more, until it has more than doubled: by share, or by number. */
static void test_overridden(void **state)
{
    const uint32_t warned = 1u << ENT_ODD_WARNED, wide = 1u << ENT_ODD_WIDE;
    (void)state;
    assert_int_equal(holding(ENT_ODD_WARNED, 100, 1000, 100, 1000), 0);
    assert_int_equal(holding(ENT_ODD_WARNED, 200, 1000, 100, 1000), 0);
    assert_int_equal(holding(ENT_ODD_WARNED, 201, 1000, 100, 1000), warned);
    assert_int_equal(holding(ENT_ODD_WARNED, 20000, 100000, 100, 1000), 0);
    assert_int_equal(holding(ENT_ODD_WARNED, 10, 1000, 100, 1000), 0);
    /* nobody has seen it: it was below the border then */
    assert_int_equal(holding(ENT_ODD_WARNED, 51, 1000, 50, 1000), warned);
    assert_int_equal(holding(ENT_ODD_SAME, 1000, 1000, 501, 1000), 0);
    assert_int_equal(holding(ENT_ODD_WIDE, 4, 1000, 2, 1000), 0);
    assert_int_equal(holding(ENT_ODD_WIDE, 5, 1000, 2, 1000), wide);
    assert_int_equal(holding(ENT_ODD_WIDE, 5, 1000000, 2, 10), wide);
    assert_int_equal(holding(ENT_ODD_WIDE, 1, 10, 0, 10), wide);
    struct ent_odds then = {.claims = 1000, .n = {[ENT_ODD_WARNED] = 100}};
    struct ent_odds now = {.claims = 1000, .n = {[ENT_ODD_WARNED] = 100, [ENT_ODD_SUFFIX] = 1}};
    assert_int_equal(ent_odds_holding(&now, &then), 1u << ENT_ODD_SUFFIX);
}

/* Numbers that no list has come from a file that was changed: they hold, and nothing overflows. */
static void test_absurd_numbers(void **state)
{
    static const uint64_t absurd[] = {(UINT64_C(1) << 40) + 1, INT64_MAX, UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(found(ENT_ODD_WARNED, absurd[i], 1), 1u << ENT_ODD_WARNED);
        assert_int_equal(found(ENT_ODD_WARNED, 3, absurd[i]), 1u << ENT_ODD_WARNED);
        assert_int_equal(holding(ENT_ODD_WARNED, 900, 1000, 900, absurd[i]), 1u << ENT_ODD_WARNED);
        assert_int_equal(holding(ENT_ODD_WIDE, 1, 1000, absurd[i], 1), 1u << ENT_ODD_WIDE);
    }
}

/* --- judging ------------------------------------------------------------------------------------
 */

static struct ent_store *new_store(void)
{
    struct ent_store *s;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    return s;
}

static void put_in(struct ent_store *s, const char *source, const char *value, const char *id)
{
    struct ent_indicator ind = {
        .tlp = ENT_TLP_GREEN, .confidence = 50, .id = ent_slice_str(id), .valid_from = NOW};
    enum ent_put how;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(value)));
    assert_ok(ent_store_put(s, &how, &ind, ent_slice_str(source), NOW));
}

static void put(struct ent_store *s, const char *source, const char *value, const char *id)
{
    assert_ok(ent_store_begin(s));
    put_in(s, source, value, id);
    assert_ok(ent_store_commit(s));
}

/* n public addresses. */
static void fill(struct ent_store *s, const char *source, unsigned n)
{
    assert_ok(ent_store_begin(s));
    for (unsigned i = 0; i < n; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "20.1.%u.%u", i / 250, i % 250);
        put_in(s, source, text, "");
    }
    assert_ok(ent_store_commit(s));
}

static void warn(struct ent_store *s, const char *value)
{
    struct ent_warning w = {.name = "list", .type = ENT_WARNING_CIDR, .types = ENT_OBS_ALL};
    struct ent_observable o;
    uint64_t id;
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(value)));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_warning_new(s, &id));
    assert_ok(ent_store_warning_put(s, id, &o));
    assert_ok(ent_store_warning_end(s, id, &w, NOW));
    assert_ok(ent_store_commit(s));
}

static struct ent_source_state kept;
static char by[64], reason[64];

static enum ent_err keep(void *ctx, const struct ent_source_state *x)
{
    kept = *x;
    (void)snprintf(by, sizeof(by), "%.*s", (int)x->by.n, (const char *)x->by.p);
    (void)snprintf(reason, sizeof(reason), "%.*s", (int)x->reason.n, (const char *)x->reason.p);
    *(unsigned *)ctx += 1;
    return ENT_OK;
}

/* "unjudged", "held", "free" or "released". */
static const char *state_of(struct ent_store *s, const char *source)
{
    unsigned n = 0;
    assert_ok(ent_store_source_states(s, ent_slice_str(source), keep, &n));
    if (n != 1)
        return "unknown";
    if (!kept.judged) {
        assert_true(kept.held);
        return "unjudged";
    }
    return kept.held ? "held" : kept.released ? "released" : "free";
}

static const char *judged(struct ent_store *s, const char *source)
{
    assert_ok(ent_release_judge(s, all, NULL));
    return state_of(s, source);
}

static enum ent_err count(void *ctx, const struct ent_known *k)
{
    (void)k;
    *(unsigned *)ctx += 1;
    return ENT_OK;
}

/* How many observables pass a door for GREEN. */
static unsigned passing(struct ent_store *s)
{
    const struct ent_known_filter f = {.max_tlp = ENT_TLP_GREEN};
    unsigned n = 0;
    assert_ok(ent_store_each(s, &f, count, &n));
    return n;
}

static void test_judge(void **state)
{
    struct ent_store *s = new_store();
    (void)state;
    assert_ok(ent_release_judge(s, all, NULL)); /* of nothing */
    assert_err(ent_release_judge(s, ENT_SLICE_LIT("nobody"), NULL), ENT_E_NOTFOUND);
    fill(s, "good", 60);
    fill(s, "bad", 50);
    put(s, "bad", "20.0.0.0/15", "");
    assert_string_equal(state_of(s, "good"), "unjudged");
    assert_int_equal(passing(s), 0); /* nothing was judged: nothing leaves */
    assert_ok(ent_release_judge(s, ENT_SLICE_LIT("good"), NULL));
    assert_string_equal(state_of(s, "good"), "free");
    assert_string_equal(state_of(s, "bad"), "unjudged");
    assert_int_equal(passing(s), 60);
    assert_string_equal(judged(s, "bad"), "held");
    assert_int_equal(kept.odds.claims, 51);
    assert_int_equal(kept.odds.n[ENT_ODD_WIDE], 1);
    assert_int_equal(passing(s), 60); /* 50 of bad's are said by good as well */
    atomic_bool stop = true;
    put(s, "good", "20.2.0.1", "");
    assert_err(ent_release_judge(s, all, &stop), ENT_E_INTERRUPTED);
    assert_string_equal(state_of(s, "good"), "unjudged");
    ent_store_close(s);
}

/* A source without a name cannot be spoken of; it stands in nobody's way, and is held. */
static void test_no_name(void **state)
{
    struct ent_store *s = new_store();
    (void)state;
    fill(s, "", 10);
    put(s, "good", "20.9.0.1", "");
    assert_string_equal(judged(s, "good"), "free");
    assert_int_equal(passing(s), 1);
    assert_err(ent_release(s, NULL, all, ENT_SLICE_LIT("a"), ENT_SLICE_LIT("b"), NULL),
               ENT_E_NOTFOUND);
    ent_store_close(s);
}

/* Whatever a judgement rests on ends it when it changes; what it does not rest on leaves it. */
static void test_what_ends_a_judgement(void **state)
{
    struct ent_store *s = new_store();
    uint64_t id;
    struct ent_observable o;
    (void)state;
    put(s, "a", "20.1.0.1", "x");
    put(s, "b", "20.1.0.2", "");
    assert_string_equal(judged(s, "a"), "free");
    put(s, "b", "20.1.0.3", "");
    assert_string_equal(state_of(s, "a"), "free");
    assert_string_equal(state_of(s, "b"), "unjudged");
    assert_int_equal(passing(s), 1); /* free was what it said before */
    assert_string_equal(judged(s, "b"), "free");
    assert_int_equal(passing(s), 3);
    put(s, "b", "20.1.0.3", ""); /* renewed: its text may be another */
    assert_string_equal(state_of(s, "b"), "unjudged");
    assert_string_equal(judged(s, "a"), "free");
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_revoke(s, ENT_SLICE_LIT("a"), ENT_SLICE_LIT("x")));
    assert_ok(ent_store_commit(s));
    assert_string_equal(state_of(s, "a"), "unjudged");
    assert_string_equal(judged(s, "a"), "free");
    assert_int_equal(kept.odds.claims, 0); /* it says nothing any more */
    put(s, "c", "20.1.0.4", "indicator--y");
    put_version(s, "c", "2018", "ipv4:20.1.0.4\n");
    assert_string_equal(judged(s, "c"), "free");
    put_version(s, "c", "2019", ""); /* which ends the claim of the one before */
    assert_string_equal(state_of(s, "c"), "unjudged");
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("20.1.0.2")));
    assert_ok(ent_store_find(s, &id, &o));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_decide(s, id, ENT_SLICE_LIT("b"), 0, NOW));
    assert_ok(ent_store_commit(s));
    assert_string_equal(state_of(s, "b"), "unjudged");
    assert_string_equal(judged(s, "b"), "free");
    assert_int_equal(kept.odds.claims, 1);
    assert_string_equal(state_of(s, "a"), "free");
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_undecide(s, id, ENT_SLICE_LIT("b")));
    assert_ok(ent_store_commit(s));
    assert_string_equal(state_of(s, "b"), "unjudged");
    assert_string_equal(judged(s, "b"), "free");
    warn(s, "20.1.0.0/16");
    assert_string_equal(state_of(s, "a"), "unjudged");
    assert_string_equal(judged(s, "b"), "free"); /* two are too few */
    assert_int_equal(kept.odds.n[ENT_ODD_WARNED], 2);
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_warning_remove(s, ENT_SLICE_LIT("list")));
    assert_ok(ent_store_commit(s));
    assert_string_equal(state_of(s, "b"), "unjudged");
    assert_string_equal(judged(s, "b"), "free");
    assert_ok(ent_store_begin(s)); /* what is rolled back has not changed anything */
    put_in(s, "a", "20.1.0.9", "");
    ent_store_rollback(s);
    assert_string_equal(state_of(s, "a"), "free");
    assert_ok(ent_store_begin(s)); /* also when the same source is put again later */
    put_in(s, "a", "20.1.0.9", "");
    assert_ok(ent_store_judge(s, ENT_SLICE_LIT("a"), &kept.odds, false));
    put_in(s, "a", "0.0.0.0/0", "");
    assert_ok(ent_store_commit(s));
    assert_string_equal(state_of(s, "a"), "unjudged");
    assert_string_equal(judged(s, "a"), "held");
    ent_store_close(s);
}

/* The ways out other than a release: a revocation of what is odd, by its author or here. */
static void test_taken_back(void **state)
{
    struct ent_store *s = new_store();
    struct ent_observable o;
    uint64_t id;
    (void)state;
    fill(s, "a", 5);
    put(s, "a", "0.0.0.0/0", "x");
    put(s, "a", "github.io", "");
    assert_string_equal(judged(s, "a"), "held");
    assert_int_equal(ent_odds_found(&kept.odds), 1u << ENT_ODD_WIDE | 1u << ENT_ODD_SUFFIX);
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_revoke(s, ENT_SLICE_LIT("a"), ENT_SLICE_LIT("x")));
    assert_ok(ent_store_commit(s));
    assert_string_equal(judged(s, "a"), "held");
    assert_int_equal(ent_odds_found(&kept.odds), 1u << ENT_ODD_SUFFIX);
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("github.io")));
    assert_ok(ent_store_find(s, &id, &o));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_decide(s, id, ENT_SLICE_LIT("a"), 0, NOW));
    assert_ok(ent_store_commit(s));
    assert_string_equal(judged(s, "a"), "free");
    assert_int_equal(passing(s), 5);
    ent_store_close(s);
}

/* --- releasing ----------------------------------------------------------------------------------
 */

static enum ent_err release(struct ent_store *s, struct ent_diag *d, const char *source,
                            const char *who, const char *why)
{
    return ent_release(s, d, ent_slice_str(source), ent_slice_str(who), ent_slice_str(why), NULL);
}

static void test_release(void **state)
{
    struct ent_store *s = new_store();
    struct ent_diag d = {0};
    (void)state;
    fill(s, "a", 30);
    fill(s, "b", 10);
    warn(s, "20.1.0.0/29");
    assert_string_equal(judged(s, "a"), "held");
    assert_int_equal(kept.odds.n[ENT_ODD_WARNED], 8);
    assert_int_equal(passing(s), 0);
    assert_ok(release(s, &d, "a", "Anna", "checked"));
    assert_string_equal(state_of(s, "a"), "released");
    assert_string_equal(by, "Anna");
    assert_string_equal(reason, "checked");
    assert_int_equal(kept.then.claims, 30);
    assert_int_equal(kept.then.n[ENT_ODD_WARNED], 8);
    assert_true(kept.at > NOW);
    assert_int_equal(passing(s), 30);
    assert_string_equal(state_of(s, "b"), "held"); /* nobody released that one */
    put(s, "a", "20.7.0.1", "");                   /* tomorrow's feed */
    assert_string_equal(judged(s, "a"), "released");
    assert_int_equal(kept.then.claims, 30);
    put(s, "a", "10.0.0.0/8", "");
    assert_string_equal(judged(s, "a"), "held");
    assert_true(kept.released);
    assert_int_equal(passing(s), 0);
    assert_ok(release(s, &d, "a", "Bert", "checked that, too"));
    assert_string_equal(state_of(s, "a"), "released");
    assert_string_equal(by, "Bert");
    assert_int_equal(passing(s), 32);
    assert_ok(ent_release_undo(s, &d, ENT_SLICE_LIT("a")));
    assert_string_equal(state_of(s, "a"), "held");
    assert_false(kept.released);
    assert_int_equal(passing(s), 0);
    ent_store_close(s);
}

/* Two of them: what one asks for, another one lets pass, as long as it is what was asked for. */
static void test_two(void **state)
{
    const struct ent_slice a = ENT_SLICE_LIT("a"), anna = ENT_SLICE_LIT("anna"),
                           bert = ENT_SLICE_LIT("bert"), why = ENT_SLICE_LIT("checked");
    struct ent_store *s = new_store();
    struct ent_diag d = {0};
    (void)state;
    fill(s, "a", 30);
    fill(s, "b", 3);
    assert_err(ent_release_ask(s, &d, ENT_SLICE_LIT("no"), anna, why, NOW, NULL), ENT_E_NOTFOUND);
    assert_err(ent_release_ask(s, &d, a, anna, why, NOW, NULL), ENT_E_STATE);
    assert_string_equal(d.text, "is not held: there is nothing to override");
    warn(s, "20.1.0.0/29");
    assert_err(ent_release_ask(s, &d, a, anna, ENT_SLICE_LIT(""), NOW, NULL), ENT_E_FORMAT);
    assert_err(ent_release_confirm(s, &d, a, bert, NOW, NULL), ENT_E_NOTFOUND);
    assert_ok(ent_release_ask(s, &d, a, anna, why, NOW, NULL));
    assert_int_equal(passing(s), 0);
    assert_err(ent_release_confirm(s, &d, a, anna, NOW, NULL), ENT_E_POLICY);
    assert_err(ent_release_confirm(s, &d, ENT_SLICE_LIT("b"), bert, NOW, NULL), ENT_E_NOTFOUND);
    assert_err(ent_release_confirm(s, &d, a, bert, NOW + ENT_PENDING_SECONDS, NULL),
               ENT_E_NOTFOUND);
    assert_int_equal(passing(s), 0);
    assert_ok(ent_release_confirm(s, &d, a, bert, NOW + ENT_PENDING_SECONDS - 1, NULL));
    assert_string_equal(state_of(s, "a"), "released");
    assert_string_equal(by, "anna, confirmed by bert");
    assert_string_equal(reason, "checked");
    assert_int_equal(passing(s), 30);
    assert_err(ent_release_confirm(s, &d, a, bert, NOW, NULL), ENT_E_NOTFOUND);
    assert_ok(ent_release_undo(s, &d, a));
    /* Something comes that she did not see. */
    assert_ok(ent_release_ask(s, &d, a, anna, why, NOW, NULL));
    put(s, "a", "10.0.0.0/8", "");
    assert_err(ent_release_confirm(s, &d, a, bert, NOW, NULL), ENT_E_STATE);
    assert_int_equal(passing(s), 0);
    assert_ok(ent_release_ask(s, &d, a, bert, why, NOW, NULL)); /* the newer question counts */
    assert_err(ent_release_confirm(s, &d, a, bert, NOW, NULL), ENT_E_POLICY);
    assert_ok(ent_release_withdraw(s, &d, a));
    assert_err(ent_release_withdraw(s, &d, a), ENT_E_NOTFOUND);
    assert_err(ent_release_confirm(s, &d, a, anna, NOW, NULL), ENT_E_NOTFOUND);
    ent_store_close(s);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {"", " a", "a ", "\x1b[31m", "\xff", "a\nb", "\xe2\x80\xae"};
    struct ent_store *s = new_store();
    struct ent_diag d = {0};
    char longest[ENT_RELEASE_TEXT_MAX + 2];
    (void)state;
    put(s, "good", "20.1.0.1", "");
    put(s, "bad", "0.0.0.0/0", "");
    assert_err(release(s, &d, "nobody", "a", "b"), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "says nothing; `entente stats` lists sources");
    assert_err(release(s, &d, "good", "a", "b"), ENT_E_STATE);
    assert_string_equal(d.text, "is not held: there is nothing to override");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_err(release(s, &d, "bad", bad[i], "b"), ENT_E_FORMAT);
        assert_err(release(s, &d, "bad", "a", bad[i]), ENT_E_FORMAT);
    }
    memset(longest, 'x', sizeof(longest));
    longest[ENT_RELEASE_TEXT_MAX + 1] = '\0';
    assert_err(release(s, &d, "bad", "a", longest), ENT_E_FORMAT);
    assert_err(ent_release_undo(s, &d, ENT_SLICE_LIT("bad")), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "nobody released it");
    assert_string_equal(judged(s, "bad"), "held");
    assert_int_equal(passing(s), 1);
    longest[ENT_RELEASE_TEXT_MAX] = '\0';
    assert_ok(release(s, &d, "bad", "a", longest));
    assert_int_equal(passing(s), 2);
    ent_store_close(s);
}

/* --- kept ---------------------------------------------------------------------------------------
 */

static void sql(const char *path, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_kept(void **state)
{
    struct ent_store *s;
    struct ent_diag d = {0};
    char path[256];
    (void)state;
    assert_ok(ent_path_join(path, sizeof(path), ent_t_tmpdir(), "kept.db"));
    assert_ok(ent_store_open(&s, NULL, path));
    put(s, "a", "0.0.0.0/0", "");
    put(s, "b", "20.0.0.0/8", "");
    put(s, "c", "20.1.0.1", "");
    assert_ok(release(s, &d, "a", "Anna", "wanted"));
    assert_ok(ent_release_judge(s, all, NULL));
    ent_store_close(s);
    assert_ok(ent_store_open(&s, NULL, path));
    assert_string_equal(state_of(s, "a"), "released");
    assert_string_equal(reason, "wanted");
    assert_string_equal(state_of(s, "b"), "held");
    assert_string_equal(state_of(s, "c"), "free");
    assert_int_equal(passing(s), 2);
    ent_store_close(s);
    /* a store from before there was a release: held until it is judged */
    sql(path, "DROP TABLE judged; DROP TABLE released; PRAGMA user_version = 3");
    assert_ok(ent_store_open(&s, NULL, path));
    assert_string_equal(state_of(s, "c"), "unjudged");
    assert_int_equal(passing(s), 0);
    assert_string_equal(judged(s, "a"), "held");
    assert_int_equal(passing(s), 1);
    ent_store_close(s);
}

/* --- the short way of an import ------------------------------------------------------------------
 */

static void random_claim(struct ent_indicator *ret, char text[static 16])
{
    static const char *const odd[] = {"10.0.0.1", "github.io", "evil.example", "20.0.0.0/9"};
    char value[32];
    (void)snprintf(value, sizeof(value), "20.%u.%u.%u", (unsigned)ent_t_below(3),
                   (unsigned)ent_t_below(200), (unsigned)ent_t_below(200));
    const char *v = ent_t_below(10) == 0 ? odd[ent_t_below(4)] : value;
    (void)snprintf(text, 16, "text %u", (unsigned)(ent_t_below(2) * ent_t_below(9)));
    *ret = (struct ent_indicator){.tlp = ENT_TLP_GREEN,
                                  .confidence = -1,
                                  .valid_until = ent_t_below(3) == 0 ? NOW - 1 : 0,
                                  .text = ent_slice_str(text)};
    assert_ok(ent_observable_parse(&ret->obs, NULL, ent_slice_str(v)));
}

/* The report of an import without repetitions says the same as all that is read again. */
static void test_take_is_judge(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct ent_store *s = new_store();
        struct ent_lint *l;
        warn(s, "20.1.0.0/16");
        assert_ok(ent_lint_new(&l, s));
        assert_ok(ent_store_begin(s));
        for (unsigned n = 1 + (unsigned)ent_t_below(200); n > 0; n--) {
            struct ent_indicator ind;
            enum ent_put how;
            char text[16];
            uint64_t id;
            random_claim(&ind, text);
            if (ent_store_find(s, &id, &ind.obs) == ENT_OK)
                continue;
            assert_ok(ent_store_put(s, &how, &ind, ENT_SLICE_LIT("a"), NOW));
            assert_ok(ent_lint_add(l, &ind, NOW, false));
        }
        assert_ok(ent_release_take(s, ENT_SLICE_LIT("a"), ent_lint_report(l)));
        assert_ok(ent_store_commit(s));
        (void)state_of(s, "a");
        struct ent_source_state took = kept;
        assert_true(took.judged);
        warn(s, "20.1.0.0/16"); /* the same list again */
        (void)judged(s, "a");
        assert_memory_equal(&took.odds, &kept.odds, sizeof(took.odds));
        assert_int_equal(took.held, kept.held);
        ent_lint_free(l);
        ent_store_close(s);
    }
}

/* --- the door -----------------------------------------------------------------------------------
 */

#define THINGS  40u
#define SOURCES 5u

struct model {
    enum ent_tlp tlp[THINGS][SOURCES]; /* 0: it says nothing about that */
    bool held[SOURCES];
    enum ent_tlp door;
    int only; /* a source, or -1 */
    bool told[THINGS];
    unsigned passed;
};

static enum ent_err check_passed(void *ctx, const struct ent_known *k)
{
    struct model *m = ctx;
    unsigned thing = (unsigned)strtoul(strrchr(k->obs.text, '.') + 1, NULL, 10);
    unsigned source = (unsigned)(k->source.p[0] - 'a'), passing_claims = 0;
    assert_false(m->told[thing]);
    m->told[thing] = true;
    for (unsigned i = 0; i < SOURCES; i++)
        passing_claims += (m->only < 0 || m->only == (int)i) && m->tlp[thing][i] != 0 &&
                          (m->door == 0 || (m->tlp[thing][i] <= m->door && !m->held[i]));
    assert_int_equal(k->claims, passing_claims);
    assert_int_equal(k->tlp, m->tlp[thing][source]);
    assert_true(m->door == 0 || (k->tlp <= m->door && !m->held[source]));
    return ENT_OK;
}

static void check_door(struct ent_store *s, struct model *m)
{
    uint64_t narrower = 0, unreleased = 0;
    char only[2] = {(char)('a' + m->only), '\0'};
    const struct ent_known_filter f = {.max_tlp = m->door,
                                       .source = m->only < 0 ? all : ent_slice_str(only),
                                       .narrower = &narrower,
                                       .unreleased = &unreleased};
    uint64_t want_narrower = 0, want_unreleased = 0;
    memset(m->told, 0, sizeof(m->told));
    assert_ok(ent_store_each(s, &f, check_passed, m));
    for (unsigned t = 0; t < THINGS; t++) {
        bool said = false, wide = false, passes = false;
        for (unsigned i = 0; i < SOURCES; i++) {
            enum ent_tlp mark = m->only < 0 || m->only == (int)i ? m->tlp[t][i] : 0;
            said |= mark != 0;
            wide |= mark != 0 && (m->door == 0 || mark <= m->door);
            passes |= mark != 0 && (m->door == 0 || (mark <= m->door && !m->held[i]));
        }
        assert_int_equal(m->told[t], passes);
        want_narrower += said && !wide;
        want_unreleased += wide && !passes;
    }
    assert_int_equal(narrower, want_narrower);
    assert_int_equal(unreleased, want_unreleased);
}

/* Random claims, marks and judgements. */
static void random_model(struct ent_store *s, struct model *m)
{
    static const struct ent_odds nothing;
    assert_ok(ent_store_begin(s));
    for (unsigned n = 0; n < THINGS * 2; n++) {
        unsigned t = (unsigned)ent_t_below(THINGS), i = (unsigned)ent_t_below(SOURCES);
        struct ent_indicator ind = {.tlp = (enum ent_tlp)(1 + ent_t_below(5)),
                                    .confidence = (int)ent_t_below(101)};
        char value[32], source[2] = {(char)('a' + i), '\0'};
        enum ent_put how;
        (void)snprintf(value, sizeof(value), "20.1.1.%u", t);
        assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(value)));
        assert_ok(ent_store_put(s, &how, &ind, ent_slice_str(source), NOW));
        if (ind.tlp > m->tlp[t][i]) /* a repeated claim never widens */
            m->tlp[t][i] = ind.tlp;
    }
    for (unsigned i = 0; i < SOURCES; i++) {
        char source[2] = {(char)('a' + i), '\0'};
        bool held = ent_t_below(2) == 0, judge = ent_t_below(4) > 0;
        if (judge && ent_store_judge(s, ent_slice_str(source), &nothing, held) != ENT_OK)
            judge = false; /* it says nothing in this round */
        m->held[i] = held || !judge;
    }
    assert_ok(ent_store_commit(s));
}

/* Every door, of all sources and of each. */
static void test_door(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct ent_store *s = new_store();
        struct model m = {.only = -1};
        random_model(s, &m);
        for (int door = 0; door <= ENT_TLP_RED; door++)
            for (int only = -1; only < (int)SOURCES; only++) {
                m.door = (enum ent_tlp)door;
                m.only = only;
                check_door(s, &m);
            }
        ent_store_close(s);
    }
}

/* The same of each claim by itself. */
static enum ent_err check_claim(void *ctx, const struct ent_known *k)
{
    struct model *m = ctx;
    unsigned thing = (unsigned)strtoul(strrchr(k->obs.text, '.') + 1, NULL, 10);
    unsigned source = (unsigned)(k->source.p[0] - 'a');
    assert_int_equal(k->tlp, m->tlp[thing][source]);
    assert_true(m->door == 0 || (k->tlp <= m->door && !m->held[source]));
    m->passed++;
    return ENT_OK;
}

static void check_every(struct ent_store *s, struct model *m, bool by_source)
{
    uint64_t narrower = 77, unreleased = 77;
    const struct ent_known_filter f = {.max_tlp = m->door,
                                       .every = !by_source,
                                       .by_source = by_source,
                                       .narrower = &narrower,
                                       .unreleased = &unreleased};
    unsigned want_passed = 0, want_narrower = 0, want_unreleased = 0;
    m->passed = 0;
    assert_ok(ent_store_each(s, &f, check_claim, m));
    for (unsigned t = 0; t < THINGS; t++)
        for (unsigned i = 0; i < SOURCES; i++) {
            if (m->tlp[t][i] == 0)
                continue;
            bool narrow = m->door != 0 && m->tlp[t][i] > m->door;
            bool held = m->door != 0 && m->held[i];
            want_narrower += narrow;
            want_unreleased += !narrow && held;
            want_passed += !narrow && !held;
        }
    assert_int_equal(m->passed, want_passed);
    assert_int_equal(narrower, want_narrower);
    assert_int_equal(unreleased, want_unreleased);
}

static void test_door_of_each_claim(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct ent_store *s = new_store();
        struct model m = {.only = -1};
        random_model(s, &m);
        for (int door = 0; door <= ENT_TLP_RED; door++) {
            m.door = (enum ent_tlp)door;
            check_every(s, &m, false);
            check_every(s, &m, true);
        }
        ent_store_close(s);
    }
}

/* --- the door of objects of STIX ----------------------------------------------------------------
 */

struct objects {
    enum ent_tlp tlp[THINGS][SOURCES]; /* 0: it gave none */
    bool held[SOURCES];
    enum ent_tlp door;
    bool own;
    int only;
    bool told[THINGS];
};

static bool object_passes(const struct objects *m, unsigned t, unsigned i, bool anyhow)
{
    bool held = m->held[i] && !m->own && !anyhow;
    return (m->only < 0 || m->only == (int)i) && m->tlp[t][i] != 0 &&
           (m->door == 0 || (m->tlp[t][i] <= m->door && !held));
}

static enum ent_err check_object(void *ctx, const struct ent_kept *k)
{
    struct objects *m = ctx;
    unsigned t = (unsigned)strtoul((const char *)k->id.p + strlen("tool--"), NULL, 10), first = 0;
    while (first < SOURCES && !object_passes(m, t, first, false))
        first++;
    assert_int_equal(k->source.p[0], 'a' + (int)first);
    assert_int_equal(k->tlp, m->tlp[t][first]);
    assert_int_equal(k->held, m->held[first]);
    assert_false(m->told[t]);
    m->told[t] = true;
    return ENT_OK;
}

/* What comes behind one that passes is neither told nor counted. */
static void check_objects(struct ent_store *s, struct objects *m)
{
    uint64_t narrower = 0, unreleased = 0, want_narrower = 0, want_unreleased = 0;
    char only[2] = {(char)('a' + m->only), '\0'};
    const struct ent_object_filter f = {.source = m->only < 0 ? all : ent_slice_str(only),
                                        .max_tlp = m->door,
                                        .own = m->own,
                                        .narrower = &narrower,
                                        .unreleased = &unreleased};
    memset(m->told, 0, sizeof(m->told));
    assert_ok(ent_store_objects(s, &f, check_object, m));
    for (unsigned t = 0; t < THINGS; t++) {
        bool passed = false;
        for (unsigned i = 0; i < SOURCES && !passed; i++) {
            bool there = m->tlp[t][i] != 0 && (m->only < 0 || m->only == (int)i);
            passed = object_passes(m, t, i, false);
            want_unreleased += !passed && object_passes(m, t, i, true);
            want_narrower += there && !object_passes(m, t, i, true);
        }
        assert_int_equal(m->told[t], passed);
    }
    assert_int_equal(narrower, want_narrower);
    assert_int_equal(unreleased, want_unreleased);
}

static void put_object(struct ent_store *s, unsigned thing, enum ent_tlp tlp, const char *source)
{
    enum ent_object_put put;
    struct ent_stix_sayer *sayer;
    bool elsewhere;
    char id[32], bytes[80];
    (void)snprintf(id, sizeof(id), "tool--%u", thing);
    (void)snprintf(bytes, sizeof(bytes), "{\"type\":\"tool\",\"id\":\"%s\",\"by\":\"%s\"}", id,
                   source);
    struct ent_stix_object o = {.id = ent_slice_str(id), .tlp = tlp, .bytes = ent_slice_str(bytes)};
    assert_ok(ent_stix_sayer_new(&sayer));
    assert_ok(ent_stix_said(sayer, o.gist.said32, o.bytes));
    ent_stix_sayer_free(sayer);
    assert_ok(ent_store_object_put(s, &put, &elsewhere, &o, ent_slice_str(source), NOW));
    assert_int_equal(put, ENT_OBJECT_NEW);
}

static void test_door_of_objects(void **state)
{
    static const struct ent_odds nothing;
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct ent_store *s = new_store();
        struct objects m = {.only = -1};
        assert_ok(ent_store_begin(s));
        for (unsigned i = 0; i < SOURCES; i++) {
            char source[2] = {(char)('a' + i), '\0'};
            bool held = ent_t_below(2) == 0, judge = ent_t_below(4) > 0;
            m.held[i] = held || !judge;
            for (unsigned t = 0; t < THINGS; t++)
                if (t == i || ent_t_below(3) == 0)
                    put_object(s, t, m.tlp[t][i] = (enum ent_tlp)(1 + ent_t_below(5)), source);
            if (judge)
                assert_ok(ent_store_judge(s, ent_slice_str(source), &nothing, held));
        }
        assert_ok(ent_store_commit(s));
        for (int door = 0; door <= ENT_TLP_RED; door++)
            for (int only = -1; only < 2 * (int)SOURCES + 1; only++) {
                m.door = (enum ent_tlp)door;
                m.own = only >= (int)SOURCES;
                m.only = m.own ? only - (int)SOURCES - 1 : only;
                check_objects(s, &m);
            }
        ent_store_close(s);
    }
}

/* Who gave objects and says nothing else is not odd; nor does another object need another
 * judgement. */
static void test_objects_alone(void **state)
{
    struct ent_store *s = new_store();
    (void)state;
    put_object(s, 1, ENT_TLP_GREEN, "a");
    assert_string_equal(state_of(s, "a"), "unjudged");
    assert_string_equal(judged(s, "a"), "free");
    assert_int_equal(kept.odds.claims, 0);
    put_object(s, 2, ENT_TLP_GREEN, "a");
    assert_string_equal(state_of(s, "a"), "free");
    put(s, "a", "0.0.0.0/0", "");
    put_object(s, 3, ENT_TLP_GREEN, "a");
    assert_string_equal(state_of(s, "a"), "unjudged");
    assert_string_equal(judged(s, "a"), "held");
    ent_store_close(s);
}

static void test_claim_may_pass(void **state)
{
    (void)state;
    for (int mark = -1; mark <= 7; mark++)
        for (int door = -1; door <= 7; door++)
            for (int held = 0; held < 2; held++)
                assert_int_equal(
                    ent_claim_may_pass((enum ent_tlp)mark, held != 0, (enum ent_tlp)door),
                    mark >= 1 && mark <= 5 &&
                        (door == 0 || (held == 0 && door >= 1 && door <= 5 && mark <= door)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_overridden),
        cmocka_unit_test(test_absurd_numbers),
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_no_name),
        cmocka_unit_test(test_what_ends_a_judgement),
        cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_two),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_take_is_judge),
        cmocka_unit_test(test_door),
        cmocka_unit_test(test_claim_may_pass),
        cmocka_unit_test(test_door_of_each_claim),
        cmocka_unit_test(test_door_of_objects),
        cmocka_unit_test(test_objects_alone),
    };
    return ent_t_run("release", tests);
}
