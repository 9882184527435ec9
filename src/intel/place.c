/* place.c: where observables lie among others: what is inside a network or below a name, what is
 * around them. The order of places is stored; it must never change. */
#include "base/base.h"
#include "intel/intel.h"
#include "intel/parse.h"

#define AT_ADDRESS4 '4'
#define AT_ADDRESS6 '6'
#define AT_NAME     'n'

_Static_assert(ENT_PLACE_MAX >= ENT_NAME_MAX + 2, "a name, its end and its kind");

static size_t net_size(const struct ent_net *net)
{
    return net->v6 ? 16 : 4;
}

static size_t place_net(uint8_t ret[static ENT_PLACE_MAX], const struct ent_net *net)
{
    size_t n = net_size(net);
    ret[0] = net->v6 ? AT_ADDRESS6 : AT_ADDRESS4;
    memcpy(ret + 1, net->b, n);
    ret[n + 1] = net->bits; /* the wider of two that begin alike comes first */
    return n + 2;
}

/* "www.evil.com" as "com.evil.www.": what lies below a name begins as the name does. */
static size_t place_name(uint8_t ret[static ENT_PLACE_MAX], struct ent_slice name)
{
    size_t n = 0;
    ret[n++] = AT_NAME;
    while (name.n > 0) {
        const uint8_t *dot = memrchr(name.p, '.', name.n);
        size_t at = dot == NULL ? 0 : (size_t)(dot - name.p) + 1;
        memcpy(ret + n, name.p + at, name.n - at);
        n += name.n - at;
        ret[n++] = '.';
        name.n = at == 0 ? 0 : at - 1;
    }
    return n;
}

static bool is_net(const struct ent_observable *o)
{
    return o->type >= ENT_OBS_IPV4 && o->type <= ENT_OBS_NET6;
}

size_t ent_observable_place(uint8_t ret[static ENT_PLACE_MAX], const struct ent_observable *o)
{
    struct ent_observable host;
    struct ent_net net;
    const char *why;
    if (o->type != ENT_OBS_DOMAIN && !is_net(o)) {
        if (!ent_observable_host(&host, o))
            return 0;
        o = &host;
    }
    struct ent_slice s = ent_slice(o->text, o->n);
    if (o->type == ENT_OBS_DOMAIN)
        return s.n > ENT_NAME_MAX ? 0 : place_name(ret, s);
    return ent_net_parse(&net, &why, s) == ENT_OK ? place_net(ret, &net) : 0;
}

bool ent_observable_range(struct ent_place_range *ret, const struct ent_observable *o)
{
    if (o->type != ENT_OBS_DOMAIN && !is_net(o))
        return false;
    size_t n = ent_observable_place(ret->lo, o);
    if (n == 0)
        return false;
    memcpy(ret->hi, ret->lo, n);
    ret->lo_n = ret->hi_n = n;
    if (o->type == ENT_OBS_DOMAIN) {
        ret->hi[n - 1] = '.' + 1;
        return true;
    }
    for (unsigned bit = ret->lo[n - 1]; bit < 8 * (n - 2); bit++)
        ret->hi[1 + bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    ret->hi[n - 1] = 0xFF;
    return true;
}

/* --- above --------------------------------------------------------------------------------------
 */

static bool widen_net(struct ent_observable *o)
{
    struct ent_net net;
    const char *why;
    char text[ENT_NET_TEXT];
    if (ent_net_parse(&net, &why, ent_slice(o->text, o->n)) != ENT_OK || net.bits == 0)
        return false;
    net.bits--;
    net.b[net.bits / 8] &= (uint8_t) ~(0x80u >> net.bits % 8);
    o->type = net.v6 ? ENT_OBS_NET6 : ENT_OBS_NET4;
    o->n = (uint16_t)ent_net_text(text, &net);
    memcpy(o->text, text, (size_t)o->n + 1);
    return true;
}

static bool widen_name(struct ent_observable *o)
{
    const char *dot = memchr(o->text, '.', o->n);
    if (dot == NULL || strchr(dot + 1, '.') == NULL) /* a name has two labels at least */
        return false;
    size_t cut = (size_t)(dot + 1 - o->text);
    o->n = (uint16_t)(o->n - cut);
    memmove(o->text, o->text + cut, (size_t)o->n + 1);
    return true;
}

static bool widen_to_host(struct ent_observable *o)
{
    struct ent_observable host;
    if (!ent_observable_host(&host, o))
        return false;
    o->type = host.type;
    o->n = host.n;
    memcpy(o->text, host.text, (size_t)host.n + 1);
    return true;
}

/* "http://a.com/bc" is in "http://a.com/bc*", that in "http://a.com/b*", and so on to the '/'
 * behind the host. */
static bool widen_url(struct ent_observable *o)
{
    struct ent_url_parts u;
    const char *why;
    if (ent_url_split(&u, &why, ent_slice(o->text, o->n)) != ENT_OK)
        return false;
    size_t least = (size_t)((const char *)u.rest.p - o->text) + 2; /* "/" and "*" */
    size_t n = o->type == ENT_OBS_URL ? (size_t)o->n + 1 : (size_t)o->n - 1;
    if (n > ENT_OBS_MAX)
        n = ENT_OBS_MAX;
    if (u.rest.n == 0 || n < least)
        return widen_to_host(o);
    o->type = ENT_OBS_URLPREFIX;
    o->n = (uint16_t)n;
    o->text[n - 1] = '*';
    o->text[n] = '\0';
    return true;
}

bool ent_observable_widen(struct ent_observable *o)
{
    switch (o->type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_IPV6:
    case ENT_OBS_NET4:
    case ENT_OBS_NET6:
        return widen_net(o);
    case ENT_OBS_DOMAIN:
        return widen_name(o);
    case ENT_OBS_URL:
    case ENT_OBS_URLPREFIX:
        return widen_url(o);
    case ENT_OBS_ENDPOINT:
    case ENT_OBS_EMAIL:
        return widen_to_host(o);
    case ENT_OBS_MD5:
    case ENT_OBS_SHA1:
    case ENT_OBS_SHA256:
    case ENT_OBS_SHA512:
        return false;
    }
    return false;
}
