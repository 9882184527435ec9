/* ctime_derive.c: deriving keys and seeds is constant time in what they come from. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    struct ent_seed32 seed, derived;
    uint8_t key[100];
    ent_random(&seed, sizeof(seed));
    ent_ct_secret(&seed, sizeof(seed));
    ent_seed_derive(&derived, &seed, 7, "ent_test");
    ent_hkdf(key, sizeof(key), ent_slice(derived.b, sizeof(derived.b)), ENT_SLICE_LIT("purpose"));
    return EXIT_SUCCESS;
}
