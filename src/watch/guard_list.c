/*
 * guard_list.c: the names that somebody may register to imitate one, technique by technique, as
 * dnstwist names them. Nothing is looked up; the list is for registering or blocking ahead.
 */
#include "watch/watch.h"
#include "watch/guard_in.h"

#define PAIRS_MAX 20u                /* letters of a label in which two are replaced at once */
#define LIST_MAX  ((size_t)16 << 20) /* bytes of all candidates of one name */

struct listing {
    struct ent_buf seen; /* every candidate so far, with NUL */
    uint32_t *slot;      /* places in seen, plus one */
    size_t count, mask;
    enum ent_err (*each)(void *ctx, const char *technique, struct ent_slice name);
    void *ctx;
    const char *technique;
    struct ent_slice name, label, suffix;
    enum ent_err err; /* the first one; nothing is told after it */
};

/* --- each once ----------------------------------------------------------------------------------
 */

/* The candidates are our own and few: no key is needed against collisions. FNV-1a. */
static size_t hash(struct ent_slice s)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 0x100000001B3u;
    return (size_t)(h ^ h >> 32);
}

static size_t seek(const struct listing *l, struct ent_slice s)
{
    size_t i = hash(s) & l->mask;
    while (l->slot[i] != 0 &&
           !ent_slice_eq(ent_slice_str((const char *)l->seen.p + l->slot[i] - 1), s))
        i = (i + 1) & l->mask;
    return i;
}

static enum ent_err grow(struct listing *l)
{
    size_t n = l->mask == 0 ? 4096 : 2 * (l->mask + 1);
    uint32_t *more = calloc(n, sizeof(*more));
    if (more == NULL)
        return ENT_E_NOMEM;
    free(l->slot);
    l->slot = more;
    l->mask = n - 1;
    for (size_t at = 0; at < l->seen.n;) {
        struct ent_slice s = ent_slice_str((const char *)l->seen.p + at);
        l->slot[seek(l, s)] = (uint32_t)at + 1;
        at += s.n + 1;
    }
    return ENT_OK;
}

static enum ent_err is_new(struct listing *l, bool *ret, struct ent_slice s)
{
    enum ent_err r = l->mask == 0 || 2 * l->count > l->mask ? grow(l) : ENT_OK;
    if (r != ENT_OK)
        return r;
    size_t i = seek(l, s);
    *ret = l->slot[i] == 0;
    if (!*ret)
        return ENT_OK;
    l->slot[i] = (uint32_t)l->seen.n + 1;
    l->count++;
    if ((r = ent_buf_put_slice(&l->seen, s)) == ENT_OK)
        r = ent_buf_putc(&l->seen, '\0');
    return r;
}

/* Whatever cannot be a name is no candidate. */
static void tell_name(struct listing *l, struct ent_slice name)
{
    struct ent_observable o;
    bool fresh = false;
    if (l->err != ENT_OK || ent_observable_parse_as(&o, NULL, ENT_OBS_DOMAIN, name) != ENT_OK)
        return;
    struct ent_slice s = ent_slice(o.text, o.n);
    if (ent_slice_eq(s, l->name))
        return;
    if ((l->err = is_new(l, &fresh, s)) == ENT_OK && fresh)
        l->err = l->each(l->ctx, l->technique, s);
}

static void tell(struct listing *l, struct ent_slice label, struct ent_slice suffix)
{
    char text[1024];
    int n = snprintf(text, sizeof(text), "%.*s.%.*s", (int)label.n, (const char *)label.p,
                     (int)suffix.n, (const char *)suffix.p);
    if (n > 0 && (size_t)n < sizeof(text))
        tell_name(l, ent_slice(text, (size_t)n));
}

/* The label with the letters from..to replaced. */
static void tell_edit(struct listing *l, size_t from, size_t to, struct ent_slice with)
{
    uint8_t text[512];
    size_t n = 0;
    if (l->label.n + with.n > sizeof(text))
        return;
    memcpy(text, l->label.p, from);
    n = from;
    if (with.n > 0)
        memcpy(text + n, with.p, with.n);
    n += with.n;
    memcpy(text + n, l->label.p + to, l->label.n - to);
    n += l->label.n - to;
    tell(l, ent_slice(text, n), l->suffix);
}

