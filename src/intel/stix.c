/*
 * stix.c: STIX 2.0 and 2.1, one object at a time. A bundle of any size needs the memory of one
 * object, of which only the properties below are kept.
 *
 * Also read: a TAXII envelope ({"objects": [...]}), a bare object, a list of objects. Properties
 * come in any order; unknown ones are skipped; a known one that stands twice in an object makes
 * the object unusable, because two readers would take two different values. Objects that are not
 * indicators are passed over in silence.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"
#include "intel/pattern.h"

#define ID_MAX    256
#define NAME_MAX_ 1024                              /* before it is cleaned and cut */
#define LONG_MAX_ 4096                              /* descriptions: the same */
#define KEPT_MAX  (ENT_PATTERN_BYTES + (16u << 10)) /* bytes of one object */
#define DEFINED   256 /* marking definitions remembered from the file itself */

enum property {
    P_TYPE,
    P_ID,
    P_NAME,
    P_DESCRIPTION,
    P_PATTERN,
    P_PATTERN_TYPE,
    P_INDICATOR_TYPES,
    P_LABELS,
    P_CONFIDENCE,
    P_VALID_FROM,
    P_VALID_UNTIL,
    P_REVOKED,
    P_MARKING_REFS,
    P_GRANULAR,
    P_DEFINITION,
    P_EXTENSIONS,
    P_OBJECTS,
    PROPERTIES
};

/* table */
static const struct {
    const char *name;
    size_t max; /* bytes kept of a string */
} properties[PROPERTIES] = {
    [P_TYPE] = {"type", 64},
    [P_ID] = {"id", ID_MAX},
    [P_NAME] = {"name", NAME_MAX_},
    [P_DESCRIPTION] = {"description", LONG_MAX_},
    [P_PATTERN] = {"pattern", ENT_PATTERN_BYTES},
    [P_PATTERN_TYPE] = {"pattern_type", 64},
    [P_INDICATOR_TYPES] = {"indicator_types", 256},
    [P_LABELS] = {"labels", 256},
    [P_CONFIDENCE] = {"confidence", 16},
    [P_VALID_FROM] = {"valid_from", 64},
    [P_VALID_UNTIL] = {"valid_until", 64},
    [P_REVOKED] = {"revoked", 0},
    [P_MARKING_REFS] = {"object_marking_refs", 0},
    [P_GRANULAR] = {"granular_markings", 0},
    [P_DEFINITION] = {"definition", 0},
    [P_EXTENSIONS] = {"extensions", 0},
    [P_OBJECTS] = {"objects", 0},
};

/* One object. */
struct object {
    uint64_t line, offset;
    uint32_t seen;  /* bit for each property */
    uint32_t wrong; /* of these, the ones of a wrong JSON type or too long */
    bool twice, revoked;
    enum ent_tlp marked;                  /* the narrowest marking that refers to it; 0 for none */
    enum ent_tlp defines;                 /* what it defines, when it is a marking-definition */
    size_t at[PROPERTIES], n[PROPERTIES]; /* in bytes */
    struct ent_buf bytes;
};

struct stix {
    struct ent_feed *f;
    struct ent_jp jp;
    struct ent_arena arena;
    struct object top, item;    /* the outermost object; the one in its list */
    struct object *o;           /* the one that is being read */
    uint64_t elements, objects; /* of a list; objects are those that look like STIX */
    struct {
        char id[80];
        size_t n;
        enum ent_tlp tlp;
    } defined[DEFINED];
    size_t n_defined;
};

/* --- markings --------------------------------------------------------------------------------- */

/* table. The only TLP markings there are (STIX 2.1 section 7.2.1.4; TLP 2.0 by its extension).
 * TLP 1 AMBER was wider than it looks; it becomes TLP 2 AMBER and never less. */
