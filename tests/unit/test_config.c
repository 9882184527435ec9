/* test_config.c: the configuration file: what is taken, and each way of being refused. */
#include "tests/support/t.h"

#include "intel/intel.h"
#include "node/config.h"

#include <inttypes.h>

static struct ent_config conf;
static struct ent_config_problems bad;

static enum ent_err parse(const char *text)
{
    return ent_config_parse(&conf, &bad, ent_slice_str(text));
}

static void test_defaults(void **state)
{
    (void)state;
    assert_ok(parse(""));
    assert_string_equal(conf.listen, "127.0.0.1:7443");
    assert_string_equal(conf.url, "");
    assert_int_equal(conf.max_connections, 256);
    assert_int_equal(conf.max_bodies, 512u << 20);
    assert_int_equal(conf.idle_seconds, 30);
    assert_int_equal(conf.request_seconds, 60);
    assert_int_equal(conf.match_max_items, 1000000);
    assert_int_equal(conf.match_workers, 4);
    assert_int_equal(conf.stop_seconds, 60);
    assert_int_equal(conf.match_tlp, ENT_TLP_GREEN);
    assert_int_equal(conf.worker_threads, 0);
    assert_string_equal(conf.users_listen, "127.0.0.1:7444");
    assert_string_equal(conf.users_cert, "");
    assert_string_equal(conf.users_key, "");
    assert_string_equal(conf.users_host, "");
    assert_int_equal(conf.users_max_connections, 256);
    assert_int_equal(conf.metrics_open, 0);
    assert_int_equal(conf.rate_account, 1200);
    assert_int_equal(conf.rate_address, 3000);
    assert_int_equal(conf.quorum, ENT_QUORUM_ASK);
    assert_int_equal(conf.quorum_max_items, 200000);
    assert_int_equal(conf.quorum_tlp, ENT_TLP_AMBER);
    assert_int_equal(conf.quorum_cores, 0);
}

static enum ent_err put_own(void *ctx, const struct ent_observable *o)
{
    size_t n = strlen(ctx);
    (void)snprintf((char *)ctx + n, 256 - n, "%s ", o->text);
    return ENT_OK;
}

static void test_good(void **state)
{
    (void)state;
    assert_ok(parse("# our node\r\n"
                    "\n"
                    "  listen=[2001:db8::1]:443\r\n"
                    "\turl =\thttps://entente.example.org:8443\n"
                    "   # more\n"
                    "max_connections = 2\n"
                    "max_bodies = 2G\n"
                    "idle_seconds = 5m\n"
                    "request_seconds = 1h\n"
                    "match_max_items = 50000000\n"
                    "match_workers = 16\n"
                    "match_tlp = clear\n"
                    "worker_threads = 8"));
    assert_int_equal(bad.n, 0);
    assert_string_equal(conf.listen, "[2001:db8::1]:443");
    assert_string_equal(conf.url, "https://entente.example.org:8443");
    assert_int_equal(conf.max_connections, 2);
    assert_int_equal(conf.max_bodies, UINT64_C(2) << 30);
    assert_int_equal(conf.idle_seconds, 300);
    assert_int_equal(conf.request_seconds, 3600);
    assert_int_equal(conf.match_max_items, 50000000);
    assert_int_equal(conf.match_workers, 16);
    assert_int_equal(conf.match_tlp, ENT_TLP_CLEAR);
    assert_int_equal(conf.worker_threads, 8);
    assert_ok(parse(
        "users_listen = off\nusers_cert = /etc/entente/cert.pem\nusers_host = Node-1.example\n"
        "metrics_open = yes\nrate_account = 0"));
    assert_string_equal(conf.users_listen, "off");
    assert_string_equal(conf.users_cert, "/etc/entente/cert.pem");
    assert_string_equal(conf.users_host, "Node-1.example");
    assert_int_equal(conf.metrics_open, 1);
    assert_int_equal(conf.rate_account, 0);
    assert_ok(
        parse("quorum = off\nquorum_max_items = 1048576\nquorum_tlp = red\nquorum_cores = 2"));
    assert_int_equal(conf.quorum, ENT_QUORUM_OFF);
    assert_int_equal(conf.quorum_max_items, 1048576);
    assert_int_equal(conf.quorum_tlp, ENT_TLP_RED);
    assert_int_equal(conf.quorum_cores, 2);
    assert_ok(parse("quorum = on"));
    assert_int_equal(conf.quorum, ENT_QUORUM_ON);
    assert_ok(parse("ip_speed = 2\ndomain_speed = 2.3\nurl_speed = 0.35\nhash_speed = 100.00"));
    assert_int_equal(conf.ip_speed, 200);
    assert_int_equal(conf.domain_speed, 230);
    assert_int_equal(conf.url_speed, 35);
    assert_int_equal(conf.hash_speed, 10000);
    assert_ok(parse("observe_types = ipv4,domain\nobserve_window_seconds = 15m\n"
                    "own_ranges = 198.51.100.0/24,2001:db8::/32,192.0.2.1\nobserve_warned = yes\n"
                    "own_domains = Newspaper.example,news.example\nobserve_max_items = 1"));
    assert_int_equal(conf.observe_types, ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_DOMAIN));
    assert_int_equal(conf.observe_window_seconds, 900);
    assert_int_equal(conf.observe_max_items, 1);
    assert_int_equal(conf.observe_warned, 1);
    char own[256] = "";
    assert_ok(ent_config_own(&conf, put_own, own));
    assert_string_equal(own, "198.51.100.0/24 2001:db8::/32 192.0.2.1 newspaper.example "
                             "news.example ");
    assert_ok(parse("url =\nidle_seconds = 7"));
    own[0] = '\0';
    assert_ok(ent_config_own(&conf, put_own, own));
    assert_string_equal(own, "");
    assert_int_equal(conf.idle_seconds, 7);
}

