/* console_list.c: what somebody wants to ask about: read where there is nothing to take, as a file
 * is that a command gets. What goes on from here are items in one form, each once, in order. */
#include "node/node.h"

#include "node/console_parts.h"
#include "watch/watch.h"

#define SET_BYTES ((size_t)64 << 20)

struct reading {
    struct ent_console_list *list;
    struct ent_observed *set;
    uint32_t types;
    struct ent_buf *items;
};

static enum ent_err add(void *ctx, const struct ent_observable *o)
{
    struct reading *x = ctx;
    if ((x->types & ENT_OBS_BIT(o->type)) == 0)
        x->list->others++;
    else if (!ent_observable_is_public(o))
        x->list->not_public++;
    else
        return ent_observed_add(x->set, o);
    return ENT_OK;
}

static enum ent_err take(void *ctx, const struct ent_indicator *ind)
{
    return add(ctx, &ind->obs);
}

static enum ent_err skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct ent_console_list *l = ((struct reading *)ctx)->list;
    (void)what;
    if (l->skipped < ENT_CONSOLE_LINES) {
        l->line[l->skipped].line = line;
        l->line[l->skipped].why = reason;
    }
    l->skipped++;
    return ENT_OK;
}

static enum ent_err put(void *ctx, enum ent_obs_type type, struct ent_slice text)
{
    struct reading *x = ctx;
    struct ent_observable o = {.type = type, .n = (uint16_t)text.n};
    uint8_t key[ENT_OBS_KEY_MAX];
    memcpy(o.text, text.p, text.n);
    o.text[text.n] = '\0';
    return ent_seek_put(x->items, ent_slice(key, ent_observable_key(key, &o)));
}

static enum ent_err read_text(struct reading *x, struct ent_diag *d, struct ent_slice text)
{
    static const struct ent_slice magic = ENT_SLICE_LIT("entente/observed@v1\n");
    const struct ent_import_sink sink = {.ctx = x, .take = take, .skip = skip};
    const struct ent_import_opts opts = {.confidence = -1};
    struct ent_slice left = text;
    if (text.n >= magic.n && ent_slice_eq(ent_slice(text.p, magic.n), magic))
        return ent_observed_read(ent_reader_mem(&left), d, add, x);
    return ent_intel_read(ent_reader_mem(&left), &opts, &sink, NULL, d);
}

static bool is_blank(struct ent_slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (strchr(" \t\r\n", text.p[i]) == NULL || text.p[i] == '\0')
            return false;
    return true;
}

enum ent_err ent_console_list_read(struct ent_console_list *ret, struct ent_buf *items,
                                   struct ent_diag *d, struct ent_slice text, uint32_t types)
{
    struct reading x = {
        .list = ret, .types = types == 0 ? ENT_CONSOLE_ASKED : types, .items = items};
    enum ent_err r = ent_observed_new(&x.set, SET_BYTES);
    *ret = (struct ent_console_list){.n = 0};
    if (r != ENT_OK)
        return r;
    if (is_blank(text))
        r = ent_fail(d, ENT_E_NOTFOUND, "the list is empty", 0, 0);
    else
        r = read_text(&x, d, text);
    if (r == ENT_OK && (ret->n = ent_observed_count(x.set)) == 0)
        r = ent_fail(d, ENT_E_NOTFOUND, "nothing in it is public and of the types to ask about", 0,
                     0);
    if (r == ENT_OK) {
        ent_observed_count_types(x.set, ret->count);
        r = ent_observed_each(x.set, put, &x);
    }
    ent_observed_free(x.set);
    return r;
}

/* --- a request ----------------------------------------------------------------------------------
 */

static void fail_list(struct ent_web_answer *a, enum ent_err r, const struct ent_diag *d)
{
    char text[256];
    const char *why = d->text != NULL ? d->text : ent_err_str(r);
    if (d->line > 0)
        (void)snprintf(text, sizeof(text), "line %llu: %s", (unsigned long long)d->line, why);
    else
        (void)snprintf(text, sizeof(text), "%s", why);
    ent_console_error(a, r == ENT_E_NOMEM ? 500 : r == ENT_E_LIMIT ? 413 : 400, text);
}

static void put_list(struct ent_json *j, const struct ent_console_list *l, bool pad)
{
    ent_json_obj(j, NULL);
    ent_json_obj(j, "asked");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if (l->count[t] > 0)
            ent_json_u64(j, ent_obs_type_name((enum ent_obs_type)t), l->count[t]);
    ent_json_obj_end(j);
    ent_json_u64(j, "items", l->n);
    ent_json_u64(j, "charged", ent_asks_cost(l->n, pad));
    ent_json_u64(j, "other_types", l->others);
    ent_json_u64(j, "not_public", l->not_public);
    ent_json_u64(j, "skipped", l->skipped);
    ent_json_arr(j, "lines");
    for (size_t i = 0; i < l->skipped && i < ENT_CONSOLE_LINES; i++) {
        ent_json_obj(j, NULL);
        ent_json_u64(j, "line", l->line[i].line);
        ent_json_cstr(j, "why", l->line[i].why);
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
    ent_json_obj_end(j);
}

static void answer_list(struct ent_web_answer *a, const struct ent_console_list *l, bool pad)
{
    struct ent_json j;
    ent_json_start(&j, &a->body);
    put_list(&j, l, pad);
    a->status = 200;
    a->type = "application/json";
    if (ent_json_end(&j) != ENT_OK || ent_console_headers(a) != ENT_OK)
        ent_console_error(a, 500, "the answer does not fit");
}

enum ent_err ent_console_take_list(struct ent_console_query *q, struct ent_buf *items,
                                   struct ent_web_answer *answer, const struct ent_web_request *req)
{
    struct ent_console_list l;
    struct ent_diag d = {0};
    if (!ent_console_routes[q->what].list)
        return ENT_OK;
    enum ent_err r = ent_console_list_read(&l, items, &d, req->body, q->types);
    if (r != ENT_OK) {
        fail_list(answer, r, &d);
        return ENT_E_STATE;
    }
    q->items = l.n;
    if (q->what != ENT_CONSOLE_LIST)
        return ENT_OK;
    answer_list(answer, &l, q->pad);
    return ENT_E_STATE;
}
