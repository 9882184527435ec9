/* test_ballot.c: the two-step vote: each rule alone, and four voters in every order. */
#include "tests/support/t.h"

#include "pact/ballot.h"

#define N 4u /* voters; three are enough; 0 is oneself */

enum { NONE, X, Y };

struct box {
    struct ent_ballot *b;
    struct ent_vote cast[32];
    size_t n, conflicts, guilty;
    uint8_t saved[ENT_BALLOT_SAVE_MAX];
    size_t saved_n;
    enum ent_err fail; /* what cast() says */
};

static struct ent_hash32 text(int t)
{
    struct ent_hash32 h;
    memset(h.b, t, sizeof(h.b));
    return h;
}

static size_t count(const struct ent_voters *v)
{
    size_t c = 0;
    for (size_t i = 0; i < ENT_BALLOT_VOTERS; i++)
        c += ent_voters_has(v, i);
    return c;
}

static bool enough(void *ctx, const struct ent_hash32 *what, const struct ent_voters *who)
{
    (void)ctx, (void)what;
    return count(who) >= 3;
}

static enum ent_err cast(void *ctx, const struct ent_vote *v, struct ent_slice state)
{
    struct box *x = ctx;
    if (x->fail != ENT_OK)
        return x->fail;
    assert_in_range(x->n, 0, 31);
    assert_in_range(state.n, 1, sizeof(x->saved));
    x->cast[x->n++] = *v;
    memcpy(x->saved, state.p, state.n);
    x->saved_n = state.n;
    return ENT_OK;
}

static void conflict(void *ctx, size_t voter, const struct ent_vote *a, const struct ent_vote *b)
{
    struct box *x = ctx;
    assert_true(a->kind == b->kind && a->round == b->round && !ent_vote_eq(a, b));
    x->conflicts++;
    x->guilty = voter;
}

static const struct ent_vote_topic topic = {{{1}}, {{2}}, 7};

static struct ent_ballot_opts opts(struct box *x, size_t self)
{
    return (struct ent_ballot_opts){.topic = topic,
                                    .voters = N,
                                    .self = self,
                                    .ctx = x,
                                    .enough = enough,
                                    .cast = cast,
                                    .conflict = conflict};
}

static void begin(struct box *x)
{
    struct ent_ballot_opts o = opts(x, 0);
    assert_ok(ent_ballot_new(&x->b, NULL, &o, ent_slice(x->saved, x->saved_n)));
}

static void end(struct box *x)
{
    ent_ballot_free(x->b);
}

static struct ent_vote vote_for(enum ent_vote_kind kind, uint32_t round, int t)
{
    return (struct ent_vote){kind, round, t == NONE, text(t)};
}

static enum ent_err vote(struct box *x, size_t voter, enum ent_vote_kind kind, uint32_t round,
                         int t)
{
    struct ent_vote v = vote_for(kind, round, t);
    return ent_ballot_vote(x->b, voter, &v);
}

/* 1 to `to` vote alike. */
static void votes(struct box *x, size_t to, enum ent_vote_kind kind, uint32_t round, int t)
{
    for (size_t i = 1; i <= to; i++)
        assert_ok(vote(x, i, kind, round, t));
}

static enum ent_err propose(struct box *x, size_t who, uint32_t round, int t)
{
    struct ent_hash32 what = text(t);
    return ent_ballot_propose(x->b, who, round, &what);
}

/* The newest own vote, and how many there are. */
static void assert_cast(const struct box *x, size_t n, enum ent_vote_kind kind, uint32_t round,
                        int t)
{
    struct ent_vote want = vote_for(kind, round, t);
    assert_int_equal(x->n, n);
    assert_true(ent_vote_eq(&x->cast[n - 1], &want));
}

