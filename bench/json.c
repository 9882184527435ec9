/*
 * json.c (bench): the pull parser over a STIX bundle that is made up from a seed, beside jansson
 * and cJSON over the same bytes. Rates by processor time, medians of rounds in which all take
 * turns.
 *
 *     json [--size MB] [--seed N]        measures; 50 MB, seed 1
 *     json --bundle MB [--seed N]        prints such a bundle, of any size, for other benches
 *     json --read FILE                   reads indicators of any format and keeps none, for them,
 * too
 *
 * Ours reads through its window, as from a file, and hands out events; the peers get the text in
 * one piece and make a tree of it, whose release is not counted.
 */
#include <inttypes.h>
#include <sys/wait.h>

#include "base/base.h"
#include "intel/intel.h"
#include "intel/json_pull.h"

#ifdef HAVE_JANSSON
#include <jansson.h>
#endif
#ifdef HAVE_CJSON
#include <cjson/cJSON.h>
#endif

#define ROUNDS     7
#define STRING_MAX (64u << 10)
#define AIM        400.0 /* MB/s */

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "json: %s: %s\n", what, ent_err_str(r));
    exit(1);
}

/* --- a bundle -----------------------------------------------------------------------------------
 */

static uint64_t state = 1;

static uint64_t next(void) /* xorshift64*: the same bundle for everybody */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1D;
}

static unsigned below(unsigned n)
{
    return (unsigned)((next() >> 32) % n);
}

#define PICK(a) ((a)[below(sizeof(a) / sizeof((a)[0]))])

static const char *const phases[] = {"reconnaissance", "delivery", "exploitation",
                                     "command-and-control", "actions-on-objectives"};
static const char *const families[] = {"X-Agent", "Zebrocy",     "CozyDuke", "Emotet",
                                       "QakBot",  "Agent Tesla", "PlugX",    "Gh0st RAT"};
static const char *const sentences[] = {
    "This indicator was seen in traffic to a server that the group is known to use.",
    "The address answers on port 443 with a certificate that was issued to \\\"Contoso\\\".",
    "Downloaded by a document with macros; the dropper writes to C:\\\\Users\\\\Public\\\\a.exe.",
    "See the report of the vendor for details.\\nThe second stage is encrypted with RC4.",
    "Delivered by mail in the first week of the campaign to finance departments.",
    "Analysts rate the overlap with earlier activity as moderate (see references).",
    "Observed between the first and the last date given, in at least three networks.",
    "It resolves to an address of a hosting company which does not answer reports.",
};
static const char *const foreign[] = {
    "Die Gruppe pr\xc3\xbc"
    "ft zuerst, ob das Geb\xc3\xa4ude \xe2\x80\x9e"
    "Zentrale\xe2\x80\x9c erreichbar ist.",
    "L\\u2019acteur a \\u00e9t\\u00e9 observ\\u00e9 \\u00e0 plusieurs reprises.",
    "\xd0\x9e\xd0\xb1\xd0\xbd\xd0\xb0\xd1\x80\xd1\x83\xd0\xb6\xd0\xb5\xd0\xbd\xd0\xbe "
    "\xd0\xb2 \xd1\x81\xd0\xb5\xd1\x82\xd0\xb8.",
    "The actor\xe2\x80\x99s tooling \xe2\x80\x93 as before \xe2\x80\x93 was left in place.",
};

#define ADD(...) must(ent_buf_printf(b, __VA_ARGS__), "bundle")

static void add_id(struct ent_buf *b, const char *key, const char *type, const char *after)
{
    uint64_t v = next(), w = next();
    ADD("\"%s\": \"%s--%08x-%04x-4%03x-a%03x-%012llx\"%s", key, type, (unsigned)(v >> 32),
        (unsigned)(v >> 16 & 0xFFFF), (unsigned)(v >> 4 & 0xFFF), (unsigned)(w >> 52),
        (unsigned long long)(w & 0xFFFFFFFFFFFF), after);
}

static void add_time(struct ent_buf *b, const char *key)
{
    uint64_t v = next();
    ADD("\"%s\": \"2024-%02u-%02uT%02u:%02u:%02u.%03uZ\", ", key, (unsigned)(1 + (v >> 8) % 12),
        (unsigned)(1 + (v >> 16) % 28), (unsigned)((v >> 24) % 24), (unsigned)((v >> 32) % 60),
        (unsigned)((v >> 40) % 60), (unsigned)((v >> 48) % 1000));
}

