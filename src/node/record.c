/* record.c: the record of each match, in files of its own. */
#include "node/node.h"

#define RUN_MAX 57u /* bytes of a run's name */

static enum ent_err file_of(char ret[static ENT_RUN_FILE], const char *id, const char *name)
{
    int n = snprintf(ret, ENT_RUN_FILE, "runs/%s/%s", id, name);
    return n < 0 || n >= (int)ENT_RUN_FILE || strlen(id) > RUN_MAX ? ENT_E_LIMIT : ENT_OK;
}

static enum ent_err list_run(const struct ent_home *h, struct ent_buf *ret, const char *id)
{
    char folder[RUN_MAX + 8];
    (void)snprintf(folder, sizeof(folder), "runs/%s", id);
    return ent_home_list(h, ret, folder);
}

enum ent_err ent_home_run_file(const struct ent_home *h, struct ent_diag *d, const char *id,
                               const char *name, struct ent_slice bytes)
{
    char file[ENT_RUN_FILE];
    enum ent_err r = file_of(file, id, name);
    if (r != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    r = h->disk->replace(h->disk->ctx, file, bytes);
    return r == ENT_OK ? r : ent_disk_fail(d, r, "cannot create");
}

/* --- sums ---------------------------------------------------------------------------------------
 * As sha256sum(1) writes them, and the line that tells damage.
 */

#define SUMS     "sums"
#define SUMS_MAX 4096u
#define FILE_MAX (1u << 30)

static enum ent_err sum_of(const struct ent_home *h, struct ent_hash32 *ret, const char *id,
                           const char *name)
{
    char file[ENT_RUN_FILE];
    struct ent_buf b;
    enum ent_err r = file_of(file, id, name);
    ent_buf_init(&b, FILE_MAX);
    if (r == ENT_OK && (r = ent_home_load(h, &b, NULL, file)) == ENT_OK)
        ent_sha256_of(ret, ent_buf_slice(&b));
    ent_buf_wipe(&b);
    return r;
}

static enum ent_err put_sum(const struct ent_home *h, struct ent_buf *sums, const char *id,
                            const char *name)
{
    char hex[ENT_HEX_LEN(32)];
    struct ent_hash32 sum;
    enum ent_err r = sum_of(h, &sum, id, name);
    if (r != ENT_OK)
        return r;
    ent_hex_encode(hex, sum.b, 32);
    return ent_buf_printf(sums, "%s  %s\n", hex, name);
}

enum ent_err ent_home_run_seal(const struct ent_home *h, struct ent_diag *d, const char *id)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf sums, names;
    ent_buf_init(&sums, SUMS_MAX);
    enum ent_err r = list_run(h, &names, id);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name))
        if (strcmp(name, SUMS) != 0)
            r = put_sum(h, &sums, id, name);
    if (r != ENT_OK)
        r = ent_disk_fail(d, r, "cannot read the files of a match");
    else if ((r = ent_check_add(&sums)) == ENT_OK)
        r = ent_home_run_file(h, d, id, SUMS, ent_buf_slice(&sums));
    ent_buf_release(&sums);
    ent_buf_release(&names);
    return r;
}

static enum ent_err damaged(char ret[static ENT_RUN_FILE], struct ent_diag *d, const char *id,
                            const char *name, const char *text)
{
    (void)snprintf(ret, ENT_RUN_FILE, "runs/%.64s/%.64s", id, name);
    return ent_fail(d, ENT_E_AUTH, text, 0, 0);
}

static enum ent_err check_sum(const struct ent_home *h, char ret[static ENT_RUN_FILE],
                              struct ent_diag *d, const char *id, struct ent_slice line)
{
    char name[64];
    struct ent_hash32 want, sum;
    if (line.n <= 66 || line.n - 66 >= sizeof(name) ||
        ent_hex_decode(want.b, 32, ent_slice(line.p, 64)) != ENT_OK)
        return damaged(ret, d, id, SUMS, "a line that is none");
    (void)snprintf(name, sizeof(name), "%.*s", (int)(line.n - 66), (const char *)line.p + 66);
    enum ent_err r = sum_of(h, &sum, id, name);
    if (r == ENT_E_NOTFOUND || (r == ENT_OK && memcmp(sum.b, want.b, 32) != 0))
        return damaged(ret, d, id, name, "not what it was when the match ended");
    return r == ENT_OK ? r : ent_fail(d, r, "cannot read a file of a match", 0, 0);
}

/* A run without sums never came to its end here. */
enum ent_err ent_home_run_check(const struct ent_home *h, char ret[static ENT_RUN_FILE],
                                struct ent_diag *d, const char *id)
{
    char file[ENT_RUN_FILE];
    struct ent_slice lines, line;
    struct ent_buf sums;
    enum ent_err r;
    ent_buf_init(&sums, SUMS_MAX);
    if ((r = file_of(file, id, SUMS)) != ENT_OK || (r = ent_home_load(h, &sums, d, file)) != ENT_OK)
        goto out;
    lines = ent_buf_slice(&sums);
    if (ent_check_take(&lines) != ENT_OK)
        r = damaged(ret, d, id, SUMS, "the file is damaged: its last line is not the sum of it");
    struct ent_cur c = ent_cur(lines);
    while (r == ENT_OK && ent_cur_line(&c, &line) == ENT_OK)
        r = check_sum(h, ret, d, id, line);
out:
    ent_buf_release(&sums);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

void ent_home_run_drop(const struct ent_home *h, const char *id)
{
    char name[ENT_DISK_NAME_MAX], file[ENT_RUN_FILE];
    struct ent_buf names;
    enum ent_err r = list_run(h, &names, id);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name))
        if (file_of(file, id, name) == ENT_OK)
            (void)h->disk->remove(h->disk->ctx, file);
    if (file_of(file, id, SUMS) == ENT_OK) {
        *strrchr(file, '/') = '\0';
        (void)h->disk->remove(h->disk->ctx, file);
    }
    ent_buf_release(&names);
}