static void test_bad_values(void **state)
{
    static const char *const lines[] = {
        "listen = ",
        "listen = localhost:7443",
        "listen = 127.0.0.1",
        "listen = 127.0.0.1:7443 # here",
        "url = http://a:1",
        "url = https://a:1/x",
        "url = https://a b",
        "max_connections = 1",
        "max_connections = 65537",
        "max_connections = 2K",
        "max_connections = -2",
        "max_connections = +2",
        "max_connections = 0x10",
        "max_connections = 010",
        "max_connections = ",
        "max_connections = 18446744073709551617",
        "max_bodies = 1023K",
        "max_bodies = 64MB",
        "max_bodies = 64m",
        "max_bodies = M",
        "max_bodies = 17179869185G",
        "max_bodies = 18446744073709551615G",
        "max_bodies = 1.5G",
        "idle_seconds = 0",
        "idle_seconds = 61m",
        "idle_seconds = 30 s",
        "idle_seconds = 2M",
        "idle_seconds = s",
        "match_tlp = Green",
        "match_tlp = white",
        "match_tlp = amber",
        "match_tlp = ",
        "match_tlp = 2",
        "match_workers = 0",
        "match_workers = 17",
        "worker_threads = all",
        "users_listen = Off",
        "users_listen = ",
        "users_listen = 7444",
        "users_cert = cert.pem",
        "users_host = node_1.example",
        "users_host = node.example:7444",
        "users_host = https://node.example",
        "metrics_open = true",
        "rate_account = 1000001",
        "rate_address = -1",
        "ip_speed = 2.",
        "ip_speed = .5",
        "ip_speed = 2.345",
        "ip_speed = 2.x",
        "ip_speed = 0.09",
        "ip_speed = 100.01",
        "ip_speed = 1.5.5",
        "ip_speed = -1",
        "ip_lifetime = 3651d",
        "observe_window_seconds = 59s",
        "observe_window_seconds = 25h",
        "observe_max_items = 0",
        "observe_max_items = 16000001",
        "observe_types = net4",
        "observe_types = ip",
        "observe_warned = maybe",
        "quorum = yes",
        "quorum =",
        "quorum_max_items = 0",
        "quorum_max_items = 1048577",
        "quorum_tlp = pink",
        "quorum_cores = all",
        "own_ranges = newspaper.example",
        "own_ranges = 198.51.100.0/24,",
        "own_ranges = ,198.51.100.0/24",
        "own_ranges = 198.51.100.0/33",
        "own_domains = 198.51.100.0/24",
        "own_domains = a.example b.example",
        "own_domains = https://a.example/",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        conf.max_connections = 77;
        assert_err(parse(lines[i]), ENT_E_FORMAT);
        assert_int_equal(bad.n, 1);
        assert_int_equal(bad.list[0].line, 1);
        assert_non_null(strstr(bad.list[0].text, " is not right for "));
        assert_int_equal(conf.max_connections, 77); /* nothing is used of a bad file */
    }
}

static void expect(const char *text, const char *const want[], size_t n)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 16);
    assert_err(parse(text), ENT_E_FORMAT);
    assert_ok(ent_config_show(&b, &bad, "config"));
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(want[i]);
        assert_true(b.n - at > len);
        assert_memory_equal(b.p + at, want[i], len);
        assert_int_equal(b.p[at + len], '\n');
        at += len + 1;
    }
    assert_int_equal(at, b.n);
    ent_buf_release(&b);
}

