/*
 * test_home.c: the home directory: made whole or not at all, every version of its pact verified,
 * keys that belong where they lie, acts numbered without a gap whoever writes them.
 */
#include "tests/support/t.h"

#include "node/node.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static struct ent_home *home_memory(void)
{
    struct ent_home *h = calloc(1, sizeof(*h));
    assert_non_null(h);
    return h;
}

static struct ent_home *make_open(struct path *ret, const char *name)
{
    struct ent_home *h = home_memory();
    *ret = at(name);
    assert_ok(make(NULL, ret, name));
    assert_ok(ent_home_open(h, NULL, ret->text));
    return h;
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
    static const char *const files[] = {"keys/root", "keys/author", "keys/node", "pact/000001",
                                        "config"};
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
    struct ent_home *h = home_memory();
    (void)state;
    assert_int_equal(mkdir(dir.text, 0755), 0);
    assert_ok(make(NULL, &dir, "empty"));
    assert_ok(ent_home_open(h, NULL, dir.text));
    assert_string_equal(h->pact.self, "empty");
    assert_string_equal(ent_home_self(h)->url, "https://a.example:7443");
    assert_int_equal(mode_of(&dir), 0700);
    assert_int_equal(entries(ent_t_tmpdir(), ".new-"), 0);
    free(h);
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
    assert_err(ent_home_make(&d, &opts), ENT_E_LIMIT);
    opts.name = "never";
    opts.display = long_text;
    assert_err(ent_home_make(&d, &opts), ENT_E_LIMIT);
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
    } want[] = {{"", 0700},
                {"keys", 0700},
                {"pact", 0700},
                {"acts", 0700},
                {"runs", 0700},
                {"keys/root", 0400},
                {"keys/author", 0400},
                {"keys/node", 0400},
                {"pact/000001", 0644},
                {"config", 0644}};
    struct path dir = at("modes");
    mode_t old = umask(0);
    (void)state;
    assert_ok(make(NULL, &dir, "modes"));
    (void)umask(old);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        struct path p = in(&dir, want[i].name);
        assert_int_equal(mode_of(&p), want[i].mode);
    }
    assert_int_equal(entries(dir.text, ""), 5); /* and nothing else */
}

/* --- versions of the pact -----------------------------------------------------------------------
 */

static void key(const struct ent_home *h, struct ent_seed32 *ret, enum ent_key_role role)
{
    assert_ok(ent_home_key(h, ret, NULL, role, no_passphrase));
}

/* A member nobody has the keys of. */
static void next_with(struct ent_pact *ret, const struct ent_pact *now, const char *name)
{
    struct ent_member m = now->member[0];
    struct ent_seed32 seed;
    (void)snprintf(m.name, sizeof(m.name), "%s", name);
    ent_random(seed.b, sizeof(seed.b));
    ent_sign_public(&m.root, &seed);
    ent_sign_public(&m.author, &seed);
    ent_random(seed.b, sizeof(seed.b));
    ent_sign_public(&m.tls, &seed);
    assert_ok(ent_pact_add(ret, now, &m));
}

static enum ent_err add(struct ent_home *h, struct ent_diag *d, const char *name)
{
    struct ent_pact *next = calloc(1, sizeof(*next));
    struct ent_seed32 root;
    assert_non_null(next);
    key(h, &root, ENT_KEY_ROOT);
    next_with(next, &h->pact, name);
    enum ent_err r = ent_home_set_pact(h, d, next, &root);
    free(next);
    return r;
}

