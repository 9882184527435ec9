/* test_pact_change.c: what a version may change, whose votes it takes, and drafts. */
#include "tests/support/pacts.h"

#define REASON "the key was stolen"

static struct ent_pact *draft_of(const struct ent_pact *now)
{
    struct ent_pact *p = pact_new();
    ent_pact_next(p, now);
    return p;
}

static struct ent_seed32 fresh_seed(void)
{
    struct ent_seed32 s;
    ent_random(s.b, sizeof(s.b));
    return s;
}

static struct ent_signed_key fresh_key(const struct ent_member *m, enum ent_role role,
                                       unsigned generation)
{
    struct ent_seed32 seed = fresh_seed();
    struct ent_signed_key key;
    struct ent_pubkey root = m->root.pk;
    if (role == ENT_ROLE_ROOT)
        ent_sign_public(&root, &seed);
    ent_key_prove(&key, m->name, role, generation, &root, &seed);
    return key;
}

/* --- votes --------------------------------------------------------------------------------------
 */

static const char few_before[] = "not enough votes of the members before it";
static const char few_after[] = "not enough votes of its own members";

static void test_one_vote_too_few(void **state)
{
    struct who w[4];
    (void)state;
    who_are(w, 4);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    assert_int_equal(now->threshold[ENT_CHANGE_RULES], 3);
    assert_ok(ent_next_name(p, NULL, "Another name"));
    pact_refused(now, p, w, 2, ENT_E_AUTH, few_before);
    pact_refused(now, p, (struct who[]){w[0], w[1], w[1]}, 3, ENT_E_AUTH,
                 "a vote does not hold, or is there twice");
    pact_advance(now, p, w + 1, 3);
    assert_string_equal(now->name, "Another name");
    free(now);
    free(p);
}

static void test_new_members_vote_too(void **state)
{
    struct who w[6];
    (void)state;
    who_are(w, 6);
    struct ent_pact *now = pact_founded(w, 3), *p = draft_of(now);
    struct ent_pact_needs needs;
    for (size_t i = 3; i < 6; i++)
        assert_ok(ent_next_put(p, NULL, &w[i].m));
    ent_pact_needs(&needs, p, now);
    assert_int_equal(needs.before, 3);
    assert_int_equal(needs.after, 5);
    pact_refused(now, p, w, 3, ENT_E_AUTH, few_after);
    pact_refused(now, p, w, 4, ENT_E_AUTH, few_after);
    pact_refused(now, p, w + 1, 5, ENT_E_AUTH, few_before);
    pact_advance(now, p, w, 5);
    free(now);
    free(p);
}

/* Nobody can be kept who wants to leave, but it is the others who make it so. */
static void test_removing_oneself(void **state)
{
    struct who w[4];
    struct ent_diag d = {0};
    (void)state;
    who_are(w, 4);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    assert_ok(ent_next_remove(p, NULL, "m00"));
    pact_refused(now, p, w, 1, ENT_E_AUTH, few_before);
    pact_refused(now, p, w, 3, ENT_E_AUTH, few_after); /* who goes does not count as who stays */
    pact_advance(now, p, w, 4);
    assert_null(ent_pact_member(now, "m00"));
    assert_non_null(ent_pact_former(now, "m00"));
    struct ent_pact *last = pact_founded(w, 1), *q = draft_of(last);
    assert_err(ent_next_remove(q, &d, "m00"), ENT_E_POLICY);
    assert_string_equal(d.text, "the last member cannot be removed");
    q->members = 0;
    pact_refused(last, q, w, 1, ENT_E_POLICY, "a pact without members");
    free(now);
    free(p);
    free(last);
    free(q);
}

