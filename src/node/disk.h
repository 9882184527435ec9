/*
 * disk.h: the real disk of ledger/disk.h: files that are kept open, below one directory, by whoever
 * may open them: this process (files.h), or another that hands descriptors to it (disk_remote.h).
 * Files are made with mode 0600 and folders with 0700; both are in their folder for good before
 * anything in them counts as synced. Threads may share it; processes too, where each file has one
 * writer at a time.
 *
 * Who syncs: what is in a file, this disk does, through its descriptor. What is in a folder,
 * whoever opens files does: new folders before open() returns, the file's own by settle(), which
 * this disk asks for before the first write or sync.
 */
#ifndef ENT_NODE_DISK_H
#define ENT_NODE_DISK_H

#include <pthread.h>
#include <sys/types.h>

#include "ledger/ledger.h"

#define ENT_DISK_OPEN_MAX 64u
#define ENT_DISK_LOCKS    4u

enum ent_open_how {
    ENT_OPEN_READ,
    ENT_OPEN_WRITE,
    ENT_OPEN_MAKE, /* to write; it and its folders come to be */
    ENT_OPEN_LOCK  /* to lock; likewise */
};

struct ent_file_id {
    uint64_t dev, ino;
};

/* Who may open files. Names are valid (ent_disk_name_is_valid()). Functions may come from many
 * threads at once; errno tells more about ENT_E_IO. */
struct ent_opener {
    void *ctx;
    /* A regular file, never a link to one, nor a pipe; the caller closes *ret_fd. */
    enum ent_err (*open)(void *ctx, int *ret_fd, const char *name, enum ent_open_how how);
    /* Which file has this name now; ENT_E_NOTFOUND: none. */
    enum ent_err (*identify)(void *ctx, struct ent_file_id *ret, const char *name);
    /* fsync the folder that the file is in. */
    enum ent_err (*settle)(void *ctx, const char *name);
    /* As those of struct ent_disk. */
    enum ent_err (*replace)(void *ctx, const char *name, struct ent_slice bytes);
    enum ent_err (*create)(void *ctx, const char *name, struct ent_slice bytes);
    enum ent_err (*remove)(void *ctx, const char *name);
    enum ent_err (*list)(void *ctx, struct ent_buf *ret, const char *folder);
};

struct ent_disk_file {
    int fd; /* -1: free */
    char name[ENT_DISK_NAME_MAX];
    struct ent_file_id id;
    unsigned users; /* threads in a call */
    uint64_t used;  /* when, in calls */
    bool writes;    /* the descriptor may */
    bool dirty;     /* written, not synced */
    bool settled;   /* its folder was synced since it was opened */
    bool stale;     /* there is another file by this name now */
};

/* Locks belong to descriptors, so these stay open. */
struct ent_disk_lock_file {
    int fd; /* -1: free */
    bool held;
    char name[ENT_DISK_NAME_MAX];
};

struct ent_disk_cache {
    struct ent_disk disk; /* for those who use it */
    const struct ent_opener *opener;
    pthread_mutex_t lock; /* of what follows */
    uint64_t calls;
    struct ent_disk_file file[ENT_DISK_OPEN_MAX];
    struct ent_disk_lock_file locked[ENT_DISK_LOCKS];
};

/* The opener outlives it; c must not move until it is released. */
void ent_disk_cache_init(struct ent_disk_cache *c, const struct ent_opener *opener);
void ent_disk_cache_release(struct ent_disk_cache *c);

#endif
