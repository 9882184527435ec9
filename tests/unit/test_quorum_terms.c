/*
 * test_quorum_terms.c: the texts of a quorum's statements, in both directions and damaged; what
 * makes an offer senseless; the name of a run; the estimate and the decision about an offer.
 */
#include "tests/support/t.h"

#include "match/match.h"

static void name(char ret[static ENT_NAME_MAX + 1], const char *stem, unsigned i)
{
    (void)snprintf(ret, ENT_NAME_MAX + 1, "%.57s-%02u", stem, i % 100);
}

static struct ent_quorum_offer offer(uint32_t n, uint32_t t)
{
    struct ent_quorum_offer o = {
        .window = 1699999200,
        .seconds = 3600,
        .types = ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6),
        .shape = {.members = n, .threshold = t, .items = 1000, .tables = 20},
        .padding = ENT_QUORUM_PAD_DOUBLE,
        .holders = 2,
        .collector = "collector",
        .accept_by = 1700003700,
        .keys_by = 1700003800,
        .upload_by = 1700004000,
        .result_by = 1700005000,
        .nonce = {{7}},
    };
    for (unsigned i = 0; i < n && i < ENT_QUORUM_MEMBERS; i++)
        name(o.participant[i], "office", i);
    name(o.holder[0], "holder", 0);
    name(o.holder[1], "holder", 1);
    return o;
}

static void encode(struct ent_buf *b, const struct ent_quorum_offer *o)
{
    ent_buf_init(b, ENT_QUORUM_OFFER_MAX);
    assert_ok(ent_quorum_offer_encode(b, o));
}

static void test_offer_text(void **state)
{
    static const char want[] = "entente/quorum-offer@v1\n"
                               "window 1699999200 3600\n"
                               "types ipv4,ipv6\n"
                               "threshold 2\n"
                               "items 1000 double\n"
                               "tables 20\n"
                               "participant office-00\n"
                               "participant office-01\n"
                               "holder holder-00\n"
                               "holder holder-01\n"
                               "collector collector\n"
                               "deadlines 1700003700 1700003800 1700004000 1700005000\n"
                               "nonce BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    struct ent_quorum_offer o = offer(2, 2), back;
    struct ent_buf b;
    (void)state;
    encode(&b, &o);
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(want)));
    assert_ok(ent_quorum_offer_parse(&back, ent_buf_slice(&b)));
    assert_memory_equal(&back, &o, sizeof(o));
    ent_buf_release(&b);
}

/* The largest there is fits the room that is said to be enough. */
static void test_offer_largest(void **state)
{
    struct ent_quorum_offer o = offer(64, 8), back;
    struct ent_buf b;
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        memset(o.participant[i], 'p', ENT_NAME_MAX);
        o.participant[i][ENT_NAME_MAX - 2] = (char)('0' + i / 10);
        o.participant[i][ENT_NAME_MAX - 1] = (char)('0' + i % 10);
    }
    o.holders = ENT_QUORUM_HOLDERS;
    for (unsigned i = 0; i < o.holders; i++)
        name(o.holder[i], "a-key-holder-with-a-rather-long-name-as-members-may-have", i);
    o.shape.items = ENT_QUORUM_ITEMS;
    o.shape.tables = 24;
    o.result_by = INT64_MAX;
    encode(&b, &o);
    assert_ok(ent_quorum_offer_parse(&back, ent_buf_slice(&b)));
    assert_memory_equal(&back, &o, sizeof(o));
    ent_buf_release(&b);
}

