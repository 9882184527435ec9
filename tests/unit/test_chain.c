/* test_chain.c: chains of versions, two texts for one version, and random lives of pacts against a
 * naive model. */
#include "tests/support/pacts.h"

/* The next version, with another name, by these voters. */
static void renamed(struct ent_buf *b, const struct ent_pact *now, const char *name,
                    const struct who *w, size_t n)
{
    struct ent_pact *p = pact_new();
    ent_pact_next(p, now);
    assert_ok(ent_next_name(p, NULL, name));
    pact_vote(b, p, 0, w, n);
    free(p);
}

static void add(struct ent_chain *c, const struct ent_buf *b)
{
    assert_ok(ent_chain_add(c, NULL, ent_buf_slice(b), NULL));
}

/* Three versions by four members. */
static void three_versions(struct ent_chain *c, const struct who *w)
{
    struct ent_pact *p = pact_of(w, 4);
    struct ent_buf b = {0};
    ent_chain_init(c);
    pact_vote(&b, p, 0, w, 4);
    add(c, &b);
    renamed(&b, c->newest, "Two", w, 3);
    add(c, &b);
    renamed(&b, c->newest, "Three", w + 1, 3);
    add(c, &b);
    ent_buf_release(&b);
    free(p);
}

/* Beta has another witness key in the second version and a third in the fourth; in the third delta
 * is let go. */
static void test_panels_of_every_version(void **state)
{
    struct who w[4] = {who_is("alpha"), who_is("beta"), who_is("delta"), who_is("gamma")};
    struct ent_signed_key key[2];
    struct ent_pact *p = pact_of(w, 4);
    struct ent_roster *r = malloc(sizeof(*r));
    struct ent_buf b = {0};
    struct ent_chain c;
    (void)state;
    assert_non_null(r);
    ent_chain_init(&c);
    pact_vote(&b, p, 0, w, 4);
    add(&c, &b);
    for (uint8_t i = 0; i < 3; i++) {
        struct ent_seed32 seed = {{(uint8_t)(100 + i)}};
        ent_pact_next(p, c.newest);
        if (i == 1) {
            assert_ok(ent_next_remove(p, NULL, "delta"));
        } else {
            ent_key_prove(&key[i / 2], "beta", ENT_ROLE_WITNESS, 0, &w[1].m.root.pk, &seed);
            assert_ok(ent_next_rotate(p, NULL, "beta", ENT_ROLE_WITNESS, &key[i / 2], 0));
        }
        pact_vote(&b, p, 0, i == 2 ? (struct who[]){w[0], w[1], w[3]} : w, i == 2 ? 3 : 4);
        add(&c, &b);
    }
    memset(r, 0xEE, sizeof(*r));
    ent_roster_of_chain(r, &c);
    assert_true(r->versions == 4 && r->first == 1 && r->members == 4);
    assert_string_equal(r->member[3].name, "delta"); /* behind those who stayed */
    assert_int_equal(r->then[0].panel.word[0], 15);
    assert_int_equal(r->then[1].panel.word[0], 15);
    assert_int_equal(r->then[2].panel.word[0], 7);
    assert_int_equal(r->then[3].panel.word[0], 7);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(r->then[i].k, 3);
    const struct ent_roster_member *m = &r->member[1];
    assert_int_equal(m->formers, 2);
    assert_memory_equal(m->former[0].pk.b, w[1].m.witness.pk.b, 32);
    assert_memory_equal(m->former[1].pk.b, key[0].pk.b, 32);
    assert_memory_equal(m->witness.b, key[1].pk.b, 32);
    assert_true(m->former[0].from == 0 && m->former[0].until == 1);
    assert_true(m->former[1].from == 1 && m->former[1].until == 3);
    assert_int_equal(r->member[0].formers + r->member[2].formers + r->member[3].formers, 0);
    assert_true(ent_roster_differs(r, 0) && ent_roster_differs(r, 1) && ent_roster_differs(r, 2));
    ent_chain_release(&c);
    ent_buf_release(&b);
    free(p);
    free(r);
}

