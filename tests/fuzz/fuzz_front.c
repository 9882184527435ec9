/* fuzz_front.c: what the front and the ledger's process tell each other, whichever of the two was
 * taken over: the first byte says which message. What is read is written as the same bytes. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err again(struct ent_buf *b, unsigned which, struct ent_slice s)
{
    static struct ent_out_call out; /* large */
    struct ent_peer_call peer;
    struct ent_peer_answer peer_answer;
    struct ent_out_answer out_answer;
    struct ent_allowed allowed;
    enum ent_err r;
    switch (which) {
    case 0:
        if ((r = ent_peer_call_parse(&peer, s)) != ENT_OK)
            return r;
        ENT_ASSERT(peer.body.n <= ent_peer_body_max(peer.method, peer.path));
        return ent_peer_call_encode(
            b, &(struct ent_request){peer.method, peer.path, peer.body, peer.peer});
    case 1:
        r = ent_peer_answer_parse(&peer_answer, s);
        return r != ENT_OK ? r : ent_peer_answer_encode(b, &peer_answer);
    case 2:
        r = ent_allowed_parse(&allowed, s);
        return r != ENT_OK ? r : ent_allowed_encode(b, &allowed);
    case 3:
        r = ent_out_call_parse(&out, s);
        return r != ENT_OK ? r : ent_out_call_encode(b, &out.dial, out.answer_max);
    default:
        r = ent_out_answer_parse(&out_answer, s);
        return r != ENT_OK ? r : ent_out_answer_encode(b, &out_answer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_buf b;
    if (n == 0)
        return 0;
    ent_buf_init(&b, n);
    if (again(&b, data[0] % 5, ent_slice(data + 1, n - 1)) == ENT_OK)
        ENT_ASSERT(b.n == n - 1 && (b.n == 0 || memcmp(b.p, data + 1, b.n) == 0));
    ent_buf_release(&b);
    return 0;
}
