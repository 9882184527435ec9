/* test_console_quorum.c: the console's quorums, over the engines of six members: what is told of a
 * run to whom, and what somebody says of it, for whom the keeper vouches. */
#include "tests/support/offices.h"

#define MEMBERS 3u /* these have a console: one offers, one joins, one declines */
#define FIRST   2u /* who holds no key */

static struct offices all;
static struct {
    struct ent_console_book *c[MEMBERS];
    struct ent_vouch last;
    char last_name[ENT_NAME_MAX + 1];
    unsigned vouched, red;
} x;
static char said[65536];
static char run[33];

static struct ent_identity person(enum ent_user_role role, enum ent_tlp clearance)
{
    return (struct ent_identity){
        .user = 7, .name = "ann", .role = role, .clearance = clearance, .via = ENT_VIA_SESSION};
}

static enum ent_err no_budget(void *ctx, uint64_t *ret, const char *partner, enum ent_direction dir,
                              uint64_t period)
{
    (void)ctx, (void)partner, (void)dir, (void)period;
    *ret = 0;
    return ENT_OK;
}

static enum ent_err record_red(void *ctx, const struct ent_identity *who, enum ent_action what,
                               struct ent_slice on)
{
    (void)ctx, (void)who, (void)what, (void)on;
    x.red++;
    return ENT_OK;
}

/* Handle 1 is an analyst's, 2 a reader's, 3 an analyst's who may see GREEN. */
static enum ent_err vouch(void *ctx, struct ent_identity *ret, const struct ent_api_handle *h,
                          const struct ent_vouch *what)
{
    (void)ctx;
    x.vouched++;
    x.last = *what;
    (void)snprintf(x.last_name, sizeof(x.last_name), "%s", what->name);
    *ret = person(h->b[0] == 2 ? ENT_USER_READER : ENT_USER_ANALYST,
                  h->b[0] == 3 ? ENT_TLP_GREEN : ENT_TLP_AMBER_STRICT);
    return h->b[0] == 0 ? ENT_E_AUTH : h->b[0] == 2 ? ENT_E_POLICY : ENT_OK;
}

static struct ent_console_book_opts opts_of(unsigned i)
{
    struct office *o = all.o[FIRST + i];
    return (struct ent_console_book_opts){.home = o->node.home,
                                          .book = o->node.book,
                                          .spent = no_budget,
                                          .act = record_red,
                                          .quorums = o->q,
                                          .part = o->mode,
                                          .quorum_tlp = ENT_TLP_AMBER,
                                          .vouch = vouch};
}

static int set_up(void **state)
{
    (void)state;
    offices_start(&all, false);
    for (unsigned i = 0; i < MEMBERS; i++) {
        struct office *o = all.o[FIRST + i];
        office_stop(o);
        o->mode = ENT_QUORUM_ASK;
        office_begin(o);
        const struct ent_console_book_opts opts = opts_of(i);
        assert_ok(ent_console_book_new(&x.c[i], &opts));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MEMBERS; i++)
        ent_console_book_free(x.c[i]);
    offices_end(&all);
    return 0;
}

static unsigned render(const struct ent_console_query *q, struct ent_slice rows)
{
    struct ent_web_answer a = {.status = 0};
    ent_buf_init(&a.headers, 8192);
    ent_buf_init(&a.body, (size_t)1 << 20);
    ent_console_render(&a, q, rows);
    (void)snprintf(said, sizeof(said), "%.*s", (int)a.body.n, (const char *)a.body.p);
    ent_buf_release(&a.headers);
    ent_buf_release(&a.body);
    return a.status;
}

/* A request, as a browser makes it, to the console of one of them. handle 0xFF: reads as who. */
static unsigned ask(unsigned i, const struct ent_identity *who, uint8_t handle, const char *path,
                    const char *form)
{
    static const struct ent_identity sender = {.user = 7,
                                               .name = "ann",
                                               .role = ENT_USER_OPERATOR,
                                               .clearance = ENT_TLP_RED,
                                               .via = ENT_VIA_SESSION};
    const struct ent_api_handle h = {{handle}};
    struct ent_web_request req = {.method = who != NULL ? "GET" : "POST"};
    struct ent_web_answer a = {.status = 0};
    struct ent_console_query q;
    struct ent_buf bytes, rows;
    char full[64];
    (void)snprintf(full, sizeof(full), "/api/v1/%s", path);
    req.path = full;
    *(who != NULL ? &req.query : &req.body) = ent_slice_str(form);
    req.content_type = ENT_SLICE_LIT("application/x-www-form-urlencoded");
    ent_buf_init(&a.headers, 8192);
    ent_buf_init(&a.body, 8192);
    ent_buf_init(&bytes, ENT_CONSOLE_QUERY);
    ent_buf_init(&rows, ENT_CONSOLE_ROWS);
    unsigned status;
    if (ent_console_parse(&q, &a, &req, who != NULL ? who : &sender, true) == ENT_OK) {
        assert_ok(ent_console_query_encode(&bytes, &q));
        if (who != NULL)
            (void)!ent_console_book_run(x.c[i], &rows, who, ent_buf_slice(&bytes), OFFICE_NOW);
        else
            (void)!ent_console_book_act(x.c[i], &rows, &h, ent_buf_slice(&bytes),
                                        ent_slice(NULL, 0), OFFICE_NOW);
        status = render(&q, ent_buf_slice(&rows));
    } else {
        status = a.status;
        (void)snprintf(said, sizeof(said), "%.*s", (int)a.body.n, (const char *)a.body.p);
    }
    ent_buf_release(&a.headers);
    ent_buf_release(&a.body);
    ent_buf_release(&bytes);
    ent_buf_release(&rows);
    return status;
}

