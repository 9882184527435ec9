/* quorum_record.c: a run that is over, of which only the record is there. It is shown to whoever
 * was named in it: a member that was away for long learns how it ended, and does not take the
 * others' silence for a fault. */
#include "node/quorums_parts.h"

static void file_of(char ret[static ENT_DISK_NAME_MAX], const char *id, const char *name)
{
    (void)snprintf(ret, ENT_DISK_NAME_MAX, ENT_QUORUM_FOLDER "/%.32s/%.80s", id, name);
}

bool ent_q_is_record(const struct ent_quorums *q, const char *id)
{
    const struct ent_disk *disk = ent_q_disk(q);
    char file[ENT_DISK_NAME_MAX];
    uint8_t none;
    file_of(file, id, "over");
    return disk->read(disk->ctx, &none, 0, file, 0) == ENT_OK;
}

/* One delivery of the folder. It was verified when it came. */
enum ent_err ent_q_load_act(const struct ent_quorums *q, struct ent_delivery *ret,
                            struct ent_buf *room, const char *file)
{
    ent_buf_clear(room);
    enum ent_err r = ent_kept_read(room, ent_q_disk(q), file);
    if (r != ENT_OK)
        return r;
    ent_book_lock(q->opts.book);
    r = ent_delivery_parse(ret, ent_buf_slice(room), &ent_book_home(q->opts.book)->roster, NULL);
    ent_book_unlock(q->opts.book);
    return r;
}

bool ent_q_has_part(const struct ent_quorum_offer *o, const char *name)
{
    return ent_quorum_index(o, name) != 0 || ent_quorum_holder_number(o, name) != 0 ||
           strcmp(o->collector, name) == 0;
}

/* Whether it was named in the run, or offered it; the offer's leaf. */
static bool may_see(const struct ent_quorums *q, const char *id, const char *from,
                    struct ent_hash32 *ret_leaf)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    struct ent_quorum_offer *o = malloc(sizeof(*o));
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf room;
    ent_buf_init(&room, ENT_DELIVERY_MAX);
    file_of(file, id, "offer");
    const bool may = del != NULL && o != NULL && ent_q_is_record(q, id) &&
                     ent_q_load_act(q, del, &room, file) == ENT_OK &&
                     ent_quorum_offer_parse(o, del->act.body) == ENT_OK &&
                     (ent_q_has_part(o, from) || strcmp(del->act.st.author, from) == 0);
    if (may)
        *ret_leaf = del->act.leaf;
    ent_buf_release(&room);
    free(del);
    free(o);
    return may;
}

unsigned ent_q_record_list(const struct ent_quorums *q, const char *id, const char *from,
                           struct ent_buf *b)
{
    char folder[ENT_DISK_NAME_MAX], name[ENT_DISK_NAME_MAX], hex[ENT_HEX_LEN(32)];
    struct ent_hash32 leaf;
    struct ent_buf names;
    if (!may_see(q, id, from, &leaf))
        return 404;
    ent_hex_encode(hex, leaf.b, 32);
    file_of(folder, id, "said");
    enum ent_err r = ent_home_list(ent_book_home(q->opts.book), &names, folder);
    if (r == ENT_OK)
        r = ent_buf_printf(b, "%s\n", hex);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name))
        if (strlen(name) == 64)
            r = ent_buf_printf(b, "%s\n", name);
    ent_buf_release(&names);
    return r == ENT_OK ? 200 : 503;
}

unsigned ent_q_record_show(const struct ent_quorums *q, const char *id, const char *from,
                           const struct ent_hash32 *said, struct ent_buf *b)
{
    char file[ENT_DISK_NAME_MAX], name[sizeof("said/") + ENT_HEX_LEN(32)] = "said/";
    struct ent_hash32 leaf;
    if (!may_see(q, id, from, &leaf))
        return 404;
    ent_hex_encode(name + 5, said->b, 32);
    file_of(file, id, memcmp(leaf.b, said->b, 32) == 0 ? "offer" : name);
    const enum ent_err r = ent_kept_read(b, ent_q_disk(q), file);
    return r == ENT_OK ? 200 : r == ENT_E_NOTFOUND ? 404 : 503;
}
