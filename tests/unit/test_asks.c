/*
 * test_asks.c: matches that people start, without a network and without processes: how a list is
 * read, whole runs by a ledger that has neither what is asked nor a connection, what is told of
 * them and who may start one; and all that they may end by.
 */
#include "tests/support/partners.h"

#include "node/console_parts.h"

#include <poll.h>

#define KNOWN  40u
#define NOW    1534723200
#define RUNNER 4u /* places; so two at a time */

/* --- lists --------------------------------------------------------------------------------------
 */

static void test_lists(void **state)
{
    static const struct {
        const char *text;
        uint32_t types;
        enum ent_err err;
        uint64_t n, others, not_public, skipped;
    } want[] = {
        {"93.184.216.34\nevil.com\n", 0, ENT_OK, 2, 0, 0, 0},
        {"# c\r\n93[.]184[.]216[.]34\r\n\r\n93.184.216.34\r\n", 0, ENT_OK, 1, 0, 0, 0},
        {"10.0.0.1\nevil.com\nhost.local\n", 0, ENT_OK, 1, 0, 2, 0},
        {"evil.com\nwhat is this\n", 0, ENT_OK, 1, 0, 0, 1},
        {"evil.com\n93.184.216.34\n", ENT_OBS_BIT(ENT_OBS_IPV4), ENT_OK, 1, 1, 0, 0},
        {"evil.com\n93.184.0.0/16\n", 0, ENT_OK, 1, 1, 0, 0},
        {"entente/observed@v1\nipv4 93.184.216.34\ndomain evil.com\n", 0, ENT_OK, 2, 0, 0, 0},
        {"entente/observed@v1\ndomain evil.com\nipv4 93.184.216.34\n", 0, ENT_E_FORMAT, 0, 0, 0, 0},
        {"entente/observed@v1\n", 0, ENT_E_NOTFOUND, 0, 0, 0, 0},
        {"", 0, ENT_E_NOTFOUND, 0, 0, 0, 0},
        {" \n\t\n", 0, ENT_E_NOTFOUND, 0, 0, 0, 0},
        {"10.0.0.1\n", 0, ENT_E_NOTFOUND, 0, 0, 1, 0},
        {"evil.com\n", ENT_OBS_BIT(ENT_OBS_IPV4), ENT_E_NOTFOUND, 0, 1, 0, 0},
        {"\1\2\3", 0, ENT_E_FORMAT, 0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        struct ent_console_list l;
        struct ent_diag d = {0};
        struct ent_buf items;
        ent_buf_init(&items, 65536);
        enum ent_err r =
            ent_console_list_read(&l, &items, &d, ent_slice_str(want[i].text), want[i].types);
        if (r != want[i].err || (r == ENT_OK && l.n != want[i].n) || l.others != want[i].others ||
            l.not_public != want[i].not_public || (r == ENT_OK && l.skipped != want[i].skipped))
            fail_msg("%zu: %s, %llu, %llu, %llu, %llu", i, ent_err_str(r), (unsigned long long)l.n,
                     (unsigned long long)l.others, (unsigned long long)l.not_public,
                     (unsigned long long)l.skipped);
        assert_true(r == ENT_OK ? items.n > 0 : d.text != NULL);
        ent_buf_release(&items);
    }
}

/* In one form and order, whatever order they came in; of skipped lines the first are told. */
static void test_a_list_as_items(void **state)
{
    static const char want[] = "\22\0ipv4:93.184.216.34\17\0domain:evil.com";
    struct ent_console_list l;
    struct ent_buf items, text;
    (void)state;
    ent_buf_init(&items, 65536);
    ent_buf_init(&text, 65536);
    assert_ok(ent_buf_puts(&text, "93.184.216.34\nEVIL[.]com\n"));
    for (int i = 0; i < 30; i++)
        assert_ok(ent_buf_puts(&text, "more than one\n"));
    assert_ok(ent_console_list_read(&l, &items, NULL, ent_buf_slice(&text), 0));
    assert_int_equal(items.n, sizeof(want) - 1);
    assert_memory_equal(items.p, want, items.n);
    assert_int_equal(l.skipped, 30);
    assert_int_equal(l.line[0].line, 3);
    assert_int_equal(l.line[ENT_CONSOLE_LINES - 1].line, 22);
    items.n = 0;
    items.max = 20;
    assert_err(ent_console_list_read(&l, &items, NULL, ent_buf_slice(&text), 0), ENT_E_LIMIT);
    ent_buf_release(&items);
    ent_buf_release(&text);
}

/* What a browser posts: the number of items is for whoever reads them to say. */
static void test_posted(void **state)
{
    struct ent_web_request req = {.method = "POST", .body = ENT_SLICE_LIT("evil.com\n10.0.0.1\n")};
    struct ent_console_query q = {.what = ENT_CONSOLE_LIST, .pad = true};
    struct ent_web_answer a = {.status = 0};
    struct ent_buf items, bytes;
    (void)state;
    ent_buf_init(&items, 65536);
    ent_buf_init(&bytes, 65536);
    ent_buf_init(&a.headers, 8192);
    ent_buf_init(&a.body, 65536);
    assert_err(ent_console_take_list(&q, &items, &a, &req), ENT_E_STATE);
    assert_int_equal(a.status, 200);
    assert_ok(ent_buf_putc(&a.body, 0));
    assert_string_equal((char *)a.body.p,
                        "{\"asked\":{\"domain\":1},\"items\":1,\"charged\":1,\"other_types\":0,"
                        "\"not_public\":1,\"skipped\":0,\"lines\":[]}");
    ent_buf_clear(&items);
    q = (struct ent_console_query){.what = ENT_CONSOLE_MATCH_ASK, .member = "bob"};
    assert_ok(ent_console_take_list(&q, &items, &a, &req));
    assert_int_equal(q.items, 1);
    assert_ok(ent_console_query_encode(&bytes, &q));
    assert_ok(ent_console_query_decode(&q, ent_buf_slice(&bytes)));
    assert_int_equal(q.items, 1);
    ent_buf_clear(&a.body);
    req.body = ENT_SLICE_LIT("10.0.0.1\n");
    assert_err(ent_console_take_list(&q, &items, &a, &req), ENT_E_STATE);
    assert_int_equal(a.status, 400);
    q.what = ENT_CONSOLE_TODAY; /* which has no list */
    assert_ok(ent_console_take_list(&q, &items, &a, &req));
    assert_true(ent_console_max_body("POST", "/api/v1/match-ask") == ENT_CONSOLE_LIST_BYTES);
    assert_true(ent_console_max_body("POST", "/api/v1/match-stop") == ENT_WEB_HEADER);
    assert_true(ent_console_max_body("GET", "/api/v1/match-ask") == 1);
    ent_buf_release(&items);
    ent_buf_release(&bytes);
    ent_buf_release(&a.headers);
    ent_buf_release(&a.body);
}

/* --- alice's ledger -----------------------------------------------------------------------------
 */

static struct ledger {
    struct holder *bob;
    struct ent_desk *desk;
    struct ent_desk_seat seat;
    struct ent_direct asks_desk, out, seek[RUNNER];
    struct ent_caller front;
    struct ent_seeker *seeker[RUNNER];
    struct ent_runners *runners;
    struct ent_asks *asks;
    char path[ENT_PATH_MAX];
    atomic_bool away, hangs; /* the partner */
    atomic_uint calls;
    atomic_uint dies; /* a type of a seeker's messages, at which its process ends */
    bool denied;
    uint64_t vouched;
} led;

/* The front, and bob behind it. */
static enum ent_err go_out(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_out_call *q = malloc(sizeof(*q));
    struct ent_buf answer;
    (void)ctx;
    assert_non_null(q);
    assert_ok(ent_out_call_parse(q, ent_buf_slice(&call->bytes)));
    (void)atomic_fetch_add(&led.calls, 1);
    while (atomic_load(&led.hangs))
        (void)poll(NULL, 0, 5);
    struct ent_out_answer a = {.err = ENT_E_PEER, .why = ent_client_why(1)};
    ent_buf_init(&answer, ENT_PEER_ANSWER_MAX);
    if (!atomic_load(&led.away))
        a = (struct ent_out_answer){.err = ENT_OK,
                                    .status =
                                        holder_call(led.bob, &node_alice, &answer, q->dial.method,
                                                    q->dial.path, q->dial.body)};
    a.body = ent_buf_slice(&answer);
    enum ent_err r = ent_out_answer_encode(&ret->bytes, &a);
    ent_buf_release(&answer);
    free(q);
    return r;
}

static enum ent_err seek(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    return call->type == atomic_load(&led.dies) ? ENT_E_PEER : ent_seeker_serve(ctx, ret, call);
}

static void fill_slot(unsigned i)
{
    ent_runners_set(led.runners, i, NULL);
    ent_seeker_free(led.seeker[i]);
    assert_ok(ent_seeker_new(&led.seeker[i], NULL));
    led.seek[i] = (struct ent_direct){seek, led.seeker[i], ENT_SEEK_ANSWER_MAX};
    const struct ent_caller c = ent_caller_direct(&led.seek[i]);
    ent_runners_set(led.runners, i, &c);
}

static void ended(void *ctx, unsigned slot)
{
    (void)ctx, (void)slot; /* places are filled before each test */
}

static void ledger_start(void)
{
    struct ent_diag d = {0};
    static unsigned stores;
    const struct ent_runners_opts runners = {.n = RUNNER, .end = ended};
    led.bob = holder_start(KNOWN, 60);
    (void)snprintf(led.path, sizeof(led.path), "%s/asks-%u.db", ent_t_tmpdir(), stores++);
    const struct ent_desk_opts desk = {.store = led.path, .max_tlp = ENT_TLP_GREEN};
    assert_ok(ent_desk_new(&led.desk, &d, &desk));
    led.seat = (struct ent_desk_seat){.desk = led.desk};
    led.asks_desk = (struct ent_direct){ent_desk_serve, &led.seat, ENT_DESK_KNOWN_BYTES};
    led.out = (struct ent_direct){go_out, NULL, ENT_OUT_ANSWER_MAX};
    led.front = ent_caller_direct(&led.out);
    assert_ok(ent_runners_new(&led.runners, &runners));
    for (unsigned i = 0; i < RUNNER; i++)
        fill_slot(i);
    const struct ent_asks_opts opts = {.book = node_alice.book,
                                       .desk = ent_caller_direct(&led.asks_desk),
                                       .front = led.front,
                                       .runners = led.runners};
    assert_ok(ent_asks_new(&led.asks, &opts));
}

static void ledger_end(void)
{
    atomic_store(&led.hangs, false);
    ent_asks_free(led.asks);
    for (unsigned i = 0; i < RUNNER; i++) {
        ent_runners_set(led.runners, i, NULL);
        ent_seeker_free(led.seeker[i]);
    }
    ent_runners_free(led.runners);
    ent_desk_free(led.desk);
    holder_stop(led.bob);
    memset(&led, 0, sizeof(led));
}

static void put_items(struct ent_buf *b, unsigned n)
{
    ent_buf_init(b, 1u << 20);
    for (unsigned i = 0; i < n; i++) {
        char name[80];
        int len = snprintf(name, sizeof(name), "domain:" OBS "-%u.example", i);
        assert_ok(ent_seek_put(b, ent_slice(name, (size_t)len)));
    }
}

static enum ent_err start(uint64_t *id, struct ent_diag *d, const char *partner, unsigned n)
{
    struct ent_buf items;
    put_items(&items, n);
    const struct ent_ask_wish w = {.partner = partner,
                                   .by = "ann",
                                   .types = ENT_OBS_BIT(ENT_OBS_DOMAIN),
                                   .n = n,
                                   .items = ent_buf_slice(&items)};
    enum ent_err r = ent_asks_start(led.asks, id, d, &w, ent_clock_now());
    ent_buf_release(&items);
    return r;
}

/* --- how it stands ------------------------------------------------------------------------------
 */

static struct stands {
    uint64_t id;
    struct ent_ask_seen seen;
    char why[128];
    unsigned said, n;
} stands;

static enum ent_err count_said(void *ctx, const struct ent_lookup_hit *h)
{
    assert_non_null(h->label);
    (*(unsigned *)ctx)++;
    return ENT_OK;
}

static enum ent_err look(void *ctx, const struct ent_ask_seen *s)
{
    (void)ctx;
    stands.n++;
    if (s->id != stands.id)
        return ENT_OK;
    stands.seen = *s;
    stands.said = 0;
    (void)snprintf(stands.why, sizeof(stands.why), "%s", s->why != NULL ? s->why : "");
    return ent_seek_said_each(s->said, count_said, &stands.said);
}

static enum ent_ask_state state_of(uint64_t id)
{
    stands = (struct stands){.id = id};
    assert_ok(ent_asks_each(led.asks, look, NULL));
    assert_true(stands.seen.id == id);
    return stands.seen.state;
}

static void wait_for(uint64_t id, enum ent_ask_state want, const char *why)
{
    for (unsigned i = 0; i < 6000 && state_of(id) == ENT_ASK_RUNNING; i++)
        (void)poll(NULL, 0, 10);
    assert_int_equal(stands.seen.state, want);
    assert_string_equal(stands.why, why);
}

static uint64_t spent(void)
{
    struct ent_ask_left left;
    struct ent_diag d = {0};
    assert_ok(ent_asks_may(led.asks, &left, &d, "bob", 1, ent_clock_now()));
    assert_int_equal(left.budget, BUDGET);
    return left.spent;
}

static void test_a_whole_run(void **state)
{
    struct ent_diag d = {0};
    uint64_t id = 0;
    (void)state;
    ledger_start();
    assert_ok(start(&id, &d, "bob", 50));
    wait_for(id, ENT_ASK_DONE, "");
    assert_int_equal(stands.seen.report.hits, 17); /* 0, 3, ... 48 */
    assert_int_equal(stands.said, 17);
    assert_int_equal(stands.seen.items, 50);
    assert_string_equal(stands.seen.by == NULL ? "" : "ann", "ann");
    assert_int_equal(spent(), 50);
    assert_int_equal(holder_spent(led.bob, "alice"), 50);
    holder_assert_event(led.bob, ENT_PEER_FINISHED, "alice", stands.seen.report.run, 50);
    struct ent_buf hits;
    char file[ENT_RUN_FILE], damaged[ENT_RUN_FILE];
    ent_buf_init(&hits, 65536);
    (void)snprintf(file, sizeof(file), "runs/%s/hits", stands.seen.report.run);
    assert_ok(ent_home_load(node_alice.home, &hits, NULL, file));
    assert_true(
        ent_slice_starts(ent_buf_slice(&hits), ENT_SLICE_LIT("domain:" OBS "-0.example\n")));
    assert_ok(ent_home_run_check(node_alice.home, damaged, NULL, stands.seen.report.run));
    ent_buf_release(&hits);
    ledger_end();
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *partner;
        unsigned n;
        enum ent_err err;
        const char *why;
    } bad[] = {
        {"mallory", 5, ENT_E_NOTFOUND, "there is no such partner in the pact"},
        {"alice", 5, ENT_E_NOTFOUND, "there is no such partner in the pact"},
        {"bob", 0, ENT_E_FORMAT, "these are no items"},
        {"bob", BUDGET + 1, ENT_E_POLICY, "more items than are left of this period's budget"},
    };
    struct ent_buf items;
    uint64_t id = 0;
    struct ent_diag d = {0};
    (void)state;
    ledger_start();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        d = (struct ent_diag){0};
        assert_err(start(&id, &d, bad[i].partner, bad[i].n), bad[i].err);
        assert_string_equal(d.text, bad[i].why);
    }
    put_items(&items, 3);
    struct ent_ask_wish w = {.partner = "bob", .by = "ann", .types = 2, .n = 3};
    for (unsigned i = 0; i < 4;
         i++) { /* cut, of another number, of no type, with something behind */
        w.items = ent_slice(items.p, items.n - (i == 0));
        w.n = i == 1 ? 4 : 3;
        w.types = i == 2 ? 0 : ENT_OBS_BIT(ENT_OBS_DOMAIN);
        if (i == 3)
            w.items = ent_slice(items.p, items.n - 1), w.n = 2;
        assert_err(ent_asks_start(led.asks, &id, &d, &w, ent_clock_now()), ENT_E_FORMAT);
    }
    ent_buf_release(&items);
    ent_asks_drain(led.asks);
    assert_err(start(&id, &d, "bob", 5), ENT_E_STATE);
    assert_string_equal(d.text, "the node is about to end");
    assert_int_equal(atomic_load(&led.calls), 0);
    ledger_end();
}

