/* nodes.c: whole members in one process. */
#include "tests/support/any_signer.h"
#include "tests/support/apart.h"
#include "tests/support/nodes.h"

#include <sys/wait.h>
#include <unistd.h>

/* --- homes --------------------------------------------------------------------------------------
 */

static void open_home(struct node *n, const char *dir)
{
    const char *which = NULL;
    if (n->apart != NULL)
        apart_open(n->apart, &n->home, dir);
    else
        assert_ok(ent_home_open(&n->home, NULL, dir));
    assert_ok(ent_home_key(n->home, &n->root, NULL, ENT_KEY_ROOT, ent_slice(NULL, 0)));
    struct ent_book_wants wants;
    struct ent_seed32 node;
    ent_home_book_wants(n->home, &wants);
    assert_ok(
        ent_home_book_keys(n->home, &n->keys, &node, NULL, &wants, ent_slice(NULL, 0), &which));
    ent_node_seed(&n->tls, &node, ENT_NODE_TLS, 0);
    n->author = n->keys.author[0].seed;
    ent_spki_of_ed25519(&n->spki, ent_home_self(n->home)->tls.pk.b);
}

void node_make(struct node *n, const char *name)
{
    node_make_at(n, name, "https://127.0.0.1:1");
}

void node_make_at(struct node *n, const char *name, const char *url)
{
    char dir[256];
    const struct ent_home_new opts = {.dir = dir, .name = name, .display = name, .url = url};
    *n = (struct node){.home = NULL};
    (void)snprintf(dir, sizeof(dir), "%s/%s", ent_t_tmpdir(), name);
    assert_ok(ent_home_make(NULL, &opts));
    open_home(n, dir);
    if (ent_t_below(2) == 0)
        node_set_apart(n);
}

static void close_home(struct node *n)
{
    const bool open = n->home != NULL;
    node_close(n);
    ent_home_free(n->home);
    n->home = NULL;
    if (n->apart != NULL && open)
        apart_close(n->apart);
}

void node_set_apart(struct node *n)
{
    char dir[ENT_PATH_MAX];
    assert_null(n->book);
    memcpy(dir, n->home->dir, sizeof(dir));
    close_home(n);
    n->apart = calloc(1, sizeof(*n->apart));
    assert_non_null(n->apart);
    open_home(n, dir);
}

void node_free(struct node *n)
{
    close_home(n);
    free(n->apart);
    n->apart = NULL;
}

void node_open(struct node *n)
{
    struct ent_book_opts opts = {.home = n->home, .keys = &n->keys};
    struct ent_diag d = {0};
    if (n->apart != NULL) {
        apart_sign(n->apart, n->home, &n->home->roster, &n->keys);
        opts = (struct ent_book_opts){.home = n->home, .signer = n->apart->remote};
    }
    enum ent_err r = ent_book_open(&n->book, &d, &opts);
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
    const struct ent_peer_opts peer = {.book = n->book, .idle_seconds = 60};
    assert_ok(ent_peer_new(&n->peer, &peer));
}

void node_close(struct node *n)
{
    ent_peer_free(n->peer);
    ent_book_close(n->book);
    n->peer = NULL;
    n->book = NULL;
    if (n->apart != NULL)
        apart_unsign(n->apart);
}

void node_reopen(struct node *n, const char *dir)
{
    struct mesh *m = n->mesh;
    close_home(n);
    open_home(n, dir);
    n->mesh = m;
    node_open(n);
}

struct ent_home *node_look(const struct node *n)
{
    struct ent_home *ret = NULL;
    assert_ok(ent_home_open(&ret, NULL, n->home->dir));
    return ret;
}

static void run(const char *a, const char *b, const char *c, const char *d)
{
    const char *const argv[] = {a, b, c, d, NULL};
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)execvp(a, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

void node_copy(struct node *n, const char *folder, const char *to)
{
    char path[ENT_PATH_MAX];
    assert_ok(ent_home_path(n->home, path, folder));
    run("cp", "-a", path, to);
}

void node_twin(struct node *ret, struct node *of, const char *dir)
{
    node_copy(of, "", dir);
    *ret = (struct node){.mesh = of->mesh};
    open_home(ret, dir);
    node_open(ret);
    assert_ok(ent_log_heard(ent_book_log(ret->book), NULL, ent_slice(NULL, 0)));
}

void node_restore(struct node *n, const char *folder, const char *from)
{
    char path[ENT_PATH_MAX];
    assert_ok(ent_home_path(n->home, path, folder));
    run("rm", "-rf", "--", path);
    run("cp", "-a", from, path);
}

/* --- the pact -----------------------------------------------------------------------------------
 */

void mesh_version(struct ent_buf *ret, struct node *const *node, size_t n,
                  const struct ent_budget *b, const struct ent_quorum_rule *q)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    assert_ok(ent_pact_found(p, NULL, "Election defence"));
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_next_put(p, NULL, &node[i]->home->self));
    if (b != NULL)
        assert_ok(ent_next_budget(p, NULL, b));
    if (q != NULL)
        assert_ok(ent_next_quorum(p, NULL, q));
    assert_int_equal(ret->n, 0);
    assert_ok(ent_pact_encode(ret, p));
    size_t text_n = ret->n;
    for (size_t i = 0; i < n; i++)
        assert_ok(ent_pact_sign(ret, text_n, p, 0, node[i]->home->self.name, &node[i]->root));
    free(p);
}

