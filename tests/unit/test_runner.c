/*
 * test_runner.c: a run outside of the process that reads the ledger: what a runner answers over a
 * channel is what it answers itself, in which order it lets itself be asked, what a runner that was
 * taken over brings about (the end of its run, and nothing else), and who has which runner.
 */
#include "tests/support/far.h"

#include <poll.h>

#define TYPES ENT_OBS_BIT(ENT_OBS_DOMAIN)
#define NOW   1600000000

/* --- one runner, asked in both ways -------------------------------------------------------------
 */

struct both {
    struct holder *f; /* for its desk and pool */
    struct far *far;
    struct ent_direct direct;
    struct ent_caller near, over; /* the same runner */
    struct ent_lookup_asker *asker;
    struct ent_hash32 sid;
    struct ent_run_opened opened;
    uint64_t asked;
};

static void both_start(struct both *b, unsigned known, unsigned asked)
{
    *b = (struct both){.f = holder_start(known, 60), .asked = asked};
    b->far = far_new(b->f->desk, b->f->pool);
    b->direct = (struct ent_direct){ent_runner_serve, far_runner(b->far), ENT_RUN_ANSWER_MAX};
    b->near = ent_caller_direct(&b->direct);
    b->over = far_caller(b->far);
    const struct ent_caller desk = ent_caller_direct(&b->f->asks);
    assert_ok(ent_desk_charge(&desk, "alice", 1, 1, 1000));
    assert_ok(ent_lookup_asker_new(&b->asker));
    for (unsigned i = 0; i < asked; i++) {
        char item[80];
        int n = snprintf(item, sizeof(item), "domain:" OBS "-%u.example", i);
        assert_ok(ent_lookup_asker_add(b->asker, ent_slice(item, (size_t)n)));
    }
    ent_random(b->sid.b, 32);
}

static void both_open(struct both *b)
{
    assert_ok(ent_run_open(&b->over, &b->opened, TYPES, NOW));
    assert_ok(ent_run_start(&b->over, &b->sid, b->asked));
}

static void both_end(struct both *b)
{
    ent_lookup_asker_free(b->asker);
    far_free(b->far);
    holder_stop(b->f);
}

/* The elements are the same; the proof has fresh randomness, and holds in both. */
static void ask_in_both_ways(struct both *b)
{
    struct ent_lookup_batch *q = run_batch_memory(), *again = run_batch_memory();
    for (uint64_t i = 0; i < ent_lookup_batches(b->asked); i++) {
        struct ent_buf ask, one, two;
        ent_buf_init(&ask, ENT_LOOKUP_ASK_MAX);
        ent_buf_init(&one, ENT_LOOKUP_ANSWER_MAX);
        ent_buf_init(&two, ENT_LOOKUP_ANSWER_MAX);
        assert_ok(ent_lookup_asker_ask(b->asker, q, &ask, i));
        *again = *q;
        assert_ok(ent_run_evaluate(&b->over, &one, ent_buf_slice(&ask)));
        assert_ok(ent_run_evaluate(&b->near, &two, ent_buf_slice(&ask)));
        assert_int_equal(one.n, two.n);
        assert_memory_equal(one.p, two.p, one.n - ENT_OPRF_PROOF);
        assert_ok(ent_lookup_asker_answer(b->asker, q, ent_buf_slice(&one)));
        assert_ok(ent_lookup_asker_answer(b->asker, again, ent_buf_slice(&two)));
        ent_buf_release(&ask);
        ent_buf_release(&one);
        ent_buf_release(&two);
    }
    free(q);
    free(again);
    assert_ok(ent_lookup_asker_match(b->asker));
}

