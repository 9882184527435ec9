/*
 * observable.c: what a piece of text is, and its one canonical form.
 *
 * ent_observable_parse() asks in this order, and the first question that fits decides, so that the
 * same text always becomes the same thing (docs/formats.md has the list for users):
 *   1. 32, 40, 64 or 128 hexadecimal digits        a hash
 *   2. "scheme://"                                 a URL, or with '*' at its end the start of some
 *   3. an '@' with no '/' before it                an e-mail address
 *   4. digits and dots, or two colons, or '['      an address, network or endpoint
 *   5. a '/'                                       a URL without its scheme
 *   6. anything else                               a domain of at least two labels
 */
#include "base/base.h"
#include "intel/intel.h"
#include "intel/parse.h"

#define INPUT_MAX (4 * ENT_OBS_MAX) /* defanged and wrapped, longer than this it is nothing */

static enum ent_err parse_net(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    struct ent_net net;
    char text[ENT_NET_TEXT];
    enum ent_err r = ent_net_parse(&net, why, s);
    if (r != ENT_OK)
        return r;
    size_t n = ent_net_text(text, &net);
    bool whole = net.bits == (net.v6 ? 128 : 32);
    ret->type =
        net.v6 ? (whole ? ENT_OBS_IPV6 : ENT_OBS_NET6) : (whole ? ENT_OBS_IPV4 : ENT_OBS_NET4);
    return ent_obs_put(ret, why, ent_slice(text, n));
}

