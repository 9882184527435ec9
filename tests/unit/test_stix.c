/* test_stix.c: patterns, bundles, and what must never be taken out of them. */
#include "tests/support/feed.h"

#include "intel/pattern.h"

/* --- patterns --------------------------------------------------------------------------------- */

/* "type:text" or "type:text#port" for each value, then "!lost"; or "?why@offset". */
static const char *extract(struct ent_buf *b, struct ent_slice text)
{
    struct ent_arena a;
    struct ent_pattern p = {0};
    const char *why = NULL;
    ent_arena_init(&a, ENT_PATTERN_ARENA);
    ent_buf_clear(b);
    enum ent_err r = ent_pattern_parse(&p, &why, &a, text);
    if (r != ENT_OK) {
        assert_true(r == ENT_E_FORMAT || r == ENT_E_LIMIT);
        assert_ok(ent_buf_printf(b, "?%s@%zu", why, p.error_at));
    } else {
        for (const struct ent_pattern_value *v = p.values; v != NULL; v = v->next) {
            assert_ok(ent_buf_printf(b, "%s%s:%.*s", b->n > 0 ? " " : "",
                                     v->type == 0 ? "any" : ent_obs_type_name(v->type),
                                     (int)v->text.n, (const char *)v->text.p));
            if (v->port != 0)
                assert_ok(ent_buf_printf(b, "#%u", v->port));
        }
        if (p.lost != NULL)
            assert_ok(ent_buf_printf(b, "%s!%s", b->n > 0 ? " " : "", p.lost));
        assert_true(p.values != NULL || p.lost != NULL);
    }
    assert_ok(ent_buf_putc(b, '\0'));
    b->n--;
    ent_arena_release(&a);
    return (const char *)b->p;
}

#define NOT     "!the pattern names what is not meant (NOT, !=)"
#define FUZZY   "!the pattern compares with LIKE or MATCHES"
#define OP      "!the pattern compares with <, >, ISSUPERSET or EXISTS"
#define PATH    "!the pattern asks for a property that is not read here"
#define KIND    "!the pattern compares with something that is not text"
#define AND     "!the pattern has conditions that must hold together"
#define SEVERAL "!the pattern wants several observations together"
#define ORDER   "!the pattern wants observations in an order (FOLLOWEDBY)"
#define TIMES   "!the pattern has a time window or a repetition"
#define CONTEXT "!the pattern describes something without naming it"

struct row {
    const char *pattern, *out;
};

static void check_rows(const struct row *rows, size_t n)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < n; i++) {
        const char *got = extract(&b, ent_slice_str(rows[i].pattern));
        if (strcmp(got, rows[i].out) != 0)
            print_error("%s\n", rows[i].pattern);
        assert_string_equal(got, rows[i].out);
    }
    ent_buf_release(&b);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows[0]))

/* table: the fourteen patterns whose answers the reference parser (cti-pattern-validator) gave;
 * where it lists a value that one sighting does not prove, ours must say so instead. */
static void test_reference_patterns(void **state)
{
    static const struct row rows[] = {
        {"[ipv4-addr:value = '198.51.100.3' OR domain-name:value IN ('a.example','b.example')]",
         "ipv4:198.51.100.3 domain:a.example domain:b.example"},
        {"[file:hashes.'SHA-256' = 'ab' AND file:name = 'x']", "sha256:ab"},
        {"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
         "'203.0.113.5' AND network-traffic:dst_port = 443]",
         "any:203.0.113.5#443"},
        {"[url:value LIKE 'http://%.example/']", FUZZY},
        {"[ipv4-addr:value ISSUBSET '198.51.100.0/24']", "ipv4:198.51.100.0/24"},
        {"([ipv4-addr:value='198.51.100.1'] FOLLOWEDBY [domain-name:value='x.example']) WITHIN 300 "
         "SECONDS",
         TIMES},
        {"[domain-name:value NOT = 'good.example']", NOT},
        {"[email-message:from_ref.value MATCHES '.+@evil\\\\.example$']", FUZZY},
        {"[file:hashes.SHA-256 = 'ab']", "?a property's name is missing, or must be quoted@13"},
        {"[x509-certificate:hashes.'SHA-1' = 'ab']", PATH},
        {"[ipv4-addr:value = '198.51.100.3'] START t'2016-06-01T00:00:00Z' STOP "
         "t'2016-07-01T00:00:00Z' REPEATS 5 TIMES",
         TIMES},
        {"[domain-name:value = 'it\\'s.example']", "domain:it's.example"},
        {"[EXISTS windows-registry-key:values[*].name]", OP},
        {"[ipv4-addr:value = '198.51.100.3'", "?']' is missing@33"},
    };
    (void)state;
    CHECK_ROWS(rows);
}

