/* quorum_talk.c: statements to another member, and from it. What is said is brought to everybody
 * who is named; who is behind, or cannot be reached, asks for what was said. And all ask all now
 * and then: who says one thing here and another there is seen by both. */
#include "node/quorums_parts.h"

#define PULL_NS UINT64_C(3000000000)
#define SELDOM  10u /* times that: everybody */
#define AFTER   60  /* seconds after the last deadline until which what was said then goes round */
#define PULLS   64u /* pieces of a log */

static enum ent_err wire_call(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                              const char *member, const char *method, const char *path,
                              struct ent_slice body)
{
    struct ent_qmate *m = ctx;
    return strcmp(member, m->name) != 0 ? ENT_E_NOTFOUND
                                        : ent_qmate_call(m, ret_status, answer, method, path, body);
}

/* --- to it --------------------------------------------------------------------------------------
 */

/* Its signed refusal, where the run is none for it. */
static void hear_no(struct ent_qmate *m, const struct ent_buf *answer)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del != NULL && answer->n > 0 && ent_qmate_hear(m, del, ent_buf_slice(answer)) == ENT_OK)
        (void)!ent_qrun_take(m->run, &del->act, ent_buf_slice(answer), 0); /* or it is nothing */
    free(del);
}

/* Whoever made the offer may have kept it from this one, which would seem to be silent. */
static void bring_offer(struct ent_qmate *m)
{
    struct ent_buf said, answer;
    unsigned status = 0;
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    ent_buf_init(&answer, ENT_DELIVERY_MAX);
    (void)pthread_mutex_lock(&m->run->lock);
    const struct ent_qsaid offer = m->run->said[0];
    (void)pthread_mutex_unlock(&m->run->lock);
    if (ent_qrun_said_read(m->run, &said, &offer) == ENT_OK &&
        ent_qmate_call(m, &status, &answer, "POST", ENT_QUORUM_PATH, ent_buf_slice(&said)) ==
            ENT_OK &&
        status == 409)
        hear_no(m, &answer);
    ent_buf_release(&said);
    ent_buf_release(&answer);
}

/* First our newest head: then it knows our log up to there, and the statement's place in it. */
static enum ent_err bring(struct ent_qmate *m, uint64_t index)
{
    struct ent_book *book = m->run->all->opts.book;
    const struct ent_wire wire = {.ctx = m, .call = wire_call};
    struct ent_buf said, answer;
    unsigned status = 0;
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    ent_buf_init(&answer, ENT_DELIVERY_MAX);
    enum ent_err r = ent_view_submit(ent_book_view(book), NULL, &wire, m->name, ent_clock_now());
    if (r == ENT_OK && (r = ent_book_deliver(book, &said, NULL, index)) == ENT_OK)
        r = ent_qmate_call(m, &status, &answer, "POST", ENT_QUORUM_PATH, ent_buf_slice(&said));
    if (r == ENT_OK && status == 409)
        hear_no(m, &answer);
    if (r == ENT_OK && status == 503)
        bring_offer(m);
    ent_buf_release(&said);
    ent_buf_release(&answer);
    if (r != ENT_OK)
        return r;
    /* What it will not hear it does not hear the second time either. */
    return status == 200 || status == 409 ? ENT_OK : ENT_E_STATE;
}

enum ent_err ent_qmate_push(struct ent_qmate *m, bool *ret_more)
{
    struct ent_qrun *run = m->run;
    uint64_t index = 0;
    (void)pthread_mutex_lock(&run->lock);
    const bool any = !m->self && m->acked < run->n_own;
    if (any)
        index = run->said[run->own[m->acked]].index;
    (void)pthread_mutex_unlock(&run->lock);
    if (!any)
        return ENT_OK;
    enum ent_err r = bring(m, index);
    if (r == ENT_OK) {
        (void)pthread_mutex_lock(&run->lock);
        m->acked++;
        (void)pthread_mutex_unlock(&run->lock);
        *ret_more = true;
    }
    return r;
}

/* --- from it ------------------------------------------------------------------------------------
 */

