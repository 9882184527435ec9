/* test_signer_wire.c: a signer behind bytes says and refuses what the one here does, and both give
 * the bytes that keys alone give. */
#include "tests/support/logs.h"
#include "tests/support/simdisk.h"
#include "node/signer_wire.h"

#define NOW 1795328503

struct side {
    struct ent_simdisk *disk;
    struct ent_signer_lock lock;
    struct ent_signer *here; /* with the keys */
    struct ent_signer_service service;
};

struct line {
    struct side *to;
    unsigned lose;     /* so many answers */
    bool fail, spoil;  /* nothing comes back; something else does */
    unsigned requests; /* that arrived */
};

static struct logs_pact pact;
static struct logs_log own, theirs, forked;
static struct side local, far;
static struct line line;
static struct ent_signer *remote;
static char origin[ENT_LOG_ORIGIN], their_origin[ENT_LOG_ORIGIN];

static enum ent_err carry(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    struct line *l = ctx;
    struct ent_direct direct = {ent_signer_serve, &l->to->service, ENT_SIGNER_ANSWER_MAX};
    const struct ent_caller far_away = ent_caller_direct(&direct);
    l->requests++;
    if (l->fail)
        return ENT_E_PEER;
    assert_ok(far_away.call(far_away.ctx, ret, type, payload));
    if (l->spoil)
        ret->bytes.n--;
    if (l->lose > 0) {
        l->lose--;
        ent_msg_release(ret);
        return l->lose % 2 == 0 ? ENT_E_TIMEOUT : ENT_E_PEER;
    }
    return ENT_OK;
}

static const struct ent_caller by_line = {&line, carry};

static void start_side(struct side *s)
{
    s->disk = ent_simdisk_new();
    s->here = logs_signer(&pact, 0, &s->lock, ent_simdisk_disk(s->disk));
    ent_signer_service_init(&s->service, s->here);
}

static int start(void **state)
{
    char entry[32];
    (void)state;
    memset(&own, 0, sizeof(own));
    memset(&theirs, 0, sizeof(theirs));
    memset(&forked, 0, sizeof(forked));
    memset(&line, 0, sizeof(line));
    logs_pact_make(&pact, 4, 3);
    for (unsigned i = 0; i < LOGS_LEAVES; i++) {
        (void)snprintf(entry, sizeof(entry), "entry %u", i);
        logs_add(&own, ent_slice_str(entry));
        logs_add(&theirs, ent_slice_str(entry));
        logs_add(&forked, i == 3 ? ENT_SLICE_LIT("another") : ent_slice_str(entry));
    }
    ent_roster_origin(&pact.roster, origin, "m0", 1);
    ent_roster_origin(&pact.roster, their_origin, "m1", 1);
    start_side(&local);
    start_side(&far);
    line.to = &far;
    assert_ok(ent_signer_remote(&remote, NULL, &by_line));
    assert_memory_equal(&remote->keys, &far.here->keys, sizeof(remote->keys));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ent_signer_remote_free(remote);
    ent_signer_service_release(&local.service);
    ent_signer_service_release(&far.service);
    ent_signer_local_free(local.here);
    ent_signer_local_free(far.here);
    ent_simdisk_free(local.disk);
    ent_simdisk_free(far.disk);
    return 0;
}

/* --- both alike ---------------------------------------------------------------------------------
 */

struct said {
    enum ent_err err;
    struct ent_diag d;
    struct ent_signature sig;
};

/* What the two answered. */
static enum ent_err alike(const struct said *a, const struct said *b)
{
    assert_int_equal(a->err, b->err);
    if (a->err == ENT_OK) {
        assert_memory_equal(&a->sig, &b->sig, sizeof(a->sig));
    } else {
        assert_string_equal(a->d.text, b->d.text);
        assert_int_equal(a->d.offset, b->d.offset);
    }
    return a->err;
}

