/*
 * prose.c: the observables in a text that people wrote for people: a report, a mail, a page.
 *
 * Most words of a text are none, and many look like one: names of files and of classes, versions,
 * and the links that a report gives its readers to click. So a word is taken
 *   - when it is defanged: its author said what it is;
 *   - when it is a hash, or an address of the public Internet;
 *   - when it is a working URL, no link, in a text that defangs nothing. That is known at the end
 *     only: until then such URLs wait, in a buffer of fixed size;
 *   - when it is a working name or e-mail address of the public Internet in a line, list item or
 *     cell of a table that holds nothing but observables.
 * What was nearly taken is skipped with its line; all other words are passed over.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/parse.h"

#define AROUND   160u         /* bytes of the sentence that are kept on each side of a word */
#define HELD_MAX (256u << 10) /* working URLs that wait, with their lines and sentences */
#define WORD_MAX (2 * ENT_OBS_MAX)

struct prose {
    struct ent_feed *f;
    uint64_t line;
    struct ent_slice row;  /* the line */
    struct ent_slice last; /* the word before */
    bool alone;            /* the cell holds nothing but observables */
    bool defangs;          /* something was defanged: no working URL waits any more */
    struct ent_buf held;   /* line u64, length u16, URL, length u16, sentence; again */
};

/* --- what looks like an observable and is none -------------------------------------------------*/

/* Top-level domains among them: .pl and .zip are both. */
static bool is_file_name(struct ent_slice name)
{
    static const char *const endings[] = {
        "app", "asp", "aspx", "bat",  "bin",  "cab",  "cc",  "chm",  "cmd",  "cpp",  "dat",
        "dll", "doc", "docm", "docx", "elf",  "exe",  "gz",  "hta",  "htm",  "html", "img",
        "ini", "iso", "jar",  "jpeg", "jpg",  "js",   "jse", "json", "jsp",  "lnk",  "log",
        "md",  "mov", "msi",  "pdf",  "php",  "pl",   "png", "ppt",  "pptx", "ps",   "py",
        "rar", "rb",  "rs",   "rtf",  "scr",  "sh",   "so",  "sys",  "tar",  "tmp",  "txt",
        "vbe", "vbs", "wsf",  "xls",  "xlsm", "xlsx", "xml", "yar",  "zip",
    };
    const uint8_t *dot = name.n == 0 ? NULL : memrchr(name.p, '.', name.n);
    size_t at = dot == NULL ? name.n : (size_t)(dot - name.p) + 1;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (ent_slice_ieq(ent_slice_from(name, at), ent_slice_str(endings[i])))
            return true;
    return false;
}

/* "System.Net", "self.run": code, where names are written in lower case. */
static bool has_capital(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'Z')
            return true;
    return false;
}

static bool is_one_of(struct ent_slice word, const char *const *words, size_t n)
{
    while (word.n > 0 && strchr(".:([", word.p[word.n - 1]) != NULL)
        word.n--;
    for (size_t i = 0; i < n; i++)
        if (ent_slice_ieq(word, ent_slice_str(words[i])))
            return true;
    return false;
}

static bool is_version(const struct prose *p)
{
    static const char *const words[] = {"version", "versions", "ver", "v", "release", "build"};
    return is_one_of(p->last, words, sizeof(words) / sizeof(words[0]));
}

static bool is_commit(const struct prose *p)
{
    static const char *const words[] = {"commit", "revision", "rev"};
    return is_one_of(p->last, words, sizeof(words) / sizeof(words[0]));
}

/* "[1]" and "[1]:", which stand before the target of a note. */
static bool is_note(struct ent_slice word)
{
    if (word.n > 0 && word.p[word.n - 1] == ':')
        word.n--;
    return word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']';
}

/* --- taking -----------------------------------------------------------------------------------*/

/* The words around one, as much as fits, into the indicator's text. */
static void keep_sentence(struct prose *p, struct ent_slice word)
{
    size_t at = (size_t)(word.p - p->row.p), from = at > AROUND ? at - AROUND : 0;
    size_t to = p->row.n - at > word.n + AROUND ? at + word.n + AROUND : p->row.n;
    while (from > 0 && from < at && p->row.p[from] != ' ')
        from++;
    while (to < p->row.n && to > at + word.n && p->row.p[to] != ' ')
        to--;
    ent_feed_reset(p->f);
    ent_feed_text(p->f, ent_slice(p->row.p + from, to - from));
}

static enum ent_err skip(struct prose *p, const char *reason, struct ent_slice word)
{
    return ent_feed_skip(p->f, p->line, reason, word);
}

