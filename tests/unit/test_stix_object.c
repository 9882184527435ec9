/* test_stix_object.c: objects of STIX as they came: ids, versions, what is kept of them, which of
 * them counts, and what goes out again. */
#include "tests/support/feed.h"

#include "node/node.h"

#define NOW 1534723200

/* --- ids ---------------------------------------------------------------------------------------
 */

/* table: the answers of STIX 2.1's own examples, section 6 */
static void test_ids_of_the_standard(void **state)
{
    static const struct {
        const char *type, *jcs, *id;
    } rows[] = {
        {"ipv4-addr", "{\"value\":\"198.51.100.3\"}", "28bb3599-77cd-5a82-a950-b5bc3caf07c4"},
        {"ipv4-addr", "{\"value\":\"198.51.100.0/24\"}", "1ea47840-aa39-5aa8-b4a2-cd203eb6662a"},
        {"ipv6-addr", "{\"value\":\"2001:0db8:85a3:0000:0000:8a2e:0370:7334\"}",
         "85a85a8c-ee99-5722-946d-3c3a3270fc6f"},
        {"domain-name", "{\"value\":\"my-iri.org\"}", "1489e484-e346-5493-bded-dd23cd15cd95"},
        {"domain-name",
         "{\"value\":\"b\xc3\xbc"
         "cher.example\"}",
         "dbf3aff2-b3cd-57d2-9616-0ddfde9d01ad"},
        {"url", "{\"value\":\"https://example.com/research/index.html\"}",
         "47c3cf9a-5027-5bf0-997a-017c7edc7c55"},
        {"email-addr", "{\"value\":\"john@example.com\"}", "7165e2a9-671f-585d-b1e1-ca59c671d934"},
        {"mac-addr", "{\"value\":\"d2:fb:49:24:37:18\"}", "757b1725-9903-54f5-a855-1240691d7659"},
        {"mutex", "{\"name\":\"__CLEANSWEEP__\"}", "f93fe911-e545-5239-b9b0-597840d0c871"},
        {"autonomous-system", "{\"number\":15139}", "3aa27478-50b5-5ab8-9da9-cdc12b657fff"},
        {"directory", "{\"path\":\"C:\\\\Windows\\\\System32\"}",
         "0a58d0c1-59e6-5afd-8252-dcd3f13e5622"},
    };
    char id[ENT_STIX_SCO_ID], want[ENT_STIX_SCO_ID];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ok(ent_stix_sco_id(id, rows[i].type, ent_slice_str(rows[i].jcs)));
        (void)snprintf(want, sizeof(want), "%s--%s", rows[i].type, rows[i].id);
        assert_string_equal(id, want);
    }
}

/* table */
static void test_ids_of_observables(void **state)
{
    static const struct {
        const char *value, *id;
    } rows[] = {
        {"198.51.100.3", "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"},
        {"198.51.100.0/24", "ipv4-addr--1ea47840-aa39-5aa8-b4a2-cd203eb6662a"},
        {"MY-IRI.org.", "domain-name--1489e484-e346-5493-bded-dd23cd15cd95"},
        {"https://example.com/research/index.html", "url--47c3cf9a-5027-5bf0-997a-017c7edc7c55"},
        {"john@example.com", "email-addr--7165e2a9-671f-585d-b1e1-ca59c671d934"},
        {"198.51.100.3:443", NULL},
        {"http://evil.example/*", NULL},
    };
    char id[ENT_STIX_SCO_ID], same[ENT_STIX_SCO_ID];
    struct ent_observable o;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(rows[i].value)));
        enum ent_err r = ent_stix_id_of(id, &o);
        assert_err(r, rows[i].id == NULL ? ENT_E_UNSUPPORTED : ENT_OK);
        if (r == ENT_OK)
            assert_string_equal(id, rows[i].id);
    }
    /* JCS escapes quotes and backslashes */
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("http://a.example/\\x\"y")));
    assert_ok(ent_stix_id_of(id, &o));
    assert_ok(
        ent_stix_sco_id(same, "url", ENT_SLICE_LIT("{\"value\":\"http://a.example/\\\\x\\\"y\"}")));
    assert_string_equal(id, same);
}

