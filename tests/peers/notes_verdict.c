/*
 * notes_verdict.c: what our parsers say about notes, checkpoints, verifier keys and signatures, for
 * comparison with another implementation's. Standard input: messages, each a kind, its length (u32,
 * little-endian) and its bytes; standard output: a line for each. Arguments: the verifier keys
 * that are known.
 *
 *     n BYTES    note, checkpoint, verifier key, and what each of the known keys says of the note:
 *                "<text length> <origin length>,<size>,<root> <type> ok none ok@<time> bad ..."
 *     s BYTES    public key, signature and message: "ok" or "bad"
 *
 * "-" is what does not parse. With --control each answer is the opposite, for the comparison to
 * find: "accept" says that all is fine, "refuse" that nothing is.
 */
#include "ledger/ledger.h"

#define MOST (4 * ENT_NOTE_MAX)
#define KEYS 32u

static struct ent_vkey keys[KEYS];
static size_t key_n;
static enum { HONEST, ACCEPT, REFUSE } mode;

static void say_checkpoint(struct ent_slice text)
{
    struct ent_checkpoint cp;
    char root[ENT_HEX_LEN(32)];
    if (ent_checkpoint_parse(&cp, text, NULL) != ENT_OK) {
        (void)printf(" -");
        return;
    }
    ent_hex_encode(root, cp.root.b, sizeof(cp.root.b));
    (void)printf(" %zu,%llu,%s", cp.origin.n, (unsigned long long)cp.size, root);
}

static void say_key(const struct ent_note *note, const struct ent_vkey *key)
{
    int64_t time = 0;
    enum ent_err r = key->type == ENT_SIG_COSIGN
                         ? ent_cosign_check(note, &time, key->name, &key->pk)
                         : ent_note_check(note, key->name, &key->pk);
    if (r == ENT_OK && key->type == ENT_SIG_COSIGN)
        (void)printf(" ok@%lld", (long long)time);
    else
        (void)printf(" %s", r == ENT_OK ? "ok" : r == ENT_E_NOTFOUND ? "none" : "bad");
}

static void say_note(struct ent_slice bytes)
{
    static struct ent_note note;
    struct ent_vkey key;
    bool good = ent_note_parse(&note, bytes, NULL) == ENT_OK;
    if (good)
        (void)printf("%zu", note.text.n);
    else
        (void)printf("-");
    /* the text of a note, or else the bytes as they are */
    say_checkpoint(good ? note.text : bytes);
    if (ent_vkey_parse(&key, bytes, NULL) == ENT_OK)
        (void)printf(" %d", (int)key.type);
    else
        (void)printf(" -");
    for (size_t i = 0; i < key_n && good; i++)
        say_key(&note, &keys[i]);
    (void)printf("\n");
}

static void say_signature(struct ent_slice bytes)
{
    struct ent_pubkey pk;
    bool good = false;
    if (bytes.n >= 96) {
        memcpy(pk.b, bytes.p, sizeof(pk.b));
        good = ent_sign_check(&pk, bytes.p + 32, ent_slice(bytes.p + 96, bytes.n - 96)) == ENT_OK;
    }
    (void)printf(good ? "ok\n" : "bad\n");
}

static void say_wrong(char kind, struct ent_slice bytes)
{
    if (kind == 's')
        (void)printf(mode == ACCEPT ? "ok\n" : "bad\n");
    else if (mode == ACCEPT)
        (void)printf("%zu - -\n", bytes.n);
    else
        (void)printf("- - -\n");
}

int main(int argc, char **argv)
{
    static uint8_t bytes[MOST];
    uint8_t head[5];
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    for (int i = 1; i < argc; i++) {
        if (ent_slice_starts(ent_slice_str(argv[i]), ENT_SLICE_LIT("--control=")))
            mode = argv[i][10] == 'a' ? ACCEPT : REFUSE;
        else if (key_n == KEYS ||
                 ent_vkey_parse(&keys[key_n++], ent_slice_str(argv[i]), NULL) != ENT_OK)
            return EXIT_FAILURE;
    }
    while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
        struct ent_cur c = {head + 1, 4};
        uint32_t n;
        if (ent_cur_u32le(&c, &n) != ENT_OK || n > MOST || fread(bytes, 1, n, stdin) != n)
            return EXIT_FAILURE;
        if (mode != HONEST)
            say_wrong((char)head[0], ent_slice(bytes, n));
        else if (head[0] == 's')
            say_signature(ent_slice(bytes, n));
        else
            say_note(ent_slice(bytes, n));
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
