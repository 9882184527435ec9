/*
 * url.c: URLs with an authority (RFC 3986): scheme "://" [userinfo "@"] host [":" port] rest.
 *
 * Scheme and host are lower-cased, the host is a canonical name or address, the scheme's own port
 * and an empty userinfo go, an empty path of the web's schemes becomes "/" (RFC 3986 section
 * 6.2.3); path, query and fragment stay as they are. Text without a scheme ("host/path", as
 * US-CERT writes it) gets "http://".
 */
#include "base/base.h"
#include "intel/parse.h"

#define SCHEME_MAX 32

static const struct scheme {
    const char *name;
    uint16_t port;
} web[] = {{"http", 80}, {"https", 443}, {"ftp", 21}, {"ftps", 990}, {"ws", 80}, {"wss", 443}};

static const struct scheme *find_web(struct ent_slice name)
{
    for (size_t i = 0; i < sizeof(web) / sizeof(web[0]); i++)
        if (ent_slice_ieq(name, ent_slice_str(web[i].name)))
            return &web[i];
    return NULL;
}

enum ent_err ent_obs_put(struct ent_observable *o, const char **why, struct ent_slice s)
{
    if (s.n > (size_t)(ENT_OBS_MAX - o->n))
        return ent_no(why, "longer than 2048 octets");
    if (s.n > 0)
        memcpy(o->text + o->n, s.p, s.n);
    o->n = (uint16_t)(o->n + s.n);
    o->text[o->n] = '\0';
    return ENT_OK;
}

size_t ent_url_scheme(struct ent_slice s)
{
    size_t n = 0;
    if (s.n == 0 || !ent_is_alpha(s.p[0]))
        return 0;
    while (n < s.n && n <= SCHEME_MAX &&
           (ent_is_alpha(s.p[n]) || ent_is_digit(s.p[n]) || s.p[n] == '+' || s.p[n] == '-'))
        n++;
    return n <= SCHEME_MAX && ent_slice_starts(ent_slice_from(s, n), ENT_SLICE_LIT("://")) ? n : 0;
}

/* host [":" port]; the host of an IPv6 address keeps its brackets. */
static enum ent_err split_host(struct ent_url_parts *ret, const char **why, struct ent_slice s)
{
    size_t n = 0;
    if (s.n > 0 && s.p[0] == '[') {
        while (n < s.n && s.p[n] != ']')
            n++;
        if (n++ == s.n)
            return ent_no(why, "a bracket is not closed");
    } else {
        while (n < s.n && s.p[n] != ':')
            n++;
    }
    ret->host = ent_slice(s.p, n);
    if (n < s.n && s.p[n] != ':')
        return ent_no(why, "the host of a URL is wrong");
    if (n + 1 < s.n) {
        ret->has_port = true;
        ret->port = ent_slice_from(s, n + 1);
    }
    return n == 0 ? ent_no(why, "a URL without a host") : ENT_OK;
}

enum ent_err ent_url_split(struct ent_url_parts *ret, const char **why, struct ent_slice s)
{
    struct ent_url_parts u = {0};
    size_t at = ent_url_scheme(s), end = 0, user = SIZE_MAX;
    if (at == 0)
        return ent_no(why, "a URL without a scheme");
    u.scheme = ent_slice(s.p, at);
    s = ent_slice_from(s, at + 3);
    for (; end < s.n && s.p[end] != '/' && s.p[end] != '?' && s.p[end] != '#'; end++)
        if (s.p[end] == '@')
            user = end;
    u.rest = ent_slice_from(s, end);
    s.n = end;
    if (user != SIZE_MAX) {
        u.userinfo = ent_slice(s.p, user);
        u.has_userinfo = user > 0;
        s = ent_slice_from(s, user + 1);
    }
    enum ent_err r = split_host(&u, why, s);
    if (r == ENT_OK)
        *ret = u;
    return r;
}

static bool only_digits_and_dots(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ent_is_digit(s.p[i]) && s.p[i] != '.')
            return false;
    return true;
}

static enum ent_err put_address(struct ent_observable *o, const char **why, struct ent_slice s)
{
    struct ent_net net;
    char text[ENT_NET_TEXT + 2];
    enum ent_err r = ent_net_parse(&net, why, s);
    if (r != ENT_OK)
        return r;
    size_t n = ent_net_text(text + 1, &net);
    if (!net.v6)
        return ent_obs_put(o, why, ent_slice(text + 1, n));
    text[0] = '[';
    text[n + 1] = ']';
    return ent_obs_put(o, why, ent_slice(text, n + 2));
}

