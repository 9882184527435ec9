/*
 * cheat.c: a member who cheats, over the real transport, against the real program.
 *
 *     cheat ask HOME PARTNER URL HOW    makes an offer like anyone and then does HOW; prints
 *                                       "STATUS BYTES" of the answer to the wicked message
 *     cheat hold HOME PORT_FILE HOW     serves like anyone, but changes its answers as HOW says; on
 *                                       the port that the file holds, if there is one
 *
 * The home has open keys and is the cheat's own: what it signs, it may sign.
 */
#include "tests/support/any_signer.h"
#include "node/node.h"

#include <signal.h>

struct cheat {
    struct ent_home *home;
    struct ent_book *book;
    struct ent_store *store;
    struct ent_seed32 author, tls;
    struct ent_buf cert, key;
    struct ent_spki spki;
    const char *how;
};

static struct cheat c;

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "cheat: %s: %s\n", what, ent_err_str(r));
    exit(9);
}

static void open_home(const char *dir)
{
    char path[ENT_PATH_MAX];
    struct ent_seed32 node;
    struct ent_book_keys keys;
    must(ent_secret_start(), "start");
    must(ent_home_open(&c.home, NULL, dir), "home");
    must(ent_home_path(c.home, path, "store.db"), "path");
    must(ent_store_open(&c.store, NULL, path), "store");
    must(ent_home_key(c.home, &c.author, NULL, ENT_KEY_AUTHOR, ent_slice(NULL, 0)), "author key");
    must(ent_home_key(c.home, &node, NULL, ENT_KEY_NODE, ent_slice(NULL, 0)), "node key");
    ent_node_seed(&c.tls, &node, ENT_NODE_TLS, 0);
    ent_book_keys_derive(&keys, &c.author, &node, 1);
    must(ent_book_open(&c.book, NULL, &(struct ent_book_opts){.home = c.home, .keys = &keys}),
         "book");
    /* Whoever cheats does not wait for what others know of its log. */
    must(ent_log_heard(ent_book_log(c.book), NULL, ent_slice(NULL, 0)), "log");
    ent_buf_init(&c.cert, 8192);
    ent_buf_init(&c.key, 8192);
    must(ent_net_identity(&c.cert, &c.key, &c.spki, &c.tls, c.home->self.name), "identity");
}

static bool is(const char *how)
{
    return strcmp(c.how, how) == 0;
}

/* --- asking -------------------------------------------------------------------------------------
 */

static struct ent_client *client;
static struct ent_buf answer;

static unsigned post(const char *path, struct ent_slice body)
{
    unsigned status = 0;
    ent_buf_clear(&answer);
    enum ent_err r = ent_client_call(client, &status, &answer, NULL, "POST", path, body);
    return r == ENT_OK ? status : 0;
}

/* Into the own log, whatever it is. */
static uint64_t append(struct ent_buf *room, struct ent_act *act, enum ent_statement_type type,
                       const struct ent_seed32 *author, struct ent_slice body)
{
    struct ent_log *log = ent_book_log(c.book);
    uint64_t index = 0;
    struct ent_slice entry;
    ent_book_lock(c.book);
    struct ent_statement st = {.pact_version = c.home->pact->version,
                               .pact = c.home->pact->hash,
                               .sequence = ent_log_size(log) + (is("wrong-number") ? 2 : 1),
                               .type = type,
                               .time = ent_clock_now(),
                               .tlp = "TLP:AMBER+STRICT",
                               .media = ENT_MEDIA_OFFER};
    ent_heads_none(&st.heads);
    memcpy(st.author, c.home->self.name, sizeof(st.author));
    struct ent_keypair key;
    ent_keypair_init(&key, author);
    const struct ent_signer signer = any_signer(&key);
    must(ent_act_make(room, act, NULL, &st, body, &signer), "act");
    must(ent_act_statement(&entry, ent_buf_slice(room)), "act");
    must(ent_log_append(log, &index, entry, &act->salt, body), "log");
    must(ent_log_commit(log, NULL), "log");
    ent_book_unlock(c.book);
    return index;
}

