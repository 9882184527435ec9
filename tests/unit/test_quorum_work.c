/*
 * test_quorum_work.c: a quorum by the processes that compute it: four participants, two of them key
 * holders too, each with a home, windows, a store and a desk of its own; only the collector's sums
 * are done here. Compared with plain counting; with workers that die and begin again, calls in
 * wrong order, and what a worker that was taken over does not get.
 */
#include "tests/support/t.h"

#include "node/node.h"

#include <unistd.h>

#define N       4u
#define HOLDERS 2u
#define T       3u
#define START   INT64_C(1766332800)
#define POOL    300u
#define TYPES   (ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_DOMAIN))

static const char *const names[N] = {"alice", "bob", "carol", "dave"};
static const struct ent_window_id window = {START, 3600};

struct member {
    struct ent_home *home;
    struct ent_desk *desk;
    struct ent_desk_seat seat, ledgers;
    struct ent_direct asks, ledger_asks, self;
    struct ent_caller to_desk, from_ledger, caller; /* caller: of the worker */
    struct ent_qworker *worker;
    char store[ENT_PATH_MAX];
};

struct quorum {
    struct ent_quorum_offer o;
    struct ent_hash32 leaf;
    struct ent_qwork_begin begin;
    struct member m[N];
    uint64_t has[POOL]; /* by whom */
    struct ent_quorum_admitted admitted[HOLDERS][64];
    size_t n_admitted[HOLDERS];
    uint64_t *shares;
    struct ent_buf spool[N];
    struct ent_hash32 answer[N];
};

/* --- members ------------------------------------------------------------------------------------
 */

static enum ent_err put_note(void *ctx, uint16_t type, struct ent_slice payload)
{
    const struct member *m = ctx;
    return ent_qworker_note(m->worker, type, payload);
}

/* Another process in the place of the one before. */
static void begin_again(struct member *m)
{
    ent_qworker_free(m->worker);
    ent_desk_seat_anew(&m->seat);
    assert_ok(ent_qworker_new(&m->worker, &m->to_desk));
    m->self = (struct ent_direct){ent_qworker_serve, m->worker, ENT_QWORK_ANSWER_MAX};
    m->caller = ent_caller_direct(&m->self);
}

static void open_desk(struct member *m)
{
    const struct ent_desk_opts opts = {
        .store = m->store, .max_tlp = ENT_TLP_GREEN, .home = m->home, .quorum_tlp = ENT_TLP_AMBER};
    assert_ok(ent_desk_new(&m->desk, NULL, &opts));
    m->seat = (struct ent_desk_seat){.desk = m->desk, .ctx = m, .put = put_note};
    m->ledgers = (struct ent_desk_seat){.desk = m->desk};
    m->asks = (struct ent_direct){ent_desk_serve, &m->seat, ENT_DESK_ANSWER_MAX};
    m->ledger_asks = (struct ent_direct){ent_desk_serve, &m->ledgers, ENT_DESK_ANSWER_MAX};
    m->to_desk = ent_caller_direct(&m->asks);
    m->from_ledger = ent_caller_direct(&m->ledger_asks);
    begin_again(m);
}

static void member_start(struct member *m, const char *name)
{
    static unsigned homes;
    char dir[ENT_PATH_MAX];
    const struct ent_home_new opts = {.dir = dir, .name = name, .display = name, .url = "-"};
    struct ent_diag d = {0};
    (void)snprintf(dir, sizeof(dir), "%s/home-%u", ent_t_tmpdir(), homes++);
    assert_ok(ent_home_make(&d, &opts));
    assert_ok(ent_home_open(&m->home, &d, dir));
    assert_ok(ent_home_path(m->home, m->store, "store.db"));
    open_desk(m);
}

static void member_end(struct member *m)
{
    ent_qworker_free(m->worker);
    ent_desk_free(m->desk);
    ent_home_free(m->home);
}

static struct ent_observable thing(unsigned x)
{
    struct ent_observable o;
    char text[64];
    if (x % 2 == 0)
        (void)snprintf(text, sizeof(text), "8.10.%u.%u", x / 100, 1 + x % 100);
    else
        (void)snprintf(text, sizeof(text), "host%03u.evil.com", x);
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(text)));
    return o;
}

static unsigned number_of(const struct ent_observable *o)
{
    for (unsigned x = 0; x < POOL; x++) {
        struct ent_observable t = thing(x);
        if (t.type == o->type && strcmp(t.text, o->text) == 0)
            return x;
    }
    return POOL;
}

static void watch_file(const struct member *m, struct ent_observed *seen)
{
    const struct ent_windows_add add = {
        .id = window, .types = ENT_OBS_ALL, .most = ENT_WINDOW_ITEMS_MOST};
    struct ent_windows_added told;
    char folder[ENT_PATH_MAX];
    struct ent_diag d = {0};
    assert_ok(ent_observe_folder(m->home, folder));
    assert_ok(ent_windows_add(folder, &add, seen, &told, &d));
}

/* What a member saw: thing x at x % 7 + 1 times; and a hash, which is no type of the quorum's. */
static void watch(struct quorum *q, unsigned i)
{
    struct ent_observed *seen = NULL;
    struct ent_observable o;
    assert_ok(ent_observed_new(&seen, 0));
    for (unsigned x = 0; x < POOL; x++) {
        if ((q->has[x] >> i & 1) == 0)
            continue;
        o = thing(x);
        for (unsigned k = 0; k <= x % 7; k++)
            assert_ok(ent_observed_add(seen, &o));
    }
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("d41d8cd98f00b204e9800998ecf8427e")));
    assert_ok(ent_observed_add(seen, &o));
    watch_file(&q->m[i], seen);
    ent_observed_free(seen);
}

/* --- a quorum -----------------------------------------------------------------------------------
 */

