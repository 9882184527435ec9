/*
 * ledger.c (bench): a log on a real directory (TMPDIR, else /tmp), beside the limits of the same
 * run: signatures, verifications and hashes alone, and how often the disk syncs.
 *
 *     ledger [--entries N] [--seconds S] [--large N]       100000, 5, 10000000
 *     ledger --raw 1       verifications a second by all threads, and processor seconds of one
 *
 * Durable: statements are signed by all threads for 100 ms; meanwhile the batch before them is
 * appended, synced, read back and signed for. Audit: all entries read, hashed, and the signature in
 * each checked. No batch verification of Ed25519, which is faster: it accepts signatures that the
 * one rule for all members refuses, and others than itself at each try.
 */
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>

#include "node/node.h"
#include "node/files.h"

#define TICK     100000000ull /* ns: a group commit */
#define ORIGIN   "0123456789abcdef0123456789abcdef/alpha/1"
#define AUTHOR   "alpha/author"
#define TEXT_MAX 768u
#define STEP     64u /* statements in a job */
#define ROUNDS   5

static char dir[256];
static uint64_t entries = 100000, seconds = 5, large = 10000000, raw_only;
static struct ent_pool *pool;
static const struct ent_seed32 author_seed = {{1}}, log_key = {{2}};
static struct ent_keypair author;
static bool json;

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "ledger: %s: %s\n", what, ent_err_str(r));
    exit(1);
}

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(name);
}

static void clean_up(void)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double since(uint64_t start)
{
    return (double)(ent_clock_steady_ns() - start) / 1e9;
}

/* least: at least the aim; else at most. aim 0: none. */
static void report(const char *figure, const char *name, double value, const char *unit, double aim,
                   bool least)
{
    bool met = least ? value >= aim : value <= aim;
    if (json)
        (void)printf("{\"bench\": \"ledger/%s\", \"figure\": %.4g, \"unit\": \"%s\"", figure, value,
                     unit);
    else
        (void)printf("  %-44s %10.4g %s", name, value, unit);
    if (aim > 0 && json)
        (void)printf(", \"aim\": %g, \"met\": %s", aim, met ? "true" : "false");
    else if (aim > 0)
        (void)printf("   aim %g%s", aim, met ? "" : ": MISSED");
    (void)printf(json ? "}\n" : "\n");
    (void)fflush(stdout);
}

/* --- statements --------------------------------------------------------------------------------
 */

struct text {
    size_t n;
    uint8_t b[TEXT_MAX];
};

struct batch {
    struct text *t;
    size_t n, max;
    uint64_t first; /* sequence number */
    bool derive;    /* the public key anew for each */
};

static enum ent_err sign_some(void *ctx, size_t job)
{
    struct batch *b = ctx;
    struct ent_statement st = {.pact_version = 1,
                               .author = "alpha",
                               .type = ENT_ST_RESULT,
                               .time = 1700000000,
                               .tlp = "TLP:AMBER+STRICT",
                               .media = "text/entente-match-result",
                               .body_n = 300};
    struct ent_buf note;
    enum ent_err r = ENT_OK;
    ent_buf_init(&note, TEXT_MAX);
    for (size_t i = 0; i < STEP && r == ENT_OK; i++) {
        struct text *t = &b->t[b->n + job * STEP + i];
        ent_buf_clear(&note);
        st.sequence = b->first + b->n + job * STEP + i;
        ent_put_u64le(st.body.b, st.sequence);
        if ((r = ent_statement_encode(&note, &st)) == ENT_OK)
            r = b->derive ? ent_note_sign(&note, note.n, AUTHOR, &author.seed)
                          : ent_note_sign_by(&note, note.n, AUTHOR, &author);
        if (r == ENT_OK)
            memcpy(t->b, note.p, t->n = note.n);
    }
    ent_buf_release(&note);
    return r;
}

/* Statements for 100 ms, or until there are so many. */
static void sign_for_a_tick(struct batch *b, size_t most)
{
    uint64_t start = ent_clock_steady_ns();
    size_t jobs = 2 * (size_t)ent_pool_threads(pool);
    b->n = 0;
    while (b->n + jobs * STEP <= b->max && b->n < most && ent_clock_steady_ns() - start < TICK) {
        must(ent_pool_run(pool, sign_some, b, jobs), "sign");
        b->n += jobs * STEP;
    }
}

static struct ent_signer *signer;
static struct ent_signer_lock said;

