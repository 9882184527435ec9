/* test_api_desk.c: what the process that parses users' requests may ask of the keeper, and what it
 * may not, were it taken over. */
#include "tests/support/desk.h"

#include "node/api_wire.h"

static const uint8_t here[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = 7};

static struct desk x;

static void credential(struct ent_credential *c, const char *name, const char *password)
{
    assert_ok(ent_credential_password(c, ent_slice_str(name), ent_slice_str(password)));
}

static void token(struct ent_credential *c, unsigned role)
{
    *c = (struct ent_credential){.kind = ENT_CRED_TOKEN};
    assert_ok(ent_secret_hash(&c->hash, ent_slice_str(x.token[role]), "ent_"));
}

static struct ent_api_who who_is(unsigned role)
{
    struct ent_credential c;
    struct ent_api_who who;
    token(&c, role);
    assert_ok(ent_api_who(&x.keeper, &who, &c, here));
    return who;
}

/* The whole audit log so far, which begins anew. */
static bool recorded(const char *want)
{
    bool same = ent_slice_eq(ent_buf_slice(&x.lines), ent_slice_str(want));
    if (!same)
        print_message("%.*s", (int)x.lines.n, (const char *)x.lines.p);
    ent_buf_clear(&x.lines);
    return same;
}

/* --- who ----------------------------------------------------------------------------------------
 */

static void test_who(void **state)
{
    struct ent_credential c;
    struct ent_api_who who;
    (void)state;
    desk_start(&x, NULL);
    assert_ok(ent_api_ready(&x.keeper));
    credential(&c, "reader", DESK_PASSWORD);
    assert_ok(ent_api_who(&x.keeper, &who, &c, here));
    assert_string_equal(who.who.name, "reader");
    assert_int_equal(who.who.role, ENT_USER_READER);
    assert_int_equal(who.who.clearance, ENT_TLP_GREEN);
    assert_int_equal(who.who.via, ENT_VIA_PASSWORD);
    assert_memory_equal(who.who.from16, here, 16);
    assert_true(recorded("reader password 192.0.2.7 login allowed -\n"));
    const struct ent_api_who other = who_is(1);
    assert_int_equal(other.who.via, ENT_VIA_TOKEN);
    assert_memory_not_equal(other.handle.b, who.handle.b, 16);
    credential(&c, "reader", "wrong horse battery");
    assert_err(ent_api_who(&x.keeper, &who, &c, here), ENT_E_AUTH);
    assert_int_equal(who.refusal, ENT_REFUSED_WRONG);
    credential(&c, "nobody", DESK_PASSWORD);
    assert_err(ent_api_who(&x.keeper, &who, &c, here), ENT_E_AUTH);
    assert_int_equal(who.refusal, ENT_REFUSED_WRONG);
    c = (struct ent_credential){.kind = ENT_CRED_NONE};
    assert_err(ent_api_who(&x.keeper, &who, &c, here), ENT_E_AUTH);
    assert_int_equal(who.refusal, ENT_REFUSED_NONE);
    desk_end(&x);
}

/* An asker that names addresses of this machine at will gets no more tries for that. */
static void test_one_loopback(void **state)
{
    struct ent_credential c;
    struct ent_api_who who = {.refusal = ENT_REFUSED_NOT};
    uint8_t from[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 127};
    unsigned tries = 0;
    (void)state;
    desk_start(&x, NULL);
    credential(&c, "reader", "wrong horse battery");
    while (who.refusal != ENT_REFUSED_WAIT && tries < 40) {
        from[14] = (uint8_t)tries;
        from[15] = (uint8_t)(++tries);
        assert_err(ent_api_who(&x.keeper, &who, &c, from), ENT_E_AUTH);
    }
    assert_int_equal(tries, 6);
    assert_true(who.wait > 0);
    desk_end(&x);
}

static void test_no_record_no_entry(void **state)
{
    struct ent_credential c;
    struct ent_api_who who;
    (void)state;
    desk_start(&x, NULL);
    x.disk_full = true;
    credential(&c, "reader", DESK_PASSWORD);
    assert_err(ent_api_who(&x.keeper, &who, &c, here), ENT_E_FULL);
    assert_int_equal(x.failures, 1);
    desk_end(&x);
}

