/*
 * table.c: CSV and its relatives (';', '|', tabs) with a header, from anywhere.
 *
 * Columns are known by their whole names, never by parts of them: "victim_ip" must not make victims
 * hostile. Every column of values gives an indicator, so that "sha256,sha1,md5" are three about one
 * file. The header may stand in a comment, as abuse.ch writes it. Where names are not understood,
 * the user names the columns: "value=2,type=kind".
 */
#include "base/base.h"
#include "intel/csv.h"
#include "intel/feed.h"
#include "intel/misp.h"
#include "intel/parse.h"

#define HASHES                                                                                     \
    (ENT_OBS_BIT(ENT_OBS_MD5) | ENT_OBS_BIT(ENT_OBS_SHA1) | ENT_OBS_BIT(ENT_OBS_SHA256) |          \
     ENT_OBS_BIT(ENT_OBS_SHA512))
#define NETS                                                                                       \
    (ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6) | ENT_OBS_BIT(ENT_OBS_NET4) |           \
     ENT_OBS_BIT(ENT_OBS_NET6) | ENT_OBS_BIT(ENT_OBS_ENDPOINT))
#define NAME_MAX_BYTES 64

/* What a column says besides values. */
enum role { VALUE = 1, TYPE, CONFIDENCE, TLP, FROM, UNTIL, TEXT, KIND, LABELS, TO_IDS };

/* table. Of columns, and of the words in a column of types. */
static const struct word {
    const char *name;
    enum role role;
    uint32_t mask; /* what a value may be */
} words[] = {
    {"value", VALUE, ENT_OBS_ALL},
    {"indicator", VALUE, ENT_OBS_ALL},
    {"indicator_value", VALUE, ENT_OBS_ALL},
    {"ioc", VALUE, ENT_OBS_ALL},
    {"ioc_value", VALUE, ENT_OBS_ALL},
    {"observable", VALUE, ENT_OBS_ALL},
    {"ip", VALUE, NETS},
    {"ip_address", VALUE, NETS},
    {"ip_port", VALUE, NETS},
    {"ip_src", VALUE, NETS},
    {"ip_dst", VALUE, NETS},
    {"dst_ip", VALUE, NETS},
    {"ipv4", VALUE, NETS},
    {"ipv6", VALUE, NETS},
    {"ipv4_addr", VALUE, NETS},
    {"ipv6_addr", VALUE, NETS},
    {"cidr", VALUE, NETS},
    {"network", VALUE, NETS},
    {"subnet", VALUE, NETS},
    {"domain", VALUE, ENT_OBS_BIT(ENT_OBS_DOMAIN)},
    {"domain_name", VALUE, ENT_OBS_BIT(ENT_OBS_DOMAIN)},
    {"hostname", VALUE, ENT_OBS_BIT(ENT_OBS_DOMAIN)},
    {"fqdn", VALUE, ENT_OBS_BIT(ENT_OBS_DOMAIN)},
    {"url", VALUE, ENT_OBS_BIT(ENT_OBS_URL)},
    {"uri", VALUE, ENT_OBS_BIT(ENT_OBS_URL)},
    {"email", VALUE, ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"email_address", VALUE, ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"email_addr", VALUE, ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"email_src", VALUE, ENT_OBS_BIT(ENT_OBS_EMAIL)},
    {"hash", VALUE, HASHES},
    {"file_hash", VALUE, HASHES},
    {"filehash", VALUE, HASHES},
    {"md5", VALUE, ENT_OBS_BIT(ENT_OBS_MD5)},
    {"md5_hash", VALUE, ENT_OBS_BIT(ENT_OBS_MD5)},
    {"filehash_md5", VALUE, ENT_OBS_BIT(ENT_OBS_MD5)},
    {"sha1", VALUE, ENT_OBS_BIT(ENT_OBS_SHA1)},
    {"sha_1", VALUE, ENT_OBS_BIT(ENT_OBS_SHA1)},
    {"sha1_hash", VALUE, ENT_OBS_BIT(ENT_OBS_SHA1)},
    {"filehash_sha1", VALUE, ENT_OBS_BIT(ENT_OBS_SHA1)},
    {"sha256", VALUE, ENT_OBS_BIT(ENT_OBS_SHA256)},
    {"sha_256", VALUE, ENT_OBS_BIT(ENT_OBS_SHA256)},
    {"sha256_hash", VALUE, ENT_OBS_BIT(ENT_OBS_SHA256)},
    {"filehash_sha256", VALUE, ENT_OBS_BIT(ENT_OBS_SHA256)},
    {"sha512", VALUE, ENT_OBS_BIT(ENT_OBS_SHA512)},
    {"type", TYPE, 0},
    {"ioc_type", TYPE, 0},
    {"indicator_type", TYPE, 0},
    {"confidence", CONFIDENCE, 0},
    {"confidence_level", CONFIDENCE, 0},
    {"tlp", TLP, 0},
    {"first_seen", FROM, 0},
    {"first_seen_utc", FROM, 0},
    {"firstseen", FROM, 0},
    {"dateadded", FROM, 0},
    {"date_added", FROM, 0},
    {"valid_from", FROM, 0},
    {"valid_until", UNTIL, 0},
    {"expires", UNTIL, 0},
    {"description", TEXT, 0},
    {"comment", TEXT, 0},
    {"comments", TEXT, 0},
    {"notes", TEXT, 0},
    {"text", TEXT, 0},
    {"malware", KIND, 0},
    {"malware_family", KIND, 0},
    {"associated_malware", KIND, 0},
    {"malware_printable", KIND, 0},
    {"threat", KIND, 0},
    {"threat_type", KIND, 0},
    {"category", KIND, 0},
    {"kind", KIND, 0},
    {"labels", LABELS, 0},
    {"tags", LABELS, 0},
    {"attribute_tag", LABELS, 0},
    {"to_ids", TO_IDS, 0},
};

