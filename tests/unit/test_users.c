/* test_users.c: who is let in, who may what, and that it is on record before. */
#include "node/node.h"
#include "node/users_parts.h"

#include "tests/support/t.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define NOW  INT64_C(1800000000)
#define GOOD "correct horse battery"

static const uint8_t here[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = 7};
static const uint8_t there[16] = {
    [10] = 0xFF, [11] = 0xFF, [12] = 198, [13] = 51, [14] = 100, [15] = 1};
static const uint8_t loopback[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1};

/* What was recorded, a line each, and a switch that makes the disk fail. */
struct recorded {
    struct ent_buf lines;
    unsigned n;
    enum ent_err fail;
};

static enum ent_err record(void *ctx, const struct ent_trail_record *r, struct ent_diag *d)
{
    struct recorded *rec = ctx;
    if (rec->fail != ENT_OK)
        return ent_fail(d, rec->fail, "the disk is full", 0, 0);
    ent_buf_clear(&rec->lines);
    assert_ok(ent_trail_record_encode(&rec->lines, r));
    rec->n++;
    return ENT_OK;
}

static struct recorded rec;
static struct ent_store *store;
static struct ent_users *users;
static struct ent_identity owner;

static void open_users(const char *path)
{
    const struct ent_users_opts opts = {.record = record, .ctx = &rec, .cheap = true};
    struct ent_users_opts o = opts;
    if (rec.lines.max == 0)
        ent_buf_init(&rec.lines, ENT_TRAIL_LINE);
    rec.n = 0;
    rec.fail = ENT_OK;
    assert_ok(ent_store_open(&store, NULL, path));
    o.store = store;
    assert_ok(ent_users_new(&users, &o));
    ent_identity_owner(&owner);
}

static void close_users(void)
{
    ent_users_free(users);
    ent_store_close(store);
}

/* The last record without its version and time. */
static const char *last(void)
{
    static char text[ENT_TRAIL_LINE + 1];
    assert_true(rec.lines.n > 24);
    (void)snprintf(text, sizeof(text), "%.*s", (int)rec.lines.n - 24,
                   (const char *)rec.lines.p + 24);
    return text;
}

static void add(const char *name, enum ent_user_role role, enum ent_tlp clearance,
                const char *password)
{
    struct ent_user n = {.role = role, .clearance = clearance};
    (void)snprintf(n.name, sizeof(n.name), "%s", name);
    assert_ok(ent_users_add(users, NULL, &owner, &n, ent_slice_str(password), NOW));
}

static struct ent_check check;

static enum ent_err try_at(const char *name, const char *password, const uint8_t *from, int64_t now)
{
    struct ent_credential c;
    assert_ok(ent_credential_password(&c, ent_slice_str(name), ent_slice_str(password)));
    return ent_users_check(users, &check, NULL, &c, from, now);
}

static enum ent_err try_token(const char *text, const char *name, int64_t now)
{
    struct ent_credential c = {.kind = ENT_CRED_TOKEN};
    assert_ok(ent_secret_hash(&c.hash, ent_slice_str(text), "ent_"));
    (void)snprintf(c.name, sizeof(c.name), "%s", name);
    return ent_users_check(users, &check, NULL, &c, here, now);
}

static enum ent_err try_cookie(const char *cookie, int64_t now)
{
    struct ent_credential c = {.kind = ENT_CRED_SESSION};
    assert_ok(ent_secret_hash(&c.hash, ent_slice_str(cookie), ""));
    return ent_users_check(users, &check, NULL, &c, here, now);
}

/* --- who may what -------------------------------------------------------------------------------
 */

