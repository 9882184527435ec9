/*
 * roster.h: whose keys count in which log: what the ledger needs to know of a pact, which is above
 * it (pact/roster.h makes one out of a chain of versions). Validity is by place in a log, never by
 * a clock.
 */
#ifndef ENT_LEDGER_ROSTER_H
#define ENT_LEDGER_ROSTER_H

#include "ledger/checkpoint.h"

/* docs/pact.md says why. The simulator alone is built with more. */
#ifndef ENT_ROSTER_MEMBERS
#define ENT_ROSTER_MEMBERS 64u
#endif
#define ENT_ROSTER_AUTHORS   8u
#define ENT_ROSTER_LOGS      8u
#define ENT_ROSTER_WITNESSES 8u
#define ENT_ROSTER_VERSIONS  256u
#define ENT_INDEX_NONE       UINT64_MAX

/* Some of a roster's members, by their index in it. */
struct ent_members {
    uint64_t word[(ENT_ROSTER_MEMBERS + 63) / 64];
};
static inline bool ent_members_has(const struct ent_members *s, size_t member)
{
    return (s->word[member / 64] >> member % 64 & 1) != 0;
}
static inline void ent_members_add(struct ent_members *s, size_t member)
{
    s->word[member / 64] |= (uint64_t)1 << member % 64;
}
static inline void ent_members_remove(struct ent_members *s, size_t member)
{
    s->word[member / 64] &= ~((uint64_t)1 << member % 64);
}
/* All of these are among those. */
static inline bool ent_members_among(const struct ent_members *these,
                                     const struct ent_members *those)
{
    uint64_t others = 0;
    for (size_t i = 0; i < sizeof(these->word) / sizeof(these->word[0]); i++)
        others |= these->word[i] & ~those->word[i];
    return others == 0;
}

/* Signs statements from entry `from` on and before entry `until` (ENT_INDEX_NONE: no end), counted
 * over all logs of the member, one after the other. */
struct ent_author_key {
    struct ent_pubkey pk;
    uint64_t from, until;
};

/* One log: its origin is <pact id in hex>/<member>/<generation>, which is its key's name too. */
struct ent_log_key {
    unsigned generation; /* from 1 */
    struct ent_pubkey pk;
    bool closed; /* nothing was said after this head: */
    uint64_t size;
    struct ent_hash32 root;
};

/* Entries from `from` on and before `until` are in dispute: a key was stolen, say. */
struct ent_disputed {
    unsigned generation;
    uint64_t from, until;
};

/* A witness key that was replaced: that of the versions from .. until - 1, places in version[] of
 * the roster. */
struct ent_former_witness {
    struct ent_pubkey pk;
    size_t from, until;
};

struct ent_roster_member {
    char name[ENT_NAME_MAX + 1];
    struct ent_pubkey root, witness, mirror;
    bool panel; /* its cosignatures count */
    struct ent_author_key author[ENT_ROSTER_AUTHORS];
    struct ent_log_key log[ENT_ROSTER_LOGS];
    struct ent_disputed disputed[ENT_ROSTER_LOGS];
    struct ent_former_witness former[ENT_ROSTER_WITNESSES]; /* the newest of them, oldest first */
    size_t authors, logs, disputes, formers;
};

struct ent_roster {
    struct ent_hash32 pact; /* its id */
    unsigned k;             /* cosignatures that make a head accepted, the author's not counted */
    size_t members;
    struct ent_roster_member member[ENT_ROSTER_MEMBERS];
    /* The hashes of its newest versions, as statements name them: one author key may serve two
     * pacts, and what was said under another is not held against it here. */
    struct ent_hash32 version[ENT_ROSTER_VERSIONS];
    /* What made a head accepted under each: k, and who was on the panel. */
    struct {
        unsigned k;
        struct ent_members panel;
    } then[ENT_ROSTER_VERSIONS];
    size_t versions;
    uint64_t first; /* the number of version[0] */
};

const struct ent_roster_member *ent_roster_member(const struct ent_roster *r, const char *name);

/* "<64 hex>/<member>/<generation>", NUL-terminated. */
#define ENT_LOG_ORIGIN (64 + 1 + ENT_NAME_MAX + 1 + 10 + 1)
void ent_roster_origin(const struct ent_roster *r, char ret[static ENT_LOG_ORIGIN],
                       const char *member, unsigned generation);

/* Whose log it is: ENT_E_NOTFOUND for an origin that is none of this pact's. */
ENT_MUST_USE enum ent_err ent_roster_log(const struct ent_roster *r,
                                         const struct ent_roster_member **ret_member,
                                         const struct ent_log_key **ret_log,
                                         struct ent_slice origin);

/* How many entries the member's logs before this generation have; ENT_INDEX_NONE when that is no
 * number. */
uint64_t ent_roster_base(const struct ent_roster_member *m, unsigned generation);

/* The author key for an entry; NULL when none is valid there, or its log was closed before it. */
const struct ent_pubkey *ent_roster_author(const struct ent_roster_member *m, unsigned generation,
                                           uint64_t index);
bool ent_roster_is_disputed(const struct ent_roster_member *m, unsigned generation, uint64_t index);

/* Where the statement with this number has its place. ENT_E_NOTFOUND when that is in no log. */
ENT_MUST_USE enum ent_err ent_roster_place(const struct ent_roster_member *m,
                                           unsigned *ret_generation, uint64_t *ret_index,
                                           uint64_t sequence);

/*
 * What a head is worth. Cosignatures of panel members other than the log's own member, each key
 * once; `k` of them make it accepted, anything less received. With a panel of three or fewer k is
 * more than the others are: such a pact detects and does not prevent.
 */
struct ent_standing {
    unsigned cosigned, k;
    bool accepted;
    int64_t not_later;     /* median of their times, of two the earlier; 0 without any */
    struct ent_members by; /* who cosigned */
    uint64_t version;      /* of the pact by whose keys and panel that is; 0: the newest */
};
/* ENT_E_AUTH when the log's own signature, or that of a witness of the roster, does not hold;
 * ENT_E_NOTFOUND for a log that is none of this pact's. cp may be NULL. */
ENT_MUST_USE enum ent_err ent_roster_check_head(const struct ent_roster *r,
                                                struct ent_standing *ret,
                                                struct ent_checkpoint *ret_cp,
                                                struct ent_slice note_bytes, struct ent_diag *d);

/* The same head by the panel and the keys of an older version, a place in version[]. Only for what
 * was said under that version or an earlier one: else a key that was replaced because it was stolen
 * would make heads accepted for ever. */
ENT_MUST_USE enum ent_err ent_roster_check_head_then(const struct ent_roster *r,
                                                     struct ent_standing *ret,
                                                     struct ent_slice note_bytes, size_t version,
                                                     struct ent_diag *d);
/* Whether heads can be worth something else by this version than by the one after it. */
bool ent_roster_differs(const struct ent_roster *r, size_t version);

/* "alice/witness", "alice/mirror", "alice/author", "alice/root": how the keys sign. */
void ent_key_name(char ret[static ENT_NAME_MAX + 16], const char *member, const char *role);

#endif
