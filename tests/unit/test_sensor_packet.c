/* test_sensor_packet.c: packets become lines: links, tunnels, fragments, flows, DNS, TLS, HTTP. */
#include "tests/support/t.h"
#include "sensor/packet.h"

#include <pcap/dlt.h>

/* --- packets that we build ----------------------------------------------------------------------
 */

struct pkt {
    size_t n;
    uint8_t b[4096];
};

static void put(struct pkt *p, const void *bytes, size_t n)
{
    assert_true(p->n + n <= sizeof(p->b));
    if (n > 0)
        memcpy(p->b + p->n, bytes, n);
    p->n += n;
}

static void put16(struct pkt *p, unsigned v)
{
    put(p, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void put32(struct pkt *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p, v & 0xffff);
}

static void put_pkt(struct pkt *p, const struct pkt *inner)
{
    put(p, inner->b, inner->n);
}

static void put_mac(struct pkt *p, unsigned type)
{
    put(p, "\1\2\3\4\5\6\7\10\11\12\13\14", 12);
    put16(p, type);
}

/* From 192.0.2.1 to 198.51.100.2. */
static void put_ipv4(struct pkt *p, uint8_t protocol, size_t n, unsigned id, unsigned fragment)
{
    put16(p, 0x4500);
    put16(p, (unsigned)(20 + n));
    put16(p, id);
    put16(p, fragment);
    put(p, (uint8_t[]){64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2}, 12);
}

/* From 2001:db8::1 to 2001:db8::2. */
static void put_ipv6(struct pkt *p, uint8_t next, size_t n)
{
    put32(p, 0x60000000);
    put16(p, (unsigned)n);
    put(p, (uint8_t[]){next, 64}, 2);
    put(p, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 32);
}

static void put_udp(struct pkt *p, unsigned sport, unsigned dport, struct ent_slice s)
{
    put16(p, sport);
    put16(p, dport);
    put16(p, (unsigned)(8 + s.n));
    put16(p, 0);
    put(p, s.p, s.n);
}

static void put_tcp(struct pkt *p, unsigned sport, unsigned dport, uint32_t seq, uint8_t flags,
                    struct ent_slice s)
{
    put16(p, sport);
    put16(p, dport);
    put32(p, seq);
    put32(p, 0);
    put(p, (uint8_t[]){0x50, flags, 1, 0, 0, 0, 0, 0}, 8);
    put(p, s.p, s.n);
}

static struct ent_slice slice(const struct pkt *p)
{
    return ent_slice(p->b, p->n);
}

static const uint8_t query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\4evil\7example\0\0\1\0\1";
#define QUERY ent_slice(query, sizeof(query) - 1)

/* --- what is said of them -----------------------------------------------------------------------
 */

static struct ent_decoder *decoder(int link)
{
    struct ent_decoder *dec;
    assert_ok(ent_decoder_new(&dec, link));
    return dec;
}

/* The line of one packet, behind "frame N"; valid until the next call. */
static const char *line_of(struct ent_decoder *dec, struct ent_slice packet)
{
    static char text[1u << 16];
    struct ent_buf b;
    ent_buf_init(&b, sizeof(text) - 1);
    assert_ok(ent_decoder_packet(dec, &b, packet));
    assert_true(b.n > 7 && memcmp(b.p, "frame ", 6) == 0 && b.p[b.n - 1] == '\n');
    assert_null(memchr(b.p, '\n', b.n - 1));
    memcpy(text, b.p, b.n - 1);
    text[b.n - 1] = '\0';
    ent_buf_release(&b);
    return text + 6 + strspn(text + 6, "0123456789");
}

static void assert_line(int link, const struct pkt *p, const char *want)
{
    struct ent_decoder *dec = decoder(link);
    assert_string_equal(line_of(dec, slice(p)), want);
    for (size_t n = 0; n < p->n; n++) { /* cut anywhere: a line, and no byte behind the end */
        uint8_t *exact = malloc(n + (n == 0));
        assert_non_null(exact);
        memcpy(exact, p->b, n);
        (void)line_of(dec, ent_slice(exact, n));
        free(exact);
    }
    ent_decoder_free(dec);
}

#define DNS_LINE " 192.0.2.1:40000 > 198.51.100.2:53 udp dns query evil.example A"

static struct pkt ip_query(void)
{
    struct pkt p = {0};
    put_ipv4(&p, 17, 8 + QUERY.n, 1, 0);
    put_udp(&p, 40000, 53, QUERY);
    return p;
}

static void test_links(void **state)
{
    struct pkt ip = ip_query(), p = {0};
    (void)state;
    assert_line(DLT_RAW, &ip, DNS_LINE);
    assert_line(DLT_IPV4, &ip, DNS_LINE);
    put_mac(&p, 0x0800), put_pkt(&p, &ip);
    assert_line(DLT_EN10MB, &p, DNS_LINE);
    p.n = 0; /* 802.1ad with 802.1Q in it, MPLS with two labels */
    put_mac(&p, 0x88a8), put32(&p, 0x00018100), put32(&p, 0x00028847);
    put32(&p, 0x00010040), put32(&p, 0x00020140), put_pkt(&p, &ip);
    assert_line(DLT_EN10MB, &p, DNS_LINE);
    p.n = 0;
    put_mac(&p, 0x8864), put32(&p, 0x11000001), put16(&p, (unsigned)ip.n + 2), put16(&p, 0x21);
    put_pkt(&p, &ip);
    assert_line(DLT_EN10MB, &p, DNS_LINE);
    p.n = 0; /* IEEE 802.3 with SNAP */
    put_mac(&p, (unsigned)ip.n + 8), put(&p, "\xaa\xaa\3\0\0\0\x08\0", 8), put_pkt(&p, &ip);
    assert_line(DLT_EN10MB, &p, DNS_LINE);
    p.n = 0; /* a pseudo-wire */
    put_mac(&p, 0x8847), put32(&p, 0x00010140), put32(&p, 0), put_mac(&p, 0x0800);
    put_pkt(&p, &ip);
    assert_line(DLT_EN10MB, &p, DNS_LINE);
    p.n = 0;
    put(&p, "\0\0\0\1\0\6\1\2\3\4\5\6\0\0\x08\0", 16), put_pkt(&p, &ip);
    assert_line(DLT_LINUX_SLL, &p, DNS_LINE);
    p.n = 0;
    put(&p, "\x08\0\0\0\0\0\0\1\0\1\0\6\1\2\3\4\5\6\0\0", 20), put_pkt(&p, &ip);
    assert_line(DLT_LINUX_SLL2, &p, DNS_LINE);
    p.n = 0;
    put(&p, "\2\0\0\0", 4), put_pkt(&p, &ip);
    assert_line(DLT_NULL, &p, DNS_LINE);
    assert_line(DLT_LOOP, &p, DNS_LINE);
    p.n = 0;
    put(&p, "\2\0\0\0\5\0\3\0x\0\0\0", 12);
    put(&p, (uint8_t[]){(uint8_t)(ip.n + 4), 0, 9, 0}, 4), put_pkt(&p, &ip);
    assert_line(DLT_NFLOG, &p, DNS_LINE);
    struct ent_decoder *dec;
    assert_err(ent_decoder_new(&dec, DLT_USB), ENT_E_UNSUPPORTED);
}

static void test_ip(void **state)
{
    struct pkt p = {0};
    (void)state;
    put_ipv6(&p, 0, 8 + 8 + 8 + QUERY.n); /* hop-by-hop, routing, UDP */
    put(&p, "\x2b\0\1\4\0\0\0\0\x11\0\0\0\0\0\0\0", 16);
    put_udp(&p, 40000, 5353, QUERY);
    assert_line(DLT_RAW, &p,
                " [2001:db8::1]:40000 > [2001:db8::2]:5353 udp dns query evil.example A");
    struct pkt ip = ip_query();
    p.n = 0; /* IPv4 in IPv6 */
    put_ipv6(&p, 4, ip.n), put_pkt(&p, &ip);
    assert_line(DLT_IPV6, &p, " 2001:db8::1 > 2001:db8::2 ip" DNS_LINE);
    p.n = 0; /* GRE with a key */
    put_ipv4(&p, 47, 8 + ip.n, 1, 0), put32(&p, 0x20000800), put32(&p, 7), put_pkt(&p, &ip);
    assert_line(DLT_RAW, &p, " 192.0.2.1 > 198.51.100.2 gre" DNS_LINE);
    p.n = 0;
    put_ipv4(&p, 1, 0, 1, 0);
    assert_line(DLT_RAW, &p, " 192.0.2.1 > 198.51.100.2 icmp");
    p.n = 0;
    put_ipv4(&p, 99, 0, 1, 0);
    assert_line(DLT_RAW, &p, " 192.0.2.1 > 198.51.100.2 protocol 99");
    p.n = 0; /* the header says more than was captured, and less */
    put_ipv4(&p, 17, 9000, 1, 0), put_udp(&p, 1, 53, QUERY);
    assert_line(DLT_RAW, &p, " 192.0.2.1:1 > 198.51.100.2:53 udp dns query evil.example A");
    p.n = 0;
    put_ipv4(&p, 17, 8, 1, 0), put_udp(&p, 1, 53, QUERY);
    assert_line(DLT_RAW, &p, " 192.0.2.1:1 > 198.51.100.2:53 udp dns damaged");
    p.n = 0;
    put(&p, "\x10", 1);
    assert_line(DLT_RAW, &p, " no ip");
    p.n = 0; /* tunnels without end */
    for (int i = 0; i < 60; i++)
        put_ipv4(&p, 4, 4000 - p.n, 1, 0);
    struct ent_decoder *dec = decoder(DLT_RAW);
    assert_non_null(strstr(line_of(dec, slice(&p)), "too deep"));
    ent_decoder_free(dec);
}

/* --- fragments ---------------------------------------------------------------------------------
 */

#define PIECE_DATA 16u

/* Piece i of a datagram cut into 16-byte pieces. */
static struct pkt piece(struct ent_slice whole, size_t i, unsigned id)
{
    struct pkt p = {0};
    size_t at = i * PIECE_DATA, n = whole.n - at < PIECE_DATA ? whole.n - at : PIECE_DATA;
    put_ipv4(&p, 17, n, id, (unsigned)(at / 8) | (at + n < whole.n ? 0x2000 : 0));
    put(&p, whole.p + at, n);
    return p;
}

static void test_fragments_in_any_order(void **state)
{
    struct pkt udp = {0};
    (void)state;
    put_udp(&udp, 40000, 53, QUERY);
    size_t n = (udp.n + PIECE_DATA - 1) / PIECE_DATA;
    struct ent_decoder *dec = decoder(DLT_RAW);
    for (unsigned round = 0; round < 200; round++) {
        size_t order[8], found = 0;
        for (size_t i = 0; i < n; i++) {
            size_t j = ent_t_below(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (size_t i = 0; i < n; i++) {
            struct pkt p = piece(slice(&udp), order[i], round);
            const char *line = line_of(dec, slice(&p));
            bool last = i + 1 == n;
            assert_string_equal(line, last ? DNS_LINE : " 192.0.2.1 > 198.51.100.2 fragment");
            found += last;
        }
        assert_int_equal(found, 1);
    }
    ent_decoder_free(dec);
}

static void test_fragments_that_overlap(void **state)
{
    struct pkt udp = {0}, p;
    (void)state;
    put_udp(&udp, 40000, 53, QUERY);
    struct ent_decoder *dec = decoder(DLT_RAW);
    p = piece(slice(&udp), 0, 7);
    (void)line_of(dec, slice(&p));
    (void)line_of(dec, slice(&p)); /* again */
    for (size_t i = 1; i * PIECE_DATA < udp.n; i++) {
        p = piece(slice(&udp), i, 7);
        assert_string_equal(line_of(dec, slice(&p)), " 192.0.2.1 > 198.51.100.2 fragment");
    }
    /* more datagrams than are kept: the oldest is forgotten, the newest is not */
    for (unsigned id = 100; id < 100 + 2 * ENT_FRAGMENTS; id++) {
        p = piece(slice(&udp), 0, id);
        (void)line_of(dec, slice(&p));
    }
    for (unsigned id = 100; id < 100 + 2 * ENT_FRAGMENTS; id += 2 * ENT_FRAGMENTS - 1) {
        const char *line = "";
        for (size_t i = 1; i * PIECE_DATA < udp.n; i++) {
            p = piece(slice(&udp), i, id);
            line = line_of(dec, slice(&p));
        }
        assert_string_equal(line, id == 100 ? " 192.0.2.1 > 198.51.100.2 fragment" : DNS_LINE);
    }
    ent_decoder_free(dec);
}

/* --- DNS ---------------------------------------------------------------------------------------
 */

static const char *dns_line(struct ent_slice m)
{
    struct pkt p = {0};
    struct ent_decoder *dec = decoder(DLT_RAW);
    put_ipv4(&p, 17, 8 + m.n, 1, 0);
    put_udp(&p, 53, 40000, m);
    const char *line = line_of(dec, slice(&p));
    ent_decoder_free(dec);
    const char *dns = strstr(line, "dns");
    assert_non_null(dns);
    return dns;
}

static void test_dns(void **state)
{
    struct pkt m = {0};
    (void)state;
    put(&m, "\1\2\x81\x80\0\1\0\5\0\0\0\1", 12);
    put(&m, "\4evil\7example\0\0\1\0\1", 18);
    put(&m, "\xc0\x0c\0\5\0\1\0\0\0\1\0\6\3www\xc0\x0c", 18);
    put(&m, "\xc0\x2a\0\1\0\1\0\0\0\1\0\4\xc0\0\2\7", 16);
    put(&m, "\xc0\x2a\0\x1c\0\1\0\0\0\1\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 28);
    put(&m, "\0\0\x10\0\1\0\0\0\1\0\4\3a\nb", 15);
    put(&m, "\xc0\x0c\0\x41\0\1\0\0\0\1\0\x0b\0\1\0\0\4\0\4\xc6\x33\x64\x09", 23);
    put(&m, "\0\0\x29\x10\0\0\0\0\0\0\0", 11);
    assert_string_equal(dns_line(slice(&m)),
                        "dns answer evil.example A, evil.example CNAME www.evil.example, "
                        "www.evil.example A 192.0.2.7, www.evil.example AAAA 2001:db8::1, "
                        ". TXT \"a%0Ab\", evil.example HTTPS . 198.51.100.9");
    /* dots, blanks, newlines and escapes inside labels make no name of their own */
    assert_string_equal(dns_line(ent_slice("\1\2\1\0\0\1\0\0\0\0\0\0\x0e"
                                           "a.b c\n\\/evil.x\2yz\0\0\1\0\1",
                                           35)),
                        "dns query a\\046b\\032c\\010\\092\\047evil\\046x.yz A");
}

static void test_dns_that_is_hostile(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"\1\2\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18},    /* a pointer to itself */
        {"\1\2\1\0\0\1\0\0\0\0\0\0\xc0\x10\0\1\0\1", 18},    /* forwards */
        {"\1\2\1\0\0\1\0\0\0\0\0\0\1a\xc0\x0c\0\1\0\1", 20}, /* back to its own beginning */
        {"\1\2\1\0\0\1\0\0\0\0\0\0\x40xxxxx", 18},           /* a reserved label */
        {"\1\2\1\0\0\1\0\0\0\0\0\0\4evi", 16},               /* cut */
        {"\1\2\1\0\xff\xff\0\0\0\0\0\0", 12},                /* questions that are not there */
        {"\1\2\1\0\0\0\0\1\0\0\0\0\0\0\1\0\1\0\0\0\0\xff\xff", 23}, /* a record, too */
    };
    struct pkt m = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(strstr(dns_line(ent_slice(bad[i].bytes, bad[i].n)), " damaged"));
    put(&m, "\1\2\1\0\0\1\0\0\0\0\0\0", 12); /* 5 labels of 63: longer than a name may be */
    for (int i = 0; i < 5; i++) {
        put(&m, "\x3f", 1);
        for (int k = 0; k < 63; k++)
            put(&m, "a", 1);
    }
    put(&m, "\0\0\1\0\1", 5);
    assert_non_null(strstr(dns_line(slice(&m)), " damaged"));
}

/* --- flows -------------------------------------------------------------------------------------
 */

static const char hello[] = "\x16\3\1\0\x4a\1\0\0\x46\3\3"
                            "0123456789abcdef0123456789abcdef"
                            "\0\0\2\x13\1\1\0\0\x1b"
                            "\0\x0b\0\2\1\0\0\0\0\x11\0\x0f\0\0\x0c"
                            "evil.example";
#define HELLO ent_slice(hello, sizeof(hello) - 1)

static const char requests[] =
    "GET /a?b=c HTTP/1.1\r\nUser-Agent: x\r\nhOST:  evil.example \r\n\r\n"
    "GET http://other.example/ HTTP/1.0\r\nHost: other.example\r\n\r\n"
    "CONNECT far.example:443 HTTP/1.1\r\n\r\n";
#define REQUESTS ent_slice(requests, sizeof(requests) - 1)

/* The findings of all lines of one flow, behind "tcp". */
static void segment(struct ent_decoder *dec, char found[static 1024], unsigned port, uint32_t seq,
                    uint8_t flags, struct ent_slice s)
{
    struct pkt p = {0};
    put_ipv4(&p, 6, 20 + s.n, 1, 0);
    put_tcp(&p, 40000, port, seq, flags, s);
    const char *tcp = strstr(line_of(dec, slice(&p)), " tcp");
    assert_non_null(tcp);
    size_t n = strlen(found);
    assert_true((size_t)snprintf(found + n, 1024 - n, "%s", tcp + 4) < 1024 - n);
}

static const char *in_one(unsigned port, struct ent_slice stream)
{
    static char found[1024];
    struct ent_decoder *dec = decoder(DLT_RAW);
    found[0] = '\0';
    segment(dec, found, port, 1000, 0x10, stream);
    ent_decoder_free(dec);
    return found;
}

static void test_http(void **state)
{
    (void)state;
    assert_string_equal(in_one(80, REQUESTS), " http GET http://evil.example/a?b=c"
                                              " http GET http://other.example/ host other.example"
                                              " http CONNECT far.example:443");
    assert_string_equal(in_one(8080, ENT_SLICE_LIT("GET / HTTP/1.1\r\n\r\n")),
                        " http GET http://198.51.100.2:8080/");
    assert_string_equal(in_one(80, ENT_SLICE_LIT("GET /a b\"\x01 HTTP/1.1\nHost: e\n\n")),
                        " http GET http://e/a%20b%22%01");
    assert_string_equal(in_one(80, ENT_SLICE_LIT("GET /old\r\n")),
                        " http GET http://198.51.100.2:80/old");
    assert_string_equal(in_one(80, ENT_SLICE_LIT("GETTING / HTTP/1.1\r\n\r\n")), "");
    assert_string_equal(in_one(80, ENT_SLICE_LIT("HTTP/1.1 200 OK\r\n\r\n")), "");
}

static void test_tls(void **state)
{
    char two[sizeof(hello) + 5];
    uint8_t bad[sizeof(hello)];
    (void)state;
    assert_string_equal(in_one(443, HELLO), " tls sni evil.example");
    memcpy(two, hello, 5 + 20); /* the same in two records */
    two[4] = 20;
    memcpy(two + 25, "\x16\3\1\0\x36", 5);
    memcpy(two + 30, hello + 25, sizeof(hello) - 1 - 25);
    assert_string_equal(in_one(443, ent_slice(two, sizeof(hello) - 1 + 5)),
                        " tls sni evil.example");
    for (size_t i = 0; i < sizeof(hello) - 1; i++) { /* any byte may be wrong */
        memcpy(bad, hello, sizeof(hello));
        bad[i] = 0xff;
        (void)in_one(443, ent_slice(bad, sizeof(hello) - 1));
    }
}

/* A stream in segments of any size, in any order within what is kept, some of them twice. */
static void shuffled(unsigned port, struct ent_slice stream, const char *want)
{
    size_t cut[64], order[64], n = 1;
    char found[1024] = "";
    struct ent_decoder *dec = decoder(DLT_RAW);
    uint32_t first = (uint32_t)ent_t_rand(); /* sequence numbers wrap */
    cut[0] = 0;
    while (n < 20 && cut[n - 1] < stream.n) {
        cut[n] = cut[n - 1] + 1 + ent_t_below(stream.n / 4);
        cut[n] = cut[n] > stream.n ? stream.n : cut[n];
        n++;
    }
    cut[n - 1] = stream.n;
    for (size_t i = 0; i + 1 < n; i++) {
        size_t j = ent_t_below(i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    segment(dec, found, port, first - 1, 2, ent_slice(NULL, 0));
    for (size_t i = 0; i + 1 < n; i++) {
        size_t k = order[i];
        struct ent_slice s = ent_slice(stream.p + cut[k], cut[k + 1] - cut[k]);
        segment(dec, found, port, first + (uint32_t)cut[k], 0x10, s);
        if (ent_t_below(3) == 0)
            segment(dec, found, port, first + (uint32_t)cut[k], 0x10, s);
    }
    assert_string_equal(found, want);
    ent_decoder_free(dec);
}

static void test_segments_in_any_order(void **state)
{
    struct pkt dns = {0};
    (void)state;
    put16(&dns, (unsigned)QUERY.n), put(&dns, QUERY.p, QUERY.n);
    put16(&dns, (unsigned)QUERY.n), put(&dns, QUERY.p, QUERY.n);
    for (int i = 0; i < 300; i++) {
        shuffled(443, HELLO, " tls sni evil.example");
        shuffled(53, slice(&dns), " dns query evil.example A dns query evil.example A");
        shuffled(80, REQUESTS,
                 " http GET http://evil.example/a?b=c"
                 " http GET http://other.example/ host other.example"
                 " http CONNECT far.example:443");
    }
}

static void test_what_was_lost(void **state)
{
    char found[1024] = "";
    struct ent_decoder *dec = decoder(DLT_RAW);
    uint8_t body[1000];
    (void)state;
    memset(body, 'x', sizeof(body));
    segment(dec, found, 80, 100, 0x10, ENT_SLICE_LIT("POST /1 HTTP/1.1\r\nHost: e\r\n\r\n"));
    for (uint32_t i = 1; i < 200; i++) /* the first bytes of the body never come */
        segment(dec, found, 80, 1000 + 1000 * i, 0x10, ent_slice(body, sizeof(body)));
    segment(dec, found, 80, 201000, 0x10, ENT_SLICE_LIT("GET /2 HTTP/1.1\r\nHost: e\r\n\r\n"));
    for (uint32_t i = 0; i < 100; i++)
        segment(dec, found, 80, 201028 + 1000 * i, 0x10, ent_slice(body, sizeof(body)));
    assert_string_equal(found, " http POST http://e/1 http GET http://e/2");
    found[0] = '\0'; /* TLS begins in the middle: STARTTLS */
    segment(dec, found, 25, 500, 0x10, ENT_SLICE_LIT("STARTTLS\r\n"));
    segment(dec, found, 25, 510, 0x10, HELLO);
    assert_string_equal(found, " tls sni evil.example");
    found[0] = '\0'; /* and the end of a request was not captured */
    struct pkt p = {0};
    put_ipv4(&p, 6, 20 + 1000, 1, 0);
    put_tcp(&p, 5, 80, 7, 0x10, ENT_SLICE_LIT("GET /cut HTTP/1.1\r\nHost: e\r\nCoo"));
    assert_non_null(strstr(line_of(dec, slice(&p)), " http GET http://e/cut"));
    ent_decoder_free(dec);
}

static void test_more_flows_than_are_kept(void **state)
{
    struct ent_decoder *dec = decoder(DLT_RAW);
    (void)state;
    for (uint32_t i = 0; i < 3 * ENT_FLOWS; i++) {
        struct pkt p = {0};
        put_ipv4(&p, 6, 20 + 4, 1, 0);
        put_tcp(&p, i & 0xffff, 80 + (i >> 16), 1, 0x10, ENT_SLICE_LIT("GET "));
        (void)line_of(dec, slice(&p));
    }
    struct pkt p = {0};
    put_ipv4(&p, 6, 20 + 20, 1, 0);
    put_tcp(&p, (3 * ENT_FLOWS - 1) & 0xffff, 80, 5, 0x10,
            ENT_SLICE_LIT("/new HTTP/1.1\r\n\r\n\r\n"));
    assert_non_null(strstr(line_of(dec, slice(&p)), " http GET http://198.51.100.2:80/new"));
    p.n = 0;
    put_ipv4(&p, 6, 20 + 20, 1, 0);
    put_tcp(&p, 0, 80, 5, 0x10, ENT_SLICE_LIT("/old HTTP/1.1\r\n\r\n\r\n"));
    assert_null(strstr(line_of(dec, slice(&p)), "http"));
    ent_decoder_free(dec);
}

static void test_noise(void **state)
{
    static const int links[] = {DLT_EN10MB, DLT_RAW, DLT_NFLOG, DLT_LINUX_SLL2};
    (void)state;
    for (size_t k = 0; k < sizeof(links) / sizeof(links[0]); k++) {
        struct ent_decoder *dec = decoder(links[k]);
        for (int i = 0; i < 20000; i++) {
            struct pkt p = ip_query();
            for (unsigned j = 0; j < 6; j++)
                p.b[ent_t_below(p.n)] = (uint8_t)ent_t_rand();
            (void)line_of(dec, ent_slice(p.b, ent_t_below(p.n + 1)));
        }
        ent_decoder_free(dec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_ip),
        cmocka_unit_test(test_fragments_in_any_order),
        cmocka_unit_test(test_fragments_that_overlap),
        cmocka_unit_test(test_dns),
        cmocka_unit_test(test_dns_that_is_hostile),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_segments_in_any_order),
        cmocka_unit_test(test_what_was_lost),
        cmocka_unit_test(test_more_flows_than_are_kept),
        cmocka_unit_test(test_noise),
    };
    return ent_t_run("sensor_packet", tests);
}
