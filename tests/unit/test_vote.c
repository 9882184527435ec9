/* test_vote.c: votes on a pact as bytes: one form, one signature, and nothing else passes. */
#include "tests/support/t.h"

#include "pact/vote.h"

#define ZERO   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ONES   "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define TWOS   "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define THREES "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
#define TEXT(pact, version, prev, round, kind, what)                                               \
    "entente/vote@v1\npact " pact "\nversion " version "\nprev " prev "\nround " round             \
    "\nkind " kind "\nfor " what "\n"
#define GOOD  TEXT(ONES, "7", TWOS, "3", "precommit", THREES)
#define FIRST TEXT(ZERO, "1", ZERO, "0", "prevote", "-")

struct who {
    struct ent_seed32 seed;
    struct ent_pubkey pk;
};

static struct who someone(void)
{
    struct who w;
    ent_random(w.seed.b, sizeof(w.seed.b));
    ent_sign_public(&w.pk, &w.seed);
    return w;
}

static struct ent_hash32 of(uint8_t byte)
{
    struct ent_hash32 h;
    memset(h.b, byte, sizeof(h.b));
    return h;
}

static struct ent_vote_topic topic(void)
{
    return (struct ent_vote_topic){of(1), of(2), 7};
}

static struct ent_vote precommit(void)
{
    return (struct ent_vote){.kind = ENT_PRECOMMIT, .round = 3, .what = of(3)};
}

static void make(struct ent_buf *b, const struct who *w)
{
    struct ent_vote_topic t = topic();
    struct ent_vote v = precommit();
    ent_buf_init(b, ENT_VOTE_MAX + 64);
    assert_ok(ent_vote_make(b, &t, &v, "cert", &w->seed));
}

/* This text, signed as whoever holds the key can. */
static void forge(struct ent_buf *b, const char *text, const char *name, const struct who *w)
{
    ent_buf_init(b, ENT_NOTE_MAX);
    assert_ok(ent_buf_puts(b, text));
    assert_ok(ent_note_sign(b, strlen(text), name, &w->seed));
}

static void test_a_vote_there_and_back(void **state)
{
    struct who w = someone(), other = someone();
    struct ent_vote_signed v;
    struct ent_note note;
    struct ent_buf b, again;
    (void)state;
    make(&b, &w);
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    assert_true(ent_slice_eq(note.text, ENT_SLICE_LIT(GOOD)));
    assert_ok(ent_note_check(&note, "cert/root", &w.pk)); /* a note like any other */
    assert_ok(ent_vote_parse(&v, ent_buf_slice(&b), NULL));
    struct ent_vote_topic t = topic();
    struct ent_vote want = precommit();
    assert_true(ent_vote_topic_eq(&v.topic, &t) && ent_vote_eq(&v.vote, &want));
    assert_string_equal(v.member, "cert");
    assert_ok(ent_vote_check(&v, &w.pk));
    assert_err(ent_vote_check(&v, &other.pk), ENT_E_AUTH);
    ent_buf_init(&again, ENT_VOTE_MAX);
    assert_ok(ent_vote_encode(&again, &v));
    assert_true(ent_slice_eq(ent_buf_slice(&again), ent_buf_slice(&b)));
    v.vote.round++;
    assert_err(ent_vote_check(&v, &w.pk), ENT_E_AUTH);
    v.vote.round--;
    memcpy(v.member, "cerf", 5); /* the id is that of the name and the key */
    assert_err(ent_vote_check(&v, &w.pk), ENT_E_AUTH);
    ent_buf_release(&again);
    ent_buf_release(&b);
}

static void test_every_field_is_compared(void **state)
{
    struct ent_vote_topic a = topic(), t;
    struct ent_vote p = precommit(), v;
    (void)state;
    t = a, t.pact = of(9);
    assert_false(ent_vote_topic_eq(&a, &t));
    t = a, t.prev = of(9);
    assert_false(ent_vote_topic_eq(&a, &t));
    t = a, t.version++;
    assert_false(ent_vote_topic_eq(&a, &t));
    v = p, v.kind = ENT_PREVOTE;
    assert_false(ent_vote_eq(&p, &v));
    v = p, v.round++;
    assert_false(ent_vote_eq(&p, &v));
    v = p, v.none = true;
    assert_false(ent_vote_eq(&p, &v));
    v = p, v.what = of(9);
    assert_false(ent_vote_eq(&p, &v));
    p.none = v.none = true; /* then it is for nothing, whatever stands there */
    assert_true(ent_vote_eq(&p, &v));
}

