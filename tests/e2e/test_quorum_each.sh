#!/usr/bin/env bash
# test_quorum_each.sh: a pact by which every window is compared: nobody asks, and nobody is asked.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

clocked "$T/program"
bin=$T/program                                     # all nodes and commands, with one calendar
at() { set_clock "$bin" $(($1 - $(date +%s))); }
day=1795334400 # 2026-11-22T08:00:00Z
at $((day + 1800))
q() { local who=$1; shift; "$bin" quorum --home "$T/$who" "$@"; } # q MEMBER VERB...
cat >"$T/rule" <<'EOF'
quorum run each
quorum window 3600
quorum types ipv4
quorum threshold 2
quorum items 64 full
quorum tables 20
quorum holder a
quorum holder b
quorum collector d
quorum deadlines 900 1200 3000 6000
EOF
nodes a b c d
check "four members found a pact with a schedule" found --quorum "$T/rule" a b c d
for m in a b c d; do check "the node of $m sees it" wait_for 20 joined $m; done
n=1
for m in a b c; do
    printf '8.8.8.%s\n' 1 $n $((n + 1)) $((n + 20)) >"$T/$m.log"
    "$bin" watch --home "$T/$m" --observe "$T/$m.log" >/dev/null 2>&1
    n=$((n + 1))
done
at $((day + 3600 + 30))
sleep 2
is "a window that has not settled is not offered" "$(q d status --json)" ""
at $((day + 3600 + 70))
offered() { [ "$(q "$1" status --json | jq -r .window)" = 2026-11-22T08:00:00Z ]; }
for m in d a b c; do check "$m knows the run of the window" wait_for 20 offered $m; done
run=$(q d status --json | jq -r .run)
took() { [ "$(q "$1" status "$run" --json | jq -r .self.found)" != null ]; }
for m in a b c; do check "$m has its answer, unasked" wait_for 30 took $m; done
found_by() { q "$1" result "$run" --json | jq -r '.found[].value' | sort | tr '\n' ' '; }
is "a finds what it shares" "$(found_by a)" "8.8.8.1 8.8.8.2 "
is "so does b" "$(found_by b)" "8.8.8.1 8.8.8.2 8.8.8.3 "
is "and c" "$(found_by c)" "8.8.8.1 8.8.8.3 "
sleep 1
is "a window is offered once" "$(q d status --json | wc -l)" 1

done_testing
