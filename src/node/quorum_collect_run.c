/* quorum_collect_run.c: what a collector keeps and computes. Shares of a participant are one file
 * of records, a block each, in the order in which they came; one that a crash tore is told by its
 * CRC and comes again. Blocks of cells are computed side by side, and what they show is written in
 * their order: after a restart it goes on behind the last block that is on the disk. */
#include "node/quorums_parts.h"

#define BLOCK_BYTES (ENT_QUORUM_SHARE * ENT_QUORUM_BLOCK)
#define RECORD      (8u + BLOCK_BYTES) /* u32 block, u32 CRC of the rest, shares, zeros */
#define ROUND       4u                 /* blocks of each thread between two writes */
#define COMPUTED    "entente/quorum-computed@v1"
#define SALTS       "entente/quorum-salts@v1"

static void file_of(char ret[static ENT_DISK_NAME_MAX], const struct ent_qrun *run,
                    const char *what, uint32_t index)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "%s-%u", what, index);
    ent_qfile(ret, run, name);
}

/* --- shares -------------------------------------------------------------------------------------
 */

static uint32_t crc_of(uint32_t block, const uint8_t *shares)
{
    uint8_t n[4];
    ent_put_u32le(n, block);
    return ent_crc32c(ent_crc32c(0, ent_slice(n, 4)), ent_slice(shares, BLOCK_BYTES));
}

static enum ent_err read_record(const struct ent_qrun *run, uint8_t *room, uint32_t *ret_block,
                                uint32_t index, uint32_t slot)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    char file[ENT_DISK_NAME_MAX];
    uint32_t crc = 0;
    file_of(file, run, "shares", index);
    enum ent_err r = disk->read(disk->ctx, room, RECORD, file, (uint64_t)(slot - 1) * RECORD);
    if (r != ENT_OK)
        return r;
    struct ent_cur c = ent_cur(ent_slice(room, 8));
    if ((r = ent_cur_u32le(&c, ret_block)) != ENT_OK || (r = ent_cur_u32le(&c, &crc)) != ENT_OK)
        return r;
    return crc == crc_of(*ret_block, room + 8) ? ENT_OK : ENT_E_AUTH;
}

static enum ent_err write_record(struct ent_qrun *run, uint32_t index,
                                 const struct ent_quorum_block *k)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    struct ent_qshares *s = &run->shares[index - 1];
    char file[ENT_DISK_NAME_MAX];
    uint8_t *room = calloc(1, RECORD);
    if (room == NULL)
        return ENT_E_NOMEM;
    memcpy(room + 8, k->shares.p, k->shares.n);
    ent_put_u32le(room, k->block);
    ent_put_u32le(room + 4, crc_of(k->block, room + 8));
    file_of(file, run, "shares", index);
    enum ent_err r =
        disk->write(disk->ctx, file, (uint64_t)s->slots * RECORD, ent_slice(room, RECORD));
    if (r == ENT_OK)
        r = disk->sync(disk->ctx, file);
    free(room);
    return r;
}

enum ent_err ent_qcollect_block(struct ent_qrun *run, uint32_t index, struct ent_slice message,
                                enum ent_quorum_fault *ret_fault)
{
    struct ent_qshares *s = &run->shares[index - 1];
    struct ent_quorum_block k;
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_mutex_lock(&run->lock);
    const bool open =
        run->uploads != NULL && ent_quorum_run_allows(&run->state, ENT_QUORUM_MSG_BLOCK);
    enum ent_err r = ENT_E_STATE;
    if (open)
        r = ent_quorum_uploads_parse(run->uploads, &k, ret_fault, index, message);
    if (open && *ret_fault != ENT_QUORUM_NO_FAULT) {
        ent_quorum_uploads_leave_out(run->uploads, index);
        run->ended |= UINT64_C(1) << (index - 1);
    }
    (void)pthread_mutex_unlock(&run->lock);
    if (r == ENT_OK && k.fresh && (r = write_record(run, index, &k)) == ENT_OK) {
        (void)pthread_mutex_lock(&run->lock);
        s->slot[k.block] = ++s->slots;
        ent_quorum_uploads_keep(run->uploads, index, k.block);
        (void)pthread_cond_broadcast(&run->wake);
        (void)pthread_mutex_unlock(&run->lock);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return r;
}

/* --- opening ------------------------------------------------------------------------------------
 */

static enum ent_err load_shares(struct ent_qrun *run, uint32_t index)
{
    const uint32_t blocks = ent_quorum_blocks(&run->state.offer.shape);
    struct ent_qshares *s = &run->shares[index - 1];
    uint8_t *room = malloc(RECORD);
    uint32_t block = 0;
    if (s->slot == NULL)
        s->slot = calloc(blocks, sizeof(*s->slot));
    if (s->slot == NULL || room == NULL) {
        free(room);
        return ENT_E_NOMEM;
    }
    while (s->slots < blocks && read_record(run, room, &block, index, s->slots + 1) == ENT_OK &&
           block < blocks && s->slot[block] == 0) {
        s->slot[block] = ++s->slots;
        ent_quorum_uploads_keep(run->uploads, index, block);
    }
    free(room);
    return ENT_OK;
}

static enum ent_err read_hits(const struct ent_qrun *run, struct ent_buf *b, uint32_t index,
                              uint32_t piece)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    const size_t n = ent_quorum_piece_count(run->hits[index - 1], piece) * ENT_QUORUM_HIT;
    char file[ENT_DISK_NAME_MAX];
    uint8_t *at;
    enum ent_err r = ent_buf_reserve(b, &at, n + 1);
    file_of(file, run, "hits", index);
    if (r == ENT_OK && n > 0)
        r = disk->read(disk->ctx, at, n, file, (uint64_t)piece * ENT_QUORUM_PIECE * ENT_QUORUM_HIT);
    if (r == ENT_OK)
        b->n += n;
    return r;
}

