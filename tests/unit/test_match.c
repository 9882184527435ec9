/*
 * test_match.c: the lookup mode. Equality with plain intersection on random sets; every message
 * changed, cut or repeated; askers and holders that cheat.
 */
#include "tests/support/t.h"

#include "match/match.h"
#include "match/items.h"

struct run {
    struct ent_lookup_asker *a;
    struct ent_lookup_holder *h;
    struct ent_match_offer offer;
    struct ent_match_accept accept;
    struct ent_hash32 sid;
};

static struct ent_slice item(char ret[static 32], uint64_t i)
{
    int n = snprintf(ret, 32, "domain:d%llu.example", (unsigned long long)i);
    return ent_slice(ret, (size_t)n);
}

static struct ent_label label_for(uint64_t i)
{
    struct ent_label l;
    char kind[16], text[32];
    (void)snprintf(kind, sizeof(kind), "kind%d", (int)(i % 3));
    (void)snprintf(text, sizeof(text), "text %d", (int)(i % 7));
    ent_label_make(&l, ENT_TLP_GREEN, (int)(i % 101), ent_slice_str(kind), ent_slice_str(text));
    return l;
}

/* The asker has items of even numbers below 2*na, the holder every third of 3*nh. */
static void start(struct run *r, uint64_t na, uint64_t nh, bool pad)
{
    char text[32];
    *r = (struct run){0};
    assert_ok(ent_lookup_asker_new(&r->a));
    assert_ok(ent_lookup_holder_new(&r->h));
    for (uint64_t i = 0; i < na; i++)
        assert_ok(ent_lookup_asker_add(r->a, item(text, 2 * i)));
    if (pad)
        assert_ok(ent_lookup_asker_pad(r->a));
    for (uint64_t i = 0; i < nh; i++) {
        struct ent_label l = label_for(3 * i);
        uint32_t index;
        assert_ok(ent_lookup_holder_label(r->h, &index, &l));
        assert_ok(ent_lookup_holder_add(r->h, item(text, 3 * i), index));
    }
    if (pad)
        ent_lookup_holder_pad(r->h);
    ent_lookup_asker_offer(r->a, &r->offer);
    assert_ok(ent_lookup_holder_accept(r->h, &r->accept));
    ent_random(r->sid.b, 32);
    assert_ok(ent_lookup_holder_start(r->h, &r->sid, r->offer.items));
    assert_ok(ent_lookup_asker_start(r->a, &r->sid, &r->accept));
    for (size_t i = 0; i < ent_lookup_holder_parts(r->h); i++)
        assert_ok(ent_lookup_holder_tags(r->h, i));
    ent_lookup_holder_sort(r->h);
}

static void end(struct run *r)
{
    ent_lookup_asker_free(r->a);
    ent_lookup_holder_free(r->h);
}

static struct ent_lookup_batch *batch_memory(void)
{
    struct ent_lookup_batch *b = malloc(sizeof(*b));
    assert_non_null(b);
    return b;
}

static void ask_all(struct run *r)
{
    struct ent_lookup_batch *b = batch_memory();
    struct ent_buf ask, answer;
    ent_buf_init(&ask, ENT_LOOKUP_ASK_MAX);
    ent_buf_init(&answer, ENT_LOOKUP_ANSWER_MAX);
    for (uint64_t i = 0; i < ent_lookup_batches(r->offer.items); i++) {
        ent_buf_clear(&ask);
        ent_buf_clear(&answer);
        assert_ok(ent_lookup_asker_ask(r->a, b, &ask, i));
        assert_false(ent_lookup_holder_is_complete(r->h));
        assert_ok(ent_lookup_holder_admit(r->h, ent_buf_slice(&ask)));
        assert_ok(ent_lookup_holder_evaluate(r->h, &answer, ent_buf_slice(&ask)));
        assert_ok(ent_lookup_asker_answer(r->a, b, ent_buf_slice(&answer)));
    }
    assert_true(ent_lookup_holder_is_complete(r->h));
    assert_ok(ent_lookup_asker_match(r->a));
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    free(b);
}

