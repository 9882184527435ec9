/*
 * guard_score.c: what a name has in common with the protected ones, in points. The tables here are
 * those of docs/guard.md, "Scores".
 *
 * Order of work, cheap first: runs of whole words that equal a key, words that begin or end with
 * one, words within an edit or two of one. The public suffix list is asked only about names in
 * which something was found.
 */
#include "watch/watch.h"
#include "watch/guard_in.h"

/* Edits that are neither easily made nor easily overlooked. */
#define UNLIKELY ((uint32_t)(ENT_GUARD_ADDED | ENT_GUARD_REPLACED))
/* Those of a hand or of a wire, which change nothing else. */
#define SLIPS    ((uint32_t)(ENT_GUARD_KEY | ENT_GUARD_BIT))
#define RUN_MAX  12u                 /* words of a protected name */
#define LURE     ((uint32_t)1 << 31) /* of words: not only a filling one; no reason */
#define BAIT_MAX 15u                 /* letters of the longest word that lures */

struct look {
    const struct ent_guard *g;
    struct ent_slice name;
    const struct ent_guard_text *t;
    struct ent_guard_finding best;
    bool split; /* the rest is known */
    size_t reg_label, suffix_label, icann_label;
    struct ent_slice suffix;
    uint64_t h[GUARD_TEXT + 1];
};

/* Where a key was found: fold[from, to). */
struct found {
    const struct ent_guard_key *key;
    size_t from, to;
    unsigned edits;
    uint32_t how;
};

static uint64_t hash(const struct look *l, size_t from, size_t to)
{
    return l->h[to] - l->h[from] * l->g->power[to - from];
}

static struct ent_slice folded(const struct look *l, size_t from, size_t to)
{
    return ent_slice(l->t->fold + from, to - from);
}

static struct ent_slice raw(const struct look *l, size_t from, size_t to)
{
    return ent_slice(l->t->raw + l->t->raw_at[from], (size_t)l->t->raw_at[to] - l->t->raw_at[from]);
}

static struct ent_slice site_name(const struct ent_guard *g, const struct ent_guard_site *s,
                                  size_t from)
{
    return ent_guard_text_at(g, s->at + (uint32_t)from, s->n - from);
}

static struct ent_slice suffix_of(const struct ent_guard *g, const struct ent_guard_site *s)
{
    return site_name(g, s, s->suffix);
}

static size_t labels_before(const struct look *l, size_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < at && i < l->name.n; i++)
        n += l->name.p[i] == '.';
    return n;
}

static void split(struct look *l)
{
    size_t reg, suffix, icann_reg, icann_suffix;
    if (l->split)
        return;
    ent_guard_split(l->name, false, &reg, &suffix);
    ent_guard_split(l->name, true, &icann_reg, &icann_suffix);
    l->reg_label = labels_before(l, reg);
    l->suffix_label = labels_before(l, suffix);
    l->icann_label = labels_before(l, icann_suffix);
    l->suffix = ent_slice(l->name.p + suffix, l->name.n - suffix);
    l->split = true;
}

/* The word that holds this place. */
static size_t word_at(const struct look *l, size_t at)
{
    size_t i = 0;
    while (i + 1 < l->t->words && l->t->word[i + 1].at <= at)
        i++;
    return i;
}

/* --- the other words ----------------------------------------------------------------------------
 */

static bool is_digits(struct ent_slice raw)
{
    for (size_t i = 0; i < raw.n; i++)
        if (raw.p[i] < '0' || raw.p[i] > '9')
            return false;
    return raw.n > 0;
}

/* Whether one of the words in front of the protected name's registrable part is this. */
static bool is_host_word(const struct look *l, const struct ent_guard_site *s, struct ent_slice w)
{
    struct ent_guard_text t;
    if (s->reg == 0 || w.n < 3)
        return false;
    ent_guard_fold(&t, ent_guard_text_at(l->g, s->at, (size_t)s->reg - 1));
    for (size_t i = 0; i < t.words; i++)
        if (ent_slice_eq(w,
                         ent_slice(t.fold + t.word[i].at, (size_t)t.word[i + 1].at - t.word[i].at)))
            return true;
    return false;
}

