/*
 * front_wire.h: what the front and the ledger's process say to each other. Numbers little-endian;
 * each thing has one form, and whoever reads it believes nothing but that.
 *
 *     PEER     front to ledger: a member's request.
 *              key 32, method u8 (0 GET, 1 POST, 2 PUT, 3 DELETE), path u16 and its bytes, the body
 *              answer: status u16, type u8 (a number of ent_peer_type()), the body
 *     ALLOWED  note, ledger to front: who may connect, always all of them.
 *              keys of 32 bytes, ascending
 *     OUT      ledger to front: a call to a member (dial.h).
 *              url u8 and its bytes, key 32, connect_seconds u16, call_seconds u16, method u8,
 *              path u16 and its bytes, most bytes of an answer u32, the body
 *              answer: 0 u8, status u16, the body; or an error u8 (enum ent_err) and why u8 (a
 *              number of ent_client_why(), 0 for none)
 *
 * A key is the SHA-256 of an SPKI. What a user's port says is in web_msg.h.
 */
#ifndef ENT_NODE_FRONT_WIRE_H
#define ENT_NODE_FRONT_WIRE_H

#include "node/dial.h"
#include "node/peer.h"

enum {
    ENT_FRONT_PEER = ENT_MSG_FRONT + 2,
    ENT_FRONT_ALLOWED = ENT_MSG_FRONT + 3,
    ENT_FRONT_OUT = ENT_MSG_FRONT + 4
};
#define ENT_FRONT_ROWS 5u
extern const struct ent_msg_row ent_front_rows[ENT_FRONT_ROWS];

#define ENT_PEER_PATH_MAX   512u                           /* ours have a hundred bytes */
#define ENT_PEER_ANSWER_MAX (ENT_HEADS_MAX + ENT_NOTE_MAX) /* a body */
#define ENT_PEER_MSG_MAX    (35u + ENT_PEER_PATH_MAX + ENT_HEADS_MAX)
#define ENT_OUT_BODY_MAX    ENT_HEADS_MAX
#define ENT_OUT_ANSWER_MAX  (17u << 20) /* a body: a bundle of entries */
#define ENT_OUT_MSG_MAX     (44u + 255u + ENT_PEER_PATH_MAX + ENT_OUT_BODY_MAX)
/* A call ends by then; what is above is ENT_E_FORMAT. */
#define ENT_OUT_CONNECT_SECONDS 60u
#define ENT_OUT_CALL_SECONDS    600u

/* --- a member's request -------------------------------------------------------------------------
 */

struct ent_peer_call {
    struct ent_spki peer;
    const char *method; /* a literal */
    char path[ENT_PEER_PATH_MAX + 1];
    struct ent_slice body; /* in the bytes that were parsed */
};
/* ENT_E_LIMIT for a path that is too long. */
ENT_MUST_USE enum ent_err ent_peer_call_encode(struct ent_buf *b, const struct ent_request *q);
/* Only what ent_peer_body_max() has room for. */
ENT_MUST_USE enum ent_err ent_peer_call_parse(struct ent_peer_call *ret, struct ent_slice bytes);

/* What bodies are: a literal, or NULL. */
const char *ent_peer_type(unsigned number);

struct ent_peer_answer {
    unsigned status;  /* 200 to 599 */
    const char *type; /* one of ent_peer_type() */
    struct ent_slice body;
};
ENT_MUST_USE enum ent_err ent_peer_answer_encode(struct ent_buf *b,
                                                 const struct ent_peer_answer *a);
ENT_MUST_USE enum ent_err ent_peer_answer_parse(struct ent_peer_answer *ret,
                                                struct ent_slice bytes);

/* --- who may connect ----------------------------------------------------------------------------
 */

#define ENT_ALLOWED_MAX ENT_PACT_MEMBERS
struct ent_allowed {
    size_t n;
    struct ent_spki key[ENT_ALLOWED_MAX]; /* ascending */
};
/* One more; one that is there already is that. ENT_E_LIMIT when it is full. */
ENT_MUST_USE enum ent_err ent_allowed_add(struct ent_allowed *a, const struct ent_spki *key);
bool ent_allowed_has(const struct ent_allowed *a, const struct ent_spki *key);
bool ent_allowed_eq(const struct ent_allowed *a, const struct ent_allowed *b);
ENT_MUST_USE enum ent_err ent_allowed_encode(struct ent_buf *b, const struct ent_allowed *a);
ENT_MUST_USE enum ent_err ent_allowed_parse(struct ent_allowed *ret, struct ent_slice bytes);

/* --- a call to a member -------------------------------------------------------------------------
 */

struct ent_out_call {
    char url[ENT_URL_MAX + 1], path[ENT_PEER_PATH_MAX + 1];
    struct ent_dial dial; /* in url, path, and the bytes that were parsed */
    size_t answer_max;
};
/* The default seconds of net/ when they are 0; an answer_max above ENT_OUT_ANSWER_MAX is that. */
ENT_MUST_USE enum ent_err ent_out_call_encode(struct ent_buf *b, const struct ent_dial *q,
                                              size_t answer_max);
/* *ret stays where it is, because dial points into it. */
ENT_MUST_USE enum ent_err ent_out_call_parse(struct ent_out_call *ret, struct ent_slice bytes);

struct ent_out_answer {
    enum ent_err err;
    const char *why; /* when err is not ENT_OK; a literal, or NULL */
    unsigned status; /* 100 to 999 */
    struct ent_slice body;
};
ENT_MUST_USE enum ent_err ent_out_answer_encode(struct ent_buf *b, const struct ent_out_answer *a);
ENT_MUST_USE enum ent_err ent_out_answer_parse(struct ent_out_answer *ret, struct ent_slice bytes);

#endif
