/* quorum_wish.c: offers of our own: wished for by somebody here, or due by the pact. */
#include "node/quorums_parts.h"

static bool is_draining(struct ent_quorums *q)
{
    (void)pthread_mutex_lock(&q->lock);
    const bool draining = q->draining;
    (void)pthread_mutex_unlock(&q->lock);
    return draining;
}

enum ent_err ent_quorums_offer(struct ent_quorums *q, char ret[static ENT_QUORUM_ID],
                               enum ent_quorum_reason *ret_why, enum ent_verdict *ret_verdict,
                               const struct ent_quorum_offer *o)
{
    struct ent_buf body, room, said;
    struct ent_act act;
    uint64_t index = 0;
    if (is_draining(q))
        return ENT_E_LIMIT;
    if ((*ret_why = ent_q_judge(q, ret_verdict, o, NULL, q->self)) != ENT_QUORUM_FINE)
        return ENT_E_POLICY;
    if (!ent_q_has_place(q, q->self)) /* before it is signed */
        return ENT_E_LIMIT;
    ent_buf_init(&body, ENT_QUORUM_OFFER_MAX);
    ent_buf_init(&room, ENT_ACT_MAX);
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    enum ent_err r = ent_quorum_offer_encode(&body, o);
    if (r == ENT_OK)
        r = ent_q_act(q, &act, &room, &said, &index, ENT_QSAY_OFFER, NULL, &body);
    if (r == ENT_OK) {
        ent_quorum_id(ret, &act.leaf);
        r = ent_q_begin(q, &act, o, ent_buf_slice(&said), index);
    }
    ent_buf_release(&body);
    ent_buf_release(&room);
    ent_buf_release(&said);
    return r;
}

/* --- wishes -------------------------------------------------------------------------------------
 */

/* What to say to whoever wished; an error: it stays, and is tried again. */
static enum ent_err fulfil(struct ent_quorums *q, struct ent_buf *ret, const char *file)
{
    struct ent_quorum_offer *o = malloc(sizeof(*o));
    enum ent_quorum_reason why = ENT_QUORUM_FINE;
    enum ent_verdict verdict = ENT_ALLOWED;
    char id[ENT_QUORUM_ID];
    struct ent_buf b;
    if (o == NULL)
        return ENT_E_NOMEM;
    ent_buf_init(&b, ENT_QUORUM_OFFER_MAX);
    enum ent_err r = ent_disk_whole(ent_q_disk(q), &b, file);
    if (r == ENT_OK && ent_quorum_offer_parse(o, ent_buf_slice(&b)) != ENT_OK)
        r = ent_buf_puts(ret, "refused malformed\n");
    else if (r == ENT_E_LIMIT)
        r = ent_buf_puts(ret, "refused malformed\n");
    else if (r == ENT_OK && (r = ent_quorums_offer(q, id, &why, &verdict, o)) == ENT_OK)
        r = ent_buf_printf(ret, "id %s\n", id);
    else if (r == ENT_E_POLICY)
        r = ent_buf_printf(ret, "refused %s\n",
                           why == ENT_QUORUM_PACT ? ent_verdict_word(verdict)
                                                  : ent_quorum_reason_word(why));
    else if (r == ENT_E_LIMIT)
        r = ent_buf_puts(ret, "refused busy\n");
    ent_buf_release(&b);
    free(o);
    return r;
}

static bool is_wish(const char *name)
{
    uint8_t id[8];
    return strlen(name) == 16 && ent_hex_decode(id, sizeof(id), ent_slice_str(name)) == ENT_OK;
}

/* The answer is there before the wish goes: after a crash between it is granted once more, and the
 * first answer counts for nobody. */
static void grant(struct ent_quorums *q, const char *name)
{
    const struct ent_disk *disk = ent_q_disk(q);
    char file[ENT_DISK_NAME_MAX], done[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    uint8_t none;
    (void)snprintf(file, sizeof(file), ENT_QUORUM_WISH_FOLDER "/%.16s", name);
    (void)snprintf(done, sizeof(done), ENT_QUORUM_WISH_FOLDER "/%.16s.done", name);
    ent_buf_init(&b, 256);
    if (disk->read(disk->ctx, &none, 0, done, 0) == ENT_OK ||
        (fulfil(q, &b, file) == ENT_OK &&
         ent_kept_write(disk, done, ent_buf_slice(&b), true, NULL) == ENT_OK))
        (void)!disk->remove(disk->ctx, file);
    ent_buf_release(&b);
}

static void grant_all(struct ent_quorums *q)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf names;
    ent_buf_init(&names, ENT_DISK_LIST_MAX);
    const enum ent_err r =
        ent_home_list(ent_book_home(q->opts.book), &names, ENT_QUORUM_WISH_FOLDER);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name))
        if (is_wish(name))
            grant(q, name);
    ent_buf_release(&names);
}

/* --- the schedule -------------------------------------------------------------------------------
 */

/* Each window once, whatever becomes of it: what stands on the disk before it is offered is not
 * offered again after a crash. */
static void offer_due(struct ent_quorums *q)
{
    struct ent_quorum_offer *o = malloc(sizeof(*o));
    enum ent_quorum_reason why;
    enum ent_verdict verdict;
    char id[ENT_QUORUM_ID];
    const int64_t now = ent_q_now(q);
    int64_t window = 0;
    if (o == NULL)
        return;
    ent_book_lock(q->opts.book);
    const struct ent_pact *p = ent_book_home(q->opts.book)->pact;
    const bool due = ent_quorum_offer_due(&window, p, q->self, now) && window != q->scheduled &&
                     ent_quorum_offer_of_rule(o, p, window, now) == ENT_OK;
    ent_book_unlock(q->opts.book);
    if (due) {
        ent_random(&o->nonce, sizeof(o->nonce));
        const enum ent_err r = ent_q_scheduled(q, o);
        if (r == ENT_OK || r == ENT_E_EXISTS)
            q->scheduled = window;
        if (r == ENT_OK)
            (void)!ent_quorums_offer(q, id, &why, &verdict, o); /* nobody waits for it */
    }
    free(o);
}

void ent_quorums_look(struct ent_quorums *q)
{
    if (!is_draining(q) && ent_book_may_say(q->opts.book, NULL) == ENT_OK) {
        grant_all(q);
        offer_due(q);
    }
    ent_q_reap(q);
}
