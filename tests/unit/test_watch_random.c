/*
 * test_watch_random.c: the scanner against the reference matcher on random streams made of what
 * matters: indicators, their variants and near misses, every byte on both sides, escapes, pieces of
 * UTF-8, long runs; and the same stream cut at random places.
 */
#include "base/base.h"
#include "tests/support/naive_watch.h"
#include "tests/support/t.h"

/* Not canonical, nearly right, or glue. */
static const char *const other[] = {
    "11.2.3.45",
    "1.2.3.4.5",
    "5.6.7.8\t80\t",
    "5.6.7.8;\"80\";",
    "5.6.7.8#80",
    "\"5.6.7.8\",\"id.resp_p\":80,",
    "5.6.7.8 dpt=80",
    "\",\"src_port\":",
    "\", \"spt\": ",
    " dport=\"",
    "\t80",
    ",80,",
    "80",
    "01.2.3.4",
    "256.1.1.1",
    "1.2.3",
    "5.6.7.8",
    "2001:DB8:0:0::0001",
    "::ffff:1.2.3.4",
    "[::ffff:5.6.7.8]:80",
    "[2001:db8::1%eth0]:443",
    "::",
    ":::",
    "10:05:03",
    "00:11:22:33:44:55",
    "00:11:22:33:44:55:66:77",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
    "dead",
    "std::dead",
    "EVIL.com",
    "notevil.com",
    "evil.com.org",
    "a.b.evil.com",
    "www.",
    "-evil.com",
    "evil.com-",
    "evil.com.",
    ("b\xC3\xBC"
     "cher.example"),
    "B\xC3\x9C"
    "CHER.EXAMPLE",
    "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xBC\xD0\xB5\xD1\x80.\xD1\x80\xD1\x84",
    "\xE2\x80\x9C",
    "\xE2\x80\x8D",
    "\xC3",
    "\xE4\xB8\xAD",
    "\xEF\xBC\x8E",
    "\xF0\x9F\x9A\xA8",
    "---------------------------------------------------------------",
    "-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.-.",
    "xn--",
    "zip",
    "install.sh",
    "http://",
    "https:\\/\\/evil.com\\/a",
    "HTTP://Evil.COM:80/a",
    "hxxp://evil.com/a",
    "meow://evil.com/a",
    "http:",
    "//",
    "\\/",
    "\\",
    "\\n",
    "\\t",
    "\\x22",
    "\\u003c",
    "\\u0026",
    "\\u00e9",
    "\\u002",
    "%2F",
    "%252F",
    "%3A%2F%2F",
    "%25",
    "%",
    "%ad",
    "@",
    "bob",
    "to=bob@evil.com",
    "john.co@evil.com",
    "user:pw@",
    "..",
    ".",
    "-",
    "--",
    "_",
    ":",
    ":443",
    ":80",
    ":443.",
    ":0443",
    ":65536",
    "/24",
    "/",
    "?",
    "#",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "\"",
    "'",
    "`",
    ",",
    ";",
    "|",
    "=",
    "+",
    "!",
    "*",
    "&",
    " ",
    "\t",
    "\r\n",
    "\n",
    "0",
    "a",
    "f",
    "D41D8CD98F00B204E9800998ECF8427E",
    "d41d8cd98f00b204e9800998ecf8427",
    "evil.co",
    "m/a",
    "]:443",
};
#define OTHER (sizeof(other) / sizeof(other[0]))

#define LINES_MAX 65536

struct stream {
    uint8_t b[LINES_MAX];
    size_t n;
};

static void put(struct stream *s, const void *p, size_t n)
{
    if (n > sizeof(s->b) - s->n)
        n = sizeof(s->b) - s->n;
    memcpy(s->b + s->n, p, n);
    s->n += n;
}

static void put_piece(struct stream *s)
{
    const char *text = NULL;
    uint8_t c = (uint8_t)ent_t_rand();
    switch (ent_t_below(8)) {
    case 0:
    case 1:
    case 2:
        text = naive_known[ent_t_below(NAIVE_KNOWN)];
        break;
    case 3:
    case 4:
    case 5:
        text = other[ent_t_below(OTHER)];
        break;
    case 6:
        put(s, &c, 1);
        return;
    default:
        put(s, " ", 1);
        return;
    }
    size_t n = strlen(text), from = 0;
    if (ent_t_below(8) == 0) { /* a part of it */
        from = ent_t_below(n);
        n = from + 1 + ent_t_below(n - from);
    }
    size_t at = s->n;
    put(s, text + from, n - from);
    if (ent_t_below(10) == 0 && s->n > at) /* with one byte wrong */
        s->b[at + ent_t_below(s->n - at)] = c;
    if (ent_t_below(10) == 0 && s->n > at) /* in another case */
        for (size_t i = at; i < s->n; i++)
            if ((s->b[i] >= 'a' && s->b[i] <= 'z') || (s->b[i] >= 'A' && s->b[i] <= 'Z'))
                s->b[i] ^= 0x20;
}

