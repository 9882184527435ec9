/*
 * out_csv.c: comma-separated values (RFC 4180) with everything that is known.
 *
 * The attack: a spreadsheet runs a cell that begins with = + - @ as a formula, quoted or not
 * ("=cmd|' /C calc'!A0"), and the cell comes from a feed. Such a cell gets an apostrophe in front,
 * which spreadsheets take for "this is text". So does one that begins with '#', which readers take
 * for a comment, and one with an apostrophe of its own, so that our reader knows which is ours.
 */
#include "base/base.h"
#include "intel/csv.h"
#include "intel/out_parts.h"

static enum ent_err put_field(struct ent_buf *b, const char *s, char behind)
{
    bool formula = *s != '\0' && strchr(ENT_CSV_GUARDED, *s) != NULL;
    bool quoted = formula || strpbrk(s, ",\"\r\n") != NULL || *s == ' ';
    enum ent_err r = quoted ? ent_buf_puts(b, formula ? "\"'" : "\"") : ENT_OK;
    for (; *s != '\0' && r == ENT_OK; s++)
        r = *s == '"' ? ent_buf_puts(b, "\"\"") : ent_buf_putc(b, *s);
    if (r == ENT_OK && quoted)
        r = ent_buf_putc(b, '"');
    return r == ENT_OK ? ent_buf_putc(b, behind) : r;
}

static enum ent_err put_text(struct ent_buf *b, struct ent_slice s)
{
    char text[ENT_OUT_TEXT];
    return put_field(b, ent_out_text(text, s), ',');
}

/* Empty when it was not said. */
static enum ent_err put_time(struct ent_buf *b, int64_t t, char behind)
{
    char text[ENT_TIME_TEXT] = "";
    if (t != 0)
        ent_time_format(text, t);
    return put_field(b, text, behind);
}

/* "a|b", a backslash before '|' and itself. A bar stands in front of what a reader could take for
 * something else: commas, the beginning, a short word such as "none". */
static enum ent_err put_labels(struct ent_buf *b, struct ent_slice labels)
{
    char text[2 * ENT_LABELS_BYTES + 2];
    size_t n = 0;
    bool odd = labels.n > 0 && (labels.n <= 4 || strchr(ENT_CSV_GUARDED, labels.p[0]) != NULL);
    if (labels.n > ENT_LABELS_BYTES)
        return ENT_E_FORMAT; /* a file can be changed */
    for (size_t i = 0; i < labels.n; i++)
        odd = odd || strchr(",|\\", labels.p[i]) != NULL;
    if (odd)
        text[n++] = '|';
    for (size_t i = 0; i < labels.n; i++) {
        if (labels.p[i] == '|' || labels.p[i] == '\\')
            text[n++] = '\\';
        text[n++] = (char)(labels.p[i] == '\n' ? '|' : labels.p[i]);
    }
    text[n] = '\0';
    return put_field(b, text, '\r');
}

enum ent_err ent_out_csv_start(struct ent_out *o)
{
    return ent_buf_puts(&o->b[0], "value,type,tlp,confidence,valid_from,valid_until,kind,text,"
                                  "source,first_import,last_import,labels\r\n");
}

enum ent_err ent_out_csv_put(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_indicator *ind = item->ind;
    struct ent_buf *b = &o->b[0];
    char confidence[16] = "";
    enum ent_err r;
    if (ind->confidence >= 0)
        (void)snprintf(confidence, sizeof(confidence), "%d", ind->confidence);
    if ((r = put_field(b, ind->obs.text, ',')) != ENT_OK ||
        (r = put_field(b, ent_obs_type_name(ind->obs.type), ',')) != ENT_OK ||
        (r = put_field(b, ent_tlp_name(ind->tlp), ',')) != ENT_OK ||
        (r = put_field(b, confidence, ',')) != ENT_OK ||
        (r = put_time(b, ind->valid_from, ',')) != ENT_OK ||
        (r = put_time(b, ind->valid_until, ',')) != ENT_OK ||
        (r = put_text(b, ind->kind)) != ENT_OK || (r = put_text(b, ind->text)) != ENT_OK ||
        (r = put_text(b, item->source)) != ENT_OK || (r = put_time(b, item->first, ',')) != ENT_OK)
        return r;
    if ((r = put_time(b, item->last, ',')) != ENT_OK || (r = put_labels(b, ind->labels)) != ENT_OK)
        return r;
    return ent_buf_putc(b, '\n');
}
