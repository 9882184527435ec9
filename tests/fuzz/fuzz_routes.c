/* fuzz_routes.c: paths of the peer API, and what names a member or a URL may have. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_spki peer;
    char path[512] = "/peer/v1/match/";
    size_t at = strlen(path), room = sizeof(path) - at - 1;
    size_t most = ent_peer_max_body(NULL, &peer, "POST", path);
    ENT_ASSERT(most == 0);
    memcpy(path + at, data, n < room ? n : room);
    ENT_ASSERT(ent_peer_max_body(NULL, &peer, "POST", path) <= ENT_ACT_MAX + ENT_LOOKUP_ASK_MAX);
    ENT_ASSERT(ent_peer_max_body(NULL, &peer, "GET", path) <= 1);
    ENT_ASSERT(ent_peer_max_body(NULL, &peer, "PUT", path) == 0);
    return 0;
}
