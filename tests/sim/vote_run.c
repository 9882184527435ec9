/* vote_run.c: one simulated vote. */
#include "tests/sim/vote_run.h"

#define PATIENCE  200000u /* time after the calm in which all must have decided */
#define CHUNK     4000u   /* records in one answer */
#define LIES_FROM 1000u   /* texts of liars; those of member i have the number i + 1 */

enum what { TICK, LIE, TIMEOUT, CRASH, RESTART, SAY, PULL, DATA, CALM };

/* PREVOTE and PRECOMMIT are enum ent_vote_kind. */
enum { PROPOSAL = ENT_VOTE_KINDS, DECISION };

struct record {
    uint32_t type, who, round, text; /* text 0: none */
    struct ent_voters by;            /* of a decision */
};

struct set {
    uint64_t *key;
    size_t n, cap;
};

struct member {
    struct sim *sim;
    size_t self;
    bool liar, up, crash, decided, deferred, timed, proposed;
    uint64_t life;
    struct ent_ballot *ballot;
    struct record *said; /* all it knows, in the order in which it came; `saved` of it is durable */
    size_t n, cap, saved;
    struct set seen;
    struct cursor {
        uint64_t life, at;
    } * cursor; /* into what the others know */
    uint8_t state[ENT_BALLOT_SAVE_MAX];
    size_t state_n;
    struct ent_ballot_now timer;
    uint32_t fed, proposed_in;
    size_t conflicts;
    unsigned habits; /* of a liar */
};

struct sim {
    struct vote_run *r;
    struct sim_net *net;
    size_t n, old; /* members 0..old-1 are those of the version before */
    struct ent_voters olds, all;
    bool leaving;   /* each text leaves one old member out */
    bool crowd;     /* before the calm anybody proposes */
    bool impatient; /* and goes on without having heard enough */
    bool quiet;     /* from the calm on liars are silent, when every honest vote is needed */
    bool hiding;    /* the network is the attacker's */
    unsigned crashes;
    size_t honest, decided;
    uint32_t decision;
    struct set cast, cast_for;
    struct member *m;
};

enum habit { CHAOS = 1, HALVES = 2, REPLAY = 4, FAR = 8, FLATTERY = 16, POISON = 32 };

static void *must(void *p)
{
    if (p == NULL)
        ENT_BUG("out of memory");
    return p;
}

/* --- small sets of numbers ----------------------------------------------------------------------
 */

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static bool set_put(struct set *s, uint64_t key)
{
    size_t i = (size_t)mix(key) & (s->cap - 1);
    for (; s->key[i] != 0; i = (i + 1) & (s->cap - 1))
        if (s->key[i] == key)
            return false;
    s->key[i] = key;
    s->n++;
    return true;
}

/* False when it is there already. The key is never 0. */
static bool set_add(struct set *s, uint64_t key)
{
    if (2 * s->n >= s->cap) {
        struct set more = {.cap = s->cap == 0 ? 64 : 2 * s->cap};
        more.key = must(calloc(more.cap, sizeof(*more.key)));
        for (size_t i = 0; i < s->cap; i++)
            if (s->key[i] != 0)
                (void)set_put(&more, s->key[i]);
        free(s->key);
        *s = more;
    }
    return set_put(s, key);
}

static bool set_has(const struct set *s, uint64_t key)
{
    size_t i = s->cap == 0 ? 0 : (size_t)mix(key) & (s->cap - 1);
    for (; s->cap > 0 && s->key[i] != 0; i = (i + 1) & (s->cap - 1))
        if (s->key[i] == key)
            return true;
    return false;
}

static void set_free(struct set *s)
{
    free(s->key);
    *s = (struct set){0};
}

static uint64_t slot_of(const struct record *r)
{
    return (uint64_t)1 << 63 | (uint64_t)r->type << 60 | (uint64_t)r->who << 50 |
           (uint64_t)(r->round & 0xFFFFFFFu) << 20;
}

static uint64_t key_of(const struct record *r)
{
    struct record one = {.type = DECISION};
    return (r->type == DECISION ? slot_of(&one) : slot_of(r)) | r->text;
}

/* --- texts --------------------------------------------------------------------------------------
 */