static void receive_all(struct run *r)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    for (uint64_t i = 0; i < ent_filter_blocks(r->accept.items); i++) {
        ent_buf_clear(&b);
        assert_ok(ent_lookup_holder_filter(r->h, &b, i));
        assert_ok(ent_lookup_asker_filter(r->a, ent_buf_slice(&b)));
    }
    for (uint64_t i = 0; i < ent_labels_blocks(r->accept.labels); i++) {
        ent_buf_clear(&b);
        assert_ok(ent_lookup_holder_labels(r->h, &b, i));
        assert_ok(ent_lookup_asker_labels(r->a, ent_buf_slice(&b)));
    }
    ent_buf_clear(&b);
    assert_err(ent_lookup_holder_filter(r->h, &b, ent_filter_blocks(r->accept.items)),
               ENT_E_NOTFOUND);
    ent_buf_release(&b);
}

/* Hits must come in the asker's order: 0, 6, 12, ... */
struct expected {
    uint64_t next, below;
    bool labels_open;
};

static enum ent_err check_hit(void *ctx, const struct ent_lookup_hit *h)
{
    struct expected *e = ctx;
    char text[32];
    struct ent_label want = label_for(e->next);
    assert_true(e->next < e->below);
    assert_true(ent_slice_eq(h->item, item(text, e->next)));
    if (e->labels_open) {
        assert_non_null(h->label);
        assert_string_equal(h->label->kind, want.kind);
        assert_string_equal(h->label->text, want.text);
        assert_int_equal(h->label->confidence, want.confidence);
        assert_int_equal(h->label->tlp, want.tlp);
    } else {
        assert_null(h->label);
    }
    e->next += 6;
    return ENT_OK;
}

static void assert_hits(struct run *r, uint64_t na, uint64_t nh)
{
    uint64_t below = 2 * na < 3 * nh ? 2 * na : 3 * nh, n = 999;
    struct expected e = {.below = below, .labels_open = true};
    assert_ok(ent_lookup_asker_hits(r->a, check_hit, &e, &n));
    assert_int_equal(n, (below + 5) / 6);
    assert_int_equal(e.next, n * 6);
}

static void test_equals_plain_intersection(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 2, 3, 7, 64, 500};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t k = 1; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
            for (int pad = 0; pad < 2; pad++) {
                struct run r;
                start(&r, sizes[k], sizes[i], pad != 0);
                ask_all(&r);
                receive_all(&r);
                assert_hits(&r, sizes[k], sizes[i]);
                end(&r);
            }
        }
    }
    for (int i = 0; i < 5; i++) {
        uint64_t na = 1 + ent_t_below(600), nh = ent_t_below(600);
        struct run r;
        start(&r, na, nh, ent_t_below(2) != 0);
        ask_all(&r);
        receive_all(&r);
        assert_hits(&r, na, nh);
        end(&r);
    }
}

/* Batches and blocks that are not full, exactly full, and one more. */
static void test_sizes_around_batches(void **state)
{
    static const uint64_t sizes[] = {ENT_LOOKUP_BATCH - 1, ENT_LOOKUP_BATCH, ENT_LOOKUP_BATCH + 1};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ent_lookup_batches(sizes[i]), i == 2 ? 2 : 1);
        assert_int_equal(ent_lookup_batch_count(sizes[i], 0),
                         i == 0 ? ENT_LOOKUP_BATCH - 1 : ENT_LOOKUP_BATCH);
        assert_int_equal(ent_lookup_batch_count(sizes[i], 1), i == 2 ? 1 : 0);
    }
    assert_int_equal(ent_lookup_batches(0), 0);
    assert_int_equal(ent_filter_block_count(ENT_FILTER_BLOCK + 1, 1), 1);
    struct run r;
    start(&r, ENT_LOOKUP_BATCH + 1, 100, false);
    ask_all(&r);
    receive_all(&r);
    assert_hits(&r, ENT_LOOKUP_BATCH + 1, 100);
    end(&r);
}

/* --- cheating askers ----------------------------------------------------------------------------
 */

