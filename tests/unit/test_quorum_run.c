/*
 * test_quorum_run.c: the phases of a run as each role sees it: every message in every phase, every
 * deadline with and without what it waits for, statements said twice or otherwise, and what is kept
 * over a restart.
 */
#include "tests/support/t.h"

#include "match/match.h"

#define N 4u

static const struct ent_hash32 leaf = {{1}};

static struct ent_quorum_offer offer(void)
{
    struct ent_quorum_offer o = {
        .seconds = 60,
        .types = ENT_OBS_BIT(ENT_OBS_IPV4),
        .shape = {.members = N, .threshold = 3, .items = 8, .tables = 20},
        .holders = 2,
        .collector = "collector",
        .accept_by = 100,
        .keys_by = 200,
        .upload_by = 300,
        .result_by = 400,
    };
    for (unsigned i = 0; i < N; i++)
        (void)snprintf(o.participant[i], sizeof(o.participant[i]), "office-%u", i);
    memcpy(o.holder[0], "keys", 5);
    memcpy(o.holder[1], "office-3", 9);
    return o;
}

static void init(struct ent_quorum_run *r, const char *self)
{
    struct ent_quorum_offer o = offer();
    assert_int_equal(ent_quorum_offer_check(&o, NULL), ENT_QUORUM_FINE);
    ent_quorum_run_init(r, &o, &leaf, self);
}

static struct ent_hash32 statement(uint8_t a, uint8_t b)
{
    return (struct ent_hash32){{a, b}};
}

static enum ent_err accept(struct ent_quorum_run *r, uint32_t i, int64_t now)
{
    struct ent_quorum_accept a = {.offer = leaf, .items = i + 1};
    struct ent_hash32 l = statement(10, (uint8_t)i);
    return ent_quorum_run_accept(r, r->offer.participant[i], &a, &l, now);
}

static enum ent_err key(struct ent_quorum_run *r, uint32_t j)
{
    struct ent_quorum_key k = {.offer = leaf};
    struct ent_scalar s = {{(uint8_t)(j + 1)}};
    struct ent_hash32 l = statement(20, (uint8_t)j);
    ent_element_base_mul(&k.key, &s);
    return ent_quorum_run_key(r, r->offer.holder[j], &k, &l);
}

static struct ent_quorum_begin begin(uint64_t present)
{
    struct ent_quorum_begin g = {.offer = leaf, .present = present, .holders = 2};
    for (uint32_t i = 0; i < N; i++)
        if ((present >> i & 1) != 0)
            g.accept[i] = statement(10, (uint8_t)i);
    for (uint32_t j = 0; j < 2; j++)
        g.key[j] = statement(20, (uint8_t)j);
    return g;
}

static struct ent_quorum_result result(const struct ent_quorum_run *r, uint64_t present)
{
    struct ent_quorum_result res = {.run = r->sid, .positions = 5, .present = present};
    for (uint32_t i = 0; i < N; i++)
        if ((present >> i & 1) != 0)
            res.answer[i] = statement(30, (uint8_t)i);
    return res;
}

/* A run in this phase, with all four on board. */
static void reach(struct ent_quorum_run *r, const char *self, enum ent_quorum_phase p)
{
    struct ent_quorum_begin g = begin(0xf);
    struct ent_quorum_result res;
    init(r, self);
    for (uint32_t i = 0; i < N && p > ENT_QUORUM_OFFERED; i++)
        assert_ok(accept(r, i, 50));
    if (p > ENT_QUORUM_OFFERED)
        ent_quorum_run_tick(r, 50, 0);
    for (uint32_t j = 0; j < 2 && p > ENT_QUORUM_KEYS; j++)
        assert_ok(key(r, j));
    if (p > ENT_QUORUM_KEYS)
        assert_ok(ent_quorum_run_begin(r, "collector", &g));
    if (p > ENT_QUORUM_UPLOAD)
        ent_quorum_run_tick(r, 300, 0xf);
    res = result(r, 0xf);
    if (p == ENT_QUORUM_DONE)
        assert_ok(ent_quorum_run_result(r, "collector", &res));
    if (p == ENT_QUORUM_FAILED)
        ent_quorum_run_tick(r, 400, 0);
    assert_int_equal(r->phase, p);
}