/* Every byte changed in one bit, every truncation, one byte more: refused, or a text of its own. */
static void mutate(struct ent_slice good, enum ent_err (*again)(struct ent_buf *, struct ent_slice))
{
    uint8_t *copy = malloc(good.n + 1);
    struct ent_buf b;
    ent_buf_init(&b, ENT_QUORUM_OFFER_MAX);
    assert_non_null(copy);
    memcpy(copy, good.p, good.n);
    assert_ok(again(&b, good));
    assert_true(ent_slice_eq(ent_buf_slice(&b), good));
    for (size_t i = 0; i < good.n; i++) {
        struct ent_slice damaged = ent_slice(copy, good.n);
        copy[i] ^= (uint8_t)(1u << ent_t_below(8));
        ent_buf_clear(&b);
        if (again(&b, damaged) == ENT_OK)
            assert_true(ent_slice_eq(ent_buf_slice(&b), damaged));
        copy[i] = good.p[i];
        ent_buf_clear(&b); /* without its last line a list may be one all the same */
        if (again(&b, ent_slice(copy, i)) == ENT_OK)
            assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice(copy, i)));
    }
    copy[good.n] = '\n';
    assert_err(again(&b, ent_slice(copy, good.n + 1)), ENT_E_FORMAT);
    ent_buf_release(&b);
    free(copy);
}

#define AGAIN(what)                                                                                \
    static enum ent_err again_##what(struct ent_buf *b, struct ent_slice s)                        \
    {                                                                                              \
        struct ent_quorum_##what x;                                                                \
        enum ent_err r = ent_quorum_##what##_parse(&x, s);                                         \
        return r == ENT_OK ? ent_quorum_##what##_encode(b, &x) : r;                                \
    }
AGAIN(offer)
AGAIN(accept)
AGAIN(refuse)
AGAIN(key)
AGAIN(begin)
AGAIN(left_out)
AGAIN(result)
AGAIN(taken)