static void test_chains(void **state)
{
    struct who w[4];
    struct ent_chain c, back;
    struct ent_pact *p = pact_new();
    struct ent_roster *roster = malloc(sizeof(*roster));
    (void)state;
    assert_non_null(roster);
    who_are(w, 4);
    three_versions(&c, w);
    ent_roster_of_chain(roster, &c);
    assert_int_equal(roster->versions, 3);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(roster->version[i].b, c.link[i].hash.b, 32);
    assert_memory_equal(roster->version[0].b, roster->pact.b, 32);
    free(roster);
    ent_chain_init(&back);
    assert_ok(ent_chain_parse(&back, NULL, ent_chain_file(&c), NULL));
    assert_true(ent_slice_eq(ent_chain_file(&c), ent_chain_file(&back)));
    assert_int_equal(back.versions, 3);
    assert_string_equal(back.newest->name, "Three");
    assert_ok(ent_chain_pact(&back, p, 2));
    assert_string_equal(p->name, "Two");
    assert_memory_equal(p->hash.b, back.newest->prev.b, 32);
    assert_ok(ent_chain_pact(&back, p, 3));
    assert_err(ent_chain_pact(&back, p, 4), ENT_E_NOTFOUND);
    assert_err(ent_chain_pact(&back, p, 0), ENT_E_NOTFOUND);
    assert_int_equal(ent_chain_version(&back, 4).n, 0);
    assert_int_equal(ent_chain_version(&back, 0).n, 0);
    ent_chain_release(&back);
    assert_int_equal(ent_chain_file(&back).n, 0);
    ent_chain_release(&c);
    free(p);
}

static void test_what_does_not_fit_is_not_added(void **state)
{
    struct who w[4];
    struct ent_chain c, other;
    struct ent_buf b = {0};
    struct ent_diag d = {0};
    (void)state;
    who_are(w, 4);
    three_versions(&c, w);
    ent_chain_init(&other);
    struct ent_slice v2 = ent_chain_version(&c, 2), v1 = ent_chain_version(&c, 1);
    assert_err(ent_chain_add(&other, NULL, v2, &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "the pact's first version is missing");
    assert_ok(ent_chain_add(&other, NULL, v1, &d));
    assert_err(ent_chain_add(&other, NULL, ent_chain_version(&c, 3), &d), ENT_E_AUTH);
    assert_string_equal(d.text, "pact version does not follow the one before it");
    assert_err(ent_chain_add(&other, NULL, v1, &d), ENT_E_EXISTS);
    assert_string_equal(d.text, "this version of the pact is there already");
    renamed(&b, other.newest, "Two", w + 1, 3); /* the same text, decided by others */
    assert_ok(ent_chain_add(&other, NULL, v2, &d));
    assert_err(ent_chain_add(&other, NULL, ent_buf_slice(&b), &d), ENT_E_EXISTS);
    renamed(&b, other.newest, "Three", w, 2);
    assert_err(ent_chain_add(&other, NULL, ent_buf_slice(&b), &d), ENT_E_AUTH);
    assert_string_equal(d.text, "not enough votes of the members before it");
    assert_err(ent_chain_add(&other, NULL, ENT_SLICE_LIT("x"), &d), ENT_E_FORMAT);
    assert_int_equal(other.versions, 2);
    ent_chain_release(&c);
    ent_chain_release(&other);
    ent_buf_release(&b);
}

/* Two of the four voted twice: both sides are told, and neither is picked. */
static void test_two_texts_for_one_version(void **state)
{
    static struct ent_chain_split split;
    struct who w[4];
    struct ent_chain c;
    struct ent_buf b = {0};
    struct ent_diag d = {0};
    struct ent_pact *v1 = pact_new();
    (void)state;
    who_are(w, 4);
    three_versions(&c, w);
    assert_ok(ent_chain_pact(&c, v1, 1));
    renamed(&b, v1, "Another", w, 2); /* without the votes it is nothing */
    assert_err(ent_chain_add(&c, &split, ent_buf_slice(&b), &d), ENT_E_AUTH);
    assert_string_equal(d.text, "not enough votes of the members before it");
    assert_int_equal(split.version, 0);
    renamed(&b, v1, "Another", w + 1, 3);
    assert_err(ent_chain_add(&c, &split, ent_buf_slice(&b), &d), ENT_E_STATE);
    assert_string_equal(d.text, "two texts for one version of the pact, both with the votes");
    assert_int_equal(split.version, 2);
    assert_memory_equal(split.hash[0].b, c.link[1].hash.b, 32);
    assert_memory_not_equal(split.hash[0].b, split.hash[1].b, 32);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(split.by[0].name[i], w[i].m.name);
        assert_string_equal(split.by[1].name[i], w[i + 1].m.name);
    }
    assert_int_equal(split.by[0].n, 3);
    assert_int_equal(split.by[1].n, 3);
    assert_int_equal(c.versions, 3); /* as it was */
    assert_err(ent_chain_add(&c, NULL, ent_buf_slice(&b), &d), ENT_E_STATE);

    struct ent_buf file;
    ent_buf_init(&file, ENT_CHAIN_MAX);
    assert_ok(ent_buf_put_slice(&file, ent_chain_file(&c)));
    assert_ok(ent_buf_printf(&file, "version %zu\n", b.n));
    assert_ok(ent_buf_put_slice(&file, ent_buf_slice(&b)));
    assert_err(ent_chain_parse(&c, &split, ent_buf_slice(&file), &d), ENT_E_STATE);
    assert_int_equal(c.versions, 0);
    ent_buf_release(&file);
    ent_chain_release(&c);
    ent_buf_release(&b);
    free(v1);
}

