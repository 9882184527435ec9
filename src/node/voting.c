/* voting.c: the vote on the next version. */
#include "node/node.h"

#include <unistd.h>

/* A root key that would come with the next version votes for itself: what binds it is its own. */
#define BALLOT_FILE      "lock/ballot"
#define BALLOT_FILE_NEXT "lock/ballot-next"
#define BALLOT_MAX       (ENT_BALLOT_SAVE_MAX + ENT_CHECK_LINE)
#define VOTES            4096u

struct known_vote {
    struct ent_vote_signed v;
    size_t voter;
};

struct ent_voting {
    struct ent_book *book;
    const struct ent_seed32 *root; /* NULL: looks on */
    const char *file;              /* of what its votes bind it to */
    struct ent_vote_topic topic;
    char voter[ENT_BALLOT_VOTERS][ENT_NAME_MAX + 1];
    struct ent_pubkey key[ENT_BALLOT_VOTERS];
    size_t voters, self;
    struct ent_proposal proposal[ENT_PROPOSALS];
    size_t proposals;
    struct known_vote *vote;
    size_t votes;
    struct ent_ballot *ballot;
    unsigned cast;
    struct ent_diag d; /* of the callback that failed */
};

static const struct ent_pact *newest(const struct ent_voting *v)
{
    return ent_book_home(v->book)->pact;
}

/* --- what was said ------------------------------------------------------------------------------
 */

/* A proposal's body: "round <n>" LF and the text. */
static enum ent_err split_proposal(uint32_t *ret_round, struct ent_slice *ret_text,
                                   struct ent_slice body)
{
    struct ent_cur c = ent_cur(body);
    struct ent_slice line;
    uint64_t round;
    if (ent_cur_line(&c, &line) != ENT_OK || !ent_slice_starts(line, ENT_SLICE_LIT("round ")) ||
        ent_parse_u64(&round, ent_slice(line.p + 6, line.n - 6), UINT32_MAX) != ENT_OK)
        return ENT_E_FORMAT;
    *ret_round = (uint32_t)round;
    *ret_text = ent_slice(c.p, c.n);
    return ENT_OK;
}

enum ent_err ent_voting_version(uint64_t *ret, const struct ent_act *act)
{
    struct ent_vote_signed vote;
    struct ent_slice text, line;
    uint32_t round;
    enum ent_err r;
    if (act->st.type != ENT_ST_PROPOSE) {
        if (strcmp(act->st.media, ENT_MEDIA_VOTE) != 0)
            return ENT_E_FORMAT;
        r = ent_vote_parse(&vote, act->body, NULL);
        *ret = r == ENT_OK ? vote.topic.version : 0;
        return r;
    }
    if (strcmp(act->st.media, ENT_MEDIA_PROPOSAL) != 0 ||
        (r = split_proposal(&round, &text, act->body)) != ENT_OK)
        return ENT_E_FORMAT;
    struct ent_cur c = ent_cur(text);
    if (ent_cur_expect(&c, ENT_SLICE_LIT("entente/pact@v2\nversion ")) != ENT_OK ||
        ent_cur_line(&c, &line) != ENT_OK)
        return ENT_E_FORMAT;
    return ent_parse_u64(ret, line, UINT32_MAX);
}

static void drop_proposal(struct ent_proposal *p)
{
    ent_buf_release(&p->text);
    free(p->pact);
    *p = (struct ent_proposal){.round = 0};
}

/* Where it goes: nobody takes the places of others, or loses a newer one to an older. */
static struct ent_proposal *place(struct ent_voting *v, const char *author, uint32_t round)
{
    struct ent_proposal *oldest = NULL;
    size_t n = 0;
    for (size_t i = 0; i < v->proposals; i++) {
        struct ent_proposal *p = &v->proposal[i];
        if (strcmp(p->by, author) != 0)
            continue;
        n++;
        if (oldest == NULL || p->round < oldest->round)
            oldest = p;
    }
    if (n < ENT_PROPOSALS_EACH)
        return v->proposals < ENT_PROPOSALS ? &v->proposal[v->proposals] : NULL;
    if (round <= oldest->round)
        return NULL;
    drop_proposal(oldest);
    return oldest;
}

