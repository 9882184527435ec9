/* role.c: the table of acts, and identities. */
#include "node/node.h"

#include "node/role.h"

/* table */
const struct ent_action_rule ent_actions[ENT_ACTIONS] = {
    [ENT_ACT_LOGIN] = {"login", ENT_USER_READER, true, false, "log in with a password"},
    [ENT_ACT_TOKEN] = {"token", ENT_USER_READER, true, false, "use a token"},
    [ENT_ACT_OWN] = {"own", ENT_USER_READER, true, false, "change the own password and tokens"},
    [ENT_ACT_READ] = {"read", ENT_USER_READER, false, false, "read up to the own clearance"},
    [ENT_ACT_READ_RED] = {"read-red", ENT_USER_READER, true, true, "read what is marked RED"},
    [ENT_ACT_METRICS] = {"metrics", ENT_USER_READER, false, false, "read the node's figures"},
    [ENT_ACT_IMPORT] = {"import", ENT_USER_ANALYST, false, false, "bring indicators in"},
    [ENT_ACT_EDIT] = {"edit", ENT_USER_ANALYST, false, false, "decide, tag, and claim"},
    [ENT_ACT_MATCH] = {"match", ENT_USER_ANALYST, true, false, "match with a partner"},
    [ENT_ACT_QUORUM] = {"quorum", ENT_USER_ANALYST, true, false, "offer quorums, join, decline"},
    [ENT_ACT_EXPORT] = {"export", ENT_USER_ANALYST, true, false, "export for others"},
    [ENT_ACT_RELEASE] = {"release", ENT_USER_RELEASER, true, false, "release a held source"},
    [ENT_ACT_CONFIRM] = {"confirm", ENT_USER_RELEASER, true, false, "confirm another's release"},
    [ENT_ACT_HOLD] = {"hold", ENT_USER_RELEASER, true, false, "take a release back"},
    [ENT_ACT_SAY] = {"say", ENT_USER_RELEASER, false, false, "state something to members"},
    [ENT_ACT_SETTINGS] = {"settings", ENT_USER_OPERATOR, true, false, "change settings"},
    [ENT_ACT_USERS] = {"users", ENT_USER_OPERATOR, true, false, "manage accounts"},
    [ENT_ACT_TRAIL] = {"trail", ENT_USER_OPERATOR, false, false, "read the audit log"},
    [ENT_ACT_PACT] = {"pact", ENT_USER_OPERATOR, true, false, "vote on the pact"},
    [ENT_ACT_FIRST] = {"first", (enum ent_user_role)0, true, false, "become the first operator"},
    [ENT_ACT_BEGIN] = {"begin", (enum ent_user_role)0, true, false, "begin an audit log"},
};

const char *const ent_via_words[ENT_VIAS] = {"none",    "password", "token",
                                             "session", "link",     "home"};

enum ent_err ent_action_parse(enum ent_action *ret, struct ent_slice word)
{
    for (int i = 0; i < ENT_ACTIONS; i++)
        if (ent_slice_eq(word, ent_slice_str(ent_actions[i].word))) {
            *ret = (enum ent_action)i;
            return ENT_OK;
        }
    return ENT_E_FORMAT;
}

void ent_identity_owner(struct ent_identity *ret)
{
    *ret = (struct ent_identity){.name = ENT_OWNER,
                                 .role = ENT_USER_OPERATOR,
                                 .clearance = ENT_TLP_RED,
                                 .via = ENT_VIA_HOME};
}

bool ent_may(const struct ent_identity *who, enum ent_action action)
{
    if ((unsigned)action >= ENT_ACTIONS)
        return false;
    const struct ent_action_rule *rule = &ent_actions[action];
    return rule->least != 0 && who->role >= rule->least && who->role <= ENT_USER_OPERATOR &&
           (!rule->red || who->clearance == ENT_TLP_RED);
}

bool ent_may_see(const struct ent_identity *who, enum ent_tlp mark)
{
    return ent_may(who, ENT_ACT_READ) && ent_tlp_may_pass(mark, who->clearance);
}

/* --- between processes --------------------------------------------------------------------------
 */

/* user u64, role u8, clearance u8, via u8, 0, name 33 and token 33 with zeros, address 16, 0... */
enum {
    AT_USER = 0,
    AT_ROLE = 8,
    AT_TLP = 9,
    AT_VIA = 10,
    AT_NAME = 12,
    AT_TOKEN = 48,
    AT_FROM = 84
};

void ent_identity_encode(uint8_t ret[static ENT_IDENTITY_BYTES], const struct ent_identity *who)
{
    memset(ret, 0, ENT_IDENTITY_BYTES);
    ent_put_u64le(ret + AT_USER, (uint64_t)who->user);
    ret[AT_ROLE] = (uint8_t)who->role;
    ret[AT_TLP] = (uint8_t)who->clearance;
    ret[AT_VIA] = (uint8_t)who->via;
    memcpy(ret + AT_NAME, who->name, strlen(who->name));
    memcpy(ret + AT_TOKEN, who->token, strlen(who->token));
    memcpy(ret + AT_FROM, who->from16, sizeof(who->from16));
}

/* What the encoder would have written of such a name, or false. */
static bool take_name(char ret[static ENT_USER_NAME_MAX + 1], const uint8_t *p)
{
    const size_t n = strnlen((const char *)p, ENT_USER_NAME_MAX + 1);
    if (n > ENT_USER_NAME_MAX || (n > 0 && !ent_user_name_is_valid(ent_slice(p, n))))
        return false;
    memset(ret, 0, ENT_USER_NAME_MAX + 1);
    memcpy(ret, p, n);
    return true;
}

enum ent_err ent_identity_parse(struct ent_identity *ret, struct ent_slice bytes)
{
    uint8_t again[ENT_IDENTITY_BYTES];
    struct ent_identity who = {.user = 0};
    struct ent_cur c = ent_cur(bytes);
    uint64_t user = 0;
    if (bytes.n != ENT_IDENTITY_BYTES)
        return ENT_E_FORMAT;
    if (ent_cur_u64le(&c, &user) != ENT_OK || user == 0 || user > INT64_MAX)
        return ENT_E_FORMAT;
    who.user = (int64_t)user;
    who.role = (enum ent_user_role)bytes.p[AT_ROLE];
    who.clearance = (enum ent_tlp)bytes.p[AT_TLP];
    who.via = (enum ent_via)bytes.p[AT_VIA];
    memcpy(who.from16, bytes.p + AT_FROM, sizeof(who.from16));
    if (who.role < ENT_USER_READER || who.role > ENT_USER_OPERATOR ||
        who.clearance < ENT_TLP_CLEAR || who.clearance > ENT_TLP_RED ||
        who.via < ENT_VIA_PASSWORD || who.via > ENT_VIA_SESSION ||
        !take_name(who.name, bytes.p + AT_NAME) || who.name[0] == '\0' ||
        !take_name(who.token, bytes.p + AT_TOKEN) ||
        (who.token[0] != '\0') != (who.via == ENT_VIA_TOKEN))
        return ENT_E_FORMAT;
    ent_identity_encode(again, &who);
    if (memcmp(again, bytes.p, sizeof(again)) != 0)
        return ENT_E_FORMAT;
    *ret = who;
    return ENT_OK;
}
