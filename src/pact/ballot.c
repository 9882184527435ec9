/* ballot.c: the two-step vote. */
#include "pact/ballot.h"

#define NO_TEXT SIZE_MAX /* the index of "for none" */

struct text {
    struct ent_hash32 what;
    bool known; /* was given to propose() */
};

/* Who voted for one text. A voter is in at most two tallies of a kind and round. */
struct tally {
    size_t text;
    struct ent_voters who;
};

struct side {
    struct tally *tally;
    size_t n, cap;
    struct ent_voters any, twice;
};

struct round {
    uint32_t round;
    struct side side[ENT_VOTE_KINDS];
    size_t *proposal; /* by proposer */
};

struct ent_ballot {
    struct ent_ballot_opts o;
    uint32_t round;
    bool did[ENT_VOTE_KINDS]; /* cast in this round */
    struct ent_vote own[ENT_VOTE_KINDS];
    bool locked, broken, decided;
    uint32_t lock_round, decided_round;
    struct ent_hash32 lock, decision;
    struct ent_voters deciders;
    struct text *text;
    size_t texts, text_cap;
    struct round *rounds; /* ascending */
    size_t n, cap;
    struct ent_voters heard;
    uint32_t highest[ENT_BALLOT_VOTERS]; /* round in which somebody voted */
};

static bool same_hash(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* --- what was said ------------------------------------------------------------------------------
 */

/* Room for one more. */
static enum ent_err grow(void **p, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return ENT_OK;
    size_t want = *cap == 0 ? 4 : 2 * *cap;
    void *more = reallocarray(*p, want, size);
    if (more == NULL)
        return ENT_E_NOMEM;
    *p = more;
    *cap = want;
    return ENT_OK;
}

static size_t find_text(const struct ent_ballot *b, const struct ent_hash32 *what)
{
    size_t i = 0;
    while (i < b->texts && !same_hash(&b->text[i].what, what))
        i++;
    return i; /* b->texts: not there */
}

static enum ent_err add_text(struct ent_ballot *b, size_t *ret, const struct ent_hash32 *what)
{
    size_t i = find_text(b, what);
    void *p = b->text;
    enum ent_err r = i < b->texts ? ENT_OK : grow(&p, &b->text_cap, b->texts, sizeof(*b->text));
    b->text = p;
    if (r != ENT_OK)
        return r;
    if (i == b->texts)
        b->text[b->texts++] = (struct text){.what = *what};
    *ret = i;
    return ENT_OK;
}

static struct round *find_round(const struct ent_ballot *b, uint32_t round)
{
    for (size_t i = b->n; i-- > 0 && b->rounds[i].round >= round;)
        if (b->rounds[i].round == round)
            return &b->rounds[i];
    return NULL;
}

static bool is_far_ahead(const struct ent_ballot *b, uint32_t round)
{
    return round > b->round && round - b->round > ENT_BALLOT_AHEAD;
}

static enum ent_err add_round(struct ent_ballot *b, struct round **ret, uint32_t round)
{
    struct round *found = find_round(b, round);
    if (found != NULL) {
        *ret = found;
        return ENT_OK;
    }
    if (is_far_ahead(b, round) || b->n == ENT_BALLOT_ROUNDS)
        return ENT_E_LIMIT;
    void *p = b->rounds;
    enum ent_err r = grow(&p, &b->cap, b->n, sizeof(*b->rounds));
    b->rounds = p;
    size_t *proposal = r == ENT_OK ? calloc(b->o.voters, sizeof(*proposal)) : NULL;
    if (proposal == NULL)
        return ENT_E_NOMEM;
    for (size_t i = 0; i < b->o.voters; i++)
        proposal[i] = NO_TEXT;
    size_t at = b->n;
    for (; at > 0 && b->rounds[at - 1].round > round; at--)
        b->rounds[at] = b->rounds[at - 1];
    b->rounds[at] = (struct round){.round = round, .proposal = proposal};
    b->n++;
    *ret = &b->rounds[at];
    return ENT_OK;
}

static const struct tally *find_tally(const struct side *s, size_t text)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->tally[i].text == text)
            return &s->tally[i];
    return NULL;
}

