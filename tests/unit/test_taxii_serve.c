/* test_taxii_serve.c: a TAXII 2.1 server, request by request, against the rows of the standard. */
#include "tests/support/taxii_ask.h"

#define API   "/taxii2/api/"
#define GREEN API "collections/green/"
#define INBOX API "collections/inbox/"

#define OBJECT(type, n, version, more)                                                             \
    "{\"type\":\"" type "\",\"spec_version\":\"2.1\",\"id\":\"" type "--0000000" n                 \
    "-0000-4000-8000-000000000000\",\"created\":\"2018-01-01T00:00:00.000Z\",\"modified\":"        \
    "\"2018-01-0" version "T00:00:00.000Z\"," more                                                 \
    "\"object_marking_refs\":[\"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"]}"
#define PATTERN(ip)                                                                                \
    "\"pattern_type\":\"stix\",\"valid_from\":\"2018-01-01T00:00:00Z\",\"pattern\":"               \
    "\"[ipv4-addr:value = '" ip "']\","
#define ENVELOPE(objects) "{\"objects\":[" objects "]}"

static struct ent_store *new_store(void)
{
    struct ent_store *s;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    return s;
}

static void put(struct taxii_ask *x, const char *source, const char *value, enum ent_tlp tlp)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = 50, .valid_from = 1500000000};
    enum ent_put how;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(value)));
    assert_ok(ent_store_begin(x->store));
    assert_ok(ent_store_put(x->store, &how, &ind, ent_slice_str(source), x->now / 1000000));
    assert_ok(ent_store_commit(x->store));
}

static const char *text(const struct taxii_ask *x, const char *key)
{
    const char *s = json_string_value(json_object_get(x->json, key));
    return s == NULL ? "" : s;
}

static long number(const struct taxii_ask *x, const char *key)
{
    return (long)json_integer_value(json_object_get(x->json, key));
}

static size_t count(const struct taxii_ask *x, const char *key)
{
    return json_array_size(json_object_get(x->json, key));
}

static json_t *nth(const struct taxii_ask *x, const char *list, size_t i)
{
    return json_array_get(json_object_get(x->json, list), i);
}

static const char *text_of(json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s == NULL ? "" : s;
}

/* --- what there is ------------------------------------------------------------------------------
 */

