/*
 * test_quorum_batches.c: what is larger than one message. Whole runs by the engines of some members
 * in which a set is two batches, a table many blocks and an answer several pieces, with restarts
 * and lies in between; and a collector that ends while it computes, or whose disk fails it.
 */
#include "tests/support/feed.h"
#include "tests/support/offices.h"

#include <poll.h>

#define BIG     2u /* has a set of two batches, and holds no key */
#define MANY    (ENT_LOOKUP_BATCH + 30u)
#define COMMON  900u
#define M       5000u
#define RECORD  (8u + ENT_QUORUM_BLOCK_MAX - ENT_QUORUM_HEADER) /* of a file of shares */
#define UPLOADS 405 /* behind the deadline for shares, and what comes after it */
#define TOLD    440
#define RESULTS 505

static struct offices all;

static int teardown(void **state)
{
    (void)state;
    offices_end(&all);
    return 0;
}

static struct office *collector(void)
{
    return all.o[all.plan.members];
}

static void set_hooks(bool (*tamper)(struct offices *, unsigned, unsigned, const char *,
                                     struct ent_buf *),
                      void (*lie)(struct offices *, const struct office_call *, unsigned *,
                                  struct ent_buf *))
{
    (void)pthread_mutex_lock(&all.lock);
    all.tamper = tamper;
    all.lie = lie;
    (void)pthread_mutex_unlock(&all.lock);
}

static void restart(unsigned i)
{
    office_stop(all.o[i]);
    office_begin(all.o[i]);
}

static void check_all(uint64_t members)
{
    offices_wait_taken(&all, members);
    for (unsigned i = 0; i < all.plan.members; i++)
        if ((members >> i & 1) != 0)
            office_check(all.o[i], members);
}

static void wait_for(const atomic_uint *what, unsigned bits)
{
    for (unsigned i = 0; i < 6000 && (atomic_load(what) & bits) != bits; i++)
        (void)poll(NULL, 0, 10);
    assert_int_equal(atomic_load(what) & bits, bits);
}

static uint32_t number_of(struct ent_slice message)
{
    struct ent_cur c = ent_cur(ent_slice(message.p + 36, 4));
    uint32_t ret = UINT32_MAX;
    if (message.n >= ENT_QUORUM_HEADER)
        assert_ok(ent_cur_u32le(&c, &ret));
    return ret;
}

/* --- a run of several of all --------------------------------------------------------------------
 */

/* Of four: those that hold keys overlap in a third, the last has every third. */
static uint64_t saw_many(unsigned x)
{
    return (uint64_t)(x < 600) | (uint64_t)(x >= 300 && x < COMMON) << 1 | UINT64_C(1) << BIG |
           (uint64_t)(x < COMMON && x % 3 == 0) << 3;
}

static int setup_many(void **state)
{
    const struct offices_plan plan = {
        .members = 4, .items = M, .padding = ENT_QUORUM_PAD_NONE, .pool = MANY, .saw = saw_many};
    (void)state;
    offices_start_with(&all, &plan);
    return 0;
}

static atomic_uint held; /* bit i: something for i does not arrive */

static bool hold_second_batch(struct offices *of, unsigned from, unsigned to, const char *path,
                              struct ent_buf *body)
{
    (void)of;
    if (from != BIG || strstr(path, "/evaluate") == NULL || number_of(ent_buf_slice(body)) == 0)
        return true;
    (void)atomic_fetch_or(&held, 1u << to);
    return false;
}

static bool hold_blocks(struct offices *of, unsigned from, unsigned to, const char *path,
                        struct ent_buf *body)
{
    (void)of, (void)body;
    if (from != BIG || strstr(path, "/block") == NULL)
        return true;
    (void)atomic_fetch_or(&held, 1u << to);
    return false;
}

/* As its own process would make it. */
static void make_block(unsigned i, uint32_t block, struct ent_buf *ret)
{
    struct ent_qrun *run = ent_q_find(all.o[i]->q, all.run);
    struct ent_caller c;
    uint64_t life;
    assert_non_null(run);
    assert_true(ent_qrun_enter(run, &c, &life));
    ent_buf_clear(ret);
    assert_ok(ent_qwork_block(&c, ret, block));
    ent_qrun_leave(run, ENT_OK, ENT_QUORUM_NO_FAULT);
    ent_q_put(run);
}