static void make_offer(struct quorum *q, uint32_t most)
{
    struct ent_buf b;
    q->o = (struct ent_quorum_offer){
        .window = START,
        .seconds = 3600,
        .types = TYPES,
        .shape = {.members = N, .threshold = T, .items = most, .tables = 20},
        .padding = ENT_QUORUM_PAD_FULL,
        .holders = HOLDERS,
        .collector = "erin",
        .accept_by = START + 7200,
        .keys_by = START + 7300,
        .upload_by = START + 7400,
        .result_by = START + 7500,
    };
    for (unsigned i = 0; i < N; i++)
        (void)snprintf(q->o.participant[i], sizeof(q->o.participant[i]), "%s", names[i]);
    for (unsigned j = 0; j < HOLDERS; j++)
        (void)snprintf(q->o.holder[j], sizeof(q->o.holder[j]), "%s", names[j]);
    ent_random(q->o.nonce.b, sizeof(q->o.nonce.b));
    ent_buf_init(&b, ENT_QUORUM_OFFER_MAX);
    assert_ok(ent_quorum_offer_encode(&b, &q->o));
    ent_sha256_of(&q->leaf, ent_buf_slice(&b));
    ent_buf_release(&b);
}

/* The desk is told; who is both opens the one role first or the other. */
static void open_roles(struct quorum *q, unsigned i)
{
    struct member *m = &q->m[i];
    struct ent_quorum_accept a;
    struct ent_element key;
    assert_ok(ent_desk_quorum(&m->from_ledger, &q->leaf, &q->o));
    if (i == 0)
        assert_ok(ent_qwork_hold(&m->caller, &key, &q->leaf, &q->o));
    assert_ok(ent_qwork_join(&m->caller, &a, &q->leaf, &q->o));
    if (i == 1)
        assert_ok(ent_qwork_hold(&m->caller, &key, &q->leaf, &q->o));
    assert_memory_equal(&a.offer, &q->leaf, sizeof(a.offer));
    if (q->begin.items[i] == 0)
        q->begin.items[i] = a.items;
    assert_int_equal(q->begin.items[i], a.items);
    if (i < HOLDERS && q->n_admitted[i] == 0)
        q->begin.key[i] = key;
    if (i < HOLDERS)
        assert_memory_equal(&q->begin.key[i], &key, sizeof(key));
}

static void start_one(struct quorum *q, unsigned i)
{
    q->begin.index = i + 1;
    assert_ok(ent_qwork_start(&q->m[i].caller, &q->begin));
}

static void quorum_open(struct quorum *q, uint32_t most)
{
    *q = (struct quorum){.shares = NULL};
    ent_random(q->begin.sid.b, sizeof(q->begin.sid.b));
    make_offer(q, most);
    for (unsigned x = 0; x < POOL; x++)
        q->has[x] = ent_t_rand() & ent_t_rand() & ((1u << N) - 1);
    q->has[0] = (1u << N) - 1;
    q->has[1] = (1u << T) - 1;
    for (unsigned i = 0; i < N; i++) {
        member_start(&q->m[i], names[i]);
        watch(q, i);
        ent_buf_init(&q->spool[i], 1u << 24);
    }
}

static void quorum_start(struct quorum *q, uint32_t most)
{
    quorum_open(q, most);
    for (unsigned i = 0; i < N; i++)
        open_roles(q, i);
    for (unsigned i = 0; i < N; i++)
        start_one(q, i);
}

static void quorum_end(struct quorum *q)
{
    for (unsigned i = 0; i < N; i++) {
        member_end(&q->m[i]);
        ent_buf_release(&q->spool[i]);
    }
    free(q->shares);
}

/* As after the end of a process, or of the whole node. */
static void restart(struct quorum *q, unsigned i)
{
    begin_again(&q->m[i]);
    open_roles(q, i);
    start_one(q, i);
    for (size_t k = 0; i < HOLDERS && k < q->n_admitted[i]; k++)
        assert_ok(ent_qwork_again(&q->m[i].caller, &q->admitted[i][k]));
}

/* One batch, to every key holder and back; again: it was admitted before. */
static void evaluate_batch(struct quorum *q, unsigned i, uint32_t batch, bool again)
{
    struct ent_buf ask, answer;
    struct ent_quorum_admitted a;
    enum ent_quorum_fault f;
    ent_buf_init(&ask, ENT_QUORUM_ASK_MAX);
    ent_buf_init(&answer, ENT_QUORUM_EVALUATE_MAX);
    assert_ok(ent_qwork_ask(&q->m[i].caller, &ask, batch));
    for (unsigned j = 0; j < HOLDERS; j++) {
        const struct ent_caller *holder = &q->m[j].caller;
        assert_ok(ent_qwork_admit(holder, &a, &f, i + 1, ent_buf_slice(&ask)));
        assert_int_equal(a.fresh, !again);
        assert_int_equal(a.index, i + 1);
        assert_int_equal(a.batch, batch);
        if (a.fresh)
            q->admitted[j][q->n_admitted[j]++] = a;
        ent_buf_clear(&answer);
        assert_ok(ent_qwork_evaluate(holder, &answer, &f, i + 1, ent_buf_slice(&ask)));
        assert_ok(ent_qwork_answer(&q->m[i].caller, batch, j + 1, ent_buf_slice(&answer), &f));
        assert_int_equal(f, ENT_QUORUM_NO_FAULT);
    }
    ent_buf_release(&ask);
    ent_buf_release(&answer);
}

static void evaluate(struct quorum *q, unsigned i, bool again)
{
    struct ent_buf none;
    uint32_t batches = (uint32_t)ent_lookup_batches(q->begin.items[i]);
    ent_buf_init(&none, ENT_QUORUM_ASK_MAX);
    for (uint32_t batch = 0; batch < batches; batch++)
        evaluate_batch(q, i, batch, again);
    assert_err(ent_qwork_ask(&q->m[i].caller, &none, batches), ENT_E_NOTFOUND);
    assert_ok(ent_qwork_tables(&q->m[i].caller));
}

