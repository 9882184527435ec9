/*
 * out_misp_feed.c: a MISP feed: manifest.json, and a file for each event.
 *
 * An event holds what one source said under one marking and first on one day, in parts of at most
 * EVENT_MOST attributes. Its id is made of these alone, so that tomorrow's export updates today's
 * events; what is new lies in new events, and one that is as it was keeps its time and so its
 * bytes. As all of an event is marked alike, the event's own mark makes none of it narrower.
 */
#include "base/base.h"
#include "crypto/crypto.h"
#include "intel/md5.h"
#include "intel/out_parts.h"
#include "intel/parse.h"

#define EVENT_MOST 10000       /* of more, instances of MISP become slow */
#define PENDING    (32u << 10) /* less than what is handed on by itself: all of it is hashed */
#define EVENT      ENT_OUT_SERIES

enum { MANIFEST, HASHES };
const char *const ent_out_misp_feed_files[] = {[MANIFEST] = "manifest.json", NULL};

struct ent_out_feed {
    char author[ENT_OUT_TEXT], self_text[ENT_UUID_TEXT];
    struct ent_uuid16 self;
    uint64_t events;
    /* ---- the event that is being written, if group is not 0 */
    struct ent_uuid16 group; /* of all its parts */
    unsigned part;
    enum ent_tlp tlp;
    char uuid[ENT_UUID_TEXT], date[11], info[ENT_OUT_TEXT + 64];
    struct ent_sha256 sum;
};

static const struct ent_uuid16 none;

enum ent_err ent_out_misp_feed_start(struct ent_out *o)
{
    struct ent_out_feed *f = o->feed = calloc(1, sizeof(*f));
    enum ent_err r;
    if (f == NULL)
        return ENT_E_NOMEM;
    (void)ent_out_text(f->author, o->opts.author);
    if ((r = ent_out_self(&f->self, o)) != ENT_OK)
        return r;
    ent_uuid_text(f->self_text, &f->self);
    return o->opts.hashes ? o->sink.open(o->sink.ctx, HASHES, "hashes.csv") : ENT_OK;
}

/* --- an event ----------------------------------------------------------------------------------
 */

/* What there is of it so far, into the hash and on its way. */
static enum ent_err flush(struct ent_out *o, size_t at_least)
{
    if (o->b[EVENT].n < at_least)
        return ENT_OK;
    ent_sha256_add(&o->feed->sum, ent_buf_slice(&o->b[EVENT]));
    return ent_out_flush(o, EVENT);
}

static void put_author(struct ent_json *j, const struct ent_out_feed *f)
{
    ent_json_obj(j, "Orgc");
    ent_json_cstr(j, "name", f->author);
    ent_json_cstr(j, "uuid", f->self_text);
    ent_json_obj_end(j);
}

static void put_tag(struct ent_json *j, enum ent_tlp t)
{
    /* as MISP's taxonomy of TLP paints them */
    static const char *const colours[] = {[ENT_TLP_CLEAR] = "#ffffff",
                                          [ENT_TLP_GREEN] = "#33FF00",
                                          [ENT_TLP_AMBER] = "#FFC000",
                                          [ENT_TLP_AMBER_STRICT] = "#FFC000",
                                          [ENT_TLP_RED] = "#FF2B2B"};
    char name[ENT_OUT_MISP_TLP];
    ent_json_arr(j, "Tag");
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "name", ent_out_misp_tlp(name, t));
    ent_json_cstr(j, "colour", colours[t]);
    ent_json_obj_end(j);
    ent_json_arr_end(j);
}

