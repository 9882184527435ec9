/*
 * chain.h: all versions of a pact, from the first on, as one file.
 *
 *     entente/pact-chain@v1
 *     version <length>
 *     <the version's bytes>
 *     version <length>
 *     ...
 *
 * Two different texts that both have the votes for one version are never chosen between: whoever
 * finds them stops and shows who voted for which.
 */
#ifndef ENT_PACT_CHAIN_H
#define ENT_PACT_CHAIN_H

#include "pact/version.h"

#define ENT_CHAIN_MAX (64u << 20)

struct ent_chain_link {
    size_t at, n; /* where the version lies in the file */
    struct ent_hash32 hash;
};

struct ent_chain {
    struct ent_buf file;
    struct ent_chain_link *link; /* link[i] is version i + 1 */
    size_t versions;
    struct ent_pact *newest; /* NULL while there is none */
};

/* Two texts for one version, and who voted for each. */
struct ent_chain_split {
    uint64_t version;
    struct ent_hash32 hash[2];
    struct ent_signers by[2];
};

void ent_chain_init(struct ent_chain *c);
void ent_chain_release(struct ent_chain *c);

/*
 * One more version. ENT_E_EXISTS for a text that is there already, with whatever votes; the errors
 * of ent_pact_parse(); ENT_E_STATE for another text with enough votes for a version that is there:
 * then split (or NULL) is filled, and nothing is added.
 */
ENT_MUST_USE enum ent_err ent_chain_add(struct ent_chain *c, struct ent_chain_split *split,
                                        struct ent_slice bytes, struct ent_diag *d);

/* A whole file. c is empty after an error. */
ENT_MUST_USE enum ent_err ent_chain_parse(struct ent_chain *c, struct ent_chain_split *split,
                                          struct ent_slice file, struct ent_diag *d);

/* The file; nothing while there is no version. */
struct ent_slice ent_chain_file(const struct ent_chain *c);
/* The bytes of one version, from 1. Empty for one that is not there. */
struct ent_slice ent_chain_version(const struct ent_chain *c, uint64_t version);

/* Read a version again, which was verified when it came in. ENT_E_NOTFOUND. ret is large. */
ENT_MUST_USE enum ent_err ent_chain_pact(const struct ent_chain *c, struct ent_pact *ret,
                                         uint64_t version);

#endif
