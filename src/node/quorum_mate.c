/* quorum_mate.c: the thread towards one other member of a run: brings what was said, and, as a
 * participant, asks a key holder, sends shares to the collector, fetches its answer. One that does
 * not answer is asked more and more rarely; it delays nobody but this thread. It is there while
 * there is something to do, and ends where it would wait: there may be hundreds of runs that do. */
#include "node/quorums_parts.h"

#define BACKOFF_MOST 4u  /* doublings of the pause */
#define MISSES       3u  /* then it is known that it does not answer */
#define LOOKS        30u /* pauses, until it is asked whether it still has all shares */

/* --- calls --------------------------------------------------------------------------------------
 */

static enum ent_err find(struct ent_qmate *m, char url[static ENT_URL_MAX + 1],
                         struct ent_spki *ret)
{
    struct ent_book *book = m->run->all->opts.book;
    ent_book_lock(book);
    const struct ent_home *h = ent_book_home(book);
    const struct ent_member *to = ent_pact_member(h->pact, m->name);
    const bool there = to != NULL && strcmp(to->url, "-") != 0 && strlen(to->url) <= ENT_URL_MAX;
    if (there) {
        memcpy(url, to->url, strlen(to->url) + 1);
        ent_spki_of_ed25519(ret, to->tls.pk.b);
    }
    ent_book_unlock(book);
    return there ? ENT_OK : ENT_E_NOTFOUND;
}

static enum ent_err call_self(struct ent_qmate *m, unsigned *ret_status, struct ent_buf *answer,
                              const char *method, const char *path, struct ent_slice body)
{
    const struct ent_request req = {.method = method, .path = path, .body = body};
    struct ent_response res = {.status = 0};
    ent_buf_init(&res.body, answer->max);
    ent_quorums_handle(m->run->all, m->name, &req, &res);
    enum ent_err r = ent_buf_put_slice(answer, ent_buf_slice(&res.body));
    *ret_status = res.status;
    ent_buf_release(&res.body);
    return r;
}

enum ent_err ent_qmate_call(struct ent_qmate *m, unsigned *ret_status, struct ent_buf *answer,
                            const char *method, const char *path, struct ent_slice body)
{
    const struct ent_quorums_opts *o = &m->run->all->opts;
    char url[ENT_URL_MAX + 1];
    struct ent_dial q = {
        .url = url, .call_seconds = o->call_seconds, .method = method, .path = path, .body = body};
    struct ent_diag d = {0};
    if (atomic_load(&m->run->stop))
        return ENT_E_INTERRUPTED;
    if (m->self)
        return call_self(m, ret_status, answer, method, path, body);
    enum ent_err r = find(m, url, &q.server);
    return r != ENT_OK ? r : o->dialer.call(o->dialer.ctx, ret_status, answer, &d, &q);
}

void ent_qmate_path(char ret[static 160], const struct ent_qmate *m, const char *rest)
{
    (void)snprintf(ret, 160, ENT_QUORUM_PATH "/%s%s", m->run->id, rest);
}

/* Anything but 200 is *ret_no (409), or an error: not now. */
static enum ent_err exchange(struct ent_qmate *m, struct ent_buf *answer, bool *ret_no,
                             const char *method, const char *rest, struct ent_slice body)
{
    char path[160];
    unsigned status = 0;
    ent_qmate_path(path, m, rest);
    enum ent_err r = ent_qmate_call(m, &status, answer, method, path, body);
    *ret_no = r == ENT_OK && status == 409;
    return r == ENT_OK && status != 200 && status != 409 ? ENT_E_STATE : r;
}

/* --- to a key holder ----------------------------------------------------------------------------
 */

/* With the lock: what belonged to another life of the worker is begun anew. */
static void follow_worker(struct ent_qmate *m)
{
    if (m->worker == m->run->lives)
        return;
    m->worker = m->run->lives;
    m->next = 0;
    m->piece = m->pieces = 0;
}

static uint32_t batches(const struct ent_qrun *run)
{
    return (uint32_t)ent_lookup_batches(run->state.seat[run->index - 1].accept.items);
}

static bool is_in(const struct ent_qrun *run)
{
    return run->index != 0 && (run->state.present >> (run->index - 1) & 1) != 0;
}

/* The next batch, unless others are far behind. With the lock. */
static bool next_batch(struct ent_qmate *m, uint32_t *ret)
{
    struct ent_qrun *run = m->run;
    follow_worker(m);
    if (m->holder == 0 || m->refused || !is_in(run) || !run->started || run->tables ||
        run->state.phase < ENT_QUORUM_UPLOAD || run->state.phase == ENT_QUORUM_FAILED ||
        m->next >= batches(run))
        return false;
    for (uint32_t k = 0; k < run->mates; k++) {
        struct ent_qmate *o = &run->mate[k];
        if (o->holder != 0 && m->next >= (o->worker == run->lives ? o->next : 0) + ENT_QAHEAD)
            return false;
    }
    *ret = m->next;
    return true;
}