static void test_no_bit_of_a_vote_can_be_changed(void **state)
{
    struct who w = someone();
    struct ent_vote_signed v;
    struct ent_buf b;
    (void)state;
    make(&b, &w);
    for (size_t i = 0; i < b.n * 8; i++) {
        b.p[i / 8] ^= (uint8_t)(1 << (i % 8));
        if (ent_vote_parse(&v, ent_buf_slice(&b), NULL) == ENT_OK)
            assert_err(ent_vote_check(&v, &w.pk), ENT_E_AUTH);
        b.p[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    for (size_t n = 0; n < b.n; n++)
        assert_err(ent_vote_parse(&v, ent_slice(b.p, n), NULL), ENT_E_FORMAT);
    assert_ok(ent_buf_putc(&b, '\n'));
    assert_err(ent_vote_parse(&v, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
    ent_buf_release(&b);
}

static void test_what_is_no_vote(void **state)
{
    static const char *const texts[] = {
        "entente/vote@v2" TEXT(ONES, "7", TWOS, "3", "precommit", THREES),
        GOOD "more\n",
        TEXT(ONES, "0", TWOS, "3", "precommit", THREES),
        TEXT(ONES, "07", TWOS, "3", "precommit", THREES),
        TEXT(ONES, "-7", TWOS, "3", "precommit", THREES),
        TEXT(ONES, "4294967296", TWOS, "3", "precommit", THREES),
        TEXT(ONES, "7", TWOS, "", "precommit", THREES),
        TEXT(ONES, "7", TWOS, "03", "precommit", THREES),
        TEXT(ONES, "7", TWOS, "4294967296", "precommit", THREES),
        TEXT(ONES, "7", TWOS, "3 ", "precommit", THREES),
        TEXT(ONES, "7", TWOS, "3", "precommits", THREES),
        TEXT(ONES, "7", TWOS, "3", "Precommit", THREES),
        TEXT(ONES, "7", TWOS, "3", "propose", THREES),
        TEXT(ONES, "7", TWOS, "3", "precommit", ""),
        TEXT(ONES, "7", TWOS, "3", "precommit", "--"),
        TEXT(ONES, "7", TWOS, "3", "precommit", "- "),
        TEXT(ONES, "7", TWOS, "3", "precommit", "AwMD"),
        TEXT(ONES, "7", TWOS, "3", "precommit", THREES " -"),
        TEXT(ONES, "1", TWOS, "3", "precommit", THREES), /* the first follows nothing */
        TEXT(ZERO, "1", TWOS, "3", "precommit", THREES),
        TEXT(ONES, "1", ZERO, "3", "precommit", THREES),
        TEXT(ZERO, "7", TWOS, "3", "precommit", THREES), /* and every other one something */
        TEXT(ONES, "7", ZERO, "3", "precommit", THREES),
        TEXT(ZERO, "7", ZERO, "3", "precommit", THREES),
        "entente/vote@v1\npact " ONES "\nversion 7\nround 3\nprev " TWOS
        "\nkind precommit\nfor " THREES "\n",
    };
    struct who w = someone();
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct ent_vote_signed v = {.member = "untouched"};
        struct ent_diag d = {0};
        struct ent_buf b;
        forge(&b, texts[i], "cert/root", &w);
        assert_err(ent_vote_parse(&v, ent_buf_slice(&b), &d), ENT_E_FORMAT);
        assert_string_equal(d.text, "malformed vote");
        assert_string_equal(v.member, "untouched");
        ent_buf_release(&b);
    }
}

static void test_whose_signature_it_must_be(void **state)
{
    static const char *const names[] = {"cert",        "/root",      "root",     "Cert/root",
                                        "cert/author", "cert/rooty", "c/t/root", "0/root"};
    static const char shape[] = "vote not signed as a member's root key does";
    struct who w = someone();
    struct ent_vote_signed v;
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        forge(&b, GOOD, names[i], &w);
        assert_err(ent_vote_parse(&v, ent_buf_slice(&b), &d), ENT_E_FORMAT);
        assert_string_equal(d.text, shape);
        ent_buf_release(&b);
    }
    forge(&b, GOOD, "cert/root", &w);
    assert_ok(ent_note_sign(&b, strlen(GOOD), "dora/root", &w.seed));
    assert_err(ent_vote_parse(&v, ent_buf_slice(&b), &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "vote with more than one signature");
    ent_buf_release(&b);
    uint8_t raw[4 + 65] = {0};
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_buf_puts(&b, GOOD));
    assert_ok(ent_note_append(&b, strlen(GOOD), "cert/root", raw, sizeof(raw)));
    assert_err(ent_vote_parse(&v, ent_buf_slice(&b), &d), ENT_E_FORMAT);
    assert_string_equal(d.text, shape);
    for (int i = 0; i < 10; i++)
        assert_ok(ent_note_append(&b, strlen(GOOD), "cert/root", raw, sizeof(raw)));
    assert_err(ent_vote_parse(&v, ent_buf_slice(&b), &d), ENT_E_LIMIT);
    assert_string_equal(d.text, "vote larger than 1 KiB");
    ent_buf_release(&b);
}

static void test_what_is_not_voted(void **state)
{
    struct who w = someone();
    struct ent_vote_topic good = topic(), t = good;
    struct ent_vote v = precommit();
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_VOTE_MAX);
    assert_err(ent_vote_make(&b, &t, &v, "", &w.seed), ENT_E_FORMAT);
    assert_err(ent_vote_make(&b, &t, &v, "a/b", &w.seed), ENT_E_FORMAT);
    assert_err(ent_vote_make(&b, &t, &v, "Cert", &w.seed), ENT_E_FORMAT);
    t.version = 0;
    assert_err(ent_vote_make(&b, &t, &v, "cert", &w.seed), ENT_E_FORMAT);
    t.version = (uint64_t)UINT32_MAX + 1;
    assert_err(ent_vote_make(&b, &t, &v, "cert", &w.seed), ENT_E_FORMAT);
    t.version = 1;
    assert_err(ent_vote_make(&b, &t, &v, "cert", &w.seed), ENT_E_FORMAT);
    t = good, t.prev = of(0);
    assert_err(ent_vote_make(&b, &t, &v, "cert", &w.seed), ENT_E_FORMAT);
    assert_int_equal(b.n, 0);
    b.max = 300;
    assert_err(ent_vote_make(&b, &good, &v, "cert", &w.seed), ENT_E_LIMIT);
    assert_int_equal(b.n, 0);
    ent_buf_release(&b);
}

static void test_the_ends_of_what_is_one(void **state)
{
    static const char *const texts[] = {
        FIRST,
        TEXT(ONES, "2", ONES, "4294967295", "prevote", ZERO),
        TEXT(ONES, "4294967295", TWOS, "0", "precommit", "-"),
    };
    struct who w = someone();
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct ent_vote_signed v;
        struct ent_buf b, again;
        forge(&b, texts[i], "c/root", &w);
        ent_buf_init(&again, ENT_VOTE_MAX);
        assert_ok(ent_vote_parse(&v, ent_buf_slice(&b), NULL));
        assert_ok(ent_vote_check(&v, &w.pk));
        assert_ok(ent_vote_make(&again, &v.topic, &v.vote, v.member, &w.seed));
        assert_true(ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&again)));
        ent_buf_release(&again);
        ent_buf_release(&b);
    }
}

