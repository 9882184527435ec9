/*
 * image.c: writing a sealed set to a file, and using it from there.
 *
 * A header of fixed size, the arrays one after another at multiples of 64 bytes, and a tag:
 * Poly1305 over all before it, under a key made of the home's key and the header, which holds a
 * nonce. One pass at 2 GB/s decides about the whole file before any of it is believed. The mapping
 * is not protected from whoever can write to the file afterwards, so that nothing found in it is
 * used as a place or a length unchecked (set.c).
 */
#include "watch/watch.h"
#include "watch/set.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAGIC      "entente/image@v1"
#define HEADER     512u
#define PARTS_AT   112u /* the parts: place and bytes of each */
#define PARTS_MAX  8u
#define SCALARS_AT 240u
#define ALIGN      64u
#define TAG        crypto_onetimeauth_BYTES
#define ORDER      0x01020304u
#define CHUNK      8192u            /* slots at once */
#define IMAGE_MAX  ((off_t)1 << 33) /* records of 4 GiB, and as much for the rest */

#define SCALAR(field)                                                                              \
    {                                                                                              \
        offsetof(struct ent_watch, field), sizeof(((struct ent_watch *)NULL)->field)               \
    }

/* What stands in the header as it stands in memory. table */
static const struct {
    size_t at, n;
} scalars[] = {
    SCALAR(count), SCALAR(of_type), SCALAR(types), SCALAR(net4),
    SCALAR(net6),  SCALAR(key),     SCALAR(fkey),  SCALAR(starts),
};

/* The arrays that stand behind the header and the records, as they stand in memory but for the
 * places in slots. Each has 2^n elements, within bounds, and a field in the set keeps what confines
 * looks into it: a mask, or by how much an address is shifted. table */
static const struct {
    size_t at;              /* of the pointer */
    size_t unit;            /* bytes of an element */
    size_t field;           /* where the field is */
    bool shift;             /* it is 26 - n of 32-bit numbers, not 2^n - 1 */
    unsigned char min, max; /* of n */
    bool may_be_none;       /* and the pointer NULL */
} arrays[] = {
    {offsetof(struct ent_watch, slot), sizeof(struct ent_watch_slot),
     offsetof(struct ent_watch, mask), false, 0, 32, true},
    {offsetof(struct ent_watch, rest.block), sizeof(uint64_t),
     offsetof(struct ent_watch, rest.mask), false, 0, 32, false},
    {offsetof(struct ent_watch, tail.block), sizeof(uint64_t),
     offsetof(struct ent_watch, tail.mask), false, 0, 32, false},
    {offsetof(struct ent_watch, v4.word), sizeof(uint64_t), offsetof(struct ent_watch, v4.shift),
     true, 10, 18, false},
};
#define ARRAYS (sizeof(arrays) / sizeof(arrays[0]))
#define SLOTS  0u /* the array whose places change */

_Static_assert(ARRAYS + 1 <= PARTS_MAX, "more parts than the header has room for");
_Static_assert(sizeof(size_t) == 8 && sizeof(((struct ent_watch *)NULL)->rest.mask) == 8,
               "masks are read and written as eight bytes");

struct part {
    uint64_t at, n;
};

/* The records, then the arrays. */
struct layout {
    struct part part[1 + ARRAYS];
    uint64_t bytes; /* of the whole file */
};