static void test_discovery(void **state)
{
    struct taxii_ask x;
    char h[256];
    (void)state;
    taxii_ask_start(&x, new_store());
    assert_int_equal(taxii_ask(&x, "GET", "/taxii2/", NULL), 200);
    assert_string_equal(text(&x, "title"), "Us");
    assert_string_equal(text(&x, "default"), "https://taxii.example.com:443/taxii2/api/");
    assert_int_equal(count(&x, "api_roots"), 1);
    assert_int_equal(taxii_ask(&x, "GET", API, NULL), 200);
    assert_int_equal(number(&x, "max_content_length"), ENT_TAXII_BODY);
    assert_string_equal(json_string_value(nth(&x, "versions", 0)), ENT_TAXII_TYPE);
    assert_string_equal(text(&x, "title"), "Us");
    assert_int_equal(taxii_ask(&x, "POST", "/taxii2/", "{}"), 405);
    assert_string_equal(taxii_ask_header(&x, "Allow", h), "GET, HEAD");
    static const char *const none[] = {"/",
                                       "/taxii2",
                                       "/taxii2/api",
                                       "/taxii2/other/",
                                       API "collections",
                                       API "collections/green",
                                       GREEN "objects",
                                       GREEN "other/",
                                       API "status/",
                                       API "status/x/",
                                       GREEN "objects/x/",
                                       GREEN "objects/malware--1/other/",
                                       "/taxii2//",
                                       API "collections//objects/",
                                       GREEN "objects//",
                                       GREEN "objects/malware--%31/",
                                       "taxii2/",
                                       "/taxii2/api/../"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(taxii_ask(&x, "GET", none[i], NULL), 404);
    assert_int_equal(taxii_ask(&x, "GET", "/taxii2", NULL), 404);
    assert_non_null(strstr(text(&x, "description"), "slash"));
    taxii_ask_end(&x);
}

static void test_collections(void **state)
{
    static const char *const alias[] = {"clear", "green", "amber", "amber-strict", "inbox"};
    struct taxii_ask x;
    char path[128], id[64];
    (void)state;
    taxii_ask_start(&x, new_store());
    for (unsigned clearance = ENT_TLP_CLEAR; clearance <= ENT_TLP_RED; clearance++) {
        x.who.clearance = clearance;
        x.who.may_write = false;
        size_t most = clearance < 4 ? clearance : 4;
        assert_int_equal(taxii_ask(&x, "GET", API "collections/", NULL), 200);
        assert_int_equal(count(&x, "collections"), most);
        for (size_t i = 0; i < 5; i++) {
            (void)snprintf(path, sizeof(path), API "collections/%s/objects/", alias[i]);
            assert_int_equal(taxii_ask(&x, "GET", path, NULL), i < most ? 200 : 404);
        }
    }
    x.who.may_write = true;
    assert_int_equal(taxii_ask(&x, "GET", API "collections/", NULL), 200);
    assert_int_equal(count(&x, "collections"), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(taxii_ask(&x, "GET", API "collections/", NULL), 200);
        json_t *c = nth(&x, "collections", i);
        assert_string_equal(text_of(c, "alias"), alias[i]);
        assert_true(json_is_true(json_object_get(c, "can_read")));
        assert_int_equal(json_is_true(json_object_get(c, "can_write")), i == 4);
        (void)snprintf(id, sizeof(id), "%s", text_of(c, "id"));
        (void)snprintf(path, sizeof(path), API "collections/%s/", id);
        assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
        assert_string_equal(text(&x, "id"), id);
    }
    assert_int_equal(taxii_ask(&x, "GET", API "collections/none/", NULL), 404);
    taxii_ask_end(&x);
}

static void test_who_and_types(void **state)
{
    static const struct {
        const char *accept;
        unsigned status;
    } accepts[] = {{"application/taxii+json;version=2.1", 200},
                   {"application/taxii+json; version=2.1", 200},
                   {"Application/TAXII+json ; Version=\"2.1\"", 200},
                   {"application/taxii+json", 200},
                   {"text/html, application/taxii+json;version=2.1;q=0.5", 200},
                   {"*/*", 200},
                   {"", 200},
                   {"application/*;q=0.1", 200},
                   {"application/taxii+json;version=2.0", 406},
                   {"application/taxii+json;version=2.2", 406},
                   {"application/taxii+json;version=2.1;q=0", 406},
                   {"*/*;q=0.0", 406},
                   {"application/json", 406},
                   {"application/vnd.oasis.taxii+json; version=2.0", 406},
                   {"text/html", 406}};
    struct taxii_ask x;
    char h[256];
    (void)state;
    taxii_ask_start(&x, new_store());
    for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++) {
        x.accept = accepts[i].accept;
        assert_int_equal(taxii_ask(&x, "GET", "/taxii2/", NULL), accepts[i].status);
    }
    x.accept = NULL;
    static const char *const wrong[] = {"", "application/json",
                                        "application/taxii+json;version=2.0",
                                        "application/stix+json;version=2.1"};
    for (size_t i = 0; i < 4; i++) {
        x.type = wrong[i];
        assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", "{}"), 415);
    }
    x.type = "application/taxii+json; version=2.1";
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", "{}"), 202);
    x.type = NULL;
    x.nobody = true;
    assert_int_equal(taxii_ask(&x, "GET", "/taxii2/", NULL), 401);
    assert_true(strncmp(taxii_ask_header(&x, "WWW-Authenticate", h), "Basic ", 6) == 0);
    assert_int_equal(taxii_ask(&x, "GET", "/nothing/", NULL), 401);
    assert_int_equal(ent_taxii_max_body("POST"), ENT_TAXII_BODY);
    assert_int_equal(ent_taxii_max_body("GET"), 0);
    taxii_ask_end(&x);
}

/* --- pages --------------------------------------------------------------------------------------
 */

static void fill(struct taxii_ask *x, unsigned n)
{
    char value[32];
    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(value, sizeof(value), "80.%u.%u.1", i / 200, i % 200);
        put(x, "feed", value, ENT_TLP_GREEN);
    }
    taxii_ask_tend(x);
}

static void test_pages(void **state)
{
    struct taxii_ask x;
    char path[512], next[128] = "", first[256], last[256] = "", id[128], before[256];
    size_t seen = 0;
    (void)state;
    taxii_ask_start(&x, new_store());
    assert_int_equal(taxii_ask(&x, "GET", GREEN "objects/", NULL), 200);
    assert_int_equal(json_object_size(x.json), 0); /* {} */
    assert_string_equal(taxii_ask_header(&x, "X-TAXII-Date-Added-First", first), "");
    fill(&x, 25);
    for (int i = 0;; i++) {
        (void)snprintf(path, sizeof(path), GREEN "objects/?limit=10%s%s", *next ? "&next=" : "",
                       next);
        assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
        seen += count(&x, "objects");
        (void)snprintf(before, sizeof(before), "%s", last);
        assert_true(strcmp(taxii_ask_header(&x, "X-TAXII-Date-Added-First", first), before) > 0);
        assert_true(strcmp(taxii_ask_header(&x, "X-TAXII-Date-Added-Last", last), first) >= 0);
        if (!json_is_true(json_object_get(x.json, "more")))
            break;
        assert_int_equal(count(&x, "objects"), 10);
        (void)snprintf(next, sizeof(next), "%s", text(&x, "next"));
    }
    assert_int_equal(seen, 28); /* with the publisher and two markings */
    (void)snprintf(path, sizeof(path), GREEN "objects/?added_after=%s", last);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
    assert_int_equal(json_object_size(x.json), 0); /* strictly later */
    put(&x, "feed", "81.1.1.1", ENT_TLP_GREEN);
    taxii_ask_tend(&x);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
    assert_int_equal(count(&x, "objects"), 1);
    (void)snprintf(id, sizeof(id), "%s", text_of(nth(&x, "objects", 0), "id"));
    (void)snprintf(path, sizeof(path), GREEN "objects/%s/", id);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
    assert_int_equal(count(&x, "objects"), 1);
    (void)snprintf(path, sizeof(path), GREEN "manifest/?match[id]=%s", id);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
    json_t *m = nth(&x, "objects", 0);
    assert_string_equal(text_of(m, "version"), "2018-08-20T00:00:00.000Z");
    assert_string_equal(text_of(m, "date_added"),
                        taxii_ask_header(&x, "X-TAXII-Date-Added-First", first));
    assert_string_equal(text_of(m, "media_type"), "application/stix+json;version=2.1");
    (void)snprintf(path, sizeof(path), GREEN "objects/%s/versions/", id);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
    assert_string_equal(json_string_value(nth(&x, "versions", 0)), "2018-08-20T00:00:00.000Z");
    assert_true(*taxii_ask_header(&x, "X-TAXII-Date-Added-Last", first) != '\0');
    (void)snprintf(path, sizeof(path), API "collections/clear/objects/%s/", id);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 404);
    taxii_ask_end(&x);
}

