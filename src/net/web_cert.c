/*
 * web_cert.c: a certificate for a users' port whose operator has none. GnuTLS takes a P-256 key
 * only with its public half, so the point comes from Nettle, which GnuTLS itself computes with.
 */
#include "net/net.h"

#include "net/http.h"
#include "net/tls.h"

#include <gmp.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <sodium.h>

#define NOT_BEFORE   1577836800   /* 2020-01-01T00:00:00Z */
#define NOT_AFTER    253402300799 /* 9999-12-31T23:59:59Z: none, RFC 5280 section 4.1.2.5 */
#define SCALAR_BYTES 32
#define DOMAIN_NAME  "entente users' port P-256"

struct point {
    uint8_t k[SCALAR_BYTES], x[SCALAR_BYTES], y[SCALAR_BYTES];
};

static bool put_mpz(uint8_t ret[static SCALAR_BYTES], const mpz_t v)
{
    size_t n = (mpz_sizeinbase(v, 2) + 7) / 8;
    memset(ret, 0, SCALAR_BYTES);
    if (n <= SCALAR_BYTES)
        (void)mpz_export(ret + SCALAR_BYTES - n, NULL, 1, 1, 1, 0, v);
    return n <= SCALAR_BYTES;
}

/* The seed is hashed until it is below the group's order: four times in 2^32 seeds, twice. */
static bool make_point(struct point *ret, const struct ent_seed32 *seed)
{
    const struct ecc_curve *curve = nettle_get_secp_256r1();
    struct ecc_scalar k;
    struct ecc_point q;
    mpz_t v, x, y;
    bool ok = false;

    mpz_inits(v, x, y, NULL);
    ecc_scalar_init(&k, curve);
    ecc_point_init(&q, curve);
    (void)crypto_generichash(ret->k, sizeof(ret->k), (const uint8_t *)DOMAIN_NAME,
                             sizeof(DOMAIN_NAME) - 1, seed->b, sizeof(seed->b));
    for (unsigned i = 0; i < 8 && !ok; i++) {
        mpz_import(v, SCALAR_BYTES, 1, 1, 1, 0, ret->k);
        ok = ecc_scalar_set(&k, v) == 1;
        if (!ok)
            (void)crypto_generichash(ret->k, sizeof(ret->k), ret->k, sizeof(ret->k), NULL, 0);
    }
    if (ok) {
        ecc_point_mul_g(&q, &k);
        ecc_point_get(&q, x, y);
        ok = put_mpz(ret->x, x) && put_mpz(ret->y, y);
    }
    ent_wipe(mpz_limbs_write(v, 1), mpz_size(v) * sizeof(mp_limb_t));
    ecc_scalar_clear(&k);
    ecc_point_clear(&q);
    mpz_clears(v, x, y, NULL);
    return ok;
}

