/* look.c: /proc/PID/stat, status and limits. All are opened below the process's directory, which
 * stays its own when the number is given to another one. */
#include "proc/proc.h"

#include <fcntl.h>
#include <sys/stat.h>

#define TEXT_MAX 8192u
#define STARTED  22u /* fields of stat, from 1 */
#define PARENT   4u
#define STATE    3u

/* --- stat ------------------------------------------------------------------------------------- */

/* Up to the next blank. */
static struct ent_slice word(struct ent_slice *text)
{
    const uint8_t *end = text->n == 0 ? NULL : memchr(text->p, ' ', text->n);
    size_t n = end == NULL ? text->n : (size_t)(end - text->p);
    struct ent_slice w = ent_slice(text->p, n);
    n += end != NULL;
    *text = ent_slice(text->p + n, text->n - n);
    return w;
}

enum ent_err ent_proc_stat_parse(struct ent_proc_seen *ret, struct ent_slice text)
{
    /* "PID (NAME) S PARENT ...", and NAME may be anything. */
    const uint8_t *from = text.n == 0 ? NULL : memchr(text.p, '(', text.n);
    const uint8_t *to = text.n == 0 ? NULL : memrchr(text.p, ')', text.n);
    uint64_t parent = 0;
    if (from == NULL || to == NULL || to < from || (size_t)(to - from) > sizeof(ret->name) ||
        (size_t)(to - text.p) + 2 > text.n)
        return ENT_E_FORMAT;
    memset(ret->name, 0, sizeof(ret->name));
    memcpy(ret->name, from + 1, (size_t)(to - from) - 1);
    struct ent_slice rest = ent_slice(to + 2, text.n - (size_t)(to + 2 - text.p));
    for (unsigned i = STATE; i <= STARTED; i++) {
        const struct ent_slice w = word(&rest);
        if (i == STATE && (ent_slice_eq(w, ENT_SLICE_LIT("Z")) || /* ended, and not waited for */
                           ent_slice_eq(w, ENT_SLICE_LIT("X"))))
            return ENT_E_NOTFOUND;
        if (i == PARENT && ent_parse_u64(&parent, w, INT32_MAX) != ENT_OK)
            return ENT_E_FORMAT;
        if (i == STARTED && ent_parse_u64(&ret->start, w, INT64_MAX) != ENT_OK)
            return ENT_E_FORMAT;
    }
    ret->parent = (pid_t)parent;
    return ENT_OK;
}

/* --- status ----------------------------------------------------------------------------------- */

/* What stands behind the name and a tab. Names of processes have no line ends there. */
static bool field(struct ent_slice *ret, struct ent_slice text, const char *name)
{
    struct ent_cur c = ent_cur(text);
    while (ent_cur_line(&c, ret) == ENT_OK) {
        const size_t n = strlen(name);
        if (ret->n <= n || memcmp(ret->p, name, n) != 0 || ret->p[n] != '\t')
            continue;
        *ret = ent_slice(ret->p + n + 1, ret->n - n - 1);
        return true;
    }
    return false;
}

static bool read_uids(struct ent_proc_seen *ret, struct ent_slice text)
{
    uint64_t uid[4]; /* real, effective, saved, of files */
    for (int i = 0; i < 4; i++) {
        const uint8_t *end = text.n == 0 ? NULL : memchr(text.p, '\t', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p);
        if (ent_parse_u64(&uid[i], ent_slice(text.p, n), UINT32_MAX) != ENT_OK)
            return false;
        n += end != NULL;
        text = ent_slice(text.p + n, text.n - n);
    }
    ret->uid = (uid_t)uid[1];
    ret->other_uids = uid[0] != uid[1] || uid[2] != uid[1] || uid[3] != uid[1];
    return text.n == 0;
}

static bool read_caps(uint64_t *ret, struct ent_slice text)
{
    uint8_t b[8];
    if (ent_hex_decode(b, sizeof(b), text) != ENT_OK)
        return false;
    for (size_t i = 0; i < sizeof(b); i++)
        *ret = *ret << 8 | b[i];
    return true;
}

