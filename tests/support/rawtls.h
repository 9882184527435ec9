/*
 * rawtls.h: TLS as an attacker or a broken program speaks it: either side, any version, any
 * certificate, any bytes at any time. Sockets give up after five seconds, so no test hangs.
 */
#ifndef ENT_TESTS_SUPPORT_RAWTLS_H
#define ENT_TESTS_SUPPORT_RAWTLS_H

#include "tests/support/t.h"

#include <gnutls/gnutls.h>

#define RAW_TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define RAW_TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

struct raw {
    int fd;
    gnutls_session_t session; /* NULL: plain TCP */
    gnutls_certificate_credentials_t cred;
};

enum raw_side { RAW_CLIENT, RAW_SERVER };

struct raw_opts {
    const char *priorities;
    struct ent_slice cert_pem, key_pem; /* empty: none */
    bool mismatch;                      /* let the key not belong to the certificate */
};

/* A socket connected to 127.0.0.1, or one that listens there. */
int raw_dial(unsigned port);
int raw_listen(unsigned *ret_port);

/* GnuTLS's verdict on the handshake: 0 or an error. fd belongs to r from here on. */
int raw_start(struct raw *r, int fd, enum raw_side side, const struct raw_opts *o);
void raw_plain(struct raw *r, int fd);
void raw_stop(struct raw *r);

/* False when the other side ended it. */
bool raw_send(struct raw *r, const void *p, size_t n);
bool raw_sends(struct raw *r, const char *text);
/* What comes until the end of the connection, or until the text `upto` has come. */
void raw_recv(struct raw *r, struct ent_buf *b, const char *upto);
/* True when the other side closes within so many milliseconds, whatever it says before. */
bool raw_closed_within(struct raw *r, unsigned ms);

enum raw_key { RAW_ED25519, RAW_ECDSA, RAW_RSA };
/* A self-signed certificate; with a second one behind it when chain is true. */
void raw_certificate(struct ent_buf *cert_pem, struct ent_buf *key_pem, enum raw_key kind,
                     bool chain);

#endif
