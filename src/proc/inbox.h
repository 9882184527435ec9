/*
 * inbox.h, internal to proc/: frames off a stream socket, with the descriptors that came along. At
 * most one descriptor a frame, and only where the header says so; all others are closed, or never
 * received. Short frames are read many at a time, long payloads straight to their place.
 */
#ifndef ENT_PROC_INBOX_H
#define ENT_PROC_INBOX_H

#include <stdatomic.h>

#include "proc/msg.h"

struct ent_inbox {
    int fd;     /* borrowed */
    int passed; /* came with bytes that lie in buf[], not yet claimed; or -1 */
    size_t pos, n;
    uint8_t buf[16384];
};

void ent_inbox_init(struct ent_inbox *in, int fd);
void ent_inbox_release(struct ent_inbox *in);

/* The next header; a descriptor that it announces is in *ret_fd (caller's to close), else -1.
 * ENT_E_PEER at the end of the stream, ENT_E_FORMAT for what ent_msg_head_parse() refuses and for
 * descriptors that nobody announced. After an error nothing more can be read. */
ENT_MUST_USE enum ent_err ent_inbox_head(struct ent_inbox *in, struct ent_msg_head *ret,
                                         int *ret_fd, struct ent_diag *d);
ENT_MUST_USE enum ent_err ent_inbox_body(struct ent_inbox *in, uint8_t *p, size_t n,
                                         struct ent_diag *d);

/* All of the next message, if it may come from that role in that phase, which is looked at when its
 * header is there. */
ENT_MUST_USE enum ent_err ent_inbox_next(struct ent_inbox *in, struct ent_msg *ret,
                                         struct ent_diag *d, const struct ent_protocol *p,
                                         unsigned from, const atomic_uint *phase);

/* All of one frame, in order; fd may be -1 and stays the caller's. ENT_E_PEER when the other side
 * has gone, ENT_E_TIMEOUT when it has taken no byte for so long. */
ENT_MUST_USE enum ent_err ent_frame_out(int fd, struct ent_diag *d, const struct ent_msg_head *h,
                                        const uint8_t *payload, int passed, int stall_ms);

#endif
