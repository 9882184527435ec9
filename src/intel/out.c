/*
 * out.c: the table of formats that go out, what they share, and the two that need no file of their
 * own: list and hosts.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/out_parts.h"

#define PENDING (64u << 10)                           /* handed on when there is that much */
#define MOST    ((256u << 10) + ENT_STIX_OBJECT_MOST) /* of that, one observable and one object */

/* --- list, hosts ------------------------------------------------------------------------------ */

/* Canonical values read as themselves, but for the few e-mail addresses that look like a comment.
 */
static enum ent_err list_put(struct ent_out *o, const struct ent_out_item *item)
{
    const char *value = item->ind->obs.text;
    return ent_buf_printf(&o->b[0], "%s%s\n", value[0] == '#' ? "mailto:" : "", value);
}

static enum ent_err hosts_start(struct ent_out *o)
{
    enum ent_err r = ent_out_head(o, 0, "# ");
    return r == ENT_OK ? ent_buf_puts(&o->b[0], "# These names only: a hosts file says nothing of "
                                                "the names below them.\n")
                       : r;
}

static enum ent_err hosts_put(struct ent_out *o, const struct ent_out_item *item)
{
    return ent_buf_printf(&o->b[0], "0.0.0.0 %s\n", item->ind->obs.text);
}

/* --- the table -------------------------------------------------------------------------------- */

/* table */
static const struct ent_out_writer writers[] = {
    {.format = {.name = "list", .types = ENT_OBS_ALL}, .put = list_put},
    {.format = {.name = "csv", .types = ENT_OBS_ALL},
     .start = ent_out_csv_start,
     .put = ent_out_csv_put},
    {.format = {.name = "zeek",
                .types = ENT_OUT_ADDRESSES | ENT_OUT_NETS | ENT_OUT_HASHES |
                         ENT_OBS_BIT(ENT_OBS_DOMAIN) | ENT_OBS_BIT(ENT_OBS_URL) |
                         ENT_OBS_BIT(ENT_OBS_EMAIL)},
     .start = ent_out_zeek_start,
     .put = ent_out_zeek_put},
    {.format = {.name = "hosts", .types = ENT_OBS_BIT(ENT_OBS_DOMAIN)},
     .start = hosts_start,
     .put = hosts_put},
    {.format = {.name = "rpz",
                .types = ENT_OUT_ADDRESSES | ENT_OUT_NETS | ENT_OBS_BIT(ENT_OBS_DOMAIN)},
     .start = ent_out_rpz_start,
     .put = ent_out_rpz_put},
    {.format = {.name = "nft",
                .types = ENT_OUT_ADDRESSES | ENT_OUT_NETS | ENT_OBS_BIT(ENT_OBS_ENDPOINT),
                .passes = ent_out_nft_passes},
     .start = ent_out_nft_start,
     .put = ent_out_nft_put,
     .end = ent_out_nft_end},
    {.format = {.name = "stix", .types = ENT_OBS_ALL},
     .start = ent_out_stix_start,
     .put = ent_out_stix_put,
     .end = ent_out_stix_end,
     .object = ent_out_stix_object},
    {.format = {.name = "misp", .types = ENT_OBS_ALL & ~ENT_OBS_BIT(ENT_OBS_URLPREFIX)},
     .start = ent_out_misp_start,
     .put = ent_out_misp_put,
     .end = ent_out_misp_end},
    {.format = {.name = "misp-feed",
                .types = ENT_OBS_ALL & ~ENT_OBS_BIT(ENT_OBS_URLPREFIX),
                .files = ent_out_misp_feed_files,
                .by_source = true},
     .start = ent_out_misp_feed_start,
     .put = ent_out_misp_feed_put,
     .end = ent_out_misp_feed_end},
    {.format = {.name = "suricata",
                .types = ENT_OBS_ALL & ~ENT_OBS_BIT(ENT_OBS_EMAIL) & ~ENT_OBS_BIT(ENT_OBS_SHA512),
                .files = ent_out_suricata_files},
     .start = ent_out_suricata_start,
     .put = ent_out_suricata_put,
     .end = ent_out_suricata_end},
    {.format = {.name = "sigma",
                .types = ENT_OBS_ALL & ~ENT_OBS_BIT(ENT_OBS_EMAIL) & ~ENT_OBS_BIT(ENT_OBS_SHA512),
                .passes = ent_out_sigma_passes},
     .start = ent_out_sigma_start,
     .put = ent_out_sigma_put,
     .end = ent_out_sigma_end},
    {.format = {.name = "yara",
                .types = ENT_OUT_HASHES & ~ENT_OBS_BIT(ENT_OBS_SHA512),
                .passes = ent_out_yara_passes},
     .start = ent_out_yara_start,
     .put = ent_out_yara_put,
     .end = ent_out_yara_end},
};
#define WRITERS (sizeof(writers) / sizeof(writers[0]))

const struct ent_out_format *ent_out_format_at(size_t i)
{
    return i < WRITERS ? &writers[i].format : NULL;
}

const struct ent_out_format *ent_out_format_find(struct ent_slice name)
{
    for (size_t i = 0; i < WRITERS; i++)
        if (ent_slice_eq(name, ent_slice_str(writers[i].format.name)))
            return &writers[i].format;
    return NULL;
}

static const struct ent_out_writer *writer_of(const struct ent_out_format *format)
{
    for (size_t i = 0; i < WRITERS; i++)
        if (&writers[i].format == format)
            return &writers[i];
    ENT_BUG("a format that is not in the table");
}

