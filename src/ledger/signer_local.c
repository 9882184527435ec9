/* signer_local.c: the signer over keys in this process. Every check is its own, over bytes that its
 * own encoders write; what it compares with is in its memory alone. */
#include "ledger/ledger.h"
#include "ledger/signer.h"

#define LASTS_MAX (ENT_ROSTER_MEMBERS * ENT_ROSTER_LOGS)

struct keys {
    struct ent_keypair author[ENT_SIGNER_AUTHORS];
    struct ent_keypair log, witness, mirror;
};

/* Of one log: ours, or another's. */
struct last {
    char origin[ENT_ORIGIN_MAX + 1];
    struct ent_last_head head;
};

struct ent_signer_local {
    struct ent_signer signer; /* what others see, whose ctx is this */
    struct keys *keys;        /* secret memory */
    struct ent_roster *roster;
    struct ent_signer_given given;
    char self[ENT_NAME_MAX + 1], origin[ENT_ORIGIN_MAX + 1];
    uint64_t version;  /* of the pact: the newest that a statement was signed under */
    struct last *last; /* LASTS_MAX */
    size_t lasts;
    struct ent_buf text;
};

bool ent_signer_is_author(const struct ent_signer *s, const struct ent_pubkey *pk)
{
    for (size_t i = 0; i < s->keys.authors; i++)
        if (memcmp(s->keys.author[i].b, pk->b, sizeof(pk->b)) == 0)
            return true;
    return false;
}

enum ent_err ent_growth_make(struct ent_growth *ret, const char *origin,
                             const struct ent_last_head *last, uint64_t size,
                             const struct ent_hash32 *root, const struct ent_merkle_source *source)
{
    if (last->size > size)
        return ENT_E_STATE;
    int n = snprintf(ret->origin, sizeof(ret->origin), "%s", origin);
    ret->size = size;
    ret->root = *root;
    ret->old = last->size;
    ret->proof.n = 0;
    if (n < 0 || (size_t)n >= sizeof(ret->origin))
        return ENT_E_LIMIT;
    return last->size == 0 || last->size == size
               ? ENT_OK
               : ent_merkle_prove_consistency(&ret->proof, last->size, size, source);
}

static bool same_hash(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* --- what was signed before ---------------------------------------------------------------------
 */

static bool is_own(const struct ent_signer_local *s, const char *origin)
{
    return s->signer.keys.has_log && strcmp(origin, s->origin) == 0;
}

/* What the trusted side knows is taken where it is later. */
static enum ent_err ask_given(struct ent_signer_local *s, struct last *l, struct ent_diag *d)
{
    struct ent_last_head head;
    if (s->given.last == NULL)
        return ENT_OK;
    enum ent_err r =
        s->given.last(s->given.ctx, &head, d, s->roster, l->origin, is_own(s, l->origin));
    if (r == ENT_E_NOTFOUND)
        return ENT_OK;
    if (r != ENT_OK)
        return r;
    if (head.size == l->head.size && !same_hash(&head.root, &l->head.root))
        return ent_fail(d, ENT_E_POLICY, "another head of this size was signed before", 0,
                        head.size);
    if (head.size > l->head.size) {
        l->head.size = head.size;
        l->head.root = head.root;
    }
    if (head.time > l->head.time)
        l->head.time = head.time;
    return ENT_OK;
}

/* again: somebody else may have signed since. */
static enum ent_err find_last(struct ent_signer_local *s, struct last **ret, struct ent_diag *d,
                              const char *origin, bool again)
{
    struct last *l = NULL;
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < s->lasts && l == NULL; i++)
        if (strcmp(s->last[i].origin, origin) == 0)
            l = &s->last[i];
    bool isnew = l == NULL;
    if (isnew) {
        if (s->lasts == LASTS_MAX)
            return ent_fail(d, ENT_E_LIMIT, "more logs than a pact has", 0, 0);
        l = &s->last[s->lasts];
        *l = (struct last){.head = {.size = 0}};
        ent_sha256_of(&l->head.root, ent_slice(NULL, 0));
        (void)snprintf(l->origin, sizeof(l->origin), "%s", origin);
    }
    if ((isnew || again) && (r = ask_given(s, l, d)) != ENT_OK)
        return r;
    s->lasts += isnew;
    *ret = l;
    return ENT_OK;
}

/* The log of a request, which has to end with a NUL inside its field. Of the own one *ret_key may
 * be NULL: heads are signed without a roster, too. */