static void test_classes(void **state)
{
    struct who w[8];
    struct ent_pact_needs needs;
    (void)state;
    who_are(w, 8);
    struct ent_pact *now = pact_of(w, 7), *p = pact_new();
    assert_ok(ent_next_threshold(now, NULL, ENT_CHANGE_RULES, 6));
    assert_ok(ent_next_threshold(now, NULL, ENT_CHANGE_DISPUTES, 4));
    for (int i = 0; i < 8; i++) {
        static const struct {
            unsigned classes, before, after;
        } want[] = {{1u << ENT_CHANGE_RULES, 6, 6},
                    {1u << ENT_CHANGE_DISPUTES, 4, 4},
                    {1u << ENT_CHANGE_MEMBERS, 5, 5},
                    {1u << ENT_CHANGE_MEMBERS, 5, 5},
                    {7, 6, 6},
                    {1u << ENT_CHANGE_RULES, 6, 5},
                    {1u << ENT_CHANGE_MEMBERS | 1u << ENT_CHANGE_RULES, 6, 6},
                    {0, 6, 6}};
        struct ent_dispute x = {"m01", 1, 5, ENT_INDEX_NONE, REASON};
        struct ent_signed_key key = fresh_key(&w[1].m, ENT_ROLE_TLS, 0);
        ent_pact_next(p, now);
        if (i == 0)
            assert_ok(ent_next_minimum(p, NULL, ENT_TLP_RED));
        if (i == 1)
            assert_ok(ent_next_dispute(p, NULL, &x));
        if (i == 2)
            (void)snprintf(p->member[3].url, sizeof(p->member[3].url), "-");
        if (i == 3)
            assert_ok(ent_next_rotate(p, NULL, "m01", ENT_ROLE_TLS, &key, 0));
        if (i == 4) /* five of seven is the default and follows, four of eight is no majority */
            assert_ok(ent_next_put(p, NULL, &w[7].m));
        if (i == 5)
            assert_ok(ent_next_threshold(p, NULL, ENT_CHANGE_RULES, 5));
        if (i == 6) /* whoever may only change rules cannot make it easier to change members */
            assert_ok(ent_next_threshold(p, NULL, ENT_CHANGE_MEMBERS, 4));
        ent_pact_needs(&needs, p, now);
        assert_int_equal(needs.classes, want[i].classes);
        assert_int_equal(needs.before, want[i].before);
        assert_int_equal(needs.after, want[i].after);
    }
    free(now);
    free(p);
}

static void test_thresholds(void **state)
{
    struct who w[5];
    (void)state;
    who_are(w, 5);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    for (size_t c = 0; c < ENT_CHANGES; c++) {
        ent_pact_next(p, now);
        p->threshold[c] = 2;
        pact_refused(now, p, w, 4, ENT_E_POLICY, "a threshold of half of the members or less");
        p->threshold[c] = 0;
        pact_refused(now, p, w, 4, ENT_E_POLICY, "a threshold of half of the members or less");
        p->threshold[c] = 5;
        pact_refused(now, p, w, 4, ENT_E_POLICY, "a threshold of more than there are members");
    }
    ent_pact_next(p, now);
    p->k = 0;
    pact_refused(now, p, w, 4, ENT_E_POLICY, "witnesses must be from 1 to the size of the panel");
    p->k = 5;
    pact_refused(now, p, w, 4, ENT_E_POLICY, "witnesses must be from 1 to the size of the panel");
    p->k = 2;
    assert_false(ent_pact_is_weak(now));
    assert_true(ent_pact_is_weak(p)); /* allowed, and told */
    pact_advance(now, p, w, 3);
    assert_true(ent_pact_is_weak(now));
    struct ent_pact *five = pact_of(w, 5);
    assert_int_equal(five->threshold[0], 4);
    assert_false(ent_pact_is_weak(five));
    assert_ok(ent_next_threshold(five, NULL, ENT_CHANGE_DISPUTES, 3));
    assert_true(ent_pact_is_weak(five));
    for (size_t n = 1; n <= ENT_PACT_MEMBERS; n++) {
        assert_true(ent_pact_default_threshold(n) * 3 > 2 * n);
        assert_true(ent_pact_default_threshold(n) <= n);
    }
    free(now);
    free(p);
    free(five);
}

/* With a new root key: the old one votes among the old members, the new one among the new. */
static void test_a_new_root_key(void **state)
{
    struct who w[4], old;
    struct ent_seed32 seed = fresh_seed();
    struct ent_signed_key key;
    struct ent_pubkey pk;
    (void)state;
    who_are(w, 4);
    old = w[0];
    ent_sign_public(&pk, &seed);
    ent_key_prove(&key, "m00", ENT_ROLE_ROOT, 0, &pk, &seed);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    assert_ok(ent_next_rotate(p, NULL, "m00", ENT_ROLE_ROOT, &key, 0));
    w[0].seed.root = seed;
    pact_refused(now, p, w, 3, ENT_E_AUTH, few_before);
    pact_refused(now, p, (struct who[]){old, w[1], w[2]}, 3, ENT_E_AUTH, few_after);
    pact_advance(now, p, (struct who[]){old, w[0], w[1], w[2]}, 4);
    ent_pact_next(p, now);
    assert_ok(ent_next_name(p, NULL, "Another name"));
    pact_refused(now, p, (struct who[]){old, w[1], w[2]}, 3, ENT_E_AUTH,
                 "signed by a key that has no vote");
    pact_advance(now, p, w, 3);
    free(now);
    free(p);
}

