/* test_misp.c: MISP events by table, by a naive reader written with jansson, and at hostile sizes.
 */
#include "tests/support/feed.h"

#include <inttypes.h>
#include <jansson.h>

#include "intel/misp.h"

#define ATTR(type, value) "\"to_ids\":true,\"type\":\"" type "\",\"value\":\"" value "\""
#define EVIL              ATTR("domain", "evil.example")
#define A(rest)           "{" rest "}"
#define EVENT(rest)       "{\"Event\":{\"info\":\"i\"," rest "}}"
#define ONE(rest)         EVENT("\"Attribute\":[" A(EVIL "," rest) "]")
#define TAG(name)         "\"Tag\":[{\"colour\":\"#fff\",\"name\":\"" name "\"}]"
#define TAKE(type, value) "take " type " " value " TLP:AMBER -1 0 0 [] [] [i]\n"
#define TAKE_EVIL         TAKE("domain", "evil.example")

static void check_as(enum ent_format format, const char *text, enum ent_err want, const char *out)
{
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f = ENT_FORMAT_AUTO;
    enum ent_err r = ent_t_import(&rec, &f, &d, format, ent_slice_str(text));
    const char *got = r == ENT_OK ? ent_t_record_text(&rec) : d.text;
    if (r != want || strcmp(got, out) != 0)
        print_error("%s\n", text);
    assert_err(r, want);
    assert_string_equal(got, out);
    if (r == ENT_OK)
        assert_int_equal(f, ENT_FORMAT_MISP);
    ent_buf_release(&rec.text);
}

static void check(const char *text, const char *out)
{
    check_as(ENT_FORMAT_AUTO, text, ENT_OK, out);
}

static void refuse(const char *text, const char *why)
{
    check_as(ENT_FORMAT_MISP, text, ENT_E_FORMAT, why);
}

/* --- shapes ----------------------------------------------------------------------------------- */

/* table */
static void test_shapes(void **state)
{
#define BARE "\"info\":\"i\",\"Attribute\":[" A(EVIL) "]"
    (void)state;
    check(EVENT("\"Attribute\":[" A(EVIL) "]"), TAKE_EVIL);
    check("{" BARE "}", TAKE_EVIL);
    check("[{\"Event\":{" BARE "}},{" BARE "}]", TAKE_EVIL TAKE_EVIL);
    check("{\"response\":[{\"Event\":{" BARE "}},{\"Event\":{" BARE "}}]}", TAKE_EVIL TAKE_EVIL);
    check("{\"response\":{\"Event\":{" BARE "}}}", TAKE_EVIL);
    check("{\"response\":{\"info\":\"i\",\"Attribute\":[" A(EVIL) "]}}", TAKE_EVIL);
    check("{\"info\":\"i\",\"Attribute\":" A(EVIL) "}", TAKE_EVIL);
    check("{\"name\":\"x\",\"Event\":{" BARE "},\"info\":\"not this\"}", TAKE_EVIL);
    check("{\"response\":[]}", "");
    check("{\"response\":[],\"Attribute\":5}", "");
    check_as(ENT_FORMAT_MISP, "[]", ENT_OK, "");
    check(EVENT("\"Attribute\":[],\"Object\":[]"), "");
    check(EVENT("\"Object\":[{\"name\":\"file\",\"Attribute\":[" A(EVIL) "," A(ATTR(
              "md5", "44d88612fea8a8f36de82e1278abb02f")) "],\"ObjectReference\":[" A(EVIL) "]}]"),
          TAKE_EVIL TAKE("md5", "44d88612fea8a8f36de82e1278abb02f"));
    /* what others propose, and other events, are not said by this author */
    check(EVENT("\"Attribute\":[" A(EVIL ",\"ShadowAttribute\":[" A(
              ATTR("domain",
                   "a.example")) "]") "],"
                                      "\"ShadowAttribute\":[" A(
                                          EVIL) "],\"RelatedEvent\":[{\"Event\":{" BARE "}}],"
                                                "\"Galaxy\":[{\"Tag\":[{\"name\":\"tlp:red\"}]}]"),
          TAKE_EVIL);
}

static void test_not_misp(void **state)
{
    static const char none[] = "JSON, but no MISP event";
    (void)state;
    refuse("{}", none);
    refuse("\"Event\"", none);
    refuse("[1,2]", none);
    refuse("{\"response\":5}", none);
    refuse("{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\"}]}", none);
    refuse("{\"Event\":{\"Event\":{\"Event\":{\"Event\":{\"info\":\"i\"}}}}}", none);
    refuse(EVENT("\"Attribute\":[]") "x", "more text behind the JSON value");
    refuse("{\"Event\":{\"info\":\"\xff\"}}", "a string is not UTF-8");
    check_as(ENT_FORMAT_AUTO, "{\"3dd21441-38eb-4303-a15f-0e9c885539a4\":{\"Orgc\":{}}}",
             ENT_E_FORMAT, "the manifest of a MISP feed: import the directory that it lies in");
    check_as(
        ENT_FORMAT_AUTO, "b6ef7f9a01798dfaa13eed906008cbf4,3dd21441-38eb-4303-a15f-0e9c885539a4\n",
        ENT_E_FORMAT,
        "the hashes.csv of a MISP feed: hashes of values cannot be matched; import the directory, "
        "or its events (`entente find --feed-hashes` says which are worth it)");
}

