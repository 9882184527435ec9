/* test_witness.c: add-checkpoint, every answer of the specification, and what is on the disk. */
#include "tests/support/logs.h"
#include "tests/support/simdisk.h"

#define ADD    ENT_VIEW_PREFIX "witness/add-checkpoint"
#define NOW    1795328503
#define SELF   1u /* who is asked */
#define LOGGER 0u /* whose log it is */

struct fixture {
    struct logs_pact pact;
    struct logs_log log, other; /* two histories: the same first 5 entries */
    struct ent_simdisk *disk;
    struct ent_signer *signer[4]; /* of the last few views */
    struct ent_signer_lock lock;
    size_t signers;
    struct ent_view *view;
    struct ent_view_answer answer;
    struct ent_buf note, body;
    char origin[ENT_LOG_ORIGIN];
};

static void open_view(struct fixture *f)
{
    struct ent_signer *s = logs_signer(&f->pact, SELF, &f->lock, ent_simdisk_disk(f->disk));
    size_t i = f->signers++ % 4;
    ent_signer_local_free(f->signer[i]);
    f->signer[i] = s;
    const struct ent_view_opts o = {
        .disk = ent_simdisk_disk(f->disk), .self = f->pact.roster.member[SELF].name, .signer = s};
    assert_ok(ent_view_new(&f->view, NULL, &f->pact.roster, &o));
}

static struct fixture *start(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char entry[32];
    assert_non_null(f);
    logs_pact_make(&f->pact, 4, 3);
    for (unsigned i = 0; i < LOGS_LEAVES; i++) {
        (void)snprintf(entry, sizeof(entry), "entry %u", i);
        logs_add(&f->log, ent_slice_str(entry));
        (void)snprintf(entry, sizeof(entry), "%s %u", i < 5 ? "entry" : "other", i);
        logs_add(&f->other, ent_slice_str(entry));
    }
    f->disk = ent_simdisk_new();
    ent_buf_init(&f->note, ENT_NOTE_MAX);
    ent_buf_init(&f->body, 2 * ENT_WITNESS_MAX);
    ent_buf_init(&f->answer.body, 1 << 20);
    ent_roster_origin(&f->pact.roster, f->origin, f->pact.roster.member[LOGGER].name, 1);
    open_view(f);
    return f;
}

static void stop(struct fixture *f)
{
    ent_view_free(f->view);
    for (size_t i = 0; i < 4; i++)
        ent_signer_local_free(f->signer[i]);
    ent_simdisk_free(f->disk);
    ent_buf_release(&f->note);
    ent_buf_release(&f->body);
    ent_buf_release(&f->answer.body);
    free(f);
}

/* --- requests ----------------------------------------------------------------------------------
 */

static unsigned post(struct fixture *f, int64_t now)
{
    ent_view_handle(f->view, &f->answer, NULL, "POST", ADD, ent_buf_slice(&f->body), now);
    return f->answer.status;
}

static void put_proof(struct fixture *f, struct logs_log *log, uint64_t old, uint64_t size)
{
    const struct ent_merkle_source source = logs_source(log);
    struct ent_merkle_proof proof;
    char b64[ENT_BASE64_LEN(32)];
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_printf(&f->body, "old %llu\n", (unsigned long long)old));
    assert_ok(ent_merkle_prove_consistency(&proof, old, size, &source));
    for (size_t i = 0; i < proof.n; i++) {
        ent_base64_encode(b64, proof.hash[i].b, 32);
        assert_ok(ent_buf_printf(&f->body, "%s\n", b64));
    }
    assert_ok(ent_buf_putc(&f->body, '\n'));
}

static void head_of(struct fixture *f, struct logs_log *log, uint64_t size)
{
    const struct ent_hash32 root = logs_root(log, size);
    logs_head(&f->note, &f->pact, LOGGER, 1, size, &root);
}

static unsigned add_at(struct fixture *f, struct logs_log *log, uint64_t old, uint64_t size,
                       int64_t now)
{
    put_proof(f, log, old, size);
    head_of(f, log, size);
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    return post(f, now);
}

static unsigned add(struct fixture *f, struct logs_log *log, uint64_t old, uint64_t size)
{
    return add_at(f, log, old, size, NOW);
}

