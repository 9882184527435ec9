/*
 * test_peer.c: what a node answers to partners, as bytes in and bytes out, without a network: whole
 * runs, every message repeated, and partners who lie, replay, ask too much, mix up or fall silent.
 */
#include "tests/support/t.h"

#include "node/node.h"

#include <ftw.h>
#include <pthread.h>

#define ITEMS_MOST  5000u
#define BUDGET      10000u
#define OBS         "seven-seals" /* in every observable that is asked */
#define OFFER_PATH  "/peer/v1/match"
#define EVENTS_MOST 64u

/* --- members ------------------------------------------------------------------------------------
 */

struct node {
    struct ent_home *home;
    struct ent_seed32 root, author, tls;
    struct ent_spki spki;
};

static struct node alice, bob, carol, dave; /* bob is asked; dave is nobody's partner at first */

static void make_node(struct node *n, const char *name)
{
    char dir[256];
    struct ent_seed32 seed;
    struct ent_home_new opts = {.dir = dir, .name = name, .display = name, .url = "-"};
    (void)snprintf(dir, sizeof(dir), "%s/%s", ent_t_tmpdir(), name);
    assert_ok(ent_home_make(NULL, &opts));
    assert_non_null(n->home = calloc(1, sizeof(*n->home)));
    assert_ok(ent_home_open(n->home, NULL, dir));
    assert_ok(ent_home_key(n->home, &n->root, NULL, ENT_KEY_ROOT, ent_slice(NULL, 0)));
    assert_ok(ent_home_key(n->home, &n->author, NULL, ENT_KEY_AUTHOR, ent_slice(NULL, 0)));
    assert_ok(ent_home_key(n->home, &seed, NULL, ENT_KEY_NODE, ent_slice(NULL, 0)));
    ent_node_tls_seed(&n->tls, &seed);
    ent_spki_of_ed25519(&n->spki, ent_home_self(n->home)->tls.b);
}

/* h accepts n from now on. */
static void accept_member(struct ent_home *h, const struct ent_seed32 *root, const struct node *n)
{
    struct ent_pact *next = calloc(1, sizeof(*next));
    struct ent_member m;
    struct ent_buf card;
    assert_non_null(next);
    ent_buf_init(&card, ENT_CARD_MAX);
    assert_ok(
        ent_card_make(&card, ent_home_self(n->home), 1534723200, &n->root, &n->author, &n->tls));
    assert_ok(ent_card_parse(&m, ent_buf_slice(&card), NULL));
    assert_ok(ent_pact_add(next, &h->pact, &m));
    next->budget.items = BUDGET;
    next->budget.seconds = (uint64_t)3660 * 86400; /* no new period while the test runs */
    assert_ok(ent_home_set_pact(h, NULL, next, root));
    ent_buf_release(&card);
    free(next);
}

static int make_nodes(void **state)
{
    (void)state;
    make_node(&alice, "alice");
    make_node(&bob, "bob");
    make_node(&carol, "carol");
    make_node(&dave, "dave");
    accept_member(bob.home, &bob.root, &alice);
    accept_member(bob.home, &bob.root, &carol);
    accept_member(alice.home, &alice.root, &bob);
    accept_member(carol.home, &carol.root, &bob);
    return 0;
}

static int free_nodes(void **state)
{
    (void)state;
    free(alice.home);
    free(bob.home);
    free(carol.home);
    free(dave.home);
    return 0;
}

/* --- the holder ---------------------------------------------------------------------------------
 */

struct seen_event {
    struct ent_peer_event e;
    char run[ENT_RUN_ID], partner[ENT_NAME_MAX + 1];
};

struct fixture {
    struct ent_store *store;
    struct ent_pool *pool;
    struct ent_peer *peer;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t changed;
    struct seen_event event[EVENTS_MOST];
    size_t events;
    bool blocked, block; /* the pool, by a thread of the test */
    pthread_t blocker;
};

static void on_event(void *ctx, const struct ent_peer_event *e)
{
    struct fixture *f = ctx;
    (void)pthread_mutex_lock(&f->lock);
    if (f->events == EVENTS_MOST)
        ENT_BUG("too many events");
    struct seen_event *s = &f->event[f->events++];
    s->e = *e;
    (void)snprintf(s->run, sizeof(s->run), "%s", e->run);
    (void)snprintf(s->partner, sizeof(s->partner), "%s", e->partner);
    s->e.run = s->e.partner = NULL;
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
}

static void name_of(char ret[static 64], unsigned i)
{
    (void)snprintf(ret, 64, OBS "-%u.example", i);
}

static void put(struct ent_store *s, unsigned i, enum ent_tlp tlp)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = (int)(i % 101)};
    char name[64], text[32];
    enum ent_put how;
    name_of(name, i);
    (void)snprintf(text, sizeof(text), "text %u", i % 7);
    ind.kind = ENT_SLICE_LIT("C2");
    ind.text = ent_slice_str(text);
    assert_ok(ent_observable_parse_as(&ind.obs, NULL, ENT_OBS_DOMAIN, ent_slice_str(name)));
    assert_ok(ent_store_put(s, &how, &ind, ENT_SLICE_LIT("list"), 1534723200));
}

/* What bob knows: names 0, 3, 6, ... below 3 * known, one name that is not for partners, and an
 * address, which no offer here asks for. */
#define NARROW 100000u
static struct fixture *start(unsigned known, unsigned idle_seconds)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct ent_indicator ip = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
    enum ent_put how;
    assert_non_null(f);
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_cond_init(&f->changed, NULL);
    assert_ok(ent_store_open(&f->store, NULL, ":memory:"));
    assert_ok(ent_store_begin(f->store));
    for (unsigned i = 0; i < known; i++)
        put(f->store, 3 * i, i % 2 == 0 ? ENT_TLP_CLEAR : ENT_TLP_GREEN);
    put(f->store, NARROW, ENT_TLP_AMBER);
    assert_ok(ent_observable_parse(&ip.obs, NULL, ENT_SLICE_LIT("198.51.100.3")));
    assert_ok(ent_store_put(f->store, &how, &ip, ENT_SLICE_LIT("list"), 1534723200));
    assert_ok(ent_store_commit(f->store));
    assert_ok(ent_pool_new(&f->pool, 2));
    const struct ent_peer_opts opts = {.home = bob.home,
                                       .store = f->store,
                                       .pool = f->pool,
                                       .author = &bob.author,
                                       .items_most = ITEMS_MOST,
                                       .max_tlp = ENT_TLP_GREEN,
                                       .idle_seconds = idle_seconds,
                                       .ctx = f,
                                       .event = on_event};
    assert_ok(ent_peer_new(&f->peer, &opts));
    return f;
}

