/*
 * terms.h: what the two sides agree on before the first protocol byte: the bodies of the offer,
 * accept, refuse and result statements, and the session id that binds a run to them. Canonical
 * lines; encode(parse(x)) == x or the bytes are refused.
 */
#ifndef ENT_MATCH_TERMS_H
#define ENT_MATCH_TERMS_H

#include "pact/pact.h"
#include "intel/intel.h"

#define ENT_MATCH_ITEMS_MOST  100000000u /* of one side in one run, whatever the pact says */
#define ENT_MATCH_LABELS_MOST 65536u

#define ENT_MEDIA_OFFER  "text/entente-match-offer"
#define ENT_MEDIA_ACCEPT "text/entente-match-accept"
#define ENT_MEDIA_REFUSE "text/entente-match-refuse"
#define ENT_MEDIA_RESULT "text/entente-match-result"

struct ent_nonce32 {
    uint8_t b[32];
};

struct ent_match_offer {
    char to[ENT_NAME_MAX + 1]; /* who is asked: an offer to one is worth nothing to another */
    uint32_t types;            /* ENT_OBS_BIT()s that are compared */
    uint64_t items;            /* exactly how many will be asked */
    struct ent_nonce32 nonce;
    struct ent_hash32 root; /* salted Merkle root over the asker's set */
};

struct ent_match_accept {
    uint64_t items;         /* the holder's set, with padding */
    uint64_t labels;        /* entries of the label table, with padding */
    struct ent_element key; /* VOPRF public key of this run alone */
    struct ent_nonce32 nonce;
    struct ent_hash32 root; /* salted Merkle root over the holder's set */
};

struct ent_match_result {
    uint64_t asked;
    struct ent_hash32 commitment; /* asker: to its hits; holder: to the filter it served */
};

ENT_MUST_USE enum ent_err ent_match_offer_encode(struct ent_buf *b,
                                                 const struct ent_match_offer *o);
ENT_MUST_USE enum ent_err ent_match_offer_parse(struct ent_match_offer *ret, struct ent_slice s);
ENT_MUST_USE enum ent_err ent_match_accept_encode(struct ent_buf *b,
                                                  const struct ent_match_accept *a);
ENT_MUST_USE enum ent_err ent_match_accept_parse(struct ent_match_accept *ret, struct ent_slice s);
ENT_MUST_USE enum ent_err ent_match_refuse_encode(struct ent_buf *b, enum ent_verdict why);
ENT_MUST_USE enum ent_err ent_match_refuse_parse(enum ent_verdict *ret, struct ent_slice s);
ENT_MUST_USE enum ent_err ent_match_result_encode(struct ent_buf *b,
                                                  const struct ent_match_result *res);
ENT_MUST_USE enum ent_err ent_match_result_parse(struct ent_match_result *ret, struct ent_slice s);

/*
 * sid = SHA256("entente/match/v1" || nonces || names || pact hashes || offer leaf || accept leaf),
 * each name preceded by its length in one byte. The asker's things come first.
 */
void ent_match_sid(struct ent_hash32 *ret, const struct ent_act *offer,
                   const struct ent_match_offer *o, const struct ent_act *accept,
                   const struct ent_match_accept *a);

/* The committed inputs: a Merkle root over salt_i || item_i with salt_i = SHA256(seed || i). One
 * leaf can be opened later without giving the others away to a guesser. */
struct ent_commitment {
    struct ent_merkle tree;
    struct ent_seed32 seed; /* secret */
};
void ent_commitment_init(struct ent_commitment *c);
void ent_commitment_add(struct ent_commitment *c, struct ent_slice item);

#endif
