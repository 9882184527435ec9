/* fuzz_terms.c: the bodies of match statements: what parses encodes to the same bytes. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void same(struct ent_buf *b, struct ent_slice in, enum ent_err r)
{
    ENT_ASSERT(r == ENT_OK && ent_slice_eq(ent_buf_slice(b), in));
    ent_buf_clear(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice in = {data, n};
    struct ent_match_offer o;
    struct ent_match_accept a;
    struct ent_match_result res;
    enum ent_verdict v;
    struct ent_buf b;
    ent_buf_init(&b, 8192);
    if (ent_match_offer_parse(&o, in) == ENT_OK)
        same(&b, in, ent_match_offer_encode(&b, &o));
    if (ent_match_accept_parse(&a, in) == ENT_OK)
        same(&b, in, ent_match_accept_encode(&b, &a));
    if (ent_match_refuse_parse(&v, in) == ENT_OK)
        same(&b, in, ent_match_refuse_encode(&b, v));
    if (ent_match_result_parse(&res, in) == ENT_OK)
        same(&b, in, ent_match_result_encode(&b, &res));
    ent_buf_release(&b);
    return 0;
}
