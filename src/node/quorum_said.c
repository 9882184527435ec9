/* quorum_said.c: statements of a run: which is which, what each does, and our own. A statement is
 * on the disk before anybody is told that it was heard; the state follows from it. */
#include "node/quorums_parts.h"

static const struct {
    enum ent_statement_type type;
    const char *media;
} kinds[ENT_QKINDS] = {
    [ENT_QSAY_OFFER] = {ENT_ST_OFFER, ENT_MEDIA_QUORUM_OFFER},
    [ENT_QSAY_ACCEPT] = {ENT_ST_ACCEPT, ENT_MEDIA_QUORUM_ACCEPT},
    [ENT_QSAY_REFUSE] = {ENT_ST_REFUSE, ENT_MEDIA_QUORUM_REFUSE},
    [ENT_QSAY_KEY] = {ENT_ST_ACK, ENT_MEDIA_QUORUM_KEY},
    [ENT_QSAY_BEGIN] = {ENT_ST_ACK, ENT_MEDIA_QUORUM_BEGIN},
    [ENT_QSAY_LEFT_OUT] = {ENT_ST_REPORT, ENT_MEDIA_QUORUM_LEFT_OUT},
    [ENT_QSAY_RESULT] = {ENT_ST_RESULT, ENT_MEDIA_QUORUM_RESULT},
    [ENT_QSAY_TAKEN] = {ENT_ST_RESULT, ENT_MEDIA_QUORUM_TAKEN},
};

const char *ent_q_media(enum ent_qkind k)
{
    return kinds[k].media;
}

enum ent_err ent_q_kind(enum ent_qkind *ret, const struct ent_statement *st)
{
    for (int k = 0; k < ENT_QKINDS; k++) {
        if (st->type == kinds[k].type && strcmp(st->media, kinds[k].media) == 0) {
            *ret = (enum ent_qkind)k;
            return st->refs == (k == ENT_QSAY_OFFER ? 0 : 1) ? ENT_OK : ENT_E_FORMAT;
        }
    }
    return ENT_E_FORMAT;
}

uint32_t ent_qrun_place(const struct ent_qrun *run, const char *name)
{
    for (uint32_t i = 0; i < run->n_named; i++)
        if (strcmp(run->named[i], name) == 0)
            return i;
    return UINT32_MAX;
}

/* --- what each does -----------------------------------------------------------------------------
 */

static enum ent_err apply_accept(struct ent_qrun *run, const struct ent_act *act, int64_t now)
{
    struct ent_quorum_accept a;
    enum ent_err r = ent_quorum_accept_parse(&a, act->body);
    return r != ENT_OK ? r
                       : ent_quorum_run_accept(&run->state, act->st.author, &a, &act->leaf, now);
}

static enum ent_err apply_refuse(struct ent_qrun *run, const struct ent_act *act)
{
    struct ent_quorum_refuse f;
    enum ent_err r = ent_quorum_refuse_parse(&f, act->body);
    return r != ENT_OK ? r : ent_quorum_run_refuse(&run->state, act->st.author, &f);
}

static enum ent_err apply_key(struct ent_qrun *run, const struct ent_act *act)
{
    struct ent_quorum_key k;
    enum ent_err r = ent_quorum_key_parse(&k, act->body);
    return r != ENT_OK ? r : ent_quorum_run_key(&run->state, act->st.author, &k, &act->leaf);
}

static enum ent_err apply_begin(struct ent_qrun *run, const struct ent_act *act)
{
    struct ent_quorum_begin g;
    enum ent_err r = ent_quorum_begin_parse(&g, act->body);
    return r != ENT_OK ? r : ent_quorum_run_begin(&run->state, act->st.author, &g);
}

static enum ent_err apply_left_out(struct ent_qrun *run, const struct ent_act *act)
{
    struct ent_quorum_left_out l;
    enum ent_err r = ent_quorum_left_out_parse(&l, act->body);
    return r != ENT_OK ? r : ent_quorum_run_left_out(&run->state, act->st.author, &l);
}

static enum ent_err apply_result(struct ent_qrun *run, const struct ent_act *act)
{
    struct ent_quorum_result s;
    enum ent_err r = ent_quorum_result_parse(&s, act->body);
    return r != ENT_OK ? r : ent_quorum_run_result(&run->state, act->st.author, &s);
}

static enum ent_err apply_taken(struct ent_qrun *run, const struct ent_act *act)
{
    struct ent_quorum_taken t;
    enum ent_err r = ent_quorum_taken_parse(&t, act->body);
    return r != ENT_OK ? r : ent_quorum_run_taken(&run->state, act->st.author, &t);
}

