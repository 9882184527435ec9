/* ask.c: the asker's run. */
#include "node/node.h"

#include <pthread.h>
#include <time.h>

#define TRIES       4u
#define WAITS       25u      /* for a node that has just been started */
#define BUSY_MS     60000u   /* for one that takes no offer now */
#define POLL_MS     200u     /* at most; see call_ok() */
#define PATIENCE_MS 3600000u /* how long a partner may compute its filter */
#define PULLS       4096u    /* pieces of a partner's log; 65,536 entries each */

struct asking {
    const struct ent_ask_opts *o;
    struct ent_ask_report *report;
    struct ent_spki server;
    struct ent_seed32 seed; /* secret: opens what was committed to */
    pthread_mutex_t lock;   /* everything below */
    uint64_t answered;
    struct ent_diag *d;
    struct ent_diag why; /* of the last call for the view, when it failed */
};

static bool stopped(const struct asking *a)
{
    return a->o->stop != NULL && atomic_load(a->o->stop);
}

/* What is wrong with the partner's bytes is not the user's fault: it cheats, or is broken. */
static enum ent_err blame(enum ent_err r)
{
    return r == ENT_E_FORMAT || r == ENT_E_LIMIT ? ENT_E_AUTH : r;
}

static void wait_ms(unsigned ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&ts, NULL);
}

/* Of the process that computes; it may be this one. */
static enum ent_err sought(enum ent_err r, struct ent_diag *d)
{
    if (r == ENT_OK || r == ENT_E_NOMEM)
        return r;
    return ent_fail(d, ENT_E_INTERRUPTED, "the process that computed this run has ended", 0, 0);
}

/* --- calls --------------------------------------------------------------------------------------
 */

/* One message, again and again while the connection breaks. Our messages may all be repeated. */
static enum ent_err call(struct asking *a, unsigned *ret_status, struct ent_buf *answer,
                         struct ent_diag *d, const char *method, const char *path,
                         struct ent_slice body)
{
    const struct ent_dial q = {.url = a->o->url != NULL ? a->o->url : a->o->partner->url,
                               .server = a->server,
                               .call_seconds = a->o->call_seconds,
                               .method = method,
                               .path = path,
                               .body = body};
    enum ent_err r = ENT_E_PEER;
    for (unsigned i = 0; i < TRIES; i++) {
        if (stopped(a))
            return ent_fail(d, ENT_E_INTERRUPTED, "stopped", 0, 0);
        ent_buf_clear(answer);
        r = blame(a->o->dialer.call(a->o->dialer.ctx, ret_status, answer, d, &q));
        if (r != ENT_E_PEER)
            return r;
        if (i + 1 < TRIES)
            wait_ms(100u << (2 * i));
    }
    return r;
}

/* The same where only 200 will do. */
static enum ent_err call_ok(struct asking *a, struct ent_buf *answer, struct ent_diag *d,
                            const char *method, const char *name, struct ent_slice body)
{
    char path[96];
    unsigned status = 0;
    (void)snprintf(path, sizeof(path), "/peer/v1/match/%s/%s", a->report->run, name);
    /* Often at first, since the filter of a short list is there at once; never more than an eighth
     * of the time waited is lost. */
    for (unsigned waited = 0, pause; waited < PATIENCE_MS; waited += pause) {
        enum ent_err r = call(a, &status, answer, d, method, path, body);
        if (r != ENT_OK)
            return r;
        if (status == 200)
            return ENT_OK;
        if (status != 202)
            return ent_fail(d, ENT_E_PEER, "the partner broke off the run", 0, 0);
        pause = 2 + waited / 8;
        pause = pause < POLL_MS ? pause : POLL_MS;
        wait_ms(pause);
    }
    return ent_fail(d, ENT_E_TIMEOUT, "the partner never finished its filter", 0, 0);
}

/* --- what is said -------------------------------------------------------------------------------
 */

/* The partner as others' code asks it: about logs, heads and cosignatures. */
static enum ent_err wire_call(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                              const char *member, const char *method, const char *path,
                              struct ent_slice body)
{
    struct asking *a = ctx;
    struct ent_diag d = {0};
    if (strcmp(member, a->o->partner->name) != 0)
        return ENT_E_NOTFOUND;
    enum ent_err r = call(a, ret_status, answer, &d, method, path, body);
    a->why = r == ENT_OK ? (struct ent_diag){0} : d;
    return r;
}