/* "a.b.c.d:port" or "[IPv6]:port" */
static enum ent_err parse_endpoint(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    struct ent_net net;
    char text[ENT_NET_TEXT + 8];
    uint16_t port;
    size_t colon = s.n;
    enum ent_err r;
    while (colon > 0 && s.p[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return ent_no(why, "an address and a port are written 1.2.3.4:443 or [2001:db8::1]:443");
    struct ent_slice host = ent_slice(s.p, colon - 1);
    bool v6 = host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (v6)
        host = ent_slice(host.p + 1, host.n - 2);
    if (v6 != (memchr(host.p, ':', host.n) != NULL) || memchr(host.p, '/', host.n) != NULL)
        return ent_no(why, "an address and a port are written 1.2.3.4:443 or [2001:db8::1]:443");
    if ((r = ent_net_parse(&net, why, host)) != ENT_OK ||
        (r = ent_port_parse(&port, why, ent_slice_from(s, colon))) != ENT_OK)
        return r;
    (void)ent_net_text(text, &net);
    ret->type = ENT_OBS_ENDPOINT;
    int n =
        snprintf(ret->text, sizeof(ret->text), net.v6 ? "[%s]:%u" : "%s:%u", text, (unsigned)port);
    ret->n = (uint16_t)n;
    return ENT_OK;
}

static enum ent_err parse_domain(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    char name[ENT_NAME_MAX + 1];
    size_t n;
    enum ent_err r = ent_name_parse(name, &n, why, s, 2);
    if (r != ENT_OK)
        return r;
    ret->type = ENT_OBS_DOMAIN;
    return ent_obs_put(ret, why, ent_slice(name, n));
}

/* 0 when s is no hash */
static enum ent_obs_type hash_type(struct ent_slice s)
{
    enum ent_obs_type type = s.n == 32    ? ENT_OBS_MD5
                             : s.n == 40  ? ENT_OBS_SHA1
                             : s.n == 64  ? ENT_OBS_SHA256
                             : s.n == 128 ? ENT_OBS_SHA512
                                          : (enum ent_obs_type)0;
    for (size_t i = 0; type != 0 && i < s.n; i++)
        if (!ent_is_hex(s.p[i]))
            return (enum ent_obs_type)0;
    return type;
}

static enum ent_err put_hash(struct ent_observable *ret, enum ent_obs_type type, struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        ret->text[i] = ent_lower(s.p[i]);
    ret->text[s.n] = '\0';
    ret->n = (uint16_t)s.n;
    ret->type = type;
    return ENT_OK;
}

static size_t index_of(struct ent_slice s, uint8_t c)
{
    const uint8_t *at = s.n == 0 ? NULL : memchr(s.p, c, s.n);
    return at == NULL ? s.n : (size_t)(at - s.p);
}

static bool digits_and_dots(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ent_is_digit(s.p[i]) && s.p[i] != '.')
            return false;
    return s.n > 0;
}

static bool two_colons(struct ent_slice s)
{
    size_t first = index_of(s, ':');
    return first < s.n && memchr(s.p + first + 1, ':', s.n - first - 1) != NULL;
}

/* A URL with at least the '/' behind its host, then '*'. */
static enum ent_err parse_prefix(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    size_t scheme = ent_url_scheme(s), host = scheme == 0 ? 0 : scheme + 3;
    enum ent_err r;
    if (s.n == 0 || s.p[s.n - 1] != '*')
        return ent_no(why, "the start of URLs is written with a '*' at its end");
    s.n--;
    if (s.n <= host || memchr(s.p + host, '/', s.n - host) == NULL)
        return ent_no(why, "the start of URLs must have a path: http://evil.example/*");
    if ((r = ent_url_parse(ret, why, s)) != ENT_OK)
        return r;
    ret->type = ENT_OBS_URLPREFIX;
    return ent_obs_put(ret, why, ENT_SLICE_LIT("*"));
}

/* Text with a slash and without a scheme: a network or "host/path". */
static enum ent_err guess_slash(struct ent_observable *ret, const char **why, struct ent_slice s,
                                size_t slash)
{
    struct ent_slice host = ent_slice(s.p, slash), rest = ent_slice_from(s, slash + 1);
    if ((digits_and_dots(host) && digits_and_dots(rest)) || (s.p[0] != '[' && two_colons(host)))
        return parse_net(ret, why, s);
    if (memchr(host.p, '.', host.n) == NULL && s.p[0] != '[')
        return ent_no(why, "not an address, a name, a URL or a hash");
    return s.p[s.n - 1] == '*' ? parse_prefix(ret, why, s) : ent_url_parse(ret, why, s);
}

static enum ent_err guess(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    enum ent_obs_type hash = hash_type(s);
    size_t slash = index_of(s, '/'), at = index_of(s, '@'), colon = index_of(s, ':');
    if (hash != 0)
        return put_hash(ret, hash, s);
    if (ent_url_scheme(s) > 0)
        return s.p[s.n - 1] == '*' ? parse_prefix(ret, why, s) : ent_url_parse(ret, why, s);
    if (at < slash)
        return ent_email_parse(ret, why, s);
    if (slash < s.n)
        return slash == 0 ? ent_no(why, "a path without a host") : guess_slash(ret, why, s, slash);
    if (digits_and_dots(s) || (s.p[0] != '[' && two_colons(s)))
        return parse_net(ret, why, s);
    if (s.p[0] == '[' || digits_and_dots(ent_slice(s.p, colon)))
        return parse_endpoint(ret, why, s);
    if (colon < s.n)
        return ent_no(why, "a name with a port is neither a name nor a URL");
    return parse_domain(ret, why, s);
}

static enum ent_err as_type(struct ent_observable *ret, const char **why, enum ent_obs_type type,
                            struct ent_slice s)
{
    enum ent_err r;
    switch (type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_NET4:
        if ((r = parse_net(ret, why, s)) == ENT_OK && ret->type != ENT_OBS_IPV4 &&
            ret->type != ENT_OBS_NET4)
            return ent_no(why, "an IPv6 address where an IPv4 address was announced");
        return r;
    case ENT_OBS_IPV6:
    case ENT_OBS_NET6:
        if (index_of(s, ':') == s.n)
            return ent_no(why, "not an IPv6 address");
        return parse_net(ret, why, s);
    case ENT_OBS_ENDPOINT:
        return parse_endpoint(ret, why, s);
    case ENT_OBS_DOMAIN:
        return parse_domain(ret, why, s);
    case ENT_OBS_URL:
        return ent_url_parse(ret, why, s);
    case ENT_OBS_URLPREFIX:
        return parse_prefix(ret, why, s);
    case ENT_OBS_EMAIL:
        return ent_email_parse(ret, why, s);
    case ENT_OBS_MD5:
    case ENT_OBS_SHA1:
    case ENT_OBS_SHA256:
    case ENT_OBS_SHA512:
        return hash_type(s) == type ? put_hash(ret, type, s)
                                    : ent_no(why, "not a hash of the announced kind");
    }
    return ent_no(why, "no such type of observable");
}

/* Working form without its wrapping; type 0 means guess. */
static enum ent_err parse(struct ent_observable *ret, const char **ret_why, enum ent_obs_type type,
                          struct ent_slice text)
{
    static const struct ent_slice mailto = ENT_SLICE_LIT("mailto:");
    char buf[INPUT_MAX + 1];
    const char *why = NULL;
    struct ent_observable o;
    size_t n = 0;
    o.n = 0;
    enum ent_err r = text.n > INPUT_MAX ? ENT_E_LIMIT : ent_refang(buf, &n, sizeof(buf), text);
    if (r == ENT_OK && type == 0 && n >= mailto.n &&
        ent_slice_ieq(ent_slice(buf, mailto.n), mailto)) {
        type = ENT_OBS_EMAIL;
        r = ent_refang(buf, &n, sizeof(buf), ent_slice(buf + mailto.n, n - mailto.n));
    }
    struct ent_slice s = ent_slice(buf, n);
    if (r != ENT_OK)
        r = ent_no(&why, "too long or too deeply wrapped");
    else if (n == 0)
        r = ent_no(&why, "empty");
    else
        r = type == 0 ? guess(&o, &why, s) : as_type(&o, &why, type, s);
    if (r != ENT_OK) {
        if (ret_why != NULL)
            *ret_why = why;
        return r;
    }
    ret->type = o.type;
    ret->n = o.n;
    memcpy(ret->text, o.text, (size_t)o.n + 1);
    return ENT_OK;
}

enum ent_err ent_observable_parse(struct ent_observable *ret, const char **ret_why,
                                  struct ent_slice text)
{
    return parse(ret, ret_why, (enum ent_obs_type)0, text);
}

enum ent_err ent_observable_parse_as(struct ent_observable *ret, const char **ret_why,
                                     enum ent_obs_type type, struct ent_slice text)
{
    if (type < ENT_OBS_IPV4 || type >= ENT_OBS_TYPES)
        ENT_BUG("no such type of observable");
    return parse(ret, ret_why, type, text);
}

/* --- names of types --------------------------------------------------------------------------- */

const char *ent_obs_type_name(enum ent_obs_type type)
{
    static const char *const names[ENT_OBS_TYPES] = {
        "",    "ipv4",  "ipv6", "net4", "net6",   "endpoint", "domain",
        "url", "email", "md5",  "sha1", "sha256", "sha512",   "urlprefix"};
    return (unsigned)type < ENT_OBS_TYPES ? names[type] : "";
}

static uint32_t mask_of(struct ent_slice name)
{
    static const struct {
        const char *name;
        uint32_t mask;
    } groups[] = {
        {"ip", ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6)},
        {"net", ENT_OBS_BIT(ENT_OBS_NET4) | ENT_OBS_BIT(ENT_OBS_NET6)},
        {"hash", ENT_OBS_BIT(ENT_OBS_MD5) | ENT_OBS_BIT(ENT_OBS_SHA1) |
                     ENT_OBS_BIT(ENT_OBS_SHA256) | ENT_OBS_BIT(ENT_OBS_SHA512)},
        {"all", ENT_OBS_ALL},
    };
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (ent_slice_ieq(name, ent_slice_str(groups[i].name)))
            return groups[i].mask;
    for (unsigned t = ENT_OBS_IPV4; t < ENT_OBS_TYPES; t++)
        if (ent_slice_ieq(name, ent_slice_str(ent_obs_type_name((enum ent_obs_type)t))))
            return ENT_OBS_BIT(t);
    return 0;
}