/* A founder who signed two first versions; whoever has one of them finds out. */
static void test_two_first_versions(void **state)
{
    static struct ent_chain_split split;
    struct who w[3];
    struct ent_chain c;
    struct ent_buf b = {0};
    (void)state;
    who_are(w, 3);
    struct ent_pact *p = pact_of(w, 2), *q = pact_of(w + 1, 2);
    ent_chain_init(&c);
    pact_vote(&b, p, 0, w, 2);
    add(&c, &b);
    pact_vote(&b, q, 0, w + 1, 2);
    assert_err(ent_chain_add(&c, &split, ent_buf_slice(&b), NULL), ENT_E_STATE);
    assert_int_equal(split.version, 1);
    assert_string_equal(split.by[0].name[0], "m00");
    assert_string_equal(split.by[1].name[1], "m02");
    ent_chain_release(&c);
    ent_buf_release(&b);
    free(p);
    free(q);
}

static void parse_fails(struct ent_slice file, enum ent_err e, const char *text)
{
    struct ent_diag d = {0};
    struct ent_chain c;
    ent_chain_init(&c);
    assert_err(ent_chain_parse(&c, NULL, file, &d), e);
    assert_string_equal(d.text, text);
    assert_int_equal(c.versions, 0);
    ent_chain_release(&c);
}

static void test_files_have_one_form(void **state)
{
    static const char *const heads[] = {"version 0%zu\n", "version  %zu\n", "versions %zu\n",
                                        "version %zu \n", "version -%zu\n", "version %zu\r\n",
                                        "\nversion %zu\n"};
    static const char malformed[] = "malformed list of versions";
    struct who w[1];
    struct ent_buf b = {0}, file;
    (void)state;
    who_are(w, 1);
    struct ent_pact *p = pact_of(w, 1);
    pact_vote(&b, p, 0, w, 1);
    ent_buf_init(&file, ENT_CHAIN_MAX);
    parse_fails(ENT_SLICE_LIT(""), ENT_E_FORMAT, "not the versions of a pact");
    parse_fails(ENT_SLICE_LIT("entente/pact-chain@v1\n"), ENT_E_FORMAT,
                "not the versions of a pact");
    parse_fails(ENT_SLICE_LIT("entente/pact-chain@v2\nversion 1\nx"), ENT_E_FORMAT,
                "not the versions of a pact");
    parse_fails(ENT_SLICE_LIT("entente/pact-chain@v1\nversion 262145\n"), ENT_E_FORMAT, malformed);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        char head[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(head, sizeof(head), heads[i], b.n);
#pragma GCC diagnostic pop
        ent_buf_clear(&file);
        assert_ok(ent_buf_puts(&file, "entente/pact-chain@v1\n"));
        assert_ok(ent_buf_puts(&file, head));
        assert_ok(ent_buf_put_slice(&file, ent_buf_slice(&b)));
        parse_fails(ent_buf_slice(&file), ENT_E_FORMAT, malformed);
    }
    ent_buf_clear(&file);
    assert_ok(ent_buf_puts(&file, "entente/pact-chain@v1\n"));
    for (int i = 0; i < 2; i++) {
        assert_ok(ent_buf_printf(&file, "version %zu\n", b.n));
        assert_ok(ent_buf_put_slice(&file, ent_buf_slice(&b)));
    }
    parse_fails(ent_buf_slice(&file), ENT_E_FORMAT, "one version of the pact twice");
    assert_ok(ent_buf_putc(&file, '\n'));
    ent_buf_release(&file);
    ent_buf_release(&b);
    free(p);
}

