/*
 * packet.c: from the link to the transport. Lengths inside a packet may lie, so that each layer
 * hands on the smaller of what its header says and what is there. Layers nest (tunnels, labels, one
 * VLAN in another) at most DEPTH deep.
 */
#include "sensor/packet.h"

#include <arpa/inet.h>
#include <pcap/dlt.h>
#include <sys/socket.h>

#define DEPTH 8u

enum {
    ETH_IPV4 = 0x0800,
    ETH_ARP = 0x0806,
    ETH_TEB = 0x6558, /* Ethernet in GRE */
    ETH_VLAN = 0x8100,
    ETH_IPV6 = 0x86dd,
    ETH_MPLS = 0x8847,
    ETH_MPLS_MULTICAST = 0x8848,
    ETH_PPPOE = 0x8864,
    ETH_QINQ = 0x88a8,
    ETH_QINQ_OLD = 0x9100,
    ETH_TYPES = 0x0600 /* below: IEEE 802.3 lengths */
};

enum {
    PROTO_HOPS = 0,
    PROTO_ICMP = 1,
    PROTO_IPV4 = 4,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_IPV6 = 41,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_GRE = 47,
    PROTO_AUTH = 51,
    PROTO_ICMP6 = 58,
    PROTO_OPTIONS = 60,
    PROTO_SCTP = 132,
    PROTO_MOBILITY = 135
};

static void ethertype(struct ent_decoder *dec, struct ent_cur c, unsigned type, unsigned depth);
static void ip(struct ent_decoder *dec, struct ent_cur c, unsigned depth);

/* --- text --------------------------------------------------------------------------------------
 */

static void put(struct ent_decoder *dec, const void *p, size_t n)
{
    if (dec->err == ENT_OK)
        dec->err = ent_buf_put(dec->line, p, n);
}

void ent_packet_put(struct ent_decoder *dec, const char *text)
{
    put(dec, text, strlen(text));
}

void ent_packet_number(struct ent_decoder *dec, uint64_t v)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    ent_packet_put(dec, text);
}

static void put_escaped(struct ent_decoder *dec, struct ent_slice s, const char *special,
                        const char *fmt)
{
    char text[8];
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c > ' ' && c != 0x7f && strchr(special, c) == NULL) {
            put(dec, &c, 1);
            continue;
        }
        (void)snprintf(text, sizeof(text), fmt, c);
        ent_packet_put(dec, text);
    }
}

void ent_packet_name(struct ent_decoder *dec, struct ent_slice label)
{
    put_escaped(dec, label, ".\\@:/\"", "\\%03u");
}

void ent_packet_url(struct ent_decoder *dec, struct ent_slice text)
{
    put_escaped(dec, text, "\"<>\\`", "%%%02X");
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static void put_addr(struct ent_decoder *dec, const uint8_t *addr16, const char *open,
                     const char *close)
{
    char text[INET6_ADDRSTRLEN];
    bool v4 = memcmp(addr16, mapped, sizeof(mapped)) == 0;
    if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr16 + 12 : addr16, text, sizeof(text)) == NULL)
        ENT_BUG("inet_ntop");
    ent_packet_put(dec, v4 ? "" : open);
    ent_packet_put(dec, text);
    ent_packet_put(dec, v4 ? "" : close);
}

void ent_packet_addr(struct ent_decoder *dec, const uint8_t addr16[static 16])
{
    put_addr(dec, addr16, "", "");
}

void ent_packet_endpoint(struct ent_decoder *dec, const uint8_t addr16[static 16], uint16_t port)
{
    put_addr(dec, addr16, "[", "]");
    ent_packet_put(dec, ":");
    ent_packet_number(dec, port);
}

static void put_addrs(struct ent_decoder *dec, const struct ent_pair *p, const char *what)
{
    ent_packet_put(dec, " ");
    ent_packet_addr(dec, p->src16);
    ent_packet_put(dec, " > ");
    ent_packet_addr(dec, p->dst16);
    ent_packet_put(dec, what);
}

