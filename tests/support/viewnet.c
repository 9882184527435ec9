/* viewnet.c: nodes that ask each other in memory. */
#include "tests/support/viewnet.h"

#define ANSWER_MAX (20u << 20)

const char *viewnet_name(const struct viewnet *net, size_t member)
{
    return net->pact.roster.member[member].name;
}

/* --- nodes -------------------------------------------------------------------------------------
 */

/* A lock that is taken twice, or held while others are asked, is a failure. */
static void take_lock(void *ctx)
{
    struct viewnet_node *n = ctx;
    assert_int_equal(n->locked, 0);
    n->locked = 1;
}

static void give_lock(void *ctx)
{
    struct viewnet_node *n = ctx;
    assert_int_equal(n->locked, 1);
    n->locked = 0;
}

static void mended(void *ctx, const char *file)
{
    struct viewnet_node *n = ctx;
    assert_true(n->locked > 0);
    assert_int_equal(strncmp(file, "exposed/", 8), 0);
    n->mended++;
}

static void told(void *ctx, const struct ent_misbehaviour *m)
{
    struct viewnet_node *n = ctx;
    assert_int_equal(n->locked, 0);
    assert_ok(ent_misbehaviour_check(m, &n->net->pact.roster, NULL));
    n->told++;
}

void viewnet_up(struct viewnet *net, size_t node)
{
    struct viewnet_node *n = &net->node[node];
    struct ent_diag d = {0};
    char origin[ENT_LOG_ORIGIN];
    ent_roster_origin(&net->pact.roster, origin, viewnet_name(net, n->member), 1);
    n->signer = logs_signer(&net->pact, n->member, &n->lock, ent_simdisk_disk(n->disk));
    const struct ent_log_opts lo = {.disk = ent_simdisk_disk(n->disk),
                                    .dir = "log/1",
                                    .lock = "lock/1",
                                    .origin = origin,
                                    .signer = n->signer};
    assert_null(n->view);
    assert_ok(ent_log_open(&n->log, &d, &lo));
    const struct ent_view_opts vo = {.disk = ent_simdisk_disk(n->disk),
                                     .self = viewnet_name(net, n->member),
                                     .own = n->log,
                                     .signer = n->signer,
                                     .chain = ENT_SLICE_LIT("entente/pact@v2\n"),
                                     .ctx = n,
                                     .lock = take_lock,
                                     .unlock = give_lock,
                                     .exposed = told,
                                     .mended = mended};
    assert_ok(ent_view_new(&n->view, &d, &net->pact.roster, &vo));
}

void viewnet_down(struct viewnet *net, size_t node)
{
    struct viewnet_node *n = &net->node[node];
    ent_view_free(n->view);
    ent_log_free(n->log);
    ent_signer_local_free(n->signer);
    n->signer = NULL;
    n->view = NULL;
    n->log = NULL;
    n->locked = 0;
}

size_t viewnet_clone(struct viewnet *net, size_t member, size_t of)
{
    size_t i = net->nodes++;
    struct viewnet_node *n = &net->node[i];
    assert_in_range(i, 0, VIEWNET_NODES - 1);
    *n = (struct viewnet_node){.net = net, .member = member};
    n->disk = of == SIZE_MAX ? ent_simdisk_new() : ent_simdisk_copy(net->node[of].disk);
    for (size_t m = 0; m < net->pact.roster.members; m++)
        n->route[m] = m;
    viewnet_up(net, i);
    return i;
}

struct viewnet *viewnet_start(size_t members, unsigned k)
{
    struct viewnet *net = calloc(1, sizeof(*net));
    assert_non_null(net);
    logs_pact_make(&net->pact, members, k);
    net->now = 1795328503;
    ent_buf_init(&net->last_body, ANSWER_MAX);
    for (size_t m = 0; m < members; m++)
        assert_int_equal(viewnet_clone(net, m, SIZE_MAX), m);
    return net;
}

