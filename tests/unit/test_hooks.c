/* test_hooks.c: the webhook: what is queued, what is signed, and a receiver that refuses, is slow,
 * sends elsewhere or dies. The signature is checked by openssl(1), which knows nothing of us. */
#include "tests/support/rawtls.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/node.h"

#define SECRET "a secret of sixteen or more"
#define ALL    0x3fu

static int64_t now_is = 1800000000;
static int64_t now(void)
{
    return now_is;
}

/* --- a keeper --------------------------------------------------------------------------------- */

struct keeper {
    struct ent_store *store;
    struct ent_hooks *hooks;
    struct ent_counts *counts;
    struct ent_direct direct;
    struct ent_caller caller;
    struct ent_hook got;
};

static void start(struct keeper *k, const char *path, uint32_t events, enum ent_tlp max_tlp)
{
    memset(k, 0, sizeof(*k));
    assert_ok(ent_store_open(&k->store, NULL, path));
    assert_ok(ent_counts_new(&k->counts, ENT_PROCESS_KEEPER));
    const struct ent_hooks_opts o = {.store = k->store,
                                     .secret = ENT_SLICE_LIT("a secret of sixteen or more"),
                                     .node = "ministry",
                                     .events = events,
                                     .max_tlp = max_tlp,
                                     .counts = k->counts,
                                     .now = now};
    assert_ok(ent_hooks_new(&k->hooks, &o));
    k->direct = (struct ent_direct){ent_hooks_serve, k->hooks, ENT_HOOK_ANSWER};
    k->caller = ent_caller_direct(&k->direct);
    ent_buf_init(&k->got.body, ENT_OUTBOX_BODY);
}

static void stop(struct keeper *k)
{
    ent_hooks_free(k->hooks);
    ent_counts_free(k->counts);
    ent_store_close(k->store);
    ent_buf_release(&k->got.body);
}

static uint64_t counted(const struct keeper *k, enum ent_hook_outcome o)
{
    static struct ent_counted s;
    ent_counts_take(k->counts, &s);
    return s.cell[ent_metric_at(ENT_COUNT_HOOKS) + o];
}

static uint64_t waiting(const struct keeper *k)
{
    uint64_t n = 0;
    assert_ok(ent_outbox_count(k->store, &n));
    return n;
}

static enum ent_err say(struct keeper *k, const char *event, const char *member)
{
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_ALERT, event);
    r.time = 1534723200;
    ent_report_text(&r, "member", member);
    ent_report_number(&r, "asked", 7);
    return ent_hook_say(k->caller, &r);
}

static void next(struct keeper *k)
{
    assert_ok(ent_hook_next(k->caller, &k->got));
}

/* The event of what was got last. */
static json_t *event(const struct keeper *k)
{
    json_t *j =
        json_loadb((const char *)k->got.body.p, k->got.body.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "id")), k->got.id);
    assert_string_equal(json_string_value(json_object_get(j, "node")), "ministry");
    return j;
}

static const char *about(json_t *j, const char *key)
{
    return json_string_value(json_object_get(json_object_get(j, "about"), key));
}

/* --- events ----------------------------------------------------------------------------------- */

static void test_record(void **state)
{
    struct keeper k;
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    next(&k);
    assert_string_equal(k.got.id, "");
    assert_ok(say(&k, "member-exposed", "b\"\n\xff"));
    next(&k);
    json_t *j = event(&k);
    assert_string_equal(json_string_value(json_object_get(j, "event")), "exposed");
    assert_string_equal(json_string_value(json_object_get(j, "time")), "2018-08-20T00:00:00Z");
    assert_string_equal(about(j, "event"), "member-exposed");
    assert_string_equal(about(j, "level"), "alert");
    assert_string_equal(about(j, "member"), "b\"\n\xEF\xBF\xBD");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "about"), "asked")), 7);
    json_decref(j);
    stop(&k);
}

static void test_chosen_events(void **state)
{
    static const struct {
        const char *record, *event;
    } rows[] = {
        {"member-exposed", "exposed"},
        {"member-suspected", "suspected"},
        {"member-not-suspected", "suspected"},
        {"match-refused", "match"},
        {"pact", "pact"},
        {"release-waiting", "release-waiting"},
    };
    struct keeper k;
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ok(say(&k, rows[i].record, "b"));
        next(&k);
        json_t *j = event(&k);
        assert_string_equal(json_string_value(json_object_get(j, "event")), rows[i].event);
        json_decref(j);
        assert_ok(ent_hook_done(k.caller, k.got.id, 204));
    }
    assert_ok(say(&k, "ready", "b"));
    assert_ok(say(&k, "sighting", "b")); /* those come from the store alone */
    assert_int_equal(waiting(&k), 0);
    stop(&k);
    start(&k, ":memory:", 1u << ENT_HOOK_PACT, ENT_TLP_AMBER);
    assert_ok(say(&k, "member-exposed", "b"));
    assert_int_equal(waiting(&k), 0);
    assert_ok(say(&k, "pact", "b"));
    assert_int_equal(waiting(&k), 1);
    stop(&k);
}

