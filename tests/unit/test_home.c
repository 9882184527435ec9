/*
 * test_home.c: the home directory: made whole or not at all, every version of its pact verified,
 * keys that belong where they lie. What a home says is in test_book.c.
 */
#include "tests/support/nodes.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct ent_slice no_passphrase = {NULL, 0};

/* A path below the test's directory. */
struct path {
    char text[ENT_PATH_MAX];
};

static struct path at(const char *name)
{
    struct path p;
    assert_ok(ent_path_join(p.text, sizeof(p.text), ent_t_tmpdir(), name));
    return p;
}

static struct path in(const struct path *dir, const char *name)
{
    struct path p;
    assert_ok(ent_path_join(p.text, sizeof(p.text), dir->text, name));
    return p;
}

static enum ent_err make(struct ent_diag *d, const struct path *dir, const char *name)
{
    const struct ent_home_new opts = {
        .dir = dir->text, .name = name, .display = "A Member", .url = "https://a.example:7443"};
    return ent_home_make(d, &opts);
}

static struct ent_home *opened(const struct path *dir)
{
    struct ent_home *h = NULL;
    assert_ok(ent_home_open(&h, NULL, dir->text));
    return h;
}

static struct ent_home *make_open(struct path *ret, const char *name)
{
    *ret = at(name);
    assert_ok(make(NULL, ret, name));
    return opened(ret);
}

static struct ent_buf bytes_of(const struct path *p)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_file_read(&b, NULL, p->text));
    return b;
}

/* Whatever the file's mode was; it keeps it. */
static void put_bytes(const struct path *p, struct ent_slice s)
{
    struct stat st = {.st_mode = 0600};
    (void)stat(p->text, &st);
    (void)unlink(p->text);
    FILE *f = fopen(p->text, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(s.p, 1, s.n, f), s.n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(p->text, st.st_mode & 07777), 0);
}

static void copy(const struct path *to, const struct path *from)
{
    struct ent_buf b = bytes_of(from);
    put_bytes(to, ent_buf_slice(&b));
    ent_buf_wipe(&b);
}

static bool exists(const struct path *p)
{
    struct stat st;
    return lstat(p->text, &st) == 0;
}

static unsigned mode_of(const struct path *p)
{
    struct stat st;
    assert_int_equal(lstat(p->text, &st), 0);
    return st.st_mode & 07777;
}

/* How many entries a directory has whose names hold this text. */
static unsigned entries(const char *dir, const char *part)
{
    unsigned n = 0;
    struct dirent *e;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
             strstr(e->d_name, part) != NULL;
    (void)closedir(d);
    return n;
}

/* --- making one ---------------------------------------------------------------------------------
 */

static void test_nothing_is_overwritten(void **state)
{
    static const char *const files[] = {"keys/root", "keys/author", "keys/node", "card", "config"};
    struct ent_buf before[5];
    struct ent_diag d = {0};
    struct path dir = at("mine"), file = at("a-file"), full = at("full"), note, p;
    (void)state;
    assert_ok(make(&d, &dir, "mine"));
    for (size_t i = 0; i < 5; i++) {
        p = in(&dir, files[i]);
        before[i] = bytes_of(&p);
    }
    assert_err(make(&d, &dir, "mine"), ENT_E_EXISTS);
    assert_string_equal(d.text, "there is something already, and nothing is overwritten");
    for (size_t i = 0; i < 5; i++) {
        p = in(&dir, files[i]);
        struct ent_buf now = bytes_of(&p);
        assert_true(ent_slice_eq(ent_buf_slice(&now), ent_buf_slice(&before[i])));
        ent_buf_wipe(&now);
        ent_buf_wipe(&before[i]);
    }

    put_bytes(&file, ENT_SLICE_LIT("a diary\n"));
    assert_err(make(&d, &file, "mine"), ENT_E_EXISTS);
    struct ent_buf now = bytes_of(&file);
    assert_true(ent_slice_eq(ent_buf_slice(&now), ENT_SLICE_LIT("a diary\n")));
    ent_buf_release(&now);

    assert_int_equal(mkdir(full.text, 0700), 0);
    note = in(&full, "note");
    put_bytes(&note, ENT_SLICE_LIT("x"));
    assert_err(make(&d, &full, "mine"), ENT_E_EXISTS);
    assert_int_equal(entries(full.text, ""), 1);

    struct path link = at("a-link"), aim = at("nowhere"); /* not followed */
    assert_int_equal(symlink(aim.text, link.text), 0);
    assert_err(make(&d, &link, "mine"), ENT_E_EXISTS);
    assert_false(exists(&aim));
    assert_int_equal(entries(ent_t_tmpdir(), ".new-"), 0);
}

