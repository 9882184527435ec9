/* test_fields.c: forms of JSON, and what is none. */
#include "intel/intel.h"

#include "tests/support/t.h"

static struct ent_buf name, password;
static struct ent_diag d;

static enum ent_err parse(const char *body)
{
    struct ent_field f[] = {{.name = "name", .value = &name},
                            {.name = "password", .value = &password, .may_miss = true}};
    ent_buf_release(&name);
    ent_buf_release(&password);
    ent_buf_init(&name, 8);
    ent_buf_init(&password, ENT_FIELD_MAX);
    d = (struct ent_diag){.text = NULL};
    return ent_fields_read(f, 2, ent_slice_str(body), &d);
}

static void test_fields(void **state)
{
    (void)state;
    assert_ok(parse("{\"name\":\"eva\",\"password\":\"a\\u0020b\"}"));
    assert_true(ent_slice_eq(ent_buf_slice(&name), ENT_SLICE_LIT("eva")));
    assert_true(ent_slice_eq(ent_buf_slice(&password), ENT_SLICE_LIT("a b")));
    assert_ok(parse(" { \"password\" : \"\" , \"name\" : \"12345678\" } \n"));
    assert_int_equal(name.n, 8);
    assert_ok(parse("{\"name\":\"eva\"}"));
    assert_int_equal(password.n, 0);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *body;
        enum ent_err err;
        const char *text; /* NULL: the parser's of JSON */
    } rows[] = {
        {"", ENT_E_FORMAT, NULL},
        {"{", ENT_E_FORMAT, NULL},
        {"{\"name\":\"eva\"} x", ENT_E_FORMAT, NULL},
        {"{\"name\":\"eva\"}{}", ENT_E_FORMAT, NULL},
        {"{\"name\":\"eva\",}", ENT_E_FORMAT, NULL},
        {"{\"name\":\"\xFF\"}", ENT_E_FORMAT, NULL},
        {"[]", ENT_E_FORMAT, "not an object"},
        {"\"name\"", ENT_E_FORMAT, "not an object"},
        {"null", ENT_E_FORMAT, "not an object"},
        {"{}", ENT_E_FORMAT, "a name is missing"},
        {"{\"password\":\"a\"}", ENT_E_FORMAT, "a name is missing"},
        {"{\"name\":1}", ENT_E_FORMAT, "a value that is not a string"},
        {"{\"name\":null}", ENT_E_FORMAT, "a value that is not a string"},
        {"{\"name\":{\"name\":\"a\"}}", ENT_E_FORMAT, "a value that is not a string"},
        {"{\"name\":[\"a\"]}", ENT_E_FORMAT, "a value that is not a string"},
        {"{\"name\":\"a\",\"name\":\"b\"}", ENT_E_FORMAT, "a name that comes twice"},
        {"{\"name\":\"a\",\"na\\u006de\":\"b\"}", ENT_E_FORMAT, "a name that comes twice"},
        {"{\"name\":\"a\",\"role\":\"operator\"}", ENT_E_FORMAT, "a name that is not known here"},
        {"{\"Name\":\"a\"}", ENT_E_FORMAT, "a name that is not known here"},
        {"{\"name\":\"123456789\"}", ENT_E_LIMIT, "a value that is too long"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const enum ent_err r = parse(rows[i].body);
        if (r != rows[i].err || d.text == NULL ||
            (rows[i].text != NULL && strcmp(d.text, rows[i].text) != 0))
            fail_msg("%s: %d %s", rows[i].body, r, d.text == NULL ? "-" : d.text);
    }
}

static void test_long(void **state)
{
    static char body[2 * ENT_FIELD_MAX];
    (void)state;
    int n = snprintf(body, sizeof(body), "{\"name\":\"a\",\"password\":\"");
    memset(body + n, 'x', ENT_FIELD_MAX);
    (void)snprintf(body + n + ENT_FIELD_MAX, 3, "\"}");
    assert_ok(parse(body));
    assert_int_equal(password.n, ENT_FIELD_MAX);
    (void)snprintf(body + n + ENT_FIELD_MAX, 4, "x\"}");
    assert_err(parse(body), ENT_E_LIMIT);
    ent_buf_release(&name);
    ent_buf_release(&password);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_long),
    };
    return ent_t_run("fields", tests);
}
