/* test_misbehaviour.c: proofs that a member said two things; above all, who is not shown guilty. */
#include "tests/support/logs.h"

static struct logs_pact pact;
static struct logs_log one, two; /* two histories of m0's log, the same up to entry `common` */

static void grow(struct logs_log *log, size_t n)
{
    while (log->n < n) {
        uint64_t v = ent_t_rand();
        logs_add(log, ent_slice(&v, sizeof(v)));
    }
}

static void make_histories(size_t common, size_t n)
{
    one.n = 0;
    grow(&one, common);
    two = one;
    grow(&one, n);
    grow(&two, n);
}

static int fresh(void **state)
{
    (void)state;
    logs_pact_make(&pact, 4, 3);
    make_histories(5, 20);
    return 0;
}

/* Two notes and a proof with its bytes. */
struct fixture {
    struct ent_buf a, b, bytes;
    struct ent_misbehaviour m;
};

static void open_fixture(struct fixture *f)
{
    *f = (struct fixture){.m.sized = false};
    ent_buf_init(&f->a, ENT_NOTE_MAX);
    ent_buf_init(&f->b, ENT_NOTE_MAX);
    ent_buf_init(&f->bytes, ENT_MISBEHAVIOUR_MAX);
}

static void close_fixture(struct fixture *f)
{
    ent_buf_release(&f->a);
    ent_buf_release(&f->b);
    ent_buf_release(&f->bytes);
}

/* Heads of m0 in two logs, and what can be made of them. */
static enum ent_err fork_of(struct fixture *f, struct logs_log *log_a, uint64_t a,
                            struct logs_log *log_b, uint64_t b)
{
    struct ent_merkle_source source = logs_source(a > b ? log_a : log_b);
    struct ent_hash32 root_a = logs_root(log_a, a), root_b = logs_root(log_b, b);
    logs_head(&f->a, &pact, 0, 1, a, &root_a);
    logs_head(&f->b, &pact, 0, 1, b, &root_b);
    return ent_misbehaviour_of_heads(&f->m, &pact.roster, ent_buf_slice(&f->a),
                                     ent_buf_slice(&f->b), a == b ? NULL : &source);
}

static void encode(struct fixture *f)
{
    ent_buf_clear(&f->bytes);
    assert_ok(ent_misbehaviour_encode(&f->bytes, &f->m));
}

static void swap_parts(struct fixture *f)
{
    struct ent_slice a = f->m.a;
    f->m.a = f->m.b;
    f->m.b = a;
}

static void assert_guilty(struct fixture *f)
{
    struct ent_misbehaviour back;
    assert_ok(ent_misbehaviour_check(&f->m, &pact.roster, NULL));
    encode(f);
    assert_ok(ent_misbehaviour_parse(&back, ent_buf_slice(&f->bytes), NULL));
    assert_ok(ent_misbehaviour_check(&back, &pact.roster, NULL));
}

#define assert_not_shown(f, what)                                                                  \
    assert_says(ent_misbehaviour_check(&(f)->m, &pact.roster, d), ENT_E_AUTH, what)

/* --- forks --------------------------------------------------------------------------------------
 */

static void test_forks(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f);
    assert_ok(fork_of(&f, &one, 9, &two, 9)); /* of one size */
    assert_false(f.m.sized);
    assert_string_equal(f.m.member, "m0");
    assert_int_equal(f.m.kind, ENT_MB_FORK);
    assert_guilty(&f);
    assert_ok(fork_of(&f, &one, 9, &two, 17));
    assert_true(f.m.sized && f.m.a.p == f.a.p && f.m.b.p == f.b.p);
    assert_guilty(&f);
    assert_ok(fork_of(&f, &one, 17, &two, 9)); /* the smaller one comes first */
    assert_true(f.m.sized && f.m.a.p == f.b.p && f.m.b.p == f.a.p);
    assert_guilty(&f);
    assert_err(fork_of(&f, &one, 5, &two, 17), ENT_E_NOTFOUND); /* what they have in common */
    assert_err(fork_of(&f, &one, 5, &two, 5), ENT_E_NOTFOUND);
    assert_err(fork_of(&f, &one, 0, &two, 20), ENT_E_NOTFOUND);
    assert_err(fork_of(&f, &one, 0, &two, 0), ENT_E_NOTFOUND);
    close_fixture(&f);
}

/* Who shows the two heads first makes no difference. */
static void test_one_pair_is_one_proof(void **state)
{
    struct fixture f, g;
    (void)state;
    open_fixture(&f);
    open_fixture(&g);
    for (uint64_t n = 6; n <= 20; n++) {
        assert_ok(fork_of(&f, &one, n, &two, 12));
        assert_ok(fork_of(&g, &two, 12, &one, n));
        encode(&f);
        encode(&g);
        assert_true(ent_slice_eq(ent_buf_slice(&f.bytes), ent_buf_slice(&g.bytes)));
    }
    close_fixture(&f);
    close_fixture(&g);
}

