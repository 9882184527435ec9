/* taxii_render.c: rows to the answer. Objects of others go out byte for byte, as they came. */
#include "intel/intel.h"
#include "intel/feed.h"

#define HEADERS 8192

void ent_taxii_answer_init(struct ent_taxii_answer *a, size_t max)
{
    *a = (struct ent_taxii_answer){.status = 0};
    ent_buf_init(&a->headers, HEADERS);
    ent_buf_init(&a->body, max);
}

void ent_taxii_answer_release(struct ent_taxii_answer *a)
{
    ent_buf_release(&a->headers);
    ent_buf_release(&a->body);
}

/* --- errors -------------------------------------------------------------------------------------
 */

/* Section 3.6.1. */
enum ent_err ent_taxii_refuse(struct ent_taxii_answer *a, unsigned status, const char *title,
                              const char *description)
{
    char text[16];
    struct ent_json j;
    (void)snprintf(text, sizeof(text), "%u", status);
    a->status = status;
    ent_buf_clear(&a->body);
    ent_json_start(&j, &a->body);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "title", title);
    ent_json_cstr(&j, "description", description);
    ent_json_cstr(&j, "http_status", text);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

static enum ent_err refuse_for(struct ent_taxii_answer *a, unsigned why)
{
    /* table */
    static const struct {
        unsigned status;
        const char *title, *description;
    } texts[ENT_TAXII_REFUSALS] = {
        [ENT_TAXII_NO_COLLECTION] = {404, "There is no such collection",
                                     "None, at least, that this account can read or write."},
        [ENT_TAXII_NO_OBJECT] = {404, "There is no such object",
                                 "None, at least, that this account can read here."},
        [ENT_TAXII_NO_STATUS] = {404, "There is no such status",
                                 "It is of another account, or older than two days."},
        [ENT_TAXII_MAY_NOT_READ] = {403, "This collection cannot be read",
                                    "Its can_read is false for this account."},
        [ENT_TAXII_MAY_NOT_WRITE] = {403, "This collection cannot be written",
                                     "Its can_write is false for this account; \"inbox\" is there "
                                     "to be written."},
        [ENT_TAXII_BAD_NEXT] = {400, "The parameters are wrong",
                                "next is not one that this server gave"},
        [ENT_TAXII_OTHER_FILTERS] = {400, "The parameters are wrong",
                                     "next goes with the filters that it was given for: the same "
                                     "added_after and match, for the same resource"},
        [ENT_TAXII_TOO_MANY] = {429, "Too many requests are kept",
                                "Of this account 10,000 in two days."},
        [ENT_TAXII_BUSY] = {503, "The store is being written", "Ask again in a few seconds."},
        [ENT_TAXII_BROKEN] = {500, "The server failed",
                              "Its operator finds the reason in its log."},
    };
    unsigned i = why > 0 && why < ENT_TAXII_REFUSALS ? why : ENT_TAXII_BROKEN;
    if (i == ENT_TAXII_BUSY || i == ENT_TAXII_TOO_MANY) {
        enum ent_err r = ent_buf_puts(&a->headers, "Retry-After: 10\n");
        if (r != ENT_OK)
            return r;
    }
    return ent_taxii_refuse(a, texts[i].status, texts[i].title, texts[i].description);
}

/* --- what there is ------------------------------------------------------------------------------
 */

static enum ent_err put_self(struct ent_taxii_answer *a, const struct ent_taxii_query *q,
                             struct ent_cur *c)
{
    struct ent_slice author;
    char root[320];
    struct ent_json j;
    enum ent_err r = ent_taxii_get16(c, &author);
    if (r != ENT_OK)
        return r;
    (void)snprintf(root, sizeof(root), "%.*s/taxii2/api/", (int)q->base.n, (const char *)q->base.p);
    ent_json_start(&j, &a->body);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "title", author);
    if (q->ask == ENT_TAXII_ASK_DISCOVERY) {
        ent_json_cstr(&j, "description", "What this member shares, by TAXII 2.1");
        ent_json_cstr(&j, "default", root);
        ent_json_arr(&j, "api_roots");
        ent_json_cstr(&j, NULL, root);
        ent_json_arr_end(&j);
    } else {
        ent_json_cstr(&j, "description",
                      "A collection for each TLP marking, and an inbox for those who may write");
        ent_json_arr(&j, "versions");
        ent_json_cstr(&j, NULL, ENT_TAXII_TYPE);
        ent_json_arr_end(&j);
        ent_json_u64(&j, "max_content_length", ENT_TAXII_BODY);
    }
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

