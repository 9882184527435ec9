/* test_openioc.c: OpenIOC, and the XML that it is written in. */
#include "tests/support/feed.h"

#include "intel/xml.h"

#include <inttypes.h>

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
    /* as MISP writes them */
    check(IOC(OR(IS("TaskItem/sha1sum", SHA1_A) IS("RouteEntryItem/Destination", "a.example"))),
          ENT_OK, TAKE("sha1", SHA1_A) TAKE("domain", "a.example"));
    check(IOC(AND(IS("TaskItem/md5sum", MD5_A) NAME_X)), ENT_OK,
          SKIP("2", TOGETHER, MD5_A) SKIP("3", TOGETHER, "x.exe"));
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

/* --- AND and OR ------------------------------------------------------------------------------- */

/* table */
static void test_or(void **state)
{
    (void)state;
    check(IOC(OR(IS("Network/DNS", "a.example") OR(OR(IS("Network/DNS", "b.example")))
                     IS("Network/DNS", "c.example"))),
          ENT_OK,
          TAKE("domain", "a.example") TAKE("domain", "b.example") TAKE("domain", "c.example"));
    check(IOC(GROUP("or", IS("Network/DNS", "a.example"))), ENT_OK, TAKE("domain", "a.example"));
    check(IOC(OR("\n" OR("") AND("") IS("Network/DNS", "a.example"))), ENT_OK,
          SKIP("3", EMPTY, "") SKIP("3", EMPTY, "") TAKE("domain", "a.example"));
    check(IOC(GROUP("XOR", IS("Network/DNS", "a.example") NAME_X)), ENT_OK,
          SKIP("2", OPERATOR, "a.example") SKIP("3", OPERATOR, "x.exe"));
    check(IOC("<Indicator>" IS("Network/DNS", "a.example") "</Indicator>"), ENT_OK,
          SKIP("2", OPERATOR, "a.example"));
    check(IOC(OR(GROUP("NOT", OR(IS("Network/DNS", "a.example") AND(FILE_("Md5sum", MD5_A)))))),
          ENT_OK, SKIP("2", OPERATOR, "a.example") SKIP("3", OPERATOR, MD5_A));
}

/* table */
static void test_and_taken(void **state)
{
    (void)state;
    check(IOC(AND(IS("Network/DNS", "a.example"))), ENT_OK, TAKE("domain", "a.example"));
    check(IOC(AND(OR(AND(IS("PortItem/remoteIP", "198.51.100.3")) IS("Network/DNS", "a.example")))),
          ENT_OK, TAKE("ipv4", "198.51.100.3") TAKE("domain", "a.example"));
    check(IOC(AND(NAME_X FILE_("Md5sum", MD5_A) FILE_("SizeInBytes", "7"))), ENT_OK,
          TAKE_X("md5", MD5_A));
    check(IOC(AND(FILE_("Md5sum", MD5_A) TERM("condition='contains'", "FileItem/FileName", "x")
                      TERM("condition='greater-than'", "FileItem/SizeInBytes", "1"))),
          ENT_OK, TAKE("md5", MD5_A));
    check(IOC(AND(FILE_("Md5sum", MD5_A) FILE_("Sha1sum", SHA1_A) NAME_X)), ENT_OK,
          TAKE_X("md5", MD5_A) TAKE_X("sha1", SHA1_A));
    check(IOC(AND(OR(FILE_("Md5sum", MD5_A) FILE_("Md5sum", MD5_B)) NAME_X)), ENT_OK,
          TAKE_X("md5", MD5_A) TAKE_X("md5", MD5_B));
    check(IOC(AND(FILE_("Md5sum", MD5_A) OR(NAME_X FILE_("FileName", "y.exe")))), ENT_OK,
          TAKE("md5", MD5_A));
    /* the file with that SHA-1 has only one of the two MD5s */
    check(IOC(AND(OR(FILE_("Md5sum", MD5_A) FILE_("Md5sum", MD5_B)) FILE_("Sha1sum", SHA1_A))),
          ENT_OK, TAKE("sha1", SHA1_A));
    check(IOC(AND(OR(FILE_("Md5sum", MD5_A) NAME_X) FILE_("Sha1sum", SHA1_A))), ENT_OK,
          TAKE("sha1", SHA1_A));
    check(IOC(AND(OR(FILE_("Md5sum", MD5_A) NAME_X) FILE_("SizeInBytes", "7"))), ENT_OK,
          TAKE("md5", MD5_A) SKIP("3", CONTEXT, "x.exe"));
    check(IOC(AND(IS("PortItem/remoteIP", "198.51.100.3") IS("PortItem/remotePort", "443"))),
          ENT_OK, TAKE("endpoint", "198.51.100.3:443"));
    check(IOC(AND(AND(IS("PortItem/remotePort", "443")) IS("PortItem/protocol", "TCP") OR(
              IS("PortItem/remoteIP", "2001:db8::1") IS("PortItem/remoteIP", "198.51.100.3")))),
          ENT_OK, TAKE("endpoint", "[2001:db8::1]:443") TAKE("endpoint", "198.51.100.3:443"));
    /* what an AND holds is given out before what stands behind it */
    check(IOC(OR(AND(FILE_("Md5sum", MD5_A) NAME_X) IS("Network/DNS", "a.example"))), ENT_OK,
          TAKE_X("md5", MD5_A) TAKE("domain", "a.example"));
}

