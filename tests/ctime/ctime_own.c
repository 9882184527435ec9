/* ctime_own.c: the server's own values are computed in constant time in its inputs and key. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    uint8_t x[2][40];
    struct ent_slice input[2] = {{x[0], 40}, {x[1], 7}};
    ent_random(x, sizeof(x));
    struct ent_oprf_key key;
    uint8_t out[2][ENT_OPRF_OUT];
    ent_oprf_key_generate(&key);
    ent_ct_secret(x, sizeof(x));
    ent_ct_secret(&key.sk, sizeof(key.sk));
    if (ent_oprf_own(out, ENT_OPRF_VERIFIABLE, &key, input, 2) != ENT_OK)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