static void stop(struct fixture *f)
{
    ent_peer_free(f->peer);
    ent_pool_free(f->pool);
    ent_store_close(f->store);
    (void)pthread_cond_destroy(&f->changed);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

static enum ent_err wait_for_release(void *ctx, size_t i)
{
    struct fixture *f = ctx;
    (void)i;
    (void)pthread_mutex_lock(&f->lock);
    f->blocked = true;
    (void)pthread_cond_broadcast(&f->changed);
    while (f->block)
        (void)pthread_cond_wait(&f->changed, &f->lock);
    f->blocked = false;
    (void)pthread_mutex_unlock(&f->lock);
    return ENT_OK;
}

static void *block_pool(void *ctx)
{
    struct fixture *f = ctx;
    if (ent_pool_run(f->pool, wait_for_release, f, 1) != ENT_OK)
        ENT_BUG("pool");
    return NULL;
}

/* Until unblock(), no filter can be computed. */
static void block(struct fixture *f)
{
    f->block = true;
    assert_int_equal(pthread_create(&f->blocker, NULL, block_pool, f), 0);
    (void)pthread_mutex_lock(&f->lock);
    while (!f->blocked)
        (void)pthread_cond_wait(&f->changed, &f->lock);
    (void)pthread_mutex_unlock(&f->lock);
}

static void unblock(struct fixture *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->block = false;
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
    assert_int_equal(pthread_join(f->blocker, NULL), 0);
}

/* The newest event says exactly this. */
static void assert_event(struct fixture *f, enum ent_peer_event_kind kind, const char *partner,
                         const char *run, uint64_t asked)
{
    (void)pthread_mutex_lock(&f->lock);
    size_t n = f->events;
    struct seen_event s = f->event[n > 0 ? n - 1 : 0];
    (void)pthread_mutex_unlock(&f->lock);
    assert_true(n > 0);
    assert_int_equal(s.e.kind, kind);
    assert_string_equal(s.partner, partner);
    assert_string_equal(s.run, run);
    assert_int_equal(s.e.asked, asked);
}

static size_t events(struct fixture *f)
{
    (void)pthread_mutex_lock(&f->lock);
    size_t n = f->events;
    (void)pthread_mutex_unlock(&f->lock);
    return n;
}

static uint64_t spent(struct fixture *f, const char *partner)
{
    uint64_t n = 0, period = ent_budget_period(&bob.home->pact.budget, ent_clock_now());
    assert_ok(ent_store_spent(f->store, &n, partner, ENT_THEY_ASK, period));
    return n;
}

/* --- the asker ----------------------------------------------------------------------------------
 */

/* One message; answer is replaced. An error must carry no body: it would say what went wrong. */
static unsigned call(struct fixture *f, const struct node *who, struct ent_buf *answer,
                     const char *method, const char *path, struct ent_slice body)
{
    const struct ent_request req = {
        .method = method, .path = path, .body = body, .peer = who->spki};
    struct ent_response res = {0};
    ent_buf_init(&res.body, 4u << 20);
    ent_peer_handle(f->peer, &req, &res);
    if (res.status != 200 && res.status != 403)
        assert_int_equal(res.body.n, 0);
    if (answer != NULL) {
        ent_buf_release(answer);
        *answer = res.body;
    } else {
        ent_buf_release(&res.body);
    }
    return res.status;
}

struct run {
    struct fixture *f;
    const struct node *who;
    struct ent_lookup_asker *asker;
    struct ent_match_offer offer;
    struct ent_match_accept accept;
    struct ent_act offer_act, accept_act;
    struct ent_buf offer_bytes, accept_bytes, answer;
    char id[ENT_RUN_ID];
};

static unsigned say(struct run *r, const char *method, const char *name, struct ent_slice body)
{
    char path[128];
    (void)snprintf(path, sizeof(path), OFFER_PATH "/%s/%s", r->id, name);
    return call(r->f, r->who, &r->answer, method, path, body);
}

static unsigned get(struct run *r, const char *name)
{
    return say(r, "GET", name, ent_slice(NULL, 0));
}

/* An act of `who`, signed with any key. */
static void make_act(const struct node *who, const struct ent_seed32 *key, struct ent_buf *ret,
                     struct ent_act *act, enum ent_statement_type type, const char *media,
                     const struct ent_hash32 *ref, struct ent_slice body)
{
    const struct ent_act_wish wish = {
        .type = type, .ref = ref, .media = media, .body = body, .now = ent_clock_now()};
    ent_buf_init(ret, ENT_ACT_MAX);
    assert_ok(ent_home_act(who->home, ret, act, NULL, &wish, key));
}

/* Names 0, 1, ..., n-2 and the one that is not for partners. */
static void prepare(struct run *r, struct fixture *f, const struct node *who, unsigned n)
{
    struct ent_buf body;
    *r = (struct run){.f = f, .who = who};
    assert_ok(ent_lookup_asker_new(&r->asker));
    for (unsigned i = 0; i < n; i++) {
        char name[64], item[80];
        name_of(name, i + 1 == n ? NARROW : i);
        int len = snprintf(item, sizeof(item), "domain:%s", name);
        assert_ok(ent_lookup_asker_add(r->asker, ent_slice(item, (size_t)len)));
    }
    (void)snprintf(r->offer.to, sizeof(r->offer.to), "bob");
    r->offer.types = ENT_OBS_BIT(ENT_OBS_DOMAIN);
    ent_lookup_asker_offer(r->asker, &r->offer);
    ent_buf_init(&body, 1024);
    assert_ok(ent_match_offer_encode(&body, &r->offer));
    make_act(who, &who->author, &r->offer_bytes, &r->offer_act, ENT_ST_OFFER, ENT_MEDIA_OFFER, NULL,
             ent_buf_slice(&body));
    ent_buf_release(&body);
}

static unsigned send_offer(struct run *r)
{
    return call(r->f, r->who, &r->accept_bytes, "POST", OFFER_PATH, ent_buf_slice(&r->offer_bytes));
}

/* The answer to the offer is bob's signed act about it. */
static void parse_answer(struct run *r, enum ent_statement_type type, const char *media)
{
    assert_ok(ent_act_parse(&r->accept_act, ent_buf_slice(&r->accept_bytes),
                            &ent_home_self(bob.home)->author, NULL));
    assert_string_equal(r->accept_act.st.author, "bob");
    assert_int_equal(r->accept_act.st.type, type);
    assert_string_equal(r->accept_act.st.media, media);
    assert_int_equal(r->accept_act.st.refs, 1);
    assert_memory_equal(r->accept_act.st.ref[0].b, r->offer_act.leaf.b, 32);
}

static void accepted(struct run *r)
{
    struct ent_hash32 sid;
    assert_int_equal(send_offer(r), 200);
    parse_answer(r, ENT_ST_ACCEPT, ENT_MEDIA_ACCEPT);
    assert_ok(ent_match_accept_parse(&r->accept, r->accept_act.body));
    ent_match_sid(&sid, &r->offer_act, &r->offer, &r->accept_act, &r->accept);
    ent_hex_encode(r->id, sid.b, 16);
    assert_ok(ent_lookup_asker_start(r->asker, &sid, &r->accept));
}

static void refused(struct run *r, enum ent_verdict why)
{
    enum ent_verdict verdict = ENT_ALLOWED;
    size_t before = events(r->f);
    assert_int_equal(send_offer(r), 403);
    parse_answer(r, ENT_ST_REFUSE, ENT_MEDIA_REFUSE);
    assert_ok(ent_match_refuse_parse(&verdict, r->accept_act.body));
    assert_string_equal(ent_verdict_word(verdict), ent_verdict_word(why));
    assert_int_equal(events(r->f), before + 1);
    assert_event(r->f, ENT_PEER_REFUSED, r->who->home->pact.self, "", r->offer.items);
    assert_int_equal(r->f->event[before].e.verdict, why);
}

static void begin(struct run *r, struct fixture *f, const struct node *who, unsigned n)
{
    prepare(r, f, who, n);
    accepted(r);
}

static void end(struct run *r)
{
    ent_lookup_asker_free(r->asker);
    ent_buf_release(&r->offer_bytes);
    ent_buf_release(&r->accept_bytes);
    ent_buf_release(&r->answer);
}

static void wait_ready(struct run *r)
{
    const struct timespec ms = {.tv_nsec = 1000000};
    unsigned status;
    while ((status = get(r, "filter/0")) == 202)
        (void)nanosleep(&ms, NULL);
    assert_int_equal(status, 200);
}

static struct ent_lookup_batch *batch_memory(void)
{
    struct ent_lookup_batch *b = malloc(sizeof(*b));
    assert_non_null(b);
    return b;
}

static void question(struct run *r, struct ent_lookup_batch *b, struct ent_buf *ask, uint64_t batch)
{
    ent_buf_init(ask, ENT_LOOKUP_ASK_MAX);
    assert_ok(ent_lookup_asker_ask(r->asker, b, ask, batch));
}

/* Every batch; ret_ask (if not NULL) is the last question. */
static void ask_all(struct run *r, struct ent_buf *ret_ask)
{
    struct ent_lookup_batch *b = batch_memory();
    struct ent_buf ask = {0};
    for (uint64_t i = 0; i < ent_lookup_batches(r->offer.items); i++) {
        ent_buf_release(&ask);
        question(r, b, &ask, i);
        assert_int_equal(say(r, "POST", "evaluate", ent_buf_slice(&ask)), 200);
        assert_ok(ent_lookup_asker_answer(r->asker, b, ent_buf_slice(&r->answer)));
    }
    assert_ok(ent_lookup_asker_match(r->asker));
    if (ret_ask != NULL)
        *ret_ask = ask;
    else
        ent_buf_release(&ask);
    free(b);
}

/* All blocks, each fetched twice; *served is what the holder has to sign. */
static void receive_all(struct run *r, struct ent_hash32 *served)
{
    const uint64_t filters = ent_filter_blocks(r->accept.items);
    const uint64_t all = filters + ent_labels_blocks(r->accept.labels);
    struct ent_sha256 sum;
    ent_sha256_init(&sum);
    for (uint64_t i = 0; i < all; i++) {
        char name[32];
        struct ent_buf first;
        bool tags = i < filters;
        (void)snprintf(name, sizeof(name), "%s/%u", tags ? "filter" : "labels",
                       (unsigned)(tags ? i : i - filters));
        assert_int_equal(get(r, name), 200);
        ent_buf_init(&first, 4u << 20);
        assert_ok(ent_buf_put_slice(&first, ent_buf_slice(&r->answer)));
        assert_int_equal(get(r, name), 200);
        assert_true(ent_slice_eq(ent_buf_slice(&first), ent_buf_slice(&r->answer)));
        ent_sha256_add(&sum, ent_buf_slice(&first));
        if (tags)
            assert_ok(ent_lookup_asker_filter(r->asker, ent_buf_slice(&first)));
        else
            assert_ok(ent_lookup_asker_labels(r->asker, ent_buf_slice(&first)));
        ent_buf_release(&first);
    }
    ent_sha256_end(&sum, served);
}

struct expected {
    unsigned next;
};

static enum ent_err check_hit(void *ctx, const struct ent_lookup_hit *h)
{
    struct expected *e = ctx;
    char name[64], item[80], text[32];
    name_of(name, e->next);
    (void)snprintf(item, sizeof(item), "domain:%s", name);
    (void)snprintf(text, sizeof(text), "text %u", e->next % 7);
    assert_true(ent_slice_eq(h->item, ent_slice_str(item)));
    assert_non_null(h->label);
    assert_string_equal(h->label->kind, "C2");
    assert_string_equal(h->label->text, text);
    assert_int_equal(h->label->confidence, e->next % 101);
    assert_int_equal(h->label->tlp, e->next % 2 == 0 ? ENT_TLP_CLEAR : ENT_TLP_GREEN);
    e->next += 3;
    return ENT_OK;
}

/* The asker's result act. */
static void make_result(struct run *r, const struct ent_seed32 *key, struct ent_buf *ret,
                        enum ent_statement_type type, const struct ent_hash32 *ref, uint64_t asked)
{
    struct ent_match_result res = {.asked = asked};
    struct ent_act act;
    struct ent_buf body;
    ent_random(res.commitment.b, 32);
    ent_buf_init(&body, 1024);
    assert_ok(ent_match_result_encode(&body, &res));
    make_act(r->who, key, ret, &act, type, ENT_MEDIA_RESULT, ref, ent_buf_slice(&body));
    ent_buf_release(&body);
}

/* Send it twice: the holder's answer is its own signed act about this run. */
static void exchange_results(struct run *r, const struct ent_hash32 *served)
{
    struct ent_match_result theirs;
    struct ent_act act;
    struct ent_buf mine, first;
    make_result(r, &r->who->author, &mine, ENT_ST_RESULT, &r->accept_act.leaf, r->offer.items);
    assert_int_equal(say(r, "POST", "result", ent_buf_slice(&mine)), 200);
    ent_buf_init(&first, ENT_ACT_MAX);
    assert_ok(ent_buf_put_slice(&first, ent_buf_slice(&r->answer)));
    assert_int_equal(say(r, "POST", "result", ent_buf_slice(&mine)), 200);
    assert_true(ent_slice_eq(ent_buf_slice(&first), ent_buf_slice(&r->answer)));
    assert_ok(ent_act_parse(&act, ent_buf_slice(&first), &ent_home_self(bob.home)->author, NULL));
    assert_int_equal(act.st.type, ENT_ST_RESULT);
    assert_string_equal(act.st.media, ENT_MEDIA_RESULT);
    assert_int_equal(act.st.refs, 1);
    assert_memory_equal(act.st.ref[0].b, r->accept_act.leaf.b, 32);
    assert_ok(ent_match_result_parse(&theirs, act.body));
    assert_int_equal(theirs.asked, r->offer.items);
    assert_memory_equal(theirs.commitment.b, served->b, 32);
    ent_buf_release(&mine);
    ent_buf_release(&first);
}

/* From the accepted offer to the end; the hits are exactly 0, 3, 6, ... below both lists' ends. */
static void complete(struct run *r, unsigned n, unsigned known)
{
    struct expected e = {0};
    struct ent_hash32 served;
    uint64_t hits = 999;
    unsigned below = n - 1 < 3 * known ? n - 1 : 3 * known;
    assert_int_equal(r->accept.items, known);
    ask_all(r, NULL);
    wait_ready(r);
    receive_all(r, &served);
    exchange_results(r, &served);
    assert_ok(ent_lookup_asker_hits(r->asker, check_hit, &e, &hits));
    assert_int_equal(hits, (below + 2) / 3);
    assert_int_equal(e.next, 3 * hits);
}

static void whole_run(struct fixture *f, const struct node *who, unsigned n, unsigned known)
{
    struct run r;
    begin(&r, f, who, n);
    complete(&r, n, known);
    end(&r);
}

/* A run that is over, whatever it was: nothing in it answers. */
static void assert_dead(struct run *r)
{
    assert_int_equal(get(r, "filter/0"), 409);
    assert_int_equal(get(r, "labels/0"), 409);
    assert_int_equal(say(r, "POST", "evaluate", ENT_SLICE_LIT("")), 409);
    assert_int_equal(say(r, "POST", "result", ENT_SLICE_LIT("")), 409);
}

/* --- honest runs --------------------------------------------------------------------------------
 */

static void test_a_whole_run(void **state)
{
    static const unsigned sizes[] = {1, 2, 40, 300};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 1; k < 4; k++) {
            struct fixture *f = start(sizes[k], 60);
            struct run r;
            begin(&r, f, &alice, sizes[i]);
            assert_int_equal(events(f), 1);
            assert_event(f, ENT_PEER_ACCEPTED, "alice", r.id, sizes[i]);
            complete(&r, sizes[i], sizes[k]);
            assert_int_equal(events(f), 2);
            assert_event(f, ENT_PEER_FINISHED, "alice", r.id, sizes[i]);
            assert_int_equal(spent(f, "alice"), sizes[i]);
            end(&r);
            stop(f);
        }
    }
}

