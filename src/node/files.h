/*
 * files.h: whoever opens files below one directory: for the disk of this process (struct
 * ent_disk_real), and for other processes (keeper_files.h).
 */
#ifndef ENT_NODE_FILES_H
#define ENT_NODE_FILES_H

#include "node/disk.h"

struct ent_files {
    struct ent_opener opener; /* for those who use it */
    int dir;
    int (*folder)(int dir, const char *path);
};

/* dir must be there; f must not move until it is closed. folder opens a folder below dir, "." too,
 * as open(2) does with O_DIRECTORY; NULL: wherever links lead. */
ENT_MUST_USE enum ent_err ent_files_open(struct ent_files *f, struct ent_diag *d, const char *dir,
                                         int (*folder)(int dir, const char *path));
void ent_files_close(struct ent_files *f);

/* A disk whose files this process opens by itself. */
struct ent_disk_real {
    struct ent_disk disk; /* for those who use it */
    struct ent_files files;
    struct ent_disk_cache cache;
};

/* dir must be there. r must not move until it is closed. */
ENT_MUST_USE enum ent_err ent_disk_open(struct ent_disk_real *r, struct ent_diag *d,
                                        const char *dir);
void ent_disk_close(struct ent_disk_real *r);

#endif
