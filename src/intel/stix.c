/*
 * stix.c: STIX 2.0 and 2.1, one object at a time. A bundle of any size needs the memory of one
 * object, of which only the properties below are kept.
 *
 * Also read: a TAXII envelope ({"objects": [...]}), a bare object, a list of objects. Properties
 * come in any order; unknown ones are skipped; a known one that stands twice in an object makes
 * the object unusable, because two readers would take two different values. Each object is handed
 * on as it came, byte for byte, before what is taken out of it.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"
#include "intel/misp.h"
#include "intel/parse.h"
#include "intel/pattern.h"

#define ID_MAX    ENT_STIX_ID_MAX
#define NAME_MAX_ 1024                              /* before it is cleaned and cut */
#define LONG_MAX_ 4096                              /* descriptions: the same */
#define KEPT_MAX  (ENT_PATTERN_BYTES + (16u << 10)) /* bytes of one object */
#define REFS_MAX  (256u << 10)                      /* bytes of the ids that it points to */
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
    P_PHASES,
    P_SPEC_VERSION,
    P_CONFIDENCE,
    P_VALID_FROM,
    P_VALID_UNTIL,
    P_REVOKED,
    P_MARKING_REFS,
    P_GRANULAR,
    P_DEFINITION,
    P_EXTENSIONS,
    P_MODIFIED,
    P_CREATED_BY,
    P_VALUE,
    P_HASHES,
    P_OBJECTS,
    PROPERTIES
};

/* table */
static const struct {
    struct ent_slice name;
    size_t max; /* bytes kept of a string */
} properties[PROPERTIES] = {
    [P_TYPE] = {ENT_SLICE_LIT("type"), 64},
    [P_ID] = {ENT_SLICE_LIT("id"), ID_MAX},
    [P_NAME] = {ENT_SLICE_LIT("name"), NAME_MAX_},
    [P_DESCRIPTION] = {ENT_SLICE_LIT("description"), LONG_MAX_},
    [P_PATTERN] = {ENT_SLICE_LIT("pattern"), ENT_PATTERN_BYTES},
    [P_PATTERN_TYPE] = {ENT_SLICE_LIT("pattern_type"), 64},
    [P_INDICATOR_TYPES] = {ENT_SLICE_LIT("indicator_types"), 256},
    [P_LABELS] = {ENT_SLICE_LIT("labels"), 256},
    [P_PHASES] = {ENT_SLICE_LIT("kill_chain_phases"), 0},
    [P_SPEC_VERSION] = {ENT_SLICE_LIT("spec_version"), 16},
    [P_CONFIDENCE] = {ENT_SLICE_LIT("confidence"), 16},
    [P_VALID_FROM] = {ENT_SLICE_LIT("valid_from"), 64},
    [P_VALID_UNTIL] = {ENT_SLICE_LIT("valid_until"), 64},
    [P_REVOKED] = {ENT_SLICE_LIT("revoked"), 0},
    [P_MARKING_REFS] = {ENT_SLICE_LIT("object_marking_refs"), 0},
    [P_GRANULAR] = {ENT_SLICE_LIT("granular_markings"), 0},
    [P_DEFINITION] = {ENT_SLICE_LIT("definition"), 0},
    [P_EXTENSIONS] = {ENT_SLICE_LIT("extensions"), 0},
    [P_MODIFIED] = {ENT_SLICE_LIT("modified"), ENT_STIX_VERSION - 1},
    [P_CREATED_BY] = {ENT_SLICE_LIT("created_by_ref"), ID_MAX},
    [P_VALUE] = {ENT_SLICE_LIT("value"), 4 * ENT_OBS_MAX},
    [P_HASHES] = {ENT_SLICE_LIT("hashes"), 0},
    [P_OBJECTS] = {ENT_SLICE_LIT("objects"), 0},
};

/* The hashes of a file that are looked for. */
static const struct {
    const char *name;
    enum ent_obs_type type;
} hashes[] = {{"MD5", ENT_OBS_MD5},
              {"SHA-1", ENT_OBS_SHA1},
              {"SHA-256", ENT_OBS_SHA256},
              {"SHA-512", ENT_OBS_SHA512}};
