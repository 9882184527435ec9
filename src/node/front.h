/*
 * front.h: the only process with a network. It has the sockets, TLS and HTTP of the members' port
 * and the users' port, and of calls to members; bodies are bytes to it. What comes in it hands to
 * the ledger's process or to the api's and waits; what these want to send goes out from here.
 *
 * Promises: nobody connects who is not in the list that the ledger's process sent last, and nobody
 * before the first one; who is in it no more loses connections at once. When the other process is
 * away, or fails, members get 503 and no body, users 503 with the portal's.
 * Never: opens a file but those by which names are resolved, or holds a key but that of TLS.
 *
 * Who takes over the front has the TLS key and reads and changes what passes: it can show itself to
 * members as this node, and to this node as any member; signatures it cannot make. It sees users'
 * credentials. Who takes over the ledger's process can call any URL through the front, and so learn
 * which hosts and ports of the network answer; but no more goes out than TLS to a host and port,
 * and behind it, only when the other side has the key that was said, a request of ours in HTTP. It
 * gets back status and body of that. The addresses are those of the pact, which the front does not
 * know.
 */
#ifndef ENT_NODE_FRONT_H
#define ENT_NODE_FRONT_H

#include "node/counts.h"
#include "node/front_wire.h"
#include "proc/proc.h"

struct ent_front;

/* How members are served; as in struct ent_server_opts. */
struct ent_front_opts {
    const char *listen;
    const char *name;             /* the member's, in its certificate */
    const struct ent_seed32 *tls; /* needed by ent_front_new() alone */
    unsigned threads;             /* each waits for one answer of the ledger's process at a time */
    unsigned max_connections, idle_seconds, request_seconds;
    size_t max_bodies;
    struct ent_caller ledger; /* whose calls have an end */
    /* The users' port; NULL: none. ctx, max_body, error_body and event are kept, and pure functions
     * of what they are told; handle is the front's. The rest, and the key, as for ent_front_new().
     */
    const struct ent_web_opts *web;
    struct ent_caller api;
    struct ent_counts *counts; /* where requests of both ports are counted; or NULL */
};

/* Before the sandbox and the first thread: makes the identity, loads what is needed. What opts
 * points to is needed until ent_front_listen() has returned. */
ENT_MUST_USE enum ent_err ent_front_new(struct ent_front **ret, struct ent_diag *d,
                                        const struct ent_front_opts *opts);
/* The front's sandbox: resolving names reads a few files, and libcurl the identity in memory.
 * Users, limits and the like are the caller's to add. */
struct ent_sandbox ent_front_sandbox(void);
/* Opens the ports; from now on others are asked. */
ENT_MUST_USE enum ent_err ent_front_listen(struct ent_front *f, struct ent_diag *d);
/* While it listens. */
unsigned ent_front_port(const struct ent_front *f);     /* 0: none yet */
unsigned ent_front_web_port(const struct ent_front *f); /* 0: none */
/* Closes the ports. What has begun to be asked is waited for; afterwards it asks nobody. */
void ent_front_stop(struct ent_front *f);
/* While it listens: what the users' port refused so far goes to opts.counts. */
void ent_front_count(struct ent_front *f);
/* When nothing calls or tells it any more. */
void ent_front_free(struct ent_front *f);

/* ENT_FRONT_OUT. So many at a time are of use, and none should wait for another: that many threads
 * to serve them, and as wide a window. */
#define ENT_FRONT_OUT_CALLS ENT_CLIENTS
enum ent_err ent_front_serve(void *front, struct ent_msg *ret, struct ent_msg *call);
/* ENT_FRONT_ALLOWED, in the shape of struct ent_channel_opts.note. A list that is none: from then
 * on nobody may connect. */
void ent_front_note(void *front, struct ent_msg *note);

#endif
