/* web_told.h, internal to net/: refusals counted, and told so that they fill no log. */
#ifndef ENT_NET_WEB_TOLD_H
#define ENT_NET_WEB_TOLD_H

#include "net/net.h"

#include <pthread.h>
#include <stdatomic.h>

#define ENT_TOLD_MAX 256u

struct ent_told {
    void *ctx;
    void (*event)(void *ctx, enum ent_web_event e, const uint8_t from16[16], uint64_t count);
    atomic_uint_fast64_t counts[ENT_WEB_EVENTS];

    pthread_mutex_t lock; /* for all below */
    struct ent_told_line {
        uint8_t from16[16];
        enum ent_web_event e;
        uint64_t until_ns;                 /* 0: free */
        uint64_t count;                    /* since it was told */
    } line[ENT_TOLD_MAX + ENT_WEB_EVENTS]; /* the last: for addresses that found no place */
};

void ent_told_init(struct ent_told *t, const struct ent_web_opts *o);
/* Any thread. */
void ent_told_add(struct ent_told *t, enum ent_web_event e, const uint8_t from16[static 16],
                  uint64_t now_ns);
/* Tells what is a minute old; UINT64_MAX for all. One thread. */
void ent_told_tick(struct ent_told *t, uint64_t now_ns);

#endif
