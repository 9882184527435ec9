/*
 * node: a member's home directory, its identity, and what it does with other members: the peer API
 * as handlers that take bytes and return bytes, the daemon that serves them, and the asker's run.
 *
 * Promises: no act towards others happens before its statement is durable in the home; a partner
 * sees one generic refusal whatever went wrong inside a run; a run that stops is forgotten.
 * Never: parses arguments or prints (cli/ does; but for the last words of a process that cannot go
 * on), looks into TLS (net/ does).
 */
#ifndef ENT_NODE_NODE_H
#define ENT_NODE_NODE_H

#include "match/match.h"
#include "net/net.h"
#include "store/store.h"

#include "node/service.h"
#include "node/report.h"
#include "node/counts.h"
#include "node/web_msg.h"
#include "node/bucket.h"
#include "node/hooks.h"
#include "node/home.h"
#include "node/signer_wire.h"
#include "node/book.h"
#include "node/rotate.h"
#include "node/dial.h"
#include "node/link.h"
#include "node/news.h"
#include "node/voting.h"
#include "node/courier.h"
#include "node/recover.h"
#include "node/reading.h"
#include "node/audit.h"
#include "node/verify.h"
#include "node/tree_export.h"
#include "node/image.h"
#include "node/config.h"
#include "node/observe.h"
#include "node/quorum_look.h"
#include "node/rows.h"
#include "node/quorum_rows.h"
#include "node/lint.h"
#include "node/object.h"
#include "node/upgrade.h"
#include "node/taxii.h"
#include "node/taxii_run.h"
#include "node/release.h"
#include "node/desk.h"
#include "node/desk_quorum.h"
#include "node/runner.h"
#include "node/runners.h"
#include "node/seeker.h"
#include "node/quorum_work.h"
#include "node/ask.h"
#include "node/asks.h"
#include "node/feed.h"
#include "node/quorum_work.h"
#include "node/desk_quorum.h"
#include "node/quorums.h"
#include "node/peer.h"
#include "node/front_wire.h"
#include "node/front.h"
#include "node/whom.h"
#include "node/role.h"
#include "node/credential.h"
#include "node/trail_record.h"
#include "node/users.h"
#include "node/api_desk.h"
#include "node/portal.h"
#include "node/trail.h"
#include "node/daemon.h"
#include "node/processes.h"
#include "node/console.h"

#endif
