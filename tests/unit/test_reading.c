/* test_reading.c: logs that are looked at: one's own and mirrors, entry by entry, and every damage
 * told with its file and place, while nothing is changed. */
#include "tests/support/logs.h"
#include "tests/support/nodes.h"

#include <sys/stat.h>
#include <unistd.h>

static struct node alice, bob, carol;
static struct node *const all[] = {&alice, &bob, &carol};
static struct mesh mesh;
static unsigned homes;

static int found(void **state)
{
    static const char *const names[] = {"alice", "bob", "carol"};
    (void)state;
    homes++;
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%s-%u", names[i], homes);
        node_make(all[i], name);
    }
    mesh_found(&mesh, all, 3, NULL);
    mesh_meet(&mesh);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        node_free(all[i]);
    return 0;
}

static const char *name_of(const struct node *n)
{
    return n->home->self.name;
}

static void say(struct node *n, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        assert_ok(node_say(n, NULL, NULL, ENT_ST_REPORT, "text/plain", ENT_SLICE_LIT("hello")));
}

/* A bit of the byte at this place (from the end, when it is negative) of a file. */
/* A bit of this byte; from the end, where base64 stands, of what it stands for. Twice is nothing.
 */
static void flip(const struct node *n, const char *name, long at)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char path[ENT_PATH_MAX];
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_home_path(n->home, path, name));
    assert_ok(ent_file_read(&b, NULL, path));
    if (at < 0) {
        uint8_t *p = &b.p[b.n - (size_t)-at];
        const char *letter = strchr(base64, *p);
        assert_non_null(letter);
        *p = (uint8_t)base64[(letter - base64) ^ 2];
    } else {
        b.p[at] ^= 2;
    }
    assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
    ent_buf_release(&b);
}

static struct ent_reading *opened(const struct node *n, const char *member)
{
    struct ent_reading *rd = NULL;
    struct ent_diag d = {0};
    enum ent_err r = ent_reading_open(&rd, NULL, &d, n->home, member, 0);
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
    return rd;
}

static void refuses(const struct node *n, const char *member, enum ent_err want, const char *why,
                    const char *file)
{
    struct ent_reading *rd = NULL;
    struct ent_flaw flaw = {.has_index = false};
    struct ent_diag d = {0};
    assert_err(ent_reading_open(&rd, &flaw, &d, n->home, member, 0), want);
    assert_null(rd);
    assert_string_equal(d.text, why);
    assert_string_equal(flaw.file, file);
    assert_err(ent_reading_open(&rd, NULL, NULL, n->home, member, 0), want);
}

/* --- what is there ------------------------------------------------------------------------------
 */

/* Any number of entries, read in any order, against what was said. */
static void test_entries(void **state)
{
    unsigned n = 1 + (unsigned)ent_t_below(20);
    (void)state;
    say(&alice, n);
    node_pull(&bob, name_of(&alice));
    for (int own = 0; own < 2; own++) {
        struct ent_reading *rd = own ? opened(&alice, NULL) : opened(&bob, name_of(&alice));
        struct ent_buf entry;
        assert_int_equal(rd->own, own);
        assert_int_equal(rd->size, n);
        assert_string_equal(rd->member->name, name_of(&alice));
        for (unsigned i = 0; i < 2 * n; i++) {
            uint64_t index = ent_t_below(n + 2);
            struct ent_statement st;
            struct ent_hash32 leaf, want;
            struct ent_diag d = {0};
            ent_buf_init(&entry, ENT_ENTRY_MAX);
            enum ent_err r = ent_reading_entry(rd, &entry, &st, &leaf, NULL, &d, index);
            if (index >= n) {
                assert_err(r, ENT_E_NOTFOUND);
                assert_string_equal(d.text, "there is no such entry here");
            } else {
                assert_ok(r);
                assert_int_equal(st.sequence, index + 1);
                assert_string_equal(st.author, name_of(&alice));
                ent_merkle_leaf_hash(&want, ent_buf_slice(&entry));
                assert_memory_equal(leaf.b, want.b, 32);
            }
            ent_buf_release(&entry);
        }
        ent_reading_close(rd);
    }
    ent_reading_close(NULL);
}

static void test_a_log_in_which_nothing_was_said(void **state)
{
    struct ent_statement st;
    struct ent_hash32 leaf;
    struct ent_buf b;
    (void)state;
    struct ent_reading *rd = opened(&alice, NULL);
    assert_int_equal(rd->size, 0);
    assert_int_equal(rd->head.n, 0);
    ent_buf_init(&b, ENT_ENTRY_MAX);
    assert_says(ent_reading_entry(rd, &b, &st, &leaf, NULL, d, 0), ENT_E_NOTFOUND,
                "there is no such entry here");
    ent_buf_release(&b);
    ent_reading_close(rd);
    refuses(&bob, name_of(&alice), ENT_E_NOTFOUND, "nothing of this member's log is here", "");
}

