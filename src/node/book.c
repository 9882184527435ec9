/*
 * book.c: one member's book. A lock of two parts, a mutex for threads and flock() for processes,
 * both taken once however often the same thread asks. What is said waits in a queue: whoever finds
 * nobody at the pen takes all that waits and commits it as one.
 */
#include "node/node.h"
#include "node/signing.h"

#include <errno.h>
#include <pthread.h>

#define LOCK_NAME "book.lock"

struct job {
    const struct ent_act_wish *wish;
    struct ent_buf *bytes;
    struct ent_act *ret;
    uint64_t index;
    struct ent_diag d;
    enum ent_err err;
    bool done;
    struct job *next;
};

struct ent_book {
    struct ent_book_opts opts;
    struct ent_signing signing;      /* with keys of our own */
    const struct ent_signer *signer; /* NULL: reads only */
    char dir[32], lock_dir[32], origin[ENT_LOG_ORIGIN];
    unsigned generation;
    struct ent_log *log;
    struct ent_log
        *past[ENT_ROSTER_LOGS]; /* somebody may still hold one that was closed meanwhile */
    size_t pasts;
    struct ent_view *view;

    pthread_mutex_t lock; /* recursive */
    unsigned depth;
    bool has_locks;

    pthread_mutex_t queue_lock;
    pthread_cond_t queue_changed;
    struct job *first, *last;
    bool writing;
};

void ent_book_keys_derive(struct ent_book_keys *ret, const struct ent_seed32 *author,
                          const struct ent_seed32 *node, unsigned generation)
{
    ent_keypair_init(&ret->author[0], author);
    ret->authors = 1;
    ent_node_seed(&ret->witness, node, ENT_NODE_WITNESS, 0);
    ent_node_seed(&ret->mirror, node, ENT_NODE_MIRROR, 0);
    ent_node_seed(&ret->log, node, ENT_NODE_LOG, generation);
}

/* --- the lock -----------------------------------------------------------------------------------
 */

static enum ent_err lock_file(const struct ent_book *b, struct ent_diag *d, enum ent_disk_lock how)
{
    const struct ent_disk *disk = b->opts.home->disk;
    enum ent_err r = disk->lock(disk->ctx, LOCK_NAME, how);
    return r == ENT_OK ? r : ent_disk_fail(d, r, "cannot lock the book");
}

/* Whoever takes the lock goes on to read and write, and one that is not let go keeps everybody
 * waiting: the process ends here, as at a power cut, which all of it is made for. */
static void lock_or_end(const struct ent_book *b, enum ent_disk_lock how)
{
    struct ent_diag d = {0};
    if (lock_file(b, &d, how) == ENT_OK)
        return;
    (void)fprintf(stderr, "entente: %s/" LOCK_NAME ": %s: %s\n", b->opts.home->dir, d.text,
                  strerror(d.sys));
    _exit(ENT_BOOK_LOST);
}

void ent_book_lock(struct ent_book *b)
{
    (void)pthread_mutex_lock(&b->lock);
    if (b->depth++ == 0)
        lock_or_end(b, ENT_DISK_EXCLUSIVE);
}

void ent_book_unlock(struct ent_book *b)
{
    if (--b->depth == 0)
        lock_or_end(b, ENT_DISK_UNLOCKED);
    (void)pthread_mutex_unlock(&b->lock);
}

static void lock_view(void *ctx)
{
    ent_book_lock(ctx);
}

static void unlock_view(void *ctx)
{
    ent_book_unlock(ctx);
}

/* With the lock held, as the view says. */
static enum ent_err check_vote(void *ctx, const struct ent_misbehaviour *m, struct ent_diag *d)
{
    struct ent_book *b = ctx;
    return ent_vote_misbehaviour_check(m, &b->opts.home->roster, d);
}