/* *ret: where it is; NULL for one that is left out. */
static enum ent_err take_proposal(struct ent_voting *v, const struct ent_act *act,
                                  struct ent_proposal **ret)
{
    struct ent_proposal *p;
    struct ent_slice text;
    uint32_t round;
    enum ent_err r;
    *ret = NULL;
    if (ent_pact_member(newest(v), act->st.author) == NULL ||
        split_proposal(&round, &text, act->body) != ENT_OK ||
        (p = place(v, act->st.author, round)) == NULL)
        return ENT_OK;
    if ((p->pact = malloc(sizeof(*p->pact))) == NULL)
        return ENT_E_NOMEM;
    ent_buf_init(&p->text, ENT_PACT_MAX);
    v->proposals += p == &v->proposal[v->proposals];
    p->round = round;
    memcpy(p->by, act->st.author, sizeof(p->by));
    ent_sha256_of(&p->what, text);
    if ((r = ent_buf_put_slice(&p->text, text)) != ENT_OK)
        return r;
    p->valid = ent_pact_parse_text(p->pact, text, newest(v), &p->why) == ENT_OK;
    if (p->valid)
        ent_pact_needs(&p->needs, p->pact, newest(v));
    *ret = p;
    return ENT_OK;
}

static enum ent_err take_vote(struct ent_voting *v, const struct ent_act *act)
{
    struct known_vote *k = &v->vote[v->votes];
    if (v->votes == VOTES || ent_vote_parse(&k->v, act->body, NULL) != ENT_OK ||
        strcmp(k->v.member, act->st.author) != 0 || !ent_vote_topic_eq(&k->v.topic, &v->topic))
        return ENT_OK;
    v->votes++;
    return ENT_OK;
}

static enum ent_err take(void *ctx, struct ent_slice bytes)
{
    struct ent_voting *v = ctx;
    struct ent_proposal *ignored;
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = ent_delivery_parse(del, bytes, &ent_book_home(v->book)->roster, NULL);
    uint64_t version = 0;
    if (r == ENT_OK && ent_voting_version(&version, &del->act) == ENT_OK &&
        version == v->topic.version)
        r = del->act.st.type == ENT_ST_PROPOSE ? take_proposal(v, &del->act, &ignored)
                                               : take_vote(v, &del->act);
    free(del);
    return r == ENT_E_NOMEM ? r : ENT_OK;
}

/* --- who votes ----------------------------------------------------------------------------------
 */

static void add_voters(struct ent_voting *v, const struct ent_pact *p)
{
    for (size_t i = 0; i < p->members; i++) {
        bool known = false;
        for (size_t k = 0; k < v->voters; k++)
            known = known || (strcmp(v->voter[k], p->member[i].name) == 0 &&
                              memcmp(v->key[k].b, p->member[i].root.pk.b, 32) == 0);
        if (known || v->voters == ENT_BALLOT_VOTERS)
            continue;
        memcpy(v->voter[v->voters], p->member[i].name, sizeof(v->voter[0]));
        v->key[v->voters++] = p->member[i].root.pk;
    }
}

static void find_self(struct ent_voting *v)
{
    struct ent_pubkey own;
    v->self = ENT_BALLOT_WATCHING;
    if (v->root == NULL)
        return;
    ent_sign_public(&own, v->root);
    if (memcmp(own.b, ent_home_public(ent_book_home(v->book), ENT_KEY_ROOT)->b, 32) != 0)
        v->file = BALLOT_FILE_NEXT;
    for (size_t i = 0; i < v->voters; i++)
        if (strcmp(v->voter[i], ent_book_home(v->book)->self.name) == 0 &&
            memcmp(v->key[i].b, own.b, 32) == 0)
            v->self = i;
}

