/*
 * test_apart.c: a book that has neither keys nor files: it asks a signer and a keeper for both.
 * Among three members it says, witnesses and recovers as any other; and in processes, each of them
 * in the sandbox of its role, with nothing between them but channels.
 */
#include "tests/support/apart.h"
#include "tests/support/nodes.h"

#include "node/files_msg.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MEDIA "text/plain"

static struct node a, b, c; /* a has neither keys nor files */
static struct mesh mesh;

static int found(void **state)
{
    static struct node *const all[] = {&a, &b, &c};
    static const char *const names[] = {"a", "b", "c"};
    static unsigned times;
    (void)state;
    times++;
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%s-%u", names[i], times);
        node_make(all[i], name);
    }
    if (a.apart == NULL)
        node_set_apart(&a);
    mesh_found(&mesh, all, 3, NULL);
    assert_null(a.home->real);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        node_free(mesh.node[i]);
    return 0;
}

static const char *name_of(const struct node *n)
{
    return n->home->self.name;
}

static void says(struct node *n)
{
    struct ent_diag d = {0};
    enum ent_err r = node_say(n, &d, NULL, ENT_ST_REPORT, MEDIA, ENT_SLICE_LIT("said"));
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
}

static void says_nothing(struct node *n, enum ent_log_state want)
{
    struct ent_diag d = {0};
    assert_int_equal(ent_log_state(ent_book_log(n->book)), want);
    assert_err(node_say(n, &d, NULL, ENT_ST_REPORT, MEDIA, ENT_SLICE_LIT("x")), ENT_E_STATE);
    assert_string_equal(d.text, ent_log_state_text(want));
}

/* What `by` knows of the log of `of`: how large, and by how many others it is cosigned. */
static void knows(struct node *by, struct node *of, uint64_t size, unsigned cosigned)
{
    struct ent_view_log log;
    assert_ok(ent_view_log(ent_book_view(by->book), &log, name_of(of), 0));
    assert_int_equal(log.size, size);
    assert_int_equal(log.mirrored, size);
    assert_int_equal(log.standing.cosigned, cosigned);
}

static void restart(struct node *n)
{
    char dir[ENT_PATH_MAX];
    memcpy(dir, n->home->dir, sizeof(dir));
    node_reopen(n, dir);
}

static const char *below(const char *name)
{
    static char path[2][512];
    static unsigned next;
    char *p = path[next++ % 2];
    int n = snprintf(p, 512, "%s/%s", ent_t_tmpdir(), name);
    assert_true(n > 0 && n < 512);
    return p;
}

static void nobody_is_exposed(void)
{
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            struct ent_verdict_on on = {.exposed = true};
            if (i == k)
                continue;
            assert_ok(ent_view_verdict(ent_book_view(mesh.node[i]->book), &on,
                                       name_of(mesh.node[k]), ent_clock_now()));
            assert_false(on.exposed);
        }
}

/* --- among three --------------------------------------------------------------------------------
 */

static void test_says_and_witnesses(void **state)
{
    (void)state;
    says_nothing(&a, ENT_LOG_UNASKED);
    mesh_meet(&mesh);
    for (int i = 0; i < 3; i++)
        says(&a);
    says(&b);
    mesh_visit(&mesh, 2);
    knows(&b, &a, 3, 2);
    knows(&c, &a, 3, 2);
    knows(&a, &b, 1, 2); /* one of them is a's */
    knows(&c, &b, 1, 2);
    restart(&a);
    says_nothing(&a, ENT_LOG_UNASKED);
    mesh_meet(&mesh);
    says(&a);
    mesh_visit(&mesh, 2);
    knows(&b, &a, 4, 2);
    nobody_is_exposed();
}

static void test_an_old_copy_says_nothing(void **state)
{
    (void)state;
    mesh_meet(&mesh);
    says(&a);
    mesh_visit(&mesh, 1);
    node_copy(&a, "", below("copy"));
    says(&a);
    mesh_visit(&mesh, 1);
    node_reopen(&a, below("copy"));
    says_nothing(&a, ENT_LOG_UNASKED);
    node_greet(&a, name_of(&b));
    says_nothing(&a, ENT_LOG_OLD);
    nobody_is_exposed();
}

/* The last head is lost, all that it covers is there: others say what it was. */
static void test_a_lost_head_comes_back(void **state)
{
    char lock[ENT_PATH_MAX];
    (void)state;
    mesh_meet(&mesh);
    says(&a);
    says(&a);
    mesh_visit(&mesh, 1);
    node_close(&a);
    assert_ok(ent_home_path(a.home, lock, "lock/1/checkpoint"));
    assert_int_equal(unlink(lock), 0);
    restart(&a);
    mesh_meet(&mesh);
    assert_int_equal(ent_log_state(ent_book_log(a.book)), ENT_LOG_READY);
    assert_int_equal(ent_log_size(ent_book_log(a.book)), 2);
    says(&a);
    mesh_visit(&mesh, 2);
    knows(&b, &a, 3, 2);
    nobody_is_exposed();
}

