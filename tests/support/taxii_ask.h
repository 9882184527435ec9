/* taxii_ask.h: a TAXII server in one process: the three stages, one after the other. */
#ifndef ENT_TESTS_SUPPORT_TAXII_ASK_H
#define ENT_TESTS_SUPPORT_TAXII_ASK_H

#include "tests/support/t.h"

#include "node/node.h"

#include <jansson.h>

struct taxii_ask {
    struct ent_taxii_server server;
    struct ent_store *store;
    int64_t now; /* microseconds; each request takes one */
    struct ent_taxii_who who;
    bool nobody;
    const char *accept, *type; /* NULL: what the standard wants */
    /* ---- the last answer */
    struct ent_taxii_answer a;
    json_t *json; /* NULL: none, or no JSON */
};

void taxii_ask_start(struct taxii_ask *x, struct ent_store *s);
void taxii_ask_end(struct taxii_ask *x);
/* Judge and bring everything to the readers. */
void taxii_ask_tend(struct taxii_ask *x);
/* The status; path with its query. body NULL: none. */
unsigned taxii_ask(struct taxii_ask *x, const char *method, const char *path, const char *body);
/* "" where the answer has no such header. */
const char *taxii_ask_header(const struct taxii_ask *x, const char *name, char ret[static 256]);

#endif