/* The view's context is the book, that of whoever opened the book is another one. */
static void tell_exposed(void *ctx, const struct ent_misbehaviour *m)
{
    struct ent_book *b = ctx;
    if (b->opts.exposed != NULL)
        b->opts.exposed(b->opts.ctx, m);
}

static void tell_mended(void *ctx, const char *file)
{
    struct ent_book *b = ctx;
    if (b->opts.mended != NULL)
        b->opts.mended(b->opts.ctx, file);
}

bool ent_book_mend(struct ent_book *b, const char *file)
{
    if (b->signer == NULL)
        return false;
    tell_mended(b, file);
    return true;
}

static enum ent_err make_locks(struct ent_book *b, struct ent_diag *d)
{
    const struct ent_disk *disk = b->opts.home->disk;
    pthread_mutexattr_t attr;
    enum ent_err r = disk->lock(disk->ctx, LOCK_NAME, ENT_DISK_UNLOCKED); /* makes it */
    if (r != ENT_OK)
        return ent_disk_fail(d, r, "cannot open the book's lock");
    b->has_locks = true;
    (void)pthread_mutexattr_init(&attr);
    (void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&b->lock, &attr);
    (void)pthread_mutexattr_destroy(&attr);
    (void)pthread_mutex_init(&b->queue_lock, NULL);
    (void)pthread_cond_init(&b->queue_changed, NULL);
    return ENT_OK;
}

/* --- opening ------------------------------------------------------------------------------------
 */

/* Members without an address ask, and cannot be asked. */
static bool is_anybody_to_ask(const struct ent_home *h)
{
    for (size_t i = 0; i < h->pact->members; i++)
        if (strcmp(h->pact->member[i].name, h->self.name) != 0 &&
            strcmp(h->pact->member[i].url, "-") != 0)
            return true;
    return false;
}

static enum ent_err open_log(struct ent_book *b, struct ent_diag *d)
{
    const struct ent_home *h = b->opts.home;
    const struct ent_roster_member *self = ent_roster_member(&h->roster, h->self.name);
    if (self == NULL || self->logs == 0)
        return ent_fail(d, ENT_E_POLICY, "this member stands in no version of the pact", 0, 0);
    b->generation = self->log[self->logs - 1].generation;
    ent_roster_origin(&h->roster, b->origin, self->name, b->generation);
    const struct ent_pubkey *want = &self->log[self->logs - 1].pk;
    bool has_key = b->signer != NULL && b->signer->keys.has_log &&
                   memcmp(b->signer->keys.log.b, want->b, sizeof(want->b)) == 0;
    (void)snprintf(b->dir, sizeof(b->dir), "log/%u", b->generation);
    (void)snprintf(b->lock_dir, sizeof(b->lock_dir), "lock/%u", b->generation);
    const struct ent_log_opts opts = {.disk = b->opts.home->disk,
                                      .dir = b->dir,
                                      .lock = b->lock_dir,
                                      .origin = b->origin,
                                      .signer = has_key ? b->signer : NULL,
                                      .pk = want,
                                      .alone = !is_anybody_to_ask(h)};
    return ent_log_open(&b->log, d, &opts);
}

static enum ent_err open_view(struct ent_book *b, struct ent_diag *d)
{
    const struct ent_home *h = b->opts.home;
    const struct ent_view_opts opts = {.disk = b->opts.home->disk,
                                       .self = h->self.name,
                                       .own = b->log,
                                       .signer = b->signer,
                                       .chain = ent_chain_file(&h->chain),
                                       .ctx = b,
                                       .lock = lock_view,
                                       .unlock = unlock_view,
                                       .exposed = tell_exposed,
                                       .mended = tell_mended,
                                       .check_vote = check_vote};
    return ent_view_new(&b->view, d, &h->roster, &opts);
}

/* The lock is held once over all of it. */
static enum ent_err open_parts(struct ent_book *b, struct ent_diag *d)
{
    ent_book_lock(b);
    enum ent_err r = open_log(b, d);
    if (r == ENT_OK)
        r = open_view(b, d);
    ent_book_unlock(b);
    return r;
}

