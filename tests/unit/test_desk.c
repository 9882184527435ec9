/*
 * test_desk.c: what a match needs of the store, asked by those who have none: what is counted and
 * charged, the list in notes, what an asker that was taken over does not get, and lying answers.
 */
#include "tests/support/t.h"

#include <malloc.h>

#include "node/node.h"

#define TYPES  ENT_OBS_BIT(ENT_OBS_DOMAIN)
#define PERIOD 7u
#define NOW    1600000000

static char path[ENT_PATH_MAX];

/* --- the bytes ----------------------------------------------------------------------------------
 */

static const struct ent_desk_request requests[] = {
    {.type = ENT_DESK_ADVANCE, .member = "a", .generation = 1},
    {.type = ENT_DESK_ADVANCE, .member = "cert", .generation = 9, .sequence = INT64_MAX},
    {.type = ENT_DESK_SPENT, .member = "cert", .direction = ENT_WE_ASK, .period = 1},
    {.type = ENT_DESK_CHARGE, .member = "x-1", .period = 3, .items = 1, .most = INT64_MAX},
    {.type = ENT_DESK_CHARGE, .member = "cert", .items = ENT_MATCH_ITEMS_MOST},
    {.type = ENT_DESK_KNOWN, .types = ENT_OBS_ALL, .at = 1},
    {.type = ENT_DESK_ASKED, .member = "cert", .period = 3, .items = ENT_MATCH_ITEMS_MOST},
};
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static void assert_request_row(const struct ent_desk_request *q, size_t n)
{
    const struct ent_protocol p = {ent_desk_rows, ENT_DESK_ROWS, 1, 1u << 20};
    const struct ent_msg_row *row = ent_msg_row(&p, (uint16_t)q->type, ENT_MSG_CALL);
    assert_true(ent_protocol_is_sound(&p));
    assert_non_null(row);
    assert_true(n >= row->min && n <= row->max);
}

static void test_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        const uint16_t type = (uint16_t)requests[i].type;
        struct ent_desk_request back;
        struct ent_buf a, b;
        ent_buf_init(&a, ENT_DESK_REQUEST_MAX);
        ent_buf_init(&b, ENT_DESK_REQUEST_MAX);
        assert_ok(ent_desk_request_encode(&a, &requests[i]));
        assert_request_row(&requests[i], a.n);
        assert_ok(ent_desk_request_parse(&back, type, ent_buf_slice(&a)));
        assert_ok(ent_desk_request_encode(&b, &back));
        assert_true(ent_slice_eq(ent_buf_slice(&a), ent_buf_slice(&b)));
        for (size_t n = 0; n < a.n; n++)
            assert_err(ent_desk_request_parse(&back, type, ent_slice(a.p, n)), ENT_E_FORMAT);
        if (a.n < a.max) {
            assert_ok(ent_buf_putc(&a, 0));
            assert_err(ent_desk_request_parse(&back, type, ent_buf_slice(&a)), ENT_E_FORMAT);
            a.n--;
        }
        assert_err(ent_desk_request_parse(&back, ENT_DESK_ITEMS, ent_buf_slice(&a)), ENT_E_FORMAT);
        assert_err(ent_desk_request_parse(&back, ENT_MSG_DESK, ent_buf_slice(&a)), ENT_E_FORMAT);
        ent_buf_release(&a);
        ent_buf_release(&b);
    }
}

static void test_what_is_no_request(void **state)
{
    static const struct ent_desk_request bad[] = {
        {.type = ENT_DESK_ADVANCE, .member = "", .generation = 1},
        {.type = ENT_DESK_ADVANCE, .member = "Cert", .generation = 1},
        {.type = ENT_DESK_ADVANCE, .member = "../x", .generation = 1},
        {.type = ENT_DESK_ADVANCE, .member = "cert", .generation = 0},
        {.type = ENT_DESK_ADVANCE, .member = "cert", .generation = 1, .sequence = 1ull << 63},
        {.type = ENT_DESK_SPENT, .member = "cert", .direction = (enum ent_direction)2},
        {.type = ENT_DESK_SPENT, .member = "cert", .period = 1ull << 63},
        {.type = ENT_DESK_CHARGE, .member = "cert", .items = 0, .most = 5},
        {.type = ENT_DESK_CHARGE, .member = "cert", .items = ENT_MATCH_ITEMS_MOST + 1},
        {.type = ENT_DESK_CHARGE, .member = "cert", .items = 1, .most = 1ull << 63},
        {.type = ENT_DESK_CHARGE, .member = "cert", .items = 1, .period = 1ull << 63},
        {.type = ENT_DESK_KNOWN, .types = 0, .at = 1},
        {.type = ENT_DESK_KNOWN, .types = 1, .at = 1},
        {.type = ENT_DESK_KNOWN, .types = 1u << 31, .at = 1},
        {.type = ENT_DESK_KNOWN, .types = TYPES, .at = 0},
        {.type = ENT_DESK_KNOWN, .types = TYPES, .at = -1},
        {.type = ENT_DESK_ITEMS},
        {.type = ENT_DESK_ASKED, .member = "cert", .items = 0},
        {.type = ENT_DESK_ASKED, .member = "", .items = 1},
        {.type = ENT_DESK_ASKED, .member = "cert", .items = 1, .period = 1ull << 63},
    };
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_DESK_REQUEST_MAX);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_err(ent_desk_request_encode(&b, &bad[i]), ENT_E_FORMAT);
        assert_int_equal(b.n, 0);
    }
    ent_buf_release(&b);
}

