/* test_counts.c: metrics. The page is read by a grammar of its own; a role that lies can spoil its
 * own numbers and nothing else. */
#include "tests/support/t.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/node.h"

static struct ent_buf page, bytes;
static struct ent_counted all[ENT_PROCESSES];

static struct ent_counts *start(enum ent_process p)
{
    struct ent_counts *c = NULL;
    assert_ok(ent_counts_new(&c, p));
    return c;
}

static const char *text(size_t n)
{
    ent_buf_clear(&page);
    assert_ok(ent_counts_text(&page, all, n));
    assert_ok(ent_buf_putc(&page, '\0'));
    return (const char *)page.p;
}

#define assert_has(page, line) assert_non_null(strstr((page), (line "\n")))
#define assert_not(page, part) assert_null(strstr((page), (part)))

/* --- the page --------------------------------------------------------------------------------- */

static size_t word(const char *s, bool colon)
{
    size_t n = 0;
    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') || s[n] == '_' ||
           (n > 0 && s[n] >= '0' && s[n] <= '9') || (colon && s[n] == ':'))
        n++;
    return n;
}

/* name{label="value",...} number, of the family that was announced. */
static bool is_sample(const char *s, const char *family)
{
    size_t n = word(s, true);
    if (strncmp(s, family, strlen(family)) != 0)
        return false;
    s += n;
    for (bool first = true; *s == '{' || (!first && *s == ','); first = false) {
        n = word(++s, false);
        if (n == 0 || s[n] != '=' || s[n + 1] != '"')
            return false;
        s += n + 2;
        n = strcspn(s, "\"\\\n");
        if (s[n] != '"')
            return false;
        s += n + 1;
    }
    if (*s == '}')
        s++;
    return *s == ' ' && strspn(s + 1, "0123456789.e+-") == strlen(s + 1) && s[1] != '\0';
}

/* The name behind "# HELP " or "# TYPE ". */
static bool is_about(char ret[static 128], const char *line, const char *what)
{
    if (strncmp(line, what, 7) != 0)
        return false;
    (void)snprintf(ret, 128, "%.*s", (int)word(line + 7, true), line + 7);
    return ret[0] != '\0' && line[7 + strlen(ret)] == ' ';
}

/* Each family once: HELP, TYPE, samples, no sample twice. *ret_lines are samples. */
static void check_grammar(const char *s, size_t *ret_lines)
{
    static char seen[4096][160];
    char line[512], family[128] = "", help[128] = "";
    size_t n = 0;
    while (*s != '\0') {
        const size_t length = strcspn(s, "\n");
        assert_true(length < sizeof(line) && s[length] == '\n');
        memcpy(line, s, length);
        line[length] = '\0';
        s += length + 1;
        if (is_about(help, line, "# HELP ")) {
            assert_true(strlen(line) > 8 + strlen(help));
            continue;
        }
        if (is_about(family, line, "# TYPE ")) {
            assert_string_equal(family, help);
            const char *kind = line + 8 + strlen(family);
            assert_true(strcmp(kind, "counter") == 0 || strcmp(kind, "gauge") == 0 ||
                        strcmp(kind, "histogram") == 0);
            assert_int_equal(strcmp(kind, "counter") == 0,
                             strcmp(family + strlen(family) - 6, "_total") == 0);
            continue;
        }
        if (!is_sample(line, family))
            fail_msg("no sample of %s: %s", family, line);
        (void)snprintf(seen[n], sizeof(seen[n]), "%.*s", (int)strcspn(line, " "), line);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(seen[i], seen[n]);
        n++;
    }
    *ret_lines = n;
}

/* One of each reason for which a run may fail, so many for each word. */
static void count_quorums(struct ent_counts *c)
{
    ent_count_add(c, ENT_COUNT_QUORUMS, ENT_QUORUM_EV_FAILED, 4);
    ent_count_add(c, ENT_COUNT_QUORUM_FAILS, ent_count_quorum_fail("", ENT_QUORUM_NO_FAULT), 1);
    ent_count_add(c, ENT_COUNT_QUORUM_FAILS, ent_count_quorum_fail("b", ENT_QUORUM_NO_FAULT), 2);
    ent_count_add(c, ENT_COUNT_QUORUM_FAILS, ent_count_quorum_fail("b", ENT_QUORUM_SILENT), 3);
    ent_count_add(c, ENT_COUNT_QUORUM_FAILS,
                  ent_count_quorum_fail("b", (enum ent_quorum_fault)(ENT_QUORUM_FAULTS - 1)), 4);
    ent_count_add(c, ENT_COUNT_QUORUM_NAMED, ENT_QUORUM_PROOF - 1, 5);
}

