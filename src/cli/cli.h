/*
 * cli: the program `entente`. main.c holds the table of subcommands; each has a file of its own
 * that reads its arguments, calls the folders above and prints. Never: logic another front end
 * would need.
 */
#ifndef ENT_CLI_CLI_H
#define ENT_CLI_CLI_H

#include <stdatomic.h>

#include "node/node.h"

/* Exit codes, for scripts; the manual lists them. */
enum {
    EXIT_DONE = 0,
    EXIT_HITS = 1,     /* watch, guard check: something was found */
    EXIT_USAGE = 2,    /* the command line was wrong */
    EXIT_INPUT = 3,    /* what came in was wrong */
    EXIT_REFUSED = 4,  /* a key, a signature, the pact or the partner said no */
    EXIT_FAILED = 5,   /* the system, the disk or the network failed */
    EXIT_STOPPED = 130 /* Ctrl-C */
};

/* --- the command line ---------------------------------------------------------------------------
 */

struct option_spec {
    const char *name; /* "--json", without value when arg is NULL */
    const char *arg;  /* "FILE" */
    const char *help;
};

struct command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *brief; /* one line, for `entente help` */
    const char *help;  /* more lines, for `entente NAME --help` */
    const struct option_spec
        *options; /* ends with an empty one; --home and --help come by themselves */
    int (*run)(int argc, char **argv);
};

/* Every option of every command, as given; NULL and false where it was not. */
struct args {
    const char *home, *name, *display, *url, *passphrase_file, *format, *source, *tlp, *confidence;
    const char *observe_at, *observe_file, *listen, *port_file, *users_listen, *users_port_file,
        *mode, *types, *from, *threads, *since;
    const char *pcap, *eve, *eve_dgram, *min_score, *limit, *tag, *type, *feed_hashes,
        *min_confidence, *at, *output, *new_since, *sid, *columns, *max_age, *user, *password_file,
        *token_file, *ca_file, *role, *valid_from, *valid_until, *kind, *text, *by, *reason;
    const char *budget, *rotate, *close, *witnesses, *threshold, *expires, *minimum, *add, *remove,
        *until, *pact, *member, *window, *items, *with, *quorum;
    const char *label[ENT_LABELS_MOST + 1]; /* one more than there may be, to be told */
    size_t labels;
    bool no_passphrase, json, table, verbose, dry_run, pad, follow, only_new, journal, count,
        no_sightings, sightings, guard, undo, enable, confirm, unflagged, hashes, all, list, no,
        lift, next_round, observe, wait;
    int rest; /* index of the first argument that is no option */
};

/* Read argv against the command's own options; *ret_exit when it ends here (--help, or an error
 * that was printed). */
bool cli_args(struct args *ret, int *ret_exit, const struct command *c, int argc, char **argv);

/* What stands before a command's name: "entente ", or of a program for one command "entente-". */
extern const char *cli_program;

extern const struct command cmd_init, cmd_member, cmd_pact, cmd_import, cmd_watch, cmd_serve,
    cmd_match, cmd_quorum, cmd_guard, cmd_observed, cmd_config, cmd_image, cmd_sightings,
    cmd_warnings, cmd_export, cmd_show, cmd_find, cmd_list, cmd_stats, cmd_expire, cmd_revoke,
    cmd_tag, cmd_lint, cmd_objects, cmd_edit, cmd_release, cmd_user, cmd_audit, cmd_recover,
    cmd_status, cmd_log, cmd_verify;

/* --- what several commands do -------------------------------------------------------------------
 */

/* Set by Ctrl-C and SIGTERM once cli_catch_signals() was called. */
extern atomic_bool cli_stop;
void cli_catch_signals(void);

/* "entente: <what>: <reason>[ at line N, byte M]" on standard error; the exit code for e. what may
 * be NULL; foreign bytes in it are escaped. */
int cli_fail(enum ent_err e, const struct ent_diag *d, const char *what);
#ifdef __clang_analyzer__ /* which looks into one file at a time: it is never EXIT_DONE */
#define cli_fail(e, d, what) ((cli_fail)(e, d, what) ?: EXIT_FAILED)
#endif
int cli_usage(const struct command *c, const char *problem, const char *what);
int cli_exit_code(enum ent_err e);
/* The exit code of a program whose work ended with this one: what it printed must have arrived. */
int cli_finish(int code);

/* A member at work: home, configuration, store. */
struct session {
    struct ent_home *home;
    struct ent_config config;
    struct ent_store *store;
    struct ent_book *book; /* cli_book() */
};

/* Open the home (and the store, if asked for). Prints and returns the exit code when it cannot;
 * EXIT_DONE otherwise. Close in any case. */
int cli_open(struct session *s, const struct args *a, bool with_store);
/* The same without the pact and without a store, for a process that is to parse nothing of others'.
 */
