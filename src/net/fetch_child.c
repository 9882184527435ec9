/*
 * fetch_child.c: the process that has the network and nothing else. It holds the secret for one
 * server and sends it there alone: libcurl is told of no other place, follows nothing, keeps no
 * cookies, and reads no .netrc. Each thing that a server could do without end has its limit here.
 * Before the first byte of a server or of a name's resolver it enters a sandbox.
 */
#include "net/net.h"

#include "net/fetch_parts.h"
#include "net/tls.h"
#include "proc/proc.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <nss.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define WAIT_MS    200
#define HEAD_MAX   (64u << 10)
#define BODY_MAX   (UINT64_C(256) << 20)
#define RATIO_MAX  200u       /* inflated by gzip; STIX grows by 10 to 20 */
#define RATIO_FREE (1u << 20) /* bytes before the ratio counts */
#define RATE_MIN   1024u      /* bytes a second, on average */
#define PAGE_MAX_S 600u       /* whoever reads may hold a lock meanwhile */
#define DATA_MAX   (UINT64_C(1) << 30)
#define SECOND     1000000000u /* ns */

struct child {
    int channel;
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers, *post_headers;
    uint64_t idle_ns, max_body;
    /* of the request under way */
    struct ent_fetch_answer answer;
    struct ent_head_seen seen;
    bool head_sent, done, proxy, post;
    enum ent_fetch_fault fault; /* why a callback ended it; 0: it did not */
    uint64_t head_n, body_n;
    uint64_t start_ns, last_ns, blocked_ns; /* blocked: while the reader was busy */
    char url[ENT_FETCH_ORIGIN + ENT_FETCH_SUFFIX + 1];
    char *ca_file; /* absolute: the sandbox is entered in another directory; NULL: the system's */
};

/* --- what comes ------------------------------------------------------------------------------- */

/* Whoever reads has gone, or will: there is nobody to tell. */
static void send_frame(struct child *c, enum ent_frame_type type, struct ent_slice payload)
{
    uint64_t before = ent_clock_steady_ns();
    if (!ent_frame_send(c->channel, type, payload))
        _exit(0);
    c->last_ns = ent_clock_steady_ns();
    c->blocked_ns += c->last_ns - before;
}

static void send_head(struct child *c)
{
    uint8_t head[ENT_ANSWER_MAX];
    send_frame(c, ENT_FRAME_HEAD, ent_slice(head, ent_answer_encode(head, &c->answer)));
    c->head_sent = true;
    c->done = c->post || c->answer.status != 200 || c->answer.type != ENT_FETCH_TAXII;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct child *c = ctx;
    struct ent_slice line = ent_slice(p, size * n);
    long status = 0;
    c->last_ns = ent_clock_steady_ns();
    c->head_n += line.n;
    if (c->head_n > HEAD_MAX) {
        c->fault = ENT_FAULT_HEADERS;
        return 0;
    }
    if (c->head_sent) /* a trailer */
        return line.n;
    if (ent_slice_starts(line, ENT_SLICE_LIT("HTTP/"))) {
        c->answer = (struct ent_fetch_answer){0};
        c->seen = (struct ent_head_seen){0};
        return line.n;
    }
    if (!ent_slice_eq(line, ENT_SLICE_LIT("\r\n")) && !ent_slice_eq(line, ENT_SLICE_LIT("\n"))) {
        if (!ent_answer_header(&c->answer, &c->seen, line, ent_clock_now()))
            c->fault = ENT_FAULT_HEADERS;
        return c->fault == 0 ? line.n : 0;
    }
    if (curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status >= 600) {
        c->fault = ENT_FAULT_HTTP;
        return 0;
    }
    c->answer.status = (unsigned)status;
    if (status >= 200) /* else "100 Continue" and the like */
        send_head(c);
    return c->done ? 0 : line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct child *c = ctx;
    struct ent_slice s = ent_slice(p, size * n);
    curl_off_t raw = 0;
    c->body_n += s.n;
    if (!c->head_sent)
        c->fault = ENT_FAULT_HTTP;
    else if (c->body_n > c->max_body)
        c->fault = ENT_FAULT_TOO_LARGE;
    else if (c->body_n > RATIO_FREE &&
             (curl_easy_getinfo(c->easy, CURLINFO_SIZE_DOWNLOAD_T, &raw) != CURLE_OK ||
              c->body_n / RATIO_MAX > (uint64_t)raw))
        c->fault = ENT_FAULT_BOMB;
    if (c->fault != 0)
        return CURL_WRITEFUNC_ERROR;
    while (s.n > 0) {
        size_t part = s.n < ENT_FRAME_MAX ? s.n : ENT_FRAME_MAX;
        send_frame(c, ENT_FRAME_BODY, ent_slice(s.p, part));
        s = ent_slice(s.p + part, s.n - part);
    }
    return size * n;
}

