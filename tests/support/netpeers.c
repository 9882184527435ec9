/* netpeers.c: see netpeers.h. */
#include "tests/support/netpeers.h"

struct identity server_id, alice, bob, stranger;
struct peer_seen seen;

static void make_identity(struct identity *id, const char *name)
{
    for (size_t i = 0; i < sizeof(id->seed.b); i++)
        id->seed.b[i] = (uint8_t)ent_t_rand();
    ent_buf_init(&id->cert, 8192);
    ent_buf_init(&id->key, 8192);
    assert_ok(ent_net_identity(&id->cert, &id->key, &id->spki, &id->seed, name));
    assert_ok(
        ent_client_identity(&id->client, NULL, ent_buf_slice(&id->cert), ent_buf_slice(&id->key)));
}

void peer_make_identities(void)
{
    make_identity(&server_id, "server");
    make_identity(&alice, "alice");
    make_identity(&bob, "bob");
    make_identity(&stranger, "stranger");
}

static bool same_key(const struct ent_spki *a, const struct ent_spki *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static bool allow(void *ctx, const struct ent_spki *peer)
{
    (void)ctx;
    bool ok =
        (same_key(peer, &alice.spki) && !atomic_load(&seen.ban_alice)) || same_key(peer, &bob.spki);
    atomic_fetch_add(ok ? &seen.admitted : &seen.refused, 1);
    return ok;
}

static size_t max_body(void *ctx, const struct ent_spki *peer, const char *method, const char *path)
{
    (void)ctx;
    (void)method;
    assert_true(same_key(peer, &alice.spki) || same_key(peer, &bob.spki));
    if (strcmp(path, "/huge") == 0)
        return 1u << 30;
    return strcmp(path, "/none") == 0 ? 0 : BODY_MAX;
}

void peer_pause_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static void handle(void *ctx, const struct ent_request *req, struct ent_response *res)
{
    enum ent_err r = ENT_OK;
    (void)ctx;
    atomic_fetch_add(&seen.handled, 1);
    res->status = 200;
    if (strcmp(req->path, "/hold") == 0) {
        atomic_fetch_add(&seen.holding, 1);
        while (atomic_load(&seen.hold))
            peer_pause_ms(5);
        atomic_fetch_sub(&seen.holding, 1);
        r = ent_buf_puts(&res->body, "held");
    } else if (strcmp(req->path, "/who") == 0) {
        res->type = "text/plain";
        r = ent_buf_puts(&res->body, same_key(&req->peer, &alice.spki) ? "alice" : "bob");
    } else if (strcmp(req->path, "/method") == 0) {
        r = ent_buf_puts(&res->body, req->method);
    } else if (strcmp(req->path, "/status") == 0) {
        res->status = 0;
        r = ent_buf_puts(&res->body, "never sent");
    } else if (strcmp(req->path, "/long") == 0) {
        uint8_t *p;
        r = ent_buf_reserve(&res->body, &p, 4u << 20);
        if (r == ENT_OK)
            memset(p, 'x', 4u << 20), res->body.n = 4u << 20;
    } else {
        r = ent_buf_put_slice(&res->body, req->body);
    }
    if (r != ENT_OK)
        res->status = 507;
}

enum ent_err peer_try_serve(struct ent_server **ret, struct ent_diag *d,
                            const struct ent_server_opts *more)
{
    struct ent_server_opts o = *more;
    if (o.listen == NULL)
        o.listen = "127.0.0.1:0";
    if (o.cert_pem.n == 0)
        o.cert_pem = ent_buf_slice(&server_id.cert);
    if (o.key_pem.n == 0)
        o.key_pem = ent_buf_slice(&server_id.key);
    o.allow = allow;
    o.max_body = max_body;
    o.handle = handle;
    return ent_server_start(ret, d, &o);
}

struct ent_server *peer_serve(const struct ent_server_opts *more)
{
    static const struct ent_server_opts defaults;
    struct ent_server *s = NULL;
    memset(&seen, 0, sizeof(seen));
    assert_ok(peer_try_serve(&s, NULL, more == NULL ? &defaults : more));
    return s;
}

atomic_bool peer_stop;

struct ent_client *peer_client_to(unsigned port, const struct identity *id,
                                  const struct ent_spki *pin, unsigned call_seconds)
{
    char url[64];
    struct ent_client *c;
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u", port);
    struct ent_client_opts o = {.url = url,
                                .identity = id->client,
                                .server = *pin,
                                .connect_seconds = 5,
                                .stop = &peer_stop,
                                .call_seconds = call_seconds == 0 ? 10 : call_seconds};
    assert_ok(ent_client_new(&c, NULL, &o));
    return c;
}

struct ent_client *peer_client(const struct ent_server *s, const struct identity *id)
{
    return peer_client_to(ent_server_port(s), id, &server_id.spki, 0);
}

enum ent_err peer_get(struct ent_client *c, const char *path, unsigned *ret_status,
                      struct ent_buf *body)
{
    return ent_client_call(c, ret_status, body, NULL, "GET", path, (struct ent_slice){NULL, 0});
}

const struct raw_opts *peer_raw_alice(void)
{
    static struct raw_opts o;
    o = (struct raw_opts){.priorities = RAW_TLS13,
                          .cert_pem = ent_buf_slice(&alice.cert),
                          .key_pem = ent_buf_slice(&alice.key)};
    return &o;
}

void peer_raw(struct raw *r, const struct ent_server *s)
{
    int fd = raw_dial(ent_server_port(s));
    assert_int_equal(raw_start(r, fd, RAW_CLIENT, peer_raw_alice()), 0);
}

void peer_raw_expect(struct raw *r, const char *request, const char *status)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_true(raw_sends(r, request));
    raw_recv(r, &b, "\r\n\r\n");
    assert_true(b.n >= strlen(status));
    assert_memory_equal(b.p, status, strlen(status));
    ent_buf_release(&b);
}