static struct ent_log *open_log(struct ent_disk_real *disk, const char *at, const char *lock)
{
    said = (struct ent_signer_lock){&disk->disk, "alpha", lock};
    const struct ent_signer_opts so = {.self = "alpha",
                                       .origin = ORIGIN,
                                       .log = &log_key,
                                       .given = {&said, ent_signer_lock_last, NULL}};
    ent_signer_local_free(signer);
    must(ent_signer_local(&signer, NULL, &so), "signer");
    const struct ent_log_opts o = {.disk = &disk->disk,
                                   .dir = at,
                                   .lock = lock,
                                   .origin = ORIGIN,
                                   .signer = signer,
                                   .alone = true};
    struct ent_log *log = NULL;
    must(ent_log_open(&log, NULL, &o), "log");
    return log;
}

struct commit {
    struct ent_log *log;
    const struct batch *b;
    double took; /* s, all together */
    unsigned n;
};

static void *commit(void *arg)
{
    static const uint8_t body[300] = {'{'};
    struct commit *c = arg;
    struct ent_salt32 salt;
    struct ent_diag d = {0};
    uint64_t index, start = ent_clock_steady_ns();
    for (size_t i = 0; i < c->b->n; i++) {
        ent_random(salt.b, sizeof(salt.b));
        must(ent_log_append(c->log, &index, ent_slice(c->b->t[i].b, c->b->t[i].n), &salt,
                            ent_slice(body, sizeof(body))),
             "append");
    }
    must(ent_log_commit(c->log, &d), d.text == NULL ? "commit" : d.text);
    c->took += since(start);
    c->n++;
    return NULL;
}

/* Statements and the seconds they took, from the first signature to the last commit. */
static void durable(struct ent_log *log, uint64_t most, double limit, bool say)
{
    struct batch b[2] = {{.max = 16384}, {.max = 16384}};
    struct commit c = {.log = log};
    uint64_t start = ent_clock_steady_ns(), before = ent_log_size(log), made = before;
    double cpu = cpu_s();
    pthread_t thread;
    bool running = false;
    for (size_t k = 0; k < 2; k++)
        if ((b[k].t = calloc(b[k].max, sizeof(struct text))) == NULL)
            must(ENT_E_NOMEM, "batch");
    for (size_t k = 0; since(start) < limit && made - before < most; k = 1 - k) {
        b[k].first = made + 1;
        sign_for_a_tick(&b[k], (size_t)(most - (made - before)));
        made += b[k].n;
        if (running)
            (void)pthread_join(thread, NULL);
        c.b = &b[k];
        running = pthread_create(&thread, NULL, commit, &c) == 0;
        must(running ? ENT_OK : ENT_E_NOMEM, "thread");
    }
    if (running)
        (void)pthread_join(thread, NULL);
    double rate = (double)(ent_log_size(log) - before) / since(start);
    if (say) {
        report("durable", "statements signed, committed, durable", rate, "/s", 10000, true);
        report("durable-cpu", "processor time of one",
               1e6 * (cpu_s() - cpu) / (double)(ent_log_size(log) - before), "us", 0, true);
        report("commit", "a commit of 100 ms of them", 1000 * c.took / c.n, "ms", 0, true);
    }
    free(b[0].t);
    free(b[1].t);
}

/* --- limits ------------------------------------------------------------------------------------
 */

struct raw {
    struct batch b; /* signed statements */
    struct ent_note_sig *sig;
    struct ent_slice *text;
};

static enum ent_err raw_sign(void *ctx, size_t job)
{
    const struct raw *r = ctx;
    uint8_t sig[64];
    for (size_t i = job * STEP; i < (job + 1) * STEP; i++)
        ent_sign_by(sig, &author, r->text[i]);
    return ENT_OK;
}

/* Over those that are there, which are the same each time. */
static enum ent_err make_statements(void *ctx, size_t job)
{
    struct raw *r = ctx;
    struct batch b = r->b;
    b.n = 0;
    return sign_some(&b, job);
}

static enum ent_err raw_check(void *ctx, size_t job)
{
    const struct raw *r = ctx;
    for (size_t i = job * STEP; i < (job + 1) * STEP; i++)
        if (crypto_sign_verify_detached(r->sig[i].sig, r->text[i].p, r->text[i].n, author.pk.b) !=
            0)
            return ENT_E_AUTH;
    return ENT_OK;
}

