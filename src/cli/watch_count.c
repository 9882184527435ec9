/*
 * watch_count.c: hits by indicator, for `entente watch --count`. Memory follows the number of
 * different indicators that were met and of logs, up to the limits below; what is more is counted
 * in one sum, so that no figure is silently too small.
 */
#include "cli/watch.h"

#define ROWS_MAX  (1u << 20)
#define PATHS_MAX (1u << 16)

struct place {
    uint32_t path; /* index in paths */
    uint64_t line;
};

struct row {
    uint64_t id, count; /* count 0: free */
    struct place first, last;
    bool warned;
};

struct watch_count {
    struct row *row;
    size_t n, mask;
    char **path;
    size_t paths;
    uint64_t others; /* hits of indicators beyond ROWS_MAX */
};

enum ent_err watch_count_new(struct watch_count **ret)
{
    struct watch_count *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ENT_E_NOMEM;
    c->mask = 1023;
    c->row = calloc(c->mask + 1, sizeof(*c->row));
    c->path = calloc(PATHS_MAX + 1, sizeof(*c->path));
    if (c->row == NULL || c->path == NULL) {
        watch_count_free(c);
        return ENT_E_NOMEM;
    }
    *ret = c;
    return ENT_OK;
}

void watch_count_free(struct watch_count *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->paths && c->path != NULL; i++)
        free(c->path[i]);
    free(c->path);
    free(c->row);
    free(c);
}

/* Hits come log by log, mostly: the last path is asked first, then all from the end. */
static enum ent_err path_of(struct watch_count *c, uint32_t *ret, const char *path)
{
    size_t i = c->paths;
    while (i > 0 && strcmp(c->path[i - 1], path) != 0)
        i--;
    if (i == 0) {
        const char *name = c->paths < PATHS_MAX ? path : "(one of many more logs)";
        if (c->paths > PATHS_MAX)
            c->paths = PATHS_MAX + 1;
        else if ((c->path[c->paths] = strdup(name)) == NULL)
            return ENT_E_NOMEM;
        else
            c->paths++;
        i = c->paths;
    }
    *ret = (uint32_t)(i - 1);
    return ENT_OK;
}

/* Ids are numbers of rows in the store: nobody outside chooses them. */
static struct row *seek(struct row *row, size_t mask, uint64_t id)
{
    size_t i = (size_t)(id * 0x9E3779B97F4A7C15u >> 32) & mask;
    while (row[i].count != 0 && row[i].id != id)
        i = (i + 1) & mask;
    return &row[i];
}

static enum ent_err grow(struct watch_count *c)
{
    size_t mask = c->mask * 2 + 1;
    struct row *row = calloc(mask + 1, sizeof(*row));
    if (row == NULL)
        return ENT_E_NOMEM;
    for (size_t i = 0; i <= c->mask; i++)
        if (c->row[i].count != 0)
            *seek(row, mask, c->row[i].id) = c->row[i];
    free(c->row);
    c->row = row;
    c->mask = mask;
    return ENT_OK;
}

enum ent_err watch_count_add(struct watch_count *c, const struct watch_hit *x)
{
    struct place here = {.line = x->h->line};
    uint64_t id = x->who->known.id;
    enum ent_err r;
    if (c->n + 1 > c->mask / 4 * 3 && c->n < ROWS_MAX && (r = grow(c)) != ENT_OK)
        return r;
    struct row *row = seek(c->row, c->mask, id);
    if (row->count == 0 && c->n == ROWS_MAX) {
        c->others++;
        return ENT_OK;
    }
    if ((r = path_of(c, &here.path, x->path)) != ENT_OK)
        return r;
    if (row->count == 0) {
        *row = (struct row){.id = id, .first = here};
        c->n++;
    }
    row->count++;
    row->last = here;
    row->warned |= x->who->warnings > 0;
    return ENT_OK;
}

/* --- at the end ---------------------------------------------------------------------------------
 */

static int more_hits(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void put_place(struct ent_json *j, const char *key, const struct watch_count *c,
                      const struct place *p)
{
    ent_json_obj(j, key);
    ent_json_cstr(j, "file", c->path[p->path]);
    ent_json_u64(j, "line", p->line);
    ent_json_obj_end(j);
}

static enum ent_err row_json(struct ent_buf *line, const struct watch_count *c,
                             const struct row *row, const struct ent_known *k)
{
    struct ent_json j;
    ent_json_start(&j, line);
    ent_json_obj(&j, NULL);
    ent_json_u64(&j, "count", row->count);
    ent_json_str(&j, "indicator", ent_slice(k->obs.text, k->obs.n));
    ent_json_cstr(&j, "type", ent_obs_type_name(k->obs.type));
    ent_json_str(&j, "source", k->source);
    ent_json_u64(&j, "sources", k->claims);
    ent_json_cstr(&j, "tlp", ent_tlp_name(k->tlp));
    if (k->confidence >= 0)
        ent_json_i64(&j, "confidence", k->confidence);
    if (k->kind.n > 0)
        ent_json_str(&j, "kind", k->kind);
    if (row->warned)
        ent_json_bool(&j, "warned", true);
    put_place(&j, "first", c, &row->first);
    put_place(&j, "last", c, &row->last);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

static enum ent_err row_table(struct ent_buf *line, const struct watch_count *c,
                              const struct row *row, const struct ent_known *k)
{
    char by[ENT_OBS_DEFANGED_MAX], source[ENT_SHOW_MAX], n[ENT_NUM_TEXT];
    char file[2][ENT_SHOW_MAX];
    watch_defang(by, k->obs.type, ent_slice(k->obs.text, k->obs.n));
    return ent_buf_printf(line, "%12s %s %-32s %-24s %s:%llu %s:%llu",
                          ent_show_count(n, row->count), row->warned ? "!" : " ", by,
                          ent_show(source, k->source),
                          ent_show(file[0], ent_slice_str(c->path[row->first.path])),
                          (unsigned long long)row->first.line,
                          ent_show(file[1], ent_slice_str(c->path[row->last.path])),
                          (unsigned long long)row->last.line);
}

enum ent_err watch_count_print(struct watch_count *c, struct ent_buf *line, struct ent_store *s,
                               bool json)
{
    struct ent_known k;
    size_t n = 0;
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i <= c->mask; i++)
        if (c->row[i].count != 0)
            c->row[n++] = c->row[i];
    qsort(c->row, n, sizeof(*c->row), more_hits);
    if (!json && n > 0)
        (void)printf("%12s   %-32s %-24s %s\n", "HITS", "INDICATOR", "SOURCE",
                     "FIRST AND LAST LINE");
    for (size_t i = 0; i < n && r == ENT_OK; i++) {
        /* at any time: it held when it was met */
        if ((r = ent_store_get(s, &k, c->row[i].id, 0)) == ENT_E_NOTFOUND) {
            r = ENT_OK; /* taken back since */
            continue;
        }
        if (r == ENT_OK)
            r = json ? row_json(line, c, &c->row[i], &k) : row_table(line, c, &c->row[i], &k);
        if (r == ENT_OK)
            r = cli_put_line(line);
    }
    if (r == ENT_OK && c->others > 0)
        (void)fprintf(stderr, "entente: %llu more hits are of indicators beyond the first %u\n",
                      (unsigned long long)c->others, ROWS_MAX);
    return r;
}
