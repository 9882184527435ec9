/*
 * test_seeker.c: the asker's side of a run behind messages: what it finds is what an asker without
 * messages finds; in which order it lets itself be asked; and what is believed of one that was
 * taken over.
 */
#include "tests/support/t.h"

#include "node/node.h"

#define KNOWN  300u
#define ASKED  5000u /* two batches */
#define COMMON 100u  /* every third of those that are known */

struct match {
    struct ent_lookup_holder *holder;
    struct ent_seeker *seeker;
    struct ent_direct direct;
    struct ent_caller c;
    struct ent_match_offer offer;
    struct ent_match_accept accept;
    struct ent_seed32 seed;
    struct ent_hash32 sid;
};

static size_t name_of(char ret[static 64], unsigned i)
{
    return (size_t)snprintf(ret, 64, "domain:n%u.example", i);
}

static void add_items(struct match *m, unsigned n)
{
    struct ent_buf b;
    char name[64];
    ent_buf_init(&b, ENT_SEEK_ADD_MAX);
    for (unsigned i = 0; i < n; i++)
        assert_ok(ent_seek_put(&b, ent_slice(name, name_of(name, i))));
    assert_ok(ent_seek_add(&m->c, ent_buf_slice(&b)));
    ent_buf_release(&b);
}

static void match_start(struct match *m, unsigned asked, bool pad)
{
    struct ent_label l;
    char name[64];
    uint32_t label = 0;
    *m = (struct match){.sid = {{1}}};
    assert_ok(ent_seeker_new(&m->seeker, NULL));
    m->direct = (struct ent_direct){ent_seeker_serve, m->seeker, ENT_SEEK_ANSWER_MAX};
    m->c = ent_caller_direct(&m->direct);
    assert_ok(ent_lookup_holder_new(&m->holder));
    ent_label_make(&l, ENT_TLP_GREEN, 80, ENT_SLICE_LIT("c2"), ENT_SLICE_LIT("seen in May"));
    assert_ok(ent_lookup_holder_label(m->holder, &label, &l));
    for (unsigned i = 0; i < KNOWN; i++)
        assert_ok(ent_lookup_holder_add(
            m->holder, ent_slice(name, name_of(name, i % 3 == 0 ? i : 100000 + i)), label));
    assert_ok(ent_lookup_holder_accept(m->holder, &m->accept));
    add_items(m, asked);
    assert_ok(ent_seek_offer(&m->c, &m->offer, &m->seed, pad));
    assert_ok(ent_lookup_holder_start(m->holder, &m->sid, m->offer.items));
    for (size_t i = 0; i < ent_lookup_holder_parts(m->holder); i++)
        assert_ok(ent_lookup_holder_tags(m->holder, i));
    ent_lookup_holder_sort(m->holder);
}

static void match_end(struct match *m)
{
    ent_lookup_holder_free(m->holder);
    ent_seeker_free(m->seeker);
}

/* The holder's answer to this batch. */
static void ask_batch(struct match *m, struct ent_buf *answer, uint64_t batch)
{
    struct ent_buf ask;
    ent_buf_init(&ask, ENT_LOOKUP_ASK_MAX);
    ent_buf_init(answer, ENT_LOOKUP_ANSWER_MAX);
    assert_ok(ent_seek_question(&m->c, &ask, m->offer.items, batch));
    assert_ok(ent_lookup_holder_admit(m->holder, ent_buf_slice(&ask)));
    assert_ok(ent_lookup_holder_evaluate(m->holder, answer, ent_buf_slice(&ask)));
    ent_buf_release(&ask);
}

static void ask_all(struct match *m)
{
    struct ent_buf answer;
    assert_ok(ent_seek_start(&m->c, &m->sid, &m->accept));
    for (uint64_t i = ent_lookup_batches(m->offer.items); i-- > 0;) { /* in any order */
        ask_batch(m, &answer, i);
        assert_ok(ent_seek_answer(&m->c, i, ent_buf_slice(&answer)));
        ent_buf_release(&answer);
    }
    assert_ok(ent_seek_match(&m->c));
}

static void receive_all(struct match *m)
{
    struct ent_buf block;
    ent_buf_init(&block, ENT_FILTER_BLOCK_MAX);
    for (uint64_t i = 0; i < ent_filter_blocks(m->accept.items); i++) {
        ent_buf_clear(&block);
        assert_ok(ent_lookup_holder_filter(m->holder, &block, i));
        assert_ok(ent_seek_filter(&m->c, ent_buf_slice(&block)));
    }
    for (uint64_t i = 0; i < ent_labels_blocks(m->accept.labels); i++) {
        ent_buf_clear(&block);
        assert_ok(ent_lookup_holder_labels(m->holder, &block, i));
        assert_ok(ent_seek_labels(&m->c, ent_buf_slice(&block)));
    }
    ent_buf_release(&block);
}