/* A head that a witness cosigned with ML-DSA-44 as well, 2,420 bytes behind a time, is a head; a
 * line so long by a key that is known here is none. */
static void put_long_line(struct fixture *f, const char *name, const uint8_t id[static 4])
{
    uint8_t raw[4 + 8 + 2420];
    char b64[ENT_BASE64_LEN(sizeof(raw))];
    ent_random(raw, sizeof(raw));
    memcpy(raw, id, 4);
    ent_base64_encode(b64, raw, sizeof(raw));
    assert_ok(ent_buf_printf(&f->note, "\xE2\x80\x94 %s %s\n", name, b64));
}

/* "old <words>\n\n" or whatever stands before the note, and a good head of this size. */
static unsigned add_raw(struct fixture *f, const char *before, uint64_t size)
{
    head_of(f, &f->log, size);
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, before));
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    return post(f, NOW);
}

/* The answer is a cosignature of the head that was sent, by us; its time. */
static int64_t cosigned(struct fixture *f)
{
    const struct ent_roster_member *self = &f->pact.roster.member[SELF];
    struct ent_note note;
    char name[ENT_NAME_MAX + 16];
    int64_t time;
    assert_ok(ent_buf_put_slice(&f->note, ent_buf_slice(&f->answer.body)));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&f->note), NULL));
    assert_int_equal(note.sigs, 2);
    ent_key_name(name, self->name, "witness");
    assert_ok(ent_cosign_check(&note, &time, name, &self->witness));
    return time;
}

static uint64_t known(struct fixture *f)
{
    struct ent_view_log l = {.size = 0};
    enum ent_err r = ent_view_log(f->view, &l, f->pact.roster.member[LOGGER].name, 1);
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    return l.size;
}

static bool exposed(struct fixture *f)
{
    struct ent_verdict_on on;
    assert_ok(ent_view_verdict(f->view, &on, f->pact.roster.member[LOGGER].name, NOW));
    return on.exposed && on.kind == ENT_MB_FORK;
}

#define assert_answer(want, text)                                                                  \
    do {                                                                                           \
        assert_int_equal(f->answer.status, (want));                                                \
        assert_true(ent_slice_eq(ent_buf_slice(&f->answer.body), ent_slice_str(text)));            \
    } while (0)

/* --- what is cosigned --------------------------------------------------------------------------
 */

static void test_grows_and_is_cosigned(void **state)
{
    static const uint64_t sizes[] = {0, 1, 2, 2, 3, 7, 8, 9, 64, 65, 200};
    struct fixture *f = start();
    uint64_t old = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(add(f, &f->log, old, sizes[i]), 200);
        assert_string_equal(f->answer.type, "text/plain; charset=utf-8");
        assert_int_equal(cosigned(f), NOW);
        old = sizes[i];
        assert_int_equal(known(f), old);
    }
    ent_view_free(f->view);
    open_view(f);
    assert_int_equal(known(f), 200);
    stop(f);
}

static void test_times_never_go_backwards(void **state)
{
    struct fixture *f = start();
    (void)state;
    assert_int_equal(add_at(f, &f->log, 0, 3, -5), 200);
    assert_int_equal(cosigned(f), 1);
    assert_int_equal(add_at(f, &f->log, 3, 3, 0), 200);
    assert_int_equal(cosigned(f), 1);
    assert_int_equal(add_at(f, &f->log, 3, 3, 4102444800), 200); /* 2100 */
    assert_int_equal(cosigned(f), 4102444800);
    assert_int_equal(add_at(f, &f->log, 3, 4, NOW), 200);
    assert_int_equal(cosigned(f), 4102444800);
    ent_view_free(f->view);
    open_view(f);
    assert_int_equal(add_at(f, &f->log, 4, 5, 1), 200);
    assert_int_equal(cosigned(f), 4102444800);
    assert_int_equal(add_at(f, &f->log, 5, 5, INT64_MAX), 200);
    assert_int_equal(cosigned(f), INT64_MAX);
    stop(f);
}

/* --- what is not -------------------------------------------------------------------------------
 */