/* What fold[from, to) says as a word; 0 when it is nobody's. */
static uint32_t meaning(const struct look *l, const struct ent_guard_site *s, size_t from,
                        size_t to)
{
    struct ent_slice w = folded(l, from, to), r = raw(l, from, to);
    enum ent_guard_says says = ent_guard_is_bait(l->g, w);
    uint32_t bait = says == GUARD_LURES   ? ENT_GUARD_BAIT | LURE
                    : says == GUARD_FILLS ? ENT_GUARD_BAIT
                                          : 0;
    if (is_host_word(l, s, w))
        return ENT_GUARD_HOST | bait;
    if (bait != 0)
        return bait;
    if (s->country_n > 0 && ent_slice_eq(w, ent_guard_text_at(l->g, s->country, s->country_n)))
        return ENT_GUARD_COUNTRY;
    if (ent_guard_is_state(w) && !ent_slice_eq(r, ENT_SLICE_LIT("mii")))
        return ENT_GUARD_STATE;
    return is_digits(r) && r.n <= 4 ? ENT_GUARD_PART : 0; /* a year says nothing, and is no word */
}

/* The same for words written without a separator; each must say something. */
static uint32_t meanings(const struct look *l, const struct ent_guard_site *s, size_t from,
                         size_t to)
{
    uint32_t upto[GUARD_KEY + 1] = {ENT_GUARD_PART}; /* of the first i letters; 0: nothing */
    size_t n = to - from;
    if (n > GUARD_KEY)
        return 0;
    for (size_t i = 1; i <= n; i++)
        for (size_t k = i > BAIT_MAX ? i - BAIT_MAX : 0; k < i && upto[i] == 0; k++) {
            uint32_t m = upto[k] == 0 ? 0 : meaning(l, s, from + k, from + i);
            upto[i] = m == 0 ? 0 : m | upto[k];
        }
    return upto[n];
}

/* What the words beside the one found say, and whether each of them, and each of those joined to
 * it, says something. */
struct beside {
    uint32_t said;
    bool all, joined;
};

static struct beside beside(const struct look *l, const struct ent_guard_site *s,
                            const struct found *f)
{
    const struct ent_guard_text *t = l->t;
    struct beside b = {0, true, true};
    for (size_t i = 0; i < t->words && t->word[i].label < l->suffix_label; i++) {
        size_t at = t->word[i].at, end = t->word[i + 1].at, cut[4] = {at, end, end, end};
        bool joined = at < f->to && end > f->from;
        if (joined) { /* what it leaves of a word */
            cut[1] = at < f->from ? f->from : at;
            cut[2] = end > f->to ? f->to : end;
        }
        for (size_t k = 0; k < 4; k += 2) {
            if (cut[k] >= cut[k + 1])
                continue;
            uint32_t m = meanings(l, s, cut[k], cut[k + 1]);
            b.all = b.all && m != 0;
            b.joined = b.joined && (m != 0 || !joined);
            b.said |= m;
        }
    }
    b.said &= ~(uint32_t)ENT_GUARD_PART;
    return b;
}

/* A joined word of which only what touches the brand says something: "mg6mail" + brand. */
static bool touches_bait(const struct look *l, const struct found *f)
{
    size_t first = word_at(l, f->from), at = l->t->word[first].at;
    size_t end = l->t->word[word_at(l, f->to - 1) + 1].at;
    for (size_t n = 3; n <= BAIT_MAX; n++)
        if ((f->from >= at + n &&
             ent_guard_is_bait(l->g, folded(l, f->from - n, f->from)) == GUARD_LURES) ||
            (f->to + n <= end &&
             ent_guard_is_bait(l->g, folded(l, f->to, f->to + n)) == GUARD_LURES))
            return true;
    return false;
}

/* --- points -------------------------------------------------------------------------------------
 */

enum place { LABEL, WORD, BELOW, PART, PLACES };

#define LENGTHS 6

/* table. Points by place and by the letters of the key: 3, 4, 5, 6, 7 and 8, 9 and more. A short
 * brand is in too many innocent names to say much alone. */
static const int place_points[PLACES][LENGTHS] = {
    [LABEL] = {20, 25, 35, 40, 45, 45},
    [WORD] = {30, 35, 40, 45, 45, 45},
    [BELOW] = {15, 30, 35, 40, 40, 40},
    [PART] = {20, 25, 30, 30, 35, 45},
};

