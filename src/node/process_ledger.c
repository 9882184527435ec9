/*
 * process_ledger.c: what members send is parsed here, but for what belongs to a run. The book is
 * over files that the keeper opens and keys that the signer has; calls go out through the front,
 * runs to matches. Its main thread looks five times a second for what is new.
 *
 * When the keeper or the signer ends, so does this process, to begin anew with what is durable: a
 * book that lost its disk in the middle of a commit is read again as after a power cut.
 */
#include "node/node.h"

#include "node/portal.h"
#include "node/disk_remote.h"
#include "node/front_wire.h"
#include "node/hooks.h"
#include "node/process.h"
#include "node/runners.h"
#include "node/signer_wire.h"

#include <pthread.h>

#define LOOK_MS        200u
#define GONE_MS        1000u /* until it is known that who did not answer has ended */
#define THREADS        16u
#define FAREWELL_MS    10000u
#define QUORUM_SECONDS 60u /* of one message of a quorum */

static struct ledger {
    struct ent_birth *b;
    struct ent_hub *hub;
    struct ent_counts *counts;
    struct ent_hook_teller *teller; /* NULL: there is no webhook */
    struct ent_caller front, keeper, signing;
    struct ent_disk_remote disk;
    struct ent_home *home;
    struct ent_book_wants wants; /* the keys that the signer was started with */
    struct ent_signer *signer;
    struct ent_runners *runners;
    struct ent_book *book;
    struct ent_pact *met; /* the version whose keys the couriers were sent with; or NULL */
    size_t news;
    int64_t watched;        /* when suspicions were looked at last */
    uint64_t version, size; /* of the pact and the own log, as the couriers know them */
    bool serving;
    struct ent_allowed allowed; /* as the front has it */

    atomic_bool front_is_new, draining, farewell;
    atomic_bool asked;    /* to say when all has come to its end */
    pthread_mutex_t lock; /* for the rest */
    struct ent_peer *peer;
    struct ent_couriers *couriers;
    pthread_mutex_t console_lock; /* for the next two */
    struct ent_console_book *console;
    struct ent_api_handle reader; /* whose query it runs */
    struct ent_asks *asks;        /* with the peer; never replaced */
    struct ent_quorums *quorums;  /* likewise */
} ledger = {.lock = PTHREAD_MUTEX_INITIALIZER, .console_lock = PTHREAD_MUTEX_INITIALIZER};

/* --- the log ------------------------------------------------------------------------------------
 */

/* And to the webhook, where there is one for it. */
static void say(const struct ledger *v, const struct ent_report *r)
{
    ent_hub_say(v->hub, r);
    ent_hook_teller_say(v->teller, r);
}

static void lost(void *ctx, enum ent_err why)
{
    struct ledger *v = ctx;
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_WARN, "webhook-lost");
    ent_report_text(&r, "cause", ent_err_str(why));
    ent_hub_say(v->hub, &r);
}

static void log_event(void *ctx, const struct ent_peer_event *e)
{
    static const char *const names[] = {"match-accepted", "match-refused", "match-finished",
                                        "match-aborted", "match-expired"};
    struct ledger *v = ctx;
    struct ent_report r;
    ent_report_init(&r, e->kind == ENT_PEER_ABORTED ? ENT_LEVEL_WARN : ENT_LEVEL_INFO,
                    names[e->kind]);
    ent_report_text(&r, "partner", e->partner);
    ent_report_number(&r, "asked", e->asked);
    if (e->run[0] != '\0')
        ent_report_text(&r, "run", e->run);
    if (e->unreleased > 0)
        ent_report_number(&r, "held", e->unreleased);
    if (e->kind == ENT_PEER_REFUSED)
        ent_report_text(&r, "reason", ent_verdict_word(e->verdict));
    if (e->kind == ENT_PEER_ABORTED)
        ent_report_text(&r, "cause", ent_err_str(e->err));
    say(v, &r);
    ent_count_add(v->counts, ENT_COUNT_RUNS, e->kind, 1);
    if (e->kind == ENT_PEER_ACCEPTED)
        ent_count_add(v->counts, ENT_COUNT_ASKED, 0, e->asked);
}

