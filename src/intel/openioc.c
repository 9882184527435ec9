/*
 * openioc.c: OpenIOC 1.0 and 1.1. Terms that stand alone, or in nothing but ORs, are decided one by
 * one; of an AND nothing can be said before its end, so that it is held as a tree, up to a limit.
 *
 * What describes the indicators must stand before them, as the schemas want it: a marking behind
 * them would come too late. Elements of other namespaces and those not named below are passed over,
 * but where they could be conditions.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/openioc.h"

#define ID_MAX     256
#define VALUE_MAX  8192 /* a longer one is skipped, a longer description cut */
#define TERMS_MAX  4096 /* that an AND may hold, groups too */
#define TERMS_SIZE (1u << 20)

enum element {
    E_OTHER,
    E_ROOT,
    E_METADATA,
    E_TITLE,
    E_DESCRIPTION,
    E_DATE,
    E_LINKS,
    E_LINK,
    E_DEFINITION,
    E_GROUP,
    E_ITEM,
    E_CONTEXT,
    E_CONTENT,
    E_COMMENT,
    ELEMENTS
};

#define IN(e) (1u << (e))

/* table. Root elements are looked for apart. */
static const struct known {
    const char *name;
    enum element element;
    unsigned parents;
    bool once; /* in its parent */
} elements[] = {
    {"metadata", E_METADATA, IN(E_ROOT), true},
    {"short_description", E_TITLE, IN(E_ROOT) | IN(E_METADATA), true},
    {"description", E_DESCRIPTION, IN(E_ROOT) | IN(E_METADATA), true},
    {"authored_date", E_DATE, IN(E_ROOT) | IN(E_METADATA), true},
    {"links", E_LINKS, IN(E_ROOT) | IN(E_METADATA), true},
    {"link", E_LINK, IN(E_LINKS), false},
    {"definition", E_DEFINITION, IN(E_ROOT), true},
    {"criteria", E_DEFINITION, IN(E_ROOT), true},
    {"Indicator", E_GROUP, IN(E_DEFINITION) | IN(E_GROUP), false},
    {"IndicatorItem", E_ITEM, IN(E_GROUP), false},
    {"Context", E_CONTEXT, IN(E_ITEM), true},
    {"Content", E_CONTENT, IN(E_ITEM), true},
    {"Comment", E_COMMENT, IN(E_ITEM), true},
};

struct frame {
    enum element element;
    uint32_t seen; /* of its children, for "once" */
    uint64_t line;
    bool children; /* of a group */
};

struct openioc {
    struct ent_feed *f;
    struct frame frames[ENT_XML_DEPTH + 1]; /* the first is the file */
    size_t depth;
    char space[64]; /* of the root, and of all that is read */
    bool defined;   /* the indicators have begun */

    struct ent_buf text; /* of the element that is being read */
    bool reading, cut;
    struct ent_buf title, description;
    int64_t date;
    enum ent_tlp tlp; /* 0: no mark */
    enum ent_tlp link_tlp;
    size_t kind_rank, link_rank;
    char kind[ENT_INDICATOR_KIND];
    size_t kind_n;

    struct ent_arena arena; /* of the tree */
    struct ent_ioc_term *top, *group, *item;
    size_t tree; /* the depth of the tree's outermost element; 0: there is none */
    size_t terms;
    bool too_many;
};

static const char OUT_OF_PLACE[] = "an OpenIOC element where none may stand";
static const char TOO_MANY[] = "an AND of more than 4,096 terms, or more than 1 MiB";

static enum ent_err refuse(struct openioc *x, struct ent_xml_place at, const char *text)
{
    return ent_fail(x->f->d, ENT_E_FORMAT, text, at.line, at.offset);
}

/* Without the blanks and line ends that XML is laid out with. */
static struct ent_slice inner_text(const struct openioc *x)
{
    struct ent_slice s = ent_buf_slice(&x->text);
    while (s.n > 0 && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
        s = ent_slice(s.p + 1, s.n - 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || (s.p[s.n - 1] >= '\t' && s.p[s.n - 1] <= '\r')))
        s.n--;
    return s;
}

/* --- what describes the indicators ------------------------------------------------------------ */

/* table. Links whose text may be the kind, the best first. */
static const char *const kinds[] = {"category", "threatcategory", "family", "threatgroup"};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void start_link(struct openioc *x, const struct ent_xml_tag *tag)
{
    struct ent_slice rel = ent_slice_trim(ent_xml_attribute(tag, "rel"));
    x->link_tlp = ent_slice_ieq(rel, ENT_SLICE_LIT("tlp")) ? ENT_TLP_RED : (enum ent_tlp)0;
    x->link_rank = 0;
    while (x->link_rank < N_KINDS && !ent_slice_ieq(rel, ent_slice_str(kinds[x->link_rank])))
        x->link_rank++;
}