/* A version of the pact, however often it is said, also after the keeper began anew. */
static void test_pact_once(void **state)
{
    char path[4200];
    const uint64_t versions[] = {1, 1, 2, 2, 1};
    struct keeper k;
    struct ent_report r;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/pact.db", ent_t_tmpdir());
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        start(&k, path, ALL, ENT_TLP_AMBER);
        ent_report_init(&r, ENT_LEVEL_INFO, "pact");
        ent_report_number(&r, "version", versions[i]);
        assert_ok(ent_hook_say(k.caller, &r));
        assert_ok(ent_hook_say(k.caller, &r));
        stop(&k);
    }
    start(&k, path, ALL, ENT_TLP_AMBER);
    assert_int_equal(waiting(&k), 3);
    stop(&k);
}

/* Whoever makes a node say something over and over pushes nothing else out of the queue. */
static void test_flood(void **state)
{
    struct keeper k;
    (void)state;
    now_is = now_is / 60 * 60;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    for (unsigned i = 0; i < 3 * ENT_HOOK_A_MINUTE; i++)
        assert_ok(say(&k, "match-refused", "b"));
    assert_int_equal(waiting(&k), ENT_HOOK_A_MINUTE);
    assert_int_equal(counted(&k, ENT_HOOK_DROPPED), 2 * ENT_HOOK_A_MINUTE);
    assert_ok(say(&k, "member-exposed", "b")); /* each event has its own minute */
    assert_int_equal(waiting(&k), ENT_HOOK_A_MINUTE + 1);
    now_is += 60;
    assert_ok(say(&k, "match-refused", "b"));
    assert_int_equal(waiting(&k), ENT_HOOK_A_MINUTE + 2);
    stop(&k);
}

static void test_release_waiting(void **state)
{
    const struct ent_pending p = {.source = ENT_SLICE_LIT("list \"x\""),
                                  .by = ENT_SLICE_LIT("eva"),
                                  .reason = ENT_SLICE_LIT("for us alone"),
                                  .asked = 1534723200,
                                  .expires = 1535328000};
    struct keeper k;
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    assert_ok(ent_hook_release_waiting(k.store, &p));
    next(&k);
    json_t *j = event(&k);
    assert_string_equal(json_string_value(json_object_get(j, "event")), "release-waiting");
    assert_string_equal(json_string_value(json_object_get(j, "time")), "2018-08-20T00:00:00Z");
    assert_string_equal(about(j, "source"), "list \"x\"");
    assert_string_equal(about(j, "by"), "eva");
    assert_string_equal(about(j, "expires"), "2018-08-27T00:00:00Z");
    assert_null(about(j, "reason"));
    json_decref(j);
    assert_ok(ent_hooks_none(k.store)); /* there is no webhook any more */
    assert_ok(ent_hook_release_waiting(k.store, &p));
    assert_int_equal(waiting(&k), 1);
    stop(&k);
    start(&k, ":memory:", 1u << ENT_HOOK_PACT, ENT_TLP_AMBER);
    assert_ok(ent_hook_release_waiting(k.store, &p));
    assert_int_equal(waiting(&k), 0);
    stop(&k);
}

/* --- telling ---------------------------------------------------------------------------------- */

struct slow {
    struct ent_caller keeper;
    atomic_bool hold, broken;
    atomic_uint held, lost;
};

static enum ent_err slow_call(void *ctx, struct ent_msg *ret, uint16_t type,
                              struct ent_slice payload)
{
    struct slow *s = ctx;
    atomic_fetch_add(&s->held, 1);
    while (atomic_load(&s->hold))
        (void)usleep(1000);
    return atomic_load(&s->broken) ? ENT_E_IO : s->keeper.call(s->keeper.ctx, ret, type, payload);
}

static void lose(void *ctx, enum ent_err why)
{
    struct slow *s = ctx;
    assert_true(why == ENT_E_LIMIT || why == ENT_E_IO);
    atomic_fetch_add(&s->lost, 1);
}

