#!/usr/bin/env bash
# test_status.sh: what a member knows of the others: heads, mirrors, the open vote, who withdrew.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

status() { "$bin" status --home "$T/a" "$@"; }
of() { jq -c --arg m "$1" ".members[] | select(.name == \$m) | $2" "$T/out"; }
knows() { status --json | jq -e "$1" >/dev/null; }

member x
ends "without a pact" 4 "$bin" status --home "$T/x"
tells "it is said what to do" 'in no pact yet: .entente pact new. founds one'
for name in a b c; do
    member $name && configure $name "gossip_seconds = 1" && start_node $name &&
        export_card $name "https://127.0.0.1:$port"
done
"$bin" pact new --home "$T/a" --name test --output "$T/draft" "$T"/{a,b,c}.member 2>/dev/null
for name in b c a b; do "$bin" pact vote --home "$T/$name" "$T/draft" >/dev/null 2>&1; done
for name in a b c; do wait_for 20 grep -q event=member-reached "$T/$name.log"; done

ends "a pact in which nothing was said" 0 status
tells "three members" '^test, version 1, 3 members$' "$T/out"
is "of whom nothing is known" "$(grep -c 'nothing said yet' "$T/out")" 3
refute "there is no vote" grep -q '^  vote ' "$T/out"
"$bin" pact propose --home "$T/b" --budget 10/30 >/dev/null 2>&1
check "b's proposal is heard" wait_for 20 knows '.proposals | length == 1'
check "b's log is mirrored" wait_for 20 knows '.members[] | select(.name == "b") | .mirrored >= 2'
ends "for people" 0 status
tells "the vote is a line" '^  vote       [0-9a-f]{16}, proposed by b in round 0: ' "$T/out"
tells "a head is never more than received here" 'received: cosigned by [12] others, 3 needed; so few detect, and do not prevent$' "$T/out"
ends "as JSON" 0 status --json
is "with what it is worth" "$(of b '[.self, .standing, .exposed, .withdrawn, .disputed, .budget_left_for]')" '[false,"received",false,false,false,1000000]'
is "of oneself there is no budget" "$(of a 'has("budget_left_for")')" false
check "c withdraws" "$bin" pact withdraw --home "$T/c"
check "which is known" wait_for 20 knows '.members[] | select(.name == "c") | .withdrawn'
ends "and told" 0 status
tells "by its own word" '^    WITHDRAWN  by its own word$' "$T/out"
ends "arguments" 2 status b
done_testing