static void test_mutations(void **state)
{
    struct ent_quorum_offer o = offer(6, 3);
    struct ent_quorum_accept a = {.items = 1024};
    struct ent_quorum_refuse f = {.why = ENT_QUORUM_LONG};
    struct ent_quorum_key k = {0};
    struct ent_quorum_begin g = {.present = 0x25, .holders = 3};
    struct ent_quorum_left_out l = {.member = "office-03", .fault = ENT_QUORUM_FOREIGN};
    struct ent_quorum_result res = {.positions = 77, .present = UINT64_C(1) << 63 | 1};
    struct ent_quorum_taken t = {{{1}}, {{2}}};
    struct ent_scalar one = {{1}};
    struct ent_buf b;
    (void)state;
    ent_element_base_mul(&k.key, &one);
    encode(&b, &o);
    mutate(ent_buf_slice(&b), again_offer);
#define EACH(what, x)                                                                              \
    do {                                                                                           \
        ent_buf_clear(&b);                                                                         \
        assert_ok(ent_quorum_##what##_encode(&b, x));                                              \
        mutate(ent_buf_slice(&b), again_##what);                                                   \
    } while (0)
    EACH(accept, &a);
    EACH(refuse, &f);
    f = (struct ent_quorum_refuse){.why = ENT_QUORUM_PACT, .verdict = ENT_DENIED_BUDGET};
    EACH(refuse, &f);
    EACH(key, &k);
    EACH(begin, &g);
    EACH(left_out, &l);
    EACH(result, &res);
    EACH(taken, &t);
    ent_buf_release(&b);
}

/* A word of one table is never a word of another, and each has its own. */
static void test_words(void **state)
{
    (void)state;
    for (int i = 0; i < ENT_QUORUM_REASONS; i++) {
        const char *word = ent_quorum_reason_word((enum ent_quorum_reason)i);
        enum ent_verdict v;
        assert_non_null(ent_quorum_reason_text((enum ent_quorum_reason)i));
        assert_err(ent_verdict_parse(&v, ent_slice_str(word)), ENT_E_FORMAT);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(word, ent_quorum_reason_word((enum ent_quorum_reason)j));
    }
    for (int i = 1; i < ENT_QUORUM_FAULTS; i++) {
        enum ent_quorum_fault f = ENT_QUORUM_NO_FAULT;
        assert_non_null(ent_quorum_fault_text((enum ent_quorum_fault)i));
        assert_ok(ent_quorum_fault_parse(
            &f, ent_slice_str(ent_quorum_fault_word((enum ent_quorum_fault)i))));
        assert_int_equal(f, i);
    }
    enum ent_quorum_fault f;
    assert_err(ent_quorum_fault_parse(&f, ENT_SLICE_LIT("none")), ENT_E_FORMAT);
}

#define BODY(line) line "\noffer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define LEAF       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void test_bad_bodies(void **state)
{
    struct ent_quorum_accept a;
    struct ent_quorum_refuse f;
    struct ent_quorum_key k;
    struct ent_quorum_begin g;
    struct ent_quorum_left_out l;
    struct ent_quorum_result res;
    (void)state;
#define ACCEPT BODY("entente/quorum-accept@v1")
#define BEGIN  BODY("entente/quorum-begin@v1")
    assert_err(ent_quorum_accept_parse(&a, ENT_SLICE_LIT(ACCEPT "items 0\nroot " LEAF "\n")),
               ENT_E_FORMAT);
    assert_err(ent_quorum_accept_parse(&a, ENT_SLICE_LIT(ACCEPT "items 1048577\nroot " LEAF "\n")),
               ENT_E_LIMIT);
    assert_err(ent_quorum_refuse_parse(
                   &f, ENT_SLICE_LIT(BODY("entente/quorum-refuse@v1") "reason fine\n")),
               ENT_E_FORMAT);
    assert_err(ent_quorum_refuse_parse(
                   &f, ENT_SLICE_LIT(BODY("entente/quorum-refuse@v1") "reason pact\n")),
               ENT_E_FORMAT);
    /* The identity is no key. */
    assert_err(
        ent_quorum_key_parse(&k, ENT_SLICE_LIT(BODY("entente/quorum-key@v1") "key " LEAF "\n")),
        ENT_E_FORMAT);
    /* One key; a gap; out of order; an index that does not exist; nobody. */
    assert_err(
        ent_quorum_begin_parse(&g, ENT_SLICE_LIT(BEGIN "accept 1 " LEAF "\nkey 1 " LEAF "\n")),
        ENT_E_FORMAT);
    assert_err(ent_quorum_begin_parse(
                   &g, ENT_SLICE_LIT(BEGIN "accept 1 " LEAF "\nkey 1 " LEAF "\nkey 3 " LEAF "\n")),
               ENT_E_FORMAT);
    assert_err(
        ent_quorum_begin_parse(&g, ENT_SLICE_LIT(BEGIN "accept 2 " LEAF "\naccept 1 " LEAF
                                                       "\nkey 1 " LEAF "\nkey 2 " LEAF "\n")),
        ENT_E_FORMAT);
    assert_err(ent_quorum_begin_parse(
                   &g, ENT_SLICE_LIT(BEGIN "accept 65 " LEAF "\nkey 1 " LEAF "\nkey 2 " LEAF "\n")),
               ENT_E_LIMIT);
    assert_err(ent_quorum_begin_parse(
                   &g, ENT_SLICE_LIT(BEGIN "accept 0 " LEAF "\nkey 1 " LEAF "\nkey 2 " LEAF "\n")),
               ENT_E_FORMAT);
    assert_err(ent_quorum_begin_parse(&g, ENT_SLICE_LIT(BEGIN "key 1 " LEAF "\nkey 2 " LEAF "\n")),
               ENT_E_FORMAT);
    assert_err(ent_quorum_left_out_parse(
                   &l, ENT_SLICE_LIT(BODY("entente/quorum-left-out@v1") "member Office\nreason "
                                                                        "late\n")),
               ENT_E_FORMAT);
    assert_err(ent_quorum_left_out_parse(
                   &l, ENT_SLICE_LIT(BODY("entente/quorum-left-out@v1") "member office\nreason "
                                                                        "none\n")),
               ENT_E_FORMAT);
    assert_err(ent_quorum_result_parse(
                   &res, ENT_SLICE_LIT("entente/quorum-result@v1\nrun " LEAF "\npositions 0\n")),
               ENT_E_FORMAT);
}

/* Each thing that makes an offer senseless, by its reason; such a text is not parsed. */
static void expect(const struct ent_quorum_offer *o, enum ent_quorum_reason why)
{
    struct ent_quorum_offer back;
    struct ent_buf b;
    assert_int_equal(ent_quorum_offer_check(o, NULL), why);
    if (o->shape.members > ENT_QUORUM_MEMBERS || o->holders > ENT_QUORUM_HOLDERS)
        return;
    encode(&b, o);
    assert_int_not_equal(ent_quorum_offer_parse(&back, ent_buf_slice(&b)), ENT_OK);
    ent_buf_release(&b);
}

static void test_senseless(void **state)
{
    struct ent_diag d = {0};
    (void)state;
#define SENSELESS(reason, change)                                                                  \
    do {                                                                                           \
        struct ent_quorum_offer o = offer(6, 3);                                                   \
        change;                                                                                    \
        expect(&o, reason);                                                                        \
    } while (0)
    SENSELESS(ENT_QUORUM_TYPES, o.types = 0);
    SENSELESS(ENT_QUORUM_SHAPE, o.shape.members = 65);
    SENSELESS(ENT_QUORUM_SHAPE, o.shape.members = 2);
    SENSELESS(ENT_QUORUM_SHAPE, o.shape.threshold = 1);
    SENSELESS(ENT_QUORUM_SHAPE, o.shape.threshold = 9);
    SENSELESS(ENT_QUORUM_SHAPE, o.shape.items = 0);
    SENSELESS(ENT_QUORUM_SHAPE, o.shape.items = ENT_QUORUM_ITEMS + 1);
    SENSELESS(ENT_QUORUM_SHAPE, o.shape.tables = 18);
    SENSELESS(ENT_QUORUM_SHAPE, o.shape.tables = 22);
    SENSELESS(ENT_QUORUM_WINDOWS, o.seconds = 0);
    SENSELESS(ENT_QUORUM_WINDOWS, o.seconds = ENT_QUORUM_WINDOW + 1);
    SENSELESS(ENT_QUORUM_WINDOWS, o.window = o.accept_by - o.seconds + 1);
    SENSELESS(ENT_QUORUM_DEADLINES, o.accept_by = o.keys_by);
    SENSELESS(ENT_QUORUM_DEADLINES, o.upload_by = o.keys_by);
    SENSELESS(ENT_QUORUM_DEADLINES, o.result_by = o.upload_by);
    SENSELESS(ENT_QUORUM_FEW_HOLDERS, o.holders = 1);
    SENSELESS(ENT_QUORUM_FEW_HOLDERS, o.holders = 0);
    SENSELESS(ENT_QUORUM_MANY_HOLDERS, o.holders = 9);
    SENSELESS(ENT_QUORUM_NAMES, name(o.holder[1], "holder", 0));
    SENSELESS(ENT_QUORUM_NAMES, name(o.participant[2], "office", 1));
    SENSELESS(ENT_QUORUM_NAMES, name(o.participant[5], "a", 0));
    SENSELESS(ENT_QUORUM_NAMES, memcpy(o.collector, "", 1));
    SENSELESS(ENT_QUORUM_NAMES, memcpy(o.collector, "Big", 4));
    SENSELESS(ENT_QUORUM_COLLECTOR_HOLDS, name(o.collector, "holder", 1));
    SENSELESS(ENT_QUORUM_COLLECTOR_IN, name(o.collector, "office", 4));
    struct ent_quorum_offer o = offer(65, 3);
    assert_int_equal(ent_quorum_offer_check(&o, &d), ENT_QUORUM_SHAPE);
    assert_string_equal(d.text, "a quorum has 2 to 64 members");
    /* A key holder may take part: it has something to hide from the others too. */
    o = offer(6, 3);
    name(o.holder[1], "office", 4);
    assert_int_equal(ent_quorum_offer_check(&o, NULL), ENT_QUORUM_FINE);
}

/* Too many lines of a kind are refused before anything is written behind the last place. */
static void test_too_many_names(void **state)
{
    struct ent_quorum_offer o;
    struct ent_buf b;
    (void)state;
    for (int which = 0; which < 2; which++) {
        ent_buf_init(&b, 65536);
        assert_ok(ent_buf_puts(&b, "entente/quorum-offer@v1\nwindow 0 1\ntypes ipv4\nthreshold 2\n"
                                   "items 1 none\ntables 20\n"));
        for (unsigned i = 0; i < 66; i++)
            assert_ok(ent_buf_printf(&b, "%s p-%02u\n", which == 0 ? "participant" : "holder", i));
        assert_err(ent_quorum_offer_parse(&o, ent_buf_slice(&b)), ENT_E_LIMIT);
        ent_buf_release(&b);
    }
}

static void test_padding(void **state)
{
    struct ent_quorum_offer o = offer(6, 3);
    struct ent_quorum_accept a = {.items = 1000};
    (void)state;
    assert_int_equal(ent_quorum_padded(&o, 0), 1);
    assert_int_equal(ent_quorum_padded(&o, 512), 512);
    assert_int_equal(ent_quorum_padded(&o, 513), 1000);
    assert_ok(ent_quorum_accept_check(&a, &o));
    a.items = 1001;
    assert_err(ent_quorum_accept_check(&a, &o), ENT_E_LIMIT);
    a.items = 513;
    assert_err(ent_quorum_accept_check(&a, &o), ENT_E_FORMAT);
    o.padding = ENT_QUORUM_PAD_NONE;
    assert_ok(ent_quorum_accept_check(&a, &o));
    assert_int_equal(ent_quorum_padded(&o, 0), 1);
    o.padding = ENT_QUORUM_PAD_FULL;
    assert_int_equal(ent_quorum_padded(&o, 0), 1000);
    assert_err(ent_quorum_accept_check(&a, &o), ENT_E_FORMAT);
}

/* The run's name changes with everything that was signed for it. */
static void test_sid(void **state)
{
    static const char want[] = "55640c1ba284c456cbeb8434127674cb876bf6845b54c4882ad6ee7f14242939";
    struct ent_quorum_begin g = {.offer = {{1}}, .present = 5, .holders = 2};
    struct ent_hash32 sid, other;
    char hex[ENT_HEX_LEN(32)];
    (void)state;
    g.accept[0].b[0] = 2;
    g.accept[2].b[0] = 3;
    g.key[0].b[0] = 4;
    g.key[1].b[0] = 5;
    ent_quorum_sid(&sid, &g, 4);
    ent_hex_encode(hex, sid.b, 32);
    assert_string_equal(hex, want);
#define OTHER(change, members)                                                                     \
    do {                                                                                           \
        struct ent_quorum_begin saved = g;                                                         \
        change;                                                                                    \
        ent_quorum_sid(&other, &g, members);                                                       \
        assert_memory_not_equal(&other, &sid, sizeof(sid));                                        \
        g = saved;                                                                                 \
    } while (0)
    OTHER(g.offer.b[31] ^= 1, 4);
    OTHER(g.accept[2].b[5] ^= 1, 4);
    OTHER(g.present |= 2, 4); /* in with a leaf of zeros is not out */
    OTHER(g.key[1].b[0] ^= 1, 4);
    OTHER(g.holders = 3, 4);
    OTHER((void)0, 5);
}

/* --- the decision --------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct ent_member *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static struct ent_pact *pact_of(const struct ent_quorum_offer *o)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    for (uint32_t i = 0; i < o->shape.members; i++)
        memcpy(p->member[p->members++].name, o->participant[i], ENT_NAME_MAX + 1);
    for (uint32_t i = 0; i < o->holders; i++)
        memcpy(p->member[p->members++].name, o->holder[i], ENT_NAME_MAX + 1);
    memcpy(p->member[p->members++].name, o->collector, ENT_NAME_MAX + 1);
    qsort(p->member, p->members, sizeof(p->member[0]), by_name);
    return p;
}

/* The rule by which the offer of the moment before its deadline for acceptances is one. */
static void add_rule(struct ent_pact *p, const struct ent_quorum_offer *o)
{
    p->quorum = (struct ent_quorum_rule){.window = o->seconds,
                                         .types = o->types,
                                         .least = o->shape.threshold,
                                         .items = o->shape.items,
                                         .padding = o->padding,
                                         .tables = o->shape.tables,
                                         .holders = o->holders,
                                         .deadlines = {120, 220, 420, 1420}};
    memcpy(p->quorum.holder, o->holder, sizeof(o->holder));
    memcpy(p->quorum.collector, o->collector, sizeof(o->collector));
    assert_ok(ent_quorum_rule_check(&p->quorum, NULL));
}

static void test_decision(void **state)
{
    struct ent_quorum_offer o = offer(6, 3);
    struct ent_pact *p = pact_of(&o);
    struct ent_quorum_wish w = {.self = "office-02",
                                .standing = ENT_ALLOWED,
                                .most = 1000,
                                .rate = ent_quorum_rate_of(ENT_CPU_PORTABLE),
                                .cores = 2,
                                .now = 1700003699};
    (void)state;
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_PACT);
    assert_int_equal(ent_quorum_verdict(p, &o, &w), ENT_DENIED_NO_RULE);
    add_rule(p, &o);
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_FINE);
    w.self = "collector";
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_FINE);
    w.self = "stranger";
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_NOT_NAMED);
    w.self = "holder-01";
    assert_int_equal(ent_quorum_decide(NULL, &o, &w), ENT_QUORUM_PACT);
    assert_int_equal(ent_quorum_verdict(NULL, &o, &w), ENT_DENIED_NO_PACT);
    w.standing = ENT_DENIED_EXPOSED;
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_PACT);
    assert_int_equal(ent_quorum_verdict(p, &o, &w), ENT_DENIED_EXPOSED);
    w.standing = ENT_ALLOWED;
    w.most = 999;
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_SIZE);
    w.most = 1000;
    w.now = o.accept_by;
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_PAST);
    w.now--;
    for (size_t i = 0; i < p->members; i++) {
        char saved = p->member[i].name[0];
        if (strcmp(p->member[i].name, w.self) == 0)
            continue;
        p->member[i].name[0] = 'z';
        assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_STRANGERS);
        p->member[i].name[0] = saved;
    }
    o.shape.threshold = 1;
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_SHAPE);
    free(p);
}

