/* test_edit.c: what this member says itself: one claim of its own, that speaks for all and holds
 * back what it marks narrower. */
#include "tests/support/t.h"

#include "store/store.h"

#define NOW 1534723200

static struct ent_indicator claim(const char *text, enum ent_tlp tlp, int confidence)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = confidence};
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)));
    return ind;
}

static uint64_t put(struct ent_store *s, const struct ent_indicator *ind, const char *source)
{
    enum ent_put ignored;
    uint64_t id;
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &ignored, ind, ent_slice_str(source), NOW));
    assert_ok(ent_store_commit(s));
    assert_ok(ent_store_find(s, &id, &ind->obs));
    return id;
}

static enum ent_err edit(struct ent_store *s, uint64_t id, unsigned parts,
                         const struct ent_indicator *ind)
{
    assert_ok(ent_store_begin(s));
    enum ent_err r = ent_store_edit(s, id, parts, ind, NOW + 1);
    if (r == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}

static enum ent_err unedit(struct ent_store *s, uint64_t id)
{
    assert_ok(ent_store_begin(s));
    enum ent_err r = ent_store_unedit(s, id);
    if (r == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}

static enum ent_err edit_tlp(struct ent_store *s, uint64_t id, enum ent_tlp tlp)
{
    const struct ent_indicator ind = {.tlp = tlp};
    return edit(s, id, ENT_EDIT_TLP, &ind);
}

/* "source tlp confidence from until [kind] [text] {labels}" of what speaks for it. */
static const char *spoken(struct ent_store *s, uint64_t id)
{
    static char text[2048];
    struct ent_spoken k = {.found = false};
    const struct ent_claim *c = &k.claim;
    assert_ok(ent_store_spoken(s, &k, id, (enum ent_tlp)0, NOW));
    (void)snprintf(text, sizeof(text), "nothing");
    if (k.found)
        (void)snprintf(text, sizeof(text), "%.*s %s %d %d %d [%.*s] [%.*s] {%.*s}",
                       (int)c->source.n, (const char *)c->source.p, ent_tlp_name(c->tlp),
                       c->confidence, (int)(c->valid_from == 0 ? 0 : c->valid_from - NOW),
                       (int)(c->valid_until == 0 ? 0 : c->valid_until - NOW), (int)c->kind.n,
                       (const char *)c->kind.p, (int)c->text.n, (const char *)c->text.p,
                       (int)c->labels.n, (const char *)c->labels.p);
    ent_spoken_release(&k);
    return text;
}

struct seen {
    char text[1024];
};

static enum ent_err note(void *ctx, const struct ent_known *k)
{
    struct seen *t = ctx;
    size_t n = strlen(t->text);
    (void)snprintf(t->text + n, sizeof(t->text) - n, "%s/%.*s=%d:%u ", k->obs.text,
                   (int)k->source.n, (const char *)k->source.p, k->confidence, k->claims);
    return ENT_OK;
}

/* What passes, and behind "| " how many were held back. */
static const char *walk(struct ent_store *s, struct ent_known_filter f)
{
    static struct seen t;
    static const struct ent_odds nothing;
    uint64_t held = 0, unreleased = 0;
    struct ent_buf name;
    t = (struct seen){.text = ""};
    f.narrower = &held;
    f.unreleased = &unreleased;
    if (f.at == 0)
        f.at = NOW;
    ent_buf_init(&name, 256);
    assert_ok(ent_store_begin(s));
    for (; ent_store_unjudged(s, &name) == ENT_OK; ent_buf_clear(&name))
        assert_ok(ent_store_judge(s, ent_buf_slice(&name), &nothing, false));
    assert_ok(ent_store_commit(s));
    ent_buf_release(&name);
    assert_ok(ent_store_each(s, &f, note, &t));
    assert_int_equal(unreleased, 0);
    size_t n = strlen(t.text);
    (void)snprintf(t.text + n, sizeof(t.text) - n, "| %u", (unsigned)held);
    return t.text;
}
#define WALK(...) walk(s, (struct ent_known_filter){__VA_ARGS__})

static void test_speaks_for_all(void **state)
{
    struct ent_store *s;
    struct ent_known k;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator ind = claim("a.com", ENT_TLP_GREEN, 90), mine = {.confidence = 5};
    ind.valid_from = NOW - 10;
    ind.valid_until = NOW + 10;
    ind.kind = ENT_SLICE_LIT("C2");
    ind.text = ENT_SLICE_LIT("says it");
    ind.labels = ENT_SLICE_LIT("apt\nc2");
    uint64_t id = put(s, &ind, "one");
    struct ent_indicator weak = claim("a.com", ENT_TLP_CLEAR, 50);
    (void)put(s, &weak, "two");
    assert_string_equal(spoken(s, id), "one TLP:GREEN 90 -10 10 [C2] [says it] {apt\nc2}");
    /* what is not said is taken over from the best */
    assert_ok(edit(s, id, ENT_EDIT_CONFIDENCE, &mine));
    assert_string_equal(spoken(s, id), "@own TLP:GREEN 5 -10 10 [C2] [says it] {apt\nc2}");
    assert_string_equal(WALK(.max_tlp = 0), "a.com/@own=5:3 | 0");
    assert_string_equal(WALK(.source = ENT_SLICE_LIT("one")), "a.com/one=90:1 | 0");
    assert_string_equal(WALK(.source = ENT_SLICE_LIT("@own")), "a.com/@own=5:1 | 0");
    assert_string_equal(WALK(.min_confidence = 6), "a.com/one=90:2 | 0");
    assert_ok(ent_store_get(s, &k, id, NOW));
    assert_true(k.own && k.confidence == 5 && k.claims == 3);
    /* and then from what was said before */
    ind.text = ENT_SLICE_LIT("says more");
    (void)put(s, &ind, "one");
    mine = (struct ent_indicator){.text = ENT_SLICE_LIT("b\xc3\xb6se"), .valid_until = 0};
    assert_ok(edit(s, id, ENT_EDIT_TEXT | ENT_EDIT_UNTIL | ENT_EDIT_LABELS, &mine));
    assert_string_equal(spoken(s, id), "@own TLP:GREEN 5 -10 0 [C2] [b\xc3\xb6se] {}");
    /* nobody else's was changed */
    assert_ok(unedit(s, id));
    assert_string_equal(spoken(s, id), "one TLP:GREEN 90 -10 10 [C2] [says more] {apt\nc2}");
    assert_err(unedit(s, id), ENT_E_NOTFOUND);
    assert_err(unedit(s, id + 1), ENT_E_NOTFOUND);
    ent_store_close(s);
}

/* What is marked narrower here leaves by no door, however openly others say it, and however it is
 * asked for. */
static void test_holds_back(void **state)
{
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator a = claim("a.com", ENT_TLP_CLEAR, 90),
                         b = claim("b.com", ENT_TLP_CLEAR, 1);
    a.labels = ENT_SLICE_LIT("apt");
    uint64_t id = put(s, &a, "one");
    (void)put(s, &a, "two");
    (void)put(s, &b, "one");
    assert_ok(edit_tlp(s, id, ENT_TLP_AMBER));
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN), "b.com/one=1:1 | 1");
    assert_string_equal(WALK(.max_tlp = ENT_TLP_AMBER), "a.com/@own=90:3 b.com/one=1:1 | 0");
    assert_string_equal(WALK(.max_tlp = 0), "a.com/@own=90:3 b.com/one=1:1 | 0");
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN, .source = ENT_SLICE_LIT("two")), "| 1");
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN, .source = ENT_SLICE_LIT("no")), "| 0");
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN, .tag = ENT_SLICE_LIT("apt")), "| 1");
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN, .types = ENT_OBS_BIT(ENT_OBS_IPV4)), "| 0");
    /* also where it does not count itself any more: a marking does not expire */
    struct ent_indicator mine = {.valid_until = NOW - 1, .confidence = 2};
    assert_ok(edit(s, id, ENT_EDIT_UNTIL | ENT_EDIT_CONFIDENCE, &mine));
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN), "b.com/one=1:1 | 1");
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN, .min_confidence = 80), "| 1");
    assert_string_equal(WALK(.max_tlp = 0), "a.com/one=90:2 b.com/one=1:1 | 0");
    assert_ok(ent_store_decide(s, id, ENT_SLICE_LIT("@own"), 0, NOW));
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN), "b.com/one=1:1 | 1");
    assert_ok(unedit(s, id));
    assert_string_equal(WALK(.max_tlp = ENT_TLP_GREEN), "a.com/one=90:2 b.com/one=1:1 | 0");
    /* what was decided about it went with it */
    assert_ok(edit(s, id, ENT_EDIT_CONFIDENCE, &mine));
    assert_string_equal(WALK(.max_tlp = 0), "a.com/@own=2:3 b.com/one=1:1 | 0");
    ent_store_close(s);
}

