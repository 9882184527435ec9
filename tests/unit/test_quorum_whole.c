/*
 * test_quorum_whole.c: whole runs of quorum in memory: six participants, three key holders, a
 * collector, every message as bytes; compared with plain counting, with and without liars.
 */
#include "tests/support/t.h"

#include "match/match.h"

#define N       6u
#define HOLDERS 3u
#define POOL    120u
#define M       64u

enum lie {
    HONEST,
    SILENT_MEMBER,   /* evaluates, then sends no shares */
    ASKS_TOO_MUCH,   /* a batch beyond its announcement */
    ASKS_TWICE,      /* an element twice */
    FOREIGN_INDEX,   /* shares under another index */
    SHARE_TOO_LARGE, /* a number that is none of the field */
    SPOILS_SHARES    /* random numbers: nobody can see that */
};
#define LIAR 4u /* index of the one who lies */

struct run {
    struct ent_quorum_offer o;
    struct ent_quorum_begin begin;
    struct ent_hash32 sid;
    struct ent_quorum_participant *p[N];
    struct ent_quorum_accept accept[N];
    struct ent_quorum_table *table[N];
    struct ent_quorum_holder *h[HOLDERS];
    struct ent_element key[HOLDERS];
    uint32_t members; /* that take part */
    uint64_t has[POOL];
    struct ent_quorum_uploads *uploads;
    uint64_t *shares; /* N times all cells */
    struct ent_buf spool[N];
    struct ent_hash32 commitment[N];
    enum ent_quorum_fault fault[N + 1]; /* as somebody saw it */
    enum lie lie;
};

static struct ent_slice item(char ret[static 32], uint64_t i)
{
    int n = snprintf(ret, 32, "ipv4:198.51.100.%llu", (unsigned long long)i);
    return ent_slice(ret, (size_t)n);
}

static struct ent_hash32 leaf_of(const struct ent_buf *b)
{
    struct ent_hash32 h;
    ent_sha256_of(&h, ent_buf_slice(b));
    return h;
}

static void make_offer(struct run *r, uint32_t t)
{
    r->o = (struct ent_quorum_offer){
        .seconds = 3600,
        .types = ENT_OBS_BIT(ENT_OBS_IPV4),
        .shape = {.members = N, .threshold = t, .items = M, .tables = 20},
        .padding = ENT_QUORUM_PAD_FULL,
        .holders = HOLDERS,
        .collector = "collector",
        .accept_by = 3600,
        .keys_by = 3700,
        .upload_by = 3800,
        .result_by = 3900,
    };
    for (unsigned i = 0; i < N; i++)
        (void)snprintf(r->o.participant[i], sizeof(r->o.participant[i]), "office-%u", i);
    for (unsigned j = 0; j < HOLDERS; j++)
        (void)snprintf(r->o.holder[j], sizeof(r->o.holder[j]), "office-%u", 2 * j);
}

/* Each item is at a random set of participants; few are at many. */
static void make_sets(struct run *r)
{
    uint32_t n[N] = {0};
    char text[32];
    for (uint32_t x = 0; x < POOL; x++) {
        uint64_t level = ent_t_below(4);
        for (uint32_t i = 0; i < N; i++) {
            if (ent_t_below(4) > level || n[i] == M)
                continue;
            assert_ok(ent_quorum_participant_add(r->p[i], item(text, x)));
            r->has[x] |= UINT64_C(1) << i;
            n[i]++;
        }
    }
}