static void test_malformed_is_400(void **state)
{
    static const char *const before[] = {
        "",
        "\n",
        "old\n\n",
        "old \n\n",
        "old 00\n\n",
        "old 03\n\n",
        "old -1\n\n",
        "old +1\n\n",
        "old 0 \n\n",
        "old  0\n\n",
        " old 0\n\n",
        "OLD 0\n\n",
        "old 0\r\n\n",
        "old 0\n",
        "old 9223372036854775808\n\n",
        "old 18446744073709551616\n\n",
        "old 0\nnot base64\n\n",
        "old 0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n\n",
        "old 0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n\n",
        "old 0\n CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
        "old 0\n\n\n",
        "old 4\n\n", /* above the size, 3 */
        "subtree 0 3\n\n",
    };
    struct fixture *f = start();
    (void)state;
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        assert_int_equal(add_raw(f, before[i], 3), 400);
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, "old 3\n"));
    for (int i = 0; i < 64; i++)
        assert_ok(ent_buf_puts(&f->body, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"));
    assert_ok(ent_buf_putc(&f->body, '\n'));
    head_of(f, &f->log, 3);
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    assert_int_equal(post(f, NOW), 400);
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, "old 0\n\nno note"));
    assert_int_equal(post(f, NOW), 400);
    assert_answer(400, "not a request to add a checkpoint\n");
    /* nothing of this is anything: the first good one is the first */
    assert_int_equal(add(f, &f->log, 0, 3), 200);
    stop(f);
}

static void test_cut_anywhere_is_no_cosignature(void **state)
{
    struct fixture *f = start();
    (void)state;
    assert_int_equal(add(f, &f->log, 0, 3), 200);
    put_proof(f, &f->log, 3, 7);
    head_of(f, &f->log, 7);
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    size_t n = f->body.n;
    for (size_t i = 0; i < n; i++) {
        f->body.n = i;
        assert_in_range(post(f, NOW), 400, 422);
        f->body.n = n;
        f->body.p[i] ^= 0x01;
        assert_in_range(post(f, NOW), 400, 422);
        f->body.p[i] ^= 0x01;
    }
    assert_int_equal(known(f), 3);
    assert_int_equal(post(f, NOW), 200);
    stop(f);
}

static void test_unknown_logs_and_signatures(void **state)
{
    struct fixture *f = start();
    const struct ent_hash32 root = logs_root(&f->log, 3);
    (void)state;
    /* another pact's log */
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, "old 0\n\n"));
    f->pact.roster.pact.b[0] ^= 1;
    head_of(f, &f->log, 3);
    f->pact.roster.pact.b[0] ^= 1;
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    assert_int_equal(post(f, NOW), 404);
    /* the log's name, and another key: 403, before anything about sizes */
    struct ent_seed32 right = f->pact.log[LOGGER][1];
    f->pact.log[LOGGER][1] = f->pact.log[2][1];
    assert_int_equal(add_raw(f, "old 4\n\n", 3), 403);
    f->pact.log[LOGGER][1] = right;
    assert_answer(403, "a signature of the checkpoint is missing or does not hold\n");
    /* our own log, which this view has no keys for: a witness counts nothing for itself */
    logs_head(&f->note, &f->pact, SELF, 1, 3, &root);
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, "old 0\n\n"));
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    assert_int_equal(post(f, NOW), 403);
    /* a witness's line that does not hold refuses the head, as everywhere */
    head_of(f, &f->log, 3);
    struct ent_seed32 wrong = f->pact.witness[2];
    logs_cosign(&f->note, &f->pact, 2, NOW);
    logs_spoil(&f->note);
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, "old 0\n\n"));
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    assert_int_equal(post(f, NOW), 403);
    /* and that of nobody's witness says nothing */
    head_of(f, &f->log, 3);
    logs_cosign_as(&f->note, "mallory/witness", &wrong, NOW);
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, "old 0\n\n"));
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    assert_int_equal(post(f, NOW), 200);
    stop(f);
}

static void test_conflict_tells_the_size(void **state)
{
    struct fixture *f = start();
    (void)state;
    assert_int_equal(add(f, &f->log, 2, 3), 409);
    assert_answer(409, "0\n");
    assert_string_equal(f->answer.type, "text/x.tlog.size");
    assert_int_equal(add(f, &f->log, 0, 7), 200);
    assert_int_equal(add(f, &f->log, 0, 9), 409);
    assert_answer(409, "7\n");
    assert_int_equal(add(f, &f->log, 3, 7), 409);
    assert_answer(409, "7\n");
    assert_int_equal(add(f, &f->log, 8, 9), 409);
    assert_answer(409, "7\n");
    assert_false(exposed(f));
    stop(f);
}

