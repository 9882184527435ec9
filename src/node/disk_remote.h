/*
 * disk_remote.h: the disk of ledger/disk.h for a process that may open no files: whoever may is
 * asked (keeper_files.h), and hands over descriptors, through which this process reads, writes,
 * syncs and locks. Nothing that fails on the way is taken for a file that is not there: it is
 * ENT_E_IO, with ENOTCONN in errno when whoever is asked has gone.
 */
#ifndef ENT_NODE_DISK_REMOTE_H
#define ENT_NODE_DISK_REMOTE_H

#include "node/disk.h"
#include "node/service.h"

struct ent_disk_remote {
    struct ent_disk disk; /* for those who use it */
    struct ent_caller keeper;
    struct ent_opener opener;
    struct ent_disk_cache cache;
};

/* Asks a keeper of files (ent_keeper_files_serve()); r must not move until it is released. */
void ent_disk_remote_init(struct ent_disk_remote *r, const struct ent_caller *keeper);
void ent_disk_remote_release(struct ent_disk_remote *r);

#endif
