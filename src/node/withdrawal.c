/*
 * withdrawal.c: who has left. What is kept is the member's own word; whether it counts is asked of
 * the pact each time: a place in dispute may be a thief's word, and members who vote a new log in
 * take back whoever left in the one before.
 */
#include "node/node.h"

struct word {
    unsigned generation;
    uint64_t index;
};

/* As a delivery: the receipt says the place. */
static bool read_delivery(const struct ent_roster *roster, const char *member,
                          struct ent_slice bytes, struct word *ret)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return false;
    bool good = ent_delivery_parse(del, bytes, roster, NULL) == ENT_OK &&
                del->act.st.type == ENT_ST_WITHDRAW && strcmp(del->act.st.author, member) == 0;
    if (good)
        *ret = (struct word){del->says.generation, del->receipt.index};
    free(del);
    return good;
}

/* As it stands in the log: its number says the place. */
static bool read_entry(const struct ent_roster_member *m, struct ent_slice entry, struct word *ret)
{
    struct ent_statement st;
    struct ent_hash32 leaf;
    const struct ent_pubkey *pk;
    return ent_statement_claims(&st, entry, NULL) == ENT_OK && st.type == ENT_ST_WITHDRAW &&
           strcmp(st.author, m->name) == 0 &&
           ent_roster_place(m, &ret->generation, &ret->index, st.sequence) == ENT_OK &&
           (pk = ent_roster_author(m, ret->generation, ret->index)) != NULL &&
           ent_statement_open(&st, &leaf, entry, pk, NULL) == ENT_OK;
}

bool ent_withdrawal_counts(const struct ent_roster *roster, const char *member,
                           struct ent_slice said)
{
    const struct ent_roster_member *m = ent_roster_member(roster, member);
    struct word w = {0};
    if (m == NULL || m->logs == 0)
        return false;
    if (!(ent_slice_starts(said, ENT_SLICE_LIT("entente/delivery@"))
              ? read_delivery(roster, member, said, &w)
              : read_entry(m, said, &w)))
        return false;
    return w.generation == m->log[m->logs - 1].generation &&
           !ent_roster_is_disputed(m, w.generation, w.index);
}

#define FILE_NAME (ENT_NAME_MAX + 16)

static void name_of(char ret[static FILE_NAME], const char *member)
{
    (void)snprintf(ret, FILE_NAME, "withdrawn/%s", member);
}

bool ent_book_is_withdrawn(struct ent_book *b, const char *member)
{
    char name[FILE_NAME];
    struct ent_buf said;
    bool counts = false;
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    name_of(name, member);
    ent_book_lock(b);
    enum ent_err r = ent_kept_read(&said, ent_book_disk(b), name);
    if (r == ENT_OK)
        counts = ent_withdrawal_counts(&ent_book_home(b)->roster, member, ent_buf_slice(&said));
    ent_book_unlock(b);
    counts = counts || r == ENT_E_AUTH; /* damaged: it does until ent_news_mend() has it again */
    ent_buf_release(&said);
    return counts;
}

enum ent_err ent_book_keep_withdrawal(struct ent_book *b, struct ent_diag *d, const char *member,
                                      struct ent_slice said)
{
    char name[FILE_NAME];
    struct ent_buf old;
    enum ent_err r;
    name_of(name, member);
    ent_buf_init(&old, ENT_DELIVERY_MAX);
    ent_book_lock(b);
    if (ent_kept_read(&old, ent_book_disk(b), name) == ENT_OK &&
        ent_withdrawal_counts(&ent_book_home(b)->roster, member, ent_buf_slice(&old)))
        r = ent_fail(d, ENT_E_EXISTS, "this member has withdrawn already", 0, 0);
    else /* one that is damaged, or counts no more, makes way */
        r = ent_kept_write(ent_book_disk(b), name, said, true, d);
    ent_book_unlock(b);
    ent_buf_release(&old);
    return r;
}
