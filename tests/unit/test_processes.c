/* test_processes.c: the list of what runs, what the kernel says of a process, and what is called
 * wrong about the two. */
#include "tests/support/t.h"

#include "node/node.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char stat_text[] =
    "4242 (entente: signer) S 4200 4200 4100 0 -1 4194560 900 0 1 0 5 2 "
    "0 0 20 0 2 0 778899 12345 77 18446744073709551615 0 0 0 0\n";
static const char status_text[] = "Name:\tentente: signer\nUmask:\t0077\nState:\tS (sleeping)\n"
                                  "Uid:\t65534\t65534\t65534\t65534\nGid:\t1\t1\t1\t1\n"
                                  "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
                                  "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
static const char sandbox[] = "seccomp, Landlock 7, user 65534 (was root), empty root, no new code";

/* --- the kernel's texts -------------------------------------------------------------------------
 */

static void test_stat(void **state)
{
    static const char *const bad[] = {"",
                                      "4242",
                                      "4242 (x",
                                      "4242 (x)",
                                      "4242 (x) ",
                                      "4242 (x) S a",
                                      "4242 (entente: signer1) S 1 ",
                                      "4242 )x( S 1 "};
    struct ent_proc_seen s = {.parent = 0};
    char text[256];
    (void)state;
    assert_ok(ent_proc_stat_parse(&s, ent_slice_str(stat_text)));
    assert_string_equal(s.name, "entente: signer");
    assert_int_equal(s.parent, 4200);
    assert_int_equal(s.start, 778899);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_proc_stat_parse(&s, ent_slice_str(bad[i])), ENT_E_FORMAT);
    /* a name cannot pass itself off as the fields behind it */
    assert_ok(ent_proc_stat_parse(
        &s, ENT_SLICE_LIT("7 (a) Z 9 (b) S 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 66 0")));
    assert_string_equal(s.name, "a) Z 9 (b");
    assert_int_equal(s.parent, 5);
    assert_int_equal(s.start, 66);
    /* one that has ended is not there, though it has a number yet */
    (void)snprintf(text, sizeof(text), "%s", stat_text);
    *strchr(text, 'S') = 'Z';
    assert_err(ent_proc_stat_parse(&s, ent_slice_str(text)), ENT_E_NOTFOUND);
}

/* The text with one part of it replaced. */
static struct ent_slice with(const char *text, const char *old, const char *new)
{
    static char ret[1024];
    const char *at = strstr(text, old);
    assert_non_null(at);
    (void)snprintf(ret, sizeof(ret), "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    return ent_slice_str(ret);
}

static void test_status(void **state)
{
    struct ent_proc_seen s = {.parent = 0};
    (void)state;
    assert_ok(ent_proc_status_parse(&s, ent_slice_str(status_text)));
    assert_true(s.uid == 65534 && !s.other_uids && s.caps == 0 && s.no_new_privs && s.seccomp == 2);
    assert_ok(ent_proc_status_parse(&s, with(status_text, "\t65534\t65534\n", "\t65534\t0\n")));
    assert_true(s.other_uids);
    assert_ok(ent_proc_status_parse(&s, with(status_text, "CapPrm:\t0000", "CapPrm:\t8000")));
    assert_true(s.caps == UINT64_C(1) << 63); /* it could take it again */
    assert_ok(ent_proc_status_parse(&s, with(status_text, "NoNewPrivs:\t1\nSeccomp:\t2\n", "")));
    assert_true(!s.no_new_privs && s.seccomp == 0);
    assert_err(ent_proc_status_parse(&s, with(status_text, "Uid:", "Oid:")), ENT_E_FORMAT);
    assert_err(ent_proc_status_parse(&s, with(status_text, "\t65534\n", "\n")), ENT_E_FORMAT);
    assert_err(ent_proc_status_parse(&s, with(status_text, "CapEff:\t0", "CapEff:\t")),
               ENT_E_FORMAT);
}

static void test_limits(void **state)
{
    static const char text[] =
        "Limit                     Soft Limit           Hard Limit    Units\n"
        "Max file size             unlimited            unlimited     bytes\n"
        "Max data size             2147483648           unlimited     bytes\n"
        "Max stack size            8388608              unlimited     bytes\n";
    struct ent_proc_seen s = {.parent = 0};
    (void)state;
    assert_ok(ent_proc_limits_parse(&s, ent_slice_str(text)));
    assert_int_equal(s.data_max, UINT64_C(1) << 31);
    assert_ok(ent_proc_limits_parse(&s, with(text, "2147483648", "unlimited ")));
    assert_true(s.data_max == UINT64_MAX);
    assert_err(ent_proc_limits_parse(&s, with(text, "2147483648", "much      ")), ENT_E_FORMAT);
    assert_err(ent_proc_limits_parse(&s, with(text, "data size", "size of data")), ENT_E_FORMAT);
    assert_err(ent_proc_limits_parse(&s, ent_slice(NULL, 0)), ENT_E_FORMAT);
}

/* Of a child of this process: what it did is what is seen. */
static void test_look(void **state)
{
    struct ent_proc_seen me, it;
    int say[2], go[2];
    char c = 0;
    (void)state;
    assert_int_equal(pipe(say) | pipe(go), 0);
    (void)fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_NAME, "a (child) Z 1", 0, 0, 0);
        (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        (void)setrlimit(RLIMIT_DATA, &(struct rlimit){1 << 30, RLIM_INFINITY});
        (void)!write(say[1], "x", 1);
        (void)!read(go[0], &c, 1);
        _exit(0);
    }
    assert_int_equal(read(say[0], &c, 1), 1);
    assert_ok(ent_proc_look(&me, getpid()));
    assert_ok(ent_proc_look(&it, pid));
    assert_int_equal(me.uid, geteuid());
    assert_int_equal(me.parent, getppid());
    assert_int_equal(it.parent, getpid());
    assert_string_equal(it.name, "a (child) Z 1");
    assert_true(it.no_new_privs && !me.no_new_privs);
    assert_int_equal(it.data_max, 1 << 30);
    assert_true(it.start >= me.start && it.since >= me.since);
    assert_true(it.since <= ent_clock_now() && it.since > ent_clock_now() - 60);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (ent_proc_look(&it, pid) == ENT_OK) /* also before somebody waits for it */
        (void)usleep(1000);
    assert_err(ent_proc_look(&it, pid), ENT_E_NOTFOUND);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_err(ent_proc_look(&it, pid), ENT_E_NOTFOUND);
    for (int i = 0; i < 2; i++)
        (void)(close(say[i]), close(go[i]));
}

