/*
 * birth.h: what a process of a node is to be: written by the parent into the channel before
 * anything else, and read before the process enters its sandbox, without a thread. Each has what
 * its role needs and zeros for the rest; keys and home are for those who need them alone.
 *
 * Both ends are the same program, so it goes as it lies in memory.
 */
#ifndef ENT_NODE_BIRTH_H
#define ENT_NODE_BIRTH_H

#include <sys/types.h>

#include "node/book.h"
#include "node/config.h"
#include "node/control.h"

#define ENT_BIRTH_PEM 65536u

struct ent_birth {
    struct ent_at self;
    char name[ENT_NAME_MAX + 1]; /* of the member */
    struct ent_config config;    /* what of it this role uses */
    uid_t uid;                   /* whom to become, where the parent is root */
    gid_t gid;
    bool pad;                                  /* match */
    char home[ENT_PATH_MAX];                   /* keeper */
    struct ent_seed32 trail;                   /* keeper, later: of the audit log */
    char hook_secret[ENT_HOOK_SECRET_MAX + 1]; /* keeper: the webhook's, or "" */
    struct ent_book_keys keys;                 /* signer */
    struct ent_seed32 tls;                     /* front: of the members' port */
    struct ent_seed32 web;                     /* front: of a certificate of our own making */
    char cert_pem[ENT_BIRTH_PEM], key_pem[ENT_BIRTH_PEM]; /* front: the operator's, or "" */
};

/* ENT_E_PEER when the child is gone already, or does not read. */
ENT_MUST_USE enum ent_err ent_birth_send(int channel, const struct ent_birth *b);
/* Into secret memory; free it with ent_secret_free(). NULL when the parent is gone. */
ENT_MUST_USE struct ent_birth *ent_birth_receive(int channel);

#endif