/* Why something was not done together with the partner: the connection, before all else. */
static enum ent_err told(struct asking *a, enum ent_err r)
{
    if (r != ENT_OK && a->why.text != NULL)
        *a->d = a->why;
    return r;
}

/* Our newest head, cosigned by the partner. A node that was just started cosigns nothing until it
 * has met others: that is waited for. */
static enum ent_err show_head(struct asking *a)
{
    const struct ent_wire wire = {.ctx = a, .call = wire_call};
    enum ent_err r = ENT_E_PEER;
    for (unsigned i = 0; i < WAITS && r == ENT_E_PEER && !stopped(a); i++) {
        if (i > 0)
            wait_ms(POLL_MS);
        r = ent_view_submit(ent_book_view(a->o->book), a->d, &wire, a->o->partner->name,
                            ent_clock_now());
        if (a->why.text != NULL) /* the connection, which was tried again by itself */
            break;
    }
    return told(a, r);
}

/* Say it in our log; let the partner cosign the head over it, so that it knows our log up to there;
 * then the bytes that show it. Another process of this home may say more meanwhile, and the head
 * that the partner knows is a later one: then that is shown. */
static enum ent_err say(struct asking *a, struct ent_buf *bytes, struct ent_act *ret,
                        struct ent_buf *room, uint64_t *ret_index, const struct ent_act_wish *wish)
{
    enum ent_err r;
    if ((r = ent_book_act(a->o->book, room, ret, ret_index, a->d, wish)) != ENT_OK)
        return r;
    r = show_head(a);
    return r != ENT_OK ? blame(r) : ent_book_deliver(a->o->book, bytes, a->d, *ret_index);
}

/* What the partner says must stand in its log, which is one with all that we know of it. */
static enum ent_err hear(struct asking *a, struct ent_delivery *ret, const struct ent_buf *bytes)
{
    const struct ent_wire wire = {.ctx = a, .call = wire_call};
    const char *partner = a->o->partner->name;
    enum ent_err r = ent_book_receive(a->o->book, ret, a->d, ent_buf_slice(bytes));
    struct ent_view_log before = {.size = 0}, after = {.size = 0};
    for (unsigned i = 0; r == ENT_E_STATE && i < PULLS; i++) { /* newer than what we know */
        if ((r = told(a, ent_view_pull(ent_book_view(a->o->book), a->d, &wire, partner, partner,
                                       true, ent_clock_now()))) == ENT_OK)
            r = ent_book_receive(a->o->book, ret, a->d, ent_buf_slice(bytes));
        if (ent_view_log(ent_book_view(a->o->book), &after, partner, 0) == ENT_OK &&
            after.size == before.size && after.mirrored == before.mirrored && i > 0)
            break; /* it does not show what it speaks of */
        before = after;
    }
    if (r == ENT_E_STATE)
        r = ent_fail(a->d, ENT_E_AUTH, "the partner does not show the log it speaks from", 0, 0);
    if (r == ENT_OK && strcmp(ret->act.st.author, partner) != 0)
        r = ent_fail(a->d, ENT_E_AUTH, "the partner answered for somebody else", 0, 0);
    return blame(r);
}

/* --- the offer ----------------------------------------------------------------------------------
 */

struct agreed {
    struct ent_match_offer offer;
    struct ent_match_accept accept;
    struct ent_act offer_act;
    struct ent_delivery answer;
    struct ent_buf offer_room, offer_bytes, answer_bytes;
};

static enum ent_err make_offer(struct asking *a, struct agreed *g)
{
    struct ent_buf body;
    struct ent_act_wish wish = {
        .type = ENT_ST_OFFER, .media = ENT_MEDIA_OFFER, .now = ent_clock_now()};
    enum ent_err r;
    ent_buf_init(&body, 1024);
    memcpy(g->offer.to, a->o->partner->name, sizeof(g->offer.to));
    g->offer.types = a->o->types;
    if ((r = sought(ent_seek_offer(&a->o->seeker, &g->offer, &a->seed, a->o->pad), a->d)) ==
            ENT_OK &&
        (r = ent_match_offer_encode(&body, &g->offer)) == ENT_OK) {
        a->report->asked = g->offer.items;
        wish.body = ent_buf_slice(&body);
        r = say(a, &g->offer_bytes, &g->offer_act, &g->offer_room, &a->report->offer, &wish);
    }
    ent_buf_release(&body);
    return r;
}

