/* fuzz_files.c: what a process that may open no files asks for, and what it is answered. */
#include "node/node.h"
#include "node/files_msg.h"
#include "node/keeper_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void same(struct ent_buf *b, struct ent_slice want)
{
    ENT_ASSERT(ent_slice_eq(ent_buf_slice(b), want));
    ent_buf_release(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice bytes = ent_slice(data, n);
    struct ent_files_request q;
    struct ent_files_answer a;
    struct ent_buf b;
    ent_buf_init(&b, ENT_FILES_MSG_MAX);
    for (int i = 0; i < ENT_FILES_WHATS; i++) {
        const enum ent_files_what what = (enum ent_files_what)i;
        if (ent_files_request_parse(&q, what, bytes) == ENT_OK) {
            ENT_ASSERT(ent_disk_name_is_valid(q.name));
            if (ent_files_may(ent_files_of_ledger, q.name) != 0)
                ENT_ASSERT(strncmp(q.name, "keys", 4) != 0 && strcmp(q.name, "config") != 0);
            ENT_ASSERT(ent_files_request_encode(&b, &q) == ENT_OK);
            same(&b, bytes);
        }
        if (ent_files_answer_parse(&a, what, bytes) == ENT_OK) {
            ENT_ASSERT(ent_files_answer_encode(&b, what, &a) == ENT_OK);
            same(&b, bytes);
        }
    }
    return 0;
}