/* One change, and what the decision is then; now is the deadline for acceptances less a second. */
#define BY_RULE(verdict, change)                                                                   \
    do {                                                                                           \
        struct ent_quorum_offer o = right;                                                         \
        change;                                                                                    \
        assert_int_equal(ent_quorum_offer_check(&o, NULL), ENT_QUORUM_FINE);                       \
        assert_int_equal(ent_quorum_verdict(p, &o, &w), verdict);                                  \
        assert_int_equal(ent_quorum_decide(p, &o, &w) == ENT_QUORUM_FINE, verdict == ENT_ALLOWED); \
    } while (0)

static void move(struct ent_quorum_offer *o, int64_t by)
{
    o->accept_by += by;
    o->keys_by += by;
    o->upload_by += by;
    o->result_by += by;
}

static void test_offers_by_the_rule(void **state)
{
    struct ent_quorum_offer right = offer(6, 3);
    struct ent_pact *p = pact_of(&right);
    struct ent_quorum_wish w = {.self = "office-02",
                                .standing = ENT_ALLOWED,
                                .most = 1000,
                                .rate = ent_quorum_rate_of(ENT_CPU_PORTABLE),
                                .cores = 2,
                                .now = 1700003580};
    (void)state;
    add_rule(p, &right);
    BY_RULE(ENT_ALLOWED, (void)o);
    BY_RULE(ENT_ALLOWED, o.shape.items = 999);
    BY_RULE(ENT_ALLOWED, o.shape.threshold = 4);
    BY_RULE(ENT_ALLOWED, o.types = ENT_OBS_BIT(ENT_OBS_IPV6));
    BY_RULE(ENT_ALLOWED, o.shape.members = 3);
    BY_RULE(ENT_ALLOWED, o.window -= 3600 * 24); /* long over */
    BY_RULE(ENT_DENIED_RULE, o.shape.items = 1001);
    BY_RULE(ENT_DENIED_RULE, o.shape.threshold = 2);
    BY_RULE(ENT_DENIED_RULE, o.types |= ENT_OBS_BIT(ENT_OBS_URL));
    BY_RULE(ENT_DENIED_RULE, o.types = ENT_OBS_BIT(ENT_OBS_URL));
    BY_RULE(ENT_DENIED_RULE, o.shape.tables = 24);
    BY_RULE(ENT_DENIED_RULE, o.padding = ENT_QUORUM_PAD_NONE);
    BY_RULE(ENT_DENIED_RULE, o.window -= 1800); /* half of two windows */
    BY_RULE(ENT_DENIED_RULE, o.seconds = 1800);
    BY_RULE(ENT_DENIED_RULE, memcpy(o.collector, "elsewhere", 10));
    BY_RULE(ENT_DENIED_RULE, memcpy(o.holder[1], "office-00", 10));
    BY_RULE(ENT_DENIED_RULE, (o.holders = 3, name(o.holder[2], "holder", 2)));
    /* The others' time is the rule's. */
    BY_RULE(ENT_DENIED_RULE, o.keys_by++);
    BY_RULE(ENT_DENIED_RULE, o.upload_by--);
    BY_RULE(ENT_DENIED_RULE, o.result_by += 86400);
    BY_RULE(ENT_ALLOWED, move(&o, ENT_QUORUM_SKEW));
    BY_RULE(ENT_DENIED_RULE, move(&o, ENT_QUORUM_SKEW + 1));
    BY_RULE(ENT_DENIED_RULE, o.accept_by++);
    w.now = 1700002800;
    BY_RULE(ENT_ALLOWED, move(&o, -780)); /* from the end of the window */
    BY_RULE(ENT_DENIED_RULE, move(&o, -781));
    /* Two holders fewer than the rule has. */
    memcpy(p->quorum.holder[2], "office-05", 10);
    p->quorum.holders = 3;
    BY_RULE(ENT_DENIED_RULE, move(&o, -780));
    free(p);
}