static void test_giving_up(void **state)
{
    uint64_t id[3] = {0};
    struct ent_diag d = {0};
    char partner[ENT_NAME_MAX + 1];
    (void)state;
    ledger_start();
    atomic_store(&led.hangs, true);
    assert_ok(start(&id[0], &d, "bob", 5));
    assert_ok(start(&id[1], &d, "bob", 5));
    assert_err(start(&id[2], &d, "bob", 5), ENT_E_STATE); /* half of the places are for others */
    assert_int_equal(ent_asks_running(led.asks), 2);
    assert_err(ent_asks_stop(led.asks, id[0] ^ 1), ENT_E_NOTFOUND);
    assert_err(ent_asks_partner(led.asks, partner, id[0] ^ 1), ENT_E_NOTFOUND);
    assert_ok(ent_asks_partner(led.asks, partner, id[0]));
    assert_string_equal(partner, "bob");
    assert_ok(ent_asks_stop(led.asks, id[0]));
    assert_int_equal(state_of(id[0]), ENT_ASK_RUNNING);
    assert_true(stands.seen.stopping);
    assert_int_equal(stands.n, 2);
    atomic_store(&led.hangs, false);
    wait_for(id[0], ENT_ASK_FAILED, "given up");
    wait_for(id[1], ENT_ASK_DONE, "");
    assert_err(ent_asks_stop(led.asks, id[0]), ENT_E_NOTFOUND);
    assert_int_equal(spent(), 5);
    ledger_end();
}

