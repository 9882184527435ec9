/*
 * out_nft.c: sets for nftables, in a table of their own. Loading the file again (`nft -f`) replaces
 * what the sets hold, in one transaction, and touches no rule: what happens to a hit is for the
 * rules of the machine to say.
 *
 * Addresses, networks and endpoints are kept apart: in a set of intervals an address inside a
 * network would be merged with it, and one would take the other's comment and end. Networks that
 * touch or overlap are merged by nft, but only inside one command (seen with 1.0.6): so they come
 * first, in a row, and their commands are not split. What is merged gets one timeout, perhaps the
 * shortest: so networks have none, and stay until the file is loaded again.
 */
#include "base/base.h"
#include "intel/out_parts.h"

#define PER_COMMAND  1000 /* elements, so that no command grows without end */
#define TIMEOUT_MOST (10LL * 365 * 24 * 60 * 60) /* later than that is as good as never */
#define COMMENT_MAX  100                         /* of nftables' 127 octets */

const uint32_t ent_out_nft_passes[] = {ENT_OBS_BIT(ENT_OBS_NET4), ENT_OBS_BIT(ENT_OBS_NET6),
                                       ENT_OBS_ALL & ~ENT_OUT_NETS, 0};

/* table */
static const char head[] =
    "# Rules are yours to write, for example:\n"
    "#   nft add chain inet entente out '{ type filter hook output priority 0; }'\n"
    "#   nft add rule inet entente out ip daddr @addr4 counter log prefix '\"entente \"' drop\n"
    "#   nft add rule inet entente out ip daddr . th dport @end4 counter drop\n"
    "table inet entente {\n"
    "\tset addr4 { type ipv4_addr; flags timeout; }\n"
    "\tset addr6 { type ipv6_addr; flags timeout; }\n"
    "\tset net4 { type ipv4_addr; flags interval; auto-merge; }\n"
    "\tset net6 { type ipv6_addr; flags interval; auto-merge; }\n"
    "\tset end4 { type ipv4_addr . inet_service; flags timeout; }\n"
    "\tset end6 { type ipv6_addr . inet_service; flags timeout; }\n"
    "}\n"
    "flush set inet entente addr4\n"
    "flush set inet entente addr6\n"
    "flush set inet entente net4\n"
    "flush set inet entente net6\n"
    "flush set inet entente end4\n"
    "flush set inet entente end6\n";

enum ent_err ent_out_nft_start(struct ent_out *o)
{
    enum ent_err r = ent_out_head(o, 0, "# ");
    return r == ENT_OK ? ent_buf_puts(&o->b[0], head) : r;
}

static const char *set_of(const struct ent_observable *o)
{
    switch (o->type) {
    case ENT_OBS_IPV4:
        return "addr4";
    case ENT_OBS_IPV6:
        return "addr6";
    case ENT_OBS_NET4:
        return "net4";
    case ENT_OBS_NET6:
        return "net6";
    default:
        return o->text[0] == '[' ? "end6" : "end4";
    }
}

/* There is no escaping in nftables' strings: what could end one, or is no plain ASCII, becomes '_'.
 */
static enum ent_err put_comment(struct ent_buf *b, struct ent_slice source)
{
    enum ent_err r = ent_buf_puts(b, " comment \"");
    for (size_t i = 0; i < source.n && i < COMMENT_MAX && r == ENT_OK; i++) {
        uint8_t c = source.p[i];
        bool plain = c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '*';
        r = ent_buf_putc(b, plain ? (char)c : '_');
    }
    return r == ENT_OK ? ent_buf_putc(b, '"') : r;
}

/* "[2001:db8::1]:443" is "2001:db8::1 . 443". */
static enum ent_err put_value(struct ent_buf *b, const struct ent_observable *o)
{
    const char *text = o->text, *colon = strrchr(text, ':');
    size_t n = (size_t)(colon == NULL ? 0 : colon - text);
    if (o->type != ENT_OBS_ENDPOINT)
        return ent_buf_puts(b, text);
    if (text[0] == '[') {
        text++;
        n -= 2;
    }
    return ent_buf_printf(b, "%.*s . %s", (int)n, text, colon + 1);
}

static enum ent_err end_group(struct ent_out *o)
{
    bool open = o->group != 0;
    o->group = 0;
    o->n = 0;
    return open ? ent_buf_puts(&o->b[0], "}\n") : ENT_OK;
}

enum ent_err ent_out_nft_put(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    const char *set = set_of(obs), *slash = strchr(obs->text, '/');
    int64_t left = item->ind->valid_until - o->opts.now;
    struct ent_buf *b = &o->b[0];
    uint64_t group = (uint64_t)obs->type * 2 + (strcmp(set, "end6") == 0);
    enum ent_err r = ENT_OK;
    if (slash != NULL && strcmp(slash, "/0") == 0) /* everything there is */
        return ENT_E_UNSUPPORTED;
    if (item->ind->valid_until != 0 && left <= 0) /* no timeout would mean for ever */
        return ENT_E_UNSUPPORTED;
    if (o->group != group || (o->n == PER_COMMAND && slash == NULL)) {
        if ((r = end_group(o)) != ENT_OK ||
            (r = ent_buf_printf(b, "add element inet entente %s {\n", set)) != ENT_OK)
            return r;
        o->group = group;
    }
    o->n++;
    if ((r = ent_buf_putc(b, '\t')) != ENT_OK || (r = put_value(b, obs)) != ENT_OK)
        return r;
    if (item->ind->valid_until != 0 && left <= TIMEOUT_MOST && slash == NULL)
        r = ent_buf_printf(b, " timeout %llds", (long long)left);
    if (r != ENT_OK || (r = put_comment(b, item->source)) != ENT_OK)
        return r;
    return ent_buf_puts(b, ",\n");
}

enum ent_err ent_out_nft_end(struct ent_out *o)
{
    return end_group(o);
}
