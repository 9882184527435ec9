/* fuzz_note.c: signed notes. What parses holds only what a note may hold. */
#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_pubkey pk = {{0xe1, 0xd3, 0xbb}};
    static struct ent_note note;
    struct ent_diag d = {0};
    enum ent_err r = ent_note_parse(&note, ent_slice(data, n), &d);
    if (r != ENT_OK) {
        ENT_ASSERT(d.text != NULL);
        return 0;
    }
    ENT_ASSERT(ent_note_text_is_valid(note.text) && note.sigs > 0 && note.sigs <= ENT_NOTE_SIGS);
    ENT_ASSERT(ent_note_check(&note, "alpha/author", &pk) != ENT_OK);
    return 0;
}