static void test_offer_of_the_rule(void **state)
{
    struct ent_quorum_offer like = offer(6, 3), o = {.window = 7};
    struct ent_pact *p = pact_of(&like);
    struct ent_quorum_wish w = {.self = "collector",
                                .standing = ENT_ALLOWED,
                                .most = 1000,
                                .rate = ent_quorum_rate_of(ENT_CPU_PORTABLE),
                                .cores = 2,
                                .now = 1700002860};
    (void)state;
    assert_err(ent_quorum_offer_of_rule(&o, p, 1699999200, 0), ENT_E_NOTFOUND);
    add_rule(p, &like);
    assert_err(ent_quorum_offer_of_rule(&o, p, 1699999201, 0), ENT_E_LIMIT);
    assert_err(ent_quorum_offer_of_rule(&o, p, -3600, 0), ENT_E_LIMIT);
    assert_int_equal(o.window, 7);
    assert_ok(ent_quorum_offer_of_rule(&o, p, 1699999200, 0));
    assert_int_equal(o.accept_by, 1699999200 + 3600 + 120);
    assert_int_equal(o.result_by, 1699999200 + 3600 + 1420);
    assert_int_equal(o.shape.members, 8); /* six and the two key holders */
    assert_int_equal(ent_quorum_index(&o, "holder-00"), 1);
    assert_int_equal(ent_quorum_index(&o, "office-05"), 8);
    assert_int_equal(ent_quorum_index(&o, "collector"), 0);
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_FINE);
    ent_quorum_offer_leave_out(&o, "office-00");
    ent_quorum_offer_leave_out(&o, "collector");
    ent_quorum_offer_leave_out(&o, "holder-01");
    assert_int_equal(o.shape.members, 6);
    assert_string_equal(o.participant[0], "holder-00");
    assert_string_equal(o.participant[1], "office-01");
    assert_string_equal(o.participant[5], "office-05");
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_FINE);
    assert_ok(ent_quorum_offer_of_rule(&o, p, 1699999200, w.now = 1700100000));
    assert_int_equal(o.accept_by, 1700100120);
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_FINE);
    free(p);
}

