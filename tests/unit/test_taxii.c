/* test_taxii.c: envelopes and the small documents of TAXII servers, honest and not. */
#include "tests/support/feed.h"

/* --- envelopes -------------------------------------------------------------------------------- */

#define INDICATOR                                                                                  \
    "{\"type\":\"indicator\",\"id\":\"indicator--5d0092c5-5f74-4287-9642-33f4c354e56d\","          \
    "\"pattern\":\"[domain-name:value = 'evil.example.com']\",\"pattern_type\":\"stix\"}"
#define TEN  "aaaaaaaaaa"
#define HUND TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define K1   HUND HUND HUND HUND HUND HUND HUND HUND HUND HUND "aaaaaaaaaaaaaaaaaaaaaaaa"

static enum ent_err read_envelope(struct ent_envelope *e, size_t *ret_taken, struct ent_diag *d,
                                  const char *text, size_t most)
{
    struct ent_t_chunks chunks;
    struct ent_t_record rec = {.taken = 0};
    *e = (struct ent_envelope){.more = false};
    const struct ent_import_opts opts = {
        .format = ENT_FORMAT_STIX, .confidence = -1, .envelope = e};
    ent_t_record_init(&rec);
    const struct ent_import_sink sink = ent_t_record_sink(&rec);
    enum ent_err r = ent_intel_read(ent_t_chunk_reader(&chunks, ent_slice_str(text), most, false),
                                    &opts, &sink, NULL, d);
    *ret_taken = rec.taken;
    ent_buf_release(&rec.text);
    return r;
}