static void assert_now(const struct box *x, enum ent_ballot_step step, uint32_t round, bool due)
{
    struct ent_ballot_now now;
    ent_ballot_now(x->b, &now);
    assert_int_equal(now.step, step);
    assert_int_equal(now.round, round);
    assert_int_equal(now.due, due);
}

static void assert_decided(const struct box *x, uint32_t round, int t)
{
    struct ent_hash32 what, want = text(t);
    struct ent_voters who;
    uint32_t got;
    assert_true(ent_ballot_decision(x->b, &got, &what, &who));
    assert_int_equal(got, round);
    assert_memory_equal(what.b, want.b, 32);
    assert_true(count(&who) >= 3);
}

static bool is_decided(const struct box *x)
{
    struct ent_hash32 what;
    struct ent_voters who;
    uint32_t round;
    return ent_ballot_decision(x->b, &round, &what, &who);
}

/* --- each rule ----------------------------------------------------------------------------------
 */

static void test_a_round_as_it_should_be(void **state)
{
    struct box x = {0};
    (void)state;
    begin(&x);
    assert_now(&x, ENT_BALLOT_PROPOSAL, 0, true);
    assert_ok(propose(&x, 0, 0, X));
    assert_cast(&x, 1, ENT_PREVOTE, 0, X);
    assert_now(&x, ENT_BALLOT_PREVOTES, 0, false);
    assert_ok(propose(&x, 1, 0, Y)); /* one prevote in a round */
    votes(&x, 1, ENT_PREVOTE, 0, X);
    assert_int_equal(x.n, 1);
    assert_ok(vote(&x, 1, ENT_PREVOTE, 0, X)); /* the same again is nothing */
    assert_int_equal(x.n, 1);
    assert_ok(vote(&x, 2, ENT_PREVOTE, 0, X));
    assert_cast(&x, 2, ENT_PRECOMMIT, 0, X);
    assert_ok(vote(&x, 1, ENT_PRECOMMIT, 0, X));
    assert_ok(vote(&x, 2, ENT_PRECOMMIT, 0, NONE));
    assert_now(&x, ENT_BALLOT_PRECOMMITS, 0, true); /* all have spoken who must */
    assert_false(is_decided(&x));
    assert_ok(vote(&x, 3, ENT_PRECOMMIT, 0, X));
    assert_decided(&x, 0, X);
    assert_now(&x, ENT_BALLOT_DECIDED, 0, false);
    assert_ok(propose(&x, 1, 0, Y));
    assert_ok(ent_ballot_go_on(x.b));
    assert_int_equal(x.n, 2);
    assert_int_equal(x.conflicts, 0);
    end(&x);
}

static void test_going_on_is_a_vote_for_none(void **state)
{
    struct box x = {0};
    (void)state;
    begin(&x);
    assert_ok(ent_ballot_go_on(x.b));
    assert_cast(&x, 1, ENT_PREVOTE, 0, NONE);
    assert_ok(propose(&x, 0, 0, X)); /* too late */
    assert_int_equal(x.n, 1);
    assert_ok(ent_ballot_go_on(x.b));
    assert_cast(&x, 2, ENT_PRECOMMIT, 0, NONE);
    assert_ok(ent_ballot_go_on(x.b));
    assert_now(&x, ENT_BALLOT_PROPOSAL, 1, true);
    assert_ok(propose(&x, 3, 1, X));
    assert_cast(&x, 3, ENT_PREVOTE, 1, X);
    votes(&x, 3, ENT_PREVOTE, 1, NONE); /* nothing will come of it */
    assert_cast(&x, 4, ENT_PRECOMMIT, 1, NONE);
    votes(&x, 3, ENT_PRECOMMIT, 1, NONE); /* enough for none decide nothing */
    assert_false(is_decided(&x));
    end(&x);
}