static void upload(struct quorum *q, unsigned i)
{
    const uint32_t cells = ent_quorum_cells(&q->o.shape), blocks = ent_quorum_blocks(&q->o.shape);
    struct ent_buf b;
    if (q->shares == NULL)
        q->shares = calloc((size_t)N * cells, sizeof(*q->shares));
    assert_non_null(q->shares);
    ent_buf_init(&b, ENT_QUORUM_BLOCK_MAX);
    for (uint32_t k = 0; k < blocks; k++) {
        ent_buf_clear(&b);
        assert_ok(ent_qwork_block(&q->m[i].caller, &b, k));
        assert_ok(
            ent_quorum_shares_parse(q->shares + (size_t)i * cells + (size_t)k * ENT_QUORUM_BLOCK,
                                    ent_quorum_block_count(&q->o.shape, k),
                                    ent_slice(b.p + ENT_QUORUM_HEADER, b.n - ENT_QUORUM_HEADER)));
    }
    assert_err(ent_qwork_block(&q->m[i].caller, &b, blocks), ENT_E_NOTFOUND);
    ent_buf_release(&b);
}

struct sink {
    struct quorum *q;
    struct ent_quorum_sift sift;
};

static enum ent_err told(void *ctx, const struct ent_quorum_hit *hit)
{
    struct sink *s = ctx;
    uint8_t record[ENT_QUORUM_HIT];
    ent_quorum_hit_put(record, hit);
    for (uint64_t to = ent_quorum_sift(&s->sift, hit); to != 0; to &= to - 1)
        assert_ok(ent_buf_put(&s->q->spool[__builtin_ctzll(to)], record, sizeof(record)));
    return ENT_OK;
}

static void collect(struct quorum *q)
{
    const uint32_t cells = ent_quorum_cells(&q->o.shape);
    struct ent_quorum_collector c;
    struct sink s = {.q = q};
    ent_quorum_collector_init(&c, &q->o.shape, (1u << N) - 1, &q->begin.sid);
    assert_ok(ent_quorum_collect(&c, q->shares, cells, 0, cells, told, &s));
}

static void send_pieces(struct quorum *q, unsigned i)
{
    const struct ent_salt32 salt = {{(uint8_t)i}};
    const uint32_t hits = (uint32_t)(q->spool[i].n / ENT_QUORUM_HIT);
    struct ent_quorum_sum sum;
    enum ent_quorum_fault f;
    struct ent_buf b;
    ent_buf_init(&b, ENT_QUORUM_PIECE_MAX);
    ent_quorum_sum_init(&sum, &salt, hits);
    ent_quorum_sum_add(&sum, ent_buf_slice(&q->spool[i]));
    ent_quorum_sum_end(&sum, &q->answer[i]);
    for (uint32_t piece = 0; piece < ent_quorum_pieces(hits); piece++) {
        ent_buf_clear(&b);
        assert_ok(ent_quorum_piece_encode(
            &b, &q->begin.sid, i + 1, piece, hits, &salt,
            ent_slice(q->spool[i].p + (size_t)piece * ENT_QUORUM_PIECE * ENT_QUORUM_HIT,
                      ENT_QUORUM_HIT * ent_quorum_piece_count(hits, piece))));
        assert_ok(ent_qwork_piece(&q->m[i].caller, ent_buf_slice(&b), &f));
    }
    assert_err(ent_qwork_piece(&q->m[i].caller, ent_buf_slice(&b), &f), ENT_E_POLICY);
    ent_buf_release(&b);
}

/* --- what is in the store -----------------------------------------------------------------------
 */

struct stored {
    const struct quorum *q;
    unsigned i;
    char source[64];
    uint64_t n;
    bool got[POOL];
};

static enum ent_err claim(void *ctx, const struct ent_claim *c)
{
    struct stored *s = ctx;
    const unsigned x = number_of(&c->obs);
    char text[ENT_INDICATOR_TEXT];
    int n = snprintf(text, sizeof(text),
                     "seen by at least %d of 4 members between 2025-12-21T16:00:00Z and "
                     "2025-12-21T17:00:00Z: ",
                     __builtin_popcountll(s->q->has[x]));
    assert_true(x < POOL && !s->got[x]);
    s->got[x] = true;
    s->n++;
    assert_true(ent_slice_eq(c->source, ent_slice_str(s->source)));
    assert_true(ent_slice_eq(c->kind, ENT_SLICE_LIT("quorum")));
    assert_int_equal(c->tlp, ENT_TLP_AMBER);
    assert_int_equal(c->confidence, -1);
    assert_int_equal(c->valid_from, START);
    assert_int_equal(c->valid_until, 0);
    assert_true(c->text.n > (size_t)n && memcmp(c->text.p, text, (size_t)n) == 0);
    if (x == 0) {
        assert_true(ent_slice_eq(ent_slice(c->text.p + n, c->text.n - (size_t)n),
                                 ENT_SLICE_LIT("alice, bob, carol, dave")));
        assert_true(ent_slice_eq(
            c->labels,
            ENT_SLICE_LIT("quorum\nquorum:members=4\nquorum:seen-by=alice\nquorum:seen-by=bob\n"
                          "quorum:seen-by=carol\nquorum:seen-by=dave\nquorum:threshold=3")));
    }
    return ENT_OK;
}

static enum ent_err sighting(void *ctx, const struct ent_sighting *g)
{
    struct stored *s = ctx;
    struct ent_observable o;
    assert_ok(ent_observable_parse(&o, NULL, g->value));
    const unsigned x = number_of(&o);
    assert_true(x < POOL && s->got[x]);
    s->got[x] = false;
    assert_true(ent_slice_eq(g->path, ent_slice_str(s->source)));
    assert_int_equal(g->first, START);
    assert_int_equal(g->last, START + 3599);
    assert_int_equal(g->count, x % 7 + 1);
    return ENT_OK;
}