static void envelopes(void **state)
{
    static const struct {
        const char *text, *next;
        size_t taken;
        bool more;
    } rows[] = {
        {"{}", "", 0, false},
        {"{\"more\":false}", "", 0, false},
        {"{\"objects\":[]}", "", 0, false},
        {"{\"more\":true,\"next\":\"abc\",\"objects\":[" INDICATOR "]}", "abc", 1, true},
        {"{\"objects\":[" INDICATOR "],\"next\":\"a\\u00e9 &=\",\"more\":true}", "a\xc3\xa9 &=", 1,
         true},
        {"{\"next\":null,\"more\":true}", "", 0, true},
        {"{\"more\":true,\"next\":\"\",\"x-other\":{\"more\":1,\"next\":2}}", "", 0, true},
        {"{\"next\":\"" K1 "\"}", K1, 0, false},
        /* inside an object they are somebody else's */
        {"{\"objects\":[{\"type\":\"x-a\",\"more\":7,\"next\":[],\"more\":1}]}", "", 0, false},
        {"{\"type\":\"bundle\",\"more\":true,\"objects\":[" INDICATOR "]}", "", 1, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t most = 1; most < 5000; most += 4990) {
            struct ent_envelope e;
            struct ent_diag d = {0};
            size_t taken;
            assert_ok(read_envelope(&e, &taken, &d, rows[i].text, most));
            assert_int_equal(taken, rows[i].taken);
            assert_int_equal(e.more, rows[i].more);
            assert_int_equal(e.next_n, strlen(rows[i].next));
            assert_memory_equal(e.next, rows[i].next, e.next_n);
        }
}

static void envelopes_refused(void **state)
{
    static const struct {
        const char *text, *why;
        uint64_t line, offset;
    } rows[] = {
        {"{\"more\":1}", "\"more\" is neither true nor false", 1, 8},
        {"{\"more\":\"true\"}", "\"more\" is neither true nor false", 1, 8},
        {"{\n\"more\":null}", "\"more\" is neither true nor false", 2, 9},
        {"{\"more\":true,\"more\":false}", "\"more\" stands twice in the envelope", 1, 20},
        {"{\"next\":\"a\",\n\"next\":\"a\"}", "\"next\" stands twice in the envelope", 2, 20},
        {"{\"next\":7}", "\"next\" is no string", 1, 8},
        {"{\"next\":[\"a\"]}", "\"next\" is no string", 1, 8},
        {"{\"next\":\"" K1 "a\"}", "\"next\" is longer than 1,024 bytes", 1, 8},
        {"{\"objects\":{}}", "\"objects\" is no list", 1, 0},
        {"{\"objects\":[],\"objects\":[]}", "a property stands twice in the envelope", 1, 0},
        {INDICATOR, "JSON, but no TAXII envelope", 1, 0},
        {"[" INDICATOR "]", "JSON, but no TAXII envelope", 1, 0},
        {"{\"type\":\"bundle\"}", "JSON, but no TAXII envelope", 1, 0},
        {"{\"type\":7,\"objects\":[]}", "JSON, but no TAXII envelope", 1, 0},
        {"{\"more\":true,\"objects\":[" INDICATOR, "the JSON text ends too early", 1, 174},
        {"{\"more\":true} x", "more text behind the JSON value", 1, 14},
        {"<html>", NULL, 0, 0},
        {"", "the file is empty", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_envelope e;
        struct ent_diag d = {0};
        size_t taken;
        assert_err(read_envelope(&e, &taken, &d, rows[i].text, 4096), ENT_E_FORMAT);
        if (rows[i].why == NULL)
            continue;
        assert_string_equal(d.text, rows[i].why);
        assert_int_equal(d.line, rows[i].line);
        assert_int_equal(d.offset, rows[i].offset);
    }
}

/* --- the small documents ---------------------------------------------------------------------- */

static enum ent_err say_root(void *ctx, struct ent_slice url)
{
    return ent_buf_printf(ctx, "root %.*s\n", (int)url.n, (const char *)url.p);
}

static enum ent_err say_collection(void *ctx, const struct ent_taxii_collection *c)
{
    return ent_buf_printf(ctx, "%s [%s]%s%s\n", c->id, c->title, c->can_read ? " r" : "",
                          c->can_write ? " w" : "");
}

static enum ent_err read_doc(struct ent_taxii_doc *ret, struct ent_buf *said, struct ent_diag *d,
                             struct ent_slice text)
{
    const struct ent_taxii_sink sink = {said, say_root, say_collection};
    return ent_taxii_read(ret, ent_reader_mem(&text), &sink, d);
}

static void documents(void **state)
{
    static const struct {
        const char *text, *said, *title;
        enum ent_taxii_kind kind;
    } rows[] = {
        {"{\"title\":\"Some\\nServer\",\"api_roots\":[\"https://a/b/\",\"/c/\"],\"default\":\"x\"}",
         "root https://a/b/\nroot /c/\n", "Some Server", ENT_TAXII_DISCOVERY},
        {"{\"title\":\"T\",\"versions\":[\"application/taxii+json;version=2.1\"],"
         "\"max_content_length\":9}",
         "", "T", ENT_TAXII_ROOT},
        {"{}", "", "", ENT_TAXII_LIST},
        {"{\"collections\":[]}", "", "", ENT_TAXII_LIST},
        {"{\"collections\":[{\"id\":\"a-1\",\"title\":\"A\",\"can_read\":true,\"can_write\":false,"
         "\"api_roots\":7,\"media_types\":[{}]},{\"can_read\":false,\"id\":\"b\"}]}",
         "a-1 [A] r\nb []\n", "", ENT_TAXII_LIST},
        {"{\"id\":\"91a7b528-80eb-42ed-a74d-c6fbd5a26116\",\"title\":\"High\",\"can_read\":true}",
         "", "High", ENT_TAXII_COLLECTION},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_taxii_doc doc;
        struct ent_diag d;
        struct ent_buf said;
        ent_buf_init(&said, 65536);
        assert_ok(read_doc(&doc, &said, &d, ent_slice_str(rows[i].text)));
        assert_ok(ent_buf_putc(&said, '\0'));
        assert_string_equal((const char *)said.p, rows[i].said);
        assert_string_equal(doc.self.title, rows[i].title);
        assert_int_equal(doc.kind, rows[i].kind);
        ent_buf_release(&said);
    }
}

#define NO_ID "the id of a collection is not of letters, digits, '-' and '_'"
#define NONE  "JSON, but nothing that a TAXII 2.1 server says here"

static void documents_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"[]", NONE},
        {"{\"title\":\"x\"}", NONE},
        {"{\"id\":\"a\"}", NONE},
        {"{\"can_read\":true}", NONE},
        {"{\"id\":\"../x\",\"can_read\":true}", NO_ID},
        {"{\"id\":\"\",\"can_read\":true}", NO_ID},
        {"{\"id\":7,\"can_read\":true}", NO_ID},
        {"{\"id\":\"" HUND TEN TEN TEN "\",\"can_read\":true}", NO_ID},
        {"{\"id\":\"a\",\"can_read\":1}",
         "\"can_read\" or \"can_write\" is neither true nor false"},
        {"{\"title\":[]}", "\"title\" is no string"},
        {"{\"title\":\"a\",\"title\":\"b\"}", "a property stands twice in an object"},
        {"{\"collections\":{}}", "\"collections\" is no list"},
        {"{\"collections\":[1]}", "a collection that is no object"},
        {"{\"collections\":[{\"id\":\"a\"}]}", "a collection without \"id\" or \"can_read\""},
        {"{\"api_roots\":\"/a/\"}", "\"api_roots\" is no list"},
        {"{\"api_roots\":[1]}", "an API root that is no string, or of more than 2,048 bytes"},
        {"{\"api_roots\":[\"" K1 K1 "\"]}", NULL}, /* exactly 2,048 */
        {"{\"api_roots\":[\"" K1 K1 "a\"]}",
         "an API root that is no string, or of more than 2,048 bytes"},
        {"{\"collections\":[", "the JSON text ends too early"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_taxii_doc doc;
        struct ent_diag d;
        struct ent_buf said;
        ent_buf_init(&said, 65536);
        enum ent_err r = read_doc(&doc, &said, &d, ent_slice_str(rows[i].text));
        assert_err(r, rows[i].why == NULL ? ENT_OK : ENT_E_FORMAT);
        if (rows[i].why != NULL)
            assert_string_equal(d.text, rows[i].why);
        ent_buf_release(&said);
    }
}

static void too_many(void **state)
{
    struct ent_taxii_doc doc;
    struct ent_buf text, said;
    struct ent_diag d;
    (void)state;
    ent_buf_init(&text, 1u << 20);
    ent_buf_init(&said, 1u << 20);
    assert_ok(ent_buf_puts(&text, "{\"api_roots\":[\"/0/\""));
    for (int i = 1; i <= 256; i++)
        assert_ok(ent_buf_printf(&text, ",\"/%d/\"", i));
    assert_ok(ent_buf_puts(&text, "]}"));
    assert_err(read_doc(&doc, &said, &d, ent_buf_slice(&text)), ENT_E_LIMIT);
    assert_string_equal(d.text, "more than 256 API roots");
    ent_buf_release(&text);
    ent_buf_release(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelopes), cmocka_unit_test(envelopes_refused),
        cmocka_unit_test(documents), cmocka_unit_test(documents_refused),
        cmocka_unit_test(too_many),
    };
    return ent_t_run("taxii", tests);
}
