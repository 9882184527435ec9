/*
 * dial.h: HTTPS calls to members, by whoever has the network: this process, with connections of its
 * own (a command, and the front), or the front, which is asked (the ledger's process).
 */
#ifndef ENT_NODE_DIAL_H
#define ENT_NODE_DIAL_H

#include <stdatomic.h>

#include "net/net.h"
#include "node/service.h"

/* One call. Whoever answers at url has to have the key `server`. */
struct ent_dial {
    const char *url;
    struct ent_spki server;
    unsigned connect_seconds, call_seconds; /* 0: those of net/ */
    const char *method, *path;
    struct ent_slice body;
};

/* As ent_client_call(): the answer's body is appended to `answer`, whose maximum bounds it, ENT_OK
 * comes for any status, and why it failed is a literal in d->text. From many threads. */
struct ent_dialer {
    void *ctx;
    enum ent_err (*call)(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                         struct ent_diag *d, const struct ent_dial *q);
};

/* --- with connections of this process -----------------------------------------------------------
 */

/* The identity of ent_client_identity(), from the seed of a member's TLS key. */
ENT_MUST_USE enum ent_err ent_dial_identity(int *ret_fd, struct ent_diag *d,
                                            const struct ent_seed32 *tls, const char *name);

/* At most so many calls at a time, and connections; one more call than that is ENT_E_LIMIT. */
#define ENT_CLIENTS 64u
/* A connection that was not used for so long is closed by the next call to anybody. */
#define ENT_CLIENTS_IDLE_SECONDS 180u

/* Connections, kept open between calls, one (or some) for each server and its key. */
struct ent_clients;
/* stop as in struct ent_client_opts. Everything that is needed of this machine is opened here: what
 * later makes connections needs no right but that to read its own files in memory. */
ENT_MUST_USE enum ent_err ent_clients_new(struct ent_clients **ret, struct ent_diag *d,
                                          const struct ent_seed32 *tls, const char *name,
                                          const atomic_bool *stop);
void ent_clients_free(struct ent_clients *c);
/* So many connections to one server and key are kept for the next calls; at first one. */
void ent_clients_keep(struct ent_clients *c, unsigned each);
/* Bytes sent and received by calls that have ended: TLS payload with HTTP headers. */
void ent_clients_traffic(struct ent_clients *c, uint64_t *ret_sent, uint64_t *ret_received);
struct ent_dialer ent_clients_dialer(struct ent_clients *c);

/* --- through the front --------------------------------------------------------------------------
 */

/* front stays where it is. Calls cannot be interrupted, but end by their call_seconds. When the
 * front is not there, they fail with ENT_E_PEER. */
struct ent_dialer ent_front_dialer(const struct ent_caller *front);

#endif
