/*
 * audit.c: audit HOME: read a member's records as a stranger with its pact would. Its log is whole,
 * and every act in it is signed by its author and numbered without a gap; every finished run has
 * its offer, answer and two results, each shown in its author's log, which refer to one another,
 * give the run's name, and open. Prints how many there are.
 */
#include "node/node.h"

#include <dirent.h>

static struct ent_home *home;
static struct ent_book *book; /* for reading */
static struct ent_arena kept; /* what was read, until the end */
static const char *at = "";

_Noreturn static void wrong(const char *what)
{
    (void)printf("%s: %s\n", at, what);
    exit(1);
}

static struct ent_slice read_file(const char *name, size_t max)
{
    char path[ENT_PATH_MAX];
    struct ent_slice copy;
    struct ent_buf b;
    ent_buf_init(&b, max);
    if (ent_home_path(home, path, name) != ENT_OK || ent_file_read(&b, NULL, path) != ENT_OK ||
        ent_arena_copy(&kept, &copy, ent_buf_slice(&b)) != ENT_OK)
        wrong(name);
    ent_buf_release(&b);
    return copy;
}

/* Something that a member of the pact said. */
static struct ent_act read_act(const char *name, enum ent_statement_type type, const char *media)
{
    static struct ent_delivery del;
    struct ent_diag d = {0};
    if (ent_delivery_parse(&del, read_file(name, ENT_DELIVERY_MAX), &home->roster, &d) != ENT_OK)
        wrong(d.text);
    if (del.act.st.type != type || strcmp(del.act.st.media, media) != 0)
        wrong("another kind of act");
    return del.act;
}

static bool is_ours(const struct ent_act *a)
{
    return strcmp(a->st.author, home->self.name) == 0;
}

static bool refers(const struct ent_act *a, const struct ent_act *to)
{
    return a->st.refs == 1 && memcmp(a->st.ref[0].b, to->leaf.b, 32) == 0;
}

static enum ent_err check_entry(void *ctx, uint64_t index, struct ent_slice entry)
{
    const struct ent_roster_member *self = ent_roster_member(&home->roster, home->self.name);
    const struct ent_pubkey *pk = ent_roster_author(self, 1, index);
    struct ent_hash32 leaf;
    struct ent_statement st;
    (void)ctx;
    if (pk == NULL || ent_statement_open(&st, &leaf, entry, pk, NULL) != ENT_OK)
        wrong("not signed by its author");
    if (strcmp(st.author, home->self.name) != 0 || st.sequence != index + 1)
        wrong("not our act of that number");
    return ENT_OK;
}

static uint64_t check_acts(void)
{
    struct ent_log *log = ent_book_log(book);
    struct ent_diag d = {0};
    const char *file = "log";
    uint64_t where = 0;
    struct ent_act a;
    struct ent_buf b;
    ent_book_lock(book);
    if (ent_log_check(log, &d, &file, &where, NULL, check_entry) != ENT_OK)
        wrong(d.text);
    ent_buf_init(&b, ENT_ACT_MAX);
    for (uint64_t i = 0; i < ent_log_size(log); i++) {
        const struct ent_pubkey *pk =
            ent_roster_author(ent_roster_member(&home->roster, home->self.name), 1, i);
        ent_buf_clear(&b);
        if (ent_log_act(log, &b, NULL, i) != ENT_OK ||
            ent_act_parse(&a, ent_buf_slice(&b), pk, NULL) != ENT_OK)
            wrong("an entry without its body");
    }
    ent_buf_release(&b);
    ent_book_unlock(book);
    return ent_log_size(log);
}

static void check_hits(const char *id, const struct ent_match_result *ours)
{
    char name[512];
    struct ent_lines l;
    struct ent_salt32 salt;
    struct ent_hash32 want;
    (void)snprintf(name, sizeof(name), "runs/%s/hits", id);
    struct ent_slice hits = read_file(name, 1u << 30);
    (void)snprintf(name, sizeof(name), "runs/%s/secret", id);
    struct ent_slice secret = read_file(name, 4096);
    uint8_t seed[32];
    ent_lines_start(&l, secret);
    ent_lines_exact(&l, "entente/run@v1");
    ent_lines_exact(&l, "role asker");
    ent_lines_key(&l, "seed");
    ent_lines_b64(&l, seed, 32);
    ent_lines_key(&l, "salt");
    ent_lines_b64(&l, salt.b, 32);
    if (ent_lines_end(&l) != ENT_OK)
        wrong("malformed secret");
    ent_commit(&want, &salt, hits);
    if (memcmp(want.b, ours->commitment.b, 32) != 0)
        wrong("hits do not open the commitment");
}

static void check_run(const char *id)
{
    static const char *const names[] = {"offer", "accept", "result", "result-theirs"};
    static const enum ent_statement_type types[] = {ENT_ST_OFFER, ENT_ST_ACCEPT, ENT_ST_RESULT,
                                                    ENT_ST_RESULT};
    static const char *const media[] = {ENT_MEDIA_OFFER, ENT_MEDIA_ACCEPT, ENT_MEDIA_RESULT,
                                        ENT_MEDIA_RESULT};
    struct ent_act a[4];
    struct ent_match_offer o;
    struct ent_match_accept acc;
    struct ent_match_result ours, theirs;
    struct ent_hash32 sid;
    char name[512], hex[ENT_RUN_ID];
    at = id;
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(name, sizeof(name), "runs/%s/%s", id, names[i]);
        a[i] = read_act(name, types[i], media[i]);
    }
    if (is_ours(&a[0]) == is_ours(&a[1]) || !is_ours(&a[2]) || is_ours(&a[3]))
        wrong("acts of the wrong side");
    if (!refers(&a[1], &a[0]) || !refers(&a[2], &a[1]) || !refers(&a[3], &a[1]))
        wrong("acts that do not belong together");
    if (ent_match_offer_parse(&o, a[0].body) != ENT_OK ||
        ent_match_accept_parse(&acc, a[1].body) != ENT_OK ||
        ent_match_result_parse(&ours, a[2].body) != ENT_OK ||
        ent_match_result_parse(&theirs, a[3].body) != ENT_OK || ours.asked != o.items ||
        theirs.asked != o.items || strcmp(o.to, a[1].st.author) != 0)
        wrong("bodies that do not fit");
    ent_match_sid(&sid, &a[0], &o, &a[1], &acc);
    ent_hex_encode(hex, sid.b, 16);
    if (strcmp(hex, id) != 0)
        wrong("another session");
    if (is_ours(&a[0]))
        check_hits(id, &ours);
}

int main(int argc, char **argv)
{
    char path[ENT_PATH_MAX];
    struct dirent *e;
    uint64_t runs = 0;
    ent_arena_init(&kept, (size_t)1 << 30);
    if (argc != 2 || ent_secret_start() != ENT_OK ||
        ent_home_open(&home, NULL, argv[1]) != ENT_OK ||
        ent_home_path(home, path, "runs") != ENT_OK)
        wrong("no home");
    const struct ent_book_opts opts = {.home = home};
    if (ent_book_open(&book, NULL, &opts) != ENT_OK)
        wrong("no book");
    uint64_t acts = check_acts();
    DIR *dir = opendir(path);
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        check_run(e->d_name);
        runs++;
    }
    if (dir != NULL)
        (void)closedir(dir);
    ent_arena_release(&kept);
    ent_book_close(book);
    ent_home_free(home);
    (void)printf("%llu acts, %llu runs\n", (unsigned long long)acts, (unsigned long long)runs);
    return 0;
}
