/*
 * test_quorum_cheats.c: liars in every part of a quorum, against the engines of six members: who is
 * named for what by whom, that nobody honest is, and what the others have in the end.
 */
#include "tests/support/offices.h"

#include <poll.h>

#define ALL     ((1u << OFFICE_MEMBERS) - 1)
#define HOLDER  1u  /* the key holder that lies; it takes part, too */
#define UPLOADS 405 /* behind the deadline for shares */
#define RESULTS 505 /* behind the last */

static struct offices all;

static int setup(void **state)
{
    (void)state;
    offices_start(&all, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    offices_end(&all);
    return 0;
}

static void set_lie(void (*lie)(struct offices *, const struct office_call *, unsigned *,
                                struct ent_buf *))
{
    (void)pthread_mutex_lock(&all.lock);
    all.lie = lie;
    (void)pthread_mutex_unlock(&all.lock);
}

static void check_all(uint64_t members)
{
    offices_wait_taken(&all, members);
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        if ((members >> i & 1) != 0)
            office_check(all.o[i], members);
}

static void set_time(long long at)
{
    atomic_store(&all.now, OFFICE_NOW + at);
}

static void print_named(void)
{
    for (unsigned k = 0; k < all.n_named; k++)
        printf("# %s\n", all.named[k]);
}

/* By so many, and by nobody anybody else. */
static void check_named(unsigned n)
{
    (void)poll(NULL, 0, 300); /* what should not be said has time to be */
    if (offices_named(&all) != n)
        print_named();
    assert_int_equal(offices_named(&all), n);
}

/* --- one thing to some, another to the others ---------------------------------------------------
 */

#define HEARS 2u /* who hears the other thing, where it is one */
#define TOLD  3u /* who is lied to by the collector */

struct split {
    const char *what; /* the first line of what is said */
    unsigned from;
    uint64_t to;         /* who hears what follows instead: a delivery, once it is there */
    struct ent_buf said; /* with the lock of all */
    struct ent_qsaid is;
};
static struct split split[2];
static bool apart; /* nobody shows anybody what others said */

static bool divide(struct offices *of, unsigned from, unsigned to, const char *path,
                   struct ent_buf *body)
{
    (void)of;
    for (int i = 0; i < 2; i++) {
        const struct split *s = &split[i];
        if (s->what == NULL || from != s->from || (s->to >> to & 1) == 0 || body->n == 0 ||
            memmem(body->p, body->n, s->what, strlen(s->what)) == NULL)
            continue;
        if (s->said.n == 0)
            return false;
        ent_buf_clear(body);
        assert_ok(ent_buf_put_slice(body, ent_buf_slice(&s->said)));
    }
    return !apart || strstr(path, "/said/") == NULL;
}

static void set_apart(bool is)
{
    (void)pthread_mutex_lock(&all.lock);
    all.tamper = divide;
    apart = is;
    (void)pthread_mutex_unlock(&all.lock);
}

static void tell_others(struct split *s, enum ent_qkind kind, struct ent_buf *body)
{
    struct ent_buf said;
    office_sign(all.o[s->from], &s->is, &said, kind, body);
    (void)pthread_mutex_lock(&all.lock);
    s->said = said;
    (void)pthread_mutex_unlock(&all.lock);
    ent_buf_release(body);
}

static void end_split(void)
{
    (void)pthread_mutex_lock(&all.lock);
    all.tamper = NULL;
    (void)pthread_mutex_unlock(&all.lock);
    for (int i = 0; i < 2; i++) {
        ent_buf_release(&split[i].said);
        split[i] = (struct split){.what = NULL};
    }
}

/* --- a key holder -------------------------------------------------------------------------------
 */

enum { OTHER_KEY, SHORT, LONG, RUBBISH };
static int how;

/* As it would be with a key that it did not sign: proof and all. */
static void evaluate_otherwise(struct ent_slice ask, struct ent_buf *answer)
{
    static const struct ent_seed32 seed = {.b = {1, 2, 3}};
    struct ent_quorum_holder *h = NULL;
    struct ent_hash32 sid;
    uint32_t items[OFFICE_MEMBERS];
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        items[i] = OFFICE_ITEMS;
    memcpy(sid.b, ask.p, sizeof(sid.b));
    assert_ok(ent_quorum_holder_new(&h, &seed));
    assert_ok(ent_quorum_holder_start(h, &sid, &all.offer.shape, items));
    ent_buf_clear(answer);
    assert_ok(ent_quorum_holder_evaluate(h, answer, ask));
    ent_quorum_holder_free(h);
}

static void answer_wrongly(struct offices *of, const struct office_call *call, unsigned *status,
                           struct ent_buf *answer)
{
    (void)of;
    if (call->to != HOLDER || strstr(call->path, "/evaluate") == NULL || *status != 200)
        return;
    if (how == OTHER_KEY)
        evaluate_otherwise(call->body, answer);
    if (how == SHORT)
        answer->n -= 32;
    if (how == LONG)
        assert_ok(ent_buf_putc(answer, 0));
    if (how == RUBBISH)
        memset(answer->p, 0xff, 32);
}

/* Everybody sees it, and the run ends for all without a word about anybody honest. */
static void test_holder_lies(void **state)
{
    static const enum ent_quorum_fault want[] = {[OTHER_KEY] = ENT_QUORUM_PROOF,
                                                 [SHORT] = ENT_QUORUM_MALFORMED,
                                                 [LONG] = ENT_QUORUM_MALFORMED,
                                                 [RUBBISH] = ENT_QUORUM_MALFORMED};
    (void)state;
    for (how = OTHER_KEY; how <= RUBBISH; how++) {
        if (how > OTHER_KEY)
            offices_start(&all, false);
        set_lie(answer_wrongly);
        offices_offer(&all, 2);
        for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
            if (i != HOLDER)
                offices_wait_named(&all, i, HOLDER, want[how]);
        set_time(UPLOADS);
        for (unsigned i = 0; i < OFFICES; i++) /* by the collector's word */
            office_wait(all.o[i], ENT_QUORUM_FAILED);
        set_time(RESULTS);
        check_named(4);
        assert_int_equal(all.done, 0);
        if (how < RUBBISH)
            offices_end(&all);
    }
}

/* It has answered two of them, and no more. */
static bool fall_silent(struct offices *of, unsigned from, unsigned to, const char *path,
                        struct ent_buf *body)
{
    (void)of, (void)body;
    return to != HOLDER || strstr(path, "/evaluate") == NULL || from == 0 || from == 2;
}

static void test_holder_stops(void **state)
{
    (void)state;
    all.tamper = fall_silent;
    offices_offer(&all, 4);
    offices_wait_complete(&all, 7);
    set_time(UPLOADS);
    offices_wait_named(&all, 3, HOLDER, ENT_QUORUM_SILENT);
    offices_wait_named(&all, 4, HOLDER, ENT_QUORUM_SILENT);
    for (unsigned i = 0; i < OFFICES; i++) /* by the collector's word */
        office_wait(all.o[i], ENT_QUORUM_FAILED);
    set_time(RESULTS);
    check_named(2);
}

static bool keep_offer(struct offices *of, unsigned from, unsigned to, const char *path,
                       struct ent_buf *body)
{
    static const char what[] = "entente/quorum-offer@v1";
    (void)of, (void)path;
    return from != OFFICE_COLLECTS || to != HOLDER || body->n == 0 ||
           memmem(body->p, body->n, what, sizeof(what) - 1) == NULL;
}

/* Who made the offer does not show it to a key holder, so that this one seems silent: others do. */
static void test_kept_offer(void **state)
{
    (void)state;
    all.tamper = keep_offer;
    offices_offer(&all, 2);
    check_all(ALL);
    check_named(0);
}

/* --- the collector ------------------------------------------------------------------------------
 */

enum { CHANGED, ANOTHERS, ANOTHERS_RENAMED, TOO_SHORT, EMPTY };

static void answer_piece(struct offices *of, const struct office_call *call, unsigned *status,
                         struct ent_buf *answer)
{
    uint8_t index[4];
    if (call->from != TOLD || strstr(call->path, "/piece/") == NULL || *status != 200)
        return;
    if (how == CHANGED)
        answer->p[answer->n - 1] ^= 1;
    if (how == TOO_SHORT)
        answer->n -= 1;
    if (how == EMPTY)
        ent_buf_clear(answer);
    if (how != ANOTHERS && how != ANOTHERS_RENAMED)
        return;
    memcpy(index, answer->p + 32, sizeof(index));
    assert_int_equal(
        office_ask(of, 2, OFFICE_COLLECTS, "GET", call->path, ent_slice(NULL, 0), answer), 200);
    if (how == ANOTHERS_RENAMED)
        memcpy(answer->p + 32, index, sizeof(index));
}

/* What it signed is not what it answers: that one has nothing, the others have all. */
static void test_answers(void **state)
{
    (void)state;
    for (how = CHANGED; how <= EMPTY; how++) {
        if (how > CHANGED)
            offices_start(&all, false);
        set_lie(answer_piece);
        offices_offer(&all, 2);
        offices_wait_named(&all, TOLD, OFFICE_COLLECTS, ENT_QUORUM_ANSWER);
        offices_wait_taken(&all, ALL & ~(1u << TOLD));
        for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
            if (i != TOLD)
                office_check(all.o[i], ALL);
        check_named(1);
        if (how < EMPTY)
            offices_end(&all);
    }
}

static void write_kept(struct office *o, const char *name, const struct ent_buf *b)
{
    char file[96];
    (void)snprintf(file, sizeof(file), "quorum/%s/%s", all.run, name);
    assert_ok(ent_kept_write(o->home->disk, file, ent_buf_slice(b), true, NULL));
}

/* Invented: twenty hits of all five for each, and for TOLD one of which it is no part. */
static void invent(struct office *o)
{
    struct ent_buf b, hits;
    char name[96];
    ent_buf_init(&b, 8192);
    ent_buf_init(&hits, 8192);
    assert_ok(ent_buf_printf(&b, "entente/quorum-computed@v1\nblocks %u\npositions 20\n",
                             ent_quorum_blocks(&all.offer.shape)));
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
        ent_buf_clear(&hits);
        for (uint32_t c = 0; c < 20; c++) {
            struct ent_quorum_hit hit = {.cell = 100 * c, .holders = ALL};
            uint8_t note[ENT_QUORUM_HIT];
            if (i == TOLD && c == 19)
                hit.holders &= ~(UINT64_C(1) << TOLD);
            ent_random(&hit.check, sizeof(hit.check));
            ent_quorum_hit_put(note, &hit);
            assert_ok(ent_buf_put(&hits, note, sizeof(note)));
        }
        assert_ok(ent_buf_printf(&b, "hits 20\ncrc %u\n", ent_crc32c(0, ent_buf_slice(&hits))));
        (void)snprintf(name, sizeof(name), "quorum/%s/hits-%u", all.run, i + 1);
        office_write(o, name, ent_buf_slice(&hits));
    }
    write_kept(o, "computed", &b);
    ent_buf_release(&b);
    ent_buf_release(&hits);
}

