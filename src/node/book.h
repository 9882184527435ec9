/*
 * book.h: a member's book: its own log, and its view of everybody else's, in its home, under one
 * lock that threads and processes of this home share. Whatever this member says to others is said
 * through here: signed, in the log, durable, before its first byte leaves.
 *
 *     log/<generation>/      the own log (ledger/log.h)
 *     lock/<generation>/     the newest head ever signed; backups must not bring it back
 *     mirror/, exposed/      the others (ledger/view.h)
 *     heads/<64 hex>         what was seen of others' logs, as statements name it by its root
 *     withdrawn/<member>     a member's own word that it is gone (a delivery)
 *     book.lock              held by who reads or writes any of these
 */
#ifndef ENT_NODE_BOOK_H
#define ENT_NODE_BOOK_H

#include "ledger/ledger.h"
#include "node/home.h"

struct ent_book;

/* The keys that a book uses; copied into memory of its own. */
struct ent_book_keys {
    struct ent_keypair author;
    struct ent_seed32 log, witness, mirror;
};
/* author as it is; the others out of the node's seed, the log's for this generation. */
void ent_book_keys_derive(struct ent_book_keys *ret, const struct ent_seed32 *author,
                          const struct ent_seed32 *node, unsigned generation);

struct ent_book_opts {
    struct ent_home *home;            /* outlives the book, which keeps its pact up to date */
    const struct ent_book_keys *keys; /* NULL: reads only */
    void *ctx;
    void (*exposed)(void *ctx, const struct ent_misbehaviour *m); /* or NULL */
    /* A file below the home was damaged and comes back, from others or from what it was made of; or
     * NULL. With the lock held. */
    void (*mended)(void *ctx, const char *file);
};

/* ENT_E_POLICY for a home that is in no pact. */
ENT_MUST_USE enum ent_err ent_book_open(struct ent_book **ret, struct ent_diag *d,
                                        const struct ent_book_opts *opts);
void ent_book_close(struct ent_book *b);

/* Around every use of the home's pact, the log and the view's trees by a process with threads. The
 * same thread may take it again. Not while others are asked. When the file of the lock cannot be
 * locked, or unlocked, the process ends, with a line on standard error and this exit code. */
#define ENT_BOOK_LOST 5
void ent_book_lock(struct ent_book *b);
void ent_book_unlock(struct ent_book *b);

/* What other processes of this home did: versions of the pact, entries of the log. */
ENT_MUST_USE enum ent_err ent_book_refresh(struct ent_book *b, struct ent_diag *d,
                                           bool *ret_pact_changed);

/* This file is damaged, and there is another way to what it said: whether this book, which has
 * keys, may throw it away. Whoever opened it is told. */
bool ent_book_mend(struct ent_book *b, const char *file);

struct ent_home *ent_book_home(struct ent_book *b);
const struct ent_disk *ent_book_disk(struct ent_book *b);
struct ent_view *ent_book_view(struct ent_book *b);
struct ent_log *ent_book_log(struct ent_book *b);
unsigned ent_book_generation(const struct ent_book *b); /* of that log */

struct ent_act_wish {
    enum ent_statement_type type;
    const struct ent_hash32 *ref; /* what it answers, or NULL */
    const char *media;
    struct ent_slice body;
    int64_t now;
};

/*
 * Say it: sign the next statement of the sequence, append it, make it durable and sign the head
 * over it. Its act is appended to bytes, into which *ret points. Several threads at once become one
 * commit. ENT_E_STATE when this log may not sign, *d says why (ent_log_state_text()).
 */
ENT_MUST_USE enum ent_err ent_book_act(struct ent_book *b, struct ent_buf *bytes,
                                       struct ent_act *ret, uint64_t *ret_index, struct ent_diag *d,
                                       const struct ent_act_wish *wish);

/* The receipt of an own entry under the newest head with cosignatures that covers it, else under
 * the newest of all; with the statement inside, or without. */
ENT_MUST_USE enum ent_err ent_book_receipt(struct ent_book *b, struct ent_buf *bytes,
                                           struct ent_diag *d, uint64_t index, bool with_entry);

/* The own act at this index as it travels: with its receipt (ledger/delivery.h). */
ENT_MUST_USE enum ent_err ent_book_deliver(struct ent_book *b, struct ent_buf *bytes,
                                           struct ent_diag *d, uint64_t index);

/* An act that came from its author, or from whoever has it: the signature, the place in its log,
 * the head above it, and that this head fits what is known of the log (the errors of
 * ent_view_fits(): ENT_E_STATE when it is newer than that). *ret points into bytes. */
struct ent_delivery;
ENT_MUST_USE enum ent_err ent_book_receive(struct ent_book *b, struct ent_delivery *ret,
                                           struct ent_diag *d, struct ent_slice bytes);

/* --- who has left (withdrawal.c) -----------------------------------------------------------------
 */

/* Whether these words, the signed statement or its delivery, are a withdrawal of this member that
 * counts: signed by its author key of that place, in the newest log that the pact has of it, and at
 * no place in dispute. */
bool ent_withdrawal_counts(const struct ent_roster *roster, const char *member,
                           struct ent_slice said);
/* Whether this member has said so (oneself too). */
bool ent_book_is_withdrawn(struct ent_book *b, const char *member);
/* ENT_E_EXISTS while one that counts is kept. */
ENT_MUST_USE enum ent_err ent_book_keep_withdrawal(struct ent_book *b, struct ent_diag *d,
                                                   const char *member, struct ent_slice said);

#endif
