/* test_signer.c: what a signer signs, and what nobody gets out of it who has taken over whoever
 * asks: the tests are that one. */
#include "tests/support/logs.h"
#include "tests/support/simdisk.h"

#define SELF 0u
#define NOW  1795328503

struct fixture {
    struct logs_pact pact;
    struct logs_log own, fork; /* the same first 5 entries */
    struct ent_simdisk *disk;
    struct ent_signer_lock lock;
    struct ent_signer *signer;
    char origin[ENT_LOG_ORIGIN], theirs[ENT_LOG_ORIGIN];
};

static struct fixture f;

static void again(void) /* another life of it */
{
    ent_signer_local_free(f.signer);
    f.signer = logs_signer(&f.pact, SELF, &f.lock, ent_simdisk_disk(f.disk));
}

static int start(void **state)
{
    char entry[32];
    (void)state;
    memset(&f, 0, sizeof(f));
    logs_pact_make(&f.pact, 4, 3);
    for (unsigned i = 0; i < LOGS_LEAVES; i++) {
        (void)snprintf(entry, sizeof(entry), "entry %u", i);
        logs_add(&f.own, ent_slice_str(entry));
        (void)snprintf(entry, sizeof(entry), "%s %u", i < 5 ? "entry" : "other", i);
        logs_add(&f.fork, ent_slice_str(entry));
    }
    f.disk = ent_simdisk_new();
    ent_roster_origin(&f.pact.roster, f.origin, "m0", 1);
    ent_roster_origin(&f.pact.roster, f.theirs, "m1", 1);
    again();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ent_signer_local_free(f.signer);
    ent_simdisk_free(f.disk);
    return 0;
}

/* --- heads --------------------------------------------------------------------------------------
 */

static struct ent_growth growth(const char *origin, struct logs_log *log, uint64_t old,
                                uint64_t size)
{
    const struct ent_merkle_source source = logs_source(log);
    struct ent_growth g;
    const struct ent_last_head last = {.size = old};
    const struct ent_hash32 root = logs_root(log, size);
    memset(&g, 0, sizeof(g));
    assert_ok(ent_growth_make(&g, origin, &last, size, &root, &source));
    return g;
}

static enum ent_err head(struct ent_signature *ret, struct ent_diag *d, const struct ent_growth *g)
{
    return f.signer->head(f.signer->ctx, ret, d, g);
}

/* By the code that others use. */
static void check_head(const struct ent_growth *g, const struct ent_signature *sig)
{
    struct ent_buf b, want;
    const struct ent_checkpoint cp = {ent_slice_str(g->origin), g->size, g->root};
    ent_buf_init(&b, ENT_NOTE_MAX);
    ent_buf_init(&want, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(&b, &cp));
    assert_ok(ent_note_add(&b, b.n, g->origin, &sig->pk, sig->sig));
    assert_ok(ent_checkpoint_encode(&want, &cp));
    assert_ok(ent_note_sign(&want, want.n, g->origin, &f.pact.log[SELF][1]));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&want)));
    ent_buf_release(&b);
    ent_buf_release(&want);
}

static void signed_up_to(uint64_t old, uint64_t size)
{
    const struct ent_growth g = growth(f.origin, &f.own, old, size);
    struct ent_signature sig;
    assert_ok(head(&sig, NULL, &g));
    check_head(&g, &sig);
}

static void test_heads_grow(void **state)
{
    struct ent_signature a, b;
    struct ent_growth g = growth(f.origin, &f.own, 7, 20);
    struct ent_last_head last;
    (void)state;
    signed_up_to(0, 7);
    assert_ok(head(&a, NULL, &g));
    assert_ok(head(&b, NULL, &g)); /* the answer was lost */
    assert_memory_equal(&a, &b, sizeof(a));
    g.old = 20;
    g.proof.n = 0;
    assert_ok(head(&b, NULL, &g));
    assert_memory_equal(&a, &b, sizeof(a));
    assert_ok(f.signer->last(f.signer->ctx, &last, NULL, f.origin));
    assert_int_equal(last.size, 20);
    assert_memory_equal(&last.root, &g.root, sizeof(g.root));
}

