/* test_credential.c: what requests bring to say who sends them, and over the border. */
#include "node/node.h"

#include "tests/support/t.h"

#define FORTY_THREE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static enum ent_err parse(struct ent_credential *ret, const char *authorization, const char *cookie)
{
    const struct ent_presented p = {.authorization = ent_slice_str(authorization),
                                    .cookie = ent_slice_str(cookie),
                                    .tls = true};
    return ent_credential_parse(ret, &p);
}

static const char *basic(const char *pair)
{
    static char text[1024];
    char b64[ENT_BASE64_LEN(600)];
    ent_base64_encode(b64, pair, strlen(pair));
    (void)snprintf(text, sizeof(text), "Basic %s", b64);
    return text;
}

static void test_authorization(void **state)
{
    static const struct {
        const char *value;
        enum ent_err err;
    } rows[] = {
        {"Bearer ent_" FORTY_THREE, ENT_OK},
        {"bearer  ent_" FORTY_THREE " ", ENT_OK},
        {"Bearer", ENT_E_UNSUPPORTED},
        {"Bearer ", ENT_E_UNSUPPORTED},
        {"Bearer ent_", ENT_E_AUTH},
        {"Bearer " FORTY_THREE, ENT_E_AUTH},
        {"Bearer ent_" FORTY_THREE "A", ENT_E_AUTH},
        {"Bearer ent_" FORTY_THREE "=", ENT_E_AUTH},
        {"Bearer entl_" FORTY_THREE, ENT_E_AUTH},
        {"Bearer ent_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", ENT_E_AUTH}, /* trailing bits */
        {"Bearer ent_AAAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAA", ENT_E_AUTH},
        {"Digest username=\"eva\"", ENT_E_UNSUPPORTED},
        {"Basic", ENT_E_UNSUPPORTED},
        {"Basic !", ENT_E_AUTH},
        {"Basic ZXZh", ENT_E_AUTH},     /* eva */
        {"Basic ZXZhOg==", ENT_E_AUTH}, /* eva: */
        {"Basic OmV2YQ==", ENT_E_AUTH}, /* :eva */
        {"Basic ZXZhOmE", ENT_E_AUTH},  /* without padding */
        {"Basic RVZBOmE=", ENT_E_AUTH}, /* EVA:a */
        {"Basic ZXZhOmE=", ENT_OK},     /* eva:a */
        {"BASIC ZXZhOmE=", ENT_OK},
    };
    struct ent_credential c;
    char long_pair[400];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (parse(&c, rows[i].value, "") != rows[i].err)
            fail_msg("%s", rows[i].value);
    assert_ok(parse(&c, basic("eva:a:b c"), ""));
    assert_int_equal(c.kind, ENT_CRED_PASSWORD);
    assert_string_equal(c.name, "eva");
    assert_int_equal(c.password_n, 5);
    assert_memory_equal(c.password, "a:b c", 5);
    /* A token by either way is the same; by Basic it must be this account's. */
    struct ent_credential bearer;
    assert_ok(parse(&bearer, "Bearer ent_" FORTY_THREE, ""));
    assert_ok(parse(&c, basic("eva:ent_" FORTY_THREE), ""));
    assert_int_equal(c.kind, ENT_CRED_TOKEN);
    assert_string_equal(c.name, "eva");
    assert_string_equal(bearer.name, "");
    assert_memory_equal(c.hash.b, bearer.hash.b, 32);
    assert_ok(parse(&c, basic("eva:ent_almost"), "")); /* a password like another one */
    assert_int_equal(c.kind, ENT_CRED_PASSWORD);
    assert_err(parse(&c, basic("e_a:ent_" FORTY_THREE), ""), ENT_E_AUTH);
    memset(long_pair, 'x', sizeof(long_pair));
    memcpy(long_pair, "eva:", 4);
    long_pair[4 + ENT_PASSWORD_MAX] = '\0';
    assert_ok(parse(&c, basic(long_pair), ""));
    long_pair[4 + ENT_PASSWORD_MAX] = 'x';
    long_pair[5 + ENT_PASSWORD_MAX] = '\0';
    assert_err(parse(&c, basic(long_pair), ""), ENT_E_AUTH);
}

