/* test_out_stix.c: STIX bundles that go out, read again by our own reader; ids made from names. */
#include "tests/support/feed.h"
#include "tests/support/out.h"

#include "intel/uuid.h"

#include <jansson.h>

static const struct ent_out_opts opts = {
    .now = ENT_T_NOW, .author = {(const uint8_t *)"CERT", 4}, .key = {(const uint8_t *)"k", 1}};

/* --- UUIDs ------------------------------------------------------------------------------------ */

/* table. The first is RFC 9562's own, the others are in STIX 2.1 (errata 01). */
static const struct {
    const char *space, *name, *want;
} uuids[] = {
    {"6ba7b8109dad11d180b400c04fd430c8", "www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2"},
    {"00abedb4aa42466c9c01fed23315a9b7", "{\"value\":\"198.51.100.3\"}",
     "28bb3599-77cd-5a82-a950-b5bc3caf07c4"},
    {"00abedb4aa42466c9c01fed23315a9b7", "{\"value\":\"https://example.com/research/index.html\"}",
     "47c3cf9a-5027-5bf0-997a-017c7edc7c55"},
    {"00abedb4aa42466c9c01fed23315a9b7",
     "{\"value\":\"b\xc3\xbc"
     "cher.example\"}",
     "dbf3aff2-b3cd-57d2-9616-0ddfde9d01ad"},
    {"00abedb4aa42466c9c01fed23315a9b7", "{\"path\":\"C:\\\\Windows\\\\System32\"}",
     "0a58d0c1-59e6-5afd-8252-dcd3f13e5622"},
};

static void test_uuid(void **state)
{
    struct ent_uuid16 space, got, other;
    char text[ENT_UUID_TEXT];
    static uint8_t big[9000];
    (void)state;
    for (size_t i = 0; i < sizeof(uuids) / sizeof(uuids[0]); i++) {
        const struct ent_slice name = ent_slice_str(uuids[i].name);
        assert_ok(ent_hex_decode(space.b, sizeof(space.b), ent_slice_str(uuids[i].space)));
        assert_ok(ent_uuid_of(&got, &space, &name, 1));
        ent_uuid_text(text, &got);
        assert_string_equal(text, uuids[i].want);
    }
    /* where a part ends makes a difference */
    const struct ent_slice ab_c[] = {ENT_SLICE_LIT("ab"), ENT_SLICE_LIT("c")};
    const struct ent_slice a_bc[] = {ENT_SLICE_LIT("a"), ENT_SLICE_LIT("bc")};
    assert_ok(ent_uuid_of(&got, &space, ab_c, 2));
    assert_ok(ent_uuid_of(&other, &space, a_bc, 2));
    assert_memory_not_equal(got.b, other.b, 16);
    const struct ent_slice most[] = {ent_slice(big, 8192 - 16 - 1), ent_slice(big, 1)};
    assert_ok(ent_uuid_of(&got, &space, most, 1));
    assert_err(ent_uuid_of(&got, &space, most, 2), ENT_E_LIMIT);
}

/* --- bundles ---------------------------------------------------------------------------------- */

/* One indicator, exported; its object, to be freed with *ret_bundle. */
static json_t *object_of(json_t **ret_bundle, const struct ent_indicator *ind, const char *source,
                         const struct ent_out_opts *how)
{
    struct ent_t_out o = {.fail_at = 0};
    json_error_t e;
    ent_t_out_start(&o, "stix", how);
    ent_t_out_put(&o, ind, source);
    *ret_bundle = json_loads(ent_t_out_end(&o), JSON_REJECT_DUPLICATES, &e);
    ent_t_out_release(&o);
    assert_non_null(*ret_bundle);
    json_t *objects = json_object_get(*ret_bundle, "objects");
    return json_array_get(objects, json_array_size(objects) - 1);
}

