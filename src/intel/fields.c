/* fields.c: one object of strings. */
#include "intel/intel.h"

#include "intel/json_pull.h"

static struct ent_field *find(struct ent_field *f, size_t n, const struct ent_jp *p)
{
    for (size_t i = 0; i < n; i++)
        if (!p->cut && ent_slice_eq(p->text, ent_slice_str(f[i].name)))
            return &f[i];
    return NULL;
}

static enum ent_err read_one(struct ent_jp *p, struct ent_field *f, struct ent_diag *d)
{
    enum ent_jp_event e = ENT_JP_END;
    enum ent_err r;
    if (f == NULL)
        return ent_fail(d, ENT_E_FORMAT, "a name that is not known here", p->line, p->offset);
    if (f->is_there)
        return ent_fail(d, ENT_E_FORMAT, "a name that comes twice", p->line, p->offset);
    if ((r = ent_jp_next(p, &e, d)) != ENT_OK)
        return r;
    if (e != ENT_JP_STR)
        return ent_fail(d, ENT_E_FORMAT, "a value that is not a string", p->line, p->offset);
    f->is_there = true;
    r = p->cut ? ENT_E_LIMIT : ent_buf_put_slice(f->value, p->text);
    return r == ENT_E_LIMIT ? ent_fail(d, r, "a value that is too long", p->line, p->offset) : r;
}

static enum ent_err read_all(struct ent_jp *p, struct ent_field *f, size_t n, struct ent_diag *d)
{
    enum ent_jp_event e = ENT_JP_END;
    enum ent_err r = ent_jp_next(p, &e, d);
    if (r == ENT_OK && e != ENT_JP_OBJ)
        r = ent_fail(d, ENT_E_FORMAT, "not an object", p->line, p->offset);
    while (r == ENT_OK && (r = ent_jp_next(p, &e, d)) == ENT_OK && e == ENT_JP_KEY)
        r = read_one(p, find(f, n, p), d);
    if (r == ENT_OK)
        r = ent_jp_next(p, &e, d); /* nothing behind it */
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        if (!f[i].is_there && !f[i].may_miss)
            r = ent_fail(d, ENT_E_FORMAT, "a name is missing", 0, 0);
    return r;
}

enum ent_err ent_fields_read(struct ent_field *f, size_t n, struct ent_slice body,
                             struct ent_diag *d)
{
    struct ent_jp p = {.err = ENT_OK};
    struct ent_slice rest = body;
    for (size_t i = 0; i < n; i++)
        f[i].is_there = false;
    enum ent_err r = ent_jp_init(&p, ent_reader_mem(&rest), 0, 2, ENT_FIELD_MAX);
    if (r == ENT_OK)
        r = read_all(&p, f, n, d);
    if (p.window != NULL) /* where a password went through */
        ent_wipe(p.window, ENT_JP_WINDOW);
    ent_buf_wipe(&p.scratch);
    ent_jp_release(&p);
    return r;
}