static void put_ports(struct ent_decoder *dec, const struct ent_pair *p, const char *what)
{
    ent_packet_put(dec, " ");
    ent_packet_endpoint(dec, p->src16, p->sport);
    ent_packet_put(dec, " > ");
    ent_packet_endpoint(dec, p->dst16, p->dport);
    ent_packet_put(dec, what);
}

static void map(uint8_t ret16[static 16], const uint8_t *addr4)
{
    memcpy(ret16, mapped, sizeof(mapped));
    memcpy(ret16 + 12, addr4, 4);
}

/* --- transport ----------------------------------------------------------------------------------
 */

struct datagram {
    struct ent_pair pair;
    struct ent_cur c;
    size_t missing; /* bytes behind c that were not captured */
};

static bool speaks_dns(uint16_t port)
{
    return port == 53 || port == 5353 || port == 5355; /* also mDNS and LLMNR */
}

static void udp(struct ent_decoder *dec, struct datagram *d)
{
    const uint8_t *h = ent_cur_next(&d->c, 8);
    if (h == NULL) {
        put_addrs(dec, &d->pair, " udp cut");
        return;
    }
    d->pair.sport = ent_be16(h);
    d->pair.dport = ent_be16(h + 2);
    put_ports(dec, &d->pair, " udp");
    size_t n = ent_be16(h + 4);
    if (n >= 8 && n - 8 < d->c.n)
        d->c.n = n - 8;
    if (speaks_dns(d->pair.sport) || speaks_dns(d->pair.dport))
        ent_packet_dns(dec, ent_slice(d->c.p, d->c.n));
}

static void tcp(struct ent_decoder *dec, struct datagram *d)
{
    const uint8_t *h = ent_cur_next(&d->c, 20);
    size_t n = h == NULL ? 0 : 4 * (size_t)(h[12] >> 4);
    if (n < 20 || ent_cur_next(&d->c, n - 20) == NULL) {
        put_addrs(dec, &d->pair, " tcp cut");
        return;
    }
    d->pair.sport = ent_be16(h);
    d->pair.dport = ent_be16(h + 2);
    put_ports(dec, &d->pair, " tcp");
    ent_flows_segment(dec, &d->pair, ent_be32(h + 4), (h[13] & 2) != 0, ent_slice(d->c.p, d->c.n),
                      d->missing);
}

static void sctp(struct ent_decoder *dec, struct datagram *d)
{
    const uint8_t *h = ent_cur_next(&d->c, 12);
    if (h == NULL) {
        put_addrs(dec, &d->pair, " sctp cut");
        return;
    }
    d->pair.sport = ent_be16(h);
    d->pair.dport = ent_be16(h + 2);
    put_ports(dec, &d->pair, " sctp");
}

static void gre(struct ent_decoder *dec, struct datagram *d, unsigned depth)
{
    const uint8_t *h = ent_cur_next(&d->c, 4);
    put_addrs(dec, &d->pair, " gre");
    if (h == NULL || (h[0] & 0x40) != 0 || (h[1] & 7) != 0) /* no source routes, version 0 */
        return;
    size_t options = ((h[0] & 0x80) != 0 ? 4u : 0) + ((h[0] & 0x20) != 0 ? 4u : 0) +
                     ((h[0] & 0x10) != 0 ? 4u : 0);
    if (ent_cur_next(&d->c, options) != NULL)
        ethertype(dec, d->c, ent_be16(h + 2), depth + 1);
}