static void test_no_fork(void **state)
{
    struct ent_growth g = growth(f.origin, &f.fork, 10, 20);
    struct ent_signature sig;
    (void)state;
    signed_up_to(0, 10);
    assert_says(head(&sig, d, &g), ENT_E_AUTH, "it is not shown to grow out of the last head");
    g = growth(f.origin, &f.fork, 5, 20); /* holds, and starts where nobody is any more */
    assert_says(head(&sig, d, &g), ENT_E_STATE, "it does not start from the last head");
    g.old = 0;
    g.proof.n = 0;
    assert_says(head(&sig, d, &g), ENT_E_STATE, "it does not start from the last head");
    g = growth(f.origin, &f.fork, 0, 10);
    assert_says(head(&sig, d, &g), ENT_E_POLICY, "another head of this size was signed before");
    g = growth(f.origin, &f.own, 0, 9);
    assert_says(head(&sig, d, &g), ENT_E_POLICY, "a later head was signed before");
    g = growth(f.origin, &f.own, 10, 20);
    g.proof.hash[0].b[3] ^= 4;
    assert_says(head(&sig, d, &g), ENT_E_AUTH, "it is not shown to grow out of the last head");
    g.proof.n = ENT_MERKLE_PROOF_MAX + 1;
    assert_says(head(&sig, d, &g), ENT_E_FORMAT, "not a head and its proof");
    g.proof.n = 0;
    g.size = (uint64_t)INT64_MAX + 1;
    assert_says(head(&sig, d, &g), ENT_E_FORMAT, "not a head and its proof");
    signed_up_to(10, 20);
}

static void test_only_the_own_log(void **state)
{
    struct ent_growth g = growth(f.theirs, &f.own, 0, 10);
    struct ent_signature sig;
    (void)state;
    assert_says(head(&sig, d, &g), ENT_E_POLICY, "a head of another log");
    (void)snprintf(g.origin, sizeof(g.origin), "%.*s/m0/2", 64, f.origin);
    assert_says(head(&sig, d, &g), ENT_E_NOTFOUND, "no log that this signer knows");
    memset(g.origin, 'a', sizeof(g.origin));
    assert_says(head(&sig, d, &g), ENT_E_FORMAT, "not the name of a log");
    g.origin[0] = 0;
    assert_says(head(&sig, d, &g), ENT_E_NOTFOUND, "no log that this signer knows");
}

static void test_nothing_behind_the_closing_head(void **state)
{
    struct ent_log_key *key = &f.pact.roster.member[SELF].log[0];
    struct ent_signature sig;
    (void)state;
    signed_up_to(0, 10);
    key->closed = true;
    key->size = 12;
    key->root = logs_root(&f.own, 12);
    assert_ok(ent_signer_local_follow(f.signer, NULL, &f.pact.roster));
    struct ent_growth g = growth(f.origin, &f.own, 10, 13);
    assert_says(head(&sig, d, &g), ENT_E_POLICY, "the pact has closed this log before this head");
    signed_up_to(10, 12);
}

/* What lock/ says binds the next life of it, and this one, too. */
static void put_lock(const char *file, const char *origin, struct logs_log *log, uint64_t size)
{
    const struct ent_hash32 root = logs_root(log, size);
    const struct ent_checkpoint cp = {ent_slice_str(origin), size, root};
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(&b, &cp));
    assert_ok(ent_note_sign(&b, b.n, origin, &f.pact.log[SELF][1]));
    if (origin == f.theirs)
        logs_cosign(&b, &f.pact, SELF, NOW);
    ent_simdisk_set(f.disk, file, ent_buf_slice(&b));
    ent_buf_release(&b);
}

