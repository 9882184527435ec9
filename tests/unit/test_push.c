/* test_push.c: logs that bring their entries to mirrors, what a mirror makes of those who bring
 * something else, and what a log makes of mirrors that lie. */
#include "ledger/view_parts.h"
#include "tests/support/viewnet.h"

static void say(struct viewnet *net, size_t node, size_t n, const char *what)
{
    assert_ok(viewnet_say(net, node, n, what));
}

static uint64_t mirrored(struct viewnet *net, size_t node, size_t member)
{
    struct ent_view_log l = {.mirrored = 0};
    enum ent_err r = ent_view_log(net->node[node].view, &l, viewnet_name(net, member), 0);
    assert_true(r == ENT_OK || r == ENT_E_NOTFOUND);
    return l.mirrored;
}

/* Whatever is mirrored is what the log has said. */
static void assert_true_mirror(struct viewnet *net, size_t node, size_t member, uint64_t size)
{
    struct ent_hash32 theirs, ours;
    struct ent_tree *t = ent_view_tree(net->node[node].view, viewnet_name(net, member), 0);
    assert_int_equal(mirrored(net, node, member), size);
    if (size == 0)
        return;
    assert_non_null(t);
    assert_ok(ent_tree_root(t, &theirs, size));
    assert_ok(ent_tree_root(ent_log_tree(net->node[member].log), &ours, size));
    assert_memory_equal(theirs.b, ours.b, 32);
}

/* A home signs and cosigns nothing before others have said what they know of it. */
static void up(struct viewnet *net, size_t node)
{
    viewnet_up(net, node);
    for (size_t m = 0; m < 3; m++)
        if (m != node && net->node[m].view != NULL)
            assert_ok(viewnet_greet(net, node, m));
}

/* m0 has said n things, and m1 has cosigned them and mirrored none. */
static struct viewnet *cosigned(size_t n)
{
    struct viewnet *net = viewnet_start(3, 2);
    viewnet_round(net);
    say(net, 0, n, "truth");
    assert_ok(viewnet_submit(net, 0, 1));
    assert_true_mirror(net, 1, 0, 0);
    return net;
}

/* --- all goes well -----------------------------------------------------------------------------
 */

static void test_what_nobody_can_fetch_is_brought(void **state)
{
    struct viewnet *net = cosigned(5);
    (void)state;
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 5);
    viewnet_down(net, 0); /* and others may have it from there */
    assert_ok(viewnet_pull(net, 2, 0, 1, true));
    up(net, 0);
    assert_true_mirror(net, 2, 0, 5);
    say(net, 0, 300, "truth");
    assert_ok(viewnet_submit(net, 0, 1));
    viewnet_down(net, 1);
    up(net, 1);
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 305);
    viewnet_stop(net);
}

static void test_only_what_is_missing_travels(void **state)
{
    struct viewnet *net = cosigned(700);
    (void)state;
    net->calls = 0;
    assert_ok(viewnet_push(net, 0, 1)); /* what it has, and then the rest */
    assert_int_equal(net->calls, 2);
    assert_ok(viewnet_push(net, 0, 1));
    assert_int_equal(net->calls, 2); /* it said that it has all */
    say(net, 0, 1, "truth");
    assert_ok(viewnet_push(net, 0, 1)); /* it has no head above that yet */
    assert_int_equal(net->calls, 2);
    assert_ok(viewnet_submit(net, 0, 1));
    net->calls = 0;
    assert_ok(viewnet_push(net, 0, 1));
    assert_int_equal(net->calls, 1);
    assert_true_mirror(net, 1, 0, 701);
    /* what it pulled itself is not brought again */
    say(net, 0, 3, "truth");
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_pull(net, 1, 0, 0, true));
    net->calls = 0;
    assert_ok(viewnet_push(net, 0, 1));
    assert_int_equal(net->calls, 1);
    assert_true_mirror(net, 1, 0, 704);
    viewnet_stop(net);
}