static enum ent_err put_shelf(struct ent_json *j, struct ent_cur *c)
{
    static const char *const texts[][2] = {
        {"", ""},
        {"TLP:CLEAR", "What may be told to the world"},
        {"TLP:GREEN", "What may be told within the community, and TLP:CLEAR"},
        {"TLP:AMBER", "What the reader's organisation and its clients may know, and what is wider"},
        {"TLP:AMBER+STRICT", "What only the reader's organisation may know, and what is wider"},
        {"Inbox", "What is added here is kept as this account's word; it reads back what it gave"}};
    struct ent_uuid16 id;
    char uuid[ENT_UUID_TEXT];
    uint8_t number, can;
    enum ent_err r;
    if ((r = ent_cur_u8(c, &number)) != ENT_OK ||
        (r = ent_cur_copy(c, id.b, sizeof(id.b))) != ENT_OK || (r = ent_cur_u8(c, &can)) != ENT_OK)
        return r;
    if (number == 0 || number > ENT_TAXII_INBOX)
        return ENT_E_FORMAT;
    ent_uuid_text(uuid, &id);
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "id", uuid);
    ent_json_cstr(j, "title", texts[number][0]);
    ent_json_cstr(j, "description", texts[number][1]);
    ent_json_cstr(j, "alias", ent_taxii_shelf_alias(number));
    ent_json_bool(j, "can_read", (can & 1) != 0);
    ent_json_bool(j, "can_write", (can & 2) != 0);
    ent_json_arr(j, "media_types");
    ent_json_cstr(j, NULL, "application/stix+json;version=2.1");
    if (number != ENT_TAXII_INBOX)
        ent_json_cstr(j, NULL, "application/stix+json;version=2.0");
    ent_json_arr_end(j);
    ent_json_obj_end(j);
    return ENT_OK;
}

static enum ent_err put_shelves(struct ent_taxii_answer *a, const struct ent_taxii_query *q,
                                struct ent_cur *c)
{
    bool list = q->ask == ENT_TAXII_ASK_COLLECTIONS;
    struct ent_json j;
    uint8_t n = 0;
    enum ent_err r = ent_cur_u8(c, &n);
    if (r == ENT_OK && !list && n != 1)
        return ENT_E_FORMAT;
    ent_json_start(&j, &a->body);
    if (list)
        ent_json_obj(&j, NULL);
    if (list && n > 0)
        ent_json_arr(&j, "collections");
    for (unsigned i = 0; i < n && r == ENT_OK; i++)
        r = put_shelf(&j, c);
    if (r != ENT_OK)
        return r;
    if (list && n > 0)
        ent_json_arr_end(&j);
    if (list)
        ent_json_obj_end(&j);
    return ent_json_end(&j);
}

/* --- pages --------------------------------------------------------------------------------------
 */

static enum ent_err put_claim(struct ent_buf *b, const struct ent_taxii_row *row,
                              const struct ent_uuid16 *self)
{
    struct ent_indicator ind = {
        .obs = {.type = (enum ent_obs_type)row->obs_type, .n = (uint16_t)row->obs.n},
        .tlp = (enum ent_tlp)row->tlp,
        .confidence = row->confidence,
        .valid_from = row->valid_from,
        .valid_until = row->valid_until,
        .id = row->ext_id,
        .kind = row->kind_word,
        .text = row->text,
        .labels = row->labels};
    const struct ent_out_item item = {.ind = &ind,
                                      .source = row->source,
                                      .first = row->first_import,
                                      .last = row->modified / 1000};
    if (row->obs.n > 0)
        memcpy(ind.obs.text, row->obs.p, row->obs.n);
    return ent_out_indicator(b, self, &row->uuid, &item, row->modified);
}