/* The best of rounds, by all threads: what other processes take away is not a limit of ours. */
static double raw_rate(struct raw *r, enum ent_err (*job)(void *, size_t), int rounds)
{
    double best = 0;
    for (int i = 0; i < rounds; i++) {
        uint64_t start = ent_clock_steady_ns();
        must(ent_pool_run(pool, job, r, r->b.n / STEP), "raw");
        double rate = (double)r->b.n / since(start);
        best = rate > best ? rate : best;
    }
    return best;
}

/* One after the other: by the key, as a signer that checks nothing would, and by the signer. */
static double one_by_one(const struct ent_signer *by, const struct raw *r)
{
    struct ent_statement st = {.pact_version = 1,
                               .author = "alpha",
                               .type = ENT_ST_RESULT,
                               .time = 1700000000,
                               .tlp = "TLP:AMBER+STRICT",
                               .media = "text/entente-match-result",
                               .body_n = 300};
    struct ent_signature sig;
    struct ent_buf note;
    uint64_t start = ent_clock_steady_ns();
    ent_buf_init(&note, TEXT_MAX);
    for (st.sequence = 1; st.sequence <= r->b.max; st.sequence++) {
        ent_buf_clear(&note);
        must(by == NULL ? ent_statement_encode(&note, &st)
                        : by->statement(by->ctx, &sig, &note, NULL, &st),
             "statement");
        must(by == NULL ? ent_note_sign_by(&note, note.n, AUTHOR, &author)
                        : ent_note_add(&note, note.n, AUTHOR, &sig.pk, sig.sig),
             "sign");
    }
    ent_buf_release(&note);
    return (double)r->b.max / since(start);
}

static void one_by_one_both(const struct raw *r)
{
    static struct ent_roster ro = {.first = 1, .versions = 1, .members = 1};
    struct ent_roster_member *m = &ro.member[0];
    const struct ent_signer_opts o = {
        .self = "alpha", .roster = &ro, .author = &author, .authors = 1, .log = &log_key};
    struct ent_signer *by = NULL;
    double best[2] = {0, 0};
    (void)snprintf(m->name, sizeof(m->name), "alpha");
    m->authors = m->logs = 1;
    m->author[0] = (struct ent_author_key){.pk = author.pk, .until = ENT_INDEX_NONE};
    m->log[0].generation = 1;
    ent_sign_public(&m->log[0].pk, &log_key);
    must(ent_signer_local(&by, NULL, &o), "signer");
    for (int i = 0; i < 2 * ROUNDS; i++) { /* in turns */
        double rate = one_by_one(i % 2 == 0 ? NULL : by, r);
        best[i % 2] = rate > best[i % 2] ? rate : best[i % 2];
    }
    ent_signer_local_free(by);
    report("by-key", "statements by the key, one thread", best[0], "/s", 0, true);
    report("by-signer", "the same by the signer, with its checks", best[1], "/s", 0, true);
    report("by-signer-share", "  of those by the key", 100 * best[1] / best[0], "%", 98, true);
}

static void raw_start(struct raw *r)
{
    struct ent_note *note = malloc(sizeof(*note));
    *r = (struct raw){.b = {.max = 4096, .first = 1}};
    r->b.t = calloc(r->b.max, sizeof(*r->b.t));
    r->sig = calloc(r->b.max, sizeof(*r->sig));
    r->text = calloc(r->b.max, sizeof(*r->text));
    if (note == NULL || r->b.t == NULL || r->sig == NULL || r->text == NULL)
        must(ENT_E_NOMEM, "raw");
    must(ent_pool_run(pool, sign_some, &r->b, r->b.max / STEP), "sign");
    r->b.n = r->b.max;
    for (size_t i = 0; i < r->b.n; i++) {
        must(ent_note_parse(note, ent_slice(r->b.t[i].b, r->b.t[i].n), NULL), "note");
        r->sig[i] = note->sig[0];
        r->text[i] = note->text;
    }
    free(note);
}

static void raw_end(struct raw *r)
{
    free(r->b.t);
    free(r->sig);
    free(r->text);
}

