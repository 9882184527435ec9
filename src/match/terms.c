/* terms.c: bodies of match statements, the session id, committed inputs. */
#include "match/match.h"
#include "match/terms_parts.h"

#define OFFER_LINE  "entente/match-offer@v1"
#define ACCEPT_LINE "entente/match-accept@v1"
#define REFUSE_LINE "entente/match-refuse@v1"
#define RESULT_LINE "entente/match-result@v1"

enum ent_err ent_match_offer_encode(struct ent_buf *b, const struct ent_match_offer *o)
{
    enum ent_err r;
    if ((r = ent_buf_printf(b, OFFER_LINE "\nto %s\nmode lookup\ntypes", o->to)) != ENT_OK ||
        (r = ent_obs_types_encode(b, o->types)) != ENT_OK)
        return r;
    return ent_buf_printf(b, "\nitems %llu\nnonce %s\nroot %s\n", (unsigned long long)o->items,
                          ent_b64_32(o->nonce.b).text, ent_b64_32(o->root.b).text);
}

enum ent_err ent_match_offer_parse(struct ent_match_offer *ret, struct ent_slice s)
{
    struct ent_match_offer o = {0};
    struct ent_lines l;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, OFFER_LINE);
    ent_lines_key(&l, "to");
    ent_lines_str(&l, o.to, sizeof(o.to));
    ent_lines_exact(&l, "mode lookup");
    ent_lines_key(&l, "types");
    ent_obs_types_take(&l, &o.types);
    ent_lines_key(&l, "items");
    o.items = ent_lines_u64(&l, ENT_MATCH_ITEMS_MOST);
    ent_lines_key(&l, "nonce");
    ent_lines_b64(&l, o.nonce.b, 32);
    ent_lines_key(&l, "root");
    ent_lines_b64(&l, o.root.b, 32);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = o;
    return r;
}

enum ent_err ent_match_accept_encode(struct ent_buf *b, const struct ent_match_accept *a)
{
    return ent_buf_printf(b, ACCEPT_LINE "\nitems %llu\nlabels %llu\nkey %s\nnonce %s\nroot %s\n",
                          (unsigned long long)a->items, (unsigned long long)a->labels,
                          ent_b64_32(a->key.b).text, ent_b64_32(a->nonce.b).text,
                          ent_b64_32(a->root.b).text);
}

enum ent_err ent_match_accept_parse(struct ent_match_accept *ret, struct ent_slice s)
{
    struct ent_match_accept a = {0};
    struct ent_lines l;
    uint8_t key[32] = {0};
    ent_lines_start(&l, s);
    ent_lines_exact(&l, ACCEPT_LINE);
    ent_lines_key(&l, "items");
    a.items = ent_lines_u64(&l, ENT_MATCH_ITEMS_MOST);
    ent_lines_key(&l, "labels");
    a.labels = ent_lines_u64(&l, ENT_MATCH_LABELS_MOST);
    ent_lines_key(&l, "key");
    ent_lines_b64(&l, key, 32);
    ent_lines_key(&l, "nonce");
    ent_lines_b64(&l, a.nonce.b, 32);
    ent_lines_key(&l, "root");
    ent_lines_b64(&l, a.root.b, 32);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        r = ent_element_decode(&a.key, key);
    if (r == ENT_OK)
        *ret = a;
    return r;
}

enum ent_err ent_match_refuse_encode(struct ent_buf *b, enum ent_verdict why)
{
    return ent_buf_printf(b, REFUSE_LINE "\nreason %s\n", ent_verdict_word(why));
}

enum ent_err ent_match_refuse_parse(enum ent_verdict *ret, struct ent_slice s)
{
    struct ent_lines l;
    enum ent_verdict v = ENT_ALLOWED;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, REFUSE_LINE);
    ent_lines_key(&l, "reason");
    struct ent_slice word = ent_lines_word(&l);
    if (l.err == ENT_OK && ent_verdict_parse(&v, word) != ENT_OK)
        ent_lines_fail(&l, ENT_E_FORMAT);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = v;
    return r;
}

enum ent_err ent_match_result_encode(struct ent_buf *b, const struct ent_match_result *res)
{
    return ent_buf_printf(b, RESULT_LINE "\nasked %llu\ncommitment %s\n",
                          (unsigned long long)res->asked, ent_b64_32(res->commitment.b).text);
}

enum ent_err ent_match_result_parse(struct ent_match_result *ret, struct ent_slice s)
{
    struct ent_match_result res = {0};
    struct ent_lines l;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, RESULT_LINE);
    ent_lines_key(&l, "asked");
    res.asked = ent_lines_u64(&l, ENT_MATCH_ITEMS_MOST);
    ent_lines_key(&l, "commitment");
    ent_lines_b64(&l, res.commitment.b, 32);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = res;
    return r;
}

static void add_name(struct ent_sha256 *h, const char *name)
{
    uint8_t n = (uint8_t)strlen(name); /* at most ENT_NAME_MAX */
    ent_sha256_add(h, ent_slice(&n, 1));
    ent_sha256_add(h, ent_slice(name, n));
}

void ent_match_sid(struct ent_hash32 *ret, const struct ent_act *offer,
                   const struct ent_match_offer *o, const struct ent_act *accept,
                   const struct ent_match_accept *a)
{
    struct ent_sha256 h;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("entente/match/v1"));
    ent_sha256_add(&h, ent_slice(o->nonce.b, 32));
    ent_sha256_add(&h, ent_slice(a->nonce.b, 32));
    add_name(&h, offer->st.author);
    add_name(&h, accept->st.author);
    ent_sha256_add(&h, ent_slice(offer->st.pact.b, 32));
    ent_sha256_add(&h, ent_slice(accept->st.pact.b, 32));
    ent_sha256_add(&h, ent_slice(offer->leaf.b, 32));
    ent_sha256_add(&h, ent_slice(accept->leaf.b, 32));
    ent_sha256_end(&h, ret);
}

void ent_commitment_init(struct ent_commitment *c)
{
    ent_merkle_init(&c->tree);
    ent_random(c->seed.b, sizeof(c->seed.b));
}

void ent_commitment_add(struct ent_commitment *c, struct ent_slice item)
{
    uint8_t index[8], entry[32 + ENT_OBS_KEY_MAX];
    struct ent_hash32 salt;
    struct ent_sha256 h;
    ENT_ASSERT(item.n <= ENT_OBS_KEY_MAX);
    ent_put_u64le(index, c->tree.n);
    ent_sha256_init(&h);
    ent_sha256_add(&h, ent_slice(c->seed.b, 32));
    ent_sha256_add(&h, ent_slice(index, 8));
    ent_sha256_end(&h, &salt);
    memcpy(entry, salt.b, 32);
    memcpy(entry + 32, item.p, item.n);
    ent_merkle_leaf(&c->tree, ent_slice(entry, 32 + item.n));
}
