/* test_observable.c: canonical forms, guessing, types, keys, what is public. */
#include "tests/support/t.h"

#include <arpa/inet.h>

#include "intel/intel.h"
#include "intel/parse.h"

struct row {
    enum ent_obs_type type; /* 0: refused */
    const char *in, *out;   /* out: canonical text, or why it was refused */
};

static void check_row(const struct row *row, bool as, enum ent_obs_type type)
{
    struct ent_observable o = {.type = (enum ent_obs_type)99, .n = 3, .text = "old"};
    const char *why = NULL;
    struct ent_slice in = ent_slice_str(row->in);
    enum ent_err r =
        as ? ent_observable_parse_as(&o, &why, type, in) : ent_observable_parse(&o, &why, in);
    if (row->type == 0) {
        if (r == ENT_OK)
            print_error("accepted %s as %s\n", row->in, o.text);
        assert_err(r, ENT_E_FORMAT);
        assert_string_equal(why, row->out);
        assert_string_equal(o.text, "old"); /* outputs only on success */
        return;
    }
    if (r != ENT_OK)
        print_error("refused %s: %s\n", row->in, why);
    assert_ok(r);
    assert_string_equal(o.text, row->out);
    assert_int_equal(o.n, strlen(row->out));
    assert_int_equal(o.type, row->type);
}

