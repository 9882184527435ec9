/* ctime_base_mul.c: multiplying the generator is constant time in the scalar. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    struct ent_scalar k;
    struct ent_element e;
    ent_scalar_random(&k);
    ent_ct_secret(&k, sizeof(k));
    ent_element_base_mul(&e, &k);
    return EXIT_SUCCESS;
}