static void open_fails(struct ent_home *h, const struct path *dir, enum ent_err err,
                       const char *text)
{
    struct ent_diag d = {0};
    assert_err(ent_home_open(h, &d, dir->text), err);
    assert_string_equal(d.text, text);
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
    static const char unsigned_text[] = "pact not signed by the root key of its owner";
    static const char unlinked[] = "pact version does not follow the one before it";
    struct ent_home *h, *other = home_memory();
    struct path dir, v[3], gone;
    (void)state;
    h = make_open(&dir, "versions");
    assert_ok(add(h, NULL, "second"));
    assert_ok(add(h, NULL, "third"));
    assert_int_equal(h->pact.version, 3);
    for (int i = 0; i < 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "pact/%06d", i + 1);
        v[i] = in(&dir, name);
        replace(&v[i], "budget 1", "budget 2"); /* more than its owner allowed */
        open_fails(other, &dir, ENT_E_AUTH, unsigned_text);
        replace(&v[i], "budget 2", "budget 1");
        replace(&v[i], "entente/pact", "entente/fact");
        open_fails(other, &dir, ENT_E_FORMAT, "malformed pact");
        replace(&v[i], "entente/fact", "entente/pact");
        assert_ok(ent_home_open(other, NULL, dir.text));
        assert_int_equal(other->pact.version, 3);
        assert_memory_equal(other->pact.hash.b, h->pact.hash.b, 32);
    }
    gone = at("gone");
    assert_int_equal(rename(v[0].text, gone.text), 0);
    open_fails(other, &dir, ENT_E_NOTFOUND,
               "no home here yet: `entente init --name NAME` makes one");
    copy(&v[0], &v[1]); /* a later version in its place */
    open_fails(other, &dir, ENT_E_FORMAT, "the pact's first version is missing");
    assert_int_equal(rename(gone.text, v[0].text), 0);
    assert_int_equal(rename(v[1].text, gone.text), 0);
    open_fails(other, &dir, ENT_E_FORMAT, "a version of the pact is missing");
    copy(&v[1], &v[2]); /* skip one: the second would be forgotten */
    open_fails(other, &dir, ENT_E_AUTH, unlinked);
    copy(&v[1], &v[0]); /* the same twice */
    open_fails(other, &dir, ENT_E_AUTH, unlinked);
    assert_int_equal(rename(gone.text, v[1].text), 0);
    assert_int_equal(rename(v[2].text, gone.text), 0); /* the newest: nobody can tell */
    assert_ok(ent_home_open(other, NULL, dir.text));
    assert_int_equal(other->pact.version, 2);
    free(h);
    free(other);
}

/* No byte of any version can be changed, and none can be cut off. */
static void test_every_byte_of_the_pact_counts(void **state)
{
    static const char *const names[] = {"pact/000001", "pact/000002"};
    struct ent_home *h, *other = home_memory();
    struct path dir;
    (void)state;
    h = make_open(&dir, "bytes");
    assert_ok(add(h, NULL, "second"));
    for (size_t i = 0; i < 2; i++) {
        struct path p = in(&dir, names[i]);
        struct ent_buf b = bytes_of(&p);
        for (size_t k = 0; k < b.n; k += 1 + ent_t_below(4)) {
            uint8_t bit = (uint8_t)(1u << ent_t_below(8));
            b.p[k] ^= bit;
            put_bytes(&p, ent_buf_slice(&b));
            enum ent_err e = ent_home_open(other, NULL, dir.text);
            assert_true(e == ENT_E_FORMAT || e == ENT_E_AUTH || e == ENT_E_LIMIT);
            b.p[k] ^= bit;
            put_bytes(&p, ent_slice(b.p, k));
            assert_err(ent_home_open(other, NULL, dir.text), ENT_E_FORMAT);
        }
        put_bytes(&p, ent_buf_slice(&b));
        assert_ok(ent_home_open(other, NULL, dir.text));
        ent_buf_release(&b);
    }
    free(h);
    free(other);
}

static void test_refresh(void **state)
{
    struct ent_home *h, *other = home_memory();
    struct ent_diag d = {0};
    struct path dir, p;
    bool changed = true;
    (void)state;
    h = make_open(&dir, "refresh");
    assert_ok(ent_home_open(other, NULL, dir.text));
    assert_ok(ent_home_refresh(other, NULL, &changed));
    assert_false(changed);
    assert_ok(add(h, NULL, "second"));
    assert_ok(add(h, NULL, "third"));
    assert_int_equal(other->pact.version, 1);
    assert_ok(ent_home_refresh(other, NULL, &changed));
    assert_true(changed);
    assert_int_equal(other->pact.version, 3);
    assert_non_null(ent_pact_member(&other->pact, "third"));
    assert_ok(ent_home_refresh(other, NULL, &changed));
    assert_false(changed);
    assert_ok(add(h, NULL, "fourth"));
    p = in(&dir, "pact/000004");
    replace(&p, "member fourth", "member foully");
    assert_err(ent_home_refresh(other, &d, &changed), ENT_E_AUTH);
    assert_false(changed);
    assert_int_equal(other->pact.version, 3); /* what was good stays */
    assert_null(ent_pact_member(&other->pact, "foully"));
    free(h);
    free(other);
}