/* After a broken connection everything may be said again. An answer's proof is fresh each time, its
 * points are not. */
static void test_every_message_may_be_repeated(void **state)
{
    struct fixture *f = start(20, 60);
    struct ent_lookup_batch *b = batch_memory(), *kept = batch_memory();
    struct ent_buf ask, first;
    struct ent_hash32 served;
    struct run r;
    (void)state;
    begin(&r, f, &alice, 30);
    ent_buf_init(&first, ENT_ACT_MAX);
    assert_ok(ent_buf_put_slice(&first, ent_buf_slice(&r.accept_bytes)));
    question(&r, b, &ask, 0);
    *kept = *b;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send_offer(&r), 200);
        assert_true(ent_slice_eq(ent_buf_slice(&first), ent_buf_slice(&r.accept_bytes)));
    }
    ent_buf_clear(&first);
    assert_int_equal(say(&r, "POST", "evaluate", ent_buf_slice(&ask)), 200);
    assert_int_equal(r.answer.n, 30 * 32 + ENT_OPRF_PROOF);
    assert_ok(ent_buf_put_slice(&first, ent_buf_slice(&r.answer)));
    assert_int_equal(say(&r, "POST", "evaluate", ent_buf_slice(&ask)), 200);
    assert_int_equal(r.answer.n, first.n);
    assert_memory_equal(r.answer.p, first.p, 30 * 32);
    *b = *kept;
    assert_ok(ent_lookup_asker_answer(r.asker, b, ent_buf_slice(&r.answer)));
    assert_ok(ent_lookup_asker_match(r.asker));
    wait_ready(&r);
    receive_all(&r, &served);
    exchange_results(&r, &served);
    assert_int_equal(send_offer(&r), 200); /* the run is done and still known */
    assert_int_equal(events(f), 2);
    assert_int_equal(spent(f, "alice"), 30);
    ent_buf_release(&ask);
    ent_buf_release(&first);
    ent_wipe(kept, sizeof(*kept));
    free(b);
    free(kept);
    end(&r);
    stop(f);
}

