/* process_match.c: one run of one match, as the holder or as the asker, or of a quorum. Whatever
 * has been said to it ends it when the ledger, or the run, is over: a fresh process takes its
 * place. */
#include "node/node.h"

#include "node/process.h"
#include "node/quorum_work.h"
#include "node/runner.h"
#include "node/seeker.h"

/* The largest quorum that can be agreed on, 2^20 items and a threshold of 8: 1.4 GB of tables and
 * items, and where this member is a key holder too, 32 MiB of elements seen for each of 64 members.
 */
#define QUORUM_BYTES (UINT64_C(4) << 30)

struct runs {
    struct ent_runner *runner;
    struct ent_qworker *worker;
};

/* For the one that waits for a list; what is wrong with it, the load says. */
static void items(void *ctx, struct ent_msg *note)
{
    const struct runs *runs = ctx;
    const struct ent_slice list = ent_buf_slice(&note->bytes);
    if (ent_qworker_note(runs->worker, note->type, list) == ENT_E_STATE)
        (void)!ent_runner_note(runs->runner, note->type, list);
}

int ent_process_match(int channel)
{
    struct ent_birth *b = ent_process_born(channel);
    struct ent_ready ready = {0};
    struct ent_diag d = {0};
    struct ent_pool *pool = NULL;
    struct runs runs = {NULL, NULL};
    struct ent_seeker *seeker = NULL;
    struct ent_hub *hub;
    int code;
    if (b == NULL)
        return 0;
    struct ent_hub_service services[] = {
        {.from = {ENT_PROCESS_LEDGER, 0}, .range = ENT_MSG_RUN, .serve = ent_runner_serve},
        {.from = {ENT_PROCESS_LEDGER, 0}, .range = ENT_MSG_SEEK, .serve = ent_seeker_serve},
        {.from = {ENT_PROCESS_LEDGER, 0}, .range = ENT_MSG_QUORUM, .serve = ent_qworker_serve},
        {.from = {ENT_PROCESS_KEEPER, 0}, .range = ENT_MSG_DESK, .note = items, .service = &runs}};
    const struct ent_hub_opts opts = {.self = b->self,
                                      .services = services,
                                      .n = 4,
                                      .vital = ENT_MSG_BIT(ENT_PROCESS_LEDGER) |
                                               ENT_MSG_BIT(ENT_PROCESS_KEEPER)};
    if (ent_hub_new(&hub, &opts) != ENT_OK)
        return 1;
    const struct ent_caller desk = ent_hub_caller(hub, ENT_PROCESS_KEEPER, 0);
    struct ent_sandbox box = *ent_sandbox_of("worker");
    box.data_bytes = QUORUM_BYTES;
    enum ent_err r = ent_process_shut_in(&ready, &d, b, box);
    if (r == ENT_OK)
        r = ent_pool_new(&pool, (unsigned)b->config.worker_threads);
    if (r == ENT_OK)
        r = ent_runner_new(&runs.runner, &desk, pool);
    if (r == ENT_OK)
        r = ent_seeker_new(&seeker, NULL);
    if (r == ENT_OK)
        r = ent_qworker_new(&runs.worker, &desk);
    services[0].service = runs.runner;
    services[1].service = seeker;
    services[2].service = runs.worker;
    if ((code = ent_process_start(hub, channel, "a match", r, &d)) != 0)
        return code;
    return ent_process_work(hub, &ready);
}