static void receive_in_both_ways(struct both *b, bool labels, uint64_t blocks,
                                 struct ent_sha256 *sum)
{
    for (uint64_t i = 0; i < blocks; i++) {
        struct ent_buf one, two;
        ent_buf_init(&one, ENT_RUN_ANSWER_MAX);
        ent_buf_init(&two, ENT_RUN_ANSWER_MAX);
        assert_ok(labels ? ent_run_labels(&b->over, &one, i) : ent_run_filter(&b->over, &one, i));
        assert_ok(labels ? ent_run_labels(&b->near, &two, i) : ent_run_filter(&b->near, &two, i));
        assert_true(ent_slice_eq(ent_buf_slice(&one), ent_buf_slice(&two)));
        assert_ok(labels ? ent_lookup_asker_labels(b->asker, ent_buf_slice(&one))
                         : ent_lookup_asker_filter(b->asker, ent_buf_slice(&one)));
        ent_sha256_add(sum, ent_buf_slice(&one));
        ent_buf_release(&one);
        ent_buf_release(&two);
    }
}

static enum ent_err count_hit(void *ctx, const struct ent_lookup_hit *h)
{
    unsigned *n = ctx;
    assert_non_null(h->label);
    (*n)++;
    return ENT_OK;
}

/* More than one block and more than one note: 20,000 names in 16,384s, items of some 40 bytes. */
static void test_over_a_channel_as_in_the_process(void **state)
{
    struct ent_hash32 one, two, sum;
    struct ent_sha256 h;
    struct both b;
    unsigned hits = 0;
    uint64_t n = 0;
    (void)state;
    both_start(&b, 20000, 5000);
    both_open(&b);
    assert_int_equal(b.opened.accept.items, 20000);
    assert_ok(ent_lookup_asker_start(b.asker, &b.sid, &b.opened.accept));
    assert_ok(ent_run_build(&b.over));
    ask_in_both_ways(&b);
    ent_sha256_init(&h);
    receive_in_both_ways(&b, false, ent_filter_blocks(b.opened.accept.items), &h);
    receive_in_both_ways(&b, true, ent_labels_blocks(b.opened.accept.labels), &h);
    ent_sha256_end(&h, &sum);
    assert_ok(ent_run_digest(&b.over, &one));
    assert_ok(ent_run_digest(&b.near, &two));
    assert_memory_equal(one.b, two.b, 32);
    assert_memory_equal(one.b, sum.b, 32);
    assert_ok(ent_lookup_asker_hits(b.asker, count_hit, &hits, &n));
    assert_int_equal(hits, 1667); /* 0, 3, ... 4998 */
    both_end(&b);
}

/* --- the order ----------------------------------------------------------------------------------
 */

static enum ent_err ask_any(struct both *b, const struct ent_caller *c, enum ent_run_type type)
{
    struct ent_run_opened opened;
    struct ent_hash32 sum;
    struct ent_buf buf;
    enum ent_err r = ENT_E_UNSUPPORTED;
    ent_buf_init(&buf, ENT_RUN_ANSWER_MAX);
    switch (type) {
    case ENT_RUN_OPEN:
        r = ent_run_open(c, &opened, TYPES, NOW);
        break;
    case ENT_RUN_START:
        r = ent_run_start(c, &b->sid, b->asked);
        break;
    case ENT_RUN_BUILD:
        r = ent_run_build(c);
        break;
    case ENT_RUN_EVALUATE:
        r = ent_run_evaluate(c, &buf, ENT_SLICE_LIT("????"));
        break;
    case ENT_RUN_FILTER:
        r = ent_run_filter(c, &buf, 0);
        break;
    case ENT_RUN_LABELS:
        r = ent_run_labels(c, &buf, 0);
        break;
    case ENT_RUN_DIGEST:
        r = ent_run_digest(c, &sum);
        break;
    }
    ent_buf_release(&buf);
    return r;
}

/* After so many right steps (open, start, build), each message that may not come then ends the run:
 * nothing is answered any more. The same over a channel as without. */
