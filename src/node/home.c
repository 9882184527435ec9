/* home.c: making and opening a home, versions of its pact. */
#include "node/node.h"
#include "node/files.h"

#include <errno.h>
#include <sys/stat.h>

static const char config_text[] =
    "# Settings of this member; `entente config list` shows them all.\n";

enum ent_err ent_home_default(char ret[static ENT_PATH_MAX])
{
    const char *dir = getenv("ENTENTE_HOME"), *user = getenv("HOME");
    if (dir != NULL && dir[0] != '\0') {
        int n = snprintf(ret, ENT_PATH_MAX, "%s", dir);
        return n < 0 || n >= ENT_PATH_MAX ? ENT_E_LIMIT : ENT_OK;
    }
    if (user == NULL || user[0] == '\0')
        return ENT_E_NOTFOUND;
    return ent_path_join(ret, ENT_PATH_MAX, user, ".entente");
}

enum ent_err ent_home_path(const struct ent_home *h, char ret[static ENT_PATH_MAX],
                           const char *name)
{
    return ent_path_join(ret, ENT_PATH_MAX, h->dir, name);
}

enum ent_err ent_home_load(const struct ent_home *h, struct ent_buf *b, struct ent_diag *d,
                           const char *name)
{
    enum ent_err r = ent_disk_whole(h->disk, b, name);
    if (r == ENT_OK)
        return r;
    return r == ENT_E_LIMIT ? ent_fail(d, r, "file too large", 0, b->max)
                            : ent_disk_fail(d, r, "cannot read");
}

enum ent_err ent_home_list(const struct ent_home *h, struct ent_buf *ret, const char *folder)
{
    ent_buf_init(ret, ENT_DISK_LIST_MAX);
    enum ent_err r = h->disk->list(h->disk->ctx, ret, folder);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

bool ent_home_next_name(struct ent_cur *names, char ret[static ENT_DISK_NAME_MAX])
{
    struct ent_slice line;
    if (ent_cur_line(names, &line) != ENT_OK || line.n >= ENT_DISK_NAME_MAX)
        return false;
    (void)snprintf(ret, ENT_DISK_NAME_MAX, "%.*s", (int)line.n, (const char *)line.p);
    return true;
}

const struct ent_member *ent_home_self(const struct ent_home *h)
{
    const struct ent_member *m = h->pact == NULL ? NULL : ent_pact_member(h->pact, h->self.name);
    if (m == NULL && h->pact != NULL)
        m = ent_pact_former(h->pact, h->self.name);
    return m != NULL ? m : &h->self;
}

void ent_node_seed(struct ent_seed32 *ret, const struct ent_seed32 *node, enum ent_node_key which,
                   unsigned generation)
{
    ent_seed_derive(ret, node, (uint64_t)which + generation, "entNode1");
}

/* --- making one ---------------------------------------------------------------------------------
 */

struct fresh {
    struct ent_seed32 seed[ENT_KEY_ROLES];
    struct ent_own_seeds own;
    struct ent_member self;
};

static enum ent_err fresh_keys(struct fresh *f, const struct ent_home_new *opts)
{
    const struct ent_seed32 *node = &f->seed[ENT_KEY_NODE];
    for (int i = 0; i < ENT_KEY_ROLES; i++)
        ent_random(f->seed[i].b, sizeof(f->seed[i].b));
    f->own.root = f->seed[ENT_KEY_ROOT];
    f->own.author = f->seed[ENT_KEY_AUTHOR];
    ent_node_seed(&f->own.tls, node, ENT_NODE_TLS, 0);
    ent_node_seed(&f->own.witness, node, ENT_NODE_WITNESS, 0);
    ent_node_seed(&f->own.mirror, node, ENT_NODE_MIRROR, 0);
    ent_node_seed(&f->own.log, node, ENT_NODE_LOG, 1);
    return ent_member_make(&f->self, opts->name, opts->display, opts->url, &f->own);
}

static enum ent_err write_card(const char *dir, struct ent_diag *d, const struct fresh *f)
{
    struct ent_member ignored;
    char path[ENT_PATH_MAX];
    struct ent_buf b;
    enum ent_err r;
    ent_buf_init(&b, ENT_CARD_MAX);
    if ((r = ent_card_make(&b, &f->self, ent_clock_now(), &f->own.root)) == ENT_OK)
        r = ent_card_parse(&ignored, ent_buf_slice(&b), d); /* what we cannot read we do not keep */
    if (r == ENT_OK && (r = ent_path_join(path, sizeof(path), dir, "card")) == ENT_OK)
        r = ent_file_create(path, ent_buf_slice(&b), 0644, d);
    ent_buf_release(&b);
    return r;
}

static enum ent_err fill(const char *dir, struct ent_diag *d, const struct fresh *f,
                         const struct ent_home_new *opts)
{
    static const char *const folders[] = {"keys", "pact", "pact/next", "withdrawn", "runs"};
    char path[ENT_PATH_MAX];
    enum ent_err r;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if ((r = ent_path_join(path, sizeof(path), dir, folders[i])) != ENT_OK)
            return r;
        if (mkdir(path, 0700) != 0)
            return ent_fail_sys(d, "cannot make a directory");
    }
    for (int i = 0; i < ENT_KEY_ROLES; i++) {
        if (opts->stop != NULL && atomic_load(opts->stop)) /* each key takes a while to lock */
            return ENT_E_INTERRUPTED;
        if ((r = ent_key_file_write(dir, d, (enum ent_key_role)i, 1, &f->seed[i],
                                    opts->passphrase)) != ENT_OK)
            return r;
    }
    if ((r = write_card(dir, d, f)) != ENT_OK ||
        (r = ent_path_join(path, sizeof(path), dir, "config")) != ENT_OK)
        return r;
    return ent_file_create(path, ent_slice(config_text, sizeof(config_text) - 1), 0644, d);
}

