/* counts.c: the table of metrics, and counting. */
#include "node/counts.h"

#include "net/net.h"
#include "node/peer.h"
#include "node/quorums.h"
#include "node/report.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const double ent_count_bucket[ENT_COUNT_BUCKETS - 1] = {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10};
static const uint64_t bucket_ns[ENT_COUNT_BUCKETS - 1] = {
    1000000, 5000000, 25000000, 100000000, 500000000, 2500000000, UINT64_C(10000000000)};

static const char *port_word(unsigned i)
{
    return i == ENT_PORT_MEMBERS ? "members" : "users";
}

static const char *class_word(unsigned i)
{
    static const char *const words[] = {"2xx", "3xx", "4xx", "5xx"};
    return words[i];
}

static const char *refused_word(unsigned i)
{
    return ent_web_event_name((enum ent_web_event)i);
}

static const char *run_word(unsigned i)
{
    static const char *const words[] = {"accepted", "refused", "finished", "aborted", "expired"};
    return words[i];
}

static const char *quorum_word(unsigned i)
{
    static const char *const words[] = {"begun", "joined", "refused", "done", "failed"};
    return words[i];
}

/* Before the faults: too few took part; a key holder or the collector refused its part. */
enum { FAILED_TOO_FEW, FAILED_REFUSED, FAILED_FAULTS };

static const char *quorum_fail_word(unsigned i)
{
    return i == FAILED_TOO_FEW   ? "too-few"
           : i == FAILED_REFUSED ? "refused"
                                 : ent_quorum_fault_word((enum ent_quorum_fault)(i - 1));
}

unsigned ent_count_quorum_fail(const char *member, enum ent_quorum_fault fault)
{
    return member[0] == '\0'              ? FAILED_TOO_FEW
           : fault == ENT_QUORUM_NO_FAULT ? FAILED_REFUSED
                                          : FAILED_FAULTS - 1 + (unsigned)fault;
}

static const char *quorum_fault_word(unsigned i)
{
    return ent_quorum_fault_word((enum ent_quorum_fault)(i + 1));
}

static const char *type_word(unsigned i)
{
    return ent_obs_type_name((enum ent_obs_type)(i + 1));
}

static const char *tlp_word(unsigned i)
{
    static const char *const words[] = {"clear", "green", "amber", "amber+strict", "red"};
    return words[i];
}

static const char *hook_word(unsigned i)
{
    static const char *const words[] = {"delivered", "failed", "gone", "expired", "dropped"};
    return words[i];
}

static const char *level_word(unsigned i)
{
    return ent_level_word((enum ent_level)i);
}

static const char *role_word(unsigned i)
{
    return ent_process_word((enum ent_process)i);
}

#define OF(role) .roles = ENT_MSG_BIT(ENT_PROCESS_##role)