static enum ent_err find_log(const struct ent_signer_local *s, const char *origin,
                             const struct ent_roster_member **ret_member,
                             const struct ent_log_key **ret_key, struct ent_diag *d)
{
    *ret_member = NULL;
    *ret_key = NULL;
    if (memchr(origin, 0, ENT_ORIGIN_MAX + 1) == NULL)
        return ent_fail(d, ENT_E_FORMAT, "not the name of a log", 0, 0);
    if (s->roster == NULL && is_own(s, origin))
        return ENT_OK;
    if (s->roster == NULL ||
        ent_roster_log(s->roster, ret_member, ret_key, ent_slice_str(origin)) != ENT_OK)
        return ent_fail(d, ENT_E_NOTFOUND, "no log that this signer knows", 0, 0);
    return ENT_OK;
}

/* Nothing behind the head with which the pact has closed it. */
static enum ent_err check_closed(const struct ent_log_key *key, const struct ent_growth *g,
                                 struct ent_diag *d)
{
    if (key != NULL && key->closed &&
        (g->size > key->size || (g->size == key->size && !same_hash(&g->root, &key->root))))
        return ent_fail(d, ENT_E_POLICY, "the pact has closed this log before this head", 0,
                        g->size);
    return ENT_OK;
}

/* It grows out of the last, which it may be itself. */
static enum ent_err check_growth(struct ent_signer_local *s, struct last **ret,
                                 const struct ent_growth *g, struct ent_diag *d)
{
    struct last *l = NULL;
    enum ent_err r;
    if (g->size > ENT_CHECKPOINT_SIZE_MAX || g->proof.n > ENT_MERKLE_PROOF_MAX)
        return ent_fail(d, ENT_E_FORMAT, "not a head and its proof", 0, 0);
    if ((r = find_last(s, &l, d, g->origin, false)) != ENT_OK)
        return r;
    if (g->old != l->head.size && (r = find_last(s, &l, d, g->origin, true)) != ENT_OK)
        return r;
    *ret = l;
    if (g->size < l->head.size)
        return ent_fail(d, ENT_E_POLICY, "a later head was signed before", 0, l->head.size);
    if (g->size == l->head.size) { /* asked again, whatever it starts from */
        if (!same_hash(&g->root, &l->head.root))
            return ent_fail(d, ENT_E_POLICY, "another head of this size was signed before", 0,
                            g->size);
        return ENT_OK;
    }
    if (g->old != l->head.size)
        return ent_fail(d, ENT_E_STATE, "it does not start from the last head", 0, l->head.size);
    if (ent_merkle_check_consistency(g->old, &l->head.root, g->size, &g->root, g->proof.hash,
                                     g->proof.n) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "it is not shown to grow out of the last head", 0, g->size);
    return ENT_OK;
}

static enum ent_err write_head(struct ent_signer_local *s, const char *origin, uint64_t size,
                               const struct ent_hash32 *root, struct ent_diag *d)
{
    const struct ent_checkpoint cp = {ent_slice_str(origin), size, *root};
    ent_buf_clear(&s->text);
    enum ent_err r = ent_checkpoint_encode(&s->text, &cp);
    return r == ENT_OK ? r : ent_fail(d, r, "not a head", 0, 0);
}

/* --- the requests -------------------------------------------------------------------------------
 */

/* Known, and none that the pact has left behind. */
static enum ent_err check_version(const struct ent_signer_local *s, const struct ent_statement *st,
                                  struct ent_diag *d)
{
    const struct ent_roster *ro = s->roster;
    if (st->pact_version < ro->first || st->pact_version - ro->first >= ro->versions ||
        !same_hash(&ro->version[st->pact_version - ro->first], &st->pact))
        return ent_fail(d, ENT_E_POLICY, "a version of the pact that the signer does not know", 0,
                        st->pact_version);
    if (st->pact_version < s->version)
        return ent_fail(d, ENT_E_POLICY, "statements were signed under a newer version of the pact",
                        0, s->version);
    return ENT_OK;
}

