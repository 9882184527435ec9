/*
 * misp_manifest.c: the manifest of a MISP feed, an object with one property for each event, named
 * by the event's uuid. The names become names of files: nothing but a uuid passes, so that a feed
 * can never lead its reader out of the feed's own directory.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"

#define STRING_MAX_ 512u

static enum ent_err read_entry(struct ent_jp *jp, const struct ent_manifest_sink *sink,
                               uint64_t *found, struct ent_diag *d)
{
    char name[ENT_UUID_TEXT];
    uint64_t line = jp->line;
    enum ent_jp_event ev;
    enum ent_err r;
    if (!ent_is_uuid(jp->text)) {
        r = sink->skip(sink->ctx, line, "the name of an event that is not a uuid", jp->text);
        return r == ENT_OK ? ent_jp_skip(jp, d) : r;
    }
    memcpy(name, jp->text.p, sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    if ((r = ent_jp_next(jp, &ev, d)) != ENT_OK)
        return r;
    if (ev != ENT_JP_OBJ)
        r = sink->skip(sink->ctx, line, "an event that the manifest does not describe",
                       ent_slice_str(name));
    else
        r = sink->event(sink->ctx, name);
    *found += ev == ENT_JP_OBJ;
    return r == ENT_OK ? ent_jp_skip(jp, d) : r;
}

static enum ent_err read_manifest(struct ent_jp *jp, const struct ent_manifest_sink *sink,
                                  struct ent_diag *d)
{
    static const char none[] = "not the manifest of a MISP feed";
    uint64_t entries = 0, found = 0;
    enum ent_jp_event ev;
    enum ent_err r;
    if ((r = ent_jp_next(jp, &ev, d)) != ENT_OK)
        return r;
    if (ev != ENT_JP_OBJ)
        return ent_fail(d, ENT_E_FORMAT, none, 1, 0);
    for (;; entries++) {
        if ((r = ent_jp_next(jp, &ev, d)) != ENT_OK)
            return r;
        if (ev == ENT_JP_OBJ_END)
            break;
        if ((r = read_entry(jp, sink, &found, d)) != ENT_OK)
            return r;
    }
    /* the end of the text, or an error for what stands behind */
    if ((r = ent_jp_next(jp, &ev, d)) != ENT_OK)
        return r;
    return entries > 0 && found == 0 ? ent_fail(d, ENT_E_FORMAT, none, 1, 0) : ENT_OK;
}

enum ent_err ent_misp_manifest_read(struct ent_reader in, const struct ent_manifest_sink *sink,
                                    struct ent_diag *d)
{
    struct ent_jp jp = {0};
    enum ent_err r = ent_jp_init(&jp, in, 0, ENT_JP_DEPTH, STRING_MAX_);
    if (r == ENT_OK)
        r = read_manifest(&jp, sink, d);
    ent_jp_release(&jp);
    return r;
}
