/*
 * detect.c: what a file is, by its first bytes and never by its name. What cannot be a feed is
 * refused here with a sentence that tells its owner what he has.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/json_pull.h"
#include "intel/parse.h"

enum ent_err ent_head_fill(struct ent_head *h, struct ent_diag *d)
{
    while (h->n < ENT_HEAD_MAX && !h->eof) {
        size_t got = 0;
        enum ent_err r = h->in.read(h->in.ctx, h->b + h->n, &got, ENT_HEAD_MAX - h->n, d);
        if (r != ENT_OK)
            return r;
        h->n += got;
        h->eof = got == 0;
    }
    return ENT_OK;
}

static enum ent_err head_read(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                              struct ent_diag *d)
{
    struct ent_head *h = ctx;
    size_t n = h->n - h->pos;
    if (n == 0 && !h->eof)
        return h->in.read(h->in.ctx, ret, ret_n, cap, d);
    if (n > cap)
        n = cap;
    if (n > 0)
        memcpy(ret, h->b + h->pos, n);
    h->pos += n;
    *ret_n = n;
    return ENT_OK;
}

struct ent_reader ent_head_reader(struct ent_head *h)
{
    return (struct ent_reader){head_read, h};
}

/* table */
static const struct magic {
    struct ent_slice bytes;
    const char *text;
} magics[] = {
    {ENT_SLICE_LIT("\xFF\xFE"), "UTF-16 text: convert it to UTF-8 first"},
    {ENT_SLICE_LIT("\xFE\xFF"), "UTF-16 text: convert it to UTF-8 first"},
    {ENT_SLICE_LIT("\x1F\x8B"), "compressed twice, or damaged gzip data"},
    {ENT_SLICE_LIT("\x28\xB5\x2F\xFD"), "compressed twice, or damaged zstd data"},
    {ENT_SLICE_LIT("PK\x03\x04"), "a zip archive: unpack it first"},
    {ENT_SLICE_LIT("BZh"), "bzip2 data: decompress it first"},
    {ENT_SLICE_LIT("\xFD"
                   "7zXZ"),
     "xz data: decompress it first"},
    {ENT_SLICE_LIT("%PDF-"), "a PDF document: no format that is read here"},
};

/* table. Compared without regard to case, behind blanks. */
static const struct magic markup[] = {
    {ENT_SLICE_LIT("<!doctype html"), "an HTML page, not a feed"},
    {ENT_SLICE_LIT("<html"), "an HTML page, not a feed"},
    {ENT_SLICE_LIT("<head"), "an HTML page, not a feed"},
    {ENT_SLICE_LIT("<body"), "an HTML page, not a feed"},
    {ENT_SLICE_LIT("<script"), "an HTML page, not a feed"},
    {ENT_SLICE_LIT("<!--"), "an HTML page or XML document, not a feed"},
    {ENT_SLICE_LIT("<?xml"), "XML, but not OpenIOC (STIX 1?): no format that is read here"},
    {ENT_SLICE_LIT("<stix"), "XML, but not OpenIOC (STIX 1?): no format that is read here"},
};

/* A NUL, or more control bytes than any text has. */
static bool is_binary(struct ent_slice s)
{
    size_t control = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == 0)
            return true;
        control += s.p[i] < 0x20 && (s.p[i] < '\t' || s.p[i] > '\r');
    }
    return control > s.n / 32;
}

static bool starts_ci(struct ent_slice s, struct ent_slice prefix)
{
    return s.n >= prefix.n && ent_slice_ieq(ent_slice(s.p, prefix.n), prefix);
}