/* table */
static void test_and_skipped(void **state)
{
    (void)state;
    check(IOC(AND(IS("Network/DNS", "a.example") IS("Network/DNS", "b.example"))), ENT_OK,
          SKIP("2", TOGETHER, "a.example") SKIP("3", TOGETHER, "b.example"));
    check(IOC(AND(FILE_("Md5sum", MD5_A) IS("RegistryItem/Path", "Run"))), ENT_OK,
          SKIP("2", TOGETHER, MD5_A) SKIP("3", PATH, "Run"));
    check(IOC(AND(FILE_("Md5sum", MD5_A) TERM("condition='isnot'", "FileItem/FileName", "x.exe"))),
          ENT_OK, SKIP("2", TOGETHER, MD5_A) SKIP("3", NOT, "x.exe"));
    check(IOC(AND(FILE_("Md5sum", MD5_A)
                      TERM("condition='contains' negate='true'", "FileItem/FileName", "x"))),
          ENT_OK, SKIP("2", TOGETHER, MD5_A) SKIP("3", NOT, "x"));
    /* no file has two MD5s */
    check(IOC(AND(FILE_("Md5sum", MD5_A) FILE_("Md5sum", MD5_B))), ENT_OK,
          SKIP("2", TOGETHER, MD5_A) SKIP("3", TOGETHER, MD5_B));
    check(IOC(AND(NAME_X FILE_("SizeInBytes", "7"))), ENT_OK,
          SKIP("2", CONTEXT, "x.exe") SKIP("3", CONTEXT, "7"));
    check(IOC(AND(IS("PortItem/remoteIP", "198.51.100.3") IS("PortItem/remoteIP", "198.51.100.4")
                      IS("PortItem/remotePort", "443"))),
          ENT_OK,
          SKIP("2", TOGETHER, "198.51.100.3") SKIP("3", TOGETHER, "198.51.100.4")
              SKIP("4", TOGETHER, "443"));
    check(IOC(AND(IS("PortItem/remoteIP", "198.51.100.3") IS("PortItem/protocol", "TCP"))), ENT_OK,
          SKIP("2", TOGETHER, "198.51.100.3") SKIP("3", TOGETHER, "TCP"));
    check(IOC(AND(IS("PortItem/remoteIP", "198.51.100.3") IS("PortItem/remotePort", "0"))), ENT_OK,
          SKIP("2", TOGETHER, "198.51.100.3") SKIP("3", "a port is a number from 1 to 65535", "0"));
    check(IOC(AND(IS("PortItem/remoteIP", "198.51.100.0/24") IS("PortItem/remotePort", "443"))),
          ENT_OK, SKIP("2", "a port next to what is not an address", "198.51.100.0/24"));
    check(IOC(AND(IS("PortItem/remoteIP", "198.51.100.3")
                      OR(IS("PortItem/remotePort", "80") IS("PortItem/remotePort", "443")))),
          ENT_OK,
          SKIP("2", TOGETHER, "198.51.100.3") SKIP("3", TOGETHER, "80") SKIP("4", TOGETHER, "443"));
    check(IOC(AND(FILE_("Md5sum", MD5_A)
                      OR(FILE_("Sha1sum", SHA1_A) IS("Network/DNS", "a.example")))),
          ENT_OK,
          SKIP("2", TOGETHER, MD5_A) SKIP("3", TOGETHER, SHA1_A) SKIP("4", TOGETHER, "a.example"));
    check(IOC(AND(FILE_("Md5sum", MD5_A) AND(""))), ENT_OK,
          SKIP("2", TOGETHER, MD5_A) SKIP("3", EMPTY, ""));
    check(IOC(AND(FILE_("Md5sum", MD5_A) GROUP("XOR", NAME_X))), ENT_OK,
          SKIP("2", TOGETHER, MD5_A) SKIP("3", TOGETHER, "x.exe"));
    /* what is not known may be a condition */
    check(IOC(AND(FILE_("Md5sum", MD5_A) "<Unless/>\n")), ENT_OK,
          SKIP("2", TOGETHER, MD5_A) SKIP("3", ELEMENT, ""));
    check(IOC(AND(FILE_("Md5sum", MD5_A) "<o:Indicator xmlns:o=\"urn:o\"><o:x/></o:Indicator>\n")),
          ENT_OK, SKIP("2", TOGETHER, MD5_A) SKIP("3", ELEMENT, ""));
    check(IOC(OR("<Unless><Content>b.example</Content></Unless>" IS("Network/DNS", "a.example"))),
          ENT_OK, SKIP("2", ELEMENT, "") TAKE("domain", "a.example"));
}

/* An AND is held to a limit; what is behind it is read as ever. */
static void test_large_and(void **state)
{
    struct ent_buf in;
    (void)state;
    ent_buf_init(&in, 16u << 20);
    for (int way = 0; way < 4; way++) {
        /* the group is one term of its own */
        size_t n = way == 0 ? 4095 : way == 1 ? 4096 : way == 2 ? 20000 : 150;
        ent_buf_clear(&in);
        assert_ok(ent_buf_puts(
            &in,
            HEAD "<Indicator operator=\"OR\"><Indicator operator=\"AND\">" FILE_("Md5sum", MD5_A)));
        for (size_t i = 1; i < n; i++)
            assert_ok(ent_buf_printf(&in, FILE_("FileName", "%0*zu"), way == 3 ? 8000 : 1, i));
        assert_ok(
            ent_buf_puts(&in, "</Indicator>" IS("Network/DNS", "a.example") "</Indicator>" TAIL));
        assert_ok(ent_buf_putc(&in, '\0'));
        check((const char *)in.p, ENT_OK,
              way == 0 ? "take md5 " MD5_A
                         " TLP:AMBER -1 0 0 [] [] [file 1]\n" TAKE("domain", "a.example")
                       : SKIP("2", "an AND of more than 4,096 terms, or more than 1 MiB", "")
                             TAKE("domain", "a.example"));
    }
    ent_buf_release(&in);
}

