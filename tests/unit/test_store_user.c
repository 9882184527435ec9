/* test_store_user.c: the rows of accounts, tokens, sessions, strikes and waiting releases. */
#include "store/store.h"

#include "tests/support/t.h"

#include <sqlite3.h>

#define NOW INT64_C(1800000000)

static struct ent_store *memory(void)
{
    struct ent_store *s = NULL;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_ok(ent_store_begin(s));
    return s;
}

static struct ent_user user(const char *name, enum ent_user_role role)
{
    struct ent_user u = {.role = role, .clearance = ENT_TLP_AMBER, .enabled = true, .created = NOW};
    (void)snprintf(u.name, sizeof(u.name), "%s", name);
    return u;
}

/* Adds it, and its id. */
static struct ent_user added(struct ent_store *s, const char *name, enum ent_user_role role)
{
    struct ent_user u = user(name, role);
    assert_ok(ent_store_user_add(s, &u));
    assert_ok(ent_store_user(s, &u, ent_slice_str(name)));
    return u;
}

static struct ent_hash32 hash_of(const char *text)
{
    struct ent_hash32 h;
    ent_sha256_of(&h, ent_slice_str(text));
    return h;
}

static struct ent_key16 key_of(uint64_t n)
{
    struct ent_key16 k = {{0}};
    ent_put_u64le(k.b, n);
    return k;
}

static void test_words(void **state)
{
    static const char *const bad[] = {
        "",    "-a",       "A",   "a_b",    "a b",
        "a\n", "\xC3\xA4", "a.b", "@owner", "a12345678901234567890123456789012"};
    static const char *const bad_roles[] = {"", "Reader", "admin", "operator ", "none", "root"};
    enum ent_user_role r = ENT_USER_READER;
    (void)state;
    assert_true(ent_user_name_is_valid(ENT_SLICE_LIT("a")));
    assert_true(ent_user_name_is_valid(ENT_SLICE_LIT("0-day-")));
    assert_true(ent_user_name_is_valid(ENT_SLICE_LIT("a1234567890123456789012345678901")));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ent_user_name_is_valid(ent_slice_str(bad[i])));
    assert_false(ent_user_name_is_valid(ent_slice("a\0b", 3)));
    for (size_t i = 0; i < sizeof(bad_roles) / sizeof(bad_roles[0]); i++)
        assert_err(ent_user_role_parse(&r, ent_slice_str(bad_roles[i])), ENT_E_FORMAT);
    for (int i = ENT_USER_READER; i <= (int)ENT_USER_OPERATOR; i++) {
        const char *name = ent_user_role_name((enum ent_user_role)i);
        assert_ok(ent_user_role_parse(&r, ent_slice_str(name)));
        assert_int_equal(r, i);
    }
    assert_string_equal(ent_user_role_name((enum ent_user_role)0), "none");
    assert_string_equal(ent_user_role_name((enum ent_user_role)5), "none");
}

static enum ent_err count(void *ctx, const struct ent_user *u)
{
    (void)u;
    ++*(unsigned *)ctx;
    return ENT_OK;
}

static void test_accounts(void **state)
{
    struct ent_store *s = memory();
    struct ent_user u = added(s, "eva", ENT_USER_OPERATOR), bad = u;
    uint64_t operators = 9;
    unsigned n = 0;
    (void)state;
    assert_int_equal(u.role, ENT_USER_OPERATOR);
    assert_string_equal(u.password, "");
    assert_err(ent_store_user_add(s, &u), ENT_E_EXISTS);
    assert_err(ent_store_user(s, &u, ENT_SLICE_LIT("ev")), ENT_E_NOTFOUND);
    assert_err(ent_store_user(s, &u, ENT_SLICE_LIT("EVA")), ENT_E_NOTFOUND);
    (void)snprintf(u.display, sizeof(u.display), "Eva B\xC3\xB6hm");
    (void)snprintf(u.password, sizeof(u.password), "$argon2id$x");
    assert_ok(ent_store_user_set(s, &u));
    assert_ok(ent_store_user(s, &u, ENT_SLICE_LIT("eva")));
    assert_string_equal(u.display, "Eva B\xC3\xB6hm");
    assert_string_equal(u.password, "$argon2id$x");
    assert_ok(ent_store_operators(s, &operators));
    assert_int_equal(operators, 1);
    u.enabled = false;
    assert_ok(ent_store_user_set(s, &u));
    assert_ok(ent_store_operators(s, &operators));
    assert_int_equal(operators, 0);
    bad.role = (enum ent_user_role)5;
    assert_err(ent_store_user_set(s, &bad), ENT_E_FORMAT);
    bad = u;
    bad.clearance = (enum ent_tlp)0;
    assert_err(ent_store_user_set(s, &bad), ENT_E_FORMAT);
    bad = u;
    (void)snprintf(bad.display, sizeof(bad.display), "\x1b[31m");
    assert_err(ent_store_user_set(s, &bad), ENT_E_FORMAT);
    bad = u;
    bad.id++;
    assert_err(ent_store_user_set(s, &bad), ENT_E_NOTFOUND);
    bad = user("no body", ENT_USER_READER);
    assert_err(ent_store_user_add(s, &bad), ENT_E_FORMAT);
    for (unsigned i = 1; i < ENT_USERS_MOST; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "u%u", i);
        (void)added(s, name, ENT_USER_READER);
    }
    bad = user("one-more", ENT_USER_READER);
    assert_err(ent_store_user_add(s, &bad), ENT_E_LIMIT);
    assert_ok(ent_store_users(s, count, &n));
    assert_int_equal(n, ENT_USERS_MOST);
    ent_store_close(s);
}

