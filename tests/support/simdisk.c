/* simdisk.c: see simdisk.h. */
#include "tests/support/simdisk.h"
#include "tests/support/t.h"

#define FILE_MAX (64u << 20)

struct file {
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf now, safe; /* as it reads; as it was synced */
    bool gone, whole;         /* whole: one of the two, and nothing between */
};

struct ent_simdisk {
    struct ent_disk disk;
    struct file *file;
    size_t files, cap;
    uint64_t calls, writes, room;
    uint64_t fail_at, crash_at;           /* numbers of calls; 0: never */
    enum ent_err fail_with, replace_with; /* replace_with: the next one; ENT_OK: nothing */
    bool hit, dead;
};

static void put(struct ent_buf *b, struct ent_slice s)
{
    assert_ok(ent_buf_put_slice(b, s));
}

static void set(struct ent_buf *b, struct ent_slice s)
{
    ent_buf_clear(b);
    put(b, s);
}

static struct file *find(const struct ent_simdisk *s, const char *name)
{
    for (size_t i = 0; i < s->files; i++)
        if (!s->file[i].gone && strcmp(s->file[i].name, name) == 0)
            return (struct file *)&s->file[i];
    return NULL;
}

static struct file *make(struct ent_simdisk *s, const char *name)
{
    for (size_t i = 0; i < s->files; i++)
        if (strcmp(s->file[i].name, name) == 0) {
            s->file[i].gone = false;
            return &s->file[i];
        }
    if (s->files == s->cap) {
        s->cap = s->cap == 0 ? 16 : 2 * s->cap;
        s->file = reallocarray(s->file, s->cap, sizeof(*s->file));
        assert_non_null(s->file);
    }
    struct file *f = &s->file[s->files++];
    memset(f, 0, sizeof(*f));
    int n = snprintf(f->name, sizeof(f->name), "%s", name);
    assert_true(n > 0 && (size_t)n < sizeof(f->name));
    ent_buf_init(&f->now, FILE_MAX);
    ent_buf_init(&f->safe, FILE_MAX);
    return f;
}

/* --- power ---------------------------------------------------------------------------------------
 */

static void keep(struct file *f)
{
    set(&f->safe, ent_buf_slice(&f->now));
    f->whole = false;
}

/* What a disk holds of a file for which only `safe` was promised. */
static void mix(struct file *f)
{
    struct ent_buf m;
    size_t lo = f->now.n < f->safe.n ? f->now.n : f->safe.n;
    size_t hi = f->now.n > f->safe.n ? f->now.n : f->safe.n;
    size_t n = lo + (size_t)ent_t_below(hi - lo + 1), run = 0;
    unsigned kind = 0, way = (unsigned)ent_t_below(4); /* 0: as synced, 1: all of it */
    ent_buf_init(&m, FILE_MAX);
    way = f->whole ? way % 2 : way;
    f->whole = false;
    n = way == 0 ? f->safe.n : way == 1 ? f->now.n : n;
    uint8_t *to = NULL;
    assert_ok(ent_buf_reserve(&m, &to, n));
    m.n = n;
    for (size_t i = 0; i < n; i++) {
        if (run == 0) {
            run = 1 + (size_t)ent_t_below(ent_t_below(2) == 0 ? 16 : 600);
            kind = way < 2 ? way : (unsigned)ent_t_below(4);
        }
        run--;
        uint8_t old = i < f->safe.n ? f->safe.p[i] : kind == 3 ? (uint8_t)ent_t_rand() : 0;
        to[i] = kind == 1 && i < f->now.n ? f->now.p[i] : old;
    }
    set(&f->now, ent_buf_slice(&m));
    set(&f->safe, ent_buf_slice(&m));
    ent_buf_release(&m);
}

void ent_simdisk_restart(struct ent_simdisk *s)
{
    for (size_t i = 0; i < s->files; i++)
        mix(&s->file[i]);
    s->fail_at = s->crash_at = 0;
    s->replace_with = ENT_OK;
    s->dead = s->hit = false;
}

/* Every call begins here: ENT_OK when it is to be done. */
static enum ent_err call(struct ent_simdisk *s, bool writes)
{
    if (s->dead)
        return ENT_E_IO;
    s->calls++;
    s->writes += writes;
    if (s->calls == s->crash_at) {
        s->hit = s->dead = true;
        return ENT_E_IO;
    }
    if (s->calls != s->fail_at)
        return ENT_OK;
    s->hit = true;
    return s->fail_with;
}

/* --- struct ent_disk -----------------------------------------------------------------------------
 */

