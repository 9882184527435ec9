/*
 * api_desk.c: the keeper's desk for users' requests: who somebody is, by a handle; what may be done
 * by it; and what is to be done for TAXII between requests.
 */
#include "node/node.h"

#include "node/api_wire.h"

#include <pthread.h>

#define REDS 64u /* who read RED this minute */

struct live {
    struct ent_api_handle handle;
    struct ent_identity who;
    uint64_t epoch; /* when this one was looked at */
    uint64_t until; /* 0: free */
};

/* One connection to the store, one query at a time. */
struct taxii {
    pthread_mutex_t lock;
    struct ent_taxii_server server;
};

struct red {
    int64_t user, minute;
    uint8_t from16[16];
};

struct ent_api_desk {
    struct ent_api_desk_opts opts;
    struct taxii read, write, tend;
    pthread_mutex_t lock; /* of what follows */
    struct live live[ENT_API_LIVES];
    unsigned next;
    struct red red[REDS];
    unsigned next_red;
    /* the thread that tends */
    pthread_t thread;
    pthread_cond_t wake;
    bool started, woken;
    atomic_bool stop;
};

static void failed(const struct ent_api_desk *d, const char *what, enum ent_err e,
                   const struct ent_diag *diag)
{
    if (d->opts.failed != NULL)
        d->opts.failed(d->opts.ctx, what, e, diag);
}

/* What somebody asks for that is not there, or that this one may not do, is no failure. */
static bool is_of_the_system(enum ent_err e)
{
    return e == ENT_E_IO || e == ENT_E_FULL || e == ENT_E_NOMEM;
}

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- handles ------------------------------------------------------------------------------------
 */

static uint64_t epoch(const struct ent_api_desk *d)
{
    return d->opts.epoch == NULL ? 0 : ent_epoch_now(d->opts.epoch);
}

static void issue(struct ent_api_desk *d, struct ent_api_handle *ret,
                  const struct ent_identity *who, uint64_t since)
{
    struct live one = {.who = *who,
                       .epoch = since,
                       .until = ent_clock_steady_ns() + ENT_API_SECONDS * UINT64_C(1000000000)};
    ent_random(one.handle.b, sizeof(one.handle.b));
    (void)pthread_mutex_lock(&d->lock);
    d->live[d->next++ % ENT_API_LIVES] = one;
    (void)pthread_mutex_unlock(&d->lock);
    *ret = one.handle;
}

static enum ent_err look_up(struct ent_api_desk *d, struct ent_identity *ret,
                            const struct ent_api_handle *h)
{
    const uint64_t now = ent_clock_steady_ns(), is = epoch(d);
    enum ent_err r = ENT_E_AUTH;
    (void)pthread_mutex_lock(&d->lock);
    for (unsigned i = 0; i < ENT_API_LIVES; i++)
        if (d->live[i].until > now && d->live[i].epoch == is &&
            sodium_memcmp(d->live[i].handle.b, h->b, sizeof(h->b)) == 0) {
            *ret = d->live[i].who;
            r = ENT_OK;
        }
    (void)pthread_mutex_unlock(&d->lock);
    return r;
}

/* The handle before a query. */
static enum ent_err take_handle(struct ent_api_desk *d, struct ent_identity *ret, struct ent_cur *c)
{
    struct ent_api_handle h;
    enum ent_err r = ent_cur_copy(c, h.b, sizeof(h.b));
    return r == ENT_OK ? look_up(d, ret, &h) : r;
}

/* --- who ----------------------------------------------------------------------------------------
 */

/* This machine has one count of wrong passwords, whichever of its addresses is named. */
static void one_loopback(uint8_t from16[static 16])
{
    static const uint8_t v4[13] = {[10] = 0xFF, [11] = 0xFF, [12] = 127};
    if (memcmp(from16, v4, sizeof(v4)) == 0) {
        from16[13] = from16[14] = 0;
        from16[15] = 1;
    }
}

