/*
 * out_sigma.c: Sigma rules (specification 2.1), many documents in one file of YAML.
 *
 * Values are compared as the thing wants it: names in any case and with all that lies below them,
 * URLs with the case of what stands behind the host, networks as networks, endpoints by address and
 * port together. Fields are those of Sigma's taxonomy; it has none for e-mail addresses and
 * SHA-512.
 *
 * Foreign text is the attack twice: in YAML, where a quote would end a value, and in Sigma, where a
 * star in it would make the value match anything. What YAML cannot hold is left out.
 */
#include "base/base.h"
#include "intel/out_parts.h"
#include "intel/parse.h"

#define PER_RULE ENT_OUT_RULE_MOST
#define DEEP     "            - " /* a value in a list below a field */
#define FLAT     "        - "     /* a map in a list of maps */

/* Where an event must hold what: all values of a text under one field, or maps that name theirs. */
struct selection {
    const char *name, *field;
    unsigned text;
};

struct document {
    const char *category, *title;
    struct selection selection[3]; /* any of them */
};

/* One after the other, so that the values of a rule come in a row; the last is also for all that
 * is only to be counted. */
const uint32_t ent_out_sigma_passes[] = {ENT_OBS_BIT(ENT_OBS_DOMAIN),
                                         ENT_OBS_BIT(ENT_OBS_URL),
                                         ENT_OBS_BIT(ENT_OBS_URLPREFIX),
                                         ENT_OUT_ADDRESSES,
                                         ENT_OUT_NETS,
                                         ENT_OBS_BIT(ENT_OBS_ENDPOINT),
                                         ENT_OBS_BIT(ENT_OBS_MD5),
                                         ENT_OBS_BIT(ENT_OBS_SHA1),
                                         ENT_OBS_BIT(ENT_OBS_SHA256) | ENT_OBS_BIT(ENT_OBS_SHA512) |
                                             ENT_OBS_BIT(ENT_OBS_EMAIL),
                                         0};

#define HASH(name, field)                                                                          \
    {                                                                                              \
        {                                                                                          \
            "process_creation", "Start of a program known as hostile by its " name,                \
            {                                                                                      \
                {"field", field, 0}, {"list", "Hashes|contains", 1},                               \
            }                                                                                      \
        }                                                                                          \
    }

/* table. What a rule says of its values, by the type that stands for their kind. */
static const struct {
    const char *what, *level, *doubt;
    struct document document[2];
} kinds[ENT_OBS_TYPES] = {
    [ENT_OBS_DOMAIN] = {"Domain names",
                        "high",
                        "Names that have another owner now",
                        {{"dns",
                          "Query for a name known as hostile",
                          {{"name", "query", 0}, {"below", "query|endswith", 1}}},
                         {"proxy",
                          "Request to a host known as hostile",
                          {{"name", "cs-host", 0}, {"below", "cs-host|endswith", 1}}}}},
    [ENT_OBS_URL] = {"URLs",
                     "high",
                     "Pages that have been cleaned",
                     {{"proxy",
                       "Request for a URL known as hostile",
                       {{"cased", "c-uri|cased", 0}, {"any", "c-uri", 1}}}}},
    [ENT_OBS_URLPREFIX] = {"Starts of URLs",
                           "high",
                           "Pages that have been cleaned",
                           {{"proxy",
                             "Request for a URL whose start is known as hostile",
                             {{"cased", "c-uri|startswith|cased", 0},
                              {"any", "c-uri|startswith", 1}}}}},
    [ENT_OBS_IPV4] = {"Addresses",
                      "medium",
                      "Addresses that many share, or that have another owner now",
                      {{"firewall",
                        "Traffic with an address known as hostile",
                        {{"to", "dst_ip", 0}, {"from", "src_ip", 0}}}}},
    [ENT_OBS_NET4] = {"Networks",
                      "medium",
                      "Others in the same network",
                      {{"firewall",
                        "Traffic with a network known as hostile",
                        {{"to", "dst_ip|cidr", 0}, {"from", "src_ip|cidr", 0}}}}},
    [ENT_OBS_ENDPOINT] = {"Addresses with ports",
                          "high",
                          "Addresses that many share, or that have another owner now",
                          {{"firewall",
                            "Traffic with an address and port known as hostile",
                            {{"to", NULL, 0}, {"from", NULL, 1}}}}},
    [ENT_OBS_MD5] = {"Files", "high", "Programs that are misused", HASH("MD5", "md5")},
    [ENT_OBS_SHA1] = {"Files", "high", "Programs that are misused", HASH("SHA-1", "sha1")},
    [ENT_OBS_SHA256] = {"Files", "high", "Programs that are misused", HASH("SHA-256", "sha256")},
};

/* --- texts ------------------------------------------------------------------------------------ */