static enum ent_err take(struct prose *p, struct ent_slice word)
{
    const struct ent_observable *o = &p->f->ind.obs;
    if (o->type == ENT_OBS_URL && o->text[o->n - 1] == '*')
        return skip(p, "one URL cannot end in '*'", word);
    keep_sentence(p, word);
    p->f->ind.line = p->line;
    return ent_feed_take(p->f);
}

static enum ent_err put_text(struct ent_buf *b, struct ent_slice s)
{
    uint8_t n[2];
    enum ent_err r;
    ent_put_u16le(n, (uint16_t)s.n);
    if ((r = ent_buf_put(b, n, sizeof(n))) != ENT_OK)
        return r;
    return ent_buf_put_slice(b, s);
}

static enum ent_err cur_text(struct ent_cur *c, struct ent_slice *ret)
{
    uint16_t n;
    enum ent_err r = ent_cur_u16le(c, &n);
    return r != ENT_OK ? r : ent_cur_take(c, ret, n);
}

static const char *const reference = "not defanged where others are: a reference?";

/* Every URL that waits is taken, or skipped because now something was defanged. */
static enum ent_err let_go(struct prose *p)
{
    struct ent_cur c = ent_cur(ent_buf_slice(&p->held));
    struct ent_feed *f = p->f;
    struct ent_slice url, text;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && c.n > 0) {
        if (ent_cur_u64le(&c, &f->ind.line) != ENT_OK || cur_text(&c, &url) != ENT_OK ||
            cur_text(&c, &text) != ENT_OK || ent_observable_parse(&f->ind.obs, NULL, url) != ENT_OK)
            ENT_BUG("a record of our own");
        if (p->defangs) {
            r = ent_feed_skip(f, f->ind.line, reference, url);
            continue;
        }
        ent_feed_reset(f);
        ent_feed_text(f, text);
        r = ent_feed_take(f);
    }
    ent_buf_clear(&p->held);
    return r;
}

static enum ent_err hold(struct prose *p, struct ent_slice word)
{
    const struct ent_observable *o = &p->f->ind.obs;
    uint8_t line[8];
    enum ent_err r;
    if (p->defangs)
        return skip(p, reference, word);
    if (o->type == ENT_OBS_URL && o->text[o->n - 1] == '*')
        return skip(p, "one URL cannot end in '*'", word);
    struct ent_observable url = *o;
    if (p->held.n + sizeof(line) + 4 + url.n + ENT_INDICATOR_TEXT > HELD_MAX &&
        (r = let_go(p)) != ENT_OK) /* no text defangs so late */
        return r;
    keep_sentence(p, word);
    ent_put_u64le(line, p->line);
    if ((r = ent_buf_put(&p->held, line, sizeof(line))) != ENT_OK ||
        (r = put_text(&p->held, ent_slice(url.text, url.n))) != ENT_OK)
        return r;
    return put_text(&p->held, p->f->ind.text);
}

static enum ent_err take_defanged(struct prose *p, struct ent_slice word)
{
    const struct ent_observable *o = &p->f->ind.obs;
    struct ent_observable seen = *o;
    enum ent_err r = ENT_OK;
    if (o->type == ENT_OBS_DOMAIN && is_file_name(ent_slice(o->text, o->n)) &&
        !ent_observable_is_public(o))
        return skip(p, "the name of a file", word);
    if (!p->defangs) {
        p->defangs = true;
        if ((r = let_go(p)) != ENT_OK)
            return r;
        p->f->ind.obs = seen;
    }
    return take(p, word);
}

/* A working name, e-mail address, or URL without its scheme: nothing says that it is one but its
 * standing alone. */
static enum ent_err take_alone(struct prose *p, struct ent_slice word)
{
    const struct ent_observable *o = &p->f->ind.obs;
    if (!p->alone || !ent_observable_is_public(o))
        return ENT_OK;
    struct ent_slice host = word;
    host = ent_slice_until(&host, '/');
    if (o->type != ENT_OBS_EMAIL && (is_file_name(host) || has_capital(host)))
        return skip(p, "a name, or a file or code? Defanged it would be clear", word);
    return take(p, word);
}

static enum ent_err take_working(struct prose *p, struct ent_slice word, bool link)
{
    const struct ent_observable *o = &p->f->ind.obs;
    switch (o->type) {
    case ENT_OBS_MD5:
    case ENT_OBS_SHA1:
    case ENT_OBS_SHA256:
    case ENT_OBS_SHA512:
        return is_commit(p) ? skip(p, "a commit, not a file", word) : take(p, word);
    case ENT_OBS_IPV4:
    case ENT_OBS_IPV6:
    case ENT_OBS_NET4:
    case ENT_OBS_NET6:
    case ENT_OBS_ENDPOINT:
        if (!ent_observable_is_public(o))
            return ENT_OK;
        return is_version(p) ? skip(p, "a version, not an address?", word) : take(p, word);
    case ENT_OBS_URL:
    case ENT_OBS_URLPREFIX:
        if (memmem(word.p, word.n, "://", 3) == NULL)
            break;
        if (!ent_observable_is_public(o))
            return ENT_OK;
        return link ? skip(p, "a link to click: a reference?", word) : hold(p, word);
    case ENT_OBS_DOMAIN:
    case ENT_OBS_EMAIL:
        break;
    }
    return link ? ENT_OK : take_alone(p, word);
}

