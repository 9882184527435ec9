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
    assert_int_equal(conf.match_tlp, ENT_TLP_GREEN);
    assert_int_equal(conf.worker_threads, 0);
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
    assert_int_equal(conf.match_tlp, ENT_TLP_CLEAR);
    assert_int_equal(conf.worker_threads, 8);
    assert_ok(parse("ip_speed = 2\ndomain_speed = 2.3\nurl_speed = 0.35\nhash_speed = 100.00"));
    assert_int_equal(conf.ip_speed, 200);
    assert_int_equal(conf.domain_speed, 230);
    assert_int_equal(conf.url_speed, 35);
    assert_int_equal(conf.hash_speed, 10000);
    assert_ok(parse("url =\nidle_seconds = 7"));
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
        "worker_threads = all",
        "ip_speed = 2.",
        "ip_speed = .5",
        "ip_speed = 2.345",
        "ip_speed = 2.x",
        "ip_speed = 0.09",
        "ip_speed = 100.01",
        "ip_speed = 1.5.5",
        "ip_speed = -1",
        "ip_lifetime = 3651d",
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
    static const char *const names[] = {"listen",          "url",          "max_connections",
                                        "max_bodies",      "idle_seconds", "request_seconds",
                                        "match_max_items", "match_tlp",    "run_seconds",
                                        "worker_threads"};
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
    assert_int_equal(count, 22);
    /* The manual page was made by this, and still is what this makes. */
    struct ent_slice page = ent_t_file("docs/man/entente-config.5");
    assert_non_null(memmem(page.p, page.n, b.p, b.n - 1));
    ent_buf_init(&small, 100);
    assert_err(ent_config_man(&small), ENT_E_LIMIT);
    ent_buf_release(&small);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad_values),    cmocka_unit_test(test_messages),
        cmocka_unit_test(test_many_problems), cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_load),          cmocka_unit_test(test_man),
    };
    return ent_t_run("config", tests);
}
