/* image.c: making the image of a home's indicators, and following it while it is in use. */
#include "node/node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define KEY_MODE   0400
#define CHECK_NS   1000000000u
#define STOP_EVERY 1024u /* indicators between two looks at job->stop */

/* --- the key ------------------------------------------------------------------------------------
 */

static enum ent_err read_key(struct ent_seed32 *ret, struct ent_diag *d, const char *path)
{
    struct ent_buf b;
    ent_buf_init(&b, 1024);
    enum ent_err r = ent_file_read(&b, d, path);
    if (r == ENT_OK && (r = ent_image_key_parse(ret, ent_buf_slice(&b))) != ENT_OK)
        r = ent_fail(d, r, "keys/image is malformed: without it, another one is made", 0, 0);
    ent_buf_wipe(&b);
    return r;
}

enum ent_err ent_home_image_key(const struct ent_home *h, struct ent_seed32 *ret,
                                struct ent_diag *d)
{
    char path[ENT_PATH_MAX];
    struct ent_seed32 fresh;
    struct ent_buf b;
    enum ent_err r = ent_home_path(h, path, "keys/image");
    if (r != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    if ((r = read_key(ret, d, path)) != ENT_E_NOTFOUND)
        return r;
    ent_buf_init(&b, 1024);
    ent_random(fresh.b, sizeof(fresh.b));
    if ((r = ent_image_key_encode(&b, &fresh)) == ENT_OK)
        r = ent_file_create(path, ent_buf_slice(&b), KEY_MODE, d);
    if (r == ENT_OK)
        *ret = fresh;
    else if (r == ENT_E_EXISTS) /* another process was first */
        r = read_key(ret, d, path);
    ent_buf_wipe(&b);
    ent_wipe(&fresh, sizeof(fresh));
    return r;
}

/* --- opening ------------------------------------------------------------------------------------
 */

enum ent_err ent_home_image_open(const struct ent_home *h, struct ent_watch **ret,
                                 struct ent_diag *d)
{
    char path[ENT_PATH_MAX];
    struct ent_seed32 key;
    enum ent_err r = ent_home_path(h, path, "keys/image");
    if (r == ENT_OK && (r = read_key(&key, d, path)) != ENT_OK)
        return r;
    if (r != ENT_OK || (r = ent_home_path(h, path, ENT_IMAGE_NAME)) != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    r = ent_image_open(ret, d, path, &key);
    ent_wipe(&key, sizeof(key));
    return r;
}

enum ent_err ent_home_image_is_current(struct ent_store *s, bool *ret,
                                       const struct ent_watch *image)
{
    struct ent_mark16 mark;
    enum ent_err r = ent_store_mark(s, &mark);
    if (r == ENT_OK)
        *ret = memcmp(mark.b, ent_image_facts_of(image)->mark, sizeof(mark.b)) == 0;
    return r;
}

static void say(const struct ent_image_job *job, enum ent_image_event what, enum ent_err e,
                const struct ent_diag *d)
{
    if (job->say != NULL)
        job->say(job->ctx, what, e, d);
}

/* The image that is there, if it can be used for this store; ENT_E_NOTFOUND when one must be made.
 */
static enum ent_err open_current(const struct ent_home *h, struct ent_store *s,
                                 struct ent_watch **ret, struct ent_diag *d,
                                 const struct ent_image_job *job)
{
    struct ent_diag why = {0};
    struct ent_watch *w = NULL;
    bool current = false;
    enum ent_err r = ent_home_image_open(h, &w, &why);
    if (r != ENT_OK && r != ENT_E_NOTFOUND && r != ENT_E_UNSUPPORTED)
        say(job, ENT_IMAGE_REFUSED, r, &why);
    if (r != ENT_OK)
        return ENT_E_NOTFOUND;
    if ((r = ent_home_image_is_current(s, &current, w)) != ENT_OK)
        r = ent_fail(d, r, "cannot read the store", 0, 0);
    if (r == ENT_OK && current) {
        *ret = w;
        return ENT_OK;
    }
    ent_watch_free(w);
    return r == ENT_OK ? ENT_E_NOTFOUND : r;
}

/* --- making -------------------------------------------------------------------------------------
 */

struct compiling {
    struct ent_watch *w;
    const struct ent_image_job *job;
    uint64_t n;
};

static enum ent_err take_one(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct compiling *c = ctx;
    if (++c->n % STOP_EVERY == 0) {
        if (c->job->stop != NULL && atomic_load(c->job->stop))
            return ENT_E_INTERRUPTED;
        if (c->job->at != NULL)
            c->job->at(c->job->ctx, c->n);
    }
    return ent_watch_add(c->w, o, id);
}

/* The mark is read first: what is put meanwhile makes an image that calls itself older than it is.
 */
static enum ent_err compile(struct ent_store *s, struct ent_watch **ret,
                            struct ent_image_facts *facts, struct ent_diag *d,
                            const struct ent_image_job *job)
{
    struct compiling c = {.job = job};
    struct ent_mark16 mark;
    enum ent_err r;
    *facts = (struct ent_image_facts){.built = ent_clock_now()};
    if ((r = ent_store_mark(s, &mark)) == ENT_OK && (r = ent_watch_new(&c.w, 0)) == ENT_OK &&
        (r = ent_store_compile(s, facts->built, take_one, &c)) == ENT_OK)
        r = ent_watch_seal(c.w);
    if (r != ENT_OK) {
        ent_watch_free(c.w);
        return ent_fail(d, r, r == ENT_E_LIMIT ? "more indicators than 1 GiB holds" : NULL, 0, 0);
    }
    memcpy(facts->mark, mark.b, sizeof(mark.b));
    *ret = c.w;
    return ENT_OK;
}

/* What a process that was killed left behind. Nobody else writes here: we have the lock. */
static void remove_leftovers(const char *image)
{
    char dir[ENT_PATH_MAX], path[ENT_PATH_MAX];
    const char *name = strrchr(image, '/') + 1;
    struct dirent *e;
    (void)snprintf(dir, sizeof(dir), "%.*s", (int)(name - image - 1), image);
    DIR *all = opendir(dir);
    while (all != NULL && (e = readdir(all)) != NULL)
        if (strncmp(e->d_name, name, strlen(name)) == 0 && e->d_name[strlen(name)] == '.' &&
            ent_path_join(path, sizeof(path), dir, e->d_name) == ENT_OK)
            (void)unlink(path);
    if (all != NULL)
        (void)closedir(all);
}

static enum ent_err lock(const struct ent_home *h, int *ret_fd, struct ent_diag *d,
                         const struct ent_image_job *job)
{
    char dir[ENT_PATH_MAX], path[ENT_PATH_MAX];
    enum ent_err r;
    if ((r = ent_home_path(h, dir, "image")) != ENT_OK ||
        (r = ent_home_path(h, path, "image/lock")) != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return ent_fail_sys(d, "cannot make a directory");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ent_fail_sys(d, "cannot lock");
    while (flock(fd, LOCK_EX) != 0) {
        bool stopped = errno == EINTR && job->stop != NULL && atomic_load(job->stop);
        if (errno == EINTR && !stopped)
            continue;
        r = stopped ? ENT_E_INTERRUPTED : ent_fail_sys(d, "cannot lock");
        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return ENT_OK;
}

static enum ent_err make_file(const struct ent_home *h, struct ent_store *s, struct ent_diag *d,
                              const struct ent_image_job *job)
{
    char path[ENT_PATH_MAX];
    struct ent_seed32 key;
    struct ent_image_facts facts;
    struct ent_watch *w = NULL;
    enum ent_err r;
    if ((r = ent_home_path(h, path, ENT_IMAGE_NAME)) != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    remove_leftovers(path);
    if ((r = ent_home_image_key(h, &key, d)) == ENT_OK &&
        (r = compile(s, &w, &facts, d, job)) == ENT_OK)
        r = ent_image_write(w, d, path, &key, &facts);
    ent_watch_free(w);
    ent_wipe(&key, sizeof(key));
    return r;
}

enum ent_err ent_home_image_make(const struct ent_home *h, struct ent_store *s,
                                 struct ent_watch **ret, bool *ret_made, struct ent_diag *d,
                                 const struct ent_image_job *job)
{
    /* Before the lock, so that nobody waits who need not; behind it, because somebody may have made
     * it while we waited. */
    int fd = -1;
    enum ent_err r = job->anew ? ENT_E_NOTFOUND : open_current(h, s, ret, d, job);
    *ret_made = false;
    if (r != ENT_E_NOTFOUND)
        return r;
    if ((r = lock(h, &fd, d, job)) != ENT_OK)
        return r;
    const struct ent_image_job quiet = {.anew = job->anew};
    r = job->anew ? ENT_E_NOTFOUND : open_current(h, s, ret, d, &quiet);
    if (r == ENT_E_NOTFOUND && (r = make_file(h, s, d, job)) == ENT_OK) {
        *ret_made = true;
        r = ent_home_image_open(h, ret, d);
    }
    (void)close(fd); /* and so unlocked */
    return r;
}

/* --- in use -------------------------------------------------------------------------------------
 */

struct version {
    struct ent_watch *w;
    unsigned users;
    struct version *next; /* an older one */
};

struct ent_live {
    const struct ent_home *home;
    struct ent_image_job job;
    uint32_t types;
    char path[ENT_PATH_MAX];
    struct version *now;
    struct stat refused; /* the file that was refused last */
    uint64_t checked_ns;
};

static enum ent_err put_version(struct ent_live *l, struct ent_watch *w)
{
    struct version *v = calloc(1, sizeof(*v));
    if (v == NULL) {
        ent_watch_free(w);
        return ENT_E_NOMEM;
    }
    ent_watch_select(w, l->types);
    *v = (struct version){.w = w, .next = l->now};
    l->now = v;
    return ENT_OK;
}

/* Those that were replaced and that nobody uses. */
static void drop_old(struct ent_live *l)
{
    for (struct version **at = &l->now; *at != NULL;) {
        struct version *v = *at;
        if (v == l->now || v->users > 0) {
            at = &v->next;
            continue;
        }
        *at = v->next;
        ent_watch_free(v->w);
        free(v);
    }
}

/* Whether this file is the one in use, or the one that was refused last, whose inode may have gone
 * to another since. */
static bool was_seen(const struct ent_live *l, const struct stat *st)
{
    const struct ent_image_facts *f = ent_image_facts_of(l->now->w);
    const struct stat *no = &l->refused;
    return (f != NULL && f->dev == st->st_dev && f->ino == st->st_ino) ||
           (no->st_dev == st->st_dev && no->st_ino == st->st_ino && no->st_size == st->st_size &&
            no->st_mtim.tv_sec == st->st_mtim.tv_sec && no->st_mtim.tv_nsec == st->st_mtim.tv_nsec);
}

enum ent_err ent_live_open(struct ent_live **ret, struct ent_diag *d, const struct ent_home *h,
                           struct ent_store *s, const struct ent_image_job *job, uint32_t types)
{
    struct ent_image_facts facts;
    struct ent_diag why = {0};
    struct ent_watch *w = NULL;
    bool made;
    struct ent_live *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    *l = (struct ent_live){.home = h, .job = *job, .types = types == 0 ? ENT_OBS_ALL : types};
    enum ent_err r = ent_home_path(h, l->path, ENT_IMAGE_NAME);
    if (r == ENT_OK)
        r = ent_home_image_make(h, s, &w, &made, &why, job);
    if (r != ENT_OK && r != ENT_E_INTERRUPTED) {
        say(job, ENT_IMAGE_UNMADE, r, &why);
        r = compile(s, &w, &facts, d, job);
    }
    if (r == ENT_OK)
        r = put_version(l, w);
    if (r != ENT_OK) {
        ent_live_close(l);
        return r;
    }
    *ret = l;
    return ENT_OK;
}

void ent_live_close(struct ent_live *l)
{
    if (l == NULL)
        return;
    for (struct version *v = l->now, *next; v != NULL; v = next) {
        next = v->next;
        ent_watch_free(v->w);
        free(v);
    }
    free(l);
}

bool ent_live_refresh(struct ent_live *l, uint64_t now_ns)
{
    struct stat st;
    struct ent_diag d = {0};
    struct ent_watch *w = NULL;
    if (l->checked_ns != 0 && now_ns - l->checked_ns < CHECK_NS)
        return false;
    l->checked_ns = now_ns;
    if (stat(l->path, &st) != 0 || was_seen(l, &st))
        return false;
    enum ent_err r = ent_home_image_open(l->home, &w, &d);
    if (r == ENT_OK && (r = put_version(l, w)) != ENT_OK)
        d = (struct ent_diag){.text = "out of memory"};
    if (r != ENT_OK) {
        l->refused = st;
        say(&l->job, ENT_IMAGE_KEPT, r, &d);
        return false;
    }
    drop_old(l);
    return true;
}

const struct ent_watch *ent_live_take(struct ent_live *l)
{
    l->now->users++;
    return l->now->w;
}

void ent_live_give(struct ent_live *l, const struct ent_watch *w)
{
    for (struct version *v = l->now; v != NULL && w != NULL; v = v->next)
        if (v->w == w) {
            ENT_ASSERT(v->users > 0);
            v->users--;
            break;
        }
    drop_old(l);
}

const struct ent_watch *ent_live_newest(const struct ent_live *l)
{
    return l->now->w;
}