/* A collector that has just begun again says 503 until it has found its files. */
static void ask_collector(const char *method, const char *rest, struct ent_slice body,
                          struct ent_buf *answer)
{
    char path[96];
    unsigned status = 503;
    (void)snprintf(path, sizeof(path), ENT_QUORUM_PATH "/%s%s", all.run, rest);
    for (unsigned i = 0; i < 600 && status == 503; i++) {
        status = office_ask(&all, BIG, all.plan.members, method, path, body, answer);
        if (status == 503)
            (void)poll(NULL, 0, 20);
    }
    assert_int_equal(status, 200);
}

static void send_block(uint32_t block, bool otherwise)
{
    struct ent_buf b, answer;
    ent_buf_init(&b, ENT_QUORUM_BLOCK_MAX);
    ent_buf_init(&answer, 4096);
    make_block(BIG, block, &b);
    if (otherwise)
        memset(b.p + ENT_QUORUM_HEADER, 5, ENT_QUORUM_SHARE);
    ask_collector("POST", "/block", ent_buf_slice(&b), &answer);
    ent_buf_release(&b);
    ent_buf_release(&answer);
}

static void shares_file(char ret[static ENT_DISK_NAME_MAX], unsigned i)
{
    (void)snprintf(ret, ENT_DISK_NAME_MAX, "quorum/%s/shares-%u", all.run, i + 1);
}

/* These two blocks are there, in this order, each once and as it was at first. */
static void check_kept(uint32_t one, uint32_t two)
{
    const struct ent_disk *disk = collector()->home->disk;
    const uint32_t want[] = {one, two};
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b, bits;
    uint8_t shares[64];
    uint64_t size = 0;
    ent_buf_init(&b, ENT_QUORUM_BLOCK_MAX);
    ent_buf_init(&bits, 4096);
    shares_file(file, BIG);
    assert_ok(disk->size(disk->ctx, &size, file));
    assert_int_equal(size, 2 * RECORD);
    ask_collector("GET", "/progress", ent_slice(NULL, 0), &bits);
    for (unsigned k = 0; k < 2; k++) {
        make_block(BIG, want[k], &b);
        assert_ok(disk->read(disk->ctx, shares, sizeof(shares), file, k * RECORD + 8));
        assert_memory_equal(shares, b.p + ENT_QUORUM_HEADER, sizeof(shares));
        assert_true(ent_quorum_progress_has(
            ent_slice(bits.p + ENT_QUORUM_HEADER, bits.n - ENT_QUORUM_HEADER), want[k]));
        bits.p[ENT_QUORUM_HEADER + want[k] / 8] ^= (uint8_t)(1u << want[k] % 8);
    }
    for (size_t i = ENT_QUORUM_HEADER; i < bits.n; i++)
        assert_int_equal(bits.p[i], 0);
    ent_buf_release(&b);
    ent_buf_release(&bits);
}

/* Blocks from the last, twice, and with other contents, also when the collector began again: the
 * first count. */
static void send_blocks(void)
{
    const uint32_t last = ent_quorum_blocks(&all.offer.shape) - 1;
    send_block(last, false);
    send_block(3, false);
    send_block(last, false);
    send_block(last, true);
    check_kept(last, 3);
    restart(all.plan.members);
    send_block(3, true);
    send_block(last, false);
    check_kept(last, 3);
}

static void test_many_of_all(void **state)
{
    struct ent_qrun *run;
    (void)state;
    atomic_store(&held, 0);
    set_hooks(hold_second_batch, NULL);
    offices_offer(&all, 3);
    wait_for(&held, 3); /* so the first batch was answered by both */
    restart(1);
    restart(BIG);
    atomic_store(&held, 0);
    wait_for(&held, 3);
    set_hooks(hold_blocks, NULL);
    wait_for(&held, 1u << all.plan.members);
    send_blocks();
    set_hooks(NULL, NULL);
    check_all(15);
    assert_int_equal(offices_named(&all), 0);
    run = ent_q_find(collector()->q, all.run);
    assert_non_null(run);
    for (unsigned i = 0; i < all.plan.members; i++) /* or it would have shown little */
        assert_true(ent_quorum_pieces(run->hits[i]) > 1);
    ent_q_put(run);
}

