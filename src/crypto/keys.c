/* keys.c: Ed25519 and secrets at rest, on libsodium. */
#include "crypto/crypto.h"

#include <errno.h>

/* libsodium's secret key is the seed and the public key behind it. */
_Static_assert(sizeof(struct ent_keypair) == crypto_sign_ed25519_SECRETKEYBYTES &&
                   offsetof(struct ent_keypair, pk) == crypto_sign_ed25519_SEEDBYTES,
               "a pair is libsodium's secret key");

void ent_keypair_init(struct ent_keypair *ret, const struct ent_seed32 *seed)
{
    uint8_t pk[crypto_sign_ed25519_PUBLICKEYBYTES];
    (void)crypto_sign_ed25519_seed_keypair(pk, (uint8_t *)ret, seed->b);
}

void ent_sign_public(struct ent_pubkey *ret, const struct ent_seed32 *seed)
{
    struct ent_keypair key;
    ent_keypair_init(&key, seed);
    *ret = key.pk;
    ent_wipe(&key, sizeof(key));
}

void ent_sign(uint8_t sig[static 64], const struct ent_seed32 *seed, struct ent_slice msg)
{
    struct ent_keypair key;
    ent_keypair_init(&key, seed);
    ent_sign_by(sig, &key, msg);
    ent_wipe(&key, sizeof(key));
}

void ent_sign_by(uint8_t sig[static 64], const struct ent_keypair *key, struct ent_slice msg)
{
    (void)crypto_sign_ed25519_detached(sig, NULL, msg.p, msg.n, (const uint8_t *)key);
}

enum ent_err ent_pubkey_check(const struct ent_pubkey *pk)
{
    return crypto_core_ed25519_is_valid_point(pk->b) == 1 ? ENT_OK : ENT_E_AUTH;
}

/* Whether a key is valid depends on the key alone and costs nearly as much as a signature, and
 * whoever checks a log has thousands of signatures by one key: each thread remembers the last
 * valid ones. */
static enum ent_err check_key(const struct ent_pubkey *pk)
{
    static _Thread_local struct {
        bool valid; /* or a key of zeros, which is none, would be known from the start */
        struct ent_pubkey pk;
    } known[16];
    const size_t at = pk->b[0] % (sizeof(known) / sizeof(known[0]));
    if (known[at].valid && memcmp(known[at].pk.b, pk->b, sizeof(pk->b)) == 0)
        return ENT_OK;
    enum ent_err r = ent_pubkey_check(pk);
    if (r == ENT_OK) {
        known[at].pk = *pk;
        known[at].valid = true;
    }
    return r;
}

enum ent_err ent_sign_check(const struct ent_pubkey *pk, const uint8_t sig[static 64],
                            struct ent_slice msg)
{
    enum ent_err r = check_key(pk);
    if (r == ENT_OK && crypto_sign_ed25519_verify_detached(sig, msg.p, msg.n, pk->b) != 0)
        r = ENT_E_AUTH;
    return r;
}

void ent_seed_derive(struct ent_seed32 *ret, const struct ent_seed32 *from, uint64_t id,
                     const char *context)
{
    ENT_ASSERT(strlen(context) == crypto_kdf_CONTEXTBYTES);
    (void)crypto_kdf_derive_from_key(ret->b, sizeof(ret->b), id, context, from->b);
}

/* Offsets in a locked seed; everything before the ciphertext is associated data. */
enum { AT_SALT = 0, AT_OPS = 16, AT_MEM = 24, AT_NONCE = 32, AT_BOX = 56 };

static enum ent_err stretch(struct ent_seed32 *ret, const uint8_t *locked, uint64_t ops,
                            uint64_t mem, struct ent_slice passphrase)
{
    errno = 0;
    if (crypto_pwhash(ret->b, sizeof(ret->b), (const char *)passphrase.p, passphrase.n,
                      locked + AT_SALT, ops, (size_t)mem, crypto_pwhash_ALG_ARGON2ID13) == 0)
        return ENT_OK;
    /* Costs below libsodium's least can only come from damage. */
    return errno == EINVAL ? ENT_E_AUTH : ENT_E_NOMEM;
}

/* Twice what RFC 9106 section 4 recommends where memory is scarce (64 MiB, 3 passes), and half of
 * libsodium's "moderate": a node is promised to stay below 256 MiB, and unlocking is part of it. */
#define LOCK_OPS 4u
#define LOCK_MEM (128u << 20)

enum ent_err ent_seed_lock(uint8_t ret[static ENT_LOCKED_SEED], const struct ent_seed32 *seed,
                           struct ent_slice passphrase)
{
    uint8_t out[ENT_LOCKED_SEED];
    struct ent_seed32 key;
    ent_random(out + AT_SALT, AT_OPS - AT_SALT);
    ent_put_u64le(out + AT_OPS, LOCK_OPS);
    ent_put_u64le(out + AT_MEM, LOCK_MEM);
    ent_random(out + AT_NONCE, AT_BOX - AT_NONCE);
    enum ent_err r = stretch(&key, out, LOCK_OPS, LOCK_MEM, passphrase);
    if (r != ENT_OK)
        return r;
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + AT_BOX, NULL, seed->b, sizeof(seed->b),
                                                     out, AT_BOX, NULL, out + AT_NONCE, key.b);
    ent_wipe(&key, sizeof(key));
    memcpy(ret, out, sizeof(out));
    return ENT_OK;
}

enum ent_err ent_seed_unlock(struct ent_seed32 *ret, const uint8_t locked[static ENT_LOCKED_SEED],
                             struct ent_slice passphrase)
{
    struct ent_cur c = ent_cur(ent_slice(locked + AT_OPS, AT_NONCE - AT_OPS));
    struct ent_seed32 key, seed;
    uint64_t ops, mem;
    enum ent_err r;
    if ((r = ent_cur_u64le(&c, &ops)) != ENT_OK || (r = ent_cur_u64le(&c, &mem)) != ENT_OK)
        return r;
    if (ops > crypto_pwhash_OPSLIMIT_SENSITIVE || mem > crypto_pwhash_MEMLIMIT_SENSITIVE)
        return ENT_E_LIMIT;
    if ((r = stretch(&key, locked, ops, mem, passphrase)) != ENT_OK)
        return r;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(seed.b, NULL, NULL, locked + AT_BOX,
                                                   ENT_LOCKED_SEED - AT_BOX, locked, AT_BOX,
                                                   locked + AT_NONCE, key.b) != 0)
        r = ENT_E_AUTH;
    else
        *ret = seed;
    ent_wipe(&key, sizeof(key));
    ent_wipe(&seed, sizeof(seed));
    return r;
}
