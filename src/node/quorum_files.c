/* quorum_files.c: the folder of a run. */
#include "node/quorums_parts.h"

#define ADMITTED     44u /* u32 index, u32 batch, hash, u32 CRC of these */
#define ADMITTED_MAX (ADMITTED * 256u * ENT_QUORUM_MEMBERS)
#define PROGRESS_NS  UINT64_C(1000000000)

void ent_qfile(char ret[static ENT_DISK_NAME_MAX], const struct ent_qrun *run, const char *name)
{
    (void)snprintf(ret, ENT_DISK_NAME_MAX, ENT_QUORUM_FOLDER "/%s/%s", run->id, name);
}

bool ent_qfile_is_there(const struct ent_qrun *run, const char *name)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    char file[ENT_DISK_NAME_MAX];
    uint8_t none;
    ent_qfile(file, run, name);
    return disk->read(disk->ctx, &none, 0, file, 0) == ENT_OK;
}

void ent_qfile_remove(const struct ent_qrun *run, const char *name)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    char file[ENT_DISK_NAME_MAX];
    ent_qfile(file, run, name);
    (void)!disk->remove(disk->ctx, file); /* it may never have been there */
}

/* --- what was said, and the state ---------------------------------------------------------------
 */

enum ent_err ent_qrun_save(struct ent_qrun *run)
{
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf text;
    ent_buf_init(&text, ENT_QUORUM_RUN_MAX);
    enum ent_err r = ent_quorum_run_encode(&text, &run->state);
    const bool same =
        r == ENT_OK && ent_slice_eq(ent_buf_slice(&text), ent_buf_slice(&run->written));
    if (r == ENT_OK && !same) {
        ent_qfile(file, run, "state");
        r = ent_kept_write(ent_q_disk(run->all), file, ent_buf_slice(&text), true, NULL);
        ent_buf_clear(&run->written);
        if (r == ENT_OK)
            r = ent_buf_put_slice(&run->written, ent_buf_slice(&text));
    }
    ent_buf_release(&text);
    return r;
}

static void said_file(char ret[static ENT_DISK_NAME_MAX], const struct ent_qrun *run,
                      const struct ent_hash32 *leaf)
{
    char name[sizeof("said/") + ENT_HEX_LEN(32)] = "said/";
    if (memcmp(leaf->b, run->leaf.b, 32) == 0)
        (void)snprintf(name, sizeof(name), "offer");
    else
        ent_hex_encode(name + 5, leaf->b, 32);
    ent_qfile(ret, run, name);
}

enum ent_err ent_qrun_keep(const struct ent_qrun *run, const struct ent_hash32 *leaf,
                           struct ent_slice said)
{
    char file[ENT_DISK_NAME_MAX];
    said_file(file, run, leaf);
    return ent_kept_write(ent_q_disk(run->all), file, said, true, NULL);
}

enum ent_err ent_qrun_said_read(const struct ent_qrun *run, struct ent_buf *ret,
                                const struct ent_qsaid *s)
{
    char file[ENT_DISK_NAME_MAX];
    said_file(file, run, &s->leaf);
    return ent_kept_read(ret, ent_q_disk(run->all), file);
}

/* --- what a key holder has admitted -------------------------------------------------------------
 */

static bool is_same(const struct ent_quorum_admitted *a, const struct ent_quorum_admitted *b)
{
    return a->index == b->index && a->batch == b->batch;
}

static enum ent_err admitted_put(struct ent_qrun *run, const struct ent_quorum_admitted *a)
{
    struct ent_quorum_admitted *more =
        reallocarray(run->admitted, run->n_admitted + 1, sizeof(*more));
    if (more == NULL)
        return ENT_E_NOMEM;
    run->admitted = more;
    more[run->n_admitted++] = *a;
    return ENT_OK;
}

/* Under the lock of what is admitted alone; durable when it returns. */
enum ent_err ent_qrun_admitted_add(struct ent_qrun *run, const struct ent_quorum_admitted *a)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    char file[ENT_DISK_NAME_MAX];
    uint8_t rec[ADMITTED];
    for (size_t i = 0; i < run->n_admitted; i++)
        if (is_same(&run->admitted[i], a))
            return ENT_OK;
    ent_put_u32le(rec, a->index);
    ent_put_u32le(rec + 4, a->batch);
    memcpy(rec + 8, a->hash.b, 32);
    ent_put_u32le(rec + 40, ent_crc32c(0, ent_slice(rec, 40)));
    ent_qfile(file, run, "admitted");
    enum ent_err r =
        disk->write(disk->ctx, file, run->n_admitted * ADMITTED, ent_slice(rec, ADMITTED));
    if (r == ENT_OK)
        r = disk->sync(disk->ctx, file);
    return r == ENT_OK ? admitted_put(run, a) : r;
}