/* --- liars with several batches -----------------------------------------------------------------
 */

enum { REPEATS = 3, CHANGES, STOPS, EXCEEDS, LIARS_END };
#define HONEST 7u

static uint64_t saw_liars(unsigned x)
{
    return x < 600 ? (1u << LIARS_END) - 1 : 0x78; /* the liars have more */
}

static int setup_liars(void **state)
{
    const struct offices_plan plan = {.members = LIARS_END,
                                      .items = M,
                                      .padding = ENT_QUORUM_PAD_NONE,
                                      .pool = MANY,
                                      .saw = saw_liars};
    (void)state;
    offices_start_with(&all, &plan);
    return 0;
}

static atomic_uint seen; /* bit i: the liar i has come to where it lies */
static atomic_bool begun_again;
static uint8_t element[32];

static void swap_two(struct ent_buf *ask)
{
    uint8_t *a = ask->p + ENT_QUORUM_HEADER;
    memcpy(element, a, 32);
    memcpy(a, a + 32, 32);
    memcpy(a + 32, element, 32);
}

static bool ask_wrongly(struct offices *of, unsigned from, unsigned to, const char *path,
                        struct ent_buf *body)
{
    static uint8_t first[32];
    if (from < REPEATS || from >= LIARS_END || strstr(path, "/evaluate") == NULL)
        return true;
    const bool second = number_of(ent_buf_slice(body)) == 1;
    if (from == REPEATS && to == 0 && !second)
        memcpy(first, body->p + ENT_QUORUM_HEADER + 64, 32);
    if (from == REPEATS && to == 0 && second) /* one of the first batch */
        memcpy(body->p + body->n - 32, first, 32);
    if (from == EXCEEDS && to == 0 && second) /* one more than it announced */
        assert_ok(ent_buf_put(body, first, 32));
    if (from == CHANGES && to == 1 && second)
        return false;
    if (from == CHANGES && to == 1 && atomic_load(&begun_again))
        swap_two(body);
    if (from == STOPS && second) {
        atomic_store(&of->o[STOPS]->off, true);
        (void)atomic_fetch_or(&seen, 1u << STOPS);
    }
    return true;
}

/* The answer is lost, so it asks again. */
static void lose_answer(struct offices *of, const struct office_call *call, unsigned *status,
                        struct ent_buf *answer)
{
    (void)of;
    if (call->from != CHANGES || call->to != 1 || strstr(call->path, "/evaluate") == NULL ||
        *status != 200)
        return;
    *status = 503;
    ent_buf_clear(answer);
    (void)atomic_fetch_or(&seen, 1u << CHANGES);
}

/* What only shows from one batch to the next; the others have their result. */
static void test_liars(void **state)
{
    (void)state;
    atomic_store(&seen, 0);
    atomic_store(&begun_again, false);
    set_hooks(ask_wrongly, lose_answer);
    offices_offer(&all, 3);
    wait_for(&seen, 1u << CHANGES | 1u << STOPS);
    office_stop(all.o[1]);
    atomic_store(&begun_again, true);
    office_begin(all.o[1]);
    offices_wait_named(&all, 0, REPEATS, ENT_QUORUM_REPEATED);
    offices_wait_named(&all, 0, EXCEEDS, ENT_QUORUM_MALFORMED);
    offices_wait_named(&all, 1, CHANGES, ENT_QUORUM_EXCESS);
    offices_wait_complete(&all, HONEST);
    atomic_store(&all.now, OFFICE_NOW + UPLOADS);
    check_all(HONEST);
    atomic_store(&all.now, OFFICE_NOW + TOLD);
    offices_wait_named(&all, all.plan.members, STOPS, ENT_QUORUM_SILENT);
    for (unsigned by = 0; by <= all.plan.members; by++)
        for (unsigned about = 0; about < REPEATS; about++)
            if (by < REPEATS || by == all.plan.members)
                assert_false(office_has_named(&all, by, about));
}

