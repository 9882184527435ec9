/* test_trail.c: the audit log: its lines, its generations, what a crash and what a liar can do. */
#include "node/node.h"

#include "tests/support/simdisk.h"
#include "tests/support/t.h"

#define NOW INT64_C(1800000000)

/* --- records ------------------------------------------------------------------------------------
 */

static void test_lines(void **state)
{
    static const char *const good[] = {
        "v1 2026-11-22T18:56:44Z eva token/feeds 192.0.2.7 export allowed stix:green",
        "v1 2026-11-22T18:56:44Z @owner home local users allowed -",
        "v1 0000-01-01T00:00:00Z @nobody none 2001:db8::1 login wrong %2D",
        "v1 2026-11-22T18:56:44Z @nobody none ::1 login more 17",
        "v1 2026-11-22T18:56:44Z eva session 0.0.0.0 read-red role %00",
        "v1 2026-11-22T18:56:44Z eva password local release allowed --",
        "v1 2026-11-22T18:56:44Z eva password local release allowed a%20b%0A%25%FF%7F",
    };
    static const char *const bad[] = {
        "",
        "v2 2026-11-22T18:56:44Z eva home local export allowed -",
        "v1 2026-11-22T18:56:44Z eva home local export allowed",
        "v1 2026-11-22T18:56:44Z eva home local export allowed ",
        "v1 2026-11-22T18:56:44Z eva home local export allowed - ",
        "v1  2026-11-22T18:56:44Z eva home local export allowed -",
        "v1 2026-11-22 eva home local export allowed -",
        "v1 2026-11-22T18:56:44+00:00 eva home local export allowed -",
        "v1 2026-02-30T18:56:44Z eva home local export allowed -",
        "v1 2026-11-22T18:56:44Z Eva home local export allowed -",
        "v1 2026-11-22T18:56:44Z @other home local export allowed -",
        "v1 2026-11-22T18:56:44Z eva house local export allowed -",
        "v1 2026-11-22T18:56:44Z eva token local export allowed -",
        "v1 2026-11-22T18:56:44Z eva token/ local export allowed -",
        "v1 2026-11-22T18:56:44Z eva token/A local export allowed -",
        "v1 2026-11-22T18:56:44Z eva home/feeds local export allowed -",
        "v1 2026-11-22T18:56:44Z eva home/ local export allowed -",
        "v1 2026-11-22T18:56:44Z eva home here export allowed -",
        "v1 2026-11-22T18:56:44Z eva home 192.0.2.07 export allowed -",
        "v1 2026-11-22T18:56:44Z eva home ::ffff:192.0.2.7 export allowed -",
        "v1 2026-11-22T18:56:44Z eva home :: export allowed -",
        "v1 2026-11-22T18:56:44Z eva home 2001:DB8::1 export allowed -",
        "v1 2026-11-22T18:56:44Z eva home local exports allowed -",
        "v1 2026-11-22T18:56:44Z eva home local export maybe -",
        "v1 2026-11-22T18:56:44Z eva home local export allowed %2d",
        "v1 2026-11-22T18:56:44Z eva home local export allowed %41",
        "v1 2026-11-22T18:56:44Z eva home local export allowed %",
        "v1 2026-11-22T18:56:44Z eva home local export allowed %4",
        "v1 2026-11-22T18:56:44Z eva home local export allowed \xC3\xA4",
        "v1 2026-11-22T18:56:44Z eva home local export allowed a\n",
    };
    struct ent_trail_record r = {.time = 0};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_TRAIL_LINE);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (strstr(good[i], "%00") != NULL) { /* a zero byte is in no record */
            assert_err(ent_trail_record_parse(&r, ent_slice_str(good[i])), ENT_E_FORMAT);
            continue;
        }
        if (ent_trail_record_parse(&r, ent_slice_str(good[i])) != ENT_OK)
            fail_msg("refused: %s", good[i]);
        ent_buf_clear(&b);
        assert_ok(ent_trail_record_encode(&b, &r));
        assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (ent_trail_record_parse(&r, ent_slice_str(bad[i])) != ENT_E_FORMAT)
            fail_msg("taken: %s", bad[i]);
    ent_buf_release(&b);
}

