/*
 * home.h: the home directory of a member.
 *
 *     config             settings (config.h)
 *     card               the own card, signed by the root key
 *     keys/root author node   one secret each, locked by a passphrase or open; whatever came after
 *     keys/author.2 ...       them has a number. The pact says which of them is in use
 *     keys/image         authenticates the image (image.h), always open
 *     pact/000001 ...    every version of the pact; none before one was founded or joined
 *     log/, lock/, mirror/, ...   what was said (book.h)
 *     runs/<id>/         what belongs to one match: both sides' acts, the result, opening secrets,
 *                        and the sums of these files
 *     accounts.epoch     goes up when an account changes (epoch.h)
 *     processes          what runs, while a node does (processes.h)
 *     store.db           indicators and budgets
 *     image/             the indicators, compiled
 *     observed/          what watchers saw in each window of time (observe.h)
 */
#ifndef ENT_NODE_HOME_H
#define ENT_NODE_HOME_H

#include <stdatomic.h>

#include "pact/pact.h"

#define ENT_PATH_MAX 4096

struct ent_disk_real;

struct ent_home {
    char dir[ENT_PATH_MAX];
    const struct ent_disk *disk; /* all of it but keys, store and image, and the settings */
    struct ent_disk_real *real;  /* what disk is, where this process opens files; else NULL */
    struct ent_member self;      /* as on its card */
    struct ent_chain chain;      /* of pact versions */
    /* The newest version, in chain; NULL while this member is in no pact. Valid until the next
     * refresh; threads share it under the book's lock. */
    const struct ent_pact *pact;
    struct ent_roster roster; /* that follows from it; without members while there is none */
};

/* $ENTENTE_HOME, else ~/.entente. ENT_E_NOTFOUND when neither is known. */
ENT_MUST_USE enum ent_err ent_home_default(char ret[static ENT_PATH_MAX]);

struct ent_home_new {
    const char *dir, *name, *display, *url;
    const struct ent_slice *passphrase; /* NULL: keys are kept open */
    const atomic_bool *stop;            /* when it becomes true: ENT_E_INTERRUPTED; or NULL */
};

/*
 * Make a home: three fresh keys and a card. It appears whole or not at all. ENT_E_EXISTS when there
 * is anything at dir but an empty directory; nothing is ever overwritten.
 */
ENT_MUST_USE enum ent_err ent_home_make(struct ent_diag *d, const struct ent_home_new *opts);

/* Open one and verify its pact from the first version on; ENT_E_FORMAT when a version between two
 * others is lost. Free it in any case. */
ENT_MUST_USE enum ent_err ent_home_open(struct ent_home **ret, struct ent_diag *d, const char *dir);
/* The same for a process that may open no files: disk outlives the home, and dir is only told. */
ENT_MUST_USE enum ent_err ent_home_open_on(struct ent_home **ret, struct ent_diag *d,
                                           const char *dir, const struct ent_disk *disk);
/* Without the pact, for a process that is to parse nothing of others'. */
ENT_MUST_USE enum ent_err ent_home_open_card(struct ent_home **ret, struct ent_diag *d,
                                             const char *dir);
void ent_home_free(struct ent_home *h);

/* Read newer versions of the pact that have appeared; *ret_changed says so. */
ENT_MUST_USE enum ent_err ent_home_refresh(struct ent_home *h, struct ent_diag *d,
                                           bool *ret_changed);

/* As in the pact (where it was removed: as it stood last), else as on its card. */
const struct ent_member *ent_home_self(const struct ent_home *h);

/* One more version of the pact: verified, and durable. ENT_E_EXISTS when it is there already;
 * ENT_E_STATE when it contradicts one that is (then split, or NULL, says how); ENT_E_POLICY for the
 * first version of a pact without this member. */
ENT_MUST_USE enum ent_err ent_home_add_version(struct ent_home *h, struct ent_chain_split *split,
                                               struct ent_diag *d, struct ent_slice version);

/* Take in all versions of a pact that others founded and this member was voted into: a file as
 * ent_chain_file() is one. ENT_E_POLICY when it is not in the newest; ENT_E_STATE as above. What is
 * there already stays. */
ENT_MUST_USE enum ent_err ent_home_join(struct ent_home *h, struct ent_chain_split *split,
                                        struct ent_diag *d, struct ent_slice chain);

/* For what is not on its disk. */
ENT_MUST_USE enum ent_err ent_home_path(const struct ent_home *h, char ret[static ENT_PATH_MAX],
                                        const char *name);

/* A whole file on its disk, appended to b, whose maximum bounds it. */
ENT_MUST_USE enum ent_err ent_home_load(const struct ent_home *h, struct ent_buf *b,
                                        struct ent_diag *d, const char *name);
/* The names in a folder, a line each, as ent_disk lists them; nothing where there is no folder. The
 * caller releases ret, after an error too. */
ENT_MUST_USE enum ent_err ent_home_list(const struct ent_home *h, struct ent_buf *ret,
                                        const char *folder);
/* The next of these names; false behind the last. */
bool ent_home_next_name(struct ent_cur *names, char ret[static ENT_DISK_NAME_MAX]);

/* --- keys ---------------------------------------------------------------------------------------
 */

enum ent_key_role { ENT_KEY_ROOT, ENT_KEY_AUTHOR, ENT_KEY_NODE };
#define ENT_KEY_ROLES 3
const char *ent_key_role_name(enum ent_key_role role);

/*
 * Key files are never renamed and never replaced: keys/author is the first, keys/author.2 came
 * after it. The one in use is the one whose public key the pact has now, so that a crash at any
 * moment of a change leaves a home that can be used, with the old key or the new one. One with a
 * higher number than that is prepared: it waits for a vote.
 */