/* table */
static void test_taken(void **state)
{
    static const struct row rows[] = {
        {"[ipv6-addr:value == '2001:db8::1']", "ipv6:2001:db8::1"},
        {"[url:value='http://a.example/'] OR [email-addr:value='a@b.example']",
         "url:http://a.example/ email:a@b.example"},
        {"([ipv4-addr:value='1.1.1.1'] OR ([ipv4-addr:value='2.2.2.2']))",
         "ipv4:1.1.1.1 ipv4:2.2.2.2"},
        {"[((ipv4-addr:value = '1.1.1.1'))]", "ipv4:1.1.1.1"},
        {"[file:hashes.MD5 = 'a' AND file:hashes.'SHA-1' = 'b' AND file:hashes.'SHA-512' = 'c']",
         "md5:a sha1:b sha512:c"},
        {"[file:hashes.'md5' = 'a' OR file:hashes.SHA256 = 'b']", "md5:a sha256:b"},
        {"[(file:hashes.MD5 = 'a' OR file:hashes.MD5 = 'b') AND file:size > 10 AND file:name LIKE "
         "'x%']",
         "md5:a md5:b"},
        {"[file:hashes.MD5 IN ('a', 'b')]", "md5:a md5:b"},
        {"[file:hashes.MD5 = 'a' AND EXISTS file:extensions.'archive-ext']", "md5:a"},
        {"[network-traffic:dst_ref.value = 'evil.example']", "any:evil.example"},
        {"[network-traffic:src_ref.value = '1.1.1.1' AND network-traffic:src_ref.type = "
         "'ipv4-addr']",
         "any:1.1.1.1"},
        {"[network-traffic:dst_ref.value = '1.1.1.1' AND network-traffic:dst_port = '53' AND "
         "network-traffic:protocols[*] = 'udp']",
         "any:1.1.1.1#53"},
        {"[network-traffic:dst_ref.value ISSUBSET '2001:db8::/64']", "any:2001:db8::/64"},
        {"[email-message:sender_ref.value = 'a@b.example']", "email:a@b.example"},
        {"/* c */ [ // d\n ipv4-addr:value\t=\xc2\xa0'1.1.1.1' ]", "ipv4:1.1.1.1"},
        {"[domain-name:value = 'a\\\\b\\'c']", "domain:a\\b'c"},
        /* an alternative that cannot be taken is said, the others stand for themselves */
        {"[url:value LIKE 'http://a.example%']", FUZZY},
        {"[url:value LIKE 'http://a.example/_/%']", FUZZY},
        {"[url:value LIKE 'http://a.example/%2F%']", FUZZY},
        {"[url:value LIKE 'http://a.example/x']", FUZZY},
        {"[url:value NOT LIKE 'http://a.example/%']", NOT},
        {"[domain-name:value LIKE 'a.example/%']", FUZZY},
        {"[url:value LIKE 'http://a.example/gate/%']", "urlprefix:http://a.example/gate/*"},
        {"[url:value = 'http://a.example/' OR url:value LIKE 'http://b%']",
         "url:http://a.example/ " FUZZY},
        {"[ipv4-addr:value = '1.1.1.1'] OR [mutex:name = 'x']", "ipv4:1.1.1.1 " PATH},
        {"[ipv4-addr:value = '1.1.1.1'] OR ([ipv4-addr:value = '2.2.2.2'] AND [ipv4-addr:value = "
         "'3.3.3.3'])",
         "ipv4:1.1.1.1 " SEVERAL},
        {"[ipv4-addr:value = '1.1.1.1'] OR [ipv4-addr:value = '2.2.2.2'] REPEATS 2 TIMES",
         "ipv4:1.1.1.1 " TIMES},
    };
    (void)state;
    CHECK_ROWS(rows);
}