static enum ent_err serve_who(struct ent_api_desk *d, struct ent_buf *ret, struct ent_slice call)
{
    struct ent_api_who a = {.refusal = ENT_REFUSED_NONE};
    struct ent_cur cur = ent_cur(call);
    struct ent_credential c;
    struct ent_check check;
    struct ent_diag diag = {0};
    uint8_t from16[16];
    const uint64_t since = epoch(d); /* what changes from here on ends the handle */
    enum ent_err r;
    if ((r = ent_cur_copy(&cur, from16, sizeof(from16))) != ENT_OK ||
        (r = ent_credential_decode(&c, ent_slice(cur.p, cur.n))) != ENT_OK)
        return r;
    one_loopback(from16);
    r = ent_users_check(d->opts.users, &check, &diag, &c, from16, ent_clock_now());
    ent_wipe(&c, sizeof(c));
    if (r != ENT_OK && r != ENT_E_AUTH) {
        failed(d, "recognising a user", r, &diag);
        return r;
    }
    a.refusal = check.refusal;
    a.wait = check.wait;
    a.who = check.who;
    a.keep = d->opts.epoch == NULL ? 0 : check.keep;
    if (r == ENT_OK)
        issue(d, &a.handle, &a.who, since);
    return ent_api_who_encode(ret, &a);
}

static enum ent_err serve_session(struct ent_api_desk *d, struct ent_buf *ret,
                                  struct ent_slice call)
{
    char cookie[ENT_SECRET_TEXT];
    struct ent_identity who;
    struct ent_diag diag = {0};
    struct ent_cur c = ent_cur(call);
    enum ent_err r = take_handle(d, &who, &c);
    if (r != ENT_OK)
        return r;
    r = ent_users_session(d->opts.users, &diag, cookie, &who, ent_clock_now());
    if (r == ENT_OK)
        r = ent_buf_put(ret, cookie, sizeof(cookie) - 1);
    else if (r != ENT_E_STATE)
        failed(d, "beginning a session", r, &diag);
    ent_wipe(cookie, sizeof(cookie));
    return r;
}

static enum ent_err serve_logout(struct ent_api_desk *d, struct ent_slice call)
{
    struct ent_credential c;
    enum ent_err r = ent_credential_decode(&c, call);
    if (r == ENT_OK)
        r = ent_users_logout(d->opts.users, NULL, &c);
    ent_wipe(&c, sizeof(c));
    return r;
}

static enum ent_err serve_first(struct ent_api_desk *d, struct ent_slice call)
{
    struct ent_user n = {.role = ENT_USER_OPERATOR, .clearance = ENT_TLP_RED};
    struct ent_api_first f;
    struct ent_diag diag = {0};
    uint8_t from16[16];
    enum ent_err r = ent_api_first_parse(&f, from16, call);
    if (r != ENT_OK)
        return r;
    if (f.name.n >= sizeof(n.name) || f.display.n >= sizeof(n.display) ||
        memchr(f.name.p, 0, f.name.n) != NULL || memchr(f.display.p, 0, f.display.n) != NULL)
        return ENT_E_FORMAT;
    memcpy(n.name, f.name.p, f.name.n);
    memcpy(n.display, f.display.p, f.display.n);
    r = ent_users_first(d->opts.users, &diag, f.link, &n, f.password, from16, ent_clock_now());
    if (r == ENT_E_IO || r == ENT_E_FULL || r == ENT_E_NOMEM)
        failed(d, "making the first operator", r, &diag);
    return r;
}

/* --- TAXII --------------------------------------------------------------------------------------
 */

struct ent_taxii_who ent_api_taxii_who(const struct ent_identity *who)
{
    return (struct ent_taxii_who){.account = ent_slice_str(who->name),
                                  .clearance = (unsigned)who->clearance,
                                  .may_write = ent_may(who, ENT_ACT_IMPORT)};
}

/* What each query is, for the table of acts. No door lets RED through, and a page is what the
 * account may see, not what it sends to others: nothing here is ENT_ACT_READ_RED or _EXPORT. */