/* Who tells never waits for a keeper that hangs, and what does not fit is said to be lost. */
static void test_teller(void **state)
{
    struct keeper k;
    struct slow s = {.hold = true};
    struct ent_hook_teller *t = NULL;
    struct ent_report pact, match, ready;
    (void)state;
    start(&k, ":memory:", 1u << ENT_HOOK_MATCH, ENT_TLP_AMBER);
    s.keeper = k.caller;
    const struct ent_hook_teller_opts o = {
        .keeper = {&s, slow_call}, .events = 1u << ENT_HOOK_MATCH, .ctx = &s, .lost = lose};
    assert_ok(ent_hook_teller_new(&t, &o));
    ent_report_init(&pact, ENT_LEVEL_INFO, "pact");
    ent_report_init(&match, ENT_LEVEL_INFO, "match-accepted");
    ent_report_init(&ready, ENT_LEVEL_INFO, "ready");
    ent_hook_teller_say(t, &pact); /* not wanted */
    ent_hook_teller_say(t, &ready);
    ent_hook_teller_say(t, &match);
    while (atomic_load(&s.held) == 0)
        (void)usleep(1000);
    for (unsigned i = 0; i < ENT_HOOK_TELLER_MOST; i++)
        ent_hook_teller_say(t, &match);
    assert_int_equal(atomic_load(&s.lost), 0);
    ent_hook_teller_say(t, &match);
    assert_int_equal(atomic_load(&s.lost), 1);
    atomic_store(&s.hold, false);
    ent_hook_teller_free(t); /* tells what waits */
    assert_int_equal(atomic_load(&s.held), ENT_HOOK_TELLER_MOST + 1);
    assert_int_equal(waiting(&k), ENT_HOOK_A_MINUTE);
    atomic_store(&s.broken, true);
    assert_ok(ent_hook_teller_new(&t, &o));
    ent_hook_teller_say(t, &match);
    ent_hook_teller_free(t);
    assert_int_equal(atomic_load(&s.lost), 2);
    ent_hook_teller_say(NULL, &match);
    stop(&k);
}

/* --- sightings -------------------------------------------------------------------------------- */

static uint64_t put(struct ent_store *s, const char *what, enum ent_tlp tlp, const char *source)
{
    static uint64_t n;
    struct ent_indicator ind = {.tlp = tlp, .confidence = -1};
    enum ent_put did;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(what)));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &did, &ind, ent_slice_str(source), 1534723200));
    assert_ok(ent_store_commit(s));
    n = did == ENT_PUT_NEW ? n + 1 : n;
    return n;
}

static void see(struct ent_store *s, uint64_t id, const char *path, uint64_t offset, int64_t at)
{
    struct ent_sightings *b = NULL;
    const struct ent_sight g = {.id = id, .line = 1, .offset = offset, .now = at};
    char head[64];
    (void)snprintf(head, sizeof(head), "the log %s", path);
    assert_ok(ent_sightings_new(&b, s, 0));
    assert_ok(ent_sightings_bytes(b, path, 0, ent_slice_str(head)));
    assert_ok(ent_sightings_add(b, path, &g));
    assert_ok(ent_sightings_flush(b, true));
    ent_sightings_free(b);
}

static void drain(struct keeper *k)
{
    for (next(k); k->got.id[0] != '\0'; next(k))
        assert_ok(ent_hook_done(k->caller, k->got.id, 200));
}

static void test_sightings(void **state)
{
    char path[4200];
    struct ent_store *watcher = NULL;
    struct keeper k;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/sightings.db", ent_t_tmpdir());
    start(&k, path, ALL, ENT_TLP_AMBER);
    assert_ok(ent_store_open(&watcher, NULL, path)); /* another process */
    put(k.store, "192.0.2.1", ENT_TLP_AMBER, "x");
    see(watcher, 1, "/var/log/a", 10, 1534723200);
    assert_ok(ent_hooks_tick(k.hooks));
    next(&k);
    json_t *j = event(&k);
    assert_string_equal(json_string_value(json_object_get(j, "event")), "sighting");
    assert_string_equal(about(j, "type"), "ipv4");
    assert_string_equal(about(j, "value"), "192.0.2.1");
    assert_string_equal(about(j, "tlp"), "TLP:AMBER");
    assert_string_equal(about(j, "log"), "/var/log/a");
    assert_string_equal(about(j, "last"), "2018-08-20T00:00:00Z");
    json_decref(j);
    drain(&k);
    see(watcher, 1, "/var/log/a", 20, 1534723200 + ENT_SIGHTED_GAP - 1); /* it goes on */
    assert_ok(ent_hooks_tick(k.hooks));
    assert_int_equal(waiting(&k), 0);
    see(watcher, 1, "/var/log/a", 30, 1534723200 + 2 * ENT_SIGHTED_GAP - 1); /* after a silence */
    see(watcher, 1, "/var/log/b", 10, 1534723200);                           /* elsewhere */
    assert_ok(ent_hooks_tick(k.hooks));
    assert_int_equal(waiting(&k), 2);
    drain(&k);
    assert_ok(ent_hooks_tick(k.hooks));
    assert_int_equal(waiting(&k), 0);
    ent_store_close(watcher);
    stop(&k);
}

