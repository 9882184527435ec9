/*
 * console_query.c: what is asked of the console. One table of routes says all that may come, who
 * may ask it and who runs it; whatever is not in it is refused with its reason.
 */
#include "node/node.h"

#include "node/console_parts.h"
#include "node/web_files.h"

#define API "/api/v1/"

/* table */
const struct ent_console_route ent_console_routes[ENT_CONSOLE_WHATS] = {
    [ENT_CONSOLE_TODAY] = {"GET", "today", ENT_P_DAYS, 0, ENT_ACT_READ, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_INDICATORS] = {"GET", "indicators",
                                ENT_P_Q | ENT_P_AFTER | ENT_P_BEFORE | ENT_P_TYPES | ENT_P_TLP |
                                    ENT_P_SOURCE | ENT_P_TAG | ENT_P_LIMIT,
                                0, ENT_ACT_READ, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_FACETS] = {"GET", "facets", 0, 0, ENT_ACT_READ, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_INDICATOR] = {"GET", "indicator", ENT_P_VALUE, ENT_P_VALUE, ENT_ACT_READ,
                               ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_WATCH] = {"GET", "watch", ENT_P_LIMIT, 0, ENT_ACT_READ, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_HITS] = {"GET", "hits", ENT_P_FROM, 0, ENT_ACT_READ, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_SETTINGS] = {"GET", "settings", 0, 0, ENT_ACT_READ, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_TAG] = {"POST", "tag", ENT_P_VALUE | ENT_P_TAG | ENT_P_REMOVE,
                         ENT_P_VALUE | ENT_P_TAG, ENT_ACT_EDIT, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_ACCOUNTS] = {"GET", "accounts", 0, 0, ENT_ACT_USERS, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_ACCOUNT] = {"GET", "account", ENT_P_ACCOUNT, 0, ENT_ACT_OWN, ENT_CONSOLE_STORE,
                             false},
    [ENT_CONSOLE_ACCOUNT_ADD] = {"POST", "account-add",
                                 ENT_P_ACCOUNT | ENT_P_DISPLAY | ENT_P_ROLE | ENT_P_TLP |
                                     ENT_P_PASSWORD,
                                 ENT_P_ACCOUNT | ENT_P_ROLE | ENT_P_TLP, ENT_ACT_USERS,
                                 ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_ACCOUNT_SET] = {"POST", "account-set",
                                 ENT_P_ACCOUNT | ENT_P_DISPLAY | ENT_P_ROLE | ENT_P_TLP |
                                     ENT_P_ENABLE | ENT_P_DISABLE,
                                 ENT_P_ACCOUNT, ENT_ACT_USERS, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_PASSWORD] = {"POST", "password", ENT_P_ACCOUNT | ENT_P_PASSWORD | ENT_P_OLD,
                              ENT_P_ACCOUNT | ENT_P_PASSWORD, ENT_ACT_OWN, ENT_CONSOLE_STORE,
                              false},
    [ENT_CONSOLE_TOKEN] = {"POST", "token",
                           ENT_P_ACCOUNT | ENT_P_TOKEN | ENT_P_ROLE | ENT_P_TLP | ENT_P_UNTIL,
                           ENT_P_ACCOUNT | ENT_P_TOKEN, ENT_ACT_OWN, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_TOKEN_DROP] = {"POST", "token-drop", ENT_P_ACCOUNT | ENT_P_TOKEN,
                                ENT_P_ACCOUNT | ENT_P_TOKEN, ENT_ACT_OWN, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_RELEASES] = {"GET", "releases", 0, 0, ENT_ACT_READ, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_RELEASE] = {"POST", "release", ENT_P_SOURCE | ENT_P_REASON,
                             ENT_P_SOURCE | ENT_P_REASON, ENT_ACT_RELEASE, ENT_CONSOLE_STORE,
                             false},
    [ENT_CONSOLE_CONFIRM] = {"POST", "release-confirm", ENT_P_SOURCE, ENT_P_SOURCE, ENT_ACT_CONFIRM,
                             ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_HOLD] = {"POST", "release-hold", ENT_P_SOURCE, ENT_P_SOURCE, ENT_ACT_HOLD,
                          ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_AUDIT] = {"GET", "audit", ENT_P_GENERATION | ENT_P_BEFORE | ENT_P_LIMIT, 0,
                           ENT_ACT_TRAIL, ENT_CONSOLE_STORE, false},
    [ENT_CONSOLE_NODE] = {"GET", "node", 0, 0, ENT_ACT_READ, ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_STANDING] = {"GET", "standing", 0, 0, ENT_ACT_READ, ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_PARTNERS] = {"GET", "partners", 0, 0, ENT_ACT_READ, ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_MATCHES] = {"GET", "matches", ENT_P_LIMIT, 0, ENT_ACT_READ, ENT_CONSOLE_BOOK,
                             false},
    [ENT_CONSOLE_MATCH] = {"GET", "match", ENT_P_RUN, ENT_P_RUN, ENT_ACT_READ, ENT_CONSOLE_BOOK,
                           false},
    [ENT_CONSOLE_LOGS] = {"GET", "logs", 0, 0, ENT_ACT_READ, ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_LOG] = {"GET", "log", ENT_P_MEMBER | ENT_P_GENERATION | ENT_P_BEFORE | ENT_P_LIMIT,
                         ENT_P_MEMBER, ENT_ACT_READ, ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_PROOF] = {"GET", "proof",
                           ENT_P_MEMBER | ENT_P_GENERATION | ENT_P_FROM | ENT_P_WHOLE,
                           ENT_P_MEMBER | ENT_P_FROM, ENT_ACT_READ, ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_CONSISTENCY] = {"GET", "consistency",
                                 ENT_P_MEMBER | ENT_P_GENERATION | ENT_P_FROM | ENT_P_TO,
                                 ENT_P_MEMBER | ENT_P_FROM | ENT_P_TO, ENT_ACT_READ,
                                 ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_MATCH_MAY] = {"GET", "match-may", ENT_P_MEMBER | ENT_P_ITEMS | ENT_P_PAD,
                               ENT_P_MEMBER | ENT_P_ITEMS, ENT_ACT_MATCH, ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_ASKS] = {"GET", "asks", ENT_P_ASK, 0, ENT_ACT_MATCH, ENT_CONSOLE_BOOK, false},
    [ENT_CONSOLE_QUORUMS] = {"GET", "quorums", ENT_P_LIMIT, 0, ENT_ACT_READ, ENT_CONSOLE_BOOK,
                             false},
    [ENT_CONSOLE_QUORUM] = {"GET", "quorum", ENT_P_RUN, ENT_P_RUN, ENT_ACT_READ, ENT_CONSOLE_BOOK,
                            false},
    [ENT_CONSOLE_LIST] = {"POST", "match-list", ENT_P_TYPES | ENT_P_PAD, 0, ENT_ACT_MATCH,
                          ENT_CONSOLE_HERE, true},
    [ENT_CONSOLE_MATCH_ASK] = {"POST", "match-ask", ENT_P_MEMBER | ENT_P_TYPES | ENT_P_PAD,
                               ENT_P_MEMBER, ENT_ACT_MATCH, ENT_CONSOLE_ACT, true},
    [ENT_CONSOLE_MATCH_STOP] = {"POST", "match-stop", ENT_P_ASK, ENT_P_ASK, ENT_ACT_MATCH,
                                ENT_CONSOLE_ACT, false},
    [ENT_CONSOLE_QUORUM_START] = {"POST", "quorum-start",
                                  ENT_P_FROM | ENT_P_THRESHOLD | ENT_P_TYPES | ENT_P_ITEMS,
                                  ENT_P_FROM, ENT_ACT_QUORUM, ENT_CONSOLE_ACT, false},
    [ENT_CONSOLE_QUORUM_JOIN] = {"POST", "quorum-join", ENT_P_RUN, ENT_P_RUN, ENT_ACT_QUORUM,
                                 ENT_CONSOLE_ACT, false},
    [ENT_CONSOLE_QUORUM_DECLINE] = {"POST", "quorum-decline", ENT_P_RUN, ENT_P_RUN, ENT_ACT_QUORUM,
                                    ENT_CONSOLE_ACT, false},
};