static struct ent_statement statement(uint64_t sequence)
{
    struct ent_statement st = {.pact_version = pact.roster.first,
                               .pact = pact.roster.version[0],
                               .author = "m0",
                               .sequence = sequence,
                               .type = (enum ent_statement_type)ent_t_below(ENT_ST_TYPES),
                               .time = NOW + (int64_t)ent_t_below(1000),
                               .refs = ent_t_below(ENT_STATEMENT_REFS + 1),
                               .tlp = "TLP:AMBER+STRICT",
                               .media = "text/plain",
                               .body_n = ent_t_below(ENT_ACT_BODY_MAX)};
    ent_random(st.ref, sizeof(st.ref));
    memset(st.ref + st.refs, 0, (ENT_STATEMENT_REFS - st.refs) * sizeof(st.ref[0]));
    ent_random(st.body.b, sizeof(st.body.b));
    return st;
}

/* A note by a key alone, as it always was, against the one with the signer's signature. */
static void check_note(struct ent_slice text, const char *name, const struct ent_seed32 *seed,
                       const struct ent_signature *sig)
{
    struct ent_buf want, got;
    ent_buf_init(&want, ENT_NOTE_MAX);
    ent_buf_init(&got, ENT_NOTE_MAX);
    assert_ok(ent_buf_put_slice(&want, text));
    assert_ok(ent_buf_put_slice(&got, text));
    assert_ok(ent_note_sign(&want, text.n, name, seed));
    assert_ok(ent_note_add(&got, text.n, name, &sig->pk, sig->sig));
    assert_true(ent_slice_eq(ent_buf_slice(&want), ent_buf_slice(&got)));
    ent_buf_release(&want);
    ent_buf_release(&got);
}

static enum ent_err say(uint64_t sequence)
{
    const struct ent_statement st = statement(sequence);
    struct said a = {.err = ENT_OK}, b = {.err = ENT_OK};
    struct ent_buf text, same;
    ent_buf_init(&text, ENT_NOTE_MAX);
    ent_buf_init(&same, ENT_NOTE_MAX);
    a.err = local.here->statement(local.here->ctx, &a.sig, &text, &a.d, &st);
    b.err = remote->statement(remote->ctx, &b.sig, &same, &b.d, &st);
    assert_true(ent_slice_eq(ent_buf_slice(&text), ent_buf_slice(&same)));
    if (alike(&a, &b) == ENT_OK)
        check_note(ent_buf_slice(&text), "m0/author", &pact.author[0], &b.sig);
    ent_buf_release(&text);
    ent_buf_release(&same);
    return a.err;
}

static struct ent_growth growth(const char *of, struct logs_log *log, uint64_t old, uint64_t size)
{
    const struct ent_merkle_source source = logs_source(log);
    const struct ent_last_head from = {.size = old};
    const struct ent_hash32 root = logs_root(log, size);
    struct ent_growth g;
    memset(&g, 0, sizeof(g));
    assert_ok(ent_growth_make(&g, of, &from, size, &root, &source));
    return g;
}

static void text_of(struct ent_buf *b, const struct ent_growth *g)
{
    const struct ent_checkpoint cp = {ent_slice_str(g->origin), g->size, g->root};
    ent_buf_init(b, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(b, &cp));
}

static enum ent_err head(struct logs_log *log, uint64_t old, uint64_t size)
{
    const struct ent_growth g = growth(origin, log, old, size);
    struct said a = {.err = ENT_OK}, b = {.err = ENT_OK};
    struct ent_buf text;
    a.err = local.here->head(local.here->ctx, &a.sig, &a.d, &g);
    b.err = remote->head(remote->ctx, &b.sig, &b.d, &g);
    if (alike(&a, &b) == ENT_OK) {
        text_of(&text, &g);
        check_note(ent_buf_slice(&text), origin, &pact.log[0][1], &b.sig);
        ent_buf_release(&text);
    }
    return a.err;
}

