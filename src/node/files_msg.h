/*
 * files_msg.h: what a process that may open no files asks of one that may, as bytes; what it is
 * that is asked is the type of the message. All numbers are little-endian; there is one form of
 * each message, and encode(parse(x)) == x.
 *
 *     request   u8 length of the name, the name; replace and create: the bytes, to the end
 *     answer    u8 enum ent_err; after an error u8 errno, or 0; after ENT_OK
 *               open: nothing, and a descriptor comes along
 *               identify: u64 device, u64 inode
 *               list: names, as struct ent_disk has them
 *               else: nothing
 */
#ifndef ENT_NODE_FILES_MSG_H
#define ENT_NODE_FILES_MSG_H

#include "node/disk.h"
#include "node/service.h"

#define ENT_FILES_BYTES_MAX  ((64u << 20) - 1024u) /* of a file in a request */
#define ENT_FILES_MSG_MAX    (ENT_FILES_BYTES_MAX + ENT_DISK_NAME_MAX)
#define ENT_FILES_ANSWER_MAX (ENT_DISK_LIST_MAX + 2u)

/* The type of the message is ENT_MSG_FILES and this. */
enum ent_files_what {
    ENT_FILES_READ, /* open, as enum ent_open_how */
    ENT_FILES_WRITE,
    ENT_FILES_MAKE,
    ENT_FILES_LOCK,
    ENT_FILES_IDENTIFY,
    ENT_FILES_SETTLE,
    ENT_FILES_REPLACE,
    ENT_FILES_CREATE,
    ENT_FILES_REMOVE,
    ENT_FILES_LIST
};
#define ENT_FILES_WHATS 10

/* The ledger may ask all of it, the signer what lies there. */
#define ENT_FILES_ROWS (2u * ENT_FILES_WHATS)
extern const struct ent_msg_row ent_files_rows[ENT_FILES_ROWS];

struct ent_files_request {
    enum ent_files_what what;
    char name[ENT_DISK_NAME_MAX]; /* a valid one */
    struct ent_slice bytes;       /* in the caller's memory; of replace and create */
};

/* ENT_E_LIMIT for too many bytes. */
ENT_MUST_USE enum ent_err ent_files_request_encode(struct ent_buf *ret,
                                                   const struct ent_files_request *q);
/* ENT_E_FORMAT for any other form, and for a name that is not valid. */
ENT_MUST_USE enum ent_err ent_files_request_parse(struct ent_files_request *ret,
                                                  enum ent_files_what what, struct ent_slice bytes);

struct ent_files_answer {
    enum ent_err err;
    int sys; /* errno, where the system failed; else 0 */
    struct ent_file_id id;
    struct ent_slice names; /* in the caller's memory */
};

ENT_MUST_USE enum ent_err ent_files_answer_encode(struct ent_buf *ret, enum ent_files_what what,
                                                  const struct ent_files_answer *a);
ENT_MUST_USE enum ent_err ent_files_answer_parse(struct ent_files_answer *ret,
                                                 enum ent_files_what what, struct ent_slice bytes);

#endif
