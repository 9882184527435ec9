/*
 * test_quorum_look.c: what a home shows of its quorums: runs by the beginning of their id, phases,
 * who said what of whom, progress; files that are damaged, another's, or not there yet.
 */
#include "tests/support/nodes.h"

#include <errno.h>

static struct node alice, bob, carol;
static struct mesh mesh;
static unsigned runs;

struct seen {
    struct ent_home *home; /* alice's, as a command opens it */
    struct ent_hash32 leaf;
    struct ent_quorum_offer offer;
    char id[ENT_QUORUM_ID];
};

static struct ent_quorum_offer offer_of_three(void)
{
    struct ent_quorum_offer o = {.window = 1795334400,
                                 .seconds = 3600,
                                 .types = ENT_OBS_BIT(ENT_OBS_IPV4),
                                 .shape = {2, 2, 100, 20},
                                 .holders = 2,
                                 .collector = "carol",
                                 .accept_by = 1795338600,
                                 .keys_by = 1795338700,
                                 .upload_by = 1795338800,
                                 .result_by = 1795338900};
    memcpy(o.participant[0], "alice", 6);
    memcpy(o.participant[1], "bob", 4);
    memcpy(o.holder[0], "alice", 6);
    memcpy(o.holder[1], "bob", 4);
    return o;
}

static const char *file_of(const struct seen *s, const char *name)
{
    static char path[ENT_DISK_NAME_MAX];
    (void)snprintf(path, sizeof(path), ENT_QUORUM_FOLDER "/%s/%.80s", s->id, name);
    return path;
}

static void put(const struct seen *s, const char *name, struct ent_slice bytes)
{
    assert_ok(ent_kept_write(s->home->disk, file_of(s, name), bytes, true, NULL));
}

static void put_text(const struct seen *s, const char *name, const char *text)
{
    const struct ent_disk *d = s->home->disk;
    assert_ok(d->replace(d->ctx, file_of(s, name), ent_slice_str(text)));
}

/* An act of this member as it arrives at alice's. */
static struct ent_hash32 say(struct node *n, struct ent_buf *delivery, enum ent_statement_type type,
                             const char *media, const struct ent_buf *body)
{
    struct ent_buf bytes;
    struct ent_act act;
    uint64_t index;
    const struct ent_act_wish wish = {
        .type = type, .media = media, .body = ent_buf_slice(body), .now = 1795338000};
    ent_buf_init(&bytes, ENT_ACT_MAX);
    ent_buf_init(delivery, ENT_DELIVERY_MAX);
    assert_ok(ent_book_act(n->book, &bytes, &act, &index, NULL, &wish));
    assert_ok(ent_book_deliver(n->book, delivery, NULL, index));
    struct ent_hash32 leaf = act.leaf;
    ent_buf_release(&bytes);
    return leaf;
}

static void keep_said(struct seen *s, struct node *n, enum ent_statement_type type,
                      const char *media, const struct ent_buf *body)
{
    struct ent_buf delivery;
    char name[80], hex[ENT_HEX_LEN(32)];
    struct ent_hash32 leaf = say(n, &delivery, type, media, body);
    ent_hex_encode(hex, leaf.b, 32);
    (void)snprintf(name, sizeof(name), "said/%s", hex);
    put(s, name, ent_buf_slice(&delivery));
    ent_buf_release(&delivery);
}

static void names(struct seen *s, struct node *by, const char *member, enum ent_quorum_fault f)
{
    struct ent_quorum_left_out o = {.offer = s->leaf, .fault = f};
    struct ent_buf body;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    (void)snprintf(o.member, sizeof(o.member), "%s", member);
    assert_ok(ent_quorum_left_out_encode(&body, &o));
    keep_said(s, by, ENT_ST_REPORT, ENT_MEDIA_QUORUM_LEFT_OUT, &body);
    ent_buf_release(&body);
}

static void refuses(struct seen *s, struct node *by, const struct ent_hash32 *offer,
                    enum ent_quorum_reason why, enum ent_verdict v)
{
    struct ent_quorum_refuse f = {.offer = *offer, .why = why, .verdict = v};
    struct ent_buf body;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    assert_ok(ent_quorum_refuse_encode(&body, &f));
    keep_said(s, by, ENT_ST_REFUSE, ENT_MEDIA_QUORUM_REFUSE, &body);
    ent_buf_release(&body);
}

static void put_state(struct seen *s, const struct ent_quorum_run *run)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_QUORUM_RUN_MAX);
    assert_ok(ent_quorum_run_encode(&b, run));
    put(s, "state", ent_buf_slice(&b));
    ent_buf_release(&b);
}