static struct ent_hash32 hash_of(uint32_t text)
{
    struct ent_hash32 h = {{0}};
    ent_put_u32le(h.b, text);
    return h;
}

static uint32_t text_of(const struct ent_hash32 *h)
{
    return (uint32_t)h->b[0] | (uint32_t)h->b[1] << 8;
}

static bool is_valid(uint32_t text)
{
    return text < LIES_FROM || text % 5 != 0;
}

static size_t count_in(const struct ent_voters *v, const struct ent_voters *of)
{
    size_t c = 0;
    for (size_t i = 0; i < sizeof(v->bit) / sizeof(v->bit[0]); i++)
        c += (size_t)__builtin_popcountll(v->bit[i] & of->bit[i]);
    return c;
}

static bool is_quorum(const struct sim *s, size_t has, size_t of)
{
    return has >= (s->r->weak ? of / 2 : 2 * of / 3) + 1;
}

/* Of the old members, and of those whom the text names: all but one, who leaves. */
static bool enough(void *ctx, const struct ent_hash32 *what, const struct ent_voters *who)
{
    const struct sim *s = ((const struct member *)ctx)->sim;
    if (!is_quorum(s, count_in(who, &s->olds), s->old))
        return false;
    if (what == NULL || (s->n == s->old && !s->leaving))
        return true;
    size_t all = count_in(who, &s->all);
    if (!s->leaving)
        return is_quorum(s, all, s->n);
    return is_quorum(s, all - ent_voters_has(who, text_of(what) % s->old), s->n - 1);
}

/* --- an honest member ---------------------------------------------------------------------------
 */

static void settle(struct member *m);

static void say(struct member *m, size_t to, const struct record *r, bool surely)
{
    struct sim_event e = {
        .from = m->self, .to = to, .what = SAY, .bytes = ent_slice(r, sizeof(*r))};
    if (to == m->self || m->sim->m[to].liar)
        return;
    if (surely)
        sim_send_surely(m->sim->net, &e);
    else
        sim_send(m->sim->net, &e);
}

static void say_to_all(struct member *m, const struct record *r)
{
    for (size_t i = 0; i < m->sim->n; i++)
        say(m, i, r, false);
}

static bool write_down(struct member *m, const struct record *r)
{
    if (!set_add(&m->seen, key_of(r)))
        return false;
    if (m->n == m->cap) {
        m->cap = m->cap == 0 ? 64 : 2 * m->cap;
        m->said = must(reallocarray(m->said, m->cap, sizeof(*m->said)));
    }
    m->said[m->n++] = *r;
    return true;
}

static enum ent_err cast(void *ctx, const struct ent_vote *v, struct ent_slice state)
{
    struct member *m = ctx;
    struct sim *s = m->sim;
    struct record r = {.type = v->kind,
                       .who = (uint32_t)m->self,
                       .round = v->round,
                       .text = v->none ? 0 : text_of(&v->what)};
    m->crash = !sim_is_calm(s->net) && sim_percent(s->net, s->crashes);
    if (m->crash && sim_percent(s->net, 50))
        return ENT_E_IO;
    memcpy(m->state, state.p, state.n);
    m->state_n = state.n;
    (void)write_down(m, &r);
    m->saved = m->n;
    if (m->crash)
        return ENT_E_IO;
    bool new = set_add(&s->cast_for, key_of(&r));
    if (new && !set_add(&s->cast, slot_of(&r)))
        s->r->doubled++;
    say_to_all(m, &r);
    return ENT_OK;
}

static void conflict(void *ctx, size_t voter, const struct ent_vote *a, const struct ent_vote *b)
{
    struct member *m = ctx;
    m->conflicts++;
    if (!m->sim->m[voter].liar || a->kind != b->kind || a->round != b->round || ent_vote_eq(a, b))
        m->sim->r->accused++;
}

static void start(struct member *m)
{
    struct ent_ballot_opts o = {.topic = {.version = 1},
                                .voters = m->sim->n,
                                .self = m->self,
                                .ctx = m,
                                .enough = enough,
                                .cast = cast,
                                .conflict = conflict};
    if (ent_ballot_new(&m->ballot, NULL, &o, ent_slice(m->state, m->state_n)) != ENT_OK)
        ENT_BUG("a saved state that cannot be loaded");
    m->up = true;
}