static void test_messages(void **state)
{
    static const char *const want[] = {
        "config:2: unknown key 'lisen'; did you mean 'listen'?",
        "config:3: unknown key 'max_conections'; did you mean 'max_connections'?",
        "config:4: unknown key 'ulr'; did you mean 'url'?",
        "config:5: unknown key 'colour'",
        "config:6: 'listen 127.0.0.1:1' is not of the form key = value",
        "config:8: 'max_connections' is set already, on line 7",
        "config:9: '70m' is not right for 'idle_seconds', which is a duration from 1s to 1h",
        "config:10: 'a\\x1b[31m' is not right for 'match_tlp', which is clear or green",
        "config:11: '9' is not right for 'max_bodies', which is a size from 1M to 1024G",
        ("config:12: '' is not right for 'listen', which is an address and a port, such as "
         "192.0.2.1:7443 or [2001:db8::1]:7443"),
        "config:13: unknown key ''",
    };
    (void)state;
    expect("# first\nlisen = 1\nmax_conections = 2\nulr = x\ncolour = blue\nlisten 127.0.0.1:1\n"
           "max_connections = 3\nmax_connections = 3\nidle_seconds = 70m\n"
           "match_tlp = a\x1b[31m\nmax_bodies = 9\nlisten =\n= 1\n",
           want, sizeof(want) / sizeof(want[0]));
}

static void test_many_problems(void **state)
{
    struct ent_buf text, b;
    (void)state;
    ent_buf_init(&text, 10000);
    ent_buf_init(&b, 1u << 16);
    for (unsigned i = 0; i < ENT_CONFIG_PROBLEMS + 5; i++)
        assert_ok(ent_buf_printf(&text, "zzz%u = 1\n", i));
    assert_err(ent_config_parse(&conf, &bad, ent_buf_slice(&text)), ENT_E_FORMAT);
    assert_int_equal(bad.n, ENT_CONFIG_PROBLEMS);
    assert_int_equal(bad.more, 5);
    assert_ok(ent_config_show(&b, &bad, "c"));
    assert_memory_equal(b.p + b.n - 10, "c: 5 more\n", 10);
    ent_buf_release(&text);
    ent_buf_release(&b);
}

/* Property: one wrong, missing, doubled or swapped letter in a key is put right. */
static void test_suggestions(void **state)
{
    static const char *const names[] = {"listen",          "url",           "max_connections",
                                        "max_bodies",      "idle_seconds",  "request_seconds",
                                        "match_max_items", "match_workers", "match_tlp",
                                        "run_seconds",     "worker_threads"};
    (void)state;
    for (unsigned round = 0; round < 500; round++) {
        const char *name = names[ent_t_below(sizeof(names) / sizeof(names[0]))];
        char key[64], want[128];
        size_t n = strlen(name), at = ent_t_below(n);
        memcpy(key, name, n + 1);
        switch (ent_t_below(4)) {
        case 0:
            key[at] = 'Z';
            break;
        case 1:
            memmove(key + at, key + at + 1, n - at);
            break;
        case 2:
            memmove(key + at + 1, key + at, n - at + 1);
            break;
        default:
            if (at + 1 < n) {
                char c = key[at];
                key[at] = key[at + 1];
                key[at + 1] = c;
            }
            break;
        }
        if (strcmp(key, name) == 0)
            continue;
        (void)snprintf(want, sizeof(want), "unknown key '%s'; did you mean '%s'?", key, name);
        char line[80];
        (void)snprintf(line, sizeof(line), "%s = 1", key);
        assert_err(parse(line), ENT_E_FORMAT);
        assert_string_equal(bad.list[0].text, want);
    }
}

static void test_load(void **state)
{
    static char large[ENT_CONFIG_FILE_MAX + 1];
    struct ent_diag d;
    char path[256];
    (void)state;
    assert_ok(ent_path_join(path, sizeof(path), ent_t_tmpdir(), "config"));
    assert_err(ent_config_load(&conf, &bad, &d, path), ENT_E_NOTFOUND);
    assert_int_equal(bad.n, 0);
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("max_connections = 9\n"), 0600, NULL));
    assert_ok(ent_config_load(&conf, &bad, &d, path));
    assert_int_equal(conf.max_connections, 9);
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("\n\nx\n"), 0600, NULL));
    assert_err(ent_config_load(&conf, &bad, &d, path), ENT_E_FORMAT);
    assert_int_equal(d.line, 3);
    memset(large, '\n', sizeof(large));
    assert_ok(ent_file_write(path, ent_slice(large, sizeof(large)), 0600, NULL));
    assert_err(ent_config_load(&conf, &bad, &d, path), ENT_E_LIMIT);
    assert_ok(ent_file_write(path, ent_slice(large, sizeof(large) - 1), 0600, NULL));
    assert_ok(ent_config_load(&conf, &bad, &d, path));
}