static void test_proofs_that_do_not_hold(void **state)
{
    struct fixture *f = start();
    struct ent_hash32 root = logs_root(&f->log, 1);
    char b64[ENT_BASE64_LEN(32)], before[128];
    (void)state;
    /* an empty log has one root */
    logs_head(&f->note, &f->pact, LOGGER, 1, 0, &root);
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, "old 0\n\n"));
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    assert_int_equal(post(f, NOW), 422);
    assert_answer(422, "the root of an empty log is another one\n");
    /* from nothing there is nothing to prove */
    ent_base64_encode(b64, root.b, 32);
    (void)snprintf(before, sizeof(before), "old 0\n%s\n\n", b64);
    assert_int_equal(add_raw(f, before, 3), 422);
    assert_answer(422, "a proof from the empty log has no hashes\n");
    assert_int_equal(add(f, &f->log, 0, 3), 200);
    assert_int_equal(add_raw(f, "old 3\n\n", 7), 422);
    assert_answer(422, "the consistency proof does not hold\n");
    (void)snprintf(before, sizeof(before), "old 3\n%s\n\n", b64);
    assert_int_equal(add_raw(f, before, 7), 422);
    assert_int_equal(add_raw(f, before, 3), 422); /* the same head with a proof */
    assert_int_equal(known(f), 3);
    assert_false(exposed(f));
    stop(f);
}

static void test_a_second_root_exposes(void **state)
{
    struct fixture *f = start();
    (void)state;
    assert_int_equal(add(f, &f->log, 0, 9), 200);
    assert_int_equal(add(f, &f->other, 9, 9), 422);
    assert_answer(422, "another root for this size was cosigned before\n");
    assert_true(exposed(f));
    assert_int_equal(add(f, &f->log, 9, 9), 403);
    assert_int_equal(add(f, &f->log, 9, 10), 403);
    assert_answer(403, "the log is closed, or its member is exposed\n");
    /* and after a restart, and for ever */
    ent_view_free(f->view);
    open_view(f);
    assert_true(exposed(f));
    assert_int_equal(add(f, &f->log, 9, 10), 403);
    assert_int_equal(known(f), 9);
    stop(f);
}

static void test_refused_heads_are_kept(void **state)
{
    struct fixture *f = start();
    (void)state;
    /* refused for its old size, and half of a proof when the log comes back with another one */
    assert_int_equal(add(f, &f->other, 3, 9), 409);
    ent_view_free(f->view);
    open_view(f);
    assert_int_equal(add(f, &f->log, 0, 9), 403);
    assert_answer(403, "the log has signed another root for this size\n");
    assert_true(exposed(f));
    stop(f);
}

static void test_damage_costs_one_head(void **state)
{
    struct fixture *f = start();
    (void)state;
    assert_int_equal(add(f, &f->other, 3, 9), 409);
    const size_t n = ent_simdisk_file(f->disk, "mirror/m0/1/seen").n;
    assert_int_equal(add(f, &f->other, 3, 12), 409);
    for (int i = 0; i < 200; i++) {
        struct ent_simdisk *whole = ent_simdisk_copy(f->disk);
        ent_view_free(f->view);
        ent_simdisk_flip(f->disk, "mirror/m0/1/seen", ent_t_below(8 * n));
        open_view(f);
        assert_int_equal(add(f, &f->log, 0, 12), 403);
        assert_true(exposed(f));
        ent_view_free(f->view);
        ent_simdisk_free(f->disk);
        f->disk = whole;
        open_view(f);
    }
    stop(f);
}