/* Statements as texts, so that the run is bound to what others would read. */
static void agree(struct run *r)
{
    struct ent_quorum_key k = {0};
    struct ent_buf b;
    ent_buf_init(&b, ENT_QUORUM_OFFER_MAX);
    assert_ok(ent_quorum_offer_encode(&b, &r->o));
    assert_ok(ent_quorum_offer_parse(&r->o, ent_buf_slice(&b)));
    r->begin = (struct ent_quorum_begin){.offer = leaf_of(&b), .holders = HOLDERS};
    for (uint32_t i = 0; i < N; i++) {
        r->accept[i].offer = r->begin.offer;
        assert_ok(ent_quorum_participant_accept(r->p[i], &r->accept[i], &r->o));
        ent_buf_clear(&b);
        assert_ok(ent_quorum_accept_encode(&b, &r->accept[i]));
        assert_ok(ent_quorum_accept_parse(&r->accept[i], ent_buf_slice(&b)));
        assert_ok(ent_quorum_accept_check(&r->accept[i], &r->o));
        r->begin.accept[i] = leaf_of(&b);
        r->begin.present |= UINT64_C(1) << i;
    }
    for (uint32_t j = 0; j < HOLDERS; j++) {
        k.offer = r->begin.offer;
        ent_quorum_holder_key(r->h[j], &k.key);
        ent_buf_clear(&b);
        assert_ok(ent_quorum_key_encode(&b, &k));
        assert_ok(ent_quorum_key_parse(&k, ent_buf_slice(&b)));
        r->key[j] = k.key;
        r->begin.key[j] = leaf_of(&b);
    }
    ent_quorum_sid(&r->sid, &r->begin, N);
    ent_buf_release(&b);
}

static void start(struct run *r, uint32_t t, enum lie lie)
{
    struct ent_seed32 seed;
    uint32_t items[N];
    *r = (struct run){.lie = lie};
    make_offer(r, t);
    for (uint32_t i = 0; i < N; i++) {
        ent_random(&seed, sizeof(seed));
        assert_ok(ent_quorum_participant_new(&r->p[i], &seed));
        ent_buf_init(&r->spool[i], 1u << 24);
    }
    for (uint32_t j = 0; j < HOLDERS; j++) {
        ent_random(&seed, sizeof(seed));
        assert_ok(ent_quorum_holder_new(&r->h[j], &seed));
    }
    make_sets(r);
    agree(r);
    for (uint32_t i = 0; i < N; i++) {
        items[i] = r->accept[i].items;
        assert_ok(ent_quorum_participant_start(r->p[i], &r->sid, i + 1, r->key, HOLDERS));
    }
    for (uint32_t j = 0; j < HOLDERS; j++)
        assert_ok(ent_quorum_holder_start(r->h[j], &r->sid, &r->o.shape, items));
    assert_ok(ent_quorum_uploads_new(&r->uploads, &r->o.shape, &r->sid, r->begin.present));
    r->shares = calloc((size_t)N * ent_quorum_cells(&r->o.shape), sizeof(*r->shares));
    assert_non_null(r->shares);
}

static void end(struct run *r)
{
    for (uint32_t i = 0; i < N; i++) {
        ent_quorum_participant_free(r->p[i]);
        ent_quorum_table_free(r->table[i]);
        ent_buf_release(&r->spool[i]);
    }
    for (uint32_t j = 0; j < HOLDERS; j++)
        ent_quorum_holder_free(r->h[j]);
    ent_quorum_uploads_free(r->uploads);
    free(r->shares);
}

/* --- evaluation ----------------------------------------------------------------------------- */

static void name(struct run *r, uint32_t index, enum ent_quorum_fault f)
{
    if (f != ENT_QUORUM_NO_FAULT)
        r->fault[index] = f;
}

static void lie_to_holders(struct run *r, struct ent_buf *ask)
{
    if (r->lie == ASKS_TOO_MUCH)
        ask->p[36] = 1;
    if (r->lie == ASKS_TWICE)
        memcpy(ask->p + ENT_QUORUM_HEADER + 64, ask->p + ENT_QUORUM_HEADER, 32);
}

