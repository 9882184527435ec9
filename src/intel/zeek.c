/*
 * zeek.c: files of Zeek's intelligence framework: fields with tabs between, named by a line
 * "#fields" in any order, "-" for what is not said. Such a line may come again, as it does where
 * files were put one behind the other.
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/parse.h"

enum column { INDICATOR, TYPE, SOURCE, DESC, COLUMNS };

#define ABSENT SIZE_MAX

struct zeek {
    struct ent_feed *f;
    size_t at[COLUMNS];
    size_t n_fields; /* 0 until there was a header */
};

static enum ent_err read_header(struct zeek *z, uint64_t line, struct ent_slice names)
{
    static const char *const known[COLUMNS] = {"indicator", "indicator_type", "meta.source",
                                               "meta.desc"};
    for (size_t c = 0; c < COLUMNS; c++)
        z->at[c] = ABSENT;
    for (z->n_fields = 0; names.n > 0; z->n_fields++) {
        struct ent_slice name = ent_slice_trim(ent_slice_until(&names, '\t'));
        for (size_t c = 0; c < COLUMNS; c++)
            if (ent_slice_eq(name, ent_slice_str(known[c])))
                z->at[c] = z->n_fields;
    }
    if (z->at[INDICATOR] == ABSENT || z->at[TYPE] == ABSENT)
        return ent_fail(z->f->d, ENT_E_FORMAT,
                        "#fields must name indicator and indicator_type, with tabs between", line,
                        0);
    return ENT_OK;
}

/* False for the types of Zeek that are nothing here. */
static bool type_of(struct ent_slice name, struct ent_slice value, enum ent_obs_type *ret)
{
    const bool v6 = value.n > 0 && memchr(value.p, ':', value.n) != NULL;
    const struct {
        const char *name;
        enum ent_obs_type type;
    } types[] = {
        {"Intel::ADDR", v6 ? ENT_OBS_IPV6 : ENT_OBS_IPV4},
        {"Intel::SUBNET", v6 ? ENT_OBS_NET6 : ENT_OBS_NET4},
        {"Intel::URL", ENT_OBS_URL},
        {"Intel::EMAIL", ENT_OBS_EMAIL},
        {"Intel::DOMAIN", ENT_OBS_DOMAIN},
        {"Intel::FILE_HASH", value.n == 32    ? ENT_OBS_MD5
                             : value.n == 40  ? ENT_OBS_SHA1
                             : value.n == 128 ? ENT_OBS_SHA512
                                              : ENT_OBS_SHA256},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (ent_slice_eq(name, ent_slice_str(types[i].name))) {
            *ret = types[i].type;
            return true;
        }
    return false;
}

static enum ent_err take_row(struct zeek *z, uint64_t line, struct ent_slice row)
{
    struct ent_slice field[COLUMNS] = {{NULL, 0}}, left = row;
    enum ent_obs_type type;
    size_t n = 0;
    for (bool more = true; more; n++) {
        size_t before = left.n;
        struct ent_slice s = ent_slice_until(&left, '\t');
        more = s.n < before;
        for (size_t c = 0; c < COLUMNS; c++)
            if (z->at[c] == n && !ent_slice_eq(s, ENT_SLICE_LIT("-")))
                field[c] = s;
    }
    /* Zeek itself drops such rows. */
    if (n != z->n_fields)
        return ent_feed_skip(z->f, line, "not as many fields as #fields names", row);
    if (!type_of(field[TYPE], field[INDICATOR], &type))
        return ent_feed_skip(z->f, line, "a type of Zeek's that is not read here", row);
    ent_feed_reset(z->f);
    ent_feed_kind(z->f, field[SOURCE]);
    ent_feed_text(z->f, field[DESC]);
    return ent_feed_value(z->f, line, type, field[INDICATOR]);
}

static enum ent_err read_line(void *ctx, uint64_t line, struct ent_slice s)
{
    static const struct ent_slice fields = ENT_SLICE_LIT("#fields");
    struct zeek *z = ctx;
    if (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    if (ent_slice_starts(s, fields)) {
        struct ent_slice names = ent_slice_from(s, fields.n);
        (void)ent_slice_until(&names, '\t');
        return read_header(z, line, names);
    }
    if (s.n == 0 || s.p[0] == '#')
        return ENT_OK;
    if (z->n_fields == 0)
        return ent_fail(z->f->d, ENT_E_FORMAT, "a row before any line #fields", line, 0);
    return take_row(z, line, s);
}

enum ent_err ent_zeek_read(struct ent_feed *f)
{
    struct zeek z = {.f = f};
    return ent_feed_rows(f, read_line, &z);
}
