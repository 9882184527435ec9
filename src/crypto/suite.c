/* suite.c: expand_message_xmd and the tags of RFC 9497. */
#include "crypto/crypto.h"
#include "crypto/sha512_x8.h"
#include "crypto/suite.h"

static const uint8_t length_and_zero[3] = {0, 64, 0}, one = 1;

static void tag_init(struct ent_suite_tag *t, const char *name, enum ent_oprf_mode mode)
{
    static const char head[] = "OPRFV1-", tail[] = "-ristretto255-SHA512";
    size_t n = strlen(name), m = sizeof(head) - 1, k = sizeof(tail) - 1;
    ENT_ASSERT(n + m + 1 + k + 1 <= sizeof(t->b));
    memcpy(t->b, name, n);
    memcpy(t->b + n, head, m);
    t->b[n + m] = (uint8_t)mode;
    memcpy(t->b + n + m + 1, tail, k);
    t->n = n + m + 1 + k + 1;
    t->b[t->n - 1] = (uint8_t)(t->n - 1);
}

void ent_suite_init(struct ent_suite *s, enum ent_oprf_mode mode)
{
    static const uint8_t zeros[128];
    (void)crypto_hash_sha512_init(&s->fresh);
    s->pad = s->fresh;
    (void)crypto_hash_sha512_update(&s->pad, zeros, sizeof(zeros));
    tag_init(&s->to_group, "HashToGroup-", mode);
    tag_init(&s->to_scalar, "HashToScalar-", mode);
    tag_init(&s->derive_key, "DeriveKeyPair", mode);
    tag_init(&s->seed, "Seed-", mode);
}

void ent_suite_expand(uint8_t ret64[static 64], const struct ent_suite *s,
                      const struct ent_suite_tag *tag, struct ent_slice msg)
{
    crypto_hash_sha512_state st = s->pad;
    uint8_t b0[64];
    (void)crypto_hash_sha512_update(&st, msg.p, msg.n);
    (void)crypto_hash_sha512_update(&st, length_and_zero, sizeof(length_and_zero));
    (void)crypto_hash_sha512_update(&st, tag->b, tag->n);
    (void)crypto_hash_sha512_final(&st, b0);
    /* ell = 1: 64 bytes are one hash. */
    st = s->fresh;
    (void)crypto_hash_sha512_update(&st, b0, sizeof(b0));
    (void)crypto_hash_sha512_update(&st, &one, 1);
    (void)crypto_hash_sha512_update(&st, tag->b, tag->n);
    (void)crypto_hash_sha512_final(&st, ret64);
    ent_wipe(b0, sizeof(b0));
    ent_wipe(&st, sizeof(st));
}

#ifdef ENT_HAVE_SHA512_X8
/* False when a message is too long for this. */
static bool expand_eight(uint8_t *ret, const struct ent_suite *s, const struct ent_suite_tag *tag,
                         const struct ent_slice *msg)
{
    struct ent_sha512_x8 h;
    uint8_t b0[8 * 64];
    bool fits = true;
    memset(h.n, 0, sizeof(h.n));
    for (size_t i = 0; i < 8 && fits; i++)
        fits = ent_sha512_x8_put(&h, i, msg[i]) &&
               ent_sha512_x8_put(&h, i, ent_slice(length_and_zero, sizeof(length_and_zero))) &&
               ent_sha512_x8_put(&h, i, ent_slice(tag->b, tag->n));
    if (!fits)
        return false;
    ent_sha512_x8_end(b0, &h, &s->pad);
    for (size_t i = 0; i < 8; i++)
        fits = ent_sha512_x8_put(&h, i, ent_slice(b0 + 64 * i, 64)) &&
               ent_sha512_x8_put(&h, i, ent_slice(&one, 1)) &&
               ent_sha512_x8_put(&h, i, ent_slice(tag->b, tag->n)) && fits;
    ENT_ASSERT(fits);
    ent_sha512_x8_end(ret, &h, &s->fresh);
    ent_wipe(b0, sizeof(b0));
    return true;
}
#endif

void ent_suite_expand_each(uint8_t *ret, const struct ent_suite *s, const struct ent_suite_tag *tag,
                           const struct ent_slice *msg, size_t n)
{
    for (size_t i = 0, done; i < n; i += done) {
        done = 1;
#ifdef ENT_HAVE_SHA512_X8
        if (n - i >= 8 && ent_cpu_level() == ENT_CPU_AVX512) {
            done = 8;
            if (expand_eight(ret + 64 * i, s, tag, msg + i))
                continue;
        }
#endif
        for (size_t j = i; j < i + done; j++)
            ent_suite_expand(ret + 64 * j, s, tag, msg[j]);
    }
}

void ent_suite_to_scalar(struct ent_scalar *ret, const struct ent_suite *s,
                         const struct ent_suite_tag *tag, struct ent_slice msg)
{
    uint8_t wide[64];
    ent_suite_expand(wide, s, tag, msg);
    ent_scalar_reduce(ret, wide);
    ent_wipe(wide, sizeof(wide));
}
