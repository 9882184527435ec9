/*
 * gen_ledger.c (bench): fills the log of a home, as if its node had said so much.
 *
 *     gen_ledger N HOME [WITNESS-HOME...]
 *
 * Says N things with the home's own keys, in commits of 10,000; then the witnesses cosign the head.
 * Prints verifier keys for other programs, one a line: "log KEY", "author KEY", "witness KEY"...
 * The homes have open keys and are of one pact.
 */
#include "tests/support/any_signer.h"
#include "node/node.h"

#define COMMIT 10000u

struct keys {
    struct ent_seed32 author, node;
};

static void must(enum ent_err r, const char *what, const struct ent_diag *d)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "gen_ledger: %s: %s\n", what,
                  d != NULL && d->text != NULL ? d->text : ent_err_str(r));
    exit(1);
}

static struct ent_home *open_home(struct keys *ret, const char *dir)
{
    const struct ent_slice none = {NULL, 0};
    struct ent_home *h = NULL;
    struct ent_diag d = {0};
    must(ent_home_open(&h, &d, dir), dir, &d);
    must(ent_home_key(h, &ret->author, &d, ENT_KEY_AUTHOR, none), dir, &d);
    must(ent_home_key(h, &ret->node, &d, ENT_KEY_NODE, none), dir, &d);
    return h;
}

static void put_key(const char *what, const char *name, enum ent_sig_type type,
                    const struct ent_pubkey *pk)
{
    struct ent_vkey key = {.type = type, .pk = *pk};
    struct ent_buf b;
    (void)snprintf(key.name, sizeof(key.name), "%s", name);
    ent_buf_init(&b, 1024);
    must(ent_vkey_encode(&b, &key), "key", NULL);
    (void)printf("%s %.*s\n", what, (int)b.n, (const char *)b.p);
    ent_buf_release(&b);
}

static void say(const struct ent_home *h, struct ent_log *log, struct ent_keypair *author,
                uint64_t n)
{
    static const uint8_t body[300] = {'{'};
    struct ent_statement st = {.pact_version = h->pact->version,
                               .pact = h->pact->hash,
                               .type = ENT_ST_RESULT,
                               .time = ent_clock_now(),
                               .tlp = "TLP:AMBER+STRICT",
                               .media = "text/entente-match-result"};
    const struct ent_signer signer = any_signer(author);
    struct ent_diag d = {0};
    struct ent_act act;
    struct ent_slice entry;
    struct ent_buf b;
    uint64_t index;
    ent_heads_none(&st.heads);
    memcpy(st.author, h->self.name, sizeof(st.author));
    ent_buf_init(&b, ENT_ACT_MAX);
    for (uint64_t i = 1; i <= n; i++) {
        ent_buf_clear(&b);
        st.sequence = ent_log_size(log) + (i - 1) % COMMIT + 1;
        must(ent_act_make(&b, &act, NULL, &st, ent_slice(body, sizeof(body)), &signer), "act",
             NULL);
        must(ent_act_statement(&entry, ent_buf_slice(&b)), "act", NULL);
        must(ent_log_append(log, &index, entry, &act.salt, act.body), "append", NULL);
        if (i % COMMIT == 0 || i == n)
            must(ent_log_commit(log, &d), "commit", &d);
    }
    ent_buf_release(&b);
}

static void cosign(struct ent_buf *head, size_t text_n, const char *dir)
{
    char name[ENT_NAME_MAX + 16];
    struct ent_seed32 seed;
    struct ent_pubkey pk;
    struct keys k;
    struct ent_home *h = open_home(&k, dir);
    ent_node_seed(&seed, &k.node, ENT_NODE_WITNESS, 0);
    ent_sign_public(&pk, &seed);
    ent_key_name(name, h->self.name, "witness");
    must(ent_cosign_sign(head, text_n, name, &seed, ent_clock_now()), "cosign", NULL);
    put_key("witness", name, ENT_SIG_COSIGN, &pk);
    ent_home_free(h);
}

int main(int argc, char **argv)
{
    char origin[ENT_LOG_ORIGIN], name[ENT_NAME_MAX + 16];
    struct ent_book *book = NULL;
    struct ent_book_keys bk;
    struct ent_diag d = {0};
    struct ent_note note;
    struct ent_buf head;
    struct keys k;
    uint64_t n;
    if (argc < 3 || ent_parse_u64(&n, ent_slice_str(argv[1]), 1u << 30) != ENT_OK || n == 0) {
        (void)fputs("usage: gen_ledger N HOME [WITNESS-HOME...]\n", stderr);
        return 2;
    }
    must(ent_secret_start(), "start", NULL);
    struct ent_home *h = open_home(&k, argv[2]);
    ent_book_keys_derive(&bk, &k.author, &k.node, 1);
    const struct ent_book_opts opts = {.home = h, .keys = &bk};
    must(ent_book_open(&book, &d, &opts), "book", &d);
    struct ent_log *log = ent_book_log(book);
    must(ent_log_heard(log, &d, ent_slice(NULL, 0)), "log", &d);
    say(h, log, &bk.author[0], n);
    ent_roster_origin(&h->roster, origin, h->self.name, 1);
    put_key("log", origin, ENT_SIG_NOTE, &ent_roster_member(&h->roster, h->self.name)->log[0].pk);
    ent_key_name(name, h->self.name, "author");
    put_key("author", name, ENT_SIG_NOTE, &bk.author[0].pk);
    ent_buf_init(&head, ENT_NOTE_MAX);
    must(ent_buf_put_slice(&head, ent_log_head(log)), "head", NULL);
    must(ent_note_parse(&note, ent_buf_slice(&head), &d), "head", &d);
    const size_t text_n = note.text.n;
    for (int i = 3; i < argc; i++)
        cosign(&head, text_n, argv[i]);
    must(ent_log_publish(log, &d, ent_buf_slice(&head)), "publish", &d);
    ent_buf_release(&head);
    ent_book_close(book);
    ent_home_free(h);
    return 0;
}
