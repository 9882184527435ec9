/*
 * webpeers.h: a users' port on loopback, and what is said to it. Paths: /fields says what came,
 * /etag has one, /type, /header and /status answer what cannot be sent, /long and /large are 4 MiB
 * and 1 MiB, /hold waits while web_seen.hold, /taxii2/... and all others echo up to WEB_BODY_MAX,
 * /none is not there, /no-body takes none.
 */
#ifndef ENT_TESTS_SUPPORT_WEBPEERS_H
#define ENT_TESTS_SUPPORT_WEBPEERS_H

#include "tests/support/rawtls.h"

#include "net/net.h"

#include <pthread.h>
#include <stdatomic.h>

#define WEB_BODY_MAX 300000u
#define WEB_S_NS     UINT64_C(1000000000)

struct web_seen {
    atomic_uint handled, holding;
    atomic_uint smuggled; /* requests for /smuggled */
    atomic_bool hold;
    /* Calls of event(), and what they counted. */
    atomic_uint told[ENT_WEB_EVENTS], counted[ENT_WEB_EVENTS];
};
extern struct web_seen web_seen; /* zeroed by web_serve() */
extern struct ent_buf web_cert, web_key;

/* NULL: the defaults, without TLS. */
struct ent_web *web_serve(const struct ent_web_opts *more);
/* With TLS unless more->plain; what listen, cert_pem and key_pem say, and may fail. */
enum ent_err web_try_serve(struct ent_web **ret, struct ent_diag *d,
                           const struct ent_web_opts *more);

void web_raw(struct raw *r, const struct ent_web *w);
void web_raw_tls(struct raw *r, const struct ent_web *w, const char *priorities);
/* The answer to this, up to `upto` or the end, as text until the next call. */
const char *web_ask(struct raw *r, const char *request, const char *upto);
void web_pause_ms(long ms);

#endif