/* What people here ask of partners: how much, never what. */
static void log_ask(void *ctx, const struct ent_ask_event *e)
{
    static const char *const names[] = {"match-asked", "match-answered", "match-unanswered"};
    const struct ledger *v = ctx;
    struct ent_report r;
    ent_report_init(&r, e->state == ENT_ASK_FAILED ? ENT_LEVEL_WARN : ENT_LEVEL_INFO,
                    names[e->state]);
    ent_report_text(&r, "partner", e->partner);
    ent_report_number(&r, "asked", e->asked);
    if (e->run[0] != '\0')
        ent_report_text(&r, "run", e->run);
    if (e->why != NULL)
        ent_report_text(&r, "cause", e->why);
    ent_hub_say(v->hub, &r);
}

static void count_quorum(const struct ledger *v, const struct ent_quorum_event *e)
{
    if (e->kind < ENT_QUORUM_EV_NAMED)
        ent_count_add(v->counts, ENT_COUNT_QUORUMS, e->kind, 1);
    if (e->kind == ENT_QUORUM_EV_JOINED)
        ent_count_add(v->counts, ENT_COUNT_QUORUM_ITEMS, 0, e->items);
    if (e->kind == ENT_QUORUM_EV_DONE)
        ent_count_add(v->counts, ENT_COUNT_POSITIONS, 0, e->positions);
    if (e->kind == ENT_QUORUM_EV_FAILED)
        ent_count_add(v->counts, ENT_COUNT_QUORUM_FAILS, ent_count_quorum_fail(e->member, e->fault),
                      1);
    if (e->kind == ENT_QUORUM_EV_NAMED)
        ent_count_add(v->counts, ENT_COUNT_QUORUM_NAMED, e->fault - 1, 1);
}

/* What was found stays here; who was named, and for what, everybody learns. */
static void log_quorum(void *ctx, const struct ent_quorum_event *e)
{
    static const char *const names[ENT_QUORUM_EVENTS] = {
        [ENT_QUORUM_EV_OFFERED] = "quorum-offered", [ENT_QUORUM_EV_JOINED] = "quorum-joined",
        [ENT_QUORUM_EV_REFUSED] = "quorum-refused", [ENT_QUORUM_EV_DONE] = "quorum-done",
        [ENT_QUORUM_EV_FAILED] = "quorum-failed",   [ENT_QUORUM_EV_NAMED] = "member-named"};
    const struct ledger *v = ctx;
    struct ent_report r;
    ent_report_init(&r, e->kind >= ENT_QUORUM_EV_FAILED ? ENT_LEVEL_WARN : ENT_LEVEL_INFO,
                    names[e->kind]);
    ent_report_text(&r, "run", e->run);
    ent_report_text(&r, "author", e->author);
    if (e->member[0] != '\0')
        ent_report_text(&r, "member", e->member);
    if (e->fault != ENT_QUORUM_NO_FAULT)
        ent_report_text(&r, "fault", ent_quorum_fault_word(e->fault));
    if (e->kind == ENT_QUORUM_EV_REFUSED)
        ent_report_text(&r, "reason", ent_quorum_reason_word(e->reason));
    if (e->kind == ENT_QUORUM_EV_DONE) {
        ent_report_number(&r, "positions", e->positions);
        ent_report_number(&r, "found", e->found);
    }
    say(v, &r);
    count_quorum(v, e);
}

static void log_courier(void *ctx, const struct ent_courier_event *e)
{
    struct ledger *v = ctx;
    const bool met = e->kind == ENT_COURIER_MET;
    struct ent_report r;
    ent_report_init(&r, met ? ENT_LEVEL_INFO : ENT_LEVEL_WARN,
                    met ? "member-reached" : "member-lost");
    ent_report_text(&r, "member", e->member);
    if (!met)
        ent_report_text(&r, "cause", e->why != NULL ? e->why : ent_err_str(e->err));
    ent_hub_say(v->hub, &r);
    ent_count_member(v->counts, ENT_COUNT_REACHABLE, e->member, met);
}

