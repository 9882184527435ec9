/* partners.c: members of a pact who speak to a peer API without a network. */
#include "base/base.h"
#include "tests/support/partners.h"

/* --- members ------------------------------------------------------------------------------------
 */

struct node node_alice, node_bob, node_carol, node_dave;

int node_make_all(void **state)
{
    static struct mesh mesh, alone;
    static struct node *const members[] = {&node_alice, &node_bob, &node_carol};
    static struct node *const dave[] = {&node_dave};
    const struct ent_budget budget = {
        .items = BUDGET, .seconds = (uint64_t)3660 * 86400}; /* no new period while the test runs */
    (void)state;
    node_make(&node_alice, "alice");
    node_make(&node_bob, "bob");
    node_make(&node_carol, "carol");
    node_make(&node_dave, "dave");
    mesh_found(&mesh, members, 3, &budget);
    mesh_found(&alone, dave, 1, &budget);
    mesh_meet(&mesh);
    return 0;
}

int node_free_all(void **state)
{
    (void)state;
    node_free(&node_alice);
    node_free(&node_bob);
    node_free(&node_carol);
    node_free(&node_dave);
    return 0;
}

void node_act(struct node *who, const struct ent_seed32 *key, struct ent_buf *ret,
              struct ent_act *act, enum ent_statement_type type, const char *media,
              const struct ent_hash32 *ref, struct ent_slice body)
{
    const struct ent_act_wish wish = {
        .type = type, .ref = ref, .media = media, .body = body, .now = ent_clock_now()};
    struct ent_buf room;
    uint64_t index;
    ent_buf_init(&room, ENT_ACT_MAX);
    ent_buf_init(ret, ENT_DELIVERY_MAX);
    if (key == &who->author) {
        assert_ok(ent_book_act(who->book, &room, act, &index, NULL, &wish));
    } else {
        struct ent_statement st = node_statement(who, type, media);
        if (ref != NULL)
            st.ref[st.refs++] = *ref;
        node_forge(who, key, &st, body, &act->leaf, &index);
    }
    if (who->mesh == node_bob.mesh)
        node_submit(who, "bob");
    assert_ok(ent_book_deliver(who->book, ret, NULL, index));
    act->body = ent_slice(ret->p + ret->n - body.n, body.n);
    ent_buf_release(&room);
}

/* --- the holder ---------------------------------------------------------------------------------
 */