/* One that lives elsewhere may be older than this version of the pact. */
static enum ent_err find_signer(struct ent_book *b, struct ent_diag *d)
{
    const struct ent_home *h = b->opts.home;
    enum ent_err r = ENT_OK;
    b->signer = b->opts.signer;
    if (b->signer != NULL)
        return b->signer->follow(b->signer->ctx, d, ent_chain_file(&h->chain));
    if (b->opts.keys != NULL && (r = ent_signing_start(&b->signing, d, h->self.name, &h->roster,
                                                       h->disk, b->opts.keys)) == ENT_OK)
        b->signer = b->signing.signer;
    return r;
}

enum ent_err ent_book_open(struct ent_book **ret, struct ent_diag *d,
                           const struct ent_book_opts *opts)
{
    if (opts->home->pact == NULL)
        return ent_fail(d, ENT_E_POLICY,
                        "in no pact yet: `entente pact new` founds one, `entente pact vote` joins",
                        0, 0);
    struct ent_book *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    b->opts = *opts;
    enum ent_err r = make_locks(b, d);
    if (r == ENT_OK)
        r = find_signer(b, d);
    if (r == ENT_OK && (r = lock_file(b, d, ENT_DISK_EXCLUSIVE)) ==
                           ENT_OK) /* the first one is refused as anything else is */
        r = open_parts(b, d);
    if (r != ENT_OK) {
        ent_book_close(b);
        return r;
    }
    *ret = b;
    return ENT_OK;
}

void ent_book_close(struct ent_book *b)
{
    if (b == NULL)
        return;
    ent_view_free(b->view);
    ent_log_free(b->log);
    for (size_t i = 0; i < b->pasts; i++)
        ent_log_free(b->past[i]);
    ent_signing_end(&b->signing);
    if (b->has_locks) {
        (void)pthread_mutex_destroy(&b->lock);
        (void)pthread_mutex_destroy(&b->queue_lock);
        (void)pthread_cond_destroy(&b->queue_changed);
    }
    free(b);
}

struct ent_home *ent_book_home(struct ent_book *b)
{
    return b->opts.home;
}

const struct ent_disk *ent_book_disk(struct ent_book *b)
{
    return b->opts.home->disk;
}

struct ent_view *ent_book_view(struct ent_book *b)
{
    return b->view;
}

unsigned ent_book_generation(const struct ent_book *b)
{
    return b->generation;
}

struct ent_log *ent_book_log(struct ent_book *b)
{
    return b->log;
}

/* A process that has only the keys of before reads the new log, and says nothing in it. */
static enum ent_err next_log(struct ent_book *b, struct ent_diag *d)
{
    const struct ent_home *h = b->opts.home;
    const struct ent_roster_member *self = ent_roster_member(&h->roster, h->self.name);
    struct ent_log *before = b->log;
    unsigned generation = b->generation;
    if (self == NULL || self->logs == 0 || self->log[self->logs - 1].generation == generation ||
        b->pasts == ENT_ROSTER_LOGS)
        return ENT_OK;
    b->log = NULL;
    enum ent_err r = open_log(b, d);
    if (r != ENT_OK) {
        b->log = before;
        b->generation = generation;
        return r;
    }
    b->past[b->pasts++] = before;
    ent_view_set_own(b->view, b->log);
    return ENT_OK;
}

enum ent_err ent_book_follow(struct ent_book *b, struct ent_diag *d)
{
    enum ent_err r = ENT_OK;
    ent_book_lock(b);
    if (b->signer != NULL)
        r = b->signer->follow(b->signer->ctx, d, ent_chain_file(&b->opts.home->chain));
    if (r == ENT_OK)
        r = next_log(b, d);
    if (r == ENT_OK)
        r = ent_view_set_roster(b->view, &b->opts.home->roster,
                                ent_chain_file(&b->opts.home->chain));
    ent_book_unlock(b);
    return r;
}

