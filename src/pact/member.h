/*
 * member.h: a member and its keys, and the card that brings them to the others.
 *
 *     member cert
 *     display National CERT
 *     url https://cti.example.org:7443
 *     root <base64 key> <base64 proof>
 *     tls <key> <proof>
 *     witness <key> <proof>
 *     mirror <key> <proof>
 *     author <key> <proof> <from> <until or ->             1 to 8, the first from 0, one after
 * another log <generation> <key> <proof> open                  1 to 8, generations 1, 2, 3 ...; log
 * <generation> <key> <proof> closed <size> <root>    all but the last are closed panel <yes or no>
 *
 * A proof is a signature by the key itself over "entente/possession@v1 LF member LF role LF root
 * key in base64 LF", so that nobody brings in a key that is not theirs, for another use, or under
 * another root key. The role is the word before the key, and of a log "log <generation>".
 *
 * A card is "entente/member@v2 LF", these lines, "time <unix seconds> LF", signed by root.
 */
#ifndef ENT_PACT_MEMBER_H
#define ENT_PACT_MEMBER_H

#include "ledger/ledger.h"

#define ENT_DISPLAY_MAX 96u
#define ENT_URL_MAX     255u
#define ENT_CARD_MAX    16384u

enum ent_role {
    ENT_ROLE_ROOT,    /* votes on the pact; offline if its owner is careful */
    ENT_ROLE_TLS,     /* the only key accepted on its connections */
    ENT_ROLE_WITNESS, /* cosigns heads of others' logs */
    ENT_ROLE_MIRROR,  /* says what it keeps of others' logs */
    ENT_ROLE_AUTHOR,  /* signs statements */
    ENT_ROLE_LOG      /* signs heads of its own log */
};
#define ENT_ROLES 6
const char *ent_role_word(enum ent_role role);

struct ent_signed_key {
    struct ent_pubkey pk;
    uint8_t proof[64];
};

struct ent_member_author {
    struct ent_signed_key key;
    uint64_t from, until; /* entries, over all logs; ENT_INDEX_NONE: no end */
};

struct ent_member_log {
    unsigned generation;
    struct ent_signed_key key;
    bool closed; /* nothing was said after this head: */
    uint64_t size;
    struct ent_hash32 root;
};

struct ent_member {
    char name[ENT_NAME_MAX + 1];
    char display[ENT_DISPLAY_MAX + 1]; /* for people; one line of UTF-8 */
    char url[ENT_URL_MAX + 1];         /* "https://host:port", or "-" when it only asks */
    struct ent_signed_key root, tls, witness, mirror;
    struct ent_member_author author[ENT_ROSTER_AUTHORS];
    struct ent_member_log log[ENT_ROSTER_LOGS];
    size_t authors, logs; /* at least one of each */
    bool panel;           /* its cosignatures count */
};

/* Show that this seed's owner is the member with this root key. generation is 0 but for logs. */
void ent_key_prove(struct ent_signed_key *ret, const char *member, enum ent_role role,
                   unsigned generation, const struct ent_pubkey *root,
                   const struct ent_seed32 *seed);
ENT_MUST_USE enum ent_err ent_key_check(const struct ent_signed_key *key, const char *member,
                                        enum ent_role role, unsigned generation,
                                        const struct ent_pubkey *root);

/* All that one member keeps secret. */
struct ent_own_seeds {
    struct ent_seed32 root, author, tls, log, witness, mirror;
};

/* A new member: the author from entry 0 on, log 1, on the panel unless its URL is "-". ENT_E_FORMAT
 * for a name, display name or URL that a card may not have. */
ENT_MUST_USE enum ent_err ent_member_make(struct ent_member *ret, const char *name,
                                          const char *display, const char *url,
                                          const struct ent_own_seeds *seeds);

/* The key that is in use now: of authors and logs the newest. */
const struct ent_signed_key *ent_member_key(const struct ent_member *m, enum ent_role role);
/* The newest log. */
const struct ent_member_log *ent_member_log(const struct ent_member *m);

/* What two people read to each other over the telephone: the first 20 bytes of SHA-256 over the
 * keys in use and the name, in groups of four hexadecimal digits. */
#define ENT_FINGERPRINT 50
void ent_member_fingerprint(char ret[static ENT_FINGERPRINT], const struct ent_member *m);

/* --- what changes in the life of a member --------------------------------------------------------
 * The same functions make cards and drafts of versions. ENT_E_POLICY or ENT_E_LIMIT with a reason;
 * ENT_E_EXISTS for what is so already; m is as it was then.
 */

/* The newest author key ends before this entry, for good. */
ENT_MUST_USE enum ent_err ent_member_close_author(struct ent_member *m, struct ent_diag *d,
                                                  uint64_t until);
/* A new one, from this entry on; the one before ends there if it has no end yet. */
ENT_MUST_USE enum ent_err ent_member_add_author(struct ent_member *m, struct ent_diag *d,
                                                const struct ent_signed_key *key, uint64_t from);
/* Nothing was said in the newest log after this head. */
ENT_MUST_USE enum ent_err ent_member_close_log(struct ent_member *m, struct ent_diag *d,
                                               uint64_t size, const struct ent_hash32 *root);
/* The next generation, once the one before is closed. */
ENT_MUST_USE enum ent_err ent_member_open_log(struct ent_member *m, struct ent_diag *d,
                                              const struct ent_signed_key *key);

/* --- cards --------------------------------------------------------------------------------------
 */

ENT_MUST_USE enum ent_err ent_card_make(struct ent_buf *b, const struct ent_member *m, int64_t time,
                                        const struct ent_seed32 *root);

/* Every key in use is shown to be held. Keys of the past, which nobody may hold any more, are
 * believed only where the pact has them already. */
ENT_MUST_USE enum ent_err ent_card_parse(struct ent_member *ret, struct ent_slice bytes,
                                         struct ent_diag *d);

#endif
