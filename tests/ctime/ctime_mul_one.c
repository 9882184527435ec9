/* ctime_mul_one.c: multiplying by one scalar is constant time in it. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    static const struct ent_scalar one = {.b = {1}};
    struct ent_scalar k[3];
    struct ent_element e[3];
    for (size_t i = 0; i < 3; i++) {
        ent_scalar_random(&k[i]);
        ent_element_base_mul(&e[i], &one);
    }
    ent_ct_secret(k, sizeof(k));
    ent_element_mul_one(e, &k[0], e, 3);
    return EXIT_SUCCESS;
}