static void limits(struct ent_disk_real *disk)
{
    static uint8_t block[1u << 20];
    struct ent_hash32 h;
    uint64_t start = ent_clock_steady_ns(), n = 0;
    struct raw r;
    double raw = 0, by = 0, derived = 0, rate;
    raw_start(&r);
    for (int i = 0; i < ROUNDS; i++) { /* in turns */
        raw = (rate = raw_rate(&r, raw_sign, 1)) > raw ? rate : raw;
        by = (rate = raw_rate(&r, make_statements, 1)) > by ? rate : by;
        r.b.derive = true;
        derived = (rate = raw_rate(&r, make_statements, 1)) > derived ? rate : derived;
        r.b.derive = false;
    }
    report("raw-sign", "Ed25519 signatures, all threads", raw, "/s", 0, true);
    report("statements", "statements written and signed, all threads", by, "/s", 0, true);
    report("statements-derived", "the same, the public key derived for each", derived, "/s", 0,
           true);
    one_by_one_both(&r);
    raw_end(&r);
    for (start = ent_clock_steady_ns(), n = 0; since(start) < 0.5; n++)
        ent_sha256_of(&h, ent_slice(block, sizeof(block)));
    report("raw-sha256", "SHA-256, one thread", (double)n * sizeof(block) / 1e6 / since(start),
           "MB/s", 0, true);
    for (start = ent_clock_steady_ns(), n = 0; since(start) < 1; n++) {
        must(disk->disk.write(disk, "raw/sync", n * 4096, ent_slice(block, 4096)), "write");
        must(disk->disk.sync(disk, "raw/sync"), "sync");
    }
    report("raw-sync", "fdatasync of 4 KiB more", (double)n / since(start), "/s", 0, true);
}

/* --- audit -------------------------------------------------------------------------------------
 */

#define AUDIT_BATCH 4096u

/* One batch is read and hashed while the one before it is verified. */
struct audit {
    struct text *t[2];
    size_t n, verified; /* of the batch that is read, and of the other */
    unsigned now;
    pthread_t thread;
    bool running;
    enum ent_err err;
};

static enum ent_err audit_some(void *ctx, size_t job)
{
    const struct audit *a = ctx;
    const struct text *t = a->t[1 - a->now];
    struct ent_note *note = malloc(sizeof(*note));
    struct ent_statement st;
    enum ent_err r = note == NULL ? ENT_E_NOMEM : ENT_OK;
    for (size_t i = job * STEP; i < (job + 1) * STEP && i < a->verified && r == ENT_OK; i++) {
        if ((r = ent_note_parse(note, ent_slice(t[i].b, t[i].n), NULL)) == ENT_OK &&
            (r = ent_statement_parse(&st, note->text)) == ENT_OK)
            r = note->sigs == 1 && note->sig[0].sig_n == 64
                    ? ent_sign_check(&author.pk, note->sig[0].sig, note->text)
                    : ENT_E_AUTH;
    }
    free(note);
    return r;
}

static void *audit_batch(void *arg)
{
    struct audit *a = arg;
    a->err = ent_pool_run(pool, audit_some, a, (a->verified + STEP - 1) / STEP);
    return NULL;
}

static enum ent_err audit_wait(struct audit *a)
{
    if (a->running)
        (void)pthread_join(a->thread, NULL);
    a->running = false;
    return a->err;
}

static enum ent_err audit_start(struct audit *a)
{
    enum ent_err r = audit_wait(a);
    if (r != ENT_OK)
        return r;
    a->now = 1 - a->now;
    a->verified = a->n;
    a->n = 0;
    a->running = pthread_create(&a->thread, NULL, audit_batch, a) == 0;
    return a->running ? ENT_OK : ENT_E_NOMEM;
}

static enum ent_err audit_one(void *ctx, uint64_t index, struct ent_slice entry)
{
    struct audit *a = ctx;
    (void)index;
    if (entry.n > TEXT_MAX)
        return ENT_E_LIMIT;
    memcpy(a->t[a->now][a->n].b, entry.p, entry.n);
    a->t[a->now][a->n++].n = entry.n;
    return a->n == AUDIT_BATCH ? audit_start(a) : ENT_OK;
}

