/* quorum_run.c: phases and deadlines of a run, and what each statement does to it. */
#include "match/match.h"

const char *ent_quorum_phase_word(enum ent_quorum_phase p)
{
    static const char *const words[ENT_QUORUM_PHASES] = {
        "offered", "keys", "upload", "reconstruct", "done", "failed",
    };
    return words[p];
}

#define IN(phase) (1u << (phase))

/* Failed before it began: who refused is heard of also behind the collector's word about it. */
static bool is_over_early(const struct ent_quorum_run *r)
{
    return r->phase == ENT_QUORUM_FAILED && r->present == 0;
}

/* A key holder that refuses here and shows others its key ends nothing: they have begun. */
static bool may_go_on(const struct ent_quorum_run *r)
{
    return is_over_early(r) && ent_quorum_holder_number(&r->offer, r->failed_by) != 0;
}

bool ent_quorum_run_allows(const struct ent_quorum_run *r, enum ent_quorum_message m)
{
    static const unsigned before = IN(ENT_QUORUM_OFFERED) | IN(ENT_QUORUM_KEYS);
    static const unsigned during = IN(ENT_QUORUM_UPLOAD) | IN(ENT_QUORUM_RECONSTRUCT);
    const unsigned allowed[ENT_QUORUM_MESSAGES] = {
        [ENT_QUORUM_MSG_ACCEPT] = before,
        [ENT_QUORUM_MSG_REFUSE] = before | during,
        [ENT_QUORUM_MSG_KEY] = before,
        [ENT_QUORUM_MSG_BEGIN] = before,
        [ENT_QUORUM_MSG_ASK] = IN(ENT_QUORUM_UPLOAD),
        [ENT_QUORUM_MSG_BLOCK] = IN(ENT_QUORUM_UPLOAD),
        [ENT_QUORUM_MSG_RESULT] = during,
        [ENT_QUORUM_MSG_PIECE] = IN(ENT_QUORUM_DONE),
        [ENT_QUORUM_MSG_TAKEN] = IN(ENT_QUORUM_DONE),
        [ENT_QUORUM_MSG_LEFT_OUT] = before | during | IN(ENT_QUORUM_DONE) | IN(ENT_QUORUM_FAILED),
    };
    if (m == ENT_QUORUM_MSG_REFUSE && is_over_early(r))
        return true;
    return (allowed[m] & IN(may_go_on(r) ? ENT_QUORUM_KEYS : r->phase)) != 0;
}

void ent_quorum_run_init(struct ent_quorum_run *r, const struct ent_quorum_offer *o,
                         const struct ent_hash32 *leaf, const char *self)
{
    *r = (struct ent_quorum_run){
        .offer = *o, .leaf = *leaf, .collects = strcmp(self, o->collector) == 0};
}

static void fail(struct ent_quorum_run *r, const char *by, enum ent_quorum_fault f)
{
    r->phase = ENT_QUORUM_FAILED;
    memcpy(r->failed_by, by, strlen(by) + 1);
    r->failed_for = f;
}

static bool is_quiet(enum ent_quorum_fault f)
{
    return f == ENT_QUORUM_NO_FAULT || f == ENT_QUORUM_SILENT || f == ENT_QUORUM_LATE;
}

static void note(enum ent_quorum_fault *at, enum ent_quorum_fault f)
{
    if (*at == ENT_QUORUM_NO_FAULT || (is_quiet(*at) && !is_quiet(f)))
        *at = f;
}