static bool is_held(struct ent_qrun *run, const struct ent_hash32 *leaf)
{
    bool held = false;
    (void)pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->n_said && !held; i++)
        held = memcmp(run->said[i].leaf.b, leaf->b, 32) == 0;
    held = held && !ent_quorum_run_awaits(&run->state, leaf);
    (void)pthread_mutex_unlock(&run->lock);
    return held;
}

/* It must stand in its author's log, which is one with all that is known of it. Where it is newer
 * than that, whoever brings it shows the log. */
enum ent_err ent_qmate_hear(struct ent_qmate *m, struct ent_delivery *del, struct ent_slice bytes)
{
    struct ent_book *book = m->run->all->opts.book;
    const struct ent_wire wire = {.ctx = m, .call = wire_call};
    struct ent_view_log before = {.size = 0}, after = {.size = 0};
    char author[ENT_NAME_MAX + 1];
    struct ent_slice entry;
    struct ent_statement *st = malloc(sizeof(*st));
    if (st == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = ent_delivery_claims(&entry, bytes);
    if (r == ENT_OK && (r = ent_statement_claims(st, entry, NULL)) == ENT_OK)
        memcpy(author, st->author, sizeof(author));
    free(st);
    if (r != ENT_OK)
        return r;
    if (strcmp(author, m->run->all->self) == 0)
        return ENT_E_POLICY;
    r = ent_book_receive(book, del, NULL, bytes);
    for (unsigned i = 0; r == ENT_E_STATE && i < PULLS; i++) {
        if (ent_view_pull(ent_book_view(book), NULL, &wire, author, m->name, true,
                          ent_clock_now()) == ENT_OK)
            r = ent_book_receive(book, del, NULL, bytes);
        if (ent_view_log(ent_book_view(book), &after, author, 0) == ENT_OK &&
            after.size == before.size && after.mirrored == before.mirrored && i > 0)
            break;
        before = after;
    }
    return r;
}

/* An author with two histories, of which this member has the other one, keeps it out of nothing,
 * and hides no contradiction from it. */
static bool counts_anyway(struct ent_qmate *m, struct ent_delivery *del, struct ent_slice bytes)
{
    struct ent_book *book = m->run->all->opts.book;
    ent_book_lock(book);
    const enum ent_err r = ent_delivery_parse(del, bytes, &ent_book_home(book)->roster, NULL);
    ent_book_unlock(book);
    return r == ENT_OK && strcmp(del->act.st.author, m->run->all->self) != 0 &&
           ent_qrun_counts_anyway(m->run, &del->act);
}

static enum ent_err fetch(struct ent_qmate *m, const struct ent_hash32 *leaf)
{
    char path[160], rest[sizeof("/said/") + ENT_HEX_LEN(32)] = "/said/";
    struct ent_delivery *del = malloc(sizeof(*del));
    struct ent_buf answer;
    unsigned status = 0;
    if (del == NULL)
        return ENT_E_NOMEM;
    ent_hex_encode(rest + 6, leaf->b, 32);
    ent_qmate_path(path, m, rest);
    ent_buf_init(&answer, ENT_DELIVERY_MAX);
    enum ent_err r = ent_qmate_call(m, &status, &answer, "GET", path, ent_slice(NULL, 0));
    if (r == ENT_OK && status == 200 &&
        (ent_qmate_hear(m, del, ent_buf_slice(&answer)) == ENT_OK ||
         counts_anyway(m, del, ent_buf_slice(&answer))))
        (void)!ent_qrun_take(m->run, &del->act, ent_buf_slice(&answer), 0); /* or it is refused */
    ent_buf_release(&answer);
    free(del);
    return r;
}

/* How many pauses lie between two questions; 0: none is asked. The collector and who made the offer
 * have what decides. Everybody else is asked as often where something is missing, where nobody can
 * reach us, and where one refuses: it may have heard of another `begin`. A run that waits for
 * acceptances costs nobody else anything. */
static unsigned wants(struct ent_qmate *m)
{
    struct ent_qrun *run = m->run;
    const struct ent_home *h = ent_book_home(run->all->opts.book);
    ent_book_lock(run->all->opts.book);
    const bool hidden = strcmp(ent_home_self(h)->url, "-") == 0;
    ent_book_unlock(run->all->opts.book);
    (void)pthread_mutex_lock(&run->lock);
    const struct ent_quorum_run *s = &run->state;
    const bool open = s->phase < ENT_QUORUM_DONE;
    const bool early = s->phase < ENT_QUORUM_UPLOAD;
    const bool soon = s->awaits.present != 0 || hidden ||
                      ((m->collector || m->author || m->refused) && open) ||
                      (s->collects && early && m->misses > 0);
    const bool ever =
        s->phase != ENT_QUORUM_OFFERED && ent_q_now(run->all) < s->offer.result_by + AFTER;
    (void)pthread_mutex_unlock(&run->lock);
    return soon ? 1 : ever ? SELDOM : 0;
}

/* A key holder that refused the offer without a run tells it to whoever says something to it; the
 * collector, which has nothing to say before it begins, asks. */
static bool may_have_refused(struct ent_qmate *m)
{
    struct ent_qrun *run = m->run;
    (void)pthread_mutex_lock(&run->lock);
    const bool ret = run->state.collects && run->state.phase < ENT_QUORUM_UPLOAD &&
                     ent_quorum_holder_number(&run->state.offer, m->name) != 0;
    (void)pthread_mutex_unlock(&run->lock);
    return ret;
}

/* *ret_all: for what was said, too. */
static bool pull_is_due(struct ent_qmate *m, bool *ret_all)
{
    const uint64_t now = ent_clock_steady_ns();
    const uint64_t brief = (uint64_t)ent_q_pause(m->run->all) * 3000000;
    const unsigned wanted = wants(m), times = may_have_refused(m) ? 1 : wanted;
    *ret_all = wanted > 0;
    if (m->self || times == 0)
        return false;
    (void)pthread_mutex_lock(&m->run->lock);
    const bool due =
        m->pulled_ns == 0 || now - m->pulled_ns >= times * (brief < PULL_NS ? brief : PULL_NS);
    (void)pthread_mutex_unlock(&m->run->lock);
    return due;
}

static enum ent_err fetch_all(struct ent_qmate *m, const struct ent_buf *list)
{
    struct ent_cur c = ent_cur(ent_buf_slice(list));
    struct ent_hash32 leaf;
    struct ent_slice line;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && c.n > 0 && !atomic_load(&m->run->stop)) {
        if ((r = ent_cur_line(&c, &line)) == ENT_OK &&
            (r = ent_hex_decode(leaf.b, 32, line)) == ENT_OK && !is_held(m->run, &leaf))
            r = fetch(m, &leaf);
    }
    return r;
}