/* table. By number of edits less one, and the same lengths. */
static const int edit_points[GUARD_EDITS][LENGTHS] = {
    {0, 0, 20, 30, 40, 50},
    {0, 0, 0, 10, 25, 35},
};

/* table */
enum {
    WHOLE_POINTS = 90,
    MOVED_POINTS = 85,
    MOVED_SHORT = 80,   /* fewer than six letters in all */
    JOINED_POINTS = 75, /* written as one word, */
    JOINED_SEVEN = 60,  /* of six or seven letters, */
    JOINED_SHORT = 50,  /* of fewer */
    DISPLAY_POINTS = 10,
    GLYPH_POINTS = 30,
    GLYPH_SHORT = -30, /* in a short brand or a part of a word: mostly chance */
    UNICODE_POINTS = 40,
    UNICODE_SHORT = 20,
    SAME_SUFFIX = 10,
    SAME_SUFFIX_EDIT = 15,
    OPEN_LABEL = 5, /* seven letters and more, of an owner under a suffix open to all */
    CHEAP_POINTS = 15,
    EASY_POINTS = 10, /* edits that people make or do not see */
    HALF_EASY = 5,
    OTHER_SUFFIX_EDIT = -10, /* edits of the hand and the wire, which keep the suffix */
    LONG_EDIT = 10,          /* in fourteen letters and more */
    FIRST_LETTER = -15,      /* which people rarely mistake */
    BELOW_EDIT = -15,
    PART_EDIT = -15,
    PART_BELOW = -10,
    LURE_POINTS = 20,
    FILL_POINTS = 10,
    HOST_POINTS = 20,
    COUNTRY_POINTS = 30,
    STATE_POINTS = 20,
    WORDS_MOST = 30,
    PURE_POINTS = 5, /* a word made of a brand and words that lure */
    TOUCH_POINTS = 10,
    COMPOUND_POINTS = -10, /* two English words in one */
    COMPOUND_STATE = -20,
    COMMON_POINTS = -15, /* an English word */
    COMMON_STATE = -25,  /* a government's: weather.gov, export.gov are about what everybody is */
    COMMON_PART = -30,
    COMMON_EDIT = -30,  /* the edited text is one */
    CLOSED_POINTS = -60 /* a suffix under which attackers cannot register */
};

static unsigned length_class(size_t n)
{
    return n <= 3 ? 0 : n >= 9 ? 5 : n >= 7 ? 4 : (unsigned)n - 3;
}

/* Beside a short brand words count only when there is nothing else. */
static int points_for_words(const struct look *l, const struct found *f, enum place place,
                            const struct beside *b)
{
    int p = 0;
    if (place == PART && !b->joined)
        return touches_bait(l, f) ? TOUCH_POINTS : 0;
    if (f->key->n < 5 && !b->all)
        return 0;
    if (place == BELOW && (b->said & ~(uint32_t)ENT_GUARD_BAIT) == 0)
        return 0; /* words that only fill are everywhere in other people's hosts */
    p += (b->said & LURE) != 0 ? LURE_POINTS : (b->said & ENT_GUARD_BAIT) != 0 ? FILL_POINTS : 0;
    p += (b->said & ENT_GUARD_HOST) != 0 ? HOST_POINTS : 0;
    p += (b->said & ENT_GUARD_COUNTRY) != 0 ? COUNTRY_POINTS : 0;
    p += (b->said & ENT_GUARD_STATE) != 0 ? STATE_POINTS : 0;
    p += place == PART && f->key->n > 3 && p > 0 ? PURE_POINTS : 0;
    return p > WORDS_MOST ? WORDS_MOST : p;
}

/* A brand that is a word, and a word that only happens to be near a brand. */
static int points_for_common(const struct look *l, const struct ent_guard_site *s,
                             const struct found *f, enum place place)
{
    static const int open_to_all[] = {0, COMPOUND_POINTS, COMMON_POINTS};
    static const int states[] = {0, COMPOUND_STATE, COMMON_STATE};
    static const int parts[] = {0, COMPOUND_STATE, COMMON_PART};
    if (f->edits > 0 && ent_guard_is_common(raw(l, f->from, f->to)) == GUARD_COMMON)
        return COMMON_EDIT;
    return place == PART                             ? parts[f->key->common]
           : ent_guard_is_closed(suffix_of(l->g, s)) ? states[f->key->common]
                                                     : open_to_all[f->key->common];
}

