/*
 * scan.h: the inside of struct ent_scan, for the files that recognise tokens.
 *
 * They look at a window of the stream. Every decision depends on a bounded number of bytes before
 * and behind the place it is made at, and the window always holds that many (or ends where the
 * stream or a line does); that is why hits cannot depend on how the stream was cut into buffers.
 */
#ifndef ENT_WATCH_SCAN_H
#define ENT_WATCH_SCAN_H

#include "watch/watch.h"
#include "watch/chars.h"
#include "watch/set.h"

#define ENT_SCAN_BEHIND   4096u  /* bytes of the window that stay before the place */
#define ENT_SCAN_AHEAD    12288u /* bytes that must follow a ':' or '@' */
#define ENT_SCAN_NEAR     128u   /* bytes that must follow a word: the column of its port */
#define ENT_SCAN_NAME_MAX 1024u  /* of a name as it stands in the stream */
#define ENT_SCAN_TRIM_MAX 64u    /* hyphens, underscores and dots cut off a name's ends */
#define ENT_SCAN_URL_MAX  8192u  /* of a URL as it stands in the stream */
#define ENT_SCAN_TOLD     16384u /* tokens remembered as told */

struct ent_scan {
    const struct ent_watch *w;
    struct ent_scan_events ev;
    enum ent_err err; /* what a callback returned: the scan is over */
    bool ended;

    const uint8_t *b; /* the window */
    size_t n;
    uint64_t base; /* its place in the stream */
    bool final;    /* no token goes on behind its end */

    /* Where a word is longer than a window: tokens whose end lies in (emit_from, emit_to]. */
    bool inside;
    size_t emit_from, emit_to;

    /* Places in the stream: up to here text is part of an IPv6 address, of a URL's authority. */
    uint64_t v6_end, authority_end;

    uint64_t newlines, counted; /* newlines before the place "counted" */
    uint8_t last;               /* the last byte fed */

    struct ent_sweep *sweep; /* what it works with */
    uint64_t *told;          /* hashes of tokens, when somebody wants to know what was seen */
    bool every;              /* and each time it is seen */

    uint8_t *carry; /* the line that has not ended yet, or its end */
    size_t carry_n, carry_at;
    uint64_t fed; /* bytes in all */

    struct ent_observable seen; /* the token at hand */
    struct ent_observable net;  /* the network it lies in, or the start of URLs it has */
    uint8_t url[ENT_SCAN_URL_MAX];
};

/* The byte at i, or a newline where the window ends: neither is part of any token. */
static inline uint8_t ent_scan_byte(const struct ent_scan *s, size_t i)
{
    return i < s->n ? s->b[i] : '\n';
}

static inline bool ent_scan_is(const struct ent_scan *s, size_t i, unsigned classes)
{
    return i < s->n && ent_is(s->b[i], classes);
}

static inline struct ent_slice ent_scan_slice(const struct ent_scan *s, size_t from, size_t to)
{
    return ent_slice(s->b + from, to - from);
}

static inline bool ent_scan_emits(const struct ent_scan *s, size_t end)
{
    return end > s->emit_from && end <= s->emit_to;
}

static inline bool ent_scan_has(const struct ent_scan *s, enum ent_obs_type type)
{
    return (s->w->types & ENT_OBS_BIT(type)) != 0;
}

/* Whether the caller wants to be told of the token with these bytes. Logs say the same again and
 * again, and bringing a token into canonical form costs many times what finding it does. */
bool ent_scan_wants(struct ent_scan *s, enum ent_obs_type type, struct ent_slice token);

/* Tell the caller what s->seen is, and which indicator it met. at: the token's first byte in the
 * window; indicator: canonical text. */
ENT_MUST_USE enum ent_err ent_scan_seen(struct ent_scan *s);
ENT_MUST_USE enum ent_err ent_scan_hit(struct ent_scan *s, size_t at, enum ent_obs_type type,
                                       struct ent_slice indicator, uint64_t id);

static inline struct ent_slice ent_scan_token(const struct ent_scan *s)
{
    return ent_slice(s->seen.text, s->seen.n);
}

/* The hash that has so many digits, or 0. */
enum ent_obs_type ent_scan_hash_type(size_t digits);

/* scan_addr.c */
ENT_MUST_USE enum ent_err ent_scan_ipv4(struct ent_scan *s, size_t word, size_t from, size_t to);
ENT_MUST_USE enum ent_err ent_scan_ipv6(struct ent_scan *s, size_t colon);

/* scan_name.c: a name between two dots or ends of a word; at: the word is followed by '@' */
ENT_MUST_USE enum ent_err ent_scan_domain(struct ent_scan *s, size_t from, size_t to);
ENT_MUST_USE enum ent_err ent_scan_email(struct ent_scan *s, size_t at);
/* The ends of a name without what cannot be part of it; false when that is too much. */
bool ent_scan_trim(const struct ent_scan *s, size_t *from, size_t *to);
/* The last label of a trimmed name. */
struct ent_slice ent_scan_last_label(const struct ent_scan *s, size_t from, size_t to);

/* scan_url.c */
ENT_MUST_USE enum ent_err ent_scan_url(struct ent_scan *s, size_t colon);

#endif