/* table */
static void test_guess(void **state)
{
    static const struct row rows[] = {
        {ENT_OBS_IPV4, "198.51.100.3", "198.51.100.3"},
        {ENT_OBS_IPV4, "  198.51.100.3 \r", "198.51.100.3"},
        {ENT_OBS_IPV4, "198.51.100.3.", "198.51.100.3"},
        {ENT_OBS_IPV4, "0.0.0.0", "0.0.0.0"},
        {ENT_OBS_IPV4, "255.255.255.255", "255.255.255.255"},
        {ENT_OBS_IPV4, "198.51.100.3/32", "198.51.100.3"},
        {ENT_OBS_IPV4, "::ffff:198.51.100.3", "198.51.100.3"},
        {ENT_OBS_IPV4, "::FFFF:c633:6403", "198.51.100.3"},
        {ENT_OBS_IPV4, "[198.51.100.3]", "198.51.100.3"},
        {ENT_OBS_NET4, "198.51.100.77/24", "198.51.100.0/24"},
        {ENT_OBS_NET4, "0.0.0.0/0", "0.0.0.0/0"},
        {ENT_OBS_NET4, "::ffff:198.51.100.77/120", "198.51.100.0/24"},
        {ENT_OBS_IPV6, "2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
        {ENT_OBS_IPV6, "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952 4.2.2 */
        {ENT_OBS_IPV6, "2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* 4.2.3 */
        {ENT_OBS_IPV6, "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    /* 4.2.3 */
        {ENT_OBS_IPV6, "::", "::"},
        {ENT_OBS_IPV6, "[::1]", "::1"},
        {ENT_OBS_IPV6, "2001:db8::", "2001:db8::"},
        {ENT_OBS_IPV6, "2001:db8::198.51.100.3", "2001:db8::c633:6403"},
        {ENT_OBS_IPV6, "2001:db8::1/128", "2001:db8::1"},
        {ENT_OBS_NET6, "2001:db8:1:2:3::/32", "2001:db8::/32"},
        {ENT_OBS_NET6, "::/0", "::/0"},
        {ENT_OBS_ENDPOINT, "198.51.100.3:443", "198.51.100.3:443"},
        {ENT_OBS_ENDPOINT, "[2001:DB8::1]:443", "[2001:db8::1]:443"},
        {ENT_OBS_ENDPOINT, "[::ffff:198.51.100.3]:1", "198.51.100.3:1"},
        {ENT_OBS_DOMAIN, "My-IRI.org", "my-iri.org"},
        {ENT_OBS_DOMAIN, "my-iri.org.", "my-iri.org"},
        {ENT_OBS_DOMAIN, "_dmarc.a_b.example", "_dmarc.a_b.example"},
        {ENT_OBS_DOMAIN,
         "b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {ENT_OBS_DOMAIN, "fa\xc3\x9f.de", "xn--fa-hia.de"}, /* non-transitional */
        {ENT_OBS_DOMAIN, "XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        {ENT_OBS_DOMAIN, "xn--i-7iq.ws", "xn--i-7iq.ws"},
        {ENT_OBS_DOMAIN, "3com.com", "3com.com"},
        {ENT_OBS_DOMAIN, "0x7f.com", "0x7f.com"},
        {ENT_OBS_URL, "HTTP://Evil.Example:80/A?b#C", "http://evil.example/A?b#C"},
        {ENT_OBS_URL, "https://evil.example:443", "https://evil.example/"},
        {ENT_OBS_URL, "https://evil.example:80/", "https://evil.example:80/"},
        {ENT_OBS_URL, "http://evil.example?q=1", "http://evil.example/?q=1"},
        {ENT_OBS_URL, "http://evil.example./x", "http://evil.example/x"},
        {ENT_OBS_URL, "http://u:p@evil.example/", "http://u:p@evil.example/"},
        {ENT_OBS_URL, "http://@evil.example/", "http://evil.example/"},
        {ENT_OBS_URL, "http://evil.example:/x", "http://evil.example/x"},
        {ENT_OBS_URL, "http://[2001:DB8:0::1]:8080/", "http://[2001:db8::1]:8080/"},
        {ENT_OBS_URL, "http://[::ffff:198.51.100.3]/", "http://198.51.100.3/"},
        {ENT_OBS_URL,
         "http://b\xc3\xbc"
         "cher.example/\xc3\xbc",
         "http://xn--bcher-kva.example/\xc3\xbc"},
        {ENT_OBS_URL, "http://localhost/x", "http://localhost/x"},
        {ENT_OBS_URL, "tcp://198.51.100.3:4444", "tcp://198.51.100.3:4444"},
        {ENT_OBS_URL, "efax.pfdregistry.net/eFax/37486.ZIP",
         "http://efax.pfdregistry.net/eFax/37486.ZIP"},
        {ENT_OBS_URL, "198.51.100.3/x.php", "http://198.51.100.3/x.php"},
        {ENT_OBS_URL, "198.51.100.3/", "http://198.51.100.3/"},
        {ENT_OBS_URL, "198.51.100.3:8080/24", "http://198.51.100.3:8080/24"},
        {ENT_OBS_URL, "medium.com/@user.name", "http://medium.com/@user.name"},
        {ENT_OBS_URL, "http://en.example/Foo_(bar)", "http://en.example/Foo_(bar)"},
        {ENT_OBS_URL, "evil.example/?u=http://other.example/",
         "http://evil.example/?u=http://other.example/"},
        {ENT_OBS_EMAIL, "John.Doe@EXAMPLE.com", "John.Doe@example.com"},
        {ENT_OBS_EMAIL, "<john@example.com>", "john@example.com"},
        {ENT_OBS_EMAIL, "mailto:john@example.com", "john@example.com"},
        {ENT_OBS_EMAIL,
         "o'brien@b\xc3\xbc"
         "cher.example",
         "o'brien@xn--bcher-kva.example"},
        {ENT_OBS_MD5, "8F154D23AC2071D7F179959AABA37AD5", "8f154d23ac2071d7f179959aaba37ad5"},
        {ENT_OBS_SHA1, "9CB7716D83C0D06AB356BDFA52DEF1AF64BC5210",
         "9cb7716d83c0d06ab356bdfa52def1af64bc5210"},
        {ENT_OBS_SHA256, "9ACBA7E5F972CDD722541A23FF314EA81AC35D5C0C758EB708FB6E2CC4F598A0",
         "9acba7e5f972cdd722541a23ff314ea81ac35d5c0c758eb708fb6e2cc4f598a0"},
        {ENT_OBS_URLPREFIX, "HTTP://A.Example:80/gate/*", "http://a.example/gate/*"},
        {ENT_OBS_URLPREFIX, "hxxps://a[.]example/*", "https://a.example/*"},
        {ENT_OBS_URLPREFIX, "a.example/gate*", "http://a.example/gate*"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i], false, (enum ent_obs_type)0);
}

#define NONE  "not an address, a name, a URL or a hash"
#define FOUR  "an IPv4 address has four numbers"
#define ZEROS "leading zeros in an IPv4 address (octal or decimal?)"
#define HOW   "an address and a port are written 1.2.3.4:443 or [2001:db8::1]:443"

/* table */
static void test_guess_refused(void **state)
{
    static const struct row rows[] = {
        {0, "", "empty"},
        {0, " \t\"\" ", "empty"},
        {0, "hello", NONE},
        {0, "and/or", NONE},
        {0, "localhost", NONE},
        {0, "/etc/passwd", "a path without a host"},
        {0, "1.2.3", FOUR},
        {0, "1.2.3.4.5", "more than an IPv4 address"},
        {0, "1..2.3", FOUR},
        {0, "http://a.example*", "the start of URLs must have a path: http://evil.example/*"},
        {0, "1.2.3.256", "a number above 255 in an IPv4 address"},
        {0, "1.2.3.04", ZEROS},
        {0, "001.002.003.004", ZEROS},
        {0, "1.2.3.4/33", "the length of the network's prefix is wrong"},
        {0, "1.2.3.4/024", "the length of the network's prefix is wrong"},
        {0, "1.2.3.4/255.255.255.0", "the length of the network's prefix is wrong"},
        {0, "::1/129", "the length of the network's prefix is wrong"},
        {0, "1.2.3.4:0", "a port is a number from 1 to 65535"},
        {0, "1.2.3.4:65536", "a port is a number from 1 to 65535"},
        {0, "1.2.3.4:080", "a port is a number from 1 to 65535"},
        {0, "[::1]:x", "a port is a number from 1 to 65535"},
        {0, "[::1:443", HOW},
        {0, "1:2:3:4:5:6:7:8:9", "not an IPv6 address"},
        {0, "1::2::3", "\"::\" twice in an IPv6 address"},
        {0, "1:2:3:4:5:6:7", "an IPv6 address has eight groups"},
        {0, "12345::", "not an IPv6 address"},
        {0, "1:2:3:4:5:6:7:1.2.3.4", "too long an IPv6 address"},
        {0, "::1.2.3.256", "a number above 255 in an IPv4 address"},
        {0, "fe80::1%eth0", "an IPv6 zone means nothing on another machine"},
        {0, "evil.example:8080", "a name with a port is neither a name nor a URL"},
        {0, "*.evil.example", "a wildcard is not one name"},
        {0, ".evil.example", "an empty label in a name"},
        {0, "evil..example", "an empty label in a name"},
        {0, "-evil.example", "a label begins or ends with a hyphen"},
        {0, "evil-.example", "a label begins or ends with a hyphen"},
        {0, "evil example.com", "a character that no name has"},
        {0, "evil.e", "no top-level domain looks like that"},
        {0, "evil.3com", "no top-level domain looks like that"},
        {0, "evil.0x7f", "the name ends in a number"},
        {0, "\xef\xbc\x91.\xef\xbc\x92.\xef\xbc\x93.\xef\xbc\x94", "the name ends in a number"},
        {0,
         "a\xef\xbc\x8f"
         "b.example",
         "a character that no name has"},
        {0, "evil\xff.example", "not UTF-8"},
        {0, "\xe2\x98\x83.ws", "not a valid internationalised name (UTS 46)"},
        {0, "http://", "a URL without a host"},
        {0, "file:///etc/passwd", "a URL without a host"},
        {0, "http://:80/", "a URL without a host"},
        {0, "http://1.2.3/", FOUR},
        {0, "http://0x7f.1/", "the name ends in a number"},
        {0, "http://a b/", "a character that no name has"},
        {0, "http://a.example/b c", "a blank, control or invisible character in a URL"},
        {0,
         "http://a.example/\xe2\x80\xae"
         "cod.exe",
         "a blank, control or invisible character in a URL"},
        {0, "http://a.example/\xff", "not UTF-8"},
        {0, "http://a.example:99999/", "a port is a number from 1 to 65535"},
        {0, "http://[::1/", "a bracket is not closed"},
        {0, "http://[1.2.3.4]/", "not an IPv6 address"},
        {0, "http://[::1]x/", "the host of a URL is wrong"},
        {0, "http://a\"b@c.example/", "the user name in a URL has a character it cannot have"},
        {0, "john@", "an empty label in a name"},
        {0, "@example.com", "the part before '@' is empty or longer than 64 octets"},
        {0, "john@localhost", NONE},
        {0, "john..doe@example.com", "a misplaced dot before '@'"},
        {0, "john doe@example.com", "a character before '@' that no e-mail address has"},
        {0, "mailto:hello.example", "an e-mail address without '@'"},
        {0, "8f154d23ac2071d7f179959aaba37ad", NONE},
        {0, "8f154d23ac2071d7f179959aaba37adg", NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i], false, (enum ent_obs_type)0);
}

/* table */
static void test_parse_as(void **state)
{
    static const struct {
        enum ent_obs_type as;
        struct row row;
    } rows[] = {
        {ENT_OBS_IPV4, {ENT_OBS_IPV4, "198.51.100[.]3", "198.51.100.3"}},
        {ENT_OBS_IPV4, {ENT_OBS_NET4, "198.51.100.3/24", "198.51.100.0/24"}},
        {ENT_OBS_IPV4, {ENT_OBS_IPV4, "::ffff:198.51.100.3", "198.51.100.3"}},
        {ENT_OBS_NET4, {ENT_OBS_IPV4, "198.51.100.3", "198.51.100.3"}},
        {ENT_OBS_IPV6, {ENT_OBS_IPV4, "::ffff:198.51.100.3", "198.51.100.3"}},
        {ENT_OBS_IPV6, {ENT_OBS_NET6, "2001:db8::/32", "2001:db8::/32"}},
        {ENT_OBS_URL, {ENT_OBS_URL, "evil.example", "http://evil.example/"}},
        {ENT_OBS_IPV4, {0, "198.51.100.3:443", "more than an IPv4 address"}},
        {ENT_OBS_IPV4, {0, "2001:db8::1", "an IPv6 address where an IPv4 address was announced"}},
        {ENT_OBS_IPV6, {0, "198.51.100.3", "not an IPv6 address"}},
        {ENT_OBS_NET6, {0, "evil.example", "not an IPv6 address"}},
        {ENT_OBS_ENDPOINT, {0, "198.51.100.3", HOW}},
        {ENT_OBS_ENDPOINT, {0, "198.51.100.0/24:80", HOW}},
        {ENT_OBS_ENDPOINT, {0, "2001:db8::1:80", HOW}},
        {ENT_OBS_ENDPOINT, {0, "[198.51.100.3]:80", HOW}},
        {ENT_OBS_ENDPOINT, {0, ":80", HOW}},
        {ENT_OBS_ENDPOINT, {0, "[]:80", HOW}},
        {ENT_OBS_DOMAIN, {0, "198.51.100.3", "the name ends in a number"}},
        {ENT_OBS_DOMAIN, {0, "http://evil.example/", "a character that no name has"}},
        {ENT_OBS_EMAIL, {0, "evil.example", "an e-mail address without '@'"}},
        {ENT_OBS_URL, {0, "", "empty"}},
        {ENT_OBS_MD5,
         {0, "9cb7716d83c0d06ab356bdfa52def1af64bc5210", "not a hash of the announced kind"}},
        {ENT_OBS_SHA512, {0, "zz", "not a hash of the announced kind"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i].row, true, rows[i].as);
}

static void test_lengths(void **state)
{
    struct ent_observable o;
    const char *why = NULL;
    char text[16384];
    (void)state;
    /* a URL of exactly 2048 octets, and one more */
    memset(text, 'a', sizeof(text));
    memcpy(text, "http://e.example/", 17);
    assert_ok(ent_observable_parse(&o, NULL, ent_slice(text, 2048)));
    assert_int_equal(o.n, 2048);
    assert_err(ent_observable_parse(&o, &why, ent_slice(text, 2049)), ENT_E_FORMAT);
    assert_string_equal(why, "longer than 2048 octets");
    assert_err(ent_observable_parse(&o, &why, ent_slice(text, sizeof(text))), ENT_E_FORMAT);
    assert_string_equal(why, "too long or too deeply wrapped");
    /* labels of 63, names of 253 octets */
    memset(text, 'a', 300);
    text[63] = text[127] = text[191] = '.';
    assert_ok(ent_observable_parse(&o, NULL, ent_slice(text, 253)));
    assert_err(ent_observable_parse(&o, &why, ent_slice(text, 254)), ENT_E_FORMAT);
    assert_string_equal(why, "a name of more than 253 octets");
    text[63] = 'a';
    text[64] = '.';
    assert_err(ent_observable_parse(&o, &why, ent_slice(text, 100)), ENT_E_FORMAT);
    assert_string_equal(why, "a label of more than 63 octets");
    /* e-mail: 64 before '@' */
    memset(text, 'a', 300);
    memcpy(text + 64, "@e.example", 10);
    assert_ok(ent_observable_parse(&o, NULL, ent_slice(text, 74)));
    memcpy(text + 65, "@e.example", 10);
    assert_err(ent_observable_parse_as(&o, &why, ENT_OBS_EMAIL, ent_slice(text, 75)), ENT_E_FORMAT);
    /* NUL inside, never the end of anything */
    assert_err(ent_observable_parse(&o, NULL, ent_slice("evil.example\0.com", 17)), ENT_E_FORMAT);
    assert_err(ent_observable_parse(&o, NULL, ent_slice("http://e.example/\0x", 19)), ENT_E_FORMAT);
    assert_err(ent_observable_parse(&o, NULL, ent_slice("a\0b@e.example", 13)), ENT_E_FORMAT);
    assert_err(ent_observable_parse(&o, NULL, ent_slice("http://a\0b@e.example", 20)),
               ENT_E_FORMAT);
    assert_err(ent_observable_parse(&o, NULL, ent_slice("b\xc3\xbc\0.example", 12)), ENT_E_FORMAT);
}

/* --- against the C library -------------------------------------------------------------------- */

static size_t random_address_text(char *text, size_t cap)
{
    static const char *const pieces[] = {"0",    "1",  "255", "256", "01", "fe80", "ffff",
                                         "abcd", "12", "db8", ":",   "::", ".",    ".",
                                         ":",    ":",  "0",   "127", "g",  "/",    "12345"};
    size_t n = 0;
    for (uint64_t k = 1 + ent_t_below(17); k > 0; k--) {
        const char *p = pieces[ent_t_below(sizeof(pieces) / sizeof(pieces[0]))];
        if (n + strlen(p) + 1 >= cap)
            break;
        memcpy(text + n, p, strlen(p));
        n += strlen(p);
    }
    text[n] = '\0';
    return n;
}

static void test_against_libc(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        char text[128];
        uint8_t ours[16], theirs[16];
        const char *why;
        size_t n = random_address_text(text, sizeof(text));
        bool ok6 = ent_ipv6_parse(ours, &why, ent_slice(text, n)) == ENT_OK;
        assert_int_equal(ok6, inet_pton(AF_INET6, text, theirs) == 1);
        if (ok6)
            assert_memory_equal(ours, theirs, 16);
        bool ok4 = ent_ipv4_parse(ours, &why, ent_slice(text, n)) == ENT_OK;
        assert_int_equal(ok4, inet_pton(AF_INET, text, theirs) == 1);
        if (ok4)
            assert_memory_equal(ours, theirs, 4);
    }
}

static void test_rfc5952_output(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct ent_net net = {.v6 = true, .bits = 128}, back;
        char ours[ENT_NET_TEXT], theirs[INET6_ADDRSTRLEN];
        const char *why;
        for (int k = 0; k < 8; k++) { /* many zero groups, few large ones */
            uint64_t v = ent_t_rand();
            unsigned g = v % 3 == 0 ? 0 : (unsigned)(v >> 32) >> (v % 5 == 0 ? 16 : 28);
            net.b[2 * k] = (uint8_t)(g >> 8);
            net.b[2 * k + 1] = (uint8_t)g;
        }
        net.b[0] |= 0x20; /* outside ::/96, where the C library writes dotted tails */
        size_t n = ent_net_text(ours, &net);
        assert_non_null(inet_ntop(AF_INET6, net.b, theirs, sizeof(theirs)));
        assert_string_equal(ours, theirs);
        assert_ok(ent_net_parse(&back, &why, ent_slice(ours, n)));
        assert_memory_equal(back.b, net.b, 16);
    }
}

/* --- names, keys, public ---------------------------------------------------------------------- */

static void test_types(void **state)
{
    uint32_t mask = 77;
    (void)state;
    for (unsigned t = ENT_OBS_IPV4; t < ENT_OBS_TYPES; t++) {
        assert_ok(
            ent_obs_types_parse(&mask, ent_slice_str(ent_obs_type_name((enum ent_obs_type)t))));
        assert_int_equal(mask, ENT_OBS_BIT(t));
    }
    assert_ok(ent_obs_types_parse(&mask, ENT_SLICE_LIT("ip, DOMAIN")));
    assert_int_equal(mask, ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6) |
                               ENT_OBS_BIT(ENT_OBS_DOMAIN));
    assert_ok(ent_obs_types_parse(&mask, ENT_SLICE_LIT("hash")));
    assert_int_equal(mask, ENT_OBS_BIT(ENT_OBS_MD5) | ENT_OBS_BIT(ENT_OBS_SHA1) |
                               ENT_OBS_BIT(ENT_OBS_SHA256) | ENT_OBS_BIT(ENT_OBS_SHA512));
    assert_ok(ent_obs_types_parse(&mask, ENT_SLICE_LIT("all")));
    assert_int_equal(mask, ENT_OBS_ALL);
    mask = 77;
    assert_err(ent_obs_types_parse(&mask, ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_err(ent_obs_types_parse(&mask, ENT_SLICE_LIT("ip,")), ENT_E_FORMAT);
    assert_err(ent_obs_types_parse(&mask, ENT_SLICE_LIT("ip,mutex")), ENT_E_FORMAT);
    assert_int_equal(mask, 77);
    assert_string_equal(ent_obs_type_name((enum ent_obs_type)0), "");
    assert_string_equal(ent_obs_type_name((enum ent_obs_type)14), "");
}

static void test_key(void **state)
{
    struct ent_observable o;
    uint8_t key[ENT_OBS_KEY_MAX];
    (void)state;
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("198.51.100[.]3")));
    size_t n = ent_observable_key(key, &o);
    assert_int_equal(n, 17);
    assert_memory_equal(key, "ipv4:198.51.100.3", 17);
    o = (struct ent_observable){.type = ENT_OBS_ENDPOINT, .n = ENT_OBS_MAX};
    assert_int_equal(ent_observable_key(key, &o), ENT_OBS_MAX + 9);
}

static void test_vocabulary(void **state)
{
    enum ent_tlp tlp = ENT_TLP_RED;
    enum ent_format f = ENT_FORMAT_STIX;
    (void)state;
    for (unsigned t = ENT_TLP_CLEAR; t <= ENT_TLP_RED; t++) {
        assert_ok(ent_tlp_parse(&tlp, ent_slice_str(ent_tlp_name((enum ent_tlp)t))));
        assert_int_equal(tlp, t);
    }
    assert_ok(ent_tlp_parse(&tlp, ENT_SLICE_LIT(" TLP:WHITE ")));
    assert_int_equal(tlp, ENT_TLP_CLEAR);
    assert_ok(ent_tlp_parse(&tlp, ENT_SLICE_LIT("Amber+Strict")));
    assert_int_equal(tlp, ENT_TLP_AMBER_STRICT);
    assert_err(ent_tlp_parse(&tlp, ENT_SLICE_LIT("TLP:")), ENT_E_FORMAT);
    assert_err(ent_tlp_parse(&tlp, ENT_SLICE_LIT("TLP:AMBER-STRICT")), ENT_E_FORMAT);
    assert_err(ent_tlp_parse(&tlp, ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_int_equal(tlp, ENT_TLP_AMBER_STRICT);
    for (unsigned k = ENT_FORMAT_AUTO; k <= ENT_FORMAT_MISP; k++) {
        assert_ok(ent_format_parse(&f, ent_slice_str(ent_format_name((enum ent_format)k))));
        assert_int_equal(f, k);
    }
    assert_err(ent_format_parse(&f, ENT_SLICE_LIT("xml")), ENT_E_FORMAT);
}

/* table */
static void test_public(void **state)
{
    static const char *const yes[] = {
        "8.8.8.8",
        "192.0.0.9",
        "192.0.0.10",
        "100.128.0.0",
        "172.32.0.1",
        "223.255.255.255",
        "8.0.0.0/7",
        "11.0.0.0/8",
        "2600::1",
        "2001:200::1",
        "2001:1::1",
        "2001:20::1",
        "2600::/12",
        "64:ff9b::8.8.8.8",
        "8.8.8.8:53",
        "[2600::1]:53",
        "my-iri.org",
        "a.github.io",
        "www.gov.uk",
        "www.ck",
        "xn--80ak6aa92e.com",
        "a.xn--p1ai",
        "http://my-iri.org/x",
        "http://8.8.8.8/",
        "http://[2600::1]/",
        "http://u@a.b.com:99/",
        "john@my-iri.org",
        "8f154d23ac2071d7f179959aaba37ad5",
        "myexample.com",
        "notlocal.dev",
    };
    static const char *const no[] = {
        "0.1.2.3",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.171",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.3",
        "203.0.113.5",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "0.0.0.0/0",
        "8.0.0.0/6",
        "192.0.0.0/16",
        "::",
        "::1",
        "::1.2.3.4",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "100::1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:808:808::1",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "4000::1",
        "2000::/3",
        "2000::/2",
        "::/0",
        "10.0.0.1:53",
        "[fe80::1]:53",
        "printer.local",
        "a.test",
        "a.example",
        "a.invalid",
        "a.localhost",
        "facebookcorewwwi.onion",
        "a.internal",
        "a.home.arpa",
        "home.arpa",
        "4.3.2.1.in-addr.arpa",
        "example.com",
        "www.example.org",
        "example.net",
        "co.uk",
        "github.io",
        "blogspot.com",
        "foo.ck",
        "host.corp",
        "host.zz",
        "http://10.0.0.1/",
        "http://localhost/",
        "http://intranet/",
        "http://com/",
        "http://[::1]/",
        "http://x.local/",
        "john@example.com",
        "john@co.uk",
        "john@corp.lan",
    };
    struct ent_observable o;
    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(yes[i])));
        if (!ent_observable_is_public(&o))
            print_error("not public: %s\n", yes[i]);
        assert_true(ent_observable_is_public(&o));
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(no[i])));
        if (ent_observable_is_public(&o))
            print_error("public: %s\n", no[i]);
        assert_false(ent_observable_is_public(&o));
    }
}

/* Whatever bytes come in: no crash, and what is accepted is canonical. */
static void test_random_bytes(void **state)
{
    static const char *const pieces[] = {"http",
                                         "hxxp",
                                         "://",
                                         "[",
                                         "]",
                                         "(",
                                         ")",
                                         ".",
                                         "[.]",
                                         "{.}",
                                         "(dot)",
                                         "[at]",
                                         "@",
                                         ":",
                                         "[:]",
                                         "/",
                                         "?",
                                         "#",
                                         "\\.",
                                         "evil",
                                         "example",
                                         "com",
                                         "1",
                                         "255",
                                         "2001",
                                         "db8",
                                         "::",
                                         "mailto:",
                                         "\xe2\x80\x8b",
                                         "\xe2\x80\x8c",
                                         "\xef\xbc\x8e",
                                         "\xc3\xbc",
                                         "'",
                                         "\"",
                                         "<",
                                         ">",
                                         "-",
                                         "_",
                                         "*",
                                         "%",
                                         " ",
                                         "\t",
                                         ",",
                                         ";",
                                         "\xff",
                                         "deadbeef",
                                         "](",
                                         "fxp",
                                         "meow",
                                         "=",
                                         "{",
                                         "}",
                                         "8f154d23ac2071d7f179959aaba37ad5",
                                         "\x01",
                                         "[://]",
                                         "xn--",
                                         "(at)"};
    size_t accepted = 0;
    (void)state;
    for (int i = 0; i < 150000; i++) {
        char text[256], defanged[ENT_OBS_DEFANGED_MAX];
        struct ent_observable o, again;
        size_t n = 0;
        for (uint64_t k = 1 + ent_t_below(12); k > 0; k--) {
            const char *p = pieces[ent_t_below(sizeof(pieces) / sizeof(pieces[0]))];
            if (n + strlen(p) < sizeof(text)) {
                memcpy(text + n, p, strlen(p));
                n += strlen(p);
            }
        }
        if (ent_observable_parse(&o, NULL, ent_slice(text, n)) != ENT_OK)
            continue;
        accepted++;
        assert_int_equal(strlen(o.text), o.n);
        if (ent_observable_parse(&again, NULL, ent_slice(o.text, o.n)) != ENT_OK ||
            again.type != o.type || again.n != o.n || memcmp(again.text, o.text, o.n) != 0)
            fail_msg("%.*s gave %s, which is not canonical", (int)n, text, o.text);
        ent_observable_defang(defanged, sizeof(defanged), &o);
        if (ent_observable_parse(&again, NULL, ent_slice_str(defanged)) != ENT_OK ||
            again.type != o.type || again.n != o.n || memcmp(again.text, o.text, o.n) != 0)
            fail_msg("%s was defanged to %s, which is something else", o.text, defanged);
        (void)ent_observable_is_public(&o);
    }
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guess),        cmocka_unit_test(test_guess_refused),
        cmocka_unit_test(test_parse_as),     cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_against_libc), cmocka_unit_test(test_rfc5952_output),
        cmocka_unit_test(test_types),        cmocka_unit_test(test_key),
        cmocka_unit_test(test_vocabulary),   cmocka_unit_test(test_public),
        cmocka_unit_test(test_random_bytes),
    };
    return ent_t_run("observable", tests);
}
