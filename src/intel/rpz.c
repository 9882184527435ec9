/*
 * rpz.c: response policy zones (draft-vixie-dnsop-dns-rpz) in the master file format of RFC 1035:
 * what DNS servers refuse to answer, one record a line, names relative to $ORIGIN.
 *
 * The owner's name is the trigger, the target of its CNAME the policy. A name and its wildcard
 * ("evil.example", "*.evil.example") are one domain here, since an indicator covers what lies below
 * it. "24.0.2.0.192.rpz-ip" is 192.0.2.0/24 backwards. rpz-passthru exempts, and is never hostile.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/parse.h"

#define GROUPS 8

struct rpz {
    struct ent_feed *f;
    char origin[ENT_NAME_MAX + 2]; /* as in the file, with its last dot; empty: not said */
    size_t origin_n;
    char owner[ENT_NAME_MAX + 2]; /* of the record before: a line that begins blank goes on */
    size_t owner_n;
    struct ent_observable last; /* the domain taken last: its wildcard, its other records */
    unsigned open;              /* inside the parentheses of a long record */
};

static bool ends_ci(struct ent_slice s, struct ent_slice end)
{
    return s.n >= end.n && ent_slice_ieq(ent_slice_from(s, s.n - end.n), end);
}

/* Without what stands behind ';', but not in a quoted string. */
static struct ent_slice without_comment(struct ent_slice s)
{
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            quoted = !quoted;
        if (s.p[i] == ';' && !quoted)
            return ent_slice(s.p, i);
    }
    return s;
}

static bool keep(char *ret, size_t *ret_n, size_t cap, struct ent_slice s)
{
    if (s.n > cap)
        return false;
    memcpy(ret, s.p, s.n);
    *ret_n = s.n;
    return true;
}

/* The owner's name without the zone's, with which absolute names end; empty outside the zone. */
static struct ent_slice trigger(const struct rpz *z)
{
    struct ent_slice owner = ent_slice(z->owner, z->owner_n);
    if (owner.n == 0 || owner.p[owner.n - 1] != '.')
        return owner;
    struct ent_slice origin = ent_slice(z->origin, z->origin_n);
    if (origin.n > 1 && owner.n > origin.n + 1 && ends_ci(owner, origin) &&
        owner.p[owner.n - origin.n - 1] == '.')
        return ent_slice(owner.p, owner.n - origin.n - 1);
    return (struct ent_slice){NULL, 0};
}

/* "24.0.2.0.192" or "48.zz.db8.2001" (zz is "::") to "192.0.2.0/24", "2001:db8::/48". */
static bool net_text(char ret[static ENT_NET_TEXT + 16], size_t *ret_n, struct ent_slice s)
{
    struct ent_slice part[GROUPS + 1], bits = ent_slice_until(&s, '.');
    size_t parts = 0, n = 0;
    bool zz = false;
    while (s.n > 0) {
        if (parts == GROUPS)
            return false;
        part[parts] = ent_slice_until(&s, '.');
        if (part[parts].n == 0 || part[parts].n > 4)
            return false;
        zz = zz || ent_slice_ieq(part[parts], ENT_SLICE_LIT("zz"));
        parts++;
    }
    bool v6 = zz || parts == GROUPS;
    if (bits.n == 0 || bits.n > 3 || (!v6 && parts != 4))
        return false;
    for (size_t i = parts; i-- > 0;) {
        bool gap = ent_slice_ieq(part[i], ENT_SLICE_LIT("zz"));
        if (gap) {
            ret[n++] = ':';
            if (i + 1 == parts)
                ret[n++] = ':';
            continue;
        }
        memcpy(ret + n, part[i].p, part[i].n);
        n += part[i].n;
        if (i > 0)
            ret[n++] = v6 ? ':' : '.';
    }
    ret[n++] = '/';
    memcpy(ret + n, bits.p, bits.n);
    *ret_n = n + bits.n;
    return true;
}

static enum ent_err take_net(struct rpz *z, uint64_t line, struct ent_slice s)
{
    char text[ENT_NET_TEXT + 16];
    size_t n;
    const char *why;
    struct ent_net net;
    if (!net_text(text, &n, s) || ent_net_parse(&net, &why, ent_slice(text, n)) != ENT_OK)
        return ent_feed_skip(z->f, line, "not an address in the notation of RPZ", s);
    return ent_feed_value(z->f, line, net.v6 ? ENT_OBS_NET6 : ENT_OBS_NET4, ent_slice(text, n));
}

static enum ent_err take_name(struct rpz *z, uint64_t line, struct ent_slice name)
{
    struct ent_observable o;
    if (ent_slice_starts(name, ENT_SLICE_LIT("*.")))
        name = ent_slice_from(name, 2);
    if (ent_observable_parse_as(&o, NULL, ENT_OBS_DOMAIN, name) == ENT_OK) {
        if (z->last.n == o.n && memcmp(z->last.text, o.text, o.n) == 0)
            return ENT_OK; /* the wildcard of the name before */
        z->last = o;
    }
    return ent_feed_value(z->f, line, ENT_OBS_DOMAIN, name);
}

