/* test_served.c: what goes out through TAXII is what an export lets out, at every door, whatever
 * happens in which order; dates only grow, and no reader misses anything. */
#include "tests/support/t.h"

#include "node/node.h"

#include <sqlite3.h>

#define NOW   1534723200
#define DOORS 4

static const struct ent_slice all = {NULL, 0};
static int64_t now = NOW;
static struct ent_out_opts publisher = {.author = {(const uint8_t *)"Us", 2},
                                        .key = {(const uint8_t *)"key", 3}};

static struct ent_served_self self(void)
{
    struct ent_served_self me = {.author = publisher.author};
    assert_ok(ent_out_publisher_id(&me.uuid, &publisher));
    return me;
}

static struct ent_store *new_store(void)
{
    struct ent_store *s;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    return s;
}

static void serve(struct ent_store *s, unsigned most)
{
    const struct ent_served_self me = self();
    bool left = true;
    assert_ok(ent_release_judge(s, all, NULL));
    for (int i = 0; left; i++) {
        assert_ok(ent_store_serve(s, &me, now * 1000000, most, &left));
        assert_true(i < 100000);
    }
}

/* One piece of it, as a process that is killed behind it does. */
static bool serve_some(struct ent_store *s, unsigned most)
{
    const struct ent_served_self me = self();
    bool left = true;
    assert_ok(ent_store_serve(s, &me, now * 1000000, most, &left));
    return left;
}

/* --- in -----------------------------------------------------------------------------------------
 */

struct in {
    struct ent_store *s;
    struct ent_slice source;
};

static enum ent_err take(void *ctx, const struct ent_indicator *ind)
{
    struct in *in = ctx;
    enum ent_put put;
    return ent_store_put(in->s, &put, ind, in->source, now);
}

static enum ent_err skip_row(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)ctx, (void)line, (void)reason, (void)what;
    return ENT_OK;
}

static enum ent_err withdraw(void *ctx, struct ent_slice id)
{
    struct in *in = ctx;
    return ent_store_revoke(in->s, in->source, id);
}

static enum ent_err object(void *ctx, const struct ent_stix_object *o, bool *use)
{
    struct in *in = ctx;
    enum ent_object_put put;
    bool elsewhere;
    enum ent_err r = ent_store_object_put(in->s, &put, &elsewhere, o, in->source, now);
    *use = put != ENT_OBJECT_OLDER && put != ENT_OBJECT_FOREIGN;
    return r;
}

static void stix(struct ent_store *s, const char *source, const char *objects)
{
    struct in in = {s, ent_slice_str(source)};
    const struct ent_import_sink sink = {&in, take, skip_row, withdraw, object};
    const struct ent_import_opts opts = {.format = ENT_FORMAT_STIX, .confidence = -1};
    struct ent_buf b;
    struct ent_diag d;
    ent_buf_init(&b, 1u << 20);
    assert_ok(
        ent_buf_printf(&b, "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[%s]}", objects));
    struct ent_slice bytes = ent_buf_slice(&b);
    assert_ok(ent_store_begin(s));
    assert_ok(ent_intel_read(ent_reader_mem(&bytes), &opts, &sink, NULL, &d));
    assert_ok(ent_store_commit(s));
    ent_buf_release(&b);
}

static const char *const marks[] = {"",
                                    "94868c89-83c2-464b-929b-a1a8aa3c8487",
                                    "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                                    "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
                                    "939a9414-2ddd-4d32-a0cd-375ea402b003",
                                    "e828b379-4e03-4974-9ac4-e53a884c97c1"};

