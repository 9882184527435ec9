/*
 * trail_record.h: one line of the audit log, an entry of its tree. Seven words after the version,
 * one blank between two:
 *
 *     v1 <time> <who> <via> <from> <what> <outcome> <on>
 *     v1 2026-11-22T18:56:44Z eva token/feeds 192.0.2.7 export allowed stix:green
 *
 * who is an account, @owner (of the home's files) or @nobody; via one of ent_via_words, of a token
 * with its name; from an address or "local"; what one of ent_actions; outcome "allowed" or why it
 * was refused; on what it was about, with everything but visible ASCII and '%' itself as %XX, "-"
 * for nothing. One form for each record: encode(parse(x)) == x.
 */
#ifndef ENT_NODE_TRAIL_RECORD_H
#define ENT_NODE_TRAIL_RECORD_H

#include "node/role.h"

#define ENT_TRAIL_ON   256u  /* bytes of what it was about */
#define ENT_TRAIL_LINE 1024u /* more than a record ever has */

enum ent_refusal {
    ENT_REFUSED_NOT,   /* it was allowed */
    ENT_REFUSED_NONE,  /* nothing was presented */
    ENT_REFUSED_WRONG, /* whatever was wrong with it */
    ENT_REFUSED_WAIT,  /* too many wrong ones before */
    ENT_REFUSED_BUSY,  /* too many at this moment */
    ENT_REFUSED_ROLE,  /* it may not */
    ENT_REFUSED_MORE   /* so many refusals more, which have no record of their own */
};
#define ENT_REFUSALS 7
extern const char *const ent_refusal_words[ENT_REFUSALS]; /* "allowed", ... */

struct ent_trail_record {
    int64_t time;
    char who[ENT_USER_NAME_MAX + 1];
    enum ent_via via;
    char token[ENT_USER_NAME_MAX + 1]; /* of ENT_VIA_TOKEN */
    uint8_t from16[16];                /* all zero: local */
    enum ent_action what;
    enum ent_refusal outcome;
    char on[ENT_TRAIL_ON + 1]; /* "" for nothing; no zero bytes in it */
};

/* What is too long is cut: what somebody else chose must not keep a record from being written. */
void ent_trail_record_on(struct ent_trail_record *r, struct ent_slice on);
/* who, via, token and from. */
void ent_trail_record_by(struct ent_trail_record *r, const struct ent_identity *who);

/* Without a line feed. ENT_E_FORMAT for a record that no parser would give. */
ENT_MUST_USE enum ent_err ent_trail_record_encode(struct ent_buf *b,
                                                  const struct ent_trail_record *r);
ENT_MUST_USE enum ent_err ent_trail_record_parse(struct ent_trail_record *ret,
                                                 struct ent_slice line);

#define ENT_FROM_TEXT 46u
/* "local", "192.0.2.7", "2001:db8::1" */
const char *ent_from_show(char ret[static ENT_FROM_TEXT], const uint8_t from16[static 16]);

#endif