static void test_nothing_beyond_a_closing_head(void **state)
{
    struct fixture *f = start();
    struct ent_hash32 root = logs_root(&f->log, 7);
    (void)state;
    assert_int_equal(add(f, &f->log, 0, 3), 200);
    logs_next(&f->pact, LOGGER, 7, &root);
    assert_ok(ent_view_set_roster(f->view, &f->pact.roster, ent_slice(NULL, 0)));
    assert_ok(ent_signer_local_follow(f->signer[(f->signers - 1) % 4], NULL, &f->pact.roster));
    assert_int_equal(add(f, &f->log, 3, 8), 403);
    assert_int_equal(add(f, &f->log, 3, 6), 200);
    assert_int_equal(add(f, &f->log, 6, 7), 200);
    assert_int_equal(add(f, &f->log, 7, 7), 200);
    assert_false(exposed(f));
    assert_int_equal(add(f, &f->other, 7, 7), 403);
    assert_true(exposed(f));
    /* the member's next log begins at nothing, and what was decided was known */
    root = logs_root(&f->other, 2);
    logs_head(&f->note, &f->pact, LOGGER, 2, 2, &root);
    ent_buf_clear(&f->body);
    assert_ok(ent_buf_puts(&f->body, "old 0\n\n"));
    assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
    assert_int_equal(post(f, NOW), 200);
    stop(f);
}

/* --- the disk ----------------------------------------------------------------------------------
 */

static void test_is_on_the_disk_before_the_answer(void **state)
{
    struct fixture *f = start();
    (void)state;
    assert_int_equal(add(f, &f->log, 0, 5), 200);
    for (uint64_t n = 1;; n++) {
        struct ent_simdisk *clean = ent_simdisk_copy(f->disk), *was = f->disk;
        ent_view_free(f->view);
        f->disk = clean;
        open_view(f);
        ent_simdisk_crash(f->disk, n);
        unsigned status = add(f, &f->log, 5, 9);
        bool hit = ent_simdisk_hit(f->disk);
        ent_simdisk_crash(f->disk, 0);
        ent_simdisk_restart(f->disk);
        ent_view_free(f->view);
        open_view(f);
        if (status == 200)
            assert_int_equal(known(f), 9);
        else
            assert_int_equal(status, 500);
        /* whatever it was, only one history goes on */
        uint64_t size = known(f);
        assert_true(size == 5 || size == 9);
        assert_int_equal(add(f, &f->log, size, 10), 200);
        ent_view_free(f->view);
        f->disk = was;
        open_view(f);
        ent_simdisk_free(clean);
        if (!hit)
            break;
    }
    stop(f);
}

static void test_a_damaged_head_cosigns_nothing(void **state)
{
    struct fixture *f = start();
    (void)state;
    assert_int_equal(add(f, &f->log, 0, 5), 200);
    ent_view_free(f->view);
    ent_simdisk_flip(f->disk, "lock/heads/m0/1", 8 * 70);
    open_view(f);
    assert_int_equal(add(f, &f->log, 0, 9), 500);
    assert_int_equal(add(f, &f->other, 0, 9), 500);
    assert_int_equal(f->answer.body.n, 0);
    stop(f);
}

/* All but lock/ is of yesterday. */
static void test_an_old_copy_forgets_nothing_it_cosigned(void **state)
{
    struct fixture *f = start();
    const char *name;
    (void)state;
    assert_int_equal(add(f, &f->log, 0, 5), 200);
    struct ent_simdisk *yesterday = ent_simdisk_copy(f->disk);
    assert_int_equal(add(f, &f->log, 5, 9), 200);
    ent_view_free(f->view);
    for (size_t i = 0; (name = ent_simdisk_name(f->disk, i)) != NULL; i++)
        if (strncmp(name, "lock/", 5) != 0)
            ent_simdisk_set(f->disk, name, ent_simdisk_file(yesterday, name));
    ent_simdisk_free(yesterday);
    open_view(f);
    assert_int_equal(add(f, &f->other, 5, 10), 409);
    assert_answer(409, "9\n");
    assert_int_equal(add(f, &f->other, 9, 10), 422);
    assert_int_equal(add(f, &f->log, 9, 11), 200);
    stop(f);
}

static void test_two_processes_are_one_witness(void **state)
{
    struct fixture *f = start();
    struct ent_view *first = f->view, *second;
    (void)state;
    open_view(f);
    second = f->view;
    assert_int_equal(add(f, &f->log, 0, 3), 200);
    f->view = first;
    assert_int_equal(add(f, &f->other, 0, 6), 409);
    assert_answer(409, "3\n");
    assert_int_equal(add(f, &f->log, 3, 7), 200);
    f->view = second;
    assert_int_equal(add(f, &f->other, 7, 7), 422);
    f->view = first;
    assert_true(exposed(f));
    ent_view_free(second);
    stop(f);
}