static enum ent_err check_hits(const struct ent_qrun *run)
{
    struct ent_buf b;
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, ENT_QUORUM_PIECE_MAX);
    for (uint32_t i = 1; r == ENT_OK && i <= run->state.offer.shape.members; i++) {
        uint32_t crc = 0;
        for (uint32_t p = 0; r == ENT_OK && p < ent_quorum_pieces(run->hits[i - 1]); p++) {
            ent_buf_clear(&b);
            if ((r = read_hits(run, &b, i, p)) == ENT_OK)
                crc = ent_crc32c(crc, ent_buf_slice(&b));
        }
        if (r == ENT_OK && crc != run->hits_crc[i - 1])
            r = ENT_E_AUTH;
    }
    ent_buf_release(&b);
    return r;
}

/* Up to which block it was computed. Nothing, or what is damaged: from the first, unless the result
 * was said, and this would be another answer than the one that it names. */
static enum ent_err load_computed(struct ent_qrun *run)
{
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    struct ent_lines l;
    ent_buf_init(&b, 8192);
    ent_qfile(file, run, "computed");
    enum ent_err r = ent_kept_read(&b, ent_q_disk(run->all), file);
    if (r == ENT_OK) {
        ent_lines_start(&l, ent_buf_slice(&b));
        ent_lines_exact(&l, COMPUTED);
        ent_lines_key(&l, "blocks");
        run->computed_block = (uint32_t)ent_lines_u64(&l, ENT_QUORUM_BLOCKS);
        ent_lines_key(&l, "positions");
        run->positions = ent_lines_u64(&l, UINT64_MAX);
        for (uint32_t i = 0; i < run->state.offer.shape.members; i++) {
            ent_lines_key(&l, "hits");
            run->hits[i] = (uint32_t)ent_lines_u64(&l, UINT32_MAX);
            ent_lines_key(&l, "crc");
            run->hits_crc[i] = (uint32_t)ent_lines_u64(&l, UINT32_MAX);
        }
        if ((r = ent_lines_end(&l)) == ENT_OK)
            r = check_hits(run);
    }
    ent_buf_release(&b);
    if (r == ENT_OK || run->state.phase >= ENT_QUORUM_DONE)
        return r;
    run->computed_block = 0;
    run->positions = 0;
    memset(run->hits, 0, sizeof(run->hits));
    memset(run->hits_crc, 0, sizeof(run->hits_crc));
    return r == ENT_E_NOTFOUND || r == ENT_E_AUTH || r == ENT_E_FORMAT ? ENT_OK : r;
}

enum ent_err ent_qcollect_open(struct ent_qrun *run)
{
    const struct ent_quorum_run *s = &run->state;
    enum ent_err r = ent_quorum_uploads_new(&run->uploads, &s->offer.shape, &s->sid, s->present);
    for (uint32_t i = 1; r == ENT_OK && i <= s->offer.shape.members; i++)
        if ((s->present >> (i - 1) & 1) != 0 && s->phase < ENT_QUORUM_DONE)
            r = load_shares(run, i);
    if (r == ENT_OK)
        r = load_computed(run);
    for (uint32_t i = 1; r == ENT_OK && i <= s->offer.shape.members; i++) {
        if (ent_quorum_fault_ends(s->member[i - 1]) && s->phase == ENT_QUORUM_UPLOAD)
            ent_quorum_uploads_leave_out(run->uploads, i); /* it cheated before the restart */
    }
    if (r != ENT_OK)
        ent_qcollect_close(run);
    return r;
}