static void test_next(void **state)
{
    struct taxii_ask x;
    char path[512], next[128], forged[128];
    (void)state;
    taxii_ask_start(&x, new_store());
    fill(&x, 25);
    assert_int_equal(taxii_ask(&x, "GET", GREEN "manifest/?limit=5&match[type]=indicator", NULL),
                     200);
    (void)snprintf(next, sizeof(next), "%s", text(&x, "next"));
    (void)snprintf(path, sizeof(path),
                   GREEN "manifest/?next=%s&limit=7&match%%5Btype%%5D=indicator", next);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
    assert_int_equal(count(&x, "objects"), 7);
    for (size_t i = 0; i < 4; i++) {
        static const char *const other[] = {
            GREEN "manifest/?", GREEN "manifest/?match[type]=malware&",
            GREEN "objects/?match[type]=indicator&",
            API "collections/amber/manifest/?match[type]=indicator&"};
        (void)snprintf(path, sizeof(path), "%snext=%s", other[i], next);
        assert_int_equal(taxii_ask(&x, "GET", path, NULL), 400);
        assert_non_null(strstr(text(&x, "description"), "filters"));
    }
    for (size_t bit = 0; bit < 8 * ENT_TAXII_CURSOR; bit++) { /* forged, bit by bit */
        uint8_t raw[ENT_TAXII_CURSOR];
        assert_ok(ent_hex_decode(raw, sizeof(raw), ent_slice_str(next)));
        raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ent_hex_encode(forged, raw, sizeof(raw));
        (void)snprintf(path, sizeof(path), GREEN "manifest/?match[type]=indicator&next=%s", forged);
        assert_int_equal(taxii_ask(&x, "GET", path, NULL), 400);
        assert_string_equal(text(&x, "description"), "next is not one that this server gave");
    }
    static const char *const bad[] = {"", "1", "zz", "0123456789abcdef"};
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof(path), GREEN "objects/?next=%s", bad[i]);
        assert_int_equal(taxii_ask(&x, "GET", path, NULL), 400);
    }
    struct ent_taxii_server again; /* it survives a restart */
    assert_ok(ent_taxii_server_init(&again, x.store, ENT_SLICE_LIT("key"), ENT_SLICE_LIT("Us")));
    assert_memory_equal(&again.key, &x.server.key, sizeof(again.key));
    taxii_ask_end(&x);
}