static void tell_char(struct listing *l, size_t from, size_t to, char c)
{
    tell_edit(l, from, to, ent_slice(&c, 1));
}

/* --- letters ------------------------------------------------------------------------------------
 */

/* table. Beside each key on QWERTY, QWERTZ and AZERTY keyboards, a to z, then 0 to 9. */
static const char *const beside[36] = {
    "qwszxyp12", "vghn",       "xdfv",     "erfcxs",  "wrsdf34", "drtgvc", "ftyhbvz", "gyujbnz",
    "uojk89",    "uikmnh",     "iolmj",    "kopm",    "njkl",    "bhjm",   "iplk90",  "olm0",
    "wasz12",    "etdf45",     "awedxzqy", "rygfz56", "yihj78z", "cfgb",   "qeasx23", "zsdcwy",
    "tughx67as", "asxtughe67", "9op",      "2q",      "13qwa",   "24we",   "35er",    "46rt",
    "57ty",      "68yuz",      "79ui",     "80io",
};

/* table. What is drawn like each letter: ASCII first, then Latin with marks, Greek, Cyrillic. The
 * last characters of each are Unicode's own confusables (UTS 39). */
static const struct {
    char of;
    const char *like[8];
} glyphs[] = {
    {'a', {"\u00E0", "\u00E1", "\u00E4", "\u0101", "\u0105", "\u0251", "\u0430"}},
    {'b', {"d", "lb", "\u0180", "\u0253", "\u1E05", "\u042C"}},
    {'c', {"e", "\u00E7", "\u0107", "\u010D", "\u0188", "\u0441"}},
    {'d', {"b", "cl", "dl", "\u0111", "\u010F", "\u0501"}},
    {'e', {"c", "\u00E9", "\u00E8", "\u00EA", "\u0113", "\u0119", "\u0435"}},
    {'f', {"\u0192", "\u1E1F", "\u03DD"}},
    {'g', {"q", "\u0121", "\u011F", "\u0123", "\u0261", "\u0581"}},
    {'h', {"lh", "\u0125", "\u0127", "\u1E25", "\u04BB"}},
    {'i', {"1", "l", "\u00ED", "\u00EC", "\u00EF", "\u0131", "\u0456"}},
    {'j', {"\u0135", "\u01F0", "\u0458"}},
    {'k', {"lk", "lc", "\u0137", "\u0138", "\u03BA"}},
    {'l', {"1", "i", "\u013A", "\u0142", "\u013C", "\u04CF"}},
    {'m', {"n", "nn", "rn", "rr", "\u1E41", "\u1E43"}},
    {'n', {"m", "r", "\u00F1", "\u0144", "\u1E47", "\u0578"}},
    {'o', {"0", "\u00F6", "\u00F3", "\u00F8", "\u01A1", "\u03BF", "\u043E"}},
    {'p', {"\u03C1", "\u01A5", "\u1E57", "\u0440"}},
    {'q', {"g", "\u024B", "\u02A0", "\u051B"}},
    {'r', {"\u0155", "\u0157", "\u027D", "\u0433"}},
    {'s', {"5", "\u015B", "\u0161", "\u015F", "\u0219", "\u0455"}},
    {'t', {"\u0163", "\u021B", "\u0167", "\u1E6D"}},
    {'u', {"v", "\u00FC", "\u00FA", "\u016B", "\u0173", "\u057D"}},
    {'v', {"u", "\u1E7F", "\u028B", "\u03BD"}},
    {'w', {"vv", "\u0175", "\u1E81", "\u0461", "\u051D"}},
    {'x', {"\u1E8B", "\u0445"}},
    {'y', {"\u00FD", "\u00FF", "\u0177", "\u028F", "\u0443"}},
    {'z', {"\u017A", "\u017C", "\u017E", "\u0290"}},
    {'0', {"o"}},
    {'1', {"l", "i"}},
};

/* table. Whole words in Cyrillic that read as Latin ones; "" has no such letter. */
static const char *const cyrillic[26] = {
    "\u0430", "\u044C", "\u0441", "\u0501", "\u0435", "",       "",       "\u04BB", "\u0456",
    "\u0458", "\u043A", "\u04CF", "\u043C", "\u043F", "\u043E", "\u0440", "\u051B", "\u0433",
    "\u0455", "\u0442", "",       "\u0475", "\u0461", "\u0445", "\u0443", "",
};

