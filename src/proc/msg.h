/*
 * msg.h: messages between processes of one node. A frame is a header of 16 bytes, little-endian,
 * and a payload:
 *
 *     u32 length of the payload, u16 type, u16 flags, u64 id
 *
 * flags: bits 0 and 1 are the kind, bit 2 says that a descriptor comes with the first byte; the
 * others are zero. id: of a call, larger than the one before; of its answer or refusal, the same;
 * of a note 0. Type 0 is the channel's own greeting.
 *
 * A protocol is a table with one row for each frame there may be. What is not in it is the sender's
 * fault, whoever holds the sender by now.
 */
#ifndef ENT_PROC_MSG_H
#define ENT_PROC_MSG_H

#include <stdbool.h>

#include "base/base.h"

#define ENT_MSG_HEAD   16u
#define ENT_MSG_MAX    (64u << 20) /* bytes of a payload, whatever a row says */
#define ENT_MSG_ROLES  32u         /* roles and phases are bits of a word */
#define ENT_MSG_BIT(n) (UINT32_C(1) << (n))
#define ENT_MSG_ANY    UINT32_MAX

enum ent_msg_kind {
    ENT_MSG_CALL,    /* wants an answer */
    ENT_MSG_ANSWER,  /* of the type of its call */
    ENT_MSG_REFUSAL, /* instead of an answer: one byte, an enum ent_err */
    ENT_MSG_NOTE     /* wants none */
};

enum ent_msg_fd { ENT_MSG_FD_NONE, ENT_MSG_FD_ONE, ENT_MSG_FD_MAY };

struct ent_msg_row {
    uint16_t type;          /* from 1 */
    enum ent_msg_kind kind; /* a refusal needs no row: it may come instead of each answer */
    uint32_t from;          /* bits of the roles that may send it */
    uint32_t phases;   /* bits of the phases, of the side that receives, in which it may come */
    uint32_t min, max; /* bytes of the payload */
    enum ent_msg_fd fd;
};

/* What two processes have in common. Calls without an answer yet are at most window, with payloads
 * of at most window_bytes together: who calls waits, who is called needs no more memory. */
struct ent_protocol {
    const struct ent_msg_row *rows;
    size_t n;
    unsigned window;     /* 1 to 65535 */
    size_t window_bytes; /* at least the largest call */
};

/* Whether it is one that can work: for a bug of ours, and for tests. */
bool ent_protocol_is_sound(const struct ent_protocol *p);

struct ent_msg_head {
    uint32_t n;
    uint16_t type;
    enum ent_msg_kind kind;
    bool fd;
    uint64_t id;
};

void ent_msg_head_encode(uint8_t ret[static ENT_MSG_HEAD], const struct ent_msg_head *h);
/* ENT_E_FORMAT for unknown flags, an id that does not fit the kind, a refusal that is none;
 * ENT_E_LIMIT above ENT_MSG_MAX. */
ENT_MUST_USE enum ent_err ent_msg_head_parse(struct ent_msg_head *ret, struct ent_diag *d,
                                             const uint8_t head16[static ENT_MSG_HEAD]);

/* The row of that type and kind (a refusal has that of its answer), or NULL. */
const struct ent_msg_row *ent_msg_row(const struct ent_protocol *p, uint16_t type,
                                      enum ent_msg_kind kind);

/* Whether such a frame may come from that role in that phase: ENT_E_FORMAT for one that is not in
 * the table or a descriptor that is missing or too much, ENT_E_POLICY for another role's,
 * ENT_E_STATE for the wrong phase, ENT_E_LIMIT for the wrong length. */
ENT_MUST_USE enum ent_err ent_msg_check(const struct ent_protocol *p, struct ent_diag *d,
                                        const struct ent_msg_head *h, unsigned from,
                                        unsigned phase);

/* One message as it is held. Owner: whoever has it; ent_msg_release() frees the bytes and closes
 * the descriptor, and is fine on {.fd = -1}. To keep either, take it and leave {0} or -1. */
struct ent_msg {
    uint16_t type;
    enum ent_msg_kind kind;
    uint64_t id;
    struct ent_buf bytes;
    int fd; /* or -1 */
};
#define ENT_MSG_NOTHING ((struct ent_msg){.fd = -1})
void ent_msg_release(struct ent_msg *m);

#endif