static void test_bad_parameters(void **state)
{
    static const char *const bad[] = {"limit=0",
                                      "limit=-1",
                                      "limit=x",
                                      "limit=",
                                      "limit=1.5",
                                      "limit=%00",
                                      "limit=5&limit=5",
                                      "limit=%2B5",
                                      "added_after=yesterday",
                                      "added_after=2018-01-01",
                                      "added_after=2018-01-01T00:00:00",
                                      "added_after=2018-01-01T00:00:00+00:00",
                                      "added_after=2018-13-01T00:00:00Z",
                                      "added_after=",
                                      "match[id]=",
                                      "match[id]=x",
                                      "match[id]=malware--1,,malware--2",
                                      "match[type]=a%20b",
                                      "match[type]=%ff",
                                      "match[type]=malware%00x",
                                      "match[id]=malware--1%00",
                                      "match[version]=newest",
                                      "match[version]=last,2018",
                                      "match[spec_version]=3.0",
                                      "match[name]=x",
                                      "match=x",
                                      "match[]=x",
                                      "match[id]=%zz",
                                      "match[id]=%4",
                                      "%zz=1",
                                      "match[id]=malware--1&match[id]=malware--2"};
    static const char *const fine[] = {"limit=18446744073709551616",
                                       "limit=99999999999999999999999999",
                                       "limit=1",
                                       "foo=bar",
                                       "",
                                       "&&&",
                                       "added_after=2018-01-01T00:00:00Z",
                                       "added_after=2018-01-01T00:00:00.123456789123Z",
                                       "match[version]=first,last,all",
                                       "match[version]=2018-01-01T00:00:00.000Z,last",
                                       "match[spec_version]=2.0,2.1",
                                       "match[type]=malware,x-custom",
                                       "match[id]=malware--1,malware--2"};
    struct taxii_ask x;
    char path[512];
    (void)state;
    taxii_ask_start(&x, new_store());
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(path, sizeof(path), GREEN "objects/?%s", bad[i]);
        if (taxii_ask(&x, "GET", path, NULL) != 400)
            fail_msg("%s is taken", bad[i]);
    }
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        (void)snprintf(path, sizeof(path), GREEN "manifest/?%s", fine[i]);
        if (taxii_ask(&x, "GET", path, NULL) != 200)
            fail_msg("%s is refused", fine[i]);
    }
    assert_int_equal(taxii_ask(&x, "GET", GREEN "objects/malware--1/?match[type]=malware", NULL),
                     400);
    assert_int_equal(
        taxii_ask(&x, "GET", GREEN "objects/malware--1/versions/?match[version]=all", NULL), 400);
    assert_int_equal(taxii_ask(&x, "GET", API "?match[id]=x", NULL), 200); /* has none */
    struct ent_buf big;                                                    /* 10 MB of a match */
    ent_buf_init(&big, 11u << 20);
    assert_ok(ent_buf_puts(&big, GREEN "objects/?match[id]="));
    while (big.n < 10u << 20)
        assert_ok(ent_buf_puts(&big, "malware--1,"));
    assert_ok(ent_buf_putc(&big, '\0'));
    assert_int_equal(taxii_ask(&x, "GET", (const char *)big.p, NULL), 400);
    big.p[5000] = '\0';
    assert_int_equal(taxii_ask(&x, "GET", (const char *)big.p, NULL), 400); /* 400 values */
    ent_buf_release(&big);
    taxii_ask_end(&x);
}

/* What a reader who follows "next", and then added_after, has seen of each object. */
#define SEEN_MOST 512
struct reader {
    char path[1024], next[128], last[64], filter[128];
    struct {
        char id[80], added[64];
    } seen[SEEN_MOST];
    size_t n;
};

static void see(struct reader *r, const char *id, const char *added)
{
    size_t i = 0;
    while (i < r->n && strcmp(r->seen[i].id, id) != 0)
        i++;
    assert_true(i < SEEN_MOST);
    if (i < r->n) /* again, but later */
        assert_true(strcmp(added, r->seen[i].added) > 0);
    r->n += i == r->n;
    (void)snprintf(r->seen[i].id, sizeof(r->seen[i].id), "%s", id);
    (void)snprintf(r->seen[i].added, sizeof(r->seen[i].added), "%s", added);
}

/* One page; false: there is no more for now. */
static bool read_page(struct taxii_ask *x, struct reader *r)
{
    char h[256];
    if (*r->next == '\0' && *r->last != '\0')
        (void)snprintf(r->filter, sizeof(r->filter), "&added_after=%s", r->last);
    (void)snprintf(r->path, sizeof(r->path), GREEN "manifest/?limit=%u%s%s%s",
                   1 + (unsigned)ent_t_below(7), r->filter, *r->next ? "&next=" : "", r->next);
    assert_int_equal(taxii_ask(x, "GET", r->path, NULL), 200);
    for (size_t i = 0; i < count(x, "objects"); i++) {
        json_t *o = nth(x, "objects", i);
        assert_true(strcmp(text_of(o, "date_added"), r->last) > 0); /* a strict order */
        (void)snprintf(r->last, sizeof(r->last), "%s", text_of(o, "date_added"));
        see(r, text_of(o, "id"), r->last);
    }
    if (count(x, "objects") > 0)
        assert_string_equal(taxii_ask_header(x, "X-TAXII-Date-Added-Last", h), r->last);
    (void)snprintf(r->next, sizeof(r->next), "%s", text(x, "next"));
    return json_is_true(json_object_get(x->json, "more"));
}

static void any_act(struct taxii_ask *x)
{
    static const char *const sources[] = {"a", "b", "c"};
    static const struct ent_odds none;
    const char *source = sources[ent_t_below(3)];
    struct ent_indicator own = {.tlp = (enum ent_tlp)(1 + ent_t_below(4))};
    struct ent_observable o;
    char value[32];
    uint64_t id;
    (void)snprintf(value, sizeof(value), "80.3.%u.1", (unsigned)ent_t_below(40));
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(value)));
    unsigned act = (unsigned)ent_t_below(10);
    if (act < 6) {
        put(x, source, value, (enum ent_tlp)(1 + ent_t_below(3)));
        return;
    }
    assert_ok(ent_store_begin(x->store));
    enum ent_err r = ENT_OK;
    if (act < 8)
        r = ent_store_judge(x->store, ent_slice_str(source), &none, ent_t_below(2) == 0);
    else if (ent_store_find(x->store, &id, &o) == ENT_OK)
        r = act == 8 ? ent_store_edit(x->store, id, ENT_EDIT_TLP, &own, x->now / 1000000)
                     : ent_store_unedit(x->store, id);
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    assert_ok(ent_store_commit(x->store));
}

