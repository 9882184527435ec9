/*
 * out_rpz.c: a response policy zone: names, and all that lies below them, do not exist; answers
 * with these addresses are not given. One record a line, all names relative to the zone, so that it
 * can be loaded under any name.
 *
 * The attack: a name that ends in "rpz-ip" or one of its kin is not a name in such a zone but a
 * rule ("8.0.0.0.10.rpz-ip" blocks a whole network). Such names are not written.
 */
#include "base/base.h"
#include "intel/out_parts.h"

/* "*.", the name and the zone's own name must fit into 253 octets: this leaves the zone 61. */
#define NAME_MOST 190

enum ent_err ent_out_rpz_start(struct ent_out *o)
{
    enum ent_err r = ent_out_head(o, 0, "; ");
    if (r != ENT_OK)
        return r;
    /* The serial rises with the time until 2106 (RFC 1982). */
    return ent_buf_printf(&o->b[0],
                          "$TTL 300\n"
                          "@ SOA localhost. hostmaster.localhost. %u 3600 600 86400 300\n"
                          "@ NS localhost.\n",
                          (unsigned)(uint32_t)o->opts.now);
}

static bool is_rule(const char *name)
{
    static const char *const kin[] = {"rpz-ip",       "rpz-client-ip", "rpz-nsip",    "rpz-nsdname",
                                      "rpz-passthru", "rpz-drop",      "rpz-tcp-only"};
    const char *last = strrchr(name, '.');
    for (size_t i = 0; last != NULL && i < sizeof(kin) / sizeof(kin[0]); i++)
        if (strcmp(last + 1, kin[i]) == 0)
            return true;
    return false;
}

/* 198.51.100.0/24 is 24.0.100.51.198; in IPv6 "zz" stands for the "::" of RFC 5952, which is also
 * the only form that BIND takes. */
static enum ent_err put_address(struct ent_buf *b, const struct ent_observable *o)
{
    bool v6 = o->type == ENT_OBS_IPV6 || o->type == ENT_OBS_NET6, zeros = false;
    char sep = v6 ? ':' : '.';
    const char *slash = strchr(o->text, '/');
    size_t end = slash == NULL ? o->n : (size_t)(slash - o->text);
    if (slash != NULL && strcmp(slash, "/0") == 0) /* BIND takes none, and it would be everything */
        return ENT_E_UNSUPPORTED;
    enum ent_err r = ent_buf_puts(b, slash != NULL ? slash + 1 : v6 ? "128" : "32");
    for (size_t at = end; r == ENT_OK;) {
        while (at > 0 && o->text[at - 1] != sep)
            at--;
        if (end > at)
            r = ent_buf_printf(b, ".%.*s", (int)(end - at), o->text + at);
        else if (!zeros)
            r = ent_buf_puts(b, ".zz");
        zeros = zeros || end == at;
        if (at == 0)
            break;
        end = --at;
    }
    return r == ENT_OK ? ent_buf_puts(b, ".rpz-ip CNAME .\n") : r;
}

enum ent_err ent_out_rpz_put(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    if (obs->type != ENT_OBS_DOMAIN)
        return put_address(&o->b[0], obs);
    if (obs->n > NAME_MOST || is_rule(obs->text))
        return ENT_E_UNSUPPORTED;
    return ent_buf_printf(&o->b[0], "%s CNAME .\n*.%s CNAME .\n", obs->text, obs->text);
}
