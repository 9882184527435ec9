/*
 * news.h: what other members say about the pact itself: proposals and votes on its next version,
 * and that somebody withdraws. Such acts are for all members, with their bodies: each node keeps
 * them and hands them on, so that it does not matter whose node is down.
 *
 *     pact/next/<64 hex>.<member>    deliveries about the next version, by their leaf hash
 *     withdrawn/<member>     the signed statement by which a member withdrew, or its delivery
 *     mirror/<member>/<generation>/read    how far its log was read for news; the own one:
 *     pact/read-<generation>
 *     All of them end with a line that tells damage (base/crc32c.h).
 *
 *     POST /peer/v1/act            a delivery of such an act: 200, or 409
 *     GET  /peer/v1/act/<64 hex>   one that is kept here
 *     GET  /peer/v1/pact/<n>       a version of the pact, with its votes
 *     POST /peer/v1/pact           the next one, from who cannot be asked for it: 200, or 409
 */
#ifndef ENT_NODE_NEWS_H
#define ENT_NODE_NEWS_H

#include "ledger/ledger.h"
#include "node/book.h"

#define ENT_NEWS_PATH    "/peer/v1/act"
#define ENT_VERSION_PATH "/peer/v1/pact"

bool ent_news_concerns(enum ent_statement_type t);

/* Take in a delivery, checked here. ENT_E_EXISTS when it was known; ENT_E_POLICY for an act of
 * another kind; ENT_E_STATE for a vote on another version than the next one. */
ENT_MUST_USE enum ent_err ent_news_take(struct ent_book *b, struct ent_diag *d,
                                        struct ent_slice bytes);
/* Whether this member may say one more thing about the next version. ENT_E_LIMIT when others would
 * not keep it: before it is said, since it could not be unsaid. */
ENT_MUST_USE enum ent_err ent_news_may_say(struct ent_book *b, struct ent_diag *d);
/* Keep an own act where others can get it. Another process of this member may have been first: it
 * heard of it in the log. */
ENT_MUST_USE enum ent_err ent_news_own(struct ent_book *b, struct ent_diag *d, uint64_t index);

/* What is kept under this leaf hash, appended. */
ENT_MUST_USE enum ent_err ent_news_get(struct ent_book *b, struct ent_buf *bytes, const char *hex);

/* Read what is new in the mirror of this member's log, or in one's own, and get such acts from
 * `from`. Without a wire, in one's own: ENT_E_STATE when something that it said is not here. */
ENT_MUST_USE enum ent_err ent_news_read(struct ent_book *b, struct ent_diag *d,
                                        const struct ent_wire *wire, const char *member,
                                        const char *from);

/* Files that are damaged go, when this book has keys, and what they were is read again: out of
 * one's own log here, from others' with the next ent_news_read(). A withdrawal keeps its effect. */
ENT_MUST_USE enum ent_err ent_news_mend(struct ent_book *b, struct ent_diag *d);

/* Every delivery about the next version that is not damaged. */
ENT_MUST_USE enum ent_err ent_news_each(struct ent_book *b, void *ctx,
                                        enum ent_err (*each)(void *ctx, struct ent_slice bytes));
size_t ent_news_count(struct ent_book *b);
/* A new version is there: what was said about it is history. */
void ent_news_clear(struct ent_book *b);

/* Versions of the pact that this member has and we do not: each stands by its own votes.
 * ENT_E_STATE when one contradicts ours. */
ENT_MUST_USE enum ent_err ent_news_versions(struct ent_book *b, struct ent_diag *d,
                                            const struct ent_wire *wire, const char *member);

/* A version that somebody brings: ENT_E_EXISTS when it is there already. */
ENT_MUST_USE enum ent_err ent_news_take_version(struct ent_book *b, struct ent_diag *d,
                                                struct ent_slice bytes);

/* Bring them those that they lack: where this member has no address, or another TLS key than they
 * know, nobody can fetch them. */
ENT_MUST_USE enum ent_err ent_news_bring(struct ent_book *b, const struct ent_wire *wire,
                                         const char *member, bool always);

/* Tell one member what is kept here about the next version, and our own withdrawal. */
ENT_MUST_USE enum ent_err ent_news_tell(struct ent_book *b, struct ent_diag *d,
                                        const struct ent_wire *wire, const char *member);

#endif