static struct ent_slice without_blanks(struct ent_slice s)
{
    while (s.n > 0 && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
        s = ent_slice(s.p + 1, s.n - 1);
    return s;
}

/* Behind "-->" or the like; empty where the head ends before it. */
static struct ent_slice behind(struct ent_slice s, const char *end)
{
    const uint8_t *p = memmem(s.p, s.n, end, strlen(end));
    return p == NULL ? ent_slice(s.p + s.n, 0) : ent_slice_from(s, (size_t)(p - s.p) + strlen(end));
}

/* What stands behind the declaration and the comments of XML, and the name of the root or of its
 * DOCTYPE, which the reader refuses with a better sentence. */
static struct ent_slice xml_root(struct ent_slice *s)
{
    static const struct ent_slice doctype = ENT_SLICE_LIT("<!DOCTYPE");
    for (bool more = true; more;) {
        *s = without_blanks(*s);
        more = true;
        if (ent_slice_starts(*s, ENT_SLICE_LIT("<?")))
            *s = behind(*s, "?>");
        else if (ent_slice_starts(*s, ENT_SLICE_LIT("<!--")))
            *s = behind(*s, "-->");
        else
            more = false;
    }
    struct ent_slice name = *s;
    if (ent_slice_starts(name, doctype))
        name = without_blanks(ent_slice_from(name, doctype.n));
    else if (name.n > 0 && name.p[0] == '<')
        name = ent_slice_from(name, 1);
    size_t n = 0;
    while (n < name.n && memchr(" \t\r\n/>[", name.p[n], 8) == NULL)
        n++;
    name = ent_slice(name.p, n);
    const uint8_t *colon = n == 0 ? NULL : memchr(name.p, ':', n);
    return colon == NULL ? name : ent_slice_from(name, (size_t)(colon - name.p) + 1);
}

/* The root is what counts; where it lies behind the head, the reader looks. */
static bool is_openioc(struct ent_slice s, bool eof)
{
    if (s.n == 0 || s.p[0] != '<')
        return false;
    struct ent_slice root = xml_root(&s);
    return ent_slice_eq(root, ENT_SLICE_LIT("ioc")) ||
           ent_slice_eq(root, ENT_SLICE_LIT("OpenIOC")) || (s.n == 0 && !eof);
}

static bool is_uscert_header(struct ent_slice s)
{
    if (s.n > 0 && s.p[0] == '"')
        s = ent_slice(s.p + 1, s.n - 1);
    if (!starts_ci(s, ENT_SLICE_LIT("INDICATOR_VALUE")))
        return false;
    s = ent_slice(s.p + 15, s.n - 15);
    return s.n > 0 && (s.p[0] == ',' || s.p[0] == '"');
}

/* '[' also begins a list whose first line is "[2001:db8::1]:443". */
static bool is_json(struct ent_slice s)
{
    if (s.p[0] != '[')
        return s.p[0] == '{';
    s = without_blanks(ent_slice(s.p + 1, s.n - 1));
    return s.n > 0 && (s.p[0] == '{' || s.p[0] == ']');
}

/* table. What stands in the outermost object, or in the first of a list, and only there. */
static const struct {
    const char *key;
    enum ent_format format;
} keys[] = {
    {"Event", ENT_FORMAT_MISP},     {"response", ENT_FORMAT_MISP},
    {"Attribute", ENT_FORMAT_MISP}, {"Object", ENT_FORMAT_MISP},
    {"Orgc", ENT_FORMAT_MISP},      {"threat_level_id", ENT_FORMAT_MISP},
    {"objects", ENT_FORMAT_STIX},   {"spec_version", ENT_FORMAT_STIX},
    {"type", ENT_FORMAT_STIX},
};

bool ent_is_uuid(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? s.p[i] != '-' : !ent_is_hex(s.p[i]))
            return false;
    return s.n == 36;
}

/* The first key that decides; AUTO when there is none before the head or the JSON ends. */
static enum ent_format by_key(struct ent_jp *jp, const char **refused)
{
    enum ent_jp_event ev;
    for (;;) {
        if (ent_jp_next(jp, &ev, NULL) != ENT_OK || ev == ENT_JP_END)
            return ENT_FORMAT_AUTO;
        if (ev != ENT_JP_KEY)
            continue;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            if (ent_slice_eq(jp->text, ent_slice_str(keys[i].key)))
                return keys[i].format;
        if (ent_is_uuid(jp->text)) {
            *refused = "the manifest of a MISP feed: import the directory that it lies in";
            return ENT_FORMAT_AUTO;
        }
        if (ent_jp_skip(jp, NULL) != ENT_OK)
            return ENT_FORMAT_AUTO;
    }
}

static enum ent_err json_format(enum ent_format *ret, struct ent_slice s, const char **refused)
{
    struct ent_jp jp = {0};
    enum ent_err r = ent_jp_init(&jp, ent_reader_mem(&s), 0, ENT_JP_DEPTH, 64);
    if (r == ENT_OK) {
        *ret = by_key(&jp, refused);
        if (*ret == ENT_FORMAT_AUTO)
            *ret = ENT_FORMAT_STIX;
    }
    ent_jp_release(&jp);
    return r;
}

