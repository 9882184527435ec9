/* console_records.c: folders of records, in the order of their times. */
#include "node/node.h"

#include "node/console_parts.h"

#define READ_MOST 10000u /* in one call; the others stand last, until the next one reads them */
#define NAME      33u    /* bytes of a run in a list of names */

static int later(const void *a, const void *b)
{
    const struct ent_console_record *x = a, *y = b;
    return x->time != y->time ? (x->time < y->time ? 1 : -1) : strcmp(x->run, y->run);
}

static int by_name(const void *a, const void *b)
{
    const struct ent_console_record *x = a, *y = b;
    return strcmp(x->run, y->run);
}

/* Read once of each: what was said does not change. */
static enum ent_err time_of(struct ent_console_call *x, const struct ent_console_folder *f,
                            struct ent_console_record *m, unsigned *left)
{
    const struct ent_console_records *k = f->known;
    const struct ent_console_record *known =
        k->n == 0 ? NULL : bsearch(m, k->record, k->n, sizeof(*m), by_name);
    if (known != NULL && known->time != 0) {
        m->time = known->time;
        return ENT_OK;
    }
    if (*left == 0)
        return ENT_OK;
    (*left)--;
    return f->time_of(x, &m->time, m->run);
}

/* All of them, by name. */
static enum ent_err list(struct ent_console_call *x, const struct ent_console_folder *f)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf names;
    size_t n = 0;
    unsigned left = READ_MOST;
    enum ent_err r = ent_home_list(x->book->opts.home, &names, f->name);
    struct ent_console_record *m = calloc(names.n / NAME + 1, sizeof(*m));
    if (r == ENT_OK && m == NULL)
        r = ENT_E_NOMEM;
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name)) {
        if (!ent_console_is_run(name))
            continue;
        memcpy(m[n].run, name, sizeof(m[n].run));
        r = time_of(x, f, &m[n++], &left);
    }
    ent_buf_release(&names);
    if (r != ENT_OK) {
        free(m);
        return r;
    }
    qsort(m, n, sizeof(*m), by_name);
    free(f->known->record);
    *f->known = (struct ent_console_records){m, n};
    return ENT_OK;
}

enum ent_err ent_console_put_records(struct ent_console_call *x, const struct ent_console_folder *f,
                                     size_t most)
{
    enum ent_err r = list(x, f);
    if (r != ENT_OK)
        return r;
    const size_t n = f->known->n;
    struct ent_console_record *m = calloc(n + 1, sizeof(*m));
    if (m == NULL)
        return ENT_E_NOMEM;
    if (n > 0)
        memcpy(m, f->known->record, n * sizeof(*m));
    qsort(m, n, sizeof(*m), later);
    ent_rows_arr(&x->w, f->key);
    for (size_t i = 0; i < n && i < most && r == ENT_OK; i++)
        r = f->put(x, m[i].run);
    ent_rows_arr_end(&x->w);
    ent_rows_u64(&x->w, "records", n);
    free(m);
    return r;
}

void ent_console_put_damaged(struct ent_rows *w, const char *run)
{
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "run", run);
    ent_rows_bool(w, "damaged", true);
    ent_rows_obj_end(w);
}
