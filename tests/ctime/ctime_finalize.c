/* ctime_finalize.c: finalizing is constant time in the inputs, the blinds and the outputs. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    uint8_t x[2][40];
    struct ent_slice input[2] = {{x[0], 40}, {x[1], 7}};
    ent_random(x, sizeof(x));
    struct ent_oprf_key key;
    struct ent_scalar blind[2];
    struct ent_element blinded[2], evaluated[2];
    uint8_t out[2][ENT_OPRF_OUT];
    ent_oprf_key_generate(&key);
    ent_ct_secret(x, sizeof(x));
    if (ent_oprf_blind(blind, blinded, ENT_OPRF_BASE, input, 2) != ENT_OK)
        return EXIT_FAILURE;
    ent_oprf_evaluate(evaluated, &key, blinded, 2);
    ent_oprf_finalize(out, input, blind, evaluated, 2);
    return EXIT_SUCCESS;
}