static bool lose_blocks(struct offices *of, unsigned from, unsigned to, const char *path,
                        struct ent_buf *body)
{
    (void)of, (void)to, (void)body;
    return from != 4 || strstr(path, "/block") == NULL;
}

static void wait_progress(struct office *o, const char *want)
{
    char name[ENT_PATH_MAX + 64];
    struct ent_buf b;
    bool there = false;
    (void)snprintf(name, sizeof(name), "%s/quorum/%s/progress", o->home->dir, all.run);
    for (unsigned i = 0; i < 600 && !there; i++) {
        ent_buf_init(&b, 65536);
        there = ent_file_read(&b, NULL, name) == ENT_OK && ent_buf_putc(&b, 0) == ENT_OK &&
                strstr((char *)b.p, want) != NULL;
        ent_buf_release(&b);
        if (!there)
            (void)poll(NULL, 0, 100);
    }
    assert_true(there);
}

/* Hits that prove nothing are counted, and found by nobody; one without whom it is told is a lie
 * that shows. */
static void test_invented_hits(void **state)
{
    struct office *o = all.o[OFFICE_COLLECTS];
    (void)state;
    all.tamper = lose_blocks;
    offices_offer(&all, 3);
    offices_wait_complete(&all, 15);
    office_stop(o);
    invent(o);
    office_begin(o);
    (void)pthread_mutex_lock(&all.lock);
    all.tamper = NULL;
    (void)pthread_mutex_unlock(&all.lock);
    offices_wait_taken(&all, ALL & ~(1u << TOLD));
    offices_wait_named(&all, TOLD, OFFICE_COLLECTS, ENT_QUORUM_ANSWER);
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        if (i != TOLD)
            wait_progress(all.o[i], "\nfound 0\nrefused-hits 20\n");
    check_named(1);
}