/* Random heads of one history never make a proof, of two histories always. */
static void test_random_histories(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f);
    for (int round = 0; round < 150; round++) {
        size_t n = 1 + ent_t_below(80), common = ent_t_below(n);
        uint64_t a = ent_t_below(n + 1), b = ent_t_below(n + 1);
        make_histories(common, n);
        assert_err(fork_of(&f, &one, a, &one, b), ENT_E_NOTFOUND);
        enum ent_err want = a <= common || b <= common ? ENT_E_NOTFOUND : ENT_OK;
        assert_err(fork_of(&f, &one, a, &two, b), want);
        if (want == ENT_OK)
            assert_guilty(&f);
    }
    close_fixture(&f);
}

/* A liar has honest heads, and any root and path that he likes. */
static void test_honest_heads_and_made_up_paths(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f);
    for (int round = 0; round < 300; round++) {
        uint64_t b = 2 + ent_t_below(19), a = 1 + ent_t_below(b - 1), other = ent_t_below(b + 1);
        const struct ent_merkle_source source = logs_source(&one);
        assert_err(fork_of(&f, &one, a, &one, b), ENT_E_NOTFOUND);
        f.m = (struct ent_misbehaviour){.kind = ENT_MB_FORK, .member = "m0", .sized = true};
        f.m.a = ent_buf_slice(&f.a);
        f.m.b = ent_buf_slice(&f.b);
        f.m.root = logs_root(&one, a);
        assert_ok(ent_merkle_prove_consistency(&f.m.proof, a, b, &source));
        assert_not_shown(&f, "the smaller head is the beginning of the larger");
        f.m.root = logs_root(&two, 20);
        assert_not_shown(&f, "path does not lead to the larger head");
        f.m.root = logs_root(&one, other); /* a path between two others of its heads */
        assert_ok(ent_merkle_prove_consistency(&f.m.proof, other, b, &source));
        if (other != a)
            assert_not_shown(&f, "path does not lead to the larger head");
        f.m.proof.n = ent_t_below(10); /* or hashes out of the tree */
        for (size_t i = 0; i < f.m.proof.n; i++)
            f.m.proof.hash[i] = one.leaf[ent_t_below(b)];
        f.m.root = one.leaf[ent_t_below(b)];
        if (a != 1)
            assert_not_shown(&f, "path does not lead to the larger head");
        swap_parts(&f);
        assert_not_shown(&f, "the larger of two heads comes first");
    }
    close_fixture(&f);
}

static void test_forks_in_a_wrong_shape(void **state)
{
    struct fixture f;
    struct ent_diag diag = {0};
    (void)state;
    open_fixture(&f);
    assert_ok(fork_of(&f, &one, 9, &two, 9));
    f.m.sized = true;
    assert_not_shown(&f, "path between two heads of one size");
    assert_ok(fork_of(&f, &one, 9, &two, 17));
    f.m.sized = false;
    assert_not_shown(&f, "no path between two heads of different sizes");
    f.m.sized = true;
    f.m.proof.n--;
    assert_not_shown(&f, "path does not lead to the larger head");
    assert_ok(fork_of(&f, &one, 9, &two, 17));
    (void)snprintf(f.m.member, sizeof(f.m.member), "m1");
    assert_not_shown(&f, "heads are of another member's log");
    (void)snprintf(f.m.member, sizeof(f.m.member), "mallory");
    assert_not_shown(&f, "no member of this pact has this name");
    assert_ok(fork_of(&f, &one, 9, &two, 17));
    f.m.kind = ENT_MB_VOTE;
    assert_err(ent_misbehaviour_check(&f.m, &pact.roster, &diag), ENT_E_UNSUPPORTED);
    assert_string_equal(diag.text, "votes are checked with the pact");
    f.m.kind = ENT_MB_SEQUENCE;
    assert_not_shown(&f, "malformed statement");
    f.m.kind = ENT_MB_FORK;
    f.m.a = ENT_SLICE_LIT("hello\n\n\xE2\x80\x94 a AAAAAAA=\n");
    assert_not_shown(&f, "not a checkpoint: fewer than three lines");
    f.m.a = ENT_SLICE_LIT("hello");
    assert_not_shown(&f, "not a signed note: no empty line");
    close_fixture(&f);
}