static void test_the_order_is_kept(void **state)
{
    static const struct {
        unsigned steps;
        enum ent_run_type wrong;
    } cases[] = {
        {0, ENT_RUN_START},    {0, ENT_RUN_BUILD},  {0, ENT_RUN_EVALUATE}, {0, ENT_RUN_FILTER},
        {0, ENT_RUN_LABELS},   {0, ENT_RUN_DIGEST}, {1, ENT_RUN_OPEN},     {1, ENT_RUN_BUILD},
        {1, ENT_RUN_EVALUATE}, {1, ENT_RUN_FILTER}, {1, ENT_RUN_LABELS},   {1, ENT_RUN_DIGEST},
        {2, ENT_RUN_OPEN},     {2, ENT_RUN_START},  {2, ENT_RUN_FILTER},   {2, ENT_RUN_LABELS},
        {2, ENT_RUN_DIGEST},   {3, ENT_RUN_OPEN},   {3, ENT_RUN_START},    {3, ENT_RUN_BUILD},
        {3, ENT_RUN_DIGEST},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct both b;
        both_start(&b, 5, 5);
        const struct ent_caller *c = i % 2 == 0 ? &b.over : &b.near;
        for (unsigned s = 0; s < cases[i].steps; s++)
            assert_ok(ask_any(&b, c, (enum ent_run_type)(ENT_RUN_OPEN + s)));
        assert_err(ask_any(&b, c, cases[i].wrong), ENT_E_STATE);
        for (int type = ENT_RUN_OPEN; type <= ENT_RUN_DIGEST; type++)
            assert_err(ask_any(&b, c, (enum ent_run_type)type), ENT_E_STATE);
        both_end(&b);
    }
}

static void test_no_list_without_a_charge(void **state)
{
    struct both b, other;
    (void)state;
    both_start(&b, 5, 5);
    both_open(&b); /* the one that was charged for */
    far_free(b.far);
    b.far = far_new(b.f->desk, b.f->pool);
    b.over = far_caller(b.far);
    assert_err(ent_run_open(&b.over, &other.opened, TYPES, NOW), ENT_E_POLICY);
    both_end(&b);
}

static void test_notes_nobody_asked_for(void **state)
{
    static const uint8_t nothing[1];
    struct both b;
    (void)state;
    both_start(&b, 5, 5);
    assert_err(ent_runner_note(far_runner(b.far), ENT_DESK_ITEMS, ent_slice(nothing, 1)),
               ENT_E_STATE);
    assert_err(ent_run_open(&b.near, &b.opened, TYPES, NOW), ENT_E_STATE);
    both_end(&b);
}

struct short_desk {
    struct ent_runner *runner;
    struct ent_slice note;
    struct ent_desk_known known;
};

static enum ent_err answer_known(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct short_desk *d = ctx;
    assert_int_equal(call->type, ENT_DESK_KNOWN);
    if (d->note.n > 0)
        (void)!ent_runner_note(d->runner, ENT_DESK_ITEMS, d->note);
    return ent_desk_known_encode(&ret->bytes, &d->known);
}

/* The desk says how many items it sent: what is missing, or broken, is no list. */
static void test_a_list_that_is_not_whole(void **state)
{
    struct ent_label label;
    struct ent_buf note;
    struct ent_pool *pool;
    (void)state;
    ent_buf_init(&note, ENT_DESK_ITEMS_MAX);
    ent_label_make(&label, ENT_TLP_GREEN, 5, ENT_SLICE_LIT("C2"), ENT_SLICE_LIT("text"));
    assert_ok(ent_desk_item_encode(&note, ENT_SLICE_LIT("domain:x.example"), &label));
    assert_ok(ent_pool_new(&pool, 1));
    static const struct {
        uint64_t items;
        size_t cut;
        enum ent_err want;
    } cases[] = {{1, 0, ENT_OK}, {2, 0, ENT_E_PEER}, {0, 0, ENT_E_PEER}, {1, 1, ENT_E_STATE}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct short_desk d = {.note = ent_slice(note.p, note.n - cases[i].cut),
                               .known = {.items = cases[i].items, .pad = true}};
        struct ent_direct desk = {answer_known, &d, ENT_DESK_KNOWN_BYTES};
        const struct ent_caller asks = ent_caller_direct(&desk);
        struct ent_run_opened opened;
        assert_ok(ent_runner_new(&d.runner, &asks, pool));
        struct ent_direct runner = {ent_runner_serve, d.runner, ENT_RUN_ANSWER_MAX};
        const struct ent_caller c = ent_caller_direct(&runner);
        assert_err(ent_run_open(&c, &opened, TYPES, NOW), cases[i].want);
        ent_runner_free(d.runner);
    }
    ent_pool_free(pool);
    ent_buf_release(&note);
}