/* Cut anywhere, the file is refused, also when good attributes came before. */
static void test_truncated(void **state)
{
    static const char text[] = ONE("\"uuid\":\"u\"," TAG("tlp:red"));
    (void)state;
    for (size_t n = 1; n + 1 < sizeof(text); n++) {
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        enum ent_format f;
        assert_err(ent_t_import(&rec, &f, &d, ENT_FORMAT_MISP, ent_slice(text, n)), ENT_E_FORMAT);
        ent_buf_release(&rec.text);
    }
}

/* --- types ------------------------------------------------------------------------------------ */

#define SHA1_                   "3395856ce81f2b7382dee72602f798b642f14140"
#define SHA256_                 "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
#define WITH(type, value, text) "take " type " " value " TLP:AMBER -1 0 0 [] [] [i; " text "]\n"
#define SKIP(reason, what)      "skip 1 [" reason "] [" what "]\n"
#define NOTHING                 "not something this program can look for"

/* table */
static const struct row {
    const char *type, *value, *out;
} type_rows[] = {
    {"ip-src", "198.51.100.3", TAKE("ipv4", "198.51.100.3")},
    {"ip-dst", "2001:DB8::1", TAKE("ipv6", "2001:db8::1")},
    {"ip-dst", "198.51.100.7/24", TAKE("net4", "198.51.100.0/24")},
    {"ip-dst|port", "198.51.100.3|443", TAKE("endpoint", "198.51.100.3:443")},
    {"ip-src|port", "2001:db8::1|443", TAKE("endpoint", "[2001:db8::1]:443")},
    {"domain", "EVIL.example.", TAKE("domain", "evil.example")},
    {"hostname", "c2[.]evil.example", TAKE("domain", "c2.evil.example")},
    {"onion-address", "expyuzz4wqqyqhjn.onion", TAKE("domain", "expyuzz4wqqyqhjn.onion")},
    {"domain|ip", "evil.example|198.51.100.3",
     WITH("domain", "evil.example", "resolved to 198.51.100.3")},
    {"url", "hxxp://evil.example/a|b", TAKE("url", "http://evil.example/a|b")},
    {"uri", "evil.example/x", TAKE("url", "http://evil.example/x")},
    {"email", "a@evil.example", TAKE("email", "a@evil.example")},
    {"email-src", "a@evil.example", TAKE("email", "a@evil.example")},
    {"email-dst", "a@evil.example", TAKE("email", "a@evil.example")},
    {"email-reply-to", "a@evil.example", TAKE("email", "a@evil.example")},
    {"sha1", SHA1_, TAKE("sha1", SHA1_)},
    {"sha256", SHA256_, TAKE("sha256", SHA256_)},
    {"sha512", SHA256_ SHA256_, TAKE("sha512", SHA256_ SHA256_)},
    {"filename|sha1", "a|b.exe|" SHA1_, WITH("sha1", SHA1_, "file a|b.exe")},
    {"filename|sha256", "|" SHA256_, TAKE("sha256", SHA256_)},
    {"filename|sha512", "x|" SHA256_ SHA256_, WITH("sha512", SHA256_ SHA256_, "file x")},
    {"filename|md5", "x|44d88612fea8a8f36de82e1278abb02f",
     WITH("md5", "44d88612fea8a8f36de82e1278abb02f", "file x")},
    {"malware-sample", "x|44d88612fea8a8f36de82e1278abb02f",
     WITH("md5", "44d88612fea8a8f36de82e1278abb02f", "file x")},
    /* wrong values */
    {"ip-dst", "evil.example", SKIP("an IPv4 address has four numbers", "evil.example")},
    {"ip-dst|port", "198.51.100.3",
     SKIP("a value of two parts without the '|' between them", "198.51.100.3")},
    {"ip-dst|port", "198.51.100.3|99999",
     SKIP("a port is a number from 1 to 65535", "198.51.100.3|99999")},
    {"ip-dst|port", "198.51.100.0/24|80",
     SKIP("a port next to what is not an address", "198.51.100.0/24|80")},
    {"filename|md5", "x.exe", SKIP("a value of two parts without the '|' between them", "x.exe")},
    {"md5", SHA1_, SKIP("not a hash of the announced kind", SHA1_)},
    {"uri", "/gate.php", SKIP("a URL without a host", "/gate.php")},
    {"domain", "198.51.100.3", SKIP("the name ends in a number", "198.51.100.3")},
    /* has the form of a file's hash and is none */
    {"x509-fingerprint-sha1", SHA1_, SKIP(NOTHING, SHA1_)},
    {"ja3-fingerprint-md5", "44d88612fea8a8f36de82e1278abb02f",
     SKIP(NOTHING, "44d88612fea8a8f36de82e1278abb02f")},
    /* without its port it would mean more than was said */
    {"hostname|port", "evil.example|80", SKIP(NOTHING, "evil.example|80")},
    {"link", "https://a.example/report", SKIP(NOTHING, "https://a.example/report")},
    {"Domain", "evil.example", SKIP(NOTHING, "evil.example")},
    {"no-such-type", "x", SKIP(NOTHING, "x")},
    {"domain", "", SKIP("empty", "")},
    {"", "evil.example", SKIP("an attribute without a type", "evil.example")},
};

