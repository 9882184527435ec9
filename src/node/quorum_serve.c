/* quorum_serve.c: what other members of a run ask. Statements are verified here; what belongs to
 * the secret part of a run goes to the worker as it is, with the index that the sender's key has.
 */
#include "node/quorums_parts.h"

enum kind { NOWHERE, SAY, RUNS, LIST, SAID, EVALUATE, BLOCK, PROGRESS, PIECE };

struct route {
    enum kind kind;
    char id[ENT_QUORUM_ID];
    struct ent_hash32 leaf;
    uint32_t piece;
};

/* In lower case alone: a thing has one name. */
static bool take_hex(void *ret, size_t n, const char *text, size_t len)
{
    char again[ENT_HEX_LEN(32)];
    if (len != 2 * n || ent_hex_decode(ret, n, ent_slice(text, len)) != ENT_OK)
        return false;
    ent_hex_encode(again, ret, n);
    return memcmp(again, text, len) == 0;
}

static enum kind parse_rest(struct route *r, const char *rest, bool get, bool post)
{
    uint64_t n = 0;
    if (*rest == '\0')
        return get ? LIST : NOWHERE;
    if (post && strcmp(rest, "/evaluate") == 0)
        return EVALUATE;
    if (post && strcmp(rest, "/block") == 0)
        return BLOCK;
    if (get && strcmp(rest, "/progress") == 0)
        return PROGRESS;
    if (get && strncmp(rest, "/said/", 6) == 0)
        return take_hex(r->leaf.b, 32, rest + 6, strlen(rest + 6)) ? SAID : NOWHERE;
    if (get && strncmp(rest, "/piece/", 7) == 0 &&
        ent_parse_u64(&n, ent_slice_str(rest + 7), UINT32_MAX) == ENT_OK) {
        r->piece = (uint32_t)n;
        return PIECE;
    }
    return NOWHERE;
}

static struct route parse_route(const char *method, const char *path)
{
    struct route r = {.kind = NOWHERE};
    const bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    const size_t n = sizeof(ENT_QUORUM_PATH) - 1;
    uint8_t id[16];
    if (strncmp(path, ENT_QUORUM_PATH, n) != 0)
        return r;
    path += n;
    if (*path == '\0') {
        r.kind = post ? SAY : get ? RUNS : NOWHERE;
        return r;
    }
    if (*path != '/' || strlen(path) < ENT_QUORUM_ID ||
        !take_hex(id, sizeof(id), path + 1, ENT_QUORUM_ID - 1))
        return r;
    ent_hex_encode(r.id, id, sizeof(id));
    r.kind = parse_rest(&r, path + ENT_QUORUM_ID, get, post);
    return r;
}

size_t ent_quorums_body_max(const char *method, const char *path)
{
    switch (parse_route(method, path).kind) {
    case SAY:
        return ENT_DELIVERY_MAX;
    case EVALUATE:
        return ENT_QUORUM_ASK_MAX;
    case BLOCK:
        return ENT_QUORUM_BLOCK_MAX;
    case RUNS:
    case LIST:
    case SAID:
    case PROGRESS:
    case PIECE:
        return 1; /* a GET has no body; 0 would mean "no such thing" */
    case NOWHERE:
        break;
    }
    return 0;
}

/* --- statements ---------------------------------------------------------------------------------
 */

static unsigned status_of(enum ent_err r)
{
    switch (r) {
    case ENT_OK:
        return 200;
    case ENT_E_NOTFOUND: /* it names what has not come here yet */
    case ENT_E_NOMEM:
    case ENT_E_IO:
    case ENT_E_FULL:
    case ENT_E_PEER:
    case ENT_E_TIMEOUT:
    case ENT_E_INTERRUPTED:
        return 503;
    default:
        return 409;
    }
}

bool ent_q_is_new(struct ent_quorums *q, const char *id)
{
    struct ent_qrun *run = ent_q_find(q, id);
    if (run != NULL)
        ent_q_put(run);
    return run == NULL && !ent_q_is_record(q, id);
}