/* A marking that is not understood must not be taken for a weaker one. */
static void end_link(struct openioc *x)
{
    struct ent_slice s = inner_text(x);
    enum ent_tlp tlp;
    if (x->link_tlp != 0 && !x->cut && ent_tlp_parse(&tlp, s) == ENT_OK)
        x->link_tlp = tlp;
    if (x->link_tlp > x->tlp)
        x->tlp = x->link_tlp;
    if (s.n == 0 || x->link_rank >= x->kind_rank)
        return;
    x->kind_rank = x->link_rank;
    x->kind_n = ent_clean_text(x->kind, sizeof(x->kind), s);
}

/* Without a zone it is UTC. What is no date says nothing; editors write year 1 where nobody filled
 * it in. */
static void end_date(struct openioc *x)
{
    struct ent_slice s = inner_text(x);
    char zoned[64];
    int64_t date;
    if (s.n == 0 || s.n >= sizeof(zoned))
        return;
    memcpy(zoned, s.p, s.n);
    zoned[s.n] = 'Z';
    if ((ent_time_parse(&date, s) == ENT_OK ||
         ent_time_parse(&date, ent_slice(zoned, s.n + 1)) == ENT_OK) &&
        date > 0)
        x->date = date;
}

/* --- giving out ------------------------------------------------------------------------------- */

static enum ent_err join(struct ent_buf *b, const char *word, struct ent_slice s)
{
    enum ent_err r;
    if (s.n == 0)
        return ENT_OK;
    if ((b->n > 0 && (r = ent_buf_puts(b, "; ")) != ENT_OK) ||
        (r = ent_buf_puts(b, word)) != ENT_OK)
        return r;
    return ent_buf_put_slice(b, s);
}

static enum ent_err take(struct openioc *x, const struct ent_ioc_term *t)
{
    struct ent_feed *f = x->f;
    const char *why = NULL;
    enum ent_err r = ent_ioc_value(&f->ind.obs, &why, t);
    if (r != ENT_OK)
        return ent_feed_skip(f, t->line, why, t->content);
    ent_feed_reset(f);
    ent_buf_clear(&x->text);
    if ((r = join(&x->text, "", ent_buf_slice(&x->title))) != ENT_OK ||
        (r = join(&x->text, "file ", t->file)) != ENT_OK ||
        (r = join(&x->text, "", t->comment)) != ENT_OK ||
        (r = join(&x->text, "", ent_buf_slice(&x->description))) != ENT_OK)
        return r;
    ent_feed_text(f, ent_buf_slice(&x->text));
    ent_feed_kind(f, ent_slice(x->kind, x->kind_n));
    f->ind.tlp = x->tlp != 0 ? x->tlp : f->ind.tlp;
    f->ind.valid_from = x->date;
    f->ind.id = t->id;
    f->ind.line = t->line;
    return ent_feed_take(f);
}

/* The outermost element of the tree has ended. */
static enum ent_err end_tree(struct openioc *x, uint64_t line)
{
    enum ent_err r = ENT_OK;
    if (x->too_many) {
        r = ent_feed_skip(x->f, line, TOO_MANY, (struct ent_slice){(const uint8_t *)"", 0});
    } else {
        ent_ioc_decide(x->top);
        for (struct ent_ioc_term *t = x->top; t != NULL && r == ENT_OK; t = ent_ioc_walk(t)) {
            if (t->fate == ENT_IOC_TAKE)
                r = take(x, t);
            else if (t->fate == ENT_IOC_SKIP && t->first == NULL)
                r = ent_feed_skip(x->f, t->line, t->lost, t->content);
        }
    }
    ent_arena_release(&x->arena);
    x->top = x->group = x->item = NULL;
    x->tree = x->terms = 0;
    x->too_many = false;
    return r;
}

/* --- terms ------------------------------------------------------------------------------------ */

/* Too much for the tree: none of it can be taken. */
static enum ent_err overflow(struct openioc *x)
{
    ent_arena_release(&x->arena);
    x->top = x->group = x->item = NULL;
    x->too_many = true;
    return ENT_OK;
}

