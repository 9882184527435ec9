/*
 * decay.c: how much of a claim's confidence is left after some time, by the polynomial that MISP
 * uses (Iklody, Wagener, Dulaunoy, Mokaddem, Wagner: "Decaying Indicators of Compromise",
 * arXiv:1803.11052): confidence * (1 - (age / lifetime)^(1 / speed)). A score of our own, shown
 * beside what the author says and never kept.
 */
#include "base/base.h"
#include "intel/intel.h"

#include <math.h>

int ent_decay(const struct ent_decay *d, int confidence, int64_t age)
{
    if (confidence <= 0 || d->lifetime == 0 || age <= 0)
        return confidence;
    if ((uint64_t)age >= d->lifetime || d->speed == 0)
        return 0;
    double part = (double)age / (double)d->lifetime;
    return (int)lround(confidence *
                       (1 - pow(part, (double)ENT_DECAY_SPEED_ONE / (double)d->speed)));
}
