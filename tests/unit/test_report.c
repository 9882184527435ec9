/* test_report.c: the log. Records as bytes and as lines, what a role that lies can bring about, and
 * the writers: a limit for each event, a syslog that comes and goes. */
#include "tests/support/t.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/node.h"

static struct ent_buf bytes, line;

static const char *text(struct ent_buf *b)
{
    assert_ok(ent_buf_putc(b, '\0'));
    return (const char *)b->p;
}

static const char *as(const struct ent_report *r, enum ent_log_format f, enum ent_process from)
{
    ent_buf_clear(&line);
    assert_ok(ent_report_line(&line, r, f, from));
    return text(&line);
}

static struct ent_report lost(const char *cause)
{
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_WARN, "member-lost");
    r.time = 1534723200;
    ent_report_text(&r, "member", "b");
    ent_report_number(&r, "asked", UINT64_MAX);
    ent_report_text(&r, "cause", cause);
    return r;
}

/* --- records ---------------------------------------------------------------------------------- */

static void test_lines(void **state)
{
    struct ent_report r = lost("it took too long");
    (void)state;
    assert_string_equal(as(&r, ENT_LOG_LOGFMT, ENT_PROCESS_LEDGER),
                        "time=2018-08-20T00:00:00Z level=warn event=member-lost member=b"
                        " asked=18446744073709551615 cause=\"it took too long\"");
    assert_string_equal(as(&r, ENT_LOG_LOGFMT, ENT_PROCESS_FRONT),
                        "time=2018-08-20T00:00:00Z level=warn event=member-lost member=b"
                        " asked=18446744073709551615 cause=\"it took too long\" role=front");
    assert_string_equal(as(&r, ENT_LOG_JSON, ENT_PROCESS_API),
                        "{\"time\":\"2018-08-20T00:00:00Z\",\"level\":\"warn\",\"event\":"
                        "\"member-lost\",\"member\":\"b\",\"asked\":18446744073709551615,"
                        "\"cause\":\"it took too long\",\"role\":\"api\"}");
    ent_buf_clear(&line);
    assert_ok(ent_report_syslog(&line, &r, ENT_LOG_LOGFMT, ENT_PROCESS_PARENT, "host.example"));
    assert_string_equal(text(&line),
                        "<28>1 2018-08-20T00:00:00Z host.example entente parent member-lost - "
                        "time=2018-08-20T00:00:00Z level=warn event=member-lost member=b"
                        " asked=18446744073709551615 cause=\"it took too long\"");
    ent_buf_clear(&line);
    r.level = ENT_LEVEL_ALERT;
    assert_ok(ent_report_syslog(&line, &r, ENT_LOG_JSON, ENT_PROCESS_PARENT, ""));
    assert_memory_equal(text(&line), "<25>1 2018-08-20T00:00:00Z - entente parent", 43);
}

/* What a value can hold, and that it never gets out of its quotes, nor of its line. */
static void test_escapes(void **state)
{
    static const struct {
        const char *value, *shown;
    } cases[] = {
        {"plain-1.dat", "plain-1.dat"},
        {"2018-08-20T00:00:00Z", "2018-08-20T00:00:00Z"},
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a=b", "\"a=b\""},
        {"a\"b", "\"a\\\"b\""},
        {"a\\b", "\"a\\\\b\""},
        {"x level=alert event=ready", "\"x level=alert event=ready\""},
        {"x\ntime=1 event=ready", "\"x\\ntime=1 event=ready\""},
        {"\x1b[2J", "\"\\u001b[2J\""},
        {"\xE2\x80\xAE", "\"\\u202e\""},
        {"\xff", "\"\xEF\xBF\xBD\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_report r = lost(cases[i].value);
        const char *cause = strstr(as(&r, ENT_LOG_LOGFMT, ENT_PROCESS_PARENT), "cause=");
        assert_non_null(cause);
        assert_string_equal(cause + 6, cases[i].shown);
    }
}

