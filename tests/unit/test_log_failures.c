/* test_log_failures.c: what is left of a log when the disk fails, fills up, or loses power. */
#include "ledger/ledger.h"
#include "tests/support/said.h"
#include "tests/support/simdisk.h"
#include "tests/support/t.h"

/* --- failures ----------------------------------------------------------------------------------
 */

/* What has been handed out: the largest head that a commit returned ENT_OK for. */
struct run {
    struct ent_simdisk *s;
    struct ent_log *log;
    uint64_t handed, tried;
};

static struct run begin(uint64_t old, uint64_t new)
{
    struct run r = {.s = said_disk(old), .handed = old, .tried = new};
    r.log = said_open(r.s, true);
    said_append(r.log, old, new);
    return r;
}

/* Reopened, the log has the old head or the new one, and goes on from there; what was handed out is
 * a beginning of it. */
static void end(struct run *r, bool acknowledged)
{
    ent_log_free(r->log);
    ent_simdisk_restart(r->s);
    r->log = said_open(r->s, false);
    said_state(r->log, ENT_LOG_UNASKED);
    uint64_t size = ent_log_size(r->log);
    assert_true(size == r->tried || (size == r->handed && !acknowledged));
    said_acts(r->log, size, size);
    said_check(r->log);
    assert_ok(ent_log_heard(r->log, NULL, said_head(r->handed)));
    said_grow(r->log, size + 2);
    said_acts(r->log, size + 2, size + 2);
    said_check(r->log);
    ent_log_free(r->log);
    ent_simdisk_free(r->s);
}

static bool crash_commit(uint64_t old, uint64_t new, uint64_t n)
{
    struct run r = begin(old, new);
    ent_simdisk_crash(r.s, n);
    enum ent_err e = ent_log_commit(r.log, NULL);
    bool hit = ent_simdisk_hit(r.s);
    assert_true(hit == (e != ENT_OK));
    if (hit) {
        said_state(r.log, ENT_LOG_BROKEN);
        assert_int_equal(ent_log_size(r.log), old);
        assert_true(ent_slice_eq(ent_log_head(r.log), said_head(old)));
    }
    end(&r, !hit);
    return !hit;
}

static void test_every_crash(void **state)
{
    static const uint64_t sizes[][2] = {{1, 2}, {5, 9}, {250, 262}, {250, 520}};
    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        for (int round = 0; round < (k < 2 ? 8 : 2); round++) {
            uint64_t n = 1;
            while (!crash_commit(sizes[k][0], sizes[k][1], n))
                n++;
            assert_true(n > 20);
        }
}

static bool fail_commit(uint64_t old, uint64_t new, uint64_t n, enum ent_err err)
{
    struct run r = begin(old, new);
    uint64_t index = 0;
    ent_simdisk_fail(r.s, n, err);
    enum ent_err e = ent_log_commit(r.log, NULL);
    bool hit = ent_simdisk_hit(r.s), ready = ent_log_state(r.log) == ENT_LOG_READY;
    ent_simdisk_fail(r.s, 0, ENT_OK);
    if (hit) {
        assert_err(e, err);
        said_acts(r.log, old, old);
        uint64_t writes = ent_simdisk_writes(r.s);
        if (ready) {
            assert_err(err, ENT_E_FULL);
            said_append(r.log, old, new);
            assert_ok(ent_log_commit(r.log, NULL));
            r.handed = new;
        } else {
            said_state(r.log, ENT_LOG_BROKEN);
            assert_err(ent_log_append(r.log, &index, said_entry(old), NULL, ent_slice(NULL, 0)),
                       ENT_E_STATE);
            assert_err(ent_log_commit(r.log, NULL), ENT_E_STATE);
            assert_err(ent_log_erase(r.log, NULL, 0), ENT_E_STATE);
            assert_int_equal(ent_simdisk_writes(r.s), writes);
        }
    } else {
        assert_ok(e);
        r.handed = new;
    }
    end(&r, r.handed == new);
    return !hit;
}

static void test_every_failure(void **state)
{
    static const enum ent_err errors[] = {ENT_E_IO, ENT_E_FULL};
    static const uint64_t sizes[][2] = {{1, 2}, {5, 9}, {250, 262}};
    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        for (size_t e = 0; e < 2; e++) {
            uint64_t n = 1;
            while (!fail_commit(sizes[k][0], sizes[k][1], n, errors[e]))
                n++;
            assert_true(n > 20);
        }
}

/* How a process goes on after a commit that failed. */
enum onward {
    ONWARD_LOOKS, /* and sees what is in lock/ */
    ONWARD_AGAIN, /* another one begins, with the signer that was there before */
    ONWARD_ANEW,  /* another one, with another signer */
    ONWARDS
};

