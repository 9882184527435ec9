/*
 * out_suricata.c: rules and lists for Suricata 7 and later, in one directory, where rules find
 * their lists.
 *
 * What there may be millions of lies in lists, which cost no rule each: addresses, hashes, and
 * names for TLS and HTTP (base64, as datasets of strings want it). In DNS each name has a rule of
 * its own, because a list knows neither the names below it nor that upper case means the same.
 * URLs, networks and endpoints have rules too, as long as there are signature ids for them.
 *
 * Foreign text in a rule is the attack: a quote or semicolon in it would write the rest of the
 * rule. Contents are hexadecimal but for harmless characters; messages lose all others.
 */
#include "base/base.h"
#include "intel/out_parts.h"
#include "intel/parse.h"

enum { RULES, IP, NAMES, MD5, SHA1, SHA256 };

const char *const ent_out_suricata_files[] = {
    [RULES] = "entente.rules", [IP] = "entente-ip.lst",     [NAMES] = "entente-names.lst",
    [MD5] = "entente-md5.lst", [SHA1] = "entente-sha1.lst", [SHA256] = "entente-sha256.lst",
    [SHA256 + 1] = NULL,
};

#define FIXED       32  /* signature ids for rules that read lists; the rest is for single things */
#define CONTENT_MAX 255 /* octets, which every version takes */
/* Packets of one conversation are not an alert each. */
#define ONCE "threshold:type limit,track by_both,count 1,seconds 3600; "

static bool is_harmless(uint8_t c)
{
    return ent_is_alpha(c) || ent_is_digit(c) || (c != 0 && strchr("./-_=&?+@", c) != NULL);
}

static enum ent_err put_msg(struct ent_buf *b, const char *kind, struct ent_slice what,
                            struct ent_slice source)
{
    enum ent_err r = ent_buf_printf(b, "(msg:\"entente %s ", kind);
    for (size_t i = 0; i < what.n && i < 128 && r == ENT_OK; i++)
        r = ent_buf_putc(b, is_harmless(what.p[i]) || what.p[i] == ':' ? (char)what.p[i] : '_');
    if (r == ENT_OK)
        r = ent_buf_puts(b, ", ");
    for (size_t i = 0; i < source.n && i < 128 && r == ENT_OK; i++)
        r = ent_buf_putc(b, is_harmless(source.p[i]) ? (char)source.p[i] : '_');
    return r == ENT_OK ? ent_buf_puts(b, "\"; ") : r;
}

static enum ent_err put_content(struct ent_buf *b, struct ent_slice s)
{
    enum ent_err r = ent_buf_puts(b, "content:\"");
    if (s.n == 0 || s.n > CONTENT_MAX)
        return ENT_E_UNSUPPORTED;
    for (size_t i = 0; i < s.n && r == ENT_OK; i++)
        r = is_harmless(s.p[i]) ? ent_buf_putc(b, (char)s.p[i])
                                : ent_buf_printf(b, "|%02x|", s.p[i]);
    return r == ENT_OK ? ent_buf_puts(b, "\"; ") : r;
}

/* The next signature id; none is left when the range is used up. */
static enum ent_err put_sid(struct ent_out *o)
{
    uint64_t sid = o->opts.sid + FIXED + o->n;
    if (sid > o->opts.sid_last)
        return ENT_E_UNSUPPORTED;
    o->n++;
    return ent_buf_printf(&o->b[RULES], "sid:%llu; rev:1;)\n", (unsigned long long)sid);
}

static enum ent_err put_head(struct ent_out *o, const char *head, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    enum ent_err r = ent_buf_puts(&o->b[RULES], head);
    return r == ENT_OK ? put_msg(&o->b[RULES], ent_obs_type_name(obs->type),
                                 ent_slice(obs->text, obs->n), item->source)
                       : r;
}

