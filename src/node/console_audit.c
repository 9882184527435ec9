/* console_audit.c: who did what with this node, the newest first. Whether all of it holds is what
 * `entente audit verify` hashes again; here a page is read. */
#include "node/node.h"

#include "node/console_parts.h"

#define RECORDS 100u

struct page {
    struct ent_console_call *x;
    uint64_t generation, index; /* of the last one that was told */
    unsigned n;
};

static enum ent_err put_record(void *ctx, uint64_t generation, uint64_t index,
                               const struct ent_trail_record *r)
{
    char from[ENT_FROM_TEXT];
    struct page *p = ctx;
    struct ent_rows *w = &p->x->w;
    p->generation = generation;
    p->index = index;
    p->n++;
    ent_rows_obj(w, NULL);
    ent_rows_u64(w, "generation", generation);
    ent_rows_u64(w, "index", index);
    ent_rows_time(w, "time", r->time);
    ent_rows_cstr(w, "who", r->who);
    ent_rows_cstr(w, "via", ent_via_words[r->via]);
    if (r->token[0] != '\0')
        ent_rows_cstr(w, "token", r->token);
    ent_rows_cstr(w, "from", ent_from_show(from, r->from16));
    ent_rows_cstr(w, "what", ent_actions[r->what].word);
    ent_rows_cstr(w, "outcome", ent_refusal_words[r->outcome]);
    /* What somebody read that is marked RED is as narrow as that. */
    if (r->what != ENT_ACT_READ_RED || ent_console_shows(p->x, ENT_TLP_RED))
        ent_rows_cstr(w, "on", r->on);
    else
        ent_rows_bool(w, "hidden", true);
    ent_rows_obj_end(w);
    return ENT_OK;
}

enum ent_err ent_console_audit(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_console_store_opts *o = &x->store->opts;
    struct page p = {.x = x};
    unsigned most = x->q->limit == 0 ? RECORDS : x->q->limit;
    if (o->audit == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "there is no audit log here", 0, 0);
    ent_rows_arr(&x->w, "records");
    enum ent_err r = ent_trail_newest(d, o->audit, o->member, x->q->generation, x->q->before, most,
                                      &p, put_record);
    ent_rows_arr_end(&x->w);
    if (p.n == most && p.index > 0) {
        ent_rows_u64(&x->w, "generation", p.generation);
        ent_rows_u64(&x->w, "before", p.index);
    } else if (p.n == most && p.generation > 1) {
        ent_rows_u64(&x->w, "generation", p.generation - 1);
    }
    return r;
}