/* Three members; carol's offer lies in alice's home, and nothing else. */
static void begin(struct seen *s)
{
    struct ent_buf body, delivery;
    char hex[ENT_HEX_LEN(32)];
    s->home = node_look(&alice);
    s->offer = offer_of_three();
    s->offer.nonce.b[0] = (uint8_t)++runs;
    ent_buf_init(&body, ENT_QUORUM_OFFER_MAX);
    assert_ok(ent_quorum_offer_encode(&body, &s->offer));
    s->leaf = say(&carol, &delivery, ENT_ST_OFFER, ENT_MEDIA_QUORUM_OFFER, &body);
    ent_hex_encode(hex, s->leaf.b, 32);
    (void)snprintf(s->id, sizeof(s->id), "%.32s", hex);
    put(s, "offer", ent_buf_slice(&delivery));
    ent_buf_release(&delivery);
    ent_buf_release(&body);
}

static void end(struct seen *s)
{
    char from[ENT_PATH_MAX], to[ENT_PATH_MAX + 16];
    assert_ok(ent_home_path(s->home, from, ENT_QUORUM_FOLDER));
    (void)snprintf(to, sizeof(to), "%s.%u", from, runs);
    assert_return_code(rename(from, to), errno);
    ent_home_free(s->home);
}

static struct ent_quorum_look *look_at(const struct seen *s)
{
    struct ent_quorum_look *l = malloc(sizeof(*l));
    struct ent_diag d = {0};
    assert_non_null(l);
    assert_ok(ent_quorum_look(s->home, l, &d, s->id));
    return l;
}

