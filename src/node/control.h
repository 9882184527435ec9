/*
 * control.h: what the parent and the other processes of a node say to each other over the channel
 * with which a process begins. First the parent writes, without being asked, what the process is to
 * be (birth.h); then both speak by the table here.
 *
 *     LINK     parent to any      u8 process, u8 index, with a socket: the channel to that one.
 *                                 One that was there before is over.
 *     READY    any to parent      text: its sandbox; front: ports and fingerprint besides
 *     WANT     ledger to parent   which keys the newest version of the pact asks for
 *     SERVING  ledger to parent   the book is open, or there is no pact yet
 *     TRAIL    parent to keeper   32 bytes: the key of the audit log
 *     FIRST    keeper to parent   text: the one-time link; nothing when there is an operator: users
 *                                 are known from now on
 *     COUNTS   parent to api      what the parent has counted (counts.h)
 *     DRAIN    parent to ledger   begin nothing that others would lose; the others go on
 *     DRAINED  ledger to parent   nothing is under way any more
 *     STOP     parent to any      end
 *     LIAR     any to parent      u8 process, u8 index, text: that one broke the rules
 *     REPORT   any to parent      a record of the log (report.h)
 *
 * What a process that was taken over can do by it: have itself or another one that it has a channel
 * with ended and started again; write lines into the log that say who wrote them; have the parent
 * look for key files of this home by keys that it names, and the signer start with those.
 */
#ifndef ENT_NODE_CONTROL_H
#define ENT_NODE_CONTROL_H

#include "node/book.h"
#include "node/service.h"

enum {
    ENT_CONTROL_LINK = ENT_MSG_CONTROL + 1,
    ENT_CONTROL_READY,
    ENT_CONTROL_WANT,
    ENT_CONTROL_SERVING,
    ENT_CONTROL_TRAIL,
    ENT_CONTROL_FIRST,
    ENT_CONTROL_COUNTS,
    ENT_CONTROL_DRAIN,
    ENT_CONTROL_DRAINED,
    ENT_CONTROL_STOP,
    ENT_CONTROL_LIAR
};

/* The exit code of a process that could not begin, or go on; why is in the log. */
#define ENT_PROCESS_FAILED 1

#define ENT_PLACES 16u /* processes of one kind: the indices are below */

extern const struct ent_protocol ent_control;

/* Where a process is: its kind, and which of them. */
struct ent_at {
    enum ent_process process;
    unsigned index;
};

#define ENT_CONTROL_TEXT 200u
struct ent_ready {
    uint16_t port, users_port; /* of the front; 0: none */
    uint8_t fingerprint[32];   /* of the certificate on the users' port */
    char sandbox[ENT_CONTROL_TEXT];
};

struct ent_liar {
    struct ent_at at;
    char why[ENT_CONTROL_TEXT];
};

/* Appended; one form each. ENT_E_FORMAT for anything else. */
ENT_MUST_USE enum ent_err ent_at_encode(struct ent_buf *b, const struct ent_at *at);
ENT_MUST_USE enum ent_err ent_at_parse(struct ent_at *ret, struct ent_slice bytes);
ENT_MUST_USE enum ent_err ent_ready_encode(struct ent_buf *b, const struct ent_ready *r);
ENT_MUST_USE enum ent_err ent_ready_parse(struct ent_ready *ret, struct ent_slice bytes);
ENT_MUST_USE enum ent_err ent_liar_encode(struct ent_buf *b, const struct ent_liar *l);
ENT_MUST_USE enum ent_err ent_liar_parse(struct ent_liar *ret, struct ent_slice bytes);
ENT_MUST_USE enum ent_err ent_wants_encode(struct ent_buf *b, const struct ent_book_wants *w);
ENT_MUST_USE enum ent_err ent_wants_parse(struct ent_book_wants *ret, struct ent_slice bytes);

#endif
