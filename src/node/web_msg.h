/*
 * web_msg.h: a request of the users' port on its way from `front` to `api`, and the answer to it.
 *
 * Neither side believes the other more than its form. What a taken front could do here it can do
 * anyway: it sees all credentials that come in. A taken api could answer anything; no bytes of it
 * become a type or a header that the port would not write.
 */
#ifndef ENT_NODE_WEB_MSG_H
#define ENT_NODE_WEB_MSG_H

#include "net/net.h"
#include "node/service.h"

#define ENT_WEB_CALL (ENT_MSG_FRONT + 1)

#define ENT_WEB_BODY_MAX    ((size_t)8 << 20)  /* of a request */
#define ENT_WEB_ANSWER_MAX  ((size_t)48 << 20) /* of an answer's body: struct ent_web_opts */
#define ENT_WEB_HEADERS_MAX 2048u

/* Bytes of the messages, at most. */
#define ENT_WEB_REQUEST_BYTES (ENT_WEB_BODY_MAX + (size_t)14 * (ENT_WEB_HEADER + 2u) + 64u)
#define ENT_WEB_ANSWER_BYTES  (ENT_WEB_ANSWER_MAX + ENT_WEB_HEADERS_MAX + 64u)

#define ENT_WEB_ROWS 2
extern const struct ent_msg_row ent_web_rows[ENT_WEB_ROWS];

/* Both ways: encode(parse(x)) == x. Appended. ENT_E_LIMIT for what is longer than the port lets it
 * be, ENT_E_FORMAT for what no request or answer can be. Parsed slices and texts point into bytes.
 */
ENT_MUST_USE enum ent_err ent_web_request_encode(struct ent_buf *b,
                                                 const struct ent_web_request *req);
ENT_MUST_USE enum ent_err ent_web_request_parse(struct ent_web_request *ret,
                                                struct ent_slice bytes);

/* The type is one that a node has answers of, or NULL: a literal again when it is parsed. */
ENT_MUST_USE enum ent_err ent_web_answer_encode(struct ent_buf *b, const struct ent_web_answer *a);
/* ret as a handler of the port gets it: headers and body initialised and empty. What it holds is a
 * copy. */
ENT_MUST_USE enum ent_err ent_web_answer_parse(struct ent_web_answer *ret, struct ent_slice bytes);

#endif
