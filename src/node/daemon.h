/*
 * daemon.h: the parent of a node's processes. It starts them, hands them channels to each other,
 * starts again what ended, and writes what all of them say into one log. It parses nothing that
 * came from outside: what its children say has the forms of control.h and report.h.
 *
 *     keeper, api, ledger, match      are started at once
 *     ledger                          reads the pact, and says which keys this member has by it
 *     signer, front                   are started with those
 *
 * New keys in the pact start the signer and the front anew; when they cannot be unlocked, all ends,
 * because nothing may be signed with the old ones.
 */
#ifndef ENT_NODE_DAEMON_H
#define ENT_NODE_DAEMON_H

#include "node/birth.h"
#include "node/credential.h"
#include "node/report.h"

struct ent_daemon_ports {
    unsigned port, users_port; /* 0: none */
    uint8_t fingerprint[32];   /* of the certificate on the users' port */
    char link[ENT_LINK_TEXT];  /* secret: makes the first operator; "" when there is one */
};

struct ent_daemon_opts {
    const char *home, *name; /* as long as the daemon lives */
    const struct ent_config *config;
    bool pad;
    const char *notify; /* the service manager's socket (notify.h), or NULL */
    unsigned ready_ms;  /* who is not ready after so long is ended, and begins anew; 0: 120000 */
    struct ent_reporter *reporter;
    struct ent_counts *counts; /* the parent's, for the whole run; or NULL */
    void *ctx;
    /* Unlock these. Once at the start, then whenever the pact has others. */
    enum ent_err (*unlock)(void *ctx, const struct ent_book_wants *wants,
                           struct ent_book_keys *ret_keys, struct ent_seed32 *ret_node);
    /* The configuration is to be read again: false when it is not sound, and the old one holds. */
    bool (*reload)(void *ctx, struct ent_config *ret);
    /* A process could not begin before all were there, which ends all: what it was about, and why.
     * Foreign bytes may be in it. */
    void (*failed)(void *ctx, struct ent_slice what, struct ent_slice why);
    /* Partners and users are served from now on. Once. An error ends all. */
    enum ent_err (*ready)(void *ctx, const struct ent_daemon_ports *p);
};

/*
 * Runs until SIGTERM or SIGINT (ENT_OK, after what is under way for others has come to its end, or
 * stop_seconds), a process that ends again and again (ENT_E_STATE), keys that cannot be unlocked
 * (what unlock() returned). A second signal does not wait. SIGHUP: reload. All threads of the
 * program have to be its own: signals are blocked and waited for.
 * ENT_E_EXISTS: another node runs in this home already.
 */
ENT_MUST_USE enum ent_err ent_daemon_run(struct ent_diag *d, const struct ent_daemon_opts *opts);

/* What the processes of a node are, for main(). */
extern const struct ent_proc_role ent_node_roles[];

#endif