/* Raw rate and audit in turns, so that both see the same machine. */
static void audit(struct ent_log *log)
{
    struct audit a = {.n = 0};
    double best = 0, raw = 0, raw_cpu = 1e9, cpu = 1e9, took;
    struct raw r;
    for (size_t k = 0; k < 2; k++)
        if ((a.t[k] = calloc(AUDIT_BATCH, sizeof(struct text))) == NULL)
            must(ENT_E_NOMEM, "audit");
    raw_start(&r);
    for (int i = 0; i < 3; i++) {
        const char *file = NULL;
        uint64_t index = 0;
        double before = cpu_s(), rate = raw_rate(&r, raw_check, ROUNDS);
        took = (cpu_s() - before) / (double)(ROUNDS * r.b.n);
        raw_cpu = took < raw_cpu ? took : raw_cpu;
        raw = rate > raw ? rate : raw;
        before = cpu_s();
        uint64_t start = ent_clock_steady_ns();
        must(ent_tree_check(ent_log_tree(log), NULL, &file, &index, &a, audit_one), "audit");
        must(audit_start(&a), "audit");
        must(audit_wait(&a), "audit");
        rate = (double)ent_log_size(log) / since(start);
        best = rate > best ? rate : best;
        took = (cpu_s() - before) / (double)ent_log_size(log);
        cpu = took < cpu ? took : cpu;
    }
    raw_end(&r);
    free(a.t[0]);
    free(a.t[1]);
    report("raw-check", "Ed25519 verifications, all threads", raw, "/s", 0, true);
    report("audit", "audit: read, hashed, verified", best, "entries/s", 0, true);
    report("audit-share", "audit, of the raw verifications", 100 * best / raw, "%", 90, true);
    report("audit-share-cpu", "the same by processor time", 100 * raw_cpu / cpu, "%", 90, true);
}

/* --- ten million -------------------------------------------------------------------------------
 */

/* n times the same bytes. */
static void write_same(const struct ent_disk *d, const char *name, struct ent_slice s, uint64_t n)
{
    struct ent_buf b;
    uint64_t at = 0;
    ent_buf_init(&b, 4u << 20);
    for (uint64_t i = 0; i < n; i++) {
        must(ent_buf_put_slice(&b, s), "buffer");
        if (b.n + s.n > b.max || i + 1 == n) {
            must(d->write(d->ctx, name, at, ent_buf_slice(&b)), name);
            at += b.n;
            ent_buf_clear(&b);
        }
    }
    must(d->sync(d->ctx, name), name);
    ent_buf_release(&b);
}

static void write_offsets(const struct ent_disk *d, const char *name, uint64_t each, uint64_t n)
{
    struct ent_buf b;
    uint8_t v[8];
    uint64_t at = 0;
    ent_buf_init(&b, 4u << 20);
    for (uint64_t i = 0; i < n; i++) {
        ent_put_u64le(v, i * each);
        must(ent_buf_put(&b, v, sizeof(v)), "buffer");
        if (b.n + sizeof(v) > b.max || i + 1 == n) {
            must(d->write(d->ctx, name, at, ent_buf_slice(&b)), name);
            at += b.n;
            ent_buf_clear(&b);
        }
    }
    must(d->sync(d->ctx, name), name);
    ent_buf_release(&b);
}

/* A tree of n times one entry: all hashes of a level are the same. */
static void make_large(const struct ent_disk *d, uint64_t n, struct ent_hash32 *ret_root)
{
    static const uint8_t entry[12] = {'a', ' ', 's', 't', 'a', 't', 'e', 'm', 'e', 'n', 't', '\n'};
    uint8_t record[4 + sizeof(entry) + 4];
    struct ent_hash32 h, node[64];
    char name[32];
    ent_put_u32le(record, sizeof(entry));
    memcpy(record + 4, entry, sizeof(entry));
    ent_put_u32le(record + 4 + sizeof(entry), ent_crc32c(0, ent_slice(record, 4 + sizeof(entry))));
    write_same(d, "large/entries.dat", ent_slice(record, sizeof(record)), n);
    write_offsets(d, "large/entries.idx", sizeof(record), n);
    ent_merkle_leaf_hash(&node[0], ent_slice(entry, sizeof(entry)));
    for (unsigned i = 1; i < 64; i++)
        ent_merkle_node_hash(&node[i], &node[i - 1], &node[i - 1]);
    for (unsigned level = 0; n >> (8 * level) > 0; level++) {
        (void)snprintf(name, sizeof(name), "large/h%u", level);
        write_same(d, name, ent_slice(node[8 * level].b, 32), n >> (8 * level));
    }
    bool any = false;
    for (unsigned i = 0; i < 63; i++) { /* complete subtrees, the smallest first */
        if ((n >> i & 1) == 0)
            continue;
        if (any)
            ent_merkle_node_hash(&h, &node[i], &h);
        else
            h = node[i];
        any = true;
    }
    *ret_root = h;
}

