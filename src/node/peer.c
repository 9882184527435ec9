/* peer.c: the peer API. */
#include "node/node.h"
#include "node/runs.h"

#define PREFIX "/peer/v1/match"

enum route_kind { NOWHERE, OFFER, EVALUATE, FILTER, LABELS, RESULT };

struct route {
    enum route_kind kind;
    char id[ENT_RUN_ID];
    uint64_t block;
};

static bool take_number(const char *s, uint64_t *ret)
{
    return ent_parse_u64(ret, ent_slice_str(s), ENT_MATCH_ITEMS_MOST) == ENT_OK;
}

static struct route parse_route(const char *method, const char *path)
{
    struct route r = {.kind = NOWHERE};
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    uint8_t id[16];
    size_t n = strlen(PREFIX);
    if (strncmp(path, PREFIX, n) != 0)
        return r;
    path += n;
    if (*path == '\0') {
        r.kind = post ? OFFER : NOWHERE;
        return r;
    }
    if (strlen(path) < ENT_RUN_ID + 1 || path[0] != '/' || path[ENT_RUN_ID] != '/' ||
        ent_hex_decode(id, 16, ent_slice(path + 1, 32)) != ENT_OK)
        return r;
    ent_hex_encode(r.id, id, 16);
    if (memcmp(r.id, path + 1, 32) != 0) /* upper case: a run has one name */
        return r;
    path += ENT_RUN_ID + 1;
    if (post && strcmp(path, "evaluate") == 0)
        r.kind = EVALUATE;
    else if (post && strcmp(path, "result") == 0)
        r.kind = RESULT;
    else if (get && strncmp(path, "filter/", 7) == 0 && take_number(path + 7, &r.block))
        r.kind = FILTER;
    else if (get && strncmp(path, "labels/", 7) == 0 && take_number(path + 7, &r.block))
        r.kind = LABELS;
    return r;
}

/* Who has this TLS key in the newest pact, and has not withdrawn; "" for nobody. */
struct who {
    char name[ENT_NAME_MAX + 1];
};

static struct who whose(struct ent_peer *p, const struct ent_spki *peer)
{
    struct ent_book *book = p->opts.book;
    struct who w = {{0}};
    ent_book_lock(book);
    const struct ent_home *h = ent_book_home(book);
    for (size_t i = 0; i < h->pact->members; i++) {
        const struct ent_member *m = &h->pact->member[i];
        struct ent_spki spki;
        ent_spki_of_ed25519(&spki, m->tls.pk.b);
        if (memcmp(spki.b, peer->b, sizeof(spki.b)) == 0 && strcmp(m->name, h->self.name) != 0 &&
            !ent_book_is_withdrawn(book, m->name))
            memcpy(w.name, m->name, sizeof(w.name));
    }
    ent_book_unlock(book);
    return w;
}

/* "/peer/v1/pact/<n>" */
static bool is_version(const char *method, const char *path, uint64_t *ret)
{
    size_t n = sizeof(ENT_VERSION_PATH) - 1;
    return strcmp(method, "GET") == 0 && strncmp(path, ENT_VERSION_PATH "/", n + 1) == 0 &&
           take_number(path + n + 1, ret);
}

static bool is_brought(const char *method, const char *path)
{
    return strcmp(method, "POST") == 0 && strcmp(path, ENT_VERSION_PATH) == 0;
}

/* All of it, also what is none of its routes. */
static bool is_quorum(const char *path)
{
    return strncmp(path, ENT_QUORUM_PATH, sizeof(ENT_QUORUM_PATH) - 1) == 0;
}

/* "/peer/v1/act" alone, or with a leaf hash behind it. */
static bool is_news(const char *method, const char *path, const char **ret_hex)
{
    uint8_t leaf[32];
    size_t n = sizeof(ENT_NEWS_PATH) - 1;
    if (strncmp(path, ENT_NEWS_PATH, n) != 0)
        return false;
    *ret_hex = path[n] == '/' ? path + n + 1 : NULL;
    if (path[n] == '\0')
        return strcmp(method, "POST") == 0;
    return path[n] == '/' && strcmp(method, "GET") == 0 && strlen(*ret_hex) == 64 &&
           ent_hex_decode(leaf, 32, ent_slice_str(*ret_hex)) == ENT_OK;
}

