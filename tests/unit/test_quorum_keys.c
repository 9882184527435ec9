/*
 * test_quorum_keys.c: key holders and participants of a quorum. Values compared with one key that
 * is the sum of all; bytes that are the same after a restart; each message damaged; participants
 * that ask too much or twice, key holders that evaluate under another key.
 */
#include "tests/support/t.h"

#include "match/match.h"

#define HOLDERS 3u
#define INDEX   2u

static const struct ent_hash32 run = {{42}};

static struct ent_quorum_offer offer(uint32_t items, enum ent_quorum_padding padding)
{
    return (struct ent_quorum_offer){
        .shape = {.members = 4, .threshold = 2, .items = items, .tables = 20}, .padding = padding};
}

static struct ent_slice item(char ret[static 32], uint64_t i)
{
    int n = snprintf(ret, 32, "domain:d%llu.example", (unsigned long long)i);
    return ent_slice(ret, (size_t)n);
}

struct side {
    struct ent_quorum_participant *p;
    struct ent_quorum_holder *h[HOLDERS];
    struct ent_element key[HOLDERS];
    struct ent_quorum_accept accept;
    struct ent_quorum_offer o;
    struct ent_quorum_batch *batch;
    struct ent_buf ask, answer;
};

static const struct ent_seed32 *holder_seed(uint32_t j)
{
    static struct ent_seed32 s;
    memset(&s, (int)(100 + j), sizeof(s));
    return &s;
}

static void start_holder(struct ent_quorum_holder **ret, const struct side *s, uint32_t j)
{
    uint32_t items[4] = {0, s->accept.items, 3, 0};
    assert_ok(ent_quorum_holder_new(ret, holder_seed(j)));
    assert_ok(ent_quorum_holder_start(*ret, &run, &s->o.shape, items));
}

/* n items of a participant and three key holders, ready for the first batch. */
static void start(struct side *s, uint32_t n, uint32_t most, enum ent_quorum_padding padding)
{
    const struct ent_seed32 seed = {{9}};
    char text[32];
    *s = (struct side){.o = offer(most, padding), .batch = calloc(1, sizeof(*s->batch))};
    assert_non_null(s->batch);
    ent_buf_init(&s->ask, ENT_QUORUM_ASK_MAX);
    ent_buf_init(&s->answer, ENT_QUORUM_EVALUATE_MAX);
    assert_ok(ent_quorum_participant_new(&s->p, &seed));
    for (uint32_t i = 0; i < n; i++)
        assert_ok(ent_quorum_participant_add(s->p, item(text, i)));
    assert_ok(ent_quorum_participant_accept(s->p, &s->accept, &s->o));
    for (uint32_t j = 0; j < HOLDERS; j++) {
        start_holder(&s->h[j], s, j);
        ent_quorum_holder_key(s->h[j], &s->key[j]);
    }
    assert_ok(ent_quorum_participant_start(s->p, &run, INDEX, s->key, HOLDERS));
}

static void end(struct side *s)
{
    for (uint32_t j = 0; j < HOLDERS; j++)
        ent_quorum_holder_free(s->h[j]);
    ent_quorum_participant_free(s->p);
    ent_buf_release(&s->ask);
    ent_buf_release(&s->answer);
    free(s->batch);
}

static void ask(struct side *s, uint32_t batch)
{
    ent_buf_clear(&s->ask);
    assert_ok(ent_quorum_participant_ask(s->p, s->batch, &s->ask, batch));
}

static void evaluate(struct side *s, uint32_t j)
{
    struct ent_quorum_admitted a;
    enum ent_quorum_fault f;
    assert_ok(ent_quorum_holder_admit(s->h[j], &a, &f, INDEX, ent_buf_slice(&s->ask)));
    ent_buf_clear(&s->answer);
    assert_ok(ent_quorum_holder_evaluate(s->h[j], &s->answer, ent_buf_slice(&s->ask)));
}

static enum ent_err give(struct side *s, uint32_t j, struct ent_slice answer,
                         enum ent_quorum_fault want)
{
    enum ent_quorum_fault f;
    enum ent_err r = ent_quorum_participant_answer(s->p, s->batch, &f, j + 1, answer);
    assert_int_equal(f, want);
    return r;
}