/* --- the collector's disk -----------------------------------------------------------------------
 * Many blocks come of M; the sets are small, so that it costs little.
 */

static uint64_t saw_few(unsigned x)
{
    return saw_many(x) & 15;
}

static const struct ent_disk *real;
static struct ent_disk disk;   /* what the collector's engine has in its place */
static atomic_uint tripped;    /* 1: what was waited for has come */
static atomic_uint steps;      /* calls of the kind that is looked for, until then */
static atomic_uint first_kept; /* the first number of blocks that was kept as computed */
static struct ent_qrun *_Atomic of_run;

/* At that block of shares it stands still, until its engine is ended. */
static enum ent_err read_and_stop(void *ctx, void *ret, size_t n, const char *name, uint64_t offset)
{
    const enum ent_err r = real->read(ctx, ret, n, name, offset);
    if (r != ENT_OK || n != RECORD || strstr(name, "/shares-") == NULL ||
        atomic_fetch_sub(&steps, 1) != 1)
        return r;
    atomic_store(&tripped, 1);
    const struct ent_qrun *run;
    while ((run = atomic_load(&of_run)) == NULL || !atomic_load(&run->stop))
        (void)poll(NULL, 0, 1);
    return r;
}

/* Of how many blocks it says that they are computed, the first time. */
static enum ent_err replace_and_look(void *ctx, const char *name, struct ent_slice bytes)
{
    static const char before[] = "entente/quorum-computed@v1\nblocks ";
    unsigned none = 0;
    if (strstr(name, "/computed") != NULL && bytes.n > sizeof(before))
        (void)atomic_compare_exchange_strong(
            &first_kept, &none,
            (unsigned)strtoul((const char *)bytes.p + sizeof(before) - 1, NULL, 10));
    return real->replace(ctx, name, bytes);
}

static bool is_of_results(const char *name)
{
    return strstr(name, "/hits-") != NULL || strstr(name, "/computed") != NULL;
}

/* At that write the disk is dead, and nothing of results gets there any more. */
static bool dies(const char *name)
{
    if (!is_of_results(name) || (atomic_load(&tripped) == 0 && atomic_fetch_sub(&steps, 1) != 1))
        return false;
    atomic_store(&tripped, 1);
    return true;
}

static enum ent_err write_and_die(void *ctx, const char *name, uint64_t offset,
                                  struct ent_slice bytes)
{
    if (!dies(name))
        return real->write(ctx, name, offset, bytes);
    (void)!real->write(ctx, name, offset, ent_slice(bytes.p, bytes.n / 2));
    return ENT_E_IO;
}

static enum ent_err replace_and_die(void *ctx, const char *name, struct ent_slice bytes)
{
    return dies(name) ? ENT_E_IO : real->replace(ctx, name, bytes);
}

/* Its engine is stopped. */
static int setup_disk(void **state)
{
    const struct offices_plan plan = {
        .members = 4, .items = M, .padding = ENT_QUORUM_PAD_NONE, .pool = COMMON, .saw = saw_few};
    (void)state;
    offices_start_with(&all, &plan);
    office_stop(collector());
    real = collector()->node.home->disk;
    ent_book_lock(collector()->node.book); /* it still answers others, by its book */
    disk = *real;
    collector()->node.home->disk = &disk;
    ent_book_unlock(collector()->node.book);
    return 0;
}

static int teardown_disk(void **state)
{
    if (collector()->q != NULL) /* a test may have failed while it was stopped */
        office_stop(collector());
    ent_book_lock(collector()->node.book);
    collector()->node.home->disk = real;
    ent_book_unlock(collector()->node.book);
    return teardown(state);
}

/* Of the collector, which is stopped. after: calls until it trips; 0: it does not. */
static void set_disk(enum ent_err (*read)(void *, void *, size_t, const char *, uint64_t),
                     enum ent_err (*write)(void *, const char *, uint64_t, struct ent_slice),
                     unsigned after)
{
    atomic_store(&of_run, NULL);
    atomic_store(&tripped, 0);
    atomic_store(&steps, after);
    atomic_store(&first_kept, 0);
    ent_book_lock(collector()->node.book);
    disk.read = read;
    disk.write = write;
    disk.replace = write == real->write ? replace_and_look : replace_and_die;
    ent_book_unlock(collector()->node.book);
}

