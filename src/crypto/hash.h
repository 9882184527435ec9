/* hash.h: SHA-256 and SHA-512 over pieces, and HMAC-based key derivation (RFC 5869). */
#ifndef ENT_CRYPTO_HASH_H
#define ENT_CRYPTO_HASH_H

#include "base/base.h"

#include <sodium.h>

struct ent_hash32 {
    uint8_t b[32];
};

struct ent_sha256 {
    crypto_hash_sha256_state st;
};

void ent_sha256_init(struct ent_sha256 *h);
void ent_sha256_add(struct ent_sha256 *h, struct ent_slice s);
void ent_sha256_end(struct ent_sha256 *h, struct ent_hash32 *ret); /* wipes the state */
void ent_sha256_of(struct ent_hash32 *ret, struct ent_slice s);

/* HKDF-SHA-512 (RFC 5869) with an empty salt: n <= 255*64 bytes from a secret and a public info
 * that names the purpose. */
void ent_hkdf(uint8_t *ret, size_t n, struct ent_slice secret, struct ent_slice info);

#endif
