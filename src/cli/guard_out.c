/* guard_out.c: what is told of lookalikes. */
#include "cli/guard.h"

#include <errno.h>
#include <sodium.h>

#define TOLD_MAX ((size_t)1 << 20) /* more are told again when they come again */

int guard_out_open(struct guard_out *ret, struct session *s, const struct args *a)
{
    uint64_t score = ENT_GUARD_SCORE;
    *ret = (struct guard_out){.path = "-"};
    if (a->json && a->table)
        return cli_usage(&cmd_guard, "--json or --table, not both", NULL);
    if (a->min_score != NULL &&
        (ent_parse_u64(&score, ent_slice_str(a->min_score), 100) != ENT_OK || score == 0))
        return cli_usage(&cmd_guard, "--min-score is a number from 1 to 100", a->min_score);
    enum ent_err r = ent_store_guard_load(s->store, &ret->guard);
    if (r != ENT_OK)
        return cli_fail(r, NULL, "loading the protected names");
    if (ent_guard_count(ret->guard) == 0)
        (void)fputs("entente: no name is protected yet: `entente guard add NAME` does\n", stderr);
    ret->min_score = (unsigned)score;
    ret->json = a->json || (!a->table && isatty(STDOUT_FILENO) != 1);
    ret->colour = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    ent_random(ret->key, sizeof(ret->key));
    ent_buf_init(&ret->line, 1u << 16);
    return EXIT_DONE;
}

void guard_out_close(struct guard_out *out)
{
    ent_guard_free(out->guard);
    ent_buf_release(&out->line);
    free(out->told);
    *out = (struct guard_out){.guard = NULL};
}

/* --- each once ----------------------------------------------------------------------------------
 */

static size_t seek(const struct guard_out *out, uint64_t h)
{
    size_t i = (size_t)h & out->mask;
    while (out->told[i] != 0 && out->told[i] != h)
        i = (i + 1) & out->mask;
    return i;
}

static enum ent_err grow(struct guard_out *out)
{
    size_t had = out->told == NULL ? 0 : out->mask + 1, n = had == 0 ? 1024 : 2 * had;
    uint64_t *old = out->told, *more = calloc(n, sizeof(*more));
    if (more == NULL)
        return ENT_E_NOMEM;
    out->told = more;
    out->mask = n - 1;
    for (size_t i = 0; i < had; i++)
        if (old[i] != 0)
            more[seek(out, old[i])] = old[i];
    free(old);
    return ENT_OK;
}

/* SipHash under a random key: that two names share 64 bits does not happen. */
static enum ent_err first_time(struct guard_out *out, bool *ret, const struct ent_observable *o)
{
    uint64_t h;
    enum ent_err r = out->told == NULL || 2 * out->count > out->mask ? grow(out) : ENT_OK;
    if (r != ENT_OK)
        return r;
    (void)crypto_shorthash((uint8_t *)&h, (const uint8_t *)o->text, o->n, out->key);
    h |= 1; /* 0 is a free place */
    size_t i = seek(out, h);
    *ret = out->told[i] == 0;
    if (*ret && out->count < TOLD_MAX) {
        out->told[i] = h;
        out->count++;
    }
    return ENT_OK;
}

/* --- telling ------------------------------------------------------------------------------------
 */

static enum ent_err tell_json(struct guard_out *out, const struct ent_observable *o,
                              const struct ent_guard_finding *f)
{
    struct ent_json j;
    ent_json_start(&j, &out->line);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "name", ent_slice(o->text, o->n));
    ent_json_str(&j, "protected", f->protected);
    ent_json_u64(&j, "score", f->score);
    ent_json_arr(&j, "reasons");
    for (unsigned i = 0; i < ENT_GUARD_REASONS; i++)
        if ((f->reasons >> i & 1) != 0)
            ent_json_cstr(&j, NULL, ent_guard_reason_name(i));
    ent_json_arr_end(&j);
    ent_json_cstr(&j, "file", out->path);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    return r == ENT_OK ? cli_put_line(&out->line) : r;
}

static enum ent_err tell_text(struct guard_out *out, const struct ent_observable *o,
                              const struct ent_guard_finding *f)
{
    char name[ENT_OBS_DEFANGED_MAX];
    const char *between = ": ";
    ent_observable_defang(name, sizeof(name), o);
    int n = printf("%3u  %s%s%s  like %.*s", f->score, out->colour ? "\033[1;31m" : "", name,
                   out->colour ? "\033[0m" : "", (int)f->protected.n, (const char *)f->protected.p);
    for (unsigned i = 0; n >= 0 && i < ENT_GUARD_REASONS; i++)
        if ((f->reasons >> i & 1) != 0) {
            n = printf("%s%s", between, ent_guard_reason_text(i));
            between = "; ";
        }
    return n < 0 || putchar('\n') == EOF ? ent_err_from_errno(errno) : ENT_OK;
}

enum ent_err guard_out_seen(void *ctx, const struct ent_observable *o)
{
    struct guard_out *out = ctx;
    struct ent_guard_finding f = {.score = 0};
    bool first = false;
    if (o->type != ENT_OBS_DOMAIN)
        return ENT_OK;
    out->names++;
    if (!ent_guard_check(out->guard, &f, ent_slice(o->text, o->n)) || f.score < out->min_score)
        return ENT_OK;
    enum ent_err r = first_time(out, &first, o);
    if (r != ENT_OK || !first)
        return r;
    out->findings++;
    return out->json ? tell_json(out, o, &f) : tell_text(out, o, &f);
}
