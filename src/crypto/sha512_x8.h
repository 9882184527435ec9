/*
 * sha512_x8.h: eight SHA-512 hashes side by side with AVX-512, inside crypto/ only, for the many
 * short messages of a batch. Messages are secret from the machine but for their lengths.
 */
#ifndef ENT_CRYPTO_SHA512_X8_H
#define ENT_CRYPTO_SHA512_X8_H

#include "base/base.h"

#include <sodium.h>

#if defined(__x86_64__)
#define ENT_HAVE_SHA512_X8 1

#define ENT_SHA512_X8_MAX 512 /* bytes of a message, with its padding */

struct ent_sha512_x8 {
    uint8_t m[8][ENT_SHA512_X8_MAX];
    size_t n[8];
};

/* Append to one lane's message; false, and nothing done, when it gets too long. */
ENT_MUST_USE bool ent_sha512_x8_put(struct ent_sha512_x8 *h, size_t lane, struct ent_slice s);

/* The eight hashes, each as if `from`, which stands between two blocks, had been fed the lane's
 * message. Lanes of unequal block counts are hashed one by one. h is used up. */
void ent_sha512_x8_end(uint8_t ret[static 8 * 64], struct ent_sha512_x8 *h,
                       const crypto_hash_sha512_state *from);
#endif

#endif