static enum ent_err put_head(struct ent_out *o)
{
    struct ent_out_feed *f = o->feed;
    struct ent_json j;
    ent_json_start(&j, &o->b[EVENT]);
    ent_json_obj(&j, NULL);
    ent_json_obj(&j, "Event");
    ent_json_cstr(&j, "uuid", f->uuid);
    ent_json_cstr(&j, "info", f->info);
    ent_json_cstr(&j, "date", f->date);
    ent_json_cstr(&j, "threat_level_id", "4"); /* undefined */
    ent_json_cstr(&j, "analysis", "2");        /* complete */
    ent_json_bool(&j, "published", true);
    put_author(&j, f);
    put_tag(&j, f->tlp);
    ent_json_obj_end(&j);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r != ENT_OK)
        return r;
    o->b[EVENT].n -= strlen("}}"); /* put_time() closes them */
    return ent_buf_puts(&o->b[EVENT], ",\"Attribute\":[\n");
}

static enum ent_err group_of(struct ent_uuid16 *ret, const struct ent_out *o,
                             const struct ent_out_item *item)
{
    char day[ENT_TIME_TEXT];
    ent_time_format(day, item->first);
    const struct ent_slice parts[] = {ENT_SLICE_LIT("feed"), item->source,
                                      ent_slice_str(ent_tlp_name(item->ind->tlp)),
                                      ent_slice(day, sizeof(o->feed->date) - 1)};
    return ent_uuid_of(ret, &o->feed->self, parts, 4);
}

static enum ent_err begin(struct ent_out *o, const struct ent_out_item *item,
                          const struct ent_uuid16 *group)
{
    struct ent_out_feed *f = o->feed;
    char source[ENT_OUT_TEXT], part[32], day[ENT_TIME_TEXT], name[ENT_UUID_TEXT + 8];
    struct ent_uuid16 id;
    f->part = memcmp(group, &f->group, sizeof(*group)) == 0 ? f->part + 1 : 1;
    f->group = *group;
    f->tlp = item->ind->tlp;
    (void)snprintf(part, sizeof(part), "%u", f->part);
    const struct ent_slice parts[] = {ent_slice_str(part)};
    enum ent_err r = ent_uuid_of(&id, group, parts, 1);
    ent_uuid_text(f->uuid, &id);
    ent_time_format(day, item->first);
    memcpy(f->date, day, sizeof(f->date) - 1);
    (void)snprintf(f->info, sizeof(f->info), "%s, of %s%s%s",
                   item->source.n == 0 ? "unknown" : ent_out_text(source, item->source), f->date,
                   f->part > 1 ? ", part " : "", f->part > 1 ? part : "");
    (void)snprintf(name, sizeof(name), "%s.json", f->uuid);
    ent_sha256_init(&f->sum);
    o->n = 0;
    if (r == ENT_OK)
        r = o->sink.open(o->sink.ctx, EVENT, name);
    return r == ENT_OK ? put_head(o) : r;
}

/* --- its end -----------------------------------------------------------------------------------
 */

static int put_time(char ret[static 96], int64_t t)
{
    return snprintf(ret, 96, "\n],\"timestamp\":\"%lld\",\"publish_timestamp\":\"%lld\"}}\n",
                    (long long)t, (long long)t);
}

/* The hash that the event has when it ends with this time. */
static void sum_with(struct ent_hash32 *ret, const struct ent_out_feed *f, int64_t t)
{
    struct ent_sha256 sum = f->sum;
    char text[96];
    int n = put_time(text, t);
    ent_sha256_add(&sum, ent_slice(text, (size_t)n));
    ent_sha256_end(&sum, ret);
}

/* Readers fetch an event whose time is later than the one they have. */
static int64_t time_of(const struct ent_out *o, struct ent_hash32 *ret_sum)
{
    const struct ent_out_feed *f = o->feed;
    const struct ent_out_earlier *was =
        o->opts.earlier == NULL ? NULL : o->opts.earlier(o->opts.earlier_ctx, f->uuid);
    int64_t t = o->opts.now;
    if (was != NULL) {
        sum_with(ret_sum, f, was->timestamp);
        if (memcmp(ret_sum->b, was->sha256, sizeof(was->sha256)) == 0)
            return was->timestamp;
        t = t > was->timestamp ? t : was->timestamp + 1;
    }
    sum_with(ret_sum, f, t);
    return t;
}

