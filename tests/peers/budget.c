/*
 * budget.c: budget HOME ITEMS: a new version of the pact in which each partner has so many items in
 * a period. Keys must be open.
 */
#include "node/node.h"

static enum ent_err change(struct ent_home *h, struct ent_pact *next, uint64_t items)
{
    struct ent_seed32 root;
    enum ent_err r = ent_home_key(h, &root, NULL, ENT_KEY_ROOT, ent_slice(NULL, 0));
    if (r != ENT_OK)
        return r;
    *next = h->pact;
    next->version++;
    next->prev = h->pact.hash;
    if (h->pact.version == 1)
        next->id = h->pact.hash;
    next->budget.items = items;
    r = ent_home_set_pact(h, NULL, next, &root);
    ent_wipe(&root, sizeof(root));
    return r;
}

int main(int argc, char **argv)
{
    struct ent_home *h = calloc(1, sizeof(*h));
    struct ent_pact *next = calloc(1, sizeof(*next));
    uint64_t items = 0;
    enum ent_err r = ENT_E_FORMAT;
    if (argc == 3 && h != NULL && next != NULL && (r = ent_secret_start()) == ENT_OK &&
        (r = ent_parse_u64(&items, ent_slice_str(argv[2]), UINT32_MAX)) == ENT_OK &&
        (r = ent_home_open(h, NULL, argv[1])) == ENT_OK)
        r = change(h, next, items);
    if (r != ENT_OK)
        (void)fprintf(stderr, "budget: %s\n", ent_err_str(r));
    free(next);
    free(h);
    return r == ENT_OK ? 0 : 1;
}
