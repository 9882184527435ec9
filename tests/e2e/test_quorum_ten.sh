#!/usr/bin/env bash
# test_quorum_ten.sh: ten real nodes, one of which dies in each phase of a quorum: some come back,
# some do not, and what is found is what plain counting of the others' windows gives.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

clocked "$T/program"
bin=$T/program # all nodes and commands, with one calendar
at() { set_clock "$bin" $(($1 - $(date +%s))); }
day=1795334400 # 2026-11-22T08:00:00Z
at $((day + 2 * 3600))
all=(a b c d e f g h i k) # k collects; a and b hold the keys, and take part
q() { local who=$1; shift; "$bin" quorum --home "$T/$who" "$@"; } # q MEMBER VERB...
field() { q "$1" status "$run" --json | jq -r "$2"; }
phase_is() { [ "$(field "$1" .phase)" = "$2" ]; }
took() { [ "$(field "$1" .self.found)" != null ]; }
accepted_as() { [ "$(field "$1" '[.seats[] | select(.answer == "accepted")] | length')" = "$2" ]; } # MEMBER HOW-MANY
die() { local m; for m; do stop_node_of "$m" KILL; done; }

cat >"$T/rule" <<'EOF'
quorum run hand
quorum window 3600
quorum types ipv4
quorum threshold 3
quorum items 500 full
quorum tables 20
quorum holder a
quorum holder b
quorum collector k
quorum deadlines 300 600 1200 3600
EOF
nodes "${all[@]}"
check "ten members found a pact" found --quorum "$T/rule" "${all[@]}"
for m in "${all[@]}"; do check "the node of $m sees it" wait_for 30 joined "$m"; done
for m in "${all[@]}"; do check "$m has met the others" wait_for 120 acquainted "$m" 9; done

# Of 300 addresses each of the nine sees about a third, as a fixed, odd pattern has it.
n=0
for m in a b c d e f g h i; do
    awk -v n=$n 'BEGIN { for (x = 1; x <= 300; x++) if ((x * 7919 + n * 104729 + x * x * n) % 9 < 3)
        printf "8.8.%d.%d\n", x / 250, x % 250 }' >"$T/$m.list"
    "$bin" watch --home "$T/$m" --observe --observe-at 2026-11-22T08:10:00Z "$T/$m.list" >/dev/null 2>&1
    n=$((n + 1))
done
# plain MEMBER OTHER...: what MEMBER and at least two of the others saw
plain() { for m; do sort -u "$T/$m.list"; done | sort | uniq -c | awk '$1 >= 3 {print $2}' | sort | comm -12 - <(sort -u "$T/$1.list"); }
found_by() { q "$1" result "$run" --json | jq -r '.found[].value' | sort; }

# --- offered -------------------------------------------------------------------------------------

die i
ends "a run is offered, with one member down" 0 q c start --window 2026-11-22T08:30:00Z --json
run=$(jq -r .run "$T/out")
hears() { q "$1" status "$run" >/dev/null; }
for m in a b d e f g h k; do check "$m hears of it" wait_for 30 hears $m; done
for m in a d; do ends "$m joins" 0 q $m join "$run"; done
check "the collector knows" wait_for 30 accepted_as k 3
die d
for m in b e f g h; do ends "$m joins" 0 q $m join "$run"; done
check "all but the one have accepted" wait_for 30 accepted_as k 8
has_keys() { [ "$(field k '.keys | length')" = 2 ]; }
check "the key holders have shown their keys" wait_for 30 has_keys
check "it waits for the last" phase_is k offered

# --- keys ----------------------------------------------------------------------------------------

die b k
at $((day + 2 * 3600 + 310))
start_node k
check "the deadline is over: it begins without who did not answer" wait_for 90 phase_is k upload
start_node d
check "who was down when it began finds out" wait_for 90 phase_is d upload

# --- upload --------------------------------------------------------------------------------------

die a h
is "no shares without all key holders" "$(field k '[.self.received[] | select(.done > 0)] | length')" 0
start_node a
start_node b
sent() { [ "$(field k '[.self.received[] | select(.done == .all)] | length')" = "$1" ]; }
check "with them, all shares come but those of who is gone" wait_for 120 sent 7
die k e
start_node k
check "what came is still there" sent 7
check "it waits for the last" phase_is k upload

# --- reconstruct ---------------------------------------------------------------------------------

at $((day + 2 * 3600 + 1240))
left_upload() { ! phase_is k upload; }
check "until the deadline" wait_for 90 left_upload
die k
start_node k
check "the result comes all the same" wait_for 120 phase_is k "done"

# --- done ----------------------------------------------------------------------------------------

for m in a b c d f g; do check "$m has its answer" wait_for 120 took $m; done
start_node e
check "so has who was down, once it is back" wait_for 120 took e
for m in a b c d e f g; do
    others=$(echo a b c d e f g | sed "s/$m//")
    # shellcheck disable=SC2086 # a list
    plain $m $others >"$T/want"
    check "$m shares things with two others" test -s "$T/want"
    is "and finds just these" "$(found_by $m | sha256sum)" "$(sha256sum <"$T/want")"
done
start_node i
start_node h
check "who was down from the beginning learns what became of it" wait_for 60 phase_is i "done"
named() { q a status "$run" --json | jq -r '.faults[] | .member' | sort -u | tr '\n' ' '; }
is "who was silent is named" "$(named)" "h i "

done_testing
