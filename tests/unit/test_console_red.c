/* test_console_red.c: statements marked RED through the users' port: from the process for users by
 * the ledger to the keeper, which says who it is and has it on record before anybody sees it. */
#include "tests/support/desk.h"
#include "tests/support/nodes.h"

#include "node/portal.h"
#include "node/protocol.h"
#include "node/rows.h"

static const uint8_t here[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = 7};

static struct {
    struct desk desk;
    struct node alice, bob;
    struct mesh mesh;
    struct ent_direct reader, book_direct;
    struct ent_caller keeper, ledger; /* as the ledger asks, and as api asks */
    struct ent_book_desk book;
    struct ent_console_book *console;
    struct ent_api_handle now; /* whose query it is */
    uint64_t red;              /* the place of what is marked RED */
} x;

static enum ent_err no_budget(void *ctx, uint64_t *ret, const char *partner, enum ent_direction dir,
                              uint64_t period)
{
    (void)ctx, (void)partner, (void)dir, (void)period;
    *ret = 0;
    return ENT_OK;
}

static enum ent_err act(void *ctx, const struct ent_identity *who, enum ent_action what,
                        struct ent_slice on)
{
    (void)ctx, (void)who;
    assert_int_equal(what, ENT_ACT_READ_RED);
    return ent_api_red(&x.keeper, &x.now, on);
}

static enum ent_err run(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                        const struct ent_api_handle *h, struct ent_slice query, int64_t now)
{
    (void)ctx;
    x.now = *h;
    return ent_console_book_run(x.console, rows, who, query, now);
}

static int start(void **state)
{
    struct node *all[] = {&x.alice, &x.bob};
    const struct ent_budget budget = {.items = 1000, .seconds = 604800};
    struct ent_hash32 leaf;
    struct ent_diag d = {0};
    (void)state;
    desk_start(&x.desk, NULL);
    node_make(&x.alice, "alice");
    node_make(&x.bob, "bob");
    mesh_found(&x.mesh, all, 2, &budget);
    mesh_meet(&x.mesh);
    assert_ok(node_say(&x.alice, &d, &x.red, ENT_ST_REPORT, "text/plain", ENT_SLICE_LIT("a")));
    struct ent_statement st = node_statement(&x.alice, ENT_ST_ASSESS, "text/plain");
    (void)snprintf(st.tlp, sizeof(st.tlp), "TLP:RED");
    node_forge(&x.alice, &x.alice.author, &st, ENT_SLICE_LIT("seen by few"), &leaf, &x.red);
    const struct ent_console_book_opts opts = {
        .home = x.alice.home, .book = x.alice.book, .spent = no_budget, .act = act};
    assert_ok(ent_console_book_new(&x.console, &opts));
    x.reader = (struct ent_direct){ent_reader_serve, x.desk.desk, ENT_MSG_MAX};
    x.keeper = ent_caller_direct(&x.reader);
    x.book = (struct ent_book_desk){.keeper = x.keeper, .console = run};
    x.book_direct = (struct ent_direct){ent_book_serve, &x.book, ENT_MSG_MAX};
    x.ledger = ent_caller_direct(&x.book_direct);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ent_console_book_free(x.console);
    node_free(&x.alice);
    node_free(&x.bob);
    desk_end(&x.desk);
    return 0;
}

static struct ent_api_handle handle_of(unsigned role)
{
    struct ent_credential c = {.kind = ENT_CRED_TOKEN};
    struct ent_api_who who;
    assert_ok(ent_secret_hash(&c.hash, ent_slice_str(x.desk.token[role]), "ent_"));
    assert_ok(ent_api_who(&x.desk.keeper, &who, &c, here));
    ent_buf_clear(&x.desk.lines);
    return who.handle;
}

/* The status; what is in the rows as JSON. */
static unsigned ask(const struct ent_api_handle *h, enum ent_console_what what, uint64_t from,
                    char json[static 65536])
{
    struct ent_console_query q = {.what = what, .from = from};
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_buf b;
    if (what != ENT_CONSOLE_LOGS)
        (void)snprintf(q.member, sizeof(q.member), "alice");
    ent_buf_init(&b, ENT_CONSOLE_QUERY + 16);
    assert_ok(ent_buf_put(&b, h->b, sizeof(h->b)));
    assert_ok(ent_console_query_encode(&b, &q));
    assert_ok(x.ledger.call(x.ledger.ctx, &m, ENT_BOOK_CONSOLE, ent_buf_slice(&b)));
    unsigned status = (unsigned)(m.bytes.p[0] | m.bytes.p[1] << 8);
    ent_buf_release(&b);
    ent_buf_init(&b, 65535);
    assert_ok(ent_rows_json(&b, ent_slice(m.bytes.p + 2, m.bytes.n - 2)));
    memcpy(json, b.p, b.n);
    json[b.n] = '\0';
    ent_buf_release(&b);
    ent_msg_release(&m);
    return status;
}

