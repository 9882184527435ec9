/* naive_watch.c: the reference matcher, slow and obvious. */
#include "base/base.h"
#include "tests/support/naive_watch.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <libpsl.h>

/* --- reports -----------------------------------------------------------------------------------
 */

static void add(struct naive_list *l, const char *text)
{
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 16 : l->cap * 2;
        char **more = realloc(l->text, l->cap * sizeof(*more));
        if (more == NULL)
            ENT_BUG("no memory");
        l->text = more;
    }
    if ((l->text[l->n++] = strdup(text)) == NULL)
        ENT_BUG("no memory");
}

static void add_hit(struct naive_report *r, const struct ent_hit *h)
{
    char line[3 * ENT_OBS_MAX];
    (void)snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %s %.*s %s %.*s %" PRIu64, h->line,
                   h->offset, ent_obs_type_name(h->seen_type), (int)h->seen.n,
                   (const char *)h->seen.p, ent_obs_type_name(h->indicator_type),
                   (int)h->indicator.n, (const char *)h->indicator.p, h->id);
    add(&r->hits, line);
}

static void add_seen(struct naive_report *r, const struct ent_observable *o)
{
    char line[ENT_OBS_MAX + 32];
    (void)snprintf(line, sizeof(line), "%s %s", ent_obs_type_name(o->type), o->text);
    add(&r->seen, line);
}

static int order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *naive_diff(struct naive_list *a, struct naive_list *b)
{
    if (a->n > 0)
        qsort(a->text, a->n, sizeof(*a->text), order);
    if (b->n > 0)
        qsort(b->text, b->n, sizeof(*b->text), order);
    for (size_t i = 0; i < a->n || i < b->n; i++) {
        if (i >= a->n || i >= b->n)
            return i >= a->n ? b->text[i] : a->text[i];
        int d = strcmp(a->text[i], b->text[i]);
        if (d != 0)
            return d < 0 ? a->text[i] : b->text[i];
    }
    return NULL;
}

/* What was seen counts once. */
static void unique(struct naive_list *l)
{
    size_t n = 0;
    if (l->n > 0)
        qsort(l->text, l->n, sizeof(*l->text), order);
    for (size_t i = 0; i < l->n; i++) {
        if (n > 0 && strcmp(l->text[n - 1], l->text[i]) == 0)
            free(l->text[i]);
        else
            l->text[n++] = l->text[i];
    }
    l->n = n;
}

static void release(struct naive_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->text[i]);
    free(l->text);
    *l = (struct naive_list){0};
}

void naive_release(struct naive_report *r)
{
    release(&r->hits);
    release(&r->seen);
}

static enum ent_err on_hit(void *ctx, const struct ent_hit *h)
{
    add_hit(ctx, h);
    return ENT_OK;
}

static enum ent_err on_seen(void *ctx, const struct ent_observable *o)
{
    add_seen(ctx, o);
    return ENT_OK;
}

enum ent_err naive_engine(struct naive_report *ret, const struct ent_watch *w,
                          struct ent_slice stream, size_t (*cut)(void *ctx), void *ctx,
                          bool with_seen)
{
    const struct ent_scan_events ev = {ret, on_hit, with_seen ? on_seen : NULL};
    struct ent_scan *s = NULL;
    enum ent_err r = ent_scan_new(&s, w, &ev);
    while (r == ENT_OK && stream.n > 0) {
        size_t n = cut == NULL ? stream.n : cut(ctx);
        if (n > stream.n)
            n = stream.n;
        /* A copy of its own, so that AddressSanitizer sees a byte read behind it. */
        uint8_t *copy = malloc(n + 1);
        if (copy == NULL)
            ENT_BUG("no memory");
        memcpy(copy + 1, stream.p, n);
        r = ent_scan_feed(s, copy + 1, n);
        free(copy);
        stream = ent_slice(stream.p + n, stream.n - n);
    }
    if (r == ENT_OK)
        r = ent_scan_end(s);
    ent_scan_free(s);
    unique(&ret->seen);
    return r;
}

struct ent_watch *naive_set(const struct ent_observable *ind, size_t n)
{
    struct ent_watch *w = NULL;
    enum ent_err r = ent_watch_new(&w, 0);
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        r = ent_watch_add(w, &ind[i], i);
    if (r == ENT_OK)
        r = ent_watch_seal(w);
    if (r == ENT_OK)
        return w;
    ent_watch_free(w);
    return NULL;
}

