/* logs.c: members with their keys, and logs in memory. */
#include "tests/support/logs.h"

static void new_key(struct ent_seed32 *seed, struct ent_pubkey *pk)
{
    ent_random(seed->b, sizeof(seed->b));
    ent_sign_public(pk, seed);
}

void logs_pact_make(struct logs_pact *p, size_t members, unsigned k)
{
    struct ent_seed32 unused;
    assert_in_range(members, 1, ENT_ROSTER_MEMBERS);
    memset(p, 0, sizeof(*p));
    ent_random(p->roster.pact.b, 32);
    ent_random(p->roster.version[0].b, 32);
    p->roster.versions = 1;
    p->roster.k = k;
    p->roster.members = members;
    for (size_t i = 0; i < members; i++) {
        struct ent_roster_member *m = &p->roster.member[i];
        (void)snprintf(m->name, sizeof(m->name), "m%zu", i);
        new_key(&unused, &m->root);
        new_key(&unused, &m->mirror);
        new_key(&p->witness[i], &m->witness);
        new_key(&p->author[i], &m->author[0].pk);
        new_key(&p->log[i][1], &m->log[0].pk);
        m->author[0].until = ENT_INDEX_NONE;
        m->log[0].generation = 1;
        m->panel = true;
        m->authors = m->logs = 1;
    }
}

struct ent_signer *logs_signer(const struct logs_pact *p, size_t who, struct ent_signer_lock *lock,
                               const struct ent_disk *disk)
{
    const struct ent_roster_member *m = &p->roster.member[who];
    struct ent_signer *s = NULL;
    struct ent_keypair author;
    ent_keypair_init(&author, &p->author[who]);
    *lock = (struct ent_signer_lock){.disk = disk, .self = m->name, .own = "lock/1"};
    const struct ent_signer_opts o = {.self = m->name,
                                      .roster = &p->roster,
                                      .author = &author,
                                      .authors = 1,
                                      .log = &p->log[who][m->logs],
                                      .witness = &p->witness[who],
                                      .given = {.ctx = lock, .last = ent_signer_lock_last}};
    assert_ok(ent_signer_local(&s, NULL, &o));
    return s;
}

void logs_next(struct logs_pact *p, size_t who, uint64_t size, const struct ent_hash32 *root)
{
    struct ent_roster_member *m = &p->roster.member[who];
    struct ent_log_key *last = &m->log[m->logs - 1], *next = &m->log[m->logs];
    assert_true(m->logs < ENT_ROSTER_LOGS);
    last->closed = true;
    last->size = size;
    last->root = *root;
    next->generation = last->generation + 1;
    new_key(&p->log[who][next->generation], &next->pk);
    m->logs++;
}

void logs_add(struct logs_log *log, struct ent_slice entry)
{
    assert_true(log->n < LOGS_LEAVES);
    ent_merkle_leaf_hash(&log->leaf[log->n++], entry);
}

static enum ent_err complete(void *ctx, struct ent_hash32 *ret, unsigned level, uint64_t index)
{
    const struct logs_log *log = ctx;
    struct ent_hash32 left, right;
    if (level == 0) {
        assert_true(index < log->n);
        *ret = log->leaf[index];
        return ENT_OK;
    }
    assert_ok(complete(ctx, &left, level - 1, 2 * index));
    assert_ok(complete(ctx, &right, level - 1, 2 * index + 1));
    ent_merkle_node_hash(ret, &left, &right);
    return ENT_OK;
}

struct ent_merkle_source logs_source(struct logs_log *log)
{
    return (struct ent_merkle_source){log, complete};
}

struct ent_hash32 logs_root(struct logs_log *log, uint64_t size)
{
    const struct ent_merkle_source source = logs_source(log);
    struct ent_hash32 root;
    assert_ok(ent_merkle_source_root(&root, size, &source));
    return root;
}

void logs_statement(struct ent_buf *b, const struct logs_pact *p, size_t who, uint64_t sequence,
                    const char *what)
{
    char name[ENT_NAME_MAX + 16];
    struct ent_statement st = {.pact_version = 1,
                               .pact = p->roster.version[0],
                               .sequence = sequence,
                               .type = ENT_ST_REPORT,
                               .time = 1795328503,
                               .tlp = "TLP:GREEN",
                               .media = "text/plain",
                               .body_n = strlen(what)};
    (void)snprintf(st.author, sizeof(st.author), "%s", p->roster.member[who].name);
    ent_heads_none(&st.heads);
    ent_sha256_of(&st.body, ent_slice_str(what));
    ent_buf_clear(b);
    assert_ok(ent_statement_encode(b, &st));
    ent_key_name(name, st.author, "author");
    assert_ok(ent_note_sign(b, b->n, name, &p->author[who]));
}

void logs_head(struct ent_buf *b, const struct logs_pact *p, size_t who, unsigned generation,
               uint64_t size, const struct ent_hash32 *root)
{
    char origin[ENT_LOG_ORIGIN];
    ent_roster_origin(&p->roster, origin, p->roster.member[who].name, generation);
    const struct ent_checkpoint cp = {ent_slice_str(origin), size, *root};
    ent_buf_clear(b);
    assert_ok(ent_checkpoint_encode(b, &cp));
    assert_ok(ent_note_sign(b, b->n, origin, &p->log[who][generation]));
}

void logs_cosign_as(struct ent_buf *b, const char *name, const struct ent_seed32 *seed,
                    int64_t time)
{
    const uint8_t *end = memmem(b->p, b->n, "\n\n", 2);
    assert_non_null(end);
    assert_ok(ent_cosign_sign(b, (size_t)(end - b->p) + 1, name, seed, time));
}

void logs_cosign(struct ent_buf *b, const struct logs_pact *p, size_t who, int64_t time)
{
    char name[ENT_NAME_MAX + 16];
    ent_key_name(name, p->roster.member[who].name, "witness");
    logs_cosign_as(b, name, &p->witness[who], time);
}

void logs_spoil(struct ent_buf *b)
{
    uint8_t *c = b->p + b->n - 10; /* within its base64, before the padding */
    *c = *c == 'A' ? 'B' : 'A';
}