static void add_head(struct ent_buf *b, const char *type)
{
    ADD("{\"type\": \"%s\", \"spec_version\": \"2.1\", ", type);
    add_id(b, "id", type, ", ");
    ADD("\"created_by_ref\": \"identity--e50ab59c-5c4f-4d40-bf6a-d58418d89bcd\", ");
    add_time(b, "created");
    add_time(b, "modified");
}

static void add_description(struct ent_buf *b)
{
    ADD("\"description\": \"");
    for (unsigned n = 1 + below(3); n > 0; n--)
        ADD("%s ", PICK(sentences));
    ADD("%s\", ", below(6) == 0 ? PICK(foreign) : "");
}

static void add_phases(struct ent_buf *b)
{
    ADD("\"kill_chain_phases\": [");
    for (unsigned i = 0, n = 1 + below(2); i < n; i++)
        ADD("%s{\"kill_chain_name\": \"lockheed-martin-cyber-kill-chain\", \"phase_name\": \"%s\"}",
            i == 0 ? "" : ", ", PICK(phases));
    ADD("], ");
}

static void add_tail(struct ent_buf *b)
{
    ADD("\"confidence\": %u, \"labels\": [\"apt\", \"campaign-%u\"], ", below(101), below(50));
    if (below(3) == 0)
        ADD("\"external_references\": [{\"source_name\": \"vendor\", \"url\": "
            "\"https://vendor.example/reports/%u\", \"external_id\": \"R-%u\"}], ",
            below(100000), below(100000));
    ADD("\"object_marking_refs\": "
        "[\"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da\"]}");
}

static void add_pattern(struct ent_buf *b)
{
    uint64_t v = next();
    unsigned a = (unsigned)(v >> 40), c = (unsigned)(v & 0xFFFFFF);
    ADD("\"pattern\": \"");
    if (v % 4 == 0)
        ADD("[file:hashes.'SHA-256' = '%016llx%016llx%016llx%016llx']", (unsigned long long)v,
            (unsigned long long)next(), (unsigned long long)next(), (unsigned long long)next());
    else if (v % 4 == 1)
        ADD("[ipv4-addr:value = '%u.%u.%u.%u']", 20 + a % 180, c & 255, c >> 8 & 255, c >> 16);
    else if (v % 4 == 2)
        ADD("[domain-name:value = 'h%x.bad-%u.com']", a, c % 10000);
    else
        ADD("[url:value = 'http://w%x.evil-%u.net/login.php?id=%x']", a, c % 10000, c);
    ADD("\", \"pattern_type\": \"stix\", \"pattern_version\": \"2.1\", ");
}

static void add_indicator(struct ent_buf *b)
{
    add_head(b, "indicator");
    ADD("\"name\": \"%s, %s %u\", ", PICK(families), PICK(phases), below(100000));
    add_description(b);
    ADD("\"indicator_types\": [\"malicious-activity\"], ");
    add_pattern(b);
    add_time(b, "valid_from");
    add_phases(b);
    add_tail(b);
}

static void add_object(struct ent_buf *b)
{
    unsigned kind = below(16);
    if (kind < 11) {
        add_indicator(b);
    } else if (kind < 12) {
        add_head(b, "malware");
        ADD("\"name\": \"%s\", \"is_family\": true, \"malware_types\": [\"trojan\"], ",
            PICK(families));
        add_description(b);
        add_phases(b);
        add_tail(b);
    } else if (kind < 15) {
        add_head(b, "relationship");
        ADD("\"relationship_type\": \"indicates\", ");
        add_id(b, "source_ref", "indicator", ", ");
        add_id(b, "target_ref", "malware", ", ");
        add_tail(b);
    } else {
        add_head(b, "identity");
        ADD("\"name\": \"Organisation %u\", \"identity_class\": \"organization\", ", below(1000));
        add_tail(b);
    }
}

/* Each call adds one object or the end; false after the end. */
static bool add_more(struct ent_buf *b, uint64_t *made, uint64_t size)
{
    size_t before = b->n;
    if (*made >= size)
        return false;
    if (*made == 0) {
        ADD("{\"type\": \"bundle\", ");
        add_id(b, "id", "bundle", ", ");
        ADD("\"objects\": [");
    } else {
        ADD(", ");
    }
    add_object(b);
    *made += b->n - before;
    if (*made >= size)
        ADD("]}\n");
    return true;
}