size_t ent_peer_body_max(const char *method, const char *path)
{
    const char *hex;
    uint64_t version;
    switch (parse_route(method, path).kind) {
    case OFFER:
    case RESULT:
        return ENT_DELIVERY_MAX;
    case EVALUATE:
        return ENT_LOOKUP_ASK_MAX;
    case FILTER:
    case LABELS:
        return 1; /* a GET has no body; 0 would mean "no such thing" */
    case NOWHERE:
        break;
    }
    if (is_quorum(path))
        return ent_quorums_body_max(method, path);
    if (is_news(method, path, &hex))
        return hex == NULL ? ENT_DELIVERY_MAX : 1;
    if (is_version(method, path, &version))
        return 1;
    if (is_brought(method, path))
        return ENT_PACT_MAX;
    return ent_view_max_body(method, path);
}

size_t ent_peer_max_body(void *ctx, const struct ent_spki *peer, const char *method,
                         const char *path)
{
    (void)ctx, (void)peer;
    return ent_peer_body_max(method, path);
}

/* --- the offer ----------------------------------------------------------------------------------
 */

struct offer {
    struct who member;
    struct ent_delivery del;
    struct ent_match_offer terms;
};

static enum ent_err parse_offer(struct ent_peer *p, const struct ent_request *req, struct offer *o)
{
    const struct ent_act *act = &o->del.act;
    enum ent_err r;
    o->member = whose(p, &req->peer);
    if ((r = ent_book_receive(p->opts.book, &o->del, NULL, req->body)) != ENT_OK ||
        (r = ent_match_offer_parse(&o->terms, act->body)) != ENT_OK)
        return r;
    if (act->st.type != ENT_ST_OFFER || strcmp(act->st.media, ENT_MEDIA_OFFER) != 0 ||
        strcmp(act->st.author, o->member.name) != 0 ||
        strcmp(o->terms.to, ent_book_home(p->opts.book)->self.name) != 0)
        return ENT_E_AUTH;
    return ENT_OK;
}

/* What the pact says, and what is known of the one who asks. */
static enum ent_verdict judge(struct ent_peer *p, struct ent_match_wish *w)
{
    struct ent_book *book = p->opts.book;
    struct ent_verdict_on on = {0};
    ent_book_lock(book);
    const struct ent_home *h = ent_book_home(book);
    w->self = h->self.name;
    w->withdrawn = ent_book_is_withdrawn(book, w->partner);
    w->exposed =
        ent_view_verdict(ent_book_view(book), &on, w->partner, w->now) == ENT_OK && on.exposed;
    enum ent_verdict v = ent_pact_decide_match(h->pact, w);
    ent_book_unlock(book);
    return v;
}

static struct ent_budget budget_of(struct ent_peer *p)
{
    ent_book_lock(p->opts.book);
    struct ent_budget budget = ent_book_home(p->opts.book)->pact->budget;
    ent_book_unlock(p->opts.book);
    return budget;
}

/* A place in the table, with a runner; NULL: busy. */
static struct ent_run *reserve(struct ent_peer *p, const struct offer *o)
{
    struct ent_run *run = ent_runs_place(p, o->member.name);
    return run != NULL && ent_runners_take(p->opts.runners, ENT_RUNNERS_MATCH, &run->runner) ? run
                                                                                             : NULL;
}

/* Charged before anything is computed, and durable: a crash gives no second helping. *ret_run when
 * it is allowed: with a runner, and nothing else. */
