/* fuzz_items.c: what a runner takes for the list, in one note: it is loaded whole, as many items as
 * there are, or its run is over. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct desk {
    struct ent_runner *runner;
    struct ent_slice note;
    uint64_t items;
    enum ent_err taken;
};

static enum ent_err serve(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct desk *d = ctx;
    const struct ent_desk_known k = {.items = d->items, .pad = true};
    d->taken = ent_runner_note(d->runner, (uint16_t)(call->type + 1), d->note);
    return ent_desk_known_encode(&ret->bytes, &k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct desk d = {.note = {data, n}};
    struct ent_direct desk = {serve, &d, ENT_DESK_KNOWN_BYTES};
    const struct ent_caller asks = ent_caller_direct(&desk);
    struct ent_cur c = ent_cur(d.note);
    struct ent_slice key;
    struct ent_label label;
    struct ent_run_opened o;
    while (c.n > 0 && ent_desk_item_parse(&key, &label, &c) == ENT_OK)
        d.items++;
    if (ent_secret_start() != ENT_OK || ent_runner_new(&d.runner, &asks, NULL) != ENT_OK)
        return 0;
    struct ent_direct direct = {ent_runner_serve, d.runner, ENT_RUN_ANSWER_MAX};
    const struct ent_caller run = ent_caller_direct(&direct);
    enum ent_err r = ent_run_open(&run, &o, ENT_OBS_ALL, 1);
    ENT_ASSERT((r == ENT_OK) == (d.taken == ENT_OK && c.n == 0 && n > 0));
    ent_runner_free(d.runner);
    return 0;
}
