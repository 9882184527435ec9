/* test_pact.c: cards, the text of a version, its votes, and decisions. */
#include "tests/support/pacts.h"

/* --- cards --------------------------------------------------------------------------------------
 */

static void make_card(struct ent_buf *b, const struct who *w)
{
    ent_buf_init(b, ENT_CARD_MAX + 100);
    assert_ok(ent_card_make(b, &w->m, 1534723200, &w->seed.root));
}

static void card_fails(const struct who *w, enum ent_err e, const char *text)
{
    struct ent_member m;
    struct ent_diag d = {0};
    struct ent_buf b;
    make_card(&b, w);
    assert_err(ent_card_parse(&m, ent_buf_slice(&b), &d), e);
    assert_string_equal(d.text, text);
    ent_buf_release(&b);
}

static const char not_a_card[] = "not a member's card (entente member export makes one)";
static const char not_held[] = "card with a key that is not shown to be its member's";

static void test_cards(void **state)
{
    struct who w = who_is("alpha");
    struct ent_member m;
    struct ent_buf b, again;
    (void)state;
    make_card(&b, &w);
    assert_ok(ent_card_parse(&m, ent_buf_slice(&b), NULL));
    w.m = m;
    make_card(&again, &w);
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&again)));
    for (size_t i = 0; i < b.n; i++) {
        for (int bit = 0; bit < 8; bit += 3) {
            b.p[i] ^= (uint8_t)(1 << bit);
            assert_int_not_equal(ent_card_parse(&m, ent_buf_slice(&b), NULL), ENT_OK);
            b.p[i] ^= (uint8_t)(1 << bit);
        }
        assert_int_not_equal(ent_card_parse(&m, ent_slice(b.p, i), NULL), ENT_OK);
    }
    ent_buf_release(&b);
    ent_buf_release(&again);
}

/* Somebody brings in another member's key as their own: they cannot prove that they hold it. */
static void test_stolen_keys(void **state)
{
    struct who victim = who_is("victim"), w;
    (void)state;
    w = who_is("alpha");
    w.m.tls = victim.m.tls; /* the proof of another member */
    card_fails(&w, ENT_E_AUTH, not_held);
    w = who_is("alpha");
    w.m.tls.pk = victim.m.tls.pk;
    card_fails(&w, ENT_E_AUTH, not_held);
    w = who_is("alpha");
    w.m.witness = w.m.mirror; /* the proof of another role */
    card_fails(&w, ENT_E_AUTH, not_held);
    w = who_is("victim");
    w.m.tls = victim.m.tls; /* the same name and role under another root key */
    card_fails(&w, ENT_E_AUTH, not_held);
    w = who_is("alpha");
    w.m.author[0].key = victim.m.author[0].key;
    card_fails(&w, ENT_E_AUTH, not_held);
    w = who_is("alpha");
    w.m.log[0].key = w.m.author[0].key;
    card_fails(&w, ENT_E_AUTH, not_held);
    w = who_is("alpha");
    ent_key_prove(&w.m.log[0].key, "alpha", ENT_ROLE_LOG, 2, &w.m.root.pk, &w.seed.log);
    card_fails(&w, ENT_E_AUTH, not_held);
    w = who_is("alpha");
    memset(&w.m.author[0].key.pk, 0, 32); /* not a point of the group */
    card_fails(&w, ENT_E_AUTH, not_held);
    w = who_is("alpha");
    w.seed.root = victim.seed.root;
    card_fails(&w, ENT_E_AUTH, "card not signed by its own root key");
}

