/* taxii.c: how far a collection of a TAXII server has been read. */
#include "node/node.h"

#define FACT_MAX 8192u
#define KEY_MAX  (sizeof("taxii/source/") + 2 * sizeof(struct ent_hash32))

static void fact_key(char ret[static KEY_MAX], const char *what, const struct ent_fetch_url *url,
                     struct ent_slice source)
{
    struct ent_sha256 h;
    struct ent_hash32 hash;
    char hex[ENT_HEX_LEN(sizeof(hash.b))];
    ent_sha256_init(&h);
    ent_sha256_add(&h, ent_slice_str(url->origin));
    ent_sha256_add(&h, ent_slice_str(url->path));
    ent_sha256_add(&h, ENT_SLICE_LIT("\n"));
    ent_sha256_add(&h, source);
    ent_sha256_end(&h, &hash);
    ent_hex_encode(hex, hash.b, sizeof(hash.b));
    (void)snprintf(ret, KEY_MAX, "taxii/%s/%s", what, hex);
}

/* --- the cursor ------------------------------------------------------------------------------- */

static void read_date(struct ent_lines *l, const char *key, char ret[static ENT_FETCH_DATE])
{
    ent_lines_key(l, key);
    struct ent_slice s = ent_lines_word(l);
    if (ent_slice_eq(s, ENT_SLICE_LIT("-")))
        ret[0] = '\0';
    else if (ent_fetch_date(ret, s) != ENT_OK)
        ent_lines_fail(l, ENT_E_FORMAT);
}

static enum ent_err parse(struct ent_taxii_cursor *ret, struct ent_slice text)
{
    struct ent_taxii_cursor c = {.after = ""};
    struct ent_lines l;
    ent_lines_start(&l, text);
    ent_lines_exact(&l, "entente/taxii@v1");
    read_date(&l, "after", c.after);
    read_date(&l, "last", c.last);
    ent_lines_key(&l, "next");
    ent_lines_str(&l, c.next, sizeof(c.next));
    if (strcmp(c.next, "-") == 0)
        c.next[0] = '\0';
    enum ent_err r = ent_lines_end(&l);
    for (const char *p = c.next; r == ENT_OK && *p != '\0'; p++)
        if (strchr("&#/?=+", *p) != NULL || *p <= ' ' || *p > '~')
            r = ENT_E_FORMAT;
    if (r == ENT_OK)
        *ret = c;
    return r;
}

static const char *or_none(const char *s)
{
    return *s == '\0' ? "-" : s;
}

enum ent_err ent_taxii_cursor_load(struct ent_store *s, struct ent_taxii_cursor *ret,
                                   const struct ent_fetch_url *url, struct ent_slice source)
{
    char key[KEY_MAX];
    struct ent_buf b;
    ent_buf_init(&b, FACT_MAX);
    fact_key(key, "at", url, source);
    enum ent_err r = ent_store_fact(s, &b, key);
    if (r == ENT_OK)
        r = parse(ret, ent_buf_slice(&b));
    else if (r == ENT_E_NOTFOUND) {
        *ret = (struct ent_taxii_cursor){.after = ""};
        r = ENT_OK;
    }
    ent_buf_release(&b);
    return r;
}

/* "-" is what a token of one '-' would look like, which is why that is written escaped. */
enum ent_err ent_taxii_cursor_keep(struct ent_store *s, const struct ent_taxii_cursor *c,
                                   const struct ent_fetch_url *url, struct ent_slice source)
{
    char key[KEY_MAX];
    struct ent_buf b;
    ent_buf_init(&b, FACT_MAX);
    fact_key(key, "at", url, source);
    enum ent_err r = ent_buf_printf(&b, "entente/taxii@v1\nafter %s\nlast %s\nnext %s\n",
                                    or_none(c->after), or_none(c->last), or_none(c->next));
    if (r == ENT_OK)
        r = ent_store_set_fact(s, key, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_taxii_suffix(char ret[static ENT_FETCH_SUFFIX], const struct ent_taxii_cursor *c,
                              const char *path, unsigned limit)
{
    struct ent_buf b;
    enum ent_err r;
    ent_buf_init(&b, ENT_FETCH_SUFFIX);
    r = ent_buf_printf(&b, "%sobjects/?limit=%u", path, limit);
    if (r == ENT_OK && c->after[0] != '\0') {
        r = ent_buf_puts(&b, "&added_after=");
        if (r == ENT_OK)
            r = ent_fetch_escape(&b, ent_slice_str(c->after));
    }
    if (r == ENT_OK && c->next[0] != '\0')
        r = ent_buf_printf(&b, "&next=%s", c->next);
    if (r == ENT_OK && (r = ent_buf_putc(&b, '\0')) == ENT_OK)
        memcpy(ret, b.p, b.n);
    ent_buf_release(&b);
    return r;
}

/* --- from page to page ------------------------------------------------------------------------ */

static enum ent_err take_next(struct ent_taxii_cursor *c, const struct ent_envelope *e,
                              struct ent_diag *d)
{
    struct ent_buf b;
    ent_buf_init(&b, sizeof(c->next));
    bool dash = e->next_n == 1 && e->next[0] == '-';
    enum ent_err r =
        dash ? ent_buf_puts(&b, "%2D") : ent_fetch_escape(&b, ent_slice(e->next, e->next_n));
    if (r == ENT_OK)
        r = ent_buf_putc(&b, '\0');
    if (r == ENT_OK && strcmp((const char *)b.p, c->next) == 0)
        r = ent_fail(d, ENT_E_PEER, "the server gives the same page again and again", 0, 0);
    if (r == ENT_OK)
        memcpy(c->next, b.p, b.n);
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_taxii_advance(struct ent_taxii_cursor *c, const struct ent_envelope *e,
                               const char *date, struct ent_diag *d)
{
    enum ent_err r;
    bool next = e->more && e->next_n > 0;
    if (e->more && !next && ent_fetch_date_cmp(date, c->after) <= 0)
        return ent_fail(d, ENT_E_PEER,
                        "there is more, the server says, but not where: neither \"next\" nor a "
                        "later X-TAXII-Date-Added-Last",
                        0, 0);
    if (next && (r = take_next(c, e, d)) != ENT_OK)
        return r;
    if (ent_fetch_date_cmp(date, c->last) > 0)
        memcpy(c->last, date, strlen(date) + 1);
    if (next)
        return ENT_OK;
    const char *after = e->more ? date : c->last;
    if (ent_fetch_date_cmp(after, c->after) > 0)
        memcpy(c->after, after, strlen(after) + 1);
    c->next[0] = '\0';
    return ENT_OK;
}

/* --- the source ------------------------------------------------------------------------------- */

enum ent_err ent_taxii_source(struct ent_store *s, struct ent_buf *ret,
                              const struct ent_fetch_url *url)
{
    char key[KEY_MAX];
    fact_key(key, "source", url, (struct ent_slice){NULL, 0});
    return ent_store_fact(s, ret, key);
}

enum ent_err ent_taxii_source_keep(struct ent_store *s, const struct ent_fetch_url *url,
                                   struct ent_slice source)
{
    char key[KEY_MAX];
    fact_key(key, "source", url, (struct ent_slice){NULL, 0});
    return ent_store_set_fact(s, key, source);
}
