/*
 * misp_manifest.c: the manifest of a MISP feed, an object with one property for each event, named
 * by the event's uuid. The names become names of files: nothing but a uuid passes, so that a feed
 * can never lead its reader out of the feed's own directory.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"

#define STRING_MAX_ 512u

#define TIME_MOST ((uint64_t)1 << 34)

/* The uuid in {"name": "...", "uuid": "..."}. */
static enum ent_err read_author(struct ent_jp *jp, struct ent_manifest_event *e, struct ent_diag *d)
{
    enum ent_jp_event ev;
    enum ent_err r = ent_jp_next(jp, &ev, d);
    if (r != ENT_OK || ev != ENT_JP_OBJ)
        return r == ENT_OK ? ent_jp_skip(jp, d) : r;
    while ((r = ent_jp_next(jp, &ev, d)) == ENT_OK && ev != ENT_JP_OBJ_END) {
        bool is_uuid = ent_slice_eq(jp->text, ENT_SLICE_LIT("uuid"));
        if (is_uuid && (r = ent_jp_next(jp, &ev, d)) != ENT_OK)
            return r;
        if (is_uuid && ev == ENT_JP_STR && ent_is_uuid(jp->text))
            memcpy(e->orgc, jp->text.p, sizeof(e->orgc) - 1);
        if ((r = ent_jp_skip(jp, d)) != ENT_OK)
            return r;
    }
    return r;
}

/* The value behind the key that was just read. */
static enum ent_err read_property(struct ent_jp *jp, struct ent_manifest_event *e, bool *ret_bad,
                                  struct ent_diag *d)
{
    bool is_time = ent_slice_eq(jp->text, ENT_SLICE_LIT("timestamp"));
    bool is_hash = ent_slice_eq(jp->text, ENT_SLICE_LIT("integrity:sha256"));
    uint64_t seconds = 0;
    enum ent_jp_event ev;
    enum ent_err r;
    if (ent_slice_eq(jp->text, ENT_SLICE_LIT("Orgc")))
        return read_author(jp, e, d);
    if (!is_time && !is_hash)
        return ent_jp_skip(jp, d);
    if ((r = ent_jp_next(jp, &ev, d)) != ENT_OK)
        return r;
    if (is_time && (ev == ENT_JP_NUM || ev == ENT_JP_STR) &&
        ent_parse_u64(&seconds, jp->text, TIME_MOST) == ENT_OK)
        e->timestamp = (int64_t)seconds;
    if (is_hash) {
        bool good = ev == ENT_JP_STR && !jp->cut &&
                    ent_hex_decode(e->sha256, sizeof(e->sha256), jp->text) == ENT_OK;
        *ret_bad = *ret_bad || !good || e->has_sha256;
        e->has_sha256 = true;
    }
    return ent_jp_skip(jp, d);
}

/* Behind '{' to behind '}'. */
static enum ent_err read_event(struct ent_jp *jp, struct ent_manifest_event *e, bool *ret_bad,
                               struct ent_diag *d)
{
    enum ent_jp_event ev;
    enum ent_err r;
    while ((r = ent_jp_next(jp, &ev, d)) == ENT_OK && ev != ENT_JP_OBJ_END)
        if ((r = read_property(jp, e, ret_bad, d)) != ENT_OK)
            return r;
    return r;
}

static enum ent_err read_entry(struct ent_jp *jp, const struct ent_manifest_sink *sink,
                               uint64_t *found, struct ent_diag *d)
{
    struct ent_manifest_event e = {.timestamp = 0};
    uint64_t line = jp->line;
    bool bad = false;
    enum ent_jp_event ev;
    enum ent_err r;
    if (!ent_is_uuid(jp->text)) {
        r = sink->skip(sink->ctx, line, "the name of an event that is not a uuid", jp->text);
        return r == ENT_OK ? ent_jp_skip(jp, d) : r;
    }
    memcpy(e.uuid, jp->text.p, sizeof(e.uuid) - 1);
    if ((r = ent_jp_next(jp, &ev, d)) != ENT_OK)
        return r;
    if (ev != ENT_JP_OBJ) {
        r = sink->skip(sink->ctx, line, "an event that the manifest does not describe",
                       ent_slice_str(e.uuid));
        return r == ENT_OK ? ent_jp_skip(jp, d) : r;
    }
    ++*found;
    if ((r = read_event(jp, &e, &bad, d)) != ENT_OK)
        return r;
    return bad ? sink->skip(sink->ctx, line,
                            "an event whose \"integrity:sha256\" is no hash, or stands twice",
                            ent_slice_str(e.uuid))
               : sink->event(sink->ctx, &e);
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