/* A piece holds a mebibyte; what has arrived stays, whatever becomes of the rest. */
static void test_much_comes_in_pieces(void **state)
{
    static const struct ent_salt32 salt;
    struct viewnet *net = viewnet_start(3, 2);
    const struct ent_wire wire = viewnet_wire(net, 0);
    char *entry = calloc(1, ENT_ENTRY_MAX);
    uint64_t index, first;
    bool more = false;
    (void)state;
    assert_non_null(entry);
    viewnet_round(net);
    for (size_t i = 0; i < 40; i++) {
        memset(entry, 'a' + (int)(i % 26), ENT_ENTRY_MAX);
        assert_ok(ent_log_append(net->node[0].log, &index, ent_slice(entry, ENT_ENTRY_MAX), &salt,
                                 ENT_SLICE_LIT("body")));
    }
    assert_ok(ent_log_commit(net->node[0].log, NULL));
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(ent_view_push(net->node[0].view, NULL, &wire, "m1", &more));
    assert_true(more);
    first = mirrored(net, 1, 0);
    assert_in_range(first, 10, 16);
    assert_true_mirror(net, 1, 0, first);
    net->lose_request = 100;
    assert_err(viewnet_push(net, 0, 1), ENT_E_TIMEOUT);
    net->lose_request = 0;
    net->lose_answer = 100; /* it arrives, and nobody hears of it */
    assert_err(viewnet_push(net, 0, 1), ENT_E_TIMEOUT);
    assert_in_range(mirrored(net, 1, 0), first + 10, 2 * first + 1);
    net->lose_answer = 0;
    viewnet_down(net, 1);
    up(net, 1);
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 40);
    free(entry);
    viewnet_stop(net);
}

/* The mirror holds an older head than the log has by now: up to there. */
static void test_up_to_the_head_that_the_mirror_holds(void **state)
{
    struct viewnet *net = cosigned(300);
    (void)state;
    say(net, 0, 7, "truth");
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 300);
    viewnet_stop(net);
}

/* Its disk was damaged, and it began anew; a heartbeat shows it. */
static void test_a_mirror_that_lost_its_entries(void **state)
{
    struct viewnet *net = cosigned(9);
    const char *name;
    (void)state;
    assert_ok(viewnet_push(net, 0, 1));
    viewnet_down(net, 1);
    for (size_t i = 0; (name = ent_simdisk_name(net->node[1].disk, i)) != NULL; i++)
        if (strcmp(name, "mirror/m0/1/entries.dat") == 0)
            ent_simdisk_remove(net->node[1].disk, name);
    up(net, 1);
    assert_ok(viewnet_push(net, 0, 1));
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 9);
    viewnet_stop(net);
}

static void test_nothing_to_bring(void **state)
{
    struct viewnet *net = viewnet_start(3, 2);
    const struct ent_wire wire = viewnet_wire(net, 0);
    bool more = true;
    (void)state;
    viewnet_round(net);
    net->calls = 0;
    assert_ok(viewnet_push(net, 0, 1)); /* nothing was said */
    assert_int_equal(net->calls, 0);
    assert_err(ent_view_push(net->node[0].view, NULL, &wire, "m0", &more), ENT_E_NOTFOUND);
    assert_false(more);
    assert_err(ent_view_push(net->node[0].view, NULL, &wire, "m9", &more), ENT_E_NOTFOUND);
    say(net, 0, 3, "truth");
    assert_ok(viewnet_push(net, 0, 1)); /* of which the mirror knows no head */
    assert_true_mirror(net, 1, 0, 0);
    viewnet_stop(net);
}

/* An old copy has nothing that a mirror could lack. */
static void test_an_old_copy_brings_nothing(void **state)
{
    struct viewnet *net = cosigned(5);
    (void)state;
    assert_ok(viewnet_push(net, 0, 1));
    size_t old = viewnet_clone(net, 0, 0);
    say(net, 0, 5, "truth");
    assert_ok(viewnet_submit(net, 0, 1));
    net->calls = 0;
    assert_ok(viewnet_push(net, old, 1));
    assert_int_equal(net->calls, 1);
    assert_true_mirror(net, 1, 0, 5);
    viewnet_stop(net);
}

/* --- hostile senders ---------------------------------------------------------------------------
 */

struct request {
    struct ent_add_entries a;
    struct ent_buf entries, body;
};