/* Remove what fill() made, for a home that did not come to be. */
static void unmake(const char *dir)
{
    static const char *const names[] = {"keys/root", "keys/author", "keys/node", "card",
                                        "config",    "keys",        "pact/next", "pact",
                                        "withdrawn", "runs"};
    char path[ENT_PATH_MAX];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (ent_path_join(path, sizeof(path), dir, names[i]) == ENT_OK)
            (void)remove(path);
    (void)rmdir(dir);
}

enum ent_err ent_home_make(struct ent_diag *d, const struct ent_home_new *opts)
{
    char tmp[ENT_PATH_MAX];
    struct fresh f = {0};
    enum ent_err r;
    int n = snprintf(tmp, sizeof(tmp), "%s.new-XXXXXX", opts->dir);
    if (n < 0 || (size_t)n >= sizeof(tmp))
        return ent_fail(d, ENT_E_LIMIT, "path too long", 0, 0);
    if (mkdtemp(tmp) == NULL)
        return ent_fail_sys(d, "cannot make a directory");
    if ((r = fresh_keys(&f, opts)) != ENT_OK)
        r = ent_fail(d, r, "name, display name or URL too long, or not what a card may have", 0, 0);
    else
        r = fill(tmp, d, &f, opts);
    ent_wipe(&f, sizeof(f));
    if (r == ENT_OK && opts->stop != NULL && atomic_load(opts->stop))
        r = ENT_E_INTERRUPTED;
    /* rename() replaces nothing but an empty directory. */
    if (r == ENT_OK && rename(tmp, opts->dir) != 0) {
        int sys = errno;
        r = ent_fail_sys(d, "cannot make the home directory");
        if (sys == ENOTEMPTY || sys == EEXIST || sys == ENOTDIR)
            r = ent_fail(d, ENT_E_EXISTS, "there is something already, and nothing is overwritten",
                         0, 0);
    }
    if (r != ENT_OK)
        unmake(tmp);
    return r;
}

/* --- opening it ---------------------------------------------------------------------------------
 */

/* In which file it is wrong. */
static enum ent_err blame(struct ent_diag *d, enum ent_err r, const char *file)
{
    if (d != NULL)
        (void)snprintf(d->file, sizeof(d->file), "%s", file);
    return r;
}

static enum ent_err load_card(struct ent_home *h, struct ent_diag *d)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_CARD_MAX);
    enum ent_err r = ent_home_load(h, &b, d, "card");
    if (r == ENT_OK)
        r = ent_card_parse(&h->self, ent_buf_slice(&b), d);
    ent_buf_release(&b);
    return r == ENT_OK || r == ENT_E_NOTFOUND ? r : blame(d, r, "card");
}

static void version_name(char ret[static 32], uint64_t version)
{
    (void)snprintf(ret, 32, "pact/%06llu", (unsigned long long)version);
}