/* --- what describes them ---------------------------------------------------------------------- */

#define V11(metadata, body)                                                                        \
    "<OpenIOC xmlns=\"http://openioc.org/schemas/OpenIOC_1.1\"><metadata>" metadata                \
    "</metadata><criteria>" OR(body) "</criteria><parameters><param/></parameters></OpenIOC>"
#define DNS_A           TERM("id=\"u3\" condition=\"is\"", "Network/DNS", "a.example")
#define LINK(rel, text) "<links><link rel=\"" rel "\">" text "</link></links>"

/* table */
static void test_metadata(void **state)
{
    static const struct {
        const char *metadata, *said; /* behind the value */
    } rows[] = {
        {"", "TLP:AMBER -1 0 0 [u3] [] []"},
        {"<short_description>  two\n words</short_description>",
         "TLP:AMBER -1 0 0 [u3] [] [two words]"},
        {"<description>d&amp;\xc3\xa9</description><short_description>s</short_description>"
         "<keywords/><authored_by>me</authored_by><unknown><description>x</description></unknown>",
         "TLP:AMBER -1 0 0 [u3] [] [s; d&\xc3\xa9]"},
        {"<short_description>a<b>c</b>d</short_description>", "TLP:AMBER -1 0 0 [u3] [] [ad]"},
        {"<authored_date>2018-08-20T00:00:00</authored_date>",
         "TLP:AMBER -1 1534723200 0 [u3] [] []"},
        {"<authored_date>\n2018-08-20T02:00:00+02:00 </authored_date>",
         "TLP:AMBER -1 1534723200 0 [u3] [] []"},
        {"<authored_date>2018-08-20</authored_date>", "TLP:AMBER -1 1534723200 0 [u3] [] []"},
        {"<authored_date>0001-01-01T00:00:00</authored_date>", "TLP:AMBER -1 0 0 [u3] [] []"},
        {"<authored_date>yesterday</authored_date>", "TLP:AMBER -1 0 0 [u3] [] []"},
        {LINK("tlp", "GREEN"), "TLP:GREEN -1 0 0 [u3] [] []"},
        {LINK("TLP", " TLP:White "), "TLP:CLEAR -1 0 0 [u3] [] []"},
        {LINK("tlp", "yellow"), "TLP:RED -1 0 0 [u3] [] []"},
        {LINK("tlp", ""), "TLP:RED -1 0 0 [u3] [] []"},
        {LINK("tlp", "<b>green</b>"), "TLP:RED -1 0 0 [u3] [] []"},
        {"<links><link rel='tlp'>green</link><link rel='tlp'>amber+strict</link>"
         "<link rel='tlp'>clear</link></links>",
         "TLP:AMBER+STRICT -1 0 0 [u3] [] []"},
        {LINK("family", "Ebury"), "TLP:AMBER -1 0 0 [u3] [Ebury] []"},
        {"<links><link rel='threatgroup'>g</link><link rel='Category'>c 1</link>"
         "<link rel='threatcategory'>t</link><link rel='category'>d</link></links>",
         "TLP:AMBER -1 0 0 [u3] [c 1] []"},
        {"<links><link rel='category'> </link><link rel='family'>f</link><link/></links>",
         "TLP:AMBER -1 0 0 [u3] [f] []"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char in[2048], out[256];
        (void)snprintf(in, sizeof(in), V11("%s", DNS_A), rows[i].metadata);
        (void)snprintf(out, sizeof(out), "take domain a.example %s\n", rows[i].said);
        check(in, ENT_OK, out);
    }
    check(V11("<short_description>s</short_description>",
              "<IndicatorItem condition='is'><Context search='Network/DNS'/><Comment> c 1</Comment>"
              "<Content>a.example</Content></IndicatorItem>"),
          ENT_OK, "take domain a.example TLP:AMBER -1 0 0 [] [] [s; c 1]\n");
}

/* Values, ids and texts at their limits. */
static void test_long(void **state)
{
    static char value[8194], id[258], in[32768], out[2048];
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        memset(value, 'a', 8192 + over);
        memset(id, 'i', 256 + over);
        (void)snprintf(in, sizeof(in),
                       IOC(OR(TERM("condition='is' id='%s'", "Network/DNS", "a.example")
                                  IS("Network/DNS", "%s"))),
                       id, value);
        (void)snprintf(
            out, sizeof(out),
            "take domain a.example TLP:AMBER -1 0 0 [%s] [] []\n" SKIP("3", "%s", "%.512s"),
            over ? "" : id,
            over ? "a value of more than 8,192 bytes" : "a name of more than 253 octets", value);
        check(in, ENT_OK, out);
    }
    memset(value, 'b', 8193);
    (void)snprintf(in, sizeof(in), V11("<description>\xc3\xa9%s</description>", DNS_A), value);
    (void)snprintf(out, sizeof(out),
                   "take domain a.example TLP:AMBER -1 0 0 [u3] [] [\xc3\xa9%.510s]\n", value);
    check(in, ENT_OK, out);
}

/* --- what is recognised, and what is refused -------------------------------------------------- */

#define MINIMAL "<definition>" OR(DNS_A) "</definition>"
#define TAKE_A  "take domain a.example TLP:AMBER -1 0 0 [u3] [] []\n"