static void test_a_partner_that_is_away(void **state)
{
    uint64_t id = 0;
    struct ent_diag d = {0};
    (void)state;
    ledger_start();
    atomic_store(&led.away, true);
    assert_ok(start(&id, &d, "bob", 5));
    wait_for(id, ENT_ASK_FAILED, ent_client_why(1));
    assert_int_equal(spent(), 0);
    ledger_end();
}

/* Its process may end at any message. What was charged by then stays charged, once. */
static void test_a_process_that_ends(void **state)
{
    static const struct {
        uint16_t at;
        uint64_t spent;
    } when[] = {{ENT_SEEK_ADD, 0},       {ENT_SEEK_OFFER, 0},   {ENT_SEEK_START, 0},
                {ENT_SEEK_QUESTION, 12}, {ENT_SEEK_ANSWER, 12}, {ENT_SEEK_MATCH, 12},
                {ENT_SEEK_FILTER, 12},   {ENT_SEEK_LABELS, 12}, {ENT_SEEK_HITS, 12}};
    (void)state;
    for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
        uint64_t id = 0;
        struct ent_diag d = {0};
        ledger_start();
        atomic_store(&led.dies, when[i].at);
        assert_ok(start(&id, &d, "bob", 12));
        wait_for(id, ENT_ASK_FAILED,
                 when[i].at == ENT_SEEK_ADD ? "the process that was to compute this run has ended"
                                            : "the process that computed this run has ended");
        assert_int_equal(spent(), when[i].spent);
        ledger_end();
    }
}

