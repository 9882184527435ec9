/* ctime_scalar.c: scalar arithmetic is constant time. */
#include "crypto/crypto.h"
#include "crypto/scalar.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    struct ent_scalar a[3], inverse[3], s;
    uint8_t wide[64];
    for (size_t i = 0; i < 3; i++)
        ent_scalar_random(&a[i]);
    ent_random(wide, sizeof(wide));
    ent_ct_secret(a, sizeof(a));
    ent_ct_secret(wide, sizeof(wide));
    ent_scalar_invert_each(inverse, a, 3);
    ent_scalar_add(&s, &a[0], &a[1]);
    ent_scalar_sub(&s, &s, &a[2]);
    ent_scalar_mul(&s, &s, &inverse[0]);
    ent_scalar_reduce(&a[0], wide);
    (void)ent_scalar_is_zero(&a[0]);
    return EXIT_SUCCESS;
}