static struct ent_voters both(const struct ent_voters *x, const struct ent_voters *y)
{
    struct ent_voters v;
    for (size_t i = 0; i < sizeof(v.bit) / sizeof(v.bit[0]); i++)
        v.bit[i] = x->bit[i] | y->bit[i];
    return v;
}

static const struct ent_hash32 *hash_of(const struct ent_ballot *b, size_t text)
{
    return text == NO_TEXT ? NULL : &b->text[text].what;
}

/* Whoever prevoted twice is on everybody's side: each member may have seen another two of its
 * votes, and enough means that there are honest ones behind it whatever the others do. */
static bool has_enough_prevotes(const struct ent_ballot *b, const struct side *s,
                                const struct tally *t)
{
    struct ent_voters v = both(&t->who, &s->twice);
    return b->o.enough(b->o.ctx, hash_of(b, t->text), &v);
}

static struct ent_vote vote_of(const struct ent_ballot *b, enum ent_vote_kind kind, uint32_t round,
                               size_t text)
{
    struct ent_vote v = {.kind = kind, .round = round, .none = text == NO_TEXT};
    if (text != NO_TEXT)
        v.what = b->text[text].what;
    return v;
}

/* A second vote of one kind in one round. */
static void tell_conflict(struct ent_ballot *b, const struct round *rd, enum ent_vote_kind kind,
                          size_t voter, size_t text)
{
    const struct side *s = &rd->side[kind];
    for (size_t i = 0; i < s->n; i++) {
        if (s->tally[i].text == text || !ent_voters_has(&s->tally[i].who, voter))
            continue;
        struct ent_vote first = vote_of(b, kind, rd->round, s->tally[i].text);
        struct ent_vote second = vote_of(b, kind, rd->round, text);
        if (b->o.conflict != NULL)
            b->o.conflict(b->o.ctx, voter, &first, &second);
    }
}

/* Only what is signed counts in the end: whoever was not here must be convinced too. */
static void decide(struct ent_ballot *b, const struct round *rd, const struct tally *t)
{
    if (b->decided || t->text == NO_TEXT || !b->o.enough(b->o.ctx, &b->text[t->text].what, &t->who))
        return;
    b->decided = true;
    b->decided_round = rd->round;
    b->decision = b->text[t->text].what;
    b->deciders = t->who;
}

/* Write the vote down, and see whether it decides. */
static enum ent_err count(struct ent_ballot *b, size_t voter, const struct ent_vote *v)
{
    struct round *rd;
    size_t text = NO_TEXT, i = 0;
    enum ent_err r = add_round(b, &rd, v->round);
    if (r != ENT_OK)
        return r;
    struct side *s = &rd->side[v->kind];
    if (ent_voters_has(&s->twice, voter))
        return ENT_OK; /* no third vote makes it worse, and what is kept has an end */
    if (!v->none && (r = add_text(b, &text, &v->what)) != ENT_OK)
        return r;
    while (i < s->n && s->tally[i].text != text)
        i++;
    if (i < s->n && ent_voters_has(&s->tally[i].who, voter))
        return ENT_OK;
    void *p = s->tally;
    r = i < s->n ? ENT_OK : grow(&p, &s->cap, s->n, sizeof(*s->tally));
    s->tally = p;
    if (r != ENT_OK)
        return r;
    if (i == s->n)
        s->tally[s->n++] = (struct tally){.text = text};
    ent_voters_add(&s->tally[i].who, voter);
    if (ent_voters_has(&s->any, voter)) {
        ent_voters_add(&s->twice, voter);
        tell_conflict(b, rd, v->kind, voter, text);
    }
    ent_voters_add(&s->any, voter);
    if (v->kind == ENT_PRECOMMIT)
        decide(b, rd, &s->tally[i]);
    return ENT_OK;
}

/* --- what follows -------------------------------------------------------------------------------
 */

static void enter(struct ent_ballot *b, uint32_t round)
{
    b->round = round;
    b->did[ENT_PREVOTE] = b->did[ENT_PRECOMMIT] = false;
}

static void set_lock(struct ent_ballot *b, uint32_t round, const struct ent_hash32 *what)
{
    b->locked = true;
    b->lock_round = round;
    b->lock = *what;
}

