/* taxii_rows.c: what a run found, as bytes, and back. */
#include "intel/intel.h"
#include "intel/feed.h"

enum ent_err ent_taxii_shelf_put(struct ent_buf *b, const struct ent_taxii_shelf *s)
{
    enum ent_err r;
    if ((r = ent_taxii_put_u8(b, s->number)) != ENT_OK ||
        (r = ent_buf_put(b, s->id.b, sizeof(s->id.b))) != ENT_OK)
        return r;
    return ent_taxii_put_u8(b, (s->can_read ? 1u : 0u) | (s->can_write ? 2u : 0u));
}

const char *ent_taxii_shelf_alias(unsigned number)
{
    static const char *const alias[] = {"", "clear", "green", "amber", "amber-strict", "inbox"};
    return number < sizeof(alias) / sizeof(alias[0]) ? alias[number] : "";
}

void ent_taxii_page_put(uint8_t ret[static ENT_TAXII_PAGE_HEAD], const struct ent_taxii_page *p)
{
    ret[0] = ENT_TAXII_ROWS_PAGE;
    ret[1] = p->more;
    memcpy(ret + 2, p->self.b, sizeof(p->self.b));
    memcpy(ret + 18, p->next, sizeof(p->next));
}

/* --- rows ---------------------------------------------------------------------------------------
 */

static enum ent_err put_claim(struct ent_buf *b, const struct ent_taxii_row *row)
{
    const struct ent_slice words[] = {row->obs,       row->source, row->ext_id,
                                      row->kind_word, row->text,   row->labels};
    const int64_t numbers[] = {row->modified, row->confidence, row->valid_from, row->valid_until,
                               row->first_import};
    enum ent_err r = ent_buf_put(b, row->uuid.b, sizeof(row->uuid.b));
    if (r == ENT_OK)
        r = ent_taxii_put_u8(b, row->obs_type);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && r == ENT_OK; i++)
        r = ent_taxii_put_i64(b, numbers[i]);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && r == ENT_OK; i++)
        r = ent_taxii_put16(b, words[i]);
    return r;
}

static enum ent_err put_object(struct ent_buf *b, const struct ent_taxii_row *row)
{
    enum ent_err r;
    if ((r = ent_taxii_put16(b, row->id)) != ENT_OK ||
        (r = ent_taxii_put16(b, row->version)) != ENT_OK ||
        (r = ent_taxii_put16(b, row->created)) != ENT_OK)
        return r;
    return ent_taxii_put32(b, row->bytes);
}

enum ent_err ent_taxii_row_put(struct ent_buf *b, const struct ent_taxii_row *row)
{
    enum ent_err r;
    if ((r = ent_taxii_put_u8(b, row->kind)) != ENT_OK ||
        (r = ent_taxii_put_i64(b, row->added)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, row->is_20)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, row->tlp)) != ENT_OK)
        return r;
    return row->kind == 1   ? put_claim(b, row)
           : row->kind == 2 ? put_object(b, row)
                            : ent_taxii_put16(b, row->source);
}

/* Of years that have four digits, and so within what a calculation with it can hold. */
static bool is_time(int64_t t, int64_t per_second)
{
    const int64_t most = INT64_C(253402300800) * per_second;
    return t >= -most && t <= most;
}

static enum ent_err get_claim(struct ent_cur *c, struct ent_taxii_row *ret)
{
    struct ent_slice *const words[] = {&ret->obs,       &ret->source, &ret->ext_id,
                                       &ret->kind_word, &ret->text,   &ret->labels};
    int64_t confidence = 0;
    int64_t *const numbers[] = {&ret->modified, &confidence, &ret->valid_from, &ret->valid_until,
                                &ret->first_import};
    uint8_t type = 0;
    enum ent_err r = ent_cur_copy(c, ret->uuid.b, sizeof(ret->uuid.b));
    if (r == ENT_OK)
        r = ent_cur_u8(c, &type);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && r == ENT_OK; i++)
        r = ent_taxii_get_i64(c, numbers[i]);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && r == ENT_OK; i++)
        r = ent_taxii_get16(c, words[i]);
    if (r == ENT_OK && (type == 0 || type >= ENT_OBS_TYPES || ret->obs.n > ENT_OBS_MAX ||
                        ret->tlp < ENT_TLP_CLEAR || confidence < -1 || confidence > 100 ||
                        !is_time(ret->modified, 1000) || !is_time(ret->valid_from, 1) ||
                        !is_time(ret->valid_until, 1) || !is_time(ret->first_import, 1)))
        return ENT_E_FORMAT;
    ret->obs_type = type;
    ret->confidence = (int)confidence;
    return r;
}