/* --- libcurl ---------------------------------------------------------------------------------- */

static CURLcode set_trust(struct child *c, const struct ent_fetch_opts *o)
{
    CURLcode e;
    if (o->ca_file != NULL && (c->ca_file = realpath(o->ca_file, NULL)) == NULL &&
        (c->ca_file = strdup(o->ca_file)) == NULL) /* not there: the first request will say so */
        return CURLE_OUT_OF_MEMORY;
    if (o->ca_file != NULL &&
        ((e = curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL)) != CURLE_OK ||
         (e = curl_easy_setopt(c->easy, CURLOPT_CAINFO, c->ca_file)) != CURLE_OK))
        return e;
    if ((e = curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 1L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 2L)) != CURLE_OK)
        return e;
    return curl_easy_setopt(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static CURLcode set_auth(struct child *c, const struct ent_fetch_opts *o)
{
    char user[256], secret[4096];
    CURLcode e = CURLE_OK;
    bool basic = o->user.n > 0;
    struct ent_slice s = basic ? o->password : o->token;
    if (!basic && s.n == 0)
        return CURLE_OK;
    if (o->user.n >= sizeof(user) || s.n >= sizeof(secret))
        return CURLE_OUT_OF_MEMORY;
    (void)snprintf(user, sizeof(user), "%.*s", (int)o->user.n, (const char *)o->user.p);
    (void)snprintf(secret, sizeof(secret), "%.*s", (int)s.n, (const char *)s.p);
    e = curl_easy_setopt(c->easy, CURLOPT_HTTPAUTH,
                         (long)(basic ? CURLAUTH_BASIC : CURLAUTH_BEARER));
    if (e == CURLE_OK && basic)
        e = curl_easy_setopt(c->easy, CURLOPT_USERNAME, user);
    if (e == CURLE_OK)
        e = curl_easy_setopt(c->easy, basic ? CURLOPT_PASSWORD : CURLOPT_XOAUTH2_BEARER, secret);
    ent_wipe(secret, sizeof(secret));
    return e;
}

/* The environment's proxy is for those whose network has no other way out; it is asked for a tunnel
 * and sees the server's name, not what is said. */
static CURLcode set_proxy(struct child *c, bool tls)
{
    const char *proxy = getenv("https_proxy");
    CURLcode e;
    if (proxy == NULL)
        proxy = getenv("HTTPS_PROXY");
    c->proxy = tls && proxy != NULL;
    if (!c->proxy)
        return curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
    if ((e = curl_easy_setopt(c->easy, CURLOPT_PROXY, proxy)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HTTPPROXYTUNNEL, 1L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE)) != CURLE_OK)
        return e;
    return curl_easy_setopt(c->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static CURLcode set_transport(struct child *c, const struct ent_fetch_opts *o, bool tls)
{
    long connect_s = o->connect_seconds == 0 ? 30L : (long)o->connect_seconds;
    CURLcode e;
    if ((e = curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http")) !=
            CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)) !=
            CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HTTP09_ALLOWED, 0L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_PATH_AS_IS, 1L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT, connect_s)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_ACCEPT_ENCODING, "gzip")) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_USERAGENT, "entente")) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body)) != CURLE_OK)
        return e;
    return curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
}

static bool set_up(struct child *c, const struct ent_fetch_opts *o)
{
    bool tls = ent_slice_starts(ent_slice_str(o->url.origin), ENT_SLICE_LIT("https:"));
    c->idle_ns = (uint64_t)(o->idle_seconds == 0 ? 60 : o->idle_seconds) * SECOND;
    c->max_body = o->max_body == 0 ? BODY_MAX : o->max_body;
    if (ent_tls_start() != ENT_OK)
        return false;
    c->headers = curl_slist_append(NULL, "Accept: application/taxii+json;version=2.1");
    c->easy = curl_easy_init();
    c->multi = curl_multi_init();
    return c->headers != NULL && c->easy != NULL && c->multi != NULL &&
           set_trust(c, o) == CURLE_OK && set_auth(c, o) == CURLE_OK &&
           set_proxy(c, tls) == CURLE_OK && set_transport(c, o, tls) == CURLE_OK;
}

/* --- one request ------------------------------------------------------------------------------ */

