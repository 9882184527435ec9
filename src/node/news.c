/* news.c: acts that concern the pact itself: kept, found in mirrors, handed on. */
#include "node/node.h"

#define NEXT_DIR   "pact/next"
#define NEXT_EACH  64u   /* of one member about one version; nobody honest says more */
#define READ_PIECE 4096u /* entries under one hold of the lock */
#define CURSOR_MAX (24u + ENT_CHECK_LINE)

static const char cannot_read[] = "cannot read what was said about the next version";

bool ent_news_concerns(enum ent_statement_type t)
{
    return t == ENT_ST_WITHDRAW || t == ENT_ST_PROPOSE || t == ENT_ST_PREVOTE ||
           t == ENT_ST_PRECOMMIT;
}

/* --- keeping ------------------------------------------------------------------------------------
 */

/* Files are named <leaf hash>.<member>. */
static bool is_of(const char *file, const char *hex, const char *member)
{
    return strlen(file) > 65 && file[64] == '.' && (hex == NULL || strncmp(file, hex, 64) == 0) &&
           (member == NULL || strcmp(file + 65, member) == 0);
}

struct counted {
    size_t n;
    char first[64 + 1 + ENT_NAME_MAX + 1];
};

#define NEXT_NAME (sizeof(NEXT_DIR) + ENT_DISK_NAME_MAX)

static enum ent_err count_next(struct ent_book *b, struct counted *ret, const char *hex,
                               const char *member)
{
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf names;
    *ret = (struct counted){.n = 0};
    enum ent_err r = ent_home_list(ent_book_home(b), &names, NEXT_DIR);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, file))
        if (is_of(file, hex, member) && strlen(file) < sizeof(ret->first) && ret->n++ == 0)
            memcpy(ret->first, file, strlen(file) + 1);
    ent_buf_release(&names);
    return r;
}

static void name_of(char ret[static NEXT_NAME], const char *file)
{
    (void)snprintf(ret, NEXT_NAME, NEXT_DIR "/%s", file);
}

static enum ent_err keep(struct ent_book *b, struct ent_diag *d, const struct ent_act *act,
                         struct ent_slice bytes)
{
    char hex[ENT_HEX_LEN(32)], name[NEXT_NAME];
    struct counted has;
    ent_hex_encode(hex, act->leaf.b, 32);
    (void)snprintf(name, sizeof(name), NEXT_DIR "/%s.%s", hex, act->st.author);
    enum ent_err r = count_next(b, &has, NULL, act->st.author);
    if (r != ENT_OK)
        return ent_disk_fail(d, r, cannot_read);
    if (has.n >= NEXT_EACH)
        return ent_fail(d, ENT_E_LIMIT, "too much was said about the next version", 0, NEXT_EACH);
    return ent_kept_write(ent_book_disk(b), name, bytes, false, d);
}

/* About the version that comes next, and no other. */
static enum ent_err check_topic(struct ent_book *b, const struct ent_delivery *del,
                                struct ent_diag *d)
{
    const struct ent_pact *p = ent_book_home(b)->pact;
    uint64_t version = 0;
    if (ent_voting_version(&version, &del->act) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "neither a proposal nor a vote", 0, 0);
    if (version != p->version + 1)
        return ent_fail(d, ENT_E_STATE, "about another version than the next one", 0, 0);
    return ENT_OK;
}

static enum ent_err take(struct ent_book *b, struct ent_diag *d, struct ent_slice bytes)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = ent_delivery_parse(del, bytes, &ent_book_home(b)->roster, d);
    if (r == ENT_OK && !ent_news_concerns(del->act.st.type))
        r = ent_fail(d, ENT_E_POLICY, "an act that is not for everybody", 0, 0);
    if (r == ENT_OK && del->act.st.type == ENT_ST_WITHDRAW)
        r = ent_book_keep_withdrawal(b, d, del->act.st.author, bytes);
    else if (r == ENT_OK && (r = check_topic(b, del, d)) == ENT_OK)
        r = keep(b, d, &del->act, bytes);
    free(del);
    return r;
}

