/* test_note.c: signed notes, statements, acts: round trips, and every way they may be wrong. */
#include "tests/support/any_signer.h"
#include "tests/support/t.h"

#include "intel/intel.h"
#include "ledger/ledger.h"

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

static void make_note(struct ent_buf *b, const char *text, const struct who *w, const char *name)
{
    ent_buf_init(b, ENT_NOTE_MAX + 1000);
    assert_ok(ent_buf_puts(b, text));
    assert_ok(ent_note_sign(b, b->n, name, &w->seed));
}

static void test_sign_and_check(void **state)
{
    struct who a = someone(), b = someone();
    struct ent_note note;
    struct ent_buf buf;
    (void)state;
    make_note(&buf, "hello\nworld\n", &a, "alpha/root");
    assert_ok(ent_note_sign(&buf, 12, "beta/root", &b.seed));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&buf), NULL));
    assert_int_equal(note.sigs, 2);
    assert_true(ent_slice_eq(note.text, ENT_SLICE_LIT("hello\nworld\n")));
    assert_ok(ent_note_check(&note, "alpha/root", &a.pk));
    assert_ok(ent_note_check(&note, "beta/root", &b.pk));
    assert_err(ent_note_check(&note, "beta/root", &a.pk), ENT_E_NOTFOUND);
    assert_err(ent_note_check(&note, "gamma/root", &a.pk), ENT_E_NOTFOUND);
    ent_buf_release(&buf);
}

static void test_key_id_is_that_of_the_specification(void **state)
{
    /* The public log key of Tessera's sample log: example.com/log/testdata+33d7b496+AeHTu4Q3... */
    struct ent_pubkey pk;
    uint8_t raw[33], id[4];
    const uint8_t want[4] = {0x33, 0xd7, 0xb4, 0x96};
    (void)state;
    assert_ok(ent_base64_decode_exact(
        raw, 33, ENT_SLICE_LIT("AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")));
    assert_int_equal(raw[0], 0x01);
    memcpy(pk.b, raw + 1, 32);
    ent_note_key_id(id, "example.com/log/testdata", &pk);
    assert_memory_equal(id, want, 4);
}

static void test_a_real_checkpoint_verifies(void **state)
{
    struct ent_note note;
    struct ent_pubkey pk;
    uint8_t raw[33];
    (void)state;
    assert_ok(ent_base64_decode_exact(
        raw, 33, ENT_SLICE_LIT("AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")));
    memcpy(pk.b, raw + 1, 32);
    assert_ok(ent_note_parse(&note, ent_t_file("tests/data/vectors/tessera-checkpoint"), NULL));
    assert_ok(ent_note_check(&note, "example.com/log/testdata", &pk));
}

static void test_malformed_notes(void **state)
{
    static const struct {
        const char *text;
        enum ent_err want;
        const char *why;
    } cases[] = {
        {"", ENT_E_FORMAT, "not a signed note: no empty line"},
        {"text\n", ENT_E_FORMAT, "not a signed note: no empty line"},
        {"text\n\n", ENT_E_FORMAT, "signed note without a signature"},
        {"\n\n\xE2\x80\x94 a AAAAAAA=\n", ENT_E_FORMAT,
         "signed note holds bytes that a note may not"},
        {"te\rxt\n\n\xE2\x80\x94 a AAAAAAA=\n", ENT_E_FORMAT,
         "signed note holds bytes that a note may not"},
        {"te\xfext\n\n\xE2\x80\x94 a AAAAAAA=\n", ENT_E_FORMAT,
         "signed note holds bytes that a note may not"},
        {"text\n\n- a AAAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a AAAAAAA=", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a AAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a AAAA\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a+b AAAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94  AAAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a\xff AAAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a\r AAAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a\x7f AAAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a\xC2\xA0z AAAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a\xE2\x80\xAEz AAAAAAA=\n", ENT_E_FORMAT,
         "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a AAAAAAB=\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a \n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\n\xE2\x80\x94 a AAAAAAA=\n\n", ENT_E_FORMAT, "malformed signature line"},
        {"text\n\nmore\n\n\xE2\x80\x94 a AAAAAAA=\n", ENT_E_FORMAT, "malformed signature line"},
    };
    struct ent_note note;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_diag d = {0};
        assert_err(ent_note_parse(&note, ent_slice_str(cases[i].text), &d), cases[i].want);
        assert_string_equal(d.text, cases[i].why);
    }
}

