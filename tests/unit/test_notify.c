/* test_notify.c: what a service manager hears of a node. */
#include "tests/support/t.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/notify.h"

/* A manager: below T, or with '@' in the abstract names. */
static int manager(char name[static sizeof(((struct sockaddr_un *)NULL)->sun_path)], bool abstract)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int n = snprintf(name, sizeof(a.sun_path), "%sentente-notify-%ld", abstract ? "@" : "/tmp/",
                     (long)getpid());
    memcpy(a.sun_path, name, (size_t)n);
    if (abstract)
        a.sun_path[0] = '\0';
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)),
                     0);
    return fd;
}

static void test_told(void **state)
{
    (void)state;
    for (int abstract = 0; abstract < 2; abstract++) {
        char name[sizeof(((struct sockaddr_un *)NULL)->sun_path)], got[64];
        int fd = manager(name, abstract != 0);
        assert_ok(ent_notify(name, "READY=1"));
        assert_ok(ent_notify(name, "STOPPING=1\nEXTEND_TIMEOUT_USEC=5"));
        assert_int_equal(recv(fd, got, sizeof(got), 0), 7);
        assert_memory_equal(got, "READY=1", 7);
        assert_int_equal(recv(fd, got, sizeof(got), 0), 32);
        assert_memory_equal(got, "STOPPING=1\nEXTEND_TIMEOUT_USEC=5", 32);
        (void)close(fd);
        if (abstract == 0)
            assert_int_equal(ent_notify(name, "READY=1"), ENT_E_IO); /* gone: refused */
        (void)unlink(name);
        assert_int_not_equal(ent_notify(name, "READY=1"), ENT_OK);
    }
}

/* Who does not listen cannot hold up the node for long. */
static void test_full(void **state)
{
    char name[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    int fd = manager(name, false);
    enum ent_err r = ENT_OK;
    (void)state;
    for (int i = 0; i < 100000 && r == ENT_OK; i++)
        r = ent_notify(name, "READY=1");
    assert_int_not_equal(r, ENT_OK);
    (void)close(fd);
    (void)unlink(name);
}

static void test_nobody(void **state)
{
    char name[200];
    (void)state;
    assert_ok(ent_notify(NULL, "READY=1"));
    assert_ok(ent_notify("", "READY=1"));
    assert_int_equal(ent_notify("/", "READY=1"), ENT_E_FORMAT);
    assert_int_equal(ent_notify("@", "READY=1"), ENT_E_FORMAT);
    assert_int_equal(ent_notify("run/notify", "READY=1"), ENT_E_FORMAT);
    assert_int_equal(ent_notify("vsock:2:1", "READY=1"), ENT_E_FORMAT);
    memset(name, 'a', sizeof(name));
    name[0] = '/';
    name[108] = '\0';
    assert_int_equal(ent_notify(name, "READY=1"), ENT_E_LIMIT);
    name[107] = '\0';
    assert_int_equal(ent_notify(name, "READY=1"), ENT_E_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
