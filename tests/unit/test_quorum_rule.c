/* test_quorum_rule.c: what a pact says about quorums: its lines in versions and files, who may be
 * in it, whose votes it takes, and who may offer one. */
#include "tests/support/pacts.h"

static const char file[] = "quorum run each\n"
                           "quorum window 3600\n"
                           "quorum types ipv4,ipv6\n"
                           "quorum threshold 3\n"
                           "quorum items 100000 double\n"
                           "quorum tables 20\n"
                           "quorum holder m00\n"
                           "quorum holder m02\n"
                           "quorum collector m01\n"
                           "quorum deadlines 600 900 3600 7200\n";

static struct ent_quorum_rule rule(void)
{
    struct ent_quorum_rule q;
    assert_ok(ent_quorum_rule_parse(&q, NULL, ent_slice_str(file)));
    return q;
}

static void test_file(void **state)
{
    struct ent_quorum_rule q = rule(), back;
    struct ent_buf b;
    (void)state;
    assert_true(q.each);
    assert_int_equal(q.window, 3600);
    assert_int_equal(q.types, ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6));
    assert_int_equal(q.least, 3);
    assert_int_equal(q.items, 100000);
    assert_int_equal(q.padding, ENT_QUORUM_PAD_DOUBLE);
    assert_int_equal(q.holders, 2);
    assert_string_equal(q.holder[1], "m02");
    assert_true(ent_quorum_rule_holds(&q, "m00") && !ent_quorum_rule_holds(&q, "m01"));
    assert_int_equal(q.deadlines.upload, 3600);
    ent_buf_init(&b, ENT_QUORUM_RULE_MAX);
    assert_ok(ent_quorum_rule_encode(&b, &q));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(file)));
    assert_ok(ent_quorum_rule_parse(&back, NULL, ent_buf_slice(&b)));
    assert_true(ent_quorum_rule_eq(&q, &back));
    ent_buf_release(&b);
}

/* What the lines above become with one place changed. */
static enum ent_err edited(const char *from, const char *to, struct ent_diag *d)
{
    struct ent_quorum_rule q;
    struct ent_buf b;
    const char *at = strstr(file, from);
    assert_non_null(at);
    ent_buf_init(&b, 2 * ENT_QUORUM_RULE_MAX);
    assert_ok(ent_buf_printf(&b, "%.*s%s%s", (int)(at - file), file, to, at + strlen(from)));
    *d = (struct ent_diag){0};
    enum ent_err r = ent_quorum_rule_parse(&q, d, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

static void test_files_have_one_form(void **state)
{
    static const struct {
        const char *from, *to;
        uint64_t line;
    } edits[] = {
        {"quorum run each\n", "", 1},
        {"each", "all", 1},
        {"each", "each ", 1},
        {"window 3600", "window 03600", 2},
        {"window 3600", "window 1h", 2},
        {"window 3600", "window 3600 0", 2},
        {"ipv4,ipv6", "ipv6,ipv4", 3},
        {"ipv4,ipv6", "ipv4,ipv4", 3},
        {"ipv4,ipv6", "address", 3},
        {" ipv4,ipv6", "", 3},
        {"threshold 3", "threshold -3", 4},
        {"threshold 3", "threshold 4294967296", 4},
        {"quorum threshold 3\n", "", 4},
        {" double", "", 5},
        {"double", "twice", 5},
        {"quorum holder m00\nquorum holder m02\n", "", 7},
        {"holder m00", "holder", 7},
        {"collector m01", "collector m01 m03", 9},
        {"600 900 3600 7200", "600 900 3600", 10},
        {"7200\n", "7200", 10},
        {"7200\n", "7200 1\n", 10},
        {"7200\n", "7200\n\n", 11},
        {"7200\n", "7200\nquorum holder m03\n", 11},
    };
    struct ent_diag d;
    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        enum ent_err r = edited(edits[i].from, edits[i].to, &d);
        if ((r != ENT_E_FORMAT && r != ENT_E_LIMIT) || d.line != edits[i].line)
            printf("# %s: %s: line %u\n", edits[i].from, edits[i].to, (unsigned)d.line);
        assert_true(r == ENT_E_FORMAT || r == ENT_E_LIMIT);
        assert_int_equal(d.line, edits[i].line);
        assert_true(strcmp(d.text, "not what a rule of quorums has here") == 0 ||
                    strcmp(d.text, "more than a rule of quorums has") == 0);
    }
}

static void test_sense(void **state)
{
    static const char *const nine =
        "holder m02\nquorum holder m03\nquorum holder m04\nquorum holder m05\nquorum holder "
        "m06\nquorum holder m07\nquorum holder m08\nquorum holder m09";
    static const char ascend[] =
        "deadlines of quorums ascend from 120 seconds on to 31 days at most";
    static const struct {
        const char *from, *to, *text;
    } edits[] = {
        {"window 3600", "window 59", "a window of quorums is 60 seconds to a day"},
        {"window 3600", "window 86401", "a window of quorums is 60 seconds to a day"},
        {"ipv6", "net4", "quorums compare types that can be observed"},
        {"threshold 3", "threshold 1", "the threshold of quorums is 2 to 8"},
        {"threshold 3", "threshold 9", "the threshold of quorums is 2 to 8"},
        {"100000", "0", "a quorum takes 1 to 1,048,576 items of a member"},
        {"100000", "1048577", "a quorum takes 1 to 1,048,576 items of a member"},
        {"tables 20", "tables 21", "a quorum has 20 or 24 tables"},
        {"quorum holder m00\n", "", "a quorum has 2 to 8 key holders"},
        {"holder m02", "holder m00",
         "the key holders of quorums are not in the order of their "
         "names"},
        {"holder m00", "holder m03",
         "the key holders of quorums are not in the order of their "
         "names"},
        {"holder m00", "holder ../m", "a key holder's name is that of no member"},
        {"collector m01", "collector M01", "the collector's name is that of no member"},
        {"collector m01", "collector m02", "the collector of quorums may not be a key holder"},
        {"600 900", "119 900", ascend},
        {"600 900", "900 900", ascend},
        {"900 3600", "3600 3600", ascend},
        {"3600 7200", "7200 7200", ascend},
        {"7200", "2678401", ascend},
    };
    struct ent_diag d;
    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        assert_err(edited(edits[i].from, edits[i].to, &d), ENT_E_POLICY);
        assert_string_equal(d.text, edits[i].text);
    }
    assert_err(edited("holder m02", nine, &d), ENT_E_LIMIT);
    assert_int_equal(d.line, 15);
    assert_ok(edited("tables 20", "tables 24", &d));
    assert_ok(edited("600 900 3600 7200", "120 121 122 2678400", &d));
}