static void test_limits_of_notes(void **state)
{
    struct who w = someone();
    struct ent_note note;
    struct ent_buf buf;
    struct ent_diag d = {0};
    (void)state;
    make_note(&buf, "text\n", &w, "a");
    for (int i = 1; i < 64; i++)
        assert_ok(ent_buf_puts(&buf, "\xE2\x80\x94 b AAAAAAA=\n"));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&buf), &d));
    assert_ok(ent_buf_puts(&buf, "\xE2\x80\x94 b AAAAAAA=\n"));
    assert_err(ent_note_parse(&note, ent_buf_slice(&buf), &d), ENT_E_LIMIT);
    assert_string_equal(d.text, "signed note with more than 64 signatures");
    ent_buf_clear(&buf);
    while (buf.n <= ENT_NOTE_MAX)
        assert_ok(ent_buf_puts(&buf, "xxxxxxxxxxxxxxx\n"));
    assert_err(ent_note_parse(&note, ent_buf_slice(&buf), &d), ENT_E_LIMIT);
    ent_buf_release(&buf);
}

/* A line with `sig_n` bytes behind the key id. */
static void put_line(struct ent_buf *b, const char *name, const uint8_t id[static 4], size_t sig_n)
{
    static uint8_t raw[4 + ENT_NOTE_MAX];
    static char b64[ENT_BASE64_LEN(sizeof(raw))];
    memcpy(raw, id, 4);
    ent_random(raw + 4, sig_n);
    ent_base64_encode(b64, raw, 4 + sig_n);
    assert_ok(ent_buf_printf(b, "\xE2\x80\x94 %s %s\n", name, b64));
}

/* ML-DSA-44 has 2420 bytes, and a cosignature with it a time before them. */
static void test_signatures_of_unknown_types(void **state)
{
    static const size_t lengths[] = {1, 64, 127, 128, 129, 130, 131, 132, 133, 2420, 2428, 20000};
    static const uint8_t stranger[4] = {6, 6, 6, 6};
    struct who w = someone();
    struct ent_note note;
    struct ent_buf b;
    uint8_t id[4];
    (void)state;
    ent_note_key_id(id, "a", &w.pk);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        make_note(&b, "text\n", &w, "a");
        put_line(&b, "b", stranger, lengths[i]);
        put_line(&b, "a", stranger, lengths[i]); /* of this name, and another key */
        assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
        assert_int_equal(note.sigs, 3);
        assert_int_equal(note.sig[1].sig_n, lengths[i]);
        assert_memory_equal(note.sig[2].id, stranger, 4);
        assert_ok(ent_note_check(&note, "a", &w.pk));
        ent_buf_release(&b);
        make_note(&b, "text\n", &w, "a");
        put_line(&b, "a", id, lengths[i]); /* a known key may not sign so */
        assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
        assert_err(ent_note_check(&note, "a", &w.pk), ENT_E_AUTH);
        ent_buf_release(&b);
    }
}