enum ent_err ent_book_refresh(struct ent_book *b, struct ent_diag *d, bool *ret_pact_changed)
{
    ent_book_lock(b);
    enum ent_err r = ent_home_refresh(b->opts.home, d, ret_pact_changed);
    if (r == ENT_OK && *ret_pact_changed)
        r = ent_book_follow(b, d);
    if (r == ENT_OK)
        r = ent_log_refresh(b->log, d);
    ent_book_unlock(b);
    return r;
}

/* --- saying something ---------------------------------------------------------------------------
 */

/* What this member has seen of all logs, kept under the name that its statements give it. */
static enum ent_err keep_heads(struct ent_book *b, struct ent_hash32 *ret)
{
    const struct ent_disk *disk = b->opts.home->disk;
    char name[80], hex[ENT_HEX_LEN(32)];
    struct ent_buf list;
    uint64_t size = 0;
    ent_buf_init(&list, 1u << 20);
    enum ent_err r = ent_view_heads_root(b->view, ret, &list);
    ent_hex_encode(hex, ret->b, 32);
    (void)snprintf(name, sizeof(name), "heads/%s", hex);
    if (r == ENT_OK && (r = disk->size(disk->ctx, &size, name)) == ENT_OK && size == 0)
        r = disk->replace(disk->ctx, name, ent_buf_slice(&list));
    ent_buf_release(&list);
    return r;
}

static const struct ent_roster_member *own(const struct ent_book *b)
{
    return ent_roster_member(&b->opts.home->roster, b->opts.home->self.name);
}

/* Whether the signer has the author key for a place of this log. */
static enum ent_err check_author(const struct ent_book *b, struct ent_diag *d, uint64_t index)
{
    const struct ent_pubkey *pk = ent_roster_author(own(b), b->generation, index);
    if (pk == NULL)
        return ent_fail(d, ENT_E_STATE,
                        "the pact has closed this log, or has no author key of this member for "
                        "what comes next: others have to vote in a new card",
                        0, 0);
    if (ent_signer_is_author(b->signer, pk))
        return ENT_OK;
    return ent_fail(d, ENT_E_STATE,
                    "the pact wants another author key for what comes next than was unlocked: "
                    "start again, with the file of that key in keys/",
                    0, 0);
}

/* How far may it go, while a change of our keys is voted on? */
static enum ent_err check_boundary(const struct ent_boundary *bd, enum ent_statement_type type,
                                   uint64_t place, struct ent_diag *d)
{
    uint64_t kept = ent_news_concerns(type) ? 0 : ENT_BOUNDARY_VOTES;
    if (place < bd->close || ent_news_concerns(type))
        if (bd->until == ENT_INDEX_NONE || (bd->until > kept && place < bd->until - kept))
            return ENT_OK;
    return ent_fail(d, ENT_E_STATE,
                    "new keys of this member are voted on, and its log may end here: until that is "
                    "decided nothing but votes is said (`entente pact status`)",
                    0, 0);
}