static void test_encode(void **state)
{
    struct ent_trail_record r = {.time = NOW, .who = "eva", .what = ENT_ACT_EXPORT}, bad;
    char longest[2 * ENT_TRAIL_ON];
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_TRAIL_LINE);
    memset(longest, 0xFF, sizeof(longest)); /* what is longest when it is written */
    ent_trail_record_on(&r, ent_slice(longest, sizeof(longest)));
    assert_int_equal(strlen(r.on), ENT_TRAIL_ON);
    assert_ok(ent_trail_record_encode(&b, &r));
    assert_ok(ent_trail_record_parse(&bad, ent_buf_slice(&b)));
    ent_trail_record_on(&r, ent_slice("a\0b", 3));
    assert_string_equal(r.on, "a");
    bad = r;
    bad.time = INT64_MAX;
    assert_err(ent_trail_record_encode(&b, &bad), ENT_E_FORMAT);
    bad = r;
    bad.who[0] = ' ';
    assert_err(ent_trail_record_encode(&b, &bad), ENT_E_FORMAT);
    bad = r;
    bad.via = ENT_VIA_TOKEN;
    assert_err(ent_trail_record_encode(&b, &bad), ENT_E_FORMAT);
    bad = r;
    bad.what = (enum ent_action)ENT_ACTIONS;
    assert_err(ent_trail_record_encode(&b, &bad), ENT_E_FORMAT);
    bad = r;
    bad.outcome = (enum ent_refusal)ENT_REFUSALS;
    assert_err(ent_trail_record_encode(&b, &bad), ENT_E_FORMAT);
    ent_buf_release(&b);
}

/* --- the log ------------------------------------------------------------------------------------
 */

static const struct ent_seed32 key = {{1}}, other_key = {{2}};

static struct ent_trail *trail_on(struct ent_simdisk *s, const struct ent_seed32 *k, uint64_t most)
{
    const struct ent_trail_opts opts = {
        .disk = ent_simdisk_disk(s), .member = "a", .key = k, .lock_fd = -1, .most = most};
    struct ent_trail *t = NULL;
    assert_ok(ent_trail_new(&t, &opts));
    return t;
}

static const char *said_last; /* of the last error */

static enum ent_err add(struct ent_trail *t, uint64_t n)
{
    struct ent_trail_record r = {.time = NOW, .who = "eva", .what = ENT_ACT_EXPORT};
    struct ent_diag d = {0};
    (void)snprintf(r.on, sizeof(r.on), "%llu", (unsigned long long)n);
    const enum ent_err e = ent_trail_add(t, &d, &r);
    said_last = d.text;
    return e;
}

/* All numbers that are in the log, in order. */
struct found {
    uint64_t n[64];
    unsigned count, begins;
};

static enum ent_err each(void *ctx, uint64_t generation, uint64_t index,
                         const struct ent_trail_record *r)
{
    struct found *f = ctx;
    (void)generation;
    (void)index;
    if (r->what == ENT_ACT_BEGIN) {
        f->begins++;
        return ENT_OK;
    }
    assert_true(f->count < 64);
    return ent_parse_u64(&f->n[f->count++], ent_slice_str(r->on), UINT64_MAX);
}

static enum ent_err check(struct ent_simdisk *s, struct ent_trail_sum *sum, struct found *f)
{
    struct ent_diag d = {0};
    *f = (struct found){.count = 0};
    return ent_trail_check(sum, &d, ent_simdisk_disk(s), "a", f, each);
}

static void test_generations(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_trail *t = trail_on(s, &key, 4);
    struct ent_trail_sum sum;
    struct found f;
    uint64_t n = 0;
    (void)state;
    assert_ok(check(s, &sum, &f)); /* nothing yet is fine */
    assert_int_equal(sum.newest, 0);
    for (uint64_t i = 0; i < 10; i++)
        assert_ok(add(t, i));
    assert_ok(check(s, &sum, &f));
    assert_int_equal(sum.newest, 4); /* each has a first record that says what was before */
    assert_int_equal(sum.records, 14);
    assert_int_equal(f.count, 10);
    assert_int_equal(f.begins, 4);
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(f.n[i], i);
    ent_trail_free(t);
    t = trail_on(s, &other_key, 100); /* the node has another key */
    assert_ok(add(t, 10));
    assert_ok(add(t, 11));
    assert_ok(check(s, &sum, &f));
    assert_int_equal(sum.newest, 5);
    assert_int_equal(sum.size, 3);
    assert_int_equal(f.count, 12);
    struct ent_diag d = {0};
    assert_ok(ent_trail_begin(t, &d, &n, NOW));
    assert_int_equal(n, 6);
    assert_ok(check(s, &sum, &f));
    assert_int_equal(sum.size, 1);
    ent_trail_free(t);
    ent_simdisk_free(s);
}

static const char *const files[] = {"entries.dat", "entries.idx", "h0",
                                    "bodies.idx",  "checkpoint",  "key"};

static void drop_generation(struct ent_simdisk *s, unsigned n)
{
    char name[64];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(name, sizeof(name), "audit/%u/%s", n, files[i]);
        ent_simdisk_remove(s, name);
    }
}

