/* ctime_mul_each.c: multiplying by a scalar each is constant time in them, and in the elements. */
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
    ent_ct_secret(e, sizeof(e));
    ent_element_mul_each(e, k, e, 3);
    return EXIT_SUCCESS;
}