static const enum ent_action acts[] = {
    [ENT_TAXII_ASK_DISCOVERY] = ENT_ACT_READ,  [ENT_TAXII_ASK_ROOT] = ENT_ACT_READ,
    [ENT_TAXII_ASK_STATUS] = ENT_ACT_READ,     [ENT_TAXII_ASK_COLLECTIONS] = ENT_ACT_READ,
    [ENT_TAXII_ASK_COLLECTION] = ENT_ACT_READ, [ENT_TAXII_ASK_MANIFEST] = ENT_ACT_READ,
    [ENT_TAXII_ASK_OBJECTS] = ENT_ACT_READ,    [ENT_TAXII_ASK_OBJECT] = ENT_ACT_READ,
    [ENT_TAXII_ASK_VERSIONS] = ENT_ACT_READ,   [ENT_TAXII_ASK_ADD] = ENT_ACT_IMPORT,
    [ENT_TAXII_ASK_DELETE] = ENT_ACT_IMPORT,
};

static enum ent_err may_ask(struct ent_api_desk *d, const struct ent_taxii_query *q,
                            const struct ent_identity *who)
{
    const struct ent_taxii_who is = ent_api_taxii_who(who);
    if (!ent_slice_eq(q->who.account, is.account) || q->who.clearance != is.clearance ||
        q->who.may_write != is.may_write)
        return ENT_E_POLICY;
    const enum ent_action act = acts[q->ask];
    enum ent_err r =
        ent_users_act(d->opts.users, NULL, who, act, ENT_SLICE_LIT("taxii"), ent_clock_now());
    /* On record; and who may not write is told so in the standard's words. */
    return r == ENT_E_POLICY && act == ENT_ACT_IMPORT ? ENT_OK : r;
}

static void wake(struct ent_api_desk *d)
{
    (void)pthread_mutex_lock(&d->lock);
    d->woken = true;
    (void)pthread_cond_signal(&d->wake);
    (void)pthread_mutex_unlock(&d->lock);
}

static enum ent_err serve_taxii(struct ent_api_desk *d, struct ent_buf *ret, struct ent_slice call)
{
    struct ent_cur c = ent_cur(call);
    struct ent_taxii_query q;
    struct ent_identity who;
    enum ent_err r;
    if ((r = take_handle(d, &who, &c)) != ENT_OK)
        return r;
    const struct ent_slice query = ent_slice(c.p, c.n);
    if ((r = ent_taxii_query_parse(&q, query)) != ENT_OK || (r = may_ask(d, &q, &who)) != ENT_OK)
        return r;
    const bool writes = acts[q.ask] == ENT_ACT_IMPORT;
    struct taxii *t = writes ? &d->write : &d->read;
    (void)pthread_mutex_lock(&t->lock);
    r = ent_taxii_run(&t->server, ret, query, now_us());
    (void)pthread_mutex_unlock(&t->lock);
    if (r != ENT_OK)
        failed(d, "a query of TAXII", r, NULL);
    if (writes)
        wake(d);
    return ret->n > 0 ? ENT_OK : r; /* the rows say what went wrong */
}

/* --- the console --------------------------------------------------------------------------------
 */

/* Whether this one has no record of reading RED yet, in this minute and from this address: a page
 * that asks every second is one reader. */
static bool is_new_reader(struct ent_api_desk *d, const struct ent_identity *who, int64_t minute)
{
    bool found = false;
    (void)pthread_mutex_lock(&d->lock);
    for (unsigned i = 0; i < REDS && !found; i++)
        found = d->red[i].user == who->user && d->red[i].minute == minute &&
                memcmp(d->red[i].from16, who->from16, sizeof(who->from16)) == 0;
    (void)pthread_mutex_unlock(&d->lock);
    return !found;
}

static void note_reader(struct ent_api_desk *d, const struct ent_identity *who, int64_t minute)
{
    struct red one = {.user = who->user, .minute = minute};
    memcpy(one.from16, who->from16, sizeof(one.from16));
    (void)pthread_mutex_lock(&d->lock);
    d->red[d->next_red++ % REDS] = one;
    (void)pthread_mutex_unlock(&d->lock);
}

static enum ent_err act_read(struct ent_api_desk *d, const struct ent_identity *who, int64_t now)
{
    struct ent_diag diag = {0};
    const struct ent_slice on = ENT_SLICE_LIT("console");
    enum ent_err r = ent_users_act(d->opts.users, &diag, who, ENT_ACT_READ, on, now);
    if (r != ENT_OK || !ent_may(who, ENT_ACT_READ_RED) || !is_new_reader(d, who, now / 60))
        return r;
    if ((r = ent_users_act(d->opts.users, &diag, who, ENT_ACT_READ_RED, on, now)) == ENT_OK)
        note_reader(d, who, now / 60);
    else
        failed(d, "the audit log", r, &diag);
    return r;
}