static void same_after_restart(const struct ent_quorum_run *r)
{
    struct ent_quorum_run *back = calloc(1, sizeof(*back));
    struct ent_buf b;
    assert_non_null(back);
    ent_buf_init(&b, ENT_QUORUM_RUN_MAX);
    assert_ok(ent_quorum_run_encode(&b, r));
    assert_ok(ent_quorum_run_parse(back, ent_buf_slice(&b)));
    assert_memory_equal(&back->seat, &r->seat, sizeof(r->seat));
    assert_memory_equal(&back->key, &r->key, sizeof(r->key));
    assert_memory_equal(&back->member, &r->member, sizeof(r->member));
    assert_memory_equal(&back->holder, &r->holder, sizeof(r->holder));
    assert_memory_equal(&back->sid, &r->sid, sizeof(r->sid));
    assert_int_equal(back->phase, r->phase);
    assert_int_equal(back->keys, r->keys);
    assert_int_equal(back->present, r->present);
    assert_int_equal(back->counted, r->counted);
    assert_int_equal(back->collects, r->collects);
    assert_string_equal(back->failed_by, r->failed_by);
    assert_int_equal(back->failed_for, r->failed_for);
    /* Cut anywhere, it is nothing. */
    for (size_t n = 0; n < b.n; n += 7)
        assert_int_not_equal(ent_quorum_run_parse(back, ent_slice(b.p, n)), ENT_OK);
    for (size_t i = 0; i < b.n; i++) {
        struct ent_buf again;
        uint8_t was = b.p[i];
        b.p[i] ^= (uint8_t)(1u << ent_t_below(8));
        ent_buf_init(&again, ENT_QUORUM_RUN_MAX);
        if (ent_quorum_run_parse(back, ent_buf_slice(&b)) == ENT_OK) {
            assert_ok(ent_quorum_run_encode(&again, back));
            assert_true(ent_slice_eq(ent_buf_slice(&again), ent_buf_slice(&b)));
        }
        b.p[i] = was;
        ent_buf_release(&again);
    }
    ent_buf_release(&b);
    free(back);
}

/* Each message in each phase: what may come is written down here once more, as a table. */
static void test_every_message_in_every_phase(void **state)
{
    static const char *const allowed[ENT_QUORUM_PHASES] = {
        /* accept refuse key begin ask block result piece taken left-out */
        [ENT_QUORUM_OFFERED] = "yyyynnnnny", [ENT_QUORUM_KEYS] = "yyyynnnnny",
        [ENT_QUORUM_UPLOAD] = "nynnyyynny",  [ENT_QUORUM_RECONSTRUCT] = "nynnnnynny",
        [ENT_QUORUM_DONE] = "nnnnnnnyyy",    [ENT_QUORUM_FAILED] = "nnnnnnnnny",
    };
    static const char *const selves[] = {"collector", "office-1", "keys"};
    (void)state;
    for (size_t who = 0; who < 3; who++) {
        for (int p = 0; p < ENT_QUORUM_PHASES; p++) {
            struct ent_quorum_run r;
            reach(&r, selves[who], (enum ent_quorum_phase)p);
            for (int m = 0; m < ENT_QUORUM_MESSAGES; m++)
                assert_int_equal(ent_quorum_run_allows(&r, (enum ent_quorum_message)m),
                                 allowed[p][m] == 'y');
            same_after_restart(&r);
            struct ent_quorum_refuse f = {.offer = leaf, .why = ENT_QUORUM_NO_SET};
            struct ent_quorum_taken t = {.run = r.sid};
            struct ent_quorum_result res = result(&r, 0xf);
            if (p > ENT_QUORUM_KEYS) {
                assert_ok(accept(&r, 0, 50)); /* the same again */
                assert_ok(key(&r, 0));
                r.seat[0].accepted = false;
                r.keys &= ~1u;
                assert_err(accept(&r, 0, 50), ENT_E_STATE);
                assert_err(key(&r, 0), ENT_E_STATE);
                assert_err(ent_quorum_run_refuse(&r, "keys", &f), ENT_E_STATE);
            }
            if (p != ENT_QUORUM_DONE)
                assert_err(ent_quorum_run_taken(&r, "office-0", &t),
                           (r.counted & 1) != 0 ? ENT_E_STATE : ENT_E_POLICY);
            if (p < ENT_QUORUM_UPLOAD || p == ENT_QUORUM_FAILED)
                assert_err(ent_quorum_run_result(&r, "collector", &res), ENT_E_STATE);
        }
    }
}

