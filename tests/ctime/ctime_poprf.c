/* ctime_poprf.c: the partially oblivious mode is constant time in key, inputs and blinds. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    uint8_t x[2][40];
    struct ent_slice input[2] = {{x[0], 40}, {x[1], 7}};
    ent_random(x, sizeof(x));
    const struct ent_slice info = ENT_SLICE_LIT("epoch 1");
    struct ent_oprf_key key;
    struct ent_scalar blind[2];
    struct ent_element blinded[2], evaluated[2];
    uint8_t out[2][ENT_OPRF_OUT], proof[ENT_OPRF_PROOF];
    ent_oprf_key_generate(&key);
    ent_ct_secret(x, sizeof(x));
    ent_ct_secret(&key.sk, sizeof(key.sk));
    if (ent_oprf_blind(blind, blinded, ENT_OPRF_PARTIAL, input, 2) != ENT_OK ||
        ent_poprf_evaluate(evaluated, proof, &key, info, blinded, 2) != ENT_OK ||
        ent_poprf_finalize(out, info, input, blind, evaluated, 2) != ENT_OK ||
        ent_poprf_own(out, &key, info, input, 2) != ENT_OK)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