/* An object of this number in this version; an indicator names two addresses where two is so. */
static void give(struct ent_store *s, const char *source, const char *type, unsigned id,
                 unsigned version, int tlp, bool revoked, unsigned address, bool two)
{
    char o[2048], pattern[256] = "";
    if (strcmp(type, "indicator") == 0)
        (void)snprintf(pattern, sizeof(pattern),
                       "\"pattern_type\":\"stix\",\"valid_from\":\"2018-01-01T00:00:00Z\","
                       "\"pattern\":\"[ipv4-addr:value = '80.1.%u.9'%s%s\",",
                       address, two ? "] OR [ipv4-addr:value = '80.2.7.8'" : "", "]");
    (void)snprintf(
        o, sizeof(o),
        "{\"type\":\"%s\",\"spec_version\":\"2.1\",\"id\":\"%s--0000000%u-0000-4000-8000-"
        "000000000000\",\"created\":\"2018-01-01T00:00:00.000Z\",%s\"modified\":\"2018-01-"
        "%02uT00:00:00.000Z\",\"name\":\"n%u\",\"revoked\":%s,\"object_marking_refs\":["
        "\"marking-definition--%s\"]}",
        type, type, id, pattern, version, version, revoked ? "true" : "false", marks[tlp]);
    stix(s, source, o);
}

static void put(struct ent_store *s, const char *source, const char *value, int tlp, int64_t until,
                const char *text)
{
    struct ent_indicator ind = {.tlp = (enum ent_tlp)tlp,
                                .confidence = 50,
                                .valid_from = NOW - 1000000,
                                .valid_until = until,
                                .text = ent_slice_str(text)};
    enum ent_put how;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(value)));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &how, &ind, ent_slice_str(source), now));
    assert_ok(ent_store_commit(s));
}

static uint64_t id_of(struct ent_store *s, const char *value)
{
    struct ent_observable o;
    uint64_t id;
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(value)));
    assert_ok(ent_store_find(s, &id, &o));
    return id;
}

static void edit(struct ent_store *s, const char *value, int tlp)
{
    struct ent_indicator ind = {.tlp = (enum ent_tlp)tlp};
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_edit(s, id_of(s, value), ENT_EDIT_TLP, &ind, now));
    assert_ok(ent_store_commit(s));
}

static void unedit(struct ent_store *s, const char *value)
{
    assert_ok(ent_store_begin(s));
    enum ent_err r = ent_store_unedit(s, id_of(s, value));
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    assert_ok(ent_store_commit(s));
}

static void decide(struct ent_store *s, const char *value, const char *source, int64_t until)
{
    assert_ok(ent_store_begin(s));
    enum ent_err r = ent_store_decide(s, id_of(s, value), ent_slice_str(source), until, now);
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    assert_ok(ent_store_commit(s));
}

/* Held or not, whatever it says: the judgement of the tests. */
static void judge(struct ent_store *s, const char *source, bool held)
{
    static const struct ent_odds none;
    assert_ok(ent_store_begin(s));
    enum ent_err r = ent_store_judge(s, ent_slice_str(source), &none, held);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        print_message("%s\n", ent_store_error(s));
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    assert_ok(ent_store_commit(s));
}

/* --- out ----------------------------------------------------------------------------------------
 */

#define SET_MOST 4096
struct set {
    char id[SET_MOST][80];
    int64_t added[SET_MOST];
    size_t n;
    int64_t at;
    bool versions; /* all of them */
};

static void add(struct set *x, struct ent_slice id, int64_t added)
{
    assert_true(x->n < SET_MOST && id.n < 80);
    memcpy(x->id[x->n], id.p, id.n);
    x->id[x->n][id.n] = '\0';
    x->added[x->n++] = added;
}

static enum ent_err note(void *ctx, const struct ent_served *x, bool *stop)
{
    struct set *set = ctx;
    (void)stop;
    assert_true(x->added > set->at);
    set->at = x->added;
    if (x->last || set->versions)
        add(set, x->id, x->added);
    return ENT_OK;
}

static enum ent_err judge_now(struct ent_store *s, struct ent_slice source)
{
    return ent_release_judge(s, source, NULL);
}