/* What the certificate is for: this machine, the address that is listened on, a name. */
static int set_names(gnutls_x509_crt_t crt, const uint8_t listen16[static 16], const char *host)
{
    static const uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, any[16];
    bool is_v4 = memcmp(listen16, mapped, sizeof(mapped)) == 0;
    const uint8_t *own = is_v4 ? listen16 + 12 : listen16;
    unsigned own_n = is_v4 ? 4 : 16;
    int g;

    if ((g = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                                  GNUTLS_FSAN_SET)) < 0 ||
        (g = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v4, sizeof(v4),
                                                  GNUTLS_FSAN_APPEND)) < 0 ||
        (g = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v6, sizeof(v6),
                                                  GNUTLS_FSAN_APPEND)) < 0)
        return g;
    if (memcmp(own, any, own_n) != 0 && memcmp(own, is_v4 ? v4 : v6, own_n) != 0 &&
        (g = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, own, own_n,
                                                  GNUTLS_FSAN_APPEND)) < 0)
        return g;
    if (host == NULL)
        return 0;
    return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host,
                                                (unsigned)strlen(host), GNUTLS_FSAN_APPEND);
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const uint8_t listen16[static 16],
                const char *host)
{
    static const char name[] = "Entente users' port";
    static const uint8_t serial = 1;
    gnutls_privkey_t signer = NULL;
    int g;

    if ((g = gnutls_x509_crt_set_version(crt, 3)) < 0 ||
        (g = gnutls_x509_crt_set_serial(crt, &serial, 1)) < 0 ||
        (g = gnutls_x509_crt_set_activation_time(crt, NOT_BEFORE)) < 0 ||
        (g = gnutls_x509_crt_set_expiration_time(crt, NOT_AFTER)) < 0 ||
        (g = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                           sizeof(name) - 1)) < 0 ||
        (g = gnutls_x509_crt_set_key(crt, key)) < 0 ||
        (g = gnutls_x509_crt_set_basic_constraints(crt, 0, -1)) < 0 ||
        (g = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE)) < 0 ||
        (g = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0)) < 0 ||
        (g = set_names(crt, listen16, host)) < 0 || (g = gnutls_privkey_init(&signer)) < 0)
        return g;
    if ((g = gnutls_privkey_import_x509(signer, key, GNUTLS_PRIVKEY_IMPORT_COPY)) >= 0)
        g = gnutls_x509_crt_privkey_sign(crt, crt, signer, GNUTLS_DIG_SHA256,
                                         GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE); /* RFC 6979 */
    gnutls_privkey_deinit(signer);
    return g;
}

/* A DNS name, as in certificates: RFC 1123, no wildcards. */
static bool host_ok(const char *host)
{
    size_t n = strlen(host);
    if (n == 0 || n > 253 || host[0] == '-' || host[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = host[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '-' && (c != '.' || host[i - 1] == '.'))
            return false;
    }
    return true;
}

static int import_point(gnutls_x509_privkey_t key, struct point *p)
{
    const gnutls_datum_t x = {p->x, sizeof(p->x)}, y = {p->y, sizeof(p->y)},
                         k = {p->k, sizeof(p->k)};
    return gnutls_x509_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_SECP256R1, &x, &y, &k);
}

enum ent_err ent_web_identity(struct ent_buf *cert_pem, struct ent_buf *key_pem,
                              uint8_t ret_fingerprint[static ENT_WEB_FINGERPRINT],
                              const struct ent_seed32 *seed, const char *listen, const char *host)
{
    gnutls_datum_t cert = {NULL, 0}, key_text = {NULL, 0};
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t crt = NULL;
    size_t cert_n = cert_pem->n, n = ENT_WEB_FINGERPRINT;
    uint8_t listen16[16], hash[ENT_WEB_FINGERPRINT];
    struct point p;
    enum ent_err r;

    if ((r = ent_tls_start()) != ENT_OK || (r = ent_listen_address(listen16, listen)) != ENT_OK)
        return r;
    if (host != NULL && !host_ok(host))
        return ENT_E_FORMAT;
    r = ENT_E_NOMEM;
    if (!make_point(&p, seed) || gnutls_x509_privkey_init(&key) < 0 ||
        gnutls_x509_crt_init(&crt) < 0 || import_point(key, &p) < 0 ||
        fill(crt, key, listen16, host) < 0 ||
        gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert) < 0 ||
        gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &n) < 0 ||
        gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                          &key_text) < 0)
        goto out;
    if ((r = ent_buf_put(cert_pem, cert.data, cert.size)) != ENT_OK ||
        (r = ent_buf_put(key_pem, key_text.data, key_text.size)) != ENT_OK)
        goto out;
    memcpy(ret_fingerprint, hash, sizeof(hash));
out:
    if (r != ENT_OK)
        cert_pem->n = cert_n;
    ent_wipe(&p, sizeof(p));
    if (key_text.data != NULL)
        ent_wipe(key_text.data, key_text.size);
    gnutls_free(key_text.data);
    gnutls_free(cert.data);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
    return r;
}