/* --- the console --------------------------------------------------------------------------------
 */

static enum ent_err no_budget(void *ctx, uint64_t *ret, const char *partner, enum ent_direction dir,
                              uint64_t period)
{
    (void)ctx, (void)partner, (void)dir, (void)period;
    *ret = 0;
    return ENT_OK;
}

static enum ent_err vouch(void *ctx, struct ent_identity *ret, const struct ent_api_handle *h,
                          const struct ent_vouch *what)
{
    (void)ctx;
    if (h->b[0] == 0)
        return ENT_E_AUTH;
    assert_int_equal(what->kind, ENT_VOUCH_MATCH);
    assert_string_equal(what->name, "bob");
    *ret = (struct ent_identity){.user = 7,
                                 .name = "ann",
                                 .role = h->b[0] == 1 ? ENT_USER_ANALYST : ENT_USER_READER,
                                 .clearance = ENT_TLP_AMBER_STRICT,
                                 .via = ENT_VIA_SESSION};
    led.vouched = what->number;
    return led.denied ? ENT_E_POLICY : ENT_OK;
}

static unsigned act(struct ent_console_book *c, const struct ent_console_query *q, uint8_t handle,
                    struct ent_slice items)
{
    const struct ent_api_handle h = {{handle}};
    struct ent_buf bytes, rows;
    uint64_t id = 0;
    ent_buf_init(&bytes, ENT_CONSOLE_QUERY);
    ent_buf_init(&rows, ENT_CONSOLE_ROWS);
    assert_ok(ent_console_query_encode(&bytes, q));
    (void)!ent_console_book_act(c, &rows, &h, ent_buf_slice(&bytes), items, NOW);
    const unsigned status = (unsigned)(rows.p[0] | rows.p[1] << 8);
    if (ent_rows_number(&id, ent_slice(rows.p + 2, rows.n - 2), "ask") == ENT_OK)
        stands.id = id;
    ent_buf_release(&bytes);
    ent_buf_release(&rows);
    return status;
}