/* Heads by other keys, of other logs, of other pacts. */
static void test_heads_that_it_did_not_sign(void **state)
{
    struct fixture f;
    struct ent_hash32 root1 = logs_root(&one, 9), root2 = logs_root(&two, 9);
    struct ent_seed32 key = pact.log[0][1];
    (void)state;
    open_fixture(&f);
    assert_ok(fork_of(&f, &one, 9, &two, 9));
    pact.log[0][1] = pact.log[1][1]; /* m1 would like m0 to have signed it */
    logs_head(&f.b, &pact, 0, 1, 9, &root2);
    f.m.a = ent_buf_slice(&f.a);
    f.m.b = ent_buf_slice(&f.b);
    assert_not_shown(&f, "head not signed by its log");
    swap_parts(&f);
    assert_not_shown(&f, "head not signed by its log");
    swap_parts(&f);
    assert_err(ent_misbehaviour_of_heads(&f.m, &pact.roster, ent_buf_slice(&f.a),
                                         ent_buf_slice(&f.b), NULL),
               ENT_E_AUTH);
    pact.log[0][1] = key;
    logs_head(&f.b, &pact, 1, 1, 9, &root2);
    f.m.b = ent_buf_slice(&f.b);
    assert_not_shown(&f, "heads are not of one log");
    logs_next(&pact, 0, 9, &root1); /* a generation is a log of its own */
    logs_head(&f.b, &pact, 0, 2, 9, &root2);
    f.m.b = ent_buf_slice(&f.b);
    assert_not_shown(&f, "heads are not of one log");
    pact.log[0][1] = pact.log[0][2]; /* the new key signs no heads of the old log */
    logs_head(&f.b, &pact, 0, 1, 9, &root2);
    f.m.b = ent_buf_slice(&f.b);
    assert_not_shown(&f, "head not signed by its log");
    pact.log[0][1] = key;
    pact.roster.pact.b[0] ^= 1; /* both keys serve in two pacts */
    logs_head(&f.a, &pact, 0, 1, 9, &root1);
    logs_head(&f.b, &pact, 0, 1, 9, &root2);
    f.m.a = ent_buf_slice(&f.a);
    f.m.b = ent_buf_slice(&f.b);
    pact.roster.pact.b[0] ^= 1;
    assert_not_shown(&f, "heads of a log that is none of this pact's");
    logs_head(&f.b, &pact, 0, 1, 9, &root2);
    f.m.b = ent_buf_slice(&f.b);
    assert_not_shown(&f, "heads are not of one log");
    close_fixture(&f);
}

/* What the pact says of the end of a log was signed by others: it is held against nobody, and
 * excuses nobody. */
static void test_the_closing_head(void **state)
{
    struct fixture f;
    struct ent_hash32 root = logs_root(&two, 9);
    (void)state;
    open_fixture(&f);
    logs_next(&pact, 0, 9, &root);
    assert_err(fork_of(&f, &one, 9, &one, 12), ENT_E_NOTFOUND);
    assert_ok(fork_of(&f, &one, 12, &two, 15));
    assert_guilty(&f);
    close_fixture(&f);
}

/* One head twice: signed again, cosigned by others, at other times. */
static void test_one_tree_is_no_fork(void **state)
{
    struct fixture f;
    struct ent_hash32 root = logs_root(&one, 9);
    (void)state;
    open_fixture(&f);
    logs_head(&f.a, &pact, 0, 1, 9, &root);
    logs_head(&f.b, &pact, 0, 1, 9, &root);
    logs_cosign(&f.a, &pact, 1, 100);
    logs_cosign(&f.b, &pact, 1, 200);
    logs_cosign(&f.b, &pact, 2, 50);
    assert_err(ent_misbehaviour_of_heads(&f.m, &pact.roster, ent_buf_slice(&f.a),
                                         ent_buf_slice(&f.b), NULL),
               ENT_E_NOTFOUND);
    f.m = (struct ent_misbehaviour){.kind = ENT_MB_FORK, .member = "m0"};
    f.m.a = ent_buf_slice(&f.a);
    f.m.b = ent_buf_slice(&f.b);
    assert_not_shown(&f, "both heads are of one tree");
    f.m.kind = ENT_MB_WITNESS;
    (void)snprintf(f.m.member, sizeof(f.m.member), "m1");
    assert_not_shown(&f, "both heads are of one tree");
    close_fixture(&f);
}

/* A witness that does not hold spoils a head, and not the proof that it was signed. */
static void test_spoiled_heads_are_proof_still(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f);
    assert_ok(fork_of(&f, &one, 9, &two, 17));
    logs_cosign(&f.a, &pact, 1, 100);
    logs_spoil(&f.a);
    f.m.a = ent_buf_slice(&f.a);
    assert_guilty(&f);
    close_fixture(&f);
}

/* The only root that a tree of nothing has is known to all. */
static void test_an_empty_tree_with_a_root(void **state)
{
    struct fixture f;
    struct ent_hash32 root = {{1}}, larger = logs_root(&one, 7);
    (void)state;
    open_fixture(&f);
    logs_head(&f.a, &pact, 0, 1, 0, &root);
    logs_head(&f.b, &pact, 0, 1, 7, &larger);
    assert_ok(ent_misbehaviour_of_heads(&f.m, &pact.roster, ent_buf_slice(&f.b),
                                        ent_buf_slice(&f.a), NULL));
    assert_int_equal(f.m.proof.n, 0);
    assert_guilty(&f);
    close_fixture(&f);
}

static enum ent_err broken(void *ctx, struct ent_hash32 *ret, unsigned level, uint64_t index)
{
    (void)ctx, (void)ret, (void)level, (void)index;
    return ENT_E_IO;
}