static enum ent_err apply(struct ent_qrun *run, enum ent_qkind kind, const struct ent_act *act,
                          int64_t now)
{
    switch (kind) {
    case ENT_QSAY_OFFER:
        return memcmp(act->leaf.b, run->leaf.b, 32) == 0 ? ENT_OK : ENT_E_FORMAT;
    case ENT_QSAY_ACCEPT:
        return apply_accept(run, act, now);
    case ENT_QSAY_REFUSE:
        return apply_refuse(run, act);
    case ENT_QSAY_KEY:
        return apply_key(run, act);
    case ENT_QSAY_BEGIN:
        return apply_begin(run, act);
    case ENT_QSAY_LEFT_OUT:
        return apply_left_out(run, act);
    case ENT_QSAY_RESULT:
        return apply_result(run, act);
    case ENT_QSAY_TAKEN:
        return apply_taken(run, act);
    }
    return ENT_E_FORMAT;
}

/* --- how many of each kind ----------------------------------------------------------------------
 * One by each author, of left-out one about each member: nobody fills others' disks by talking. Of
 * what decides two, which prove that the author said both, and the third if `begin` names that.
 */

static size_t most(enum ent_qkind k)
{
    static const size_t n[ENT_QKINDS] = {
        [ENT_QSAY_ACCEPT] = 3, [ENT_QSAY_KEY] = 3, [ENT_QSAY_BEGIN] = 2, [ENT_QSAY_RESULT] = 2};
    return n[k] == 0 ? 1 : n[k];
}

static enum ent_err sort_out(const struct ent_qrun *run, struct ent_qsaid *ret,
                             const struct ent_act *act, uint64_t index)
{
    struct ent_quorum_left_out l;
    uint32_t author = ent_qrun_place(run, act->st.author), about = 0;
    enum ent_err r = ent_q_kind(&ret->kind, &act->st);
    if (r != ENT_OK)
        return r;
    if (author == UINT32_MAX)
        return ENT_E_POLICY;
    if (ret->kind != ENT_QSAY_OFFER && memcmp(act->st.ref[0].b, run->leaf.b, 32) != 0)
        return ENT_E_FORMAT;
    if (ret->kind == ENT_QSAY_LEFT_OUT) {
        if ((r = ent_quorum_left_out_parse(&l, act->body)) != ENT_OK)
            return r;
        if ((about = ent_qrun_place(run, l.member)) == UINT32_MAX)
            return ENT_E_FORMAT;
    }
    ret->leaf = act->leaf;
    ret->author = (uint8_t)author;
    ret->about = (uint8_t)about;
    ret->index = index;
    return ENT_OK;
}

static bool is_like(const struct ent_qsaid *a, const struct ent_qsaid *b)
{
    return a->kind == b->kind && a->author == b->author && a->about == b->about;
}

/* ENT_OK and *ret_known: said before. *ret_like: of its kind. */
static enum ent_err look_up(const struct ent_qrun *run, const struct ent_qsaid *s, bool *ret_known,
                            size_t *ret_like)
{
    *ret_known = false;
    *ret_like = 0;
    for (size_t i = 0; i < run->n_said; i++) {
        const struct ent_qsaid *t = &run->said[i];
        if (memcmp(t->leaf.b, s->leaf.b, 32) == 0) {
            *ret_known = true;
            return ENT_OK;
        }
        *ret_like += is_like(t, s);
    }
    if (*ret_like >= most(s->kind))
        return ENT_E_EXISTS;
    return run->n_said < ENT_QUORUM_SAID_MOST ? ENT_OK : ENT_E_LIMIT;
}

static enum ent_err note(struct ent_qrun *run, const struct ent_qsaid *s)
{
    struct ent_qsaid *more = reallocarray(run->said, run->n_said + 1, sizeof(*more));
    if (more == NULL)
        return ENT_E_NOMEM;
    run->said = more;
    if (s->author == run->self && run->n_own < sizeof(run->own) / sizeof(run->own[0]))
        run->own[run->n_own++] = run->n_said;
    more[run->n_said++] = *s;
    return ENT_OK;
}