/* Old ones may be taken away, from the beginning; others may not. */
static void test_gone(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new(), *copy;
    struct ent_trail *t = trail_on(s, &key, 3);
    struct ent_trail_sum sum;
    struct found f;
    (void)state;
    for (uint64_t i = 0; i < 6; i++)
        assert_ok(add(t, i));
    assert_ok(check(s, &sum, &f));
    assert_int_equal(sum.newest, 3);
    copy = ent_simdisk_copy(s);
    drop_generation(copy, 2);
    assert_err(check(copy, &sum, &f), ENT_E_AUTH);
    assert_string_equal(sum.flaw.file, "audit/2");
    ent_simdisk_free(copy);
    copy = ent_simdisk_copy(s);
    drop_generation(copy, 3);
    assert_err(check(copy, &sum, &f), ENT_E_AUTH);
    ent_simdisk_free(copy);
    drop_generation(s, 1);
    assert_ok(check(s, &sum, &f));
    assert_int_equal(sum.gone, 1);
    assert_int_equal(sum.generations, 2);
    assert_int_equal(f.n[0], 2);
    ent_simdisk_remove(s, "audit/newest"); /* would begin anew: the first one is not theirs */
    assert_ok(check(s, &sum, &f));
    assert_int_equal(sum.newest, 0);
    ent_trail_free(t);
    ent_simdisk_free(s);
}

/* Another history under the same key does not fit to what the next generation says. */
static void test_rewritten(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new(), *lie = ent_simdisk_new();
    struct ent_trail *t = trail_on(s, &key, 3), *u = trail_on(lie, &key, 3);
    static const char *const all[] = {"entries.dat", "entries.idx", "h0", "bodies.idx",
                                      "checkpoint"};
    struct ent_trail_sum sum;
    struct found f;
    char name[64];
    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        assert_ok(add(t, i));
        assert_ok(add(u, i == 1 ? 99 : i));
    }
    assert_ok(check(lie, &sum, &f));
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        (void)snprintf(name, sizeof(name), "audit/1/%s", all[i]);
        ent_simdisk_set(s, name, ent_simdisk_file(lie, name));
    }
    ent_simdisk_set(s, "lock/audit-1/checkpoint", ent_simdisk_file(lie, "lock/audit-1/checkpoint"));
    assert_err(check(s, &sum, &f), ENT_E_AUTH);
    assert_string_equal(sum.flaw.file, "audit/2/entries.dat");
    assert_int_equal(sum.flaw.index, 0);
    ent_trail_free(t);
    ent_trail_free(u);
    ent_simdisk_free(s);
    ent_simdisk_free(lie);
}

/* Any flipped bit is seen, and the file is named. */
static void test_flips(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_trail *t = trail_on(s, &key, 5);
    struct ent_trail_sum sum;
    struct found f;
    const char *name;
    (void)state;
    for (uint64_t i = 0; i < 7; i++)
        assert_ok(add(t, i));
    for (size_t i = 0; (name = ent_simdisk_name(s, i)) != NULL; i++) {
        char which[ENT_DISK_NAME_MAX];
        (void)snprintf(which, sizeof(which), "%s", name);
        const uint64_t bits = 8 * ent_simdisk_file(s, which).n;
        for (uint64_t k = 0; k < bits; k += 1 + ent_t_below(40)) {
            struct ent_simdisk *copy = ent_simdisk_copy(s);
            ent_simdisk_flip(copy, which, k);
            if (check(copy, &sum, &f) != ENT_E_AUTH || strcmp(sum.flaw.file, which) != 0)
                fail_msg("bit %llu of %s: %s", (unsigned long long)k, which, sum.flaw.file);
            ent_simdisk_free(copy);
        }
    }
    ent_trail_free(t);
    ent_simdisk_free(s);
}

/* A backup that lacks the newest entries, or all of lock/. */
static void test_backups(void **state)
{
    struct ent_simdisk *old = ent_simdisk_new(), *s;
    struct ent_trail *t = trail_on(old, &key, 100);
    struct ent_trail_sum sum;
    struct found f;
    uint64_t n = 0;
    struct ent_diag d = {0};
    (void)state;
    assert_ok(add(t, 0));
    s = ent_simdisk_copy(old);
    ent_trail_free(t);
    t = trail_on(s, &key, 100);
    assert_ok(add(t, 1));
    /* lock/ remembers what the old copy does not have. */
    ent_simdisk_set(old, "lock/audit-1/checkpoint", ent_simdisk_file(s, "lock/audit-1/checkpoint"));
    ent_trail_free(t);
    t = trail_on(old, &key, 100);
    assert_err(add(t, 2), ENT_E_STATE);
    assert_err(check(old, &sum, &f), ENT_E_AUTH);
    assert_ok(ent_trail_begin(t, &d, &n, NOW)); /* the operator goes on */
    assert_int_equal(n, 2);
    assert_ok(add(t, 2));
    assert_err(check(old, &sum, &f), ENT_E_AUTH); /* and it stays told */
    assert_string_equal(sum.flaw.file, "audit/1/h0");
    ent_trail_free(t);
    /* Without lock/ it goes on where it was. */
    ent_simdisk_remove(s, "lock/audit-1/checkpoint");
    t = trail_on(s, &key, 100);
    assert_ok(add(t, 2));
    assert_ok(check(s, &sum, &f));
    assert_int_equal(f.count, 3);
    ent_trail_free(t);
    ent_simdisk_free(s);
    ent_simdisk_free(old);
}