enum ent_err ent_news_take(struct ent_book *b, struct ent_diag *d, struct ent_slice bytes)
{
    ent_book_lock(b);
    enum ent_err r = take(b, d, bytes);
    ent_book_unlock(b);
    return r;
}

enum ent_err ent_news_may_say(struct ent_book *b, struct ent_diag *d)
{
    struct counted has;
    enum ent_err r = count_next(b, &has, NULL, ent_book_home(b)->self.name);
    if (r != ENT_OK)
        return ent_disk_fail(d, r, cannot_read);
    return has.n < NEXT_EACH
               ? ENT_OK
               : ent_fail(d, ENT_E_LIMIT,
                          "this member has said 64 things about the next version, and nobody keeps "
                          "more of one: the others have to decide it",
                          0, 0);
}

enum ent_err ent_news_own(struct ent_book *b, struct ent_diag *d, uint64_t index)
{
    struct ent_buf bytes;
    ent_buf_init(&bytes, ENT_DELIVERY_MAX);
    enum ent_err r = ent_book_deliver(b, &bytes, d, index);
    if (r == ENT_OK && (r = ent_news_take(b, d, ent_buf_slice(&bytes))) == ENT_E_EXISTS)
        r = ENT_OK;
    ent_buf_release(&bytes);
    return r;
}

enum ent_err ent_news_get(struct ent_book *b, struct ent_buf *bytes, const char *hex)
{
    char name[NEXT_NAME];
    struct counted has;
    enum ent_err r = count_next(b, &has, hex, NULL);
    if (r == ENT_OK && has.n == 0)
        r = ENT_E_NOTFOUND;
    name_of(name, has.first);
    if (r == ENT_OK)
        r = ent_kept_read(bytes, ent_book_disk(b), name);
    return r == ENT_E_AUTH ? ENT_E_NOTFOUND : r;
}

size_t ent_news_count(struct ent_book *b)
{
    struct counted has;
    size_t gone = ent_book_is_withdrawn(b, ent_book_home(b)->self.name);
    return gone + (count_next(b, &has, NULL, NULL) == ENT_OK ? has.n : 0);
}

enum ent_err ent_news_each(struct ent_book *b, void *ctx,
                           enum ent_err (*each)(void *ctx, struct ent_slice bytes))
{
    char file[ENT_DISK_NAME_MAX], name[NEXT_NAME];
    struct ent_buf bytes, names;
    enum ent_err r = ent_home_list(ent_book_home(b), &names, NEXT_DIR);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    ent_buf_init(&bytes, ENT_DELIVERY_MAX);
    while (r == ENT_OK && ent_home_next_name(&c, file)) {
        if (!is_of(file, NULL, NULL))
            continue;
        ent_buf_clear(&bytes);
        name_of(name, file);
        r = ent_kept_read(&bytes, ent_book_disk(b), name);
        r = r == ENT_E_AUTH ? ENT_OK : r == ENT_OK ? each(ctx, ent_buf_slice(&bytes)) : r;
    }
    ent_buf_release(&bytes);
    ent_buf_release(&names);
    return r;
}

void ent_news_clear(struct ent_book *b)
{
    const struct ent_disk *disk = ent_book_disk(b);
    char file[ENT_DISK_NAME_MAX], name[NEXT_NAME];
    struct ent_buf names;
    enum ent_err r = ent_home_list(ent_book_home(b), &names, NEXT_DIR);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, file)) {
        name_of(name, file);
        (void)disk->remove(disk->ctx, name);
    }
    ent_buf_release(&names);
}

/* --- reading mirrors ----------------------------------------------------------------------------
 */

struct found {
    char hex[ENT_HEX_LEN(32)]; /* "" when there is none */
    uint64_t at, all;          /* entries read, entries there */
};

static bool is_self(struct ent_book *b, const char *member)
{
    return strcmp(member, ent_book_home(b)->self.name) == 0;
}

/* How far was it read? One's own log is read too: a home that came back from mirrors, or from a
 * backup, has forgotten what it said. */