/* Locked on X in round 2, in round r. */
static void lock_in_2(struct box *x, uint32_t r)
{
    begin(x);
    for (int i = 0; i < 6; i++)
        assert_ok(ent_ballot_go_on(x->b));
    assert_ok(propose(x, 2, 2, X));
    votes(x, 2, ENT_PREVOTE, 2, X);
    assert_cast(x, 6, ENT_PRECOMMIT, 2, X);
    while (r-- > 2) {
        assert_ok(ent_ballot_go_on(x->b));
        if (r > 2) {
            assert_ok(ent_ballot_go_on(x->b));
            assert_ok(ent_ballot_go_on(x->b));
        }
    }
}

static void test_a_lock_holds(void **state)
{
    struct ent_hash32 what, want = text(X);
    struct box x = {0};
    (void)state;
    lock_in_2(&x, 3);
    assert_true(ent_ballot_wish(x.b, &what));
    assert_memory_equal(what.b, want.b, 32);
    assert_ok(propose(&x, 3, 3, Y));
    assert_now(&x, ENT_BALLOT_PROPOSAL, 3, true);
    votes(&x, 3, ENT_PREVOTE, 0, Y); /* of before the lock: an old story */
    votes(&x, 3, ENT_PREVOTE, 1, Y);
    assert_ok(vote(&x, 3, ENT_PREVOTE, 2, Y)); /* and never of the same round */
    assert_ok(vote(&x, 1, ENT_PREVOTE, 2, Y));
    assert_ok(vote(&x, 2, ENT_PREVOTE, 2, Y));
    assert_int_equal(x.conflicts, 2);
    assert_int_equal(x.n, 6);
    assert_now(&x, ENT_BALLOT_PROPOSAL, 3, true);
    assert_ok(propose(&x, 1, 3, X)); /* what it is locked on, it may */
    assert_cast(&x, 7, ENT_PREVOTE, 3, X);
    end(&x);
}

static void test_a_later_quorum_unlocks(void **state)
{
    struct ent_hash32 what, want = text(Y);
    struct box x = {0};
    (void)state;
    lock_in_2(&x, 4);
    assert_ok(propose(&x, 3, 4, Y));
    votes(&x, 2, ENT_PREVOTE, 3, Y);
    votes(&x, 3, ENT_PREVOTE, 5, Y); /* all are ahead: no, they draw us along */
    assert_now(&x, ENT_BALLOT_PROPOSAL, 5, true);
    assert_ok(propose(&x, 3, 5, Y)); /* a quorum in this very round is not shown before it */
    assert_int_equal(x.n, 8);
    assert_ok(vote(&x, 3, ENT_PREVOTE, 3, Y));
    assert_int_equal(x.n, 10);
    struct ent_vote pv = vote_for(ENT_PREVOTE, 5, Y);
    assert_true(ent_vote_eq(&x.cast[8], &pv));
    assert_cast(&x, 10, ENT_PRECOMMIT, 5, Y); /* and now locked on that */
    assert_true(ent_ballot_wish(x.b, &what));
    assert_memory_equal(what.b, want.b, 32);
    assert_true(strstr((const char *)x.saved, "lock 5 AgIC") != NULL);
    end(&x);
}

static void test_a_text_that_is_not_at_hand_is_wanted(void **state)
{
    struct ent_hash32 what, want = text(X);
    struct box x = {0};
    (void)state;
    begin(&x);
    assert_ok(ent_ballot_go_on(x.b));
    votes(&x, 3, ENT_PREVOTE, 0, X);
    assert_int_equal(x.n, 1); /* not for what it has not seen */
    assert_true(ent_ballot_wanted(x.b, &what));
    assert_memory_equal(what.b, want.b, 32);
    assert_err(propose(&x, 2, 1000, X), ENT_E_LIMIT); /* with whatever proposal it comes */
    assert_cast(&x, 2, ENT_PRECOMMIT, 0, X);
    assert_false(ent_ballot_wanted(x.b, &what));
    end(&x);
}