/* Up to the first that a crash tore: nothing was evaluated for that. */
enum ent_err ent_qrun_admitted_load(struct ent_qrun *run)
{
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    ent_buf_init(&b, ADMITTED_MAX);
    ent_qfile(file, run, "admitted");
    enum ent_err r = ent_disk_whole(ent_q_disk(run->all), &b, file);
    for (size_t at = 0; r == ENT_OK && at + ADMITTED <= b.n; at += ADMITTED) {
        struct ent_quorum_admitted a = {.fresh = true};
        struct ent_cur c = ent_cur(ent_slice(b.p + at, ADMITTED));
        uint32_t crc = 0;
        if ((r = ent_cur_u32le(&c, &a.index)) != ENT_OK ||
            (r = ent_cur_u32le(&c, &a.batch)) != ENT_OK ||
            (r = ent_cur_copy(&c, a.hash.b, 32)) != ENT_OK ||
            (r = ent_cur_u32le(&c, &crc)) != ENT_OK)
            break;
        if (crc != ent_crc32c(0, ent_slice(b.p + at, ADMITTED - 4)))
            break;
        r = admitted_put(run, &a);
    }
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* --- for people ---------------------------------------------------------------------------------
 */

static enum ent_err put_roles(struct ent_buf *b, const struct ent_qrun *run)
{
    enum ent_err r = ENT_OK;
    if (run->index != 0)
        r = ent_buf_puts(b, "role participant\n");
    if (r == ENT_OK && run->holder != 0)
        r = ent_buf_puts(b, "role holder\n");
    if (r == ENT_OK && run->state.collects)
        r = ent_buf_puts(b, "role collector\n");
    return r;
}

/* What the slowest key holder has answered. */
static uint32_t evaluated(const struct ent_qrun *run)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t k = 0; k < run->mates; k++) {
        const struct ent_qmate *m = &run->mate[k];
        uint32_t next = m->worker == run->lives ? m->next : 0;
        if (m->holder != 0 && next < least)
            least = next;
    }
    return least == UINT32_MAX ? 0 : least;
}

static enum ent_err put_participant(struct ent_buf *b, const struct ent_qrun *run)
{
    const struct ent_quorum_run *s = &run->state;
    const uint32_t items = s->seat[run->index - 1].accept.items;
    const uint32_t blocks = ent_quorum_blocks(&s->offer.shape);
    uint32_t up = 0;
    for (uint32_t k = 0; k < run->mates; k++)
        if (run->mate[k].collector)
            up = run->mate[k].block;
    enum ent_err r = ent_buf_printf(b, "evaluated %u %llu\nuploaded %u %u\n", evaluated(run),
                                    (unsigned long long)ent_lookup_batches(items),
                                    up < blocks ? up : blocks, blocks);
    if (r == ENT_OK && s->seat[run->index - 1].taken)
        r = ent_buf_printf(b, "found %llu\nrefused-hits %llu\n",
                           (unsigned long long)run->taken.found,
                           (unsigned long long)run->taken.refused);
    return r;
}

static enum ent_err put_collector(struct ent_buf *b, const struct ent_qrun *run)
{
    const struct ent_quorum_offer *o = &run->state.offer;
    const uint32_t blocks = ent_quorum_blocks(&o->shape);
    enum ent_err r = ENT_OK;
    for (uint32_t i = 0; i < o->shape.members && r == ENT_OK; i++)
        if ((run->state.present >> i & 1) != 0)
            r = ent_buf_printf(b, "received %s %u %u\n", o->participant[i], run->shares[i].slots,
                               blocks);
    uint64_t cells = (uint64_t)run->computed_block * ENT_QUORUM_BLOCK;
    const uint64_t all = ent_quorum_cells(&o->shape);
    return r != ENT_OK ? r
                       : ent_buf_printf(b, "computed %llu %llu\n",
                                        (unsigned long long)(cells < all ? cells : all),
                                        (unsigned long long)all);
}

void ent_qrun_progress(struct ent_qrun *run)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    const uint64_t now = ent_clock_steady_ns();
    const bool last = run->state.phase >= ENT_QUORUM_DONE;
    if (run->index != 0 && run->state.seat[run->index - 1].taken && !run->told_taken)
        return; /* what was found stands there since before the restart */
    if (!last && run->progress_ns != 0 && now - run->progress_ns < PROGRESS_NS)
        return;
    ent_buf_init(&b, 16384);
    enum ent_err r = put_roles(&b, run);
    if (r == ENT_OK && run->index != 0 && (run->state.present >> (run->index - 1) & 1) != 0)
        r = put_participant(&b, run);
    if (r == ENT_OK && run->uploads != NULL)
        r = put_collector(&b, run);
    if (r == ENT_OK && !ent_slice_eq(ent_buf_slice(&b), ent_buf_slice(&run->progress))) {
        ent_qfile(file, run, "progress");
        r = disk->replace(disk->ctx, file, ent_buf_slice(&b));
        ent_buf_clear(&run->progress);
        if (r == ENT_OK) /* else it is written again the next time */
            (void)!ent_buf_put_slice(&run->progress, ent_buf_slice(&b));
        run->progress_ns = now;
    }
    ent_buf_release(&b);
}

void ent_qrun_clean(struct ent_qrun *run)
{
    const struct ent_disk *disk = ent_q_disk(run->all);
    char file[ENT_DISK_NAME_MAX];
    static const char *const names[] = {"admitted", "computed", "salts", "join", "decline"};
    char name[32];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ent_qfile_remove(run, names[i]);
    for (uint32_t i = 1; run->state.collects && i <= run->state.offer.shape.members; i++) {
        (void)snprintf(name, sizeof(name), "shares-%u", i);
        ent_qfile_remove(run, name);
        (void)snprintf(name, sizeof(name), "hits-%u", i);
        ent_qfile_remove(run, name);
    }
    ent_qfile(file, run, "over");
    (void)!disk->replace(disk->ctx, file, ent_slice(NULL, 0)); /* else the next start does it */
}