bool ent_qmate_pulls(struct ent_qmate *m)
{
    bool all;
    return pull_is_due(m, &all);
}

enum ent_err ent_qmate_pull(struct ent_qmate *m, bool *ret_more)
{
    char path[160];
    struct ent_buf list;
    unsigned status = 0;
    bool all;
    if (!pull_is_due(m, &all))
        return ENT_OK;
    ent_qmate_path(path, m, "");
    ent_buf_init(&list, ENT_QUORUM_LIST_MAX);
    (void)pthread_mutex_lock(&m->run->lock);
    m->pulled_ns = ent_clock_steady_ns();
    const size_t before = m->run->n_said;
    (void)pthread_mutex_unlock(&m->run->lock);
    enum ent_err r = ent_qmate_call(m, &status, &list, "GET", path, ent_slice(NULL, 0));
    if (r == ENT_OK && status == 200 && all)
        r = fetch_all(m, &list);
    else if (r == ENT_OK && status == 409)
        hear_no(m, &list);
    else if (r == ENT_OK && status == 404)
        bring_offer(m);
    (void)pthread_mutex_lock(&m->run->lock);
    *ret_more = *ret_more || m->run->n_said > before;
    (void)pthread_mutex_unlock(&m->run->lock);
    ent_buf_release(&list);
    return r;
}