/* One page behind ret->at; false: the last one. */
static bool read_page(struct ent_store *s, struct set *ret, int door, unsigned most)
{
    const struct ent_served_self me = self();
    const struct ent_served_ask ask = {.door = (enum ent_tlp)door,
                                       .after = ret->at,
                                       .now = now,
                                       .most = most,
                                       .self = &me,
                                       .judge = judge_now};
    bool more = false;
    assert_ok(ent_store_served(s, &ask, note, ret, &ret->at, &more));
    return more;
}

static void read_all(struct ent_store *s, struct set *ret, int door, int64_t after)
{
    unsigned most = 1 + (unsigned)ent_t_below(40);
    ret->n = 0;
    ret->at = after;
    for (int i = 0; read_page(s, ret, door, most); i++)
        assert_true(i < 10000);
}

static enum ent_err write_nothing(void *ctx, unsigned file, struct ent_slice bytes)
{
    (void)file;
    return ent_buf_put_slice(ctx, bytes);
}

static enum ent_err open_nothing(void *ctx, unsigned file, const char *name)
{
    (void)ctx, (void)file, (void)name;
    return ENT_OK;
}

struct exporting {
    struct ent_out *out;
    struct ent_object_out *objects;
};

static enum ent_err export_object(void *ctx, const struct ent_kept *k)
{
    struct exporting *x = ctx;
    return ent_out_object(x->out, k->id, k->bytes);
}

static enum ent_err export_claim(void *ctx, const struct ent_known *k)
{
    struct exporting *x = ctx;
    const struct ent_indicator ind = {
        .obs = k->obs, .tlp = k->tlp, .id = k->ext_id, .confidence = k->confidence};
    const struct ent_out_item item = {.ind = &ind,
                                      .source = k->own ? publisher.author : k->source,
                                      .first = k->first_import,
                                      .last = k->last_import};
    bool gone;
    enum ent_err r = ent_object_out_claim(x->objects, &gone, x->out, k);
    return r == ENT_OK && !gone ? ent_out_put(x->out, &item) : r;
}

/* The naive way: as `entente export --format stix --tlp` does. */
static void export_all(struct ent_store *s, struct set *ret, int door)
{
    struct exporting x = {.out = NULL};
    struct ent_buf bytes;
    struct ent_out_opts opts = publisher;
    const struct ent_out_sink sink = {&bytes, open_nothing, write_nothing};
    const struct ent_object_out_opts oo = {
        .store = s, .types = ENT_OBS_ALL, .door = (enum ent_tlp)door, .now = now};
    const struct ent_known_filter f = {.max_tlp = (enum ent_tlp)door, .at = now, .every = true};
    ent_buf_init(&bytes, 1u << 26);
    opts.door = (enum ent_tlp)door;
    opts.now = now;
    ret->n = 0;
    assert_ok(ent_out_start(&x.out, ent_out_format_find(ENT_SLICE_LIT("stix")), &opts, &sink));
    assert_ok(ent_object_out_new(&x.objects, &oo));
    assert_ok(ent_object_out_plain(x.objects, all, 0, export_object, &x));
    assert_ok(ent_store_each(s, &f, export_claim, &x));
    assert_ok(ent_out_end(x.out));
    struct ent_cur c = ent_cur(ent_buf_slice(&bytes));
    struct ent_slice line;
    assert_ok(ent_cur_line(&c, &line)); /* the bundle's own */
    while (ent_cur_line(&c, &line) == ENT_OK && line.n > 3) {
        struct ent_stix_summary sum;
        assert_ok(
            ent_stix_summarise(&sum, ent_slice(line.p, line.n - (line.p[line.n - 1] == ','))));
        add(ret, ent_slice_str(sum.id), 0);
    }
    ent_object_out_free(x.objects);
    ent_out_free(x.out);
    ent_buf_release(&bytes);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t unique(struct set *x)
{
    size_t n = 0;
    qsort(x->id, x->n, sizeof(x->id[0]), by_text);
    for (size_t i = 0; i < x->n; i++)
        if (n == 0 || strcmp(x->id[n - 1], x->id[i]) != 0)
            memmove(x->id[n++], x->id[i], sizeof(x->id[0]));
    return n;
}

static void assert_same(struct ent_store *s)
{
    static struct set served, exported;
    for (int door = ENT_TLP_CLEAR; door <= DOORS; door++) {
        read_all(s, &served, door, 0);
        export_all(s, &exported, door);
        size_t n = served.n;
        assert_int_equal(unique(&served), n); /* none twice */
        exported.n = unique(&exported);
        for (size_t i = 0; i < n && i < exported.n; i++)
            assert_string_equal(served.id[i], exported.id[i]);
        assert_int_equal(n, exported.n);
    }
}

/* --- the model ----------------------------------------------------------------------------------
 */

static const char *const sources[] = {"a.csv", "b.json", "c"};

static bool is_known(struct ent_store *s, const char *value)
{
    struct ent_observable o;
    uint64_t id;
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(value)));
    return ent_store_find(s, &id, &o) == ENT_OK;
}