/* --- what a process says of itself --------------------------------------------------------------
 */

static void test_sandbox_text(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "seccomp",
                                      "seccomp, Landlock 7",
                                      "seccomp, Landlock 07, user 1",
                                      "seccomp, Landlock 7, user 1 ",
                                      "seccomp, Landlock 7, user 1, empty root, empty root",
                                      "seccomp, Landlock 7, user 1, no new code, empty root",
                                      "Seccomp, Landlock 7, user 1"};
    struct ent_sandbox_state st, back;
    char text[ENT_SANDBOX_TEXT];
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        st = (struct ent_sandbox_state){.seccomp = (i & 1) != 0,
                                        .landlock = (i & 2) != 0 ? 7 : 0,
                                        .root_left = (i & 4) != 0,
                                        .chrooted = (i & 8) != 0,
                                        .no_new_code = (i & 16) != 0,
                                        .uid = i % 3 == 0 ? 4294967294u : i};
        ent_sandbox_show(text, &st);
        assert_ok(ent_sandbox_parse(&back, text));
        assert_memory_equal(&back, &st, sizeof(st));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_sandbox_parse(&back, bad[i]), ENT_E_FORMAT);
}

static void test_lines(void **state)
{
    static const char *const bad[] = {"",
                                      "\n",
                                      "parent 1 2 -",
                                      "parent 1 2 \n",
                                      "parent 1 2\n",
                                      "parent 1 -\n",
                                      "parent 0 2 -\n",
                                      "parent -1 2 -\n",
                                      "parent 1 02 -\n",
                                      "parent 2147483648 2 -\n",
                                      "father 1 2 -\n",
                                      "signer 1 2 -\n",
                                      "parent 1 2 -\nparent 3 4 -\n",
                                      "parent 1 2 -\n\n",
                                      "parent  1 2 -\n"};
    struct ent_running line[ENT_RUNNING_MAX], one = {ENT_PROCESS_PARENT, 1, 2, "-"};
    struct ent_buf b;
    size_t n;
    (void)state;
    ent_buf_init(&b, ENT_RUNNING_TEXT);
    assert_ok(ent_running_encode(&b, &one));
    one = (struct ent_running){ENT_PROCESS_SIGNER, INT32_MAX, INT64_MAX, "seccomp, user 1"};
    for (size_t i = 1; i < ENT_RUNNING_MAX; i++)
        assert_ok(ent_running_encode(&b, &one));
    assert_ok(ent_running_parse(line, &n, ent_buf_slice(&b)));
    assert_int_equal(n, ENT_RUNNING_MAX);
    assert_true(line[0].process == ENT_PROCESS_PARENT && line[0].pid == 1 && line[0].start == 2);
    assert_true(line[n - 1].pid == INT32_MAX && line[n - 1].start == INT64_MAX);
    assert_string_equal(line[n - 1].told, one.told);
    assert_ok(ent_running_encode(&b, &one));
    assert_err(ent_running_parse(line, &n, ent_buf_slice(&b)), ENT_E_LIMIT);
    ent_buf_release(&b);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_running_parse(line, &n, ent_slice_str(bad[i])), ENT_E_FORMAT);
    assert_err(ent_running_parse(line, &n, ENT_SLICE_LIT("parent 1 2 -\0\n")), ENT_E_FORMAT);
    assert_err(ent_running_parse(line, &n, ENT_SLICE_LIT("parent 1 2 -\033\n")), ENT_E_FORMAT);
}