static void test_cards_have_one_signature(void **state)
{
    struct who w = who_is("alpha"), x = who_is("beta");
    struct ent_member m;
    struct ent_diag d = {0};
    struct ent_buf b, big;
    struct ent_note note;
    (void)state;
    make_card(&b, &w);
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    assert_ok(ent_note_sign(&b, note.text.n, "beta/root", &x.seed.root));
    assert_err(ent_card_parse(&m, ent_buf_slice(&b), &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "card with more than its own signature");
    ent_buf_init(&big, 2 * ENT_CARD_MAX);
    while (big.n <= ENT_CARD_MAX)
        assert_ok(ent_buf_putc(&big, 'x'));
    assert_err(ent_card_parse(&m, ent_buf_slice(&big), &d), ENT_E_LIMIT);
    assert_string_equal(d.text, "too large for a member's card");
    ent_buf_release(&b);
    ent_buf_release(&big);
}

static void test_cards_that_would_deceive(void **state)
{
    static const char *const bad_display[] = {"", "a\x1b[31m", "a\342\200\256b", "a\\b"};
    static const char *const bad_url[] = {
        "http://x:1", "https://", "https://x/path", "https://x y", "https://\xc3\xa9:1",
        "ftp://x",    ""};
    static const char *const bad_name[] = {"", "Alpha", "1a", "a b", "a/b", "a_b"};
    struct ent_own_seeds seeds;
    struct ent_member m;
    struct ent_buf b;
    (void)state;
    ent_random(&seeds, sizeof(seeds));
    for (size_t i = 0; i < sizeof(bad_display) / sizeof(bad_display[0]); i++) {
        struct who w = who_is("alpha");
        (void)snprintf(w.m.display, sizeof(w.m.display), "%s", bad_display[i]);
        ent_buf_init(&b, ENT_CARD_MAX);
        if (ent_card_make(&b, &w.m, 0, &w.seed.root) == ENT_OK)
            assert_err(ent_card_parse(&m, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
        ent_buf_release(&b);
        assert_err(ent_member_make(&m, "alpha", bad_display[i], "-", &seeds), ENT_E_FORMAT);
    }
    for (size_t i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++) {
        struct who w = who_is("alpha");
        (void)snprintf(w.m.url, sizeof(w.m.url), "%s", bad_url[i]);
        card_fails(&w, ENT_E_FORMAT, not_a_card);
        assert_err(ent_member_make(&m, "alpha", "A", bad_url[i], &seeds), ENT_E_FORMAT);
    }
    for (size_t i = 0; i < sizeof(bad_name) / sizeof(bad_name[0]); i++) {
        struct who w = who_is("alpha");
        (void)snprintf(w.m.name, sizeof(w.m.name), "%s", bad_name[i]);
        assert_err(ent_member_make(&m, bad_name[i], "A", "-", &seeds), ENT_E_FORMAT);
        ent_buf_init(&b, ENT_CARD_MAX);
        if (ent_card_make(&b, &w.m, 0, &w.seed.root) == ENT_OK)
            assert_int_not_equal(ent_card_parse(&m, ent_buf_slice(&b), NULL), ENT_OK);
        ent_buf_release(&b);
    }
    assert_ok(ent_member_make(&m, "alpha", "A", "-", &seeds));
    assert_false(m.panel);
}

/* A card with these words in the place of those, signed again: what is not canonical is refused. */
static void edited_card_fails(const struct who *w, const char *from, const char *to)
{
    struct ent_buf b, edited;
    struct ent_note note;
    struct ent_member m;
    struct ent_diag d = {0};
    make_card(&b, w);
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    const uint8_t *at = memmem(note.text.p, note.text.n, from, strlen(from));
    assert_non_null(at);
    size_t head = (size_t)(at - note.text.p);
    ent_buf_init(&edited, ENT_CARD_MAX);
    assert_ok(ent_buf_put(&edited, note.text.p, head));
    assert_ok(ent_buf_puts(&edited, to));
    assert_ok(ent_buf_put(&edited, at + strlen(from), note.text.n - head - strlen(from)));
    assert_ok(ent_note_sign(&edited, edited.n, "alpha/root", &w->seed.root));
    assert_err(ent_card_parse(&m, ent_buf_slice(&edited), &d), ENT_E_FORMAT);
    assert_string_equal(d.text, not_a_card);
    ent_buf_release(&b);
    ent_buf_release(&edited);
}

static void test_cards_have_one_form(void **state)
{
    static const char *const edits[][2] = {{"member@v2", "member@v1"},
                                           {"\nlog 1 ", "\nlog 01 "},
                                           {"\nlog 1 ", "\nlog 2 "},
                                           {" open\n", " opened\n"},
                                           {" open\n", " open \n"},
                                           {" open\n", " closed 5\n"},
                                           {" 0 -\n", " 0 18446744073709551615\n"},
                                           {" 0 -\n", " 0 9223372036854775808\n"},
                                           {" 0 -\n", " 1 -\n"},
                                           {" 0 -\n", " 00 -\n"},
                                           {" 0 -\n", " 0  -\n"},
                                           {"panel yes", "panel Yes"},
                                           {"panel yes", "panel maybe"},
                                           {"panel yes\n", ""},
                                           {"\nroot ", "\nroot  "},
                                           {"\nmirror ", "\nwitness "},
                                           {"time ", "time 0"},
                                           {"time 1", "time -1"},
                                           {"display ", "displays "},
                                           {"url ", "uri "},
                                           {"time 1", "extra\ntime 1"},
                                           {"= ", " "},
                                           {"member alpha", "member  alpha"}};
    struct who w = who_is("alpha");
    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
        edited_card_fails(&w, edits[i][0], edits[i][1]);
}

static void test_fingerprints(void **state)
{
    struct who w = who_is("alpha"), x;
    char a[ENT_FINGERPRINT], b[ENT_FINGERPRINT];
    (void)state;
    ent_member_fingerprint(a, &w.m);
    assert_int_equal(strlen(a), ENT_FINGERPRINT - 1);
    for (int role = 0; role < ENT_ROLES; role++) {
        struct who other = who_is("alpha");
        struct ent_signed_key *key[] = {&x.m.root,   &x.m.tls,           &x.m.witness,
                                        &x.m.mirror, &x.m.author[0].key, &x.m.log[0].key};
        x = w;
        *key[role] = *ent_member_key(&other.m, (enum ent_role)role);
        ent_member_fingerprint(b, &x.m);
        assert_string_not_equal(a, b);
    }
    x = w;
    (void)snprintf(x.m.name, sizeof(x.m.name), "beta");
    ent_member_fingerprint(b, &x.m);
    assert_string_not_equal(a, b);
    x = w;
    (void)snprintf(x.m.url, sizeof(x.m.url), "https://elsewhere:1"); /* no key */
    ent_member_fingerprint(b, &x.m);
    assert_string_equal(a, b);
}

/* --- versions -----------------------------------------------------------------------------------
 */

static void test_versions_follow_one_another(void **state)
{
    struct who w[4] = {who_is("alpha"), who_is("beta"), who_is("gamma"), who_is("delta")};
    struct ent_pact *v1 = pact_of(w, 3), *v2 = pact_new(), *v3 = pact_new(), *back = pact_new();
    struct ent_buf b1 = {0}, b2 = {0}, b3 = {0};
    struct ent_diag d = {0};
    (void)state;
    pact_vote(&b1, v1, 0, w, 3);
    assert_ok(ent_pact_parse(back, ent_buf_slice(&b1), NULL, &d));
    assert_memory_equal(back->hash.b, v1->hash.b, 32);
    assert_memory_equal(back->id.b, v1->hash.b, 32);
    ent_pact_next(v2, v1);
    assert_ok(ent_next_put(v2, &d, &w[3].m));
    pact_vote(&b2, v2, 7, w, 3);
    assert_ok(ent_pact_parse(back, ent_buf_slice(&b2), v1, &d));
    assert_int_equal(back->members, 4);
    assert_int_equal(back->round, 7);
    assert_non_null(ent_pact_member(back, "delta"));
    assert_null(ent_pact_member(back, "epsilon"));
    assert_ptr_equal(ent_pact_member_by_tls(back, &w[3].m.tls.pk), ent_pact_member(back, "delta"));
    assert_memory_equal(back->prev.b, v1->hash.b, 32);
    assert_memory_equal(back->id.b, v1->hash.b, 32);
    ent_pact_next(v3, v2);
    assert_ok(ent_next_name(v3, &d, "Another name"));
    pact_vote(&b3, v3, 0, w, 4);
    assert_ok(ent_pact_parse(back, ent_buf_slice(&b3), v2, &d));

    assert_err(ent_pact_parse(back, ent_buf_slice(&b2), NULL, &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "the pact's first version is missing");
    assert_err(ent_pact_parse(back, ent_buf_slice(&b3), v1, &d), ENT_E_AUTH); /* version + 2 */
    assert_string_equal(d.text, "pact version does not follow the one before it");
    assert_err(ent_pact_parse(back, ent_buf_slice(&b1), v1, &d), ENT_E_AUTH);
    assert_err(ent_pact_parse(back, ent_buf_slice(&b2), v2, &d), ENT_E_AUTH);
    v3->prev.b[5] ^= 1;
    pact_refused(v2, v3, w, 4, ENT_E_AUTH, "pact version does not follow the one before it");
    v3->prev.b[5] ^= 1;
    v3->id.b[5] ^= 1;
    pact_refused(v2, v3, w, 4, ENT_E_AUTH, "pact version does not follow the one before it");
    v3->id.b[5] ^= 1;
    v3->version++;
    pact_refused(v2, v3, w, 4, ENT_E_AUTH, "pact version does not follow the one before it");
    ent_buf_release(&b1);
    ent_buf_release(&b2);
    ent_buf_release(&b3);
    free(v1);
    free(v2);
    free(v3);
    free(back);
}

/* No more votes than it takes, so that a vote that does not count is one too few. */
static void test_every_flipped_bit_is_refused(void **state)
{
    struct who w[3] = {who_is("alpha"), who_is("beta"), who_is("gamma")};
    struct ent_pact *v1 = pact_founded(w, 2), *v2 = pact_new(), *back = pact_new();
    struct ent_buf b = {0};
    (void)state;
    ent_pact_next(v2, v1);
    assert_ok(ent_next_put(v2, NULL, &w[2].m));
    assert_ok(ent_next_dispute(
        v2, NULL, &(struct ent_dispute){"alpha", 1, 5, ENT_INDEX_NONE, "key was stolen"}));
    pact_vote(&b, v2, 0, w, 3);
    assert_ok(ent_pact_parse(back, ent_buf_slice(&b), v1, NULL));
    for (size_t i = 0; i < b.n; i++) {
        uint8_t bit = (uint8_t)(1 << ent_t_below(8));
        b.p[i] ^= bit;
        assert_int_not_equal(ent_pact_parse(back, ent_buf_slice(&b), v1, NULL), ENT_OK);
        b.p[i] ^= bit;
    }
    for (size_t i = 0; i < b.n; i += 1 + ent_t_below(40))
        assert_int_not_equal(ent_pact_parse(back, ent_slice(b.p, i), v1, NULL), ENT_OK);
    assert_ok(ent_buf_putc(&b, '\n'));
    assert_err(ent_pact_parse(back, ent_buf_slice(&b), v1, NULL), ENT_E_FORMAT);
    ent_buf_release(&b);
    free(v1);
    free(v2);
    free(back);
}

/* The text with these words in the place of those; from == NULL: as it is. */
static enum ent_err edited(const struct ent_pact *v1, const char *from, const char *to,
                           struct ent_diag *d)
{
    struct ent_pact *p = pact_new(), *back = pact_new();
    struct ent_buf text, b;
    *p = *v1;
    ent_buf_init(&text, ENT_PACT_MAX);
    ent_buf_init(&b, ENT_PACT_MAX);
    assert_ok(ent_pact_encode(&text, p));
    const uint8_t *at = memmem(text.p, text.n, from, strlen(from));
    assert_non_null(at);
    size_t head = (size_t)(at - text.p);
    assert_ok(ent_buf_put(&b, text.p, head));
    assert_ok(ent_buf_puts(&b, to));
    assert_ok(ent_buf_put(&b, at + strlen(from), text.n - head - strlen(from)));
    enum ent_err r = ent_pact_parse_text(back, ent_buf_slice(&b), NULL, d);
    ent_buf_release(&text);
    ent_buf_release(&b);
    free(p);
    free(back);
    return r;
}

static void test_versions_have_one_form(void **state)
{
    static const char *const edits[][2] = {
        {"pact@v2", "pact@v1"},
        {"version 1\n", "version 01\n"},
        {"version 1\n", "version 0\n"},
        {"version 1\n", "version 1 \n"},
        {"version 1\n", "version 1\nid AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"},
        {"name Election defence\n", "name\n"},
        {"name Election defence\n", "name \n"},
        {"name Election", "name Ele\\ction"},
        {"name Election", "name \xe2\x80\xaexlection"},
        {"algorithms ed25519", "algorithms ed25519ph"},
        {"expires -", "expires 0"},
        {"expires -", "expires -1"},
        {"expires -", "expires never"},
        {"expires -", "expires 9223372036854775808"},
        {"threshold members 2", "threshold members 02"},
        {"threshold members 2", "threshold rules 2"},
        {"threshold disputes 2\n", ""},
        {"witnesses 2", "witnesses +2"},
        {"budget 1000000 2592000", "budget 1000000 0"},
        {"budget 1000000 2592000", "budget 1000000"},
        {"budget 1000000", "budget 1e6"},
        {"TLP:AMBER+STRICT", "TLP:amber+strict"},
        {"TLP:AMBER+STRICT", "TLP:WHITE"},
        {"minimum ", "minimum  "},
        {"member alpha", "member zeta"}, /* not in order */
        {"member beta", "member alpha"},
        {"panel yes\n", "panel yes\n\n"},
        {"panel yes\n", "panel yes\r\n"},
        {"panel yes\nmember", "panel yes\ndispute alpha 1 5 - x\nmember"},
    };
    struct who w[2] = {who_is("alpha"), who_is("beta")};
    struct ent_pact *v1 = pact_of(w, 2);
    struct ent_diag d = {0};
    (void)state;
    assert_ok(edited(v1, "name", "name", &d));
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        enum ent_err r = edited(v1, edits[i][0], edits[i][1], &d);
        if (r != ENT_E_FORMAT && r != ENT_E_LIMIT)
            printf("# %s: %s\n", edits[i][0], edits[i][1]);
        assert_true(r == ENT_E_FORMAT || r == ENT_E_LIMIT);
        assert_true(strcmp(d.text, "malformed pact") == 0 ||
                    strcmp(d.text, "more in a pact than there may be") == 0);
    }
    free(v1);
}

static void test_disputes_have_one_form(void **state)
{
    static const char *const edits[][2] = {
        {"alpha 1 5 9 why", "alpha 1 5 5 why"},   {"alpha 1 5 9 why", "alpha 1 5 4 why"},
        {"alpha 1 5 9 why", "alpha 1 5 9"},       {"alpha 1 5 9 why", "alpha 1 5 9 "},
        {"alpha 1 5 9 why", "alpha 1 - 9 why"},   {"alpha 1 5 9 why", "alpha 1 9 - why"},
        {"alpha 1 5 9 why", "alpha 1 10 11 why"}, {"alpha 1 5 9 why", "alpha 1 05 9 why"},
        {"alpha 1 5 9 why", "alpha 9 5 9 why"},   {"alpha 1 5 9 why", "beta 1 5 9 why"},
        {"alpha 1 5 9 why", "alpha 1 5 9 w\x1b"},
    };
    struct who w[2] = {who_is("alpha"), who_is("beta")};
    struct ent_pact *v1 = pact_of(w, 2);
    struct ent_dispute x = {"alpha", 1, 5, 9, "why"}, y = {"alpha", 1, 9, ENT_INDEX_NONE, "so"};
    struct ent_diag d = {0};
    (void)state;
    assert_ok(ent_next_dispute(v1, NULL, &y));
    assert_ok(ent_next_dispute(v1, NULL, &x));
    assert_ok(edited(v1, "name", "name", &d));
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
        assert_int_not_equal(edited(v1, edits[i][0], edits[i][1], &d), ENT_OK);
    assert_err(edited(v1, "alpha 1 5 9 why", "alpha 2 5 9 why", &d), ENT_E_FORMAT); /* order */
    assert_err(edited(v1, "dispute alpha 1 9 - so", "dispute alpha 2 9 - so", &d), ENT_E_POLICY);
    assert_string_equal(d.text, "a dispute about a log that is not in the pact");
    assert_err(edited(v1, "dispute alpha 1 9 - so", "dispute omega 1 9 - so", &d), ENT_E_POLICY);
    free(v1);
}

/* --- votes --------------------------------------------------------------------------------------
 */

static void test_every_founder_signs(void **state)
{
    struct who w[4] = {who_is("alpha"), who_is("beta"), who_is("gamma"), who_is("delta")};
    struct who thief = who_is("beta");
    struct ent_pact *v1 = pact_of(w, 3), *back = pact_new();
    struct ent_buf b = {0};
    struct ent_diag d = {0};
    (void)state;
    pact_refused(NULL, v1, w, 2, ENT_E_AUTH, "the first version is not signed by every founder");
    pact_refused(NULL, v1, w, 4, ENT_E_AUTH, "signed by a key that has no vote");
    pact_refused(NULL, v1, (struct who[]){w[0], thief, w[2]}, 3, ENT_E_AUTH,
                 "signed by a key that has no vote");
    pact_refused(NULL, v1, (struct who[]){w[0], w[1], w[2], w[1]}, 4, ENT_E_AUTH,
                 "a vote does not hold, or is there twice");
    pact_vote(&b, v1, 0, w, 2);
    size_t text_n = 0;
    struct ent_note note;
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    text_n = note.text.n;
    assert_ok(ent_pact_sign(&b, text_n, v1, 1, "gamma", &w[2].seed.root));
    assert_err(ent_pact_parse(back, ent_buf_slice(&b), NULL, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "votes of more than one round");
    /* A signature of the same key for something else is no vote. */
    pact_vote(&b, v1, 0, w, 2);
    assert_ok(ent_note_sign(&b, text_n, "gamma/root", &w[2].seed.root));
    assert_err(ent_pact_parse(back, ent_buf_slice(&b), NULL, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "signed by a key that has no vote");
    ent_buf_release(&b);
    free(v1);
    free(back);
}

static void test_votes_are_for_one_version(void **state)
{
    struct who w[1] = {who_is("alpha")};
    struct ent_pact *v1 = pact_of(w, 1), *other = pact_new(), *back = pact_new();
    struct ent_buf b = {0};
    struct ent_diag d = {0};
    (void)state;
    *other = *v1;
    assert_ok(ent_next_name(other, NULL, "Another pact"));
    ent_buf_init(&b, ENT_PACT_MAX);
    assert_ok(ent_pact_encode(&b, v1));
    ent_buf_clear(&b);
    assert_ok(ent_pact_encode(&b, other));
    assert_ok(ent_pact_sign(&b, b.n, v1, 0, "alpha", &w[0].seed.root)); /* for another text */
    assert_err(ent_pact_parse(back, ent_buf_slice(&b), NULL, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "a vote does not hold, or is there twice");
    ent_buf_release(&b);
    free(v1);
    free(other);
    free(back);
}

static void test_too_large(void **state)
{
    struct ent_pact *back = pact_new();
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 2 * ENT_PACT_MAX);
    while (b.n <= ENT_PACT_MAX)
        assert_ok(ent_buf_puts(&b, "x\n"));
    assert_err(ent_pact_parse(back, ent_buf_slice(&b), NULL, &d), ENT_E_LIMIT);
    assert_string_equal(d.text, "too large for a pact");
    assert_err(ent_pact_parse_text(back, ent_slice(b.p, ENT_PACT_TEXT_MAX + 1), NULL, &d),
               ENT_E_LIMIT);
    assert_err(ent_pact_parse_text(back, ent_slice(b.p, 0), NULL, &d), ENT_E_FORMAT);
    ent_buf_release(&b);
    free(back);
}

/* --- decisions ----------------------------------------------------------------------------------
 */

#define NOW 1534723200

static void test_decisions(void **state)
{
    struct who w[3] = {who_is("me"), who_is("alpha"), who_is("gone")};
    struct ent_pact *p = pact_of(w, 3), *v2 = pact_new();
    (void)state;
    p->budget = (struct ent_budget){100, 3600};
    p->expires = NOW;
    ent_pact_next(v2, p);
    assert_ok(ent_next_remove(v2, NULL, "gone"));
    const struct {
        struct ent_match_wish w;
        enum ent_verdict want;
    } cases[] = {
        {{"me", "alpha", 50, 1000, 0, NOW, false, false}, ENT_ALLOWED},
        {{"me", "alpha", 50, 1000, 50, NOW, false, false}, ENT_ALLOWED},
        {{"me", "alpha", 51, 1000, 50, NOW, false, false}, ENT_DENIED_BUDGET},
        {{"me", "alpha", 1, 1000, 100, NOW, false, false}, ENT_DENIED_BUDGET},
        {{"me", "alpha", 1, 1000, UINT64_MAX, NOW, false, false}, ENT_DENIED_BUDGET},
        {{"me", "alpha", UINT64_MAX, UINT64_MAX, 1, NOW, false, false}, ENT_DENIED_BUDGET},
        {{"me", "alpha", 50, 49, 0, NOW, false, false}, ENT_DENIED_SIZE},
        {{"me", "alpha", 0, 1000, 0, NOW, false, false}, ENT_DENIED_EMPTY},
        {{"me", "beta", 1, 1000, 0, NOW, false, false}, ENT_DENIED_STRANGER},
        {{"me", "gone", 1, 1000, 0, NOW, false, false}, ENT_DENIED_STRANGER},
        {{"me", "me", 1, 1000, 0, NOW, false, false}, ENT_DENIED_SELF},
        {{"gone", "alpha", 1, 1000, 0, NOW, false, false}, ENT_DENIED_NO_PACT},
        {{"me", "alpha", 1, 1000, 0, NOW + 1, false, false}, ENT_DENIED_EXPIRED},
        {{"me", "alpha", 1, 1000, 0, NOW, true, false}, ENT_DENIED_EXPOSED},
        {{"me", "alpha", 1, 1000, 0, NOW, false, true}, ENT_DENIED_WITHDRAWN},
        {{"me", "alpha", 1, 1000, 0, NOW, true, true}, ENT_DENIED_WITHDRAWN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(ent_pact_decide_match(v2, &cases[i].w), cases[i].want);
    assert_int_equal(ent_pact_decide_match(NULL, &cases[0].w), ENT_DENIED_NO_PACT);
    free(p);
    free(v2);
}

static void test_disputed(void **state)
{
    struct who w[3] = {who_is("me"), who_is("alpha"), who_is("beta")};
    struct ent_pact *p = pact_of(w, 3);
    struct ent_match_wish wish = {"me", "alpha", 1, 10, 0, NOW, false, false};
    struct ent_dispute past = {"alpha", 1, 5, 9, "these were not ours"};
    struct ent_dispute open = {"alpha", 1, 20, ENT_INDEX_NONE, "the key was stolen"};
    struct ent_member *m = &p->member[0];
    struct ent_hash32 head = {{1}};
    (void)state;
    assert_string_equal(m->name, "alpha");
    assert_ok(ent_next_dispute(p, NULL, &past)); /* what it says now is not in it */
    assert_int_equal(ent_pact_decide_match(p, &wish), ENT_ALLOWED);
    assert_ok(ent_next_dispute(p, NULL, &open));
    assert_int_equal(ent_pact_decide_match(p, &wish), ENT_DENIED_DISPUTED);
    wish.partner = "beta";
    assert_int_equal(ent_pact_decide_match(p, &wish), ENT_ALLOWED);
    wish.partner = "alpha";
    struct ent_seed32 seed = {{7}};
    struct ent_signed_key key;
    ent_key_prove(&key, "alpha", ENT_ROLE_LOG, 2, &m->root.pk, &seed);
    assert_ok(ent_next_close_log(p, NULL, "alpha", 20, &head));
    assert_ok(ent_next_open_log(p, NULL, "alpha", &key)); /* a new log is not in dispute */
    assert_int_equal(ent_pact_decide_match(p, &wish), ENT_ALLOWED);
    free(p);
}

static void test_words_of_refusal(void **state)
{
    struct ent_budget budget = {100, 3600};
    enum ent_verdict back;
    (void)state;
    for (int v = 1; v < ENT_VERDICTS; v++) {
        assert_ok(ent_verdict_parse(&back, ent_slice_str(ent_verdict_word((enum ent_verdict)v))));
        assert_int_equal(back, v);
        assert_non_null(ent_verdict_text(back));
    }
    assert_err(ent_verdict_parse(&back, ENT_SLICE_LIT("allowed")), ENT_E_FORMAT); /* no refusal */
    assert_err(ent_verdict_parse(&back, ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_err(ent_verdict_parse(&back, ENT_SLICE_LIT("Expired")), ENT_E_FORMAT);
    assert_int_equal(ent_budget_period(&budget, 7199), 1);
    assert_int_equal(ent_budget_period(&budget, -5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_stolen_keys),
        cmocka_unit_test(test_cards_have_one_signature),
        cmocka_unit_test(test_cards_that_would_deceive),
        cmocka_unit_test(test_cards_have_one_form),
        cmocka_unit_test(test_fingerprints),
        cmocka_unit_test(test_versions_follow_one_another),
        cmocka_unit_test(test_every_flipped_bit_is_refused),
        cmocka_unit_test(test_versions_have_one_form),
        cmocka_unit_test(test_disputes_have_one_form),
        cmocka_unit_test(test_every_founder_signs),
        cmocka_unit_test(test_votes_are_for_one_version),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_disputed),
        cmocka_unit_test(test_words_of_refusal),
    };
    return ent_t_run("pact", tests);
}