static void test_items_have_one_form(void **state)
{
    struct ent_label label, back;
    struct ent_slice key;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 2 * ENT_DESK_ITEM_MAX);
    ent_label_make(&label, ENT_TLP_GREEN, -1, ENT_SLICE_LIT("C2"), ENT_SLICE_LIT("a text"));
    assert_ok(ent_desk_item_encode(&b, ENT_SLICE_LIT("domain:x.example"), &label));
    for (size_t n = 0; n <= b.n; n++) {
        struct ent_cur c = ent_cur(ent_slice(b.p, n));
        assert_err(ent_desk_item_parse(&key, &back, &c), n < b.n ? ENT_E_FORMAT : ENT_OK);
    }
    assert_true(ent_slice_eq(key, ENT_SLICE_LIT("domain:x.example")));
    assert_memory_equal(&back, &label, sizeof(label));
    const size_t tlp = 2 + key.n, confidence = tlp + 1, kind = tlp + 2, text = kind + 1 + 2;
    const struct {
        size_t at;
        uint8_t v;
    } bad[] = {{tlp, 0},   {tlp, 6},     {confidence, 101}, {confidence, 254},
               {kind, 64}, {text, 0xFF}, {kind + 1, 0},     {text + 2, 0},
               {2, 0},     {0, 0}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const uint8_t was = b.p[bad[i].at];
        struct ent_cur c = ent_cur(ent_buf_slice(&b));
        b.p[bad[i].at] = bad[i].v;
        assert_err(ent_desk_item_parse(&key, &back, &c), ENT_E_FORMAT);
        b.p[bad[i].at] = was;
    }
    assert_err(ent_desk_item_encode(&b, ent_slice(NULL, 0), &label), ENT_E_FORMAT);
    ent_buf_release(&b);
}

/* --- a desk -------------------------------------------------------------------------------------
 */

struct asker {
    struct ent_desk *desk;
    struct ent_desk_seat ledger, match;
    struct ent_direct by_ledger, by_match;
    struct ent_caller from_ledger, from_match;
    struct ent_buf items;
    unsigned notes;
    uint64_t bytes;
    enum ent_err refuse;        /* what put returns after the first note */
    size_t before, most_in_use; /* of memory */
};

#if defined(__SANITIZE_ADDRESS__) ||                                                               \
    defined(__SANITIZE_THREAD__) /* which have a malloc of their own */
#define MANY 100000u
static size_t memory_in_use(void)
{
    return 0;
}
#else
#define MANY 1000000u
static size_t memory_in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}
#endif

static enum ent_err take_note(void *ctx, uint16_t type, struct ent_slice payload)
{
    struct asker *a = ctx;
    size_t now = memory_in_use();
    assert_int_equal(type, ENT_DESK_ITEMS);
    assert_true(payload.n > 0 && payload.n <= ENT_DESK_ITEMS_MAX);
    if (now > a->before && now - a->before > a->most_in_use)
        a->most_in_use = now - a->before;
    a->notes++;
    a->bytes += payload.n;
    if (a->items.max > 0)
        assert_ok(ent_buf_put_slice(&a->items, payload));
    return a->refuse;
}

