/*
 * client.c: calls to one partner over one kept connection, with libcurl. What is trusted is the
 * pinned key; everything else that libcurl would look at (certificate authorities, proxies from the
 * environment, .netrc, redirects, caches) is switched off.
 *
 * libcurl compares the pin after the handshake and before the request: a wrong server sees our
 * certificate, which the pact makes public, and no byte of a request.
 */
#include "net/net.h"

#include "net/tls.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define PIN_PREFIX     "sha256//"
#define URL_MAX_BYTES  512
#define PATH_MAX_BYTES 1024
#define WAIT_MS        200 /* the longest between two looks at stop */

struct ent_client {
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers;
    struct ent_buf base, url; /* "https://host:port", and with the path of the call */
    const atomic_bool *stop;
    uint64_t sent, received;
    char error[CURL_ERROR_SIZE];
    struct ent_buf *answer; /* of the call under way */
    enum ent_err answer_err;
};

/* What a call can fail of, in words; see ent_client_why(). */
enum why {
    WHY_KEY = 1,
    WHY_REFUSED,
    WHY_TOO_LARGE,
    WHY_MEMORY,
    WHY_TIMEOUT,
    WHY_NAME,
    WHY_CONNECT,
    WHY_HANDSHAKE,
    WHY_BROKEN,
    WHY_STATUS,
    WHY_INTERRUPTED,
    WHY_CURL,
    WHY_REQUEST,
    WHY_URL,
    WHY_START
};

static const char *const why[ENT_CLIENT_WHYS] = {
    [WHY_KEY] = "the server's key is not the one expected",
    [WHY_REFUSED] = "the server refused our key",
    [WHY_TOO_LARGE] = "the answer is larger than allowed",
    [WHY_MEMORY] = "no memory for the call",
    [WHY_TIMEOUT] = "the server took too long",
    [WHY_NAME] = "the server's name cannot be resolved",
    [WHY_CONNECT] = "no connection to the server",
    [WHY_HANDSHAKE] = "the TLS handshake failed",
    [WHY_BROKEN] = "the connection broke before the answer was whole",
    [WHY_STATUS] = "an answer without a status",
    [WHY_INTERRUPTED] = "the call was interrupted",
    [WHY_CURL] = "libcurl cannot make the call",
    [WHY_REQUEST] = "not a request this client can make",
    [WHY_URL] = "not a URL of the form https://host:port",
    [WHY_START] = "the HTTPS client cannot start",
};

const char *ent_client_why(unsigned number)
{
    return number < ENT_CLIENT_WHYS ? why[number] : NULL;
}

unsigned ent_client_why_number(const char *text)
{
    for (unsigned i = 1; text != NULL && i < ENT_CLIENT_WHYS; i++)
        if (strcmp(why[i], text) == 0)
            return i;
    return 0;
}

enum ent_err ent_client_identity(int *ret_fd, struct ent_diag *d, struct ent_slice cert_pem,
                                 struct ent_slice key_pem)
{
    enum ent_err r = ent_tls_start();
    if (r != ENT_OK)
        return ent_fail(d, r, "TLS cannot start", 0, 0);
    if ((r = ent_tls_identity_check(cert_pem, key_pem)) != ENT_OK)
        return ent_fail(d, r, "not a certificate and the key that belongs to it", 0, 0);
    int fd = memfd_create("tls", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return ent_fail_sys(d, "cannot hold the TLS identity in memory");
    if ((r = ent_fd_write(fd, cert_pem)) != ENT_OK || (r = ent_fd_write(fd, key_pem)) != ENT_OK)
        r = ent_fail(d, r, "cannot hold the TLS identity in memory", 0, 0);
    else if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        r = ent_fail_sys(d, "cannot hold the TLS identity in memory");
    if (r != ENT_OK) {
        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return ENT_OK;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct ent_client *c = ctx;
    c->answer_err = ent_buf_put(c->answer, p, size * n);
    return c->answer_err == ENT_OK ? size * n : CURL_WRITEFUNC_ERROR;
}

/* The one place that sees every byte, whatever becomes of the call. */
static int on_traffic(CURL *easy, curl_infotype type, char *p, size_t n, void *ctx)
{
    struct ent_client *c = ctx;
    (void)easy;
    (void)p;
    if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT)
        c->sent += n;
    else if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN)
        c->received += n;
    return 0;
}