static void test_statements(void **state)
{
    struct ent_quorum_run r;
    struct ent_quorum_accept a = {.offer = leaf, .items = 2};
    struct ent_quorum_refuse f = {.offer = leaf, .why = ENT_QUORUM_NO_SET};
    struct ent_quorum_key k = {.offer = leaf};
    struct ent_hash32 other = statement(99, 99);
    (void)state;
    init(&r, "office-1");
    assert_ok(accept(&r, 0, 50));
    assert_ok(accept(&r, 0, 50));
    assert_err(ent_quorum_run_accept(&r, "keys", &a, &other, 50), ENT_E_POLICY);
    assert_err(ent_quorum_run_accept(&r, "stranger", &a, &other, 50), ENT_E_POLICY);
    a.items = 9;
    assert_err(ent_quorum_run_accept(&r, "office-1", &a, &other, 50), ENT_E_FORMAT);
    a.items = 2;
    a.offer = other;
    assert_err(ent_quorum_run_accept(&r, "office-1", &a, &other, 50), ENT_E_FORMAT);
    assert_ok(ent_quorum_run_refuse(&r, "office-1", &f));
    assert_err(ent_quorum_run_refuse(&r, "stranger", &f), ENT_E_POLICY);
    assert_ok(key(&r, 1));
    assert_ok(key(&r, 1));
    assert_err(ent_quorum_run_key(&r, "office-0", &k, &other), ENT_E_POLICY);
    assert_int_equal(r.phase, ENT_QUORUM_OFFERED);
    /* Without a key holder there is no run. */
    assert_ok(ent_quorum_run_refuse(&r, "keys", &f));
    assert_int_equal(r.phase, ENT_QUORUM_FAILED);
    assert_string_equal(r.failed_by, "keys");
    same_after_restart(&r);
    init(&r, "office-1");
    assert_ok(ent_quorum_run_refuse(&r, "collector", &f));
    assert_int_equal(r.phase, ENT_QUORUM_FAILED);
}

static void test_begin(void **state)
{
    struct ent_quorum_run r;
    struct ent_quorum_begin g = begin(0xf), made;
    (void)state;
    init(&r, "office-1");
    assert_err(ent_quorum_run_begin(&r, "office-0", &g), ENT_E_POLICY);
    for (uint32_t i = 0; i < 3; i++)
        assert_ok(accept(&r, i, 50));
    /* Too late here, in time for the collector. */
    ent_quorum_run_tick(&r, 100, 0);
    assert_int_equal(r.member[3], ENT_QUORUM_SILENT);
    assert_ok(accept(&r, 3, 100));
    assert_int_equal(r.member[3], ENT_QUORUM_LATE);
    same_after_restart(&r);
    assert_ok(key(&r, 0));
    assert_ok(key(&r, 1));
    assert_err(ent_quorum_run_make_begin(&r, &made), ENT_E_STATE); /* not its part */
    g = begin(3);
    assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_FORMAT); /* fewer than t */
    g = begin(0xf);
    g.present |= 16;
    assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_FORMAT);
    g = begin(0xf);
    g.holders = 3;
    assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_FORMAT);
    /* It leaves out one who was in time, and takes the late one. */
    g = begin(0xd);
    assert_ok(ent_quorum_run_begin(&r, "collector", &g));
    assert_int_equal(r.phase, ENT_QUORUM_UPLOAD);
    assert_int_equal(r.disputed, 2);
    assert_int_equal(r.member[3], ENT_QUORUM_NO_FAULT);
    assert_ok(ent_quorum_run_begin(&r, "collector", &g));
    same_after_restart(&r);
}

/* It is taken as soon as all is here that it names, in whatever order that comes. */
static void test_begin_first(void **state)
{
    struct ent_quorum_run r, p;
    struct ent_quorum_begin g = begin(0xf);
    const struct ent_hash32 missing = statement(10, 3);
    (void)state;
    reach(&p, "office-1", ENT_QUORUM_UPLOAD);
    init(&r, "office-1");
    assert_false(ent_quorum_run_awaits(&r, &missing));
    for (uint32_t i = 0; i < 3; i++) {
        assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_NOTFOUND);
        assert_ok(accept(&r, i, 50));
    }
    assert_ok(key(&r, 0));
    assert_ok(key(&r, 1));
    assert_true(ent_quorum_run_awaits(&r, &missing));
    assert_int_equal(r.phase, ENT_QUORUM_OFFERED);
    assert_ok(accept(&r, 3, 50));
    assert_false(ent_quorum_run_awaits(&r, &missing));
    assert_int_equal(r.phase, ENT_QUORUM_UPLOAD);
    assert_memory_equal(&r.sid, &p.sid, sizeof(r.sid));
    /* What is nowhere is no statement that was left out. */
    init(&r, "office-1");
    for (uint32_t i = 0; i < N; i++)
        assert_ok(accept(&r, i, 50));
    assert_ok(key(&r, 0));
    assert_ok(key(&r, 1));
    memset(&g.accept[2], 0, sizeof(g.accept[2]));
    assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_NOTFOUND);
    ent_quorum_run_tick(&r, 300, 0);
    assert_int_equal(r.collector, ENT_QUORUM_SILENT);
}

/* --- one thing here, another there --------------------------------------------------------------
 */

static enum ent_err accept_else(struct ent_quorum_run *r, uint32_t i, uint8_t n)
{
    struct ent_quorum_accept a = {.offer = leaf, .items = 8 - n};
    struct ent_hash32 l = statement(40 + n, (uint8_t)i);
    return ent_quorum_run_accept(r, r->offer.participant[i], &a, &l, 50);
}