/* All that was not durable is gone. */
static void crash(struct member *m)
{
    struct sim *s = m->sim;
    ent_ballot_free(m->ballot);
    m->ballot = NULL;
    m->up = m->crash = m->deferred = m->timed = m->proposed = false;
    s->decided -= m->decided; /* let it find the same again */
    m->decided = false;
    m->life++;
    m->conflicts = 0;
    m->n = m->saved;
    set_free(&m->seen);
    for (size_t i = 0; i < m->n; i++)
        (void)set_add(&m->seen, key_of(&m->said[i]));
    memset(m->cursor, 0, s->n * sizeof(*m->cursor));
    s->r->crashes++;
    sim_after(s->net, m->self, 1 + sim_below(s->net, 300), RESTART, 0, 0, 0);
}

static bool may_propose(const struct sim *s, const struct record *r)
{
    return s->crowd || r->round % s->old == r->who;
}

/* What was written down goes into the machine. */
static void feed(struct member *m, const struct record *r)
{
    struct ent_hash32 what = hash_of(r->text);
    enum ent_err e = ENT_OK;
    if (r->type == DECISION) {
        e = ent_ballot_learn(m->ballot, r->round, &what, &r->by);
    } else if (r->type == PROPOSAL) {
        if (is_valid(r->text) && may_propose(m->sim, r))
            e = ent_ballot_propose(m->ballot, r->who, r->round, &what);
    } else {
        struct ent_vote v = {(enum ent_vote_kind)r->type, r->round, r->text == 0, what};
        e = ent_ballot_vote(m->ballot, r->who, &v);
        if (e == ENT_E_EXISTS)
            m->sim->r->doubled++;
    }
    if (e == ENT_E_LIMIT)
        m->deferred = true;
    else if (e != ENT_OK && e != ENT_E_EXISTS && !m->crash)
        ENT_BUG("a machine that refuses what it was promised to take");
}

/* Before the calm an attacker chooses what comes through to whom, and how much of it, anew for each
 * round: all of a kind or none, or one by one. */
static bool is_hidden(const struct sim *s, const struct member *m, const struct record *r)
{
    static const unsigned percent[DECISION + 1][2][4] = {
        [ENT_PREVOTE] = {{0, 0, 10, 20}, {15, 50, 70, 85}},
        [ENT_PRECOMMIT] = {{10, 20, 30, 40}, {30, 60, 80, 90}},
        [PROPOSAL] = {{0, 0, 0, 30}, {0, 0, 0, 30}},
        [DECISION] = {{95, 95, 95, 95}, {95, 95, 95, 95}},
    };
    if (!s->hiding || sim_is_calm(s->net))
        return false;
    uint64_t k = (uint64_t)r->type << 60 ^ (uint64_t)r->round << 20 ^ s->r->seed;
    uint64_t dice = mix(k), to = (uint64_t)m->self << 40;
    bool whole = (dice & 64) != 0;
    if (!whole)
        to |= (uint64_t)r->who << 50;
    return mix(k ^ to) % 100 < percent[r->type][whole][dice % 4];
}

static void take(struct member *m, const struct record *r)
{
    if (m->up && !m->liar && !is_hidden(m->sim, m, r) && write_down(m, r)) {
        feed(m, r);
        settle(m);
    }
}

static void feed_again(struct member *m)
{
    m->deferred = false;
    for (size_t i = 0; i < m->n && !m->crash; i++) {
        struct record r = m->said[i];
        feed(m, &r);
    }
}

/* The text with this hash, if anybody ever proposed it to us. */
static const struct record *text_at_hand(const struct member *m, const struct ent_hash32 *what)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->said[i].type == PROPOSAL && m->said[i].text == text_of(what) &&
            is_valid(m->said[i].text))
            return &m->said[i];
    return NULL;
}

static bool propose(struct member *m, uint32_t round)
{
    struct ent_hash32 what = hash_of((uint32_t)m->self + 1);
    struct record r = {.type = PROPOSAL, .who = (uint32_t)m->self, .round = round};
    if (m->proposed && m->proposed_in == round)
        return false;
    if (ent_ballot_wish(m->ballot, &what) && text_at_hand(m, &what) == NULL &&
        text_of(&what) != m->self + 1)
        return false;
    m->proposed = true;
    m->proposed_in = round;
    r.text = text_of(&what);
    if (!write_down(m, &r))
        return false;
    say_to_all(m, &r);
    feed(m, &r);
    return true;
}