int cli_open_card(struct session *s, const struct args *a);
/* The configuration as it is now. */
int cli_load_config(const struct session *s, struct ent_config *ret);
void cli_close(struct session *s);

/* Making an image with a progress line, and with what goes wrong about it told on standard error.
 * ret must stay where it is; end the progress line when it is made. */
struct image_work {
    struct ent_image_job job;
    struct ent_progress progress;
};
void cli_image_work(struct image_work *ret);

/* After a change of what is known, so that a watcher sees it at once. When it fails that is told;
 * the change is kept in any case. */
void cli_make_image(struct session *s);

/* The problems of a configuration file, a line each, on standard error. */
void cli_config_problems(const struct ent_config_problems *p, const char *path);

/* Unlock a key: open ones at once; else the passphrase comes from --passphrase-file,
 * $ENTENTE_PASSPHRASE_FILE or the terminal. The passphrase is asked for once. */
struct passphrase {
    struct ent_buf text;
    bool known;
    bool unattended; /* nobody is there to be asked on the terminal */
};
/* The one for the keys that a node needs, if they need one. */
int cli_passphrase(const struct session *s, const struct args *a, struct passphrase *p);
/* The same without the pact: if any of the author's or the node's key files needs one. */
int cli_passphrase_any(const struct session *s, const struct args *a, struct passphrase *p);
int cli_key(const struct session *s, const struct args *a, struct passphrase *p,
            enum ent_key_role role, struct ent_seed32 *ret);
/* Open the book of the session's home: for reading (ret == NULL), or for saying something, with the
 * keys unlocked; what the caller needs of them is in *ret, which it wipes. */
struct own_keys {
    bool with_root;        /* set by the caller */
    struct passphrase *by; /* kept for the caller, where it is not NULL */
    struct ent_seed32 tls, root;
};
/* What a book needs, unlocked; the passphrase is asked for once. */
int cli_book_keys(const struct session *s, const struct args *a, struct passphrase *p,
                  struct ent_book_keys *ret, struct ent_seed32 *ret_tls);
int cli_book(struct session *s, const struct args *a, struct own_keys *ret);

/* Who may use the node, with the audit log, for which the node's key is unlocked. Over the
 * session's store. Close in any case. */
struct cli_users {
    struct ent_trail_home *trail;
    struct ent_epoch *epoch;
    struct ent_users *users;
};
int cli_users_open(struct cli_users *ret, const struct session *s, const struct args *a);
void cli_users_close(struct cli_users *u);
/* What the owner of the home does is on record before it is done. */
int cli_act(const struct session *s, const struct args *a, enum ent_action what, const char *on);
/* A password or a token: the first line of a file. */
int cli_first_line(struct passphrase *p, const char *path);

/* Visit every other member once (node/courier.h): before something is said, so that they say what
 * they hold of our log, and after it. partner at --url, if that was given. EXIT_REFUSED with the
 * reason when `before`, and this log may not sign. */
struct visit {
    bool brief, before;
    const char *partner;
    struct ent_courier_tally tally; /* out */
};
int cli_visit(struct session *s, const struct args *a, const struct own_keys *keys,
              struct visit *v);

/* Asked for on the terminal, unseen; none is what to say where there is no terminal. */
int cli_ask(struct passphrase *p, const char *prompt, const char *none);
void cli_passphrase_release(struct passphrase *p);

/* A new passphrase, typed twice, or from the file. */
int cli_new_passphrase(const struct args *a, struct passphrase *p);

/* Print one JSON document (a line) that fill wrote; write errors end in ENT_E_IO. */
ENT_MUST_USE enum ent_err cli_put_line(struct ent_buf *line);
/* Print and clear what there is so far of a document too long for one piece. */
ENT_MUST_USE enum ent_err cli_put_part(struct ent_buf *text);

/* What a lint found: the members of an object that is open; lines for people. */
void cli_lint_json(struct ent_json *j, const struct ent_lint_report *r);
void cli_lint_text(const struct ent_lint_report *r, const char *indent);

/* Whether sources may go to others, and why not: this one only if it is not empty. For people on
 * standard output, or only those that are held on standard error; an array "held" in an object. */
ENT_MUST_USE enum ent_err cli_release_text(struct ent_store *s, struct ent_slice source,
                                           const char *indent);
void cli_held_told(struct ent_store *s, struct ent_slice source);
ENT_MUST_USE enum ent_err cli_held_json(struct ent_json *j, struct ent_store *s,
                                        struct ent_slice source);

/* What runs in the home, and what the kernel says about it: for people, and as the member "node" of
 * an object that is open. */
void cli_node_text(const struct ent_node_state *node);
void cli_node_json(struct ent_json *j, const struct ent_node_state *node);

/* "3 ipv4, 2 domain" */
const char *cli_type_counts(char ret[static 512], const uint64_t count[static ENT_OBS_TYPES]);

#endif