static bool is_same(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static bool is_none(const struct ent_hash32 *h)
{
    static const struct ent_hash32 none;
    return is_same(h, &none);
}

/* The part of what every statement asks: part, offer or run. */
static enum ent_err check_about(bool part, const struct ent_hash32 *about,
                                const struct ent_hash32 *expected)
{
    if (!part)
        return ENT_E_POLICY;
    return is_same(about, expected) ? ENT_OK : ENT_E_FORMAT;
}

/* And the phase. */
static enum ent_err check(const struct ent_quorum_run *r, enum ent_quorum_message m, bool part,
                          const struct ent_hash32 *about, const struct ent_hash32 *expected)
{
    enum ent_err e = check_about(part, about, expected);
    return e != ENT_OK ? e : ent_quorum_run_allows(r, m) ? ENT_OK : ENT_E_STATE;
}

static bool is_awaiting(const struct ent_quorum_run *r)
{
    return r->awaits.present != 0;
}

static bool is_seat(const struct ent_quorum_seat *s, const struct ent_hash32 *leaf)
{
    return s->accepted && !is_none(leaf) &&
           (is_same(&s->leaf, leaf) || is_same(&s->other_leaf, leaf));
}

static bool is_key(const struct ent_quorum_run *r, uint32_t j, const struct ent_hash32 *leaf)
{
    return (r->keys >> j & 1) != 0 && !is_none(leaf) &&
           (is_same(&r->key_leaf[j], leaf) || is_same(&r->other_key_leaf[j], leaf));
}

bool ent_quorum_run_awaits(const struct ent_quorum_run *r, const struct ent_hash32 *leaf)
{
    const struct ent_quorum_begin *g = &r->awaits;
    if (!is_awaiting(r))
        return false;
    for (uint64_t left = g->present; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        if (is_same(&g->accept[i], leaf) && !is_seat(&r->seat[i], leaf))
            return true;
    }
    for (uint32_t j = 0; j < g->holders; j++)
        if (is_same(&g->key[j], leaf) && !is_key(r, j, leaf))
            return true;
    return false;
}

/* Whether the second place is free for this: of more than two begin decides. same: the first says
 * that too, as what a full disk has its author say twice; other: so does the second. */
static bool has_room(const struct ent_quorum_run *r, const struct ent_hash32 *other_leaf,
                     bool other, bool same, const struct ent_hash32 *leaf)
{
    return is_none(other_leaf) || (other && !same) || ent_quorum_run_awaits(r, leaf);
}

static enum ent_err take_begin(struct ent_quorum_run *r);

/* --- before the run ------------------------------------------------------------------------- */

static bool is_same_accept(const struct ent_quorum_accept *a, const struct ent_quorum_accept *b)
{
    return a->items == b->items && is_same(&a->root, &b->root);
}

static enum ent_err accept_again(struct ent_quorum_run *r, uint32_t i,
                                 const struct ent_quorum_accept *a, const struct ent_hash32 *leaf)
{
    struct ent_quorum_seat *s = &r->seat[i];
    const bool same = is_same_accept(a, &s->accept);
    if (is_seat(s, leaf))
        return ENT_OK;
    if (!same)
        note(&r->member[i], ENT_QUORUM_CONTRARY);
    if (!has_room(r, &s->other_leaf, is_same_accept(&s->other, &s->accept), same, leaf))
        return ENT_E_EXISTS;
    s->other = *a;
    s->other_leaf = *leaf;
    return ENT_OK;
}

static void accept_first(struct ent_quorum_run *r, uint32_t i, const struct ent_quorum_accept *a,
                         const struct ent_hash32 *leaf, int64_t now)
{
    struct ent_quorum_seat *s = &r->seat[i];
    s->accept = *a;
    s->leaf = *leaf;
    s->accepted = true;
    s->late = now >= r->offer.accept_by;
    if (s->late && is_quiet(r->member[i]))
        r->member[i] = ENT_QUORUM_LATE;
    if (s->refused)
        note(&r->member[i], ENT_QUORUM_CONTRARY);
}

enum ent_err ent_quorum_run_accept(struct ent_quorum_run *r, const char *author,
                                   const struct ent_quorum_accept *a, const struct ent_hash32 *leaf,
                                   int64_t now)
{
    uint32_t index = ent_quorum_index(&r->offer, author);
    enum ent_err e = check_about(index != 0, &a->offer, &r->leaf);
    if (e != ENT_OK)
        return e;
    if (ent_quorum_accept_check(a, &r->offer) != ENT_OK)
        return ENT_E_FORMAT;
    if (r->seat[index - 1].accepted)
        e = accept_again(r, index - 1, a, leaf);
    else if (!ent_quorum_run_allows(r, ENT_QUORUM_MSG_ACCEPT))
        return ENT_E_STATE;
    else
        accept_first(r, index - 1, a, leaf, now);
    if (is_awaiting(r))
        (void)!take_begin(r); /* more may be missing */
    return e;
}

static uint64_t accepted_in_time(const struct ent_quorum_run *r)
{
    uint64_t ret = 0;
    for (uint32_t i = 0; i < r->offer.shape.members; i++)
        if (r->seat[i].accepted && !r->seat[i].late && !r->seat[i].refused)
            ret |= UINT64_C(1) << i;
    return ret;
}

static bool is_enough(const struct ent_quorum_run *r, uint64_t members)
{
    return (uint32_t)__builtin_popcountll(members) >= r->offer.shape.threshold;
}

/* Who accepted everybody can see; whose shares came is the collector's word alone. */
static enum ent_err take_too_few(struct ent_quorum_run *r)
{
    const bool seen = r->phase < ENT_QUORUM_UPLOAD && is_enough(r, accepted_in_time(r));
    fail(r, seen ? r->offer.collector : "", ENT_QUORUM_NO_FAULT);
    return ENT_OK;
}

/* Of a participant, which may hold a key too. */
static void refuse_seat(struct ent_quorum_run *r, uint32_t i)
{
    if (r->seat[i].accepted)
        note(&r->member[i], ENT_QUORUM_CONTRARY);
    r->seat[i].refused = true;
}

/* Once the collector has begun, it has the key: to others it was shown. */
static void refuse_key(struct ent_quorum_run *r, uint32_t j)
{
    if ((r->keys >> j & 1) != 0)
        note(&r->holder[j], ENT_QUORUM_CONTRARY);
    if (r->phase < ENT_QUORUM_UPLOAD && !is_awaiting(r))
        fail(r, r->offer.holder[j], ENT_QUORUM_NO_FAULT);
}

enum ent_err ent_quorum_run_refuse(struct ent_quorum_run *r, const char *author,
                                   const struct ent_quorum_refuse *f)
{
    uint32_t index = ent_quorum_index(&r->offer, author);
    uint32_t j = ent_quorum_holder_number(&r->offer, author);
    bool collector = strcmp(author, r->offer.collector) == 0;
    bool few = f->why == ENT_QUORUM_TOO_FEW;
    bool part = collector || (!few && (j != 0 || index != 0));
    enum ent_err e = check_about(part, &f->offer, &r->leaf);
    if (e != ENT_OK)
        return e;
    const bool contrary =
        (index != 0 && r->seat[index - 1].accepted) || (j != 0 && (r->keys >> (j - 1) & 1) != 0);
    const bool over = is_over_early(r);
    const bool in_time =
        few ? r->phase < ENT_QUORUM_DONE || may_go_on(r) : r->phase < ENT_QUORUM_UPLOAD || over;
    if (!contrary && !in_time)
        return ENT_E_STATE;
    if (few)
        return take_too_few(r);
    if (index != 0)
        refuse_seat(r, index - 1);
    if (j != 0)
        refuse_key(r, j - 1);
    if (collector && !over)
        fail(r, author, ENT_QUORUM_NO_FAULT);
    return ENT_OK;
}

static bool is_same_key(const struct ent_quorum_key *a, const struct ent_quorum_key *b)
{
    return memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
}

static enum ent_err key_again(struct ent_quorum_run *r, uint32_t j, const struct ent_quorum_key *k,
                              const struct ent_hash32 *leaf)
{
    const bool same = is_same_key(k, &r->key[j]);
    if (is_key(r, j, leaf))
        return ENT_OK;
    if (!same)
        note(&r->holder[j], ENT_QUORUM_CONTRARY);
    if (!has_room(r, &r->other_key_leaf[j], is_same_key(&r->other_key[j], &r->key[j]), same, leaf))
        return ENT_E_EXISTS;
    r->other_key[j] = *k;
    r->other_key_leaf[j] = *leaf;
    return ENT_OK;
}

static void key_first(struct ent_quorum_run *r, uint32_t j, const struct ent_quorum_key *k,
                      const struct ent_hash32 *leaf)
{
    r->key[j] = *k;
    r->key_leaf[j] = *leaf;
    r->keys |= 1u << j;
    if (r->phase == ENT_QUORUM_FAILED && r->failed_for == ENT_QUORUM_NO_FAULT &&
        strcmp(r->failed_by, r->offer.holder[j]) == 0) /* by its refusal */
        note(&r->holder[j], ENT_QUORUM_CONTRARY);
}

enum ent_err ent_quorum_run_key(struct ent_quorum_run *r, const char *author,
                                const struct ent_quorum_key *k, const struct ent_hash32 *leaf)
{
    uint32_t j = ent_quorum_holder_number(&r->offer, author);
    enum ent_err e = check_about(j != 0, &k->offer, &r->leaf);
    if (e != ENT_OK)
        return e;
    if ((r->keys >> (j - 1) & 1) != 0)
        e = key_again(r, j - 1, k, leaf);
    else if (!ent_quorum_run_allows(r, ENT_QUORUM_MSG_KEY))
        return ENT_E_STATE;
    else
        key_first(r, j - 1, k, leaf);
    if (is_awaiting(r))
        (void)!take_begin(r); /* more may be missing */
    return e;
}

static bool has_all_keys(const struct ent_quorum_run *r)
{
    return r->keys == (1u << r->offer.holders) - 1;
}

bool ent_quorum_run_has_too_few(const struct ent_quorum_run *r)
{
    return r->collects && ((r->phase == ENT_QUORUM_KEYS && !is_enough(r, accepted_in_time(r))) ||
                           (r->phase == ENT_QUORUM_RECONSTRUCT && !is_enough(r, r->counted)));
}

enum ent_err ent_quorum_run_make_begin(const struct ent_quorum_run *r, struct ent_quorum_begin *ret)
{
    if (!r->collects || r->phase != ENT_QUORUM_KEYS || !has_all_keys(r) ||
        ent_quorum_run_has_too_few(r))
        return ENT_E_STATE;
    *ret = (struct ent_quorum_begin){
        .offer = r->leaf, .present = accepted_in_time(r), .holders = r->offer.holders};
    for (uint64_t left = ret->present; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        ret->accept[i] = r->seat[i].leaf;
    }
    memcpy(ret->key, r->key_leaf, sizeof(ret->key));
    return ENT_OK;
}

static enum ent_err check_begin(const struct ent_quorum_run *r, const struct ent_quorum_begin *g)
{
    return (g->present & ~(UINT64_MAX >> (64 - r->offer.shape.members))) != 0 ||
                   g->holders != r->offer.holders || !is_enough(r, g->present)
               ? ENT_E_FORMAT
               : ENT_OK;
}

/* Whether everything it names has come here. */
static bool is_here(const struct ent_quorum_run *r, const struct ent_quorum_begin *g)
{
    for (uint64_t left = g->present; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        if (!is_seat(&r->seat[i], &g->accept[i]))
            return false;
    }
    for (uint32_t j = 0; j < g->holders; j++)
        if (!is_key(r, j, &g->key[j]))
            return false;
    return true;
}

/* What it names is the first from now on, whatever came here first. */
static void adopt(struct ent_quorum_run *r, const struct ent_quorum_begin *g)
{
    for (uint64_t left = g->present; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        struct ent_quorum_seat *s = &r->seat[i], was = *s;
        if (is_same(&g->accept[i], &s->leaf))
            continue;
        s->accept = was.other;
        s->leaf = was.other_leaf;
        s->other = was.accept;
        s->other_leaf = was.leaf;
    }
    for (uint32_t j = 0; j < g->holders; j++) {
        const struct ent_quorum_key key = r->key[j];
        const struct ent_hash32 leaf = r->key_leaf[j];
        if (is_same(&g->key[j], &leaf))
            continue;
        r->key[j] = r->other_key[j];
        r->key_leaf[j] = r->other_key_leaf[j];
        r->other_key[j] = key;
        r->other_key_leaf[j] = leaf;
    }
}

/* The one that is awaited. */
static enum ent_err take_begin(struct ent_quorum_run *r)
{
    const struct ent_quorum_begin *g = &r->awaits;
    if (!ent_quorum_run_allows(r, ENT_QUORUM_MSG_BEGIN))
        return ENT_E_STATE;
    if (!is_here(r, g))
        return ENT_E_NOTFOUND;
    adopt(r, g);
    ent_quorum_sid(&r->sid, g, r->offer.shape.members);
    r->present = g->present;
    r->disputed = accepted_in_time(r) & ~g->present;
    for (uint32_t i = 0; i < r->offer.shape.members; i++) {
        bool in = (g->present >> i & 1) != 0;
        if (in && is_quiet(r->member[i])) /* in time for the collector, which decides */
            r->member[i] = ENT_QUORUM_NO_FAULT;
        else if (!in && !r->seat[i].accepted && !r->seat[i].refused)
            note(&r->member[i], ENT_QUORUM_SILENT);
    }
    fail(r, "", ENT_QUORUM_NO_FAULT); /* forgets why it had */
    r->phase = ENT_QUORUM_UPLOAD;
    r->awaits.present = 0;
    return ENT_OK;
}

/* One who follows this one and one who follows that one would see the other's lies everywhere. */
static void end_contrary(struct ent_quorum_run *r)
{
    note(&r->collector, ENT_QUORUM_CONTRARY);
    r->awaits.present = 0;
    if (r->phase < ENT_QUORUM_DONE)
        fail(r, r->offer.collector, ENT_QUORUM_CONTRARY);
}

enum ent_err ent_quorum_run_begin(struct ent_quorum_run *r, const char *author,
                                  const struct ent_quorum_begin *g)
{
    struct ent_hash32 sid, now = r->sid;
    enum ent_err e = check_about(strcmp(author, r->offer.collector) == 0, &g->offer, &r->leaf);
    if (e != ENT_OK || (e = check_begin(r, g)) != ENT_OK)
        return e;
    if (r->collector == ENT_QUORUM_CONTRARY)
        return ENT_OK;
    if (r->present == 0 && !is_awaiting(r)) {
        if (!ent_quorum_run_allows(r, ENT_QUORUM_MSG_BEGIN))
            return ENT_E_STATE;
        r->awaits = *g;
        return take_begin(r);
    }
    ent_quorum_sid(&sid, g, r->offer.shape.members);
    if (is_awaiting(r))
        ent_quorum_sid(&now, &r->awaits, r->offer.shape.members);
    if (!is_same(&sid, &now))
        end_contrary(r);
    else if (is_awaiting(r))
        return take_begin(r);
    return ENT_OK;
}

/* --- faults and deadlines ------------------------------------------------------------------- */

enum ent_err ent_quorum_run_fault(struct ent_quorum_run *r, enum ent_quorum_role role,
                                  const char *name, enum ent_quorum_fault f)
{
    uint32_t index = ent_quorum_index(&r->offer, name);
    uint32_t j = ent_quorum_holder_number(&r->offer, name);
    if (role == ENT_QUORUM_PARTICIPANT && index != 0)
        note(&r->member[index - 1], f);
    else if (role == ENT_QUORUM_HOLDER && j != 0)
        note(&r->holder[j - 1], f);
    else if (role == ENT_QUORUM_COLLECTOR && strcmp(name, r->offer.collector) == 0)
        note(&r->collector, f);
    else
        return ENT_E_POLICY;
    return ENT_OK;
}

enum ent_err ent_quorum_run_left_out(struct ent_quorum_run *r, const char *author,
                                     const struct ent_quorum_left_out *l)
{
    bool collector = strcmp(author, r->offer.collector) == 0;
    bool part = collector || ent_quorum_index(&r->offer, author) != 0 ||
                ent_quorum_holder_number(&r->offer, author) != 0;
    enum ent_err e = check(r, ENT_QUORUM_MSG_LEFT_OUT, part, &l->offer, &r->leaf);
    if (e != ENT_OK)
        return e;
    bool holder = ent_quorum_holder_number(&r->offer, l->member) != 0;
    if (!holder && ent_quorum_index(&r->offer, l->member) == 0 &&
        strcmp(l->member, r->offer.collector) != 0)
        return ENT_E_FORMAT;
    /* A key holder that is also a participant is meant as a holder while keys are missing. */
    if (collector && holder && r->phase < ENT_QUORUM_UPLOAD && !is_awaiting(r) &&
        (r->keys >> (ent_quorum_holder_number(&r->offer, l->member) - 1) & 1) == 0)
        fail(r, l->member, l->fault);
    return ENT_OK;
}

static bool have_all_answered(const struct ent_quorum_run *r)
{
    for (uint32_t i = 0; i < r->offer.shape.members; i++)
        if (!r->seat[i].accepted && !r->seat[i].refused)
            return false;
    return true;
}

static void tick_offered(struct ent_quorum_run *r, int64_t now)
{
    if (now < r->offer.accept_by && !have_all_answered(r))
        return;
    for (uint32_t i = 0; i < r->offer.shape.members; i++)
        if (!r->seat[i].accepted && !r->seat[i].refused)
            note(&r->member[i], ENT_QUORUM_SILENT);
    r->phase = ENT_QUORUM_KEYS;
}

static void tick_keys(struct ent_quorum_run *r, int64_t now)
{
    if (r->collects && now >= r->offer.keys_by && !has_all_keys(r)) {
        uint32_t j = (uint32_t)__builtin_ctz(~r->keys);
        for (uint32_t i = 0; i < r->offer.holders; i++)
            if ((r->keys >> i & 1) == 0)
                note(&r->holder[i], ENT_QUORUM_SILENT);
        fail(r, r->offer.holder[j], ENT_QUORUM_SILENT);
    } else if (now >= r->offer.upload_by) {
        note(&r->collector, ENT_QUORUM_SILENT);
        fail(r, r->offer.collector, ENT_QUORUM_SILENT);
    }
}

static void tick_upload(struct ent_quorum_run *r, int64_t now, uint64_t complete)
{
    complete &= r->present;
    if (now < r->offer.upload_by && (!r->collects || complete != r->present))
        return;
    r->phase = ENT_QUORUM_RECONSTRUCT;
    if (!r->collects)
        return;
    for (uint64_t left = r->present & ~complete; left != 0; left &= left - 1)
        note(&r->member[__builtin_ctzll(left)], ENT_QUORUM_SILENT);
    r->counted = complete;
}

void ent_quorum_run_tick(struct ent_quorum_run *r, int64_t now, uint64_t complete)
{
    if (r->phase == ENT_QUORUM_OFFERED)
        tick_offered(r, now);
    if (r->phase == ENT_QUORUM_KEYS && !ent_quorum_run_has_too_few(r))
        tick_keys(r, now);
    if (r->phase == ENT_QUORUM_UPLOAD)
        tick_upload(r, now, complete);
    if (r->phase == ENT_QUORUM_RECONSTRUCT && !ent_quorum_run_has_too_few(r) &&
        now >= r->offer.result_by) {
        note(&r->collector, ENT_QUORUM_SILENT);
        fail(r, r->offer.collector, ENT_QUORUM_SILENT);
    }
}

/* --- after it ------------------------------------------------------------------------------- */

enum ent_err ent_quorum_run_result(struct ent_quorum_run *r, const char *author,
                                   const struct ent_quorum_result *res)
{
    bool part = strcmp(author, r->offer.collector) == 0;
    if (part && r->phase == ENT_QUORUM_DONE) {
        bool same = is_same(&res->run, &r->sid) && res->positions == r->positions &&
                    res->present == r->counted;
        for (uint32_t i = 0; i < r->offer.shape.members; i++)
            same = same && is_same(&res->answer[i], &r->seat[i].answer);
        if (!same)
            note(&r->collector, ENT_QUORUM_CONTRARY);
        return ENT_OK;
    }
    enum ent_err e = check(r, ENT_QUORUM_MSG_RESULT, part, &res->run, &r->sid);
    if (e != ENT_OK)
        return e;
    if ((res->present & ~r->present) != 0 || !is_enough(r, res->present))
        return ENT_E_FORMAT;
    r->positions = res->positions;
    r->counted = res->present;
    for (uint32_t i = 0; i < r->offer.shape.members; i++)
        r->seat[i].answer = res->answer[i];
    r->phase = ENT_QUORUM_DONE;
    return ENT_OK;
}

enum ent_err ent_quorum_run_taken(struct ent_quorum_run *r, const char *author,
                                  const struct ent_quorum_taken *t)
{
    uint32_t index = ent_quorum_index(&r->offer, author);
    bool part = index != 0 && (r->counted >> (index - 1) & 1) != 0;
    enum ent_err e = check(r, ENT_QUORUM_MSG_TAKEN, part, &t->run, &r->sid);
    if (e == ENT_OK)
        r->seat[index - 1].taken = true;
    return e;
}
