/* fuzz_vote.c: votes, lines below a version, and what a ballot saved. One text for each. */
#include "pact/ballot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void saved(struct ent_slice s, const struct ent_vote_topic *topic)
{
    struct ent_ballot_opts o = {.topic = *topic, .voters = 2, .self = ENT_BALLOT_WATCHING};
    struct ent_ballot *b;
    struct ent_buf again;
    ent_buf_init(&again, ENT_BALLOT_SAVE_MAX);
    if (s.n > 0 && ent_ballot_new(&b, NULL, &o, s) == ENT_OK) {
        ENT_ASSERT(ent_ballot_save(b, &again) == ENT_OK && ent_slice_eq(ent_buf_slice(&again), s));
        ent_ballot_free(b);
    }
    ent_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_pubkey pk = {{0xe1, 0xd3, 0xbb}};
    struct ent_vote_signed v = {.topic = {{{1}}, {{2}}, 7}};
    struct ent_slice s = ent_slice(data, n);
    static struct ent_note note;
    struct ent_buf again;
    uint32_t round;
    saved(s, &v.topic);
    ent_buf_init(&again, ENT_VOTE_MAX);
    if (ent_vote_parse(&v, s, NULL) == ENT_OK)
        ENT_ASSERT(ent_vote_encode(&again, &v) == ENT_OK &&
                   ent_slice_eq(ent_buf_slice(&again), s) && ent_vote_check(&v, &pk) != ENT_OK);
    if (ent_note_parse(&note, s, NULL) == ENT_OK)
        ENT_ASSERT(ent_vote_line_check(&note, &round, &v.topic, &v.vote.what, "cert", &pk) !=
                   ENT_OK);
    ent_buf_release(&again);
    return 0;
}
