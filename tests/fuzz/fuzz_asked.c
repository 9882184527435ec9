/* fuzz_asked.c: the first byte says what it is: a text that somebody wants to ask about, which
 * becomes items in one form; or what the ledger is told to do for somebody. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err act(void *ctx, struct ent_buf *rows, const struct ent_api_handle *h,
                        struct ent_slice query, struct ent_slice items, int64_t now)
{
    const struct ent_slice *s = ctx;
    (void)h, (void)now;
    ENT_ASSERT(20 + query.n + items.n == s->n);
    return ent_buf_putc(rows, 'x');
}

static void list(struct ent_slice text, uint32_t types)
{
    struct ent_console_list l;
    struct ent_diag d = {0};
    struct ent_buf items;
    struct ent_slice key;
    uint64_t found = 0;
    ent_buf_init(&items, (size_t)1 << 20);
    if (ent_console_list_read(&l, &items, &d, text, types) == ENT_OK) {
        struct ent_cur c = ent_cur(ent_buf_slice(&items));
        while (c.n > 0 && ent_seek_take(&key, &c) == ENT_OK)
            found++;
        ENT_ASSERT(c.n == 0 && found > 0 && found == l.n);
    }
    ent_buf_release(&items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice s = ent_slice(data + 1, n - 1);
    struct ent_book_desk desk = {.ctx = &s, .act = act};
    struct ent_direct direct = {ent_book_serve, &desk, 16};
    const struct ent_caller c = ent_caller_direct(&direct);
    struct ent_msg m = ENT_MSG_NOTHING;
    if (n == 0)
        return 0;
    if (data[0] != 'a')
        list(s, data[0] == 't' ? ENT_OBS_BIT(ENT_OBS_DOMAIN) : 0);
    else if (c.call(c.ctx, &m, ENT_BOOK_ACT, s) == ENT_OK)
        ent_msg_release(&m);
    return 0;
}
