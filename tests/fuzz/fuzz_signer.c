/* fuzz_signer.c: requests to a signer and its answers. What parses encodes to the same bytes; a
 * signer without keys signs nothing of it. */
#include "node/signer_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct ent_signer_service service;

static void start(void)
{
    const struct ent_signer_opts o = {.self = "a"};
    struct ent_signer *s = NULL;
    ENT_ASSERT(ent_secret_start() == ENT_OK && ent_signer_local(&s, NULL, &o) == ENT_OK);
    ent_signer_service_init(&service, s);
}

static void try(enum ent_signer_what what, struct ent_slice in)
{
    struct ent_direct direct = {ent_signer_serve, &service, ENT_SIGNER_ANSWER_MAX};
    const struct ent_caller caller = ent_caller_direct(&direct);
    struct ent_msg answer = ENT_MSG_NOTHING;
    struct ent_signer_request q;
    struct ent_signer_answer a;
    struct ent_buf b;
    ent_buf_init(&b, ENT_SIGNER_REQUEST_MAX);
    if (ent_signer_request_parse(&q, what, in) == ENT_OK) {
        ENT_ASSERT(ent_signer_request_encode(&b, &q) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), in));
        ENT_ASSERT(caller.call(caller.ctx, &answer, (uint16_t)(ENT_MSG_SIGN + what), in) == ENT_OK);
        ENT_ASSERT(ent_signer_answer_parse(&a, what, ent_buf_slice(&answer.bytes)) == ENT_OK);
        ENT_ASSERT(a.err != ENT_OK || a.what == ENT_SIGN_KEYS || a.what == ENT_SIGN_FOLLOW);
        ent_msg_release(&answer);
    }
    ent_buf_clear(&b);
    if (ent_signer_answer_parse(&a, what, in) == ENT_OK) {
        ENT_ASSERT(ent_signer_answer_encode(&b, &a) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), in));
    }
    ent_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (service.by == NULL)
        start();
    for (int what = ENT_SIGN_KEYS; what <= ENT_SIGN_FOLLOW; what++)
        try((enum ent_signer_what)what, ent_slice(data, n));
    return 0;
}
