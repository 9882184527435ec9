/* whom.c: to whom an entry was said, out of bodies and the records of matches. */
#include "node/node.h"

/* What a record claims to hold under this leaf hash. */
struct claim {
    struct ent_hash32 leaf;
    char run[ENT_RUN_ID];
};

struct ent_whom {
    struct ent_reading *rd;
    bool looked;
    struct claim *claim; /* sorted */
    size_t claims, room;
    struct ent_buf bytes;
    struct ent_delivery offer, accept;
    struct ent_buf offer_bytes;
};

enum ent_err ent_whom_new(struct ent_whom **ret, struct ent_reading *rd)
{
    struct ent_whom *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ENT_E_NOMEM;
    w->rd = rd;
    ent_buf_init(&w->bytes, ENT_DELIVERY_MAX);
    ent_buf_init(&w->offer_bytes, ENT_DELIVERY_MAX);
    *ret = w;
    return ENT_OK;
}

void ent_whom_free(struct ent_whom *w)
{
    if (w == NULL)
        return;
    ent_buf_release(&w->bytes);
    ent_buf_release(&w->offer_bytes);
    free(w->claim);
    free(w);
}

/* --- the records --------------------------------------------------------------------------------
 */

/* ENT_E_NOTFOUND also for one that is too large: it is nobody's record then. */
static enum ent_err load(const struct ent_whom *w, struct ent_buf *b, const char *run,
                         const char *file)
{
    char name[ENT_RUN_FILE];
    ent_buf_clear(b);
    (void)snprintf(name, sizeof(name), "runs/%s/%s", run, file);
    enum ent_err r = ent_home_load(w->rd->home, b, NULL, name);
    return r == ENT_E_LIMIT ? ENT_E_NOTFOUND : r;
}

static enum ent_err add_claim(struct ent_whom *w, const char *run, const char *file)
{
    struct ent_slice entry = {NULL, 0};
    enum ent_err r = load(w, &w->bytes, run, file);
    if (r == ENT_OK)
        r = ent_delivery_claims(&entry, ent_buf_slice(&w->bytes));
    if (r != ENT_OK)
        return r == ENT_E_NOTFOUND || r == ENT_E_FORMAT || r == ENT_E_LIMIT ? ENT_OK : r;
    if (w->claims == w->room) {
        size_t room = w->room == 0 ? 64 : 2 * w->room;
        void *more = realloc(w->claim, room * sizeof(w->claim[0]));
        if (more == NULL)
            return ENT_E_NOMEM;
        w->claim = more;
        w->room = room;
    }
    ent_merkle_leaf_hash(&w->claim[w->claims].leaf, entry);
    (void)snprintf(w->claim[w->claims++].run, ENT_RUN_ID, "%s", run);
    return ENT_OK;
}

static int by_leaf(const void *a, const void *b)
{
    return memcmp(((const struct claim *)a)->leaf.b, ((const struct claim *)b)->leaf.b, 32);
}

static enum ent_err look(struct ent_whom *w)
{
    char run[ENT_DISK_NAME_MAX];
    struct ent_buf names;
    enum ent_err r = ent_home_list(w->rd->home, &names, "runs");
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, run))
        if (strlen(run) == ENT_RUN_ID - 1 && (r = add_claim(w, run, "offer")) == ENT_OK)
            r = add_claim(w, run, "accept");
    ent_buf_release(&names);
    if (w->claims > 0)
        qsort(w->claim, w->claims, sizeof(w->claim[0]), by_leaf);
    w->looked = r == ENT_OK;
    return r;
}

/* --- who it was ---------------------------------------------------------------------------------
 */

static bool is(const struct ent_act *act, enum ent_statement_type type, const char *media)
{
    return act->st.type == type && strcmp(act->st.media, media) == 0;
}