/* --- what they share -------------------------------------------------------------------------- */

const char *ent_out_text(char ret[static ENT_OUT_TEXT], struct ent_slice s)
{
    ret[ent_clean_text(ret, ENT_OUT_TEXT - 1, s)] = '\0';
    return ret;
}

const char *ent_out_words(char ret[static ENT_OUT_WORDS], const struct ent_indicator *ind)
{
    size_t n = ent_clean_text(ret, ENT_INDICATOR_KIND, ind->kind);
    if (n > 0 && ind->text.n > 0) {
        memcpy(ret + n, ": ", 2);
        n += 2;
    }
    n += ent_clean_text(ret + n, ENT_INDICATOR_TEXT, ind->text);
    ret[n] = '\0';
    return ret;
}

enum ent_err ent_out_head(struct ent_out *o, unsigned file, const char *comment)
{
    char author[ENT_OUT_TEXT], now[ENT_TIME_TEXT];
    ent_time_format(now, o->opts.now);
    return ent_buf_printf(&o->b[file], "%sEntente " ENTENTE_VERSION ", %s: what %s knows; %s%s\n",
                          comment, now, ent_out_text(author, o->opts.author),
                          o->opts.door == 0 ? "not for others" : "no narrower than ",
                          o->opts.door == 0 ? "" : ent_tlp_name(o->opts.door));
}

enum ent_err ent_out_flush(struct ent_out *o, unsigned file)
{
    enum ent_err r = ENT_OK;
    if (o->b[file].n > 0)
        r = o->sink.write(o->sink.ctx, file, ent_buf_slice(&o->b[file]));
    ent_buf_clear(&o->b[file]);
    return r;
}

static enum ent_err hand_on(struct ent_out *o, size_t at_least)
{
    enum ent_err r = ENT_OK;
    for (unsigned f = 0; f < ENT_OUT_FILES && r == ENT_OK; f++)
        if (o->b[f].n >= at_least)
            r = ent_out_flush(o, f);
    return r;
}

static enum ent_err open_files(struct ent_out *o)
{
    const char *const *names = o->writer->format.files;
    enum ent_err r = ENT_OK;
    if (names == NULL)
        return o->sink.open(o->sink.ctx, 0, NULL);
    for (unsigned f = 0; names[f] != NULL && r == ENT_OK; f++)
        r = o->sink.open(o->sink.ctx, f, names[f]);
    return r;
}

enum ent_err ent_out_start(struct ent_out **ret, const struct ent_out_format *format,
                           const struct ent_out_opts *opts, const struct ent_out_sink *sink)
{
    struct ent_out *o = calloc(1, sizeof(*o));
    enum ent_err r;
    if (o == NULL)
        return ENT_E_NOMEM;
    o->writer = writer_of(format);
    o->opts = *opts;
    o->sink = *sink;
    for (unsigned f = 0; f < ENT_OUT_FILES; f++)
        ent_buf_init(&o->b[f], MOST);
    if ((r = open_files(o)) == ENT_OK && o->writer->start != NULL)
        r = o->writer->start(o);
    if (r != ENT_OK) {
        ent_out_free(o);
        return r;
    }
    *ret = o;
    return ENT_OK;
}

enum ent_err ent_out_put(struct ent_out *o, const struct ent_out_item *item)
{
    enum ent_obs_type type = item->ind->obs.type;
    enum ent_err r = ENT_E_UNSUPPORTED;
    size_t before[ENT_OUT_FILES];
    for (unsigned f = 0; f < ENT_OUT_FILES; f++)
        before[f] = o->b[f].n;
    if ((o->writer->format.types & ENT_OBS_BIT(type)) != 0)
        r = o->writer->put(o, item);
    if (r == ENT_E_UNSUPPORTED) {
        for (unsigned f = 0; f < ENT_OUT_FILES; f++)
            o->b[f].n = before[f];
        o->lost[type]++;
        return ENT_OK;
    }
    o->written[type] += r == ENT_OK;
    if (item->ind->tlp > o->narrowest)
        o->narrowest = item->ind->tlp;
    return r == ENT_OK ? hand_on(o, PENDING) : r;
}

bool ent_out_takes_objects(const struct ent_out_format *format)
{
    return writer_of(format)->object != NULL;
}

enum ent_err ent_out_object(struct ent_out *o, struct ent_slice id, struct ent_slice bytes)
{
    enum ent_err r = o->writer->object(o, id, bytes);
    return r == ENT_OK ? hand_on(o, PENDING) : r;
}

void ent_out_carried(struct ent_out *o, enum ent_obs_type type)
{
    o->written[type]++;
}

enum ent_err ent_out_end(struct ent_out *o)
{
    enum ent_err r = o->writer->end == NULL ? ENT_OK : o->writer->end(o);
    return r == ENT_OK ? hand_on(o, 0) : r;
}

void ent_out_free(struct ent_out *o)
{
    if (o == NULL)
        return;
    for (unsigned f = 0; f < ENT_OUT_FILES; f++)
        ent_buf_release(&o->b[f]);
    for (size_t i = 0; i < 2; i++)
        ent_buf_release(&o->rule.text[i]);
    free(o->feed);
    free(o);
}

const uint64_t *ent_out_written(const struct ent_out *o)
{
    return o->written;
}

const uint64_t *ent_out_lost(const struct ent_out *o)
{
    return o->lost;
}