/* No two sources give objects of one id. Of those that several give an export lets out one; which,
 * may change for a moment when another one is released, and is no secret. */
static bool apart;

/* What happens, so that it can happen in two stores. */
struct act {
    unsigned what, address, id, version, text;
    int tlp;
    bool held;
    const char *source;
    int64_t until;
};

static struct act any_act(void)
{
    struct act a = {.what = (unsigned)ent_t_below(20),
                    .address = (unsigned)ent_t_below(8),
                    .id = (unsigned)ent_t_below(4),
                    .version = 1 + (unsigned)ent_t_below(9),
                    .text = (unsigned)ent_t_below(3),
                    .tlp = 1 + (int)ent_t_below(5),
                    .held = ent_t_below(3) == 0,
                    .source = sources[ent_t_below(3)]};
    if (ent_t_below(3) == 0)
        a.until = now + (int64_t)ent_t_below(20);
    if (a.what >= 14 && a.what < 16)
        now += (int64_t)ent_t_below(10);
    return a;
}

/* One source says one thing under one version: of equivocation there is a test of its own. */
static void give_object(struct ent_store *s, const struct act *a, const char *type)
{
    unsigned id = apart ? a->id % 3 + 3 * (unsigned)(a->source[0] - 'a') : a->id;
    unsigned h = (unsigned)a->source[0] * 31 + (unsigned)type[0] * 17 + id * 113 + a->version * 7;
    h = h * 2654435761u >> 8;
    give(s, a->source, type, id, a->version, 1 + (int)(h % 5), h / 5 % 12 == 0, h / 60 % 8,
         h / 480 % 2 == 0);
}

static void act(struct ent_store *s, const struct act *a)
{
    char value[32], text[32];
    (void)snprintf(value, sizeof(value), "80.1.%u.9", a->address);
    (void)snprintf(text, sizeof(text), "t%u", a->text);
    if (a->what < 5)
        put(s, a->source, value, a->tlp, a->until, text);
    else if (a->what < 12)
        give_object(s, a, a->what < 9 ? "indicator" : "malware");
    else if (a->what < 14)
        judge(s, a->source, a->held);
    else if (a->what < 16 || !is_known(s, value))
        return;
    else if (a->what == 16)
        edit(s, value, a->tlp);
    else if (a->what == 18)
        decide(s, value, a->source, a->until);
    else
        unedit(s, value);
}

static void act_any(struct ent_store *s)
{
    const struct act a = any_act();
    act(s, &a);
}

static void test_as_exported(void **state)
{
    (void)state;
    for (int run = 0; run < 20; run++) {
        struct ent_store *s = new_store();
        for (int i = 0; i < 60; i++) {
            act_any(s);
            if (ent_t_below(4) == 0)
                continue;
            serve(s, 1 + (unsigned)ent_t_below(500));
            assert_same(s);
        }
        ent_store_close(s);
    }
}

/* At any moment, also where nothing was served since the last change, nothing goes that an export
 * would hold back. */
