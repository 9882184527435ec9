/*
 * source.h: the inside of struct ent_sensor, for the files of this folder. A source is whatever is
 * asked in its turn for the next bytes of its stream; one that is not ready is passed over.
 */
#ifndef ENT_SENSOR_SOURCE_H
#define ENT_SENSOR_SOURCE_H

#include "sensor/sensor.h"

#include <limits.h>

#define ENT_SENSOR_READ (256u << 10)
#define ENT_SENSOR_TAIL 256u  /* what a followed file is recognised by */
#define ENT_SENSOR_LIVE 4096u /* sources at a time */

/* For ent_source_ops.fd: there is nothing to poll. */
#define ENT_FD_READY (-1) /* there is always something, or the end */
#define ENT_FD_ASK   (-2) /* ask in each round */
#define ENT_FD_NEVER (-3) /* not for now */

struct ent_source;

struct ent_source_ops {
    /* Fills in the kind (IDLE when there is nothing), and what belongs to it but stream and path.
     * Sets over in the source when it will give nothing more. */
    void (*next)(struct ent_source *src, struct ent_chunk *ret);
    int (*fd)(const struct ent_source *src);
    void (*free)(struct ent_source *src);
};

/* The first member of each kind of source. */
struct ent_source {
    const struct ent_source_ops *ops;
    struct ent_sensor *s;
    char *path;
    unsigned stream; /* ENT_NO_STREAM until something came */
    bool over;
};
#define ENT_NO_STREAM UINT_MAX

struct ent_pending; /* what waits for its turn */
struct ent_follow;  /* the names that are followed */

struct ent_sensor {
    struct ent_sensor_opts o;
    struct ent_source *live[ENT_SENSOR_LIVE];
    size_t n, at;               /* at: whose turn it is */
    bool used[ENT_SENSOR_LIVE]; /* streams */
    struct ent_pending *pending;
    struct ent_source *turn; /* the source that was pending */
    struct ent_follow *follow;
    bool ready[ENT_SENSOR_LIVE];                    /* of live[], in this round */
    uint8_t buf[ENT_SENSOR_TAIL + ENT_SENSOR_READ]; /* for whoever has its turn */
};

/* n bytes of a new source with these operations, put among the live ones. */
ENT_MUST_USE enum ent_err ent_source_new(struct ent_source **ret, struct ent_sensor *s, size_t n,
                                         const struct ent_source_ops *ops, const char *path);
/* For ent_source_ops.next: the source is over because of e. */
void ent_source_fail(struct ent_source *src, struct ent_chunk *ret, enum ent_err e,
                     const struct ent_diag *d);

/* file.c: what is read once. They take fd over. */
enum ent_file_how {
    ENT_FILE_NAMED,   /* somebody named it */
    ENT_FILE_FOUND,   /* it was in a directory: passed over when it is binary */
    ENT_FILE_CAPTURE, /* it must be a capture */
};
ENT_MUST_USE enum ent_err ent_file_source(struct ent_source **ret, struct ent_sensor *s, int fd,
                                          const char *path, enum ent_file_how how);
/* A source that only says what was wrong with path. */
ENT_MUST_USE enum ent_err ent_failed_source(struct ent_source **ret, struct ent_sensor *s,
                                            const char *path, enum ent_err e,
                                            const struct ent_diag *d);
/* Whether bytes that begin like this are no text. */
bool ent_looks_binary(struct ent_slice begun);
/* Whether they are compressed or a capture, and so are read once even when followed. */
bool ent_is_packed(struct ent_slice begun);

/* directory.c: the names of regular files in a directory, in order, without those passed over:
 * hidden ones, our own output, and packed ones beside the file they were made from (all packed ones
 * when no_packed). */
struct ent_names {
    char **name;
    size_t n, cap;
};
ENT_MUST_USE enum ent_err ent_directory_read(struct ent_names *ret, struct ent_diag *d,
                                             const char *path, bool no_packed);
void ent_names_release(struct ent_names *names);
/* Whether this file is our own standard output or error: reading it would never end. */
struct stat;
bool ent_is_output(const struct stat *st);
/* Whether the name is what rotation makes of base: base, a dot or hyphen, digits, nothing that is
 * no number or ending of a compressed file. */
bool ent_is_rotated_name(const char *name, const char *base);

/* follow.c */
ENT_MUST_USE enum ent_err ent_follow_add(struct ent_sensor *s, const char *path);
void ent_follow_free(struct ent_follow *f);
/* Look at all names, when something happened to them or when it was long ago, or if now. */
void ent_follow_look(struct ent_sensor *s, bool now);
int ent_follow_fd(const struct ent_follow *f); /* -1: there is nothing to poll */

#endif