static enum ent_err check_said(void *ctx, const struct ent_lookup_hit *h)
{
    unsigned *n = ctx;
    char name[64];
    assert_true(ent_slice_eq(h->item, ent_slice(name, name_of(name, 3 * *n))));
    assert_non_null(h->label);
    assert_string_equal(h->label->kind, "c2");
    assert_string_equal(h->label->text, "seen in May");
    assert_int_equal(h->label->confidence, 80);
    (*n)++;
    return ENT_OK;
}

static void check_result(struct match *m)
{
    struct ent_buf text, want, labels;
    uint64_t hits = 0;
    unsigned said = 0;
    ent_buf_init(&text, 1u << 20);
    ent_buf_init(&want, 1u << 20);
    for (unsigned i = 0; i < KNOWN; i += 3)
        assert_ok(ent_buf_printf(&want, "domain:n%u.example\n", i));
    assert_ok(ent_seek_hits(&m->c, &text, &hits));
    assert_int_equal(hits, COMMON);
    assert_true(ent_slice_eq(ent_buf_slice(&text), ent_buf_slice(&want)));
    ent_buf_init(&labels, ENT_SEEK_SAID_MAX);
    assert_ok(ent_seek_said(&m->c, &labels));
    assert_ok(ent_seek_said_each(ent_buf_slice(&labels), check_said, &said));
    ent_buf_release(&labels);
    assert_int_equal(said, COMMON);
    text.n = 0;
    text.max = want.n - 1;
    assert_err(ent_seek_hits(&m->c, &text, &hits), ENT_E_LIMIT);
    assert_int_equal(text.n, 0);
    ent_buf_release(&text);
    ent_buf_release(&want);
}

static void test_a_whole_run(void **state)
{
    struct match m;
    (void)state;
    for (int pad = 0; pad < 2; pad++) {
        match_start(&m, ASKED, pad == 1);
        assert_int_equal(m.offer.items, pad == 1 ? 8192 : ASKED);
        ask_all(&m);
        receive_all(&m);
        check_result(&m);
        match_end(&m);
    }
}

/* Made for somebody who was refused once: another nonce, the same set. */
static void test_another_offer(void **state)
{
    struct ent_match_offer again = {.items = 0};
    struct ent_seed32 seed;
    struct match m;
    (void)state;
    match_start(&m, 5, true);
    assert_ok(ent_seek_offer(&m.c, &again, &seed, true));
    assert_int_equal(again.items, 8);
    assert_memory_equal(again.root.b, m.offer.root.b, 32);
    assert_memory_equal(seed.b, m.seed.b, 32);
    assert_memory_not_equal(again.nonce.b, m.offer.nonce.b, 32);
    match_end(&m);
}

/* --- the order ----------------------------------------------------------------------------------
 */

static enum ent_err raw(struct match *m, uint16_t type, const void *p, size_t n)
{
    struct ent_msg ret = ENT_MSG_NOTHING;
    enum ent_err r = m->c.call(m->c.ctx, &ret, type, ent_slice(p, n));
    if (r == ENT_OK)
        ent_msg_release(&ret);
    return r;
}

/* In the phase that `until` leads to, these end it. */
static void refused(int until, uint16_t type, const void *p, size_t n, enum ent_err want)
{
    struct ent_buf answer;
    struct match m;
    match_start(&m, 10, false);
    ent_buf_init(&answer, 1);
    if (until >= 1)
        assert_ok(ent_seek_start(&m.c, &m.sid, &m.accept));
    if (until >= 2)
        ask_batch(&m, &answer, 0);
    if (until >= 3)
        assert_ok(ent_seek_answer(&m.c, 0, ent_buf_slice(&answer)));
    if (until >= 4)
        assert_ok(ent_seek_match(&m.c));
    assert_err(raw(&m, type, p, n), want);
    /* And nothing goes on after it. */
    assert_err(ent_seek_match(&m.c), ENT_E_STATE);
    assert_err(ent_seek_offer(&m.c, &m.offer, &m.seed, false), ENT_E_STATE);
    assert_err(raw(&m, ENT_SEEK_QUESTION, "\0\0\0\0\0\0\0", 8), ENT_E_STATE);
    ent_buf_release(&answer);
    match_end(&m);
}

