/*
 * secret.h: randomness, wiping, and memory for long-lived secrets.
 *
 * A secret has a type of its own (struct ent_seed32 here, struct ent_scalar in crypto/), and there
 * is no function that prints or compares one.
 */
#ifndef ENT_BASE_SECRET_H
#define ENT_BASE_SECRET_H

#include <entente/entente.h>

/* Start libsodium; ENT_E_UNSUPPORTED when the machine gives no randomness. Call before threads. */
ENT_MUST_USE enum ent_err ent_secret_start(void);

/* No core dumps and no ptrace of this process from now on (prctl and rlimit). */
void ent_secret_harden_process(void);

void ent_random(void *ret, size_t n);
void ent_wipe(void *p, size_t n);

/* 32 secret bytes: a seed or a symmetric key. */
struct ent_seed32 {
    uint8_t b[32];
};

/* Guarded, locked memory (sodium_malloc); NULL when there is none. Wiped by its free. */
ENT_MUST_USE void *ent_secret_alloc(size_t n);
void ent_secret_free(void *p);

#endif
