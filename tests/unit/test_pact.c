/* test_pact.c: cards, versions of the pact, decisions. */
#include "tests/support/t.h"

#include "pact/pact.h"

struct who {
    struct ent_member m;
    struct ent_seed32 root, author, tls;
};

static struct who someone(const char *name)
{
    struct who w = {.m = {.display = "Someone, Inc.", .url = "https://127.0.0.1:7443"}};
    (void)snprintf(w.m.name, sizeof(w.m.name), "%s", name);
    ent_random(w.root.b, 32);
    ent_random(w.author.b, 32);
    ent_random(w.tls.b, 32);
    ent_sign_public(&w.m.root, &w.root);
    ent_sign_public(&w.m.author, &w.author);
    ent_sign_public(&w.m.tls, &w.tls);
    return w;
}

static void make_card(struct ent_buf *b, const struct who *w)
{
    ent_buf_init(b, ENT_CARD_MAX + 100);
    assert_ok(ent_card_make(b, &w->m, 1534723200, &w->root, &w->author, &w->tls));
}

static void test_cards(void **state)
{
    struct who w = someone("alpha");
    struct ent_member m;
    struct ent_buf b;
    (void)state;
    make_card(&b, &w);
    assert_ok(ent_card_parse(&m, ent_buf_slice(&b), NULL));
    assert_memory_equal(&m, &w.m, sizeof(m));
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 1;
        assert_int_not_equal(ent_card_parse(&m, ent_buf_slice(&b), NULL), ENT_OK);
        b.p[i] ^= 1;
        assert_int_not_equal(ent_card_parse(&m, ent_slice(b.p, i), NULL), ENT_OK);
    }
    ent_buf_release(&b);
}

/* Somebody brings in another member's connection key as their own: they cannot sign with it. */
static void test_a_card_with_a_stolen_key_is_refused(void **state)
{
    struct who w = someone("alpha"), victim = someone("victim");
    struct ent_member m;
    struct ent_buf b;
    struct ent_diag d = {0};
    (void)state;
    w.m.tls = victim.m.tls;
    make_card(&b, &w);
    assert_err(ent_card_parse(&m, ent_buf_slice(&b), &d), ENT_E_AUTH);
    assert_string_equal(d.text, "card not signed by all of its own keys");
    ent_buf_release(&b);
}