static uint64_t get64(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void put_part(struct layout *l, size_t i, uint64_t n)
{
    l->part[i] = (struct part){l->bytes, n};
    l->bytes += (n + ALIGN - 1) / ALIGN * ALIGN;
}

static uint64_t elements(const struct ent_watch *w, size_t i)
{
    const char *field = (const char *)w + arrays[i].field;
    unsigned shift;
    uint64_t mask;
    if (arrays[i].shift) {
        memcpy(&shift, field, sizeof(shift));
        return (uint64_t)1 << (26 - shift);
    }
    memcpy(&mask, field, sizeof(mask));
    return mask + 1;
}

static void set_elements(struct ent_watch *w, size_t i, uint64_t n)
{
    char *field = (char *)w + arrays[i].field;
    const unsigned shift = 26 - (unsigned)__builtin_ctzll(n);
    const uint64_t mask = n - 1;
    if (arrays[i].shift)
        memcpy(field, &shift, sizeof(shift));
    else
        memcpy(field, &mask, sizeof(mask));
}

/* --- writing ------------------------------------------------------------------------------------
 */

static struct layout lay_out(const struct ent_watch *w)
{
    struct layout l = {.bytes = HEADER};
    uint64_t n = 0;
    for (size_t i = 0; i < w->blocks; i++)
        n += w->block[i].n;
    put_part(&l, 0, n);
    for (size_t i = 0; i < ARRAYS; i++) {
        const void *p;
        memcpy(&p, (const char *)w + arrays[i].at, sizeof(p));
        put_part(&l, 1 + i, p == NULL ? 0 : elements(w, i) * arrays[i].unit);
    }
    l.bytes += TAG;
    return l;
}

static void make_header(uint8_t ret[static HEADER], const struct ent_watch *w,
                        const struct layout *l, const struct ent_image_facts *facts)
{
    const uint32_t order = ORDER;
    size_t at = SCALARS_AT;
    memset(ret, 0, HEADER);
    memcpy(ret, MAGIC, 16);
    memcpy(ret + 16, &order, sizeof(order));
    ent_put_u32le(ret + 20, HEADER);
    ent_put_u64le(ret + 24, l->bytes);
    ent_random(ret + 32, 32);
    memcpy(ret + 64, facts->mark, sizeof(facts->mark));
    ent_put_u64le(ret + 80, (uint64_t)facts->built);
    ent_put_u64le(ret + 88, ent_watch_proof(w));
    for (size_t i = 0; i < 1 + ARRAYS; i++) {
        ent_put_u64le(ret + PARTS_AT + 16 * i, l->part[i].at);
        ent_put_u64le(ret + PARTS_AT + 16 * i + 8, l->part[i].n);
    }
    for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); at += scalars[i++].n) {
        ENT_ASSERT(at + scalars[i].n <= HEADER);
        memcpy(ret + at, (const char *)w + scalars[i].at, scalars[i].n);
    }
}

/* The tag's key: one for each image, because the header holds 32 random bytes. */
static void start_tag(crypto_onetimeauth_state *st, const uint8_t header[static HEADER],
                      const struct ent_seed32 *key)
{
    uint8_t once[crypto_onetimeauth_KEYBYTES];
    (void)crypto_generichash(once, sizeof(once), header, HEADER, key->b, sizeof(key->b));
    (void)crypto_onetimeauth_init(st, once);
    ent_wipe(once, sizeof(once));
}

struct writer {
    FILE *f;
    crypto_onetimeauth_state tag;
    uint64_t at;
    bool failed;
};

static void put(struct writer *out, const void *p, size_t n)
{
    if (n == 0 || out->failed)
        return;
    (void)crypto_onetimeauth_update(&out->tag, p, n);
    out->failed = fwrite(p, 1, n, out->f) != n;
    out->at += n;
}

static void pad(struct writer *out)
{
    static const uint8_t zero[ALIGN];
    put(out, zero, (ALIGN - out->at % ALIGN) % ALIGN);
}

/* In the file, records follow one another without the gaps that blocks have in memory. */
static enum ent_err put_slots(struct writer *out, const struct ent_watch *w)
{
    uint32_t *base = calloc(w->blocks + 1, sizeof(*base));
    struct ent_watch_slot *some = malloc(CHUNK * sizeof(*some));
    enum ent_err r = base == NULL || some == NULL ? ENT_E_NOMEM : ENT_OK;
    for (size_t i = 0; i < w->blocks && r == ENT_OK; i++)
        base[i + 1] = base[i] + w->block[i].n;
    for (size_t i = 0, k = 0; w->slot != NULL && i <= w->mask && r == ENT_OK; i++) {
        struct ent_watch_slot s = w->slot[i];
        if (s.at != 0)
            s.at = base[(s.at - 1) >> ENT_WATCH_BLOCK_SHIFT] +
                   ((s.at - 1) & (uint32_t)(ENT_WATCH_BLOCK_MAX - 1)) + 1;
        some[k++] = s;
        if (k == CHUNK || i == w->mask) {
            put(out, some, k * sizeof(*some));
            k = 0;
        }
    }
    free(some);
    free(base);
    return r;
}

