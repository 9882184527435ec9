/* test_prose.c: observables out of texts for people, and all that looks like one and is none. */
#include "tests/support/feed.h"

#define H40 "9cb7716d83c0d06ab356bdfa52def1af64bc5210"
#define H32 "44d88612fea8a8f36de82e1278abb02f"

static enum ent_err said_take(void *ctx, const struct ent_indicator *ind)
{
    return ent_buf_printf(ctx, "%s %s;", ent_obs_type_name(ind->obs.type), ind->obs.text);
}

static enum ent_err said_skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)what;
    return ent_buf_printf(ctx, "!%u %s;", (unsigned)line, reason);
}

/* What is taken out of a text: "type value;" each, and "!line reason;" for each skip. */
static void check(const char *in, const char *out)
{
    const struct ent_import_opts opts = {.format = ENT_FORMAT_PROSE, .confidence = -1};
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    struct ent_buf b;
    enum ent_format f = ENT_FORMAT_AUTO;
    const struct ent_import_sink sink = {&b, said_take, said_skip, NULL, NULL};
    struct ent_slice s = ent_slice_str(in);
    ent_buf_init(&b, 1u << 16);
    enum ent_err r = ent_intel_read(ent_reader_mem(&s), &opts, &sink, NULL, &d);
    assert_ok(ent_buf_putc(&b, '\0'));
    if (strcmp((char *)b.p, out) != 0)
        print_error("about %s\n", in);
    assert_string_equal((char *)b.p, out);
    /* and the same in pieces */
    assert_int_equal(ent_t_import(&rec, &f, &d, ENT_FORMAT_PROSE, ent_slice_str(in)), r);
    assert_int_equal(r, rec.taken > 0 ? ENT_OK : ENT_E_FORMAT);
    if (r != ENT_OK)
        assert_string_equal(d.text, "no address, name, URL or hash in this text");
    ent_buf_release(&b);
    ent_buf_release(&rec.text);
}

/* table */
static void test_defanged(void **state)
{
    (void)state;
    check("It asks evil[.]example, then hxxp://a[.]b[.]example/x?y=1.",
          "domain evil.example;url http://a.b.example/x?y=1;");
    check("Seen: 10[.]1[.]2[.]3 and (a[at]evil[.]example); \"evil(dot)example\"!",
          "ipv4 10.1.2.3;email a@evil.example;domain evil.example;");
    check("**evil[.]example**, _a[.]example_, ++b[.]example++ + and `c[.]example`'s",
          "domain evil.example;domain a.example;domain b.example;domain c.example;");
    check("evil[.]example's page \xe2\x80\x94 **seen at hxxp://a[.]example/b**",
          "domain evil.example;url http://a.example/b;");
    check("a[.]example,b[.]example;c[.]example evil[.]pl x[.]zip",
          "domain a.example;domain b.example;domain c.example;domain evil.pl;domain x.zip;");
    check("a[.]example<br>b[.]example\xe2\x80\x93"
          "c[.]example",
          "domain a.example;domain b.example;domain c.example;");
    check("[evil[.]example](https://vt.org/x) <hxxp://evil[.]example/>",
          "domain evil.example;!1 a link to click: a reference?;url http://evil.example/;");
    check("http://evil[.]example/a[text] link:hxxp://b[.]example/[here]",
          "url http://evil.example/a;url http://b.example/;");
    check("run setup[.]exe on hxxp://evil[.]example/<id>/ and a[.]example:443 x[.]y",
          "!1 the name of a file;!1 a placeholder stands in it;"
          "!1 a name with a port is neither a name nor a URL;!1 no top-level domain looks like "
          "that;");
    check("hxxp://evil[.]example/* and hxxp://evil[.]example/a/*x",
          "urlprefix http://evil.example/*;url http://evil.example/a/*x;");
}

/* table */
static void test_working(void **state)
{
    (void)state;
    check("SHA1: " H40 " MD5:" H32 " sha1=" H40 ".", "sha1 " H40 ";md5 " H32 ";sha1 " H40 ";");
    check("fixed in commit " H40 " of the loader", "!1 a commit, not a file;");
    check("It asks 8.8.4.4, 9.9.9.0/24 and [2620:fe::fe]:53.",
          "ipv4 8.8.4.4;net4 9.9.9.0/24;endpoint [2620:fe::fe]:53;");
    check("at 12:34:56 of 2018/08/20, 24/7, on 192.168.1.1 or 127.0.0.1, std::string", "");
    check("version 8.0.1.2, v8.0.1.2", "!1 a version, not an address?;");
    check("It loads http://evil.org/a.exe from there.", "url http://evil.org/a.exe;");
    check("It loads http://localhost/a.exe from http://10.1.2.3/x.", "");
    check("See [1] http://a.org/ and [the text](http://a.org/).\n[2]: http://b.org/\n",
          "!1 a link to click: a reference?;!1 a link to click: a reference?;"
          "!2 a link to click: a reference?;");
    check("See link:http://a.org/x[this] or http://a.org/[that].",
          "!1 a link to click: a reference?;!1 a link to click: a reference?;");
}

/* A text that defangs one thing means its working URLs to be clicked, also those before. */
static void test_references(void **state)
{
    static const char *const why = "not defanged where others are: a reference?";
    char out[512];
    (void)state;
    (void)snprintf(out, sizeof(out), "!1 %s;!2 %s;domain evil.example;!4 %s;", why, why, why);
    check("See http://a.org/1\nand http://a.org/2.\nIt asks evil[.]example.\nhttp://a.org/3\n",
          out);
    check("See http://a.org/1\n" H32 "\nhttp://a.org/3\n",
          "md5 " H32 ";url http://a.org/1;url http://a.org/3;");
}

