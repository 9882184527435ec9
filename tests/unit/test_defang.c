/* test_defang.c: refanging reaches a fixed point, defanging is undone by parsing. */
#include "tests/support/t.h"

#include "intel/intel.h"

/* table */
static void test_refang(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"hxxp://evil[.]example", "http://evil.example"},
        {"hXXps://evil(.)example/a", "https://evil.example/a"},
        {"meow://evil{.}example", "http://evil.example"},
        {"fxp://evil[dot]example", "ftp://evil.example"},
        {"evil(dot)example", "evil.example"},
        {"evil(DOT)example", "evil.example"},
        {"evil\\.example", "evil.example"},
        {"1.2.3[.]4", "1.2.3.4"},
        {"1[.]2[.]3[.]4", "1.2.3.4"},
        {"hxxp[:]//evil.example", "http://evil.example"},
        {"hxxp[://]evil.example", "http://evil.example"},
        {"john[@]evil.example", "john@evil.example"},
        {"john(at)evil[.]example", "john@evil.example"},
        {"john[at]evil[.]example", "john@evil.example"},
        {"2001[:]db8[:]:1", "2001:db8::1"},
        {"ev\xe2\x80\x8bil.example", "evil.example"},
        {"\xef\xbb\xbf"
         "evil.example",
         "evil.example"},
        {"evil\xef\xbc\x8e"
         "example\xe3\x80\x82"
         "org",
         "evil.example.org"},
        {"evil.example.", "evil.example"},
        {"evil.example,", "evil.example"},
        {"(evil.example)", "evil.example"},
        {"\"evil.example\";", "evil.example"},
        {"\xe2\x80\x9c"
         "evil.example\xe2\x80\x9d!",
         "evil.example"},
        {"<hxxp://evil[.]example/a>", "http://evil.example/a"},
        {"[evil](hxxp://evil[.]example/a)", "http://evil.example/a"},
        {"[evil[.]example](hxxp://evil[.]example/a).", "http://evil.example/a"},
        {"http://evil.example/a(dot)b", "http://evil.example/a(dot)b"},
        {"evil[.]example/a\\.b[.]zip", "evil.example/a\\.b.zip"},
        {"http://evil.example/Foo_(bar)", "http://evil.example/Foo_(bar)"},
        {"(http://evil.example/Foo_(bar))", "http://evil.example/Foo_(bar)"},
        {"http://evil.example/Foo)", "http://evil.example/Foo"},
        {"[2001:db8::1]:443", "[2001:db8::1]:443"},
        {"2001:db8::", "2001:db8::"},
        {"2001:db8::1:", "2001:db8::1"},
        {"a[\\.]b", "a.b"},
        {"a[[.].]b", "a[..]b"},
        {"a[[[.]]]b", "a.b"},
        {"hxxp", "hxxp"},
        {"evil.hxxp.example", "evil.hxxp.example"},
        /* joiners are letters between letters of other scripts only */
        {"\xd9\x87\xe2\x80\x8c\xd9\x85.example", "\xd9\x87\xe2\x80\x8c\xd9\x85.example"},
        {"ev\xe2\x80\x8cil.example", "evil.example"},
        {"", ""},
        {"()", ""},
        {" \t ", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[256] = "x", again[256] = "y";
        size_t n = 99, m = 99;
        assert_ok(ent_refang(out, &n, sizeof(out), ent_slice_str(rows[i].in)));
        assert_string_equal(out, rows[i].out);
        assert_int_equal(n, strlen(rows[i].out));
        assert_ok(ent_refang(again, &m, sizeof(again), ent_slice(out, n)));
        assert_string_equal(again, out);
    }
}

static void test_refang_limits(void **state)
{
    char out[64], deep[256];
    size_t n = 99;
    (void)state;
    assert_err(ent_refang(out, &n, 0, ENT_SLICE_LIT("a")), ENT_E_LIMIT);
    assert_err(ent_refang(out, &n, 1, ENT_SLICE_LIT("a")), ENT_E_LIMIT);
    assert_int_equal(n, 99);
    assert_ok(ent_refang(out, &n, 2, ENT_SLICE_LIT("a")));
    assert_int_equal(n, 1);
    assert_ok(ent_refang(out, &n, 2, ENT_SLICE_LIT("((a))")));
    /* sixteen layers, and one too many */
    memset(deep, '(', 16);
    deep[16] = 'a';
    memset(deep + 17, ')', 16);
    assert_ok(ent_refang(out, &n, sizeof(out), ent_slice(deep, 33)));
    assert_string_equal(out, "a");
    memset(deep, '(', 17);
    deep[17] = 'a';
    memset(deep + 18, ')', 17);
    assert_err(ent_refang(out, &n, sizeof(out), ent_slice(deep, 35)), ENT_E_LIMIT);
}