static enum ent_err decide(struct ent_peer *p, const struct offer *o, int64_t now,
                           enum ent_verdict *ret, struct ent_run **ret_run)
{
    const struct ent_caller *desk = &p->opts.desk;
    const struct ent_budget budget = budget_of(p);
    uint64_t period = ent_budget_period(&budget, now);
    struct ent_match_wish w = {
        .partner = o->member.name, .items = o->terms.items, .most = p->opts.items_most, .now = now};
    enum ent_err r =
        ent_desk_advance(desk, w.partner, o->del.says.generation, o->del.act.st.sequence);
    *ret = ENT_DENIED_STALE;
    if (r != ENT_OK)
        return r == ENT_E_STATE ? ENT_OK : r;
    *ret = ENT_DENIED_BUSY;
    struct ent_run *run = reserve(p, o);
    if (run == NULL)
        return ENT_OK;
    r = ent_desk_spent(desk, &w.spent, w.partner, ENT_THEY_ASK, period);
    if (r == ENT_OK && (*ret = judge(p, &w)) == ENT_ALLOWED &&
        (r = ent_desk_charge(desk, w.partner, period, w.items, budget.items)) == ENT_E_POLICY) {
        *ret = ENT_DENIED_BUDGET;
        r = ENT_OK;
    }
    if (r == ENT_OK && *ret == ENT_ALLOWED) {
        *ret_run = run;
    } else { /* nothing was asked of it: another run may have it */
        ent_runners_give(&run->runner);
        run->runner = (struct ent_runners_one){NULL, 0};
    }
    return r;
}

/* Say it, and append it as it travels: *ret_leaf is the name of what was said. */
static enum ent_err say(struct ent_peer *p, struct ent_buf *b, struct ent_act *ret,
                        struct ent_buf *room, enum ent_statement_type type, const char *media,
                        const struct ent_hash32 *ref, const struct ent_buf *body, int64_t now)
{
    const struct ent_act_wish wish = {
        .type = type, .ref = ref, .media = media, .body = ent_buf_slice(body), .now = now};
    uint64_t index;
    enum ent_err r = ent_book_act(p->opts.book, room, ret, &index, NULL, &wish);
    return r != ENT_OK ? r : ent_book_deliver(p->opts.book, b, NULL, index);
}

static enum ent_err refuse(struct ent_peer *p, const struct offer *o, enum ent_verdict why,
                           int64_t now, struct ent_response *res)
{
    const struct ent_peer_event e = {.kind = ENT_PEER_REFUSED,
                                     .run = "",
                                     .partner = o->member.name,
                                     .asked = o->terms.items,
                                     .verdict = why};
    struct ent_act act;
    struct ent_buf body, room;
    ent_buf_init(&body, 1024);
    ent_buf_init(&room, ENT_ACT_MAX);
    enum ent_err r = ent_match_refuse_encode(&body, why);
    if (r == ENT_OK)
        r = say(p, &res->body, &act, &room, ENT_ST_REFUSE, ENT_MEDIA_REFUSE, &o->del.act.leaf,
                &body, now);
    ent_buf_release(&body);
    ent_buf_release(&room);
    if (r == ENT_OK)
        res->status = 403;
    ent_runs_event(p, &e);
    return r;
}

/* What an audit will need, and what the log of the run says: how many were asked. */
static enum ent_err keep_start(struct ent_peer *p, const struct ent_run *run,
                               const struct ent_seed32 *opens, struct ent_slice offer)
{
    char seed[ENT_BASE64_LEN(32)], text[128];
    enum ent_err r;
    ent_base64_encode(seed, opens->b, 32);
    int n = snprintf(text, sizeof(text), "entente/run@v1\nrole holder\nseed %s\n", seed);
    if ((r = ent_home_run_file(ent_book_home(p->opts.book), NULL, run->id, "offer", offer)) ==
            ENT_OK &&
        (r = ent_home_run_file(ent_book_home(p->opts.book), NULL, run->id, "accept",
                               ent_buf_slice(&run->accept_act))) == ENT_OK)
        r = ent_home_run_file(ent_book_home(p->opts.book), NULL, run->id, "secret",
                              ent_slice(text, (size_t)n));
    if (r == ENT_OK)
        r = ent_home_run_seal(ent_book_home(p->opts.book), NULL, run->id);
    if (r != ENT_OK) /* the disk is full: half a record is worse than none */
        ent_home_run_drop(ent_book_home(p->opts.book), run->id);
    ent_wipe(seed, sizeof(seed));
    ent_wipe(text, sizeof(text));
    return r;
}

