/* vote.c: votes as bytes. */
#include "pact/vote.h"

#define FIRST_LINE "entente/vote@v1"
#define KEY_NAME   (ENT_NAME_MAX + sizeof("/root"))
#define LINE_TYPE                                                                                  \
    "\xff"                                                                                         \
    "entente/precommit/v1"
#define LINE_N (4 + 64) /* round, signature; behind the key id */

const char *ent_vote_kind_word(enum ent_vote_kind k)
{
    static const char *const words[ENT_VOTE_KINDS] = {"prevote", "precommit"};
    return words[k];
}

static bool same_hash(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool ent_vote_topic_eq(const struct ent_vote_topic *a, const struct ent_vote_topic *b)
{
    return a->version == b->version && same_hash(&a->pact, &b->pact) &&
           same_hash(&a->prev, &b->prev);
}

bool ent_vote_eq(const struct ent_vote *a, const struct ent_vote *b)
{
    return a->kind == b->kind && a->round == b->round && a->none == b->none &&
           (a->none || same_hash(&a->what, &b->what));
}

/* The first version has nothing to name, and every other one has. */
static bool topic_is_valid(const struct ent_vote_topic *t)
{
    static const struct ent_hash32 zero;
    bool first = t->version == 1;
    return t->version > 0 && t->version <= UINT32_MAX && same_hash(&t->pact, &zero) == first &&
           same_hash(&t->prev, &zero) == first;
}

/* What is signed. */
static enum ent_err put_text(struct ent_buf *b, const struct ent_vote_topic *t,
                             const struct ent_vote *v)
{
    char pact[ENT_BASE64_LEN(32)], prev[ENT_BASE64_LEN(32)], what[ENT_BASE64_LEN(32)] = "-";
    if (!topic_is_valid(t))
        return ENT_E_FORMAT;
    ent_base64_encode(pact, t->pact.b, 32);
    ent_base64_encode(prev, t->prev.b, 32);
    if (!v->none)
        ent_base64_encode(what, v->what.b, 32);
    return ent_buf_printf(
        b, FIRST_LINE "\npact %s\nversion %llu\nprev %s\nround %lu\nkind %s\nfor %s\n", pact,
        (unsigned long long)t->version, prev, (unsigned long)v->round, ent_vote_kind_word(v->kind),
        what);
}

static void key_name(char ret[static KEY_NAME], const char *member)
{
    (void)snprintf(ret, KEY_NAME, "%s/root", member);
}

/* --- votes on their way -------------------------------------------------------------------------
 */

enum ent_err ent_vote_encode(struct ent_buf *b, const struct ent_vote_signed *v)
{
    char name[KEY_NAME];
    uint8_t raw[4 + 64];
    struct ent_buf note;
    enum ent_err r;
    if (!ent_name_is_valid(ent_slice_str(v->member)))
        return ENT_E_FORMAT;
    key_name(name, v->member);
    memcpy(raw, v->id, 4);
    memcpy(raw + 4, v->sig, 64);
    ent_buf_init(&note, ENT_VOTE_MAX);
    if ((r = put_text(&note, &v->topic, &v->vote)) == ENT_OK &&
        (r = ent_note_append(&note, note.n, name, raw, sizeof(raw))) == ENT_OK)
        r = ent_buf_put_slice(b, ent_buf_slice(&note));
    ent_buf_release(&note);
    return r;
}

/* The signature over the vote's text, which is the same in both forms. */
static enum ent_err sign(struct ent_vote_signed *v, const struct ent_seed32 *root)
{
    char name[KEY_NAME];
    struct ent_pubkey pk;
    struct ent_buf text;
    ent_buf_init(&text, ENT_VOTE_MAX);
    enum ent_err r = put_text(&text, &v->topic, &v->vote);
    if (r == ENT_OK) {
        key_name(name, v->member);
        ent_sign_public(&pk, root);
        ent_note_key_id(v->id, name, &pk);
        ent_sign(v->sig, root, ent_buf_slice(&text));
    }
    ent_buf_release(&text);
    return r;
}

static enum ent_err set_member(struct ent_vote_signed *v, struct ent_slice name)
{
    if (!ent_name_is_valid(name))
        return ENT_E_FORMAT;
    memset(v->member, 0, sizeof(v->member));
    memcpy(v->member, name.p, name.n);
    return ENT_OK;
}

enum ent_err ent_vote_make(struct ent_buf *b, const struct ent_vote_topic *topic,
                           const struct ent_vote *vote, const char *member,
                           const struct ent_seed32 *root)
{
    struct ent_vote_signed v = {.topic = *topic, .vote = *vote};
    enum ent_err r;
    if ((r = set_member(&v, ent_slice_str(member))) != ENT_OK || (r = sign(&v, root)) != ENT_OK)
        return r;
    return ent_vote_encode(b, &v);
}

static enum ent_vote_kind take_kind(struct ent_lines *l)
{
    struct ent_slice w = ent_lines_word(l);
    for (int k = 0; k < ENT_VOTE_KINDS; k++)
        if (ent_slice_eq(w, ent_slice_str(ent_vote_kind_word((enum ent_vote_kind)k))))
            return (enum ent_vote_kind)k;
    ent_lines_fail(l, ENT_E_FORMAT);
    return ENT_PREVOTE;
}

static enum ent_err parse_text(struct ent_vote_signed *v, struct ent_slice text)
{
    struct ent_lines l;
    ent_lines_start(&l, text);
    ent_lines_exact(&l, FIRST_LINE);
    ent_lines_key(&l, "pact");
    ent_lines_b64(&l, v->topic.pact.b, 32);
    ent_lines_key(&l, "version");
    v->topic.version = ent_lines_u64(&l, UINT32_MAX);
    ent_lines_key(&l, "prev");
    ent_lines_b64(&l, v->topic.prev.b, 32);
    ent_lines_key(&l, "round");
    v->vote.round = (uint32_t)ent_lines_u64(&l, UINT32_MAX);
    ent_lines_key(&l, "kind");
    v->vote.kind = take_kind(&l);
    ent_lines_key(&l, "for");
    struct ent_slice what = ent_lines_word(&l);
    v->vote.none = ent_slice_eq(what, ENT_SLICE_LIT("-"));
    if (!v->vote.none && l.err == ENT_OK &&
        ent_base64_decode_exact(v->vote.what.b, 32, what) != ENT_OK)
        ent_lines_fail(&l, ENT_E_FORMAT);
    enum ent_err r = ent_lines_end(&l);
    return r == ENT_OK && !topic_is_valid(&v->topic) ? ENT_E_FORMAT : r;
}

enum ent_err ent_vote_parse(struct ent_vote_signed *ret, struct ent_slice bytes, struct ent_diag *d)
{
    static const struct ent_slice suffix = {(const uint8_t *)"/root", 5};
    struct ent_vote_signed v = {0};
    struct ent_note note;
    if (bytes.n > ENT_VOTE_MAX)
        return ent_fail(d, ENT_E_LIMIT, "vote larger than 1 KiB", 0, ENT_VOTE_MAX);
    enum ent_err r = ent_note_parse(&note, bytes, d);
    if (r != ENT_OK)
        return r;
    if (parse_text(&v, note.text) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "malformed vote", 0, 0);
    if (note.sigs != 1)
        return ent_fail(d, ENT_E_FORMAT, "vote with more than one signature", 0, note.text.n);
    const struct ent_note_sig *s = &note.sig[0];
    size_t n = s->name.n - (s->name.n < suffix.n ? s->name.n : suffix.n);
    if (s->sig_n != sizeof(v.sig) ||
        !ent_slice_eq(ent_slice(s->name.p + n, s->name.n - n), suffix) ||
        set_member(&v, ent_slice(s->name.p, n)) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "vote not signed as a member's root key does", 0,
                        note.text.n);
    memcpy(v.id, s->id, sizeof(v.id));
    memcpy(v.sig, s->sig, sizeof(v.sig));
    *ret = v;
    return ENT_OK;
}

enum ent_err ent_vote_check(const struct ent_vote_signed *v, const struct ent_pubkey *root)
{
    char name[KEY_NAME];
    uint8_t id[4];
    struct ent_buf text;
    key_name(name, v->member);
    ent_note_key_id(id, name, root);
    if (memcmp(id, v->id, sizeof(id)) != 0)
        return ENT_E_AUTH;
    ent_buf_init(&text, ENT_VOTE_MAX);
    enum ent_err r = put_text(&text, &v->topic, &v->vote);
    if (r == ENT_OK)
        r = ent_sign_check(root, v->sig, ent_buf_slice(&text));
    ent_buf_release(&text);
    return r == ENT_OK || r == ENT_E_NOMEM ? r : ENT_E_AUTH;
}

/* --- precommits below the version that they decided ---------------------------------------------
 */

static void line_key_id(uint8_t ret[static 4], const char *name, const struct ent_pubkey *pk)
{
    struct ent_sha256 h;
    struct ent_hash32 id;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ent_slice_str(name));
    ent_sha256_add(&h, ENT_SLICE_LIT("\n"));
    ent_sha256_add(&h, ENT_SLICE_LIT(LINE_TYPE));
    ent_sha256_add(&h, ent_slice(pk->b, sizeof(pk->b)));
    ent_sha256_end(&h, &id);
    memcpy(ret, id.b, 4);
}