/* A head that was told is known after a power cut, or another one of its size could be signed. */
static bool tell_and_cut(enum onward how, uint64_t n, enum ent_err err, size_t *ret_later)
{
    struct ent_simdisk *s = said_disk(5);
    const struct ent_log_opts o = said_opts(s, true);
    struct ent_log *log = NULL;
    assert_ok(ent_log_open(&log, NULL, &o));
    said_append(log, 5, 9);
    ent_simdisk_fail(s, n, err);
    enum ent_err e = ent_log_commit(log, NULL);
    bool hit = ent_simdisk_hit(s);
    ent_simdisk_fail(s, 0, ENT_OK);
    assert_true(hit == (e != ENT_OK));
    if (how != ONWARD_LOOKS) {
        ent_log_free(log);
        log = NULL;
    }
    if (how == ONWARD_LOOKS)
        assert_ok(ent_log_refresh(log, NULL));
    else if (how == ONWARD_AGAIN)
        assert_ok(ent_log_open(&log, NULL, &o));
    else
        log = said_open(s, true);
    uint64_t told = ent_log_size(log);
    assert_true(ent_slice_eq(ent_log_head(log), said_head(told)));
    *ret_later += hit && told > 5;
    ent_log_free(log);
    ent_simdisk_restart(s);
    log = said_open(s, false);
    assert_in_range(ent_log_size(log), told, 9);
    said_acts(log, ent_log_size(log), 9);
    ent_log_free(log);
    ent_simdisk_free(s);
    return !hit;
}

static void test_what_is_told_is_kept(void **state)
{
    (void)state;
    for (enum onward how = 0; how < ONWARDS; how++)
        for (int round = 0; round < 20; round++) {
            size_t later = 0;
            uint64_t n = 1;
            while (!tell_and_cut(how, n, ENT_E_IO, &later))
                n++;
            assert_true(n > 20 && (later > 0 || how != ONWARD_AGAIN));
            for (n = 1; !tell_and_cut(how, n, ENT_E_FULL, &later);)
                n++;
        }
}

/* The signer has signed a head that is not in lock/: it is there before it is told. */
static void test_no_room_for_what_was_signed(void **state)
{
    struct ent_simdisk *s = said_disk(5);
    const struct ent_log_opts o = said_opts(s, true);
    struct ent_log *log = NULL;
    struct ent_diag d = {0};
    bool hit = true;
    (void)state;
    assert_ok(ent_log_open(&log, NULL, &o));
    said_grow(log, 9);
    ent_log_free(log);
    ent_simdisk_set(s, "lock/1/checkpoint", said_head(5));
    for (uint64_t n = 1; hit; n++) {
        log = NULL;
        ent_simdisk_fail(s, n, ENT_E_FULL);
        enum ent_err r = ent_log_open(&log, &d, &o);
        hit = ent_simdisk_hit(s);
        ent_simdisk_fail(s, 0, ENT_OK);
        assert_true(hit == (r != ENT_OK));
        assert_true(!hit || log == NULL);
    }
    assert_string_equal(d.text, "cannot write the last signed head"); /* the last that failed */
    said_state(log, ENT_LOG_READY);
    said_acts(log, 9, 9);
    assert_true(ent_slice_eq(ent_simdisk_file(s, "lock/1/checkpoint"), said_head(9)));
    said_grow(log, 11);
    said_check(log);
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* Others hold a head that lock/ does not have, and the data leads to it. */
static void test_what_was_heard_is_kept(void **state)
{
    struct ent_simdisk *s = said_disk(9);
    struct ent_diag d = {0};
    bool hit = true;
    (void)state;
    ent_simdisk_set(s, "lock/1/checkpoint", said_head(5));
    for (uint64_t n = 1; hit; n++) {
        struct ent_log *log = said_open(s, false);
        said_acts(log, 5, 5);
        ent_simdisk_fail(s, n, ENT_E_FULL);
        enum ent_err r = ent_log_heard(log, &d, said_head(9));
        hit = ent_simdisk_hit(s);
        ent_simdisk_fail(s, 0, ENT_OK);
        assert_true(hit == (r != ENT_OK));
        assert_int_equal(ent_log_size(log), hit ? 5 : 9);
        if (ent_tree_size(ent_log_tree(log)) > ent_log_size(log))
            said_state(log, ENT_LOG_BROKEN);
        assert_true(ent_log_state(log) != ENT_LOG_READY || !hit);
        ent_log_free(log);
    }
    assert_string_equal(d.text, "cannot write the last signed head");
    struct ent_log *log = said_open(s, false); /* and nobody who knows of it is there */
    assert_ok(ent_log_heard(log, &d, said_head(5)));
    said_acts(log, 9, 9);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static uint64_t used(const struct ent_simdisk *s)
{
    uint64_t n = 0;
    for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++)
        n += ent_simdisk_file(s, ent_simdisk_name(s, i)).n;
    return n;
}

/* Less and less is missing: nothing but the room changes until a batch fits. */
static void test_no_room(void **state)
{
    struct ent_simdisk *s = said_disk(99);
    struct ent_log *log = said_open(s, true);
    uint64_t before = used(s), full = 0;
    enum ent_err r = ENT_E_FULL;
    (void)state;
    for (uint64_t room = 0; r != ENT_OK; room += 7) {
        said_append(log, 99, 110);
        ent_simdisk_room(s, before + room);
        r = ent_log_commit(log, NULL);
        ent_simdisk_room(s, UINT64_MAX);
        said_state(log, ENT_LOG_READY);
        if (r == ENT_OK)
            break;
        assert_err(r, ENT_E_FULL);
        assert_int_equal(used(s), before);
        said_acts(log, 99, 99);
        full++;
    }
    assert_true(full > 50);
    said_acts(log, 110, 110);
    said_check(log);
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* The first commit of all. */
static void test_crash_of_the_first(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            struct ent_simdisk *s = ent_simdisk_new();
            struct ent_log *log = said_open(s, true);
            said_append(log, 0, 3);
            ent_simdisk_crash(s, n);
            enum ent_err r = ent_log_commit(log, NULL);
            hit = ent_simdisk_hit(s);
            assert_true(hit == (r != ENT_OK));
            ent_log_free(log);
            ent_simdisk_restart(s);
            log = said_open(s, true);
            uint64_t size = ent_log_size(log);
            assert_true(size == 3 || (hit && size == 0));
            said_acts(log, size, size);
            said_grow(log, 9);
            said_check(log);
            ent_log_free(log);
            ent_simdisk_free(s);
        }
    }
}