static void test_an_asker_cannot_ask_more(void **state)
{
    struct run r;
    struct ent_lookup_batch *b = batch_memory();
    struct ent_buf ask, answer;
    (void)state;
    start(&r, 5, 5, false);
    ent_buf_init(&ask, 4096);
    ent_buf_init(&answer, 4096);
    assert_ok(ent_lookup_asker_ask(r.a, b, &ask, 0));
    assert_int_equal(ask.n, 4 + 5 * 32);
    for (size_t cut = 0; cut < ask.n; cut++) /* too short */
        assert_int_not_equal(ent_lookup_holder_admit(r.h, ent_slice(ask.p, cut)), ENT_OK);
    assert_ok(ent_buf_put(&ask, ask.p + 4, 32)); /* one element too many */
    assert_err(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask)), ENT_E_FORMAT);
    ask.n -= 32;
    ask.p[0] = 1; /* a batch that was not announced */
    assert_err(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask)), ENT_E_FORMAT);
    ask.p[3] = 0xFF;
    assert_err(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask)), ENT_E_FORMAT);
    ask.p[0] = ask.p[3] = 0;
    assert_ok(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask)));
    assert_ok(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask))); /* sent again: the same answer */
    struct ent_element other = {{0}};
    struct ent_scalar k;
    ent_scalar_random(&k);
    ent_element_base_mul(&other, &k);
    memcpy(ask.p + 4, other.b, 32); /* the same batch with another question */
    assert_err(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask)), ENT_E_STATE);
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    free(b);
    end(&r);
}

static void test_wrong_points_are_refused(void **state)
{
    static const uint8_t bad[][32] = {
        {0},                                          /* the identity */
        {1},                                          /* negative */
        {2, 0},                                       /* not a square: no point */
        {[0] = 0xED, [1 ... 30] = 0xFF, [31] = 0x7F}, /* p itself */
        {[0 ... 31] = 0xFF},
    };
    struct run r;
    struct ent_lookup_batch *b = batch_memory();
    struct ent_buf ask, answer;
    (void)state;
    ent_buf_init(&ask, 4096);
    ent_buf_init(&answer, 4096);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        start(&r, 3, 3, false);
        ent_buf_clear(&ask);
        assert_ok(ent_lookup_asker_ask(r.a, b, &ask, 0));
        memcpy(ask.p + 4 + 32, bad[i], 32);
        assert_ok(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask)));
        assert_err(ent_lookup_holder_evaluate(r.h, &answer, ent_buf_slice(&ask)), ENT_E_FORMAT);
        assert_int_equal(answer.n, 0);
        end(&r);
    }
    start(&r, 3, 3, false); /* bit 255, which libsodium would let pass */
    ent_buf_clear(&ask);
    assert_ok(ent_lookup_asker_ask(r.a, b, &ask, 0));
    ask.p[4 + 31] |= 0x80;
    assert_ok(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask)));
    assert_err(ent_lookup_holder_evaluate(r.h, &answer, ent_buf_slice(&ask)), ENT_E_FORMAT);
    end(&r);
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    free(b);
}

/* --- cheating holders ---------------------------------------------------------------------------
 */

static void test_every_changed_bit_of_an_answer_is_seen(void **state)
{
    struct run r;
    struct ent_lookup_batch *b = batch_memory(), *kept = batch_memory();
    struct ent_buf ask, answer;
    (void)state;
    start(&r, 2, 2, false);
    ent_buf_init(&ask, 4096);
    ent_buf_init(&answer, 4096);
    assert_ok(ent_lookup_asker_ask(r.a, kept, &ask, 0));
    assert_ok(ent_lookup_holder_admit(r.h, ent_buf_slice(&ask)));
    assert_ok(ent_lookup_holder_evaluate(r.h, &answer, ent_buf_slice(&ask)));
    for (size_t bit = 0; bit < 8 * answer.n; bit += 3) {
        *b = *kept;
        answer.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum ent_err e = ent_lookup_asker_answer(r.a, b, ent_buf_slice(&answer));
        assert_true(e == ENT_E_FORMAT || e == ENT_E_AUTH);
        answer.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < answer.n; cut += 7) {
        *b = *kept;
        assert_err(ent_lookup_asker_answer(r.a, b, ent_slice(answer.p, cut)), ENT_E_FORMAT);
    }
    *b = *kept; /* answers swapped: each is right, the proof is not */
    uint8_t swap[32];
    memcpy(swap, answer.p, 32);
    memcpy(answer.p, answer.p + 32, 32);
    memcpy(answer.p + 32, swap, 32);
    assert_err(ent_lookup_asker_answer(r.a, b, ent_buf_slice(&answer)), ENT_E_AUTH);
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    free(b);
    free(kept);
    end(&r);
}