static enum ent_err cosign(struct logs_log *log, uint64_t old, uint64_t size, int64_t time)
{
    struct ent_cosign_request q;
    struct said a = {.err = ENT_OK}, b = {.err = ENT_OK};
    struct ent_buf text, want;
    memset(&q, 0, sizeof(q));
    q.head = growth(their_origin, log, old, size);
    q.time = time;
    text_of(&text, &q.head);
    ent_sign(q.log_sig, &pact.log[1][1], ent_buf_slice(&text));
    a.err = local.here->cosign(local.here->ctx, &a.sig, &a.d, &q);
    b.err = remote->cosign(remote->ctx, &b.sig, &b.d, &q);
    if (alike(&a, &b) == ENT_OK && time > 0) {
        size_t n = text.n;
        ent_buf_init(&want, ENT_NOTE_MAX);
        assert_ok(ent_buf_put_slice(&want, ent_buf_slice(&text)));
        assert_ok(ent_cosign_sign(&want, n, "m0/witness", &pact.witness[0], time));
        assert_ok(ent_cosign_add(&text, n, "m0/witness", &b.sig.pk, time, b.sig.sig));
        assert_true(ent_slice_eq(ent_buf_slice(&want), ent_buf_slice(&text)));
        ent_buf_release(&want);
    }
    ent_buf_release(&text);
    return a.err;
}

/* Honest traffic, between which somebody tries something else, and answers are lost. */
static void test_remote_is_as_local(void **state)
{
    uint64_t size = 0, seen = 0;
    int64_t time = NOW;
    struct ent_last_head a, b;
    (void)state;
    for (int i = 0; i < 400; i++) {
        line.lose = ent_t_below(4) == 0;
        switch (ent_t_below(8)) {
        case 0:
        case 1:
            assert_ok(say(size + 1 + ent_t_below(5)));
            break;
        case 2: {
            uint64_t next = size + ent_t_below(LOGS_LEAVES - size < 4 ? 1 : 4);
            assert_ok(head(&own, size, next));
            size = next;
            break;
        }
        case 3: {
            uint64_t next = seen + ent_t_below(LOGS_LEAVES - seen < 4 ? 1 : 4);
            time += (int64_t)ent_t_below(3);
            assert_ok(cosign(&theirs, seen, next, ent_t_below(4) == 0 ? 0 : time));
            seen = next;
            break;
        }
        case 4:
            if (size > 0)
                assert_err(say(1 + ent_t_below(size)), ENT_E_POLICY);
            break;
        case 5: /* of one size only one root */
            if (size > 3)
                assert_err(head(&forked, 0, size), ENT_E_POLICY);
            if (size > 4)
                assert_err(head(&own, 0, size - 1), ENT_E_POLICY);
            break;
        case 6:
            if (seen > 3)
                assert_err(cosign(&forked, 0, seen, time), ENT_E_POLICY);
            break;
        default:
            assert_ok(local.here->last(local.here->ctx, &a, NULL, origin));
            assert_ok(remote->last(remote->ctx, &b, NULL, origin));
            assert_memory_equal(&a, &b, sizeof(a));
            assert_int_equal(a.size, size);
        }
    }
}

/* --- what comes and does not come back ----------------------------------------------------------
 */

static void test_lost_answers(void **state)
{
    unsigned before = line.requests;
    (void)state;
    line.lose = 1;
    assert_ok(head(&own, 0, 10));
    assert_int_equal(line.requests, before + 2);
    const struct ent_growth g = growth(origin, &own, 10, 20);
    struct ent_signature sig;
    line.lose = 2;
    assert_says(remote->head(remote->ctx, &sig, d, &g), ENT_E_TIMEOUT,
                "the signer does not answer");
    assert_ok(remote->head(remote->ctx, &sig, NULL, &g)); /* it was signed, and is again */
    line.fail = true;
    before = line.requests;
    assert_says(remote->head(remote->ctx, &sig, d, &g), ENT_E_PEER, "the signer does not answer");
    assert_int_equal(line.requests, before + 2);
    line.fail = false;
    line.spoil = true;
    assert_says(remote->head(remote->ctx, &sig, d, &g), ENT_E_PEER, "the signer's answer is none");
    struct ent_signer *other = NULL;
    assert_says(ent_signer_remote(&other, d, &by_line), ENT_E_PEER,
                "the signer does not say what keys it has");
    assert_null(other);
}