/* Nothing is started or ended but for whom the keeper vouches, whatever the asker says. */
static void test_the_console(void **state)
{
    struct ent_console_query q = {
        .what = ENT_CONSOLE_MATCH_ASK, .member = "bob", .types = ENT_OBS_BIT(ENT_OBS_DOMAIN)};
    const struct ent_identity operator= {.role = ENT_USER_OPERATOR, .clearance = ENT_TLP_RED};
    struct ent_console_book *c;
    struct ent_buf items, bytes, rows;
    (void)state;
    ledger_start();
    const struct ent_console_book_opts opts = {.home = node_alice.home,
                                               .book = node_alice.book,
                                               .spent = no_budget,
                                               .asks = led.asks,
                                               .vouch = vouch};
    assert_ok(ent_console_book_new(&c, &opts));
    put_items(&items, 9);
    q.items = 9;
    const struct ent_slice nine = ent_buf_slice(&items);
    assert_int_equal(act(c, &q, 0, nine), 503); /* a handle that holds no more */
    assert_int_equal(act(c, &q, 2, nine), 403); /* a reader */
    led.denied = true;
    assert_int_equal(act(c, &q, 1, nine), 403);
    led.denied = false;
    ent_buf_init(&bytes, ENT_CONSOLE_QUERY);
    ent_buf_init(&rows, ENT_CONSOLE_ROWS);
    assert_ok(ent_console_query_encode(&bytes, &q)); /* somebody whom the asker names */
    assert_err(ent_console_book_run(c, &rows, &operator, ent_buf_slice(&bytes), NOW), ENT_E_FORMAT);
    assert_int_equal(ent_asks_running(led.asks), 0);
    assert_int_equal(act(c, &q, 1, nine), 200);
    assert_int_equal(led.vouched, 9);
    wait_for(stands.id, ENT_ASK_DONE, "");
    q.items = 8; /* what went on record is what is asked */
    assert_int_equal(act(c, &q, 1, nine), 400);
    const uint64_t id = stands.id;
    q = (struct ent_console_query){.what = ENT_CONSOLE_MATCH_STOP, .ask = id};
    assert_int_equal(act(c, &q, 1, ent_slice(NULL, 0)), 404);
    q.ask ^= 1;
    assert_int_equal(act(c, &q, 1, ent_slice(NULL, 0)), 404);
    q = (struct ent_console_query){.what = ENT_CONSOLE_NODE}; /* which says nothing for anybody */
    assert_int_equal(act(c, &q, 1, ent_slice(NULL, 0)), 400);
    ent_buf_release(&items);
    ent_buf_release(&bytes);
    ent_buf_release(&rows);
    ent_console_book_free(c);
    ledger_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_a_list_as_items),
        cmocka_unit_test(test_posted),
        cmocka_unit_test(test_a_whole_run),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_giving_up),
        cmocka_unit_test(test_a_partner_that_is_away),
        cmocka_unit_test(test_a_process_that_ends),
        cmocka_unit_test(test_the_console),
    };
    ent_t_start("asks");
    return cmocka_run_group_tests_name("asks", tests, node_make_all, node_free_all);
}