static void exchange(struct side *s, uint32_t batch)
{
    ask(s, batch);
    for (uint32_t j = HOLDERS; j-- > 0;) { /* in any order */
        evaluate(s, j);
        assert_ok(give(s, j, ent_buf_slice(&s->answer), ENT_QUORUM_NO_FAULT));
    }
}

/* Tables of the same items under one key, the sum of all three. */
static struct ent_quorum_table *tables_of_sum(const struct side *s, const char (*text)[96],
                                              size_t n, const struct ent_seed32 *filler)
{
    struct ent_oprf_key sum = {0}, one;
    struct ent_quorum_table *t = NULL;
    struct ent_slice in[8];
    uint8_t f[8][ENT_OPRF_OUT];
    for (uint32_t j = 0; j < HOLDERS; j++) {
        assert_ok(ent_oprf_key_derive(&one, ENT_OPRF_VERIFIABLE, holder_seed(j)->b,
                                      ENT_SLICE_LIT("entente/quorum/key/v1")));
        crypto_core_ristretto255_scalar_add(sum.sk.b, sum.sk.b, one.sk.b);
    }
    ent_element_base_mul(&sum.pk, &sum.sk);
    for (size_t i = 0; i < n; i++)
        in[i] = ent_slice(text[i], 54 + strlen(text[i] + 54));
    assert_ok(ent_oprf_own(f, ENT_OPRF_VERIFIABLE, &sum, in, n));
    assert_ok(ent_quorum_table_new(&t, &s->o.shape, INDEX, &run, filler, &f[0][0], n));
    return t;
}

/* Whatever the key holders are and in whatever order they answer: F is that of the summed key. */
static void test_value_is_of_the_sum(void **state)
{
    struct side s;
    struct ent_quorum_table *got = NULL, *want;
    struct ent_seed32 filler;
    const struct ent_seed32 seed = {{9}};
    char text[3][96] = {{0}};
    (void)state;
    start(&s, 3, 4, ENT_QUORUM_PAD_FULL);
    assert_int_equal(s.accept.items, 4);
    for (uint64_t i = 0; i < 3; i++) {
        memcpy(text[i], "entente/quorum/item/v1", 22);
        memcpy(text[i] + 22, run.b, 32);
        (void)item(text[i] + 54, i);
    }
    assert_err(ent_quorum_participant_tables(s.p, &got), ENT_E_STATE);
    exchange(&s, 0);
    assert_true(ent_quorum_participant_is_complete(s.p));
    assert_ok(ent_quorum_participant_tables(s.p, &got));
    ent_seed_derive(&filler, &seed, 1, "entquorm");
    want = tables_of_sum(&s, (const char(*)[96])text, 3, &filler);
    uint32_t cells = ent_quorum_cells(&s.o.shape);
    uint8_t a[20 * 4 * 2 * 8], b[sizeof(a)];
    assert_int_equal(sizeof(a), cells * 8);
    ent_quorum_table_shares(got, a, 0, cells);
    ent_quorum_table_shares(want, b, 0, cells);
    assert_memory_equal(a, b, sizeof(a));
    ent_quorum_table_free(got);
    ent_quorum_table_free(want);
    end(&s);
}

/* A node that was restarted: items come in another order and some of them twice. */
static void test_same_bytes_again(void **state)
{
    const struct ent_seed32 seed = {{9}};
    struct ent_quorum_participant *again = NULL;
    struct ent_quorum_accept accept = {0};
    struct ent_buf second;
    struct side s;
    char text[32];
    (void)state;
    start(&s, 50, 64, ENT_QUORUM_PAD_DOUBLE);
    ask(&s, 0);
    ent_buf_init(&second, ENT_QUORUM_ASK_MAX);
    assert_ok(ent_quorum_participant_new(&again, &seed));
    for (uint64_t i = 100; i-- > 0;)
        assert_ok(ent_quorum_participant_add(again, item(text, i % 50)));
    assert_ok(ent_quorum_participant_accept(again, &accept, &s.o));
    assert_err(ent_quorum_participant_add(again, item(text, 0)), ENT_E_STATE);
    assert_err(ent_quorum_participant_accept(again, &accept, &s.o), ENT_E_STATE);
    assert_memory_equal(&accept, &s.accept, sizeof(accept));
    assert_ok(ent_quorum_participant_start(again, &run, INDEX, s.key, HOLDERS));
    assert_ok(ent_quorum_participant_ask(again, s.batch, &second, 0));
    assert_true(ent_slice_eq(ent_buf_slice(&second), ent_buf_slice(&s.ask)));
    ent_buf_release(&second);
    ent_quorum_participant_free(again);
    end(&s);
}

