/*
 * misp.c: MISP events, as its API and its feeds give them: {"Event": ...}, {"response": [...]}, a
 * bare event, a list of them, and answers of attributes alone.
 *
 * An event's tags may stand behind its attributes, and they decide how far these may be passed on;
 * so what is taken is held until the event ends, in at most HELD_MAX bytes, and an event with more
 * is refused. Properties come in any order; unknown ones are skipped; a known one that stands twice
 * makes its attribute or event unusable, because two readers would take two different values.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"
#include "intel/misp.h"

#define HELD_MAX    (64u << 20)
#define STRING_MAX_ (8u << 10)
#define NESTED      3 /* an event in a response in a list */

/* Where a property has a meaning. */
enum level { L_EVENT = 1, L_OBJECT = 2, L_ATTRIBUTE = 4 };

enum property {
    P_UUID,
    P_TYPE,
    P_VALUE,
    P_CATEGORY,
    P_COMMENT,
    P_TIMESTAMP,
    P_FIRST_SEEN,
    P_INFO,
    P_THREAT,
    P_TO_IDS,
    P_DELETED,
    P_ORGC,
    P_TAG,
    P_ATTRIBUTE,
    P_OBJECT,
    P_EVENT,
    P_RESPONSE,
    PROPERTIES
};

/* table */
static const struct {
    const char *name;
    unsigned levels;
    size_t max; /* bytes kept of a string or number */
    bool prose; /* what is longer is cut */
} properties[PROPERTIES] = {
    [P_UUID] = {"uuid", L_ATTRIBUTE, 64, false},
    [P_TYPE] = {"type", L_ATTRIBUTE, 64, false},
    [P_VALUE] = {"value", L_ATTRIBUTE, STRING_MAX_, false},
    [P_CATEGORY] = {"category", L_ATTRIBUTE, ENT_INDICATOR_KIND, true},
    [P_COMMENT] = {"comment", L_ATTRIBUTE, 1024, true},
    [P_TIMESTAMP] = {"timestamp", L_ATTRIBUTE, 64, false},
    [P_FIRST_SEEN] = {"first_seen", L_ATTRIBUTE, 64, false},
    [P_INFO] = {"info", L_EVENT, 192, true},
    [P_THREAT] = {"threat_level_id", L_EVENT, 64, false},
    [P_TO_IDS] = {"to_ids", L_ATTRIBUTE, 0, false},
    [P_DELETED] = {"deleted", L_ATTRIBUTE | L_OBJECT, 0, false},
    [P_ORGC] = {"Orgc", L_EVENT, 64, true},
    [P_TAG] = {"Tag", L_EVENT | L_OBJECT | L_ATTRIBUTE, 0, false},
    [P_ATTRIBUTE] = {"Attribute", L_EVENT | L_OBJECT, 0, false},
    [P_OBJECT] = {"Object", L_EVENT, 0, false},
    [P_EVENT] = {"Event", L_EVENT, 0, false},
    [P_RESPONSE] = {"response", L_EVENT, 0, false},
};

/* An event, an object or an attribute. */
struct scope {
    enum level level;
    uint64_t line;
    uint32_t seen;  /* bit for each property */
    uint32_t wrong; /* of these, the ones of a wrong JSON type or too long */
    uint32_t none;  /* of these, the ones that are null */
    bool twice, to_ids, deleted;
    struct ent_misp_tags tags;
    size_t at[PROPERTIES], n[PROPERTIES]; /* in bytes */
    struct ent_buf bytes;
};

/* What an attribute says, until its event has said everything. */
struct held {
    struct held *next;
    uint64_t line;
    int64_t valid_from;
    int confidence;
    enum ent_tlp tlp;
    bool deleted;
    enum ent_obs_type type;
    struct ent_slice obs, id, kind, text, labels;
    struct ent_slice around; /* labels of the object that it stands in */
};

struct misp {
    struct ent_feed *f;
    struct ent_jp jp;
    struct scope event, object, attribute;
    struct ent_arena arena;
    struct held *first, *last;
    uint64_t elements, events; /* at any level of nesting; events are those that look like one */
};

/* --- properties ------------------------------------------------------------------------------- */

static bool is(uint32_t set, enum property p)
{
    return (set >> p & 1) != 0;
}

