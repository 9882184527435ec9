/*
 * process_keeper.c: the store, and the files of the home. It parses nothing that came from outside;
 * its own card, and what it wrote itself. Who may log in it knows as soon as the parent has given
 * it the key of the audit log.
 */
#include "node/node.h"

#include "node/api_desk.h"
#include "node/desk.h"
#include "node/keeper_files.h"
#include "node/observe.h"
#include "node/process.h"

#include <pthread.h>

static struct keeper {
    struct ent_birth *b;
    struct ent_hub *hub;
    struct ent_home *home; /* by its card */
    struct ent_keeper_files ledger, signer;
    struct ent_desk *desk;
    struct seat {
        struct ent_desk_seat seat;
        struct ent_at at;
    } seat[ENT_PLACES + 1]; /* of the matches; the last is the ledger's */
    struct ent_store *read, *write, *tend, *users_store, *pages;
    struct ent_store *outbox;
    struct ent_hooks *hooks; /* NULL: there is no webhook */
    pthread_mutex_t telling; /* for these two */
    struct ent_counts *counts;
    struct ent_store *counted;
    pthread_mutex_t counting; /* for this one */
    pthread_mutex_t lock;     /* for the rest, until api is there */
    struct ent_trail_home *trail;
    struct ent_epoch *epoch; /* of the users */
    struct ent_users *users;
    struct ent_api_desk *api;
    pthread_mutex_t console_lock; /* for the next one */
    struct ent_console_store *console;
} keeper = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .counting = PTHREAD_MUTEX_INITIALIZER,
            .telling = PTHREAD_MUTEX_INITIALIZER,
            .console_lock = PTHREAD_MUTEX_INITIALIZER};

/* --- the desk -----------------------------------------------------------------------------------
 */

static enum ent_err put_items(void *ctx, uint16_t type, struct ent_slice payload)
{
    const struct seat *s = ctx;
    return ent_hub_note(keeper.hub, s->at.process, s->at.index, type, payload);
}

static void take_seats(struct keeper *k)
{
    for (unsigned i = 0; i <= ENT_PLACES; i++) {
        struct seat *s = &k->seat[i];
        bool match = i < ENT_PLACES;
        s->at =
            match ? (struct ent_at){ENT_PROCESS_MATCH, i} : (struct ent_at){ENT_PROCESS_LEDGER, 0};
        s->seat =
            (struct ent_desk_seat){.desk = k->desk, .ctx = s, .put = match ? put_items : NULL};
    }
}

/* What sat there is gone, and what it was about. */
static void linked(void *ctx, const struct ent_at *at, bool there)
{
    struct keeper *k = ctx;
    if (at->process == ENT_PROCESS_MATCH && !there)
        ent_desk_seat_anew(&k->seat[at->index].seat);
}

/* --- users --------------------------------------------------------------------------------------
 */

static enum ent_err open_store(const struct keeper *k, struct ent_store **ret, struct ent_diag *d)
{
    char path[ENT_PATH_MAX];
    enum ent_err r = ent_home_path(k->home, path, "store.db");
    return r == ENT_OK ? ent_store_open(ret, d, path) : r;
}

static void failed(void *ctx, const char *what, enum ent_err e, const struct ent_diag *d)
{
    struct keeper *k = ctx;
    (void)ent_process_fail(k->hub, what, e, d);
}

static enum ent_err run_console(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                                struct ent_slice query, int64_t now)
{
    struct keeper *k = ctx;
    (void)pthread_mutex_lock(&k->console_lock);
    enum ent_err r = ent_console_store_run(k->console, rows, who, query, now);
    (void)pthread_mutex_unlock(&k->console_lock);
    return r;
}

