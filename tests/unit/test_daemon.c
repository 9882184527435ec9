/* test_daemon.c: the parent of a node, with children that are this program again and do what the
 * test wants of them: what each is given, who is linked to whom, those that lie, hang and fail, new
 * keys, reloading, and the end. A child knows by the member's name what to do, and says what
 * happens to it in a file. */
#include "tests/support/t.h"

#include "node/daemon.h"
#include "node/process.h"
#include "node/protocol.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MATCHES 2u
#define PATIENT 30 /* seconds, for what must happen */

/* --- the children -------------------------------------------------------------------------------
 */

static struct fake {
    struct ent_birth *b;
    struct ent_hub *hub;
    char name[32];
    atomic_bool has_api;
} fake;

static bool plays(const char *play)
{
    return strcmp(fake.b->name, play) == 0;
}

/* One line in the file, in one piece. */
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char path[ENT_PATH_MAX], line[300];
    va_list args;
    int n = snprintf(line, sizeof(line), "%s ", fake.name);
    va_start(args, format);
    n += vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
    va_end(args);
    line[n++] = '\n';
    (void)snprintf(path, sizeof(path), "%s/said", fake.b->config.users_host);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, line, (size_t)n) == n)
        (void)close(fd);
}

/* Whether this process is the first in its place. */
static bool is_first(void)
{
    char path[ENT_PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/was-%s", fake.b->config.users_host, fake.name);
    return mkdir(path, 0700) == 0;
}

static void linked(void *ctx, const struct ent_at *at, bool there)
{
    (void)ctx;
    if (at->process == ENT_PROCESS_API)
        atomic_store(&fake.has_api, there);
    if (at->process == ENT_PROCESS_MATCH)
        say("%s match %u", there ? "has" : "lost", at->index);
    else
        say("%s %s", there ? "has" : "lost", ent_process_word(at->process));
}

static void told(void *ctx, struct ent_msg *note)
{
    (void)ctx;
    if (note->type == ENT_CONTROL_DRAIN) {
        say("drains");
        if (!plays("never drained")) {
            (void)usleep(100000);
            say("drained");
            (void)!ent_hub_tell(fake.hub, ENT_CONTROL_DRAINED, ent_slice(NULL, 0));
        }
    } else if (note->type == ENT_CONTROL_TRAIL) {
        say("trail");
        (void)!ent_hub_tell(fake.hub, ENT_CONTROL_FIRST, ent_slice(NULL, 0)); /* an operator */
    }
}

static void want(uint8_t which)
{
    struct ent_book_wants w;
    struct ent_buf b;
    memset(&w, 0, sizeof(w));
    w.authors = 1;
    w.generation = 1;
    w.author[0].b[0] = which;
    ent_buf_init(&b, 256);
    if (ent_wants_encode(&b, &w) == ENT_OK)
        (void)!ent_hub_tell(fake.hub, ENT_CONTROL_WANT, ent_buf_slice(&b));
    ent_buf_release(&b);
}

static void accuse(enum ent_process process, unsigned index)
{
    struct ent_liar liar = {.at = {process, index}, .why = "said that two is three"};
    struct ent_buf b;
    ent_buf_init(&b, 256);
    if (ent_liar_encode(&b, &liar) == ENT_OK)
        (void)!ent_hub_tell(fake.hub, ENT_CONTROL_LIAR, ent_buf_slice(&b));
    ent_buf_release(&b);
}

static void ready(void)
{
    struct ent_ready r = {.port = 7, .sandbox = "none"};
    if (ent_hub_ready(fake.hub, &r) != ENT_OK)
        say("cannot be ready");
}

/* What only the ledger's process says. */
static void play_ledger(bool first)
{
    want(plays("new keys") && !first ? 2 : 1);
    (void)!ent_hub_tell(fake.hub, ENT_CONTROL_SERVING, ent_slice(NULL, 0));
    if (plays("accused") && first) {
        while (!atomic_load(&fake.has_api))
            (void)usleep(10000);
        accuse(ENT_PROCESS_LEDGER, 0);
        accuse(ENT_PROCESS_MATCH, MATCHES + 1);
        accuse(ENT_PROCESS_API, 0);
    }
}

static int play(int channel, bool first)
{
    const bool api = fake.b->self.process == ENT_PROCESS_API;
    if (ent_hub_start(fake.hub, NULL, channel) != ENT_OK)
        return ENT_PROCESS_FAILED;
    if (plays("fails") && api)
        return ent_process_fail(fake.hub, "the \x1b[31mport", ENT_E_IO,
                                &(struct ent_diag){.text = "it is taken"});
    if (plays("never ready") && api && first)
        return pause();
    ready();
    if (plays("ready twice") && api && first)
        ready();
    if (fake.b->self.process == ENT_PROCESS_LEDGER)
        play_ledger(first);
    ent_hub_wait(fake.hub);
    say("ends");
    return 0;
}

static int garbage(int channel)
{
    static const char words[] = "this is no frame of any kind at all";
    (void)!ent_fd_write(channel, ent_slice(words, sizeof(words)));
    return pause();
}

/* What only the ledger may say. */
static int stranger(int channel)
{
    static const struct ent_msg_row row = {
        ENT_CONTROL_SERVING, ENT_MSG_NOTE, ENT_MSG_ANY, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE};
    static const struct ent_protocol lax = {&row, 1, 1, 1};
    const struct ent_channel_opts o = {
        .protocol = &lax, .self = ENT_PROCESS_API, .peer = ENT_PROCESS_PARENT};
    struct ent_channel *c;
    if (ent_channel_new(&c, NULL, channel, &o) != ENT_OK ||
        ent_channel_note(c, ENT_CONTROL_SERVING, ent_slice(NULL, 0), -1) != ENT_OK)
        return 9;
    return pause();
}

/* Does not even read what it is to be. */
static bool is_deaf(int channel)
{
    struct ent_birth head;
    const size_t n = offsetof(struct ent_birth, config);
    return recv(channel, &head, n, MSG_PEEK | MSG_WAITALL) == (ssize_t)n &&
           head.self.process == ENT_PROCESS_API && strcmp(head.name, "deaf") == 0;
}

static int run(int channel)
{
    static struct ent_hub_opts opts = {.linked = linked, .told = told};
    if (is_deaf(channel))
        return pause();
    if ((fake.b = ent_process_born(channel)) == NULL)
        return 0;
    const struct ent_at at = fake.b->self;
    if (at.process == ENT_PROCESS_MATCH)
        (void)snprintf(fake.name, sizeof(fake.name), "match %u", at.index);
    else
        (void)snprintf(fake.name, sizeof(fake.name), "%s", ent_process_word(at.process));
    opts.self = at;
    say("begins %ld key %u tls %u home %s idle %u", (long)getpid(), fake.b->keys.author[0].pk.b[0],
        fake.b->tls.b[0] != 0 || fake.b->tls.b[1] != 0, fake.b->home[0] != '\0' ? "yes" : "no",
        (unsigned)fake.b->config.idle_seconds);
    const bool first = is_first();
    if (plays("garbage") && at.process == ENT_PROCESS_API && first)
        return garbage(channel);
    if (plays("stranger") && at.process == ENT_PROCESS_API && first)
        return stranger(channel);
    return ent_hub_new(&fake.hub, &opts) == ENT_OK ? play(channel, first) : 1;
}

static const struct ent_proc_role roles[] = {
    {"front", run},  {"api", run},    {"ledger", run}, {"match", run},
    {"keeper", run}, {"signer", run}, {NULL, NULL},
};

/* --- the parent ---------------------------------------------------------------------------------
 */

/* What the test does while the daemon runs. */
struct step {
    const char *wait; /* a line that begins so has come in `said`, or, with '=', in the log */
    unsigned times;
    int sig;           /* then; to the node, or, with a child, to that one */
    const char *child; /* its name */
};

struct node {
    char dir[ENT_PATH_MAX], said[ENT_PATH_MAX], log[ENT_PATH_MAX];
    struct ent_config config, next;
    const struct step *steps;
    pthread_t thread;
    struct ent_diag d;
    unsigned ready, failed, unlocked, reloaded;
    unsigned ready_ms;
    char what[64], why[64];
    enum ent_err unlock_err[2], result;
    bool reload_ok;
    atomic_bool stuck;
};

static void read_all(struct ent_buf *b, const char *path)
{
    ent_buf_init(b, 1u << 20);
    (void)!ent_file_read(b, NULL, path);
    assert_ok(ent_buf_putc(b, '\0'));
}

/* How many lines begin so (said), or have that in them (the log). */
static unsigned count(const char *path, const char *what, bool anywhere)
{
    struct ent_buf b;
    unsigned n = 0;
    read_all(&b, path);
    for (char *line = (char *)b.p, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        n += anywhere ? strstr(line, what) != NULL : strncmp(line, what, strlen(what)) == 0;
    }
    ent_buf_release(&b);
    return n;
}

static unsigned said(const struct node *n, const char *what)
{
    return count(n->said, what, false);
}

static unsigned logged(const struct node *n, const char *what)
{
    return count(n->log, what, true);
}

/* The place of the first line that is this, or -1. */
static long place(const struct node *n, const char *what)
{
    struct ent_buf b;
    char line[300];
    read_all(&b, n->said);
    (void)snprintf(line, sizeof(line), "%s\n", what);
    const char *at = strstr((const char *)b.p, line);
    long ret = at == NULL ? -1 : at - (const char *)b.p;
    ent_buf_release(&b);
    return ret;
}

static pid_t pid_of(const struct node *n, const char *child)
{
    struct ent_buf b;
    char begin[64];
    long pid = 0;
    (void)snprintf(begin, sizeof(begin), "%s begins ", child);
    read_all(&b, n->said);
    for (const char *at = strstr((const char *)b.p, begin); at != NULL; at = strstr(at + 1, begin))
        pid = strtol(at + strlen(begin), NULL, 10);
    ent_buf_release(&b);
    return (pid_t)pid;
}

static void *walk(void *ctx)
{
    struct node *n = ctx;
    for (const struct step *s = n->steps; s != NULL && s->wait != NULL; s++) {
        for (unsigned i = 0; i < PATIENT * 50; i++) {
            if ((strchr(s->wait, '=') != NULL ? logged(n, s->wait) : said(n, s->wait)) >= s->times)
                break;
            if (i == PATIENT * 50 - 1) {
                printf("# waited in vain for %s\n", s->wait);
                atomic_store(&n->stuck, true);
                (void)kill(getpid(), SIGTERM);
                (void)usleep(100000);
                (void)kill(getpid(), SIGTERM);
                return NULL;
            }
            (void)usleep(20000);
        }
        pid_t pid = s->child == NULL ? getpid() : pid_of(n, s->child);
        if (s->sig != 0 && pid > 1)
            (void)kill(pid, s->sig);
    }
    return NULL;
}

static enum ent_err on_unlock(void *ctx, const struct ent_book_wants *w,
                              struct ent_book_keys *ret_keys, struct ent_seed32 *ret_node)
{
    struct node *n = ctx;
    enum ent_err r = n->unlock_err[n->unlocked < 2 ? n->unlocked : 1];
    n->unlocked++;
    memset(ret_keys, 0, sizeof(*ret_keys));
    ret_keys->author[0].pk = w->author[0];
    memset(ret_node, w->author[0].b[0], sizeof(*ret_node));
    return r;
}

static bool on_reload(void *ctx, struct ent_config *ret)
{
    struct node *n = ctx;
    n->reloaded++;
    *ret = n->next;
    return n->reload_ok;
}

static void on_failed(void *ctx, struct ent_slice what, struct ent_slice why)
{
    struct node *n = ctx;
    n->failed++;
    (void)snprintf(n->what, sizeof(n->what), "%.*s", (int)what.n, (const char *)what.p);
    (void)snprintf(n->why, sizeof(n->why), "%.*s", (int)why.n, (const char *)why.p);
}

static enum ent_err on_ready(void *ctx, const struct ent_daemon_ports *p)
{
    struct node *n = ctx;
    assert_int_equal(p->port, 7);
    n->ready++;
    return ENT_OK;
}

static void prepare(struct node *n)
{
    static unsigned so_far;
    *n = (struct node){.reload_ok = true};
    (void)snprintf(n->dir, sizeof(n->dir), "%.4000s/%u", ent_t_tmpdir(), so_far++);
    assert_int_equal(mkdir(n->dir, 0777), 0);
    (void)snprintf(n->said, sizeof(n->said), "%.4080s/said", n->dir);
    (void)snprintf(n->log, sizeof(n->log), "%.4080s/log", n->dir);
    ent_config_defaults(&n->config);
    n->config.match_workers = MATCHES;
    (void)snprintf(n->config.users_host, sizeof(n->config.users_host), "%.200s", n->dir);
    n->next = n->config;
}

/* With ENT_SHOW set: for whoever reads why a test failed. */
static void show(const struct node *n)
{
    const char *const paths[] = {n->said, n->log};
    for (size_t i = 0; i < 2; i++) {
        struct ent_buf b;
        read_all(&b, paths[i]);
        for (char *line = (char *)b.p, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
            printf("# %.*s\n", (int)(end - line), line);
        ent_buf_release(&b);
    }
}

/* All of it, as that play has it; returns how many seconds it took. */
static double node_run(struct node *n, const char *name, const struct step *steps)
{
    int fd = open(n->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const struct ent_reporter_opts log = {.format = ENT_LOG_LOGFMT, .fd = fd};
    struct ent_daemon_opts o = {.home = n->dir,
                                .name = name,
                                .config = &n->config,
                                .ready_ms = n->ready_ms,
                                .ctx = n,
                                .unlock = on_unlock,
                                .reload = on_reload,
                                .failed = on_failed,
                                .ready = on_ready};
    const uint64_t start = ent_clock_steady_ns();
    sigset_t all, before;
    assert_true(fd >= 0);
    assert_ok(ent_reporter_new(&o.reporter, &log));
    n->steps = steps;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    assert_int_equal(pthread_create(&n->thread, NULL, walk, n), 0);
    n->result = ent_daemon_run(&n->d, &o);
    (void)pthread_join(n->thread, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    ent_reporter_free(o.reporter);
    (void)close(fd);
    assert_false(atomic_load(&n->stuck));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    if (getenv("ENT_SHOW") != NULL)
        show(n);
    return (double)(ent_clock_steady_ns() - start) / 1e9;
}

static const char *const all_names[] = {"keeper", "ledger",  "api",    "signer",
                                        "front",  "match 0", "match 1"};
static const enum ent_process all_kinds[] = {
    ENT_PROCESS_KEEPER, ENT_PROCESS_LEDGER, ENT_PROCESS_API,  ENT_PROCESS_SIGNER,
    ENT_PROCESS_FRONT,  ENT_PROCESS_MATCH,  ENT_PROCESS_MATCH};
#define ALL 7u

/* How often a came to have a channel to b. */
static unsigned links(const struct node *n, const char *a, const char *b)
{
    char line[80];
    (void)snprintf(line, sizeof(line), "%s has %s", a, b);
    return said(n, line);
}

/* --- the tests ----------------------------------------------------------------------------------
 */

static void test_all_of_it(void **state)
{
    static const struct step steps[] = {{"event=", 0, 0, NULL},
                                        {"api has ", 3, 0, NULL},
                                        {"match 1 has ", 2, 0, NULL},
                                        {"front has ", 2, SIGKILL, "api"},
                                        {"api has ", 6, 0, NULL},
                                        {"front has api", 2, 0, NULL},
                                        {"keeper has api", 2, 0, NULL},
                                        {"ledger has api", 2, SIGTERM, NULL},
                                        {NULL, 0, 0, NULL}};
    struct node n;
    (void)state;
    prepare(&n);
    (void)node_run(&n, "all", steps);
    assert_ok(n.result);
    assert_int_equal(n.ready, 1);
    assert_int_equal(n.unlocked, 1);
    for (size_t i = 0; i < ALL; i++)
        for (size_t k = 0; k < ALL; k++) {
            bool pair = i != k && ent_link_protocol(all_kinds[i], all_kinds[k]) != NULL;
            bool anew = i == 2 || k == 2;
            assert_int_equal(links(&n, all_names[i], all_names[k]), pair ? 1 + anew : 0);
        }
    assert_int_equal(logged(&n, "event=process-ended process=api"), 1);
    assert_int_equal(logged(&n, "event=process-ended"), 1);
    assert_int_equal(logged(&n, "signal=9"), 1);
    /* What each was given: keys and home are for those who need them alone. */
    assert_int_equal(said(&n, "signer begins"), 1);
    for (size_t i = 0; i < ALL; i++) {
        struct ent_buf b;
        char line[64];
        read_all(&b, n.said);
        (void)snprintf(line, sizeof(line), "%s begins ", all_names[i]);
        const char *at = strstr((const char *)b.p, line);
        assert_non_null(at);
        (void)snprintf(line, sizeof(line), "key %d tls %d home %s idle", i == 3, i == 4,
                       i == 0 ? "yes" : "no");
        const char *found = strstr(at, line), *end = strchr(at, '\n');
        assert_true(found != NULL && found < end);
        ent_buf_release(&b);
    }
    /* At the end: the ledger's drain, its end, then all of them. */
    assert_int_equal(said(&n, "ledger drains"), 1);
    for (size_t i = 0; i < ALL; i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "%s ends", all_names[i]);
        assert_int_equal(said(&n, line), 1);
        assert_true(place(&n, "ledger drained") < place(&n, line));
    }
    assert_int_equal(logged(&n, "event=stopping"), 1);
    assert_int_equal(said(&n, "keeper trail"), 1);
}

/* One that breaks the rules is named and ended, and another one takes its place. */
static void bad_api(const char *name, const char *line, unsigned ready_ms)
{
    static const struct step steps[] = {
        {"api begins", 2, 0, NULL}, {"api has ", 3, SIGTERM, NULL}, {NULL, 0, 0, NULL}};
    struct node n;
    prepare(&n);
    n.ready_ms = ready_ms;
    (void)node_run(&n, name, steps);
    assert_ok(n.result);
    assert_int_equal(n.ready, 1);
    assert_int_equal(logged(&n, line), 1);
    assert_int_equal(logged(&n, "event=process-ended process=api"), 1);
    assert_int_equal(logged(&n, "event=process-ended"), 1);
}

static void test_garbage(void **state)
{
    (void)state;
    bad_api("garbage", "event=process-lied process=api", 0);
}

static void test_ready_twice(void **state)
{
    (void)state;
    bad_api("ready twice", "cause=\"said twice that it is ready\"", 0);
}

static void test_what_is_anothers_to_say(void **state)
{
    (void)state;
    bad_api("stranger", "event=process-lied process=api", 0);
}

static void test_never_ready(void **state)
{
    (void)state;
    bad_api("never ready", "event=process-not-ready process=api", 4000);
}

static void test_never_born(void **state)
{
    static const struct step steps[] = {{"event=process-not-ready process=api", 2, SIGTERM, NULL},
                                        {NULL, 0, 0, NULL}};
    struct node n;
    (void)state;
    prepare(&n);
    n.ready_ms = 4000;
    (void)node_run(&n, "deaf", steps);
    assert_ok(n.result);
    assert_int_equal(n.ready, 0);
    assert_int_equal(said(&n, "api begins"), 0);
    assert_int_equal(said(&n, "keeper ends"), 1);
}

/* Whom it has no channel to, and who is not there, a process cannot accuse. */
static void test_accused(void **state)
{
    (void)state;
    bad_api("accused", "event=process-lied process=api", 0);
}

static void test_keys_that_cannot_be_unlocked(void **state)
{
    struct node n;
    (void)state;
    prepare(&n);
    n.unlock_err[0] = ENT_E_AUTH;
    assert_true(node_run(&n, "locked", NULL) < 5);
    assert_err(n.result, ENT_E_AUTH);
    assert_int_equal(n.ready, 0);
    assert_int_equal(said(&n, "signer begins") + said(&n, "front begins"), 0);
}

static void new_keys(enum ent_err second)
{
    static const struct step steps[] = {{"front has ", 2, SIGKILL, "ledger"},
                                        {"signer begins", 2, 0, NULL},
                                        {"front begins", 2, 0, NULL},
                                        {"event=keys-changed", 1, SIGTERM, NULL},
                                        {NULL, 0, 0, NULL}};
    static const struct step none[] = {{"front has ", 2, SIGKILL, "ledger"}, {NULL, 0, 0, NULL}};
    struct node n;
    prepare(&n);
    n.unlock_err[1] = second;
    (void)node_run(&n, "new keys", second == ENT_OK ? steps : none);
    assert_err(n.result, second);
    assert_int_equal(n.unlocked, 2);
    assert_int_equal(logged(&n, "event=keys-changed"), 1);
    assert_int_equal(said(&n, "signer begins"), second == ENT_OK ? 2 : 1);
    struct ent_buf b;
    read_all(&b, n.said);
    const char *last = NULL;
    for (const char *at = strstr((const char *)b.p, "signer begins"); at != NULL;
         at = strstr(at + 1, "signer begins"))
        last = at;
    assert_non_null(last);
    const char *key = strstr(last, " key ");
    assert_int_equal(key[5], second == ENT_OK ? '2' : '1');
    ent_buf_release(&b);
}

static void test_new_keys(void **state)
{
    (void)state;
    new_keys(ENT_OK);
    new_keys(ENT_E_AUTH);
}

static void test_one_that_cannot_begin(void **state)
{
    struct node n;
    (void)state;
    prepare(&n);
    assert_true(node_run(&n, "fails", NULL) < 5);
    assert_err(n.result, ENT_E_STATE);
    assert_int_equal(n.failed, 1);
    assert_string_equal(n.what, "the \x1b[31mport");
    assert_string_equal(n.why, "it is taken");
    assert_int_equal(n.ready, 0);
    assert_int_equal(logged(&n, "event=process-failed"), 1);
    assert_int_equal(logged(&n, "\x1b"), 0);
}

static void test_a_second_signal(void **state)
{
    static const struct step twice[] = {
        {"front has ", 2, SIGTERM, NULL}, {"ledger drains", 1, SIGTERM, NULL}, {NULL, 0, 0, NULL}};
    static const struct step once[] = {{"front has ", 2, SIGINT, NULL}, {NULL, 0, 0, NULL}};
    struct node n;
    (void)state;
    prepare(&n);
    n.config.stop_seconds = 600;
    assert_true(node_run(&n, "never drained", twice) < 20);
    assert_ok(n.result);
    prepare(&n);
    n.config.stop_seconds = 2;
    double took = node_run(&n, "never drained", once);
    assert_true(took > 2 && took < 20);
    assert_ok(n.result);
    assert_int_equal(said(&n, "ledger ends"), 1);
}

static void test_reload(void **state)
{
    static const struct step same[] = {{"front has ", 2, SIGHUP, NULL},
                                       {"front has ", 4, 0, NULL},
                                       {"event=reloaded", 1, SIGTERM, NULL},
                                       {NULL, 0, 0, NULL}};
    static const struct step other[] = {
        {"front has ", 2, SIGHUP, NULL},      {"event=reloaded", 1, 0, NULL},
        {"front begins", 2, 0, NULL},         {"keeper begins", 2, 0, NULL},
        {"match 1 begins", 2, SIGTERM, NULL}, {NULL, 0, 0, NULL}};
    struct node n;
    (void)state;
    prepare(&n);
    (void)node_run(&n, "same", same);
    assert_ok(n.result);
    for (size_t i = 0; i < ALL; i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "%s begins", all_names[i]);
        assert_int_equal(said(&n, line), i == 4 ? 2 : 1);
    }
    prepare(&n);
    n.next.idle_seconds = 77;
    (void)node_run(&n, "other", other);
    assert_ok(n.result);
    assert_true(place(&n, "ledger drained") < place(&n, "keeper ends"));
    assert_int_equal(n.ready, 1);
    struct ent_buf b;
    read_all(&b, n.said);
    const char *at = strstr((const char *)b.p, "keeper ends");
    assert_non_null(at);
    assert_non_null(strstr(at, " idle 77"));
    ent_buf_release(&b);
}

static void test_a_reload_that_is_not_sound(void **state)
{
    static const struct step steps[] = {
        {"front has ", 2, SIGHUP, NULL}, {"front has ", 2, SIGTERM, NULL}, {NULL, 0, 0, NULL}};
    struct node n;
    (void)state;
    prepare(&n);
    n.reload_ok = false;
    n.next.idle_seconds = 77;
    (void)node_run(&n, "unsound", steps);
    assert_ok(n.result);
    assert_int_equal(said(&n, "keeper begins"), 1);
    assert_int_equal(logged(&n, "event=reloaded"), 0);
}

/* Whoever wants the end while a reload waits gets it. */
static void test_the_end_in_a_reload(void **state)
{
    static const struct step steps[] = {{"front has ", 2, SIGHUP, NULL},
                                        {"ledger drains", 1, SIGTERM, NULL},
                                        {"event=stopping", 1, SIGTERM, NULL},
                                        {NULL, 0, 0, NULL}};
    struct node n;
    (void)state;
    prepare(&n);
    n.config.stop_seconds = n.next.stop_seconds = 600;
    n.next.idle_seconds = 77;
    assert_true(node_run(&n, "never drained", steps) < 30);
    assert_ok(n.result);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_it),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_ready_twice),
        cmocka_unit_test(test_what_is_anothers_to_say),
        cmocka_unit_test(test_never_ready),
        cmocka_unit_test(test_never_born),
        cmocka_unit_test(test_accused),
        cmocka_unit_test(test_keys_that_cannot_be_unlocked),
        cmocka_unit_test(test_new_keys),
        cmocka_unit_test(test_one_that_cannot_begin),
        cmocka_unit_test(test_a_second_signal),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_a_reload_that_is_not_sound),
        cmocka_unit_test(test_the_end_in_a_reload),
    };
    int code;
    if (ent_proc_role_run(&code, roles, argc, argv))
        _exit(code);
    return ent_t_run("daemon", tests);
}