static void test_the_lock_binds(void **state)
{
    struct ent_growth g = growth(f.origin, &f.own, 0, 10);
    struct ent_signature sig;
    (void)state;
    put_lock("lock/1/checkpoint", f.origin, &f.own, 20);
    assert_says(head(&sig, d, &g), ENT_E_POLICY, "a later head was signed before");
    put_lock("lock/1/checkpoint", f.origin, &f.own, 30); /* by another process */
    signed_up_to(30, 40);
    put_lock("lock/1/checkpoint", f.origin, &f.own, 30); /* an old one comes back: not to it */
    g = growth(f.origin, &f.own, 30, 35);
    assert_says(head(&sig, d, &g), ENT_E_POLICY, "a later head was signed before");
    again();
    ent_simdisk_set(f.disk, "lock/1/checkpoint", ENT_SLICE_LIT("nonsense\n"));
    assert_says(head(&sig, d, &g), ENT_E_AUTH, "the last head in the lock's place is damaged");
    assert_says(head(&sig, d, &g), ENT_E_AUTH, "the last head in the lock's place is damaged");
}

/* --- statements ---------------------------------------------------------------------------------
 */

static struct ent_statement statement(uint64_t sequence)
{
    struct ent_statement st = {.pact_version = f.pact.roster.first + f.pact.roster.versions - 1,
                               .author = "m0",
                               .sequence = sequence,
                               .type = ENT_ST_REPORT,
                               .time = NOW,
                               .refs = 1,
                               .tlp = "TLP:RED",
                               .media = "text/plain",
                               .body_n = 12};
    st.pact = f.pact.roster.version[f.pact.roster.versions - 1];
    st.ref[0].b[0] = 7;
    return st;
}

static enum ent_err say(struct ent_diag *d, const struct ent_statement *st)
{
    struct ent_signature sig;
    struct ent_buf b;
    struct ent_statement read;
    struct ent_hash32 leaf;
    char name[ENT_NAME_MAX + 16];
    ent_buf_init(&b, ENT_NOTE_MAX);
    enum ent_err r = f.signer->statement(f.signer->ctx, &sig, &b, d, st);
    if (r != ENT_OK) {
        assert_int_equal(b.n, 0);
        ent_buf_release(&b);
        return r;
    }
    ent_key_name(name, "m0", "author");
    assert_ok(ent_note_add(&b, b.n, name, &sig.pk, sig.sig));
    assert_ok(ent_statement_open(&read, &leaf, ent_buf_slice(&b),
                                 &f.pact.roster.member[SELF].author[0].pk, NULL));
    ent_buf_release(&b);
    return ENT_OK;
}

static void test_places(void **state)
{
    struct ent_statement st = statement(1);
    (void)state;
    assert_ok(say(NULL, &st));
    st.time++;
    assert_ok(say(NULL, &st)); /* the batch was cut off again */
    signed_up_to(0, 10);
    for (uint64_t i = 0; i <= 10; i++) {
        st = statement(i);
        assert_says(say(d, &st), ENT_E_POLICY,
                    "a statement with this number is below a signed head");
    }
    st = statement(11);
    assert_ok(say(NULL, &st));
    st = statement(10 + ENT_TREE_BATCH);
    assert_ok(say(NULL, &st));
    st = statement(11 + ENT_TREE_BATCH);
    assert_says(say(d, &st), ENT_E_POLICY, "more than a batch behind the last head");
    st = statement(UINT64_MAX);
    assert_says(say(d, &st), ENT_E_FORMAT, "not a statement");
}

