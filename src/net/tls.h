/* tls.h, internal to net/: what server and client share of GnuTLS. */
#ifndef ENT_NET_TLS_H
#define ENT_NET_TLS_H

#include "net/net.h"

#include <gnutls/gnutls.h>

/* Start GnuTLS and libcurl, once for the process, from any thread. */
ENT_MUST_USE enum ent_err ent_tls_start(void);

/* The key behind the other side's certificate: exactly one X.509 certificate with an Ed25519 key,
 * else ENT_E_AUTH. Only after the handshake has checked the signature is it also the peer's. */
ENT_MUST_USE enum ent_err ent_tls_peer(struct ent_spki *ret, gnutls_session_t session);

/* ENT_E_FORMAT unless these are a certificate and the private key that belongs to it. */
ENT_MUST_USE enum ent_err ent_tls_identity_check(struct ent_slice cert_pem,
                                                 struct ent_slice key_pem);

/* GnuTLS takes its inputs as pointers to bytes that it could change, and does not. */
gnutls_datum_t ent_tls_datum(struct ent_slice s);

#endif