/* Another signer takes the place of one that ended: what it signed last is what lies in lock/. */
static void test_another_signer(void **state)
{
    struct ent_signing next = {.signer = NULL};
    const struct ent_signer *before = a.apart->service.by;
    (void)state;
    mesh_meet(&mesh);
    says(&a);
    says(&b);
    mesh_visit(&mesh, 1);
    assert_ok(ent_signing_start(&next, NULL, name_of(&a), &a.home->roster,
                                &a.apart->signer.remote.disk, &a.keys));
    a.apart->service.by = next.signer;
    says(&a);
    says(&b);
    mesh_visit(&mesh, 2);
    knows(&b, &a, 2, 2);
    knows(&a, &b, 2, 2);
    nobody_is_exposed();
    a.apart->service.by = before;
    node_close(&a);
    ent_signing_end(&next);
}

/* Version 2, with which all go on. */
static void next_version(void)
{
    struct node *const all[] = {&a, &b, &c};
    struct ent_pact *p = malloc(sizeof(*p));
    struct ent_buf version;
    assert_non_null(p);
    ent_buf_init(&version, ENT_PACT_MAX);
    ent_pact_next(p, a.home->pact);
    assert_ok(ent_next_name(p, NULL, "Another name"));
    assert_ok(ent_pact_encode(&version, p));
    const size_t n = version.n;
    for (size_t i = 0; i < 3; i++)
        assert_ok(ent_pact_sign(&version, n, p, 0, name_of(all[i]), &all[i]->root));
    for (size_t i = 0; i < 3; i++) {
        assert_ok(ent_home_add_version(all[i]->home, NULL, NULL, ent_buf_slice(&version)));
        assert_ok(ent_book_follow(all[i]->book, NULL));
    }
    ent_buf_release(&version);
    free(p);
}

/* A signer that began before the newest version of the pact is told of it. */
static void test_a_signer_of_before(void **state)
{
    struct ent_roster *first = malloc(sizeof(*first));
    struct ent_signing older = {.signer = NULL};
    const struct ent_signer *now;
    (void)state;
    assert_non_null(first);
    *first = a.home->roster;
    next_version();
    mesh_meet(&mesh);
    says(&a); /* the one that was there has followed */
    assert_ok(
        ent_signing_start(&older, NULL, name_of(&a), first, &a.apart->signer.remote.disk, &a.keys));
    now = a.apart->service.by;
    a.apart->service.by = older.signer;
    struct ent_diag d = {0};
    assert_err(node_say(&a, &d, NULL, ENT_ST_REPORT, MEDIA, ENT_SLICE_LIT("x")), ENT_E_POLICY);
    assert_string_equal(d.text, "a version of the pact that the signer does not know");
    const struct ent_book_opts opts = {.home = a.home, .signer = a.apart->remote};
    struct ent_book *keep = a.book;
    assert_ok(ent_book_open(&a.book, NULL, &opts)); /* as who asks begins anew, too */
    mesh_meet(&mesh);
    says(&a);
    ent_book_close(a.book);
    a.book = keep;
    a.apart->service.by = now;
    node_close(&a);
    ent_signing_end(&older);
    free(first);
}

/* --- processes ----------------------------------------------------------------------------------
 */

enum { FINE = 0, NO_SANDBOX = 2, CAN_OPEN, NO_HOME, NO_SIGNER, NO_BOOK, SAYS_NOT, NO_RUN, NO_VIEW };

#define SAID 20
#define RUN  "00112233445566778899aabbccddeeff"

static struct ent_msg_row rows[ENT_FILES_ROWS + ENT_SIGNER_ROWS];
static const struct ent_protocol protocol = {rows, ENT_FILES_ROWS + ENT_SIGNER_ROWS, 8, 64u << 20};

static enum ent_err serve_nothing(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    (void)ctx, (void)ret, (void)call;
    return ENT_E_POLICY;
}

static struct ent_channel *channel(int fd, enum ent_process self, enum ent_process peer,
                                   ent_service *serve, void *service)
{
    const struct ent_channel_opts opts = {.protocol = &protocol,
                                          .self = self,
                                          .peer = peer,
                                          .threads = 2,
                                          .serve = serve == NULL ? serve_nothing : serve,
                                          .ctx = service};
    struct ent_channel *ret = NULL;
    return ent_channel_new(&ret, NULL, fd, &opts) == ENT_OK ? ret : NULL;
}

static enum ent_err by_channel(void *ctx, struct ent_msg *ret, uint16_t type,
                               struct ent_slice payload)
{
    return ent_channel_call(ctx, ret, type, payload, -1, 20000);
}