static void test_sightings_by_marking(void **state)
{
    struct keeper k;
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    (void)put(k.store, "192.0.2.1", ENT_TLP_GREEN, "x");
    (void)put(k.store, "192.0.2.1", ENT_TLP_AMBER_STRICT, "y"); /* the narrowest counts */
    see(k.store, 1, "/var/log/secret-project", 10, 1534723200);
    assert_ok(ent_hooks_tick(k.hooks));
    next(&k);
    json_t *j = event(&k);
    assert_true(json_is_true(json_object_get(json_object_get(j, "about"), "withheld")));
    assert_string_equal(about(j, "tlp"), "TLP:AMBER+STRICT");
    assert_int_equal(json_object_size(json_object_get(j, "about")), 2);
    assert_null(memmem(k.got.body.p, k.got.body.n, "192.0.2", 7));
    assert_null(memmem(k.got.body.p, k.got.body.n, "secret", 6));
    json_decref(j);
    stop(&k);
}

static void test_many_sightings(void **state)
{
    struct keeper k;
    char log[32];
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    (void)put(k.store, "192.0.2.1", ENT_TLP_GREEN, "x");
    for (int i = 0; i < 600; i++) {
        (void)snprintf(log, sizeof(log), "/log/%d", i);
        see(k.store, 1, log, 10, 1534723200);
    }
    assert_ok(ent_hooks_tick(k.hooks));
    assert_int_equal(waiting(&k), 600);
    stop(&k);
}

/* Nobody pays for a webhook that there is not. */
static void test_no_sightings(void **state)
{
    char path[4200];
    struct keeper k;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/none.db", ent_t_tmpdir());
    start(&k, path, ALL, ENT_TLP_AMBER);
    (void)put(k.store, "192.0.2.1", ENT_TLP_GREEN, "x");
    see(k.store, 1, "/a", 10, 1534723200);
    assert_ok(ent_hooks_none(k.store));
    see(k.store, 1, "/b", 10, 1534723200);
    stop(&k);
    start(&k, path, ALL, ENT_TLP_AMBER);
    assert_ok(ent_hooks_tick(k.hooks));
    assert_int_equal(waiting(&k), 0);
    stop(&k);
    start(&k, path, 1u << ENT_HOOK_PACT, ENT_TLP_AMBER);
    see(k.store, 1, "/c", 10, 1534723200);
    assert_ok(ent_hooks_tick(k.hooks));
    assert_int_equal(waiting(&k), 0);
    stop(&k);
}

/* A store of the version before: what was sighted then is old, what is sighted now is told. */
static void test_older_store(void **state)
{
    char path[4200];
    struct ent_store *old = NULL;
    sqlite3 *db = NULL;
    struct keeper k;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/older.db", ent_t_tmpdir());
    assert_ok(ent_store_open(&old, NULL, path));
    (void)put(old, "192.0.2.1", ENT_TLP_GREEN, "x");
    ent_store_close(old);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TRIGGER sighted_first; DROP TRIGGER sighted_again; DROP"
                                  " TABLE sighted; DROP TABLE outbox; PRAGMA user_version = 5",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    start(&k, path, ALL, ENT_TLP_AMBER);
    see(k.store, 1, "/a", 10, 1534723200);
    assert_ok(ent_hooks_tick(k.hooks));
    assert_int_equal(waiting(&k), 1);
    stop(&k);
}

/* --- the queue -------------------------------------------------------------------------------- */

static void test_retries(void **state)
{
    static const unsigned bad[] = {0, 200 + 101, 302, 400, 404, 429, 500, 503};
    struct keeper k;
    char id[ENT_OUTBOX_ID];
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    assert_ok(say(&k, "pact", "b"));
    next(&k);
    (void)snprintf(id, sizeof(id), "%s", k.got.id);
    int64_t pause = 5;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_ok(ent_hook_done(k.caller, id, bad[i]));
        assert_int_equal(counted(&k, ENT_HOOK_FAILED), i + 1);
        now_is += pause - 1;
        next(&k);
        assert_string_equal(k.got.id, ""); /* not before */
        now_is++;
        next(&k);
        assert_string_equal(k.got.id, id); /* the same, under the same id */
        pause *= 2;
    }
    assert_ok(ent_hook_done(k.caller, id, 500));
    now_is += 3600; /* the longest pause */
    next(&k);
    assert_string_equal(k.got.id, id);
    now_is += 86400; /* a day of tries */
    next(&k);
    assert_string_equal(k.got.id, "");
    assert_int_equal(counted(&k, ENT_HOOK_EXPIRED), 1);
    assert_int_equal(waiting(&k), 0);
    assert_err(ent_hook_done(k.caller, id, 200), ENT_E_NOTFOUND);
    stop(&k);
}