static void see(struct ent_home *h)
{
    h->pact = h->chain.newest;
    if (h->pact != NULL)
        ent_roster_of_chain(&h->roster, &h->chain);
}

/* The next version; ENT_E_NOTFOUND when there is none. */
static enum ent_err load_next(struct ent_home *h, struct ent_diag *d)
{
    char name[32];
    struct ent_buf b;
    version_name(name, (uint64_t)h->chain.versions + 1);
    ent_buf_init(&b, ENT_PACT_MAX);
    enum ent_err r = ent_home_load(h, &b, d, name);
    if (r == ENT_OK)
        r = ent_chain_add(&h->chain, NULL, ent_buf_slice(&b), d);
    ent_buf_release(&b);
    return r == ENT_OK || r == ENT_E_NOTFOUND ? r : blame(d, r, name);
}

/* The highest number that a file in pact/ has for its name. */
static enum ent_err highest_version(const struct ent_home *h, struct ent_diag *d, uint64_t *ret)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf names;
    uint64_t v;
    ent_buf_init(&names, ENT_DISK_LIST_MAX);
    enum ent_err r = h->disk->list(h->disk->ctx, &names, "pact");
    if (r != ENT_OK)
        r = ent_disk_fail(d, r, "cannot read the pact");
    *ret = 0;
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (ent_home_next_name(&c, name))
        if (strlen(name) >= 6 &&
            ent_parse_u64(&v, ent_slice_str(name + strspn(name, "0")), UINT32_MAX) == ENT_OK &&
            v > *ret)
            *ret = v;
    ent_buf_release(&names);
    return r;
}

/* Versions are read until one is not there. If later ones are, that one was lost, and with it
 * members whom the others believe to be known, or keys that were replaced. */
static enum ent_err check_no_gap(struct ent_home *h, struct ent_diag *d)
{
    uint64_t highest = 0;
    bool changed = true;
    enum ent_err r;
    while (changed) {
        if ((r = highest_version(h, d, &highest)) != ENT_OK || highest <= h->chain.versions)
            return r;
        if ((r = ent_home_refresh(h, d, &changed)) != ENT_OK) /* it may be new */
            return r;
    }
    return ent_fail(d, ENT_E_FORMAT, "a version of the pact is missing", 0, 0);
}

static enum ent_err new_home(struct ent_home **ret, struct ent_diag *d, const char *dir)
{
    struct ent_home *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    ent_chain_init(&h->chain);
    int n = snprintf(h->dir, sizeof(h->dir), "%s", dir);
    if (n < 0 || (size_t)n >= sizeof(h->dir)) {
        free(h);
        return ent_fail(d, ENT_E_LIMIT, "path too long", 0, 0);
    }
    *ret = h;
    return ENT_OK;
}