/* table */
static void test_recognised(void **state)
{
    static char in[16384];
    (void)state;
    check("<ioc>" MINIMAL "</ioc>", ENT_OK, TAKE_A);
    check("\n <OpenIOC>" MINIMAL "</OpenIOC>\n<!-- end -->\n", ENT_OK, TAKE_A);
    check("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><ioc>" MINIMAL "</ioc>", ENT_OK,
          TAKE_A);
    check("<?xml version='1.0'?>\n<?x y?><!-- <html> --> <i:ioc xmlns:i="
          "'http://schemas.mandiant.com/2010/ioc'><i:definition/></i:ioc>",
          ENT_OK, "");
    check("<?xml version='1.0' encoding='US-ASCII'?><ioc\n>" MINIMAL "</ioc>", ENT_OK, TAKE_A);
    check(
        "<?xml version='1.0' encoding='iso-8859-1'?><ioc><description>caf\xe9</description>" MINIMAL
        "</ioc>",
        ENT_OK, "take domain a.example TLP:AMBER -1 0 0 [u3] [] [caf\xc3\xa9]\n");
    check("<ioc/>", ENT_E_FORMAT, "1: OpenIOC without a definition");
    /* a root that lies behind what is looked at */
    (void)snprintf(in, sizeof(in), "<?xml version='1.0'?><!--%*s--><ioc>" MINIMAL "</ioc>", 5000,
                   "");
    check(in, ENT_OK, TAKE_A);
    (void)snprintf(in, sizeof(in), "<!--%*s--><html>", 5000, "");
    check(in, ENT_E_FORMAT, "1: XML, but no OpenIOC");
}

#define OTHER_XML "0: XML, but not OpenIOC (STIX 1?): no format that is read here"
#define ENCODING                                                                                   \
    "1: XML in an encoding other than UTF-8, US-ASCII and ISO-8859-1: "                            \
    "convert it first"
#define EARLY    "the XML ends too early"
#define NO_PLACE "an OpenIOC element where none may stand"
#define TWICE    "an OpenIOC element that stands twice"

/* table */
static void test_refused(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"<?xml version='1.0'?><stix:STIX_Package xmlns:stix='x'/>", OTHER_XML},
        {"<?xml version='1.0'?><iocs><ioc/></iocs>", OTHER_XML},
        {"<?xml version='1.0'?><IOC/>", OTHER_XML},
        {"<?xml version='1.0'?><!-- <ioc> -->", OTHER_XML},
        {"<!-- x --><p>", "0: an HTML page or XML document, not a feed"},
        {"<ioc xmlns='http://schemas.mandiant.com/2010'/>", "1: XML, but no OpenIOC"},
        {"<x:ioc/>", "1: an XML prefix without a namespace"},
        /* entities and what declares them */
        {"<!DOCTYPE ioc>\n<ioc/>", "1: XML with a DOCTYPE: no feed needs entities of its own"},
        {"<?xml version='1.0'?>\n<!DOCTYPE ioc [<!ENTITY a 'b'><!ENTITY c "
         "'&a;&a;'>]><ioc>&c;</ioc>",
         "2: XML with a DOCTYPE: no feed needs entities of its own"},
        {"<!DOCTYPE OpenIOC SYSTEM 'http://a.example/x.dtd'><OpenIOC/>",
         "1: XML with a DOCTYPE: no feed needs entities of its own"},
        {"<!DOCTYPE ioc [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]><ioc/>",
         "1: XML with a DOCTYPE: no feed needs entities of its own"},
        {"<ioc><definition>\n&a;</definition></ioc>", "2: an XML entity that is not defined"},
        /* encodings */
        {"<?xml version='1.0' encoding='windows-1252'?><ioc/>", ENCODING},
        {"<?xml version='1.0' encoding='UTF-16'?><ioc/>", ENCODING},
        {"<?xml version='1.0' encoding='UTF-7'?><ioc/>", ENCODING},
        {"\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><ioc/>",
         "1: XML with a mark of UTF-8, which says that it is not UTF-8"},
        {"<?xml version='1.0' "
         "encoding='US-ASCII'?>\n<ioc><description>\xc3\xa9</description></ioc>",
         "2: not well-formed XML"},
        {"<ioc>\n<description>\xe9</description></ioc>", "2: not well-formed XML"},
        {"<ioc>\n<description>\xed\xa0\x80</description></ioc>", "2: not well-formed XML"},
        {"<ioc><description>&#0;</description></ioc>", "1: not well-formed XML"},
        /* not well-formed */
        {"<ioc><definition>\n</ioc>", "2: an XML end tag that does not fit its start"},
        {"<ioc a='1'\n a='2'/>", "2: an XML attribute that stands twice"},
        {"<ioc><definition/></ioc>\n<ioc/>", "2: more text behind the XML document"},
        {"<ioc><definition/></ioc>\nx", "2: more text behind the XML document"},
        {"<ioc><definition/>\n", "2: " EARLY},
        {"<ioc><!-- x", "1: " EARLY},
        {"<ioc><![CDATA[x", "1: " EARLY},
        {"<ioc a=1/>", "1: not well-formed XML"},
        {"\n<?xml version='1.0'?><ioc/>", "2: not well-formed XML"},
        /* well-formed, but not as it should be */
        {"<ioc><IndicatorItem/></ioc>", "1: " NO_PLACE},
        {"<ioc><definition>\n<IndicatorItem/></definition></ioc>", "2: " NO_PLACE},
        {"<ioc><definition><Indicator operator='OR'><Content/></Indicator></definition></ioc>",
         "1: " NO_PLACE},
        {"<ioc><definition><Indicator operator='OR'><IndicatorItem><Indicator/></IndicatorItem>"
         "</Indicator></definition></ioc>",
         "1: " NO_PLACE},
        {"<ioc><links><IndicatorItem/></links></ioc>", "1: " NO_PLACE},
        {"<ioc><definition/>\n<definition/></ioc>", "2: " TWICE},
        {"<ioc><definition/>\n<criteria/></ioc>", "2: " TWICE},
        {"<ioc><description/><metadata>\n<description/></metadata></ioc>", "2: " TWICE},
        {IOC(OR("<IndicatorItem><Content/>\n<Content/></IndicatorItem>")), "3: " TWICE},
        {IOC(AND("<IndicatorItem><Context/><Context/></IndicatorItem>")), "2: " TWICE},
        {IOC(OR(DNS_A) OR("")), "3: two groups at the top: joined with AND or with OR?"},
        {"<ioc>" MINIMAL LINK("tlp", "red") "</ioc>",
         "2: what describes the indicators stands behind them"},
        {"<ioc>" MINIMAL "<short_description/></ioc>",
         "2: what describes the indicators stands behind them"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(rows[i].in, ENT_E_FORMAT, rows[i].out);
    /* the caller's word does not make a list OpenIOC, nor OpenIOC a list */
    ent_t_feed(ENT_FORMAT_OPENIOC, ENT_FORMAT_AUTO, "1.2.3.4\n", ENT_E_FORMAT,
               "1: not well-formed XML");
    ent_t_feed(ENT_FORMAT_OPENIOC, ENT_FORMAT_AUTO, "<html>\n1.2.3.4\n", ENT_E_FORMAT,
               "0: an HTML page, not a feed");
}