/* Whatever happens between two pages, in the end a reader has seen all that there is, at its last
 * date, and nothing twice at one. */
static void test_walks(void **state)
{
    static struct reader r, fresh;
    struct taxii_ask x;
    (void)state;
    for (int run = 0; run < 10; run++) {
        taxii_ask_start(&x, new_store());
        r = fresh = (struct reader){.n = 0};
        for (int i = 0; i < 150; i++) {
            any_act(&x);
            if (ent_t_below(3) == 0)
                taxii_ask_tend(&x);
            if (ent_t_below(3) == 0)
                (void)read_page(&x, &r);
        }
        taxii_ask_tend(&x);
        while (read_page(&x, &r))
            continue;
        while (read_page(&x, &r)) /* the last page may have been before the last act */
            continue;
        while (read_page(&x, &fresh))
            continue;
        for (size_t i = 0; i < fresh.n; i++) {
            size_t k = 0;
            while (k < r.n && strcmp(r.seen[k].id, fresh.seen[i].id) != 0)
                k++;
            assert_true(k < r.n);
            assert_string_equal(r.seen[k].added, fresh.seen[i].added);
        }
        taxii_ask_end(&x);
    }
}

/* --- what comes in ------------------------------------------------------------------------------
 */

static void test_add(void **state)
{
    struct taxii_ask x;
    char id[64], path[256];
    (void)state;
    taxii_ask_start(&x, new_store());
    assert_int_equal(
        taxii_ask(&x, "POST", INBOX "objects/",
                  ENVELOPE(OBJECT("indicator", "1", "1", PATTERN("80.1.1.1")) "," OBJECT(
                      "malware", "2", "1", "\"name\":\"m\",") ",{\"type\":\"x\"},7")),
        202);
    assert_string_equal(text(&x, "status"), "complete");
    assert_int_equal(number(&x, "total_count"), 4);
    assert_int_equal(number(&x, "success_count"), 2);
    assert_int_equal(number(&x, "failure_count"), 2);
    assert_string_equal(text_of(nth(&x, "successes", 0), "version"), "2018-01-01T00:00:00.000Z");
    assert_true(strlen(text_of(nth(&x, "failures", 0), "message")) > 5);
    (void)snprintf(id, sizeof(id), "%s", text(&x, "id"));
    (void)snprintf(path, sizeof(path), API "status/%s/", id);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
    assert_int_equal(number(&x, "success_count"), 2);
    x.who.account = ENT_SLICE_LIT("bob");
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 404); /* of another account */
    assert_int_equal(taxii_ask(&x, "GET", INBOX "objects/", NULL), 200);
    assert_int_equal(count(&x, "objects"), 0);
    x.who.account = ENT_SLICE_LIT("alice");
    assert_int_equal(taxii_ask(&x, "GET", INBOX "objects/", NULL), 200);
    assert_int_equal(count(&x, "objects"), 2);
    assert_int_equal(taxii_ask(&x, "GET", GREEN "objects/?match[type]=malware", NULL), 200);
    assert_int_equal(count(&x, "objects"), 0); /* not judged yet */
    taxii_ask_tend(&x);
    assert_int_equal(taxii_ask(&x, "GET", GREEN "objects/?match[type]=malware,indicator", NULL),
                     200);
    assert_int_equal(count(&x, "objects"), 2);
    assert_int_equal(
        taxii_ask(&x, "GET", API "collections/clear/objects/?match[type]=malware", NULL), 200);
    assert_int_equal(count(&x, "objects"), 0);
    x.now += INT64_C(23) * 3600 * 1000000; /* statuses are kept for a day */
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", "{}"), 202);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
    x.now += INT64_C(49) * 3600 * 1000000;
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", "{}"), 202);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 404);
    assert_int_equal(taxii_ask(&x, "POST", GREEN "objects/", "{}"), 403);
    x.who.may_write = false;
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", "{}"), 404);
    assert_int_equal(taxii_ask(&x, "POST", GREEN "objects/", "{}"), 403);
    x.who.clearance = ENT_TLP_CLEAR;
    assert_int_equal(taxii_ask(&x, "POST", GREEN "objects/", "{}"), 404);
    taxii_ask_end(&x);
}

static const char *bytes_of(struct taxii_ask *x)
{
    assert_ok(ent_buf_putc(&x->a.body, '\0'));
    return (const char *)x->a.body.p;
}