struct table {
    struct ent_feed *f;
    struct ent_csv csv;
    struct ent_head head;
    const struct word *column[ENT_CSV_FIELDS_MAX]; /* NULL: nothing that is read here */
    size_t n_columns;
};

/* "First Seen" and "first-seen" are "first_seen". */
static const struct word *find_word(struct ent_slice name)
{
    char plain[NAME_MAX_BYTES];
    name = ent_slice_trim(name);
    if (name.n > sizeof(plain))
        return NULL;
    for (size_t i = 0; i < name.n; i++)
        plain[i] =
            strchr(" -:.|", name.p[i]) != NULL && name.p[i] != 0 ? '_' : ent_lower(name.p[i]);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (ent_slice_eq(ent_slice(plain, name.n), ent_slice_str(words[i].name)))
            return &words[i];
    return NULL;
}

/* --- the header -------------------------------------------------------------------------------*/

static struct ent_slice without_quotes(struct ent_slice s)
{
    s = ent_slice_trim(s);
    return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? ent_slice(s.p + 1, s.n - 2) : s;
}

/* "ip, domain and whatever else was seen" is the beginning of a sentence. */
static bool is_sentence(struct ent_slice name)
{
    size_t words_in = 0;
    while (ent_slice_word(&name).n > 0)
        words_in++;
    return words_in > 3;
}

/* Whether the line names two columns or more, and one of values; with what between. */
static bool is_header(struct ent_slice line, uint8_t *ret_delimiter)
{
    static const char delimiters[] = ",;\t|";
    for (const char *d = delimiters; *d != '\0'; d++) {
        struct ent_slice left = line;
        size_t columns = 0, values = 0;
        bool sentence = false;
        while (left.n > 0 && columns < ENT_CSV_FIELDS_MAX) {
            struct ent_slice name = without_quotes(ent_slice_until(&left, (uint8_t)*d));
            const struct word *w = find_word(name);
            values += w != NULL && w->role == VALUE;
            sentence = sentence || is_sentence(name);
            columns++;
        }
        if (columns >= 2 && values > 0 && !sentence) {
            *ret_delimiter = (uint8_t)*d;
            return true;
        }
    }
    return false;
}