void mesh_found(struct mesh *m, struct node *const *node, size_t n, const struct ent_budget *b)
{
    mesh_found_with(m, node, n, b, NULL);
}

void mesh_found_with(struct mesh *m, struct node *const *node, size_t n, const struct ent_budget *b,
                     const struct ent_quorum_rule *q)
{
    struct ent_buf version;
    assert_true(n <= NODES_MOST);
    ent_buf_init(&version, ENT_PACT_MAX);
    mesh_version(&version, node, n, b, q);
    *m = (struct mesh){.n = n};
    for (size_t i = 0; i < n; i++) {
        m->node[i] = node[i];
        node[i]->mesh = m;
        assert_ok(ent_home_add_version(node[i]->home, NULL, NULL, ent_buf_slice(&version)));
        node_open(node[i]);
    }
    ent_buf_release(&version);
}

void mesh_meet(struct mesh *m)
{
    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < m->n; k++)
            if (i != k)
                node_greet(m->node[i], m->node[k]->home->self.name);
}

/* --- the wire -----------------------------------------------------------------------------------
 */

/* As a node does it: what it has in its home, and from that the list for its front. */
bool node_allows(const struct node *n, const struct ent_spki *key)
{
    struct ent_allowed list;
    bool changed;
    (void)!ent_book_refresh(n->book, NULL, &changed); /* it goes on with what it knows */
    assert_ok(ent_peer_allowed(n->peer, &list));
    return ent_allowed_has(&list, key);
}

/* As a server would do it: a key that is not known gets no connection, a path that is none 404, a
 * body that is too large 413. */
static enum ent_err answer(const struct node *from, const struct node *to, unsigned *ret_status,
                           struct ent_buf *ret, const char *method, const char *path,
                           struct ent_slice body)
{
    const struct ent_request req = {
        .method = method, .path = path, .body = body, .peer = from->spki};
    struct ent_response res = {0};
    if (!node_allows(to, &from->spki))
        return ENT_E_PEER;
    size_t most = ent_peer_max_body(to->peer, &from->spki, method, path);
    if (most == 0 || body.n > most) {
        *ret_status = most == 0 ? 404 : 413;
        return ENT_OK;
    }
    ent_buf_init(&res.body, 16u << 20);
    ent_peer_handle(to->peer, &req, &res);
    enum ent_err r = ent_buf_put_slice(ret, ent_buf_slice(&res.body));
    ent_buf_release(&res.body);
    *ret_status = res.status;
    return r;
}

static enum ent_err call(void *ctx, unsigned *ret_status, struct ent_buf *ret, const char *member,
                         const char *method, const char *path, struct ent_slice body)
{
    struct node *from = ctx;
    struct mesh *m = from->mesh;
    for (size_t i = 0; i < m->n; i++) {
        struct node *to = m->node[i];
        if (strcmp(to->home->self.name, member) != 0)
            continue;
        if (from->off || to->off || to->peer == NULL)
            return ENT_E_PEER;
        return answer(from, to, ret_status, ret, method, path, body);
    }
    return ENT_E_NOTFOUND;
}

struct ent_wire node_wire(struct node *from)
{
    return (struct ent_wire){.ctx = from, .call = call};
}

static void all_well(enum ent_err r, const struct ent_diag *d)
{
    if (r != ENT_OK)
        printf("# %s\n", d->text == NULL ? ent_err_str(r) : d->text);
    assert_ok(r);
}

void node_greet(struct node *from, const char *to)
{
    const struct ent_wire wire = node_wire(from);
    struct ent_diag d = {0};
    all_well(ent_view_greet(ent_book_view(from->book), &d, &wire, to, ent_clock_now()), &d);
}

void node_submit(struct node *from, const char *to)
{
    const struct ent_wire wire = node_wire(from);
    struct ent_diag d = {0};
    all_well(ent_view_submit(ent_book_view(from->book), &d, &wire, to, ent_clock_now()), &d);
}

