/*
 * protocol.c: for each pair of processes the rows of the services between them, and how much may be
 * under way. A row counts on a channel when one of the two may send it; so what stands in a
 * service's table for a third one is nothing here.
 */
#include "node/protocol.h"

#include "node/api_desk.h"
#include "node/counts.h"
#include "node/desk.h"
#include "node/files_msg.h"
#include "node/front_wire.h"
#include "node/hooks.h"
#include "node/portal.h"
#include "node/quorum_work.h"
#include "node/runner.h"
#include "node/seeker.h"
#include "node/signer_wire.h"
#include "node/web_msg.h"

#include <pthread.h>

#define ROWS_MAX 64u
#define SETS_MAX 4u
#define BYTES    ((size_t)ENT_MSG_MAX)

struct set {
    const struct ent_msg_row *rows;
    size_t n;
};

struct pair {
    enum ent_process a, b;
    unsigned window;
    size_t bytes;
    struct set set[SETS_MAX];
    struct ent_msg_row row[ROWS_MAX]; /* those of them that count */
    struct ent_protocol protocol;
};

/* clang-format off */
#define SET(rows) {(rows), sizeof(rows) / sizeof((rows)[0])}
/* table */
static struct pair pairs[] = {
    {ENT_PROCESS_FRONT, ENT_PROCESS_LEDGER, 64, 2 * BYTES, {SET(ent_front_rows)}, {{0}}, {0}},
    {ENT_PROCESS_FRONT, ENT_PROCESS_API, 64, 2 * BYTES, {SET(ent_web_rows), SET(ent_counts_rows)},
     {{0}}, {0}},
    {ENT_PROCESS_LEDGER, ENT_PROCESS_KEEPER, 64, 2 * BYTES,
     {SET(ent_files_rows), SET(ent_desk_rows), SET(ent_hook_rows), SET(ent_reader_rows)},
     {{0}}, {0}},
    /* What a webhook is to be told, and nothing else of what is kept. */
    {ENT_PROCESS_FRONT, ENT_PROCESS_KEEPER, 4, BYTES, {SET(ent_hook_rows)}, {{0}}, {0}},
    {ENT_PROCESS_LEDGER, ENT_PROCESS_SIGNER, 16, 2 * BYTES, {SET(ent_signer_rows)}, {{0}}, {0}},
    {ENT_PROCESS_LEDGER, ENT_PROCESS_MATCH, 16, 2 * BYTES, 
     {SET(ent_runner_rows), SET(ent_seeker_rows), SET(ent_qwork_rows)}, {{0}}, {0}},
    {ENT_PROCESS_MATCH, ENT_PROCESS_KEEPER, 4, BYTES, {SET(ent_desk_rows)}, {{0}}, {0}},
    {ENT_PROCESS_SIGNER, ENT_PROCESS_KEEPER, 4, BYTES, {SET(ent_files_rows)}, {{0}}, {0}},
    {ENT_PROCESS_API, ENT_PROCESS_KEEPER, 64, 2 * BYTES, {SET(ent_api_rows), SET(ent_counts_rows)},
     {{0}}, {0}},
    {ENT_PROCESS_API, ENT_PROCESS_LEDGER, 64, 2 * BYTES, {SET(ent_book_rows), SET(ent_counts_rows)},
     {{0}}, {0}},
};
/* clang-format on */
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static bool is_answered(const struct set *s, uint16_t type, uint32_t two)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->rows[i].type == type && s->rows[i].kind == ENT_MSG_ANSWER &&
            (s->rows[i].from & two) != 0)
            return true;
    return false;
}

static void fill(struct pair *p)
{
    const uint32_t two = ENT_MSG_BIT(p->a) | ENT_MSG_BIT(p->b);
    size_t n = 0;
    for (size_t s = 0; s < SETS_MAX; s++)
        for (size_t i = 0; i < p->set[s].n; i++) {
            struct ent_msg_row row = p->set[s].rows[i];
            row.from &= two;
            if (row.from == 0)
                continue;
            if (row.kind == ENT_MSG_CALL && !is_answered(&p->set[s], row.type, two))
                continue; /* a third one is asked this */
            ENT_ASSERT(n < ROWS_MAX);
            p->row[n++] = row;
        }
    p->protocol = (struct ent_protocol){p->row, n, p->window, p->bytes};
    ENT_ASSERT(ent_protocol_is_sound(&p->protocol));
}

static void fill_all(void)
{
    for (size_t i = 0; i < PAIRS; i++)
        fill(&pairs[i]);
}

const struct ent_protocol *ent_link_protocol(enum ent_process a, enum ent_process b)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, fill_all);
    for (size_t i = 0; i < PAIRS; i++)
        if ((pairs[i].a == a && pairs[i].b == b) || (pairs[i].a == b && pairs[i].b == a))
            return &pairs[i].protocol;
    return NULL;
}
