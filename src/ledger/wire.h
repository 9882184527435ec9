/*
 * wire.h: how one member asks another, so that a simulator can carry the messages and lose them.
 * The real one is node/wire.h: HTTPS with the keys of the pact.
 */
#ifndef ENT_LEDGER_WIRE_H
#define ENT_LEDGER_WIRE_H

#include "base/base.h"

struct ent_wire {
    void *ctx;
    /* One request, which may be repeated, and its answer, appended to `answer`, whose maximum
     * bounds it. ENT_OK for any status. ENT_E_PEER or ENT_E_TIMEOUT when nothing came back: whether
     * the request arrived is not known then. */
    enum ent_err (*call)(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                         const char *member, const char *method, const char *path,
                         struct ent_slice body);
};

#endif