static void test_what_is_an_id(void **state)
{
    static const char *const good[] = {"a--b", "x-new--1", "indicator--0.1_c", "a---"};
    static const char *const bad[] = {"",       "a",     "--b",          "a--",
                                      "a-b",    "a--b ", "a--\xc3\xbc",  "a--b\n",
                                      "a/../b", "a--'",  "a--b\"c--d\"", "-a-b"};
    char longest[ENT_STIX_ID_MAX + 2] = "a--";
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(ent_is_stix_id(ent_slice_str(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ent_is_stix_id(ent_slice_str(bad[i])));
    memset(longest + 3, 'x', sizeof(longest) - 4);
    assert_false(ent_is_stix_id(ent_slice_str(longest)));
    longest[ENT_STIX_ID_MAX] = '\0';
    assert_true(ent_is_stix_id(ent_slice_str(longest)));
}

/* --- what the reader hands on ------------------------------------------------------------------
 */

static enum ent_err note_object(void *ctx, const struct ent_stix_object *o, bool *use)
{
    struct ent_t_record *r = ctx;
    *use = !ent_slice_eq(o->id, ENT_SLICE_LIT("indicator--unwanted"));
    return ent_buf_printf(&r->text, "object %.*s %.*s %s%s%s by [%.*s] to [%.*s] %.*s\n",
                          (int)o->id.n, (const char *)o->id.p, (int)o->version.n,
                          (const char *)o->version.p, ent_tlp_name(o->tlp),
                          o->revoked ? " revoked" : "", o->taken ? " taken" : "",
                          (int)o->gist.creator.n, (const char *)o->gist.creator.p, (int)o->refs.n,
                          (const char *)o->refs.p, (int)o->bytes.n, (const char *)o->bytes.p);
}

/* Whole, bytewise and in random pieces. */
static void hands_on_as(const struct ent_import_opts *opts, const char *in, const char *want)
{
    for (int way = 0; way < 3; way++) {
        struct ent_t_record r = {0};
        struct ent_t_chunks c;
        struct ent_diag d = {0};
        ent_t_record_init(&r);
        struct ent_import_sink sink = ent_t_record_sink(&r);
        sink.object = note_object;
        struct ent_reader reader =
            ent_t_chunk_reader(&c, ent_slice_str(in), way == 0 ? 1u << 20 : (size_t)way, way == 2);
        assert_ok(ent_intel_read(reader, opts, &sink, NULL, &d));
        assert_string_equal(ent_t_record_text(&r), want);
        ent_buf_release(&r.text);
    }
}

static void hands_on(const char *in, const char *want)
{
    const struct ent_import_opts opts = {.format = ENT_FORMAT_STIX, .confidence = -1};
    hands_on_as(&opts, in, want);
}

#define EVIL "\"pattern\":\"[domain-name:value='evil.example']\""

static void test_byte_for_byte(void **state)
{
    (void)state;
    hands_on("{\"objects\" : [ {\"type\":\"x-new\", \"id\" : \"x-new--1\" ,\n\t\"a\":[1.50,{\"b\":"
             "\"\\u00e9\\/\"}]} ,{\"id\":\"mutex--2\",\"type\":\"mutex\"}]}",
             "object x-new--1  TLP:AMBER by [] to [] {\"type\":\"x-new\", \"id\" : \"x-new--1\" "
             ",\n\t\"a\":[1.50,{\"b\":\"\\u00e9\\/\"}]}\n"
             "object mutex--2  TLP:AMBER by [] to [] {\"id\":\"mutex--2\",\"type\":\"mutex\"}\n");
    /* an object alone, and a list */
    hands_on(" {\"type\":\"tool\",\"id\":\"tool--1\"} ",
             "object tool--1  TLP:AMBER by [] to [] {\"type\":\"tool\",\"id\":\"tool--1\"}\n");
    hands_on("[{\"type\":\"tool\",\"id\":\"tool--1\"}]",
             "object tool--1  TLP:AMBER by [] to [] {\"type\":\"tool\",\"id\":\"tool--1\"}\n");
}

static void test_versions_and_references(void **state)
{
    (void)state;
    hands_on("[{\"type\":\"report\",\"id\":\"report--1\",\"modified\":\"2018-08-20T00:00:00.500Z\","
             "\"created_by_ref\":\"identity--1\",\"object_refs\":[\"malware--1\",7,\"nonsense\","
             "\"tool--2\"],\"x_one_ref\":\"tool--3\",\"_ref\":\"tool--4\",\"object_marking_refs\":"
             "[\"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"]}]",
             "object report--1 2018-08-20T00:00:00.5 TLP:GREEN by [identity--1] to "
             "[malware--1\ntool--2\ntool--3\n] {\"type\":\"report\",\"id\":\"report--1\","
             "\"modified\":\"2018-08-20T00:00:00.500Z\",\"created_by_ref\":\"identity--1\","
             "\"object_refs\":[\"malware--1\",7,\"nonsense\",\"tool--2\"],\"x_one_ref\":"
             "\"tool--3\",\"_ref\":\"tool--4\",\"object_marking_refs\":[\"marking-definition--"
             "bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"]}\n");
    hands_on("[{\"type\":\"tool\",\"id\":\"tool--1\",\"modified\":\"2018-08-20T00:00:00.000Z\"}]",
             "object tool--1 2018-08-20T00:00:00 TLP:AMBER by [] to [] {\"type\":\"tool\",\"id\":"
             "\"tool--1\",\"modified\":\"2018-08-20T00:00:00.000Z\"}\n");
}

static void test_indicators_come_with_what_they_say(void **state)
{
    (void)state;
    hands_on("[{\"type\":\"indicator\",\"id\":\"indicator--1\"," EVIL "}]",
             "object indicator--1  TLP:AMBER taken by [] to [] {\"type\":\"indicator\",\"id\":"
             "\"indicator--1\"," EVIL "}\n"
             "take domain evil.example TLP:AMBER -1 0 0 [indicator--1] [] []\n");
    /* the sink has its reasons */
    hands_on("[{\"type\":\"indicator\",\"id\":\"indicator--unwanted\"," EVIL "}]",
             "object indicator--unwanted  TLP:AMBER taken by [] to [] {\"type\":\"indicator\","
             "\"id\":\"indicator--unwanted\"," EVIL "}\n");
    /* what cannot be matched alone is kept, and said */
    hands_on("[{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[file:name='x'] "
             "FOLLOWEDBY [file:name='y']\"}]",
             "object indicator--1  TLP:AMBER by [] to [] {\"type\":\"indicator\",\"id\":"
             "\"indicator--1\",\"pattern\":\"[file:name='x'] FOLLOWEDBY [file:name='y']\"}\n"
             "skip 1 [the pattern wants observations in an order (FOLLOWEDBY)] "
             "[[file:name='x'] FOLLOWEDBY [file:name='y']]\n");
    hands_on("[{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern_type\":\"yara\",\"pattern"
             "\":\"rule r {}\"}]",
             "object indicator--1  TLP:AMBER by [] to [] {\"type\":\"indicator\",\"id\":"
             "\"indicator--1\",\"pattern_type\":\"yara\",\"pattern\":\"rule r {}\"}\n"
             "skip 1 [a pattern in another language than STIX] [rule r {}]\n");
    hands_on("[{\"type\":\"indicator\",\"id\":\"indicator--1\",\"revoked\":true," EVIL "}]",
             "object indicator--1  TLP:AMBER revoked by [] to [] {\"type\":\"indicator\",\"id\":"
             "\"indicator--1\",\"revoked\":true," EVIL "}\nwithdraw [indicator--1]\n");
    /* a value that is none does not make it one that was taken out */
    hands_on("[{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":"
             "\"[domain-name:value='localhost']\"}]",
             "skip 1 [not an address, a name, a URL or a hash] [localhost]\n"
             "object indicator--1  TLP:AMBER by [] to [] {\"type\":\"indicator\",\"id\":"
             "\"indicator--1\",\"pattern\":\"[domain-name:value='localhost']\"}\n");
}

