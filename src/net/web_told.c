/*
 * web_told.c: one line each kind, address and minute, and no more than ENT_TOLD_MAX: whoever is
 * refused must not choose how much we write.
 */
#include "net/web_told.h"

#define MINUTE_NS (60 * UINT64_C(1000000000))

void ent_told_init(struct ent_told *t, const struct ent_web_opts *o)
{
    memset(t, 0, sizeof(*t));
    t->ctx = o->ctx;
    t->event = o->event;
    (void)pthread_mutex_init(&t->lock, NULL);
}

/* Its line, or a free one, or the one for all who found none. Lock held. */
static struct ent_told_line *line_of(struct ent_told *t, enum ent_web_event e,
                                     const uint8_t from16[static 16])
{
    struct ent_told_line *unused = NULL;
    for (size_t i = 0; i < ENT_TOLD_MAX; i++) {
        struct ent_told_line *l = &t->line[i];
        if (l->until_ns == 0)
            unused = unused == NULL ? l : unused;
        else if (l->e == e && memcmp(l->from16, from16, 16) == 0)
            return l;
    }
    if (unused == NULL) {
        unused = &t->line[ENT_TOLD_MAX + e];
        unused->e = e;
        return unused;
    }
    unused->e = e;
    memcpy(unused->from16, from16, 16);
    return unused;
}

void ent_told_add(struct ent_told *t, enum ent_web_event e, const uint8_t from16[static 16],
                  uint64_t now_ns)
{
    uint8_t from[16];
    bool first = false;

    (void)atomic_fetch_add(&t->counts[e], 1);
    if (t->event == NULL)
        return;
    (void)pthread_mutex_lock(&t->lock);
    struct ent_told_line *l = line_of(t, e, from16);
    if (l->until_ns == 0) {
        l->until_ns = now_ns + MINUTE_NS;
        first = true;
    } else {
        l->count++;
    }
    memcpy(from, l->from16, sizeof(from));
    (void)pthread_mutex_unlock(&t->lock);
    if (first)
        t->event(t->ctx, e, from, 1);
}

void ent_told_tick(struct ent_told *t, uint64_t now_ns)
{
    if (t->event == NULL)
        return;
    for (size_t i = 0; i < sizeof(t->line) / sizeof(t->line[0]); i++) {
        (void)pthread_mutex_lock(&t->lock);
        struct ent_told_line *l = &t->line[i], was = *l;
        bool due = l->until_ns != 0 && l->until_ns <= now_ns;
        if (due) {
            l->until_ns = l->count == 0 ? 0 : now_ns + MINUTE_NS;
            l->count = 0;
        }
        (void)pthread_mutex_unlock(&t->lock);
        if (due && was.count > 0)
            t->event(t->ctx, was.e, was.from16, was.count);
    }
}