static void test_never_more(void **state)
{
    static struct set served, exported;
    (void)state;
    apart = true;
    for (int run = 0; run < 20; run++) {
        struct ent_store *s = new_store();
        for (int i = 0; i < 60; i++) {
            act_any(s);
            if (ent_t_below(4) == 0)
                serve(s, 100);
            int door = 1 + (int)ent_t_below(4);
            read_all(s, &served, door, 0);
            assert_ok(ent_release_judge(s, all, NULL)); /* as each export does first */
            export_all(s, &exported, door);
            exported.n = unique(&exported);
            for (size_t k = 0; k < served.n; k++)
                assert_non_null(bsearch(served.id[k], exported.id, exported.n,
                                        sizeof(exported.id[0]), by_text));
        }
        ent_store_close(s);
    }
    apart = false;
}

/* Readers who ask for what was added after the last thing they saw, at any moment, have it all in
 * the end. */
static void test_followers(void **state)
{
    static struct set page, seen[DOORS + 1], end;
    (void)state;
    for (int run = 0; run < 20; run++) {
        struct ent_store *s = new_store();
        int64_t after[DOORS + 1] = {0};
        for (int d = 1; d <= DOORS; d++)
            seen[d].n = 0;
        for (int i = 0; i < 80; i++) {
            bool last = i == 79;
            if (!last)
                act_any(s);
            if (last || ent_t_below(3) == 0)
                serve(s, 1 + (unsigned)ent_t_below(200));
            int d = 1 + (int)ent_t_below(4);
            for (int door = 1; door <= DOORS; door++) {
                if (!last && door != d)
                    continue;
                read_all(s, &page, door, after[door]);
                for (size_t k = 0; k < page.n; k++)
                    add(&seen[door], ent_slice_str(page.id[k]), page.added[k]);
                after[door] = page.at;
            }
        }
        for (int door = 1; door <= DOORS; door++) {
            size_t found = 0;
            read_all(s, &end, door, 0);
            for (size_t k = 0; k < end.n; k++)
                for (size_t m = 0; m < seen[door].n; m++)
                    if (strcmp(seen[door].id[m], end.id[k]) == 0 &&
                        seen[door].added[m] == end.added[k]) {
                        found++;
                        break;
                    }
            assert_int_equal(found, end.n); /* with the very date */
        }
        ent_store_close(s);
    }
}

static bool has(const struct set *x, const char *id)
{
    for (size_t i = 0; i < x->n; i++)
        if (strcmp(x->id[i], id) == 0)
            return true;
    return false;
}

/* What stays, out of what there was. */
static void keep_those(struct set *x, const struct set *in)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++)
        if (has(in, x->id[i]))
            memmove(x->id[n++], x->id[i], sizeof(x->id[0]));
    x->n = n;
}

/* Whoever reads a collection once, page by page, while it changes, has all that was there all the
 * time: in a second store, in which all is judged at once, an export had it at each moment. */
static void test_one_reader(void **state)
{
    static struct set seen, always, is;
    (void)state;
    apart = true;
    for (int run = 0; run < 40; run++) {
        struct ent_store *s = new_store(), *model = new_store();
        for (int i = 0; i < 60; i++) {
            const struct act a = any_act();
            act(s, &a);
            act(model, &a);
        }
        int door = 1 + (int)ent_t_below(4);
        serve(s, 1000);
        assert_ok(ent_release_judge(model, all, NULL));
        export_all(model, &always, door);
        seen = (struct set){.n = 0};
        for (bool more = true; more;) {
            more = read_page(s, &seen, door, 1 + (unsigned)ent_t_below(6));
            for (unsigned n = (unsigned)ent_t_below(3); n > 0 && more; n--) {
                const struct act a = any_act();
                act(s, &a);
                act(model, &a);
                assert_ok(ent_release_judge(model, all, NULL));
                export_all(model, &is, door);
                keep_those(&always, &is);
                if (ent_t_below(3) == 0)
                    serve_some(s, 1 + (unsigned)ent_t_below(3));
            }
        }
        for (size_t i = 0; i < always.n; i++)
            assert_true(has(&seen, always.id[i]));
        ent_store_close(s);
        ent_store_close(model);
    }
    apart = false;
}

