/*
 * scan_addr.c: IPv4 and IPv6 addresses, with the port beside them (docs/watch.md, "Addresses").
 */
#include "watch/watch.h"
#include "watch/scan.h"

#include <arpa/inet.h>

#define KEY_MAX 32 /* bytes of a key that names a port */

/* An address and where it stands. */
struct found {
    uint8_t b[16];
    size_t n; /* 4 or 16 */
    size_t at;
    uint16_t port; /* 0: none beside it */
};

/* --- meeting the set ---------------------------------------------------------------------------
 */

static void clear_bits(uint8_t *b, size_t n, unsigned keep)
{
    for (size_t i = 0; i < n; i++) {
        unsigned bits = keep > 8 * i ? keep - 8 * (unsigned)i : 0;
        if (bits < 8)
            b[i] = (uint8_t)(b[i] & (0xFF00u >> bits));
    }
}

static bool find_key(const struct ent_scan *s, enum ent_obs_type type, struct ent_slice key,
                     uint64_t *ret_id)
{
    return ent_watch_maybe_key(s->w, type, key) && ent_watch_find(s->w, type, key, ret_id);
}

/* The most specific network that holds the address; its key into ret_key. */
static bool find_net(const struct ent_scan *s, const struct found *f, uint8_t ret_key[static 17],
                     uint64_t *ret_id)
{
    enum ent_obs_type type = f->n == 4 ? ENT_OBS_NET4 : ENT_OBS_NET6;
    memcpy(ret_key, f->b, f->n);
    for (unsigned keep = 8 * (unsigned)f->n; keep-- > 0;) {
        uint64_t lengths = f->n == 4 ? s->w->net4 : s->w->net6[keep / 64];
        if ((lengths >> keep % 64 & 1) == 0)
            continue;
        clear_bits(ret_key, f->n, keep);
        ret_key[f->n] = (uint8_t)keep;
        if (find_key(s, type, ent_slice(ret_key, f->n + 1), ret_id))
            return true;
    }
    return false;
}

static enum ent_err meet_endpoint(struct ent_scan *s, const struct found *f)
{
    uint8_t key[18];
    uint64_t id;
    memcpy(key, f->b, f->n);
    key[f->n] = (uint8_t)(f->port >> 8);
    key[f->n + 1] = (uint8_t)f->port;
    struct ent_slice k = ent_slice(key, f->n + 2);
    if (!find_key(s, ENT_OBS_ENDPOINT, k, &id))
        return ENT_OK;
    ent_watch_text(&s->seen, ENT_OBS_ENDPOINT, k);
    return ent_scan_hit(s, f->at, ENT_OBS_ENDPOINT, ent_scan_token(s), id);
}

/* The address itself, else the closest network around it. */
static enum ent_err meet_address(struct ent_scan *s, const struct found *f)
{
    enum ent_obs_type type = f->n == 4 ? ENT_OBS_IPV4 : ENT_OBS_IPV6;
    enum ent_obs_type net = f->n == 4 ? ENT_OBS_NET4 : ENT_OBS_NET6;
    struct ent_slice address = ent_slice(f->b, f->n);
    uint8_t key[17];
    uint64_t id;
    enum ent_err r;
    bool exact = ent_scan_has(s, type) && find_key(s, type, address, &id);
    bool inside = !exact && ent_scan_has(s, net) && find_net(s, f, key, &id);
    bool tell = ent_scan_wants(s, type, address);
    if (!exact && !inside && !tell)
        return ENT_OK;
    ent_watch_text(&s->seen, type, address);
    if (tell && (r = ent_scan_seen(s)) != ENT_OK)
        return r;
    if (exact)
        return ent_scan_hit(s, f->at, type, ent_scan_token(s), id);
    if (!inside)
        return ENT_OK;
    ent_watch_text(&s->net, net, ent_slice(key, f->n + 1));
    return ent_scan_hit(s, f->at, net, ent_slice(s->net.text, s->net.n), id);
}

static enum ent_err meet(struct ent_scan *s, const struct found *f)
{
    enum ent_err r = ENT_OK;
    if (f->port != 0 && ent_scan_has(s, ENT_OBS_ENDPOINT))
        r = meet_endpoint(s, f);
    return r == ENT_OK ? meet_address(s, f) : r;
}