/* With the lock held. */
static enum ent_err open_users(struct keeper *k, struct ent_diag *d, const struct ent_seed32 *trail)
{
    const struct ent_member *self = ent_home_self(k->home);
    char path[ENT_PATH_MAX];
    enum ent_err r;
    if ((r = ent_trail_home_open(&k->trail, d, k->home, trail)) != ENT_OK ||
        (r = ent_home_path(k->home, path, ENT_EPOCH_FILE)) != ENT_OK ||
        (r = ent_epoch_open(&k->epoch, d, path)) != ENT_OK)
        return r;
    const struct ent_users_opts users = {.store = k->users_store,
                                         .record = ent_trail_record,
                                         .ctx = ent_trail_of(k->trail),
                                         .epoch = k->epoch};
    if ((r = ent_users_new(&k->users, &users)) != ENT_OK)
        return r;
    const struct ent_console_store_opts console = {.store = k->pages,
                                                   .config = &k->b->config,
                                                   .users = k->users,
                                                   .audit = k->home->disk,
                                                   .member = self->name};
    if ((r = ent_console_store_new(&k->console, &console)) != ENT_OK)
        return r;
    const struct ent_api_desk_opts opts = {.users = k->users,
                                           .read = k->read,
                                           .write = k->write,
                                           .tend = k->tend,
                                           .epoch = k->epoch,
                                           .key =
                                               ent_slice(self->root.pk.b, sizeof(self->root.pk.b)),
                                           .author = ent_slice_str(self->display),
                                           .ctx = k,
                                           .console = run_console,
                                           .failed = failed};
    return ent_api_desk_new(&k->api, &opts);
}

/* The first operator makes itself by a link that the parent shows, and waits for. */
static void tell_first(struct keeper *k)
{
    char link[ENT_LINK_TEXT] = "";
    struct ent_diag d;
    if (k->users != NULL && ent_users_link(k->users, &d, link, ent_clock_now()) != ENT_OK)
        link[0] = '\0';
    (void)!ent_hub_tell(k->hub, ENT_CONTROL_FIRST, ent_slice_str(link));
    ent_wipe(link, sizeof(link));
}

static void told(void *ctx, struct ent_msg *note)
{
    struct keeper *k = ctx;
    struct ent_diag d = {0};
    if (note->type != ENT_CONTROL_TRAIL)
        return;
    (void)pthread_mutex_lock(&k->lock);
    bool same = memcmp(k->b->trail.b, note->bytes.p, sizeof(k->b->trail.b)) == 0;
    if (k->api == NULL) {
        memcpy(k->b->trail.b, note->bytes.p, sizeof(k->b->trail.b)); /* the table says how long */
        enum ent_err r = open_users(k, &d, &k->b->trail);
        if (r != ENT_OK)
            (void)ent_process_fail(k->hub, "opening the audit log", r, &d);
        tell_first(k);
    } else if (!same) { /* begin anew */
        ent_hub_end(k->hub);
    }
    (void)pthread_mutex_unlock(&k->lock);
    ent_wipe(note->bytes.p, note->bytes.n);
}

static enum ent_err serve_api(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct keeper *k = ctx;
    (void)pthread_mutex_lock(&k->lock);
    struct ent_api_desk *api = k->api;
    (void)pthread_mutex_unlock(&k->lock);
    return api == NULL ? ENT_E_STATE : ent_api_serve(api, ret, call);
}

/* --- figures ------------------------------------------------------------------------------------
 */

/* None are better than old ones that look like those of now. */
static enum ent_err serve_counts(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct keeper *k = ctx;
    (void)pthread_mutex_lock(&k->counting);
    enum ent_err r = ent_counts_store(k->counts, k->counted);
    (void)pthread_mutex_unlock(&k->counting);
    if (r == ENT_OK)
        return ent_counts_serve(k->counts, ret, call);
    failed(k, "counting what is kept", r, NULL);
    return r;
}

/* --- the webhook --------------------------------------------------------------------------------
 */