static void test_types(void **state)
{
    char text[4096];
    (void)state;
    for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++) {
        (void)snprintf(text, sizeof(text), EVENT("\"Attribute\":[" A(ATTR("%s", "%s")) "]"),
                       type_rows[i].type, type_rows[i].value);
        check(text, type_rows[i].out);
    }
}

/* MISP's own list: each type is in the table above, or nothing to look for. */
static void test_all_types(void **state)
{
    struct ent_cur c = ent_cur(ent_t_file("tests/data/misp/types.txt"));
    struct ent_slice name;
    size_t known = 0, all = 0;
    (void)state;
    while (ent_cur_line(&c, &name) == ENT_OK) {
        bool row = false;
        for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++)
            row = row || (ent_slice_eq(name, ent_slice_str(type_rows[i].type)) &&
                          ent_slice_starts(ent_slice_str(type_rows[i].out), ENT_SLICE_LIT("take")));
        if (row == (ent_misp_type(name) == NULL) && !ent_slice_eq(name, ENT_SLICE_LIT("md5")))
            fail_msg("%.*s", (int)name.n, (const char *)name.p);
        known += ent_misp_type(name) != NULL;
        all++;
    }
    assert_int_equal(all, 194);
    assert_int_equal(known, 23);
}

/* --- what an attribute says ------------------------------------------------------------------- */

/* table */
static void test_fields(void **state)
{
#define SAYS(tlp, confidence, from, id, kind, text)                                                \
    "take domain evil.example " tlp " " confidence " " from " 0 [" id "] [" kind "] [" text "]\n"
    (void)state;
    check(ONE("\"uuid\":\"3b97f38f-d8e0-4406-8ec7-b2be1314d7bb\",\"category\":\"Network activity\","
              "\"comment\":\"C2\\n server\",\"timestamp\":\"1534723200\",\"distribution\":\"3\""),
          SAYS("TLP:AMBER", "-1", "1534723200", "3b97f38f-d8e0-4406-8ec7-b2be1314d7bb",
               "Network activity", "i; C2 server"));
    /* numbers as text or not, null as if it were missing; when it was first seen outranks */
    check(ONE("\"timestamp\":1534723200"), SAYS("TLP:AMBER", "-1", "1534723200", "", "", "i"));
    check(ONE("\"timestamp\":\"5\",\"first_seen\":null,\"comment\":null,\"deleted\":null,\"Tag\":"
              "null"),
          SAYS("TLP:AMBER", "-1", "5", "", "", "i"));
    check(ONE("\"first_seen\":\"2018-08-20T02:00:00.123456+02:00\",\"timestamp\":\"5\""),
          SAYS("TLP:AMBER", "-1", "1534723200", "", "", "i"));
    /* what an event says about all of them, before or behind them */
    check(
        "{\"Event\":{\"Orgc\":{\"uuid\":\"x\",\"name\":\"CERT\"},\"Attribute\":[" A(
            EVIL ",\"comment\":\"c\"," TAG(
                "misp-galaxy:rat=\\\"Adwind\\\"")) "],\"info\":\"about\","
                                                   "\"threat_level_id\":\"1\",\"Tag\":[{\"name\":"
                                                   "\"misp-galaxy:threat-actor=\\\"Turla "
                                                   "Group\\\"\"},{\"name\":\"misp-galaxy:mitre-"
                                                   "malware=\\\"Kazuar\\\"\"},{\"name\":"
                                                   "\"misp-galaxy:mitre-attack-pattern="
                                                   "\\\"Domains\\\"\"}]}}",
        "take domain evil.example TLP:AMBER -1 0 0 [] [] [CERT; about; Turla Group, Kazuar; threat "
        "level high; Adwind; c] {misp-galaxy:mitre-attack-pattern=\"Domains\"} {misp-galaxy:mitre-"
        "malware=\"Kazuar\"} {misp-galaxy:rat=\"Adwind\"} {misp-galaxy:threat-actor=\"Turla "
        "Group\"}\n");
    check(EVENT("\"threat_level_id\":4,\"Attribute\":[" A(EVIL) "]"), TAKE_EVIL);
    check(EVENT("\"threat_level_id\":3,\"Attribute\":[" A(EVIL) "]"),
          SAYS("TLP:AMBER", "-1", "0", "", "", "i; threat level low"));
}

/* table */
static void test_tlp(void **state)
{
    static const struct {
        const char *event, *attribute, *want, *labels;
    } rows[] = {
        {"tlp:white", "x", "TLP:CLEAR", " {x}"},
        {"TLP:GREEN", "x", "TLP:GREEN", " {x}"},
        {"x", "tlp:clear", "TLP:CLEAR", " {x}"},
        {"tlp:green", "tlp:amber+strict", "TLP:AMBER+STRICT", ""},
        {"tlp:red", "tlp:white", "TLP:RED", ""},
        {"tlp:amber", "tlp:green", "TLP:AMBER", ""},
        {"tlp:white\"},{\"name\":\"tlp:red\"},{\"name\":\"tlp:green", "x", "TLP:RED", " {x}"},
        {"tlp:white", "tlp:ex:chr", "TLP:RED", ""},
        {"tlp:unclear", "x", "TLP:RED", " {x}"},
        {" tlp:", "x", "TLP:RED", " {x}"},
        {"tlp", "x", "TLP:AMBER", " {tlp} {x}"},
        {"distribution:tlp:white", "x", "TLP:AMBER", " {distribution:tlp:white} {x}"},
    };
    char text[1024], out[512];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(out, sizeof(out), "take domain evil.example %s -1 0 0 [] [] [i]%s\n",
                       rows[i].want, rows[i].labels);
        (void)snprintf(text, sizeof(text),
                       EVENT("\"Attribute\":[" A(EVIL "," TAG("%s")) "]," TAG("%s")),
                       rows[i].attribute, rows[i].event);
        check(text, out);
        (void)snprintf(text, sizeof(text),
                       EVENT(TAG("%s") ",\"Object\":[{\"Attribute\":" A(EVIL) "," TAG("%s") "}]"),
                       rows[i].event, rows[i].attribute);
        check(text, out);
    }
    check(EVENT("\"distribution\":\"0\",\"Attribute\":[" A(
              EVIL ",\"distribution\":\"3\"") "],"
                                              "\"Tag\":{\"name\":\"tlp:green\"}"),
          SAYS("TLP:GREEN", "-1", "0", "", "", "i"));
}