/* The same text as MITRE prints it: a member a line, four blanks a level. */
static void indent(struct ent_buf *b, struct ent_slice s)
{
    bool inside = false;
    unsigned depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = (char)s.p[i];
        bool opens = !inside && (c == '{' || c == '['), closes = !inside && (c == '}' || c == ']');
        if (c == '"' || (inside && c == '\\'))
            inside = c == '"' ? !inside : inside;
        if (closes)
            ADD("\n%*s", (int)(4 * --depth), "");
        must(ent_buf_putc(b, c), "bundle");
        if (inside && c == '\\')
            must(ent_buf_putc(b, (char)s.p[++i]), "bundle");
        if (opens)
            depth++;
        if (opens || (!inside && c == ',')) {
            ADD("\n%*s", (int)(4 * depth), "");
            i += c == ',';
        }
    }
}

static int print_bundle(uint64_t size)
{
    struct ent_buf b;
    uint64_t made = 0;
    ent_buf_init(&b, 1u << 20);
    while (add_more(&b, &made, size)) {
        if (b.n < 64u << 10 && made < size)
            continue;
        if (fwrite(b.p, 1, b.n, stdout) != b.n)
            return 1;
        ent_buf_clear(&b);
    }
    ent_buf_release(&b);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* --- the parties --------------------------------------------------------------------------------
 */

struct counts {
    uint64_t keys, strings, numbers;
};

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pull_events(struct ent_jp *p, struct counts *c)
{
    enum ent_jp_event ev = ENT_JP_NULL;
    while (ev != ENT_JP_END) {
        must(ent_jp_next(p, &ev, NULL), "pull parser");
        c->keys += ev == ENT_JP_KEY;
        c->strings += ev == ENT_JP_STR;
        c->numbers += ev == ENT_JP_NUM;
    }
}

/* Past every object of the bundle, with its bytes or without; counted are the objects. */
static void pull_objects(struct ent_jp *p, struct counts *c, struct ent_buf *into)
{
    enum ent_jp_event ev = ENT_JP_NULL;
    while (ev != ENT_JP_END) {
        must(ent_jp_next(p, &ev, NULL), "pull parser");
        if (ev != ENT_JP_OBJ || p->depth < 3)
            continue;
        if (into != NULL) {
            ent_buf_clear(into);
            ent_jp_record(p, into);
        }
        must(ent_jp_skip(p, NULL), "skip");
        if (into != NULL)
            must(ent_jp_record_end(p), "record");
        c->keys++;
    }
}

enum way { EVENTS, SKIP, RECORD };

static double ours(struct ent_slice s, struct counts *c, enum way way)
{
    struct ent_jp p;
    struct ent_buf into;
    ent_buf_init(&into, 1u << 20);
    double start = cpu_s();
    must(ent_jp_init(&p, ent_reader_mem(&s), 0, ENT_JP_DEPTH, STRING_MAX), "init");
    if (way == EVENTS)
        pull_events(&p, c);
    else
        pull_objects(&p, c, way == RECORD ? &into : NULL);
    ent_jp_release(&p);
    double took = cpu_s() - start;
    ent_buf_release(&into);
    return took;
}

static double ours_events(struct ent_slice s, struct counts *c)
{
    return ours(s, c, EVENTS);
}

static double ours_skip(struct ent_slice s, struct counts *c)
{
    return ours(s, c, SKIP);
}

static double ours_record(struct ent_slice s, struct counts *c)
{
    return ours(s, c, RECORD);
}

static enum ent_err count_taken(void *ctx, const struct ent_indicator *ind)
{
    (void)ind;
    ++*(uint64_t *)ctx;
    return ENT_OK;
}

static enum ent_err pass(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)ctx, (void)line, (void)reason, (void)what;
    return ENT_OK;
}

static void read_all(struct ent_reader in, uint64_t *taken)
{
    const struct ent_import_opts opts = {.confidence = -1};
    const struct ent_import_sink sink = {.ctx = taken, .take = count_taken, .skip = pass};
    must(ent_intel_read(in, &opts, &sink, NULL, NULL), "reader");
}

