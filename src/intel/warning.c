/*
 * warning.c: MISP warning lists: one JSON object {"name", "type", "version", "matching_attributes",
 * "list": ["value", ...]} with its properties in any order. Values are handed out as they come,
 * before it is known what kind of list it is: memory does not depend on the list.
 *
 * Another one's format: unknown properties are passed over. One that stands twice refuses the list,
 * because two readers would take two different values.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"

#define STRING_MAX 4096

enum property { P_NAME, P_TYPE, P_VERSION, P_ATTRIBUTES, P_LIST, PROPERTIES };
static const char *const properties[PROPERTIES] = {"name", "type", "version", "matching_attributes",
                                                   "list"};

/* table: what MISP calls its attributes, and what it can be seen as here. "filename|md5" and the
 * like count for what stands behind the bar, addresses with a port for addresses. */
static const struct {
    const char *name;
    uint32_t types;
} attributes[] = {
#define ADDRESS                                                                                    \
    (ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6) | ENT_OBS_BIT(ENT_OBS_NET4) |           \
     ENT_OBS_BIT(ENT_OBS_NET6) | ENT_OBS_BIT(ENT_OBS_ENDPOINT))
    {"ip-src", ADDRESS},
    {"ip-dst", ADDRESS},
    {"domain", ENT_OBS_BIT(ENT_OBS_DOMAIN)},
    {"hostname", ENT_OBS_BIT(ENT_OBS_DOMAIN)},
    {"ip", ADDRESS},
    {"url", ENT_OBS_BIT(ENT_OBS_URL)},
    {"uri", ENT_OBS_BIT(ENT_OBS_URL)},
    {"link", ENT_OBS_BIT(ENT_OBS_URL)},
    {"email", ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"email-src", ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"email-dst", ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"email-reply-to", ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"target-email", ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"whois-registrant-email", ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"dns-soa-email", ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"md5", ENT_OBS_BIT(ENT_OBS_MD5)},
    {"sha1", ENT_OBS_BIT(ENT_OBS_SHA1)},
    {"sha256", ENT_OBS_BIT(ENT_OBS_SHA256)},
    {"sha512", ENT_OBS_BIT(ENT_OBS_SHA512)},
#undef ADDRESS
};

struct reading {
    struct ent_jp jp;
    const struct ent_warning_sink *sink;
    struct ent_diag *d;
    struct ent_warning w;
    uint32_t seen; /* bit for each property */
};

static enum ent_err broken(const struct reading *x, const char *text)
{
    return ent_fail(x->d, ENT_E_FORMAT, text, x->jp.line, x->jp.offset);
}

static uint32_t types_of(struct ent_slice attribute)
{
    uint32_t types = 0;
    for (;;) { /* "domain|ip": either of them */
        const uint8_t *bar = attribute.n == 0 ? NULL : memchr(attribute.p, '|', attribute.n);
        size_t n = bar == NULL ? attribute.n : (size_t)(bar - attribute.p);
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
            if (ent_slice_eq(ent_slice(attribute.p, n), ent_slice_str(attributes[i].name)))
                types |= attributes[i].types;
        if (bar == NULL)
            return types;
        attribute = ent_slice(bar + 1, attribute.n - n - 1);
    }
}

static enum ent_err read_attributes(struct reading *x, enum ent_jp_event ev)
{
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return broken(x, "\"matching_attributes\" is not a list");
    x->w.types = 0;
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (ev == ENT_JP_STR)
            x->w.types |= types_of(x->jp.text);
        else if ((r = ent_jp_skip(&x->jp, x->d)) != ENT_OK)
            return r;
    }
}

/* ".example.com" and "*.example.com" stand for the name and what lies below it, as names do here.
 */
static struct ent_slice without_dot(struct ent_slice s)
{
    if (s.n > 2 && s.p[0] == '*' && s.p[1] == '.')
        return ent_slice(s.p + 2, s.n - 2);
    return s.n > 1 && s.p[0] == '.' ? ent_slice(s.p + 1, s.n - 1) : s;
}