/* --- handles ------------------------------------------------------------------------------------
 */

static void test_handles(void **state)
{
    struct ent_api_handle guess = {{0}};
    char cookie[ENT_SECRET_TEXT];
    struct ent_msg m;
    (void)state;
    desk_start(&x, NULL);
    struct ent_api_who who = who_is(1);
    assert_ok(ent_api_metrics(&x.keeper, &who.handle));
    for (unsigned bit = 0; bit < 128; bit++) {
        guess = who.handle;
        guess.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_err(ent_api_metrics(&x.keeper, &guess), ENT_E_AUTH);
    }
    memset(&guess, 0, sizeof(guess)); /* a place in the table that is free */
    assert_err(ent_api_metrics(&x.keeper, &guess), ENT_E_AUTH);
    assert_err(ent_api_session(&x.keeper, cookie, &guess), ENT_E_AUTH);
    assert_err(ent_api_run(&x.keeper, &m, ENT_API_TAXII, &guess, ent_slice("x", 1)), ENT_E_AUTH);
    /* a session wants a password, not a token */
    assert_err(ent_api_session(&x.keeper, cookie, &who.handle), ENT_E_STATE);
    /* the oldest makes room */
    for (unsigned i = 0; i < ENT_API_LIVES - 1; i++)
        (void)who_is(1);
    assert_ok(ent_api_metrics(&x.keeper, &who.handle));
    (void)who_is(1);
    assert_err(ent_api_metrics(&x.keeper, &who.handle), ENT_E_AUTH);
    desk_end(&x);
}

/* --- sessions, and the first operator -----------------------------------------------------------
 */

static void test_session(void **state)
{
    struct ent_credential c;
    struct ent_api_who who;
    char cookie[ENT_SECRET_TEXT];
    (void)state;
    desk_start(&x, NULL);
    credential(&c, "analyst", DESK_PASSWORD);
    assert_ok(ent_api_who(&x.keeper, &who, &c, here));
    assert_ok(ent_api_session(&x.keeper, cookie, &who.handle));
    c = (struct ent_credential){.kind = ENT_CRED_SESSION};
    assert_ok(ent_secret_hash(&c.hash, ent_slice_str(cookie), ""));
    assert_ok(ent_api_who(&x.keeper, &who, &c, here));
    assert_int_equal(who.who.via, ENT_VIA_SESSION);
    assert_string_equal(who.who.name, "analyst");
    assert_err(ent_api_session(&x.keeper, cookie, &who.handle), ENT_E_STATE);
    assert_ok(ent_api_logout(&x.keeper, &c));
    assert_err(ent_api_logout(&x.keeper, &c), ENT_E_NOTFOUND);
    assert_err(ent_api_who(&x.keeper, &who, &c, here), ENT_E_AUTH);
    desk_end(&x);
}