/* Nobody's words get a wider marking than their author gave them. */
static void test_never_wider(void **state)
{
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator red = claim("a.com", ENT_TLP_RED, 90), open = claim("a.com", 1, 10);
    red.text = ENT_SLICE_LIT("secret");
    red.kind = ENT_SLICE_LIT("hidden");
    red.labels = ENT_SLICE_LIT("inner");
    uint64_t id = put(s, &red, "circle");
    assert_ok(edit_tlp(s, id, ENT_TLP_GREEN)); /* its own word, with nothing of the other's */
    assert_string_equal(spoken(s, id), "@own TLP:GREEN -1 0 0 [] [] {}");
    assert_ok(unedit(s, id));
    open.text = ENT_SLICE_LIT("well known");
    (void)put(s, &open, "press");
    assert_ok(edit_tlp(s, id, ENT_TLP_GREEN));
    assert_string_equal(spoken(s, id), "@own TLP:GREEN 10 0 0 [] [well known] {}");
    /* once narrower, what may have come from there does not come back by the way of ours */
    assert_ok(unedit(s, id));
    assert_ok(edit_tlp(s, id, ENT_TLP_RED));
    assert_string_equal(spoken(s, id), "@own TLP:RED 90 0 0 [hidden] [secret] {inner}");
    assert_ok(edit_tlp(s, id, ENT_TLP_CLEAR));
    assert_string_equal(spoken(s, id), "@own TLP:CLEAR 10 0 0 [] [well known] {}");
    ent_store_close(s);
}