/* table */
static void test_not_kept(void **state)
{
    static const char *const rows[][2] = {
        {"[{\"type\":\"tool\",\"id\":\"tool-1\"},{\"type\":\"tool\",\"id\":\"tool--1\"}]",
         "skip 1 [not kept as it came: its id is none of STIX] [tool-1]\n"},
        {"[{\"type\":\"tool\",\"id\":\"malware--1\"},{\"type\":\"tool\",\"id\":\"tool--1\"}]",
         "skip 1 [not kept as it came: its id is none of STIX] [malware--1]\n"},
        {"[{\"type\":\"tool\",\"id\":\"tool--1\",\"modified\":\"2018-08-20\"},{\"type\":\"tool\","
         "\"id\":\"tool--1\"}]",
         "skip 1 [not kept as it came: \"modified\" is not a time of STIX] [tool--1]\n"},
        {"[{\"type\":\"tool\",\"id\":\"tool--1\",\"modified\":\"2018-08-20T00:00:00+02:00\"},"
         "{\"type\":\"tool\",\"id\":\"tool--1\"}]",
         "skip 1 [not kept as it came: \"modified\" is not a time of STIX] [tool--1]\n"},
        {"[{\"type\":\"tool\",\"id\":\"tool--1\",\"modified\":7},{\"type\":\"tool\",\"id\":"
         "\"tool--1\"}]",
         "skip 1 [not kept as it came: \"modified\" is not a time of STIX] [tool--1]\n"},
        {"[{\"type\":\"tool\",\"id\":\"tool--1\",\"id\":\"tool--2\"},{\"type\":\"tool\",\"id\":"
         "\"tool--1\"}]",
         "skip 1 [a property stands twice in the object] [tool--1]\n"},
        {"[{\"type\":\"tool\",\"id\":\"tool--1\",\"object_marking_refs\":\"x\"},{\"type\":"
         "\"tool\",\"id\":\"tool--1\"}]",
         "skip 1 [its markings cannot be read] [tool--1]\n"},
        {"[{\"type\":\"tool\",\"id\":\"tool--1\",\"revoked\":1},{\"type\":\"tool\",\"id\":"
         "\"tool--1\"}]",
         "skip 1 [\"revoked\" is neither true nor false] [tool--1]\n"},
        {"[{\"type\":\"bundle\",\"id\":\"bundle--1\"},{\"type\":\"tool\",\"id\":\"tool--1\"}]",
         "skip 1 [a bundle inside of a bundle] [bundle--1]\n"},
        /* everybody has the TLP markings */
        {"[{\"type\":\"marking-definition\",\"id\":\"marking-definition--"
         "bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"},{\"type\":\"tool\",\"id\":\"tool--1\"}]",
         ""},
    };
    char want[1024];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(want, sizeof(want),
                       "%sobject tool--1  TLP:AMBER by [] to [] {\"type\":\"tool\",\"id\":"
                       "\"tool--1\"}\n",
                       rows[i][1]);
        hands_on(rows[i][0], want);
    }
}

static void test_too_long(void **state)
{
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 4u << 20);
    for (size_t over = 0; over < 2; over++) {
        struct ent_t_record r = {0};
        struct ent_slice in;
        struct ent_diag d = {0};
        const struct ent_import_opts opts = {.format = ENT_FORMAT_STIX, .confidence = -1};
        static const char head[] = "{\"type\":\"tool\",\"id\":\"tool--1\",\"x\":\"", tail[] = "\"}";
        ent_buf_clear(&b);
        assert_ok(ent_buf_puts(&b, head));
        while (b.n < ENT_STIX_OBJECT_MOST - sizeof(tail) + 1 + over)
            assert_ok(ent_buf_putc(&b, 'x'));
        assert_ok(ent_buf_puts(&b, tail));
        ent_t_record_init(&r);
        struct ent_import_sink sink = ent_t_record_sink(&r);
        sink.object = note_object;
        in = ent_buf_slice(&b);
        assert_ok(ent_intel_read(ent_reader_mem(&in), &opts, &sink, NULL, &d));
        if (over == 0)
            assert_true(r.text.n > ENT_STIX_OBJECT_MOST);
        else
            assert_string_equal(ent_t_record_text(&r),
                                "skip 1 [not kept as it came: more than 1,048,576 bytes] "
                                "[tool--1]\n");
        ent_buf_release(&r.text);
    }
    ent_buf_release(&b);
}

/* Who says --tlp clear says it of what carries no mark, and not of a mark that he has not seen. */
static void test_unknown_markings(void **state)
{
    const struct ent_import_opts opts = {
        .format = ENT_FORMAT_STIX, .confidence = -1, .tlp = ENT_TLP_CLEAR};
#define MARKED                                                                                     \
    "{\"type\":\"tool\",\"id\":\"tool--1\",\"object_marking_refs\":[\"marking-definition--7\"]}"
#define STATEMENT                                                                                  \
    "{\"type\":\"marking-definition\",\"id\":\"marking-definition--7\",\"definition\":"            \
    "{\"statement\":\"mine\"}}"
    (void)state;
    hands_on_as(&opts, "[" MARKED "," STATEMENT "]",
                "object tool--1  TLP:AMBER by [] to [] " MARKED "\n"
                "object marking-definition--7  TLP:CLEAR by [] to [] " STATEMENT "\n");
    hands_on_as(&opts, "[" STATEMENT "," MARKED "]",
                "object marking-definition--7  TLP:CLEAR by [] to [] " STATEMENT "\n"
                "object tool--1  TLP:CLEAR by [] to [] " MARKED "\n");
}

