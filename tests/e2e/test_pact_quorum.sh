#!/usr/bin/env bash
# test_pact_quorum.sh: the rule of quorums comes into a pact by votes, is shown to whoever votes,
# and goes with those whom it names.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh
# shellcheck source=tests/e2e/console.sh
. tests/e2e/console.sh

pact() { local who=$1; shift; "$bin" pact "$1" --home "$T/$who" "${@:2}"; }
field() { pact "$1" show --json | jq -c "$2"; }
says() { pact "$1" status 2>/dev/null | grep -Eq -e "$2"; } # WHO PATTERN
rule() { sed "$@" "$T/rule" >"$T/other"; }
cat >"$T/rule" <<'EOF'
quorum run hand
quorum window 3600
quorum types ipv4,ipv6
quorum threshold 2
quorum items 100000 double
quorum tables 20
quorum holder a
quorum holder c
quorum collector b
quorum deadlines 600 900 3600 7200
EOF

nodes a b c d
rule 's/^quorum holder c/quorum holder x/'
run "$bin" pact new --home "$T/a" --name test --quorum "$T/other" "$T/b.member"
is "founders name only founders" "$rc-$(cat "$T/err")" "4-entente: the pact: a key holder of quorums is no member: propose another rule of quorums with it, or none (--quorum)"
check "four members found a pact without quorums" found a b c d
for m in a b c d; do check "the node of $m sees it" wait_for 20 joined $m; done
is "which says nothing of them" "$(field a .quorum)" null
refute "in its text either" grep -q quorum "$T/a/pact/000001"
for m in a b c d; do check "$m has met the others" wait_for 20 acquainted $m 3; done

# --- what cannot be proposed ---------------------------------------------------------------------

# refused TEXT SED...: this change of the file
refused() {
    local text=$1
    shift
    rule "$@"
    run pact a propose --quorum "$T/other"
    is "a rule with $1" "$rc-$(sed "s|$T/||" "$T/err")" "$text"
}
refused "3-entente: other:4: not what a rule of quorums has here" 's/threshold 2/threshold two/'
refused "3-entente: other:9: not what a rule of quorums has here" /collector/d
refused "3-entente: other:11: more than a rule of quorums has" "\$a quorum holder d"
refused "4-entente: other: the collector of quorums may not be a key holder" 's/collector b/collector c/'
refused "4-entente: other: a quorum has 2 to 8 key holders" /holder.c/d
refused "4-entente: other: deadlines of quorums ascend from 120 seconds on to 31 days at most" 's/600 900/900 600/'
refused "4-entente: proposing: fewer members than the threshold of quorums, without the collector: propose another rule of quorums with it, or none (--quorum)" 's/threshold 2/threshold 4/'
run pact a propose --quorum "$T/none"
is "a file that is not there" "$rc-$(sed "s|$T/||" "$T/err")" "5-entente: none: cannot open: No such file or directory"
run pact a propose --quorum off
is "none, where there is none" "$rc-$(cat "$T/err")" "4-entente: --quorum: it is that rule of quorums already"
is "nothing of that was proposed" "$(pact b status | tail -1)" "No next version is proposed."

# --- by votes ------------------------------------------------------------------------------------

ends "a rule is proposed" 0 pact a propose --quorum "$T/rule"
tells "it is shown" '^  quorums     \+ run hand$' "$T/out"
tells "whole" '^              \+ holder c$' "$T/out"
tells "and takes votes on rules" '^  takes +3 of the 4 members of now' "$T/out"
check "another sees it before it votes" wait_for 20 says d '^  quorums     \+ run hand$'
check "they vote" sworn b c d a
is "the rule is in the pact of everybody" "$(field d .quorum)" '{"run":"hand","window":3600,"types":["ipv4","ipv6"],"threshold":2,"items":100000,"padding":"double","tables":20,"holders":["a","c"],"collector":"b","deadlines":[600,900,3600,7200]}'
pact d show >"$T/out"
tells "and is shown" '^  quorums    ipv4,ipv6 that at least 2 members saw in a window, by hand, of 3600 seconds$' "$T/out"
tells "with its roles" '^             keys held by a, c; collected by b$' "$T/out"
is "in the words of the file" "$(grep '^quorum' "$T/d/pact/000002")" "$(cat "$T/rule")"
run pact a propose --quorum "$T/rule"
is "the same again" "$rc-$(sed "s|$T/||" "$T/err")" "4-entente: rule: it is that rule of quorums already"

# --- who leaves ----------------------------------------------------------------------------------

for m in c b; do
    what="a key holder"
    [ $m = b ] && what="the collector"
    run pact a propose --remove $m
    is "$what cannot just go" "$rc-$(cat "$T/err")" "4-entente: proposing: $what of quorums is no member: propose another rule of quorums with it, or none (--quorum)"
done
rule -e 's/holder c/holder d/' -e 's/run hand/run each/'
ends "with another rule it can" 0 pact a propose --remove c --quorum "$T/other"
tells "who votes sees who it was" '^  quorums     - run hand$' "$T/out"
tells "that is" '^              - holder c$' "$T/out"
tells "and who it will be" '^              \+ holder d$' "$T/out"
refute "and not what stays" grep -q 'holder a' "$T/out"
check "they vote" sworn b d a
is "another holds keys" "$(field d '[.quorum.run, .quorum.holders]')" '["each",["a","d"]]'
ends "or without" 0 pact a propose --quorum off
tells "which is shown" '^  quorums     - run each$' "$T/out"
check "they vote" sworn b d a
is "no quorums" "$(field d .quorum)" null

# --- in the console ------------------------------------------------------------------------------

stop_node_of d
serve d
account ann reader green
gets "without a rule" 200 /api/v1/partners
is "the console says nothing" "$(jq -c .pact.quorum "$T/body")" null
ends "again with one" 0 pact a propose --quorum "$T/other"
check "they vote" sworn b d a
quorum() { gets_body /api/v1/partners | jq -c .pact.quorum; }
shows() { [ "$(quorum)" != null ]; }
check "the console shows it" wait_for 20 shows
is "with its roles" "$(quorum)" '{"each":true,"window":3600,"threshold":2,"items":100000,"padding":"double","tables":20,"types":["ipv4","ipv6"],"holders":["a","d"],"collector":"b","deadlines":{"accept":600,"keys":900,"upload":3600,"result":7200}}'

done_testing