/* To change a word brings nothing back that was ended here; what was taken back gives no words. */
static void test_what_does_not_count(void **state)
{
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator ind = claim("a.com", ENT_TLP_GREEN, 90), mine = {.confidence = 5};
    uint64_t id = put(s, &ind, "one");
    assert_ok(ent_store_decide(s, id, ENT_SLICE_LIT("one"), NOW - 7, NOW));
    assert_ok(edit(s, id, ENT_EDIT_CONFIDENCE, &mine));
    assert_string_equal(spoken(s, id), "@own TLP:GREEN 5 0 -7 [] [] {}");
    assert_string_equal(WALK(.max_tlp = 0), "| 0");
    assert_ok(unedit(s, id));
    assert_ok(ent_store_decide(s, id, ENT_SLICE_LIT("one"), 0, NOW));
    assert_string_equal(spoken(s, id), "nothing");
    assert_ok(edit(s, id, ENT_EDIT_CONFIDENCE, &mine));
    assert_string_equal(spoken(s, id), "@own TLP:AMBER 5 0 0 [] [] {}");
    /* one that counts before a surer one that does not */
    ind = claim("b.com", ENT_TLP_GREEN, 90);
    ind.valid_until = NOW - 1;
    id = put(s, &ind, "old");
    assert_string_equal(spoken(s, id), "old TLP:GREEN 90 0 -1 [] [] {}");
    ind = claim("b.com", ENT_TLP_CLEAR, 10);
    (void)put(s, &ind, "new");
    assert_string_equal(spoken(s, id), "new TLP:CLEAR 10 0 0 [] [] {}");
    ent_store_close(s);
}

static void test_refused(void **state)
{
    char longest[ENT_INDICATOR_TEXT + 1];
    static const char *const bad[] = {" a", "a ", "a\nb", "\x1b[31m", "\xff", "a\xe2\x80\xae"};
    static const char *const no_set[] = {"b\na",      "a\na", "a\n",           "\na",
                                         "tlp:green", "a ",   "a\xe2\x80\xae", "\xff"};
    struct ent_store *s;
    (void)state;
    memset(longest, 'x', sizeof(longest));
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator ind = claim("a.com", ENT_TLP_GREEN, 90), mine;
    uint64_t id = put(s, &ind, "one");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mine = (struct ent_indicator){.text = ent_slice_str(bad[i]), .kind = ent_slice_str(bad[i])};
        assert_err(edit(s, id, ENT_EDIT_TEXT, &mine), ENT_E_FORMAT);
        assert_err(edit(s, id, ENT_EDIT_KIND, &mine), ENT_E_FORMAT);
    }
    for (size_t i = 0; i < sizeof(no_set) / sizeof(no_set[0]); i++) {
        mine = (struct ent_indicator){.labels = ent_slice_str(no_set[i])};
        assert_err(edit(s, id, ENT_EDIT_LABELS, &mine), ENT_E_FORMAT);
    }
    mine = (struct ent_indicator){.text = ent_slice(longest, ENT_INDICATOR_TEXT + 1),
                                  .kind = ent_slice(longest, ENT_INDICATOR_KIND + 1)};
    assert_err(edit(s, id, ENT_EDIT_TEXT, &mine), ENT_E_FORMAT);
    assert_err(edit(s, id, ENT_EDIT_KIND, &mine), ENT_E_FORMAT);
    mine.text.n--;
    mine.kind.n--;
    assert_ok(edit(s, id, ENT_EDIT_TEXT | ENT_EDIT_KIND, &mine));
    ent_store_close(s);
}