enum ent_err ent_proc_status_parse(struct ent_proc_seen *ret, struct ent_slice text)
{
    struct ent_slice v;
    uint64_t effective = 0, permitted = 0, flag;
    if (!field(&v, text, "Uid:") || !read_uids(ret, v) || !field(&v, text, "CapEff:") ||
        !read_caps(&effective, v) || !field(&v, text, "CapPrm:") || !read_caps(&permitted, v))
        return ENT_E_FORMAT;
    ret->caps = effective | permitted;
    /* Kernels that cannot do it do not name it. */
    ret->no_new_privs =
        field(&v, text, "NoNewPrivs:") && ent_parse_u64(&flag, v, 1) == ENT_OK && flag == 1;
    ret->seccomp =
        field(&v, text, "Seccomp:") && ent_parse_u64(&flag, v, 2) == ENT_OK ? (unsigned)flag : 0;
    return ENT_OK;
}

/* --- limits ----------------------------------------------------------------------------------- */

enum ent_err ent_proc_limits_parse(struct ent_proc_seen *ret, struct ent_slice text)
{
    static const struct ent_slice name = ENT_SLICE_LIT("Max data size ");
    struct ent_cur c = ent_cur(text);
    struct ent_slice line, w;
    while (ent_cur_line(&c, &line) == ENT_OK) {
        if (line.n < name.n || memcmp(line.p, name.p, name.n) != 0)
            continue;
        line = ent_slice_trim(ent_slice(line.p + name.n, line.n - name.n));
        w = word(&line); /* the soft one, which is what stops it */
        ret->data_max = UINT64_MAX;
        return ent_slice_eq(w, ENT_SLICE_LIT("unlimited"))
                   ? ENT_OK
                   : ent_parse_u64(&ret->data_max, w, UINT64_MAX);
    }
    return ENT_E_FORMAT;
}

/* --- all -------------------------------------------------------------------------------------- */

/* Who ended in between cannot be read any more. */
static enum ent_err read_text(int dir, const char *name, char *buf, size_t *ret_n, uid_t *ret_owner)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    if (fd >= 0 && fstat(fd, &st) == 0)
        n = read(fd, buf, TEXT_MAX);
    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return ENT_E_NOTFOUND;
    *ret_n = (size_t)n;
    *ret_owner = st.st_uid;
    return ENT_OK;
}

static int64_t time_of(uint64_t ticks)
{
    struct timespec up = {0};
    const long hz = sysconf(_SC_CLK_TCK);
    (void)clock_gettime(CLOCK_BOOTTIME, &up);
    return hz <= 0 ? 0 : ent_clock_now() - (up.tv_sec - (int64_t)(ticks / (uint64_t)hz));
}

enum ent_err ent_proc_look(struct ent_proc_seen *ret, pid_t pid)
{
    struct ent_proc_seen seen = {.parent = 0};
    char text[TEXT_MAX], path[32];
    size_t n;
    uid_t owner = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return ENT_E_NOTFOUND;
    enum ent_err r = read_text(dir, "stat", text, &n, &owner);
    if (r == ENT_OK && (r = ent_proc_stat_parse(&seen, ent_slice(text, n))) == ENT_OK &&
        (r = read_text(dir, "status", text, &n, &owner)) == ENT_OK)
        r = ent_proc_status_parse(&seen, ent_slice(text, n));
    if (r == ENT_OK && (r = read_text(dir, "limits", text, &n, &owner)) == ENT_OK)
        r = ent_proc_limits_parse(&seen, ent_slice(text, n));
    (void)close(dir);
    if (r != ENT_OK)
        return r;
    /* The files of one that nobody may look into are root's (proc(5)). */
    seen.dumpable_known = seen.uid != 0;
    seen.dumpable = owner == seen.uid;
    seen.since = time_of(seen.start);
    *ret = seen;
    return ENT_OK;
}
