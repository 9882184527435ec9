/* log.h: what the files of `entente log` share. */
#ifndef ENT_CLI_LOG_H
#define ENT_CLI_LOG_H

#include "cli/cli.h"

/* "entente: log/1/entries.dat: entry 3: entries.dat is damaged"; where no file is to blame, what.
 */
int cli_log_fail(enum ent_err e, const struct ent_flaw *flaw, const struct ent_diag *d,
                 const char *what);
/* The newest log of this member; NULL: one's own. Prints what is wrong. */
int cli_log_open(struct session *s, const char *member, struct ent_reading **ret);
int cli_log_usage(const char *problem, const char *what);
/* A number of an entry, or a size. */
bool cli_log_number(uint64_t *ret, const char *text);

/* "accepted: cosigned by 3 others, 3 needed", and what that is worth. */
void cli_print_standing(const struct ent_standing *st, size_t panel, const char *indent);
/* Members "standing", "cosigned", "needed", "not_later_than" of an object that is open. */
void cli_json_standing(struct ent_json *j, const struct ent_standing *st);
/* What a statement claims: lines for people, members of an object that is open. */
void cli_print_statement(const struct ent_statement *st, const char *indent);
void cli_json_statement(struct ent_json *j, const struct ent_statement *st);
/* The word for a body: text as it is, escaped; else only its size. */
void cli_print_body(struct ent_slice body, const char *indent);
/* Bytes to --output, or to standard output; for a terminal too, as they hold no control bytes. */
int cli_log_write(const struct args *a, const struct ent_buf *b);

int cli_log_show(struct session *s, const struct args *a, const char *number);
int cli_log_receipt(struct session *s, const struct args *a, const char *number);
int cli_log_export(struct session *s, const struct args *a, const char *dir);
int cli_log_prove(struct session *s, const struct args *a, const char *old_n, const char *new_n);
int cli_log_prove_fork(struct session *s, const struct args *a, char **heads, int n);

#endif