/* Its engine begins, and ends in the middle of a block of the second round; loaded: of how many
 * blocks there are shares before. Returns how many were computed. */
static uint32_t stop_in_the_middle(uint32_t loaded)
{
    set_disk(read_and_stop, real->write, (loaded + 6) * all.plan.members + 2);
    office_begin(collector());
    if (loaded == 0)
        offices_offer(&all, 3);
    struct ent_qrun *run = ent_q_find(collector()->q, all.run);
    assert_non_null(run);
    atomic_store(&of_run, run);
    wait_for(&tripped, 1);
    (void)pthread_mutex_lock(&run->lock);
    const uint32_t ret = run->computed_block;
    (void)pthread_mutex_unlock(&run->lock);
    ent_q_put(run);
    office_stop(collector());
    assert_true(ret > 0 && ret < ent_quorum_blocks(&all.offer.shape));
    return ret;
}

static void spoil(const char *name, uint64_t at)
{
    char file[ENT_DISK_NAME_MAX];
    uint8_t byte;
    (void)snprintf(file, sizeof(file), "quorum/%s/%s", all.run, name);
    assert_ok(real->read(real->ctx, &byte, 1, file, at));
    byte ^= 1;
    assert_ok(real->write(real->ctx, file, at, ent_slice(&byte, 1)));
}

static void begin_looking(void)
{
    set_disk(real->read, real->write, 0);
    office_begin(collector());
}

/* It goes on behind what is on the disk; where that is damaged, from the first block. */
static void test_ended_while_computing(void **state)
{
    (void)state;
    const uint32_t before = stop_in_the_middle(0);
    const uint32_t blocks = ent_quorum_blocks(&all.offer.shape);
    assert_int_equal(atomic_load(&first_kept), before);
    spoil("computed", 40);
    assert_int_equal(stop_in_the_middle(blocks), before);
    assert_int_equal(atomic_load(&first_kept), before);
    spoil("hits-3", 40);
    assert_int_equal(stop_in_the_middle(blocks), before);
    assert_int_equal(atomic_load(&first_kept), before);
    begin_looking();
    check_all(15);
    assert_int_equal(offices_named(&all), 0);
    assert_int_equal(atomic_load(&first_kept), 2 * before);
}

/* One write later each time, until nothing is left to be written. */
static void test_every_write(void **state)
{
    static struct ent_quorum_run s;
    unsigned after = 0;
    (void)state;
    do {
        if (after > 0)
            office_stop(collector());
        set_disk(real->read, write_and_die, ++after);
        office_begin(collector());
        if (after == 1)
            offices_offer(&all, 3);
        for (unsigned i = 0; i < 6000 && atomic_load(&tripped) == 0; i++) {
            if (office_state(collector(), &s) && s.phase >= ENT_QUORUM_DONE)
                break;
            (void)poll(NULL, 0, 10);
        }
    } while (atomic_load(&tripped) != 0);
    assert_true(after > 5); /* or it was not restarted in a second round */
    check_all(15);
    assert_int_equal(offices_named(&all), 0);
}

/* Damaged shares: nothing is computed of them. The collector is silent in the end, and nobody has
 * anything. */
static void test_damaged_shares(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    const uint32_t before = stop_in_the_middle(0);
    spoil("shares-2", 10 * RECORD + 100);
    begin_looking();
    for (unsigned i = 0; i < 6000 && atomic_load(&first_kept) == 0; i++)
        (void)poll(NULL, 0, 10);
    assert_int_equal(atomic_load(&first_kept), 2 * before); /* one more round, of what is whole */
    (void)poll(NULL, 0, 200);
    assert_true(office_state(collector(), &s));
    assert_int_equal(s.phase, ENT_QUORUM_RECONSTRUCT);
    atomic_store(&all.now, OFFICE_NOW + RESULTS);
    for (unsigned i = 0; i <= all.plan.members; i++) {
        office_wait(all.o[i], ENT_QUORUM_FAILED);
        assert_true(office_state(all.o[i], &s));
        assert_string_equal(s.failed_by, "zavala");
        assert_int_equal(s.failed_for, ENT_QUORUM_SILENT);
    }
    for (unsigned i = 0; i < all.plan.members; i++)
        offices_wait_named(&all, i, all.plan.members, ENT_QUORUM_SILENT);
    assert_int_equal(all.done, 0);
}