/* No feed can speak as this member, nor take back what it said. */
static void test_no_feed_is_us(void **state)
{
    struct ent_store *s;
    enum ent_put ignored;
    bool shared = true;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator ind = claim("a.com", ENT_TLP_GREEN, 90);
    uint64_t id = put(s, &ind, "one");
    assert_err(ent_store_put(s, &ignored, &ind, ENT_SLICE_LIT(ENT_STORE_OWN), NOW), ENT_E_POLICY);
    assert_err(ent_store_revoke(s, ENT_SLICE_LIT(ENT_STORE_OWN), ENT_SLICE_LIT("x")), ENT_E_POLICY);
    assert_err(ent_store_revoke(s, ENT_SLICE_LIT(ENT_STORE_OWN), ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_string_equal(spoken(s, id), "one TLP:GREEN 90 0 0 [] [] {}");
    assert_ok(edit_tlp(s, id, ENT_TLP_GREEN));
    assert_ok(ent_store_is_shared(s, &shared, id, ENT_SLICE_LIT("one"))); /* an echo is no other */
    assert_false(shared);
    (void)put(s, &ind, "@own "); /* a name of its own */
    assert_string_equal(spoken(s, id), "@own TLP:GREEN 90 0 0 [] [] {}");
    assert_string_equal(WALK(.max_tlp = 0), "a.com/@own=90:3 | 0");
    ent_store_close(s);
}

/* The image is made anew after each, and not for what failed. */
static void test_mark(void **state)
{
    struct ent_store *s;
    struct ent_mark16 mark[4];
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator ind = claim("a.com", ENT_TLP_GREEN, 90);
    uint64_t id = put(s, &ind, "one");
    assert_ok(ent_store_mark(s, &mark[0]));
    assert_ok(edit_tlp(s, id, ENT_TLP_RED));
    assert_ok(ent_store_mark(s, &mark[1]));
    assert_ok(unedit(s, id));
    assert_ok(ent_store_mark(s, &mark[2]));
    assert_err(unedit(s, id), ENT_E_NOTFOUND);
    assert_ok(ent_store_mark(s, &mark[3]));
    assert_memory_not_equal(mark[0].b, mark[1].b, sizeof(mark[0].b));
    assert_memory_not_equal(mark[1].b, mark[2].b, sizeof(mark[0].b));
    assert_memory_equal(mark[2].b, mark[3].b, sizeof(mark[0].b));
    ent_store_close(s);
}

/* Against what the rule says, claim by claim. */
static void test_random(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct ent_store *s;
        enum ent_tlp own = 0, best = 0, door = (enum ent_tlp)(1 + ent_t_below(5));
        int want = -2, n = 1 + (int)ent_t_below(4);
        uint64_t id = 0;
        assert_ok(ent_store_open(&s, NULL, ":memory:"));
        for (int i = 0; i < n; i++) {
            struct ent_indicator ind =
                claim("a.com", (enum ent_tlp)(1 + ent_t_below(5)), 10 * i + (int)ent_t_below(10));
            char source[] = {'s', (char)('0' + i), '\0'};
            id = put(s, &ind, source);
            if (ent_tlp_may_pass(ind.tlp, door) && ind.confidence > want) {
                want = ind.confidence;
                best = ind.tlp;
            }
        }
        if (ent_t_below(2) == 0) {
            struct ent_indicator mine = {.tlp = own = (enum ent_tlp)(1 + ent_t_below(5)),
                                         .confidence = 77};
            assert_ok(edit(s, id, ENT_EDIT_TLP | ENT_EDIT_CONFIDENCE, &mine));
        }
        char text[64];
        const char *got = WALK(.max_tlp = door);
        bool shut = own != 0 && !ent_tlp_may_pass(own, door);
        (void)snprintf(text, sizeof(text), "=%d:", own != 0 ? 77 : want);
        if (shut || (own == 0 && best == 0))
            assert_string_equal(got, "| 1");
        else
            assert_non_null(strstr(got, text));
        ent_store_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speaks_for_all), cmocka_unit_test(test_holds_back),
        cmocka_unit_test(test_never_wider),    cmocka_unit_test(test_what_does_not_count),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_no_feed_is_us),
        cmocka_unit_test(test_mark),           cmocka_unit_test(test_random),
    };
    return ent_t_run("edit", tests);
}
