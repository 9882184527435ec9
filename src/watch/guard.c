/*
 * guard.c: protected names in, answers out. What is added is turned into keys here: folded words
 * that a lookalike has to contain, or nearly so.
 */
#include "watch/watch.h"
#include "watch/guard_in.h"

#include <libpsl.h>
#include <unicode/uloc.h>

#define DEFAULT_MAX  ((size_t)256 << 20)
#define TEXT_MAX     ((size_t)1 << 30) /* places in it are 32 bits */
#define SAME_KEY_MAX 8u                /* protected names that share a brand and are told apart */
#define DISPLAY_MAX  255u
#define DISPLAY_KEY  6u /* a name for people that is shorter says too little */

enum ent_err ent_guard_new(struct ent_guard **ret, size_t max_bytes)
{
    enum ent_err r = ent_secret_start();
    if (r != ENT_OK)
        return r;
    size_t max = max_bytes == 0 ? DEFAULT_MAX : max_bytes;
    struct ent_guard *g = max < sizeof(*g) ? NULL : calloc(1, sizeof(*g));
    if (g == NULL)
        return max < sizeof(*g) ? ENT_E_LIMIT : ENT_E_NOMEM;
    g->max = max;
    g->used = sizeof(*g);
    ent_buf_init(&g->text, max < TEXT_MAX ? max : TEXT_MAX);
    ent_random(g->key, sizeof(g->key));
    ent_random(&g->mul, sizeof(g->mul));
    ent_random(&g->mix, sizeof(g->mix));
    g->mul |= 1;
    g->mix |= 1;
    if ((r = ent_guard_start(g)) != ENT_OK) {
        ent_guard_free(g);
        return r;
    }
    *ret = g;
    return ENT_OK;
}

void ent_guard_free(struct ent_guard *g)
{
    if (g == NULL)
        return;
    ent_buf_release(&g->text);
    free(g->site);
    free(g->keyed);
    free(g->own);
    free(g->slot);
    free(g->own_slot);
    free(g->bait_slot);
    free(g->exact.w);
    free(g->near.w);
    free(g->bait.w);
    free(g->mine.w);
    free(g);
}

size_t ent_guard_count(const struct ent_guard *g)
{
    return g->sites;
}

/* --- filling ------------------------------------------------------------------------------------
 */

/* Room for one more of an array. */
static enum ent_err grow(struct ent_guard *g, void *array, size_t n, size_t *cap, size_t size)
{
    void *old, *more = NULL;
    size_t had = *cap, want = had == 0 ? 16 : 2 * had;
    if (n < had)
        return ENT_OK;
    if (want > UINT32_MAX / 2)
        return ENT_E_LIMIT;
    enum ent_err r = ent_guard_take(g, &more, want * size);
    if (r != ENT_OK)
        return r;
    memcpy(&old, array, sizeof(old));
    if (n > 0)
        memcpy(more, old, n * size);
    free(old);
    g->used -= had * size;
    memcpy(array, &more, sizeof(more));
    *cap = want;
    return ENT_OK;
}

static enum ent_err put_text(struct ent_guard *g, uint32_t *ret, struct ent_slice s)
{
    *ret = (uint32_t)g->text.n;
    if (g->text.cap + s.n > g->max - g->used)
        return ENT_E_LIMIT;
    return ent_buf_put_slice(&g->text, s);
}

void ent_guard_split(struct ent_slice name, bool icann, size_t *ret_reg, size_t *ret_suffix)
{
    char text[254];
    const psl_ctx_t *psl = psl_builtin();
    size_t at = 0, before = 0;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    while (at < name.n) {
        /* Without a list the last label is the suffix, as it is for what no list knows. */
        if (psl != NULL &&
            psl_is_public_suffix2(psl, text + at, icann ? PSL_TYPE_ICANN : PSL_TYPE_ANY) != 0)
            break;
        const char *dot = strchr(text + at, '.');
        if (dot == NULL)
            break;
        before = at;
        at = (size_t)(dot + 1 - text);
    }
    if (at == 0) {
        const char *dot = strchr(text, '.');
        at = dot == NULL ? name.n : (size_t)(dot + 1 - text);
    }
    *ret_reg = before;
    *ret_suffix = at;
}