/* As a delivery, under a head that the partner has cosigned. */
static void make_offer(struct ent_buf *offer, struct ent_buf *room, struct ent_act *act,
                       struct ent_match_offer *terms, const struct ent_wire *wire,
                       const char *partner)
{
    struct ent_buf body;
    struct ent_seed32 author = c.author;
    ent_buf_init(&body, 4096);
    *terms = (struct ent_match_offer){.types = ENT_OBS_BIT(ENT_OBS_IPV4), .items = 3};
    (void)snprintf(terms->to, sizeof(terms->to), "%s", is("misdirected") ? "somebody" : partner);
    ent_random(terms->nonce.b, 32);
    must(ent_match_offer_encode(&body, terms), "offer");
    if (is("zero-items"))
        body.p[(size_t)((uint8_t *)memmem(body.p, body.n, "items 3", 7) - body.p) + 6] = '0';
    if (is("forged"))
        ent_random(author.b, 32);
    uint64_t index = append(room, act, is("wrong-type") ? ENT_ST_RESULT : ENT_ST_OFFER, &author,
                            ent_buf_slice(&body));
    if (!is("unwitnessed"))
        must(ent_view_submit(ent_book_view(c.book), NULL, wire, partner, ent_clock_now()), "head");
    must(ent_book_deliver(c.book, offer, NULL, index), "delivery");
    ent_buf_release(&body);
}

/* Three honest points behind the number of their batch. */
static void make_questions(struct ent_buf *ask)
{
    uint8_t batch[4] = {0};
    ent_buf_clear(ask);
    must(ent_buf_put(ask, batch, 4), "memory");
    for (int i = 0; i < 3; i++) {
        struct ent_scalar k;
        struct ent_element e;
        ent_scalar_random(&k);
        ent_element_base_mul(&e, &k);
        must(ent_buf_put(ask, e.b, 32), "memory");
    }
}

static unsigned wicked(const char *id, const struct ent_buf *offer)
{
    char evaluate[96], result[96];
    struct ent_buf ask;
    ent_buf_init(&ask, 8u << 20);
    make_questions(&ask);
    (void)snprintf(evaluate, sizeof(evaluate), "/peer/v1/match/%s/evaluate", id);
    (void)snprintf(result, sizeof(result), "/peer/v1/match/%s/result", id);
    if (is("early-result")) {
        ent_buf_release(&ask);
        return post(result, ent_buf_slice(offer));
    }
    if (is("identity"))
        memset(ask.p + 4, 0, 32);
    if (is("bit-255"))
        ask.p[4 + 31] |= 0x80;
    if (is("negative"))
        ask.p[4] |= 1;
    if (is("random-bytes"))
        memset(ask.p + 4, 0xFF, 96);
    if (is("too-many")) {
        struct ent_element again;
        memcpy(again.b, ask.p + 4, 32);
        must(ent_buf_put(&ask, again.b, 32), "memory");
    }
    if (is("too-few"))
        ask.n -= 32;
    if (is("wrong-batch"))
        ask.p[0] = 1;
    if (is("garbage"))
        ask.n = 7;
    if (is("oversized")) {
        uint8_t *room;
        must(ent_buf_reserve(&ask, &room, 4u << 20), "memory");
        memset(room, 0, 4u << 20);
        ask.n += 4u << 20;
    }
    unsigned status = post(evaluate, ent_buf_slice(&ask));
    if (is("other-questions")) { /* the same batch once more, asking something else */
        make_questions(&ask);
        status = post(evaluate, ent_buf_slice(&ask));
    }
    if (is("after-the-end")) { /* the run was ended by the garbage: nothing of it goes on */
        status = post(evaluate, ent_slice("x", 1));
        make_questions(&ask);
        status = post(evaluate, ent_buf_slice(&ask));
    }
    if (is("replayed")) { /* the same signed offer, after its run is dead */
        (void)post(evaluate, ent_slice("x", 1));
        status = post("/peer/v1/match", ent_buf_slice(offer));
    }
    ent_buf_release(&ask);
    return status;
}

static unsigned ask_partner(const struct ent_member *partner, const struct ent_wire *wire,
                            struct ent_buf *offer, struct ent_buf *room)
{
    static struct ent_delivery theirs;
    struct ent_act mine;
    struct ent_match_offer terms;
    struct ent_match_accept accept;
    struct ent_hash32 sid;
    char id[ENT_RUN_ID];
    make_offer(offer, room, &mine, &terms, wire, partner->name);
    if (is("garbage-offer"))
        memset(offer->p, 'x', offer->n);
    if (is("odd-path"))
        return post("/peer/v1/match/../../etc", ent_buf_slice(offer));
    unsigned status = post("/peer/v1/match", ent_buf_slice(offer));
    if (status != 200)
        return status;
    must(ent_delivery_parse(&theirs, ent_buf_slice(&answer), &c.home->roster, NULL), "acceptance");
    must(ent_match_accept_parse(&accept, theirs.act.body), "terms");
    ent_match_sid(&sid, &mine, &terms, &theirs.act, &accept);
    ent_hex_encode(id, sid.b, 16);
    return wicked(id, offer);
}