static enum ent_err open_hooks(struct keeper *k, struct ent_diag *d)
{
    const struct ent_config *c = &k->b->config;
    const struct ent_hooks_opts opts = {.secret = ent_slice_str(k->b->hook_secret),
                                        .node = k->b->name,
                                        .events = c->webhook_events,
                                        .max_tlp = c->webhook_tlp,
                                        .counts = k->counts};
    struct ent_hooks_opts with = opts;
    enum ent_err r = open_store(k, &k->outbox, d);
    if (r != ENT_OK)
        return r;
    with.store = k->outbox;
    r = k->b->hook_secret[0] == '\0' ? ent_hooks_none(k->outbox) : ent_hooks_new(&k->hooks, &with);
    ent_wipe(k->b->hook_secret, sizeof(k->b->hook_secret));
    return r;
}

/* What went wrong here is said in the log; whoever asked can only come again. */
static enum ent_err serve_hooks(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct keeper *k = ctx;
    if (k->hooks == NULL)
        return ENT_E_UNSUPPORTED;
    (void)pthread_mutex_lock(&k->telling);
    enum ent_err r = ent_hooks_serve(k->hooks, ret, call);
    (void)pthread_mutex_unlock(&k->telling);
    if (r == ENT_OK || r == ENT_E_NOTFOUND || r == ENT_E_FORMAT)
        return r;
    failed(k, "the queue of the webhook", r, NULL);
    return ENT_E_IO;
}

/* Who reads in the book or asks partners, and what a webhook is to be told. */
static enum ent_err serve_ledger(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct keeper *k = ctx;
    if (call->type < ENT_API_READER || call->type > ENT_API_VOUCH)
        return serve_hooks(k, ret, call);
    (void)pthread_mutex_lock(&k->lock);
    struct ent_api_desk *api = k->api;
    (void)pthread_mutex_unlock(&k->lock);
    return api == NULL ? ENT_E_STATE : ent_reader_serve(api, ret, call);
}

static void *tell_sightings(void *ctx)
{
    struct keeper *k = ctx;
    enum ent_err before = ENT_OK;
    while (!ent_hub_is_over(k->hub, 1000)) {
        (void)pthread_mutex_lock(&k->telling);
        enum ent_err r = ent_hooks_tick(k->hooks);
        (void)pthread_mutex_unlock(&k->telling);
        if (r != ENT_OK && r != before)
            failed(k, "what was sighted, for the webhook", r, NULL);
        before = r;
    }
    return NULL;
}

/* --- windows of observation ---------------------------------------------------------------------
 */

/* At the start, and whenever an hour has begun, by the calendar: a watcher that ran long ago leaves
 * nothing for ever. */