/* False when a key holder left the participant out. */
static bool evaluate(struct run *r, uint32_t i)
{
    struct ent_quorum_batch *batch = calloc(1, sizeof(*batch));
    struct ent_buf ask, answer;
    enum ent_quorum_fault f = ENT_QUORUM_NO_FAULT;
    assert_non_null(batch);
    ent_buf_init(&ask, ENT_QUORUM_ASK_MAX);
    ent_buf_init(&answer, ENT_QUORUM_EVALUATE_MAX);
    assert_ok(ent_quorum_participant_ask(r->p[i], batch, &ask, 0));
    if (i + 1 == LIAR)
        lie_to_holders(r, &ask);
    for (uint32_t j = 0; j < HOLDERS && f == ENT_QUORUM_NO_FAULT; j++) {
        struct ent_quorum_admitted a;
        ent_buf_clear(&answer);
        if (ent_quorum_holder_admit(r->h[j], &a, &f, i + 1, ent_buf_slice(&ask)) != ENT_OK)
            break;
        assert_ok(ent_quorum_holder_evaluate(r->h[j], &answer, ent_buf_slice(&ask)));
        assert_ok(ent_quorum_participant_answer(r->p[i], batch, &f, j + 1, ent_buf_slice(&answer)));
    }
    name(r, i + 1, f);
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    free(batch);
    return f == ENT_QUORUM_NO_FAULT;
}

/* --- upload and reconstruction -------------------------------------------------------------- */

static void lie_to_collector(const struct run *r, struct ent_buf *m)
{
    if (r->lie == FOREIGN_INDEX)
        m->p[32] = 1;
    if (r->lie == SHARE_TOO_LARGE)
        memset(m->p + ENT_QUORUM_HEADER + 8, 0xff, 8);
    for (size_t at = ENT_QUORUM_HEADER; r->lie == SPOILS_SHARES && at < m->n; at += 8)
        ent_put_u64le(m->p + at, ent_t_rand() >> 4);
}

static void upload(struct run *r, uint32_t i)
{
    uint32_t cells = ent_quorum_cells(&r->o.shape);
    struct ent_quorum_block k;
    enum ent_quorum_fault f = ENT_QUORUM_NO_FAULT;
    struct ent_buf m;
    ent_buf_init(&m, ENT_QUORUM_BLOCK_MAX);
    for (uint32_t block = 0; block < ent_quorum_blocks(&r->o.shape); block++) {
        ent_buf_clear(&m);
        assert_ok(ent_quorum_block_encode(&m, r->table[i], &r->o.shape, &r->sid, i + 1, block));
        if (i + 1 == LIAR)
            lie_to_collector(r, &m);
        if (ent_quorum_uploads_parse(r->uploads, &k, &f, i + 1, ent_buf_slice(&m)) != ENT_OK)
            break;
        assert_ok(ent_quorum_shares_parse(r->shares + (size_t)i * cells + k.first, k.shares.n / 8,
                                          k.shares));
        ent_quorum_uploads_keep(r->uploads, i + 1, block);
    }
    name(r, i + 1, f);
    ent_buf_release(&m);
}

struct sink {
    struct run *r;
    struct ent_quorum_sift sift;
};

static enum ent_err told(void *ctx, const struct ent_quorum_hit *hit)
{
    struct sink *s = ctx;
    uint8_t record[ENT_QUORUM_HIT];
    enum ent_err r = ENT_OK;
    ent_quorum_hit_put(record, hit);
    for (uint64_t to = ent_quorum_sift(&s->sift, hit); to != 0 && r == ENT_OK; to &= to - 1)
        r = ent_buf_put(&s->r->spool[__builtin_ctzll(to)], record, sizeof(record));
    return r;
}

static void collect(struct run *r)
{
    uint32_t cells = ent_quorum_cells(&r->o.shape);
    uint64_t present = ent_quorum_uploads_complete(r->uploads);
    struct ent_quorum_collector c;
    struct sink s = {.r = r};
    size_t n = 0;
    for (uint32_t i = 0; i < N; i++) {
        if ((present >> i & 1) == 0)
            name(r, i + 1, r->fault[i + 1] == ENT_QUORUM_NO_FAULT ? ENT_QUORUM_SILENT : 0);
        else if (n++ != i)
            memmove(r->shares + (n - 1) * cells, r->shares + (size_t)i * cells,
                    cells * sizeof(*r->shares));
    }
    ent_quorum_collector_init(&c, &r->o.shape, present, &r->sid);
    assert_ok(ent_quorum_collect(&c, r->shares, cells, 0, cells, told, &s));
}

/* --- the answer ----------------------------------------------------------------------------- */