/* Every place of a long line may hold nothing but base64, padding at its end alone. */
static void test_long_signatures_that_are_malformed(void **state)
{
    static const uint8_t id[4] = {6, 6, 6, 6};
    struct who w = someone();
    struct ent_note note;
    struct ent_buf b;
    struct ent_diag d = {0};
    (void)state;
    make_note(&b, "text\n", &w, "a");
    size_t start = b.n + strlen("\xE2\x80\x94 b ");
    put_line(&b, "b", id, 600 - 4);
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    for (size_t at = start; at < b.n - 1; at++) {
        static const char bad[] = {'=', '-', '.', '\x80'};
        uint8_t was = b.p[at];
        for (size_t k = 0; k < sizeof(bad); k++) {
            b.p[at] = (uint8_t)bad[k];
            if (bad[k] == '=' && at == b.n - 2)
                continue; /* one byte less, if no bits are left over */
            assert_err(ent_note_parse(&note, ent_buf_slice(&b), &d), ENT_E_FORMAT);
            assert_string_equal(d.text, "malformed signature line");
        }
        b.p[at] = was;
    }
    for (size_t at = start + 4; at < b.n - 1; at += 4) { /* padding where a piece may end */
        uint8_t was[2] = {b.p[at - 2], b.p[at - 1]};
        memcpy(b.p + at - 2, "==", 2);
        assert_err(ent_note_parse(&note, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
        memcpy(b.p + at - 2, was, 2);
    }
    ent_buf_release(&b);
}

static void test_a_key_that_signs_twice_is_refused(void **state)
{
    struct who w = someone();
    struct ent_note note;
    struct ent_buf buf;
    (void)state;
    make_note(&buf, "text\n", &w, "a");
    assert_ok(ent_note_sign(&buf, 5, "a", &w.seed));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&buf), NULL));
    assert_err(ent_note_check(&note, "a", &w.pk), ENT_E_AUTH);
    ent_buf_release(&buf);
}

/* --- statements and acts ------------------------------------------------------------------------
 */

static struct ent_statement some_statement(void)
{
    struct ent_statement st = {.pact_version = 1 + ent_t_below(1000),
                               .author = "alpha",
                               .sequence = ent_t_below(1u << 30),
                               .type = (enum ent_statement_type)ent_t_below(ENT_ST_TYPES),
                               .time = (int64_t)ent_t_below(1u << 31),
                               .refs = ent_t_below(ENT_STATEMENT_REFS + 1),
                               .tlp = "TLP:GREEN",
                               .media = "text/plain"};
    ent_random(st.pact.b, 32);
    ent_random(st.heads.b, 32);
    ent_random(st.ref, sizeof(st.ref));
    memset(st.ref + st.refs, 0, (ENT_STATEMENT_REFS - st.refs) * sizeof(st.ref[0]));
    ent_random(st.policy.b, 32);
    ent_random(st.body.b, 32);
    st.body_n = ent_t_below(ENT_ACT_BODY_MAX + 1);
    return st;
}

static void test_statements_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++) {
        struct ent_statement st = some_statement(), back;
        struct ent_buf b, again;
        ent_buf_init(&b, ENT_NOTE_MAX);
        ent_buf_init(&again, ENT_NOTE_MAX);
        assert_ok(ent_statement_encode(&b, &st));
        assert_ok(ent_statement_parse(&back, ent_buf_slice(&b)));
        assert_ok(ent_statement_encode(&again, &back));
        assert_true(ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&again)));
        assert_int_equal(back.sequence, st.sequence);
        /* Any changed byte is refused, or is another statement that encodes to those bytes. */
        size_t at = ent_t_below(b.n);
        b.p[at] ^= (uint8_t)(1 + ent_t_below(255));
        if (ent_statement_parse(&back, ent_buf_slice(&b)) == ENT_OK) {
            ent_buf_clear(&again);
            assert_ok(ent_statement_encode(&again, &back));
            assert_true(ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&again)));
        }
        b.n = ent_t_below(b.n); /* and a cut one never parses */
        assert_int_not_equal(ent_statement_parse(&back, ent_buf_slice(&b)), ENT_OK);
        ent_buf_release(&b);
        ent_buf_release(&again);
    }
}