static void test_every_flipped_bit_of_a_chain(void **state)
{
    struct who w[4];
    struct ent_chain c, back;
    struct ent_buf file;
    (void)state;
    who_are(w, 4);
    three_versions(&c, w);
    ent_chain_init(&back);
    ent_buf_init(&file, ENT_CHAIN_MAX);
    assert_ok(ent_buf_put_slice(&file, ent_chain_file(&c)));
    for (size_t i = 0; i < file.n; i += 1 + ent_t_below(40)) {
        uint8_t bit = (uint8_t)(1 << ent_t_below(8));
        file.p[i] ^= bit;
        assert_int_not_equal(ent_chain_parse(&back, NULL, ent_buf_slice(&file), NULL), ENT_OK);
        file.p[i] ^= bit;
        bool whole = i == c.link[0].at + c.link[0].n || i == c.link[1].at + c.link[1].n;
        if (!whole)
            assert_int_not_equal(ent_chain_parse(&back, NULL, ent_slice(file.p, i), NULL), ENT_OK);
    }
    ent_chain_release(&c);
    ent_chain_release(&back);
    ent_buf_release(&file);
}

/* --- random lives -------------------------------------------------------------------------------
 * The model knows of each name that ever was: whether it is a member, which seed votes, and what of
 * its keys can never change. It counts votes by hand.
 */
#define NAMES 9

struct model {
    struct who w[NAMES];
    struct ent_seed32 old_root[NAMES];
    bool ever[NAMES], in[NAMES], was_in[NAMES], new_root[NAMES];
    struct ent_pubkey author[NAMES][ENT_ROSTER_AUTHORS], log[NAMES][ENT_ROSTER_LOGS];
    uint64_t from[NAMES][ENT_ROSTER_AUTHORS];
    size_t authors[NAMES], logs[NAMES];
    struct ent_hash32 head[NAMES][ENT_ROSTER_LOGS];
    uint64_t entries;
};

static void fresh(struct ent_signed_key *key, struct ent_seed32 *seed, const struct who *w,
                  enum ent_role role, unsigned generation)
{
    struct ent_pubkey root;
    ent_random(seed->b, sizeof(seed->b));
    ent_sign_public(&root, role == ENT_ROLE_ROOT ? seed : &w->seed.root);
    ent_key_prove(key, w->m.name, role, generation, &root, seed);
}

static void close_and_open(struct model *m, size_t i, struct ent_member *to)
{
    struct ent_seed32 seed;
    struct ent_signed_key key;
    struct ent_hash32 head;
    ent_random(head.b, sizeof(head.b));
    fresh(&key, &seed, &m->w[i], ENT_ROLE_LOG, (unsigned)m->logs[i] + 1);
    assert_ok(ent_member_close_log(to, NULL, ++m->entries, &head));
    assert_ok(ent_member_open_log(to, NULL, &key));
    m->head[i][m->logs[i] - 1] = head;
    m->log[i][m->logs[i]++] = key.pk;
}

/* Come, come back, or go. */
static bool move_member(struct model *m, struct ent_pact *p, size_t i)
{
    if (m->in[i]) {
        if (p->members == 1)
            return false;
        m->w[i].m = *ent_pact_member(p, m->w[i].m.name);
        assert_ok(ent_next_remove(p, NULL, m->w[i].m.name));
        m->in[i] = false;
        return true;
    }
    if (m->ever[i]) {
        if (m->logs[i] == ENT_ROSTER_LOGS)
            return false;
        close_and_open(m, i, &m->w[i].m);
    } else {
        m->author[i][0] = m->w[i].m.author[0].key.pk;
        m->log[i][0] = m->w[i].m.log[0].key.pk;
        m->authors[i] = m->logs[i] = 1;
    }
    assert_ok(ent_next_put(p, NULL, &m->w[i].m));
    m->ever[i] = m->in[i] = true;
    return true;
}