/* Signed by the partner, about this offer, or worth nothing. */
static enum ent_err check_answer(struct asking *a, struct agreed *g, unsigned status)
{
    const struct ent_act *act = &g->answer.act;
    const struct ent_statement *st = &act->st;
    enum ent_err r = hear(a, &g->answer, &g->answer_bytes);
    if (r != ENT_OK)
        return r;
    if (st->refs != 1 || memcmp(st->ref[0].b, g->offer_act.leaf.b, 32) != 0)
        return ent_fail(a->d, ENT_E_AUTH, "the partner answered another offer", 0, 0);
    if (status == 403 && st->type == ENT_ST_REFUSE && strcmp(st->media, ENT_MEDIA_REFUSE) == 0 &&
        ent_match_refuse_parse(&a->report->verdict, act->body) == ENT_OK)
        return ent_fail(a->d, ENT_E_POLICY, ent_verdict_text(a->report->verdict), 0, 0);
    if (status == 200 && st->type == ENT_ST_ACCEPT && strcmp(st->media, ENT_MEDIA_ACCEPT) == 0 &&
        ent_match_accept_parse(&g->accept, act->body) == ENT_OK)
        return ENT_OK;
    return ent_fail(a->d, ENT_E_AUTH, "the partner's answer makes no sense", 0, 0);
}

/* The same offer, until the partner hears it: it may sign nothing before it has met others, hears
 * none before it ends, to be started anew, and none out of a log that it has not seen so far. */
static enum ent_err send_offer(struct asking *a, struct agreed *g, unsigned *ret_status)
{
    enum ent_err r = ENT_OK;
    *ret_status = 503;
    for (unsigned waited = 0, pause; *ret_status == 503 && r == ENT_OK; waited += pause) {
        if (waited >= BUSY_MS)
            return ent_fail(a->d, ENT_E_PEER,
                            "the partner takes no offers now: it is about to end, or may sign "
                            "nothing, because it waits for what others know of its log",
                            0, 0);
        pause = POLL_MS + waited / 32;
        if (waited > 0) {
            wait_ms(pause);
            (void)!show_head(a); /* there may be a newer one, which the offer stands under */
        }
        r = call(a, ret_status, &g->answer_bytes, a->d, "POST", "/peer/v1/match",
                 ent_buf_slice(&g->offer_bytes));
    }
    return r;
}

static enum ent_err offer_once(struct asking *a, struct agreed *g)
{
    unsigned status = 0;
    ent_buf_clear(&g->offer_room);
    ent_buf_clear(&g->offer_bytes);
    ent_buf_clear(&g->answer_bytes);
    enum ent_err r = make_offer(a, g);
    if (r != ENT_OK || (r = send_offer(a, g, &status)) != ENT_OK)
        return r;
    if (status != 200 && status != 403)
        return ent_fail(a->d, ENT_E_PEER, "the partner would not hear the offer", 0, 0);
    return check_answer(a, g, status);
}

static enum ent_err agree(struct asking *a, struct agreed *g)
{
    const struct ent_wire wire = {.ctx = a, .call = wire_call};
    struct ent_hash32 sid;
    enum ent_err r = told(a, ent_view_greet(ent_book_view(a->o->book), a->d, &wire,
                                            a->o->partner->name, ent_clock_now()));
    if (r == ENT_OK)
        r = offer_once(a, g);
    /* Another match of this home, begun at the same moment, may overtake this one on its way: the
     * partner takes offers by rising numbers only. */
    for (unsigned i = 1; i < TRIES && r == ENT_E_POLICY && a->report->verdict == ENT_DENIED_STALE;
         i++)
        r = offer_once(a, g);
    if (r != ENT_OK)
        return r;
    ent_match_sid(&sid, &g->offer_act, &g->offer, &g->answer.act, &g->accept);
    ent_hex_encode(a->report->run, sid.b, 16);
    a->report->theirs = g->accept.items;
    return sought(ent_seek_start(&a->o->seeker, &sid, &g->accept), a->d);
}