static enum ent_err start_run(struct ent_peer *p, struct ent_run *run, const struct offer *o,
                              const struct ent_request *req, int64_t now, uint64_t *ret_unreleased)
{
    const struct ent_caller runner = ent_runners_caller(&run->runner);
    struct ent_run_opened opened = {.unreleased = 0};
    struct ent_act act;
    struct ent_hash32 sid;
    struct ent_buf body, room;
    enum ent_err r;
    ent_buf_init(&body, 1024);
    ent_buf_init(&room, ENT_ACT_MAX);
    if ((r = ent_run_open(&runner, &opened, o->terms.types, now)) != ENT_OK ||
        (r = ent_match_accept_encode(&body, &opened.accept)) != ENT_OK ||
        (r = say(p, &run->accept_act, &act, &room, ENT_ST_ACCEPT, ENT_MEDIA_ACCEPT,
                 &o->del.act.leaf, &body, now)) != ENT_OK)
        goto out;
    ent_match_sid(&sid, &o->del.act, &o->terms, &act, &opened.accept);
    ent_hex_encode(run->id, sid.b, 16);
    run->accept = act.leaf;
    *ret_unreleased = opened.unreleased;
    if ((r = ent_run_start(&runner, &sid, o->terms.items)) == ENT_OK)
        r = keep_start(p, run, &opened.seed, req->body);
out:
    ent_wipe(&opened, sizeof(opened));
    ent_buf_release(&body);
    ent_buf_release(&room);
    return r;
}

static enum ent_err accept_offer(struct ent_peer *p, struct ent_run *run, const struct offer *o,
                                 const struct ent_request *req, int64_t now,
                                 struct ent_response *res)
{
    uint64_t unreleased = 0;
    enum ent_err r;
    *run = (struct ent_run){.state = ENT_RUN_BUILDING,
                            .runner = run->runner,
                            .peer = req->peer,
                            .offer = o->del.act.leaf,
                            .asked = o->terms.items,
                            .used_ns = ent_clock_steady_ns()};
    memcpy(run->partner, o->member.name, sizeof(run->partner));
    ent_buf_init(&run->accept_act, ENT_DELIVERY_MAX);
    ent_buf_init(&run->result_act, ENT_DELIVERY_MAX);
    if ((r = start_run(p, run, o, req, now, &unreleased)) != ENT_OK ||
        (r = ent_buf_put_slice(&res->body, ent_buf_slice(&run->accept_act))) != ENT_OK) {
        ent_runs_kill(p, run, ENT_PEER_ABORTED, r);
        return r;
    }
    const struct ent_peer_event e = {.kind = ENT_PEER_ACCEPTED,
                                     .run = run->id,
                                     .partner = run->partner,
                                     .asked = run->asked,
                                     .unreleased = unreleased};
    ent_runs_event(p, &e);
    (void)pthread_cond_signal(&p->work);
    res->status = 200;
    return ENT_OK;
}

/* Whether this node could answer at all: before anything is decided, or charged. */
static bool may_sign(struct ent_peer *p)
{
    return ent_book_may_say(p->opts.book, NULL) == ENT_OK;
}

