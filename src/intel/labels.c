/* labels.c: the words that a source puts on its claims, as a sorted set. */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/misp.h"
#include "intel/parse.h"

struct ent_slice ent_labels_next(struct ent_slice *rest)
{
    return ent_slice_until(rest, '\n');
}

/* Cleaned text longer than a label may be is cut behind that, so that it can be told. */
#define CLEAN_MAX (ENT_LABEL_MAX + 8)

bool ent_labels_add(struct ent_labels *l, struct ent_slice word)
{
    char clean[CLEAN_MAX];
    struct ent_slice rest = ent_labels_slice(l);
    struct ent_slice label = ent_slice(clean, ent_clean_text(clean, sizeof(clean), word));
    size_t at = 0;
    if (label.n == 0 || label.n > ENT_LABEL_MAX || !ent_misp_tag_is_label(label))
        return false;
    while (rest.n > 0) {
        size_t left = rest.n;
        int order = ent_slice_cmp(ent_labels_next(&rest), label);
        if (order == 0)
            return true;
        if (order > 0)
            break;
        at += left - rest.n;
    }
    size_t gap = l->n > 0 ? 1 : 0;
    if (l->count == ENT_LABELS_MOST || label.n + gap > sizeof(l->text) - l->n)
        return false;
    if (at >= l->n) { /* the last one has no line feed behind it */
        if (gap > 0)
            l->text[l->n] = '\n';
        memcpy(l->text + l->n + gap, label.p, label.n);
    } else {
        memmove(l->text + at + label.n + 1, l->text + at, l->n - at);
        memcpy(l->text + at, label.p, label.n);
        l->text[at + label.n] = '\n';
    }
    l->n += label.n + gap;
    l->count++;
    return true;
}

void ent_labels_join(struct ent_labels *l, struct ent_slice labels)
{
    while (labels.n > 0)
        (void)ent_labels_add(l, ent_labels_next(&labels));
}
