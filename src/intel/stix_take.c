/*
 * stix_take.c: what an object of STIX says that can be looked for, and the object as it came, which
 * the sink hears of first.
 */
#include "intel/stix_parts.h"

#include "intel/parse.h"

const struct ent_stix_hash ent_stix_hashes[HASHES] = {{"MD5", ENT_OBS_MD5},
                                                      {"SHA-1", ENT_OBS_SHA1},
                                                      {"SHA-256", ENT_OBS_SHA256},
                                                      {"SHA-512", ENT_OBS_SHA512}};

/* --- an indicator ----------------------------------------------------------------------------- */

static enum ent_err skip(struct stix *x, const char *reason)
{
    return ent_feed_skip(x->f, x->o->line, reason,
                         ent_stix_get(x->o, ent_stix_has(x->o, P_PATTERN) ? P_PATTERN : P_ID));
}

/* "name: description", or what there is of the two. */
static void set_text(struct stix *x)
{
    struct ent_slice name = ent_stix_get(x->o, P_NAME), text = ent_stix_get(x->o, P_DESCRIPTION);
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
    bool newer = ent_slice_eq(ent_stix_get(o, P_SPEC_VERSION), ENT_SLICE_LIT("2.1"));
    return newer || ent_stix_has(o, P_INDICATOR_TYPES) ? P_INDICATOR_TYPES : P_LABELS;
}