static void test_no_result(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    all.tamper = lose_blocks;
    offices_offer(&all, 3);
    offices_wait_complete(&all, 15);
    offices_wait_tables(&all);
    atomic_store(&all.o[OFFICE_COLLECTS]->off, true);
    set_time(RESULTS);
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
        office_wait(all.o[i], ENT_QUORUM_FAILED);
        assert_true(office_state(all.o[i], &s));
        assert_string_equal(s.failed_by, "zavala");
        offices_wait_named(&all, i, OFFICE_COLLECTS, ENT_QUORUM_SILENT);
    }
    assert_true(office_has_named(&all, OFFICE_COLLECTS, 4)); /* whose shares were lost on the way */
    check_named(OFFICE_MEMBERS + 1);
}

/* It says that it has not heard of one whose acceptance all others have in time. */
static bool lose_acceptance(struct offices *of, unsigned from, unsigned to, const char *path,
                            struct ent_buf *body)
{
    (void)of, (void)body;
    return (from != 4 || to != OFFICE_COLLECTS) &&
           (from != OFFICE_COLLECTS || strstr(path, "/said/") == NULL);
}

static void wait_heard(uint64_t members)
{
    static struct ent_quorum_run s;
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
        uint64_t heard = 0;
        for (unsigned n = 0; n < 600 && (heard & members) != members; n++) {
            (void)poll(NULL, 0, 20);
            for (unsigned k = 0; office_state(all.o[i], &s) && k < OFFICE_MEMBERS; k++)
                heard |= (uint64_t)s.seat[k].accepted << k;
        }
        assert_int_equal(heard & members, members);
    }
}