#define HASHES    (sizeof(hashes) / sizeof(hashes[0]))
#define HASH_MOST 256 /* bytes of one, before it is looked at */

/* One object. */
struct object {
    uint64_t line, offset;
    uint32_t seen;  /* bit for each property */
    uint32_t wrong; /* of these, the ones of a wrong JSON type or too long */
    bool twice, revoked;
    enum ent_tlp marked;                  /* the narrowest marking that refers to it; 0 for none */
    bool unknown_mark;                    /* one refers to it that nobody has defined yet */
    enum ent_tlp defines;                 /* what it defines, when it is a marking-definition */
    struct ent_misp_tags tags;            /* labels, phases, further types of indicators */
    size_t at[PROPERTIES], n[PROPERTIES]; /* in bytes */
    size_t hash_at[HASHES], hash_n[HASHES];
    struct ent_buf bytes;
    bool recording, recorded; /* raw is going to be, or is, the object, '{' to '}' */
    struct ent_buf refs;      /* ids that it points to, '\n' behind each */
    struct ent_buf raw;
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

/* 0 for all others. */
static enum ent_tlp well_known_tlp(struct ent_slice id)
{
    static const struct ent_slice prefix = ENT_SLICE_LIT("marking-definition--");
    if (!ent_slice_starts(id, prefix))
        return (enum ent_tlp)0;
    for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++)
        if (ent_slice_ieq(ent_slice_from(id, prefix.n), ent_slice_str(well_known[i].uuid)))
            return well_known[i].tlp;
    return (enum ent_tlp)0;
}

/* Whether the marking is known here; *ret is 0 when it is no TLP marking. */
static bool is_marking(const struct stix *x, enum ent_tlp *ret, struct ent_slice id)
{
    if ((*ret = well_known_tlp(id)) != 0)
        return true;
    for (size_t i = 0; i < x->n_defined; i++)
        if (ent_slice_eq(id, ent_slice(x->defined[i].id, x->defined[i].n))) {
            *ret = x->defined[i].tlp;
            return true;
        }
    return false;
}

static void mark(struct stix *x, struct ent_slice id)
{
    enum ent_tlp tlp = (enum ent_tlp)0;
    if (!is_marking(x, &tlp, id))
        x->o->unknown_mark = true;
    else if (tlp > x->o->marked)
        x->o->marked = tlp;
}

/* A marking that is not known may say anything: the importer's word for what is not marked does not
 * widen it beyond AMBER. */
static enum ent_tlp narrowest(const struct stix *x)
{
    enum ent_tlp unmarked = x->f->opts->tlp == 0 ? ENT_TLP_AMBER : x->f->opts->tlp;
    enum ent_tlp tlp = x->o->marked != 0 ? x->o->marked : unmarked;
    if (x->o->tags.tlp > tlp) /* a label may say so, too */
        tlp = x->o->tags.tlp;
    return x->o->unknown_mark && tlp < ENT_TLP_AMBER ? ENT_TLP_AMBER : tlp;
}

static void define(struct stix *x, struct ent_slice id, enum ent_tlp tlp)
{
    if (x->n_defined == DEFINED || id.n > sizeof(x->defined[0].id))
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

/* ["first", ...]: the first string is kept, and of all, or of the others, the labels. */
static enum ent_err strings(struct stix *x, enum property p, enum ent_jp_event ev)
{
    bool first = true;
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return scalar(x, p, ENT_JP_ARR, ev);
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if (ev == ENT_JP_STR && !x->jp.cut && (p == P_LABELS || !first))
            ent_misp_tags_add(&x->o->tags, x->jp.text);
        if (first && ev == ENT_JP_STR)
            r = keep(x->o, p, &x->jp);
        else
            r = ent_jp_skip(&x->jp, x->f->d);
        first = first && ev != ENT_JP_STR;
        if (r != ENT_OK)
            return r;
    }
}