/* A holder who answers under another key than the one in its acceptance could recognise the asker
 * in a later run, or make hits vanish for some. */
static void test_another_key_is_seen(void **state)
{
    struct run r, other;
    struct ent_lookup_batch *b = batch_memory();
    struct ent_buf ask, answer;
    (void)state;
    start(&r, 2, 2, false);
    start(&other, 2, 2, false);
    ent_buf_init(&ask, 4096);
    ent_buf_init(&answer, 4096);
    assert_ok(ent_lookup_asker_ask(r.a, b, &ask, 0));
    assert_ok(ent_lookup_holder_admit(other.h, ent_buf_slice(&ask)));
    assert_ok(ent_lookup_holder_evaluate(other.h, &answer, ent_buf_slice(&ask)));
    assert_err(ent_lookup_asker_answer(r.a, b, ent_buf_slice(&answer)), ENT_E_AUTH);
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    free(b);
    end(&r);
    end(&other);
}

static void test_a_malformed_filter_is_refused(void **state)
{
    struct ent_filter_entry e[50], back[50];
    struct ent_filter_pos pos;
    struct ent_buf b;
    size_t n;
    (void)state;
    for (uint64_t count = 1; count <= 50; count += 7) {
        for (size_t i = 0; i < count; i++) {
            ent_random(&e[i], sizeof(e[i]));
            e[i].tag[0] = (uint8_t)(i * 5); /* ascending */
        }
        ent_buf_init(&b, 1u << 16);
        ent_filter_start(&pos, count);
        assert_ok(ent_filter_encode(&b, &pos, e, (size_t)count));
        ent_filter_start(&pos, count);
        assert_ok(ent_filter_decode(back, &n, &pos, ent_buf_slice(&b)));
        assert_int_equal(n, count);
        assert_memory_equal(back, e, count * sizeof(e[0]));
        assert_err(ent_filter_decode(back, &n, &pos, ent_buf_slice(&b)), ENT_E_FORMAT);
        for (size_t cut = 0; cut < b.n; cut++) {
            ent_filter_start(&pos, count);
            assert_err(ent_filter_decode(back, &n, &pos, ent_slice(b.p, cut)), ENT_E_FORMAT);
        }
        for (size_t bit = 0; bit < 8 * b.n; bit++) { /* refused, or other tags in order */
            b.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
            ent_filter_start(&pos, count);
            if (ent_filter_decode(back, &n, &pos, ent_buf_slice(&b)) == ENT_OK) {
                struct ent_buf again;
                assert_int_not_equal(memcmp(back, e, count * sizeof(e[0])), 0);
                for (size_t i = 1; i < count; i++)
                    assert_true(memcmp(back[i - 1].tag, back[i].tag, ENT_TAG) < 0);
                ent_buf_init(&again, 1u << 16);
                ent_filter_start(&pos, count);
                assert_ok(ent_filter_encode(&again, &pos, back, (size_t)count));
                assert_true(ent_slice_eq(ent_buf_slice(&again), ent_buf_slice(&b)));
                ent_buf_release(&again);
            }
            b.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        ent_buf_release(&b);
    }
}

static void test_no_result_before_everything_came(void **state)
{
    struct run r;
    struct expected e = {0};
    uint64_t n;
    (void)state;
    start(&r, 3, 3, false);
    assert_err(ent_lookup_asker_hits(r.a, check_hit, &e, &n), ENT_E_STATE);
    ask_all(&r);
    assert_err(ent_lookup_asker_hits(r.a, check_hit, &e, &n), ENT_E_STATE);
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_err(ent_lookup_asker_labels(r.a, ent_buf_slice(&b)), ENT_E_STATE);
    assert_ok(ent_lookup_holder_filter(r.h, &b, 0));
    assert_ok(ent_lookup_asker_filter(r.a, ent_buf_slice(&b)));
    assert_err(ent_lookup_asker_hits(r.a, check_hit, &e, &n), ENT_E_STATE);
    ent_buf_clear(&b);
    assert_ok(ent_lookup_holder_labels(r.h, &b, 0));
    assert_err(ent_lookup_asker_labels(r.a, ent_slice(b.p, b.n - 1)), ENT_E_FORMAT);
    ent_buf_release(&b);
    end(&r);
}

/* A holder seals its labels wrongly to see who stumbles: nobody does, outwardly. */
static void test_labels_that_do_not_open_change_nothing(void **state)
{
    struct run r;
    struct ent_buf b;
    uint64_t n = 0;
    struct expected e = {.below = 20, .labels_open = false};
    (void)state;
    start(&r, 10, 10, false);
    ask_all(&r);
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_lookup_holder_filter(r.h, &b, 0));
    assert_ok(ent_lookup_asker_filter(r.a, ent_buf_slice(&b)));
    ent_buf_clear(&b);
    assert_ok(ent_lookup_holder_labels(r.h, &b, 0));
    for (size_t i = 0; i < b.n; i += ENT_LABEL_BOX)
        b.p[i] ^= 1;
    assert_ok(ent_lookup_asker_labels(r.a, ent_buf_slice(&b)));
    assert_ok(ent_lookup_asker_hits(r.a, check_hit, &e, &n));
    assert_int_equal(n, 4);
    ent_buf_release(&b);
    end(&r);
}