/* The question is the same for all key holders: it is made once. */
static enum ent_err question(struct ent_qmate *m, struct ent_buf *ask, uint32_t batch)
{
    struct ent_qrun *run = m->run;
    struct ent_buf *kept = &run->ask[batch % ENT_QAHEAD];
    struct ent_caller c;
    uint64_t life;
    enum ent_err r = ENT_E_NOTFOUND;
    (void)pthread_mutex_lock(&run->lock);
    if (kept->n > 0 && run->ask_batch[batch % ENT_QAHEAD] == batch)
        r = ent_buf_put_slice(ask, ent_buf_slice(kept));
    (void)pthread_mutex_unlock(&run->lock);
    if (r == ENT_OK || !ent_qrun_enter(run, &c, &life))
        return r == ENT_OK ? r : ENT_E_STATE;
    r = ent_qwork_ask(&c, ask, batch);
    ent_qrun_leave(run, r, ENT_QUORUM_NO_FAULT);
    (void)pthread_mutex_lock(&run->lock);
    if (r == ENT_OK && life == run->lives) {
        ent_buf_clear(kept);
        run->ask_batch[batch % ENT_QAHEAD] = batch;
        if (ent_buf_put_slice(kept, ent_buf_slice(ask)) != ENT_OK)
            ent_buf_clear(kept);
    }
    (void)pthread_mutex_unlock(&run->lock);
    return r;
}

static void refused(struct ent_qmate *m)
{
    (void)pthread_mutex_lock(&m->run->lock);
    m->refused = true;
    (void)pthread_mutex_unlock(&m->run->lock);
}

/* What it answered goes to the worker that had asked: a key holder's to this batch, or a piece of
 * the collector's. ENT_E_AUTH: it lied, and was noted for it. */
static enum ent_err judge(struct ent_qmate *m, bool piece, uint32_t batch, struct ent_slice answer)
{
    struct ent_qrun *run = m->run;
    enum ent_quorum_fault fault = ENT_QUORUM_NO_FAULT;
    enum ent_err r = ENT_E_STATE;
    struct ent_caller c;
    uint64_t life;
    if (!ent_qrun_enter(run, &c, &life))
        return ENT_E_STATE;
    const bool same = life == m->worker;
    if (same)
        r = piece ? ent_qwork_piece(&c, answer, &fault)
                  : ent_qwork_answer(&c, batch, m->holder, answer, &fault);
    ent_qrun_leave(run, same ? r : ENT_OK, fault);
    if (piece && (fault != ENT_QUORUM_NO_FAULT || r == ENT_E_POLICY))
        fault = ENT_QUORUM_ANSWER;
    if (fault == ENT_QUORUM_NO_FAULT)
        return r;
    ent_qrun_fault(run, piece ? ENT_QUORUM_COLLECTOR : ENT_QUORUM_HOLDER, m->name, fault);
    refused(m);
    return ENT_E_AUTH;
}

static enum ent_err take_answer(struct ent_qmate *m, uint32_t batch, const struct ent_buf *answer)
{
    struct ent_qrun *run = m->run;
    const enum ent_err r = judge(m, false, batch, ent_buf_slice(answer));
    (void)pthread_mutex_lock(&run->lock);
    if (r == ENT_OK && m->worker == run->lives && m->next == batch)
        m->next++;
    (void)pthread_cond_broadcast(&run->wake); /* others may go on, or all is there */
    (void)pthread_mutex_unlock(&run->lock);
    return r;
}

static enum ent_err evaluate(struct ent_qmate *m, bool *ret_more)
{
    struct ent_buf ask, answer;
    uint32_t batch = 0;
    bool no = false;
    (void)pthread_mutex_lock(&m->run->lock);
    const bool any = next_batch(m, &batch);
    (void)pthread_mutex_unlock(&m->run->lock);
    if (!any)
        return ENT_OK;
    ent_buf_init(&ask, ENT_QUORUM_ASK_MAX);
    ent_buf_init(&answer, ENT_QUORUM_EVALUATE_MAX);
    enum ent_err r = question(m, &ask, batch);
    if (r == ENT_OK)
        r = exchange(m, &answer, &no, "POST", "/evaluate", ent_buf_slice(&ask));
    if (r == ENT_OK && no)
        refused(m);
    else if (r == ENT_OK)
        r = take_answer(m, batch, &answer);
    *ret_more = *ret_more || r == ENT_OK;
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    return r;
}

/* --- to the collector ---------------------------------------------------------------------------
 */