static enum ent_err write_one(struct ent_book *b, struct job *j, uint64_t index,
                              const struct ent_hash32 *heads, const struct ent_boundary *bd)
{
    const struct ent_home *h = b->opts.home;
    const uint64_t place = ent_roster_base(own(b), b->generation) + index;
    struct ent_statement st = {.pact_version = h->pact->version,
                               .pact = h->pact->hash,
                               .sequence = place + 1,
                               .type = j->wish->type,
                               .time = j->wish->now,
                               .heads = *heads};
    struct ent_slice entry;
    size_t start = j->bytes->n;
    enum ent_err r;
    if ((r = check_boundary(bd, st.type, place, &j->d)) != ENT_OK ||
        (r = check_author(b, &j->d, index)) != ENT_OK)
        return r;
    memcpy(st.author, h->self.name, sizeof(st.author));
    if (j->wish->ref != NULL)
        st.ref[st.refs++] = *j->wish->ref;
    (void)snprintf(st.tlp, sizeof(st.tlp), "%s", ent_tlp_name(ENT_TLP_AMBER_STRICT));
    (void)snprintf(st.media, sizeof(st.media), "%s", j->wish->media);
    if ((r = ent_act_make(j->bytes, j->ret, &j->d, &st, j->wish->body, b->signer)) != ENT_OK)
        return r;
    if ((r = ent_act_statement(&entry, ent_slice(j->bytes->p + start, j->bytes->n - start))) ==
        ENT_OK)
        r = ent_log_append(b->log, &j->index, entry, &j->ret->salt, j->ret->body);
    ENT_ASSERT(r != ENT_OK || j->index == index);
    return r == ENT_OK ? r : ent_fail(&j->d, r, "cannot append to the log", 0, 0);
}

/* How many places from here on are those of a key that was replaced, where it is here to say
 * something and the newest is here to go on. */
static uint64_t left_over(const struct ent_book *b, uint64_t place)
{
    const struct ent_roster_member *self = own(b);
    const struct ent_author_key *last = &self->author[self->authors - 1];
    const struct ent_log_key *log = &self->log[self->logs - 1];
    uint64_t n = last->from > place ? last->from - place : 0;
    uint64_t index = place - ent_roster_base(self, b->generation);
    return log->closed || n > ENT_BOOK_SETTLE || check_author(b, NULL, index) != ENT_OK ||
                   check_author(b, NULL, index + n) != ENT_OK
               ? 0
               : n;
}

/* Fill them, in this commit. */
static enum ent_err fill(struct ent_book *b, uint64_t *ret_wrote, struct ent_diag *d,
                         const struct ent_hash32 *heads, const struct ent_boundary *bd)
{
    const struct ent_act_wish wish = {
        .type = ENT_ST_HEADS, .media = "text/plain", .now = ent_clock_now()};
    const uint64_t index = ent_log_size(b->log);
    const uint64_t n = left_over(b, ent_roster_base(own(b), b->generation) + index);
    struct ent_buf bytes;
    struct ent_act act;
    struct job j = {.wish = &wish, .bytes = &bytes, .ret = &act};
    enum ent_err r = ENT_OK;
    ent_buf_init(&bytes, ENT_ACT_MAX);
    for (uint64_t i = 0; i < n && r == ENT_OK; i++) {
        ent_buf_clear(&bytes);
        if ((r = write_one(b, &j, index + i, heads, bd)) == ENT_OK)
            ++*ret_wrote;
    }
    ent_buf_release(&bytes);
    if (r != ENT_OK && d != NULL)
        *d = j.d;
    return r;
}

/* What has to hold before anything is said, and what was seen, for all that is. */
static enum ent_err prepare(struct ent_book *b, struct ent_boundary *ret_bd,
                            struct ent_hash32 *ret_heads, struct ent_diag *d)
{
    bool changed = false;
    enum ent_err r = ent_book_refresh(b, d, &changed);
    if (r == ENT_OK && b->signer != NULL && ent_log_state(b->log) == ENT_LOG_READ_ONLY)
        r = ent_fail(d, ENT_E_STATE,
                     "the pact has a new log of this member, by another key than was unlocked: "
                     "start again",
                     0, 0);
    if (r == ENT_OK && ent_log_state(b->log) != ENT_LOG_READY)
        r = ent_fail(d, ENT_E_STATE, ent_log_state_text(ent_log_state(b->log)), 0, 0);
    if (r == ENT_OK && (r = ent_book_boundary(b, ret_bd, d)) == ENT_OK && ret_heads != NULL &&
        (r = keep_heads(b, ret_heads)) != ENT_OK)
        r = ent_fail(d, r, "cannot keep what was seen of other logs", 0, 0);
    return r;
}