static void test_nothing_that_has_no_form(void **state)
{
    struct ent_statement st = statement(1);
    struct ent_signature sig;
    struct ent_buf none;
    unsigned before = line.requests;
    (void)state;
    ent_buf_init(&none, ENT_NOTE_MAX);
    memset(st.media, 'a', sizeof(st.media));
    assert_says(remote->statement(remote->ctx, &sig, &none, d, &st), ENT_E_FORMAT,
                "nothing that a signer can be asked");
    st = statement(1);
    st.refs = ENT_STATEMENT_REFS + 1;
    assert_says(remote->statement(remote->ctx, &sig, &none, d, &st), ENT_E_FORMAT,
                "nothing that a signer can be asked");
    st = statement(1);
    st.time = -1;
    assert_says(remote->statement(remote->ctx, &sig, &none, d, &st), ENT_E_FORMAT,
                "nothing that a signer can be asked");
    assert_int_equal(line.requests, before);
    assert_int_equal(none.n, 0);
}

/* --- bytes --------------------------------------------------------------------------------------
 */

static struct ent_signer_request some_request(enum ent_signer_what what)
{
    struct ent_signer_request q;
    memset(&q, 0, sizeof(q));
    q.what = what;
    if (what == ENT_SIGN_STATEMENT)
        q.statement = statement(7);
    else if (what == ENT_SIGN_HEAD)
        q.head = growth(origin, &own, 5, 20);
    else if (what == ENT_SIGN_COSIGN)
        q.cosign =
            (struct ent_cosign_request){.head = growth(their_origin, &own, 5, 20), .time = 9};
    else if (what == ENT_SIGN_MIRROR)
        q.mirror = (struct ent_cosigned){.origin = "a/b/1", .size = 3, .time = 9, .sig = {7}};
    else if (what == ENT_SIGN_LAST)
        memcpy(q.origin, "a/b/1", 6);
    else if (what == ENT_SIGN_FOLLOW)
        q.chain = ENT_SLICE_LIT("entente/pact-chain@v1\n");
    return q;
}

/* Each request, cut anywhere, longer, or with any byte changed: another one, or none. */
static void test_one_form(void **state)
{
    (void)state;
    for (unsigned what = ENT_SIGN_KEYS; what <= ENT_SIGN_FOLLOW; what++) {
        const struct ent_signer_request q = some_request((enum ent_signer_what)what);
        struct ent_signer_request p;
        struct ent_buf b, again;
        ent_buf_init(&b, ENT_SIGNER_REQUEST_MAX);
        ent_buf_init(&again, ENT_SIGNER_REQUEST_MAX);
        assert_ok(ent_signer_request_encode(&b, &q));
        assert_ok(ent_signer_request_parse(&p, q.what, ent_buf_slice(&b)));
        assert_true(what == ENT_SIGN_FOLLOW || b.n < ENT_SIGNER_FIELDS_MAX);
        for (size_t n = 0; n < b.n && what != ENT_SIGN_FOLLOW; n++)
            assert_err(ent_signer_request_parse(&p, q.what, ent_slice(b.p, n)), ENT_E_FORMAT);
        for (size_t i = 0; i < b.n * 8; i++) {
            b.p[i / 8] ^= (uint8_t)(1u << i % 8);
            ent_buf_clear(&again);
            if (ent_signer_request_parse(&p, q.what, ent_buf_slice(&b)) == ENT_OK) {
                assert_ok(ent_signer_request_encode(&again, &p));
                assert_true(ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&again)));
            }
            b.p[i / 8] ^= (uint8_t)(1u << i % 8);
        }
        if (what != ENT_SIGN_FOLLOW) {
            assert_ok(ent_buf_putc(&b, 0));
            assert_err(ent_signer_request_parse(&p, q.what, ent_buf_slice(&b)), ENT_E_FORMAT);
        }
        ent_buf_release(&b);
        ent_buf_release(&again);
    }
}