static const char *str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* table */
static void test_patterns(void **state)
{
    static const struct {
        const char *value, *want;
    } rows[] = {
        {"198.51.100.3", "[ipv4-addr:value = '198.51.100.3']"},
        {"2001:db8::/32", "[ipv6-addr:value ISSUBSET '2001:db8::/32']"},
        {"198.51.100.3:443",
         "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
         "'198.51.100.3' AND network-traffic:dst_port = 443]"},
        {"[2001:db8::1]:80",
         "[network-traffic:dst_ref.type = 'ipv6-addr' AND network-traffic:dst_ref.value = "
         "'2001:db8::1' AND network-traffic:dst_port = 80]"},
        {"evil.example", "[domain-name:value = 'evil.example']"},
        {"http://evil.example/it's\\x", "[url:value = 'http://evil.example/it\\'s\\\\x']"},
        {"http://evil.example/a*", "[url:value LIKE 'http://evil.example/a%']"},
        {"o'x@evil.example", "[email-addr:value = 'o\\'x@evil.example']"},
        {"44d88612fea8a8f36de82e1278abb02f",
         "[file:hashes.MD5 = '44d88612fea8a8f36de82e1278abb02f']"},
        {"3395856ce81f2b7382dee72602f798b642f14140",
         "[file:hashes.'SHA-1' = '3395856ce81f2b7382dee72602f798b642f14140']"},
    };
    json_t *bundle;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_indicator ind = ent_t_indicator(rows[i].value);
        assert_string_equal(str(object_of(&bundle, &ind, "s", &opts), "pattern"), rows[i].want);
        json_decref(bundle);
    }
    /* what LIKE cannot say without a wildcard */
    static const char *const never[] = {"http://evil.example/a_b*", "http://evil.example/%41*"};
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        struct ent_indicator ind = ent_t_indicator(never[i]);
        assert_string_equal(str(object_of(&bundle, &ind, "s", &opts), "type"),
                            "marking-definition");
        json_decref(bundle);
    }
}

static void test_properties(void **state)
{
    struct ent_indicator ind = ent_t_indicator("evil.example");
    json_t *bundle, *o;
    (void)state;
    ind.id = ENT_SLICE_LIT("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f");
    ind.kind = ENT_SLICE_LIT("malicious-activity");
    ind.text = ENT_SLICE_LIT("a\"b\xff");
    ind.confidence = 0;
    ind.valid_until = ENT_T_NOW + 86400;
    o = object_of(&bundle, &ind, "circle", &opts);
    assert_string_equal(str(bundle, "type"), "bundle");
    assert_string_equal(str(o, "spec_version"), "2.1");
    assert_string_equal(str(o, "created"), "2018-08-19T23:59:00.000Z");
    assert_string_equal(str(o, "modified"), "2018-08-20T00:00:00.000Z");
    assert_string_equal(str(o, "valid_from"), "2018-08-19T23:59:00.000Z"); /* not said */
    assert_string_equal(str(o, "valid_until"), "2018-08-21T00:00:00.000Z");
    assert_string_equal(str(o, "description"), "a\"b\xef\xbf\xbd");
    assert_int_equal(json_integer_value(json_object_get(o, "confidence")), 0);
    const json_t *from = json_array_get(json_object_get(o, "external_references"), 0);
    assert_string_equal(str(from, "source_name"), "circle");
    assert_string_equal(str(from, "external_id"),
                        "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f");
    assert_null(json_object_get(from, "description"));
    const json_t *first = json_array_get(json_object_get(bundle, "objects"), 0);
    assert_string_equal(str(first, "type"), "identity");
    assert_string_equal(str(o, "created_by_ref"), str(first, "id"));
    json_decref(bundle);
    ind.confidence = -1;
    ind.valid_until = 0;
    ind.kind = ind.text = ind.id = (struct ent_slice){NULL, 0};
    o = object_of(&bundle, &ind, "circle", &opts);
    assert_null(json_object_get(o, "confidence"));
    assert_null(json_object_get(o, "valid_until"));
    assert_null(json_object_get(o, "indicator_types"));
    assert_null(json_object_get(o, "description"));
    json_decref(bundle);
}

/* A door for GREEN does not even name narrower markings. */
static void test_markings(void **state)
{
    struct ent_indicator ind = ent_t_indicator("evil.example");
    struct ent_out_opts green = opts;
    json_t *bundle;
    (void)state;
    green.door = ENT_TLP_GREEN;
    json_t *o = object_of(&bundle, &ind, "s", &green);
    const json_t *objects = json_object_get(bundle, "objects");
    assert_int_equal(json_array_size(objects), 1 + 2 + 1);
    assert_string_equal(str(json_array_get(objects, 2), "name"), "TLP:GREEN");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(o, "object_marking_refs"), 0)),
        "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb");
    json_decref(bundle);
}

static void id_of(char ret[static 64], const struct ent_indicator *ind, const char *source,
                  const struct ent_out_opts *how)
{
    json_t *bundle;
    (void)snprintf(ret, 64, "%s", str(object_of(&bundle, ind, source, how), "id"));
    json_decref(bundle);
}

/* The same claim has the same id, whenever it is exported; another claim, source or publisher does
 * not. */