static bool enter(const char *role, const char *home)
{
    const struct ent_sandbox_path own = {home, true};
    struct ent_sandbox s = *ent_sandbox_of(role);
    struct ent_sandbox_state st;
    struct ent_diag d = {0};
    s.uid = s.gid = 65534;
    if (home != NULL) { /* whose files are root's, where root runs this */
        s.stay_root = true;
        s.paths = &own;
        s.n_paths = 1;
    }
    if (ent_sandbox_enter(&st, &d, &s) == ENT_OK)
        return true;
    (void)fprintf(stderr, "# %s: %s\n", role, d.text);
    return false;
}

/* NULL: it was gone before it could be greeted. */
static bool has_left(struct ent_channel *to)
{
    return to == NULL || ent_channel_wait(to, NULL) == ENT_E_PEER;
}

static int keep(const char *home, int to_ledger, int to_signer)
{
    static struct ent_keeper_files ledger, signer; /* as threads may be inside */
    if (!enter("keeper", home))
        return NO_SANDBOX;
    if (ent_keeper_files_open(&ledger, NULL, home, ent_files_of_ledger) != ENT_OK ||
        ent_keeper_files_open(&signer, NULL, home, ent_files_of_signer) != ENT_OK)
        return NO_HOME;
    struct ent_channel *l = channel(to_ledger, ENT_PROCESS_KEEPER, ENT_PROCESS_LEDGER,
                                    ent_keeper_files_serve, &ledger),
                       *s = channel(to_signer, ENT_PROCESS_KEEPER, ENT_PROCESS_SIGNER,
                                    ent_keeper_files_serve, &signer);
    return has_left(l) && has_left(s) ? FINE : NO_HOME;
}

static int sign(const struct node *n, int to_ledger, int to_keeper)
{
    /* Static, as threads may be inside until the process is gone. */
    static struct ent_signing signing;
    static struct ent_signer_service service;
    static struct ent_disk_remote disk;
    static struct ent_caller keeper = {.call = by_channel};
    if (!enter("signer", NULL))
        return NO_SANDBOX;
    keeper.ctx = channel(to_keeper, ENT_PROCESS_SIGNER, ENT_PROCESS_KEEPER, NULL, NULL);
    ent_disk_remote_init(&disk, &keeper);
    if (ent_signing_start(&signing, NULL, n->home->self.name, &n->home->roster, &disk.disk,
                          &n->keys) != ENT_OK)
        return NO_SIGNER;
    ent_signer_service_init(&service, signing.signer);
    struct ent_channel *l =
        channel(to_ledger, ENT_PROCESS_SIGNER, ENT_PROCESS_LEDGER, ent_signer_serve, &service);
    return has_left(l) ? FINE : NO_SIGNER;
}

/* What a node does again and again, and how it answers. */
static int look(struct ent_book *book)
{
    const struct ent_peer_opts opts = {.book = book, .idle_seconds = 60};
    struct ent_request req = {.method = "GET", .path = "/peer/v1/pact/1"};
    struct ent_response res = {.status = 0};
    struct ent_voting *voting = NULL;
    struct ent_peer *peer = NULL;
    bool changed;
    if (ent_book_refresh(book, NULL, &changed) != ENT_OK || ent_book_settle(book, NULL) != ENT_OK ||
        ent_voting_open(&voting, NULL, book, NULL) != ENT_OK ||
        ent_voting_conclude(voting, NULL) != ENT_E_NOTFOUND ||
        ent_view_watch(ent_book_view(book), ent_clock_now(), NULL, NULL) != ENT_OK ||
        ent_news_count(book) != 0 || ent_peer_new(&peer, &opts) != ENT_OK)
        return NO_VIEW;
    ent_voting_close(voting);
    ent_buf_init(&res.body, 1u << 20);
    ent_peer_handle(peer, &req, &res);
    ent_peer_free(peer);
    return res.status == 200 && res.body.n > 0 ? FINE : NO_VIEW;
}