/* Nested wrappings must not cost more than linear time: 8 KiB of the worst that is known. */
static void test_refang_is_linear(void **state)
{
    static const char *const worst[] = {
        "[",    "(",       "[[.]", "]",   "mailto:", "\xe2\x80\x8c\xc3\xbc", "...", "[.", ".]",
        "[a](", "hxxp://", "{.}",  "\"(", ")\""};
    static char in[8192], out[8193];
    uint64_t start = ent_clock_steady_ns();
    (void)state;
    for (size_t w = 0; w < sizeof(worst) / sizeof(worst[0]); w++) {
        size_t n = 0, got, step = strlen(worst[w]);
        while (n + step <= sizeof(in)) {
            memcpy(in + n, worst[w], step);
            n += step;
        }
        struct ent_observable o;
        for (int k = 0; k < 20; k++) {
            enum ent_err r = ent_refang(out, &got, sizeof(out), ent_slice(in, n));
            assert_true(r == ENT_OK || r == ENT_E_LIMIT);
            assert_err(ent_observable_parse(&o, NULL, ent_slice(in, n)), ENT_E_FORMAT);
        }
    }
    /* 560 calls with 8 KiB each; a quadratic step would take minutes */
    assert_true(ent_clock_steady_ns() - start < 20000000000u);
}

/* table */
static void test_defang(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"198.51.100.3", "198[.]51[.]100[.]3"},
        {"198.51.100.0/24", "198[.]51[.]100[.]0/24"},
        {"198.51.100.3:443", "198[.]51[.]100[.]3:443"},
        {"2001:db8::1", "2001[:]db8::1"},
        {"::", "[:]:"},
        {"1::", "1[:]:"},
        {"2001:db8::/32", "2001[:]db8::/32"},
        {"[2001:db8::1]:443", "[2001[:]db8::1]:443"},
        {"[::1]:443", "[[:]:1]:443"},
        {"my-iri.org", "my-iri[.]org"},
        {"http://evil.example/a.b", "hxxp://evil[.]example/a.b"},
        {"https://u.v:p@evil.example:1/", "hxxps://u.v:p@evil[.]example:1/"},
        {"ftp://evil.example/", "fxp://evil[.]example/"},
        {"ws://evil.example/", "ws[:]//evil[.]example/"},
        {"http://[2001:db8::1]/", "hxxp://[2001[:]db8::1]/"},
        {"http://localhost/", "hxxp://localhost/"},
        {"http://e.example/?u=http://f.example/", "hxxp://e[.]example/?u=http[:]//f.example/"},
        {"john.doe@evil.example", "john.doe[@]evil[.]example"},
        {"8f154d23ac2071d7f179959aaba37ad5", "8f154d23ac2071d7f179959aaba37ad5"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_observable o, back;
        char out[ENT_OBS_DEFANGED_MAX];
        assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(rows[i].in)));
        ent_observable_defang(out, sizeof(out), &o);
        assert_string_equal(out, rows[i].out);
        assert_ok(ent_observable_parse(&back, NULL, ent_slice_str(out)));
        assert_int_equal(back.type, o.type);
        assert_string_equal(back.text, rows[i].in);
    }
}

static void test_defang_capacity(void **state)
{
    struct ent_observable o;
    char out[16], *whole = calloc(1, ENT_OBS_DEFANGED_MAX), text[ENT_OBS_MAX];
    (void)state;
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("evil.example")));
    memset(out, 'x', sizeof(out));
    ent_observable_defang(out, 0, &o);
    assert_int_equal(out[0], 'x');
    ent_observable_defang(out, 1, &o);
    assert_string_equal(out, "");
    ent_observable_defang(out, 7, &o);
    assert_string_equal(out, "evil[.");
    assert_int_equal(out[7], 'x');
    /* the densest URL: every other octet grows, and the whole still fits */
    memcpy(text, "http://a.b-c/", 13);
    for (size_t i = 13; i < sizeof(text); i++)
        text[i] = "://"[(i - 13) % 3];
    text[sizeof(text) - 1] = 'x';
    assert_ok(ent_observable_parse(&o, NULL, ent_slice(text, sizeof(text))));
    ent_observable_defang(whole, ENT_OBS_DEFANGED_MAX, &o);
    assert_true(strlen(whole) > sizeof(text));
    assert_int_equal(whole[strlen(whole) - 1], 'x');
    free(whole);
}

/* --- random values of every type: parse(canonical) and parse(defang(x)) give x ------------------
 */

static size_t put_name(char *p)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    static const char *const tlds[] = {"com", "org", "xn--p1ai", "zip", "example", "a1"};
    size_t n = 0;
    for (uint64_t labels = 1 + ent_t_below(4); labels > 0; labels--) {
        size_t len = 1 + (size_t)ent_t_below(12);
        for (size_t i = 0; i < len; i++)
            p[n++] = chars[ent_t_below(i == 0 || i + 1 == len ? 37 : 38)];
        p[n++] = '.';
    }
    const char *tld = tlds[ent_t_below(6)];
    memcpy(p + n, tld, strlen(tld));
    return n + strlen(tld);
}

static size_t put_address(char *p, bool v6)
{
    size_t n = 0;
    for (int i = 0; i < (v6 ? 8 : 4); i++)
        n += (size_t)snprintf(p + n, 8, v6 ? "%s%x" : "%s%u",
                              i == 0 ? ""
                              : v6   ? ":"
                                     : ".",
                              v6 ? (unsigned)(ent_t_below(3) == 0 ? ent_t_below(65536) : 0)
                                 : (unsigned)ent_t_below(256));
    return n;
}