static enum ent_err serve_console(struct ent_api_desk *d, struct ent_buf *ret,
                                  struct ent_slice call)
{
    const int64_t now = ent_clock_now();
    struct ent_cur c = ent_cur(call);
    struct ent_identity who;
    enum ent_err r;
    if (d->opts.console == NULL)
        return ENT_E_UNSUPPORTED;
    if ((r = take_handle(d, &who, &c)) != ENT_OK || (r = act_read(d, &who, now)) != ENT_OK)
        return r;
    r = d->opts.console(d->opts.ctx, ret, &who, ent_slice(c.p, c.n), now);
    if (is_of_the_system(r) || (r != ENT_OK && ret->n == 0))
        failed(d, "a query of the console", r, NULL);
    return ret->n > 0 ? ENT_OK : r;
}

/* --- figures ------------------------------------------------------------------------------------
 */

static enum ent_err serve_metrics(struct ent_api_desk *d, struct ent_slice call)
{
    struct ent_cur c = ent_cur(call);
    struct ent_identity who;
    enum ent_err r = take_handle(d, &who, &c);
    return r == ENT_OK ? ent_users_act(d->opts.users, NULL, &who, ENT_ACT_METRICS,
                                       ENT_SLICE_LIT("metrics"), ent_clock_now())
                       : r;
}

/* --- the service --------------------------------------------------------------------------------
 */

enum ent_err ent_api_serve(void *desk, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_api_desk *d = desk;
    const struct ent_slice bytes = ent_buf_slice(&call->bytes);
    enum ent_err r = ENT_E_FORMAT;
    switch (call->type) {
    case ENT_API_READY:
        return bytes.n == 0 ? ENT_OK : ENT_E_FORMAT;
    case ENT_API_WHO:
        r = serve_who(d, &ret->bytes, bytes);
        break;
    case ENT_API_SESSION:
        return serve_session(d, &ret->bytes, bytes);
    case ENT_API_LOGOUT:
        return serve_logout(d, bytes);
    case ENT_API_FIRST:
        r = serve_first(d, bytes);
        break;
    case ENT_API_TAXII:
        return serve_taxii(d, &ret->bytes, bytes);
    case ENT_API_CONSOLE:
        return serve_console(d, &ret->bytes, bytes);
    case ENT_API_METRICS:
        return serve_metrics(d, bytes);
    case ENT_API_EPOCH:
        return bytes.n > 0             ? ENT_E_FORMAT
               : d->opts.epoch == NULL ? ENT_E_UNSUPPORTED
                                       : ent_epoch_share(d->opts.epoch, &ret->fd);
    default:
        return ENT_E_UNSUPPORTED;
    }
    if (bytes.n > 0) /* passwords */
        ent_wipe(call->bytes.p, call->bytes.n);
    return r;
}

/* --- for the ledger -----------------------------------------------------------------------------
 */

static enum ent_err serve_reader(struct ent_api_desk *d, struct ent_buf *ret,
                                 const struct ent_identity *who, struct ent_cur *c)
{
    uint8_t identity[ENT_IDENTITY_BYTES];
    enum ent_err r = ent_cur_end(c);
    if (r == ENT_OK)
        r = ent_users_act(d->opts.users, NULL, who, ENT_ACT_READ, ENT_SLICE_LIT("console"),
                          ent_clock_now());
    ent_identity_encode(identity, who);
    return r == ENT_OK ? ent_buf_put(ret, identity, sizeof(identity)) : r;
}

static enum ent_err serve_red(struct ent_api_desk *d, const struct ent_identity *who,
                              const struct ent_cur *c)
{
    const struct ent_slice on = ent_slice(c->p, c->n);
    struct ent_diag diag = {0};
    for (size_t i = 0; i < on.n; i++)
        if (on.p[i] < 0x20 || on.p[i] > 0x7E)
            return ENT_E_FORMAT;
    if (on.n == 0 || on.n > ENT_TRAIL_ON)
        return ENT_E_FORMAT;
    enum ent_err r =
        ent_users_act(d->opts.users, &diag, who, ENT_ACT_READ_RED, on, ent_clock_now());
    if (r != ENT_OK && r != ENT_E_POLICY)
        failed(d, "the audit log", r, &diag);
    return r;
}

