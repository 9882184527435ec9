/* test_taxii_cursor.c: from page to page of a TAXII server, what is kept of it, and no endless way.
 */
#include "tests/support/t.h"

#include "node/node.h"

#define T1 "2026-01-01T00:00:01.000001Z"
#define T2 "2026-01-01T00:00:01.000002Z"
#define T3 "2026-01-01T00:00:03Z"

static struct ent_fetch_url url_of(const char *text)
{
    struct ent_fetch_url u;
    const char *why;
    assert_ok(ent_fetch_url_parse(&u, &why, ent_slice_str(text)));
    return u;
}

static struct ent_envelope envelope(bool more, const char *next)
{
    struct ent_envelope e = {.more = more, .next_n = strlen(next)};
    memcpy(e.next, next, e.next_n);
    return e;
}

static void is(const struct ent_taxii_cursor *c, const char *after, const char *last,
               const char *next)
{
    assert_string_equal(c->after, after);
    assert_string_equal(c->last, last);
    assert_string_equal(c->next, next);
}

static enum ent_err go(struct ent_taxii_cursor *c, bool more, const char *next, const char *date,
                       struct ent_diag *d)
{
    struct ent_envelope e = envelope(more, next);
    return ent_taxii_advance(c, &e, date, d);
}

static void by_next(void **state)
{
    struct ent_taxii_cursor c = {.after = T1};
    struct ent_diag d = {0};
    (void)state;
    assert_ok(go(&c, true, "a b", T2, &d));
    is(&c, T1, T2, "a%20b"); /* the filter stays while the pages go on */
    assert_ok(go(&c, true, "-", T2, &d));
    is(&c, T1, T2, "%2D");
    assert_err(go(&c, true, "-", T3, &d), ENT_E_PEER);
    assert_string_equal(d.text, "the server gives the same page again and again");
    is(&c, T1, T2, "%2D");
    assert_ok(go(&c, true, "c", "", &d)); /* a page without a date */
    is(&c, T1, T2, "c");
    assert_ok(go(&c, true, "d", T1, &d)); /* or with an older one */
    is(&c, T1, T2, "d");
    assert_ok(go(&c, false, "ignored", T3, &d));
    is(&c, T3, T3, "");
    assert_ok(go(&c, false, "", "", &d));
    is(&c, T3, T3, "");
    assert_ok(go(&c, false, "", T1, &d)); /* never back */
    is(&c, T3, T3, "");
}

static void by_date(void **state)
{
    static const char where[] =
        "there is more, the server says, but not where: neither \"next\" nor a "
        "later X-TAXII-Date-Added-Last";
    static const char *const bad[] = {"", T1, T2, "2025-12-31T23:59:59Z"};
    struct ent_taxii_cursor c = {.after = ""};
    struct ent_diag d = {0};
    (void)state;
    assert_err(go(&c, true, "", "", &d), ENT_E_PEER);
    assert_string_equal(d.text, where);
    assert_ok(go(&c, true, "", T1, &d));
    is(&c, T1, T1, "");
    assert_ok(go(&c, true, "", T2, &d));
    is(&c, T2, T2, "");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        d.text = NULL;
        assert_err(go(&c, true, "", bad[i], &d), ENT_E_PEER);
        assert_string_equal(d.text, where);
        is(&c, T2, T2, "");
    }
    assert_ok(go(&c, false, "", "", &d));
    is(&c, T2, T2, "");
}

static void longest_next(void **state)
{
    struct ent_taxii_cursor c = {.after = T1}, back;
    struct ent_envelope e = {.more = true, .next_n = ENT_TAXII_NEXT};
    struct ent_fetch_url u = url_of("https://cert.example/api/collections/x/");
    struct ent_store *s;
    struct ent_diag d = {0};
    char suffix[ENT_FETCH_SUFFIX];
    (void)state;
    memset(e.next, 0xff, sizeof(e.next));
    assert_ok(ent_taxii_advance(&c, &e, "", &d));
    assert_int_equal(strlen(c.next), 3 * ENT_TAXII_NEXT);
    assert_ok(ent_taxii_suffix(suffix, &c, u.path, 1000));
    assert_ok(ent_store_open(&s, &d, ":memory:"));
    assert_ok(ent_taxii_cursor_keep(s, &c, &u, ENT_SLICE_LIT("source")));
    assert_ok(ent_taxii_cursor_load(s, &back, &u, ENT_SLICE_LIT("source")));
    is(&back, c.after, c.last, c.next);
    ent_store_close(s);
}