/* --- one thing at a time ------------------------------------------------------------------------
 */

static size_t count(struct ent_store *s, int door)
{
    static struct set x;
    read_all(s, &x, door, 0);
    size_t n = 0;
    for (size_t i = 0; i < x.n; i++)
        n += strncmp(x.id[i], "indicator--", 11) == 0;
    return n;
}

static int64_t last_date(struct ent_store *s, int door)
{
    static struct set x;
    read_all(s, &x, door, 0);
    return x.n == 0 ? 0 : x.added[x.n - 1];
}

static void test_dates(void **state)
{
    struct ent_store *s = new_store();
    (void)state;
    now = NOW;
    put(s, "a", "80.1.1.1", ENT_TLP_GREEN, 0, "x");
    serve(s, 1000);
    int64_t first = last_date(s, ENT_TLP_GREEN);
    assert_true(first >= now * 1000000);
    assert_int_equal(count(s, ENT_TLP_CLEAR), 0);
    assert_int_equal(count(s, ENT_TLP_AMBER), 1);
    now += 86400; /* the same again: no news */
    put(s, "a", "80.1.1.1", ENT_TLP_GREEN, 0, "x");
    serve(s, 1000);
    assert_int_equal(last_date(s, ENT_TLP_GREEN), first);
    put(s, "a", "80.1.1.1", ENT_TLP_GREEN, 0, "other words");
    assert_int_equal(count(s, ENT_TLP_GREEN), 1); /* looked at again on the way */
    assert_true(last_date(s, ENT_TLP_GREEN) > first);
    now -= 2 * 86400; /* a clock that goes back moves no date back */
    int64_t before = last_date(s, ENT_TLP_GREEN);
    put(s, "a", "80.1.1.1", ENT_TLP_AMBER, 0, "third");
    serve(s, 1000);
    assert_int_equal(count(s, ENT_TLP_GREEN), 0);
    assert_true(last_date(s, ENT_TLP_AMBER) > before);
    now = NOW;
    ent_store_close(s);
}

/* Between two pieces of what is done for a change, and before the first: each is there, and once.
 */
static void test_pieces(void **state)
{
    static const char *const from[] = {"a", "b", "c"};
    static struct set before, x;
    struct ent_store *s = new_store();
    char value[32];
    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        (void)snprintf(value, sizeof(value), "80.1.%u.9", i % 10);
        put(s, from[i / 10], value, ENT_TLP_GREEN, 0, "");
    }
    give(s, "d", "indicator", 1, 1, ENT_TLP_GREEN, false, 1, true);
    serve(s, 1000);
    assert_int_equal(count(s, ENT_TLP_GREEN), 31);
    edit(s, "80.1.1.9", ENT_TLP_GREEN); /* our own word is one more */
    for (bool left = true; left; left = serve_some(s, 1)) {
        read_all(s, &before, ENT_TLP_GREEN, 0);
        size_t n = before.n;
        assert_int_equal(unique(&before), n);
        assert_true(count(s, ENT_TLP_GREEN) >= 31);
    }
    assert_int_equal(count(s, ENT_TLP_GREEN), 32);
    decide(s, "80.1.2.9", "a", now - 1); /* about one claim; all three sources are unjudged */
    assert_int_equal(count(s, ENT_TLP_GREEN), 31);
    give(s, "d", "indicator", 1, 2, ENT_TLP_GREEN, false, 1, true);
    put(s, "b", "80.1.3.9", ENT_TLP_GREEN, 0, "other words");
    read_all(s, &x, ENT_TLP_GREEN, 0);
    assert_int_equal(count(s, ENT_TLP_GREEN), 31);
    put(s, "b", "80.1.3.9", ENT_TLP_AMBER, 0, "narrower"); /* at once */
    assert_int_equal(count(s, ENT_TLP_GREEN), 30);
    ent_store_close(s);
}