static void transport(struct ent_decoder *dec, struct datagram *d, unsigned protocol,
                      unsigned depth)
{
    switch (protocol) {
    case PROTO_TCP:
        tcp(dec, d);
        break;
    case PROTO_UDP:
        udp(dec, d);
        break;
    case PROTO_SCTP:
        sctp(dec, d);
        break;
    case PROTO_GRE:
        gre(dec, d, depth);
        break;
    case PROTO_IPV4:
    case PROTO_IPV6:
        put_addrs(dec, &d->pair, " ip");
        ip(dec, d->c, depth + 1);
        break;
    case PROTO_ICMP:
    case PROTO_ICMP6:
        put_addrs(dec, &d->pair, " icmp");
        break;
    default:
        put_addrs(dec, &d->pair, " protocol ");
        ent_packet_number(dec, protocol);
    }
}

/* --- IP ----------------------------------------------------------------------------------------
 */

/* No more than the header said, and how much of that is missing. */
static void limit(struct datagram *d, size_t said)
{
    d->missing = said > d->c.n ? said - d->c.n : 0;
    d->c.n = said < d->c.n ? said : d->c.n;
}

static void fragment(struct ent_decoder *dec, struct datagram *d, struct ent_fragment *piece,
                     unsigned depth)
{
    struct ent_slice whole;
    piece->pair = &d->pair;
    piece->bytes = ent_slice(d->c.p, d->c.n);
    if (d->missing > 0 || !ent_fragments_add(dec->fragments, &whole, piece)) {
        put_addrs(dec, &d->pair, " fragment");
        return;
    }
    d->c = ent_cur(whole);
    transport(dec, d, piece->protocol, depth);
}

static void ipv4(struct ent_decoder *dec, struct ent_cur c, unsigned depth)
{
    struct datagram d = {.c = c};
    const uint8_t *h = ent_cur_next(&d.c, 20);
    size_t n = h == NULL ? 0 : 4 * (size_t)(h[0] & 15);
    if (n < 20 || ent_cur_next(&d.c, n - 20) == NULL) {
        ent_packet_put(dec, " ip cut");
        return;
    }
    map(d.pair.src16, h + 12);
    map(d.pair.dst16, h + 16);
    size_t total = ent_be16(h + 2);
    if (total >= n) /* 0 where a network card was to do it */
        limit(&d, total - n);
    unsigned flags = ent_be16(h + 6);
    struct ent_fragment piece = {.id = ent_be16(h + 4),
                                 .protocol = h[9],
                                 .offset = 8 * (size_t)(flags & 0x1fff),
                                 .more = (flags & 0x2000) != 0};
    if (piece.more || piece.offset > 0)
        fragment(dec, &d, &piece, depth);
    else
        transport(dec, &d, h[9], depth);
}

/* Skip extension headers; false when they end too early. *ret_piece when one was a fragment's. */
static bool extensions(struct datagram *d, uint8_t *next, struct ent_fragment *ret_piece)
{
    for (;;) {
        const uint8_t *h;
        switch (*next) {
        case PROTO_HOPS:
        case PROTO_ROUTING:
        case PROTO_OPTIONS:
        case PROTO_MOBILITY:
        case PROTO_AUTH:
            if ((h = ent_cur_next(&d->c, 2)) == NULL)
                return false;
            size_t n = *next == PROTO_AUTH ? 4 * ((size_t)h[1] + 2) : 8 * ((size_t)h[1] + 1);
            *next = h[0];
            if (ent_cur_next(&d->c, n - 2) == NULL)
                return false;
            break;
        case PROTO_FRAGMENT:
            if ((h = ent_cur_next(&d->c, 8)) == NULL)
                return false;
            *next = h[0];
            *ret_piece = (struct ent_fragment){.id = ent_be32(h + 4),
                                               .protocol = h[0],
                                               .offset = ent_be16(h + 2) & 0xfff8u,
                                               .more = (h[3] & 1) != 0};
            if (ret_piece->more || ret_piece->offset > 0)
                return true;
            break;
        default:
            return true;
        }
    }
}