/* Behind the last head, at most a batch, where one of the keys is the author's. */
static enum ent_err check_place(struct ent_signer_local *s, const struct ent_keypair **ret,
                                const struct ent_statement *st, struct ent_diag *d)
{
    const struct ent_roster_member *m;
    const struct ent_log_key *key;
    struct last *l;
    enum ent_err r;
    if (!s->signer.keys.has_log)
        return ent_fail(d, ENT_E_NOTFOUND, "no key of a log of this member", 0, 0);
    if ((r = find_log(s, s->origin, &m, &key, d)) != ENT_OK ||
        (r = find_last(s, &l, d, s->origin, false)) != ENT_OK)
        return r;
    uint64_t base = ent_roster_base(m, key->generation), place = st->sequence - 1;
    if (base == ENT_INDEX_NONE || st->sequence == 0 || place < base || place - base < l->head.size)
        return ent_fail(d, ENT_E_POLICY, "a statement with this number is below a signed head", 0,
                        st->sequence);
    if (place - base - l->head.size >= ENT_TREE_BATCH)
        return ent_fail(d, ENT_E_POLICY, "more than a batch behind the last head", 0, st->sequence);
    const struct ent_pubkey *pk = ent_roster_author(m, key->generation, place - base);
    for (size_t i = 0; pk != NULL && i < s->signer.keys.authors; i++)
        if (memcmp(s->keys->author[i].pk.b, pk->b, sizeof(pk->b)) == 0) {
            *ret = &s->keys->author[i];
            return ENT_OK;
        }
    return ent_fail(d, ENT_E_NOTFOUND, "no author key for this place in the log", 0, st->sequence);
}

/* One word of a line: visible ASCII, and the field has its end. */
static bool is_word(const char *s, size_t room)
{
    size_t n = 0;
    while (n < room && s[n] > ' ' && s[n] <= '~')
        n++;
    return n > 0 && n < room && s[n] == 0;
}

/* What a reader takes for this statement and no other (ent_statement_parse()). */
static bool is_statement(const struct ent_statement *st)
{
    return is_word(st->author, sizeof(st->author)) && is_word(st->tlp, sizeof(st->tlp)) &&
           is_word(st->media, sizeof(st->media)) && ent_name_is_valid(ent_slice_str(st->author)) &&
           st->refs <= ENT_STATEMENT_REFS && (unsigned)st->type < ENT_ST_TYPES && st->time >= 0 &&
           st->pact_version <= UINT32_MAX && st->sequence <= INT64_MAX &&
           st->body_n <= ENT_ACT_BODY_MAX;
}

static enum ent_err sign_statement(void *ctx, struct ent_signature *ret, struct ent_buf *text,
                                   struct ent_diag *d, const struct ent_statement *st)
{
    struct ent_signer_local *s = ctx;
    const struct ent_keypair *author = NULL;
    const size_t before = text->n;
    enum ent_err r;
    if (!is_statement(st))
        return ent_fail(d, ENT_E_FORMAT, "not a statement", 0, 0);
    if (s->roster == NULL || s->signer.keys.authors == 0)
        return ent_fail(d, ENT_E_NOTFOUND, "no author key", 0, 0);
    if (strcmp(st->author, s->self) != 0)
        return ent_fail(d, ENT_E_POLICY, "a statement of another member", 0, 0);
    if ((r = check_version(s, st, d)) != ENT_OK || (r = check_place(s, &author, st, d)) != ENT_OK)
        return r;
    if ((r = ent_statement_encode(text, st)) != ENT_OK) {
        text->n = before;
        return ent_fail(d, r, "no room for a statement", 0, 0);
    }
    s->version = st->pact_version;
    ret->pk = author->pk;
    ent_sign_by(ret->sig, author, ent_slice(text->p + before, text->n - before));
    return ENT_OK;
}

static enum ent_err sign_head(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                              const struct ent_growth *g)
{
    struct ent_signer_local *s = ctx;
    const struct ent_roster_member *m;
    const struct ent_log_key *key;
    struct last *l;
    enum ent_err r;
    if ((r = find_log(s, g->origin, &m, &key, d)) != ENT_OK)
        return r;
    if (!is_own(s, g->origin))
        return ent_fail(d, ENT_E_POLICY, "a head of another log", 0, 0);
    if ((r = check_closed(key, g, d)) != ENT_OK || (r = check_growth(s, &l, g, d)) != ENT_OK ||
        (r = write_head(s, g->origin, g->size, &g->root, d)) != ENT_OK)
        return r;
    l->head.size = g->size;
    l->head.root = g->root;
    ret->pk = s->keys->log.pk;
    ent_sign_by(ret->sig, &s->keys->log, ent_buf_slice(&s->text));
    return ENT_OK;
}

/* Others' logs; that is what we witness. */
static enum ent_err check_others(const struct ent_signer_local *s, const char *origin,
                                 const struct ent_log_key **ret, struct ent_diag *d)
{
    const struct ent_roster_member *m;
    enum ent_err r = find_log(s, origin, &m, ret, d);
    if (r == ENT_OK && (m == NULL || strcmp(m->name, s->self) == 0))
        r = ent_fail(d, ENT_E_POLICY, "nobody is a witness of its own log", 0, 0);
    return r;
}

