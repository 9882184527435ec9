/*
 * fetch_parts.h, internal to net/: what goes over the channel between the process that fetches and
 * the one that reads. A frame is a type, a length (4 bytes, little-endian) and so many bytes; what
 * comes back for a request is a head, bodies and an end, or a failure instead of any of these.
 */
#ifndef ENT_NET_FETCH_PARTS_H
#define ENT_NET_FETCH_PARTS_H

#include "net/fetch.h"

enum ent_frame_type {
    ENT_FRAME_GET = 1, /* a suffix */
    ENT_FRAME_HEAD,    /* a struct ent_fetch_answer */
    ENT_FRAME_BODY,
    ENT_FRAME_END,
    ENT_FRAME_FAIL, /* one byte: enum ent_fetch_fault */
    ENT_FRAME_POST  /* a struct ent_post */
};
#define ENT_FRAME_HEADER 5
#define ENT_FRAME_MAX    (64u << 10)

struct ent_frame {
    enum ent_frame_type type;
    size_t n;
};
/* ENT_E_FORMAT for an unknown type or a length that is not one of its own. */
ENT_MUST_USE enum ent_err ent_frame_parse(struct ent_frame *ret,
                                          const uint8_t header5[static ENT_FRAME_HEADER]);
/* All of it, or false. */
bool ent_frame_send(int fd, enum ent_frame_type type, struct ent_slice payload);

#define ENT_ANSWER_MAX 192
size_t ent_answer_encode(uint8_t ret[static ENT_ANSWER_MAX], const struct ent_fetch_answer *a);
/* Takes only what ent_answer_encode() writes. */
ENT_MUST_USE enum ent_err ent_answer_parse(struct ent_fetch_answer *ret, struct ent_slice s);

/* The beginning with '/', printable, no fragment. */
bool ent_suffix_is_valid(struct ent_slice s);

/* u16 suffix, u8 header (a line "Name: value", printable ASCII), then the body, which is not empty.
 * Slices point into the frame's bytes. */
struct ent_post {
    struct ent_slice suffix, header, body;
};
#define ENT_POST_HEADER 255u
/* ENT_E_LIMIT above ENT_FRAME_MAX. */
ENT_MUST_USE enum ent_err ent_post_encode(struct ent_buf *b, const struct ent_post *p);
/* ENT_E_FORMAT for what cannot be sent: ent_post_encode() does not look. */
ENT_MUST_USE enum ent_err ent_post_parse(struct ent_post *ret, struct ent_slice s);

/* One line of a response's head into the answer; false for one that says another thing than one
 * before it. Other headers are passed over. */
struct ent_head_seen {
    bool type, date, wait;
};
bool ent_answer_header(struct ent_fetch_answer *a, struct ent_head_seen *seen,
                       struct ent_slice line, int64_t now);

enum ent_fetch_fault {
    ENT_FAULT_START = 1,
    ENT_FAULT_SANDBOX,
    ENT_FAULT_RESOLVE,
    ENT_FAULT_PROXY,
    ENT_FAULT_CONNECT,
    ENT_FAULT_TLS,
    ENT_FAULT_CERTIFICATE,
    ENT_FAULT_CA_FILE,
    ENT_FAULT_TIMEOUT,
    ENT_FAULT_SLOW,
    ENT_FAULT_HTTP,
    ENT_FAULT_HEADERS,
    ENT_FAULT_ENCODING,
    ENT_FAULT_TOO_LARGE,
    ENT_FAULT_BOMB,
    ENT_FAULT_BROKEN,
    ENT_FAULT_MEMORY,
    ENT_FAULTS
};
/* Fills d; ENT_E_PEER for what is no fault. */
ENT_MUST_USE enum ent_err ent_fault(struct ent_diag *d, unsigned fault);

/* The other process: serves requests until the channel ends. */
_Noreturn void ent_fetch_child(int channel, const struct ent_fetch_opts *opts);

#endif
