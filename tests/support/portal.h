/*
 * portal.h: the users' port without a network: a portal over a real desk, and what a browser or a
 * client asks of it.
 */
#ifndef ENT_TESTS_SUPPORT_PORTAL_H
#define ENT_TESTS_SUPPORT_PORTAL_H

#include "tests/support/desk.h"

#include "node/portal_parts.h"

extern struct desk portal_desk;
extern struct ent_portal *portal_here;
extern struct ent_web_answer portal_answer; /* the last one */

void portal_start_with(const struct ent_portal_opts *opts, bool open);
void portal_start(void);
void portal_end(void);

/* One request: what is NULL is not sent. */
struct portal_sent {
    const char *method, *path, *authorization, *cookie, *csrf, *site, *type, *body;
    uint8_t from; /* last byte of the address; 0: 7 */
    bool plain;   /* no TLS */
};

/* The status. */
unsigned portal_ask(const struct portal_sent *s);
unsigned portal_get(const char *path, const char *authorization);

/* Of an account, by its role; of "name:password". Valid until the next. */
const char *portal_bearer(unsigned role);
const char *portal_basic(const char *pair);

/* Whether the last answer is this one, to the byte. */
bool portal_is(const char *type, const char *headers, const char *body);
/* Once for each answer. */
const char *portal_body(void);

extern const struct portal_sent portal_good_login; /* of "analyst" */

struct portal_session {
    char cookie[128], csrf[64];
};
void portal_log_in(struct portal_session *s);

#endif
