/* quorum_judge.c: what the pact, and what is known of members, says about an offer; and the memory
 * of what was compared before:
 *
 *     entente/quorum-compared@v1
 *     compared <window> <seconds> <types> <leaf>    a run to which shares of ours were sent
 *     offered <window> <seconds> <types> <leaf>     by the schedule; the leaf is zeros
 *
 * The same window a second time, among other members or with another threshold, would tell by the
 * difference what neither run was to tell. */
#include "node/quorums_parts.h"

#define COMPARED      "entente/quorum-compared@v1"
#define COMPARED_MOST 2000u /* lines; the oldest go */
#define COMPARED_MAX  (ENT_DELIVERY_MAX)

struct compared {
    bool offered;
    struct ent_window_id window;
    uint32_t types;
    struct ent_hash32 leaf;
};

static bool overlaps(const struct compared *c, const struct compared *with)
{
    return c->offered == with->offered &&
           c->window.start < with->window.start + with->window.seconds &&
           with->window.start < c->window.start + c->window.seconds &&
           ((c->types & with->types) != 0 || c->offered);
}

static void take_line(struct ent_lines *l, struct compared *ret)
{
    ret->offered = ent_lines_next_is(l, "offered");
    ent_lines_key(l, ret->offered ? "offered" : "compared");
    ret->window.start = (int64_t)ent_lines_u64(l, INT64_MAX);
    ret->window.seconds = (uint32_t)ent_lines_u64(l, UINT32_MAX);
    ret->types = (uint32_t)ent_lines_u64(l, UINT32_MAX);
    ent_lines_b64(l, ret->leaf.b, 32);
}

static enum ent_err put_line(struct ent_buf *b, const struct compared *c)
{
    char leaf[ENT_BASE64_LEN(32)];
    ent_base64_encode(leaf, c->leaf.b, 32);
    return ent_buf_printf(b, "%s %lld %u %u %s\n", c->offered ? "offered" : "compared",
                          (long long)c->window.start, c->window.seconds, c->types, leaf);
}

/* With the lock of what was compared. Whether another like it is there (*ret_other), or it itself
 * (*ret_same); the newest lines are appended to b. */
static enum ent_err read_all(const struct ent_quorums *q, struct ent_buf *b,
                             const struct compared *c, bool *ret_same, bool *ret_other)
{
    struct ent_buf text;
    struct ent_lines l;
    size_t lines = 0;
    *ret_same = *ret_other = false;
    ent_buf_init(&text, COMPARED_MAX);
    enum ent_err r = ent_kept_read(&text, ent_q_disk(q), ENT_QUORUM_COMPARED);
    if (r == ENT_E_NOTFOUND)
        r = ent_buf_puts(&text, COMPARED "\n");
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    ent_lines_start(&l, ent_buf_slice(&text));
    ent_lines_exact(&l, COMPARED);
    if (r == ENT_OK)
        r = ent_buf_puts(b, COMPARED "\n");
    while (r == ENT_OK && (ent_lines_next_is(&l, "offered") || ent_lines_next_is(&l, "compared"))) {
        struct compared was;
        take_line(&l, &was);
        if (l.err != ENT_OK)
            break;
        const bool same = memcmp(was.leaf.b, c->leaf.b, 32) == 0 && was.offered == c->offered;
        *ret_same = *ret_same || (same && overlaps(&was, c));
        *ret_other = *ret_other || (!same && overlaps(&was, c));
        if (lines-- <= COMPARED_MOST)
            r = put_line(b, &was);
    }
    if (r == ENT_OK)
        r = ent_lines_end(&l);
    ent_buf_release(&text);
    return r;
}

static struct compared compared_of(const struct ent_quorum_offer *o, const struct ent_hash32 *leaf)
{
    return (struct compared){.window = {o->window, o->seconds}, .types = o->types, .leaf = *leaf};
}