/* An offer and its acceptance that hold, one of them with this leaf: the two sides. */
static bool holds(struct ent_whom *w, struct ent_match_offer *ret, const char *run,
                  const struct ent_hash32 *leaf)
{
    const struct ent_roster *roster = &w->rd->home->roster;
    const struct ent_act *o = &w->offer.act, *a = &w->accept.act;
    if (load(w, &w->offer_bytes, run, "offer") != ENT_OK ||
        load(w, &w->bytes, run, "accept") != ENT_OK ||
        ent_delivery_parse(&w->offer, ent_buf_slice(&w->offer_bytes), roster, NULL) != ENT_OK ||
        ent_delivery_parse(&w->accept, ent_buf_slice(&w->bytes), roster, NULL) != ENT_OK)
        return false;
    return is(o, ENT_ST_OFFER, ENT_MEDIA_OFFER) && is(a, ENT_ST_ACCEPT, ENT_MEDIA_ACCEPT) &&
           ent_match_offer_parse(ret, o->body) == ENT_OK && a->st.refs == 1 &&
           memcmp(a->st.ref[0].b, o->leaf.b, 32) == 0 && strcmp(a->st.author, ret->to) == 0 &&
           (memcmp(leaf->b, o->leaf.b, 32) == 0 || memcmp(leaf->b, a->leaf.b, 32) == 0);
}

static enum ent_err of_record(struct ent_whom *w, char ret[static ENT_NAME_MAX + 1],
                              const char *author, const struct ent_hash32 *leaf)
{
    const struct claim key = {.leaf = *leaf};
    struct ent_match_offer offer;
    enum ent_err r = w->looked ? ENT_OK : look(w);
    if (r != ENT_OK || w->claims == 0)
        return r;
    const struct claim *c = bsearch(&key, w->claim, w->claims, sizeof(w->claim[0]), by_leaf);
    if (c == NULL || !holds(w, &offer, c->run, leaf))
        return ENT_OK;
    const char *asker = w->offer.act.st.author;
    if (strcmp(author, asker) == 0)
        memcpy(ret, offer.to, ENT_NAME_MAX + 1);
    else if (strcmp(author, offer.to) == 0)
        (void)snprintf(ret, ENT_NAME_MAX + 1, "%s", asker);
    return ENT_OK;
}

/* An offer of one's own has its body in the log, whether it was accepted or not. */
static enum ent_err of_body(struct ent_whom *w, char ret[static ENT_NAME_MAX + 1], uint64_t index)
{
    const struct ent_reading *rd = w->rd;
    struct ent_match_offer offer;
    struct ent_act act;
    ent_buf_clear(&w->bytes);
    enum ent_err r = ent_log_act(rd->log, &w->bytes, NULL, index);
    if (r == ENT_OK)
        r = ent_act_parse(&act, ent_buf_slice(&w->bytes),
                          ent_roster_author(rd->member, rd->key->generation, index), NULL);
    if (r == ENT_OK && is(&act, ENT_ST_OFFER, ENT_MEDIA_OFFER) &&
        ent_match_offer_parse(&offer, act.body) == ENT_OK)
        memcpy(ret, offer.to, ENT_NAME_MAX + 1);
    return r == ENT_E_IO || r == ENT_E_NOMEM ? r : ENT_OK;
}

enum ent_err ent_whom_of(struct ent_whom *w, char ret[static ENT_NAME_MAX + 1],
                         const struct ent_statement *st, const struct ent_hash32 *leaf,
                         uint64_t index)
{
    bool answer =
        st->type == ENT_ST_ACCEPT || st->type == ENT_ST_REFUSE || st->type == ENT_ST_RESULT;
    enum ent_err r = ENT_OK;
    ret[0] = '\0';
    if (st->type == ENT_ST_OFFER && w->rd->log != NULL)
        r = of_body(w, ret, index);
    else if (st->type == ENT_ST_OFFER)
        r = of_record(w, ret, st->author, leaf);
    else if (answer && st->refs > 0)
        r = of_record(w, ret, st->author, &st->ref[0]);
    return r;
}