static void test_first(void **state)
{
    struct ent_user_change off = {.role = ENT_USER_READER};
    struct ent_identity owner;
    char link[ENT_LINK_TEXT];
    struct ent_credential c;
    struct ent_api_who who;
    (void)state;
    desk_start(&x, NULL);
    ent_identity_owner(&owner);
    assert_ok(ent_users_set(x.users, NULL, &owner, ENT_SLICE_LIT("operator"), &off, 1));
    assert_ok(ent_users_link(x.users, NULL, link, ent_clock_now()));
    struct ent_api_first f = {.link =
                                  ENT_SLICE_LIT("entl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                              .name = ENT_SLICE_LIT("eva"),
                              .display = ENT_SLICE_LIT("Eva"),
                              .password = ENT_SLICE_LIT(DESK_PASSWORD)};
    ent_buf_clear(&x.lines);
    assert_err(ent_api_first(&x.keeper, &f, here), ENT_E_AUTH);
    f.link = ent_slice_str(link);
    f.password = ENT_SLICE_LIT("short");
    assert_err(ent_api_first(&x.keeper, &f, here), ENT_E_LIMIT);
    f.password = ENT_SLICE_LIT(DESK_PASSWORD);
    f.name = ENT_SLICE_LIT("Eva");
    assert_err(ent_api_first(&x.keeper, &f, here), ENT_E_FORMAT);
    f.name = ENT_SLICE_LIT("eva\0x");
    assert_err(ent_api_first(&x.keeper, &f, here), ENT_E_FORMAT);
    f.name = ENT_SLICE_LIT("reader");
    assert_err(ent_api_first(&x.keeper, &f, here), ENT_E_EXISTS);
    f.name = ENT_SLICE_LIT("eva");
    assert_ok(ent_api_first(&x.keeper, &f, here));
    assert_true(recorded("@nobody link 192.0.2.7 first wrong -\n"
                         "@nobody link 192.0.2.7 first allowed eva\n"));
    assert_err(ent_api_first(&x.keeper, &f, here), ENT_E_AUTH); /* it holds once */
    credential(&c, "eva", DESK_PASSWORD);
    assert_ok(ent_api_who(&x.keeper, &who, &c, here));
    assert_int_equal(who.who.role, ENT_USER_OPERATOR);
    desk_end(&x);
}

/* --- TAXII --------------------------------------------------------------------------------------
 */

static struct ent_buf query_of(const struct ent_identity *who, enum ent_taxii_ask ask,
                               const char *collection)
{
    const struct ent_taxii_query q = {.ask = ask,
                                      .who = ent_api_taxii_who(who),
                                      .limit = 100,
                                      .after = INT64_MIN,
                                      .versions = ENT_TAXII_LAST,
                                      .collection = ent_slice_str(collection)};
    struct ent_buf b;
    ent_buf_init(&b, 4096);
    assert_ok(ent_taxii_query_encode(&b, &q));
    return b;
}

/* Rows begin with this; 0xEE: an error, which is *ret. */
static unsigned run(const struct ent_api_who *as, const struct ent_identity *who,
                    enum ent_taxii_ask ask, const char *collection, enum ent_err *ret)
{
    struct ent_buf q = query_of(who, ask, collection);
    struct ent_msg m = ENT_MSG_NOTHING;
    unsigned first = 0xEE;
    *ret = ent_api_run(&x.keeper, &m, ENT_API_TAXII, &as->handle, ent_buf_slice(&q));
    if (*ret == ENT_OK) {
        assert_true(m.bytes.n > 0);
        first = m.bytes.p[0];
        ent_msg_release(&m);
    }
    ent_buf_release(&q);
    return first;
}

static void test_taxii(void **state)
{
    enum ent_err r;
    (void)state;
    desk_start(&x, NULL);
    desk_put(&x, "s", "80.1.1.1", ENT_TLP_GREEN);
    desk_wait(&x, 4); /* by the thread that tends */
    struct ent_api_who reader = who_is(1), analyst = who_is(2);
    assert_int_equal(run(&reader, &reader.who, ENT_TAXII_ASK_OBJECTS, "green", &r),
                     ENT_TAXII_ROWS_PAGE);
    assert_int_equal(run(&reader, &reader.who, ENT_TAXII_ASK_OBJECTS, "amber", &r),
                     ENT_TAXII_ROWS_REFUSED);
    assert_int_equal(run(&analyst, &analyst.who, ENT_TAXII_ASK_OBJECTS, "amber", &r),
                     ENT_TAXII_ROWS_PAGE);
    ent_buf_clear(&x.lines);
    /* who may not write is told so in the standard's words, and it is on record */
    assert_int_equal(run(&reader, &reader.who, ENT_TAXII_ASK_ADD, "green", &r),
                     ENT_TAXII_ROWS_REFUSED);
    assert_true(recorded("reader token/tool 192.0.2.7 import role taxii\n"));
    assert_int_equal(run(&analyst, &analyst.who, ENT_TAXII_ASK_ADD, "inbox", &r),
                     ENT_TAXII_ROWS_STATUS);
    desk_end(&x);
}

/* An asker that was taken over says who it likes: what counts is whose handle it has. */
static void test_taxii_lies(void **state)
{
    enum ent_err r;
    struct ent_msg m = ENT_MSG_NOTHING;
    (void)state;
    desk_start(&x, NULL);
    struct ent_api_who reader = who_is(1), operator= who_is(3);
    struct ent_identity lie = reader.who;
    lie.clearance = ENT_TLP_RED;
    assert_int_equal(run(&reader, &lie, ENT_TAXII_ASK_OBJECTS, "amber", &r), 0xEE);
    assert_err(r, ENT_E_POLICY);
    lie = reader.who;
    lie.role = ENT_USER_OPERATOR; /* may write */
    assert_int_equal(run(&reader, &lie, ENT_TAXII_ASK_ADD, "inbox", &r), 0xEE);
    assert_err(r, ENT_E_POLICY);
    assert_int_equal(run(&reader, &operator.who, ENT_TAXII_ASK_OBJECTS, "green", &r), 0xEE);
    assert_err(r, ENT_E_POLICY);
    struct ent_buf q = query_of(&reader.who, ENT_TAXII_ASK_OBJECTS, "green");
    for (size_t n = 0; n < q.n; n++)
        assert_err(ent_api_run(&x.keeper, &m, ENT_API_TAXII, &reader.handle, ent_slice(q.p, n)),
                   ENT_E_FORMAT);
    ent_buf_release(&q);
    desk_end(&x);
}

/* --- the console --------------------------------------------------------------------------------
 */

static void test_console(void **state)
{
    const struct ent_api_desk_opts opts = {.console = desk_console};
    struct ent_msg m = ENT_MSG_NOTHING;
    (void)state;
    desk_start(&x, NULL);
    struct ent_api_who who = who_is(2);
    assert_err(ent_api_run(&x.keeper, &m, ENT_API_CONSOLE, &who.handle, ENT_SLICE_LIT("q")),
               ENT_E_UNSUPPORTED);
    desk_end(&x);
    desk_start(&x, &opts);
    who = who_is(2);
    ent_buf_clear(&x.lines);
    assert_ok(ent_api_run(&x.keeper, &m, ENT_API_CONSOLE, &who.handle, ENT_SLICE_LIT("today")));
    assert_true(ent_slice_eq(ent_buf_slice(&m.bytes), ENT_SLICE_LIT("rows of today")));
    ent_msg_release(&m);
    assert_string_equal(x.asked_by.name, "analyst");
    assert_true(recorded("")); /* reading is not told, but RED */
    who = who_is(3);
    ent_buf_clear(&x.lines);
    for (int i = 0; i < 3; i++) {
        assert_ok(ent_api_run(&x.keeper, &m, ENT_API_CONSOLE, &who.handle, ENT_SLICE_LIT("x")));
        ent_msg_release(&m);
    }
    const struct ent_slice once =
        ENT_SLICE_LIT("operator token/tool 192.0.2.7 read-red allowed console\n");
    assert_true(ent_slice_starts(ent_buf_slice(&x.lines), once));
    assert_true(x.lines.n <= 2 * once.n); /* a minute may have passed */
    assert_ok(ent_api_run(&x.keeper, &m, ENT_API_CONSOLE, &who.handle, ENT_SLICE_LIT("missing")));
    ent_msg_release(&m);
    assert_int_equal(x.failures, 0); /* an answer like another one: nothing of it is for the log */
    assert_err(ent_api_run(&x.keeper, &m, ENT_API_CONSOLE, &who.handle, ENT_SLICE_LIT("fail")),
               ENT_E_IO);
    assert_int_equal(x.failures, 1);
    desk_end(&x);
}

/* What is to be on record and cannot be is not read. */
static void test_console_unrecorded(void **state)
{
    const struct ent_api_desk_opts opts = {.console = desk_console};
    struct ent_msg m = ENT_MSG_NOTHING;
    (void)state;
    desk_start(&x, &opts);
    struct ent_api_who who = who_is(3);
    x.disk_full = true;
    assert_err(ent_api_run(&x.keeper, &m, ENT_API_CONSOLE, &who.handle, ENT_SLICE_LIT("x")),
               ENT_E_FULL);
    assert_int_equal(x.asked.n, 0);
    x.disk_full = false;
    assert_ok(ent_api_run(&x.keeper, &m, ENT_API_CONSOLE, &who.handle, ENT_SLICE_LIT("x")));
    ent_msg_release(&m);
    desk_end(&x);
}

/* --- what may be remembered -------------------------------------------------------------------
 */

static void test_keep(void **state)
{
    struct ent_user_change less = {.clearance = ENT_TLP_CLEAR};
    struct ent_token soon = {.name = "soon"};
    char text[ENT_TOKEN_TEXT], cookie[ENT_SECRET_TEXT];
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_epoch *page;
    struct ent_identity owner;
    struct ent_credential c;
    struct ent_api_who who, back;
    struct ent_buf b;
    (void)state;
    desk_start(&x, NULL);
    ent_identity_owner(&owner);
    assert_ok(ent_api_epoch(&x.keeper, &page));
    assert_int_equal(who_is(1).keep, ENT_KEEP_SECONDS);
    credential(&c, "analyst", DESK_PASSWORD);
    assert_ok(ent_api_who(&x.keeper, &who, &c, here));
    assert_int_equal(who.keep, 0); /* a guess would not be counted */
    assert_ok(ent_api_session(&x.keeper, cookie, &who.handle));
    c = (struct ent_credential){.kind = ENT_CRED_SESSION};
    assert_ok(ent_secret_hash(&c.hash, ent_slice_str(cookie), ""));
    assert_ok(ent_api_who(&x.keeper, &who, &c, here));
    assert_int_equal(who.keep, 0);
    /* not beyond the end of a token */
    soon.expires = ent_clock_now() + 5;
    assert_ok(ent_users_token(x.users, NULL, text, &owner, ENT_SLICE_LIT("reader"), &soon,
                              ent_clock_now()));
    c = (struct ent_credential){.kind = ENT_CRED_TOKEN};
    assert_ok(ent_secret_hash(&c.hash, ent_slice_str(text), "ent_"));
    assert_ok(ent_api_who(&x.keeper, &who, &c, here));
    assert_in_range(who.keep, 1, 5);
    /* what changes an account ends all handles, and whoever has the page sees it */
    const uint64_t before = ent_epoch_now(page);
    assert_ok(ent_api_metrics(&x.keeper, &who.handle));
    assert_ok(ent_users_set(x.users, NULL, &owner, ENT_SLICE_LIT("reader"), &less, 1));
    assert_true(ent_epoch_now(page) > before);
    assert_err(ent_api_metrics(&x.keeper, &who.handle), ENT_E_AUTH);
    assert_err(ent_api_run(&x.keeper, &m, ENT_API_TAXII, &who.handle, ENT_SLICE_LIT("x")),
               ENT_E_AUTH);
    /* by another process, too */
    who = who_is(1);
    assert_int_equal(who.who.clearance, ENT_TLP_CLEAR);
    ent_epoch_raise(x.epoch);
    assert_err(ent_api_metrics(&x.keeper, &who.handle), ENT_E_AUTH);
    /* longer than anybody may be remembered is no answer */
    ent_buf_init(&b, 4096);
    assert_ok(ent_api_who_encode(&b, &who));
    assert_ok(ent_api_who_parse(&back, ent_buf_slice(&b)));
    assert_int_equal(back.keep, ENT_KEEP_SECONDS);
    b.p[1]++;
    assert_err(ent_api_who_parse(&back, ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_release(&b);
    ent_epoch_close(page);
    desk_end(&x);
}

/* --- bytes -------------------------------------------------------------------------
 */

static void test_bytes(void **state)
{
    struct ent_api_who who = {.refusal = ENT_REFUSED_WAIT, .wait = 9}, back;
    struct ent_msg ret = ENT_MSG_NOTHING, call = {.kind = ENT_MSG_CALL, .fd = -1};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 4096);
    assert_ok(ent_api_who_encode(&b, &who));
    assert_ok(ent_api_who_parse(&back, ent_buf_slice(&b)));
    assert_int_equal(back.wait, 9);
    b.p[0] = ENT_REFUSED_WRONG; /* with a wait */
    assert_err(ent_api_who_parse(&back, ent_buf_slice(&b)), ENT_E_FORMAT);
    b.p[0] = ENT_REFUSED_NOT; /* without an identity */
    assert_err(ent_api_who_parse(&back, ent_buf_slice(&b)), ENT_E_FORMAT);
    b.p[0] = ENT_REFUSED_ROLE;
    assert_err(ent_api_who_parse(&back, ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_release(&b);
    /* whatever has no such form is refused, for each type */
    desk_start(&x, NULL);
    ent_buf_init(&ret.bytes, 65536);
    ent_buf_init(&call.bytes, 64);
    for (uint16_t type = ENT_MSG_API; type < ENT_API_EPOCH + 3; type++) {
        call.type = type;
        ent_buf_clear(&call.bytes);
        assert_ok(ent_buf_put(&call.bytes, "\xFF\xFF\xFF\xFF\xFF", 5));
        const bool known = type >= ENT_API_READY && type <= ENT_API_EPOCH;
        const enum ent_err want =
            !known || type == ENT_API_CONSOLE ? ENT_E_UNSUPPORTED : ENT_E_FORMAT;
        assert_err(ent_api_serve(x.desk, &ret, &call), want);
        assert_int_equal(ret.bytes.n, 0);
    }
    ent_msg_release(&ret);
    ent_msg_release(&call);
    desk_end(&x);
}

static enum ent_err vouched(const struct ent_caller *keeper, struct ent_identity *who,
                            const struct ent_api_handle *h, enum ent_vouch_kind kind,
                            const char *name, uint64_t number)
{
    const struct ent_vouch v = {kind, name, number};
    return ent_api_vouch(keeper, who, h, &v);
}

/* Who it is that wants a partner asked: the keeper's word, on record, for one who may. */
static void test_vouching(void **state)
{
    static const char *const names[] = {"", "B", "b ob", "../bob"};
    const struct ent_api_handle nobody = {{1}};
    struct ent_identity who = {.user = 0};
    (void)state;
    desk_start(&x, NULL);
    struct ent_direct direct = {ent_reader_serve, x.desk, ENT_IDENTITY_BYTES};
    const struct ent_caller keeper = ent_caller_direct(&direct);
    const struct ent_api_who analyst = who_is(2), reader = who_is(1);
    ent_buf_clear(&x.lines);
    assert_ok(vouched(&keeper, &who, &analyst.handle, ENT_VOUCH_MATCH, "bob", 2685));
    assert_string_equal(who.name, "analyst");
    assert_true(recorded("analyst token/tool 192.0.2.7 match allowed bob/2685\n"));
    ent_buf_clear(&x.lines);
    assert_ok(vouched(&keeper, &who, &analyst.handle, ENT_VOUCH_MATCH, "bob", 0));
    assert_true(recorded("analyst token/tool 192.0.2.7 match allowed bob/given-up\n"));
    ent_buf_clear(&x.lines);
    assert_err(vouched(&keeper, &who, &reader.handle, ENT_VOUCH_MATCH, "bob", 5), ENT_E_POLICY);
    assert_true(recorded("reader token/tool 192.0.2.7 match role bob/5\n"));
    ent_buf_clear(&x.lines);
    assert_err(vouched(&keeper, &who, &nobody, ENT_VOUCH_MATCH, "bob", 5), ENT_E_AUTH);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_err(vouched(&keeper, &who, &analyst.handle, ENT_VOUCH_MATCH, names[i], 5),
                   ENT_E_FORMAT);
    assert_err(vouched(&keeper, &who, &analyst.handle, ENT_VOUCH_MATCH, "bob",
                       ENT_MATCH_ITEMS_MOST + 1ull),
               ENT_E_FORMAT);
    assert_true(recorded(""));
    x.disk_full = true; /* what cannot be put on record is not done */
    assert_err(vouched(&keeper, &who, &analyst.handle, ENT_VOUCH_MATCH, "bob", 5), ENT_E_FULL);
    assert_int_equal(x.failures, 1);
    assert_string_equal(who.name, "analyst");
    struct ent_msg m = ENT_MSG_NOTHING; /* nothing else of the desk's is asked there */
    assert_err(keeper.call(keeper.ctx, &m, ENT_API_CONSOLE,
                           ent_slice(analyst.handle.b, sizeof(analyst.handle.b))),
               ENT_E_UNSUPPORTED);
    desk_end(&x);
}

/* The same for what is said about quorums. */
static void test_vouching_quorums(void **state)
{
    static const char run[] = "0123456789abcdef0123456789abcdef";
    static const struct {
        enum ent_vouch_kind kind;
        const char *name;
        uint64_t number;
    } none[] = {{ENT_VOUCH_OFFER, run, 1795334400},
                {ENT_VOUCH_OFFER, "", UINT64_MAX},
                {ENT_VOUCH_OFFER, "", INT64_MAX},
                {ENT_VOUCH_JOIN, run, 1},
                {ENT_VOUCH_JOIN, "", 0},
                {ENT_VOUCH_JOIN, "bob", 0},
                {ENT_VOUCH_DECLINE, "../../../../../../../etc/passwd0", 0},
                {ENT_VOUCHES, run, 0},
                {(enum ent_vouch_kind)255, "bob", 1}};
    struct ent_identity who = {.user = 0};
    (void)state;
    desk_start(&x, NULL);
    struct ent_direct direct = {ent_reader_serve, x.desk, ENT_IDENTITY_BYTES};
    const struct ent_caller keeper = ent_caller_direct(&direct);
    const struct ent_api_who analyst = who_is(2), reader = who_is(1);
    ent_buf_clear(&x.lines);
    assert_ok(vouched(&keeper, &who, &analyst.handle, ENT_VOUCH_OFFER, "", 1795334400));
    assert_string_equal(who.name, "analyst");
    assert_true(
        recorded("analyst token/tool 192.0.2.7 quorum allowed offer/2026-11-22T08:00:00Z\n"));
    ent_buf_clear(&x.lines);
    assert_ok(vouched(&keeper, &who, &analyst.handle, ENT_VOUCH_JOIN, run, 0));
    assert_true(recorded("analyst token/tool 192.0.2.7 quorum allowed "
                         "0123456789abcdef0123456789abcdef/join\n"));
    ent_buf_clear(&x.lines);
    assert_err(vouched(&keeper, &who, &reader.handle, ENT_VOUCH_DECLINE, run, 0), ENT_E_POLICY);
    assert_true(recorded("reader token/tool 192.0.2.7 quorum role "
                         "0123456789abcdef0123456789abcdef/decline\n"));
    ent_buf_clear(&x.lines);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_err(
            vouched(&keeper, &who, &analyst.handle, none[i].kind, none[i].name, none[i].number),
            ENT_E_FORMAT);
    assert_true(recorded(""));
    x.disk_full = true;
    assert_err(vouched(&keeper, &who, &analyst.handle, ENT_VOUCH_JOIN, run, 0), ENT_E_FULL);
    desk_end(&x);
}

static void test_rows(void **state)
{
    const struct ent_protocol p = {ent_api_rows, ENT_API_ROWS, 16, ENT_MSG_MAX};
    (void)state;
    assert_true(ent_protocol_is_sound(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who),
        cmocka_unit_test(test_one_loopback),
        cmocka_unit_test(test_no_record_no_entry),
        cmocka_unit_test(test_handles),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_taxii),
        cmocka_unit_test(test_taxii_lies),
        cmocka_unit_test(test_console),
        cmocka_unit_test(test_console_unrecorded),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_vouching),
        cmocka_unit_test(test_vouching_quorums),
        cmocka_unit_test(test_rows),
    };
    return ent_t_run("api_desk", tests);
}