static void test_what_comes_at_the_wrong_time(void **state)
{
    static const char zero[8], one[8] = {1};
    (void)state;
    refused(0, ENT_SEEK_QUESTION, zero, 8, ENT_E_STATE);
    refused(0, ENT_SEEK_ANSWER, zero, 8, ENT_E_STATE);
    refused(0, ENT_SEEK_MATCH, zero, 0, ENT_E_STATE);
    refused(1, ENT_SEEK_ADD, "\2\0xx", 4, ENT_E_STATE);
    refused(1, ENT_SEEK_OFFER, zero, 1, ENT_E_STATE);
    refused(1, ENT_SEEK_QUESTION, one, 8, ENT_E_STATE); /* there is one batch */
    refused(1, ENT_SEEK_FILTER, zero, 1, ENT_E_STATE);
    refused(2, ENT_SEEK_QUESTION, zero, 8, ENT_E_STATE); /* asked already */
    refused(2, ENT_SEEK_ANSWER, one, 8, ENT_E_STATE);    /* not asked */
    refused(2, ENT_SEEK_MATCH, zero, 0, ENT_E_STATE);    /* not answered */
    refused(3, ENT_SEEK_ANSWER, zero, 8, ENT_E_STATE);   /* answered already */
    refused(3, ENT_SEEK_HITS, zero, 8, ENT_E_STATE);
    refused(4, ENT_SEEK_MATCH, zero, 0, ENT_E_STATE);
    refused(4, ENT_SEEK_HITS, zero, 8, ENT_E_STATE); /* nothing was received */
    refused(4, ENT_SEEK_SAID, zero, 0, ENT_E_STATE);
    refused(4, ENT_SEEK_LABELS, zero, 1, ENT_E_STATE); /* before the filter */
}

static void test_what_is_no_message(void **state)
{
    static const char zero[40];
    (void)state;
    refused(0, ENT_SEEK_ADD, "\3\0xx", 4, ENT_E_FORMAT);
    refused(0, ENT_SEEK_ADD, "\0\0", 2, ENT_E_FORMAT);
    refused(0, ENT_SEEK_OFFER, "\2", 1, ENT_E_FORMAT);
    refused(0, ENT_SEEK_START, zero, 40, ENT_E_FORMAT);
    refused(1, ENT_SEEK_QUESTION, zero, 9, ENT_E_FORMAT);
    refused(2, ENT_SEEK_ANSWER, zero, 40, ENT_E_FORMAT); /* of another length */
    refused(4, ENT_SEEK_FILTER, zero, 40, ENT_E_FORMAT);
    refused(4, ENT_SEEK_HITS, zero, 7, ENT_E_FORMAT);
    refused(4, ENT_SEEK_SAID, zero, 1, ENT_E_FORMAT);
    refused(0, 0, zero, 0, ENT_E_FORMAT);
}

/* One bit of an answer: its proof holds no more, or its point is none. */
static void test_an_answer_that_was_changed(void **state)
{
    (void)state;
    for (size_t at = 0; at < 10 * 32 + ENT_OPRF_PROOF; at += 31) {
        struct ent_buf answer;
        struct match m;
        match_start(&m, 10, false);
        assert_ok(ent_seek_start(&m.c, &m.sid, &m.accept));
        ask_batch(&m, &answer, 0);
        answer.p[at] ^= 4;
        enum ent_err r = ent_seek_answer(&m.c, 0, ent_buf_slice(&answer));
        assert_true(r == ENT_E_AUTH || r == ENT_E_FORMAT);
        assert_err(ent_seek_match(&m.c), ENT_E_STATE);
        ent_buf_release(&answer);
        match_end(&m);
    }
}

static void test_nothing_to_ask(void **state)
{
    struct ent_match_offer o = {.items = 0};
    struct ent_seeker *s = NULL;
    struct ent_seed32 seed;
    (void)state;
    assert_ok(ent_seeker_new(&s, NULL));
    struct ent_direct direct = {ent_seeker_serve, s, ENT_SEEK_ANSWER_MAX};
    const struct ent_caller c = ent_caller_direct(&direct);
    assert_err(ent_seek_offer(&c, &o, &seed, true), ENT_E_STATE);
    ent_seeker_free(s);
}

