/* portal_pages.c: the console as the portal asks for it. */
#include "node/node.h"

static size_t max_body(const char *method, const char *path)
{
    return ent_console_max_body(method, path);
}

static enum ent_portal_where where(enum ent_console_what what)
{
    switch (ent_console_where(what)) {
    case ENT_CONSOLE_BOOK:
        return ENT_PORTAL_BOOK;
    case ENT_CONSOLE_ACT:
        return ENT_PORTAL_ACT;
    case ENT_CONSOLE_STORE:
    case ENT_CONSOLE_HERE:
        break;
    }
    return ENT_PORTAL_STORE;
}

static enum ent_err parse(struct ent_buf *query, struct ent_buf *items,
                          enum ent_portal_where *ret_where, struct ent_web_answer *answer,
                          const struct ent_web_request *req, const struct ent_portal_who *who)
{
    struct ent_console_query q;
    enum ent_err r = ent_console_parse(&q, answer, req, who->who, who->own_site);
    if (r == ENT_OK) {
        *ret_where = where(q.what);
        r = ent_console_take_list(&q, items, answer, req);
    }
    if (r == ENT_OK)
        r = ent_console_query_encode(query, &q);
    ent_wipe(&q, sizeof(q)); /* passwords */
    return r;
}

static void render(struct ent_web_answer *answer, struct ent_slice query, struct ent_slice rows)
{
    struct ent_console_query q;
    if (ent_console_query_decode(&q, query) != ENT_OK)
        ent_console_error(answer, 500, "a query that was ours");
    else
        ent_console_render(answer, &q, rows);
    ent_wipe(&q, sizeof(q));
}

const struct ent_portal_console ent_portal_pages = {max_body, parse, render};
