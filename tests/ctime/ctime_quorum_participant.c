/* ctime_quorum_participant.c: what a participant of a quorum sends, and what it makes of the
 * answers, takes the same time whatever its seed: blinds, padding and fillers come from it. */
#include "match/match.h"

static const struct ent_quorum_offer offer = {
    .shape = {.members = 2, .threshold = 2, .items = 4, .tables = 20},
    .padding = ENT_QUORUM_PAD_FULL};

static enum ent_err exchange(struct ent_quorum_participant *p, struct ent_quorum_batch *batch,
                             const struct ent_oprf_key *key)
{
    struct ent_element out[4];
    uint8_t answer[128 + ENT_OPRF_PROOF];
    enum ent_quorum_fault f;
    struct ent_buf ask;
    ent_buf_init(&ask, ENT_QUORUM_ASK_MAX);
    enum ent_err r = ent_quorum_participant_ask(p, batch, &ask, 0);
    for (uint32_t j = 0; j < 2 && r == ENT_OK; j++) {
        ent_oprf_evaluate(out, &key[j], batch->blinded, 4);
        memcpy(answer, out, 128);
        r = ent_oprf_prove(answer + 128, ENT_OPRF_VERIFIABLE, &key[j], batch->blinded, out, 4);
        if (r == ENT_OK)
            r = ent_quorum_participant_answer(p, batch, &f, j + 1,
                                              ent_slice(answer, sizeof(answer)));
    }
    ent_buf_release(&ask);
    return r;
}

int main(void)
{
    static struct ent_quorum_batch batch;
    static const struct ent_hash32 run = {{1}};
    struct ent_quorum_participant *p = NULL;
    struct ent_quorum_accept accept;
    struct ent_oprf_key key[2];
    struct ent_element pk[2];
    struct ent_seed32 seed;
    if (ent_secret_start() != ENT_OK)
        return EXIT_FAILURE;
    ent_random(&seed, sizeof(seed));
    for (size_t j = 0; j < 2; j++) {
        ent_oprf_key_generate(&key[j]);
        pk[j] = key[j].pk;
    }
    ent_ct_secret(&seed, sizeof(seed));
    if (ent_quorum_participant_new(&p, &seed) != ENT_OK ||
        ent_quorum_participant_add(p, ENT_SLICE_LIT("ipv4:198.51.100.3")) != ENT_OK ||
        ent_quorum_participant_add(p, ENT_SLICE_LIT("ipv4:198.51.100.4")) != ENT_OK ||
        ent_quorum_participant_accept(p, &accept, &offer) != ENT_OK ||
        ent_quorum_participant_start(p, &run, 1, pk, 2) != ENT_OK ||
        exchange(p, &batch, key) != ENT_OK || !ent_quorum_participant_is_complete(p))
        return EXIT_FAILURE;
    ent_quorum_participant_free(p);
    return EXIT_SUCCESS;
}