static void test_whose_and_under_what(void **state)
{
    struct ent_roster *ro = &f.pact.roster;
    struct ent_statement st = statement(1);
    (void)state;
    (void)snprintf(st.author, sizeof(st.author), "m1");
    assert_says(say(d, &st), ENT_E_POLICY, "a statement of another member");
    st = statement(1);
    st.pact_version++;
    assert_says(say(d, &st), ENT_E_POLICY, "a version of the pact that the signer does not know");
    st = statement(1);
    st.pact.b[0] ^= 1;
    assert_says(say(d, &st), ENT_E_POLICY, "a version of the pact that the signer does not know");
    st = statement(1);
    ent_random(ro->version[1].b, 32);
    ro->versions = 2;
    assert_ok(ent_signer_local_follow(f.signer, NULL, ro));
    assert_ok(say(NULL, &st)); /* that of before, and nothing was said under the new one yet */
    struct ent_statement next = statement(1);
    assert_ok(say(NULL, &next));
    assert_says(say(d, &st), ENT_E_POLICY,
                "statements were signed under a newer version of the pact");
    ro->versions = 1; /* no news, and it forgets nothing for it */
    assert_ok(ent_signer_local_follow(f.signer, NULL, ro));
    assert_says(say(d, &st), ENT_E_POLICY,
                "statements were signed under a newer version of the pact");
    assert_ok(say(NULL, &next));
    ro->versions = 2;
    ro->version[1].b[0] ^= 1;
    assert_says(ent_signer_local_follow(f.signer, d, ro), ENT_E_POLICY,
                "not a later version of the pact that the signer knows");
    ro->version[1].b[0] ^= 1;
    ro->pact.b[0] ^= 1;
    assert_says(ent_signer_local_follow(f.signer, d, ro), ENT_E_POLICY,
                "not a later version of the pact that the signer knows");
}

static void test_the_author_key_of_the_place(void **state)
{
    struct ent_author_key *a = f.pact.roster.member[SELF].author;
    struct ent_statement st = statement(6);
    struct ent_log_key *log = &f.pact.roster.member[SELF].log[0];
    (void)state;
    a[0].until = 5;
    a[1] = (struct ent_author_key){
        .pk = f.pact.roster.member[1].author[0].pk, .from = 5, .until = ENT_INDEX_NONE};
    f.pact.roster.member[SELF].authors = 2;
    assert_ok(ent_signer_local_follow(f.signer, NULL, &f.pact.roster));
    assert_says(say(d, &st), ENT_E_NOTFOUND, "no author key for this place in the log");
    st = statement(5);
    assert_ok(say(NULL, &st));
    log->closed = true;
    log->size = 4;
    log->root = logs_root(&f.own, 4);
    assert_ok(ent_signer_local_follow(f.signer, NULL, &f.pact.roster));
    assert_says(say(d, &st), ENT_E_NOTFOUND, "no author key for this place in the log");
}

static void test_fields_out_of_bounds(void **state)
{
    static const char *const media[] = {"", "a b", "a\nb", "text/plain 3 AAAA\nbody x", "\x01"};
    static const char *const tlp[] = {"", "TLP:RED x", "a\nb"};
    struct ent_statement st;
    (void)state;
    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++) {
        st = statement(1);
        (void)snprintf(st.media, sizeof(st.media), "%s", media[i]);
        assert_says(say(d, &st), ENT_E_FORMAT, "not a statement");
    }
    for (size_t i = 0; i < sizeof(tlp) / sizeof(tlp[0]); i++) {
        st = statement(1);
        (void)snprintf(st.tlp, sizeof(st.tlp), "%s", tlp[i]);
        assert_says(say(d, &st), ENT_E_FORMAT, "not a statement");
    }
    for (int i = 0; i < 10; i++) {
        st = statement(1);
        if (i == 0)
            memset(st.media, 'a', sizeof(st.media));
        else if (i == 1)
            memset(st.tlp, 'a', sizeof(st.tlp));
        else if (i == 2)
            memset(st.author, 'a', sizeof(st.author));
        else if (i == 3)
            st.refs = ENT_STATEMENT_REFS + 1;
        else if (i == 4)
            st.type = (enum ent_statement_type)ENT_ST_TYPES;
        else if (i == 5)
            st.time = -1;
        else if (i == 6)
            st.body_n = ENT_ACT_BODY_MAX + 1;
        else if (i == 7)
            st.pact_version = (uint64_t)UINT32_MAX + 1;
        else if (i == 8)
            st.sequence = (uint64_t)INT64_MAX + 1;
        else
            (void)snprintf(st.author, sizeof(st.author), "M0");
        assert_says(say(d, &st), ENT_E_FORMAT, "not a statement");
    }
}

