/*
 * parse.h: the pieces that observables are made of. Each parser takes foreign bytes, writes its
 * result only on ENT_OK, and otherwise says why in a fixed sentence. why is never NULL here.
 */
#ifndef ENT_INTEL_PARSE_H
#define ENT_INTEL_PARSE_H

#include "base/base.h"

#include <entente/observable.h>

static inline ENT_MUST_USE enum ent_err ent_no(const char **why, const char *text)
{
    *why = text;
    return ENT_E_FORMAT;
}

static inline bool ent_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool ent_is_alpha(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26;
}

static inline bool ent_is_hex(uint8_t c)
{
    return ent_is_digit(c) || (uint8_t)((c | 0x20) - 'a') < 6;
}

static inline char ent_lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static inline struct ent_slice ent_slice_from(struct ent_slice s, size_t at)
{
    return (struct ent_slice){s.p + at, s.n - at};
}

/* What stands before the next stop, which goes with it, or all that is left. */
static inline struct ent_slice ent_slice_until(struct ent_slice *s, uint8_t stop)
{
    size_t n = 0;
    while (n < s->n && s->p[n] != stop)
        n++;
    struct ent_slice part = ent_slice(s->p, n);
    *s = ent_slice_from(*s, n < s->n ? n + 1 : n);
    return part;
}

/* The next word, between blanks and tabs; empty at the end. */
static inline struct ent_slice ent_slice_word(struct ent_slice *s)
{
    size_t start = 0;
    while (start < s->n && (s->p[start] == ' ' || s->p[start] == '\t'))
        start++;
    size_t end = start;
    while (end < s->n && s->p[end] != ' ' && s->p[end] != '\t')
        end++;
    struct ent_slice word = ent_slice(s->p + start, end - start);
    *s = ent_slice_from(*s, end);
    return word;
}

/* --- addr.c ----------------------------------------------------------------------------------- */

/* An address, or a network when bits is less than its family's full length. */
struct ent_net {
    bool v6;
    uint8_t bits;  /* 0..32 or 0..128 */
    uint8_t b[16]; /* network order; an IPv4 address uses the first four */
};

ENT_MUST_USE enum ent_err ent_ipv4_parse(uint8_t ret4[static 4], const char **why,
                                         struct ent_slice s);
ENT_MUST_USE enum ent_err ent_ipv6_parse(uint8_t ret16[static 16], const char **why,
                                         struct ent_slice s);

/* "address" or "address/length", canonical: host bits cleared, v4-mapped turned into IPv4. */
ENT_MUST_USE enum ent_err ent_net_parse(struct ent_net *ret, const char **why, struct ent_slice s);

/* 1 to 65535, no leading zeros. */
ENT_MUST_USE enum ent_err ent_port_parse(uint16_t *ret, const char **why, struct ent_slice s);

/* Canonical text with NUL; returns its length. */
#define ENT_NET_TEXT 48
size_t ent_net_text(char ret[static ENT_NET_TEXT], const struct ent_net *net);

/* --- name.c ----------------------------------------------------------------------------------- */

#define ENT_NAME_MAX 253

/* A host name of at least min_labels labels, canonical; *ret_n without the NUL. */
ENT_MUST_USE enum ent_err ent_name_parse(char ret[static ENT_NAME_MAX + 1], size_t *ret_n,
                                         const char **why, struct ent_slice s, unsigned min_labels);

/* --- url.c, email.c --------------------------------------------------------------------------- */

/* These fill the whole observable. ent_url_parse() takes text without a scheme for http. */
ENT_MUST_USE enum ent_err ent_url_parse(struct ent_observable *ret, const char **why,
                                        struct ent_slice s);
ENT_MUST_USE enum ent_err ent_email_parse(struct ent_observable *ret, const char **why,
                                          struct ent_slice s);

/* Where the parts of a canonical URL are; scheme without "://", host with the brackets of IPv6. */
struct ent_url_parts {
    struct ent_slice scheme, userinfo, host, port, rest;
    bool has_userinfo, has_port;
};
/* The length of "scheme" in "scheme://...", 0 when the text does not begin like that. */
size_t ent_url_scheme(struct ent_slice s);
ENT_MUST_USE enum ent_err ent_url_split(struct ent_url_parts *ret, const char **why,
                                        struct ent_slice s);

/* Append to an observable that is being built; too much is a format error like any other. */
ENT_MUST_USE enum ent_err ent_obs_put(struct ent_observable *o, const char **why,
                                      struct ent_slice s);

#endif