#define SAMPLE                                                                                     \
    "<?xml version='1.0' encoding='UTF-8'?><!-- \xc3\xa9 -->\n<ioc xmlns="                         \
    "'http://schemas.mandiant.com/2010/ioc' "                                                      \
    "id='x'><short_description>\xc3\xa9</short_description>"                                       \
    "<links/><definition>" OR(DNS_A AND(FILE_("Md5sum", MD5_A) NAME_X) IS(                         \
        "Email/From", "<![CDATA[a@b.example]]>")) "</definition></ioc>"

/* Whatever breaks off is refused as a whole. */
static void test_truncated(void **state)
{
    const struct ent_slice s = ENT_SLICE_LIT(SAMPLE);
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f;
    (void)state;
    for (size_t n = 0; n <= s.n; n++) {
        enum ent_err r = ent_t_import(&rec, &f, &d, ENT_FORMAT_OPENIOC, ent_slice(s.p, n));
        assert_int_equal(r, n == s.n ? ENT_OK : ENT_E_FORMAT);
        /* from the root's name on it is known for what it is */
        if (n > 60 && n < s.n)
            assert_string_equal(d.text, EARLY);
    }
    assert_int_equal(rec.taken, 3);
    ent_buf_release(&rec.text);
}

/* One byte changed, or a piece left out: another answer perhaps, but no crash, and never more. */
static void test_mutations(void **state)
{
    uint8_t bytes[sizeof(SAMPLE)];
    (void)state;
    for (unsigned i = 0; i < (ENT_T_SANITIZED ? 1000 : 10000); i++) {
        size_t n = sizeof(SAMPLE) - 1, at = (size_t)ent_t_below(n);
        memcpy(bytes, SAMPLE, n);
        if (ent_t_below(2) == 0) {
            bytes[at] = (uint8_t)ent_t_rand();
        } else {
            size_t gap = 1 + (size_t)ent_t_below(n - at);
            memmove(bytes + at, bytes + at + gap, n - at - gap);
            n -= gap;
        }
        struct ent_slice left = ent_slice(bytes, n);
        struct ent_t_record rec = {0};
        ent_t_record_init(&rec);
        const struct ent_import_opts opts = {.format = ENT_FORMAT_OPENIOC, .confidence = -1};
        struct ent_import_sink sink = ent_t_record_sink(&rec);
        enum ent_err r = ent_intel_read(ent_reader_mem(&left), &opts, &sink, NULL, NULL);
        assert_true(r == ENT_OK || r == ENT_E_FORMAT);
        assert_true(rec.taken <= 3);
        ent_buf_release(&rec.text);
    }
}

/* --- hostile documents ------------------------------------------------------------------------ */

static enum ent_err read_all(struct ent_reader in, struct ent_t_record *rec, struct ent_diag *d)
{
    const struct ent_import_opts opts = {.format = ENT_FORMAT_OPENIOC, .confidence = -1};
    struct ent_import_sink sink = ent_t_record_sink(rec);
    ent_t_record_init(rec);
    return ent_intel_read(in, &opts, &sink, NULL, d);
}

/* before, then unit again and again, a GiB of it: refused, or read in the memory of a small one. */
static void check_huge(const char *before, const char *unit, const char *after, const char *want)
{
    struct ent_t_repeat rep = {.before = ent_slice_str(before),
                               .unit = ent_slice_str(unit),
                               .after = ent_slice_str(after),
                               .total = (want == NULL ? 64u << 20 : 1u << 30) / strlen(unit) *
                                        strlen(unit)};
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_err r = read_all(ent_t_repeat_reader(&rep), &rec, &d);
    assert_int_equal(r, want == NULL ? ENT_OK : ENT_E_LIMIT);
    if (want != NULL) {
        assert_string_equal(d.text, want);
        assert_true(rep.at < 8u << 20);
    }
    ent_buf_release(&rec.text);
}