/* --- questions ----------------------------------------------------------------------------------
 */

/* Errors of what the partner said are the partner's; whatever else, the process's. */
static enum ent_err judged(enum ent_err r, struct ent_diag *d, const char *why)
{
    if (r == ENT_E_FORMAT || r == ENT_E_AUTH || r == ENT_E_LIMIT)
        return ent_fail(d, ENT_E_AUTH, why, 0, 0);
    return sought(r, d);
}

static void note_answered(struct asking *a, size_t n)
{
    (void)pthread_mutex_lock(&a->lock);
    a->answered += n;
    if (a->o->progress != NULL)
        a->o->progress(a->o->ctx, ENT_ASK_QUESTIONS, a->answered, a->report->asked);
    (void)pthread_mutex_unlock(&a->lock);
}

static enum ent_err ask_batch(void *ctx, size_t i)
{
    struct asking *a = ctx;
    struct ent_buf ask, answer;
    struct ent_diag d = {0};
    enum ent_err r;
    ent_buf_init(&ask, ENT_LOOKUP_ASK_MAX);
    ent_buf_init(&answer, ENT_LOOKUP_ANSWER_MAX);
    if ((r = sought(ent_seek_question(&a->o->seeker, &ask, a->report->asked, i), &d)) == ENT_OK &&
        (r = call_ok(a, &answer, &d, "POST", "evaluate", ent_buf_slice(&ask))) == ENT_OK &&
        (r = judged(ent_seek_answer(&a->o->seeker, i, ent_buf_slice(&answer)), &d,
                    "the partner's answers do not carry a valid proof")) == ENT_OK)
        note_answered(a, ent_lookup_batch_count(a->report->asked, i));
    if (r != ENT_OK) {
        (void)pthread_mutex_lock(&a->lock);
        if (a->d->text == NULL) /* the first to fail knows why */
            *a->d = d;
        (void)pthread_mutex_unlock(&a->lock);
    }
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    return r;
}

/* --- filter, labels, result ---------------------------------------------------------------------
 */

static enum ent_err receive(struct asking *a, const struct agreed *g, struct ent_sha256 *sum)
{
    const uint64_t filters = ent_filter_blocks(g->accept.items);
    const uint64_t all = filters + ent_labels_blocks(g->accept.labels);
    struct ent_buf block;
    enum ent_err r = ENT_OK;
    ent_buf_init(&block, ENT_FILTER_BLOCK_MAX);
    for (uint64_t i = 0; i < all && r == ENT_OK; i++) {
        bool tags = i < filters;
        char name[32];
        (void)snprintf(name, sizeof(name), "%s/%llu", tags ? "filter" : "labels",
                       (unsigned long long)(tags ? i : i - filters));
        if ((r = call_ok(a, &block, a->d, "GET", name, ent_slice(NULL, 0))) != ENT_OK)
            break;
        ent_sha256_add(sum, ent_buf_slice(&block));
        r = judged(tags ? ent_seek_filter(&a->o->seeker, ent_buf_slice(&block))
                        : ent_seek_labels(&a->o->seeker, ent_buf_slice(&block)),
                   a->d, "the partner's filter is malformed");
        if (a->o->progress != NULL)
            a->o->progress(a->o->ctx, ENT_ASK_FILTER, i + 1, all);
    }
    ent_buf_release(&block);
    return r;
}