/* What a request of this type with these bytes is answered. */
static enum ent_err serve(unsigned type, struct ent_slice bytes)
{
    struct ent_direct direct = {ent_signer_serve, &far.service, ENT_SIGNER_ANSWER_MAX};
    const struct ent_caller caller = ent_caller_direct(&direct);
    struct ent_msg answer = ENT_MSG_NOTHING;
    enum ent_err r = caller.call(caller.ctx, &answer, (uint16_t)type, bytes);
    if (r == ENT_OK)
        ent_msg_release(&answer);
    return r;
}

static void test_bad_bytes(void **state)
{
    struct ent_signer_answer a;
    uint8_t refused[] = {ENT_E_POLICY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, '\n'};
    const struct ent_slice bytes = {refused, sizeof(refused)};
    (void)state;
    assert_true(ent_protocol_is_sound(
        &(struct ent_protocol){ent_signer_rows, ENT_SIGNER_ROWS, 8, ENT_SIGNER_REQUEST_MAX}));
    for (unsigned type = 0; type <= UINT16_MAX; type++)
        if (type - ENT_MSG_SIGN != ENT_SIGN_KEYS && type - ENT_MSG_SIGN != ENT_SIGN_FOLLOW)
            assert_err(serve(type, ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_ok(serve(ENT_MSG_SIGN + ENT_SIGN_KEYS, ENT_SLICE_LIT("")));
    assert_err(serve(ENT_MSG_SIGN + ENT_SIGN_KEYS, ENT_SLICE_LIT("\0")), ENT_E_FORMAT);
    assert_err(serve(ENT_MSG_SIGN + ENT_SIGN_LAST, ENT_SLICE_LIT("\x03"
                                                                 "a\0b")),
               ENT_E_FORMAT);
    assert_err(ent_signer_answer_parse(&a, ENT_SIGN_HEAD, bytes), ENT_E_FORMAT);
    refused[18] = 'a';
    assert_ok(ent_signer_answer_parse(&a, ENT_SIGN_HEAD, bytes));
    refused[0] = ENT_E_UNSUPPORTED + 1;
    assert_err(ent_signer_answer_parse(&a, ENT_SIGN_HEAD, bytes), ENT_E_FORMAT);
    refused[0] = ENT_OK; /* a signature is longer */
    assert_err(ent_signer_answer_parse(&a, ENT_SIGN_HEAD, bytes), ENT_E_FORMAT);
}

/* --- a log and a view over it -------------------------------------------------------------------
 */

static void test_a_log_over_it(void **state)
{
    struct ent_log *log[2] = {NULL, NULL};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const struct ent_log_opts o = {.disk = ent_simdisk_disk(k == 0 ? local.disk : far.disk),
                                       .dir = "log/1",
                                       .lock = "lock/1",
                                       .origin = origin,
                                       .signer = k == 0 ? local.here : remote,
                                       .alone = true};
        assert_ok(ent_log_open(&log[k], NULL, &o));
        for (unsigned i = 0; i < 50; i++) {
            uint64_t index;
            assert_ok(
                ent_log_append(log[k], &index, ENT_SLICE_LIT("said"), NULL, ent_slice(NULL, 0)));
            assert_ok(ent_log_commit(log[k], NULL));
        }
    }
    assert_true(ent_slice_eq(ent_log_head(log[0]), ent_log_head(log[1])));
    assert_true(ent_slice_eq(ent_simdisk_file(local.disk, "lock/1/checkpoint"),
                             ent_simdisk_file(far.disk, "lock/1/checkpoint")));
    ent_log_free(log[0]);
    ent_log_free(log[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_remote_is_as_local, start, stop),
        cmocka_unit_test_setup_teardown(test_lost_answers, start, stop),
        cmocka_unit_test_setup_teardown(test_nothing_that_has_no_form, start, stop),
        cmocka_unit_test_setup_teardown(test_one_form, start, stop),
        cmocka_unit_test_setup_teardown(test_bad_bytes, start, stop),
        cmocka_unit_test_setup_teardown(test_a_log_over_it, start, stop),
    };
    return ent_t_run("signer_wire", tests);
}
