/*
 * channel.h: calls, answers and notes between two processes, for many threads at once, over one
 * stream socket. One thread reads; answers wake those who called; calls go to threads that serve.
 * Calls without an answer are bounded by the protocol's window, on both sides: who calls waits.
 *
 * The first frame in each direction greets: version, role and phase. What does not fit, there or
 * later, kills the channel: all callers get ENT_E_PEER, and what was wrong is in ent_channel_wait()
 * and in opts.closed.
 */
#ifndef ENT_PROC_CHANNEL_H
#define ENT_PROC_CHANNEL_H

#include <stdbool.h>

#include "proc/msg.h"

struct ent_channel;

struct ent_channel_opts {
    const struct ent_protocol *protocol; /* stays where it is; a sound one */
    unsigned self, peer;                 /* roles, below ENT_MSG_ROLES */
    unsigned phase;                      /* in which both begin */
    unsigned threads;                    /* that serve; 0: a call from the peer is a fault */
    unsigned stall_ms; /* dead when the peer has taken no byte for so long; 0: 30000 */

    /* Of the serving threads. Fills ret->bytes (empty, with the row's maximum) and ret->fd, or
     * returns the error with which the call is refused. May take call->bytes and call->fd. */
    enum ent_err (*serve)(void *ctx, struct ent_msg *ret, struct ent_msg *call);
    /* Of the reading thread, so in order and one at a time; nothing else is read meanwhile, and it
     * must not call through this channel. May take note->bytes and note->fd. */
    void (*note)(void *ctx, struct ent_msg *note);
    /* Of the reading thread, once, after the last of all; not for ent_channel_free(). */
    void (*closed)(void *ctx, enum ent_err why, const struct ent_diag *d);
    void *ctx;
};

/* Takes fd, a connected AF_UNIX stream socket, also when it fails. */
ENT_MUST_USE enum ent_err ent_channel_new(struct ent_channel **ret, struct ent_diag *d, int fd,
                                          const struct ent_channel_opts *opts);
/* As if the peer had closed it, with ENT_E_INTERRUPTED in opts.closed: what is under way, and what
 * begins, ends with ENT_E_PEER. From any thread; to be freed still. */
void ent_channel_close(struct ent_channel *c);
/* Ends what is under way, with ENT_E_PEER, and waits for it; nothing may begin any more. Not for
 * the channel's own threads (serve, note, closed). */
void ent_channel_free(struct ent_channel *c);

/*
 * A call, which blocks until its answer is there. fd may be -1 and stays the caller's. *ret is the
 * caller's to release.
 *   ENT_E_TIMEOUT after ms milliseconds; the peer goes on, its answer will be dropped. (A frame
 *                 that has begun is sent to its end, or the channel dies.)
 *   ENT_E_LIMIT   payload of a length that the type does not have
 *   ENT_E_PEER    the channel is dead
 *   else          what the peer refused it with
 */
ENT_MUST_USE enum ent_err ent_channel_call(struct ent_channel *c, struct ent_msg *ret,
                                           uint16_t type, struct ent_slice payload, int fd,
                                           unsigned ms);
/* Returns when it is sent, which the peer can delay by not reading. */
ENT_MUST_USE enum ent_err ent_channel_note(struct ent_channel *c, uint16_t type,
                                           struct ent_slice payload, int fd);

/* What the peer may say from now on. */
void ent_channel_set_phase(struct ent_channel *c, unsigned phase);

/* Blocks until the channel is dead; ENT_E_PEER when the peer just closed it. */
ENT_MUST_USE enum ent_err ent_channel_wait(struct ent_channel *c, struct ent_diag *d);

#endif