/* Each finding that plain counting finds, and no other. */
static void check_store(const struct quorum *q, unsigned i, uint64_t found)
{
    const struct ent_claim_filter all = {.types = 0};
    struct stored s = {.q = q, .i = i};
    char id[ENT_QUORUM_ID];
    struct ent_store *store;
    ent_quorum_id(id, &q->leaf);
    (void)snprintf(s.source, sizeof(s.source), "quorum/%s", id);
    assert_ok(ent_store_open(&store, NULL, q->m[i].store));
    assert_ok(ent_store_claims(store, &all, claim, &s));
    assert_int_equal(s.n, found);
    for (unsigned x = 0; x < POOL; x++)
        assert_int_equal(s.got[x],
                         (q->has[x] >> i & 1) != 0 && __builtin_popcountll(q->has[x]) >= (int)T);
    assert_ok(ent_store_sightings(store, 0, NULL, sighting, &s));
    for (unsigned x = 0; x < POOL; x++)
        assert_false(s.got[x]);
    ent_store_close(store);
}

static void take(struct quorum *q, unsigned i, struct ent_qwork_taken *ret)
{
    enum ent_quorum_fault f;
    assert_ok(ent_qwork_take(&q->m[i].caller, ret, &q->answer[i], &f));
    assert_int_equal(f, ENT_QUORUM_NO_FAULT);
    assert_int_equal(ret->refused, 0);
    check_store(q, i, ret->found);
}

/* --- whole runs ---------------------------------------------------------------------------------
 */

/* Two batches each, so that there is a middle to die in. */
static void test_whole(void **state)
{
    struct ent_qwork_taken once, again;
    struct ent_buf one, two;
    struct quorum q;
    (void)state;
    quorum_start(&q, 4200);
    ent_buf_init(&one, ENT_QUORUM_BLOCK_MAX);
    ent_buf_init(&two, ENT_QUORUM_BLOCK_MAX);
    evaluate(&q, 0, false);
    evaluate_batch(&q, 1, 0, false);
    assert_ok(ent_qwork_ask(&q.m[1].caller, &one, 1));
    restart(&q, 1); /* in the middle of its questions; it is a key holder too */
    assert_ok(ent_qwork_ask(&q.m[1].caller, &two, 1));
    assert_true(ent_slice_eq(ent_buf_slice(&one), ent_buf_slice(&two)));
    evaluate_batch(&q, 1, 0, true);
    evaluate_batch(&q, 1, 1, false);
    assert_ok(ent_qwork_tables(&q.m[1].caller));
    assert_ok(ent_qwork_tables(&q.m[1].caller)); /* they are there */
    evaluate(&q, 2, false);
    evaluate(&q, 3, false);
    ent_buf_clear(&one);
    ent_buf_clear(&two);
    assert_ok(ent_qwork_block(&q.m[2].caller, &one, 3));
    restart(&q, 2); /* in the middle of its shares */
    restart(&q, 0);
    evaluate(&q, 2, true);
    assert_ok(ent_qwork_block(&q.m[2].caller, &two, 3));
    assert_true(ent_slice_eq(ent_buf_slice(&one), ent_buf_slice(&two)));
    evaluate(&q, 0, true);
    for (unsigned i = 0; i < N; i++)
        upload(&q, i);
    collect(&q);
    for (unsigned i = 0; i < N; i++) {
        send_pieces(&q, i);
        take(&q, i, &once);
        take(&q, i, &again); /* the same again changes nothing */
        assert_memory_equal(&once, &again, sizeof(once));
    }
    restart(&q, 3); /* after its findings */
    evaluate(&q, 3, true);
    send_pieces(&q, 3);
    take(&q, 3, &again);
    assert_memory_equal(&once, &again, sizeof(once));
    ent_buf_release(&one);
    ent_buf_release(&two);
    quorum_end(&q);
}

/* --- what others send ---------------------------------------------------------------------------
 */

static struct ent_buf question_of(struct quorum *q, unsigned i)
{
    struct ent_buf b;
    ent_buf_init(&b, 2 * ENT_QUORUM_ASK_MAX);
    assert_ok(ent_qwork_ask(&q->m[i].caller, &b, 0));
    return b;
}

static void refuse(struct quorum *q, unsigned i, struct ent_slice ask, enum ent_err want,
                   enum ent_quorum_fault fault)
{
    struct ent_quorum_admitted a;
    enum ent_quorum_fault f = ENT_QUORUM_SILENT;
    assert_err(ent_qwork_admit(&q->m[0].caller, &a, &f, i + 1, ask), want);
    assert_int_equal(f, fault);
    /* A lie ends its part, and nobody else's. */
    if (fault != ENT_QUORUM_NO_FAULT)
        refuse(q, i, ask, ENT_E_POLICY, ENT_QUORUM_NO_FAULT);
}

static void test_lying_participants(void **state)
{
    struct quorum q;
    struct ent_buf b;
    (void)state;
    quorum_start(&q, 32);
    b = question_of(&q, 3);
    b.p[0] ^= 1; /* another run */
    refuse(&q, 3, ent_buf_slice(&b), ENT_E_POLICY, ENT_QUORUM_NO_FAULT);
    b.p[0] ^= 1;
    refuse(&q, 2, ent_buf_slice(&b), ENT_E_AUTH, ENT_QUORUM_FOREIGN);
    refuse(&q, 3, ent_slice(b.p, b.n - 1), ENT_E_FORMAT, ENT_QUORUM_MALFORMED);
    restart(&q, 0);
    memcpy(b.p + ENT_QUORUM_HEADER, b.p + ENT_QUORUM_HEADER + 32, 32);
    refuse(&q, 3, ent_buf_slice(&b), ENT_E_EXISTS, ENT_QUORUM_REPEATED);
    refuse(&q, 2, ent_slice(NULL, 0), ENT_E_FORMAT, ENT_QUORUM_MALFORMED);
    restart(&q, 0);
    while (b.n < ENT_QUORUM_ASK_MAX + 100) /* more than a message may hold */
        assert_ok(ent_buf_putc(&b, 7));
    refuse(&q, 3, ent_buf_slice(&b), ENT_E_FORMAT, ENT_QUORUM_MALFORMED);
    ent_buf_release(&b);
    evaluate_batch(&q, 1, 0, false);
    b = question_of(&q, 1);
    b.p[b.n - 1] ^= 1; /* other contents under a number that was used */
    refuse(&q, 1, ent_buf_slice(&b), ENT_E_LIMIT, ENT_QUORUM_EXCESS);
    b.p[b.n - 1] ^= 1;
    refuse(&q, 1, ent_buf_slice(&b), ENT_E_POLICY, ENT_QUORUM_NO_FAULT);
    ent_buf_release(&b);
    quorum_end(&q);
}

