/* taxii.h: what the files about TAXII share: one URL of the command line and the process that asks
 * its server. */
#ifndef ENT_CLI_TAXII_H
#define ENT_CLI_TAXII_H

#include "cli/import.h"

#define TAXII_SHOWN (ENT_FETCH_ORIGIN + ENT_FETCH_SUFFIX)

struct taxii_server {
    struct ent_fetch_url url;
    bool collection; /* then its path is that of the collection, without "objects/" */
    bool secret;     /* there is a user or a token */
    uint64_t waited; /* seconds, because the server wanted it */
    struct ent_fetch *fetch;
};

/* "https://HOST" and the suffix, for people. */
const char *taxii_shown(char ret[static TAXII_SHOWN], const struct taxii_server *t,
                        const char *suffix);

/* GET, and again after a rest if the server asks for one. What fails is printed; EXIT_DONE with any
 * other answer. */
int taxii_ask(struct taxii_server *t, struct ent_fetch_answer *ret, const char *suffix);
/* EXIT_DONE for an answer that is one; prints why it is none. */
int taxii_check(const struct taxii_server *t, const struct ent_fetch_answer *a, const char *suffix);
/* Both, and the small document that comes. */
int taxii_doc(struct taxii_server *t, struct ent_taxii_doc *ret, const struct ent_taxii_sink *sink,
              const char *suffix);

/* A collection of which nothing but the name counts. */
extern const struct ent_taxii_sink taxii_nothing;

int taxii_list(struct taxii_server *t, const struct args *a);
int taxii_pages(struct taxii_server *t, struct importing *im, const struct ent_import_opts *opts);

#endif
