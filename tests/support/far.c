/* far.c: runners behind channels. */
#include "tests/support/far.h"

#include <stdatomic.h>
#include <sys/socket.h>

#define ROWS (ENT_DESK_ROWS + ENT_RUNNER_ROWS)
#define MS   60000u

static struct ent_msg_row rows[ROWS];
static const struct ent_protocol protocol = {rows, ROWS, 8, 1u << 20};

struct far {
    struct ent_desk_seat seat;
    struct ent_runner *runner;
    struct ent_channel *ledger, *match; /* the two ends of one */
    struct ent_channel *keeper, *asker;
    struct ent_caller desk;
};

/* --- lies ------------------------------------------------------------------------------------- */

static atomic_uint lie_type, lie_how;
static pthread_mutex_t sleepers = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static bool awake;

void far_lie(uint16_t type, enum far_lie how)
{
    (void)pthread_mutex_lock(&sleepers);
    awake = false;
    (void)pthread_mutex_unlock(&sleepers);
    atomic_store(&lie_how, how);
    atomic_store(&lie_type, type);
}

void far_wake(void)
{
    (void)pthread_mutex_lock(&sleepers);
    awake = true;
    (void)pthread_cond_broadcast(&woken);
    (void)pthread_mutex_unlock(&sleepers);
}

static enum ent_err hang(void)
{
    (void)pthread_mutex_lock(&sleepers);
    while (!awake)
        (void)pthread_cond_wait(&woken, &sleepers);
    (void)pthread_mutex_unlock(&sleepers);
    return ENT_E_PEER;
}

static enum ent_err spoil(struct ent_msg *ret)
{
    uint8_t byte = 0;
    switch ((enum far_lie)atomic_load(&lie_how)) {
    case FAR_LONGER:
        ret->bytes.max = ret->bytes.n + 1;
        return ent_buf_put(&ret->bytes, &byte, 1);
    case FAR_SHORTER:
        ret->bytes.n -= ret->bytes.n > 0;
        return ENT_OK;
    case FAR_EMPTY:
        ret->bytes.n = 0;
        return ENT_OK;
    case FAR_REFUSES:
        return ENT_E_LIMIT;
    case FAR_DIES:
        return ENT_E_PEER;
    case FAR_HANGS:
        return hang();
    case FAR_LIES:
        break;
    }
    return ENT_OK;
}

/* --- channels --------------------------------------------------------------------------------- */

static enum ent_err call_runner(void *ctx, struct ent_msg *ret, uint16_t type,
                                struct ent_slice payload)
{
    const struct far *far = ctx;
    enum ent_err r = ent_channel_call(far->ledger, ret, type, payload, -1, MS);
    if (r == ENT_OK && type == atomic_load(&lie_type) && (r = spoil(ret)) != ENT_OK)
        ent_msg_release(ret);
    return r;
}

static enum ent_err call_desk(void *ctx, struct ent_msg *ret, uint16_t type,
                              struct ent_slice payload)
{
    const struct far *far = ctx;
    return ent_channel_call(far->asker, ret, type, payload, -1, MS);
}

static enum ent_err put_items(void *ctx, uint16_t type, struct ent_slice payload)
{
    const struct far *far = ctx;
    return ent_channel_note(far->keeper, type, payload, -1);
}

static void on_note(void *ctx, struct ent_msg *note)
{
    const struct far *far = ctx;
    (void)!ent_runner_note(far->runner, note->type, ent_buf_slice(&note->bytes));
}

static void connect_ends(struct ent_channel_opts *a, struct ent_channel **ret_a,
                         struct ent_channel_opts *b, struct ent_channel **ret_b)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    a->protocol = b->protocol = &protocol;
    a->peer = b->self;
    b->peer = a->self;
    assert_ok(ent_channel_new(ret_a, NULL, fd[0], a));
    assert_ok(ent_channel_new(ret_b, NULL, fd[1], b));
}

static void fill_table(void)
{
    memcpy(rows, ent_desk_rows, sizeof(ent_desk_rows));
    memcpy(rows + ENT_DESK_ROWS, ent_runner_rows, sizeof(ent_runner_rows));
}