static enum ent_err key_else(struct ent_quorum_run *r, uint32_t j)
{
    struct ent_quorum_key k = {.offer = leaf};
    struct ent_scalar s = {{99}};
    struct ent_hash32 l = statement(50, (uint8_t)j);
    ent_element_base_mul(&k.key, &s);
    return ent_quorum_run_key(r, r->offer.holder[j], &k, &l);
}

/* What `begin` names counts for all, whoever heard what first: before it, or while it waits. */
static void test_two_words(void **state)
{
    struct ent_quorum_begin g = begin(0xf);
    struct ent_quorum_run r, p;
    (void)state;
    reach(&p, "office-1", ENT_QUORUM_UPLOAD);
    for (int turn = 0; turn < 2; turn++) {
        init(&r, "office-1");
        for (uint32_t i = 0; i < N; i++)
            assert_ok(i == 2 ? accept_else(&r, i, 0) : accept(&r, i, 50));
        assert_ok(key_else(&r, 0));
        assert_ok(key(&r, 1));
        if (turn == 1)
            assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_NOTFOUND);
        assert_ok(accept(&r, 2, 150)); /* no word of it is late */
        assert_ok(key(&r, 0));
        if (turn == 0) {
            assert_int_equal(r.seat[2].accept.items, 8);
            same_after_restart(&r);
            assert_ok(ent_quorum_run_begin(&r, "collector", &g));
        }
        assert_int_equal(r.phase, ENT_QUORUM_UPLOAD);
        assert_memory_equal(&r.sid, &p.sid, sizeof(r.sid));
        assert_int_equal(r.seat[2].accept.items, 3);
        assert_int_equal(r.seat[2].other.items, 8);
        assert_memory_equal(&r.key[0], &p.key[0], sizeof(r.key[0]));
        assert_int_equal(r.member[2], ENT_QUORUM_CONTRARY);
        assert_int_equal(r.holder[0], ENT_QUORUM_CONTRARY);
        assert_int_equal(r.collector, ENT_QUORUM_NO_FAULT);
        same_after_restart(&r);
    }
    /* Who heard the other one later names it too, and goes on as it was. */
    assert_ok(accept_else(&p, 2, 0));
    assert_ok(key_else(&p, 0));
    assert_int_equal(p.member[2], ENT_QUORUM_CONTRARY);
    assert_int_equal(p.holder[0], ENT_QUORUM_CONTRARY);
    assert_int_equal(p.seat[2].accept.items, 3);
    assert_int_equal(p.phase, ENT_QUORUM_UPLOAD);
}

/* Two are kept; a third that `begin` names takes the place of one. */
static void test_three_words(void **state)
{
    struct ent_quorum_begin g = begin(0xf);
    struct ent_quorum_run r;
    (void)state;
    init(&r, "office-1");
    for (uint32_t i = 0; i < N; i++)
        assert_ok(i == 2 ? accept_else(&r, i, 0) : accept(&r, i, 50));
    assert_ok(key(&r, 0));
    assert_ok(key(&r, 1));
    assert_ok(accept_else(&r, 2, 1));
    assert_err(accept_else(&r, 2, 2), ENT_E_EXISTS);
    assert_err(accept(&r, 2, 50), ENT_E_EXISTS);
    assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_NOTFOUND);
    assert_err(accept_else(&r, 2, 2), ENT_E_EXISTS);
    assert_ok(accept(&r, 2, 50));
    assert_int_equal(r.phase, ENT_QUORUM_UPLOAD);
    assert_int_equal(r.seat[2].accept.items, 3);
    same_after_restart(&r);
}

/* Twice the same is no lie, and `begin` may name either; nor does it hide a lie. */
static void test_same_words(void **state)
{
    struct ent_quorum_accept a = {.offer = leaf, .items = 3};
    struct ent_hash32 again = statement(60, 2);
    struct ent_quorum_begin g = begin(0xf);
    struct ent_quorum_run r;
    (void)state;
    reach(&r, "office-1", ENT_QUORUM_KEYS);
    assert_ok(key(&r, 0));
    assert_ok(key(&r, 1));
    assert_ok(ent_quorum_run_accept(&r, "office-2", &a, &again, 50));
    assert_int_equal(r.member[2], ENT_QUORUM_NO_FAULT);
    same_after_restart(&r);
    g.accept[2] = again;
    assert_ok(ent_quorum_run_begin(&r, "collector", &g));
    assert_int_equal(r.member[2], ENT_QUORUM_NO_FAULT);
    assert_ok(accept_else(&r, 2, 0));
    assert_int_equal(r.member[2], ENT_QUORUM_CONTRARY);
    assert_int_equal(r.seat[2].other.items, 8);
}