static void on_event(void *ctx, const struct ent_peer_event *e)
{
    struct holder *f = ctx;
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

/* Names under .example are not of the public Internet, which a real judge would hold. */
void holder_judge(struct holder *f, bool held)
{
    static const struct ent_odds nothing;
    assert_ok(ent_store_judge(f->store, ENT_SLICE_LIT("list"), &nothing, held));
}

static void fill(struct ent_store *s, unsigned known)
{
    struct ent_indicator ip = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
    enum ent_put how;
    assert_ok(ent_store_begin(s));
    for (unsigned i = 0; i < known; i++)
        put(s, 3 * i, i % 2 == 0 ? ENT_TLP_CLEAR : ENT_TLP_GREEN);
    put(s, NARROW, ENT_TLP_AMBER);
    assert_ok(ent_observable_parse(&ip.obs, NULL, ENT_SLICE_LIT("198.51.100.3")));
    assert_ok(ent_store_put(s, &how, &ip, ENT_SLICE_LIT("list"), 1534723200));
    assert_ok(ent_store_commit(s));
}

static struct ent_runners *make_local(struct holder *f)
{
    struct ent_runners *r;
    assert_ok(ent_runners_local(&r, f->desk, f->pool, WORKERS));
    return r;
}

struct holder *holder_start_with(unsigned known, unsigned idle_seconds,
                                 struct ent_runners *(*make)(struct holder *f))
{
    static unsigned stores;
    struct holder *f = calloc(1, sizeof(*f));
    char path[ENT_PATH_MAX];
    assert_non_null(f);
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_cond_init(&f->changed, NULL);
    (void)snprintf(path, sizeof(path), "%s/holder-%u.db", ent_t_tmpdir(), stores++);
    assert_ok(ent_store_open(&f->store, NULL, path));
    fill(f->store, known);
    holder_judge(f, false);
    assert_ok(ent_pool_new(&f->pool, 2));
    const struct ent_desk_opts desk = {.store = path, .max_tlp = ENT_TLP_GREEN};
    assert_ok(ent_desk_new(&f->desk, NULL, &desk));
    f->seat = (struct ent_desk_seat){.desk = f->desk};
    f->asks = (struct ent_direct){ent_desk_serve, &f->seat, ENT_DESK_KNOWN_BYTES};
    f->runners = make(f);
    const struct ent_peer_opts opts = {.book = node_bob.book,
                                       .desk = ent_caller_direct(&f->asks),
                                       .runners = f->runners,
                                       .items_most = ITEMS_MOST,
                                       .idle_seconds = idle_seconds,
                                       .ctx = f,
                                       .event = on_event};
    assert_ok(ent_peer_new(&f->peer, &opts));
    f->before = node_bob.peer;
    node_bob.peer = f->peer;
    return f;
}

struct holder *holder_start(unsigned known, unsigned idle_seconds)
{
    return holder_start_with(known, idle_seconds, make_local);
}

void holder_stop(struct holder *f)
{
    node_bob.peer = f->before;
    ent_peer_free(f->peer);
    if (f->unmake != NULL)
        f->unmake(f);
    ent_runners_free(f->runners);
    ent_desk_free(f->desk);
    ent_pool_free(f->pool);
    ent_store_close(f->store);
    (void)pthread_cond_destroy(&f->changed);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

static enum ent_err wait_for_release(void *ctx, size_t i)
{
    struct holder *f = ctx;
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
    struct holder *f = ctx;
    if (ent_pool_run(f->pool, wait_for_release, f, 1) != ENT_OK)
        ENT_BUG("pool");
    return NULL;
}

void holder_block(struct holder *f)
{
    f->block = true;
    assert_int_equal(pthread_create(&f->blocker, NULL, block_pool, f), 0);
    (void)pthread_mutex_lock(&f->lock);
    while (!f->blocked)
        (void)pthread_cond_wait(&f->changed, &f->lock);
    (void)pthread_mutex_unlock(&f->lock);
}

void holder_unblock(struct holder *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->block = false;
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
    assert_int_equal(pthread_join(f->blocker, NULL), 0);
}

void holder_assert_event(struct holder *f, enum ent_peer_event_kind kind, const char *partner,
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

size_t holder_events(struct holder *f)
{
    (void)pthread_mutex_lock(&f->lock);
    size_t n = f->events;
    (void)pthread_mutex_unlock(&f->lock);
    return n;
}

uint64_t holder_spent(struct holder *f, const char *partner)
{
    uint64_t n = 0, period = ent_budget_period(&node_bob.home->pact->budget, ent_clock_now());
    assert_ok(ent_store_spent(f->store, &n, partner, ENT_THEY_ASK, period));
    return n;
}

/* --- the asker ----------------------------------------------------------------------------------
 */

static void by_bytes(struct holder *f, const struct ent_request *req, struct ent_response *res)
{
    struct ent_direct d = {ent_peer_serve, f->peer, 3 + ENT_PEER_ANSWER_MAX};
    const struct ent_caller ledger = ent_caller_direct(&d);
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_peer_answer a;
    struct ent_buf b;
    ent_buf_init(&b, ENT_PEER_MSG_MAX);
    assert_ok(ent_peer_call_encode(&b, req));
    assert_ok(ledger.call(ledger.ctx, &m, ENT_FRONT_PEER, ent_buf_slice(&b)));
    assert_ok(ent_peer_answer_parse(&a, ent_buf_slice(&m.bytes)));
    res->status = a.status;
    res->type = a.type;
    assert_ok(ent_buf_put_slice(&res->body, a.body));
    ent_msg_release(&m);
    ent_buf_release(&b);
}

unsigned holder_call(struct holder *f, struct node *who, struct ent_buf *answer, const char *method,
                     const char *path, struct ent_slice body)
{
    const struct ent_request req = {
        .method = method, .path = path, .body = body, .peer = who->spki};
    struct ent_response res = {0};
    ent_buf_init(&res.body, ENT_PEER_ANSWER_MAX);
    if (ent_peer_body_max(method, path) >= body.n && ent_peer_body_max(method, path) > 0)
        by_bytes(f, &req, &res); /* as the front asks, which does not ask the rest */
    else
        ent_peer_handle(f->peer, &req, &res);
    if (res.status != 200 && res.status != 403 &&
        strncmp(path, OFFER_PATH, sizeof(OFFER_PATH) - 1) == 0)
        assert_int_equal(res.body.n, 0);
    if (answer != NULL) {
        ent_buf_release(answer);
        *answer = res.body;
    } else {
        ent_buf_release(&res.body);
    }
    return res.status;
}

unsigned run_say(struct run *r, const char *method, const char *name, struct ent_slice body)
{
    char path[128];
    (void)snprintf(path, sizeof(path), OFFER_PATH "/%s/%s", r->id, name);
    return holder_call(r->f, r->who, &r->answer, method, path, body);
}

unsigned run_get(struct run *r, const char *name)
{
    return run_say(r, "GET", name, ent_slice(NULL, 0));
}

void run_prepare(struct run *r, struct holder *f, struct node *who, unsigned n)
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
    node_act(who, &who->author, &r->offer_bytes, &r->offer_act, ENT_ST_OFFER, ENT_MEDIA_OFFER, NULL,
             ent_buf_slice(&body));
    ent_buf_release(&body);
}

unsigned run_send_offer(struct run *r)
{
    return holder_call(r->f, r->who, &r->accept_bytes, "POST", OFFER_PATH,
                       ent_buf_slice(&r->offer_bytes));
}

/* What bob says stands in his log, which the asker reads up to there. */
static void hear(struct run *r, struct ent_delivery *ret, struct ent_slice bytes)
{
    struct ent_diag d = {0};
    enum ent_err e = ent_book_receive(r->who->book, ret, &d, bytes);
    if (e == ENT_E_STATE) { /* newer than what is known */
        node_pull(r->who, "bob");
        e = ent_book_receive(r->who->book, ret, &d, bytes);
    }
    if (e != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(e);
    assert_string_equal(ret->act.st.author, "bob");
}

/* The answer to the offer is about it. */
static void parse_answer(struct run *r, enum ent_statement_type type, const char *media)
{
    const struct ent_act *act = &r->answered.act;
    hear(r, &r->answered, ent_buf_slice(&r->accept_bytes));
    assert_int_equal(act->st.type, type);
    assert_string_equal(act->st.media, media);
    assert_int_equal(act->st.refs, 1);
    assert_memory_equal(act->st.ref[0].b, r->offer_act.leaf.b, 32);
}

void run_accepted(struct run *r)
{
    struct ent_hash32 sid;
    assert_int_equal(run_send_offer(r), 200);
    parse_answer(r, ENT_ST_ACCEPT, ENT_MEDIA_ACCEPT);
    assert_ok(ent_match_accept_parse(&r->accept, r->answered.act.body));
    ent_match_sid(&sid, &r->offer_act, &r->offer, &r->answered.act, &r->accept);
    ent_hex_encode(r->id, sid.b, 16);
    assert_ok(ent_lookup_asker_start(r->asker, &sid, &r->accept));
}

void run_refused(struct run *r, enum ent_verdict why)
{
    enum ent_verdict verdict = ENT_ALLOWED;
    size_t before = holder_events(r->f);
    assert_int_equal(run_send_offer(r), 403);
    parse_answer(r, ENT_ST_REFUSE, ENT_MEDIA_REFUSE);
    assert_ok(ent_match_refuse_parse(&verdict, r->answered.act.body));
    assert_string_equal(ent_verdict_word(verdict), ent_verdict_word(why));
    assert_int_equal(holder_events(r->f), before + 1);
    holder_assert_event(r->f, ENT_PEER_REFUSED, r->who->home->self.name, "", r->offer.items);
    assert_int_equal(r->f->event[before].e.verdict, why);
}

void run_begin(struct run *r, struct holder *f, struct node *who, unsigned n)
{
    run_prepare(r, f, who, n);
    run_accepted(r);
}

void run_end(struct run *r)
{
    ent_lookup_asker_free(r->asker);
    ent_buf_release(&r->offer_bytes);
    ent_buf_release(&r->accept_bytes);
    ent_buf_release(&r->answer);
}

void run_wait_ready(struct run *r)
{
    const struct timespec ms = {.tv_nsec = 1000000};
    unsigned status;
    while ((status = run_get(r, "filter/0")) == 202)
        (void)nanosleep(&ms, NULL);
    assert_int_equal(status, 200);
}

struct ent_lookup_batch *run_batch_memory(void)
{
    struct ent_lookup_batch *b = malloc(sizeof(*b));
    assert_non_null(b);
    return b;
}

void run_question(struct run *r, struct ent_lookup_batch *b, struct ent_buf *ask, uint64_t batch)
{
    ent_buf_init(ask, ENT_LOOKUP_ASK_MAX);
    assert_ok(ent_lookup_asker_ask(r->asker, b, ask, batch));
}

void run_ask_all(struct run *r, struct ent_buf *ret_ask)
{
    struct ent_lookup_batch *b = run_batch_memory();
    struct ent_buf ask = {0};
    for (uint64_t i = 0; i < ent_lookup_batches(r->offer.items); i++) {
        ent_buf_release(&ask);
        run_question(r, b, &ask, i);
        assert_int_equal(run_say(r, "POST", "evaluate", ent_buf_slice(&ask)), 200);
        assert_ok(ent_lookup_asker_answer(r->asker, b, ent_buf_slice(&r->answer)));
    }
    assert_ok(ent_lookup_asker_match(r->asker));
    if (ret_ask != NULL)
        *ret_ask = ask;
    else
        ent_buf_release(&ask);
    free(b);
}

void run_receive_all(struct run *r, struct ent_hash32 *served)
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
        assert_int_equal(run_get(r, name), 200);
        ent_buf_init(&first, 4u << 20);
        assert_ok(ent_buf_put_slice(&first, ent_buf_slice(&r->answer)));
        assert_int_equal(run_get(r, name), 200);
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

void run_make_result(struct run *r, const struct ent_seed32 *key, struct ent_buf *ret,
                     enum ent_statement_type type, const struct ent_hash32 *ref, uint64_t asked)
{
    struct ent_match_result res = {.asked = asked};
    struct ent_act act;
    struct ent_buf body;
    ent_random(res.commitment.b, 32);
    ent_buf_init(&body, 1024);
    assert_ok(ent_match_result_encode(&body, &res));
    node_act(r->who, key, ret, &act, type, ENT_MEDIA_RESULT, ref, ent_buf_slice(&body));
    ent_buf_release(&body);
}

/* The holder's answer is its own signed act about this run. */
void run_exchange_results(struct run *r, const struct ent_hash32 *served)
{
    struct ent_match_result theirs;
    struct ent_delivery del;
    const struct ent_act *act = &del.act;
    struct ent_buf mine, first;
    run_make_result(r, &r->who->author, &mine, ENT_ST_RESULT, &r->answered.act.leaf,
                    r->offer.items);
    assert_int_equal(run_say(r, "POST", "result", ent_buf_slice(&mine)), 200);
    ent_buf_init(&first, ENT_DELIVERY_MAX);
    assert_ok(ent_buf_put_slice(&first, ent_buf_slice(&r->answer)));
    assert_int_equal(run_say(r, "POST", "result", ent_buf_slice(&mine)), 200);
    assert_true(ent_slice_eq(ent_buf_slice(&first), ent_buf_slice(&r->answer)));
    hear(r, &del, ent_buf_slice(&first));
    assert_int_equal(act->st.type, ENT_ST_RESULT);
    assert_string_equal(act->st.media, ENT_MEDIA_RESULT);
    assert_int_equal(act->st.refs, 1);
    assert_memory_equal(act->st.ref[0].b, r->answered.act.leaf.b, 32);
    assert_ok(ent_match_result_parse(&theirs, act->body));
    assert_int_equal(theirs.asked, r->offer.items);
    assert_memory_equal(theirs.commitment.b, served->b, 32);
    ent_buf_release(&mine);
    ent_buf_release(&first);
}

void run_complete(struct run *r, unsigned n, unsigned known)
{
    struct expected e = {0};
    struct ent_hash32 served;
    uint64_t hits = 999;
    unsigned below = n - 1 < 3 * known ? n - 1 : 3 * known;
    assert_int_equal(r->accept.items, known);
    run_ask_all(r, NULL);
    run_wait_ready(r);
    run_receive_all(r, &served);
    run_exchange_results(r, &served);
    assert_ok(ent_lookup_asker_hits(r->asker, check_hit, &e, &hits));
    assert_int_equal(hits, (below + 2) / 3);
    assert_int_equal(e.next, 3 * hits);
}

void run_whole(struct holder *f, struct node *who, unsigned n, unsigned known)
{
    struct run r;
    run_begin(&r, f, who, n);
    run_complete(&r, n, known);
    run_end(&r);
}

void run_assert_dead(struct run *r)
{
    assert_int_equal(run_get(r, "filter/0"), 409);
    assert_int_equal(run_get(r, "labels/0"), 409);
    assert_int_equal(run_say(r, "POST", "evaluate", ENT_SLICE_LIT("")), 409);
    assert_int_equal(run_say(r, "POST", "result", ENT_SLICE_LIT("")), 409);
}