static bool is_run(struct ent_slice s)
{
    uint8_t id[16];
    return ent_hex_decode(id, sizeof(id), s) == ENT_OK;
}

/* The words for the record; false for what nobody says. */
static bool vouch_on(char ret[static ENT_NAME_MAX + 32], enum ent_vouch_kind kind, uint64_t number,
                     struct ent_slice name)
{
    char time[ENT_TIME_TEXT];
    const int n = (int)name.n;
    const char *p = (const char *)name.p;
    const size_t cap = ENT_NAME_MAX + 32;
    if (kind == ENT_VOUCH_MATCH && ent_name_is_valid(name) && number <= ENT_MATCH_ITEMS_MOST) {
        if (number > 0)
            (void)snprintf(ret, cap, "%.*s/%llu", n, p, (unsigned long long)number);
        else
            (void)snprintf(ret, cap, "%.*s/given-up", n, p);
        return true;
    }
    if (kind == ENT_VOUCH_OFFER && n == 0 && number <= INT64_MAX) {
        ent_time_format(time, (int64_t)number);
        (void)snprintf(ret, cap, "offer/%s", time);
        return time[0] != '-';
    }
    if ((kind != ENT_VOUCH_JOIN && kind != ENT_VOUCH_DECLINE) || !is_run(name) || number != 0)
        return false;
    (void)snprintf(ret, cap, "%.*s/%s", n, p, kind == ENT_VOUCH_JOIN ? "join" : "decline");
    return true;
}

static enum ent_err serve_vouch(struct ent_api_desk *d, struct ent_buf *ret,
                                const struct ent_identity *who, struct ent_cur *c)
{
    char on[ENT_NAME_MAX + 32];
    uint8_t bytes[ENT_IDENTITY_BYTES], kind = 0;
    struct ent_diag diag = {0};
    uint64_t number = 0;
    if (ent_cur_u8(c, &kind) != ENT_OK || ent_cur_u64le(c, &number) != ENT_OK ||
        !vouch_on(on, (enum ent_vouch_kind)kind, number, ent_slice(c->p, c->n)))
        return ENT_E_FORMAT;
    const enum ent_action what = kind == ENT_VOUCH_MATCH ? ENT_ACT_MATCH : ENT_ACT_QUORUM;
    enum ent_err r =
        ent_users_act(d->opts.users, &diag, who, what, ent_slice_str(on), ent_clock_now());
    if (is_of_the_system(r))
        failed(d, "the audit log", r, &diag);
    ent_identity_encode(bytes, who);
    return r == ENT_OK ? ent_buf_put(ret, bytes, sizeof(bytes)) : r;
}

enum ent_err ent_reader_serve(void *desk, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_api_desk *d = desk;
    struct ent_cur c = ent_cur(ent_buf_slice(&call->bytes));
    struct ent_identity who;
    if (call->type < ENT_API_READER || call->type > ENT_API_VOUCH)
        return ENT_E_UNSUPPORTED;
    enum ent_err r = take_handle(d, &who, &c);
    if (r != ENT_OK)
        return r;
    switch (call->type) {
    case ENT_API_READER:
        return serve_reader(d, &ret->bytes, &who, &c);
    case ENT_API_RED:
        return serve_red(d, &who, &c);
    default:
        return serve_vouch(d, &ret->bytes, &who, &c);
    }
}

/* --- between requests ---------------------------------------------------------------------------
 */

#define PIECE_LEAST 16u
#define PIECE_MOST  4096u
#define MS          UINT64_C(1000000)

static enum ent_err is_one(void *ctx, const struct ent_user *u)
{
    bool *any = ctx;
    (void)u;
    *any = true;
    return ENT_E_INTERRUPTED; /* that is enough */
}