/* table */
static void test_never_taken(void **state)
{
    static const struct row rows[] = {
        {"[domain-name:value != 'good.example']", NOT},
        {"[domain-name:value <> 'good.example']", NOT},
        {"[domain-name:value NOT IN ('good.example')]", NOT},
        {"[ipv4-addr:value NOT ISSUBSET '10.0.0.0/8']", NOT},
        {"[domain-name:value NOT != 'good.example']", NOT},
        {"[file:hashes.MD5 != 'a' AND file:hashes.'SHA-256' = 'b']", NOT},
        {"[file:hashes.MD5 = 'a' AND file:name != 'x']", NOT},
        {"[ipv4-addr:value = '1.1.1.1' AND domain-name:value NOT = 'x.example']", NOT},
        {"[ipv4-addr:value ISSUPERSET '10.0.0.0/8']", OP},
        {"[ipv4-addr:value > '10.0.0.0']", OP},
        {"[url:value ISSUBSET 'http://a.example/']", OP},
        {"[ipv4-addr:value = 16843009]", KIND},
        {"[ipv4-addr:value IN ('1.1.1.1', 2)]", KIND},
        {"[domain-name:value = true]", KIND},
        {"[domain-name:value IN ()]", CONTEXT},
        {"[ipv4-addr:value = '1.1.1.1' AND ipv4-addr:value = '2.2.2.2']", AND},
        {"[ipv4-addr:value = '1.1.1.1' AND domain-name:value = 'x.example']", AND},
        {"[domain-name:value = 'x.example' AND domain-name:resolves_to_refs[*].value = '1.1.1.1']",
         AND},
        {"[file:hashes.MD5 = 'a' AND file:hashes.MD5 = 'b']", AND},
        {"[file:hashes.MD5 = 'a' AND domain-name:value = 'x.example']", AND},
        {"[file:hashes.MD5 = 'a' AND (file:name = 'x' OR file:name = 'y')]", AND},
        {"[(url:value = 'http://a.example/' OR url:value LIKE 'b') AND file:name = 'x']", AND},
        {"[network-traffic:dst_ref.value = '1.1.1.1' AND network-traffic:src_port = 443]", AND},
        {"[network-traffic:dst_ref.value = '1.1.1.1' AND network-traffic:dst_port IN (80,443)]",
         AND},
        {"[network-traffic:dst_ref.value = '1.1.1.1' AND network-traffic:dst_port > 443]", AND},
        {"[network-traffic:dst_ref.value = '1.1.1.1' AND network-traffic:dst_port = 99999]", AND},
        {"[network-traffic:dst_ref.value = '1.1.1.1' AND network-traffic:src_ref.value = "
         "'2.2.2.2']",
         AND},
        {"[network-traffic:dst_ref.value = '1.1.1.1' AND network-traffic:dst_byte_count = 7]", AND},
        {"[network-traffic:dst_port = 443]", CONTEXT},
        {"[network-traffic:dst_ref.type = 'ipv4-addr']", CONTEXT},
        {"[file:name = 'x.exe']", CONTEXT},
        {"[file:hashes.ssdeep = 'x']", CONTEXT},
        {"[file:hashes[0].MD5 = 'x']", CONTEXT},
        {"[ipv4-addr:value.x = '1.1.1.1']", PATH},
        {"[ipv4-addr:value[0] = '1.1.1.1']", PATH},
        {"[email-message:to_refs[*].value = 'victim@b.example']", PATH},
        {"[mutex:name = 'x']", PATH},
        {"[ipv4-addr:value = '1.1.1.1'] AND [ipv4-addr:value = '2.2.2.2']", SEVERAL},
        {"[ipv4-addr:value = '1.1.1.1'] FOLLOWEDBY [ipv4-addr:value = '2.2.2.2']", ORDER},
        {"[ipv4-addr:value = '1.1.1.1'] OR [ipv4-addr:value = '3.3.3.3'] FOLLOWEDBY "
         "[ipv4-addr:value = '2.2.2.2']",
         ORDER},
        {"[ipv4-addr:value = '1.1.1.1'] WITHIN 5.5 SECONDS", TIMES},
        {"[ipv4-addr:value = '1.1.1.1'] REPEATS 2 TIMES", TIMES},
        {"[ipv4-addr:value = '1.1.1.1'] START '2016-06-01T00:00:00Z' STOP '2016-07-01T00:00:00Z'",
         TIMES},
    };
    (void)state;
    CHECK_ROWS(rows);
}

/* table */
static void test_syntax_errors(void **state)
{
    static const struct row rows[] = {
        {"", "?'[' is missing@0"},
        {"x", "?'[' is missing@0"},
        {"[]", "?an object's type is missing@1"},
        {"[a]", "?':' is missing behind an object's type@2"},
        {"[a:]", "?a property's name is missing, or must be quoted@3"},
        {"[a:b]", "?a comparison operator is missing@4"},
        {"[a:b NOT]", "?a comparison operator is missing@8"},
        {"[a:b = ]", "?a value is missing@7"},
        {"[a:b = x]", "?a value is missing@7"},
        {"[a:b > true]", "?a value is missing@7"},
        {"[a:b LIKE 5]", "?a value is missing@10"},
        {"[a:b ISSUBSET 5]", "?a value is missing@14"},
        {"[a:b IN 'x']", "?'(' is missing behind IN@8"},
        {"[a:b IN ('x',)]", "?a value is missing@13"},
        {"[a:b IN ('x' 'y')]", "?')' is missing behind the values of IN@13"},
        {"[a:b = 'x' 'y']", "?']' is missing@11"},
        {"[a:b = 'x'", "?']' is missing@10"},
        {"[(a:b = 'x']", "?')' is missing@11"},
        {"[a:b = 'x'] [a:b = 'y']", "?more text behind the pattern@12"},
        {"([a:b = 'x']", "?')' is missing@12"},
        {"[a:b = 'x'] and [a:b = 'y']", "?more text behind the pattern@12"},
        {"[a:b = 'x' AND]", "?an object's type is missing@14"},
        {"[a:b = 'x'] OR", "?'[' is missing@14"},
        {"[a:b = 'x'] WITHIN SECONDS", "?a number is missing@19"},
        {"[a:b = 'x'] REPEATS 1.5 TIMES", "?a number is missing@20"},
        {"[a:b = 'x'] REPEATS -1 TIMES", "?a number is missing@20"},
        {"[a:b = 'x'] REPEATS 1", "?SECONDS or TIMES is missing@21"},
        {"[a:b = 'x'] START t'2016-06-01T00:00:00Z'", "?STOP is missing behind START@41"},
        {"[a:b = 'x'] STOP t'2016-06-01T00:00:00Z'", "?more text behind the pattern@12"},
        {"[a:b[x] = 1]", "?an index is a number or '*'@5"},
        {"[a:b[1 = 1]", "?']' is missing behind an index@7"},
        {"[a:b-c = 1]", "?a property's name is missing, or must be quoted@3"},
        {"[AND:b = 1]", "?an object's type is missing@1"},
        {"[a:b = 'x]", "?a string in a pattern does not end, or has an unknown escape@7"},
        {"[a:b = 'x\\n']", "?a string in a pattern does not end, or has an unknown escape@7"},
        {"[a:b = \"x\"]", "?a character that no pattern has@7"},
        {"[a:b = h'abc']", "?a wrong h'', b'' or t'' literal in a pattern@7"},
        {"[a:b = b'a']", "?a wrong h'', b'' or t'' literal in a pattern@7"},
        {"[a:b = t'2016-13-01T00:00:00Z']", "?a wrong h'', b'' or t'' literal in a pattern@7"},
        {"[a:b = t'2016-01-01T00:00:00']", "?a wrong h'', b'' or t'' literal in a pattern@7"},
        {"[a:b = 00]", "?']' is missing@8"},
        {"[a:b = 1.]", "?']' is missing@8"},
        {"[a:b = 1] /* x", "?a comment in a pattern does not end@10"},
        {"[EXISTS 'x']", "?an object's type is missing@8"},
    };
    (void)state;
    CHECK_ROWS(rows);
}

