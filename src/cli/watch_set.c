/* watch_set.c: which indicators `entente watch` looks for. */
#include "cli/watch.h"

int watch_set_open(struct watch_set *ret, struct session *s, const struct args *a)
{
    uint32_t types = ENT_OBS_ALL;
    struct ent_diag d = {0};
    *ret = (struct watch_set){.live = NULL};
    if (a->types != NULL && ent_obs_types_parse(&types, ent_slice_str(a->types)) != ENT_OK)
        return cli_usage(&cmd_watch, "no such type", a->types);
    if ((types & ENT_OBS_BIT(ENT_OBS_URL)) != 0)
        types |= ENT_OBS_BIT(ENT_OBS_URLPREFIX);
    cli_image_work(&ret->work);
    enum ent_err r = ent_live_open(&ret->live, &d, s->home, s->store, &ret->work.job, types);
    ent_progress_end(&ret->work.progress);
    if (r == ENT_E_INTERRUPTED)
        return EXIT_STOPPED;
    if (r != ENT_OK)
        return cli_fail(r, &d, "loading the indicators");
    ret->set = ent_live_newest(ret->live);
    if (ent_watch_count(ret->set) == 0)
        (void)fputs("entente: no indicators yet: `entente import FILE` brings some\n", stderr);
    return EXIT_DONE;
}

bool watch_set_refresh(struct watch_set *set)
{
    bool changed = ent_live_refresh(set->live, ent_clock_steady_ns());
    set->set = ent_live_newest(set->live);
    return changed;
}

const struct ent_watch *watch_set_take(struct watch_set *set)
{
    return ent_live_take(set->live);
}

void watch_set_give(struct watch_set *set, const struct ent_watch *w)
{
    ent_live_give(set->live, w);
}

void watch_set_close(struct watch_set *set)
{
    ent_live_close(set->live);
    *set = (struct watch_set){.live = NULL};
}
