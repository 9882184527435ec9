/*
 * receipt.c (bench): a receipt checked by a process that did nothing before: from fork and exec to
 * its end, with its memory, beside a process that only starts. A pact of seven with five
 * cosignatures, a log of 65,536 entries. The roster is read as it lies in memory: reading a pact is
 * not in this.
 *
 *     receipt            measures
 *     receipt DIR        checks DIR/receipt by DIR/roster; without these files it only starts
 *     receipt cold COMMAND... [-- COMMAND...]...       in turns; of each
 *                        median ms, of those on a processor, and MiB at most
 *     receipt warm N PACT FILE                         seconds of one check, of N in this process
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "ledger/ledger.h"
#include "ledger/receipt.h"
#include "node/node.h"

#define MEMBERS 7u
#define NEEDED  5u
#define LEAVES  65536u
#define INDEX   4711u
#define ROUNDS  51

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "receipt: %s: %s\n", what, ent_err_str(r));
    exit(1);
}

static void path_of(char ret[static 256], const char *dir, const char *name)
{
    must(ent_path_join(ret, 256, dir, name), "path");
}

/* --- the process that is measured ----------------------------------------------------------------
 */

static int check(const char *dir)
{
    char path[256];
    struct ent_buf roster, bytes, room;
    struct ent_receipt r;
    struct ent_receipt_says says;
    must(ent_secret_start(), "start");
    ent_buf_init(&roster, sizeof(struct ent_roster));
    ent_buf_init(&bytes, ENT_RECEIPT_MAX);
    ent_buf_init(&room, ENT_ENTRY_MAX);
    path_of(path, dir, "roster");
    if (ent_file_read(&roster, NULL, path) == ENT_E_NOTFOUND)
        return 0;
    path_of(path, dir, "receipt");
    must(ent_file_read(&bytes, NULL, path), path);
    must(ent_receipt_parse(&r, &room, ent_buf_slice(&bytes), NULL), "parse");
    must(ent_receipt_check(&r, &says, (const struct ent_roster *)(const void *)roster.p, NULL),
         "check");
    return says.standing.accepted ? 0 : 1;
}

static void load(struct ent_buf *b, const char *path)
{
    ent_buf_init(b, ENT_VERIFY_MAX);
    must(ent_file_read(b, NULL, path), path);
}

static int warm(const char *times, const char *pact, const char *file)
{
    const struct ent_pact *p;
    struct ent_verifier *v = NULL;
    struct ent_verified got;
    struct ent_buf chain, receipt;
    uint64_t n = 0;
    bool inside;
    must(ent_secret_start(), "start");
    must(ent_parse_u64(&n, ent_slice_str(times), 1u << 20), times);
    load(&chain, pact);
    load(&receipt, file);
    must(ent_verifier_new(&v, NULL), "keys");
    must(ent_verifier_pact(v, NULL, ent_buf_slice(&chain)), pact);
    uint64_t start = ent_clock_steady_ns();
    for (uint64_t i = 0; i < n; i++) {
        ent_verified_init(&got);
        must(ent_verifier_check(v, &got, NULL, &p, &inside, ent_buf_slice(&receipt)), file);
        must(got.standing.accepted ? ENT_OK : ENT_E_AUTH, "standing");
        ent_verified_release(&got);
    }
    (void)printf("%.9f\n", (double)(ent_clock_steady_ns() - start) / 1e9 / (double)n);
    ent_verifier_free(v);
    ent_buf_release(&chain);
    ent_buf_release(&receipt);
    return 0;
}

/* --- what it checks ------------------------------------------------------------------------------
 */

static struct ent_roster roster;
static struct ent_hash32 hash[2 * LEAVES]; /* a heap: the root is hash[1] */

static enum ent_err hash_at(void *ctx, struct ent_hash32 *ret, unsigned level, uint64_t index)
{
    (void)ctx;
    *ret = hash[(LEAVES >> level) + index];
    return ENT_OK;
}

static struct ent_seed32 seed_of(size_t member, uint8_t role)
{
    return (struct ent_seed32){{(uint8_t)(1 + member), role}};
}