static size_t common(struct ent_slice a, struct ent_slice b)
{
    size_t n = 0;
    for (size_t i = ENT_QUORUM_HEADER; i < a.n; i += 32)
        for (size_t j = ENT_QUORUM_HEADER; j < b.n; j += 32)
            n += memcmp(a.p + i, b.p + j, 32) == 0;
    return n;
}

/* No element twice in a run; none in two runs, in two places, or under two seeds. */
static void test_blinds_are_fresh(void **state)
{
    struct ent_seed32 seed = {{9}};
    const struct ent_hash32 other = {{43}};
    struct side s;
    char text[32];
    (void)state;
    start(&s, 20, 32, ENT_QUORUM_PAD_FULL);
    ask(&s, 0);
    assert_int_equal(common(ent_buf_slice(&s.ask), ent_buf_slice(&s.ask)), 32);
    for (int how = 0; how < 4; how++) {
        struct ent_quorum_participant *p = NULL;
        struct ent_quorum_accept accept = {0};
        struct ent_buf b;
        ent_buf_init(&b, ENT_QUORUM_ASK_MAX);
        seed.b[0] = how == 0 ? 8 : 9;
        assert_ok(ent_quorum_participant_new(&p, &seed));
        if (how == 1) /* one item before all others: the same items in other places */
            assert_ok(ent_quorum_participant_add(p, ENT_SLICE_LIT("a")));
        for (uint64_t i = 0; i < 20; i++)
            assert_ok(ent_quorum_participant_add(p, item(text, how == 3 ? i + 100 : i)));
        assert_ok(ent_quorum_participant_accept(p, &accept, &s.o));
        assert_memory_not_equal(&accept.root, how == 2 ? &other : &s.accept.root, 32);
        assert_ok(ent_quorum_participant_start(p, how == 2 ? &other : &run, INDEX, s.key, HOLDERS));
        assert_ok(ent_quorum_participant_ask(p, s.batch, &b, 0));
        /* Padding hides nothing: only where it stands in the same place of the same run may it be
         * what it was. */
        assert_int_equal(common(ent_buf_slice(&s.ask), ent_buf_slice(&b)), how == 1   ? 11
                                                                           : how == 3 ? 12
                                                                                      : 0);
        ent_buf_release(&b);
        ent_quorum_participant_free(p);
    }
    end(&s);
}

static void test_sizes(void **state)
{
    struct ent_quorum_offer o = offer(4, ENT_QUORUM_PAD_NONE);
    const struct ent_seed32 seed = {{1}};
    struct ent_quorum_participant *p = NULL;
    struct ent_quorum_accept a = {0};
    struct side s;
    char text[32];
    (void)state;
    assert_ok(ent_quorum_participant_new(&p, &seed));
    for (uint64_t i = 0; i < 5; i++)
        assert_ok(ent_quorum_participant_add(p, item(text, i)));
    assert_err(ent_quorum_participant_accept(p, &a, &o), ENT_E_LIMIT);
    assert_err(ent_quorum_participant_start(p, &run, 1, NULL, 2), ENT_E_STATE);
    ent_quorum_participant_free(p);
    assert_ok(ent_quorum_participant_new(&p, &seed));
    assert_ok(ent_quorum_participant_accept(p, &a, &o));
    assert_int_equal(a.items, 1); /* that it saw nothing is its own affair */
    ent_quorum_participant_free(p);
    ent_quorum_participant_free(NULL);
    ent_quorum_holder_free(NULL);
    start(&s, 3, 4, ENT_QUORUM_PAD_NONE);
    assert_err(ent_quorum_participant_ask(s.p, s.batch, &s.ask, 1), ENT_E_NOTFOUND);
    assert_err(ent_quorum_participant_start(s.p, &run, 1, s.key, HOLDERS), ENT_E_STATE);
    ask(&s, 0);
    assert_err(give(&s, HOLDERS, ent_buf_slice(&s.answer), ENT_QUORUM_NO_FAULT), ENT_E_STATE);
    end(&s);
}

/* --- participants that lie ------------------------------------------------------------------ */

