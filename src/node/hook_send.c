/* hook_send.c: the other side of the webhook: what the keeper is asked, and the loop that sends. */
#include "node/hooks.h"

#include <poll.h>
#include <pthread.h>

#define BIT(role) ENT_MSG_BIT(ENT_PROCESS_##role)
#define PAUSE_MS  1000u
#define STEP_MS   100u /* the longest between two looks at stop */

const struct ent_msg_row ent_hook_rows[ENT_HOOK_ROWS] = {
    {ENT_MSG_HOOK_NEXT, ENT_MSG_CALL, BIT(FRONT), ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_MSG_HOOK_NEXT, ENT_MSG_ANSWER, BIT(KEEPER), ENT_MSG_ANY, 0, ENT_HOOK_ANSWER,
     ENT_MSG_FD_NONE},
    {ENT_MSG_HOOK_DONE, ENT_MSG_CALL, BIT(FRONT), ENT_MSG_ANY, 34, 34, ENT_MSG_FD_NONE},
    {ENT_MSG_HOOK_DONE, ENT_MSG_ANSWER, BIT(KEEPER), ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_MSG_HOOK_SAY, ENT_MSG_CALL, BIT(LEDGER), ENT_MSG_ANY, 11, ENT_REPORT_MAX, ENT_MSG_FD_NONE},
    {ENT_MSG_HOOK_SAY, ENT_MSG_ANSWER, BIT(KEEPER), ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
};

static bool is_id(const char *id)
{
    return strspn(id, "0123456789abcdef") == ENT_OUTBOX_ID - 1 && id[ENT_OUTBOX_ID - 1] == '\0';
}

enum ent_err ent_hook_parse(struct ent_hook *ret, struct ent_slice answer)
{
    struct ent_cur c = ent_cur(answer);
    uint8_t n = 0;
    memset(ret->id, 0, sizeof(ret->id));
    memset(ret->header, 0, sizeof(ret->header));
    ent_buf_clear(&ret->body);
    if (answer.n == 0)
        return ENT_OK;
    if (ent_cur_copy(&c, ret->id, ENT_OUTBOX_ID - 1) != ENT_OK || !is_id(ret->id) ||
        ent_cur_u8(&c, &n) != ENT_OK || n == 0 || n > ENT_HOOK_HEADER ||
        ent_cur_copy(&c, ret->header, n) != ENT_OK || strlen(ret->header) != n || c.n == 0)
        return ENT_E_FORMAT;
    return ent_buf_put(&ret->body, c.p, c.n);
}

static enum ent_err call(struct ent_caller keeper, struct ent_msg *ret, uint16_t type,
                         struct ent_slice payload)
{
    return keeper.call(keeper.ctx, ret, type, payload);
}

enum ent_err ent_hook_next(struct ent_caller keeper, struct ent_hook *ret)
{
    struct ent_msg m;
    enum ent_err r = call(keeper, &m, ENT_MSG_HOOK_NEXT, ent_slice(NULL, 0));
    if (r != ENT_OK)
        return r;
    r = ent_hook_parse(ret, ent_buf_slice(&m.bytes));
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_hook_done(struct ent_caller keeper, const char *id, unsigned status)
{
    uint8_t bytes[ENT_OUTBOX_ID - 1 + 2];
    struct ent_msg m;
    ENT_ASSERT(is_id(id) && status <= UINT16_MAX);
    memcpy(bytes, id, ENT_OUTBOX_ID - 1);
    ent_put_u16le(bytes + ENT_OUTBOX_ID - 1, (uint16_t)status);
    enum ent_err r = call(keeper, &m, ENT_MSG_HOOK_DONE, ent_slice(bytes, sizeof(bytes)));
    if (r == ENT_OK)
        ent_msg_release(&m);
    return r;
}

static enum ent_err say_bytes(struct ent_caller keeper, struct ent_slice record)
{
    struct ent_msg m;
    enum ent_err e = call(keeper, &m, ENT_MSG_HOOK_SAY, record);
    if (e == ENT_OK)
        ent_msg_release(&m);
    return e;
}

enum ent_err ent_hook_say(struct ent_caller keeper, const struct ent_report *r)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_REPORT_MAX);
    enum ent_err e = ent_report_encode(&b, r);
    if (e == ENT_OK)
        e = say_bytes(keeper, ent_buf_slice(&b));
    ent_buf_release(&b);
    return e;
}

/* --- telling ------------------------------------------------------------------------------------
 */

struct ent_hook_teller {
    struct ent_hook_teller_opts opts;
    pthread_t thread;
    pthread_mutex_t lock; /* for the rest */
    pthread_cond_t changed;
    bool ending;
    size_t first, n; /* a ring */
    struct ent_buf waits[ENT_HOOK_TELLER_MOST];
};