static void note_decision(struct member *m)
{
    struct sim *s = m->sim;
    struct record r = {.type = DECISION, .who = (uint32_t)m->self};
    struct ent_hash32 what;
    if (m->decided || !ent_ballot_decision(m->ballot, &r.round, &what, &r.by))
        return;
    r.text = text_of(&what);
    if (s->decision == 0)
        s->decision = r.text;
    if (s->decision != r.text || !is_valid(r.text))
        s->r->wrong++;
    if (s->r->rounds <= r.round)
        s->r->rounds = r.round + 1;
    m->decided = true;
    s->decided++;
    if (write_down(m, &r))
        say_to_all(m, &r);
}

static void set_timer(struct member *m, const struct ent_ballot_now *now)
{
    uint64_t wait = 60 + 40 * (uint64_t)(now->round < 100 ? now->round : 100);
    bool goes = now->due || (m->sim->impatient && !sim_is_calm(m->sim->net));
    if (now->step == ENT_BALLOT_DECIDED || !goes ||
        (m->timed && m->timer.round == now->round && m->timer.step == now->step))
        return;
    m->timed = true;
    m->timer = *now;
    sim_after(m->sim->net, m->self, wait, TIMEOUT, m->life, now->round, now->step);
}

/* After every event: what is it our turn to do? */
static void settle(struct member *m)
{
    struct sim *s = m->sim;
    struct ent_ballot_now now;
    for (bool again = true; again && !m->crash;) {
        struct ent_hash32 what;
        ent_ballot_now(m->ballot, &now);
        again = false;
        if (now.round != m->fed && m->deferred) {
            m->fed = now.round;
            feed_again(m);
            again = true;
        } else if (now.step == ENT_BALLOT_PROPOSAL &&
                   (now.round % s->old == m->self || (s->crowd && !sim_is_calm(s->net)))) {
            again = propose(m, now.round);
        }
        const struct record *r =
            !m->crash && ent_ballot_wanted(m->ballot, &what) ? text_at_hand(m, &what) : NULL;
        if (r != NULL) {
            enum ent_err e = ent_ballot_propose(m->ballot, r->who, r->round, &what);
            if (!m->crash && (e == ENT_E_STATE || ent_ballot_wanted(m->ballot, &what)))
                ENT_BUG("a text that was wanted is refused");
            again = true;
        }
    }
    if (m->crash) {
        crash(m);
        return;
    }
    note_decision(m);
    set_timer(m, &now);
}

static void restart(struct member *m)
{
    start(m);
    feed_again(m);
    settle(m);
}

/* --- liars --------------------------------------------------------------------------------------
 */

static uint32_t some_text(struct sim *s)
{
    uint64_t dice = sim_below(s->net, 10);
    if (dice == 0)
        return 0;
    if (dice < 6)
        return 1 + (uint32_t)sim_below(s->net, s->n);
    return LIES_FROM + (uint32_t)sim_below(s->net, 40);
}

static void lie(struct member *m, struct member *to, uint32_t type, uint32_t round, uint32_t text)
{
    struct record r = {.type = type, .who = (uint32_t)m->self, .round = round, .text = text};
    if ((type != PROPOSAL || text != 0) && !set_has(&to->seen, key_of(&r)))
        say(m, to->self, &r, true);
}

/* One text for one half of the others, and another, or none, for the other half. */
static void play_halves(struct member *m)
{
    struct sim *s = m->sim;
    struct ent_ballot_now now;
    struct ent_vote v;
    for (size_t i = 0; i < s->n; i++) {
        struct member *to = &s->m[i];
        if (to->liar || !to->up)
            continue;
        ent_ballot_now(to->ballot, &now);
        bool half = i % 2 != 0;
        uint32_t text = LIES_FROM + 1 + 5 * (now.round % 8) + half;
        if (now.round % s->old == m->self)
            lie(m, to, PROPOSAL, now.round, text);
        else if (ent_ballot_own(to->ballot, ENT_PREVOTE, &v) && !v.none)
            text = text_of(&v.what);
        else if (!s->m[now.round % s->old].liar)
            text = half ? 0 : (uint32_t)(now.round % s->old) + 1;
        lie(m, to, ENT_PREVOTE, now.round, text);
        lie(m, to, ENT_PRECOMMIT, now.round, text);
    }
}

