/*
 * stix.c: STIX 2.0 and 2.1, one object at a time. A bundle of any size needs the memory of one
 * object, of which only the properties below are kept.
 *
 * Also read: a TAXII envelope ({"objects": [...]}), a bare object, a list of objects. Properties
 * come in any order; unknown ones are skipped; a known one that stands twice in an object makes
 * the object unusable, because two readers would take two different values. Each object is handed
 * on as it came, byte for byte, before what is taken out of it.
 */
#include "intel/stix_parts.h"

static enum ent_err tell_element(struct stix *x, const struct object *o)
{
    static const struct ent_slice none;
    if (x->f->opts->element == NULL)
        return ENT_OK;
    return x->f->opts->element(x->f->sink->ctx, o == NULL ? none : ent_stix_get(o, P_ID),
                               o == NULL ? none : ent_stix_get(o, P_MODIFIED));
}

/* Behind '[' to behind ']'. */
enum ent_err ent_stix_read_list(struct stix *x)
{
    enum ent_jp_event ev;
    enum ent_err r;
    for (;; x->elements++) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (ev == ENT_JP_OBJ) {
            if ((r = ent_stix_read_object(x, &x->item)) != ENT_OK ||
                (r = tell_element(x, &x->item)) != ENT_OK ||
                (r = ent_stix_take_object(x)) != ENT_OK)
                return r;
            continue;
        }
        if ((r = tell_element(x, NULL)) != ENT_OK ||
            (r = ent_feed_skip(x->f, x->jp.line, "not an object", x->jp.text)) != ENT_OK ||
            (r = ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
            return r;
    }
}

static enum ent_err broken(struct stix *x, const char *text)
{
    return ent_fail(x->f->d, ENT_E_FORMAT, text, 1, x->f->offset);
}

static const char not_stix[] = "JSON, but no STIX bundle or object";

/* {} is one without objects. */
static enum ent_err end_of_envelope(struct stix *x)
{
    struct ent_slice type = ent_stix_get(&x->top, P_TYPE);
    bool list = (x->top.seen >> P_OBJECTS & 1) != 0, typed = (x->top.seen >> P_TYPE & 1) != 0;
    if (x->top.twice)
        return broken(x, "a property stands twice in the envelope");
    if (typed && !(list && ent_slice_eq(type, ENT_SLICE_LIT("bundle"))))
        return broken(x, "JSON, but no TAXII envelope");
    return list && !ent_stix_has(&x->top, P_OBJECTS) ? broken(x, "\"objects\" is no list") : ENT_OK;
}

/* The outermost object has been read, and its objects with it: a bundle, which may say so behind
 * them; a TAXII envelope, which has no type; or one bare object. */
static enum ent_err end_of_top(struct stix *x)
{
    struct ent_slice type = ent_stix_get(&x->top, P_TYPE);
    bool bundle = ent_slice_eq(type, ENT_SLICE_LIT("bundle"));
    bool list = ent_stix_has(&x->top, P_OBJECTS);
    if (x->f->opts->envelope != NULL)
        return end_of_envelope(x);
    if (list && x->top.twice)
        return broken(x, "a property stands twice in the bundle");
    if (list ? type.n > 0 && !bundle : !bundle && !ent_stix_looks_right(&x->top))
        return broken(x, not_stix);
    x->o = &x->top;
    return list || bundle ? ENT_OK : ent_stix_take_object(x);
}

static enum ent_err read_file(struct stix *x)
{
    enum ent_jp_event ev;
    enum ent_err r;
    if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
        return r;
    if (ev != ENT_JP_OBJ && ev != ENT_JP_ARR)
        return broken(x, not_stix);
    bool array = ev == ENT_JP_ARR;
    if (array && x->f->opts->envelope != NULL)
        return broken(x, "JSON, but no TAXII envelope");
    r = array ? ent_stix_read_list(x) : ent_stix_read_object(x, &x->top);
    /* the end of the text, or an error for what stands behind */
    if (r != ENT_OK || (r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
        return r;
    if (!array)
        return end_of_top(x);
    return x->elements > 0 && x->objects == 0 ? broken(x, not_stix) : ENT_OK;
}

static void init_object(struct object *o)
{
    ent_buf_init(&o->bytes, KEPT_MAX);
    ent_buf_init(&o->refs, REFS_MAX);
    ent_buf_init(&o->raw, ENT_STIX_OBJECT_MOST);
    ent_buf_init(&o->names, NAMES_MAX);
}

static void release_object(struct object *o)
{
    ent_buf_release(&o->bytes);
    ent_buf_release(&o->refs);
    ent_buf_release(&o->raw);
    ent_buf_release(&o->names);
}

enum ent_err ent_stix_read(struct ent_feed *f)
{
    struct stix *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    x->f = f;
    init_object(&x->top);
    init_object(&x->item);
    ent_arena_init(&x->arena, ENT_PATTERN_ARENA);
    enum ent_err r = ent_jp_init(&x->jp, f->in, f->offset, ENT_JP_DEPTH, ENT_PATTERN_BYTES);
    if (r == ENT_OK && f->sink->object != NULL)
        r = ent_stix_sayer_new(&x->sayer);
    if (r == ENT_OK)
        r = read_file(x);
    ent_stix_sayer_free(x->sayer);
    ent_jp_release(&x->jp);
    ent_arena_release(&x->arena);
    release_object(&x->item);
    release_object(&x->top);
    free(x);
    return r;
}