/* --- words ------------------------------------------------------------------------------------*/

/* "MD5:44d8...", "sha256=...": what stands behind the name of the hash. */
static struct ent_slice without_label(struct ent_slice word)
{
    size_t at = word.n;
    while (at > 0 && word.p[at - 1] != ':' && word.p[at - 1] != '=')
        at--;
    return word.n - at >= 32 ? ent_slice_from(word, at) : word;
}

/* A backslash that breaks no dot, or a variable before one. */
static bool is_path(struct ent_slice word)
{
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] == '\\' && (i + 1 == word.n || word.p[i + 1] != '.'))
            return true;
    return word.p[0] == '%';
}

static enum ent_err read_value(struct prose *p, struct ent_slice word, bool link)
{
    char text[WORD_MAX + 1];
    const char *why = NULL;
    struct ent_observable *o = &p->f->ind.obs;
    size_t n;
    if (word.n < 4 || word.n > WORD_MAX || is_path(word) ||
        ent_refang(text, &n, sizeof(text), word) != ENT_OK)
        return ENT_OK;
    /* What only lost its wrapping still stands in the word as it is. */
    bool defanged = n > 0 && memmem(word.p, word.n, text, n) == NULL;
    if (strpbrk(text, "<{") != NULL) /* "http://evil.example/<id>/": not what was seen */
        return defanged || strstr(text, "://") != NULL ? skip(p, "a placeholder stands in it", word)
                                                       : ENT_OK;
    if (ent_observable_parse(o, &why, ent_slice(text, n)) == ENT_OK)
        return defanged ? take_defanged(p, word) : take_working(p, word, link);
    if (defanged)
        return skip(p, why, word);
    word = without_label(word);
    return ent_observable_parse(o, &why, word) == ENT_OK && o->type >= ENT_OBS_MD5 &&
                   o->type <= ENT_OBS_SHA512
               ? take_working(p, word, false)
               : ENT_OK;
}