/* 1 to 65535 in digits at i; 0 when it is no port. */
static uint16_t number_at(const struct ent_scan *s, size_t i, size_t *ret_end)
{
    uint32_t v = 0;
    size_t end = i;
    while (end - i < 6 && ent_scan_is(s, end, ENT_C_DIGIT))
        v = v * 10 + (uint32_t)(s->b[end++] - '0');
    *ret_end = end;
    return v > UINT16_MAX || ent_scan_byte(s, i) == '0' ? 0 : (uint16_t)v;
}

/* The same, with a boundary behind it. */
static uint16_t port_number(const struct ent_scan *s, size_t i)
{
    size_t end;
    uint16_t v = number_at(s, i, &end);
    if (ent_scan_is(s, end, ENT_C_ALNUM) ||
        (ent_scan_byte(s, end) == '.' && ent_scan_is(s, end + 1, ENT_C_ALNUM)))
        return 0;
    return v;
}

/* A field that is nothing but a number. */
static uint16_t port_field(const struct ent_scan *s, size_t i)
{
    bool quoted = ent_scan_byte(s, i) == '"';
    size_t end;
    uint16_t v = number_at(s, quoted ? i + 1 : i, &end);
    if (quoted && ent_scan_byte(s, end++) != '"')
        return 0;
    uint8_t c = ent_scan_byte(s, end);
    return c == '\t' || c == ',' || c == ';' || c == '\r' || c == '\n' ? v : 0;
}

/* A key at i that ends in "port", "_p" or "pt": where it ends, or 0. */
static size_t port_key(const struct ent_scan *s, size_t i)
{
    size_t end = i;
    while (end - i <= KEY_MAX && ent_scan_is(s, end, ENT_C_WORD))
        end++;
    size_t n = end - i;
    if (n < 2 || n > KEY_MAX)
        return 0;
    struct ent_slice last2 = ent_scan_slice(s, end - 2, end);
    bool is_port = n >= 4 && ent_slice_ieq(ent_scan_slice(s, end - 4, end), ENT_SLICE_LIT("port"));
    return is_port || ent_slice_ieq(last2, ENT_SLICE_LIT("_p")) ||
                   ent_slice_ieq(last2, ENT_SLICE_LIT("pt"))
               ? end
               : 0;
}

/* The port in the next column, behind the end of an address: Zeek's and other tables, JSON,
 * key=value. */
static uint16_t port_column(const struct ent_scan *s, size_t i)
{
    bool quoted = ent_scan_byte(s, i) == '"';
    uint8_t c = ent_scan_byte(s, quoted ? ++i : i);
    size_t p = i + 1, key;
    if (c == '\t' || c == ';')
        return port_field(s, p);
    if (c == ' ') {
        key = port_key(s, p);
        if (key == 0 || ent_scan_byte(s, key) != '=')
            return 0;
        return port_number(s, ent_scan_byte(s, key + 1) == '"' ? key + 2 : key + 1);
    }
    if (c != ',')
        return 0;
    uint16_t v = port_field(s, p);
    if (v != 0 || !quoted)
        return v;
    p += ent_scan_byte(s, p) == ' ';
    key = ent_scan_byte(s, p) == '"' ? port_key(s, p + 1) : 0;
    if (key == 0 || ent_scan_byte(s, key) != '"' || ent_scan_byte(s, key + 1) != ':')
        return 0;
    return port_number(s, ent_scan_byte(s, key + 2) == ' ' ? key + 3 : key + 2);
}

/* ":443" or "#53" at i, or the column behind it; 0 when there is none. */
static uint16_t port_at(const struct ent_scan *s, size_t i)
{
    uint8_t c = ent_scan_byte(s, i);
    return c == ':' || c == '#' ? port_number(s, i + 1) : port_column(s, i);
}

/* A '.' at i that goes on with more of a name or number. */
static bool dot_goes_on(const struct ent_scan *s, size_t i)
{
    if (ent_scan_byte(s, i) != '.' || i + 1 >= s->n)
        return false;
    return ent_is(s->b[i + 1], ENT_C_LABEL) || ent_wide_name(ent_scan_slice(s, i + 1, s->n)) > 0;
}

/* --- IPv4 --------------------------------------------------------------------------------------
 */

