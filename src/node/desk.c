/* desk.c: the desk, and those who ask it. */
#include "node/node.h"

#include "node/desk_quorum.h"

#include <pthread.h>

#define LEDGER ENT_MSG_BIT(ENT_PROCESS_LEDGER)
#define MATCH  ENT_MSG_BIT(ENT_PROCESS_MATCH)
#define KEEPER ENT_MSG_BIT(ENT_PROCESS_KEEPER)

/* table */
const struct ent_msg_row ent_desk_rows[ENT_DESK_ROWS] = {
    {ENT_DESK_ADVANCE, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 14, 13 + ENT_NAME_MAX, ENT_MSG_FD_NONE},
    {ENT_DESK_ADVANCE, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_DESK_SPENT, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 11, 10 + ENT_NAME_MAX, ENT_MSG_FD_NONE},
    {ENT_DESK_SPENT, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 8, 8, ENT_MSG_FD_NONE},
    {ENT_DESK_CHARGE, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 26, 25 + ENT_NAME_MAX, ENT_MSG_FD_NONE},
    {ENT_DESK_CHARGE, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_DESK_ASKED, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 18, 17 + ENT_NAME_MAX, ENT_MSG_FD_NONE},
    {ENT_DESK_ASKED, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_DESK_KNOWN, ENT_MSG_CALL, MATCH, ENT_MSG_ANY, 12, 12, ENT_MSG_FD_NONE},
    {ENT_DESK_KNOWN, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, ENT_DESK_KNOWN_BYTES,
     ENT_DESK_KNOWN_BYTES, ENT_MSG_FD_NONE},
    {ENT_DESK_ITEMS, ENT_MSG_NOTE, KEEPER, ENT_MSG_ANY, 1, ENT_DESK_ITEMS_MAX, ENT_MSG_FD_NONE},
    {ENT_DESK_QUORUM, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 58, ENT_DESK_RUN_MAX, ENT_MSG_FD_NONE},
    {ENT_DESK_QUORUM, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_DESK_QUORUM_OVER, ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 32, 32, ENT_MSG_FD_NONE},
    {ENT_DESK_QUORUM_OVER, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_DESK_SEED, ENT_MSG_CALL, MATCH, ENT_MSG_ANY, 33, 33, ENT_MSG_FD_NONE},
    {ENT_DESK_SEED, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 32, 32, ENT_MSG_FD_NONE},
    {ENT_DESK_SET, ENT_MSG_CALL, MATCH, ENT_MSG_ANY, 32, 32, ENT_MSG_FD_NONE},
    {ENT_DESK_SET, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 8, 8, ENT_MSG_FD_NONE},
    {ENT_DESK_FOUND, ENT_MSG_CALL, MATCH, ENT_MSG_ANY, 32, ENT_DESK_FOUND_MAX, ENT_MSG_FD_NONE},
    {ENT_DESK_FOUND, ENT_MSG_ANSWER, KEEPER, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
};

/* --- in the keeper ------------------------------------------------------------------------------
 */

struct ent_desk {
    char *path;
    enum ent_tlp max_tlp;
    bool pad;
    pthread_mutex_t lock;    /* for the rest */
    struct ent_store *store; /* for what is short; a load has a connection of its own */
    unsigned loads;          /* that were charged for */
    struct ent_desk_quorum *quorum;
};

enum ent_err ent_desk_new(struct ent_desk **ret, struct ent_diag *d,
                          const struct ent_desk_opts *opts)
{
    struct ent_desk *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    k->max_tlp = opts->max_tlp;
    k->pad = opts->pad;
    (void)pthread_mutex_init(&k->lock, NULL);
    k->path = strdup(opts->store);
    enum ent_err r = k->path == NULL ? ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0)
                                     : ent_store_open(&k->store, d, k->path);
    if (r == ENT_OK && opts->home != NULL) {
        const struct ent_desk_quorum_opts quorum = {opts->home, opts->store, opts->quorum_tlp};
        r = ent_desk_quorum_new(&k->quorum, &quorum);
    }
    if (r != ENT_OK) {
        ent_desk_free(k);
        return r;
    }
    *ret = k;
    return ENT_OK;
}