static enum ent_err cast(struct ent_ballot *b, enum ent_vote_kind kind, size_t text)
{
    struct ent_buf state;
    b->own[kind] = vote_of(b, kind, b->round, text);
    b->did[kind] = true;
    if (kind == ENT_PRECOMMIT && text != NO_TEXT)
        set_lock(b, b->round, &b->own[kind].what);
    if (b->o.self == ENT_BALLOT_WATCHING)
        return ENT_OK;
    ent_buf_init(&state, ENT_BALLOT_SAVE_MAX);
    enum ent_err r = ent_ballot_save(b, &state);
    if (r == ENT_OK)
        r = b->o.cast(b->o.ctx, &b->own[kind], ent_buf_slice(&state));
    ent_buf_release(&state);
    if (r == ENT_OK)
        r = count(b, b->o.self, &b->own[kind]);
    b->broken = r != ENT_OK;
    return r;
}

/* Did enough prevote it later than one's lock, and before this round? */
static bool is_unlocked(const struct ent_ballot *b, size_t text)
{
    if (!b->locked || same_hash(&b->lock, &b->text[text].what))
        return true;
    for (size_t i = b->n; i-- > 0 && b->rounds[i].round > b->lock_round;) {
        const struct side *s = &b->rounds[i].side[ENT_PREVOTE];
        const struct tally *t = find_tally(s, text);
        if (b->rounds[i].round < b->round && t != NULL && has_enough_prevotes(b, s, t))
            return true;
    }
    return false;
}

/* Whose turn it is comes first, where several have proposed. */
static bool to_prevote(const struct ent_ballot *b, size_t *ret)
{
    const struct round *rd = find_round(b, b->round);
    for (size_t i = 0; rd != NULL && i < b->o.voters; i++) {
        size_t text = rd->proposal[(b->round % b->o.voters + i) % b->o.voters];
        if (text != NO_TEXT && is_unlocked(b, text)) {
            *ret = text;
            return true;
        }
    }
    return false;
}

/* A text that enough prevoted in this round; for none when that is all there is. */
static bool to_precommit(const struct ent_ballot *b, size_t *ret, bool known)
{
    const struct round *rd = find_round(b, b->round);
    bool found = false;
    if (rd == NULL)
        return false;
    const struct side *s = &rd->side[ENT_PREVOTE];
    for (size_t i = 0; i < s->n; i++) {
        size_t text = s->tally[i].text;
        if (text == NO_TEXT ? !known || found : b->text[text].known != known)
            continue;
        if (!has_enough_prevotes(b, s, &s->tally[i]))
            continue;
        *ret = text;
        found = true;
        if (text != NO_TEXT)
            break;
    }
    return found;
}

/* Could enough come together without those who are at this round or later? */
static bool must_follow(const struct ent_ballot *b, uint32_t round)
{
    struct ent_voters rest = {0};
    for (size_t i = 0; i < b->o.voters; i++)
        if (!ent_voters_has(&b->heard, i) || b->highest[i] < round)
            ent_voters_add(&rest, i);
    return !b->o.enough(b->o.ctx, NULL, &rest);
}

static void catch_up(struct ent_ballot *b)
{
    uint32_t best = b->round, top = UINT32_MAX;
    bool too_high = false; /* top, and so all above it */
    for (size_t i = 0; i < b->o.voters; i++) {
        uint32_t round = b->highest[i];
        if (!ent_voters_has(&b->heard, i) || round <= best || (too_high && round >= top))
            continue;
        if (must_follow(b, round)) {
            best = round;
        } else {
            too_high = true;
            top = round;
        }
    }
    if (best > b->round)
        enter(b, best);
}

static enum ent_err advance(struct ent_ballot *b)
{
    enum ent_err r = ENT_OK;
    size_t text;
    if (b->decided)
        return ENT_OK;
    if (!b->did[ENT_PREVOTE] && to_prevote(b, &text))
        r = cast(b, ENT_PREVOTE, text);
    if (r == ENT_OK && b->did[ENT_PREVOTE] && !b->did[ENT_PRECOMMIT] &&
        to_precommit(b, &text, true))
        r = cast(b, ENT_PRECOMMIT, text);
    return r;
}

