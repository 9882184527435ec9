/*
 * pact: who is a member, with which keys, and what is allowed: versions, members, budgets, and the
 * decisions that follow from them, as pure functions.
 *
 * This version knows one rule of change, `self`: the holder's own root key changes its own list of
 * whom it accepts. Each member keeps such a list; founding a shared pact, changed by k of n, takes
 * its place.
 *
 * Promises: the same inputs give the same decision and the same bytes on every machine; a version
 * is version 1 or names the hash of the one before it; every key was shown to be held by whoever
 * brought it.
 * Never: does I/O, asks the clock, or decides by anything but its arguments.
 */
#ifndef ENT_PACT_PACT_H
#define ENT_PACT_PACT_H

#include "ledger/ledger.h"

#define ENT_PACT_MEMBERS 64u
#define ENT_PACT_MAX     ENT_NOTE_MAX
#define ENT_DISPLAY_MAX  96u
#define ENT_URL_MAX      255u
#define ENT_CARD_MAX     4096u

/* --- members ------------------------------------------------------------------------------------
 */

struct ent_member {
    char name[ENT_NAME_MAX + 1];
    char display[ENT_DISPLAY_MAX + 1]; /* for people; one line of UTF-8 */
    struct ent_pubkey root;            /* signs pacts; offline if its owner is careful */
    struct ent_pubkey author;          /* signs statements */
    struct ent_pubkey tls;             /* the only key accepted on its connections */
    char url[ENT_URL_MAX + 1];         /* "https://host:port", or "-" when it only asks */
};

/*
 * A card: what a member hands to a partner, signed by each of its keys, so that nobody can bring
 * in a key that is not theirs.
 *     entente/member@v1 / name / display / root / author / tls / url / time
 */
ENT_MUST_USE enum ent_err ent_card_make(struct ent_buf *b, const struct ent_member *m, int64_t time,
                                        const struct ent_seed32 *root,
                                        const struct ent_seed32 *author,
                                        const struct ent_seed32 *tls);
ENT_MUST_USE enum ent_err ent_card_parse(struct ent_member *ret, struct ent_slice bytes,
                                         struct ent_diag *d);

/* What two people read to each other over the telephone: the first 20 bytes of SHA-256 over all
 * three keys and the name, in groups of four hexadecimal digits. */
#define ENT_FINGERPRINT 50
void ent_member_fingerprint(char ret[static ENT_FINGERPRINT], const struct ent_member *m);

/* --- the pact -----------------------------------------------------------------------------------
 */

/* How many items one partner may put into matches in one period; periods are aligned to 1970. */
struct ent_budget {
    uint64_t items;
    uint64_t seconds;
};

struct ent_pact {
    uint64_t version;
    struct ent_hash32 id;        /* hash of version 1; zero in version 1 itself */
    struct ent_hash32 prev;      /* hash of the version before; zero in version 1 */
    struct ent_hash32 hash;      /* of this version as signed; set by parse and sign */
    char self[ENT_NAME_MAX + 1]; /* whose list it is */
    struct ent_budget budget;
    size_t members;
    struct ent_member member[ENT_PACT_MEMBERS];
};

#define ENT_BUDGET_ITEMS   1000000u
#define ENT_BUDGET_SECONDS ((uint64_t)30 * 86400)

/* Version 1: one member, default budget. */
void ent_pact_found(struct ent_pact *ret, const struct ent_member *self);

/* The next version, with one more member or with new keys and URL for one that is there already.
 * ENT_E_EXISTS when nothing would change, ENT_E_LIMIT when full, ENT_E_POLICY for one's own name.
 */
ENT_MUST_USE enum ent_err ent_pact_add(struct ent_pact *ret, const struct ent_pact *now,
                                       const struct ent_member *m);

/* Write and sign with the root key of `self`; sets p->hash. */
ENT_MUST_USE enum ent_err ent_pact_sign(struct ent_buf *b, struct ent_pact *p,
                                        const struct ent_seed32 *root);

/*
 * Parse and verify one version. before is the version it follows, or NULL for version 1: the number
 * is one higher, prev is its hash, and the signature is by the root key that `self` had before and
 * by the one it has now.
 */
ENT_MUST_USE enum ent_err ent_pact_parse(struct ent_pact *ret, struct ent_slice bytes,
                                         const struct ent_pact *before, struct ent_diag *d);

const struct ent_member *ent_pact_member(const struct ent_pact *p, const char *name);
const struct ent_member *ent_pact_member_by_tls(const struct ent_pact *p,
                                                const struct ent_pubkey *tls);

/* --- decisions ----------------------------------------------------------------------------------
 */

enum ent_verdict {
    ENT_ALLOWED = 0,
    ENT_DENIED_STRANGER, /* not a member */
    ENT_DENIED_SELF,     /* a member does not match with itself */
    ENT_DENIED_EMPTY,    /* nothing is asked */
    ENT_DENIED_SIZE,     /* more than one run may ask */
    ENT_DENIED_BUDGET,   /* more than is left of the period's budget */
    ENT_DENIED_BUSY,     /* too many runs at once */
    ENT_DENIED_STALE     /* an offer that was made before */
};
#define ENT_VERDICTS 8

/* A word for statements ("budget") and a sentence for people. */
const char *ent_verdict_word(enum ent_verdict v);
const char *ent_verdict_text(enum ent_verdict v);
ENT_MUST_USE enum ent_err ent_verdict_parse(enum ent_verdict *ret, struct ent_slice word);

struct ent_match_wish {
    const char *partner; /* who asks the one whose pact this is */
    uint64_t items;      /* how many */
    uint64_t most;       /* the largest run the configuration allows */
    uint64_t spent;      /* what the partner has used of this period */
};

enum ent_verdict ent_pact_decide_match(const struct ent_pact *p, const struct ent_match_wish *w);

/* The number of the period in which a moment lies. */
uint64_t ent_budget_period(const struct ent_budget *b, int64_t now);

#endif