/* table */
static void test_confidence(void **state)
{
    static const struct {
        const char *event, *attribute;
        int want;
        const char *labels;
    } rows[] = {
        {"admiralty-scale:information-credibility=\\\"2\\\"", "x", 70, " {x}"},
        {"admiralty-scale:information-credibility=2", "x", 70, " {x}"},
        {"admiralty-scale:information-credibility=\\\"6\\\"", "x", -1, " {x}"},
        {"admiralty-scale:source-reliability=\\\"a\\\"", "x", -1,
         " {admiralty-scale:source-reliability=\"a\"} {x}"},
        {"misp:confidence-level=\\\"usually-confident\\\"", "x", 75, " {x}"},
        {"misp:confidence-level=\\\"unconfident\\\"", "x", 0, " {x}"},
        {"misp:confidence-level=\\\"confidence-cannot-be-evalued\\\"", "x", -1, " {x}"},
        {"estimative-language:likelihood-probability=\\\"almost-certain\\\"", "x", 95, " {x}"},
        {"estimative-language:likelihood-probability=\\\"likely\\\"", "x", 70, " {x}"},
        {"osint:certainty=\\\"93\\\"", "x", 93, " {x}"},
        {"osint:certainty=\\\"101\\\"", "x", -1, " {x}"},
        {"osint:certainty=\\\"-1\\\"", "x", -1, " {x}"},
        /* nearest to what it is about; of several the lowest */
        {"osint:certainty=\\\"93\\\"", "osint:certainty=\\\"100\\\"", 100, ""},
        {"osint:certainty=\\\"93\\\"", "osint:certainty=\\\"7\\\"", 7, ""},
        {"osint:certainty=\\\"93\\\"\"},{\"name\":\"misp:confidence-level=\\\"fairly-confident\\\"",
         "x", 50, " {x}"},
    };
    char text[1024], out[512];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(out, sizeof(out), "take domain evil.example TLP:AMBER %d 0 0 [] [] [i]%s\n",
                       rows[i].want, rows[i].labels);
        (void)snprintf(text, sizeof(text),
                       EVENT("\"Attribute\":[" A(EVIL "," TAG("%s")) "]," TAG("%s")),
                       rows[i].attribute, rows[i].event);
        check(text, out);
    }
}

static void test_withdrawn(void **state)
{
    (void)state;
    check(ONE("\"uuid\":\"u\",\"deleted\":true"), "withdraw [u]\n");
    check(ONE("\"uuid\":\"u\",\"deleted\":\"1\""), "withdraw [u]\n");
    check(ONE("\"uuid\":\"u\",\"deleted\":\"0\""), SAYS("TLP:AMBER", "-1", "0", "u", "", "i"));
    check(ONE("\"deleted\":true"), SKIP("deleted by its author", "evil.example"));
    check(ONE("\"deleted\":\"yes\""),
          SKIP("\"deleted\" is neither true nor false", "evil.example"));
    /* whatever it was */
    check(EVENT("\"Attribute\":[{\"deleted\":true,\"to_ids\":false,\"uuid\":\"u\"}]"),
          "withdraw [u]\n");
    check(EVENT("\"Object\":[{\"Attribute\":[" A(EVIL ",\"uuid\":\"a\"") "," A(
              EVIL) "],\"deleted\":true}],\"Attribute\":[" A(EVIL) "]"),
          "withdraw [a]\n" SKIP("deleted by its author", "evil.example") TAKE_EVIL);
}

