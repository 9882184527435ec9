/* test_checkpoint.c: heads of logs, cosignatures, verifier keys: real ones, and what is no such. */
#include "tests/support/t.h"

#include "ledger/ledger.h"

#define TEXT(origin, size, root) origin "\n" size "\n" root "\n"
#define ROOT                     "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define SOFA                     TEXT("example.com/behind-the-sofa", "20852163", ROOT)
#define SOFA_TIME                1679315147

#define TESSERA_KEY "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define SUMDB_KEY   "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define SIGSUM_KEY                                                                                 \
    "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562+"         \
    "5202289b+Af/cLU2Y5BJNP+r3iMDC+av9eWCD0fBJVDfzAux5zxAP"
#define ARCHE_KEY                                                                                  \
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+"                                            \
    "AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
#define GARDEN_KEY                                                                                 \
    "transparency.dev/DEV:witness-little-garden+d8042a87+"                                         \
    "BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM"
#define REMORA_KEY "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"

/* of those who cosigned tests/data/vectors/cosigned-checkpoint */
static const char *const witness_keys[] = {
    REMORA_KEY,
    GARDEN_KEY,
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
};
#define WITNESSES (sizeof(witness_keys) / sizeof(witness_keys[0]))

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

static struct ent_vkey vkey(const char *text)
{
    struct ent_vkey k;
    assert_ok(ent_vkey_parse(&k, ent_slice_str(text), NULL));
    return k;
}

static void assert_encodes_to(const struct ent_checkpoint *cp, struct ent_slice text)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(&b, cp));
    assert_true(ent_slice_eq(ent_buf_slice(&b), text));
    ent_buf_release(&b);
}

/* --- real ones ----------------------------------------------------------------------------------
 */

static void test_real_checkpoints(void **state)
{
    static const struct {
        const char *file, *key, *origin;
        uint64_t size;
    } logs[] = {
        {"tests/data/vectors/tessera-checkpoint", TESSERA_KEY, "example.com/log/testdata", 15},
        {"tests/data/vectors/sumdb-checkpoint", SUMDB_KEY, "go.sum database tree", 35225469},
        {"tests/data/vectors/sigsum-checkpoint", SIGSUM_KEY,
         "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562", 3},
        {"tests/data/vectors/cosigned-checkpoint", ARCHE_KEY,
         "arche2025h1.staging.ct.transparency.dev", 1432088532},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        struct ent_vkey key = vkey(logs[i].key);
        struct ent_checkpoint cp;
        struct ent_note note;
        assert_ok(ent_note_parse(&note, ent_t_file(logs[i].file), NULL));
        assert_ok(ent_note_check(&note, key.name, &key.pk));
        assert_ok(ent_checkpoint_parse(&cp, note.text, NULL));
        assert_true(ent_slice_eq(cp.origin, ent_slice_str(logs[i].origin)));
        assert_int_equal(cp.size, logs[i].size);
        assert_encodes_to(&cp, note.text);
    }
}

static void test_real_cosignatures(void **state)
{
    struct ent_note note;
    int64_t time = 0;
    (void)state;
    assert_ok(ent_note_parse(&note, ent_t_file("tests/data/vectors/cosigned-checkpoint"), NULL));
    for (size_t i = 0; i < WITNESSES; i++) {
        struct ent_vkey key = vkey(witness_keys[i]);
        assert_int_equal(key.type, ENT_SIG_COSIGN);
        assert_ok(ent_cosign_check(&note, &time, key.name, &key.pk));
        assert_int_equal(time, 1779573024);
        /* The key id tells the uses of one key apart. */
        assert_err(ent_note_check(&note, key.name, &key.pk), ENT_E_NOTFOUND);
    }
    /* The log's own signature is no cosignature, and a witness's name with another key is nobody.
     */
    struct ent_vkey log = vkey(ARCHE_KEY), remora = vkey(REMORA_KEY);
    assert_err(ent_cosign_check(&note, &time, log.name, &log.pk), ENT_E_NOTFOUND);
    assert_err(ent_cosign_check(&note, &time, remora.name, &log.pk), ENT_E_NOTFOUND);
}