/* --- what no version may say --------------------------------------------------------------------
 */

/* A pact of four in which m00 has an author key of the past and a closed log. */
static struct ent_pact *with_a_past(struct who w[static 4])
{
    struct ent_hash32 head = {{7}};
    who_are(w, 4);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    struct ent_signed_key author = fresh_key(&w[0].m, ENT_ROLE_AUTHOR, 0);
    struct ent_signed_key log = fresh_key(&w[0].m, ENT_ROLE_LOG, 2);
    assert_ok(ent_next_rotate(p, NULL, "m00", ENT_ROLE_AUTHOR, &author, 10));
    assert_ok(ent_next_close_log(p, NULL, "m00", 12, &head));
    assert_ok(ent_next_open_log(p, NULL, "m00", &log));
    pact_advance(now, p, w, 4);
    free(p);
    return now;
}

static const char past_author[] = "an author key of the past is not as it was";
static const char past_log[] = "a log of the past is not as it was";
static const char past_head[] = "the head of a closed log is not as it was";

static void test_the_past_stays(void **state)
{
    struct who w[4];
    (void)state;
    struct ent_pact *now = with_a_past(w), *p = draft_of(now);
    for (int i = 0; i < 12; i++) {
        static const char *const want[] = {past_author, past_author, past_author, past_author,
                                           past_log,    past_log,    past_head,   past_head,
                                           past_log,    past_author, past_log,    past_author};
        ent_pact_next(p, now);
        struct ent_member *m = &p->member[0];
        if (i == 0)
            m->author[0].until = 9; /* an end was given once */
        if (i == 1)
            m->author[1].from = 11;
        if (i == 2)
            m->author[0].key = fresh_key(m, ENT_ROLE_AUTHOR, 0);
        if (i == 3) {
            m->authors = 1;
            m->author[0].until = ENT_INDEX_NONE;
        }
        if (i == 4)
            m->logs = 1;
        if (i == 5)
            m->log[0].key = fresh_key(m, ENT_ROLE_LOG, 1);
        if (i == 6)
            m->log[0].size++;
        if (i == 7)
            m->log[0].root.b[0] ^= 1;
        if (i == 8)
            m->log[1].key = fresh_key(m, ENT_ROLE_LOG, 2);
        if (i == 9) {
            m->author[0] = m->author[1];
            m->author[0].from = 0;
            m->authors = 1;
        }
        if (i == 10) {
            m->log[1].closed = true;
            m->logs = 1;
        }
        if (i == 11)
            m->author[1].key = fresh_key(m, ENT_ROLE_AUTHOR, 0);
        pact_refused(now, p, w, 4, ENT_E_POLICY, want[i]);
    }
    ent_pact_next(p, now);
    p->member[0].log[0].closed = false; /* and no open log before another */
    pact_refused(now, p, w, 4, ENT_E_FORMAT, "malformed pact");
    ent_pact_next(p, now);
    p->member[0].author[1].until = 9; /* nor an end before the beginning */
    pact_refused(now, p, w, 4, ENT_E_FORMAT, "malformed pact");
    ent_pact_next(p, now);
    p->member[0].log[1].closed = true; /* nor an empty log with something in it */
    p->member[0].log[1].root.b[3] = 1;
    pact_refused(now, p, w, 4, ENT_E_FORMAT, "malformed pact");
    ent_pact_next(p, now);
    pact_refused(now, p, w, 4, ENT_E_POLICY, "a version that changes nothing");
    p->member[0].author[1].until = 10; /* a key that never was valid */
    p->member[0].log[1].closed = true;
    p->member[0].log[1].size = 3;
    pact_advance(now, p, w, 4);
    free(now);
    free(p);
}