/* ENT_OK: it stands there now; ENT_E_EXISTS: another, or, of what was offered, it. */
static enum ent_err note(struct ent_quorums *q, const struct compared *c)
{
    struct ent_buf b;
    bool same, other;
    ent_buf_init(&b, COMPARED_MAX);
    (void)pthread_mutex_lock(&q->compared_lock);
    enum ent_err r = read_all(q, &b, c, &same, &other);
    if (r == ENT_OK && (other || (same && c->offered)))
        r = ENT_E_EXISTS;
    if (r == ENT_OK && !same && (r = put_line(&b, c)) == ENT_OK)
        r = ent_kept_write(ent_q_disk(q), ENT_QUORUM_COMPARED, ent_buf_slice(&b), true, NULL);
    (void)pthread_mutex_unlock(&q->compared_lock);
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_q_compared(struct ent_qrun *run)
{
    const struct compared c = compared_of(&run->state.offer, &run->leaf);
    return note(run->all, &c);
}

enum ent_err ent_q_scheduled(struct ent_quorums *q, const struct ent_quorum_offer *o)
{
    static const struct ent_hash32 none;
    struct compared c = compared_of(o, &none);
    c.offered = true;
    return note(q, &c);
}

/* Compared before, or about to be. What cannot be read might say so. */
static bool is_again(struct ent_quorums *q, const struct ent_quorum_offer *o,
                     const struct ent_hash32 *leaf)
{
    const struct compared c = compared_of(o, leaf);
    struct ent_buf b;
    bool same, other;
    ent_buf_init(&b, COMPARED_MAX);
    (void)pthread_mutex_lock(&q->compared_lock);
    const enum ent_err r = read_all(q, &b, &c, &same, &other);
    (void)pthread_mutex_unlock(&q->compared_lock);
    ent_buf_release(&b);
    bool again = r != ENT_OK || other;
    (void)pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < ENT_QUORUMS_MOST; i++) {
        struct ent_qrun *run = q->run[i];
        if (run == NULL || run->index == 0 || memcmp(run->leaf.b, leaf->b, 32) == 0)
            continue;
        const struct compared with = compared_of(&run->state.offer, &run->leaf);
        (void)pthread_mutex_lock(&run->lock);
        again = again || (overlaps(&with, &c) && run->state.seat[run->index - 1].accepted &&
                          run->state.phase < ENT_QUORUM_DONE);
        (void)pthread_mutex_unlock(&run->lock);
    }
    (void)pthread_mutex_unlock(&q->lock);
    return again;
}

/* --- what is known of members -------------------------------------------------------------------
 */

struct asked {
    struct ent_book *book;
    int64_t now;
};

static void known(void *ctx, const char *member, bool *ret_exposed, bool *ret_withdrawn)
{
    const struct asked *a = ctx;
    struct ent_verdict_on on = {0};
    *ret_withdrawn = ent_book_is_withdrawn(a->book, member);
    *ret_exposed =
        ent_view_verdict(ent_book_view(a->book), &on, member, a->now) == ENT_OK && on.exposed;
}

/* again, most: see struct ent_quorum_ask and struct ent_quorum_wish. */
static enum ent_quorum_reason judge(struct ent_quorums *q, enum ent_verdict *ret_verdict,
                                    const struct ent_quorum_offer *o, const char *author,
                                    bool again, uint32_t most, int64_t now)
{
    struct asked asked = {q->opts.book, ent_q_now(q)};
    const struct ent_quorum_ask ask = {.self = q->self,
                                       .author = author,
                                       .now = asked.now,
                                       .again = again,
                                       .known = known,
                                       .ctx = &asked};
    struct ent_quorum_wish w = {.self = q->self,
                                .most = most,
                                .rate = ent_quorum_rate_of(ent_cpu_level()),
                                .cores = ent_pool_threads(q->pool),
                                .now = now};
    ent_book_lock(q->opts.book);
    const struct ent_pact *p = ent_book_home(q->opts.book)->pact;
    w.standing = ent_pact_decide_quorum(p, &ask);
    *ret_verdict = ent_quorum_verdict(p, o, &w);
    const enum ent_quorum_reason why = ent_quorum_decide(p, o, &w);
    ent_book_unlock(q->opts.book);
    return why;
}

enum ent_quorum_reason ent_q_judge(struct ent_quorums *q, enum ent_verdict *ret_verdict,
                                   const struct ent_quorum_offer *o, const struct ent_hash32 *leaf,
                                   const char *author)
{
    static const struct ent_hash32 none;
    const bool own = strcmp(author, q->self) == 0, in = ent_quorum_index(o, q->self) != 0;
    const uint64_t most =
        own || q->opts.items_most > ENT_QUORUM_ITEMS ? ENT_QUORUM_ITEMS : q->opts.items_most;
    const bool again = in && is_again(q, o, leaf != NULL ? leaf : &none);
    const int64_t now = ent_q_now(q); /* a run's phases know of accept_by; keys come later */
    return judge(q, ret_verdict, o, author, again, (uint32_t)most,
                 leaf != NULL && now >= o->accept_by ? o->accept_by - 1 : now);
}

/* With memory and processes of its own, whatever it asks for, nobody waits for what is over. */
enum ent_quorum_reason ent_q_judge_pact(struct ent_quorums *q, enum ent_verdict *ret_verdict,
                                        const struct ent_quorum_offer *o, const char *author)
{
    const int64_t now = ent_q_now(q);
    if (now >= o->result_by)
        return ENT_QUORUM_PAST;
    const enum ent_quorum_reason why = judge(q, ret_verdict, o, author, false, ENT_QUORUM_ITEMS,
                                             now >= o->accept_by ? o->accept_by - 1 : now);
    return why == ENT_QUORUM_LONG ? ENT_QUORUM_FINE : why;
}

/* The pact says that this comes by itself, and from whom. */
bool ent_q_is_scheduled(const struct ent_quorums *q, const char *author)
{
    struct ent_book *book = q->opts.book;
    ent_book_lock(book);
    const struct ent_quorum_rule *rule = &ent_book_home(book)->pact->quorum;
    const bool is = rule->holders > 0 && rule->each && strcmp(rule->collector, author) == 0;
    ent_book_unlock(book);
    return is;
}