bool ent_table_header(struct ent_slice head, size_t *ret_at, uint64_t *ret_lines,
                      uint8_t *ret_delimiter)
{
    struct ent_slice left = head;
    for (uint64_t lines = 0; left.n > 0; lines++) {
        struct ent_slice line = ent_slice_until(&left, '\n'), text = ent_slice_trim(line);
        bool comment = text.n > 0 && text.p[0] == '#';
        while (text.n > 0 && (text.p[0] == '#' || text.p[0] == ' '))
            text = ent_slice_from(text, 1);
        if (is_header(text, ret_delimiter)) {
            *ret_at = (size_t)(text.p - head.p);
            *ret_lines = lines;
            return true;
        }
        if (!comment && text.n > 0)
            return false;
    }
    return false;
}

/* --- rows -------------------------------------------------------------------------------------*/

static bool is_nothing(struct ent_slice s)
{
    static const char *const words_[] = {"", "-", "n/a", "none", "null"};
    for (size_t i = 0; i < sizeof(words_) / sizeof(words_[0]); i++)
        if (ent_slice_ieq(s, ent_slice_str(words_[i])))
            return true;
    return false;
}

/* Without the apostrophe that keeps a spreadsheet from running what is behind it, see out_csv.c. */
static struct ent_slice content(struct ent_slice field)
{
    field = ent_slice_trim(field);
    bool guarded = field.n >= 2 && field.p[0] == '\'' && field.p[1] != 0 &&
                   strchr(ENT_CSV_GUARDED, field.p[1]) != NULL;
    return guarded ? ent_slice_from(field, 1) : field;
}

static struct ent_slice cell(const struct table *t, enum role role)
{
    for (size_t i = 0; i < t->n_columns && i < t->csv.n_fields; i++)
        if (t->column[i] != NULL && t->column[i]->role == role)
            return content(t->csv.field[i]);
    return (struct ent_slice){NULL, 0};
}

/*
 * "a,b", or where there is a '|' "a|b", in which a backslash takes '|' and itself for what they
 * are: so one of our own labels may hold anything. Several columns of labels are one set.
 */
static void read_labels(struct table *t)
{
    char word[ENT_LABEL_MAX * 4];
    struct ent_misp_tags tags;
    ent_misp_tags_init(&tags);
    for (size_t i = 0; i < t->n_columns && i < t->csv.n_fields; i++) {
        if (t->column[i] == NULL || t->column[i]->role != LABELS)
            continue;
        struct ent_slice left = content(t->csv.field[i]);
        bool bars = left.n > 0 && memchr(left.p, '|', left.n) != NULL;
        if (is_nothing(left))
            continue;
        while (left.n > 0) {
            size_t at = 0, n = 0;
            for (; at < left.n && left.p[at] != (bars ? '|' : ','); at++) {
                at += bars && left.p[at] == '\\' && at + 1 < left.n;
                if (n < sizeof(word)) /* longer than a label may be; it is dropped */
                    word[n++] = (char)left.p[at];
            }
            left = ent_slice_from(left, at < left.n ? at + 1 : at);
            ent_misp_tags_add(&tags, ent_slice(word, n));
        }
    }
    ent_feed_tags(t->f, &tags);
}

/* A number, or a word on the scale of STIX 2.1, appendix A. */
static void read_confidence(struct ent_indicator *ind, struct ent_slice s)
{
    uint64_t v;
    if (ent_parse_u64(&v, s, 100) == ENT_OK)
        ind->confidence = (int)v;
    else if (ent_slice_ieq(s, ENT_SLICE_LIT("low")))
        ind->confidence = 15;
    else if (ent_slice_ieq(s, ENT_SLICE_LIT("medium")))
        ind->confidence = 50;
    else if (ent_slice_ieq(s, ENT_SLICE_LIT("high")))
        ind->confidence = 85;
}

