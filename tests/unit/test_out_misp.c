/* test_out_misp.c: MISP events that go out. */
#include "tests/support/out.h"

#include <jansson.h>

static const struct ent_out_opts opts = {.now = ENT_T_NOW,
                                         .author = {(const uint8_t *)"CERT \"x\"", 8},
                                         .key = {(const uint8_t *)"k", 1}};

static json_t *event_of(struct ent_t_out *o)
{
    json_error_t e;
    json_t *root = json_loads(ent_t_out_end(o), JSON_REJECT_DUPLICATES, &e);
    ent_t_out_release(o);
    assert_non_null(root);
    assert_int_equal(json_object_size(root), 1);
    json_t *event = json_incref(json_object_get(root, "Event"));
    json_decref(root);
    return event;
}

static const char *str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* table */
static const struct {
    const char *value, *type, *category, *want;
} rows[] = {
    {"198.51.100.3", "ip-dst", "Network activity", "198.51.100.3"},
    {"2001:db8::/32", "ip-dst", "Network activity", "2001:db8::/32"},
    {"198.51.100.3:443", "ip-dst|port", "Network activity", "198.51.100.3|443"},
    {"[2001:db8::1]:80", "ip-dst|port", "Network activity", "2001:db8::1|80"},
    {"evil.example", "domain", "Network activity", "evil.example"},
    {"http://evil.example/\"\\", "url", "Network activity", "http://evil.example/\"\\"},
    {"a@evil.example", "email-src", "Payload delivery", "a@evil.example"},
    {"44d88612fea8a8f36de82e1278abb02f", "md5", "Payload delivery",
     "44d88612fea8a8f36de82e1278abb02f"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void test_attributes(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    ent_t_out_start(&o, "misp", &opts);
    for (size_t i = 0; i < ROWS; i++) {
        struct ent_indicator ind = ent_t_indicator(rows[i].value);
        ent_t_out_put(&o, &ind, "circle");
    }
    struct ent_indicator never = ent_t_indicator("http://evil.example/*");
    ent_t_out_put(&o, &never, "circle");
    assert_int_equal(ent_out_lost(o.out)[ENT_OBS_URLPREFIX], 1);
    json_t *event = event_of(&o);
    const json_t *list = json_object_get(event, "Attribute");
    assert_int_equal(json_array_size(list), ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const json_t *a = json_array_get(list, i);
        assert_string_equal(str(a, "type"), rows[i].type);
        assert_string_equal(str(a, "category"), rows[i].category);
        assert_string_equal(str(a, "value"), rows[i].want);
        assert_true(json_is_true(json_object_get(a, "to_ids")));
        assert_string_equal(str(a, "comment"), "circle");
        assert_null(json_object_get(a, "first_seen"));
    }
    json_decref(event);
}

static void test_event(void **state)
{
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    ent_t_out_start(&o, "misp", &opts);
    json_t *event = event_of(&o);
    assert_string_equal(str(event, "info"), "What CERT \"x\" knows");
    assert_string_equal(str(event, "date"), "2018-08-20");
    assert_string_equal(str(event, "timestamp"), "1534723200");
    assert_string_equal(str(event, "distribution"), "0");
    assert_true(json_is_false(json_object_get(event, "published")));
    assert_int_equal(strlen(str(event, "uuid")), 36);
    assert_string_equal(str(json_object_get(event, "Orgc"), "name"), "CERT \"x\"");
    assert_int_equal(json_array_size(json_object_get(event, "Attribute")), 0);
    json_decref(event);
}

static void test_words(void **state)
{
    struct ent_indicator ind = ent_t_indicator("evil.example");
    struct ent_t_out o = {.fail_at = 0};
    (void)state;
    ind.tlp = ENT_TLP_AMBER_STRICT;
    ind.confidence = 80;
    ind.valid_from = ENT_T_NOW - 86400;
    ind.kind = ENT_SLICE_LIT("C2");
    ind.text = ENT_SLICE_LIT("a\x1b\"}]\xff");
    ent_t_out_start(&o, "misp", &opts);
    ent_t_out_put(&o, &ind, "s\n");
    json_t *event = event_of(&o);
    const json_t *a = json_array_get(json_object_get(event, "Attribute"), 0);
    assert_string_equal(str(a, "comment"), "s: C2: a \"}]\xef\xbf\xbd");
    assert_string_equal(str(a, "first_seen"), "2018-08-19T00:00:00Z");
    const json_t *tags = json_object_get(a, "Tag");
    assert_int_equal(json_array_size(tags), 2);
    assert_string_equal(str(json_array_get(tags, 0), "name"), "tlp:amber+strict");
    assert_string_equal(str(json_array_get(tags, 1), "name"), "osint:certainty=\"80\"");
    json_decref(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_words),
    };
    return ent_t_run("out_misp", tests);
}