/* Two things under one id and version: the first stays, the second is a failure, and an alarm. */
static void test_equivocation(void **state)
{
    static const char first[] = ENVELOPE(OBJECT("malware", "1", "1", "\"name\":\"one\","));
    static const char second[] = ENVELOPE(OBJECT("malware", "1", "1", "\"name\":\"two\","));
    struct taxii_ask x;
    uint64_t all, odd;
    (void)state;
    taxii_ask_start(&x, new_store());
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", first), 202);
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", first), 202);
    assert_int_equal(number(&x, "success_count"), 1); /* the same again is fine */
    assert_int_equal(x.server.alarms, 0);
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", second), 202);
    assert_int_equal(number(&x, "failure_count"), 1);
    assert_non_null(strstr(text_of(nth(&x, "failures", 0), "message"), "before"));
    assert_int_equal(x.server.alarms, 1);
    assert_ok(ent_store_count_objects(x.store, &all, &odd));
    assert_int_equal(odd, 1);
    taxii_ask_tend(&x);
    assert_int_equal(taxii_ask(&x, "GET", GREEN "objects/?match[type]=malware", NULL), 200);
    assert_int_equal(count(&x, "objects"), 1);
    assert_non_null(strstr(bytes_of(&x), "\"name\":\"one\"")); /* byte for byte */
    x.who.account = ENT_SLICE_LIT("bob"); /* hears nothing of what another one gave */
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", second), 202);
    assert_int_equal(number(&x, "success_count"), 1);
    assert_string_equal(text_of(nth(&x, "successes", 0), "message"), "");
    taxii_ask_end(&x);
}

static size_t versions(struct taxii_ask *x, const char *shelf, const char *match)
{
    char path[512];
    (void)snprintf(path, sizeof(path),
                   API "collections/%s/objects/malware--00000001-0000-4000-8000-000000000000/%s",
                   shelf, match);
    assert_int_equal(taxii_ask(x, "GET", path, NULL), 200);
    return count(x, strstr(match, "versions/") == NULL ? "objects" : "versions");
}

static void test_versions(void **state)
{
    static const char *const shelves[] = {"inbox", "green"};
    struct taxii_ask x;
    (void)state;
    taxii_ask_start(&x, new_store());
    assert_int_equal(
        taxii_ask(&x, "POST", INBOX "objects/",
                  ENVELOPE(OBJECT("malware", "1", "1", "\"name\":\"a\",") "," OBJECT(
                      "malware", "1", "2", "\"name\":\"b\",") "," OBJECT("malware", "1", "3",
                                                                         "\"name\":\"c\","))),
        202);
    assert_int_equal(number(&x, "success_count"), 3);
    taxii_ask_tend(&x);
    for (size_t i = 0; i < 2; i++) {
        const char *s = shelves[i];
        assert_int_equal(versions(&x, s, ""), 1);
        assert_string_equal(text_of(nth(&x, "objects", 0), "name"), "c");
        assert_int_equal(versions(&x, s, "?match[version]=first"), 1);
        assert_string_equal(text_of(nth(&x, "objects", 0), "name"), "a");
        assert_int_equal(versions(&x, s, "?match[version]=all"), 3);
        assert_int_equal(versions(&x, s, "?match[version]=first,last"), 2);
        assert_int_equal(versions(&x, s, "?match[version]=2018-01-02T00:00:00Z"), 1);
        assert_string_equal(text_of(nth(&x, "objects", 0), "name"), "b");
        assert_int_equal(versions(&x, s, "?match[version]=last,2018-01-02T00:00:00.00Z"), 2);
        assert_int_equal(versions(&x, s, "?match[version]=2017-01-02T00:00:00Z"), 0);
        assert_int_equal(versions(&x, s, "?match[spec_version]=2.0"), 0);
        assert_int_equal(versions(&x, s, "?match[spec_version]=2.1"), 1);
        assert_int_equal(versions(&x, s, "versions/"), 3);
        assert_int_equal(versions(&x, s, "versions/?limit=2"), 2);
        assert_true(json_is_true(json_object_get(x.json, "more")));
        assert_true(strlen(text(&x, "next")) > 0);
    }
    /* A newer version that is marked narrower takes the older ones with it. */
    assert_int_equal(
        taxii_ask(&x, "POST", INBOX "objects/",
                  "{\"objects\":[{\"type\":\"malware\",\"spec_version\":\"2.1\",\"id\":\"malware--"
                  "00000001-0000-4000-8000-000000000000\",\"created\":\"2018-01-01T00:00:00.000Z\","
                  "\"modified\":\"2018-01-09T00:00:00.000Z\",\"name\":\"d\"}]}"),
        202);
    taxii_ask_tend(&x);
    assert_int_equal(
        taxii_ask(&x, "GET",
                  GREEN "objects/malware--00000001-0000-4000-8000-000000000000/?match[version]=all",
                  NULL),
        404);
    assert_int_equal(versions(&x, "amber", "?match[version]=all"), 4);
    taxii_ask_end(&x);
}

