/*
 * suite.h: hashing in the suite ristretto255-SHA512 (RFC 9497 section 4.1), inside crypto/ only:
 * HashToGroup and HashToScalar over expand_message_xmd (RFC 9380 section 5.3.1) with SHA-512.
 */
#ifndef ENT_CRYPTO_SUITE_H
#define ENT_CRYPTO_SUITE_H

#include "crypto/oprf.h"
#include "crypto/scalar.h"

#include <sodium.h>

#define ENT_SUITE_TAG_MAX 48

/* A domain separation tag with its length byte behind it (DST_prime). */
struct ent_suite_tag {
    uint8_t b[ENT_SUITE_TAG_MAX];
    size_t n; /* with the length byte */
};

/* What does not depend on the message: made once for a batch. */
struct ent_suite {
    crypto_hash_sha512_state fresh; /* at the start */
    crypto_hash_sha512_state pad;   /* after Z_pad, one block of zeros */
    struct ent_suite_tag to_group, to_scalar, derive_key, seed;
};

void ent_suite_init(struct ent_suite *s, enum ent_oprf_mode mode);

/* 64 uniform bytes: what HashToGroup and HashToScalar reduce. */
void ent_suite_expand(uint8_t ret64[static 64], const struct ent_suite *s,
                      const struct ent_suite_tag *tag, struct ent_slice msg);
/* The same for n messages; ret has 64*n bytes. */
void ent_suite_expand_each(uint8_t *ret, const struct ent_suite *s, const struct ent_suite_tag *tag,
                           const struct ent_slice *msg, size_t n);
void ent_suite_to_scalar(struct ent_scalar *ret, const struct ent_suite *s,
                         const struct ent_suite_tag *tag, struct ent_slice msg);

/* I2OSP(n, 2) */
static inline void ent_put_u16be(uint8_t *p, size_t n)
{
    p[0] = (uint8_t)(n >> 8);
    p[1] = (uint8_t)n;
}

#endif