static void open_desk(struct asker *a, enum ent_tlp tlp, bool pad)
{
    const struct ent_desk_opts opts = {.store = path, .max_tlp = tlp, .pad = pad};
    *a = (struct asker){.notes = 0};
    assert_ok(ent_desk_new(&a->desk, NULL, &opts));
    a->ledger = (struct ent_desk_seat){.desk = a->desk};
    a->match = (struct ent_desk_seat){.desk = a->desk, .ctx = a, .put = take_note};
    a->by_ledger = (struct ent_direct){ent_desk_serve, &a->ledger, ENT_DESK_KNOWN_BYTES};
    a->by_match = (struct ent_direct){ent_desk_serve, &a->match, ENT_DESK_KNOWN_BYTES};
    a->from_ledger = ent_caller_direct(&a->by_ledger);
    a->from_match = ent_caller_direct(&a->by_match);
    ent_buf_init(&a->items, 1u << 20);
}

static void close_desk(struct asker *a)
{
    ent_buf_release(&a->items);
    ent_desk_free(a->desk);
}

static void put(struct ent_store *s, unsigned i, enum ent_tlp tlp, struct ent_slice source)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = (int)(i % 101)};
    char name[64], text[128];
    enum ent_put how;
    (void)snprintf(name, sizeof(name), "name-%u.example", i);
    (void)snprintf(text, sizeof(text),
                   "text %u, which is so long that the list is much longer than "
                   "what may be in memory",
                   i % 7);
    ind.kind = ENT_SLICE_LIT("C2");
    ind.text = ent_slice_str(text);
    assert_ok(ent_observable_parse_as(&ind.obs, NULL, ENT_OBS_DOMAIN, ent_slice_str(name)));
    assert_ok(ent_store_put(s, &how, &ind, source, 1534723200));
}

/* n names, every second one green; one amber; one by a source that is held; one address. */
static void make_store(unsigned n)
{
    static const struct ent_odds nothing;
    static unsigned stores;
    struct ent_store *s;
    struct ent_indicator ip = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
    enum ent_put how;
    (void)snprintf(path, sizeof(path), "%s/store-%u.db", ent_t_tmpdir(), stores++);
    assert_ok(ent_store_open(&s, NULL, path));
    assert_ok(ent_store_begin(s));
    for (unsigned i = 0; i < n; i++)
        put(s, i, i % 2 == 0 ? ENT_TLP_CLEAR : ENT_TLP_GREEN, ENT_SLICE_LIT("list"));
    put(s, 10000000, ENT_TLP_AMBER, ENT_SLICE_LIT("list"));
    put(s, 10000001, ENT_TLP_CLEAR, ENT_SLICE_LIT("odd"));
    assert_ok(ent_observable_parse(&ip.obs, NULL, ENT_SLICE_LIT("198.51.100.3")));
    assert_ok(ent_store_put(s, &how, &ip, ENT_SLICE_LIT("list"), 1534723200));
    assert_ok(ent_store_judge(s, ENT_SLICE_LIT("list"), &nothing, false));
    assert_ok(ent_store_judge(s, ENT_SLICE_LIT("odd"), &nothing, true));
    assert_ok(ent_store_commit(s));
    ent_store_close(s);
}

/* --- counting -----------------------------------------------------------------------------------
 */

static void test_numbers_only_rise(void **state)
{
    struct asker a;
    struct ent_store *s;
    struct ent_buf fact;
    (void)state;
    make_store(1);
    open_desk(&a, ENT_TLP_GREEN, false);
    assert_ok(ent_desk_advance(&a.from_ledger, "cert", 1, 5));
    assert_err(ent_desk_advance(&a.from_ledger, "cert", 1, 5), ENT_E_STATE);
    assert_err(ent_desk_advance(&a.from_ledger, "cert", 1, 4), ENT_E_STATE);
    assert_ok(ent_desk_advance(&a.from_ledger, "cert", 2, 1)); /* each log has its own */
    assert_ok(ent_desk_advance(&a.from_ledger, "bank", 1, 1));
    assert_ok(ent_desk_advance(&a.from_ledger, "cert", 1, 6));
    assert_err(ent_desk_advance(&a.from_ledger, "sequence/cert", 1, 9), ENT_E_FORMAT);
    assert_err(ent_desk_advance(&a.from_ledger, "cert.2", 1, 9), ENT_E_FORMAT);
    close_desk(&a);
    open_desk(&a, ENT_TLP_GREEN, false); /* they are on the disk, under the names they always had */
    assert_err(ent_desk_advance(&a.from_ledger, "cert", 1, 6), ENT_E_STATE);
    assert_ok(ent_store_open(&s, NULL, path));
    ent_buf_init(&fact, 64);
    assert_ok(ent_store_fact(s, &fact, "sequence/cert"));
    assert_ok(ent_store_fact(s, &fact, "sequence/cert.2"));
    assert_true(ent_slice_eq(ent_buf_slice(&fact), ENT_SLICE_LIT("61")));
    ent_buf_release(&fact);
    ent_store_close(s);
    close_desk(&a);
}