/* ENT_E_POLICY: it takes no shares of this member, or none any more. */
static enum ent_err ask_progress(struct ent_qmate *m, const struct ent_hash32 *sid)
{
    const struct ent_quorum_offer *o = &m->run->state.offer; /* which never changes */
    struct ent_slice bits;
    struct ent_buf answer;
    bool no = false;
    ent_buf_init(&answer, ENT_QUORUM_HEADER + ENT_QUORUM_BLOCKS / 8);
    enum ent_err r = exchange(m, &answer, &no, "GET", "/progress", ent_slice(NULL, 0));
    if (r == ENT_OK && no)
        r = ENT_E_POLICY;
    if (r == ENT_OK && (r = ent_quorum_progress_parse(&bits, &o->shape, sid, m->run->index,
                                                      ent_buf_slice(&answer))) == ENT_OK) {
        ent_buf_clear(&m->uploads);
        r = ent_buf_put_slice(&m->uploads, bits);
    }
    ent_buf_release(&answer);
    return r;
}

static enum ent_err send_block(struct ent_qmate *m, uint32_t number)
{
    struct ent_qrun *run = m->run;
    struct ent_buf block, answer;
    struct ent_caller c;
    uint64_t life;
    bool no = false;
    if (!ent_qrun_enter(run, &c, &life))
        return ENT_E_STATE;
    ent_buf_init(&block, ENT_QUORUM_BLOCK_MAX);
    ent_buf_init(&answer, 4096);
    enum ent_err r = ent_qwork_block(&c, &block, number);
    ent_qrun_leave(run, r, ENT_QUORUM_NO_FAULT);
    if (r == ENT_OK)
        r = exchange(m, &answer, &no, "POST", "/block", ent_buf_slice(&block));
    if (r == ENT_OK && no)
        r = ENT_E_POLICY;
    ent_buf_release(&block);
    ent_buf_release(&answer);
    return r;
}

/* With the lock. Until the collector has all blocks, and from then on now and then: what its disk
 * has lost comes again. */
static bool may_upload(struct ent_qmate *m)
{
    const struct ent_qrun *run = m->run;
    const uint64_t pause = (uint64_t)ent_q_pause(run->all) * 1000000;
    follow_worker(m);
    if (!m->collector || m->refused || !is_in(run) || run->state.phase != ENT_QUORUM_UPLOAD)
        return false;
    return m->block < ent_quorum_blocks(&run->state.offer.shape)
               ? run->tables
               : ent_clock_steady_ns() - m->looked_ns >= LOOKS * pause;
}

static void set_block(struct ent_qmate *m, uint32_t block)
{
    (void)pthread_mutex_lock(&m->run->lock); /* where others read it */
    m->block = block;
    (void)pthread_mutex_unlock(&m->run->lock);
}

/* A no is not for good: it may have all already, since an answer of its was lost. */
static enum ent_err upload(struct ent_qmate *m, bool *ret_more)
{
    struct ent_qrun *run = m->run;
    const uint32_t all = ent_quorum_blocks(&run->state.offer.shape);
    (void)pthread_mutex_lock(&run->lock);
    const bool any = may_upload(m), first = m->uploads.n == 0, again = m->block >= all;
    if (any && (first || again))
        m->looked_ns = ent_clock_steady_ns();
    const struct ent_hash32 sid = run->state.sid;
    (void)pthread_mutex_unlock(&run->lock);
    if (!any)
        return ENT_OK;
    enum ent_err r = first ? ent_q_compared(run) : ENT_OK;
    if (r == ENT_E_EXISTS) /* offered twice at the same moment: one of them is enough */
        refused(m);
    if (r == ENT_OK && (first || again))
        r = ask_progress(m, &sid);
    uint32_t next = again ? 0 : m->block;
    while (r == ENT_OK && next < all && ent_quorum_progress_has(ent_buf_slice(&m->uploads), next))
        next++;
    if (r == ENT_OK) {
        set_block(m, next);
        if (next < all && (r = send_block(m, next)) == ENT_OK)
            set_block(m, next + 1);
        *ret_more = *ret_more || (next < all && r == ENT_OK);
    }
    if (r == ENT_E_POLICY)
        set_block(m, all);
    return r;
}

static enum ent_err take_piece(struct ent_qmate *m, const struct ent_buf *piece)
{
    struct ent_qrun *run = m->run;
    enum ent_err r = judge(m, true, 0, ent_buf_slice(piece));
    if (r != ENT_OK)
        return r;
    if (m->piece == 0) { /* checked by whoever took it, as is all of this */
        struct ent_cur at =
            ent_cur(ent_slice(piece->p + ENT_QUORUM_HEADER, piece->n - ENT_QUORUM_HEADER));
        uint32_t hits = 0;
        r = ent_cur_u32le(&at, &hits);
        m->pieces = ent_quorum_pieces(hits);
    }
    (void)pthread_mutex_lock(&run->lock);
    m->piece++;
    if (m->worker == run->lives && m->piece == m->pieces)
        run->pieces_there = true;
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
    return r;
}