static int ask(const char *partner, const char *url)
{
    const struct ent_member *m = ent_pact_member(c.home->pact, partner);
    const struct ent_links_opts to = {.pact = c.home->pact,
                                      .self = c.home->self.name,
                                      .tls = &c.tls,
                                      .member = partner,
                                      .url = url};
    struct ent_links *links;
    struct ent_buf offer, room;
    if (m == NULL)
        must(ENT_E_NOTFOUND, "partner");
    struct ent_client_opts opts = {.url = url};
    must(ent_client_identity(&opts.identity, NULL, ent_buf_slice(&c.cert), ent_buf_slice(&c.key)),
         "identity"); /* until the program ends */
    ent_spki_of_ed25519(&opts.server, m->tls.pk.b);
    must(ent_client_new(&client, NULL, &opts), "client");
    must(ent_links_new(&links, NULL, &to), "links");
    const struct ent_wire wire = ent_links_wire(links);
    ent_buf_init(&answer, 1u << 20);
    ent_buf_init(&offer, ENT_DELIVERY_MAX);
    ent_buf_init(&room, ENT_ACT_MAX);
    unsigned status = ask_partner(m, &wire, &offer, &room);
    ent_buf_release(&offer);
    ent_buf_release(&room);
    ent_links_free(links);
    (void)printf("%u %zu\n", status, answer.n);
    return 0;
}

/* --- holding ------------------------------------------------------------------------------------
 */

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* One who cheats well signs what it served, not what it should have. Blocks are fetched in order.
 */
static struct ent_sha256 served;

static void sign_again(struct ent_buf *bytes)
{
    static struct ent_delivery del;
    struct ent_match_result res;
    struct ent_act act;
    struct ent_hash32 ref;
    struct ent_buf body, room;
    uint64_t index;
    must(ent_delivery_parse(&del, ent_buf_slice(bytes), &c.home->roster, NULL), "own");
    must(ent_match_result_parse(&res, del.act.body), "result");
    ref = del.act.st.ref[0];
    ent_sha256_end(&served, &res.commitment);
    ent_sha256_init(&served);
    ent_buf_init(&body, 1024);
    ent_buf_init(&room, ENT_ACT_MAX);
    must(ent_match_result_encode(&body, &res), "result");
    const struct ent_act_wish wish = {.type = ENT_ST_RESULT,
                                      .ref = &ref,
                                      .media = ENT_MEDIA_RESULT,
                                      .body = ent_buf_slice(&body),
                                      .now = ent_clock_now()};
    must(ent_book_act(c.book, &room, &act, &index, NULL, &wish), "act");
    ent_buf_clear(bytes);
    must(ent_book_deliver(c.book, bytes, NULL, index), "delivery");
    ent_buf_release(&body);
    ent_buf_release(&room);
}

static void tamper(const struct ent_request *req, struct ent_response *res)
{
    bool answers = ends_with(req->path, "/evaluate");
    bool filter = strstr(req->path, "/filter/") != NULL,
         labels = strstr(req->path, "/labels/") != NULL;
    uint8_t *p = res->body.p;
    size_t n = res->body.n;
    if (is("withheld") && strstr(req->path, "/tile/") != NULL) { /* heads, and nothing below */
        ent_buf_clear(&res->body);
        res->status = 404;
        return;
    }
    if (res->status != 200 || n < 128)
        return;
    if (answers && is("proof"))
        p[n - 1] ^= 1;
    if (answers && is("identity"))
        memset(p, 0, 32);
    if (answers && is("bit-255"))
        p[31] |= 0x80;
    if (answers && is("swapped")) {
        uint8_t first[32];
        memcpy(first, p, 32);
        memmove(p, p + 32, 32);
        memcpy(p + 32, first, 32);
    }
    if ((answers && is("truncated")) || (filter && is("short-filter")))
        res->body.n = n - 1;
    if (filter && is("malformed-filter"))
        p[0] ^= 1;
    if (filter && is("another-filter"))
        p[n - 1] ^= 1; /* a masked byte: well-formed, but not what it will sign */
    if (labels && is("labels"))
        for (size_t i = 0; i < n; i += ENT_LABEL_BOX)
            p[i] ^= 1;
    if (filter || labels)
        ent_sha256_add(&served, ent_buf_slice(&res->body));
    if (ends_with(req->path, "/result") && is("labels"))
        sign_again(&res->body);
    if (answers && is("error"))
        res->status = 500;
    if (ends_with(req->path, "/match") && is("forged-acceptance"))
        p[n - 1] ^= 1;
    if (ends_with(req->path, "/result") && is("forged-result"))
        p[n - 1] ^= 1;
    if (ends_with(req->path, "/match") && is("forged-receipt")) /* another place in its log */
        ((uint8_t *)memmem(p, n, "\nindex ", 7))[7] ^= 1;
    if (answers && is("endless"))
        while (ent_buf_putc(&res->body, 'x') == ENT_OK)
            ;
}

