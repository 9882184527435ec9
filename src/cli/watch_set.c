/* watch_set.c: which indicators `entente watch` looks for. */
#include "cli/watch.h"

static enum ent_err add_indicator(void *ctx, const struct ent_known *k)
{
    return ent_watch_add(ctx, &k->obs, k->id);
}

int watch_set_open(struct watch_set *ret, struct session *s, const struct args *a)
{
    *ret = (struct watch_set){.s = s, .filter = {.at = ent_clock_now()}};
    if (a->types != NULL &&
        ent_obs_types_parse(&ret->filter.types, ent_slice_str(a->types)) != ENT_OK)
        return cli_usage(&cmd_watch, "no such type", a->types);
    enum ent_err r = ent_watch_new(&ret->set, 0);
    if (r == ENT_OK)
        r = ent_store_each(s->store, &ret->filter, add_indicator, ret->set);
    if (r == ENT_OK)
        r = ent_watch_seal(ret->set);
    if (r != ENT_OK)
        return cli_fail(r, NULL, "loading the indicators");
    if (ent_watch_count(ret->set) == 0)
        (void)fputs("entente: no indicators yet: `entente import FILE` brings some\n", stderr);
    return EXIT_DONE;
}

void watch_set_close(struct watch_set *set)
{
    ent_watch_free(set->set);
    set->set = NULL;
}