static void heard(void *ctx, const char *member)
{
    struct ledger *v = ctx;
    (void)pthread_mutex_lock(&v->lock);
    ent_couriers_wake(v->couriers, member);
    (void)pthread_mutex_unlock(&v->lock);
}

static void log_exposed(void *ctx, const struct ent_misbehaviour *m)
{
    struct ledger *v = ctx;
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_ALERT, "member-exposed");
    ent_report_text(&r, "member", m->member);
    ent_report_text(&r, "kind", ent_misbehaviour_word(m->kind));
    say(v, &r);
    heard(ctx, NULL); /* everybody should have the proof */
}

/* Who has withdrawn may be silent. */
static void log_suspicion(void *ctx, const char *member, enum ent_suspicion s, int64_t since)
{
    const struct ledger *v = ctx;
    const bool is = since != 0;
    char time[ENT_TIME_TEXT];
    struct ent_report r;
    if (ent_book_is_withdrawn(v->book, member))
        return;
    ent_time_format(time, since);
    ent_report_init(&r, is ? ENT_LEVEL_WARN : ENT_LEVEL_INFO,
                    is ? "member-suspected" : "member-not-suspected");
    ent_report_text(&r, "member", member);
    ent_report_text(&r, "reason", ent_suspicion_word(s));
    if (is)
        ent_report_text(&r, "since", time);
    say(v, &r);
}

static void log_mended(void *ctx, const char *file)
{
    struct ledger *v = ctx;
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_WARN, "file-mended");
    ent_report_text(&r, "file", file);
    ent_hub_say(v->hub, &r);
}

/* --- what others ask ----------------------------------------------------------------------------
 */

static enum ent_err serve_peer(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct ledger *v = ctx;
    (void)pthread_mutex_lock(&v->lock);
    struct ent_peer *p = v->peer; /* never replaced */
    (void)pthread_mutex_unlock(&v->lock);
    return p == NULL ? ENT_E_STATE : ent_peer_serve(p, ret, call);
}

static enum ent_err spent(void *ctx, uint64_t *ret, const char *partner, enum ent_direction dir,
                          uint64_t period)
{
    const struct ledger *v = ctx;
    return ent_desk_spent(&v->keeper, ret, partner, dir, period);
}

/* With the lock held. */
static enum ent_err record_red(void *ctx, const struct ent_identity *who, enum ent_action what,
                               struct ent_slice on)
{
    const struct ledger *v = ctx;
    (void)who; /* the keeper has him by the handle */
    return what == ENT_ACT_READ_RED ? ent_api_red(&v->keeper, &v->reader, on) : ENT_E_POLICY;
}

static enum ent_err run_console(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                                const struct ent_api_handle *h, struct ent_slice query, int64_t now)
{
    struct ledger *v = ctx;
    (void)pthread_mutex_lock(&v->console_lock);
    v->reader = *h;
    enum ent_err r =
        v->console == NULL ? ENT_E_STATE : ent_console_book_run(v->console, rows, who, query, now);
    (void)pthread_mutex_unlock(&v->console_lock);
    return r;
}

static enum ent_err run_act(void *ctx, struct ent_buf *rows, const struct ent_api_handle *h,
                            struct ent_slice query, struct ent_slice items, int64_t now)
{
    struct ledger *v = ctx;
    (void)pthread_mutex_lock(&v->console_lock);
    enum ent_err r = v->console == NULL
                         ? ENT_E_STATE
                         : ent_console_book_act(v->console, rows, h, query, items, now);
    (void)pthread_mutex_unlock(&v->console_lock);
    return r;
}

static enum ent_err vouch(void *ctx, struct ent_identity *ret, const struct ent_api_handle *h,
                          const struct ent_vouch *what)
{
    const struct ledger *v = ctx;
    return ent_api_vouch(&v->keeper, ret, h, what);
}