static void test_labels(void **state)
{
    struct ent_label l, back;
    struct ent_hash32 sid = {{1}};
    struct ent_label_key key = {{2}}, other = {{3}};
    uint8_t box[ENT_LABEL_BOX];
    char longest[2000];
    (void)state;
    memset(longest, 'x', sizeof(longest));
    memcpy(longest + ENT_LABEL_TEXT - 1, "\xc3\xa9", 2); /* a character across the cut */
    ent_label_make(&l, ENT_TLP_RED, 100, ent_slice(longest, 300), ent_slice(longest, 2000));
    assert_int_equal(strlen(l.kind), ENT_LABEL_KIND);
    assert_int_equal(strlen(l.text), ENT_LABEL_TEXT - 1);
    ent_label_seal(box, &l, &sid, 7, &key);
    assert_ok(ent_label_open(&back, box, &sid, 7, &key));
    assert_string_equal(back.text, l.text);
    assert_err(ent_label_open(&back, box, &sid, 8, &key), ENT_E_AUTH);
    assert_err(ent_label_open(&back, box, &sid, 7, &other), ENT_E_AUTH);
    sid.b[0] = 9;
    assert_err(ent_label_open(&back, box, &sid, 7, &key), ENT_E_AUTH);
}

/* More different descriptions than the table holds: texts go first, hits never. */
static void test_more_labels_than_there_is_room(void **state)
{
    struct ent_lookup_holder *h;
    struct ent_match_accept accept;
    uint32_t index = 0;
    (void)state;
    assert_ok(ent_lookup_holder_new(&h));
    for (uint32_t i = 0; i < 2 * ENT_MATCH_LABELS_MOST; i++) {
        struct ent_label l;
        char text[32];
        int n = snprintf(text, sizeof(text), "text %u", i);
        ent_label_make(&l, ENT_TLP_CLEAR, (int)(i % 101), ent_slice(text, (size_t)n),
                       ent_slice(text, (size_t)n));
        assert_ok(ent_lookup_holder_label(h, &index, &l));
        assert_true(index < ENT_MATCH_LABELS_MOST);
    }
    assert_ok(ent_lookup_holder_accept(h, &accept));
    assert_int_equal(accept.labels, ENT_MATCH_LABELS_MOST);
    ent_lookup_holder_free(h);
}