/* Computed with Python's hashlib and cryptography (OpenSSL) over the example of the specification:
 * seed 00 01 .. 1f, name alpha/witness. */
static void test_cosignature_of_another_implementation(void **state)
{
    static const char want[] =
        SOFA "\n\xE2\x80\x94 alpha/witness 3WxZLQAAAABkGFDLBuRDazBLVac2NE+Y+IjbjQOcXLfF9CSDZVUIoS83"
             "rE1nFZsVE8YiWV6Ngr7lV8H6bdoBQGP/l73euDMQ9k+bBQ==\n";
    struct ent_vkey key =
        vkey("alpha/witness+dd6c592d+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
    const uint8_t id[4] = {0xdd, 0x6c, 0x59, 0x2d};
    uint8_t got[4];
    struct ent_seed32 seed;
    struct ent_buf b;
    (void)state;
    for (uint8_t i = 0; i < 32; i++)
        seed.b[i] = i;
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_buf_puts(&b, SOFA));
    assert_ok(ent_cosign_sign(&b, b.n, "alpha/witness", &seed, SOFA_TIME));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(want)));
    ent_cosign_key_id(got, key.name, &key.pk);
    assert_memory_equal(got, id, 4);
    ent_buf_release(&b);
}

/* --- checkpoints --------------------------------------------------------------------------------
 */