static void encode(struct ent_buf *b, struct ent_pact *p)
{
    ent_buf_init(b, ENT_PACT_MAX);
    assert_ok(ent_pact_encode(b, p));
}

static bool contains(const struct ent_buf *b, const char *text)
{
    return memmem(b->p, b->n, text, strlen(text)) != NULL;
}

/* A pact without a rule has the bytes that it had before there were any. */
static void test_in_a_version(void **state)
{
    struct who w[5];
    struct ent_buf b;
    struct ent_quorum_rule q = rule();
    struct ent_pact *back = pact_new();
    struct ent_diag d = {0};
    (void)state;
    who_are(w, 5);
    struct ent_pact *p = pact_of(w, 5);
    encode(&b, p);
    assert_false(contains(&b, "quorum"));
    ent_buf_release(&b);
    assert_ok(ent_next_quorum(p, NULL, &q));
    encode(&b, p);
    assert_true(contains(&b, "minimum TLP:AMBER+STRICT\nquorum run each\n"));
    assert_true(contains(&b, "quorum deadlines 600 900 3600 7200\nmember m00\n"));
    assert_ok(ent_pact_parse_text(back, ent_buf_slice(&b), NULL, &d));
    assert_true(ent_quorum_rule_eq(&back->quorum, &q));
    /* Behind the members it is not the same text, and so it is none. */
    uint8_t *at = memmem(b.p, b.n, "quorum run", 10), *end = memmem(b.p, b.n, "member m00", 10);
    uint8_t lines[sizeof(file)];
    memcpy(lines, at, sizeof(file) - 1);
    memmove(at, end, b.n - (size_t)(end - b.p));
    memcpy(b.p + b.n - (sizeof(file) - 1), lines, sizeof(file) - 1);
    assert_err(ent_pact_parse_text(back, ent_buf_slice(&b), NULL, &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "malformed pact");
    ent_buf_release(&b);
    free(p);
    free(back);
}

static void alone_fails(struct ent_pact *p, const char *text)
{
    struct ent_pact *back = pact_new();
    struct ent_diag d = {0};
    struct ent_buf b;
    encode(&b, p);
    assert_err(ent_pact_parse_text(back, ent_buf_slice(&b), NULL, &d), ENT_E_POLICY);
    assert_string_equal(d.text, text);
    ent_buf_release(&b);
    free(back);
}

static void test_only_members(void **state)
{
    struct who w[5];
    struct ent_quorum_rule q = rule();
    (void)state;
    who_are(w, 5);
    struct ent_pact *p = pact_of(w, 5);
    memcpy(q.holder[1], "m77", 4);
    assert_ok(ent_next_quorum(p, NULL, &q)); /* m77 may come with it */
    alone_fails(p, "a key holder of quorums is no member: propose another rule of quorums with "
                   "it, or none (--quorum)");
    q = rule();
    memcpy(q.collector, "m77", 4);
    assert_ok(ent_next_quorum(p, NULL, &q));
    alone_fails(p, "the collector of quorums is no member: propose another rule of quorums with "
                   "it, or none (--quorum)");
    q = rule();
    q.least = 5;
    assert_ok(ent_next_quorum(p, NULL, &q));
    alone_fails(p, "fewer members than the threshold of quorums, without the collector: propose "
                   "another rule of quorums with it, or none (--quorum)");
    p->quorum.tables = 22; /* by somebody who writes a version without our help */
    p->quorum.least = 3;
    alone_fails(p, "a quorum has 20 or 24 tables");
    free(p);
}

/* A rule is of the class rules. Who has a part in it goes only with it, or with another rule. */
static void test_changes(void **state)
{
    struct who w[5];
    struct ent_quorum_rule q = rule();
    struct ent_pact_needs needs;
    struct ent_diag d = {0};
    (void)state;
    who_are(w, 5);
    struct ent_pact *now = pact_founded(w, 5), *p = pact_new();
    ent_pact_next(p, now);
    assert_err(ent_next_quorum(p, &d, NULL), ENT_E_EXISTS);
    assert_string_equal(d.text, "it is that rule of quorums already");
    assert_ok(ent_next_quorum(p, NULL, &q));
    assert_err(ent_next_quorum(p, &d, &q), ENT_E_EXISTS);
    q.items = 0;
    assert_err(ent_next_quorum(p, &d, &q), ENT_E_POLICY);
    ent_pact_needs(&needs, p, now);
    assert_int_equal(needs.classes, 1u << ENT_CHANGE_RULES);
    pact_refused(now, p, w, 3, ENT_E_AUTH, "not enough votes of the members before it");
    pact_advance(now, p, w, 4);
    assert_int_equal(now->quorum.items, 100000);
    ent_pact_next(p, now);
    p->quorum.deadlines.result++;
    pact_advance(now, p, w, 4);
    ent_pact_next(p, now);
    assert_ok(ent_next_remove(p, NULL, "m02"));
    pact_refused(now, p, w, 5, ENT_E_POLICY,
                 "a key holder of quorums is no member: propose another rule of quorums with it, "
                 "or none (--quorum)");
    q = rule();
    memcpy(q.holder[1], "m03", 4);
    assert_ok(ent_next_quorum(p, NULL, &q));
    ent_pact_needs(&needs, p, now);
    assert_int_equal(needs.classes, 7); /* the thresholds follow */
    pact_advance(now, p, w, 5);
    ent_pact_next(p, now);
    assert_ok(ent_next_remove(p, NULL, "m01"));
    assert_ok(ent_next_quorum(p, NULL, NULL));
    const struct who four[] = {w[0], w[1], w[3], w[4]};
    pact_advance(now, p, four, 4);
    assert_int_equal(now->quorum.holders, 0);
    free(now);
    free(p);
}

struct known {
    const char *exposed, *withdrawn;
};

static void is_known(void *ctx, const char *member, bool *ret_exposed, bool *ret_withdrawn)
{
    const struct known *k = ctx;
    *ret_exposed = strcmp(member, k->exposed) == 0;
    *ret_withdrawn = strcmp(member, k->withdrawn) == 0;
}

static void test_who_may_offer(void **state)
{
    struct who w[5];
    struct known k = {"", ""};
    struct ent_quorum_rule q = rule();
    struct ent_quorum_ask a = {
        .self = "m00", .author = "m04", .now = 1000, .known = is_known, .ctx = &k};
    struct ent_dispute x = {"m02", 1, 5, ENT_INDEX_NONE, "the key was stolen"};
    (void)state;
    who_are(w, 5);
    struct ent_pact *p = pact_of(w, 5);
    assert_int_equal(ent_pact_decide_quorum(NULL, &a), ENT_DENIED_NO_PACT);
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_NO_RULE);
    assert_ok(ent_next_quorum(p, NULL, &q));
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_ALLOWED);
    a.author = "m00";
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_ALLOWED);
    a.author = "m77";
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_STRANGER);
    a.author = "m04";
    a.self = "m77";
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_NO_PACT);
    a.self = "m00";
    k.exposed = "m04";
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_EXPOSED);
    k = (struct known){"", "m04"};
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_WITHDRAWN);
    k = (struct known){"m02", ""};
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_ROLE);
    k = (struct known){"", "m01"};
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_ROLE);
    k = (struct known){"m03", "m03"}; /* who has no part in it but its own */
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_ALLOWED);
    a.again = true;
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_STALE);
    a.again = false;
    p->expires = 999;
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_EXPIRED);
    p->expires = 0;
    assert_ok(ent_next_dispute(p, NULL, &x));
    assert_int_equal(ent_pact_decide_quorum(p, &a), ENT_DENIED_ROLE);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),          cmocka_unit_test(test_files_have_one_form),
        cmocka_unit_test(test_sense),         cmocka_unit_test(test_in_a_version),
        cmocka_unit_test(test_only_members),  cmocka_unit_test(test_changes),
        cmocka_unit_test(test_who_may_offer),
    };
    return ent_t_run("quorum_rule", tests);
}
