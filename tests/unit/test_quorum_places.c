/*
 * test_quorum_places.c: two members who offer as much as they can, good and bad, so that nobody
 * else has room for a run, among the engines of six; and what is left of runs that are over.
 */
#include "tests/support/offices.h"

#include <dirent.h>
#include <poll.h>

#define ALL    ((1u << OFFICE_MEMBERS) - 1)
#define LOOKS  600u /* a tenth of a second apart */
#define FIRST  3u   /* of the two */
#define HONEST ((1u << FIRST) - 1)
#define HOUR   3600

static struct offices all;
static unsigned offers; /* each is another one */

static int setup(void **state)
{
    (void)state;
    offices_start(&all, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    offices_end(&all);
    return 0;
}

/* --- offers that no engine of an honest member would make ---------------------------------------
 */

struct shown {
    struct ent_quorum_offer offer;
    char run[ENT_QUORUM_ID];
    struct ent_act act;
    struct ent_buf room, said;
    uint64_t index;
};

static void make(struct ent_quorum_offer *ret, unsigned from, unsigned ago)
{
    struct ent_book *book = all.o[from]->node.book;
    ent_book_lock(book);
    assert_ok(ent_quorum_offer_of_rule(ret, ent_book_home(book)->pact,
                                       OFFICE_WINDOW - (int64_t)ago * HOUR,
                                       (int64_t)atomic_load(&all.now)));
    ent_book_unlock(book);
    ret->nonce.b[0] = (uint8_t)++offers;
}

static void sign(struct shown *s, unsigned from)
{
    struct ent_buf body;
    ent_buf_init(&body, ENT_QUORUM_OFFER_MAX);
    ent_buf_init(&s->room, ENT_ACT_MAX);
    ent_buf_init(&s->said, ENT_DELIVERY_MAX);
    assert_ok(ent_quorum_offer_encode(&body, &s->offer));
    assert_ok(ent_q_act(all.o[from]->q, &s->act, &s->room, &s->said, &s->index, ENT_QSAY_OFFER,
                        NULL, &body));
    ent_quorum_id(s->run, &s->act.leaf);
    ent_buf_release(&body);
}

/* As an engine would, again where its log has grown meanwhile. */
static unsigned show(const struct shown *s, unsigned from, unsigned to, struct ent_buf *answer)
{
    struct node *node = &all.o[from]->node;
    const struct ent_wire wire = node_wire(node);
    struct ent_buf said;
    unsigned status = 503;
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    for (unsigned i = 0; i < 5 && status == 503; i++) {
        ent_buf_clear(&said);
        if (ent_view_submit(ent_book_view(node->book), NULL, &wire, all.o[to]->home->self.name,
                            ent_clock_now()) == ENT_OK &&
            ent_book_deliver(node->book, &said, NULL, s->index) == ENT_OK)
            status =
                office_ask(&all, from, to, "POST", ENT_QUORUM_PATH, ent_buf_slice(&said), answer);
    }
    ent_buf_release(&said);
    return status;
}

static void release(struct shown *s)
{
    ent_buf_release(&s->room);
    ent_buf_release(&s->said);
}

static unsigned places(unsigned of)
{
    struct ent_quorums *q = all.o[of]->q;
    unsigned n = 0;
    (void)pthread_mutex_lock(&q->lock);
    for (unsigned i = 0; i < ENT_QUORUMS_MOST; i++)
        n += q->run[i] != NULL;
    (void)pthread_mutex_unlock(&q->lock);
    return n;
}

/* --- good ones ----------------------------------------------------------------------------------
 */

/* Everybody saw something then, too. */
static void see_before(unsigned hours)
{
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
        for (unsigned h = 1; h <= hours; h++) {
            const struct ent_windows_add add = {.id = {OFFICE_WINDOW - (int64_t)h * HOUR, HOUR},
                                                .types = ENT_OBS_ALL,
                                                .most = ENT_WINDOW_ITEMS_MOST};
            struct ent_observed *set = NULL;
            struct ent_windows_added added;
            struct ent_observable what;
            char dir[ENT_PATH_MAX];
            assert_ok(ent_observed_new(&set, 0));
            assert_ok(ent_observable_parse(&what, NULL, ENT_SLICE_LIT("9.9.9.9")));
            assert_ok(ent_observed_add(set, &what));
            assert_ok(ent_observe_folder(all.o[i]->home, dir));
            assert_ok(ent_windows_add(dir, &add, set, &added, NULL));
            ent_observed_free(set);
        }
    }
}

