/* front_web.h: the users' port of the front, for front.c alone. */
#ifndef ENT_NODE_FRONT_WEB_H
#define ENT_NODE_FRONT_WEB_H

#include "node/node.h"

struct ent_front_web {
    struct ent_web *web; /* or NULL */
    struct ent_caller api;
    struct ent_web_opts opts; /* as they were given; of these only what is asked */
    struct ent_counts *counts;
};

/* w stays where it is, and is zeros. */
ENT_MUST_USE enum ent_err ent_front_web_start(struct ent_front_web *w, struct ent_diag *d,
                                              const struct ent_web_opts *opts,
                                              struct ent_caller api, struct ent_counts *counts);

#endif
