/*
 * directory.c: which files of a directory are read. Only what lies in it directly; nothing hidden;
 * nothing that rotation made of another file that is there, or was read already.
 */
#include "sensor/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define NAMES_MAX 1000000u

/* table */
static const char *const packed_endings[] = {".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip", ".Z"};

/* The length of the name without the ending of a compressed file. */
static size_t unpacked_length(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof(packed_endings) / sizeof(packed_endings[0]); i++) {
        size_t k = strlen(packed_endings[i]);
        if (n > k && strcmp(name + n - k, packed_endings[i]) == 0)
            return n - k;
    }
    return n;
}

bool ent_is_rotated_name(const char *name, const char *base)
{
    size_t n = strlen(base), end = unpacked_length(name);
    if (strncmp(name, base, n) != 0 || end < n + 2 || (name[n] != '.' && name[n] != '-') ||
        name[n + 1] < '0' || name[n + 1] > '9')
        return false;
    return strspn(name + n, "0123456789.-_:TZ") >= end - n;
}

void ent_names_release(struct ent_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct ent_names){0};
}

static enum ent_err put(struct ent_names *names, const char *name)
{
    if (names->n == NAMES_MAX)
        return ENT_E_LIMIT;
    if (names->n == names->cap) {
        size_t cap = names->cap == 0 ? 64 : 2 * names->cap;
        char **grown = realloc(names->name, cap * sizeof(*grown));
        if (grown == NULL)
            return ENT_E_NOMEM;
        names->name = grown;
        names->cap = cap;
    }
    char *copy = strdup(name);
    if (copy == NULL)
        return ENT_E_NOMEM;
    names->name[names->n++] = copy;
    return ENT_OK;
}

bool ent_is_output(const struct stat *st)
{
    struct stat out;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &out) == 0 && S_ISREG(out.st_mode) && out.st_ino == st->st_ino &&
            out.st_dev == st->st_dev)
            return true;
    return false;
}

static bool is_wanted(int dir, const char *name, bool no_packed)
{
    char base[256];
    struct stat st;
    size_t n = unpacked_length(name);
    if (name[0] == '.' || fstatat(dir, name, &st, 0) != 0 || !S_ISREG(st.st_mode) ||
        ent_is_output(&st))
        return false;
    if (name[n] == '\0')
        return true;
    if (no_packed || n >= sizeof(base))
        return false;
    memcpy(base, name, n);
    base[n] = '\0';
    return faccessat(dir, base, F_OK, 0) != 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum ent_err ent_directory_read(struct ent_names *ret, struct ent_diag *d, const char *path,
                                bool no_packed)
{
    struct dirent *e;
    enum ent_err r = ENT_OK;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return ent_fail_sys(d, "cannot read the directory");
    while (r == ENT_OK && (errno = 0, e = readdir(dir)) != NULL)
        if (is_wanted(dirfd(dir), e->d_name, no_packed))
            r = put(ret, e->d_name);
    if (r == ENT_OK && errno != 0)
        r = ent_fail_sys(d, "cannot read the directory");
    else if (r == ENT_E_LIMIT)
        r = ent_fail(d, r, "too many files", 0, 0);
    (void)closedir(dir);
    if (r == ENT_OK && ret->n > 0)
        qsort(ret->name, ret->n, sizeof(*ret->name), by_name);
    return r;
}