static enum ent_err put_entry(struct ent_out *o, int64_t t, const struct ent_hash32 *sum)
{
    struct ent_out_feed *f = o->feed;
    char hex[2 * sizeof(sum->b) + 1];
    struct ent_json j;
    enum ent_err r =
        ent_buf_printf(&o->b[MANIFEST], "%s\"%s\":", f->events++ == 0 ? "{\n" : ",\n", f->uuid);
    ent_hex_encode(hex, sum->b, sizeof(sum->b));
    ent_json_start(&j, &o->b[MANIFEST]);
    ent_json_obj(&j, NULL);
    put_author(&j, f);
    put_tag(&j, f->tlp);
    ent_json_cstr(&j, "info", f->info);
    ent_json_cstr(&j, "date", f->date);
    ent_json_u64(&j, "analysis", 2);
    ent_json_u64(&j, "threat_level_id", 4);
    ent_json_i64(&j, "timestamp", t);
    ent_json_cstr(&j, "integrity:sha256", hex);
    ent_json_obj_end(&j);
    return r == ENT_OK ? ent_json_end(&j) : r;
}

static enum ent_err finish(struct ent_out *o)
{
    struct ent_hash32 sum;
    char text[96];
    enum ent_err r = flush(o, 0);
    if (r != ENT_OK)
        return r;
    int64_t t = time_of(o, &sum);
    int n = put_time(text, t);
    if ((r = ent_buf_put(&o->b[EVENT], text, (size_t)n)) != ENT_OK ||
        (r = ent_out_flush(o, EVENT)) != ENT_OK)
        return r;
    return put_entry(o, t, &sum);
}

/* --- what goes in ------------------------------------------------------------------------------
 */

static enum ent_err put_hash(struct ent_out *o, struct ent_slice value)
{
    char md5[ENT_MD5_TEXT];
    ent_md5_text(md5, value);
    return ent_buf_printf(&o->b[HASHES], "%s,%s\n", md5, o->feed->uuid);
}

/* A line for each part of a value. */
static enum ent_err put_hashes(struct ent_out *o, const struct ent_observable *obs)
{
    char text[ENT_OUT_MISP_VALUE];
    struct ent_slice value = ent_out_misp_value(text, obs);
    const uint8_t *bar = obs->type == ENT_OBS_ENDPOINT ? memchr(value.p, '|', value.n) : NULL;
    if (bar == NULL)
        return put_hash(o, value);
    size_t at = (size_t)(bar - value.p);
    enum ent_err r = put_hash(o, ent_slice(value.p, at));
    return r == ENT_OK ? put_hash(o, ent_slice_from(value, at + 1)) : r;
}

enum ent_err ent_out_misp_feed_put(struct ent_out *o, const struct ent_out_item *item)
{
    struct ent_out_feed *f = o->feed;
    struct ent_uuid16 group;
    enum ent_err r = group_of(&group, o, item);
    if (r != ENT_OK)
        return r;
    bool open = memcmp(&f->group, &none, sizeof(none)) != 0;
    if (!open || o->n == EVENT_MOST || memcmp(&group, &f->group, sizeof(group)) != 0)
        if ((open && (r = finish(o)) != ENT_OK) || (r = begin(o, item, &group)) != ENT_OK)
            return r;
    r = ent_out_misp_attribute(o, EVENT, item);
    if (r == ENT_OK && o->opts.hashes)
        r = put_hashes(o, &item->ind->obs);
    return r == ENT_OK ? flush(o, PENDING) : r;
}

enum ent_err ent_out_misp_feed_end(struct ent_out *o)
{
    const struct ent_out_feed *f = o->feed;
    enum ent_err r = memcmp(&f->group, &none, sizeof(none)) != 0 ? finish(o) : ENT_OK;
    return r == ENT_OK ? ent_buf_puts(&o->b[MANIFEST], f->events == 0 ? "{}\n" : "\n}\n") : r;
}