static bool has(const struct scope *s, enum property p)
{
    return is(s->seen & ~s->wrong & ~s->none, p);
}

static struct ent_slice get(const struct scope *s, enum property p)
{
    if (!has(s, p) || s->n[p] == 0)
        return (struct ent_slice){(const uint8_t *)"", 0};
    return ent_slice(s->bytes.p + s->at[p], s->n[p]);
}

static enum ent_err skip(struct misp *x, const struct scope *s, const char *reason)
{
    return ent_feed_skip(x->f, s->line, reason, get(s, s->level == L_EVENT ? P_INFO : P_VALUE));
}

static void start(struct misp *x, struct scope *s, enum level level)
{
    struct ent_buf bytes = s->bytes;
    ent_buf_clear(&bytes);
    *s = (struct scope){.level = level, .line = x->jp.line, .bytes = bytes};
    ent_misp_tags_init(&s->tags);
}

static enum ent_err keep(struct misp *x, struct scope *s, enum property p, enum ent_jp_event ev)
{
    if (ev != ENT_JP_STR && ev != ENT_JP_NUM) {
        s->wrong |= 1u << p;
        return ent_jp_skip(&x->jp, x->f->d);
    }
    struct ent_slice kept = ent_utf8_cut(x->jp.text, properties[p].max);
    if (!properties[p].prose && (x->jp.cut || kept.n < x->jp.text.n))
        s->wrong |= 1u << p;
    s->at[p] = s->bytes.n;
    s->n[p] = kept.n;
    return ent_buf_put_slice(&s->bytes, kept);
}

/* true and false; 1, 0, "1" and "0" where MISP's database shows through. */
static enum ent_err flag(struct misp *x, struct scope *s, enum property p, enum ent_jp_event ev,
                         bool *ret)
{
    bool text = ev == ENT_JP_STR || ev == ENT_JP_NUM;
    bool yes = ev == ENT_JP_TRUE || (text && ent_slice_eq(x->jp.text, ENT_SLICE_LIT("1")));
    bool no = ev == ENT_JP_FALSE || (text && ent_slice_eq(x->jp.text, ENT_SLICE_LIT("0")));
    if (yes || no)
        *ret = yes;
    else
        s->wrong |= 1u << p;
    return ent_jp_skip(&x->jp, x->f->d);
}

/* The one name in {"name": "...", ...}. */
static enum ent_err name_of(struct misp *x, struct scope *s, enum property p, enum ent_jp_event ev,
                            enum ent_err (*found)(struct misp *x, struct scope *s, enum property p,
                                                  enum ent_jp_event ev))
{
    unsigned names = 0;
    enum ent_err r;
    if (ev != ENT_JP_OBJ) {
        s->wrong |= 1u << p;
        return ent_jp_skip(&x->jp, x->f->d);
    }
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
            return r;
        if (ev == ENT_JP_OBJ_END)
            break;
        if (!ent_slice_eq(x->jp.text, ENT_SLICE_LIT("name")) || ++names > 1) {
            if ((r = ent_jp_skip(&x->jp, x->f->d)) != ENT_OK)
                return r;
            continue;
        }
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || (r = found(x, s, p, ev)) != ENT_OK)
            return r;
    }
    if (names != 1)
        s->wrong |= 1u << p;
    return ENT_OK;
}

static enum ent_err tag(struct misp *x, struct scope *s, enum property p, enum ent_jp_event ev)
{
    if (ev == ENT_JP_STR && !x->jp.cut)
        ent_misp_tags_add(&s->tags, x->jp.text);
    else
        s->wrong |= 1u << p;
    return ent_jp_skip(&x->jp, x->f->d);
}

static enum ent_err tags(struct misp *x, struct scope *s, enum ent_jp_event ev)
{
    enum ent_err r;
    if (ev != ENT_JP_ARR)
        return name_of(x, s, P_TAG, ev, tag);
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END ||
            (r = name_of(x, s, P_TAG, ev, tag)) != ENT_OK)
            return r;
    }
}

static enum ent_err children(struct misp *x, struct scope *s, enum property p,
                             enum ent_jp_event ev);