/* What has no version of its own, what is of STIX 2.0, what is revoked. */
static void test_kinds(void **state)
{
    static const char body[] =
        "{\"objects\":[{\"type\":\"malware\",\"id\":\"malware--00000001-0000-4000-8000-"
        "000000000000\",\"created\":\"2017-01-01T00:00:00.000Z\",\"modified\":\"2017-01-02T00:00:"
        "00.5Z\",\"name\":\"old\"},{\"type\":\"ipv4-addr\",\"spec_version\":\"2.1\",\"id\":\"ipv4-"
        "addr"
        "--28bb3599-77cd-5a82-a950-b5bc3caf07c4\",\"value\":\"198.51.100.3\"},{\"type\":\"marking-"
        "definition\",\"spec_version\":\"2.1\",\"id\":\"marking-definition--00000002-0000-4000-"
        "8000-"
        "000000000000\",\"created\":\"2018-02-03T04:05:06Z\",\"definition_type\":\"statement\","
        "\"definition\":{\"statement\":\"x\"}}," OBJECT(
            "indicator", "3", "1",
            PATTERN("80.1.1.1")) "," OBJECT("indicator", "3", "2",
                                            "\"revoked\":true," PATTERN("80.1.1.1")) "]}";
    static const struct {
        const char *id, *version, *media;
    } want[] = {
        {"malware--00000001-0000-4000-8000-000000000000", "2017-01-02T00:00:00.500Z", "2.0"},
        {"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4", NULL, "2.1"},
        {"marking-definition--00000002-0000-4000-8000-000000000000", "2018-02-03T04:05:06.000Z",
         "2.1"},
        {"indicator--00000003-0000-4000-8000-000000000000", "2018-01-02T00:00:00.000Z", "2.1"}};
    static const char *const shelves[] = {"inbox", "amber"};
    struct taxii_ask x;
    char path[256];
    (void)state;
    taxii_ask_start(&x, new_store());
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", body), 202);
    assert_int_equal(number(&x, "success_count"), 5);
    taxii_ask_tend(&x);
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(path, sizeof(path), API "collections/%s/manifest/?match[id]=%s",
                       shelves[i / 4], want[i % 4].id);
        assert_int_equal(taxii_ask(&x, "GET", path, NULL), 200);
        assert_int_equal(count(&x, "objects"), 1);
        json_t *o = nth(&x, "objects", 0);
        assert_string_equal(text_of(o, "version"), want[i % 4].version == NULL
                                                       ? text_of(o, "date_added")
                                                       : want[i % 4].version);
        const char *media = text_of(o, "media_type");
        assert_string_equal(media + strlen(media) - 3, want[i % 4].media);
    }
    assert_int_equal(
        taxii_ask(&x, "GET", API "collections/amber/objects/?match[spec_version]=2.0", NULL), 200);
    assert_int_equal(count(&x, "objects"), 1);
    assert_int_equal(
        taxii_ask(&x, "GET",
                  GREEN "objects/indicator--00000003-0000-4000-8000-000000000000/?match[version]="
                        "all",
                  NULL),
        200);
    assert_int_equal(count(&x, "objects"), 1); /* nothing older of what was revoked */
    assert_true(json_is_true(json_object_get(nth(&x, "objects", 0), "revoked")));
    taxii_ask_end(&x);
}

static void test_delete(void **state)
{
    static const char object[] = "objects/malware--00000001-0000-4000-8000-000000000000/";
    struct taxii_ask x;
    char path[256];
    (void)state;
    taxii_ask_start(&x, new_store());
    assert_int_equal(
        taxii_ask(&x, "POST", INBOX "objects/",
                  ENVELOPE(OBJECT("malware", "1", "1", "\"name\":\"a\",") "," OBJECT(
                      "malware", "1", "2", "\"name\":\"b\",") "," OBJECT("indicator", "2", "1",
                                                                         PATTERN("80.1.1.1")))),
        202);
    taxii_ask_tend(&x);
    (void)snprintf(path, sizeof(path), GREEN "%s", object);
    assert_int_equal(taxii_ask(&x, "DELETE", path, NULL), 403);
    (void)snprintf(path, sizeof(path), INBOX "%s?match[version]=first", object);
    assert_int_equal(taxii_ask(&x, "DELETE", path, NULL), 200);
    assert_int_equal(x.a.body.n, 0);
    taxii_ask_tend(&x);
    assert_int_equal(versions(&x, "inbox", "?match[version]=all"), 1);
    (void)snprintf(path, sizeof(path), INBOX "%s", object);
    assert_int_equal(taxii_ask(&x, "DELETE", path, NULL), 200);
    assert_int_equal(taxii_ask(&x, "DELETE", path, NULL), 404);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 404);
    taxii_ask_tend(&x);
    (void)snprintf(path, sizeof(path), GREEN "%s", object);
    assert_int_equal(taxii_ask(&x, "GET", path, NULL), 404);
    assert_int_equal(taxii_ask(&x, "DELETE",
                               INBOX "objects/indicator--00000002-0000-4000-8000-000000000000/",
                               NULL),
                     200);
    taxii_ask_tend(&x);
    assert_int_equal(taxii_ask(&x, "GET", GREEN "objects/?match[type]=indicator", NULL), 200);
    assert_int_equal(count(&x, "objects"), 0);
    /* It can come again, but not with another story. */
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/",
                               ENVELOPE(OBJECT("malware", "1", "2", "\"name\":\"x\",") "," OBJECT(
                                   "indicator", "2", "1", PATTERN("80.1.1.1")))),
                     202);
    assert_int_equal(number(&x, "success_count"), 1);
    assert_int_equal(x.server.alarms, 1);
    taxii_ask_tend(&x);
    assert_int_equal(taxii_ask(&x, "GET", GREEN "objects/?match[type]=indicator,malware", NULL),
                     200);
    assert_int_equal(count(&x, "objects"), 1);
    taxii_ask_end(&x);
}