static void test_who_is_none(void **state)
{
    struct ent_reading *rd = NULL;
    struct node lone;
    (void)state;
    refuses(&alice, "mallory", ENT_E_NOTFOUND, "the pact has no such member: `entente pact show`",
            "");
    assert_says(ent_reading_open(&rd, NULL, d, alice.home, NULL, 2), ENT_E_NOTFOUND,
                "the member has no such log");
    node_make(&lone, "lone");
    refuses(&lone, NULL, ENT_E_NOTFOUND,
            "in no pact yet: `entente pact new` founds one, `entente pact vote` joins", "");
    node_free(&lone);
}

/* An entry above the head that others cosigned has no cosignature. */
static void test_what_an_entry_is_worth(void **state)
{
    struct ent_standing st;
    (void)state;
    say(&alice, 2);
    node_submit(&alice, name_of(&bob));
    node_submit(&alice, name_of(&carol));
    say(&alice, 1);
    struct ent_reading *rd = opened(&alice, NULL);
    assert_int_equal(rd->size, 3);
    assert_int_equal(rd->head_size, 2);
    for (uint64_t i = 0; i < 4; i++) {
        ent_reading_worth(rd, &st, i);
        assert_int_equal(st.cosigned, i < 2 ? 2 : 0);
        assert_int_equal(st.k, 3);
        assert_false(st.accepted);
    }
    ent_reading_close(rd);
}

/* --- what does not hold -------------------------------------------------------------------------
 */

static void entry_refused(const struct node *n, const char *member, uint64_t index, const char *why,
                          const char *file)
{
    struct ent_reading *rd = opened(n, member);
    struct ent_flaw flaw = {.has_index = false};
    struct ent_diag d = {0};
    struct ent_statement st;
    struct ent_hash32 leaf;
    struct ent_buf b;
    ent_buf_init(&b, ENT_ENTRY_MAX);
    assert_err(ent_reading_entry(rd, &b, &st, &leaf, &flaw, &d, index), ENT_E_AUTH);
    assert_string_equal(d.text, why);
    assert_string_equal(flaw.file, file);
    assert_true(flaw.has_index);
    assert_int_equal(flaw.index, index);
    ent_buf_release(&b);
    ent_reading_close(rd);
}

static void test_what_is_not_hers(void **state)
{
    struct ent_statement st;
    struct ent_hash32 leaf;
    uint64_t index;
    (void)state;
    say(&alice, 1);
    st = node_statement(&alice, ENT_ST_REPORT, "text/plain");
    node_forge(&alice, &bob.author, &st, ENT_SLICE_LIT("x"), &leaf, &index);
    entry_refused(&alice, NULL, index, "statement not signed by its author's key",
                  "log/1/entries.dat");
    st = node_statement(&alice, ENT_ST_REPORT, "text/plain");
    st.sequence += 5;
    node_forge(&alice, &alice.author, &st, ENT_SLICE_LIT("x"), &leaf, &index);
    entry_refused(&alice, NULL, index, "number of the statement is not that of its place",
                  "log/1/entries.dat");
    st = node_statement(&alice, ENT_ST_REPORT, "text/plain");
    memcpy(st.author, bob.home->self.name, sizeof(st.author));
    node_forge(&alice, &alice.author, &st, ENT_SLICE_LIT("x"), &leaf, &index);
    entry_refused(&alice, NULL, index, "statement of another author", "log/1/entries.dat");
    struct ent_reading *rd = opened(&alice, NULL); /* what stands around them is good */
    struct ent_buf b;
    ent_buf_init(&b, ENT_ENTRY_MAX);
    assert_ok(ent_reading_entry(rd, &b, &st, &leaf, NULL, NULL, 0));
    assert_says(ent_reading_check(rd, &st, &leaf, ent_buf_slice(&b), d, 1), ENT_E_AUTH,
                "number of the statement is not that of its place");
    assert_err(ent_reading_check(rd, &st, &leaf, ENT_SLICE_LIT("no note"), NULL, 0), ENT_E_AUTH);
    ent_buf_release(&b);
    ent_reading_close(rd);
}