/* What the table should say, written down once more. */
static void test_may(void **state)
{
    static const struct {
        enum ent_action what;
        enum ent_user_role least;
        bool audited;
    } wants[] = {
        {ENT_ACT_LOGIN, ENT_USER_READER, true},
        {ENT_ACT_TOKEN, ENT_USER_READER, true},
        {ENT_ACT_OWN, ENT_USER_READER, true},
        {ENT_ACT_READ, ENT_USER_READER, false},
        {ENT_ACT_READ_RED, ENT_USER_READER, true},
        {ENT_ACT_METRICS, ENT_USER_READER, false},
        {ENT_ACT_IMPORT, ENT_USER_ANALYST, false},
        {ENT_ACT_EDIT, ENT_USER_ANALYST, false},
        {ENT_ACT_MATCH, ENT_USER_ANALYST, true},
        {ENT_ACT_QUORUM, ENT_USER_ANALYST, true},
        {ENT_ACT_EXPORT, ENT_USER_ANALYST, true},
        {ENT_ACT_RELEASE, ENT_USER_RELEASER, true},
        {ENT_ACT_CONFIRM, ENT_USER_RELEASER, true},
        {ENT_ACT_HOLD, ENT_USER_RELEASER, true},
        {ENT_ACT_SAY, ENT_USER_RELEASER, false},
        {ENT_ACT_SETTINGS, ENT_USER_OPERATOR, true},
        {ENT_ACT_USERS, ENT_USER_OPERATOR, true},
        {ENT_ACT_TRAIL, ENT_USER_OPERATOR, false},
        {ENT_ACT_PACT, ENT_USER_OPERATOR, true},
        {ENT_ACT_FIRST, 99, true},
        {ENT_ACT_BEGIN, 99, true},
    };
    struct ent_identity who = {.clearance = ENT_TLP_RED};
    enum ent_action back;
    (void)state;
    assert_int_equal(sizeof(wants) / sizeof(wants[0]), ENT_ACTIONS);
    for (size_t i = 0; i < ENT_ACTIONS; i++) {
        for (int role = 0; role <= 5; role++) {
            who.role = (enum ent_user_role)role;
            assert_int_equal(ent_may(&who, wants[i].what),
                             role >= (int)wants[i].least && role <= (int)ENT_USER_OPERATOR);
        }
        assert_int_equal(ent_actions[wants[i].what].audited, wants[i].audited);
        assert_ok(ent_action_parse(&back, ent_slice_str(ent_actions[i].word)));
        assert_int_equal(back, i);
    }
    assert_false(ent_may(&who, (enum ent_action)ENT_ACTIONS));
    assert_err(ent_action_parse(&back, ENT_SLICE_LIT("sudo")), ENT_E_FORMAT);
    for (int mark = 0; mark <= 6; mark++)
        for (int clearance = ENT_TLP_CLEAR; clearance <= (int)ENT_TLP_RED; clearance++) {
            who.role = ENT_USER_READER;
            who.clearance = (enum ent_tlp)clearance;
            assert_int_equal(ent_may_see(&who, (enum ent_tlp)mark), mark >= 1 && mark <= clearance);
            assert_int_equal(ent_may(&who, ENT_ACT_READ_RED), clearance == (int)ENT_TLP_RED);
        }
}

static void test_identity_border(void **state)
{
    struct ent_identity who = {.user = 7,
                               .name = "eva",
                               .role = ENT_USER_ANALYST,
                               .clearance = ENT_TLP_AMBER,
                               .via = ENT_VIA_TOKEN,
                               .token = "feeds"},
                        back;
    uint8_t bytes[ENT_IDENTITY_BYTES], again[ENT_IDENTITY_BYTES];
    unsigned refused = 0;
    (void)state;
    memcpy(who.from16, here, sizeof(here));
    ent_identity_encode(bytes, &who);
    assert_ok(ent_identity_parse(&back, ent_slice(bytes, sizeof(bytes))));
    assert_string_equal(back.token, "feeds");
    assert_int_equal(back.user, 7);
    assert_err(ent_identity_parse(&back, ent_slice(bytes, sizeof(bytes) - 1)), ENT_E_FORMAT);
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ent_identity_parse(&back, ent_slice(bytes, sizeof(bytes))) == ENT_OK) {
            ent_identity_encode(again, &back);
            assert_memory_equal(again, bytes, sizeof(bytes));
        } else {
            refused++;
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(refused > 100);
    ent_identity_owner(&who); /* nobody becomes the owner over a border */
    ent_identity_encode(bytes, &who);
    assert_err(ent_identity_parse(&back, ent_slice(bytes, sizeof(bytes))), ENT_E_FORMAT);
}

/* --- passwords ----------------------------------------------------------------------------------
 */