static enum ent_fetch_fault fault_of(const struct child *c, CURLcode e)
{
    if (c->fault != 0)
        return c->fault;
    switch (e) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return ENT_FAULT_RESOLVE;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return ENT_FAULT_PROXY;
    case CURLE_COULDNT_CONNECT:
        return ENT_FAULT_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return ENT_FAULT_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
        return ENT_FAULT_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
        return ENT_FAULT_CERTIFICATE;
    case CURLE_SSL_CACERT_BADFILE:
        return ENT_FAULT_CA_FILE;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, or anything at all */
    case CURLE_WEIRD_SERVER_REPLY:
        return ENT_FAULT_HTTP;
    case CURLE_BAD_CONTENT_ENCODING:
        return ENT_FAULT_ENCODING;
    case CURLE_OUT_OF_MEMORY:
        return ENT_FAULT_MEMORY;
    default:
        return ENT_FAULT_BROKEN;
    }
}

static enum ent_fetch_fault too_slow(const struct child *c)
{
    uint64_t now = ent_clock_steady_ns(), took = now - c->start_ns - c->blocked_ns;
    if (now - c->last_ns > c->idle_ns)
        return ENT_FAULT_TIMEOUT;
    if (took / SECOND > PAGE_MAX_S)
        return ENT_FAULT_SLOW;
    if (took > c->idle_ns && (took - c->idle_ns) / SECOND > (c->head_n + c->body_n) / RATE_MIN)
        return ENT_FAULT_SLOW;
    return 0;
}

/* While the server is waited for, nothing is to come from the reader but its end. */
static void check_reader(const struct child *c)
{
    uint8_t b;
    ssize_t n = recv(c->channel, &b, 1, MSG_DONTWAIT | MSG_PEEK);
    if (n >= 0 || (errno != EAGAIN && errno != EINTR))
        _exit(0);
}

static CURLcode run(struct child *c)
{
    int running = 1, left;
    struct curl_waitfd wait = {.fd = c->channel, .events = CURL_WAIT_POLLIN};
    if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
        return CURLE_OUT_OF_MEMORY;
    while (running > 0) {
        if (curl_multi_perform(c->multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(c->multi, &wait, 1, WAIT_MS, NULL) != CURLM_OK))
            return CURLE_OUT_OF_MEMORY;
        check_reader(c);
        if (running > 0 && (c->fault = too_slow(c)) != 0)
            return CURLE_OPERATION_TIMEDOUT;
    }
    const CURLMsg *m = curl_multi_info_read(c->multi, &left);
    return m != NULL && m->msg == CURLMSG_DONE ? m->data.result : CURLE_FAILED_INIT;
}

/* libcurl keeps neither the list nor the body: both stay until the request is over. */
static CURLcode set_request(struct child *c, const struct ent_post *post)
{
    static const char *const fixed[] = {"Content-Type: application/json", "Expect:"};
    char header[ENT_POST_HEADER + 1];
    CURLcode e;
    curl_slist_free_all(c->post_headers);
    c->post_headers = NULL;
    if (post == NULL) {
        e = curl_easy_setopt(c->easy, CURLOPT_HTTPGET, 1L);
        return e != CURLE_OK ? e : curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    }
    (void)snprintf(header, sizeof(header), "%.*s", (int)post->header.n,
                   (const char *)post->header.p);
    for (size_t i = 0; i < 3; i++) {
        struct curl_slist *more = curl_slist_append(c->post_headers, i < 2 ? fixed[i] : header);
        if (more == NULL)
            return CURLE_OUT_OF_MEMORY;
        c->post_headers = more;
    }
    if ((e = curl_easy_setopt(c->easy, CURLOPT_POST, 1L)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, post->body.p)) != CURLE_OK ||
        (e = curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.n)) !=
            CURLE_OK)
        return e;
    return curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->post_headers);
}

/* post NULL: a GET. */
static void serve(struct child *c, const char *origin, struct ent_slice suffix,
                  const struct ent_post *post)
{
    c->answer = (struct ent_fetch_answer){0};
    c->seen = (struct ent_head_seen){0};
    c->head_sent = c->done = false;
    c->post = post != NULL;
    c->fault = 0;
    c->head_n = c->body_n = c->blocked_ns = 0;
    c->start_ns = c->last_ns = ent_clock_steady_ns();
    (void)snprintf(c->url, sizeof(c->url), "%s%.*s", origin, (int)suffix.n, (const char *)suffix.p);
    CURLcode e = set_request(c, post);
    if (e == CURLE_OK)
        e = curl_easy_setopt(c->easy, CURLOPT_URL, c->url);
    if (e == CURLE_OK)
        e = run(c);
    (void)curl_multi_remove_handle(c->multi, c->easy);
    if (c->done || (e == CURLE_OK && c->head_sent)) {
        send_frame(c, ENT_FRAME_END, (struct ent_slice){NULL, 0});
        return;
    }
    uint8_t fault = (uint8_t)fault_of(c, e);
    send_frame(c, ENT_FRAME_FAIL, ent_slice(&fault, 1));
}

/* --- the process ------------------------------------------------------------------------------ */