static void test_set_pact_replaces_no_version(void **state)
{
    struct ent_home *h, *other = home_memory();
    struct ent_pact *next = calloc(1, sizeof(*next));
    struct ent_seed32 author;
    struct ent_diag d = {0};
    struct path dir;
    bool changed;
    (void)state;
    assert_non_null(next);
    h = make_open(&dir, "race");
    assert_ok(ent_home_open(other, NULL, dir.text));
    assert_ok(add(h, NULL, "first-come"));
    assert_err(add(other, &d, "too-late"), ENT_E_EXISTS);
    assert_int_equal(other->pact.version, 1);
    assert_ok(ent_home_refresh(other, NULL, &changed));
    assert_non_null(ent_pact_member(&other->pact, "first-come"));
    assert_ok(add(other, NULL, "too-late")); /* on top of it, it is fine */

    struct path p = in(&dir, "pact/000004"), pact = in(&dir, "pact");
    key(other, &author, ENT_KEY_AUTHOR);
    next_with(next, &other->pact, "forged");
    assert_err(ent_home_set_pact(other, &d, next, &author), ENT_E_AUTH);
    assert_false(exists(&p));
    assert_int_equal(other->pact.version, 3);
    assert_int_equal(entries(pact.text, ""), 3);
    free(next);
    free(h);
    free(other);
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
    static const char not_ours[] = "key file does not hold the key that stands in the pact";
    static const char *const names[] = {"keys/root", "keys/author", "keys/node"};
    struct ent_home *h, *other;
    struct path dir, other_dir, kept = at("kept");
    bool locked = true;
    (void)state;
    h = make_open(&dir, "open");
    other = make_open(&other_dir, "another");
    for (int role = 0; role < ENT_KEY_ROLES; role++) {
        const struct ent_member *self = ent_home_self(h);
        const struct ent_pubkey *want[] = {&self->root, &self->author, &self->tls};
        struct path own = in(&dir, names[role]), theirs = in(&other_dir, names[role]);
        struct path next = in(&dir, names[(role + 1) % ENT_KEY_ROLES]);
        struct ent_seed32 seed;
        struct ent_pubkey pk;
        char line[2][32];
        assert_ok(ent_home_key_is_locked(h, &locked, NULL, (enum ent_key_role)role));
        assert_false(locked);
        key(h, &seed, (enum ent_key_role)role);
        if (role == ENT_KEY_NODE)
            ent_node_tls_seed(&seed, &seed);
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
    free(h);
    free(other);
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
    struct ent_home *h = home_memory();
    struct ent_seed32 seed = {{0}}, zero = {{0}};
    struct ent_diag d = {0};
    struct ent_pubkey pk;
    bool locked = false;
    (void)state;
    assert_ok(ent_home_make(&d, &opts));
    assert_ok(ent_home_open(h, NULL, dir.text));
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
    assert_memory_equal(pk.b, ent_home_self(h)->author.b, 32);
    p = in(&dir, "keys/author");
    assert_int_equal(mode_of(&p), 0400);
    replace(&p, "locked ", "opened ");
    assert_err(ent_home_key_is_locked(h, &locked, &d, ENT_KEY_AUTHOR), ENT_E_FORMAT);
    free(h);
}

/* --- acts ---------------------------------------------------------------------------------------
 */

static enum ent_err act(const struct ent_home *h, const struct ent_seed32 *author,
                        struct ent_buf *b, struct ent_act *ret)
{
    const struct ent_act_wish wish = {.type = ENT_ST_OFFER,
                                      .media = ENT_MEDIA_OFFER,
                                      .body = ENT_SLICE_LIT("body\n"),
                                      .now = 1534723200};
    return ent_home_act(h, b, ret, NULL, &wish, author);
}

/* Acts 1 to n are all there, signed, and say their own number. */
static void check_acts(const struct ent_home *h, const struct path *dir, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        char name[32];
        struct ent_act a;
        (void)snprintf(name, sizeof(name), "acts/%08u", i);
        struct path p = in(dir, name);
        struct ent_buf b = bytes_of(&p);
        assert_ok(ent_act_parse(&a, ent_buf_slice(&b), &ent_home_self(h)->author, NULL));
        assert_int_equal(a.st.sequence, i);
        assert_string_equal(a.st.author, h->pact.self);
        assert_int_equal(a.st.pact_version, h->pact.version);
        assert_memory_equal(a.st.pact.b, h->pact.hash.b, 32);
        assert_true(ent_slice_eq(a.body, ENT_SLICE_LIT("body\n")));
        assert_int_equal(mode_of(&p), 0600);
        ent_buf_release(&b);
    }
}