void ent_desk_free(struct ent_desk *k)
{
    if (k == NULL)
        return;
    ent_store_close(k->store);
    ent_desk_quorum_free(k->quorum);
    (void)pthread_mutex_destroy(&k->lock);
    free(k->path);
    free(k);
}

/* A log that was closed short of what it had said numbers on from there: each has its own. */
static enum ent_err advance(struct ent_desk *k, const struct ent_desk_request *q)
{
    char key[ENT_NAME_MAX + 24];
    (void)snprintf(key, sizeof(key), "sequence/%s", q->member);
    if (q->generation > 1)
        (void)snprintf(key, sizeof(key), "sequence/%s.%u", q->member, q->generation);
    return ent_store_advance(k->store, key, q->sequence);
}

static enum ent_err charge(struct ent_desk *k, const struct ent_desk_request *q)
{
    enum ent_err r =
        ent_store_charge(k->store, q->member, ENT_THEY_ASK, q->period, q->items, q->most);
    if (r == ENT_OK && k->loads < ENT_DESK_LOADS)
        k->loads++;
    return r;
}

static enum ent_err spent(struct ent_desk *k, struct ent_buf *ret, const struct ent_desk_request *q)
{
    uint8_t bytes[8];
    uint64_t items = 0;
    enum ent_err r = ent_store_spent(k->store, &items, q->member, q->direction, q->period);
    ent_put_u64le(bytes, items);
    return r != ENT_OK ? r : ent_buf_put(ret, bytes, sizeof(bytes));
}

/* --- items */

struct load {
    const struct ent_desk_seat *seat;
    struct ent_buf note;
    uint64_t items;
};

static enum ent_err flush(struct load *l)
{
    enum ent_err r = ENT_OK;
    if (l->note.n > 0)
        r = l->seat->put(l->seat->ctx, ENT_DESK_ITEMS, ent_buf_slice(&l->note));
    ent_buf_clear(&l->note);
    return r;
}

static enum ent_err add_known(void *ctx, const struct ent_known *k)
{
    struct load *l = ctx;
    uint8_t key[ENT_OBS_KEY_MAX];
    struct ent_label label;
    enum ent_err r;
    if (l->note.n + ENT_DESK_ITEM_MAX > ENT_DESK_ITEMS_MAX && (r = flush(l)) != ENT_OK)
        return r;
    ent_label_make(&label, k->tlp, k->confidence, k->kind, k->text);
    l->items++;
    return ent_desk_item_encode(&l->note, ent_slice(key, ent_observable_key(key, &k->obs)), &label);
}

static enum ent_err send_known(struct ent_store *s, struct load *l, struct ent_desk_known *ret,
                               const struct ent_desk_request *q, enum ent_tlp max_tlp)
{
    const struct ent_known_filter f = {
        .types = q->types, .max_tlp = max_tlp, .at = q->at, .unreleased = &ret->unreleased};
    enum ent_err r;
    if ((r = ent_release_judge(s, ent_slice(NULL, 0), NULL)) != ENT_OK ||
        (r = ent_store_each(s, &f, add_known, l)) != ENT_OK)
        return r;
    ret->items = l->items;
    return flush(l);
}

static bool may_load(const struct ent_desk_seat *seat)
{
    struct ent_desk *k = seat->desk;
    (void)pthread_mutex_lock(&k->lock);
    bool may = seat->put != NULL && k->loads > 0;
    k->loads -= may;
    (void)pthread_mutex_unlock(&k->lock);
    return may;
}

static enum ent_err known(const struct ent_desk_seat *seat, struct ent_buf *ret,
                          const struct ent_desk_request *q)
{
    struct ent_desk_known k = {.pad = seat->desk->pad};
    struct load l = {.seat = seat};
    struct ent_store *s = NULL;
    if (!may_load(seat))
        return ENT_E_POLICY;
    ent_buf_init(&l.note, ENT_DESK_ITEMS_MAX);
    enum ent_err r = ent_store_open(&s, NULL, seat->desk->path);
    if (r == ENT_OK)
        r = send_known(s, &l, &k, q, seat->desk->max_tlp);
    ent_store_close(s);
    ent_buf_release(&l.note);
    return r != ENT_OK ? r : ent_desk_known_encode(ret, &k);
}