/* table */
static enum ent_err property(struct misp *x, struct scope *s, enum property p, enum ent_jp_event ev)
{
    if (ev == ENT_JP_NULL) {
        s->none |= 1u << p;
        return ENT_OK;
    }
    switch (p) {
    case P_TO_IDS:
        return flag(x, s, p, ev, &s->to_ids);
    case P_DELETED:
        return flag(x, s, p, ev, &s->deleted);
    case P_TAG:
        return tags(x, s, ev);
    case P_ORGC:
        return name_of(x, s, p, ev, keep);
    case P_ATTRIBUTE:
    case P_OBJECT:
        return children(x, s, p, ev);
    default:
        return keep(x, s, p, ev);
    }
}

static enum property property_of(const struct misp *x, enum level level)
{
    unsigned p = 0;
    while (p < PROPERTIES && ((properties[p].levels & level) == 0 ||
                              !ent_slice_eq(x->jp.text, ent_slice_str(properties[p].name))))
        p++;
    return x->jp.cut ? PROPERTIES : (enum property)p;
}

/* The value behind the key that was just read. */
static enum ent_err value_of(struct misp *x, struct scope *s, enum property p)
{
    enum ent_jp_event ev;
    enum ent_err r;
    if (is(s->seen, p)) {
        s->twice = true;
        return ent_jp_skip(&x->jp, x->f->d);
    }
    s->seen |= 1u << p;
    if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
        return r;
    return property(x, s, p, ev);
}

/* Behind '{' to behind '}'. */
static enum ent_err read_scope(struct misp *x, struct scope *s, enum level level)
{
    enum ent_jp_event ev;
    enum ent_err r;
    start(x, s, level);
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_OBJ_END)
            return r;
        enum property p = property_of(x, level);
        r = p == PROPERTIES ? ent_jp_skip(&x->jp, x->f->d) : value_of(x, s, p);
        if (r != ENT_OK)
            return r;
    }
}

/* --- an attribute ----------------------------------------------------------------------------- */

static struct ent_slice put(uint8_t **to, struct ent_slice s)
{
    struct ent_slice copy = {*to, s.n};
    if (s.n > 0)
        memcpy(*to, s.p, s.n);
    *to += s.n;
    return copy;
}

/* Why there are no n bytes more. */
static enum ent_err full(struct misp *x, size_t n)
{
    if (x->arena.used <= HELD_MAX - n - 64)
        return ent_fail(x->f->d, ENT_E_NOMEM, "out of memory", x->event.line, 0);
    return ent_fail(x->f->d, ENT_E_LIMIT, "an event with more than 64 MiB of indicators",
                    x->event.line, x->jp.offset);
}

/* A copy of h behind the others. */
static enum ent_err hold(struct misp *x, const struct held *h)
{
    /* Attributes in a row often have the same labels. */
    bool again = x->last != NULL && ent_slice_eq(x->last->labels, h->labels);
    size_t n = sizeof(*h) + h->obs.n + h->id.n + h->kind.n + h->text.n + (again ? 0 : h->labels.n);
    struct held *mine = ent_arena_alloc(&x->arena, n);
    if (mine == NULL)
        return full(x, n);
    uint8_t *to = (uint8_t *)(mine + 1);
    *mine = *h;
    mine->obs = put(&to, h->obs);
    mine->id = put(&to, h->id);
    mine->kind = put(&to, h->kind);
    mine->text = put(&to, h->text);
    mine->labels = again ? x->last->labels : put(&to, h->labels);
    mine->next = NULL;
    if (x->last == NULL)
        x->first = mine;
    else
        x->last->next = mine;
    x->last = mine;
    return ENT_OK;
}

/* "a; b; c": twice what an indicator keeps of it, so that only there something is cut. */
struct line {
    size_t n;
    uint8_t b[2 * ENT_INDICATOR_TEXT];
};

static void join(struct line *l, struct ent_slice part)
{
    size_t gap = l->n > 0 ? 2 : 0;
    if (part.n == 0 || sizeof(l->b) - l->n <= gap)
        return;
    part = ent_utf8_cut(part, sizeof(l->b) - l->n - gap);
    memcpy(l->b + l->n, "; ", gap);
    memcpy(l->b + l->n + gap, part.p, part.n);
    l->n += gap + part.n;
}