static bool change_keys(struct model *m, struct ent_pact *p, size_t i)
{
    static const enum ent_role roles[] = {ENT_ROLE_ROOT, ENT_ROLE_TLS, ENT_ROLE_WITNESS,
                                          ENT_ROLE_MIRROR};
    struct ent_signed_key key;
    struct ent_seed32 seed;
    const char *name = m->w[i].m.name;
    uint64_t what = ent_t_below(6);
    if (!m->in[i])
        return false;
    if (what < 4) {
        fresh(&key, &seed, &m->w[i], roles[what], 0);
        assert_ok(ent_next_rotate(p, NULL, name, roles[what], &key, 0));
        if (what == 0) {
            m->w[i].seed.root = seed;
            m->new_root[i] = true;
        }
    } else if (what == 4) {
        if (m->authors[i] == ENT_ROSTER_AUTHORS)
            return false;
        fresh(&key, &seed, &m->w[i], ENT_ROLE_AUTHOR, 0);
        assert_ok(ent_next_rotate(p, NULL, name, ENT_ROLE_AUTHOR, &key, ++m->entries));
        m->from[i][m->authors[i]] = m->entries;
        m->author[i][m->authors[i]++] = key.pk;
    } else {
        if (m->logs[i] == ENT_ROSTER_LOGS)
            return false;
        for (size_t k = 0; k < p->members; k++)
            if (strcmp(p->member[k].name, name) == 0)
                close_and_open(m, i, &p->member[k]);
    }
    return true;
}

static bool change_rules(struct ent_pact *p)
{
    char name[16];
    struct ent_dispute x = {"m00", 1, ent_t_below(100), ENT_INDEX_NONE, "why not"};
    unsigned most = (unsigned)p->members, least = most / 2 + 1;
    switch (ent_t_below(5)) {
    case 0:
        (void)snprintf(name, sizeof(name), "Name %u", (unsigned)ent_t_below(100000));
        return ent_next_name(p, NULL, name) == ENT_OK;
    case 1:
        return ent_next_threshold(p, NULL, (enum ent_change)ent_t_below(3),
                                  least + (unsigned)ent_t_below(most - least + 1)) == ENT_OK;
    case 2:
        return ent_next_dispute(p, NULL, &x) == ENT_OK;
    case 3:
        return p->disputes > 0 &&
               ent_next_lift(p, NULL, p->dispute[0].member, p->dispute[0].generation,
                             p->dispute[0].from) == ENT_OK;
    default:
        return ent_next_panel(p, NULL, p->member[0].name, !p->member[0].panel) == ENT_OK;
    }
}

/* The naive count: every class that may be meant, by comparing what a person would compare. */
static unsigned naive_need(const struct ent_pact *of, const struct ent_pact *p,
                           const struct ent_pact *now, bool members)
{
    bool same_t[3], rules, disputes;
    unsigned need = 0;
    for (int c = 0; c < 3; c++)
        same_t[c] = p->threshold[c] == now->threshold[c];
    rules =
        strcmp(p->name, now->name) != 0 || p->k != now->k || !same_t[0] || !same_t[1] || !same_t[2];
    disputes = p->disputes != now->disputes; /* one is added or lifted at a time */
    if ((members || !same_t[0]) && of->threshold[0] > need)
        need = of->threshold[0];
    if (rules && of->threshold[1] > need)
        need = of->threshold[1];
    if ((disputes || !same_t[2]) && of->threshold[2] > need)
        need = of->threshold[2];
    return need;
}

/* Vote by a random set of those who may. Returns whether it must be accepted. */
static bool vote(struct model *m, struct ent_buf *b, struct ent_pact *p, const struct ent_pact *now,
                 bool members)
{
    unsigned before = 0, after = 0;
    uint64_t eager = ent_t_below(3); /* 0: everybody votes */
    assert_ok(ent_pact_encode(b, p));
    size_t text_n = b->n;
    for (size_t i = 0; i < NAMES; i++) {
        const char *name = m->w[i].m.name;
        bool two = m->new_root[i] && m->was_in[i];
        if (m->was_in[i] && (eager == 0 || ent_t_below(4) > 0)) {
            assert_ok(
                ent_pact_sign(b, text_n, p, 9, name, two ? &m->old_root[i] : &m->w[i].seed.root));
            before++;
            after += m->in[i] && !two;
        }
        if (m->in[i] && (two || !m->was_in[i]) && (eager == 0 || ent_t_below(4) > 0)) {
            assert_ok(ent_pact_sign(b, text_n, p, 9, name, &m->w[i].seed.root));
            after++;
        }
    }
    return before >= naive_need(now, p, now, members) && after >= naive_need(p, p, now, members);
}