static void test_what_is_due(void **state)
{
    struct ent_quorum_offer like = offer(6, 3);
    struct ent_pact *p = pact_of(&like);
    const int64_t end = 1699999200 + 3600;
    int64_t window = 7;
    (void)state;
    assert_false(ent_quorum_offer_due(&window, p, "collector", end + 60));
    add_rule(p, &like);
    assert_false(ent_quorum_offer_due(&window, p, "collector", end + 60)); /* by hand */
    p->quorum.each = true;
    assert_false(ent_quorum_offer_due(&window, p, "office-00", end + 60));
    assert_false(ent_quorum_offer_due(&window, p, "collector", end + 59)); /* the one before */
    assert_false(ent_quorum_offer_due(&window, p, "collector", end + 120));
    assert_false(ent_quorum_offer_due(&window, p, "collector", 3659));
    assert_false(ent_quorum_offer_due(&window, p, "collector", -1));
    assert_int_equal(window, 7);
    assert_true(ent_quorum_offer_due(&window, p, "collector", end + 60));
    assert_int_equal(window, 1699999200);
    assert_true(ent_quorum_offer_due(&window, p, "collector", end + 119));
    p->expires = end;
    assert_false(ent_quorum_offer_due(&window, p, "collector", end + 60));
    free(p);
}

