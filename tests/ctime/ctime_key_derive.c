/* ctime_key_derive.c: deriving a key is constant time in the seed. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    struct ent_oprf_key key;
    uint8_t seed[32];
    ent_random(seed, sizeof(seed));
    ent_ct_secret(seed, sizeof(seed));
    if (ent_oprf_key_derive(&key, ENT_OPRF_VERIFIABLE, seed, ENT_SLICE_LIT("info")) != ENT_OK)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