static void read_name(struct ent_book *b, char ret[static ENT_DISK_NAME_MAX], const char *member,
                      unsigned generation)
{
    if (is_self(b, member))
        (void)snprintf(ret, ENT_DISK_NAME_MAX, "pact/read-%u", generation);
    else
        (void)snprintf(ret, ENT_DISK_NAME_MAX, "mirror/%.*s/%u/read", (int)ENT_NAME_MAX, member,
                       generation);
}

static enum ent_err get_cursor(struct ent_book *b, const char *name, uint64_t *ret)
{
    struct ent_buf text;
    ent_buf_init(&text, CURSOR_MAX);
    enum ent_err r = ent_disk_load(ent_book_disk(b), &text, name);
    struct ent_slice number = ent_buf_slice(&text);
    *ret = 0;
    if (r == ENT_OK && (ent_check_take(&number) != ENT_OK || number.n == 0 ||
                        ent_parse_u64(ret, ent_slice(number.p, number.n - 1), INT64_MAX) != ENT_OK))
        *ret = 0; /* read it all again: nothing is taken twice */
    ent_buf_release(&text);
    return r == ENT_E_NOTFOUND || r == ENT_E_LIMIT ? ENT_OK : r;
}

static enum ent_err set_cursor(struct ent_book *b, const char *name, uint64_t at)
{
    const struct ent_disk *disk = ent_book_disk(b);
    struct ent_buf text;
    ent_buf_init(&text, CURSOR_MAX);
    enum ent_err r = ent_buf_printf(&text, "%llu\n", (unsigned long long)at);
    if (r == ENT_OK && (r = ent_check_add(&text)) == ENT_OK)
        r = disk->replace(disk->ctx, name, ent_buf_slice(&text));
    ent_buf_release(&text);
    return r;
}

/* --- what is damaged ----------------------------------------------------------------------------
 */

/* What this member said is read again, and fetched where it is not here. */
static enum ent_err read_again(struct ent_book *b, const char *member)
{
    struct ent_view_log log = {.generation = ent_book_generation(b)};
    char name[ENT_DISK_NAME_MAX];
    enum ent_err r = is_self(b, member) ? ENT_OK : ent_view_log(ent_book_view(b), &log, member, 0);
    if (r != ENT_OK)
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    read_name(b, name, member, log.generation);
    return set_cursor(b, name, 0);
}

/* One file; name is below the home. */
static enum ent_err mend(struct ent_book *b, const char *name, const char *member, bool drop)
{
    const struct ent_disk *disk = ent_book_disk(b);
    struct ent_buf said;
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    enum ent_err r = ent_kept_read(&said, disk, name);
    if (r == ENT_E_AUTH) {
        r = ENT_OK;
        if (ent_book_mend(b, name)) {
            r = read_again(b, member); /* first: a file that is gone asks for nothing */
            if (r == ENT_OK && drop)
                r = disk->remove(disk->ctx, name);
        }
    }
    ent_buf_release(&said);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

static enum ent_err mend_folder(struct ent_book *b, const char *folder, bool next)
{
    char file[ENT_DISK_NAME_MAX], name[NEXT_NAME];
    struct ent_buf names;
    enum ent_err r = ent_home_list(ent_book_home(b), &names, folder);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, file)) {
        if (next ? !is_of(file, NULL, NULL) : !ent_name_is_valid(ent_slice_str(file)))
            continue;
        (void)snprintf(name, sizeof(name), "%s/%s", folder, file);
        r = mend(b, name, next ? file + 65 : file, next);
    }
    ent_buf_release(&names);
    return r;
}

enum ent_err ent_news_mend(struct ent_book *b, struct ent_diag *d)
{
    ent_book_lock(b);
    enum ent_err r = mend_folder(b, NEXT_DIR, true);
    if (r == ENT_OK)
        r = mend_folder(b, "withdrawn", false);
    ent_book_unlock(b);
    return r == ENT_OK ? r : ent_fail(d, r, "cannot mend what was said about the pact", 0, 0);
}

/* --- finding ------------------------------------------------------------------------------------
 */