/* A true request for what m1 lacks: entries from..to of m0's log, below its head of `end`. */
static void make(struct request *q, struct viewnet *net, size_t node, uint64_t from, uint64_t to,
                 uint64_t end)
{
    struct ent_tree *t = ent_log_tree(net->node[node].log);
    const struct ent_merkle_source source = ent_tree_source(t);
    struct ent_buf one;
    *q = (struct request){.a = {.from = from, .to = to, .end = end}};
    ent_buf_init(&q->entries, ENT_ADD_ENTRIES_MAX);
    ent_buf_init(&q->body, ENT_ADD_ENTRIES_MAX);
    ent_buf_init(&one, ENT_ENTRY_MAX);
    for (uint64_t i = from; i < to; i++) {
        ent_buf_clear(&one);
        assert_ok(ent_tree_entry(t, &one, NULL, i));
        assert_ok(ent_bundle_put(&q->entries, ent_buf_slice(&one)));
    }
    ent_buf_release(&one);
    assert_ok(ent_merkle_prove_consistency(&q->a.proof, to, end, &source));
    q->a.entries = ent_buf_slice(&q->entries);
}

/* What m1 answers; empty where it is not 200 or 409, else what it says it has. */
static unsigned post(struct viewnet *net, struct request *q, const char *says)
{
    char path[ENT_VIEW_PATH], origin[ENT_LOG_ORIGIN];
    struct ent_buf answer;
    ent_buf_init(&answer, 1024);
    ent_roster_origin(&net->pact.roster, origin, "m0", 1);
    ent_view_log_path(path, origin, "entries");
    ent_buf_clear(&q->body);
    assert_ok(ent_add_entries_encode(&q->body, &q->a));
    unsigned status = viewnet_ask(net, 1, &answer, "POST", path, ent_buf_slice(&q->body));
    assert_true(ent_slice_eq(ent_buf_slice(&answer), ent_slice_str(says)));
    ent_buf_release(&answer);
    return status;
}

static void done(struct request *q)
{
    ent_buf_release(&q->entries);
    ent_buf_release(&q->body);
}

static uint64_t disk_bytes(struct viewnet *net, size_t node)
{
    uint64_t n = 0;
    const char *name;
    for (size_t i = 0; (name = ent_simdisk_name(net->node[node].disk, i)) != NULL; i++)
        n += ent_simdisk_file(net->node[node].disk, name).n;
    return n;
}

static void test_another_place_is_named(void **state)
{
    static const uint64_t places[][3] = {{0, 0, 0},  {0, 4, 10},   {0, 10, 10}, {3, 9, 10},
                                         {5, 9, 10}, {10, 10, 10}, {4, 9, 9},   {4, 9, 11},
                                         {4, 4, 20}, {4, 20, 20},  {20, 20, 20}};
    struct viewnet *net = cosigned(10);
    struct request q;
    (void)state;
    make(&q, net, 0, 0, 4, 10);
    assert_int_equal(post(net, &q, "10\n4\n\n"), 200);
    done(&q);
    say(net, 0, 10, "truth");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        make(&q, net, 0, places[i][0], places[i][1], places[i][2]);
        assert_int_equal(post(net, &q, "10\n4\n\n"), 409);
        done(&q);
    }
    assert_true_mirror(net, 1, 0, 4);
    make(&q, net, 0, 4, 4, 10); /* nothing, at the right place */
    assert_int_equal(post(net, &q, "10\n4\n\n"), 200);
    done(&q);
    make(&q, net, 0, 4, 10, 10);
    assert_int_equal(post(net, &q, "10\n10\n\n"), 200);
    done(&q);
    assert_true_mirror(net, 1, 0, 10);
    viewnet_stop(net);
}