/* The two accept, and never ask or send anything in their own runs: they last to the deadline. */
static bool stall(struct offices *of, unsigned from, unsigned to, const char *path,
                  struct ent_buf *body)
{
    (void)of, (void)to, (void)body;
    return from < FIRST || from == OFFICE_COLLECTS ||
           (strstr(path, "/evaluate") == NULL && strstr(path, "/block") == NULL);
}

/* As many as go, and some more that find no place anywhere. */
static void flood(unsigned from, unsigned *hours)
{
    struct ent_buf answer;
    ent_buf_init(&answer, 1u << 20);
    for (unsigned n = 0; n < ENT_QUORUMS_OF_ONE + 2; n++) {
        struct shown s;
        make(&s.offer, from, ++*hours);
        sign(&s, from);
        for (unsigned to = 0; to < OFFICES; to++)
            if (to != from)
                assert_int_equal(show(&s, from, to, &answer), n < ENT_QUORUMS_OF_ONE ? 200 : 503);
        if (n < ENT_QUORUMS_OF_ONE)
            assert_ok(
                ent_q_begin(all.o[from]->q, &s.act, &s.offer, ent_buf_slice(&s.said), s.index));
        release(&s);
    }
    ent_buf_release(&answer);
}

static void test_flood(void **state)
{
    enum ent_quorum_reason why;
    enum ent_verdict verdict;
    unsigned hours = 0;
    (void)state;
    see_before(2 * (ENT_QUORUMS_OF_ONE + 2));
    all.tamper = stall;
    flood(FIRST, &hours);
    flood(FIRST + 1, &hours);
    office_stop(all.o[0]); /* which keeps and loses nothing of that */
    office_begin(all.o[0]);
    for (unsigned i = 0; i < FIRST; i++)
        assert_int_equal(places(i), 2 * ENT_QUORUMS_OF_ONE);
    make(&all.offer, 2, 0);
    for (unsigned i = FIRST; i < OFFICE_MEMBERS; i++)
        ent_quorum_offer_leave_out(&all.offer, all.o[i]->home->self.name);
    assert_ok(ent_quorums_offer(all.o[2]->q, all.run, &why, &verdict, &all.offer));
    offices_wait_taken(&all, HONEST);
    for (unsigned i = 0; i < FIRST; i++)
        office_check(all.o[i], HONEST);
    assert_int_equal(offices_named(&all), 0);
}

/* --- bad ones -----------------------------------------------------------------------------------
 */