enum ent_console_side ent_console_where(enum ent_console_what what)
{
    return ent_console_routes[what].side;
}

/* --- a request ----------------------------------------------------------------------------------
 */

static void put_file(struct ent_web_answer *a, const struct ent_web_file *f,
                     const struct ent_web_request *req)
{
    bool same = ent_slice_eq(req->if_none_match, ent_slice_str(f->etag));
    a->status = same ? 304 : 200;
    a->type = f->type;
    if (ent_console_headers(a) != ENT_OK ||
        ent_buf_printf(&a->headers, "ETag: %s\nCache-Control: no-cache\n", f->etag) != ENT_OK ||
        (!same && ent_buf_put(&a->body, f->bytes, f->n) != ENT_OK))
        ent_console_error(a, 500, "the answer does not fit");
}

/* One page; /first is where the link of the first operator leads. */
static bool is_page(const char *path)
{
    return strcmp(path, "/") == 0 || strcmp(path, "/first") == 0;
}

static void parse_file(struct ent_web_answer *a, const struct ent_web_request *req)
{
    static const char folder[] = "/console/";
    const char *name = NULL;
    if (is_page(req->path))
        name = "index.html";
    else if (strncmp(req->path, folder, sizeof(folder) - 1) == 0)
        name = req->path + sizeof(folder) - 1;
    for (size_t i = 0; name != NULL && i < ent_web_files_count; i++) {
        if (strcmp(ent_web_files[i].name, name) != 0)
            continue;
        if (strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0)
            put_file(a, &ent_web_files[i], req);
        else
            ent_console_error(a, 405, "files are only read");
        return;
    }
    ent_console_error(a, 404, "nothing is here");
}

