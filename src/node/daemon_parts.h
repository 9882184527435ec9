/* daemon_parts.h: what the parent's files share; for them alone. */
#ifndef ENT_NODE_DAEMON_PARTS_H
#define ENT_NODE_DAEMON_PARTS_H

#include "node/node.h"

#include "node/counts.h"
#include "node/daemon.h"
#include "node/processes.h"
#include "node/protocol.h"

#include <pthread.h>

#define CHILDREN_MAX (5 + ENT_PLACES)

struct child {
    struct ent_daemon *d;
    struct ent_at at;
    pid_t pid;
    uint64_t start; /* of the process, as the kernel tells it */
    int unborn;     /* its channel, while it waits for keys; else -1 */
    struct ent_channel *control;
    uint64_t born; /* ns; 0: not, or ready, or given up */
    bool ready;
    struct ent_ready told;
};

struct ent_daemon {
    struct ent_daemon_opts o;
    struct ent_config config;
    char home[ENT_PATH_MAX]; /* from / on: the others are elsewhere */
    pthread_mutex_t listing; /* one writes `processes` at a time; taken before lock */
    struct ent_supervisor *supervisor;
    const char *role[CHILDREN_MAX];
    struct child child[CHILDREN_MAX];
    size_t n;

    pthread_mutex_t lock;
    struct keys {
        struct ent_book_wants wants;
        struct ent_book_keys book;
        struct ent_seed32 node;
        bool have;
    } * keys;                  /* secret memory */
    struct ent_birth *birth;   /* the same, to fill */
    char link[ENT_LINK_TEXT];  /* secret */
    uint16_t port, users_port; /* that the front took, where it was free to */
    bool first, serving, announced, reloading, drained, ending, said;
    bool changed; /* who runs: `processes` is to be written again */
    enum ent_err failed;
};

/* daemon.c: the log */
void ent_daemon_say(struct ent_daemon *d, enum ent_level level, const char *event,
                    const char *cause);
void ent_daemon_say_child(struct ent_daemon *d, enum ent_level level, const char *event,
                          const struct child *c, const char *key, const char *text);
/* To the service manager. */
void ent_daemon_notify(struct ent_daemon *d, const char *text);
/* Who runs, for `entente status`. Not with the lock held: the disk may be slow. */
void ent_daemon_write_processes(struct ent_daemon *d);
/* All are told to end; `why` is what ent_daemon_run() returns, unless there was a reason before. */
void ent_daemon_end(struct ent_daemon *d, enum ent_err why);

/* daemon_birth.c: what a child is given at its birth, whole, in d->birth. With the lock held. */
enum ent_err ent_daemon_fill(struct ent_daemon *d, const struct child *c);

/* daemon_signals.c: the thread that waits for signals, and for time to pass; until the end. */
void *ent_daemon_signals(void *daemon);

#endif