/* Verified, and by whom; a vote that does not hold is dropped. */
static void check_votes(struct ent_voting *v)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->votes; i++) {
        struct known_vote *k = &v->vote[i];
        for (size_t m = 0; m < v->voters; m++) {
            if (strcmp(v->voter[m], k->v.member) != 0 ||
                ent_vote_check(&k->v, &v->key[m]) != ENT_OK)
                continue;
            k->voter = m;
            v->vote[kept++] = *k;
            break;
        }
    }
    v->votes = kept;
}

/* Two votes of one kind in one round: everybody shall know. */
static enum ent_err expose(struct ent_voting *v, const struct known_vote *a,
                           const struct known_vote *b)
{
    struct ent_misbehaviour m;
    struct ent_buf bytes[2], proof;
    enum ent_err r;
    ent_buf_init(&bytes[0], ENT_VOTE_MAX);
    ent_buf_init(&bytes[1], ENT_VOTE_MAX);
    ent_buf_init(&proof, ENT_MISBEHAVIOUR_MAX);
    if ((r = ent_vote_encode(&bytes[0], &a->v)) == ENT_OK &&
        (r = ent_vote_encode(&bytes[1], &b->v)) == ENT_OK &&
        (r = ent_vote_misbehaviour_make(&m, &ent_book_home(v->book)->roster,
                                        ent_buf_slice(&bytes[0]), ent_buf_slice(&bytes[1]))) ==
            ENT_OK) {
        m.pact = ent_chain_file(&ent_book_home(v->book)->chain);
        if ((r = ent_misbehaviour_encode(&proof, &m)) == ENT_OK)
            r = ent_view_accuse(ent_book_view(v->book), NULL, ent_buf_slice(&proof));
    }
    ent_buf_release(&bytes[0]);
    ent_buf_release(&bytes[1]);
    ent_buf_release(&proof);
    /* Whose key has changed meanwhile cannot be shown guilty any more, and that is all. */
    return r == ENT_E_EXISTS || r == ENT_E_AUTH || r == ENT_E_NOTFOUND ? ENT_OK : r;
}

static enum ent_err expose_all(struct ent_voting *v)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; r == ENT_OK && i < v->votes; i++)
        for (size_t k = 0; r == ENT_OK && k < i; k++)
            if (v->vote[i].voter == v->vote[k].voter &&
                ent_vote_contradicts(&v->vote[i].v, &v->vote[k].v))
                r = expose(v, &v->vote[k], &v->vote[i]);
    return r;
}

static size_t count_of(const struct ent_voting *v, const struct ent_pact *p,
                       const struct ent_voters *who)
{
    size_t n = 0;
    for (size_t i = 0; i < p->members; i++)
        for (size_t m = 0; m < v->voters; m++)
            if (ent_voters_has(who, m) && strcmp(v->voter[m], p->member[i].name) == 0 &&
                memcmp(v->key[m].b, p->member[i].root.pk.b, 32) == 0) {
                n++;
                break;
            }
    return n;
}

static bool enough(void *ctx, const struct ent_hash32 *what, const struct ent_voters *who)
{
    const struct ent_voting *v = ctx;
    const struct ent_pact *now = newest(v);
    if (what == NULL) {
        unsigned most = 0;
        for (int c = 0; c < ENT_CHANGES; c++)
            most = now->threshold[c] > most ? now->threshold[c] : most;
        return count_of(v, now, who) >= most;
    }
    for (size_t i = 0; i < v->proposals; i++) {
        const struct ent_proposal *p = &v->proposal[i];
        if (p->valid && memcmp(p->what.b, what->b, 32) == 0)
            return count_of(v, now, who) >= p->needs.before &&
                   count_of(v, p->pact, who) >= p->needs.after;
    }
    return false;
}

/* --- casting ------------------------------------------------------------------------------------
 */

