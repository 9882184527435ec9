/* chain.c: all versions of a pact. */
#include "pact/parts.h"
#include "pact/chain.h"

#define FIRST_LINE "entente/pact-chain@v1\n"

void ent_chain_init(struct ent_chain *c)
{
    *c = (struct ent_chain){0};
    ent_buf_init(&c->file, ENT_CHAIN_MAX);
}

void ent_chain_release(struct ent_chain *c)
{
    ent_buf_release(&c->file);
    free(c->link);
    free(c->newest);
    ent_chain_init(c);
}

struct ent_slice ent_chain_file(const struct ent_chain *c)
{
    return ent_buf_slice(&c->file);
}

struct ent_slice ent_chain_version(const struct ent_chain *c, uint64_t version)
{
    if (version == 0 || version > c->versions)
        return ent_slice(NULL, 0);
    const struct ent_chain_link *l = &c->link[version - 1];
    return ent_slice(c->file.p + l->at, l->n);
}

/* From the first on, since a version alone does not know who was removed before it. */
enum ent_err ent_chain_pact(const struct ent_chain *c, struct ent_pact *ret, uint64_t version)
{
    enum ent_err r = version == 0 || version > c->versions ? ENT_E_NOTFOUND : ENT_OK;
    if (r == ENT_OK && version == c->versions) {
        *ret = *c->newest;
        return ENT_OK;
    }
    for (uint64_t v = 1; r == ENT_OK && v <= version; v++)
        r = ent_pact_reread(ret, ent_chain_version(c, v), v == 1 ? NULL : ret);
    return r;
}

/* --- adding -------------------------------------------------------------------------------------
 */

static enum ent_err room_for_link(struct ent_chain *c)
{
    if ((c->versions & (c->versions + 1)) != 0)
        return ENT_OK; /* room for 2^n - 1 */
    struct ent_chain_link *more = reallocarray(c->link, 2 * c->versions + 1, sizeof(*more));
    if (more == NULL)
        return ENT_E_NOMEM;
    c->link = more;
    return ENT_OK;
}

/* Behind the newest. */
static enum ent_err append(struct ent_chain *c, struct ent_slice bytes, struct ent_diag *d)
{
    size_t was = c->file.n;
    struct ent_pact *p = malloc(sizeof(*p));
    enum ent_err r;
    if (p == NULL || room_for_link(c) != ENT_OK) {
        free(p);
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    }
    if ((r = ent_pact_parse(p, bytes, c->newest, d)) != ENT_OK)
        goto out;
    if ((was == 0 && (r = ent_buf_puts(&c->file, FIRST_LINE)) != ENT_OK) ||
        (r = ent_buf_printf(&c->file, "version %zu\n", bytes.n)) != ENT_OK ||
        (r = ent_buf_put_slice(&c->file, bytes)) != ENT_OK) {
        c->file.n = was;
        r = ent_fail(d, r, "too many versions of a pact", 0, 0);
        goto out;
    }
    c->link[c->versions++] =
        (struct ent_chain_link){.at = c->file.n - bytes.n, .n = bytes.n, .hash = p->hash};
    free(c->newest);
    c->newest = p;
    p = NULL;
out:
    free(p);
    return r;
}

/* --- two texts for one version ------------------------------------------------------------------
 */

struct two {
    struct ent_pact before, ours, theirs;
};

/* theirs is another text for a version that is there: it is a split when it has the votes. */
static enum ent_err compare(const struct ent_chain *c, struct ent_chain_split *split, struct two *t,
                            struct ent_slice bytes, struct ent_diag *d)
{
    uint64_t v = t->theirs.version;
    const struct ent_pact *before = v == 1 ? NULL : &t->before;
    enum ent_err r;
    if ((v > 1 && (r = ent_chain_pact(c, &t->before, v - 1)) != ENT_OK) ||
        (r = ent_pact_reread(&t->ours, ent_chain_version(c, v), before)) != ENT_OK)
        return ent_fail(d, r, "cannot read an earlier version of the pact", 0, 0);
    if ((r = ent_pact_parse(&t->theirs, bytes, before, d)) != ENT_OK)
        return r;
    if (split != NULL) {
        split->version = v;
        split->hash[0] = t->ours.hash;
        split->hash[1] = t->theirs.hash;
        if ((r = ent_pact_signers(&split->by[0], ent_chain_version(c, v), &t->ours, before, d)) !=
                ENT_OK ||
            (r = ent_pact_signers(&split->by[1], bytes, &t->theirs, before, d)) != ENT_OK)
            return r;
    }
    return ent_fail(d, ENT_E_STATE, "two texts for one version of the pact, both with the votes", 0,
                    0);
}

enum ent_err ent_chain_add(struct ent_chain *c, struct ent_chain_split *split,
                           struct ent_slice bytes, struct ent_diag *d)
{
    struct two *t = malloc(sizeof(*t));
    enum ent_err r;
    if (t == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if (ent_pact_reread(&t->theirs, bytes, NULL) != ENT_OK || t->theirs.version > c->versions)
        r = append(c, bytes, d); /* which says what is wrong, too */
    else if (memcmp(t->theirs.hash.b, c->link[t->theirs.version - 1].hash.b, 32) == 0)
        r = ent_fail(d, ENT_E_EXISTS, "this version of the pact is there already", 0, 0);
    else
        r = compare(c, split, t, bytes, d);
    free(t);
    return r;
}

/* --- files --------------------------------------------------------------------------------------
 */

static enum ent_err take_version(struct ent_cur *c, struct ent_slice *ret)
{
    struct ent_slice line, word = ENT_SLICE_LIT("version ");
    uint64_t n;
    enum ent_err r;
    if ((r = ent_cur_line(c, &line)) != ENT_OK)
        return r;
    if (!ent_slice_starts(line, word))
        return ENT_E_FORMAT;
    line = ent_slice(line.p + word.n, line.n - word.n);
    if ((r = ent_parse_u64(&n, line, ENT_PACT_MAX)) != ENT_OK)
        return r;
    return ent_cur_take(c, ret, (size_t)n);
}

enum ent_err ent_chain_parse(struct ent_chain *c, struct ent_chain_split *split,
                             struct ent_slice file, struct ent_diag *d)
{
    struct ent_cur cur = ent_cur(file);
    struct ent_slice bytes;
    enum ent_err r = ent_cur_expect(&cur, ENT_SLICE_LIT(FIRST_LINE));
    ent_chain_release(c);
    if (file.n > ENT_CHAIN_MAX)
        return ent_fail(d, ENT_E_LIMIT, "too many versions of a pact", 0, ENT_CHAIN_MAX);
    if (r != ENT_OK || cur.n == 0)
        return ent_fail(d, ENT_E_FORMAT, "not the versions of a pact", 0, 0);
    while (r == ENT_OK && cur.n > 0) {
        if (take_version(&cur, &bytes) != ENT_OK)
            r = ent_fail(d, ENT_E_FORMAT, "malformed list of versions", 0, file.n - cur.n);
        else if ((r = ent_chain_add(c, split, bytes, d)) == ENT_E_EXISTS)
            r = ent_fail(d, ENT_E_FORMAT, "one version of the pact twice", 0, file.n - cur.n);
    }
    if (r != ENT_OK)
        ent_chain_release(c);
    return r;
}