static enum ent_err put_object(struct ent_buf *b, const struct ent_taxii_row *row,
                               const struct ent_uuid16 *self)
{
    switch (row->kind) {
    case 1:
        return put_claim(b, row, self);
    case 2:
        return ent_buf_put_slice(b, row->bytes);
    case 3:
        return ent_out_publisher_object(b, self, row->source);
    default:
        return ent_out_marking_object(b, (enum ent_tlp)row->tlp);
    }
}

static const char *id_of(char ret[static ENT_STIX_ID_MAX + 1], const struct ent_taxii_row *row,
                         const struct ent_uuid16 *self)
{
    char uuid[ENT_UUID_TEXT];
    if (row->kind == 2) {
        (void)snprintf(ret, ENT_STIX_ID_MAX + 1, "%.*s", (int)row->id.n, (const char *)row->id.p);
    } else if (row->kind == 4) {
        (void)ent_out_marking_id(ret, (enum ent_tlp)row->tlp);
    } else {
        ent_uuid_text(uuid, row->kind == 1 ? &row->uuid : self);
        (void)snprintf(ret, ENT_STIX_ID_MAX + 1, "%s--%s",
                       row->kind == 1 ? "indicator" : "identity", uuid);
    }
    return ret;
}

static enum ent_err put_manifest(struct ent_buf *b, const struct ent_taxii_row *row,
                                 const struct ent_uuid16 *self)
{
    char id[ENT_STIX_ID_MAX + 1], added[ENT_TAXII_TIME], version[ENT_TAXII_VERSION];
    struct ent_json j;
    ent_taxii_time(added, row->added);
    ent_json_start(&j, b);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "id", id_of(id, row, self));
    ent_json_cstr(&j, "date_added", added);
    ent_json_cstr(&j, "version", ent_taxii_version(version, row));
    ent_json_cstr(&j, "media_type",
                  row->is_20 ? "application/stix+json;version=2.0"
                             : "application/stix+json;version=2.1");
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

static enum ent_err put_row(struct ent_taxii_answer *a, const struct ent_taxii_query *q,
                            const struct ent_taxii_row *row, const struct ent_uuid16 *self)
{
    char version[ENT_TAXII_VERSION];
    if (q->ask == ENT_TAXII_ASK_MANIFEST)
        return put_manifest(&a->body, row, self);
    if (q->ask == ENT_TAXII_ASK_VERSIONS)
        return ent_buf_printf(&a->body, "\"%s\"", ent_taxii_version(version, row));
    return put_object(&a->body, row, self);
}

static enum ent_err put_dates(struct ent_taxii_answer *a, int64_t first, int64_t last)
{
    char text[2][ENT_TAXII_TIME];
    ent_taxii_time(text[0], first);
    ent_taxii_time(text[1], last);
    return ent_buf_printf(&a->headers,
                          "X-TAXII-Date-Added-First: %s\nX-TAXII-Date-Added-Last: %s\n", text[0],
                          text[1]);
}

/* "{}" for an empty one that nothing follows (section 3.7). */
static enum ent_err put_page(struct ent_taxii_answer *a, const struct ent_taxii_query *q,
                             struct ent_cur *c)
{
    char next[ENT_HEX_LEN(ENT_TAXII_CURSOR)];
    uint8_t more, raw[ENT_TAXII_CURSOR];
    struct ent_uuid16 self;
    struct ent_taxii_row row;
    int64_t first = 0, last = 0;
    enum ent_err r;
    if ((r = ent_cur_u8(c, &more)) != ENT_OK ||
        (r = ent_cur_copy(c, self.b, sizeof(self.b))) != ENT_OK ||
        (r = ent_cur_copy(c, raw, sizeof(raw))) != ENT_OK)
        return r;
    ent_hex_encode(next, raw, sizeof(raw));
    if ((r = ent_buf_puts(&a->body, "{")) == ENT_OK && more != 0)
        r = ent_buf_printf(&a->body, "\"more\":true,\"next\":\"%s\"", next);
    else if (r == ENT_OK && c->n > 0)
        r = ent_buf_puts(&a->body, "\"more\":false");
    const char *before = q->ask == ENT_TAXII_ASK_VERSIONS ? ",\"versions\":[" : ",\"objects\":[";
    bool any = c->n > 0;
    while (c->n > 0 && r == ENT_OK) {
        if ((r = ent_buf_puts(&a->body, before)) != ENT_OK ||
            (r = ent_taxii_row_get(c, &row)) != ENT_OK ||
            (r = put_row(a, q, &row, &self)) != ENT_OK)
            break;
        before = ",";
        first = first == 0 ? row.added : first;
        last = row.added;
    }
    if (r == ENT_OK)
        r = ent_buf_puts(&a->body, any ? "]}" : "}");
    return r == ENT_OK && any ? put_dates(a, first, last) : r;
}