#define LONG "an XML tag or comment of more than 256 KiB"

static void test_huge(void **state)
{
    size_t before = ent_t_peak_memory();
    (void)state;
    check_huge("<ioc a='", "x", "'/>", LONG);
    check_huge("<ioc ", "x", "/>", LONG);
    check_huge("<ioc><!--", "x", "-->", LONG);
    check_huge("<ioc><?x ", "x", "?>", LONG);
    check_huge("<ioc xmlns:a='", "x", "'/>", LONG);
    check_huge("<!DOCTYPE ioc ", " ", ">", LONG);
    check_huge("<ioc>", "<a>", "", "XML nested too deeply");
    check_huge("<ioc><definition>", "<Indicator operator='AND'>", "", "XML nested too deeply");
    /* what is long and in order */
    check_huge("<ioc><description>", "x", "</description><definition/></ioc>", NULL);
    check_huge("<ioc>", " \n", "<definition/></ioc>", NULL);
    check_huge("<ioc>", "<!-- x --><a/>", "<definition/></ioc>", NULL);
    check_huge("<ioc><links>", "<link rel='tlp'>green</link>", "</links><definition/></ioc>", NULL);
    check_huge("<ioc><definition><Indicator operator='AND'>",
               "<IndicatorItem id='i'><Content>x</Content></IndicatorItem>",
               "</Indicator></definition></ioc>", NULL);
    /* ASan keeps what was freed */
    assert_true(ENT_T_SANITIZED || ent_t_peak_memory() - before < 12u << 20);
}

/* "<a0/><a1/>...": expat remembers each name. kind: 0 elements, 1 attributes, 2 prefixes. */
struct names {
    struct ent_buf b;
    size_t at;
    uint64_t next;
    int kind;
};

static enum ent_err names_read(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                               struct ent_diag *d)
{
    struct names *n = ctx;
    (void)d;
    if (n->at == n->b.n) {
        ent_buf_clear(&n->b);
        n->at = 0;
        if (n->next == 0)
            assert_ok(ent_buf_puts(&n->b, "<ioc>"));
        while (n->b.n < 65536) {
            n->next++;
            if (n->kind == 0)
                assert_ok(ent_buf_printf(&n->b, "<a%" PRIu64 "/>", n->next));
            else if (n->kind == 1)
                assert_ok(ent_buf_printf(&n->b, "<a a%" PRIu64 "=''/>", n->next));
            else
                assert_ok(ent_buf_printf(&n->b, "<a xmlns:a%" PRIu64 "='u'/>", n->next));
        }
    }
    *ret_n = n->b.n - n->at < cap ? n->b.n - n->at : cap;
    memcpy(ret, n->b.p + n->at, *ret_n);
    n->at += *ret_n;
    return ENT_OK;
}

static void test_names(void **state)
{
    size_t before = ent_t_peak_memory();
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct names names = {.kind = kind};
        struct ent_t_record rec = {0};
        struct ent_diag d = {0};
        ent_buf_init(&names.b, 1u << 20);
        assert_err(read_all((struct ent_reader){names_read, &names}, &rec, &d), ENT_E_LIMIT);
        assert_string_equal(d.text, "XML with too many names to remember");
        assert_int_equal(d.line, 1);
        assert_true(names.next > 10000);
        ent_buf_release(&names.b);
        ent_buf_release(&rec.text);
    }
    assert_true(ENT_T_SANITIZED || ent_t_peak_memory() - before < 16u << 20);
}

/* A tag of the largest size, and one byte more; depth at its limit. */
static void test_limits(void **state)
{
    struct ent_buf in;
    (void)state;
    ent_buf_init(&in, 1u << 20);
    for (int over = 0; over < 2; over++) {
        ent_buf_clear(&in);
        assert_ok(ent_buf_printf(&in, "<ioc a='%*s'><definition/></ioc>",
                                 (int)ENT_XML_TOKEN - 10 + over, "x"));
        assert_ok(ent_buf_putc(&in, '\0'));
        check((const char *)in.p, over ? ENT_E_LIMIT : ENT_OK, over ? "1: " LONG : "");
        ent_buf_clear(&in);
        assert_ok(ent_buf_puts(&in, "<ioc><definition/>"));
        for (unsigned i = 1; i < ENT_XML_DEPTH + (unsigned)over; i++)
            assert_ok(ent_buf_puts(&in, "<a>"));
        for (unsigned i = 1; i < ENT_XML_DEPTH + (unsigned)over; i++)
            assert_ok(ent_buf_puts(&in, "</a>"));
        assert_ok(ent_buf_puts(&in, "</ioc>"));
        assert_ok(ent_buf_putc(&in, '\0'));
        check((const char *)in.p, over ? ENT_E_LIMIT : ENT_OK,
              over ? "1: XML nested too deeply" : "");
    }
    ent_buf_release(&in);
}

static void test_failures(void **state)
{
    struct ent_t_record rec = {0};
    struct ent_t_chunks c;
    struct ent_diag d = {0};
    const struct ent_import_opts opts = {.confidence = -1};
    (void)state;
    struct ent_reader in = ent_t_chunk_reader(&c, ENT_SLICE_LIT(SAMPLE), 50, false);
    c.fail_at = 200;
    assert_err(read_all(in, &rec, &d), ENT_E_IO);
    assert_string_equal(d.text, "the disk is on fire");
    for (size_t stop = 1; stop <= 3; stop++) {
        struct ent_slice left = ENT_SLICE_LIT(SAMPLE);
        ent_t_record_init(&rec);
        rec.stop_after = stop;
        struct ent_import_sink sink = ent_t_record_sink(&rec);
        assert_err(ent_intel_read(ent_reader_mem(&left), &opts, &sink, NULL, &d), ENT_E_FULL);
        assert_int_equal(rec.taken, stop);
    }
    ent_buf_release(&rec.text);
}