/* --- the bytes ----------------------------------------------------------------------------------
 */

static void test_one_form(void **state)
{
    static const struct ent_run_request requests[] = {
        {.type = ENT_RUN_OPEN, .types = TYPES, .at = NOW},
        {.type = ENT_RUN_START, .sid = {{1}}, .asked = ENT_MATCH_ITEMS_MOST},
        {.type = ENT_RUN_BUILD},
        {.type = ENT_RUN_FILTER, .block = UINT64_MAX},
        {.type = ENT_RUN_LABELS},
        {.type = ENT_RUN_DIGEST},
    };
    static const struct ent_run_request bad[] = {
        {.type = ENT_RUN_OPEN, .types = 0, .at = NOW},
        {.type = ENT_RUN_OPEN, .types = 1, .at = NOW},
        {.type = ENT_RUN_OPEN, .types = TYPES, .at = 0},
        {.type = ENT_RUN_START, .asked = 0},
        {.type = ENT_RUN_START, .asked = ENT_MATCH_ITEMS_MOST + 1},
        {.type = ENT_RUN_EVALUATE, .ask = {NULL, ENT_LOOKUP_ASK_MAX + 1}},
        {.type = (enum ent_run_type)(ENT_RUN_DIGEST + 1)},
    };
    struct ent_run_request back;
    struct ent_buf a;
    (void)state;
    ent_buf_init(&a, 64);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const uint16_t type = (uint16_t)requests[i].type;
        ent_buf_clear(&a);
        assert_ok(ent_run_request_encode(&a, &requests[i]));
        assert_ok(ent_run_request_parse(&back, type, ent_buf_slice(&a)));
        for (size_t n = 0; n < a.n; n++)
            assert_err(ent_run_request_parse(&back, type, ent_slice(a.p, n)), ENT_E_FORMAT);
        assert_ok(ent_buf_putc(&a, 'x'));
        assert_err(ent_run_request_parse(&back, type, ent_buf_slice(&a)), ENT_E_FORMAT);
        assert_err(ent_run_request_parse(&back, ENT_MSG_RUN, ent_buf_slice(&a)), ENT_E_FORMAT);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_run_request_encode(&a, &bad[i]), ENT_E_FORMAT);
    ent_buf_release(&a);
}

/* --- a runner that was taken over ---------------------------------------------------------------
 */

static const char *const names[] = {[ENT_RUN_EVALUATE - ENT_RUN_OPEN] = "evaluate",
                                    [ENT_RUN_FILTER - ENT_RUN_OPEN] = "filter/0",
                                    [ENT_RUN_LABELS - ENT_RUN_OPEN] = "labels/0",
                                    [ENT_RUN_DIGEST - ENT_RUN_OPEN] = "result"};

/* Lies of this type do not come before it is asked. */
static unsigned drive(struct run *r, enum ent_run_type type)
{
    struct ent_lookup_batch *q = run_batch_memory();
    struct ent_buf body = {0};
    unsigned status = 202;
    switch (type) {
    case ENT_RUN_BUILD:
        while ((status = run_get(r, "filter/0")) == 202)
            ;
        break;
    case ENT_RUN_EVALUATE:
        run_question(r, q, &body, 0);
        status = run_say(r, "POST", names[type - ENT_RUN_OPEN], ent_buf_slice(&body));
        break;
    case ENT_RUN_DIGEST:
        run_ask_all(r, NULL);
        run_wait_ready(r);
        run_make_result(r, &r->who->author, &body, ENT_ST_RESULT, &r->answered.act.leaf,
                        r->offer.items);
        status = run_say(r, "POST", names[type - ENT_RUN_OPEN], ent_buf_slice(&body));
        break;
    default:
        while ((status = run_get(r, names[type - ENT_RUN_OPEN])) == 202)
            ;
        break;
    }
    ent_buf_release(&body);
    free(q);
    return status;
}

/* A filter may have any length: a wrong one is for the asker to refuse. And nothing is not shorter
 * than nothing. */