static const struct {
    const char *uuid;
    enum ent_tlp tlp;
} well_known[] = {
    {"613f2e26-407d-48c7-9eca-b8e91df99dc9", ENT_TLP_CLEAR},
    {"34098fce-860f-48ae-8e50-ebd3cc5e41da", ENT_TLP_GREEN},
    {"f88d31f6-486f-44da-b317-01333bde0b82", ENT_TLP_AMBER},
    {"5e57c739-391a-4eb3-b6be-7d15ca92d5ed", ENT_TLP_RED},
    {"94868c89-83c2-464b-929b-a1a8aa3c8487", ENT_TLP_CLEAR},
    {"bab4a63c-aed9-4cf5-a766-dfca5abac2bb", ENT_TLP_GREEN},
    {"55d920b0-5e8b-4f79-9ee9-91f868d9b421", ENT_TLP_AMBER},
    {"939a9414-2ddd-4d32-a0cd-375ea402b003", ENT_TLP_AMBER_STRICT},
    {"e828b379-4e03-4974-9ac4-e53a884c97c1", ENT_TLP_RED},
};

const char *ent_stix_marking(enum ent_tlp t)
{
    size_t i = sizeof(well_known) / sizeof(well_known[0]) - 1; /* TLP 2 stands behind TLP 1 */
    while (well_known[i].tlp != t && i > 0)
        i--;
    return well_known[i].uuid;
}

/* 0 when the marking is no TLP marking that is known here. */
static enum ent_tlp tlp_of(const struct stix *x, struct ent_slice id)
{
    static const struct ent_slice prefix = ENT_SLICE_LIT("marking-definition--");
    if (ent_slice_starts(id, prefix)) {
        struct ent_slice uuid = ent_slice(id.p + prefix.n, id.n - prefix.n);
        for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++)
            if (ent_slice_ieq(uuid, ent_slice_str(well_known[i].uuid)))
                return well_known[i].tlp;
    }
    for (size_t i = 0; i < x->n_defined; i++)
        if (ent_slice_eq(id, ent_slice(x->defined[i].id, x->defined[i].n)))
            return x->defined[i].tlp;
    return (enum ent_tlp)0;
}

static void mark(struct stix *x, struct ent_slice id)
{
    enum ent_tlp tlp = tlp_of(x, id);
    if (tlp > x->o->marked)
        x->o->marked = tlp;
}

static void define(struct stix *x, struct ent_slice id, enum ent_tlp tlp)
{
    if (tlp == 0 || x->n_defined == DEFINED || id.n > sizeof(x->defined[0].id))
        return;
    memcpy(x->defined[x->n_defined].id, id.p, id.n);
    x->defined[x->n_defined].n = id.n;
    x->defined[x->n_defined++].tlp = tlp;
}

/* --- one object's properties ------------------------------------------------------------------ */

static bool has(const struct object *o, enum property p)
{
    return (o->seen >> p & 1) != 0 && (o->wrong >> p & 1) == 0;
}

static struct ent_slice get(const struct object *o, enum property p)
{
    if (!has(o, p) || o->n[p] == 0)
        return (struct ent_slice){(const uint8_t *)"", 0};
    return ent_slice(o->bytes.p + o->at[p], o->n[p]);
}

static enum ent_err keep(struct object *o, enum property p, const struct ent_jp *jp)
{
    bool text = p == P_NAME || p == P_DESCRIPTION;
    struct ent_slice s = ent_utf8_cut(jp->text, properties[p].max);
    if (!text && (jp->cut || s.n < jp->text.n))
        o->wrong |= 1u << p;
    o->at[p] = o->bytes.n;
    o->n[p] = s.n;
    return ent_buf_put(&o->bytes, s.p, s.n);
}

/* A string or number; anything else is of the wrong type and passed over. */
static enum ent_err scalar(struct stix *x, enum property p, enum ent_jp_event want,
                           enum ent_jp_event ev)
{
    if (ev == want)
        return keep(x->o, p, &x->jp);
    x->o->wrong |= 1u << p;
    return ent_jp_skip(&x->jp, x->f->d);
}

/* ["first", ...]: the first string. */
static enum ent_err first_string(struct stix *x, enum property p, enum ent_jp_event ev)
{
    bool first = true;
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return scalar(x, p, ENT_JP_ARR, ev);
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (first && ev == ENT_JP_STR)
            r = keep(x->o, p, &x->jp);
        else
            r = ent_jp_skip(&x->jp, x->f->d);
        first = first && ev != ENT_JP_STR;
        if (r != ENT_OK)
            return r;
    }
}