/* Each bit of a true request turned: what is wrong is not written, not even to be cut off again. */
static void test_no_other_entries_are_taken(void **state)
{
    struct viewnet *net = cosigned(13);
    struct request q;
    (void)state;
    make(&q, net, 0, 0, 3, 13);
    assert_int_equal(post(net, &q, "13\n3\n\n"), 200);
    done(&q);
    make(&q, net, 0, 3, 9, 13);
    uint64_t before = disk_bytes(net, 1);
    for (size_t i = 0; i < q.a.proof.n; i++) {
        for (size_t bit = 0; bit < 256; bit += 37) {
            q.a.proof.hash[i].b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(post(net, &q, ""), 422);
            q.a.proof.hash[i].b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    for (size_t i = 0; i < q.entries.n; i++) {
        char path[ENT_VIEW_PATH], origin[ENT_LOG_ORIGIN];
        ent_roster_origin(&net->pact.roster, origin, "m0", 1);
        ent_view_log_path(path, origin, "entries");
        q.entries.p[i] ^= (uint8_t)(1u << i % 8);
        ent_buf_clear(&q.body);
        assert_ok(ent_add_entries_encode(&q.body, &q.a));
        unsigned status = viewnet_ask(net, 1, NULL, "POST", path, ent_buf_slice(&q.body));
        assert_true(status == 422 || status == 400);
        q.entries.p[i] ^= (uint8_t)(1u << i % 8);
    }
    q.a.proof.n--;
    assert_int_equal(post(net, &q, ""), 422);
    q.a.proof.n += 2;
    assert_int_equal(post(net, &q, ""), 422);
    q.a.proof.n--;
    assert_int_equal(disk_bytes(net, 1), before);
    assert_true_mirror(net, 1, 0, 3);
    assert_int_equal(post(net, &q, "13\n9\n\n"), 200); /* as it was */
    assert_true_mirror(net, 1, 0, 9);
    done(&q);
    viewnet_stop(net);
}

/* Entries of another history, by the one who signs both, below a head that is of the first. */
static void test_no_second_history_is_taken(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    struct request q;
    (void)state;
    viewnet_round(net);
    say(net, 0, 2, "truth");
    size_t twin = viewnet_clone(net, 0, 0);
    assert_ok(viewnet_greet(net, twin, 2));
    assert_ok(viewnet_greet(net, twin, 3));
    say(net, 0, 3, "one thing");
    say(net, twin, 3, "another thing");
    assert_ok(viewnet_submit(net, 0, 1));
    make(&q, net, twin, 0, 5, 5);
    assert_int_equal(post(net, &q, ""), 422);
    done(&q);
    make(&q, net, twin, 0, 4, 5);
    assert_int_equal(post(net, &q, ""), 422);
    done(&q);
    make(&q, net, twin, 0, 2, 5); /* the beginning is true, but not the way from there */
    assert_int_equal(post(net, &q, ""), 422);
    done(&q);
    assert_err(viewnet_push(net, twin, 1), ENT_E_PEER);
    assert_true_mirror(net, 1, 0, 0);
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 5);
    viewnet_stop(net);
}

/* Who is exposed still leaves what it said below the head that was held: it is evidence; and
 * nothing above that. */
static void test_below_an_exposed_log(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    (void)state;
    viewnet_round(net);
    say(net, 0, 2, "truth");
    size_t twin = viewnet_clone(net, 0, 0);
    viewnet_route(net, 2, twin);
    assert_ok(viewnet_greet(net, twin, 1));
    assert_ok(viewnet_greet(net, twin, 3));
    say(net, 0, 3, "one thing");
    say(net, twin, 3, "another thing");
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_submit(net, twin, 2));
    assert_ok(viewnet_greet(net, 1, 2));
    assert_true(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 5);
    say(net, 0, 3, "more");
    assert_err(viewnet_submit(net, 0, 1), ENT_E_POLICY);
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 5);
    viewnet_stop(net);
}

/* The heads of this log that were seen and never checked are checked by what is brought. */
static void test_what_is_brought_exposes(void **state)
{
    struct viewnet *net = viewnet_start(4, 3);
    (void)state;
    viewnet_round(net);
    say(net, 0, 2, "truth");
    size_t twin = viewnet_clone(net, 0, 0);
    viewnet_route(net, 2, twin);
    assert_ok(viewnet_greet(net, twin, 1));
    assert_ok(viewnet_greet(net, twin, 3));
    say(net, 0, 9, "one thing");
    say(net, twin, 3, "another thing");
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_submit(net, twin, 2));
    assert_ok(viewnet_greet(net, 1, 2));
    assert_false(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
    assert_ok(viewnet_push(net, 0, 1));
    assert_true(viewnet_is_exposed(net, 1, 0, ENT_MB_FORK));
    assert_int_equal(net->node[1].told, 1);
    viewnet_stop(net);
}

static unsigned ask(struct viewnet *net, size_t node, const char *member, const char *body)
{
    char path[ENT_VIEW_PATH], origin[ENT_LOG_ORIGIN];
    ent_roster_origin(&net->pact.roster, origin, member, 1);
    ent_view_log_path(path, origin, "entries");
    return viewnet_ask(net, node, NULL, "POST", path, ent_slice_str(body));
}