/* Scheme, host and port only; the text is put together anew from its parsed form. */
static enum ent_err parse_url(struct ent_buf *ret, const char *text)
{
    static const CURLUPart unwanted[] = {CURLUPART_USER,  CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                         CURLUPART_QUERY, CURLUPART_FRAGMENT, CURLUPART_ZONEID};
    char *scheme = NULL, *path = NULL, *host = NULL, *port = NULL, *extra = NULL;
    enum ent_err r = ENT_E_FORMAT;
    CURLU *u = curl_url();

    if (u == NULL)
        return ENT_E_NOMEM;
    if (curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        strcmp(scheme, "https") != 0 || curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK || strcmp(path, "/") != 0)
        goto out;
    for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
        if (curl_url_get(u, unwanted[i], &extra, 0) == CURLUE_OK)
            goto out;
    r = ent_buf_printf(ret, "https://%s:%s", host, port);
out:
    curl_free(extra);
    curl_free(port);
    curl_free(host);
    curl_free(path);
    curl_free(scheme);
    curl_url_cleanup(u);
    return r;
}

enum ent_err ent_client_url_check(const char *text)
{
    struct ent_buf b;
    ent_buf_init(&b, URL_MAX_BYTES);
    enum ent_err r = parse_url(&b, text);
    ent_buf_release(&b);
    return r == ENT_E_NOMEM ? r : r != ENT_OK ? ENT_E_FORMAT : ENT_OK;
}

static CURLcode set_trust(struct ent_client *c, const struct ent_spki *server, int identity)
{
    char pin[sizeof(PIN_PREFIX) + ENT_BASE64_LEN(sizeof(server->b))] = PIN_PREFIX;
    char fd_path[sizeof("/proc/self/fd/") + 16];
    CURLcode e;

    ent_base64_encode(pin + sizeof(PIN_PREFIX) - 1, server->b, sizeof(server->b));
    (void)snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", identity);
    if ((e = curl_easy_setopt(c->easy, CURLOPT_PINNEDPUBLICKEY, pin)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_CAINFO, NULL)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_SSLCERT, fd_path)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_SSLKEY, fd_path)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L)) != CURLE_OK)
        return e;
    return curl_easy_setopt(c->easy, CURLOPT_SSLVERSION,
                            (long)(CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3));
}

static CURLcode set_transport(struct ent_client *c, const struct ent_client_opts *o)
{
    long connect_s = o->connect_seconds == 0 ? 10L : (long)o->connect_seconds;
    long call_s = o->call_seconds == 0 ? 120L : (long)o->call_seconds;
    CURLcode e;

    if ((e = curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "https")) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_PROXY, "")) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)) !=
            CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_PATH_AS_IS, 1L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT, connect_s)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_TIMEOUT, call_s)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->error)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_DEBUGFUNCTION, on_traffic)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_DEBUGDATA, c)) != CURLE_OK)
        return e;
    return curl_easy_setopt(c->easy, CURLOPT_VERBOSE, 1L); /* or on_traffic() is not called */
}