static void test_no_filter_before_it_is_computed(void **state)
{
    struct fixture *f = start(20, 60);
    struct run r;
    (void)state;
    block(f);
    begin(&r, f, &alice, 10);
    assert_int_equal(get(&r, "filter/0"), 202);
    assert_int_equal(get(&r, "labels/0"), 202);
    ask_all(&r, NULL); /* questions are answered meanwhile */
    assert_int_equal(get(&r, "filter/0"), 202);
    unblock(f);
    wait_ready(&r);
    assert_int_equal(get(&r, "labels/0"), 200);
    end(&r);
    stop(f);
}

struct job {
    struct fixture *f;
    const struct node *who;
};

static void *two_runs(void *ctx)
{
    struct job *j = ctx;
    whole_run(j->f, j->who, 100, 60);
    whole_run(j->f, j->who, 50, 60);
    return NULL;
}

static void test_two_partners_at_once(void **state)
{
    struct fixture *f = start(60, 60);
    struct job a = {f, &alice}, c = {f, &carol};
    pthread_t ta, tc;
    (void)state;
    assert_int_equal(pthread_create(&ta, NULL, two_runs, &a), 0);
    assert_int_equal(pthread_create(&tc, NULL, two_runs, &c), 0);
    assert_int_equal(pthread_join(ta, NULL), 0);
    assert_int_equal(pthread_join(tc, NULL), 0);
    assert_int_equal(events(f), 8);
    assert_int_equal(spent(f, "alice"), 150);
    assert_int_equal(spent(f, "carol"), 150);
    stop(f);
}