static void test_pattern_depth(void **state)
{
    struct ent_buf text, out;
    (void)state;
    ent_buf_init(&text, 1u << 20);
    ent_buf_init(&out, 1u << 20);
    for (int deep = 62; deep <= 64; deep++) {
        ent_buf_clear(&text);
        assert_ok(ent_buf_putc(&text, '['));
        for (int i = 0; i < deep; i++)
            assert_ok(ent_buf_putc(&text, '('));
        assert_ok(ent_buf_puts(&text, "url:value='http://a.example/'"));
        for (int i = 0; i < deep; i++)
            assert_ok(ent_buf_putc(&text, ')'));
        assert_ok(ent_buf_putc(&text, ']'));
        const char *got = extract(&out, ent_buf_slice(&text));
        if (deep < 64)
            assert_string_equal(got, "url:http://a.example/");
        else
            assert_non_null(strstr(got, "?a pattern with too many parentheses@"));
    }
    /* the largest pattern there may be, as dense as it can be */
    ent_buf_clear(&text);
    assert_ok(ent_buf_puts(&text, "[url:value IN(''"));
    while (text.n + 5 < ENT_PATTERN_BYTES)
        assert_ok(ent_buf_puts(&text, ",''"));
    assert_ok(ent_buf_puts(&text, ")]"));
    assert_int_equal(extract(&out, ent_buf_slice(&text))[0], 'u');
    ent_buf_release(&text);
    ent_buf_release(&out);
}

/* Every example of the specification parses. */
static void test_spec_examples(void **state)
{
    static const char *const files[] = {"tests/data/stix/patterns-20.txt",
                                        "tests/data/stix/patterns-21.txt"};
    struct ent_buf b;
    size_t n = 0, taken = 0;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    for (int i = 0; i < 2; i++) {
        struct ent_cur c = ent_cur(ent_t_file(files[i]));
        struct ent_slice line;
        while (ent_cur_line(&c, &line) == ENT_OK) {
            line = ent_slice_trim(line);
            if (line.n == 0)
                continue;
            const char *got = extract(&b, line);
            if (got[0] == '?')
                fail_msg("%.*s: %s", (int)line.n, (const char *)line.p, got);
            n++;
            taken += got[0] != '!';
        }
    }
    assert_int_equal(n, 47);
    assert_int_equal(taken, 12); /* six in each, counted by hand */
    ent_buf_release(&b);
}

/* Random trees of comparisons against a naive evaluation: a value may be taken only if the pattern
 * is true when that value alone is seen and nothing else. */
struct tree {
    char op; /* '&', '|', '=' or '!' */
    unsigned name;
    struct tree *left, *right;
};

static struct tree *grow(struct ent_arena *a, unsigned depth)
{
    struct tree *t = ent_arena_alloc(a, sizeof(*t));
    assert_non_null(t);
    uint64_t kind = ent_t_below(depth == 0 ? 4 : 9);
    t->op = kind == 0 ? '!' : kind < 4 ? '=' : kind < 6 ? '&' : '|';
    t->name = (unsigned)ent_t_below(6);
    if (kind >= 4) {
        t->left = grow(a, depth - 1);
        t->right = grow(a, depth - 1);
    }
    return t;
}

static void write_tree(struct ent_buf *b, const struct tree *t)
{
    if (t->left == NULL) {
        assert_ok(ent_buf_printf(b, "domain-name:value %s 'n%u.example'", t->op == '!' ? "!=" : "=",
                                 t->name));
        return;
    }
    assert_ok(ent_buf_putc(b, '('));
    write_tree(b, t->left);
    assert_ok(ent_buf_puts(b, t->op == '&' ? " AND " : " OR "));
    write_tree(b, t->right);
    assert_ok(ent_buf_putc(b, ')'));
}

static bool holds(const struct tree *t, unsigned seen)
{
    if (t->left == NULL)
        return (t->name == seen) == (t->op == '=');
    bool l = holds(t->left, seen), r = holds(t->right, seen);
    return t->op == '&' ? l && r : l || r;
}