static enum ent_err admit(struct side *s, uint32_t index, struct ent_slice m,
                          enum ent_quorum_fault want)
{
    struct ent_quorum_admitted a;
    enum ent_quorum_fault f = ENT_QUORUM_ANSWER;
    enum ent_err r = ent_quorum_holder_admit(s->h[0], &a, &f, index, m);
    assert_int_equal(f, want);
    return r;
}

/* After a lie the key holder has no more to do with it, whatever comes then. */
static void test_lies_to_holder(void **state)
{
    static const struct {
        enum ent_err err;
        enum ent_quorum_fault fault;
    } want[] = {
        {ENT_E_FORMAT, ENT_QUORUM_MALFORMED}, /* one byte more */
        {ENT_E_FORMAT, ENT_QUORUM_MALFORMED}, /* one element less */
        {ENT_E_FORMAT, ENT_QUORUM_MALFORMED}, /* less than a head */
        {ENT_E_LIMIT, ENT_QUORUM_EXCESS},     /* a batch that was not announced */
        {ENT_E_LIMIT, ENT_QUORUM_EXCESS},     /* the same batch with other contents */
        {ENT_E_EXISTS, ENT_QUORUM_REPEATED},  /* an element twice in a batch */
        {ENT_E_AUTH, ENT_QUORUM_FOREIGN},     /* the index of somebody else */
    };
    (void)state;
    for (size_t how = 0; how < sizeof(want) / sizeof(want[0]); how++) {
        struct side s;
        start(&s, 5, 8, ENT_QUORUM_PAD_NONE);
        ask(&s, 0);
        struct ent_slice m = ent_buf_slice(&s.ask);
        if (how == 0) {
            assert_ok(ent_buf_putc(&s.ask, 0));
            m = ent_buf_slice(&s.ask);
        } else if (how == 1) {
            m.n -= 32;
        } else if (how == 2) {
            m.n = ENT_QUORUM_HEADER - 1;
        } else if (how == 3) {
            s.ask.p[36] = 1;
        } else if (how == 4) {
            assert_ok(admit(&s, INDEX, m, ENT_QUORUM_NO_FAULT));
            s.ask.p[ENT_QUORUM_HEADER] ^= 2;
        } else if (how == 5) {
            memcpy(s.ask.p + ENT_QUORUM_HEADER + 128, s.ask.p + ENT_QUORUM_HEADER, 32);
        } else {
            s.ask.p[32] = 3;
        }
        assert_err(admit(&s, INDEX, m, want[how].fault), want[how].err);
        ask(&s, 0);
        assert_err(admit(&s, INDEX, ent_buf_slice(&s.ask), ENT_QUORUM_NO_FAULT), ENT_E_STATE);
        assert_false(ent_quorum_holder_is_complete(s.h[0], INDEX));
        end(&s);
    }
}

/* What is nobody's lie has no fault: another run, an index without a part. */
static void test_no_fault(void **state)
{
    struct side s;
    (void)state;
    start(&s, 5, 8, ENT_QUORUM_PAD_NONE);
    ask(&s, 0);
    for (uint32_t index = 0; index < 66; index++)
        if (index != INDEX && index != 3)
            assert_err(admit(&s, index, ent_buf_slice(&s.ask), ENT_QUORUM_NO_FAULT), ENT_E_STATE);
    s.ask.p[0] ^= 1;
    assert_err(admit(&s, INDEX, ent_buf_slice(&s.ask), ENT_QUORUM_NO_FAULT), ENT_E_STATE);
    s.ask.p[0] ^= 1;
    assert_ok(admit(&s, INDEX, ent_buf_slice(&s.ask), ENT_QUORUM_NO_FAULT));
    assert_ok(admit(&s, INDEX, ent_buf_slice(&s.ask), ENT_QUORUM_NO_FAULT));
    assert_true(ent_quorum_holder_is_complete(s.h[0], INDEX));
    /* Not an element: admitted, and refused when it is calculated with. */
    struct side bad;
    start(&bad, 5, 8, ENT_QUORUM_PAD_NONE);
    ask(&bad, 0);
    memset(bad.ask.p + ENT_QUORUM_HEADER + 32, 0, 32);
    assert_ok(admit(&bad, INDEX, ent_buf_slice(&bad.ask), ENT_QUORUM_NO_FAULT));
    assert_err(ent_quorum_holder_evaluate(bad.h[0], &bad.answer, ent_buf_slice(&bad.ask)),
               ENT_E_FORMAT);
    assert_int_equal(bad.answer.n, 0);
    end(&bad);
    end(&s);
}

