/*
 * disk.h: the real disk of ledger/disk.h, below one directory. Files are made with mode 0600 and
 * folders with 0700; both are in their folder for good before anything in them counts as synced.
 * Threads may share it; processes too, where each file has one writer at a time.
 */
#ifndef ENT_NODE_DISK_H
#define ENT_NODE_DISK_H

#include <pthread.h>
#include <sys/types.h>

#include "ledger/ledger.h"

#define ENT_DISK_OPEN_MAX 64u

struct ent_disk_file {
    int fd; /* -1: free */
    char name[ENT_DISK_NAME_MAX];
    dev_t dev;
    ino_t ino;
    unsigned users; /* threads in a call */
    uint64_t used;  /* when, in calls */
    bool dirty;     /* written, not synced */
    bool settled;   /* its folder was synced since it was opened */
    bool stale;     /* there is another file by this name now */
};

struct ent_disk_real {
    struct ent_disk disk; /* for those who use it */
    int dir;
    pthread_mutex_t lock; /* of what follows */
    uint64_t calls;
    struct ent_disk_file file[ENT_DISK_OPEN_MAX];
};

/* dir must be there. r must not move until it is closed. */
ENT_MUST_USE enum ent_err ent_disk_open(struct ent_disk_real *r, struct ent_diag *d,
                                        const char *dir);
void ent_disk_close(struct ent_disk_real *r);

#endif
