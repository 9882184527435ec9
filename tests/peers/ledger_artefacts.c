/*
 * ledger_artefacts.c: what Entente writes of logs, into files, for other implementations to check;
 * and what it says of a cosignature that another implementation made.
 *
 *     write DIR                    static trees of statements, receipts, requests to witnesses, a
 *                                  policy, and verifier keys; same bytes every time
 *     cosigned NOTE ANSWER VKEY    the answer of a witness for this head: "ok <time>"
 *     submit DIR PORT              as a node does, to bob's witness on this port of 127.0.0.1; the
 *                                  head is then in DIR/home/log/1/checkpoint, cosigned
 */
#include "ledger/ledger.h"
#include "ledger/log.h"
#include "ledger/view.h"
#include "node/files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define MEMBERS 4u
#define LARGE   600u   /* statements: three tiles, the last one partial */
#define DEEP    66000u /* entries that are no statements: more than 256 full tiles */
#define TIME    1795328503

#define MUST(x) ENT_ASSERT((x) == ENT_OK)

static const char *const member[MEMBERS] = {"alice", "bob", "carol", "dave"};
static struct ent_roster roster;
static struct ent_seed32 author_seed, log_seed[3], witness_seed[MEMBERS]; /* log: by generation */
static char dir[1024];

static struct ent_seed32 seed_of(uint8_t what, uint8_t who)
{
    struct ent_seed32 s;
    memset(s.b, what, sizeof(s.b));
    s.b[0] = who;
    return s;
}

static void make_roster(void)
{
    memset(&roster.pact, 0x5A, sizeof(roster.pact));
    roster.versions = 1;
    roster.version[0] = roster.pact;
    roster.k = 3; /* of the three others */
    roster.members = MEMBERS;
    author_seed = seed_of('a', 0);
    for (uint8_t i = 0; i < MEMBERS; i++) {
        struct ent_roster_member *m = &roster.member[i];
        (void)snprintf(m->name, sizeof(m->name), "%s", member[i]);
        witness_seed[i] = seed_of('w', i);
        ent_sign_public(&m->witness, &witness_seed[i]);
        m->panel = true;
    }
    struct ent_roster_member *alice = &roster.member[0];
    alice->authors = 1;
    alice->author[0].until = ENT_INDEX_NONE;
    ent_sign_public(&alice->author[0].pk, &author_seed);
    for (uint8_t g = 1; g <= 2; g++) {
        log_seed[g] = seed_of('l', g);
        alice->log[g - 1].generation = g;
        ent_sign_public(&alice->log[g - 1].pk, &log_seed[g]);
    }
    alice->logs = 2;
}

/* --- files --------------------------------------------------------------------------------------
 */

/* dir/name; folders come to be. */
static void put_file(const char *name, struct ent_slice bytes)
{
    char path[2048];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
    ENT_ASSERT(n > 0 && (size_t)n < sizeof(path));
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        ENT_ASSERT(mkdir(path, 0777) == 0 || errno == EEXIST);
        *p = '/';
    }
    FILE *f = fopen(path, "wb");
    ENT_ASSERT(f != NULL && fwrite(bytes.p, 1, bytes.n, f) == bytes.n && fclose(f) == 0);
}

static void put_key(const char *file, const char *name, enum ent_sig_type type,
                    const struct ent_pubkey *pk)
{
    struct ent_vkey key = {.type = type, .pk = *pk};
    struct ent_buf b;
    (void)snprintf(key.name, sizeof(key.name), "%s", name);
    ent_buf_init(&b, 1024);
    MUST(ent_vkey_encode(&b, &key));
    MUST(ent_buf_putc(&b, '\n'));
    put_file(file, ent_buf_slice(&b));
    ent_buf_release(&b);
}

static void put_keys(void)
{
    char name[ENT_LOG_ORIGIN], file[64];
    ent_key_name(name, "alice", "author");
    put_key("keys/author", name, ENT_SIG_NOTE, &roster.member[0].author[0].pk);
    for (unsigned g = 1; g <= 2; g++) {
        ent_roster_origin(&roster, name, "alice", g);
        (void)snprintf(file, sizeof(file), "keys/log-%u", g);
        put_key(file, name, ENT_SIG_NOTE, &roster.member[0].log[g - 1].pk);
    }
    for (unsigned i = 0; i < MEMBERS; i++) {
        ent_key_name(name, member[i], "witness");
        (void)snprintf(file, sizeof(file), "keys/%s", member[i]);
        put_key(file, name, ENT_SIG_COSIGN, &roster.member[i].witness);
    }
}

/* --- a log --------------------------------------------------------------------------------------
 */

struct log {
    unsigned generation;
    char origin[ENT_LOG_ORIGIN], dir[32], lock[32];
    struct ent_disk_real disk;
    struct ent_signer_lock said;
    struct ent_signer *signer;
    struct ent_log *log;
};