static bool hold_pieces(struct offices *of, unsigned from, unsigned to, const char *path,
                        struct ent_buf *body)
{
    (void)of, (void)from, (void)to, (void)body;
    return strstr(path, "/piece") == NULL;
}

static void count_refusals(struct offices *of, const struct office_call *call, unsigned *status,
                           struct ent_buf *answer)
{
    (void)of, (void)answer;
    if (strstr(call->path, "/piece") != NULL && *status == 503)
        (void)atomic_fetch_or(&held, 1u << call->from);
}

/* While shares still come, those that its disk has lost come again. */
static void lose_shares(void)
{
    atomic_store(&held, 0);
    set_hooks(hold_blocks, NULL);
    begin_looking();
    offices_offer(&all, 3);
    offices_wait_complete(&all, 15 & ~(1u << BIG));
    wait_for(&held, 1u << all.plan.members);
    office_stop(collector());
    spoil("shares-2", 10 * RECORD + 100);
    office_begin(collector());
    offices_wait_complete(&all, 15 & ~(1u << BIG));
}

/* Behind its result it gives no other answer than that, whatever its disk says. */
static void test_lost_shares_and_answer(void **state)
{
    static const struct {
        const char *name;
        uint64_t at;
    } files[] = {{"hits-1", 40}, {"computed", 40}, {"salts", 60}};
    (void)state;
    lose_shares();
    set_hooks(hold_pieces, NULL);
    for (unsigned i = 0; i <= all.plan.members; i++)
        office_wait(all.o[i], ENT_QUORUM_DONE);
    for (unsigned k = 0; k < 3; k++) {
        office_stop(collector());
        spoil(files[k].name, files[k].at);
        office_begin(collector());
        atomic_store(&held, 0);
        set_hooks(NULL, count_refusals);
        wait_for(&held, 15);
        set_hooks(hold_pieces, NULL);
        spoil(files[k].name, files[k].at); /* as it was */
    }
    restart(all.plan.members);
    set_hooks(NULL, NULL);
    check_all(15);
    assert_int_equal(offices_named(&all), 0);
}

/* An engine that ends before the first block has computed nothing, and has nothing to say. */
static void test_ended_before_computing(void **state)
{
    static struct ent_quorums q;
    static struct ent_qrun run;
    (void)state;
    assert_ok(ent_pool_new(&q.pool, 1));
    assert_int_equal(pthread_mutex_init(&run.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&run.wake, NULL), 0);
    run.all = &q;
    run.state.offer.shape =
        (struct ent_quorum_shape){.members = 2, .threshold = 2, .items = 10, .tables = 20};
    run.state.counted = 3;
    atomic_store(&run.stop, true);
    (void)ent_qcollect_compute(&run);
    assert_false(run.computed);
    ent_pool_free(q.pool);
}

int main(void)
{
    const struct CMUnitTest large[] = {
        cmocka_unit_test_setup_teardown(test_many_of_all, setup_many, teardown),
        cmocka_unit_test_setup_teardown(test_liars, setup_liars, teardown),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ended_while_computing, setup_disk, teardown_disk),
        cmocka_unit_test_setup_teardown(test_every_write, setup_disk, teardown_disk),
        cmocka_unit_test_setup_teardown(test_damaged_shares, setup_disk, teardown_disk),
        cmocka_unit_test_setup_teardown(test_lost_shares_and_answer, setup_disk, teardown_disk),
        cmocka_unit_test(test_ended_before_computing),
    };
    /* Sanitizers see several batches in test_quorum_work.c, for less. */
    const int failed = ENT_T_SANITIZED ? 0 : ent_t_run("quorum_batches", large);
    return failed + ent_t_run("quorum_computing", tests);
}
