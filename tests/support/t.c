/* t.c: support for unit tests. */
#include "tests/support/t.h"

#include <ftw.h>
#include <inttypes.h>

static uint64_t state;
static char tmpdir[64];

void ent_t_start(const char *name)
{
    const char *seed = getenv("ENT_SEED");
    if (ent_secret_start() != ENT_OK)
        ENT_BUG("no randomness");
    ent_random(&state, sizeof(state));
    if (seed != NULL)
        state = strtoull(seed, NULL, 10);
    printf("# %s: ENT_SEED=%" PRIu64 "\n", name, state);
    cmocka_set_message_output(CM_OUTPUT_TAP);
}

void ent_t_seed(uint64_t seed)
{
    state = seed;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t ent_t_rand(void)
{
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t ent_t_below(uint64_t n)
{
    return ent_t_rand() % n;
}

struct ent_slice ent_t_file(const char *path)
{
    static struct ent_buf kept[64];
    static size_t used;
    struct ent_buf *b = &kept[used++ % 64];
    ent_buf_release(b);
    ent_buf_init(b, 256u << 20);
    if (ent_file_read(b, NULL, path) != ENT_OK) {
        printf("# cannot read %s\n", path);
        fail();
    }
    return ent_buf_slice(b);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void remove_tmpdir(void)
{
    (void)nftw(tmpdir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *ent_t_tmpdir(void)
{
    if (tmpdir[0] == '\0') {
        (void)snprintf(tmpdir, sizeof(tmpdir), "/tmp/entente-test-XXXXXX");
        if (mkdtemp(tmpdir) == NULL)
            ENT_BUG("mkdtemp");
        (void)atexit(remove_tmpdir);
    }
    return tmpdir;
}