static void test_no_element(void **state)
{
    struct ent_quorum_admitted a;
    enum ent_quorum_fault f;
    struct quorum q;
    struct ent_buf b, out;
    (void)state;
    quorum_start(&q, 32);
    b = question_of(&q, 2);
    ent_buf_init(&out, ENT_QUORUM_EVALUATE_MAX);
    memset(b.p + ENT_QUORUM_HEADER, 0xff, 32);
    assert_ok(ent_qwork_admit(&q.m[0].caller, &a, &f, 3, ent_buf_slice(&b)));
    assert_err(ent_qwork_evaluate(&q.m[0].caller, &out, &f, 3, ent_buf_slice(&b)), ENT_E_FORMAT);
    assert_int_equal(f, ENT_QUORUM_MALFORMED);
    assert_int_equal(out.n, 0);
    assert_err(ent_qwork_evaluate(&q.m[0].caller, &out, &f, 3, ent_buf_slice(&b)), ENT_E_POLICY);
    refuse(&q, 2, ent_buf_slice(&b), ENT_E_POLICY, ENT_QUORUM_NO_FAULT);
    ent_buf_release(&b);
    /* What was never admitted is the ledger's mistake, and the end. */
    b = question_of(&q, 3);
    assert_err(ent_qwork_evaluate(&q.m[0].caller, &out, &f, 4, ent_buf_slice(&b)), ENT_E_STATE);
    assert_err(ent_qwork_admit(&q.m[0].caller, &a, &f, 4, ent_buf_slice(&b)), ENT_E_STATE);
    assert_ok(ent_qwork_admit(&q.m[1].caller, &a, &f, 4, ent_buf_slice(&b)));
    ent_buf_release(&b);
    ent_buf_release(&out);
    quorum_end(&q);
}

static void test_lying_key_holder(void **state)
{
    struct ent_quorum_admitted a;
    enum ent_quorum_fault f;
    struct quorum q;
    struct ent_buf b, out;
    (void)state;
    quorum_start(&q, 32);
    b = question_of(&q, 2);
    ent_buf_init(&out, 2 * ENT_QUORUM_EVALUATE_MAX);
    assert_ok(ent_qwork_admit(&q.m[0].caller, &a, &f, 3, ent_buf_slice(&b)));
    assert_ok(ent_qwork_evaluate(&q.m[0].caller, &out, &f, 3, ent_buf_slice(&b)));
    const struct ent_slice fine = ent_buf_slice(&out);
    assert_err(ent_qwork_answer(&q.m[2].caller, 0, 1, ent_slice(fine.p, fine.n - 1), &f),
               ENT_E_FORMAT);
    assert_int_equal(f, ENT_QUORUM_MALFORMED);
    assert_err(ent_qwork_answer(&q.m[2].caller, 0, 1, ent_slice(NULL, 0), &f), ENT_E_FORMAT);
    assert_err(ent_qwork_answer(&q.m[2].caller, 0, 2, fine, &f), ENT_E_AUTH); /* another's key */
    assert_int_equal(f, ENT_QUORUM_PROOF);
    assert_ok(ent_qwork_answer(&q.m[2].caller, 0, 1, fine, &f));
    assert_ok(ent_qwork_answer(&q.m[2].caller, 0, 1, ent_slice(NULL, 0), &f)); /* not looked at */
    assert_int_equal(f, ENT_QUORUM_NO_FAULT);
    assert_err(ent_qwork_tables(&q.m[2].caller), ENT_E_STATE); /* the other key is missing */
    assert_err(ent_qwork_answer(&q.m[2].caller, 0, 2, fine, &f), ENT_E_STATE);
    assert_err(ent_qwork_answer(&q.m[3].caller, 0, 1, fine, &f), ENT_E_STATE); /* never asked */
    ent_buf_release(&b);
    ent_buf_release(&out);
    quorum_end(&q);
}

static void test_lying_collector(void **state)
{
    static const struct ent_salt32 salt;
    struct ent_hash32 other = {{1}};
    struct ent_qwork_taken t;
    enum ent_quorum_fault f;
    struct quorum q;
    struct ent_buf b;
    (void)state;
    quorum_start(&q, 100);
    for (unsigned i = 0; i < N; i++) {
        evaluate(&q, i, false);
        upload(&q, i);
    }
    collect(&q);
    const struct ent_caller *c = &q.m[3].caller;
    ent_buf_init(&b, ENT_QUORUM_PIECE_MAX);
    assert_err(ent_qwork_piece(c, ent_slice("x", 1), &f), ENT_E_FORMAT);
    assert_int_equal(f, ENT_QUORUM_MALFORMED);
    assert_ok(ent_quorum_piece_encode(&b, &q.begin.sid, 3, 0, 0, &salt, ent_slice(NULL, 0)));
    assert_err(ent_qwork_piece(c, ent_buf_slice(&b), &f), ENT_E_AUTH);
    assert_int_equal(f, ENT_QUORUM_FOREIGN);
    ent_buf_clear(&b);
    assert_ok(ent_quorum_piece_encode(&b, &other, 4, 0, 0, &salt, ent_slice(NULL, 0)));
    assert_err(ent_qwork_piece(c, ent_buf_slice(&b), &f), ENT_E_POLICY);
    send_pieces(&q, 3);
    assert_err(ent_qwork_take(c, &t, &other, &f), ENT_E_AUTH);
    assert_int_equal(f, ENT_QUORUM_ANSWER);
    /* A hit without the one who is told. */
    const struct ent_buf honest = q.spool[3];
    struct ent_quorum_hit h = {.cell = 5, .holders = 7};
    uint8_t record[ENT_QUORUM_HIT];
    ent_quorum_hit_put(record, &h);
    q.spool[3] = (struct ent_buf){.p = record, .n = sizeof(record)};
    send_pieces(&q, 3);
    assert_err(ent_qwork_take(c, &t, &q.answer[3], &f), ENT_E_AUTH);
    assert_int_equal(f, ENT_QUORUM_ANSWER);
    q.spool[3] = honest; /* after all */
    send_pieces(&q, 3);
    take(&q, 3, &t);
    ent_buf_release(&b);
    quorum_end(&q);
}

