/*
 * fuzz_act.c: statements and acts. A statement that parses encodes to the same bytes; an act is
 * good under the author's key only when it is the one that was signed.
 */
#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_pubkey pk = {{0x58, 0x66, 0x66, 0x66}};
    struct ent_statement st;
    struct ent_act act;
    char author[ENT_NAME_MAX + 1];
    struct ent_slice in = {data, n};
    if (ent_statement_parse(&st, in) == ENT_OK) {
        struct ent_buf b;
        ent_buf_init(&b, ENT_NOTE_MAX);
        ENT_ASSERT(ent_statement_encode(&b, &st) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), in));
        ent_buf_release(&b);
    }
    ENT_ASSERT(ent_act_parse(&act, in, &pk, NULL) != ENT_OK);
    if (ent_act_author(author, in) == ENT_OK)
        ENT_ASSERT(ent_name_is_valid(ent_slice_str(author)));
    return 0;
}
