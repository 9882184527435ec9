/* bodies.c: see bodies.h. */
#include "ledger/bodies.h"

#define CRC_AT    44u
#define THERE_AT  48u
#define RECORD_N  49u
#define BATCH_MAX (64u << 20)

/* No flipped bit makes one of another. */
enum there { HERE = 0x55, GONE = 0xAA, NEVER = 0x33 };

struct record {
    uint64_t offset;
    uint32_t n;
    uint8_t there;
    struct ent_hash32 hash;
};

static const char idx_damaged[] = "bodies.idx is damaged";
static const char dat_damaged[] = "bodies.dat is damaged";

static void encode(uint8_t ret[static RECORD_N], const struct record *e)
{
    ent_put_u64le(ret, e->offset);
    ent_put_u32le(ret + 8, e->n);
    memcpy(ret + 12, e->hash.b, sizeof(e->hash.b));
    ent_put_u32le(ret + CRC_AT, ent_crc32c(0, ent_slice(ret, CRC_AT)));
    ret[THERE_AT] = e->there;
}

/* Bytes in bodies.dat. */
static uint64_t length(const struct record *e)
{
    return e->there == NEVER ? 0 : sizeof(struct ent_salt32) + (uint64_t)e->n;
}

static bool decode(struct record *ret, const uint8_t p[static RECORD_N])
{
    struct ent_cur c = {p, RECORD_N};
    uint32_t crc = 0;
    return ent_cur_u64le(&c, &ret->offset) == ENT_OK && ent_cur_u32le(&c, &ret->n) == ENT_OK &&
           ent_cur_copy(&c, ret->hash.b, sizeof(ret->hash.b)) == ENT_OK &&
           ent_cur_u32le(&c, &crc) == ENT_OK && ent_cur_u8(&c, &ret->there) == ENT_OK &&
           crc == ent_crc32c(0, ent_slice(p, CRC_AT)) &&
           (ret->there == HERE || ret->there == GONE || ret->there == NEVER) &&
           ret->n <= ENT_ACT_BODY_MAX && ret->offset <= INT64_MAX - (uint64_t)ENT_ACT_MAX;
}

static enum ent_err read_record(const struct bodies *b, struct record *ret, struct ent_diag *d,
                                uint64_t index)
{
    uint8_t raw[RECORD_N];
    enum ent_err r = b->disk->read(b->disk->ctx, raw, sizeof(raw), b->idx, RECORD_N * index);
    if (r != ENT_OK)
        return ent_fail(d, r, "cannot read bodies.idx", 0, index);
    return decode(ret, raw) ? ENT_OK : ent_fail(d, ENT_E_AUTH, idx_damaged, 0, index);
}

/* --- opening -----------------------------------------------------------------------------------
 */

enum ent_err bodies_init(struct bodies *b, const struct ent_disk *disk, const char *dir)
{
    *b = (struct bodies){.disk = disk, .loose = true};
    int dat_n = snprintf(b->dat, sizeof(b->dat), "%s/bodies.dat", dir);
    int idx_n = snprintf(b->idx, sizeof(b->idx), "%s/bodies.idx", dir);
    ent_buf_init(&b->dat_more, BATCH_MAX);
    ent_buf_init(&b->idx_more, BATCH_MAX);
    return dat_n < 0 || (size_t)dat_n >= sizeof(b->dat) || idx_n < 0 ||
                   (size_t)idx_n >= sizeof(b->idx)
               ? ENT_E_LIMIT
               : ENT_OK;
}

void bodies_release(struct bodies *b)
{
    ent_buf_wipe(&b->dat_more);
    ent_buf_release(&b->idx_more);
}

enum ent_err bodies_adopt(struct bodies *b, struct ent_diag *d, uint64_t n)
{
    const struct ent_disk *disk = b->disk;
    struct record last = {0};
    uint64_t there = 0, dat = 0;
    enum ent_err r = disk->size(disk->ctx, &there, b->idx);
    if (r == ENT_OK)
        r = disk->size(disk->ctx, &dat, b->dat);
    if (r != ENT_OK)
        return ent_fail(d, r, "cannot read the bodies", 0, 0);
    if (there / RECORD_N < n)
        return ent_fail(d, ENT_E_NOTFOUND, "bodies.idx is too short", 0, there / RECORD_N);
    if (n > 0 && (r = read_record(b, &last, d, n - 1)) != ENT_OK)
        return r;
    if (n > 0 && last.offset + length(&last) > dat)
        return ent_fail(d, ENT_E_NOTFOUND, "bodies.dat is too short", 0, n - 1);
    b->n = n;
    b->dat_n = n == 0 ? 0 : last.offset + length(&last);
    return ENT_OK;
}

