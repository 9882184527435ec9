/*
 * remember.h: whom the keeper recognised a moment ago, for the process that asks it, so that a tool
 * that asks a hundred times a second is not looked up a hundred times a second.
 *
 * Promises: only what the keeper let in is kept, never what it refused, for as long as the keeper
 * said, for one address, and not beyond a change of any account (epoch.h). No credential is kept:
 * only a hash of it under a key that this process made for itself and that ends with it.
 */
#ifndef ENT_NODE_REMEMBER_H
#define ENT_NODE_REMEMBER_H

#include "node/api_desk.h"

#define ENT_REMEMBER_ROWS 256u

/* Under what somebody is remembered, and since which epoch. */
struct ent_remember_key {
    struct ent_hash32 hash;
    uint64_t epoch;
};

struct ent_remembered {
    struct ent_api_who who;
    /* What the keeper said of itself to this one: rows of TAXII's discovery; 0: nothing yet. */
    size_t n;
    uint8_t rows[ENT_REMEMBER_ROWS];
};

/* Threads may share one. */
struct ent_remember;
ENT_MUST_USE enum ent_err ent_remember_new(struct ent_remember **ret);
void ent_remember_free(struct ent_remember *m);

/* To be made before the keeper is asked: what changes while it answers makes the key an old one.
 * ENT_E_LIMIT for what has no bytes. */
ENT_MUST_USE enum ent_err ent_remember_key(const struct ent_remember *m,
                                           struct ent_remember_key *ret,
                                           const struct ent_credential *c,
                                           const uint8_t from16[static 16], uint64_t epoch);
bool ent_remember_find(struct ent_remember *m, struct ent_remembered *ret,
                       const struct ent_remember_key *k, uint64_t now_ns);
/* For who->keep seconds, which may be none. */
void ent_remember_add(struct ent_remember *m, const struct ent_remember_key *k,
                      const struct ent_api_who *who, uint64_t now_ns);
/* Rows that are too long are not kept, and neither are those for somebody who is not. */
void ent_remember_rows(struct ent_remember *m, const struct ent_remember_key *k,
                       struct ent_slice rows);
void ent_remember_drop(struct ent_remember *m, const struct ent_remember_key *k);

#endif