/* --- others' heads ------------------------------------------------------------------------------
 */

static struct ent_cosign_request request(struct logs_log *log, uint64_t old, uint64_t size,
                                         int64_t time)
{
    struct ent_cosign_request q;
    struct ent_buf b;
    memset(&q, 0, sizeof(q));
    q.head = growth(f.theirs, log, old, size);
    q.time = time;
    const struct ent_checkpoint cp = {ent_slice_str(f.theirs), size, q.head.root};
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(&b, &cp));
    ent_sign(q.log_sig, &f.pact.log[1][1], ent_buf_slice(&b));
    ent_buf_release(&b);
    return q;
}

static enum ent_err cosign(struct ent_signature *ret, struct ent_diag *d,
                           const struct ent_cosign_request *q)
{
    return f.signer->cosign(f.signer->ctx, ret, d, q);
}

static void cosigned(uint64_t old, uint64_t size, int64_t time)
{
    const struct ent_cosign_request q = request(&f.own, old, size, time);
    const struct ent_checkpoint cp = {ent_slice_str(f.theirs), size, q.head.root};
    struct ent_signature sig;
    struct ent_note note;
    struct ent_buf b;
    int64_t got = 0;
    assert_ok(cosign(&sig, NULL, &q));
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(&b, &cp));
    assert_ok(ent_cosign_add(&b, b.n, "m0/witness", &sig.pk, time, sig.sig));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    assert_ok(ent_cosign_check(&note, &got, "m0/witness", &f.pact.roster.member[SELF].witness));
    assert_int_equal(got, time);
    ent_buf_release(&b);
}

static void test_cosigning(void **state)
{
    struct ent_cosign_request q = request(&f.own, 20, 30, 0);
    struct ent_signature sig, none;
    struct ent_last_head last;
    (void)state;
    cosigned(0, 10, NOW);
    cosigned(0, 10, NOW); /* asked again */
    cosigned(10, 20, NOW);
    assert_ok(cosign(&sig, NULL, &q)); /* taken note of */
    memset(&none, 0, sizeof(none));
    assert_memory_equal(sig.sig, none.sig, sizeof(sig.sig));
    assert_ok(f.signer->last(f.signer->ctx, &last, NULL, f.theirs));
    assert_int_equal(last.size, 30);
    assert_int_equal(last.time, NOW);
    cosigned(30, 40, NOW + 1);
}

static void test_no_two_histories(void **state)
{
    struct ent_cosign_request q = request(&f.fork, 10, 20, NOW);
    struct ent_signature sig;
    (void)state;
    cosigned(0, 10, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_AUTH, "it is not shown to grow out of the last head");
    q = request(&f.fork, 5, 20, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_STATE, "it does not start from the last head");
    q = request(&f.fork, 0, 20, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_STATE, "it does not start from the last head");
    q = request(&f.fork, 0, 10, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "another head of this size was signed before");
    q = request(&f.own, 0, 9, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "a later head was signed before");
    q = request(&f.own, 10, 20, 0);
    assert_ok(cosign(&sig, NULL, &q)); /* what it took note of counts as well */
    q = request(&f.fork, 0, 20, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "another head of this size was signed before");
}