/* The number of the box that the filter names for an item, as its asker can learn it. */
static uint32_t box_of(struct run *r, const struct ent_filter_entry *filter, size_t n,
                       struct ent_slice x)
{
    struct ent_lookup_batch *b = batch_memory();
    struct ent_element evaluated;
    struct ent_filter_entry own;
    uint8_t out[1][ENT_OPRF_OUT];
    struct ent_buf ask, answer;
    ent_buf_init(&ask, ENT_LOOKUP_ASK_MAX);
    ent_buf_init(&answer, ENT_LOOKUP_ANSWER_MAX);
    assert_ok(ent_oprf_blind(b->blind, b->blinded, ENT_OPRF_VERIFIABLE, &x, 1));
    assert_ok(ent_buf_put(&ask, "\0\0\0\0", 4));
    assert_ok(ent_buf_put(&ask, b->blinded[0].b, 32));
    assert_ok(ent_lookup_holder_evaluate(r->h, &answer, ent_buf_slice(&ask)));
    assert_ok(ent_element_decode(&evaluated, answer.p));
    ent_oprf_finalize(out, &x, b->blind, &evaluated, 1);
    ent_lookup_expand(&own, &r->sid, out[0]);
    ent_buf_release(&ask);
    ent_buf_release(&answer);
    free(b);
    for (size_t i = 0; i < n; i++) {
        if (memcmp(filter[i].tag, own.tag, ENT_TAG) != 0)
            continue;
        for (size_t j = 0; j < 4; j++)
            own.masked[j] ^= filter[i].masked[j];
        return (uint32_t)own.masked[0] | (uint32_t)own.masked[1] << 8;
    }
    fail_msg("an item of the holder is not in its filter");
    return 0;
}

/* Which box a hit leads to must not say how many descriptions come before it in the list. */
static void test_boxes_are_shuffled(void **state)
{
    enum { N = 40 }; /* each with a description of its own */
    struct ent_filter_entry filter[N];
    struct ent_filter_pos pos;
    struct ent_buf b;
    struct run r;
    char text[32];
    size_t count = 0, in_place = 0, beyond = 0;
    uint64_t used = 0;
    (void)state;
    start(&r, 1, N, false);
    assert_int_equal(r.accept.labels, 64);
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_lookup_holder_filter(r.h, &b, 0));
    ent_filter_start(&pos, N);
    assert_ok(ent_filter_decode(filter, &count, &pos, ent_buf_slice(&b)));
    for (uint64_t i = 0; i < N; i++) {
        uint32_t box = box_of(&r, filter, count, item(text, 3 * i));
        assert_in_range(box, 0, 63);
        assert_true((used >> box & 1) == 0);
        used |= (uint64_t)1 << box;
        in_place += box == i;
        beyond += box >= N;
    }
    assert_in_range(in_place, 0, N / 2); /* N/64 on average; more than half never */
    assert_true(beyond > 0);             /* padding is shuffled too; by chance not in 2^-57 */
    ent_buf_release(&b);
    end(&r);
}

/* --- known answers: docs/match.md section 9, from tools/gen-match --------------------------------
 */

static void assert_hex(const void *p, size_t n, const char *hex)
{
    char text[256];
    assert_true(2 * n < sizeof(text));
    ent_hex_encode(text, p, n);
    assert_string_equal(text, hex);
}

static void counting(uint8_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = (uint8_t)i;
}

static void test_known_entry_and_label(void **state)
{
    struct ent_hash32 sid, sum;
    struct ent_filter_entry e;
    struct ent_label_key key;
    struct ent_label l;
    uint8_t out[ENT_OPRF_OUT], box[ENT_LABEL_BOX];
    (void)state;
    counting(sid.b, sizeof(sid.b));
    counting(out, sizeof(out));
    counting(key.b, sizeof(key.b));
    ent_lookup_expand(&e, &sid, out);
    assert_hex(e.tag, ENT_TAG, "e6512790c0759b0db2a1cc9509e09163");
    assert_hex(e.masked, ENT_MASKED, "55ceb33155d2c8edee3c997eeb9e03d58221a0f7");
    ent_label_make(&l, ENT_TLP_GREEN, 80, ENT_SLICE_LIT("C2"), ENT_SLICE_LIT("\xc3\x84rger"));
    ent_label_seal(box, &l, &sid, 7, &key);
    assert_hex(box, 16, "c71e45917bd9ec9f0363d68096dc95d6");
    assert_hex(box + ENT_LABEL_BOX - 16, 16, "10b3710509eece7d7ed9af1a54954678");
    ent_sha256_of(&sum, ent_slice(box, sizeof(box)));
    assert_hex(sum.b, 32, "44c902301f3763bf16bc68497bacb76a1569f33c75ca55559b2334d810d896a7");
}