static bool is_form(struct ent_slice type)
{
    static const struct ent_slice form = ENT_SLICE_LIT("application/x-www-form-urlencoded");
    return ent_slice_ieq(type, form) ||
           ent_slice_ieq(type, ENT_SLICE_LIT("application/x-www-form-urlencoded;charset=UTF-8"));
}

static bool is_list(struct ent_slice type)
{
    static const struct ent_slice text = ENT_SLICE_LIT("text/plain");
    return ent_slice_ieq(type, text) ||
           ent_slice_ieq(type, ENT_SLICE_LIT("text/plain;charset=UTF-8"));
}

static void fail_params(struct ent_web_answer *a, const char *wrong)
{
    char text[96];
    if (strchr(wrong, ' ') == NULL)
        (void)snprintf(text, sizeof(text), "the value of %s is none that it may have", wrong);
    else
        (void)snprintf(text, sizeof(text), "%s", wrong);
    ent_console_error(a, 400, text);
}

static enum ent_err parse_call(struct ent_console_query *q, struct ent_web_answer *a,
                               const struct ent_web_request *req,
                               const struct ent_console_route *route,
                               const struct ent_identity *who, bool own_site)
{
    bool post = strcmp(route->method, "POST") == 0;
    const char *wrong = NULL;
    if (who == NULL)
        ent_console_error(a, 401, "nobody is logged in");
    else if (!ent_may(who, route->act))
        ent_console_error(a, 403, "this account may not do that");
    else if (post && !own_site)
        ent_console_error(a, 403, "the request does not come from a page of this session");
    else if (route->list && !is_list(req->content_type))
        ent_console_error(a, 415, "a list is text/plain");
    else if (post && !route->list && !is_form(req->content_type))
        ent_console_error(a, 415, "a body is application/x-www-form-urlencoded");
    else if (post && !route->list && req->query.n > 0)
        wrong = "what is to be changed stands in the body";
    else if ((wrong = ent_console_params(q, route,
                                         post && !route->list ? req->body : req->query)) == NULL)
        return ENT_OK;
    if (wrong != NULL)
        fail_params(a, wrong);
    return ENT_E_STATE;
}

enum ent_err ent_console_parse(struct ent_console_query *ret, struct ent_web_answer *answer,
                               const struct ent_web_request *req, const struct ent_identity *who,
                               bool own_site)
{
    const char *path = req->path;
    bool known = false;
    *ret = (struct ent_console_query){.what = ENT_CONSOLE_TODAY};
    if (strncmp(path, API, sizeof(API) - 1) != 0) {
        parse_file(answer, req);
        return ENT_E_STATE;
    }
    for (int i = ENT_CONSOLE_TODAY; i < ENT_CONSOLE_WHATS; i++) {
        const struct ent_console_route *route = &ent_console_routes[i];
        if (strcmp(path + sizeof(API) - 1, route->path) != 0)
            continue;
        known = true;
        bool head = strcmp(req->method, "HEAD") == 0 && strcmp(route->method, "GET") == 0;
        if (!head && strcmp(req->method, route->method) != 0)
            continue;
        ret->what = (enum ent_console_what)i;
        enum ent_err r = parse_call(ret, answer, req, route, who, own_site);
        /* Where a browser lost the stream: the time of the last hit it saw. */
        if (r == ENT_OK && i == ENT_CONSOLE_HITS && req->last_event_id.n > 0 &&
            ent_parse_u64(&ret->from, req->last_event_id, INT64_MAX) != ENT_OK) {
            ent_console_error(answer, 400, "Last-Event-ID is none of ours");
            r = ENT_E_STATE;
        }
        return r;
    }
    ent_console_error(answer, known ? 405 : 404,
                      known ? "not with this method" : "the console has no such call");
    return ENT_E_STATE;
}

static bool has_list(const char *path)
{
    for (int i = ENT_CONSOLE_TODAY; i < ENT_CONSOLE_WHATS; i++)
        if (ent_console_routes[i].list && strcmp(path, ent_console_routes[i].path) == 0)
            return true;
    return false;
}

size_t ent_console_max_body(const char *method, const char *path)
{
    if (strncmp(path, API, sizeof(API) - 1) == 0 && strcmp(method, "POST") == 0 &&
        has_list(path + sizeof(API) - 1))
        return ENT_CONSOLE_LIST_BYTES;
    if (strncmp(path, API, sizeof(API) - 1) == 0)
        return strcmp(method, "POST") == 0 ? ENT_WEB_HEADER : 1;
    return is_page(path) || strncmp(path, "/console/", 9) == 0 ? 1 : ENT_WEB_NO_PATH;
}