static void test_page(void **state)
{
    size_t lines;
    (void)state;
    for (int p = 0; p < ENT_PROCESSES; p++) {
        struct ent_counts *c = start((enum ent_process)p);
        if (p == ENT_PROCESS_LEDGER) {
            ent_count_members(c, (const char *const[]){"ministry", "newspaper"}, 2);
            ent_count_member(c, ENT_COUNT_REACHABLE, "newspaper", 1);
            ent_count_member(c, ENT_COUNT_REACHABLE, "nobody", 1);
            ent_count_add(c, ENT_COUNT_RUNS, ENT_PEER_ABORTED, 3);
            ent_count_add(c, ENT_COUNT_ASKED, 0, 2685);
            count_quorums(c);
        }
        ent_counts_take(c, &all[p]);
        ent_counts_free(c);
    }
    const char *s = text(ENT_PROCESSES);
    check_grammar(s, &lines);
    /* what each metric has by its labels, two members of four metrics, four facts of each role */
    assert_int_equal(lines, 8 + 2 * 10 + ENT_WEB_EVENTS + 5 + 1 + (5 + 11 + 9 + 3) + 4 * 2 + 2 +
                                13 * 5 + 4 + 5 + 1 + 4 + 7 + 4 * 7);
    assert_has(s, "# TYPE entente_match_runs_total counter");
    assert_has(s, "entente_match_runs_total{outcome=\"aborted\"} 3");
    assert_has(s, "entente_match_runs_total{outcome=\"expired\"} 0");
    assert_has(s, "entente_match_items_total 2685");
    assert_has(s, "entente_quorum_runs_total{outcome=\"failed\"} 4");
    assert_has(s, "entente_quorum_runs_total{outcome=\"begun\"} 0");
    assert_has(s, "entente_quorum_failures_total{reason=\"too-few\"} 1");
    assert_has(s, "entente_quorum_failures_total{reason=\"refused\"} 2");
    assert_has(s, "entente_quorum_failures_total{reason=\"silent\"} 3");
    assert_has(s, "entente_quorum_failures_total{reason=\"contrary\"} 4");
    assert_has(s, "entente_quorum_named_total{fault=\"proof\"} 5");
    assert_has(s, "# TYPE entente_quorum_runs gauge");
    assert_has(s, "entente_member_reachable{member=\"ministry\"} 0");
    assert_has(s, "entente_member_reachable{member=\"newspaper\"} 1");
    assert_has(s, "entente_indicators{type=\"urlprefix\",tlp=\"amber+strict\"} 0");
    assert_has(s, "entente_restarts_total{role=\"signer\"} 0");
    assert_not(s, "nobody");
    ent_buf_clear(&page);
    assert_ok(ent_counts_text(&page, NULL, 0));
    assert_int_equal(page.n, 0);
    struct ent_buf small;
    ent_buf_init(&small, 100);
    assert_err(ent_counts_text(&small, all, 1), ENT_E_LIMIT);
    ent_buf_release(&small);
}

/* A role that does not answer leaves its metrics out, and does not bring them as zeros. */
static void test_missing_role(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_KEEPER);
    (void)state;
    ent_counts_take(c, &all[0]);
    ent_counts_free(c);
    const char *s = text(1);
    assert_has(s, "entente_sightings_total 0");
    assert_not(s, "entente_match");
    assert_not(s, "role=\"front\"");
}