static void test_bytes(void **state)
{
    struct ent_report r = lost("\x01 anything"), back;
    (void)state;
    ent_buf_clear(&bytes);
    assert_ok(ent_report_encode(&bytes, &r));
    assert_ok(ent_report_parse(&back, ent_buf_slice(&bytes)));
    assert_int_equal(back.n, 3);
    assert_string_equal(as(&back, ENT_LOG_JSON, ENT_PROCESS_PARENT),
                        "{\"time\":\"2018-08-20T00:00:00Z\",\"level\":\"warn\",\"event\":"
                        "\"member-lost\",\"member\":\"b\",\"asked\":18446744073709551615,"
                        "\"cause\":\"\\u0001 anything\"}");
    for (size_t n = 0; n < bytes.n; n++)
        assert_err(ent_report_parse(&back, ent_slice(bytes.p, n)), ENT_E_FORMAT);
    assert_ok(ent_buf_putc(&bytes, 0));
    assert_err(ent_report_parse(&back, ent_buf_slice(&bytes)), ENT_E_FORMAT);
}

/* Whatever is changed: another record, or none; never one that is written in two ways. */
static void test_one_form(void **state)
{
    struct ent_report r = lost("x"), back;
    struct ent_buf again;
    (void)state;
    ent_buf_init(&again, ENT_REPORT_MAX);
    ent_buf_clear(&bytes);
    assert_ok(ent_report_encode(&bytes, &r));
    for (size_t i = 0; i < bytes.n * 256; i++) {
        const uint8_t was = bytes.p[i / 256];
        bytes.p[i / 256] = (uint8_t)i;
        if (ent_report_parse(&back, ent_buf_slice(&bytes)) == ENT_OK) {
            ent_buf_clear(&again);
            assert_ok(ent_report_encode(&again, &back));
            assert_true(ent_slice_eq(ent_buf_slice(&again), ent_buf_slice(&bytes)));
        }
        bytes.p[i / 256] = was;
    }
    ent_buf_release(&again);
}

static enum ent_err parse_forged(struct ent_report *r)
{
    struct ent_report back;
    ent_buf_clear(&bytes);
    assert_ok(ent_report_encode(&bytes, r));
    return ent_report_parse(&back, ent_buf_slice(&bytes));
}

static void test_lies(void **state)
{
    static const char *const words[] = {"",
                                        "Upper",
                                        "a b",
                                        "a=b",
                                        "a\n",
                                        "\xC3\xA4",
                                        "time",
                                        "level",
                                        "event",
                                        "role",
                                        "member", /* which is there */
                                        "a-key-that-is-longer-than-a-word-is"};
    struct ent_report r;
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        r = lost("x");
        r.field[2].key = ent_slice_str(words[i]);
        assert_err(parse_forged(&r), ENT_E_FORMAT);
        r = lost("x");
        r.event = ent_slice_str(words[i]);
        assert_err(parse_forged(&r), i < 6 || i == 11 ? ENT_E_FORMAT : ENT_OK);
    }
    r = lost("x");
    r.level = ENT_LEVELS;
    assert_err(parse_forged(&r), ENT_E_FORMAT);
    r = lost("x");
    r.time = -1;
    assert_err(ent_report_encode(&bytes, &r), ENT_E_FORMAT);
}

static void test_limits(void **state)
{
    static char big[5001];
    static const char *const keys[] = {"a", "b", "c", "d"};
    struct ent_report r, back;
    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    ent_report_init(&r, ENT_LEVEL_INFO, "big");
    for (size_t i = 0; i < 3; i++)
        ent_report_text(&r, keys[i], big); /* cut */
    assert_int_equal(r.field[2].text.n, ENT_REPORT_TEXT);
    assert_ok(parse_forged(&r));
    ent_report_text(&r, keys[3], big);
    ent_buf_clear(&bytes);
    assert_err(ent_report_encode(&bytes, &r), ENT_E_LIMIT);
    assert_int_equal(bytes.n, 0);
    r.n = 1;
    r.field[0].text.n = ENT_REPORT_TEXT + 1;
    assert_err(parse_forged(&r), ENT_E_FORMAT);
    memset(big, '"', sizeof(big) - 1); /* the longest line has its place */
    r.n = 3;
    r.field[0].text.n = ENT_REPORT_TEXT;
    assert_ok(parse_forged(&r));
    assert_ok(ent_report_parse(&back, ent_buf_slice(&bytes)));
    assert_int_equal(strlen(as(&back, ENT_LOG_JSON, ENT_PROCESS_PARENT)) > 6000, true);
}

/* --- writing ---------------------------------------------------------------------------------- */

static char path[4200];
static int out;