static void test_whose_heads(void **state)
{
    struct ent_cosign_request q = request(&f.own, 0, 10, NOW);
    struct ent_signature sig;
    (void)state;
    q.log_sig[3] ^= 1;
    assert_says(cosign(&sig, d, &q), ENT_E_AUTH, "the log has not signed this head");
    q = request(&f.own, 0, 10, NOW);
    (void)snprintf(q.head.origin, sizeof(q.head.origin), "%.*s/m2/1", 64, f.theirs);
    assert_says(cosign(&sig, d, &q), ENT_E_AUTH, "the log has not signed this head");
    (void)snprintf(q.head.origin, sizeof(q.head.origin), "%s", f.origin);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "nobody is a witness of its own log");
    (void)snprintf(q.head.origin, sizeof(q.head.origin), "example.com/log");
    assert_says(cosign(&sig, d, &q), ENT_E_NOTFOUND, "no log that this signer knows");
    struct ent_log_key *key = &f.pact.roster.member[1].log[0];
    key->closed = true;
    key->size = 8;
    key->root = logs_root(&f.own, 8);
    assert_ok(ent_signer_local_follow(f.signer, NULL, &f.pact.roster));
    q = request(&f.own, 0, 10, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "the pact has closed this log before this head");
    q = request(&f.fork, 0, 8, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "the pact has closed this log before this head");
    cosigned(0, 8, NOW);
}

static void test_times(void **state)
{
    struct ent_cosign_request q = request(&f.own, 0, 10, NOW - 1);
    struct ent_signature sig;
    (void)state;
    cosigned(0, 10, NOW);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "it was cosigned at a later time before");
    q = request(&f.own, 10, 20, 1);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "it was cosigned at a later time before");
    q.time = -1;
    assert_says(cosign(&sig, d, &q), ENT_E_FORMAT, "not a time");
    again(); /* lock/ knows */
    put_lock("lock/heads/m1/1", f.theirs, &f.own, 10);
    q = request(&f.own, 10, 20, NOW - 1);
    assert_says(cosign(&sig, d, &q), ENT_E_POLICY, "it was cosigned at a later time before");
    cosigned(10, 20, NOW);
}

static void test_mirror_lines(void **state)
{
    static const struct ent_seed32 mirror = {{9}};
    struct ent_seed32 foreign = {{8}};
    const struct ent_signer_opts o = {.self = "m0",
                                      .roster = &f.pact.roster,
                                      .witness = &f.pact.witness[SELF],
                                      .mirror = &mirror};
    struct ent_cosign_request q = request(&f.own, 0, 10, NOW);
    struct ent_cosigned c = {.size = 10, .root = q.head.root, .time = NOW};
    struct ent_signer *s = NULL;
    struct ent_signature sig;
    struct ent_buf b;
    (void)state;
    assert_ok(ent_signer_local(&s, NULL, &o));
    (void)snprintf(c.origin, sizeof(c.origin), "%s", f.theirs);
    assert_ok(s->cosign(s->ctx, &sig, NULL, &q));
    memcpy(c.sig, sig.sig, sizeof(c.sig));
    assert_says(f.signer->mirror(f.signer->ctx, &sig, d, &c), ENT_E_NOTFOUND, "no mirror key");
    assert_ok(s->mirror(s->ctx, &sig, NULL, &c));
    const struct ent_checkpoint cp = {ent_slice_str(f.theirs), 10, q.head.root};
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(&b, &cp));
    assert_ok(ent_cosign_raw_check(&sig.pk, sig.sig, ent_buf_slice(&b), NOW));
    c.time++;
    assert_says(s->mirror(s->ctx, &sig, d, &c), ENT_E_AUTH, "this head was not cosigned here");
    c.time--;
    c.size++;
    assert_says(s->mirror(s->ctx, &sig, d, &c), ENT_E_AUTH, "this head was not cosigned here");
    c.size--;
    struct ent_keypair other;
    ent_keypair_init(&other, &foreign);
    ent_cosign_raw(c.sig, ent_buf_slice(&b), &other, NOW);
    assert_says(s->mirror(s->ctx, &sig, d, &c), ENT_E_AUTH, "this head was not cosigned here");
    c.time = 0;
    assert_says(s->mirror(s->ctx, &sig, d, &c), ENT_E_FORMAT, "not a time");
    ent_buf_release(&b);
    ent_signer_local_free(s);
}

