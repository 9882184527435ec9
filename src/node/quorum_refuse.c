/* quorum_refuse.c: offers that the pact refuses. They get no run here, so no place, thread or
 * folder, but their authors get this member's signed word, and so does whoever brings what is said
 * in such a run: a key holder that refused is not to be named for its silence. What was signed is
 * remembered, with its place in the own log:
 *
 *     entente/quorum-refused@v1
 *     refused <author> <time> <place> <leaf>
 *
 * One author is told so a few times an hour, so that nobody fills this member's log by offering;
 * beyond that an offer is refused without a word. The same offer gets the same word. */
#include "node/quorums_parts.h"

#define REFUSED     "entente/quorum-refused@v1"
#define REFUSED_MAX (64u + ENT_QREFUSALS * (ENT_NAME_MAX + 100u))
#define HOUR        3600

/* The newest of an hour are always there: ENT_QREFUSALS_OF_ONE for each member. */
static enum ent_err save(const struct ent_quorums *q)
{
    char leaf[ENT_BASE64_LEN(32)];
    struct ent_buf b;
    ent_buf_init(&b, REFUSED_MAX);
    enum ent_err r = ent_buf_puts(&b, REFUSED "\n");
    for (size_t i = 0; i < ENT_QREFUSALS && r == ENT_OK; i++) {
        const struct ent_qrefusal *f = &q->refused[i];
        if (f->author[0] == '\0')
            continue;
        ent_base64_encode(leaf, f->leaf.b, 32);
        r = ent_buf_printf(&b, "refused %s %lld %llu %s\n", f->author, (long long)f->time,
                           (unsigned long long)f->index, leaf);
    }
    if (r == ENT_OK)
        r = ent_kept_write(ent_q_disk(q), ENT_QUORUM_REFUSED, ent_buf_slice(&b), true, NULL);
    ent_buf_release(&b);
    return r;
}

void ent_q_refused_load(struct ent_quorums *q)
{
    struct ent_buf b;
    struct ent_lines l;
    ent_buf_init(&b, REFUSED_MAX);
    if (ent_kept_read(&b, ent_q_disk(q), ENT_QUORUM_REFUSED) == ENT_OK) {
        ent_lines_start(&l, ent_buf_slice(&b));
        ent_lines_exact(&l, REFUSED);
        for (size_t i = 0; i < ENT_QREFUSALS && ent_lines_next_is(&l, "refused"); i++) {
            struct ent_qrefusal *f = &q->refused[i];
            ent_lines_key(&l, "refused");
            ent_lines_str(&l, f->author, sizeof(f->author));
            f->time = (int64_t)ent_lines_u64(&l, INT64_MAX);
            f->index = ent_lines_u64(&l, UINT64_MAX);
            ent_lines_b64(&l, f->leaf.b, 32);
        }
        if (ent_lines_end(&l) != ENT_OK) /* at worst it is said once more */
            memset(q->refused, 0, sizeof(q->refused));
    }
    ent_buf_release(&b);
}

static const struct ent_qrefusal *find(const struct ent_quorums *q, const char *id)
{
    char is[ENT_QUORUM_ID];
    for (size_t i = 0; i < ENT_QREFUSALS; i++) {
        ent_quorum_id(is, &q->refused[i].leaf);
        if (q->refused[i].author[0] != '\0' && strcmp(is, id) == 0)
            return &q->refused[i];
    }
    return NULL;
}

bool ent_q_refused(struct ent_quorums *q, const char *id, struct ent_buf *ret_said)
{
    (void)pthread_mutex_lock(&q->refused_lock);
    const struct ent_qrefusal *f = find(q, id);
    const uint64_t index = f != NULL ? f->index : 0;
    (void)pthread_mutex_unlock(&q->refused_lock);
    if (f != NULL && ret_said != NULL &&
        ent_book_deliver(q->opts.book, ret_said, NULL, index) != ENT_OK)
        ent_buf_clear(ret_said);
    return f != NULL;
}

/* The oldest of all; NULL: this author was told often enough. */
static struct ent_qrefusal *room_for(struct ent_quorums *q, const char *author, int64_t now)
{
    struct ent_qrefusal *oldest = &q->refused[0];
    unsigned theirs = 0;
    for (size_t i = 0; i < ENT_QREFUSALS; i++) {
        struct ent_qrefusal *f = &q->refused[i];
        theirs += strcmp(f->author, author) == 0 && f->time > now - HOUR;
        if (f->time < oldest->time)
            oldest = f;
    }
    return theirs < ENT_QREFUSALS_OF_ONE ? oldest : NULL;
}

/* With the lock of what was refused. */
static enum ent_err sign(struct ent_quorums *q, struct ent_buf *ret_said,
                         const struct ent_act *offer, enum ent_quorum_reason why,
                         enum ent_verdict verdict)
{
    const struct ent_quorum_refuse f = {.offer = offer->leaf,
                                        .why = why,
                                        .verdict = why == ENT_QUORUM_PACT ? verdict : ENT_ALLOWED};
    struct ent_qrefusal *at = room_for(q, offer->st.author, ent_q_now(q));
    struct ent_buf body, room;
    struct ent_act act;
    uint64_t index = 0;
    if (at == NULL)
        return ENT_E_LIMIT;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    ent_buf_init(&room, ENT_ACT_MAX);
    enum ent_err r = ent_quorum_refuse_encode(&body, &f);
    if (r == ENT_OK)
        r = ent_q_act(q, &act, &room, ret_said, &index, ENT_QSAY_REFUSE, &offer->leaf, &body);
    if (r == ENT_OK) {
        *at = (struct ent_qrefusal){.time = ent_q_now(q), .index = index, .leaf = offer->leaf};
        memcpy(at->author, offer->st.author, sizeof(at->author));
        (void)!save(q); /* else it may be said once more after a restart */
    }
    ent_buf_release(&body);
    ent_buf_release(&room);
    return r;
}

void ent_q_refuse(struct ent_quorums *q, struct ent_buf *ret_said, const struct ent_act *offer,
                  enum ent_quorum_reason why, enum ent_verdict verdict)
{
    struct ent_quorum_event e = {
        .kind = ENT_QUORUM_EV_REFUSED, .author = offer->st.author, .member = "", .reason = why};
    char id[ENT_QUORUM_ID];
    ent_quorum_id(id, &offer->leaf);
    e.run = id;
    ent_buf_clear(ret_said);
    (void)pthread_mutex_lock(&q->refused_lock);
    const bool known = find(q, id) != NULL; /* brought twice at the same moment */
    const enum ent_err r = known ? ENT_E_EXISTS : sign(q, ret_said, offer, why, verdict);
    (void)pthread_mutex_unlock(&q->refused_lock);
    if (r != ENT_OK)
        ent_buf_clear(ret_said);
    if (known)
        (void)ent_q_refused(q, id, ret_said);
    if (r == ENT_OK && q->opts.event != NULL)
        q->opts.event(q->opts.ctx, &e);
}