/* All of it, as one commit. Without jobs only what is left of an old key's places. */
static enum ent_err write_all(struct ent_book *b, struct job *jobs, struct ent_diag *ret_d)
{
    struct ent_diag d = {0};
    struct ent_boundary bd;
    struct ent_hash32 heads;
    ent_book_lock(b);
    enum ent_err r = prepare(b, &bd, &heads, &d);
    uint64_t index = ent_log_size(b->log), wrote = 0;
    if (r == ENT_OK && (r = fill(b, &wrote, &d, &heads, &bd)) != ENT_OK)
        ent_log_drop(b->log);
    for (struct job *j = jobs; j != NULL; j = j->next) {
        j->err = r;
        j->d = d;
        if (r == ENT_OK && (j->err = write_one(b, j, index + wrote, &heads, &bd)) == ENT_OK)
            wrote++;
    }
    if (r == ENT_OK && wrote > 0 && (r = ent_log_commit(b->log, &d)) != ENT_OK)
        for (struct job *j = jobs; j != NULL; j = j->next) {
            j->err = j->err == ENT_OK ? r : j->err;
            j->d = d;
        }
    ent_book_unlock(b);
    if (ret_d != NULL)
        *ret_d = d;
    return r;
}

enum ent_err ent_book_settle(struct ent_book *b, struct ent_diag *d)
{
    ent_book_lock(b);
    uint64_t place = ent_roster_base(own(b), b->generation) + ent_log_size(b->log);
    bool any =
        b->signer != NULL && ent_log_state(b->log) == ENT_LOG_READY && left_over(b, place) > 0;
    enum ent_err r = any ? write_all(b, NULL, d) : ENT_OK;
    ent_book_unlock(b);
    return r;
}

enum ent_err ent_book_may_say(struct ent_book *b, struct ent_diag *d)
{
    struct ent_boundary bd;
    ent_book_lock(b);
    enum ent_err r = prepare(b, &bd, NULL, d);
    uint64_t index = ent_log_size(b->log);
    if (r == ENT_OK &&
        (r = check_boundary(&bd, ENT_ST_REPORT, ent_roster_base(own(b), b->generation) + index,
                            d)) == ENT_OK)
        r = check_author(b, d, index);
    ent_book_unlock(b);
    return r;
}

static void run_queue(struct ent_book *b, struct job *mine)
{
    (void)pthread_mutex_lock(&b->queue_lock);
    if (b->last == NULL)
        b->first = mine;
    else
        b->last->next = mine;
    b->last = mine;
    while (!mine->done) {
        if (b->writing) {
            (void)pthread_cond_wait(&b->queue_changed, &b->queue_lock);
            continue;
        }
        struct job *all = b->first, *next;
        b->first = b->last = NULL;
        b->writing = true;
        (void)pthread_mutex_unlock(&b->queue_lock);
        (void)!write_all(b, all, NULL); /* each job has its own answer */
        (void)pthread_mutex_lock(&b->queue_lock);
        for (struct job *j = all; j != NULL; j = next) {
            next = j->next; /* j is gone as soon as its thread sees it done */
            j->done = true;
        }
        b->writing = false;
        (void)pthread_cond_broadcast(&b->queue_changed);
    }
    (void)pthread_mutex_unlock(&b->queue_lock);
}

enum ent_err ent_book_act(struct ent_book *b, struct ent_buf *bytes, struct ent_act *ret,
                          uint64_t *ret_index, struct ent_diag *d, const struct ent_act_wish *wish)
{
    struct job j = {.wish = wish, .bytes = bytes, .ret = ret};
    size_t before = bytes->n;
    if (b->signer == NULL)
        return ent_fail(d, ENT_E_STATE, "opened for reading only", 0, 0);
    run_queue(b, &j);
    if (j.err != ENT_OK) {
        bytes->n = before;
        if (d != NULL)
            *d = j.d;
        return j.err;
    }
    if (ret_index != NULL)
        *ret_index = j.index;
    return ENT_OK;
}

