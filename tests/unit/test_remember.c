/* test_remember.c: whom the keeper recognised a moment ago, and the page that says when that is
 * over.
 */
#include "tests/support/t.h"

#include "node/epoch.h"
#include "node/node.h"
#include "node/remember.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static const uint8_t here[16] = {[15] = 1}, there[16] = {[15] = 2};

static const char *in_tmp(const char *name)
{
    static char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", ent_t_tmpdir(), name);
    return path;
}

/* --- the page -----------------------------------------------------------------------------------
 */

static void test_epoch(void **state)
{
    struct ent_epoch *ours, *other, *seen;
    struct stat st;
    int fd = -1, status;
    (void)state;
    assert_ok(ent_epoch_open(&ours, NULL, in_tmp("epoch")));
    assert_int_equal(stat(in_tmp("epoch"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 8);
    assert_ok(ent_epoch_share(ours, &fd));
    assert_ok(ent_epoch_see(&seen, fd));
    assert_int_equal(ent_epoch_now(seen), 0);
    ent_epoch_raise(ours);
    assert_int_equal(ent_epoch_now(seen), 1);
    const pid_t pid = fork(); /* a command on the same home */
    if (pid == 0) {
        if (ent_epoch_open(&other, NULL, in_tmp("epoch")) == ENT_OK)
            ent_epoch_raise(other);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(ent_epoch_now(seen), 2);
    assert_int_equal(ent_epoch_now(ours), 2);
    /* whoever was given it can neither write nor shorten it */
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    (void)close(fd);
    ent_epoch_close(seen);
    ent_epoch_close(ours);
    assert_ok(ent_epoch_open(&ours, NULL, in_tmp("epoch"))); /* it goes on */
    assert_int_equal(ent_epoch_now(ours), 2);
    ent_epoch_close(ours);
    ent_epoch_close(NULL);
}

static void test_epoch_bad(void **state)
{
    struct ent_epoch *e = NULL;
    struct ent_diag d = {0};
    int fd, ends[2];
    (void)state;
    assert_err(ent_epoch_open(&e, &d, in_tmp("no/epoch")), ENT_E_IO);
    assert_string_equal(d.text, "cannot open the file that tells of changed accounts");
    assert_int_equal(symlink("/dev/zero", in_tmp("link")), 0);
    assert_err(ent_epoch_open(&e, NULL, in_tmp("link")), ENT_E_IO);
    fd = open(in_tmp("short"), O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, "1234567", 7), 7);
    assert_err(ent_epoch_see(&e, fd), ENT_E_FORMAT);
    (void)close(fd);
    assert_int_equal(pipe(ends), 0);
    assert_err(ent_epoch_see(&e, ends[0]), ENT_E_FORMAT);
    assert_err(ent_epoch_see(&e, -1), ENT_E_IO);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_null(e);
}

/* --- the table ----------------------------------------------------------------------------------
 */

static struct ent_remember_key key(const struct ent_remember *m, const char *name,
                                   const uint8_t from16[16], uint64_t epoch)
{
    struct ent_remember_key k;
    struct ent_credential c;
    assert_ok(ent_credential_password(&c, ent_slice_str(name), ENT_SLICE_LIT("correct horse")));
    assert_ok(ent_remember_key(m, &k, &c, from16, epoch));
    return k;
}

static void test_table(void **state)
{
    struct ent_api_who who = {.keep = 10, .handle = {{7}}};
    struct ent_remember *m, *n;
    struct ent_remembered back;
    uint8_t long_rows[ENT_REMEMBER_ROWS + 1] = {0};
    (void)state;
    assert_ok(ent_remember_new(&m));
    assert_ok(ent_remember_new(&n));
    const struct ent_remember_key eva = key(m, "eva", here, 3), later = key(m, "eva", here, 4),
                                  away = key(m, "eva", there, 3), bob = key(m, "bob", here, 3),
                                  elsewhere = key(n, "eva", here, 3);
    assert_memory_not_equal(eva.hash.b, elsewhere.hash.b, 32); /* each process has its key */
    assert_false(ent_remember_find(m, &back, &eva, 0));
    ent_remember_rows(m, &eva, ENT_SLICE_LIT("of nobody"));
    assert_false(ent_remember_find(m, &back, &eva, 0));
    ent_remember_add(m, &eva, &who, 5 * SECOND);
    assert_true(ent_remember_find(m, &back, &eva, 5 * SECOND));
    assert_int_equal(back.who.handle.b[0], 7);
    assert_int_equal(back.n, 0);
    assert_true(ent_remember_find(m, &back, &eva, 15 * SECOND - 1));
    assert_false(ent_remember_find(m, &back, &eva, 15 * SECOND));
    assert_false(ent_remember_find(m, &back, &later, 5 * SECOND));
    assert_false(ent_remember_find(m, &back, &away, 5 * SECOND));
    assert_false(ent_remember_find(m, &back, &bob, 5 * SECOND));
    ent_remember_rows(m, &later, ENT_SLICE_LIT("late"));
    ent_remember_rows(m, &eva, ent_slice(long_rows, sizeof(long_rows)));
    assert_true(ent_remember_find(m, &back, &eva, 5 * SECOND));
    assert_int_equal(back.n, 0);
    ent_remember_rows(m, &eva, ENT_SLICE_LIT("rows"));
    assert_true(ent_remember_find(m, &back, &eva, 5 * SECOND));
    assert_int_equal(back.n, 4);
    assert_memory_equal(back.rows, "rows", 4);
    ent_remember_drop(m, &later); /* not it */
    assert_true(ent_remember_find(m, &back, &eva, 5 * SECOND));
    ent_remember_drop(m, &eva);
    assert_false(ent_remember_find(m, &back, &eva, 5 * SECOND));
    who.keep = 0;
    ent_remember_add(m, &eva, &who, 5 * SECOND);
    assert_false(ent_remember_find(m, &back, &eva, 5 * SECOND));
    ent_remember_free(m);
    ent_remember_free(n);
    ent_remember_free(NULL);
}

/* Two on one place take turns, and neither is taken for the other. */
static void test_one_place(void **state)
{
    struct ent_api_who who = {.keep = 1};
    struct ent_remember *m;
    struct ent_remembered back;
    (void)state;
    assert_ok(ent_remember_new(&m));
    struct ent_remember_key a = {.epoch = 1}, b = {.epoch = 1};
    b.hash.b[31] = 1;
    ent_remember_add(m, &a, &who, 0);
    assert_false(ent_remember_find(m, &back, &b, 0));
    ent_remember_add(m, &b, &who, 0);
    assert_true(ent_remember_find(m, &back, &b, 0));
    assert_false(ent_remember_find(m, &back, &a, 0));
    ent_remember_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_epoch_bad),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_one_place),
    };
    return ent_t_run("remember", tests);
}
