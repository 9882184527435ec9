/* portal_parts.h: what the files of the portal share. */
#ifndef ENT_NODE_PORTAL_PARTS_H
#define ENT_NODE_PORTAL_PARTS_H

#include "node/bucket.h"
#include "node/portal.h"
#include "node/remember.h"

struct ent_portal {
    struct ent_portal_opts opts;
    struct ent_buckets *accounts, *addresses;
    struct ent_remember *remember;
    /* Once the keeper gave it; without one nobody is remembered. */
    _Atomic(struct ent_epoch *) epoch;
};

/* A request on its way. */
struct portal_call {
    struct ent_portal *p;
    const struct ent_web_request *req;
    struct ent_web_answer *ret;
    struct ent_presented presented;
    struct ent_credential cred; /* secret */
    struct ent_api_who who;     /* once it is known */
    /* By portal_who_again(): whether key is one, and what there is by it. */
    bool has_key, remembered;
    struct ent_remember_key key;
    struct ent_remembered known;
};

/* What the path's clients read, with this sentence. */
void portal_fail(struct ent_web_answer *ret, const char *path, unsigned status, const char *why);
void portal_fail_wait(struct ent_web_answer *ret, const char *path, unsigned status,
                      const char *why, unsigned seconds);
bool portal_is_api(const char *path);
/* The status for an error of the keeper's. */
void portal_fail_keeper(struct portal_call *c, enum ent_err r);

/* The credential that came with the request; ENT_E_POLICY: by a cookie, and not from our own page.
 */
ENT_MUST_USE enum ent_err portal_credential(struct portal_call *c);
/* Who sends c->cred. Otherwise the answer says why not, but for ENT_E_AUTH: 401 is for the caller
 * to say. */
ENT_MUST_USE enum ent_err portal_who(struct portal_call *c);
/* The same, but whom the keeper recognised a moment ago it need not recognise again: for what is
 * asked often, and asks for nothing that a login is on record for. When the keeper says that the
 * handle does not hold, who it was is to be forgotten, and asked for once more. */
ENT_MUST_USE enum ent_err portal_who_again(struct portal_call *c);
void portal_forget(struct portal_call *c);

/* --- routes -------------------------------------------------------------------------------------
 */

void portal_taxii(struct portal_call *c);
void portal_metrics(struct portal_call *c);
void portal_login(struct portal_call *c);
void portal_logout(struct portal_call *c);
void portal_first(struct portal_call *c);
void portal_session(struct portal_call *c);
void portal_console(struct portal_call *c);

#endif
