/* ctime_sign.c: signing is constant time in the seed. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    struct ent_seed32 seed;
    struct ent_pubkey pk;
    struct ent_keypair key;
    uint8_t sig[64];
    ent_random(&seed, sizeof(seed));
    ent_ct_secret(&seed, sizeof(seed));
    ent_sign_public(&pk, &seed);
    ent_sign(sig, &seed, ENT_SLICE_LIT("a public message"));
    ent_keypair_init(&key, &seed);
    ent_sign_by(sig, &key, ENT_SLICE_LIT("a public message"));
    return EXIT_SUCCESS;
}