static void test_one_proposal_each(void **state)
{
    struct box x = {0};
    (void)state;
    begin(&x);
    assert_ok(propose(&x, 1, 1, X));
    assert_ok(propose(&x, 1, 1, X));
    assert_err(propose(&x, 1, 1, Y), ENT_E_EXISTS);
    assert_err(propose(&x, 1, ENT_BALLOT_AHEAD + 1, X), ENT_E_LIMIT);
    assert_ok(propose(&x, 1, ENT_BALLOT_AHEAD, X));
    assert_ok(propose(&x, 2, 1, Y));
    for (int i = 0; i < 3; i++)
        assert_ok(ent_ballot_go_on(x.b));
    assert_cast(&x, 3, ENT_PREVOTE, 1, X); /* from voter 1, whose turn it is */
    end(&x);
}

static void test_following(void **state)
{
    struct box x = {0};
    (void)state;
    begin(&x);
    assert_ok(vote(&x, 1, ENT_PREVOTE, 5, NONE));
    assert_now(&x, ENT_BALLOT_PROPOSAL, 0, true); /* one may lie */
    assert_ok(vote(&x, 2, ENT_PRECOMMIT, 9, X));
    assert_now(&x, ENT_BALLOT_PROPOSAL, 5, true); /* without two there is no three */
    assert_err(vote(&x, 3, ENT_PREVOTE, 9 + ENT_BALLOT_AHEAD + 1, X), ENT_E_LIMIT);
    assert_now(&x, ENT_BALLOT_PROPOSAL, 9, true); /* kept or not, it was heard */
    assert_err(vote(&x, 1, ENT_PREVOTE, UINT32_MAX, X), ENT_E_LIMIT);
    assert_now(&x, ENT_BALLOT_PROPOSAL, 9 + ENT_BALLOT_AHEAD + 1, true);
    assert_ok(vote(&x, 3, ENT_PREVOTE, 9 + ENT_BALLOT_AHEAD + 1, X));
    assert_int_equal(x.n, 0);
    end(&x);
}

static void test_who_votes_twice_is_on_every_side(void **state)
{
    struct box x = {0};
    (void)state;
    begin(&x);
    assert_ok(propose(&x, 0, 0, X));
    assert_ok(vote(&x, 3, ENT_PREVOTE, 0, NONE));
    assert_ok(vote(&x, 1, ENT_PREVOTE, 0, X));
    assert_int_equal(x.n, 1);
    assert_ok(vote(&x, 3, ENT_PREVOTE, 0, Y)); /* to another it has shown X */
    assert_int_equal(x.conflicts, 1);
    assert_int_equal(x.guilty, 3);
    assert_cast(&x, 2, ENT_PRECOMMIT, 0, X);
    assert_ok(vote(&x, 3, ENT_PREVOTE, 0, X)); /* told once */
    assert_int_equal(x.conflicts, 1);
    /* But what decides must be shown to those who were not here. */
    assert_ok(vote(&x, 1, ENT_PRECOMMIT, 0, X));
    assert_ok(vote(&x, 3, ENT_PRECOMMIT, 0, NONE));
    assert_ok(vote(&x, 3, ENT_PRECOMMIT, 0, Y));
    assert_int_equal(x.conflicts, 2);
    assert_false(is_decided(&x));
    assert_ok(vote(&x, 2, ENT_PRECOMMIT, 0, X));
    assert_decided(&x, 0, X);
    end(&x);
}

static void test_what_cannot_be_saved_is_not_cast(void **state)
{
    struct box x = {.fail = ENT_E_FULL};
    (void)state;
    begin(&x);
    assert_err(propose(&x, 0, 0, X), ENT_E_FULL);
    x.fail = ENT_OK;
    assert_err(propose(&x, 0, 0, X), ENT_E_STATE);
    assert_err(vote(&x, 1, ENT_PREVOTE, 0, X), ENT_E_STATE);
    assert_err(ent_ballot_go_on(x.b), ENT_E_STATE);
    assert_int_equal(x.n, 0);
    end(&x);
    begin(&x); /* nothing was said, so it may say anything */
    assert_ok(propose(&x, 0, 0, Y));
    assert_cast(&x, 1, ENT_PREVOTE, 0, Y);
    end(&x);
}

