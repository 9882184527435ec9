/*
 * netpeers.h: a test server on loopback that knows alice and bob, and clients for it. Paths: /who
 * names the caller, /method the method, /hold waits while seen.hold, /long is 4 MiB, /status sets
 * no status, /none is not there, /huge takes 1 GiB, all others echo up to BODY_MAX.
 */
#ifndef ENT_TESTS_SUPPORT_NETPEERS_H
#define ENT_TESTS_SUPPORT_NETPEERS_H

#include "tests/support/rawtls.h"

#include "net/net.h"

#include <stdatomic.h>

#define BODY_MAX 300000u
#define S_NS     UINT64_C(1000000000)

struct identity {
    struct ent_seed32 seed;
    struct ent_buf cert, key;
    struct ent_spki spki;
    int client; /* ent_client_identity()'s */
};

/* Made anew, from the seed, by ent_t_run_net(). */
extern struct identity server_id, alice, bob, stranger;

/* What the server's callbacks see and are told; zeroed by peer_serve(). */
struct peer_seen {
    atomic_uint handled, admitted, refused, holding;
    atomic_bool hold, ban_alice;
};
extern struct peer_seen seen;

#define ent_t_run_net(name, tests)                                                                 \
    (ent_t_start(name), peer_make_identities(),                                                    \
     cmocka_run_group_tests_name(name, tests, NULL, NULL))
void peer_make_identities(void);

/* more: limits, and where to listen; NULL for the defaults on a free port of 127.0.0.1. */
struct ent_server *peer_serve(const struct ent_server_opts *more);
/* The same, with whatever of listen, cert_pem and key_pem is given, and may fail. */
enum ent_err peer_try_serve(struct ent_server **ret, struct ent_diag *d,
                            const struct ent_server_opts *more);

struct ent_client *peer_client(const struct ent_server *s, const struct identity *id);
/* The stop flag of every client made here. */
extern atomic_bool peer_stop;
struct ent_client *peer_client_to(unsigned port, const struct identity *id,
                                  const struct ent_spki *pin, unsigned call_seconds);
enum ent_err peer_get(struct ent_client *c, const char *path, unsigned *ret_status,
                      struct ent_buf *body);

/* alice, speaking for herself. */
const struct raw_opts *peer_raw_alice(void);
void peer_raw(struct raw *r, const struct ent_server *s);
/* Sends these bytes and expects an answer that begins with `status` ("HTTP/1.1 413 "). */
void peer_raw_expect(struct raw *r, const char *request, const char *status);

void peer_pause_ms(long ms);

#endif