static void test_an_empty_directory_is_fine(void **state)
{
    struct path dir = at("empty");
    (void)state;
    assert_int_equal(mkdir(dir.text, 0755), 0);
    assert_ok(make(NULL, &dir, "empty"));
    struct ent_home *h = opened(&dir);
    assert_string_equal(h->self.name, "empty");
    assert_ptr_equal(ent_home_self(h), &h->self);
    assert_string_equal(ent_home_self(h)->url, "https://a.example:7443");
    assert_null(h->pact); /* in none yet */
    assert_int_equal(h->roster.members, 0);
    assert_int_equal(mode_of(&dir), 0700);
    assert_int_equal(entries(ent_t_tmpdir(), ".new-"), 0);
    ent_home_free(h);
}

static void test_a_failure_leaves_nothing(void **state)
{
    static const char *const bad_names[] = {"", "Upper", "1st", "with blank", "line\nfeed", "a/b"};
    static char long_text[400];
    atomic_bool now = true;
    struct ent_diag d = {0};
    struct path dir = at("never");
    struct ent_home_new opts = {
        .dir = dir.text, .name = "never", .display = "Never", .url = "-", .stop = &now};
    (void)state;
    assert_err(ent_home_make(&d, &opts), ENT_E_INTERRUPTED);
    opts.stop = NULL;
    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
        opts.name = bad_names[i];
        assert_err(ent_home_make(&d, &opts), ENT_E_FORMAT);
    }
    memset(long_text, 'a', sizeof(long_text) - 1);
    opts.name = long_text;
    assert_err(ent_home_make(&d, &opts), ENT_E_FORMAT);
    opts.name = "never";
    opts.display = long_text;
    assert_err(ent_home_make(&d, &opts), ENT_E_FORMAT);
    opts.display = "escape \x1b[2J";
    assert_err(ent_home_make(&d, &opts), ENT_E_FORMAT);
    opts.display = "Never";
    opts.url = "http://plain.example";
    assert_err(ent_home_make(&d, &opts), ENT_E_FORMAT);
    opts.url = "-";
    assert_false(exists(&dir));
    struct path deep = at("no-parent/never");
    opts.dir = deep.text;
    assert_err(ent_home_make(&d, &opts), ENT_E_NOTFOUND);
    assert_int_equal(entries(ent_t_tmpdir(), "never"), 0);
    assert_int_equal(entries(ent_t_tmpdir(), "no-parent"), 0);
}

static void test_modes(void **state)
{
    static const struct {
        const char *name;
        unsigned mode;
    } want[] = {{"", 0700},          {"keys", 0700}, {"pact", 0700},      {"pact/next", 0700},
                {"withdrawn", 0700}, {"runs", 0700}, {"keys/root", 0400}, {"keys/author", 0400},
                {"keys/node", 0400}, {"card", 0644}, {"config", 0644}};
    struct path dir = at("modes");
    mode_t old = umask(0);
    (void)state;
    assert_ok(make(NULL, &dir, "modes"));
    (void)umask(old);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        struct path p = in(&dir, want[i].name);
        assert_int_equal(mode_of(&p), want[i].mode);
    }
    assert_int_equal(entries(dir.text, ""), 6); /* and nothing else */
}

/* --- versions of the pact -----------------------------------------------------------------------
 */

static void key(const struct ent_home *h, struct ent_seed32 *ret, enum ent_key_role role)
{
    assert_ok(ent_home_key(h, ret, NULL, role, no_passphrase));
}

/* Version 1, of this member alone, and any later one, with another name: bytes, as it votes. */
static void next_version(struct ent_buf *ret, const struct ent_home *h, const char *name,
                         const struct ent_seed32 *root)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    ent_buf_init(ret, ENT_PACT_MAX);
    if (h->pact == NULL) {
        assert_ok(ent_pact_found(p, NULL, name));
        assert_ok(ent_next_put(p, NULL, &h->self));
    } else {
        ent_pact_next(p, h->pact);
        assert_ok(ent_next_name(p, NULL, name));
    }
    assert_ok(ent_pact_encode(ret, p));
    assert_ok(ent_pact_sign(ret, ret->n, p, 0, h->self.name, root));
    free(p);
}

