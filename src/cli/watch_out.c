/* watch_out.c: what `entente watch` tells: each hit, and the totals. */
#include "cli/watch.h"

#include <errno.h>

int watch_out_open(struct watch_out *ret, struct session *s, const struct args *a)
{
    if (a->json && a->table)
        return cli_usage(&cmd_watch, "--json or --table, not both", NULL);
    *ret = (struct watch_out){.s = s, .a = a};
    ret->json = a->json || (!a->table && isatty(STDOUT_FILENO) != 1);
    ret->colour = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    ent_buf_init(&ret->line, 1u << 20);
    return EXIT_DONE;
}

void watch_out_close(struct watch_out *out)
{
    ent_buf_release(&out->line);
}

void watch_out_log(struct watch_out *out, const char *path)
{
    out->path = path;
    out->last_line = 0;
}

/* --- hits ---------------------------------------------------------------------------------------
 */

static enum ent_err hit_json(struct watch_out *w, const struct ent_hit *h)
{
    struct ent_json j;
    ent_json_start(&j, &w->line);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "observable", h->seen);
    ent_json_cstr(&j, "type", ent_obs_type_name(h->seen_type));
    ent_json_str(&j, "indicator", h->indicator);
    ent_json_cstr(&j, "indicator_type", ent_obs_type_name(h->indicator_type));
    ent_json_str(&j, "source", w->known.source);
    ent_json_u64(&j, "sources", w->known.claims);
    ent_json_cstr(&j, "tlp", ent_tlp_name(w->known.tlp));
    if (w->known.confidence >= 0)
        ent_json_i64(&j, "confidence", w->known.confidence);
    if (w->known.kind.n > 0)
        ent_json_str(&j, "kind", w->known.kind);
    if (w->known.text.n > 0)
        ent_json_str(&j, "description", w->known.text);
    ent_json_cstr(&j, "file", w->path);
    ent_json_u64(&j, "line", h->line);
    ent_json_u64(&j, "offset", h->offset);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    return r == ENT_OK ? cli_put_line(&w->line) : r;
}

static void defang(char *ret, size_t cap, enum ent_obs_type type, struct ent_slice text)
{
    struct ent_observable o = {.type = type, .n = (uint16_t)text.n};
    memcpy(o.text, text.p, text.n);
    o.text[text.n] = '\0';
    ent_observable_defang(ret, cap, &o);
}

static enum ent_err hit_table(struct watch_out *w, const struct ent_hit *h)
{
    char seen[ENT_OBS_DEFANGED_MAX], by[ENT_OBS_DEFANGED_MAX];
    char file[ENT_SHOW_MAX], kind[ENT_SHOW_MAX], source[ENT_SHOW_MAX], at[ENT_SHOW_MAX + 32];
    defang(seen, sizeof(seen), h->seen_type, h->seen);
    defang(by, sizeof(by), h->indicator_type, h->indicator);
    if (w->hits == 1)
        (void)printf("%-32s %-32s %-16s %-24s %s\n", "SEEN", "INDICATOR", "KIND", "SOURCE",
                     "FILE:LINE");
    (void)snprintf(at, sizeof(at), "%s:%llu", ent_show(file, ent_slice_str(w->path)),
                   (unsigned long long)h->line);
    int n = printf("%s%-32s%s %-32s %-16s %-24s %s\n", w->colour ? "\033[1;31m" : "", seen,
                   w->colour ? "\033[0m" : "", strcmp(seen, by) == 0 ? "the same" : by,
                   ent_show(kind, w->known.kind), ent_show(source, w->known.source), at);
    return n < 0 ? ent_err_from_errno(errno) : ENT_OK;
}

enum ent_err watch_out_hit(void *ctx, const struct ent_hit *h)
{
    struct watch_out *w = ctx;
    enum ent_err r = ENT_OK;
    w->hits++;
    w->with_hits += h->line != w->last_line;
    w->last_line = h->line;
    if (w->known.id != h->id)
        r = ent_store_get(w->s->store, &w->known, h->id, 0);
    if (r != ENT_OK)
        return r;
    return w->json ? hit_json(w, h) : hit_table(w, h);
}

/* --- totals ------------------------------------------------------------------------------------
 */

int watch_out_end(struct watch_out *w, size_t indicators, uint64_t took_ns)
{
    char n[6][ENT_NUM_TEXT];
    if (fflush(stdout) != 0)
        return cli_fail(ent_err_from_errno(errno), NULL, "writing");
    if (w->json && isatty(STDERR_FILENO) != 1)
        return EXIT_DONE;
    (void)fprintf(stderr, "%s hit%s on %s of %s lines (%s in %s), looking for %s indicators\n",
                  ent_show_count(n[0], w->hits), w->hits == 1 ? "" : "s",
                  ent_show_count(n[1], w->with_hits), ent_show_count(n[2], w->lines),
                  ent_show_bytes(n[3], w->bytes), ent_show_ns(n[4], took_ns),
                  ent_show_count(n[5], indicators));
    return EXIT_DONE;
}