static void test_cookie(void **state)
{
    static const struct {
        const char *cookie;
        enum ent_err err;
        enum ent_credential_kind kind;
    } rows[] = {
        {"", ENT_OK, ENT_CRED_NONE},
        {"a=b; c=d", ENT_OK, ENT_CRED_NONE},
        {"entente=" FORTY_THREE, ENT_OK, ENT_CRED_NONE}, /* not the one of TLS */
        {"x__Host-entente=" FORTY_THREE, ENT_OK, ENT_CRED_NONE},
        {"__host-entente=" FORTY_THREE, ENT_OK, ENT_CRED_NONE},
        {"__Host-entente", ENT_OK, ENT_CRED_NONE},
        {"__Host-entente=" FORTY_THREE, ENT_OK, ENT_CRED_SESSION},
        {"a=b;__Host-entente=" FORTY_THREE " ; c=d", ENT_OK, ENT_CRED_SESSION},
        {"__Host-entente=", ENT_E_AUTH, 0},
        {"__Host-entente=AAAA", ENT_E_AUTH, 0},
        {"__Host-entente=\"" FORTY_THREE "\"", ENT_E_AUTH, 0},
        {"__Host-entente=ent_" FORTY_THREE, ENT_E_AUTH, 0},
        {"__Host-entente=" FORTY_THREE "; __Host-entente=" FORTY_THREE, ENT_E_AUTH, 0},
        {"__Host-entente=; __Host-entente=" FORTY_THREE, ENT_E_AUTH, 0},
    };
    struct ent_credential c = {.kind = ENT_CRED_NONE};
    struct ent_credential token;
    const struct ent_presented plain = {.cookie = ENT_SLICE_LIT("entente=" FORTY_THREE)};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (parse(&c, "", rows[i].cookie) != rows[i].err ||
            (rows[i].err == ENT_OK && c.kind != rows[i].kind))
            fail_msg("%s", rows[i].cookie);
    assert_ok(ent_credential_parse(&c, &plain));
    assert_int_equal(c.kind, ENT_CRED_SESSION);
    /* The same bytes are no token, and the csrf is neither of them. */
    assert_ok(parse(&token, "Bearer ent_" FORTY_THREE, ""));
    assert_memory_not_equal(token.hash.b, c.hash.b, 32);
    assert_int_equal(strlen(c.csrf), 43);
    assert_string_not_equal(c.csrf, FORTY_THREE);
    /* Authorization goes first, also when it is wrong. */
    assert_ok(parse(&c, "Bearer ent_" FORTY_THREE, "__Host-entente=" FORTY_THREE));
    assert_int_equal(c.kind, ENT_CRED_TOKEN);
    assert_err(parse(&c, "Bearer no", "__Host-entente=" FORTY_THREE), ENT_E_AUTH);
}

/* Whether what changes something may come from where it seems to. */
static void test_own_site(void **state)
{
    static const struct {
        const char *site, *origin, *host;
        bool tls, csrf, safe;
        enum ent_err err;
    } rows[] = {
        {"same-origin", "https://a:1", "a:1", true, true, false, ENT_OK},
        {"same-origin", "", "a:1", true, true, false, ENT_OK},
        {"", "https://a:1", "a:1", true, true, false, ENT_OK},
        {"", "https://A:1", "a:1", true, true, false, ENT_OK},
        {"", "http://a:1", "a:1", false, true, false, ENT_OK},
        {"cross-site", "https://b", "a:1", true, false, true, ENT_OK}, /* changes nothing */
        {"same-origin", "https://a:1", "a:1", true, false, false, ENT_E_POLICY},
        {"", "", "a:1", true, true, false, ENT_E_POLICY},
        {"same-site", "https://a:1", "a:1", true, true, false, ENT_E_POLICY},
        {"cross-site", "https://a:1", "a:1", true, true, false, ENT_E_POLICY},
        {"none", "", "a:1", true, true, false, ENT_E_POLICY},
        {"same-origin", "https://b:1", "a:1", true, true, false, ENT_E_POLICY},
        {"", "http://a:1", "a:1", true, true, false, ENT_E_POLICY},
        {"", "https://a:1", "a:1", false, true, false, ENT_E_POLICY},
        {"", "https://a:11", "a:1", true, true, false, ENT_E_POLICY},
        {"", "https://", "", true, true, false, ENT_E_POLICY},
        {"", "null", "a:1", true, true, false, ENT_E_POLICY},
    };
    struct ent_credential c, other;
    (void)state;
    assert_ok(parse(&c, "", "__Host-entente=" FORTY_THREE));
    assert_ok(parse(&other, "", "__Host-entente=BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ent_presented p = {.fetch_site = ent_slice_str(rows[i].site),
                                        .origin = ent_slice_str(rows[i].origin),
                                        .host = ent_slice_str(rows[i].host),
                                        .csrf = rows[i].csrf ? ent_slice_str(c.csrf)
                                                             : ent_slice(NULL, 0),
                                        .tls = rows[i].tls,
                                        .safe = rows[i].safe};
        if (ent_credential_own_site(&c, &p) != rows[i].err)
            fail_msg("row %zu", i);
        /* That of another session is none, and where there is no session none is wanted. */
        if (rows[i].csrf)
            assert_err(ent_credential_own_site(&other, &p), ENT_E_POLICY);
        struct ent_credential login = {.kind = ENT_CRED_PASSWORD};
        if (i == 6)
            assert_ok(ent_credential_own_site(&login, &p));
    }
}