/* With the book as it is now. Before it is there a member of a pact is not shown as one of none. */
static enum ent_err show_book(struct ledger *v)
{
    const struct ent_console_book_opts opts = {.home = v->home,
                                               .book = v->book,
                                               .ctx = v,
                                               .spent = spent,
                                               .act = record_red,
                                               .asks = v->asks,
                                               .quorums = v->quorums,
                                               .part = v->b->config.quorum,
                                               .quorum_tlp = v->b->config.quorum_tlp,
                                               .vouch = vouch};
    (void)pthread_mutex_lock(&v->console_lock);
    ent_console_book_free(v->console);
    v->console = NULL;
    enum ent_err r = ent_console_book_new(&v->console, &opts);
    (void)pthread_mutex_unlock(&v->console_lock);
    return r;
}

/* --- figures ------------------------------------------------------------------------------------
 */

/* The others; nobody of them is reachable until a courier has been there. */
static void count_who(struct ledger *v)
{
    const char *names[ENT_ROSTER_MEMBERS];
    size_t n = 0;
    ent_book_lock(v->book);
    const struct ent_roster *roster = &v->home->roster;
    for (size_t i = 0; i < roster->members; i++)
        if (strcmp(roster->member[i].name, v->home->self.name) != 0)
            names[n++] = roster->member[i].name;
    ent_count_members(v->counts, names, n);
    for (size_t i = 0; i < n; i++)
        ent_count_member(v->counts, ENT_COUNT_REACHABLE, names[i], 0);
    ent_book_unlock(v->book);
}

static void count_member(struct ledger *v, const char *name, int64_t now)
{
    struct ent_view *view = ent_book_view(v->book);
    struct ent_verdict_on on = {0};
    struct ent_view_log log = {0};
    bool suspected = false;
    if (ent_view_verdict(view, &on, name, now) == ENT_OK && !ent_book_is_withdrawn(v->book, name))
        for (int i = 0; i < ENT_SUSPICIONS; i++)
            suspected = suspected || on.since[i] != 0;
    (void)!ent_view_log(view, &log, name, 0); /* none is known yet */
    ent_count_member(v->counts, ENT_COUNT_SUSPECTED, name, suspected);
    ent_count_member(v->counts, ENT_COUNT_EXPOSED, name, on.exposed);
    ent_count_member(v->counts, ENT_COUNT_HEAD_TIME, name, (uint64_t)log.standing.not_later);
}

/* Looked up when somebody asks: it may be never. */
static void count_book(struct ledger *v)
{
    struct ent_roster *roster = malloc(sizeof(*roster));
    const int64_t now = ent_clock_now();
    if (roster == NULL)
        return;
    ent_book_lock(v->book);
    *roster = v->home->roster;
    ent_count_set(v->counts, ENT_COUNT_PACT_VERSION, 0, v->home->pact->version);
    ent_count_set(v->counts, ENT_COUNT_LOG_ENTRIES, 0, ent_log_size(ent_book_log(v->book)));
    ent_book_unlock(v->book);
    ent_count_set(v->counts, ENT_COUNT_QUORUMS_NOW, 0, ent_quorums_running(v->quorums));
    for (size_t i = 0; i < roster->members; i++)
        if (strcmp(roster->member[i].name, v->home->self.name) != 0)
            count_member(v, roster->member[i].name, now);
    free(roster);
}

static enum ent_err serve_counts(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct ledger *v = ctx;
    (void)pthread_mutex_lock(&v->lock);
    const bool there = v->peer != NULL; /* and so the book, which is never replaced */
    (void)pthread_mutex_unlock(&v->lock);
    if (there)
        count_book(v);
    return ent_counts_serve(v->counts, ret, call);
}

/* --- runners ------------------------------------------------------------------------------------
 */

static void linked(void *ctx, const struct ent_at *at, bool there)
{
    struct ledger *v = ctx;
    if (at->process == ENT_PROCESS_FRONT && there)
        atomic_store(&v->front_is_new, true);
    if (at->process != ENT_PROCESS_MATCH || at->index >= ent_runners_slots(v->runners))
        return;
    const struct ent_caller runner = ent_hub_caller(v->hub, ENT_PROCESS_MATCH, at->index);
    ent_runners_set(v->runners, at->index, there ? &runner : NULL);
}