static void handle_offer(struct ent_peer *p, const struct ent_request *req,
                         struct ent_response *res)
{
    enum ent_verdict verdict;
    int64_t now = ent_clock_now();
    if (!may_sign(p)) {
        res->status = 503;
        return;
    }
    struct offer *o = malloc(sizeof(*o));
    struct ent_run *run = NULL;
    enum ent_err r = o == NULL ? ENT_E_NOMEM : ENT_OK;
    (void)pthread_mutex_lock(&p->lock);
    if (r == ENT_OK)
        r = parse_offer(p, req, o);
    if (r == ENT_E_STATE) { /* from a log that was not shown so far; it may be in a moment */
        res->status = 503;
        r = ENT_OK;
        goto out;
    }
    if (r != ENT_OK)
        goto out;
    struct ent_run *again = ent_runs_by_offer(p, &o->del.act.leaf, &req->peer);
    if (again != NULL) { /* the answer got lost on its way */
        r = ent_buf_put_slice(&res->body, ent_buf_slice(&again->accept_act));
        ent_runs_put(again);
        res->status = 200;
        goto out;
    }
    if (p->draining || p->opts.runners == NULL) {
        res->status = 503;
        goto out;
    }
    if ((r = decide(p, o, now, &verdict, &run)) != ENT_OK)
        goto out;
    r = verdict == ENT_ALLOWED ? accept_offer(p, run, o, req, now, res)
                               : refuse(p, o, verdict, now, res);
out:
    (void)pthread_mutex_unlock(&p->lock);
    free(o);
    if (r != ENT_OK) {
        ent_buf_clear(&res->body);
        res->status = 409;
    }
}

/* --- inside a run -------------------------------------------------------------------------------
 */

static enum ent_run_state state_of(struct ent_peer *p, const struct ent_run *run)
{
    (void)pthread_mutex_lock(&p->lock);
    enum ent_run_state state = run->state;
    (void)pthread_mutex_unlock(&p->lock);
    return state;
}

static enum ent_err evaluate(struct ent_peer *p, struct ent_run *run, const struct ent_request *req,
                             struct ent_response *res)
{
    const struct ent_caller runner = ent_runners_caller(&run->runner);
    enum ent_run_state state = state_of(p, run);
    return state == ENT_RUN_BUILDING || state == ENT_RUN_READY
               ? ent_run_evaluate(&runner, &res->body, req->body)
               : ENT_E_STATE;
}

static enum ent_err serve_block(struct ent_peer *p, struct ent_run *run, const struct route *route,
                                struct ent_response *res)
{
    const struct ent_caller runner = ent_runners_caller(&run->runner);
    enum ent_run_state state = state_of(p, run);
    if (state == ENT_RUN_BUILDING) {
        res->status = 202;
        return ENT_OK;
    }
    if (state != ENT_RUN_READY)
        return ENT_E_STATE;
    return route->kind == FILTER ? ent_run_filter(&runner, &res->body, route->block)
                                 : ent_run_labels(&runner, &res->body, route->block);
}

static enum ent_err check_result(struct ent_peer *p, const struct ent_run *run,
                                 const struct ent_request *req)
{
    struct ent_match_result theirs;
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = ent_book_receive(p->opts.book, del, NULL, req->body);
    const struct ent_act *act = &del->act;
    if (r == ENT_OK && (r = ent_match_result_parse(&theirs, act->body)) == ENT_OK &&
        (act->st.type != ENT_ST_RESULT || strcmp(act->st.author, whose(p, &req->peer).name) != 0 ||
         strcmp(act->st.media, ENT_MEDIA_RESULT) != 0 || act->st.refs != 1 ||
         memcmp(act->st.ref[0].b, run->accept.b, 32) != 0 || theirs.asked != run->asked))
        r = ENT_E_AUTH;
    free(del);
    return r;
}

/* With the lock held. */
static enum ent_err finish(struct ent_peer *p, struct ent_run *run,
                           const struct ent_match_result *ours, const struct ent_request *req)
{
    const struct ent_home *home = ent_book_home(p->opts.book);
    const struct ent_peer_event e = {
        .kind = ENT_PEER_FINISHED, .run = run->id, .partner = run->partner, .asked = run->asked};
    struct ent_act act;
    struct ent_buf body, room;
    enum ent_err r;
    ent_buf_init(&body, 1024);
    ent_buf_init(&room, ENT_ACT_MAX);
    if ((r = check_result(p, run, req)) == ENT_OK &&
        (r = ent_match_result_encode(&body, ours)) == ENT_OK &&
        (r = ent_home_run_file(home, NULL, run->id, "result-theirs", req->body)) == ENT_OK &&
        (r = say(p, &run->result_act, &act, &room, ENT_ST_RESULT, ENT_MEDIA_RESULT, &run->accept,
                 &body, ent_clock_now())) == ENT_OK &&
        (r = ent_home_run_file(home, NULL, run->id, "result", ent_buf_slice(&run->result_act))) ==
            ENT_OK &&
        (r = ent_home_run_seal(home, NULL, run->id)) == ENT_OK) {
        ent_runs_event(p, &e);
        run->state = ENT_RUN_DONE;
    }
    ent_buf_release(&body);
    ent_buf_release(&room);
    return r;
}