/* What nobody calls hostile is taken only by those who say so. */
static void test_observables(void **state)
{
    const struct ent_import_opts all = {
        .format = ENT_FORMAT_STIX, .confidence = -1, .unflagged = true};
#define SCO "{\"type\":\"domain-name\",\"id\":\"domain-name--1\",\"value\":\"evil.example\"}"
#define FILE_                                                                                      \
    "{\"type\":\"file\",\"id\":\"file--1\",\"hashes\":{\"MD5\":"                                   \
    "\"d41d8cd98f00b204e9800998ecf8427e\",\"SSDEEP\":\"3:x\",\"SHA-1\":7}}"
#define KEPT                                                                                       \
    "object domain-name--1  TLP:AMBER by [] to [] " SCO "\n",                                      \
        "object file--1  TLP:AMBER by [] to [] " FILE_ "\n"
    static const char *const kept[] = {KEPT};
    char want[1024];
    (void)state;
    (void)snprintf(want, sizeof(want), "%s%s", kept[0], kept[1]);
    hands_on("[" SCO "," FILE_ "]", want);
    (void)snprintf(want, sizeof(want),
                   "%stake domain evil.example TLP:AMBER -1 0 0 [domain-name--1] [] []\n"
                   "%stake md5 d41d8cd98f00b204e9800998ecf8427e TLP:AMBER -1 0 0 [file--1] [] []\n",
                   kept[0], kept[1]);
    hands_on_as(&all, "[" SCO "," FILE_ "]", want);
    /* not what cannot be told for certain */
    hands_on_as(
        &all,
        "[{\"type\":\"url\",\"id\":\"url--1\",\"value\":\"http://a.example/\",\"value\":\"b\"},"
        "{\"type\":\"file\",\"id\":\"file--1\",\"hashes\":{\"MD5\":\"a\",\"MD5\":\"b\"}}]",
        "skip 1 [a property stands twice in the object] [url--1]\n"
        "skip 1 [a property stands twice in the object] [file--1]\n");
}

/* --- which of them counts ----------------------------------------------------------------------
 */

struct doc {
    const char *id, *version, *creator, *body;
    bool revoked;
};

static void said(uint8_t ret32[static 32], const char *object)
{
    struct ent_stix_sayer *x;
    assert_ok(ent_stix_sayer_new(&x));
    assert_ok(ent_stix_said(x, ret32, ent_slice_str(object)));
    ent_stix_sayer_free(x);
}

static enum ent_object_put keep(struct ent_store *s, const struct doc *doc, const char *source,
                                bool *elsewhere)
{
    enum ent_object_put put = ENT_OBJECT_NEW;
    bool ignored;
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{\"id\":\"%s\",\"type\":\"%.*s\",\"created_by_ref\":\"%s\",\"x\":\"%s\"}",
                   doc->id, (int)(strstr(doc->id, "--") - doc->id), doc->id, doc->creator,
                   doc->body);
    struct ent_stix_object o = {.id = ent_slice_str(doc->id),
                                .version = ent_slice_str(doc->version),
                                .gist.creator = ent_slice_str(doc->creator),
                                .tlp = ENT_TLP_GREEN,
                                .revoked = doc->revoked,
                                .bytes = ent_slice_str(text)};
    said(o.gist.said32, text);
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_object_put(s, &put, elsewhere == NULL ? &ignored : elsewhere, &o,
                                   ent_slice_str(source), NOW));
    assert_ok(ent_store_commit(s));
    return put;
}

/* table */
static void test_which_counts(void **state)
{
    static const struct {
        const char *source;
        struct doc doc;
        enum ent_object_put put;
        bool elsewhere;
    } rows[] = {
        {"a", {"tool--1", "2018", "identity--1", "one", false}, ENT_OBJECT_NEW, false},
        {"a", {"tool--1", "2018", "identity--1", "one", false}, ENT_OBJECT_SAME, false},
        {"a", {"tool--1", "2019", "identity--1", "two", false}, ENT_OBJECT_NEWER, false},
        {"a", {"tool--1", "2018", "identity--1", "one", false}, ENT_OBJECT_OLDER, false},
        {"a", {"tool--1", "2017", "identity--1", "zero", false}, ENT_OBJECT_OLDER, false},
        {"a", {"tool--1", "2019", "identity--1", "lie", false}, ENT_OBJECT_CONFLICT, false},
        {"a", {"tool--1", "2019", "identity--1", "lie", false}, ENT_OBJECT_CONFLICT, false},
        {"a", {"tool--1", "2019", "identity--1", "two", false}, ENT_OBJECT_SAME, false},
        /* in the name of another */
        {"a", {"tool--1", "2020", "identity--2", "x", false}, ENT_OBJECT_FOREIGN, false},
        {"a", {"tool--1", "2020", "identity--2", "x", true}, ENT_OBJECT_FOREIGN, false},
        {"a", {"tool--1", "2020", "identity--1", "x", false}, ENT_OBJECT_NEWER, false},
        /* another source cannot touch it, and says the same or not */
        {"b", {"tool--1", "2020", "identity--1", "x", false}, ENT_OBJECT_NEW, false},
        {"c", {"tool--1", "2020", "identity--1", "y", false}, ENT_OBJECT_NEW, true},
        {"b", {"tool--1", "2021", "identity--1", "gone", true}, ENT_OBJECT_NEWER, false},
        {"a", {"tool--1", "2020", "identity--1", "x", false}, ENT_OBJECT_SAME, true},
        /* a revocation is final */
        {"b", {"tool--1", "2022", "identity--1", "back", false}, ENT_OBJECT_FINAL, false},
        {"b", {"tool--1", "2021", "identity--1", "gone", true}, ENT_OBJECT_SAME, false},
        /* what has no versions changes */
        {"a", {"mutex--1", "", "", "one", false}, ENT_OBJECT_NEW, false},
        {"a", {"mutex--1", "", "", "two", false}, ENT_OBJECT_NEWER, false},
        {"a", {"mutex--1", "", "", "one", false}, ENT_OBJECT_OLDER, false},
        {"b", {"mutex--1", "", "", "three", false}, ENT_OBJECT_NEW, false},
        /* but a marking that changes is a trap */
        {"a", {"marking-definition--1", "", "", "one", false}, ENT_OBJECT_NEW, false},
        {"a", {"marking-definition--1", "", "", "two", false}, ENT_OBJECT_CONFLICT, false},
        {"b", {"marking-definition--1", "", "", "two", false}, ENT_OBJECT_NEW, true},
    };
    struct ent_store *s;
    uint64_t all, odd;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool elsewhere = false;
        enum ent_object_put put = keep(s, &rows[i].doc, rows[i].source, &elsewhere);
        if (put != rows[i].put || elsewhere != rows[i].elsewhere)
            print_error("row %zu\n", i);
        assert_int_equal(put, rows[i].put);
        assert_int_equal(elsewhere, rows[i].elsewhere);
    }
    assert_ok(ent_store_count_objects(s, &all, &odd));
    assert_int_equal(all, 16);
    assert_int_equal(odd, 6);
    ent_store_close(s);
}