static void test_damage_in_a_mirror(void **state)
{
    char dir[96], file[128], head[96];
    (void)state;
    say(&alice, 3);
    node_greet(&bob, name_of(&alice));
    node_pull(&bob, name_of(&alice));
    (void)snprintf(dir, sizeof(dir), "mirror/%s/1", name_of(&alice));
    (void)snprintf(head, sizeof(head), "lock/heads/%s/1", name_of(&alice));
    (void)snprintf(file, sizeof(file), "%s/entries.dat", dir);
    flip(&bob, file, 100);
    entry_refused(&bob, name_of(&alice), 0, "entries.dat is damaged", file);
    flip(&bob, file, 100);
    (void)snprintf(file, sizeof(file), "%s/h0", dir);
    flip(&bob, file, 40);
    refuses(&bob, name_of(&alice), ENT_E_AUTH, "h0 is damaged", file);
    flip(&bob, file, 40);
    flip(&bob, head, -9);
    refuses(&bob, name_of(&alice), ENT_E_AUTH, "the head of the log is damaged", head);
    flip(&bob, head, -9);
    ent_reading_close(opened(&bob, name_of(&alice)));
}

/* The record of how much is here: of another log, another size, another root, and 0 for a log that
 * has entries, which is not what an empty one looks like. */
static void test_damage_in_what_was_mirrored(void **state)
{
    static const char why[] = "what the mirror was checked against is damaged";
    char file[96], path[ENT_PATH_MAX];
    struct ent_checkpoint cp;
    struct ent_buf b, other;
    (void)state;
    say(&alice, 3);
    node_pull(&bob, name_of(&alice));
    (void)snprintf(file, sizeof(file), "mirror/%s/1/mirrored", name_of(&alice));
    assert_ok(ent_home_path(bob.home, path, file));
    ent_buf_init(&b, ENT_CHECKPOINT_MAX);
    ent_buf_init(&other, ENT_CHECKPOINT_MAX + 1);
    assert_ok(ent_file_read(&b, NULL, path));
    for (int i = 0; i < 5; i++) {
        assert_ok(ent_checkpoint_parse(&cp, ent_buf_slice(&b), NULL));
        if (i == 0)
            cp.size = 0;
        else if (i == 1)
            cp.size = 4;
        else if (i == 2)
            cp.root.b[3] ^= 1;
        else if (i == 3)
            cp.origin = ENT_SLICE_LIT("another/log");
        ent_buf_clear(&other);
        assert_ok(ent_checkpoint_encode(&other, &cp));
        if (i == 4)
            assert_ok(ent_buf_putc(&other, 'x'));
        assert_ok(ent_file_write(path, ent_buf_slice(&other), 0600, NULL));
        refuses(&bob, name_of(&alice), ENT_E_AUTH, why, file);
    }
    assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
    assert_int_equal(unlink(path), 0); /* none: the head is known, and no entry is here */
    struct ent_reading *rd = opened(&bob, name_of(&alice));
    assert_int_equal(rd->size, 0);
    assert_int_equal(rd->head_size, 3);
    ent_reading_close(rd);
    assert_ok(ent_file_write(path, ent_buf_slice(&b), 0600, NULL));
    (void)snprintf(file, sizeof(file), "lock/heads/%s/1", name_of(&alice));
    assert_ok(ent_home_path(bob.home, path, file));
    assert_int_equal(unlink(path), 0);
    refuses(&bob, name_of(&alice), ENT_E_AUTH, "a mirror without the head of its log", file);
    ent_buf_release(&b);
    ent_buf_release(&other);
}

static void test_damage_in_ones_own(void **state)
{
    char path[ENT_PATH_MAX];
    (void)state;
    say(&alice, 3);
    node_submit(&alice, name_of(&bob));
    flip(&alice, "log/1/entries.dat", 100);
    entry_refused(&alice, NULL, 0, "entries.dat is damaged", "log/1/entries.dat");
    flip(&alice, "log/1/entries.dat", 100);
    flip(&alice, "log/1/checkpoint", -9);
    refuses(&alice, NULL, ENT_E_AUTH, "a signature below the head of the log is wrong",
            "log/1/checkpoint");
    flip(&alice, "log/1/checkpoint", -9);
    flip(&alice, "lock/1/checkpoint", -9);
    refuses(&alice, NULL, ENT_E_AUTH, "the last head in the lock's place is damaged",
            "lock/1/checkpoint");
    flip(&alice, "lock/1/checkpoint", -9);
    assert_ok(ent_home_path(alice.home, path, "log/1/entries.dat"));
    assert_int_equal(truncate(path, 100), 0);
    struct ent_reading *rd = NULL;
    assert_err(ent_reading_open(&rd, NULL, NULL, alice.home, NULL, 0), ENT_E_AUTH);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, found, end)
    const struct CMUnitTest tests[] = {
        TEST(test_entries),
        TEST(test_a_log_in_which_nothing_was_said),
        TEST(test_who_is_none),
        TEST(test_what_an_entry_is_worth),
        TEST(test_what_is_not_hers),
        TEST(test_damage_in_a_mirror),
        TEST(test_damage_in_what_was_mirrored),
        TEST(test_damage_in_ones_own),
    };
    return ent_t_run("reading", tests);
}