static void make_roster(void)
{
    roster = (struct ent_roster){.pact = {{1}}, .k = NEEDED, .members = MEMBERS};
    for (size_t i = 0; i < MEMBERS; i++) {
        struct ent_roster_member *m = &roster.member[i];
        struct ent_seed32 author = seed_of(i, 1), log = seed_of(i, 2), witness = seed_of(i, 3);
        (void)snprintf(m->name, sizeof(m->name), "m%zu", i);
        m->panel = true;
        m->authors = m->logs = 1;
        m->author[0] = (struct ent_author_key){.until = UINT64_MAX};
        m->log[0] = (struct ent_log_key){.generation = 1};
        ent_sign_public(&m->author[0].pk, &author);
        ent_sign_public(&m->log[0].pk, &log);
        ent_sign_public(&m->witness, &witness);
    }
}

static void make_entry(struct ent_buf *entry)
{
    struct ent_statement st = {.pact_version = 1,
                               .author = "m0",
                               .sequence = INDEX + 1,
                               .type = ENT_ST_RESULT,
                               .time = 1700000000,
                               .tlp = "TLP:AMBER+STRICT",
                               .media = "text/entente-match-result",
                               .body_n = 300};
    const struct ent_seed32 author = seed_of(0, 1);
    must(ent_statement_encode(entry, &st), "statement");
    must(ent_note_sign(entry, entry->n, "m0/author", &author), "statement");
}

static void make_head(struct ent_buf *head)
{
    char origin[ENT_LOG_ORIGIN], name[ENT_NAME_MAX + 16];
    const struct ent_seed32 log = seed_of(0, 2);
    ent_roster_origin(&roster, origin, "m0", 1);
    const struct ent_checkpoint cp = {ent_slice_str(origin), LEAVES, hash[1]};
    must(ent_checkpoint_encode(head, &cp), "head");
    size_t text_n = head->n;
    must(ent_note_sign(head, text_n, origin, &log), "head");
    for (size_t i = 1; i <= NEEDED; i++) {
        const struct ent_seed32 witness = seed_of(i, 3);
        ent_key_name(name, roster.member[i].name, "witness");
        must(ent_cosign_sign(head, text_n, name, &witness, 1700000000), "cosign");
    }
}

static void make_files(const char *dir)
{
    const struct ent_merkle_source source = {NULL, hash_at};
    struct ent_receipt r = {.index = INDEX};
    struct ent_buf entry, head, bytes;
    char path[256];
    ent_buf_init(&entry, ENT_NOTE_MAX);
    ent_buf_init(&head, ENT_NOTE_MAX);
    ent_buf_init(&bytes, ENT_RECEIPT_MAX);
    make_roster();
    make_entry(&entry);
    for (size_t i = 0; i < LEAVES; i++)
        ent_merkle_leaf_hash(&hash[LEAVES + i],
                             i == INDEX ? ent_buf_slice(&entry) : ent_slice(&i, sizeof(i)));
    for (size_t i = LEAVES - 1; i > 0; i--)
        ent_merkle_node_hash(&hash[i], &hash[2 * i], &hash[2 * i + 1]);
    make_head(&head);
    r.entry = ent_buf_slice(&entry);
    r.head = ent_buf_slice(&head);
    must(ent_merkle_prove_inclusion(&r.proof, INDEX, LEAVES, &source), "proof");
    must(ent_receipt_encode(&bytes, &r), "receipt");
    path_of(path, dir, "receipt");
    must(ent_file_write(path, ent_buf_slice(&bytes), 0600, NULL), path);
    path_of(path, dir, "roster");
    must(ent_file_write(path, ent_slice(&roster, sizeof(roster)), 0600, NULL), path);
    ent_buf_release(&entry);
    ent_buf_release(&head);
    ent_buf_release(&bytes);
}

/* --- measuring -----------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct timing {
    double took[ROUNDS], cpu[ROUNDS]; /* ms */
    long kib;                         /* the most memory */
};