static struct ent_reporter *start(unsigned per_second)
{
    struct ent_reporter *w = NULL;
    (void)snprintf(path, sizeof(path), "%s/out", ent_t_tmpdir());
    out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out >= 0);
    const struct ent_reporter_opts opts = {.fd = out, .per_second = per_second};
    assert_ok(ent_reporter_new(&w, &opts));
    return w;
}

static const char *written(void)
{
    struct ent_diag d;
    ent_buf_clear(&bytes);
    assert_ok(ent_file_read(&bytes, &d, path));
    return text(&bytes);
}

static size_t count(const char *s, const char *what)
{
    size_t n = 0;
    while ((s = strstr(s, what)) != NULL) {
        s++;
        n++;
    }
    return n;
}

static enum ent_err take(struct ent_reporter *w, enum ent_process from, const char *event)
{
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_INFO, event);
    r.time = 0; /* a lie */
    ent_buf_clear(&line);
    assert_ok(ent_report_encode(&line, &r));
    return ent_reporter_take(w, from, ent_buf_slice(&line));
}

/* Until a new second begins, so that what follows lies in one. */
static void new_second(void)
{
    const uint64_t now = ent_clock_steady_ns() / 1000000000u;
    while (ent_clock_steady_ns() / 1000000000u == now)
        (void)usleep(1000);
}

static void test_flood(void **state)
{
    struct ent_reporter *w = start(5);
    (void)state;
    new_second();
    for (int i = 0; i < 105; i++)
        assert_ok(take(w, ENT_PROCESS_FRONT, "member-exposed"));
    assert_ok(take(w, ENT_PROCESS_FRONT, "another"));
    assert_ok(take(w, ENT_PROCESS_LEDGER, "member-exposed")); /* not held back by the other's */
    assert_int_equal(count(written(), "event=member-exposed role=front\n"), 5);
    assert_int_equal(count(written(), "event=member-exposed\n"), 1);
    assert_int_equal(count(written(), "event=another role=front\n"), 1);
    assert_int_equal(count(written(), "1970"), 0); /* the time is the writer's */
    ent_reporter_tick(w);                          /* the second is not over */
    assert_int_equal(count(written(), "suppressed="), 0);
    new_second();
    ent_reporter_tick(w);
    ent_reporter_tick(w);
    assert_int_equal(count(written(), "level=warn event=member-exposed suppressed=100 role=front"),
                     1);
    for (int i = 0; i < 6; i++)
        assert_ok(take(w, ENT_PROCESS_FRONT, "member-exposed"));
    assert_int_equal(count(written(), "event=member-exposed role=front\n"), 10);
    ent_reporter_free(w);
    assert_int_equal(count(written(), "suppressed="), 2);
    assert_int_equal(count(written(), "suppressed=1 role=front\n"), 1);
    (void)close(out);
}

/* Names are free, so a flood can have many of them. */
static void test_flood_of_kinds(void **state)
{
    struct ent_reporter *w = start(2);
    char event[24];
    (void)state;
    new_second();
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(event, sizeof(event), "event-%d", i);
        assert_ok(take(w, ENT_PROCESS_MATCH, event));
    }
    assert_int_equal(count(written(), "\n"), 16 + 2);
    assert_ok(take(w, ENT_PROCESS_LEDGER, "event-999"));
    assert_int_equal(count(written(), "\n"), 19);
    ent_reporter_free(w);
    assert_int_equal(count(written(), "event=others suppressed=982 role=match\n"), 1);
    (void)close(out);
}

static void test_no_record(void **state)
{
    struct ent_reporter *w = start(0);
    (void)state;
    assert_err(ent_reporter_take(w, ENT_PROCESS_FRONT, ENT_SLICE_LIT("nonsense")), ENT_E_FORMAT);
    assert_err(ent_reporter_take(w, ENT_PROCESS_FRONT, ent_slice(NULL, 0)), ENT_E_FORMAT);
    assert_string_equal(written(), "");
    ent_reporter_free(w);
    (void)close(out);
}

/* --- syslog ----------------------------------------------------------------------------------- */

static struct sockaddr_un name;