static enum ent_err marking_refs(struct stix *x, enum ent_jp_event ev)
{
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return scalar(x, P_MARKING_REFS, ENT_JP_ARR, ev); /* and the object is not used */
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (ev == ENT_JP_STR)
            mark(x, x->jp.text);
        else if ((r = ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
            return r;
    }
}

/* Walk a nested value and look at each string below one of the wanted keys. */
static enum ent_err walk(struct stix *x, enum ent_jp_event ev, const char *key,
                         void (*found)(struct stix *x, struct ent_slice s))
{
    unsigned until = x->jp.depth;
    bool wanted = false;
    enum ent_err r;
    if (ev != ENT_JP_OBJ && ev != ENT_JP_ARR)
        return ENT_OK;
    while (x->jp.depth >= until) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
            return r;
        if (ev == ENT_JP_STR && wanted)
            found(x, x->jp.text);
        wanted = ev == ENT_JP_KEY && ent_slice_eq(x->jp.text, ent_slice_str(key));
    }
    return ENT_OK;
}

static void found_definition(struct stix *x, struct ent_slice s)
{
    enum ent_tlp tlp;
    if (ent_tlp_parse(&tlp, s) == ENT_OK && tlp > x->o->defines)
        x->o->defines = tlp;
}

static enum ent_err list_of_objects(struct stix *x);

/* table */
static enum ent_err property(struct stix *x, enum property p, enum ent_jp_event ev)
{
    switch (p) {
    case P_CONFIDENCE:
        return scalar(x, p, ENT_JP_NUM, ev);
    case P_INDICATOR_TYPES:
    case P_LABELS:
        return first_string(x, p, ev);
    case P_REVOKED:
        x->o->revoked = ev == ENT_JP_TRUE;
        if (ev != ENT_JP_TRUE && ev != ENT_JP_FALSE)
            x->o->wrong |= 1u << p;
        return ent_jp_skip(&x->jp, x->f->d);
    case P_MARKING_REFS:
        return marking_refs(x, ev);
    case P_GRANULAR: /* a marking of a part is taken for one of the whole */
        if (ev != ENT_JP_ARR)
            x->o->wrong |= 1u << p;
        return walk(x, ev, "marking_ref", mark);
    case P_DEFINITION:
        return walk(x, ev, "tlp", found_definition);
    case P_EXTENSIONS:
        return walk(x, ev, "tlp_2_0", found_definition);
    case P_OBJECTS:
        if (x->o == &x->top && ev == ENT_JP_ARR)
            return list_of_objects(x);
        x->o->wrong |= 1u << p;
        return ent_jp_skip(&x->jp, x->f->d);
    default:
        return scalar(x, p, ENT_JP_STR, ev);
    }
}

static enum property property_of(struct ent_slice key)
{
    unsigned p = 0;
    while (p < PROPERTIES && !ent_slice_eq(key, ent_slice_str(properties[p].name)))
        p++;
    return (enum property)p;
}

static void start_object(struct stix *x, struct object *o)
{
    struct ent_buf bytes = o->bytes;
    ent_buf_clear(&bytes);
    *o = (struct object){.line = x->jp.line, .offset = x->jp.offset, .bytes = bytes};
    x->o = o;
}

/* Behind '{' to behind '}'. The outermost object may hold the list of objects. */
static enum ent_err read_object(struct stix *x, struct object *o)
{
    enum ent_jp_event ev;
    enum ent_err r;
    start_object(x, o);
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_OBJ_END)
            return r;
        enum property p = x->jp.cut ? PROPERTIES : property_of(x->jp.text);
        bool again = p != PROPERTIES && (o->seen >> p & 1) != 0;
        o->twice = o->twice || again;
        if (p == PROPERTIES || again) {
            if ((r = ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
                return r;
            continue;
        }
        o->seen |= 1u << p;
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || (r = property(x, p, ev)) != ENT_OK)
            return r;
        x->o = o;
    }
}

/* --- an indicator ----------------------------------------------------------------------------- */

static enum ent_err skip(struct stix *x, const char *reason)
{
    return ent_feed_skip(x->f, x->o->line, reason,
                         get(x->o, has(x->o, P_PATTERN) ? P_PATTERN : P_ID));
}

/* "name: description", or what there is of the two. */
static void set_text(struct stix *x)
{
    struct ent_slice name = get(x->o, P_NAME), text = get(x->o, P_DESCRIPTION);
    uint8_t both[NAME_MAX_ + 2 + LONG_MAX_];
    size_t n = name.n;
    if (name.n > 0)
        memcpy(both, name.p, name.n);
    if (name.n > 0 && text.n > 0) {
        memcpy(both + n, ": ", 2);
        n += 2;
    }
    if (text.n > 0)
        memcpy(both + n, text.p, text.n);
    ent_feed_text(x->f, ent_slice(both, n + text.n));
}

