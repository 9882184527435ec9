/* fuzz_checkpoint.c: checkpoints and verifier keys, bare and in notes. One text for each. */
#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void checkpoint(struct ent_slice text)
{
    struct ent_checkpoint cp;
    struct ent_diag d = {0};
    struct ent_buf b;
    ent_buf_init(&b, 2 * ENT_CHECKPOINT_MAX);
    if (ent_checkpoint_parse(&cp, text, &d) == ENT_OK)
        ENT_ASSERT(ent_checkpoint_encode(&b, &cp) == ENT_OK &&
                   ent_slice_eq(ent_buf_slice(&b), text) && ent_note_text_is_valid(text));
    else
        ENT_ASSERT(d.text != NULL);
    ent_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_pubkey pk = {{0xe1, 0xd3, 0xbb}};
    static struct ent_note note;
    struct ent_vkey key;
    struct ent_buf b;
    int64_t time;
    checkpoint(ent_slice(data, n));
    if (ent_note_parse(&note, ent_slice(data, n), NULL) == ENT_OK) {
        checkpoint(note.text);
        ENT_ASSERT(ent_cosign_check(&note, &time, "alpha/witness", &pk) != ENT_OK);
    }
    ent_buf_init(&b, 1024);
    if (ent_vkey_parse(&key, ent_slice(data, n), NULL) == ENT_OK)
        ENT_ASSERT(ent_vkey_encode(&b, &key) == ENT_OK &&
                   ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n)));
    ent_buf_release(&b);
    return 0;
}