/* Of equals the shortest protected name, so that a mail host is not named where its domain is
 * meant. */
static void offer(struct look *l, const struct ent_guard_site *s, int points, uint32_t reasons)
{
    int best = (int)l->best.score;
    points = points > 100 ? 100 : points;
    if (points > best || (points > 0 && points == best && s->n < l->best.protected.n))
        l->best = (struct ent_guard_finding){site_name(l->g, s, 0), (unsigned)points, reasons};
}

/* Glyphs: the folded texts are equal, the written ones not. */
static int points_for_glyphs(const struct look *l, const struct found *f, enum place place,
                             uint32_t *reasons)
{
    const struct ent_guard_text *t = l->t;
    bool few = f->key->kind <= GUARD_DISPLAY_KEY && (f->key->n < 5 || place == PART);
    for (size_t i = t->raw_at[f->from]; t->has_wide && i < t->raw_at[f->to]; i++)
        if (t->wide[i]) {
            *reasons |= ENT_GUARD_UNICODE;
            return few ? UNICODE_SHORT : UNICODE_POINTS;
        }
    if (f->edits > 0 ||
        ent_slice_eq(raw(l, f->from, f->to), ent_guard_text_at(l->g, f->key->raw, f->key->raw_n)))
        return 0;
    *reasons |= ENT_GUARD_GLYPH;
    return few ? GLYPH_SHORT : GLYPH_POINTS;
}

static int points_for_edits(const struct look *l, const struct found *f, enum place place,
                            bool same_suffix)
{
    int p = edit_points[f->edits - 1][length_class(f->key->n)];
    p += (f->how & UNLIKELY) != 0 ? 0 : (f->how & SLIPS) != 0 ? HALF_EASY : EASY_POINTS;
    p += f->key->n >= 14 ? LONG_EDIT : 0;
    p += !same_suffix && (f->how & (UNLIKELY | SLIPS)) != 0 ? OTHER_SUFFIX_EDIT : 0;
    p += same_suffix ? SAME_SUFFIX_EDIT : 0;
    p += place == BELOW ? BELOW_EDIT : place == PART ? PART_EDIT : 0;
    if (l->t->fold[f->from] != (char)l->g->text.p[f->key->fold] &&
        (f->how & ENT_GUARD_SWAPPED) == 0)
        p += FIRST_LETTER;
    return p;
}

/* A brand, or the owner's name for people, exact or nearly. */
static void score_brand(struct look *l, const struct found *f)
{
    const struct ent_guard_text *t = l->t;
    const struct ent_guard_site *s = &l->g->site[f->key->site];
    size_t i = word_at(l, f->from), k = word_at(l, f->to - 1);
    bool whole = t->word[i].at == f->from && t->word[k + 1].at == f->to;
    bool begins = i == 0 || t->word[i].before == '.',
         ends = t->word[k + 1].label > t->word[k].label;
    split(l);
    if (t->word[k].label >= l->suffix_label || t->word[i].label != t->word[k].label)
        return; /* "office" in ".office"; a brand across a dot is a moved name */
    bool below = t->word[i].label < l->reg_label;
    if (below && f->edits > 0 && f->key->n < 7)
        return;
    enum place place = !whole ? PART : below ? BELOW : begins && ends ? LABEL : WORD;
    bool same = ent_slice_eq(l->suffix, suffix_of(l->g, s));
    struct beside b = beside(l, s, f);
    uint32_t reasons = (b.said & ~LURE) | f->how | (below ? ENT_GUARD_BELOW : 0) |
                       (place == LABEL && !same ? ENT_GUARD_SUFFIX : 0) |
                       (place == WORD || place == BELOW ? ENT_GUARD_WORD : 0) |
                       (place == PART ? ENT_GUARD_PART : 0) |
                       (f->key->kind == GUARD_DISPLAY_KEY ? ENT_GUARD_DISPLAY : 0);
    int p = f->edits > 0 ? points_for_edits(l, f, place, same)
                         : place_points[place][length_class(f->key->n)] +
                               (same && !below ? SAME_SUFFIX : 0) +
                               (place == PART && below ? PART_BELOW : 0);
    p += place == LABEL && !same && f->edits == 0 && f->key->n >= 7 &&
                 !ent_guard_is_closed(suffix_of(l->g, s))
             ? OPEN_LABEL
             : 0;
    p += points_for_glyphs(l, f, place, &reasons);
    p += f->key->kind == GUARD_DISPLAY_KEY && f->edits == 0 ? DISPLAY_POINTS : 0;
    p += points_for_words(l, f, place, &b);
    p += points_for_common(l, s, f, place);
    if (!same && f->edits < 2 && (f->how & (UNLIKELY | SLIPS)) == 0 &&
        (place != PART || b.joined) && ent_guard_is_cheap(l->suffix)) {
        p += CHEAP_POINTS;
        reasons |= ENT_GUARD_CHEAP;
    }
    p += ent_guard_is_closed(l->suffix) ? CLOSED_POINTS : 0;
    if (l->suffix_label > t->word[k].label) /* never the suffix itself */
        offer(l, s, p, reasons);
}