/* Two batches: an element of the first in the second; after a restart, other contents. */
static void test_batches_and_restart(void **state)
{
    struct side s;
    struct ent_quorum_admitted kept, a;
    enum ent_quorum_fault f;
    struct ent_quorum_holder *again = NULL;
    uint8_t element[32];
    (void)state;
    start(&s, 5, ENT_LOOKUP_BATCH + 1, ENT_QUORUM_PAD_FULL);
    ask(&s, 1);
    assert_int_equal(s.ask.n, ENT_QUORUM_HEADER + 32);
    memcpy(element, s.ask.p + ENT_QUORUM_HEADER, 32);
    assert_ok(ent_quorum_holder_admit(s.h[0], &kept, &f, INDEX, ent_buf_slice(&s.ask)));
    assert_true(kept.fresh);
    assert_ok(ent_quorum_holder_admit(s.h[0], &a, &f, INDEX, ent_buf_slice(&s.ask)));
    assert_false(a.fresh);
    ask(&s, 0);
    memcpy(s.ask.p + ENT_QUORUM_HEADER + 32 * 4095, element, 32);
    assert_err(admit(&s, INDEX, ent_buf_slice(&s.ask), ENT_QUORUM_REPEATED), ENT_E_EXISTS);

    start_holder(&again, &s, 0);
    assert_ok(ent_quorum_holder_again(again, &kept));
    assert_err(ent_quorum_holder_again(again, &kept), ENT_E_FORMAT);
    a = kept;
    a.batch = 2;
    assert_err(ent_quorum_holder_again(again, &a), ENT_E_FORMAT);
    a.index = 0;
    assert_err(ent_quorum_holder_again(again, &a), ENT_E_FORMAT);
    ask(&s, 1);
    assert_ok(ent_quorum_holder_admit(again, &a, &f, INDEX, ent_buf_slice(&s.ask)));
    assert_false(a.fresh);
    s.ask.p[ENT_QUORUM_HEADER] ^= 2;
    assert_err(ent_quorum_holder_admit(again, &a, &f, INDEX, ent_buf_slice(&s.ask)), ENT_E_LIMIT);
    assert_int_equal(f, ENT_QUORUM_EXCESS);
    ent_quorum_holder_free(again);
    end(&s);
}

static void test_holder_sizes(void **state)
{
    const struct ent_quorum_shape shape = {.members = 3, .threshold = 2, .items = 8, .tables = 20};
    uint32_t items[3] = {1, 9, 0};
    struct ent_quorum_holder *h = NULL;
    (void)state;
    assert_ok(ent_quorum_holder_new(&h, holder_seed(0)));
    assert_err(ent_quorum_holder_start(h, &run, &shape, items), ENT_E_LIMIT);
    items[1] = 8;
    assert_ok(ent_quorum_holder_start(h, &run, &shape, items));
    assert_err(ent_quorum_holder_start(h, &run, &shape, items), ENT_E_STATE);
    ent_quorum_holder_free(h);
}

/* --- key holders that lie ------------------------------------------------------------------- */

