/*
 * sensor: where the bytes of logs come from. Files and compressed files, files that are followed
 * through rotation, directories, sockets, captures, the journal: all become chunks of streams.
 *
 * Promises: nothing is lost or given twice when a log is renamed, truncated, or copied and
 * truncated; memory does not depend on the input; a source that stalls stops no other; stopping
 * loses nothing that was read. docs/sensor.md says what each kind of source does.
 * Never: knows what is looked for, prints, or writes to what it reads.
 */
#ifndef ENT_SENSOR_SENSOR_H
#define ENT_SENSOR_SENSOR_H

#include "base/base.h"

/* Any number of sources, one thread at a time. */
struct ent_sensor;

struct ent_sensor_opts {
    bool follow;        /* go on where a source ends, until somebody stops */
    bool only_new;      /* with follow: pass over what lies there at the start */
    unsigned max_ratio; /* of compressed sources, see ent_input_open() */
    uint64_t whole;     /* give plain files of at least this size as ENT_CHUNK_FILE; 0: none */
};

enum ent_chunk_kind {
    ENT_CHUNK_BYTES, /* the next bytes of a stream */
    ENT_CHUNK_END,   /* a stream that gave bytes is over: whatever stood at its end is whole */
    ENT_CHUNK_FAIL,  /* the stream is over because of err, diag; the others go on */
    ENT_CHUNK_FILE,  /* a large plain file, fd, for the caller to pread(); the stream is over */
    ENT_CHUNK_IDLE,  /* nothing new within the time given, or a signal came */
    ENT_CHUNK_DONE   /* nothing will ever come again */
};

struct ent_chunk {
    enum ent_chunk_kind kind;
    unsigned stream;  /* small numbers, used again after END, FAIL or FILE */
    const char *path; /* of the log, or what the source is called; valid until the next call */
    struct ent_slice bytes;  /* valid until the next call */
    uint64_t offset;         /* of bytes in the log as it lies there (uncompressed) */
    uint64_t consumed, size; /* for progress: bytes of the file so far, and all; 0: unknown */
    int fd;                  /* valid until the next call */
    enum ent_err err;
    struct ent_diag diag;
};

ENT_MUST_USE enum ent_err ent_sensor_new(struct ent_sensor **ret,
                                         const struct ent_sensor_opts *opts);
/* Ends child processes and removes sockets. */
void ent_sensor_free(struct ent_sensor *s);

/* A file, FIFO, directory, or "-" for standard input. What is wrong with it (not there, no right to
 * read) is told by a chunk when its turn comes. */
ENT_MUST_USE enum ent_err ent_sensor_add(struct ent_sensor *s, const char *path);

/* The same for what must be a capture (pcap, pcapng). Others are recognised by their magic. */
ENT_MUST_USE enum ent_err ent_sensor_add_capture(struct ent_sensor *s, const char *path);

/* Listen where Suricata connects to ("filetype: unix_stream", or unix_dgram), until stopped.
 * ENT_E_EXISTS when something else is at path. */
ENT_MUST_USE enum ent_err ent_sensor_add_eve(struct ent_sensor *s, struct ent_diag *d,
                                             const char *path, bool datagrams);

/* The system's journal, through the program journalctl. */
ENT_MUST_USE enum ent_err ent_sensor_add_journal(struct ent_sensor *s, struct ent_diag *d);

/* What comes next, waiting for it at most timeout_ms. IDLE is said only after every source was
 * looked at. */
void ent_sensor_next(struct ent_sensor *s, struct ent_chunk *ret, unsigned timeout_ms);

#endif
