/* lint.c: looking at claims as the public looked at GRIZZLY STEPPE: no dates, one sentence for most
 * rows, nearly half of the addresses in ranges that anybody rents. */
#include "node/node.h"

#include "watch/watch.h"

#define TEXTS      4095u /* different texts that are counted at a time */
#define SLOTS      8192u
#define COMMON     10u /* a text is worth a word when one claim in ten has it */
#define WIDE4_BITS 16u
#define WIDE6_BITS 32u

struct text {
    uint64_t sum, n;
    uint64_t weight; /* n, less one for each time that there was no room; 0 makes room */
    char begin[ENT_LINT_TEXT];
};

struct ent_lint {
    struct ent_store *store;
    struct ent_watch *warned; /* every value of every warning list */
    struct ent_lint_report report;
    size_t texts;
    struct text text[TEXTS];
    uint16_t slot[SLOTS]; /* by sum, open addressing: 1 + the place in text, or 0 */
    /* during one claim: the lists that were told of it */
    bool told[ENT_LINT_LISTS];
};

bool ent_lint_is_odd(const struct ent_lint_report *r)
{
    return r->undated + r->unsure + r->same + r->warned + r->wide + r->not_public + r->suffixes +
               r->stale + r->elsewhere >
           0;
}

/* --- warning lists ------------------------------------------------------------------------------
 */

static enum ent_err add_warned(void *ctx, const struct ent_observable *o)
{
    return ent_watch_add(ctx, o, 0);
}

enum ent_err ent_lint_new(struct ent_lint **ret, struct ent_store *s)
{
    struct ent_lint *l = calloc(1, sizeof(*l));
    enum ent_err r;
    if (l == NULL)
        return ENT_E_NOMEM;
    l->store = s;
    if ((r = ent_watch_new(&l->warned, 0)) != ENT_OK ||
        (r = ent_store_warned(s, add_warned, l->warned)) != ENT_OK ||
        (r = ent_watch_seal(l->warned)) != ENT_OK) {
        ent_lint_free(l);
        return r;
    }
    *ret = l;
    return ENT_OK;
}

void ent_lint_free(struct ent_lint *l)
{
    if (l == NULL)
        return;
    ent_watch_free(l->warned);
    free(l);
}

void ent_lint_clear(struct ent_lint *l)
{
    memset(&l->report, 0, sizeof(l->report));
    memset(l->slot, 0, sizeof(l->slot));
    l->texts = 0;
}

static enum ent_err tell_list(void *ctx, struct ent_slice name)
{
    struct ent_lint *l = ctx;
    struct ent_lint_report *r = &l->report;
    size_t i = 0;
    while (i < r->lists && !ent_slice_eq(ent_slice_str(r->list[i].name), name))
        i++;
    if (i == ENT_LINT_LISTS || name.n >= sizeof(r->list[i].name))
        return ENT_OK;
    if (i == r->lists) {
        memcpy(r->list[i].name, name.p, name.n);
        r->list[i].name[name.n] = '\0';
        r->lists++;
    }
    r->list[i].n += !l->told[i];
    l->told[i] = true;
    return ENT_OK;
}

static enum ent_err met(void *ctx, const struct ent_observable *value, uint64_t id)
{
    (void)value, (void)id;
    *(bool *)ctx = true;
    return ENT_OK;
}

struct naming {
    struct ent_lint *l;
    bool any;
};

static enum ent_err tell_name(void *ctx, struct ent_slice name)
{
    struct naming *n = ctx;
    n->any = true;
    return tell_list(n->l, name);
}

/* The set says in no time that most are on no list; the store says on which. */
static enum ent_err lint_warnings(struct ent_lint *l, const struct ent_observable *o)
{
    struct ent_observable host;
    struct naming n = {l, false};
    bool any = false;
    enum ent_err r;
    if (ent_watch_count(l->warned) == 0)
        return ENT_OK;
    if ((r = ent_watch_lookup(l->warned, o, met, &any)) == ENT_OK && !any &&
        ent_observable_host(&host, o))
        r = ent_watch_lookup(l->warned, &host, met, &any);
    if (r != ENT_OK || !any)
        return r;
    memset(l->told, 0, sizeof(l->told));
    r = ent_store_warned_around(l->store, o, tell_name, &n);
    l->report.warned += n.any;
    return r;
}

/* --- texts --------------------------------------------------------------------------------------
 */

static void keep_begin(struct text *t, struct ent_slice s)
{
    size_t n = s.n < sizeof(t->begin) ? s.n : sizeof(t->begin) - 1;
    while (n > 0 && n < s.n && (s.p[n] & 0xC0) == 0x80) /* not within a character */
        n--;
    memcpy(t->begin, s.p, n);
    t->begin[n] = '\0';
}