static const char *const *like(char c)
{
    for (size_t i = 0; i < sizeof(glyphs) / sizeof(glyphs[0]); i++)
        if (glyphs[i].of == c)
            return glyphs[i].like;
    static const char *const none[] = {NULL};
    return none;
}

static int key_of(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' : c >= '0' && c <= '9' ? 26 + c - '0' : -1;
}

static bool is_vowel(uint8_t c)
{
    return c != '\0' && strchr("aeiou", c) != NULL;
}

/* --- techniques ---------------------------------------------------------------------------------
 */

static void addition(struct listing *l)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    for (const char *c = letters; *c != '\0'; c++)
        tell_char(l, l->label.n, l->label.n, *c);
}

static void bitsquatting(struct listing *l)
{
    for (size_t i = 0; i < l->label.n; i++)
        for (unsigned bit = 0; bit < 7; bit++)
            tell_char(l, i, i + 1, (char)(l->label.p[i] ^ 1u << bit));
}

/* The whole label, when each of its letters has a like one. */
static void in_cyrillic(struct listing *l)
{
    char text[512];
    size_t n = 0;
    for (size_t i = 0; i < l->label.n; i++) {
        uint8_t c = l->label.p[i];
        const char *to = c >= 'a' && c <= 'z' ? cyrillic[c - 'a'] : NULL;
        size_t k = to == NULL ? 1 : strlen(to);
        if (k == 0 || n + k > sizeof(text))
            return;
        memcpy(text + n, to == NULL ? (const char *)&l->label.p[i] : to, k);
        n += k;
    }
    tell(l, ent_slice(text, n), l->suffix);
}

static void dictionary(struct listing *l)
{
    static const char *const join[] = {"", "-"};
    int n = (int)l->label.n;
    const char *label = (const char *)l->label.p;
    char text[256];
    for (size_t i = 0; i < ent_guard_baits; i++)
        for (size_t k = 0; k < 2; k++) {
            (void)snprintf(text, sizeof(text), "%s%s%.*s", ent_guard_bait(i), join[k], n, label);
            tell(l, ent_slice_str(text), l->suffix);
            (void)snprintf(text, sizeof(text), "%.*s%s%s", n, label, join[k], ent_guard_bait(i));
            tell(l, ent_slice_str(text), l->suffix);
        }
}

/* One letter by whatever character of the scripts near Latin looks like it. */
static void confusable(struct listing *l)
{
    /* table. Latin with marks, phonetic letters, Greek, Cyrillic, Armenian. */
    static const unsigned ranges[][2] = {{0xDF, 0x2AF},    {0x370, 0x58F},   {0x1D00, 0x1DBF},
                                         {0x1E00, 0x1EFF}, {0xA720, 0xA7FF}, {0xAB30, 0xAB6F}};
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++)
        for (unsigned v = ranges[r][0]; v <= ranges[r][1] && l->err == ENT_OK; v++) {
            uint8_t text[3] = {(uint8_t)(0xC0 | v >> 6), (uint8_t)(0x80 | (v & 63)), 0};
            if (v >= 0x800) {
                text[0] = (uint8_t)(0xE0 | v >> 12);
                text[1] = (uint8_t)(0x80 | (v >> 6 & 63));
                text[2] = (uint8_t)(0x80 | (v & 63));
            }
            struct ent_slice one = ent_slice(text, v >= 0x800 ? 3 : 2);
            char c = ent_guard_looks_like(one);
            for (size_t i = 0; c != '\0' && i < l->label.n; i++)
                if ((char)l->label.p[i] == c)
                    tell_edit(l, i, i + 1, one);
        }
}