static void same_again(const struct ent_credential *c)
{
    struct ent_credential back;
    struct ent_buf b, again;
    ent_buf_init(&b, ENT_CREDENTIAL_BYTES);
    ent_buf_init(&again, ENT_CREDENTIAL_BYTES);
    assert_ok(ent_credential_encode(&b, c));
    assert_ok(ent_credential_decode(&back, ent_buf_slice(&b)));
    assert_ok(ent_credential_encode(&again, &back));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&again)));
    for (size_t n = 0; n < b.n; n++)
        assert_err(ent_credential_decode(&back, ent_slice(b.p, n)), ENT_E_FORMAT);
    assert_ok(ent_buf_putc(&b, 'x'));
    assert_err(ent_credential_decode(&back, ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_release(&b);
    ent_buf_release(&again);
}

static void test_border(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"\4\0\0\0", 4},      /* no such kind */
        {"\0\1\0\0a", 5},     /* nobody with a name */
        {"\0\0\1\0a", 5},     /* nobody with a password */
        {"\1\0\1\0a", 5},     /* a password without a name */
        {"\1\1\0\0a", 5},     /* and the other way round */
        {"\1\1\1\0A1", 6},    /* no name */
        {"\1\3\1\0a\0b1", 8}, /* with a zero byte */
        {"\3\1\0\0a"
         "0123456789abcdef0123456789abcdef",
         37}, /* a session has no name */
    };
    struct ent_credential c;
    char pair[8 + ENT_PASSWORD_MAX];
    (void)state;
    assert_ok(parse(&c, "", ""));
    same_again(&c);
    assert_ok(parse(&c, "Bearer ent_" FORTY_THREE, ""));
    same_again(&c);
    assert_ok(parse(&c, basic("eva:ent_" FORTY_THREE), ""));
    same_again(&c);
    assert_ok(parse(&c, "", "__Host-entente=" FORTY_THREE));
    same_again(&c);
    memset(pair, 'p', sizeof(pair));
    memcpy(pair, "eva:", 4);
    pair[4 + ENT_PASSWORD_MAX] = '\0';
    assert_ok(parse(&c, basic(pair), ""));
    same_again(&c);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (ent_credential_decode(&c, ent_slice(bad[i].bytes, bad[i].n)) != ENT_E_FORMAT)
            fail_msg("row %zu", i);
}

static void test_secrets(void **state)
{
    char a[ENT_TOKEN_TEXT], b[ENT_TOKEN_TEXT], link[ENT_LINK_TEXT];
    struct ent_hash32 ha, hb, hl, got;
    (void)state;
    ent_secret_make(a, sizeof(a), "ent_", &ha);
    ent_secret_make(b, sizeof(b), "ent_", &hb);
    ent_secret_make(link, sizeof(link), "entl_", &hl);
    assert_string_not_equal(a, b);
    assert_ok(ent_secret_hash(&got, ent_slice_str(a), "ent_"));
    assert_memory_equal(got.b, ha.b, 32);
    assert_memory_not_equal(ha.b, hb.b, 32);
    assert_err(ent_secret_hash(&got, ent_slice_str(a), "entl_"), ENT_E_FORMAT);
    assert_err(ent_secret_hash(&got, ent_slice_str(link), "ent_"), ENT_E_FORMAT);
    assert_ok(ent_secret_hash(&got, ent_slice_str(link), "entl_"));
    assert_memory_equal(got.b, hl.b, 32);
    for (size_t i = 4; i < sizeof(a) - 1; i++) { /* no other text is this token */
        char bad[ENT_TOKEN_TEXT];
        memcpy(bad, a, sizeof(bad));
        bad[i] = bad[i] == 'A' ? 'Q' : 'A';
        if (ent_secret_hash(&got, ent_slice_str(bad), "ent_") == ENT_OK)
            assert_memory_not_equal(got.b, ha.b, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authorization), cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_own_site),      cmocka_unit_test(test_border),
        cmocka_unit_test(test_secrets),
    };
    return ent_t_run("credential", tests);
}