/* --- what is wrong ------------------------------------------------------------------------------
 */

static struct ent_process_state sound(void)
{
    struct ent_process_state p = {.is = {ENT_PROCESS_SIGNER, 4242, 778899, ""}, .there = true};
    (void)snprintf(p.is.told, sizeof(p.is.told), "%s", sandbox);
    assert_ok(ent_proc_stat_parse(&p.seen, ent_slice_str(stat_text)));
    assert_ok(ent_proc_status_parse(&p.seen, ent_slice_str(status_text)));
    p.seen.dumpable_known = true;
    return p;
}

/* It has exactly this fault. */
static void is_called(struct ent_process_state p, const char *wrong)
{
    ent_process_judge(&p);
    assert_int_equal(p.wrongs, 1);
    assert_string_equal(p.wrong[0], wrong);
}

static void test_judge(void **state)
{
    struct ent_process_state p = sound();
    (void)state;
    ent_process_judge(&p);
    assert_int_equal(p.wrongs, 0);
    p = sound();
    p.seen.seccomp = 0;
    is_called(p, "it has no seccomp filter, and said that it has");
    p.seen.seccomp = 1;
    is_called(p, "it has no seccomp filter, and said that it has");
    (void)snprintf(p.is.told, sizeof(p.is.told), "no seccomp, no Landlock, user 65534");
    ent_process_judge(&p); /* as a kernel without it leaves it, and no lie */
    assert_int_equal(p.wrongs, 0);
    p = sound();
    p.seen.no_new_privs = false;
    is_called(p, "it can gain privileges");
    p = sound();
    p.seen.caps = 1;
    is_called(p, "it has capabilities");
    p = sound();
    p.seen.uid = 0;
    is_called(p, "it is another user than it said");
    p = sound();
    p.seen.other_uids = true;
    is_called(p, "it is another user than it said");
    p = sound();
    p.seen.dumpable = true;
    is_called(p, "others of its user can look into it");
    p.seen.dumpable_known = false;
    ent_process_judge(&p);
    assert_int_equal(p.wrongs, 0);
    p = sound();
    p.is.told[0] = 'S';
    is_called(p, "what it says of its sandbox cannot be read");
    p = sound();
    p.there = false;
    is_called(p, "it is gone, and no other is at work in its place yet");
}

/* A list in a home: this process as the parent, and one that is not what it is listed as. */
static void test_node(void **state)
{
    char dir[] = "/tmp/test-processes-XXXXXX", path[64];
    struct ent_proc_seen me;
    struct ent_running line = {ENT_PROCESS_PARENT, getpid(), 0, "-"};
    struct ent_node_state node;
    struct ent_buf b;
    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/" ENT_PROCESSES_FILE, dir);
    assert_ok(ent_node_look(&node, NULL, dir));
    assert_true(!node.runs && !node.left && node.n == 0);
    assert_ok(ent_proc_look(&me, getpid()));
    ent_buf_init(&b, ENT_RUNNING_TEXT);
    line.start = me.start + 1; /* the number was another's */
    assert_ok(ent_running_encode(&b, &line));
    assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
    assert_ok(ent_node_look(&node, NULL, dir));
    assert_true(!node.runs && node.left && node.n == 0);
    ent_buf_clear(&b);
    line.start = me.start;
    assert_ok(ent_running_encode(&b, &line));
    line.process = ENT_PROCESS_SIGNER; /* neither a child of it, nor named so */
    assert_ok(ent_running_encode(&b, &line));
    assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
    assert_ok(ent_node_look(&node, NULL, dir));
    assert_true(node.runs && !node.left && node.n == 2);
    assert_true(node.process[0].there && !node.process[1].there);
    assert_int_equal(node.missing, 0x7e); /* all but the parent */
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("x"), 0600, NULL));
    assert_err(ent_node_look(&node, NULL, dir), ENT_E_FORMAT);
    ent_buf_release(&b);
    assert_int_equal(unlink(path) | rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat),         cmocka_unit_test(test_status),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_look),
        cmocka_unit_test(test_sandbox_text), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_judge),        cmocka_unit_test(test_node),
    };
    return ent_t_run("processes", tests);
}