static void check_roster(const struct model *m, const struct ent_pact *p)
{
    static struct ent_roster r;
    size_t names = 0;
    ent_roster_of(&r, p);
    for (size_t i = 0; i < NAMES; i++) {
        const struct ent_roster_member *x = NULL;
        names += m->ever[i];
        for (size_t k = 0; k < r.members; k++)
            if (strcmp(r.member[k].name, m->w[i].m.name) == 0)
                x = &r.member[k];
        assert_int_equal(x != NULL, m->ever[i]);
        if (x == NULL)
            continue;
        assert_true(m->in[i] || !x->panel);
        assert_int_equal(x->authors, m->authors[i]);
        assert_int_equal(x->logs, m->logs[i]);
        for (size_t k = 0; k < x->authors; k++) {
            assert_memory_equal(x->author[k].pk.b, m->author[i][k].b, 32);
            assert_int_equal(x->author[k].from, m->from[i][k]);
        }
        for (size_t k = 0; k < x->logs; k++) {
            assert_memory_equal(x->log[k].pk.b, m->log[i][k].b, 32);
            if (k + 1 < x->logs)
                assert_memory_equal(x->log[k].root.b, m->head[i][k].b, 32);
        }
    }
    assert_int_equal(r.members, names);
}

static void one_life(struct model *m, unsigned versions)
{
    struct model *kept = malloc(sizeof(*kept));
    struct ent_pact *p = pact_new();
    struct ent_chain c, back;
    struct ent_buf b, again;
    assert_non_null(kept);
    ent_chain_init(&c);
    ent_chain_init(&back);
    ent_buf_init(&b, ENT_PACT_MAX);
    ent_buf_init(&again, ENT_PACT_MAX);
    assert_ok(ent_pact_found(p, NULL, "Random"));
    for (size_t i = 0; i < 3; i++)
        assert_true(move_member(m, p, i));
    pact_vote(&b, p, 0, m->w, 3);
    add(&c, &b);
    for (unsigned v = 2; v <= versions; v++) {
        bool changed = false, members = false;
        *kept = *m;
        for (size_t i = 0; i < NAMES; i++) {
            m->was_in[i] = m->in[i];
            m->new_root[i] = false;
            m->old_root[i] = m->w[i].seed.root;
        }
        ent_pact_next(p, c.newest);
        uint64_t kind = ent_t_below(4);
        if (kind == 0)
            changed = members = move_member(m, p, ent_t_below(NAMES));
        else if (kind == 1)
            changed = members = change_keys(m, p, ent_t_below(NAMES));
        else
            changed = change_rules(p);
        members = members || p->members == 0 || p->member[0].panel != c.newest->member[0].panel;
        ent_buf_clear(&b);
        bool want = changed && vote(m, &b, p, c.newest, members);
        struct ent_diag d = {0};
        enum ent_err r = !changed ? ENT_E_POLICY : ent_chain_add(&c, NULL, ent_buf_slice(&b), &d);
        if ((r == ENT_OK) != want)
            printf("# version %u: %s\n", v, d.text);
        assert_int_equal(r == ENT_OK, want);
        if (!want) {
            *m = *kept;
            continue;
        }
        *p = *c.newest;
        ent_buf_clear(&again);
        assert_ok(ent_pact_encode(&again, p));
        assert_true(ent_slice_starts(ent_buf_slice(&b), ent_buf_slice(&again)));
        check_roster(m, c.newest);
    }
    assert_ok(ent_chain_parse(&back, NULL, ent_chain_file(&c), NULL));
    assert_true(ent_slice_eq(ent_chain_file(&back), ent_chain_file(&c)));
    assert_memory_equal(back.newest->hash.b, c.newest->hash.b, 32);
    check_roster(m, back.newest);
    ent_chain_release(&c);
    ent_chain_release(&back);
    ent_buf_release(&b);
    ent_buf_release(&again);
    free(kept);
    free(p);
}

static void test_random_lives(void **state)
{
    struct model *m = malloc(sizeof(*m));
    (void)state;
    assert_non_null(m);
    for (int i = 0; i < 6; i++) {
        memset(m, 0, sizeof(*m));
        who_are(m->w, NAMES);
        one_life(m, 60);
    }
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_panels_of_every_version),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_what_does_not_fit_is_not_added),
        cmocka_unit_test(test_two_texts_for_one_version),
        cmocka_unit_test(test_two_first_versions),
        cmocka_unit_test(test_files_have_one_form),
        cmocka_unit_test(test_every_flipped_bit_of_a_chain),
        cmocka_unit_test(test_random_lives),
    };
    return ent_t_run("chain", tests);
}