static void test_only_what_is_enough(void **state)
{
    struct ent_buf text, out;
    size_t taken = 0;
    (void)state;
    ent_buf_init(&text, 1u << 20);
    ent_buf_init(&out, 1u << 20);
    for (int i = 0; i < 20000; i++) {
        struct ent_arena a;
        ent_arena_init(&a, 1u << 20);
        struct tree *t = grow(&a, 4);
        ent_buf_clear(&text);
        assert_ok(ent_buf_putc(&text, '['));
        write_tree(&text, t);
        assert_ok(ent_buf_putc(&text, ']'));
        const char *got = extract(&out, ent_buf_slice(&text));
        assert_int_not_equal(got[0], '?');
        for (const char *p = got; (p = strstr(p, "domain:n")) != NULL; p++) {
            taken++;
            if (!holds(t, (unsigned)(p[8] - '0')))
                fail_msg("%.*s gave %s", (int)text.n, (char *)text.p, got);
        }
        ent_arena_release(&a);
    }
    assert_true(taken > 5000);
    ent_buf_release(&text);
    ent_buf_release(&out);
}

/* --- bundles ---------------------------------------------------------------------------------- */

static void check(const char *text, enum ent_err want, const char *out)
{
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f = ENT_FORMAT_AUTO;
    enum ent_err r = ent_t_import(&rec, &f, &d, ENT_FORMAT_STIX, ent_slice_str(text));
    if (r != want)
        print_error("about %s: %s\n", text, d.text);
    assert_int_equal(r, want);
    if (want == ENT_OK)
        assert_string_equal(ent_t_record_text(&rec), out);
    else
        assert_string_equal(d.text, out);
    ent_buf_release(&rec.text);
}

#define BUNDLE(objects) "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[" objects "]}"
#define IND(more)       "{\"type\":\"indicator\",\"id\":\"indicator--1\"" more "}"
#define EVIL            ",\"pattern\":\"[domain-name:value='evil.example']\""
#define TAKE            "take domain evil.example "
#define MD              "marking-definition--"
#define MARKED(uuid)    EVIL ",\"object_marking_refs\":[\"" MD uuid "\"]"

static void test_fields(void **state)
{
    (void)state;
    /* the sample of the design, which stix2-validator passed */
    check("{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--8e2e2d2b-17d4-4cbf-"
          "938f-98ee46b3cd3f\",\"created\":\"2018-08-20T00:00:00.000Z\",\"name\":\"lookalike of "
          "iri.org\",\"indicator_types\":[\"malicious-activity\"],\"pattern\":\"[domain-name:value "
          "= 'my-iri.org']\",\"pattern_type\":\"stix\",\"valid_from\":\"2018-08-20T00:00:00Z\","
          "\"valid_until\":\"2018-11-18T00:00:00.5Z\",\"confidence\":85,\"object_marking_refs\":["
          "\"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003\"]}",
          ENT_OK,
          "take domain my-iri.org TLP:AMBER+STRICT 85 1534723200 1542499200 "
          "[indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f] [malicious-activity] [lookalike of "
          "iri.org]\n");
    /* 2.0: labels, no pattern_type; properties in any order, unknown ones passed over */
    check(BUNDLE("{\"x_a\":{\"type\":[{}]},\"labels\":[\"C2\",\"b\"],\"description\":\"d\\n e\","
                 "\"name\":\"n\",\"pattern\":\"[ipv4-addr:value='1.2.3.4']\",\"id\":\"indicator--2"
                 "\",\"type\":\"indicator\"}"),
          ENT_OK, "take ipv4 1.2.3.4 TLP:AMBER -1 0 0 [indicator--2] [C2] [n: d e] {C2} {b}\n");
    check(BUNDLE(IND(EVIL ",\"confidence\":101")), ENT_OK,
          TAKE "TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check(BUNDLE(IND(EVIL ",\"name\":7,\"description\":\"only\",\"labels\":\"x\"")), ENT_OK,
          TAKE "TLP:AMBER -1 0 0 [indicator--1] [] [only]\n");
}