/* A refusal for one and a yes for the others. */
static void test_yes_and_no(void **state)
{
    struct ent_quorum_refuse f = {.offer = leaf, .why = ENT_QUORUM_DECLINED};
    struct ent_quorum_begin g = begin(0xf);
    struct ent_quorum_left_out l = {.offer = leaf, .member = "keys", .fault = ENT_QUORUM_SILENT};
    struct ent_quorum_run r;
    (void)state;
    for (int turn = 0; turn < 3; turn++) {
        init(&r, "office-1");
        assert_ok(ent_quorum_run_refuse(&r, "office-2", &f));
        for (uint32_t i = 0; i < N; i++)
            assert_ok(accept(&r, i, 50));
        assert_int_equal(r.member[2], ENT_QUORUM_CONTRARY);
        assert_ok(key(&r, 1));
        if (turn < 2) { /* the key holder's no is the end, unless others have its key */
            assert_ok(turn == 0 ? ent_quorum_run_refuse(&r, "keys", &f)
                                : ent_quorum_run_left_out(&r, "collector", &l));
            assert_int_equal(r.phase, ENT_QUORUM_FAILED);
            same_after_restart(&r);
        }
        assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_NOTFOUND);
        if (turn == 2) { /* what comes behind it is no end */
            assert_ok(ent_quorum_run_refuse(&r, "keys", &f));
            assert_ok(ent_quorum_run_left_out(&r, "collector", &l));
            assert_int_equal(r.phase, ENT_QUORUM_OFFERED);
        }
        assert_ok(key(&r, 0));
        assert_int_equal(r.phase, ENT_QUORUM_UPLOAD);
        assert_string_equal(r.failed_by, "");
        assert_int_equal(r.holder[0], turn == 0 ? ENT_QUORUM_CONTRARY : ENT_QUORUM_NO_FAULT);
        same_after_restart(&r);
    }
    /* The other way round, at any time. */
    reach(&r, "office-1", ENT_QUORUM_RECONSTRUCT);
    assert_ok(ent_quorum_run_refuse(&r, "office-2", &f));
    assert_ok(ent_quorum_run_refuse(&r, "keys", &f));
    assert_int_equal(r.member[2], ENT_QUORUM_CONTRARY);
    assert_int_equal(r.holder[0], ENT_QUORUM_CONTRARY);
    assert_int_equal(r.phase, ENT_QUORUM_RECONSTRUCT);
    same_after_restart(&r);
    /* The collector does not begin with who says both. */
    reach(&r, "collector", ENT_QUORUM_KEYS);
    assert_ok(key(&r, 0));
    assert_ok(key(&r, 1));
    assert_ok(ent_quorum_run_refuse(&r, "office-2", &f));
    assert_ok(ent_quorum_run_make_begin(&r, &g));
    assert_int_equal(g.present, 0xb);
}

/* Two of them: nobody can say which counts. Who has its answer keeps that. */
static void test_two_begins(void **state)
{
    struct ent_quorum_begin g = begin(0xf), h = begin(7);
    struct ent_quorum_run r;
    (void)state;
    for (int p = ENT_QUORUM_KEYS; p <= ENT_QUORUM_DONE; p++) {
        reach(&r, "office-1", (enum ent_quorum_phase)p);
        if (p == ENT_QUORUM_KEYS) /* and while the first waits */
            assert_err(ent_quorum_run_begin(&r, "collector", &g), ENT_E_NOTFOUND);
        assert_ok(ent_quorum_run_begin(&r, "collector", &h));
        assert_int_equal(r.collector, ENT_QUORUM_CONTRARY);
        assert_int_equal(r.phase, p == ENT_QUORUM_DONE ? ENT_QUORUM_DONE : ENT_QUORUM_FAILED);
        if (p != ENT_QUORUM_DONE) {
            assert_string_equal(r.failed_by, "collector");
            assert_int_equal(r.failed_for, ENT_QUORUM_CONTRARY);
        }
        same_after_restart(&r);
        assert_ok(ent_quorum_run_begin(&r, "collector", &g)); /* after a restart */
        assert_int_equal(r.phase, p == ENT_QUORUM_DONE ? ENT_QUORUM_DONE : ENT_QUORUM_FAILED);
        for (int i = 0; i < 2; i++)
            assert_int_equal(r.holder[i], ENT_QUORUM_NO_FAULT);
    }
}

/* What the collector makes is what all take; and its name for the run is theirs. */
static void test_make_begin(void **state)
{
    struct ent_quorum_run c, p;
    struct ent_quorum_begin g;
    (void)state;
    reach(&c, "collector", ENT_QUORUM_OFFERED);
    reach(&p, "office-0", ENT_QUORUM_OFFERED);
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(accept(&c, i, 50));
        assert_ok(accept(&p, i, 50));
    }
    for (uint32_t j = 0; j < 2; j++) {
        assert_err(ent_quorum_run_make_begin(&c, &g), ENT_E_STATE);
        assert_ok(key(&c, j));
        assert_ok(key(&p, j));
    }
    assert_err(ent_quorum_run_make_begin(&c, &g), ENT_E_STATE); /* somebody may still come */
    ent_quorum_run_tick(&c, 100, 0);
    assert_ok(accept(&c, 3, 101));
    assert_ok(ent_quorum_run_make_begin(&c, &g));
    assert_int_equal(g.present, 7);
    assert_ok(ent_quorum_run_begin(&c, "collector", &g));
    assert_ok(ent_quorum_run_begin(&p, "collector", &g)); /* before its own deadline */
    assert_memory_equal(&c.sid, &p.sid, sizeof(c.sid));
    assert_int_equal(c.member[3], ENT_QUORUM_LATE);
    assert_int_equal(p.member[3], ENT_QUORUM_SILENT);
}