/* table */
static void test_skipped(void **state)
{
#define BUT(rest) EVENT("\"Attribute\":[" rest "," A(EVIL) "]")
    (void)state;
    check(BUT("{\"to_ids\":false,\"type\":\"domain\",\"value\":\"a.example\"}"),
          SKIP("\"to_ids\" is false: context, nothing to look for", "a.example") TAKE_EVIL);
    check(BUT("{\"type\":\"domain\",\"value\":\"a.example\"}"),
          SKIP("\"to_ids\" is missing: it says whether to look for this", "a.example") TAKE_EVIL);
    check(BUT("{\"to_ids\":\"maybe\",\"type\":\"domain\",\"value\":\"a.example\"}"),
          SKIP("\"to_ids\" is missing: it says whether to look for this", "a.example") TAKE_EVIL);
    check(BUT("5,[{}],{\"to_ids\":true,\"type\":\"domain\",\"value\":[1]}"),
          SKIP("not an object", "5") SKIP("not an object", "")
              SKIP("a value that is no string, or of more than 8,192 bytes", "") TAKE_EVIL);
    check(BUT("{\"to_ids\":true,\"type\":{},\"value\":\"a.example\"}"),
          SKIP("an attribute without a type", "a.example") TAKE_EVIL);
    check(BUT("{" EVIL ",\"value\":\"b.example\"}"),
          SKIP("a property stands twice in the attribute", "evil.example") TAKE_EVIL);
    check(BUT("{" EVIL ",\"to_ids\":true}"),
          SKIP("a property stands twice in the attribute", "evil.example") TAKE_EVIL);
    check(BUT("{" EVIL ",\"uuid\":[]}"),
          SKIP("its uuid is no string, or of more than 64 bytes", "evil.example") TAKE_EVIL);
    check(BUT("{" EVIL ",\"timestamp\":\"yesterday\"}"),
          SKIP("timestamp or first_seen is not a time", "evil.example") TAKE_EVIL);
    check(BUT("{" EVIL ",\"first_seen\":\"2018-13-01\"}"),
          SKIP("timestamp or first_seen is not a time", "evil.example") TAKE_EVIL);
    /* a marking that cannot be read might have been a narrow one */
    check(BUT("{" EVIL ",\"Tag\":\"tlp:red\"}"),
          SKIP("its tags cannot be read", "evil.example") TAKE_EVIL);
    check(BUT("{" EVIL ",\"Tag\":[{\"name\":5}]}"),
          SKIP("its tags cannot be read", "evil.example") TAKE_EVIL);
    check(BUT("{" EVIL ",\"Tag\":[{\"name\":\"tlp:white\",\"name\":\"tlp:red\"}]}"),
          SKIP("its tags cannot be read", "evil.example") TAKE_EVIL);
    check(BUT("{" EVIL ",\"Tag\":[{\"id\":\"1\"}]}"),
          SKIP("its tags cannot be read", "evil.example") TAKE_EVIL);
    check(EVENT("\"Attribute\":[" A(EVIL) "],\"Tag\":5"),
          SKIP("the event's tags cannot be read", "i"));
    check(EVENT("\"Tag\":[],\"Attribute\":[" A(EVIL) "],\"Tag\":[]"),
          SKIP("a property stands twice in the event", "i"));
    check(EVENT("\"Attribute\":[" A(EVIL) "],\"Object\":[{\"Attribute\":[" A(
              EVIL) "],\"Tag\":5},"
                    "{\"Attribute\":[" A(
                        EVIL) "],\"deleted\":5},{\"Attribute\":[],\"Attribute\":[" A(EVIL) "]}]"),
          SKIP("the object's tags cannot be read", "")
              SKIP("\"deleted\" is neither true nor false", "")
                  SKIP("a property stands twice in the object", "") TAKE_EVIL);
    check(EVENT("\"Attribute\":\"none\""),
          SKIP("what should be a list of attributes or objects is none", "i"));
    check(EVENT("\"Event\":{\"info\":\"j\",\"Attribute\":[" A(EVIL) "]}"),
          SKIP("an event where none belongs", "Event"));
    check("[{\"x\":1},{\"Event\":{\"info\":\"i\",\"Attribute\":[" A(EVIL) "]}}]",
          SKIP("an object that is no event", "") TAKE_EVIL);
}

static enum ent_err read_with(struct ent_t_record *rec, const struct ent_import_opts *opts,
                              const struct ent_import_sink *sink, const char *text)
{
    struct ent_slice left = ent_slice_str(text);
    (void)rec;
    return ent_intel_read(ent_reader_mem(&left), opts, sink, NULL, NULL);
}

static void test_options(void **state)
{
    static const char text[] =
        EVENT("\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.example\"},"
              "{\"to_ids\":false,\"type\":\"text\",\"value\":\"x\"},"
              "{\"to_ids\":false,\"type\":\"domain\",\"value\":\"b.example\"}]");
    struct ent_import_opts opts = {.confidence = 20, .tlp = ENT_TLP_GREEN, .unflagged = true};
    struct ent_t_record rec = {0};
    (void)state;
    ent_t_record_init(&rec);
    struct ent_import_sink sink = ent_t_record_sink(&rec);
    assert_ok(read_with(&rec, &opts, &sink, text));
    assert_string_equal(ent_t_record_text(&rec),
                        SKIP(NOTHING, "x") "take domain a.example TLP:GREEN 20 0 0 [] [] [i]\n"
                                           "take domain b.example TLP:GREEN 20 0 0 [] [] [i]\n");
    /* a sink that cannot withdraw is told why nothing is taken */
    ent_t_record_init(&rec);
    sink.withdraw = NULL;
    assert_ok(read_with(&rec, &opts, &sink, ONE("\"uuid\":\"u\",\"deleted\":true")));
    assert_string_equal(ent_t_record_text(&rec), SKIP("deleted by its author", "u"));
    /* its error ends the reading */
    for (size_t n = 1; n <= 3; n++) {
        ent_t_record_init(&rec);
        rec.stop_after = n;
        assert_err(read_with(&rec, &opts, &sink, text), ENT_E_FULL);
        assert_int_equal(rec.taken + rec.skipped, n);
    }
    ent_buf_release(&rec.text);
}

/* --- sizes ------------------------------------------------------------------------------------ */

