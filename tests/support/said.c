/* said.c: see said.h. */
#include "tests/support/said.h"
#include "tests/support/t.h"

const struct ent_seed32 said_key = {{1}}, said_other_key = {{2}};

/* --- what is said ------------------------------------------------------------------------------
 */

static char said_text[SAID_MOST][48];
struct ent_hash32 said_root[SAID_MOST + 1];

struct ent_slice said_entry(uint64_t i)
{
    return ent_slice(said_text[i], strlen(said_text[i]));
}

struct ent_salt32 said_salt(uint64_t i)
{
    struct ent_salt32 s;
    memset(s.b, 0x5A, sizeof(s.b));
    ent_put_u64le(s.b, i);
    return s;
}

/* Some are empty, and some entries have none. */
static struct ent_slice said_body(uint64_t i)
{
    return ent_slice(said_text[i], (i * 5) % 13);
}

bool said_has_body(uint64_t i)
{
    return i % 7 != 3;
}

int said_setup(void **state)
{
    struct ent_merkle m;
    (void)state;
    ent_merkle_init(&m);
    for (unsigned i = 0; i < SAID_MOST; i++) {
        ent_merkle_root(&m, &said_root[i]);
        (void)snprintf(said_text[i], sizeof(said_text[i]), "statement %u, said by alpha", i);
        ent_merkle_leaf(&m, said_entry(i));
    }
    ent_merkle_root(&m, &said_root[SAID_MOST]);
    return 0;
}

/* The last few live. */
static struct ent_signer *new_signer(struct ent_simdisk *s)
{
    static struct {
        struct ent_signer *signer;
        struct ent_signer_lock lock;
    } made[16];
    static size_t used;
    size_t i = used++ % (sizeof(made) / sizeof(made[0]));
    ent_signer_local_free(made[i].signer);
    made[i].lock = (struct ent_signer_lock){ent_simdisk_disk(s), "alpha", "lock/1"};
    const struct ent_signer_opts o = {.self = "alpha",
                                      .origin = SAID_ORIGIN,
                                      .log = &said_key,
                                      .given = {&made[i].lock, ent_signer_lock_last, NULL}};
    assert_ok(ent_signer_local(&made[i].signer, NULL, &o));
    return made[i].signer;
}

struct ent_log_opts said_opts(struct ent_simdisk *s, bool alone)
{
    return (struct ent_log_opts){.disk = ent_simdisk_disk(s),
                                 .dir = "log/1",
                                 .lock = "lock/1",
                                 .origin = SAID_ORIGIN,
                                 .signer = new_signer(s),
                                 .alone = alone};
}

struct ent_log *said_open(struct ent_simdisk *s, bool alone)
{
    const struct ent_log_opts o = said_opts(s, alone);
    struct ent_log *log = NULL;
    struct ent_diag d = {0};
    enum ent_err r = ent_log_open(&log, &d, &o);
    if (r != ENT_OK)
        printf("# %s, %llu\n", d.text, (unsigned long long)d.offset);
    assert_ok(r);
    return log;
}

void said_append(struct ent_log *log, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        const struct ent_salt32 salt = said_salt(i);
        uint64_t index = 0;
        assert_ok(ent_log_append(log, &index, said_entry(i), said_has_body(i) ? &salt : NULL,
                                 said_has_body(i) ? said_body(i) : ent_slice(NULL, 0)));
        assert_int_equal(index, i);
    }
}

void said_grow(struct ent_log *log, uint64_t size)
{
    struct ent_diag d = {0};
    said_append(log, ent_log_size(log), size);
    enum ent_err r = ent_log_commit(log, &d);
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
    assert_int_equal(ent_log_size(log), size);
}

void said_state(const struct ent_log *log, enum ent_log_state want)
{
    assert_string_equal(ent_log_state_text(ent_log_state(log)), ent_log_state_text(want));
}

/* A head of our history, or of another one, signed by the log or somebody else. */
struct ent_slice said_head_by(uint64_t size, const struct ent_hash32 *root, const char *origin,
                              const struct ent_seed32 *by)
{
    static struct ent_buf b[8];
    static size_t used;
    const struct ent_checkpoint cp = {ent_slice_str(origin), size, *root};
    struct ent_buf *n = &b[used++ % 8];
    ent_buf_release(n);
    ent_buf_init(n, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(n, &cp));
    assert_ok(ent_note_sign(n, n->n, origin, by));
    return ent_buf_slice(n);
}

struct ent_slice said_head(uint64_t size)
{
    return said_head_by(size, &said_root[size], SAID_ORIGIN, &said_key);
}

void said_check(struct ent_log *log)
{
    const char *file = "none";
    uint64_t index = 0;
    struct ent_diag d = {0};
    enum ent_err r = ent_log_check(log, &d, &file, &index, NULL, NULL);
    if (r != ENT_OK)
        printf("# %s: %s, %llu\n", file, d.text, (unsigned long long)index);
    assert_ok(r);
}

/* The head is the one that must be there, and every act. bodies: those that are still known. */
void said_acts(struct ent_log *log, uint64_t size, uint64_t bodies)
{
    struct ent_buf b;
    char want[256], salt[ENT_BASE64_LEN(32)];
    ent_buf_init(&b, 1u << 16);
    assert_int_equal(ent_log_size(log), size);
    if (size > 0)
        assert_true(ent_slice_eq(ent_log_head(log), said_head(size)));
    else
        assert_int_equal(ent_log_head(log).n, 0);
    for (uint64_t i = 0; i < size; i++) {
        struct ent_salt32 s = said_salt(i);
        ent_buf_clear(&b);
        ent_base64_encode(salt, s.b, sizeof(s.b));
        bool there = said_has_body(i) && i < bodies;
        assert_err(ent_log_act(log, &b, NULL, i), there ? ENT_OK : ENT_E_NOTFOUND);
        int n = there ? snprintf(want, sizeof(want), "%s\nsalt %s\n%.*s", said_text[i], salt,
                                 (int)said_body(i).n, said_text[i])
                      : snprintf(want, sizeof(want), "%s", said_text[i]);
        assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice(want, (size_t)n)));
    }
    ent_buf_release(&b);
}

/* A copy of one that is made once for each size. */
struct ent_simdisk *said_disk(uint64_t size)
{
    static struct ent_simdisk *made[SAID_MOST]; /* as long as the process */
    if (made[size] != NULL)
        return ent_simdisk_copy(made[size]);
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_log *log = said_open(s, true);
    said_grow(log, size);
    ent_log_free(log);
    made[size] = s;
    return ent_simdisk_copy(s);
}

enum ent_err said_mirror(void *ctx, struct ent_buf *b, uint64_t index)
{
    const uint64_t *lie = ctx;
    if (lie != NULL && *lie == index)
        return ent_buf_puts(b, "never said");
    if (lie != NULL && *lie == SAID_MOST + index)
        return ENT_E_PEER;
    return ent_buf_put_slice(b, said_entry(index));
}
