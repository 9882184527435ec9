/* know.c: what the commands that look at the store share. */
#include "cli/know.h"

bool know_parse(struct ent_observable *ret, int *ret_exit, const struct command *c,
                const char *text)
{
    const char *why = NULL;
    if (ent_observable_parse(ret, &why, ent_slice_str(text)) == ENT_OK)
        return true;
    *ret_exit = cli_usage(c, why, text);
    return false;
}

const char *know_defang(char ret[static ENT_OBS_DEFANGED_MAX], const struct ent_observable *o)
{
    ent_observable_defang(ret, ENT_OBS_DEFANGED_MAX, o);
    return ret;
}

const char *know_state(enum ent_claim_state state)
{
    static const char *const name[] = {
        [ENT_CLAIM_VALID] = "valid",     [ENT_CLAIM_FUTURE] = "not yet valid",
        [ENT_CLAIM_EXPIRED] = "expired", [ENT_CLAIM_ENDED] = "expired here",
        [ENT_CLAIM_REVOKED] = "revoked", [ENT_CLAIM_WITHDRAWN] = "withdrawn by its source",
    };
    return name[state];
}

const char *know_confidence(char ret[static ENT_NUM_TEXT], int confidence)
{
    (void)snprintf(ret, ENT_NUM_TEXT, confidence < 0 ? "-" : "%d", confidence);
    return ret;
}

const char *know_labels(char ret[static ENT_SHOW_MAX], struct ent_slice labels)
{
    char line[2 * ENT_LABELS_BYTES];
    size_t n = 0;
    while (labels.n > 0 && n < ENT_LABELS_BYTES) {
        struct ent_slice label = ent_labels_next(&labels);
        if (label.n > ENT_LABEL_MAX) /* a file can be changed */
            label.n = ENT_LABEL_MAX;
        int put = snprintf(line + n, sizeof(line) - n, "%s%.*s", n > 0 ? ", " : "", (int)label.n,
                           (const char *)label.p);
        n += (size_t)put;
    }
    return ent_show(ret, ent_slice(line, n));
}

void know_labels_json(struct ent_json *j, struct ent_slice labels)
{
    if (labels.n == 0)
        return;
    ent_json_arr(j, "labels");
    while (labels.n > 0)
        ent_json_str(j, NULL, ent_labels_next(&labels));
    ent_json_arr_end(j);
}

int know_score(const struct ent_config *config, const struct ent_claim *c, int64_t now)
{
    const struct ent_decay decay = ent_config_decay(config, c->obs.type);
    return ent_decay(&decay, c->confidence,
                     now - (c->valid_from != 0 ? c->valid_from : c->last_import));
}

const char *know_scored(char ret[static ENT_NUM_TEXT], const struct ent_config *config,
                        const struct ent_claim *c, int64_t now)
{
    int score = know_score(config, c, now);
    if (score == c->confidence)
        return know_confidence(ret, c->confidence);
    (void)snprintf(ret, ENT_NUM_TEXT, "%d (%d)", c->confidence, score);
    return ret;
}

void know_claim_json(struct ent_json *j, const struct ent_config *config, const struct ent_claim *c,
                     int64_t now)
{
    ent_json_str(j, "source", c->source);
    if (c->ext_id.n > 0)
        ent_json_str(j, "id", c->ext_id);
    ent_json_cstr(j, "tlp", ent_tlp_name(c->tlp));
    if (c->confidence >= 0) {
        ent_json_i64(j, "confidence", c->confidence);
        ent_json_i64(j, "score", know_score(config, c, now));
    }
    ent_json_cstr(j, "state", know_state(ent_claim_state(c, now)));
    if (c->valid_from != 0)
        ent_json_time(j, "valid_from", c->valid_from);
    if (c->valid_until != 0)
        ent_json_time(j, "valid_until", c->valid_until);
    if (c->decided && c->until > 0)
        ent_json_time(j, "expired_here", c->until);
    if (c->kind.n > 0)
        ent_json_str(j, "kind", c->kind);
    if (c->text.n > 0)
        ent_json_str(j, "text", c->text);
    know_labels_json(j, c->labels);
    ent_json_time(j, "first_import", c->first_import);
    ent_json_time(j, "last_import", c->last_import);
}