/* --- one line ----------------------------------------------------------------------------------
 */

struct line {
    struct naive_report *out;
    const struct ent_observable *ind;
    size_t inds;
    uint64_t number, offset; /* of the line in the stream */
    const uint8_t *b;
    size_t n;
    /* for each byte: */
    bool *eaten; /* it belongs to an escape in front of it */
    bool *label; /* it may be part of a label, and is not eaten */
    bool *url;   /* it may be part of a URL as far as UTF-8 is concerned */
    bool *v6;    /* it is part of an IPv6 address */
    bool *auth;  /* it is part of a URL's authority */
};

static uint8_t at(const struct line *l, size_t i)
{
    return i < l->n ? l->b[i] : '\n';
}

static bool in(const struct line *l, size_t i, const char *set)
{
    return i < l->n && l->b[i] != 0 && strchr(set, l->b[i]) != NULL;
}

#define DIGITS  "0123456789"
#define HEXA    DIGITS "abcdefABCDEF"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool alnum(const struct line *l, size_t i)
{
    return in(l, i, LETTERS DIGITS) && !l->eaten[i];
}

static bool label(const struct line *l, size_t i)
{
    return i < l->n && l->label[i];
}

static bool dotted(const struct line *l, size_t i) /* the dot at i has a label behind it */
{
    return at(l, i) == '.' && label(l, i + 1);
}

static bool equal(const struct ent_observable *a, const struct ent_observable *b)
{
    return a->type == b->type && a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

static size_t find(const struct line *l, const struct ent_observable *o)
{
    size_t i = 0;
    while (i < l->inds && !equal(&l->ind[i], o))
        i++;
    return i;
}

static void hit(const struct line *l, size_t start, const struct ent_observable *seen, size_t i)
{
    add_hit(l->out, &(struct ent_hit){.seen_type = seen->type,
                                      .seen = ent_slice(seen->text, seen->n),
                                      .indicator_type = l->ind[i].type,
                                      .indicator = ent_slice(l->ind[i].text, l->ind[i].n),
                                      .id = i,
                                      .line = l->number,
                                      .offset = l->offset + start});
}

static bool parse(struct ent_observable *ret, enum ent_obs_type type, const char *text, size_t n)
{
    return ent_observable_parse_as(ret, NULL, type, ent_slice(text, n)) == ENT_OK;
}

static bool parse_at(const struct line *l, struct ent_observable *ret, enum ent_obs_type type,
                     size_t from, size_t to)
{
    return parse(ret, type, (const char *)l->b + from, to - from);
}

/* host is canonical */
static bool real_name(const char *host, size_t n)
{
    char text[ENT_OBS_MAX + 1];
    const char *dot;
    memcpy(text, host, n);
    text[n] = '\0';
    dot = strrchr(text, '.');
    return dot != NULL && psl_is_public_suffix2(psl_builtin(), dot + 1,
                                                PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

/* --- bytes -------------------------------------------------------------------------------------
 */

static size_t decode(const uint8_t *p, size_t n, uint32_t *ret)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0xC0 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF8 ? 4 : 0;
    if (len == 0 || n < len)
        return 0;
    uint32_t v = p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
        v = v << 6 | (p[i] & 0x3Fu);
    }
    *ret = v;
    return v < least[len] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF) ? 0 : len;
}

/* 0: ends everything, 1: in URLs, 2: in names */
static int wide_kind(uint32_t v)
{
    if (v <= 0xA0 || v == 0xAB || v == 0xBB || v == 0xAD || v >= 0xE0000)
        return 0;
    if (v == 0xB7)
        return 2;
    if (v < 0xC0 || v == 0xD7 || v == 0xF7)
        return 1;
    if (v >= 0x2000 && v <= 0x206F)
        return v == 0x200C || v == 0x200D ? 2 : 0;
    if (v >= 0x2070 && v <= 0x2BFF)
        return 1;
    if ((v >= 0x3000 && v <= 0x3004) || (v >= 0x3008 && v <= 0x3020))
        return 0;
    if ((v >= 0xE000 && v <= 0xF8FF) || (v >= 0xFE00 && v <= 0xFE6F))
        return 1;
    if (v >= 0xFEFF && v <= 0xFFFF)
        return 0;
    return v >= 0x1F000 && v <= 0x1FAFF ? 1 : 2;
}

