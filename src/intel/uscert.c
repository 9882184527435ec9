/*
 * uscert.c: the CSV that US-CERT published with its reports (JAR-16-20296A, "GRIZZLY STEPPE", is
 * the best known): INDICATOR_VALUE, TYPE, COMMENT, ROLE, ATTACK_PHASE, OBSERVED_DATE, HANDLING,
 * DESCRIPTION. Columns are found by the names in the header.
 *
 * A row may give several indicators: COMMENT packs further hashes of the same file as
 * "FILENAME:x|FILE_SIZE:n|SHA1:..|SHA256:..", and some rows have no value of their own at all.
 */
#include "base/base.h"
#include "intel/csv.h"
#include "intel/feed.h"
#include "intel/parse.h"

enum column { VALUE, TYPE, COMMENT, ROLE, DATE, HANDLING, DESCRIPTION, COLUMNS };

#define ABSENT SIZE_MAX

struct uscert {
    struct ent_feed *f;
    struct ent_csv csv;
    size_t at[COLUMNS];
};

static enum ent_err read_header(struct uscert *u)
{
    static const char *const names[COLUMNS] = {"INDICATOR_VALUE", "TYPE",     "COMMENT",    "ROLE",
                                               "OBSERVED_DATE",   "HANDLING", "DESCRIPTION"};
    struct ent_diag *d = u->f->d;
    bool end = false;
    enum ent_err r = ent_csv_next(&u->csv, &end, d);
    if (r != ENT_OK)
        return r;
    for (size_t c = 0; c < COLUMNS; c++) {
        u->at[c] = ABSENT;
        for (size_t i = 0; i < u->csv.n_fields; i++)
            if (u->at[c] == ABSENT &&
                ent_slice_ieq(ent_slice_trim(u->csv.field[i]), ent_slice_str(names[c])))
                u->at[c] = i;
    }
    if (end || u->csv.bad != NULL || u->at[VALUE] == ABSENT || u->at[TYPE] == ABSENT)
        return ent_fail(d, ENT_E_FORMAT, "not the header of a US-CERT CSV file", 1, u->f->offset);
    return ENT_OK;
}

/* Empty when the column or the field is not there. */
static struct ent_slice column(const struct uscert *u, enum column c)
{
    if (u->at[c] == ABSENT || u->at[c] >= u->csv.n_fields)
        return (struct ent_slice){NULL, 0};
    return ent_slice_trim(u->csv.field[u->at[c]]);
}

/* 0 when the name stands for nothing that is read here. */
static enum ent_obs_type type_of(struct ent_slice name)
{
    static const struct {
        const char *name;
        enum ent_obs_type type;
    } types[] = {
        {"IPV4ADDR", ENT_OBS_IPV4},    {"IPV6ADDR", ENT_OBS_IPV6},  {"FQDN", ENT_OBS_DOMAIN},
        {"DOMAIN", ENT_OBS_DOMAIN},    {"URL", ENT_OBS_URL},        {"EMAIL", ENT_OBS_EMAIL},
        {"EMAIL_ADDR", ENT_OBS_EMAIL}, {"MD5", ENT_OBS_MD5},        {"SHA1", ENT_OBS_SHA1},
        {"SHA-1", ENT_OBS_SHA1},       {"SHA256", ENT_OBS_SHA256},  {"SHA-256", ENT_OBS_SHA256},
        {"SHA512", ENT_OBS_SHA512},    {"SHA-512", ENT_OBS_SHA512},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (ent_slice_ieq(name, ent_slice_str(types[i].name)))
            return types[i].type;
    return (enum ent_obs_type)0;
}

/* One value of the row; a wrong one is reported and the rest of the row goes on. */
static enum ent_err take_value(struct uscert *u, enum ent_obs_type type, struct ent_slice value)
{
    if (type == 0)
        return ent_feed_skip(u->f, u->csv.line, "a type of indicator that is not read here", value);
    return ent_feed_value(u->f, u->csv.line, type, value);
}

/* The hashes in "FILENAME:x|SHA1:..|...", which are statements about the same file. */
static enum ent_err take_comment(struct uscert *u, struct ent_slice comment, size_t *ret_n)
{
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && comment.n > 0) {
        struct ent_slice value = ent_slice_until(&comment, '|');
        enum ent_obs_type type = type_of(ent_slice_trim(ent_slice_until(&value, ':')));
        value = ent_slice_trim(value);
        if (type < ENT_OBS_MD5 || value.n == 0)
            continue;
        ++*ret_n;
        r = take_value(u, type, value);
    }
    return r;
}

static void read_claim(struct uscert *u)
{
    struct ent_indicator *ind = &u->f->ind;
    struct ent_slice handling = column(u, HANDLING);
    ent_feed_reset(u->f);
    ent_feed_kind(u->f, column(u, ROLE));
    ent_feed_text(u->f, column(u, DESCRIPTION));
    (void)(ent_time_parse(&ind->valid_from, column(u, DATE)) == ENT_OK);
    /* A marking that is not understood must not be taken for a weaker one. */
    if (handling.n > 0 && ent_tlp_parse(&ind->tlp, handling) != ENT_OK)
        ind->tlp = ENT_TLP_RED;
}

static enum ent_err take_row(struct uscert *u)
{
    struct ent_slice value = column(u, VALUE);
    size_t n = 0;
    enum ent_err r;
    if (u->csv.bad != NULL)
        return ent_feed_skip(u->f, u->csv.line, u->csv.bad,
                             u->csv.n_fields > 0 ? u->csv.field[0] : value);
    read_claim(u);
    if (value.n > 0) {
        n++;
        if ((r = take_value(u, type_of(column(u, TYPE)), value)) != ENT_OK)
            return r;
    }
    if ((r = take_comment(u, column(u, COMMENT), &n)) != ENT_OK)
        return r;
    return n > 0 ? ENT_OK : ent_feed_skip(u->f, u->csv.line, "a row without a value", value);
}

enum ent_err ent_uscert_read(struct ent_feed *f)
{
    struct uscert *u = calloc(1, sizeof(*u));
    bool end = false;
    if (u == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    u->f = f;
    enum ent_err r = ent_csv_init(&u->csv, f->in, f->offset);
    if (r == ENT_OK)
        r = read_header(u);
    while (r == ENT_OK && (r = ent_csv_next(&u->csv, &end, f->d)) == ENT_OK && !end)
        r = take_row(u);
    ent_csv_release(&u->csv);
    free(u);
    return r;
}