static void end_runner(void *ctx, unsigned slot)
{
    struct ledger *v = ctx;
    ent_hub_drop(v->hub, ENT_PROCESS_MATCH, slot);
}

/* --- the book -----------------------------------------------------------------------------------
 */

static bool has_key(const struct ent_signer *s, const struct ent_book_wants *w)
{
    return ent_signer_is_author(s, &w->author[0]);
}

/* As soon as there is a pact: the book, the handlers. ENT_E_PEER: the signer is not there yet. */
static enum ent_err take_up_quorums(struct ledger *v, struct ent_diag *d)
{
    const struct ent_config *c = &v->b->config;
    const struct ent_quorums_opts opts = {.book = v->book,
                                          .keeper = v->keeper,
                                          .dialer = ent_front_dialer(&v->front),
                                          .runners = v->runners,
                                          .mode = c->quorum,
                                          .items_most = c->quorum_max_items,
                                          .threads = (unsigned)c->quorum_cores,
                                          .call_seconds = QUORUM_SECONDS,
                                          .ctx = v,
                                          .event = log_quorum};
    return ent_quorums_new(&v->quorums, d, &opts);
}

static enum ent_err join(struct ledger *v, struct ent_diag *d)
{
    const struct ent_config *c = &v->b->config;
    enum ent_err r;
    if (v->signer == NULL && (r = ent_signer_remote(&v->signer, d, &v->signing)) != ENT_OK)
        return r;
    if (!has_key(v->signer, &v->wants)) /* the one before, which is about to end */
        return ENT_E_PEER;
    const struct ent_book_opts book = {.home = v->home,
                                       .signer = v->signer,
                                       .ctx = v,
                                       .exposed = log_exposed,
                                       .mended = log_mended};
    if ((r = ent_book_open(&v->book, d, &book)) != ENT_OK)
        return r;
    struct ent_peer_opts peer = {.book = v->book,
                                 .desk = v->keeper,
                                 .runners = v->runners,
                                 .items_most = c->match_max_items,
                                 .idle_seconds = (unsigned)c->run_seconds,
                                 .ctx = v,
                                 .event = log_event,
                                 .heard = heard};
    const struct ent_asks_opts asks = {.book = v->book,
                                       .desk = v->keeper,
                                       .front = v->front,
                                       .runners = v->runners,
                                       .ctx = v,
                                       .event = log_ask};
    struct ent_peer *p = NULL;
    if ((r = ent_asks_new(&v->asks, &asks)) != ENT_OK || (r = take_up_quorums(v, d)) != ENT_OK ||
        (r = show_book(v)) != ENT_OK)
        return ent_fail(d, r, "cannot start", 0, 0);
    peer.quorums = v->quorums;
    if ((r = ent_peer_new(&p, &peer)) != ENT_OK)
        return ent_fail(d, r, "cannot start", 0, 0);
    if (atomic_load(&v->draining)) {
        ent_peer_drain(p);
        ent_asks_drain(v->asks);
        ent_quorums_drain(v->quorums);
    }
    (void)pthread_mutex_lock(&v->lock);
    v->peer = p;
    (void)pthread_mutex_unlock(&v->lock);
    return ENT_OK;
}

struct leaving {
    const struct ledger *v;
    struct ent_couriers *couriers;
    struct ent_pact *met; /* or NULL */
};

/* Each is in a call that its member may draw out. So nobody waits for them, nor for those whose
 * keys have changed to take what they are brought. */
static void *take_leave(void *ctx)
{
    struct leaving *l = ctx;
    ent_couriers_stop(l->couriers);
    if (l->met != NULL)
        ent_bring_to_changed(l->v->book, NULL, &l->v->front, l->met);
    free(l->met);
    free(l);
    return NULL;
}