/* Behind the '{' of a phase: "kill_chain_name:phase_name". */
static enum ent_err phase(struct stix *x)
{
    static const struct ent_slice names[] = {ENT_SLICE_LIT("kill_chain_name"),
                                             ENT_SLICE_LIT("phase_name")};
    char part[2][ENT_LABEL_MAX], both[2 * ENT_LABEL_MAX + 1];
    size_t n[2] = {0, 0}, at;
    enum ent_jp_event ev;
    enum ent_err r;
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_OBJ_END)
            break;
        for (at = 0; at < 2 && !ent_slice_eq(x->jp.text, names[at]); at++) {
        }
        if (at == 2) {
            if ((r = ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
                break;
            continue;
        }
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
            break;
        n[at] = ev == ENT_JP_STR && x->jp.text.n <= ENT_LABEL_MAX ? x->jp.text.n : 0;
        if (n[at] > 0)
            memcpy(part[at], x->jp.text.p, n[at]);
        if ((r = ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
            break;
    }
    if (r != ENT_OK || n[0] == 0 || n[1] == 0)
        return r;
    int len = snprintf(both, sizeof(both), "%.*s:%.*s", (int)n[0], part[0], (int)n[1], part[1]);
    ent_misp_tags_add(&x->o->tags, ent_slice(both, (size_t)len));
    return ENT_OK;
}

static enum ent_err phases(struct stix *x, enum ent_jp_event ev)
{
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return scalar(x, P_PHASES, ENT_JP_ARR, ev);
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        if ((r = ev == ENT_JP_OBJ ? phase(x) : ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
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

/* {"MD5": "...", ...} */
static enum ent_err read_hashes(struct stix *x, enum ent_jp_event ev)
{
    struct object *o = x->o;
    enum ent_err r;
    if (ev != ENT_JP_OBJ)
        return scalar(x, P_HASHES, ENT_JP_OBJ, ev);
    for (;;) {
        size_t i = 0;
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_OBJ_END)
            return r;
        while (i < HASHES && !ent_slice_eq(x->jp.text, ent_slice_str(hashes[i].name)))
            i++;
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
            return r;
        if (i == HASHES || ev != ENT_JP_STR) {
            if ((r = ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
                return r;
            continue;
        }
        o->twice = o->twice || o->hash_n[i] != 0;
        o->hash_at[i] = o->bytes.n;
        o->hash_n[i] = x->jp.text.n > HASH_MOST ? HASH_MOST : x->jp.text.n;
        if ((r = ent_buf_put(&o->bytes, x->jp.text.p, o->hash_n[i])) != ENT_OK)
            return r;
    }
}

/* Properties whose names end so point to other objects (STIX 2.1 section 3.1). Who made it and how
 * it is marked is no such thing here. */
static bool is_reference(struct ent_slice key)
{
    static const struct ent_slice one = ENT_SLICE_LIT("_ref"), many = ENT_SLICE_LIT("_refs");
    return (key.n > one.n && ent_slice_eq(ent_slice_from(key, key.n - one.n), one)) ||
           (key.n > many.n && ent_slice_eq(ent_slice_from(key, key.n - many.n), many));
}

/* What does not fit is only not found by those who look from the other end. */
static enum ent_err add_reference(struct object *o, struct ent_slice id)
{
    if (!ent_is_stix_id(id) || id.n + 1 > o->refs.max - o->refs.n)
        return ENT_OK;
    enum ent_err r = ent_buf_put_slice(&o->refs, id);
    return r == ENT_OK ? ent_buf_putc(&o->refs, '\n') : r;
}

static enum ent_err references(struct stix *x)
{
    struct object *o = x->o;
    enum ent_jp_event ev;
    enum ent_err r = ent_jp_next(&x->jp, &ev, x->f->d);
    if (r != ENT_OK)
        return r;
    if (ev == ENT_JP_STR)
        return add_reference(o, x->jp.text);
    if (ev != ENT_JP_ARR)
        return ent_jp_skip(&x->jp, x->f->d);
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END)
            return r;
        r = ev == ENT_JP_STR ? add_reference(o, x->jp.text) : ent_jp_skip(&x->jp, x->f->d);
        if (r != ENT_OK)
            return r;
    }
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
        return strings(x, p, ev);
    case P_PHASES:
        return phases(x, ev);
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
    case P_HASHES:
        return read_hashes(x, ev);
    case P_DEFINITION:
        return walk(x, ev, "tlp", found_definition);
    case P_EXTENSIONS:
        return walk(x, ev, "tlp_2_0", found_definition);
    case P_OBJECTS:
        if (x->o == &x->top && ev == ENT_JP_ARR) {
            ent_jp_record_drop(&x->jp); /* a bundle is not kept, only what is in it */
            x->o->recording = false;
            return list_of_objects(x);
        }
        x->o->wrong |= 1u << p;
        return ent_jp_skip(&x->jp, x->f->d);
    default:
        return scalar(x, p, ENT_JP_STR, ev);
    }
}

static enum property property_of(struct ent_slice key)
{
    unsigned p = 0;
    while (p < PROPERTIES && !ent_slice_eq(key, properties[p].name))
        p++;
    return (enum property)p;
}

static void start_object(struct stix *x, struct object *o)
{
    struct ent_buf bytes = o->bytes, refs = o->refs, raw = o->raw;
    ent_buf_clear(&bytes);
    ent_buf_clear(&refs);
    ent_buf_clear(&raw);
    *o = (struct object){
        .line = x->jp.line, .offset = x->jp.offset, .bytes = bytes, .refs = refs, .raw = raw};
    ent_misp_tags_init(&o->tags);
    x->o = o;
    o->recording = x->f->sink->object != NULL;
    if (o->recording)
        ent_jp_record(&x->jp, &o->raw);
}

/* A property that is not in the table. */
static enum ent_err other_property(struct stix *x)
{
    bool reference = !x->jp.cut && x->f->sink->object != NULL && is_reference(x->jp.text);
    return reference ? references(x) : ent_jp_skip(&x->jp, x->f->d);
}

/* Behind '{' to behind '}'. The outermost object may hold the list of objects. */
static enum ent_err read_object(struct stix *x, struct object *o)
{
    enum ent_jp_event ev;
    enum ent_err r;
    start_object(x, o);
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
            return r;
        if (ev == ENT_JP_OBJ_END) {
            o->recorded = o->recording && ent_jp_record_end(&x->jp) == ENT_OK;
            return ENT_OK;
        }
        bool taken = false;
        if (o == &x->top && x->f->opts->envelope != NULL &&
            (r = ent_envelope_key(x->f->opts->envelope, &taken, &x->jp, x->f->d)) != ENT_OK)
            return r;
        if (taken)
            continue;
        enum property p = x->jp.cut ? PROPERTIES : property_of(x->jp.text);
        bool again = p != PROPERTIES && (o->seen >> p & 1) != 0;
        o->twice = o->twice || again;
        if (p == PROPERTIES || again) {
            if ((r = again ? ent_jp_skip(&x->jp, x->f->d) : other_property(x)) != ENT_OK)
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

/* In 2.0 the first label says of what kind it is; in 2.1 labels say anything. */
static enum property kind_of(const struct object *o)
{
    bool newer = ent_slice_eq(get(o, P_SPEC_VERSION), ENT_SLICE_LIT("2.1"));
    return newer || has(o, P_INDICATOR_TYPES) ? P_INDICATOR_TYPES : P_LABELS;
}

/* False when one of its times is no time. */
static bool set_claim(struct stix *x)
{
    struct ent_indicator *ind = &x->f->ind;
    const struct object *o = x->o;
    uint64_t confidence;
    ent_feed_reset(x->f);
    ind->id = get(o, P_ID);
    ent_feed_kind(x->f, get(o, kind_of(o)));
    set_text(x);
    ind->tlp = narrowest(x);
    ent_feed_tags(x->f, &o->tags);
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

/* --- objects as they came --------------------------------------------------------------------- */

static enum ent_err hand_on(struct stix *x, bool taken, bool *use)
{
    const struct object *o = x->o;
    char version[ENT_STIX_VERSION];
    struct ent_stix_object out = {.id = get(o, P_ID),
                                  .creator = get(o, P_CREATED_BY),
                                  .refs = ent_buf_slice(&o->refs),
                                  .tlp = narrowest(x),
                                  .revoked = o->revoked,
                                  .taken = taken,
                                  .line = o->line,
                                  .bytes = ent_buf_slice(&o->raw)};
    if (!ent_stix_version(version, get(o, P_MODIFIED)) || (o->wrong >> P_MODIFIED & 1) != 0)
        return skip(x, "not kept as it came: \"modified\" is not a time of STIX");
    out.version = ent_slice_str(version);
    return x->f->sink->object(x->f->sink->ctx, &out, use);
}

/* The object as a whole, before what is taken out of it, which counts only if *use. */
static enum ent_err keep_object(struct stix *x, bool taken, bool *use)
{
    const struct object *o = x->o;
    struct ent_slice id = get(o, P_ID), type = get(o, P_TYPE);
    *use = true;
    if (x->f->sink->object == NULL)
        return ENT_OK;
    if (!ent_is_stix_id(id) || !ent_slice_starts(id, type) || id.p[type.n] != '-')
        return skip(x, "not kept as it came: its id is none of STIX");
    if (!o->recorded)
        return skip(x, "not kept as it came: more than 1,048,576 bytes");
    return hand_on(x, taken, use);
}

/* An object that is no indicator. */
static enum ent_err keep_other(struct stix *x, bool *use)
{
    const struct object *o = x->o;
    *use = false;
    if (o->twice)
        return skip(x, "a property stands twice in the object");
    if (((o->wrong >> P_MARKING_REFS | o->wrong >> P_GRANULAR) & 1) != 0)
        return skip(x, "its markings cannot be read");
    if ((o->wrong >> P_REVOKED & 1) != 0)
        return skip(x, "\"revoked\" is neither true nor false");
    return keep_object(x, false, use);
}

/* The next value that is an observable, in f->ind.obs; the others are reported. */
static enum ent_err next_value(struct stix *x, const struct ent_pattern_value **v)
{
    struct ent_feed *f = x->f;
    enum ent_err r = ENT_OK;
    for (; *v != NULL && r == ENT_OK; *v = (*v)->next) {
        const char *why = NULL;
        enum ent_err bad = (*v)->type == 0
                               ? parse_end(&f->ind.obs, &why, *v)
                               : ent_observable_parse_as(&f->ind.obs, &why, (*v)->type, (*v)->text);
        if (bad == ENT_OK)
            return ENT_OK;
        r = ent_feed_skip(f, x->o->line, why, (*v)->text);
    }
    return r;
}

static enum ent_err take_values(struct stix *x, const struct ent_pattern *pattern)
{
    const struct ent_pattern_value *v = pattern->values;
    bool use = false;
    enum ent_err r;
    if ((r = next_value(x, &v)) != ENT_OK || (r = keep_object(x, v != NULL, &use)) != ENT_OK)
        return r;
    x->f->ind.line = x->o->line;
    while (v != NULL && use) {
        if ((r = ent_feed_take(x->f)) != ENT_OK)
            return r;
        v = v->next;
        if ((r = next_value(x, &v)) != ENT_OK)
            return r;
    }
    return pattern->lost != NULL && use ? skip(x, pattern->lost) : ENT_OK;
}

/* What its author took back, and whether he may is the sink's to say. */
static enum ent_err take_back(struct stix *x)
{
    const struct ent_import_sink *sink = x->f->sink;
    struct ent_slice id = get(x->o, P_ID);
    bool use;
    enum ent_err r;
    if (id.n == 0 || sink->withdraw == NULL)
        return skip(x, "revoked by its author");
    if ((r = keep_object(x, false, &use)) != ENT_OK || !use)
        return r;
    return sink->withdraw(sink->ctx, id);
}

/* An indicator that nothing can be taken out of is kept all the same. */
static enum ent_err keep_saying(struct stix *x, const char *why)
{
    bool use;
    enum ent_err r = keep_object(x, false, &use);
    return r == ENT_OK && use ? skip(x, why) : r;
}

static enum ent_err take_indicator(struct stix *x)
{
    const struct object *o = x->o;
    struct ent_pattern pattern;
    const char *why = NULL;
    if (o->twice)
        return skip(x, "a property stands twice in the object");
    if ((o->wrong >> P_REVOKED & 1) != 0)
        return skip(x, "\"revoked\" is neither true nor false");
    if (o->revoked)
        return take_back(x);
    if (((o->wrong >> P_MARKING_REFS | o->wrong >> P_GRANULAR) & 1) != 0)
        return skip(x, "its markings cannot be read");
    if ((o->seen >> P_PATTERN_TYPE & 1) != 0 &&
        !ent_slice_eq(get(o, P_PATTERN_TYPE), ENT_SLICE_LIT("stix")))
        return keep_saying(x, "a pattern in another language than STIX");
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

/* --- observables that nobody calls hostile ---------------------------------------------------- */

/* table */
static enum ent_obs_type observable_type(struct ent_slice type)
{
    static const struct {
        const char *name;
        enum ent_obs_type type;
    } types[] = {{"ipv4-addr", ENT_OBS_IPV4},
                 {"ipv6-addr", ENT_OBS_IPV6},
                 {"domain-name", ENT_OBS_DOMAIN},
                 {"url", ENT_OBS_URL},
                 {"email-addr", ENT_OBS_EMAIL}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (ent_slice_eq(type, ent_slice_str(types[i].name)))
            return types[i].type;
    return (enum ent_obs_type)0;
}

/* With --unflagged an observable that stands there as such is taken, as its importer says so. */
static enum ent_err take_observable(struct stix *x)
{
    const struct object *o = x->o;
    enum ent_obs_type type = observable_type(get(o, P_TYPE));
    bool file = ent_slice_eq(get(o, P_TYPE), ENT_SLICE_LIT("file")), use;
    enum ent_err r = keep_other(x, &use);
    if (r != ENT_OK || !use || !x->f->opts->unflagged || (!file && type == 0) || !set_claim(x))
        return r;
    if (!file)
        return has(o, P_VALUE) ? ent_feed_value(x->f, o->line, type, get(o, P_VALUE)) : ENT_OK;
    for (size_t i = 0; i < HASHES && r == ENT_OK; i++)
        if (o->hash_n[i] > 0)
            r = ent_feed_value(x->f, o->line, hashes[i].type,
                               ent_slice(o->bytes.p + o->hash_at[i], o->hash_n[i]));
    return r;
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
    bool ignored;
    x->objects += looks_like_stix(o);
    if (type.n == 0)
        return skip(x, "an object without a type");
    if (ent_slice_eq(type, ENT_SLICE_LIT("indicator")))
        return take_indicator(x);
    if (ent_slice_eq(type, ENT_SLICE_LIT("bundle")))
        return skip(x, "a bundle inside of a bundle");
    if (!ent_slice_eq(type, ENT_SLICE_LIT("marking-definition")))
        return take_observable(x);
    if (well_known_tlp(get(o, P_ID)) != 0)
        return ENT_OK; /* everybody has these */
    if (!o->twice)
        define(x, get(o, P_ID), o->defines);
    return keep_other(x, &ignored);
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

/* {} is one without objects. */
static enum ent_err end_of_envelope(struct stix *x)
{
    struct ent_slice type = get(&x->top, P_TYPE);
    bool list = (x->top.seen >> P_OBJECTS & 1) != 0, typed = (x->top.seen >> P_TYPE & 1) != 0;
    if (x->top.twice)
        return broken(x, "a property stands twice in the envelope");
    if (typed && !(list && ent_slice_eq(type, ENT_SLICE_LIT("bundle"))))
        return broken(x, "JSON, but no TAXII envelope");
    return list && !has(&x->top, P_OBJECTS) ? broken(x, "\"objects\" is no list") : ENT_OK;
}

/* The outermost object has been read, and its objects with it: a bundle, which may say so behind
 * them; a TAXII envelope, which has no type; or one bare object. */
static enum ent_err end_of_top(struct stix *x)
{
    struct ent_slice type = get(&x->top, P_TYPE);
    bool bundle = ent_slice_eq(type, ENT_SLICE_LIT("bundle"));
    bool list = has(&x->top, P_OBJECTS);
    if (x->f->opts->envelope != NULL)
        return end_of_envelope(x);
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
    if (array && x->f->opts->envelope != NULL)
        return broken(x, "JSON, but no TAXII envelope");
    r = array ? list_of_objects(x) : read_object(x, &x->top);
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
}

static void release_object(struct object *o)
{
    ent_buf_release(&o->bytes);
    ent_buf_release(&o->refs);
    ent_buf_release(&o->raw);
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
    if (r == ENT_OK)
        r = read_file(x);
    ent_jp_release(&x->jp);
    ent_arena_release(&x->arena);
    release_object(&x->item);
    release_object(&x->top);
    free(x);
    return r;
}
