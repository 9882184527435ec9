/* taxii_ask.c: see taxii_ask.h. */
#include "tests/support/taxii_ask.h"

#define NOW INT64_C(1534723200000000)

void taxii_ask_start(struct taxii_ask *x, struct ent_store *s)
{
    *x = (struct taxii_ask){
        .store = s, .now = NOW, .who = {ENT_SLICE_LIT("alice"), ENT_TLP_RED, true}};
    ent_taxii_answer_init(&x->a, (size_t)64 << 20);
    assert_ok(ent_taxii_server_init(&x->server, s, ENT_SLICE_LIT("key"), ENT_SLICE_LIT("Us")));
}

void taxii_ask_end(struct taxii_ask *x)
{
    json_decref(x->json);
    ent_taxii_answer_release(&x->a);
    ent_store_close(x->store);
}

void taxii_ask_tend(struct taxii_ask *x)
{
    bool left = true;
    while (left)
        assert_ok(ent_taxii_tend(&x->server, x->now, 1000, &left, NULL));
}

static void run(struct taxii_ask *x, struct ent_slice encoded)
{
    struct ent_taxii_query q;
    struct ent_buf rows, again;
    ent_buf_init(&rows, ENT_TAXII_ROWS);
    ent_buf_init(&again, ENT_TAXII_QUERY_MAX);
    assert_ok(ent_taxii_query_parse(&q, encoded));
    assert_ok(ent_taxii_query_encode(&again, &q));
    assert_true(ent_slice_eq(encoded, ent_buf_slice(&again)));
    assert_ok(ent_taxii_run(&x->server, &rows, encoded, x->now));
    assert_ok(ent_taxii_render(&x->a, &q, ent_buf_slice(&rows)));
    ent_buf_release(&again);
    ent_buf_release(&rows);
}

unsigned taxii_ask(struct taxii_ask *x, const char *method, const char *path, const char *body)
{
    const char *mark = strchr(path, '?'), *type = x->type == NULL ? ENT_TAXII_TYPE : x->type;
    size_t n = mark == NULL ? strlen(path) : (size_t)(mark - path);
    char *plain = strndup(path, n);
    struct ent_buf query;
    const struct ent_taxii_request req = {
        .method = method,
        .path = plain,
        .query = ent_slice_str(mark == NULL ? "" : mark + 1),
        .accept = ent_slice_str(x->accept == NULL ? ENT_TAXII_TYPE : x->accept),
        .content_type = ent_slice_str(body == NULL ? "" : type),
        .host = ENT_SLICE_LIT("taxii.example.com:443"),
        .body = ent_slice_str(body == NULL ? "" : body),
        .who = x->nobody ? NULL : &x->who};
    ent_buf_init(&query, ENT_TAXII_QUERY_MAX);
    ent_buf_clear(&x->a.headers);
    ent_buf_clear(&x->a.body);
    x->now++;
    enum ent_err r = ent_taxii_parse(&query, &x->a, &req);
    if (r == ENT_OK)
        run(x, ent_buf_slice(&query));
    else
        assert_err(r, ENT_E_FORMAT);
    ent_buf_release(&query);
    free(plain);
    json_decref(x->json);
    x->json = json_loadb((const char *)x->a.body.p, x->a.body.n, JSON_REJECT_DUPLICATES, NULL);
    if (x->a.status >= 400) { /* always the standard's error resource */
        char text[16];
        (void)snprintf(text, sizeof(text), "%u", x->a.status);
        assert_string_equal(json_string_value(json_object_get(x->json, "http_status")), text);
        assert_non_null(json_string_value(json_object_get(x->json, "title")));
    }
    return x->a.status;
}

const char *taxii_ask_header(const struct taxii_ask *x, const char *name, char ret[static 256])
{
    struct ent_cur c = ent_cur(ent_buf_slice(&x->a.headers));
    struct ent_slice line;
    size_t n = strlen(name);
    ret[0] = '\0';
    while (ent_cur_line(&c, &line) == ENT_OK)
        if (line.n > n + 2 && memcmp(line.p, name, n) == 0 && line.p[n] == ':')
            (void)snprintf(ret, 256, "%.*s", (int)(line.n - n - 2), (const char *)line.p + n + 2);
    return ret;
}