/* One id cannot be flooded with lies. */
static void test_flood(void **state)
{
    struct ent_store *s;
    uint64_t all, odd;
    char body[16];
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    for (int i = 0; i < 100; i++) {
        (void)snprintf(body, sizeof(body), "%d", i);
        const struct doc doc = {"tool--1", "2018", "", body, false};
        assert_int_equal(keep(s, &doc, "a", NULL), i == 0 ? ENT_OBJECT_NEW : ENT_OBJECT_CONFLICT);
    }
    assert_ok(ent_store_count_objects(s, &all, &odd));
    assert_int_equal(all, 9);
    assert_int_equal(odd, 8);
    /* nor can others keep its creator from his next version */
    for (int i = 0; i < 20; i++) {
        (void)snprintf(body, sizeof(body), "%d", i);
        const struct doc lie = {"tool--1", "2019", "identity--x", body, false};
        assert_int_equal(keep(s, &lie, "a", NULL), ENT_OBJECT_FOREIGN);
    }
    const struct doc next = {"tool--1", "2019", "", "next", false};
    assert_int_equal(keep(s, &next, "a", NULL), ENT_OBJECT_NEWER);
    assert_int_equal(keep(s, &next, "a", NULL), ENT_OBJECT_SAME);
    /* what has no versions may change as often as it likes */
    for (int i = 0; i < 20; i++) {
        (void)snprintf(body, sizeof(body), "%d", i);
        const struct doc doc = {"mutex--1", "", "", body, false};
        assert_int_equal(keep(s, &doc, "a", NULL), i == 0 ? ENT_OBJECT_NEW : ENT_OBJECT_NEWER);
        assert_int_equal(keep(s, &doc, "a", NULL), ENT_OBJECT_SAME);
    }
    ent_store_close(s);
}

/* A model that keeps everything in a list and looks at all of it each time. */
struct model {
    struct {
        unsigned source, id, version, creator, body;
        bool revoked, counts;
    } row[4096];
    size_t n;
};

static enum ent_object_put model_put(struct model *m, unsigned source, unsigned id,
                                     unsigned version, unsigned creator, unsigned body,
                                     bool revoked)
{
    size_t latest = SIZE_MAX, others = 0, lies = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->row[i].source == source && m->row[i].id == id && m->row[i].counts &&
            (latest == SIZE_MAX || m->row[i].version >= m->row[latest].version))
            latest = i;
    enum ent_object_put put = ENT_OBJECT_NEW;
    if (latest != SIZE_MAX)
        put = m->row[latest].revoked              ? ENT_OBJECT_FINAL
              : m->row[latest].creator != creator ? ENT_OBJECT_FOREIGN
              : version < m->row[latest].version  ? ENT_OBJECT_OLDER
                                                  : ENT_OBJECT_NEWER;
    for (size_t i = 0; i < m->n; i++) {
        if (m->row[i].source != source || m->row[i].id != id || m->row[i].version != version)
            continue;
        if (m->row[i].body == body && m->row[i].creator == creator && m->row[i].revoked == revoked)
            return m->row[i].counts ? (i == latest ? ENT_OBJECT_SAME : ENT_OBJECT_OLDER)
                                    : ENT_OBJECT_NEW; /* any answer that does not count */
        others += m->row[i].counts;
        lies += !m->row[i].counts;
    }
    if (others > 0 && (put == ENT_OBJECT_NEWER || put == ENT_OBJECT_OLDER))
        put = ENT_OBJECT_CONFLICT;
    bool counts = put == ENT_OBJECT_NEW || put == ENT_OBJECT_NEWER || put == ENT_OBJECT_OLDER;
    if (!counts && lies >= 8)
        return put;
    m->row[m->n].source = source;
    m->row[m->n].id = id;
    m->row[m->n].version = version;
    m->row[m->n].creator = creator;
    m->row[m->n].body = body;
    m->row[m->n].revoked = revoked;
    m->row[m->n++].counts = counts;
    return put;
}

