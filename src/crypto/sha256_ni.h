/* sha256_ni.h: SHA-256 with the CPU's own instructions, inside crypto/ only. */
#ifndef ENT_CRYPTO_SHA256_NI_H
#define ENT_CRYPTO_SHA256_NI_H

#include "base/base.h"

#if defined(__x86_64__)
#define ENT_HAVE_SHA_NI 1

/* Whether this machine has them, and the dispatch is not held at "portable". */
bool ent_sha256_ni_usable(void);

/* n blocks of 64 bytes into the chaining state. */
void ent_sha256_ni_blocks(uint32_t state[static 8], const uint8_t *p, size_t n);
#endif

#endif
