/* webpeers.c: see webpeers.h. */
#include "tests/support/webpeers.h"

struct web_seen web_seen;
struct ent_buf web_cert, web_key;

void web_pause_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static size_t max_body(void *ctx, const char *method, const char *path)
{
    (void)ctx;
    (void)method;
    if (strcmp(path, "/none") == 0)
        return ENT_WEB_NO_PATH;
    return strcmp(path, "/no-body") == 0 ? 0 : WEB_BODY_MAX;
}

static enum ent_err say_fields(struct ent_buf *b, const struct ent_web_request *q)
{
    const struct ent_slice all[] = {q->query,  q->accept,        q->content_type,  q->authorization,
                                    q->cookie, q->origin,        q->host,          q->fetch_site,
                                    q->csrf,   q->if_none_match, q->last_event_id, q->user_agent};
    enum ent_err r = ent_buf_printf(b, "%s %s %d %d.%d.%d.%d", q->method, q->path, q->tls,
                                    q->from16[12], q->from16[13], q->from16[14], q->from16[15]);
    for (size_t i = 0; r == ENT_OK && i < sizeof(all) / sizeof(all[0]); i++)
        if ((r = ent_buf_puts(b, "|")) == ENT_OK)
            r = ent_buf_put_slice(b, all[i]);
    return r;
}

static enum ent_err fill(struct ent_buf *b, size_t n)
{
    uint8_t *p;
    enum ent_err r = ent_buf_reserve(b, &p, n);
    if (r == ENT_OK) {
        memset(p, 'x', n);
        b->n += n;
    }
    return r;
}

static void hold(void)
{
    atomic_fetch_add(&web_seen.holding, 1);
    while (atomic_load(&web_seen.hold))
        web_pause_ms(2);
    atomic_fetch_sub(&web_seen.holding, 1);
}

static void handle(void *ctx, const struct ent_web_request *q, struct ent_web_answer *ret)
{
    enum ent_err r;
    (void)ctx;
    atomic_fetch_add(&web_seen.handled, 1);
    atomic_fetch_add(&web_seen.smuggled, strcmp(q->path, "/smuggled") == 0);
    ret->status = 200;
    ret->type = "text/plain";
    if (strcmp(q->path, "/fields") == 0) {
        r = say_fields(&ret->body, q);
    } else if (strcmp(q->path, "/etag") == 0) {
        if ((r = ent_buf_puts(&ret->headers, "ETag: \"e1\"\nCache-Control: no-cache\n")) == ENT_OK)
            r = ent_buf_puts(&ret->body, "tagged");
    } else if (strcmp(q->path, "/type") == 0) {
        ret->type = "text/plain\r\nX: y";
        r = ent_buf_puts(&ret->body, "never");
    } else if (strcmp(q->path, "/header") == 0) {
        r = ent_buf_puts(&ret->headers, "X: a\r\nSet-Cookie: b\n");
    } else if (strcmp(q->path, "/status") == 0) {
        ret->status = 600;
        r = ent_buf_puts(&ret->body, "never");
    } else if (strcmp(q->path, "/long") == 0) {
        r = fill(&ret->body, 4u << 20);
    } else if (strcmp(q->path, "/large") == 0) {
        r = fill(&ret->body, 1u << 20);
    } else {
        if (strcmp(q->path, "/hold") == 0)
            hold();
        r = ent_buf_put_slice(&ret->body, q->body.n > 0 ? q->body : ent_slice_str(q->path));
    }
    if (r != ENT_OK)
        ret->status = 507;
}

/* As a TAXII server must: its type on its paths, whatever is wrong. */
static void error_body(void *ctx, const char *path, unsigned status, struct ent_web_answer *ret)
{
    bool taxii = strncmp(path, "/taxii2/", 8) == 0;
    (void)ctx;
    ret->type = taxii ? "application/taxii+json;version=2.1" : "text/html";
    assert_ok(ent_buf_printf(&ret->body, taxii ? "{\"http_status\":\"%u\"}" : "<p>%u</p>", status));
}

static void event(void *ctx, enum ent_web_event e, const uint8_t from16[16], uint64_t count)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    (void)ctx;
    assert_memory_equal(from16, mapped, sizeof(mapped));
    atomic_fetch_add(&web_seen.told[e], 1);
    atomic_fetch_add(&web_seen.counted[e], (unsigned)count);
}

static void make_identity(void)
{
    uint8_t print[ENT_WEB_FINGERPRINT];
    struct ent_seed32 seed;
    if (web_cert.n > 0)
        return;
    for (size_t i = 0; i < sizeof(seed.b); i++)
        seed.b[i] = (uint8_t)ent_t_rand();
    ent_buf_init(&web_cert, 8192);
    ent_buf_init(&web_key, 8192);
    assert_ok(ent_web_identity(&web_cert, &web_key, print, &seed, "127.0.0.1:0", NULL));
}

enum ent_err web_try_serve(struct ent_web **ret, struct ent_diag *d,
                           const struct ent_web_opts *more)
{
    struct ent_web_opts o = *more;
    make_identity();
    if (o.listen == NULL)
        o.listen = "127.0.0.1:0";
    if (o.cert_pem.n == 0)
        o.cert_pem = ent_buf_slice(&web_cert);
    if (o.key_pem.n == 0)
        o.key_pem = ent_buf_slice(&web_key);
    o.max_body = max_body;
    o.handle = handle;
    o.error_body = error_body;
    o.event = event;
    return ent_web_start(ret, d, &o);
}

struct ent_web *web_serve(const struct ent_web_opts *more)
{
    static const struct ent_web_opts plain = {.plain = true};
    struct ent_web *w = NULL;
    memset(&web_seen, 0, sizeof(web_seen));
    assert_ok(web_try_serve(&w, NULL, more == NULL ? &plain : more));
    return w;
}

void web_raw(struct raw *r, const struct ent_web *w)
{
    raw_plain(r, raw_dial(ent_web_port(w)));
}

void web_raw_tls(struct raw *r, const struct ent_web *w, const char *priorities)
{
    const struct raw_opts o = {.priorities = priorities};
    assert_int_equal(raw_start(r, raw_dial(ent_web_port(w)), RAW_CLIENT, &o), 0);
}

const char *web_ask(struct raw *r, const char *request, const char *upto)
{
    static struct ent_buf b;
    ent_buf_release(&b);
    ent_buf_init(&b, 8u << 20);
    (void)raw_sends(r, request);
    raw_recv(r, &b, upto);
    assert_ok(ent_buf_putc(&b, '\0'));
    return (const char *)b.p;
}