/* The ones before, and the version that they were sent with. */
static enum ent_err let_go(struct ledger *v, struct ent_diag *d)
{
    struct leaving *l = malloc(sizeof(*l));
    pthread_t t;
    if (l == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    (void)pthread_mutex_lock(&v->lock);
    *l = (struct leaving){v, v->couriers, v->met};
    v->couriers = NULL;
    (void)pthread_mutex_unlock(&v->lock);
    v->met = NULL;
    if (pthread_create(&t, NULL, take_leave, l) == 0)
        (void)pthread_detach(t);
    else
        (void)take_leave(l);
    return ENT_OK;
}

/* New addresses and keys: new couriers. */
static enum ent_err send_couriers(struct ledger *v, struct ent_diag *d)
{
    const struct ent_couriers_opts opts = {.home = v->home,
                                           .book = v->book,
                                           .front = &v->front,
                                           .seconds = (unsigned)v->b->config.gossip_seconds,
                                           .ctx = v,
                                           .event = log_courier};
    struct ent_couriers *next = NULL;
    enum ent_err r = let_go(v, d);
    if (r != ENT_OK)
        return r;
    if ((v->met = malloc(sizeof(*v->met))) == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    ent_book_lock(v->book);
    *v->met = *v->home->pact;
    ent_book_unlock(v->book);
    r = ent_couriers_start(&next, d, &opts);
    (void)pthread_mutex_lock(&v->lock);
    v->couriers = next;
    (void)pthread_mutex_unlock(&v->lock);
    return r;
}

/* Something was said about the next version: is it decided? */
static enum ent_err count_votes(struct ledger *v, struct ent_diag *d)
{
    struct ent_voting *voting = NULL;
    size_t news = ent_news_count(v->book);
    if (news == v->news)
        return ENT_OK;
    v->news = news;
    enum ent_err r = ent_voting_open(&voting, d, v->book, NULL);
    if (r == ENT_OK)
        r = ent_voting_conclude(voting, d);
    ent_voting_close(voting);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* --- looking ------------------------------------------------------------------------------------
 */

/* Who became suspected, or is not any more: once a second, if the clock goes. */
static void watch(struct ledger *v)
{
    int64_t now = ent_clock_now();
    if (now == v->watched)
        return;
    v->watched = now;
    enum ent_err ignored = ent_view_watch(ent_book_view(v->book), now, v, log_suspicion);
    (void)ignored; /* no reason to stop serving; it is tried again */
}

/* Who may connect: to the front, when that has changed or there is another one. */
static void tell_front(struct ledger *v)
{
    struct ent_allowed now;
    struct ent_buf b;
    if (ent_peer_allowed(v->peer, &now) != ENT_OK)
        return;
    if (!atomic_exchange(&v->front_is_new, false) && ent_allowed_eq(&now, &v->allowed))
        return;
    ent_buf_init(&b, sizeof(now));
    if (ent_allowed_encode(&b, &now) == ENT_OK &&
        ent_hub_note(v->hub, ENT_PROCESS_FRONT, 0, ENT_FRONT_ALLOWED, ent_buf_slice(&b)) == ENT_OK)
        v->allowed = now;
    else
        atomic_store(&v->front_is_new, true);
    ent_buf_release(&b);
}

/* The pact as it is, then couriers where it has changed; those who wait where the log has. */
static enum ent_err follow(struct ledger *v, struct ent_diag *d)
{
    ent_book_lock(v->book);
    uint64_t version = v->home->pact->version, size = ent_log_size(ent_book_log(v->book));
    size_t members = v->home->roster.members;
    ent_book_unlock(v->book);
    enum ent_err r = ENT_OK;
    if (version != v->version) {
        struct ent_report p;
        ent_report_init(&p, ENT_LEVEL_INFO, "pact");
        ent_report_number(&p, "version", version);
        ent_report_number(&p, "members", members);
        say(v, &p);
        v->version = version;
        count_who(v);
        r = send_couriers(v, d);
    } else if (size != v->size) {
        heard(v, NULL);
    }
    v->size = size;
    return r;
}

static void what_is_wanted(const struct ledger *v, struct ent_book_wants *ret)
{
    if (v->book != NULL)
        ent_book_lock(v->book);
    ent_home_book_wants(v->home, ret);
    if (v->book != NULL)
        ent_book_unlock(v->book);
}

static bool has_new_keys(const struct ledger *v)
{
    struct ent_book_wants now;
    what_is_wanted(v, &now);
    return memcmp(now.author[0].b, v->wants.author[0].b, 32) != 0 ||
           memcmp(now.node.b, v->wants.node.b, 32) != 0 || now.generation != v->wants.generation;
}

static enum ent_err look(struct ledger *v, struct ent_diag *d)
{
    bool changed = false;
    enum ent_err r;
    if (v->book == NULL) {
        if ((r = ent_home_refresh(v->home, d, &changed)) != ENT_OK || v->home->pact == NULL ||
            has_new_keys(v) || (r = join(v, d)) != ENT_OK)
            return r;
    } else if ((r = ent_book_refresh(v->book, d, &changed)) != ENT_OK ||
               (r = count_votes(v, d)) != ENT_OK) {
        return r;
    }
    if (has_new_keys(v) || (r = ent_book_settle(v->book, d)) != ENT_OK)
        return r;
    tell_front(v);
    if ((r = follow(v, d)) == ENT_OK) {
        watch(v);
        ent_quorums_look(v->quorums);
    }
    return r;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static enum ent_err want(struct ledger *v)
{
    struct ent_buf b;
    what_is_wanted(v, &v->wants);
    ent_buf_init(&b, 256);
    enum ent_err r = ent_wants_encode(&b, &v->wants);
    if (r == ENT_OK)
        r = ent_hub_tell(v->hub, ENT_CONTROL_WANT, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

/* Whoever has not heard of the change refuses our new key, and can ask nobody but others. So they
 * are told with the old one, as long as it is at hand. */
static void *say_farewell(void *ctx)
{
    struct ledger *v = ctx;
    const struct ent_couriers_opts opts = {
        .home = v->home, .book = v->book, .front = &v->front, .brief = true};
    struct ent_courier_tally ignored;
    (void)!ent_couriers_once(NULL, &opts, &ignored);
    atomic_store(&v->farewell, true);
    return NULL;
}

/* The signer and the front begin anew with the keys of now, and so does this process, which frees
 * nothing. Who draws out the farewell does not keep us from it. */
static int renew(struct ledger *v)
{
    pthread_t t;
    bool told = v->book == NULL ||
                memcmp(v->wants.node.b, ent_home_public(v->home, ENT_KEY_NODE)->b, 32) == 0 ||
                pthread_create(&t, NULL, say_farewell, v) != 0;
    for (unsigned ms = 0; !told && ms < FAREWELL_MS && !atomic_load(&v->farewell); ms += LOOK_MS)
        told = ent_hub_is_over(v->hub, LOOK_MS);
    return want(v) == ENT_OK ? 0 : 1;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static void told(void *ctx, struct ent_msg *note)
{
    struct ledger *v = ctx;
    if (note->type != ENT_CONTROL_DRAIN)
        return;
    atomic_store(&v->draining, true);
    atomic_store(&v->asked, true);
    (void)pthread_mutex_lock(&v->lock);
    if (v->peer != NULL) {
        ent_peer_drain(v->peer);
        ent_asks_drain(v->asks);
        ent_quorums_drain(v->quorums); /* theirs go on after the restart */
    }
    (void)pthread_mutex_unlock(&v->lock);
}

/* What the parent waits for. */
static void tell_parent(struct ledger *v)
{
    const struct ent_slice nothing = {NULL, 0};
    if (!v->serving)
        v->serving = ent_hub_tell(v->hub, ENT_CONTROL_SERVING, nothing) == ENT_OK;
    if (atomic_load(&v->asked) &&
        (v->peer == NULL || ent_peer_running(v->peer) + ent_asks_running(v->asks) == 0))
        atomic_store(&v->asked, ent_hub_tell(v->hub, ENT_CONTROL_DRAINED, nothing) != ENT_OK);
}

/* The exit code. What fails because somebody it needs has ended is no failure of this process. */
static int failed(struct ledger *v, const char *what, enum ent_err e, const struct ent_diag *d)
{
    return ent_hub_is_over(v->hub, GONE_MS) ? 0 : ent_process_fail(v->hub, what, e, d);
}

static int work(struct ledger *v)
{
    struct ent_diag d = {0};
    enum ent_err r = ent_home_open_on(&v->home, &d, "home", &v->disk.disk);
    if (r == ENT_OK && (r = want(v)) == ENT_OK && v->home->pact == NULL)
        r = show_book(v);
    if (r != ENT_OK)
        return failed(v, "opening the home", r, &d);
    while (!ent_hub_is_over(v->hub, LOOK_MS)) {
        d = (struct ent_diag){0};
        r = look(v, &d);
        if (r == ENT_E_PEER && v->book == NULL)
            continue; /* the signer is not there yet */
        if (r != ENT_OK)
            return failed(v, "keeping the book", r, &d);
        if (has_new_keys(v))
            return renew(v);
        if (r == ENT_OK)
            tell_parent(v);
    }
    return 0;
}

static enum ent_err start_telling(struct ledger *v)
{
    const struct ent_hook_teller_opts opts = {
        .keeper = v->keeper, .events = v->b->config.webhook_events, .ctx = v, .lost = lost};
    return v->b->config.webhook_url[0] == '\0' ? ENT_OK : ent_hook_teller_new(&v->teller, &opts);
}

static void wire_up(struct ledger *v)
{
    v->front = ent_hub_caller(v->hub, ENT_PROCESS_FRONT, 0);
    v->keeper = ent_hub_caller(v->hub, ENT_PROCESS_KEEPER, 0);
    v->signing = ent_hub_caller(v->hub, ENT_PROCESS_SIGNER, 0);
    ent_disk_remote_init(&v->disk, &v->keeper);
}

int ent_process_ledger(int channel)
{
    static struct ent_book_desk desk = {.ctx = &ledger, .console = run_console, .act = run_act};
    struct ent_ready ready = {0};
    struct ent_diag d = {0};
    int code;
    const struct ent_hub_service services[] = {{.from = {ENT_PROCESS_FRONT, 0},
                                                .range = ENT_MSG_FRONT,
                                                .serve = serve_peer,
                                                .service = &ledger},
                                               {.from = {ENT_PROCESS_API, 0},
                                                .range = ENT_MSG_BOOK,
                                                .serve = ent_book_serve,
                                                .service = &desk},
                                               {.from = {ENT_PROCESS_API, 0},
                                                .range = ENT_MSG_COUNT,
                                                .serve = serve_counts,
                                                .service = &ledger}};
    const struct ent_hub_opts opts = {.self = {ENT_PROCESS_LEDGER, 0},
                                      .services = services,
                                      .n = 3,
                                      .threads = THREADS,
                                      .vital = ENT_MSG_BIT(ENT_PROCESS_KEEPER) |
                                               ENT_MSG_BIT(ENT_PROCESS_SIGNER),
                                      .ctx = &ledger,
                                      .told = told,
                                      .linked = linked};
    if ((ledger.b = ent_process_born(channel)) == NULL)
        return 0;
    const struct ent_runners_opts runners = {
        .n = (unsigned)ledger.b->config.match_workers, .ctx = &ledger, .end = end_runner};
    if (ent_hub_new(&ledger.hub, &opts) != ENT_OK ||
        ent_counts_new(&ledger.counts, ENT_PROCESS_LEDGER) != ENT_OK ||
        ent_runners_new(&ledger.runners, &runners) != ENT_OK)
        return 1;
    wire_up(&ledger);
    desk.keeper = ledger.keeper;
    enum ent_err r = ent_process_shut_in(&ready, &d, ledger.b, *ent_sandbox_of("ledger"));
    if ((code = ent_process_start(ledger.hub, channel, "the ledger", r, &d)) != 0)
        return code;
    if ((r = start_telling(&ledger)) != ENT_OK)
        return ent_process_fail(ledger.hub, "the webhook", r, NULL);
    return ent_hub_ready(ledger.hub, &ready) == ENT_OK ? work(&ledger) : 0;
}