static void test_webhook(void **state)
{
    (void)state;
    assert_ok(parse("webhook_url = https://hooks.example/in?code=1\nwebhook_secret = /etc/secret\n"
                    "webhook_events = match, pact\nwebhook_tlp = amber+strict\n"
                    "log_format = json\nlog_to = syslog"));
    assert_string_equal(conf.webhook_url, "https://hooks.example/in?code=1");
    assert_int_equal(conf.webhook_events, 1u << ENT_HOOK_MATCH | 1u << ENT_HOOK_PACT);
    assert_int_equal(conf.webhook_tlp, ENT_TLP_AMBER_STRICT);
    assert_int_equal(conf.log_format, ENT_LOG_JSON);
    assert_int_equal(conf.log_to, ENT_LOG_SYSLOG);
    assert_ok(parse("webhook_events = none"));
    assert_int_equal(conf.webhook_events, 0);
    for (unsigned e = 0; e < ENT_HOOK_EVENTS; e++) { /* the words of both tables are the same */
        char line[64];
        (void)snprintf(line, sizeof(line), "webhook_events = %s",
                       ent_hook_event_word((enum ent_hook_event)e));
        assert_ok(parse(line));
        assert_int_equal(conf.webhook_events, 1u << e);
    }
    static const char *const bad_lines[] = {
        "webhook_events =",
        "webhook_events = pact,",
        "webhook_events = ,pact",
        "webhook_events = pact,pact",
        "webhook_events = pact,none",
        "webhook_events = guard",
        "webhook_url = http://hooks.example/",
        "webhook_url = https://a@hooks.example/",
        "webhook_secret = secret",
        "webhook_tlp = white",
    };
    for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++)
        assert_err(parse(bad_lines[i]), ENT_E_FORMAT);
    assert_err(parse("\nwebhook_url = https://hooks.example/"), ENT_E_FORMAT);
    assert_int_equal(bad.n, 1);
    assert_int_equal(bad.list[0].line, 2);
    assert_string_equal(bad.list[0].text, "'webhook_url' needs 'webhook_secret'");
    assert_err(parse("webhook_events = x"), ENT_E_FORMAT);
    assert_string_equal(bad.list[0].text,
                        "'x' is not right for 'webhook_events', which is none, or some of: "
                        "sighting, exposed, suspected, match, pact or release-waiting");
}

static void test_man(void **state)
{
    struct ent_buf b, small;
    (void)state;
    ent_buf_init(&b, 1u << 16);
    assert_ok(ent_config_man(&b));
    assert_ok(ent_buf_putc(&b, '\0'));
    const char *text = (const char *)b.p;
    assert_non_null(strstr(text, ".It Ic idle_seconds\n"));
    assert_non_null(strstr(text, "The value is a duration from 1s to 1h;\nit is\n.Li 30s\nunless"));
    assert_non_null(strstr(text, "it is empty unless set.\n"));
    size_t count = 0;
    for (const char *p = text; (p = strstr(p, ".It Ic ")) != NULL; p++)
        count++;
    assert_int_equal(count, 49);
    /* The manual page was made by this, and still is what this makes. */
    struct ent_slice page = ent_t_file("docs/man/entente-config.5");
    assert_non_null(memmem(page.p, page.n, b.p, b.n - 1));
    ent_buf_init(&small, 100);
    assert_err(ent_config_man(&small), ENT_E_LIMIT);
    ent_buf_release(&small);
    ent_buf_release(&b);
}

/* Each setting as a file would have it: a file of what is told makes the same settings. */
static enum ent_err put_line(void *ctx, const char *name, const char *value, const char *def,
                             const char *help)
{
    assert_true(help[0] != '\0' && def != NULL);
    return ent_buf_printf(ctx, "%s = %s\n", name, value);
}

static void test_each(void **state)
{
    struct ent_config_problems p;
    struct ent_config c, again;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_CONFIG_FILE_MAX);
    assert_ok(ent_config_parse(&c, &p,
                               ENT_SLICE_LIT("idle_seconds = 90s\nmatch_tlp = clear\n"
                                             "url = https://a.example:1\nip_speed = 2.35\n"
                                             "webhook_events = pact,match\n")));
    assert_ok(ent_config_each(&c, put_line, &b));
    assert_ok(ent_config_parse(&again, &p, ent_buf_slice(&b)));
    assert_int_equal(again.idle_seconds, 90);
    assert_int_equal(again.match_tlp, ENT_TLP_CLEAR);
    assert_int_equal(again.ip_speed, 235);
    assert_int_equal(again.max_bodies, c.max_bodies);
    assert_string_equal(again.url, "https://a.example:1");
    assert_int_equal(again.webhook_events, c.webhook_events);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad_values),    cmocka_unit_test(test_messages),
        cmocka_unit_test(test_many_problems), cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_load),          cmocka_unit_test(test_webhook),
        cmocka_unit_test(test_man),           cmocka_unit_test(test_each),
    };
    return ent_t_run("config", tests);
}