/* hashes.csv: the MD5 of a value, and the event that it stands in. */
static bool is_misp_hashes(struct ent_slice s)
{
    size_t i = 0;
    while (i < s.n && ent_is_hex(s.p[i]))
        i++;
    return i == 32 && s.n >= 69 && s.p[32] == ',' && ent_is_uuid(ent_slice(s.p + 33, 36));
}

/* The next line that the head holds whole, without blanks at its ends. */
static bool next_line(struct ent_slice *ret, struct ent_slice *left, bool eof)
{
    if (left->n == 0 || (!eof && memchr(left->p, '\n', left->n) == NULL))
        return false;
    *ret = ent_slice_trim(ent_slice_until(left, '\n'));
    return true;
}

/* Also with blanks for tabs, which Zeek and its reader here refuse with a sentence about it. */
static bool is_zeek(struct ent_slice s, bool eof)
{
    static const struct ent_slice fields = ENT_SLICE_LIT("#fields");
    struct ent_slice line;
    while (next_line(&line, &s, eof) && (line.n == 0 || line.p[0] == '#'))
        if (ent_slice_starts(line, fields) && line.n > fields.n &&
            (line.p[fields.n] == '\t' || line.p[fields.n] == ' ') &&
            memmem(line.p, line.n, "indicator", 9) != NULL)
            return true;
    return false;
}

/* A zone, in which a record has a target that only policies have: other zones say nothing about
 * what is hostile. */
static bool is_rpz(struct ent_slice s, bool eof)
{
    bool zone = false, policy = false;
    struct ent_slice line, before;
    while (next_line(&line, &s, eof)) {
        line = ent_slice_until(&line, ';');
        zone = zone || ent_slice_starts(line, ENT_SLICE_LIT("$TTL")) ||
               ent_slice_starts(line, ENT_SLICE_LIT("$ORIGIN"));
        before = (struct ent_slice){NULL, 0};
        for (struct ent_slice w = ent_slice_word(&line); w.n > 0; w = ent_slice_word(&line)) {
            zone = zone || ent_slice_ieq(w, ENT_SLICE_LIT("SOA"));
            policy = policy || (ent_slice_ieq(before, ENT_SLICE_LIT("CNAME")) &&
                                (ent_slice_eq(w, ENT_SLICE_LIT(".")) ||
                                 ent_slice_eq(w, ENT_SLICE_LIT("*.")) ||
                                 starts_ci(w, ENT_SLICE_LIT("rpz-"))));
            before = w;
        }
    }
    return zone && policy;
}

static bool is_table(struct ent_slice s)
{
    size_t at;
    uint64_t lines;
    uint8_t delimiter;
    return ent_table_header(s, &at, &lines, &delimiter);
}

/* Most rows send a name nowhere. */
static bool is_hosts(struct ent_slice s, bool eof)
{
    struct ent_slice line;
    size_t sinks = 0, others = 0;
    while (next_line(&line, &s, eof)) {
        struct ent_slice row = ent_slice_until(&line, '#'), first = ent_slice_word(&row);
        bool two = ent_slice_word(&row).n > 0;
        sinks += two && ent_hosts_is_sink(first);
        others += first.n > 0 && !(two && ent_hosts_is_sink(first));
    }
    return sinks > others;
}

/* Each row is a value in base64, or a value and its reputation, and none of them a list's. */
static bool is_suricata(struct ent_slice s, bool eof)
{
    struct ent_observable o;
    struct ent_slice line;
    char text[ENT_OBS_MAX];
    size_t rows = 0, n;
    while (next_line(&line, &s, eof)) {
        struct ent_slice left = line, value = ent_slice_until(&left, ',');
        uint64_t reputation;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (value.n < line.n && ent_parse_u64(&reputation, left, 65535) != ENT_OK)
            return false;
        bool plain = ent_observable_parse(&o, NULL, value) == ENT_OK;
        if (value.n == line.n && plain)
            return false;
        if (!plain && (!ent_suricata_string(text, &n, sizeof(text), value) ||
                       ent_observable_parse(&o, NULL, ent_slice(text, n)) != ENT_OK))
            return false;
        rows++;
    }
    return rows > 0;
}