void node_pull(struct node *from, const char *of)
{
    const struct ent_wire wire = node_wire(from);
    struct ent_diag d = {0};
    all_well(ent_view_pull(ent_book_view(from->book), &d, &wire, of, of, true, ent_clock_now()),
             &d);
}

enum ent_err node_visit(struct node *from, const char *to, struct ent_diag *d)
{
    const struct ent_wire wire = node_wire(from);
    struct ent_view *v = ent_book_view(from->book);
    int64_t now = ent_clock_now();
    enum ent_err r;
    if ((r = ent_view_greet(v, d, &wire, to, now)) != ENT_OK ||
        (r = ent_news_versions(from->book, d, &wire, to)) != ENT_OK)
        return r;
    if (ent_log_size(ent_book_log(from->book)) > 0 &&
        (r = ent_view_submit(v, d, &wire, to, now)) != ENT_OK)
        return r;
    r = ent_view_pull(v, d, &wire, to, to, true, now);
    if (r == ENT_OK)
        r = ent_news_read(from->book, d, &wire, to, to);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    return ent_news_tell(from->book, d, &wire, to);
}

void mesh_visit(struct mesh *m, unsigned times)
{
    for (unsigned t = 0; t < times; t++)
        for (size_t i = 0; i < m->n; i++)
            for (size_t k = 0; k < m->n; k++) {
                struct ent_diag d = {0};
                if (i != k && !m->node[i]->off && !m->node[k]->off)
                    all_well(node_visit(m->node[i], m->node[k]->home->self.name, &d), &d);
            }
}

/* --- saying -------------------------------------------------------------------------------------
 */

enum ent_err node_say(struct node *n, struct ent_diag *d, uint64_t *ret_index,
                      enum ent_statement_type type, const char *media, struct ent_slice body)
{
    const struct ent_act_wish wish = {
        .type = type, .media = media, .body = body, .now = ent_clock_now()};
    struct ent_buf room;
    struct ent_act act;
    ent_buf_init(&room, ENT_ACT_MAX);
    enum ent_err r = ent_book_act(n->book, &room, &act, ret_index, d, &wish);
    ent_buf_release(&room);
    return r;
}

struct ent_statement node_statement(struct node *n, enum ent_statement_type type, const char *media)
{
    struct ent_statement st = {.pact_version = n->home->pact->version,
                               .pact = n->home->pact->hash,
                               .sequence = ent_log_size(ent_book_log(n->book)) + 1,
                               .type = type,
                               .time = ent_clock_now(),
                               .tlp = "TLP:AMBER+STRICT"};
    ent_heads_none(&st.heads);
    memcpy(st.author, n->home->self.name, sizeof(st.author));
    (void)snprintf(st.media, sizeof(st.media), "%s", media);
    return st;
}

void node_forge(struct node *n, const struct ent_seed32 *key, struct ent_statement *st,
                struct ent_slice body, struct ent_hash32 *ret_leaf, uint64_t *ret_index)
{
    struct ent_log *log = ent_book_log(n->book);
    struct ent_slice entry;
    struct ent_buf room;
    struct ent_act act;
    struct ent_keypair pair;
    ent_keypair_init(&pair, key);
    ent_buf_init(&room, ENT_ACT_MAX);
    ent_book_lock(n->book);
    const struct ent_signer signer = any_signer(&pair);
    assert_ok(ent_act_make(&room, &act, NULL, st, body, &signer));
    assert_ok(ent_act_statement(&entry, ent_buf_slice(&room)));
    assert_ok(ent_log_append(log, ret_index, entry, &act.salt, body));
    assert_ok(ent_log_commit(log, NULL));
    ent_book_unlock(n->book);
    *ret_leaf = act.leaf;
    ent_buf_release(&room);
}

void node_deliver_bare(struct node *n, struct ent_buf *ret, uint64_t index)
{
    struct ent_log *log = ent_book_log(n->book);
    struct ent_receipt rec = {.index = index};
    struct ent_buf receipt, act;
    ent_buf_init(&receipt, ENT_RECEIPT_MAX);
    ent_buf_init(&act, ENT_ACT_MAX);
    ent_book_lock(n->book);
    const struct ent_merkle_source source = ent_tree_source(ent_log_tree(log));
    rec.head = ent_log_head(log);
    assert_ok(ent_merkle_prove_inclusion(&rec.proof, index, ent_log_size(log), &source));
    assert_ok(ent_receipt_encode(&receipt, &rec));
    assert_ok(ent_log_act(log, &act, NULL, index));
    assert_ok(ent_delivery_encode(ret, ent_buf_slice(&receipt), ent_buf_slice(&act)));
    ent_book_unlock(n->book);
    ent_buf_release(&receipt);
    ent_buf_release(&act);
}
