/* guard_edit.c: how far two words are apart, and by which mistakes. */
#include "watch/watch.h"
#include "watch/guard_in.h"

#define SIDE (GUARD_KEY + GUARD_EDITS + 1)

/* table. The keys beside each letter on a QWERTY keyboard, all in folded letters (fold_one()): i
 * and 1 are l, q is g there. */
static const char *const beside[26] = {
    "gwsz",   "vghn", "xdfv", "erfcxs", "wrdsf", "drtgvc", "ftyhbvwa", "gyujbn", "kujmn",
    "uhkmn",  "jlom", "kopu", "nkj",    "bhjm",  "lpk",    "ol",       "wa",     "edft",
    "awedxz", "rfgy", "yhjl", "cfgb",   "gase",  "zsdc",   "tghu",     "asx",
};

/* table. Pairs that are drawn nearly alike; what is drawn alike is folded. */
static const char *const resemble[] = {"ce", "uv", "hn", "bh", "ft", "jl", "lt", "vy",
                                       "sz", "gy", "co", "eo", "nr", "mn", "vw", "lf"};

static bool in(const char *set, char c)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_beside(char a, char b)
{
    return (a >= 'a' && a <= 'z' && in(beside[a - 'a'], b)) ||
           (b >= 'a' && b <= 'z' && in(beside[b - 'a'], a));
}

static enum ent_guard_reason replaced(char a, char b)
{
    unsigned bits = (uint8_t)a ^ (uint8_t)b;
    for (size_t i = 0; i < sizeof(resemble) / sizeof(resemble[0]); i++)
        if (in(resemble[i], a) && in(resemble[i], b))
            return ENT_GUARD_GLYPH;
    if (is_beside(a, b))
        return ENT_GUARD_KEY;
    return (bits & (bits - 1)) == 0 ? ENT_GUARD_BIT : ENT_GUARD_REPLACED;
}

/* A letter of b, at i, that a lacks. */
static enum ent_guard_reason added(struct ent_slice b, size_t i)
{
    bool twice = (i > 0 && b.p[i - 1] == b.p[i]) || (i + 1 < b.n && b.p[i + 1] == b.p[i]);
    return twice ? ENT_GUARD_DOUBLED : ENT_GUARD_ADDED;
}

static bool is_swap(struct ent_slice a, struct ent_slice b, size_t i, size_t k)
{
    return i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1];
}

/* Which edits lead through the matrix. */
static uint32_t trace(uint8_t d[static SIDE][SIDE], struct ent_slice a, struct ent_slice b)
{
    uint32_t how = 0;
    ENT_ASSERT(a.n < SIDE && b.n < SIDE);
    for (size_t i = a.n, k = b.n; i > 0 || k > 0;) {
        if (i > 0 && k > 0 && a.p[i - 1] == b.p[k - 1] && d[i][k] == d[i - 1][k - 1]) {
            i--, k--;
        } else if (is_swap(a, b, i, k) && d[i][k] == d[i - 2][k - 2] + 1) {
            how |= ENT_GUARD_SWAPPED;
            i -= 2, k -= 2;
        } else if (i > 0 && k > 0 && d[i][k] == d[i - 1][k - 1] + 1) {
            how |= replaced((char)a.p[i - 1], (char)b.p[k - 1]);
            i--, k--;
        } else if (i > 0 && d[i][k] == d[i - 1][k] + 1) {
            how |= ENT_GUARD_DROPPED;
            i--;
        } else if (k > 0) {
            how |= added(b, k - 1);
            k--;
        } else {
            ENT_BUG("a matrix without a way back");
        }
    }
    return how;
}

static uint8_t least(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

unsigned ent_guard_distance(uint32_t *ret_how, struct ent_slice a, struct ent_slice b, unsigned max)
{
    uint8_t d[SIDE][SIDE] = {{0}};
    if (a.n >= SIDE || b.n >= SIDE || a.n > b.n + max || b.n > a.n + max)
        return max + 1;
    for (size_t i = 0; i <= a.n; i++)
        d[i][0] = (uint8_t)i;
    for (size_t k = 0; k <= b.n; k++)
        d[0][k] = (uint8_t)k;
    for (size_t i = 1; i <= a.n; i++) {
        uint8_t row = d[i][0];
        for (size_t k = 1; k <= b.n; k++) {
            uint8_t v = least((uint8_t)(d[i - 1][k] + 1), (uint8_t)(d[i][k - 1] + 1));
            v = least(v, (uint8_t)(d[i - 1][k - 1] + (a.p[i - 1] != b.p[k - 1])));
            if (is_swap(a, b, i, k))
                v = least(v, (uint8_t)(d[i - 2][k - 2] + 1));
            d[i][k] = v;
            row = least(row, v);
        }
        if (row > max + 1) /* an exchange may reach back over one row */
            return max + 1;
    }
    unsigned n = d[a.n][b.n];
    if (n <= max)
        *ret_how = trace(d, a, b);
    return n <= max ? n : max + 1;
}