void ent_qcollect_close(struct ent_qrun *run)
{
    ent_quorum_uploads_free(run->uploads);
    run->uploads = NULL;
    for (uint32_t i = 0; i < ENT_QUORUM_MEMBERS; i++) {
        free(run->shares[i].slot);
        run->shares[i].slot = NULL;
        run->shares[i].slots = 0;
    }
}

/* --- computing ----------------------------------------------------------------------------------
 */

/* What one block shows: u64 who is told, then the hit, each. */
struct piece {
    struct ent_buf hits;
    struct ent_quorum_sift sift;
    uint64_t positions;
};

struct job {
    struct ent_qrun *run;
    struct ent_quorum_collector collector;
    uint32_t first; /* block */
    struct piece *piece;
};

#define NOTE (8u + ENT_QUORUM_HIT)

static enum ent_err found(void *ctx, const struct ent_quorum_hit *hit)
{
    struct piece *p = ctx;
    uint8_t note[NOTE];
    const uint64_t told = ent_quorum_sift(&p->sift, hit);
    p->positions++;
    if (told == 0)
        return ENT_OK;
    ent_put_u64le(note, told);
    ent_quorum_hit_put(note + 8, hit);
    return ent_buf_put(&p->hits, note, sizeof(note));
}

static enum ent_err load_block(const struct ent_qrun *run, uint64_t *shares, uint8_t *room,
                               uint32_t index, uint32_t block, size_t count)
{
    const uint32_t slot = run->shares[index - 1].slot[block];
    uint32_t is = 0;
    enum ent_err r = slot == 0 ? ENT_E_NOTFOUND : read_record(run, room, &is, index, slot);
    if (r == ENT_OK && is != block)
        r = ENT_E_AUTH;
    return r != ENT_OK ? r
                       : ent_quorum_shares_parse(shares, count,
                                                 ent_slice(room + 8, count * ENT_QUORUM_SHARE));
}

static enum ent_err compute_block(void *ctx, size_t i)
{
    struct job *j = ctx;
    struct ent_qrun *run = j->run;
    struct piece *p = &j->piece[i];
    const uint32_t block = j->first + (uint32_t)i;
    const size_t count = ent_quorum_block_count(&run->state.offer.shape, block);
    uint8_t *room = malloc(RECORD);
    uint64_t *shares = malloc(j->collector.present * ENT_QUORUM_BLOCK * sizeof(*shares));
    enum ent_err r = room == NULL || shares == NULL ? ENT_E_NOMEM : ENT_OK;
    if (atomic_load(&run->stop))
        r = ENT_E_INTERRUPTED;
    for (uint32_t k = 0; r == ENT_OK && k < j->collector.present; k++)
        r = load_block(run, shares + (size_t)k * ENT_QUORUM_BLOCK, room, j->collector.index[k],
                       block, count);
    *p = (struct piece){.sift = {.cell = block * ENT_QUORUM_BLOCK}};
    ent_buf_init(&p->hits, (size_t)2 * ENT_QUORUM_MEMBERS * ENT_QUORUM_BLOCK * NOTE);
    if (r == ENT_OK)
        r = ent_quorum_collect(&j->collector, shares, ENT_QUORUM_BLOCK, block * ENT_QUORUM_BLOCK,
                               count, found, p);
    free(room);
    free(shares);
    return r;
}

/* One participant's hits of these blocks, behind those before. None is told more than it can have:
 * what liars draw through one's share is no reason to send it without end. */
static enum ent_err write_hits(struct ent_qrun *run, const struct job *j, uint32_t n,
                               uint32_t index, uint32_t *ret_hits, uint32_t *ret_crc)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    const uint32_t most =
        ent_quorum_hits_most(&run->state.offer.shape, run->state.seat[index - 1].accept.items);
    const uint32_t before = run->hits[index - 1];
    uint32_t hits = before;
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, (size_t)most * ENT_QUORUM_HIT);
    for (uint32_t i = 0; i < n; i++) {
        const struct ent_buf *all = &j->piece[i].hits;
        for (size_t at = 0; at < all->n && hits < most && r == ENT_OK; at += NOTE) {
            uint64_t told = 0;
            struct ent_cur c = ent_cur(ent_slice(all->p + at, NOTE));
            if ((r = ent_cur_u64le(&c, &told)) != ENT_OK || (told >> (index - 1) & 1) == 0)
                continue;
            r = ent_buf_put(&b, c.p, ENT_QUORUM_HIT);
            hits++;
        }
    }
    file_of(file, run, "hits", index);
    if (r == ENT_OK && b.n > 0 &&
        (r = disk->write(disk->ctx, file, (uint64_t)before * ENT_QUORUM_HIT, ent_buf_slice(&b))) ==
            ENT_OK)
        r = disk->sync(disk->ctx, file);
    *ret_crc = ent_crc32c(run->hits_crc[index - 1], ent_buf_slice(&b));
    *ret_hits = hits;
    ent_buf_release(&b);
    return r;
}