static void test_members_begin_at_the_beginning(void **state)
{
    static const char begins[] = "a new member begins with one author key and one log";
    struct who w[5];
    struct ent_hash32 head = {{7}};
    (void)state;
    who_are(w, 5);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    struct ent_member m = w[4].m;
    assert_ok(ent_member_close_log(&m, NULL, 5, &head));
    assert_err(ent_next_put(p, NULL, &m), ENT_E_POLICY);
    for (int i = 0; i < 4; i++) {
        ent_pact_next(p, now);
        assert_ok(ent_next_put(p, NULL, &w[4].m));
        struct ent_member *in = &p->member[4];
        struct ent_signed_key author = fresh_key(in, ENT_ROLE_AUTHOR, 0);
        struct ent_signed_key log = fresh_key(in, ENT_ROLE_LOG, 2);
        if (i != 1 && i != 3)
            assert_ok(ent_member_close_log(in, NULL, 5, &head));
        if (i == 2)
            assert_ok(ent_member_open_log(in, NULL, &log));
        if (i == 1)
            assert_ok(ent_member_close_author(in, NULL, 7));
        if (i == 3)
            assert_ok(ent_member_add_author(in, NULL, &author, 7));
        pact_refused(now, p, w, 5, ENT_E_POLICY, begins);
    }
    free(now);
    free(p);
}

static void test_keys_are_shown_to_be_held(void **state)
{
    static const char not_held[] = "a key is not shown to be held by its member";
    struct who w[5];
    (void)state;
    who_are(w, 5);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    struct ent_signed_key was = now->member[0].tls, fresh = fresh_key(&w[0].m, ENT_ROLE_TLS, 0);
    struct ent_signed_key *in[] = {&p->member[0].tls, &p->member[0].author[0].key,
                                   &p->member[0].log[0].key};
    for (size_t i = 0; i < 3; i++) {
        in[i]->proof[3] ^= 1; /* even where the key is the same */
        pact_refused(now, p, w, 4, ENT_E_AUTH, not_held);
        ent_pact_next(p, now);
    }
    p->member[0].tls = fresh_key(&w[0].m, ENT_ROLE_MIRROR, 0); /* another role */
    pact_refused(now, p, w, 4, ENT_E_AUTH, not_held);
    p->member[0].tls = fresh_key(&w[1].m, ENT_ROLE_TLS, 0); /* another member */
    pact_refused(now, p, w, 4, ENT_E_AUTH, not_held);
    ent_pact_next(p, now);
    assert_ok(ent_next_put(p, NULL, &w[4].m));
    p->member[4].log[0].key = fresh_key(&w[4].m, ENT_ROLE_LOG, 2); /* another log */
    pact_refused(now, p, w, 5, ENT_E_AUTH, not_held);
    ent_pact_next(p, now);
    p->member[0].author[0].until = 7;
    p->member[0].author[1] =
        (struct ent_member_author){fresh_key(&w[1].m, ENT_ROLE_AUTHOR, 0), 7, ENT_INDEX_NONE};
    p->member[0].authors = 2;
    pact_refused(now, p, w, 4, ENT_E_AUTH, not_held);
    ent_pact_next(p, now);
    p->member[2].root = fresh_key(&w[2].m, ENT_ROLE_ROOT, 0); /* a root key speaks for itself */
    p->member[2].root.proof[63] ^= 1;
    pact_refused(now, p, w, 4, ENT_E_AUTH, not_held);
    ent_pact_next(p, now);
    assert_ok(ent_next_rotate(p, NULL, "m00", ENT_ROLE_TLS, &fresh, 0));
    pact_advance(now, p, w, 4);
    ent_pact_next(p, now);
    p->member[1].tls = was; /* what nobody uses any more, with the proof it had */
    pact_refused(now, p, w, 4, ENT_E_AUTH, not_held);
    free(now);
    free(p);
}

static void test_one_key_one_use(void **state)
{
    static const char two_places[] = "one key in two places";
    struct who w[5];
    (void)state;
    who_are(w, 5);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    struct ent_member *m = p->member;
    struct ent_seed32 seed = w[0].seed.author;
    p->member[1].tls = m[0].tls;
    pact_refused(now, p, w, 4, ENT_E_POLICY, two_places);
    ent_pact_next(p, now); /* held, and used for two things */
    ent_key_prove(&m[0].mirror, "m00", ENT_ROLE_MIRROR, 0, &m[0].root.pk, &seed);
    pact_refused(now, p, w, 4, ENT_E_POLICY, two_places);
    ent_pact_next(p, now);
    assert_ok(ent_next_remove(p, NULL, "m00"));
    pact_advance(now, p, w, 4);
    ent_pact_next(p, now); /* the key of somebody who is gone */
    ent_key_prove(&m[0].mirror, "m01", ENT_ROLE_MIRROR, 0, &m[0].root.pk, &seed);
    pact_refused(now, p, w + 1, 3, ENT_E_POLICY, two_places);
    free(now);
    free(p);
}

