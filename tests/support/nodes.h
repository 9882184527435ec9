/*
 * nodes.h: whole members in one process: homes, a pact that they founded, books, and a wire between
 * them that needs no network and may be cut. What a node answers is what its peer API answers.
 */
#ifndef ENT_TESTS_SUPPORT_NODES_H
#define ENT_TESTS_SUPPORT_NODES_H

#include "tests/support/t.h"

#include "node/node.h"

struct apart;

#define NODES_MOST 9u

struct node {
    struct ent_home *home;
    struct ent_book *book; /* NULL: closed, or in no pact */
    struct ent_peer *peer; /* what answers for it */
    struct ent_seed32 root, author, tls;
    struct ent_book_keys keys;
    struct ent_spki spki;
    struct mesh *mesh;   /* whom it reaches */
    bool off;            /* neither asks nor answers */
    struct apart *apart; /* where its keys and files are, which its book has not; or NULL */
};

struct mesh {
    struct node *node[NODES_MOST];
    size_t n;
};

/* A home below the test's directory, with open keys, in no pact. Whether its book has keys and
 * files itself is for the seed to say: it makes no difference. */
void node_make(struct node *n, const char *name);
void node_make_at(struct node *n, const char *name, const char *url); /* "-": no address */
/* From now on its book has neither keys nor files, and asks others for both (apart.h). Not while it
 * is open. */
void node_set_apart(struct node *n);
/* Close what is open of it, and forget it; its home stays on the disk. */
void node_free(struct node *n);

/* Book and peer: open, and closed again, as when a program starts and ends. */
void node_open(struct node *n);
void node_close(struct node *n);
/* The same home opened again, maybe from another folder by then. */
void node_reopen(struct node *n, const char *dir);

/* The same home in another folder, open there, too: neither knows of the other. It has heard of its
 * log from others, as the first has. */
void node_twin(struct node *ret, struct node *of, const char *dir);

/* Its home once more, with files of its own, as a command would open it. The caller frees it. */
struct ent_home *node_look(const struct node *n);

/* The same for its home: a copy of all that is in a folder of it, or in all of it (""). */
void node_copy(struct node *n, const char *folder, const char *to);
/* Put such a copy back, in the place of what is there. */
void node_restore(struct node *n, const char *folder, const char *from);

/* These n found a pact; their books are opened, and they reach one another. */
void mesh_found(struct mesh *m, struct node *const *node, size_t n, const struct ent_budget *b);
/* The same with a rule of quorums. */
void mesh_found_with(struct mesh *m, struct node *const *node, size_t n, const struct ent_budget *b,
                     const struct ent_quorum_rule *q);
/* Version 1 as mesh_found() makes it, appended. */
void mesh_version(struct ent_buf *ret, struct node *const *node, size_t n,
                  const struct ent_budget *b, const struct ent_quorum_rule *q);
/* Everybody greets everybody, so that all may speak. */
void mesh_meet(struct mesh *m);

/* How this node asks others. */
struct ent_wire node_wire(struct node *from);
void node_greet(struct node *from, const char *to);
/* Whether this key gets a connection, now that the node has looked at its home again. */
bool node_allows(const struct node *n, const struct ent_spki *key);
void node_submit(struct node *from, const char *to);
void node_pull(struct node *from, const char *of);

/* What a running node does at each visit: greet, take newer versions of the pact, submit, pull,
 * read what is new about the pact and tell it. The error of the first that failed. */
enum ent_err node_visit(struct node *from, const char *to, struct ent_diag *d);
/* Everybody who is on visits everybody who is, so often. */
void mesh_visit(struct mesh *m, unsigned times);

/* Say something, by ent_book_act(); its act is thrown away. */
enum ent_err node_say(struct node *n, struct ent_diag *d, uint64_t *ret_index,
                      enum ent_statement_type type, const char *media, struct ent_slice body);

/* What a node writes into its log that cheats: a statement under any key, with whatever st says but
 * what is signed of the body. */
void node_forge(struct node *n, const struct ent_seed32 *key, struct ent_statement *st,
                struct ent_slice body, struct ent_hash32 *ret_leaf, uint64_t *ret_index);
/* A statement as it has to be next. */
struct ent_statement node_statement(struct node *n, enum ent_statement_type type,
                                    const char *media);

/* The delivery of an own entry under the newest head of all, without any cosignature. */
void node_deliver_bare(struct node *n, struct ent_buf *ret, uint64_t index);

#endif