/* table */
const struct ent_metric ent_metrics[ENT_COUNTS] = {
    [ENT_COUNT_REQUESTS] = {"entente_http_requests_total", "Requests that were answered.",
                            ENT_METRIC_COUNTER, OF(FRONT), .label = {"port", "code"},
                            .n = {ENT_PORTS, 4}, .word = {port_word, class_word}},
    [ENT_COUNT_SECONDS] = {"entente_http_request_seconds", "How long answers took.",
                           ENT_METRIC_HISTOGRAM, OF(FRONT), .label = {"port"}, .n = {ENT_PORTS},
                           .word = {port_word}},
    [ENT_COUNT_REFUSED] = {"entente_http_refused_total",
                           "Connections and requests that the users' port refused.",
                           ENT_METRIC_COUNTER, OF(FRONT), .label = {"kind"}, .n = {ENT_WEB_EVENTS},
                           .word = {refused_word}},
    [ENT_COUNT_RUNS] = {"entente_match_runs_total", "Matches that members asked for.",
                        ENT_METRIC_COUNTER, OF(LEDGER), .label = {"outcome"},
                        .n = {ENT_PEER_EXPIRED + 1}, .word = {run_word}},
    [ENT_COUNT_ASKED] = {"entente_match_items_total", "Items in matches that were accepted.",
                         ENT_METRIC_COUNTER, OF(LEDGER)},
    [ENT_COUNT_QUORUMS] = {"entente_quorum_runs_total", "Quorums that this member has a part in.",
                           ENT_METRIC_COUNTER, OF(LEDGER), .label = {"outcome"},
                           .n = {ENT_QUORUM_EVENTS - 1}, .word = {quorum_word}},
    [ENT_COUNT_QUORUM_FAILS] = {"entente_quorum_failures_total", "Quorums that failed, by reason.",
                                ENT_METRIC_COUNTER, OF(LEDGER), .label = {"reason"},
                                .n = {FAILED_FAULTS - 1 + ENT_QUORUM_FAULTS},
                                .word = {quorum_fail_word}},
    [ENT_COUNT_QUORUM_NAMED] = {"entente_quorum_named_total",
                                "How often this member named another one for a fault in a quorum.",
                                ENT_METRIC_COUNTER, OF(LEDGER), .label = {"fault"},
                                .n = {ENT_QUORUM_FAULTS - 1}, .word = {quorum_fault_word}},
    [ENT_COUNT_QUORUM_ITEMS] = {"entente_quorum_items_total",
                                "Items that this member announced for quorums.", ENT_METRIC_COUNTER,
                                OF(LEDGER)},
    [ENT_COUNT_POSITIONS] = {"entente_quorum_positions_total",
                             "Positions that quorums found in their tables.", ENT_METRIC_COUNTER,
                             OF(LEDGER)},
    [ENT_COUNT_QUORUMS_NOW] = {"entente_quorum_runs", "Quorums that are under way.",
                               ENT_METRIC_GAUGE, OF(LEDGER)},
    [ENT_COUNT_REACHABLE] = {"entente_member_reachable", "Whether the member answers.",
                             ENT_METRIC_GAUGE, OF(LEDGER), .per_member = true},
    [ENT_COUNT_SUSPECTED] = {"entente_member_suspected", "Whether the member is suspected.",
                             ENT_METRIC_GAUGE, OF(LEDGER), .per_member = true},
    [ENT_COUNT_EXPOSED] = {"entente_member_exposed",
                           "Whether there is a proof of misbehaviour against the member.",
                           ENT_METRIC_GAUGE, OF(LEDGER), .per_member = true},
    [ENT_COUNT_HEAD_TIME] = {"entente_member_head_timestamp_seconds",
                             "When the member's last head that others cosigned was made; 0: none.",
                             ENT_METRIC_GAUGE, OF(LEDGER), .per_member = true},
    [ENT_COUNT_LOG_ENTRIES] = {"entente_log_entries", "Entries in the own log.", ENT_METRIC_GAUGE,
                               OF(LEDGER)},
    [ENT_COUNT_PACT_VERSION] = {"entente_pact_version", "Version of the pact; 0: none yet.",
                                ENT_METRIC_GAUGE, OF(LEDGER)},
    [ENT_COUNT_INDICATORS] = {"entente_indicators",
                              "Indicators that are kept, by type of observable and marking.",
                              ENT_METRIC_GAUGE, OF(KEEPER), .label = {"type", "tlp"},
                              .n = {ENT_OBS_TYPES - 1, ENT_TLP_RED}, .word = {type_word, tlp_word}},
    [ENT_COUNT_SOURCES] = {"entente_sources", "Sources of indicators.", ENT_METRIC_GAUGE,
                           OF(KEEPER)},
    [ENT_COUNT_LAST_IMPORT] = {"entente_last_import_timestamp_seconds",
                               "When an indicator came last; 0: none did.", ENT_METRIC_GAUGE,
                               OF(KEEPER)},
    [ENT_COUNT_SIGHTINGS] = {"entente_sightings_total", "How often indicators were seen here.",
                             ENT_METRIC_COUNTER, OF(KEEPER)},
    [ENT_COUNT_ODD_OBJECTS] = {"entente_objects_odd",
                               "Objects of STIX that contradict others, or are not their author's.",
                               ENT_METRIC_GAUGE, OF(KEEPER)},
    [ENT_COUNT_HOOKS] = {"entente_webhook_deliveries_total", "Events for the webhook.",
                         ENT_METRIC_COUNTER, OF(KEEPER), .label = {"outcome"},
                         .n = {ENT_HOOK_OUTCOMES}, .word = {hook_word}},
    [ENT_COUNT_HOOKS_WAITING] = {"entente_webhook_queue", "Events that wait for the webhook.",
                                 ENT_METRIC_GAUGE, OF(KEEPER)},
    [ENT_COUNT_RECORDS] = {"entente_log_records_total", "Records for the node's log.",
                           ENT_METRIC_COUNTER, OF(PARENT), .label = {"level"}, .n = {ENT_LEVELS},
                           .word = {level_word}},
    [ENT_COUNT_RESTARTS] = {"entente_restarts_total",
                            "How often parts of the node died and were started again.",
                            ENT_METRIC_COUNTER, OF(PARENT), .label = {"role"}, .n = {ENT_PROCESSES},
                            .word = {role_word}},
};

size_t ent_metric_cells(enum ent_count what)
{
    const struct ent_metric *m = &ent_metrics[what];
    size_t n = m->per_member ? ENT_ROSTER_MEMBERS : 1;
    for (size_t i = 0; i < 2; i++)
        n *= m->n[i] == 0 ? 1 : m->n[i];
    return m->kind == ENT_METRIC_HISTOGRAM ? n * (ENT_COUNT_BUCKETS + 1) : n;
}