/* --- status -------------------------------------------------------------------------------------
 */

struct entry {
    struct ent_slice id, version, message;
    uint8_t ok;
};

static enum ent_err get_entry(struct ent_cur *c, struct entry *e)
{
    enum ent_err r;
    if ((r = ent_cur_u8(c, &e->ok)) != ENT_OK || (r = ent_taxii_get16(c, &e->id)) != ENT_OK ||
        (r = ent_taxii_get16(c, &e->version)) != ENT_OK)
        return r;
    return ent_taxii_get16(c, &e->message);
}

static enum ent_err put_entries(struct ent_json *j, const char *key, struct ent_cur c, bool ok,
                                const char *when)
{
    struct entry e;
    enum ent_err r = ENT_OK;
    ent_json_arr(j, key);
    while (c.n > 0 && (r = get_entry(&c, &e)) == ENT_OK) {
        if ((e.ok != 0) != ok)
            continue;
        ent_json_obj(j, NULL);
        ent_json_str(j, "id", e.id);
        if (e.version.n > 0)
            ent_json_str(j, "version", e.version);
        else
            ent_json_cstr(j, "version", when);
        if (e.message.n > 0)
            ent_json_str(j, "message", e.message);
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
    return r;
}

static enum ent_err put_status(struct ent_taxii_answer *a, struct ent_cur *c)
{
    char when[ENT_TAXII_TIME], uuid[ENT_UUID_TEXT];
    struct ent_taxii_outcome o;
    struct ent_uuid16 id;
    struct ent_json j;
    uint64_t n[2] = {0, 0};
    struct entry e;
    enum ent_err r = ent_taxii_outcome_get(c, &o);
    if (r != ENT_OK)
        return r;
    memcpy(id.b, o.id, sizeof(id.b));
    for (struct ent_cur look = *c; look.n > 0;) {
        if ((r = get_entry(&look, &e)) != ENT_OK)
            return r;
        n[e.ok != 0]++;
    }
    ent_uuid_text(uuid, &id);
    ent_taxii_time(when, o.at * 1000000);
    ent_json_start(&j, &a->body);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "id", uuid);
    ent_json_cstr(&j, "status", "complete");
    ent_json_cstr(&j, "request_timestamp", when);
    ent_json_u64(&j, "total_count", n[0] + n[1]);
    ent_json_u64(&j, "success_count", n[1]);
    if ((r = put_entries(&j, "successes", *c, true, when)) != ENT_OK)
        return r;
    ent_json_u64(&j, "failure_count", n[0]);
    if ((r = put_entries(&j, "failures", *c, false, when)) != ENT_OK)
        return r;
    ent_json_u64(&j, "pending_count", 0);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

enum ent_err ent_taxii_render(struct ent_taxii_answer *a, const struct ent_taxii_query *q,
                              struct ent_slice rows)
{
    struct ent_cur c = ent_cur(rows);
    uint8_t kind = 0, why;
    enum ent_err r = ent_cur_u8(&c, &kind);
    a->status = q->ask == ENT_TAXII_ASK_ADD ? 202 : 200;
    if (r != ENT_OK)
        return r;
    switch (kind) {
    case ENT_TAXII_ROWS_REFUSED:
        r = ent_cur_u8(&c, &why);
        return r == ENT_OK ? refuse_for(a, why) : r;
    case ENT_TAXII_ROWS_SELF:
        return put_self(a, q, &c);
    case ENT_TAXII_ROWS_COLLECTIONS:
        return put_shelves(a, q, &c);
    case ENT_TAXII_ROWS_PAGE:
        return put_page(a, q, &c);
    case ENT_TAXII_ROWS_STATUS:
        return put_status(a, &c);
    default:
        return kind == ENT_TAXII_ROWS_DONE ? ENT_OK : ENT_E_FORMAT;
    }
}