/* The longest TLP has room: cut, it would be a word that nobody defined, under a signature. */
static void test_every_tlp_fits(void **state)
{
    (void)state;
    for (int t = ENT_TLP_CLEAR; t <= ENT_TLP_RED; t++) {
        struct ent_statement st = some_statement(), back;
        struct ent_buf b;
        const char *name = ent_tlp_name((enum ent_tlp)t);
        assert_true(snprintf(st.tlp, sizeof(st.tlp), "%s", name) < (int)sizeof(st.tlp));
        ent_buf_init(&b, ENT_NOTE_MAX);
        assert_ok(ent_statement_encode(&b, &st));
        assert_ok(ent_statement_parse(&back, ent_buf_slice(&b)));
        assert_string_equal(back.tlp, name);
        ent_buf_release(&b);
    }
}

static void make_act(struct ent_buf *b, struct ent_act *act, const struct who *w)
{
    struct ent_statement st = some_statement();
    struct ent_keypair key;
    ent_keypair_init(&key, &w->seed);
    ent_buf_init(b, ENT_ACT_MAX + 100);
    const struct ent_signer signer = any_signer(&key);
    assert_ok(ent_act_make(b, act, NULL, &st, ENT_SLICE_LIT("the body\nof it"), &signer));
}

static void test_acts(void **state)
{
    struct who w = someone(), other = someone();
    struct ent_act act, back;
    struct ent_buf b;
    char author[ENT_NAME_MAX + 1];
    (void)state;
    make_act(&b, &act, &w);
    assert_ok(ent_act_parse(&back, ent_buf_slice(&b), &w.pk, NULL));
    assert_true(ent_slice_eq(back.body, ENT_SLICE_LIT("the body\nof it")));
    assert_memory_equal(back.leaf.b, act.leaf.b, 32);
    assert_ok(ent_act_author(author, ent_buf_slice(&b)));
    assert_string_equal(author, "alpha");
    assert_err(ent_act_parse(&back, ent_buf_slice(&b), &other.pk, NULL), ENT_E_AUTH);
    ent_buf_release(&b);
}

/* Every single flipped bit, every cut, every appended byte: refused. */
static void test_no_byte_of_an_act_can_be_changed(void **state)
{
    struct who w = someone();
    struct ent_act act, back;
    struct ent_buf b;
    (void)state;
    make_act(&b, &act, &w);
    for (size_t i = 0; i < b.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b.p[i] ^= (uint8_t)(1 << bit);
            assert_int_not_equal(ent_act_parse(&back, ent_buf_slice(&b), &w.pk, NULL), ENT_OK);
            b.p[i] ^= (uint8_t)(1 << bit);
        }
        assert_int_not_equal(ent_act_parse(&back, ent_slice(b.p, i), &w.pk, NULL), ENT_OK);
    }
    assert_ok(ent_buf_putc(&b, 'x'));
    assert_err(ent_act_parse(&back, ent_buf_slice(&b), &w.pk, NULL), ENT_E_AUTH);
    ent_buf_release(&b);
}

/* --- statements as entries ----------------------------------------------------------------------
 */

static void make_entry(struct ent_buf *b, const struct ent_statement *st, const struct who *w,
                       const char *name)
{
    ent_buf_init(b, 2 * ENT_NOTE_MAX);
    assert_ok(ent_statement_encode(b, st));
    assert_ok(ent_note_sign(b, b->n, name, &w->seed));
}