static void test_coming_back(void **state)
{
    static const char new_log[] = "who was removed comes back with a new log";
    struct who w[4], back;
    struct ent_hash32 head = {{7}};
    struct ent_diag d = {0};
    (void)state;
    who_are(w, 4);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    assert_ok(ent_next_remove(p, NULL, "m00"));
    pact_advance(now, p, w, 4);
    ent_pact_next(p, now);
    assert_err(ent_next_put(p, &d, &w[0].m), ENT_E_POLICY);
    assert_string_equal(d.text, new_log);
    p->former = 0; /* a draft made by hand */
    assert_ok(ent_next_put(p, NULL, &w[0].m));
    pact_refused(now, p, w, 4, ENT_E_POLICY, new_log);
    back = who_is("m00"); /* somebody else under that name: the past is not theirs */
    ent_pact_next(p, now);
    p->former = 0;
    assert_ok(ent_next_put(p, NULL, &back.m));
    pact_refused(now, p, w + 1, 3, ENT_E_POLICY, new_log);
    assert_ok(ent_member_close_log(&w[0].m, NULL, 5, &head));
    struct ent_signed_key log = fresh_key(&w[0].m, ENT_ROLE_LOG, 2);
    assert_ok(ent_member_open_log(&w[0].m, NULL, &log));
    ent_pact_next(p, now);
    assert_ok(ent_next_put(p, NULL, &w[0].m));
    assert_int_equal(p->former, 0);
    pact_advance(now, p, w, 4);
    assert_int_equal(now->former, 0);
    assert_int_equal(ent_pact_member(now, "m00")->logs, 2);
    free(now);
    free(p);
}

/* What it makes its new card of. */
static void test_return(void **state)
{
    static const struct ent_hash32 head = {{7}};
    struct who w[4];
    struct ent_diag d = {0};
    (void)state;
    who_are(w, 4);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now);
    assert_err(ent_next_return(p, &d, "m01"), ENT_E_NOTFOUND); /* was not removed */
    assert_err(ent_next_return(p, &d, "nobody"), ENT_E_NOTFOUND);
    assert_ok(ent_next_remove(p, NULL, "m01"));
    pact_advance(now, p, w, 4);
    ent_pact_next(p, now);
    assert_ok(ent_next_return(p, &d, "m01"));
    assert_int_equal(p->members, 4);
    assert_int_equal(p->former, 0);
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(p->member[i].root.pk.b, w[i].m.root.pk.b, 32);
    pact_refused(now, p, w, 4, ENT_E_POLICY, "who was removed comes back with a new log");
    ent_pact_next(p, now);
    assert_ok(ent_next_return(p, &d, "m01"));
    assert_ok(ent_next_close_log(p, &d, "m01", 5, &head));
    struct ent_signed_key log = fresh_key(&w[1].m, ENT_ROLE_LOG, 2);
    assert_ok(ent_next_open_log(p, &d, "m01", &log));
    const struct ent_member card = *ent_pact_member(p, "m01");
    ent_pact_next(p, now);
    assert_ok(ent_next_put(p, &d, &card));
    pact_advance(now, p, w, 4);
    assert_int_equal(ent_pact_member(now, "m01")->logs, 2);
    free(now);
    free(p);
}

/* --- drafts -------------------------------------------------------------------------------------
 */

#define refuses(call, e, why)                                                                      \
    do {                                                                                           \
        d.text = NULL;                                                                             \
        assert_err(call, e);                                                                       \
        assert_string_equal(d.text, why);                                                          \
        assert_memory_equal(p, same, sizeof(*p));                                                  \
    } while (0)