static int syslogd(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    name.sun_family = AF_UNIX;
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%.80s/log", ent_t_tmpdir());
    (void)unlink(name.sun_path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

static const char *received(int fd)
{
    static char got[ENT_REPORT_LINE];
    ssize_t n = recv(fd, got, sizeof(got) - 1, 0);
    got[n < 0 ? 0 : n] = '\0';
    return got;
}

static void say_number(struct ent_reporter *w, uint64_t n)
{
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_INFO, "tick");
    ent_report_number(&r, "n", n);
    ent_reporter_say(w, &r);
}

static void test_syslog(void **state)
{
    struct ent_reporter *w = NULL;
    int fd = syslogd();
    (void)state;
    const struct ent_reporter_opts opts = {.to = ENT_LOG_SYSLOG, .socket = name.sun_path};
    assert_ok(ent_reporter_new(&w, &opts));
    say_number(w, 1);
    const char *got = received(fd);
    assert_memory_equal(got, "<30>1 2", 7);
    assert_non_null(strstr(got, " entente parent tick - time=2"));
    assert_non_null(strstr(got, "level=info event=tick n=1"));
    (void)close(fd); /* it dies, and nothing waits for it */
    say_number(w, 2);
    say_number(w, 3);
    fd = syslogd();
    new_second();
    say_number(w, 4);
    assert_non_null(strstr(received(fd), "event=tick n=4"));
    assert_non_null(strstr(received(fd), "level=warn event=log-lost records=2"));
    say_number(w, 5);
    assert_non_null(strstr(received(fd), "event=tick n=5"));
    assert_string_equal(received(fd), "");
    ent_reporter_free(w);
    (void)close(fd);
}

static void test_no_syslog(void **state)
{
    static char much[200];
    struct ent_reporter *w = NULL;
    (void)state;
    memset(much, 'x', sizeof(much) - 1);
    const struct ent_reporter_opts far = {.to = ENT_LOG_SYSLOG, .socket = much};
    assert_err(ent_reporter_new(&w, &far), ENT_E_LIMIT);
    const struct ent_reporter_opts none = {.to = ENT_LOG_SYSLOG, .socket = "/nonexistent/log"};
    assert_ok(ent_reporter_new(&w, &none));
    say_number(w, 1);
    ent_reporter_free(w);
}

/* --- through a channel ------------------------------------------------------------------------ */

static void on_note(void *ctx, struct ent_msg *note)
{
    if (ent_reporter_take(ctx, ENT_PROCESS_API, ent_buf_slice(&note->bytes)) != ENT_OK)
        ENT_BUG("no record");
}

static void test_channel(void **state)
{
    static const struct ent_protocol protocol = {ent_report_rows, ENT_REPORT_ROWS, 1, 1};
    struct ent_reporter *w = start(0);
    struct ent_channel *parent, *child;
    struct ent_report r = lost("x");
    struct ent_diag d;
    int fd[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    struct ent_channel_opts o = {.protocol = &protocol,
                                 .self = ENT_PROCESS_PARENT,
                                 .peer = ENT_PROCESS_API,
                                 .note = on_note,
                                 .ctx = w};
    assert_ok(ent_channel_new(&parent, &d, fd[0], &o));
    o.self = ENT_PROCESS_API;
    o.peer = ENT_PROCESS_PARENT;
    assert_ok(ent_channel_new(&child, &d, fd[1], &o));
    ent_buf_clear(&bytes);
    assert_ok(ent_report_encode(&bytes, &r));
    assert_ok(ent_channel_note(child, ENT_MSG_REPORT, ent_buf_slice(&bytes), -1));
    for (int i = 0; i < 1000 && count(written(), "\n") == 0; i++)
        (void)usleep(2000);
    assert_int_equal(count(written(), "event=member-lost member=b asked="), 1);
    ent_channel_free(child);
    ent_channel_free(parent);
    ent_reporter_free(w);
    (void)close(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),     cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_bytes),     cmocka_unit_test(test_one_form),
        cmocka_unit_test(test_lies),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_flood),     cmocka_unit_test(test_flood_of_kinds),
        cmocka_unit_test(test_no_record), cmocka_unit_test(test_syslog),
        cmocka_unit_test(test_no_syslog), cmocka_unit_test(test_channel),
    };
    ent_buf_init(&bytes, 1u << 20);
    ent_buf_init(&line, ENT_REPORT_LINE + 1);
    int bad = ent_t_run("report", tests);
    ent_buf_release(&bytes);
    ent_buf_release(&line);
    return bad;
}