/* All that an import does before the store. */
static double ours_read(struct ent_slice s, struct counts *c)
{
    double start = cpu_s();
    read_all(ent_reader_mem(&s), &c->keys);
    return cpu_s() - start;
}

static int read_file(const char *path)
{
    struct ent_input *in = NULL;
    uint64_t taken = 0;
    must(ent_input_open(&in, NULL, path, 0), path);
    read_all(ent_input_reader(in), &taken);
    ent_input_close(in);
    return printf("%" PRIu64 "\n", taken) < 0;
}

#ifdef HAVE_JANSSON
static void walk_jansson(json_t *v, struct counts *c)
{
    const char *key;
    json_t *child;
    size_t i;
    c->strings += json_is_string(v);
    c->numbers += json_is_number(v);
    json_object_foreach(v, key, child)
    {
        c->keys++;
        walk_jansson(child, c);
    }
    json_array_foreach(v, i, child) walk_jansson(child, c);
}

static double jansson(struct ent_slice s, struct counts *c)
{
    double start = cpu_s();
    json_t *v = json_loadb((const char *)s.p, s.n, 0, NULL);
    double took = cpu_s() - start;
    must(v == NULL ? ENT_E_FORMAT : ENT_OK, "jansson");
    walk_jansson(v, c);
    json_decref(v);
    return took;
}
#else
#define jansson NULL
#endif

#ifdef HAVE_CJSON
static void walk_cjson(const cJSON *v, struct counts *c)
{
    c->strings += cJSON_IsString(v) != 0;
    c->numbers += cJSON_IsNumber(v) != 0;
    for (const cJSON *i = v->child; i != NULL; i = i->next) {
        c->keys += i->string != NULL;
        walk_cjson(i, c);
    }
}

static double cjson(struct ent_slice s, struct counts *c)
{
    double start = cpu_s();
    cJSON *v = cJSON_ParseWithLength((const char *)s.p, s.n);
    double took = cpu_s() - start;
    must(v == NULL ? ENT_E_FORMAT : ENT_OK, "cJSON");
    walk_cjson(v, c);
    cJSON_Delete(v);
    return took;
}
#else
#define cjson NULL
#endif

/* --- measuring ----------------------------------------------------------------------------------
 */

static struct party {
    const char *figure, *name;
    double (*run)(struct ent_slice s, struct counts *c);
    bool counts; /* keys, strings and numbers, all of them */
    double aim;  /* MB/s; 0: none */
    double took[ROUNDS];
    double rate; /* MB/s */
} parties[] = {
    {"events", "entente, every event", ours_events, true, AIM, {0}, 0},
    {"skip", "entente, past each object", ours_skip, false, 0, {0}, 0},
    {"record", "the same, with its bytes", ours_record, false, 0, {0}, 0},
    {"indicators", "the indicators, kept nowhere", ours_read, false, 0, {0}, 0},
    {NULL, "jansson", jansson, true, 0, {0}, 0},
    {NULL, "cJSON", cjson, true, 0, {0}, 0},
};
#define PARTIES (sizeof(parties) / sizeof(parties[0]))

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* In a process of its own, because what a party leaves of the heap would slow down the next one.
 * The second of two runs counts: a tree in memory that is there already is the peers' best case. */
static double in_child(const struct party *p, struct ent_slice s, struct counts *c)
{
    struct {
        double took;
        struct counts c;
    } v = {0, {0, 0, 0}};
    int fd[2], status = 1;
    must(pipe(fd) == 0 ? ENT_OK : ENT_E_IO, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 2; i++) {
            v.c = (struct counts){0, 0, 0};
            v.took = p->run(s, &v.c);
        }
        _exit(write(fd[1], &v, sizeof(v)) == (ssize_t)sizeof(v) ? 0 : 1);
    }
    bool ok = pid > 0 && read(fd[0], &v, sizeof(v)) == (ssize_t)sizeof(v) &&
              waitpid(pid, &status, 0) == pid && status == 0;
    must(ok ? ENT_OK : ENT_E_IO, p->name);
    (void)close(fd[0]);
    (void)close(fd[1]);
    *c = v.c;
    return v.took;
}