static enum ent_err sim_size(void *ctx, uint64_t *ret, const char *name)
{
    enum ent_err r = call(ctx, false);
    const struct file *f = find(ctx, name);
    if (r == ENT_OK)
        *ret = f == NULL ? 0 : f->now.n;
    return r;
}

static enum ent_err sim_read(void *ctx, void *ret, size_t n, const char *name, uint64_t offset)
{
    enum ent_err r = call(ctx, false);
    const struct file *f = find(ctx, name);
    if (r != ENT_OK)
        return r;
    if (f == NULL || offset > f->now.n || n > f->now.n - offset)
        return ENT_E_NOTFOUND;
    if (n > 0)
        memcpy(ret, f->now.p + offset, n);
    return ENT_OK;
}

static uint64_t used(const struct ent_simdisk *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->files; i++)
        n += s->file[i].now.n;
    return n;
}

static enum ent_err sim_write(void *ctx, const char *name, uint64_t offset, struct ent_slice bytes)
{
    struct ent_simdisk *s = ctx;
    if (s->dead)
        return ENT_E_IO;
    enum ent_err r = call(s, true);
    bool half = r != ENT_OK;
    struct file *f = make(s, name);
    if (f->whole) /* its name is there for good before anything is written */
        keep(f);
    assert_true(offset <= f->now.n); /* it would be a hole */
    if (half)
        bytes.n = (size_t)ent_t_below(bytes.n + 1);
    uint64_t over = offset + bytes.n > f->now.n ? offset + bytes.n - f->now.n : 0, had = used(s);
    if (s->room < had || over > s->room - had) {
        bytes.n -= (size_t)(over - (s->room < had ? 0 : s->room - had));
        r = r == ENT_OK ? ENT_E_FULL : r;
    }
    size_t in = (size_t)(f->now.n - offset) < bytes.n ? (size_t)(f->now.n - offset) : bytes.n;
    if (in > 0)
        memcpy(f->now.p + offset, bytes.p, in);
    put(&f->now, ent_slice(bytes.p + in, bytes.n - in));
    return r;
}

static enum ent_err sim_cut(void *ctx, const char *name, uint64_t size)
{
    struct ent_simdisk *s = ctx;
    if (s->dead)
        return ENT_E_IO;
    enum ent_err r = call(s, true);
    struct file *f = find(s, name);
    assert_true(size <= (f == NULL ? 0 : f->now.n));
    if (f != NULL && (r == ENT_OK || ent_t_below(2) == 0))
        f->now.n = (size_t)size;
    return r;
}

static enum ent_err sim_sync(void *ctx, const char *name)
{
    struct ent_simdisk *s = ctx;
    if (s->dead)
        return ENT_E_IO;
    enum ent_err r = call(s, true);
    struct file *f = find(s, name);
    if (f == NULL)
        return r == ENT_OK ? ENT_E_NOTFOUND : r;
    if (r == ENT_OK)
        keep(f);
    else if (!s->dead && !f->whole)
        mix(f);
    return r;
}

static enum ent_err sim_replace(void *ctx, const char *name, struct ent_slice bytes)
{
    struct ent_simdisk *s = ctx;
    if (s->dead)
        return ENT_E_IO;
    enum ent_err r = call(s, true);
    struct file *f = make(s, name);
    if (r == ENT_OK && s->replace_with != ENT_OK) {
        s->hit = true;
        r = s->replace_with;
        s->replace_with = ENT_OK;
    }
    if (r == ENT_OK && bytes.n > f->now.n && bytes.n - f->now.n > s->room - used(s))
        return ENT_E_FULL;
    if (r != ENT_OK && (r == ENT_E_FULL || ent_t_below(3) == 0))
        return r;
    set(&f->now, bytes);
    f->whole = true;
    if (r == ENT_OK || ent_t_below(2) == 0)
        keep(f);
    return r;
}

static enum ent_err sim_create(void *ctx, const char *name, struct ent_slice bytes)
{
    return find(ctx, name) != NULL ? ENT_E_EXISTS : sim_replace(ctx, name, bytes);
}

/* Whether a file is below this folder; rest is then what follows its '/'. */
static bool is_below(const struct file *f, const char *folder, const char **rest)
{
    size_t n = strlen(folder);
    *rest = f->name + n + 1;
    return !f->gone && strncmp(f->name, folder, n) == 0 && f->name[n] == '/';
}