static void test_lies_to_participant(void **state)
{
    struct side s;
    uint8_t good[32 * 5 + ENT_OPRF_PROOF];
    (void)state;
    start(&s, 5, 8, ENT_QUORUM_PAD_NONE);
    ask(&s, 0);
    evaluate(&s, 0);
    assert_int_equal(s.answer.n, sizeof(good));
    memcpy(good, s.answer.p, sizeof(good));
    /* Another holder's answer is one under another key. */
    assert_err(give(&s, 1, ent_slice(good, sizeof(good)), ENT_QUORUM_PROOF), ENT_E_AUTH);
    assert_err(give(&s, 0, ent_slice(good, sizeof(good) - 1), ENT_QUORUM_MALFORMED), ENT_E_FORMAT);
    assert_err(give(&s, 0, ent_slice(good, 0), ENT_QUORUM_MALFORMED), ENT_E_FORMAT);
    for (size_t i = 0; i < sizeof(good); i++) {
        enum ent_quorum_fault f;
        s.answer.p[i] ^= (uint8_t)(1u << ent_t_below(8));
        assert_int_not_equal(
            ent_quorum_participant_answer(s.p, s.batch, &f, 1, ent_buf_slice(&s.answer)), ENT_OK);
        assert_true(f == ENT_QUORUM_PROOF || f == ENT_QUORUM_MALFORMED);
        s.answer.p[i] = good[i];
    }
    /* Two answers exchanged. */
    memcpy(s.answer.p, good + 32, 32);
    memcpy(s.answer.p + 32, good, 32);
    assert_err(give(&s, 0, ent_buf_slice(&s.answer), ENT_QUORUM_PROOF), ENT_E_AUTH);
    assert_int_equal(s.batch->answered, 0);
    /* None of that spoils the batch. */
    assert_ok(give(&s, 0, ent_slice(good, sizeof(good)), ENT_QUORUM_NO_FAULT));
    assert_ok(give(&s, 0, ent_slice(good, 3), ENT_QUORUM_NO_FAULT));
    assert_false(ent_quorum_participant_is_complete(s.p));
    for (uint32_t j = 1; j < HOLDERS; j++) {
        evaluate(&s, j);
        assert_ok(give(&s, j, ent_buf_slice(&s.answer), ENT_QUORUM_NO_FAULT));
    }
    assert_true(ent_quorum_participant_is_complete(s.p));
    for (size_t i = 0; i < sizeof(s.batch->blind); i++)
        assert_int_equal(((const uint8_t *)s.batch->blind)[i], 0);
    end(&s);
}

/* Whoever makes its key out of the others' does not know it, and cannot prove an evaluation. */
static void test_rogue_key(void **state)
{
    struct side s;
    struct ent_element rogue;
    struct ent_scalar one = {{1}};
    struct ent_oprf_key mine;
    struct ent_quorum_participant *p = NULL;
    const struct ent_seed32 seed = {{9}};
    struct ent_quorum_accept accept = {0};
    enum ent_quorum_fault f;
    char text[32];
    (void)state;
    start(&s, 1, 3, ENT_QUORUM_PAD_NONE);
    /* pk2 = G - pk1, so that F would be under the known key 1. */
    ent_element_base_mul(&rogue, &one);
    assert_ok(ent_element_sub(&rogue, &rogue, &s.key[0]));
    s.key[1] = rogue;
    assert_ok(ent_quorum_participant_new(&p, &seed));
    assert_ok(ent_quorum_participant_add(p, item(text, 0)));
    assert_ok(ent_quorum_participant_accept(p, &accept, &s.o));
    assert_ok(ent_quorum_participant_start(p, &run, INDEX, s.key, 2));
    ent_buf_clear(&s.ask);
    assert_ok(ent_quorum_participant_ask(p, s.batch, &s.ask, 0));
    evaluate(&s, 0);
    assert_ok(ent_quorum_participant_answer(p, s.batch, &f, 1, ent_buf_slice(&s.answer)));
    /* The right evaluation: blinded - k1 * blinded; with any proof that it can make. */
    struct ent_element e, first;
    assert_ok(ent_element_decode(&first, s.answer.p));
    assert_ok(ent_element_sub(&e, &s.batch->blinded[0], &first));
    ent_oprf_key_generate(&mine);
    mine.pk = rogue;
    memcpy(s.answer.p, e.b, 32);
    assert_ok(ent_oprf_prove(s.answer.p + 32, ENT_OPRF_VERIFIABLE, &mine, s.batch->blinded, &e, 1));
    assert_err(ent_quorum_participant_answer(p, s.batch, &f, 2, ent_buf_slice(&s.answer)),
               ENT_E_AUTH);
    assert_int_equal(f, ENT_QUORUM_PROOF);
    ent_quorum_participant_free(p);
    end(&s);
}

static int setup(void **state)
{
    (void)state;
    return ent_secret_start() == ENT_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_value_is_of_the_sum, setup),
        cmocka_unit_test(test_same_bytes_again),
        cmocka_unit_test(test_blinds_are_fresh),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_lies_to_holder),
        cmocka_unit_test(test_no_fault),
        cmocka_unit_test(test_batches_and_restart),
        cmocka_unit_test(test_holder_sizes),
        cmocka_unit_test(test_lies_to_participant),
        cmocka_unit_test(test_rogue_key),
    };
    return ent_t_run("quorum_keys", tests);
}
