/*
 * daemon.c: the parent. Its main thread is the supervisor's; each child's control channel has a
 * thread that reads; one waits for signals. All they share is under one lock, which nobody holds
 * while a channel is freed or a key unlocked.
 */
#include "node/daemon_parts.h"

#include "node/notify.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#define STALL_MS 2000u /* a child that does not read what the parent says */

/* --- the log ------------------------------------------------------------------------------------
 */

void ent_daemon_say_child(struct ent_daemon *d, enum ent_level level, const char *event,
                          const struct child *c, const char *key, const char *text)
{
    struct ent_report r;
    ent_report_init(&r, level, event);
    ent_report_text(&r, "process", ent_process_word(c->at.process));
    if (c->pid > 0)
        ent_report_number(&r, "pid", (uint64_t)c->pid);
    if (key != NULL)
        ent_report_text(&r, key, text);
    ent_reporter_say(d->o.reporter, &r);
}

void ent_daemon_say(struct ent_daemon *d, enum ent_level level, const char *event,
                    const char *cause)
{
    struct ent_report r;
    ent_report_init(&r, level, event);
    if (cause != NULL)
        ent_report_text(&r, "cause", cause);
    ent_reporter_say(d->o.reporter, &r);
}

/* To the service manager. */
void ent_daemon_notify(struct ent_daemon *d, const char *text)
{
    enum ent_err r = ent_notify(d->o.notify, text);
    if (r != ENT_OK)
        ent_daemon_say(d, ENT_LEVEL_WARN, "manager-not-told", ent_err_str(r));
}

void ent_daemon_end(struct ent_daemon *d, enum ent_err why)
{
    (void)pthread_mutex_lock(&d->lock);
    if (d->failed == ENT_OK)
        d->failed = why;
    d->ending = true;
    (void)pthread_mutex_unlock(&d->lock);
    ent_supervisor_stop(d->supervisor);
}

/* --- who runs, for `entente status` -------------------------------------------------------------
 */

/* With the lock held. */
static enum ent_err list_processes(const struct ent_daemon *d, struct ent_buf *b)
{
    struct ent_running line = {.process = ENT_PROCESS_PARENT, .pid = getpid(), .told = "-"};
    struct ent_proc_seen self;
    enum ent_err r = ent_proc_look(&self, getpid());
    line.start = r == ENT_OK ? self.start : 0;
    r = ent_running_encode(b, &line);
    for (size_t i = 0; r == ENT_OK && i < d->n; i++) {
        const struct child *c = &d->child[i];
        if (!c->ready)
            continue;
        line = (struct ent_running){.process = c->at.process, .pid = c->pid, .start = c->start};
        memcpy(line.told, c->told.sandbox, sizeof(line.told));
        r = ent_running_encode(b, &line);
    }
    return r;
}

/* Not with the lock held: the disk may be slow. */
void ent_daemon_write_processes(struct ent_daemon *d)
{
    char path[ENT_PATH_MAX];
    struct ent_buf b;
    ent_buf_init(&b, ENT_RUNNING_TEXT);
    (void)pthread_mutex_lock(&d->listing);
    (void)pthread_mutex_lock(&d->lock);
    d->changed = false;
    enum ent_err r = list_processes(d, &b);
    (void)pthread_mutex_unlock(&d->lock);
    if (r == ENT_OK &&
        (r = ent_path_join(path, sizeof(path), d->home, ENT_PROCESSES_FILE)) == ENT_OK)
        r = ent_file_write(path, ent_buf_slice(&b), 0644, NULL);
    (void)pthread_mutex_unlock(&d->listing);
    if (r != ENT_OK)
        ent_daemon_say(d, ENT_LEVEL_WARN, "processes-not-written", ent_err_str(r));
    ent_buf_release(&b);
}

static void remove_processes(const struct ent_daemon *d)
{
    char path[ENT_PATH_MAX];
    if (ent_path_join(path, sizeof(path), d->home, ENT_PROCESSES_FILE) == ENT_OK)
        (void)unlink(path);
}

/* --- the birth of a child -----------------------------------------------------------------------
 */

static bool needs_keys(const struct child *c)
{
    return c->at.process == ENT_PROCESS_SIGNER || c->at.process == ENT_PROCESS_FRONT;
}

static void note(void *ctx, struct ent_msg *m);
static void fault(void *ctx, enum ent_err why, const struct ent_diag *d);

