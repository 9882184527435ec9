/* recover.c: a lost log, out of the others' mirrors. */
#include "node/node.h"

struct recovering {
    struct ent_book *book;
    const struct ent_wire *wire;
    struct ent_diag *d;
    char origin[ENT_LOG_ORIGIN];
    struct ent_pubkey key;
    struct ent_recovered *ret;
    size_t first;        /* who is asked for entries before the others */
    struct ent_buf head; /* the newest that anybody holds */
    struct ent_checkpoint cp;
    struct ent_buf bundle; /* one tile of entries */
    uint64_t tile;         /* its number; UINT64_MAX: none */
};

/* --- heads --------------------------------------------------------------------------------------
 */

static enum ent_err take_head(struct recovering *rec, struct ent_recover_source *from,
                              const struct ent_buf *bytes)
{
    struct ent_note *note = malloc(sizeof(*note));
    struct ent_checkpoint cp;
    enum ent_err r = note == NULL ? ENT_E_NOMEM : ent_note_parse(note, ent_buf_slice(bytes), NULL);
    /* What our key did not sign is nobody's head of our log. */
    bool ours = r == ENT_OK && ent_checkpoint_parse(&cp, note->text, NULL) == ENT_OK &&
                ent_slice_eq(cp.origin, ent_slice_str(rec->origin)) &&
                ent_note_check(note, rec->origin, &rec->key) == ENT_OK;
    free(note);
    if (!ours)
        return ENT_OK;
    from->head = (struct ent_recover_head){true, cp.size, cp.root};
    if (rec->head.n > 0 && cp.size <= rec->cp.size)
        return ENT_OK;
    ent_buf_clear(&rec->head);
    if ((r = ent_buf_put_slice(&rec->head, ent_buf_slice(bytes))) != ENT_OK)
        return r;
    rec->cp = cp;
    rec->cp.origin = ent_slice_str(rec->origin);
    rec->ret->head = cp.size;
    memcpy(rec->ret->head_by, from->name, sizeof(from->name));
    return ENT_OK;
}

/* The head that this member holds, and how much it has below. */
static enum ent_err ask_one(struct recovering *rec, struct ent_recover_source *from,
                            const char *path)
{
    struct ent_mirror_info info;
    struct ent_buf answer;
    unsigned status = 0;
    enum ent_err r = ENT_OK;
    ent_buf_init(&answer, ENT_NOTE_MAX);
    rec->ret->asked++;
    from->answered = rec->wire->call(rec->wire->ctx, &status, &answer, from->name, "GET", path,
                                     ent_slice(NULL, 0)) == ENT_OK;
    rec->ret->answered += from->answered;
    if (from->answered && status == 200)
        r = take_head(rec, from, &answer);
    if (from->answered && ent_mirror_ask(&info, rec->wire, from->name, rec->origin) == ENT_OK) {
        from->told = true;
        from->entries = info.next;
    }
    ent_buf_release(&answer);
    return r;
}

static enum ent_err ask_all(struct recovering *rec)
{
    char path[sizeof(ENT_VIEW_PREFIX) + 96], hex[ENT_HEX_LEN(32)];
    struct ent_hash32 hash;
    enum ent_err r = ENT_OK;
    ent_sha256_of(&hash, ent_slice_str(rec->origin));
    ent_hex_encode(hex, hash.b, 32);
    (void)snprintf(path, sizeof(path), ENT_VIEW_PREFIX "witness/%s/checkpoint", hex);
    for (size_t i = 0; r == ENT_OK && i < rec->ret->sources; i++)
        r = ask_one(rec, &rec->ret->source[i], path);
    if (r == ENT_OK && rec->ret->answered == 0 && rec->ret->asked > 0)
        r = ent_fail(rec->d, ENT_E_PEER, "no other member answers", 0, 0);
    return r;
}

/* --- one history, or two ------------------------------------------------------------------------
 */

/* One who is asked for tiles, in whatever order. */
struct asked {
    struct recovering *rec;
    const char *name;
};