/* table */
static void test_markings(void **state)
{
    static const struct {
        const char *uuid, *tlp;
    } rows[] = {
        {"613f2e26-407d-48c7-9eca-b8e91df99dc9", "CLEAR"},
        {"34098fce-860f-48ae-8e50-ebd3cc5e41da", "GREEN"},
        {"f88d31f6-486f-44da-b317-01333bde0b82", "AMBER"},
        {"5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "RED"},
        {"94868c89-83c2-464b-929b-a1a8aa3c8487", "CLEAR"},
        {"bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "GREEN"},
        {"55d920b0-5e8b-4f79-9ee9-91f868d9b421", "AMBER"},
        {"939a9414-2ddd-4d32-a0cd-375ea402b003", "AMBER+STRICT"},
        {"e828b379-4e03-4974-9ac4-e53a884c97c1", "RED"},
        {"00000000-0000-4000-8000-000000000000", "AMBER"}, /* no TLP marking: the default */
    };
    char in[1024], out[256];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(in, sizeof(in), BUNDLE(IND(MARKED("%s"))), rows[i].uuid);
        (void)snprintf(out, sizeof(out), TAKE "TLP:%s -1 0 0 [indicator--1] [] []\n", rows[i].tlp);
        check(in, ENT_OK, out);
    }
    /* the narrowest of several, and a marking of a part narrows the whole */
    check(
        BUNDLE(IND(EVIL ",\"object_marking_refs\":[\"" MD "bab4a63c-aed9-4cf5-a766-dfca5abac2bb\","
                        "\"" MD "e828b379-4e03-4974-9ac4-e53a884c97c1\",7]")),
        ENT_OK, TAKE "TLP:RED -1 0 0 [indicator--1] [] []\n");
    check(BUNDLE(IND(MARKED("bab4a63c-aed9-4cf5-a766-dfca5abac2bb") ",\"granular_markings\":[{"
                                                                    "\"marking_ref\":\"" MD
                                                                    "5e57c739-391a-4eb3-b6be-"
                                                                    "7d15ca92d5ed\",\"selectors\":["
                                                                    "\"description\"]}]")),
          ENT_OK, TAKE "TLP:RED -1 0 0 [indicator--1] [] []\n");
    /* defined in the file itself, in both ways */
    check(BUNDLE("{\"type\":\"marking-definition\",\"id\":\"" MD "x\",\"definition_type\":\"tlp\","
                 "\"definition\":{\"tlp\":\"red\"}}," IND(MARKED("x"))),
          ENT_OK, TAKE "TLP:RED -1 0 0 [indicator--1] [] []\n");
    check(BUNDLE("{\"type\":\"marking-definition\",\"id\":\"" MD "y\",\"extensions\":{\"extension-"
                 "definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d\":{\"extension_type\":"
                 "\"property-extension\",\"tlp_2_0\":\"amber+strict\"}}}," IND(MARKED("y"))),
          ENT_OK, TAKE "TLP:AMBER+STRICT -1 0 0 [indicator--1] [] []\n");
    check(BUNDLE(IND(EVIL ",\"object_marking_refs\":\"" MD "x\"")), ENT_OK,
          "skip 1 [its markings cannot be read] [[domain-name:value='evil.example']]\n");
}

#define SKIP(reason) "skip 1 [" reason "] [[domain-name:value='evil.example']]\n"

static void test_skipped(void **state)
{
    (void)state;
    check(BUNDLE(IND(EVIL ",\"revoked\":true")), ENT_OK, "withdraw [indicator--1]\n");
    check(BUNDLE("{\"type\":\"indicator\",\"id\":\"indicator--2\",\"revoked\":true}"), ENT_OK,
          "withdraw [indicator--2]\n"); /* whatever its pattern was */
    check(BUNDLE("{\"type\":\"indicator\",\"revoked\":true" EVIL "}"), ENT_OK,
          SKIP("revoked by its author")); /* which one? */
    check(BUNDLE("{\"type\":\"malware\",\"id\":\"malware--1\",\"revoked\":true}"), ENT_OK, "");
    check(BUNDLE(IND(EVIL ",\"revoked\":false")), ENT_OK,
          TAKE "TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check(BUNDLE(IND(EVIL ",\"revoked\":\"yes\"")), ENT_OK,
          SKIP("\"revoked\" is neither true nor false"));
    check(BUNDLE(IND(EVIL ",\"pattern_type\":\"yara\"")), ENT_OK,
          SKIP("a pattern in another language than STIX"));
    check(BUNDLE(IND(EVIL ",\"pattern_type\":7")), ENT_OK,
          SKIP("a pattern in another language than STIX"));
    check(BUNDLE(IND(EVIL EVIL)), ENT_OK, SKIP("a property stands twice in the object"));
    check(BUNDLE(IND(EVIL ",\"valid_until\":\"soon\"")), ENT_OK,
          SKIP("valid_from or valid_until is not a time"));
    check(BUNDLE(IND(EVIL ",\"valid_from\":1534723200")), ENT_OK,
          SKIP("valid_from or valid_until is not a time"));
    check(BUNDLE(IND("")), ENT_OK, "skip 1 [an indicator without a pattern] [indicator--1]\n");
    check(BUNDLE(IND(",\"pattern\":[]")), ENT_OK,
          "skip 1 [a pattern that is no string, or of more than 65,536 bytes] [indicator--1]\n");
    check(BUNDLE("\n\n" IND(",\"pattern\":\"[domain-name:value NOT = 'good.example']\"")), ENT_OK,
          "skip 3 [the pattern names what is not meant (NOT, !=)] [[domain-name:value NOT = "
          "'good.example']]\n");
    check(BUNDLE(IND(",\"pattern\":\"[a:b\"")), ENT_OK,
          "skip 1 [a comparison operator is missing] [[a:b]\n");
    /* one wrong value of several */
    check(BUNDLE(IND(",\"pattern\":\"[ipv4-addr:value IN ('1.2.3.4','1.2.3.04')]\"")), ENT_OK,
          "take ipv4 1.2.3.4 TLP:AMBER -1 0 0 [indicator--1] [] []\n"
          "skip 1 [leading zeros in an IPv4 address (octal or decimal?)] [1.2.3.04]\n");
    check(BUNDLE(IND(",\"pattern\":\"[network-traffic:dst_ref.value='1.2.3.4' AND "
                     "network-traffic:dst_port=443]\"")),
          ENT_OK, "take endpoint 1.2.3.4:443 TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check(BUNDLE(IND(",\"pattern\":\"[network-traffic:dst_ref.value='::1' AND "
                     "network-traffic:dst_port=443]\"")),
          ENT_OK, "take endpoint [::1]:443 TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check(BUNDLE(IND(",\"pattern\":\"[network-traffic:dst_ref.value='1.2.3.4/24']\"")), ENT_OK,
          "take net4 1.2.3.0/24 TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check(BUNDLE(IND(",\"pattern\":\"[network-traffic:dst_ref.value='a.example' AND "
                     "network-traffic:dst_port=443]\"")),
          ENT_OK, "skip 1 [a port next to what is not an address] [a.example]\n");
    check(BUNDLE(IND(",\"pattern\":\"[network-traffic:dst_ref.value='a@b.example']\"")), ENT_OK,
          "skip 1 [not an address or a name where one was announced] [a@b.example]\n");
    check(BUNDLE("7,[{\"type\":\"indicator\"}],{\"id\":\"x--1\"},{}"), ENT_OK,
          "skip 1 [not an object] [7]\nskip 1 [not an object] []\n"
          "skip 1 [an object without a type] [x--1]\nskip 1 [an object without a type] []\n");
}

