/*
 * stix_read.c: one object of STIX, property by property, in whatever order they come; and what its
 * markings mean. Of an object only what the table names is held, but for its bytes as they came.
 */
#include "intel/stix_parts.h"

#include "intel/parse.h"

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
    [P_CREATED] = {ENT_SLICE_LIT("created"), ENT_STIX_VERSION - 1},
    [P_RELATION] = {ENT_SLICE_LIT("relationship_type"), 256},
    [P_VALUE] = {ENT_SLICE_LIT("value"), 4 * ENT_OBS_MAX},
    [P_HASHES] = {ENT_SLICE_LIT("hashes"), 0},
    [P_OBJECTS] = {ENT_SLICE_LIT("objects"), 0},
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
enum ent_tlp ent_stix_well_known(struct ent_slice id)
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
    if ((*ret = ent_stix_well_known(id)) != 0)
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
enum ent_tlp ent_stix_tlp(const struct stix *x)
{
    enum ent_tlp unmarked = x->f->opts->tlp == 0 ? ENT_TLP_AMBER : x->f->opts->tlp;
    enum ent_tlp tlp = x->o->marked != 0 ? x->o->marked : unmarked;
    if (x->o->tags.tlp > tlp) /* a label may say so, too */
        tlp = x->o->tags.tlp;
    return x->o->unknown_mark && tlp < ENT_TLP_AMBER ? ENT_TLP_AMBER : tlp;
}

void ent_stix_define(struct stix *x, struct ent_slice id, enum ent_tlp tlp)
{
    if (x->n_defined == DEFINED || id.n > sizeof(x->defined[0].id))
        return;
    memcpy(x->defined[x->n_defined].id, id.p, id.n);
    x->defined[x->n_defined].n = id.n;
    x->defined[x->n_defined++].tlp = tlp;
}

/* --- one object's properties ------------------------------------------------------------------ */

bool ent_stix_has(const struct object *o, enum property p)
{
    return (o->seen >> p & 1) != 0 && (o->wrong >> p & 1) == 0;
}

struct ent_slice ent_stix_get(const struct object *o, enum property p)
{
    if (!ent_stix_has(o, p) || o->n[p] == 0)
        return (struct ent_slice){(const uint8_t *)"", 0};
    return ent_slice(o->bytes.p + o->at[p], o->n[p]);
}

static enum ent_err keep(struct object *o, enum property p, const struct ent_jp *jp)
{
    bool text = p == P_NAME || p == P_DESCRIPTION || p == P_RELATION;
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
        while (i < HASHES && !ent_slice_eq(x->jp.text, ent_slice_str(ent_stix_hashes[i].name)))
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
            return ent_stix_read_list(x);
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
    struct ent_buf bytes = o->bytes, refs = o->refs, raw = o->raw, names = o->names;
    ent_buf_clear(&bytes);
    ent_buf_clear(&refs);
    ent_buf_clear(&raw);
    ent_buf_clear(&names);
    *o = (struct object){.line = x->jp.line,
                         .offset = x->jp.offset,
                         .bytes = bytes,
                         .refs = refs,
                         .raw = raw,
                         .names = names};
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
enum ent_err ent_stix_read_object(struct stix *x, struct object *o)
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
