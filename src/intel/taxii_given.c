/* taxii_given.c: what an envelope gives, element by element, as bytes and back. It is read as an
 * import reads a bundle, by the same reader, and what that says is written down for whoever has the
 * store. */
#include "intel/intel.h"
#include "intel/feed.h"

#define ELEMENTS 65536u

struct giving {
    struct ent_buf *b;
    unsigned n;
};

static enum ent_err put_element(void *ctx, struct ent_slice id, struct ent_slice modified)
{
    struct giving *g = ctx;
    struct ent_buf *b = g->b;
    if (++g->n > ELEMENTS)
        return ENT_E_LIMIT;
    enum ent_err r = ent_taxii_put_u8(b, ENT_TAXII_ELEMENT);
    if (r == ENT_OK)
        r = ent_taxii_put16(b, ent_is_stix_id(id) ? id : ent_slice(NULL, 0));
    return r == ENT_OK ? ent_taxii_put16(b, ent_utf8_cut(modified, ENT_STIX_VERSION - 1)) : r;
}

static enum ent_err put_object(void *ctx, const struct ent_stix_object *o, bool *use)
{
    struct ent_buf *b = ((struct giving *)ctx)->b;
    struct ent_buf gist;
    enum ent_err r;
    *use = true;
    ent_buf_init(&gist, ENT_STIX_GIST_MOST);
    if ((r = ent_taxii_put_u8(b, ENT_TAXII_OBJECT)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, o->tlp)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, (o->revoked ? 1u : 0u) | (o->taken ? 2u : 0u))) != ENT_OK ||
        (r = ent_taxii_put16(b, o->id)) != ENT_OK ||
        (r = ent_taxii_put16(b, o->version)) != ENT_OK ||
        (r = ent_stix_gist_encode(&gist, &o->gist)) != ENT_OK ||
        (r = ent_taxii_put32(b, ent_buf_slice(&gist))) != ENT_OK ||
        (r = ent_taxii_put32(b, o->refs)) != ENT_OK)
        goto out;
    r = ent_taxii_put32(b, o->bytes);
out:
    ent_buf_release(&gist);
    return r;
}

static enum ent_err put_take(void *ctx, const struct ent_indicator *ind)
{
    struct ent_buf *b = ((struct giving *)ctx)->b;
    const struct ent_slice words[] = {ent_slice(ind->obs.text, ind->obs.n), ind->id, ind->kind,
                                      ind->text, ind->labels};
    enum ent_err r;
    if ((r = ent_taxii_put_u8(b, ENT_TAXII_TAKE)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, ind->obs.type)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, ind->tlp)) != ENT_OK ||
        (r = ent_taxii_put_u8(b, (unsigned)(ind->confidence + 1))) != ENT_OK ||
        (r = ent_taxii_put_i64(b, ind->valid_from)) != ENT_OK ||
        (r = ent_taxii_put_i64(b, ind->valid_until)) != ENT_OK)
        return r;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && r == ENT_OK; i++)
        r = ent_taxii_put16(b, words[i]);
    return r;
}

static enum ent_err put_withdraw(void *ctx, struct ent_slice id)
{
    struct ent_buf *b = ((struct giving *)ctx)->b;
    enum ent_err r = ent_taxii_put_u8(b, ENT_TAXII_WITHDRAW);
    return r == ENT_OK ? ent_taxii_put16(b, id) : r;
}

/* What is foreign stays here. */
static enum ent_err put_skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct ent_buf *b = ((struct giving *)ctx)->b;
    (void)line;
    (void)what;
    enum ent_err r = ent_taxii_put_u8(b, ENT_TAXII_SKIP);
    return r == ENT_OK ? ent_taxii_put16(b, ent_slice_str(reason)) : r;
}

enum ent_err ent_taxii_given_read(struct ent_buf *ret, struct ent_slice body, struct ent_diag *d)
{
    struct ent_envelope envelope = {.more = false};
    struct giving g = {.b = ret};
    const struct ent_import_sink sink = {.ctx = &g,
                                         .take = put_take,
                                         .skip = put_skip,
                                         .withdraw = put_withdraw,
                                         .object = put_object};
    const struct ent_import_opts opts = {
        .format = ENT_FORMAT_STIX, .confidence = -1, .envelope = &envelope, .element = put_element};
    enum ent_err r = ent_intel_read(ent_reader_mem(&body), &opts, &sink, NULL, d);
    return r == ENT_E_LIMIT && g.n > ELEMENTS
               ? ent_fail(d, r, "more than 65,536 objects in one envelope", 0, 0)
               : r;
}

/* --- back ---------------------------------------------------------------------------------------
 */

