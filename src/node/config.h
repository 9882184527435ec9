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

#include "node/hooks.h"
#include "node/report.h"

#define ENT_CONFIG_TEXT_MAX 1024 /* with NUL */
#define ENT_CONFIG_FILE_MAX 65536u
#define ENT_CONFIG_OFF      "off"

/* What this member does about quorums without being asked. */
enum ent_quorum_part {
    ENT_QUORUM_OFF, /* nothing: it refuses all */
    ENT_QUORUM_ASK, /* its duties, and those that the pact schedules */
    ENT_QUORUM_ON   /* it takes part in every one that fits the pact */
};

struct ent_config {
    char listen[ENT_CONFIG_TEXT_MAX]; /* "127.0.0.1:7443" */
    char url[ENT_CONFIG_TEXT_MAX];    /* "https://host:port", or empty */
    uint64_t max_connections;
    uint64_t max_bodies; /* bytes */
    uint64_t idle_seconds;
    uint64_t request_seconds;
    uint64_t match_max_items;
    uint64_t match_workers;
    unsigned release_needs_two; /* a release waits for a second person: 0 or 1 */
    enum ent_tlp match_tlp;     /* the narrowest that partners may match against */
    uint64_t run_seconds;
    uint64_t stop_seconds;
    uint64_t gossip_seconds;
    enum ent_log_format log_format;
    enum ent_log_to log_to;
    char webhook_url[ENT_CONFIG_TEXT_MAX];    /* or empty: then the others do not count */
    char webhook_secret[ENT_CONFIG_TEXT_MAX]; /* a path; not empty if there is a URL */
    unsigned webhook_events;                  /* bits 1 << enum ent_hook_event */
    enum ent_tlp webhook_tlp;
    /* The users' port. */
    char users_listen[ENT_CONFIG_TEXT_MAX]; /* an address and a port, or ENT_CONFIG_OFF */
    char users_cert[ENT_CONFIG_TEXT_MAX], users_key[ENT_CONFIG_TEXT_MAX];
    char users_host[ENT_CONFIG_TEXT_MAX];
    uint64_t users_max_connections;
    unsigned metrics_open;               /* 0 or 1 */
    uint64_t rate_account, rate_address; /* a minute; 0: any number */
    uint64_t worker_threads;             /* 0: as many as there are processors */
    /* What `entente watch --observe` keeps. */
    uint64_t observe_window_seconds, observe_keep_seconds, observe_max_items;
    unsigned observe_types;  /* ENT_OBS_BIT()s */
    unsigned observe_warned; /* 0 or 1 */
    /* Quorums. */
    enum ent_quorum_part quorum;
    uint64_t quorum_max_items;
    enum ent_tlp quorum_tlp; /* of findings */
    uint64_t quorum_cores;   /* of the collector; 0: all */
    char own_ranges[ENT_CONFIG_TEXT_MAX], own_domains[ENT_CONFIG_TEXT_MAX];
    /* ent_config_decay() */
    uint64_t ip_lifetime, ip_speed, domain_lifetime, domain_speed, url_lifetime, url_speed;
    uint64_t email_lifetime, email_speed, hash_lifetime, hash_speed;
};

/* Each network, address and domain that is this member's own. */
ENT_MUST_USE enum ent_err ent_config_own(const struct ent_config *c,
                                         enum ent_err (*each)(void *ctx,
                                                              const struct ent_observable *o),
                                         void *ctx);

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

/* Whether all settings are the same. */
bool ent_config_eq(const struct ent_config *a, const struct ent_config *b);

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

/* Each setting: its value as it would stand in a file, what it is unless set, and help. */
ENT_MUST_USE enum ent_err ent_config_each(const struct ent_config *c,
                                          enum ent_err (*each)(void *ctx, const char *name,
                                                               const char *value, const char *def,
                                                               const char *help),
                                          void *ctx);

/* All settings as a file that changes nothing: help in comments, `#key = default`. */
ENT_MUST_USE enum ent_err ent_config_list(struct ent_buf *b);

/* The list of keys for the manual page, in mdoc(7). */
ENT_MUST_USE enum ent_err ent_config_man(struct ent_buf *b);

#endif