/* The whole protected name, or its registrable part; only as whole words. */
static void score_name(struct look *l, const struct found *f)
{
    const struct ent_guard_text *t = l->t;
    const struct ent_guard_site *s = &l->g->site[f->key->site];
    size_t i = word_at(l, f->from), k = word_at(l, f->to - 1);
    bool dotted = i == 0 || t->word[i].before == '.';
    bool to_end = f->to == t->n, moved = false;
    uint32_t reasons = 0;
    split(l);
    struct ent_slice name = site_name(l->g, s, f->key->kind == GUARD_REG_KEY ? s->reg : 0);
    size_t dots = 0, dots_here = 0;
    for (size_t at = 0; at < name.n; at++)
        dots += name.p[at] == '.' || name.p[at] == '-';
    for (size_t w = i + 1; w <= k; w++) {
        dots_here++;
        moved = moved || t->word[w].before != '.';
    }
    moved = moved || dots != dots_here;
    if (to_end && (!dotted || l->suffix.n == 0))
        return; /* "my-senate.gov": a brand and its suffix, nothing more */
    if (!to_end && t->word[k].label >= l->icann_label)
        return; /* "google.com.mx": the suffix only begins like ours */
    int p = moved ? (f->key->n < 6 ? MOVED_SHORT : MOVED_POINTS) : WHOLE_POINTS;
    if (i == k)
        p = f->key->n < 6 ? JOINED_SHORT : f->key->n < 8 ? JOINED_SEVEN : JOINED_POINTS;
    reasons |= moved ? ENT_GUARD_MOVED : to_end ? 0 : ENT_GUARD_WHOLE;
    int glyphs = points_for_glyphs(l, f, WORD, &reasons);
    if (to_end && !moved && glyphs == 0)
        return; /* the name itself */
    p += glyphs > 0 ? 5 : 0;
    p += ent_guard_is_closed(l->suffix) ? CLOSED_POINTS : 0;
    offer(l, s, p, reasons);
}

static void score(struct look *l, const struct found *f)
{
    if (f->key->kind == GUARD_REG_KEY || f->key->kind == GUARD_NAME_KEY)
        score_name(l, f);
    else
        score_brand(l, f);
}

/* --- looking ------------------------------------------------------------------------------------
 */

static void look_exact(struct look *l, size_t from, size_t to, bool words)
{
    if (!ent_guard_has_len(l->g->lens, to - from) ||
        !ent_guard_in(l->g, &l->g->exact, hash(l, from, to)))
        return;
    struct ent_guard_walk w = {.begun = false};
    const struct ent_guard_key *k;
    while ((k = ent_guard_exact(l->g, &w, folded(l, from, to))) != NULL)
        if (words || k->kind == GUARD_BRAND_KEY || k->kind == GUARD_DISPLAY_KEY)
            score(l, &(struct found){k, from, to, 0, 0});
}