static void test_known_filter(void **state)
{
    static const uint8_t first[] = {0x00, 0x40, 0xc0, 0xff}, rest[] = {0x00, 0x00, 0x00, 0xff};
    struct ent_filter_entry e[4], back[4];
    struct ent_filter_pos pos;
    struct ent_buf b;
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        memset(e[i].tag, rest[i], ENT_TAG);
        e[i].tag[0] = first[i];
        memset(e[i].masked, (int)(0x11 * (i + 1)), ENT_MASKED);
    }
    e[0].tag[ENT_TAG - 1] = 1;
    ent_buf_init(&b, 1024);
    ent_filter_start(&pos, 4);
    assert_ok(ent_filter_encode(&b, &pos, e, 4));
    assert_int_equal(b.n, 4 + 64 + 4 * ENT_MASKED);
    assert_hex(b.p, 4 + 64,
               "40000000"
               "00000000000000000000000000000002ffffffffffffffffffffffffffffffff"
               "00000000000000000000000000000000fffffffffffffffffffffffffffffffc");
    assert_hex(b.p + 68, ENT_MASKED, "1111111111111111111111111111111111111111");
    ent_filter_start(&pos, 4);
    assert_ok(ent_filter_decode(back, &n, &pos, ent_buf_slice(&b)));
    assert_memory_equal(back, e, sizeof(e));
    ent_buf_release(&b);
}

static void test_known_sid_and_root(void **state)
{
    struct ent_act offer = {.st = {.author = "alpha"}}, accept = {.st = {.author = "bravo"}};
    struct ent_match_offer o;
    struct ent_match_accept a;
    struct ent_commitment c;
    struct ent_hash32 sid, root;
    (void)state;
    memset(o.nonce.b, 1, 32);
    memset(a.nonce.b, 2, 32);
    memset(offer.st.pact.b, 3, 32);
    memset(accept.st.pact.b, 4, 32);
    memset(offer.leaf.b, 5, 32);
    memset(accept.leaf.b, 6, 32);
    ent_match_sid(&sid, &offer, &o, &accept, &a);
    assert_hex(sid.b, 32, "2607d7fac060003707cb21af780da7662f0abf3c9a4b839206af97a15bc1636b");
    ent_commitment_init(&c);
    memset(c.seed.b, 7, 32);
    ent_commitment_add(&c, ENT_SLICE_LIT("domain:a.example"));
    ent_commitment_add(&c, ENT_SLICE_LIT("domain:b.example"));
    ent_merkle_root(&c.tree, &root);
    assert_hex(root.b, 32, "c44af23f26cd4a317ce3558a1f32d4e0f7cf3f1ea826bc7875a207c35f21a28a");
}

/* --- terms --------------------------------------------------------------------------------------
 */

static struct ent_match_offer some_offer(void)
{
    struct ent_match_offer o = {.to = "bravo", .items = ent_t_below(1000000)};
    o.types = (uint32_t)ent_t_rand() & ENT_OBS_ALL;
    if (o.types == 0)
        o.types = ENT_OBS_BIT(ENT_OBS_IPV4);
    ent_random(o.nonce.b, 32);
    ent_random(o.root.b, 32);
    return o;
}