static bool is_seen(enum ent_run_type type, enum far_lie how)
{
    if (type == ENT_RUN_FILTER)
        return how >= FAR_EMPTY;
    if (type == ENT_RUN_START || type == ENT_RUN_BUILD)
        return how != FAR_SHORTER && how != FAR_EMPTY;
    return true;
}

static void test_a_runner_that_lies_loses_its_run(void **state)
{
    struct holder *f = holder_start_with(5, 60, far_make);
    size_t events = 0;
    (void)state;
    for (int type = ENT_RUN_OPEN; type <= ENT_RUN_DIGEST; type++) {
        for (int how = FAR_LONGER; how <= FAR_DIES; how++) {
            struct run r;
            if (!is_seen((enum ent_run_type)type, (enum far_lie)how))
                continue;
            run_prepare(&r, f, &node_alice, 5);
            far_lie((uint16_t)type, (enum far_lie)how);
            if (type <= ENT_RUN_START) {
                assert_int_equal(run_send_offer(&r), 409);
                events += 1;
            } else {
                run_accepted(&r);
                assert_int_equal(drive(&r, (enum ent_run_type)type), 409);
                run_assert_dead(&r);
                events += 2;
            }
            assert_int_equal(holder_events(f), events);
            assert_int_equal(f->event[events - 1].e.kind, ENT_PEER_ABORTED);
            assert_int_equal(f->event[events - 1].e.err,
                             how == FAR_REFUSES ? ENT_E_LIMIT : ENT_E_PEER);
            run_end(&r);
            far_lie(0, FAR_LONGER);
            f->events = events = 0;
        }
    }
    run_whole(f, &node_alice, 5, 5); /* and all is as before */
    holder_stop(f);
}

/* One run's runner hangs while it builds, another's does not wait for it. */
static void test_who_hangs_stops_nobody_else(void **state)
{
    struct holder *f = holder_start_with(5, 60, far_make);
    struct run hangs;
    (void)state;
    far_lie(ENT_RUN_BUILD, FAR_HANGS);
    run_begin(&hangs, f, &node_alice, 3);
    assert_int_equal(run_get(&hangs, "filter/0"), 202);
    (void)usleep(50000); /* so that its build has begun */
    far_lie(0, FAR_LONGER);
    run_whole(f, &node_carol, 10, 5);
    run_whole(f, &node_alice, 10, 5);
    assert_int_equal(run_get(&hangs, "filter/0"), 202);
    far_wake();
    while (run_get(&hangs, "filter/0") == 202)
        ;
    run_assert_dead(&hangs);
    holder_assert_event(f, ENT_PEER_ABORTED, "alice", hangs.id, 3);
    run_end(&hangs);
    holder_stop(f);
}

/* --- whole runs over channels -------------------------------------------------------------------
 */

static void test_whole_runs(void **state)
{
    static const unsigned sizes[] = {2, 100, ENT_LOOKUP_BATCH + 1};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct holder *f = holder_start_with(sizes[i], 60, far_make);
        run_whole(f, &node_alice, sizes[i], sizes[i]);
        run_whole(f, &node_carol, 10, sizes[i]);
        assert_int_equal(holder_spent(f, "alice"), sizes[i]);
        holder_stop(f);
    }
}

struct job {
    struct holder *f;
    struct node *who;
};

static void *three_runs(void *arg)
{
    const struct job *j = arg;
    for (unsigned i = 0; i < 3; i++)
        run_whole(j->f, j->who, 100, 60);
    return NULL;
}