/* --- lines below a version ----------------------------------------------------------------------
 */

#define VERSION_TEXT "entente/pact@v2\nversion 7\n"

static void test_a_line_is_a_vote(void **state)
{
    struct who w = someone(), other = someone();
    struct ent_vote_topic t = topic();
    struct ent_hash32 what = of(3);
    struct ent_vote_signed v, taken;
    struct ent_note note;
    struct ent_buf line, same, vote;
    uint32_t round = 99;
    (void)state;
    ent_buf_init(&line, ENT_NOTE_MAX);
    ent_buf_init(&same, ENT_NOTE_MAX);
    assert_ok(ent_buf_puts(&line, VERSION_TEXT));
    assert_ok(ent_buf_puts(&same, VERSION_TEXT));
    size_t n = line.n;
    assert_ok(ent_vote_line_sign(&line, n, &t, &what, 3, "cert", &w.seed));
    make(&vote, &w);
    assert_ok(ent_vote_parse(&v, ent_buf_slice(&vote), NULL));
    assert_ok(ent_vote_line_add(&same, n, &v, &w.pk));
    assert_true(ent_slice_eq(ent_buf_slice(&line), ent_buf_slice(&same)));
    assert_ok(ent_vote_line_sign(&line, n, &t, &what, UINT32_MAX, "dora", &other.seed));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&line), NULL));
    assert_ok(ent_vote_line_check(&note, &round, &t, &what, "cert", &w.pk));
    assert_int_equal(round, 3);
    assert_ok(ent_vote_line_check(&note, &round, &t, &what, "dora", &other.pk));
    assert_int_equal(round, UINT32_MAX);
    assert_ok(ent_vote_line_take(&note, &taken, &t, &what, "cert", &w.pk));
    ent_buf_clear(&same);
    assert_ok(ent_vote_encode(&same, &taken)); /* back again, without the key */
    assert_true(ent_slice_eq(ent_buf_slice(&vote), ent_buf_slice(&same)));
    ent_buf_release(&vote);
    ent_buf_release(&same);
    ent_buf_release(&line);
}