/* One entry: a withdrawal takes effect; the name of an act that has to be fetched. */
static enum ent_err look(struct ent_book *b, struct ent_slice entry, const char *member,
                         struct found *ret)
{
    struct ent_statement st;
    struct ent_hash32 leaf;
    struct ent_note note;
    if (ent_note_parse(&note, entry, NULL) != ENT_OK ||
        ent_statement_parse(&st, note.text) != ENT_OK || strcmp(st.author, member) != 0)
        return ENT_OK; /* an audit will name it */
    if (st.type == ENT_ST_WITHDRAW) {
        if (!ent_withdrawal_counts(&ent_book_home(b)->roster, member, entry))
            return ENT_OK;
        /* One's own is told to others, as a delivery. */
        enum ent_err r = is_self(b, member) ? ent_news_own(b, NULL, ret->at) : ENT_E_NOTFOUND;
        if (r != ENT_OK && r != ENT_E_EXISTS)
            r = ent_book_keep_withdrawal(b, NULL, member, entry);
        return r == ENT_E_EXISTS ? ENT_OK : r;
    }
    if (!ent_news_concerns(st.type) || st.pact_version < ent_book_home(b)->pact->version)
        return ENT_OK;
    ent_merkle_leaf_hash(&leaf, entry);
    ent_hex_encode(ret->hex, leaf.b, 32);
    return ENT_OK;
}

/* From f->at on to the next act that concerns everybody, or the end of this piece. */
static enum ent_err search(struct ent_book *b, const char *member, struct found *f)
{
    struct ent_buf entry;
    enum ent_err r = ENT_OK;
    f->hex[0] = '\0';
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    ent_book_lock(b);
    struct ent_tree *t = is_self(b, member) ? ent_log_tree(ent_book_log(b))
                                            : ent_view_tree(ent_book_view(b), member, 0);
    f->all = t == NULL ? 0 : ent_tree_size(t);
    for (uint64_t end = f->at + READ_PIECE; f->at < f->all && f->at < end && f->hex[0] == '\0';) {
        ent_buf_clear(&entry);
        if ((r = ent_tree_entry(t, &entry, NULL, f->at)) != ENT_OK ||
            (r = look(b, ent_buf_slice(&entry), member, f)) != ENT_OK)
            break;
        f->at++;
    }
    ent_book_unlock(b);
    ent_buf_release(&entry);
    return r;
}

/* Whoever is asked may hand out something else, to have this one passed over. */
static enum ent_err check_is(struct ent_book *b, struct ent_slice bytes, const char *hex)
{
    char got[ENT_HEX_LEN(32)] = "";
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return ENT_E_NOMEM;
    ent_book_lock(b);
    enum ent_err r = ent_delivery_parse(del, bytes, &ent_book_home(b)->roster, NULL);
    ent_book_unlock(b);
    if (r == ENT_OK)
        ent_hex_encode(got, del->act.leaf.b, 32);
    free(del);
    return strcmp(got, hex) == 0 ? ENT_OK : ENT_E_PEER;
}

/* Said by its author, and nothing that is kept: what comes behind it is read all the same. */
static bool is_passed_over(enum ent_err r)
{
    return r == ENT_E_EXISTS || r == ENT_E_STATE || r == ENT_E_FORMAT || r == ENT_E_LIMIT;
}

/* Out of one's own log, where its body is kept. */
static enum ent_err make_again(struct ent_book *b, const char *member, uint64_t index)
{
    enum ent_err r = is_self(b, member) ? ent_news_own(b, NULL, index) : ENT_E_NOTFOUND;
    return is_passed_over(r) ? ENT_OK : r;
}

