/* hash.c: SHA-256, on the CPU's instructions or libsodium, and HKDF on libsodium. */
#include "crypto/crypto.h"
#include "crypto/sha256_ni.h"

void ent_sha256_init(struct ent_sha256 *h)
{
    (void)crypto_hash_sha256_init(&h->st);
}

#ifdef ENT_HAVE_SHA_NI
/* On libsodium's state (chaining value, count of bits, partial block), so that either may go on
 * where the other stopped. */
static void add_ni(crypto_hash_sha256_state *st, const uint8_t *p, size_t n)
{
    size_t have = (size_t)(st->count / 8 % 64);
    st->count += (uint64_t)n * 8;
    if (have > 0 && n >= 64 - have) {
        size_t take = 64 - have;
        memcpy(st->buf + have, p, take);
        ent_sha256_ni_blocks(st->state, st->buf, 1);
        p += take;
        n -= take;
        have = 0;
    }
    if (have == 0 && n >= 64) {
        ent_sha256_ni_blocks(st->state, p, n / 64);
        p += n - n % 64;
        n %= 64;
    }
    if (n > 0)
        memcpy(st->buf + have, p, n);
}

static void put_u32be(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void end_ni(crypto_hash_sha256_state *st, uint8_t ret[static 32])
{
    static const uint8_t pad[64] = {0x80};
    uint8_t bits[8];
    size_t have = (size_t)(st->count / 8 % 64);
    put_u32be(bits, (uint32_t)(st->count >> 32));
    put_u32be(bits + 4, (uint32_t)st->count);
    add_ni(st, pad, have < 56 ? 56 - have : 120 - have);
    add_ni(st, bits, sizeof(bits));
    for (size_t i = 0; i < 8; i++)
        put_u32be(ret + 4 * i, st->state[i]);
}
#endif

void ent_sha256_add(struct ent_sha256 *h, struct ent_slice s)
{
#ifdef ENT_HAVE_SHA_NI
    if (ent_sha256_ni_usable()) {
        add_ni(&h->st, s.p, s.n);
        return;
    }
#endif
    (void)crypto_hash_sha256_update(&h->st, s.p, s.n);
}

void ent_sha256_end(struct ent_sha256 *h, struct ent_hash32 *ret)
{
#ifdef ENT_HAVE_SHA_NI
    if (ent_sha256_ni_usable()) {
        end_ni(&h->st, ret->b);
        ent_wipe(h, sizeof(*h));
        return;
    }
#endif
    (void)crypto_hash_sha256_final(&h->st, ret->b);
    ent_wipe(h, sizeof(*h));
}

void ent_sha256_of(struct ent_hash32 *ret, struct ent_slice s)
{
    struct ent_sha256 h;
    ent_sha256_init(&h);
    ent_sha256_add(&h, s);
    ent_sha256_end(&h, ret);
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