/* What is not the tree that was signed makes no proof, and no head consistent either. */
static void test_sources_that_lie(void **state)
{
    struct fixture f;
    struct ent_hash32 root_a = logs_root(&one, 9), root_b = logs_root(&one, 17);
    const struct ent_merkle_source wrong = logs_source(&two), none = {NULL, broken};
    (void)state;
    open_fixture(&f);
    logs_head(&f.a, &pact, 0, 1, 9, &root_a);
    logs_head(&f.b, &pact, 0, 1, 17, &root_b);
    struct ent_slice a = ent_buf_slice(&f.a), b = ent_buf_slice(&f.b);
    assert_err(ent_misbehaviour_of_heads(&f.m, &pact.roster, a, b, &wrong), ENT_E_AUTH);
    assert_err(ent_misbehaviour_of_heads(&f.m, &pact.roster, a, b, &none), ENT_E_IO);
    assert_err(ent_misbehaviour_of_heads(&f.m, &pact.roster, a, b, NULL), ENT_E_AUTH);
    root_a = logs_root(&two, 9); /* the smaller one fits what is served, the larger does not */
    logs_head(&f.a, &pact, 0, 1, 9, &root_a);
    assert_err(ent_misbehaviour_of_heads(&f.m, &pact.roster, ent_buf_slice(&f.a), b, &wrong),
               ENT_E_AUTH);
    close_fixture(&f);
}

static void test_heads_in_dispute(void **state)
{
    struct fixture f;
    struct ent_roster_member *m = &pact.roster.member[0];
    (void)state;
    open_fixture(&f);
    m->disputed[0] = (struct ent_disputed){1, 12, 15};
    m->disputes = 1;
    assert_err(fork_of(&f, &one, 9, &two, 13), ENT_E_POLICY);
    assert_err(fork_of(&f, &one, 15, &two, 9), ENT_E_POLICY);
    assert_err(fork_of(&f, &one, 13, &one, 14), ENT_E_NOTFOUND);
    assert_ok(fork_of(&f, &one, 12, &two, 16)); /* before, and behind */
    assert_guilty(&f);
    m->disputed[0].from = 11;
    assert_not_shown(&f, "head is in dispute");
    m->disputed[0].generation = 2;
    assert_guilty(&f);
    close_fixture(&f);
}

/* --- witnesses ----------------------------------------------------------------------------------
 */

static void accuse_witness(struct fixture *f, const char *name)
{
    f->m.kind = ENT_MB_WITNESS;
    (void)snprintf(f->m.member, sizeof(f->m.member), "%s", name);
    f->m.a = ent_buf_slice(&f->a);
    f->m.b = ent_buf_slice(&f->b);
}

static void test_witnesses(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f);
    assert_ok(fork_of(&f, &one, 9, &two, 17));
    logs_cosign(&f.a, &pact, 0, 100);
    logs_cosign(&f.b, &pact, 0, 100);
    logs_cosign(&f.a, &pact, 1, 100);
    logs_cosign(&f.b, &pact, 1, 50);
    logs_cosign(&f.a, &pact, 2, 100);
    accuse_witness(&f, "m1");
    assert_guilty(&f);
    accuse_witness(&f, "m2"); /* saw one of the two */
    assert_not_shown(&f, "head not cosigned by this witness");
    accuse_witness(&f, "m3");
    assert_not_shown(&f, "head not cosigned by this witness");
    accuse_witness(&f, "m0"); /* that is a fork, and shown as one */
    assert_not_shown(&f, "heads are of the witness's own log");
    accuse_witness(&f, "m1"); /* what the log did is no excuse */
    pact.roster.member[0].disputed[0] = (struct ent_disputed){1, 0, ENT_INDEX_NONE};
    pact.roster.member[0].disputes = 1;
    assert_guilty(&f);
    pact.roster.member[1].panel = false; /* it vouched, whether it counted or not */
    assert_guilty(&f);
    close_fixture(&f);
}

