#!/usr/bin/env bash
# test_worth.sh: what had been accepted stays so when the pact asks for other witnesses later.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

receipt() { "$bin" log receipt "$1" --home "$T/a" --output "$T/$2"; }
worth() { env -u HOME "$bin" verify --pact "$1" --json "$2" >"$T/out" 2>"$T/err"; jq -c '.files[0] | [.standing, .cosigned, .needed, .by_version]' "$T/out"; }
accepted() { "$bin" log show "$1" --home "$T/a" | grep -q '^  accepted'; }

nodes a b c d
check "four found a pact" found --witnesses 2 a b c d
for name in a b c d; do check "the node of $name sees it" wait_for 20 joined $name; done
for name in a b c d; do check "$name has met the others" wait_for 20 acquainted $name 3; done
"$bin" pact export --home "$T/a" --output "$T/first"
ends "a says something" 0 "$bin" pact propose --home "$T/a" --witnesses 3
check "it is accepted" wait_for 20 accepted 0
stop_node_of d # whose cosignature is missing from now on
check "its receipt" receipt 0 early
tells "is for a head" '^[0-9a-f]{64}/a/1$' "$T/early"
# with two cosignatures, whoever they are by
python3 - "$T/early" "$T/two" <<'PY'
import sys
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
keep = [l for l in lines if "/witness " in l][:2]
out = [l for l in lines if "/witness " not in l or l in keep]
open(sys.argv[2], "w", encoding="utf-8").write("\n".join(out))
PY
is "two of two make it accepted" "$(worth "$T/first" "$T/two")" '["accepted",2,2,null]'
start_node d
check "the pact asks for three now" sworn b c d a
"$bin" pact export --home "$T/a" --output "$T/second"
is "it stays accepted" "$(worth "$T/second" "$T/two")" '["accepted",2,2,1]'
ends "for people" 0 env -u HOME "$bin" verify --pact "$T/second" "$T/two"
tells "as much as it is" '^  accepted: cosigned by 2 others, 2 needed; so few detect, and do not prevent$' "$T/out"
tells "and by what" '^  by version 1 of the pact; the newest asks for other witnesses$' "$T/out"
ends "something later" 0 "$bin" pact propose --home "$T/a" --budget 5/30
last=$(($("$bin" log list --home "$T/a" | wc -l) - 1))
check "is accepted too" wait_for 20 accepted "$last"
check "its receipt" receipt "$last" later
sed -i '/ d\/witness\|— d\/witness/d' "$T/later"
grep -c /witness "$T/later" >"$T/left"
is "with two cosignatures" "$(cat "$T/left")" 2
is "is only received" "$(worth "$T/second" "$T/later")" '["received",2,3,null]'
for name in a b c d; do stop_node_of $name; done
done_testing