/* Four decimal octets without leading zeros, from..*ret_end, or false. */
static bool quad(const struct ent_scan *s, size_t from, size_t *ret_end, uint8_t ret4[static 4])
{
    size_t p = from;
    for (unsigned part = 0; part < 4; part++) {
        if (part > 0 && ent_scan_byte(s, p++) != '.')
            return false;
        size_t start = p;
        unsigned v = 0;
        while (p - start < 4 && ent_scan_is(s, p, ENT_C_DIGIT))
            v = v * 10 + (unsigned)(s->b[p++] - '0');
        if (p == start || p - start > 3 || v > 255 || (p - start > 1 && s->b[start] == '0'))
            return false;
        ret4[part] = (uint8_t)v;
    }
    *ret_end = p;
    return true;
}

/* Whether the text behind an address makes it the first part of a name: "1.2.3.4-static.isp.net".
 * *known keeps the answer for the other addresses in the same name: 0 not asked, 1 no, 2 yes. */
static bool is_part_of_name(const struct ent_scan *s, size_t end, size_t from, size_t to,
                            int *known)
{
    if (end == to || !ent_scan_is(s, end, ENT_C_LABEL | ENT_C_HIGH) || to - end > ENT_SCAN_NAME_MAX)
        return false;
    if (*known == 0)
        *known = ent_scan_trim(s, &from, &to) && ent_label_is_tld(ent_scan_last_label(s, from, to))
                     ? 2
                     : 1;
    return *known == 2;
}

static enum ent_err ipv4_at(struct ent_scan *s, size_t at, size_t from, size_t to, int *known)
{
    struct found f = {.n = 4, .at = at};
    size_t end;
    if (!quad(s, at, &end, f.b) || !ent_scan_emits(s, end) || ent_scan_is(s, end, ENT_C_ALNUM) ||
        dot_goes_on(s, end) || s->base + at < s->v6_end || is_part_of_name(s, end, from, to, known))
        return ENT_OK;
    f.port = port_at(s, end);
    return meet(s, &f);
}

/* All addresses in one name, which may be joined by '-' and '_'. word: where its word begins. */
enum ent_err ent_scan_ipv4(struct ent_scan *s, size_t word, size_t from, size_t to)
{
    int known = 0;
    enum ent_err r = ENT_OK;
    for (size_t p = from; p < to && r == ENT_OK; p++) {
        if (!ent_is(s->b[p], ENT_C_DIGIT))
            continue;
        bool start = p == word || !ent_is(s->b[p - 1], ENT_C_ALNUM | ENT_C_DOT);
        if (!start && s->b[p - 1] == '.')
            start = p - 1 == word || !ent_is(s->b[p - 2], ENT_C_LABEL | ENT_C_HIGH);
        if (start)
            r = ipv4_at(s, p, from, to, &known);
        while (p + 1 < to && ent_is(s->b[p + 1], ENT_C_DIGIT))
            p++;
    }
    return r;
}

/* --- IPv6 --------------------------------------------------------------------------------------
 */

/* The run of letters and digits that ends before end: its start, behind an escape. What is longer
 * than a group and an escape is no group and not walked to its start. */
static size_t run_before(const struct ent_scan *s, size_t end)
{
    const size_t most = 4 + ENT_ESCAPE_MAX;
    size_t p = end;
    while (p > 0 && end - p <= most && ent_is(s->b[p - 1], ENT_C_ALNUM))
        p--;
    return end - p > most ? p : ent_skip_escape(s->b, p, end);
}

/* A '.' at i that belongs to a name or number before it; the end of an escape is neither. */
static bool dot_is_joined(const struct ent_scan *s, size_t i)
{
    if (i == 0 || s->b[i] != '.' || !ent_is(s->b[i - 1], ENT_C_LABEL))
        return false;
    return !ent_is(s->b[i - 1], ENT_C_ALNUM) || run_before(s, i) < i;
}

static bool is_group(const struct ent_scan *s, size_t from, size_t to)
{
    if (to == from || to - from > 4)
        return false;
    for (size_t i = from; i < to; i++)
        if (!ent_is(s->b[i], ENT_C_HEX))
            return false;
    return true;
}

/* Whether the colon is the first one of a text that could be an address; *ret_start is where that
 * text begins. */