/* --- who may speak, and where -------------------------------------------------------------------
 */

static void test_only_members_are_allowed(void **state)
{
    struct fixture *f = start(1, 60);
    struct ent_home *other = calloc(1, sizeof(*other));
    struct ent_spki spki = alice.spki;
    struct run r;
    (void)state;
    assert_non_null(other);
    assert_true(ent_peer_allow(f->peer, &alice.spki));
    assert_true(ent_peer_allow(f->peer, &carol.spki));
    assert_false(ent_peer_allow(f->peer, &bob.spki)); /* one's own key is no partner's */
    spki.b[31] ^= 1;
    assert_false(ent_peer_allow(f->peer, &spki));
    assert_false(ent_peer_allow(f->peer, &dave.spki));
    prepare(&r, f, &dave, 2);
    assert_int_equal(send_offer(&r), 409);
    assert_int_equal(events(f), 0);

    /* Another process of bob's makes dave a member while the peer serves. */
    assert_ok(ent_home_open(other, NULL, bob.home->dir));
    accept_member(other, &bob.root, &dave);
    assert_true(ent_peer_allow(f->peer, &dave.spki));
    accepted(&r);
    end(&r);
    free(other);
    stop(f);
}

static void test_paths(void **state)
{
#define ID "00112233445566778899aabbccddeeff"
    static const struct {
        const char *method, *path;
        size_t most;
    } routes[] = {
        {"POST", "/peer/v1/match", ENT_ACT_MAX},
        {"POST", "/peer/v1/match/" ID "/evaluate", ENT_LOOKUP_ASK_MAX},
        {"POST", "/peer/v1/match/" ID "/result", ENT_ACT_MAX},
        {"GET", "/peer/v1/match/" ID "/filter/0", 1},
        {"GET", "/peer/v1/match/" ID "/filter/100000000", 1},
        {"GET", "/peer/v1/match/" ID "/labels/12", 1},
        {"GET", "/peer/v1/match", 0},
        {"PUT", "/peer/v1/match", 0},
        {"DELETE", "/peer/v1/match/" ID "/filter/0", 0},
        {"GET", "/peer/v1/match/" ID "/evaluate", 0},
        {"GET", "/peer/v1/match/" ID "/result", 0},
        {"POST", "/peer/v1/match/" ID "/filter/0", 0},
        {"POST", "/peer/v1/match/" ID "/labels/0", 0},
        {"POST", "", 0},
        {"POST", "/", 0},
        {"POST", "/peer/v1/matc", 0},
        {"POST", "/peer/v1/match/", 0},
        {"POST", "/peer/v1/matches", 0},
        {"POST", "//peer/v1/match", 0},
        {"POST", "/peer/v2/match", 0},
        {"GET", "/peer/v1/match/" ID, 0},
        {"GET", "/peer/v1/match/" ID "/", 0},
        {"POST", "/peer/v1/match/" ID "/evaluate/", 0},
        {"POST", "/peer/v1/match/" ID "/Evaluate", 0},
        {"POST", "/peer/v1/match/" ID "/evaluat", 0},
        {"POST", "/peer/v1/match/" ID "//evaluate", 0},
        {"POST", "/peer/v1/match/" ID "/result/0", 0},
        {"GET", "/peer/v1/match/" ID "/filter", 0},
        {"GET", "/peer/v1/match/" ID "/filter/", 0},
        {"GET", "/peer/v1/match/" ID "/filter/0/", 0},
        {"GET", "/peer/v1/match/" ID "/filter/00", 0},
        {"GET", "/peer/v1/match/" ID "/filter/01", 0},
        {"GET", "/peer/v1/match/" ID "/filter/-1", 0},
        {"GET", "/peer/v1/match/" ID "/filter/+1", 0},
        {"GET", "/peer/v1/match/" ID "/filter/ 1", 0},
        {"GET", "/peer/v1/match/" ID "/filter/0x1", 0},
        {"GET", "/peer/v1/match/" ID "/filter/100000001", 0},
        {"GET", "/peer/v1/match/" ID "/labels/18446744073709551616", 0},
        {"GET", "/peer/v1/match/" ID "/labels/99999999999999999999999999", 0},
        {"GET", "/peer/v1/match/" ID "/../filter/0", 0},
        {"GET", "/peer/v1/match/../match/" ID "/filter/0", 0},
        {"GET", "/peer/v1/match/" ID "/secret", 0},
        {"POST", "/peer/v1/match/0011223344556677889900aabbccddee/../evaluate", 0},
        {"POST", "/peer/v1/match/00112233445566778899aabbccddeef/evaluate", 0},
        {"POST", "/peer/v1/match/00112233445566778899aabbccddeeff0/evaluate", 0},
        {"POST", "/peer/v1/match/00112233445566778899AABBCCDDEEFF/evaluate", 0},
        {"POST", "/peer/v1/match/00112233445566778899aabbccddeefg/evaluate", 0},
        {"POST", "/peer/v1/match/../../../../../../../../../../pact/evaluate", 0},
    };
#undef ID
    struct fixture *f = start(1, 60);
    (void)state;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t most = ent_peer_max_body(f->peer, &alice.spki, routes[i].method, routes[i].path);
        unsigned status =
            call(f, &alice, NULL, routes[i].method, routes[i].path, ent_slice(NULL, 0));
        if (most != routes[i].most)
            printf("# %s %s\n", routes[i].method, routes[i].path);
        assert_int_equal(most, routes[i].most);
        assert_int_equal(status, most == 0 ? 404 : 409); /* a route, but no such run */
    }
    assert_int_equal(events(f), 0);
    stop(f);
}

