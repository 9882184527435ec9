/* process_api.c: what users and tools send is parsed here, and what they get is rendered. */
#include "node/node.h"

#include "node/portal.h"
#include "node/process.h"
#include "node/web_msg.h"

#include <pthread.h>

static struct api {
    struct ent_birth *b;
    struct ent_hub *hub;
    struct ent_portal *portal;
    struct ent_counts *counts;
    struct counted {
        struct ent_caller caller;
        enum ent_process process;
    } counted[3];              /* who is asked for figures */
    pthread_mutex_t lock;      /* for the next two */
    struct ent_counted parent; /* as it said last */
    bool parent_said;
} api = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- figures ------------------------------------------------------------------------------------
 */

/* Without being asked: nobody may ask the parent. */
static void told(void *ctx, struct ent_msg *note)
{
    struct api *a = ctx;
    struct ent_counted *s = NULL;
    if (note->type != ENT_CONTROL_COUNTS || (s = malloc(sizeof(*s))) == NULL)
        return;
    if (ent_counted_parse(s, ent_buf_slice(&note->bytes), ENT_PROCESS_PARENT) == ENT_OK) {
        (void)pthread_mutex_lock(&a->lock);
        a->parent = *s;
        a->parent_said = true;
        (void)pthread_mutex_unlock(&a->lock);
    }
    free(s);
}

/* Who does not answer is left out, which whoever looks at the page can see. */
static enum ent_err metrics(void *ctx, struct ent_buf *text)
{
    struct api *a = ctx;
    const size_t others = sizeof(a->counted) / sizeof(a->counted[0]), most = others + 2;
    struct ent_counted *s = calloc(most, sizeof(*s));
    size_t n = 0;
    if (s == NULL)
        return ENT_E_NOMEM;
    (void)pthread_mutex_lock(&a->lock);
    if (a->parent_said)
        s[n++] = a->parent;
    (void)pthread_mutex_unlock(&a->lock);
    ent_counts_take(a->counts, &s[n++]);
    for (size_t i = 0; i < others; i++)
        if (ent_counts_ask(a->counted[i].caller, &s[n], a->counted[i].process) == ENT_OK)
            n++;
    enum ent_err r = ent_counts_text(text, s, n);
    free(s);
    return r;
}

static void count_these(struct api *a)
{
    static const enum ent_process these[] = {ENT_PROCESS_KEEPER, ENT_PROCESS_LEDGER,
                                             ENT_PROCESS_FRONT};
    for (size_t i = 0; i < sizeof(these) / sizeof(these[0]); i++)
        a->counted[i] = (struct counted){ent_hub_caller(a->hub, these[i], 0), these[i]};
}

/* --- requests -----------------------------------------------------------------------------------
 */

static enum ent_err serve(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct api *a = ctx;
    struct ent_web_request req;
    struct ent_web_answer answer = {.status = 500};
    enum ent_err r = call->type == ENT_WEB_CALL
                         ? ent_web_request_parse(&req, ent_buf_slice(&call->bytes))
                         : ENT_E_FORMAT;
    if (r != ENT_OK)
        return r;
    ent_buf_init(&answer.headers, ENT_WEB_HEADERS_MAX);
    ent_buf_init(&answer.body, ENT_WEB_ANSWER_MAX);
    ent_portal_handle(a->portal, &req, &answer);
    r = ent_web_answer_encode(&ret->bytes, &answer);
    ent_buf_release(&answer.headers);
    ent_buf_release(&answer.body);
    return r;
}

int ent_process_api(int channel)
{
    struct ent_ready ready = {0};
    struct ent_diag d = {0};
    int code;
    const struct ent_hub_service services[] = {
        {.from = {ENT_PROCESS_FRONT, 0}, .range = ENT_MSG_FRONT, .serve = serve, .service = &api}};
    const struct ent_hub_opts opts = {.self = {ENT_PROCESS_API, 0},
                                      .services = services,
                                      .n = 1,
                                      .threads = 4,
                                      .ctx = &api,
                                      .told = told};
    if ((api.b = ent_process_born(channel)) == NULL)
        return 0;
    if (ent_hub_new(&api.hub, &opts) != ENT_OK ||
        ent_counts_new(&api.counts, ENT_PROCESS_API) != ENT_OK)
        return 1;
    count_these(&api);
    const struct ent_portal_opts portal = {.keeper = ent_hub_caller(api.hub, ENT_PROCESS_KEEPER, 0),
                                           .ledger = ent_hub_caller(api.hub, ENT_PROCESS_LEDGER, 0),
                                           .console = &ent_portal_pages,
                                           .ctx = &api,
                                           .metrics = metrics,
                                           .metrics_open = api.b->config.metrics_open,
                                           .rate_account = (unsigned)api.b->config.rate_account,
                                           .rate_address = (unsigned)api.b->config.rate_address};
    enum ent_err r = ent_process_shut_in(&ready, &d, api.b, *ent_sandbox_of("worker"));
    if (r == ENT_OK)
        r = ent_portal_new(&api.portal, &portal);
    if ((code = ent_process_start(api.hub, channel, "the process for users", r, &d)) != 0)
        return code;
    return ent_process_work(api.hub, &ready);
}