static void is_damaged(const struct seen *s, const char *text)
{
    struct ent_quorum_look *l = malloc(sizeof(*l));
    struct ent_diag d = {0};
    assert_non_null(l);
    assert_err(ent_quorum_look(s->home, l, &d, s->id), ENT_E_AUTH);
    assert_string_equal(d.text, text);
    free(l);
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void test_an_offer_alone(void **state)
{
    struct seen s = {.home = NULL};
    (void)state;
    begin(&s);
    struct ent_quorum_look *l = look_at(&s);
    assert_string_equal(l->author, "carol");
    assert_int_equal(l->offered, 1795338000);
    assert_int_equal(l->run.phase, ENT_QUORUM_OFFERED);
    assert_string_equal(l->run.offer.collector, "carol");
    assert_int_equal(l->n, 0);
    assert_false(l->wants || l->declines || l->progress.took);
    free(l);
    end(&s);
}

static void test_who_said_what(void **state)
{
    struct seen s = {.home = NULL};
    struct ent_quorum_run run;
    struct ent_hash32 other = {{1}};
    (void)state;
    begin(&s);
    ent_quorum_run_init(&run, &s.offer, &s.leaf, "alice");
    run.phase = ENT_QUORUM_UPLOAD;
    put_state(&s, &run);
    refuses(&s, &bob, &s.leaf, ENT_QUORUM_PACT, ENT_DENIED_EXPIRED);
    refuses(&s, &carol, &other, ENT_QUORUM_SIZE, ENT_ALLOWED); /* of another run */
    names(&s, &carol, "bob", ENT_QUORUM_SILENT);
    names(&s, &alice, "bob", ENT_QUORUM_LATE);
    names(&s, &bob, "alice", ENT_QUORUM_PROOF);
    struct ent_quorum_look *l = look_at(&s);
    assert_int_equal(l->run.phase, ENT_QUORUM_UPLOAD);
    assert_string_equal(l->author, "carol");
    assert_int_equal(l->n, 4);
    assert_int_equal(l->unverified, 0);
    assert_string_equal(l->told[0].of, "");
    assert_string_equal(l->told[0].by, "bob");
    assert_int_equal(l->told[0].refused.why, ENT_QUORUM_PACT);
    assert_int_equal(l->told[0].refused.verdict, ENT_DENIED_EXPIRED);
    assert_string_equal(l->told[1].of, "alice");
    assert_int_equal(l->told[1].fault, ENT_QUORUM_PROOF);
    assert_string_equal(l->told[2].by, "alice");
    assert_int_equal(l->told[2].fault, ENT_QUORUM_LATE);
    assert_string_equal(l->told[3].by, "carol");
    assert_int_equal(l->told[3].fault, ENT_QUORUM_SILENT);
    free(l);
    end(&s);
}

/* Somebody who may write into the home, and has no key. */
static void test_forged(void **state)
{
    struct seen s = {.home = NULL};
    struct ent_buf b;
    char said[80];
    (void)state;
    begin(&s);
    names(&s, &carol, "bob", ENT_QUORUM_SILENT);
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    struct ent_buf list;
    assert_ok(ent_home_list(s.home, &list, file_of(&s, "said")));
    struct ent_cur c = ent_cur(ent_buf_slice(&list));
    char leaf[ENT_DISK_NAME_MAX];
    assert_true(ent_home_next_name(&c, leaf));
    (void)snprintf(said, sizeof(said), "said/%.64s", leaf);
    assert_ok(ent_kept_read(&b, s.home->disk, file_of(&s, said)));
    uint8_t *at = memmem(b.p, b.n, "silent", 6);
    assert_non_null(at);
    memcpy(at, "excess", 6);
    put(&s, said, ent_buf_slice(&b));
    struct ent_quorum_look *l = look_at(&s);
    assert_int_equal(l->n, 0);
    assert_int_equal(l->unverified, 1);
    free(l);
    ent_buf_release(&list);
    ent_buf_release(&b);
    end(&s);
}

static enum ent_err count(void *ctx, const char *id, const struct ent_quorum_look *l,
                          const struct ent_diag *d)
{
    unsigned *n = ctx;
    assert_int_equal(strlen(id), ENT_QUORUM_ID - 1);
    n[l == NULL]++;
    assert_true((l == NULL) == (d->text != NULL));
    return ENT_OK;
}

static void test_damage(void **state)
{
    struct seen s = {.home = NULL};
    struct ent_quorum_run run;
    unsigned n[2] = {0, 0};
    (void)state;
    begin(&s);
    ent_quorum_run_init(&run, &s.offer, &s.leaf, "alice");
    put_state(&s, &run);
    put_text(&s, "said/0000000000000000000000000000000000000000000000000000000000000000", "x\n");
    is_damaged(&s, "a file in its folder said is damaged");
    put_text(&s, "state", "entente/quorum-run@v1\n");
    is_damaged(&s, "its file state is damaged");
    put(&s, "state", ENT_SLICE_LIT("entente/quorum-run@v1\n"));
    is_damaged(&s, "its file state is damaged");
    run.leaf.b[0] ^= 1;
    put_state(&s, &run);
    is_damaged(&s, "its file state is another run's");
    assert_ok(ent_quorum_look_each(s.home, count, n));
    assert_int_equal(n[0], 0);
    assert_int_equal(n[1], 1);
    assert_ok(s.home->disk->remove(s.home->disk->ctx, file_of(&s, "state")));
    put_text(&s, "offer", "nonsense\n");
    is_damaged(&s, "its file offer is damaged");
    end(&s);
}

static void test_find(void **state)
{
    struct seen s = {.home = NULL};
    char ret[ENT_QUORUM_ID], twin[sizeof(ret)], none[sizeof(ret)];
    unsigned n[2] = {0, 0};
    (void)state;
    begin(&s);
    for (size_t i = ENT_QUORUM_ID_LEAST; i < ENT_QUORUM_ID; i++) {
        char start[sizeof(ret)];
        (void)snprintf(start, sizeof(start), "%.*s", (int)i, s.id);
        assert_ok(ent_quorum_look_find(s.home, ret, start));
        assert_string_equal(ret, s.id);
    }
    memcpy(twin, s.id, sizeof(twin));
    twin[31] = twin[31] == '0' ? '1' : '0';
    memcpy(none, s.id, sizeof(none));
    none[0] = none[0] == '0' ? '1' : '0';
    assert_err(ent_quorum_look_find(s.home, ret, none), ENT_E_NOTFOUND);
    assert_err(ent_quorum_look_find(s.home, ret, ""), ENT_E_FORMAT);
    assert_err(ent_quorum_look_find(s.home, ret, "abc"), ENT_E_FORMAT);
    assert_err(ent_quorum_look_find(s.home, ret, "wish"), ENT_E_FORMAT);
    assert_err(ent_quorum_look_find(s.home, ret, "../../x"), ENT_E_FORMAT);
    memcpy(none, s.id, sizeof(none));
    memcpy(s.id, twin, sizeof(twin));
    put_text(&s, "progress", ""); /* a folder that is just being made */
    assert_err(ent_quorum_look_find(s.home, ret, "0000"), ENT_E_NOTFOUND);
    twin[8] = '\0';
    assert_err(ent_quorum_look_find(s.home, ret, twin), ENT_E_EXISTS);
    assert_ok(ent_quorum_look_find(s.home, ret, none));
    assert_ok(ent_quorum_look_each(s.home, count, n));
    assert_int_equal(n[0], 1);
    assert_int_equal(n[1], 0);
    end(&s);
}

static void test_progress(void **state)
{
    struct ent_quorum_offer o = offer_of_three();
    struct ent_quorum_progress p;
    (void)state;
    ent_quorum_progress_read(&p, &o,
                             ENT_SLICE_LIT("evaluated 1 5\nrole participant 2\nuploaded 3 4\n"
                                           "received bob 7 9\nreceived mallory 1 1\nfuture x\n"
                                           "computed 10 100\nfound 6\nrefused-hits 2\n"));
    assert_int_equal(p.evaluated.done, 1);
    assert_int_equal(p.evaluated.all, 5);
    assert_int_equal(p.uploaded.done, 3);
    assert_int_equal(p.received[0].all, 0);
    assert_int_equal(p.received[1].done, 7);
    assert_int_equal(p.computed.all, 100);
    assert_true(p.took);
    assert_int_equal(p.found, 6);
    assert_int_equal(p.refused, 2);
    /* What was half written, or is none: not told. */
    static const char *const bad[] = {"evaluated 5 1\n",
                                      "evaluated 5\n",
                                      "evaluated\n",
                                      "evaluated 1 5",
                                      "evaluated -1 5\n",
                                      "received " /* longer than any name */
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 1\n",
                                      "found x\n",
                                      "\n\n\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ent_quorum_progress_read(&p, &o, ent_slice_str(bad[i]));
        assert_false(p.took);
        assert_int_equal(p.evaluated.all + p.received[0].all + p.received[1].all, 0);
    }
}

static void test_the_owners_word(void **state)
{
    struct seen s = {.home = NULL};
    (void)state;
    begin(&s);
    for (int i = 0; i < 4; i++) {
        assert_ok(ent_quorum_look_want(s.home, NULL, s.id, i % 3 == 0));
        struct ent_quorum_look *l = look_at(&s);
        assert_int_equal(l->wants, i % 3 == 0);
        assert_int_equal(l->declines, i % 3 != 0);
        free(l);
    }
    end(&s);
}

static void found(void)
{
    struct node *const all[] = {&alice, &bob, &carol};
    node_make(&alice, "alice");
    node_make(&bob, "bob");
    node_make(&carol, "carol");
    mesh_found(&mesh, all, 3, NULL);
    mesh_meet(&mesh);
}

static void test_wishes(void **state)
{
    struct seen s = {.home = NULL};
    struct ent_quorum_offer back;
    char wish[ENT_QUORUM_WISH], id[ENT_QUORUM_ID], why[ENT_QUORUM_WHY], name[64];
    struct ent_buf b;
    (void)state;
    begin(&s);
    ent_buf_init(&b, ENT_QUORUM_OFFER_MAX);
    assert_ok(ent_quorum_look_wish(s.home, NULL, wish, &s.offer));
    (void)snprintf(name, sizeof(name), ENT_QUORUM_FOLDER "/wish/%s", wish);
    assert_ok(ent_disk_load(s.home->disk, &b, name));
    assert_ok(ent_quorum_offer_parse(&back, ent_buf_slice(&b)));
    assert_memory_equal(&back, &s.offer, sizeof(back));
    assert_err(ent_quorum_look_granted(s.home, NULL, id, why, wish), ENT_E_NOTFOUND);
    ent_quorum_look_unwish(s.home, wish);
    b.n = 0;
    assert_err(ent_disk_load(s.home->disk, &b, name), ENT_E_NOTFOUND);
    static const struct {
        const char *text;
        enum ent_err e;
    } answers[] = {{"id 0123456789abcdef0123456789abcdef\n", ENT_OK},
                   {"refused too-long\n", ENT_E_POLICY},
                   {"id 0123456789abcdef0123456789abcde\n", ENT_E_FORMAT},
                   {"id 0123456789abcdef0123456789abcdeg\n", ENT_E_FORMAT},
                   {"id 0123456789abcdef0123456789abcdef", ENT_E_FORMAT},
                   {"refused too-long\nrefused too-long\n", ENT_E_FORMAT},
                   {"refused \n", ENT_E_FORMAT},
                   {"maybe\n", ENT_E_FORMAT},
                   {"refused aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", ENT_E_LIMIT}};
    (void)snprintf(name, sizeof(name), ENT_QUORUM_FOLDER "/wish/%s.done", wish);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        assert_ok(ent_kept_write(s.home->disk, name, ent_slice_str(answers[i].text), true, NULL));
        struct ent_diag d = {0};
        enum ent_err r = ent_quorum_look_granted(s.home, &d, id, why, wish);
        if (answers[i].e == ENT_OK || answers[i].e == ENT_E_POLICY)
            assert_err(r, answers[i].e);
        else
            assert_true(r == ENT_E_FORMAT || r == ENT_E_LIMIT);
        assert_err(ent_quorum_look_granted(s.home, NULL, id, why, wish), ENT_E_NOTFOUND);
    }
    assert_string_equal(id, "0123456789abcdef0123456789abcdef");
    ent_buf_release(&b);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_offer_alone),
        cmocka_unit_test(test_who_said_what),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_the_owners_word),
        cmocka_unit_test(test_wishes),
    };
    ent_t_start("quorum_look");
    found();
    int failed = cmocka_run_group_tests_name("quorum_look", tests, NULL, NULL);
    node_free(&alice);
    node_free(&bob);
    node_free(&carol);
    return failed;
}