static enum ent_err fetch(struct ent_book *b, struct ent_diag *d, const struct ent_wire *wire,
                          const char *hex, const char *from)
{
    char path[sizeof(ENT_NEWS_PATH) + 80];
    struct counted has;
    struct ent_buf bytes;
    unsigned status = 0;
    enum ent_err r = count_next(b, &has, hex, NULL);
    if (r != ENT_OK || has.n > 0)
        return r;
    if (wire == NULL)
        return ent_fail(d, ENT_E_STATE,
                        "this home has forgotten what it said about the next version, and nobody "
                        "could be asked for it",
                        0, 0);
    (void)snprintf(path, sizeof(path), ENT_NEWS_PATH "/%s", hex);
    ent_buf_init(&bytes, ENT_DELIVERY_MAX);
    r = wire->call(wire->ctx, &status, &bytes, from, "GET", path, ent_slice(NULL, 0));
    if (r == ENT_OK && status != 200)
        r = ent_fail(d, ENT_E_PEER, "does not hand out what it says about the pact", 0, 0);
    else if (r == ENT_OK && (r = check_is(b, ent_buf_slice(&bytes), hex)) != ENT_OK)
        r = ent_fail(d, r, "hands out something else than it was asked for", 0, 0);
    if (r == ENT_OK && is_passed_over(r = ent_news_take(b, d, ent_buf_slice(&bytes))))
        r = ENT_OK;
    ent_buf_release(&bytes);
    return r;
}

enum ent_err ent_news_read(struct ent_book *b, struct ent_diag *d, const struct ent_wire *wire,
                           const char *member, const char *from)
{
    struct ent_view_log log = {.generation = ent_book_generation(b)};
    struct found f = {.at = 0};
    char name[ENT_DISK_NAME_MAX];
    enum ent_err r = is_self(b, member) ? ENT_OK : ent_view_log(ent_book_view(b), &log, member, 0);
    if (r != ENT_OK)
        return r;
    read_name(b, name, member, log.generation);
    if ((r = get_cursor(b, name, &f.at)) != ENT_OK)
        return r;
    uint64_t start = f.at, done = f.at;
    do {
        if ((r = search(b, member, &f)) != ENT_OK ||
            (f.hex[0] != '\0' && make_again(b, member, f.at - 1) != ENT_OK &&
             (r = fetch(b, d, wire, f.hex, from)) != ENT_OK))
            break;
        done = f.at;
    } while (f.at < f.all);
    if (done != start) {
        ent_book_lock(b);
        uint64_t now = start;
        enum ent_err saved = get_cursor(b, name, &now);
        if (saved == ENT_OK && now == start) /* or somebody wants it read again meanwhile */
            saved = set_cursor(b, name, done);
        ent_book_unlock(b);
        r = r == ENT_OK ? saved : r;
    }
    return r;
}

/* --- telling others -----------------------------------------------------------------------------
 */

struct telling {
    const struct ent_wire *wire;
    const char *member;
    struct ent_diag *d;
};

static enum ent_err tell_one(void *ctx, struct ent_slice bytes)
{
    struct telling *t = ctx;
    struct ent_buf answer;
    unsigned status = 0;
    ent_buf_init(&answer, 1024);
    enum ent_err r =
        t->wire->call(t->wire->ctx, &status, &answer, t->member, "POST", ENT_NEWS_PATH, bytes);
    ent_buf_release(&answer);
    return r; /* whatever it thinks of it */
}

/* Who has withdrawn says so itself, to everybody, also where nobody can fetch it. */
static enum ent_err tell_withdrawal(struct ent_book *b, struct telling *t)
{
    char name[ENT_NAME_MAX + 16];
    struct ent_buf bytes;
    if (!ent_book_is_withdrawn(b, ent_book_home(b)->self.name))
        return ENT_OK;
    (void)snprintf(name, sizeof(name), "withdrawn/%s", ent_book_home(b)->self.name);
    ent_buf_init(&bytes, ENT_DELIVERY_MAX);
    enum ent_err r = ent_kept_read(&bytes, ent_book_disk(b), name);
    if (r == ENT_OK)
        r = tell_one(t, ent_buf_slice(&bytes));
    ent_buf_release(&bytes);
    return r == ENT_E_NOTFOUND || r == ENT_E_AUTH ? ENT_OK : r; /* a damaged one is made again */
}

enum ent_err ent_news_tell(struct ent_book *b, struct ent_diag *d, const struct ent_wire *wire,
                           const char *member)
{
    struct telling t = {.wire = wire, .member = member, .d = d};
    enum ent_err r = ent_news_mend(b, d);
    if (r == ENT_OK)
        r = ent_news_each(b, &t, tell_one);
    return r == ENT_OK ? tell_withdrawal(b, &t) : r;
}