static void test_password(void **state)
{
    struct ent_user_change disable = {.disable = true}, enable = {.enable = true};
    (void)state;
    open_users(":memory:");
    add("eva", ENT_USER_ANALYST, ENT_TLP_AMBER, GOOD);
    assert_string_equal(last(), "@owner home local users allowed add%20eva%20analyst%20TLP:AMBER");
    add("robot", ENT_USER_READER, ENT_TLP_GREEN, "");
    assert_ok(try_at("eva", GOOD, here, NOW));
    assert_string_equal(last(), "eva password 192.0.2.7 login allowed -");
    assert_string_equal(check.who.name, "eva");
    assert_int_equal(check.who.role, ENT_USER_ANALYST);
    assert_int_equal(check.who.clearance, ENT_TLP_AMBER);
    assert_int_equal(check.refusal, ENT_REFUSED_NOT);
    assert_err(try_at("eva", GOOD "x", here, NOW), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_WRONG);
    assert_int_equal(check.who.user, 0);
    assert_string_equal(last(), "@nobody none 192.0.2.7 login wrong eva");
    assert_err(try_at("robot", GOOD, here, NOW), ENT_E_AUTH); /* it has none */
    assert_int_equal(check.refusal, ENT_REFUSED_WRONG);
    assert_err(try_at("nobody", GOOD, here, NOW), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_WRONG);
    assert_string_equal(last(), "@nobody none 192.0.2.7 login wrong -");
    assert_ok(ent_users_set(users, NULL, &owner, ENT_SLICE_LIT("eva"), &disable, NOW));
    assert_err(try_at("eva", GOOD, here, NOW), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_WRONG);
    assert_ok(ent_users_set(users, NULL, &owner, ENT_SLICE_LIT("eva"), &enable, NOW));
    assert_ok(try_at("eva", GOOD, here, NOW));
    assert_ok(ent_users_passwd(users, NULL, &owner, ENT_SLICE_LIT("eva"),
                               ENT_SLICE_LIT("another password"), NOW));
    assert_err(try_at("eva", GOOD, here, NOW), ENT_E_AUTH);
    assert_ok(try_at("eva", "another password", here, NOW));
    /* What cannot be recorded does not happen. */
    rec.fail = ENT_E_FULL;
    assert_err(try_at("eva", "another password", here, NOW), ENT_E_FULL);
    assert_int_equal(check.who.user, 0);
    assert_err(try_at("eva", "wrong", here, NOW), ENT_E_FULL);
    rec.fail = ENT_OK;
    struct ent_credential none = {.kind = ENT_CRED_NONE};
    assert_err(ent_users_check(users, &check, NULL, &none, here, NOW), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_NONE);
    close_users();
}

/* Names that there are, and that there are not, are told in the same way all along. */
static void test_no_enumeration(void **state)
{
    static const char *const names[] = {"eva", "robot", "nobody"};
    (void)state;
    open_users(":memory:");
    add("eva", ENT_USER_ANALYST, ENT_TLP_AMBER, GOOD);
    add("robot", ENT_USER_READER, ENT_TLP_GREEN, "");
    for (unsigned n = 0; n < 30; n++) {
        struct ent_check first = {.wait = 0};
        for (size_t i = 0; i < 3; i++) {
            uint8_t from[16];
            memcpy(from, there, sizeof(from));
            from[15] = (uint8_t)(10 * i + n % 10); /* the address must not be what is counted */
            from[14] = (uint8_t)(n / 10);
            assert_err(try_at(names[i], "wrong", from, NOW + n), ENT_E_AUTH);
            if (i == 0)
                first = check;
            assert_int_equal(check.refusal, first.refusal);
            assert_int_equal(check.wait, first.wait);
        }
    }
    assert_int_equal(check.refusal, ENT_REFUSED_WAIT);
    close_users();
}

