/* fuzz_pact.c: versions of a pact, and the rule of quorums by itself. A text that parses has one
 * form and keeps the rules; a version without the votes it takes is none. */
#include "pact/pact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_rules(const struct ent_pact *p)
{
    ENT_ASSERT(p->version == 1 && p->members > 0 && p->members <= ENT_PACT_MEMBERS);
    ENT_ASSERT(p->former == 0 && p->budget.seconds > 0 && p->expires >= 0);
    for (size_t c = 0; c < ENT_CHANGES; c++)
        ENT_ASSERT(p->threshold[c] * 2 > p->members && p->threshold[c] <= p->members);
    for (uint32_t i = 0; i < p->quorum.holders; i++)
        ENT_ASSERT(ent_pact_member(p, p->quorum.holder[i]) != NULL &&
                   strcmp(p->quorum.holder[i], p->quorum.collector) != 0);
}

/* The same lines in a file of their own. */
static void check_rule_of_quorums(struct ent_slice in)
{
    struct ent_quorum_rule q;
    struct ent_diag d = {0};
    struct ent_buf b;
    if (ent_quorum_rule_parse(&q, &d, in) != ENT_OK) {
        ENT_ASSERT(d.text != NULL && d.line <= in.n + 1);
        return;
    }
    ENT_ASSERT(q.holders >= ENT_QUORUM_HOLDERS_LEAST && q.holders <= ENT_QUORUM_HOLDERS);
    ent_buf_init(&b, ENT_QUORUM_RULE_MAX);
    ENT_ASSERT(ent_quorum_rule_encode(&b, &q) == ENT_OK && ent_slice_eq(ent_buf_slice(&b), in));
    ent_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_pact p, before = {.version = 7, .threshold = {1, 1, 1}, .members = 1};
    struct ent_slice in = {data, n};
    enum ent_verdict v;
    struct ent_buf b;
    if (ent_pact_parse_text(&p, in, NULL, NULL) == ENT_OK) {
        check_rules(&p);
        ent_buf_init(&b, ENT_PACT_MAX);
        ENT_ASSERT(ent_pact_encode(&b, &p) == ENT_OK && ent_slice_eq(ent_buf_slice(&b), in));
        ent_buf_release(&b);
    }
    if (ent_pact_parse(&p, in, NULL, NULL) == ENT_OK)
        check_rules(&p);
    ENT_ASSERT(ent_pact_parse(&p, in, &before, NULL) != ENT_OK);
    check_rule_of_quorums(in);
    if (ent_verdict_parse(&v, in) == ENT_OK)
        ENT_ASSERT(ent_slice_eq(ent_slice_str(ent_verdict_word(v)), in));
    return 0;
}