/* --- versions -----------------------------------------------------------------------------------
 */

enum ent_err ent_news_take_version(struct ent_book *b, struct ent_diag *d, struct ent_slice bytes)
{
    bool changed = false;
    ent_book_lock(b);
    enum ent_err r = ent_book_refresh(b, d, &changed);
    if (r == ENT_OK && (r = ent_home_add_version(ent_book_home(b), NULL, d, bytes)) == ENT_OK) {
        ent_news_clear(b);
        r = ent_book_follow(b, d);
    }
    ent_book_unlock(b);
    return r;
}

enum ent_err ent_news_versions(struct ent_book *b, struct ent_diag *d, const struct ent_wire *wire,
                               const char *member)
{
    enum ent_err r = ENT_OK;
    struct ent_buf bytes;
    unsigned status = 200;
    ent_buf_init(&bytes, ENT_PACT_MAX);
    while (r == ENT_OK && status == 200) {
        char path[64];
        ent_book_lock(b);
        (void)snprintf(path, sizeof(path), ENT_VERSION_PATH "/%llu",
                       (unsigned long long)ent_book_home(b)->chain.versions + 1);
        ent_book_unlock(b);
        ent_buf_clear(&bytes);
        r = wire->call(wire->ctx, &status, &bytes, member, "GET", path, ent_slice(NULL, 0));
        if (r == ENT_OK && status == 200)
            r = ent_news_take_version(b, d, ent_buf_slice(&bytes));
        r = r == ENT_E_EXISTS ? ENT_OK : r;
    }
    ent_buf_release(&bytes);
    return r;
}

static enum ent_err has_version(const struct ent_wire *wire, const char *member, uint64_t version,
                                bool *ret)
{
    struct ent_buf answer;
    unsigned status = 0;
    char path[64];
    (void)snprintf(path, sizeof(path), ENT_VERSION_PATH "/%llu", (unsigned long long)version);
    ent_buf_init(&answer, ENT_PACT_MAX);
    enum ent_err r =
        wire->call(wire->ctx, &status, &answer, member, "GET", path, ent_slice(NULL, 0));
    ent_buf_release(&answer);
    *ret = status == 200;
    return r;
}

static enum ent_err bring_one(struct ent_book *b, const struct ent_wire *wire, const char *member,
                              uint64_t version, bool *ret)
{
    struct ent_buf bytes, answer;
    unsigned status = 0;
    ent_buf_init(&bytes, ENT_PACT_MAX);
    ent_buf_init(&answer, 1024);
    ent_book_lock(b);
    enum ent_err r =
        ent_buf_put_slice(&bytes, ent_chain_version(&ent_book_home(b)->chain, version));
    ent_book_unlock(b);
    if (r == ENT_OK)
        r = wire->call(wire->ctx, &status, &answer, member, "POST", ENT_VERSION_PATH,
                       ent_buf_slice(&bytes));
    ent_buf_release(&bytes);
    ent_buf_release(&answer);
    *ret = status == 200;
    return r;
}

enum ent_err ent_news_bring(struct ent_book *b, const struct ent_wire *wire, const char *member,
                            bool always)
{
    ent_book_lock(b);
    const struct ent_member *self = ent_home_self(ent_book_home(b));
    /* Who knows only a version with another TLS key of ours cannot ask us for the newest either. */
    bool can_be_asked =
        !always && strcmp(self->url, "-") != 0 &&
        memcmp(self->tls.pk.b, ent_book_home(b)->self.tls.pk.b, sizeof(self->tls.pk.b)) == 0;
    uint64_t newest = ent_book_home(b)->chain.versions, theirs = newest;
    ent_book_unlock(b);
    enum ent_err r = ENT_OK;
    bool has = false;
    while (!can_be_asked && r == ENT_OK && !has && theirs > 1)
        if ((r = has_version(wire, member, theirs, &has)) == ENT_OK && !has)
            theirs--;
    for (has = true; !can_be_asked && r == ENT_OK && has && theirs < newest; theirs++)
        r = bring_one(b, wire, member, theirs + 1, &has);
    return r;
}