static uint16_t *slot_of(struct ent_lint *l, uint64_t sum)
{
    size_t at = (size_t)(sum >> 32) % SLOTS;
    while (l->slot[at] != 0 && l->text[l->slot[at] - 1].sum != sum)
        at = (at + 1) % SLOTS;
    return &l->slot[at];
}

/* Misra and Gries: against each text that found no room stands one of each that had one. So what
 * most rows say cannot be hidden behind thousands of others; it loses at most one row in 4,096. */
static void make_room(struct ent_lint *l)
{
    size_t kept = 0;
    memset(l->slot, 0, sizeof(l->slot));
    for (size_t i = 0; i < l->texts; i++) {
        if (--l->text[i].weight == 0)
            continue;
        l->text[kept] = l->text[i];
        *slot_of(l, l->text[kept].sum) = (uint16_t)(kept + 1);
        kept++;
    }
    l->texts = kept;
}

/* Who makes two texts collide has one sentence counted for another, of a list that is odd anyway.
 */
static void lint_text(struct ent_lint *l, struct ent_slice s)
{
    uint64_t sum = UINT64_C(0xCBF29CE484222325);
    if (s.n == 0)
        return;
    for (size_t i = 0; i < s.n; i++)
        sum = (sum ^ s.p[i]) * UINT64_C(0x100000001B3);
    uint16_t *slot = slot_of(l, sum);
    if (*slot == 0) {
        if (l->texts == TEXTS) {
            make_room(l);
            return;
        }
        l->text[l->texts] = (struct text){.sum = sum};
        keep_begin(&l->text[l->texts], s);
        *slot = (uint16_t)++l->texts;
    }
    l->text[*slot - 1].n++;
    l->text[*slot - 1].weight++;
}

/* --- claims -------------------------------------------------------------------------------------
 */

static bool is_wide(const struct ent_observable *o)
{
    const char *slash = strrchr(o->text, '/');
    uint64_t bits;
    if ((o->type != ENT_OBS_NET4 && o->type != ENT_OBS_NET6) || slash == NULL ||
        ent_parse_u64(&bits, ent_slice_str(slash + 1), 128) != ENT_OK)
        return false;
    return bits < (o->type == ENT_OBS_NET4 ? WIDE4_BITS : WIDE6_BITS);
}

enum ent_err ent_lint_add(struct ent_lint *l, const struct ent_indicator *ind, int64_t imported,
                          bool elsewhere)
{
    struct ent_lint_report *r = &l->report;
    bool suffix = ent_observable_is_suffix(&ind->obs);
    r->claims++;
    r->undated += ind->valid_from == 0;
    r->unsure += ind->confidence < 0;
    r->stale += ind->valid_until != 0 && ind->valid_until <= imported;
    r->elsewhere += elsewhere;
    r->wide += is_wide(&ind->obs);
    r->suffixes += suffix;
    r->not_public += !suffix && !ent_observable_is_public(&ind->obs);
    lint_text(l, ind->text);
    return lint_warnings(l, &ind->obs);
}

static int by_claims(const void *a, const void *b)
{
    const struct ent_lint_list *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->name, y->name);
}

const struct ent_lint_report *ent_lint_report(struct ent_lint *l)
{
    struct ent_lint_report *r = &l->report;
    qsort(r->list, r->lists, sizeof(r->list[0]), by_claims);
    static const struct text none;
    const struct text *most = &none;
    for (size_t i = 0; i < l->texts; i++)
        if (l->text[i].n > most->n)
            most = &l->text[i];
    r->same = most->n > 1 && most->n >= (r->claims + COMMON - 1) / COMMON ? most->n : 0;
    (void)snprintf(r->text, sizeof(r->text), "%s", r->same > 0 ? most->begin : "");
    return r;
}

struct walk {
    struct ent_lint *l;
    const atomic_bool *stop;
};

static enum ent_err walk_claim(void *ctx, const struct ent_claim *c)
{
    struct walk *w = ctx;
    bool elsewhere = false;
    struct ent_indicator ind = {.obs = c->obs,
                                .confidence = c->confidence,
                                .valid_from = c->valid_from,
                                .valid_until = c->valid_until,
                                .text = c->text};
    if (w->stop != NULL && atomic_load(w->stop))
        return ENT_E_INTERRUPTED;
    enum ent_err r = ent_store_is_shared(w->l->store, &elsewhere, c->id, c->source);
    return r == ENT_OK ? ent_lint_add(w->l, &ind, c->first_import, elsewhere) : r;
}

enum ent_err ent_lint_store(struct ent_lint *l, struct ent_slice source, const atomic_bool *stop)
{
    const struct ent_claim_filter f = {.source = source};
    struct walk w = {l, stop};
    return ent_store_claims(l->store, &f, walk_claim, &w);
}