static int hex(const struct line *l, size_t i)
{
    char two[3] = {(char)at(l, i), (char)at(l, i + 1), 0};
    return in(l, i, HEXA) && in(l, i + 1, HEXA) ? (int)strtol(two, NULL, 16) : -1;
}

static bool ends_tokens(int c)
{
    return c >= 0 && c < 128 && (c == 0 || strchr(LETTERS DIGITS "-_.", c) == NULL);
}

static void eat(struct line *l, size_t i, size_t n)
{
    while (n-- > 0)
        l->eaten[i++] = true;
}

/* Bytes behind a backslash or a percent sign at i. */
static void eat_escape(struct line *l, size_t i)
{
    size_t slashes = 0, p = i + 1;
    if (l->b[i] == '%') {
        for (int round = 0; round < 4 && ends_tokens(hex(l, p)); round++) {
            bool again = hex(l, p) == '%';
            eat(l, p, 2);
            p += 2;
            if (!again)
                break;
        }
        return;
    }
    while (slashes < 64 && slashes <= i && l->b[i - slashes] == '\\')
        slashes++;
    if (slashes % 2 == 0)
        return;
    if (in(l, p, "nrt"))
        eat(l, p, 1);
    else if (at(l, p) == 'x' && ends_tokens(hex(l, p + 1)))
        eat(l, p, 3);
    else if (at(l, p) == 'u' && at(l, p + 1) == '0' && at(l, p + 2) == '0' &&
             ends_tokens(hex(l, p + 3)))
        eat(l, p, 5);
}

static void mark_bytes(struct line *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->b[i] == '\\' || l->b[i] == '%')
            eat_escape(l, i);
    for (size_t i = 0, n; i < l->n; i += n) {
        uint32_t v = l->b[i];
        n = v < 0x80 ? 1 : decode(l->b + i, l->n - i, &v);
        int kind = n == 0 ? 0 : v < 0x80 ? 1 : wide_kind(v);
        n = n == 0 ? 1 : n;
        for (size_t k = i; k < i + n; k++) {
            l->url[k] = kind >= 1;
            l->label[k] = (kind == 2 || in(l, k, LETTERS DIGITS "-_")) && !l->eaten[k];
        }
    }
}

/* --- hashes ------------------------------------------------------------------------------------
 */

static void hash_at(struct line *l, size_t p)
{
    static const struct {
        size_t n;
        enum ent_obs_type type;
    } kinds[] = {
        {32, ENT_OBS_MD5}, {40, ENT_OBS_SHA1}, {64, ENT_OBS_SHA256}, {128, ENT_OBS_SHA512}};
    struct ent_observable o;
    size_t e = p;
    if (p > 0 && alnum(l, p - 1))
        return;
    while (alnum(l, e))
        e++;
    for (size_t k = 0; k < 4; k++) {
        if (e - p != kinds[k].n || !parse_at(l, &o, kinds[k].type, p, e))
            continue;
        add_seen(l->out, &o);
        if (find(l, &o) < l->inds)
            hit(l, p, &o, find(l, &o));
    }
}

/* --- addresses ---------------------------------------------------------------------------------
 */

/* The digits of a port from i; 0 when they are none. *e: behind them. */
static unsigned long digits(const struct line *l, size_t i, size_t *e)
{
    unsigned long v = 0;
    for (*e = i; in(l, *e, DIGITS) && v <= 65535; ++*e)
        v = v * 10 + (unsigned long)(l->b[*e] - '0');
    return v > 65535 || at(l, i) == '0' ? 0 : v;
}

static unsigned long free_digits(const struct line *l, size_t i)
{
    size_t e;
    unsigned long v = digits(l, i, &e);
    return alnum(l, e) || (at(l, e) == '.' && alnum(l, e + 1)) ? 0 : v;
}