/* What was served is for the runner to say, which may take its time: nobody else waits for it. */
static enum ent_err result(struct ent_peer *p, struct ent_run *run, const struct ent_request *req,
                           struct ent_response *res)
{
    const struct ent_caller runner = ent_runners_caller(&run->runner);
    struct ent_match_result ours = {.asked = run->asked};
    enum ent_run_state state = state_of(p, run);
    enum ent_err r = state == ENT_RUN_READY || state == ENT_RUN_DONE ? ENT_OK : ENT_E_STATE;
    if (state == ENT_RUN_READY)
        r = ent_run_digest(&runner, &ours.commitment);
    (void)pthread_mutex_lock(&p->lock);
    if (run->state == ENT_RUN_DONE) /* perhaps meanwhile, by the same message sent twice */
        r = ENT_OK;
    else if (r == ENT_OK)
        r = run->state == ENT_RUN_READY ? finish(p, run, &ours, req) : ENT_E_STATE;
    if (r == ENT_OK)
        r = ent_buf_put_slice(&res->body, ent_buf_slice(&run->result_act));
    (void)pthread_mutex_unlock(&p->lock);
    return r;
}

static void handle_run(struct ent_peer *p, const struct route *route, const struct ent_request *req,
                       struct ent_response *res)
{
    enum ent_err r = ENT_E_NOTFOUND;
    (void)pthread_mutex_lock(&p->lock);
    struct ent_run *run = ent_runs_get(p, route->id, &req->peer);
    (void)pthread_mutex_unlock(&p->lock);
    res->status = 200;
    if (run != NULL) {
        if (route->kind == EVALUATE)
            r = evaluate(p, run, req, res);
        else if (route->kind == RESULT)
            r = result(p, run, req, res);
        else
            r = serve_block(p, run, route, res);
        (void)pthread_mutex_lock(&p->lock);
        if (r != ENT_OK)
            ent_runs_kill(p, run, ENT_PEER_ABORTED, r);
        ent_runs_put(run);
        (void)pthread_mutex_unlock(&p->lock);
    }
    if (r != ENT_OK) {
        ent_buf_clear(&res->body);
        res->status = 409;
    }
}

/* --- logs and news ------------------------------------------------------------------------------
 */

static void handle_news(struct ent_peer *p, const char *hex, const struct ent_request *req,
                        struct ent_response *res)
{
    if (hex != NULL) {
        enum ent_err r = ent_news_get(p->opts.book, &res->body, hex);
        res->status = r == ENT_OK ? 200 : 404;
        if (r != ENT_OK)
            ent_buf_clear(&res->body);
        return;
    }
    enum ent_err r = ent_news_take(p->opts.book, NULL, req->body);
    res->status = r == ENT_OK || r == ENT_E_EXISTS ? 200 : 409;
    if (r == ENT_OK && p->opts.heard != NULL)
        p->opts.heard(p->opts.ctx, NULL);
}

/* It stands by its votes, whoever brings it. */
static void handle_brought(struct ent_peer *p, const struct ent_request *req,
                           struct ent_response *res)
{
    enum ent_err r = ent_news_take_version(p->opts.book, NULL, req->body);
    res->status = r == ENT_OK || r == ENT_E_EXISTS ? 200 : 409;
}

static void handle_version(struct ent_peer *p, uint64_t version, struct ent_response *res)
{
    ent_book_lock(p->opts.book);
    const struct ent_chain *chain = &ent_book_home(p->opts.book)->chain;
    const struct ent_slice bytes = ent_chain_version(chain, version);
    enum ent_err r = ent_buf_put_slice(&res->body, bytes);
    ent_book_unlock(p->opts.book);
    res->status = r != ENT_OK ? 500 : bytes.n > 0 ? 200 : 404;
}

