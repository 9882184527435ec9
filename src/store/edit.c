/*
 * edit.c: what this member says itself. Its claim is a row like the others, of the source with
 * number 0, which no import can reach. It speaks for the observable in place of all others; theirs
 * are never changed.
 */
#include "store/store.h"
#include "store/db.h"

struct look {
    struct ent_spoken *ret;
    enum ent_tlp door;
    int64_t at;
    bool counts; /* what was found counts */
};

static enum ent_err keep(struct ent_spoken *k, const struct ent_claim *c)
{
    struct ent_slice *const part[] = {&k->claim.source, &k->claim.ext_id, &k->claim.kind,
                                      &k->claim.text, &k->claim.labels};
    enum ent_err r = ENT_OK;
    k->claim = *c;
    ent_buf_clear(&k->words);
    for (size_t i = 0; i < 5 && r == ENT_OK; i++)
        r = ent_buf_put_slice(&k->words, *part[i]);
    const uint8_t *p = k->words.p;
    for (size_t i = 0; i < 5 && r == ENT_OK; i++) {
        *part[i] = ent_slice(p, part[i]->n);
        p += part[i]->n;
    }
    k->found = r == ENT_OK;
    return r;
}

/* The best come first, and ours before them. */
static enum ent_err look_at(void *ctx, const struct ent_claim *c)
{
    struct look *l = ctx;
    enum ent_claim_state state = ent_claim_state(c, l->at);
    bool counts = c->own || state == ENT_CLAIM_VALID;
    if (l->counts || (l->door != 0 && !ent_tlp_may_pass(c->tlp, l->door)))
        return ENT_OK;
    if (!counts && (l->ret->found || state == ENT_CLAIM_WITHDRAWN || state == ENT_CLAIM_REVOKED))
        return ENT_OK;
    l->counts = counts;
    return keep(l->ret, c);
}

enum ent_err ent_store_spoken(struct ent_store *s, struct ent_spoken *ret, uint64_t id,
                              enum ent_tlp door, int64_t at)
{
    struct look l = {.ret = ret, .door = door, .at = at};
    if (ret->words.max == 0)
        ent_buf_init(&ret->words, 1u << 20);
    ret->found = false;
    return ent_store_claims_of(s, id, look_at, &l);
}

void ent_spoken_release(struct ent_spoken *k)
{
    ent_buf_release(&k->words);
    *k = (struct ent_spoken){.found = false};
}

/* --- editing ------------------------------------------------------------------------------------
 */

static bool is_words(struct ent_slice s, size_t most)
{
    bool ok = s.n <= most && ent_utf8_valid(s, NULL) && ent_slice_eq(ent_slice_trim(s), s);
    for (size_t i = 0, n; ok && i < s.n; i += n)
        ok = !ent_is_invisible(ent_utf8_next(ent_slice(s.p + i, s.n - i), &n));
    return ok;
}

static bool is_labels(struct ent_slice labels)
{
    struct ent_labels set = {.n = 0};
    ent_labels_join(&set, labels);
    bool ok = ent_slice_eq(ent_labels_slice(&set), labels);
    while (ok && labels.n > 0)
        ok = is_words(ent_labels_next(&labels), ENT_LABEL_MAX);
    return ok;
}

/* An end that was decided here is taken over too: to change a word brings nothing back. */
static void take_over(struct ent_indicator *ret, unsigned parts, const struct ent_claim *c)
{
    bool ended =
        !c->own && c->decided && c->until > 0 && (c->valid_until == 0 || c->until < c->valid_until);
    if ((parts & ENT_EDIT_TLP) == 0)
        ret->tlp = c->tlp;
    if ((parts & ENT_EDIT_CONFIDENCE) == 0)
        ret->confidence = c->confidence;
    if ((parts & ENT_EDIT_FROM) == 0)
        ret->valid_from = c->valid_from;
    if ((parts & ENT_EDIT_UNTIL) == 0)
        ret->valid_until = ended ? c->until : c->valid_until;
    if ((parts & ENT_EDIT_KIND) == 0)
        ret->kind = c->kind;
    if ((parts & ENT_EDIT_TEXT) == 0)
        ret->text = c->text;
    if ((parts & ENT_EDIT_LABELS) == 0)
        ret->labels = c->labels;
}

static enum ent_err put_own(struct ent_store *s, uint64_t id, const struct ent_indicator *ind,
                            int64_t now)
{
    int64_t context = 0, labels = 0;
    enum ent_err r;
    if ((r = ent_store_context(s, &context, ind)) != ENT_OK ||
        (r = ent_store_labels(s, &labels, ind->labels)) != ENT_OK)
        return r;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_EDIT);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    s->touched = true;
    return ent_store_run_claim(s, st, ind, context, labels, now);
}

enum ent_err ent_store_edit(struct ent_store *s, uint64_t id, unsigned parts,
                            const struct ent_indicator *ind, int64_t now)
{
    static const struct ent_claim nothing = {.tlp = ENT_TLP_AMBER, .confidence = -1};
    struct ent_spoken base = {.found = false};
    struct ent_indicator mine = *ind;
    if (((parts & ENT_EDIT_KIND) != 0 && !is_words(ind->kind, ENT_INDICATOR_KIND)) ||
        ((parts & ENT_EDIT_TEXT) != 0 && !is_words(ind->text, ENT_INDICATOR_TEXT)) ||
        ((parts & ENT_EDIT_LABELS) != 0 && !is_labels(ind->labels)))
        return ENT_E_FORMAT;
    enum ent_tlp door = (parts & ENT_EDIT_TLP) != 0 ? ind->tlp : (enum ent_tlp)0;
    enum ent_err r = ent_store_spoken(s, &base, id, door, now);
    if (r == ENT_OK) {
        take_over(&mine, parts, base.found ? &base.claim : &nothing);
        r = put_own(s, id, &mine, now);
    }
    ent_spoken_release(&base);
    return r;
}

/* Of the two one may be missing. */
static enum ent_err forget(struct ent_store *s, uint64_t id)
{
    enum ent_err r = ent_store_undecide(s, id, ENT_SLICE_LIT(ENT_STORE_OWN));
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

enum ent_err ent_store_unedit(struct ent_store *s, uint64_t id)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_UNEDIT);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    enum ent_err r = ent_store_run(s, st);
    if (r != ENT_OK)
        return r;
    if (sqlite3_changes(s->db) == 0)
        return ENT_E_NOTFOUND;
    s->touched = true;
    return forget(s, id);
}