static size_t put_hex(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = "0123456789abcdefABCDEF"[ent_t_below(22)];
    return n;
}

static size_t put_host(char *p)
{
    uint64_t kind = ent_t_below(4);
    if (kind > 1)
        return put_name(p);
    if (kind == 0)
        return put_address(p, false);
    p[0] = '[';
    size_t n = put_address(p + 1, true);
    p[n + 1] = ']';
    return n + 2;
}

static size_t put_url(char *p)
{
    static const char *const schemes[] = {"http", "HTTPS", "ftp", "ftps", "ws", "tcp", "ldap"};
    static const char path[] = "abcXYZ019-._~%!$&'()*+,;=:@/?#[]{}|\\^`\"<>";
    size_t n = (size_t)snprintf(p, 16, "%s://", schemes[ent_t_below(7)]);
    if (ent_t_below(5) == 0)
        n += (size_t)snprintf(p + n, 16, "u%c:p@", "(.-)a"[ent_t_below(5)]);
    n += put_host(p + n);
    if (ent_t_below(3) == 0)
        n += (size_t)snprintf(p + n, 8, ":%u", (unsigned)(1 + ent_t_below(65535)));
    if (ent_t_below(5) > 0) {
        p[n++] = '/';
        for (uint64_t k = ent_t_below(60); k > 0; k--)
            p[n++] = path[ent_t_below(sizeof(path) - 1)];
    }
    return n;
}

static size_t put_random(char *p, enum ent_obs_type type)
{
    static const char atext[] = "abcXYZ019!#$%&'*+-=?^_`{|}~";
    size_t n = 0;
    switch (type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_IPV6:
        return put_address(p, type == ENT_OBS_IPV6);
    case ENT_OBS_NET4:
    case ENT_OBS_NET6:
        n = put_address(p, type == ENT_OBS_NET6);
        return n + (size_t)snprintf(p + n, 8, "/%u",
                                    (unsigned)ent_t_below(type == ENT_OBS_NET6 ? 129 : 33));
    case ENT_OBS_ENDPOINT:
        do
            n = put_host(p);
        while (p[0] != '[' && (p[n - 1] < '0' || p[n - 1] > '9' || memchr(p, '_', n) != NULL));
        return n + (size_t)snprintf(p + n, 8, ":%u", (unsigned)(1 + ent_t_below(65535)));
    case ENT_OBS_DOMAIN:
        return put_name(p);
    case ENT_OBS_URL:
        return put_url(p);
    case ENT_OBS_URLPREFIX:
        n = put_url(p);
        return n + (size_t)snprintf(p + n, 8, "/*");
    case ENT_OBS_EMAIL:
        for (uint64_t k = 1 + ent_t_below(20); k > 0; k--)
            p[n++] = atext[ent_t_below(sizeof(atext) - 1)];
        p[n++] = '@';
        return n + put_name(p + n);
    case ENT_OBS_MD5:
        return put_hex(p, 32);
    case ENT_OBS_SHA1:
        return put_hex(p, 40);
    case ENT_OBS_SHA256:
        return put_hex(p, 64);
    case ENT_OBS_SHA512:
        return put_hex(p, 128);
    }
    return 0;
}

static void check_same(const struct ent_observable *o, const char *text, bool as)
{
    struct ent_observable back;
    enum ent_err r = as ? ent_observable_parse_as(&back, NULL, o->type, ent_slice_str(text))
                        : ent_observable_parse(&back, NULL, ent_slice_str(text));
    if (r != ENT_OK || back.type != o->type || back.n != o->n || strcmp(back.text, o->text) != 0)
        fail_msg("%s of %s gives something else", text, o->text);
}

static void test_random_values(void **state)
{
    size_t taken[ENT_OBS_TYPES] = {0};
    (void)state;
    for (int i = 0; i < 120000; i++) {
        char text[512], out[ENT_OBS_DEFANGED_MAX];
        enum ent_obs_type type = (enum ent_obs_type)(1 + ent_t_below(ENT_OBS_TYPES - 1));
        struct ent_observable o;
        size_t n = put_random(text, type);
        if (ent_observable_parse(&o, NULL, ent_slice(text, n)) != ENT_OK)
            continue; /* a path of brackets may be too deep, a label may end in '-' */
        taken[o.type]++;
        ent_observable_defang(out, sizeof(out), &o);
        check_same(&o, o.text, false);
        check_same(&o, o.text, true);
        check_same(&o, out, false);
        check_same(&o, out, true);
        if (o.type < ENT_OBS_MD5 && strchr(o.text, '.') != NULL && o.type != ENT_OBS_URL)
            assert_null(strstr(out, o.text));
    }
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        assert_true(taken[t] > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refang),           cmocka_unit_test(test_refang_limits),
        cmocka_unit_test(test_refang_is_linear), cmocka_unit_test(test_defang),
        cmocka_unit_test(test_defang_capacity),  cmocka_unit_test(test_random_values),
    };
    return ent_t_run("defang", tests);
}
