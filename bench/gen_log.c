/*
 * gen_log.c (bench): made-up indicators and a made-up log, the same bytes for the same arguments on
 * every machine. Not a bench itself.
 *
 *     gen_log indicators N             as feeds have them, one a line
 *     gen_log log BYTES PLANTED        whole lines, about so many bytes, to standard output
 *
 * Shapes, lengths and proportions of indicators are those of maltrail's trails; those of the log
 * are taken from real ones: Zeek (TSV and JSON), Suricata, syslog, Apache, BIND, a firewall, a
 * proxy, postfix. Each line is of another format than the last, which is the hardest mixture for
 * whoever predicts branches. Of 10,000 lines 5 hold an indicator and 5 a near miss that contains
 * one as text; PLANTED says where: "line<TAB>hit|miss<TAB>indicator".
 */
#include "base/base.h"

#include <inttypes.h>
#include <time.h>

/* --- chance ------------------------------------------------------------------------------------
 */

static uint64_t chance; /* splitmix64's state */

static uint64_t rnd(void)
{
    uint64_t z = (chance += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static unsigned below(unsigned n)
{
    return (unsigned)((rnd() >> 32) * n >> 32);
}

/* Few values often, many rarely: the smaller, the likelier. */
static unsigned skewed(unsigned n)
{
    double u = (double)(rnd() >> 11) * 0x1p-53;
    return (unsigned)((double)n * u * u * u);
}

#define PICK(table)   ((table)[below(sizeof(table) / sizeof((table)[0]))])
#define SKEWED(table) ((table)[skewed(sizeof(table) / sizeof((table)[0]))])

/* Text that lives for a line. */
static char *slot(void)
{
    static char text[32][512];
    static unsigned next;
    return text[next++ % 32];
}

static const char *fmt(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *fmt(const char *format, ...)
{
    char *to = slot();
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(to, 512, format, ap);
    va_end(ap);
    return to;
}

static const char *spell(const char *letters, unsigned of, unsigned n)
{
    char *to = slot();
    for (unsigned i = 0; i < n; i++)
        to[i] = letters[below(of)];
    to[n] = '\0';
    return to;
}

static const char *hex(unsigned n)
{
    static const char digits[] = "0123456789abcdef";
    char *to = slot();
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++, v >>= 4) {
        if (i % 16 == 0)
            v = rnd();
        to[i] = digits[v & 15];
    }
    to[n] = '\0';
    return to;
}

/* --- names and addresses -----------------------------------------------------------------------
 */

static const char letters36[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* Percentages of the lengths 4 to 24 of second-level labels among maltrail's trails. */
static unsigned label_length(void)
{
    static const uint8_t share[] = {1, 4, 6, 13, 8, 7, 8, 8, 8, 7, 5, 5, 7, 3, 2, 2, 2, 1, 1, 1, 1};
    unsigned at = below(100), i = 0;
    for (; i < sizeof(share) - 1 && at >= share[i]; i++)
        at -= share[i];
    return i + 4;
}

/* Every second name is made of words, some with a hyphen, and ends in digits or letters that make
 * it nobody else's; the rest are letters. */
static const char *second_level(void)
{
    static const char *const words[] = {
        "login",  "secure", "update", "mail",   "account", "shop",   "bank",   "cloud",   "cdn",
        "news",   "web",    "host",   "serv",   "support", "apple",  "micro",  "soft",    "pay",
        "pal",    "drive",  "office", "team",   "game",    "app",    "play",   "media",   "travel",
        "info",   "data",   "net",    "online", "system",  "world",  "solut",  "digital", "crypto",
        "wallet", "track",  "post",   "check",  "tech",    "market", "global", "smart",   "energy"};
    char *to = slot();
    unsigned n = label_length(), at = 0;
    if (below(2) == 0)
        return spell(letters36, below(5) == 0 ? 36 : 26, n);
    while (at < n) {
        at += (unsigned)snprintf(to + at, 64, "%s", PICK(words));
        if (at + 1 < n && below(5) == 0)
            to[at++] = '-';
    }
    return fmt("%s%s", to, below(3) == 0 ? fmt("%u", below(1000)) : spell(letters36, 26, 2));
}

static const char *bad_name(void)
{
    static const char *const tlds[] = {
        "com",  "com",  "com",  "com",   "com",     "com", "com", "com", "ru",   "ru",
        "xyz",  "xyz",  "net",  "click", "digital", "top", "org", "sbs", "info", "biz",
        "shop", "live", "site", "cc",    "online",  "co",  "icu", "cfd", "cn",   "tk"};
    static const char *const dynamic[] = {"ddns.net", "duckdns.org", "hopto.org", "portmap.io"};
    unsigned kind = below(100);
    if (kind < 3)
        return fmt("%s.%s", second_level(), PICK(dynamic));
    const char *name = fmt("%s.%s", second_level(), PICK(tlds));
    if (kind < 69)
        return name;
    name = fmt("%s.%s", spell(letters36, 36, 1 + below(8)), name);
    return kind < 96 ? name : fmt("%s.%s", spell(letters36, 26, 2 + below(8)), name);
}

#define NET_FIRST 201u /* networks are above this octet, what everybody talks to below */

static const char *public_ipv4(uint64_t v)
{
    unsigned a = (unsigned)(v >> 24 & 255) % 223, b = (unsigned)(v >> 16 & 255);
    if (a == 0 || a == 10 || a == 127 || a == 169 || a == 172 || a == 192 || a == 100)
        a++;
    return fmt("%u.%u.%u.%u", a, b, (unsigned)(v >> 8 & 255), (unsigned)(v & 255));
}

static const char *public_ipv6(void)
{
    static const char *const first[] = {"2a01:4f8", "2a03:2880", "2607:f8b0", "2620:df",
                                        "2001:67c"};
    return fmt("%s:%x:%x::%x", PICK(first), 1 + below(65535), 1 + below(65535), 1 + below(65535));
}

static const char *bad_url(void)
{
    static const char *const paths[] = {"bins/%s.arm7",   "wp-content/uploads/%s.zip",
                                        "%s/login.php",   "%s",
                                        "api/v1/%s",      "images/%s.exe",
                                        "~%s/invoice.doc"};
    const char *host = below(5) < 2 ? public_ipv4(rnd()) : bad_name();
    const char *word = spell(letters36, 36, 4 + below(8));
    char path[64];
    const char *from = PICK(paths), *mark = strchr(from, '%');
    (void)snprintf(path, sizeof(path), "%.*s%s%s", (int)(mark - from), from, word, mark + 2);
    if (strchr(host, ':') == NULL && below(6) == 0)
        return fmt("http://%s:%u/%s", host, 8000 + below(1000), path);
    return fmt("%s://%s/%s", below(3) == 0 ? "https" : "http", host, path);
}

/* --- indicators --------------------------------------------------------------------------------
 */

enum kind { NAME, IPV4, IPV6, NET4, ENDPOINT, URL, HASH, MAIL };

struct indicator {
    enum kind kind;
    const char *text;
};

static const char *bad_net(void)
{
    static const unsigned bits[] = {24, 24, 24, 24, 23, 22, 21, 20, 25, 29};
    unsigned keep = PICK(bits);
    uint64_t v = (uint64_t)(NET_FIRST + below(20)) << 24 | (rnd() & 0xFFFFFF);
    v &= ~((UINT64_C(1) << (32 - keep)) - 1);
    return fmt("%s/%u", public_ipv4(v), keep);
}

/* Number i of the list, always the same. */
static struct indicator indicator(uint64_t i)
{
    static const unsigned digits[] = {32, 32, 40, 64, 64, 64};
    uint64_t kept = chance;
    chance = i * 0xD1342543DE82EF95u + 12345;
    (void)rnd();
    unsigned kind = below(1000);
    struct indicator r = {NAME, NULL};
    if (kind < 480)
        r.text = bad_name();
    else if (kind < 660)
        r = (struct indicator){IPV4, public_ipv4(rnd())};
    else if (kind < 700)
        r = (struct indicator){ENDPOINT, fmt("%s:%u", public_ipv4(rnd()), 1 + below(65535))};
    else if (kind < 710)
        r = (struct indicator){IPV6, public_ipv6()};
    else if (kind < 830)
        r = (struct indicator){URL, bad_url()};
    else if (kind < 955)
        r = (struct indicator){HASH, hex(PICK(digits))};
    else if (kind < 980)
        r = (struct indicator){NET4, bad_net()};
    else
        r = (struct indicator){MAIL, fmt("%s@%s", second_level(), bad_name())};
    chance = kept;
    return r;
}

/* --- what is planted ---------------------------------------------------------------------------
 */

static struct {
    bool wanted, miss;
    enum kind kind;   /* of what stands in the line */
    const char *text; /* that */
    char indicator[512];
    char shown[512];
} plant;

/* Half of them are among the first 1,000 indicators, so that short lists meet some too. */
static void choose_plant(bool miss)
{
    struct indicator ind = indicator(below(2) == 0 ? below(1000) : below(1000000));
    const char *text = ind.text;
    plant.wanted = true;
    plant.miss = miss;
    plant.kind = ind.kind;
    (void)snprintf(plant.indicator, sizeof(plant.indicator), "%s", text);
    if (!miss && ind.kind == NAME && below(3) == 0)
        text = fmt("%s.%s", spell(letters36, 26, 1 + below(10)), text);
    if (ind.kind == NET4) {
        plant.kind = IPV4;
        text = fmt("%.*s", (int)strcspn(text, "/"), text);
    }
    if (miss) {
        switch (ind.kind) {
        case IPV4:
            text = strtoul(text, NULL, 10) < 100                    ? fmt("1%s", text)
                   : strtoul(strrchr(text, '.') + 1, NULL, 10) < 25 ? fmt("%s7", text)
                                                                    : NULL;
            break;
        case NAME:
            text = below(2) == 0 ? fmt("my%s", text) : fmt("%s.example.net", text);
            break;
        case URL:
            text = fmt("%sx", text);
            break;
        case HASH:
            text = strlen(text) == 32 ? fmt("%s%s", text, hex(8)) : NULL;
            break;
        case MAIL:
            text = fmt("x%s", text);
            break;
        default: /* a network, an endpoint: no text that stands in a log */
            text = NULL;
        }
        plant.wanted = text != NULL;
    }
    if (text != NULL)
        (void)snprintf(plant.shown, sizeof(plant.shown), "%s", text);
    plant.text = plant.shown;
}

static const char *planted(enum kind kind)
{
    if (!plant.wanted || plant.kind != kind)
        return NULL;
    plant.wanted = false;
    return plant.text;
}

/* --- what stands in logs -----------------------------------------------------------------------
 */

static const char *name(void)
{
    /* clang-format off */
    static const char *const known[] = {
        "www.google.com", "login.live.com", "detectportal.firefox.com", "github.com",
        "www.gstatic.com", "ise.wrccdc.org", "daisy.ubuntu.com", "sls.update.microsoft.com",
        "ssl.gstatic.com", "registry.npmjs.org", "play.google.com", "telemetry-in.battle.net",
        "adservice.google.com", "o.aolcdn.com", "cdn.sstatic.net", "plus.l.google.com",
        "i.stack.imgur.com", "clients4.google.com", "www.googletagservices.com",
        "watson.telemetry.microsoft.com", "repo.mongodb.org", "recirculation.spot.im",
        "packages.graylog2.org", "mirrors.lga7.us.voxel.net", "mirror.cs.vt.edu",
        "ajax.googleapis.com", "_googlecast._tcp.local", "code.jquery.com", "s.yimg.com",
        "tiles.services.mozilla.com", "www.gravatar.com", "www.digitalocean.com",
        "heartbeat.dm.origin.com", "unix.stackexchange.com", "secure.quantserve.com",
        "ocsp.digicert.com", "0.docs.google.com", "use.typekit.net", "teredo.ipv6.microsoft.com",
        "_ldap._tcp.dc._msdcs.factory.oompa.loompa", "sb.scorecardresearch.com",
        "www.youtube.com", "stackoverflow.com", "scontent.xx.fbcdn.net",
        "safebrowsing.googleapis.com", "ns-1198.awsdns-21.org", "fonts.gstatic.com",
        "3.debian.pool.ntp.org", "www.nytimes.com", "valve615.steamcontent.com",
        "us.archive.ubuntu.com", "star-mini.c10r.facebook.com", "platform.twitter.com",
        "i2-technet.sec.s-msft.com", "a1089.d.akamai.net", "wildcard.sec.s-msft.com.edgekey.net",
        "e4949.g.akamaiedge.net", "i1.wp.com", "outlook.office365.com", "teams.microsoft.com",
        "slack.com", "pool.ntp.org",
    };
    /* clang-format on */
    static const char *const above[] = {
        "cloudfront.net", "s3.amazonaws.com", "googlevideo.com",         "akamaiedge.net",
        "azureedge.net",  "fastly.net",       "compute-1.amazonaws.com", "in-addr.arpa"};
    const char *p = planted(NAME);
    if (p != NULL)
        return p;
    unsigned kind = below(100);
    if (kind < 80)
        return SKEWED(known);
    if (kind < 92)
        return fmt("%s.%s", spell(letters36, 36, 3 + below(14)), SKEWED(above));
    if (kind < 96)
        return fmt("%u.%u.16.172.in-addr.arpa", below(256), below(256));
    return fmt("%s.%s.com", below(3) == 0 ? "mail" : "www", spell(letters36, 26, 5 + below(10)));
}

/* Half of the outside are a few services, the rest ever rarer strangers. */
static const char *outside(void)
{
    const char *p = planted(IPV4);
    if (p != NULL)
        return p;
    unsigned kind = below(100);
    uint64_t kept = chance;
    if (kind < 92) {
        chance = kind < 50 ? skewed(200) : 1000 + skewed(100000);
        p = public_ipv4((rnd() & 0xFFFFFF) | (uint64_t)below(NET_FIRST) << 24);
        chance = kept + 1;
        return p;
    }
    return public_ipv4(rnd());
}

static const char *inside(void)
{
    static const char *const nets[] = {"10.47", "10.128", "10.164", "172.16", "192.168"};
    return fmt("%s.%u.%u", SKEWED(nets), skewed(256), below(256));
}

static const char *ipv6(void)
{
    const char *p = planted(IPV6);
    return p != NULL ? p : below(2) == 0 ? "fe80::250:56ff:fe96:ae3b" : public_ipv6();
}

static const char *anywhere(void)
{
    unsigned kind = below(100);
    if (plant.wanted && (plant.kind == IPV4 || plant.kind == IPV6))
        return plant.kind == IPV4 ? outside() : ipv6();
    return kind < 60 ? outside() : kind < 96 ? inside() : ipv6();
}

static const char *hash(unsigned digits)
{
    bool fits = plant.wanted && plant.kind == HASH && strlen(plant.text) == digits;
    return fits ? planted(HASH) : hex(digits);
}

static const char *path(void)
{
    /* clang-format off */
    static const char *const paths[] = {
        "/", "/favicon.ico", "/index.html",
        "/presentations/logstash-monitorama-2013/images/kibana.png", "/style2.css",
        "/images/web/2009/banner.png", "/blog/tags/puppet?flav=rss20", "/wp-login.php",
        "/api/v1/items?page=2&size=50", "/projects/xdotool/", "/robots.txt",
        "/search?q=log+analysis&hl=en", "/static/js/app.3f2a1c.js",
        "/complete/search?client=firefox",
    };
    /* clang-format on */
    return SKEWED(paths);
}

static const char *url(void)
{
    const char *p = planted(URL);
    return p != NULL ? p : fmt("%s://%s%s", below(2) == 0 ? "http" : "https", name(), path());
}

static const char *mail(void)
{
    static const char *const who[] = {"info",     "root",        "j.smith",
                                      "no-reply", "bounce+1234", "helen"};
    const char *p = planted(MAIL);
    return p != NULL ? p : fmt("%s@%s", PICK(who), name());
}

static const char *agent(void)
{
    static const char *const agents[] = {
        "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:28.0) Gecko/20100101 Firefox/28.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/32.0.1700.77 Safari/537.36",
        "msnbot/2.0b (+http://search.msn.com/msnbot.htm)",
        "curl/7.74.0",
        "-",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)"};
    return SKEWED(agents);
}

static const char *uid(void)
{
    return fmt("C%s", spell("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 62,
                            16 + below(2)));
}

static unsigned high_port(void)
{
    return 1024 + below(64512);
}

static unsigned port(void)
{
    static const unsigned ports[] = {443, 80, 53, 445, 3389, 22, 25, 123, 8080, 389, 5060};
    return SKEWED(ports);
}

/* --- the time ----------------------------------------------------------------------------------
 */

static struct {
    time_t s;
    unsigned us;
    char iso[32], apache[40], bsd[24], bind[32];
} now;

static void pass_time(void)
{
    struct tm tm;
    now.us += below(4000);
    if (now.us < 1000000 && now.s != 0)
        return;
    now.us %= 1000000;
    now.s = now.s == 0 ? 1521911720 : now.s + 1; /* 24 March 2018, 17:15:20 */
    (void)gmtime_r(&now.s, &tm);
    (void)strftime(now.iso, sizeof(now.iso), "%Y-%m-%dT%H:%M:%S", &tm);
    (void)strftime(now.apache, sizeof(now.apache), "%d/%b/%Y:%H:%M:%S +0000", &tm);
    (void)strftime(now.bsd, sizeof(now.bsd), "%b %e %H:%M:%S", &tm);
    (void)strftime(now.bind, sizeof(now.bind), "%d-%b-%Y %H:%M:%S", &tm);
}

static const char *ts(void)
{
    return fmt("%lld.%06u", (long long)now.s, now.us);
}

/* --- lines -------------------------------------------------------------------------------------
 */

static char line[8192];
static int line_n;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    line_n = vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
}

static void zeek_conn(void)
{
    say("%s\t%s\t%s\t%u\t%s\t%u\t%s\t%s\t0.%06u\t%u\t%u\tSF\tT\tF\t0\tShADadFf\t%u\t%u\t%u\t%u\t-"
        "\t6\n",
        ts(), uid(), anywhere(), high_port(), anywhere(), port(), below(3) == 0 ? "udp" : "tcp",
        below(2) == 0 ? "ssl" : "-", below(1000000), below(9000), below(90000), below(90),
        below(9000), below(90), below(90000));
}

static void zeek_dns(void)
{
    say("%s\t%s\t%s\t%u\t10.0.0.100\t53\tudp\t%u\t0.%06u\t%s\t1\tC_"
        "INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\t"
        "T\t0\t%s,%s\t%u.000000,%u.000000\tF\n",
        ts(), uid(), inside(), high_port(), below(65536), below(9000), name(), name(), outside(),
        below(3000), below(40000));
}

static void zeek_http(void)
{
    say("%s\t%s\t%s\t%u\t%s\t80\t1\tGET\t%s\t%s\t%s\t1.1\t%s\t-\t0\t%u\t200\tOK\t-\t-\t(empty)\t-"
        "\t-\t-\t-\t"
        "-\t-\tF%s\t-\ttext/plain\n",
        ts(), uid(), inside(), high_port(), outside(), name(), path(), url(), agent(), below(90000),
        uid());
}

static void zeek_ssl(void)
{
    say("%s\t%s\t%s\t%u\t%s\t443\tTLSv12\tTLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\tsecp256r1\t%"
        "s\tF\t-\th2\t"
        "T\tCsxknGIi\t%s\t(empty)\t-\tok\n",
        ts(), uid(), inside(), high_port(), outside(), name(), hash(64));
}

static void zeek_files(void)
{
    say("%s\tF%s\t%s\t%s\t%s\tHTTP\t0\tMD5,SHA1\tapplication/"
        "x-dosexec\t-\t0.%06u\t-\tF\t%u\t%u\t0\t0\tF\t"
        "-\t%s\t%s\t-\n",
        ts(), uid(), outside(), inside(), uid(), below(1000000), below(900000), below(900000),
        hash(32), hash(40));
}

static void json_conn(void)
{
    say("{\"_path\":\"conn\",\"_write_ts\":\"%s.%06uZ\",\"ts\":\"%s.%06uZ\",\"uid\":\"%s\",\"id."
        "orig_h\":"
        "\"%s\",\"id.orig_p\":%u,\"id.resp_h\":\"%s\",\"id.resp_p\":%u,\"proto\":\"tcp\","
        "\"duration\":0.%06u,"
        "\"orig_bytes\":%u,\"resp_bytes\":%u,\"conn_state\":\"SF\",\"history\":\"ShADadFf\"}\n",
        now.iso, now.us, now.iso, now.us, uid(), anywhere(), high_port(), anywhere(), port(),
        below(1000000), below(9000), below(90000));
}

static void json_dns(void)
{
    say("{\"_path\":\"dns\",\"_write_ts\":\"%s.%06uZ\",\"ts\":\"%s.%06uZ\",\"uid\":\"%s\",\"id."
        "orig_h\":"
        "\"%s\",\"id.orig_p\":%u,\"id.resp_h\":\"10.0.0.100\",\"id.resp_p\":53,\"proto\":\"udp\","
        "\"trans_id\":"
        "%u,\"rtt\":0.000%u,\"query\":\"%s\",\"qclass\":1,\"qclass_name\":\"C_INTERNET\",\"qtype\":"
        "1,"
        "\"qtype_name\":\"A\",\"rcode\":0,\"rcode_name\":\"NOERROR\",\"AA\":false,\"answers\":[\"%"
        "s\",\"%s\"],"
        "\"TTLs\":[%u.0,%u.0],\"rejected\":false}\n",
        now.iso, now.us, now.iso, now.us, uid(), inside(), high_port(), below(65536), below(90000),
        name(), name(), outside(), below(3000), below(40000));
}

static void json_ssl(void)
{
    say("{\"_path\":\"ssl\",\"_write_ts\":\"%s.%06uZ\",\"ts\":\"%s.%06uZ\",\"uid\":\"%s\",\"id."
        "orig_h\":"
        "\"%s\",\"id.orig_p\":%u,\"id.resp_h\":\"%s\",\"id.resp_p\":443,\"version\":\"TLSv12\","
        "\"cipher\":"
        "\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\",\"server_name\":\"%s\",\"resumed\":false,"
        "\"established\":true,\"cert_chain_fps\":[\"%s\",\"%s\"],\"validation_status\":\"ok\"}\n",
        now.iso, now.us, now.iso, now.us, uid(), inside(), high_port(), outside(), name(), hash(64),
        hash(64));
}

#define EVE                                                                                        \
    "{\"timestamp\":\"%s.%06u+0000\",\"flow_id\":%llu,\"in_iface\":\"eth0\",\"event_type\":\"%"    \
    "s\","                                                                                         \
    "\"src_ip\":\"%s\",\"src_port\":%u,\"dest_ip\":\"%s\",\"dest_port\":%u,\"proto\":\"%s\","
#define EVE_HEAD(type, from, to, to_port, proto)                                                   \
    now.iso, now.us, (unsigned long long)(rnd() >> 13), type, from, high_port(), to, to_port, proto

static void eve_dns(void)
{
    say(EVE
        "\"dns\":{\"type\":\"query\",\"id\":%u,\"rrname\":\"%s\",\"rrtype\":\"A\",\"tx_id\":0}}\n",
        EVE_HEAD("dns", inside(), "10.0.0.100", 53u, "UDP"), below(65536), name());
}

static void eve_tls(void)
{
    say(EVE "\"tls\":{\"subject\":\"CN=%s\",\"issuerdn\":\"C=US, O=Let's Encrypt, "
            "CN=R3\",\"serial\":\"%s\","
            "\"sni\":\"%s\",\"version\":\"TLS 1.2\",\"ja3\":{\"hash\":\"%s\"}}}\n",
        EVE_HEAD("tls", inside(), outside(), 443u, "TCP"), name(), hex(36), name(), hash(32));
}

static void eve_alert(void)
{
    static const char *const text[] = {
        "ET SCAN Potential SSH Scan", "ET DNS Query to a *.top domain - Likely Hostile",
        "ET SCAN Behavioral Unusual Port 445 traffic Potential Scan or Infection",
        "ET POLICY GNU/Linux APT User-Agent Outbound likely related to package management"};
    say(EVE "\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":%u,\"rev\":19,"
            "\"signature\":\"%s\","
            "\"category\":\"Attempted Information "
            "Leak\",\"severity\":2},\"http\":{\"hostname\":\"%s\",\"url\":"
            "\"%s\",\"http_user_agent\":\"%s\",\"http_method\":\"GET\",\"status\":200,\"length\":%"
            "u}}\n",
        EVE_HEAD("alert", anywhere(), anywhere(), port(), "TCP"), 2000000 + below(90000),
        PICK(text), name(), path(), agent(), below(90000));
}

static void eve_file(void)
{
    say(EVE "\"fileinfo\":{\"filename\":\"%s\",\"state\":\"CLOSED\",\"md5\":\"%s\",\"sha1\":\"%s\","
            "\"sha256\":"
            "\"%s\",\"stored\":false,\"size\":%u}}\n",
        EVE_HEAD("fileinfo", outside(), inside(), port(), "TCP"), path(), hash(32), hash(40),
        hash(64), below(9000000));
}

static void syslog_sshd(void)
{
    static const char *const users[] = {"root", "admin", "oracle", "test", "ubuntu"};
    say("%s bastion%u sshd[%u]: Failed password for invalid user %s from %s port %u ssh2\n",
        now.bsd, below(9), below(32768), PICK(users), anywhere(), high_port());
}

static void syslog_windows(void)
{
    say("<134>1 %s.%06uZ PC-%s.jerry.land EvntSLog - - - An account was successfully logged on. "
        "Subject: "
        "Security ID: S-1-5-21-1311969832-1707640848-2310541705-%u Account Domain: JERRY Logon ID: "
        "0x%s "
        "Logon GUID: {%s-FDA0-F8FC-B6A3-39969F997F6A} Source Network Address: %s Source Port: %u\n",
        now.iso, now.us, spell(letters36, 26, 6), below(3000), hex(7), hex(8), anywhere(),
        high_port());
}

static void syslog_app(void)
{
    const char *peer = planted(ENDPOINT);
    if (peer == NULL) {
        const char *host = anywhere();
        peer = fmt(strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port());
    }
    say("%s app%u haproxy[%u]: %s:%u [%s] fe~ be/srv%u 0/0/1/%u/%u 200 %u - - ---- %u/%u/0/0/0 0/0 "
        "to %s "
        "\"GET %s HTTP/1.1\"\n",
        now.bsd, below(9), below(32768), inside(), high_port(), now.apache, below(9), below(90),
        below(900), below(90000), below(90), below(90), peer, path());
}

static void apache(void)
{
    say("%s - - [%s] \"GET %s HTTP/1.1\" 200 %u \"%s\" \"%s\"\n", anywhere(), now.apache, path(),
        below(300000), below(3) == 0 ? "-" : url(), agent());
}

static void bind_query(void)
{
    const char *q = name();
    say("%s.%03u queries: info: client @0x7f%s %s#%u (%s): query: %s IN A + (10.0.0.100)\n",
        now.bind, now.us / 1000, hex(10), inside(), high_port(), q, q);
}

static void firewall(void)
{
    say("%s fw1 date=2018-03-24 devname=\"FG100\" logid=\"%010u\" type=\"traffic\" "
        "level=\"notice\" srcip=%s "
        "srcport=%u srcintf=\"lan\" dstip=%s dstport=%u dstintf=\"wan1\" policyid=%u "
        "action=\"accept\" "
        "service=\"HTTPS\" hostname=\"%s\" url=\"%s\" sentbyte=%u rcvdbyte=%u\n",
        now.bsd, below(1000000), inside(), high_port(), outside(), port(), below(100), name(),
        below(2) == 0 ? path() : url(), below(9000), below(90000));
}

static void proxy_csv(void)
{
    say("%s,%s,%s,GET,%s,200,%u,\"%s\",%s\n", ts(), inside(), mail(), url(), below(90000), agent(),
        outside());
}

static void postfix(void)
{
    if (below(2) == 0)
        say("%s mx1 postfix/smtp[%u]: %s: to=<%s>, relay=%s[%s]:25, delay=%u.%u, dsn=2.0.0, "
            "status=sent "
            "(250 2.0.0 Ok: queued as %s)\n",
            now.bsd, below(32768), hex(11), mail(), name(), outside(), below(9), below(9), hex(11));
    else
        say("%s mx1 postfix/qmgr[%u]: %s: from=<%s>, size=%u, nrcpt=1 (queue active)\n", now.bsd,
            below(32768), hex(11), mail(), below(90000));
}

static const struct {
    void (*write)(void);
    unsigned share; /* of 100 lines */
} formats[] = {{zeek_conn, 19},  {zeek_dns, 10},      {zeek_http, 5},  {zeek_ssl, 6},
               {zeek_files, 2},  {json_conn, 5},      {json_dns, 4},   {json_ssl, 3},
               {eve_dns, 4},     {eve_tls, 3},        {eve_alert, 2},  {eve_file, 1},
               {syslog_sshd, 4}, {syslog_windows, 3}, {syslog_app, 3}, {apache, 7},
               {bind_query, 7},  {firewall, 6},       {proxy_csv, 3},  {postfix, 3}};

static void write_line(void)
{
    unsigned at = below(100), i = 0;
    for (; at >= formats[i].share; i++)
        at -= formats[i].share;
    formats[i].write();
}

/* --- the program -------------------------------------------------------------------------------
 */

/* A line that holds what shall be planted; not every format has room for it. */
static void plant_line(bool miss, uint64_t number, FILE *told)
{
    choose_plant(miss);
    bool wanted = plant.wanted;
    do
        write_line();
    while (plant.wanted);
    if (wanted)
        (void)fprintf(told, "%" PRIu64 "\t%s\t%s\n", number, miss ? "miss" : "hit",
                      plant.indicator);
}

static int write_log(uint64_t bytes, const char *path)
{
    FILE *told = fopen(path, "w");
    if (told == NULL) {
        (void)fprintf(stderr, "gen_log: cannot write %s\n", path);
        return 1;
    }
    uint64_t n = 0;
    chance = 20180324;
    for (uint64_t number = 1; n < bytes; number++) {
        unsigned lot = below(10000);
        pass_time();
        if (lot < 10)
            plant_line(lot < 5, number, told);
        else
            write_line();
        n += (uint64_t)fwrite(line, 1, (size_t)line_n, stdout);
        if (ferror(stdout) != 0)
            break;
    }
    return fclose(told) != 0 || fflush(stdout) != 0 || ferror(stdout) != 0;
}

static int write_indicators(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        (void)puts(indicator(i).text);
    return fflush(stdout) != 0 || ferror(stdout) != 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "indicators") == 0)
        return write_indicators(strtoull(argv[2], NULL, 10));
    if (argc == 4 && strcmp(argv[1], "log") == 0)
        return write_log(strtoull(argv[2], NULL, 10), argv[3]);
    (void)fprintf(stderr, "usage: gen_log indicators N | gen_log log BYTES PLANTED\n");
    return 2;
}
