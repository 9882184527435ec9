/* fuzz_quorum_participant.c: everything a hostile key holder may answer. Nothing but a proof under
 * the key that it signed is an answer. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_quorum_batch batch;
    static const struct ent_quorum_offer o = {.shape = {2, 2, 4, 20},
                                              .padding = ENT_QUORUM_PAD_NONE};
    static const struct ent_hash32 run = {{1}};
    static const struct ent_seed32 seed = {{1}};
    struct ent_quorum_participant *p = NULL;
    struct ent_quorum_accept accept;
    struct ent_element key[2];
    struct ent_scalar k;
    enum ent_quorum_fault f;
    struct ent_buf ask;
    if (ent_secret_start() != ENT_OK || ent_quorum_participant_new(&p, &seed) != ENT_OK ||
        ent_quorum_participant_add(p, ENT_SLICE_LIT("ipv4:198.51.100.3")) != ENT_OK ||
        ent_quorum_participant_accept(p, &accept, &o) != ENT_OK)
        ENT_BUG("cannot begin");
    for (size_t j = 0; j < 2; j++) {
        ent_scalar_random(&k);
        ent_element_base_mul(&key[j], &k);
    }
    ent_buf_init(&ask, ENT_QUORUM_ASK_MAX);
    if (ent_quorum_participant_start(p, &run, 1, key, 2) != ENT_OK ||
        ent_quorum_participant_ask(p, &batch, &ask, 0) != ENT_OK)
        ENT_BUG("cannot ask");
    ENT_ASSERT(ent_quorum_participant_answer(p, &batch, &f, 1, ent_slice(data, n)) != ENT_OK);
    ENT_ASSERT(f == ENT_QUORUM_MALFORMED || f == ENT_QUORUM_PROOF);
    ENT_ASSERT(!ent_quorum_participant_is_complete(p));
    ent_buf_release(&ask);
    ent_quorum_participant_free(p);
    return 0;
}