enum ent_err ent_vote_line_add(struct ent_buf *note, size_t text_n, const struct ent_vote_signed *v,
                               const struct ent_pubkey *root)
{
    char name[KEY_NAME];
    uint8_t raw[4 + LINE_N];
    if (v->vote.kind != ENT_PRECOMMIT || v->vote.none ||
        !ent_name_is_valid(ent_slice_str(v->member)))
        return ENT_E_FORMAT;
    key_name(name, v->member);
    line_key_id(raw, name, root);
    for (int i = 0; i < 4; i++)
        raw[4 + i] = (uint8_t)(v->vote.round >> (24 - 8 * i));
    memcpy(raw + 8, v->sig, sizeof(v->sig));
    return ent_note_append(note, text_n, name, raw, sizeof(raw));
}

enum ent_err ent_vote_line_sign(struct ent_buf *note, size_t text_n,
                                const struct ent_vote_topic *topic, const struct ent_hash32 *what,
                                uint32_t round, const char *member, const struct ent_seed32 *root)
{
    struct ent_vote_signed v = {.topic = *topic,
                                .vote = {.kind = ENT_PRECOMMIT, .round = round, .what = *what}};
    struct ent_pubkey pk;
    enum ent_err r;
    if ((r = set_member(&v, ent_slice_str(member))) != ENT_OK || (r = sign(&v, root)) != ENT_OK)
        return r;
    ent_sign_public(&pk, root);
    return ent_vote_line_add(note, text_n, &v, &pk);
}