/* YAML 1.2, section 5.1, without what older readers take for the end of a line. */
static bool is_yaml(int32_t v)
{
    return (v >= 0x20 && v < 0x7F) ||
           (v >= 0xA0 && v <= 0xFFFD && v != 0x2028 && v != 0x2029 && v != 0xFEFF &&
            (v < 0xD800 || v > 0xDFFF)) ||
           (v >= 0x10000 && v <= 0x10FFFF);
}

static bool is_yaml_text(struct ent_slice s)
{
    size_t n;
    for (; s.n > 0; s = ent_slice(s.p + n, s.n - n))
        if (!is_yaml(ent_utf8_next(s, &n)))
            return false;
    return true;
}

static enum ent_err put_text(struct ent_buf *b, const char *key, struct ent_slice s)
{
    enum ent_err r = ent_buf_printf(b, "%s: '", key);
    size_t n;
    for (; s.n > 0 && r == ENT_OK; s = ent_slice(s.p + n, s.n - n)) {
        int32_t v = ent_utf8_next(s, &n);
        r = v == '\''     ? ent_buf_puts(b, "''")
            : !is_yaml(v) ? ent_buf_puts(b, "\ufffd")
                          : ent_buf_put(b, s.p, n);
    }
    return r == ENT_OK ? ent_buf_puts(b, "'\n") : r;
}

/* A backslash is doubled wherever it stands: a reader need not look at what follows. */
static enum ent_err put_value(struct ent_buf *b, const char *before, struct ent_slice s)
{
    enum ent_err r = ent_buf_printf(b, "%s", before);
    for (size_t i = 0; i < s.n && r == ENT_OK; i++) {
        uint8_t c = s.p[i];
        if (c == '\'')
            r = ent_buf_putc(b, '\'');
        else if (c == '*' || c == '?' || c == '\\')
            r = ent_buf_putc(b, '\\');
        if (r == ENT_OK)
            r = ent_buf_putc(b, (char)c);
    }
    return r == ENT_OK ? ent_buf_puts(b, "'\n") : r;
}

/* --- values ----------------------------------------------------------------------------------- */

static enum ent_err add_name(struct ent_out_rule *u, const struct ent_observable *o)
{
    enum ent_err r = put_value(&u->text[0], DEEP "'", ent_slice(o->text, o->n));
    return r == ENT_OK ? put_value(&u->text[1], DEEP "'.", ent_slice(o->text, o->n)) : r;
}

static bool has_letters(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (ent_is_alpha(s.p[i]) || s.p[i] >= 0x80)
            return true;
    return false;
}

/* Scheme and host mean the same in any case; the rest does not, and Sigma compares without regard
 * to case unless it is told. */
static enum ent_err add_url(struct ent_out_rule *u, const struct ent_observable *o)
{
    struct ent_slice url = ent_slice(o->text, (size_t)o->n - (o->type == ENT_OBS_URLPREFIX));
    struct ent_url_parts p;
    const char *why;
    if (ent_url_split(&p, &why, url) != ENT_OK)
        return ENT_E_UNSUPPORTED;
    return put_value(&u->text[has_letters(p.rest) || has_letters(p.userinfo) ? 0 : 1], DEEP "'",
                     url);
}

static enum ent_err add_endpoint(struct ent_out_rule *u, const struct ent_observable *o)
{
    static const char *const side[] = {"dst", "src"};
    struct ent_observable host;
    enum ent_err r = ent_observable_host(&host, o) ? ENT_OK : ENT_E_UNSUPPORTED;
    for (size_t i = 0; i < 2 && r == ENT_OK; i++)
        r = ent_buf_printf(&u->text[i], FLAT "%s_ip: '%s'\n          %s_port: %s\n", side[i],
                           host.text, side[i], strrchr(o->text, ':') + 1);
    return r;
}

/* As a field of its own, and as Sysmon writes them: "MD5=...,SHA256=...". */
static enum ent_err add_hash(struct ent_out_rule *u, const struct ent_observable *o)
{
    enum ent_err r = put_value(&u->text[0], DEEP "'", ent_slice(o->text, o->n));
    if (r != ENT_OK)
        return r;
    return put_value(&u->text[1],
                     o->type == ENT_OBS_MD5    ? DEEP "'MD5="
                     : o->type == ENT_OBS_SHA1 ? DEEP "'SHA1="
                                               : DEEP "'SHA256=",
                     ent_slice(o->text, o->n));
}

static enum ent_err add(struct ent_out_rule *u, const struct ent_observable *o)
{
    switch (o->type) {
    case ENT_OBS_DOMAIN:
        return add_name(u, o);
    case ENT_OBS_URL:
    case ENT_OBS_URLPREFIX:
        return add_url(u, o);
    case ENT_OBS_ENDPOINT:
        return add_endpoint(u, o);
    case ENT_OBS_MD5:
    case ENT_OBS_SHA1:
    case ENT_OBS_SHA256:
        return add_hash(u, o);
    default:
        return put_value(&u->text[0], DEEP "'", ent_slice(o->text, o->n));
    }
}