static enum ent_err open_real(struct ent_home *h, struct ent_diag *d)
{
    struct ent_disk_real *real = malloc(sizeof(*real));
    if (real == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = ent_disk_open(real, d, h->dir);
    if (r != ENT_OK) {
        free(real);
        return r;
    }
    h->real = real;
    h->disk = &real->disk;
    return ENT_OK;
}

/* From its disk on, if r is ENT_OK. Takes the home. */
static enum ent_err open_from(struct ent_home **ret, struct ent_home *h, struct ent_diag *d,
                              enum ent_err r, bool pact)
{
    bool changed;
    if (r == ENT_OK)
        r = load_card(h, d);
    if (r == ENT_E_NOTFOUND)
        r = ent_fail(d, r, "no home here yet: `entente init --name NAME` makes one", 0, 0);
    if (r == ENT_OK && pact && (r = ent_home_refresh(h, d, &changed)) == ENT_OK)
        r = check_no_gap(h, d);
    if (r != ENT_OK) {
        ent_home_free(h);
        return r;
    }
    *ret = h;
    return ENT_OK;
}

enum ent_err ent_home_open(struct ent_home **ret, struct ent_diag *d, const char *dir)
{
    struct ent_home *h = NULL;
    enum ent_err r = new_home(&h, d, dir);
    return r == ENT_OK ? open_from(ret, h, d, open_real(h, d), true) : r;
}

enum ent_err ent_home_open_card(struct ent_home **ret, struct ent_diag *d, const char *dir)
{
    struct ent_home *h = NULL;
    enum ent_err r = new_home(&h, d, dir);
    return r == ENT_OK ? open_from(ret, h, d, open_real(h, d), false) : r;
}

enum ent_err ent_home_open_on(struct ent_home **ret, struct ent_diag *d, const char *dir,
                              const struct ent_disk *disk)
{
    struct ent_home *h = NULL;
    enum ent_err r = new_home(&h, d, dir);
    if (r != ENT_OK)
        return r;
    h->disk = disk;
    return open_from(ret, h, d, ENT_OK, true);
}

void ent_home_free(struct ent_home *h)
{
    if (h == NULL)
        return;
    ent_chain_release(&h->chain);
    if (h->real != NULL)
        ent_disk_close(h->real);
    free(h->real);
    free(h);
}

enum ent_err ent_home_refresh(struct ent_home *h, struct ent_diag *d, bool *ret_changed)
{
    size_t before = h->chain.versions;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK)
        r = load_next(h, d);
    *ret_changed = h->chain.versions != before;
    if (*ret_changed)
        see(h);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* Another process wrote this version a moment ago: is it the same? */
static enum ent_err compare_file(struct ent_home *h, struct ent_chain_split *split,
                                 struct ent_diag *d, const char *name)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_PACT_MAX);
    enum ent_err r = ent_home_load(h, &b, d, name);
    if (r == ENT_OK)
        r = ent_chain_add(&h->chain, split, ent_buf_slice(&b), d);
    ent_buf_release(&b);
    return r;
}

static enum ent_err add_version(struct ent_home *h, struct ent_chain_split *split,
                                struct ent_diag *d, struct ent_slice version)
{
    char name[32];
    bool changed;
    enum ent_err r;
    if ((r = ent_home_refresh(h, d, &changed)) != ENT_OK ||
        (r = ent_chain_add(&h->chain, split, version, d)) != ENT_OK)
        return r;
    version_name(name, h->chain.versions);
    if ((r = h->disk->create(h->disk->ctx, name, version)) == ENT_E_EXISTS)
        r = compare_file(h, split, d, name);
    else if (r != ENT_OK)
        r = ent_disk_fail(d, r, "cannot keep a version of the pact");
    see(h); /* also after an error: the chain has moved */
    return r;
}

/* Whether the version is of a pact in which this member is, by the root key of its card or one that
 * came after it. */
static enum ent_err check_is_in(const struct ent_home *h, const struct ent_pact *p,
                                struct ent_diag *d)
{
    const struct ent_member *m = ent_pact_member(p, h->self.name);
    unsigned number;
    if (m == NULL)
        return ent_fail(d, ENT_E_POLICY, "a pact in which this member is not", 0, 0);
    if (memcmp(m->root.pk.b, h->self.root.pk.b, sizeof(m->root.pk.b)) != 0 &&
        ent_home_key_number(h, &number, NULL, ENT_KEY_ROOT, &m->root.pk) != ENT_OK)
        return ent_fail(d, ENT_E_POLICY, "a pact in which somebody else has this name", 0, 0);
    return ENT_OK;
}

enum ent_err ent_home_add_version(struct ent_home *h, struct ent_chain_split *split,
                                  struct ent_diag *d, struct ent_slice version)
{
    enum ent_err r = ENT_OK;
    if (h->chain.versions == 0) {
        struct ent_pact *first = malloc(sizeof(*first));
        if (first == NULL)
            return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
        if ((r = ent_pact_parse(first, version, NULL, d)) == ENT_OK)
            r = check_is_in(h, first, d);
        free(first);
    }
    return r == ENT_OK ? add_version(h, split, d, version) : r;
}

enum ent_err ent_home_join(struct ent_home *h, struct ent_chain_split *split, struct ent_diag *d,
                           struct ent_slice chain)
{
    struct ent_chain c;
    ent_chain_init(&c);
    enum ent_err r = ent_chain_parse(&c, split, chain, d);
    if (r == ENT_OK)
        r = check_is_in(h, c.newest, d);
    for (uint64_t v = 1; r == ENT_OK && v <= c.versions; v++) {
        r = add_version(h, split, d, ent_chain_version(&c, v));
        r = r == ENT_E_EXISTS && v <= h->chain.versions ? ENT_OK : r;
    }
    ent_chain_release(&c);
    return r;
}