/* The last thing it does is to keep the lock. */
static int live(const char *dir, int to_keeper, int to_signer, bool cheats)
{
    struct node n = {.home = NULL};
    struct ent_disk_remote disk;
    struct ent_signer *signer = NULL;
    struct ent_buf names;
    if (!enter("ledger", NULL))
        return NO_SANDBOX;
    if (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        return CAN_OPEN;
    if (cheats)
        (void)unlink(dir);
    const struct ent_caller
        k = {channel(to_keeper, ENT_PROCESS_LEDGER, ENT_PROCESS_KEEPER, NULL, NULL), by_channel},
        s = {channel(to_signer, ENT_PROCESS_LEDGER, ENT_PROCESS_SIGNER, NULL, NULL), by_channel};
    ent_disk_remote_init(&disk, &k);
    if (ent_home_open_on(&n.home, NULL, dir, &disk.disk) != ENT_OK)
        return NO_HOME;
    if (ent_signer_remote(&signer, NULL, &s) != ENT_OK)
        return NO_SIGNER;
    const struct ent_book_opts opts = {.home = n.home, .signer = signer};
    if (ent_book_open(&n.book, NULL, &opts) != ENT_OK)
        return NO_BOOK;
    for (int i = 0; i < SAID; i++)
        if (node_say(&n, NULL, NULL, ENT_ST_REPORT, MEDIA, ENT_SLICE_LIT("said")) != ENT_OK)
            return SAYS_NOT;
    if (ent_home_run_file(n.home, NULL, RUN, "hits", ENT_SLICE_LIT("")) != ENT_OK ||
        ent_home_run_seal(n.home, NULL, RUN) != ENT_OK ||
        ent_home_list(n.home, &names, "runs") != ENT_OK || names.n != strlen(RUN) + 1)
        return NO_RUN;
    int r = look(n.book);
    ent_book_lock(n.book);
    return r;
}

/* How the ledger's process ended; the two others end with it, as they should. */
static int run_all(const struct node *n, bool cheats)
{
    enum { KEEPER, SIGNER, LEDGER, PROCESSES };
    int kl[2], sl[2], ks[2], status[PROCESSES];
    pid_t pid[PROCESSES];
    for (int i = 0; i < 3; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
                                    i == 0   ? kl
                                    : i == 1 ? sl
                                             : ks),
                         0);
    (void)fflush(stdout);
    for (int i = 0; i < PROCESSES; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] != 0)
            continue;
        (void)signal(SIGSEGV, SIG_DFL); /* cmocka's would go on with the next test */
        int *mine[] = {&kl[0], &ks[0], &sl[0], &ks[1], &kl[1], &sl[1]};
        for (int m = 0; m < 6; m++) /* or an end would stay open */
            if (m / 2 != i)
                (void)close(*mine[m]);
        _exit(i == KEEPER   ? keep(n->home->dir, kl[0], ks[0])
              : i == SIGNER ? sign(n, sl[0], ks[1])
                            : live(n->home->dir, kl[1], sl[1], cheats));
    }
    for (int i = 0; i < 2; i++)
        (void)(close(kl[i]), close(sl[i]), close(ks[i]));
    for (int i = 0; i < PROCESSES; i++)
        assert_true(waitpid(pid[i], &status[i], 0) == pid[i]);
    assert_true(WIFEXITED(status[KEEPER]) && WEXITSTATUS(status[KEEPER]) == FINE);
    assert_true(WIFEXITED(status[SIGNER]) && WEXITSTATUS(status[SIGNER]) == FINE);
    return status[LEDGER];
}

static bool machine_can(void)
{
    int status = -1;
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(enter("signer", NULL) ? 0 : 1);
    assert_true(waitpid(pid, &status, 0) == pid);
    return status == 0;
}

static void test_processes(void **state)
{
    struct node n;
    struct mesh alone;
    struct node *const nodes[] = {&n};
    struct ent_flaw flaw;
    uint64_t files = 0;
    char path[ENT_PATH_MAX];
    (void)state;
    memcpy(rows, ent_files_rows, sizeof(ent_files_rows));
    memcpy(rows + ENT_FILES_ROWS, ent_signer_rows, sizeof(ent_signer_rows));
    assert_true(ent_protocol_is_sound(&protocol));
    node_make(&n, "alone");
    mesh_found(&alone, nodes, 1, NULL);
    node_close(&n);
    if (!machine_can()) {
        printf("# skipped: no Landlock or no seccomp here\n");
        node_free(&n);
        return;
    }
    int status = run_all(&n, true);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    status = run_all(&n, false);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), FINE);
    /* It ended with the lock; nobody waits for it. */
    assert_ok(ent_home_path(n.home, path, "book.lock"));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    (void)close(fd);
    node_open(&n);
    assert_int_equal(ent_log_size(ent_book_log(n.book)), SAID);
    struct ent_home *home = node_look(&n);
    assert_ok(ent_audit_home(&flaw, &files, NULL, home, NULL));
    ent_home_free(home);
    node_free(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_processes), /* first: later there would be threads */
        cmocka_unit_test_setup_teardown(test_says_and_witnesses, found, end),
        cmocka_unit_test_setup_teardown(test_an_old_copy_says_nothing, found, end),
        cmocka_unit_test_setup_teardown(test_a_lost_head_comes_back, found, end),
        cmocka_unit_test_setup_teardown(test_another_signer, found, end),
        cmocka_unit_test_setup_teardown(test_a_signer_of_before, found, end),
    };
    return ent_t_run("apart", tests);
}
