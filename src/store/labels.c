/*
 * labels.c: the labels of claims. Each set of them is a row, which claims refer to by its number: a
 * feed has few sets for many claims. What is in a set stands in label_of, to be asked for by name.
 */
#include "store/store.h"
#include "store/db.h"

static void bind_names(sqlite3_stmt *st, const void *what)
{
    ent_store_bind(st, 1, *(const struct ent_slice *)what);
}

static enum ent_err put_each(struct ent_store *s, int64_t id, struct ent_slice names)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_LABEL);
    enum ent_err r = ENT_OK;
    if (st == NULL)
        return ent_store_fail(s);
    while (names.n > 0 && r == ENT_OK) {
        ent_store_bind(st, 1, ent_labels_next(&names));
        (void)sqlite3_bind_int64(st, 2, id);
        r = ent_store_run(s, st);
    }
    return r;
}

/* Rows of a feed that follow one another often have the same. */
enum ent_err ent_store_labels(struct ent_store *s, int64_t *ret, struct ent_slice names)
{
    bool fresh = false;
    *ret = 0;
    if (names.n == 0)
        return ENT_OK;
    if (s->labels == 0 || !ent_slice_eq(ent_buf_slice(&s->names), names)) {
        s->labels = 0;
        ent_buf_clear(&s->names);
        enum ent_err r = ent_buf_put_slice(&s->names, names);
        if (r != ENT_OK ||
            (r = ent_store_intern(s, ret, &fresh, ENT_Q_ADD_LABELS, ENT_Q_FIND_LABELS, bind_names,
                                  &names)) != ENT_OK ||
            (fresh && (r = put_each(s, *ret, names)) != ENT_OK))
            return r;
        s->labels = *ret;
    }
    *ret = s->labels;
    return ENT_OK;
}