/* What stays with us of the result: who was met, and the salts that open what was committed to. */
static enum ent_err keep(struct asking *a, const struct agreed *g, const struct ent_salt32 *salt,
                         const struct ent_buf *hits, const struct ent_buf *ours,
                         const struct ent_buf *theirs)
{
    char seed[ENT_BASE64_LEN(32)], salt64[ENT_BASE64_LEN(32)], text[192];
    const char *id = a->report->run;
    const struct ent_home *h = ent_book_home(a->o->book);
    enum ent_err r;
    ent_base64_encode(seed, a->seed.b, 32);
    ent_base64_encode(salt64, salt->b, 32);
    int n = snprintf(text, sizeof(text), "entente/run@v1\nrole asker\nseed %s\nsalt %s\n", seed,
                     salt64);
    if ((r = ent_home_run_file(h, a->d, id, "offer", ent_buf_slice(&g->offer_bytes))) == ENT_OK &&
        (r = ent_home_run_file(h, a->d, id, "accept", ent_buf_slice(&g->answer_bytes))) == ENT_OK &&
        (r = ent_home_run_file(h, a->d, id, "secret", ent_slice(text, (size_t)n))) == ENT_OK &&
        (r = ent_home_run_file(h, a->d, id, "hits", ent_buf_slice(hits))) == ENT_OK &&
        (r = ent_home_run_file(h, a->d, id, "result", ent_buf_slice(ours))) == ENT_OK)
        r = ent_home_run_file(h, a->d, id, "result-theirs", ent_buf_slice(theirs));
    if (r == ENT_OK)
        r = ent_home_run_seal(h, a->d, id);
    if (r != ENT_OK) /* the disk is full: half a record is worse than none */
        ent_home_run_drop(h, id);
    ent_wipe(text, sizeof(text));
    ent_wipe(seed, sizeof(seed));
    return r;
}