static void test_gone(void **state)
{
    struct keeper k;
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    assert_ok(say(&k, "pact", "b"));
    next(&k);
    assert_ok(ent_hook_done(k.caller, k.got.id, 410));
    assert_int_equal(counted(&k, ENT_HOOK_GONE), 1);
    assert_int_equal(waiting(&k), 0);
    stop(&k);
}

/* One event that is never taken delays the others, and does not stop them. */
static void test_one_refused(void **state)
{
    struct keeper k;
    char poison[ENT_OUTBOX_ID];
    unsigned delivered = 0, refused = 0;
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    for (int i = 0; i < 50; i++)
        assert_ok(say(&k, "pact", "b"));
    next(&k);
    (void)snprintf(poison, sizeof(poison), "%s", k.got.id);
    for (int i = 0; i < 100; i++) {
        now_is++;
        next(&k);
        if (k.got.id[0] == '\0')
            continue;
        const bool is = strcmp(k.got.id, poison) == 0;
        refused += is;
        delivered += !is;
        assert_ok(ent_hook_done(k.caller, k.got.id, is ? 400 : 200));
    }
    assert_int_equal(delivered, 49);
    assert_in_range(refused, 2, 6);
    stop(&k);
}

static void test_clock(void **state)
{
    struct keeper k;
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    now_is += 86400 * 365; /* the clock was wrong when this was tried */
    assert_ok(say(&k, "pact", "b"));
    next(&k);
    assert_ok(ent_hook_done(k.caller, k.got.id, 0));
    now_is -= 86400 * 365;
    next(&k);
    assert_string_not_equal(k.got.id, "");
    stop(&k);
}

static void test_bound(void **state)
{
    struct keeper k;
    char first[ENT_OUTBOX_ID], id[ENT_OUTBOX_ID];
    uint64_t dropped = 1;
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    assert_ok(ent_store_begin(k.store));
    for (unsigned i = 0; i < ENT_OUTBOX_MAX; i++) {
        ent_outbox_id(i == 0 ? first : id);
        assert_ok(
            ent_outbox_put(k.store, &dropped, i == 0 ? first : id, ENT_SLICE_LIT("{}"), now_is));
        assert_int_equal(dropped, 0);
    }
    assert_ok(ent_store_commit(k.store));
    next(&k);
    assert_string_equal(k.got.id, first);
    assert_ok(say(&k, "pact", "b"));
    assert_int_equal(waiting(&k), ENT_OUTBOX_MAX);
    assert_int_equal(counted(&k, ENT_HOOK_DROPPED), 1);
    assert_err(ent_hook_done(k.caller, first, 200), ENT_E_NOTFOUND); /* the oldest */
    next(&k);
    assert_string_not_equal(k.got.id, first);
    stop(&k);
}

/* --- lies ------------------------------------------------------------------------------------- */

static enum ent_err ask(struct keeper *k, uint16_t type, const void *p, size_t n)
{
    struct ent_msg m;
    enum ent_err r = k->caller.call(k->caller.ctx, &m, type, ent_slice(p, n));
    if (r == ENT_OK)
        ent_msg_release(&m);
    return r;
}

static void test_lying_sender(void **state)
{
    static const char id[] = "0123456789abcdef0123456789abcdef";
    struct keeper k;
    char done[36];
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    assert_ok(say(&k, "pact", "b"));
    assert_err(ask(&k, ENT_MSG_HOOK_NEXT, "x", 1), ENT_E_FORMAT);
    assert_err(ask(&k, ENT_MSG_HOOK_DONE, id, 32), ENT_E_FORMAT);
    assert_err(ask(&k, ENT_MSG_HOOK_SAY, "x", 1), ENT_E_FORMAT);
    assert_err(ask(&k, ENT_MSG_HOOK_SAY + 1, "x", 1), ENT_E_FORMAT);
    static const uint16_t odd[] = {1, 199, 600, 65535};
    for (size_t i = 0; i < 4; i++) {
        memcpy(done, id, 32);
        ent_put_u16le((uint8_t *)done + 32, odd[i]);
        assert_err(ask(&k, ENT_MSG_HOOK_DONE, done, 34), ENT_E_FORMAT);
    }
    ent_put_u16le((uint8_t *)done + 32, 200);
    assert_err(ask(&k, ENT_MSG_HOOK_DONE, done, 35), ENT_E_FORMAT);
    assert_err(ask(&k, ENT_MSG_HOOK_DONE, done, 34), ENT_E_NOTFOUND);
    done[5] = '\0';
    assert_err(ask(&k, ENT_MSG_HOOK_DONE, done, 34), ENT_E_FORMAT);
    assert_int_equal(waiting(&k), 1);
    const struct ent_protocol p = {ent_hook_rows, ENT_HOOK_ROWS, 4, ENT_REPORT_MAX};
    assert_true(ent_protocol_is_sound(&p));
    stop(&k);
}