/* Digits, in quotes or not, that a column holds alone. */
static unsigned long column(const struct line *l, size_t i)
{
    size_t e;
    unsigned long v = digits(l, at(l, i) == '"' ? i + 1 : i, &e);
    if (at(l, i) == '"' && at(l, e) != '"')
        return 0;
    if (at(l, i) == '"')
        e++;
    return at(l, e) == '\n' || in(l, e, "\t,;\r") ? v : 0;
}

/* The bytes of a key from i that names a port. */
static size_t key(const struct line *l, size_t i)
{
    char text[40] = "";
    size_t n = 0;
    while (n < 33 && in(l, i + n, LETTERS DIGITS "-_.")) {
        text[n] = (char)l->b[i + n];
        n++;
    }
    if (n > 32)
        return 0;
    for (size_t k = 2; k <= 4 && k <= n; k++) {
        const char *end = text + n - k;
        if (strcasecmp(end, k == 4 ? "port" : "_p") == 0 || strcasecmp(end, "pt") == 0)
            return n;
    }
    return 0;
}

/* The port that belongs to an address that ends at i; 0 when there is none. */
static unsigned long port_at(const struct line *l, size_t i)
{
    if (in(l, i, ":#"))
        return free_digits(l, i + 1);
    size_t p = at(l, i) == '"' ? i + 1 : i;
    if (in(l, p, "\t,;") && column(l, p + 1) != 0)
        return column(l, p + 1);
    size_t k = p + 1, n;
    if (at(l, p) == ' ') { /* key=value */
        n = key(l, k);
        if (n == 0 || at(l, k + n) != '=')
            return 0;
        return free_digits(l, k + n + 1 + (at(l, k + n + 1) == '"'));
    }
    if (p == i || at(l, p) != ',') /* JSON: "address", "key": value */
        return 0;
    k += at(l, k) == ' ';
    n = at(l, k) == '"' ? key(l, k + 1) : 0;
    if (n == 0 || at(l, k + 1 + n) != '"' || at(l, k + 2 + n) != ':')
        return 0;
    return free_digits(l, k + n + 3 + (at(l, k + n + 3) == ' '));
}

/* Whether the first bits of two addresses in canonical text are the same. */
static bool same_bits(int family, const char *a, const char *b, long bits)
{
    uint8_t x[16], y[16];
    if (inet_pton(family, a, x) != 1 || inet_pton(family, b, y) != 1)
        ENT_BUG("inet_pton");
    for (long i = 0; i < bits; i++)
        if (((x[i / 8] ^ y[i / 8]) >> (7 - i % 8) & 1) != 0)
            return false;
    return true;
}

/* The longest prefix among the networks that hold the address; l->inds when there is none. */
static size_t closest_net(const struct line *l, const struct ent_observable *o)
{
    enum ent_obs_type type = o->type == ENT_OBS_IPV4 ? ENT_OBS_NET4 : ENT_OBS_NET6;
    size_t best = l->inds;
    long longest = -1;
    for (size_t i = 0; i < l->inds; i++) {
        char net[ENT_OBS_MAX + 1];
        if (l->ind[i].type != type)
            continue;
        (void)snprintf(net, sizeof(net), "%s", l->ind[i].text);
        char *slash = strchr(net, '/');
        long bits = strtol(slash + 1, NULL, 10);
        *slash = '\0';
        if (bits > longest &&
            same_bits(o->type == ENT_OBS_IPV4 ? AF_INET : AF_INET6, net, o->text, bits)) {
            longest = bits;
            best = i;
        }
    }
    return best;
}

/* An address from..to with its port, or 0. */
static void address(struct line *l, size_t from, size_t to, unsigned long port)
{
    struct ent_observable o, e;
    char text[128];
    if (!parse_at(l, &o, memchr(l->b + from, ':', to - from) ? ENT_OBS_IPV6 : ENT_OBS_IPV4, from,
                  to))
        return;
    if (port > 0) {
        int n = snprintf(text, sizeof(text), o.type == ENT_OBS_IPV6 ? "[%s]:%lu" : "%s:%lu", o.text,
                         port);
        if (parse(&e, ENT_OBS_ENDPOINT, text, (size_t)n) && find(l, &e) < l->inds)
            hit(l, from, &e, find(l, &e));
    }
    add_seen(l->out, &o);
    size_t i = find(l, &o);
    if (i == l->inds)
        i = closest_net(l, &o);
    if (i < l->inds)
        hit(l, from, &o, i);
}

