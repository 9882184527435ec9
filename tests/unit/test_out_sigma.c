/* test_out_sigma.c: Sigma rules that go out. */
#include "tests/support/out.h"

static const struct ent_out_opts opts = {
    .now = ENT_T_NOW, .author = {(const uint8_t *)"CERT", 4}, .key = {(const uint8_t *)"key", 3}};

static void start(struct ent_t_out *o, const struct ent_out_opts *how)
{
    *o = (struct ent_t_out){.fail_at = 0};
    ent_t_out_start(o, "sigma", how);
}

static void put(struct ent_t_out *o, const char *value, enum ent_tlp tlp, const char *source)
{
    struct ent_indicator ind = ent_t_indicator(value);
    ind.tlp = tlp;
    ind.text = ENT_SLICE_LIT("'\n---\ntitle: x");
    ind.kind = ENT_SLICE_LIT("- *");
    ent_t_out_put(o, &ind, source);
}

static unsigned count(const char *in, const char *what)
{
    unsigned n = 0;
    for (; (in = strstr(in, what)) != NULL; in++)
        n++;
    return n;
}

#define HEAD                                                                                       \
    "# Entente " ENTENTE_VERSION ", 2018-08-20T00:00:00Z: what CERT knows; not for others\n"
#define RULE(title, id, what, sources, tlp, tag, category)                                         \
    "---\ntitle: " title " (1)\nid: " id "\nstatus: test\n"                                        \
    "description: 'What CERT knows as hostile. " what ". Sources: " sources ". TLP:" tlp ".'\n"    \
    "author: 'CERT'\ndate: 2018-08-19\nmodified: 2018-08-20\ntags:\n    - tlp." tag "\n"           \
    "logsource:\n    category: " category "\ndetection:\n"
#define END(doubt, level)                                                                          \
    "    condition: 1 of selection_*\nfalsepositives:\n    - " doubt "\nlevel: " level "\n"
#define IN(name, field) "    selection_" name ":\n        " field ":\n"
#define V(text)         "            - '" text "'\n"

/* The ids were computed by another program, out of what docs/formats.md says. */
static void test_names(void **state)
{
    struct ent_t_out o;
    (void)state;
    start(&o, &opts);
    put(&o, "evil.example", ENT_TLP_GREEN, "a");
    put(&o, "_x.b.example", ENT_TLP_AMBER_STRICT, "b'\n");
    assert_string_equal(
        ent_t_out_end(&o),
        HEAD RULE("Query for a name known as hostile", "32277466-2400-5904-933e-7cbeee2f6ef0",
                  "Domain names: 2", "2", "AMBER+STRICT", "amber-strict", "dns") IN("name", "query")
            V("evil.example") V("_x.b.example") IN("below", "query|endswith") V(".evil.example")
                V("._x.b.example") END("Names that have another owner now", "high") RULE(
                    "Request to a host known as hostile", "9ae503e6-932c-5ec3-bb73-a3e956f7ee69",
                    "Domain names: 2", "2", "AMBER+STRICT", "amber-strict", "proxy")
                    IN("name", "cs-host") V("evil.example") V("_x.b.example")
                        IN("below", "cs-host|endswith") V(".evil.example") V("._x.b.example")
                            END("Names that have another owner now", "high"));
    ent_t_out_release(&o);
}

/* The detection of the only rule. */
static void check(const char *const *values, const char *want)
{
    struct ent_t_out o;
    start(&o, &opts);
    for (; *values != NULL; values++)
        put(&o, *values, ENT_TLP_CLEAR, "s");
    const char *text = ent_t_out_end(&o), *from = strstr(text, "logsource:\n");
    const char *to = strstr(text, "    condition:");
    assert_int_equal(count(text, "---\n"), 1);
    assert_non_null(from);
    assert_non_null(to);
    char *got = strndup(from, (size_t)(to - from));
    assert_string_equal(got, want);
    free(got);
    ent_t_out_release(&o);
}
#define VALUES(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define IN_LOG(name) "logsource:\n    category: " name "\ndetection:\n"