static void test_held_and_released(void **state)
{
    char value[32];
    struct ent_store *s = new_store();
    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        (void)snprintf(value, sizeof(value), "80.%u.%u.1", i / 200, i % 200);
        put(s, "big", value, ENT_TLP_GREEN, 0, "");
    }
    put(s, "small", "81.1.1.1", ENT_TLP_GREEN, 0, "");
    judge(s, "big", true);
    judge(s, "small", false);
    serve(s, 50);
    assert_int_equal(count(s, ENT_TLP_GREEN), 1);
    int64_t before = last_date(s, ENT_TLP_GREEN);
    judge(s, "big", false);
    serve(s, 50);
    assert_int_equal(count(s, ENT_TLP_GREEN), 601);
    assert_true(last_date(s, ENT_TLP_GREEN) > before);
    before = last_date(s, ENT_TLP_GREEN);
    judge(s, "big", true);
    assert_int_equal(count(s, ENT_TLP_GREEN), 1); /* at once */
    judge(s, "big", false);                       /* and somebody had read meanwhile */
    serve(s, 50);
    assert_int_equal(count(s, ENT_TLP_GREEN), 601);
    static struct set x;
    read_all(s, &x, ENT_TLP_GREEN, before);
    assert_int_equal(x.n, 600);
    before = last_date(s, ENT_TLP_GREEN);
    put(s, "big", "82.1.1.1", ENT_TLP_GREEN, 0, ""); /* not judged for a moment; nobody read */
    judge(s, "big", false);
    serve(s, 50);
    read_all(s, &x, ENT_TLP_GREEN, before);
    assert_int_equal(x.n, 1);
    ent_store_close(s);
}

/* What one source says of one observable, however often, is in nobody's way. */
static void test_many_claims(void **state)
{
    struct ent_store *s = new_store();
    struct ent_indicator ind = {.tlp = ENT_TLP_GREEN, .confidence = 50};
    enum ent_put how;
    char id[16];
    (void)state;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ENT_SLICE_LIT("80.1.1.1")));
    assert_ok(ent_store_begin(s));
    for (unsigned i = 0; i < 120000; i++) {
        (void)snprintf(id, sizeof(id), "%u", i);
        ind.id = ent_slice_str(id);
        assert_ok(ent_store_put(s, &how, &ind, ENT_SLICE_LIT("loud"), now));
    }
    assert_ok(ent_store_commit(s));
    edit(s, "80.1.1.1", ENT_TLP_RED);
    put(s, "quiet", "80.1.1.2", ENT_TLP_GREEN, 0, "");
    judge(s, "loud", false);
    serve(s, 10000);
    assert_int_equal(count(s, ENT_TLP_GREEN), 1);
    ent_store_close(s);
}

/* An id need not be one of STIX. */
static void test_withdrawn(void **state)
{
    struct ent_store *s = new_store();
    struct ent_indicator ind = {.tlp = ENT_TLP_GREEN, .confidence = 50};
    static const char *const ids[] = {"5b7a0c0e-1111-4222-8333-444455556666", "x--1", "7"};
    enum ent_put how;
    (void)state;
    assert_ok(ent_store_begin(s));
    for (size_t i = 0; i < 3; i++) {
        char value[16];
        (void)snprintf(value, sizeof(value), "80.1.1.%u", (unsigned)i + 1);
        assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(value)));
        ind.id = ent_slice_str(ids[i]);
        assert_ok(ent_store_put(s, &how, &ind, ENT_SLICE_LIT("a"), now));
    }
    assert_ok(ent_store_commit(s));
    serve(s, 1000);
    assert_int_equal(count(s, ENT_TLP_GREEN), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(ent_store_begin(s));
        assert_ok(ent_store_revoke(s, ENT_SLICE_LIT("a"), ent_slice_str(ids[i])));
        assert_ok(ent_store_commit(s));
        serve(s, 1000);
        assert_int_equal(count(s, ENT_TLP_GREEN), 2 - i);
    }
    ent_store_close(s);
}

