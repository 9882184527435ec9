/* desk.c: see desk.h. */
#include "tests/support/desk.h"

#include <unistd.h>

static enum ent_err record(void *ctx, const struct ent_trail_record *r, struct ent_diag *d)
{
    struct desk *x = ctx;
    struct ent_buf line;
    if (x->disk_full)
        return ent_fail(d, ENT_E_FULL, "the disk is full", 0, 0);
    ent_buf_init(&line, ENT_TRAIL_LINE);
    assert_ok(ent_trail_record_encode(&line, r));
    assert_ok(ent_buf_put(&x->lines, line.p + 24, line.n - 24)); /* without version and time */
    assert_ok(ent_buf_putc(&x->lines, '\n'));
    ent_buf_release(&line);
    return ENT_OK;
}

static void failed(void *ctx, const char *what, enum ent_err e, const struct ent_diag *d)
{
    struct desk *x = ctx;
    (void)what;
    (void)e;
    (void)d;
    x->failures++;
}

enum ent_err desk_console(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                          struct ent_slice query, int64_t now)
{
    struct desk *x = ctx;
    assert_true(now > 1700000000);
    x->asked_by = *who;
    ent_buf_clear(&x->asked);
    assert_ok(ent_buf_put_slice(&x->asked, query));
    if (ent_slice_eq(query, ENT_SLICE_LIT("fail")))
        return ENT_E_IO;
    enum ent_err r = ent_buf_puts(rows, "rows of ");
    if (r == ENT_OK && ent_slice_eq(query, ENT_SLICE_LIT("missing")))
        return ENT_E_NOTFOUND;
    return r == ENT_OK ? ent_buf_put_slice(rows, query) : r;
}

static void add(struct desk *x, unsigned i, const char *name, enum ent_user_role role,
                enum ent_tlp clearance)
{
    struct ent_user n = {.role = role, .clearance = clearance};
    struct ent_token t = {.name = "tool"};
    struct ent_identity owner;
    ent_identity_owner(&owner);
    (void)snprintf(n.name, sizeof(n.name), "%s", name);
    assert_ok(
        ent_users_add(x->users, NULL, &owner, &n, ENT_SLICE_LIT(DESK_PASSWORD), ent_clock_now()));
    assert_ok(ent_users_token(x->users, NULL, x->token[i], &owner, ent_slice_str(name), &t,
                              ent_clock_now()));
}

void desk_start(struct desk *x, const struct ent_api_desk_opts *opts)
{
    struct ent_api_desk_opts o = opts != NULL ? *opts : (struct ent_api_desk_opts){.console = NULL};
    static unsigned nth; /* each its own store */
    char path[4096];
    *x = (struct desk){.failures = 0};
    ent_buf_init(&x->lines, 65536);
    ent_buf_init(&x->asked, 65536);
    (void)snprintf(path, sizeof(path), "%s/%u.db", ent_t_tmpdir(), nth++);
    for (int i = 0; i < 4; i++)
        assert_ok(ent_store_open(&x->store[i], NULL, path));
    assert_ok(ent_store_open(&x->own, NULL, path));
    (void)snprintf(path, sizeof(path), "%s/%u.epoch", ent_t_tmpdir(), nth);
    assert_ok(ent_epoch_open(&x->epoch, NULL, path));
    const struct ent_users_opts users = {
        .store = x->store[0], .record = record, .ctx = x, .epoch = x->epoch, .cheap = true};
    assert_ok(ent_users_new(&x->users, &users));
    o.users = x->users;
    o.read = x->store[1];
    o.write = x->store[2];
    o.tend = x->store[3];
    o.epoch = x->epoch;
    o.key = ENT_SLICE_LIT("key");
    o.author = ENT_SLICE_LIT("Us");
    o.ctx = x;
    o.failed = failed;
    assert_ok(ent_api_desk_new(&x->desk, &o));
    x->direct = (struct ent_direct){ent_api_serve, x->desk, ENT_MSG_MAX};
    x->keeper = ent_caller_direct(&x->direct);
    add(x, 1, "reader", ENT_USER_READER, ENT_TLP_GREEN);
    add(x, 2, "analyst", ENT_USER_ANALYST, ENT_TLP_AMBER);
    add(x, 3, "operator", ENT_USER_OPERATOR, ENT_TLP_RED);
    ent_buf_clear(&x->lines);
}

void desk_end(struct desk *x)
{
    ent_api_desk_free(x->desk);
    ent_users_free(x->users);
    ent_epoch_close(x->epoch);
    for (int i = 0; i < 4; i++)
        ent_store_close(x->store[i]);
    ent_store_close(x->own);
    ent_buf_release(&x->lines);
    ent_buf_release(&x->asked);
}

void desk_put(struct desk *x, const char *source, const char *value, enum ent_tlp tlp)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = 50, .valid_from = 1500000000};
    enum ent_put how;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(value)));
    assert_ok(ent_store_begin(x->own));
    assert_ok(ent_store_put(x->own, &how, &ind, ent_slice_str(source), ent_clock_now()));
    assert_ok(ent_store_commit(x->own));
}

static enum ent_err count_row(void *ctx, const struct ent_served *row, bool *stop)
{
    (void)row;
    (void)stop;
    ++*(unsigned *)ctx;
    return ENT_OK;
}

void desk_wait(struct desk *x, unsigned rows)
{
    for (int i = 0; i < 500; i++) {
        const struct ent_served_ask ask = {
            .door = ENT_TLP_GREEN, .after = INT64_MIN, .now = ent_clock_now(), .most = 1000};
        unsigned n = 0;
        int64_t at;
        bool more;
        assert_ok(ent_store_served(x->own, &ask, count_row, &n, &at, &more));
        if (n >= rows)
            return;
        (void)usleep(20000);
    }
    fail_msg("nothing comes to the readers");
}