/* --- what the ledger may ask when ---------------------------------------------------------------
 */

static enum ent_err ask_any(struct quorum *q, const struct ent_caller *c, enum ent_qwork_type type)
{
    const struct ent_quorum_admitted again = {.index = 4};
    static const uint8_t ask[ENT_QUORUM_HEADER + 32];
    struct ent_quorum_accept accept;
    struct ent_quorum_admitted a;
    struct ent_qwork_taken t;
    enum ent_quorum_fault f;
    struct ent_element key;
    struct ent_buf b;
    enum ent_err r = ENT_E_FORMAT;
    ent_buf_init(&b, 1u << 20);
    switch (type) {
    case ENT_QWORK_JOIN:
        r = ent_qwork_join(c, &accept, &q->leaf, &q->o);
        break;
    case ENT_QWORK_HOLD:
        r = ent_qwork_hold(c, &key, &q->leaf, &q->o);
        break;
    case ENT_QWORK_START:
        r = ent_qwork_start(c, &q->begin);
        break;
    case ENT_QWORK_ASK:
        r = ent_qwork_ask(c, &b, 0);
        break;
    case ENT_QWORK_ANSWER:
        r = ent_qwork_answer(c, 0, 1, ent_slice(ask, sizeof(ask)), &f);
        break;
    case ENT_QWORK_TABLES:
        r = ent_qwork_tables(c);
        break;
    case ENT_QWORK_BLOCK:
        r = ent_qwork_block(c, &b, 0);
        break;
    case ENT_QWORK_PIECE:
        r = ent_qwork_piece(c, ent_slice(ask, sizeof(ask)), &f);
        break;
    case ENT_QWORK_TAKE:
        r = ent_qwork_take(c, &t, &q->leaf, &f);
        break;
    case ENT_QWORK_AGAIN:
        r = ent_qwork_again(c, &again);
        break;
    case ENT_QWORK_ADMIT:
        r = ent_qwork_admit(c, &a, &f, 4, ent_slice(ask, sizeof(ask)));
        break;
    case ENT_QWORK_EVALUATE:
        r = ent_qwork_evaluate(c, &b, &f, 4, ent_slice(ask, sizeof(ask)));
        break;
    }
    ent_buf_release(&b);
    return r;
}

/* Too early, or not this one's role; and then nothing more. */
static void test_wrong_order(void **state)
{
    struct quorum q;
    (void)state;
    quorum_start(&q, 32);
    for (int type = ENT_QWORK_START; type <= ENT_QWORK_EVALUATE; type++) {
        begin_again(&q.m[0]);
        assert_err(ask_any(&q, &q.m[0].caller, (enum ent_qwork_type)type), ENT_E_STATE);
        assert_err(ask_any(&q, &q.m[0].caller, ENT_QWORK_JOIN), ENT_E_STATE);
        assert_err(ask_any(&q, &q.m[0].caller, ENT_QWORK_HOLD), ENT_E_STATE);
    }
    static const enum ent_qwork_type after_start[] = {
        ENT_QWORK_JOIN,   ENT_QWORK_HOLD,  ENT_QWORK_START, ENT_QWORK_ANSWER,
        ENT_QWORK_TABLES, ENT_QWORK_BLOCK, ENT_QWORK_PIECE, ENT_QWORK_TAKE};
    for (size_t k = 0; k < sizeof(after_start) / sizeof(after_start[0]); k++) {
        restart(&q, 0);
        assert_err(ask_any(&q, &q.m[0].caller, after_start[k]), ENT_E_STATE);
        assert_err(ask_any(&q, &q.m[0].caller, ENT_QWORK_ASK), ENT_E_STATE);
    }
    for (int type = ENT_QWORK_AGAIN; type <= ENT_QWORK_EVALUATE; type++) {
        restart(&q, 3); /* which holds no key */
        assert_err(ask_any(&q, &q.m[3].caller, (enum ent_qwork_type)type), ENT_E_STATE);
    }
    for (int type = ENT_QWORK_ASK; type <= ENT_QWORK_TAKE; type++) {
        begin_again(&q.m[0]); /* holds one, and was left out */
        assert_ok(ask_any(&q, &q.m[0].caller, ENT_QWORK_HOLD));
        q.begin.index = 0;
        assert_ok(ent_qwork_start(&q.m[0].caller, &q.begin));
        assert_err(ask_any(&q, &q.m[0].caller, (enum ent_qwork_type)type), ENT_E_STATE);
    }
    begin_again(&q.m[0]);
    assert_ok(ask_any(&q, &q.m[0].caller, ENT_QWORK_JOIN));
    assert_err(ask_any(&q, &q.m[0].caller, ENT_QWORK_JOIN), ENT_E_STATE);
    ent_qworker_stop(q.m[1].worker);
    assert_err(ask_any(&q, &q.m[1].caller, ENT_QWORK_ASK), ENT_E_STATE);
    quorum_end(&q);
}