static void test_requests(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_FRONT);
    (void)state;
    ent_count_request(c, ENT_PORT_USERS, 200, 1000000);
    ent_count_request(c, ENT_PORT_USERS, 204, 1000001);
    ent_count_request(c, ENT_PORT_USERS, 304, UINT64_C(20000000000));
    ent_count_request(c, ENT_PORT_USERS, 599, 0);
    ent_count_request(c, ENT_PORT_MEMBERS, 404, 0);
    ent_count_set(c, ENT_COUNT_REFUSED, ENT_WEB_SMUGGLING, 7);
    ent_counts_take(c, &all[0]);
    ent_counts_free(c);
    const char *s = text(1);
    assert_has(s, "entente_http_requests_total{port=\"users\",code=\"2xx\"} 2");
    assert_has(s, "entente_http_requests_total{port=\"users\",code=\"3xx\"} 1");
    assert_has(s, "entente_http_requests_total{port=\"users\",code=\"5xx\"} 1");
    assert_has(s, "entente_http_requests_total{port=\"members\",code=\"4xx\"} 1");
    assert_has(s, "entente_http_requests_total{port=\"members\",code=\"5xx\"} 0");
    assert_has(s, "entente_http_request_seconds_bucket{port=\"users\",le=\"0.001\"} 2");
    assert_has(s, "entente_http_request_seconds_bucket{port=\"users\",le=\"0.005\"} 3");
    assert_has(s, "entente_http_request_seconds_bucket{port=\"users\",le=\"10\"} 3");
    assert_has(s, "entente_http_request_seconds_bucket{port=\"users\",le=\"+Inf\"} 4");
    assert_has(s, "entente_http_request_seconds_count{port=\"users\"} 4");
    assert_has(s, "entente_http_request_seconds_sum{port=\"users\"} 20.002");
    assert_has(s, "entente_http_refused_total{kind=\"smuggling\"} 7");
}

static void test_members_change(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_LEDGER);
    (void)state;
    ent_count_members(c, (const char *const[]){"a", "b", "c"}, 3);
    ent_count_member(c, ENT_COUNT_EXPOSED, "b", 1);
    ent_count_member(c, ENT_COUNT_EXPOSED, "c", 2);
    ent_count_members(c, (const char *const[]){"c", "d"}, 2);
    ent_counts_take(c, &all[0]);
    const char *s = text(1);
    assert_has(s, "entente_member_exposed{member=\"c\"} 2");
    assert_has(s, "entente_member_exposed{member=\"d\"} 0");
    assert_not(s, "member=\"b\"");
    ent_count_members(c, NULL, 0);
    ent_count_members(c, (const char *const[]){"b", "c"}, 2);
    ent_counts_take(c, &all[0]);
    ent_counts_free(c);
    assert_has(text(1), "entente_member_exposed{member=\"c\"} 0");
    ent_count_add(NULL, ENT_COUNT_ASKED, 0, 1); /* who counts nothing */
    ent_count_member(NULL, ENT_COUNT_EXPOSED, "b", 1);
}

static void test_several_matches(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_MATCH);
    char want[80];
    (void)state;
    ent_counts_take(c, &all[0]);
    ent_counts_free(c);
    all[0].cpu_ns = 1500000000;
    all[1] = all[0];
    all[1].start += 5;
    const char *s = text(2);
    assert_has(s, "process_cpu_seconds_total{role=\"match\"} 3");
    (void)snprintf(want, sizeof(want), "process_start_time_seconds{role=\"match\"} %llu\n",
                   (unsigned long long)all[0].start);
    assert_non_null(strstr(s, want));
}

static void *add_many(void *ctx)
{
    for (int i = 0; i < 100000; i++)
        ent_count_add(ctx, ENT_COUNT_ASKED, 0, 2);
    return NULL;
}

static void test_threads(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_LEDGER);
    pthread_t t[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&t[i], NULL, add_many, c), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    ent_counts_take(c, &all[0]);
    assert_int_equal(all[0].cell[ent_metric_at(ENT_COUNT_ASKED)], 400000);
    ent_counts_free(c);
}

/* --- facts about a process -------------------------------------------------------------------- */

static bool are_plausible(const struct ent_counted *s, uint64_t files)
{
    return s->cpu_ns > 0 && s->resident > (1u << 20) && s->resident < (UINT64_C(64) << 30) &&
           s->files == files && ent_clock_now() - (int64_t)s->start < 60;
}

static void test_facts(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_API);
    struct ent_counted before;
    (void)state;
    ent_counts_take(c, &before);
    assert_true(are_plausible(&before, before.files));
    const int fd = dup(0);
    ent_counts_take(c, &all[0]);
    assert_int_equal(all[0].files, before.files + 1);
    (void)close(fd);
    ent_counts_free(c);
}

