/* compile.c: what the compiled image of the indicators is made of, and the mark that says whether
 * it still is what the store holds. */
#include "store/store.h"
#include "store/db.h"

#define MARK "indicators/mark"

enum ent_err ent_store_renew_mark(struct ent_store *s)
{
    struct ent_mark16 mark;
    char hex[ENT_HEX_LEN(sizeof(mark.b))];
    ent_random(mark.b, sizeof(mark.b));
    ent_hex_encode(hex, mark.b, sizeof(mark.b));
    return ent_store_set_fact(s, MARK, ent_slice_str(hex));
}

enum ent_err ent_store_mark(struct ent_store *s, struct ent_mark16 *ret)
{
    struct ent_mark16 mark = {{0}};
    struct ent_buf b;
    ent_buf_init(&b, 1024);
    enum ent_err r = ent_store_fact(s, &b, MARK);
    if (r == ENT_OK)
        r = ent_hex_decode(mark.b, sizeof(mark.b), ent_buf_slice(&b));
    ent_buf_release(&b);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    *ret = mark;
    return ENT_OK;
}

enum ent_err ent_store_compile(struct ent_store *s, int64_t at,
                               enum ent_err (*each)(void *ctx, uint64_t id,
                                                    const struct ent_observable *o),
                               void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_COMPILE);
    struct ent_observable o;
    uint64_t last = 0; /* SQLite's own ids begin with 1 */
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, at);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        if ((uint64_t)sqlite3_column_int64(st, 0) == last)
            continue; /* another claim about the same */
        last = (uint64_t)sqlite3_column_int64(st, 0);
        if ((r = ent_store_observable(&o, st, 1)) == ENT_OK)
            r = each(ctx, last, &o);
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}