enum ent_err ent_desk_serve(void *seat, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_desk_seat *s = seat;
    struct ent_desk *k = s->desk;
    struct ent_desk_request q;
    if (call->type >= ENT_DESK_QUORUM)
        return k->quorum == NULL ? ENT_E_UNSUPPORTED
                                 : ent_desk_quorum_serve(k->quorum, s, ret, call);
    enum ent_err r = ent_desk_request_parse(&q, call->type, ent_buf_slice(&call->bytes));
    if (r != ENT_OK)
        return r;
    if (q.type == ENT_DESK_KNOWN)
        return known(s, &ret->bytes, &q);
    (void)pthread_mutex_lock(&k->lock);
    if (q.type == ENT_DESK_ADVANCE)
        r = advance(k, &q);
    else if (q.type == ENT_DESK_ASKED)
        r = ent_store_charge(k->store, q.member, ENT_WE_ASK, q.period, q.items, INT64_MAX);
    else
        r = q.type == ENT_DESK_CHARGE ? charge(k, &q) : spent(k, &ret->bytes, &q);
    (void)pthread_mutex_unlock(&k->lock);
    return r;
}

/* --- who asks -----------------------------------------------------------------------------------
 */

static enum ent_err ask(const struct ent_caller *desk, struct ent_msg *ret,
                        const struct ent_desk_request *q)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_DESK_REQUEST_MAX);
    enum ent_err r = ent_desk_request_encode(&b, q);
    if (r == ENT_OK)
        r = desk->call(desk->ctx, ret, (uint16_t)q->type, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

static enum ent_err ask_for_nothing(const struct ent_caller *desk, const struct ent_desk_request *q)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(desk, &m, q);
    if (r == ENT_OK && m.bytes.n != 0)
        r = ENT_E_PEER;
    ent_msg_release(&m);
    return r;
}

static void set_member(struct ent_desk_request *q, const char *member)
{
    (void)snprintf(q->member, sizeof(q->member), "%s", member);
}

enum ent_err ent_desk_advance(const struct ent_caller *desk, const char *member,
                              uint32_t generation, uint64_t sequence)
{
    struct ent_desk_request q = {
        .type = ENT_DESK_ADVANCE, .generation = generation, .sequence = sequence};
    set_member(&q, member);
    return ask_for_nothing(desk, &q);
}

enum ent_err ent_desk_charge(const struct ent_caller *desk, const char *partner, uint64_t period,
                             uint64_t items, uint64_t most)
{
    struct ent_desk_request q = {
        .type = ENT_DESK_CHARGE, .period = period, .items = items, .most = most};
    set_member(&q, partner);
    return ask_for_nothing(desk, &q);
}

enum ent_err ent_desk_asked(const struct ent_caller *desk, const char *partner, uint64_t period,
                            uint64_t items)
{
    struct ent_desk_request q = {.type = ENT_DESK_ASKED, .period = period, .items = items};
    set_member(&q, partner);
    return ask_for_nothing(desk, &q);
}

enum ent_err ent_desk_spent(const struct ent_caller *desk, uint64_t *ret, const char *partner,
                            enum ent_direction dir, uint64_t period)
{
    struct ent_desk_request q = {.type = ENT_DESK_SPENT, .direction = dir, .period = period};
    struct ent_msg m = ENT_MSG_NOTHING;
    set_member(&q, partner);
    enum ent_err r = ask(desk, &m, &q);
    if (r == ENT_OK) {
        struct ent_cur c = ent_cur(ent_buf_slice(&m.bytes));
        uint64_t v = 0;
        r = ent_cur_u64le(&c, &v) == ENT_OK && ent_cur_end(&c) == ENT_OK ? ENT_OK : ENT_E_PEER;
        if (r == ENT_OK)
            *ret = v;
    }
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_desk_known(const struct ent_caller *desk, struct ent_desk_known *ret,
                            uint32_t types, int64_t at)
{
    const struct ent_desk_request q = {.type = ENT_DESK_KNOWN, .types = types, .at = at};
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(desk, &m, &q);
    if (r == ENT_OK && ent_desk_known_parse(ret, ent_buf_slice(&m.bytes)) != ENT_OK)
        r = ENT_E_PEER;
    ent_msg_release(&m);
    return r;
}