static void test_kinds(void **state)
{
    (void)state;
    check(VALUES("198.51.100.3", "2001:db8::1"),
          IN_LOG("firewall") IN("to", "dst_ip") V("198.51.100.3") V("2001:db8::1")
              IN("from", "src_ip") V("198.51.100.3") V("2001:db8::1"));
    check(VALUES("203.0.113.0/24", "2001:db8::/32"),
          IN_LOG("firewall") IN("to", "dst_ip|cidr") V("203.0.113.0/24") V("2001:db8::/32")
              IN("from", "src_ip|cidr") V("203.0.113.0/24") V("2001:db8::/32"));
    check(VALUES("198.51.100.3:443", "[2001:db8::1]:8443"),
          IN_LOG("firewall") "    selection_to:\n"
                             "        - dst_ip: '198.51.100.3'\n          dst_port: 443\n"
                             "        - dst_ip: '2001:db8::1'\n          dst_port: 8443\n"
                             "    selection_from:\n"
                             "        - src_ip: '198.51.100.3'\n          src_port: 443\n"
                             "        - src_ip: '2001:db8::1'\n          src_port: 8443\n");
#define MD5  "44d88612fea8a8f36de82e1278abb02f"
#define SHA1 "3395856ce81f2b7382dee72602f798b642f14140"
    check(VALUES(MD5), IN_LOG("process_creation") IN("field", "md5") V(MD5)
                           IN("list", "Hashes|contains") V("MD5=" MD5));
    check(VALUES(SHA1), IN_LOG("process_creation") IN("field", "sha1") V(SHA1)
                            IN("list", "Hashes|contains") V("SHA1=" SHA1));
    check(VALUES(MD5 MD5), IN_LOG("process_creation") IN("field", "sha256") V(MD5 MD5)
                               IN("list", "Hashes|contains") V("SHA256=" MD5 MD5));
}

/* Where there are letters behind the host, their case counts, as it does in URLs. */
static void test_urls(void **state)
{
    (void)state;
    check(VALUES("http://evil.example/A"),
          IN_LOG("proxy") IN("cased", "c-uri|cased") V("http://evil.example/A"));
    check(VALUES("http://evil.example/", "https://u@evil.example/1", "http://[2001:db8::1]/1",
                 "http://evil.example/\u00e9"),
          IN_LOG("proxy") IN("cased", "c-uri|cased") V("https://u@evil.example/1")
              V("http://evil.example/\u00e9") IN("any", "c-uri") V("http://evil.example/")
                  V("http://[2001:db8::1]/1"));
    check(VALUES("http://evil.example/*", "http://evil.example/a/*"),
          IN_LOG("proxy") IN("cased", "c-uri|startswith|cased") V("http://evil.example/a/")
              IN("any", "c-uri|startswith") V("http://evil.example/"));
}

/* Foreign text is neither YAML nor a wildcard. */
static void test_hostile_values(void **state)
{
    (void)state;
    check(VALUES("http://evil.example/'*?\\\\*\\*1", "http://evil.example/a:#b---{}[]&!|>%@`\"z"),
          IN_LOG("proxy") IN("cased", "c-uri|cased") V("http://evil.example/a:#b---{}[]&!|>%@`\"z")
              IN("any", "c-uri") V("http://evil.example/''\\*\\?\\\\\\\\\\*\\\\\\*1"));
    check(VALUES("http://evil.example/a\\*"),
          IN_LOG("proxy") IN("cased", "c-uri|startswith|cased") V("http://evil.example/a\\\\"));
}

static void test_hostile_author(void **state)
{
    struct ent_out_opts how = opts;
    struct ent_t_out o;
    (void)state;
    how.author = ENT_SLICE_LIT("a'\n---\n\"b\": *\\ #\xff\uffff\ufeff\u00e9");
    start(&o, &how);
    put(&o, "198.51.100.3", ENT_TLP_RED, "s");
    const char *text = ent_t_out_end(&o);
    assert_non_null(strstr(
        text, "\nauthor: 'a'' --- \"b\": *\\ #\ufffd\ufffd\ufffd\u00e9'\ndate: 2018-08-19\n"));
    assert_int_equal(count(text, "\n---\n"), 1);
    assert_int_equal(count(text, "\n    - tlp.red\n"), 1);
    ent_t_out_release(&o);
}

/* What Sigma has no field for, YAML no character, or an author meant less. */
static void test_left_out(void **state)
{
    static const char *const never[] = {
        "a@evil.example",
        MD5 MD5 MD5 MD5,
        "0.0.0.0/0",
        "::/0",
        "http://evil.example/\uffff",
        "http://evil.example/\ufffe*",
        "http://evil.example/a\uffff*",
    };
    const size_t n = sizeof(never) / sizeof(never[0]);
    struct ent_t_out o;
    uint64_t lost = 0;
    (void)state;
    start(&o, &opts);
    for (size_t i = 0; i < n; i++)
        put(&o, never[i], ENT_TLP_GREEN, "s");
    assert_string_equal(ent_t_out_end(&o), HEAD);
    for (unsigned t = 0; t < ENT_OBS_TYPES; t++)
        lost += ent_out_lost(o.out)[t];
    assert_int_equal(lost, n);
    ent_t_out_release(&o);
    start(&o, &opts); /* in the middle of a rule it takes nothing with it */
    put(&o, "http://evil.example/1", ENT_TLP_GREEN, "s");
    put(&o, "http://evil.example/\uffff", ENT_TLP_RED, "t");
    put(&o, "http://evil.example/2", ENT_TLP_GREEN, "s");
    const char *text = ent_t_out_end(&o);
    assert_non_null(strstr(text, V("http://evil.example/1") V("http://evil.example/2")));
    assert_non_null(strstr(text, "URLs: 2. Sources: 1. TLP:GREEN."));
    ent_t_out_release(&o);
}

