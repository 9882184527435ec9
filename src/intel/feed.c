/* feed.c: the entrance of all readers, and what they share. */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/misp.h"

#define SHOWN_MAX 512 /* bytes of what was skipped */

void ent_feed_reset(struct ent_feed *f)
{
    f->ind.tlp = f->opts->tlp == 0 ? ENT_TLP_AMBER : f->opts->tlp;
    f->ind.confidence = f->opts->confidence;
    f->ind.valid_from = f->ind.valid_until = 0;
    f->ind.id = f->ind.kind = f->ind.text = f->ind.labels = (struct ent_slice){NULL, 0};
    f->labels.count = f->labels.n = 0;
}

enum ent_err ent_feed_take(struct ent_feed *f)
{
    const struct ent_observable *o = &f->ind.obs;
    /* Its canonical text would read as the start of URLs, which its author did not mean. */
    if (o->type == ENT_OBS_URL && o->text[o->n - 1] == '*')
        return ent_feed_skip(f, f->ind.line, "one URL cannot end in '*'", ent_slice(o->text, o->n));
    f->taken++;
    return f->sink->take(f->sink->ctx, &f->ind);
}

struct ent_slice ent_utf8_cut(struct ent_slice s, size_t max)
{
    if (s.n <= max)
        return s;
    while (max > 0 && (s.p[max] & 0xC0) == 0x80)
        max--;
    return ent_slice(s.p, max);
}

enum ent_err ent_feed_skip(struct ent_feed *f, uint64_t line, const char *reason,
                           struct ent_slice what)
{
    f->skipped++;
    return f->sink->skip == NULL
               ? ENT_OK
               : f->sink->skip(f->sink->ctx, line, reason, ent_utf8_cut(what, SHOWN_MAX));
}

enum ent_err ent_feed_value(struct ent_feed *f, uint64_t line, enum ent_obs_type type,
                            struct ent_slice value)
{
    const char *why = NULL;
    enum ent_err r = type == 0 ? ent_observable_parse(&f->ind.obs, &why, value)
                               : ent_observable_parse_as(&f->ind.obs, &why, type, value);
    f->ind.line = line;
    if (r != ENT_OK)
        return ent_feed_skip(f, line, why, value);
    return ent_feed_take(f);
}

static bool is_blank(int32_t v)
{
    return v == ' ' || (v >= 0 && v < 0x20) || v == 0x7F || (v >= 0x80 && v <= 0xA0) ||
           v == 0x2028 || v == 0x2029;
}

/* Bytes that are characters of ASCII, visible and no blanks. */
static size_t plain_run(struct ent_slice s)
{
    size_t n = 0;
    while (n < s.n && (uint8_t)(s.p[n] - 0x21) < 0x7F - 0x21)
        n++;
    return n;
}

size_t ent_clean_text(char *ret, size_t cap, struct ent_slice s)
{
    static const uint8_t replacement[] = {0xEF, 0xBF, 0xBD};
    bool blank = false;
    size_t out = 0, n;
    for (; s.n > 0; s = ent_slice(s.p + n, s.n - n)) {
        if ((n = plain_run(s)) > 0) { /* most text is */
            size_t room = cap - out;
            if (blank && room > 1)
                ret[out++] = ' ';
            room = room > blank ? room - blank : 0;
            memcpy(ret + out, s.p, n < room ? n : room);
            out += n < room ? n : room;
            if (n > room)
                break;
            blank = false;
            continue;
        }
        int32_t v = ent_utf8_next(s, &n);
        if (is_blank(v)) {
            blank = out > 0;
            continue;
        }
        const uint8_t *from = v < 0 ? replacement : s.p;
        size_t len = v < 0 ? sizeof(replacement) : n;
        if (len + blank > cap - out)
            break;
        if (blank)
            ret[out++] = ' ';
        blank = false;
        memcpy(ret + out, from, len);
        out += len;
    }
    return out;
}

void ent_feed_kind(struct ent_feed *f, struct ent_slice s)
{
    f->ind.kind = ent_slice(f->kind, ent_clean_text(f->kind, sizeof(f->kind), s));
}

void ent_feed_text(struct ent_feed *f, struct ent_slice s)
{
    f->ind.text = ent_slice(f->text, ent_clean_text(f->text, sizeof(f->text), s));
}

void ent_feed_labels(struct ent_feed *f, struct ent_slice labels)
{
    ent_labels_join(&f->labels, labels);
    f->ind.labels = ent_labels_slice(&f->labels);
}

void ent_feed_tags(struct ent_feed *f, const struct ent_misp_tags *t)
{
    if (t->tlp > f->ind.tlp)
        f->ind.tlp = t->tlp;
    if (t->confidence >= 0)
        f->ind.confidence = t->confidence;
    ent_feed_labels(f, ent_labels_slice(&t->labels));
}

static enum ent_err read_as(struct ent_feed *f, enum ent_format format)
{
    switch (format) {
    case ENT_FORMAT_USCERT:
        return ent_uscert_read(f);
    case ENT_FORMAT_STIX:
        return ent_stix_read(f);
    case ENT_FORMAT_MISP:
        return ent_misp_read(f);
    case ENT_FORMAT_ZEEK:
        return ent_zeek_read(f);
    case ENT_FORMAT_HOSTS:
        return ent_hosts_read(f);
    case ENT_FORMAT_PROSE:
        return ent_prose_read(f);
    case ENT_FORMAT_TABLE:
        return ent_table_read(f);
    case ENT_FORMAT_RPZ:
        return ent_rpz_read(f);
    case ENT_FORMAT_SURICATA:
        return ent_suricata_read(f);
    case ENT_FORMAT_OPENIOC:
        return ent_openioc_read(f);
    case ENT_FORMAT_AUTO:
    case ENT_FORMAT_LIST:
        break;
    }
    return ent_list_read(f);
}

enum ent_err ent_intel_read(struct ent_reader in, const struct ent_import_opts *opts,
                            const struct ent_import_sink *sink, enum ent_format *ret_format,
                            struct ent_diag *d)
{
    struct ent_head head = {.in = in};
    struct ent_diag ours = {0};
    enum ent_format format;
    enum ent_err r;
    if (d == NULL)
        d = &ours;
    *d = (struct ent_diag){0};
    if ((r = ent_head_fill(&head, d)) != ENT_OK ||
        (r = ent_format_detect(&format, &head, d)) != ENT_OK)
        return r;
    if (opts->format != ENT_FORMAT_AUTO)
        format = opts->format;
    struct ent_feed f = {
        .in = ent_head_reader(&head), .offset = head.pos, .opts = opts, .sink = sink, .d = d};
    ent_feed_reset(&f);
    if ((r = read_as(&f, format)) == ENT_OK && ret_format != NULL)
        *ret_format = format;
    if (r != ENT_OK && d->text == NULL)
        d->text = ent_err_str(r);
    return r;
}