static void test_lines_that_say_something_else(void **state)
{
    struct who w = someone(), other = someone();
    struct ent_vote_topic good = topic(), t;
    struct ent_hash32 what = of(3), another = of(4);
    struct ent_note note;
    struct ent_buf b;
    uint32_t round = 99;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_buf_puts(&b, VERSION_TEXT));
    size_t n = b.n;
    assert_ok(ent_vote_line_sign(&b, n, &good, &what, 3, "cert", &w.seed));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    assert_err(ent_vote_line_check(&note, &round, &good, &what, "cert", &other.pk), ENT_E_NOTFOUND);
    assert_err(ent_vote_line_check(&note, &round, &good, &what, "dora", &w.pk), ENT_E_NOTFOUND);
    assert_err(ent_vote_line_check(&note, &round, &good, &what, "c+t", &w.pk), ENT_E_FORMAT);
    assert_err(ent_vote_line_check(&note, &round, &good, &another, "cert", &w.pk), ENT_E_AUTH);
    t = good, t.version++;
    assert_err(ent_vote_line_check(&note, &round, &t, &what, "cert", &w.pk), ENT_E_AUTH);
    t = good, t.pact = of(9);
    assert_err(ent_vote_line_check(&note, &round, &t, &what, "cert", &w.pk), ENT_E_AUTH);
    t = good, t.prev = of(9);
    assert_err(ent_vote_line_check(&note, &round, &t, &what, "cert", &w.pk), ENT_E_AUTH);
    /* a signature of the version itself is no vote, nor the other way round */
    assert_err(ent_note_check(&note, "cert/root", &w.pk), ENT_E_NOTFOUND);
    assert_ok(ent_note_sign(&b, n, "cert/root", &w.seed));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    assert_ok(ent_note_check(&note, "cert/root", &w.pk));
    assert_err(ent_vote_line_check(&note, &round, &good, &what, "cert", &w.pk), ENT_OK);
    assert_int_equal(round, 3);
    /* one round is enough for one member, though both hold */
    assert_ok(ent_vote_line_sign(&b, n, &good, &what, 4, "cert", &w.seed));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    assert_err(ent_vote_line_check(&note, &round, &good, &what, "cert", &w.pk), ENT_E_AUTH);
    ent_buf_release(&b);
}