/* Seconds since 1970, or RFC 3339. False when it is neither. */
static bool time_of(const struct scope *a, enum property p, int64_t *ret)
{
    uint64_t seconds;
    if (is(a->wrong, p))
        return false;
    if (get(a, p).n == 0)
        return true;
    if (ent_parse_u64(&seconds, get(a, p), (uint64_t)1 << 40) == ENT_OK) {
        *ret = (int64_t)seconds;
        return true;
    }
    return ent_time_parse(ret, get(a, p)) == ENT_OK;
}

/* Why nothing can be taken from it, whatever its value is; or NULL. */
static const char *unusable(const struct scope *a, bool unflagged)
{
    if (is(a->wrong, P_DELETED))
        return "\"deleted\" is neither true nor false";
    if (is(a->wrong, P_UUID))
        return "its uuid is no string, or of more than 64 bytes";
    if (get(a, P_TYPE).n == 0)
        return "an attribute without a type";
    if (!unflagged && !has(a, P_TO_IDS))
        return "\"to_ids\" is missing: it says whether to look for this";
    if (!unflagged && !a->to_ids)
        return "\"to_ids\" is false: context, nothing to look for";
    if (ent_misp_type(get(a, P_TYPE)) == NULL)
        return "not something this program can look for";
    if (is(a->wrong, P_TAG))
        return "its tags cannot be read";
    if (is(a->wrong, P_VALUE))
        return "a value that is no string, or of more than 8,192 bytes";
    return NULL;
}

static enum ent_err hold_value(struct misp *x, struct held *h, const struct ent_observable *o,
                               struct ent_slice note)
{
    const struct scope *a = &x->attribute;
    struct line text = {.n = 0};
    join(&text, ent_slice(a->tags.names, a->tags.n_names));
    join(&text, note);
    join(&text, get(a, P_COMMENT));
    h->type = o->type;
    h->obs = ent_slice(o->text, o->n);
    h->kind = get(a, P_CATEGORY);
    h->text = ent_slice(text.b, text.n);
    h->labels = ent_labels_slice(&a->tags.labels);
    h->tlp = a->tags.tlp;
    h->confidence = a->tags.confidence;
    enum ent_err r = hold(x, h);
    h->text = (struct ent_slice){NULL, 0}; /* it was copied */
    return r;
}

static enum ent_err take_attribute(struct misp *x)
{
    const struct scope *a = &x->attribute;
    struct held h = {.line = a->line, .id = get(a, P_UUID), .deleted = a->deleted};
    struct ent_observable o;
    char note[ENT_MISP_NOTE];
    size_t note_n;
    const char *why = unusable(a, x->f->opts->unflagged);
    if (a->twice)
        return skip(x, a, "a property stands twice in the attribute");
    if (a->deleted && h.id.n > 0)
        return hold(x, &h);
    if (a->deleted)
        return skip(x, a, "deleted by its author");
    if (why != NULL)
        return skip(x, a, why);
    if (!time_of(a, P_TIMESTAMP, &h.valid_from) || !time_of(a, P_FIRST_SEEN, &h.valid_from))
        return skip(x, a, "timestamp or first_seen is not a time");
    if (ent_misp_value(&o, note, &note_n, &why, ent_misp_type(get(a, P_TYPE)), get(a, P_VALUE)) !=
        ENT_OK)
        return skip(x, a, why);
    return hold_value(x, &h, &o, ent_slice(note, note_n));
}

/* --- objects and events ----------------------------------------------------------------------- */

/* The narrower marking counts; how sure somebody is, he says nearest to what he is sure of. */
static void narrow(struct held *h, const struct ent_misp_tags *t)
{
    if (t->tlp > h->tlp)
        h->tlp = t->tlp;
    if (h->confidence < 0)
        h->confidence = t->confidence;
}

static enum ent_err take_object(struct misp *x, struct held *before)
{
    const struct scope *o = &x->object;
    const char *why = o->twice                  ? "a property stands twice in the object"
                      : is(o->wrong, P_TAG)     ? "the object's tags cannot be read"
                      : is(o->wrong, P_DELETED) ? "\"deleted\" is neither true nor false"
                                                : NULL;
    struct held **link = before == NULL ? &x->first : &before->next;
    struct ent_slice around = {NULL, 0};
    if (why != NULL) {
        *link = NULL;
        x->last = before;
        return skip(x, o, why);
    }
    if (*link != NULL && o->tags.labels.n > 0 &&
        ent_arena_copy(&x->arena, &around, ent_labels_slice(&o->tags.labels)) != ENT_OK)
        return full(x, o->tags.labels.n);
    for (struct held *h = *link; h != NULL; h = h->next) {
        narrow(h, &o->tags);
        h->around = around;
        h->deleted = h->deleted || o->deleted;
    }
    return ENT_OK;
}