/* False when one of its times is no time. */
static bool set_claim(struct stix *x)
{
    struct ent_indicator *ind = &x->f->ind;
    const struct object *o = x->o;
    uint64_t confidence;
    ent_feed_reset(x->f);
    ind->id = get(o, P_ID);
    ent_feed_kind(x->f, get(o, has(o, P_INDICATOR_TYPES) ? P_INDICATOR_TYPES : P_LABELS));
    set_text(x);
    if (o->marked != 0)
        ind->tlp = o->marked;
    if (has(o, P_CONFIDENCE) && ent_parse_u64(&confidence, get(o, P_CONFIDENCE), 100) == ENT_OK)
        ind->confidence = (int)confidence;
    if ((o->wrong & (1u << P_VALID_FROM | 1u << P_VALID_UNTIL)) != 0)
        return false;
    return (!has(o, P_VALID_FROM) ||
            ent_time_parse(&ind->valid_from, get(o, P_VALID_FROM)) == ENT_OK) &&
           (!has(o, P_VALID_UNTIL) ||
            ent_time_parse(&ind->valid_until, get(o, P_VALID_UNTIL)) == ENT_OK);
}

/* An address at one end of network traffic, perhaps with its port. */
static enum ent_err parse_end(struct ent_observable *ret, const char **why,
                              const struct ent_pattern_value *v)
{
    struct ent_observable host;
    char text[ENT_OBS_MAX + 16];
    enum ent_err r = ent_observable_parse(&host, why, v->text);
    if (r != ENT_OK)
        return r;
    bool address = host.type == ENT_OBS_IPV4 || host.type == ENT_OBS_IPV6;
    bool other =
        host.type == ENT_OBS_NET4 || host.type == ENT_OBS_NET6 || host.type == ENT_OBS_DOMAIN;
    if ((!address && !other) || (v->port != 0 && !address)) {
        *why = v->port != 0 ? "a port next to what is not an address"
                            : "not an address or a name where one was announced";
        return ENT_E_FORMAT;
    }
    if (v->port == 0) {
        *ret = host;
        return ENT_OK;
    }
    int n = snprintf(text, sizeof(text), host.type == ENT_OBS_IPV6 ? "[%s]:%u" : "%s:%u", host.text,
                     (unsigned)v->port);
    return ent_observable_parse_as(ret, why, ENT_OBS_ENDPOINT, ent_slice(text, (size_t)n));
}

static enum ent_err take_values(struct stix *x, const struct ent_pattern *pattern)
{
    struct ent_feed *f = x->f;
    enum ent_err r = ENT_OK;
    for (const struct ent_pattern_value *v = pattern->values; v != NULL && r == ENT_OK;
         v = v->next) {
        const char *why = NULL;
        enum ent_err bad = v->type == 0
                               ? parse_end(&f->ind.obs, &why, v)
                               : ent_observable_parse_as(&f->ind.obs, &why, v->type, v->text);
        f->ind.line = x->o->line;
        r = bad == ENT_OK ? ent_feed_take(f) : ent_feed_skip(f, x->o->line, why, v->text);
    }
    if (r == ENT_OK && pattern->lost != NULL)
        r = skip(x, pattern->lost);
    return r;
}

static enum ent_err take_indicator(struct stix *x)
{
    const struct object *o = x->o;
    struct ent_pattern pattern;
    const char *why = NULL;
    if (o->twice)
        return skip(x, "a property stands twice in the object");
    if (o->revoked && x->f->sink->withdraw != NULL && get(o, P_ID).n > 0)
        return x->f->sink->withdraw(x->f->sink->ctx, get(o, P_ID));
    if (o->revoked)
        return skip(x, "revoked by its author");
    if ((o->wrong >> P_REVOKED & 1) != 0)
        return skip(x, "\"revoked\" is neither true nor false");
    if (((o->wrong >> P_MARKING_REFS | o->wrong >> P_GRANULAR) & 1) != 0)
        return skip(x, "its markings cannot be read");
    if ((o->seen >> P_PATTERN_TYPE & 1) != 0 &&
        !ent_slice_eq(get(o, P_PATTERN_TYPE), ENT_SLICE_LIT("stix")))
        return skip(x, "a pattern in another language than STIX");
    if ((o->seen >> P_PATTERN & 1) == 0)
        return skip(x, "an indicator without a pattern");
    if (!has(o, P_PATTERN))
        return skip(x, "a pattern that is no string, or of more than 65,536 bytes");
    if (!set_claim(x))
        return skip(x, "valid_from or valid_until is not a time");
    ent_arena_release(&x->arena);
    enum ent_err r = ent_pattern_parse(&pattern, &why, &x->arena, get(o, P_PATTERN));
    return r == ENT_OK ? take_values(x, &pattern) : skip(x, why);
}