static enum ent_err keep_computed(struct ent_qrun *run, uint32_t blocks, uint64_t positions,
                                  const uint32_t *hits, const uint32_t *crc)
{
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    ent_buf_init(&b, 8192);
    enum ent_err r = ent_buf_printf(&b, COMPUTED "\nblocks %u\npositions %llu\n", blocks,
                                    (unsigned long long)positions);
    for (uint32_t i = 0; i < run->state.offer.shape.members && r == ENT_OK; i++)
        r = ent_buf_printf(&b, "hits %u\ncrc %u\n", hits[i], crc[i]);
    ent_qfile(file, run, "computed");
    if (r == ENT_OK)
        r = ent_kept_write(ent_q_disk(run->all), file, ent_buf_slice(&b), true, NULL);
    ent_buf_release(&b);
    return r;
}

/* Hits first, then how many of them count. */
static enum ent_err keep_round(struct ent_qrun *run, const struct job *j, uint32_t n)
{
    uint32_t hits[ENT_QUORUM_MEMBERS], crc[ENT_QUORUM_MEMBERS];
    uint64_t positions = run->positions;
    enum ent_err r = ENT_OK;
    memcpy(hits, run->hits, sizeof(hits));
    memcpy(crc, run->hits_crc, sizeof(crc));
    for (uint32_t i = 0; i < n; i++)
        positions += j->piece[i].positions;
    for (uint32_t k = 0; r == ENT_OK && k < j->collector.present; k++) {
        const uint32_t index = j->collector.index[k];
        r = write_hits(run, j, n, index, &hits[index - 1], &crc[index - 1]);
    }
    if (r == ENT_OK)
        r = keep_computed(run, j->first + n, positions, hits, crc);
    if (r != ENT_OK)
        return r;
    (void)pthread_mutex_lock(&run->lock);
    run->computed_block = j->first + n;
    run->positions = positions;
    memcpy(run->hits, hits, sizeof(hits));
    memcpy(run->hits_crc, crc, sizeof(crc));
    (void)pthread_mutex_unlock(&run->lock);
    return ENT_OK;
}

static enum ent_err compute(struct ent_qrun *run, struct job *j, uint32_t most)
{
    const uint32_t blocks = ent_quorum_blocks(&run->state.offer.shape);
    struct ent_pool *pool = run->all->pool;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && run->computed_block < blocks) {
        j->first = run->computed_block;
        const uint32_t n = blocks - j->first < most ? blocks - j->first : most;
        memset(j->piece, 0, most * sizeof(*j->piece));
        r = ent_pool_run(pool, compute_block, j, n);
        if (r == ENT_OK)
            r = keep_round(run, j, n);
        for (uint32_t i = 0; i < n; i++)
            ent_buf_release(&j->piece[i].hits);
    }
    return r;
}

void *ent_qcollect_compute(void *ctx)
{
    struct ent_qrun *run = ctx;
    const uint32_t most = ROUND * ent_pool_threads(run->all->pool);
    struct job j = {.run = run, .piece = calloc(most, sizeof(*j.piece))};
    enum ent_err r = ENT_E_INTERRUPTED;
    (void)pthread_mutex_lock(&run->lock);
    const struct ent_quorum_run *s = &run->state;
    ent_quorum_collector_init(&j.collector, &s->offer.shape, s->counted, &s->sid);
    (void)pthread_mutex_unlock(&run->lock);
    while (j.piece != NULL && !atomic_load(&run->stop)) {
        if ((r = compute(run, &j, most)) == ENT_OK)
            break;
        (void)pthread_mutex_lock(&run->lock); /* the disk is full, say: until the deadline */
        const bool late = run->state.phase != ENT_QUORUM_RECONSTRUCT;
        if (!late)
            ent_qrun_wait(run, 10 * ent_q_pause(run->all), true);
        (void)pthread_mutex_unlock(&run->lock);
        if (late)
            break;
    }
    free(j.piece);
    (void)pthread_mutex_lock(&run->lock);
    run->computed = r == ENT_OK;
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
    return NULL;
}

