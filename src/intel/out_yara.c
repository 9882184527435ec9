/*
 * out_yara.c: YARA rules that find files by their hash.
 *
 * A scan looks at each hash of a file as often as the rules name it, and a hundred thousand rules
 * or comparisons in a row cost more than reading the file. So the hashes of a rule are sorted, and
 * its condition asks first in which half of them the file could be, and so on: seven questions for
 * a thousand hashes. Larger rules would be faster still, but a hit would say less, and what they
 * hold would have to be kept in memory.
 *
 * Of an empty file YARA knows no hash, so that a rule about one would never hold.
 */
#include "base/base.h"
#include "intel/out_parts.h"

#define PER_RULE ENT_OUT_RULE_MOST
#define IN_A_ROW 8 /* comparisons that need no question before them */
#define DEEP     "            "

/* One after the other, because a rule is about one kind of hash; the rest is only to be counted. */
const uint32_t ent_out_yara_passes[] = {
    ENT_OBS_BIT(ENT_OBS_MD5), ENT_OBS_BIT(ENT_OBS_SHA1),
    ENT_OBS_ALL & ~(ENT_OBS_BIT(ENT_OBS_MD5) | ENT_OBS_BIT(ENT_OBS_SHA1)), 0};

static bool is_of_nothing(const char *hash)
{
    static const char *const empty[] = {
        "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
        if (strcmp(hash, empty[i]) == 0)
            return true;
    return false;
}

/* One line already; a quote or a backslash would end the string or change it. */
static enum ent_err put_string(struct ent_buf *b, const char *key, const char *text)
{
    enum ent_err r = ent_buf_printf(b, "        %s = \"", key);
    for (; *text != '\0' && r == ENT_OK; text++) {
        if (*text == '"' || *text == '\\')
            r = ent_buf_putc(b, '\\');
        if (r == ENT_OK)
            r = ent_buf_putc(b, *text);
    }
    return r == ENT_OK ? ent_buf_puts(b, "\"\n") : r;
}

static enum ent_err put_meta(struct ent_out *o, const char *uuid)
{
    const struct ent_out_rule *u = &o->rule;
    struct ent_buf *b = &o->b[0];
    char author[ENT_OUT_TEXT], first[ENT_OUT_DAY], last[ENT_OUT_DAY], what[64];
    enum ent_err r;
    (void)ent_out_text(author, o->opts.author);
    (void)snprintf(what, sizeof(what), "Files that are known as hostile, by their %s",
                   ent_obs_type_name(u->type));
    ent_out_day(first, u->first);
    ent_out_day(last, u->last);
    if ((r = put_string(b, "author", author)) != ENT_OK ||
        (r = put_string(b, "description", what)) != ENT_OK ||
        (r = put_string(b, "id", uuid)) != ENT_OK || (r = put_string(b, "date", first)) != ENT_OK ||
        (r = put_string(b, "modified", last)) != ENT_OK ||
        (r = put_string(b, "tlp", ent_tlp_name(u->narrowest))) != ENT_OK)
        return r;
    return ent_buf_printf(b, "        hashes = %llu\n        sources = %llu\n",
                          (unsigned long long)u->values, (unsigned long long)u->sources);
}

/* n of them, in order; each has size octets with its NUL. What divides them is one of them, because
 * anything else might read as a hash of another kind. */
static enum ent_err put_tests(struct ent_out *o, const char *hash, size_t n, size_t size)
{
    const char *kind = ent_obs_type_name(o->rule.type), *middle = hash + n / 2 * size;
    struct ent_buf *b = &o->b[0];
    enum ent_err r = ENT_OK;
    if (n <= IN_A_ROW) {
        for (size_t i = 0; i < n && r == ENT_OK; i++)
            r = ent_buf_printf(b, "%s" DEEP "hash.%s(0, filesize) == \"%s\"", i == 0 ? "" : " or\n",
                               kind, hash + i * size);
        return r;
    }
    if ((r = ent_buf_printf(b, DEEP "hash.%s(0, filesize) < \"%s\" and (\n", kind, middle)) !=
            ENT_OK ||
        (r = put_tests(o, hash, n / 2, size)) != ENT_OK ||
        (r = ent_buf_printf(b, "\n" DEEP ") or\n" DEEP "hash.%s(0, filesize) >= \"%s\" and (\n",
                            kind, middle)) != ENT_OK ||
        (r = put_tests(o, middle, n - n / 2, size)) != ENT_OK)
        return r;
    return ent_buf_puts(b, "\n" DEEP ")");
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum ent_err put_condition(struct ent_out *o)
{
    struct ent_out_rule *u = &o->rule;
    size_t n = (size_t)u->values, size = u->text[0].n / n;
    qsort(u->text[0].p, n, size, compare);
    enum ent_err r = ent_buf_puts(&o->b[0], "    condition:\n        filesize > 0 and (\n");
    if (r != ENT_OK || (r = put_tests(o, (const char *)u->text[0].p, n, size)) != ENT_OK)
        return r;
    return ent_buf_puts(&o->b[0], "\n        )\n}\n");
}

/* The name ends in a piece of the id, so that the rules of several publishers compile together. */
static enum ent_err end_rule(struct ent_out *o)
{
    const struct ent_out_rule *u = &o->rule;
    const char *name = ent_obs_type_name(u->type);
    struct ent_buf *b = &o->b[0];
    struct ent_uuid16 id;
    char uuid[ENT_UUID_TEXT];
    enum ent_err r;
    if (u->values == 0)
        return ENT_OK;
    if ((r = ent_out_rule_id(&id, o, "yara")) != ENT_OK)
        return r;
    ent_uuid_text(uuid, &id);
    if ((r = ent_buf_printf(b, "\nrule entente_%s_%llu_%.8s\n{\n    meta:\n", name,
                            (unsigned long long)u->number[u->type], uuid)) != ENT_OK ||
        (r = put_meta(o, uuid)) != ENT_OK || (r = put_condition(o)) != ENT_OK)
        return r;
    ent_out_rule_clear(o);
    return ENT_OK;
}

enum ent_err ent_out_yara_start(struct ent_out *o)
{
    ent_out_rule_init(o);
    enum ent_err r = ent_out_head(o, 0, "// ");
    return r == ENT_OK ? ent_buf_puts(&o->b[0], "import \"hash\"\n") : r;
}

enum ent_err ent_out_yara_put(struct ent_out *o, const struct ent_out_item *item)
{
    const struct ent_observable *obs = &item->ind->obs;
    enum ent_err r = ENT_OK;
    if (is_of_nothing(obs->text))
        return ENT_E_UNSUPPORTED;
    if (!ent_out_rule_takes(o, obs->type, PER_RULE) && (r = end_rule(o)) != ENT_OK)
        return r;
    r = ent_buf_put(&o->rule.text[0], obs->text, (size_t)obs->n + 1);
    if (r == ENT_OK)
        ent_out_rule_add(o, obs->type, item);
    return r;
}

enum ent_err ent_out_yara_end(struct ent_out *o)
{
    return end_rule(o);
}
