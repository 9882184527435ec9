/* test_openioc.c: OpenIOC, and the XML that it is written in. */
#include "tests/support/feed.h"

#include "intel/xml.h"

static void check(const char *in, enum ent_err want, const char *out)
{
    ent_t_feed(ENT_FORMAT_AUTO, ENT_FORMAT_OPENIOC, in, want, out);
}

#define HEAD            "<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\"><definition>\n"
#define TAIL            "\n</definition></ioc>"
#define GROUP(op, body) "<Indicator operator=\"" op "\">" body "</Indicator>"
#define OR(body)        GROUP("OR", body)
#define AND(body)       GROUP("AND", body)
#define TERM(attributes, search, value)                                                            \
    "<IndicatorItem " attributes "><Context document=\"x\" search=\"" search                       \
    "\" type=\"mir\"/><Content type=\"string\">" value "</Content></IndicatorItem>\n"
#define IS(search, value) TERM("condition=\"is\"", search, value)
/* The terms begin in line 2. */
#define IOC(body)                HEAD body TAIL
#define MD5_A                    "44d88612fea8a8f36de82e1278abb02f"
#define MD5_B                    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1_A                   "3395856ce81f2b7382dee72602f798b642f14140"
#define FILE_(property, value)   IS("FileItem/" property, value)
#define NAME_X                   FILE_("FileName", "x.exe")
#define TAKE(type, value)        "take " type " " value " TLP:AMBER -1 0 0 [] [] []\n"
#define TAKE_X(type, value)      "take " type " " value " TLP:AMBER -1 0 0 [] [] [file x.exe]\n"
#define SKIP(line, reason, what) "skip " line " [" reason "] [" what "]\n"
#define NOT                      "the term names what is not meant (isnot, negate)"
#define FUZZY                    "the term compares with contains, matches or the like"
#define ORDER                    "the term compares with greater-than or less-than"
#define CONDITION                "a condition that is not known here"
#define CAPITALS                 "the term wants capitals as they stand (preserve-case)"
#define PATH                     "the term asks for something that is not read here"
#define ELEMENT                  "an XML element that is not known here"
#define PARTS                    "a term without its Context or a value"
#define TOGETHER                 "the term must hold together with others"
#define CONTEXT                  "the term describes something without naming it"
#define OPERATOR                 "a group that is joined neither with AND nor with OR"
#define EMPTY                    "a group without terms"

/* --- terms ------------------------------------------------------------------------------------ */