/* --- against a slow, obvious reference -------------------------------------------------------- */

enum kind { K_MD5, K_SHA1, K_SHA256, K_NAME, K_IP, K_PORT, K_PROTOCOL, K_DNS, K_LOOSE, KINDS };

#define LEAVES 32  /* bits of a product; no more groups from 12 on */
#define TERMS  512 /* of the sum of products */

struct tree {
    enum kind kind[LEAVES];
    size_t leaves;
    struct ent_buf xml;
};

/* A sum of products: each a set of leaves that must hold together. */
struct sum {
    uint32_t product[TERMS];
    size_t n;
    bool full;
};

static void sum_add(struct sum *s, uint32_t product)
{
    s->full = s->full || s->n == TERMS;
    if (!s->full)
        s->product[s->n++] = product;
}

static void multiply(struct sum *a, const struct sum *b)
{
    static struct sum out;
    out = (struct sum){.full = a->full || b->full};
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            sum_add(&out, a->product[i] | b->product[j]);
    *a = out;
}

static const char *value(enum kind kind, size_t leaf)
{
    static char text[72];
    static const int digits[] = {[K_MD5] = 32, [K_SHA1] = 40, [K_SHA256] = 64};
    switch (kind) {
    case K_MD5:
    case K_SHA1:
    case K_SHA256:
        (void)snprintf(text, sizeof(text), "%0*zx", digits[kind], leaf + 1);
        break;
    case K_IP:
        (void)snprintf(text, sizeof(text), "198.51.100.%zu", leaf);
        break;
    case K_DNS:
        (void)snprintf(text, sizeof(text), "n%zu.example", leaf);
        break;
    default:
        (void)snprintf(text, sizeof(text), "%zu", leaf + 1);
        break;
    }
    return text;
}

static void write_leaf(struct tree *t, enum kind kind)
{
    static const char *const search[] = {
        "FileItem/Md5sum",      "FileItem/Sha1sum",  "FileItem/Sha256sum",
        "FileItem/SizeInBytes", "PortItem/remoteIP", "PortItem/remotePort",
        "PortItem/protocol",    "Network/DNS",       "Network/DNS"};
    assert_true(t->leaves < LEAVES);
    t->kind[t->leaves] = kind;
    assert_ok(ent_buf_printf(&t->xml, TERM("condition='%s' id='%zu'", "%s", "%s"),
                             kind == K_LOOSE ? "contains" : "is", t->leaves, search[kind],
                             value(kind, t->leaves)));
    t->leaves++;
}

/* What belongs together, so that some of it can be taken. */
static enum kind some_kind(uint64_t theme)
{
    static const enum kind themes[3][4] = {{K_MD5, K_SHA1, K_SHA256, K_NAME},
                                           {K_IP, K_PORT, K_PROTOCOL, K_IP},
                                           {K_DNS, K_LOOSE, K_NAME, K_MD5}};
    return ent_t_below(8) == 0 ? (enum kind)ent_t_below(KINDS) : themes[theme][ent_t_below(4)];
}

/* A random tree, written down, and what it means. flat: an AND holds nothing but terms. */
static void grow(struct tree *t, struct sum *ret, unsigned depth, bool flat, uint64_t theme)
{
    bool and = ent_t_below(2) == 0;
    size_t n = 1 + (size_t)ent_t_below(3);
    struct sum *child = malloc(sizeof(*child));
    assert_non_null(child);
    *ret = (struct sum){0};
    if (and)
        sum_add(ret, 0);
    theme = ent_t_below(4) == 0 ? ent_t_below(3) : theme;
    assert_ok(ent_buf_printf(&t->xml, "<Indicator operator='%s'>", and? "AND" : "OR"));
    for (size_t i = 0; i < n; i++) {
        bool group = depth > 0 && t->leaves < 12 && !(flat && and) && ent_t_below(2) == 0;
        if (group) {
            grow(t, child, depth - 1, flat, theme);
        } else {
            *child = (struct sum){.product = {1u << t->leaves}, .n = 1};
            write_leaf(t, some_kind(theme));
        }
        if (and)
            multiply(ret, child);
        for (size_t k = 0; !and&&k < child->n; k++)
            sum_add(ret, child->product[k]);
        ret->full = ret->full || child->full;
    }
    free(child);
    assert_ok(ent_buf_puts(&t->xml, "</Indicator>"));
}

/* What a product says: how many of each kind. */
static bool enough(const struct tree *t, uint32_t product, size_t leaf)
{
    size_t of[KINDS] = {0}, n = 0;
    for (size_t i = 0; i < t->leaves; i++) {
        of[t->kind[i]] += product >> i & 1;
        n += product >> i & 1;
    }
    bool one_file = of[K_MD5] <= 1 && of[K_SHA1] <= 1 && of[K_SHA256] <= 1;
    switch (t->kind[leaf]) {
    case K_MD5:
    case K_SHA1:
    case K_SHA256:
        return one_file && of[K_MD5] + of[K_SHA1] + of[K_SHA256] + of[K_NAME] == n;
    case K_IP:
        return n == 1 || (of[K_IP] == 1 && of[K_PORT] == 1 && of[K_PROTOCOL] + 2 == n);
    case K_DNS:
        return n == 1;
    default:
        return false;
    }
}