/* With the lock. */
static bool may_fetch(struct ent_qmate *m)
{
    const struct ent_qrun *run = m->run;
    follow_worker(m);
    return m->collector && !m->refused && run->index != 0 && run->tables && !run->pieces_there &&
           run->state.phase == ENT_QUORUM_DONE &&
           (run->state.counted >> (run->index - 1) & 1) != 0 &&
           !run->state.seat[run->index - 1].taken;
}

static enum ent_err fetch(struct ent_qmate *m, bool *ret_more)
{
    struct ent_qrun *run = m->run;
    struct ent_buf piece;
    char rest[32];
    bool no = false;
    (void)pthread_mutex_lock(&run->lock);
    const bool any = may_fetch(m);
    (void)pthread_mutex_unlock(&run->lock);
    if (!any)
        return ENT_OK;
    ent_buf_init(&piece, ENT_QUORUM_PIECE_MAX);
    (void)snprintf(rest, sizeof(rest), "/piece/%u", m->piece);
    enum ent_err r = exchange(m, &piece, &no, "GET", rest, ent_slice(NULL, 0));
    if (r == ENT_OK && no)
        refused(m);
    else if (r == ENT_OK)
        r = take_piece(m, &piece);
    *ret_more = *ret_more || r == ENT_OK;
    ent_buf_release(&piece);
    return r;
}

/* --- the thread ---------------------------------------------------------------------------------
 */

/* One round: whether something came of it. */
static enum ent_err round_of(struct ent_qmate *m, bool *ret_more)
{
    enum ent_err r = ent_qmate_push(m, ret_more);
    enum ent_err s = evaluate(m, ret_more);
    r = r == ENT_OK ? s : r;
    s = upload(m, ret_more);
    r = r == ENT_OK ? s : r;
    s = fetch(m, ret_more);
    r = r == ENT_OK ? s : r;
    if (r != ENT_E_PEER && r != ENT_E_TIMEOUT && !*ret_more)
        r = ent_qmate_pull(m, ret_more);
    m->misses = r == ENT_E_PEER || r == ENT_E_TIMEOUT ? m->misses + 1 : 0;
    return r;
}

/* With the lock: when it may be called again. Where a run waits anyway, less and less often. */
static void set_due(struct ent_qmate *m, enum ent_err r)
{
    const struct ent_qrun *run = m->run;
    const bool rarely = run->state.phase < ENT_QUORUM_UPLOAD || m->misses > 0;
    m->delays = r != ENT_OK ? m->delays + 1 : 0;
    const unsigned twice = m->delays < BACKOFF_MOST ? m->delays : BACKOFF_MOST;
    m->due_ns = ent_clock_steady_ns() +
                ((uint64_t)ent_q_pause(run->all) * 1000000u << (rarely ? twice : 0));
}

static void *work(void *ctx)
{
    struct ent_qmate *m = ctx;
    struct ent_qrun *run = m->run;
    enum ent_err r = ENT_OK;
    bool more = true;
    while (more && !atomic_load(&run->stop)) {
        more = false;
        r = round_of(m, &more);
    }
    (void)pthread_mutex_lock(&run->lock);
    run->met = run->met || (m->collector && (r == ENT_OK || m->misses >= MISSES));
    set_due(m, r);
    m->ended = true;
    (void)pthread_mutex_unlock(&run->lock);
    return NULL;
}

/* With the lock. */
static bool has_work(struct ent_qmate *m, bool pulls)
{
    const bool due = ent_clock_steady_ns() >= m->due_ns;
    uint32_t batch;
    if (!due && m->delays > 0)
        return false;
    return (pulls && due) || (!m->self && m->acked < m->run->n_own) || next_batch(m, &batch) ||
           may_upload(m) || may_fetch(m);
}

/* While its thread runs, what it keeps is its own. Without a thread now, it is tried again at the
 * driver's next look. */
void ent_qmate_look(struct ent_qmate *m)
{
    pthread_attr_t attr;
    (void)pthread_mutex_lock(&m->run->lock);
    const bool busy = m->running && !m->ended;
    (void)pthread_mutex_unlock(&m->run->lock);
    if (busy)
        return;
    if (m->running)
        (void)pthread_join(m->thread, NULL);
    m->running = false;
    const bool pulls = ent_qmate_pulls(m);
    (void)pthread_mutex_lock(&m->run->lock);
    const bool any = has_work(m, pulls);
    (void)pthread_mutex_unlock(&m->run->lock);
    if (!any || pthread_attr_init(&attr) != 0)
        return;
    m->ended = false;
    m->running = pthread_attr_setstacksize(&attr, ENT_QSTACK) == 0 &&
                 pthread_create(&m->thread, &attr, work, m) == 0;
    (void)pthread_attr_destroy(&attr);
}