static void repeat(enum ent_err want, const char *why, struct ent_t_repeat *text, uint64_t taken)
{
    const struct ent_import_opts opts = {.format = ENT_FORMAT_MISP, .confidence = -1};
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    ent_t_record_init(&rec);
    struct ent_import_sink sink = ent_t_record_sink(&rec);
    assert_err(ent_intel_read(ent_t_repeat_reader(text), &opts, &sink, NULL, &d), want);
    if (want != ENT_OK)
        assert_string_equal(d.text, why);
    assert_int_equal(rec.taken, taken);
    ent_buf_release(&rec.text);
}

static void test_huge(void **state)
{
    static const struct ent_slice
        data = ENT_SLICE_LIT("QUJD"),
        name = ENT_SLICE_LIT(",\"name\":\"x\""),
        context =
            ENT_SLICE_LIT(",{\"type\":\"yara\",\"value\":\"x\",\"Tag\":[{\"name\":\"tlp:red\"}]}");
    const uint64_t times = ENT_T_SANITIZED ? 1u << 18 : 1u << 20;
    struct ent_t_repeat rows[] = {
        {ENT_SLICE_LIT("{\"Event\":{\"Attribute\":[{" EVIL ",\"data\":\""), data,
         ENT_SLICE_LIT("\"}]}}"), data.n * 32 * times, 0},
        {ENT_SLICE_LIT("{\"Event\":{\"Attribute\":[{" EVIL "}],\"Orgc\":{\"name\":\"x\""), name,
         ENT_SLICE_LIT("}}}"), name.n * 8 * times, 0},
        {ENT_SLICE_LIT("{\"Event\":{\"Object\":[{\"Attribute\":[{" EVIL "}"), context,
         ENT_SLICE_LIT("]}]}}"), context.n * times / 64, 0},
    };
    (void)state;
    size_t peak = ent_t_peak_memory();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        repeat(ENT_OK, NULL, &rows[i], 1);
    assert_true(ENT_T_SANITIZED || ent_t_peak_memory() - peak < 16u << 20);
}

/* More in one event than is held. */
static void test_too_much(void **state)
{
    struct ent_slice unit = ENT_SLICE_LIT(",{" EVIL ",\"comment\":\"some words that need room, as "
                                          "real comments do, and then some\"}");
    struct ent_t_repeat text = {
        ENT_SLICE_LIT("{\"Event\":{\"info\":\"i\",\"Attribute\":[{" EVIL "}"), unit,
        ENT_SLICE_LIT("]}}"), unit.n * 400000, 0};
    (void)state;
    repeat(ENT_E_LIMIT, "an event with more than 64 MiB of indicators", &text, 0);
    assert_true(ENT_T_SANITIZED || ent_t_peak_memory() < 160u << 20);
}

static void test_long_values(void **state)
{
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_buf_puts(&b, "{\"Event\":{\"info\":\""));
    for (int i = 0; i < 300; i++)
        assert_ok(ent_buf_puts(&b, "\xc3\xa9"));
    assert_ok(
        ent_buf_puts(&b, "\",\"Attribute\":[{\"to_ids\":true,\"type\":\"url\",\"value\":\"http:"));
    for (int i = 0; i < 9000; i++)
        assert_ok(ent_buf_putc(&b, '/'));
    assert_ok(ent_buf_puts(&b, "\"},{" EVIL ",\"Tag\":[{\"name\":\"tlp:white"));
    for (int i = 0; i < 9000; i++)
        assert_ok(ent_buf_putc(&b, ' '));
    assert_ok(ent_buf_puts(&b, "x\"}],\"comment\":\""));
    for (int i = 0; i < 3000; i++)
        assert_ok(ent_buf_puts(&b, "\xc3\xa9"));
    assert_ok(ent_buf_puts(&b, "\"}]}}"));
    assert_ok(ent_buf_putc(&b, '\0'));
    struct ent_t_record rec = {0};
    struct ent_diag d;
    enum ent_format f;
    assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_MISP, ent_slice(b.p, b.n - 1)));
    assert_int_equal(rec.taken, 0);
    const char *text = ent_t_record_text(&rec);
    assert_non_null(
        strstr(text, "skip 1 [a value that is no string, or of more than 8,192 bytes]"));
    /* a marking that was cut is not the marking it begins with */
    assert_non_null(strstr(text, "skip 1 [its tags cannot be read] [evil.example]"));
    ent_buf_release(&rec.text);
    ent_buf_release(&b);
}

/* --- against jansson -------------------------------------------------------------------------- */

static const char *const files[] = {
    "2018-11-20_Zebrocy.json",
    "57c4445b-c548-4654-af0b-4be3950d210f.json",
    "bespin.json",
    "cloudmensis.misp.json",
    "def_param.json",
    "event_obj_attr_tag.json",
    "japanese_test.json",
    "malware_exist.json",
    "misp-telebots.json",
    "misp_event.json",
    "new_misp_event.json",
    "shadow.json",
    "sighting_1.json",
    "test_attributes_collection_1.json",
    "test_attributes_collection_2.json",
    "test_events_collection_1.json",
    "test_events_collection_2.json",
    "test_objects_collection_1.json",
    "test_objects_collection_2.json",
    "to_delete1.json",
};

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s == NULL ? "" : s;
}