/* --- showing it ---------------------------------------------------------------------------------
 */

/* The head under which an own entry is shown: one with cosignatures, if it covers the entry. */
static enum ent_err head_over(struct ent_book *b, struct ent_buf *head, struct ent_checkpoint *cp,
                              struct ent_diag *d, uint64_t index)
{
    struct ent_standing ignored;
    enum ent_err r = ent_log_published(b->log, head);
    if (r == ENT_OK)
        r = ent_roster_check_head(&b->opts.home->roster, &ignored, cp, ent_buf_slice(head), d);
    if (r == ENT_OK && cp->size > index)
        return ENT_OK;
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    ent_buf_clear(head);
    if ((r = ent_buf_put_slice(head, ent_log_head(b->log))) != ENT_OK)
        return r;
    if (head->n == 0)
        return ent_fail(d, ENT_E_NOTFOUND, "nothing was said yet", 0, 0);
    r = ent_roster_check_head(&b->opts.home->roster, &ignored, cp, ent_buf_slice(head), d);
    if (r == ENT_OK && cp->size <= index)
        r = ent_fail(d, ENT_E_NOTFOUND, "no such entry", 0, 0);
    return r;
}

static enum ent_err receipt(struct ent_book *b, struct ent_buf *bytes, struct ent_diag *d,
                            uint64_t index, bool with_entry)
{
    struct ent_receipt rec = {.index = index};
    struct ent_checkpoint cp;
    struct ent_buf head, entry;
    struct ent_merkle_source source = ent_tree_source(ent_log_tree(b->log));
    enum ent_err r;
    ent_buf_init(&head, ENT_NOTE_MAX);
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    if ((r = head_over(b, &head, &cp, d, index)) == ENT_OK &&
        (r = ent_merkle_prove_inclusion(&rec.proof, index, cp.size, &source)) == ENT_OK &&
        (!with_entry || (r = ent_tree_entry(ent_log_tree(b->log), &entry, d, index)) == ENT_OK)) {
        rec.head = ent_buf_slice(&head);
        rec.entry = ent_buf_slice(&entry);
        r = ent_receipt_encode(bytes, &rec);
    }
    ent_buf_release(&head);
    ent_buf_release(&entry);
    return r;
}

enum ent_err ent_book_receipt(struct ent_book *b, struct ent_buf *bytes, struct ent_diag *d,
                              uint64_t index, bool with_entry)
{
    ent_book_lock(b);
    enum ent_err r = receipt(b, bytes, d, index, with_entry);
    ent_book_unlock(b);
    return r;
}

enum ent_err ent_book_deliver(struct ent_book *b, struct ent_buf *bytes, struct ent_diag *d,
                              uint64_t index)
{
    struct ent_buf rec, act;
    enum ent_err r;
    ent_buf_init(&rec, ENT_RECEIPT_MAX);
    ent_buf_init(&act, ENT_ACT_MAX);
    ent_book_lock(b);
    if ((r = receipt(b, &rec, d, index, false)) == ENT_OK &&
        (r = ent_log_act(b->log, &act, d, index)) == ENT_OK)
        r = ent_delivery_encode(bytes, ent_buf_slice(&rec), ent_buf_slice(&act));
    ent_book_unlock(b);
    ent_buf_release(&rec);
    ent_buf_release(&act);
    return r;
}

/* --- hearing others -----------------------------------------------------------------------------
 */

enum ent_err ent_book_receive(struct ent_book *b, struct ent_delivery *ret, struct ent_diag *d,
                              struct ent_slice bytes)
{
    ent_book_lock(b);
    enum ent_err r = ent_delivery_parse(ret, bytes, &b->opts.home->roster, d);
    if (r == ENT_OK)
        r = ent_view_fits(b->view, d, ret->receipt.head);
    ent_book_unlock(b);
    return r;
}