static void test_entries(void **state)
{
    struct who w = someone(), other = someone();
    struct ent_statement st = some_statement(), back;
    struct ent_hash32 leaf, want;
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    make_entry(&b, &st, &w, "alpha/author");
    ent_merkle_leaf_hash(&want, ent_buf_slice(&b));
    assert_ok(ent_statement_open(&back, &leaf, ent_buf_slice(&b), &w.pk, &d));
    assert_memory_equal(leaf.b, want.b, 32);
    assert_int_equal(back.sequence, st.sequence);
    assert_ok(ent_statement_claims(&back, ent_buf_slice(&b), &d));
    assert_err(ent_statement_open(&back, &leaf, ent_buf_slice(&b), &other.pk, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "statement not signed by its author's key");
    /* Every bit, every cut. */
    for (size_t i = 0; i < b.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b.p[i] ^= (uint8_t)(1 << bit);
            assert_true(ent_statement_open(&back, &leaf, ent_buf_slice(&b), &w.pk, NULL) != ENT_OK);
            b.p[i] ^= (uint8_t)(1 << bit);
        }
        assert_true(ent_statement_claims(&back, ent_slice(b.p, i), NULL) != ENT_OK);
    }
    assert_memory_equal(leaf.b, want.b, 32);
    ent_buf_release(&b);
    make_entry(&b, &st, &w, "beta/author"); /* the key under another name */
    assert_err(ent_statement_open(&back, &leaf, ent_buf_slice(&b), &w.pk, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "statement not signed by its author's key");
    ent_buf_release(&b);
    make_note(&b, "entente/statement@v1\npact 1 x\n", &w, "alpha/author");
    assert_err(ent_statement_open(&back, &leaf, ent_buf_slice(&b), &w.pk, &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "malformed statement");
    ent_buf_release(&b);
}

static void test_entries_that_are_too_long(void **state)
{
    struct ent_statement st;
    struct ent_diag d = {0};
    uint8_t *big = calloc(1, 65536);
    (void)state;
    assert_err(ent_statement_claims(&st, ent_slice(big, 65536), &d), ENT_E_LIMIT);
    assert_string_equal(d.text, "signed statement larger than 65535 bytes");
    assert_err(ent_statement_claims(&st, ent_slice(big, 65535), &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "not a signed note: no empty line");
    free(big);
}

static void test_too_large(void **state)
{
    struct who w = someone();
    struct ent_statement st = some_statement();
    struct ent_act act;
    struct ent_buf b;
    struct ent_diag d = {0};
    uint8_t *big = calloc(1, ENT_ACT_MAX + 1);
    struct ent_keypair key;
    (void)state;
    ent_keypair_init(&key, &w.seed);
    ent_buf_init(&b, ENT_ACT_MAX);
    const struct ent_signer signer = any_signer(&key);
    assert_err(ent_act_make(&b, &act, NULL, &st, ent_slice(big, ENT_ACT_BODY_MAX + 1), &signer),
               ENT_E_LIMIT);
    assert_err(ent_act_parse(&act, ent_slice(big, ENT_ACT_MAX + 1), &w.pk, &d), ENT_E_LIMIT);
    assert_string_equal(d.text, "signed statement too large");
    free(big);
    ent_buf_release(&b);
}

static void test_names(void **state)
{
    static const char *const bad[] = {"", "1a", "-a", "A", "a_b", "a b", "a/b", "\xc3\xa9"};
    char longest[ENT_NAME_MAX + 2];
    (void)state;
    memset(longest, 'a', sizeof(longest));
    assert_true(ent_name_is_valid(ENT_SLICE_LIT("cert-2")));
    assert_true(ent_name_is_valid(ent_slice(longest, ENT_NAME_MAX)));
    assert_false(ent_name_is_valid(ent_slice(longest, ENT_NAME_MAX + 1)));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ent_name_is_valid(ent_slice_str(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign_and_check),
        cmocka_unit_test(test_key_id_is_that_of_the_specification),
        cmocka_unit_test(test_a_real_checkpoint_verifies),
        cmocka_unit_test(test_malformed_notes),
        cmocka_unit_test(test_signatures_of_unknown_types),
        cmocka_unit_test(test_long_signatures_that_are_malformed),
        cmocka_unit_test(test_limits_of_notes),
        cmocka_unit_test(test_a_key_that_signs_twice_is_refused),
        cmocka_unit_test(test_statements_round_trip),
        cmocka_unit_test(test_every_tlp_fits),
        cmocka_unit_test(test_acts),
        cmocka_unit_test(test_no_byte_of_an_act_can_be_changed),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_entries_that_are_too_long),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_names),
    };
    return ent_t_run("note", tests);
}