/* ms of one process from its start to its end, which must be a good one. */
static void run_once(struct timing *t, int round, char *const argv[])
{
    struct rusage u;
    uint64_t start = ent_clock_steady_ns();
    int status = 1;
    pid_t pid = vfork();
    if (pid == 0) {
        (void)execv(argv[0], argv);
        _exit(127);
    }
    must(pid > 0 && wait4(pid, &status, 0, &u) == pid && status == 0 ? ENT_OK : ENT_E_AUTH,
         "the check");
    t->took[round] = (double)(ent_clock_steady_ns() - start) / 1e6;
    t->cpu[round] = 1e3 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
    t->kib = u.ru_maxrss > t->kib ? u.ru_maxrss : t->kib;
}

static double median(double ms[static ROUNDS])
{
    qsort(ms, ROUNDS, sizeof(ms[0]), by_size);
    return ms[ROUNDS / 2];
}

/* Median ms; *ret_kib: the most memory. */
static double measure(char *dir, long *ret_kib)
{
    char self[] = "/proc/self/exe";
    char *const argv[] = {self, dir, NULL};
    struct timing t = {.kib = 0};
    for (int i = 0; i < ROUNDS; i++)
        run_once(&t, i, argv);
    *ret_kib = t.kib;
    return median(t.took);
}

#define PROGRAMS 8u

static int cold(int argc, char **argv)
{
    struct timing t[PROGRAMS] = {{.kib = 0}};
    char **start[PROGRAMS];
    size_t n = 1;
    start[0] = argv;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        must(n < PROGRAMS ? ENT_OK : ENT_E_LIMIT, "programs");
        argv[i] = NULL;
        start[n++] = argv + i + 1;
    }
    int out = open("/dev/null", O_WRONLY), was = dup(STDOUT_FILENO);
    must(out >= 0 && was >= 0 && dup2(out, STDOUT_FILENO) >= 0 ? ENT_OK : ENT_E_IO, "output");
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < n; i++)
            run_once(&t[i], round, start[i]);
    must(dup2(was, STDOUT_FILENO) >= 0 ? ENT_OK : ENT_E_IO, "output");
    for (size_t i = 0; i < n; i++)
        (void)printf("%.3f %.3f %.2f\n", median(t[i].took), median(t[i].cpu),
                     (double)t[i].kib / 1024);
    return 0;
}

static void report(const char *figure, const char *name, double v, const char *unit, double aim)
{
    const char *json = getenv("JSON");
    bool lines = json != NULL && strcmp(json, "1") == 0;
    if (lines)
        (void)printf("{\"bench\": \"receipt/%s\", \"figure\": %.2f, \"unit\": \"%s\"", figure, v,
                     unit);
    else
        (void)printf("  %-44s %8.2f %s", name, v, unit);
    if (aim > 0 && lines)
        (void)printf(", \"aim\": %g, \"met\": %s", aim, v <= aim ? "true" : "false");
    else if (aim > 0)
        (void)printf("   aim %g%s", aim, v <= aim ? "" : ": MISSED");
    (void)printf(lines ? "}\n" : "\n");
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/entente-bench-receipt-XXXXXX", path[256];
    long kib;
    if (argc == 2)
        return check(argv[1]);
    if (argc > 2 && strcmp(argv[1], "cold") == 0)
        return cold(argc - 2, argv + 2);
    if (argc == 5 && strcmp(argv[1], "warm") == 0)
        return warm(argv[2], argv[3], argv[4]);
    must(mkdtemp(dir) == NULL ? ENT_E_IO : ENT_OK, "directory");
    must(ent_secret_start(), "start");
    double start = measure(dir, &kib);
    make_files(dir);
    double all = measure(dir, &kib);
    report("cold", "a receipt, checked by a new process", all, "ms", 5);
    report("start", "a new process that only starts", start, "ms", 0);
    report("memory", "the most memory of it", (double)kib / 1024, "MiB", 8);
    path_of(path, dir, "receipt");
    (void)remove(path);
    path_of(path, dir, "roster");
    (void)remove(path);
    (void)rmdir(dir);
    return 0;
}