static void test_top_level(void **state)
{
    (void)state;
    check("{\"objects\":[" IND(EVIL) "],\"id\":\"b\",\"type\":\"bundle\"}", ENT_OK,
          TAKE "TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check("{\"more\":false,\"objects\":[" IND(EVIL) "]}", ENT_OK,
          TAKE "TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check("[" IND(EVIL) ",{\"type\":\"malware\",\"id\":\"malware--1\"}]", ENT_OK,
          TAKE "TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check(IND(EVIL), ENT_OK, TAKE "TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    check("{\"type\":\"malware\",\"id\":\"malware--1\"}", ENT_OK, "");
    check("{\"type\":\"bundle\",\"id\":\"bundle--1\"}", ENT_OK, "");
    check(BUNDLE(""), ENT_OK, "");
    check("[]", ENT_OK, "");
    check(BUNDLE("{\"type\":\"observed-data\",\"id\":\"observed-data--1\",\"objects\":{\"0\":{"
                 "\"type\":\"ipv4-addr\",\"value\":\"1.2.3.4\"}}}"),
          ENT_OK, "");
    static const char no[] = "JSON, but no STIX bundle or object";
    check("{}", ENT_E_FORMAT, no);
    check("7", ENT_E_FORMAT, no);
    check("\"bundle\"", ENT_E_FORMAT, no);
    check("[1,2]", ENT_E_FORMAT, no);
    check("[{\"a\":1}]", ENT_E_FORMAT, no);
    check("{\"Event\":{\"info\":\"MISP\"}}", ENT_E_FORMAT, no);
    check("{\"type\":\"Feature\",\"id\":1}", ENT_E_FORMAT, no);
    check("{\"type\":\"object\",\"properties\":{}}", ENT_E_FORMAT, no);
    check("{\"objects\":[],\"type\":\"catalogue\"}", ENT_E_FORMAT, no);
    check("{\"objects\":[],\"objects\":[" IND(EVIL) "]}", ENT_E_FORMAT,
          "a property stands twice in the bundle");
    check(BUNDLE(IND(EVIL)) "x", ENT_E_FORMAT, "more text behind the JSON value");
    check("{\"objects\":[" IND(EVIL), ENT_E_FORMAT, "the JSON text ends too early");
    check("{\"objects\":[{\"type\":\"indicator\xff\"}]}", ENT_E_FORMAT, "a string is not UTF-8");
}

/* Rows before the break were delivered: whoever imports rolls them back. */
static void test_truncated(void **state)
{
    static const char text[] = BUNDLE(IND(EVIL) ",\n" IND(EVIL));
    (void)state;
    for (size_t n = 0; n + 1 < sizeof(text) - 1; n++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f = ENT_FORMAT_AUTO;
        assert_err(ent_t_import(&rec, &f, &d, ENT_FORMAT_STIX, ent_slice(text, n)), ENT_E_FORMAT);
        assert_true(rec.taken <= 2);
        if (n > 0)
            assert_int_equal(d.offset, n);
        assert_int_equal(f, ENT_FORMAT_AUTO);
        ent_buf_release(&rec.text);
    }
}

static void test_nested_too_deeply(void **state)
{
    struct ent_buf b;
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f;
    (void)state;
    ent_buf_init(&b, 1u << 16);
    assert_ok(ent_buf_puts(&b, "{\"objects\":[{\"x\":"));
    for (int i = 0; i < 62; i++)
        assert_ok(ent_buf_putc(&b, '['));
    assert_err(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)), ENT_E_LIMIT);
    assert_string_equal(d.text, "JSON nested too deeply");
    ent_buf_release(&rec.text);
    ent_buf_release(&b);
}

static void test_long_fields(void **state)
{
    struct ent_buf b;
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f;
    (void)state;
    ent_buf_init(&b, 8u << 20);
    assert_ok(
        ent_buf_puts(&b, "{\"type\":\"indicator\",\"id\":\"indicator--1\"" EVIL ",\"labels\":[\""));
    for (int i = 0; i < 80; i++)
        assert_ok(ent_buf_puts(&b, "\xe2\x82\xac"));
    assert_ok(ent_buf_puts(&b, "\"],\"name\":\""));
    for (int i = 0; i < 3000; i++)
        assert_ok(ent_buf_puts(&b, "\\u20ac"));
    assert_ok(ent_buf_puts(&b, "\",\"description\":\""));
    for (int i = 0; i < 300000; i++)
        assert_ok(ent_buf_puts(&b, "\xe2\x82\xac"));
    assert_ok(ent_buf_puts(&b, "\"}"));
    assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)));
    assert_int_equal(rec.taken, 1);
    assert_int_equal(rec.text.n, strlen(TAKE "TLP:AMBER -1 0 0 [indicator--1] [] []\n") + 63 + 510);
    /* a pattern of more than 64 KiB */
    ent_buf_clear(&b);
    assert_ok(ent_buf_puts(&b, "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\""));
    for (int i = 0; i <= 65536; i++)
        assert_ok(ent_buf_putc(&b, 'x'));
    assert_ok(ent_buf_puts(&b, "\"}"));
    assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)));
    assert_string_equal(ent_t_record_text(&rec), "skip 1 [a pattern that is no string, or of more "
                                                 "than 65,536 bytes] [indicator--1]\n");
    ent_buf_release(&rec.text);
    ent_buf_release(&b);
}