/* The same where no file can be opened any more. */
static void test_facts_in_sandbox(void **state)
{
    int status = 0;
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        static struct ent_counted s;
        struct ent_counts *c = start(ENT_PROCESS_MATCH);
        struct ent_sandbox box = *ent_sandbox_of("worker");
        struct ent_sandbox_state got;
        box.best_effort = true;
        box.uid = geteuid() == 0 ? 65534 : 0;
        box.gid = box.uid;
        if (ent_sandbox_enter(&got, NULL, &box) != ENT_OK)
            _exit(2);
        ent_counts_take(c, &s);
        _exit(are_plausible(&s, s.files) && s.files >= 3 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* --- between processes ------------------------------------------------------------------------ */

static void test_asked(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_LEDGER);
    struct ent_direct d = {ent_counts_serve, c, ENT_COUNTS_MAX};
    (void)state;
    ent_count_members(c, (const char *const[]){"a", "b-2"}, 2);
    ent_count_member(c, ENT_COUNT_HEAD_TIME, "b-2", 1534723200);
    ent_count_set(c, ENT_COUNT_LOG_ENTRIES, 0, UINT64_MAX);
    ent_counts_take(c, &all[1]);
    assert_ok(ent_counts_ask(ent_caller_direct(&d), &all[0], ENT_PROCESS_LEDGER));
    all[1].cpu_ns = all[0].cpu_ns; /* it went on */
    all[1].resident = all[0].resident;
    assert_memory_equal(&all[0], &all[1], sizeof(all[0]));
    /* its bytes are none of another role's */
    for (int p = 0; p < ENT_PROCESSES; p++)
        if (p != ENT_PROCESS_LEDGER)
            assert_err(ent_counts_ask(ent_caller_direct(&d), &all[0], (enum ent_process)p),
                       ENT_E_FORMAT);
    struct ent_msg m;
    assert_err(d.serve(c, &m, &(struct ent_msg){.type = ENT_MSG_COUNTS + 1}), ENT_E_FORMAT);
    ent_counts_free(c);
}

static void test_rows(void **state)
{
    const struct ent_protocol p = {ent_counts_rows, ENT_COUNTS_ROWS, 8, 64};
    struct ent_counts *c = start(ENT_PROCESS_LEDGER);
    static char name[ENT_ROSTER_MEMBERS][ENT_NAME_MAX + 1];
    const char *names[ENT_ROSTER_MEMBERS];
    (void)state;
    assert_true(ent_protocol_is_sound(&p));
    for (unsigned i = 0; i < ENT_ROSTER_MEMBERS; i++) { /* the largest fits, as the smallest */
        memset(name[i], 'x', ENT_NAME_MAX);
        name[i][0] = (char)('a' + i / 26);
        name[i][1] = (char)('a' + i % 26);
        names[i] = name[i];
    }
    ent_count_members(c, names, ENT_ROSTER_MEMBERS);
    ent_counts_take(c, &all[0]);
    ent_buf_clear(&bytes);
    assert_ok(ent_counted_encode(&bytes, &all[0]));
    assert_true(bytes.n <= ENT_COUNTS_MAX);
    assert_ok(ent_counted_parse(&all[1], ent_buf_slice(&bytes), ENT_PROCESS_LEDGER));
    size_t lines;
    check_grammar(text(1), &lines);
    all[0].from = ENT_PROCESS_MATCH;
    all[0].members = 0;
    ent_buf_clear(&bytes);
    assert_ok(ent_counted_encode(&bytes, &all[0]));
    assert_int_equal(bytes.n, 33);
    ent_counts_free(c);
}

static enum ent_err parse_named(const char *a, const char *b)
{
    memset(&all[0], 0, sizeof(all[0]));
    all[0].from = ENT_PROCESS_LEDGER;
    all[0].members = 2;
    (void)snprintf(all[0].member[0], ENT_NAME_MAX + 1, "%s", a);
    (void)snprintf(all[0].member[1], ENT_NAME_MAX + 1, "%s", b);
    ent_buf_clear(&bytes);
    assert_ok(ent_counted_encode(&bytes, &all[0]));
    return ent_counted_parse(&all[1], ent_buf_slice(&bytes), ENT_PROCESS_LEDGER);
}

static void test_forged(void **state)
{
    (void)state;
    assert_ok(parse_named("a", "b"));
    for (size_t n = 0; n < bytes.n; n++)
        assert_err(ent_counted_parse(&all[1], ent_slice(bytes.p, n), ENT_PROCESS_LEDGER),
                   ENT_E_FORMAT);
    assert_ok(ent_buf_putc(&bytes, 0));
    assert_err(ent_counted_parse(&all[1], ent_buf_slice(&bytes), ENT_PROCESS_LEDGER), ENT_E_FORMAT);
    assert_err(parse_named("a", "a"), ENT_E_FORMAT);
    assert_err(parse_named("a", ""), ENT_E_FORMAT);
    assert_err(parse_named("a", "B"), ENT_E_FORMAT);
    assert_err(parse_named("a", "x\"} 1\n"), ENT_E_FORMAT);
    bytes.n = 0;
    for (int i = 0; i < 32; i++)
        assert_ok(ent_buf_putc(&bytes, 0));
    assert_ok(ent_buf_putc(&bytes, (char)(ENT_ROSTER_MEMBERS + 1)));
    assert_err(ent_counted_parse(&all[1], ent_buf_slice(&bytes), ENT_PROCESS_LEDGER), ENT_E_FORMAT);
}

/* --- the store -------------------------------------------------------------------------------- */

static void put(struct ent_store *s, const char *what, enum ent_tlp tlp, const char *source)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = -1};
    enum ent_put did;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(what)));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &did, &ind, ent_slice_str(source), 1534723200));
    assert_ok(ent_store_commit(s));
}