static void test_begin_that_does_not_fit(void **state)
{
    struct quorum q;
    (void)state;
    quorum_start(&q, 32);
    for (unsigned how = 0; how < 7; how++) {
        struct ent_qwork_begin g = q.begin;
        g.index = how == 0 ? 5 : 1;
        if (how == 1)
            g.items[0] = 31; /* the own set is not what was announced */
        if (how == 2)
            g.items[1] = 33; /* more than M */
        if (how == 3)
            g.items[N] = 1; /* who is that? */
        if (how == 4)
            memset(&g.key[1], 0, sizeof(g.key[1]));
        if (how == 5)
            g.key[2] = g.key[1];
        begin_again(&q.m[0]);
        open_roles(&q, 0);
        assert_err(ent_qwork_start(&q.m[0].caller, &g), how == 6 ? ENT_OK : ENT_E_STATE);
    }
    begin_again(&q.m[0]);
    assert_ok(ask_any(&q, &q.m[0].caller, ENT_QWORK_HOLD));
    q.begin.index = 1; /* it did not join */
    assert_err(ask_any(&q, &q.m[0].caller, ENT_QWORK_START), ENT_E_STATE);
    begin_again(&q.m[0]);
    memset(&q.begin.key[1], 0xff, sizeof(q.begin.key[1])); /* no element: not a message at all */
    open_roles(&(struct quorum){.o = q.o, .leaf = q.leaf, .m = {q.m[0]}}, 0);
    assert_err(ask_any(&q, &q.m[0].caller, ENT_QWORK_START), ENT_E_FORMAT);
    quorum_end(&q);
}

/* --- the desk -----------------------------------------------------------------------------------
 */

static bool is_there(const struct member *m, const struct ent_hash32 *leaf)
{
    char name[ENT_DISK_NAME_MAX], id[ENT_QUORUM_ID], path[ENT_PATH_MAX];
    ent_quorum_id(id, leaf);
    (void)snprintf(name, sizeof(name), ENT_QUORUM_OWN "/%s", id);
    assert_ok(ent_home_path(m->home, path, name));
    return access(path, F_OK) == 0;
}

/* As a crash does while the set is copied. */
static void leave_half(const struct member *m, const struct ent_hash32 *leaf)
{
    char name[ENT_DISK_NAME_MAX], id[ENT_QUORUM_ID], path[ENT_PATH_MAX];
    ent_quorum_id(id, leaf);
    (void)snprintf(name, sizeof(name), ENT_QUORUM_OWN "/%s/half.tmp", id);
    assert_ok(ent_home_path(m->home, path, name));
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("8.10.0.1"), 0600, NULL));
}

/* Nobody watched: the worker can be asked again, and holds its key meanwhile. */
static void test_no_set(void **state)
{
    struct ent_quorum_accept a;
    struct ent_element key;
    struct quorum q;
    char path[ENT_PATH_MAX], name[ENT_WINDOW_NAME], folder[ENT_PATH_MAX];
    (void)state;
    quorum_open(&q, 32);
    struct member *m = &q.m[0];
    assert_err(ent_qwork_join(&m->caller, &a, &q.leaf, &q.o), ENT_E_NOTFOUND); /* what run? */
    assert_err(ent_qwork_hold(&m->caller, &key, &q.leaf, &q.o), ENT_E_NOTFOUND);
    assert_ok(ent_desk_quorum(&m->from_ledger, &q.leaf, &q.o));
    ent_window_name(name, window);
    assert_ok(ent_observe_folder(m->home, folder));
    assert_ok(ent_path_join(path, sizeof(path), folder, name));
    assert_int_equal(truncate(path, 40), 0); /* damaged */
    assert_err(ent_qwork_join(&m->caller, &a, &q.leaf, &q.o), ENT_E_NOTFOUND);
    assert_int_equal(unlink(path), 0);
    assert_err(ent_qwork_join(&m->caller, &a, &q.leaf, &q.o), ENT_E_NOTFOUND);
    assert_ok(ent_qwork_hold(&m->caller, &key, &q.leaf, &q.o));
    watch(&q, 0);
    assert_ok(ent_qwork_join(&m->caller, &a, &q.leaf, &q.o));
    quorum_end(&q);
}

/* What was chosen for a run stays, whatever is seen later, or expires. */
static void test_set_stays(void **state)
{
    struct ent_quorum_accept a, b;
    struct quorum q;
    char path[ENT_PATH_MAX], name[ENT_WINDOW_NAME], folder[ENT_PATH_MAX];
    (void)state;
    quorum_open(&q, 20); /* more was seen than that */
    for (unsigned x = 0; x < 60; x++)
        q.has[x] |= 1;
    struct member *m = &q.m[0];
    watch(&q, 0);
    assert_ok(ent_desk_quorum(&m->from_ledger, &q.leaf, &q.o));
    assert_ok(ent_qwork_join(&m->caller, &a, &q.leaf, &q.o));
    assert_int_equal(a.items, 20);
    for (unsigned x = 0; x < POOL; x++)
        q.has[x] |= 1;
    watch(&q, 0);
    begin_again(m);
    assert_ok(ent_qwork_join(&m->caller, &b, &q.leaf, &q.o));
    assert_memory_equal(&a.root, &b.root, sizeof(a.root));
    ent_window_name(name, window);
    assert_ok(ent_observe_folder(m->home, folder));
    assert_ok(ent_path_join(path, sizeof(path), folder, name));
    assert_int_equal(unlink(path), 0);
    ent_desk_free(m->desk); /* and the keeper begins again, too */
    open_desk(m);
    assert_ok(ent_qwork_join(&m->caller, &b, &q.leaf, &q.o));
    assert_memory_equal(&a.root, &b.root, sizeof(a.root));
    quorum_end(&q);
}

static void test_over(void **state)
{
    struct ent_quorum_accept a;
    struct ent_quorum_offer other;
    struct ent_seed32 seed, again;
    struct quorum q;
    (void)state;
    quorum_start(&q, 32);
    struct member *m = &q.m[0];
    other = q.o;
    other.shape.items++;
    assert_err(ent_desk_quorum(&m->from_ledger, &q.leaf, &other), ENT_E_EXISTS);
    assert_ok(ent_desk_seed(&m->to_desk, &seed, &q.leaf, ENT_DESK_PARTICIPANT));
    assert_ok(ent_desk_seed(&m->to_desk, &again, &q.leaf, ENT_DESK_HOLDER));
    assert_memory_not_equal(&seed, &again, sizeof(seed));
    assert_true(is_there(m, &q.leaf));
    leave_half(m, &q.leaf);
    assert_ok(ent_desk_quorum_over(&m->from_ledger, &q.leaf));
    assert_false(is_there(m, &q.leaf));
    assert_ok(ent_desk_quorum_over(&m->from_ledger, &q.leaf));
    assert_err(ent_desk_seed(&m->to_desk, &again, &q.leaf, ENT_DESK_HOLDER), ENT_E_NOTFOUND);
    begin_again(m);
    assert_err(ent_qwork_join(&m->caller, &a, &q.leaf, &q.o), ENT_E_NOTFOUND);
    assert_ok(ent_desk_quorum(&m->from_ledger, &q.leaf, &q.o));
    assert_ok(ent_desk_seed(&m->to_desk, &again, &q.leaf, ENT_DESK_PARTICIPANT));
    assert_memory_not_equal(&seed, &again, sizeof(seed)); /* never the same twice */
    quorum_end(&q);
}