static void test_no_bit_of_a_line_can_be_changed(void **state)
{
    struct who w = someone();
    struct ent_vote_topic t = topic();
    struct ent_hash32 what = of(3);
    struct ent_note note;
    struct ent_buf b;
    uint32_t round = 99;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_buf_puts(&b, VERSION_TEXT));
    size_t n = b.n;
    assert_ok(ent_vote_line_sign(&b, n, &t, &what, 3, "cert", &w.seed));
    for (size_t i = n * 8; i < b.n * 8; i++) {
        b.p[i / 8] ^= (uint8_t)(1 << (i % 8));
        if (ent_note_parse(&note, ent_buf_slice(&b), NULL) == ENT_OK)
            assert_int_not_equal(ent_vote_line_check(&note, &round, &t, &what, "cert", &w.pk),
                                 ENT_OK);
        b.p[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    assert_int_equal(round, 99);
    ent_buf_release(&b);
}

static void test_what_is_no_line(void **state)
{
    struct who w = someone();
    struct ent_vote_topic t = topic(), bad = topic();
    struct ent_hash32 what = of(3);
    struct ent_vote_signed v = {.topic = t, .vote = precommit(), .member = "cert"};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_buf_puts(&b, VERSION_TEXT));
    size_t n = b.n;
    bad.version = 0;
    assert_err(ent_vote_line_sign(&b, n, &bad, &what, 3, "cert", &w.seed), ENT_E_FORMAT);
    assert_err(ent_vote_line_sign(&b, n, &t, &what, 3, "c t", &w.seed), ENT_E_FORMAT);
    v.vote.kind = ENT_PREVOTE;
    assert_err(ent_vote_line_add(&b, n, &v, &w.pk), ENT_E_FORMAT);
    v.vote = precommit(), v.vote.none = true;
    assert_err(ent_vote_line_add(&b, n, &v, &w.pk), ENT_E_FORMAT);
    v.vote = precommit(), v.member[0] = '\0';
    assert_err(ent_vote_line_add(&b, n, &v, &w.pk), ENT_E_FORMAT);
    assert_int_equal(b.n, n);
    ent_buf_release(&b);
}

/* --- two votes of one member --------------------------------------------------------------------
 */

/* A vote with one thing changed, as a note. */
static struct ent_slice voted(const struct who *w, struct ent_buf *b, const char *member,
                              struct ent_vote_topic t, struct ent_vote v)
{
    ent_buf_init(b, ENT_VOTE_MAX);
    assert_ok(ent_vote_make(b, &t, &v, member, &w->seed));
    return ent_buf_slice(b);
}

static struct ent_roster *roster_of(const struct who *cert, const struct who *dora)
{
    struct ent_roster *r = test_calloc(1, sizeof(*r));
    r->pact = of(1);
    r->members = 2;
    memcpy(r->member[0].name, "cert", 5);
    memcpy(r->member[1].name, "dora", 5);
    r->member[0].root = cert->pk;
    r->member[1].root = dora->pk;
    return r;
}

