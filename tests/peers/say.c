/*
 * say.c: a member who says things, and one who looks at what is left of them.
 *
 *     say speak HOME N [alone]   says N things; "said INDEX SEQUENCE LEAF" as soon as each one is
 *                                acknowledged, and at the end "head SIZE ROOT". alone: as if the
 *                                others had said that they know nothing of this log
 *     say check HOME             reads all of the log, and prints the same lines of every entry,
 * and of the head that each of its beginnings has
 *
 * Exit codes: 5 when it was not said, 1 when something is wrong with what was. The home has open
 * keys.
 */
#include "node/node.h"

#include <errno.h>

static struct ent_home *home;
static struct ent_book *book;

_Noreturn static void fail(int code, const char *what, enum ent_err r, const struct ent_diag *d)
{
    (void)fprintf(stderr, "say: %s: %s: %s", what, d->text != NULL ? d->text : "", ent_err_str(r));
    if (d->sys != 0)
        (void)fprintf(stderr, ": %s", strerror(d->sys));
    (void)fputc('\n', stderr);
    exit(code);
}

static void must(enum ent_err r, const char *what, const struct ent_diag *d)
{
    if (r != ENT_OK)
        fail(5, what, r, d);
}

static void put_said(uint64_t index, uint64_t sequence, const struct ent_hash32 *leaf)
{
    char hex[ENT_HEX_LEN(32)];
    ent_hex_encode(hex, leaf->b, 32);
    (void)printf("said %llu %llu %s\n", (unsigned long long)index, (unsigned long long)sequence,
                 hex);
}

static void put_head(uint64_t size, const struct ent_hash32 *root)
{
    char b64[ENT_BASE64_LEN(32)];
    ent_base64_encode(b64, root->b, 32);
    (void)printf("head %llu %s\n", (unsigned long long)size, b64);
}

/* --- speaking -----------------------------------------------------------------------------------
 */

static void open_book(const char *dir, bool to_speak)
{
    struct ent_seed32 author, node;
    struct ent_book_keys keys;
    struct ent_diag d = {0};
    must(ent_secret_start(), "start", &d);
    must(ent_home_open(&home, &d, dir), "home", &d);
    struct ent_book_opts opts = {.home = home};
    if (to_speak) {
        must(ent_home_key(home, &author, &d, ENT_KEY_AUTHOR, ent_slice(NULL, 0)), "author", &d);
        must(ent_home_key(home, &node, &d, ENT_KEY_NODE, ent_slice(NULL, 0)), "node", &d);
        ent_book_keys_derive(&keys, &author, &node,
                             ent_member_log(ent_home_self(home))->generation);
        opts.keys = &keys;
    }
    must(ent_book_open(&book, &d, &opts), "book", &d);
}

static void say_one(void)
{
    static const char body[] = "something was seen";
    const struct ent_act_wish wish = {.type = ENT_ST_REPORT,
                                      .media = "text/plain",
                                      .body = ent_slice_str(body),
                                      .now = ent_clock_now()};
    struct ent_diag d = {0};
    struct ent_act act;
    struct ent_buf bytes;
    uint64_t index = 0;
    ent_buf_init(&bytes, ENT_ACT_MAX);
    must(ent_book_act(book, &bytes, &act, &index, &d, &wish), "not said", &d);
    put_said(index, act.st.sequence, &act.leaf);
    ent_buf_release(&bytes);
    if (fflush(stdout) != 0)
        fail(5, "writing", ent_err_from_errno(errno), &d);
}

static void speak(const char *n, bool alone)
{
    struct ent_checkpoint cp;
    struct ent_standing ignored;
    struct ent_diag d = {0};
    uint64_t times = 0;
    must(ent_parse_u64(&times, ent_slice_str(n), 1u << 20), "a number", &d);
    if (alone)
        must(ent_log_heard(ent_book_log(book), &d, ent_slice(NULL, 0)), "log", &d);
    while (times-- > 0)
        say_one();
    must(ent_roster_check_head(&home->roster, &ignored, &cp, ent_log_head(ent_book_log(book)), &d),
         "head", &d);
    put_head(cp.size, &cp.root);
    if (fflush(stdout) != 0)
        fail(5, "writing", ent_err_from_errno(errno), &d);
}

/* --- looking ------------------------------------------------------------------------------------
 */

static enum ent_err look(void *ctx, uint64_t index, struct ent_slice entry)
{
    const struct ent_roster_member *self = ent_roster_member(&home->roster, home->self.name);
    struct ent_hash32 leaf;
    struct ent_statement st;
    struct ent_diag d = {0};
    (void)ctx;
    const struct ent_pubkey *pk = ent_roster_author(self, 1, index);
    enum ent_err r = pk == NULL ? ENT_E_POLICY : ent_statement_open(&st, &leaf, entry, pk, &d);
    if (r != ENT_OK)
        fail(1, "entry", r, &d);
    if (st.sequence != index + 1)
        fail(1, "a gap in the sequence", ENT_E_FORMAT, &d);
    put_said(index, st.sequence, &leaf);
    return ENT_OK;
}

static int check(void)
{
    struct ent_log *log = ent_book_log(book);
    uint64_t size = ent_log_size(log), where = 0;
    struct ent_hash32 root;
    struct ent_diag d = {0};
    const char *name = "";
    enum ent_err r = ent_log_check(log, &d, &name, &where, NULL, look);
    if (r != ENT_OK)
        fail(1, name, r, &d);
    for (uint64_t i = 0; i <= size; i++) {
        if ((r = ent_tree_root(ent_log_tree(log), &root, i)) != ENT_OK)
            fail(1, "root", r, &d);
        put_head(i, &root);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const bool to_speak = argc >= 4 && strcmp(argv[1], "speak") == 0;
    int code = 0;
    if (!to_speak && (argc != 3 || strcmp(argv[1], "check") != 0)) {
        (void)fputs("usage: say speak HOME N [alone] | say check HOME\n", stderr);
        return 2;
    }
    open_book(argv[2], to_speak);
    if (to_speak)
        speak(argv[3], argc > 4);
    else
        code = check();
    ent_book_close(book);
    ent_home_free(home);
    return code;
}