static enum ent_err add(struct ent_home *h, struct ent_chain_split *split, struct ent_diag *d,
                        const char *name)
{
    struct ent_seed32 root;
    struct ent_buf b;
    key(h, &root, ENT_KEY_ROOT);
    next_version(&b, h, name, &root);
    enum ent_err r = ent_home_add_version(h, split, d, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

static void open_fails(const struct path *dir, enum ent_err err, const char *text)
{
    struct ent_home *h = NULL;
    struct ent_diag d = {0};
    assert_err(ent_home_open(&h, &d, dir->text), err);
    assert_string_equal(d.text, text);
    assert_null(h);
}

static void opens_with(const struct path *dir, uint64_t version)
{
    struct ent_home *h = opened(dir);
    assert_int_equal(h->pact->version, version);
    ent_home_free(h);
}

/* Replace one text by another of the same length, or undo that. */
static void replace(const struct path *p, const char *from, const char *to)
{
    struct ent_buf b = bytes_of(p);
    uint8_t *found = memmem(b.p, b.n, from, strlen(from));
    assert_non_null(found);
    memcpy(found, to, strlen(to));
    put_bytes(p, ent_buf_slice(&b));
    ent_buf_release(&b);
}

static void test_every_version_is_verified(void **state)
{
    static const char unsigned_text[] = "a vote does not hold, or is there twice";
    static const char unlinked[] = "pact version does not follow the one before it";
    static const char missing[] = "a version of the pact is missing";
    struct ent_home *h;
    struct path dir, v[3], gone = at("gone");
    (void)state;
    h = make_open(&dir, "versions");
    assert_ok(add(h, NULL, NULL, "first"));
    assert_ok(add(h, NULL, NULL, "second"));
    assert_ok(add(h, NULL, NULL, "third"));
    assert_int_equal(h->pact->version, 3);
    assert_string_equal(h->pact->name, "third");
    assert_int_equal(h->roster.versions, 3); /* what may be held against whoever spoke under them */
    assert_memory_equal(h->roster.version[0].b, h->pact->id.b, 32);
    assert_memory_equal(h->roster.version[2].b, h->pact->hash.b, 32);
    ent_home_free(h);
    for (int i = 0; i < 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "pact/%06d", i + 1);
        v[i] = in(&dir, name);
        replace(&v[i], "budget 1", "budget 2"); /* more than was decided */
        open_fails(&dir, ENT_E_AUTH, unsigned_text);
        replace(&v[i], "budget 2", "budget 1");
        replace(&v[i], "entente/pact", "entente/fact");
        open_fails(&dir, ENT_E_FORMAT, "malformed pact");
        assert_ok(ent_home_open_card(&h, NULL, dir.text)); /* looks at no version */
        assert_null(h->pact);
        ent_home_free(h);
        replace(&v[i], "entente/fact", "entente/pact");
        opens_with(&dir, 3);
    }
    assert_int_equal(rename(v[0].text, gone.text), 0);
    open_fails(&dir, ENT_E_FORMAT, missing);
    copy(&v[0], &v[1]); /* a later version in its place */
    open_fails(&dir, ENT_E_FORMAT, "the pact's first version is missing");
    assert_int_equal(rename(gone.text, v[0].text), 0);
    assert_int_equal(rename(v[1].text, gone.text), 0);
    open_fails(&dir, ENT_E_FORMAT, missing);
    copy(&v[1], &v[2]); /* skip one: the second would be forgotten */
    open_fails(&dir, ENT_E_AUTH, unlinked);
    copy(&v[1], &v[0]); /* the same twice */
    open_fails(&dir, ENT_E_EXISTS, "this version of the pact is there already");
    assert_int_equal(rename(gone.text, v[1].text), 0);
    assert_int_equal(rename(v[2].text, gone.text), 0); /* the newest: nobody can tell */
    opens_with(&dir, 2);
}

/* No byte of any version can be changed, and none can be cut off. */
static void test_every_byte_of_the_pact_counts(void **state)
{
    static const char *const names[] = {"pact/000001", "pact/000002"};
    struct ent_home *h, *other = NULL;
    struct path dir;
    (void)state;
    h = make_open(&dir, "bytes");
    assert_ok(add(h, NULL, NULL, "first"));
    assert_ok(add(h, NULL, NULL, "second"));
    for (size_t i = 0; i < 2; i++) {
        struct path p = in(&dir, names[i]);
        struct ent_buf b = bytes_of(&p);
        for (size_t k = 0; k < b.n; k += 1 + ent_t_below(4)) {
            uint8_t bit = (uint8_t)(1u << ent_t_below(8));
            b.p[k] ^= bit;
            put_bytes(&p, ent_buf_slice(&b));
            enum ent_err e = ent_home_open(&other, NULL, dir.text);
            assert_true(e == ENT_E_FORMAT || e == ENT_E_AUTH || e == ENT_E_LIMIT ||
                        e == ENT_E_POLICY);
            b.p[k] ^= bit;
            put_bytes(&p, ent_slice(b.p, k));
            e = ent_home_open(&other, NULL, dir.text);
            assert_true(e == ENT_E_FORMAT || e == ENT_E_AUTH);
        }
        put_bytes(&p, ent_buf_slice(&b));
        opens_with(&dir, 2);
        ent_buf_release(&b);
    }
    assert_null(other);
    ent_home_free(h);
}

static void test_refresh(void **state)
{
    struct ent_home *h, *other;
    struct ent_diag d = {0};
    struct path dir, p;
    bool changed = true;
    (void)state;
    h = make_open(&dir, "refresh");
    other = opened(&dir);
    assert_ok(ent_home_refresh(other, NULL, &changed));
    assert_false(changed);
    assert_ok(add(h, NULL, NULL, "first"));
    assert_ok(add(h, NULL, NULL, "second"));
    assert_ok(add(h, NULL, NULL, "third"));
    assert_null(other->pact);
    assert_ok(ent_home_refresh(other, NULL, &changed));
    assert_true(changed);
    assert_int_equal(other->pact->version, 3);
    assert_string_equal(other->pact->name, "third");
    assert_memory_equal(other->roster.pact.b, h->pact->id.b, 32);
    assert_ok(ent_home_refresh(other, NULL, &changed));
    assert_false(changed);
    assert_ok(add(h, NULL, NULL, "fourth"));
    p = in(&dir, "pact/000004");
    replace(&p, "name fourth", "name foully");
    assert_err(ent_home_refresh(other, &d, &changed), ENT_E_AUTH);
    assert_string_equal(d.text, "a vote does not hold, or is there twice");
    assert_false(changed);
    assert_int_equal(other->pact->version, 3); /* what was good stays */
    assert_string_equal(other->pact->name, "third");
    ent_home_free(h);
    ent_home_free(other);
}

/* Two processes that have two texts for one version: the second one stops and says so. */
static void test_no_version_is_replaced(void **state)
{
    struct ent_chain_split split = {0};
    struct ent_home *h, *other;
    struct ent_seed32 author;
    struct ent_diag d = {0};
    struct ent_buf same, late, forged;
    struct path dir;
    (void)state;
    h = make_open(&dir, "race");
    assert_ok(add(h, NULL, NULL, "first"));
    other = opened(&dir);
    key(other, &author, ENT_KEY_ROOT);
    next_version(&late, other, "too-late", &author);
    next_version(&same, other, "first-come", &author);
    assert_ok(add(h, NULL, NULL, "first-come"));
    assert_err(ent_home_add_version(other, &split, &d, ent_buf_slice(&same)), ENT_E_EXISTS);
    assert_string_equal(d.text, "this version of the pact is there already");
    assert_string_equal(other->pact->name, "first-come");
    assert_err(ent_home_add_version(other, &split, &d, ent_buf_slice(&late)), ENT_E_STATE);
    assert_string_equal(d.text, "two texts for one version of the pact, both with the votes");
    assert_int_equal(split.version, 2);
    assert_memory_equal(split.hash[0].b, h->pact->hash.b, 32);
    assert_int_equal(split.by[0].n, 1);
    assert_int_equal(split.by[1].n, 1);
    assert_string_equal(split.by[1].name[0], "race");
    assert_string_equal(other->pact->name, "first-come"); /* what was first on the disk */
    opens_with(&dir, 2);

    struct path p = in(&dir, "pact/000003"), pact = in(&dir, "pact");
    key(other, &author, ENT_KEY_AUTHOR);
    next_version(&forged, other, "forged", &author);
    assert_err(ent_home_add_version(other, NULL, &d, ent_buf_slice(&forged)), ENT_E_AUTH);
    assert_string_equal(d.text, "signed by a key that has no vote");
    assert_false(exists(&p));
    assert_int_equal(other->pact->version, 2);
    assert_int_equal(entries(pact.text, "0000"), 2);
    ent_buf_release(&same);
    ent_buf_release(&late);
    ent_buf_release(&forged);
    ent_home_free(h);
    ent_home_free(other);
}

/* A first version without this member, and one in which somebody else has its name. */
static void test_somebody_elses_pact(void **state)
{
    struct ent_home *h, *other, *twin;
    struct ent_diag d = {0};
    struct path dir, other_dir, twin_dir = at("twin"), p;
    (void)state;
    h = make_open(&dir, "ours");
    other = make_open(&other_dir, "theirs");
    assert_ok(make(NULL, &twin_dir, "ours"));
    twin = opened(&twin_dir);
    assert_ok(add(h, NULL, NULL, "first"));
    assert_ok(add(h, NULL, NULL, "second"));
    const struct ent_slice first = ent_chain_version(&h->chain, 1);
    assert_err(ent_home_add_version(other, NULL, &d, first), ENT_E_POLICY);
    assert_string_equal(d.text, "a pact in which this member is not");
    assert_err(ent_home_join(other, NULL, &d, ent_chain_file(&h->chain)), ENT_E_POLICY);
    assert_string_equal(d.text, "a pact in which this member is not");
    assert_err(ent_home_add_version(twin, NULL, &d, first), ENT_E_POLICY);
    assert_string_equal(d.text, "a pact in which somebody else has this name");
    assert_err(ent_home_join(twin, NULL, &d, ent_chain_file(&h->chain)), ENT_E_POLICY);
    assert_string_equal(d.text, "a pact in which somebody else has this name");
    assert_err(ent_home_add_version(other, NULL, &d, ent_chain_version(&h->chain, 2)),
               ENT_E_FORMAT);
    assert_string_equal(d.text, "the pact's first version is missing");
    assert_err(ent_home_join(other, NULL, &d, first), ENT_E_FORMAT);
    assert_string_equal(d.text, "not the versions of a pact");
    assert_null(other->pact); /* and nothing of it was kept */
    assert_null(twin->pact);
    p = in(&other_dir, "pact");
    assert_int_equal(entries(p.text, "0000"), 0);
    assert_ok(add(other, NULL, NULL, "theirs")); /* it may still found one */
    assert_err(ent_home_join(other, NULL, &d, ent_chain_file(&h->chain)), ENT_E_POLICY);
    ent_home_free(h);
    ent_home_free(other);
    ent_home_free(twin);
}

/* Whoever is voted in takes all versions there are, also where that was broken off before. */
static void test_joining(void **state)
{
    struct ent_pact *next = calloc(1, sizeof(*next));
    struct ent_home *h, *late;
    struct ent_seed32 root, late_root;
    struct path dir, late_dir, p, kept;
    struct ent_buf b;
    (void)state;
    assert_non_null(next);
    h = make_open(&dir, "founder");
    late = make_open(&late_dir, "late");
    key(h, &root, ENT_KEY_ROOT);
    key(late, &late_root, ENT_KEY_ROOT);
    assert_ok(add(h, NULL, NULL, "first"));
    assert_ok(add(h, NULL, NULL, "second"));
    ent_pact_next(next, h->pact);
    assert_ok(ent_next_put(next, NULL, &late->self));
    ent_buf_init(&b, ENT_PACT_MAX);
    assert_ok(ent_pact_encode(&b, next));
    size_t text_n = b.n;
    assert_ok(ent_pact_sign(&b, text_n, next, 0, "founder", &root));
    assert_ok(ent_pact_sign(&b, text_n, next, 0, "late", &late_root));
    assert_ok(ent_home_add_version(h, NULL, NULL, ent_buf_slice(&b)));
    assert_ok(ent_home_join(late, NULL, NULL, ent_chain_file(&h->chain)));
    assert_int_equal(late->pact->version, 3);
    assert_true(ent_slice_eq(ent_chain_file(&late->chain), ent_chain_file(&h->chain)));
    assert_ok(ent_home_join(late, NULL, NULL, ent_chain_file(&h->chain))); /* again: nothing */
    opens_with(&late_dir, 3);
    p = in(&late_dir, "pact/000003"); /* the last of three writes did not happen */
    kept = in(&dir, "pact/000003");
    assert_int_equal(unlink(p.text), 0);
    ent_home_free(late);
    late = opened(&late_dir);
    assert_int_equal(late->pact->version, 2);
    assert_ok(ent_home_join(late, NULL, NULL, ent_chain_file(&h->chain)));
    assert_int_equal(late->pact->version, 3);
    struct ent_buf now = bytes_of(&p), then = bytes_of(&kept);
    assert_true(ent_slice_eq(ent_buf_slice(&now), ent_buf_slice(&then)));
    ent_buf_release(&now);
    ent_buf_release(&then);
    ent_buf_release(&b);
    free(next);
    ent_home_free(h);
    ent_home_free(late);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static void key_fails(const struct ent_home *h, enum ent_key_role role, enum ent_err err,
                      const char *text)
{
    struct ent_seed32 seed = {{0}}, zero = {{0}};
    struct ent_diag d = {0};
    assert_err(ent_home_key(h, &seed, &d, role, no_passphrase), err);
    assert_string_equal(d.text, text);
    assert_memory_equal(seed.b, zero.b, 32);
}

static void test_open_keys(void **state)
{
    static const char not_ours[] = "key file does not hold the key that others know";
    static const char *const names[] = {"keys/root", "keys/author", "keys/node"};
    struct ent_home *h, *other;
    struct path dir, other_dir, kept = at("kept");
    bool locked = true;
    (void)state;
    h = make_open(&dir, "open");
    other = make_open(&other_dir, "another");
    for (int role = 0; role < ENT_KEY_ROLES; role++) {
        const struct ent_member *self = ent_home_self(h);
        const struct ent_pubkey *want[] = {&self->root.pk, &self->author[0].key.pk, &self->tls.pk};
        struct path own = in(&dir, names[role]), theirs = in(&other_dir, names[role]);
        struct path next = in(&dir, names[(role + 1) % ENT_KEY_ROLES]);
        struct ent_seed32 seed;
        struct ent_pubkey pk;
        char line[2][32];
        assert_ok(ent_home_key_is_locked(h, &locked, NULL, (enum ent_key_role)role));
        assert_false(locked);
        key(h, &seed, (enum ent_key_role)role);
        if (role == ENT_KEY_NODE)
            ent_node_seed(&seed, &seed, ENT_NODE_TLS, 0);
        ent_sign_public(&pk, &seed);
        assert_memory_equal(pk.b, want[role]->b, 32);

        copy(&kept, &own);
        copy(&own, &theirs); /* another home's */
        key_fails(h, (enum ent_key_role)role, ENT_E_AUTH, not_ours);
        copy(&own, &next); /* another role's, as it is and renamed */
        key_fails(h, (enum ent_key_role)role, ENT_E_FORMAT, "malformed key file");
        for (int i = 0; i < 2; i++)
            (void)snprintf(line[i], sizeof(line[i]), "role %s\n",
                           ent_key_role_name((enum ent_key_role)((role + 1 - i) % ENT_KEY_ROLES)));
        struct ent_buf b = bytes_of(&next), renamed;
        ent_buf_init(&renamed, 1024);
        assert_ok(ent_buf_printf(&renamed, "entente/key@v1\n%s", line[1]));
        size_t skip = strlen("entente/key@v1\n") + strlen(line[0]);
        assert_ok(ent_buf_put(&renamed, b.p + skip, b.n - skip));
        put_bytes(&own, ent_buf_slice(&renamed));
        key_fails(h, (enum ent_key_role)role, ENT_E_AUTH, not_ours);
        put_bytes(&own, ent_slice(renamed.p, renamed.n - 1));
        key_fails(h, (enum ent_key_role)role, ENT_E_FORMAT, "malformed key file");
        ent_buf_wipe(&b);
        ent_buf_wipe(&renamed);
        assert_int_equal(unlink(own.text), 0);
        key_fails(h, (enum ent_key_role)role, ENT_E_NOTFOUND, "cannot open");
        copy(&own, &kept);
        key(h, &seed, (enum ent_key_role)role);
    }
    ent_home_free(h);
    ent_home_free(other);
}

/* A change of all three in a pact of one: whatever is on the disk, the pact says which is in use.
 */
static void test_keys_that_came_later(void **state)
{
    static const enum ent_role roles[] = {ENT_ROLE_ROOT, ENT_ROLE_AUTHOR, ENT_ROLE_TLS};
    struct ent_seed32 old[ENT_KEY_ROLES], new[ENT_KEY_ROLES], again, tls;
    struct ent_pact *p = calloc(1, sizeof(*p));
    struct ent_diag d = {0};
    struct ent_pubkey pk;
    struct ent_buf b;
    struct path dir, file;
    unsigned number = 0;
    (void)state;
    assert_non_null(p);
    struct ent_home *h = make_open(&dir, "later");
    assert_ok(add(h, NULL, NULL, "one"));
    ent_pact_next(p, h->pact);
    for (int i = 0; i < ENT_KEY_ROLES; i++) {
        enum ent_key_role role = (enum ent_key_role)i;
        struct ent_signed_key signed_key;
        key(h, &old[i], role);
        assert_err(ent_home_prepared(h, &pk, &d, role), ENT_E_NOTFOUND);
        assert_ok(ent_home_prepare(h, &new[i], &d, role, NULL));
        assert_ok(ent_home_prepare(h, &again, &d, role, NULL)); /* the same, until it is in use */
        assert_memory_equal(again.b, new[i].b, 32);
        assert_memory_not_equal(old[i].b, new[i].b, 32);
        assert_ok(ent_home_prepared(h, &pk, &d, role));
        key(h, &again, role);
        assert_memory_equal(again.b, old[i].b, 32);
        tls = new[i];
        if (role == ENT_KEY_NODE)
            ent_node_seed(&tls, &new[i], ENT_NODE_TLS, 0);
        if (role == ENT_KEY_ROOT)
            ent_sign_public(&pk, &tls);
        else
            pk = p->member[0].root.pk;
        ent_key_prove(&signed_key, h->self.name, roles[i], 0, &pk, &tls);
        assert_ok(ent_next_rotate(p, NULL, h->self.name, roles[i], &signed_key, 300));
    }
    ent_buf_init(&b, ENT_PACT_MAX);
    assert_ok(ent_pact_encode(&b, p));
    size_t text_n = b.n;
    assert_ok(ent_pact_sign(&b, text_n, p, 0, h->self.name, &old[ENT_KEY_ROOT]));
    assert_ok(ent_pact_sign(&b, text_n, p, 0, h->self.name, &new[ENT_KEY_ROOT]));
    assert_ok(ent_home_add_version(h, NULL, NULL, ent_buf_slice(&b)));
    for (int i = 0; i < ENT_KEY_ROLES; i++) {
        static const char *const files[] = {"keys/root", "keys/author", "keys/node"};
        static const char *const later[] = {"keys/root.2", "keys/author.2", "keys/node.2"};
        enum ent_key_role role = (enum ent_key_role)i;
        key(h, &again, role);
        assert_memory_equal(again.b, new[i].b, 32);
        assert_ok(ent_home_key_number(h, &number, &d, role, ent_home_public(h, role)));
        assert_int_equal(number, 2);
        assert_err(ent_home_prepared(h, &pk, &d, role), ENT_E_NOTFOUND);
        file = in(&dir, files[i]); /* the old one is not needed, whole or not */
        put_bytes(&file, ENT_SLICE_LIT("rubbish"));
        key(h, &again, role);
        assert_int_equal(unlink(file.text), 0);
        key(h, &again, role);
        file = in(&dir, later[i]);
        assert_int_equal(mode_of(&file), 0400);
        assert_int_equal(unlink(file.text), 0);
        key_fails(h, role, ENT_E_NOTFOUND, "cannot open");
        /* Where the one in use is lost, none is taken for it, and no name is used twice. */
        assert_ok(ent_home_prepare(h, &again, &d, role, NULL));
        assert_true(exists(&file));
        key_fails(h, role, ENT_E_AUTH, "key file does not hold the key that others know");
    }
    ent_buf_release(&b);
    ent_home_free(h);
    free(p);
}

/* The one test that pays for Argon2id: three locks, two attempts. */
static void test_locked_keys(void **state)
{
    const struct ent_slice passphrase = ENT_SLICE_LIT("correct horse");
    struct path dir = at("locked"), p;
    const struct ent_home_new opts = {.dir = dir.text,
                                      .name = "locked",
                                      .display = "Locked",
                                      .url = "-",
                                      .passphrase = &passphrase};
    struct ent_seed32 seed = {{0}}, zero = {{0}};
    struct ent_diag d = {0};
    struct ent_pubkey pk;
    bool locked = false;
    (void)state;
    assert_ok(ent_home_make(&d, &opts));
    struct ent_home *h = opened(&dir);
    for (int role = 0; role < ENT_KEY_ROLES; role++) {
        assert_ok(ent_home_key_is_locked(h, &locked, NULL, (enum ent_key_role)role));
        assert_true(locked);
        locked = false;
    }
    assert_err(ent_home_key(h, &seed, &d, ENT_KEY_AUTHOR, ENT_SLICE_LIT("correct house")),
               ENT_E_AUTH);
    assert_string_equal(d.text, "wrong passphrase");
    assert_memory_equal(seed.b, zero.b, 32);
    assert_ok(ent_home_key(h, &seed, &d, ENT_KEY_AUTHOR, passphrase));
    ent_sign_public(&pk, &seed);
    assert_memory_equal(pk.b, ent_home_self(h)->author[0].key.pk.b, 32);
    assert_ok(ent_home_prepare(h, &seed, &d, ENT_KEY_AUTHOR, &passphrase));
    p = in(&dir, "keys/author.2");
    struct ent_buf text = bytes_of(&p);
    assert_non_null(memmem(text.p, text.n, "\nlocked ", 8)); /* as the others */
    ent_buf_release(&text);
    assert_err(ent_home_prepare(h, &seed, &d, ENT_KEY_AUTHOR, &(struct ent_slice){NULL, 0}),
               ENT_E_AUTH);
    assert_string_equal(d.text, "wrong passphrase");
    p = in(&dir, "keys/author");
    assert_int_equal(mode_of(&p), 0400);
    replace(&p, "locked ", "opened ");
    assert_err(ent_home_key_is_locked(h, &locked, &d, ENT_KEY_AUTHOR), ENT_E_FORMAT);
    ent_home_free(h);
}

/* --- runs ---------------------------------------------------------------------------------------
 */

static void test_run_files(void **state)
{
    static const char id[] = "00112233445566778899aabbccddeeff";
    struct path dir, p, run;
    struct ent_home *h = make_open(&dir, "runs");
    char long_id[100];
    (void)state;
    assert_ok(ent_home_run_file(h, NULL, id, "offer", ENT_SLICE_LIT("one")));
    assert_ok(ent_home_run_file(h, NULL, id, "secret", ENT_SLICE_LIT("")));
    assert_ok(ent_home_run_file(h, NULL, id, "offer", ENT_SLICE_LIT("two")));
    run = in(&dir, "runs/00112233445566778899aabbccddeeff");
    assert_int_equal(mode_of(&run), 0700);
    assert_int_equal(entries(run.text, ""), 2);
    p = in(&run, "offer");
    assert_int_equal(mode_of(&p), 0600);
    struct ent_buf b = bytes_of(&p);
    assert_true(ent_slice_eq(ent_buf_slice(&b), ENT_SLICE_LIT("two")));
    ent_buf_release(&b);
    memset(long_id, 'a', sizeof(long_id));
    long_id[sizeof(long_id) - 1] = '\0';
    assert_err(ent_home_run_file(h, NULL, long_id, "offer", ENT_SLICE_LIT("x")), ENT_E_LIMIT);
    p = in(&dir, "runs");
    assert_int_equal(entries(p.text, ""), 1);
    ent_home_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_overwritten),
        cmocka_unit_test(test_an_empty_directory_is_fine),
        cmocka_unit_test(test_a_failure_leaves_nothing),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_every_version_is_verified),
        cmocka_unit_test(test_every_byte_of_the_pact_counts),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_no_version_is_replaced),
        cmocka_unit_test(test_somebody_elses_pact),
        cmocka_unit_test(test_joining),
        cmocka_unit_test(test_open_keys),
        cmocka_unit_test(test_keys_that_came_later),
        cmocka_unit_test(test_locked_keys),
        cmocka_unit_test(test_run_files),
    };
    return ent_t_run("home", tests);
}