static void test_deadlines(void **state)
{
    struct ent_quorum_run r;
    struct ent_quorum_left_out l = {.offer = leaf, .member = "keys", .fault = ENT_QUORUM_SILENT};
    (void)state;
    /* Too few: the collector is to say so; who is not the collector may have missed some. */
    for (int who = 0; who < 2; who++) {
        init(&r, who == 0 ? "collector" : "office-0");
        assert_ok(accept(&r, 0, 99));
        assert_ok(accept(&r, 1, 99));
        ent_quorum_run_tick(&r, 99, 0);
        assert_int_equal(r.phase, ENT_QUORUM_OFFERED);
        ent_quorum_run_tick(&r, 100, 0);
        assert_int_equal(r.phase, ENT_QUORUM_KEYS);
        assert_int_equal(ent_quorum_run_has_too_few(&r), who == 0);
        assert_int_equal(r.member[2], ENT_QUORUM_SILENT);
    }
    /* A key is missing: nobody can do its part, so the collector ends the run and names it. */
    reach(&r, "collector", ENT_QUORUM_KEYS);
    assert_ok(key(&r, 1));
    ent_quorum_run_tick(&r, 199, 0);
    assert_int_equal(r.phase, ENT_QUORUM_KEYS);
    ent_quorum_run_tick(&r, 200, 0);
    assert_int_equal(r.phase, ENT_QUORUM_FAILED);
    assert_string_equal(r.failed_by, "keys");
    assert_int_equal(r.failed_for, ENT_QUORUM_SILENT);
    assert_int_equal(r.holder[0], ENT_QUORUM_SILENT);
    same_after_restart(&r);
    /* The others hear that from it, and from nobody else. */
    reach(&r, "office-0", ENT_QUORUM_KEYS);
    ent_quorum_run_tick(&r, 299, 0);
    assert_ok(ent_quorum_run_left_out(&r, "office-1", &l));
    assert_int_equal(r.phase, ENT_QUORUM_KEYS);
    assert_ok(ent_quorum_run_left_out(&r, "collector", &l));
    assert_int_equal(r.phase, ENT_QUORUM_FAILED);
    assert_string_equal(r.failed_by, "keys");
    /* The collector says nothing. */
    reach(&r, "office-0", ENT_QUORUM_KEYS);
    ent_quorum_run_tick(&r, 300, 0);
    assert_int_equal(r.phase, ENT_QUORUM_FAILED);
    assert_string_equal(r.failed_by, "collector");
    assert_int_equal(r.collector, ENT_QUORUM_SILENT);
    reach(&r, "office-0", ENT_QUORUM_RECONSTRUCT);
    ent_quorum_run_tick(&r, 399, 0);
    assert_int_equal(r.phase, ENT_QUORUM_RECONSTRUCT);
    ent_quorum_run_tick(&r, 400, 0);
    assert_int_equal(r.phase, ENT_QUORUM_FAILED);
    assert_string_equal(r.failed_by, "collector");
}

static const struct ent_quorum_refuse few = {.offer = {{1}}, .why = ENT_QUORUM_TOO_FEW};
static const struct ent_quorum_refuse no = {.offer = {{1}}, .why = ENT_QUORUM_DECLINED};