/* table */
static void test_alone(void **state)
{
    (void)state;
    check("evil.org\n- a.org\n* `b.org`\n1. c.org\n| d.org | evil |\n|`x.e.org`\n",
          "domain evil.org;domain a.org;domain b.org;domain c.org;domain d.org;domain x.e.org;");
    check("* a@evil.org\n* evil.org/x?y\n* a.org b.org\n",
          "email a@evil.org;url http://evil.org/x?y;domain a.org;domain b.org;");
    /* in a sentence it may be anything */
    check("Write to press@evil.org about evil.org or evil.org/x today.", "");
    check("- see a.org\nevil.org: bad\n", "");
    check("- report.pdf\n- kernel32.dll\n- a.example\n- host.local\n- co.uk\n", "");
    check("- main.pl\n- x.zip\n- System.Net\n- lib.so/x\n",
          "!1 a name, or a file or code? Defanged it would be clear;"
          "!2 a name, or a file or code? Defanged it would be clear;"
          "!3 a name, or a file or code? Defanged it would be clear;"
          "!4 a name, or a file or code? Defanged it would be clear;");
    check("- [mail us](mailto:a@evil.org)\n- mailto:a@evil.org\n", "");
    check("C:\\Users\\.net\\a.txt %TMP%\\.x.org", "");
}

/* The words around a value, cut between words. */
static void test_sentence(void **state)
{
    char in[1024], out[1024];
    (void)state;
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_PROSE, "In August   it asked\tevil[.]example for more.",
               ENT_OK,
               "take domain evil.example TLP:AMBER -1 0 0 [] [] [In August it asked evil[.]example "
               "for more.]\n");
    memset(in, 0, sizeof(in));
    for (int i = 0; i < 50; i++)
        memcpy(in + 10 * i, "abcdefghi ", 10);
    (void)snprintf(in + 500, sizeof(in) - 500, "evil[.]example %.*s", 400, in);
    int n = snprintf(out, sizeof(out), "take domain evil.example TLP:AMBER -1 0 0 [] [] [");
    for (int i = 0; i < 15; i++)
        n += snprintf(out + n, sizeof(out) - (size_t)n, "abcdefghi ");
    n += snprintf(out + n, sizeof(out) - (size_t)n, "evil[.]example");
    for (int i = 0; i < 16; i++)
        n += snprintf(out + n, sizeof(out) - (size_t)n, " abcdefghi");
    (void)snprintf(out + n, sizeof(out) - (size_t)n, "]\n");
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_PROSE, in, ENT_OK, out);
}

/* table */
static void test_recognised(void **state)
{
    static const struct {
        const char *text;
        enum ent_format want;
    } rows[] = {
        {"Please block 1.2.3.4 and evil[.]example today.\n", ENT_FORMAT_PROSE},
        {"= Title\n\n" H32 "\n" H40 "\n", ENT_FORMAT_PROSE},
        {"- evil[.]example\n- a[.]example\n", ENT_FORMAT_PROSE},
        {"It is as we said before.\n\n| " H32 " | x |\n" H40 "\n", ENT_FORMAT_PROSE},
        /* lists stay lists, whatever their comments say */
        {"# This is a list of bad names\nevil.example\n", ENT_FORMAT_LIST},
        {"This list is free for all\nevil.example\na.example\n", ENT_FORMAT_LIST},
        {"; these are the names of today\n" H32 "\n", ENT_FORMAT_LIST},
        {"1.2.3.4 x\n1.2.3.5\n", ENT_FORMAT_LIST},
        {"- # nothing\n* ; nor here\n-\n1.2.3.5\n", ENT_FORMAT_LIST},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f = ENT_FORMAT_AUTO;
        assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_slice_str(rows[i].text)));
        if (f != rows[i].want)
            print_error("about %s\n", rows[i].text);
        assert_int_equal(f, rows[i].want);
        ent_buf_release(&rec.text);
    }
    ent_t_feed(ENT_FORMAT_PROSE, ENT_FORMAT_PROSE, "hello world\n", ENT_E_FORMAT,
               "1: no address, name, URL or hash in this text");
}

/* More working URLs than may wait: the memory stays, none is lost. */
static void test_many_wait(void **state)
{
    struct ent_buf b;
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f;
    (void)state;
    ent_buf_init(&b, 4u << 20);
    for (int i = 0; i < 6000; i++)
        assert_ok(ent_buf_printf(&b, "It loads http://evil.org/%d from there today.\n", i));
    assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)));
    assert_int_equal(rec.taken, 6000);
    assert_ok(ent_buf_puts(&b, "It asks evil[.]example.\n"));
    assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, ent_buf_slice(&b)));
    assert_int_equal(rec.taken + rec.skipped, 6001);
    assert_in_range(rec.skipped, 1, 4000);
    ent_buf_release(&rec.text);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defanged),   cmocka_unit_test(test_working),
        cmocka_unit_test(test_references), cmocka_unit_test(test_alone),
        cmocka_unit_test(test_sentence),   cmocka_unit_test(test_recognised),
        cmocka_unit_test(test_many_wait),
    };
    return ent_t_run("prose", tests);
}