static void *expire_windows(void *ctx)
{
    struct keeper *k = ctx;
    int64_t hour = -1;
    do {
        struct ent_diag d = {0};
        char dir[ENT_PATH_MAX];
        uint64_t removed;
        int64_t now = ent_clock_now();
        if (now / 3600 == hour)
            continue;
        hour = now / 3600;
        enum ent_err r = ent_observe_folder(k->home, dir);
        if (r == ENT_OK)
            r = ent_windows_expire(dir, now, k->b->config.observe_keep_seconds, &removed, NULL, &d);
        if (r != ENT_OK)
            failed(k, "expired windows", r, &d);
    } while (!ent_hub_is_over(k->hub, 1000));
    return NULL;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static enum ent_err open_all(struct keeper *k, struct ent_diag *d)
{
    const struct ent_config *c = &k->b->config;
    char path[ENT_PATH_MAX];
    enum ent_err r;
    if ((r = ent_home_open_card(&k->home, d, k->b->home)) != ENT_OK ||
        (r = ent_keeper_files_open(&k->ledger, d, k->b->home, ent_files_of_ledger)) != ENT_OK ||
        (r = ent_keeper_files_open(&k->signer, d, k->b->home, ent_files_of_signer)) != ENT_OK ||
        (r = ent_home_path(k->home, path, "store.db")) != ENT_OK ||
        (r = open_store(k, &k->read, d)) != ENT_OK || (r = open_store(k, &k->write, d)) != ENT_OK ||
        (r = open_store(k, &k->tend, d)) != ENT_OK || (r = open_store(k, &k->pages, d)) != ENT_OK ||
        (r = open_store(k, &k->counted, d)) != ENT_OK || (r = open_hooks(k, d)) != ENT_OK ||
        (r = open_store(k, &k->users_store, d)) != ENT_OK)
        return r;
    const struct ent_desk_opts desk = {.store = path,
                                       .max_tlp = c->match_tlp,
                                       .pad = k->b->pad,
                                       .home = k->home,
                                       .quorum_tlp = c->quorum_tlp};
    if ((r = ent_desk_new(&k->desk, d, &desk)) == ENT_OK)
        take_seats(k);
    return r;
}

#define SERVICES (8 + ENT_PLACES)
static size_t list_services(struct keeper *k, struct ent_hub_service ret[static SERVICES])
{
    const struct ent_at ledger = {ENT_PROCESS_LEDGER, 0};
    size_t n = 0;
    ret[n++] = (struct ent_hub_service){.from = ledger,
                                        .range = ENT_MSG_FILES,
                                        .serve = ent_keeper_files_serve,
                                        .service = &k->ledger};
    ret[n++] = (struct ent_hub_service){.from = {ENT_PROCESS_SIGNER, 0},
                                        .range = ENT_MSG_FILES,
                                        .serve = ent_keeper_files_serve,
                                        .service = &k->signer};
    ret[n++] = (struct ent_hub_service){
        .from = {ENT_PROCESS_API, 0}, .range = ENT_MSG_API, .serve = serve_api, .service = k};
    ret[n++] = (struct ent_hub_service){
        .from = {ENT_PROCESS_API, 0}, .range = ENT_MSG_COUNT, .serve = serve_counts, .service = k};
    ret[n++] = (struct ent_hub_service){
        .from = ledger, .range = ENT_MSG_API, .serve = serve_ledger, .service = k};
    ret[n++] = (struct ent_hub_service){.from = {ENT_PROCESS_FRONT, 0},
                                        .range = ENT_MSG_API,
                                        .serve = serve_hooks,
                                        .service = k,
                                        .threads = 1};
    for (unsigned i = 0; i <= ENT_PLACES; i++)
        ret[n++] = (struct ent_hub_service){
            .from = i < ENT_PLACES ? (struct ent_at){ENT_PROCESS_MATCH, i} : ledger,
            .range = ENT_MSG_DESK,
            .serve = ent_desk_serve,
            .service = &k->seat[i].seat};
    return n;
}

int ent_process_keeper(int channel)
{
    static struct ent_hub_service services[SERVICES];
    struct ent_ready ready = {0};
    struct ent_diag d = {0};
    pthread_t t;
    int code;
    if ((keeper.b = ent_process_born(channel)) == NULL)
        return 0;
    const struct ent_hub_opts opts = {.self = {ENT_PROCESS_KEEPER, 0},
                                      .services = services,
                                      .n = list_services(&keeper, services),
                                      .threads = 4,
                                      .ctx = &keeper,
                                      .told = told,
                                      .linked = linked};
    if (ent_hub_new(&keeper.hub, &opts) != ENT_OK ||
        ent_counts_new(&keeper.counts, ENT_PROCESS_KEEPER) != ENT_OK)
        return 1;
    const struct ent_sandbox_path home = {keeper.b->home, true};
    struct ent_sandbox box = *ent_sandbox_of("keeper");
    box.paths = &home;
    box.n_paths = 1;
    enum ent_err r = ent_process_shut_in(&ready, &d, keeper.b, box);
    if (r == ENT_OK)
        r = open_all(&keeper, &d);
    if ((code = ent_process_start(keeper.hub, channel, keeper.b->home, r, &d)) != 0)
        return code;
    if (keeper.hooks != NULL && pthread_create(&t, NULL, tell_sightings, &keeper) != 0)
        return ent_process_fail(keeper.hub, "the webhook", ENT_E_NOMEM, NULL);
    if (pthread_create(&t, NULL, expire_windows, &keeper) != 0)
        return ent_process_fail(keeper.hub, "expired windows", ENT_E_NOMEM, NULL);
    return ent_process_work(keeper.hub, &ready);
}