/* Something else in each of its turns. */
static void propose_lies(struct member *m, struct member *to)
{
    struct ent_ballot_now now;
    if (to->liar || !to->up)
        return;
    ent_ballot_now(to->ballot, &now);
    if (now.round % m->sim->old == m->self)
        lie(m, to, PROPOSAL, now.round, LIES_FROM + 1 + 5 * (now.round % 8));
}

/* A vote for whatever the other is for; or, for POISON in half of the rounds, two votes for nothing
 * that matters, so that whoever keeps two has no place for a third. */
static void flatter(struct member *m, struct member *to)
{
    bool always = (m->habits & POISON) == 0;
    struct ent_ballot_now now;
    struct ent_vote v;
    if (to->liar || !to->up || sim_is_calm(m->sim->net))
        return;
    ent_ballot_now(to->ballot, &now);
    bool help = always || mix(now.round * 512 + to->self) % 2 == 0;
    for (uint32_t type = 0; type < ENT_VOTE_KINDS; type++) {
        if (help && ent_ballot_own(to->ballot, ENT_PREVOTE, &v) && !v.none)
            lie(m, to, type, now.round, text_of(&v.what));
        for (uint32_t text = 0; text < 2 && !help; text++)
            lie(m, to, type, now.round, LIES_FROM + 100 + text);
    }
}

static void lie_to(struct member *m, struct member *to, enum habit habit)
{
    struct sim *s = m->sim;
    struct ent_ballot_now now;
    ent_ballot_now(to->ballot, &now);
    uint32_t type = (uint32_t)sim_below(s->net, 3);
    uint32_t round = now.round;
    if (habit == CHAOS) {
        lie(m, to, type, round - (uint32_t)sim_below(s->net, round + 1) / 2, some_text(s));
        lie(m, to, type, round, some_text(s));
    } else if (habit == FAR) {
        lie(m, to, type, round + 1 + (uint32_t)sim_below(s->net, 200), some_text(s));
    } else if (habit == REPLAY) {
        struct member *other = &s->m[sim_below(s->net, s->n)];
        if (other->n > 0)
            say(m, to->self, &other->said[sim_below(s->net, other->n)], true);
    }
}

static void tell_lies(struct member *m)
{
    struct sim *s = m->sim;
    for (size_t i = 0; i < s->n && (m->habits & (POISON | FLATTERY)) != 0; i++)
        flatter(m, &s->m[i]);
    if ((m->habits & HALVES) != 0)
        play_halves(m);
    else if (m->habits != 0)
        for (size_t i = 0; i < s->n; i++)
            propose_lies(m, &s->m[i]);
    for (unsigned h = CHAOS; h <= FAR; h *= 2) {
        struct member *to = &s->m[sim_below(s->net, s->n)];
        if ((m->habits & h) != 0 && h != HALVES && !to->liar && to->up)
            lie_to(m, to, (enum habit)h);
    }
    if (!s->quiet || !sim_is_calm(s->net))
        sim_after(s->net, m->self, 25, LIE, 0, 0, 0);
}

/* --- everybody ----------------------------------------------------------------------------------
 */

/* Ask two others for what is new to us. */
static void tick(struct member *m)
{
    struct sim *s = m->sim;
    for (int k = 0; k < 2 && m->up; k++) {
        size_t to = (size_t)sim_below(s->net, s->n);
        struct sim_event e = {.from = m->self, .to = to, .what = PULL};
        e.arg[0] = m->cursor[to].life;
        e.arg[1] = m->cursor[to].at;
        if (to != m->self && !s->m[to].liar)
            sim_send(s->net, &e);
    }
    sim_after(s->net, m->self, 50, TICK, 0, 0, 0);
}