static enum ent_err read_tile(void *ctx, uint8_t *ret, const struct ent_tile *t)
{
    const struct asked *a = ctx;
    char tile[ENT_TILE_PATH_MAX], path[sizeof(ENT_VIEW_PREFIX) + ENT_LOG_ORIGIN + 80];
    struct ent_buf b;
    unsigned status = 0;
    enum ent_err r = ent_tile_path(tile, t);
    if (r != ENT_OK)
        return r;
    (void)snprintf(path, sizeof(path), ENT_VIEW_PREFIX "log/%s/%s", a->rec->origin, tile);
    ent_buf_init(&b, (size_t)ENT_TILE_WIDTH * 32u);
    r = a->rec->wire->call(a->rec->wire->ctx, &status, &b, a->name, "GET", path,
                           ent_slice(NULL, 0));
    if (r == ENT_OK && (status != 200 || b.n != t->width * 32u))
        r = ENT_E_PEER;
    if (r == ENT_OK)
        memcpy(ret, b.p, b.n);
    ent_buf_release(&b);
    return r;
}

/* The root that the newest head has at this size, by the tiles of anybody that lead to it. */
static enum ent_err root_at(struct recovering *rec, struct ent_hash32 *ret, uint64_t size)
{
    struct ent_merkle_proof proof;
    for (size_t i = 0; i < rec->ret->sources; i++) {
        const struct ent_recover_source *from = &rec->ret->source[i];
        struct asked a = {rec, from->name};
        struct ent_tile_source tiles = {.size = rec->cp.size, .ctx = &a, .read = read_tile};
        const struct ent_merkle_source source = ent_tile_merkle_source(&tiles);
        if (from->told && from->entries >= rec->cp.size &&
            ent_merkle_source_root(ret, size, &source) == ENT_OK &&
            ent_merkle_prove_consistency(&proof, size, rec->cp.size, &source) == ENT_OK &&
            ent_merkle_check_consistency(size, ret, rec->cp.size, &rec->cp.root, proof.hash,
                                         proof.n) == ENT_OK)
            return ENT_OK;
    }
    return ENT_E_NOTFOUND;
}

/* Whether a head of this size and another root is there; what nobody can show contradicts nothing.
 */
static bool is_other(struct recovering *rec, const struct ent_recover_head *h)
{
    struct ent_tree *here = ent_log_tree(ent_book_log(rec->book));
    struct ent_hash32 root;
    if (!h->any || h->size == 0)
        return false;
    if (h->size <= rec->ret->before && ent_tree_root(here, &root, h->size) == ENT_OK &&
        memcmp(root.b, h->root.b, sizeof(root.b)) != 0)
        return true;
    return rec->head.n > 0 && h->size <= rec->cp.size && root_at(rec, &root, h->size) == ENT_OK &&
           memcmp(root.b, h->root.b, sizeof(root.b)) != 0;
}

/* Are they all of one history, with each other and with the entries here? */
static enum ent_err compare(struct recovering *rec)
{
    struct ent_recovered *ret = rec->ret;
    ret->forked = is_other(rec, &ret->here);
    for (size_t i = 0; i < ret->sources && !ret->forked; i++) {
        const struct ent_recover_head *h = &ret->source[i].head;
        for (size_t k = 0; k < i; k++) {
            const struct ent_recover_head *o = &ret->source[k].head;
            ret->forked = ret->forked || (h->any && o->any && h->size == o->size &&
                                          memcmp(h->root.b, o->root.b, sizeof(h->root.b)) != 0);
        }
        ret->forked = ret->forked || is_other(rec, h);
    }
    return ret->forked ? ent_fail(rec->d, ENT_E_AUTH,
                                  "there are heads of this log that contradict each other: its key "
                                  "was used twice",
                                  0, 0)
                       : ENT_OK;
}

/* --- entries ------------------------------------------------------------------------------------
 */