/* Judged before it costs anything. What comes too late for all is no run for any. */
static unsigned take_new(struct ent_quorums *q, const struct ent_act *act,
                         const struct ent_quorum_offer *o, struct ent_slice said,
                         struct ent_buf *answer)
{
    enum ent_verdict verdict = ENT_ALLOWED;
    const enum ent_quorum_reason why = ent_q_judge_pact(q, &verdict, o, act->st.author);
    if (why == ENT_QUORUM_PAST)
        return 409;
    if (why != ENT_QUORUM_FINE) {
        ent_q_refuse(q, answer, act, why, verdict);
        return 409;
    }
    const enum ent_err r = ent_q_begin(q, act, o, said, 0);
    return r == ENT_E_LIMIT ? 503 : status_of(r);
}

unsigned ent_q_take_offer(struct ent_quorums *q, const char *from, const struct ent_delivery *del,
                          struct ent_slice said, struct ent_buf *answer)
{
    struct ent_quorum_offer *o = malloc(sizeof(*o));
    char id[ENT_QUORUM_ID];
    if (o == NULL)
        return 503;
    const bool is = ent_quorum_offer_parse(o, del->act.body) == ENT_OK;
    const bool ours = is && ent_q_has_part(o, q->self);
    const bool theirs = is && (strcmp(from, del->act.st.author) == 0 || ent_q_has_part(o, from));
    (void)pthread_mutex_lock(&q->lock);
    const bool draining = q->draining;
    (void)pthread_mutex_unlock(&q->lock);
    unsigned status = 409;
    ent_quorum_id(id, &del->act.leaf);
    if (ours && theirs && !ent_q_refused(q, id, answer))
        status = !ent_q_is_new(q, id) ? 200
                 : draining           ? 503
                                      : take_new(q, &del->act, o, said, answer);
    free(o);
    return status;
}

/* About a run that is none here: what was said about its offer, if it is refused or over. */
static unsigned without_run(struct ent_quorums *q, const char *id, struct ent_buf *answer)
{
    if (ent_q_refused(q, id, answer) || ent_q_is_record(q, id))
        return 409;
    return 503; /* the offer may be on its way */
}

static unsigned take_said(struct ent_quorums *q, const char *from, const struct ent_delivery *del,
                          struct ent_slice said, struct ent_buf *answer)
{
    char id[ENT_QUORUM_ID];
    enum ent_qkind kind;
    if (ent_q_kind(&kind, &del->act.st) != ENT_OK)
        return 409;
    if (kind == ENT_QSAY_OFFER)
        return ent_q_take_offer(q, from, del, said, answer);
    ent_hex_encode(id, del->act.st.ref[0].b, 16);
    struct ent_qrun *run = ent_q_find(q, id);
    if (run == NULL)
        return without_run(q, id, answer);
    const bool named =
        ent_qrun_place(run, from) != UINT32_MAX && strcmp(del->act.st.author, q->self) != 0;
    const unsigned status = named ? status_of(ent_qrun_take(run, &del->act, said, 0)) : 404;
    ent_q_put(run);
    return status;
}

/* Newer than what is known of its author's log: whoever brings it shows that first. */
static unsigned say(struct ent_quorums *q, const char *from, struct ent_slice body,
                    struct ent_buf *answer)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return 503;
    const enum ent_err r = ent_book_receive(q->opts.book, del, NULL, body);
    const unsigned status = r == ENT_OK        ? take_said(q, from, del, body, answer)
                            : r == ENT_E_STATE ? 503
                                               : status_of(r);
    free(del);
    return status;
}

static unsigned list(struct ent_qrun *run, struct ent_buf *b)
{
    char hex[ENT_HEX_LEN(32)];
    enum ent_err r = ENT_OK;
    (void)pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->n_said && r == ENT_OK; i++) {
        ent_hex_encode(hex, run->said[i].leaf.b, 32);
        r = ent_buf_printf(b, "%s\n", hex);
    }
    (void)pthread_mutex_unlock(&run->lock);
    return r == ENT_OK ? 200 : 503;
}

static unsigned show(struct ent_qrun *run, const struct ent_hash32 *leaf, struct ent_buf *b)
{
    struct ent_qsaid s;
    bool found = false;
    (void)pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->n_said && !found; i++) {
        found = memcmp(run->said[i].leaf.b, leaf->b, 32) == 0;
        s = run->said[i];
    }
    (void)pthread_mutex_unlock(&run->lock);
    return !found ? 404 : ent_qrun_said_read(run, b, &s) == ENT_OK ? 200 : 503;
}