enum ent_err ent_qrun_apply(struct ent_qrun *run, const struct ent_act *act, uint64_t index,
                            int64_t now)
{
    struct ent_qsaid s = {.about = 0};
    bool known = false;
    size_t like = 0;
    enum ent_err r = sort_out(run, &s, act, index);
    if (r == ENT_OK)
        r = look_up(run, &s, &known, &like);
    if (r != ENT_OK || (known && !ent_quorum_run_awaits(&run->state, &act->leaf)))
        return r;
    r = apply(run, s.kind, act, now);
    if (r == ENT_E_NOTFOUND && s.kind == ENT_QSAY_BEGIN)
        r = ENT_OK; /* kept while what it names is fetched */
    if (r != ENT_OK || known)
        return r;
    if (like > 0 && (s.kind == ENT_QSAY_BEGIN || s.kind == ENT_QSAY_RESULT) &&
        run->state.collector != ENT_QUORUM_CONTRARY)
        return ENT_OK; /* the same once more proves nothing */
    return note(run, &s);
}

bool ent_qrun_counts_anyway(struct ent_qrun *run, const struct ent_act *act)
{
    struct ent_qsaid s = {.about = 0};
    bool known = false;
    size_t like = 0;
    (void)pthread_mutex_lock(&run->lock);
    const bool ret = sort_out(run, &s, act, 0) == ENT_OK && most(s.kind) > 1 &&
                     look_up(run, &s, &known, &like) == ENT_OK &&
                     (like > 0 || ent_quorum_run_awaits(&run->state, &act->leaf));
    (void)pthread_mutex_unlock(&run->lock);
    return ret;
}

void ent_qrun_again(struct ent_qrun *run, const struct ent_act *act, uint64_t index)
{
    struct ent_qsaid s = {.about = 0};
    bool known;
    size_t like;
    if (sort_out(run, &s, act, index) != ENT_OK || look_up(run, &s, &known, &like) != ENT_OK)
        return;
    (void)!apply(run, s.kind, act, ent_q_now(run->all)); /* the state has it, mostly */
    if (!known)
        (void)!note(run, &s);
}

/* The statement first: a state without it could not be explained to anybody. What a crash leaves of
 * a statement without its state is said again when the run is loaded. */
static enum ent_err take(struct ent_qrun *run, const struct ent_act *act, struct ent_slice said,
                         uint64_t index)
{
    struct ent_quorum_run *before = malloc(sizeof(*before));
    const size_t n = run->n_said;
    if (before == NULL)
        return ENT_E_NOMEM;
    *before = run->state;
    enum ent_err r = ent_qrun_apply(run, act, index, ent_q_now(run->all));
    if (r == ENT_OK && run->n_said > n && (r = ent_qrun_keep(run, &act->leaf, said)) != ENT_OK) {
        run->state = *before; /* the disk is full, say: as if it had not come */
        run->n_own -= run->said[n].author == run->self;
        run->n_said = n;
    }
    if (r == ENT_OK && run->n_said > n) {
        (void)!ent_qrun_save(run); /* it follows from what is kept: tried again at the next look */
        (void)pthread_cond_broadcast(&run->wake);
    }
    free(before);
    return r;
}

enum ent_err ent_qrun_take(struct ent_qrun *run, const struct ent_act *act, struct ent_slice said,
                           uint64_t index)
{
    (void)pthread_mutex_lock(&run->lock);
    enum ent_err r = take(run, act, said, index);
    (void)pthread_mutex_unlock(&run->lock);
    return r;
}

/* --- our own ------------------------------------------------------------------------------------
 */

enum ent_err ent_q_act(struct ent_quorums *q, struct ent_act *ret, struct ent_buf *room,
                       struct ent_buf *said, uint64_t *ret_index, enum ent_qkind kind,
                       const struct ent_hash32 *ref, const struct ent_buf *body)
{
    const struct ent_act_wish wish = {.type = kinds[kind].type,
                                      .ref = ref,
                                      .media = kinds[kind].media,
                                      .body = ent_buf_slice(body),
                                      .now = ent_clock_now()};
    enum ent_err r = ent_book_act(q->opts.book, room, ret, ret_index, NULL, &wish);
    return r != ENT_OK ? r : ent_book_deliver(q->opts.book, said, NULL, *ret_index);
}

enum ent_err ent_qrun_say(struct ent_qrun *run, enum ent_qkind kind, const struct ent_buf *body)
{
    struct ent_act act;
    struct ent_buf room, said;
    uint64_t index = 0;
    ent_buf_init(&room, ENT_ACT_MAX);
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    enum ent_err r = ent_q_act(run->all, &act, &room, &said, &index, kind, &run->leaf, body);
    if (r == ENT_OK)
        r = ent_qrun_take(run, &act, ent_buf_slice(&said), index);
    ent_buf_release(&room);
    ent_buf_release(&said);
    return r;
}
