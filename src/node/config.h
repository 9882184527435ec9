/*
 * config.h: the file `config` in the home directory. Lines are `key = value`; empty lines and lines
 * that begin with '#' are skipped. One table in config.c (name, type, range, default, help) drives
 * the parser, `entente config check` and the manual.
 *
 * An unknown key, a key given twice, a value outside its range: each is a problem with a line
 * number, and a file with a problem is not used at all.
 */
#ifndef ENT_NODE_CONFIG_H
#define ENT_NODE_CONFIG_H

#include "intel/intel.h"

#define ENT_CONFIG_TEXT_MAX 256 /* with NUL */
#define ENT_CONFIG_FILE_MAX 65536u

struct ent_config {
    char listen[ENT_CONFIG_TEXT_MAX]; /* "127.0.0.1:7443" */
    char url[ENT_CONFIG_TEXT_MAX];    /* "https://host:port", or empty */
    uint64_t max_connections;
    uint64_t max_bodies; /* bytes */
    uint64_t idle_seconds;
    uint64_t request_seconds;
    uint64_t match_max_items;
    unsigned release_needs_two; /* a release waits for a second person: 0 or 1 */
    enum ent_tlp match_tlp;     /* the narrowest that partners may match against */
    uint64_t run_seconds;
    uint64_t gossip_seconds;
    uint64_t worker_threads; /* 0: as many as there are processors */
    /* ent_config_decay() */
    uint64_t ip_lifetime, ip_speed, domain_lifetime, domain_speed, url_lifetime, url_speed;
    uint64_t email_lifetime, email_speed, hash_lifetime, hash_speed;
};

/* How claims on observables of this type decay. */
struct ent_decay ent_config_decay(const struct ent_config *c, enum ent_obs_type type);

/* What is wrong with one line. text is for people: what it quotes from the file is escaped. */
struct ent_config_problem {
    uint64_t line;
    char text[512];
};

#define ENT_CONFIG_PROBLEMS 32
struct ent_config_problems {
    struct ent_config_problem list[ENT_CONFIG_PROBLEMS];
    size_t n;
    size_t more; /* how many did not fit */
};

/* What holds where there is no file, and for keys it does not name. */
void ent_config_defaults(struct ent_config *ret);

/* Out: ret, on ENT_OK; p, always, n == 0 on ENT_OK. ENT_E_FORMAT when there are problems. */
ENT_MUST_USE enum ent_err ent_config_parse(struct ent_config *ret, struct ent_config_problems *p,
                                           struct ent_slice text);

/* The same for a file. Other errors (ENT_E_NOTFOUND, ENT_E_LIMIT, ENT_E_IO) concern the file itself
 * and stand in d. */
ENT_MUST_USE enum ent_err ent_config_load(struct ent_config *ret, struct ent_config_problems *p,
                                          struct ent_diag *d, const char *path);

/* One line for each problem: "path:3: unknown key ...". */
ENT_MUST_USE enum ent_err ent_config_show(struct ent_buf *b, const struct ent_config_problems *p,
                                          const char *path);

/* All settings as a file that changes nothing: help in comments, `#key = default`. */
ENT_MUST_USE enum ent_err ent_config_list(struct ent_buf *b);

/* The list of keys for the manual page, in mdoc(7). */
ENT_MUST_USE enum ent_err ent_config_man(struct ent_buf *b);

#endif
