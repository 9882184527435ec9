/*
 * keys.h: Ed25519 signatures under one rule for everyone, seeds derived from seeds, and secrets at
 * rest under a passphrase.
 */
#ifndef ENT_CRYPTO_KEYS_H
#define ENT_CRYPTO_KEYS_H

#include "crypto/hash.h"

struct ent_pubkey {
    uint8_t b[32];
};

/* A seed with its public key, which costs as much as a signature: for keys that sign often. Secret.
 * Never put together by hand: a signature under a public key of another seed gives the seed away.
 */
struct ent_keypair {
    struct ent_seed32 seed;
    struct ent_pubkey pk;
};
void ent_keypair_init(struct ent_keypair *ret, const struct ent_seed32 *seed);

void ent_sign_public(struct ent_pubkey *ret, const struct ent_seed32 *seed);
void ent_sign(uint8_t sig[static 64], const struct ent_seed32 *seed, struct ent_slice msg);
void ent_sign_by(uint8_t sig[static 64], const struct ent_keypair *key, struct ent_slice msg);

/*
 * The pinned rule: the public key is a valid point of the prime-order subgroup
 * (crypto_core_ed25519_is_valid_point) and libsodium's check accepts the signature. Verifiers
 * disagree on edge cases; a signature that is good for half the members is a weapon.
 */
ENT_MUST_USE enum ent_err ent_sign_check(const struct ent_pubkey *pk, const uint8_t sig[static 64],
                                         struct ent_slice msg);
ENT_MUST_USE enum ent_err ent_pubkey_check(const struct ent_pubkey *pk);

/* A seed for one purpose from a seed for all (crypto_kdf). context has exactly 8 characters. */
void ent_seed_derive(struct ent_seed32 *ret, const struct ent_seed32 *from, uint64_t id,
                     const char *context);

/*
 * A 32-byte secret at rest: Argon2id(passphrase, salt) with 128 MiB and 4 passes, then
 * XChaCha20-Poly1305 with the whole header as associated data. Layout: salt 16, ops u64le,
 * mem u64le, nonce 24, ciphertext 32, tag 16. The costs are read from the file: seeds that were
 * locked at another cost stay readable.
 */
#define ENT_LOCKED_SEED 104
ENT_MUST_USE enum ent_err ent_seed_lock(uint8_t ret[static ENT_LOCKED_SEED],
                                        const struct ent_seed32 *seed, struct ent_slice passphrase);
/* ENT_E_AUTH for a wrong passphrase or damaged bytes, ENT_E_LIMIT for a cost above "sensitive"
 * (a file that was swapped must not eat the machine). */
ENT_MUST_USE enum ent_err ent_seed_unlock(struct ent_seed32 *ret,
                                          const uint8_t locked[static ENT_LOCKED_SEED],
                                          struct ent_slice passphrase);

#endif