static enum ent_err read_value(struct reading *x)
{
    struct ent_observable o;
    const char *why = "too long";
    if (!x->jp.cut && ent_observable_parse(&o, &why, without_dot(x->jp.text)) == ENT_OK) {
        x->w.entries++;
        return x->sink->take(x->sink->ctx, &o);
    }
    x->w.unread++;
    return x->sink->skip(x->sink->ctx, x->jp.line, why, ent_utf8_cut(x->jp.text, 512));
}

static enum ent_err read_list(struct reading *x, enum ent_jp_event ev)
{
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return broken(x, "\"list\" is not a list");
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (ev != ENT_JP_STR)
            return broken(x, "a value that is not a string");
        if ((r = read_value(x)) != ENT_OK)
            return r;
    }
}

static enum ent_err read_type(struct reading *x)
{
    static const char *const name[] = {[ENT_WARNING_CIDR] = "cidr",
                                       [ENT_WARNING_HOSTNAME] = "hostname",
                                       [ENT_WARNING_STRING] = "string"};
    x->w.type = ENT_WARNING_OTHER;
    for (unsigned i = 1; i < sizeof(name) / sizeof(name[0]); i++)
        if (ent_slice_eq(x->jp.text, ent_slice_str(name[i])))
            x->w.type = (enum ent_warning_type)i;
    return ENT_OK;
}

static enum ent_err read_property(struct reading *x, enum property p, enum ent_jp_event ev)
{
    switch (p) {
    case P_NAME:
        if (ev != ENT_JP_STR)
            return broken(x, "\"name\" is not a string");
        x->w.name[ent_clean_text(x->w.name, sizeof(x->w.name) - 1, x->jp.text)] = '\0';
        return ENT_OK;
    case P_TYPE:
        return ev == ENT_JP_STR ? read_type(x) : broken(x, "\"type\" is not a string");
    case P_VERSION:
        if (ev != ENT_JP_NUM || ent_parse_u64(&x->w.version, x->jp.text, INT64_MAX) != ENT_OK)
            x->w.version = 0;
        return ent_jp_skip(&x->jp, x->d);
    case P_ATTRIBUTES:
        return read_attributes(x, ev);
    default:
        return read_list(x, ev);
    }
}

static enum ent_err read_object(struct reading *x)
{
    enum ent_jp_event ev;
    enum ent_err r;
    for (;;) {
        unsigned p = 0;
        if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK || ev == ENT_JP_OBJ_END)
            return r;
        while (p < PROPERTIES && !ent_slice_eq(x->jp.text, ent_slice_str(properties[p])))
            p++;
        if (p == PROPERTIES) {
            if ((r = ent_jp_skip(&x->jp, x->d)) != ENT_OK)
                return r;
            continue;
        }
        if ((x->seen >> p & 1) != 0)
            return broken(x, "a property stands twice in the list");
        x->seen |= 1u << p;
        if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK ||
            (r = read_property(x, (enum property)p, ev)) != ENT_OK)
            return r;
    }
}

static enum ent_err read_file(struct reading *x)
{
    enum ent_jp_event ev;
    enum ent_err r;
    if ((r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK)
        return r;
    if (ev != ENT_JP_OBJ)
        return broken(x, "not a MISP warning list");
    if ((r = read_object(x)) != ENT_OK || (r = ent_jp_next(&x->jp, &ev, x->d)) != ENT_OK)
        return r;
    if ((x->seen >> P_LIST & 1) == 0 || (x->seen >> P_TYPE & 1) == 0 || x->w.name[0] == '\0')
        return broken(x, "not a MISP warning list: it lacks a name, a type or a list");
    if (x->w.type == ENT_WARNING_OTHER) {
        x->w.unread += x->w.entries;
        x->w.entries = 0;
    }
    return ENT_OK;
}

enum ent_err ent_warning_read(struct ent_warning *ret, struct ent_reader in,
                              const struct ent_warning_sink *sink, struct ent_diag *d)
{
    struct reading *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    x->sink = sink;
    x->d = d;
    x->w.types = ENT_OBS_ALL;
    enum ent_err r = ent_jp_init(&x->jp, in, 0, ENT_JP_DEPTH, STRING_MAX);
    if (r == ENT_OK)
        r = read_file(x);
    if (r == ENT_OK)
        *ret = x->w;
    ent_jp_release(&x->jp);
    free(x);
    return r;
}
