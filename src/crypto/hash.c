/* hash.c: SHA-256 and HKDF on libsodium. */
#include "crypto/crypto.h"

void ent_sha256_init(struct ent_sha256 *h)
{
    (void)crypto_hash_sha256_init(&h->st);
}

void ent_sha256_add(struct ent_sha256 *h, struct ent_slice s)
{
    (void)crypto_hash_sha256_update(&h->st, s.p, s.n);
}

void ent_sha256_end(struct ent_sha256 *h, struct ent_hash32 *ret)
{
    (void)crypto_hash_sha256_final(&h->st, ret->b);
    ent_wipe(h, sizeof(*h));
}

void ent_sha256_of(struct ent_hash32 *ret, struct ent_slice s)
{
    (void)crypto_hash_sha256(ret->b, s.p, s.n);
}

void ent_hkdf(uint8_t *ret, size_t n, struct ent_slice secret, struct ent_slice info)
{
    static const uint8_t no_salt[64];
    crypto_auth_hmacsha512_state st;
    uint8_t prk[64], t[64];
    ENT_ASSERT(n <= 255 * sizeof(t));
    (void)crypto_auth_hmacsha512_init(&st, no_salt, sizeof(no_salt));
    (void)crypto_auth_hmacsha512_update(&st, secret.p, secret.n);
    (void)crypto_auth_hmacsha512_final(&st, prk);
    for (uint8_t i = 1; n > 0; i++) {
        size_t take = n < sizeof(t) ? n : sizeof(t);
        (void)crypto_auth_hmacsha512_init(&st, prk, sizeof(prk));
        if (i > 1)
            (void)crypto_auth_hmacsha512_update(&st, t, sizeof(t));
        (void)crypto_auth_hmacsha512_update(&st, info.p, info.n);
        (void)crypto_auth_hmacsha512_update(&st, &i, 1);
        (void)crypto_auth_hmacsha512_final(&st, t);
        memcpy(ret, t, take);
        ret += take;
        n -= take;
    }
    ent_wipe(&st, sizeof(st));
    ent_wipe(prk, sizeof(prk));
    ent_wipe(t, sizeof(t));
}