static void handle_view(struct ent_peer *p, const struct ent_request *req, struct ent_response *res)
{
    struct ent_view_answer a = {.body = res->body};
    const bool post = strcmp(req->method, "POST") == 0;
    const struct who who = post ? whose(p, &req->peer) : (struct who){{0}};
    ent_view_handle(ent_book_view(p->opts.book), &a, who.name[0] != '\0' ? who.name : NULL,
                    req->method, req->path, req->body, ent_clock_now());
    res->status = a.status;
    res->type = a.type;
    res->body = a.body;
    if (!post || p->opts.heard == NULL)
        return;
    /* Only what leaves something to do wakes anybody: else two nodes would greet each other for
     * ever. */
    struct ent_view_log log;
    if (who.name[0] != '\0' &&
        ent_view_log(ent_book_view(p->opts.book), &log, who.name, 0) == ENT_OK &&
        log.mirrored < log.size)
        p->opts.heard(p->opts.ctx, who.name);
}

static void handle_quorum(struct ent_peer *p, const struct ent_request *req,
                          struct ent_response *res)
{
    const struct who who = whose(p, &req->peer);
    res->status = 404;
    if (p->opts.quorums != NULL && who.name[0] != '\0')
        ent_quorums_handle(p->opts.quorums, who.name, req, res);
}

void ent_peer_handle(void *ctx, const struct ent_request *req, struct ent_response *res)
{
    struct ent_peer *p = ctx;
    const struct route route = parse_route(req->method, req->path);
    const char *hex = NULL;
    uint64_t version = 0;
    res->type = "application/octet-stream";
    if (route.kind == OFFER)
        handle_offer(p, req, res);
    else if (route.kind != NOWHERE)
        handle_run(p, &route, req, res);
    else if (is_quorum(req->path))
        handle_quorum(p, req, res);
    else if (is_news(req->method, req->path, &hex))
        handle_news(p, hex, req, res);
    else if (is_version(req->method, req->path, &version))
        handle_version(p, version, res);
    else if (is_brought(req->method, req->path))
        handle_brought(p, req, res);
    else if (ent_view_max_body(req->method, req->path) > 0)
        handle_view(p, req, res);
    else
        res->status = 404;
}

/* --- birth and end ------------------------------------------------------------------------------
 */

enum ent_err ent_peer_new(struct ent_peer **ret, const struct ent_peer_opts *opts)
{
    struct ent_peer *p = calloc(1, sizeof(*p));
    pthread_condattr_t steady;
    if (p == NULL)
        return ENT_E_NOMEM;
    p->opts = *opts;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->work, &steady);
    (void)pthread_condattr_destroy(&steady);
    unsigned builders = opts->runners == NULL ? 0 : ent_runners_slots(opts->runners);
    while (p->builders < builders &&
           pthread_create(&p->builder[p->builders], NULL, ent_runs_builder, p) == 0)
        p->builders++;
    if (p->builders < builders) {
        ent_peer_free(p);
        return ENT_E_NOMEM;
    }
    *ret = p;
    return ENT_OK;
}

void ent_peer_free(struct ent_peer *p)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->ending = true;
    for (size_t i = 0; i < ENT_RUNS; i++) /* which also ends what builders wait for */
        ent_runs_kill(p, &p->run[i], ENT_PEER_ABORTED, ENT_E_INTERRUPTED);
    (void)pthread_cond_broadcast(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->builders; i++)
        (void)pthread_join(p->builder[i], NULL);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

void ent_peer_drain(struct ent_peer *p)
{
    (void)pthread_mutex_lock(&p->lock);
    p->draining = true;
    (void)pthread_mutex_unlock(&p->lock);
}

unsigned ent_peer_running(struct ent_peer *p)
{
    (void)pthread_mutex_lock(&p->lock);
    const unsigned n = ent_runs_under_way(p);
    (void)pthread_mutex_unlock(&p->lock);
    return n;
}