/* A worker that was taken over. */
static void test_what_a_worker_does_not_get(void **state)
{
    struct ent_hash32 first;
    struct ent_seed32 seed;
    struct quorum q;
    uint64_t n;
    (void)state;
    quorum_start(&q, 32);
    struct member *m = &q.m[0];
    first = q.leaf;
    make_offer(&q, 32); /* another run of the same member */
    assert_ok(ent_desk_quorum(&m->from_ledger, &q.leaf, &q.o));
    assert_err(ent_desk_seed(&m->to_desk, &seed, &q.leaf, ENT_DESK_HOLDER), ENT_E_POLICY);
    assert_err(ent_desk_set(&m->to_desk, &n, &q.leaf), ENT_E_POLICY);
    assert_err(ent_desk_seed(&m->to_desk, &seed, &first, (enum ent_desk_part)0), ENT_E_FORMAT);
    assert_err(ent_desk_seed(&m->to_desk, &seed, &first, (enum ent_desk_part)3), ENT_E_FORMAT);
    assert_ok(ent_desk_seed(&m->to_desk, &seed, &first, ENT_DESK_HOLDER));
    /* Nor does the ledger get anything. */
    assert_err(ent_desk_seed(&m->from_ledger, &seed, &first, ENT_DESK_HOLDER), ENT_E_POLICY);
    assert_err(ent_desk_set(&m->from_ledger, &n, &first), ENT_E_POLICY);
    quorum_end(&q);
}

static enum ent_err tell_found(struct quorum *q, const char *key, uint64_t holders, unsigned times)
{
    const struct ent_quorum_found f = {ent_slice_str(key), 2, holders};
    struct ent_buf b;
    ent_buf_init(&b, ENT_DESK_FOUND_MAX);
    assert_ok(ent_desk_found_begin(&b, &q->leaf));
    for (unsigned i = 0; i < times; i++)
        assert_ok(ent_desk_found_put(&b, &f));
    enum ent_err r = ent_desk_found(&q->m[0].to_desk, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

static void test_found_lies(void **state)
{
    const struct ent_claim_filter all = {.types = 0};
    struct stored none = {.n = 0};
    struct ent_store *s;
    struct quorum q;
    (void)state;
    quorum_start(&q, 100);
    none.q = &q;
    assert_err(tell_found(&q, "ipv4:9.9.9.9", 7, 1), ENT_E_POLICY);     /* not seen here */
    assert_err(tell_found(&q, "ipv4:8.10.0.1", 3, 1), ENT_E_FORMAT);    /* fewer than three */
    assert_err(tell_found(&q, "ipv4:8.10.0.1", 0x17, 1), ENT_E_FORMAT); /* nobody is a fifth */
    assert_err(tell_found(&q, "ipv4:8.10.0.1", 7, 2), ENT_E_FORMAT);    /* twice */
    assert_ok(ent_store_open(&s, NULL, q.m[0].store));
    assert_ok(ent_store_claims(s, &all, claim, &none));
    assert_int_equal(none.n, 0);
    ent_store_close(s);
    assert_ok(tell_found(&q, "ipv4:8.10.0.1", 15, 0));
    assert_ok(tell_found(&q, "ipv4:8.10.0.1", 15, 1));
    quorum_end(&q);
}

/* A worker that was taken over says this to everything. */
static enum ent_err lie(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    const struct ent_slice *l = ctx;
    (void)payload;
    *ret = (struct ent_msg){.type = type, .kind = ENT_MSG_ANSWER, .id = 1, .fd = -1};
    ent_buf_init(&ret->bytes, l->n);
    return ent_buf_put(&ret->bytes, l->p, l->n);
}

static void test_answers_that_are_none(void **state)
{
    static const uint8_t zeros[64], silent[] = {ENT_QUORUM_SILENT}, late[] = {ENT_QUORUM_LATE},
                                    unknown[] = {ENT_QUORUM_FAULTS},
                                    more[] = {ENT_QUORUM_EXCESS, 0};
    const struct ent_slice lies[] = {{zeros, 5},  {zeros, 33}, {zeros, 41},  {zeros, 39},
                                     {silent, 1}, {late, 1},   {unknown, 1}, {more, 2}};
    struct quorum q = {.shares = NULL};
    (void)state;
    make_offer(&q, 32);
    for (size_t k = 0; k < sizeof(lies) / sizeof(lies[0]); k++) {
        const struct ent_caller c = {(void *)(uintptr_t)&lies[k], lie};
        for (int type = ENT_QWORK_JOIN; type <= ENT_QWORK_EVALUATE; type++)
            assert_err(ask_any(&q, &c, (enum ent_qwork_type)type), ENT_E_PEER);
    }
}

static int setup(void **state)
{
    (void)state;
    return ent_secret_start() == ENT_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_whole, setup),
        cmocka_unit_test(test_lying_participants),
        cmocka_unit_test(test_no_element),
        cmocka_unit_test(test_lying_key_holder),
        cmocka_unit_test(test_lying_collector),
        cmocka_unit_test(test_wrong_order),
        cmocka_unit_test(test_begin_that_does_not_fit),
        cmocka_unit_test(test_no_set),
        cmocka_unit_test(test_set_stays),
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_what_a_worker_does_not_get),
        cmocka_unit_test(test_found_lies),
        cmocka_unit_test(test_answers_that_are_none),
    };
    return ent_t_run("quorum_work", tests);
}