struct expected {
    struct run *r;
    uint32_t i;
    uint64_t counted; /* whose shares count */
    bool got[POOL];
};

static enum ent_err found(void *ctx, const struct ent_quorum_found *f)
{
    struct expected *e = ctx;
    char text[32];
    for (uint32_t x = 0; x < POOL; x++) {
        if (!ent_slice_eq(f->item, item(text, x)))
            continue;
        assert_false(e->got[x]);
        e->got[x] = true;
        assert_int_equal(f->holders & ~(e->r->has[x] & e->counted), 0);
        assert_true((uint32_t)__builtin_popcountll(f->holders) >= e->r->o.shape.threshold);
        assert_true(f->tables >= 2);
        return ENT_OK;
    }
    return ENT_E_NOTFOUND;
}

static void receive(struct run *r, uint32_t i, struct ent_quorum_answer *a)
{
    const struct ent_salt32 salt = {{(uint8_t)i}};
    uint32_t hits = (uint32_t)(r->spool[i].n / ENT_QUORUM_HIT);
    struct ent_quorum_sum sum;
    struct ent_buf m;
    ent_buf_init(&m, ENT_QUORUM_PIECE_MAX);
    ent_quorum_sum_init(&sum, &salt, hits);
    ent_quorum_sum_add(&sum, ent_buf_slice(&r->spool[i]));
    ent_quorum_sum_end(&sum, &r->commitment[i]);
    ent_quorum_answer_init(a, &r->o.shape, &r->sid, i + 1, r->accept[i].items);
    for (uint32_t piece = 0; piece < ent_quorum_pieces(hits); piece++) {
        ent_buf_clear(&m);
        assert_ok(ent_quorum_piece_encode(
            &m, &r->sid, i + 1, piece, hits, &salt,
            ent_slice(r->spool[i].p + (size_t)piece * ENT_QUORUM_PIECE * ENT_QUORUM_HIT,
                      ENT_QUORUM_HIT * ent_quorum_piece_count(hits, piece))));
        assert_ok(ent_quorum_answer_take(a, ent_buf_slice(&m)));
    }
    ent_buf_release(&m);
}

/* Each honest participant learns of its items that `counted` have often enough, and no other. */
static void compare(struct run *r, uint64_t counted, size_t want_refused)
{
    for (uint32_t i = 0; i < N; i++) {
        struct expected e = {.r = r, .i = i, .counted = counted};
        struct ent_quorum_answer a;
        struct ent_hash32 commitment;
        size_t refused = 0;
        if ((counted >> i & 1) == 0)
            continue;
        receive(r, i, &a);
        assert_ok(ent_quorum_answer_check(&a, &r->commitment[i]));
        assert_ok(ent_quorum_participant_take(r->p[i], &commitment, &refused, r->table[i], &a,
                                              found, &e));
        assert_true(want_refused == refused);
        for (uint32_t x = 0; x < POOL; x++) {
            uint32_t n = (uint32_t)__builtin_popcountll(r->has[x] & counted);
            assert_int_equal(e.got[x], (r->has[x] >> i & 1) != 0 && n >= r->o.shape.threshold);
        }
        ent_quorum_answer_release(&a);
    }
}

static void go(struct run *r, uint32_t t, enum lie lie)
{
    start(r, t, lie);
    for (uint32_t i = 0; i < N; i++) {
        if (!evaluate(r, i))
            continue;
        assert_ok(ent_quorum_participant_tables(r->p[i], &r->table[i]));
        if (i + 1 != LIAR || lie != SILENT_MEMBER)
            upload(r, i);
    }
    collect(r);
}

static void test_honest(void **state)
{
    (void)state;
    for (uint32_t t = 2; t <= N; t++) {
        struct run r;
        go(&r, t, HONEST);
        compare(&r, (1u << N) - 1, 0);
        for (uint32_t i = 1; i <= N; i++)
            assert_int_equal(r.fault[i], ENT_QUORUM_NO_FAULT);
        end(&r);
    }
}