/* --- offers that are not answered ---------------------------------------------------------------
 */

static unsigned offer_bytes(struct fixture *f, const struct node *who, struct ent_slice bytes)
{
    return call(f, who, NULL, "POST", OFFER_PATH, bytes);
}

static void test_offers_that_are_no_offers(void **state)
{
    struct fixture *f = start(5, 60);
    struct ent_buf body, b;
    struct ent_act act;
    struct run r;
    (void)state;
    prepare(&r, f, &alice, 3); /* the lowest sequence of all: shows that no other one counted */
    const struct ent_slice good = r.offer_act.body;
    static const struct {
        enum ent_statement_type type;
        const char *media;
    } wrong[] = {
        {ENT_ST_ACCEPT, ENT_MEDIA_OFFER},
        {ENT_ST_RESULT, ENT_MEDIA_OFFER},
        {ENT_ST_OFFER, ENT_MEDIA_RESULT},
        {ENT_ST_JOIN, ENT_MEDIA_ACCEPT},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        make_act(&alice, &alice.author, &b, &act, wrong[i].type, wrong[i].media, NULL, good);
        assert_int_equal(offer_bytes(f, &alice, ent_buf_slice(&b)), 409);
        ent_buf_release(&b);
    }
    make_act(&alice, &carol.author, &b, &act, ENT_ST_OFFER, ENT_MEDIA_OFFER, NULL, good);
    assert_int_equal(offer_bytes(f, &alice, ent_buf_slice(&b)), 409); /* another one's signature */
    assert_int_equal(offer_bytes(f, &carol, ent_buf_slice(&b)), 409);
    ent_buf_release(&b);
    make_act(&alice, &alice.root, &b, &act, ENT_ST_OFFER, ENT_MEDIA_OFFER, NULL, good);
    assert_int_equal(offer_bytes(f, &alice, ent_buf_slice(&b)), 409); /* her own, of another role */
    ent_buf_release(&b);
    assert_int_equal(offer_bytes(f, &carol, ent_buf_slice(&r.offer_bytes)), 409); /* passed on */

    struct ent_match_offer o = r.offer;
    (void)snprintf(o.to, sizeof(o.to), "carol"); /* meant for another holder */
    ent_buf_init(&body, 1024);
    assert_ok(ent_match_offer_encode(&body, &o));
    make_act(&alice, &alice.author, &b, &act, ENT_ST_OFFER, ENT_MEDIA_OFFER, NULL,
             ent_buf_slice(&body));
    assert_int_equal(offer_bytes(f, &alice, ent_buf_slice(&b)), 409);
    ent_buf_release(&b);
    ent_buf_release(&body);

    assert_int_equal(events(f), 0);
    assert_int_equal(spent(f, "alice"), 0);
    assert_int_equal(spent(f, "carol"), 0);
    accepted(&r);
    end(&r);
    stop(f);
}

/* Every cut, and a flipped bit in every byte, of a good offer; and bytes that were never one. */
static void test_damaged_offers(void **state)
{
    struct fixture *f = start(5, 60);
    struct ent_buf b;
    struct run r;
    (void)state;
    prepare(&r, f, &alice, 3);
    ent_buf_init(&b, ENT_ACT_MAX + 1);
    assert_ok(ent_buf_put_slice(&b, ent_buf_slice(&r.offer_bytes)));
    for (size_t cut = 0; cut < b.n; cut++)
        assert_int_equal(offer_bytes(f, &alice, ent_slice(b.p, cut)), 409);
    for (size_t i = 0; i < b.n; i++) {
        uint8_t bit = (uint8_t)(1u << ent_t_below(8));
        b.p[i] ^= bit;
        assert_int_equal(offer_bytes(f, &alice, ent_buf_slice(&b)), 409);
        b.p[i] ^= bit;
    }
    assert_ok(ent_buf_putc(&b, '\n'));
    assert_int_equal(offer_bytes(f, &alice, ent_buf_slice(&b)), 409);
    for (int i = 0; i < 50; i++) {
        b.n = (size_t)ent_t_below(r.offer_bytes.n);
        ent_random(b.p, b.n);
        assert_int_equal(offer_bytes(f, &alice, ent_buf_slice(&b)), 409);
    }
    assert_int_equal(events(f), 0);
    assert_int_equal(spent(f, "alice"), 0);
    accepted(&r);
    ent_buf_release(&b);
    end(&r);
    stop(f);
}

/* --- refusals -----------------------------------------------------------------------------------
 */

static void test_an_old_offer_is_stale(void **state)
{
    struct fixture *f = start(5, 60);
    struct run never_sent, broken, done, next;
    (void)state;
    prepare(&never_sent, f, &alice, 2);
    begin(&broken, f, &alice, 2);
    refused(&never_sent, ENT_DENIED_STALE); /* a later one was seen */
    assert_int_equal(say(&broken, "POST", "evaluate", ENT_SLICE_LIT("?")), 409);
    refused(&broken, ENT_DENIED_STALE);
    begin(&done, f, &alice, 2);
    complete(&done, 2, 5);
    begin(&next, f, &alice, 2); /* takes the place of the one that is done */
    refused(&done, ENT_DENIED_STALE);
    wait_ready(&next);
    assert_int_equal(spent(f, "alice"), 6);
    end(&never_sent);
    end(&broken);
    end(&done);
    end(&next);
    stop(f);
}