static void test_requests_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "from 0\n",
        "from 0\nto 0\n",
        "from 0\nto 0\nend 0\n",
        "from 0\nto 0\nend 0",
        "from 00\nto 0\nend 0\n\n",
        "from -1\nto 0\nend 0\n\n",
        "from 0\nto  0\nend 0\n\n",
        "from 0\r\nto 0\nend 0\n\n",
        "from 0\nend 0\nto 0\n\n",
        "from 1\nto 0\nend 1\n\n",
        "from 0\nto 1\nend 0\n\n",
        "from 0\nto 1\nend 1\n\n",
        "from 0\nto 0\nend 0\n\n\n",
        "from 0\nto 1\nend 1\n\nx",
        "from 0\nto 65537\nend 65537\n\n",
        "from 0\nto 0\nend 9223372036854775808\n\n",
        "from 0\nto 0\nend 18446744073709551616\n\n",
        "from 0\nto 0\nend 1\nAAAA\n\n",
        "from 0\nto 0\nend 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n",
    };
    struct viewnet *net = cosigned(3);
    struct request q;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(ask(net, 1, "m0", bad[i]), 400);
    make(&q, net, 0, 0, 2, 3);
    q.a.to = 1; /* an entry too many, and too few */
    assert_int_equal(post(net, &q, ""), 400);
    q.a.to = 3;
    assert_int_equal(post(net, &q, ""), 400);
    q.a.to = 2;
    q.a.proof.n = 64;
    assert_int_equal(post(net, &q, ""), 400);
    done(&q);
    assert_int_equal(ask(net, 1, "m1", "from 0\nto 0\nend 0\n\n"), 403); /* its own log */
    assert_int_equal(ask(net, 1, "m9", "from 0\nto 0\nend 0\n\n"), 404);
    assert_int_equal(ask(net, 1, "m2", "from 0\nto 0\nend 0\n\n"), 409); /* it has no head of it */
    assert_true_mirror(net, 1, 0, 0);
    viewnet_stop(net);
}

/* --- disks -------------------------------------------------------------------------------------
 */

/* The power goes at each call of the mirror's disk, or the disk fails or is full: what it said it
 * has it has, and the rest comes later. */
static void test_a_mirror_whose_disk_fails(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++)
        for (uint64_t at = 1; at < 40; at++) {
            struct viewnet *net = cosigned(6);
            struct ent_simdisk *disk = net->node[1].disk;
            const struct ent_wire wire = viewnet_wire(net, 0);
            struct ent_mirror_info i;
            char origin[ENT_LOG_ORIGIN];
            ent_roster_origin(&net->pact.roster, origin, "m0", 1);
            if (kind == 0)
                ent_simdisk_crash(disk, at);
            else
                ent_simdisk_fail(disk, at, kind == 1 ? ENT_E_IO : ENT_E_FULL);
            enum ent_err r = viewnet_push(net, 0, 1);
            bool hit = ent_simdisk_hit(disk);
            assert_true(hit ? r == ENT_OK || r == ENT_E_PEER : r == ENT_OK);
            viewnet_down(net, 1);
            if (kind == 0) {
                ent_simdisk_crash(disk, 0);
                ent_simdisk_restart(disk);
            } else {
                ent_simdisk_fail(disk, 0, ENT_OK);
            }
            up(net, 1);
            assert_ok(ent_mirror_ask(&i, &wire, "m1", origin));
            assert_int_equal(i.head, 6);
            assert_true(i.next == 6 || (i.next == 0 && r != ENT_OK));
            assert_ok(viewnet_submit(net, 0, 1));
            assert_ok(viewnet_push(net, 0, 1));
            assert_true_mirror(net, 1, 0, 6);
            viewnet_stop(net);
            if (!hit)
                break;
        }
}

/* --- hostile mirrors ---------------------------------------------------------------------------
 */

static const struct {
    unsigned status;
    const char *body;
    enum ent_err want;
} answers[] = {
    {200, "", ENT_E_PEER},
    {200, "9\n", ENT_E_PEER},
    {200, "9\n9\n", ENT_E_PEER},
    {200, "9\n9\nticket\n", ENT_E_PEER},
    {200, "9\n09\n\n", ENT_E_PEER},
    {200, "9\n9\n\n\n", ENT_E_PEER},
    {409, "9\n-1\n\n", ENT_E_PEER},
    {409, "9\n4\n\n", ENT_E_PEER}, /* and it refuses just that */
    {409, "3\n0\n\n", ENT_E_PEER},
    {200, "9\n9\n\n", ENT_OK}, /* it has all */
    {409, "9\n9\n\n", ENT_OK},
    {409, "0\n0\n\n", ENT_OK},
    {409, "5\n9\n\n", ENT_OK},                   /* it says so */
    {409, "9223372036854775807\n0\n\n", ENT_OK}, /* more than we ever said */
    {403, "", ENT_E_PEER},
    {404, "", ENT_E_PEER},
    {422, "", ENT_E_PEER},
    {500, "", ENT_E_PEER},
    {302, "9\n9\n\n", ENT_E_PEER},
};