/* A CNAME: what its trigger is, and whether its policy calls that hostile. */
static enum ent_err take_policy(struct rpz *z, uint64_t line, struct ent_slice target)
{
    static const struct ent_slice ip = ENT_SLICE_LIT(".rpz-ip");
    static const char *const others[] = {".rpz-client-ip", ".rpz-nsip", ".rpz-nsdname"};
    struct ent_slice name = trigger(z), self = target;
    if (name.n == 0)
        return ent_feed_skip(z->f, line, "a name outside the zone, or its origin is not said",
                             ent_slice(z->owner, z->owner_n));
    if (self.n > 0 && self.p[self.n - 1] == '.')
        self.n--;
    /* A name that leads to itself is the first draft's way to say so. */
    if (ent_slice_ieq(self, ENT_SLICE_LIT("rpz-passthru")) || ent_slice_ieq(self, name))
        return ent_feed_skip(z->f, line, "let through: this zone says that it is not hostile",
                             name);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (ends_ci(name, ent_slice_str(others[i])))
            return ent_feed_skip(z->f, line, "a trigger of RPZ that is not read here", name);
    ent_feed_reset(z->f);
    if (ends_ci(name, ip))
        return take_net(z, line, ent_slice(name.p, name.n - ip.n));
    return take_name(z, line, name);
}

/* "300", "1h30m", "IN": what may stand before the type of a record. */
static bool is_ttl_or_class(struct ent_slice w)
{
    return w.n > 0 && (ent_is_digit(w.p[0]) || ent_slice_ieq(w, ENT_SLICE_LIT("IN")) ||
                       ent_slice_ieq(w, ENT_SLICE_LIT("CH")));
}

static enum ent_err take_record(struct rpz *z, uint64_t line, struct ent_slice s)
{
    static const char *const of_zone[] = {"SOA", "NS", "RRSIG", "NSEC", "NSEC3", "DNSKEY"};
    static const char *const local[] = {"A", "AAAA", "TXT", "MX"};
    struct ent_slice row = s, type = ent_slice_word(&s), owner = ent_slice(z->owner, z->owner_n);
    bool apex = ent_slice_eq(owner, ENT_SLICE_LIT("@"));
    while (is_ttl_or_class(type))
        type = ent_slice_word(&s);
    if (ent_slice_ieq(type, ENT_SLICE_LIT("SOA")) && z->origin_n == 0 && owner.n > 1 &&
        owner.p[owner.n - 1] == '.')
        (void)keep(z->origin, &z->origin_n, sizeof(z->origin), owner);
    if (ent_slice_ieq(type, ENT_SLICE_LIT("CNAME")))
        return take_policy(z, line, ent_slice_word(&s));
    for (size_t i = 0; i < sizeof(of_zone) / sizeof(of_zone[0]); i++)
        if (ent_slice_ieq(type, ent_slice_str(of_zone[i])))
            return ENT_OK;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        if (ent_slice_ieq(type, ent_slice_str(local[i]))) /* an answer of one's own instead */
            return apex ? ENT_OK : take_policy(z, line, (struct ent_slice){NULL, 0});
    return ent_feed_skip(z->f, line, "not a record of a policy zone", row);
}

static enum ent_err take_directive(struct rpz *z, uint64_t line, struct ent_slice s)
{
    struct ent_slice row = s, name = ent_slice_word(&s), value = ent_slice_word(&s);
    if (ent_slice_ieq(name, ENT_SLICE_LIT("$TTL")))
        return ENT_OK;
    if (!ent_slice_ieq(name, ENT_SLICE_LIT("$ORIGIN")))
        return ent_feed_skip(z->f, line, "a directive that is not read here", row);
    if (value.n == 0 || value.p[value.n - 1] != '.' ||
        !keep(z->origin, &z->origin_n, sizeof(z->origin), value))
        return ent_fail(z->f->d, ENT_E_FORMAT, "$ORIGIN wants a name that ends with a dot", line,
                        0);
    return ENT_OK;
}

static enum ent_err read_line(void *ctx, uint64_t line, struct ent_slice raw)
{
    struct rpz *z = ctx;
    struct ent_slice s = without_comment(raw);
    bool inside = z->open > 0, goes_on = s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t');
    for (size_t i = 0; i < s.n; i++)
        z->open = s.p[i] == '('                  ? z->open + 1
                  : s.p[i] == ')' && z->open > 0 ? z->open - 1
                                                 : z->open;
    s = ent_slice_trim(s);
    if (s.n == 0 || inside)
        return ENT_OK;
    if (s.p[0] == '$')
        return take_directive(z, line, s);
    struct ent_slice row = s;
    if (!goes_on && !keep(z->owner, &z->owner_n, sizeof(z->owner), ent_slice_word(&s))) {
        z->owner_n = 0;
        return ent_feed_skip(z->f, line, "a name of more than 253 octets", row);
    }
    return take_record(z, line, ent_slice_trim(s));
}

enum ent_err ent_rpz_read(struct ent_feed *f)
{
    struct rpz *z = calloc(1, sizeof(*z));
    if (z == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    z->f = f;
    enum ent_err r = ent_feed_rows(f, read_line, z);
    if (r == ENT_OK && z->open > 0)
        r = ent_fail(f->d, ENT_E_FORMAT, "a parenthesis is never closed: truncated?", 0, 0);
    free(z);
    if (r == ENT_OK && f->skipped > 0 && f->taken == 0)
        return ent_fail(f->d, ENT_E_FORMAT, "no record of this zone calls anything hostile", 1,
                        f->offset);
    return r;
}