/* A new term or group, in the tree or the outermost of a new one; NULL when there is no room. */
static struct ent_ioc_term *new_term(struct openioc *x, const struct ent_xml_tag *tag)
{
    struct ent_slice id = ent_xml_attribute(tag, "id");
    struct ent_ioc_term *t = NULL;
    if (x->tree == 0)
        x->tree = x->depth;
    if (x->too_many || x->terms++ == TERMS_MAX ||
        (t = ent_arena_alloc(&x->arena, sizeof(*t))) == NULL)
        return NULL;
    t->line = tag->at.line;
    if (id.n > 0 && id.n <= ID_MAX && ent_arena_copy(&x->arena, &t->id, id) != ENT_OK)
        return NULL;
    if (x->group == NULL)
        x->top = t;
    else
        ent_ioc_add(x->group, t);
    return t;
}

static enum ent_err start_group(struct openioc *x, const struct ent_xml_tag *tag)
{
    enum ent_ioc_op op = ent_ioc_op(ent_slice_trim(ent_xml_attribute(tag, "operator")));
    struct ent_ioc_term *t;
    if (x->tree == 0 && op == ENT_IOC_OR)
        return ENT_OK; /* its children stand alone */
    if ((t = new_term(x, tag)) == NULL)
        return overflow(x);
    t->op = op;
    x->group = t;
    return ENT_OK;
}

static enum ent_err end_group(struct openioc *x, const struct frame *frame)
{
    struct ent_ioc_term *t = x->group;
    if (x->tree == 0)
        return frame->children ? ENT_OK
                               : ent_feed_skip(x->f, frame->line, "a group without terms",
                                               (struct ent_slice){(const uint8_t *)"", 0});
    if (!x->too_many) {
        ent_ioc_end(t);
        x->group = t->parent;
    }
    return ENT_OK;
}

static enum ent_err start_item(struct openioc *x, const struct ent_xml_tag *tag)
{
    if ((x->item = new_term(x, tag)) == NULL)
        return overflow(x);
    ent_ioc_item(x->item, tag);
    return ENT_OK;
}

static enum ent_err end_item(struct openioc *x)
{
    if (!x->too_many)
        ent_ioc_end(x->item);
    x->item = NULL;
    return ENT_OK;
}

/* What may be a condition, and is not known. */
static enum ent_err start_odd(struct openioc *x, const struct ent_xml_tag *tag)
{
    enum element parent = x->frames[x->depth - 1].element;
    if (parent == E_GROUP && (x->item = new_term(x, tag)) == NULL)
        return overflow(x);
    if (x->item != NULL)
        x->item->odd = true;
    return ENT_OK;
}

static enum ent_err end_content(struct openioc *x, struct ent_slice *ret)
{
    struct ent_slice s = inner_text(x);
    if (x->item == NULL)
        return ENT_OK;
    return ent_arena_copy(&x->arena, ret, s) == ENT_OK ? ENT_OK : overflow(x);
}

/* --- elements --------------------------------------------------------------------------------- */

/* table */
static const char *const spaces[] = {"", "http://schemas.mandiant.com/2010/ioc",
                                     "http://openioc.org/schemas/OpenIOC_1.1"};

static enum ent_err start_root(struct openioc *x, const struct ent_xml_tag *tag)
{
    bool ours = ent_slice_eq(tag->name, ENT_SLICE_LIT("ioc")) ||
                ent_slice_eq(tag->name, ENT_SLICE_LIT("OpenIOC"));
    for (size_t i = 0; ours && i < sizeof(spaces) / sizeof(spaces[0]); i++)
        if (ent_slice_eq(tag->space, ent_slice_str(spaces[i]))) {
            memcpy(x->space, spaces[i], strlen(spaces[i]) + 1);
            x->frames[x->depth].element = E_ROOT;
            return ENT_OK;
        }
    return refuse(x, tag->at, "XML, but no OpenIOC");
}

static bool may_be_condition(enum element parent)
{
    return parent == E_GROUP || parent == E_ITEM || parent == E_CONTEXT || parent == E_CONTENT;
}

/* What an element is; *ret_text is why it may not stand here. */
static enum element element_of(struct openioc *x, const struct ent_xml_tag *tag,
                               const char **ret_text)
{
    struct frame *parent = &x->frames[x->depth - 1];
    /* What may stand in two places may still stand only once. */
    struct frame *once = parent->element == E_METADATA ? &x->frames[1] : parent;
    bool named = false;
    if (parent->element == E_OTHER || !ent_slice_eq(tag->space, ent_slice_str(x->space)))
        return E_OTHER;
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
        const struct known *k = &elements[i];
        if (!ent_slice_eq(tag->name, ent_slice_str(k->name)))
            continue;
        named = true;
        if ((k->parents & IN(parent->element)) == 0)
            continue;
        if (k->once && (once->seen & IN(k->element)) != 0)
            *ret_text = "an OpenIOC element that stands twice";
        once->seen |= IN(k->element);
        return k->element;
    }
    if (named)
        *ret_text = OUT_OF_PLACE;
    return E_OTHER;
}

