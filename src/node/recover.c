/* recover.c: a lost log, out of the others' mirrors. */
#include "node/node.h"

struct source {
    char name[ENT_NAME_MAX + 1];
};

struct recovering {
    struct ent_book *book;
    const struct ent_wire *wire;
    struct ent_diag *d;
    char origin[ENT_LOG_ORIGIN];
    struct ent_pubkey key;
    struct source from[ENT_PACT_MEMBERS];
    size_t sources, first; /* who is asked for entries before the others */
    struct ent_buf head;   /* the newest that anybody holds */
    struct ent_checkpoint cp;
    struct ent_buf bundle; /* one tile of entries */
    uint64_t tile;         /* its number; UINT64_MAX: none */
};

/* --- heads --------------------------------------------------------------------------------------
 */

static enum ent_err take_head(struct recovering *rec, struct ent_recovered *ret,
                              const struct ent_buf *bytes, const char *member)
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
    if (rec->head.n > 0 && cp.size == rec->cp.size && memcmp(cp.root.b, rec->cp.root.b, 32) != 0)
        return ent_fail(rec->d, ENT_E_AUTH,
                        "members hold two heads of this log that contradict each other: its key "
                        "was used twice",
                        0, 0);
    if (rec->head.n > 0 && cp.size <= rec->cp.size)
        return ENT_OK;
    ent_buf_clear(&rec->head);
    if ((r = ent_buf_put_slice(&rec->head, ent_buf_slice(bytes))) != ENT_OK)
        return r;
    rec->cp = cp;
    rec->cp.origin = ent_slice_str(rec->origin);
    (void)snprintf(ret->head_by, sizeof(ret->head_by), "%s", member);
    return ENT_OK;
}

static enum ent_err ask_heads(struct recovering *rec, struct ent_recovered *ret)
{
    char path[sizeof(ENT_VIEW_PREFIX) + 96], hex[ENT_HEX_LEN(32)];
    struct ent_hash32 hash;
    struct ent_buf answer;
    enum ent_err r = ENT_OK;
    ent_sha256_of(&hash, ent_slice_str(rec->origin));
    ent_hex_encode(hex, hash.b, 32);
    (void)snprintf(path, sizeof(path), ENT_VIEW_PREFIX "witness/%s/checkpoint", hex);
    ent_buf_init(&answer, ENT_NOTE_MAX);
    for (size_t i = 0; r == ENT_OK && i < rec->sources; i++) {
        unsigned status = 0;
        ent_buf_clear(&answer);
        ret->asked++;
        if (rec->wire->call(rec->wire->ctx, &status, &answer, rec->from[i].name, "GET", path,
                            ent_slice(NULL, 0)) != ENT_OK)
            continue;
        ret->answered++;
        if (status == 200)
            r = take_head(rec, ret, &answer, rec->from[i].name);
    }
    ent_buf_release(&answer);
    if (r == ENT_OK && ret->answered == 0 && ret->asked > 0)
        r = ent_fail(rec->d, ENT_E_PEER, "no other member answers", 0, 0);
    return r;
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
    for (size_t i = 0; i < rec->sources; i++) {
        const struct source *from = &rec->from[(rec->first + i) % rec->sources];
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
            memcpy(rec->from[rec->sources++].name, h->pact->member[i].name, ENT_NAME_MAX + 1);
    ent_buf_init(&rec->head, ENT_NOTE_MAX);
    ent_buf_init(&rec->bundle, (size_t)ENT_TILE_WIDTH * (ENT_ENTRY_MAX + 2u));
    rec->tile = UINT64_MAX;
}

enum ent_err ent_recover(struct ent_book *b, struct ent_recovered *ret, struct ent_diag *d,
                         const struct ent_wire *wire)
{
    struct recovering rec = {.book = b, .wire = wire, .d = d};
    struct ent_log *log = ent_book_log(b);
    *ret = (struct ent_recovered){.asked = 0};
    prepare(&rec);
    enum ent_err r = ask_heads(&rec, ret);
    /* Alone with the lock from here on: what is slow now is wanted more than anything else. */
    ent_book_lock(b);
    ret->before = ret->after = ent_log_size(log);
    bool missing = rec.head.n > 0 && rec.cp.size > ent_log_size(log);
    if (r == ENT_OK && (missing || ent_log_state(log) == ENT_LOG_SHORT)) {
        /* One who serves something else must not keep the others from helping. */
        do {
            rec.tile = UINT64_MAX;
            r = ent_log_refill(log, d, ent_buf_slice(&rec.head), &rec, get_entry);
        } while (r == ENT_E_AUTH && ++rec.first < rec.sources);
        ret->after = ent_log_size(log);
        if (r == ENT_E_NOTFOUND)
            r = ent_fail(d, r,
                         "there is a later head, and nobody who answers has all entries below it",
                         0, 0);
    }
    ent_book_unlock(b);
    ent_buf_release(&rec.head);
    ent_buf_release(&rec.bundle);
    return r;
}