static void test_an_old_copy_votes_in_no_round_again(void **state)
{
    struct box x = {0};
    (void)state;
    begin(&x);
    assert_err(vote(&x, 0, ENT_PREVOTE, 0, X), ENT_E_EXISTS);
    assert_ok(propose(&x, 0, 0, Y));
    assert_now(&x, ENT_BALLOT_PROPOSAL, 1, true);
    assert_err(vote(&x, 0, ENT_PRECOMMIT, 3, X), ENT_E_EXISTS);
    assert_now(&x, ENT_BALLOT_PROPOSAL, 4, true);
    assert_ok(propose(&x, 0, 4, Y)); /* locked on X: it said so */
    assert_int_equal(x.n, 0);
    assert_ok(propose(&x, 1, 4, X));
    assert_cast(&x, 1, ENT_PREVOTE, 4, X);
    assert_err(vote(&x, 0, ENT_PREVOTE, 4, Y), ENT_E_EXISTS); /* two processes with one key */
    assert_int_equal(x.conflicts, 1);
    assert_int_equal(x.guilty, 0);
    assert_err(vote(&x, 0, ENT_PREVOTE, UINT32_MAX, Y), ENT_E_STATE);
    assert_err(ent_ballot_go_on(x.b), ENT_E_STATE);
    end(&x);
}

static void test_learning_a_decision(void **state)
{
    struct ent_hash32 what = text(X), other = text(Y);
    struct ent_voters who = {{3}};
    struct box x = {0};
    (void)state;
    begin(&x);
    assert_err(ent_ballot_learn(x.b, 7, &what, &who), ENT_E_AUTH);
    assert_false(is_decided(&x));
    ent_voters_add(&who, 3);
    assert_ok(ent_ballot_learn(x.b, 7, &what, &who));
    assert_decided(&x, 7, X);
    assert_ok(ent_ballot_learn(x.b, 8, &other, &who)); /* the first stands */
    assert_decided(&x, 7, X);
    end(&x);
}

static void test_a_watcher_casts_nothing(void **state)
{
    struct box x = {0};
    struct ent_ballot_opts o = opts(&x, ENT_BALLOT_WATCHING);
    struct ent_voters who;
    (void)state;
    assert_ok(ent_ballot_new(&x.b, NULL, &o, ent_slice(NULL, 0)));
    assert_ok(propose(&x, 1, 0, X));
    for (size_t i = 0; i < 3; i++)
        assert_ok(vote(&x, i, ENT_PREVOTE, 0, X));
    for (size_t i = 0; i < 3; i++)
        assert_ok(vote(&x, i, ENT_PRECOMMIT, 0, X));
    assert_decided(&x, 0, X);
    assert_int_equal(x.n, 0);
    struct ent_vote v = vote_for(ENT_PREVOTE, 0, X);
    ent_ballot_who(x.b, &who, &v);
    assert_int_equal(count(&who), 3);
    v.what = text(Y);
    ent_ballot_who(x.b, &who, &v);
    assert_int_equal(count(&who), 0);
    end(&x);
}

/* --- what is saved ------------------------------------------------------------------------------
 */

#define B64_X    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define B64_Y    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define PACT     "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PREV     "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define HEAD     "entente/ballot@v1\npact " PACT "\nversion 7\nprev " PREV "\n"
#define STATE(s) HEAD s

