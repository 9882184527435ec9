/* rawtls.c: see rawtls.h. */
#include "tests/support/rawtls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static struct sockaddr_in loopback(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static int tcp(void)
{
    static const int on = 1;
    static const struct timeval patience = {5, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    return fd;
}

int raw_dial(unsigned port)
{
    struct sockaddr_in a = loopback(port);
    int fd = tcp();
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

int raw_listen(unsigned *ret_port)
{
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof(a);
    int fd = tcp();
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

/* Certificates are sent as they come: the plain call would sort them and leave out what does not
 * form a chain. Ownership of all passes to the credentials. */
static void set_identity(gnutls_certificate_credentials_t cred, const struct raw_opts *o)
{
    gnutls_datum_t pem = {(unsigned char *)(uintptr_t)o->cert_pem.p, (unsigned)o->cert_pem.n};
    gnutls_datum_t key_pem = {(unsigned char *)(uintptr_t)o->key_pem.p, (unsigned)o->key_pem.n};
    gnutls_x509_crt_t list[4];
    unsigned n = 4;
    gnutls_privkey_t key;

    assert_true(gnutls_x509_crt_list_import(list, &n, &pem, GNUTLS_X509_FMT_PEM, 0) > 0);
    gnutls_pcert_st *sent = gnutls_malloc(n * sizeof(*sent));
    assert_non_null(sent);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(gnutls_pcert_import_x509(&sent[i], list[i], 0), 0);
        gnutls_x509_crt_deinit(list[i]);
    }
    assert_int_equal(gnutls_privkey_init(&key), 0);
    assert_int_equal(gnutls_privkey_import_x509_raw(key, &key_pem, GNUTLS_X509_FMT_PEM, NULL, 0),
                     0);
    if (o->mismatch)
        gnutls_certificate_set_flags(cred, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
    assert_int_equal(gnutls_certificate_set_key(cred, NULL, 0, sent, (int)n, key), 0);
    gnutls_free(sent);
}

int raw_start(struct raw *r, int fd, enum raw_side side, const struct raw_opts *o)
{
    unsigned init = side == RAW_SERVER ? GNUTLS_SERVER : GNUTLS_CLIENT;
    int g;

    r->fd = fd;
    assert_int_equal(gnutls_certificate_allocate_credentials(&r->cred), 0);
    if (o->cert_pem.n > 0)
        set_identity(r->cred, o);
    /* FORCE_CLIENT_CERT: send it even where the server did not ask for its kind. */
    assert_int_equal(gnutls_init(&r->session, init | GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT),
                     0);
    assert_int_equal(gnutls_priority_set_direct(r->session, o->priorities, NULL), 0);
    assert_int_equal(gnutls_credentials_set(r->session, GNUTLS_CRD_CERTIFICATE, r->cred), 0);
    if (side == RAW_SERVER)
        gnutls_certificate_server_set_request(r->session, GNUTLS_CERT_REQUEST);
    gnutls_transport_set_int(r->session, fd);
    do
        g = gnutls_handshake(r->session);
    while (g == GNUTLS_E_INTERRUPTED);
    return g;
}

void raw_plain(struct raw *r, int fd)
{
    *r = (struct raw){.fd = fd};
}

void raw_stop(struct raw *r)
{
    if (r->session != NULL)
        gnutls_deinit(r->session);
    if (r->cred != NULL)
        gnutls_certificate_free_credentials(r->cred);
    if (r->fd >= 0)
        (void)close(r->fd);
    *r = (struct raw){.fd = -1};
}

bool raw_send(struct raw *r, const void *p, size_t n)
{
    const uint8_t *at = p;
    while (n > 0) {
        ssize_t done = r->session != NULL ? gnutls_record_send(r->session, at, n)
                                          : send(r->fd, at, n, MSG_NOSIGNAL);
        if (done == GNUTLS_E_INTERRUPTED)
            continue;
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

bool raw_sends(struct raw *r, const char *text)
{
    return raw_send(r, text, strlen(text));
}

static ssize_t recv_some(struct raw *r, char *p, size_t n)
{
    ssize_t got;
    do
        got = r->session != NULL ? gnutls_record_recv(r->session, p, n) : recv(r->fd, p, n, 0);
    while (got == GNUTLS_E_INTERRUPTED);
    return got;
}

void raw_recv(struct raw *r, struct ent_buf *b, const char *upto)
{
    char some[4096];
    ssize_t n;
    while ((n = recv_some(r, some, sizeof(some))) > 0) {
        assert_ok(ent_buf_put(b, some, (size_t)n));
        if (upto != NULL && memmem(b->p, b->n, upto, strlen(upto)) != NULL)
            break;
    }
}

bool raw_closed_within(struct raw *r, unsigned ms)
{
    char some[4096];
    uint64_t until = ent_clock_steady_ns() + ms * UINT64_C(1000000);
    for (;;) {
        uint64_t now = ent_clock_steady_ns();
        if (now >= until)
            return false;
        uint64_t us = (until - now) / 1000 + 1;
        struct timeval patience = {(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
        assert_int_equal(setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
                         0);
        ssize_t n = recv_some(r, some, sizeof(some));
        if (n > 0)
            continue;
        bool silent =
            r->session != NULL ? n == GNUTLS_E_AGAIN : n < 0 && (errno == EAGAIN || errno == EINTR);
        if (!silent)
            return true;
    }
}

static void one_certificate(struct ent_buf *cert_pem, gnutls_x509_privkey_t key)
{
    static const uint8_t serial = 7;
    gnutls_datum_t text;
    gnutls_x509_crt_t crt;

    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
    assert_int_equal(gnutls_x509_crt_set_serial(crt, &serial, 1), 0);
    assert_int_equal(gnutls_x509_crt_set_activation_time(crt, 1577836800), 0);
    assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, 253402300799), 0);
    assert_int_equal(
        gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "stranger", 8), 0);
    assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
    assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text), 0);
    assert_ok(ent_buf_put(cert_pem, text.data, text.size));
    gnutls_free(text.data);
    gnutls_x509_crt_deinit(crt);
}

void raw_certificate(struct ent_buf *cert_pem, struct ent_buf *key_pem, enum raw_key kind,
                     bool chain)
{
    static const struct {
        gnutls_pk_algorithm_t algo;
        unsigned bits;
    } how[] = {
        [RAW_ED25519] = {GNUTLS_PK_EDDSA_ED25519, 0},
        [RAW_ECDSA] = {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)},
        [RAW_RSA] = {GNUTLS_PK_RSA, 2048},
    };
    gnutls_x509_privkey_t key;
    gnutls_datum_t text;

    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(key, how[kind].algo, how[kind].bits, 0), 0);
    one_certificate(cert_pem, key);
    if (chain)
        one_certificate(cert_pem, key);
    assert_int_equal(
        gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &text),
        0);
    assert_ok(ent_buf_put(key_pem, text.data, text.size));
    gnutls_free(text.data);
    gnutls_x509_privkey_deinit(key);
}
