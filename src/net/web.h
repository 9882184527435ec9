/*
 * web.h: an HTTP request as the server read it, and its answer.
 *
 * Never: decodes a path or a query, looks into a body, knows who somebody is.
 */
#ifndef ENT_NET_WEB_H
#define ENT_NET_WEB_H

#include "base/base.h"

#define ENT_WEB_HEADER 8192u /* bytes of one header's value, and of a path with its query */

struct ent_web_request {
    const char *method;     /* "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE" */
    const char *path;       /* starts with '/', as it came: no %-decoding */
    struct ent_slice query; /* behind '?', as it came */
    /* Headers' values as they came, empty when absent; one that came twice was refused. fetch_site
     * is Sec-Fetch-Site, csrf is X-CSRF-Token. */
    struct ent_slice accept, content_type, authorization, cookie, origin, host, fetch_site, csrf,
        if_none_match, last_event_id, user_agent;
    struct ent_slice body;
    uint8_t from16[16]; /* IPv6, or IPv4 mapped */
    bool tls;
};

/* Content-Length, Connection, Date, Content-Type and X-Content-Type-Options are the server's;
 * Cache-Control is "no-store" unless it stands in headers. With an ETag in them and status 200, a
 * GET or HEAD whose If-None-Match names it gets 304. */
struct ent_web_answer {
    unsigned status;        /* 200 to 599 */
    const char *type;       /* a literal, or in the caller's memory until the answer is out */
    struct ent_buf headers; /* "Name: value\n" each, ASCII without control bytes; else 500 */
    struct ent_buf body;    /* with its maximum */
};

/* What the server refuses. */
enum ent_web_event {
    ENT_WEB_MALFORMED, /* no HTTP/1.1 as the standard wants it */
    ENT_WEB_SMUGGLING, /* two ends of one body, or an end that another program would not see */
    ENT_WEB_PATH,      /* a path with a second spelling */
    ENT_WEB_METHOD,
    ENT_WEB_HEADERS, /* too long or too many */
    ENT_WEB_BODY,    /* too long */
    ENT_WEB_SLOW,    /* handshake or request not complete in time */
    ENT_WEB_UNREAD,  /* answer not taken in time */
    ENT_WEB_TLS,     /* no handshake, or broken off */
    ENT_WEB_CROWD,   /* too many connections from one address */
    ENT_WEB_FULL,    /* too many connections, bodies or answers together; no memory */
    ENT_WEB_ANSWER,  /* an answer of the handler's that cannot be sent */
    ENT_WEB_EVENTS
};

#endif