static enum ent_err get_object(struct ent_cur *c, struct ent_stix_object *o)
{
    struct ent_slice gist;
    uint8_t tlp, flags;
    enum ent_err r;
    *o = (struct ent_stix_object){.line = 0};
    if ((r = ent_cur_u8(c, &tlp)) != ENT_OK || (r = ent_cur_u8(c, &flags)) != ENT_OK ||
        (r = ent_taxii_get16(c, &o->id)) != ENT_OK ||
        (r = ent_taxii_get16(c, &o->version)) != ENT_OK ||
        (r = ent_taxii_get32(c, &gist)) != ENT_OK ||
        (r = ent_stix_gist_parse(&o->gist, gist)) != ENT_OK ||
        (r = ent_taxii_get32(c, &o->refs)) != ENT_OK ||
        (r = ent_taxii_get32(c, &o->bytes)) != ENT_OK)
        return r;
    o->tlp = (enum ent_tlp)tlp;
    o->revoked = (flags & 1) != 0;
    o->taken = (flags & 2) != 0;
    return tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED || flags > 3 || !ent_is_stix_id(o->id) ||
                   o->version.n >= ENT_STIX_VERSION || o->bytes.n < 2 ||
                   o->bytes.n > ENT_STIX_OBJECT_MOST
               ? ENT_E_FORMAT
               : ENT_OK;
}

static enum ent_err get_take(struct ent_cur *c, struct ent_indicator *ind)
{
    struct ent_slice value;
    uint8_t type, tlp, confidence;
    enum ent_err r;
    *ind = (struct ent_indicator){.line = 0};
    if ((r = ent_cur_u8(c, &type)) != ENT_OK || (r = ent_cur_u8(c, &tlp)) != ENT_OK ||
        (r = ent_cur_u8(c, &confidence)) != ENT_OK ||
        (r = ent_taxii_get_i64(c, &ind->valid_from)) != ENT_OK ||
        (r = ent_taxii_get_i64(c, &ind->valid_until)) != ENT_OK ||
        (r = ent_taxii_get16(c, &value)) != ENT_OK ||
        (r = ent_taxii_get16(c, &ind->id)) != ENT_OK ||
        (r = ent_taxii_get16(c, &ind->kind)) != ENT_OK ||
        (r = ent_taxii_get16(c, &ind->text)) != ENT_OK ||
        (r = ent_taxii_get16(c, &ind->labels)) != ENT_OK)
        return r;
    if (type == 0 || type >= ENT_OBS_TYPES || tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED ||
        confidence > 101 || ind->kind.n > ENT_INDICATOR_KIND || ind->text.n > ENT_INDICATOR_TEXT ||
        ind->labels.n > ENT_LABELS_BYTES)
        return ENT_E_FORMAT;
    ind->tlp = (enum ent_tlp)tlp;
    ind->confidence = (int)confidence - 1;
    /* A canonical value parses to itself. */
    if ((r = ent_observable_parse_as(&ind->obs, NULL, (enum ent_obs_type)type, value)) != ENT_OK)
        return r;
    return ind->obs.type == (enum ent_obs_type)type &&
                   ent_slice_eq(ent_slice(ind->obs.text, ind->obs.n), value)
               ? ENT_OK
               : ENT_E_FORMAT;
}

enum ent_err ent_taxii_given_next(struct ent_taxii_given *given, struct ent_slice *rest)
{
    struct ent_cur c = ent_cur(*rest);
    uint8_t what = 0;
    enum ent_err r = ent_cur_u8(&c, &what);
    given->what = (enum ent_taxii_gift)what;
    if (r == ENT_OK && what == ENT_TAXII_ELEMENT) {
        if ((r = ent_taxii_get16(&c, &given->id)) == ENT_OK)
            r = ent_taxii_get16(&c, &given->version);
        if (r == ENT_OK && ((given->id.n > 0 && !ent_is_stix_id(given->id)) ||
                            given->version.n >= ENT_STIX_VERSION))
            r = ENT_E_FORMAT;
    } else if (r == ENT_OK && what == ENT_TAXII_OBJECT) {
        r = get_object(&c, given->object);
    } else if (r == ENT_OK && what == ENT_TAXII_TAKE) {
        r = get_take(&c, given->ind);
    } else if (r == ENT_OK && what == ENT_TAXII_WITHDRAW) {
        r = ent_taxii_get16(&c, &given->id);
    } else if (r == ENT_OK && what == ENT_TAXII_SKIP) {
        r = ent_taxii_get16(&c, &given->reason);
    } else if (r == ENT_OK) {
        r = ENT_E_FORMAT;
    }
    if (r == ENT_OK)
        *rest = ent_slice(c.p, c.n);
    return r;
}