/* The tile of entries with this number, as wide as the head needs it, from whoever has it. */
static enum ent_err get_bundle(struct recovering *rec, uint64_t number)
{
    uint64_t left = rec->cp.size - number * ENT_TILE_WIDTH;
    const struct ent_tile t = {.entries = true,
                               .n = number,
                               .width = left < ENT_TILE_WIDTH ? (unsigned)left : ENT_TILE_WIDTH};
    char tile[ENT_TILE_PATH_MAX], path[sizeof(ENT_VIEW_PREFIX) + ENT_LOG_ORIGIN + 80];
    enum ent_err r = ent_tile_path(tile, &t);
    if (r != ENT_OK)
        return r;
    (void)snprintf(path, sizeof(path), ENT_VIEW_PREFIX "log/%s/%s", rec->origin, tile);
    for (size_t i = 0; i < rec->ret->sources; i++) {
        const struct ent_recover_source *from =
            &rec->ret->source[(rec->first + i) % rec->ret->sources];
        unsigned status = 0;
        ent_buf_clear(&rec->bundle);
        if (rec->wire->call(rec->wire->ctx, &status, &rec->bundle, from->name, "GET", path,
                            ent_slice(NULL, 0)) == ENT_OK &&
            status == 200) {
            rec->tile = number;
            return ENT_OK;
        }
    }
    return ent_fail(rec->d, ENT_E_NOTFOUND, "nobody has all entries below the newest head", 0, 0);
}

static enum ent_err get_entry(void *ctx, struct ent_buf *b, uint64_t index)
{
    struct recovering *rec = ctx;
    struct ent_slice entry;
    enum ent_err r = ENT_OK;
    if (rec->tile != index / ENT_TILE_WIDTH &&
        (r = get_bundle(rec, index / ENT_TILE_WIDTH)) != ENT_OK)
        return r;
    struct ent_cur c = ent_cur(ent_buf_slice(&rec->bundle));
    for (uint64_t i = 0; i <= index % ENT_TILE_WIDTH; i++)
        if ((r = ent_bundle_next(&c, &entry)) != ENT_OK)
            return ent_fail(rec->d, ENT_E_AUTH, "a mirror serves something else than entries", 0,
                            0);
    return ent_buf_put_slice(b, entry);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void prepare(struct recovering *rec)
{
    const struct ent_home *h = ent_book_home(rec->book);
    const struct ent_roster_member *self = ent_roster_member(&h->roster, h->self.name);
    const struct ent_log_key *log = &self->log[self->logs - 1];
    ent_roster_origin(&h->roster, rec->origin, self->name, log->generation);
    rec->key = log->pk;
    for (size_t i = 0; i < h->pact->members; i++)
        if (strcmp(h->pact->member[i].name, h->self.name) != 0)
            memcpy(rec->ret->source[rec->ret->sources++].name, h->pact->member[i].name,
                   ENT_NAME_MAX + 1);
    ent_buf_init(&rec->head, ENT_NOTE_MAX);
    ent_buf_init(&rec->bundle, (size_t)ENT_TILE_WIDTH * (ENT_ENTRY_MAX + 2u));
    rec->tile = UINT64_MAX;
}

/* Alone with the lock from here on: what is slow now is wanted more than anything else. */
static enum ent_err refill(struct recovering *rec)
{
    struct ent_log *log = ent_book_log(rec->book);
    struct ent_recovered *ret = rec->ret;
    enum ent_err r;
    ret->before = ret->after = ret->here.size = ent_log_size(log);
    ret->here.any = ent_tree_root(ent_log_tree(log), &ret->here.root, ret->here.size) == ENT_OK;
    if ((r = compare(rec)) != ENT_OK)
        return r;
    bool missing = rec->head.n > 0 && rec->cp.size > ret->before;
    if (!missing && ent_log_state(log) != ENT_LOG_SHORT)
        return ENT_OK;
    /* One who serves something else must not keep the others from helping. */
    do {
        rec->tile = UINT64_MAX;
        r = ent_log_refill(log, rec->d, ent_buf_slice(&rec->head), rec, get_entry);
    } while (r == ENT_E_AUTH && ++rec->first < ret->sources);
    ret->after = ent_log_size(log);
    if (r == ENT_E_NOTFOUND)
        return ent_fail(rec->d, r,
                        "there is a later head, and nobody who answers has all entries below it", 0,
                        0);
    return r;
}

enum ent_err ent_recover(struct ent_book *b, struct ent_recovered *ret, struct ent_diag *d,
                         const struct ent_wire *wire)
{
    struct recovering rec = {.book = b, .wire = wire, .d = d, .ret = ret};
    *ret = (struct ent_recovered){.asked = 0};
    prepare(&rec);
    enum ent_err r = ask_all(&rec);
    ent_book_lock(b);
    if (r == ENT_OK)
        r = refill(&rec);
    ent_book_unlock(b);
    ent_buf_release(&rec.head);
    ent_buf_release(&rec.bundle);
    return r;
}
