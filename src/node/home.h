/*
 * home.h: the home directory of a member.
 *
 *     config             settings (config.h)
 *     keys/root author node   one secret each, locked by a passphrase or open
 *     keys/image         authenticates the image (image.h), always open
 *     pact/000001 ...    every version of the pact, each signed
 *     acts/00000001 ...  own statements with their bodies, in order, never changed
 *     runs/<id>/         what belongs to one match: both sides' acts, the result, opening secrets
 *     store.db           indicators and budgets
 *     image/             the indicators, compiled
 */
#ifndef ENT_NODE_HOME_H
#define ENT_NODE_HOME_H

#include <stdatomic.h>

#include "pact/pact.h"

#define ENT_PATH_MAX 4096

struct ent_home {
    char dir[ENT_PATH_MAX];
    struct ent_pact pact; /* the newest version */
};

/* $ENTENTE_HOME, else ~/.entente. ENT_E_NOTFOUND when neither is known. */
ENT_MUST_USE enum ent_err ent_home_default(char ret[static ENT_PATH_MAX]);

struct ent_home_new {
    const char *dir, *name, *display, *url;
    const struct ent_slice *passphrase; /* NULL: keys are kept open */
    const atomic_bool *stop;            /* when it becomes true: ENT_E_INTERRUPTED; or NULL */
};

/*
 * Make a home: three fresh keys and a pact of one. It appears whole or not at all. ENT_E_EXISTS
 * when there is anything at dir but an empty directory; nothing is ever overwritten.
 */
ENT_MUST_USE enum ent_err ent_home_make(struct ent_diag *d, const struct ent_home_new *opts);

/* Open one and verify its pact from the first version on; ENT_E_FORMAT when a version between two
 * others is lost. h is large: not for the stack. */
ENT_MUST_USE enum ent_err ent_home_open(struct ent_home *h, struct ent_diag *d, const char *dir);

/* Read the pact again if a newer version has appeared; *ret_changed says so. */
ENT_MUST_USE enum ent_err ent_home_refresh(struct ent_home *h, struct ent_diag *d,
                                           bool *ret_changed);

const struct ent_member *ent_home_self(const struct ent_home *h);

/* Sign next with the root key and make it the newest version. ENT_E_EXISTS when somebody else made
 * that version meanwhile. */
ENT_MUST_USE enum ent_err ent_home_set_pact(struct ent_home *h, struct ent_diag *d,
                                            struct ent_pact *next, const struct ent_seed32 *root);

ENT_MUST_USE enum ent_err ent_home_path(const struct ent_home *h, char ret[static ENT_PATH_MAX],
                                        const char *name);

/* --- keys ---------------------------------------------------------------------------------------
 */

enum ent_key_role { ENT_KEY_ROOT, ENT_KEY_AUTHOR, ENT_KEY_NODE };
#define ENT_KEY_ROLES 3
const char *ent_key_role_name(enum ent_key_role role);

/* Whether a passphrase is needed. */
ENT_MUST_USE enum ent_err ent_home_key_is_locked(const struct ent_home *h, bool *ret,
                                                 struct ent_diag *d, enum ent_key_role role);

/* ENT_E_AUTH for a wrong passphrase, or a key that is not the one in the pact. */
ENT_MUST_USE enum ent_err ent_home_key(const struct ent_home *h, struct ent_seed32 *ret,
                                       struct ent_diag *d, enum ent_key_role role,
                                       struct ent_slice passphrase);

/* The TLS key, one of those derived from the node's seed. */
void ent_node_tls_seed(struct ent_seed32 *ret, const struct ent_seed32 *node);

/* --- acts ---------------------------------------------------------------------------------------
 */

struct ent_act_wish {
    enum ent_statement_type type;
    const struct ent_hash32 *ref; /* what it answers, or NULL */
    const char *media;
    struct ent_slice body;
    int64_t now;
};

/* Sign the next act in sequence and make it durable; its bytes are appended to b, into which *ret
 * points. Safe against other processes of the same home. */
ENT_MUST_USE enum ent_err ent_home_act(const struct ent_home *h, struct ent_buf *b,
                                       struct ent_act *ret, struct ent_diag *d,
                                       const struct ent_act_wish *wish,
                                       const struct ent_seed32 *author);

/* Keep a file of a run: runs/<id>/<name>. */
ENT_MUST_USE enum ent_err ent_home_run_file(const struct ent_home *h, struct ent_diag *d,
                                            const char *id, const char *name,
                                            struct ent_slice bytes);

/* Remove all that was kept of a run, for one that cannot be kept whole. */
void ent_home_run_drop(const struct ent_home *h, const char *id);

#endif