static void test_left_out(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    all.tamper = lose_acceptance;
    offices_offer(&all, 3);
    wait_heard(ALL);
    set_time(205);
    check_all(15);
    for (unsigned i = 0; i < OFFICE_MEMBERS - 1; i++) {
        assert_true(office_state(all.o[i], &s));
        assert_int_equal(s.disputed, 1u << 4);
        assert_int_equal(s.present, 15);
    }
    (void)pthread_mutex_lock(&all.lock);
    all.tamper = NULL;
    (void)pthread_mutex_unlock(&all.lock);
    office_wait(all.o[4], ENT_QUORUM_UPLOAD);
    assert_true(office_state(all.o[4], &s));
    assert_int_equal(s.disputed, 1u << 4);
    offices_wait_named(&all, OFFICE_COLLECTS, 4, ENT_QUORUM_SILENT);
    check_named(1);
}

/* The same run without the first of them. */
static void other_begin(struct ent_buf *body)
{
    static struct ent_quorum_run s;
    struct ent_quorum_begin g = {.present = ALL & ~1u, .holders = 2};
    assert_true(office_state(all.o[0], &s));
    g.offer = s.leaf;
    for (unsigned i = 1; i < OFFICE_MEMBERS; i++)
        g.accept[i] = s.seat[i].leaf;
    memcpy(g.key, s.key_leaf, sizeof(g.key));
    ent_buf_init(body, ENT_QUORUM_BODY_MAX);
    assert_ok(ent_quorum_begin_encode(body, &g));
}

