/* tell.c: what every program of ours says in the same way: errors, exit codes, output. */
#include "cli/cli.h"

#include <errno.h>

int cli_exit_code(enum ent_err e)
{
    switch (e) {
    case ENT_OK:
        return EXIT_DONE;
    case ENT_E_FORMAT:
    case ENT_E_LIMIT:
        return EXIT_INPUT;
    case ENT_E_AUTH:
    case ENT_E_POLICY:
    case ENT_E_EXISTS:
        return EXIT_REFUSED;
    case ENT_E_INTERRUPTED:
        return EXIT_STOPPED;
    default:
        return EXIT_FAILED;
    }
}

int(cli_fail)(enum ent_err e, const struct ent_diag *d, const char *what)
{
    char shown[ENT_SHOW_MAX];
    (void)fputs("entente: ", stderr);
    if (what != NULL)
        (void)fputs(ent_show(shown, ent_slice_str(what)), stderr);
    if (what != NULL && d != NULL && d->file[0] != '\0')
        (void)fprintf(stderr, "/%s", d->file);
    if (what != NULL && d != NULL && d->line > 0)
        (void)fprintf(stderr, ":%llu", (unsigned long long)d->line);
    if (what != NULL)
        (void)fputs(": ", stderr);
    (void)fputs(d != NULL && d->text != NULL ? d->text : ent_err_str(e), stderr);
    if (d != NULL && d->sys != 0)
        (void)fprintf(stderr, ": %s", strerror(d->sys));
    else if (d != NULL && d->text != NULL &&
             e == ENT_E_FULL) /* what to do about it is clear then */
        (void)fprintf(stderr, ": %s", ent_err_str(e));
    if (d != NULL && d->text != NULL && d->offset > 0)
        (void)fprintf(stderr, " (at byte %llu)", (unsigned long long)d->offset);
    (void)fputc('\n', stderr);
    return cli_exit_code(e);
}

enum ent_err cli_put_part(struct ent_buf *text)
{
    enum ent_err r = ENT_OK;
    if (text->n > 0 && fwrite(text->p, 1, text->n, stdout) != text->n)
        r = ent_err_from_errno(errno);
    ent_buf_clear(text);
    return r;
}

enum ent_err cli_put_line(struct ent_buf *line)
{
    enum ent_err r = ent_buf_putc(line, '\n');
    return r == ENT_OK ? cli_put_part(line) : r;
}

int cli_finish(int code)
{
    /* What was printed may still wait in a buffer, and the disk behind it may be full. */
    bool lost = ferror(stdout) != 0;
    errno = EIO;
    if ((fflush(stdout) != 0 || lost) && (code == EXIT_DONE || code == EXIT_HITS))
        return cli_fail(ent_err_from_errno(errno), NULL, "writing");
    return code;
}