static void test_what_is_no_checkpoint(void **state)
{
    static const char few[] = "not a checkpoint: fewer than three lines";
    static const char origin[] = "origin of a checkpoint is not 1 to 192 visible bytes";
    static const char size[] = "size of a checkpoint is not a plain number";
    static const char large[] = "size of a checkpoint is above 2^63-1";
    static const char root[] = "root of a checkpoint is not base64 of 32 bytes";
    static const char more[] = "checkpoint with more than three lines";
    static const struct {
        const char *text;
        enum ent_err want;
        const char *why;
    } cases[] = {
        {"", ENT_E_FORMAT, few},
        {"a\n1\n", ENT_E_FORMAT, few},
        {"a\n1\n" ROOT, ENT_E_FORMAT, few},
        {TEXT("", "1", ROOT), ENT_E_FORMAT, origin},
        {TEXT(" a", "1", ROOT), ENT_E_FORMAT, origin},
        {TEXT("a ", "1", ROOT), ENT_E_FORMAT, origin},
        {TEXT("a+b", "1", ROOT), ENT_E_FORMAT, origin},
        {TEXT("a\r", "1", ROOT), ENT_E_FORMAT, origin},
        {TEXT("a\tb", "1", ROOT), ENT_E_FORMAT, origin},
        {TEXT("a\x7f", "1", ROOT), ENT_E_FORMAT, origin},
        {TEXT("a\xff", "1", ROOT), ENT_E_FORMAT, origin},
        {TEXT("a\xC2\xA0z", "1", ROOT), ENT_E_FORMAT, origin},     /* a blank that is not ' ' */
        {TEXT("a\xE2\x80\x8Bz", "1", ROOT), ENT_E_FORMAT, origin}, /* zero width */
        {TEXT("a\xE2\x80\xAEz", "1", ROOT), ENT_E_FORMAT, origin}, /* right to left */
        {TEXT("a\xCD\x8Fz", "1", ROOT), ENT_E_FORMAT, origin},     /* joins graphemes */
        {TEXT("\xE3\x85\xA4", "1", ROOT), ENT_E_FORMAT, origin},   /* a filler */
        {TEXT("a", "", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "00", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "01", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "+1", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "-1", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", " 1", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "1 ", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "1\r", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "0x1", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "1e3", ROOT), ENT_E_FORMAT, size},
        {TEXT("a", "9223372036854775808", ROOT), ENT_E_LIMIT, large},
        {TEXT("a", "18446744073709551616", ROOT), ENT_E_LIMIT, large},
        {TEXT("a", "99999999999999999999999999999999", ROOT), ENT_E_LIMIT, large},
        {TEXT("a", "1", ""), ENT_E_FORMAT, root},
        {TEXT("a", "1", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I"), ENT_E_FORMAT, root},
        {TEXT("a", "1", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J="), ENT_E_FORMAT, root},
        {TEXT("a", "1", "CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I="), ENT_E_FORMAT, root},
        {TEXT("a", "1", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw=="), ENT_E_FORMAT, root},
        {TEXT("a", "1", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2Kq"), ENT_E_FORMAT, root},
        {TEXT("a", "1", ROOT " "), ENT_E_FORMAT, root},
        {TEXT("a", "1", ROOT "\r"), ENT_E_FORMAT, root},
        {SOFA "extension\n", ENT_E_FORMAT, more},
        {SOFA "\n", ENT_E_FORMAT, more},
        {SOFA "x", ENT_E_FORMAT, more},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_checkpoint cp = {.size = 77};
        struct ent_diag d = {0};
        assert_err(ent_checkpoint_parse(&cp, ent_slice_str(cases[i].text), &d), cases[i].want);
        assert_string_equal(d.text, cases[i].why);
        assert_int_equal(cp.size, 77);
    }
}

static void test_the_ends_of_what_is_one(void **state)
{
    char longest[ENT_ORIGIN_MAX + 1];
    struct ent_checkpoint cp = {.origin = ENT_SLICE_LIT("a")}, back;
    struct ent_buf b;
    (void)state;
    memset(longest, 'a', sizeof(longest));
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_parse(&back, ENT_SLICE_LIT(TEXT("caf\xC3\xA9 9", "0", ROOT)), NULL));
    assert_int_equal(back.size, 0);
    cp.size = ENT_CHECKPOINT_SIZE_MAX + 1;
    assert_err(ent_checkpoint_encode(&b, &cp), ENT_E_LIMIT);
    cp.size = ENT_CHECKPOINT_SIZE_MAX;
    cp.origin = ent_slice(longest, sizeof(longest));
    assert_err(ent_checkpoint_encode(&b, &cp), ENT_E_FORMAT);
    cp.origin = ENT_SLICE_LIT("a\n1");
    assert_err(ent_checkpoint_encode(&b, &cp), ENT_E_FORMAT);
    assert_int_equal(b.n, 0);
    cp.origin = ent_slice(longest, ENT_ORIGIN_MAX);
    assert_ok(ent_checkpoint_encode(&b, &cp));
    assert_int_equal(b.n, ENT_CHECKPOINT_MAX);
    assert_ok(ent_checkpoint_parse(&back, ent_buf_slice(&b), NULL));
    assert_true(back.size == ENT_CHECKPOINT_SIZE_MAX);
    ent_buf_release(&b);
}

/* Near checkpoints, byte by byte: whatever parses is the only text of its checkpoint. */
static void test_checkpoints_have_one_form(void **state)
{
    static const char near[] = "\n\n0019+/=Aa \xC3\xA9\r";
    unsigned parsed = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[sizeof(SOFA)] = SOFA;
        size_t n = sizeof(SOFA) - 1;
        for (uint64_t k = ent_t_below(3); k > 0; k--)
            text[ent_t_below(n)] = near[ent_t_below(sizeof(near) - 1)];
        if (ent_t_below(4) == 0)
            n = ent_t_below(n + 1);
        struct ent_checkpoint cp;
        if (ent_checkpoint_parse(&cp, ent_slice(text, n), NULL) != ENT_OK)
            continue;
        assert_encodes_to(&cp, ent_slice(text, n));
        parsed++;
    }
    assert_true(parsed > 1000 && parsed < 19000); /* or it tests one side only */
}

/* --- cosignatures -------------------------------------------------------------------------------
 */

#define NAME_MAX_TEXT 48

static void witness_name(char ret[static NAME_MAX_TEXT], size_t i)
{
    (void)snprintf(ret, NAME_MAX_TEXT, "w%zu.example/witness", i);
}

static struct ent_checkpoint some_checkpoint(void)
{
    struct ent_checkpoint cp = {.origin = ENT_SLICE_LIT("example.com/log"),
                                .size = ent_t_rand() >> (1 + ent_t_below(63))};
    for (size_t i = 0; i < sizeof(cp.root.b); i++)
        cp.root.b[i] = (uint8_t)ent_t_rand();
    return cp;
}

/* Random heads, a log and some witnesses; each is found with its own time, and no other. */
static void test_random_cosigned_notes(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct ent_checkpoint cp = some_checkpoint(), back;
        struct who log = someone(), w[5];
        int64_t time[5], got = 0;
        size_t n = 1 + ent_t_below(4);
        char name[NAME_MAX_TEXT];
        struct ent_note note;
        struct ent_buf b;
        ent_buf_init(&b, ENT_NOTE_MAX);
        assert_ok(ent_checkpoint_encode(&b, &cp));
        size_t text_n = b.n;
        assert_ok(ent_note_sign(&b, text_n, "example.com/log", &log.seed));
        for (size_t i = 0; i <= n; i++) {
            w[i] = someone();
            time[i] = 1 + (int64_t)(ent_t_rand() >> (2 + ent_t_below(60)));
            witness_name(name, i);
            if (i < n) /* the last one does not */
                assert_ok(ent_cosign_sign(&b, text_n, name, &w[i].seed, time[i]));
        }
        assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
        assert_int_equal(note.sigs, n + 1);
        assert_ok(ent_note_check(&note, "example.com/log", &log.pk));
        assert_ok(ent_checkpoint_parse(&back, note.text, NULL));
        assert_true(back.size == cp.size && memcmp(&back.root, &cp.root, 32) == 0);
        for (size_t i = 0; i <= n; i++) {
            witness_name(name, i);
            assert_err(ent_cosign_check(&note, &got, name, &w[i].pk),
                       i < n ? ENT_OK : ENT_E_NOTFOUND);
            assert_true(i == n || got == time[i]);
            assert_err(ent_cosign_check(&note, &got, name, &log.pk), ENT_E_NOTFOUND);
        }
        ent_buf_release(&b);
    }
}

/* Every bit, every cut, every byte more: either the log's signature or the witness's is gone. */
static void test_no_byte_of_a_cosigned_checkpoint_can_be_changed(void **state)
{
    struct who log = someone(), w = someone();
    struct ent_note note;
    struct ent_checkpoint cp;
    struct ent_buf b;
    int64_t time = 0;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    assert_ok(ent_buf_puts(&b, SOFA));
    assert_ok(ent_note_sign(&b, sizeof(SOFA) - 1, "example.com/behind-the-sofa", &log.seed));
    assert_ok(ent_cosign_sign(&b, sizeof(SOFA) - 1, "a/witness", &w.seed, SOFA_TIME));
    for (size_t i = 0; i < b.n * 8; i++) {
        b.p[i / 8] ^= (uint8_t)(1 << (i % 8));
        if (ent_note_parse(&note, ent_buf_slice(&b), NULL) == ENT_OK) {
            if (ent_checkpoint_parse(&cp, note.text, NULL) == ENT_OK)
                assert_encodes_to(&cp, note.text);
            assert_true(ent_note_check(&note, "example.com/behind-the-sofa", &log.pk) != ENT_OK ||
                        ent_cosign_check(&note, &time, "a/witness", &w.pk) != ENT_OK);
            if (i / 8 < sizeof(SOFA) - 1)
                assert_int_not_equal(ent_cosign_check(&note, &time, "a/witness", &w.pk), ENT_OK);
        }
        b.p[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    for (size_t n = 0; n < b.n; n++)
        assert_true(ent_note_parse(&note, ent_slice(b.p, n), NULL) != ENT_OK ||
                    ent_cosign_check(&note, &time, "a/witness", &w.pk) == ENT_E_NOTFOUND);
    assert_int_equal(time, 0);
    assert_ok(ent_buf_putc(&b, '\n'));
    assert_err(ent_note_parse(&note, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
    ent_buf_release(&b);
}

/* A line by this key with these bytes behind the key id, below the text. */
static enum ent_err check_forged(const char *text, const struct who *w, const uint8_t *sig,
                                 size_t sig_n, unsigned times)
{
    uint8_t raw[4 + ENT_NOTE_SIG_MAX];
    struct ent_note note;
    struct ent_buf b;
    int64_t time = -5;
    ent_buf_init(&b, ENT_NOTE_MAX);
    ent_cosign_key_id(raw, "w", &w->pk);
    memcpy(raw + 4, sig, sig_n);
    assert_ok(ent_buf_puts(&b, text));
    while (times-- > 0)
        assert_ok(ent_note_append(&b, strlen(text), "w", raw, 4 + sig_n));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), NULL));
    enum ent_err r = ent_cosign_check(&note, &time, "w", &w->pk);
    assert_true((time == -5) == (r != ENT_OK));
    ent_buf_release(&b);
    return r;
}

/* time and signature, made as whoever holds the key can, whatever the time */
static void forge(uint8_t ret[static 72], const struct who *w, uint64_t time, const char *head,
                  const char *text)
{
    char msg[512];
    int n = snprintf(msg, sizeof(msg), "%stime %llu\n%s", head, (unsigned long long)time, text);
    assert_in_range(n, 1, sizeof(msg) - 1);
    for (int i = 0; i < 8; i++)
        ret[i] = (uint8_t)(time >> (56 - 8 * i));
    ent_sign(ret + 8, &w->seed, ent_slice(msg, (size_t)n));
}

static void test_cosignatures_that_do_not_hold(void **state)
{
    static const char head[] = "cosignature/v1\n";
    struct who w = someone();
    uint8_t sig[80] = {0};
    (void)state;
    forge(sig, &w, SOFA_TIME, head, SOFA);
    assert_ok(check_forged(SOFA, &w, sig, 72, 1));
    assert_err(check_forged(SOFA, &w, sig, 72, 2), ENT_E_AUTH); /* twice by one key */
    assert_err(check_forged(SOFA, &w, sig, 71, 1), ENT_E_AUTH);
    assert_err(check_forged(SOFA, &w, sig, 73, 1), ENT_E_AUTH);
    assert_err(check_forged(SOFA, &w, sig + 8, 64, 1), ENT_E_AUTH);
    assert_err(check_forged(TEXT("a", "1", ROOT), &w, sig, 72, 1), ENT_E_AUTH);
    sig[7] ^= 1; /* another time */
    assert_err(check_forged(SOFA, &w, sig, 72, 1), ENT_E_AUTH);
    forge(sig, &w, SOFA_TIME, "cosignature/v2\n", SOFA);
    assert_err(check_forged(SOFA, &w, sig, 72, 1), ENT_E_AUTH);
    forge(sig, &w, SOFA_TIME, "", SOFA);
    assert_err(check_forged(SOFA, &w, sig, 72, 1), ENT_E_AUTH);
    forge(sig, &w, 1, head, SOFA);
    assert_ok(check_forged(SOFA, &w, sig, 72, 1));
    forge(sig, &w, INT64_MAX, head, SOFA);
    assert_ok(check_forged(SOFA, &w, sig, 72, 1));
    forge(sig, &w, 0, head, SOFA);
    assert_err(check_forged(SOFA, &w, sig, 72, 1), ENT_E_AUTH);
    forge(sig, &w, (uint64_t)INT64_MAX + 1, head, SOFA);
    assert_err(check_forged(SOFA, &w, sig, 72, 1), ENT_E_AUTH);
    forge(sig, &w, UINT64_MAX, head, SOFA);
    assert_err(check_forged(SOFA, &w, sig, 72, 1), ENT_E_AUTH);
    /* The same bytes, read as a negative number by whoever signed them. */
    ent_sign(sig + 8, &w.seed, ENT_SLICE_LIT("cosignature/v1\ntime -1\n" SOFA));
    assert_err(check_forged(SOFA, &w, sig, 72, 1), ENT_E_AUTH);
    /* Signatures that hold, below what is no checkpoint. */
    forge(sig, &w, SOFA_TIME, head, SOFA "extension\n");
    assert_err(check_forged(SOFA "extension\n", &w, sig, 72, 1), ENT_E_FORMAT);
    forge(sig, &w, SOFA_TIME, head, TEXT("a", "18446744073709551616", ROOT));
    assert_err(check_forged(TEXT("a", "18446744073709551616", ROOT), &w, sig, 72, 1), ENT_E_LIMIT);
}

static void test_what_is_not_cosigned(void **state)
{
    static const char *const names[] = {"", "a b", " a", "a+b", "a\n", "a\xC2\xA0z", "a\xff"};
    struct who w = someone();
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, sizeof(SOFA) + 50);
    assert_ok(ent_buf_puts(&b, SOFA));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_err(ent_cosign_sign(&b, b.n, names[i], &w.seed, 1), ENT_E_FORMAT);
    assert_err(ent_cosign_sign(&b, b.n, "w", &w.seed, 0), ENT_E_FORMAT);
    assert_err(ent_cosign_sign(&b, b.n, "w", &w.seed, -1), ENT_E_FORMAT);
    assert_err(ent_cosign_sign(&b, b.n, "w", &w.seed, 1), ENT_E_LIMIT); /* no room */
    assert_true(ent_slice_eq(ent_buf_slice(&b), ENT_SLICE_LIT(SOFA)));
    ent_buf_clear(&b);
    assert_ok(ent_buf_puts(&b, "hello\nworld\n"));
    assert_err(ent_cosign_sign(&b, b.n, "w", &w.seed, 1), ENT_E_FORMAT);
    ent_buf_release(&b);
}

static void test_hostile_notes(void **state)
{
    struct ent_note note;
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    struct ent_slice good = ent_t_file("tests/data/vectors/sigsum-checkpoint");
    ent_buf_init(&b, ENT_NOTE_MAX + 1000);
    assert_ok(ent_buf_put_slice(&b, good));
    /* A bad one of litewitness: bits of the base64 that no byte has. */
    assert_int_equal(b.p[b.n - 3], 'o');
    b.p[b.n - 3] = 'x';
    assert_err(ent_note_parse(&note, ent_buf_slice(&b), &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "malformed signature line");
    /* And one that the log signed, of a size that is a word. */
    struct ent_vkey log = vkey(SIGSUM_KEY);
    struct ent_checkpoint cp;
    assert_ok(ent_note_parse(&note, ent_t_file("tests/data/vectors/sigsum-no-checkpoint"), NULL));
    assert_ok(ent_note_check(&note, log.name, &log.pk));
    assert_err(ent_checkpoint_parse(&cp, note.text, &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "size of a checkpoint is not a plain number");
    ent_buf_clear(&b);
    assert_ok(ent_buf_put_slice(&b, ent_t_file("tests/data/vectors/cosigned-checkpoint")));
    for (int i = 6; i < 64; i++)
        assert_ok(ent_buf_puts(&b, "\xE2\x80\x94 w AAAAAAA=\n"));
    assert_ok(ent_note_parse(&note, ent_buf_slice(&b), &d));
    struct ent_vkey key = vkey(REMORA_KEY);
    int64_t time;
    assert_ok(ent_cosign_check(&note, &time, key.name, &key.pk));
    assert_ok(ent_buf_puts(&b, "\xE2\x80\x94 w AAAAAAA=\n"));
    assert_err(ent_note_parse(&note, ent_buf_slice(&b), &d), ENT_E_LIMIT);
    assert_string_equal(d.text, "signed note with more than 64 signatures");
    ent_buf_release(&b);
}

/* --- verifier keys ------------------------------------------------------------------------------
 */

static void test_verifier_keys_round_trip(void **state)
{
    static const char *const keys[] = {
        TESSERA_KEY,
        SUMDB_KEY,
        SIGSUM_KEY,
        ARCHE_KEY,
        REMORA_KEY,
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct ent_vkey key = vkey(keys[i]), back;
        struct ent_buf b;
        ent_buf_init(&b, 512);
        assert_ok(ent_vkey_encode(&b, &key));
        assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(keys[i])));
        /* No bit of it, and no length, but this one. */
        for (size_t k = 0; k < b.n * 8; k++) {
            b.p[k / 8] ^= (uint8_t)(1 << (k % 8));
            assert_int_not_equal(ent_vkey_parse(&back, ent_buf_slice(&b), NULL), ENT_OK);
            b.p[k / 8] ^= (uint8_t)(1 << (k % 8));
        }
        for (size_t n = 0; n < b.n; n++)
            assert_err(ent_vkey_parse(&back, ent_slice(b.p, n), NULL), ENT_E_FORMAT);
        assert_ok(ent_buf_putc(&b, '\n'));
        assert_err(ent_vkey_parse(&back, ent_buf_slice(&b), NULL), ENT_E_FORMAT);
        ent_buf_release(&b);
    }
}

static void test_what_is_no_verifier_key(void **state)
{
    static const char shape[] = "verifier key is not name+id+key";
    static const char other[] = "verifier key with the id of another key";
    static const struct {
        const char *text;
        enum ent_err want;
        const char *why;
    } cases[] = {
        {"", ENT_E_FORMAT, shape},
        {"+", ENT_E_FORMAT, shape},
        {"a", ENT_E_FORMAT, shape},
        {"a+da77ade7", ENT_E_FORMAT, shape},
        {"a+da77ade7+", ENT_E_FORMAT, shape},
        {"+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", ENT_E_FORMAT, shape},
        {"a b+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", ENT_E_FORMAT, shape},
        {" " REMORA_KEY, ENT_E_FORMAT, shape},
        {REMORA_KEY "=", ENT_E_FORMAT, shape},
        {REMORA_KEY "\r", ENT_E_FORMAT, shape},
        {"remora.n621.de+da77ade+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", ENT_E_FORMAT,
         shape},
        {"remora.n621.de+da77ade7-BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", ENT_E_FORMAT,
         shape},
        {"remora.n621.de+DA77ADE7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", ENT_E_FORMAT,
         other},
        {"remora.n621.de+00000000+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", ENT_E_FORMAT,
         other},
        {"remora.n621.dE+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", ENT_E_FORMAT,
         other},
        /* the same key with type 0x01 has another id */
        {"remora.n621.de+da77ade7+AevN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", ENT_E_FORMAT,
         other},
        {"example.com/foo+00000000+++++++++++++++++++++++++++++++++++++++++++++", ENT_E_UNSUPPORTED,
         "verifier key of an unknown type"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_vkey key = {.name = "untouched"};
        struct ent_diag d = {0};
        assert_err(ent_vkey_parse(&key, ent_slice_str(cases[i].text), &d), cases[i].want);
        assert_string_equal(d.text, cases[i].why);
        assert_string_equal(key.name, "untouched");
    }
}

/* The identity is a key under which a signature holds for every text, in many libraries. */
static void test_keys_that_are_no_points(void **state)
{
    struct ent_vkey key = {.name = "a", .type = ENT_SIG_COSIGN, .pk = {{1}}}, back;
    struct ent_diag d = {0};
    char text[128], b64[ENT_BASE64_LEN(33)];
    uint8_t id[4], raw[33] = {ENT_SIG_COSIGN, 1};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 512);
    assert_err(ent_vkey_encode(&b, &key), ENT_E_AUTH);
    ent_cosign_key_id(id, key.name, &key.pk);
    ent_base64_encode(b64, raw, sizeof(raw));
    (void)snprintf(text, sizeof(text), "a+%02x%02x%02x%02x+%s", id[0], id[1], id[2], id[3], b64);
    assert_err(ent_vkey_parse(&back, ent_slice_str(text), &d), ENT_E_AUTH);
    assert_string_equal(d.text, "verifier key is not a valid point");
    key = vkey(REMORA_KEY);
    memcpy(key.name, "a b", 4);
    assert_err(ent_vkey_encode(&b, &key), ENT_E_FORMAT);
    assert_int_equal(b.n, 0);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_checkpoints),
        cmocka_unit_test(test_real_cosignatures),
        cmocka_unit_test(test_cosignature_of_another_implementation),
        cmocka_unit_test(test_what_is_no_checkpoint),
        cmocka_unit_test(test_the_ends_of_what_is_one),
        cmocka_unit_test(test_checkpoints_have_one_form),
        cmocka_unit_test(test_random_cosigned_notes),
        cmocka_unit_test(test_no_byte_of_a_cosigned_checkpoint_can_be_changed),
        cmocka_unit_test(test_cosignatures_that_do_not_hold),
        cmocka_unit_test(test_what_is_not_cosigned),
        cmocka_unit_test(test_hostile_notes),
        cmocka_unit_test(test_verifier_keys_round_trip),
        cmocka_unit_test(test_what_is_no_verifier_key),
        cmocka_unit_test(test_keys_that_are_no_points),
    };
    return ent_t_run("checkpoint", tests);
}