static enum ent_err put_host(struct ent_observable *o, const char **why, struct ent_slice host)
{
    char name[ENT_NAME_MAX + 1];
    size_t n;
    if (host.p[0] == '[') {
        struct ent_slice inner = ent_slice(host.p + 1, host.n - 2);
        if (inner.n == 0 || memchr(inner.p, ':', inner.n) == NULL)
            return ent_no(why, "not an IPv6 address");
        return put_address(o, why, inner);
    }
    if (only_digits_and_dots(host))
        return put_address(o, why, host);
    enum ent_err r = ent_name_parse(name, &n, why, host, 1);
    return r != ENT_OK ? r : ent_obs_put(o, why, ent_slice(name, n));
}

/* unreserved / pct-encoded / sub-delims / ":" (RFC 3986 section 3.2.1) */
static enum ent_err put_userinfo(struct ent_observable *o, const char **why, struct ent_slice s)
{
    enum ent_err r;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == 0 || (!ent_is_alpha(s.p[i]) && !ent_is_digit(s.p[i]) &&
                            strchr("-._~%!$&'()*+,;=:", s.p[i]) == NULL))
            return ent_no(why, "the user name in a URL has a character it cannot have");
    if ((r = ent_obs_put(o, why, s)) != ENT_OK)
        return r;
    return ent_obs_put(o, why, ENT_SLICE_LIT("@"));
}

static enum ent_err put_port(struct ent_observable *o, const char **why,
                             const struct ent_url_parts *u, const struct scheme *known)
{
    uint16_t port;
    enum ent_err r;
    if (!u->has_port)
        return ENT_OK;
    if ((r = ent_port_parse(&port, why, u->port)) != ENT_OK)
        return r;
    if (known != NULL && known->port == port)
        return ENT_OK;
    if ((r = ent_obs_put(o, why, ENT_SLICE_LIT(":"))) != ENT_OK)
        return r;
    return ent_obs_put(o, why, u->port);
}

/* A character that people do not see, or that changes the direction of what they see, would make
 * two values that look the same. The joiners are letters' business in some scripts. */
static bool is_hidden(int32_t v)
{
    return (v >= 0x80 && v < 0xA1) || v == 0xAD || (v >= 0x2000 && v <= 0x200B) || v == 0x200E ||
           v == 0x200F || (v >= 0x2028 && v <= 0x202F) || (v >= 0x205F && v <= 0x206F) ||
           v == 0x3000 || v == 0xFEFF || (v >= 0xFFF0 && v <= 0xFFFB);
}

static enum ent_err put_rest(struct ent_observable *o, const char **why, struct ent_slice s)
{
    size_t n;
    for (size_t i = 0; i < s.n; i += n) {
        int32_t v = ent_utf8_next(ent_slice_from(s, i), &n);
        if (v < 0)
            return ent_no(why, "not UTF-8");
        if (v <= ' ' || v == 0x7F || is_hidden(v))
            return ent_no(why, "a blank, control or invisible character in a URL");
    }
    return ent_obs_put(o, why, s);
}

static enum ent_err build(struct ent_observable *o, const char **why, const struct ent_url_parts *u)
{
    const struct scheme *known = find_web(u->scheme);
    enum ent_err r;
    if ((r = ent_obs_put(o, why, u->scheme)) != ENT_OK)
        return r;
    for (size_t i = 0; i < o->n; i++)
        o->text[i] = ent_lower((uint8_t)o->text[i]);
    if ((r = ent_obs_put(o, why, ENT_SLICE_LIT("://"))) != ENT_OK ||
        (u->has_userinfo && (r = put_userinfo(o, why, u->userinfo)) != ENT_OK) ||
        (r = put_host(o, why, u->host)) != ENT_OK || (r = put_port(o, why, u, known)) != ENT_OK)
        return r;
    if (known != NULL && (u->rest.n == 0 || u->rest.p[0] != '/') &&
        (r = ent_obs_put(o, why, ENT_SLICE_LIT("/"))) != ENT_OK)
        return r;
    return put_rest(o, why, u->rest);
}

enum ent_err ent_url_parse(struct ent_observable *ret, const char **why, struct ent_slice s)
{
    struct ent_observable full = {0};
    struct ent_url_parts u;
    enum ent_err r;
    if (ent_url_scheme(s) == 0) {
        if ((r = ent_obs_put(&full, why, ENT_SLICE_LIT("http://"))) != ENT_OK ||
            (r = ent_obs_put(&full, why, s)) != ENT_OK)
            return r;
        s = ent_slice(full.text, full.n);
    }
    if ((r = ent_url_split(&u, why, s)) != ENT_OK)
        return r;
    struct ent_observable o = {.type = ENT_OBS_URL};
    if ((r = build(&o, why, &u)) == ENT_OK)
        *ret = o;
    return r;
}