/* A member that lies is named, and the others get what they have in common without it. */
static void test_liars_are_named(void **state)
{
    static const struct {
        enum lie lie;
        enum ent_quorum_fault fault;
    } cases[] = {
        {SILENT_MEMBER, ENT_QUORUM_SILENT},      {ASKS_TOO_MUCH, ENT_QUORUM_EXCESS},
        {ASKS_TWICE, ENT_QUORUM_REPEATED},       {FOREIGN_INDEX, ENT_QUORUM_FOREIGN},
        {SHARE_TOO_LARGE, ENT_QUORUM_MALFORMED}, {SPOILS_SHARES, ENT_QUORUM_NO_FAULT},
    };
    (void)state;
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct run r;
        go(&r, 3, cases[k].lie);
        for (uint32_t i = 1; i <= N; i++)
            assert_int_equal(r.fault[i], i == LIAR ? cases[k].fault : ENT_QUORUM_NO_FAULT);
        compare(&r, ((1u << N) - 1) & ~(1u << (LIAR - 1)), 0);
        end(&r);
    }
}

/* A collector that invents hits for every cell convinces nobody of any of them; one that answers
 * otherwise than it signed is caught. */
static void test_collector_lies(void **state)
{
    struct run r;
    struct ent_quorum_answer a;
    struct expected e;
    struct ent_hash32 commitment, signed_before;
    size_t refused = 0;
    (void)state;
    go(&r, 3, HONEST);
    receive(&r, 0, &a);
    ent_quorum_answer_release(&a);
    signed_before = r.commitment[0];
    ent_buf_clear(&r.spool[0]);
    for (uint32_t cell = 0; cell < 2000; cell++) {
        struct ent_quorum_hit h = {.cell = cell, .holders = 0x3f};
        uint8_t record[ENT_QUORUM_HIT];
        ent_random(h.check, sizeof(h.check));
        ent_quorum_hit_put(record, &h);
        assert_ok(ent_buf_put(&r.spool[0], record, sizeof(record)));
    }
    receive(&r, 0, &a);
    assert_err(ent_quorum_answer_check(&a, &signed_before), ENT_E_AUTH);
    e = (struct expected){.r = &r, .counted = 0x3f};
    assert_ok(
        ent_quorum_participant_take(r.p[0], &commitment, &refused, r.table[0], &a, found, &e));
    assert_int_equal(refused, 2000);
    for (uint32_t x = 0; x < POOL; x++)
        assert_false(e.got[x]);
    /* Hits without this member are no answer at all. */
    struct ent_quorum_hit *hit = (void *)a.list.p;
    hit[5].holders = 0x3e;
    assert_err(
        ent_quorum_participant_take(r.p[0], &commitment, &refused, r.table[0], &a, found, &e),
        ENT_E_FORMAT);
    ent_quorum_answer_release(&a);
    end(&r);
}

/* Two participants with other views of who takes part: their values have nothing in common. */
static void test_other_run(void **state)
{
    struct run r;
    struct ent_hash32 other;
    struct ent_quorum_admitted admitted;
    enum ent_quorum_fault f;
    uint8_t message[ENT_QUORUM_HEADER + 32 * M] = {0};
    (void)state;
    start(&r, 3, HONEST);
    r.begin.present &= ~UINT64_C(2);
    r.begin.accept[1] = (struct ent_hash32){{0}};
    ent_quorum_sid(&other, &r.begin, N);
    assert_memory_not_equal(&other, &r.sid, sizeof(other));
    ent_quorum_head_put(message, &other, 1, 0);
    assert_err(
        ent_quorum_holder_admit(r.h[0], &admitted, &f, 1, ent_slice(message, sizeof(message))),
        ENT_E_STATE);
    assert_int_equal(f, ENT_QUORUM_NO_FAULT);
    end(&r);
}

static int setup(void **state)
{
    (void)state;
    return ent_secret_start() == ENT_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_honest, setup),
        cmocka_unit_test(test_liars_are_named),
        cmocka_unit_test(test_collector_lies),
        cmocka_unit_test(test_other_run),
    };
    return ent_t_run("quorum_whole", tests);
}