static void test_lock_out(void **state)
{
    char path[4096], token[ENT_TOKEN_TEXT], cookie[ENT_SECRET_TEXT];
    const struct ent_token t = {.name = "feeds"};
    unsigned let = 0;
    uint8_t from[16];
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/store.db", ent_t_tmpdir());
    open_users(path);
    add("eva", ENT_USER_OPERATOR, ENT_TLP_RED, GOOD);
    assert_ok(ent_users_token(users, NULL, token, &owner, ENT_SLICE_LIT("eva"), &t, NOW));
    assert_ok(try_at("eva", GOOD, here, NOW)); /* from here it is known */
    assert_ok(ent_users_session(users, NULL, cookie, &check.who, NOW));
    /* Guessed at from everywhere, for an hour, each second from another address. */
    memcpy(from, there, sizeof(from));
    for (int i = 0; i < 3600; i++) {
        ent_put_u16le(from + 13, (uint16_t)(i * 7919));
        enum ent_err r = try_at("eva", "guess", from, NOW + i);
        assert_err(r, ENT_E_AUTH);
        let += check.refusal == ENT_REFUSED_WRONG;
    }
    assert_true(let >= 5 && let < 25);
    assert_err(try_at("eva", GOOD, there, NOW + 3600), ENT_E_AUTH); /* right, but too soon */
    assert_int_equal(check.refusal, ENT_REFUSED_WAIT);
    assert_true(check.wait > 0 && check.wait <= ENT_STRIKE_WAIT);
    const unsigned wait = check.wait;
    /* A restart forgets nothing. */
    close_users();
    open_users(path);
    assert_err(try_at("eva", GOOD, there, NOW + 3600), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_WAIT);
    assert_int_equal(check.wait, wait);
    /* Who was here before comes in, by password, token and session; and from the machine itself. */
    assert_ok(try_at("eva", GOOD, here, NOW + 1700));
    assert_ok(try_token(token, "", NOW + 3600));
    assert_ok(try_cookie(cookie, NOW + 1700));
    assert_ok(try_at("eva", GOOD, loopback, NOW + 3600));
    /* A known address may not guess for ever either. */
    for (int i = 0; i < 20; i++)
        assert_err(try_at("eva", "guess", here, NOW + 3600), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_WAIT);
    /* It ends by itself, and by the owner's word. */
    assert_ok(try_at("eva", GOOD, there, NOW + 3600 + wait));
    for (int i = 0; i < 9; i++)
        (void)!try_at("eva", "guess", from, NOW + 9000);
    assert_err(try_at("eva", GOOD, from, NOW + 9000), ENT_E_AUTH);
    struct ent_user_change enable = {.enable = true};
    assert_ok(ent_users_set(users, NULL, &owner, ENT_SLICE_LIT("eva"), &enable, NOW + 9000));
    assert_ok(try_at("eva", GOOD, from, NOW + 9000));
    close_users();
}

static void test_address(void **state)
{
    (void)state;
    open_users(":memory:");
    add("eva", ENT_USER_OPERATOR, ENT_TLP_RED, GOOD);
    for (int i = 0; i < 40; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "u%d", i); /* one password, many names */
        assert_err(try_at(name, "guess", there, NOW), ENT_E_AUTH);
    }
    assert_int_equal(check.refusal, ENT_REFUSED_WAIT);
    assert_err(try_at("eva", GOOD, there, NOW), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_WAIT);
    assert_ok(try_at("eva", GOOD, here, NOW));
    /* Right ones are no strikes. */
    for (int i = 0; i < 30; i++)
        assert_ok(try_at("eva", GOOD, here, NOW));
    close_users();
}

/* A flood of refusals has so many records a minute, and then a number. */
static void test_few_records(void **state)
{
    (void)state;
    open_users(":memory:");
    for (unsigned i = 0; i < 100; i++) {
        uint8_t from[16] = {0x20, 1};
        ent_put_u32le(from + 2, i);
        assert_err(try_at("nobody", "guess", from, NOW), ENT_E_AUTH);
    }
    assert_int_equal(rec.n, ENT_REFUSED_MINUTE);
    add("eva", ENT_USER_OPERATOR, ENT_TLP_RED, GOOD);
    assert_int_equal(rec.n, ENT_REFUSED_MINUTE + 1); /* what is allowed is always there */
    rec.n = 0;
    assert_err(try_at("eva", "guess", here, NOW + 60), ENT_E_AUTH);
    assert_int_equal(rec.n, 2);
    rec.n = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint8_t from[16] = {0x20, 2};
        ent_put_u32le(from + 2, i);
        (void)!try_at("nobody", "guess", from, NOW + 60);
    }
    assert_int_equal(rec.n, ENT_REFUSED_MINUTE - 1);
    rec.fail = ENT_E_IO; /* the number is not lost */
    assert_err(ent_users_act(users, NULL, &owner, ENT_ACT_EXPORT, ENT_SLICE_LIT("x"), NOW + 120),
               ENT_E_IO);
    rec.fail = ENT_OK;
    struct ent_identity reader = {.name = "eva", .role = ENT_USER_READER, .via = ENT_VIA_SESSION};
    assert_err(ent_users_act(users, NULL, &reader, ENT_ACT_READ, ENT_SLICE_LIT("x"), NOW + 120),
               ENT_OK);
    rec.n = 0;
    assert_err(ent_users_act(users, NULL, &reader, ENT_ACT_EXPORT, ENT_SLICE_LIT("a b"), NOW + 120),
               ENT_E_POLICY);
    assert_int_equal(rec.n, 2);
    assert_string_equal(last(), "eva session local export role a%20b");
    close_users();
}

struct thread {
    pthread_t id;
    unsigned let, busy, wait;
    int from;
};