enum ent_err ent_client_new(struct ent_client **ret, struct ent_diag *d,
                            const struct ent_client_opts *opts)
{
    enum ent_err r = ent_tls_start();
    if (r != ENT_OK)
        return ent_fail(d, r, why[WHY_START], 0, 0);
    struct ent_client *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ent_fail(d, ENT_E_NOMEM, why[WHY_MEMORY], 0, 0);
    c->stop = opts->stop;
    ent_buf_init(&c->base, URL_MAX_BYTES);
    ent_buf_init(&c->url, URL_MAX_BYTES + PATH_MAX_BYTES + 1);
    if ((r = parse_url(&c->base, opts->url)) != ENT_OK) {
        r = ent_fail(d, r, why[WHY_URL], 0, 0);
        goto fail;
    }
    c->headers = curl_slist_append(NULL, "Content-Type: application/octet-stream");
    c->easy = curl_easy_init();
    c->multi = curl_multi_init();
    if (c->headers == NULL || c->easy == NULL || c->multi == NULL ||
        set_trust(c, &opts->server, opts->identity) != CURLE_OK ||
        set_transport(c, opts) != CURLE_OK) {
        r = ent_fail(d, ENT_E_UNSUPPORTED, why[WHY_START], 0, 0);
        goto fail;
    }
    *ret = c;
    return ENT_OK;
fail:
    ent_client_free(c);
    return r;
}

void ent_client_free(struct ent_client *c)
{
    if (c == NULL)
        return;
    curl_easy_cleanup(c->easy);
    (void)curl_multi_cleanup(c->multi); /* closes the connection; NULL is fine */
    curl_slist_free_all(c->headers);
    ent_buf_release(&c->url);
    ent_buf_release(&c->base);
    free(c);
}

static enum ent_err set_path(struct ent_client *c, const char *path)
{
    enum ent_err r;
    size_t n = strlen(path);
    if (n == 0 || n > PATH_MAX_BYTES || path[0] != '/')
        return ENT_E_FORMAT;
    for (size_t i = 0; i < n; i++)
        if (path[i] <= 0x20 || path[i] >= 0x7f || strchr("?#%\\", path[i]) != NULL)
            return ENT_E_FORMAT;
    ent_buf_clear(&c->url);
    if ((r = ent_buf_put_slice(&c->url, ent_buf_slice(&c->base))) != ENT_OK ||
        (r = ent_buf_put(&c->url, path, n + 1)) != ENT_OK)
        return r;
    return curl_easy_setopt(c->easy, CURLOPT_URL, (const char *)c->url.p) == CURLE_OK ? ENT_OK
                                                                                      : ENT_E_NOMEM;
}

static enum ent_err set_request(struct ent_client *c, const char *method, struct ent_slice body)
{
    bool get = strcmp(method, "GET") == 0;
    CURLcode e;

    if (!get && strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0 &&
        strcmp(method, "DELETE") != 0)
        return ENT_E_FORMAT;
    if (get && body.n != 0)
        return ENT_E_FORMAT;
    if (get)
        e = curl_easy_setopt(c->easy, CURLOPT_HTTPGET, 1L);
    else if ((e = curl_easy_setopt(c->easy, CURLOPT_POST, 1L)) == CURLE_OK &&
             (e = curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n)) ==
                 CURLE_OK) /* without POSTFIELDS libcurl would read standard input */
        e = curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, body.n == 0 ? "" : (const char *)body.p);
    if (e == CURLE_OK)
        e = curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
    return e == CURLE_OK ? ENT_OK : ENT_E_NOMEM;
}

/* Runs the call to its end. ENT_E_INTERRUPTED, or ENT_OK with libcurl's own verdict. */
static enum ent_err run(struct ent_client *c, CURLcode *ret)
{
    int running = 1, left;
    if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
        return ENT_E_NOMEM;
    while (running > 0) {
        if (c->stop != NULL && atomic_load(c->stop))
            return ENT_E_INTERRUPTED;
        if (curl_multi_perform(c->multi, &running) != CURLM_OK)
            return ENT_E_NOMEM;
        if (running > 0 && curl_multi_poll(c->multi, NULL, 0, WAIT_MS, NULL) != CURLM_OK)
            return ENT_E_NOMEM;
    }
    const CURLMsg *m = curl_multi_info_read(c->multi, &left);
    *ret = m != NULL && m->msg == CURLMSG_DONE ? m->data.result : CURLE_FAILED_INIT;
    return ENT_OK;
}