static void test_terms_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct ent_match_offer o = some_offer(), o2;
        struct ent_match_accept a = {.items = ent_t_below(1000), .labels = ent_t_below(100)}, a2;
        struct ent_match_result res = {.asked = ent_t_below(1000)}, res2;
        struct ent_oprf_key key;
        struct ent_buf b;
        ent_buf_init(&b, 4096);
        assert_ok(ent_match_offer_encode(&b, &o));
        assert_ok(ent_match_offer_parse(&o2, ent_buf_slice(&b)));
        assert_int_equal(o2.types, o.types);
        assert_int_equal(o2.items, o.items);
        assert_memory_equal(o2.nonce.b, o.nonce.b, 32);
        b.n -= 1 + ent_t_below(b.n - 1);
        assert_int_not_equal(ent_match_offer_parse(&o2, ent_buf_slice(&b)), ENT_OK);
        ent_buf_clear(&b);
        ent_oprf_key_generate(&key);
        a.key = key.pk;
        assert_ok(ent_match_accept_encode(&b, &a));
        assert_ok(ent_match_accept_parse(&a2, ent_buf_slice(&b)));
        assert_memory_equal(a2.key.b, a.key.b, 32);
        ent_buf_clear(&b);
        assert_ok(ent_match_result_encode(&b, &res));
        assert_ok(ent_match_result_parse(&res2, ent_buf_slice(&b)));
        assert_int_equal(res2.asked, res.asked);
        ent_buf_release(&b);
    }
}

static void test_terms_have_one_form(void **state)
{
#define N32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define OFFER(to, mode, types, items)                                                              \
    "entente/match-offer@v1\nto " to "\nmode " mode "\ntypes " types "\nitems " items              \
    "\nnonce " N32 "\nroot " N32 "\n"
    static const struct {
        const char *text;
        enum ent_err want;
    } cases[] = {
        {OFFER("b", "lookup", "ipv4,domain", "5"), ENT_OK},
        {OFFER("b", "lookup", "domain,ipv4", "5"), ENT_E_FORMAT}, /* out of order */
        {OFFER("b", "lookup", "ipv4,ipv4", "5"), ENT_E_FORMAT},   /* twice */
        {OFFER("b", "lookup", "ip", "5"), ENT_E_FORMAT},          /* a group's name */
        {OFFER("b", "lookup", "", "5"), ENT_E_FORMAT},
        {OFFER("b", "lookup", "ipv4", "05"), ENT_E_FORMAT},
        {OFFER("b", "lookup", "ipv4", "100000001"), ENT_E_LIMIT},
        {OFFER("b", "overlap", "ipv4", "5"), ENT_E_FORMAT},
        {OFFER("b", "lookup", "ipv4", "5") "x", ENT_E_FORMAT},
        {"", ENT_E_FORMAT},
    };
    struct ent_match_offer o;
    struct ent_match_accept a;
    enum ent_verdict v;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_err(ent_match_offer_parse(&o, ent_slice_str(cases[i].text)), cases[i].want);
    /* a key that is the identity would make every answer the same */
    assert_err(
        ent_match_accept_parse(&a, ent_slice_str("entente/match-accept@v1\nitems 1\nlabels 1"
                                                 "\nkey " N32 "\nnonce " N32 "\nroot " N32 "\n")),
        ENT_E_FORMAT);
    assert_ok(
        ent_match_refuse_parse(&v, ENT_SLICE_LIT("entente/match-refuse@v1\nreason budget\n")));
    assert_int_equal(v, ENT_DENIED_BUDGET);
    assert_err(ent_match_refuse_parse(&v, ENT_SLICE_LIT("entente/match-refuse@v1\nreason x\n")),
               ENT_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_plain_intersection),
        cmocka_unit_test(test_sizes_around_batches),
        cmocka_unit_test(test_an_asker_cannot_ask_more),
        cmocka_unit_test(test_wrong_points_are_refused),
        cmocka_unit_test(test_every_changed_bit_of_an_answer_is_seen),
        cmocka_unit_test(test_another_key_is_seen),
        cmocka_unit_test(test_a_malformed_filter_is_refused),
        cmocka_unit_test(test_no_result_before_everything_came),
        cmocka_unit_test(test_labels_that_do_not_open_change_nothing),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_more_labels_than_there_is_room),
        cmocka_unit_test(test_boxes_are_shuffled),
        cmocka_unit_test(test_known_entry_and_label),
        cmocka_unit_test(test_known_filter),
        cmocka_unit_test(test_known_sid_and_root),
        cmocka_unit_test(test_terms_round_trip),
        cmocka_unit_test(test_terms_have_one_form),
    };
    return ent_t_run("match", tests);
}