static void suffixes(void **state)
{
    struct ent_taxii_cursor c = {.after = ""};
    char suffix[ENT_FETCH_SUFFIX];
    (void)state;
    assert_ok(ent_taxii_suffix(suffix, &c, "/a/", 7));
    assert_string_equal(suffix, "/a/objects/?limit=7");
    c = (struct ent_taxii_cursor){.after = T3, .next = "x%20"};
    assert_ok(ent_taxii_suffix(suffix, &c, "/a/", 7));
    assert_string_equal(suffix,
                        "/a/objects/?limit=7&added_after=2026-01-01T00%3A00%3A03Z&next=x%20");
}

static void kept(void **state)
{
    const struct ent_taxii_cursor c = {.after = T1, .last = T2, .next = "a%20b"};
    struct ent_fetch_url u = url_of("https://cert.example/api/collections/x/");
    struct ent_fetch_url v = url_of("https://cert.example:8443/api/collections/x/");
    struct ent_taxii_cursor back;
    struct ent_store *s;
    struct ent_buf name;
    struct ent_diag d = {0};
    (void)state;
    ent_buf_init(&name, 255);
    assert_ok(ent_store_open(&s, &d, ":memory:"));
    assert_ok(ent_taxii_cursor_keep(s, &c, &u, ENT_SLICE_LIT("one")));
    assert_ok(ent_taxii_cursor_load(s, &back, &u, ENT_SLICE_LIT("one")));
    is(&back, T1, T2, "a%20b");
    assert_ok(ent_taxii_cursor_load(s, &back, &u, ENT_SLICE_LIT("two"))); /* another source */
    is(&back, "", "", "");
    assert_ok(ent_taxii_cursor_load(s, &back, &v, ENT_SLICE_LIT("one"))); /* another server */
    is(&back, "", "", "");
    assert_ok(ent_taxii_cursor_keep(s, &back, &u, ENT_SLICE_LIT("one")));
    assert_ok(ent_taxii_cursor_load(s, &back, &u, ENT_SLICE_LIT("one")));
    is(&back, "", "", "");
    assert_err(ent_taxii_source(s, &name, &u), ENT_E_NOTFOUND);
    assert_ok(ent_taxii_source_keep(s, &u, ENT_SLICE_LIT("cert.example/Title")));
    assert_ok(ent_taxii_source(s, &name, &u));
    assert_true(ent_slice_eq(ent_buf_slice(&name), ENT_SLICE_LIT("cert.example/Title")));
    assert_err(ent_taxii_source(s, &name, &v), ENT_E_NOTFOUND);
    ent_store_close(s);
    ent_buf_release(&name);
}

/* The store is a file, and a file can be changed. */
static void damaged(void **state)
{
    static const char *const bad[] = {
        "",
        "entente/taxii@v2\nafter -\nlast -\nnext -\n",
        "entente/taxii@v1\nafter -\nlast -\nnext -",
        "entente/taxii@v1\nafter -\nlast -\nnext -\n\n",
        "entente/taxii@v1\nafter yesterday\nlast -\nnext -\n",
        "entente/taxii@v1\nafter 2026-01-01T00:00:00+00:00x\nlast -\nnext -\n",
        "entente/taxii@v1\nlast -\nafter -\nnext -\n",
        "entente/taxii@v1\nafter -\nlast -\nnext a b\n",
        "entente/taxii@v1\nafter -\nlast -\nnext a&limit=1\n",
        "entente/taxii@v1\nafter -\nlast -\nnext a#b\n",
        "entente/taxii@v1\nafter -\nlast -\nnext \x01\n",
    };
    struct ent_fetch_url u = url_of("https://cert.example/api/collections/x/");
    struct ent_taxii_cursor c = {.after = ""};
    struct ent_store *s;
    struct ent_diag d = {0};
    struct ent_hash32 hash;
    char key[128], hex[ENT_HEX_LEN(32)];
    (void)state;
    ent_sha256_of(&hash, ENT_SLICE_LIT("https://cert.example:443/api/collections/x/\none"));
    ent_hex_encode(hex, hash.b, 32);
    (void)snprintf(key, sizeof(key), "taxii/at/%s", hex);
    assert_ok(ent_store_open(&s, &d, ":memory:"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_ok(ent_store_set_fact(s, key, ent_slice_str(bad[i])));
        assert_err(ent_taxii_cursor_load(s, &c, &u, ENT_SLICE_LIT("one")), ENT_E_FORMAT);
    }
    assert_ok(ent_store_set_fact(
        s, key, ENT_SLICE_LIT("entente/taxii@v1\nafter " T1 "\nlast -\nnext b\n")));
    assert_ok(ent_taxii_cursor_load(s, &c, &u, ENT_SLICE_LIT("one")));
    is(&c, T1, "", "b");
    ent_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_next),  cmocka_unit_test(by_date), cmocka_unit_test(longest_next),
        cmocka_unit_test(suffixes), cmocka_unit_test(kept),    cmocka_unit_test(damaged),
    };
    return ent_t_run("taxii_cursor", tests);
}