static void test_charges(void **state)
{
    struct asker a;
    uint64_t spent = 99;
    (void)state;
    make_store(1);
    open_desk(&a, ENT_TLP_GREEN, false);
    assert_ok(ent_desk_spent(&a.from_ledger, &spent, "cert", ENT_THEY_ASK, PERIOD));
    assert_int_equal(spent, 0);
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 6, 10));
    assert_err(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 5, 10), ENT_E_POLICY);
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 4, 10));
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD + 1, 10, 10));
    assert_err(ent_desk_charge(&a.from_ledger, "bank", PERIOD, 0, 10), ENT_E_FORMAT);
    close_desk(&a);
    open_desk(&a, ENT_TLP_GREEN, false);
    assert_ok(ent_desk_spent(&a.from_ledger, &spent, "cert", ENT_THEY_ASK, PERIOD));
    assert_int_equal(spent, 10);
    assert_ok(ent_desk_spent(&a.from_ledger, &spent, "cert", ENT_WE_ASK, PERIOD));
    assert_int_equal(spent, 0);
    assert_ok(ent_desk_spent(&a.from_ledger, &spent, "bank", ENT_THEY_ASK, PERIOD));
    assert_int_equal(spent, 0);
    close_desk(&a);
}

/* What we asked is another count, and gives no list. */
static void test_what_we_asked(void **state)
{
    struct ent_desk_known k;
    struct asker a;
    uint64_t spent = 99;
    (void)state;
    make_store(1);
    open_desk(&a, ENT_TLP_GREEN, false);
    assert_ok(ent_desk_asked(&a.from_ledger, "cert", PERIOD, 6));
    assert_ok(ent_desk_asked(&a.from_ledger, "cert", PERIOD, 7));
    assert_err(ent_desk_asked(&a.from_ledger, "cert", PERIOD, 0), ENT_E_FORMAT);
    assert_err(ent_desk_known(&a.from_match, &k, TYPES, NOW), ENT_E_POLICY);
    close_desk(&a);
    open_desk(&a, ENT_TLP_GREEN, false);
    assert_ok(ent_desk_spent(&a.from_ledger, &spent, "cert", ENT_WE_ASK, PERIOD));
    assert_int_equal(spent, 13);
    assert_ok(ent_desk_spent(&a.from_ledger, &spent, "cert", ENT_THEY_ASK, PERIOD));
    assert_int_equal(spent, 0);
    close_desk(&a);
}

/* --- the list -----------------------------------------------------------------------------------
 */

static enum ent_err load(struct asker *a, struct ent_desk_known *ret)
{
    ent_buf_clear(&a->items);
    a->notes = 0;
    return ent_desk_known(&a->from_match, ret, TYPES, NOW);
}

static void test_each_charge_gives_one_list(void **state)
{
    struct asker a;
    struct ent_desk_known k;
    (void)state;
    make_store(3);
    open_desk(&a, ENT_TLP_GREEN, false);
    assert_err(load(&a, &k), ENT_E_POLICY);
    assert_err(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 2, 1), ENT_E_POLICY);
    assert_err(load(&a, &k), ENT_E_POLICY); /* what was refused gives none */
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 1, 10));
    assert_err(ent_desk_known(&a.from_ledger, &k, TYPES, NOW), ENT_E_POLICY); /* not its to load */
    assert_ok(load(&a, &k));
    assert_err(load(&a, &k), ENT_E_POLICY);
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 1, 10));
    a.refuse = ENT_E_PEER; /* one that broke off had its list too */
    assert_err(load(&a, &k), ENT_E_PEER);
    a.refuse = ENT_OK;
    assert_err(load(&a, &k), ENT_E_POLICY);
    for (unsigned i = 0; i < ENT_DESK_LOADS + 5; i++)
        assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 1, 1000));
    for (unsigned i = 0; i < ENT_DESK_LOADS; i++)
        assert_ok(load(&a, &k));
    assert_err(load(&a, &k), ENT_E_POLICY);
    close_desk(&a);
}