static bool group(const struct line *l, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (!in(l, i, HEXA))
            return false;
    return to > from && to - from <= 4;
}

static size_t run_start(const struct line *l, size_t end)
{
    while (end > 0 && alnum(l, end - 1))
        end--;
    return end;
}

static size_t run_end(const struct line *l, size_t p)
{
    while (alnum(l, p))
        p++;
    return p;
}

static bool v6_may_start(const struct line *l, size_t p)
{
    bool gap = at(l, p) == ':' && at(l, p + 1) == ':';
    if (p > 0 && alnum(l, p - 1))
        return false;
    if (!gap && !group(l, p, run_end(l, p)))
        return false;
    if (p == 0)
        return true;
    if (alnum(l, p - 1) ||
        (l->b[p - 1] == '.' && p > 1 && !l->eaten[p - 2] && in(l, p - 2, LETTERS DIGITS "-_")))
        return false;
    if (l->b[p - 1] != ':')
        return true;
    return !gap && !(p > 1 && l->b[p - 2] == ':') && !group(l, run_start(l, p - 1), p - 1);
}

static bool v6_may_end(const struct line *l, size_t p, size_t e)
{
    bool gap = l->b[e - 1] == ':';
    if ((gap && (e - p < 3 || l->b[e - 2] != ':')) || (!gap && !in(l, e - 1, HEXA)))
        return false;
    if (alnum(l, e) || dotted(l, e))
        return false;
    if (at(l, e) == ':' && memchr(l->b + p, '.', e - p) == NULL) /* a dotted tail is the end */
        return !gap && at(l, e + 1) != ':' && !group(l, e + 1, run_end(l, e + 1));
    return true;
}

/* Eight groups of two digits, with colons. */
static bool eui64(const struct line *l, size_t p, size_t e)
{
    for (size_t i = p; i < e; i++)
        if ((l->b[i] == ':') != ((i - p) % 3 == 2))
            return false;
    return e - p == 23;
}

static void v6_at(struct line *l, size_t p)
{
    struct ent_observable o;
    size_t e = p, port = 0;
    if (!v6_may_start(l, p))
        return;
    while (in(l, e, HEXA ":.") && e - p < 64)
        e++;
    for (; e > p + 2; e--)
        if (v6_may_end(l, p, e) && memchr(l->b + p, ':', e - p) != NULL &&
            parse_at(l, &o, ENT_OBS_IPV6, p, e))
            break;
    if (e <= p + 2 || eui64(l, p, e))
        return;
    for (size_t i = p; i < e; i++)
        l->v6[i] = true;
    port = e;
    if (at(l, port) == '%')
        for (port++; port - e < 64 && in(l, port, LETTERS DIGITS "-_."); port++)
            ;
    if (p > 0 && l->b[p - 1] == '[')
        port = at(l, port) == ']' ? port + 1 : l->n;
    else if (memchr(l->b + p, '.', e - p) == NULL && at(l, port) == ':')
        port = l->n;
    address(l, p, e, port_at(l, port));
}

/* The name around p: between boundaries or two dots in a row. */
static bool name_starts(const struct line *l, size_t p)
{
    if (!label(l, p) || (p > 0 && label(l, p - 1)))
        return false;
    return p < 2 || l->b[p - 1] != '.' || !label(l, p - 2);
}

static size_t name_end(const struct line *l, size_t p)
{
    while (label(l, p) || (at(l, p) == '.' && at(l, p + 1) != '.'))
        p++;
    return p;
}

static bool trim(const struct line *l, size_t *from, size_t *to)
{
    size_t end = *to, start = *from;
    while (*from < *to && *from - start < 64 && in(l, *from, ".-"))
        ++*from;
    while (*to > *from && in(l, *to - 1, ".-_"))
        --*to;
    return *to > *from && end - *to <= 64;
}

static size_t last_label(const struct line *l, size_t from, size_t to)
{
    while (to > from && l->b[to - 1] != '.')
        to--;
    return to;
}

static bool ends_in_tld(const struct line *l, size_t from, size_t to)
{
    struct ent_observable o;
    char text[2048] = "www.";
    if (!trim(l, &from, &to))
        return false;
    from = last_label(l, from, to);
    if (to - from > 1022)
        return false;
    memcpy(text + 4, l->b + from, to - from);
    return parse(&o, ENT_OBS_DOMAIN, text, to - from + 4) && real_name(o.text, o.n);
}