static void test_lying_keeper(void **state)
{
    struct ent_hook h;
    char good[] = "0123456789abcdef0123456789abcdef\x04"
                  "A: b{}";
    const size_t n = sizeof(good) - 1;
    (void)state;
    ent_buf_init(&h.body, ENT_OUTBOX_BODY);
    assert_ok(ent_hook_parse(&h, ent_slice(good, n)));
    assert_string_equal(h.header, "A: b");
    assert_true(ent_slice_eq(ent_buf_slice(&h.body), ENT_SLICE_LIT("{}")));
    assert_ok(ent_hook_parse(&h, ent_slice(good, 0)));
    assert_string_equal(h.id, "");
    for (size_t i = 1; i < n - 1; i++)
        assert_err(ent_hook_parse(&h, ent_slice(good, i)), ENT_E_FORMAT);
    good[3] = 'G';
    assert_err(ent_hook_parse(&h, ent_slice(good, n)), ENT_E_FORMAT);
    good[3] = '3';
    good[34] = '\0';
    assert_err(ent_hook_parse(&h, ent_slice(good, n)), ENT_E_FORMAT);
    ent_buf_release(&h.body);
}

/* --- the secret, and who checks by it --------------------------------------------------------- */

static void test_secret(void **state)
{
    static const struct {
        const char *file;
        enum ent_err want;
    } rows[] = {
        {"0123456789abcdef", ENT_OK},
        {"0123456789abcdef\n", ENT_OK},
        {"0123456789abcdef\r\nmore", ENT_OK},
        {"0123456789abcde\n", ENT_E_FORMAT},
        {"", ENT_E_FORMAT},
        {"0123456789abcdef 0123456789\n", ENT_E_FORMAT},
        {"0123456789abcdef\x01\n", ENT_E_FORMAT},
    };
    char path[4200];
    struct ent_diag d;
    struct ent_buf b;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/secret", ent_t_tmpdir());
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ok(ent_file_write(path, ent_slice_str(rows[i].file), 0600, NULL));
        assert_err(ent_hook_secret_read(&b, &d, path), rows[i].want);
        if (rows[i].want == ENT_OK)
            assert_true(ent_slice_eq(ent_buf_slice(&b), ENT_SLICE_LIT("0123456789abcdef")));
        ent_buf_wipe(&b);
    }
    assert_err(ent_hook_secret_read(&b, &d, "/nonexistent"), ENT_E_NOTFOUND);
    ent_buf_wipe(&b);
}

/* openssl dgst -sha256 -hmac SECRET FILE: its last 64 digits. */
static void openssl_hmac(char ret[static 65], const char *file)
{
    char out[512] = "";
    int fd[2], status;
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(fd[1], STDOUT_FILENO);
        (void)execlp("openssl", "openssl", "dgst", "-sha256", "-hmac", SECRET, file, (char *)NULL);
        _exit(127);
    }
    (void)close(fd[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(fd[0], out + n, sizeof(out) - 1 - n)) > 0;)
        n += (size_t)got;
    (void)close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    while (n > 0 && out[n - 1] == '\n')
        n--;
    assert_true(n >= 64);
    memcpy(ret, out + n - 64, 64);
    ret[64] = '\0';
}

static void check_signature(const char *header, struct ent_slice body)
{
    static const char start_of[] = "Entente-Signature: t=";
    char path[4200], want[65];
    struct ent_buf said;
    assert_memory_equal(header, start_of, sizeof(start_of) - 1);
    const char *t = header + sizeof(start_of) - 1, *comma = strstr(t, ",v1=");
    assert_non_null(comma);
    ent_buf_init(&said, ENT_OUTBOX_BODY + 64);
    assert_ok(ent_buf_put(&said, t, (size_t)(comma - t)));
    assert_ok(ent_buf_putc(&said, '.'));
    assert_ok(ent_buf_put_slice(&said, body));
    (void)snprintf(path, sizeof(path), "%s/said", ent_t_tmpdir());
    assert_ok(ent_file_write(path, ent_buf_slice(&said), 0600, NULL));
    openssl_hmac(want, path);
    assert_string_equal(comma + 4, want);
    ent_buf_release(&said);
}