static enum ent_err say(struct ent_voting *v, enum ent_statement_type type, const char *media,
                        struct ent_slice body)
{
    const struct ent_act_wish wish = {
        .type = type, .media = media, .body = body, .now = ent_clock_now()};
    struct ent_act act;
    struct ent_buf room;
    uint64_t index;
    ent_buf_init(&room, ENT_ACT_MAX);
    enum ent_err r = ent_news_may_say(v->book, &v->d);
    if (r == ENT_OK)
        r = ent_book_act(v->book, &room, &act, &index, &v->d, &wish);
    if (r == ENT_OK)
        r = ent_news_own(v->book, &v->d, index);
    ent_buf_release(&room);
    return r;
}

static enum ent_err say_vote(struct ent_voting *v, const struct ent_vote *vote)
{
    struct ent_buf body;
    ent_buf_init(&body, ENT_VOTE_MAX);
    enum ent_err r = ent_vote_make(&body, &v->topic, vote, v->voter[v->self], v->root);
    if (r == ENT_OK)
        r = say(v, vote->kind == ENT_PREVOTE ? ENT_ST_PREVOTE : ENT_ST_PRECOMMIT, ENT_MEDIA_VOTE,
                ent_buf_slice(&body));
    if (r == ENT_OK && v->votes < VOTES &&
        ent_vote_parse(&v->vote[v->votes].v, ent_buf_slice(&body), NULL) == ENT_OK)
        v->vote[v->votes++].voter = v->self;
    ent_buf_release(&body);
    return r;
}

/* Nobody signs this, and another round or version in it would set the voter free. */
static enum ent_err keep_state(struct ent_voting *v, struct ent_slice state)
{
    const struct ent_disk *disk = ent_book_disk(v->book);
    struct ent_buf file;
    ent_buf_init(&file, BALLOT_MAX);
    enum ent_err r = ent_buf_put_slice(&file, state);
    if (r == ENT_OK && (r = ent_check_add(&file)) == ENT_OK)
        r = disk->replace(disk->ctx, v->file, ent_buf_slice(&file));
    ent_buf_release(&file);
    return r;
}

/* A vote for a text that changes our own keys. */
static enum ent_err bind(struct ent_voting *v, const struct ent_vote *vote)
{
    for (size_t i = 0; !vote->none && i < v->proposals; i++)
        if (v->proposal[i].valid && memcmp(v->proposal[i].what.b, vote->what.b, 32) == 0)
            return ent_book_bind(v->book, &v->d, v->proposal[i].pact);
    return ENT_OK;
}

static enum ent_err cast(void *ctx, const struct ent_vote *vote, struct ent_slice state)
{
    struct ent_voting *v = ctx;
    enum ent_err r = ent_news_may_say(v->book, &v->d); /* or it would bind, and never be said */
    if (r != ENT_OK || (r = bind(v, vote)) != ENT_OK)
        return r;
    if ((r = keep_state(v, state)) != ENT_OK)
        return ent_fail(&v->d, r, "cannot keep what a vote binds to", 0, 0);
    v->cast++;
    return say_vote(v, vote);
}

/* A vote that was kept and did not get into the log before a crash. */
static enum ent_err cast_again(struct ent_voting *v)
{
    for (int kind = 0; kind < ENT_VOTE_KINDS; kind++) {
        struct ent_vote own;
        bool said = false;
        if (v->self == ENT_BALLOT_WATCHING ||
            !ent_ballot_own(v->ballot, (enum ent_vote_kind)kind, &own))
            continue;
        for (size_t i = 0; i < v->votes; i++)
            said = said || (v->vote[i].voter == v->self && ent_vote_eq(&v->vote[i].v.vote, &own));
        enum ent_err r = said ? ENT_OK : say_vote(v, &own);
        if (r != ENT_OK)
            return r;
    }
    return ENT_OK;
}

/* --- opening ------------------------------------------------------------------------------------
 */