enum ent_err ent_obs_types_parse(uint32_t *ret_mask, struct ent_slice names)
{
    uint32_t mask = 0;
    for (;;) {
        size_t n = index_of(names, ',');
        uint32_t one = mask_of(ent_slice_trim(ent_slice(names.p, n)));
        if (one == 0)
            return ENT_E_FORMAT;
        mask |= one;
        if (n == names.n)
            break;
        names = ent_slice_from(names, n + 1);
    }
    *ret_mask = mask;
    return ENT_OK;
}

enum ent_err ent_obs_types_encode(struct ent_buf *b, uint32_t types)
{
    enum ent_err r = ENT_OK;
    const char *before = " ";
    for (int t = 1; t < ENT_OBS_TYPES && r == ENT_OK; t++) {
        if ((types & ENT_OBS_BIT(t)) == 0)
            continue;
        r = ent_buf_printf(b, "%s%s", before, ent_obs_type_name((enum ent_obs_type)t));
        before = ",";
    }
    return r;
}

void ent_obs_types_take(struct ent_lines *l, uint32_t *ret)
{
    struct ent_buf again;
    struct ent_slice word = ent_lines_word(l);
    ent_buf_init(&again, 1024);
    if (l->err == ENT_OK &&
        (ent_obs_types_parse(ret, word) != ENT_OK || ent_obs_types_encode(&again, *ret) != ENT_OK ||
         again.n != word.n + 1 || memcmp(again.p + 1, word.p, word.n) != 0))
        ent_lines_fail(l, ENT_E_FORMAT);
    ent_buf_release(&again);
}

size_t ent_observable_key(uint8_t ret[static ENT_OBS_KEY_MAX], const struct ent_observable *o)
{
    struct ent_slice name = ent_slice_str(ent_obs_type_name(o->type));
    memcpy(ret, name.p, name.n);
    ret[name.n] = ':';
    memcpy(ret + name.n + 1, o->text, o->n);
    return name.n + 1 + o->n;
}

bool ent_observable_host(struct ent_observable *ret, const struct ent_observable *o)
{
    struct ent_slice s = ent_slice(o->text, o->n);
    struct ent_url_parts u;
    const char *why;
    const uint8_t *at;
    if (o->type == ENT_OBS_URL || o->type == ENT_OBS_URLPREFIX) {
        if (ent_url_split(&u, &why, s) != ENT_OK)
            return false;
        s = u.host;
    } else if (o->type == ENT_OBS_ENDPOINT && (at = memrchr(s.p, ':', s.n)) != NULL) {
        s.n = (size_t)(at - s.p);
    } else if (o->type == ENT_OBS_EMAIL && (at = memrchr(s.p, '@', s.n)) != NULL) {
        s = ent_slice_from(s, (size_t)(at - s.p) + 1);
    } else {
        return false;
    }
    if (s.n > 2 && s.p[0] == '[')
        s = ent_slice(s.p + 1, s.n - 2);
    return ent_observable_parse(ret, &why, s) == ENT_OK && ret->type <= ENT_OBS_DOMAIN;
}