size_t ent_metric_at(enum ent_count what)
{
    size_t at = 0;
    for (unsigned i = 0; i < what; i++)
        at += ent_metric_cells((enum ent_count)i);
    return at;
}

/* --- counting -----------------------------------------------------------------------------------
 */

struct ent_counts {
    enum ent_process self;
    int64_t start;
    int stat; /* /proc/self/stat, or -1 */
    size_t at[ENT_COUNTS];
    atomic_uint_least64_t cell[ENT_COUNT_CELLS];
    pthread_mutex_t lock; /* members, and their numbers */
    size_t members;
    char member[ENT_ROSTER_MEMBERS][ENT_NAME_MAX + 1];
    /* ent_counts_store() */
    uint64_t looked;
    bool known;
    struct ent_mark16 mark;
};

enum ent_err ent_counts_new(struct ent_counts **ret, enum ent_process self)
{
    struct ent_counts *c = calloc(1, sizeof(*c));
    size_t n = 0;
    if (c == NULL)
        return ENT_E_NOMEM;
    for (unsigned i = 0; i < ENT_COUNTS; i++) {
        c->at[i] = n;
        n += ent_metric_cells((enum ent_count)i);
    }
    ENT_ASSERT(n <= ENT_COUNT_CELLS);
    c->self = self;
    c->start = ent_clock_now();
    c->stat = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    (void)pthread_mutex_init(&c->lock, NULL);
    *ret = c;
    return ENT_OK;
}

void ent_counts_free(struct ent_counts *c)
{
    if (c == NULL)
        return;
    if (c->stat >= 0)
        (void)close(c->stat);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

static atomic_uint_least64_t *cell(struct ent_counts *c, enum ent_count what, size_t index)
{
    ENT_ASSERT((ent_metrics[what].roles & ENT_MSG_BIT(c->self)) != 0 &&
               index < ent_metric_cells(what));
    return &c->cell[c->at[what] + index];
}

void ent_count_add(struct ent_counts *c, enum ent_count what, unsigned index, uint64_t n)
{
    if (c != NULL)
        (void)atomic_fetch_add_explicit(cell(c, what, index), n, memory_order_relaxed);
}

void ent_count_set(struct ent_counts *c, enum ent_count what, unsigned index, uint64_t n)
{
    if (c != NULL)
        atomic_store_explicit(cell(c, what, index), n, memory_order_relaxed);
}

void ent_count_request(struct ent_counts *c, enum ent_port port, unsigned status, uint64_t ns)
{
    unsigned class = status / 100 < 2 ? 0 : status / 100 > 5 ? 3 : status / 100 - 2, i = 0;
    const unsigned one = (unsigned)port * (ENT_COUNT_BUCKETS + 1);
    while (i < ENT_COUNT_BUCKETS - 1 && ns > bucket_ns[i])
        i++;
    ent_count_add(c, ENT_COUNT_REQUESTS, 4 * (unsigned)port + class, 1);
    ent_count_add(c, ENT_COUNT_SECONDS, one + i, 1);
    ent_count_add(c, ENT_COUNT_SECONDS, one + ENT_COUNT_BUCKETS, ns);
}

/* --- members ------------------------------------------------------------------------------------
 */

static size_t find_member(const struct ent_counts *c, const char *name)
{
    size_t i = 0;
    while (i < c->members && strcmp(c->member[i], name) != 0)
        i++;
    return i;
}

void ent_count_members(struct ent_counts *c, const char *const *names, size_t n)
{
    uint64_t was[ENT_ROSTER_MEMBERS];
    ENT_ASSERT(n <= ENT_ROSTER_MEMBERS);
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    for (unsigned f = 0; f < ENT_COUNTS; f++) {
        if (!ent_metrics[f].per_member)
            continue;
        atomic_uint_least64_t *at = cell(c, (enum ent_count)f, 0);
        for (size_t i = 0; i < n; i++) {
            const size_t old = find_member(c, names[i]);
            was[i] = old < c->members ? atomic_load(&at[old]) : 0;
        }
        for (size_t i = 0; i < ENT_ROSTER_MEMBERS; i++)
            atomic_store(&at[i], i < n ? was[i] : 0);
    }
    c->members = n;
    for (size_t i = 0; i < n; i++)
        (void)snprintf(c->member[i], sizeof(c->member[i]), "%s", names[i]);
    (void)pthread_mutex_unlock(&c->lock);
}

void ent_count_member(struct ent_counts *c, enum ent_count what, const char *name, uint64_t n)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    const size_t i = find_member(c, name);
    if (i < c->members)
        atomic_store(cell(c, what, i), n);
    (void)pthread_mutex_unlock(&c->lock);
}

