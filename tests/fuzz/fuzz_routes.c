/* fuzz_routes.c: paths of the peer API: what is behind them is bounded, whatever they are. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const folders[] = {"/peer/v1/match/", "/peer/v1/"};
    static const struct ent_spki peer;
    char path[512];
    for (size_t i = 0; i < 2; i++) {
        memset(path, 0, sizeof(path));
        (void)snprintf(path, sizeof(path), "%s", folders[i]);
        size_t at = strlen(path), room = sizeof(path) - at - 1;
        ENT_ASSERT(ent_peer_max_body(NULL, &peer, "POST", path) == 0);
        memcpy(path + at, data, n < room ? n : room);
        ENT_ASSERT(ent_peer_max_body(NULL, &peer, "POST", path) <= ENT_HEADS_MAX);
        ENT_ASSERT(ent_peer_max_body(NULL, &peer, "GET", path) <= 1);
        ENT_ASSERT(ent_peer_max_body(NULL, &peer, "PUT", path) == 0);
    }
    return 0;
}