struct far *far_new(struct ent_desk *desk, struct ent_pool *pool)
{
    static pthread_once_t filled = PTHREAD_ONCE_INIT;
    struct far *far = calloc(1, sizeof(*far));
    assert_non_null(far);
    (void)pthread_once(&filled, fill_table);
    assert_true(ent_protocol_is_sound(&protocol));
    far->seat = (struct ent_desk_seat){.desk = desk, .ctx = far, .put = put_items};
    far->desk = (struct ent_caller){far, call_desk};
    assert_ok(ent_runner_new(&far->runner, &far->desk, pool));
    struct ent_channel_opts ledger = {.self = ENT_PROCESS_LEDGER};
    struct ent_channel_opts match = {
        .self = ENT_PROCESS_MATCH, .threads = 3, .serve = ent_runner_serve, .ctx = far->runner};
    struct ent_channel_opts keeper = {
        .self = ENT_PROCESS_KEEPER, .threads = 1, .serve = ent_desk_serve, .ctx = &far->seat};
    struct ent_channel_opts asker = {.self = ENT_PROCESS_MATCH, .note = on_note, .ctx = far};
    connect_ends(&keeper, &far->keeper, &asker, &far->asker);
    connect_ends(&ledger, &far->ledger, &match, &far->match);
    return far;
}

void far_free(struct far *far)
{
    ent_runner_stop(far->runner);
    ent_channel_free(far->match); /* ends what is under way at the other end as well */
    ent_channel_free(far->ledger);
    ent_channel_free(far->asker);
    ent_channel_free(far->keeper);
    ent_runner_free(far->runner);
    free(far);
}

struct ent_caller far_caller(struct far *far)
{
    return (struct ent_caller){far, call_runner};
}

struct ent_runner *far_runner(struct far *far)
{
    return far->runner;
}

/* --- those of a holder ------------------------------------------------------------------------ */

static struct {
    struct holder *f;
    struct ent_runners *all;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t parent;
    bool ending, over[FAR_MOST];
    struct far *far[FAR_MOST];
} them = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

static void on_end(void *ctx, unsigned slot)
{
    (void)ctx;
    (void)pthread_mutex_lock(&them.lock);
    them.over[slot] = true;
    (void)pthread_cond_signal(&them.work);
    (void)pthread_mutex_unlock(&them.lock);
}

/* As a daemon does with processes: the old one dies, then it is gone, then another is there. */
static void replace(unsigned slot, bool again)
{
    struct far *old = them.far[slot];
    if (old != NULL) {
        ent_runner_stop(old->runner);
        ent_channel_free(old->match);
        old->match = NULL;
        ent_runners_set(them.all, slot, NULL);
        far_free(old);
    }
    them.far[slot] = again ? far_new(them.f->desk, them.f->pool) : NULL;
    if (again) {
        const struct ent_caller caller = far_caller(them.far[slot]);
        ent_runners_set(them.all, slot, &caller);
    }
}

static void *parent(void *ctx)
{
    (void)ctx;
    (void)pthread_mutex_lock(&them.lock);
    while (!them.ending) {
        bool found = false;
        for (unsigned i = 0; i < FAR_MOST && !found; i++) {
            if (!them.over[i])
                continue;
            found = true;
            them.over[i] = false;
            (void)pthread_mutex_unlock(&them.lock);
            replace(i, true);
            (void)pthread_mutex_lock(&them.lock);
        }
        if (!found)
            (void)pthread_cond_wait(&them.work, &them.lock);
    }
    (void)pthread_mutex_unlock(&them.lock);
    return NULL;
}

static void unmake(struct holder *f)
{
    (void)f;
    (void)pthread_mutex_lock(&them.lock);
    them.ending = true;
    (void)pthread_cond_signal(&them.work);
    (void)pthread_mutex_unlock(&them.lock);
    assert_int_equal(pthread_join(them.parent, NULL), 0);
    for (unsigned i = 0; i < FAR_MOST; i++)
        replace(i, false);
    far_lie(0, FAR_LONGER);
}

struct ent_runners *far_make(struct holder *f)
{
    const struct ent_runners_opts opts = {FAR_MOST, NULL, on_end};
    assert_ok(ent_runners_new(&them.all, &opts));
    f->unmake = unmake;
    them.f = f;
    them.ending = false;
    for (unsigned i = 0; i < FAR_MOST; i++) {
        them.over[i] = false;
        replace(i, true);
    }
    assert_int_equal(pthread_create(&them.parent, NULL, parent, NULL), 0);
    return them.all;
}