static void test_states_have_one_form(void **state)
{
    static const struct {
        const char *text;
        enum ent_err want;
    } cases[] = {
        {STATE("round 0\n"), ENT_OK},
        {STATE("round 3\nprevote -\n"), ENT_OK},
        {STATE("round 3\nprevote " B64_X "\nprecommit -\n"), ENT_OK},
        {STATE("round 3\nprevote " B64_X "\nprecommit " B64_X "\nlock 3 " B64_X "\n"), ENT_OK},
        {STATE("round 3\nprevote -\nprecommit " B64_X "\nlock 3 " B64_X "\n"), ENT_OK},
        {STATE("round 3\nprevote -\nprecommit -\nlock 1 " B64_X "\n"), ENT_OK},
        {STATE("round 4294967295\nlock 4294967294 " B64_X "\n"), ENT_OK},
        {STATE("round 4294967296\n"), ENT_E_FORMAT},
        {STATE("round 03\n"), ENT_E_FORMAT},
        {STATE("round 3"), ENT_E_FORMAT},
        {STATE("round 3\n\n"), ENT_E_FORMAT},
        {STATE("round 3\nprecommit -\n"), ENT_E_FORMAT}, /* before a prevote */
        {STATE("round 3\nprevote -\nprevote -\n"), ENT_E_FORMAT},
        {STATE("round 3\nprevote\n"), ENT_E_FORMAT},
        {STATE("round 3\nprevote - \n"), ENT_E_FORMAT},
        {STATE("round 3\nprevote AQE=\n"), ENT_E_FORMAT},
        {STATE("round 3\nlock 2 -\n"), ENT_E_FORMAT},
        {STATE("round 3\nlock 3 " B64_X "\n"), ENT_E_FORMAT}, /* locked by no precommit */
        {STATE("round 3\nlock 4 " B64_X "\n"), ENT_E_FORMAT},
        {STATE("round 3\nprevote -\nprecommit -\nlock 3 " B64_X "\n"), ENT_E_FORMAT},
        {STATE("round 3\nprevote -\nprecommit " B64_X "\n"), ENT_E_FORMAT},
        {STATE("round 3\nprevote -\nprecommit " B64_X "\nlock 2 " B64_X "\n"), ENT_E_FORMAT},
        {STATE("round 3\nprevote -\nprecommit " B64_X "\nlock 3 " B64_Y "\n"), ENT_E_FORMAT},
        {"entente/ballot@v2\npact " PACT "\nversion 7\nprev " PREV "\nround 0\n", ENT_E_FORMAT},
        {"entente/ballot@v1\npact " PACT "\nversion 8\nprev " PREV "\nround 0\n", ENT_E_STATE},
        {"entente/ballot@v1\npact " PREV "\nversion 7\nprev " PREV "\nround 0\n", ENT_E_STATE},
        {"entente/ballot@v1\npact " PACT "\nversion 7\nprev " PACT "\nround 0\n", ENT_E_STATE},
    };
    struct box x = {0};
    struct ent_ballot_opts o = opts(&x, 0);
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_slice s = ent_slice_str(cases[i].text);
        struct ent_ballot *b = NULL;
        struct ent_diag d = {0};
        struct ent_buf again;
        assert_err(ent_ballot_new(&b, &d, &o, s), cases[i].want);
        if (cases[i].want != ENT_OK) {
            assert_string_equal(d.text, cases[i].want == ENT_E_STATE
                                            ? "state of a ballot about another version"
                                            : "malformed state of a ballot");
            assert_null(b);
            continue;
        }
        ent_buf_init(&again, ENT_BALLOT_SAVE_MAX);
        assert_ok(ent_ballot_save(b, &again));
        assert_true(ent_slice_eq(ent_buf_slice(&again), s));
        ent_buf_release(&again);
        ent_ballot_free(b);
    }
}

/* --- every order --------------------------------------------------------------------------------
 */

enum { PROPOSE = ENT_VOTE_KINDS, GO_ON, CRASH };

struct step {
    int what; /* a kind of vote, or one of these */
    size_t who;
    uint32_t round;
    int text;
};