/* A log whose signer outlives it goes on behind what that has signed, whatever came to lock/. */
static void test_an_answer_that_was_lost(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new();
    const struct ent_signer_opts so = {.self = "a", .origin = "b/a/1", .log = &f.pact.log[SELF][1]};
    struct ent_signer *signer = NULL;
    struct ent_log *log = NULL;
    struct ent_buf old;
    uint64_t index;
    (void)state;
    assert_ok(ent_signer_local(&signer, NULL, &so));
    const struct ent_log_opts o = {.disk = ent_simdisk_disk(s),
                                   .dir = "log/1",
                                   .lock = "lock/1",
                                   .origin = "b/a/1",
                                   .signer = signer,
                                   .alone = true};
    ent_buf_init(&old, ENT_NOTE_MAX);
    for (unsigned i = 0; i < 2; i++) {
        ent_log_free(log);
        assert_ok(ent_log_open(&log, NULL, &o));
        if (i == 1)
            assert_ok(ent_buf_put_slice(&old, ent_simdisk_file(s, "lock/1/checkpoint")));
        assert_ok(ent_log_append(log, &index, ENT_SLICE_LIT("entry"), NULL, ent_slice(NULL, 0)));
        assert_ok(ent_log_commit(log, NULL));
    }
    ent_log_free(log);
    ent_simdisk_set(s, "lock/1/checkpoint", ent_buf_slice(&old)); /* the second never came there */
    assert_ok(ent_log_open(&log, NULL, &o));
    assert_int_equal(ent_log_state(log), ENT_LOG_READY);
    assert_int_equal(ent_log_size(log), 2);
    assert_ok(ent_log_append(log, &index, ENT_SLICE_LIT("entry"), NULL, ent_slice(NULL, 0)));
    assert_ok(ent_log_commit(log, NULL));
    ent_log_free(log);
    ent_simdisk_set(s, "lock/1/checkpoint", ent_buf_slice(&old));
    ent_simdisk_set(s, "log/1/entries.dat", ent_slice(NULL, 0)); /* and its entries have gone */
    assert_ok(ent_log_open(&log, NULL, &o));
    assert_int_equal(ent_log_state(log), ENT_LOG_SHORT);
    ent_log_free(log);
    ent_signer_local_free(signer);
    ent_buf_release(&old);
    ent_simdisk_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_heads_grow, start, stop),
        cmocka_unit_test_setup_teardown(test_no_fork, start, stop),
        cmocka_unit_test_setup_teardown(test_only_the_own_log, start, stop),
        cmocka_unit_test_setup_teardown(test_nothing_behind_the_closing_head, start, stop),
        cmocka_unit_test_setup_teardown(test_the_lock_binds, start, stop),
        cmocka_unit_test_setup_teardown(test_places, start, stop),
        cmocka_unit_test_setup_teardown(test_whose_and_under_what, start, stop),
        cmocka_unit_test_setup_teardown(test_the_author_key_of_the_place, start, stop),
        cmocka_unit_test_setup_teardown(test_fields_out_of_bounds, start, stop),
        cmocka_unit_test_setup_teardown(test_cosigning, start, stop),
        cmocka_unit_test_setup_teardown(test_no_two_histories, start, stop),
        cmocka_unit_test_setup_teardown(test_whose_heads, start, stop),
        cmocka_unit_test_setup_teardown(test_times, start, stop),
        cmocka_unit_test_setup_teardown(test_mirror_lines, start, stop),
        cmocka_unit_test_setup_teardown(test_an_answer_that_was_lost, start, stop),
    };
    return ent_t_run("signer", tests);
}
