/* upgrade.c: see upgrade.h. */
#include "node/upgrade.h"

#include "node/node.h"

#include "proc/proc.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define AT_ONCE 64u /* objects that are in memory */

/* --- reading ------------------------------------------------------------------------------------
 */

struct reading {
    struct ent_stix_sayer *sayer;
    struct ent_buf gists; /* of some objects: seq, length, and as it is encoded */
    struct ent_buf one;
    bool found;
};

static enum ent_err take_gist(void *ctx, const struct ent_stix_object *o, bool *ret_use)
{
    struct reading *x = ctx;
    ent_buf_clear(&x->one);
    x->found = true;
    *ret_use = false;
    return ent_stix_gist_encode(&x->one, &o->gist);
}

static enum ent_err take_nothing(void *ctx, const struct ent_indicator *ind)
{
    (void)ctx, (void)ind;
    return ENT_OK;
}

static enum ent_err skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)ctx, (void)line, (void)reason, (void)what;
    return ENT_OK;
}

static enum ent_err withdraw(void *ctx, struct ent_slice id)
{
    (void)ctx, (void)id;
    return ENT_OK;
}

static enum ent_err gist_of(struct reading *x, struct ent_slice bytes)
{
    static const struct ent_import_opts opts = {.format = ENT_FORMAT_STIX, .confidence = -1};
    const struct ent_import_sink sink = {x, take_nothing, skip, withdraw, take_gist};
    struct ent_slice rest = bytes;
    struct ent_stix_gist g = {.is_20 = false};
    struct ent_diag d;
    x->found = false;
    enum ent_err r = ent_intel_read(ent_reader_mem(&rest), &opts, &sink, NULL, &d);
    if (r != ENT_OK && r != ENT_E_FORMAT && r != ENT_E_LIMIT)
        return r;
    if (r == ENT_OK && x->found)
        return ENT_OK;
    ent_buf_clear(&x->one);
    if ((r = ent_stix_said(x->sayer, g.said32, bytes)) == ENT_OK)
        r = ent_stix_gist_encode(&x->one, &g);
    return r;
}

static enum ent_err read_one(void *ctx, uint64_t seq, struct ent_slice bytes)
{
    struct reading *x = ctx;
    enum ent_err r = gist_of(x, bytes);
    uint64_t head[2] = {seq, x->one.n};
    if (r == ENT_OK)
        r = ent_buf_put(&x->gists, head, sizeof(head));
    return r == ENT_OK ? ent_buf_put_slice(&x->gists, ent_buf_slice(&x->one)) : r;
}

/* --- writing ------------------------------------------------------------------------------------
 */

static enum ent_err write_all(struct ent_store *s, const struct reading *x)
{
    enum ent_err r = ENT_OK;
    for (size_t at = 0; at < x->gists.n && r == ENT_OK;) {
        struct ent_stix_gist g;
        uint64_t head[2];
        memcpy(head, x->gists.p + at, sizeof(head));
        at += sizeof(head);
        r = ent_stix_gist_parse(&g, ent_slice(x->gists.p + at, head[1]));
        if (r == ENT_OK)
            r = ent_store_object_gist(s, head[0], &g);
        at += head[1];
    }
    return r;
}

static enum ent_err upgrade(struct ent_store *s, struct reading *x)
{
    enum ent_err r = ent_store_ungisted(s, 1, read_one, x);
    if (r != ENT_OK || x->gists.n == 0)
        return r;
    if ((r = ent_store_begin(s)) != ENT_OK)
        return r;
    do {
        ent_buf_clear(&x->gists);
        if ((r = ent_store_ungisted(s, AT_ONCE, read_one, x)) == ENT_OK)
            r = write_all(s, x);
    } while (r == ENT_OK && x->gists.n > 0);
    if (r == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}

enum ent_err ent_upgrade(struct ent_store *s, struct ent_diag *d)
{
    struct reading x = {.sayer = NULL};
    ent_buf_init(&x.gists, AT_ONCE * (ENT_STIX_GIST_MOST + 2 * sizeof(uint64_t)));
    ent_buf_init(&x.one, ENT_STIX_GIST_MOST);
    enum ent_err r = ent_stix_sayer_new(&x.sayer);
    if (r == ENT_OK)
        r = upgrade(s, &x);
    ent_stix_sayer_free(x.sayer);
    ent_buf_release(&x.gists);
    ent_buf_release(&x.one);
    return r == ENT_OK
               ? r
               : ent_fail(d, r, "what an earlier version kept could not be read again", 0, 0);
}

/* --- apart --------------------------------------------------------------------------------------
 */

static enum ent_err work(const char *home, pid_t parent)
{
    char place[PATH_MAX]; /* from / on, where the sandbox goes */
    const struct ent_sandbox_path path = {place, true};
    struct ent_sandbox box = *ent_sandbox_of("keeper");
    struct ent_sandbox_state state;
    struct ent_store *s = NULL;
    struct ent_diag d;
    struct stat st;
    char file[ENT_PATH_MAX];
    if (realpath(home, place) == NULL || stat(place, &st) != 0)
        return ent_err_from_errno(errno);
    enum ent_err r = ent_path_join(file, sizeof(file), place, "store.db");
    if (r != ENT_OK)
        return r;
    box.paths = &path;
    box.n_paths = 1;
    if (geteuid() == 0) { /* whoever's home it is, as the keeper */
        box.uid = st.st_uid;
        box.gid = st.st_gid;
        box.stay_root = st.st_uid == 0;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        return ENT_E_IO;
    if ((r = ent_sandbox_enter(&state, &d, &box)) == ENT_OK &&
        (r = ent_store_open(&s, &d, file)) == ENT_OK)
        r = ent_upgrade(s, &d);
    ent_store_close(s);
    return r;
}

enum ent_err ent_upgrade_apart(struct ent_diag *d, const char *home)
{
    const pid_t parent = getpid();
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit((int)work(home, parent));
    if (pid < 0)
        return ent_fail_sys(d, "cannot start the process that upgrades the store");
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return ent_fail_sys(d, "the process that upgrades the store");
    enum ent_err r = WIFEXITED(status) ? (enum ent_err)WEXITSTATUS(status) : ENT_E_PEER;
    return r == ENT_OK ? r : ent_fail(d, r, "the store cannot be opened or upgraded", 0, 0);
}