/* In dir/home, as a node has it. */
static void log_start(struct log *log, unsigned generation)
{
    char home[2048];
    log->generation = generation;
    ent_roster_origin(&roster, log->origin, "alice", generation);
    (void)snprintf(log->dir, sizeof(log->dir), "log/%u", generation);
    (void)snprintf(log->lock, sizeof(log->lock), "lock/%u", generation);
    (void)snprintf(home, sizeof(home), "%s/home", dir);
    ENT_ASSERT(mkdir(home, 0777) == 0 || errno == EEXIST);
    MUST(ent_disk_open(&log->disk, NULL, home));
    log->said = (struct ent_signer_lock){&log->disk.disk, "alice", log->lock};
    const struct ent_signer_opts signer = {.self = "alice",
                                           .roster = &roster,
                                           .origin = log->origin,
                                           .log = &log_seed[generation],
                                           .witness = &witness_seed[0],
                                           .given = {&log->said, ent_signer_lock_last, NULL}};
    MUST(ent_signer_local(&log->signer, NULL, &signer));
    const struct ent_log_opts opts = {.disk = &log->disk.disk,
                                      .dir = log->dir,
                                      .lock = log->lock,
                                      .origin = log->origin,
                                      .signer = log->signer,
                                      .alone = true};
    MUST(ent_log_open(&log->log, NULL, &opts));
}

static void log_end(struct log *log)
{
    ent_log_free(log->log);
    ent_signer_local_free(log->signer);
    ent_disk_close(&log->disk);
}

static void log_add(struct log *log, struct ent_slice entry, const struct ent_salt32 *salt,
                    struct ent_slice body)
{
    uint64_t index;
    MUST(ent_log_append(log->log, &index, entry, salt, body));
}

static void add_statement(struct log *log, uint64_t number)
{
    struct ent_salt32 salt;
    char body[64], name[ENT_NAME_MAX + 16];
    struct ent_statement st = {.pact_version = 1,
                               .pact = roster.pact,
                               .author = "alice",
                               .sequence = number + 1,
                               .type = ENT_ST_REPORT,
                               .time = TIME + (int64_t)number,
                               .tlp = "TLP:GREEN",
                               .media = "text/plain"};
    int n = snprintf(body, sizeof(body), "report number %llu", (unsigned long long)number);
    struct ent_slice text = {(const uint8_t *)body, (size_t)n};
    struct ent_buf note;
    memset(salt.b, (int)(number & 0xFF), sizeof(salt.b));
    ent_heads_none(&st.heads);
    ent_commit(&st.policy, &salt, ent_slice("", 0));
    ent_commit(&st.body, &salt, text);
    st.body_n = text.n;
    ent_buf_init(&note, ENT_NOTE_MAX);
    ent_key_name(name, "alice", "author");
    MUST(ent_statement_encode(&note, &st));
    MUST(ent_note_sign(&note, note.n, name, &author_seed));
    log_add(log, ent_buf_slice(&note), &salt, text);
    ent_buf_release(&note);
}

/* The head, cosigned by the first so many of the others. */
static void make_head(struct ent_buf *b, const struct log *log, unsigned cosigned)
{
    char name[ENT_NAME_MAX + 16];
    struct ent_slice head = ent_log_head(log->log);
    const uint8_t *end = memmem(head.p, head.n, "\n\n", 2);
    ENT_ASSERT(end != NULL);
    MUST(ent_buf_put_slice(b, head));
    for (unsigned i = 1; i <= cosigned; i++) {
        ent_key_name(name, member[i], "witness");
        MUST(ent_cosign_sign(b, (size_t)(end - head.p) + 1, name, &witness_seed[i],
                             TIME + (int64_t)i));
    }
}

/* --- static trees -------------------------------------------------------------------------------
 */

static void put_tile(struct log *log, const char *root, const struct ent_tile *t)
{
    char path[ENT_TILE_PATH_MAX], name[192];
    struct ent_buf b;
    ent_buf_init(&b, 16u << 20);
    MUST(ent_tree_get(ent_log_tree(log->log), &b, *t));
    MUST(ent_tile_path(path, t));
    (void)snprintf(name, sizeof(name), "%s/%s", root, path);
    put_file(name, ent_buf_slice(&b));
    ent_buf_release(&b);
}

