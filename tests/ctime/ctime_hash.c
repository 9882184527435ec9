/* ctime_hash.c: hashing to an element and adding elements are constant time in the bytes. */
#include "crypto/crypto.h"

int main(void)
{
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    uint8_t wide[2][64];
    struct ent_element e[2];
    ent_random(wide, sizeof(wide));
    ent_ct_secret(wide, sizeof(wide));
    if (ent_element_from_hash_each(e, wide[0], 2) != ENT_OK ||
        ent_element_add(&e[0], &e[0], &e[1]) != ENT_OK ||
        ent_element_sub(&e[0], &e[0], &e[1]) != ENT_OK ||
        ent_element_add_each(&e[0], &e[1], 1) != ENT_OK)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