static void check_split_begins(void)
{
    static struct ent_quorum_run s;
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
        office_wait(all.o[i], ENT_QUORUM_FAILED);
        assert_true(office_state(all.o[i], &s));
        assert_string_equal(s.failed_by, "zavala");
        assert_int_equal(s.failed_for, ENT_QUORUM_CONTRARY);
        offices_wait_named(&all, i, OFFICE_COLLECTS, ENT_QUORUM_CONTRARY);
        for (unsigned k = 0; k < OFFICE_MEMBERS; k++)
            assert_false(office_has_named(&all, i, k));
    }
}

/* One half follows this one, the other that: a key holder each, so that nobody is answered by both.
 * As soon as they show each other what they have, all know who lied, and it is over. */
static void test_two_begins(void **state)
{
    static struct ent_quorum_run s;
    struct ent_buf body;
    (void)state;
    split[0] = (struct split){"entente/quorum-begin@v1", OFFICE_COLLECTS, 1u << HOLDER | 1u << 3,
                              .said = {0}};
    set_apart(true);
    offices_offer(&all, 2);
    office_wait(all.o[0], ENT_QUORUM_UPLOAD);
    other_begin(&body);
    tell_others(&split[0], ENT_QSAY_BEGIN, &body);
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
        office_wait(all.o[i], ENT_QUORUM_UPLOAD);
        assert_true(office_state(all.o[i], &s));
        assert_int_equal(s.present & 1, (split[0].to >> i & 1) == 0);
    }
    check_named(0);
    set_apart(false);
    check_split_begins();
    office_stop(all.o[0]);
    office_begin(all.o[0]);
    office_stop(all.o[3]);
    office_begin(all.o[3]);
    set_time(UPLOADS);
    (void)poll(NULL, 0, 300);
    check_split_begins();
    end_split();
}

/* --- what it has for all, kept from one ---------------------------------------------------------
 */

static void keep_result(struct offices *of, const struct office_call *call, unsigned *status,
                        struct ent_buf *answer)
{
    static const char what[] = "entente/quorum-result@v1";
    (void)of;
    if (call->from != TOLD || call->to != OFFICE_COLLECTS ||
        (strstr(call->path, "/piece/") == NULL &&
         (answer->n == 0 || memmem(answer->p, answer->n, what, sizeof(what) - 1) == NULL)))
        return;
    *status = 503;
    ent_buf_clear(answer);
}

/* It hears of the result from the others, and names who has its answer. */
static void test_kept_result(void **state)
{
    static struct ent_quorum_run s;
    (void)state;
    split[0] = (struct split){"entente/quorum-result@v1", OFFICE_COLLECTS, 1u << TOLD, .said = {0}};
    set_apart(false);
    set_lie(keep_result);
    offices_offer(&all, 2);
    offices_wait_taken(&all, ALL & ~(1u << TOLD));
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        if (i != TOLD)
            office_check(all.o[i], ALL);
    office_wait(all.o[TOLD], ENT_QUORUM_DONE);
    set_time(RESULTS + 590);
    check_named(0);
    set_time(RESULTS + 600);
    offices_wait_named(&all, TOLD, OFFICE_COLLECTS, ENT_QUORUM_SILENT);
    check_named(1);
    assert_true(office_state(all.o[TOLD], &s));
    assert_int_equal(s.phase, ENT_QUORUM_DONE);
    end_split();
}

/* Of two results each has the answer that it was promised, and all know who signed both. */
static void test_two_results(void **state)
{
    static struct ent_quorum_run s;
    struct ent_quorum_result res = {.positions = 1};
    struct ent_buf body;
    (void)state;
    split[0] = (struct split){"entente/quorum-result@v1", OFFICE_COLLECTS, 1u << TOLD, .said = {0}};
    set_apart(true);
    offices_offer(&all, 2);
    office_wait(all.o[0], ENT_QUORUM_DONE);
    assert_true(office_state(all.o[0], &s));
    res.run = s.sid;
    res.present = s.counted;
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        res.answer[i] = s.seat[i].answer;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    assert_ok(ent_quorum_result_encode(&body, &res));
    tell_others(&split[0], ENT_QSAY_RESULT, &body);
    check_all(ALL);
    check_named(0);
    set_apart(false);
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        offices_wait_named(&all, i, OFFICE_COLLECTS, ENT_QUORUM_CONTRARY);
    check_named(OFFICE_MEMBERS);
    end_split();
}

