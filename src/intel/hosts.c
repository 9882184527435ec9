/*
 * hosts.c: hosts files that send unwanted names nowhere: "0.0.0.0 name name2 # comment".
 *
 * Only names that go to such an address are hostile. Whatever goes elsewhere is the way to one of
 * the owner's machines, and the names that every such file gives to the machine itself are no
 * indicators either: both are skipped, so that nothing of the house becomes one.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/parse.h"

bool ent_hosts_is_sink(struct ent_slice address)
{
    static const char *const sinks[] = {"0.0.0.0", "127.0.0.1", "::", "::1", "::0"};
    for (size_t i = 0; i < sizeof(sinks) / sizeof(sinks[0]); i++)
        if (ent_slice_eq(address, ent_slice_str(sinks[i])))
            return true;
    return false;
}

static bool is_own_name(struct ent_slice name)
{
    static const char *const own[] = {
        "localhost",     "localhost.localdomain", "localhost4",   "localhost6",    "local",
        "ip6-localhost", "ip6-loopback",          "ip6-allnodes", "broadcasthost", "0.0.0.0",
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (ent_slice_ieq(name, ent_slice_str(own[i])))
            return true;
    return false;
}

static enum ent_err take_line(void *ctx, uint64_t line, struct ent_slice raw)
{
    struct ent_feed *f = ctx;
    struct ent_slice comment = raw, s = ent_slice_trim(ent_slice_until(&comment, '#')), row = s;
    struct ent_slice address = ent_slice_word(&s), name = ent_slice_word(&s);
    enum ent_err r = ENT_OK;
    if (address.n == 0)
        return ENT_OK;
    if (name.n == 0)
        return ent_feed_skip(f, line, "an address without a name", row);
    if (!ent_hosts_is_sink(address))
        return ent_feed_skip(f, line, "not sent to 0.0.0.0 or the like: a machine of one's own?",
                             row);
    ent_feed_reset(f);
    ent_feed_text(f, comment);
    for (; name.n > 0 && r == ENT_OK; name = ent_slice_word(&s))
        r = is_own_name(name) ? ent_feed_skip(f, line, "a name of the machine itself", name)
                              : ent_feed_value(f, line, ENT_OBS_DOMAIN, name);
    return r;
}

enum ent_err ent_hosts_read(struct ent_feed *f)
{
    enum ent_err r = ent_feed_rows(f, take_line, f);
    if (r == ENT_OK && f->skipped > 0 && f->taken == 0)
        return ent_fail(f->d, ENT_E_FORMAT, "no line sends a name to 0.0.0.0 or 127.0.0.1", 1,
                        f->offset);
    return r;
}