static void test_against_a_model(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct model *m = calloc(1, sizeof(*m));
        struct ent_store *s;
        assert_non_null(m);
        assert_ok(ent_store_open(&s, NULL, ":memory:"));
        for (int i = 0; i < 200; i++) {
            unsigned source = (unsigned)ent_t_below(2), id = (unsigned)ent_t_below(3);
            unsigned version = (unsigned)ent_t_below(5), creator = ent_t_below(8) == 0;
            unsigned body = (unsigned)ent_t_below(3);
            bool revoked = ent_t_below(20) == 0;
            char name[3][16], text[16];
            (void)snprintf(name[0], sizeof(name[0]), "tool--%u", id);
            (void)snprintf(name[1], sizeof(name[1]), "201%u", version);
            (void)snprintf(name[2], sizeof(name[2]), "identity--%u", creator);
            (void)snprintf(text, sizeof(text), "%u%s", body, revoked ? "r" : "");
            const struct doc doc = {name[0], name[1], name[2], text, revoked};
            enum ent_object_put want = model_put(m, source, id, version, creator, body, revoked);
            enum ent_object_put got = keep(s, &doc, source == 0 ? "a" : "b", NULL);
            if (want == ENT_OBJECT_NEW && got != ENT_OBJECT_NEW) /* it was known not to count */
                assert_true(got == ENT_OBJECT_CONFLICT || got == ENT_OBJECT_FOREIGN ||
                            got == ENT_OBJECT_FINAL);
            else
                assert_int_equal(got, want);
        }
        ent_store_close(s);
        free(m);
    }
}

/* --- claims and versions ------------------------------------------------------------------------
 */

static enum ent_err note_known(void *ctx, const struct ent_known *k)
{
    return ent_buf_printf(ctx, "%s ", k->obs.text);
}

struct import {
    struct ent_store *s;
    struct ent_slice source;
};

static enum ent_err import_take(void *ctx, const struct ent_indicator *ind)
{
    struct import *im = ctx;
    enum ent_put put;
    return ent_store_put(im->s, &put, ind, im->source, NOW);
}

static enum ent_err import_skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)ctx, (void)line, (void)reason, (void)what;
    return ENT_OK;
}

static enum ent_err import_withdraw(void *ctx, struct ent_slice id)
{
    struct import *im = ctx;
    return ent_store_revoke(im->s, im->source, id);
}

static enum ent_err import_object(void *ctx, const struct ent_stix_object *o, bool *use)
{
    struct import *im = ctx;
    enum ent_object_put put = ENT_OBJECT_NEW;
    bool elsewhere;
    enum ent_err r = ent_store_object_put(im->s, &put, &elsewhere, o, im->source, NOW);
    *use = put != ENT_OBJECT_OLDER && put != ENT_OBJECT_FOREIGN;
    return r;
}

static void import(struct ent_store *s, const char *source, const char *text)
{
    const struct ent_import_opts opts = {
        .format = ENT_FORMAT_STIX, .confidence = -1, .tlp = ENT_TLP_GREEN};
    struct import im = {s, ent_slice_str(source)};
    const struct ent_import_sink sink = {&im, import_take, import_skip, import_withdraw,
                                         import_object};
    struct ent_slice in = ent_slice_str(text);
    struct ent_diag d = {0};
    assert_ok(ent_store_begin(s));
    assert_ok(ent_intel_read(ent_reader_mem(&in), &opts, &sink, NULL, &d));
    assert_ok(ent_store_commit(s));
}

static void knows(struct ent_store *s, const char *want)
{
    const struct ent_known_filter f = {.at = NOW};
    struct ent_buf b;
    ent_buf_init(&b, 4096);
    assert_ok(ent_store_each(s, &f, note_known, &b));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_string_equal((const char *)b.p, want);
    ent_buf_release(&b);
}

#define IND(version, values)                                                                       \
    "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"modified\":\"" version                      \
    "T00:00:00Z\",\"pattern\":\"[domain-name:value IN (" values ")]\"}"

static void test_a_new_version_takes_the_place_of_the_old(void **state)
{
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    import(s, "a", IND("2018-01-01", "'a.example','b.example'"));
    import(s, "b", IND("2018-01-01", "'a.example','b.example'"));
    knows(s, "a.example b.example ");
    import(s, "a", IND("2018-01-02", "'b.example','c.example'"));
    knows(s, "a.example b.example c.example "); /* b still says the old one */
    import(s, "b", IND("2018-01-02", "'b.example'"));
    knows(s, "b.example c.example ");
    import(s, "a", IND("2018-01-01", "'a.example','b.example'")); /* late */
    knows(s, "b.example c.example ");
    import(s, "a", IND("2018-01-02", "'lie.example'")); /* equivocation */
    knows(s, "b.example c.example lie.example ");
    import(s, "a", IND("2018-01-03", "'c.example'"));
    knows(s, "b.example c.example ");
    ent_store_close(s);
}

/* --- out ---------------------------------------------------------------------------------------
 */

static enum ent_err open_one(void *ctx, unsigned file, const char *name)
{
    (void)ctx, (void)name;
    assert_int_equal(file, 0);
    return ENT_OK;
}

static enum ent_err collect_bytes(void *ctx, unsigned file, struct ent_slice bytes)
{
    assert_int_equal(file, 0);
    return ent_buf_put_slice(ctx, bytes);
}

struct going {
    struct ent_object_out *objects;
    struct ent_out *out;
};

static enum ent_err go(void *ctx, const struct ent_known *k)
{
    struct going *g = ctx;
    bool gone = false;
    const struct ent_indicator ind = {.obs = k->obs, .tlp = k->tlp, .confidence = -1};
    const struct ent_out_item item = {.ind = &ind, .source = k->source};
    enum ent_err r = ent_object_out_claim(g->objects, &gone, g->out, k);
    return r == ENT_OK && !gone ? ent_out_put(g->out, &item) : r;
}

static enum ent_err go_plain(void *ctx, const struct ent_kept *k)
{
    struct going *g = ctx;
    return ent_out_object(g->out, k->id, k->bytes);
}