static void test_drafts_of_members(void **state)
{
    struct who w[5], x;
    struct ent_diag d = {0};
    struct ent_hash32 head = {{7}};
    (void)state;
    struct ent_pact *now = with_a_past(w), *p = draft_of(now), *same = draft_of(now);
    struct ent_member *m = &now->member[0];
    w[4] = who_is("m04");
    refuses(ent_next_put(p, &d, m), ENT_E_EXISTS, "the pact says the same already");
    refuses(ent_next_put(p, &d, &w[0].m), ENT_E_POLICY, past_author);
    x = w[4];
    x.m.tls = w[1].m.tls;
    refuses(ent_next_put(p, &d, &x.m), ENT_E_POLICY, "the key is that of another member");
    x = w[4];
    x.m.tls = x.m.root;
    refuses(ent_next_put(p, &d, &x.m), ENT_E_POLICY, "one key for two uses");
    refuses(ent_next_remove(p, &d, "nobody"), ENT_E_NOTFOUND, "no such member");
    refuses(ent_next_panel(p, &d, "nobody", true), ENT_E_NOTFOUND, "no such member");
    refuses(ent_next_panel(p, &d, "m01", true), ENT_E_EXISTS, "the pact says the same already");
    refuses(ent_next_rotate(p, &d, "nobody", ENT_ROLE_TLS, &m->tls, 0), ENT_E_NOTFOUND,
            "no such member");
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_TLS, &m->tls, 0), ENT_E_EXISTS,
            "it is that key already");
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_ROOT, &m->root, 0), ENT_E_EXISTS,
            "it is that key already");
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_TLS, &m->mirror, 0), ENT_E_AUTH,
            "the key is not shown to be held by this member");
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_TLS, &w[1].m.tls, 0), ENT_E_AUTH,
            "the key is not shown to be held by this member");
    struct ent_signed_key key;
    ent_key_prove(&key, "m00", ENT_ROLE_TLS, 0, &m->root.pk, &w[1].seed.tls);
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_TLS, &key, 0), ENT_E_POLICY,
            "the key is that of another member");
    ent_key_prove(&key, "m00", ENT_ROLE_TLS, 0, &m->root.pk, &w[0].seed.mirror);
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_TLS, &key, 0), ENT_E_POLICY,
            "one key for two uses");
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_LOG, &key, 0), ENT_E_POLICY,
            "a log keeps its key: close it and open the next");
    key = fresh_key(m, ENT_ROLE_AUTHOR, 0);
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_AUTHOR, &key, 9), ENT_E_POLICY,
            "an author key cannot begin before the last one ends");
    refuses(ent_next_rotate(p, &d, "m00", ENT_ROLE_AUTHOR, &key, 1ull << 63), ENT_E_LIMIT,
            "no log has so many entries");
    refuses(ent_next_close_author(p, &d, "m00", 9), ENT_E_POLICY,
            "an author key cannot end before it begins");
    refuses(ent_next_close_author(p, &d, "nobody", 9), ENT_E_NOTFOUND, "no such member");
    refuses(ent_next_close_log(p, &d, "nobody", 9, &head), ENT_E_NOTFOUND, "no such member");
    refuses(ent_next_close_log(p, &d, "m01", 0, &head), ENT_E_POLICY,
            "that is not the root of an empty log");
    key = fresh_key(m, ENT_ROLE_LOG, 3);
    refuses(ent_next_open_log(p, &d, "m00", &key), ENT_E_POLICY, "the log before is still open");
    refuses(ent_next_open_log(p, &d, "nobody", &key), ENT_E_NOTFOUND, "no such member");
    assert_ok(ent_next_close_log(p, &d, "m00", 3, &head));
    assert_ok(ent_next_close_author(p, &d, "m00", 14));
    *same = *p;
    refuses(ent_next_close_log(p, &d, "m00", 3, &head), ENT_E_EXISTS,
            "the log is closed there already");
    refuses(ent_next_close_log(p, &d, "m00", 4, &head), ENT_E_POLICY,
            "a closed log stays closed where it is");
    refuses(ent_next_close_author(p, &d, "m00", 14), ENT_E_EXISTS,
            "the author key ends there already");
    refuses(ent_next_close_author(p, &d, "m00", 15), ENT_E_POLICY,
            "the author key has another end already");
    refuses(ent_next_open_log(p, &d, "m00", &m->log[1].key), ENT_E_EXISTS,
            "it is the key of the newest log already");
    struct ent_signed_key wrong = fresh_key(m, ENT_ROLE_LOG, 2);
    refuses(ent_next_open_log(p, &d, "m00", &wrong), ENT_E_AUTH,
            "the key is not shown to be held by this member");
    assert_ok(ent_next_open_log(p, &d, "m00", &key));
    free(now);
    free(p);
    free(same);
}