/* --- the key holder -----------------------------------------------------------------------------
 */

static unsigned no(struct ent_buf *b, enum ent_quorum_fault f)
{
    ent_buf_clear(b);
    if (f != ENT_QUORUM_NO_FAULT)
        (void)!ent_buf_puts(b, ent_quorum_fault_word(f)); /* the status says enough */
    return 409;
}

/* What is new counts in its phase alone; what was admitted is answered again until the end: a
 * participant that was restarted needs it. */
static bool may_ask(struct ent_qrun *run, uint32_t index, struct ent_slice ask)
{
    struct ent_hash32 hash;
    ent_sha256_of(&hash, ask);
    (void)pthread_mutex_lock(&run->lock);
    const enum ent_quorum_phase phase = run->state.phase;
    bool may = (run->state.present >> (index - 1) & 1) != 0 &&
               (run->ended >> (index - 1) & 1) == 0 && phase != ENT_QUORUM_FAILED;
    (void)pthread_mutex_unlock(&run->lock);
    if (!may || phase == ENT_QUORUM_UPLOAD)
        return may;
    may = false;
    (void)pthread_mutex_lock(&run->admit_lock);
    for (size_t i = 0; i < run->n_admitted && !may; i++)
        may = run->admitted[i].index == index && memcmp(run->admitted[i].hash.b, hash.b, 32) == 0;
    (void)pthread_mutex_unlock(&run->admit_lock);
    return may;
}

static void cheated(struct ent_qrun *run, uint32_t index, enum ent_quorum_fault f)
{
    (void)pthread_mutex_lock(&run->lock);
    run->ended |= UINT64_C(1) << (index - 1);
    (void)pthread_mutex_unlock(&run->lock);
    ent_qrun_fault(run, ENT_QUORUM_PARTICIPANT, run->state.offer.participant[index - 1], f);
}

/* On the disk before it is evaluated: what was forgotten could be asked again with other contents.
 */
static enum ent_err admit(struct ent_qrun *run, const struct ent_caller *c, uint32_t index,
                          struct ent_slice ask, enum ent_quorum_fault *ret_fault)
{
    struct ent_quorum_admitted a = {.fresh = false};
    (void)pthread_mutex_lock(&run->admit_lock);
    enum ent_err r = ent_qwork_admit(c, &a, ret_fault, index, ask);
    if (r == ENT_OK && a.fresh && (r = ent_qrun_admitted_add(run, &a)) != ENT_OK)
        r = ENT_E_IO; /* the worker knows what the disk does not: it begins anew */
    (void)pthread_mutex_unlock(&run->admit_lock);
    return r;
}

static unsigned evaluate(struct ent_qrun *run, uint32_t index, struct ent_slice ask,
                         struct ent_buf *b)
{
    enum ent_quorum_fault fault = ENT_QUORUM_NO_FAULT;
    struct ent_caller c;
    uint64_t life;
    if (index == 0 || run->holder == 0)
        return 404;
    (void)pthread_mutex_lock(&run->lock);
    const bool early = run->state.phase < ENT_QUORUM_UPLOAD;
    (void)pthread_mutex_unlock(&run->lock);
    if (early) /* `begin` is on its way here */
        return 503;
    if (!may_ask(run, index, ask))
        return no(b, ENT_QUORUM_NO_FAULT);
    (void)pthread_mutex_lock(&run->lock);
    ent_qturn_asked(run);
    (void)pthread_mutex_unlock(&run->lock);
    if (!ent_qrun_enter(run, &c, &life))
        return 503;
    enum ent_err r = admit(run, &c, index, ask, &fault);
    if (r == ENT_OK)
        r = ent_qwork_evaluate(&c, b, &fault, index, ask);
    ent_qrun_leave(run, r, fault);
    if (fault != ENT_QUORUM_NO_FAULT) {
        cheated(run, index, fault);
        return no(b, fault);
    }
    if (r != ENT_OK)
        ent_buf_clear(b);
    return r == ENT_OK ? 200 : r == ENT_E_POLICY ? 409 : 503;
}

/* --- the collector ------------------------------------------------------------------------------
 */

