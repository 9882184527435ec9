/*
 * daemon_signals.c: the parent's thread that waits for signals, and for time to pass: reload, the
 * end, who is late, and what is done once a second.
 */
#include "node/daemon_parts.h"

#include <inttypes.h>
#include <signal.h>

#define READY_MS     120000u
#define TICK_MS      100
#define TICKS        10u
#define STOP_SECONDS 15u /* for the processes to end, after all has come to its end */

static int next_signal(const sigset_t *set)
{
    const struct timespec tick = {0, TICK_MS * 1000000};
    siginfo_t info;
    int sig = sigtimedwait(set, &info, &tick);
    return sig > 0 ? sig : 0;
}

static bool is_over(struct ent_daemon *d, bool drained)
{
    (void)pthread_mutex_lock(&d->lock);
    bool over = d->ending || (drained && d->drained);
    (void)pthread_mutex_unlock(&d->lock);
    return over;
}

/* What is under way for others comes to its end, or does not in time. True: a signal to end, which
 * does not wait. */
static bool drain(struct ent_daemon *d, const sigset_t *set)
{
    const uint64_t until = ent_clock_steady_ns() + d->config.stop_seconds * UINT64_C(1000000000);
    int sig = 0;
    (void)pthread_mutex_lock(&d->lock);
    d->drained = true;
    for (size_t i = 0; i < d->n; i++)
        if (d->child[i].at.process == ENT_PROCESS_LEDGER && d->child[i].control != NULL)
            d->drained = ent_channel_note(d->child[i].control, ENT_CONTROL_DRAIN,
                                          ent_slice(NULL, 0), -1) != ENT_OK;
    (void)pthread_mutex_unlock(&d->lock);
    while (sig != SIGTERM && sig != SIGINT && !is_over(d, true) && ent_clock_steady_ns() < until)
        sig = next_signal(set);
    return sig == SIGTERM || sig == SIGINT;
}

/* All children that are named by `which`, to begin anew. With the lock held. */
static void restart(struct ent_daemon *d, uint32_t which)
{
    for (size_t i = 0; i < d->n; i++) {
        struct child *c = &d->child[i];
        if ((which & ENT_MSG_BIT(c->at.process)) == 0 || c->control == NULL)
            continue;
        c->ready = false;
        if (c->at.process == ENT_PROCESS_KEEPER)
            d->first = false;
        if (c->at.process == ENT_PROCESS_LEDGER)
            d->serving = false;
        (void)!ent_channel_note(c->control, ENT_CONTROL_STOP, ent_slice(NULL, 0), -1);
    }
}

/* What may take as long as stop_seconds, and then some, as no manager can know by itself. */
static void notify_long(struct ent_daemon *d, const char *what)
{
    char text[160];
    uint64_t now = ent_clock_steady_ns() / 1000; /* CLOCK_MONOTONIC */
    (void)snprintf(text, sizeof(text),
                   "%s=1\nMONOTONIC_USEC=%" PRIu64 "\nEXTEND_TIMEOUT_USEC=%" PRIu64, what, now,
                   (d->config.stop_seconds + STOP_SECONDS) * UINT64_C(1000000));
    ent_daemon_notify(d, text);
}

/* The certificate may be another one behind the same name: the front is started anew in any case,
 * and partners' runs go on. True: a signal to end came meanwhile. */
static bool reload(struct ent_daemon *d, const sigset_t *set)
{
    struct ent_config next, newer;
    if (!d->o.reload(d->o.ctx, &next))
        return false;
    bool same = ent_config_eq(&next, &d->config);
    notify_long(d, "RELOADING");
    if (!same && drain(d, set))
        return true;
    if (!same && d->o.reload(d->o.ctx, &newer)) /* another SIGHUP may have come meanwhile */
        next = newer;
    (void)pthread_mutex_lock(&d->lock);
    next.match_workers = d->config.match_workers; /* how many children there are */
    d->config = next;
    restart(d, same ? ENT_MSG_BIT(ENT_PROCESS_FRONT) : ENT_MSG_ANY);
    d->reloading = true;
    (void)pthread_mutex_unlock(&d->lock);
    ent_daemon_say(d, ENT_LEVEL_INFO, "reloaded", same ? "certificates" : "configuration");
    return false;
}

/* A second signal to end does not wait for what is under way. */
static void stop(struct ent_daemon *d, const sigset_t *set)
{
    ent_daemon_say(d, ENT_LEVEL_INFO, "stopping", NULL);
    notify_long(d, "STOPPING");
    (void)drain(d, set);
    ent_daemon_end(d, ENT_OK);
}

/* Who is not there after so long is started anew. */
static void end_late(struct ent_daemon *d)
{
    const uint64_t ms = d->o.ready_ms == 0 ? READY_MS : d->o.ready_ms;
    (void)pthread_mutex_lock(&d->lock);
    const uint64_t now = ent_clock_steady_ns();
    for (size_t i = 0; i < d->n; i++) {
        struct child *c = &d->child[i];
        if (c->born == 0 || now - c->born < ms * 1000000)
            continue;
        c->born = 0;
        ent_daemon_say_child(d, ENT_LEVEL_ALERT, "process-not-ready", c, NULL, NULL);
        ent_supervisor_kill(d->supervisor, i);
    }
    (void)pthread_mutex_unlock(&d->lock);
}

static bool has_changed(struct ent_daemon *d)
{
    (void)pthread_mutex_lock(&d->lock);
    bool changed = d->changed;
    (void)pthread_mutex_unlock(&d->lock);
    return changed;
}

/* Once a second or so. */
static void tick(struct ent_daemon *d)
{
    struct ent_counted *now = d->o.counts == NULL ? NULL : malloc(sizeof(*now));
    struct ent_buf b;
    ent_reporter_tick(d->o.reporter);
    ent_buf_init(&b, ENT_COUNTS_MAX);
    if (now != NULL)
        ent_counts_take(d->o.counts, now);
    if (now != NULL && ent_counted_encode(&b, now) == ENT_OK) {
        (void)pthread_mutex_lock(&d->lock);
        for (size_t i = 0; i < d->n; i++)
            if (d->child[i].at.process == ENT_PROCESS_API && d->child[i].ready)
                (void)!ent_channel_note(d->child[i].control, ENT_CONTROL_COUNTS, ent_buf_slice(&b),
                                        -1);
        (void)pthread_mutex_unlock(&d->lock);
    }
    ent_buf_release(&b);
    free(now);
}

void *ent_daemon_signals(void *daemon)
{
    struct ent_daemon *d = daemon;
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    for (unsigned ticks = 0; !is_over(d, false); ticks++) {
        int sig = next_signal(&set);
        end_late(d);
        if (ticks % TICKS == 0)
            tick(d);
        if (has_changed(d))
            ent_daemon_write_processes(d);
        if ((sig == SIGHUP && reload(d, &set)) || (sig != 0 && sig != SIGHUP))
            stop(d, &set);
    }
    return NULL;
}
