/* fuzz_oprf.c: hostile elements, scalars and proofs. What decodes must be canonical, and no proof
 * that the fuzzer makes up is true. */
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* e[0] is good and stands in for those that are not. */
static void elements_are_canonical(struct ent_cur *c, struct ent_element *e, size_t n)
{
    static const struct ent_scalar one = {.b = {1}};
    struct ent_element again;
    for (size_t i = 1; i < n; i++) {
        uint8_t b[32] = {0};
        (void)!ent_cur_copy(c, b, c->n < 32 ? c->n : 32);
        if (ent_element_decode(&e[i], b) != ENT_OK) {
            e[i] = e[0];
            continue;
        }
        ent_element_mul_one(&again, &one, &e[i], 1);
        ENT_ASSERT(memcmp(again.b, b, 32) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ent_scalar one = {.b = {1}};
    struct ent_cur c = ent_cur(ent_slice(data, size));
    struct ent_element e[7];
    struct ent_scalar s;
    uint8_t proof[ENT_OPRF_PROOF] = {0};
    if (ent_cur_copy(&c, proof, sizeof(proof)) == ENT_OK && ent_scalar_decode(&s, proof) == ENT_OK)
        ENT_ASSERT(memcmp(s.b, proof, 32) == 0);
    ent_element_base_mul(&e[0], &one);
    elements_are_canonical(&c, e, 7);
    ENT_ASSERT(ent_oprf_verify(proof, ENT_OPRF_VERIFIABLE, &e[1], e + 2, e + 4, 2) != ENT_OK);
    return 0;
}