/* Every STIX object has a type and "type--UUID" for an id; 2.0's cyber observables had neither but
 * never stand alone. */
static bool looks_like_stix(const struct object *o)
{
    struct ent_slice type = get(o, P_TYPE), id = get(o, P_ID);
    return type.n > 0 && id.n > type.n + 2 && ent_slice_starts(id, type) && id.p[type.n] == '-' &&
           id.p[type.n + 1] == '-';
}

static enum ent_err take_object(struct stix *x)
{
    const struct object *o = x->o;
    struct ent_slice type = get(o, P_TYPE);
    x->objects += looks_like_stix(o);
    if (type.n == 0)
        return skip(x, "an object without a type");
    if (ent_slice_eq(type, ENT_SLICE_LIT("indicator")))
        return take_indicator(x);
    if (ent_slice_eq(type, ENT_SLICE_LIT("marking-definition")) && !o->twice)
        define(x, get(o, P_ID), o->defines);
    return ENT_OK;
}

/* --- the file --------------------------------------------------------------------------------- */

/* Behind '[' to behind ']'. */
static enum ent_err list_of_objects(struct stix *x)
{
    enum ent_jp_event ev;
    enum ent_err r;
    for (;; x->elements++) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (ev == ENT_JP_OBJ) {
            if ((r = read_object(x, &x->item)) != ENT_OK || (r = take_object(x)) != ENT_OK)
                return r;
            continue;
        }
        if ((r = ent_feed_skip(x->f, x->jp.line, "not an object", x->jp.text)) != ENT_OK ||
            (r = ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
            return r;
    }
}

static enum ent_err broken(struct stix *x, const char *text)
{
    return ent_fail(x->f->d, ENT_E_FORMAT, text, 1, x->f->offset);
}

static const char not_stix[] = "JSON, but no STIX bundle or object";

/* The outermost object has been read, and its objects with it: a bundle, which may say so behind
 * them; a TAXII envelope, which has no type; or one bare object. */
static enum ent_err end_of_top(struct stix *x)
{
    struct ent_slice type = get(&x->top, P_TYPE);
    bool bundle = ent_slice_eq(type, ENT_SLICE_LIT("bundle"));
    bool list = has(&x->top, P_OBJECTS);
    if (list && x->top.twice)
        return broken(x, "a property stands twice in the bundle");
    if (list ? type.n > 0 && !bundle : !bundle && !looks_like_stix(&x->top))
        return broken(x, not_stix);
    x->o = &x->top;
    return list || bundle ? ENT_OK : take_object(x);
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
    r = array ? list_of_objects(x) : read_object(x, &x->top);
    /* the end of the text, or an error for what stands behind */
    if (r != ENT_OK || (r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
        return r;
    if (!array)
        return end_of_top(x);
    return x->elements > 0 && x->objects == 0 ? broken(x, not_stix) : ENT_OK;
}

enum ent_err ent_stix_read(struct ent_feed *f)
{
    struct stix *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    x->f = f;
    ent_buf_init(&x->top.bytes, KEPT_MAX);
    ent_buf_init(&x->item.bytes, KEPT_MAX);
    ent_arena_init(&x->arena, ENT_PATTERN_ARENA);
    enum ent_err r = ent_jp_init(&x->jp, f->in, f->offset, ENT_JP_DEPTH, ENT_PATTERN_BYTES);
    if (r == ENT_OK)
        r = read_file(x);
    ent_jp_release(&x->jp);
    ent_arena_release(&x->arena);
    ent_buf_release(&x->item.bytes);
    ent_buf_release(&x->top.bytes);
    free(x);
    return r;
}