static void test_signature(void **state)
{
    struct keeper k;
    char first[ENT_HOOK_HEADER + 1];
    (void)state;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    assert_ok(say(&k, "pact", "b"));
    next(&k);
    check_signature(k.got.header, ent_buf_slice(&k.got.body));
    (void)snprintf(first, sizeof(first), "%s", k.got.header);
    now_is++; /* with the time at which it is sent, so that an old one can be refused */
    next(&k);
    assert_string_not_equal(k.got.header, first);
    check_signature(k.got.header, ent_buf_slice(&k.got.body));
    stop(&k);
}

/* --- a receiver ------------------------------------------------------------------------------- */

/* Answers one connection after another with these texts; NULL: says nothing. */
struct receiver {
    const char *const *answers;
    size_t n;
    int listening;
    pthread_t thread;
    struct ent_buf seen[8]; /* requests */
    atomic_size_t served;
};

/* All of one request: up to the end of its body. */
static void read_request(struct raw *r, struct ent_buf *b)
{
    raw_recv(r, b, "}}");
}

static void *receive(void *ctx)
{
    struct receiver *v = ctx;
    for (size_t i = 0; i < v->n; i++) {
        struct raw r;
        const int fd = accept(v->listening, NULL, NULL);
        assert_true(fd >= 0);
        raw_plain(&r, fd);
        read_request(&r, &v->seen[i]);
        if (v->answers[i] != NULL)
            (void)raw_sends(&r, v->answers[i]);
        else
            (void)raw_closed_within(&r, 4000);
        raw_stop(&r);
        atomic_store(&v->served, i + 1);
    }
    return NULL;
}

struct sending {
    struct ent_hook_sender s;
    atomic_bool stop;
    pthread_t thread;
    enum ent_err r;
};

static void *run(void *ctx)
{
    struct sending *s = ctx;
    s->r = ent_hook_run(&s->s);
    return NULL;
}

static struct ent_fetch *to(struct receiver *v)
{
    struct ent_fetch_opts o = {.idle_seconds = 1};
    struct ent_fetch *f = NULL;
    struct ent_diag d;
    char url[64], suffix[64];
    const char *why;
    unsigned port;
    for (size_t i = 0; i < 8; i++)
        ent_buf_init(&v->seen[i], 65536);
    v->listening = raw_listen(&port);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook", port);
    assert_ok(ent_fetch_target_parse(&o.url, suffix, sizeof(suffix), &why, ent_slice_str(url)));
    assert_ok(ent_fetch_start(&f, &d, &o));
    assert_int_equal(pthread_create(&v->thread, NULL, receive, v), 0);
    return f;
}

static void end(struct receiver *v)
{
    assert_int_equal(pthread_join(v->thread, NULL), 0);
    (void)close(v->listening);
    for (size_t i = 0; i < 8; i++)
        ent_buf_release(&v->seen[i]);
}

/* Takes the signature and the body out of a request, and checks the one by the other. */
static void check_request(struct ent_buf *b, char ret_id[static ENT_OUTBOX_ID])
{
    char header[ENT_HOOK_HEADER + 1];
    assert_ok(ent_buf_putc(b, '\0'));
    const char *text = (const char *)b->p, *at = strstr(text, "Entente-Signature: "),
               *body = strstr(text, "\r\n\r\n");
    assert_memory_equal(text, "POST /hook HTTP/1.1\r\n", 21);
    assert_true(at != NULL && body != NULL);
    (void)snprintf(header, sizeof(header), "%.*s", (int)strcspn(at, "\r"), at);
    check_signature(header, ent_slice_str(body + 4));
    json_t *j = json_loads(body + 4, JSON_REJECT_DUPLICATES, NULL);
    (void)snprintf(ret_id, ENT_OUTBOX_ID, "%s", json_string_value(json_object_get(j, "id")));
    json_decref(j);
}

#define OK     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define BUSY   "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
#define GONE   "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
#define MOVED  "HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
#define BROKEN "HTTP/1.1 200"