static unsigned reads(unsigned i, enum ent_tlp clearance, const char *path, const char *form)
{
    const struct ent_identity who = person(ENT_USER_READER, clearance);
    return ask(i, &who, 0, path, form);
}

static unsigned does(unsigned i, uint8_t handle, const char *path, const char *form)
{
    return ask(i, NULL, handle, path, form);
}

#define says(text)                                                                                 \
    do {                                                                                           \
        if (strstr(said, (text)) == NULL)                                                          \
            fail_msg("no %s in %s", (text), said);                                                 \
    } while (0)
#define not_said(text) assert_null(strstr(said, (text)))

static const char *form_of(const char *id)
{
    static char form[64];
    (void)snprintf(form, sizeof(form), "run=%s", id);
    return form;
}

/* --- before -------------------------------------------------------------------------------------
 */

static void test_the_rule(void **state)
{
    (void)state;
    assert_int_equal(reads(0, ENT_TLP_AMBER, "quorums", ""), 200);
    says(
        "{\"part\":\"ask\",\"quorum\":{\"each\":false,\"window\":3600,\"threshold\":2,\"items\":64,"
        "\"padding\":\"double\",\"tables\":20,\"types\":[\"ipv4\"],\"holders\":[");
    says("\"newest\":\"2018-08-20T00:00:00Z\",\"runs\":[],\"records\":0}");
    assert_int_equal(reads(0, ENT_TLP_AMBER, "quorum", form_of("0123456789abcdef0123456789abcdef")),
                     404);
    says("there is no record of such a quorum");
}

/* What the pact would not have is not said, and nobody says anything without a record. */
static void test_wrong_offers(void **state)
{
    static const struct {
        const char *form;
        unsigned status;
        const char *why;
    } wrong[] = {
        {"from=1534726800", 409, "that window is not over"},
        {"from=9223372036854775807", 409, "that window is not over"},
        {"from=1534723201", 409, "no window of the pact's rule begins then"},
        {"from=1534723200&items=65", 409, "not what the pact's rule of quorums allows"},
        {"from=1534723200&types=domain", 409, "not what the pact's rule of quorums allows"},
        {"from=1534723200&threshold=6", 409, "threshold, items or tables are out of range"},
        {"from=1534723200&threshold=9", 400, "the value of threshold is none"},
        {"from=1534723200&threshold=0", 400, "the value of threshold is none"},
        {"from=1534723200&run=0", 400, "there is no such parameter here"},
        {"threshold=2", 400, "a parameter is missing"},
    };
    struct ent_console_book *console = x.c[0];
    struct ent_console_book_opts opts = opts_of(0);
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(does(0, 1, "quorum-start", wrong[i].form), wrong[i].status);
        says(wrong[i].why);
    }
    assert_int_equal(does(0, 2, "quorum-start", "from=1534723200"), 403);
    assert_int_equal(does(0, 0, "quorum-start", "from=1534723200"), 503);
    assert_int_equal(does(0, 1, "quorum-join", form_of("0123456789abcdef0123456789abcdef")), 404);
    opts.quorums = NULL; /* before the node has them */
    assert_ok(ent_console_book_new(&x.c[0], &opts));
    assert_int_equal(does(0, 1, "quorum-start", "from=1534723200"), 404);
    ent_console_book_free(x.c[0]);
    x.c[0] = console;
    assert_int_equal(reads(0, ENT_TLP_AMBER_STRICT, "quorums", ""), 200);
    says("\"runs\":[]");
}

/* --- a run --------------------------------------------------------------------------------------
 */

static void wait_until(unsigned i, const char *text)
{
    for (unsigned n = 0; n < 3000; n++) {
        if (reads(i, ENT_TLP_AMBER_STRICT, "quorum", form_of(run)) == 200 &&
            strstr(said, text) != NULL)
            return;
        (void)usleep(20000);
    }
    fail_msg("never %s: %s", text, said);
}