static enum ent_err load_state(struct ent_voting *v, struct ent_buf *ret, struct ent_diag *d)
{
    enum ent_err r =
        v->root == NULL ? ENT_E_NOTFOUND : ent_disk_load(ent_book_disk(v->book), ret, v->file);
    struct ent_slice state = ent_buf_slice(ret);
    if (r == ENT_OK && (r = ent_check_take(&state)) != ENT_OK)
        return ent_fail(d, r,
                        strcmp(v->file, BALLOT_FILE) == 0 ? BALLOT_FILE " is damaged"
                                                          : BALLOT_FILE_NEXT " is damaged",
                        0, 0);
    ret->n = state.n;
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

static enum ent_err start_ballot(struct ent_voting *v, struct ent_diag *d)
{
    const struct ent_ballot_opts opts = {.topic = v->topic,
                                         .voters = v->voters,
                                         .self = v->self,
                                         .ctx = v,
                                         .enough = enough,
                                         .cast = cast};
    struct ent_buf saved;
    ent_buf_init(&saved, BALLOT_MAX);
    enum ent_err r = load_state(v, &saved, d);
    if (r == ENT_OK &&
        (r = ent_ballot_new(&v->ballot, d, &opts, ent_buf_slice(&saved))) == ENT_E_STATE) {
        ent_buf_clear(&saved); /* about a version that was decided */
        r = ent_ballot_new(&v->ballot, d, &opts, ent_buf_slice(&saved));
    }
    ent_buf_release(&saved);
    size_t known = v->votes; /* without those cast meanwhile */
    for (size_t i = 0; r == ENT_OK && i < known; i++) {
        r = ent_ballot_vote(v->ballot, v->vote[i].voter, &v->vote[i].v.vote);
        r = r == ENT_E_LIMIT || r == ENT_E_EXISTS ? ENT_OK : r;
    }
    return r == ENT_OK ? cast_again(v) : r;
}

enum ent_err ent_voting_open(struct ent_voting **ret, struct ent_diag *d, struct ent_book *b,
                             const struct ent_seed32 *root)
{
    struct ent_voting *v = calloc(1, sizeof(*v));
    if (v == NULL || (v->vote = calloc(VOTES, sizeof(*v->vote))) == NULL) {
        free(v);
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    }
    v->book = b;
    v->root = root;
    v->file = BALLOT_FILE;
    ent_book_lock(b);
    const struct ent_pact *now = newest(v);
    v->topic =
        (struct ent_vote_topic){.pact = now->id, .prev = now->hash, .version = now->version + 1};
    enum ent_err r = ent_news_mend(b, d);
    if (r == ENT_OK && root != NULL) /* votes that it has forgotten bind it all the same */
        r = ent_news_read(b, d, NULL, ent_book_home(b)->self.name, NULL);
    if (r == ENT_OK)
        r = ent_news_each(b, v, take);
    add_voters(v, now);
    for (size_t i = 0; i < v->proposals; i++)
        if (v->proposal[i].valid)
            add_voters(v, v->proposal[i].pact);
    find_self(v);
    check_votes(v);
    ent_book_unlock(b);
    if (r == ENT_OK)
        r = expose_all(v);
    if (r == ENT_OK && root != NULL && v->self == ENT_BALLOT_WATCHING)
        r = ent_fail(d, ENT_E_POLICY, "this member's root key has no vote", 0, 0);
    if (r == ENT_OK)
        r = start_ballot(v, d);
    if (r != ENT_OK) {
        if (v->d.text != NULL && d != NULL)
            *d = v->d;
        ent_voting_close(v);
        return r;
    }
    *ret = v;
    return ENT_OK;
}

void ent_voting_close(struct ent_voting *v)
{
    if (v == NULL)
        return;
    ent_ballot_free(v->ballot);
    for (size_t i = 0; i < v->proposals; i++)
        drop_proposal(&v->proposal[i]);
    free(v->vote);
    free(v);
}

/* --- deciding -----------------------------------------------------------------------------------
 */

static size_t voter_of(const struct ent_voting *v, const char *name)
{
    for (size_t i = 0; i < v->voters; i++)
        if (strcmp(v->voter[i], name) == 0)
            return i;
    return 0;
}

static enum ent_err told(struct ent_voting *v, struct ent_diag *d, enum ent_err r)
{
    if (r != ENT_OK && d != NULL && v->d.text != NULL)
        *d = v->d;
    return r;
}

/* Whoever has said its last word in a round, and it was none, is in the next one: nothing keeps
 * that in mind until a vote is cast there. */
uint32_t ent_voting_round(const struct ent_voting *v)
{
    struct ent_ballot_now now;
    struct ent_vote own;
    uint32_t round;
    ent_ballot_now(v->ballot, &now);
    round = now.round;
    if (v->self != ENT_BALLOT_WATCHING)
        return round + (ent_ballot_own(v->ballot, ENT_PRECOMMIT, &own) && own.none);
    for (size_t i = 0; i < v->proposals; i++)
        if (v->proposal[i].valid && v->proposal[i].round > round)
            round = v->proposal[i].round;
    return round;
}

/* Into that round: none for all that is left to say in those before it. */
static enum ent_err reach(struct ent_voting *v, uint32_t round)
{
    struct ent_ballot_now now;
    enum ent_err r = ENT_OK;
    ent_ballot_now(v->ballot, &now);
    if (round > now.round + ENT_BALLOT_AHEAD)
        return ENT_E_LIMIT;
    while (r == ENT_OK && now.round < round) {
        r = ent_ballot_go_on(v->ballot);
        ent_ballot_now(v->ballot, &now);
    }
    return r;
}

enum ent_err ent_voting_approve(struct ent_voting *v, struct ent_diag *d, size_t i)
{
    const struct ent_proposal *p = &v->proposal[i];
    if (!p->valid)
        return ent_fail(d, ENT_E_POLICY, "this text cannot follow the newest version", 0, 0);
    struct ent_hash32 decided;
    struct ent_voters who;
    uint32_t round;
    if (ent_ballot_decision(v->ballot, &round, &decided, &who))
        return ENT_OK;
    enum ent_err r = reach(v, p->round);
    if (r == ENT_OK)
        r = ent_ballot_propose(v->ballot, voter_of(v, p->by), p->round, &p->what);
    return told(v, d, r == ENT_E_EXISTS ? ENT_OK : r);
}

enum ent_err ent_voting_propose(struct ent_voting *v, struct ent_diag *d, struct ent_slice text)
{
    struct ent_act act = {.st = {.type = ENT_ST_PROPOSE, .author = ""}};
    struct ent_proposal *p = NULL;
    struct ent_buf body;
    enum ent_err r;
    if (v->self == ENT_BALLOT_WATCHING)
        return ent_fail(d, ENT_E_STATE, "opened to look on", 0, 0);
    ent_buf_init(&body, ENT_ACT_BODY_MAX);
    if ((r = ent_buf_printf(&body, "round %u\n", ent_voting_round(v))) == ENT_OK &&
        (r = ent_buf_put_slice(&body, text)) == ENT_OK) {
        act.body = ent_buf_slice(&body);
        memcpy(act.st.author, v->voter[v->self], sizeof(act.st.author));
        if ((r = take_proposal(v, &act, &p)) == ENT_OK && p == NULL)
            r = ent_fail(d, ENT_E_LIMIT, "too many proposals in one round", 0, ENT_PROPOSALS_EACH);
        else if (r == ENT_OK)
            r = p->valid ? say(v, ENT_ST_PROPOSE, ENT_MEDIA_PROPOSAL, ent_buf_slice(&body))
                         : ENT_E_POLICY;
    }
    ent_buf_release(&body);
    if (r == ENT_E_POLICY && p != NULL && d != NULL)
        *d = p->why;
    return r == ENT_OK ? ent_voting_approve(v, d, (size_t)(p - v->proposal)) : told(v, d, r);
}

/* The next round begins without a vote; it must not begin anew with the next program. */
static enum ent_err keep_round(struct ent_voting *v)
{
    struct ent_buf state;
    ent_buf_init(&state, ENT_BALLOT_SAVE_MAX);
    enum ent_err r = ent_ballot_save(v->ballot, &state);
    if (r == ENT_OK)
        r = keep_state(v, ent_buf_slice(&state));
    ent_buf_release(&state);
    return r == ENT_OK ? r : ent_fail(&v->d, r, "cannot keep the round of the vote", 0, 0);
}

enum ent_err ent_voting_go_on(struct ent_voting *v, struct ent_diag *d)
{
    unsigned before = v->cast;
    if (v->self == ENT_BALLOT_WATCHING)
        return ent_fail(d, ENT_E_STATE, "opened to look on", 0, 0);
    enum ent_err r = ent_ballot_go_on(v->ballot);
    if (r == ENT_OK && v->cast == before)
        r = keep_round(v);
    return told(v, d, r);
}

enum ent_err ent_voting_give_up(struct ent_voting *v, struct ent_diag *d)
{
    struct ent_vote own;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && !ent_ballot_own(v->ballot, ENT_PRECOMMIT, &own))
        r = ent_ballot_go_on(v->ballot);
    return told(v, d, r);
}

