/* test_out_suricata.c: rules and lists for Suricata that go out. */
#include "tests/support/out.h"

static const struct ent_out_opts opts = {
    .now = ENT_T_NOW, .author = {(const uint8_t *)"CERT", 4}, .sid = 100, .sid_last = 1000};

enum { RULES, IP, NAMES, MD5, SHA1, SHA256 };

/* File f as text. */
static const char *text(struct ent_t_out *o, unsigned f)
{
    uint8_t *end;
    assert_ok(ent_buf_reserve(&o->b[f], &end, 1));
    *end = 0;
    return (const char *)o->b[f].p;
}

static void start(struct ent_t_out *o, const struct ent_out_opts *how)
{
    *o = (struct ent_t_out){.fail_at = 0};
    ent_t_out_start(o, "suricata", how);
}

static void put(struct ent_t_out *o, const char *value, const char *source)
{
    struct ent_indicator ind = ent_t_indicator(value);
    ent_t_out_put(o, &ind, source);
}

#define HEAD                                                                                       \
    "# Entente " ENTENTE_VERSION ", 2018-08-20T00:00:00Z: what CERT knows; not for others\n"
#define ONCE "threshold:type limit,track by_both,count 1,seconds 3600; "

static void test_rules(void **state)
{
    struct ent_t_out o;
    (void)state;
    start(&o, &opts);
    put(&o, "203.0.113.0/24", "s");
    put(&o, "[2001:db8::1]:443", "s");
    put(&o, "http://evil.example:8080/a?b", "s");
    put(&o, "http://evil.example/gate/*", "s");
    assert_string_equal(
        ent_t_out_end(&o), HEAD
        "alert ip any any <> [203.0.113.0/24] any (msg:\"entente net4 203.0.113.0/24, s\"; " ONCE
        "sid:132; rev:1;)\n"
        "alert tcp any any -> [2001:db8::1] 443 (msg:\"entente endpoint _2001:db8::1_:443, "
        "s\"; " ONCE "sid:133; rev:1;)\n"
        "alert udp any any -> [2001:db8::1] 443 (msg:\"entente endpoint _2001:db8::1_:443, "
        "s\"; " ONCE "sid:134; rev:1;)\n"
        "alert http any any -> any 8080 (msg:\"entente url http://evil.example:8080/a?b, s\"; "
        "http.host; content:\"evil.example\"; startswith; endswith; http.uri.raw; "
        "content:\"/a?b\"; startswith; endswith; sid:135; rev:1;)\n"
        "alert http any any -> any any (msg:\"entente urlprefix http://evil.example/gate/_, "
        "s\"; http.host; content:\"evil.example\"; startswith; endswith; http.uri.raw; "
        "content:\"/gate/\"; startswith; sid:136; rev:1;)\n");
    ent_t_out_release(&o);
}

/* A rule that reads a list stands there only if there is something in it. */
static void test_lists(void **state)
{
    struct ent_t_out o;
    (void)state;
    start(&o, &opts);
    put(&o, "198.51.100.3", "s");
    put(&o, "2001:db8::1", "s");
    put(&o, "my-iri.org", "s");
    put(&o, "3395856ce81f2b7382dee72602f798b642f14140", "s");
    const char *rules = ent_t_out_end(&o);
    assert_string_equal(text(&o, IP), "198.51.100.3\n2001:db8::1\n");
    assert_string_equal(text(&o, NAMES), "bXktaXJpLm9yZw==\n");
    assert_string_equal(text(&o, SHA1), "3395856ce81f2b7382dee72602f798b642f14140\n");
    assert_int_equal(o.b[MD5].n, 0);
    assert_int_equal(o.b[SHA256].n, 0);
    assert_non_null(strstr(rules,
                           "dns.query; dotprefix; content:\".my-iri.org\"; nocase; endswith; "
                           "sid:132; rev:1;)\n"));
    assert_non_null(
        strstr(rules, "ip.dst; dataset:isset,entente-ip,type ip,load entente-ip.lst; "));
    assert_non_null(strstr(rules, "tls.sni; dataset:isset,entente-names,type string,load "
                                  "entente-names.lst; sid:102; rev:1;)\n"));
    assert_non_null(strstr(rules, "filesha1:entente-sha1.lst; sid:105; rev:1;)\n"));
    assert_null(strstr(rules, "filemd5"));
    assert_null(strstr(rules, "filesha256"));
    ent_t_out_release(&o);
}

static void test_hostile(void **state)
{
    struct ent_t_out o;
    (void)state;
    start(&o, &opts);
    put(&o, "http://evil.example/\";sid:1;x|41|\\;\u00e9z#f", "a\";) drop ip\n");
    assert_string_equal(
        ent_t_out_end(&o),
        HEAD "alert http any any -> any any (msg:\"entente url "
             "http://evil.example/__sid:1_x_41_____z_f, a____drop_ip_\"; http.host; "
             "content:\"evil.example\"; startswith; endswith; http.uri.raw; "
             "content:\"/|22||3b|sid|3a|1|3b|x|7c|41|7c||5c||3b||c3||a9|z\"; startswith; endswith; "
             "sid:132; rev:1;)\n");
    ent_t_out_release(&o);
}

/* What cannot be said is left out, not said about something wider. */
static void test_left_out(void **state)
{
    static const char *const never[] = {
        "https://evil.example/a",
        "http://[2001:db8::1]/a",
        "ftp://evil.example/a",
        "0.0.0.0/0",
        "::/0",
        "a@evil.example",
        "http://evil.example/#*",
    };
    struct ent_t_out o;
    char big[400] = "http://evil.example/";
    (void)state;
    start(&o, &opts);
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        put(&o, never[i], "s");
    for (size_t i = strlen(big); i < strlen("http://evil.example") + 256; i++)
        big[i] = 'a';
    put(&o, big, "s"); /* a path of 256 octets */
    assert_string_equal(ent_t_out_end(&o), HEAD);
    big[strlen(big) - 1] = '\0';
    ent_t_out_release(&o);
    start(&o, &opts);
    put(&o, big, "s");
    assert_string_not_equal(ent_t_out_end(&o), HEAD);
    ent_t_out_release(&o);
}

/* The range of ids is never left; what gets none is left out, the rest goes on. */
static void test_ids(void **state)
{
    struct ent_out_opts few = opts;
    struct ent_t_out o;
    uint64_t last = 0;
    (void)state;
    few.sid_last = 100 + 31 + 2;
    start(&o, &few);
    put(&o, "a.example", "s");
    put(&o, "198.51.100.3:443", "s"); /* needs two */
    put(&o, "b.example", "s");
    put(&o, "c.example", "s");
    put(&o, "198.51.100.3", "s");
    const char *rules = ent_t_out_end(&o);
    assert_int_equal(ent_out_lost(o.out)[ENT_OBS_ENDPOINT], 1);
    assert_int_equal(ent_out_lost(o.out)[ENT_OBS_DOMAIN], 1);
    assert_int_equal(ent_out_written(o.out)[ENT_OBS_DOMAIN], 2);
    assert_string_equal(text(&o, NAMES), "YS5leGFtcGxl\nYi5leGFtcGxl\n");
    for (const char *at = rules; (at = strstr(at, "sid:")) != NULL; at++) {
        uint64_t sid = strtoull(at + 4, NULL, 10);
        assert_in_range(sid, 100, 133);
        assert_int_not_equal(sid, last);
        last = sid;
    }
    ent_t_out_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),   cmocka_unit_test(test_lists),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_ids),
    };
    return ent_t_run("out_suricata", tests);
}