static void *guess(void *ctx)
{
    struct thread *t = ctx;
    struct ent_check got;
    struct ent_credential c;
    uint8_t from[16] = {0x20, 1, (uint8_t)t->from};
    (void)!ent_credential_password(&c, ENT_SLICE_LIT("eva"), ENT_SLICE_LIT("guess"));
    for (int i = 0; i < 20; i++) {
        (void)!ent_users_check(users, &got, NULL, &c, from, NOW);
        t->let += got.refusal == ENT_REFUSED_WRONG;
        t->busy += got.refusal == ENT_REFUSED_BUSY;
        t->wait += got.refusal == ENT_REFUSED_WAIT;
    }
    return NULL;
}

/* Many at once have no more tries than one after the other. */
static void test_at_once(void **state)
{
    struct thread t[24];
    unsigned let = 0, all = 0;
    (void)state;
    open_users(":memory:");
    add("eva", ENT_USER_OPERATOR, ENT_TLP_RED, GOOD);
    for (int i = 0; i < 24; i++) {
        t[i] = (struct thread){.from = i};
        assert_int_equal(pthread_create(&t[i].id, NULL, guess, &t[i]), 0);
    }
    for (int i = 0; i < 24; i++) {
        assert_int_equal(pthread_join(t[i].id, NULL), 0);
        let += t[i].let;
        all += t[i].let + t[i].busy + t[i].wait;
    }
    assert_int_equal(let, ENT_STRIKES_ACCOUNT);
    assert_int_equal(all, 24 * 20);
    close_users();
}

static void *wait_for_slot(void *ctx)
{
    if (users_slot_take(users))
        users_slot_give(users);
    else
        (*(atomic_uint *)ctx)++;
    return NULL;
}

