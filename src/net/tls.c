/*
 * tls.c: identities and the one question asked of a certificate: whose Ed25519 key is in it?
 * Names, dates and issuers in certificates are written because X.509 wants them and never read.
 */
#include "net/net.h"

#include "net/tls.h"

#include <curl/curl.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <pthread.h>
#include <sodium.h>

#define NAME_MAX_BYTES 64           /* ub-common-name, RFC 5280 appendix A.1 */
#define NOT_BEFORE     1577836800   /* 2020-01-01T00:00:00Z */
#define NOT_AFTER      253402300799 /* 9999-12-31T23:59:59Z: none, RFC 5280 section 4.1.2.5 */
#define ED25519_BYTES  32

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum ent_err started;

static void start(void)
{
    if (gnutls_global_init() != GNUTLS_E_SUCCESS)
        started = ENT_E_UNSUPPORTED;
    else if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        started = ENT_E_UNSUPPORTED;
    else
        started = ent_secret_start();
}

enum ent_err ent_tls_start(void)
{
    return pthread_once(&once, start) == 0 ? started : ENT_E_UNSUPPORTED;
}

void ent_spki_of_ed25519(struct ent_spki *ret, const uint8_t pk32[static 32])
{
    /* SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING }, RFC 8410 section 4 */
    uint8_t der[12 + ED25519_BYTES] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    memcpy(der + 12, pk32, ED25519_BYTES);
    (void)crypto_hash_sha256(ret->b, der, sizeof(der));
}

/* GnuTLS out of memory is that; anything else it refuses here comes from what we gave it. */
static enum ent_err from_gnutls(int g)
{
    if (g >= 0)
        return ENT_OK;
    return g == GNUTLS_E_MEMORY_ERROR ? ENT_E_NOMEM : ENT_E_FORMAT;
}

static enum ent_err import_seed(gnutls_x509_privkey_t key, struct ent_spki *ret_spki,
                                const struct ent_seed32 *seed)
{
    uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(pk, sk, seed->b);
    gnutls_datum_t x = {pk, sizeof(pk)}, k = {sk, ED25519_BYTES}; /* sk begins with the seed */
    int g = gnutls_x509_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k);
    ent_spki_of_ed25519(ret_spki, pk);
    ent_wipe(sk, sizeof(sk));
    return from_gnutls(g);
}

/* Every field is fixed or comes from the arguments, and Ed25519 signatures have no randomness
 * (RFC 8032), so the bytes are the same each time. */
static enum ent_err fill_certificate(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
                                     const char *name)
{
    static const uint8_t serial = 1;
    int g;

    if ((g = gnutls_x509_crt_set_version(crt, 3)) < 0 ||
        (g = gnutls_x509_crt_set_serial(crt, &serial, 1)) < 0 ||
        (g = gnutls_x509_crt_set_activation_time(crt, NOT_BEFORE)) < 0 ||
        (g = gnutls_x509_crt_set_expiration_time(crt, NOT_AFTER)) < 0 ||
        (g = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                           (unsigned)strlen(name))) < 0 ||
        (g = gnutls_x509_crt_set_key(crt, key)) < 0 ||
        (g = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE)) < 0)
        return from_gnutls(g);
    return from_gnutls(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0));
}

static enum ent_err check_name(const char *name)
{
    struct ent_slice s = ent_slice_str(name);
    if (s.n == 0 || !ent_utf8_valid(s, NULL))
        return ENT_E_FORMAT;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return ENT_E_FORMAT;
    return s.n > NAME_MAX_BYTES ? ENT_E_LIMIT : ENT_OK;
}

enum ent_err ent_net_identity(struct ent_buf *cert_pem, struct ent_buf *key_pem,
                              struct ent_spki *ret_spki, const struct ent_seed32 *seed,
                              const char *name)
{
    gnutls_x509_crt_t crt = NULL;
    gnutls_x509_privkey_t key = NULL;
    gnutls_datum_t cert_text = {NULL, 0}, key_text = {NULL, 0};
    size_t cert_n = cert_pem->n;
    struct ent_spki spki;
    enum ent_err r;

    if ((r = ent_tls_start()) != ENT_OK || (r = check_name(name)) != ENT_OK ||
        (r = from_gnutls(gnutls_x509_privkey_init(&key))) != ENT_OK ||
        (r = from_gnutls(gnutls_x509_crt_init(&crt))) != ENT_OK ||
        (r = import_seed(key, &spki, seed)) != ENT_OK ||
        (r = fill_certificate(crt, key, name)) != ENT_OK ||
        (r = from_gnutls(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert_text))) !=
            ENT_OK ||
        (r = from_gnutls(gnutls_x509_privkey_export2_pkcs8(
             key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_text))) != ENT_OK ||
        (r = ent_buf_put(cert_pem, cert_text.data, cert_text.size)) != ENT_OK ||
        (r = ent_buf_put(key_pem, key_text.data, key_text.size)) != ENT_OK)
        goto out;
    *ret_spki = spki;