static void test_tokens(void **state)
{
    struct ent_store *s = memory();
    const struct ent_user eva = added(s, "eva", ENT_USER_ANALYST),
                          bob = added(s, "bob", ENT_USER_READER);
    const struct ent_hash32 h = hash_of("one"), other = hash_of("two");
    struct ent_token t = {.name = "feeds",
                          .role = ENT_USER_READER,
                          .clearance = ENT_TLP_GREEN,
                          .created = NOW,
                          .expires = NOW + 10},
                     got = {.id = 0}, bad = t;
    struct ent_user who = {.id = 0};
    (void)state;
    assert_ok(ent_store_token_add(s, eva.id, &t, &h));
    assert_err(ent_store_token_add(s, eva.id, &t, &other), ENT_E_EXISTS);
    assert_err(ent_store_token_add(s, bob.id, &t, &h), ENT_E_EXISTS); /* the same secret twice */
    assert_ok(ent_store_token_add(s, bob.id, &t, &other));
    bad.role = (enum ent_user_role)0;
    assert_err(ent_store_token_add(s, bob.id, &bad, &other), ENT_E_FORMAT);
    assert_ok(ent_store_token(s, &got, &who, &h, NOW + 9));
    assert_string_equal(who.name, "eva");
    assert_string_equal(got.name, "feeds");
    assert_int_equal(got.role, ENT_USER_READER);
    assert_int_equal(got.clearance, ENT_TLP_GREEN);
    assert_int_equal(got.used, 0);
    assert_int_equal(who.tokens, 1);
    assert_err(ent_store_token(s, &got, &who, &h, NOW + 10), ENT_E_NOTFOUND);
    assert_ok(ent_store_token_used(s, got.id, NOW + 5));
    assert_ok(ent_store_token(s, &got, &who, &h, NOW + 9));
    assert_int_equal(got.used, NOW + 5);
    assert_err(ent_store_token_used(s, 99, NOW), ENT_E_NOTFOUND);
    assert_err(ent_store_token_drop(s, eva.id, ENT_SLICE_LIT("feed")), ENT_E_NOTFOUND);
    assert_ok(ent_store_token_drop(s, eva.id, ENT_SLICE_LIT("feeds")));
    assert_err(ent_store_token(s, &got, &who, &h, NOW), ENT_E_NOTFOUND);
    assert_ok(ent_store_token(s, &got, &who, &other, NOW)); /* that of bob is another */
    for (unsigned i = 0; i < ENT_TOKENS_MOST; i++) {
        struct ent_hash32 each = hash_of("n");
        ent_put_u32le(each.b, i);
        (void)snprintf(t.name, sizeof(t.name), "n%u", i);
        assert_ok(ent_store_token_add(s, eva.id, &t, &each));
    }
    (void)snprintf(t.name, sizeof(t.name), "more");
    assert_err(ent_store_token_add(s, eva.id, &t, &h), ENT_E_LIMIT);
    ent_store_close(s);
}