static enum ent_tlp naive_tlp(const json_t *o)
{
    static const char *const names[] = {"tlp:white", "tlp:green", "tlp:amber", "tlp:red"};
    static const enum ent_tlp tlps[] = {ENT_TLP_CLEAR, ENT_TLP_GREEN, ENT_TLP_AMBER, ENT_TLP_RED};
    enum ent_tlp most = (enum ent_tlp)0;
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(o, "Tag"), i, t)
    {
        for (size_t k = 0; k < 4; k++)
            if (strcmp(text_of(t, "name"), names[k]) == 0 && tlps[k] > most)
                most = tlps[k];
    }
    return most;
}

static void naive_attribute(struct ent_buf *out, const json_t *a, enum ent_tlp tlp, bool unflagged)
{
    static const struct {
        const char *type;
        char part; /* which side of the '|' counts: '<', '>', or the whole: '=' */
    } kinds[] = {{"domain", '='},        {"hostname", '='},      {"url", '='},
                 {"ip-src", '='},        {"ip-dst", '='},        {"md5", '='},
                 {"sha1", '='},          {"sha256", '='},        {"sha512", '='},
                 {"email-src", '='},     {"email-dst", '='},     {"domain|ip", '<'},
                 {"filename|md5", '>'},  {"filename|sha1", '>'}, {"filename|sha256", '>'},
                 {"malware-sample", '>'}};
    const char *value = text_of(a, "value");
    const char *bar = strrchr(value, '|');
    struct ent_slice s = ent_slice_str(value);
    struct ent_observable o;
    char part = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].type, text_of(a, "type")) == 0)
            part = kinds[i].part;
    if (part == '<' && bar != NULL)
        s.n = (size_t)(bar - value);
    if (part == '>' && bar != NULL)
        s = ent_slice_str(bar + 1);
    if (json_is_true(json_object_get(a, "deleted"))) {
        assert_ok(ent_buf_printf(out, "withdraw %s\n", text_of(a, "uuid")));
        return;
    }
    if (part == 0 || !(unflagged || json_is_true(json_object_get(a, "to_ids"))) ||
        ent_observable_parse(&o, NULL, s) != ENT_OK)
        return;
    enum ent_tlp own = naive_tlp(a);
    tlp = own > tlp ? own : tlp;
    const char *first = text_of(a, "first_seen");
    int64_t from = strtoll(text_of(a, "timestamp"), NULL, 10);
    if (first[0] != '\0')
        assert_ok(ent_time_parse(&from, ent_slice_str(first)));
    assert_ok(ent_buf_printf(out, "take %s %s %s %" PRId64 " %s %s\n", ent_obs_type_name(o.type),
                             o.text, ent_tlp_name(tlp == 0 ? ENT_TLP_AMBER : tlp), from,
                             text_of(a, "uuid"), text_of(a, "category")));
}

static void naive_attributes(struct ent_buf *out, const json_t *list, enum ent_tlp tlp,
                             bool unflagged)
{
    size_t i;
    json_t *a;
    json_array_foreach(list, i, a) naive_attribute(out, a, tlp, unflagged);
}

static void naive_event(struct ent_buf *out, const json_t *e, bool unflagged)
{
    size_t i;
    json_t *o, *value;
    const char *key;
    enum ent_tlp tlp = naive_tlp(e);
    /* in the order of the text */
    json_object_foreach((json_t *)(uintptr_t)e, key, value)
    {
        if (strcmp(key, "Attribute") == 0)
            naive_attributes(out, value, tlp, unflagged);
        if (strcmp(key, "Object") != 0)
            continue;
        if (json_is_object(value))
            naive_attributes(out, json_object_get(value, "Attribute"), tlp, unflagged);
        json_array_foreach(value, i, o)
            naive_attributes(out, json_object_get(o, "Attribute"), tlp, unflagged);
    }
}

static void naive_any(struct ent_buf *out, const json_t *j, bool unflagged)
{
    size_t i;
    json_t *v;
    if (json_object_get(j, "response") != NULL) {
        naive_any(out, json_object_get(j, "response"), unflagged);
    } else if (json_object_get(j, "Event") != NULL) {
        naive_any(out, json_object_get(j, "Event"), unflagged);
    } else if (json_is_array(j)) {
        json_array_foreach(j, i, v) naive_any(out, v, unflagged);
    } else {
        naive_event(out, j, unflagged);
    }
}

static enum ent_err short_take(void *ctx, const struct ent_indicator *ind)
{
    assert_ok(ent_buf_printf(ctx, "take %s %s %s %" PRId64 " %.*s %.*s\n",
                             ent_obs_type_name(ind->obs.type), ind->obs.text,
                             ent_tlp_name(ind->tlp), ind->valid_from, (int)ind->id.n,
                             (const char *)ind->id.p, (int)ind->kind.n, (const char *)ind->kind.p));
    return ENT_OK;
}

static enum ent_err short_withdraw(void *ctx, struct ent_slice id)
{
    assert_ok(ent_buf_printf(ctx, "withdraw %.*s\n", (int)id.n, (const char *)id.p));
    return ENT_OK;
}

static void ours(struct ent_buf *out, struct ent_slice s, bool unflagged)
{
    const struct ent_import_opts opts = {
        .format = ENT_FORMAT_MISP, .confidence = -1, .unflagged = unflagged};
    const struct ent_import_sink sink = {out, short_take, NULL, short_withdraw, NULL};
    ent_buf_clear(out);
    assert_ok(ent_intel_read(ent_reader_mem(&s), &opts, &sink, NULL, NULL));
    assert_ok(ent_buf_putc(out, '\0'));
}

