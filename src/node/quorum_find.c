/* quorum_find.c: a member without an address cannot be brought an offer. So it asks the collector
 * of the pact's rule, now and then, in which runs it is named, and fetches the offers that it does
 * not know; from there on it pulls what is said like everybody who is behind. One thread, which a
 * slow collector delays and nothing else. A collector that keeps an offer back denies it the run,
 * as it could by leaving its acceptance out. */
#include "node/quorums_parts.h"

#define SEEK_MS   30000u
#define LIST_MOST (ENT_QUORUMS_MOST * ENT_QUORUM_ID)

/* The collector, if this member has no address, and it is another one. */
static bool whom(const struct ent_quorums *q, char ret[static ENT_NAME_MAX + 1])
{
    ent_book_lock(q->opts.book);
    const struct ent_home *h = ent_book_home(q->opts.book);
    const char *name = h->pact == NULL ? "" : h->pact->quorum.collector;
    const bool is = *name != '\0' && h->pact->quorum.holders > 0 &&
                    strcmp(ent_home_self(h)->url, "-") == 0 &&
                    ent_pact_member(h->pact, q->self) != NULL && strcmp(name, q->self) != 0;
    if (is)
        memcpy(ret, name, strlen(name) + 1);
    ent_book_unlock(q->opts.book);
    return is;
}

/* The first thing that is said in a run is its offer. */
static enum ent_err fetch_offer(struct ent_qmate *m, struct ent_delivery *del)
{
    char path[160], rest[sizeof("/said/") + ENT_HEX_LEN(32)] = "/said/";
    struct ent_buf list, said, answer;
    struct ent_hash32 leaf;
    struct ent_slice line;
    unsigned status = 0;
    ent_buf_init(&list, ENT_QUORUM_LIST_MAX);
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    ent_buf_init(&answer, ENT_DELIVERY_MAX); /* nobody asked */
    ent_qmate_path(path, m, "");
    enum ent_err r = ent_qmate_call(m, &status, &list, "GET", path, ent_slice(NULL, 0));
    struct ent_cur c = ent_cur(ent_buf_slice(&list));
    if (r == ENT_OK && status == 200 && (r = ent_cur_line(&c, &line)) == ENT_OK &&
        (r = ent_hex_decode(leaf.b, 32, line)) == ENT_OK) {
        ent_hex_encode(rest + 6, leaf.b, 32);
        ent_qmate_path(path, m, rest);
        r = ent_qmate_call(m, &status, &said, "GET", path, ent_slice(NULL, 0));
        if (r == ENT_OK && status == 200 &&
            (r = ent_qmate_hear(m, del, ent_buf_slice(&said))) == ENT_OK)
            (void)ent_q_take_offer(m->run->all, m->name, del, ent_buf_slice(&said), &answer);
    }
    ent_buf_release(&answer);
    ent_buf_release(&list);
    ent_buf_release(&said);
    return r;
}

static void fetch_all(struct ent_qmate *m, struct ent_slice list)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    struct ent_cur c = ent_cur(list);
    struct ent_slice line;
    uint8_t id[16];
    enum ent_err r = del == NULL ? ENT_E_NOMEM : ENT_OK;
    while (r == ENT_OK && c.n > 0 && !atomic_load(&m->run->stop)) {
        if ((r = ent_cur_line(&c, &line)) != ENT_OK ||
            (r = ent_hex_decode(id, sizeof(id), line)) != ENT_OK)
            break;
        ent_hex_encode(m->run->id, id, sizeof(id));
        if (ent_q_is_new(m->run->all, m->run->id) && !ent_q_refused(m->run->all, m->run->id, NULL))
            r = fetch_offer(m, del);
    }
    free(del);
}

static void *seek(void *ctx)
{
    struct ent_qrun *run = ctx; /* none yet: for its name, lock and calls alone */
    struct ent_quorums *q = run->all;
    struct ent_qmate m = {.run = run};
    while (!atomic_load(&run->stop)) {
        if (whom(q, m.name)) {
            struct ent_buf list;
            unsigned status = 0;
            ent_buf_init(&list, LIST_MOST);
            if (ent_qmate_call(&m, &status, &list, "GET", ENT_QUORUM_PATH, ent_slice(NULL, 0)) ==
                    ENT_OK &&
                status == 200)
                fetch_all(&m, ent_buf_slice(&list));
            ent_buf_release(&list);
        }
        (void)pthread_mutex_lock(&run->lock);
        ent_qrun_wait(run, q->opts.pause_ms != 0 ? q->opts.pause_ms * 30 : SEEK_MS, true);
        (void)pthread_mutex_unlock(&run->lock);
    }
    return NULL;
}

enum ent_err ent_q_seek(struct ent_qrun *none)
{
    none->driving = pthread_create(&none->driver, NULL, seek, none) == 0;
    return none->driving ? ENT_OK : ENT_E_NOMEM;
}