static enum ent_err cosign(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                           const struct ent_cosign_request *q)
{
    struct ent_signer_local *s = ctx;
    const struct ent_growth *g = &q->head;
    const struct ent_log_key *key;
    struct last *l;
    enum ent_err r;
    if (!s->signer.keys.has_witness)
        return ent_fail(d, ENT_E_NOTFOUND, "no witness key", 0, 0);
    if (q->time < 0)
        return ent_fail(d, ENT_E_FORMAT, "not a time", 0, 0);
    if ((r = check_others(s, g->origin, &key, d)) != ENT_OK ||
        (r = check_closed(key, g, d)) != ENT_OK ||
        (r = write_head(s, g->origin, g->size, &g->root, d)) != ENT_OK)
        return r;
    if (ent_sign_check(&key->pk, q->log_sig, ent_buf_slice(&s->text)) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "the log has not signed this head", 0, g->size);
    if ((r = check_growth(s, &l, g, d)) != ENT_OK)
        return r;
    if (q->time != 0 && q->time < l->head.time)
        return ent_fail(d, ENT_E_POLICY, "it was cosigned at a later time before", 0,
                        (uint64_t)l->head.time);
    l->head.size = g->size;
    l->head.root = g->root;
    *ret = (struct ent_signature){.pk = s->keys->witness.pk};
    if (q->time == 0)
        return ENT_OK;
    l->head.time = q->time;
    ent_cosign_raw(ret->sig, ent_buf_slice(&s->text), &s->keys->witness, q->time);
    return ENT_OK;
}

static enum ent_err sign_mirror(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                                const struct ent_cosigned *c)
{
    struct ent_signer_local *s = ctx;
    const struct ent_log_key *key;
    enum ent_err r;
    if (!s->signer.keys.has_mirror || !s->signer.keys.has_witness)
        return ent_fail(d, ENT_E_NOTFOUND, "no mirror key", 0, 0);
    if (c->time <= 0)
        return ent_fail(d, ENT_E_FORMAT, "not a time", 0, 0);
    if ((r = check_others(s, c->origin, &key, d)) != ENT_OK ||
        (r = write_head(s, c->origin, c->size, &c->root, d)) != ENT_OK)
        return r;
    if (ent_cosign_raw_check(&s->keys->witness.pk, c->sig, ent_buf_slice(&s->text), c->time) !=
        ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "this head was not cosigned here", 0, c->size);
    ret->pk = s->keys->mirror.pk;
    ent_cosign_raw(ret->sig, ent_buf_slice(&s->text), &s->keys->mirror, c->time);
    return ENT_OK;
}

static enum ent_err last_head(void *ctx, struct ent_last_head *ret, struct ent_diag *d,
                              const char *origin)
{
    struct ent_signer_local *s = ctx;
    const struct ent_roster_member *m;
    const struct ent_log_key *key;
    struct last *l;
    enum ent_err r;
    if (strlen(origin) > ENT_ORIGIN_MAX)
        return ent_fail(d, ENT_E_FORMAT, "not the name of a log", 0, 0);
    if ((r = find_log(s, origin, &m, &key, d)) != ENT_OK ||
        (r = find_last(s, &l, d, origin, true)) != ENT_OK)
        return r;
    *ret = l->head;
    return ENT_OK;
}

/* --- the pact -----------------------------------------------------------------------------------
 */

/* The same pact, and no version of it forgotten or replaced. */
static bool goes_on(const struct ent_roster *from, const struct ent_roster *to)
{
    uint64_t newest = from->first + from->versions - 1;
    if (!same_hash(&from->pact, &to->pact))
        return false;
    if (from->versions == 0)
        return true;
    return newest >= to->first && newest - to->first < to->versions &&
           same_hash(&from->version[from->versions - 1], &to->version[newest - to->first]);
}

enum ent_err ent_signer_local_follow(struct ent_signer *signer, struct ent_diag *d,
                                     const struct ent_roster *roster)
{
    struct ent_signer_local *s = signer->ctx;
    if (s->roster != NULL &&
        roster->first + roster->versions < s->roster->first + s->roster->versions &&
        goes_on(roster, s->roster))
        return ENT_OK; /* it was read before somebody added to it */
    if (s->roster == NULL || !goes_on(s->roster, roster))
        return ent_fail(d, ENT_E_POLICY, "not a later version of the pact that the signer knows", 0,
                        0);
    *s->roster = *roster;
    return ENT_OK;
}

