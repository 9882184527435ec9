/*
 * fetch.h: asking a TAXII server, telling a webhook. Sockets, TLS and HTTP live in a process of
 * their own, which is forked before there is a store or a key to see, and which knows one server
 * and the secret for it, and ends when whoever started it does. It is told paths and gives back
 * a status, the few headers that count, and the bytes of the body.
 *
 * Promises: one server and no other (no redirects, no cookies, no .netrc); its certificate is
 * checked against the system's authorities, or those of one file, with TLS 1.2 or newer; headers,
 * bodies, what they are inflated to, and silence have limits; a body is never held whole.
 * Never: parses a body.
 */
#ifndef ENT_NET_FETCH_H
#define ENT_NET_FETCH_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/base.h"

#define ENT_FETCH_HOST   253
#define ENT_FETCH_ORIGIN (ENT_FETCH_HOST + sizeof("https://[]:65535"))
#define ENT_FETCH_PATH   1024
#define ENT_FETCH_SUFFIX 8192 /* a path with its query */

struct ent_fetch_url {
    char origin[ENT_FETCH_ORIGIN]; /* "https://host:443": equal origins, equal texts */
    char name[ENT_FETCH_ORIGIN];   /* for people: the host, with a port that is not usual */
    char path[ENT_FETCH_PATH + 2]; /* begins and ends with '/' */
};

/* "https://HOST[:PORT][/PATH]"; "http://" for numeric loopback addresses only. *ret_why is a
 * literal when it is none (ENT_E_FORMAT): a name that is no A-label, a user or password, a query, a
 * path with empty or dotted parts or with characters that need escaping. */
ENT_MUST_USE enum ent_err ent_fetch_url_parse(struct ent_fetch_url *ret, const char **ret_why,
                                              struct ent_slice s);

/* As it is meant, with its query and without a '/' more: the origin in *ret, whose path does not
 * count, and what is asked for there in ret_suffix, of cap bytes. */
ENT_MUST_USE enum ent_err ent_fetch_target_parse(struct ent_fetch_url *ret, char *ret_suffix,
                                                 size_t cap, const char **ret_why,
                                                 struct ent_slice s);

/* What the server behind base calls one of its places: a URL, or a path. ENT_E_POLICY when it is on
 * another server, ENT_E_FORMAT when it is nothing. */
ENT_MUST_USE enum ent_err ent_fetch_url_below(struct ent_fetch_url *ret,
                                              const struct ent_fetch_url *base, struct ent_slice s);

/* RFC 3986: all but letters, digits and "-._~" becomes %XX. */
ENT_MUST_USE enum ent_err ent_fetch_escape(struct ent_buf *b, struct ent_slice s);

/* --- headers ------------------------------------------------------------------------------------
 */

/* A time as TAXII writes it (RFC 3339 in UTC, up to nine digits behind the seconds), kept with its
 * digits. "+00:00" becomes "Z". */
#define ENT_FETCH_DATE sizeof("2016-01-01T00:00:00.123456789Z")
ENT_MUST_USE enum ent_err ent_fetch_date(char ret[static ENT_FETCH_DATE], struct ent_slice s);
/* As strcmp() would, of two such times; "" comes before all. */
int ent_fetch_date_cmp(const char *a, const char *b);

/* RFC 9110 section 10.2.3: seconds, or a date, from which they are counted; at most INT32_MAX. */
ENT_MUST_USE enum ent_err ent_fetch_retry_after(uint32_t *ret, struct ent_slice s, int64_t now);

enum ent_fetch_type {
    ENT_FETCH_NO_TYPE,
    ENT_FETCH_TAXII, /* application/taxii+json, of version 2.1 where it says one */
    ENT_FETCH_OTHER
};
enum ent_fetch_type ent_fetch_type(struct ent_slice s);

/* --- asking -------------------------------------------------------------------------------------
 */

struct ent_fetch;

struct ent_fetch_opts {
    struct ent_fetch_url url; /* its origin is the one server; its path does not count */
    const char *ca_file;      /* PEM; NULL: the system's */
    /* Basic (user not empty) or Bearer (token not empty) authentication. Only the new process needs
     * these: wipe them when it has been started. */
    struct ent_slice user, password, token;
    unsigned connect_seconds; /* 0: 30 */
    unsigned idle_seconds;    /* without a byte; 0: 60. Also the grace of 1 KiB/s on average */
    uint64_t max_body;        /* bytes, inflated; 0: 256 MiB */
    uid_t uid;                /* started as root: whom the new process becomes; 0: it stays root */
    gid_t gid;
    void *forget; /* the new process wipes its copy of this first, or NULL */
    size_t forget_n;
    const atomic_bool *stop; /* when it becomes true, calls end with ENT_E_INTERRUPTED; or NULL */
};

/* Forks: before threads, and before there is anything that the network must not see. */
ENT_MUST_USE enum ent_err ent_fetch_start(struct ent_fetch **ret, struct ent_diag *d,
                                          const struct ent_fetch_opts *opts);
void ent_fetch_free(struct ent_fetch *f);

#define ENT_FETCH_TYPE_TEXT 128
struct ent_fetch_answer {
    unsigned status; /* 200 to 599 */
    enum ent_fetch_type type;
    bool wait_said;                      /* Retry-After */
    uint32_t wait;                       /* seconds */
    char date[ENT_FETCH_DATE];           /* X-TAXII-Date-Added-Last, or "" */
    char type_text[ENT_FETCH_TYPE_TEXT]; /* what Content-Type said, cut: printable ASCII */
};

/* GET origin + suffix (a path, perhaps '?' and a query, escaped). Bodies come only with status 200
 * and type ENT_FETCH_TAXII, through the reader, which must have come to its end before the next
 * call. ENT_E_PEER, ENT_E_TIMEOUT, ENT_E_AUTH (the certificate), ENT_E_LIMIT: d->text says what;
 * after an error of the reader or of the channel, only ent_fetch_free() is left to do. */
ENT_MUST_USE enum ent_err ent_fetch_get(struct ent_fetch *f, struct ent_fetch_answer *ret,
                                        struct ent_diag *d, const char *suffix);
/* POST of a body of JSON with one header more ("Name: value"), all together below 64 KiB; of the
 * answer only what is in *ret. ENT_E_FORMAT, ENT_E_LIMIT: it cannot be sent. */
ENT_MUST_USE enum ent_err ent_fetch_post(struct ent_fetch *f, struct ent_fetch_answer *ret,
                                         struct ent_diag *d, const char *suffix, const char *header,
                                         struct ent_slice body);
struct ent_reader ent_fetch_reader(struct ent_fetch *f);
/* Of all bodies so far. */
const uint64_t *ent_fetch_received(const struct ent_fetch *f);

#endif