static void test_drafts_of_rules(void **state)
{
    struct who w[4];
    struct ent_diag d = {0};
    char long_name[98];
    (void)state;
    who_are(w, 4);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now), *same = draft_of(now);
    memset(long_name, 'x', 97);
    long_name[97] = '\0';
    refuses(ent_next_threshold(p, &d, ENT_CHANGE_RULES, 3), ENT_E_EXISTS,
            "it is that threshold already");
    refuses(ent_next_threshold(p, &d, ENT_CHANGE_RULES, 2), ENT_E_POLICY,
            "a threshold of half of the members or less");
    refuses(ent_next_threshold(p, &d, ENT_CHANGE_RULES, 5), ENT_E_POLICY,
            "a threshold of more than there are members");
    refuses(ent_next_witnesses(p, &d, 3), ENT_E_EXISTS, "it is that number of witnesses already");
    refuses(ent_next_witnesses(p, &d, 0), ENT_E_POLICY,
            "witnesses must be from 1 to the size of the panel");
    refuses(ent_next_witnesses(p, &d, 5), ENT_E_POLICY,
            "witnesses must be from 1 to the size of the panel");
    struct ent_budget b = now->budget;
    refuses(ent_next_budget(p, &d, &b), ENT_E_EXISTS, "it is that budget already");
    b.seconds = 0;
    refuses(ent_next_budget(p, &d, &b), ENT_E_LIMIT,
            "a budget is for 1 second to 10 years, up to 2^40 items");
    refuses(ent_next_expires(p, &d, 0, 1000), ENT_E_EXISTS, "it ends then already");
    refuses(ent_next_expires(p, &d, 1000, 1000), ENT_E_POLICY, "that moment has passed");
    refuses(ent_next_expires(p, &d, -1, -5), ENT_E_POLICY, "that moment has passed");
    refuses(ent_next_name(p, &d, now->name), ENT_E_EXISTS, "it is that name already");
    refuses(ent_next_name(p, &d, ""), ENT_E_FORMAT,
            "a pact's name is one line of 1 to 96 printable bytes");
    refuses(ent_next_name(p, &d, "a\nb"), ENT_E_FORMAT,
            "a pact's name is one line of 1 to 96 printable bytes");
    refuses(ent_next_name(p, &d, long_name), ENT_E_FORMAT,
            "a pact's name is one line of 1 to 96 printable bytes");
    refuses(ent_next_minimum(p, &d, now->minimum), ENT_E_EXISTS, "it is that minimum already");
    assert_err(ent_pact_found(p, &d, "a\nb"), ENT_E_FORMAT);
    assert_ok(ent_next_expires(p, &d, 1001, 1000));
    assert_ok(ent_next_expires(p, &d, 0, 1000));
    free(now);
    free(p);
    free(same);
}

static void test_drafts_of_disputes(void **state)
{
    struct who w[4];
    struct ent_diag d = {0};
    struct ent_dispute x = {"m01", 1, 5, ENT_INDEX_NONE, REASON}, y = x;
    (void)state;
    who_are(w, 4);
    struct ent_pact *now = pact_founded(w, 4), *p = draft_of(now), *same = draft_of(now);
    (void)snprintf(y.member, sizeof(y.member), "nobody");
    refuses(ent_next_dispute(p, &d, &y), ENT_E_NOTFOUND, "no such member");
    y = x;
    y.generation = 2;
    refuses(ent_next_dispute(p, &d, &y), ENT_E_NOTFOUND, "the member has no such log");
    y = x;
    y.until = 5;
    refuses(ent_next_dispute(p, &d, &y), ENT_E_POLICY, "a dispute about no entry");
    y = x;
    (void)snprintf(y.reason, sizeof(y.reason), "a\x7f");
    refuses(ent_next_dispute(p, &d, &y), ENT_E_FORMAT,
            "a reason is one line of 1 to 160 printable bytes");
    refuses(ent_next_lift(p, &d, "m01", 1, 5), ENT_E_NOTFOUND, "no such dispute");
    for (uint64_t i = 0; i < ENT_ROSTER_LOGS; i++) {
        y = x;
        y.from = 5 + (i * 3) % 8;
        assert_ok(ent_next_dispute(p, &d, &y));
    }
    *same = *p;
    refuses(ent_next_dispute(p, &d, &x), ENT_E_EXISTS,
            "there is a dispute from this entry on already");
    y.from = 100;
    refuses(ent_next_dispute(p, &d, &y), ENT_E_LIMIT, "more than 8 disputes about one member");
    pact_advance(now, p, w, 3); /* sorted by whoever drafts */
    p->dispute[8] = y;
    p->disputes = 9;
    ent_pact_next(p, now);
    p->dispute[8] = y;
    p->disputes = 9;
    pact_refused(now, p, w, 3, ENT_E_LIMIT, "more than 8 disputes about one member");
    ent_pact_next(p, now);
    assert_ok(ent_next_lift(p, &d, "m01", 1, 7));
    pact_advance(now, p, w, 3);
    assert_int_equal(now->disputes, 7);
    free(now);
    free(p);
    free(same);
}