static enum ent_err put_all(struct writer *out, const struct ent_watch *w, const struct layout *l,
                            const uint8_t header[static HEADER])
{
    uint8_t tag[TAG];
    enum ent_err r = ENT_OK;
    put(out, header, HEADER);
    for (size_t i = 0; i < w->blocks; i++)
        put(out, w->block[i].b, w->block[i].n);
    pad(out);
    for (size_t i = 0; i < ARRAYS && r == ENT_OK; i++) {
        const void *p;
        memcpy(&p, (const char *)w + arrays[i].at, sizeof(p));
        ENT_ASSERT(out->failed || out->at == l->part[1 + i].at);
        if (i == SLOTS)
            r = put_slots(out, w);
        else
            put(out, p, l->part[1 + i].n);
        pad(out);
    }
    (void)crypto_onetimeauth_final(&out->tag, tag);
    if (r == ENT_OK && (out->failed || fwrite(tag, 1, TAG, out->f) != TAG))
        r = ent_err_from_errno(errno);
    return r;
}

enum ent_err ent_image_put(const struct ent_watch *w, FILE *f, const struct ent_seed32 *key,
                           const struct ent_image_facts *facts)
{
    uint8_t header[HEADER];
    struct writer out = {.f = f};
    struct layout l = lay_out(w);
    make_header(header, w, &l, facts);
    start_tag(&out.tag, header, key);
    enum ent_err r = put_all(&out, w, &l, header);
    ent_wipe(&out.tag, sizeof(out.tag));
    return r;
}

enum ent_err ent_image_write(const struct ent_watch *w, struct ent_diag *d, const char *path,
                             const struct ent_seed32 *key, const struct ent_image_facts *facts)
{
    struct ent_file_out o;
    if (!w->sealed || w->in_file)
        return ent_fail(d, ENT_E_STATE, "not a set that was sealed here", 0, 0);
    enum ent_err r = ent_file_out_start(&o, path, 0600, d);
    if (r != ENT_OK)
        return r;
    if ((r = ent_image_put(w, o.f, key, facts)) != ENT_OK) {
        r = r == ENT_E_NOMEM ? ent_fail(d, r, "out of memory", 0, 0)
                             : ent_fail_sys(d, "cannot write");
        ent_file_out_abort(&o);
    } else {
        r = ent_file_out_finish(&o, d);
    }
    return r;
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* Whether these bytes are an image at all, and one of this program and machine. */
static enum ent_err check_start(struct ent_diag *d, struct ent_slice file)
{
    uint32_t order;
    if (!ent_slice_starts(file, ENT_SLICE_LIT(MAGIC)))
        return ent_fail(d, ENT_E_FORMAT, "not an image of indicators", 0, 0);
    if (file.n < HEADER + TAG)
        return ent_fail(d, ENT_E_FORMAT, "cut off", 0, file.n);
    memcpy(&order, file.p + 16, sizeof(order));
    if (order != ORDER)
        return ent_fail(d, ENT_E_UNSUPPORTED, "made on a machine with another order of bytes", 0,
                        0);
    if (get64(file.p + 24) != file.n)
        return ent_fail(d, ENT_E_FORMAT, "not as long as it says: cut off?", 0, file.n);
    return ENT_OK;
}

static enum ent_err check_tag(struct ent_diag *d, struct ent_slice file,
                              const struct ent_seed32 *key)
{
    crypto_onetimeauth_state st;
    uint8_t tag[TAG];
    start_tag(&st, file.p, key);
    (void)crypto_onetimeauth_update(&st, file.p, file.n - TAG);
    (void)crypto_onetimeauth_final(&st, tag);
    if (sodium_memcmp(tag, file.p + file.n - TAG, TAG) != 0)
        return ent_fail(d, ENT_E_AUTH, "damaged, or not made with this key", 0, 0);
    return ENT_OK;
}

/* Parts follow one another and fill the file; the rest of the directory is zero. */
static bool read_layout(struct layout *ret, struct ent_slice file)
{
    *ret = (struct layout){.bytes = HEADER};
    for (size_t i = 0; i < PARTS_MAX; i++) {
        uint64_t at = get64(file.p + PARTS_AT + 16 * i), n = get64(file.p + PARTS_AT + 16 * i + 8);
        if (i > ARRAYS) {
            if (at != 0 || n != 0)
                return false;
            continue;
        }
        if (at != ret->bytes || n > file.n - TAG - at)
            return false;
        put_part(ret, i, n);
        if (ret->bytes > file.n - TAG)
            return false;
    }
    return ret->bytes == file.n - TAG;
}

static bool take_arrays(struct ent_watch *w, const struct layout *l, struct ent_slice file)
{
    for (size_t i = 0; i < ARRAYS; i++) {
        uint64_t n = l->part[1 + i].n / arrays[i].unit;
        const void *p = file.p + l->part[1 + i].at;
        if (l->part[1 + i].n == 0 && arrays[i].may_be_none)
            continue;
        if (l->part[1 + i].n % arrays[i].unit != 0 || (n & (n - 1)) != 0 ||
            n >> arrays[i].min == 0 || n >> arrays[i].max > 1)
            return false;
        memcpy((char *)w + arrays[i].at, &p, sizeof(p));
        set_elements(w, i, n);
    }
    return true;
}

/* Blocks that follow one another; a record may begin in one and end in the next. */
static enum ent_err take_records(struct ent_watch *w, struct ent_slice records)
{
    if (records.n >= UINT32_MAX)
        return ENT_E_LIMIT;
    size_t n = (records.n + ENT_WATCH_BLOCK_MAX - 1) / ENT_WATCH_BLOCK_MAX;
    if ((w->block = calloc(n + 1, sizeof(*w->block))) == NULL)
        return ENT_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        size_t rest = records.n - i * ENT_WATCH_BLOCK_MAX;
        if (rest > 2 * ENT_WATCH_BLOCK_MAX)
            rest = 2 * ENT_WATCH_BLOCK_MAX;
        /* Never written to: the set is sealed. */
        w->block[i].b = (uint8_t *)(uintptr_t)records.p + i * ENT_WATCH_BLOCK_MAX;
        w->block[i].n = w->block[i].cap = (uint32_t)rest;
    }
    w->blocks = w->block_cap = n;
    return ENT_OK;
}