static enum ent_err sim_remove(void *ctx, const char *name)
{
    struct ent_simdisk *s = ctx;
    enum ent_err r = call(s, true);
    if (r != ENT_OK)
        return r;
    if (find(s, name) == NULL)
        return ENT_E_NOTFOUND;
    ent_simdisk_remove(s, name);
    return ENT_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum ent_err sim_list(void *ctx, struct ent_buf *ret, const char *folder)
{
    struct ent_simdisk *s = ctx;
    const char *rest;
    size_t n = 0;
    enum ent_err r = call(s, false);
    if (r != ENT_OK)
        return r;
    char **name = calloc(s->files + 1, sizeof(*name));
    assert_non_null(name);
    for (size_t i = 0; i < s->files; i++)
        if (is_below(&s->file[i], folder, &rest))
            assert_non_null(name[n++] = strndup(rest, strcspn(rest, "/")));
    qsort(name, n, sizeof(*name), by_bytes);
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        if (i == 0 || strcmp(name[i], name[i - 1]) != 0)
            r = ent_buf_printf(ret, "%s\n", name[i]);
    for (size_t i = 0; i < n; i++)
        free(name[i]);
    free(name);
    return n == 0 ? ENT_E_NOTFOUND : r;
}

/* One process has a disk in memory. */
static enum ent_err sim_lock(void *ctx, const char *name, enum ent_disk_lock how)
{
    const struct ent_simdisk *s = ctx;
    (void)name;
    (void)how;
    return s->dead ? ENT_E_IO : ENT_OK;
}

/* --- the test's side -----------------------------------------------------------------------------
 */

struct ent_simdisk *ent_simdisk_new(void)
{
    struct ent_simdisk *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->disk = (struct ent_disk){s,           sim_size,   sim_read,   sim_write, sim_cut, sim_sync,
                                sim_replace, sim_create, sim_remove, sim_list,  sim_lock};
    s->room = UINT64_MAX;
    return s;
}

void ent_simdisk_free(struct ent_simdisk *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->files; i++) {
        ent_buf_release(&s->file[i].now);
        ent_buf_release(&s->file[i].safe);
    }
    free(s->file);
    free(s);
}

struct ent_simdisk *ent_simdisk_copy(const struct ent_simdisk *s)
{
    struct ent_simdisk *c = ent_simdisk_new();
    for (size_t i = 0; i < s->files; i++)
        if (!s->file[i].gone)
            ent_simdisk_set(c, s->file[i].name, ent_buf_slice(&s->file[i].now));
    return c;
}

const struct ent_disk *ent_simdisk_disk(struct ent_simdisk *s)
{
    return &s->disk;
}

uint64_t ent_simdisk_calls(const struct ent_simdisk *s)
{
    return s->calls;
}

uint64_t ent_simdisk_writes(const struct ent_simdisk *s)
{
    return s->writes;
}

void ent_simdisk_fail(struct ent_simdisk *s, uint64_t n, enum ent_err e)
{
    s->fail_at = n == 0 ? 0 : s->calls + n;
    s->fail_with = e;
    s->replace_with = ENT_OK;
    s->hit = false;
}

void ent_simdisk_fail_replace(struct ent_simdisk *s, enum ent_err e)
{
    ent_simdisk_fail(s, 0, ENT_OK);
    s->replace_with = e;
}

void ent_simdisk_crash(struct ent_simdisk *s, uint64_t n)
{
    s->crash_at = n == 0 ? 0 : s->calls + n;
    s->hit = false;
}

bool ent_simdisk_hit(const struct ent_simdisk *s)
{
    return s->hit;
}

void ent_simdisk_room(struct ent_simdisk *s, uint64_t bytes)
{
    s->room = bytes;
}

const char *ent_simdisk_name(const struct ent_simdisk *s, size_t i)
{
    return i < s->files ? s->file[i].name : NULL;
}

struct ent_slice ent_simdisk_file(const struct ent_simdisk *s, const char *name)
{
    const struct file *f = find(s, name);
    return f == NULL ? ent_slice(NULL, 0) : ent_buf_slice(&f->now);
}

void ent_simdisk_set(struct ent_simdisk *s, const char *name, struct ent_slice bytes)
{
    struct file *f = make(s, name);
    set(&f->now, bytes);
    set(&f->safe, bytes);
}

void ent_simdisk_flip(struct ent_simdisk *s, const char *name, uint64_t bit)
{
    struct file *f = find(s, name);
    assert_true(f != NULL && bit / 8 < f->now.n);
    f->now.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    f->safe.p[bit / 8] = f->now.p[bit / 8];
}

void ent_simdisk_remove(struct ent_simdisk *s, const char *name)
{
    struct file *f = find(s, name);
    assert_non_null(f);
    f->now.n = f->safe.n = 0;
    f->gone = true;
}