/* All parties in turns; they must count the same. */
static struct counts measure(struct ent_slice s)
{
    struct counts all = {0, 0, 0};
    for (int i = 0; i < ROUNDS; i++)
        for (size_t k = 0; k < PARTIES; k++) {
            struct party *p = &parties[k];
            struct counts c = {0, 0, 0};
            if (p->run == NULL)
                continue;
            p->took[i] = in_child(p, s, &c);
            if (k == 0 && i == 0)
                all = c;
            if (p->counts && memcmp(&c, &all, sizeof(c)) != 0) {
                (void)fprintf(stderr, "json: %s counts something else\n", p->name);
                exit(1);
            }
        }
    for (size_t k = 0; k < PARTIES; k++) {
        qsort(parties[k].took, ROUNDS, sizeof(double), by_size);
        double median = parties[k].took[ROUNDS / 2];
        parties[k].rate = median > 0 ? (double)s.n / 1e6 / median : 0;
    }
    return all;
}

static void report_json(const char *form, const struct party *p)
{
    for (size_t k = 0; k < PARTIES; k++) {
        const struct party *peer = &parties[k];
        if (peer->figure != NULL)
            continue;
        (void)printf("{\"bench\": \"json/%s%s\", \"figure\": %.0f, \"unit\": \"MB/s\", "
                     "\"against\": \"%s\"",
                     p->figure, form, p->rate, peer->name);
        if (peer->run != NULL)
            (void)printf(", \"theirs\": %.0f, \"ratio\": %.2f", peer->rate, p->rate / peer->rate);
        else
            (void)printf(", \"missing\": true");
        if (p->aim > 0)
            (void)printf(", \"aim\": %.0f, \"met\": %s", p->aim,
                         p->rate >= p->aim ? "true" : "false");
        (void)printf("}\n");
    }
}

static void report_text(const struct party *p)
{
    (void)printf("  %-28s %7.0f MB/s", p->name, p->rate);
    if (p->aim > 0)
        (void)printf("   aim %.0f%s", p->aim, p->rate >= p->aim ? "" : ": MISSED");
    (void)printf("\n");
}

static void report(struct ent_slice s, const char *what, const char *form)
{
    const char *json = getenv("JSON");
    struct counts all = measure(s);
    bool lines = json != NULL && strcmp(json, "1") == 0;
    if (!lines)
        (void)printf("%s, %.1f MB: %" PRIu64 " keys, %" PRIu64 " strings, %" PRIu64 " numbers\n",
                     what, (double)s.n / 1e6, all.keys, all.strings, all.numbers);
    for (size_t k = 0; k < PARTIES; k++) {
        const struct party *p = &parties[k];
        if (p->run == NULL)
            (void)fprintf(stderr, "json: missing: %s\n", p->name);
        else if (lines && p->figure != NULL)
            report_json(form, p);
        else if (!lines)
            report_text(p);
    }
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    uint64_t mb = 50, seed = 1, made = 0;
    bool print = false;
    struct ent_buf b, indented;
    if (argc == 3 && strcmp(argv[1], "--read") == 0)
        return read_file(argv[2]);
    for (int i = 1; i < argc; i += 2) {
        bool is_seed = strcmp(argv[i], "--seed") == 0, is_print = strcmp(argv[i], "--bundle") == 0;
        if (i + 1 == argc || (!is_seed && !is_print && strcmp(argv[i], "--size") != 0)) {
            (void)fputs("usage: json [--size MB | --bundle MB] [--seed N] | --read FILE\n", stderr);
            return 2;
        }
        must(ent_parse_u64(is_seed ? &seed : &mb, ent_slice_str(argv[i + 1]), 1u << 30), argv[i]);
        print |= is_print;
    }
    state = seed * 2 + 1;
    if (print)
        return print_bundle(mb * 1000000);
    (void)fprintf(stderr, "json: a STIX bundle of %" PRIu64 " MB, seed %" PRIu64 ", on %s\n", mb,
                  seed, ent_cpu_name(ent_cpu_level()));
    ent_buf_init(&b, SIZE_MAX / 4);
    ent_buf_init(&indented, SIZE_MAX / 4);
    while (add_more(&b, &made, mb * 1000000))
        continue;
    report(ent_buf_slice(&b), "as serialised", "");
    indent(&indented, ent_buf_slice(&b));
    report(ent_buf_slice(&indented), "indented by four", "-indented");
    ent_buf_release(&b);
    ent_buf_release(&indented);
    return 0;
}