/* The partner signs what it served; if that is not what we got, it lied to one of us two. */
static enum ent_err check_their_result(struct asking *a, const struct agreed *g,
                                       const struct ent_buf *bytes, const struct ent_hash32 *served)
{
    struct ent_match_result res;
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return ent_fail(a->d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = hear(a, del, bytes);
    const struct ent_statement *st = &del->act.st;
    if (r == ENT_OK &&
        (st->type != ENT_ST_RESULT || st->refs != 1 ||
         memcmp(st->ref[0].b, g->answer.act.leaf.b, 32) != 0 ||
         ent_match_result_parse(&res, del->act.body) != ENT_OK || res.asked != a->report->asked ||
         memcmp(res.commitment.b, served->b, 32) != 0))
        r = ent_fail(a->d, ENT_E_AUTH, "the partner signed another result than it gave", 0, 0);
    free(del);
    return r;
}

static enum ent_err conclude(struct asking *a, const struct agreed *g,
                             const struct ent_hash32 *served)
{
    struct ent_match_result ours = {.asked = a->report->asked};
    struct ent_salt32 salt;
    struct ent_buf hits, body, room, mine, theirs;
    struct ent_act act;
    uint64_t index;
    struct ent_act_wish wish = {.type = ENT_ST_RESULT,
                                .ref = &g->answer.act.leaf,
                                .media = ENT_MEDIA_RESULT,
                                .now = ent_clock_now()};
    enum ent_err r;
    ent_buf_init(&hits, a->o->hits_max != 0 ? a->o->hits_max : ENT_LOOKUP_BYTES_MOST);
    ent_buf_init(&body, 1024);
    ent_buf_init(&room, ENT_ACT_MAX);
    ent_buf_init(&mine, ENT_DELIVERY_MAX);
    ent_buf_init(&theirs, ENT_DELIVERY_MAX);
    if ((r = sought(ent_seek_hits(&a->o->seeker, &hits, &a->report->hits), a->d)) != ENT_OK)
        goto out;
    ent_random(salt.b, sizeof(salt.b));
    ent_commit(&ours.commitment, &salt, ent_buf_slice(&hits));
    if ((r = ent_match_result_encode(&body, &ours)) != ENT_OK)
        goto out;
    wish.body = ent_buf_slice(&body);
    if ((r = say(a, &mine, &act, &room, &index, &wish)) != ENT_OK ||
        (r = call_ok(a, &theirs, a->d, "POST", "result", ent_buf_slice(&mine))) != ENT_OK ||
        (r = check_their_result(a, g, &theirs, served)) != ENT_OK)
        goto out;
    r = keep(a, g, &salt, &hits, &mine, &theirs);
out:
    ent_buf_wipe(&hits);
    ent_buf_release(&body);
    ent_buf_release(&room);
    ent_buf_release(&mine);
    ent_buf_release(&theirs);
    return r;
}

static enum ent_err count_spent(struct asking *a)
{
    ent_book_lock(a->o->book);
    uint64_t period = ent_budget_period(&ent_book_home(a->o->book)->pact->budget, ent_clock_now());
    ent_book_unlock(a->o->book);
    return a->o->charge(a->o->ctx, a->o->partner->name, period, a->report->asked);
}

static enum ent_err run(struct asking *a, struct agreed *g)
{
    struct ent_sha256 sum;
    struct ent_hash32 served;
    enum ent_err r;
    if ((r = agree(a, g)) != ENT_OK || (r = count_spent(a)) != ENT_OK)
        return r;
    *a->d = (struct ent_diag){0}; /* what was wrong before was put right */
    r = ent_pool_run(a->o->pool, ask_batch, a, (size_t)ent_lookup_batches(a->report->asked));
    if (r != ENT_OK || (r = sought(ent_seek_match(&a->o->seeker), a->d)) != ENT_OK)
        return r;
    ent_sha256_init(&sum);
    if ((r = receive(a, g, &sum)) != ENT_OK)
        return r;
    ent_sha256_end(&sum, &served);
    return conclude(a, g, &served);
}

enum ent_err ent_ask(struct ent_ask_report *ret, struct ent_diag *d,
                     const struct ent_ask_opts *opts)
{
    struct ent_diag own = {0};
    struct asking a = {.o = opts, .report = ret, .d = d == NULL ? &own : d};
    struct agreed *g = calloc(1, sizeof(*g));
    uint64_t start = ent_clock_steady_ns();
    if (g == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    *a.d = (struct ent_diag){0};
    *ret = (struct ent_ask_report){.asked = 0};
    ent_spki_of_ed25519(&a.server, opts->partner->tls.pk.b);
    (void)pthread_mutex_init(&a.lock, NULL);
    ent_buf_init(&g->offer_room, ENT_ACT_MAX);
    ent_buf_init(&g->offer_bytes, ENT_DELIVERY_MAX);
    ent_buf_init(&g->answer_bytes, ENT_DELIVERY_MAX);
    enum ent_err r = run(&a, g);
    ret->took_ns = ent_clock_steady_ns() - start;
    ent_buf_release(&g->offer_room);
    ent_buf_release(&g->offer_bytes);
    ent_buf_release(&g->answer_bytes);
    free(g);
    ent_wipe(&a.seed, sizeof(a.seed));
    (void)pthread_mutex_destroy(&a.lock);
    if (r != ENT_OK && a.d->text == NULL)
        return ent_fail(a.d, r, ent_err_str(r), 0, 0);
    return r;
}

/* --- whether
 * --------------------------------------------------------------------------------------
 */

static enum ent_err decide(struct ent_book *book, const char **ret_whom, struct ent_diag *d,
                           const char *partner, uint64_t items, uint64_t spent)
{
    const struct ent_home *h = ent_book_home(book);
    struct ent_verdict_on on = {0};
    struct ent_match_wish w = {.self = partner,
                               .partner = h->self.name,
                               .items = items,
                               .most = UINT64_MAX,
                               .spent = spent,
                               .now = ent_clock_now()};
    enum ent_verdict v;
    *ret_whom = partner;
    if (ent_book_is_withdrawn(book, partner))
        return ent_fail(d, ENT_E_POLICY, "has withdrawn from the pact", 0, 0);
    w.withdrawn = ent_book_is_withdrawn(book, h->self.name);
    enum ent_err r = ent_view_verdict(ent_book_view(book), &on, partner, w.now);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    if (on.exposed)
        return ent_fail(d, ENT_E_POLICY, ent_misbehaviour_text(on.kind), 0, 0);
    if (ent_pact_is_disputed(h->pact, partner))
        return ent_fail(d, ENT_E_POLICY, "what it says now is in dispute", 0, 0);
    *ret_whom = h->self.name;
    v = ent_pact_decide_match(h->pact, &w);
    return v == ENT_ALLOWED ? ENT_OK : ent_fail(d, ENT_E_POLICY, ent_verdict_text(v), 0, 0);
}

enum ent_err ent_ask_may(struct ent_book *book, const char **ret_whom, struct ent_diag *d,
                         const char *partner, uint64_t items, uint64_t spent)
{
    ent_book_lock(book);
    enum ent_err r = decide(book, ret_whom, d, partner, items, spent);
    ent_book_unlock(book);
    return r;
}