/* Nothing of what the other process has open stays, nobody may look in. Ctrl-C is for the reader,
 * whose end is seen here. */
static bool close_all(int *channel)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(*channel, STDERR_FILENO + 1) < 0)
        return false;
    *channel = STDERR_FILENO + 1;
    ent_secret_harden_process();
    (void)prctl(PR_SET_NAME, "entente: fetch", 0, 0, 0);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_DFL);
    return close_range(STDERR_FILENO + 2, ~0u, 0) == 0;
}

/*
 * Names come from /etc/hosts and from DNS alone: what else nsswitch.conf may list would load code
 * into this process, and talk to other services of this machine. The port is the server's, and that
 * of name servers; which one a proxy has only libcurl finds out, so with one any will do. Whoever
 * runs the command stays who it is, also root, whose files the authorities may be; it has no
 * capabilities left.
 */
static bool shut_in(const struct child *c, const struct ent_fetch_opts *o)
{
    const char *authorities = c->ca_file, *directory = NULL, *colon = strrchr(o->url.origin, ':');
    uint64_t port = 0;
    if (c->ca_file == NULL &&
        (curl_easy_getinfo(c->easy, CURLINFO_CAINFO, &authorities) != CURLE_OK ||
         curl_easy_getinfo(c->easy, CURLINFO_CAPATH, &directory) != CURLE_OK))
        return false;
    if (colon == NULL || ent_parse_u64(&port, ent_slice_str(colon + 1), UINT16_MAX) != ENT_OK ||
        __nss_configure_lookup("hosts", "files dns") != 0)
        return false;
    const uint16_t ports[] = {(uint16_t)port, 53};
    const struct ent_sandbox_path paths[] = {
        {"/etc/hosts", false},
        {"/etc/resolv.conf", false},
        {"/etc/host.conf", false},
        {"/etc/gai.conf", false},
        {"/etc/services", false},
        {"/usr/share/ca-certificates", false}, /* behind links */
        {authorities == NULL ? "/etc/hosts" : authorities, false},
        {directory == NULL ? "/etc/hosts" : directory, false},
    };
    const struct ent_sandbox s = {.role = "fetcher",
                                  .may = ENT_MAY_THREADS | ENT_MAY_CONNECT | ENT_MAY_READ,
                                  .paths = paths,
                                  .n_paths = sizeof(paths) / sizeof(paths[0]),
                                  .ports = ports,
                                  .n_ports = c->proxy ? 0 : 2,
                                  .uid = o->uid,
                                  .gid = o->gid,
                                  .stay_root = o->uid == 0,
                                  .open_files = 256,
                                  .data_bytes = DATA_MAX,
                                  .best_effort = true};
    struct ent_sandbox_state state;
    struct ent_diag d;
    return ent_sandbox_enter(&state, &d, &s) == ENT_OK;
}

static void receive(int fd, uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t got = recv(fd, p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            _exit(0);
        p += got;
        n -= (size_t)got;
    }
}

/* One request as it came; false when nobody would send it. */
static bool serve_frame(struct child *c, const struct ent_fetch_opts *opts, enum ent_frame_type t,
                        struct ent_slice payload, uint8_t fault)
{
    struct ent_post post = {.suffix = payload};
    if ((t != ENT_FRAME_GET && t != ENT_FRAME_POST) ||
        (t == ENT_FRAME_POST && ent_post_parse(&post, payload) != ENT_OK) ||
        !ent_suffix_is_valid(post.suffix))
        return false;
    if (fault == 0)
        serve(c, opts->url.origin, post.suffix, t == ENT_FRAME_POST ? &post : NULL);
    else
        send_frame(c, ENT_FRAME_FAIL, ent_slice(&fault, 1));
    return true;
}

_Noreturn void ent_fetch_child(int channel, const struct ent_fetch_opts *opts)
{
    static struct child c;
    static uint8_t payload[ENT_FRAME_MAX];
    uint8_t header[ENT_FRAME_HEADER], fault = ENT_FAULT_START;
    struct ent_frame frame;
    ent_wipe(opts->forget, opts->forget_n);
    bool ready = close_all(&channel);
    c.channel = channel;
    ready = ready && set_up(&c, opts);
    if (ready)
        fault = shut_in(&c, opts) ? 0 : ENT_FAULT_SANDBOX;
    for (;;) {
        receive(channel, header, sizeof(header));
        if (ent_frame_parse(&frame, header) != ENT_OK ||
            (frame.type != ENT_FRAME_GET && frame.type != ENT_FRAME_POST))
            _exit(1);
        receive(channel, payload, frame.n);
        if (!serve_frame(&c, opts, frame.type, ent_slice(payload, frame.n), fault))
            _exit(1);
    }
}