static struct ent_slice real_file(size_t i)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "tests/data/misp/%s", files[i]);
    return ent_t_file(path);
}

static void test_against_jansson(void **state)
{
    struct ent_buf mine, naive;
    size_t lines = 0;
    (void)state;
    ent_buf_init(&mine, 1u << 20);
    ent_buf_init(&naive, 1u << 20);
    for (size_t i = 0; i < 2 * (sizeof(files) / sizeof(files[0])); i++) {
        struct ent_slice s = real_file(i / 2);
        json_t *j = json_loadb((const char *)s.p, s.n, 0, NULL);
        assert_non_null(j);
        ent_buf_clear(&naive);
        naive_any(&naive, j, i % 2 == 1);
        assert_ok(ent_buf_putc(&naive, '\0'));
        json_decref(j);
        ours(&mine, s, i % 2 == 1);
        if (strcmp((const char *)mine.p, (const char *)naive.p) != 0)
            print_error("%s\n", files[i / 2]);
        assert_string_equal((const char *)mine.p, (const char *)naive.p);
        for (size_t k = 0; k < mine.n; k++)
            lines += mine.p[k] == '\n';
    }
    assert_true(lines > 300);
    ent_buf_release(&mine);
    ent_buf_release(&naive);
}

/* The same JSON with the properties of every object in another order. */
static json_t *shuffled(const json_t *j)
{
    json_t *ret, *v;
    size_t i, n = json_object_size(j);
    const char *key, *keys[256];
    if (json_is_array(j)) {
        ret = json_array();
        json_array_foreach(j, i, v) assert_int_equal(json_array_append_new(ret, shuffled(v)), 0);
        return ret;
    }
    if (!json_is_object(j))
        return json_deep_copy(j);
    assert_true(n < 256);
    i = 0;
    json_object_foreach((json_t *)(uintptr_t)j, key, v) keys[i++] = key;
    ret = json_object();
    for (; n > 0; n--) {
        size_t k = (size_t)ent_t_below(n);
        v = shuffled(json_object_get(j, keys[k]));
        assert_int_equal(json_object_set_new(ret, keys[k], v), 0);
        keys[k] = keys[n - 1];
    }
    return ret;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of the text, sorted: attributes and objects may have changed places. */
static size_t sorted(char *text, char *line[], size_t max)
{
    size_t n = 0;
    for (char *at = text; *at != '\0'; n++) {
        assert_true(n < max);
        line[n] = at;
        at = strchr(at, '\n');
        *at++ = '\0';
    }
    qsort(line, n, sizeof(line[0]), by_text);
    return n;
}

static void test_any_order(void **state)
{
    static char *one[1024], *two[1024];
    struct ent_buf before, after;
    (void)state;
    ent_buf_init(&before, 1u << 20);
    ent_buf_init(&after, 1u << 20);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct ent_slice s = real_file(i);
        json_t *j = json_loadb((const char *)s.p, s.n, 0, NULL);
        json_t *other = shuffled(j);
        char *text = json_dumps(other, 0);
        ours(&before, s, true);
        ours(&after, ent_slice_str(text), true);
        size_t n = sorted((char *)before.p, one, 1024);
        assert_int_equal(sorted((char *)after.p, two, 1024), n);
        for (size_t k = 0; k < n; k++)
            assert_string_equal(one[k], two[k]);
        free(text);
        json_decref(other);
        json_decref(j);
    }
    ent_buf_release(&before);
    ent_buf_release(&after);
}

/* Flipped and cut bytes of a real file: an error or a result, never more. */
static void test_mutations(void **state)
{
    struct ent_slice s = ent_t_file("tests/data/misp/test_objects_collection_1.json");
    uint8_t *copy = malloc(s.n);
    (void)state;
    assert_non_null(copy);
    for (int i = 0; i < (ENT_T_SANITIZED ? 300 : 3000); i++) {
        struct ent_t_record rec = {0};
        const struct ent_import_opts opts = {.format = ENT_FORMAT_MISP, .confidence = -1};
        memcpy(copy, s.p, s.n);
        for (uint64_t k = 1 + ent_t_below(8); k > 0; k--)
            copy[ent_t_below(s.n)] ^= (uint8_t)(1u << ent_t_below(8));
        struct ent_slice left = ent_slice(copy, ent_t_below(4) == 0 ? ent_t_below(s.n) : s.n);
        ent_t_record_init(&rec);
        struct ent_import_sink sink = ent_t_record_sink(&rec);
        enum ent_err r = ent_intel_read(ent_reader_mem(&left), &opts, &sink, NULL, NULL);
        assert_true(r == ENT_OK || r == ENT_E_FORMAT);
        assert_true(rec.taken <= 8);
        ent_buf_release(&rec.text);
    }
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huge), /* first: it looks at the peak of memory */
        cmocka_unit_test(test_too_much),    cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_not_misp),    cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_types),       cmocka_unit_test(test_all_types),
        cmocka_unit_test(test_fields),      cmocka_unit_test(test_tlp),
        cmocka_unit_test(test_confidence),  cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_skipped),     cmocka_unit_test(test_options),
        cmocka_unit_test(test_long_values), cmocka_unit_test(test_against_jansson),
        cmocka_unit_test(test_any_order),   cmocka_unit_test(test_mutations),
    };
    return ent_t_run("misp", tests);
}
