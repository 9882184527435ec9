/*
 * service.h: how the processes of a node ask each other. A service is an object and a function that
 * takes one request and fills one answer; what carries the bytes between is a channel, or for tests
 * and commands a plain call. Each service's header has its messages, and the rows that they have in
 * the table of the channel (proc/msg.h).
 *
 *     front    sockets, TLS and HTTP of both ports, and of calls to members   (front.h)
 *     api      parses what users and tools send, renders what they get        (portal.h)
 *     ledger   parses what members send: log, witnessing, pact, offers        (ledger_role.h)
 *     match    one run of one match, or one of a quorum (runner.h, seeker.h, quorum_work.h)
 *     keeper   the store and the files of the home                            (desk.h, api_desk.h)
 *     signer   the keys                                                       (signer_wire.h)
 *     parent   starts them, and writes the log                                (daemon.h)
 */
#ifndef ENT_NODE_SERVICE_H
#define ENT_NODE_SERVICE_H

#include "proc/proc.h"

/* Roles in the table of messages. */
enum ent_process {
    ENT_PROCESS_PARENT,
    ENT_PROCESS_FRONT,
    ENT_PROCESS_API,
    ENT_PROCESS_LEDGER,
    ENT_PROCESS_MATCH,
    ENT_PROCESS_KEEPER,
    ENT_PROCESS_SIGNER
};
#define ENT_PROCESSES 7

/* Types of messages: each service numbers its own from here. */
enum {
    ENT_MSG_CONTROL = 0x0100, /* parent and any */
    ENT_MSG_FILES = 0x0200,   /* ledger to keeper: files of the home */
    ENT_MSG_DESK = 0x0300,    /* ledger and match to keeper: what a match needs of the store */
    ENT_MSG_API = 0x0400,     /* api to keeper; ledger to keeper: whose a handle is */
    ENT_MSG_SIGN = 0x0500,    /* ledger to signer */
    ENT_MSG_FRONT = 0x0600,   /* front to ledger and api; ledger to front */
    ENT_MSG_RUN = 0x0700,     /* ledger to match */
    ENT_MSG_BOOK = 0x0800,    /* api to ledger */
    ENT_MSG_COUNT = 0x0900,   /* what is counted, and what is told */
    ENT_MSG_SEEK = 0x0a00,    /* ledger to match: a run as the asker */
    ENT_MSG_QUORUM = 0x0b00   /* ledger to match: a run of a quorum */
};

/* Takes one request, fills ret->bytes (empty, with the row's maximum) and, where the row says so,
 * ret->fd: the shape of struct ent_channel_opts.serve. An error is the refusal. Many at once. */
typedef enum ent_err ent_service(void *service, struct ent_msg *ret, struct ent_msg *call);

/* Whoever asks. *ret is the asker's to release, after ENT_OK. ENT_E_PEER: the other process is not
 * there, and nobody knows whether it did what it was asked. Many at once. */
struct ent_caller {
    void *ctx;
    enum ent_err (*call)(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload);
};

/* A service in this process: max is the most bytes of an answer. */
struct ent_direct {
    ent_service *serve;
    void *service;
    size_t max;
};
struct ent_caller ent_caller_direct(struct ent_direct *d);

#endif