void viewnet_stop(struct viewnet *net)
{
    for (size_t i = 0; i < net->nodes; i++) {
        viewnet_down(net, i);
        ent_simdisk_free(net->node[i].disk);
    }
    ent_buf_release(&net->last_body);
    free(net);
}

void viewnet_route(struct viewnet *net, size_t node, size_t as)
{
    net->node[node].route[net->node[as].member] = as;
}

/* --- the wire ----------------------------------------------------------------------------------
 */

unsigned viewnet_ask(struct viewnet *net, size_t node, struct ent_buf *answer, const char *method,
                     const char *path, struct ent_slice body)
{
    struct ent_view_answer a = {.status = 0};
    ent_buf_init(&a.body, ANSWER_MAX);
    assert_non_null(net->node[node].view);
    ent_view_handle(net->node[node].view, &a, net->asks, method, path, body, net->now);
    assert_non_null(a.type);
    if (answer != NULL) {
        ent_buf_clear(answer);
        assert_ok(ent_buf_put_slice(answer, ent_buf_slice(&a.body)));
    }
    ent_buf_release(&a.body);
    return a.status;
}

/* As the network likes it: an earlier request comes once more. */
static void replay(struct viewnet *net)
{
    if (net->last_path[0] != '\0' && net->node[net->last_to].view != NULL &&
        ent_t_below(100) < net->replay)
        (void)viewnet_ask(net, net->last_to, NULL, "POST", net->last_path,
                          ent_buf_slice(&net->last_body));
}

static void record(struct viewnet *net, size_t to, const char *path, struct ent_slice body)
{
    if (ent_t_below(3) != 0)
        return;
    ent_buf_clear(&net->last_body);
    assert_ok(ent_buf_put_slice(&net->last_body, body));
    (void)snprintf(net->last_path, sizeof(net->last_path), "%s", path);
    net->last_to = to;
}