/* --- rules ------------------------------------------------------------------------------------ */

static enum ent_err put_about(struct ent_out *o, const struct document *d)
{
    static const char *const tags[] = {
        [ENT_TLP_CLEAR] = "clear", [ENT_TLP_GREEN] = "green",
        [ENT_TLP_AMBER] = "amber", [ENT_TLP_AMBER_STRICT] = "amber-strict",
        [ENT_TLP_RED] = "red",
    };
    const struct ent_out_rule *u = &o->rule;
    char author[ENT_OUT_TEXT], text[ENT_OUT_TEXT + 128], first[ENT_OUT_DAY], last[ENT_OUT_DAY];
    struct ent_buf *b = &o->b[0];
    enum ent_err r;
    (void)ent_out_text(author, o->opts.author);
    (void)snprintf(text, sizeof(text), "What %s knows as hostile. %s: %llu. Sources: %llu. %s.",
                   author, kinds[u->type].what, (unsigned long long)u->values,
                   (unsigned long long)u->sources, ent_tlp_name(u->narrowest));
    ent_out_day(first, u->first);
    ent_out_day(last, u->last);
    if ((r = put_text(b, "description", ent_slice_str(text))) != ENT_OK ||
        (r = put_text(b, "author", ent_slice_str(author))) != ENT_OK)
        return r;
    return ent_buf_printf(b,
                          "date: %s\nmodified: %s\ntags:\n    - tlp.%s\n"
                          "logsource:\n    category: %s\ndetection:\n",
                          first, last, tags[u->narrowest], d->category);
}

static enum ent_err put_document(struct ent_out *o, const struct document *d)
{
    const struct ent_out_rule *u = &o->rule;
    struct ent_buf *b = &o->b[0];
    struct ent_uuid16 id;
    char uuid[ENT_UUID_TEXT], what[32];
    (void)snprintf(what, sizeof(what), "sigma %s", d->category);
    enum ent_err r = ent_out_rule_id(&id, o, what);
    if (r != ENT_OK)
        return r;
    ent_uuid_text(uuid, &id);
    if ((r = ent_buf_printf(b, "---\ntitle: %s (%llu)\nid: %s\nstatus: test\n", d->title,
                            (unsigned long long)u->number[u->type], uuid)) != ENT_OK ||
        (r = put_about(o, d)) != ENT_OK)
        return r;
    for (const struct selection *s = d->selection; s->name != NULL && r == ENT_OK; s++) {
        if (u->text[s->text].n == 0) /* an empty list would be null */
            continue;
        r = ent_buf_printf(b, "    selection_%s:\n", s->name);
        if (r == ENT_OK && s->field != NULL)
            r = ent_buf_printf(b, "        %s:\n", s->field);
        if (r == ENT_OK)
            r = ent_buf_put_slice(b, ent_buf_slice(&u->text[s->text]));
    }
    if (r != ENT_OK)
        return r;
    return ent_buf_printf(b,
                          "    condition: 1 of selection_*\n"
                          "falsepositives:\n    - %s\nlevel: %s\n",
                          kinds[u->type].doubt, kinds[u->type].level);
}

static enum ent_err end_rule(struct ent_out *o)
{
    enum ent_err r = ENT_OK;
    if (o->rule.values == 0)
        return ENT_OK;
    const struct document *d = kinds[o->rule.type].document;
    for (size_t i = 0; i < 2 && d[i].category != NULL && r == ENT_OK; i++)
        r = put_document(o, &d[i]);
    ent_out_rule_clear(o);
    return r;
}

/* --- the writer ------------------------------------------------------------------------------- */

/* Addresses and networks of both versions share their rules. */
static enum ent_obs_type kind_of(enum ent_obs_type type)
{
    return type == ENT_OBS_IPV6 ? ENT_OBS_IPV4 : type == ENT_OBS_NET6 ? ENT_OBS_NET4 : type;
}

enum ent_err ent_out_sigma_start(struct ent_out *o)
{
    ent_out_rule_init(o);
    return ent_out_head(o, 0, "# ");
}

enum ent_err ent_out_sigma_put(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    const char *slash = strrchr(obs->text, '/');
    enum ent_obs_type kind = kind_of(obs->type);
    enum ent_err r = ENT_OK;
    if (kind == ENT_OBS_NET4 && strcmp(slash, "/0") == 0) /* everything there is */
        return ENT_E_UNSUPPORTED;
    if (!is_yaml_text(ent_slice(obs->text, obs->n)))
        return ENT_E_UNSUPPORTED;
    if (!ent_out_rule_takes(o, kind, PER_RULE) && (r = end_rule(o)) != ENT_OK)
        return r;
    if ((r = add(&o->rule, obs)) == ENT_OK)
        ent_out_rule_add(o, kind, item);
    return r;
}

enum ent_err ent_out_sigma_end(struct ent_out *o)
{
    return end_rule(o);
}
