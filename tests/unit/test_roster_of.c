/* test_roster_of.c: what the ledger is told of a pact. */
#include "tests/support/pacts.h"

static const struct ent_roster_member *find(const struct ent_roster *r, const char *name)
{
    for (size_t i = 0; i < r->members; i++)
        if (strcmp(r->member[i].name, name) == 0)
            return &r->member[i];
    return NULL;
}

static struct ent_roster *roster_of(const struct ent_pact *p)
{
    struct ent_roster *r = malloc(sizeof(*r));
    assert_non_null(r);
    memset(r, 0xEE, sizeof(*r)); /* nothing of what was there may stay */
    ent_roster_of(r, p);
    return r;
}

static struct ent_pact *next_of(const struct ent_pact *now)
{
    struct ent_pact *p = pact_new();
    ent_pact_next(p, now);
    return p;
}

static void test_of_the_first_version(void **state)
{
    struct who w[4] = {who_is("alpha"), who_is("beta"), who_is("gamma"), who_is("delta")};
    (void)state;
    w[2].m.panel = false;
    struct ent_pact *now = pact_founded(w, 4);
    struct ent_roster *r = roster_of(now);
    assert_int_equal(r->members, 4);
    assert_int_equal(r->k, 3);
    assert_memory_equal(r->pact.b, now->hash.b, 32);
    assert_string_equal(r->member[1].name, "beta");
    assert_string_equal(r->member[2].name, "delta");
    for (size_t i = 0; i < 4; i++) {
        const struct ent_roster_member *m = find(r, w[i].m.name);
        assert_non_null(m);
        assert_memory_equal(m->root.b, w[i].m.root.pk.b, 32);
        assert_memory_equal(m->witness.b, w[i].m.witness.pk.b, 32);
        assert_memory_equal(m->mirror.b, w[i].m.mirror.pk.b, 32);
        assert_memory_equal(m->author[0].pk.b, w[i].m.author[0].key.pk.b, 32);
        assert_memory_equal(m->log[0].pk.b, w[i].m.log[0].key.pk.b, 32);
        assert_true(m->authors == 1 && m->logs == 1 && m->disputes == 0);
        assert_true(m->author[0].from == 0 && m->author[0].until == ENT_INDEX_NONE);
        assert_true(m->log[0].generation == 1 && !m->log[0].closed);
        assert_int_equal(m->panel, i != 2);
    }
    free(now);
    free(r);
}

/* What a removed member signed keeps counting; its cosignatures do not count any more. */
static void test_of_those_who_were_removed(void **state)
{
    struct who w[4] = {who_is("alpha"), who_is("beta"), who_is("gamma"), who_is("delta")};
    struct ent_dispute x = {"beta", 1, 3, 8, "not by us"};
    (void)state;
    struct ent_pact *now = pact_founded(w, 4), *p = next_of(now);
    assert_ok(ent_next_remove(p, NULL, "beta"));
    pact_advance(now, p, w, 4);
    ent_pact_next(p, now);
    assert_ok(ent_next_dispute(p, NULL, &x)); /* and can be disputed still */
    pact_advance(now, p, (struct who[]){w[0], w[2], w[3]}, 3);
    struct ent_roster *r = roster_of(now);
    assert_int_equal(r->members, 4);
    assert_string_equal(r->member[3].name, "beta"); /* behind the members */
    assert_false(r->member[3].panel);
    assert_memory_equal(r->member[3].author[0].pk.b, w[1].m.author[0].key.pk.b, 32);
    assert_int_equal(r->member[3].disputes, 1);
    assert_int_equal(r->member[3].disputed[0].generation, 1);
    assert_int_equal(r->member[3].disputed[0].from, 3);
    assert_int_equal(r->member[3].disputed[0].until, 8);
    assert_int_equal(find(r, "alpha")->disputes, 0);
    assert_null(find(r, "epsilon"));
    free(now);
    free(p);
    free(r);
}

static void test_of_keys_that_changed(void **state)
{
    struct who w[4] = {who_is("alpha"), who_is("beta"), who_is("gamma"), who_is("delta")};
    struct ent_seed32 seed = {{9}}, seed2 = {{10}}, seed3 = {{11}};
    struct ent_signed_key author, log, witness;
    struct ent_hash32 head = {{5}};
    (void)state;
    struct ent_pact *now = pact_founded(w, 4), *p = next_of(now);
    ent_key_prove(&author, "alpha", ENT_ROLE_AUTHOR, 0, &w[0].m.root.pk, &seed);
    ent_key_prove(&log, "alpha", ENT_ROLE_LOG, 2, &w[0].m.root.pk, &seed2);
    ent_key_prove(&witness, "alpha", ENT_ROLE_WITNESS, 0, &w[0].m.root.pk, &seed3);
    assert_ok(ent_next_rotate(p, NULL, "alpha", ENT_ROLE_AUTHOR, &author, 17));
    assert_ok(ent_next_rotate(p, NULL, "alpha", ENT_ROLE_WITNESS, &witness, 0));
    assert_ok(ent_next_close_log(p, NULL, "alpha", 20, &head));
    assert_ok(ent_next_open_log(p, NULL, "alpha", &log));
    pact_advance(now, p, w, 4);
    struct ent_roster *r = roster_of(now);
    const struct ent_roster_member *m = find(r, "alpha");
    assert_true(m->authors == 2 && m->logs == 2);
    assert_memory_equal(m->author[0].pk.b, w[0].m.author[0].key.pk.b, 32);
    assert_int_equal(m->author[0].until, 17);
    assert_memory_equal(m->author[1].pk.b, author.pk.b, 32);
    assert_int_equal(m->author[1].from, 17);
    assert_true(m->log[0].closed && m->log[0].size == 20);
    assert_memory_equal(m->log[0].root.b, head.b, 32);
    assert_true(!m->log[1].closed && m->log[1].generation == 2);
    assert_memory_equal(m->witness.b, witness.pk.b, 32); /* the newest */
    assert_memory_not_equal(r->pact.b, now->hash.b, 32); /* the first version names the pact */
    assert_memory_equal(r->pact.b, now->id.b, 32);
    free(now);
    free(p);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_the_first_version),
        cmocka_unit_test(test_of_those_who_were_removed),
        cmocka_unit_test(test_of_keys_that_changed),
    };
    return ent_t_run("roster_of", tests);
}