/* It becomes what this proposer proposes in this round, unless that is another text. */
static enum ent_err add_proposal(struct ent_ballot *b, size_t proposer, uint32_t round,
                                 const struct ent_hash32 *what)
{
    struct round *rd;
    size_t text;
    enum ent_err r = add_round(b, &rd, round);
    if (r != ENT_OK)
        return r;
    size_t *slot = &rd->proposal[proposer];
    if (*slot != NO_TEXT && !same_hash(&b->text[*slot].what, what))
        return ENT_E_EXISTS;
    if ((r = add_text(b, &text, what)) != ENT_OK)
        return r;
    b->text[text].known = true;
    *slot = text;
    return ENT_OK;
}

enum ent_err ent_ballot_propose(struct ent_ballot *b, size_t proposer, uint32_t round,
                                const struct ent_hash32 *what)
{
    ENT_ASSERT(proposer < b->o.voters);
    if (b->broken)
        return ENT_E_STATE;
    size_t text = find_text(b, what);
    if (text < b->texts)
        b->text[text].known = true; /* it may be wanted, whatever becomes of the proposal */
    enum ent_err r = add_proposal(b, proposer, round, what);
    if (r != ENT_OK && text == b->texts)
        return r;
    enum ent_err then = advance(b);
    return then != ENT_OK ? then : r;
}

/* A vote of our own that we did not cast, as far as we remember. */
static bool is_forgotten(const struct ent_ballot *b, size_t voter, const struct ent_vote *v)
{
    return voter == b->o.self && v->round >= b->round &&
           !(v->round == b->round && b->did[v->kind] && ent_vote_eq(&b->own[v->kind], v));
}

/* No vote of ours in its round, whatever else we said there. */
static enum ent_err remember(struct ent_ballot *b, const struct ent_vote *v)
{
    if (v->kind == ENT_PRECOMMIT && !v->none)
        set_lock(b, v->round, &v->what);
    if (v->round == UINT32_MAX) {
        b->broken = true;
        return ENT_E_STATE;
    }
    enter(b, v->round + 1);
    enum ent_err r = count(b, b->o.self, v);
    if (r == ENT_OK)
        r = advance(b);
    return r != ENT_OK ? r : ENT_E_EXISTS;
}

enum ent_err ent_ballot_vote(struct ent_ballot *b, size_t voter, const struct ent_vote *v)
{
    ENT_ASSERT(voter < b->o.voters);
    if (b->broken)
        return ENT_E_STATE;
    if (is_forgotten(b, voter, v))
        return remember(b, v);
    if (!ent_voters_has(&b->heard, voter) || b->highest[voter] < v->round) {
        ent_voters_add(&b->heard, voter);
        b->highest[voter] = v->round;
        catch_up(b);
    }
    enum ent_err r = count(b, voter, v);
    if (r != ENT_OK && r != ENT_E_LIMIT)
        return r;
    enum ent_err then = advance(b); /* maybe in a later round */
    return then != ENT_OK ? then : r;
}

enum ent_err ent_ballot_go_on(struct ent_ballot *b)
{
    enum ent_err r = ENT_OK;
    if (b->broken)
        return ENT_E_STATE;
    if (b->decided)
        return ENT_OK;
    if (!b->did[ENT_PREVOTE])
        r = cast(b, ENT_PREVOTE, NO_TEXT);
    else if (!b->did[ENT_PRECOMMIT])
        r = cast(b, ENT_PRECOMMIT, NO_TEXT);
    else if (b->round == UINT32_MAX)
        return ENT_E_LIMIT;
    else
        enter(b, b->round + 1);
    return r != ENT_OK ? r : advance(b);
}

enum ent_err ent_ballot_learn(struct ent_ballot *b, uint32_t round, const struct ent_hash32 *what,
                              const struct ent_voters *who)
{
    if (!b->o.enough(b->o.ctx, what, who))
        return ENT_E_AUTH;
    if (b->decided)
        return ENT_OK;
    b->decided = true;
    b->decided_round = round;
    b->decision = *what;
    b->deciders = *who;
    return ENT_OK;
}

/* --- how it stands ------------------------------------------------------------------------------
 */