enum ent_err bodies_count(struct bodies *b, uint64_t *ret, uint64_t n)
{
    uint64_t there = 0;
    enum ent_err r = b->disk->size(b->disk->ctx, &there, b->idx);
    if (r != ENT_OK)
        return r;
    there /= RECORD_N;
    for (n = n < there ? n : there; n > 0; n--) {
        r = bodies_adopt(b, NULL, n);
        if (r != ENT_E_NOTFOUND && r != ENT_E_AUTH)
            break;
    }
    *ret = n;
    return n == 0 ? bodies_adopt(b, NULL, 0) : r;
}

/* --- the batch ---------------------------------------------------------------------------------
 */

enum ent_err bodies_append(struct bodies *b, const struct ent_salt32 *salt, struct ent_slice body)
{
    struct record e = {.offset = b->dat_n + b->dat_more.n, .there = NEVER};
    uint8_t raw[RECORD_N], *room;
    enum ent_err r;
    if (body.n > ENT_ACT_BODY_MAX)
        return ENT_E_LIMIT;
    if (salt != NULL) {
        e.n = (uint32_t)body.n;
        e.there = HERE;
        ent_commit(&e.hash, salt, body);
    }
    encode(raw, &e);
    if ((r = ent_buf_reserve(&b->dat_more, &room, sizeof(*salt) + body.n)) != ENT_OK ||
        (r = ent_buf_put(&b->idx_more, raw, sizeof(raw))) != ENT_OK)
        return r;
    if (salt != NULL && (ent_buf_put(&b->dat_more, salt->b, sizeof(salt->b)) != ENT_OK ||
                         ent_buf_put_slice(&b->dat_more, body) != ENT_OK))
        ENT_BUG("no room that was reserved");
    return ENT_OK;
}

void bodies_drop(struct bodies *b)
{
    ent_buf_clear(&b->dat_more);
    ent_buf_clear(&b->idx_more);
}

static enum ent_err cut_to(const struct bodies *b, const char *name, uint64_t size)
{
    uint64_t there = 0;
    enum ent_err r = b->disk->size(b->disk->ctx, &there, name);
    return r == ENT_OK && there > size ? b->disk->cut(b->disk->ctx, name, size) : r;
}

enum ent_err bodies_cut(struct bodies *b)
{
    enum ent_err r = cut_to(b, b->dat, b->dat_n);
    return r == ENT_OK ? cut_to(b, b->idx, RECORD_N * b->n) : r;
}

enum ent_err bodies_write(struct bodies *b)
{
    enum ent_err r = ENT_OK;
    if (b->loose && (r = bodies_cut(b)) != ENT_OK)
        return r;
    b->loose = false;
    if (b->dat_more.n > 0)
        r = b->disk->write(b->disk->ctx, b->dat, b->dat_n, ent_buf_slice(&b->dat_more));
    if (r == ENT_OK && b->idx_more.n > 0)
        r = b->disk->write(b->disk->ctx, b->idx, RECORD_N * b->n, ent_buf_slice(&b->idx_more));
    return r;
}

/* These bytes are in the file. */
static enum ent_err reads_as(const struct bodies *b, const char *name, uint64_t offset,
                             struct ent_slice want)
{
    uint8_t got[65536];
    while (want.n > 0) {
        size_t n = want.n < sizeof(got) ? want.n : sizeof(got);
        enum ent_err r = b->disk->read(b->disk->ctx, got, n, name, offset);
        if (r != ENT_OK)
            return r;
        if (memcmp(got, want.p, n) != 0)
            return ENT_E_AUTH;
        offset += n;
        want.p += n;
        want.n -= n;
    }
    return ENT_OK;
}

enum ent_err bodies_sync(struct bodies *b, struct ent_diag *d)
{
    enum ent_err r = ENT_OK;
    if (b->dat_more.n > 0)
        r = b->disk->sync(b->disk->ctx, b->dat);
    if (r == ENT_OK && b->idx_more.n > 0)
        r = b->disk->sync(b->disk->ctx, b->idx);
    if (r != ENT_OK)
        return ent_fail(d, r, "cannot sync the bodies", 0, 0);
    if ((r = reads_as(b, b->dat, b->dat_n, ent_buf_slice(&b->dat_more))) != ENT_OK ||
        (r = reads_as(b, b->idx, RECORD_N * b->n, ent_buf_slice(&b->idx_more))) != ENT_OK)
        return ent_fail(d, r, "the disk gives back other bodies than were written", 0, b->n);
    b->dat_n += b->dat_more.n;
    b->n += b->idx_more.n / RECORD_N;
    bodies_drop(b);
    return ENT_OK;
}

/* --- one of them -------------------------------------------------------------------------------
 */