static enum ent_err start_known(struct openioc *x, const struct ent_xml_tag *tag, enum element e)
{
    struct frame *parent = &x->frames[x->depth - 1];
    if (e >= E_METADATA && e <= E_LINK && x->defined)
        return refuse(x, tag->at, "what describes the indicators stands behind them");
    if (e == E_GROUP && parent->element == E_DEFINITION && parent->children)
        return refuse(x, tag->at, "two groups at the top: joined with AND or with OR?");
    parent->children = true;
    x->defined = x->defined || e == E_DEFINITION;
    x->reading = e == E_TITLE || e == E_DESCRIPTION || e == E_DATE || e == E_LINK ||
                 e == E_CONTENT || e == E_COMMENT;
    x->cut = false;
    ent_buf_clear(&x->text);
    switch (e) {
    case E_LINK:
        start_link(x, tag);
        return ENT_OK;
    case E_GROUP:
        return start_group(x, tag);
    case E_ITEM:
        return start_item(x, tag);
    case E_CONTEXT:
        if (x->item != NULL)
            ent_ioc_context(x->item, tag);
        return ENT_OK;
    default:
        return ENT_OK;
    }
}

static enum ent_err start(void *ctx, const struct ent_xml_tag *tag)
{
    struct openioc *x = ctx;
    const char *text = NULL;
    x->frames[++x->depth] = (struct frame){.element = E_OTHER, .line = tag->at.line};
    if (x->depth == 1)
        return start_root(x, tag);
    enum element parent = x->frames[x->depth - 1].element;
    enum element e = element_of(x, tag, &text);
    if (text != NULL)
        return refuse(x, tag->at, text);
    x->frames[x->depth].element = e;
    if (e != E_OTHER)
        return start_known(x, tag, e);
    if (!may_be_condition(parent))
        return ENT_OK;
    x->frames[x->depth - 1].children = true;
    return start_odd(x, tag);
}

static enum ent_err text(void *ctx, struct ent_slice s)
{
    struct openioc *x = ctx;
    if (!x->reading || x->cut || x->frames[x->depth].element == E_OTHER)
        return ENT_OK;
    size_t room = VALUE_MAX - x->text.n;
    x->cut = s.n > room;
    return ent_buf_put_slice(&x->text, ent_utf8_cut(s, room));
}

static enum ent_err end_known(struct openioc *x, const struct frame *frame)
{
    switch (frame->element) {
    case E_TITLE:
        return ent_buf_put_slice(&x->title, inner_text(x));
    case E_DESCRIPTION:
        return ent_buf_put_slice(&x->description, inner_text(x));
    case E_DATE:
        end_date(x);
        return ENT_OK;
    case E_LINK:
        end_link(x);
        return ENT_OK;
    case E_GROUP:
        return end_group(x, frame);
    case E_ITEM:
        return end_item(x);
    case E_CONTENT:
        if (x->item != NULL)
            x->item->cut = x->cut;
        return end_content(x, x->item == NULL ? NULL : &x->item->content);
    case E_COMMENT:
        return end_content(x, x->item == NULL ? NULL : &x->item->comment);
    case E_OTHER: /* an odd one among the terms is one itself */
        return x->item != NULL && x->frames[x->depth - 1].element == E_GROUP ? end_item(x) : ENT_OK;
    default:
        return ENT_OK;
    }
}

static enum ent_err end(void *ctx, struct ent_xml_place at)
{
    struct openioc *x = ctx;
    const struct frame *frame = &x->frames[x->depth];
    enum ent_err r = end_known(x, frame);
    if (frame->element != E_OTHER)
        x->reading = false;
    if (r == ENT_OK && x->tree == x->depth)
        r = end_tree(x, frame->line);
    if (r == ENT_OK && frame->element == E_ROOT && !x->defined)
        r = refuse(x, at, "OpenIOC without a definition");
    x->depth--;
    return r;
}

enum ent_err ent_openioc_read(struct ent_feed *f)
{
    struct openioc *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    const struct ent_xml_events events = {x, start, text, end};
    x->f = f;
    x->kind_rank = N_KINDS;
    ent_buf_init(&x->text, 4 * VALUE_MAX + 64);
    ent_buf_init(&x->title, 2 * VALUE_MAX);
    ent_buf_init(&x->description, 2 * VALUE_MAX);
    ent_arena_init(&x->arena, TERMS_SIZE);
    enum ent_err r = ent_xml_read(&events, f->in, f->offset, f->d);
    ent_arena_release(&x->arena);
    ent_buf_release(&x->description);
    ent_buf_release(&x->title);
    ent_buf_release(&x->text);
    free(x);
    return r;
}