/* The collector's word ends the run for all, and is nobody's fault. */
static void test_too_few(void **state)
{
    static const char *const selves[] = {"collector", "office-0", "keys"};
    struct ent_quorum_begin g;
    struct ent_quorum_run r;
    (void)state;
    for (size_t who = 0; who < 3; who++) {
        init(&r, selves[who]);
        assert_ok(accept(&r, 0, 99));
        assert_ok(accept(&r, 1, 99));
        assert_ok(key(&r, 0));
        assert_ok(key(&r, 1));
        assert_err(ent_quorum_run_refuse(&r, "office-2", &few), ENT_E_POLICY);
        assert_err(ent_quorum_run_refuse(&r, "keys", &few), ENT_E_POLICY);
        assert_err(ent_quorum_run_refuse(&r, "stranger", &few), ENT_E_POLICY);
        ent_quorum_run_tick(&r, 100, 0);
        assert_err(ent_quorum_run_make_begin(&r, &g), ENT_E_STATE);
        if (who == 0) { /* however late it is: what it has to say comes first */
            ent_quorum_run_tick(&r, 400, 0);
            assert_int_equal(r.phase, ENT_QUORUM_KEYS);
        }
        assert_ok(ent_quorum_run_refuse(&r, "collector", &few));
        assert_int_equal(r.phase, ENT_QUORUM_FAILED);
        assert_string_equal(r.failed_by, "");
        assert_int_equal(r.failed_for, ENT_QUORUM_NO_FAULT);
        assert_int_equal(r.collector, ENT_QUORUM_NO_FAULT);
        same_after_restart(&r);
        assert_err(ent_quorum_run_refuse(&r, "collector", &few), ENT_E_STATE);
        /* Why it is over: those who refused, also when they are heard later than the collector. */
        assert_ok(ent_quorum_run_refuse(&r, "office-2", &no));
        assert_ok(ent_quorum_run_refuse(&r, "keys", &no));
        assert_ok(ent_quorum_run_refuse(&r, "collector", &no));
        assert_true(r.seat[2].refused);
        assert_false(r.seat[3].refused);
        assert_int_equal(r.phase, ENT_QUORUM_FAILED);
        assert_string_equal(r.failed_by, "");
        same_after_restart(&r);
    }
    /* Of two ends the collector's word is the last. */
    init(&r, "office-0");
    assert_ok(ent_quorum_run_refuse(&r, "keys", &no));
    assert_string_equal(r.failed_by, "keys");
    assert_ok(ent_quorum_run_refuse(&r, "collector", &few));
    assert_string_equal(r.failed_by, "");
    assert_err(ent_quorum_run_refuse(&r, "collector", &few), ENT_E_STATE);
    /* Where enough accepted it was the collector that ended it. */
    reach(&r, "office-0", ENT_QUORUM_KEYS);
    assert_ok(ent_quorum_run_refuse(&r, "collector", &few));
    assert_string_equal(r.failed_by, "collector");
    assert_int_equal(r.failed_for, ENT_QUORUM_NO_FAULT);
    /* Whose shares came is its word alone. */
    reach(&r, "office-0", ENT_QUORUM_UPLOAD);
    assert_err(ent_quorum_run_refuse(&r, "office-1", &few), ENT_E_POLICY);
    assert_int_equal(r.phase, ENT_QUORUM_UPLOAD);
    assert_ok(ent_quorum_run_refuse(&r, "collector", &few));
    assert_int_equal(r.phase, ENT_QUORUM_FAILED);
    assert_string_equal(r.failed_by, "");
    reach(&r, "office-0", ENT_QUORUM_DONE);
    assert_err(ent_quorum_run_refuse(&r, "collector", &few), ENT_E_STATE);
}

static void test_upload(void **state)
{
    struct ent_quorum_run r;
    (void)state;
    reach(&r, "collector", ENT_QUORUM_UPLOAD);
    ent_quorum_run_tick(&r, 299, 7);
    assert_int_equal(r.phase, ENT_QUORUM_UPLOAD);
    ent_quorum_run_tick(&r, 300, 7); /* one is missing, three are enough */
    assert_int_equal(r.phase, ENT_QUORUM_RECONSTRUCT);
    assert_int_equal(r.counted, 7);
    assert_int_equal(r.member[3], ENT_QUORUM_SILENT);
    same_after_restart(&r);
    reach(&r, "collector", ENT_QUORUM_UPLOAD);
    ent_quorum_run_tick(&r, 201, 0xff); /* all are there, and some that do not exist */
    assert_int_equal(r.phase, ENT_QUORUM_RECONSTRUCT);
    assert_int_equal(r.counted, 0xf);
    reach(&r, "collector", ENT_QUORUM_UPLOAD);
    assert_ok(ent_quorum_run_fault(&r, ENT_QUORUM_PARTICIPANT, "office-3", ENT_QUORUM_MALFORMED));
    ent_quorum_run_tick(&r, 300, 3);
    assert_int_equal(r.phase, ENT_QUORUM_RECONSTRUCT);
    assert_true(ent_quorum_run_has_too_few(&r));
    same_after_restart(&r);
    ent_quorum_run_tick(&r, 400, 3);
    assert_ok(ent_quorum_run_refuse(&r, "collector", &few));
    assert_int_equal(r.phase, ENT_QUORUM_FAILED);
    assert_string_equal(r.failed_by, "");
    assert_int_equal(r.member[2], ENT_QUORUM_SILENT);
    assert_int_equal(r.member[3], ENT_QUORUM_MALFORMED); /* the first fault stays */
    assert_int_equal(r.holder[1], ENT_QUORUM_NO_FAULT);
}