enum ent_err bodies_get(struct bodies *b, struct ent_salt32 *ret_salt, struct ent_buf *body,
                        struct ent_diag *d, uint64_t index)
{
    struct ent_salt32 salt;
    struct ent_hash32 hash;
    struct record e = {0};
    uint8_t *to;
    enum ent_err r;
    if (index >= b->n)
        return ent_fail(d, ENT_E_NOTFOUND, "no such body", 0, index);
    if ((r = read_record(b, &e, d, index)) != ENT_OK)
        return r;
    if (e.there != HERE)
        return ent_fail(d, ENT_E_NOTFOUND, "the body is not here any more", 0, index);
    if ((r = ent_buf_reserve(body, &to, e.n)) != ENT_OK)
        return ent_fail(d, r, "no room for a body", 0, index);
    r = b->disk->read(b->disk->ctx, salt.b, sizeof(salt.b), b->dat, e.offset);
    if (r == ENT_OK && e.n > 0)
        r = b->disk->read(b->disk->ctx, to, e.n, b->dat, e.offset + sizeof(salt.b));
    if (r == ENT_E_NOTFOUND)
        return ent_fail(d, ENT_E_AUTH, dat_damaged, 0, index);
    if (r != ENT_OK)
        return ent_fail(d, r, "cannot read bodies.dat", 0, index);
    ent_commit(&hash, &salt, ent_slice(to, e.n));
    if (memcmp(hash.b, e.hash.b, sizeof(hash.b)) != 0)
        return ent_fail(d, ENT_E_AUTH, dat_damaged, 0, index);
    body->n += e.n;
    *ret_salt = salt;
    return ENT_OK;
}

static enum ent_err overwrite(struct bodies *b, const struct record *e)
{
    static const uint8_t zeros[sizeof(struct ent_salt32) + ENT_ACT_BODY_MAX];
    uint64_t n = length(e);
    enum ent_err r = ENT_OK;
    if (n == 0)
        return ENT_OK;
    r = b->disk->write(b->disk->ctx, b->dat, e->offset, ent_slice(zeros, (size_t)n));
    return r == ENT_OK ? b->disk->sync(b->disk->ctx, b->dat) : r;
}

enum ent_err bodies_erase(struct bodies *b, struct ent_diag *d, uint64_t index)
{
    static const uint8_t gone = GONE;
    struct record e = {0};
    enum ent_err r;
    if (index >= b->n)
        return ent_fail(d, ENT_E_NOTFOUND, "no such body", 0, index);
    if ((r = read_record(b, &e, d, index)) != ENT_OK)
        return r;
    if (e.there == HERE) {
        r = b->disk->write(b->disk->ctx, b->idx, RECORD_N * index + THERE_AT, ent_slice(&gone, 1));
        if (r == ENT_OK)
            r = b->disk->sync(b->disk->ctx, b->idx);
    }
    if (r == ENT_OK)
        r = overwrite(b, &e); /* also after a crash in between */
    return r == ENT_OK ? r : ent_fail(d, r, "cannot erase a body", 0, index);
}

/* --- all of them -------------------------------------------------------------------------------
 */

static enum ent_err is_erased(struct bodies *b, const struct record *e)
{
    uint8_t got[4096];
    uint64_t at = e->offset, end = at + length(e);
    while (at < end) {
        size_t n = end - at < sizeof(got) ? (size_t)(end - at) : sizeof(got);
        enum ent_err r = b->disk->read(b->disk->ctx, got, n, b->dat, at);
        if (r != ENT_OK)
            return r == ENT_E_NOTFOUND ? ENT_E_AUTH : r;
        for (size_t i = 0; i < n; i++)
            if (got[i] != 0)
                return ENT_E_AUTH;
        at += n;
    }
    return ENT_OK;
}

enum ent_err bodies_check(struct bodies *b, struct ent_diag *d, bool *ret_idx, uint64_t *ret_index)
{
    struct ent_salt32 salt;
    struct ent_buf body;
    uint64_t offset = 0;
    enum ent_err r = ENT_OK;
    ent_buf_init(&body, ENT_ACT_BODY_MAX);
    for (uint64_t i = 0; i < b->n && r == ENT_OK; i++) {
        struct record e = {0};
        *ret_index = i;
        *ret_idx = true;
        if ((r = read_record(b, &e, d, i)) != ENT_OK)
            break;
        if (e.offset != offset)
            r = ent_fail(d, ENT_E_AUTH, idx_damaged, 0, i);
        offset += length(&e);
        if (r != ENT_OK)
            break;
        *ret_idx = false;
        ent_buf_clear(&body);
        if (e.there == HERE)
            r = bodies_get(b, &salt, &body, d, i);
        else if ((r = is_erased(b, &e)) != ENT_OK)
            r = ent_fail(d, r, "bodies.dat holds something of a body that was erased", 0, i);
    }
    ent_buf_wipe(&body);
    return r;
}