/* C(40, 8) is 77 million sets for each of 160,000 cells: too many for a quarter of an hour. */
static void test_too_long(void **state)
{
    struct ent_quorum_offer o = offer(40, 8);
    struct ent_pact *p = pact_of(&o);
    struct ent_quorum_estimate e;
    struct ent_quorum_wish w = {.self = "collector",
                                .most = ENT_QUORUM_ITEMS,
                                .rate = ent_quorum_rate_of(ENT_CPU_AVX512),
                                .cores = 2,
                                .now = 1700003580};
    (void)state;
    add_rule(p, &o);
    p->quorum.least = 2;
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_LONG);
    o.shape.threshold = 3;
    assert_int_equal(ent_quorum_decide(p, &o, &w), ENT_QUORUM_FINE);
    ent_quorum_estimate(&e, &o, w.rate, 2);
    assert_int_equal(e.cost.upload, 20 * 1000 * 3 * 8);
    assert_int_equal(e.collector, e.cost.upload * 40);
    assert_int_equal(e.holder_products, 40 * 1000);
    assert_int_equal(e.evaluations, 2 * (1000 * 64 + 40 + 64));
    assert_true(e.seconds > 0 && e.seconds < 60);
    free(p);
}

static int setup(void **state)
{
    (void)state;
    return ent_secret_start() == ENT_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_offer_text, setup),
        cmocka_unit_test(test_offer_largest),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_bad_bodies),
        cmocka_unit_test(test_senseless),
        cmocka_unit_test(test_too_many_names),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_sid),
        cmocka_unit_test(test_decision),
        cmocka_unit_test(test_offers_by_the_rule),
        cmocka_unit_test(test_offer_of_the_rule),
        cmocka_unit_test(test_what_is_due),
        cmocka_unit_test(test_too_long),
    };
    return ent_t_run("quorum_terms", tests);
}
