/* fuzz_place.c: what is above something holds it, step by step, and there is a top. */
#include "base/base.h"
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_observable o;
    struct ent_place_range range;
    uint8_t place[ENT_PLACE_MAX];
    if (ent_observable_parse(&o, NULL, ent_slice(data, n)) != ENT_OK)
        return 0;
    size_t at = ent_observable_place(place, &o);
    for (unsigned steps = 0; ent_observable_widen(&o); steps++) {
        if (steps > ENT_OBS_MAX + 256u || o.text[o.n] != '\0' || strlen(o.text) != o.n)
            ENT_BUG("no top");
        if (!ent_observable_range(&range, &o))
            continue;
        struct ent_slice p = ent_slice(place, at);
        if (ent_slice_cmp(p, ent_slice(range.lo, range.lo_n)) < 0 ||
            ent_slice_cmp(p, ent_slice(range.hi, range.hi_n)) >= 0)
            ENT_BUG("above, and not around");
    }
    return 0;
}