/* A bundle of 100 MB on one line, and one object of 100 MB in it. */
static void test_huge(void **state)
{
    size_t before = ent_t_peak_memory();
    struct ent_t_record rec = {0};
    const struct ent_import_opts opts = {.confidence = -1};
    uint64_t bytes = ENT_T_SANITIZED ? 2u << 20 : 100u << 20;
    struct ent_t_repeat one = {ENT_SLICE_LIT("{\"objects\":[{\"type\":\"tool\",\"x\":\""),
                               ENT_SLICE_LIT("0123456789abcde\\n"),
                               ENT_SLICE_LIT("\"}," IND(EVIL) "]}"), bytes / 17 * 17, 0};
    struct ent_t_repeat many = {ENT_SLICE_LIT("{\"objects\":[" IND(EVIL)),
                                ENT_SLICE_LIT(",{\"type\":\"tool\",\"id\":\"tool--1\",\"description"
                                              "\":\"for tests\",\"labels\":[\"a\"]}"),
                                ENT_SLICE_LIT("]}"), 0, 0};
    many.total = bytes / many.unit.n * many.unit.n;
    (void)state;
    ent_t_record_init(&rec);
    struct ent_import_sink sink = ent_t_record_sink(&rec);
    assert_ok(ent_intel_read(ent_t_repeat_reader(&one), &opts, &sink, NULL, NULL));
    assert_ok(ent_intel_read(ent_t_repeat_reader(&many), &opts, &sink, NULL, NULL));
    assert_int_equal(rec.taken, 2);
    if (!ENT_T_SANITIZED)
        assert_true(ent_t_peak_memory() - before < 4u << 20);
    ent_buf_release(&rec.text);
}

/* table: what other people's files hold, counted by hand in their patterns */
static void test_real_files(void **state)
{
    static const struct {
        const char *path;
        size_t taken, skipped;
    } rows[] = {
        {"tests/data/stix/apt1.json", 10, 2},
        {"tests/data/stix/indicator-for-malicious-url.json", 1, 0},
        {"tests/data/stix/indicators-for-C2-with-COA.json", 2, 0},
        {"tests/data/stix/test_event1_stix20.json", 1, 0},
        {"tests/data/stix/test_objects_collection_stix20.json", 4, 1},
        {"tests/data/stix/test_objects_collection_stix21.json", 4, 1},
        {"tests/data/stix/using-granular-markings.json", 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f;
        assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_t_file(rows[i].path)));
        assert_int_equal(f, ENT_FORMAT_STIX);
        assert_int_equal(rec.taken, rows[i].taken);
        assert_int_equal(rec.skipped, rows[i].skipped);
        ent_buf_release(&rec.text);
    }
}

/* Flipped, cut and doubled bytes of a real file: an error or a result, never more. */
static void test_mutations(void **state)
{
    struct ent_slice s = ent_t_file("tests/data/stix/test_objects_collection_stix21.json");
    uint8_t *copy = malloc(s.n);
    (void)state;
    assert_non_null(copy);
    for (int i = 0; i < (ENT_T_SANITIZED ? 300 : 3000); i++) {
        struct ent_t_record rec = {0};
        const struct ent_import_opts opts = {.confidence = -1};
        memcpy(copy, s.p, s.n);
        for (uint64_t k = 1 + ent_t_below(8); k > 0; k--)
            copy[ent_t_below(s.n)] ^= (uint8_t)(1u << ent_t_below(8));
        struct ent_slice left = ent_slice(copy, ent_t_below(4) == 0 ? ent_t_below(s.n) : s.n);
        ent_t_record_init(&rec);
        struct ent_import_sink sink = ent_t_record_sink(&rec);
        enum ent_err r = ent_intel_read(ent_reader_mem(&left), &opts, &sink, NULL, NULL);
        assert_true(r == ENT_OK || r == ENT_E_FORMAT || r == ENT_E_LIMIT);
        assert_true(rec.taken <= 8);
        ent_buf_release(&rec.text);
    }
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huge), /* first: it looks at the peak of memory */
        cmocka_unit_test(test_reference_patterns),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_never_taken),
        cmocka_unit_test(test_syntax_errors),
        cmocka_unit_test(test_pattern_depth),
        cmocka_unit_test(test_spec_examples),
        cmocka_unit_test(test_only_what_is_enough),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_markings),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_top_level),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_nested_too_deeply),
        cmocka_unit_test(test_long_fields),
        cmocka_unit_test(test_real_files),
        cmocka_unit_test(test_mutations),
    };
    return ent_t_run("stix", tests);
}