/* One letter, or two at once, by the table; then one by any character. */
static void homoglyph(struct listing *l)
{
    struct ent_slice whole = l->label;
    for (size_t i = 0; i < whole.n; i++)
        for (const char *const *g = like((char)whole.p[i]); *g != NULL; g++) {
            uint8_t text[512];
            size_t n = strlen(*g), end = i + n;
            tell_edit(l, i, i + 1, ent_slice_str(*g));
            if (whole.n > PAIRS_MAX)
                continue;
            memcpy(text, whole.p, i);
            memcpy(text + i, *g, n);
            memcpy(text + end, whole.p + i + 1, whole.n - i - 1);
            l->label = ent_slice(text, whole.n - 1 + n);
            for (size_t k = end; k < l->label.n; k++)
                for (const char *const *h = like((char)l->label.p[k]); *h != NULL; h++)
                    tell_edit(l, k, k + 1, ent_slice_str(*h));
            l->label = whole;
        }
    for (size_t i = 0; i + 1 < whole.n; i++) /* two letters that read as one */
        if (whole.p[i] == 'r' && whole.p[i + 1] == 'n')
            tell_char(l, i, i + 2, 'm');
        else if (whole.p[i] == 'c' && whole.p[i + 1] == 'l')
            tell_char(l, i, i + 2, 'd');
        else if (whole.p[i] == 'v' && whole.p[i + 1] == 'v')
            tell_char(l, i, i + 2, 'w');
    confusable(l);
}

static void hyphenation(struct listing *l)
{
    for (size_t i = 1; i < l->label.n; i++)
        tell_char(l, i, i, '-');
}

static void insertion(struct listing *l)
{
    for (size_t i = 0; i < l->label.n; i++) {
        int key = key_of(l->label.p[i]);
        for (const char *k = key < 0 ? "" : beside[key]; *k != '\0'; k++) {
            tell_char(l, i, i, *k);
            tell_char(l, i + 1, i + 1, *k);
        }
    }
}

static void omission(struct listing *l)
{
    for (size_t i = 0; i < l->label.n; i++)
        tell_edit(l, i, i + 1, ent_slice(NULL, 0));
}

static void plural(struct listing *l)
{
    for (size_t i = 2; i <= l->label.n; i++) {
        uint8_t c = l->label.p[i - 1];
        bool hisses = c == 's' || c == 'x' || c == 'z';
        tell_edit(l, i, i, hisses ? ENT_SLICE_LIT("es") : ENT_SLICE_LIT("s"));
    }
}

static void repetition(struct listing *l)
{
    for (size_t i = 0; i < l->label.n; i++)
        tell_char(l, i, i, (char)l->label.p[i]);
}

static void replacement(struct listing *l)
{
    for (size_t i = 0; i < l->label.n; i++) {
        int key = key_of(l->label.p[i]);
        for (const char *k = key < 0 ? "" : beside[key]; *k != '\0'; k++)
            tell_char(l, i, i + 1, *k);
    }
}

static void subdomain(struct listing *l)
{
    for (size_t i = 1; i < l->label.n; i++)
        tell_char(l, i, i, '.');
}

static void swap(struct listing *l)
{
    for (size_t i = 0; i + 1 < l->label.n; i++) {
        uint8_t two[2] = {l->label.p[i + 1], l->label.p[i]};
        tell_edit(l, i, i + 2, ent_slice(two, 2));
    }
}

/* table. The most used suffixes, and those that lookalikes prefer. */
static const char *const suffixes[] = {
    "com",     "net",     "org",       "info",  "biz",        "co",      "us",      "eu",
    "gov",     "edu",     "mil",       "int",   "io",         "me",      "tv",      "cc",
    "ai",      "app",     "dev",       "xyz",   "online",     "site",    "website", "space",
    "store",   "shop",    "top",       "club",  "live",       "life",    "world",   "cloud",
    "email",   "support", "services",  "group", "center",     "company", "agency",  "digital",
    "network", "systems", "solutions", "tech",  "technology", "today",   "news",    "press",
    "media",   "link",    "click",     "work",  "works",      "team",    "vip",     "icu",
    "buzz",    "fun",     "host",      "pro",   "mobi",       "name",    "wang",    "ooo",
    "fit",     "rest",    "tips",      "wiki",  "jobs",       "xxx",     "tk",      "ml",
    "ga",      "cf",      "gq",        "pw",    "su",         "ws",      "cm",      "om",
    "ne",      "ly",      "fm",        "to",    "la",         "is",      "ac",      "ad",
    "ae",      "al",      "am",        "ar",    "at",         "au",      "az",      "ba",
    "be",      "bg",      "br",        "by",    "ca",         "cat",     "ch",      "cl",
    "cn",      "com.br",  "com.co",    "cr",    "cu",         "cy",      "cz",      "de",
    "dk",      "ec",      "ee",        "eg",    "es",         "fi",      "fr",      "ge",
    "gr",      "hk",      "hr",        "hu",    "id",         "ie",      "il",      "in",
    "ir",      "it",      "jo",        "jp",    "ke",         "kg",      "kr",      "kz",
    "lk",      "lt",      "lu",        "lv",    "ma",         "md",      "mk",      "mn",
    "ms",      "mx",      "my",        "ng",    "nl",         "no",      "np",      "nz",
    "pa",      "pe",      "ph",        "pk",    "pl",         "pt",      "qa",      "ro",
    "rs",      "ru",      "sa",        "se",    "sg",         "si",      "sk",      "st",
    "th",      "tn",      "tr",        "tw",    "ua",         "ug",      "uk",      "co.uk",
    "uy",      "uz",      "ve",        "vn",    "za",         "co.za"};