static void v4_at(struct line *l, size_t p)
{
    struct ent_observable o;
    size_t e = p;
    if (l->eaten[p] || !in(l, p, DIGITS) ||
        (p > 0 && (alnum(l, p - 1) || (l->b[p - 1] == '.' && p > 1 && label(l, p - 2)))))
        return;
    while (in(l, e, DIGITS) || (at(l, e) == '.' && in(l, e + 1, DIGITS)))
        e++;
    size_t dots = 0;
    for (size_t i = p; i < e; i++)
        dots += l->b[i] == '.';
    if (e - p > 15 || dots != 3 || !parse_at(l, &o, ENT_OBS_IPV4, p, e))
        return;
    if (alnum(l, e) || dotted(l, e) || l->v6[p])
        return;
    size_t end = e, start = p;
    while (end - e <= 1024 && (label(l, end) || (at(l, end) == '.' && at(l, end + 1) != '.')))
        end++;
    while (!name_starts(l, start))
        start--;
    if (label(l, e) && end - e <= 1024 && ends_in_tld(l, start, end))
        return;
    address(l, p, e, port_at(l, e));
}

/* --- names -------------------------------------------------------------------------------------
 */

static bool ascii(const struct line *l, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (l->b[i] >= 0x80)
            return false;
    return true;
}

static bool good_labels(const struct line *l, size_t from, size_t to)
{
    for (size_t p = from, e; p <= to; p = e + 1) {
        for (e = p; e < to && l->b[e] != '.'; e++)
            ;
        if (e == p || l->b[p] == '-' || l->b[e - 1] == '-' || (e - p > 63 && ascii(l, p, e)))
            return false;
    }
    return true;
}

/* The places where a label begins are tried from the left. */
static bool longest_domain(const struct line *l, size_t *from, size_t to,
                           struct ent_observable *ret)
{
    bool refused = false;
    for (size_t p = *from; p < to; p++) {
        if (p != *from && l->b[p - 1] != '.')
            continue;
        if (to - p > 1024 || !good_labels(l, p, to))
            continue;
        if (!ascii(l, p, to) && refused)
            continue;
        if (ascii(l, p, to) && to - p > 253)
            continue;
        if (parse_at(l, ret, ENT_OBS_DOMAIN, p, to)) {
            *from = p;
            return true;
        }
        if (ascii(l, p, to))
            return false;
        refused = true;
    }
    return false;
}

static void domain_at(struct line *l, size_t p)
{
    struct ent_observable o, up;
    size_t from = p, to = p, i;
    if (!name_starts(l, p) || (to = name_end(l, p)) == p || at(l, to) == '@')
        return;
    from -= p > 0 && l->b[p - 1] == '.';
    if (!trim(l, &from, &to) || last_label(l, from, to) == from ||
        in(l, last_label(l, from, to), DIGITS) || !longest_domain(l, &from, to, &o))
        return;
    if (real_name(o.text, o.n))
        add_seen(l->out, &o);
    for (const char *s = o.text; s != NULL; s = strchr(s, '.')) {
        s += *s == '.';
        if (strchr(s, '.') == NULL || !parse(&up, ENT_OBS_DOMAIN, s, strlen(s)))
            continue;
        if ((i = find(l, &up)) < l->inds) {
            hit(l, from, &o, i);
            break;
        }
    }
}

#define PLAIN LETTERS DIGITS "._+-"

