/*
 * audit.c: audit HOME: read a member's records as a stranger with its pact would. Every act is
 * signed by its author, numbered without a gap and named by its number; every finished run has its
 * offer, answer and two results, which refer to one another, give the run's name, and open.
 * Prints how many there are.
 */
#include "node/node.h"

#include <dirent.h>

static struct ent_home *home;
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

/* An act of a known member. */
static struct ent_act read_act(const char *name, enum ent_statement_type type, const char *media)
{
    struct ent_slice b = read_file(name, ENT_ACT_MAX);
    char author[ENT_NAME_MAX + 1];
    struct ent_act act;
    if (ent_act_author(author, b) != ENT_OK)
        wrong("not an act");
    const struct ent_member *m = ent_pact_member(&home->pact, author);
    if (m == NULL || ent_act_parse(&act, b, &m->author, NULL) != ENT_OK)
        wrong("not signed by its author");
    if (media != NULL && (act.st.type != type || strcmp(act.st.media, media) != 0))
        wrong("another kind of act");
    return act;
}

static bool is_ours(const struct ent_act *a)
{
    return strcmp(a->st.author, home->pact.self) == 0;
}

static bool refers(const struct ent_act *a, const struct ent_act *to)
{
    return a->st.refs == 1 && memcmp(a->st.ref[0].b, to->leaf.b, 32) == 0;
}

static uint64_t check_acts(void)
{
    for (uint64_t i = 1;; i++) {
        char name[32], path[ENT_PATH_MAX];
        (void)snprintf(name, sizeof(name), "acts/%08llu", (unsigned long long)i);
        if (ent_home_path(home, path, name) != ENT_OK || access(path, F_OK) != 0)
            return i - 1;
        at = name;
        struct ent_act a = read_act(name, ENT_ST_OFFER, NULL);
        if (!is_ours(&a) || a.st.sequence != i)
            wrong("not our act of that number");
        at = "";
    }
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
    home = calloc(1, sizeof(*home));
    ent_arena_init(&kept, (size_t)1 << 30);
    if (argc != 2 || home == NULL || ent_secret_start() != ENT_OK ||
        ent_home_open(home, NULL, argv[1]) != ENT_OK || ent_home_path(home, path, "runs") != ENT_OK)
        wrong("no home");
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
    free(home);
    (void)printf("%llu acts, %llu runs\n", (unsigned long long)acts, (unsigned long long)runs);
    return 0;
}