static bool plausible(const struct ent_watch *w)
{
    uint64_t sum = 0;
    if ((w->types & ~ENT_OBS_ALL) != 0)
        return false;
    for (int t = 0; t < ENT_OBS_TYPES; t++) {
        if ((w->of_type[t] != 0) != ((w->types & ENT_OBS_BIT(t)) != 0) || w->of_type[t] > w->count)
            return false;
        sum += w->of_type[t];
    }
    return sum == w->count && (w->slot == NULL ? w->count == 0 : w->count <= w->mask);
}

enum ent_err ent_image_parse(struct ent_watch **ret, struct ent_diag *d, struct ent_slice file)
{
    struct layout l;
    size_t at = SCALARS_AT;
    enum ent_err r = check_start(d, file);
    if (r != ENT_OK)
        return r;
    if (!read_layout(&l, file))
        return ent_fail(d, ENT_E_UNSUPPORTED, "made by another version of entente", 0, PARTS_AT);
    struct ent_watch *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    w->sealed = w->in_file = true;
    w->image = (struct ent_image_facts){.bytes = file.n, .built = (int64_t)get64(file.p + 80)};
    memcpy(w->image.mark, file.p + 64, sizeof(w->image.mark));
    for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); at += scalars[i++].n)
        memcpy((char *)w + scalars[i].at, file.p + at, scalars[i].n);
    r = take_records(w, ent_slice(file.p + l.part[0].at, l.part[0].n));
    if (r != ENT_OK)
        r = ent_fail(d, r, "more records than an image can have, or out of memory", 0, 0);
    else if (!take_arrays(w, &l, file) || !plausible(w))
        r = ent_fail(d, ENT_E_FORMAT, "malformed image", 0, 0);
    else if (get64(file.p + 88) != ent_watch_proof(w))
        r = ent_fail(d, ENT_E_UNSUPPORTED, "made by another version of entente", 0, 0);
    if (r != ENT_OK) {
        ent_watch_free(w);
        return r;
    }
    *ret = w;
    return ENT_OK;
}