static bool ends(struct ent_slice s, struct ent_slice end)
{
    return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

/* Emphasis around a word or at the end of several, and the genitive. */
static struct ent_slice without_emphasis(struct ent_slice w)
{
    static const char *const signs = "*_+";
    bool around = (w.n > 0 && w.p[0] != 0 && strchr(signs, w.p[0]) != NULL) ||
                  ends(w, ENT_SLICE_LIT("**")) || ends(w, ENT_SLICE_LIT("++"));
    while (w.n > 0 && w.p[0] != 0 && strchr(signs, w.p[0]) != NULL)
        w = ent_slice_from(w, 1);
    while (around && w.n > 0 && memchr(".,;:!?)", w.p[w.n - 1], 7) != NULL)
        w.n--; /* behind the emphasis */
    while (around && w.n > 0 && w.p[w.n - 1] != 0 && strchr(signs, w.p[w.n - 1]) != NULL)
        w.n--;
    if (ends(w, ENT_SLICE_LIT("'s")))
        w.n -= 2;
    else if (ends(w, ENT_SLICE_LIT("\xE2\x80\x99s")))
        w.n -= 4;
    return w;
}

/* Where AsciiDoc's "http://where[text" shows its text; w.n where it does not. */
static size_t link_text(struct ent_slice w)
{
    const uint8_t *scheme = memmem(w.p, w.n, "://", 3);
    size_t at = scheme == NULL ? w.n : (size_t)(scheme - w.p) + 4;
    for (; at < w.n; at++)
        if (w.p[at] == '[' &&
            (at + 1 == w.n || (strchr(".:@", w.p[at + 1]) == NULL &&
                               !ent_slice_ieq(ent_slice(w.p + at, w.n - at < 5 ? w.n - at : 5),
                                              ENT_SLICE_LIT("[dot]")))))
            return at;
    return w.n;
}

/* One word between blanks; Markdown's "[text](target" is two. */
static enum ent_err read_word(struct prose *p, struct ent_slice word)
{
    static const struct ent_slice marks[] = {ENT_SLICE_LIT("link:"), ENT_SLICE_LIT("mailto:")};
    const uint8_t *middle = memmem(word.p, word.n, "](", 2);
    bool link = is_note(p->last);
    enum ent_err r;
    if (middle != NULL) {
        size_t n = (size_t)(middle - word.p);
        if ((r = read_value(p, ent_slice(word.p, n), true)) != ENT_OK)
            return r;
        word = ent_slice_from(word, n + 2);
        link = true;
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (word.n > marks[i].n && ent_slice_ieq(ent_slice(word.p, marks[i].n), marks[i])) {
            word = ent_slice_from(word, marks[i].n);
            link = true;
        }
    size_t shown = link_text(word);
    link = link || shown < word.n;
    word = without_emphasis(ent_slice(word.p, shown));
    if (word.n > 0 && memmem(word.p, word.n, "://", 3) != NULL)
        return read_value(p, word, link);
    for (size_t i = 0, start = 0; i <= word.n; i++)
        if (i == word.n || word.p[i] == ',' || word.p[i] == ';') {
            if ((r = read_value(p, ent_slice(word.p + start, i - start), link)) != ENT_OK)
                return r;
            start = i + 1;
        }
    return ENT_OK;
}

/* "<http://...>" is a word, "http://evil.example/<id>" has a placeholder, "a<br>b" are two. */
static bool is_angle(struct ent_slice s, size_t i)
{
    return s.p[i] == '<' && (i == 0 || s.p[i - 1] <= ' ' || strchr("`\">(", s.p[i - 1]) != NULL ||
                             ent_slice_starts(ent_slice_from(s, i), ENT_SLICE_LIT("<br")));
}

/* The length of what stands between words at i: blanks, no-break spaces, dashes, quotes, code
 * spans and angle brackets; 0 inside a word. */
static size_t gap(struct ent_slice s, size_t i)
{
    static const struct ent_slice wide[] = {
        ENT_SLICE_LIT("\xC2\xA0"), ENT_SLICE_LIT("\xE2\x80\x93"), ENT_SLICE_LIT("\xE2\x80\x94")};
    if (s.p[i] <= ' ' || s.p[i] == '`' || s.p[i] == '"' || s.p[i] == '>' || is_angle(s, i))
        return 1;
    for (size_t k = 0; k < sizeof(wide) / sizeof(wide[0]); k++)
        if (ent_slice_starts(ent_slice_from(s, i), wide[k]))
            return wide[k].n;
    return 0;
}

static struct ent_slice next_word(struct ent_slice *s)
{
    size_t n, start = 0;
    while (start < s->n && (n = gap(*s, start)) > 0)
        start += n;
    size_t end = start;
    while (end < s->n && gap(*s, end) == 0)
        end++;
    struct ent_slice word = ent_slice(s->p + start, end - start);
    *s = ent_slice_from(*s, end);
    return word;
}

/* "-", "*", "1.", "2)" before an item. */
static bool is_bullet(struct ent_slice word)
{
    size_t n = 0;
    while (n < word.n && ent_is_digit(word.p[n]))
        n++;
    if (n == 0)
        return (word.n == 1 && strchr("*-+", word.p[0]) != NULL) ||
               ent_slice_eq(word, ENT_SLICE_LIT("\xE2\x80\xA2"));
    return n + 1 == word.n && n < 4 && (word.p[n] == '.' || word.p[n] == ')');
}

static bool only_observables(struct ent_slice cell)
{
    struct ent_observable o;
    size_t words = 0;
    for (struct ent_slice w = next_word(&cell); w.n > 0; w = next_word(&cell), words++) {
        bool bullet = words == 0 && is_bullet(w);
        if (!bullet && ent_observable_parse(&o, NULL, without_emphasis(w)) != ENT_OK)
            return false;
    }
    return words > 0;
}

static enum ent_err read_line(void *ctx, uint64_t line, struct ent_slice s)
{
    struct prose *p = ctx;
    enum ent_err r = ENT_OK;
    p->line = line;
    p->row = s;
    while (r == ENT_OK && s.n > 0) {
        struct ent_slice cell = ent_slice_until(&s, '|');
        p->alone = only_observables(cell);
        p->last = (struct ent_slice){NULL, 0};
        for (struct ent_slice w = next_word(&cell); r == ENT_OK && w.n > 0; w = next_word(&cell)) {
            r = read_word(p, w);
            p->last = w;
        }
    }
    return r;
}

enum ent_err ent_prose_read(struct ent_feed *f)
{
    struct prose p = {.f = f};
    ent_buf_init(&p.held, HELD_MAX);
    enum ent_err r = ent_feed_rows(f, read_line, &p);
    if (r == ENT_OK)
        r = let_go(&p);
    ent_buf_release(&p.held);
    if (r == ENT_OK && f->taken == 0)
        return ent_fail(f->d, ENT_E_FORMAT, "no address, name, URL or hash in this text", 1,
                        f->offset);
    return r;
}