/* RFC 3339, or with a blank for its 'T' and without a zone, which is UTC; 0 for anything else. */
static int64_t read_time(struct ent_slice s)
{
    char text[ENT_TIME_TEXT];
    int64_t t = 0;
    if (s.n == 19 && s.p[10] == ' ') {
        memcpy(text, s.p, 19);
        text[10] = 'T';
        text[19] = 'Z';
        s = ent_slice(text, 20);
    }
    return ent_time_parse(&t, s) == ENT_OK ? t : 0;
}

static void read_claim(struct table *t)
{
    struct ent_indicator *ind = &t->f->ind;
    struct ent_slice tlp = cell(t, TLP);
    ent_feed_reset(t->f);
    ent_feed_kind(t->f, cell(t, KIND));
    ent_feed_text(t->f, cell(t, TEXT));
    ind->valid_from = read_time(cell(t, FROM));
    ind->valid_until = read_time(cell(t, UNTIL));
    /* A marking that is not understood must not be taken for a weaker one. */
    if (!is_nothing(tlp) && ent_tlp_parse(&ind->tlp, tlp) != ENT_OK)
        ind->tlp = ENT_TLP_RED;
    read_labels(t);
    read_confidence(ind, cell(t, CONFIDENCE));
}

static enum ent_err take_value(struct table *t, uint32_t mask, struct ent_slice value)
{
    const uint64_t line = t->csv.line;
    struct ent_observable o;
    if ((mask & (mask - 1)) == 0) /* one type: read as that */
        return ent_feed_value(t->f, line, (enum ent_obs_type)__builtin_ctz(mask), value);
    if (ent_observable_parse(&o, NULL, value) == ENT_OK && (mask & ENT_OBS_BIT(o.type)) == 0)
        return ent_feed_skip(t->f, line, "not of the type that is said of it", value);
    return ent_feed_value(t->f, line, (enum ent_obs_type)0, value);
}

/* What a value may be, by the word in the column of types; 0 for what is not read here. */
static uint32_t mask_of(struct ent_slice type)
{
    const struct word *w = find_word(type);
    if (w != NULL)
        return w->role == VALUE ? w->mask : 0;
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++) /* as our own export names them */
        if (ent_slice_eq(type, ent_slice_str(ent_obs_type_name((enum ent_obs_type)t))))
            return ENT_OBS_BIT(t);
    return 0;
}

static enum ent_err take_row(struct table *t)
{
    const struct ent_csv *c = &t->csv;
    struct ent_slice type = cell(t, TYPE), to_ids = cell(t, TO_IDS);
    size_t values = 0;
    enum ent_err r = ENT_OK;
    if (c->bad != NULL)
        return ent_feed_skip(t->f, c->line, c->bad,
                             c->n_fields > 0 ? c->field[0] : (struct ent_slice){NULL, 0});
    if (c->n_fields > 0 && c->field[0].n > 0 && c->field[0].p[0] == '#')
        return ENT_OK;
    if (ent_slice_eq(to_ids, ENT_SLICE_LIT("0")) || ent_slice_ieq(to_ids, ENT_SLICE_LIT("false")))
        return ent_feed_skip(t->f, c->line, "its author says that it is no reason for an alarm",
                             cell(t, VALUE));
    read_claim(t);
    for (size_t i = 0; r == ENT_OK && i < t->n_columns && i < c->n_fields; i++) {
        const struct word *w = t->column[i];
        struct ent_slice value = content(c->field[i]);
        if (w == NULL || w->role != VALUE || is_nothing(value))
            continue;
        values++;
        uint32_t mask = w->mask == ENT_OBS_ALL && type.n > 0 ? mask_of(type) : w->mask;
        if (mask == 0)
            r = ent_feed_skip(t->f, c->line, "a type of indicator that is not read here", value);
        else
            r = take_value(t, mask, value);
    }
    if (r != ENT_OK || values > 0)
        return r;
    return ent_feed_skip(t->f, c->line, "a row without a value",
                         c->n_fields > 0 ? c->field[0] : (struct ent_slice){NULL, 0});
}

/* --- columns that the user names --------------------------------------------------------------*/