static void test_two_votes_are_a_proof(void **state)
{
    struct who cert = someone(), dora = someone();
    struct ent_roster *roster = roster_of(&cert, &dora);
    struct ent_vote v = precommit(), other = v, none = v;
    struct ent_misbehaviour m, swapped;
    struct ent_diag d = {0};
    struct ent_buf a, b, c;
    (void)state;
    other.what = of(4);
    none.none = true;
    struct ent_slice x = voted(&cert, &a, "cert", topic(), v);
    struct ent_slice y = voted(&cert, &b, "cert", topic(), other);
    struct ent_slice z = voted(&cert, &c, "cert", topic(), none);
    assert_ok(ent_vote_misbehaviour_make(&m, roster, y, x));
    assert_true(ent_slice_eq(m.a, x) && ent_slice_eq(m.b, y)); /* in their order */
    assert_string_equal(m.member, "cert");
    assert_ok(ent_vote_misbehaviour_check(&m, roster, NULL));
    swapped = m, swapped.a = y, swapped.b = x;
    assert_err(ent_vote_misbehaviour_check(&swapped, roster, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "the votes are not in their order");
    swapped = m, memcpy(swapped.member, "dora", 5);
    assert_err(ent_vote_misbehaviour_check(&swapped, roster, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "the votes do not contradict each other");
    swapped = m, swapped.kind = ENT_MB_FORK;
    assert_err(ent_vote_misbehaviour_check(&swapped, roster, &d), ENT_E_UNSUPPORTED);
    assert_ok(ent_vote_misbehaviour_make(&m, roster, x, z));
    assert_true(ent_slice_eq(m.a, z));
    assert_ok(ent_vote_misbehaviour_check(&m, roster, NULL));
    for (size_t i = 0; i < b.n * 8; i++) { /* no bit of what was said */
        b.p[i / 8] ^= (uint8_t)(1 << (i % 8));
        m.a = x, m.b = y;
        assert_err(ent_vote_misbehaviour_check(&m, roster, &d), ENT_E_AUTH);
        b.p[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    ent_buf_release(&a);
    ent_buf_release(&b);
    ent_buf_release(&c);
    test_free(roster);
}

static void test_who_is_not_shown_guilty(void **state)
{
    struct who cert = someone(), dora = someone(), eve = someone();
    struct ent_vote_topic t = topic(), next = t, first = {of(0), of(0), 1}, elsewhere = t;
    struct ent_vote v = precommit(), w = v, prevote = v, later = v;
    next.version++, next.prev = of(5), elsewhere.pact = of(9);
    w.what = of(4), prevote = w, prevote.kind = ENT_PREVOTE, later = w, later.round++;
    const struct {
        const struct who *a, *b;
        const char *name_a, *name_b;
        struct ent_vote_topic ta, tb;
        struct ent_vote va, vb;
        enum ent_err want;
    } cases[] = {
        {&cert, &cert, "cert", "cert", t, t, v, w, ENT_OK},
        {&cert, &cert, "cert", "cert", t, t, v, v, ENT_E_NOTFOUND},
        {&cert, &cert, "cert", "cert", t, t, v, prevote, ENT_E_NOTFOUND},
        {&cert, &cert, "cert", "cert", t, t, v, later, ENT_E_NOTFOUND},
        {&cert, &cert, "cert", "cert", t, next, v, w, ENT_E_NOTFOUND},
        {&cert, &dora, "cert", "dora", t, t, v, w, ENT_E_NOTFOUND},
        {&cert, &cert, "cert", "cert", elsewhere, elsewhere, v, w, ENT_E_AUTH},
        {&cert, &cert, "cert", "cert", first, first, v, w, ENT_E_AUTH},
        {&cert, &eve, "cert", "cert", t, t, v, w, ENT_E_AUTH},
        {&eve, &eve, "eve", "eve", t, t, v, w, ENT_E_AUTH},
        {&dora, &dora, "cert", "cert", t, t, v, w, ENT_E_AUTH},
    };
    struct ent_roster *roster = roster_of(&cert, &dora);
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_misbehaviour m = {.kind = ENT_MB_VOTE};
        struct ent_buf a, b;
        struct ent_slice x = voted(cases[i].a, &a, cases[i].name_a, cases[i].ta, cases[i].va);
        struct ent_slice y = voted(cases[i].b, &b, cases[i].name_b, cases[i].tb, cases[i].vb);
        assert_err(ent_vote_misbehaviour_make(&m, roster, x, y), cases[i].want);
        m.a = x, m.b = y;
        memcpy(m.member, cases[i].name_a, strlen(cases[i].name_a) + 1);
        assert_err(ent_vote_misbehaviour_check(&m, roster, NULL),
                   cases[i].want == ENT_OK ? ENT_OK : ENT_E_AUTH);
        ent_buf_release(&a);
        ent_buf_release(&b);
    }
    /* Not even under a pact whose id is what the votes on a first version say. */
    struct ent_misbehaviour m = {.kind = ENT_MB_VOTE, .member = "cert"};
    struct ent_buf a, b;
    roster->pact = of(0);
    m.a = voted(&cert, &a, "cert", first, v), m.b = voted(&cert, &b, "cert", first, w);
    assert_err(ent_vote_misbehaviour_make(&m, roster, m.a, m.b), ENT_E_NOTFOUND);
    assert_err(ent_vote_misbehaviour_check(&m, roster, NULL), ENT_E_AUTH);
    ent_buf_release(&a);
    ent_buf_release(&b);
    test_free(roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_vote_there_and_back),
        cmocka_unit_test(test_every_field_is_compared),
        cmocka_unit_test(test_no_bit_of_a_vote_can_be_changed),
        cmocka_unit_test(test_what_is_no_vote),
        cmocka_unit_test(test_whose_signature_it_must_be),
        cmocka_unit_test(test_what_is_not_voted),
        cmocka_unit_test(test_the_ends_of_what_is_one),
        cmocka_unit_test(test_a_line_is_a_vote),
        cmocka_unit_test(test_lines_that_say_something_else),
        cmocka_unit_test(test_no_bit_of_a_line_can_be_changed),
        cmocka_unit_test(test_what_is_no_line),
        cmocka_unit_test(test_two_votes_are_a_proof),
        cmocka_unit_test(test_who_is_not_shown_guilty),
    };
    return ent_t_run("vote", tests);
}