/* The bundle, and how many went and were held. */
static struct ent_object_sums bundle(struct ent_buf *ret, struct ent_store *s, enum ent_tlp door,
                                     uint32_t types)
{
    const struct ent_out_format *format = ent_out_format_find(ENT_SLICE_LIT("stix"));
    const struct ent_out_opts opts = {.now = NOW, .door = door, .key = ENT_SLICE_LIT("k")};
    const struct ent_object_out_opts object_opts = {
        .store = s, .types = types, .door = door, .now = NOW};
    const struct ent_known_filter f = {.at = NOW, .max_tlp = door, .types = types, .every = true};
    const struct ent_out_sink sink = {ret, open_one, collect_bytes};
    struct going g;
    ent_buf_clear(ret);
    assert_ok(ent_out_start(&g.out, format, &opts, &sink));
    assert_ok(ent_object_out_new(&g.objects, &object_opts));
    assert_ok(ent_object_out_plain(g.objects, ent_slice(NULL, 0), 0, go_plain, &g));
    assert_ok(ent_store_each(s, &f, go, &g));
    assert_ok(ent_out_end(g.out));
    struct ent_object_sums sums = ent_object_out_sums(g.objects);
    ent_object_out_free(g.objects);
    ent_out_free(g.out);
    assert_ok(ent_buf_putc(ret, '\0'));
    return sums;
}

static size_t times(const struct ent_buf *b, const char *what)
{
    size_t n = 0;
    for (const char *p = (const char *)b->p; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

#define MARK(which) "\"object_marking_refs\":[\"marking-definition--" which "\"]"
#define RED_        MARK("e828b379-4e03-4974-9ac4-e53a884c97c1")

static void test_out_as_it_came(void **state)
{
    static const char two[] = IND("2018-01-01", "'a.example','b.example'");
    static const char tool[] = "{ \"type\":\"x-tool\",\"id\":\"x-tool--1\" , \"n\":1.0}";
    static const char red[] = "{\"type\":\"tool\",\"id\":\"tool--1\"," RED_ "}";
    struct ent_store *s;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    import(s, "a", two);
    import(s, "b", two);
    import(s, "a", tool);
    import(s, "b", tool);
    import(s, "a", red);
    struct ent_object_sums sums = bundle(&b, s, (enum ent_tlp)0, ENT_OBS_ALL);
    assert_int_equal(times(&b, two), 2); /* each source's claims, as it made them */
    assert_int_equal(times(&b, tool), 1);
    assert_int_equal(times(&b, red), 1);
    assert_int_equal(sums.written, 4);
    assert_ok(ent_release_judge(s, ent_slice(NULL, 0), NULL));
    sums = bundle(&b, s, ENT_TLP_GREEN, ENT_OBS_ALL);
    assert_int_equal(times(&b, red), 0);
    assert_int_equal(times(&b, tool), 1);
    assert_int_equal(sums.narrower, 1);
    assert_int_equal(sums.unreleased, 0);
    sums = bundle(&b, s, ENT_TLP_CLEAR, ENT_OBS_ALL);
    assert_int_equal(sums.written, 0);
    assert_int_equal(times(&b, "example"), 0);
    ent_store_close(s);
    ent_buf_release(&b);
}

static void test_out_not_more_than_may_go(void **state)
{
    static const char two[] = "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":"
                              "\"[domain-name:value='a.example' OR ipv4-addr:value='1.1.1.1']\"}";
    struct ent_store *s;
    struct ent_buf b;
    struct ent_observable o;
    uint64_t id;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    import(s, "a", two);
    /* somebody asks for names alone */
    (void)bundle(&b, s, (enum ent_tlp)0, ENT_OBS_BIT(ENT_OBS_DOMAIN));
    assert_int_equal(times(&b, "1.1.1.1"), 0);
    assert_int_equal(times(&b, "'a.example'"), 1);
    /* one half is decided against here */
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("a.example")));
    assert_ok(ent_store_find(s, &id, &o));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_decide(s, id, ent_slice(NULL, 0), 0, NOW));
    assert_ok(ent_store_commit(s));
    (void)bundle(&b, s, (enum ent_tlp)0, ENT_OBS_ALL);
    assert_int_equal(times(&b, "a.example"), 0);
    assert_int_equal(times(&b, "1.1.1.1"), 1);
    ent_store_close(s);
    ent_buf_release(&b);
}

static void judge(struct ent_store *s, const char *source, bool held)
{
    static const struct ent_odds nothing;
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_judge(s, ent_slice_str(source), &nothing, held));
    assert_ok(ent_store_commit(s));
}

/* Whoever walked without a door, and then asks for one: the object keeps to it by itself. */
static enum ent_err refuse_whole(void *ctx, const struct ent_known *k)
{
    bool gone = true;
    assert_ok(ent_object_out_claim(ctx, &gone, NULL, k));
    assert_false(gone);
    return ENT_OK;
}

/* Nothing of a source that is held or not judged, neither plain objects nor indicators; what
 * another source gave under the same id goes in its words. */