/* A thousand values a rule, or as many as fit; every value is there once, and no id twice. */
static void test_cut(void **state)
{
    struct ent_t_out o;
    char text[2100];
    (void)state;
    for (unsigned n = 999; n <= 1001; n++) {
        start(&o, &opts);
        for (unsigned i = 0; i < n; i++) {
            (void)snprintf(text, sizeof(text), "198.51.%u.%u", i / 256, i % 256);
            put(&o, text, ENT_TLP_CLEAR, "s");
        }
        const char *got = ent_t_out_end(&o);
        assert_int_equal(count(got, "\n---\n"), (n + 999) / 1000);
        assert_int_equal(count(got, "'198.51."), 2 * n);
        assert_int_equal(count(got, "Addresses: 1000."), n / 1000);
        ent_t_out_release(&o);
    }
    /* each octet of the longest values doubled, which is the most that a piece has to hold */
    start(&o, &opts);
    for (unsigned i = 0; i < 200; i++) {
        int at = snprintf(text, sizeof(text), "http://evil.example/%03u", i);
        memset(text + at, '\'', (size_t)(ENT_OBS_MAX - at));
        text[ENT_OBS_MAX - 1] = 'a';
        text[ENT_OBS_MAX] = '\0';
        put(&o, text, ENT_TLP_CLEAR, "s");
    }
    const char *got = ent_t_out_end(&o);
    assert_int_equal(count(got, "            - 'http"), 200);
    assert_in_range(count(got, "\n---\n"), 2, 20);
    ent_t_out_release(&o);
    start(&o, &opts);
    for (unsigned i = 0; i < 3000; i++) {
        int at = snprintf(text, sizeof(text), "%04u", i);
        for (; at < 239; at++)
            text[at] = at % 60 == 59 ? '.' : 'a';
        (void)snprintf(text + at, 16, ".example");
        put(&o, text, ENT_TLP_CLEAR, "s");
    }
    got = ent_t_out_end(&o);
    assert_int_equal(count(got, ".example'\n"), 4 * 3000);
    assert_int_equal(count(got, "\n---\n"), count(got, "\nid: "));
    assert_int_equal(ent_out_written(o.out)[ENT_OBS_DOMAIN], 3000);
    for (const char *id = got; (id = strstr(id, "\nid: ")) != NULL; id++) {
        (void)snprintf(text, sizeof(text), "%.41s", id);
        assert_int_equal(count(got, text), 1);
    }
    ent_t_out_release(&o);
}

/* Anything at all: one line a value, no quote that ends it early. */
static void test_random(void **state)
{
    struct ent_t_out o;
    unsigned values = 0;
    (void)state;
    start(&o, &opts);
    for (unsigned i = 0; i < 3000; i++) {
        struct ent_indicator ind = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
        ent_t_random_observable(&ind.obs, i % 2 == 0 ? ENT_OBS_URL : ENT_OBS_URLPREFIX);
        ent_t_out_put(&o, &ind, "s");
    }
    for (const char *at = ent_t_out_end(&o); (at = strstr(at, "\n            - ")) != NULL;) {
        at += strlen("\n            - ");
        const char *end = strchr(at, '\n');
        assert_non_null(end);
        assert_true(at[0] == '\'' && end[-1] == '\'' && end - at > 2);
        for (const char *c = at + 1; c < end - 1; c++) {
            if (*c == '\'' || *c == '\\') {
                c++;
                assert_true(c < end - 1);
                assert_true(c[-1] == '\'' ? *c == '\'' : strchr("*?\\", *c) != NULL);
            } else {
                assert_null(strchr("*?\n", *c));
            }
        }
        values++;
        at = end;
    }
    assert_int_equal(values, 3000);
    ent_t_out_release(&o);
}

/* What comes in several passes comes once: or it would be counted, and written, twice or never. */
static void test_passes(void **state)
{
    (void)state;
    for (size_t i = 0; ent_out_format_at(i) != NULL; i++) {
        uint32_t all = 0;
        for (const uint32_t *p = ent_out_format_at(i)->passes; p != NULL && *p != 0; p++) {
            assert_int_equal(all & *p, 0);
            all |= *p;
        }
        assert_true(all == ENT_OBS_ALL || ent_out_format_at(i)->passes == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_hostile_author),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_passes),
    };
    return ent_t_run("out_sigma", tests);
}