#define ENT_KEY_FILES     64u /* of each role; numbers from 1 */
#define ENT_KEY_FILE_NAME 24
void ent_key_file_name(char ret[static ENT_KEY_FILE_NAME], enum ent_key_role role, unsigned number);

/* Write keys/<role>[.number] below dir; never over another one. passphrase NULL: left open. */
ENT_MUST_USE enum ent_err ent_key_file_write(const char *dir, struct ent_diag *d,
                                             enum ent_key_role role, unsigned number,
                                             const struct ent_seed32 *seed,
                                             const struct ent_slice *passphrase);

/* The public key by which others know a seed: of a node's, the TLS key. */
void ent_key_public(struct ent_pubkey *ret, enum ent_key_role role, const struct ent_seed32 *seed);
/* The one that is in use now: that of the pact, else of the card. */
const struct ent_pubkey *ent_home_public(const struct ent_home *h, enum ent_key_role role);

/* The number of the file with this public key. ENT_E_AUTH when there are others only, else what is
 * wrong with the file: ENT_E_NOTFOUND, ENT_E_FORMAT. */
ENT_MUST_USE enum ent_err ent_home_key_number(const struct ent_home *h, unsigned *ret,
                                              struct ent_diag *d, enum ent_key_role role,
                                              const struct ent_pubkey *pk);
/* Whether a passphrase is needed for the one in use. */
ENT_MUST_USE enum ent_err ent_home_key_is_locked(const struct ent_home *h, bool *ret,
                                                 struct ent_diag *d, enum ent_key_role role);
/* The same for any, where the pact that says which is in use is not read. */
bool ent_home_key_any_is_locked(const struct ent_home *h, enum ent_key_role role);

/* Whether this file is what it says it is, as far as that can be told without the passphrase, and
 * whose public key it is. ENT_E_NOTFOUND, ENT_E_FORMAT, or ENT_E_AUTH. */
ENT_MUST_USE enum ent_err ent_home_key_check(const struct ent_home *h, struct ent_pubkey *ret,
                                             struct ent_diag *d, enum ent_key_role role,
                                             unsigned number);

/* The one in use. ENT_E_AUTH for a wrong passphrase, or a key that is not this member's. */
ENT_MUST_USE enum ent_err ent_home_key(const struct ent_home *h, struct ent_seed32 *ret,
                                       struct ent_diag *d, enum ent_key_role role,
                                       struct ent_slice passphrase);
/* The one with this public key. */
ENT_MUST_USE enum ent_err ent_home_key_of(const struct ent_home *h, struct ent_seed32 *ret,
                                          struct ent_diag *d, enum ent_key_role role,
                                          const struct ent_pubkey *pk, struct ent_slice passphrase);

/* The prepared one: ENT_E_NOTFOUND without a reason when there is none. */
ENT_MUST_USE enum ent_err ent_home_prepared(const struct ent_home *h, struct ent_pubkey *ret,
                                            struct ent_diag *d, enum ent_key_role role);
/* Its secret; it is made when there is none, and durable before this returns. */
ENT_MUST_USE enum ent_err ent_home_prepare(const struct ent_home *h, struct ent_seed32 *ret,
                                           struct ent_diag *d, enum ent_key_role role,
                                           const struct ent_slice *passphrase);

/* The keys that a node uses, out of its one seed. generation counts for logs alone. */
enum ent_node_key {
    ENT_NODE_TLS = 1,
    ENT_NODE_WITNESS,
    ENT_NODE_MIRROR,
    ENT_NODE_TRAIL, /* the audit log's */
    ENT_NODE_WEB,   /* of a certificate for the users' port */
    ENT_NODE_LOG = 16
};
void ent_node_seed(struct ent_seed32 *ret, const struct ent_seed32 *node, enum ent_node_key which,
                   unsigned generation);

/* --- what members said --------------------------------------------------------------------------
 * In a file of its own, with a line that tells damage (base/crc32c.h): a signature by nobody whom
 * we know, which is what a flipped bit can make of one, refuses no delivery.
 */

/* ENT_E_EXISTS for one that is there, unless it is to be replaced. */
ENT_MUST_USE enum ent_err ent_kept_write(const struct ent_disk *disk, const char *name,
                                         struct ent_slice said, bool replace, struct ent_diag *d);
/* Appended; ENT_E_AUTH for one that is damaged. */
ENT_MUST_USE enum ent_err ent_kept_read(struct ent_buf *ret, const struct ent_disk *disk,
                                        const char *name);

/* --- runs ---------------------------------------------------------------------------------------
 */

#define ENT_RUN_FILE 200u /* runs/<id>/<name> */

/* Keep a file of a run: runs/<id>/<name>. */
ENT_MUST_USE enum ent_err ent_home_run_file(const struct ent_home *h, struct ent_diag *d,
                                            const char *id, const char *name,
                                            struct ent_slice bytes);

/* What lies there now is what belongs to it: the SHA-256 of each file goes into runs/<id>/sums. */
ENT_MUST_USE enum ent_err ent_home_run_seal(const struct ent_home *h, struct ent_diag *d,
                                            const char *id);
/* All that was sealed, and what signs for the rest. ENT_E_AUTH: the file that is not what it was is
 * in ret, below the home. */
ENT_MUST_USE enum ent_err ent_home_run_check(const struct ent_home *h,
                                             char ret[static ENT_RUN_FILE], struct ent_diag *d,
                                             const char *id);

/* Remove all that was kept of a run, for one that cannot be kept whole. */
void ent_home_run_drop(const struct ent_home *h, const char *id);

#endif