/* Sixty-four, for ever: who was removed keeps a place, since what they signed keeps counting. */
static void test_a_full_pact(void **state)
{
    static struct who w[ENT_PACT_MEMBERS + 1];
    struct ent_diag d = {0};
    (void)state;
    who_are(w, ENT_PACT_MEMBERS + 1);
    struct ent_pact *now = pact_founded(w, ENT_PACT_MEMBERS), *p = draft_of(now);
    struct ent_pact *same = draft_of(now);
    assert_int_equal(ent_pact_panel(now), ENT_PACT_PANEL);
    assert_int_equal(now->k, 22);
    refuses(ent_next_panel(p, &d, "m40", true), ENT_E_LIMIT, "the panel is full: 32 members");
    refuses(ent_next_put(p, &d, &w[64].m), ENT_E_LIMIT,
            "the pact is full: 64 members, with those who were removed");
    p->member[40].panel = true;
    pact_refused(now, p, w, 43, ENT_E_LIMIT, "more than 32 members on the panel");
    ent_pact_next(p, now);
    assert_ok(ent_next_remove(p, &d, "m63"));
    pact_advance(now, p, w, 43);
    ent_pact_next(p, now);
    *same = *p;
    refuses(ent_next_put(p, &d, &w[64].m), ENT_E_LIMIT,
            "the pact is full: 64 members, with those who were removed");
    p->former = 0; /* a draft made by hand */
    assert_ok(ent_next_put(p, &d, &w[64].m));
    pact_refused(now, p, w, 43, ENT_E_LIMIT,
                 "more than 64 members, with those who were removed; found a new pact");
    free(now);
    free(p);
    free(same);
}

/* What is the default follows, the rest moves only as far as it must. */
static void test_numbers_follow(void **state)
{
    struct who w[7];
    (void)state;
    who_are(w, 7);
    struct ent_pact *p = pact_of(w, 4);
    assert_ok(ent_next_threshold(p, NULL, ENT_CHANGE_RULES, 4));
    assert_ok(ent_next_witnesses(p, NULL, 4));
    for (size_t i = 4; i < 7; i++)
        assert_ok(ent_next_put(p, NULL, &w[i].m));
    assert_int_equal(p->threshold[ENT_CHANGE_MEMBERS], 5);
    /* Four is the default of five, and follows from there. */
    assert_int_equal(p->threshold[ENT_CHANGE_RULES], 5);
    assert_int_equal(p->k, 5);
    assert_ok(ent_next_threshold(p, NULL, ENT_CHANGE_RULES, 7));
    assert_ok(ent_next_remove(p, NULL, "m00"));
    assert_int_equal(p->threshold[ENT_CHANGE_RULES], 6);
    assert_int_equal(p->threshold[ENT_CHANGE_MEMBERS], 5);
    for (size_t i = 1; i < 7; i++)
        assert_ok(ent_next_panel(p, NULL, w[i].m.name, false));
    assert_int_equal(p->k, 1);
    free(p);
    p = pact_of(w, 5);
    assert_ok(ent_next_remove(p, NULL, "m04")); /* who does not found leaves nothing behind */
    assert_int_equal(p->former, 0);
    assert_ok(ent_next_put(p, NULL, &w[4].m));
    assert_ok(ent_next_threshold(p, NULL, ENT_CHANGE_RULES, 3));
    assert_ok(ent_next_put(p, NULL, &w[5].m));
    assert_int_equal(p->threshold[ENT_CHANGE_RULES], 4); /* more than half of six */
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_vote_too_few),
        cmocka_unit_test(test_new_members_vote_too),
        cmocka_unit_test(test_removing_oneself),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_a_new_root_key),
        cmocka_unit_test(test_the_past_stays),
        cmocka_unit_test(test_members_begin_at_the_beginning),
        cmocka_unit_test(test_keys_are_shown_to_be_held),
        cmocka_unit_test(test_one_key_one_use),
        cmocka_unit_test(test_coming_back),
        cmocka_unit_test(test_return),
        cmocka_unit_test(test_drafts_of_members),
        cmocka_unit_test(test_drafts_of_rules),
        cmocka_unit_test(test_drafts_of_disputes),
        cmocka_unit_test(test_a_full_pact),
        cmocka_unit_test(test_numbers_follow),
    };
    return ent_t_run("pact_change", tests);
}