static void *tell(void *ctx)
{
    struct ent_hook_teller *t = ctx;
    (void)pthread_mutex_lock(&t->lock);
    while (t->n > 0 || !t->ending) {
        if (t->n == 0) {
            (void)pthread_cond_wait(&t->changed, &t->lock);
            continue;
        }
        struct ent_buf one = t->waits[t->first];
        t->first = (t->first + 1) % ENT_HOOK_TELLER_MOST;
        t->n--;
        (void)pthread_mutex_unlock(&t->lock);
        enum ent_err e = say_bytes(t->opts.keeper, ent_buf_slice(&one));
        ent_buf_release(&one);
        if (e != ENT_OK)
            t->opts.lost(t->opts.ctx, e);
        (void)pthread_mutex_lock(&t->lock);
    }
    (void)pthread_mutex_unlock(&t->lock);
    return NULL;
}

enum ent_err ent_hook_teller_new(struct ent_hook_teller **ret,
                                 const struct ent_hook_teller_opts *opts)
{
    struct ent_hook_teller *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ENT_E_NOMEM;
    t->opts = *opts;
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_cond_init(&t->changed, NULL);
    if (pthread_create(&t->thread, NULL, tell, t) != 0) {
        free(t);
        return ENT_E_NOMEM;
    }
    *ret = t;
    return ENT_OK;
}

void ent_hook_teller_free(struct ent_hook_teller *t)
{
    if (t == NULL)
        return;
    (void)pthread_mutex_lock(&t->lock);
    t->ending = true;
    (void)pthread_cond_signal(&t->changed);
    (void)pthread_mutex_unlock(&t->lock);
    (void)pthread_join(t->thread, NULL);
    (void)pthread_cond_destroy(&t->changed);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}

void ent_hook_teller_say(struct ent_hook_teller *t, const struct ent_report *r)
{
    enum ent_hook_event event;
    struct ent_buf b;
    if (t == NULL || !ent_hook_event_of(&event, r->event) ||
        (t->opts.events & ENT_MSG_BIT(event)) == 0)
        return;
    ent_buf_init(&b, ENT_REPORT_MAX);
    enum ent_err e = ent_report_encode(&b, r);
    (void)pthread_mutex_lock(&t->lock);
    if (e == ENT_OK && t->n == ENT_HOOK_TELLER_MOST)
        e = ENT_E_LIMIT;
    if (e == ENT_OK)
        t->waits[(t->first + t->n++) % ENT_HOOK_TELLER_MOST] = b;
    (void)pthread_cond_signal(&t->changed);
    (void)pthread_mutex_unlock(&t->lock);
    if (e == ENT_OK)
        return;
    ent_buf_release(&b);
    t->opts.lost(t->opts.ctx, e);
}

/* --- sending ------------------------------------------------------------------------------------
 */

static void rest(const struct ent_hook_sender *s)
{
    const unsigned all = s->pause_ms == 0 ? PAUSE_MS : s->pause_ms;
    for (unsigned ms = 0; ms < all && !atomic_load(s->stop); ms += STEP_MS)
        (void)poll(NULL, 0, (int)(all - ms < STEP_MS ? all - ms : STEP_MS));
}

/* The server's fault is a status of none; ENT_E_STATE: there is no fetcher any more. */
static enum ent_err send_one(const struct ent_hook_sender *s, const struct ent_hook *h)
{
    struct ent_fetch_answer a;
    struct ent_diag d;
    enum ent_err r =
        ent_fetch_post(s->fetch, &a, &d, s->suffix, h->header, ent_buf_slice(&h->body));
    if (r == ENT_E_STATE || r == ENT_E_INTERRUPTED)
        return r;
    r = ent_hook_done(s->keeper, h->id, r == ENT_OK ? a.status : 0);
    return r == ENT_E_NOTFOUND ? ENT_OK : r; /* it was dropped meanwhile */
}

enum ent_err ent_hook_run(const struct ent_hook_sender *s)
{
    struct ent_hook h;
    enum ent_err r = ENT_OK;
    ent_buf_init(&h.body, ENT_OUTBOX_BODY);
    while (r == ENT_OK && !atomic_load(s->stop)) {
        if ((r = ent_hook_next(s->keeper, &h)) != ENT_OK)
            break;
        if (h.id[0] == '\0')
            rest(s);
        else
            r = send_one(s, &h);
    }
    ent_buf_release(&h.body);
    return atomic_load(s->stop) ? ENT_OK : r;
}