static void test_hostile_bodies(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "7",
                                      "{",
                                      "{\"objects\":[}",
                                      "{\"objects\":7}",
                                      "{\"objects\":[],\"objects\":[]}",
                                      "{\"type\":\"bundle\"}",
                                      "{\"more\":1}",
                                      "\xff",
                                      "{\"objects\":[{\"id\":\"\xff\"}]}"};
    struct taxii_ask x;
    struct ent_buf b;
    (void)state;
    taxii_ask_start(&x, new_store());
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unsigned status = taxii_ask(&x, "POST", INBOX "objects/", bad[i]);
        if (status != 400 && !(i == 7 && status == 202))
            fail_msg("%s: %u", bad[i], status);
    }
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", "{\"objects\":[],\"x\":{\"y\":[1]}}"),
                     202); /* unknown properties are passed over */
    ent_buf_init(&b, ENT_TAXII_BODY + 4096);
    assert_ok(ent_buf_puts(&b, "{\"objects\":["));
    for (int i = 0; i < 100000; i++)
        assert_ok(ent_buf_puts(&b, "["));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_true(taxii_ask(&x, "POST", INBOX "objects/", (const char *)b.p) / 100 == 4);
    ent_buf_clear(&b);
    assert_ok(ent_buf_puts(&b, "{\"objects\":[{}"));
    while (b.n < ENT_TAXII_BODY - 16)
        assert_ok(ent_buf_puts(&b, ",{}"));
    assert_ok(ent_buf_puts(&b, "]}"));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", (const char *)b.p), 422);
    b.n--;
    while (b.n <= ENT_TAXII_BODY)
        assert_ok(ent_buf_putc(&b, ' '));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_int_equal(taxii_ask(&x, "POST", INBOX "objects/", (const char *)b.p), 413);
    ent_buf_release(&b);
    taxii_ask_end(&x);
}

/* Any change of the bytes of a query is refused, or means another query: nothing breaks. */
static void test_query_bytes(void **state)
{
    struct taxii_ask x;
    struct ent_buf b, rows, again;
    struct ent_taxii_query q;
    const struct ent_taxii_who who = {ENT_SLICE_LIT("alice"), ENT_TLP_GREEN, true};
    const struct ent_taxii_request req = {
        .method = "GET",
        .path = GREEN "objects/",
        .query = ENT_SLICE_LIT("limit=5&match[type]=malware,indicator&match[version]=all,2018-01-01"
                               "T00:00:00Z&match[id]=malware--1&added_after=2018-01-01T00:00:00Z"),
        .who = &who};
    (void)state;
    taxii_ask_start(&x, new_store());
    ent_buf_init(&b, ENT_TAXII_QUERY_MAX);
    ent_buf_init(&again, ENT_TAXII_QUERY_MAX);
    ent_buf_init(&rows, ENT_TAXII_ROWS);
    assert_ok(ent_taxii_parse(&b, &x.a, &req));
    for (size_t n = 0; n < b.n; n++)
        assert_err(ent_taxii_query_parse(&q, ent_slice(b.p, n)) == ENT_OK, 0);
    for (size_t bit = 0; bit < 8 * b.n; bit++) {
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ent_buf_clear(&again);
        ent_buf_clear(&rows);
        if (ent_taxii_query_parse(&q, ent_buf_slice(&b)) == ENT_OK) {
            assert_ok(ent_taxii_query_encode(&again, &q));
            assert_true(ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&again)));
        }
        (void)!ent_taxii_run(&x.server, &rows, ent_buf_slice(&b), x.now);
        assert_true(rows.n > 0);
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ent_buf_release(&b);
    ent_buf_release(&again);
    ent_buf_release(&rows);
    taxii_ask_end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_discovery),      cmocka_unit_test(test_collections),
        cmocka_unit_test(test_who_and_types),  cmocka_unit_test(test_pages),
        cmocka_unit_test(test_next),           cmocka_unit_test(test_bad_parameters),
        cmocka_unit_test(test_walks),          cmocka_unit_test(test_add),
        cmocka_unit_test(test_equivocation),   cmocka_unit_test(test_versions),
        cmocka_unit_test(test_kinds),          cmocka_unit_test(test_delete),
        cmocka_unit_test(test_hostile_bodies), cmocka_unit_test(test_query_bytes),
    };
    return ent_t_run("taxii_serve", tests);
}