/* What the display name or a name comes to, as a key. raw is kept only where it differs. */
static enum ent_err put_key(struct ent_guard *g, enum ent_guard_kind kind, struct ent_slice text)
{
    struct ent_guard_text t;
    unsigned same = 0;
    enum ent_err r;
    ent_guard_fold(&t, text);
    struct ent_slice fold = ent_slice(t.fold, t.n);
    if (t.n == 0 || t.n > GUARD_KEY)
        return ENT_OK;
    for (size_t i = 0; i < g->keys; i++)
        if (ent_slice_eq(ent_guard_key_fold(g, &g->keyed[i]), fold)) {
            if (g->keyed[i].site == g->sites || ++same == SAME_KEY_MAX)
                return ENT_OK;
        }
    if ((r = grow(g, &g->keyed, g->keys, &g->key_cap, sizeof(*g->keyed))) != ENT_OK)
        return r;
    struct ent_guard_key k = {.n = (uint8_t)t.n,
                              .raw_n = (uint8_t)(t.raw_n > 255 ? 255 : t.raw_n),
                              .kind = (uint8_t)kind,
                              .common = (uint8_t)ent_guard_is_common(ent_slice(t.raw, t.raw_n)),
                              .site = (uint32_t)g->sites};
    if ((r = put_text(g, &k.fold, fold)) != ENT_OK ||
        (r = put_text(g, &k.raw, ent_slice(t.raw, k.raw_n))) != ENT_OK)
        return r;
    if (ent_guard_is_bait(g, fold) != GUARD_NOTHING)
        k.common = GUARD_COMMON;
    g->keyed[g->keys++] = k;
    return ENT_OK;
}

/* Letters and digits alone, lower case. */
static size_t letters(char *ret, size_t cap, struct ent_slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < cap; i++) {
        uint8_t c = s.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            ret[n++] = (char)c;
        else if (c >= 'A' && c <= 'Z')
            ret[n++] = (char)(c | 0x20);
    }
    return n;
}

/* The country behind a two-letter top-level domain, in English, folded. */
static enum ent_err put_country(struct ent_guard *g, struct ent_guard_site *site,
                                struct ent_slice top)
{
    struct ent_guard_text t;
    char locale[8], ascii[64];
    UChar wide[64];
    UErrorCode e = U_ZERO_ERROR;
    bool american = ent_slice_eq(top, ENT_SLICE_LIT("gov"));
    if (top.n != 2 && !american)
        return ENT_OK;
    (void)snprintf(locale, sizeof(locale), "und_%.2s", american ? "us" : (const char *)top.p);
    if (top.n == 2 && memcmp(top.p, "uk", 2) == 0)
        (void)snprintf(locale, sizeof(locale), "und_gb");
    int32_t n = uloc_getDisplayCountry(locale, "en", wide, 64, &e);
    if (U_FAILURE(e) || n <= 0)
        return ENT_OK;
    for (int32_t i = 0; i < n && i < 64; i++)
        ascii[i] = wide[i] < 0x80 ? (char)wide[i] : ' ';
    size_t k = letters(ascii, sizeof(ascii), ent_slice(ascii, (size_t)(n < 64 ? n : 64)));
    ent_guard_fold(&t, ent_slice(ascii, k));
    site->country_n = (uint8_t)t.n;
    return put_text(g, &site->country, ent_slice(t.fold, t.n));
}

/* "mofa.gov.pk" is also known as "mofa.gov". */
static enum ent_err put_state_key(struct ent_guard *g, struct ent_slice reg,
                                  struct ent_slice suffix)
{
    const uint8_t *dot = memchr(suffix.p, '.', suffix.n);
    if (dot == NULL || !ent_guard_is_closed(suffix))
        return ENT_OK;
    return put_key(g, GUARD_REG_KEY, ent_slice(reg.p, (size_t)(dot - reg.p)));
}

/* Long enough, and neither a label that states and registries use nor a number. */
static bool is_brand(const struct ent_guard_text *t)
{
    size_t digits = 0;
    for (size_t i = 0; i < t->raw_n; i++)
        digits += t->raw[i] >= '0' && t->raw[i] <= '9';
    return t->n >= GUARD_BRAND && digits < t->raw_n &&
           !ent_guard_is_generic(ent_slice(t->fold, t->n));
}