static bool bad_mirror(struct viewnet *net, size_t to, const char *method, const char *path,
                       struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    (void)method;
    (void)body;
    if (to != 1 || strstr(path, "/entries") == NULL || strstr(path, "/tile/") != NULL)
        return false;
    *ret_status = answers[net->which].status;
    assert_ok(ent_buf_puts(answer, answers[net->which].body));
    return true;
}

/* Always at another place. */
static bool elsewhere(struct viewnet *net, size_t to, const char *method, const char *path,
                      struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    (void)to;
    (void)method;
    (void)path;
    (void)body;
    *ret_status = 409;
    assert_ok(ent_buf_printf(answer, "9\n%u\n\n", net->calls % 7));
    return true;
}

static bool endless(struct viewnet *net, size_t to, const char *method, const char *path,
                    struct ent_slice body, unsigned *ret_status, struct ent_buf *answer)
{
    uint8_t *p;
    (void)net;
    (void)to;
    (void)method;
    (void)path;
    (void)body;
    *ret_status = 200;
    assert_ok(ent_buf_reserve(answer, &p, 4096));
    memset(p, '9', 4096);
    answer->n += 4096;
    return true;
}

static void test_mirrors_that_lie(void **state)
{
    struct viewnet *net = cosigned(9);
    (void)state;
    net->lie = bad_mirror;
    for (net->which = 0; net->which < sizeof(answers) / sizeof(answers[0]); net->which++) {
        viewnet_down(net, 0); /* who has forgotten what it was told */
        viewnet_up(net, 0);
        net->calls = 0;
        assert_err(viewnet_push(net, 0, 1), answers[net->which].want);
        assert_in_range(net->calls, 1, 4);
    }
    net->lie = elsewhere;
    net->calls = 0;
    assert_ok(viewnet_push(net, 0, 1));
    assert_int_equal(net->calls, 4);
    net->lie = endless;
    assert_err(viewnet_push(net, 0, 1), ENT_E_LIMIT);
    net->lie = NULL;
    assert_ok(viewnet_greet(net, 0, 1));
    assert_ok(viewnet_greet(net, 0, 2));
    assert_ok(viewnet_submit(net, 0, 1));
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 9);
    viewnet_stop(net);
}

/* It says that it took them, and then that it has none of them: asked no more in this round. */
static void test_a_mirror_that_forgets(void **state)
{
    struct viewnet *net = cosigned(9);
    (void)state;
    net->lie = bad_mirror;
    net->which = 8; /* a head of 3, and nothing: then "200" for the rest of it */
    assert_err(viewnet_push(net, 0, 1), ENT_E_PEER);
    net->lie = NULL;
    assert_ok(viewnet_push(net, 0, 1));
    assert_true_mirror(net, 1, 0, 9);
    viewnet_stop(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_nobody_can_fetch_is_brought),
        cmocka_unit_test(test_only_what_is_missing_travels),
        cmocka_unit_test(test_much_comes_in_pieces),
        cmocka_unit_test(test_up_to_the_head_that_the_mirror_holds),
        cmocka_unit_test(test_a_mirror_that_lost_its_entries),
        cmocka_unit_test(test_nothing_to_bring),
        cmocka_unit_test(test_an_old_copy_brings_nothing),
        cmocka_unit_test(test_another_place_is_named),
        cmocka_unit_test(test_no_other_entries_are_taken),
        cmocka_unit_test(test_no_second_history_is_taken),
        cmocka_unit_test(test_below_an_exposed_log),
        cmocka_unit_test(test_what_is_brought_exposes),
        cmocka_unit_test(test_requests_that_are_none),
        cmocka_unit_test(test_a_mirror_whose_disk_fails),
        cmocka_unit_test(test_mirrors_that_lie),
        cmocka_unit_test(test_a_mirror_that_forgets),
    };
    return ent_t_run("push", tests);
}
