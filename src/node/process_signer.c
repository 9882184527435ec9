/*
 * process_signer.c: the keys, and nothing else. What was signed last, and the pact as it was when
 * this process began, it reads in the home's files, which the keeper opens for it; newer versions
 * come from the ledger, and are verified from the first one on.
 */
#include "node/node.h"

#include "node/disk_remote.h"
#include "node/process.h"
#include "node/signer_wire.h"
#include "node/signing.h"

#include <errno.h>
#include <pthread.h>

struct signer {
    struct ent_birth *b;
    struct ent_hub *hub;
    struct ent_disk_remote disk;
    pthread_mutex_t lock; /* for the rest, until signing has begun */
    struct ent_home *home;
    struct ent_signing signing;
    struct ent_signer_service service;
};

/* With the lock held: as soon as somebody asks, and the keeper is there. */
static enum ent_err begin(struct signer *s)
{
    struct ent_diag d = {0};
    enum ent_err r = ENT_OK;
    if (s->signing.signer != NULL)
        return ENT_OK;
    if (s->home == NULL)
        r = ent_home_open_on(&s->home, &d, "home", &s->disk.disk);
    if (r == ENT_OK)
        r = ent_signing_start(&s->signing, &d, s->home->self.name, &s->home->roster, &s->disk.disk,
                              &s->b->keys);
    if (r == ENT_OK) {
        ent_wipe(&s->b->keys, sizeof(s->b->keys)); /* the signer has copies */
        ent_signer_service_init(&s->service, s->signing.signer);
    } else if (d.sys != ENOTCONN) { /* that is: the keeper is back for who asks next */
        (void)ent_process_fail(s->hub, "reading what was signed last", r, &d);
    }
    return r;
}

static enum ent_err serve(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct signer *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    enum ent_err r = begin(s);
    (void)pthread_mutex_unlock(&s->lock);
    return r == ENT_OK ? ent_signer_serve(&s->service, ret, call) : r;
}

int ent_process_signer(int channel)
{
    static struct signer s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct ent_ready ready = {0};
    struct ent_diag d = {0};
    const struct ent_hub_service services[] = {
        {.from = {ENT_PROCESS_LEDGER, 0}, .range = ENT_MSG_SIGN, .serve = serve, .service = &s}};
    const struct ent_hub_opts opts = {
        .self = {ENT_PROCESS_SIGNER, 0}, .services = services, .n = 1};
    if ((s.b = ent_process_born(channel)) == NULL)
        return 0;
    int code;
    if (ent_hub_new(&s.hub, &opts) != ENT_OK)
        return 1;
    const struct ent_caller keeper = ent_hub_caller(s.hub, ENT_PROCESS_KEEPER, 0);
    ent_disk_remote_init(&s.disk, &keeper);
    enum ent_err r = ent_process_shut_in(&ready, &d, s.b, *ent_sandbox_of("signer"));
    if ((code = ent_process_start(s.hub, channel, "the signer", r, &d)) != 0)
        return code;
    return ent_process_work(s.hub, &ready);
}