static void test_acts_are_numbered(void **state)
{
    static const char *const leftovers[] = {
        "acts/00000007.Ab12Cd", "acts/00000009.tmp", "acts/9",       "acts/0000000000000099",
        "acts/0000009x",        "acts/-0000009",     "acts/00000000"};
    struct ent_seed32 author;
    struct ent_buf b;
    struct ent_act a;
    struct path dir;
    struct ent_home *h = make_open(&dir, "acts");
    (void)state;
    key(h, &author, ENT_KEY_AUTHOR);
    for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
        struct path p = in(&dir, leftovers[i]);
        put_bytes(&p, ENT_SLICE_LIT("half an act"));
    }
    ent_buf_init(&b, 4 * ENT_ACT_MAX);
    for (unsigned i = 1; i <= 3; i++) {
        size_t start = b.n; /* the act is appended, and these are the bytes in its file */
        assert_ok(act(h, &author, &b, &a));
        assert_int_equal(a.st.sequence, i);
        char name[32];
        (void)snprintf(name, sizeof(name), "acts/%08u", i);
        struct path p = in(&dir, name);
        struct ent_buf kept = bytes_of(&p);
        assert_true(ent_slice_eq(ent_buf_slice(&kept), ent_slice(b.p + start, b.n - start)));
        ent_buf_release(&kept);
    }
    check_acts(h, &dir, 3);
    struct path p = in(&dir, "acts/00000041"); /* never reuse a number, even after a gap */
    put_bytes(&p, ENT_SLICE_LIT("x"));
    assert_ok(act(h, &author, &b, &a));
    assert_int_equal(a.st.sequence, 42);
    ent_buf_release(&b);
    free(h);
}

#define EACH 20

static void append(const struct ent_home *h, const struct ent_seed32 *author)
{
    for (int i = 0; i < EACH; i++) {
        struct ent_buf b;
        struct ent_act a;
        ent_buf_init(&b, ENT_ACT_MAX);
        if (act(h, author, &b, &a) != ENT_OK)
            _exit(1);
        ent_buf_release(&b);
    }
    _exit(0);
}

static void test_two_processes_share_no_number(void **state)
{
    struct ent_seed32 author;
    struct path dir;
    struct ent_home *h = make_open(&dir, "fork");
    pid_t child[2];
    (void)state;
    key(h, &author, ENT_KEY_AUTHOR);
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0)
            append(h, &author);
    }
    for (int i = 0; i < 2; i++) {
        int status = -1;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    check_acts(h, &dir, 2 * EACH);
    struct path acts = in(&dir, "acts");
    assert_int_equal(entries(acts.text, "0"), 2 * EACH); /* no more, and nothing temporary */
    assert_int_equal(entries(acts.text, ""), 2 * EACH + 1);
    free(h);
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
    free(h);
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
        cmocka_unit_test(test_set_pact_replaces_no_version),
        cmocka_unit_test(test_open_keys),
        cmocka_unit_test(test_locked_keys),
        cmocka_unit_test(test_acts_are_numbered),
        cmocka_unit_test(test_two_processes_share_no_number),
        cmocka_unit_test(test_run_files),
    };
    return ent_t_run("home", tests);
}