static enum ent_err call(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                         const char *member, const char *method, const char *path,
                         struct ent_slice body)
{
    struct viewnet_node *n = ctx;
    struct viewnet *net = n->net;
    struct ent_buf b;
    size_t m = 0;
    assert_int_equal(n->locked, 0);
    while (strcmp(viewnet_name(net, m), member) != 0)
        assert_true(++m < net->pact.roster.members);
    size_t to = n->route[m];
    net->calls++;
    replay(net);
    if (net->node[to].view == NULL || ent_t_below(100) < net->lose_request)
        return ENT_E_TIMEOUT;
    ent_buf_init(&b, ANSWER_MAX);
    net->asks = viewnet_name(net, n->member);
    if (net->lie == NULL || !net->lie(net, to, method, path, body, ret_status, &b))
        *ret_status = viewnet_ask(net, to, &b, method, path, body);
    net->asks = NULL;
    if (strcmp(method, "POST") == 0)
        record(net, to, path, body);
    enum ent_err r = *ret_status == 0 || ent_t_below(100) < net->lose_answer ? ENT_E_TIMEOUT
                     : b.n > answer->max - answer->n                         ? ENT_E_LIMIT
                                                     : ent_buf_put_slice(answer, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

struct ent_wire viewnet_wire(struct viewnet *net, size_t node)
{
    return (struct ent_wire){&net->node[node], call};
}

/* --- what nodes do -----------------------------------------------------------------------------
 */

enum ent_err viewnet_greet(struct viewnet *net, size_t node, size_t member)
{
    const struct ent_wire wire = viewnet_wire(net, node);
    return ent_view_greet(net->node[node].view, NULL, &wire, viewnet_name(net, member), net->now);
}

enum ent_err viewnet_submit(struct viewnet *net, size_t node, size_t member)
{
    const struct ent_wire wire = viewnet_wire(net, node);
    return ent_view_submit(net->node[node].view, NULL, &wire, viewnet_name(net, member), net->now);
}

enum ent_err viewnet_pull(struct viewnet *net, size_t node, size_t of, size_t from, bool entries)
{
    const struct ent_wire wire = viewnet_wire(net, node);
    return ent_view_pull(net->node[node].view, NULL, &wire, viewnet_name(net, of),
                         viewnet_name(net, from), entries, net->now);
}

enum ent_err viewnet_push(struct viewnet *net, size_t node, size_t member)
{
    const struct ent_wire wire = viewnet_wire(net, node);
    bool more = true;
    enum ent_err r = ENT_OK;
    while (more && r == ENT_OK)
        r = ent_view_push(net->node[node].view, NULL, &wire, viewnet_name(net, member), &more);
    return r;
}

enum ent_err viewnet_say(struct viewnet *net, size_t node, size_t n, const char *what)
{
    struct viewnet_node *w = &net->node[node];
    static const struct ent_salt32 salt;
    char entry[128];
    uint64_t index;
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < n && r == ENT_OK; i++) {
        (void)snprintf(entry, sizeof(entry), "%s says %s %llu\n", viewnet_name(net, w->member),
                       what, (unsigned long long)ent_log_size(w->log) + i);
        r = ent_log_append(w->log, &index, ent_slice_str(entry), &salt, ENT_SLICE_LIT("body"));
    }
    return r == ENT_OK ? ent_log_commit(w->log, NULL) : r;
}

void viewnet_round(struct viewnet *net)
{
    size_t members = net->pact.roster.members;
    for (int act = 0; act < 3; act++)
        for (size_t i = 0; i < net->nodes; i++)
            for (size_t m = 0; m < members; m++) {
                enum ent_err r = ENT_OK;
                if (net->node[i].view == NULL || net->node[i].member == m)
                    continue;
                if (act == 0)
                    r = viewnet_greet(net, i, m);
                else if (act == 1)
                    r = viewnet_submit(net, i, m);
                else
                    r = viewnet_pull(net, i, m, m, true);
                (void)r;
            }
}

uint64_t viewnet_size(struct viewnet *net, size_t node, size_t member)
{
    struct ent_view_log l = {.size = 0};
    enum ent_err r = ent_view_log(net->node[node].view, &l, viewnet_name(net, member), 0);
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    return l.size;
}

bool viewnet_is_exposed(struct viewnet *net, size_t node, size_t member,
                        enum ent_misbehaviour_kind kind)
{
    struct ent_verdict_on on;
    assert_ok(ent_view_verdict(net->node[node].view, &on, viewnet_name(net, member), net->now));
    return on.exposed && on.kind == kind;
}

void viewnet_assert_truth(struct viewnet *net, size_t members)
{
    for (size_t i = 0; i < members; i++)
        for (size_t m = 0; m < members; m++) {
            struct ent_view_log l;
            struct ent_verdict_on on;
            struct ent_hash32 root;
            struct ent_tree *truth = ent_log_tree(net->node[m].log);
            assert_ok(ent_view_verdict(net->node[i].view, &on, viewnet_name(net, m), net->now));
            assert_false(on.exposed);
            if (ent_view_log(net->node[i].view, &l, viewnet_name(net, m), 0) != ENT_OK)
                continue;
            assert_in_range(l.size, 0, ent_log_size(net->node[m].log));
            assert_in_range(l.mirrored, 0, i == m ? UINT64_MAX : l.size);
            assert_ok(ent_tree_root(truth, &root, l.size));
            assert_memory_equal(root.b, l.root.b, 32);
            struct ent_tree *mirror = ent_view_tree(net->node[i].view, viewnet_name(net, m), 0);
            if (mirror == NULL)
                continue;
            assert_ok(ent_tree_root(mirror, &l.root, l.mirrored));
            assert_ok(ent_tree_root(truth, &root, l.mirrored));
            assert_memory_equal(root.b, l.root.b, 32);
        }
}