static void test_witnesses_that_did_nothing(void **state)
{
    struct fixture f;
    struct ent_seed32 key = pact.log[0][1];
    struct ent_hash32 root1, root2;
    (void)state;
    open_fixture(&f);
    assert_ok(fork_of(&f, &one, 9, &two, 9));
    logs_cosign(&f.a, &pact, 1, 100);
    logs_cosign_as(&f.b, "m1/witness", &pact.witness[2], 100); /* under its name */
    logs_cosign_as(&f.b, "m2/witness", &pact.witness[1], 100); /* by its key */
    accuse_witness(&f, "m1");
    assert_not_shown(&f, "head not cosigned by this witness");
    swap_parts(&f);
    assert_not_shown(&f, "head not cosigned by this witness");
    assert_ok(fork_of(&f, &one, 9, &two, 9)); /* one that does not hold */
    logs_cosign(&f.a, &pact, 1, 100);
    logs_cosign(&f.b, &pact, 1, 100);
    logs_spoil(&f.b);
    accuse_witness(&f, "m1");
    assert_not_shown(&f, "head not cosigned by this witness");
    /* The witness signs what others say it signs, where the log did not sign at all. */
    pact.log[0][1] = pact.log[3][1];
    root1 = logs_root(&one, 9);
    root2 = logs_root(&two, 9);
    logs_head(&f.a, &pact, 0, 1, 9, &root1);
    logs_head(&f.b, &pact, 0, 1, 9, &root2);
    pact.log[0][1] = key;
    logs_cosign(&f.a, &pact, 1, 100);
    logs_cosign(&f.b, &pact, 1, 100);
    accuse_witness(&f, "m1");
    assert_not_shown(&f, "head not signed by its log");
    assert_err(fork_of(&f, &one, 9, &one, 17), ENT_E_NOTFOUND); /* consistent heads */
    const struct ent_merkle_source source = logs_source(&one);
    logs_cosign(&f.a, &pact, 1, 100);
    logs_cosign(&f.b, &pact, 1, 100);
    accuse_witness(&f, "m1");
    f.m.sized = true;
    f.m.root = logs_root(&one, 9);
    assert_ok(ent_merkle_prove_consistency(&f.m.proof, 9, 17, &source));
    assert_not_shown(&f, "the smaller head is the beginning of the larger");
    close_fixture(&f);
}

/* --- numbers ------------------------------------------------------------------------------------
 */

static void accuse_author(struct fixture *f)
{
    f->m = (struct ent_misbehaviour){.kind = ENT_MB_SEQUENCE, .member = "m0"};
    f->m.a = ent_buf_slice(&f->a);
    f->m.b = ent_buf_slice(&f->b);
}

static void say(struct fixture *f, uint64_t sequence_a, const char *a, uint64_t sequence_b,
                const char *b)
{
    logs_statement(&f->a, &pact, 0, sequence_a, a);
    logs_statement(&f->b, &pact, 0, sequence_b, b);
    accuse_author(f);
}

static void test_numbers(void **state)
{
    struct fixture f;
    uint8_t raw[4 + 64] = {0};
    (void)state;
    open_fixture(&f);
    say(&f, 7, "one thing", 7, "another thing");
    assert_guilty(&f);
    say(&f, 7, "one thing", 8, "another thing");
    assert_not_shown(&f, "statements have two numbers");
    say(&f, 7, "one thing", 7, "one thing");
    assert_not_shown(&f, "both statements are one");
    const uint8_t *end = memmem(f.b.p, f.b.n, "\n\n", 2); /* with a stranger's signature */
    assert_ok(ent_note_append(&f.b, (size_t)(end - f.b.p) + 1, "x", raw, sizeof(raw)));
    accuse_author(&f);
    assert_not_shown(&f, "both statements are one");
    say(&f, 0, "one thing", 0, "another thing"); /* numbers begin with 1 */
    assert_not_shown(&f, "number of the statements has no place in a log");
    say(&f, 7, "one thing", 7, "another thing");
    (void)snprintf(f.m.member, sizeof(f.m.member), "m1");
    assert_not_shown(&f, "statement of another author");
    logs_statement(&f.a, &pact, 1, 7, "one thing"); /* two authors, one number */
    f.m.a = ent_buf_slice(&f.a);
    assert_not_shown(&f, "statement of another author");
    (void)snprintf(f.m.member, sizeof(f.m.member), "m0");
    assert_not_shown(&f, "statement of another author");
    swap_parts(&f);
    assert_not_shown(&f, "statement of another author");
    close_fixture(&f);
}

static void test_statements_that_it_did_not_sign(void **state)
{
    struct fixture f;
    struct ent_seed32 own = pact.author[0];
    (void)state;
    open_fixture(&f);
    logs_statement(&f.a, &pact, 0, 7, "one thing");
    pact.author[0] = pact.author[1];
    logs_statement(&f.b, &pact, 0, 7, "another thing");
    accuse_author(&f);
    assert_not_shown(&f, "statement not signed by its author's key");
    swap_parts(&f);
    assert_not_shown(&f, "statement not signed by its author's key");
    pact.author[0] = pact.log[0][1]; /* its own, and not for statements */
    logs_statement(&f.b, &pact, 0, 7, "another thing");
    accuse_author(&f);
    assert_not_shown(&f, "statement not signed by its author's key");
    pact.author[0] = own;
    close_fixture(&f);
}