/* Whether anybody could read: whoever has no accounts does not pay for what TAXII keeps. */
static enum ent_err has_readers(struct ent_api_desk *d, bool *ret)
{
    *ret = false;
    enum ent_err r = ent_store_users(d->opts.tend, is_one, ret);
    return *ret ? ENT_OK : r;
}

static enum ent_err tend(struct ent_api_desk *d, unsigned piece, bool *ret_left)
{
    bool any = false;
    *ret_left = false;
    (void)pthread_mutex_lock(&d->tend.lock);
    enum ent_err r = has_readers(d, &any);
    if (r == ENT_OK && any)
        r = ent_taxii_tend(&d->tend.server, now_us(), piece, ret_left, &d->stop);
    (void)pthread_mutex_unlock(&d->tend.lock);
    return r;
}

/* Until somebody wakes us, or ms are over. */
static void rest(struct ent_api_desk *d, uint64_t ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000 * MS);
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    (void)pthread_mutex_lock(&d->lock);
    while (!atomic_load(&d->stop) && !d->woken)
        if (pthread_cond_timedwait(&d->wake, &d->lock, &until) != 0)
            break;
    d->woken = false;
    (void)pthread_mutex_unlock(&d->lock);
}

/* In pieces, and as long a pause between two: SQLite gives the lock to whoever asks at the right
 * moment, so there must be moments. */
static void *tending(void *arg)
{
    struct ent_api_desk *d = arg;
    unsigned piece = PIECE_LEAST;
    enum ent_err before = ENT_OK;
    while (!atomic_load(&d->stop)) {
        bool left;
        const uint64_t start = ent_clock_steady_ns();
        enum ent_err r = tend(d, piece, &left);
        const uint64_t ms = (ent_clock_steady_ns() - start) / MS;
        if (ms > ENT_API_PIECE_MS / 2 && piece > PIECE_LEAST)
            piece /= 2;
        else if (left && ms < ENT_API_PIECE_MS / 4 && piece < PIECE_MOST)
            piece *= 2;
        if (r != ENT_OK && r != before && r != ENT_E_INTERRUPTED)
            failed(d, "bringing what changed to readers of TAXII", r, NULL);
        before = r;
        rest(d, r != ENT_OK || !left ? 1000 : ms < ENT_API_PIECE_MS ? ms + 1 : ENT_API_PIECE_MS);
    }
    return NULL;
}

/* --- begin and end ------------------------------------------------------------------------------
 */

static enum ent_err init_taxii(struct taxii *t, const struct ent_api_desk_opts *o,
                               struct ent_store *s)
{
    return ent_taxii_server_init(&t->server, s, o->key, o->author);
}

enum ent_err ent_api_desk_new(struct ent_api_desk **ret, const struct ent_api_desk_opts *opts)
{
    struct ent_api_desk *d = calloc(1, sizeof(*d));
    pthread_condattr_t attr;
    enum ent_err r;
    if (d == NULL)
        return ENT_E_NOMEM;
    d->opts = *opts;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_mutex_init(&d->read.lock, NULL);
    (void)pthread_mutex_init(&d->write.lock, NULL);
    (void)pthread_mutex_init(&d->tend.lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&d->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    if ((r = init_taxii(&d->read, opts, opts->read)) == ENT_OK &&
        (r = init_taxii(&d->write, opts, opts->write)) == ENT_OK &&
        (r = init_taxii(&d->tend, opts, opts->tend)) == ENT_OK &&
        pthread_create(&d->thread, NULL, tending, d) != 0)
        r = ENT_E_NOMEM;
    if (r != ENT_OK) {
        ent_api_desk_free(d);
        return r;
    }
    d->started = true;
    *ret = d;
    return ENT_OK;
}

void ent_api_desk_free(struct ent_api_desk *d)
{
    if (d == NULL)
        return;
    atomic_store(&d->stop, true);
    wake(d);
    if (d->started)
        (void)pthread_join(d->thread, NULL);
    (void)pthread_mutex_destroy(&d->lock);
    (void)pthread_mutex_destroy(&d->read.lock);
    (void)pthread_mutex_destroy(&d->write.lock);
    (void)pthread_mutex_destroy(&d->tend.lock);
    (void)pthread_cond_destroy(&d->wake);
    ent_wipe(d, sizeof(*d));
    free(d);
}