/* --- a participant ------------------------------------------------------------------------------
 */

#define LIAR   3u
#define HONEST (ALL & ~(1u << LIAR))

static void other_acceptance(struct ent_buf *body, uint32_t items)
{
    static struct ent_quorum_run s;
    struct ent_quorum_accept a = {.items = items, .root = {{7}}};
    assert_true(office_state(all.o[LIAR], &s));
    a.offer = s.leaf;
    ent_buf_init(body, ENT_QUORUM_BODY_MAX);
    assert_ok(ent_quorum_accept_encode(body, &a));
}

static void other_key(struct ent_buf *body)
{
    static struct ent_quorum_run s;
    struct ent_quorum_key k;
    assert_true(office_state(all.o[0], &s));
    k = (struct ent_quorum_key){.offer = s.leaf, .key = s.key[0].key}; /* any point will do */
    ent_buf_init(body, ENT_QUORUM_BODY_MAX);
    assert_ok(ent_quorum_key_encode(body, &k));
}

/* So it has heard, and `begin` that names something else; also after a restart. */
static void check_waits(struct office *o)
{
    static struct ent_quorum_run s;
    for (unsigned n = 0; n < 600; n++) {
        assert_true(office_state(o, &s));
        assert_true(s.phase < ENT_QUORUM_UPLOAD);
        if (s.awaits.present != 0 && s.seat[LIAR].accepted && (s.keys >> HOLDER & 1) != 0)
            break;
        (void)poll(NULL, 0, 20);
    }
    assert_int_equal(s.awaits.present, ALL);
    assert_memory_equal(&s.seat[LIAR].leaf, &split[0].is.leaf, sizeof(s.seat[LIAR].leaf));
    assert_memory_equal(&s.key_leaf[HOLDER], &split[1].is.leaf, sizeof(s.key_leaf[HOLDER]));
}

/* One member alone hears another acceptance and another key than all others: it is kept out of
 * nothing, and everybody knows who said both. */
static void test_two_words(void **state)
{
    static struct ent_quorum_run s;
    struct ent_buf body;
    (void)state;
    split[0] = (struct split){"entente/quorum-accept@v1", LIAR, 1u << HEARS, .said = {0}};
    split[1] = (struct split){"entente/quorum-key@v1", HOLDER, 1u << HEARS, .said = {0}};
    set_apart(true);
    offices_offer(&all, 3);
    office_wait(all.o[0], ENT_QUORUM_UPLOAD);
    other_acceptance(&body, 16);
    tell_others(&split[0], ENT_QSAY_ACCEPT, &body);
    other_key(&body);
    tell_others(&split[1], ENT_QSAY_KEY, &body);
    check_waits(all.o[HEARS]);
    office_stop(all.o[HEARS]);
    office_begin(all.o[HEARS]);
    check_waits(all.o[HEARS]);
    check_named(0);
    set_apart(false);
    check_all(ALL);
    for (unsigned i = 0; i < OFFICES; i++) {
        if (i != LIAR)
            offices_wait_named(&all, i, LIAR, ENT_QUORUM_CONTRARY);
        if (i != HOLDER)
            offices_wait_named(&all, i, HOLDER, ENT_QUORUM_CONTRARY);
    }
    check_named(10);
    office_stop(all.o[HEARS]);
    office_begin(all.o[HEARS]);
    check_named(10);
    assert_true(office_state(all.o[HEARS], &s));
    assert_int_equal(s.member[LIAR], ENT_QUORUM_CONTRARY);
    assert_memory_equal(&s.seat[LIAR].other_leaf, &split[0].is.leaf, sizeof(s.sid));
    end_split();
}