static void tld(struct listing *l)
{
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        tell(l, l->label, ent_slice_str(suffixes[i]));
}

static void vowel_swap(struct listing *l)
{
    for (size_t i = 0; i < l->label.n; i++)
        for (const char *v = "aeiou"; is_vowel(l->label.p[i]) && *v != '\0'; v++)
            tell_char(l, i, i + 1, *v);
}

/* The whole name in one label, under the suffixes that are open to all. */
static void various(struct listing *l)
{
    static const char *const open_to_all[] = {"com", "net", "org"};
    char text[256], joined[256];
    int n = (int)l->label.n, k = (int)l->suffix.n;
    const char *label = (const char *)l->label.p, *suffix = (const char *)l->suffix.p;
    for (size_t i = 0; i < sizeof(open_to_all) / sizeof(open_to_all[0]); i++) {
        struct ent_slice under = ent_slice_str(open_to_all[i]);
        (void)snprintf(joined, sizeof(joined), "%.*s%.*s", n, label, k, suffix);
        (void)snprintf(text, sizeof(text), "%.*s-%.*s", n, label, k, suffix);
        for (size_t c = 0; text[c] != '\0'; c++)
            text[c] = text[c] == '.' ? '-' : text[c];
        tell(l, ent_slice_str(joined), under);
        tell(l, ent_slice_str(text), under);
    }
    static const char *const front[] = {"www", "www-", "http", "https", "https-www-"};
    for (size_t i = 0; i < sizeof(front) / sizeof(front[0]); i++) {
        (void)snprintf(text, sizeof(text), "%s%.*s", front[i], n, label);
        tell(l, ent_slice_str(text), l->suffix);
    }
}

/* table. In the order of the alphabet; a name that several make is told under the first. */
static const struct {
    const char *name;
    void (*make)(struct listing *l);
} techniques[] = {
    {"addition", addition},
    {"bitsquatting", bitsquatting},
    {"cyrillic", in_cyrillic},
    {"dictionary", dictionary},
    {"homoglyph", homoglyph},
    {"hyphenation", hyphenation},
    {"insertion", insertion},
    {"omission", omission},
    {"plural", plural},
    {"repetition", repetition},
    {"replacement", replacement},
    {"subdomain", subdomain},
    {"swap", swap},
    {"tld", tld},
    {"various", various},
    {"vowel-swap", vowel_swap},
};

enum ent_err ent_guard_candidates(struct ent_slice name,
                                  enum ent_err (*each)(void *ctx, const char *technique,
                                                       struct ent_slice name),
                                  void *ctx)
{
    struct listing l = {.each = each, .ctx = ctx, .name = name};
    struct ent_observable o;
    size_t reg, suffix;
    if (ent_observable_parse_as(&o, NULL, ENT_OBS_DOMAIN, name) != ENT_OK ||
        !ent_slice_eq(ent_slice(o.text, o.n), name))
        return ENT_E_FORMAT;
    ent_guard_split(name, false, &reg, &suffix);
    l.name = ent_slice(name.p + reg, name.n - reg);
    l.label = ent_slice(name.p + reg, suffix - reg - 1);
    l.suffix = ent_slice(name.p + suffix, name.n - suffix);
    ent_buf_init(&l.seen, LIST_MAX);
    for (size_t i = 0; i < sizeof(techniques) / sizeof(techniques[0]) && l.err == ENT_OK; i++) {
        l.technique = techniques[i].name;
        techniques[i].make(&l);
    }
    ent_buf_release(&l.seen);
    free(l.slot);
    return l.err;
}