static void put_tree(struct log *log, const char *root)
{
    const uint64_t size = ent_log_size(log->log);
    struct ent_buf head;
    char name[128];
    for (unsigned l = 0; size >> (8 * l) > 0; l++) {
        uint64_t hashes = size >> (8 * l);
        for (uint64_t i = 0; i < hashes; i += ENT_TILE_WIDTH) {
            uint64_t left = hashes - i;
            struct ent_tile t = {.level = l, .n = i / ENT_TILE_WIDTH};
            t.width = left < ENT_TILE_WIDTH ? (unsigned)left : ENT_TILE_WIDTH;
            put_tile(log, root, &t);
            t.entries = true;
            if (l == 0)
                put_tile(log, root, &t);
        }
    }
    ent_buf_init(&head, ENT_NOTE_MAX);
    make_head(&head, log, MEMBERS - 1);
    (void)snprintf(name, sizeof(name), "%s/checkpoint", root);
    put_file(name, ent_buf_slice(&head));
    ent_buf_release(&head);
}

/* --- receipts, requests -------------------------------------------------------------------------
 */

static void put_receipt(struct log *log, uint64_t size, uint64_t index)
{
    struct ent_tree *tree = ent_log_tree(log->log);
    const struct ent_merkle_source source = ent_tree_source(tree);
    struct ent_receipt r = {.index = index};
    struct ent_receipt_says says;
    struct ent_buf entry, head, b;
    char name[128];
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    ent_buf_init(&head, ENT_NOTE_MAX);
    ent_buf_init(&b, ENT_RECEIPT_MAX);
    MUST(ent_tree_entry(tree, &entry, NULL, index));
    make_head(&head, log, MEMBERS - 1);
    r.entry = ent_buf_slice(&entry);
    r.head = ent_buf_slice(&head);
    MUST(ent_merkle_prove_inclusion(&r.proof, index, size, &source));
    MUST(ent_receipt_encode(&b, &r));
    MUST(ent_receipt_check(&r, &says, &roster, NULL));
    (void)snprintf(name, sizeof(name), "receipts/%llu-%llu.tlog-proof", (unsigned long long)size,
                   (unsigned long long)index);
    put_file(name, ent_buf_slice(&b));
    ent_buf_release(&entry);
    ent_buf_release(&head);
    ent_buf_release(&b);
}

static void put_receipts(struct log *log)
{
    const uint64_t size = ent_log_size(log->log);
    const uint64_t at[] = {0, 1, 127, 128, 255, 256, 257, 511, 512, size / 2, size - 1};
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
        if (at[i] < size)
            put_receipt(log, size, at[i]);
}

/* add-checkpoint of tlog-witness. */
static void put_request(struct log *log, uint64_t old)
{
    const struct ent_merkle_source source = ent_tree_source(ent_log_tree(log->log));
    const uint64_t size = ent_log_size(log->log);
    struct ent_merkle_proof proof = {.n = 0};
    struct ent_buf b, head;
    char b64[ENT_BASE64_LEN(32)], name[128];
    ent_buf_init(&b, ENT_RECEIPT_MAX);
    ent_buf_init(&head, ENT_NOTE_MAX);
    make_head(&head, log, 0);
    if (old > 0)
        MUST(ent_merkle_prove_consistency(&proof, old, size, &source));
    MUST(ent_buf_printf(&b, "old %llu\n", (unsigned long long)old));
    for (size_t i = 0; i < proof.n; i++) {
        ent_base64_encode(b64, proof.hash[i].b, 32);
        MUST(ent_buf_printf(&b, "%s\n", b64));
    }
    MUST(ent_buf_putc(&b, '\n'));
    MUST(ent_buf_put_slice(&b, ent_buf_slice(&head)));
    (void)snprintf(name, sizeof(name), "requests/%llu-%llu", (unsigned long long)old,
                   (unsigned long long)size);
    put_file(name, ent_buf_slice(&b));
    (void)snprintf(name, sizeof(name), "heads/%llu", (unsigned long long)size);
    put_file(name, ent_buf_slice(&head));
    ent_buf_release(&b);
    ent_buf_release(&head);
}

static void put_policy(void)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    MUST(ent_policy_encode(&b, &roster, "alice"));
    put_file("policy", ent_buf_slice(&b));
    ent_buf_release(&b);
}

static void write_statements(void)
{
    static const uint64_t sizes[] = {1, 2, 3, 4, 7, 8, 128, 255, 256, 257, 512, LARGE};
    static struct log log;
    char name[64];
    uint64_t size = 0;
    log_start(&log, 1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t old = size;
        for (; size < sizes[i]; size++)
            add_statement(&log, size);
        MUST(ent_log_commit(log.log, NULL));
        (void)snprintf(name, sizeof(name), "tree-%llu", (unsigned long long)size);
        put_tree(&log, name);
        put_receipts(&log);
        put_request(&log, old);
    }
    log_end(&log);
}

static void write_deep(void)
{
    static const struct ent_salt32 salt;
    static struct log log;
    char entry[16];
    log_start(&log, 2);
    for (unsigned i = 0; i < DEEP; i++) {
        int n = snprintf(entry, sizeof(entry), "%u", i);
        log_add(&log, ent_slice(entry, (size_t)n), &salt, ent_slice("", 0));
        if (i == DEEP / 2)
            MUST(ent_log_commit(log.log, NULL));
    }
    MUST(ent_log_commit(log.log, NULL));
    put_tree(&log, "deep");
    log_end(&log);
}