static void test_size_and_budget(void **state)
{
    static const struct {
        unsigned items;
        enum ent_verdict verdict;
        uint64_t spent;
    } steps[] = {
        {0, ENT_DENIED_EMPTY, 0},
        {ITEMS_MOST + 1, ENT_DENIED_SIZE, 0},
        {ITEMS_MOST, ENT_ALLOWED, ITEMS_MOST},
        {ITEMS_MOST - 1, ENT_ALLOWED, BUDGET - 1},
        {2, ENT_DENIED_BUDGET, BUDGET - 1},
        {1, ENT_ALLOWED, BUDGET},
        {1, ENT_DENIED_BUDGET, BUDGET},
        {ITEMS_MOST + 1, ENT_DENIED_SIZE, BUDGET},
    };
    struct fixture *f = start(5, 60);
    struct run r;
    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        prepare(&r, f, &alice, steps[i].items);
        if (steps[i].verdict == ENT_ALLOWED) {
            accepted(&r); /* and broken off: what was charged is not given back */
            assert_int_equal(say(&r, "POST", "result", ENT_SLICE_LIT("")), 409);
            assert_event(f, ENT_PEER_ABORTED, "alice", r.id, steps[i].items);
        } else {
            refused(&r, steps[i].verdict);
        }
        assert_int_equal(spent(f, "alice"), steps[i].spent);
        end(&r);
    }
    assert_int_equal(spent(f, "carol"), 0); /* each partner has a budget of its own */
    whole_run(f, &carol, 10, 5);
    assert_int_equal(spent(f, "carol"), 10);
    stop(f);
}

static void test_no_more_than_four_runs_of_one_partner(void **state)
{
    struct fixture *f = start(5, 60);
    struct run r[4], fifth, hers;
    (void)state;
    for (int i = 0; i < 4; i++)
        begin(&r[i], f, &alice, 3);
    prepare(&fifth, f, &alice, 3);
    refused(&fifth, ENT_DENIED_BUSY);
    end(&fifth);
    assert_int_equal(spent(f, "alice"), 12); /* what is refused costs nothing */
    begin(&hers, f, &carol, 3);              /* nobody else has to wait */
    complete(&r[2], 3, 5);
    begin(&fifth, f, &alice, 3);
    end(&fifth);
    prepare(&fifth, f, &alice, 3);
    refused(&fifth, ENT_DENIED_BUSY);
    assert_dead(&r[2]);
    complete(&r[0], 3, 5); /* the others go on as if nothing had been */
    complete(&r[3], 3, 5);
    complete(&hers, 3, 5);
    for (int i = 0; i < 4; i++)
        end(&r[i]);
    end(&fifth);
    end(&hers);
    stop(f);
}

/* --- inside a run -------------------------------------------------------------------------------
 */

static void test_a_run_belongs_to_one_key(void **state)
{
    struct fixture *f = start(5, 60);
    struct ent_lookup_batch *b = batch_memory();
    struct ent_buf ask;
    struct run r;
    (void)state;
    begin(&r, f, &alice, 5);
    wait_ready(&r);
    question(&r, b, &ask, 0);
    r.who = &carol;
    assert_dead(&r);
    assert_int_equal(say(&r, "POST", "evaluate", ent_buf_slice(&ask)), 409);
    r.who = &alice;
    assert_int_equal(events(f), 1);
    complete(&r, 5, 5); /* and none of it was felt by alice */
    ent_buf_release(&ask);
    ent_wipe(b, sizeof(*b));
    free(b);
    end(&r);
    stop(f);
}

enum spoil { BATCH_NUMBER, NO_NUMBER, TOO_SHORT, TOO_LONG, NO_POINT, IDENTITY, TWICE, SPOILS };

static void spoil(struct ent_buf *ask, enum spoil how)
{
    switch (how) {
    case BATCH_NUMBER:
        ask->p[0] = 1;
        break;
    case NO_NUMBER:
        ask->n = 3;
        break;
    case TOO_SHORT:
        ask->n -= 32;
        break;
    case TOO_LONG:
        assert_ok(ent_buf_put(ask, ask->p + 4, 32));
        break;
    case NO_POINT:
        memset(ask->p + 4, 0xFF, 32);
        break;
    case IDENTITY:
        memset(ask->p + 4, 0, 32);
        break;
    case TWICE: /* the same batch with its questions in another order: more than was paid for */
        memcpy(ask->p + 4, ask->p + 36, 32);
        break;
    case SPOILS:
        break;
    }
}

/* What breaks off a run is told to its owner, not to the partner: status and body are the same. */
static void test_a_wrong_batch_ends_the_run(void **state)
{
    static const enum ent_err why[SPOILS] = {
        [BATCH_NUMBER] = ENT_E_FORMAT, [NO_NUMBER] = ENT_E_STATE, [TOO_SHORT] = ENT_E_FORMAT,
        [TOO_LONG] = ENT_E_FORMAT,     [NO_POINT] = ENT_E_FORMAT, [IDENTITY] = ENT_E_FORMAT,
        [TWICE] = ENT_E_STATE};
    struct ent_lookup_batch *b = batch_memory();
    (void)state;
    for (int building = 0; building < 2; building++) {
        struct fixture *f = start(5, 60);
        struct run r[SPOILS];
        for (int how = 0; how < SPOILS; how++) {
            struct ent_buf ask;
            if (building != 0)
                block(f);
            begin(&r[how], f, &alice, 5);
            if (building == 0)
                wait_ready(&r[how]);
            question(&r[how], b, &ask, 0);
            if (how == TWICE)
                assert_int_equal(say(&r[how], "POST", "evaluate", ent_buf_slice(&ask)), 200);
            spoil(&ask, (enum spoil)how);
            assert_int_equal(say(&r[how], "POST", "evaluate", ent_buf_slice(&ask)), 409);
            assert_event(f, ENT_PEER_ABORTED, "alice", r[how].id, 5);
            assert_int_equal(f->event[events(f) - 1].e.err, why[how]);
            assert_dead(&r[how]);
            ent_buf_release(&ask);
            if (building != 0)
                unblock(f);
        }
        assert_int_equal(events(f), 2 * SPOILS);
        whole_run(f, &alice, 5, 5);
        for (int how = 0; how < SPOILS; how++)
            end(&r[how]);
        stop(f);
    }
    ent_wipe(b, sizeof(*b));
    free(b);
}

static void test_blocks_that_are_not_there(void **state)
{
    static const char *const names[] = {"filter/1", "filter/100000000", "labels/1"};
    struct fixture *f = start(5, 60);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct run r;
        begin(&r, f, &alice, 5);
        wait_ready(&r);
        assert_int_equal(get(&r, names[i]), 409);
        assert_event(f, ENT_PEER_ABORTED, "alice", r.id, 5);
        assert_dead(&r);
        end(&r);
    }
    stop(f);
}

static void send_bad_result(struct run *r, struct ent_buf *result)
{
    assert_int_equal(say(r, "POST", "result", ent_buf_slice(result)), 409);
    assert_event(r->f, ENT_PEER_ABORTED, "alice", r->id, r->offer.items);
    assert_dead(r);
    ent_buf_release(result);
    end(r);
}