static void on_pull(struct member *m, const struct sim_event *e)
{
    uint64_t from = e->arg[0] == m->life ? e->arg[1] : 0;
    uint64_t to = m->n - from > CHUNK ? from + CHUNK : m->n;
    struct sim_event answer = {
        .from = m->self, .to = e->from, .what = DATA, .arg = {m->life, from, to}};
    if (m->up && from < to)
        sim_send(m->sim->net, &answer);
}

static void on_data(struct member *m, const struct sim_event *e)
{
    struct member *from = &m->sim->m[e->from];
    uint64_t life = m->life;
    if (!m->up || from->life != e->arg[0])
        return; /* it crashed, and what it said then is not there any more */
    for (uint64_t i = e->arg[1]; i < e->arg[2] && m->life == life; i++)
        take(m, &from->said[i]);
    struct cursor *c = &m->cursor[e->from];
    bool follows = e->arg[1] == 0 || (c->life == e->arg[0] && e->arg[1] <= c->at);
    if (m->life == life && follows) /* or all was asked for again meanwhile */
        *c = (struct cursor){e->arg[0], e->arg[2]};
}

static void on_timeout(struct member *m, const struct sim_event *e)
{
    struct ent_ballot_now now;
    if (!m->up || m->life != e->arg[0])
        return;
    ent_ballot_now(m->ballot, &now);
    if (now.round != e->arg[1] || now.step != e->arg[2])
        return;
    enum ent_err r = ent_ballot_go_on(m->ballot);
    if (r != ENT_OK && !m->crash)
        ENT_BUG("cannot go on");
    settle(m);
}

static void handle(struct sim *s, const struct sim_event *e)
{
    struct member *m = &s->m[e->to];
    struct record r;
    switch ((enum what)e->what) {
    case TICK:
        tick(m);
        break;
    case LIE:
        tell_lies(m);
        break;
    case TIMEOUT:
        on_timeout(m, e);
        break;
    case CRASH:
        if (m->up)
            crash(m);
        break;
    case RESTART:
        restart(m);
        break;
    case SAY:
        memcpy(&r, e->bytes.p, sizeof(r));
        take(m, &r);
        break;
    case PULL:
        on_pull(m, e);
        break;
    case DATA:
        on_data(m, e);
        break;
    case CALM: /* ask for all again that did not come through */
        if (s->hiding)
            memset(m->cursor, 0, s->n * sizeof(*m->cursor));
        break;
    }
}

/* --- a run --------------------------------------------------------------------------------------
 */

static size_t how_many(struct sim_net *net, bool weak)
{
    uint64_t dice = sim_below(net, 1000);
    if (weak)
        return 5 + (size_t)sim_below(net, 9);
    if (dice < 800)
        return 4 + (size_t)sim_below(net, 7);
    if (dice < 970)
        return 11 + (size_t)sim_below(net, 20);
    if (dice < 996)
        return 31 + (size_t)sim_below(net, 34);
    return 65 + (size_t)sim_below(net, 136);
}

/* As many as there may be with any text, or fewer. */
static size_t how_many_lie(struct sim *s)
{
    size_t of = s->leaving && s->n == s->old ? s->n - 1 : s->old;
    size_t most = (of + 2) / 3 - 1;
    if (s->r->weak || sim_percent(s->net, 60))
        return most;
    return (size_t)sim_below(s->net, most + 1);
}

static void set_up_members(struct sim *s, uint64_t calm)
{
    struct vote_run *r = s->r;
    s->m = must(calloc(s->n, sizeof(*s->m)));
    for (size_t i = 0; i < s->n; i++) {
        s->m[i] = (struct member){.sim = s, .self = i};
        s->m[i].cursor = must(calloc(s->n, sizeof(*s->m[i].cursor)));
        ent_voters_add(&s->all, i);
        if (i < s->old)
            ent_voters_add(&s->olds, i);
    }
    r->liars = how_many_lie(s);
    for (size_t k = 0; k < r->liars;) {
        struct member *m = &s->m[sim_below(s->net, s->old)];
        if (m->liar)
            continue;
        m->liar = true;
        m->habits = r->weak                   ? HALVES
                    : sim_percent(s->net, 20) ? POISON
                                              : (unsigned)sim_below(s->net, 64);
        k++;
    }
    s->honest = s->n - r->liars;
    for (size_t i = 0; i < s->n; i++) {
        struct member *m = &s->m[i];
        sim_after(s->net, i, sim_below(s->net, 50), m->liar ? LIE : TICK, 0, 0, 0);
        if (m->liar)
            continue;
        sim_after(s->net, i, calm, CALM, 0, 0, 0);
        sim_after(s->net, i, sim_below(s->net, calm == 0 ? 1 : 200), RESTART, 0, 0, 0);
        if (s->crashes > 0 && sim_percent(s->net, 30))
            sim_after(s->net, i, 201 + sim_below(s->net, 1000), CRASH, 0, 0, 0);
    }
}