/* The text with the precommits of the round that decided it. */
static enum ent_err assemble(const struct ent_voting *v, struct ent_buf *ret,
                             const struct ent_proposal *p, uint32_t round)
{
    enum ent_err r = ent_buf_put_slice(ret, ent_buf_slice(&p->text));
    struct ent_voters done = {{0}};
    for (size_t i = 0; r == ENT_OK && i < v->votes; i++) {
        const struct known_vote *k = &v->vote[i];
        const struct ent_vote want = {.kind = ENT_PRECOMMIT, .round = round, .what = p->what};
        if (!ent_vote_eq(&k->v.vote, &want) || ent_voters_has(&done, k->voter))
            continue;
        ent_voters_add(&done, k->voter);
        r = ent_vote_line_add(ret, p->text.n, &k->v, &v->key[k->voter]);
    }
    return r;
}

enum ent_err ent_voting_conclude(struct ent_voting *v, struct ent_diag *d)
{
    struct ent_hash32 what;
    struct ent_voters who;
    struct ent_buf version;
    uint32_t round;
    enum ent_err r = ENT_E_NOTFOUND;
    if (!ent_ballot_decision(v->ballot, &round, &what, &who))
        return r;
    ent_buf_init(&version, ENT_PACT_MAX);
    for (size_t i = 0; i < v->proposals; i++) {
        if (!v->proposal[i].valid || memcmp(v->proposal[i].what.b, what.b, 32) != 0)
            continue;
        if ((r = assemble(v, &version, &v->proposal[i], round)) == ENT_OK)
            r = ent_news_take_version(v->book, d, ent_buf_slice(&version));
        break;
    }
    ent_buf_release(&version);
    return r == ENT_E_EXISTS ? ENT_OK : r;
}

/* --- how it stands ------------------------------------------------------------------------------
 */

size_t ent_voting_proposals(const struct ent_voting *v)
{
    return v->proposals;
}

const struct ent_proposal *ent_voting_proposal(const struct ent_voting *v, size_t i)
{
    return &v->proposal[i];
}

const struct ent_ballot *ent_voting_ballot(const struct ent_voting *v)
{
    return v->ballot;
}

size_t ent_voting_voters(const struct ent_voting *v)
{
    return v->voters;
}

const char *ent_voting_voter(const struct ent_voting *v, size_t i)
{
    return v->voter[i];
}

unsigned ent_voting_cast(const struct ent_voting *v)
{
    return v->cast;
}