static unsigned block(struct ent_qrun *run, uint32_t index, struct ent_slice body,
                      struct ent_buf *b)
{
    enum ent_quorum_fault fault = ENT_QUORUM_NO_FAULT;
    if (index == 0 || !run->state.collects)
        return 404;
    (void)pthread_mutex_lock(&run->lock);
    const bool closed = run->state.phase == ENT_QUORUM_UPLOAD && run->uploads == NULL;
    (void)pthread_mutex_unlock(&run->lock);
    if (closed)
        return 503;
    const enum ent_err r = ent_qcollect_block(run, index, body, &fault);
    if (fault != ENT_QUORUM_NO_FAULT) {
        ent_qrun_fault(run, ENT_QUORUM_PARTICIPANT, run->state.offer.participant[index - 1], fault);
        return no(b, fault);
    }
    return status_of(r);
}

static unsigned progress(struct ent_qrun *run, uint32_t index, struct ent_buf *b)
{
    if (index == 0 || !run->state.collects)
        return 404;
    (void)pthread_mutex_lock(&run->lock);
    const bool in = (run->state.present >> (index - 1) & 1) != 0 &&
                    ent_quorum_run_allows(&run->state, ENT_QUORUM_MSG_BLOCK);
    enum ent_err r = in && run->uploads == NULL ? ENT_E_INTERRUPTED : !in ? ENT_E_POLICY : ENT_OK;
    if (r == ENT_OK)
        r = ent_quorum_progress_encode(b, run->uploads, index);
    (void)pthread_mutex_unlock(&run->lock);
    return status_of(r);
}

static unsigned piece(struct ent_qrun *run, uint32_t index, uint32_t number, struct ent_buf *b)
{
    if (index == 0 || !run->state.collects)
        return 404;
    const enum ent_err r = ent_qcollect_piece(run, b, index, number);
    return r == ENT_E_STATE ? 503 : status_of(r);
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static unsigned in_run(struct ent_qrun *run, const char *from, const struct route *route,
                       const struct ent_request *req, struct ent_buf *b)
{
    const uint32_t index = ent_quorum_index(&run->state.offer, from);
    if (ent_qrun_place(run, from) == UINT32_MAX)
        return 404;
    switch (route->kind) {
    case LIST:
        return list(run, b);
    case SAID:
        return show(run, &route->leaf, b);
    case EVALUATE:
        return evaluate(run, index, req->body, b);
    case BLOCK:
        return block(run, index, req->body, b);
    case PROGRESS:
        return progress(run, index, b);
    case PIECE:
        return piece(run, index, route->piece, b);
    case NOWHERE:
    case SAY:
    case RUNS:
        break;
    }
    return 404;
}

/* In which the asking member is named. */
static unsigned runs(struct ent_quorums *q, const char *from, struct ent_buf *b)
{
    enum ent_err r = ENT_OK;
    (void)pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < ENT_QUORUMS_MOST && r == ENT_OK; i++)
        if (q->run[i] != NULL && ent_qrun_place(q->run[i], from) != UINT32_MAX)
            r = ent_buf_printf(b, "%s\n", q->run[i]->id);
    (void)pthread_mutex_unlock(&q->lock);
    return r == ENT_OK ? 200 : 503;
}

void ent_quorums_handle(struct ent_quorums *q, const char *from, const struct ent_request *req,
                        struct ent_response *res)
{
    const struct route route = parse_route(req->method, req->path);
    res->type = "application/octet-stream";
    res->status = 404;
    if (route.kind == SAY) {
        res->status = say(q, from, req->body, &res->body);
    } else if (route.kind == RUNS) {
        res->status = runs(q, from, &res->body);
    } else if (route.kind != NOWHERE) {
        struct ent_qrun *run = ent_q_find(q, route.id);
        if (run != NULL) {
            res->status = in_run(run, from, &route, req, &res->body);
            ent_q_put(run);
        } else if (route.kind == LIST) {
            res->status = ent_q_refused(q, route.id, &res->body)
                              ? 409
                              : ent_q_record_list(q, route.id, from, &res->body);
        } else if (route.kind == SAID) {
            res->status = ent_q_record_show(q, route.id, from, &route.leaf, &res->body);
        }
    }
    if (res->status != 200 && res->status != 409)
        ent_buf_clear(&res->body);
}