static enum ent_err child(struct misp *x, enum property p, enum ent_jp_event ev)
{
    struct held *before = x->last;
    enum ent_err r;
    if (ev != ENT_JP_OBJ) {
        r = ent_feed_skip(x->f, x->jp.line, "not an object", x->jp.text);
        return r == ENT_OK ? ent_jp_skip(&x->jp, x->f->d) : r;
    }
    if (p == P_OBJECT)
        return (r = read_scope(x, &x->object, L_OBJECT)) == ENT_OK ? take_object(x, before) : r;
    return (r = read_scope(x, &x->attribute, L_ATTRIBUTE)) == ENT_OK ? take_attribute(x) : r;
}

/* One of them, or a list. */
static enum ent_err children(struct misp *x, struct scope *s, enum property p, enum ent_jp_event ev)
{
    enum ent_err r;
    if (ev == ENT_JP_OBJ)
        return child(x, p, ev);
    if (ev != ENT_JP_ARR) {
        s->wrong |= 1u << p;
        return skip(x, s, "what should be a list of attributes or objects is none");
    }
    for (;;) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END ||
            (r = child(x, p, ev)) != ENT_OK)
            return r;
    }
}

/* "author: what it is about; actors and malware; threat level high" */
static void describe_event(const struct scope *e, struct line *l)
{
    static const char *const level[] = {"threat level high", "threat level medium",
                                        "threat level low"};
    struct ent_slice threat = get(e, P_THREAT);
    uint64_t n = 0;
    join(l, get(e, P_ORGC));
    join(l, get(e, P_INFO));
    join(l, ent_slice(e->tags.names, e->tags.n_names));
    if (ent_parse_u64(&n, threat, 3) == ENT_OK && n > 0)
        join(l, ent_slice_str(level[n - 1]));
}

static enum ent_err take_held(struct misp *x, const struct held *h, struct ent_slice about)
{
    struct ent_indicator *ind = &x->f->ind;
    const struct ent_import_sink *sink = x->f->sink;
    struct line text = {.n = 0};
    if (h->deleted && (h->id.n == 0 || sink->withdraw == NULL))
        return ent_feed_skip(x->f, h->line, "deleted by its author", h->id.n > 0 ? h->id : h->obs);
    if (h->deleted)
        return sink->withdraw(sink->ctx, h->id);
    ent_feed_reset(x->f);
    ind->obs.type = h->type;
    ind->obs.n = (uint16_t)h->obs.n;
    memcpy(ind->obs.text, h->obs.p, h->obs.n);
    ind->obs.text[h->obs.n] = '\0';
    ind->id = h->id;
    ind->valid_from = h->valid_from;
    ind->tlp = h->tlp != 0 ? h->tlp : ind->tlp;
    ind->confidence = h->confidence >= 0 ? h->confidence : ind->confidence;
    ent_feed_kind(x->f, h->kind);
    join(&text, about);
    join(&text, h->text);
    ent_feed_text(x->f, ent_slice(text.b, text.n));
    ent_feed_labels(x->f, h->labels); /* the nearest first, should there not be room for all */
    ent_feed_labels(x->f, h->around);
    ent_feed_labels(x->f, ent_labels_slice(&x->event.tags.labels));
    return ent_feed_take(x->f);
}

static enum ent_err take_event(struct misp *x)
{
    const struct scope *e = &x->event;
    struct line about = {.n = 0};
    enum ent_err r = ENT_OK;
    if (e->twice)
        return skip(x, e, "a property stands twice in the event");
    if (is(e->wrong, P_TAG))
        return skip(x, e, "the event's tags cannot be read");
    describe_event(e, &about);
    for (struct held *h = x->first; h != NULL && r == ENT_OK; h = h->next) {
        narrow(h, &e->tags);
        r = take_held(x, h, ent_slice(about.b, about.n));
    }
    return r;
}