static void test_store(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_KEEPER);
    struct ent_store *s = NULL;
    struct ent_diag d;
    (void)state;
    assert_ok(ent_store_open(&s, &d, ":memory:"));
    put(s, "192.0.2.1", ENT_TLP_GREEN, "x.csv");
    put(s, "192.0.2.1", ENT_TLP_RED, "y.csv");
    put(s, "192.0.2.2", ENT_TLP_GREEN, "y.csv");
    put(s, "bad.example", ENT_TLP_AMBER_STRICT, "y.csv");
    assert_ok(ent_counts_store(c, s));
    ent_counts_take(c, &all[0]);
    const char *p = text(1);
    assert_has(p, "entente_indicators{type=\"ipv4\",tlp=\"green\"} 2");
    assert_has(p, "entente_indicators{type=\"ipv4\",tlp=\"red\"} 1");
    assert_has(p, "entente_indicators{type=\"domain\",tlp=\"amber+strict\"} 1");
    assert_has(p, "entente_indicators{type=\"url\",tlp=\"clear\"} 0");
    assert_has(p, "entente_sources 2");
    assert_has(p, "entente_last_import_timestamp_seconds 1534723200");
    put(s, "192.0.2.3", ENT_TLP_GREEN, "x.csv"); /* within 15 s nothing is read again */
    assert_ok(ent_counts_store(c, s));
    ent_counts_take(c, &all[0]);
    assert_has(text(1), "entente_indicators{type=\"ipv4\",tlp=\"green\"} 2");
    ent_counts_free(c);
    c = start(ENT_PROCESS_KEEPER);
    assert_ok(ent_counts_store(c, s));
    ent_counts_take(c, &all[0]);
    assert_has(text(1), "entente_indicators{type=\"ipv4\",tlp=\"green\"} 3");
    ent_counts_free(c);
    ent_store_close(s);
}

/* What is written to the log is counted, also what is held back. */
static void test_records(void **state)
{
    struct ent_counts *c = start(ENT_PROCESS_PARENT);
    struct ent_reporter *w = NULL;
    struct ent_report r;
    (void)state;
    const struct ent_reporter_opts opts = {
        .to = ENT_LOG_SYSLOG, .socket = "/nonexistent/log", .per_second = 1, .counts = c};
    assert_ok(ent_reporter_new(&w, &opts));
    ent_report_init(&r, ENT_LEVEL_ALERT, "member-exposed");
    ent_reporter_say(w, &r);
    ent_reporter_say(w, &r);
    ent_reporter_free(w);
    ent_counts_take(c, &all[0]);
    ent_counts_free(c);
    assert_has(text(1), "entente_log_records_total{level=\"alert\"} 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_missing_role),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_members_change),
        cmocka_unit_test(test_several_matches),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_facts_in_sandbox),
        cmocka_unit_test(test_asked),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_records),
    };
    ent_buf_init(&page, ENT_COUNT_TEXT);
    ent_buf_init(&bytes, 2 * ENT_COUNTS_MAX);
    int bad = ent_t_run("counts", tests);
    ent_buf_release(&page);
    ent_buf_release(&bytes);
    return bad;
}