static void test_a_run(void **state)
{
    (void)state;
    assert_int_equal(does(0, 1, "quorum-start", "from=1534723200&threshold=3&types=ipv4&items=64"),
                     200);
    assert_int_equal(x.last.kind, ENT_VOUCH_OFFER);
    assert_int_equal(x.last.number, OFFICE_WINDOW);
    assert_int_equal(strlen(said), strlen("{\"run\":\"\"}") + 32);
    memcpy(run, said + strlen("{\"run\":\""), 32);
    memcpy(all.run, run, sizeof(run));
    all.offer.shape.threshold = 3;
    wait_until(0, "\"wish\":\"join\""); /* who starts one wants to be in it */
    wait_until(1, "\"waits\":true");
    wait_until(2, "\"waits\":true");
    says("\"phase\":\"offered\"");
    assert_int_equal(does(1, 2, "quorum-join", form_of(run)), 403);
    assert_int_equal(does(1, 3, "quorum-join", form_of(run)), 404); /* it may not know of it */
    says("there is no record of such a quorum");
    wait_until(1, "\"wish\":\"none\"");
    assert_int_equal(does(1, 1, "quorum-join", form_of(run)), 200);
    assert_int_equal(x.last.kind, ENT_VOUCH_JOIN);
    assert_string_equal(x.last_name, run);
    assert_int_equal(does(2, 1, "quorum-decline", form_of(run)), 200);
    assert_int_equal(x.last.kind, ENT_VOUCH_DECLINE);
    offices_wait_taken(&all, 15);
    wait_until(2, "\"reason\":\"declined\"");
    says("\"waits\":false");
    assert_int_equal(does(2, 1, "quorum-join", form_of(run)), 409);
    says("this member has refused already");
    assert_int_equal(does(1, 1, "quorum-decline", form_of(run)), 409);
    says("this member has accepted already");
}

static void test_what_came_of_it(void **state)
{
    char found[64];
    (void)state;
    wait_until(1, "\"found\":");
    says("\"phase\":\"done\"");
    says("\"window\":\"2018-08-20T00:00:00Z\",\"seconds\":3600,\"types\":[\"ipv4\"],\"threshold\":"
         "3");
    says("\"present\":true,\"disputed\":false,\"counted\":true,\"taken\":true}");
    says("\"answer\":\"refused\"");
    says("\"faults\":[],\"unverified\":0");
    says("\"positions\":");
    (void)snprintf(found, sizeof(found), "%.40s", strstr(said, "\"found\":"));
    found[strcspn(found, ",}")] = '\0';
    assert_int_equal(reads(1, ENT_TLP_AMBER_STRICT, "quorums", ""), 200);
    says(run);
    says(found);
    says("\"participant\":true,\"holder\":false,\"collector\":false,\"tlp\":\"TLP:");
    says("\"records\":1}");
    assert_int_equal(x.red, 0);
}

/* Who may not see the statements sees no run; who may not see findings is not told how many. */
static void test_clearance(void **state)
{
    struct ent_console_book *console = x.c[1];
    struct ent_console_book_opts opts = opts_of(1);
    (void)state;
    assert_int_equal(reads(1, ENT_TLP_GREEN, "quorums", ""), 200);
    says("\"runs\":[]");
    assert_int_equal(reads(1, ENT_TLP_GREEN, "quorum", form_of(run)), 404);
    not_said("phase");
    opts.quorum_tlp = ENT_TLP_RED;
    assert_ok(ent_console_book_new(&x.c[1], &opts));
    for (unsigned i = 0; i < 2; i++) {
        const char *path = i == 0 ? "quorums" : "quorum", *form = i == 0 ? "" : form_of(run);
        assert_int_equal(reads(1, ENT_TLP_AMBER_STRICT, path, form), 200);
        says("\"phase\":\"done\"");
        not_said("\"found\":");
        not_said("refused_hits");
        assert_int_equal(x.red, i);
        assert_int_equal(reads(1, ENT_TLP_RED, path, form), 200);
        says("\"found\":");
        assert_int_equal(x.red, i + 1); /* on record */
    }
    ent_console_book_free(x.c[1]);
    x.c[1] = console;
}

/* A file that is damaged spoils its own run alone, and it is said which one that is. */
static void test_damaged(void **state)
{
    static const char other[] = "00000000000000000000000000000000";
    char name[96];
    (void)state;
    (void)snprintf(name, sizeof(name), "quorum/%s/state", other);
    assert_ok(ent_kept_write(all.o[FIRST + 1]->home->disk, name, ENT_SLICE_LIT("this is no state"),
                             true, NULL));
    assert_int_equal(reads(1, ENT_TLP_AMBER_STRICT, "quorums", ""), 200);
    says("{\"run\":\"00000000000000000000000000000000\",\"damaged\":true}");
    says(run);
    assert_int_equal(reads(1, ENT_TLP_AMBER_STRICT, "quorum", form_of(other)), 500);
    says("its file state is damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rule),  cmocka_unit_test(test_wrong_offers),
        cmocka_unit_test(test_a_run),     cmocka_unit_test(test_what_came_of_it),
        cmocka_unit_test(test_clearance), cmocka_unit_test(test_damaged),
    };
    ent_t_start("console_quorum");
    return cmocka_run_group_tests_name("console_quorum", tests, set_up, tear_down);
}