/* With the lock held. Takes the channel. */
static enum ent_err bear(struct child *c, int channel)
{
    struct ent_daemon *d = c->d;
    const struct ent_channel_opts o = {.protocol = &ent_control,
                                       .self = ENT_PROCESS_PARENT,
                                       .peer = c->at.process,
                                       .stall_ms = STALL_MS,
                                       .note = note,
                                       .closed = fault,
                                       .ctx = c};
    enum ent_err r = ent_daemon_fill(d, c);
    if (r != ENT_OK)
        ent_daemon_say_child(d, ENT_LEVEL_ALERT, "process-not-started", c, "cause", ent_err_str(r));
    else
        r = ent_birth_send(channel, d->birth);
    ent_wipe(d->birth, sizeof(*d->birth));
    if (r != ENT_OK) {
        (void)close(channel);
        return r;
    }
    c->born = ent_clock_steady_ns();
    return ent_channel_new(&c->control, NULL, channel, &o);
}

/* --- channels between children ------------------------------------------------------------------
 */

static bool tell_link(struct child *to, const struct child *other, int fd)
{
    struct ent_buf b;
    ent_buf_init(&b, 8);
    bool told = ent_at_encode(&b, &other->at) == ENT_OK &&
                ent_channel_note(to->control, ENT_CONTROL_LINK, ent_buf_slice(&b), fd) == ENT_OK;
    ent_buf_release(&b);
    return told;
}