static void email_at(struct line *l, size_t sign)
{
    struct ent_observable domain, o;
    char text[ENT_OBS_MAX];
    size_t from = sign + 1, to, plain = sign, i;
    if (l->b[sign] != '@' || l->auth[sign])
        return;
    to = name_end(l, from);
    if (at(l, to) == '@' || to - from > 1024 + 64 || in(l, from, ".-") || !trim(l, &from, &to) ||
        to - from > 1024 || !parse_at(l, &domain, ENT_OBS_DOMAIN, from, to))
        return;
    while (plain > 0 && in(l, plain - 1, PLAIN) && !l->eaten[plain - 1])
        plain--;
    if (sign - plain > 64)
        plain = sign;
    while (plain < sign && l->b[plain] == '.')
        plain++;
    if (plain < sign && parse_at(l, &o, ENT_OBS_EMAIL, plain, to) &&
        real_name(domain.text, domain.n))
        add_seen(l->out, &o);
    for (size_t p = sign < 64 ? 0 : sign - 64; p < sign; p++) {
        bool all = true;
        for (i = p; i < sign; i++)
            all = all && in(l, i, PLAIN "!#$%&'*=?^`{|}~");
        if (!all || (p != plain && p > 0 && in(l, p - 1, PLAIN)))
            continue;
        int n = snprintf(text, sizeof(text), "%.*s@%s", (int)(sign - p), (const char *)l->b + p,
                         domain.text);
        if (!parse(&o, ENT_OBS_EMAIL, text, (size_t)n) || strcmp(o.text, text) != 0)
            continue;
        if ((i = find(l, &o)) < l->inds) {
            hit(l, p, &o, i);
            break;
        }
    }
}

/* --- URLs --------------------------------------------------------------------------------------
 */

/* The character of a URL at i: how many bytes it has here, or 0 where the URL ends. */
static size_t url_char(const struct line *l, size_t i, uint8_t *ret)
{
    size_t n = 1;
    *ret = at(l, i);
    if (*ret == '\\' && at(l, i + 1) == '/') {
        *ret = '/';
        n = 2;
    } else if (*ret == '\\' && at(l, i + 1) == 'u' && at(l, i + 2) == '0' && at(l, i + 3) == '0' &&
               hex(l, i + 4) > 31 && hex(l, i + 4) < 127) {
        *ret = (uint8_t)hex(l, i + 4);
        n = 6;
    }
    if (i >= l->n || !l->url[i] || *ret <= 32 || *ret == 127 || strchr("\"<>\\`", *ret) != NULL)
        return 0;
    while (*ret >= 0x80 && i + n < l->n && (l->b[i + n] & 0xC0) == 0x80 && l->url[i + n])
        n++;
    return n;
}

static bool plain_authority(const char *url, size_t n)
{
    struct line l = {.b = (const uint8_t *)url, .n = n};
    const char *from = strstr(url, "://") + 3, *host;
    size_t len = strcspn(from, "/?#");
    host = memrchr(from, '@', len);
    host = host == NULL ? from : host + 1;
    if (memchr(from, '\0', len) != NULL)
        return false;
    for (const char *p = from; p < host; p++)
        if (strchr("()[]{}", *p) != NULL)
            return false;
    const char *end = from + len;
    if (*host == '[') {
        for (host++; host < end && *host != ']'; host++)
            if (strchr(HEXA ":.", *host) == NULL)
                return false;
        return true;
    }
    if (*end == '\0')
        while (end > host && strchr(".,;:!?)]}", end[-1]) != NULL)
            end--;
    if (end == host)
        return false;
    for (const char *p = host; p < end; p++)
        if (strchr("()[]{}", *p) != NULL)
            return false;
    for (size_t i = (size_t)(host - url), k; i < (size_t)(end - url) && url[i] != ':'; i += k) {
        uint32_t v;
        k = 1;
        if (in(&l, i, LETTERS DIGITS "-_."))
            continue;
        k = (uint8_t)url[i] < 0x80 ? 0 : decode(l.b + i, n - i, &v);
        if (k == 0 || wide_kind(v) != 2)
            return false;
    }
    return true;
}

static bool parse_url(struct ent_observable *ret, const char *url, size_t n)
{
    char text[8192 + 1];
    memcpy(text, url, n);
    text[n] = '\0';
    return plain_authority(text, n) && parse(ret, ENT_OBS_URL, text, n) &&
           strncasecmp(ret->text, text, strcspn(text, ":") + 1) == 0; /* not "hxxp:" */
}

static bool url_is_real(const struct ent_observable *o)
{
    struct ent_observable ip;
    const char *host = strstr(o->text, "://") + 3;
    size_t n = strcspn(host, "/?#");
    const char *user = memrchr(host, '@', n);
    if (user != NULL) {
        n -= (size_t)(user + 1 - host);
        host = user + 1;
    }
    if (host[0] == '[')
        return true;
    n = memchr(host, ':', n) != NULL ? strcspn(host, ":") : n;
    return parse(&ip, ENT_OBS_IPV4, host, n) || real_name(host, n);
}