out:
    if (r != ENT_OK)
        cert_pem->n = cert_n;
    if (key_text.data != NULL)
        ent_wipe(key_text.data, key_text.size);
    gnutls_free(key_text.data);
    gnutls_free(cert_text.data);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
    return r;
}

gnutls_datum_t ent_tls_datum(struct ent_slice s)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.p, s.n > UINT_MAX ? 0 : (unsigned)s.n};
}

/* The raw key is read out and hashed again by us, so that two encodings of one key cannot have two
 * hashes, and no other kind of key can pass. */
static enum ent_err spki_of_certificate(struct ent_spki *ret, const gnutls_datum_t *der)
{
    gnutls_pubkey_t key = NULL;
    gnutls_x509_crt_t crt = NULL;
    gnutls_ecc_curve_t curve;
    gnutls_datum_t x = {NULL, 0};
    enum ent_err r = ENT_E_AUTH;

    if (gnutls_x509_crt_init(&crt) < 0 || gnutls_pubkey_init(&key) < 0 ||
        gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0 ||
        gnutls_pubkey_import_x509(key, crt, 0) < 0 ||
        gnutls_pubkey_export_ecc_raw(key, &curve, &x, NULL) < 0)
        goto out;
    if (curve != GNUTLS_ECC_CURVE_ED25519 || x.size != ED25519_BYTES)
        goto out;
    ent_spki_of_ed25519(ret, x.data);
    r = ENT_OK;
out:
    gnutls_free(x.data);
    if (key != NULL)
        gnutls_pubkey_deinit(key);
    if (crt != NULL)
        gnutls_x509_crt_deinit(crt);
    return r;
}

enum ent_err ent_tls_peer(struct ent_spki *ret, gnutls_session_t session)
{
    unsigned n = 0;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &n);
    if (list == NULL || n != 1 ||
        gnutls_certificate_type_get2(session, GNUTLS_CTYPE_PEERS) != GNUTLS_CRT_X509)
        return ENT_E_AUTH;
    return spki_of_certificate(ret, &list[0]);
}

/* GnuTLS has a check of its own in gnutls_certificate_set_x509_key_mem(), but for Ed25519 it lets
 * any pair pass. */
enum ent_err ent_tls_identity_check(struct ent_slice cert_pem, struct ent_slice key_pem)
{
    gnutls_datum_t cert = ent_tls_datum(cert_pem), key = ent_tls_datum(key_pem), der = {NULL, 0};
    gnutls_datum_t x = {NULL, 0}, k = {NULL, 0};
    gnutls_x509_privkey_t priv = NULL;
    gnutls_ecc_curve_t curve;
    struct ent_spki of_cert, of_key;
    enum ent_err r = ENT_E_FORMAT;

    if (gnutls_pem_base64_decode2("CERTIFICATE", &cert, &der) < 0 ||
        spki_of_certificate(&of_cert, &der) != ENT_OK || gnutls_x509_privkey_init(&priv) < 0 ||
        gnutls_x509_privkey_import(priv, &key, GNUTLS_X509_FMT_PEM) < 0 ||
        gnutls_x509_privkey_export_ecc_raw(priv, &curve, &x, NULL, &k) < 0)
        goto out;
    if (curve != GNUTLS_ECC_CURVE_ED25519 || x.size != ED25519_BYTES)
        goto out;
    ent_spki_of_ed25519(&of_key, x.data);
    if (memcmp(of_key.b, of_cert.b, sizeof(of_key.b)) == 0)
        r = ENT_OK;
out:
    if (k.data != NULL)
        ent_wipe(k.data, k.size);
    gnutls_free(k.data);
    gnutls_free(x.data);
    gnutls_free(der.data);
    gnutls_x509_privkey_deinit(priv);
    return r;
}