static bool is_first_colon(const struct ent_scan *s, size_t colon, size_t *ret_start)
{
    const uint8_t *b = s->b;
    size_t g = run_before(s, colon);
    if (g == colon) {
        if (ent_scan_byte(s, colon + 1) != ':' || (colon > 0 && b[colon - 1] == ':'))
            return false;
        *ret_start = colon;
        return colon == 0 || !dot_is_joined(s, colon - 1);
    }
    if (!is_group(s, g, colon))
        return false;
    *ret_start = g;
    if (g == 0 || ent_is(b[g - 1], ENT_C_ALNUM)) /* a letter there belongs to an escape */
        return true;
    if (b[g - 1] == ':')
        return !(g > 1 && b[g - 2] == ':') && !is_group(s, run_before(s, g - 1), g - 1);
    return !dot_is_joined(s, g - 1);
}

struct v6_text {
    size_t end;
    unsigned groups, pairs; /* 16-bit groups in all, and those written with two digits */
    bool gap, dotted;
};

/* The longest text of groups and colons from start, with its right boundary. */
static bool read_v6(const struct ent_scan *s, size_t start, struct v6_text *t)
{
    size_t p = start;
    uint8_t quad4[4];
    bool after_gap = false;
    *t = (struct v6_text){0};
    for (;;) {
        if (ent_scan_byte(s, p) == ':' && ent_scan_byte(s, p + 1) == ':') {
            if (t->gap || ent_scan_byte(s, p + 2) == ':')
                return false;
            t->gap = after_gap = true;
            p += 2;
        } else if (p > start && ent_scan_byte(s, p) == ':') {
            after_gap = false;
            p++;
        }
        size_t q = p;
        while (q - p < 5 && ent_scan_is(s, q, ENT_C_ALNUM))
            q++;
        if (!is_group(s, p, q)) {
            if (after_gap && q > p) /* "add::method" */
                return false;
            t->end = after_gap ? p : p - 1;
            break;
        }
        if (ent_scan_byte(s, q) == '.' && ent_scan_is(s, q + 1, ENT_C_DIGIT)) {
            t->dotted = quad(s, p, &t->end, quad4) && !ent_scan_is(s, t->end, ENT_C_ALNUM);
            t->groups += 2;
            if (!t->dotted)
                return false;
            break;
        }
        if (++t->groups > 8)
            return false;
        t->pairs += q - p == 2;
        p = t->end = q;
        if (ent_scan_byte(s, p) != ':')
            break;
    }
    return !dot_goes_on(s, t->end);
}

/* Eight pairs are an EUI-64 or a World Wide Name, and "::" alone says nothing. */
static bool is_v6(const struct v6_text *t)
{
    if (t->gap)
        return t->groups >= 1 && t->groups <= 7;
    return t->groups == 8 && t->pairs != 8;
}

/* The port of "[address]:port" and, where a dotted tail or the column makes it unambiguous, of the
 * bare address. A zone ("%eth0") stands between address and bracket. */
static uint16_t v6_port(const struct ent_scan *s, size_t start, const struct v6_text *t)
{
    size_t p = t->end;
    if (ent_scan_byte(s, p) == '%')
        for (p++; p - t->end < 64 && ent_scan_is(s, p, ENT_C_WORD); p++)
            ;
    if (start > 0 && s->b[start - 1] == '[')
        return ent_scan_byte(s, p) == ']' ? port_at(s, p + 1) : 0;
    return t->dotted || ent_scan_byte(s, p) != ':' ? port_at(s, p) : 0;
}

enum ent_err ent_scan_ipv6(struct ent_scan *s, size_t colon)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    struct v6_text t;
    struct found f = {.n = 16};
    char text[64];
    if (!is_first_colon(s, colon, &f.at) || !read_v6(s, f.at, &t) || !is_v6(&t))
        return ENT_OK;
    size_t n = t.end - f.at;
    if (n >= sizeof(text))
        return ENT_OK;
    memcpy(text, s->b + f.at, n);
    text[n] = '\0';
    if (inet_pton(AF_INET6, text, f.b) != 1)
        return ENT_OK;
    s->v6_end = s->base + t.end;
    f.port = v6_port(s, f.at, &t);
    if (memcmp(f.b, mapped, sizeof(mapped)) == 0) {
        memmove(f.b, f.b + 12, 4);
        f.n = 4;
    }
    return meet(s, &f);
}