static enum ent_err no(struct table *t, const char *text)
{
    return ent_fail(t->f->d, ENT_E_FORMAT, text, t->csv.line, 0);
}

/* "value=2" or "value=Name of the column" */
static enum ent_err name_column(struct table *t, struct ent_slice s, bool *ret_numbers)
{
    const struct word *w = find_word(ent_slice_until(&s, '='));
    uint64_t at = 0;
    if (w == NULL)
        return no(t, "--columns: no such meaning of a column (value, ip, type, tlp, ...)");
    s = ent_slice_trim(s);
    if (ent_parse_u64(&at, s, ENT_CSV_FIELDS_MAX) != ENT_OK) {
        *ret_numbers = false;
        for (size_t i = 0; i < t->csv.n_fields && at == 0; i++)
            if (ent_slice_ieq(ent_slice_trim(t->csv.field[i]), s))
                at = i + 1;
    }
    if (at == 0 || at > t->csv.n_fields)
        return no(t, "--columns: the header has no such column");
    t->column[at - 1] = w;
    return ENT_OK;
}

/* The first record: the header, or, where the user gave numbers, perhaps a row already. */
static enum ent_err read_columns(struct table *t, struct ent_slice named, bool *ret_row)
{
    struct ent_observable o;
    bool numbers = named.n > 0, values = false;
    enum ent_err r;
    t->n_columns = t->csv.n_fields;
    for (size_t i = 0; i < t->n_columns && named.n == 0; i++)
        t->column[i] = find_word(t->csv.field[i]);
    while (named.n > 0)
        if ((r = name_column(t, ent_slice_until(&named, ','), &numbers)) != ENT_OK)
            return r;
    for (size_t i = 0; i < t->n_columns; i++) {
        bool value = t->column[i] != NULL && t->column[i]->role == VALUE;
        values = values || value;
        *ret_row = *ret_row ||
                   (value && numbers && ent_observable_parse(&o, NULL, t->csv.field[i]) == ENT_OK);
    }
    return values ? ENT_OK : no(t, "no column of values: name one with --columns value=2");
}

/* The delimiter that the first line has most of; where no header told. */
static uint8_t most_frequent(struct ent_slice s)
{
    static const char delimiters[] = ",;\t|";
    struct ent_slice line = ent_slice_until(&s, '\n');
    size_t best = 0;
    uint8_t ret = ',';
    for (const char *d = delimiters; *d != '\0'; d++) {
        size_t n = 0;
        for (size_t i = 0; i < line.n; i++)
            n += line.p[i] == (uint8_t)*d;
        ret = n > best ? (uint8_t)*d : ret;
        best = n > best ? n : best;
    }
    return ret;
}

static enum ent_err read_table(struct table *t)
{
    struct ent_feed *f = t->f;
    uint64_t lines = 0;
    size_t at = 0;
    uint8_t delimiter;
    bool end = false, row = false;
    enum ent_err r;
    t->head.in = f->in;
    if ((r = ent_head_fill(&t->head, f->d)) != ENT_OK)
        return r;
    struct ent_slice head = ent_slice(t->head.b, t->head.n);
    if (f->opts->columns.n > 0 || !ent_table_header(head, &at, &lines, &delimiter))
        delimiter = most_frequent(head);
    t->head.pos = at;
    if ((r = ent_csv_init(&t->csv, ent_head_reader(&t->head), f->offset + at)) != ENT_OK)
        return r;
    t->csv.delimiter = delimiter;
    t->csv.lines = lines;
    if ((r = ent_csv_next(&t->csv, &end, f->d)) != ENT_OK ||
        (r = read_columns(t, f->opts->columns, &row)) != ENT_OK)
        return r;
    if (row)
        r = take_row(t);
    while (r == ENT_OK && (r = ent_csv_next(&t->csv, &end, f->d)) == ENT_OK && !end)
        r = take_row(t);
    return r;
}

enum ent_err ent_table_read(struct ent_feed *f)
{
    struct table *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    t->f = f;
    enum ent_err r = read_table(t);
    ent_csv_release(&t->csv);
    free(t);
    return r;
}
