/*
 * crypto: the primitives of the protocols. ristretto255, hashing to it, RFC 9497 OPRFs, signatures,
 * key derivation, boxes for keys at rest, Merkle roots.
 *
 * Promises: constant time in every secret (tests/ctime/), strict about encodings, no allocation.
 * Never: does I/O, allocates, or knows what the bytes mean.
 */
#ifndef ENT_CRYPTO_CRYPTO_H
#define ENT_CRYPTO_CRYPTO_H

#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/password.h"
#include "crypto/merkle.h"
#include "crypto/merkle_proof.h"
#include "crypto/oprf.h"
#include "crypto/poprf.h"

#endif