static size_t random_cut(void *ctx)
{
    size_t most = *(size_t *)ctx;
    return 1 + ent_t_below(most);
}

struct fixture {
    struct ent_observable ind[NAIVE_KNOWN];
    struct ent_watch *w;
};

static int setup(void **state)
{
    static struct fixture f;
    naive_parse_known(f.ind);
    f.w = naive_set(f.ind, NAIVE_KNOWN);
    *state = &f;
    return f.w == NULL;
}

static int teardown(void **state)
{
    ent_watch_free(((struct fixture *)*state)->w);
    return 0;
}

static void show(const char *what, const char *diff, struct ent_slice s)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_escape(&b, s, 2000));
    printf("# %s: %s\n# in: %.*s\n", what, diff, (int)b.n, (const char *)b.p);
    ent_buf_release(&b);
}

static void compare(const char *what, struct naive_list *want, struct naive_list *got,
                    struct ent_slice s)
{
    const char *diff = naive_diff(want, got);
    if (diff != NULL)
        show(what, diff, s);
    assert_null(diff);
}

static void check(const struct fixture *f, struct ent_slice s, size_t most)
{
    struct naive_report want = {0}, whole = {0}, quiet = {0}, cut = {0};
    naive_watch(&want, f->ind, NAIVE_KNOWN, s);
    assert_ok(naive_engine(&whole, f->w, s, NULL, NULL, true));
    assert_ok(naive_engine(&quiet, f->w, s, NULL, NULL, false));
    assert_ok(naive_engine(&cut, f->w, s, random_cut, &most, true));
    compare("hits", &want.hits, &whole.hits, s);
    compare("seen", &want.seen, &whole.seen, s);
    compare("hits without seen", &want.hits, &quiet.hits, s);
    compare("hits when cut", &want.hits, &cut.hits, s);
    compare("seen when cut", &want.seen, &cut.seen, s);
    naive_release(&want);
    naive_release(&whole);
    naive_release(&quiet);
    naive_release(&cut);
}

static void test_random_lines(void **state)
{
    static struct stream s;
    const char *rounds = getenv("ENT_ROUNDS");
    unsigned long n = rounds == NULL ? 4000 : strtoul(rounds, NULL, 10);
    for (unsigned long i = 0; i < n; i++) {
        s.n = 0;
        for (uint64_t k = 1 + ent_t_below(24); k > 0; k--)
            put_piece(&s);
        check(*state, ent_slice(s.b, s.n), i % 2 == 0 ? 1 : 12);
    }
}

/* Each byte before and behind each indicator. */
static void test_every_boundary(void **state)
{
    static struct stream s;
    for (size_t i = 0; i < NAIVE_KNOWN; i++) {
        s.n = 0;
        for (unsigned c = 0; c < 256; c++) {
            uint8_t byte = (uint8_t)c;
            put(&s, &byte, 1);
            put(&s, naive_known[i], strlen(naive_known[i]));
            put(&s, "\n", 1);
            put(&s, naive_known[i], strlen(naive_known[i]));
            put(&s, &byte, 1);
            put(&s, "\n", 1);
        }
        check(*state, ent_slice(s.b, s.n), 50);
    }
}

/* One line that no window holds, of everything: with blanks, and without. */
static void test_long_lines(void **state)
{
    static struct stream s;
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    for (unsigned i = 0; i < 4; i++) {
        ent_buf_clear(&b);
        while (b.n < 200000) {
            s.n = 0;
            put_piece(&s);
            for (size_t k = 0; k < s.n; k++)
                if (s.b[k] == '\n' || (i % 2 == 0 && s.b[k] <= ' '))
                    s.b[k] = 'x';
            assert_ok(ent_buf_put(&b, s.b, s.n));
        }
        check(*state, ent_buf_slice(&b), 70000);
    }
    ent_buf_release(&b);
}

/* Runs that no window holds, with tokens in and behind them. */
static void test_long_runs(void **state)
{
    static const char *const filler[] = {"a", "1",          ".",        "-", "a.", "1.2.3.4-",
                                         ":", "a:",         "\xC3\xA9", "%", "\\", "/",
                                         ",", "evil.com..", "@",        "f", "0:", "a-."};
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < sizeof(filler) / sizeof(filler[0]); i++) {
        ent_buf_clear(&b);
        for (size_t part = 0; part < 3; part++) {
            uint64_t n = 30000 + ent_t_below(10000);
            for (uint64_t at = b.n + n; b.n < at;)
                assert_ok(ent_buf_puts(&b, filler[i]));
            for (int k = 0; k < 3; k++)
                assert_ok(ent_buf_puts(&b, ent_t_below(2) ? naive_known[ent_t_below(NAIVE_KNOWN)]
                                                          : other[ent_t_below(OTHER)]));
        }
        check(*state, ent_buf_slice(&b), 5000);
    }
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_boundary, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_runs, setup, teardown),
    };
    return ent_t_run("watch_random", tests);
}