/* --- the file --------------------------------------------------------------------------------- */

static enum ent_err any(struct misp *x, enum ent_jp_event ev, unsigned nested);

static void start_event(struct misp *x)
{
    ent_arena_release(&x->arena);
    x->first = x->last = NULL;
    start(x, &x->event, L_EVENT);
}

/* The event or events behind the key that was just read. */
static enum ent_err inner(struct misp *x, bool here, unsigned nested)
{
    enum ent_jp_event ev;
    enum ent_err r;
    if (!here) {
        r = ent_feed_skip(x->f, x->jp.line, "an event where none belongs", x->jp.text);
        return r == ENT_OK ? ent_jp_skip(&x->jp, x->f->d) : r;
    }
    if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) == ENT_OK)
        r = any(x, ev, nested + 1);
    start_event(x); /* what is wrapped around it is none */
    return r;
}

/* Behind '{' to behind '}': an event, or what is wrapped around others. */
static enum ent_err read_event(struct misp *x, unsigned nested)
{
    struct scope *e = &x->event;
    bool wraps = false;
    enum ent_jp_event ev;
    enum ent_err r = ENT_OK;
    start_event(x);
    while (r == ENT_OK) {
        if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_OBJ_END)
            break;
        enum property p = property_of(x, L_EVENT);
        if (p == P_EVENT || p == P_RESPONSE) {
            bool here = !wraps && e->seen == 0 && nested < NESTED;
            r = inner(x, here, nested);
            wraps = wraps || here;
        } else {
            r = p == PROPERTIES || wraps ? ent_jp_skip(&x->jp, x->f->d) : value_of(x, e, p);
        }
    }
    if (r != ENT_OK || wraps)
        return r;
    x->elements++;
    x->events += e->seen != 0;
    return e->seen == 0 ? skip(x, e, "an object that is no event") : take_event(x);
}

static enum ent_err any(struct misp *x, enum ent_jp_event ev, unsigned nested)
{
    enum ent_err r;
    bool list = ev == ENT_JP_ARR;
    for (;;) {
        if (list && ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK || ev == ENT_JP_ARR_END))
            return r;
        if (ev == ENT_JP_OBJ) {
            r = read_event(x, nested);
        } else {
            x->elements++;
            if ((r = ent_feed_skip(x->f, x->jp.line, "not an object", x->jp.text)) == ENT_OK)
                r = ent_jp_skip(&x->jp, x->f->d);
        }
        if (r != ENT_OK || !list)
            return r;
    }
}

static enum ent_err read_file(struct misp *x)
{
    static const char none[] = "JSON, but no MISP event";
    enum ent_jp_event ev;
    enum ent_err r;
    if ((r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
        return r;
    bool list = ev == ENT_JP_ARR;
    if (!list && ev != ENT_JP_OBJ)
        return ent_fail(x->f->d, ENT_E_FORMAT, none, 1, x->f->offset);
    /* the end of the text, or an error for what stands behind */
    if ((r = any(x, ev, 0)) != ENT_OK || (r = ent_jp_next(&x->jp, &ev, x->f->d)) != ENT_OK)
        return r;
    return x->elements > 0 && x->events == 0
               ? ent_fail(x->f->d, ENT_E_FORMAT, none, 1, x->f->offset)
               : ENT_OK;
}

enum ent_err ent_misp_read(struct ent_feed *f)
{
    struct misp *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    x->f = f;
    ent_buf_init(&x->event.bytes, STRING_MAX_);
    ent_buf_init(&x->object.bytes, STRING_MAX_);
    ent_buf_init(&x->attribute.bytes, 2 * STRING_MAX_);
    ent_arena_init(&x->arena, HELD_MAX);
    enum ent_err r = ent_jp_init(&x->jp, f->in, f->offset, ENT_JP_DEPTH, STRING_MAX_);
    if (r == ENT_OK)
        r = read_file(x);
    ent_jp_release(&x->jp);
    ent_arena_release(&x->arena);
    ent_buf_release(&x->attribute.bytes);
    ent_buf_release(&x->object.bytes);
    ent_buf_release(&x->event.bytes);
    free(x);
    return r;
}