static void test_name_changes(void **state)
{
    static struct set a, b;
    struct ent_store *s = new_store();
    (void)state;
    put(s, "a", "80.1.1.1", ENT_TLP_CLEAR, 0, "");
    serve(s, 1000);
    read_all(s, &a, ENT_TLP_CLEAR, 0);
    assert_int_equal(a.n, 3); /* who we are, a marking, the indicator */
    publisher.author = ENT_SLICE_LIT("Others");
    serve(s, 1000);
    read_all(s, &b, ENT_TLP_CLEAR, a.at);
    assert_int_equal(b.n, 3);
    assert_same(s);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            assert_true(strcmp(a.id[i], b.id[k]) != 0 || strncmp(a.id[i], "marking-", 8) == 0);
    publisher.author = ENT_SLICE_LIT("Us");
    ent_store_close(s);
}

/* Of what a source says twice in two ways all must pass, or the object does not. */
static void test_equivocation(void **state)
{
    static struct set x;
    struct ent_store *s = new_store();
    (void)state;
    give(s, "b", "indicator", 1, 1, ENT_TLP_GREEN, false, 1, false);
    give(s, "b", "indicator", 1, 1, ENT_TLP_AMBER, false, 2, false);
    serve(s, 1000);
    assert_int_equal(count(s, ENT_TLP_GREEN), 1); /* the first claim, as an export has it */
    assert_int_equal(count(s, ENT_TLP_AMBER), 1);
    assert_same(s);
    edit(s, "80.1.2.9", ENT_TLP_RED);
    serve(s, 1000);
    read_all(s, &x, ENT_TLP_AMBER_STRICT, 0);
    for (size_t i = 0; i < x.n; i++)
        assert_string_not_equal(x.id[i], "indicator--00000001-0000-4000-8000-000000000000");
    ent_store_close(s);
}

static void sql(const char *path, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A store of the version before, with all that is in it. */
static void test_older_store(void **state)
{
    char path[256];
    struct ent_store *s;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/older.db", ent_t_tmpdir());
    assert_ok(ent_store_open(&s, NULL, path));
    put(s, "a", "80.1.1.1", ENT_TLP_GREEN, 0, "");
    give(s, "b", "malware", 1, 1, ENT_TLP_GREEN, false, 0, false);
    ent_store_close(s);
    sql(path, "DROP TABLE served; DROP TABLE touched_claim; DROP TABLE touched_ext; DROP TABLE"
              " touched_source; DROP TABLE served_source; DROP TABLE posted; DROP TABLE dropped;"
              " DROP TABLE status; PRAGMA user_version = 4");
    assert_ok(ent_store_open(&s, NULL, path));
    serve(s, 1000);
    assert_same(s);
    static struct set x;
    read_all(s, &x, ENT_TLP_GREEN, 0);
    assert_int_equal(x.n, 5);
    int64_t last = x.at;
    ent_store_close(s);
    assert_ok(ent_store_open(&s, NULL, path)); /* dates stay, and go on */
    read_all(s, &x, ENT_TLP_GREEN, 0);
    assert_int_equal(x.at, last);
    now -= 100000;
    put(s, "a", "80.1.1.2", ENT_TLP_GREEN, 0, "");
    serve(s, 1000);
    now += 100000;
    read_all(s, &x, ENT_TLP_GREEN, last);
    assert_int_equal(x.n, 1);
    ent_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),        cmocka_unit_test(test_held_and_released),
        cmocka_unit_test(test_name_changes), cmocka_unit_test(test_older_store),
        cmocka_unit_test(test_equivocation), cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_many_claims),  cmocka_unit_test(test_as_exported),
        cmocka_unit_test(test_never_more),   cmocka_unit_test(test_followers),
        cmocka_unit_test(test_pieces),       cmocka_unit_test(test_one_reader),
    };
    return ent_t_run("served", tests);
}