/* The power goes at any call, also while a generation begins: what add() said is there, is there.
 */
static void test_crash(void **state)
{
    (void)state;
    for (uint64_t at = 1;; at += 1 + ent_t_below(5)) {
        struct ent_simdisk *s = ent_simdisk_new();
        struct ent_trail *t = trail_on(s, &key, 3);
        struct ent_trail_sum sum;
        struct found f;
        uint64_t said = 0, i = 0;
        ent_simdisk_crash(s, at);
        while (i < 6 && add(t, i) == ENT_OK)
            said = ++i;
        const bool hit = ent_simdisk_hit(s);
        ent_trail_free(t);
        ent_simdisk_crash(s, 0);
        if (hit)
            ent_simdisk_restart(s);
        t = trail_on(s, &key, 3);
        if (add(t, 50) != ENT_OK)
            fail_msg("after a crash at call %llu: %s", (unsigned long long)at, said_last);
        assert_ok(check(s, &sum, &f));
        /* One that was under way may be there or not. */
        assert_true(f.count == said + 1 || f.count == said + 2);
        for (uint64_t k = 0; k < said; k++)
            assert_int_equal(f.n[k], k);
        assert_int_equal(f.n[f.count - 1], 50);
        ent_trail_free(t);
        ent_simdisk_free(s);
        if (!hit)
            break;
    }
}

/* Any one call fails: the caller is told, and nothing that was told before is lost. */
static void test_failures(void **state)
{
    static const enum ent_err kinds[] = {ENT_E_IO, ENT_E_FULL};
    (void)state;
    for (uint64_t at = 1;; at += 1 + ent_t_below(5)) {
        struct ent_simdisk *s = ent_simdisk_new();
        struct ent_trail *t = trail_on(s, &key, 3);
        struct ent_trail_sum sum;
        struct found f;
        uint64_t said[8] = {0};
        unsigned n = 0;
        ent_simdisk_fail(s, at, kinds[at % 2]);
        for (uint64_t i = 0; i < 6; i++)
            if (add(t, i) == ENT_OK)
                said[n++] = i;
        const bool hit = ent_simdisk_hit(s);
        ent_simdisk_fail(s, 0, ENT_OK);
        assert_ok(add(t, 50));
        assert_ok(check(s, &sum, &f));
        unsigned k = 0;
        for (unsigned i = 0; i < f.count && k < n; i++)
            k += f.n[i] == said[k];
        assert_int_equal(k, n);
        ent_trail_free(t);
        ent_simdisk_free(s);
        if (!hit)
            break;
    }
}

/* With the users in front: whatever was allowed is on record, wherever the power goes. */
static void test_before_the_act(void **state)
{
    (void)state;
    for (uint64_t at = 1; at < 200; at += 3) {
        struct ent_simdisk *s = ent_simdisk_new();
        struct ent_trail *t = trail_on(s, &key, 100);
        struct ent_users_opts opts = {.record = ent_trail_record, .ctx = t, .cheap = true};
        struct ent_identity owner;
        struct ent_users *u = NULL;
        struct ent_trail_sum sum;
        struct found f;
        unsigned allowed = 0;
        assert_ok(ent_store_open(&opts.store, NULL, ":memory:"));
        assert_ok(ent_users_new(&u, &opts));
        ent_identity_owner(&owner);
        ent_simdisk_crash(s, at);
        for (int i = 0; i < 4; i++)
            allowed +=
                ent_users_act(u, NULL, &owner, ENT_ACT_EXPORT, ENT_SLICE_LIT("7"), NOW) == ENT_OK;
        const bool hit = ent_simdisk_hit(s);
        ent_simdisk_crash(s, 0);
        if (hit)
            ent_simdisk_restart(s);
        assert_true(check(s, &sum, &f) == ENT_OK);
        assert_true(f.count >= allowed && f.count <= allowed + 1);
        ent_users_free(u);
        ent_store_close(opts.store);
        ent_trail_free(t);
        ent_simdisk_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),       cmocka_unit_test(test_encode),
        cmocka_unit_test(test_generations), cmocka_unit_test(test_gone),
        cmocka_unit_test(test_rewritten),   cmocka_unit_test(test_flips),
        cmocka_unit_test(test_backups),     cmocka_unit_test(test_crash),
        cmocka_unit_test(test_failures),    cmocka_unit_test(test_before_the_act),
    };
    return ent_t_run("trail", tests);
}