/* With the lock held. Who cannot be told is about to end, and all is done anew after that. */
static void link_two(struct child *a, struct child *b)
{
    int pair[2];
    if (ent_link_protocol(a->at.process, b->at.process) == NULL ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return;
    if (tell_link(a, b, pair[0]))
        (void)tell_link(b, a, pair[1]);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

/* With the lock held. */
static void tell_trail(struct ent_daemon *d)
{
    struct ent_seed32 trail;
    if (!d->keys->have)
        return;
    ent_node_seed(&trail, &d->keys->node, ENT_NODE_TRAIL, 0);
    for (size_t i = 0; i < d->n; i++)
        if (d->child[i].at.process == ENT_PROCESS_KEEPER && d->child[i].ready)
            (void)!ent_channel_note(d->child[i].control, ENT_CONTROL_TRAIL,
                                    ent_slice(trail.b, sizeof(trail.b)), -1);
    ent_wipe(&trail, sizeof(trail));
}

/* --- what children say --------------------------------------------------------------------------
 */

/* All are there. With the lock held; *ret is what to announce. */
static bool is_whole(const struct ent_daemon *d, struct ent_daemon_ports *ret)
{
    bool match = false;
    if (!d->serving || !d->first)
        return false;
    for (size_t i = 0; i < d->n; i++) {
        const struct child *c = &d->child[i];
        match = match || (c->at.process == ENT_PROCESS_MATCH && c->ready);
        if (c->at.process != ENT_PROCESS_MATCH && !c->ready)
            return false;
        if (c->at.process == ENT_PROCESS_FRONT) {
            *ret =
                (struct ent_daemon_ports){.port = c->told.port, .users_port = c->told.users_port};
            memcpy(ret->fingerprint, c->told.fingerprint, sizeof(ret->fingerprint));
        }
    }
    memcpy(ret->link, d->link, sizeof(ret->link));
    return match;
}

/* For the first time to everybody, after a reload to the service manager. */
static void announce(struct ent_daemon *d)
{
    struct ent_daemon_ports ports = {0};
    (void)pthread_mutex_lock(&d->lock);
    bool whole = is_whole(d, &ports);
    bool first = whole && !d->announced, again = whole && d->reloading;
    d->announced = d->announced || whole;
    d->reloading = d->reloading && !whole;
    (void)pthread_mutex_unlock(&d->lock);
    if (whole)
        ent_daemon_write_processes(d);
    enum ent_err r = first ? d->o.ready(d->o.ctx, &ports) : ENT_OK;
    ent_wipe(&ports, sizeof(ports));
    if (r != ENT_OK)
        ent_daemon_end(d, r);
    else if (first || again)
        ent_daemon_notify(d, "READY=1");
}

static enum ent_err take_ready(struct child *c, const struct ent_ready *ready)
{
    struct ent_daemon *d = c->d;
    (void)pthread_mutex_lock(&d->lock);
    if (c->ready || c->control == NULL) { /* NULL: it has ended since */
        enum ent_err r = c->ready ? ENT_E_STATE : ENT_OK;
        (void)pthread_mutex_unlock(&d->lock);
        return r;
    }
    c->told = *ready;
    c->ready = true;
    c->born = 0;
    if (c->at.process == ENT_PROCESS_FRONT) {
        d->port = ready->port;
        d->users_port = ready->users_port;
    }
    for (size_t i = 0; i < d->n; i++)
        if (&d->child[i] != c && d->child[i].ready)
            link_two(c, &d->child[i]);
    if (c->at.process == ENT_PROCESS_KEEPER)
        tell_trail(d);
    d->changed = true;
    (void)pthread_mutex_unlock(&d->lock);
    announce(d);
    return ENT_OK;
}

/* With the lock held: those who are to have them are told to end, and begin with them. */
static void use_keys(struct ent_daemon *d)
{
    for (size_t i = 0; i < d->n; i++) {
        struct child *c = &d->child[i];
        if (!needs_keys(c))
            continue;
        if (c->unborn >= 0) {
            int fd = c->unborn;
            c->unborn = -1;
            if (bear(c, fd) != ENT_OK)
                ent_supervisor_kill(d->supervisor, i);
        } else if (c->control != NULL) {
            (void)!ent_channel_note(c->control, ENT_CONTROL_STOP, ent_slice(NULL, 0), -1);
        }
    }
    tell_trail(d);
}

static void take_wants(struct child *c, const struct ent_book_wants *w)
{
    struct ent_daemon *d = c->d;
    struct keys *fresh = ent_secret_alloc(sizeof(*fresh));
    (void)pthread_mutex_lock(&d->lock);
    bool same = d->keys->have && ent_book_wants_met(&d->keys->wants, w);
    bool first = !d->keys->have;
    (void)pthread_mutex_unlock(&d->lock);
    enum ent_err r = fresh == NULL ? ENT_E_NOMEM : ENT_OK;
    if (r == ENT_OK && !same)
        r = d->o.unlock(d->o.ctx, w, &fresh->book, &fresh->node);
    if (r == ENT_OK && !same) {
        fresh->wants = *w;
        fresh->have = true;
        (void)pthread_mutex_lock(&d->lock);
        *d->keys = *fresh;
        use_keys(d);
        (void)pthread_mutex_unlock(&d->lock);
        if (!first)
            ent_daemon_say(d, ENT_LEVEL_INFO, "keys-changed",
                           "the pact has new keys of this member, and they are in use");
    } else if (r != ENT_OK) {
        if (!first)
            ent_daemon_say(
                d, ENT_LEVEL_ALERT, "keys-changed",
                "the pact has new keys of this member, and they cannot be unlocked here: "
                "nothing is signed with the old ones; start again");
        ent_daemon_end(d, r);
    }
    ent_secret_free(fresh);
}

static void take_liar(struct child *c, const struct ent_liar *liar)
{
    struct ent_daemon *d = c->d;
    (void)pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->n; i++) {
        const struct child *it = &d->child[i];
        if (it->at.process != liar->at.process || it->at.index != liar->at.index ||
            ent_link_protocol(c->at.process, it->at.process) == NULL)
            continue;
        struct ent_report r;
        ent_report_init(&r, ENT_LEVEL_ALERT, "process-lied");
        ent_report_text(&r, "process", ent_process_word(it->at.process));
        ent_report_number(&r, "pid", (uint64_t)it->pid);
        ent_report_text(&r, "says", ent_process_word(c->at.process));
        ent_report_text(&r, "cause", liar->why);
        ent_reporter_say(d->o.reporter, &r);
        ent_supervisor_kill(d->supervisor, i);
    }
    (void)pthread_mutex_unlock(&d->lock);
}

/* The first one, before all were there: people want to read it where they started us. */
static void take_failure(struct ent_daemon *d, struct ent_slice bytes)
{
    struct ent_report r;
    if (ent_report_parse(&r, bytes) != ENT_OK ||
        !ent_slice_eq(r.event, ENT_SLICE_LIT("process-failed")) || r.n < 2 ||
        r.field[0].is_number || r.field[1].is_number)
        return;
    (void)pthread_mutex_lock(&d->lock);
    bool first = !d->announced && !d->said;
    d->said = d->said || first;
    (void)pthread_mutex_unlock(&d->lock);
    if (first)
        d->o.failed(d->o.ctx, r.field[0].text, r.field[1].text);
}

static void note(void *ctx, struct ent_msg *m)
{
    struct child *c = ctx;
    struct ent_daemon *d = c->d;
    const struct ent_slice bytes = ent_buf_slice(&m->bytes);
    struct ent_ready ready;
    struct ent_book_wants wants;
    struct ent_liar liar;
    struct ent_hash32 link;
    enum ent_err r = ENT_OK;
    switch (m->type) {
    case ENT_CONTROL_READY:
        if ((r = ent_ready_parse(&ready, bytes)) == ENT_OK)
            r = take_ready(c, &ready);
        break;
    case ENT_CONTROL_WANT:
        if ((r = ent_wants_parse(&wants, bytes)) == ENT_OK)
            take_wants(c, &wants);
        break;
    case ENT_CONTROL_LIAR:
        if ((r = ent_liar_parse(&liar, bytes)) == ENT_OK)
            take_liar(c, &liar);
        break;
    case ENT_CONTROL_FIRST:
        /* Or nothing. It is shown on a terminal, so it is one, whoever sends it. */
        if (bytes.n > 0 && (r = ent_secret_hash(&link, bytes, "entl_")) != ENT_OK)
            break;
        (void)pthread_mutex_lock(&d->lock);
        if (bytes.n > 0)
            memcpy(d->link, bytes.p, sizeof(d->link) - 1);
        d->first = true;
        (void)pthread_mutex_unlock(&d->lock);
        announce(d);
        break;
    case ENT_CONTROL_SERVING:
    case ENT_CONTROL_DRAINED:
        (void)pthread_mutex_lock(&d->lock);
        d->serving = d->serving || m->type == ENT_CONTROL_SERVING;
        d->drained = d->drained || m->type == ENT_CONTROL_DRAINED;
        (void)pthread_mutex_unlock(&d->lock);
        announce(d);
        break;
    default:
        take_failure(d, bytes);
        r = ent_reporter_take(d->o.reporter, c->at.process, bytes);
    }
    if (r != ENT_OK)
        fault(c, r,
              &(struct ent_diag){.text = r == ENT_E_STATE ? "said twice that it is ready"
                                                          : "said what does not parse"});
}

/* Its channel died: by its end, or because it broke the rules. */
static void fault(void *ctx, enum ent_err why, const struct ent_diag *diag)
{
    struct child *c = ctx;
    if (why == ENT_E_PEER || why == ENT_E_INTERRUPTED)
        return;
    ent_daemon_say_child(c->d, ENT_LEVEL_ALERT, "process-lied", c, "cause",
                         diag->text != NULL ? diag->text : ent_err_str(why));
    ent_supervisor_kill(c->d->supervisor, (size_t)(c - c->d->child));
}

/* --- the supervisor's ---------------------------------------------------------------------------
 */

static enum ent_err started(void *ctx, size_t i, int channel)
{
    struct ent_daemon *d = ctx;
    struct child *c = &d->child[i];
    enum ent_err r = ENT_OK;
    (void)pthread_mutex_lock(&d->lock);
    if (needs_keys(c) && !d->keys->have)
        c->unborn = channel;
    else
        r = bear(c, channel);
    (void)pthread_mutex_unlock(&d->lock);
    return r;
}

static void say_end(struct ent_daemon *d, const struct child *c, const struct ent_proc_event *e)
{
    struct ent_report r;
    if (e->stopping || e->code == 0) /* its work was done */
        return;
    ent_report_init(&r, ENT_LEVEL_ALERT, "process-ended");
    ent_report_text(&r, "process", ent_process_word(c->at.process));
    ent_report_number(&r, "pid", (uint64_t)e->pid);
    if (e->signal != 0)
        ent_report_number(&r, "signal", (uint64_t)e->signal);
    else
        ent_report_number(&r, "code", (uint64_t)e->code);
    if (e->call[0] != '\0')
        ent_report_text(&r, "forbidden", e->call);
    ent_report_number(&r, "again-ms", e->restart_ms);
    ent_reporter_say(d->o.reporter, &r);
}

static void event(void *ctx, const struct ent_proc_event *e)
{
    struct ent_daemon *d = ctx;
    struct child *c = &d->child[e->index];
    if (e->what == ENT_PROC_STARTED) {
        struct ent_proc_seen seen;
        const bool there = ent_proc_look(&seen, e->pid) == ENT_OK;
        (void)pthread_mutex_lock(&d->lock);
        c->pid = e->pid;
        c->start = there ? seen.start : 0;
        (void)pthread_mutex_unlock(&d->lock);
    } else if (e->what == ENT_PROC_ENDED) {
        if (!e->stopping && e->code != 0)
            ent_count_add(d->o.counts, ENT_COUNT_RESTARTS, c->at.process, 1);
        (void)pthread_mutex_lock(&d->lock);
        struct ent_channel *control = c->control;
        c->control = NULL;
        d->changed = d->changed || c->ready;
        c->ready = false;
        c->born = 0;
        if (c->unborn >= 0)
            (void)close(c->unborn);
        c->unborn = -1;
        const bool announced = d->announced;
        (void)pthread_mutex_unlock(&d->lock);
        ent_channel_free(control);
        say_end(d, c, e);
        if (!announced && e->code == ENT_PROCESS_FAILED)
            ent_daemon_end(d, ENT_E_STATE); /* it would not go better the next time */
    } else {
        ent_daemon_say_child(d, ENT_LEVEL_ALERT, "process-given-up", c, NULL, NULL);
    }
}

static void ask(void *ctx, size_t i)
{
    struct ent_daemon *d = ctx;
    (void)pthread_mutex_lock(&d->lock);
    if (d->child[i].control != NULL)
        (void)!ent_channel_note(d->child[i].control, ENT_CONTROL_STOP, ent_slice(NULL, 0), -1);
    else /* not born yet */
        ent_supervisor_kill(d->supervisor, i);
    (void)pthread_mutex_unlock(&d->lock);
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static void add_child(struct ent_daemon *d, enum ent_process process, unsigned index)
{
    d->role[d->n] = ent_process_word(process);
    d->child[d->n] = (struct child){.d = d, .at = {process, index}, .unborn = -1};
    d->n++;
}

/* What a node of before left is in nobody's way, nor is what nobody can read. */
static enum ent_err be_alone(struct ent_daemon *d, struct ent_diag *diag)
{
    struct ent_node_state there;
    enum ent_err r = ent_node_look(&there, NULL, d->home);
    if (r == ENT_OK && there.runs)
        return ent_fail(diag, ENT_E_EXISTS, "another node runs in this home", 0, 0);
    ent_daemon_write_processes(d);
    return ENT_OK;
}

static enum ent_err start(struct ent_daemon *d, struct ent_diag *diag)
{
    add_child(d, ENT_PROCESS_KEEPER, 0);
    add_child(d, ENT_PROCESS_LEDGER, 0);
    add_child(d, ENT_PROCESS_API, 0);
    add_child(d, ENT_PROCESS_SIGNER, 0);
    add_child(d, ENT_PROCESS_FRONT, 0);
    for (unsigned i = 0; i < d->config.match_workers && i < ENT_PLACES; i++)
        add_child(d, ENT_PROCESS_MATCH, i);
    const struct ent_supervisor_opts o = {
        .roles = d->role, .n = d->n, .started = started, .event = event, .ask = ask, .ctx = d};
    d->keys = ent_secret_alloc(sizeof(*d->keys));
    d->birth = ent_secret_alloc(sizeof(*d->birth));
    if (d->keys == NULL || d->birth == NULL)
        return ent_fail(diag, ENT_E_NOMEM, "out of memory", 0, 0);
    memset(d->keys, 0, sizeof(*d->keys));
    return ent_supervisor_new(&d->supervisor, diag, &o);
}

static enum ent_err run(struct ent_daemon *d, struct ent_diag *diag)
{
    pthread_t t;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    enum ent_err r = pthread_create(&t, NULL, ent_daemon_signals, d) == 0
                         ? ENT_OK
                         : ent_fail(diag, ENT_E_NOMEM, "cannot start a thread", 0, 0);
    if (r == ENT_OK) {
        r = ent_supervisor_run(d->supervisor, diag);
        ent_daemon_end(d, r);
        (void)pthread_join(t, NULL);
        r = r == ENT_OK ? d->failed : r;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

enum ent_err ent_daemon_run(struct ent_diag *diag, const struct ent_daemon_opts *opts)
{
    struct ent_daemon *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return ent_fail(diag, ENT_E_NOMEM, "out of memory", 0, 0);
    d->o = *opts;
    d->config = *opts->config;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_mutex_init(&d->listing, NULL);
    enum ent_err r = realpath(opts->home, d->home) != NULL
                         ? be_alone(d, diag)
                         : ent_fail_sys(diag, "cannot find the home");
    const bool alone = r == ENT_OK;
    if (r == ENT_OK)
        r = start(d, diag);
    if (r == ENT_OK)
        r = run(d, diag);
    if (alone)
        remove_processes(d);
    ent_supervisor_free(d->supervisor);
    ent_secret_free(d->keys);
    ent_secret_free(d->birth);
    ent_wipe(d->link, sizeof(d->link));
    (void)pthread_mutex_destroy(&d->listing);
    (void)pthread_mutex_destroy(&d->lock);
    free(d);
    return r;
}