enum ent_err ent_taxii_row_get(struct ent_cur *c, struct ent_taxii_row *ret)
{
    uint8_t kind, is_20, tlp;
    enum ent_err r;
    *ret = (struct ent_taxii_row){.kind = 0};
    if ((r = ent_cur_u8(c, &kind)) != ENT_OK || (r = ent_taxii_get_i64(c, &ret->added)) != ENT_OK ||
        (r = ent_cur_u8(c, &is_20)) != ENT_OK || (r = ent_cur_u8(c, &tlp)) != ENT_OK)
        return r;
    if (!is_time(ret->added, 1000000) || kind == 0 || kind > 4 || is_20 > 1 || tlp > ENT_TLP_RED ||
        (kind == 4 && tlp < ENT_TLP_CLEAR))
        return ENT_E_FORMAT;
    ret->kind = kind;
    ret->is_20 = is_20 != 0;
    ret->tlp = tlp;
    if (kind == 1)
        return get_claim(c, ret);
    if (kind != 2)
        return ent_taxii_get16(c, &ret->source);
    if ((r = ent_taxii_get16(c, &ret->id)) != ENT_OK ||
        (r = ent_taxii_get16(c, &ret->version)) != ENT_OK ||
        (r = ent_taxii_get16(c, &ret->created)) != ENT_OK)
        return r;
    return ent_taxii_get32(c, &ret->bytes);
}

/* --- versions -----------------------------------------------------------------------------------
 */

void ent_taxii_time(char ret[static ENT_TAXII_TIME], int64_t us)
{
    int64_t part = us % 1000000 < 0 ? us % 1000000 + 1000000 : us % 1000000;
    ent_time_format(ret, (us - part) / 1000000);
    if (strlen(ret) == ENT_TIME_TEXT - 1)
        (void)snprintf(ret + ENT_TIME_TEXT - 2, 9, ".%06uZ", (unsigned)part);
}

/* At least three digits behind the point, as STIX 2.0 wanted and everybody writes. */
static void pad(char ret[static ENT_TAXII_VERSION], struct ent_slice version)
{
    char text[ENT_STIX_VERSION];
    size_t n = version.n < sizeof(text) - 1 ? version.n : sizeof(text) - 1;
    memcpy(text, version.p, n);
    text[n] = '\0';
    const char *dot = strchr(text, '.');
    size_t digits = dot == NULL ? 0 : strlen(dot + 1);
    (void)snprintf(ret, ENT_TAXII_VERSION, "%.58s%s%.*sZ", text, dot == NULL ? "." : "",
                   digits < 3 ? (int)(3 - digits) : 0, "000");
}

const char *ent_taxii_version(char ret[static ENT_TAXII_VERSION], const struct ent_taxii_row *row)
{
    static const char *const fixed[] = {"2026-11-22T00:00:00.000Z", "2022-10-01T00:00:00.000Z"};
    char same[ENT_STIX_VERSION];
    if (row->kind > 2) {
        (void)snprintf(ret, ENT_TAXII_VERSION, "%s", fixed[row->kind - 3]);
    } else if (row->kind == 1) {
        ent_taxii_time(ret, row->modified * 1000);
        if (strlen(ret) == ENT_TAXII_TIME - 1)
            (void)snprintf(ret + ENT_TAXII_TIME - 5, 2, "Z"); /* milliseconds */
    } else if (row->version.n > 0) {
        pad(ret, row->version);
    } else if (row->created.n > 0 && ent_stix_version(same, row->created)) {
        pad(ret, ent_slice_str(same));
    } else {
        ent_taxii_time(ret, row->added);
    }
    return ret;
}

bool ent_taxii_same_time(char ret[static ENT_TAXII_VERSION], struct ent_slice time)
{
    char same[ENT_STIX_VERSION];
    if (time.n == 0 || !ent_stix_version(same, time))
        return false;
    memcpy(ret, same, sizeof(same));
    return true;
}

/* --- outcomes -----------------------------------------------------------------------------------
 */

enum ent_err ent_taxii_outcome_put(struct ent_buf *b, const struct ent_taxii_outcome *o)
{
    enum ent_err r;
    if ((r = ent_taxii_put_u8(b, ENT_TAXII_ROWS_STATUS)) != ENT_OK ||
        (r = ent_buf_put(b, o->id, sizeof(o->id))) != ENT_OK)
        return r;
    return ent_taxii_put_i64(b, o->at);
}

enum ent_err ent_taxii_outcome_get(struct ent_cur *c, struct ent_taxii_outcome *ret)
{
    enum ent_err r = ent_cur_copy(c, ret->id, sizeof(ret->id));
    if (r == ENT_OK)
        r = ent_taxii_get_i64(c, &ret->at);
    return r == ENT_OK && !is_time(ret->at, 1) ? ENT_E_FORMAT : r;
}

enum ent_err ent_taxii_entry_put(struct ent_buf *b, bool ok, struct ent_slice id,
                                 struct ent_slice version, struct ent_slice message)
{
    enum ent_err r;
    if ((r = ent_taxii_put_u8(b, ok)) != ENT_OK || (r = ent_taxii_put16(b, id)) != ENT_OK ||
        (r = ent_taxii_put16(b, version)) != ENT_OK)
        return r;
    return ent_taxii_put16(b, message);
}