static void test_sessions(void **state)
{
    struct ent_store *s = memory();
    const struct ent_user eva = added(s, "eva", ENT_USER_ANALYST),
                          bob = added(s, "bob", ENT_USER_READER);
    struct ent_session x = {.created = NOW, .used = NOW, .expires = NOW + 100}, got = {0};
    struct ent_hash32 h = hash_of("s");
    struct ent_user who = {.id = 0};
    (void)state;
    assert_err(ent_store_session(s, &got, &who, &h), ENT_E_NOTFOUND);
    assert_ok(ent_store_session_add(s, bob.id, &h, &x));
    for (unsigned i = 0; i < ENT_SESSIONS_MOST + 1; i++) {
        ent_put_u32le(h.b, i);
        x.created = NOW + i;
        assert_ok(ent_store_session_add(s, eva.id, &h, &x));
    }
    ent_put_u32le(h.b, 0);
    assert_err(ent_store_session(s, &got, &who, &h), ENT_E_NOTFOUND); /* the oldest made room */
    ent_put_u32le(h.b, 1);
    assert_ok(ent_store_session(s, &got, &who, &h));
    assert_string_equal(who.name, "eva");
    assert_int_equal(who.sessions, ENT_SESSIONS_MOST);
    assert_ok(ent_store_session_used(s, &h, NOW + 60));
    assert_ok(ent_store_session(s, &got, &who, &h));
    assert_int_equal(got.used, NOW + 60);
    assert_ok(ent_store_session_drop(s, &h));
    assert_err(ent_store_session_drop(s, &h), ENT_E_NOTFOUND);
    assert_ok(ent_store_sessions_drop(s, eva.id));
    ent_put_u32le(h.b, 2);
    assert_err(ent_store_session(s, &got, &who, &h), ENT_E_NOTFOUND);
    h = hash_of("s");
    assert_ok(ent_store_session(s, &got, &who, &h)); /* bob's */
    x.created = NOW + 100;
    ent_put_u32le(h.b, 7);
    assert_ok(ent_store_session_add(s, eva.id, &h, &x));
    h = hash_of("s");
    assert_err(ent_store_session(s, &got, &who, &h), ENT_E_NOTFOUND); /* out of date */
    ent_store_close(s);
}

static void test_link(void **state)
{
    struct ent_store *s = memory();
    const struct ent_hash32 h = hash_of("link"), other = hash_of("other");
    (void)state;
    assert_ok(ent_store_link_add(s, &h, NOW + 10));
    assert_ok(ent_store_link(s, &h, NOW));
    assert_err(ent_store_link(s, &other, NOW), ENT_E_NOTFOUND);
    assert_err(ent_store_link(s, &h, NOW + 10), ENT_E_NOTFOUND);
    assert_ok(ent_store_links_drop(s));
    assert_err(ent_store_link(s, &h, NOW), ENT_E_NOTFOUND);
    ent_store_close(s);
}

static void test_strikes(void **state)
{
    struct ent_store *s = memory();
    struct ent_strikes x = {.n = 3, .last = NOW}, got = {.n = 7};
    struct ent_key16 key = key_of(1);
    (void)state;
    assert_ok(ent_store_strikes(s, &got, &key));
    assert_int_equal(got.n, 0);
    assert_ok(ent_store_strikes_set(s, &key, &x));
    assert_ok(ent_store_strikes(s, &got, &key));
    assert_int_equal(got.n, 3);
    assert_int_equal(got.last, NOW);
    for (unsigned i = 0; i < ENT_STRIKES_MOST; i++) {
        x.last = NOW + 1 + i;
        key = key_of(100 + i);
        assert_ok(ent_store_strikes_set(s, &key, &x));
    }
    key = key_of(1);
    assert_ok(ent_store_strikes(s, &got, &key));
    assert_int_equal(got.n, 0); /* the oldest made room */
    key = key_of(100);
    assert_ok(ent_store_strikes(s, &got, &key));
    assert_int_equal(got.n, 3);
    x.n = 0;
    assert_ok(ent_store_strikes_set(s, &key, &x));
    assert_ok(ent_store_strikes(s, &got, &key));
    assert_int_equal(got.n, 0);
    ent_store_close(s);
}

static void test_known(void **state)
{
    struct ent_store *s = memory();
    const struct ent_user eva = added(s, "eva", ENT_USER_ANALYST);
    struct ent_key16 key = key_of(0);
    bool is = true;
    (void)state;
    assert_ok(ent_store_known_from(s, &is, eva.id, &key, 0));
    assert_false(is);
    for (unsigned i = 0; i < ENT_KNOWN_MOST + 1; i++) {
        key = key_of(i);
        assert_ok(ent_store_known_add(s, eva.id, &key, NOW + i));
    }
    assert_ok(ent_store_known_from(s, &is, eva.id, &key, NOW));
    assert_true(is);
    assert_ok(ent_store_known_from(s, &is, eva.id, &key, NOW + ENT_KNOWN_MOST + 1));
    assert_false(is);
    assert_ok(ent_store_known_from(s, &is, eva.id + 1, &key, NOW));
    assert_false(is);
    key = key_of(0);
    assert_ok(ent_store_known_from(s, &is, eva.id, &key, NOW));
    assert_false(is);
    ent_store_close(s);
}