static unsigned count_items(const struct asker *a)
{
    struct ent_cur c = ent_cur(ent_buf_slice(&a->items));
    unsigned n = 0;
    while (c.n > 0) {
        struct ent_slice key;
        struct ent_label label;
        char want[64];
        assert_ok(ent_desk_item_parse(&key, &label, &c));
        int len = snprintf(want, sizeof(want), "domain:name-%u.example", n);
        assert_int_equal(label.tlp, n % 2 == 0 ? ENT_TLP_CLEAR : ENT_TLP_GREEN);
        assert_true(ent_slice_eq(key, ent_slice(want, (size_t)len)));
        assert_string_equal(label.kind, "C2");
        assert_int_equal(label.confidence, n % 101);
        n++;
    }
    return n;
}

static void test_the_list(void **state)
{
    struct asker a;
    struct ent_desk_known k;
    (void)state;
    make_store(500);
    open_desk(&a, ENT_TLP_GREEN, true);
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 1, 10));
    assert_ok(load(&a, &k));
    assert_int_equal(k.items, 500); /* neither what is amber nor what is held nor another type */
    assert_int_equal(k.unreleased, 1);
    assert_true(k.pad);
    assert_int_equal(count_items(&a), 500);
    close_desk(&a);
    open_desk(&a, ENT_TLP_CLEAR, false);
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 1, 10));
    assert_ok(load(&a, &k));
    assert_int_equal(k.items, 250);
    assert_false(k.pad);
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 1, 10));
    assert_ok(ent_desk_known(&a.from_match, &k, ENT_OBS_BIT(ENT_OBS_MD5), NOW));
    assert_int_equal(k.items, 0); /* and no note */
    assert_int_equal(a.notes, 1);
    close_desk(&a);
}

/* Of a million items no more is in memory than one note, and the cache of the store. */
static void test_a_million_items(void **state)
{
    struct asker a;
    struct ent_desk_known k;
    (void)state;
    make_store(MANY);
    open_desk(&a, ENT_TLP_GREEN, false);
    ent_buf_init(&a.items, 0);
    assert_ok(ent_desk_charge(&a.from_ledger, "cert", PERIOD, 1, 10));
    a.before = memory_in_use();
    assert_ok(load(&a, &k));
    assert_int_equal(k.items, MANY);
    assert_true(a.bytes > 100u * MANY);
    assert_true(a.notes < 2 * a.bytes / ENT_DESK_ITEMS_MAX);
    printf("# %u notes, %llu MiB, at most %zu MiB in use\n", a.notes,
           (unsigned long long)(a.bytes >> 20), a.most_in_use >> 20);
    assert_true(a.most_in_use < 40u << 20);
    close_desk(&a);
}

/* --- lying answers ------------------------------------------------------------------------------
 */

static struct ent_slice lie;

static enum ent_err tell_lie(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    (void)ctx, (void)call;
    return ent_buf_put_slice(&ret->bytes, lie);
}

static void test_answers_that_are_none(void **state)
{
    static const uint8_t zeros[32], pad2[17] = {[16] = 2};
    struct ent_direct liar = {tell_lie, NULL, 64};
    const struct ent_caller desk = ent_caller_direct(&liar);
    struct ent_desk_known k;
    uint64_t spent = 77;
    (void)state;
    lie = ent_slice(zeros, 1);
    assert_err(ent_desk_advance(&desk, "cert", 1, 1), ENT_E_PEER);
    assert_err(ent_desk_charge(&desk, "cert", 1, 1, 1), ENT_E_PEER);
    for (size_t n = 0; n < 32; n++) {
        lie = ent_slice(zeros, n);
        if (n != 8)
            assert_err(ent_desk_spent(&desk, &spent, "cert", ENT_THEY_ASK, 1), ENT_E_PEER);
        if (n != ENT_DESK_KNOWN_BYTES)
            assert_err(ent_desk_known(&desk, &k, TYPES, NOW), ENT_E_PEER);
    }
    assert_int_equal(spent, 77);
    lie = ent_slice(pad2, sizeof(pad2));
    assert_err(ent_desk_known(&desk, &k, TYPES, NOW), ENT_E_PEER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_form),
        cmocka_unit_test(test_what_is_no_request),
        cmocka_unit_test(test_items_have_one_form),
        cmocka_unit_test(test_numbers_only_rise),
        cmocka_unit_test(test_charges),
        cmocka_unit_test(test_what_we_asked),
        cmocka_unit_test(test_each_charge_gives_one_list),
        cmocka_unit_test(test_the_list),
        cmocka_unit_test(test_a_million_items),
        cmocka_unit_test(test_answers_that_are_none),
    };
    return ent_t_run("desk", tests);
}