static enum ent_err follow(void *ctx, struct ent_diag *d, struct ent_slice chain)
{
    struct ent_signer_local *s = ctx;
    if (s->given.follow == NULL)
        return ENT_OK;
    struct ent_roster *next = malloc(sizeof(*next));
    if (next == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = s->given.follow(s->given.ctx, next, d, chain);
    if (r == ENT_OK)
        r = ent_signer_local_follow(&s->signer, d, next);
    free(next);
    return r;
}

/* --- making one ---------------------------------------------------------------------------------
 */

static void take_keys(struct ent_signer_local *s, const struct ent_signer_opts *o)
{
    struct ent_signer_keys *k = &s->signer.keys;
    const struct {
        const struct ent_seed32 *seed;
        struct ent_keypair *pair;
        bool *has;
        struct ent_pubkey *pk;
    } one[] = {{o->log, &s->keys->log, &k->has_log, &k->log},
               {o->witness, &s->keys->witness, &k->has_witness, &k->witness},
               {o->mirror, &s->keys->mirror, &k->has_mirror, &k->mirror}};
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
        if (one[i].seed != NULL) {
            ent_keypair_init(one[i].pair, one[i].seed);
            *one[i].pk = one[i].pair->pk;
            *one[i].has = true;
        }
    for (; k->authors < o->authors; k->authors++) {
        s->keys->author[k->authors] = o->author[k->authors];
        k->author[k->authors] = o->author[k->authors].pk;
    }
}

/* Without an origin the log is the one of this member that has this key. */
static void find_origin(struct ent_signer_local *s, const char *origin)
{
    struct ent_signer_keys *k = &s->signer.keys;
    const struct ent_roster_member *m =
        s->roster == NULL ? NULL : ent_roster_member(s->roster, s->self);
    char name[ENT_LOG_ORIGIN];
    if (origin != NULL)
        (void)snprintf(s->origin, sizeof(s->origin), "%s", origin);
    for (size_t i = 0; origin == NULL && m != NULL && k->has_log && i < m->logs; i++)
        if (memcmp(m->log[i].pk.b, k->log.b, sizeof(k->log.b)) == 0) {
            ent_roster_origin(s->roster, name, s->self, m->log[i].generation);
            (void)snprintf(s->origin, sizeof(s->origin), "%s", name);
        }
}

static struct ent_signer_local *allocate(const struct ent_signer_opts *o)
{
    struct ent_signer_local *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    ent_buf_init(&s->text, ENT_NOTE_MAX);
    s->signer = (struct ent_signer){.ctx = s,
                                    .statement = sign_statement,
                                    .head = sign_head,
                                    .cosign = cosign,
                                    .mirror = sign_mirror,
                                    .last = last_head,
                                    .follow = follow};
    s->keys = ent_secret_alloc(sizeof(*s->keys));
    s->last = calloc(LASTS_MAX, sizeof(*s->last));
    s->roster = o->roster == NULL ? NULL : malloc(sizeof(*s->roster));
    if (s->keys == NULL || s->last == NULL || (o->roster != NULL && s->roster == NULL)) {
        ent_signer_local_free(&s->signer);
        return NULL;
    }
    return s;
}

enum ent_err ent_signer_local(struct ent_signer **ret, struct ent_diag *d,
                              const struct ent_signer_opts *o)
{
    if (o->authors > ENT_SIGNER_AUTHORS || strlen(o->self) > ENT_NAME_MAX ||
        (o->origin != NULL && strlen(o->origin) > ENT_ORIGIN_MAX))
        return ent_fail(d, ENT_E_LIMIT, "too much for a signer", 0, 0);
    struct ent_signer_local *s = allocate(o);
    if (s == NULL)
        return ent_fail(d, ENT_E_NOMEM, "no memory for keys", 0, 0);
    if (o->roster != NULL)
        *s->roster = *o->roster;
    s->given = o->given;
    (void)snprintf(s->self, sizeof(s->self), "%s", o->self);
    take_keys(s, o);
    find_origin(s, o->origin);
    *ret = &s->signer;
    return ENT_OK;
}

void ent_signer_local_free(struct ent_signer *signer)
{
    if (signer == NULL)
        return;
    struct ent_signer_local *s = signer->ctx;
    ent_secret_free(s->keys);
    ent_buf_release(&s->text);
    free(s->roster);
    free(s->last);
    free(s);
}