static enum ent_err one_pending(void *ctx, const struct ent_pending *p, const struct ent_odds *odds)
{
    char *said = ctx;
    (void)snprintf(said, 128, "%.*s %.*s %.*s %lld %llu %llu", (int)p->source.n, p->source.p,
                   (int)p->by.n, p->by.p, (int)p->reason.n, p->reason.p, (long long)p->asked,
                   (unsigned long long)odds->claims, (unsigned long long)odds->n[ENT_ODDS - 1]);
    return ENT_OK;
}

static void test_pending(void **state)
{
    struct ent_store *s = memory();
    const struct ent_indicator ind = {.confidence = -1, .tlp = ENT_TLP_GREEN};
    struct ent_indicator one = ind;
    struct ent_odds odds = {.claims = 5};
    struct ent_pending p = {.source = ENT_SLICE_LIT("feed"),
                            .by = ENT_SLICE_LIT("eva"),
                            .reason = ENT_SLICE_LIT("checked"),
                            .asked = NOW,
                            .expires = NOW + 10};
    enum ent_put put;
    char said[128] = "";
    (void)state;
    odds.n[ENT_ODDS - 1] = 4;
    assert_ok(ent_observable_parse(&one.obs, NULL, ENT_SLICE_LIT("evil.com")));
    assert_err(ent_store_pending_add(s, &p, &odds), ENT_E_NOTFOUND);
    assert_ok(ent_store_put(s, &put, &one, p.source, NOW));
    assert_ok(ent_store_pending_add(s, &p, &odds));
    assert_ok(ent_store_pending(s, p.source, NOW + 9, one_pending, said));
    assert_string_equal(said, "feed eva checked 1800000000 5 4");
    said[0] = '\0';
    assert_ok(ent_store_pending(s, ENT_SLICE_LIT("other"), NOW, one_pending, said));
    assert_ok(ent_store_pending(s, p.source, NOW + 10, one_pending, said));
    assert_string_equal(said, "");
    p.reason = ENT_SLICE_LIT("");
    assert_err(ent_store_pending_add(s, &p, &odds), ENT_E_FORMAT);
    p.reason = ENT_SLICE_LIT("again");
    assert_ok(ent_store_pending_add(s, &p, &odds));
    assert_ok(ent_store_pending(s, ent_slice(NULL, 0), NOW, one_pending, said));
    assert_string_equal(said, "feed eva again 1800000000 5 4");
    assert_ok(ent_store_pending_drop(s, p.source));
    assert_err(ent_store_pending_drop(s, p.source), ENT_E_NOTFOUND);
    p.source = ENT_SLICE_LIT(ENT_STORE_OWN);
    assert_err(ent_store_pending_add(s, &p, &odds), ENT_E_NOTFOUND);
    ent_store_close(s);
}

/* A store of the version before, with what it knew; and what somebody changed in the file. */
static void test_older_and_changed(void **state)
{
    char path[4096];
    struct ent_store *s;
    struct ent_user u = user("eva", ENT_USER_OPERATOR);
    sqlite3 *db;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/store.db", ent_t_tmpdir());
    assert_ok(ent_store_open(&s, NULL, path));
    assert_ok(ent_store_set_fact(s, "kept", ENT_SLICE_LIT("yes")));
    ent_store_close(s);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TABLE account; DROP TABLE token; DROP TABLE session; DROP"
                                  " TABLE link; DROP TABLE strikes; DROP TABLE known; DROP TABLE"
                                  " pending; PRAGMA user_version = 4",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_ok(ent_store_open(&s, NULL, path));
    assert_ok(ent_store_user_add(s, &u));
    assert_int_equal(sqlite3_exec(db, "UPDATE account SET role = 9", NULL, NULL, NULL), SQLITE_OK);
    assert_err(ent_store_user(s, &u, ENT_SLICE_LIT("eva")), ENT_E_FORMAT);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE account SET role = 4, name = 'e v a'", NULL, NULL, NULL),
        SQLITE_OK);
    assert_err(ent_store_user(s, &u, ENT_SLICE_LIT("e v a")), ENT_E_FORMAT);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    struct ent_buf kept;
    ent_buf_init(&kept, 16);
    assert_ok(ent_store_fact(s, &kept, "kept"));
    assert_true(ent_slice_eq(ent_buf_slice(&kept), ENT_SLICE_LIT("yes")));
    ent_buf_release(&kept);
    ent_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_strikes),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_older_and_changed),
    };
    return ent_t_run("store_user", tests);
}