static void test_no_result_before_all_was_asked(void **state)
{
    struct fixture *f = start(5, 60);
    struct ent_lookup_batch *b = batch_memory();
    struct ent_buf result, ask;
    struct run r;
    (void)state;
    begin(&r, f, &alice, 5); /* nothing asked */
    wait_ready(&r);
    make_result(&r, &alice.author, &result, ENT_ST_RESULT, &r.accept_act.leaf, 5);
    send_bad_result(&r, &result);

    begin(&r, f, &alice, ENT_LOOKUP_BATCH + 1); /* the second of two batches asked */
    wait_ready(&r);
    question(&r, b, &ask, 1);
    assert_int_equal(say(&r, "POST", "evaluate", ent_buf_slice(&ask)), 200);
    make_result(&r, &alice.author, &result, ENT_ST_RESULT, &r.accept_act.leaf, r.offer.items);
    send_bad_result(&r, &result);

    block(f); /* all asked, but the filter is not there yet: nothing could be signed */
    begin(&r, f, &alice, 5);
    ask_all(&r, NULL);
    make_result(&r, &alice.author, &result, ENT_ST_RESULT, &r.accept_act.leaf, 5);
    send_bad_result(&r, &result);
    unblock(f);
    ent_buf_release(&ask);
    ent_wipe(b, sizeof(*b));
    free(b);
    stop(f);
}

static void test_results_that_are_no_results(void **state)
{
    struct fixture *f = start(5, 60);
    (void)state;
    for (int how = 0; how < 6; how++) {
        struct ent_buf result;
        struct run r;
        begin(&r, f, &alice, 5);
        ask_all(&r, NULL);
        wait_ready(&r);
        const struct ent_hash32 *ref = how == 0   ? &r.offer_act.leaf
                                       : how == 1 ? NULL
                                                  : &r.accept_act.leaf;
        make_result(&r, how == 2 ? &carol.author : &alice.author, &result,
                    how == 3 ? ENT_ST_ACCEPT : ENT_ST_RESULT, ref, how == 4 ? 4 : 5);
        if (how == 5)
            result.n--;
        send_bad_result(&r, &result);
    }
    stop(f);
}

/* A run whose partner fell silent is forgotten, and so is one that is done; only the first is worth
 * an event. */
static void test_silent_runs_are_forgotten(void **state)
{
    struct fixture *f = start(5, 1);
    struct run done, silent;
    struct timespec until;
    int timed_out = 0;
    (void)state;
    begin(&done, f, &carol, 5);
    complete(&done, 5, 5);
    begin(&silent, f, &alice, 5);
    wait_ready(&silent);
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&f->lock);
    while (f->events < 4 && timed_out == 0)
        timed_out = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    (void)pthread_mutex_unlock(&f->lock);
    assert_int_equal(timed_out, 0);
    assert_event(f, ENT_PEER_EXPIRED, "alice", silent.id, 5);
    assert_int_equal(f->event[3].e.err, ENT_E_TIMEOUT);
    assert_dead(&silent);
    assert_dead(&done);
    refused(&silent, ENT_DENIED_STALE);
    assert_int_equal(events(f), 5);
    end(&done);
    end(&silent);
    stop(f);
}

/* --- what stays ---------------------------------------------------------------------------------
 */

static struct ent_slice needle;
static unsigned files_seen, files_with;

static int look_into(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    struct ent_buf b;
    (void)st, (void)ftw;
    if (kind != FTW_F)
        return 0;
    ent_buf_init(&b, 64u << 20);
    assert_ok(ent_file_read(&b, NULL, path));
    files_seen++;
    files_with += b.n > 0 && memmem(b.p, b.n, needle.p, needle.n) != NULL;
    ent_buf_release(&b);
    return 0;
}

static unsigned search(const char *folder, struct ent_slice what)
{
    char path[ENT_PATH_MAX];
    needle = what;
    files_seen = files_with = 0;
    assert_ok(ent_home_path(bob.home, path, folder));
    assert_int_equal(nftw(path, look_into, 16, FTW_PHYS), 0);
    return files_with;
}

/* The holder keeps acts and its own seed. What was asked, it never had; not even the blinded
 * questions stay. */
static void test_nothing_of_what_was_asked_stays(void **state)
{
    static const char *const folders[] = {"runs", "acts"};
    struct fixture *f = start(5, 60);
    struct ent_hash32 served;
    struct ent_buf ask;
    struct run r;
    (void)state;
    begin(&r, f, &alice, 12);
    ask_all(&r, &ask);
    wait_ready(&r);
    receive_all(&r, &served);
    exchange_results(&r, &served);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(search(folders[i], ENT_SLICE_LIT(OBS)), 0);
        assert_true(files_seen > 3);
        assert_int_equal(search(folders[i], ent_slice(ask.p + 4, 32)), 0);
        /* The search does find what is there. */
        assert_true(search(folders[i], ENT_SLICE_LIT("entente/match-result@v1")) > 0);
    }
    assert_true(search("runs", ent_buf_slice(&r.offer_bytes)) == 1);
    assert_true(search("runs", ENT_SLICE_LIT("entente/run@v1\nrole holder\n")) > 0);
    ent_buf_release(&ask);
    end(&r);
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_members_are_allowed),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_a_whole_run),
        cmocka_unit_test(test_every_message_may_be_repeated),
        cmocka_unit_test(test_no_filter_before_it_is_computed),
        cmocka_unit_test(test_two_partners_at_once),
        cmocka_unit_test(test_offers_that_are_no_offers),
        cmocka_unit_test(test_damaged_offers),
        cmocka_unit_test(test_an_old_offer_is_stale),
        cmocka_unit_test(test_size_and_budget),
        cmocka_unit_test(test_no_more_than_four_runs_of_one_partner),
        cmocka_unit_test(test_a_run_belongs_to_one_key),
        cmocka_unit_test(test_a_wrong_batch_ends_the_run),
        cmocka_unit_test(test_blocks_that_are_not_there),
        cmocka_unit_test(test_no_result_before_all_was_asked),
        cmocka_unit_test(test_results_that_are_no_results),
        cmocka_unit_test(test_silent_runs_are_forgotten),
        cmocka_unit_test(test_nothing_of_what_was_asked_stays),
    };
    ent_t_start("peer");
    return cmocka_run_group_tests_name("peer", tests, make_nodes, free_nodes);
}