/* Entries a second, flushed in thousands. */
static double append_rate(struct ent_tree *t)
{
    static const uint8_t entry[500] = {'x'};
    struct ent_hash32 root;
    uint64_t start = ent_clock_steady_ns(), n = 0;
    for (; since(start) < 1.5; n += 1000) {
        for (int i = 0; i < 1000; i++)
            must(ent_tree_append(t, ent_slice(entry, sizeof(entry))), "append");
        must(ent_tree_flush(t, NULL, &root), "flush");
    }
    return (double)n / since(start);
}

static void ten_million(struct ent_disk_real *disk)
{
    struct ent_hash32 root, none;
    struct ent_tree *big = NULL, *small = NULL;
    double best = 1e9, rate[2] = {0, 0};
    make_large(&disk->disk, large, &root);
    ent_sha256_of(&none, ent_slice(NULL, 0));
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = ent_clock_steady_ns();
        ent_tree_free(big);
        must(ent_tree_open(&big, NULL, &disk->disk, "large", large, &root, false), "large");
        double took = since(start);
        best = took < best ? took : best;
    }
    must(ent_tree_open(&small, NULL, &disk->disk, "small", 0, &none, false), "small");
    for (int i = 0; i < 3; i++) { /* in turns */
        double r = append_rate(small);
        rate[0] = r > rate[0] ? r : rate[0];
        r = append_rate(big);
        rate[1] = r > rate[1] ? r : rate[1];
    }
    ent_tree_free(big);
    ent_tree_free(small);
    report("open", "opening a large log", 1000 * best, "ms", 100, false);
    report("append-small", "appending to a small one, no signatures", rate[0], "/s", 0, true);
    report("append-large", "appending to a large one", rate[1], "/s", 0, true);
    report("append-share", "the one, of the other", 100 * rate[1] / rate[0], "%", 80, true);
}

/* As many as there are entries, and nothing else. */
static void only_raw(void)
{
    uint64_t n = 0;
    struct raw r;
    raw_start(&r);
    const uint64_t start = ent_clock_steady_ns();
    const double cpu = cpu_s();
    for (; n < entries; n += r.b.n)
        must(ent_pool_run(pool, raw_check, &r, r.b.n / STEP), "raw");
    (void)printf("%.0f %.9f\n", (double)n / since(start), (cpu_s() - cpu) / (double)n);
    raw_end(&r);
}

/* --- all of it ---------------------------------------------------------------------------------
 */

static bool options(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        uint64_t *to = strcmp(argv[i], "--entries") == 0   ? &entries
                       : strcmp(argv[i], "--seconds") == 0 ? &seconds
                       : strcmp(argv[i], "--large") == 0   ? &large
                       : strcmp(argv[i], "--raw") == 0     ? &raw_only
                                                           : NULL;
        if (to == NULL || i + 1 == argc ||
            ent_parse_u64(to, ent_slice_str(argv[i + 1]), 1u << 30) != ENT_OK || *to == 0)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct ent_disk_real disk;
    const char *tmp = getenv("TMPDIR"), *want = getenv("JSON");
    json = want != NULL && strcmp(want, "1") == 0;
    if (!options(argc, argv)) {
        (void)fputs("usage: ledger [--entries N] [--seconds S] [--large N]\n", stderr);
        return 2;
    }
    must(ent_secret_start(), "secrets");
    must(ent_pool_new(&pool, 0), "pool");
    ent_keypair_init(&author, &author_seed);
    if (raw_only != 0) {
        only_raw();
        ent_pool_free(pool);
        return 0;
    }
    int n =
        snprintf(dir, sizeof(dir), "%s/entente-bench-ledger-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    must(n > 0 && (size_t)n < sizeof(dir) && mkdtemp(dir) != NULL ? ENT_OK : ENT_E_IO, "directory");
    (void)atexit(clean_up);
    must(ent_disk_open(&disk, NULL, dir), "disk");
    (void)fprintf(stderr, "ledger: in %s, %u threads\n", dir, ent_pool_threads(pool));
    limits(&disk);
    struct ent_log *log = open_log(&disk, "log/1", "lock/1");
    durable(log, UINT32_MAX, (double)seconds, true);
    ent_log_free(log);
    log = open_log(&disk, "log/2", "lock/2");
    durable(log, entries, 1e9, false);
    audit(log);
    ent_log_free(log);
    ent_signer_local_free(signer);
    ten_million(&disk);
    ent_disk_close(&disk);
    ent_pool_free(pool);
    return 0;
}