/* The slow, obvious count: go through all that was said, of which two votes of each are kept. */
static size_t naive(const struct box *x, const struct step *s, size_t n, struct ent_vote v,
                    bool twice)
{
    size_t sum = 0;
    for (size_t voter = 0; voter < N; voter++) {
        bool said[Y + 1] = {0};
        for (size_t i = 0; i < n; i++)
            if (s[i].what == (int)v.kind && s[i].round == v.round && s[i].who == voter)
                said[s[i].text] |= said[NONE] + said[X] + said[Y] < 2;
        for (size_t i = 0; i < x->n && voter == 0; i++)
            if (x->cast[i].kind == v.kind && x->cast[i].round == v.round)
                said[x->cast[i].none ? NONE : x->cast[i].what.b[0]] = true;
        int all = said[NONE] + said[X] + said[Y];
        sum += said[v.none ? NONE : v.what.b[0]] || (twice && all > 1);
    }
    return sum;
}

static bool was_proposed(const struct step *s, size_t n, const struct ent_vote *v)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].what == PROPOSE && s[i].round == v->round && s[i].text == v->what.b[0])
            return true;
    return false;
}

/* What must hold of own votes [from, x->n), which were cast at the latest of n steps. */
static void check_cast(const struct box *x, size_t from, const struct step *s, size_t n)
{
    for (size_t i = from; i < x->n; i++) {
        const struct ent_vote *v = &x->cast[i];
        for (size_t k = 0; k < i; k++)
            assert_false(x->cast[k].kind == v->kind && x->cast[k].round == v->round);
        if (!v->none && v->kind == ENT_PREVOTE)
            assert_true(was_proposed(s, n, v));
        if (!v->none && v->kind == ENT_PRECOMMIT)
            assert_true(naive(x, s, n, vote_for(ENT_PREVOTE, v->round, v->what.b[0]), true) >= 3);
    }
}

static void check_decision(const struct box *x, const struct step *s, size_t n)
{
    bool want = false;
    for (uint32_t round = 0; round < 4; round++)
        for (int t = X; t <= Y; t++)
            want |= naive(x, s, n, vote_for(ENT_PRECOMMIT, round, t), false) >= 3;
    assert_int_equal(is_decided(x), want);
}

static void take(struct box *x, const struct step *s, size_t at)
{
    const struct step *e = &s[at];
    if (e->what == PROPOSE) {
        assert_ok(propose(x, e->who, e->round, e->text));
    } else if (e->what == GO_ON) {
        assert_ok(ent_ballot_go_on(x->b));
    } else if (e->what == CRASH) {
        size_t own = x->n;
        end(x);
        begin(x);
        for (size_t i = 0; i < own; i++)
            assert_ok(ent_ballot_vote(x->b, 0, &x->cast[i]));
        for (size_t i = 0; i < at; i++)
            if (s[i].what != GO_ON && s[i].what != CRASH)
                take(x, s, i);
    } else {
        assert_ok(vote(x, e->who, (enum ent_vote_kind)e->what, e->round, e->text));
    }
}

static void run(const struct step *s, size_t n)
{
    struct box x = {0};
    begin(&x);
    for (size_t i = 0; i < n; i++) {
        size_t before = x.n;
        take(&x, s, i);
        check_cast(&x, before, s, i + 1);
        check_decision(&x, s, i + 1);
    }
    end(&x);
}

/* Heap's algorithm. */
static size_t every_order(struct step *s, size_t n, size_t k)
{
    size_t runs = 0;
    if (k == 1) {
        run(s, n);
        return 1;
    }
    for (size_t i = 0; i < k; i++) {
        runs += every_order(s, n, k - 1);
        struct step *a = &s[k % 2 == 0 ? i : 0], t = *a;
        *a = s[k - 1];
        s[k - 1] = t;
    }
    return runs;
}