/* Four words of letters, or what only documents begin a line with, and something behind it. */
static bool is_written(struct ent_slice line)
{
    static const char *const begins[] = {"|", "```", "`", "* ", "- ", "== ", "=== ", "> "};
    struct ent_slice rest = line, first = ent_slice_word(&rest), second = ent_slice_word(&rest);
    size_t words = 0;
    bool more = first.n > 2 || (second.n > 0 && second.p[0] != '#' && second.p[0] != ';');
    for (size_t i = 0; more && i < sizeof(begins) / sizeof(begins[0]); i++)
        if (ent_slice_starts(line, ent_slice_str(begins[i])))
            return true;
    for (struct ent_slice w = ent_slice_word(&line); w.n > 0; w = ent_slice_word(&line)) {
        size_t letters = 0;
        while (letters < w.n && (ent_is_alpha(w.p[letters]) || w.p[letters] >= 0x80))
            letters++;
        words += letters > 0 && letters + 1 >= w.n; /* one sign of punctuation */
    }
    return words >= 4;
}

/* More lines are written for people than hold one value, as a list's do. */
static bool is_prose(struct ent_slice s)
{
    struct ent_observable o;
    size_t written = 0, values = 0;
    if (s.n > 2 && s.p[0] == '=' && (s.p[1] == ' ' || s.p[1] == '=')) /* a title in AsciiDoc */
        return true;
    while (s.n > 0) {
        struct ent_slice line = ent_slice_trim(ent_slice_until(&s, '\n')), rest = line;
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        if (is_written(line))
            written++;
        else
            values += ent_observable_parse(&o, NULL, ent_slice_word(&rest)) == ENT_OK;
    }
    return written > values;
}

enum ent_err ent_format_detect(enum ent_format *ret, struct ent_head *h, struct ent_diag *d)
{
    struct ent_slice s = {h->b, h->n};
    if (ent_slice_starts(s, ENT_SLICE_LIT("\xEF\xBB\xBF"))) {
        h->pos = 3;
        s = ent_slice(s.p + 3, s.n - 3);
    }
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (ent_slice_starts(s, magics[i].bytes))
            return ent_fail(d, ENT_E_FORMAT, magics[i].text, 0, h->pos);
    if (is_binary(s))
        return ent_fail(d, ENT_E_FORMAT, "binary data, not text", 0, h->pos);
    s = without_blanks(s);
    if (s.n == 0 && h->eof)
        return ent_fail(d, ENT_E_FORMAT, "the file is empty", 0, h->pos);
    if (is_openioc(s, h->eof)) {
        *ret = ENT_FORMAT_OPENIOC;
        return ENT_OK;
    }
    for (size_t i = 0; i < sizeof(markup) / sizeof(markup[0]); i++)
        if (starts_ci(s, markup[i].bytes))
            return ent_fail(d, ENT_E_FORMAT, markup[i].text, 0, h->pos);
    if (is_misp_hashes(s))
        return ent_fail(
            d, ENT_E_FORMAT,
            "the hashes.csv of a MISP feed: hashes of values cannot be matched; import the "
            "directory, or its events (`entente find --feed-hashes` says which are worth it)",
            0, h->pos);
    const char *refused = NULL;
    enum ent_err r = ENT_OK;
    if (s.n > 0 && is_json(s))
        r = json_format(ret, s, &refused);
    else
        *ret = s.n > 0 && is_uscert_header(s) ? ENT_FORMAT_USCERT
               : is_zeek(s, h->eof)           ? ENT_FORMAT_ZEEK
               : is_rpz(s, h->eof)            ? ENT_FORMAT_RPZ
               : is_table(s)                  ? ENT_FORMAT_TABLE
               : is_hosts(s, h->eof)          ? ENT_FORMAT_HOSTS
               : is_suricata(s, h->eof)       ? ENT_FORMAT_SURICATA
               : is_prose(s)                  ? ENT_FORMAT_PROSE
                                              : ENT_FORMAT_LIST;
    return refused == NULL ? r : ent_fail(d, ENT_E_FORMAT, refused, 0, h->pos);
}
