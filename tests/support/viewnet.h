/*
 * viewnet.h: nodes with a log and a view each, on disks in memory, that ask each other over a wire
 * in memory. A node is one home; a member may have two of them, which is what a member that shows
 * two histories is, and what a restored copy is.
 */
#ifndef ENT_TESTS_SUPPORT_VIEWNET_H
#define ENT_TESTS_SUPPORT_VIEWNET_H

#include "tests/support/logs.h"
#include "tests/support/simdisk.h"

#define VIEWNET_NODES 12u

struct viewnet;

struct viewnet_node {
    struct viewnet *net;
    size_t member;
    struct ent_simdisk *disk;
    struct ent_signer *signer;
    struct ent_signer_lock lock; /* what it signed before */
    struct ent_log *log;
    struct ent_view *view; /* NULL: it is down */
    int locked;
    unsigned told;                    /* how often it was told that somebody is exposed */
    unsigned mended;                  /* and that a file was damaged */
    size_t route[ENT_ROSTER_MEMBERS]; /* which node it takes for that member */
};

struct viewnet {
    struct logs_pact pact;
    struct viewnet_node node[VIEWNET_NODES];
    size_t nodes;
    int64_t now;
    unsigned lose_request, lose_answer, replay; /* percent */
    unsigned calls, which;                      /* which: for a lie that has several */
    /* Answers in the place of the node (true), or not; with a status of 0 nothing comes. */
    bool (*lie)(struct viewnet *net, size_t to, const char *method, const char *path,
                struct ent_slice body, unsigned *ret_status, struct ent_buf *answer);
    const char *asks;         /* the member whose node asks just now, or NULL: nobody knows */
    struct ent_buf last_body; /* of a POST, for replays */
    char last_path[256];
    size_t last_to;
};

/* Nodes 0 to members-1 are the members' homes, all up and never asked by anybody yet. */
struct viewnet *viewnet_start(size_t members, unsigned k);
void viewnet_stop(struct viewnet *net);
/* Another home of this member: a copy of a node's disk (SIZE_MAX: an empty one). It sees all others
 * as they are, and nobody sees it. */
size_t viewnet_clone(struct viewnet *net, size_t member, size_t of);
void viewnet_down(struct viewnet *net, size_t node);
void viewnet_up(struct viewnet *net, size_t node);
/* node takes `as` for the member whose home that is. */
void viewnet_route(struct viewnet *net, size_t node, size_t as);

struct ent_wire viewnet_wire(struct viewnet *net, size_t node);
/* One request to a node, as it is. */
unsigned viewnet_ask(struct viewnet *net, size_t node, struct ent_buf *answer, const char *method,
                     const char *path, struct ent_slice body);

enum ent_err viewnet_greet(struct viewnet *net, size_t node, size_t member);
enum ent_err viewnet_submit(struct viewnet *net, size_t node, size_t member);
enum ent_err viewnet_pull(struct viewnet *net, size_t node, size_t of, size_t from, bool entries);
/* All pieces of the node's own log that the member lacks. */
enum ent_err viewnet_push(struct viewnet *net, size_t node, size_t member);
/* n more entries, committed; `what` makes them different from those of another history. */
enum ent_err viewnet_say(struct viewnet *net, size_t node, size_t n, const char *what);
/* Everybody greets everybody, then submits, then pulls with entries. */
void viewnet_round(struct viewnet *net);

uint64_t viewnet_size(struct viewnet *net, size_t node, size_t member); /* of the view's head */
bool viewnet_is_exposed(struct viewnet *net, size_t node, size_t member,
                        enum ent_misbehaviour_kind kind);
const char *viewnet_name(const struct viewnet *net, size_t member);

/* Everything that an honest net must have come to: no head that is not the log's own, no proof. */
void viewnet_assert_truth(struct viewnet *net, size_t members);

#endif