static void test_ids(void **state)
{
    struct ent_indicator ind = ent_t_indicator("evil.example");
    struct ent_indicator other = ent_t_indicator("evil2.example");
    struct ent_out_opts later = opts, member = opts;
    char a[64], b[64];
    (void)state;
    later.now++;
    later.door = ENT_TLP_GREEN;
    member.key = ENT_SLICE_LIT("l");
    id_of(a, &ind, "s", &opts);
    id_of(b, &ind, "s", &later);
    assert_string_equal(a, b);
    id_of(b, &other, "s", &opts);
    assert_string_not_equal(a, b);
    id_of(b, &ind, "t", &opts);
    assert_string_not_equal(a, b);
    id_of(b, &ind, "s", &member);
    assert_string_not_equal(a, b);
    ind.id = ENT_SLICE_LIT("x");
    id_of(b, &ind, "s", &opts);
    assert_string_not_equal(a, b);
}

/* --- there and back --------------------------------------------------------------------------- */

static void random_words(char *ret, size_t n)
{
    static const char *const pieces[] = {"a", "b ", "\"", "\\", "'", "\u00e9", "\u202e", "]", ":"};
    size_t at = 0;
    for (;;) {
        const char *p = pieces[ent_t_below(sizeof(pieces) / sizeof(pieces[0]))];
        if (at + strlen(p) + 2 > n || ent_t_below(20) == 0)
            break;
        memcpy(ret + at, p, strlen(p));
        at += strlen(p);
    }
    ret[at++] = '.'; /* readers drop a blank at the end */
    ret[at] = '\0';
}

/* Records end with "[id] [kind] [text]"; the id is a new one. */
static void test_again(void **state)
{
    struct ent_t_record want = {0}, got = {0};
    struct ent_t_out o = {.fail_at = 0};
    struct ent_diag d = {0};
    enum ent_format f = ENT_FORMAT_AUTO;
    char kind[60], text[500];
    (void)state;
    ent_t_record_init(&want);
    const struct ent_import_sink sink = ent_t_record_sink(&want);
    ent_t_out_start(&o, "stix", &opts);
    for (int i = 0; i < 1500; i++) {
        struct ent_indicator ind = {.tlp = (enum ent_tlp)(1 + ent_t_below(5)),
                                    .confidence = (int)ent_t_below(102) - 1,
                                    .valid_from = (int64_t)(1 + ent_t_below(ENT_T_NOW))};
        ent_t_random_observable(&ind.obs, (enum ent_obs_type)(1 + ent_t_below(ENT_OBS_TYPES - 1)));
        ind.valid_until = ent_t_below(2) == 0 ? 0 : ENT_T_NOW + (int64_t)ent_t_below(1u << 30);
        random_words(kind, sizeof(kind));
        random_words(text, sizeof(text));
        ind.kind = ent_t_below(3) == 0 ? (struct ent_slice){NULL, 0} : ent_slice_str(kind);
        ind.text = ent_t_below(3) == 0 ? (struct ent_slice){NULL, 0} : ent_slice_str(text);
        uint64_t lost = ent_out_lost(o.out)[ENT_OBS_URLPREFIX];
        ent_t_out_put(&o, &ind, "s");
        if (lost == ent_out_lost(o.out)[ENT_OBS_URLPREFIX])
            assert_ok(sink.take(sink.ctx, &ind));
    }
    assert_ok(ent_t_import(&got, &f, &d, ENT_FORMAT_AUTO, ent_slice_str(ent_t_out_end(&o))));
    assert_int_equal(f, ENT_FORMAT_STIX);
    assert_int_equal(got.skipped, 0);
    assert_int_equal(got.taken, want.taken);
    const char *w = ent_t_record_text(&want), *g = ent_t_record_text(&got);
    for (; *w != '\0' && *g != '\0'; w++, g++) {
        size_t id = strlen("[indicator--00000000-0000-0000-0000-000000000000]");
        if (strncmp(w, " [] ", 4) == 0 && strncmp(g, " [indicator--", 13) == 0) {
            w += 3;
            g += 1 + id;
        }
        if (*w != *g)
            fail_msg("want %.300s\ngot %.300s", w, g);
    }
    assert_string_equal(w, g);
    ent_buf_release(&want.text);
    ent_buf_release(&got.text);
    ent_t_out_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid),       cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_properties), cmocka_unit_test(test_markings),
        cmocka_unit_test(test_ids),        cmocka_unit_test(test_again),
    };
    return ent_t_run("out_stix", tests);
}
