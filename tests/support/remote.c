/* remote.c: see remote.h. */
#include "tests/support/remote.h"

#include "node/files_msg.h"

#define ALL 0x7Fu

static const struct ent_files_rule anything[] = {
    {"*", ALL}, {"*/*", ALL}, {"*/*/*", ALL}, {"*/*/*/*", ALL}, {"*/*/*/*/*", ALL}, {NULL, 0}};

static enum ent_err ask(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    struct either *e = ctx;
    struct ent_direct direct = {ent_keeper_files_serve, &e->keeper, ENT_FILES_ANSWER_MAX};
    const struct ent_caller keeper = ent_caller_direct(&direct);
    const bool fails = ++e->calls == e->fail_at;
    if (fails && !e->done)
        return ENT_E_PEER;
    enum ent_err r = keeper.call(keeper.ctx, ret, type, payload);
    if (!fails || r != ENT_OK)
        return r;
    ent_msg_release(ret);
    return ENT_E_TIMEOUT;
}

enum ent_err either_open(struct either *e, bool remote, const char *dir,
                         const struct ent_files_rule *rules)
{
    *e = (struct either){.remote = remote};
    enum ent_err r =
        remote ? ent_keeper_files_open(&e->keeper, NULL, dir, rules != NULL ? rules : anything)
               : ent_disk_open(&e->here, NULL, dir);
    if (r == ENT_OK && remote)
        ent_disk_remote_init(&e->there, &(struct ent_caller){.ctx = e, .call = ask});
    e->disk = remote ? &e->there.disk : &e->here.disk;
    return r;
}

void either_close(struct either *e)
{
    if (!e->remote) {
        ent_disk_close(&e->here);
        return;
    }
    ent_disk_remote_release(&e->there);
    ent_keeper_files_close(&e->keeper);
}