/* A key that was revoked says nothing at the places behind; one that came later nothing before. */
static void test_numbers_and_changed_keys(void **state)
{
    struct fixture f;
    struct ent_roster_member *m = &pact.roster.member[0];
    struct ent_seed32 old = pact.author[0], new;
    (void)state;
    open_fixture(&f);
    ent_random(new.b, sizeof(new.b));
    m->author[0].until = 10;
    m->author[1] = (struct ent_author_key){.from = 10, .until = 20};
    ent_sign_public(&m->author[1].pk, &new);
    m->authors = 2;
    say(&f, 10, "one thing", 10, "another thing"); /* the last place of the old key */
    assert_guilty(&f);
    say(&f, 11, "one thing", 11, "another thing"); /* the thief */
    assert_not_shown(&f, "statement not signed by its author's key");
    pact.author[0] = new;
    logs_statement(&f.b, &pact, 0, 11, "what it did say");
    accuse_author(&f);
    assert_not_shown(&f, "statement not signed by its author's key");
    logs_statement(&f.a, &pact, 0, 11, "and did not");
    accuse_author(&f);
    assert_guilty(&f);
    say(&f, 10, "one thing", 10, "another thing");
    assert_not_shown(&f, "statement not signed by its author's key");
    say(&f, 21, "one thing", 21, "another thing");
    assert_not_shown(&f, "no author key of the member is valid at this place");
    pact.author[0] = old;
    close_fixture(&f);
}

/* What was said behind the end of a log has its number again in the next one. */
static void test_numbers_and_closed_logs(void **state)
{
    struct fixture f;
    struct ent_hash32 root = logs_root(&one, 10);
    struct ent_roster_member *m = &pact.roster.member[0];
    (void)state;
    open_fixture(&f);
    say(&f, 11, "one thing", 11, "another thing");
    logs_next(&pact, 0, 10, &root);
    assert_guilty(&f); /* with the same key that is two things */
    m->author[0].until = 10;
    assert_not_shown(&f, "no author key of the member is valid at this place");
    m->author[0].until = ENT_INDEX_NONE;
    m->log[1].closed = true; /* it left: there is no such place */
    assert_not_shown(&f, "number of the statements has no place in a log");
    close_fixture(&f);
}

static void test_numbers_in_dispute(void **state)
{
    struct fixture f;
    struct ent_roster_member *m = &pact.roster.member[0];
    (void)state;
    open_fixture(&f);
    say(&f, 7, "one thing", 7, "another thing");
    m->disputed[0] = (struct ent_disputed){1, 6, 7};
    m->disputes = 1;
    assert_not_shown(&f, "place of the statements is in dispute");
    m->disputed[0] = (struct ent_disputed){1, 7, ENT_INDEX_NONE};
    assert_guilty(&f);
    m->disputed[0] = (struct ent_disputed){2, 0, ENT_INDEX_NONE};
    assert_guilty(&f);
    close_fixture(&f);
}

/* One key in two pacts has two rows of numbers. */
static void test_numbers_of_another_pact(void **state)
{
    struct fixture f;
    struct ent_hash32 here = pact.roster.version[0], later = {{8}}, elsewhere = {{9}};
    (void)state;
    open_fixture(&f);
    logs_statement(&f.a, &pact, 0, 7, "one thing");
    pact.roster.version[0] = elsewhere;
    logs_statement(&f.b, &pact, 0, 7, "another thing");
    pact.roster.version[0] = here;
    accuse_author(&f);
    assert_not_shown(&f, "statement under another pact");
    swap_parts(&f);
    assert_not_shown(&f, "statement under another pact");
    pact.roster.version[0] = later; /* two versions of this one are one pact */
    logs_statement(&f.b, &pact, 0, 7, "another thing");
    pact.roster.version[0] = here;
    accuse_author(&f);
    assert_not_shown(&f, "statement under another pact"); /* not known yet */
    pact.roster.version[1] = later;
    pact.roster.versions = 2;
    assert_guilty(&f);
    pact.roster.versions = 0; /* who knows no versions believes that one version is one pact */
    assert_not_shown(&f, "statement under another pact");
    say(&f, 7, "one thing", 7, "another thing");
    assert_guilty(&f);
    close_fixture(&f);
}

/* --- one form -----------------------------------------------------------------------------------
 */

#define FIRST "entente/misbehaviour@v1\n"
#define HEAD  FIRST "kind fork\nmember m0\n"
#define HASH  "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define PARTS "part 2\nabpart 1\ncpact 0\n"
#define FOUR  "path " HASH "path " HASH "path " HASH "path " HASH
#define MANY  FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR

static void test_what_is_no_proof(void **state)
{
    static const char bad[] = "malformed proof of misbehaviour";
    static const char large[] = "proof of misbehaviour with a part that is too large";
    static const struct {
        const char *text;
        enum ent_err want;
        const char *why;
    } cases[] = {
        {"", ENT_E_FORMAT, bad},
        {FIRST, ENT_E_FORMAT, bad},
        {"entente/misbehaviour@v2\nkind fork\nmember m0\n" PARTS, ENT_E_FORMAT, bad},
        {FIRST "kind forks\nmember m0\n" PARTS, ENT_E_FORMAT, bad},
        {FIRST "kind\nmember m0\n" PARTS, ENT_E_FORMAT, bad},
        {FIRST "kind fork fork\nmember m0\n" PARTS, ENT_E_FORMAT, bad},
        {FIRST "kind silence\nmember m0\n" PARTS, ENT_E_FORMAT, bad},
        {FIRST "member m0\nkind fork\n" PARTS, ENT_E_FORMAT, bad},
        {FIRST "kind fork\nmember M0\n" PARTS, ENT_E_FORMAT, bad},
        {FIRST "kind fork\nmember m0 \n" PARTS, ENT_E_FORMAT, bad},
        {FIRST "kind fork\nmember \n" PARTS, ENT_E_FORMAT, bad},
        {HEAD "root AA==\n" PARTS, ENT_E_FORMAT, bad},
        {HEAD "path " HASH PARTS, ENT_E_FORMAT, bad},
        {HEAD "root " HASH "root " HASH PARTS, ENT_E_FORMAT, bad},
        {HEAD "root " HASH "path AA==\n" PARTS, ENT_E_FORMAT, bad},
        {HEAD "root " HASH MANY "path " HASH PARTS, ENT_E_LIMIT, large},
        {FIRST "kind sequence\nmember m0\nroot " HASH PARTS, ENT_E_FORMAT, bad},
        {FIRST "kind vote\nmember m0\nroot " HASH PARTS, ENT_E_FORMAT, bad},
        {HEAD "part 02\nabpart 1\ncpact 0\n", ENT_E_FORMAT, bad},
        {HEAD "part 2 \nabpart 1\ncpact 0\n", ENT_E_FORMAT, bad},
        {HEAD "part 0\npart 1\ncpact 0\n", ENT_E_FORMAT, bad},
        {HEAD "part 2\nabpart 0\npact 0\n", ENT_E_FORMAT, bad},
        {HEAD "part 3\nabpart 1\ncpact 0\n", ENT_E_FORMAT, bad},
        {HEAD "part 2\nab\npart 1\ncpact 0\n", ENT_E_FORMAT, bad},
        {HEAD "part 99\nab", ENT_E_FORMAT, bad},
        {HEAD "part 65537\nab", ENT_E_LIMIT, large},
        {HEAD "part 18446744073709551616\nab", ENT_E_LIMIT, large},
        {HEAD "part 2\nabpart 1\nc", ENT_E_FORMAT, bad},
        {HEAD "part 2\nabpart 1\ncpart 1\nd", ENT_E_FORMAT, bad},
        {HEAD "part 2\nabpart 1\ncpact 1\n", ENT_E_FORMAT, bad},
        {HEAD "part 2\nabpart 1\ncpact 16777217\n", ENT_E_LIMIT, large},
        {HEAD PARTS "\n", ENT_E_FORMAT, bad},
        {HEAD "part 2\nabpart 1\ncpact 1\nab", ENT_E_FORMAT, bad},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_misbehaviour m = {.member = "kept"};
        assert_says(ent_misbehaviour_parse(&m, ent_slice_str(cases[i].text), d), cases[i].want,
                    cases[i].why);
        assert_string_equal(m.member, "kept");
    }
}

static void assert_one_form(struct ent_slice text, enum ent_err want)
{
    struct ent_misbehaviour m;
    struct ent_buf b;
    ent_buf_init(&b, ENT_MISBEHAVIOUR_MAX);
    enum ent_err r = ent_misbehaviour_parse(&m, text, NULL);
    assert_true(want != ENT_OK || r == ENT_OK);
    if (r == ENT_OK) {
        assert_ok(ent_misbehaviour_encode(&b, &m));
        assert_true(ent_slice_eq(ent_buf_slice(&b), text));
    }
    ent_buf_release(&b);
}

