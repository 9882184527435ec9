/*
 * version.h: the pact that all members share, one text in versions, each decided by the votes of
 * its members.
 *
 *     entente/pact@v2
 *     version <n>
 *     id <base64>                                  (from version 2 on)
 *     prev <base64>                                (from version 2 on)
 *     name <text>
 *     algorithms ed25519 sha256 ristretto255-sha512
 *     expires <unix seconds or ->
 *     threshold members <n>
 *     threshold rules <n>
 *     threshold disputes <n>
 *     witnesses <k>
 *     budget <items> <seconds>
 *     minimum <TLP>
 *     <the rule of quorums, see quorum_rule.h, or nothing>
 *     <members, see member.h, sorted by name>
 *     dispute <member> <generation> <from> <until or -> <reason>        (sorted, at most 64)
 *
 * and below an empty line the precommits that decided it (vote.h), all of one round.
 */
#ifndef ENT_PACT_VERSION_H
#define ENT_PACT_VERSION_H

#include "intel/intel.h"
#include "pact/member.h"
#include "pact/quorum_rule.h"
#include "pact/vote.h"

#define ENT_PACT_MEMBERS  ENT_ROSTER_MEMBERS
#define ENT_PACT_PANEL    32u
#define ENT_PACT_DISPUTES 64u
#define ENT_PACT_NAME_MAX 96u
#define ENT_REASON_MAX    160u
#define ENT_PACT_MAX      (256u << 10)            /* a version with its votes */
#define ENT_PACT_TEXT_MAX (ENT_PACT_MAX - 12288u) /* without them: 64 lines have room */

/* How many items one partner may put into matches in one period; periods are aligned to 1970. */
struct ent_budget {
    uint64_t items;
    uint64_t seconds;
};
#define ENT_BUDGET_ITEMS   1000000u
#define ENT_BUDGET_SECONDS ((uint64_t)30 * 86400)

/* What a version changes, and whose votes it takes: each has a threshold. Changing the threshold of
 * a class takes that of this class, too. */
enum ent_change {
    ENT_CHANGE_MEMBERS, /* who, with which keys and addresses, and the panel */
    ENT_CHANGE_RULES,   /* name, expiry, thresholds, witnesses, budget, minimum, quorums */
    ENT_CHANGE_DISPUTES
};
#define ENT_CHANGES 3
const char *ent_change_word(enum ent_change c); /* "members" */

/* Entries from `from` on and before `until` of this log are in dispute. */
struct ent_dispute {
    char member[ENT_NAME_MAX + 1]; /* or one that was removed */
    unsigned generation;
    uint64_t from, until; /* ENT_INDEX_NONE: no end */
    char reason[ENT_REASON_MAX + 1];
};

struct ent_pact {
    uint64_t version;
    struct ent_hash32 id;   /* hash of version 1's text, in version 1 too */
    struct ent_hash32 prev; /* hash of the text before; zeros in version 1 */
    struct ent_hash32 hash; /* of this text without the votes: members may hold different sets of
                               votes for one text, and must not disagree about its name */
    uint32_t round;         /* in which it was decided; 0 until it is */
    char name[ENT_PACT_NAME_MAX + 1];
    int64_t expires; /* 0: never */
    unsigned threshold[ENT_CHANGES];
    unsigned k; /* cosignatures that make a head accepted */
    struct ent_budget budget;
    enum ent_tlp minimum;          /* what is said under the pact is marked at least so */
    struct ent_quorum_rule quorum; /* without holders: there is none */
    /* Members by name, and behind them, by name, those who were removed, as they stood last: what
     * they signed keeps counting. Only the first are in the text. Together at most 64, for ever. */
    struct ent_member member[ENT_PACT_MEMBERS];
    size_t members, former;
    struct ent_dispute dispute[ENT_PACT_DISPUTES];
    size_t disputes;
};

const struct ent_member *ent_pact_member(const struct ent_pact *p, const char *name);
const struct ent_member *ent_pact_member_by_tls(const struct ent_pact *p,
                                                const struct ent_pubkey *tls);
const struct ent_member *ent_pact_former(const struct ent_pact *p, const char *name);

/* floor(2n/3)+1: what two sets of which share more than a third of n. */
unsigned ent_pact_default_threshold(size_t n);
/* Some threshold or k is below that: fewer than a third may then decide two things at once. */
bool ent_pact_is_weak(const struct ent_pact *p);
size_t ent_pact_panel(const struct ent_pact *p);
/* Nothing new is allowed but votes. now: the median of cosignature times where there is one. */
bool ent_pact_is_expired(const struct ent_pact *p, int64_t now);

/* --- bytes --------------------------------------------------------------------------------------
 */

/* Append the text, and set p->hash (and p->id in version 1). ENT_E_LIMIT when there is too much of
 * it. */
ENT_MUST_USE enum ent_err ent_pact_encode(struct ent_buf *b, struct ent_pact *p);

/* What members vote on. */
void ent_pact_topic(struct ent_vote_topic *ret, const struct ent_pact *p);

/* Append a vote that decides p, whose text is the first text_n bytes of note. A real one is cast by
 * the rules of ballot.h; only founders need no more than this. */
ENT_MUST_USE enum ent_err ent_pact_sign(struct ent_buf *note, size_t text_n,
                                        const struct ent_pact *p, uint32_t round,
                                        const char *member, const struct ent_seed32 *root);

/*
 * A version, verified. before is the version it follows, or NULL for version 1. The number is one
 * higher, prev and id fit, every key that is new was shown to be held, nothing of the past is
 * changed, and it has the votes it needs, and no other signatures.
 * ENT_E_FORMAT, ENT_E_LIMIT, ENT_E_POLICY (no pact can be so), ENT_E_AUTH (signatures, proofs, or
 * it does not follow). ret may be before.
 */
ENT_MUST_USE enum ent_err ent_pact_parse(struct ent_pact *ret, struct ent_slice bytes,
                                         const struct ent_pact *before, struct ent_diag *d);

/* The same for a text that is only proposed: all but the votes. */
ENT_MUST_USE enum ent_err ent_pact_parse_text(struct ent_pact *ret, struct ent_slice text,
                                              const struct ent_pact *before, struct ent_diag *d);

/* --- votes --------------------------------------------------------------------------------------
 */

/* Which votes decide. Of the members before and of the members after, by their root keys; who is
 * both with the same key counts for both. */
struct ent_pact_needs {
    unsigned classes; /* bit (1 << enum ent_change); 0 in version 1 and when nothing changes */
    unsigned before;  /* so many of the members of the version before; 0 in version 1 */
    unsigned after;   /* so many of its own; all of them in version 1 */
};
void ent_pact_needs(struct ent_pact_needs *ret, const struct ent_pact *p,
                    const struct ent_pact *before);

/* Who voted for a version that parses, sorted by name. */
struct ent_signers {
    size_t n;
    char name[2 * ENT_PACT_MEMBERS][ENT_NAME_MAX + 1];
};
ENT_MUST_USE enum ent_err ent_pact_signers(struct ent_signers *ret, struct ent_slice bytes,
                                           const struct ent_pact *p, const struct ent_pact *before,
                                           struct ent_diag *d);

/* Who has signed a first version so far, while it goes round. ENT_E_AUTH for a signature that does
 * not hold, is there twice, or is no founder's. */
ENT_MUST_USE enum ent_err ent_pact_founders(struct ent_signers *ret, const struct ent_note *note,
                                            const struct ent_pact *p, struct ent_diag *d);

#endif