/* --- the answer of a witness --------------------------------------------------------------------
 */

static int cosigned(const char *head, const char *answer, const char *vkey)
{
    static struct ent_note note;
    struct ent_vkey key;
    struct ent_buf b;
    int64_t time = 0;
    enum ent_err r;
    ent_buf_init(&b, ENT_NOTE_MAX);
    if ((r = ent_vkey_parse(&key, ent_slice_str(vkey), NULL)) != ENT_OK ||
        (r = ent_file_read(&b, NULL, head)) != ENT_OK ||
        (r = ent_file_read(&b, NULL, answer)) != ENT_OK ||
        (r = ent_note_parse(&note, ent_buf_slice(&b), NULL)) != ENT_OK ||
        (r = ent_cosign_check(&note, &time, key.name, &key.pk)) != ENT_OK)
        (void)printf("%s\n", ent_err_str(r));
    else
        (void)printf("ok %lld\n", (long long)time);
    ent_buf_release(&b);
    return r == ENT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- to a witness -------------------------------------------------------------------------------
 */

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ENT_ASSERT(fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

/* HTTP/1.0: the answer ends with the connection. */
static enum ent_err ask(void *ctx, unsigned *ret_status, struct ent_buf *answer, const char *whose,
                        const char *method, const char *path, struct ent_slice body)
{
    struct ent_buf b;
    struct ent_cur status;
    uint8_t digits[3], *p;
    ssize_t n = 0;
    int fd = connect_to(*(const uint16_t *)ctx);
    ent_buf_init(&b, 1u << 20);
    (void)whose;
    MUST(ent_buf_printf(&b, "%s %s HTTP/1.0\r\nContent-Length: %zu\r\n\r\n", method, path, body.n));
    MUST(ent_buf_put_slice(&b, body));
    MUST(ent_fd_write(fd, ent_buf_slice(&b)));
    ent_buf_clear(&b);
    do {
        MUST(ent_buf_reserve(&b, &p, 4096));
        n = recv(fd, p, 4096, 0);
        ENT_ASSERT(n >= 0);
        b.n += (size_t)n;
    } while (n > 0);
    (void)close(fd);
    status = ent_cur(ent_buf_slice(&b));
    MUST(ent_cur_expect(&status, ENT_SLICE_LIT("HTTP/1.0 ")));
    MUST(ent_cur_copy(&status, digits, sizeof(digits)));
    *ret_status = (digits[0] - '0') * 100u + (digits[1] - '0') * 10u + (digits[2] - '0');
    p = memmem(b.p, b.n, "\r\n\r\n", 4);
    ENT_ASSERT(p != NULL);
    MUST(ent_buf_put(answer, p + 4, b.n - (size_t)(p + 4 - b.p)));
    (void)printf("%s %s: %u\n", method, path, *ret_status);
    ent_buf_release(&b);
    return ENT_OK;
}

static int submit(uint16_t port)
{
    static struct log log;
    struct ent_wire wire = {&port, ask};
    struct ent_view *view;
    struct ent_diag d = {0};
    roster.member[0].logs = 1; /* the newest is the one that is submitted */
    log_start(&log, 1);
    const struct ent_view_opts opts = {
        .disk = &log.disk.disk, .self = "alice", .own = log.log, .signer = log.signer};
    MUST(ent_view_new(&view, &d, &roster, &opts));
    enum ent_err r = ent_view_submit(view, &d, &wire, "bob", TIME);
    (void)printf("%s%s%s\n", ent_err_str(r), d.text == NULL ? "" : ": ",
                 d.text == NULL ? "" : d.text);
    ent_view_free(view);
    log_end(&log);
    return r == ENT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    uint64_t port;
    if (ent_secret_start() != ENT_OK || argc < 3)
        return EXIT_FAILURE;
    struct ent_slice what = ent_slice_str(argv[1]);
    if (argc == 5 && ent_slice_eq(what, ENT_SLICE_LIT("cosigned")))
        return cosigned(argv[2], argv[3], argv[4]);
    (void)snprintf(dir, sizeof(dir), "%s", argv[2]);
    make_roster();
    if (argc == 4 && ent_slice_eq(what, ENT_SLICE_LIT("submit")) &&
        ent_parse_u64(&port, ent_slice_str(argv[3]), UINT16_MAX) == ENT_OK)
        return submit((uint16_t)port);
    if (argc != 3 || !ent_slice_eq(what, ENT_SLICE_LIT("write")))
        return EXIT_FAILURE;
    put_keys();
    put_policy();
    write_statements();
    write_deep();
    return EXIT_SUCCESS;
}
