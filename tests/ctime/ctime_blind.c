/* ctime_blind.c: blinding is constant time in the inputs and the blinds. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    uint8_t x[2][40];
    struct ent_slice input[2] = {{x[0], 40}, {x[1], 7}};
    ent_random(x, sizeof(x));
    struct ent_scalar blind[2];
    struct ent_element blinded[2];
    ent_ct_secret(x, sizeof(x));
    if (ent_oprf_blind(blind, blinded, ENT_OPRF_VERIFIABLE, input, 2) != ENT_OK)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