/* One product is enough where this leaf brings the rest of it along; and no other one that shares a
 * hash with it may do without the leaf, since then the file may be that one's. */
static bool sound(const struct tree *t, const struct sum *s, size_t leaf, uint32_t *ret_product)
{
    uint32_t hashes = 0;
    for (size_t i = 0; i < t->leaves; i++)
        hashes |= (uint32_t)(t->kind[i] <= K_SHA256) << i;
    for (size_t i = 0; i < s->n; i++) {
        bool certain = true;
        if ((s->product[i] >> leaf & 1) == 0 || !enough(t, s->product[i], leaf))
            continue;
        for (size_t k = 0; k < s->n; k++)
            if ((s->product[k] & s->product[i] & hashes) != 0 && (s->product[k] >> leaf & 1) == 0)
                certain = false;
        *ret_product = s->product[i];
        if (certain)
            return true;
    }
    return false;
}

/* "take TYPE VALUE " as the reader must say it. */
static const char *saying(const struct tree *t, size_t leaf, uint32_t product)
{
    static const char *const names[] = {[K_MD5] = "md5",
                                        [K_SHA1] = "sha1",
                                        [K_SHA256] = "sha256",
                                        [K_IP] = "ipv4",
                                        [K_DNS] = "domain"};
    static char text[128];
    for (size_t i = 0; i < t->leaves; i++)
        if (t->kind[leaf] == K_IP && t->kind[i] == K_PORT && (product >> i & 1) != 0) {
            (void)snprintf(text, sizeof(text), "take endpoint 198.51.100.%zu:%zu ", leaf, i + 1);
            return text;
        }
    (void)snprintf(text, sizeof(text), "take %s %s ", names[t->kind[leaf]],
                   value(t->kind[leaf], leaf));
    return text;
}

static size_t check_tree(struct tree *t, const struct sum *s, bool flat)
{
    struct ent_slice left = ent_buf_slice(&t->xml);
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    uint32_t product = 0;
    size_t wanted = 0, known = 0;
    assert_ok(read_all(ent_reader_mem(&left), &rec, &d));
    const char *text = ent_t_record_text(&rec);
    for (size_t leaf = 0; leaf < t->leaves; leaf++) {
        bool may = sound(t, s, leaf, &product);
        bool does = may && strstr(text, saying(t, leaf, product)) != NULL;
        if (flat && may && !does)
            print_error("%.900s\nmissing: %s\n", text, saying(t, leaf, product));
        assert_true(!flat || may == does);
        wanted += may;
        known += does;
    }
    if (known != rec.taken)
        print_error("%.900s\n", text);
    assert_int_equal(known, rec.taken);
    assert_true(known <= wanted && rec.taken + rec.skipped <= t->leaves);
    ent_buf_release(&rec.text);
    return known;
}

/* Whatever is taken is enough alone; and where an AND holds nothing but terms, all that is enough
 * alone is taken. */
static void test_random_trees(void **state)
{
    static struct sum sum;
    const size_t trees = ENT_T_SANITIZED ? 2000 : 20000;
    size_t taken[2] = {0, 0};
    (void)state;
    for (size_t i = 0; i < trees; i++) {
        bool flat = i % 2 == 0;
        struct tree t = {0};
        ent_buf_init(&t.xml, 1u << 16);
        assert_ok(ent_buf_puts(&t.xml, HEAD "<Indicator operator='OR'>"));
        grow(&t, &sum, 4, flat, ent_t_below(3));
        assert_ok(ent_buf_puts(&t.xml, "</Indicator>" TAIL));
        if (!sum.full)
            taken[flat] += check_tree(&t, &sum, flat);
        ent_buf_release(&t.xml);
    }
    assert_true(taken[0] > trees / 10 && taken[1] > trees / 10);
}

/* --- a real one ------------------------------------------------------------------------------- */

static void test_windigo(void **state)
{
    struct ent_slice s = ent_t_file("tests/data/openioc/windigo.ioc");
    struct ent_t_record rec = {0};
    struct ent_diag d = {0};
    enum ent_format f;
    (void)state;
    assert_ok(ent_t_import(&rec, &f, &d, ENT_FORMAT_AUTO, s));
    assert_int_equal(f, ENT_FORMAT_OPENIOC);
    assert_int_equal(rec.taken, 68);
    assert_int_equal(rec.skipped, 137);
    assert_non_null(strstr(ent_t_record_text(&rec),
                           "take sha1 98cdbf1e0d202f5948552cebaa9f0315b7a3731d TLP:AMBER -1 "
                           "1395174203 0 [ac4fc684-a85c-46ab-857a-19f8cf02ed18] [] [Operation "
                           "Windigo; IOCs for Operation Windigo as described"));
    assert_non_null(strstr(ent_t_record_text(&rec), "skip 44 [" FUZZY "] [k2l8z1yeodm.info]\n"));
    ent_buf_release(&rec.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huge), /* first: it looks at the peak of memory */
        cmocka_unit_test(test_names),         cmocka_unit_test(test_terms),
        cmocka_unit_test(test_terms_skipped), cmocka_unit_test(test_or),
        cmocka_unit_test(test_and_taken),     cmocka_unit_test(test_and_skipped),
        cmocka_unit_test(test_large_and),     cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_long),          cmocka_unit_test(test_recognised),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_mutations),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_failures),      cmocka_unit_test(test_random_trees),
        cmocka_unit_test(test_windigo),
    };
    return ent_t_run("openioc", tests);
}
