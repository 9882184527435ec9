/* fuzz_quorum_terms.c: the bodies of a quorum's statements: what parses encodes to the same bytes,
 * and an offer that parses makes sense. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define SAME(what)                                                                                 \
    do {                                                                                           \
        struct ent_quorum_##what x;                                                                \
        ent_buf_clear(&b);                                                                         \
        if (ent_quorum_##what##_parse(&x, in) == ENT_OK)                                           \
            ENT_ASSERT(ent_quorum_##what##_encode(&b, &x) == ENT_OK &&                             \
                       ent_slice_eq(ent_buf_slice(&b), in));                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice in = {data, n};
    struct ent_quorum_offer o;
    struct ent_quorum_estimate e;
    struct ent_buf b;
    ent_buf_init(&b, n + ENT_QUORUM_OFFER_MAX);
    SAME(offer);
    SAME(accept);
    SAME(refuse);
    SAME(key);
    SAME(begin);
    SAME(left_out);
    SAME(result);
    SAME(taken);
    if (ent_quorum_offer_parse(&o, in) == ENT_OK) {
        ent_quorum_estimate(&e, &o, ent_quorum_rate_of(ENT_CPU_PORTABLE), 1);
        ENT_ASSERT(e.seconds >= 0);
    }
    ent_buf_release(&b);
    return 0;
}