static void test_what_is_one(void **state)
{
    static const char *const good[] = {
        HEAD PARTS,
        HEAD "root " HASH PARTS,
        HEAD "root " HASH MANY PARTS,
        FIRST "kind witness\nmember m0\nroot " HASH "path " HASH PARTS,
        FIRST "kind sequence\nmember m0\n" PARTS,
        FIRST "kind vote\nmember m0\n" PARTS,
        HEAD "part 7\npart 1\npart 7\npact 0\npact 7\npart 2\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_one_form(ent_slice_str(good[i]), ENT_OK);
}

static void test_sizes_and_what_is_not_written(void **state)
{
    struct fixture f;
    uint8_t *big = calloc(1, ENT_MISBEHAVIOUR_MAX + 1);
    (void)state;
    open_fixture(&f);
    assert_says(ent_misbehaviour_parse(&f.m, ent_slice(big, ENT_MISBEHAVIOUR_MAX + 1), d),
                ENT_E_LIMIT, "proof of misbehaviour larger than 16 MiB");
    assert_ok(fork_of(&f, &one, 9, &two, 17));
    f.m.pact = ent_slice(big, ENT_MISBEHAVIOUR_MAX); /* no room is left for the rest */
    assert_err(ent_misbehaviour_encode(&f.bytes, &f.m), ENT_E_LIMIT);
    f.m.pact.n -= 2000;
    encode(&f);
    assert_one_form(ent_buf_slice(&f.bytes), ENT_OK);
    ent_buf_clear(&f.bytes);
    f.m.pact.n = 0;
    f.m.proof.n = 65;
    assert_err(ent_misbehaviour_encode(&f.bytes, &f.m), ENT_E_LIMIT);
    f.m.proof.n = 1;
    f.m.a = ent_slice(big, ENT_NOTE_MAX + 1);
    assert_err(ent_misbehaviour_encode(&f.bytes, &f.m), ENT_E_LIMIT);
    f.m.a.n = 0;
    assert_err(ent_misbehaviour_encode(&f.bytes, &f.m), ENT_E_FORMAT);
    f.m.a.n = 1;
    f.m.kind = ENT_MB_SEQUENCE;
    assert_err(ent_misbehaviour_encode(&f.bytes, &f.m), ENT_E_FORMAT);
    f.m.sized = false;
    f.m.member[0] = 'M';
    assert_err(ent_misbehaviour_encode(&f.bytes, &f.m), ENT_E_FORMAT);
    assert_int_equal(f.bytes.n, 0);
    free(big);
    close_fixture(&f);
}

/* Every bit, every cut: refused, or it shows what it showed: the same two trees, and the member. */
static void assert_no_bit_accuses(struct fixture *f, const char *member)
{
    struct ent_misbehaviour m;
    encode(f);
    for (size_t i = 0; i < f->bytes.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            f->bytes.p[i] ^= (uint8_t)(1 << bit);
            assert_one_form(ent_buf_slice(&f->bytes), ENT_E_FORMAT);
            if (ent_misbehaviour_parse(&m, ent_buf_slice(&f->bytes), NULL) == ENT_OK &&
                ent_misbehaviour_check(&m, &pact.roster, NULL) == ENT_OK)
                assert_string_equal(m.member, member);
            f->bytes.p[i] ^= (uint8_t)(1 << bit);
        }
        assert_true(ent_misbehaviour_parse(&m, ent_slice(f->bytes.p, i), NULL) != ENT_OK);
    }
}

static void test_no_bit_accuses_another(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f);
    assert_ok(fork_of(&f, &one, 9, &two, 17));
    assert_no_bit_accuses(&f, "m0");
    logs_cosign(&f.a, &pact, 1, 100);
    logs_cosign(&f.b, &pact, 1, 50);
    accuse_witness(&f, "m1");
    assert_no_bit_accuses(&f, "m1");
    say(&f, 7, "one thing", 7, "another thing");
    assert_no_bit_accuses(&f, "m0");
    close_fixture(&f);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(ent_misbehaviour_word(ENT_MB_FORK), "fork");
    assert_string_equal(ent_misbehaviour_word(ENT_MB_SEQUENCE), "sequence");
    assert_string_equal(ent_misbehaviour_word(ENT_MB_WITNESS), "witness");
    assert_string_equal(ent_misbehaviour_word(ENT_MB_VOTE), "vote");
    for (int k = 0; k < ENT_MB_KINDS; k++)
        assert_non_null(ent_misbehaviour_text((enum ent_misbehaviour_kind)k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_forks, fresh),
        cmocka_unit_test_setup(test_one_pair_is_one_proof, fresh),
        cmocka_unit_test_setup(test_random_histories, fresh),
        cmocka_unit_test_setup(test_honest_heads_and_made_up_paths, fresh),
        cmocka_unit_test_setup(test_forks_in_a_wrong_shape, fresh),
        cmocka_unit_test_setup(test_heads_that_it_did_not_sign, fresh),
        cmocka_unit_test_setup(test_the_closing_head, fresh),
        cmocka_unit_test_setup(test_one_tree_is_no_fork, fresh),
        cmocka_unit_test_setup(test_spoiled_heads_are_proof_still, fresh),
        cmocka_unit_test_setup(test_an_empty_tree_with_a_root, fresh),
        cmocka_unit_test_setup(test_sources_that_lie, fresh),
        cmocka_unit_test_setup(test_heads_in_dispute, fresh),
        cmocka_unit_test_setup(test_witnesses, fresh),
        cmocka_unit_test_setup(test_witnesses_that_did_nothing, fresh),
        cmocka_unit_test_setup(test_numbers, fresh),
        cmocka_unit_test_setup(test_statements_that_it_did_not_sign, fresh),
        cmocka_unit_test_setup(test_numbers_and_changed_keys, fresh),
        cmocka_unit_test_setup(test_numbers_and_closed_logs, fresh),
        cmocka_unit_test_setup(test_numbers_in_dispute, fresh),
        cmocka_unit_test_setup(test_numbers_of_another_pact, fresh),
        cmocka_unit_test_setup(test_what_is_no_proof, fresh),
        cmocka_unit_test_setup(test_what_is_one, fresh),
        cmocka_unit_test_setup(test_sizes_and_what_is_not_written, fresh),
        cmocka_unit_test_setup(test_no_bit_accuses_another, fresh),
        cmocka_unit_test_setup(test_words, fresh),
    };
    return ent_t_run("misbehaviour", tests);
}