static void ipv6(struct ent_decoder *dec, struct ent_cur c, unsigned depth)
{
    struct datagram d = {.c = c};
    struct ent_fragment piece = {0};
    const uint8_t *h = ent_cur_next(&d.c, 40);
    if (h == NULL) {
        ent_packet_put(dec, " ip cut");
        return;
    }
    memcpy(d.pair.src16, h + 8, 16);
    memcpy(d.pair.dst16, h + 24, 16);
    uint8_t next = h[6];
    if (ent_be16(h + 4) > 0) /* 0: a jumbogram */
        limit(&d, ent_be16(h + 4));
    if (!extensions(&d, &next, &piece))
        put_addrs(dec, &d.pair, " ip cut");
    else if (piece.more || piece.offset > 0)
        fragment(dec, &d, &piece, depth);
    else
        transport(dec, &d, next, depth);
}

static void ip(struct ent_decoder *dec, struct ent_cur c, unsigned depth)
{
    unsigned version = c.n > 0 ? c.p[0] >> 4 : 0;
    if (depth > DEPTH)
        ent_packet_put(dec, " too deep");
    else if (version == 4)
        ipv4(dec, c, depth);
    else if (version == 6)
        ipv6(dec, c, depth);
    else
        ent_packet_put(dec, " no ip");
}

/* --- links -------------------------------------------------------------------------------------
 */

static void ethernet(struct ent_decoder *dec, struct ent_cur c, unsigned depth)
{
    const uint8_t *h = ent_cur_next(&c, 14);
    if (h == NULL) {
        ent_packet_put(dec, " cut");
        return;
    }
    unsigned type = ent_be16(h + 12);
    if (type < ETH_TYPES) { /* IEEE 802.2 LLC with SNAP */
        h = ent_cur_next(&c, 8);
        type = h != NULL && memcmp(h, "\xaa\xaa\x03\0\0\0", 6) == 0 ? ent_be16(h + 6) : 0;
    }
    ethertype(dec, c, type, depth);
}

static void mpls(struct ent_decoder *dec, struct ent_cur c, unsigned depth)
{
    const uint8_t *h;
    do {
        if ((h = ent_cur_next(&c, 4)) == NULL)
            return;
    } while ((h[2] & 1) == 0);         /* the bottom of the stack */
    if (c.n > 0 && c.p[0] >> 4 == 0) { /* a pseudo-wire: control word, Ethernet */
        if (ent_cur_next(&c, 4) != NULL)
            ethernet(dec, c, depth + 1);
    } else {
        ip(dec, c, depth + 1);
    }
}

static void pppoe(struct ent_decoder *dec, struct ent_cur c, unsigned depth)
{
    const uint8_t *h = ent_cur_next(&c, 8);
    unsigned type = h == NULL ? 0 : ent_be16(h + 6);
    if (type == 0x0021 || type == 0x0057)
        ip(dec, c, depth + 1);
    else
        ent_packet_put(dec, " pppoe");
}

static void arp(struct ent_decoder *dec, struct ent_cur c)
{
    struct ent_pair pair;
    const uint8_t *h = ent_cur_next(&c, 28);
    if (h == NULL || ent_be16(h + 2) != ETH_IPV4 || h[4] != 6 || h[5] != 4) {
        ent_packet_put(dec, " arp");
        return;
    }
    map(pair.src16, h + 14);
    map(pair.dst16, h + 24);
    put_addrs(dec, &pair, " arp");
}

static void ethertype(struct ent_decoder *dec, struct ent_cur c, unsigned type, unsigned depth)
{
    const uint8_t *h;
    for (; type == ETH_VLAN || type == ETH_QINQ || type == ETH_QINQ_OLD; type = ent_be16(h + 2))
        if ((h = ent_cur_next(&c, 4)) == NULL)
            return;
    if (depth > DEPTH)
        ent_packet_put(dec, " too deep");
    else if (type == ETH_IPV4 || type == ETH_IPV6)
        ip(dec, c, depth);
    else if (type == ETH_MPLS || type == ETH_MPLS_MULTICAST)
        mpls(dec, c, depth);
    else if (type == ETH_PPPOE)
        pppoe(dec, c, depth);
    else if (type == ETH_TEB)
        ethernet(dec, c, depth + 1);
    else if (type == ETH_ARP)
        arp(dec, c);
    else
        ent_packet_put(dec, " other");
}

