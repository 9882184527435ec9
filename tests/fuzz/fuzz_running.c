/* fuzz_running.c: the list of what runs in a home, which a keeper that was taken over can write:
 * one form; and what the kernel says of a process, whose name its author chose. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_running line[ENT_RUNNING_MAX];
    struct ent_proc_seen seen = {.parent = 0};
    struct ent_sandbox_state state;
    struct ent_buf b;
    size_t lines;
    (void)!ent_proc_stat_parse(&seen, ent_slice(data, n));
    (void)!ent_proc_status_parse(&seen, ent_slice(data, n));
    if (ent_running_parse(line, &lines, ent_slice(data, n)) != ENT_OK)
        return 0;
    ent_buf_init(&b, ENT_RUNNING_TEXT);
    for (size_t i = 0; i < lines; i++) {
        (void)!ent_sandbox_parse(&state, line[i].told);
        ENT_ASSERT(ent_running_encode(&b, &line[i]) == ENT_OK);
    }
    ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n)));
    ent_buf_release(&b);
    return 0;
}