/* One event and what a receiver says to it, until it is gone; all under one id. */
static void test_receivers(void **state)
{
    static const struct {
        const char *answers[4];
        size_t n;
        enum ent_hook_outcome end;
    } rows[] = {
        {{OK}, 1, ENT_HOOK_DELIVERED},
        {{GONE}, 1, ENT_HOOK_GONE},
        {{BUSY, OK}, 2, ENT_HOOK_DELIVERED},
        {{MOVED, OK}, 2, ENT_HOOK_DELIVERED}, /* asked again where it was, nowhere else */
        {{NULL, OK}, 2, ENT_HOOK_DELIVERED},
        {{BROKEN, "nonsense", OK}, 3, ENT_HOOK_DELIVERED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct receiver v = {.answers = rows[i].answers, .n = rows[i].n};
        struct keeper k;
        char id[2][ENT_OUTBOX_ID];
        struct ent_fetch *f = to(&v);
        start(&k, ":memory:", ALL, ENT_TLP_AMBER);
        assert_ok(say(&k, "pact", "b"));
        for (size_t n = 0; n < rows[i].n; n++, now_is += 3600) {
            struct ent_fetch_answer a;
            struct ent_diag d;
            next(&k);
            enum ent_err r =
                ent_fetch_post(f, &a, &d, "/hook", k.got.header, ent_buf_slice(&k.got.body));
            assert_ok(ent_hook_done(k.caller, k.got.id, r == ENT_OK ? a.status : 0));
        }
        assert_int_equal(waiting(&k), 0);
        assert_int_equal(counted(&k, rows[i].end), 1);
        assert_int_equal(counted(&k, ENT_HOOK_FAILED), rows[i].n - 1);
        for (size_t n = 0; n < rows[i].n; n++) {
            check_request(&v.seen[n], id[n > 0]);
            assert_string_equal(id[0], id[n > 0]);
        }
        ent_fetch_free(f);
        end(&v);
        stop(&k);
    }
}

/* It was delivered, and then the node died before it could note that. */
static void test_crash(void **state)
{
    static const char *const answers[] = {OK, OK};
    struct receiver v = {.answers = answers, .n = 2};
    struct ent_fetch *f = to(&v);
    struct ent_fetch_answer a;
    struct ent_diag d;
    struct keeper k;
    char path[4200], id[2][ENT_OUTBOX_ID];
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/crash.db", ent_t_tmpdir());
    start(&k, path, ALL, ENT_TLP_AMBER);
    assert_ok(say(&k, "pact", "b"));
    for (int i = 0; i < 2; i++) {
        next(&k);
        assert_ok(ent_fetch_post(f, &a, &d, "/hook", k.got.header, ent_buf_slice(&k.got.body)));
        if (i == 0) {
            stop(&k);
            start(&k, path, ALL, ENT_TLP_AMBER);
        }
    }
    assert_ok(ent_hook_done(k.caller, k.got.id, a.status));
    assert_int_equal(waiting(&k), 0);
    stop(&k);
    ent_fetch_free(f);
    for (int i = 0; i < 2; i++)
        check_request(&v.seen[i], id[i]);
    assert_string_equal(id[0], id[1]);
    end(&v);
}

static void test_sender(void **state)
{
    static const char *const answers[] = {OK, OK, OK};
    struct receiver v = {.answers = answers, .n = 3};
    struct keeper k;
    struct sending s = {.stop = false};
    char id[3][ENT_OUTBOX_ID];
    (void)state;
    s.s = (struct ent_hook_sender){.fetch = to(&v), .suffix = "/hook", .stop = &s.stop};
    s.s.pause_ms = 10;
    start(&k, ":memory:", ALL, ENT_TLP_AMBER);
    s.s.keeper = k.caller;
    for (int i = 0; i < 3; i++)
        assert_ok(say(&k, "pact", "b"));
    assert_int_equal(pthread_create(&s.thread, NULL, run, &s), 0);
    for (int i = 0; i < 5000 && atomic_load(&v.served) < 3; i++)
        (void)usleep(1000);
    (void)usleep(50000);
    atomic_store(&s.stop, true);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    assert_ok(s.r);
    assert_int_equal(waiting(&k), 0);
    for (int i = 0; i < 3; i++)
        check_request(&v.seen[i], id[i]);
    assert_string_not_equal(id[0], id[1]);
    assert_string_not_equal(id[1], id[2]);
    ent_fetch_free((struct ent_fetch *)s.s.fetch);
    end(&v);
    stop(&k);
}

static enum ent_err no_keeper(void *ctx, struct ent_msg *ret, uint16_t type,
                              struct ent_slice payload)
{
    (void)ctx;
    (void)ret;
    (void)type;
    (void)payload;
    return ENT_E_PEER;
}

static void test_no_keeper(void **state)
{
    atomic_bool stop_now = false;
    const struct ent_hook_sender s = {.keeper = {NULL, no_keeper}, .stop = &stop_now};
    (void)state;
    assert_err(ent_hook_run(&s), ENT_E_PEER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_chosen_events),
        cmocka_unit_test(test_pact_once),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_release_waiting),
        cmocka_unit_test(test_teller),
        cmocka_unit_test(test_sightings),
        cmocka_unit_test(test_sightings_by_marking),
        cmocka_unit_test(test_many_sightings),
        cmocka_unit_test(test_no_sightings),
        cmocka_unit_test(test_older_store),
        cmocka_unit_test(test_retries),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_one_refused),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_lying_sender),
        cmocka_unit_test(test_lying_keeper),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_receivers),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_sender),
        cmocka_unit_test(test_no_keeper),
    };
    return ent_t_run("hooks", tests);
}
