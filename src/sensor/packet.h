/*
 * packet.h: packets become lines of text, one each, so that everything that reads logs reads
 * captures too:
 *
 *     frame 17 192.0.2.1:40000 > 198.51.100.2:53 udp dns query evil.example A
 *
 * Everything in a packet is hostile. Each decoder takes a slice, gives up where it ends too early,
 * and never looks behind it. Memory: ENT_FLOWS flows and ENT_FRAGMENTS datagrams, the oldest goes
 * first, and ENT_FLOW_BYTES for what all of them hold.
 */
#ifndef ENT_SENSOR_PACKET_H
#define ENT_SENSOR_PACKET_H

#include "base/base.h"

#define ENT_FLOWS       8192u
#define ENT_FRAGMENTS   64u
#define ENT_FLOW_HEAD   16384u      /* bytes of a request or greeting */
#define ENT_FLOW_AHEAD  65536u      /* bytes of a flow that came too early */
#define ENT_FLOW_BYTES  (64u << 20) /* of all flows */
#define ENT_PACKET_LINE (8u << 20)  /* the longest line: an answer of nothing but long names */

/* Who talks to whom. IPv4 addresses are v4-mapped. */
struct ent_pair {
    uint8_t src16[16], dst16[16];
    uint16_t sport, dport;
};

struct ent_decoder;

/* link: a DLT_ number of libpcap; ENT_E_UNSUPPORTED when it is not known. */
ENT_MUST_USE enum ent_err ent_decoder_new(struct ent_decoder **ret, int link);
void ent_decoder_free(struct ent_decoder *dec);

/* Append the line of the next packet, of which packet was captured, to line. Only the system can
 * make it fail. */
ENT_MUST_USE enum ent_err ent_decoder_packet(struct ent_decoder *dec, struct ent_buf *line,
                                             struct ent_slice packet);

/* --- the inside ---------------------------------------------------------------------------------
 */

struct ent_flows;
struct ent_fragments;

struct ent_decoder {
    int link;
    uint64_t frame;
    struct ent_flows *flows;
    struct ent_fragments *fragments;
    struct ent_buf *line;
    enum ent_err err; /* the first one of writing to line */
};

static inline uint16_t ent_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t ent_be32(const uint8_t *p)
{
    return (uint32_t)ent_be16(p) << 16 | ent_be16(p + 2);
}

/* The next n bytes, or NULL when there are not so many. */
static inline const uint8_t *ent_cur_next(struct ent_cur *c, size_t n)
{
    struct ent_slice s;
    return ent_cur_take(c, &s, n) == ENT_OK ? s.p : NULL;
}

/* Text for the line. Bytes that could end a line or a token, or hide what follows, are escaped: in
 * names as \DDD (RFC 1035, 5.1), in URLs as %XX. */
void ent_packet_put(struct ent_decoder *dec, const char *text);
void ent_packet_number(struct ent_decoder *dec, uint64_t v);
void ent_packet_name(struct ent_decoder *dec, struct ent_slice label);
void ent_packet_url(struct ent_decoder *dec, struct ent_slice text);
void ent_packet_addr(struct ent_decoder *dec, const uint8_t addr16[static 16]);
void ent_packet_endpoint(struct ent_decoder *dec, const uint8_t addr16[static 16], uint16_t port);

/* fragment.c: a piece of a datagram. True when it is whole now: *ret, valid until the next call. */
ENT_MUST_USE enum ent_err ent_fragments_new(struct ent_fragments **ret);
void ent_fragments_free(struct ent_fragments *f);
struct ent_fragment {
    const struct ent_pair *pair; /* the ports are 0 */
    uint32_t id;
    uint8_t protocol;
    size_t offset;
    bool more;
    struct ent_slice bytes;
};
bool ent_fragments_add(struct ent_fragments *f, struct ent_slice *ret,
                       const struct ent_fragment *piece);

/* flow.c: a TCP segment. missing: bytes behind payload that were not captured. */
ENT_MUST_USE enum ent_err ent_flows_new(struct ent_flows **ret);
void ent_flows_free(struct ent_flows *f);
void ent_flows_segment(struct ent_decoder *dec, const struct ent_pair *pair, uint32_t seq, bool syn,
                       struct ent_slice payload, size_t missing);

/* dns.c: one message */
void ent_packet_dns(struct ent_decoder *dec, struct ent_slice message);

/* How many bytes of a stream's beginning were understood; 0: it may be, but more must come; -1: it
 * is something else. full: no more will come. */
ptrdiff_t ent_packet_hello(struct ent_decoder *dec, struct ent_slice stream, bool full);
ptrdiff_t ent_packet_http(struct ent_decoder *dec, const struct ent_pair *pair,
                          struct ent_slice stream, bool full);

#endif