/* Netfilter's log: a family, then fields of which one is the packet. */
static void nflog(struct ent_decoder *dec, struct ent_cur c)
{
    const uint8_t *h = ent_cur_next(&c, 4);
    while (h != NULL && (h = ent_cur_next(&c, 4)) != NULL) {
        size_t n = (size_t)(h[0] | h[1] << 8); /* the order of the machine that wrote it */
        unsigned type = (unsigned)(h[2] | h[3] << 8);
        if (n < 4)
            break;
        n -= 4;
        if (type == 9) {
            ip(dec, (struct ent_cur){c.p, n < c.n ? n : c.n}, 0);
            return;
        }
        h = ent_cur_next(&c, (n + 3) & ~(size_t)3);
    }
    ent_packet_put(dec, " other");
}

/* A header of n bytes with an Ethernet type at a place in it. */
static void cooked(struct ent_decoder *dec, struct ent_cur c, size_t n, size_t at)
{
    const uint8_t *h = ent_cur_next(&c, n);
    if (h == NULL)
        ent_packet_put(dec, " cut");
    else
        ethertype(dec, c, ent_be16(h + at), 0);
}

static bool is_known(int link)
{
    switch (link) {
    case DLT_EN10MB:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_NFLOG:
    case DLT_PPP_ETHER:
        return true;
    default:
        return false;
    }
}

static void link_layer(struct ent_decoder *dec, struct ent_cur c)
{
    switch (dec->link) {
    case DLT_EN10MB:
        ethernet(dec, c, 0);
        break;
    case DLT_NULL:
    case DLT_LOOP: /* the family's number differs from system to system: the IP version tells */
        if (ent_cur_next(&c, 4) != NULL)
            ip(dec, c, 0);
        break;
    case DLT_LINUX_SLL:
        cooked(dec, c, 16, 14);
        break;
    case DLT_LINUX_SLL2:
        cooked(dec, c, 20, 0);
        break;
    case DLT_NFLOG:
        nflog(dec, c);
        break;
    case DLT_PPP_ETHER:
        pppoe(dec, c, 0);
        break;
    default:
        ip(dec, c, 0);
    }
}

/* --- the interface ------------------------------------------------------------------------------
 */

enum ent_err ent_decoder_new(struct ent_decoder **ret, int link)
{
    if (!is_known(link))
        return ENT_E_UNSUPPORTED;
    struct ent_decoder *dec = calloc(1, sizeof(*dec));
    if (dec == NULL)
        return ENT_E_NOMEM;
    dec->link = link;
    enum ent_err r;
    if ((r = ent_flows_new(&dec->flows)) != ENT_OK ||
        (r = ent_fragments_new(&dec->fragments)) != ENT_OK) {
        ent_decoder_free(dec);
        return r;
    }
    *ret = dec;
    return ENT_OK;
}

void ent_decoder_free(struct ent_decoder *dec)
{
    if (dec == NULL)
        return;
    ent_flows_free(dec->flows);
    ent_fragments_free(dec->fragments);
    free(dec);
}

enum ent_err ent_decoder_packet(struct ent_decoder *dec, struct ent_buf *line,
                                struct ent_slice packet)
{
    dec->line = line;
    dec->err = ENT_OK;
    dec->frame++;
    ent_packet_put(dec, "frame ");
    ent_packet_number(dec, dec->frame);
    link_layer(dec, ent_cur(packet));
    ent_packet_put(dec, "\n");
    return dec->err;
}