/* A TLS 1.3 client ends its handshake before the server has judged its key: the refusal comes as an
 * alert where the answer should be, and libcurl tells of it only in words. */
static bool was_refused(const struct ent_client *c)
{
    char words[48];
    (void)snprintf(words, sizeof(words), "GnuTLS recv error (%d)", GNUTLS_E_FATAL_ALERT_RECEIVED);
    return strncmp(c->error, words, strlen(words)) == 0;
}

static enum ent_err verdict(const struct ent_client *c, CURLcode e, struct ent_diag *d)
{
    switch (e) {
    case CURLE_OK:
        return ENT_OK;
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return ent_fail(d, ENT_E_AUTH, why[WHY_KEY], 0, 0);
    case CURLE_WRITE_ERROR:
        if (c->answer_err == ENT_E_LIMIT)
            return ent_fail(d, ENT_E_LIMIT, why[WHY_TOO_LARGE], 0, 0);
        return ent_fail(d, ENT_E_NOMEM, why[WHY_MEMORY], 0, 0);
    case CURLE_OUT_OF_MEMORY:
        return ent_fail(d, ENT_E_NOMEM, why[WHY_MEMORY], 0, 0);
    case CURLE_OPERATION_TIMEDOUT:
        return ent_fail(d, ENT_E_TIMEOUT, why[WHY_TIMEOUT], 0, 0);
    case CURLE_COULDNT_RESOLVE_HOST:
        return ent_fail(d, ENT_E_PEER, why[WHY_NAME], 0, 0);
    case CURLE_COULDNT_CONNECT:
        return ent_fail(d, ENT_E_PEER, why[WHY_CONNECT], 0, 0);
    case CURLE_SSL_CONNECT_ERROR:
        return ent_fail(d, ENT_E_PEER, why[WHY_HANDSHAKE], 0, 0);
    default:
        if (was_refused(c))
            return ent_fail(d, ENT_E_AUTH, why[WHY_REFUSED], 0, 0);
        return ent_fail(d, ENT_E_PEER, why[WHY_BROKEN], 0, 0);
    }
}

enum ent_err ent_client_call(struct ent_client *c, unsigned *ret_status, struct ent_buf *body,
                             struct ent_diag *d, const char *method, const char *path,
                             struct ent_slice request_body)
{
    size_t before = body->n;
    CURLcode e = CURLE_OK;
    long status = 0;
    enum ent_err r;

    if ((r = set_path(c, path)) != ENT_OK || (r = set_request(c, method, request_body)) != ENT_OK)
        return ent_fail(d, r, why[WHY_REQUEST], 0, 0);
    c->answer = body;
    c->answer_err = ENT_OK;
    c->error[0] = '\0';
    r = run(c, &e);
    if (r == ENT_OK)
        r = verdict(c, e, d);
    else if (r == ENT_E_INTERRUPTED)
        r = ent_fail(d, r, why[WHY_INTERRUPTED], 0, 0);
    else
        r = ent_fail(d, r, why[WHY_CURL], 0, 0);
    if (r == ENT_OK && curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
        r = ent_fail(d, ENT_E_PEER, why[WHY_STATUS], 0, 0);
    /* Also ends a call that is under way, with its connection; an idle one is kept. */
    (void)curl_multi_remove_handle(c->multi, c->easy);
    (void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, NULL);
    c->answer = NULL;
    if (r != ENT_OK) {
        body->n = before;
        return r;
    }
    *ret_status = (unsigned)status;
    return ENT_OK;
}

void ent_client_traffic(const struct ent_client *c, uint64_t *ret_sent, uint64_t *ret_received)
{
    *ret_sent = c->sent;
    *ret_received = c->received;
}