static void test_what_fits_into_a_message(void **state)
{
    static const char long_one[ENT_OBS_KEY_MAX + 1];
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 12);
    assert_ok(ent_seek_put(&b, ENT_SLICE_LIT("abcd")));
    assert_err(ent_seek_put(&b, ENT_SLICE_LIT("abcde")), ENT_E_LIMIT);
    assert_int_equal(b.n, 6);
    assert_ok(ent_seek_put(&b, ENT_SLICE_LIT("abcd")));
    assert_err(ent_seek_put(&b, ent_slice(NULL, 0)), ENT_E_FORMAT);
    assert_err(ent_seek_put(&b, ent_slice(long_one, sizeof(long_one))), ENT_E_FORMAT);
    ent_buf_release(&b);
}

/* --- one that was taken over --------------------------------------------------------------------
 */

static enum ent_err lie(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    const struct ent_slice *bytes = ctx;
    (void)payload;
    *ret = (struct ent_msg){.type = type, .fd = -1};
    ent_buf_init(&ret->bytes, bytes->n);
    return ent_buf_put_slice(&ret->bytes, *bytes);
}

static enum ent_err no_hit(void *ctx, const struct ent_lookup_hit *h)
{
    (void)h;
    (*(unsigned *)ctx)++;
    return ENT_OK;
}

#define HEAD(hits, bytes) hits "\0\0\0\0\0\0\0" bytes "\0\0\0\0\0\0\0"
static void test_lies(void **state)
{
    static const struct ent_slice hits[] = {
        ENT_SLICE_LIT(""),
        ENT_SLICE_LIT(HEAD("\1", "\4")),            /* nothing of four */
        ENT_SLICE_LIT(HEAD("\1", "\3") "abc"),      /* no line */
        ENT_SLICE_LIT(HEAD("\2", "\4") "abc\n"),    /* one line of two */
        ENT_SLICE_LIT(HEAD("\1", "\3") "abc\n"),    /* more than there is */
        ENT_SLICE_LIT(HEAD("\1", "\4") "a\33c\n"),  /* what a terminal would do */
        ENT_SLICE_LIT(HEAD("\1", "\4") "a\377c\n"), /* no UTF-8 */
    };
    static const struct ent_slice said[] = {
        ENT_SLICE_LIT("\2\1\0a"), ENT_SLICE_LIT("\0\2\0a"), ENT_SLICE_LIT("\1\1\0a"),
        ENT_SLICE_LIT("\1\1\0a\7\120\0\0\0"), /* no such marking */
    };
    static const struct ent_slice good = ENT_SLICE_LIT(HEAD("\1", "\4") "abc\n");
    struct ent_match_offer o = {.items = 7};
    struct ent_seed32 seed;
    struct ent_buf b;
    uint64_t n = 7;
    unsigned told = 0;
    (void)state;
    ent_buf_init(&b, ENT_LOOKUP_ASK_MAX);
    struct ent_caller c = {(void *)(uintptr_t)&good, lie};
    assert_ok(ent_seek_hits(&c, &b, &n));
    assert_int_equal(n, 1);
    for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
        c.ctx = (void *)(uintptr_t)&hits[i];
        assert_err(ent_seek_hits(&c, &b, &n), ENT_E_PEER);
        assert_int_equal(b.n, 4);
    }
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        c.ctx = (void *)(uintptr_t)&said[i];
        assert_err(ent_seek_said(&c, &b), ENT_E_PEER);
        assert_err(ent_seek_said_each(said[i], no_hit, &told), ENT_E_FORMAT);
    }
    assert_int_equal(told, 0);
    c.ctx = (void *)(uintptr_t)&good; /* 20 bytes: neither an offer, nor a question, nor nothing */
    assert_err(ent_seek_offer(&c, &o, &seed, false), ENT_E_PEER);
    assert_int_equal(o.items, 7);
    assert_err(ent_seek_question(&c, &b, 1, 0), ENT_E_PEER);
    assert_int_equal(b.n, 4);
    assert_err(ent_seek_match(&c), ENT_E_PEER);
    assert_err(ent_seek_answer(&c, 0, ent_slice("x", 1)), ENT_E_PEER);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_run),
        cmocka_unit_test(test_another_offer),
        cmocka_unit_test(test_what_comes_at_the_wrong_time),
        cmocka_unit_test(test_what_is_no_message),
        cmocka_unit_test(test_an_answer_that_was_changed),
        cmocka_unit_test(test_nothing_to_ask),
        cmocka_unit_test(test_what_fits_into_a_message),
        cmocka_unit_test(test_lies),
    };
    return ent_t_run("seeker", tests);
}