/* False when one of its times is no time. */
static bool set_claim(struct stix *x)
{
    struct ent_indicator *ind = &x->f->ind;
    const struct object *o = x->o;
    uint64_t confidence;
    ent_feed_reset(x->f);
    ind->id = ent_stix_get(o, P_ID);
    ent_feed_kind(x->f, ent_stix_get(o, kind_of(o)));
    set_text(x);
    ind->tlp = ent_stix_tlp(x);
    ent_feed_tags(x->f, &o->tags);
    if (ent_stix_has(o, P_CONFIDENCE) &&
        ent_parse_u64(&confidence, ent_stix_get(o, P_CONFIDENCE), 100) == ENT_OK)
        ind->confidence = (int)confidence;
    if ((o->wrong & (1u << P_VALID_FROM | 1u << P_VALID_UNTIL)) != 0)
        return false;
    return (!ent_stix_has(o, P_VALID_FROM) ||
            ent_time_parse(&ind->valid_from, ent_stix_get(o, P_VALID_FROM)) == ENT_OK) &&
           (!ent_stix_has(o, P_VALID_UNTIL) ||
            ent_time_parse(&ind->valid_until, ent_stix_get(o, P_VALID_UNTIL)) == ENT_OK);
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

/* What of the gist is no slice of the object itself. */
struct gist_text {
    char name[ENT_STIX_NAME - 1], relation[ENT_STIX_RELATION - 1];
};

static enum ent_err set_gist(struct stix *x, struct ent_stix_gist *g, struct gist_text *t)
{
    const struct object *o = x->o;
    struct ent_slice version = ent_stix_get(o, P_SPEC_VERSION);
    char ignored[ENT_STIX_VERSION];
    *g = (struct ent_stix_gist){.creator = ent_stix_get(o, P_CREATED_BY),
                                .created = ent_stix_get(o, P_CREATED),
                                .names = ent_buf_slice(&o->names)};
    if (!ent_is_stix_id(g->creator)) /* nobody can be known by it */
        g->creator.n = 0;
    if (o->n[P_MODIFIED] > 0 || !ent_stix_version(ignored, g->created))
        g->created.n = 0;
    g->is_20 = ent_stix_has(o, P_SPEC_VERSION) ? ent_slice_eq(version, ENT_SLICE_LIT("2.0"))
                                               : (o->seen >> P_CREATED & 1) != 0;
    g->name = ent_slice(t->name, ent_clean_text(t->name, sizeof(t->name), ent_stix_get(o, P_NAME)));
    g->relation = ent_slice(
        t->relation, ent_clean_text(t->relation, sizeof(t->relation), ent_stix_get(o, P_RELATION)));
    return ent_stix_said(x->sayer, g->said32, ent_buf_slice(&o->raw));
}

static enum ent_err hand_on(struct stix *x, bool taken, bool *use)
{
    const struct object *o = x->o;
    struct gist_text text;
    char version[ENT_STIX_VERSION];
    struct ent_stix_object out = {.id = ent_stix_get(o, P_ID),
                                  .refs = ent_buf_slice(&o->refs),
                                  .tlp = ent_stix_tlp(x),
                                  .revoked = o->revoked,
                                  .taken = taken,
                                  .line = o->line,
                                  .bytes = ent_buf_slice(&o->raw)};
    if (!ent_stix_version(version, ent_stix_get(o, P_MODIFIED)) ||
        (o->wrong >> P_MODIFIED & 1) != 0)
        return skip(x, "not kept as it came: \"modified\" is not a time of STIX");
    out.version = ent_slice_str(version);
    enum ent_err r = set_gist(x, &out.gist, &text);
    return r != ENT_OK ? r : x->f->sink->object(x->f->sink->ctx, &out, use);
}

/* The object as a whole, before what is taken out of it, which counts only if *use. */
static enum ent_err keep_object(struct stix *x, bool taken, bool *use)
{
    const struct object *o = x->o;
    struct ent_slice id = ent_stix_get(o, P_ID), type = ent_stix_get(o, P_TYPE);
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

static enum ent_err parse_value(struct ent_observable *ret, const char **why,
                                const struct ent_pattern_value *v)
{
    return v->type == 0 ? parse_end(ret, why, v)
                        : ent_observable_parse_as(ret, why, v->type, v->text);
}

/* The next value that is an observable, in f->ind.obs; the others are reported. */
static enum ent_err next_value(struct stix *x, const struct ent_pattern_value **v)
{
    struct ent_feed *f = x->f;
    enum ent_err r = ENT_OK;
    for (; *v != NULL && r == ENT_OK; *v = (*v)->next) {
        const char *why = NULL;
        if (parse_value(&f->ind.obs, &why, *v) == ENT_OK)
            return ENT_OK;
        r = ent_feed_skip(f, x->o->line, why, (*v)->text);
    }
    return r;
}

/* All that it speaks of, from this value on, whose observable is in f->ind.obs. */
static enum ent_err name_values(struct stix *x, const struct ent_pattern_value *v)
{
    struct ent_observable o;
    const char *why;
    if (v == NULL || x->f->sink->object == NULL)
        return ENT_OK;
    enum ent_err r = ent_stix_names_add(&x->o->names, &x->f->ind.obs);
    while ((v = v->next) != NULL && r == ENT_OK)
        if (parse_value(&o, &why, v) == ENT_OK)
            r = ent_stix_names_add(&x->o->names, &o);
    return r;
}

static enum ent_err take_values(struct stix *x, const struct ent_pattern *pattern)
{
    const struct ent_pattern_value *v = pattern->values;
    bool use = false;
    enum ent_err r;
    if ((r = next_value(x, &v)) != ENT_OK || (r = name_values(x, v)) != ENT_OK ||
        (r = keep_object(x, v != NULL, &use)) != ENT_OK)
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
    struct ent_slice id = ent_stix_get(x->o, P_ID);
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
        !ent_slice_eq(ent_stix_get(o, P_PATTERN_TYPE), ENT_SLICE_LIT("stix")))
        return keep_saying(x, "a pattern in another language than STIX");
    if ((o->seen >> P_PATTERN & 1) == 0)
        return skip(x, "an indicator without a pattern");
    if (!ent_stix_has(o, P_PATTERN))
        return skip(x, "a pattern that is no string, or of more than 65,536 bytes");
    if (!set_claim(x))
        return skip(x, "valid_from or valid_until is not a time");
    ent_arena_release(&x->arena);
    enum ent_err r = ent_pattern_parse(&pattern, &why, &x->arena, ent_stix_get(o, P_PATTERN));
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

/* Of an observable that stands there as such, whether it is taken or not. */
static enum ent_err name_observable(struct stix *x, enum ent_obs_type type, bool file)
{
    struct object *o = x->o;
    struct ent_observable obs;
    enum ent_err r = ENT_OK;
    if (x->f->sink->object == NULL)
        return ENT_OK;
    if (type != 0 && ent_stix_has(o, P_VALUE) &&
        ent_observable_parse_as(&obs, NULL, type, ent_stix_get(o, P_VALUE)) == ENT_OK)
        r = ent_stix_names_add(&o->names, &obs);
    for (size_t i = 0; i < HASHES && file && r == ENT_OK; i++)
        if (o->hash_n[i] > 0 &&
            ent_observable_parse_as(&obs, NULL, ent_stix_hashes[i].type,
                                    ent_slice(o->bytes.p + o->hash_at[i], o->hash_n[i])) == ENT_OK)
            r = ent_stix_names_add(&o->names, &obs);
    return r;
}

/* With --unflagged an observable that stands there as such is taken, as its importer says so. */
static enum ent_err take_observable(struct stix *x)
{
    const struct object *o = x->o;
    enum ent_obs_type type = observable_type(ent_stix_get(o, P_TYPE));
    bool file = ent_slice_eq(ent_stix_get(o, P_TYPE), ENT_SLICE_LIT("file")), use = false;
    enum ent_err r = name_observable(x, type, file);
    if (r == ENT_OK)
        r = keep_other(x, &use);
    if (r != ENT_OK || !use || !x->f->opts->unflagged || (!file && type == 0) || !set_claim(x))
        return r;
    if (!file)
        return ent_stix_has(o, P_VALUE)
                   ? ent_feed_value(x->f, o->line, type, ent_stix_get(o, P_VALUE))
                   : ENT_OK;
    for (size_t i = 0; i < HASHES && r == ENT_OK; i++)
        if (o->hash_n[i] > 0)
            r = ent_feed_value(x->f, o->line, ent_stix_hashes[i].type,
                               ent_slice(o->bytes.p + o->hash_at[i], o->hash_n[i]));
    return r;
}

/* Every STIX object has a type and "type--UUID" for an id; 2.0's cyber observables had neither but
 * never stand alone. */
bool ent_stix_looks_right(const struct object *o)
{
    struct ent_slice type = ent_stix_get(o, P_TYPE), id = ent_stix_get(o, P_ID);
    return type.n > 0 && id.n > type.n + 2 && ent_slice_starts(id, type) && id.p[type.n] == '-' &&
           id.p[type.n + 1] == '-';
}

enum ent_err ent_stix_take_object(struct stix *x)
{
    const struct object *o = x->o;
    struct ent_slice type = ent_stix_get(o, P_TYPE);
    bool ignored;
    x->objects += ent_stix_looks_right(o);
    if (type.n == 0)
        return skip(x, "an object without a type");
    if (ent_slice_eq(type, ENT_SLICE_LIT("indicator")))
        return take_indicator(x);
    if (ent_slice_eq(type, ENT_SLICE_LIT("bundle")))
        return skip(x, "a bundle inside of a bundle");
    if (!ent_slice_eq(type, ENT_SLICE_LIT("marking-definition")))
        return take_observable(x);
    if (ent_stix_well_known(ent_stix_get(o, P_ID)) != 0)
        return ENT_OK; /* everybody has these */
    if (!o->twice)
        ent_stix_define(x, ent_stix_get(o, P_ID), o->defines);
    return keep_other(x, &ignored);
}