/* --- the store ----------------------------------------------------------------------------------
 */

static enum ent_err one_source(void *ctx, const struct ent_source_stats *x)
{
    uint64_t *v = ctx;
    v[0]++;
    if (x->last_import > (int64_t)v[1])
        v[1] = (uint64_t)x->last_import;
    return ENT_OK;
}

static enum ent_err look_at_claims(struct ent_counts *c, struct ent_store *s)
{
    uint64_t by[ENT_OBS_TYPES][ENT_TLP_RED + 1], sources[2] = {0, 0};
    enum ent_err r;
    if ((r = ent_store_count_claims(s, by)) != ENT_OK ||
        (r = ent_store_stats_by_source(s, ent_clock_now(), one_source, sources)) != ENT_OK)
        return r;
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        for (unsigned m = ENT_TLP_CLEAR; m <= ENT_TLP_RED; m++)
            ent_count_set(c, ENT_COUNT_INDICATORS, (t - 1) * ENT_TLP_RED + m - 1, by[t][m]);
    ent_count_set(c, ENT_COUNT_SOURCES, 0, sources[0]);
    ent_count_set(c, ENT_COUNT_LAST_IMPORT, 0, sources[1]);
    return ENT_OK;
}

enum ent_err ent_counts_store(struct ent_counts *c, struct ent_store *s)
{
    const uint64_t now = ent_clock_steady_ns();
    struct ent_store_sums sums;
    struct ent_mark16 mark;
    uint64_t objects, odd;
    enum ent_err r;
    if (c->looked != 0 && now - c->looked < ENT_COUNTS_FRESH * UINT64_C(1000000000))
        return ENT_OK;
    c->looked = now;
    if ((r = ent_store_sums(s, &sums)) != ENT_OK ||
        (r = ent_store_count_objects(s, &objects, &odd)) != ENT_OK ||
        (r = ent_store_mark(s, &mark)) != ENT_OK)
        return r;
    ent_count_set(c, ENT_COUNT_SIGHTINGS, 0, sums.sightings);
    ent_count_set(c, ENT_COUNT_ODD_OBJECTS, 0, odd);
    if (c->known && memcmp(mark.b, c->mark.b, sizeof(mark.b)) == 0)
        return ENT_OK;
    if ((r = look_at_claims(c, s)) == ENT_OK) {
        c->mark = mark;
        c->known = true;
    }
    return r;
}

/* --- snapshots ----------------------------------------------------------------------------------
 */

/* proc(5): pages are the 24th field; the second, its own name, ends at the last ")". */
static uint64_t resident(int fd)
{
    char text[1024], *p;
    uint64_t pages = 0;
    ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    p = strrchr(text, ')');
    for (int field = 2; p != NULL && field < 24; field++)
        p = strchr(p + 1, ' ');
    if (p != NULL)
        (void)!ent_parse_u64(&pages, ent_slice(p + 1, strcspn(p + 1, " ")), UINT32_MAX);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Nobody need read a directory for it, which a sandbox would not let. */
static uint64_t open_files(void)
{
    struct pollfd p[256];
    struct rlimit most = {0};
    uint64_t n = 0;
    if (getrlimit(RLIMIT_NOFILE, &most) != 0)
        return 0;
    const rlim_t end = most.rlim_cur < 65536 ? most.rlim_cur : 65536;
    for (rlim_t fd = 0; fd < end; fd += 256) {
        const nfds_t all = end - fd < 256 ? end - fd : 256;
        for (nfds_t i = 0; i < all; i++)
            p[i] = (struct pollfd){.fd = (int)(fd + i)};
        if (poll(p, all, 0) < 0)
            return 0;
        for (nfds_t i = 0; i < all; i++)
            n += (p[i].revents & POLLNVAL) == 0;
    }
    return n;
}

void ent_counts_take(struct ent_counts *c, struct ent_counted *ret)
{
    struct timespec cpu = {0};
    memset(ret, 0, sizeof(*ret));
    ret->from = c->self;
    ret->start = (uint64_t)c->start;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
        ret->cpu_ns = (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec;
    ret->resident = resident(c->stat);
    ret->files = open_files();
    (void)pthread_mutex_lock(&c->lock);
    ret->members = c->members;
    memcpy(ret->member, c->member, sizeof(ret->member));
    for (size_t i = 0; i < ENT_COUNT_CELLS; i++)
        ret->cell[i] = atomic_load_explicit(&c->cell[i], memory_order_relaxed);
    (void)pthread_mutex_unlock(&c->lock);
}