static void look_near(struct look *l, size_t from, size_t to, bool words)
{
    const struct ent_guard_key *near[GUARD_NEAR];
    size_t n = ent_guard_near(l->g, near, folded(l, from, to));
    for (size_t i = 0; i < n; i++) {
        if (!words && near[i]->n < 6)
            continue; /* too little to be part of a word */
        struct found f = {.key = near[i], .from = from, .to = to};
        f.edits = ent_guard_distance(&f.how, ent_guard_key_fold(l->g, near[i]), folded(l, from, to),
                                     GUARD_EDITS);
        score(l, &f);
    }
}

/* Beginnings and ends of a word; what a luring word leaves of it, whole, too. */
static void look_inside(struct look *l, size_t from, size_t to)
{
    size_t n = to - from;
    for (size_t k = GUARD_BRAND; k < n && k <= GUARD_KEY; k++) {
        look_exact(l, from, from + k, false);
        look_exact(l, to - k, to, false);
    }
    for (size_t k = 2; k < n && k <= BAIT_MAX; k++) {
        if (ent_guard_in(l->g, &l->g->bait, hash(l, from, from + k)) &&
            ent_guard_is_bait(l->g, folded(l, from, from + k)) != GUARD_NOTHING) {
            look_near(l, from + k, to, false);
            for (size_t e = from + k + GUARD_BRAND; e < to && e - from - k <= GUARD_KEY; e++)
                look_exact(l, from + k, e, false);
        }
        if (ent_guard_in(l->g, &l->g->bait, hash(l, to - k, to)) &&
            ent_guard_is_bait(l->g, folded(l, to - k, to)) != GUARD_NOTHING)
            look_near(l, from, to - k, false);
    }
}

bool ent_guard_score(const struct ent_guard *g, struct ent_guard_finding *ret,
                     struct ent_slice name, const struct ent_guard_text *t)
{
    struct look l = {.g = g, .name = name, .t = t};
    for (size_t i = 0; i < t->n; i++)
        l.h[i + 1] = ent_guard_step(g, l.h[i], t->fold[i]);
    for (size_t i = 0; i < t->words; i++) {
        size_t from = t->word[i].at;
        for (size_t k = i; k < t->words && k < i + RUN_MAX; k++) {
            size_t to = t->word[k + 1].at;
            bool label = (i == 0 || t->word[i].before == '.') &&
                         t->word[k + 1].label > t->word[k].label &&
                         t->word[i].label == t->word[k].label;
            if (to - from > GUARD_KEY)
                break;
            look_exact(&l, from, to, true);
            if (k == i || label)
                look_near(&l, from, to, true);
        }
        look_inside(&l, from, t->word[i + 1].at);
    }
    if (l.best.score == 0)
        return false;
    *ret = l.best;
    return true;
}

/* --- in words -----------------------------------------------------------------------------------
 */

/* table. Sentences go on after "because". */
static const struct {
    const char *name, *text;
} reasons[ENT_GUARD_REASONS] = {
    {"whole", "the whole protected name stands in front of another domain"},
    {"moved", "only dots or hyphens tell it from the protected name"},
    {"suffix", "it is the protected name under another suffix"},
    {"word", "the protected name is a word of it"},
    {"part", "the protected name is part of a word of it"},
    {"below", "that word stands below somebody else's domain"},
    {"display", "it is the name by which people know the owner"},
    {"glyph", "letters are replaced by some that look alike"},
    {"unicode", "letters of other scripts look alike"},
    {"dropped", "a letter is left out"},
    {"doubled", "a letter is doubled"},
    {"added", "a letter is added"},
    {"swapped", "two neighbouring letters are exchanged"},
    {"key", "a letter is replaced by one beside it on the keyboard"},
    {"bit", "a letter differs by one bit"},
    {"replaced", "a letter is replaced"},
    {"bait", "other words in it lure people"},
    {"host", "it repeats a word in front of the protected domain"},
    {"country", "it names the owner's country"},
    {"state", "it claims to be a government's"},
    {"cheap", "its suffix is one that lookalikes prefer"},
};

const char *ent_guard_reason_text(unsigned bit)
{
    return bit < ENT_GUARD_REASONS ? reasons[bit].text : "";
}

const char *ent_guard_reason_name(unsigned bit)
{
    return bit < ENT_GUARD_REASONS ? reasons[bit].name : "";
}