void ent_ballot_now(const struct ent_ballot *b, struct ent_ballot_now *ret)
{
    const struct round *rd = find_round(b, b->round);
    *ret = (struct ent_ballot_now){.round = b->round};
    if (b->decided)
        ret->step = ENT_BALLOT_DECIDED;
    else if (!b->did[ENT_PREVOTE])
        ret->step = ENT_BALLOT_PROPOSAL;
    else
        ret->step = b->did[ENT_PRECOMMIT] ? ENT_BALLOT_PRECOMMITS : ENT_BALLOT_PREVOTES;
    if (ret->step == ENT_BALLOT_PROPOSAL)
        ret->due = true;
    else if (ret->step != ENT_BALLOT_DECIDED && rd != NULL)
        ret->due = b->o.enough(
            b->o.ctx, NULL,
            &rd->side[ret->step == ENT_BALLOT_PREVOTES ? ENT_PREVOTE : ENT_PRECOMMIT].any);
}

bool ent_ballot_wish(const struct ent_ballot *b, struct ent_hash32 *ret)
{
    for (size_t i = b->n; i-- > 0;) {
        const struct side *s = &b->rounds[i].side[ENT_PREVOTE];
        if (b->locked && b->rounds[i].round < b->lock_round)
            break;
        for (size_t k = 0; b->rounds[i].round <= b->round && k < s->n; k++) {
            if (s->tally[k].text != NO_TEXT && has_enough_prevotes(b, s, &s->tally[k])) {
                *ret = b->text[s->tally[k].text].what;
                return true;
            }
        }
    }
    if (b->locked)
        *ret = b->lock;
    return b->locked;
}

bool ent_ballot_wanted(const struct ent_ballot *b, struct ent_hash32 *ret)
{
    size_t text;
    if (b->decided || b->did[ENT_PRECOMMIT] || !to_precommit(b, &text, false))
        return false;
    *ret = b->text[text].what;
    return true;
}

bool ent_ballot_decision(const struct ent_ballot *b, uint32_t *ret_round,
                         struct ent_hash32 *ret_what, struct ent_voters *ret_who)
{
    if (!b->decided)
        return false;
    *ret_round = b->decided_round;
    *ret_what = b->decision;
    *ret_who = b->deciders;
    return true;
}

bool ent_ballot_own(const struct ent_ballot *b, enum ent_vote_kind kind, struct ent_vote *ret)
{
    if (b->did[kind])
        *ret = b->own[kind];
    return b->did[kind];
}

void ent_ballot_who(const struct ent_ballot *b, struct ent_voters *ret, const struct ent_vote *vote)
{
    const struct round *rd = find_round(b, vote->round);
    size_t text = vote->none ? NO_TEXT : find_text(b, &vote->what);
    const struct tally *t = rd == NULL ? NULL : find_tally(&rd->side[vote->kind], text);
    *ret = t == NULL ? (struct ent_voters){0} : t->who;
}

/* --- what must not be forgotten -----------------------------------------------------------------
 */

#define FIRST_LINE "entente/ballot@v1"

enum ent_err ent_ballot_save(const struct ent_ballot *b, struct ent_buf *ret)
{
    char x[ENT_BASE64_LEN(32)], y[ENT_BASE64_LEN(32)];
    enum ent_err r;
    ent_base64_encode(x, b->o.topic.pact.b, 32);
    ent_base64_encode(y, b->o.topic.prev.b, 32);
    if ((r = ent_buf_printf(ret, FIRST_LINE "\npact %s\nversion %llu\nprev %s\nround %lu\n", x,
                            (unsigned long long)b->o.topic.version, y, (unsigned long)b->round)) !=
        ENT_OK)
        return r;
    for (int k = 0; k < ENT_VOTE_KINDS; k++) {
        if (!b->did[k])
            continue;
        ent_base64_encode(x, b->own[k].what.b, 32);
        if ((r = ent_buf_printf(ret, "%s %s\n", ent_vote_kind_word((enum ent_vote_kind)k),
                                b->own[k].none ? "-" : x)) != ENT_OK)
            return r;
    }
    if (!b->locked)
        return ENT_OK;
    ent_base64_encode(x, b->lock.b, 32);
    return ent_buf_printf(ret, "lock %lu %s\n", (unsigned long)b->lock_round, x);
}