/* Neither 33 nor more than M can come of what was agreed: it counts for nobody. */
static void test_odd_acceptance(void **state)
{
    static struct ent_quorum_run s;
    struct ent_buf body;
    (void)state;
    for (unsigned n = 0; n < 2; n++) {
        if (n > 0)
            offices_start(&all, false);
        office_stop(all.o[LIAR]);
        all.o[LIAR]->mode = ENT_QUORUM_ASK;
        office_begin(all.o[LIAR]);
        offices_offer(&all, 2);
        office_wait(all.o[LIAR], ENT_QUORUM_OFFERED);
        other_acceptance(&body, n == 0 ? 33 : 128);
        office_say(all.o[LIAR], ENT_QSAY_ACCEPT, &body);
        ent_buf_release(&body);
        offices_wait_accepted(&all, HONEST);
        (void)poll(NULL, 0, 500);
        set_time(205);
        check_all(HONEST);
        assert_true(office_state(all.o[0], &s));
        assert_false(s.seat[LIAR].accepted);
        offices_wait_named(&all, OFFICE_COLLECTS, LIAR, ENT_QUORUM_SILENT);
        if (n == 0)
            offices_end(&all);
    }
}

static struct ent_buf copied;

/* The shares of another, under the own name; or a block behind the last. */
static bool send_wrongly(struct offices *of, unsigned from, unsigned to, const char *path,
                         struct ent_buf *body)
{
    (void)of, (void)to;
    if (strstr(path, "/block") == NULL)
        return true;
    if (from == 2 && copied.n == 0)
        assert_ok(ent_buf_put_slice(&copied, ent_buf_slice(body)));
    if (from != LIAR)
        return true;
    if (how == 0 && copied.n == 0)
        return false;
    if (how == 0)
        memcpy(body->p + ENT_QUORUM_HEADER, copied.p + ENT_QUORUM_HEADER,
               body->n - ENT_QUORUM_HEADER);
    else
        body->p[36] = 1;
    return true;
}

/* Nobody can know that they are none of its own, and it takes out itself alone. */
static void test_copied_shares(void **state)
{
    (void)state;
    how = 0;
    ent_buf_init(&copied, ENT_QUORUM_BLOCK_MAX);
    all.tamper = send_wrongly;
    offices_offer(&all, 3);
    offices_wait_taken(&all, HONEST);
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        if (i != LIAR)
            office_check(all.o[i], HONEST);
    check_named(0);
    ent_buf_release(&copied);
}

static void test_too_many_blocks(void **state)
{
    (void)state;
    how = 1;
    ent_buf_init(&copied, ENT_QUORUM_BLOCK_MAX);
    all.tamper = send_wrongly;
    offices_offer(&all, 3);
    offices_wait_complete(&all, HONEST);
    offices_wait_named(&all, OFFICE_COLLECTS, LIAR, ENT_QUORUM_MALFORMED);
    set_time(UPLOADS);
    check_all(HONEST);
    check_named(1);
    ent_buf_release(&copied);
}

/* It stands as the liar's word, and changes nothing for the one it is about. */
static void test_slander(void **state)
{
    static struct ent_quorum_run s;
    struct ent_quorum_left_out l = {.member = "clark", .fault = ENT_QUORUM_MALFORMED};
    struct ent_buf body;
    (void)state;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    offices_offer(&all, 3);
    for (unsigned i = 0; i < OFFICES; i++)
        office_wait(all.o[i], ENT_QUORUM_UPLOAD);
    assert_true(office_state(all.o[LIAR], &s));
    l.offer = s.leaf;
    assert_ok(ent_quorum_left_out_encode(&body, &l));
    office_say(all.o[LIAR], ENT_QSAY_LEFT_OUT, &body);
    check_all(ALL);
    for (unsigned i = 0; i < OFFICES; i++) {
        if (i == LIAR)
            continue;
        for (unsigned n = 0; n < 600 && !office_has_heard(all.o[i], LIAR, 2); n++)
            (void)poll(NULL, 0, 20);
        assert_true(office_has_heard(all.o[i], LIAR, 2));
        assert_true(office_state(all.o[i], &s));
        assert_int_equal(s.member[2], ENT_QUORUM_NO_FAULT);
    }
    check_named(0);
    ent_buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_holder_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_holder_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_offer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_invented_hits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_result, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_begins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_result, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_results, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_acceptance, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copied_shares, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slander, setup, teardown),
    };
    return ent_t_run("quorum_cheats", tests);
}