static void test_every_order_of_short_scripts(void **state)
{
    static const struct step scripts[][7] = {
        /* as it should be, with a crash */
        {{PROPOSE, 0, 0, X},
         {ENT_PREVOTE, 1, 0, X},
         {ENT_PREVOTE, 2, 0, X},
         {ENT_PRECOMMIT, 1, 0, X},
         {ENT_PRECOMMIT, 2, 0, X},
         {GO_ON, 0, 0, 0},
         {CRASH, 0, 0, 0}},
        /* two proposals, and one who is for both */
        {{PROPOSE, 0, 0, X},
         {PROPOSE, 1, 0, Y},
         {ENT_PREVOTE, 1, 0, Y},
         {ENT_PREVOTE, 2, 0, X},
         {ENT_PREVOTE, 2, 0, Y},
         {ENT_PRECOMMIT, 2, 0, Y},
         {ENT_PRECOMMIT, 1, 0, Y}},
        /* a lock, and another text in the next round */
        {{PROPOSE, 0, 0, X},
         {ENT_PREVOTE, 1, 0, X},
         {ENT_PREVOTE, 2, 0, X},
         {PROPOSE, 1, 1, Y},
         {ENT_PREVOTE, 1, 1, Y},
         {ENT_PREVOTE, 2, 1, Y},
         {ENT_PREVOTE, 3, 1, Y}},
        /* the others are gone ahead */
        {{PROPOSE, 2, 2, X},
         {ENT_PREVOTE, 1, 2, X},
         {ENT_PREVOTE, 2, 2, X},
         {CRASH, 0, 0, 0},
         {ENT_PRECOMMIT, 3, 2, X},
         {ENT_PRECOMMIT, 1, 2, X},
         {GO_ON, 0, 0, 0}},
        /* precommits of one who is for both decide nothing that cannot be shown */
        {{PROPOSE, 0, 0, X},
         {ENT_PRECOMMIT, 1, 0, X},
         {ENT_PRECOMMIT, 1, 0, Y},
         {ENT_PRECOMMIT, 2, 0, X},
         {ENT_PRECOMMIT, 3, 0, Y},
         {ENT_PREVOTE, 1, 0, X},
         {ENT_PREVOTE, 3, 0, X}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        struct step s[7];
        memcpy(s, scripts[i], sizeof(s));
        assert_int_equal(every_order(s, 7, 7), 5040);
    }
}

/* Random events, to where no script goes. */
static void test_random_events(void **state)
{
    (void)state;
    for (int k = 0; k < 3000; k++) {
        struct step s[24];
        for (size_t i = 0; i < 24; i++) {
            s[i] = (struct step){(int)ent_t_below(5), 1 + ent_t_below(3), (uint32_t)ent_t_below(3),
                                 (int)ent_t_below(3)};
            if (s[i].what == PROPOSE) {
                s[i].who = s[i].round;
                s[i].text = X + (int)s[i].round % 2;
            }
        }
        run(s, 24);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_round_as_it_should_be),
        cmocka_unit_test(test_going_on_is_a_vote_for_none),
        cmocka_unit_test(test_a_lock_holds),
        cmocka_unit_test(test_a_later_quorum_unlocks),
        cmocka_unit_test(test_a_text_that_is_not_at_hand_is_wanted),
        cmocka_unit_test(test_one_proposal_each),
        cmocka_unit_test(test_following),
        cmocka_unit_test(test_who_votes_twice_is_on_every_side),
        cmocka_unit_test(test_what_cannot_be_saved_is_not_cast),
        cmocka_unit_test(test_an_old_copy_votes_in_no_round_again),
        cmocka_unit_test(test_learning_a_decision),
        cmocka_unit_test(test_a_watcher_casts_nothing),
        cmocka_unit_test(test_states_have_one_form),
        cmocka_unit_test(test_every_order_of_short_scripts),
        cmocka_unit_test(test_random_events),
    };
    return ent_t_run("ballot", tests);
}
