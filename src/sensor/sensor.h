/*
 * sensor: where the bytes of logs come from. Files and compressed files, files that are followed
 * through rotation, directories, sockets, captures, the journal: all become chunks of streams.
 *
 * Promises: nothing is lost or given twice when a log is renamed, truncated, or copied and
 * truncated; memory does not depend on the input; a source that stalls stops no other; stopping
 * loses nothing that was read.
 * Never: knows what is looked for, prints, or writes to what it reads.
 */
#ifndef ENT_SENSOR_SENSOR_H
#define ENT_SENSOR_SENSOR_H

#include "base/base.h"

/* Any number of sources, one thread at a time. */
struct ent_sensor;

enum ent_chunk_kind {
    ENT_CHUNK_BYTES, /* the next bytes of a stream */
    ENT_CHUNK_END,   /* the stream is over: whatever stood at its end is whole */
    ENT_CHUNK_FAIL,  /* the stream is over because of err, diag; the others go on */
    ENT_CHUNK_IDLE   /* nothing new within the time given */
};

struct ent_chunk {
    enum ent_chunk_kind kind;
    unsigned stream;  /* small numbers, used again after END or FAIL */
    const char *path; /* of the log, or what the source is called; valid until the next call */
    struct ent_slice bytes; /* valid until the next call */
    uint64_t offset;        /* of bytes in the log as it lies there (uncompressed) */
    uint64_t consumed, size; /* for progress: bytes of the file read so far, and all; 0: unknown */
    enum ent_err err;
    struct ent_diag diag;
};

ENT_MUST_USE enum ent_err ent_sensor_new(struct ent_sensor **ret);
void ent_sensor_free(struct ent_sensor *s);

#endif