/* The line as a vote, if it holds. */
static enum ent_err take_line(struct ent_vote_signed *v, const struct ent_note_sig *s,
                              const struct ent_pubkey *root)
{
    char name[KEY_NAME];
    if (s->sig_n != LINE_N)
        return ENT_E_AUTH;
    v->vote.round = 0;
    for (size_t i = 0; i < 4; i++)
        v->vote.round = v->vote.round << 8 | s->sig[i];
    memcpy(v->sig, s->sig + 4, sizeof(v->sig));
    key_name(name, v->member);
    ent_note_key_id(v->id, name, root);
    return ent_vote_check(v, root);
}

enum ent_err ent_vote_line_take(const struct ent_note *note, struct ent_vote_signed *ret,
                                const struct ent_vote_topic *topic, const struct ent_hash32 *what,
                                const char *member, const struct ent_pubkey *root)
{
    struct ent_vote_signed v = {.topic = *topic, .vote = {.kind = ENT_PRECOMMIT, .what = *what}};
    char name[KEY_NAME];
    uint8_t id[4];
    bool found = false;
    enum ent_err r = set_member(&v, ent_slice_str(member));
    if (r != ENT_OK)
        return r;
    key_name(name, member);
    line_key_id(id, name, root);
    for (size_t i = 0; i < note->sigs; i++) {
        const struct ent_note_sig *s = &note->sig[i];
        if (!ent_slice_eq(s->name, ent_slice_str(name)) || memcmp(s->id, id, 4) != 0)
            continue; /* somebody else's: not our matter */
        if (found)
            return ENT_E_AUTH;
        if ((r = take_line(&v, s, root)) != ENT_OK)
            return r;
        found = true;
    }
    if (!found)
        return ENT_E_NOTFOUND;
    *ret = v;
    return ENT_OK;
}

enum ent_err ent_vote_line_check(const struct ent_note *note, uint32_t *ret_round,
                                 const struct ent_vote_topic *topic, const struct ent_hash32 *what,
                                 const char *member, const struct ent_pubkey *root)
{
    struct ent_vote_signed v;
    enum ent_err r = ent_vote_line_take(note, &v, topic, what, member, root);
    if (r == ENT_OK)
        *ret_round = v.vote.round;
    return r;
}