/* A file that nobody can change but whoever we trust anyway: us, and root. A root that looks into
 * somebody's home trusts that somebody. */
static enum ent_err open_file(int *ret_fd, struct stat *ret, struct ent_diag *d, const char *path)
{
    struct stat st;
    enum ent_err r = ENT_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return ent_fail_sys(d, "cannot open");
    if (fstat(fd, &st) != 0)
        r = ent_fail_sys(d, "cannot open");
    else if (!S_ISREG(st.st_mode))
        r = ent_fail(d, ENT_E_FORMAT, "not a file", 0, 0);
    else if (st.st_size > IMAGE_MAX)
        r = ent_fail(d, ENT_E_LIMIT, "larger than an image can be", 0, 0);
    else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
             (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0))
        r = ent_fail(d, ENT_E_AUTH, "others may write to it: its mode must be 0600, its owner you",
                     0, 0);
    if (r != ENT_OK) {
        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    *ret = st;
    return ENT_OK;
}

enum ent_err ent_image_open(struct ent_watch **ret, struct ent_diag *d, const char *path,
                            const struct ent_seed32 *key)
{
    int fd = -1;
    struct stat st = {0};
    enum ent_err r = ent_secret_start(); /* harmless when the program did so already */
    if (r != ENT_OK || (r = open_file(&fd, &st, d, path)) != ENT_OK)
        return r;
    size_t n = (size_t)st.st_size;
    /* Populated at once: all of it is read below. */
    void *map = n == 0 ? MAP_FAILED : mmap(NULL, n, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (map == MAP_FAILED)
        r = n == 0 ? ent_fail(d, ENT_E_FORMAT, "empty", 0, 0) : ent_fail_sys(d, "cannot map");
    (void)close(fd);
    if (r != ENT_OK)
        return r;
    struct ent_slice file = ent_slice(map, n);
    if ((r = check_start(d, file)) != ENT_OK || (r = check_tag(d, file, key)) != ENT_OK ||
        (r = ent_image_parse(ret, d, file)) != ENT_OK) {
        (void)munmap(map, n);
        return r;
    }
    (*ret)->map = map;
    (*ret)->map_n = n;
    (*ret)->image.dev = st.st_dev;
    (*ret)->image.ino = st.st_ino;
    return ENT_OK;
}

const struct ent_image_facts *ent_image_facts_of(const struct ent_watch *w)
{
    return w->in_file ? &w->image : NULL;
}

/* --- looking into it ----------------------------------------------------------------------------
 */

bool ent_image_holds(const struct ent_watch *w, const struct ent_observable *o, uint64_t id)
{
    uint8_t key[ENT_OBS_MAX];
    uint64_t found;
    size_t n;
    return ent_watch_key(key, &n, o) == ENT_OK &&
           ent_watch_find(w, o->type, ent_slice(key, n), &found) && found == id;
}

enum ent_err ent_image_check(const struct ent_watch *w, struct ent_diag *d)
{
    uint64_t of_type[ENT_OBS_TYPES] = {0}, id, at = 0;
    struct ent_watch_record rec;
    if (!w->in_file)
        return ent_fail(d, ENT_E_STATE, "not an image", 0, 0);
    for (; ent_watch_record(w, &rec, (uint32_t)at + 1); at += rec.n) {
        if (rec.type == 0 || rec.type >= ENT_OBS_TYPES || !ent_watch_key_is(rec.type, rec.key))
            return ent_fail(d, ENT_E_FORMAT, "a record of no known type", 0, at);
        if (!ent_watch_find(w, rec.type, rec.key, &id) || id != rec.id)
            return ent_fail(d, ENT_E_FORMAT, "a record that is not found", 0, at);
        of_type[rec.type]++;
    }
    if (memcmp(of_type, w->of_type, sizeof(of_type)) != 0)
        return ent_fail(d, ENT_E_FORMAT, "not as many records as it says", 0, at);
    return ENT_OK;
}
