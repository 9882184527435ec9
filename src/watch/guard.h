/*
 * guard.h: lookalikes of protected names. Every name that was seen is compared with the names that
 * somebody must not imitate; docs/guard.md says what counts as alike and how it is scored.
 *
 * Promises: no question is asked of the network; the work for one name and the memory for all are
 * bounded whatever the names are; answers do not depend on the random keys inside.
 */
#ifndef ENT_WATCH_GUARD_H
#define ENT_WATCH_GUARD_H

#include "intel/intel.h"

/* Not thread-safe while it is filled; after ent_guard_seal() any number of threads may ask. */
struct ent_guard;

/* max_bytes bounds the memory; 0 means 256 MiB. */
ENT_MUST_USE enum ent_err ent_guard_new(struct ent_guard **ret, size_t max_bytes);
void ent_guard_free(struct ent_guard *g);

/* Protect a canonical domain. display is the owner's name for people ("U.S. Senate"), or empty; it
 * may turn up in lookalikes too. ENT_E_FORMAT for what is no canonical domain of two labels. */
ENT_MUST_USE enum ent_err ent_guard_add(struct ent_guard *g, struct ent_slice name,
                                        struct ent_slice display);

/* Never report this canonical domain nor what lies below it (but not below a public suffix, where
 * anybody may register). What is protected is left out anyway, with all below its registrable
 * part. */
ENT_MUST_USE enum ent_err ent_guard_exclude(struct ent_guard *g, struct ent_slice name);

ENT_MUST_USE enum ent_err ent_guard_seal(struct ent_guard *g);

/* Why a name was reported, a bit each. The numbers are printed by name and may change. */
enum ent_guard_reason {
    ENT_GUARD_WHOLE = 1 << 0,     /* the whole protected name inside other labels */
    ENT_GUARD_MOVED = 1 << 1,     /* its dots or hyphens moved, added or left out */
    ENT_GUARD_SUFFIX = 1 << 2,    /* its first label under another suffix */
    ENT_GUARD_WORD = 1 << 3,      /* its brand as a word of its own */
    ENT_GUARD_PART = 1 << 4,      /* its brand inside a longer word */
    ENT_GUARD_BELOW = 1 << 5,     /* its brand below somebody else's domain */
    ENT_GUARD_DISPLAY = 1 << 6,   /* the owner's name for people, not the domain */
    ENT_GUARD_GLYPH = 1 << 7,     /* letters that look alike: rn for m, 0 for o */
    ENT_GUARD_UNICODE = 1 << 8,   /* letters of another script that look alike */
    ENT_GUARD_DROPPED = 1 << 9,   /* a letter left out */
    ENT_GUARD_DOUBLED = 1 << 10,  /* a letter doubled */
    ENT_GUARD_ADDED = 1 << 11,    /* a letter added */
    ENT_GUARD_SWAPPED = 1 << 12,  /* two neighbours exchanged */
    ENT_GUARD_KEY = 1 << 13,      /* the key beside it */
    ENT_GUARD_BIT = 1 << 14,      /* one bit flipped */
    ENT_GUARD_REPLACED = 1 << 15, /* another letter */
    ENT_GUARD_BAIT = 1 << 16,     /* words that lure: login, secure, mail */
    ENT_GUARD_HOST = 1 << 17,     /* words of the protected name in front of its domain */
    ENT_GUARD_COUNTRY = 1 << 18,  /* the owner's country */
    ENT_GUARD_STATE = 1 << 19,    /* "gov" and the like, where no government registers */
    ENT_GUARD_CHEAP = 1 << 20     /* a suffix that lookalikes prefer */
};
#define ENT_GUARD_REASONS 21

/* "it swaps two neighbouring letters"; never NULL. */
const char *ent_guard_reason_text(unsigned bit_number);
/* "swapped" */
const char *ent_guard_reason_name(unsigned bit_number);

struct ent_guard_finding {
    struct ent_slice protected; /* owned by the guard */
    unsigned score;             /* 1 to 100 */
    uint32_t reasons;
};

/* From this score on a finding is worth somebody's time; what bench/guard measures. */
#define ENT_GUARD_SCORE 50

/* The protected name that this canonical domain is most like; false when it is like none. */
bool ent_guard_check(const struct ent_guard *g, struct ent_guard_finding *ret,
                     struct ent_slice name);

size_t ent_guard_count(const struct ent_guard *g);

/*
 * Names that somebody may register to imitate this canonical domain, each once, in a fixed order.
 * technique is a word ("omission"); name is canonical and valid during the call.
 */
ENT_MUST_USE enum ent_err ent_guard_candidates(
    struct ent_slice name,
    enum ent_err (*each)(void *ctx, const char *technique, struct ent_slice name), void *ctx);

#endif
