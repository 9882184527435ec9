/* fuzz_card.c: cards. None that its own root key did not sign gets through, and one has one form.
 */
#include "pact/pact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_seed32 seed;
    struct ent_diag d = {0};
    struct ent_member m;
    struct ent_buf b;
    char print[ENT_FINGERPRINT];
    if (ent_card_parse(&m, ent_slice(data, n), &d) != ENT_OK) {
        ENT_ASSERT(d.text != NULL);
        return 0;
    }
    ENT_ASSERT(ent_name_is_valid(ent_slice_str(m.name)) && m.display[0] != '\0');
    ENT_ASSERT(m.authors > 0 && m.authors <= ENT_ROSTER_AUTHORS);
    ENT_ASSERT(m.logs > 0 && m.logs <= ENT_ROSTER_LOGS && m.author[0].from == 0);
    ent_member_fingerprint(print, &m);
    ENT_ASSERT(strlen(print) == ENT_FINGERPRINT - 1);
    /* All but the time and the signature are the bytes that came. */
    ent_buf_init(&b, ENT_CARD_MAX + 1024);
    ENT_ASSERT(ent_card_make(&b, &m, 0, &seed) == ENT_OK);
    size_t same = 0;
    while (same < b.n && same < n && b.p[same] == data[same])
        same++;
    ENT_ASSERT(same > 6 && memmem(b.p, same, "\ntime ", 6) != NULL);
    ent_buf_release(&b);
    return 0;
}