/* The longest "...*" that this URL begins with. */
static size_t longest_start(const struct line *l, const struct ent_observable *o)
{
    size_t best = l->inds;
    for (size_t i = 0; i < l->inds; i++)
        if (l->ind[i].type == ENT_OBS_URLPREFIX &&
            strncmp(o->text, l->ind[i].text, (size_t)l->ind[i].n - 1) == 0 &&
            (best == l->inds || l->ind[i].n > l->ind[best].n))
            best = i;
    return best;
}

static void readings(struct line *l, size_t from, char *url, size_t n, bool whole)
{
    struct ent_observable o;
    bool told = false, found = false;
    url[n] = '\0';
    size_t rest = (size_t)(strstr(url, "://") - url) + 3;
    size_t second = rest + strcspn(url + rest, "'|^{}");
    size_t third = rest + strcspn(url + rest, "'|^{},;");
    const size_t reading[3] = {n, second, third};
    for (int i = 0; i < 3; i++) {
        if ((reading[i] == n && !whole) || !parse_url(&o, url, reading[i]))
            continue;
        if (!told && reading[i] <= second) {
            told = true;
            if (url_is_real(&o))
                add_seen(l->out, &o);
        }
        size_t known = find(l, &o);
        if (known == l->inds)
            known = longest_start(l, &o);
        if (!found && known < l->inds) {
            found = true;
            hit(l, from, &o, known);
        }
    }
}

static void url_at(struct line *l, size_t p)
{
    static char url[8192 + 8];
    uint8_t c;
    size_t colon, i, n, k;
    if ((p > 0 && alnum(l, p - 1)) || (colon = run_end(l, p)) == p || colon - p > 32 ||
        !in(l, p, LETTERS) || at(l, colon) != ':')
        return;
    i = colon + 1;
    for (int slash = 0; slash < 2; slash++) {
        i += at(l, i) == '\\' ? 1 : 0;
        if (at(l, i++) != '/')
            return;
    }
    for (size_t a = i; a - i < 1200 && (k = url_char(l, a, &c)) > 0 && strchr("/?#", c) == NULL;
         a += k)
        memset(l->auth + a, true, k);
    n = (size_t)snprintf(url, sizeof(url), "%.*s://", (int)(colon - p), (const char *)l->b + p);
    size_t others = 0;
    for (; i - p < 8192 - 8 && others <= 8 && (k = url_char(l, i, &c)) > 0; i += k) {
        for (size_t w = 0; w < (c < 0x80 ? 1 : k); w++)
            url[n++] = c < 0x80 ? (char)c : (char)l->b[i + w];
        others += memcmp(url + n - 3, "://", 3) == 0;
    }
    readings(l, p, url, n, i - p < 8192 - 8 && others <= 8);
}

/* --- the stream --------------------------------------------------------------------------------
 */

static void one_line(struct line *l)
{
    bool *flags = calloc(5 * l->n + 1, sizeof(bool));
    if (flags == NULL)
        ENT_BUG("no memory");
    l->eaten = flags;
    l->label = flags + l->n;
    l->url = flags + 2 * l->n;
    l->v6 = flags + 3 * l->n;
    l->auth = flags + 4 * l->n;
    mark_bytes(l);
    for (size_t p = 0; p < l->n; p++) {
        v6_at(l, p);
        url_at(l, p);
    }
    for (size_t p = 0; p < l->n; p++) {
        hash_at(l, p);
        v4_at(l, p);
        domain_at(l, p);
        email_at(l, p);
    }
    free(flags);
}

void naive_watch(struct naive_report *ret, const struct ent_observable *ind, size_t n,
                 struct ent_slice stream)
{
    struct line l = {.out = ret, .ind = ind, .inds = n};
    for (size_t from = 0; from < stream.n; from += l.n + 1) {
        const uint8_t *end = memchr(stream.p + from, '\n', stream.n - from);
        l.number++;
        l.offset = from;
        l.b = stream.p + from;
        l.n = end == NULL ? stream.n - from : (size_t)(end - stream.p) - from;
        one_line(&l);
    }
    unique(&ret->seen);
}
