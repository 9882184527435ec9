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
 *     lock/boundary          how far the own log may go while a change of its keys is voted on
 *     book.lock              held by who reads or writes any of these
 */
#ifndef ENT_NODE_BOOK_H
#define ENT_NODE_BOOK_H

#include "ledger/ledger.h"
#include "node/home.h"

struct ent_book;

/* The keys that a book uses, copied into the memory of its signer. Which of the author keys signs
 * is a matter of the place in the log, and one that is missing says nothing. */
#define ENT_BOOK_AUTHORS 2u
struct ent_book_keys {
    struct ent_keypair author[ENT_BOOK_AUTHORS];
    size_t authors;
    struct ent_seed32 log, witness, mirror;
};
/* author as it is, the only one; the others out of the node's seed, the log's for this generation.
 */
void ent_book_keys_derive(struct ent_book_keys *ret, const struct ent_seed32 *author,
                          const struct ent_seed32 *node, unsigned generation);
/* The author key before the newest, while there are places left that are its own; NULL when it is
 * not needed, or not known. */
const struct ent_pubkey *ent_home_author_before(const struct ent_home *h);
/* Which keys a book needs, by what others know them. */
struct ent_book_wants {
    struct ent_pubkey author[ENT_BOOK_AUTHORS];
    size_t authors;
    struct ent_pubkey node;
    unsigned generation; /* of the log */
};
void ent_home_book_wants(const struct ent_home *h, struct ent_book_wants *ret);
/* Whether who has the keys of `have` has those of `w`: once all places of an author key are taken,
 * it is wanted no more. */
bool ent_book_wants_met(const struct ent_book_wants *have, const struct ent_book_wants *w);
/* All that a book and its connections need, unlocked; of the home its key files alone. An author
 * key before the newest may be gone. *ret_which: the key that *d is about. */
ENT_MUST_USE enum ent_err ent_home_book_keys(const struct ent_home *h, struct ent_book_keys *ret,
                                             struct ent_seed32 *ret_node, struct ent_diag *d,
                                             const struct ent_book_wants *wants,
                                             struct ent_slice passphrase, const char **ret_which);

struct ent_book_opts {
    struct ent_home *home;            /* outlives the book, which keeps its pact up to date */
    const struct ent_book_keys *keys; /* for a signer of its own; or NULL */
    /* Instead: one that is elsewhere, outlives the book, and is told of the newest version of the
     * pact. Neither: reads only. */
    const struct ent_signer *signer;
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

/* What other processes of this home did: versions of the pact, entries of the log. Where the newest
 * version lists a new log of ours, the book is about that from then on. */
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

/* The home has a newer version of the pact. */
ENT_MUST_USE enum ent_err ent_book_follow(struct ent_book *b, struct ent_diag *d);

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

/* Whether anything but votes can be said now; *d says why not, as ent_book_act() would. */
ENT_MUST_USE enum ent_err ent_book_may_say(struct ent_book *b, struct ent_diag *d);

/* After a change of the author key: say what is left of the places of the old one, with it, so that
 * the new one signs whatever comes: heads alone. Done by itself before the next act. */
ENT_MUST_USE enum ent_err ent_book_settle(struct ent_book *b, struct ent_diag *d);
#define ENT_BOOK_SETTLE 4096u /* places; where more are left, the old key goes on */

/* --- changes of our own keys (boundary.c) --------------------------------------------------------
 */

/* Places are counted over all logs of this member; ENT_INDEX_NONE: none. */
struct ent_boundary {
    uint64_t version; /* of the pact, the next one */
    uint64_t until;   /* nothing is said from there on: the author key may end there */
    uint64_t close;   /* nothing but votes is said from there on: the log may end there */
};
#define ENT_BOUNDARY_VOTES                                                                         \
    64u /* places before `until` that are kept for votes: more nobody keeps */
ENT_MUST_USE enum ent_err ent_book_boundary(struct ent_book *b, struct ent_boundary *ret,
                                            struct ent_diag *d);
/* Durable, before anything is said that others may hold us to; never taken back but by a decision.
 */
ENT_MUST_USE enum ent_err ent_book_stop_at(struct ent_book *b, struct ent_diag *d, uint64_t until,
                                           uint64_t close);
/* Before a vote for this text: stop where it would have us stop. ENT_E_POLICY for one that says of
 * our log what is not so, or would make what we said in it two statements with one number. */
ENT_MUST_USE enum ent_err ent_book_bind(struct ent_book *b, struct ent_diag *d,
                                        const struct ent_pact *next);

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