static void test_two_partners_at_once(void **state)
{
    struct holder *f = holder_start_with(60, 60, far_make);
    struct job jobs[] = {{f, &node_alice}, {f, &node_carol}};
    pthread_t t[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&t[i], NULL, three_runs, &jobs[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    assert_int_equal(holder_events(f), 12);
    holder_stop(f);
}

/* A partner has half of them, and all together leave one for quorums. What is refused uses up
 * neither a runner nor a budget. */
static void test_half_of_the_runners(void **state)
{
    struct holder *f = holder_start_with(5, 60, far_make);
    struct run a[4], c[3], more;
    (void)state;
    for (int i = 0; i < 4; i++)
        run_begin(&a[i], f, &node_alice, 3);
    for (int i = 0; i < 3; i++) {
        run_prepare(&more, f, &node_alice, 3);
        run_refused(&more, ENT_DENIED_BUSY);
        run_end(&more);
    }
    run_prepare(&more, f, &node_carol, ITEMS_MOST + 1);
    run_refused(&more, ENT_DENIED_SIZE);
    run_end(&more);
    for (int i = 0; i < 3; i++)
        run_begin(&c[i], f, &node_carol, 3);
    run_prepare(&more, f, &node_carol, 3);
    run_refused(&more, ENT_DENIED_BUSY);
    run_end(&more);
    assert_int_equal(ent_peer_running(f->peer), 7);
    for (int i = 0; i < 4; i++) {
        run_complete(&a[i], 3, 5);
        run_end(&a[i]);
    }
    for (int i = 0; i < 3; i++) {
        run_complete(&c[i], 3, 5);
        run_end(&c[i]);
    }
    assert_int_equal(holder_spent(f, "alice"), 12);
    holder_stop(f);
}

/* --- who has which ------------------------------------------------------------------------------
 */

struct slots {
    struct ent_runners *all;
    unsigned calls, ended[ENT_RUNNERS_MOST];
    struct ent_caller caller;
};

static enum ent_err count_call(void *ctx, struct ent_msg *ret, uint16_t type,
                               struct ent_slice payload)
{
    struct slots *s = ctx;
    (void)type, (void)payload;
    *ret = ENT_MSG_NOTHING;
    s->calls++;
    return ENT_OK;
}

static void count_end(void *ctx, unsigned slot)
{
    struct slots *s = ctx;
    s->ended[slot]++;
}

static void slots_start(struct slots *s, unsigned n)
{
    const struct ent_runners_opts opts = {n, s, count_end};
    *s = (struct slots){.caller = {s, count_call}};
    assert_ok(ent_runners_new(&s->all, &opts));
    assert_int_equal(ent_runners_slots(s->all), n);
}

static void test_slots(void **state)
{
    struct ent_runners_one one = {NULL, 0}, two, none = {NULL, 0};
    struct slots s;
    (void)state;
    slots_start(&s, 2);
    assert_false(ent_runners_take(s.all, ENT_RUNNERS_MATCH, &one)); /* nobody is there yet */
    ent_runners_set(s.all, 1, &s.caller);
    assert_true(ent_runners_take(s.all, ENT_RUNNERS_MATCH, &one));
    assert_false(ent_runners_take(s.all, ENT_RUNNERS_MATCH, &two));
    ent_runners_give(&one); /* nothing was asked of it: it stays */
    assert_int_equal(s.ended[1], 0);
    struct ent_caller c = ent_runners_caller(&one);
    assert_err(ent_run_build(&c), ENT_E_PEER); /* not ours any more */
    assert_true(ent_runners_take(s.all, ENT_RUNNERS_MATCH, &two));
    assert_err(ent_run_build(&c), ENT_E_PEER); /* and not another's */
    assert_int_equal(s.calls, 0);
    c = ent_runners_caller(&two);
    assert_ok(ent_run_build(&c));
    assert_int_equal(s.calls, 1);
    ent_runners_give(&one);
    assert_int_equal(s.ended[1], 0);
    ent_runners_give(&two);
    ent_runners_give(&two);
    assert_int_equal(s.ended[1], 1);
    assert_false(
        ent_runners_take(s.all, ENT_RUNNERS_MATCH, &two)); /* until the next one is there */
    ent_runners_set(s.all, 1, NULL);
    assert_false(ent_runners_take(s.all, ENT_RUNNERS_MATCH, &two));
    ent_runners_set(s.all, 1, &s.caller);
    ent_runners_set(s.all, 0, &s.caller);
    assert_true(ent_runners_take(s.all, ENT_RUNNERS_MATCH, &one));
    assert_false(ent_runners_take(s.all, ENT_RUNNERS_MATCH, &two)); /* one is left for quorums */
    assert_true(ent_runners_take(s.all, ENT_RUNNERS_QUORUM, &two));
    assert_false(ent_runners_take(s.all, ENT_RUNNERS_QUORUM, &none));
    c = ent_runners_caller(&one);
    ent_runners_set(s.all, 0, NULL); /* it died */
    assert_err(ent_run_build(&c), ENT_E_PEER);
    ent_runners_give(&one);
    assert_int_equal(s.ended[0], 0);
    c = ent_runners_caller(&none);
    assert_err(ent_run_build(&c), ENT_E_PEER);
    ent_runners_give(&none);
    ent_runners_give(&two);
    ent_runners_free(s.all);
}

static struct ent_runners *make_one(struct holder *f)
{
    struct ent_runners *r;
    assert_ok(ent_runners_local(&r, f->desk, f->pool, 1));
    return r;
}

static void test_a_single_runner(void **state)
{
    struct holder *f = holder_start_with(5, 60, make_one);
    struct run r, busy;
    (void)state;
    run_begin(&r, f, &node_alice, 3);
    run_prepare(&busy, f, &node_carol, 3);
    run_refused(&busy, ENT_DENIED_BUSY);
    run_complete(&r, 3, 5);
    run_end(&busy);
    run_end(&r);
    holder_stop(f);
}

/* --- the end of a node --------------------------------------------------------------------------
 */

static void test_draining(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct run before, after;
    (void)state;
    assert_int_equal(ent_peer_running(f->peer), 0);
    run_begin(&before, f, &node_alice, 3);
    assert_int_equal(ent_peer_running(f->peer), 1);
    ent_peer_drain(f->peer);
    run_prepare(&after, f, &node_carol, 3);
    assert_int_equal(run_send_offer(&after), 503);
    assert_int_equal(run_send_offer(&before), 200); /* the answer got lost on its way */
    assert_int_equal(ent_peer_running(f->peer), 1);
    run_complete(&before, 3, 5);
    assert_int_equal(ent_peer_running(f->peer), 1); /* whose asker looks into our log */
    for (int i = 0; i < 200 && ent_peer_running(f->peer) > 0; i++)
        (void)poll(NULL, 0, 50);
    assert_int_equal(ent_peer_running(f->peer), 0);
    assert_int_equal(run_send_offer(&after), 503);
    assert_int_equal(holder_spent(f, "carol"), 0);
    struct ent_peer *drained = f->peer;
    const struct ent_peer_opts opts = {.book = node_bob.book,
                                       .desk = ent_caller_direct(&f->asks),
                                       .runners = f->runners,
                                       .items_most = ITEMS_MOST,
                                       .idle_seconds = 60};
    assert_ok(ent_peer_new(&f->peer, &opts)); /* the same node, started again, hears it */
    ent_peer_free(drained);
    assert_int_equal(run_send_offer(&after), 200);
    run_end(&before);
    run_end(&after);
    holder_stop(f);
}

static void test_without_runners(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct ent_peer *was = f->peer;
    const struct ent_peer_opts opts = {.book = node_bob.book, .idle_seconds = 60};
    struct run r;
    (void)state;
    assert_ok(ent_peer_new(&f->peer, &opts));
    run_prepare(&r, f, &node_alice, 3);
    assert_int_equal(run_send_offer(&r), 503);
    ent_peer_free(f->peer);
    f->peer = was;
    run_accepted(&r);
    run_end(&r);
    holder_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_a_channel_as_in_the_process),
        cmocka_unit_test(test_the_order_is_kept),
        cmocka_unit_test(test_no_list_without_a_charge),
        cmocka_unit_test(test_notes_nobody_asked_for),
        cmocka_unit_test(test_a_list_that_is_not_whole),
        cmocka_unit_test(test_one_form),
        cmocka_unit_test(test_a_runner_that_lies_loses_its_run),
        cmocka_unit_test(test_who_hangs_stops_nobody_else),
        cmocka_unit_test(test_whole_runs),
        cmocka_unit_test(test_two_partners_at_once),
        cmocka_unit_test(test_half_of_the_runners),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_a_single_runner),
        cmocka_unit_test(test_draining),
        cmocka_unit_test(test_without_runners),
    };
    ent_t_start("runner");
    return cmocka_run_group_tests_name("runner", tests, node_make_all, node_free_all);
}