static void take_own(struct ent_lines *l, struct ent_ballot *b, enum ent_vote_kind kind)
{
    struct ent_vote *v = &b->own[kind];
    const char *word = ent_vote_kind_word(kind);
    if (!ent_lines_next_is(l, word))
        return;
    ent_lines_key(l, word);
    struct ent_slice what = ent_lines_word(l);
    *v = (struct ent_vote){.kind = kind, .round = b->round};
    v->none = ent_slice_eq(what, ENT_SLICE_LIT("-"));
    if (!v->none && l->err == ENT_OK && ent_base64_decode_exact(v->what.b, 32, what) != ENT_OK)
        ent_lines_fail(l, ENT_E_FORMAT);
    b->did[kind] = true;
}

/* What this machine can have saved: a precommit follows a prevote, and locks. */
static bool is_coherent(const struct ent_ballot *b)
{
    const struct ent_vote *pc = &b->own[ENT_PRECOMMIT];
    bool now = b->did[ENT_PRECOMMIT] && !pc->none;
    if (b->did[ENT_PRECOMMIT] && !b->did[ENT_PREVOTE])
        return false;
    if (!b->locked)
        return !now;
    return now ? b->lock_round == b->round && same_hash(&b->lock, &pc->what)
               : b->lock_round < b->round;
}

static enum ent_err load(struct ent_ballot *b, struct ent_slice saved, struct ent_diag *d)
{
    struct ent_vote_topic topic = {0};
    struct ent_lines l;
    ent_lines_start(&l, saved);
    ent_lines_exact(&l, FIRST_LINE);
    ent_lines_key(&l, "pact");
    ent_lines_b64(&l, topic.pact.b, 32);
    ent_lines_key(&l, "version");
    topic.version = ent_lines_u64(&l, UINT32_MAX);
    ent_lines_key(&l, "prev");
    ent_lines_b64(&l, topic.prev.b, 32);
    ent_lines_key(&l, "round");
    b->round = (uint32_t)ent_lines_u64(&l, UINT32_MAX);
    take_own(&l, b, ENT_PREVOTE);
    take_own(&l, b, ENT_PRECOMMIT);
    if (ent_lines_next_is(&l, "lock")) {
        ent_lines_key(&l, "lock");
        b->lock_round = (uint32_t)ent_lines_u64(&l, UINT32_MAX);
        ent_lines_b64(&l, b->lock.b, 32);
        b->locked = true;
    }
    if (ent_lines_end(&l) != ENT_OK || !is_coherent(b))
        return ent_fail(d, ENT_E_FORMAT, "malformed state of a ballot", 0, 0);
    if (!ent_vote_topic_eq(&topic, &b->o.topic))
        return ent_fail(d, ENT_E_STATE, "state of a ballot about another version", 0, 0);
    for (int k = 0; k < ENT_VOTE_KINDS; k++) {
        enum ent_err r = b->did[k] && b->o.self != ENT_BALLOT_WATCHING
                             ? count(b, b->o.self, &b->own[k])
                             : ENT_OK;
        if (r != ENT_OK)
            return ent_fail(d, r, "out of memory", 0, 0);
    }
    return ENT_OK;
}

enum ent_err ent_ballot_new(struct ent_ballot **ret, struct ent_diag *d,
                            const struct ent_ballot_opts *opts, struct ent_slice saved)
{
    ENT_ASSERT(opts->voters > 0 && opts->voters <= ENT_BALLOT_VOTERS);
    ENT_ASSERT(opts->self < opts->voters || opts->self == ENT_BALLOT_WATCHING);
    struct ent_ballot *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    b->o = *opts;
    enum ent_err r = saved.n == 0 ? ENT_OK : load(b, saved, d);
    if (r != ENT_OK) {
        ent_ballot_free(b);
        return r;
    }
    *ret = b;
    return ENT_OK;
}

void ent_ballot_free(struct ent_ballot *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->n; i++) {
        free(b->rounds[i].proposal);
        for (int k = 0; k < ENT_VOTE_KINDS; k++)
            free(b->rounds[i].side[k].tally);
    }
    free(b->rounds);
    free(b->text);
    free(b);
}
