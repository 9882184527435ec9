#!/usr/bin/env bash
# test_suspect.sh: who is silent, or serves heads and not what is below them, is suspected: since
# when and for what is kept, told once when it comes and once when it goes, and proves nothing.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

if [ "$sanitized" = yes ]; then
    skip "a clock that moves" "the sanitizer has its own"
    done_testing
fi
clocked "$T/moved"
moved=0

# later SECONDS: the clock of a goes on, in steps after which its node looks around
later() {
    local left=$1 step
    while [ "$left" -gt 0 ]; do
        step=$((left < 400 ? left : 400)) left=$((left - 400))
        moved=$((moved + step))
        set_clock "$T/moved" "$moved"
        sleep 1.5
    done
}
start_a() { bin=$T/moved start_node a; }
status() { "$T/moved" status --home "$T/a" "$@"; }
of() { status --json | jq -c --arg m "$1" ".members[] | select(.name == \$m) | $2"; }
gives() { [ "$(of "$1" "$2")" = "$3" ]; } # MEMBER FILTER WANT
# events MEMBER PATTERN: how often the node of a said this about it
events() { grep -c "event=member-$2" <(grep "member=$1 " <(sed 's/$/ /' "$T/a.log")); }
told_of() { [ "$(events "$1" "$2")" = "$3" ]; }
paragraph() { status | sed -n "/^  $1 /,/^  [a-z]/p" | grep suspected | sed 's/since [0-9TZ:-]*/since TIME/'; }
lie() {
    "$peers/cheat" hold "$T/b" "$T/b.port" withheld >"$T/cheat.log" 2>&1 &
    node=$! pids+=("$node") node_of[b]=$node
    wait_for 20 listens "${port_of[b]}"
}
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

for name in a b c; do
    member $name && configure $name "gossip_seconds = 1"
    if [ $name = a ]; then start_a; else start_node $name; fi
    export_card $name "https://127.0.0.1:$port"
done
check "three found a pact" found a b c
for name in a b c; do check "the node of $name sees it" wait_for 20 joined $name; done
for name in a b c; do check "$name has met the others" wait_for 20 acquainted $name 2; done
ends "b says something" 0 "$bin" pact propose --home "$T/b" --budget 10/30
check "which a mirrors" wait_for 20 gives b '.mirrored >= 2' true

# --- silence -------------------------------------------------------------------------------------

stop_node_of b
later 1500
is "25 minutes are no reason" "$(of b .suspected)" "[]"
later 400
check "half an hour is" wait_for 10 told_of b "suspected .*reason=silent" 1
is "for silence alone" "$(of b '[.suspected[].for]')" '["silent"]'
since=$(of b '.suspected[0].since' | tr -d '"')
is "since it was heard last" "$(of b .last_head)" "\"$since\""
tells "which the node says" "^time=.* level=warn event=member-suspected member=b reason=silent since=$since\$" "$T/a.log"
is "in words" "$(paragraph b)" "    suspected  silent since TIME; that proves nothing"
is "exposed is another thing" "$(of b .exposed)" false
is "who answers is not suspected" "$(of c .suspected)" "[]"
stop_node_of a
is "it is known without a node" "$(of b '[.suspected[] | .for, .since]')" "[\"silent\",\"$since\"]"
start_a
check "the others are met" wait_for 20 acquainted a 2
later 400
is "and told once, however often it starts" "$(events b suspected)" 1
start_node b
check "when b is back" wait_for 20 told_of b "not-suspected .*reason=silent" 1
is "nothing is held against it" "$(of b .suspected)" "[]"
is "nor was anything against c" "$(events c suspected)" 0

# --- what is withheld ----------------------------------------------------------------------------

stop_node_of a
ends "b says more" 0 "$bin" pact propose --home "$T/b" --budget 20/30
has_all() { cmp -s "$T/b/log/1/entries.dat" "$T/$1/mirror/b/1/entries.dat"; }
check "c gets it" wait_for 20 has_all c
stop_node_of b
lie
start_a
check "a does not" wait_for 20 told_of b "suspected .*reason=withholds" 1
check "but for what c has" wait_for 20 has_all a
later 400
is "which settles nothing" "$(of b '[.suspected[] | .for, .what]')" '["withholds","tile/0/000"]'
is "in words" "$(paragraph b)" "    suspected  withholds what it signed (tile/0/000) since TIME; that proves nothing"
is "it is not silent: it says that it has it" "$(events b 'suspected .*reason=silent')" 1
is "nobody is exposed" "$(status --json | jq -c '[.members[].exposed]')" "[false,false,false]"
stop_node_of a
is "it is known without a node" "$(of b '[.suspected[].for]')" '["withholds"]'
start_a
check "the others are met" wait_for 20 acquainted a 2
is "and told once" "$(events b 'suspected .*reason=withholds')" 1
stop_node_of b
start_node b
check "when b serves it" wait_for 20 told_of b "not-suspected .*reason=withholds" 1
is "nothing is held against it" "$(of b .suspected)" "[]"
is "nor was anything against c" "$(of c .suspected)" "[]"

# --- a clock that jumps --------------------------------------------------------------------------

for year in 1970 2100; do
    set_clock "$T/moved" $(($(date -d "$year-01-02" +%s) - $(date +%s)))
    check "in $year" wait_for 10 grep -q "^time=$year" <(sleep 2.5; tail -n 3 "$T/a.log"; echo "time=$year")
    set_clock "$T/moved" 0
    sleep 2.5
    is "nobody is suspected when it is over" "$(status --json | jq -c '[.members[].suspected]')" "[[],[],[]]"
done
is "nor was meanwhile" "$(grep -o 'event=member-suspected.*reason=[a-z]*' "$T/a.log")" \
    "event=member-suspected member=b reason=silent
event=member-suspected member=b reason=withholds"

for name in a b c; do stop_node_of $name; done
done_testing