static void set_up(struct sim *s, struct vote_run *r)
{
    struct sim_net_opts o = {.seed = r->seed, .late = 1, .soon = 20};
    bool side[ENT_BALLOT_VOTERS];
    struct sim_net *dice = sim_net_new(&o);
    *s = (struct sim){.r = r};
    o.seed = sim_rand(dice);
    o.nodes = s->n = s->old = how_many(dice, r->weak);
    if (!r->weak && sim_percent(dice, 30))
        s->old = s->n - (size_t)sim_below(dice, s->n / 4 + 1);
    s->leaving = !r->weak && s->old > 4 && sim_percent(dice, 20);
    s->crowd = !r->weak && sim_percent(dice, 20);
    s->crashes = r->weak || sim_percent(dice, 40) ? 0 : 1 + (unsigned)sim_below(dice, 20);
    bool calm_start = !r->weak && sim_percent(dice, 10);
    o.calm = calm_start ? 0 : (r->weak ? 3000 : 200 + sim_below(dice, s->n > 64 ? 500 : 2500));
    o.lost = (unsigned)sim_below(dice, r->weak ? 10 : 60);
    o.doubled = (unsigned)sim_below(dice, 30);
    o.late = 20 + sim_below(dice, r->weak ? 40 : 400);
    s->quiet = sim_percent(dice, 50);
    s->impatient = sim_percent(dice, 50);
    s->hiding = !r->weak && s->n <= 64 && sim_percent(dice, 60);
    if (s->hiding) { /* quick, so that there is much of it */
        s->impatient = s->impatient || sim_percent(dice, 70);
        o.lost = (unsigned)sim_below(dice, 10);
        o.late = 20 + sim_below(dice, 40);
        o.calm = 500 + sim_below(dice, s->n > 30 ? 1000 : 5000);
    }
    bool apart = r->weak || sim_percent(dice, 30);
    for (size_t i = 0; i < s->n; i++)
        side[i] = i % 2 != 0;
    sim_net_free(dice);
    s->net = sim_net_new(&o);
    if (apart)
        sim_split(s->net, side);
    set_up_members(s, o.calm);
}

/* Nobody who saw two votes was not told. */
static void check_conflicts(struct sim *s, const struct member *m)
{
    struct set slots = {0}, twice = {0};
    for (size_t i = 0; i < m->n; i++) {
        const struct record *r = &m->said[i];
        if (r->type < ENT_VOTE_KINDS && !set_add(&slots, slot_of(r)))
            (void)set_add(&twice, slot_of(r));
    }
    if (twice.n != m->conflicts && m->up && !m->deferred)
        s->r->missed++;
    set_free(&slots);
    set_free(&twice);
}

static void tear_down(struct sim *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct member *m = &s->m[i];
        if (!m->liar) {
            check_conflicts(s, m);
            s->r->stuck += !m->decided;
        }
        ent_ballot_free(m->ballot);
        set_free(&m->seen);
        free(m->said);
        free(m->cursor);
    }
    s->r->members = s->n;
    s->r->lost = sim_lost(s->net);
    set_free(&s->cast);
    set_free(&s->cast_for);
    free(s->m);
    sim_net_free(s->net);
}

void vote_run(struct vote_run *r)
{
    struct sim s;
    struct sim_event e;
    *r = (struct vote_run){.seed = r->seed, .weak = r->weak};
    set_up(&s, r);
    while (s.decided < s.honest && sim_next(s.net, &e) && e.at < PATIENCE) {
        r->events++;
        r->trace = mix(r->trace ^ e.at ^ (uint64_t)e.to << 32 ^ (uint64_t)e.what << 56) + e.arg[0];
        handle(&s, &e);
    }
    tear_down(&s);
}
