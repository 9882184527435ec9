/* record.c: the record of each match, in files of its own. */
#include "node/node.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

static enum ent_err run_dir(const struct ent_home *h, char ret[static ENT_PATH_MAX], const char *id)
{
    char under[64];
    int n = snprintf(under, sizeof(under), "runs/%s", id);
    return n < 0 || (size_t)n >= sizeof(under) ? ENT_E_LIMIT : ent_home_path(h, ret, under);
}

enum ent_err ent_home_run_file(const struct ent_home *h, struct ent_diag *d, const char *id,
                               const char *name, struct ent_slice bytes)
{
    char dir[ENT_PATH_MAX], path[ENT_PATH_MAX];
    enum ent_err r;
    if ((r = run_dir(h, dir, id)) != ENT_OK ||
        (r = ent_path_join(path, sizeof(path), dir, name)) != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return ent_fail_sys(d, "cannot make a directory");
    return ent_file_write(path, bytes, 0600, d);
}

/* --- sums ---------------------------------------------------------------------------------------
 * As sha256sum(1) writes them, and the line that tells damage.
 */

#define SUMS     "sums"
#define SUMS_MAX 4096u
#define FILE_MAX (1u << 30)

static enum ent_err sum_of(struct ent_hash32 *ret, const char *dir, const char *name)
{
    char path[ENT_PATH_MAX];
    struct ent_buf b;
    enum ent_err r = ent_path_join(path, sizeof(path), dir, name);
    ent_buf_init(&b, FILE_MAX);
    if (r == ENT_OK && (r = ent_file_read(&b, NULL, path)) == ENT_OK)
        ent_sha256_of(ret, ent_buf_slice(&b));
    ent_buf_wipe(&b);
    return r;
}

static enum ent_err put_sum(struct ent_buf *sums, const char *dir, const char *name)
{
    char hex[ENT_HEX_LEN(32)];
    struct ent_hash32 sum;
    enum ent_err r = sum_of(&sum, dir, name);
    if (r != ENT_OK)
        return r;
    ent_hex_encode(hex, sum.b, 32);
    return ent_buf_printf(sums, "%s  %s\n", hex, name);
}

enum ent_err ent_home_run_seal(const struct ent_home *h, struct ent_diag *d, const char *id)
{
    char dir[ENT_PATH_MAX];
    struct ent_buf sums;
    struct dirent **e = NULL;
    enum ent_err r = run_dir(h, dir, id);
    if (r != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    ent_buf_init(&sums, SUMS_MAX);
    int n = scandir(dir, &e, NULL, alphasort);
    if (n < 0)
        r = ent_fail_sys(d, "cannot read a directory");
    for (int i = 0; i < n; i++) {
        if (r == ENT_OK && e[i]->d_name[0] != '.' && strcmp(e[i]->d_name, SUMS) != 0)
            r = put_sum(&sums, dir, e[i]->d_name);
        free(e[i]);
    }
    free(e);
    if (r == ENT_OK && (r = ent_check_add(&sums)) == ENT_OK)
        r = ent_home_run_file(h, d, id, SUMS, ent_buf_slice(&sums));
    ent_buf_release(&sums);
    return r;
}

static enum ent_err damaged(char ret[static ENT_RUN_FILE], struct ent_diag *d, const char *id,
                            const char *name, const char *text)
{
    (void)snprintf(ret, ENT_RUN_FILE, "runs/%.64s/%.64s", id, name);
    return ent_fail(d, ENT_E_AUTH, text, 0, 0);
}

static enum ent_err check_sum(char ret[static ENT_RUN_FILE], struct ent_diag *d, const char *dir,
                              const char *id, struct ent_slice line)
{
    char name[64];
    struct ent_hash32 want, sum;
    if (line.n <= 66 || line.n - 66 >= sizeof(name) ||
        ent_hex_decode(want.b, 32, ent_slice(line.p, 64)) != ENT_OK)
        return damaged(ret, d, id, SUMS, "a line that is none");
    (void)snprintf(name, sizeof(name), "%.*s", (int)(line.n - 66), (const char *)line.p + 66);
    enum ent_err r = sum_of(&sum, dir, name);
    if (r == ENT_E_NOTFOUND || (r == ENT_OK && memcmp(sum.b, want.b, 32) != 0))
        return damaged(ret, d, id, name, "not what it was when the match ended");
    return r == ENT_OK ? r : ent_fail(d, r, "cannot read a file of a match", 0, 0);
}

/* A run without sums never came to its end here. */
enum ent_err ent_home_run_check(const struct ent_home *h, char ret[static ENT_RUN_FILE],
                                struct ent_diag *d, const char *id)
{
    char dir[ENT_PATH_MAX], path[ENT_PATH_MAX];
    struct ent_slice lines, line;
    struct ent_buf sums;
    enum ent_err r;
    ent_buf_init(&sums, SUMS_MAX);
    if ((r = run_dir(h, dir, id)) != ENT_OK ||
        (r = ent_path_join(path, sizeof(path), dir, SUMS)) != ENT_OK ||
        (r = ent_file_read(&sums, d, path)) != ENT_OK)
        goto out;
    lines = ent_buf_slice(&sums);
    if (ent_check_take(&lines) != ENT_OK)
        r = damaged(ret, d, id, SUMS, "the file is damaged: its last line is not the sum of it");
    struct ent_cur c = ent_cur(lines);
    while (r == ENT_OK && ent_cur_line(&c, &line) == ENT_OK)
        r = check_sum(ret, d, dir, id, line);
out:
    ent_buf_release(&sums);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

void ent_home_run_drop(const struct ent_home *h, const char *id)
{
    char path[ENT_PATH_MAX];
    struct dirent *e;
    DIR *dir = run_dir(h, path, id) == ENT_OK ? opendir(path) : NULL;
    if (dir == NULL)
        return;
    while ((e = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), e->d_name, 0); /* fails for "." and "..", which stay */
    (void)closedir(dir);
    (void)rmdir(path);
}