static bool recorded(const char *want)
{
    bool same = ent_slice_eq(ent_buf_slice(&x.desk.lines), ent_slice_str(want));
    if (!same)
        print_message("%.*s", (int)x.desk.lines.n, (const char *)x.desk.lines.p);
    ent_buf_clear(&x.desk.lines);
    return same;
}

static void test_cleared_for_red(void **state)
{
    const struct ent_api_handle h = handle_of(3);
    char json[65536];
    (void)state;
    assert_int_equal(ask(&h, ENT_CONSOLE_LOG, 0, json), 200);
    assert_non_null(strstr(json, "TLP:RED"));
    assert_true(recorded("operator token/tool 192.0.2.7 read-red allowed log%20alice\n"));
    assert_int_equal(ask(&h, ENT_CONSOLE_PROOF, x.red, json), 200);
    assert_non_null(strstr(json, "\"body\":"));
    assert_true(recorded("operator token/tool 192.0.2.7 read-red allowed proof%20alice\n"));
    assert_int_equal(ask(&h, ENT_CONSOLE_LOGS, 0, json), 200);
    assert_true(recorded("")); /* of what is not RED there is no record */
}

static void test_cleared_for_amber(void **state)
{
    const struct ent_api_handle h = handle_of(2);
    char json[65536];
    (void)state;
    assert_int_equal(ask(&h, ENT_CONSOLE_LOG, 0, json), 200);
    assert_null(strstr(json, "TLP:RED"));
    assert_non_null(strstr(json, "\"hidden\":true"));
    assert_int_equal(ask(&h, ENT_CONSOLE_PROOF, x.red, json), 403);
    assert_null(strstr(json, "body"));
    assert_true(recorded(""));
    /* nor by saying that it is read */
    assert_err(ent_api_red(&x.keeper, &h, ENT_SLICE_LIT("log alice")), ENT_E_POLICY);
    assert_true(recorded("analyst token/tool 192.0.2.7 read-red role log%20alice\n"));
}

static void test_no_record_no_red(void **state)
{
    const struct ent_api_handle h = handle_of(3);
    char json[65536];
    (void)state;
    x.desk.disk_full = true;
    assert_int_equal(ask(&h, ENT_CONSOLE_LOG, 0, json), 500);
    assert_null(strstr(json, "TLP:RED"));
    assert_int_equal(x.desk.failures, 1);
    x.desk.disk_full = false;
    assert_int_equal(ask(&h, ENT_CONSOLE_LOG, 0, json), 200);
    assert_non_null(strstr(json, "TLP:RED"));
}

/* Who was taken over and asks. */
static void test_lies(void **state)
{
    struct ent_api_handle h = handle_of(3), other = h;
    const struct ent_protocol *p = ent_link_protocol(ENT_PROCESS_LEDGER, ENT_PROCESS_KEEPER);
    char on[ENT_TRAIL_ON + 2];
    struct ent_identity who;
    struct ent_msg m = ENT_MSG_NOTHING;
    (void)state;
    other.b[0] ^= 1;
    assert_err(ent_api_reader(&x.keeper, &who, &other), ENT_E_AUTH);
    assert_err(ent_api_red(&x.keeper, &other, ENT_SLICE_LIT("log")), ENT_E_AUTH);
    assert_err(ent_api_red(&x.keeper, &h, ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_err(ent_api_red(&x.keeper, &h, ENT_SLICE_LIT("a\nb")), ENT_E_FORMAT);
    memset(on, 'a', sizeof(on));
    assert_err(ent_api_red(&x.keeper, &h, ent_slice(on, ENT_TRAIL_ON + 1)), ENT_E_LIMIT);
    assert_err(x.keeper.call(x.keeper.ctx, &m, ENT_API_READER, ent_slice(on, 17)), ENT_E_AUTH);
    assert_err(x.keeper.call(x.keeper.ctx, &m, ENT_API_READER, ent_slice(on, 15)), ENT_E_FORMAT);
    assert_err(x.keeper.call(x.keeper.ctx, &m, ENT_API_CONSOLE, ent_slice(on, 17)),
               ENT_E_UNSUPPORTED);
    assert_true(recorded(""));
    /* and on the channel it has nothing else to ask */
    for (size_t i = 0; i < p->n; i++)
        assert_true(p->rows[i].kind != ENT_MSG_CALL || p->rows[i].type < ENT_API_READY ||
                    p->rows[i].type > ENT_API_METRICS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cleared_for_red),
        cmocka_unit_test(test_cleared_for_amber),
        cmocka_unit_test(test_no_record_no_red),
        cmocka_unit_test(test_lies),
    };
    ent_t_start("console_red");
    return cmocka_run_group_tests_name("console_red", tests, start, stop);
}