static void test_the_monitor_sees_what_was_cosigned(void **state)
{
    struct fixture *f = start();
    char path[sizeof(ENT_VIEW_PREFIX) + 128], hex[ENT_HEX_LEN(32)];
    struct ent_hash32 hash;
    struct ent_standing standing;
    struct ent_checkpoint cp;
    (void)state;
    ent_sha256_of(&hash, ent_slice_str(f->origin));
    ent_hex_encode(hex, hash.b, 32);
    (void)snprintf(path, sizeof(path), ENT_VIEW_PREFIX "witness/%s/checkpoint", hex);
    ent_view_handle(f->view, &f->answer, NULL, "GET", path, ent_slice(NULL, 0), NOW);
    assert_int_equal(f->answer.status, 404);
    assert_int_equal(add(f, &f->log, 0, 5), 200);
    ent_view_handle(f->view, &f->answer, NULL, "GET", path, ent_slice(NULL, 0), NOW);
    assert_int_equal(f->answer.status, 200);
    assert_ok(ent_roster_check_head(&f->pact.roster, &standing, &cp, ent_buf_slice(&f->answer.body),
                                    NULL));
    assert_int_equal(cp.size, 5);
    assert_int_equal(standing.by.word[0], 1u << SELF);
    assert_false(standing.accepted);
    path[strlen(ENT_VIEW_PREFIX "witness/")] ^= 1;
    ent_view_handle(f->view, &f->answer, NULL, "GET", path, ent_slice(NULL, 0), NOW);
    assert_int_equal(f->answer.status, 404);
    stop(f);
}

static void test_signatures_of_other_types(void **state)
{
    static const uint8_t unknown[4] = {6, 6, 6, 6};
    struct fixture *f = start();
    const struct ent_roster_member *m = &f->pact.roster.member[LOGGER + 1];
    char name[ENT_NAME_MAX + 16];
    uint8_t known[4];
    (void)state;
    ent_key_name(name, m->name, "witness");
    ent_cosign_key_id(known, name, &m->witness);
    for (int i = 0; i < 2; i++) {
        put_proof(f, &f->log, 0, 3);
        head_of(f, &f->log, 3);
        put_long_line(f, name, i == 0 ? known : unknown);
        assert_ok(ent_buf_put_slice(&f->body, ent_buf_slice(&f->note)));
        assert_int_equal(post(f, NOW), i == 0 ? 403 : 200);
    }
    struct ent_buf head;
    ent_buf_init(&head, ENT_NOTE_MAX);
    assert_ok(ent_view_head(f->view, &head, f->pact.roster.member[LOGGER].name, 0));
    assert_in_range(head.n, 1, 1000); /* it is not handed on */
    ent_buf_release(&head);
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_is_cosigned),
        cmocka_unit_test(test_times_never_go_backwards),
        cmocka_unit_test(test_malformed_is_400),
        cmocka_unit_test(test_cut_anywhere_is_no_cosignature),
        cmocka_unit_test(test_unknown_logs_and_signatures),
        cmocka_unit_test(test_conflict_tells_the_size),
        cmocka_unit_test(test_proofs_that_do_not_hold),
        cmocka_unit_test(test_a_second_root_exposes),
        cmocka_unit_test(test_refused_heads_are_kept),
        cmocka_unit_test(test_damage_costs_one_head),
        cmocka_unit_test(test_nothing_beyond_a_closing_head),
        cmocka_unit_test(test_is_on_the_disk_before_the_answer),
        cmocka_unit_test(test_a_damaged_head_cosigns_nothing),
        cmocka_unit_test(test_an_old_copy_forgets_nothing_it_cosigned),
        cmocka_unit_test(test_two_processes_are_one_witness),
        cmocka_unit_test(test_the_monitor_sees_what_was_cosigned),
        cmocka_unit_test(test_signatures_of_other_types),
    };
    return ent_t_run("witness", tests);
}