static void test_result(void **state)
{
    struct ent_quorum_run r;
    struct ent_quorum_result res;
    struct ent_quorum_taken t;
    (void)state;
    reach(&r, "office-0", ENT_QUORUM_UPLOAD);
    res = result(&r, 0xf);
    assert_err(ent_quorum_run_result(&r, "keys", &res), ENT_E_POLICY);
    res.run.b[0] ^= 1;
    assert_err(ent_quorum_run_result(&r, "collector", &res), ENT_E_FORMAT);
    res = result(&r, 3);
    assert_err(ent_quorum_run_result(&r, "collector", &res), ENT_E_FORMAT);
    res = result(&r, 0x1f);
    assert_err(ent_quorum_run_result(&r, "collector", &res), ENT_E_FORMAT);
    res = result(&r, 7);
    assert_ok(ent_quorum_run_result(&r, "collector", &res));
    assert_int_equal(r.phase, ENT_QUORUM_DONE);
    assert_ok(ent_quorum_run_result(&r, "collector", &res));
    res.answer[1].b[9] ^= 1; /* another answer for one of them */
    assert_int_equal(r.collector, ENT_QUORUM_NO_FAULT);
    assert_ok(ent_quorum_run_result(&r, "collector", &res));
    assert_int_equal(r.collector, ENT_QUORUM_CONTRARY);
    t.run = r.sid;
    assert_ok(ent_quorum_run_taken(&r, "office-2", &t));
    assert_err(ent_quorum_run_taken(&r, "office-3", &t), ENT_E_POLICY); /* left out */
    assert_err(ent_quorum_run_taken(&r, "collector", &t), ENT_E_POLICY);
    t.run.b[0] ^= 1;
    assert_err(ent_quorum_run_taken(&r, "office-0", &t), ENT_E_FORMAT);
    assert_true(r.seat[2].taken && !r.seat[0].taken);
    ent_quorum_run_tick(&r, 1000, 0);
    assert_int_equal(r.phase, ENT_QUORUM_DONE);
    same_after_restart(&r);
}

static void test_accusations(void **state)
{
    struct ent_quorum_run r;
    struct ent_quorum_left_out l = {.offer = leaf, .member = "office-2", .fault = ENT_QUORUM_LATE};
    (void)state;
    reach(&r, "office-0", ENT_QUORUM_UPLOAD);
    assert_ok(ent_quorum_run_left_out(&r, "office-3", &l));
    assert_err(ent_quorum_run_left_out(&r, "stranger", &l), ENT_E_POLICY);
    memcpy(l.member, "stranger", 9);
    assert_err(ent_quorum_run_left_out(&r, "office-3", &l), ENT_E_FORMAT);
    /* Who has shown its key is not put out by a word. */
    memcpy(l.member, "keys", 5);
    assert_ok(ent_quorum_run_left_out(&r, "collector", &l));
    assert_int_equal(r.phase, ENT_QUORUM_UPLOAD);
    assert_ok(ent_quorum_run_fault(&r, ENT_QUORUM_HOLDER, "office-3", ENT_QUORUM_PROOF));
    assert_ok(ent_quorum_run_fault(&r, ENT_QUORUM_COLLECTOR, "collector", ENT_QUORUM_ANSWER));
    assert_err(ent_quorum_run_fault(&r, ENT_QUORUM_HOLDER, "office-0", ENT_QUORUM_PROOF),
               ENT_E_POLICY);
    assert_err(ent_quorum_run_fault(&r, ENT_QUORUM_COLLECTOR, "keys", ENT_QUORUM_ANSWER),
               ENT_E_POLICY);
    assert_err(ent_quorum_run_fault(&r, ENT_QUORUM_PARTICIPANT, "keys", ENT_QUORUM_LATE),
               ENT_E_POLICY);
    assert_int_equal(r.holder[1], ENT_QUORUM_PROOF);
    assert_int_equal(r.member[3], ENT_QUORUM_NO_FAULT);
    /* A lie is more than silence. */
    assert_ok(ent_quorum_run_fault(&r, ENT_QUORUM_HOLDER, "keys", ENT_QUORUM_SILENT));
    assert_ok(ent_quorum_run_fault(&r, ENT_QUORUM_HOLDER, "keys", ENT_QUORUM_PROOF));
    assert_int_equal(r.holder[0], ENT_QUORUM_PROOF);
    same_after_restart(&r);
}

static int setup(void **state)
{
    (void)state;
    return ent_secret_start() == ENT_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_message_in_every_phase, setup),
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_begin_first),
        cmocka_unit_test_setup(test_two_words, setup),
        cmocka_unit_test_setup(test_three_words, setup),
        cmocka_unit_test_setup(test_same_words, setup),
        cmocka_unit_test_setup(test_yes_and_no, setup),
        cmocka_unit_test_setup(test_two_begins, setup),
        cmocka_unit_test(test_make_begin),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_upload),
        cmocka_unit_test(test_result),
        cmocka_unit_test(test_accusations),
    };
    return ent_t_run("quorum_run", tests);
}