/* Two at a time, some more wait, and whoever comes then is told at once. */
static void test_slots(void **state)
{
    pthread_t t[WAITS_MOST];
    atomic_uint refused = 0;
    unsigned waiting = 0;
    (void)state;
    open_users(":memory:");
    add("eva", ENT_USER_OPERATOR, ENT_TLP_RED, GOOD);
    for (unsigned i = 0; i < HASHES_MOST; i++)
        assert_true(users_slot_take(users));
    for (unsigned i = 0; i < WAITS_MOST; i++)
        assert_int_equal(pthread_create(&t[i], NULL, wait_for_slot, &refused), 0);
    while (waiting < WAITS_MOST) {
        (void)pthread_mutex_lock(&users->slots);
        waiting = users->waiting;
        assert_int_equal(users->hashing, HASHES_MOST);
        (void)pthread_mutex_unlock(&users->slots);
        (void)sched_yield();
    }
    assert_err(try_at("eva", GOOD, here, NOW), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_BUSY);
    assert_err(
        ent_users_passwd(users, NULL, &owner, ENT_SLICE_LIT("eva"), ENT_SLICE_LIT(GOOD), NOW),
        ENT_E_TIMEOUT);
    for (unsigned i = 0; i < HASHES_MOST; i++)
        users_slot_give(users);
    for (unsigned i = 0; i < WAITS_MOST; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    assert_int_equal(refused, 0);
    assert_int_equal(users->hashing, 0);
    assert_ok(try_at("eva", GOOD, here, NOW)); /* being turned away was no strike */
    close_users();
}

/* --- tokens and sessions ------------------------------------------------------------------------
 */

static void test_tokens(void **state)
{
    char token[ENT_TOKEN_TEXT], wide[ENT_TOKEN_TEXT];
    struct ent_token t = {.name = "feeds",
                          .role = ENT_USER_READER,
                          .clearance = ENT_TLP_GREEN,
                          .expires = NOW + 86400};
    struct ent_user_change less = {.role = ENT_USER_READER, .clearance = ENT_TLP_CLEAR};
    (void)state;
    open_users(":memory:");
    add("eva", ENT_USER_ANALYST, ENT_TLP_AMBER, GOOD);
    add("bob", ENT_USER_READER, ENT_TLP_AMBER, GOOD);
    assert_ok(ent_users_token(users, NULL, token, &owner, ENT_SLICE_LIT("eva"), &t, NOW));
    assert_string_equal(last(),
                        "@owner home local users allowed token%20eva/feeds%20reader%20TLP:GREEN");
    assert_err(ent_users_token(users, NULL, wide, &owner, ENT_SLICE_LIT("eva"), &t, NOW),
               ENT_E_EXISTS);
    assert_err(ent_users_token(users, NULL, wide, &owner, ENT_SLICE_LIT("no"), &t, NOW),
               ENT_E_NOTFOUND);
    rec.n = 0;
    assert_ok(try_token(token, "", NOW));
    assert_string_equal(last(), "eva token/feeds 192.0.2.7 token allowed -");
    assert_int_equal(check.who.role, ENT_USER_READER);
    assert_int_equal(check.who.clearance, ENT_TLP_GREEN);
    assert_string_equal(check.who.token, "feeds");
    assert_ok(try_token(token, "eva", NOW + 3599));
    assert_int_equal(rec.n, 1); /* once an hour */
    assert_ok(try_token(token, "", NOW + 3600));
    assert_int_equal(rec.n, 2);
    assert_err(try_token(token, "bob", NOW), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_WRONG);
    assert_err(try_token(token, "", NOW + 86400), ENT_E_AUTH);
    assert_err(try_token("ent_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", NOW), ENT_E_AUTH);
    /* Whoever loses rights loses them in every token. */
    t = (struct ent_token){.name = "all"};
    assert_ok(ent_users_token(users, NULL, wide, &owner, ENT_SLICE_LIT("eva"), &t, NOW));
    assert_ok(try_token(wide, "", NOW));
    assert_int_equal(check.who.role, ENT_USER_ANALYST);
    assert_ok(ent_users_set(users, NULL, &owner, ENT_SLICE_LIT("eva"), &less, NOW));
    assert_ok(try_token(wide, "", NOW));
    assert_int_equal(check.who.role, ENT_USER_READER);
    assert_int_equal(check.who.clearance, ENT_TLP_CLEAR);
    /* More than the account, or than the token that asks. */
    t = (struct ent_token){.name = "more", .role = ENT_USER_OPERATOR};
    assert_err(ent_users_token(users, NULL, wide, &owner, ENT_SLICE_LIT("bob"), &t, NOW),
               ENT_E_POLICY);
    t = (struct ent_token){.name = "own"};
    struct ent_identity bob = {.name = "bob", .role = ENT_USER_READER, .clearance = ENT_TLP_GREEN};
    assert_ok(ent_store_begin(store));
    struct ent_user row;
    assert_ok(ent_store_user(store, &row, ENT_SLICE_LIT("bob")));
    ent_store_rollback(store);
    bob.user = row.id;
    bob.via = ENT_VIA_SESSION;
    t.clearance = ENT_TLP_AMBER;
    assert_err(ent_users_token(users, NULL, token, &bob, ENT_SLICE_LIT("bob"), &t, NOW),
               ENT_E_POLICY);
    t.clearance = 0;
    assert_ok(ent_users_token(users, NULL, token, &bob, ENT_SLICE_LIT("bob"), &t, NOW));
    assert_string_equal(last(), "bob session local own allowed token%20bob/own");
    assert_ok(try_token(token, "", NOW));
    assert_int_equal(check.who.clearance, ENT_TLP_GREEN);
    assert_err(ent_users_token(users, NULL, token, &bob, ENT_SLICE_LIT("eva"), &t, NOW),
               ENT_E_POLICY);
    assert_err(
        ent_users_token_drop(users, NULL, &bob, ENT_SLICE_LIT("eva"), ENT_SLICE_LIT("all"), NOW),
        ENT_E_POLICY);
    assert_ok(
        ent_users_token_drop(users, NULL, &bob, ENT_SLICE_LIT("bob"), ENT_SLICE_LIT("own"), NOW));
    assert_err(
        ent_users_token_drop(users, NULL, &bob, ENT_SLICE_LIT("bob"), ENT_SLICE_LIT("own"), NOW),
        ENT_E_NOTFOUND);
    assert_err(try_token(token, "", NOW), ENT_E_AUTH);
    t.expires = NOW;
    assert_err(ent_users_token(users, NULL, token, &bob, ENT_SLICE_LIT("bob"), &t, NOW),
               ENT_E_FORMAT);
    close_users();
}

static void test_sessions(void **state)
{
    char cookie[ENT_SECRET_TEXT];
    struct ent_credential c = {.kind = ENT_CRED_SESSION};
    struct ent_user_change disable = {.disable = true}, enable = {.enable = true};
    struct ent_identity eva;
    (void)state;
    open_users(":memory:");
    add("eva", ENT_USER_ANALYST, ENT_TLP_AMBER, GOOD);
    assert_err(ent_users_session(users, NULL, cookie, &owner, NOW), ENT_E_STATE);
    assert_ok(try_at("eva", GOOD, here, NOW));
    eva = check.who;
    assert_ok(ent_users_session(users, NULL, cookie, &eva, NOW));
    assert_ok(try_cookie(cookie, NOW + ENT_SESSION_IDLE - 1));
    assert_int_equal(check.who.via, ENT_VIA_SESSION);
    assert_err(ent_users_session(users, NULL, cookie, &check.who, NOW), ENT_E_STATE);
    assert_ok(try_cookie(cookie, NOW + 2 * ENT_SESSION_IDLE - 2)); /* it was used meanwhile */
    assert_err(try_cookie(cookie, NOW + 3 * ENT_SESSION_IDLE - 2), ENT_E_AUTH);
    assert_int_equal(check.refusal, ENT_REFUSED_WRONG);
    assert_ok(ent_users_session(users, NULL, cookie, &eva, NOW));
    for (int64_t t = 0; t < ENT_SESSION_MOST; t += 1000) /* always in use */
        assert_ok(try_cookie(cookie, NOW + t));
    assert_err(try_cookie(cookie, NOW + ENT_SESSION_MOST), ENT_E_AUTH);
    /* The end of it: by its owner, by a new password, by being disabled. */
    assert_ok(ent_users_session(users, NULL, cookie, &eva, NOW));
    assert_ok(ent_secret_hash(&c.hash, ent_slice_str(cookie), ""));
    assert_ok(ent_users_logout(users, NULL, &c));
    assert_err(ent_users_logout(users, NULL, &c), ENT_E_NOTFOUND);
    assert_err(try_cookie(cookie, NOW), ENT_E_AUTH);
    assert_ok(ent_users_session(users, NULL, cookie, &eva, NOW));
    assert_ok(ent_users_passwd(users, NULL, &eva, ENT_SLICE_LIT("eva"), ENT_SLICE_LIT(GOOD), NOW));
    assert_string_equal(last(), "eva password 192.0.2.7 own allowed password%20eva");
    assert_err(try_cookie(cookie, NOW), ENT_E_AUTH);
    assert_ok(ent_users_session(users, NULL, cookie, &eva, NOW));
    assert_ok(ent_users_set(users, NULL, &owner, ENT_SLICE_LIT("eva"), &disable, NOW));
    assert_err(ent_users_session(users, NULL, cookie, &eva, NOW), ENT_E_NOTFOUND);
    assert_ok(ent_users_set(users, NULL, &owner, ENT_SLICE_LIT("eva"), &enable, NOW));
    assert_err(try_cookie(cookie, NOW), ENT_E_AUTH); /* enabling brings none back */
    close_users();
}

/* --- accounts -----------------------------------------------------------------------------------
 */

static void test_accounts(void **state)
{
    struct ent_user n = {.name = "bob", .role = ENT_USER_READER, .clearance = ENT_TLP_GREEN};
    struct ent_identity eva = {.user = 1,
                               .name = "eva",
                               .role = ENT_USER_RELEASER,
                               .clearance = ENT_TLP_RED,
                               .via = ENT_VIA_SESSION};
    struct ent_user_change c = {.role = ENT_USER_READER};
    struct ent_diag d = {0};
    (void)state;
    open_users(":memory:");
    add("op", ENT_USER_OPERATOR, ENT_TLP_RED, GOOD);
    assert_err(ent_users_add(users, &d, &eva, &n, ent_slice(NULL, 0), NOW), ENT_E_POLICY);
    assert_string_equal(d.text, "not with this role and clearance");
    assert_string_equal(last(), "eva session local users role add%20bob%20reader%20TLP:GREEN");
    assert_err(ent_users_add(users, &d, &owner, &n, ENT_SLICE_LIT("short"), NOW), ENT_E_LIMIT);
    assert_err(ent_users_add(users, &d, &owner, &n, ENT_SLICE_LIT("\xFFnot UTF-8 at all"), NOW),
               ENT_E_FORMAT);
    assert_ok(ent_users_add(users, &d, &owner, &n, ENT_SLICE_LIT("twelve bytes"), NOW));
    assert_err(ent_users_add(users, &d, &owner, &n, ent_slice(NULL, 0), NOW), ENT_E_EXISTS);
    (void)snprintf(n.name, sizeof(n.name), "B");
    assert_err(ent_users_add(users, &d, &owner, &n, ent_slice(NULL, 0), NOW), ENT_E_FORMAT);
    rec.fail = ENT_E_FULL;
    (void)snprintf(n.name, sizeof(n.name), "late");
    assert_err(ent_users_add(users, &d, &owner, &n, ent_slice(NULL, 0), NOW), ENT_E_FULL);
    rec.fail = ENT_OK;
    assert_err(ent_users_set(users, &d, &owner, ENT_SLICE_LIT("late"), &c, NOW), ENT_E_NOTFOUND);
    /* The last operator. */
    struct ent_identity op = eva;
    op.role = ENT_USER_OPERATOR;
    assert_err(ent_users_set(users, &d, &op, ENT_SLICE_LIT("op"), &c, NOW), ENT_E_STATE);
    assert_ok(try_at("op", GOOD, here, NOW));
    assert_int_equal(check.who.role, ENT_USER_OPERATOR); /* nothing of it happened */
    c = (struct ent_user_change){.display = "\x1b[31m"};
    assert_err(ent_users_set(users, &d, &op, ENT_SLICE_LIT("op"), &c, NOW), ENT_E_FORMAT);
    c = (struct ent_user_change){.disable = true};
    assert_ok(ent_users_set(users, &d, &owner, ENT_SLICE_LIT("op"), &c, NOW));
    assert_err(ent_users_passwd(users, &d, &eva, ENT_SLICE_LIT("op"), ENT_SLICE_LIT(GOOD), NOW),
               ENT_E_POLICY);
    assert_err(ent_users_passwd(users, &d, &owner, ENT_SLICE_LIT("no"), ENT_SLICE_LIT(GOOD), NOW),
               ENT_E_NOTFOUND);
    close_users();
}

static void test_first(void **state)
{
    char link[ENT_LINK_TEXT], second[ENT_LINK_TEXT];
    const struct ent_slice good = ENT_SLICE_LIT(GOOD);
    struct ent_user n = {.name = "eva", .role = ENT_USER_READER, .clearance = ENT_TLP_CLEAR};
    struct ent_diag d = {0};
    (void)state;
    open_users(":memory:");
    assert_ok(ent_users_link(users, &d, link, NOW));
    assert_string_equal(last(), "@owner home local users allowed link");
    assert_ok(ent_users_link(users, &d, second, NOW));
    assert_err(ent_users_first(users, &d, ent_slice_str(link), &n, good, here, NOW), ENT_E_AUTH);
    assert_string_equal(last(), "@nobody link 192.0.2.7 first wrong -");
    assert_err(ent_users_first(users, &d, ENT_SLICE_LIT("entl_x"), &n, good, here, NOW),
               ENT_E_AUTH);
    assert_err(
        ent_users_first(users, &d, ent_slice_str(second), &n, good, here, NOW + ENT_LINK_SECONDS),
        ENT_E_AUTH);
    assert_err(
        ent_users_first(users, &d, ent_slice_str(second), &n, ENT_SLICE_LIT("short"), here, NOW),
        ENT_E_LIMIT);
    assert_err(ent_users_first(users, &d, ent_slice_str(second), &n, ent_slice(NULL, 0), here, NOW),
               ENT_E_LIMIT);
    rec.fail = ENT_E_FULL;
    assert_err(ent_users_first(users, &d, ent_slice_str(second), &n, good, here, NOW), ENT_E_FULL);
    rec.fail = ENT_OK;
    assert_ok(ent_users_first(users, &d, ent_slice_str(second), &n, good, here, NOW));
    assert_string_equal(last(), "@nobody link 192.0.2.7 first allowed eva");
    (void)snprintf(n.name, sizeof(n.name), "bob");
    assert_err(ent_users_first(users, &d, ent_slice_str(second), &n, good, here, NOW), ENT_E_AUTH);
    assert_ok(try_at("eva", GOOD, there, NOW));
    assert_int_equal(check.who.role, ENT_USER_OPERATOR);
    assert_int_equal(check.who.clearance, ENT_TLP_RED);
    assert_err(ent_users_link(users, &d, link, NOW), ENT_E_STATE);
    close_users();
    /* One that was not used before somebody else became operator. */
    open_users(":memory:");
    assert_ok(ent_users_link(users, &d, link, NOW));
    add("op", ENT_USER_OPERATOR, ENT_TLP_RED, "");
    assert_err(ent_users_first(users, &d, ent_slice_str(link), &n, good, here, NOW), ENT_E_STATE);
    close_users();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_may),         cmocka_unit_test(test_identity_border),
        cmocka_unit_test(test_password),    cmocka_unit_test(test_no_enumeration),
        cmocka_unit_test(test_lock_out),    cmocka_unit_test(test_address),
        cmocka_unit_test(test_few_records), cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_slots),       cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_sessions),    cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_first),
    };
    return ent_t_run("users", tests);
}
