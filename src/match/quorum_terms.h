/*
 * quorum_terms.h: what the members of a quorum say after its offer (quorum_offer.h), each a signed
 * statement, and the name of the run that binds all of it. Canonical lines; encode(parse(x)) == x
 * or the bytes are refused.
 *
 * Every body names the leaf of the offer, or the run. Clocks differ, so each member may have seen
 * another set of acceptances when the deadline came: the collector says in `begin` which count. It
 * can leave somebody out, but its signature stands under that, beside the other's acceptance.
 */
#ifndef ENT_MATCH_QUORUM_TERMS_H
#define ENT_MATCH_QUORUM_TERMS_H

#include "match/quorum_offer.h"

#define ENT_MEDIA_QUORUM_ACCEPT   "text/entente-quorum-accept"
#define ENT_MEDIA_QUORUM_REFUSE   "text/entente-quorum-refuse"
#define ENT_MEDIA_QUORUM_KEY      "text/entente-quorum-key"
#define ENT_MEDIA_QUORUM_BEGIN    "text/entente-quorum-begin"
#define ENT_MEDIA_QUORUM_LEFT_OUT "text/entente-quorum-left-out"
#define ENT_MEDIA_QUORUM_RESULT   "text/entente-quorum-result"
#define ENT_MEDIA_QUORUM_TAKEN    "text/entente-quorum-taken"

#define ENT_QUORUM_BODY_MAX 8192u

/* A participant takes part. */
struct ent_quorum_accept {
    struct ent_hash32 offer;
    uint32_t items;         /* as many evaluations as it will ask for: at most M, padded */
    struct ent_hash32 root; /* salted Merkle root over its set, with the padding */
};

/* Anybody who is named does not. */
struct ent_quorum_refuse {
    struct ent_hash32 offer;
    enum ent_quorum_reason why; /* never ENT_QUORUM_FINE */
    enum ent_verdict verdict;   /* for ENT_QUORUM_PACT, else ENT_ALLOWED */
};

/* A key holder's public key, of this run alone. */
struct ent_quorum_key {
    struct ent_hash32 offer;
    struct ent_element key;
};

/* The collector: which acceptances and keys this run has. */
struct ent_quorum_begin {
    struct ent_hash32 offer;
    uint64_t present;                             /* bit i-1: participant i takes part */
    struct ent_hash32 accept[ENT_QUORUM_MEMBERS]; /* leaves; zeros for who is left out */
    uint32_t holders;
    struct ent_hash32 key[ENT_QUORUM_HOLDERS];
};

/* What a member was seen to do wrong: docs/quorum.md says who sees which. */
enum ent_quorum_fault {
    ENT_QUORUM_NO_FAULT = 0,
    ENT_QUORUM_SILENT,    /* nothing came */
    ENT_QUORUM_LATE,      /* something came after its deadline */
    ENT_QUORUM_MALFORMED, /* bytes that no honest member sends */
    ENT_QUORUM_EXCESS,    /* more evaluations than it announced, or others under a used number */
    ENT_QUORUM_REPEATED,  /* an element twice */
    ENT_QUORUM_FOREIGN,   /* somebody else's share index */
    ENT_QUORUM_PROOF,     /* a key holder: evaluated under another key than it signed */
    ENT_QUORUM_ANSWER,    /* a collector: answers that it did not commit to, or that lie */
    ENT_QUORUM_CONTRARY   /* two statements of which one must be untrue */
};
#define ENT_QUORUM_FAULTS 10
const char *ent_quorum_fault_word(enum ent_quorum_fault f);
const char *ent_quorum_fault_text(enum ent_quorum_fault f);
ENT_MUST_USE enum ent_err ent_quorum_fault_parse(enum ent_quorum_fault *ret, struct ent_slice word);
/* Whoever sees it ends its own part towards who did it: not for silence, delay and contrary words.
 */
bool ent_quorum_fault_ends(enum ent_quorum_fault f);

/* By whoever saw it. */
struct ent_quorum_left_out {
    struct ent_hash32 offer;
    char member[ENT_NAME_MAX + 1];
    enum ent_quorum_fault fault; /* never ENT_QUORUM_NO_FAULT */
};

/* The collector, when all is computed. */
struct ent_quorum_result {
    struct ent_hash32 run;
    uint64_t positions; /* cells that showed something, each set counted */
    uint64_t present;   /* whose shares were in it */
    struct ent_hash32 answer[ENT_QUORUM_MEMBERS]; /* commitment to what each of them gets */
};

/* A participant, when it has its answer. How many items that were stays its own. */
struct ent_quorum_taken {
    struct ent_hash32 run;
    struct ent_hash32 commitment; /* SHA256(0x02 || salt || items, each with a newline) */
};

ENT_MUST_USE enum ent_err ent_quorum_accept_encode(struct ent_buf *b,
                                                   const struct ent_quorum_accept *a);
ENT_MUST_USE enum ent_err ent_quorum_accept_parse(struct ent_quorum_accept *ret,
                                                  struct ent_slice s);
ENT_MUST_USE enum ent_err ent_quorum_refuse_encode(struct ent_buf *b,
                                                   const struct ent_quorum_refuse *f);
ENT_MUST_USE enum ent_err ent_quorum_refuse_parse(struct ent_quorum_refuse *ret,
                                                  struct ent_slice s);
ENT_MUST_USE enum ent_err ent_quorum_key_encode(struct ent_buf *b, const struct ent_quorum_key *k);
ENT_MUST_USE enum ent_err ent_quorum_key_parse(struct ent_quorum_key *ret, struct ent_slice s);
ENT_MUST_USE enum ent_err ent_quorum_begin_encode(struct ent_buf *b,
                                                  const struct ent_quorum_begin *g);
ENT_MUST_USE enum ent_err ent_quorum_begin_parse(struct ent_quorum_begin *ret, struct ent_slice s);
ENT_MUST_USE enum ent_err ent_quorum_left_out_encode(struct ent_buf *b,
                                                     const struct ent_quorum_left_out *o);
ENT_MUST_USE enum ent_err ent_quorum_left_out_parse(struct ent_quorum_left_out *ret,
                                                    struct ent_slice s);
ENT_MUST_USE enum ent_err ent_quorum_result_encode(struct ent_buf *b,
                                                   const struct ent_quorum_result *res);
ENT_MUST_USE enum ent_err ent_quorum_result_parse(struct ent_quorum_result *ret,
                                                  struct ent_slice s);
ENT_MUST_USE enum ent_err ent_quorum_taken_encode(struct ent_buf *b,
                                                  const struct ent_quorum_taken *t);
ENT_MUST_USE enum ent_err ent_quorum_taken_parse(struct ent_quorum_taken *ret, struct ent_slice s);

/* A participant's announcement fits the offer: ENT_E_LIMIT for more than M, ENT_E_FORMAT for a
 * number that the agreed padding never gives. */
ENT_MUST_USE enum ent_err ent_quorum_accept_check(const struct ent_quorum_accept *a,
                                                  const struct ent_quorum_offer *o);

/*
 * sid = SHA256("entente/quorum/v1" || offer leaf || for each index u8 1 || accept leaf, or u8 0 ||
 * 32 zeros || for each key holder its key leaf). `members` are the offer's.
 */
void ent_quorum_sid(struct ent_hash32 *ret, const struct ent_quorum_begin *g, uint32_t members);

#endif