static void test_crash_of_an_erasure(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            struct ent_simdisk *s = said_disk(10);
            struct ent_log *log = said_open(s, true);
            ent_simdisk_crash(s, n);
            enum ent_err r = ent_log_erase(log, NULL, 9);
            hit = ent_simdisk_hit(s);
            assert_true(hit == (r != ENT_OK));
            ent_log_free(log);
            ent_simdisk_restart(s);
            log = said_open(s, true);
            assert_ok(ent_log_erase(log, NULL, 9));
            said_check(log);
            said_grow(log, 12);
            said_check(log);
            ent_log_free(log);
            ent_simdisk_free(s);
        }
    }
}

static void test_crash_of_a_refill(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            struct ent_simdisk *s = said_disk(300);
            ent_simdisk_remove(s, "log/1/entries.dat");
            struct ent_log *log = said_open(s, true);
            ent_simdisk_crash(s, n);
            enum ent_err r = ent_log_refill(log, NULL, ent_slice(NULL, 0), NULL, said_mirror);
            hit = ent_simdisk_hit(s);
            assert_true(hit == (r != ENT_OK));
            ent_log_free(log);
            ent_simdisk_restart(s);
            log = said_open(s, true);
            if (ent_log_state(log) == ENT_LOG_SHORT) {
                assert_true(hit);
                assert_ok(ent_log_refill(log, NULL, ent_slice(NULL, 0), NULL, said_mirror));
            }
            said_acts(log, 300, 300);
            said_check(log);
            ent_log_free(log);
            ent_simdisk_free(s);
        }
    }
}

/* --- at random ---------------------------------------------------------------------------------
 */

static void test_random(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct ent_simdisk *s = ent_simdisk_new();
        struct ent_log *log = said_open(s, true);
        uint64_t size = 0;
        while (size < 400) {
            uint64_t more = 1 + ent_t_below(ent_t_below(5) == 0 ? 200 : 5);
            said_append(log, size, size + more);
            switch (ent_t_below(4)) {
            case 0:
                ent_simdisk_crash(s, 1 + ent_t_below(40));
                break;
            case 1:
                ent_simdisk_fail(s, 1 + ent_t_below(40),
                                 ent_t_below(2) == 0 ? ENT_E_IO : ENT_E_FULL);
                break;
            default:
                break;
            }
            enum ent_err r = ent_log_commit(log, NULL);
            bool dead = ent_simdisk_hit(s);
            ent_simdisk_fail(s, 0, ENT_OK);
            if (!dead)
                ent_simdisk_crash(s, 0);
            assert_true(r == ENT_OK || dead);
            if (r == ENT_OK)
                size += more;
            if (dead || ent_t_below(3) == 0) {
                ent_log_free(log);
                if (ent_t_below(2) == 0 || r != ENT_OK)
                    ent_simdisk_restart(s);
                log = said_open(s, true);
                uint64_t now = ent_log_size(log);
                assert_true(now == size || (r != ENT_OK && now == size + more));
                size = now;
            }
            if (ent_t_below(4) == 0 && size > 0)
                assert_ok(ent_log_publish(log, NULL, said_head(size)));
            else
                ent_log_drop(log);
        }
        said_acts(log, size, size);
        said_check(log);
        ent_log_free(log);
        ent_simdisk_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_crash, said_setup),
        cmocka_unit_test(test_every_failure),
        cmocka_unit_test(test_what_is_told_is_kept),
        cmocka_unit_test(test_no_room_for_what_was_signed),
        cmocka_unit_test(test_what_was_heard_is_kept),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_crash_of_the_first),
        cmocka_unit_test(test_crash_of_an_erasure),
        cmocka_unit_test(test_crash_of_a_refill),
        cmocka_unit_test(test_random),
    };
    return ent_t_run("log_failures", tests);
}