static enum ent_err put_name(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    char dotted[ENT_NAME_MAX + 2], text[ENT_BASE64_LEN(ENT_NAME_MAX)];
    enum ent_err r = put_head(o, "alert dns any any -> any any ", item);
    int n = snprintf(dotted, sizeof(dotted), ".%s", obs->text);
    if (r != ENT_OK || (r = ent_buf_puts(&o->b[RULES], "dns.query; dotprefix; ")) != ENT_OK ||
        (r = put_content(&o->b[RULES], ent_slice(dotted, (size_t)n))) != ENT_OK ||
        (r = ent_buf_puts(&o->b[RULES], "nocase; endswith; ")) != ENT_OK ||
        (r = put_sid(o)) != ENT_OK)
        return r;
    ent_base64_encode(text, obs->text, obs->n);
    return ent_buf_printf(&o->b[NAMES], "%s\n", text);
}

/* Plain http alone can be seen. What is not sent (user name, fragment) is left away. */
static enum ent_err put_url(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    bool prefix = obs->type == ENT_OBS_URLPREFIX;
    struct ent_buf *b = &o->b[RULES];
    struct ent_url_parts u;
    const char *why;
    char head[64];
    if (ent_url_split(&u, &why, ent_slice(obs->text, (size_t)obs->n - prefix)) != ENT_OK ||
        !ent_slice_eq(u.scheme, ENT_SLICE_LIT("http")) || u.host.p[0] == '[')
        return ENT_E_UNSUPPORTED;
    const uint8_t *hash = u.rest.n == 0 ? NULL : memchr(u.rest.p, '#', u.rest.n);
    if (hash != NULL && prefix)
        return ENT_E_UNSUPPORTED;
    if (hash != NULL)
        u.rest.n = (size_t)(hash - u.rest.p);
    (void)snprintf(head, sizeof(head), "alert http any any -> any %.*s ",
                   u.has_port ? (int)u.port.n : 3, u.has_port ? (const char *)u.port.p : "any");
    enum ent_err r = put_head(o, head, item);
    if (r != ENT_OK || (r = ent_buf_puts(b, "http.host; ")) != ENT_OK ||
        (r = put_content(b, u.host)) != ENT_OK ||
        (r = ent_buf_puts(b, "startswith; endswith; http.uri.raw; ")) != ENT_OK ||
        (r = put_content(b, u.rest)) != ENT_OK ||
        (r = ent_buf_puts(b, prefix ? "startswith; " : "startswith; endswith; ")) != ENT_OK)
        return r;
    return put_sid(o);
}

static enum ent_err put_net(struct ent_out *o, const struct ent_out_item *item)
{
    const char *text = item->ind->obs.text;
    if (strcmp(strchr(text, '/'), "/0") == 0) /* everything there is */
        return ENT_E_UNSUPPORTED;
    enum ent_err r = ent_buf_printf(&o->b[RULES], "alert ip any any <> [%s] any ", text);
    if (r != ENT_OK || (r = put_head(o, "", item)) != ENT_OK ||
        (r = ent_buf_puts(&o->b[RULES], ONCE)) != ENT_OK)
        return r;
    return put_sid(o);
}

/* Two rules, and ids for both or none. */
static enum ent_err put_endpoint(struct ent_out *o, const struct ent_out_item *item)
{
    static const char *const proto[] = {"tcp", "udp"};
    const char *text = item->ind->obs.text, *colon = strrchr(text, ':');
    bool v6 = text[0] == '[';
    int n = (int)(colon - text);
    enum ent_err r = ENT_OK;
    if (o->opts.sid + FIXED + o->n + 1 > o->opts.sid_last)
        return ENT_E_UNSUPPORTED;
    for (size_t i = 0; i < 2 && r == ENT_OK; i++) {
        r = ent_buf_printf(&o->b[RULES], "alert %s any any -> %s%.*s%s %s ", proto[i],
                           v6 ? "" : "[", n, text, v6 ? "" : "]", colon + 1);
        if (r == ENT_OK && (r = put_head(o, "", item)) == ENT_OK &&
            (r = ent_buf_puts(&o->b[RULES], ONCE)) == ENT_OK)
            r = put_sid(o);
    }
    return r;
}