static enum ent_err put_keys(struct ent_guard *g, struct ent_slice name, struct ent_slice display,
                             const struct ent_guard_site *site)
{
    char text[256];
    struct ent_guard_text brand;
    struct ent_slice reg = ent_slice(name.p + site->reg, name.n - site->reg);
    struct ent_slice suffix = ent_slice(name.p + site->suffix, name.n - site->suffix);
    struct ent_slice label = ent_slice(reg.p, reg.n - suffix.n - (suffix.n > 0));
    struct ent_slice full = name;
    enum ent_err r;
    if (full.n > 4 && memcmp(full.p, "www.", 4) == 0)
        full = ent_slice(full.p + 4, full.n - 4);
    ent_guard_fold(&brand, label);
    if (is_brand(&brand) && (r = put_key(g, GUARD_BRAND_KEY, label)) != ENT_OK)
        return r;
    if ((r = put_key(g, GUARD_REG_KEY, reg)) != ENT_OK ||
        (r = put_key(g, GUARD_NAME_KEY, full)) != ENT_OK ||
        (r = put_state_key(g, reg, suffix)) != ENT_OK)
        return r;
    size_t n = letters(text, sizeof(text), display);
    return n < DISPLAY_KEY ? ENT_OK : put_key(g, GUARD_DISPLAY_KEY, ent_slice(text, n));
}

static enum ent_err put_own(struct ent_guard *g, struct ent_slice name, bool alone)
{
    struct ent_guard_own o = {.n = (uint8_t)name.n, .alone = alone};
    enum ent_err r = grow(g, &g->own, g->owns, &g->own_cap, sizeof(*g->own));
    if (r == ENT_OK)
        r = put_text(g, &o.at, name);
    if (r == ENT_OK)
        g->own[g->owns++] = o;
    return r;
}

static bool is_canonical(struct ent_slice name)
{
    struct ent_observable o;
    return ent_observable_parse_as(&o, NULL, ENT_OBS_DOMAIN, name) == ENT_OK &&
           ent_slice_eq(ent_slice(o.text, o.n), name);
}

enum ent_err ent_guard_add(struct ent_guard *g, struct ent_slice name, struct ent_slice display)
{
    struct ent_guard_site site = {.n = (uint8_t)name.n};
    size_t reg, suffix;
    enum ent_err r;
    if (g->sealed)
        return ENT_E_STATE;
    if (!is_canonical(name))
        return ENT_E_FORMAT;
    if (display.n > DISPLAY_MAX)
        return ENT_E_LIMIT;
    ent_guard_split(name, false, &reg, &suffix);
    site.reg = (uint8_t)reg;
    site.suffix = (uint8_t)suffix;
    const uint8_t *dot = memrchr(name.p, '.', name.n);
    struct ent_slice top = ent_slice(dot + 1, name.n - 1 - (size_t)(dot - name.p));
    if ((r = grow(g, &g->site, g->sites, &g->site_cap, sizeof(*g->site))) != ENT_OK ||
        (r = put_text(g, &site.at, name)) != ENT_OK || (r = put_country(g, &site, top)) != ENT_OK ||
        (r = put_keys(g, name, display, &site)) != ENT_OK ||
        (r = put_own(g, ent_slice(name.p + reg, name.n - reg), false)) != ENT_OK)
        return r;
    g->site[g->sites++] = site;
    return ENT_OK;
}

enum ent_err ent_guard_exclude(struct ent_guard *g, struct ent_slice name)
{
    char text[254];
    if (g->sealed)
        return ENT_E_STATE;
    if (!is_canonical(name))
        return ENT_E_FORMAT;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    bool open = psl_builtin() != NULL && psl_is_public_suffix(psl_builtin(), text) != 0;
    return put_own(g, name, open);
}

enum ent_err ent_guard_seal(struct ent_guard *g)
{
    if (g->sealed)
        return ENT_E_STATE;
    enum ent_err r = ent_guard_build(g);
    g->sealed = r == ENT_OK;
    return r;
}

/* --- asking -------------------------------------------------------------------------------------
 */

bool ent_guard_check(const struct ent_guard *g, struct ent_guard_finding *ret,
                     struct ent_slice name)
{
    struct ent_guard_text t;
    if (!g->sealed || g->sites == 0 || name.n == 0 || name.n > 253 ||
        memchr(name.p, '\0', name.n) != NULL || ent_guard_is_own(g, name))
        return false;
    ent_guard_fold(&t, name);
    return ent_guard_score(g, ret, name, &t);
}
