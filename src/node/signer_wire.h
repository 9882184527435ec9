/*
 * signer_wire.h: a signer in another process: its requests and answers as bytes, who asks
 * (ent_signer_remote) and who answers (ent_signer_serve). The type of a message says what it is.
 *
 *     request
 *         keys        nothing
 *         statement   u64 version, 32 pact, text author, u64 sequence, u8 type, u64 time, 32 heads,
 *                     u8 n, n * 32 refs, text tlp, 32 policy, text media, u64 body_n, 32 body
 *         head        growth
 *         cosign      growth, 64 signature of the log, u64 time
 *         mirror      text origin, u64 size, 32 root, u64 time, 64 cosignature
 *         last        text origin
 *         follow      the file of a chain, to the end
 *         growth      text origin, u64 size, 32 root, u64 old, u8 n, n * 32 proof
 *     answer    u8 error, then with an error: u64 line, u64 offset, text; else
 *         keys        u8 authors, 32 each, u8 which (1 log, 2 witness, 4 mirror), 32 each
 *         statement, head, cosign, mirror    32 key, 64 signature
 *         last        u64 size, 32 root, u64 time
 *         follow      nothing
 *
 * Numbers are little-endian; a text is u8 length and so many bytes, none of them 0, in an answer
 * visible ASCII and blanks. One form for each: encode(parse(x)) == x or ENT_E_FORMAT.
 */
#ifndef ENT_NODE_SIGNER_WIRE_H
#define ENT_NODE_SIGNER_WIRE_H

#include <pthread.h>

#include "ledger/ledger.h"
#include "pact/pact.h"

#include "node/service.h"

#define ENT_SIGNER_FIELDS_MAX  4096u /* of a request in fields */
#define ENT_SIGNER_REQUEST_MAX ENT_CHAIN_MAX
#define ENT_SIGNER_ANSWER_MAX  512u
#define ENT_SIGNER_TEXT_MAX    255u

/* The type of the message is ENT_MSG_SIGN and this. */
enum ent_signer_what {
    ENT_SIGN_KEYS = 1,
    ENT_SIGN_STATEMENT,
    ENT_SIGN_HEAD,
    ENT_SIGN_COSIGN,
    ENT_SIGN_MIRROR,
    ENT_SIGN_LAST,
    ENT_SIGN_FOLLOW
};
#define ENT_SIGNER_WHATS 7

/* The ledger asks. */
#define ENT_SIGNER_ROWS (2u * ENT_SIGNER_WHATS)
extern const struct ent_msg_row ent_signer_rows[ENT_SIGNER_ROWS];

/* Slices point into the parsed bytes. */
struct ent_signer_request {
    enum ent_signer_what what;
    union {
        struct ent_statement statement;
        struct ent_growth head;
        struct ent_cosign_request cosign;
        struct ent_cosigned mirror;
        char origin[ENT_ORIGIN_MAX + 1];
        struct ent_slice chain;
    };
};

struct ent_signer_answer {
    enum ent_signer_what what;
    enum ent_err err;
    uint64_t line, offset; /* of the diagnosis */
    char text[ENT_SIGNER_TEXT_MAX + 1];
    union {
        struct ent_signer_keys keys;
        struct ent_signature signature;
        struct ent_last_head last;
    };
};

/* Appended. ENT_E_FORMAT for fields that have no such form. */
ENT_MUST_USE enum ent_err ent_signer_request_encode(struct ent_buf *b,
                                                    const struct ent_signer_request *q);
ENT_MUST_USE enum ent_err ent_signer_request_parse(struct ent_signer_request *ret,
                                                   enum ent_signer_what what,
                                                   struct ent_slice bytes);
ENT_MUST_USE enum ent_err ent_signer_answer_encode(struct ent_buf *b,
                                                   const struct ent_signer_answer *a);
ENT_MUST_USE enum ent_err ent_signer_answer_parse(struct ent_signer_answer *ret,
                                                  enum ent_signer_what what,
                                                  struct ent_slice bytes);

/* A signer as a service; it outlives this, which must not move. */
struct ent_signer_service {
    const struct ent_signer *by;
    pthread_mutex_t lock; /* a signer does one thing at a time */
};
void ent_signer_service_init(struct ent_signer_service *s, const struct ent_signer *by);
void ent_signer_service_release(struct ent_signer_service *s);

/* An ent_service of these. What the signer refuses is an answer, too; ENT_E_FORMAT: that is no
 * request, and whoever sent it is not what it should be. */
ENT_MUST_USE enum ent_err ent_signer_serve(void *signer_service, struct ent_msg *ret,
                                           struct ent_msg *call);

/* Asks for the keys, and for all else later. A request of which nobody knows whether it arrived
 * (ENT_E_TIMEOUT, ENT_E_PEER) is sent once more. What cannot be read is ENT_E_PEER. */
ENT_MUST_USE enum ent_err ent_signer_remote(struct ent_signer **ret, struct ent_diag *d,
                                            const struct ent_caller *signer);
void ent_signer_remote_free(struct ent_signer *s);

#endif