static bool allow(void *ctx, const struct ent_spki *peer)
{
    struct ent_allowed list;
    bool changed;
    must(ent_book_refresh(c.book, NULL, &changed), "refresh");
    must(ent_peer_allowed(ctx, &list), "allowed");
    return ent_allowed_has(&list, peer);
}

static void handle(void *ctx, const struct ent_request *req, struct ent_response *res)
{
    ent_peer_handle(ctx, req, res);
    tamper(req, res);
}

static int hold(const char *port_file)
{
    struct ent_pool *pool;
    struct ent_desk *desk;
    struct ent_runners *runners;
    struct ent_peer *peer;
    struct ent_server *server;
    char path[ENT_PATH_MAX];
    char port[16], listen[32];
    struct ent_buf wanted;
    ent_buf_init(&wanted, 6);
    if (ent_file_read(&wanted, NULL, port_file) != ENT_OK)
        must(ent_buf_put(&wanted, "0", 1), "memory");
    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%.*s",
                   (int)(wanted.n > 0 && wanted.p[wanted.n - 1] == '\n' ? wanted.n - 1 : wanted.n),
                   (char *)wanted.p);
    ent_buf_release(&wanted);
    ent_sha256_init(&served);
    must(ent_pool_new(&pool, 1), "pool");
    must(ent_home_path(c.home, path, "store.db"), "path");
    must(
        ent_desk_new(&desk, NULL, &(struct ent_desk_opts){.store = path, .max_tlp = ENT_TLP_GREEN}),
        "desk");
    must(ent_runners_local(&runners, desk, pool, 4), "runners");
    struct ent_desk_seat seat = {.desk = desk};
    struct ent_direct asks = {ent_desk_serve, &seat, ENT_DESK_KNOWN_BYTES};
    const struct ent_peer_opts opts = {.book = c.book,
                                       .desk = ent_caller_direct(&asks),
                                       .runners = runners,
                                       .items_most = 1000000,
                                       .idle_seconds = 60};
    must(ent_peer_new(&peer, &opts), "peer");
    const struct ent_server_opts so = {.listen = listen,
                                       .cert_pem = ent_buf_slice(&c.cert),
                                       .key_pem = ent_buf_slice(&c.key),
                                       .ctx = peer,
                                       .allow = allow,
                                       .max_body = ent_peer_max_body,
                                       .handle = handle};
    must(ent_server_start(&server, NULL, &so), "server");
    int n = snprintf(port, sizeof(port), "%u\n", ent_server_port(server));
    must(ent_file_write(port_file, ent_slice(port, (size_t)n), 0600, NULL), "port file");
    while (!stop)
        (void)usleep(50000);
    ent_server_stop(server);
    ent_peer_free(peer);
    ent_runners_free(runners);
    ent_desk_free(desk);
    ent_pool_free(pool);
    return 0;
}

int main(int argc, char **argv)
{
    (void)signal(SIGTERM, on_signal);
    int code = 2;
    if (argc >= 5) {
        c.how = argv[argc - 1];
        open_home(argv[2]);
        if (argc == 6 && strcmp(argv[1], "ask") == 0)
            code = ask(argv[3], argv[4]);
        else if (argc == 5 && strcmp(argv[1], "hold") == 0)
            code = hold(argv[3]);
    }
    ent_client_free(client);
    ent_buf_release(&answer);
    ent_buf_release(&c.cert);
    ent_buf_wipe(&c.key);
    ent_store_close(c.store);
    ent_book_close(c.book);
    ent_home_free(c.home);
    return code;
}