/* table */
static void test_terms(void **state)
{
    (void)state;
    check(IOC(OR(FILE_("Md5sum", MD5_A) FILE_("Sha1sum", SHA1_A) FILE_(
              "Sha256sum", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))),
          ENT_OK,
          TAKE("md5", MD5_A) TAKE("sha1", SHA1_A)
              TAKE("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    check(IOC(OR(FILE_("md5Sum", MD5_A) IS("fileitem/SHA1SUM", SHA1_A))), ENT_OK,
          TAKE("md5", MD5_A) TAKE("sha1", SHA1_A));
    check(IOC(OR(IS("PortItem/remoteIP", "198.51.100.3") IS("PortItem/remoteIP", "2001:db8::1")
                     IS("RouteEntryItem/Destination", "198.51.100.0/24"))),
          ENT_OK,
          TAKE("ipv4", "198.51.100.3") TAKE("ipv6", "2001:db8::1") TAKE("net4", "198.51.100.0/24"));
    check(IOC(OR(IS("Network/DNS", "Evil[.]my-iri.org") IS("DnsEntryItem/Host", "a.example") IS(
              "DnsEntryItem/RecordName", "b.example") IS("UrlHistoryItem/HostName", "c.example")
                     IS("UrlHistoryItem/HostName", "198.51.100.4"))),
          ENT_OK,
          TAKE("domain", "evil.my-iri.org") TAKE("domain", "a.example") TAKE("domain", "b.example")
              TAKE("domain", "c.example") TAKE("ipv4", "198.51.100.4"));
    check(IOC(OR(IS("UrlHistoryItem/URL", "http://a.example/x?y=1&amp;z")
                     IS("Network/URI", "hxxp://b.example/&#x41;") IS("Email/From", "a@b.example"))),
          ENT_OK,
          TAKE("url", "http://a.example/x?y=1&z") TAKE("url", "http://b.example/A")
              TAKE("email", "a@b.example"));
    /* blanks and line ends that XML is laid out with; CDATA */
    check(IOC(OR(IS("Network/DNS", "\r\n\t a.example \n")
                     IS("Network/DNS", "<![CDATA[b.example]]>"))),
          ENT_OK, TAKE("domain", "a.example") TAKE("domain", "b.example"));
    check(IOC(OR(TERM("condition=\"IS\" negate=\"false\" preserve-case=\"0\"", "Network/DNS",
                      "a.example"))),
          ENT_OK, TAKE("domain", "a.example"));
}

/* table */
static void test_terms_skipped(void **state)
{
    static const struct {
        const char *attributes, *reason;
    } conditions[] = {
        {"condition='contains'", FUZZY},
        {"condition='matches'", FUZZY},
        {"condition='starts-with'", FUZZY},
        {"condition='ends-with'", FUZZY},
        {"condition='isnot'", NOT},
        {"condition='containsnot'", NOT},
        {"condition='contains' negate='1'", NOT},
        {"condition='is' negate='true'", NOT},
        {"condition='is' negate='True'", CONDITION},
        {"condition='is' preserve-case='true'", CAPITALS},
        {"condition='is' preserve-case='yes'", CONDITION},
        {"condition='greater-than'", ORDER},
        {"condition='less-than'", ORDER},
        {"condition='equals'", CONDITION},
        {"condition=''", CONDITION},
        {"", CONDITION},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        char in[1024], out[256];
        (void)snprintf(in, sizeof(in), IOC(OR(TERM("%s", "Network/DNS", "a.example"))),
                       conditions[i].attributes);
        (void)snprintf(out, sizeof(out), SKIP("2", "%s", "a.example"), conditions[i].reason);
        check(in, ENT_OK, out);
    }
    check(IOC(OR("\n" IS("RegistryItem/KeyPath", "HKLM\\x") IS("PortItem/localIP", "10.0.0.1") IS(
              "Email/To", "victim@b.example") IS("Network/UserAgent", "x") IS("", "a.example"))),
          ENT_OK,
          SKIP("3", PATH, "HKLM\\\\x") SKIP("4", PATH, "10.0.0.1")
              SKIP("5", PATH, "victim@b.example") SKIP("6", PATH, "x")
                  SKIP("7", PATH, "a.example"));
    /* hashes, but not of a file that somebody could find */
    check(IOC(OR(IS("ProcessItem/SectionList/MemorySection/Md5sum", MD5_A)
                     IS("ServiceItem/serviceDLLmd5sum", MD5_A))),
          ENT_OK, SKIP("2", PATH, MD5_A) SKIP("3", PATH, MD5_A));
    check(IOC(OR(NAME_X IS("PortItem/remotePort", "443") IS("PortItem/protocol", "TCP")
                     IS("PortItem/remotePort", "http") FILE_("PEInfo/Sections/Md5sum", MD5_A))),
          ENT_OK,
          SKIP("2", CONTEXT, "x.exe") SKIP("3", CONTEXT, "443") SKIP("4", CONTEXT, "TCP")
              SKIP("5", "a port is a number from 1 to 65535", "http") SKIP("6", CONTEXT, MD5_A));
    /* a value that is not what the term says */
    check(IOC(OR(FILE_("Md5sum", SHA1_A) IS("Network/DNS", "198.51.100.3")
                     IS("Network/URI", "/gate.php") IS("Network/URI", "gate.php")
                         IS("UrlHistoryItem/HostName", "http://a.example/"))),
          ENT_OK,
          SKIP("2", "not a hash of the announced kind", SHA1_A)
              SKIP("3", "the name ends in a number", "198.51.100.3")
                  SKIP("4", "a URL without its scheme, or only its path", "/gate.php")
                      SKIP("5", "a URL without its scheme, or only its path", "gate.php")
                          SKIP("6", "not an address or a name where one was announced",
                               "http://a.example/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_terms_skipped),
    };
    return ent_t_run("openioc", tests);
}