static void test_cards_that_would_deceive(void **state)
{
    static const char *const bad_display[] = {"", "a\x1b[31m",
                                              "a\xe2\x80\xae"
                                              "b",
                                              "a\\b"};
    static const char *const bad_url[] = {
        "http://x:1", "https://", "https://x/path", "https://x y", "https://\xc3\xa9:1",
        "ftp://x",    ""};
    struct ent_member m;
    struct ent_buf b;
    (void)state;
    for (size_t i = 0; i < sizeof(bad_display) / sizeof(bad_display[0]); i++) {
        struct who w = someone("alpha");
        (void)snprintf(w.m.display, sizeof(w.m.display), "%s", bad_display[i]);
        ent_buf_init(&b, ENT_CARD_MAX);
        if (ent_card_make(&b, &w.m, 0, &w.root, &w.author, &w.tls) == ENT_OK)
            assert_err(ent_card_parse(&m, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
        ent_buf_release(&b);
    }
    for (size_t i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++) {
        struct who w = someone("alpha");
        (void)snprintf(w.m.url, sizeof(w.m.url), "%s", bad_url[i]);
        make_card(&b, &w);
        assert_err(ent_card_parse(&m, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
        ent_buf_release(&b);
    }
    struct who w = someone("Alpha");
    make_card(&b, &w);
    assert_err(ent_card_parse(&m, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
    ent_buf_release(&b);
    memset(&w.m.author, 0, 32); /* not a point of the group */
    (void)snprintf(w.m.name, sizeof(w.m.name), "alpha");
    make_card(&b, &w);
    assert_err(ent_card_parse(&m, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
    ent_buf_release(&b);
}

/* --- versions -----------------------------------------------------------------------------------
 */

static struct ent_pact *new_pact(void)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    return p;
}

static void sign(struct ent_buf *b, struct ent_pact *p, const struct who *w)
{
    ent_buf_init(b, ENT_PACT_MAX);
    assert_ok(ent_pact_sign(b, p, &w->root));
}

static void test_versions_follow_one_another(void **state)
{
    struct who me = someone("me"), a = someone("alpha"), b = someone("beta");
    struct ent_pact *v1 = new_pact(), *v2 = new_pact(), *v3 = new_pact(), *back = new_pact();
    struct ent_buf b1, b2, b3;
    struct ent_diag d = {0};
    (void)state;
    ent_pact_found(v1, &me.m);
    sign(&b1, v1, &me);
    assert_ok(ent_pact_parse(back, ent_buf_slice(&b1), NULL, &d));
    assert_ok(ent_pact_add(v2, v1, &a.m));
    sign(&b2, v2, &me);
    assert_ok(ent_pact_add(v3, v2, &b.m));
    sign(&b3, v3, &me);
    assert_ok(ent_pact_parse(back, ent_buf_slice(&b2), v1, &d));
    assert_memory_equal(back->hash.b, v2->hash.b, 32);
    assert_memory_equal(back->id.b, v1->hash.b, 32);
    assert_ok(ent_pact_parse(back, ent_buf_slice(&b3), v2, &d));
    assert_int_equal(back->members, 3);
    assert_non_null(ent_pact_member(back, "beta"));
    assert_null(ent_pact_member(back, "gamma"));
    assert_non_null(ent_pact_member_by_tls(back, &a.m.tls));

    assert_err(ent_pact_parse(back, ent_buf_slice(&b2), NULL, &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "the pact's first version is missing");
    assert_err(ent_pact_parse(back, ent_buf_slice(&b3), v1, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "pact version does not follow the one before it");
    assert_err(ent_pact_parse(back, ent_buf_slice(&b1), v1, &d), ENT_E_AUTH);
    for (size_t i = 0; i < b2.n; i++) {
        b2.p[i] ^= 2;
        assert_int_not_equal(ent_pact_parse(back, ent_buf_slice(&b2), v1, NULL), ENT_OK);
        b2.p[i] ^= 2;
    }
    ent_buf_release(&b1);
    ent_buf_release(&b2);
    ent_buf_release(&b3);
    free(v1);
    free(v2);
    free(v3);
    free(back);
}

static void test_only_the_owner_changes_it(void **state)
{
    struct who me = someone("me"), thief = someone("me"), a = someone("alpha");
    struct ent_pact *v1 = new_pact(), *v2 = new_pact(), *back = new_pact();
    struct ent_buf b1, b2;
    struct ent_diag d = {0};
    (void)state;
    ent_pact_found(v1, &me.m);
    sign(&b1, v1, &me);
    assert_ok(ent_pact_add(v2, v1, &a.m));
    sign(&b2, v2, &thief);
    assert_err(ent_pact_parse(back, ent_buf_slice(&b2), v1, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "pact not signed by the root key of its owner");
    ent_buf_release(&b2);
    v2->member[0] = thief.m; /* nor by writing their own key into the new version */
    sign(&b2, v2, &thief);
    assert_err(ent_pact_parse(back, ent_buf_slice(&b2), v1, &d), ENT_E_AUTH);
    ent_buf_release(&b1);
    ent_buf_release(&b2);
    free(v1);
    free(v2);
    free(back);
}

static void test_adding(void **state)
{
    struct who me = someone("me"), a = someone("alpha"), fresh = someone("alpha");
    struct who copy = someone("copycat");
    struct ent_pact *v1 = new_pact(), *v2 = new_pact(), *v3 = new_pact();
    struct ent_buf b;
    (void)state;
    ent_pact_found(v1, &me.m);
    sign(&b, v1, &me);
    ent_buf_release(&b);
    assert_err(ent_pact_add(v2, v1, &me.m), ENT_E_POLICY);
    assert_ok(ent_pact_add(v2, v1, &a.m));
    assert_err(ent_pact_add(v3, v2, &a.m), ENT_E_EXISTS);
    copy.m.tls = a.m.tls;
    assert_err(ent_pact_add(v3, v2, &copy.m), ENT_E_POLICY);
    assert_ok(ent_pact_add(v3, v2, &fresh.m)); /* the same member with new keys */
    assert_int_equal(v3->members, 2);
    assert_memory_equal(ent_pact_member(v3, "alpha")->tls.b, fresh.m.tls.b, 32);
    for (int i = 0; v2->members < ENT_PACT_MEMBERS; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "m%d", i);
        struct who w = someone(name);
        *v1 = *v2;
        assert_ok(ent_pact_add(v2, v1, &w.m));
    }
    struct who last = someone("last");
    assert_err(ent_pact_add(v3, v2, &last.m), ENT_E_LIMIT);
    sign(&b, v2, &me); /* a full pact still fits into a note */
    ent_buf_release(&b);
    free(v1);
    free(v2);
    free(v3);
}

/* --- decisions ----------------------------------------------------------------------------------
 */

static void test_decisions(void **state)
{
    struct who me = someone("me"), a = someone("alpha");
    struct ent_pact *v1 = new_pact(), *p = new_pact();
    (void)state;
    ent_pact_found(v1, &me.m);
    assert_ok(ent_pact_add(p, v1, &a.m));
    p->budget = (struct ent_budget){100, 3600};
    const struct {
        struct ent_match_wish w;
        enum ent_verdict want;
    } cases[] = {
        {{"alpha", 50, 1000, 0}, ENT_ALLOWED},
        {{"alpha", 50, 1000, 50}, ENT_ALLOWED},
        {{"alpha", 51, 1000, 50}, ENT_DENIED_BUDGET},
        {{"alpha", 1, 1000, 100}, ENT_DENIED_BUDGET},
        {{"alpha", 1, 1000, UINT64_MAX}, ENT_DENIED_BUDGET},
        {{"alpha", UINT64_MAX, UINT64_MAX, 1}, ENT_DENIED_BUDGET},
        {{"alpha", 50, 49, 0}, ENT_DENIED_SIZE},
        {{"alpha", 0, 1000, 0}, ENT_DENIED_EMPTY},
        {{"beta", 1, 1000, 0}, ENT_DENIED_STRANGER},
        {{"me", 1, 1000, 0}, ENT_DENIED_SELF},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(ent_pact_decide_match(p, &cases[i].w), cases[i].want);
    for (int v = 1; v < ENT_VERDICTS; v++) {
        enum ent_verdict back;
        assert_ok(ent_verdict_parse(&back, ent_slice_str(ent_verdict_word((enum ent_verdict)v))));
        assert_int_equal(back, v);
        assert_non_null(ent_verdict_text(back));
    }
    enum ent_verdict v;
    assert_err(ent_verdict_parse(&v, ENT_SLICE_LIT("allowed")), ENT_E_FORMAT); /* no refusal */
    assert_int_equal(ent_budget_period(&p->budget, 7199), 1);
    assert_int_equal(ent_budget_period(&p->budget, -5), 0);
    free(v1);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_a_card_with_a_stolen_key_is_refused),
        cmocka_unit_test(test_cards_that_would_deceive),
        cmocka_unit_test(test_versions_follow_one_another),
        cmocka_unit_test(test_only_the_owner_changes_it),
        cmocka_unit_test(test_adding),
        cmocka_unit_test(test_decisions),
    };
    return ent_t_run("pact", tests);
}