static unsigned threads(void)
{
    DIR *d = opendir("/proc/self/task");
    unsigned n = 0;
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

static bool has_folder(unsigned of, const char *run)
{
    char path[ENT_PATH_MAX + 64];
    (void)snprintf(path, sizeof(path), "%s/quorum/%s", all.o[of]->home->dir, run);
    return access(path, F_OK) == 0;
}

/* Where in its author's log the refusal stands; it is of this offer. */
static uint64_t refusal_of(const struct shown *s, const struct ent_buf *answer)
{
    static struct ent_delivery del;
    struct ent_quorum_refuse f;
    struct ent_slice entry;
    struct ent_statement st;
    assert_ok(ent_delivery_claims(&entry, ent_buf_slice(answer)));
    assert_ok(ent_statement_claims(&st, entry, NULL));
    node_pull(&all.o[FIRST]->node, st.author);
    assert_ok(ent_book_receive(all.o[FIRST]->node.book, &del, NULL, ent_buf_slice(answer)));
    assert_ok(ent_quorum_refuse_parse(&f, del.act.body));
    assert_int_equal(f.why, ENT_QUORUM_PACT);
    assert_int_equal(f.verdict, ENT_DENIED_RULE);
    assert_memory_equal(f.offer.b, s->act.leaf.b, 32);
    return del.receipt.index;
}

static void spoil(struct ent_quorum_offer *o, unsigned n)
{
    if (n % 3 == 0)
        o->result_by += 31 * 86400;
    else if (n % 3 == 1)
        o->shape.items++;
    else
        o->shape.tables = ENT_QUORUM_TABLES_SURE;
}

/* Each is refused, by a few words an hour, which are said again and not anew. */
static void test_refused(void **state)
{
    static struct shown s[3 * ENT_QREFUSALS_OF_ONE];
    uint64_t at[ENT_QREFUSALS_OF_ONE];
    struct ent_buf answer;
    const unsigned before = threads();
    (void)state;
    ent_buf_init(&answer, 1u << 20);
    for (unsigned n = 0; n < 3 * ENT_QREFUSALS_OF_ONE; n++) {
        make(&s[n].offer, FIRST, 0);
        spoil(&s[n].offer, n);
        sign(&s[n], FIRST);
        assert_int_equal(show(&s[n], FIRST, 1, &answer), 409);
        assert_int_equal(answer.n > 0, n < ENT_QREFUSALS_OF_ONE);
        if (n < ENT_QREFUSALS_OF_ONE)
            at[n] = refusal_of(&s[n], &answer);
        assert_false(has_folder(1, s[n].run));
    }
    assert_int_equal(places(1), 0);
    assert_int_equal(threads(), before);
    office_stop(all.o[1]);
    office_begin(all.o[1]);
    for (unsigned n = 0; n < 3 * ENT_QREFUSALS_OF_ONE; n++) {
        assert_int_equal(show(&s[n], FIRST, 1, &answer), 409);
        assert_int_equal(answer.n > 0, n < ENT_QREFUSALS_OF_ONE);
        if (n < ENT_QREFUSALS_OF_ONE)
            assert_int_equal(refusal_of(&s[n], &answer), at[n]);
    }
    (void)atomic_fetch_add(&all.now, HOUR + 1); /* too late for these, but there are others */
    assert_int_equal(show(&s[3 * ENT_QREFUSALS_OF_ONE - 1], FIRST, 1, &answer), 409);
    assert_int_equal(answer.n, 0);
    release(&s[0]);
    make(&s[0].offer, FIRST, 0);
    spoil(&s[0].offer, 1);
    sign(&s[0], FIRST);
    assert_int_equal(show(&s[0], FIRST, 1, &answer), 409);
    assert_true(answer.n > 0);
    for (unsigned n = 0; n < 3 * ENT_QREFUSALS_OF_ONE; n++)
        release(&s[n]);
    ent_buf_release(&answer);
}

/* A key holder that knows something against the offer which others do not: all hear its word, from
 * itself, also when the author keeps it to itself. */
static bool keep_to_itself(struct offices *of, unsigned from, unsigned to, const char *path,
                           struct ent_buf *body)
{
    (void)of, (void)body;
    return to != FIRST || from == FIRST || strcmp(path, ENT_QUORUM_PATH) == 0;
}

static void test_refused_by_one(void **state)
{
    static struct ent_quorum_run run;
    struct shown s;
    struct ent_buf answer;
    (void)state;
    ent_buf_init(&answer, 1u << 20);
    all.tamper = keep_to_itself;
    make(&s.offer, FIRST, 0);
    sign(&s, FIRST);
    memcpy(all.run, s.run, sizeof(all.run));
    ent_q_refuse(all.o[1]->q, &answer, &s.act, ENT_QUORUM_PACT, ENT_DENIED_EXPOSED);
    for (unsigned to = 0; to < OFFICES; to++)
        if (to != FIRST)
            assert_int_equal(show(&s, FIRST, to, &answer), to == 1 ? 409 : 200);
    for (unsigned to = 0; to < OFFICES; to++) {
        if (to == 1 || to == FIRST)
            continue;
        office_wait(all.o[to], ENT_QUORUM_FAILED);
        assert_true(office_state(all.o[to], &run));
        assert_string_equal(run.failed_by, "brown");
        assert_int_equal(run.failed_for, ENT_QUORUM_NO_FAULT);
    }
    assert_int_equal(places(1), 0);
    assert_int_equal(offices_named(&all), 0);
    release(&s);
    ent_buf_release(&answer);
}

/* --- the end ------------------------------------------------------------------------------------
 */

static void wait_gone(unsigned of)
{
    for (unsigned i = 0; i < LOOKS && places(of) > 0; i++) {
        ent_quorums_look(all.o[of]->q);
        (void)poll(NULL, 0, 100);
    }
    assert_int_equal(places(of), 0);
}

/* Until nobody needs anything of the run any more. */
static void wait_settled(unsigned of)
{
    struct ent_qrun *run = ent_q_find(all.o[of]->q, all.run);
    bool is = false;
    assert_non_null(run);
    for (unsigned i = 0; i < LOOKS && !is; i++) {
        (void)pthread_mutex_lock(&run->lock);
        is = run->settled != 0;
        (void)pthread_mutex_unlock(&run->lock);
        (void)poll(NULL, 0, is ? 0 : 50);
    }
    ent_q_put(run);
    assert_true(is);
}

/* What was said is there for who comes late; and no run begins a second time. */
static void test_record(void **state)
{
    struct shown s;
    struct ent_buf list, again, said, before;
    char path[160], one[160];
    (void)state;
    ent_buf_init(&list, 1u << 20);
    ent_buf_init(&again, 1u << 20);
    ent_buf_init(&said, 1u << 20);
    ent_buf_init(&before, 1u << 20);
    (void)pthread_mutex_lock(&all.lock);
    all.tamper = NULL;
    (void)pthread_mutex_unlock(&all.lock);
    office_wait(all.o[FIRST],
                ENT_QUORUM_FAILED); /* which compares this window in one run at a time */
    make(&s.offer, 2, 0);
    all.offer = s.offer;
    sign(&s, 2);
    memcpy(all.run, s.run, sizeof(all.run));
    assert_ok(ent_q_begin(all.o[2]->q, &s.act, &s.offer, ent_buf_slice(&s.said), s.index));
    offices_wait_taken(&all, ALL);
    (void)snprintf(path, sizeof(path), ENT_QUORUM_PATH "/%s", all.run);
    assert_int_equal(office_ask(&all, 2, 5, "GET", path, ent_slice(NULL, 0), &list), 200);
    (void)snprintf(one, sizeof(one), ENT_QUORUM_PATH "/%s/said/%.64s", all.run, (char *)list.p);
    assert_int_equal(office_ask(&all, 2, 5, "GET", one, ent_slice(NULL, 0), &before), 200);
    wait_settled(OFFICE_COLLECTS);
    (void)atomic_fetch_add(&all.now, ENT_QUORUM_SETTLE + 1);
    wait_gone(OFFICE_COLLECTS);
    assert_int_equal(office_ask(&all, 2, 5, "GET", path, ent_slice(NULL, 0), &again), 200);
    assert_int_equal(again.n, list.n);
    assert_memory_equal(again.p, list.p, 65); /* the offer is the first */
    assert_int_equal(office_ask(&all, 2, 5, "GET", one, ent_slice(NULL, 0), &said), 200);
    assert_true(ent_slice_eq(ent_buf_slice(&said), ent_buf_slice(&before)));
    (void)snprintf(path, sizeof(path), ENT_QUORUM_PATH "/%s/said/%064d", all.run, 0);
    assert_int_equal(office_ask(&all, 2, 5, "GET", path, ent_slice(NULL, 0), &said), 404);
    assert_int_equal(show(&s, 2, 5, &said), 200);
    assert_int_equal(places(OFFICE_COLLECTS), 0);
    release(&s);
    ent_buf_release(&list);
    ent_buf_release(&again);
    ent_buf_release(&said);
    ent_buf_release(&before);
}

static bool has_worker(unsigned of)
{
    struct ent_qrun *run = ent_q_find(all.o[of]->q, all.run);
    bool has = false;
    if (run == NULL)
        return false;
    (void)pthread_mutex_lock(&run->lock);
    has = run->up;
    (void)pthread_mutex_unlock(&run->lock);
    ent_q_put(run);
    return has;
}

static bool no_pieces(struct offices *of, unsigned from, unsigned to, const char *path,
                      struct ent_buf *body)
{
    (void)of, (void)to, (void)body;
    return from != 4 || strstr(path, "/piece/") == NULL;
}

/* One never takes its answer: key holders and collector wait for it a while, and no longer. */
static void test_never_taken(void **state)
{
    (void)state;
    all.tamper = no_pieces;
    offices_offer(&all, 2);
    offices_wait_taken(&all, 15);
    assert_true(has_worker(0));
    assert_true(has_worker(1));
    atomic_store(&all.now, OFFICE_NOW + 500 + ENT_QUORUM_LINGER);
    for (unsigned i = 0; i < LOOKS && (has_worker(0) || has_worker(1)); i++)
        (void)poll(NULL, 0, 100);
    assert_false(has_worker(0));
    assert_false(has_worker(1));
    (void)poll(NULL, 0, 300); /* everybody has looked by then */
    (void)atomic_fetch_add(&all.now, ENT_QUORUM_SETTLE + 1);
    for (unsigned i = 0; i < OFFICES; i++)
        wait_gone(i);
    assert_int_equal(offices_named(&all),
                     1); /* whose answer did not come, says whose fault it is */
    assert_true(office_has_named(&all, 4, OFFICE_COLLECTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
        cmocka_unit_test_setup(test_refused, setup), /* the next two go on with these */
        cmocka_unit_test(test_refused_by_one),
        cmocka_unit_test_teardown(test_record, teardown),
        cmocka_unit_test_setup_teardown(test_never_taken, setup, teardown),
    };
    return ent_t_run("quorum_places", tests);
}