enum ent_err ent_out_suricata_start(struct ent_out *o)
{
    return ent_out_head(o, RULES, "# ");
}

enum ent_err ent_out_suricata_put(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    switch (obs->type) {
    case ENT_OBS_IPV4:
    case ENT_OBS_IPV6:
        return ent_buf_printf(&o->b[IP], "%s\n", obs->text);
    case ENT_OBS_NET4:
    case ENT_OBS_NET6:
        return put_net(o, item);
    case ENT_OBS_ENDPOINT:
        return put_endpoint(o, item);
    case ENT_OBS_DOMAIN:
        return put_name(o, item);
    case ENT_OBS_URL:
    case ENT_OBS_URLPREFIX:
        return put_url(o, item);
    case ENT_OBS_MD5:
        return ent_buf_printf(&o->b[MD5], "%s\n", obs->text);
    case ENT_OBS_SHA1:
        return ent_buf_printf(&o->b[SHA1], "%s\n", obs->text);
    case ENT_OBS_SHA256:
        return ent_buf_printf(&o->b[SHA256], "%s\n", obs->text);
    default:
        return ENT_E_UNSUPPORTED;
    }
}

/* table. The rules that read lists, each with the same id in every export; an empty list has none,
 * because Suricata refuses one without hashes. */
static const struct {
    uint32_t types;
    const char *rule;
} fixed[FIXED] = {
    {ENT_OUT_ADDRESSES,
     "ip any any -> any any (msg:\"entente address asked\"; ip.dst; dataset:isset,"
     "entente-ip,type ip,load entente-ip.lst; " ONCE},
    {ENT_OUT_ADDRESSES, "ip any any -> any any (msg:\"entente address answers\"; ip.src; dataset:"
                        "isset,entente-ip,type ip,load entente-ip.lst; " ONCE},
    {ENT_OBS_BIT(ENT_OBS_DOMAIN),
     "tls any any -> any any (msg:\"entente name in TLS\"; tls.sni; "
     "dataset:isset,entente-names,type string,load entente-names.lst; "},
    {ENT_OBS_BIT(ENT_OBS_DOMAIN),
     "http any any -> any any (msg:\"entente name in HTTP\"; http.host; "
     "dataset:isset,entente-names,type string,load entente-names.lst; "},
#define FILES(proto)                                                                               \
    {ENT_OBS_BIT(ENT_OBS_MD5), proto " any any -> any any (msg:\"entente file " proto "\"; "       \
                                     "filemd5:entente-md5.lst; "},                                 \
        {ENT_OBS_BIT(ENT_OBS_SHA1), proto " any any -> any any (msg:\"entente file " proto "\"; "  \
                                          "filesha1:entente-sha1.lst; "},                          \
    {                                                                                              \
        ENT_OBS_BIT(ENT_OBS_SHA256), proto " any any -> any any (msg:\"entente file " proto "\"; " \
                                           "filesha256:entente-sha256.lst; "                       \
    }
    FILES("http"),
    FILES("smtp"),
    FILES("ftp-data"),
    FILES("smb"),
};

static bool any_written(const struct ent_out *o, uint32_t types)
{
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        if ((types & ENT_OBS_BIT(t)) != 0 && o->written[t] > 0)
            return true;
    return false;
}

enum ent_err ent_out_suricata_end(struct ent_out *o)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < FIXED && fixed[i].rule != NULL && r == ENT_OK; i++)
        if (any_written(o, fixed[i].types))
            r = ent_buf_printf(&o->b[RULES], "alert %ssid:%llu; rev:1;)\n", fixed[i].rule,
                               (unsigned long long)o->opts.sid + i);
    return r;
}