static void test_out_of_held_sources(void **state)
{
    static const char two[] = IND("2018-01-01", "'a.example','b.example'");
    static const char red[] = "{\"type\":\"tool\",\"id\":\"tool--1\"," RED_ "}";
    static const char first[] = "{\"type\":\"x-tool\",\"id\":\"x-tool--1\",\"by\":\"a\"}";
    static const char second[] = "{\"type\":\"x-tool\",\"id\":\"x-tool--1\",\"by\":\"b\"}";
    static const char other[] = "{\"type\":\"x-tool\",\"id\":\"x-tool--2\"}";
    struct ent_store *s;
    struct ent_buf b;
    struct ent_object_out *out;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    import(s, "a", two);
    import(s, "a", red);
    import(s, "a", first);
    import(s, "b", second);
    import(s, "c", other); /* which says nothing of an observable */
    struct ent_object_sums sums = bundle(&b, s, ENT_TLP_GREEN, ENT_OBS_ALL);
    assert_int_equal(sums.written, 0);
    assert_int_equal(sums.narrower, 1);
    assert_int_equal(sums.unreleased, 3);
    assert_int_equal(times(&b, "example") + times(&b, "tool"), 0);
    assert_ok(ent_release_judge(s, ent_slice(NULL, 0), NULL)); /* none of them is odd */
    sums = bundle(&b, s, ENT_TLP_GREEN, ENT_OBS_ALL);
    assert_int_equal(sums.written, 3);
    assert_int_equal(sums.unreleased, 0);
    assert_int_equal(times(&b, two) + times(&b, first) + times(&b, other), 3);
    judge(s, "a", true);
    sums = bundle(&b, s, ENT_TLP_GREEN, ENT_OBS_ALL);
    assert_int_equal(sums.written, 2);
    assert_int_equal(sums.unreleased, 1); /* in the words of a */
    assert_int_equal(times(&b, "\"indicator\""), 0);
    assert_int_equal(times(&b, second) + times(&b, other), 2);
    judge(s, "a", false);
    judge(s, "b", true);
    sums = bundle(&b, s, ENT_TLP_GREEN, ENT_OBS_ALL);
    assert_int_equal(sums.unreleased, 0); /* a says it first, which passes */
    assert_int_equal(times(&b, two) + times(&b, first) + times(&b, other), 3);
    judge(s, "a", true);
    sums = bundle(&b, s, (enum ent_tlp)0, ENT_OBS_ALL);
    assert_int_equal(sums.written, 4); /* for this member itself nothing is held */
    import(s, "d", IND("2018-01-01", "'c.example'"));
    const struct ent_object_out_opts opts = {
        .store = s, .types = ENT_OBS_ALL, .door = ENT_TLP_GREEN, .now = NOW};
    const struct ent_known_filter f = {.at = NOW, .every = true};
    assert_ok(ent_object_out_new(&out, &opts));
    assert_ok(ent_store_each(s, &f, refuse_whole, out));
    ent_object_out_free(out);
    ent_store_close(s);
    ent_buf_release(&b);
}

static enum ent_err note_kept(void *ctx, const struct ent_kept *k)
{
    return ent_buf_printf(ctx, "%.*s ", (int)k->id.n, (const char *)k->id.p);
}

static void test_who_points_to_it(void **state)
{
    struct ent_store *s;
    struct ent_buf b;
    struct ent_kept k;
    (void)state;
    ent_buf_init(&b, 4096);
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    import(s, "a",
           "[{\"type\":\"report\",\"id\":\"report--1\",\"modified\":\"2018-01-01T00:00:00Z\","
           "\"object_refs\":[\"tool--1\",\"tool--1\"]},{\"type\":\"relationship\",\"id\":"
           "\"relationship--1\",\"source_ref\":\"malware--1\",\"target_ref\":\"tool--1\"}]");
    assert_ok(ent_store_pointing(s, ENT_SLICE_LIT("tool--1"), note_kept, &b));
    assert_memory_equal(b.p, "report--1 relationship--1 ", b.n);
    /* a report that no longer lists it */
    import(s, "a",
           "[{\"type\":\"report\",\"id\":\"report--1\",\"modified\":\"2018-01-02T00:00:00Z\","
           "\"object_refs\":[]}]");
    ent_buf_clear(&b);
    assert_ok(ent_store_pointing(s, ENT_SLICE_LIT("tool--1"), note_kept, &b));
    assert_memory_equal(b.p, "relationship--1 ", b.n);
    assert_ok(ent_store_object(s, &k, ent_slice(NULL, 0), ENT_SLICE_LIT("report--1")));
    assert_int_equal(k.bytes.n, 85);
    assert_err(ent_store_object(s, &k, ENT_SLICE_LIT("b"), ENT_SLICE_LIT("report--1")),
               ENT_E_NOTFOUND);
    ent_store_close(s);
    ent_buf_release(&b);
}

static void test_summary(void **state)
{
    struct ent_stix_summary s;
    (void)state;
    assert_ok(ent_stix_summarise(
        &s, ENT_SLICE_LIT("{\"type\":\"relationship\",\"id\":\"relationship--1\",\"name\":\"a\\n"
                          "\\u0000b\",\"relationship_type\":\"uses\",\"source_ref\":\"a--1\","
                          "\"target_ref\":\"not an id\",\"count\":7,\"revoked\":true}")));
    assert_string_equal(s.name, "a b");
    assert_string_equal(s.relation, "uses");
    assert_string_equal(s.source, "a--1");
    assert_string_equal(s.target, "");
    assert_int_equal(s.count, 7);
    assert_true(s.revoked);
    /* what the reader lets in can be shown, however large its numbers are */
    assert_ok(ent_stix_summarise(
        &s, ENT_SLICE_LIT("{\"n\":99999999999999999999,\"e\":1e999,\"name\":\"x\",\"deep\":{"
                          "\"name\":\"y\"},\"created_by_ref\":\"identity--1\",\"count\":1e3}")));
    assert_string_equal(s.name, "x");
    assert_string_equal(s.creator, "identity--1");
    assert_int_equal(s.count, 0);
    assert_err(ent_stix_summarise(&s, ENT_SLICE_LIT("[]")), ENT_E_FORMAT);
    assert_err(ent_stix_summarise(&s, ENT_SLICE_LIT("{")), ENT_E_FORMAT);
    assert_err(ent_stix_summarise(&s, ent_slice(NULL, 0)), ENT_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_of_the_standard),
        cmocka_unit_test(test_ids_of_observables),
        cmocka_unit_test(test_what_is_an_id),
        cmocka_unit_test(test_byte_for_byte),
        cmocka_unit_test(test_versions_and_references),
        cmocka_unit_test(test_indicators_come_with_what_they_say),
        cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_unknown_markings),
        cmocka_unit_test(test_observables),
        cmocka_unit_test(test_which_counts),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_against_a_model),
        cmocka_unit_test(test_a_new_version_takes_the_place_of_the_old),
        cmocka_unit_test(test_out_as_it_came),
        cmocka_unit_test(test_out_not_more_than_may_go),
        cmocka_unit_test(test_out_of_held_sources),
        cmocka_unit_test(test_who_points_to_it),
        cmocka_unit_test(test_summary),
    };
    return ent_t_run("stix_object", tests);
}