/* --- answers ------------------------------------------------------------------------------------
 */

static enum ent_err make_salts(struct ent_qrun *run)
{
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    char text[ENT_BASE64_LEN(32)];
    ent_buf_init(&b, 8192);
    ent_random(run->salt, sizeof(run->salt));
    enum ent_err r = ent_buf_puts(&b, SALTS "\n");
    for (uint32_t i = 0; i < run->state.offer.shape.members && r == ENT_OK; i++) {
        ent_base64_encode(text, run->salt[i].b, 32);
        r = ent_buf_printf(&b, "salt %s\n", text);
    }
    ent_qfile(file, run, "salts");
    if (r == ENT_OK)
        r = ent_kept_write(ent_q_disk(run->all), file, ent_buf_slice(&b), true, NULL);
    ent_buf_release(&b);
    return r;
}

/* Made before the result is said, and the same for good. */
static enum ent_err have_salts(struct ent_qrun *run)
{
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    struct ent_lines l;
    if (run->salted)
        return ENT_OK;
    ent_buf_init(&b, 8192);
    ent_qfile(file, run, "salts");
    enum ent_err r = ent_kept_read(&b, ent_q_disk(run->all), file);
    if (r == ENT_OK) {
        ent_lines_start(&l, ent_buf_slice(&b));
        ent_lines_exact(&l, SALTS);
        for (uint32_t i = 0; i < run->state.offer.shape.members; i++) {
            ent_lines_key(&l, "salt");
            ent_lines_b64(&l, run->salt[i].b, 32);
        }
        r = ent_lines_end(&l);
    } else if (r == ENT_E_NOTFOUND && run->state.phase < ENT_QUORUM_DONE) {
        r = make_salts(run);
    }
    ent_buf_release(&b);
    run->salted = r == ENT_OK;
    return r;
}

static enum ent_err commit(struct ent_qrun *run, struct ent_hash32 *ret, uint32_t index)
{
    const uint32_t hits = run->hits[index - 1];
    struct ent_quorum_sum sum;
    struct ent_buf b;
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, ENT_QUORUM_PIECE_MAX);
    ent_quorum_sum_init(&sum, &run->salt[index - 1], hits);
    for (uint32_t p = 0; r == ENT_OK && p < ent_quorum_pieces(hits); p++) {
        ent_buf_clear(&b);
        if ((r = read_hits(run, &b, index, p)) == ENT_OK)
            ent_quorum_sum_add(&sum, ent_buf_slice(&b));
    }
    ent_quorum_sum_end(&sum, ret);
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_qcollect_result(struct ent_qrun *run, struct ent_quorum_result *ret)
{
    (void)pthread_mutex_lock(&run->lock);
    const struct ent_quorum_run *s = &run->state;
    *ret = (struct ent_quorum_result){
        .run = s->sid, .positions = run->positions, .present = s->counted};
    enum ent_err r = have_salts(run);
    (void)pthread_mutex_unlock(&run->lock);
    for (uint32_t i = 1; r == ENT_OK && i <= s->offer.shape.members; i++)
        if ((ret->present >> (i - 1) & 1) != 0)
            r = commit(run, &ret->answer[i - 1], i);
    return r;
}

enum ent_err ent_qcollect_piece(struct ent_qrun *run, struct ent_buf *b, uint32_t index,
                                uint32_t piece)
{
    struct ent_buf records;
    ent_buf_init(&records, ENT_QUORUM_PIECE_MAX);
    (void)pthread_mutex_lock(&run->lock);
    const bool in = ent_quorum_run_allows(&run->state, ENT_QUORUM_MSG_PIECE) &&
                    (run->state.counted >> (index - 1) & 1) != 0;
    enum ent_err r = !in ? ENT_E_POLICY : ENT_OK;
    if (in && (run->uploads == NULL || have_salts(run) != ENT_OK))
        r = ENT_E_STATE; /* no fault of who asks */
    const uint32_t hits = run->hits[index - 1];
    if (r == ENT_OK && piece >= ent_quorum_pieces(hits))
        r = ENT_E_POLICY;
    if (r == ENT_OK && (r = read_hits(run, &records, index, piece)) == ENT_OK)
        r = ent_quorum_piece_encode(b, &run->state.sid, index, piece, hits, &run->salt[index - 1],
                                    ent_buf_slice(&records));
    (void)pthread_mutex_unlock(&run->lock);
    ent_buf_release(&records);
    return r;
}
