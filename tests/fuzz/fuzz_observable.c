/* fuzz_observable.c: what is accepted is canonical, and defanging is undone by parsing. */
#include "base/base.h"
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void same(const struct ent_observable *o, const char *text, bool as)
{
    struct ent_observable back;
    struct ent_slice s = ent_slice_str(text);
    enum ent_err r = as ? ent_observable_parse_as(&back, NULL, o->type, s)
                        : ent_observable_parse(&back, NULL, s);
    if (r != ENT_OK || back.type != o->type || back.n != o->n || strcmp(back.text, o->text) != 0)
        ENT_BUG("not canonical");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char defanged[ENT_OBS_DEFANGED_MAX];
    struct ent_observable o;
    if (n == 0)
        return 0;
    enum ent_obs_type type = (enum ent_obs_type)(data[0] % ENT_OBS_TYPES);
    struct ent_slice s = ent_slice(data + 1, n - 1);
    enum ent_err r =
        type == 0 ? ent_observable_parse(&o, NULL, s) : ent_observable_parse_as(&o, NULL, type, s);
    if (r != ENT_OK)
        return 0;
    ent_observable_defang(defanged, sizeof(defanged), &o);
    /* Without its type, a URL that ends so is the start of some. */
    bool only_as = o.type == ENT_OBS_URL && o.text[o.n - 1] == '*';
    for (int as = only_as ? 1 : 0; as < 2; as++) {
        same(&o, o.text, as == 1);
        same(&o, defanged, as == 1);
    }
    (void)ent_observable_is_public(&o);
    return 0;
}
