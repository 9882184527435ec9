#!/usr/bin/env bash
# test_quorum.sh: five real nodes find what at least three of four saw, and nobody shows a log: by
# hand and by schedule, with one that is down, with too few, and with words that are wrong.
# shellcheck source=tests/e2e/lib.sh disable=SC2001,SC2015,SC2016,SC2154,SC2317
. tests/e2e/lib.sh

clocked "$T/program"
bin=$T/program # all nodes and commands, with one calendar
off=0
later() { off=$((off + $1)) && set_clock "$bin" $off; } # by so many seconds
at() { later $(($1 - $(date +%s) - off)); }
day=1795334400 # 2026-11-22T08:00:00Z
at $((day + 2 * 3600 + 900))
lists=$data/quorum
q() { local who=$1; shift; "$bin" quorum --home "$T/$who" "$@"; } # q MEMBER VERB...
field() { q "$1" status "$2" --json | jq -r "$3"; }
seen() { "$bin" observed --home "$T/$1" show "$2" --json | jq -r .value | sort; }
runs() { q "$1" status --json | jq -r .run; }
w8=2026-11-22T08:00:00Z-3600 w9=2026-11-22T09:00:00Z-3600

# --- a rule in the pact --------------------------------------------------------------------------

cat >"$T/rule" <<'EOF'
quorum run hand
quorum window 3600
quorum types ipv4
quorum threshold 2
quorum items 4000 double
quorum tables 20
quorum holder a
quorum holder b
quorum collector e
quorum deadlines 900 1200 3000 6000
EOF
nodes a b c d e
ends "no pact yet" 4 q a start --dry-run
tells "is told" ': is in no pact yet: `entente pact new`$'
check "five members found a pact with a rule of quorums" found --quorum "$T/rule" a b c d e
for m in a b c d e; do check "the node of $m sees it" wait_for 20 joined $m; done

ends "no runs yet" 0 q a status
is "is told" "$(cat "$T/out")" 'no quorums yet: `entente quorum start` offers one'
ends "nor any as JSON" 0 q a status --json
is "which is nothing" "$(cat "$T/out")" ""
ends "the schedule" 0 q a schedule
tells "says how" '^every window of 1h may be run, by `entente quorum start`$' "$T/out"
tells "and what comes next" '^  next       the one from 2026-11-22T10:00:00Z, complete 2026-11-22T11:01:00Z, in [0-9]+ minutes$' "$T/out"
tells "with which deadlines" '^  deadlines  after its end: acceptances 15m, keys 20m, shares 50m, the answer 100m$' "$T/out"

# --- what each of them saw -----------------------------------------------------------------------

for pair in a:sans b:cps-collected-iocs c:sip d:binarydefense; do
    "$bin" watch --home "$T/${pair%:*}" --observe --observe-at 2026-11-22T08:10:00Z "$lists/${pair#*:}.txt" >/dev/null 2>&1
    check "${pair%:*} has what stood in its log" test "$(seen "${pair%:*}" $w8 | wc -l)" -gt 100
done
w=$w8
# plain MEMBER T MEMBER...: what MEMBER saw and at least T of these did in window $w, by counting
plain() {
    local who=$1 t=$2 m
    shift 2
    for m; do seen "$m" $w; done | sort | uniq -c | awk -v t="$t" '$1 >= t {print $2}' | sort >"$T/at-least"
    comm -12 "$T/at-least" <(seen "$who" $w)
}
found_by() { q "$1" result "$2" --json | jq -r '.found[].value' | sort; }

# --- what cannot be offered ----------------------------------------------------------------------

cannot() { # cannot NAME CODE TEXT OPTION...
    local name=$1 want=$2 text=$3
    shift 3
    run q a start "$@"
    is "$name" "$rc-$(head -1 "$T/err" | sed 's/, in [0-9]* [a-z]*$//')" "$want-entente$text"
}
cannot "a window that goes on" 5 ": --window: that window is not over: it is complete 2026-11-22T11:01:00Z" --window 2026-11-22T10:00:00Z
cannot "one of tomorrow" 5 ": --window: that window is not over: it is complete 2026-11-23T11:01:00Z" --window 2026-11-23T10:00:00Z
cannot "no time" 2 " quorum: no such time (2026-11-22, or 2026-11-22T08:00:00Z): soon" --window soon
cannot "no threshold of one" 4 ": this quorum: the threshold of a quorum is 2 to 8, and at most its members" --threshold 1
cannot "nor one of five of four" 4 ": this quorum: the threshold of a quorum is 2 to 8, and at most its members" --threshold 5
cannot "no threshold" 2 " quorum: --threshold is a number: few" --threshold few
cannot "more items than the rule has" 4 ": this quorum: the offer is not what the pact's rule of quorums allows" --items 4001
cannot "another type" 4 ": this quorum: the offer is not what the pact's rule of quorums allows" --types domain
cannot "no type" 2 " quorum: no such type: colour" --types colour
cannot "with a stranger" 5 ": zoe: is no member of the pact" --with a,b,zoe
cannot "with the collector" 5 ": e: is the collector, who takes no part" --with a,b,e
cannot "with nobody" 2 " quorum: --with is names with commas between them: a,,b" --with a,,b
ends "an option of another verb" 2 q a status --wait
ends "no verb" 2 q a
ends "another verb" 2 q a stop
ends "too many words" 2 q a start now
ends "a run that is none" 5 q a status 01234567
told "is told" "entente: 01234567: no such run: \`entente quorum status\` lists them"
ends "too few digits" 2 q a status 012
ends "no digits" 2 q a join everything
ends "a dry run" 0 q c start --dry-run --window 2026-11-22T08:30:00Z --threshold 3
tells "shows what would be found" '^  finds      what at least 3 of 4 saw; of each at most 4,000 items, padded to a power of two; 20 tables$' "$T/out"
tells "by whom" '^  members    a, b, c, d$' "$T/out"
tells "at what cost" '^  estimate   with full sets each participant sends 1\.[0-9]+ MB to the collector' "$T/out"
ends "of a window without a set" 0 q e start --dry-run
told "the collector needs none" ""
ends "a participant" 0 q a start --dry-run
told "is warned" 'entente: this member kept nothing of that window and will not take part itself: `entente watch --observe`'
is "as JSON" "$(q a start --dry-run --json --with a,c 2>/dev/null | jq -c '[.threshold, .participants, .holders, .collector]')" '[2,["a","c"],["a","b"],"e"]'
is "nothing of that was offered" "$(find "$T"/?/quorum -type f 2>/dev/null)" ""

# --- by hand: all take part ----------------------------------------------------------------------

phase_is() { [ "$(field "$1" "$2" .phase)" = "$3" ]; }
took() { [ "$(field "$1" "$2" .self.found)" != null ]; }
has() { "$bin" quorum --home "$T/$1" status "$2" >/dev/null; }
ends "a run is offered" 0 q a start --window 2026-11-22T08:30:00Z --threshold 3 --json
run=$(jq -r .run "$T/out")
is "and named" "${#run}" 32
for m in b c d e; do check "$m hears of it" wait_for 20 has $m "$run"; done
is "which is all there is" "$(runs c)" "$run"
run q c status "$run"
tells "c has not been asked in vain" '^             have not answered: `entente quorum join` or `decline`, unless your node does$' "$T/out"
tells "nor has d answered" '^             d                has not answered yet$' "$T/out"
for m in b c d; do ends "$m joins" 0 q $m join "${run:0:8}"; done
for m in a b c d; do check "$m has its answer" wait_for 30 took $m "$run"; done
for m in a b c d; do
    plain $m 3 a b c d >"$T/want"
    check "$m saw things that three saw" test -s "$T/want"
    is "and finds just these" "$(found_by $m "$run" | sha256sum)" "$(sha256sum <"$T/want")"
done
one=$(head -1 "$T/want")
is "with who saw them" "$(q d result "$run" --json | jq -r ".found[] | select(.value == \"$one\") | .seen_by | join(\" \")")" \
    "$(for m in a b c d; do seen $m $w8 | grep -qxF "$one" && echo $m; done | tr '\n' ' ' | sed 's/ $//')"
ends "for people" 0 q d result "$run"
is "which and when" "$(head -1 "$T/out")" "what you and others saw, at least 3 of 4 members, from 2026-11-22T08:00:00Z to 2026-11-22T09:00:00Z"
tells "how many and who" "^  $(sed 's/\./\\[.\\]/g' <<<"$one") +[34]: [abcd](, [abcd])+\$" "$T/out"
ends "the collector" 5 q e result "$run"
told "has no result" "entente: $run: only participants learn what was found, and this member is none"
run q e status "$run"
tells "it sees positions" '^  phase      done: the collector has answered: [0-9,]+ positions in its tables$' "$T/out"
tells "and who has its answer" '^             c                accepted, with up to [0-9,]+ items; has its answer$' "$T/out"
is "nobody is named for anything" "$(for m in a b c d e; do field $m "$run" '.faults | length'; done | tr '\n' ' ')" "0 0 0 0 0 "
ends "too late to join" 5 q a join "$run"
told "is told" "entente: $run: this member has accepted already"
run q a schedule
tells "the schedule shows it" "^2026-11-22T08:00:00Z      1h +[0-9,]+  ${run:0:12}  done +[0-9]+\$" "$T/out"

# --- one is down, and is left out ----------------------------------------------------------------

w=$w9
ends "nothing to wait for" 5 q b start --dry-run --window 2026-11-22T12:00:00Z
for pair in a:sans b:cps-collected-iocs c:binarydefense d:sip; do
    "$bin" watch --home "$T/${pair%:*}" --observe --observe-at 2026-11-22T09:10:00Z "$lists/${pair#*:}.txt" >/dev/null 2>&1
done
stop_node_of d
run q d start --window 2026-11-22T09:00:00Z
is "nothing is offered without a node" "$rc-$(cat "$T/err")" "5-entente: $T/d: its node does not run, and only that speaks to others: \`entente serve\`"
q a start --threshold 2 --wait >"$T/waited" 2>"$T/phases" </dev/null &
waiter=$!
pids+=("$waiter")
second() { runs "$1" | grep -vxF -e "$run"; }
check "another run is offered, of the last window" wait_for 20 second e
next=$(second e)
is "which is that" "$(field e "$next" .window)" 2026-11-22T09:00:00Z
for m in b c; do
    check "$m hears of it" wait_for 20 has $m "$next"
    ends "and joins" 0 q $m join "$next"
done
run q a result "$next"
is "there is no result yet" "$rc-$(cat "$T/err")" "5-entente: $next: it goes on: \`entente quorum status\` says how far it is"
answers_of() { [ "$(field e "$1" '[.seats[] | select(.answer == "accepted")] | length')" = "$2" ]; }
check "three have accepted" wait_for 20 answers_of "$next" 3
later 905
check "the others go on without it" wait_for 30 took a "$next"
wait $waiter
is "who waits gets the result" "$?-$(head -1 "$T/phases" | cut -d: -f1)" "0-${next:0:12}"
for m in a b c; do
    check "$m has its answer" wait_for 30 took $m "$next"
    plain $m 2 a b c >"$T/want"
    is "all that two of three saw" "$(found_by $m "$next" | sha256sum)" "$(sha256sum <"$T/want")"
done
is "as it was shown" "$(grep -c '^  [0-9]' "$T/waited")" "$(plain a 2 a b c | wc -l)"
named() { [ "$(field "$1" "$next" '.faults[] | select(.member == "d" and .by == "e") | .fault')" = silent ]; }
for m in a b c e; do check "$m knows that it was silent" wait_for 20 named $m; done
run q b status "$next"
tells "by whose word" '^  (named|     ) +d +by e: nothing came from it before the deadline \(silent\)$' "$T/out"
tells "and did not answer" '^             d                did not answer$' "$T/out"
is "the newest window stands first" "$(runs a | head -1)" "$next"
start_node d
check "when it is back it learns what it missed" wait_for 20 has d "$next"

# --- what is compared is compared once -------------------------------------------------------------

run q c start --window 2026-11-22T09:00:00Z --threshold 3
is "not the same window again, with another threshold" "$rc-$(head -1 "$T/err")" "4-entente: this quorum: this offer was made before"

# --- too few -------------------------------------------------------------------------------------

for pair in a:sans c:binarydefense d:sip; do
    "$bin" watch --home "$T/${pair%:*}" --observe --observe-at 2026-11-22T07:10:00Z "$lists/${pair#*:}.txt" >/dev/null 2>&1
done
q c start --window 2026-11-22T07:00:00Z --threshold 3 --with a,c,d --wait >"$T/waited" 2>"$T/phases" </dev/null &
waiter=$!
pids+=("$waiter")
third() { runs "$1" | grep -vxF -e "$run" -e "$next"; }
check "a third run is offered" wait_for 20 third d
few=$(third d)
check "a hears of it" wait_for 20 has a "$few"
ends "a joins" 0 q a join "$few"
check "which the collector hears" wait_for 20 answers_of "$few" 2
ends "d does not" 0 q d decline "$few" --json
is "as JSON" "$(cat "$T/out")" "{\"run\":\"$few\",\"wish\":\"decline\"}"
for m in a b c d e; do
    check "$m knows at once that it is over" wait_for 20 phase_is $m "$few" failed
    is "and that it is nobody's fault" "$(field $m "$few" '.faults | length')" 0
done
wait $waiter
is "who waits is told" "$?-$(tail -1 "$T/phases")" "5-entente: $few: fewer than 3 take part"
refuses() { q "$1" status "$2" | grep -q " $3  *refuses: "; } # WHO RUN MEMBER
check "and hears who refused" wait_for 20 refuses a "$few" d
run q a status "$few"
tells "so is everybody" '^  phase      failed: fewer than 3 take part$' "$T/out"
tells "and why" '^             d                refuses: .* \(declined\)$' "$T/out"
tells "and who ended it" '^  collector  e                refuses: fewer members than the threshold take part \(too-few\)$' "$T/out"
run q d join "$few"
is "a no stands" "$rc-$(cat "$T/err")" "5-entente: $few: this member has refused already"
is "a list of all" "$(q a status | awk '{print $1, $7}' | sort | tr '\n' ' ')" "$(printf '%s\n' "${run:0:12} done" "${next:0:12} done" "${few:0:12} failed" "RUN FOUND" | sort | tr '\n' ' ')"

# --- what was found is published -----------------------------------------------------------------

found_by a "$run" >"$T/want"
"$bin" export --home "$T/a" --source "quorum/$run" --format list 2>/dev/null | sort >"$T/got"
is "the findings are claims in the store" "$(sha256sum <"$T/got")" "$(sha256sum <"$T/want")"
is "with a label each" "$("$bin" export --home "$T/a" --tag quorum:threshold=3 --format list 2>/dev/null | sort | sha256sum)" "$(sha256sum <"$T/want")"
run "$bin" export --home "$T/a" --source "quorum/$run" --tlp amber --format list
is "nothing goes to others before somebody has looked" "$rc-$(cat "$T/out")" "4-"
tells "who is told so" "^entente: quorum/$run is held: [0-9]+ of [0-9]+ have the same text\$"
ends "somebody lets it go" 0 "$bin" release --home "$T/a" "quorum/$run" --by tests --reason "what the quorum found"
run "$bin" export --home "$T/a" --source "quorum/$run" --tlp green --format list
is "not to those who may not have it" "$(cat "$T/out")" ""
ends "what may go to others, as STIX" 0 "$bin" export --home "$T/a" --source "quorum/$run" --tlp amber --format stix -o "$T/found.stix"
is "is an indicator each" "$(jq '[.objects[] | select(.type == "indicator")] | length' "$T/found.stix")" "$(wc -l <"$T/want")"
is "and no word of sightings" "$(grep -c '"sighting"' "$T/found.stix")" 0
ends "with them, if that is wanted" 0 "$bin" export --home "$T/a" --source "quorum/$run" --tlp amber --format stix --sightings -o "$T/found.stix"
tells "is told" "^entente: with a sighting: $(wc -l <"$T/want")\$"
is "is one for each indicator" "$(jq '(.objects | map(select(.type == "indicator").id) | sort) ==
    (.objects | map(select(.type == "sighting").sighting_of_ref) | sort)' "$T/found.stix")" true
is "with when and how often, and by whom" "$(jq '[.objects | (map(select(.type == "identity").id)) as $who | .[] |
    select(.type == "sighting") | select(.count < 1 or .first_seen > .last_seen or .where_sighted_refs != $who or
    .object_marking_refs == [])] | length' "$T/found.stix")" 0
refute "but not where" grep -q "quorum/.*log\|\.txt" "$T/found.stix"
case $(stix_valid "$T/found.stix" 2>&1 | tail -1) in
no*) skip "it is valid by OASIS's schemas" "python3 has no jsonschema" ;;
*' 0 errors') ok "it is valid by OASIS's schemas" ;;
*) not_ok "it is valid by OASIS's schemas" "$(stix_valid "$T/found.stix")" ;;
esac
ends "sightings in another format" 2 "$bin" export --home "$T/a" --format csv --sightings
told "are refused" "entente export: --sightings is for --format stix
usage: entente export --format FORMAT [OPTION...]"
is "its own sightings are counted" "$("$bin" sightings --home "$T/a" --json "$(head -1 "$T/want")" | grep -c "quorum/$run")" 1
run "$bin" show --home "$T/a" "$(head -1 "$T/want")"
tells "people see who saw it" 'seen by at least 3 of 4 members' "$T/out"

# --- what is kept of it ---------------------------------------------------------------------------

for m in a b c d e; do check "all that $m keeps holds" "$bin" log verify --home "$T/$m"; done
damaged() { # FILE WORDS: one bit of it
    local file=$1 words=$2
    cp "$T/e/quorum/$file" "$T/whole"
    flip "$T/e/quorum/$file"
    ends "a bit of quorum/${file#*/}" 4 "$bin" log verify --home "$T/e"
    tells "is seen" "^entente: quorum/$file: $words\$"
    cp "$T/whole" "$T/e/quorum/$file"
}
flip() { python3 -c 'import sys; f = open(sys.argv[1], "r+b"); b = f.read(); f.seek(len(b) // 2); f.write(bytes([b[len(b) // 2] ^ 1]))' "$1"; }
sum='the file is damaged: its last line is not the sum of it'
one=$(cd "$T/e/quorum/$run/said" && printf '%s\n' * | head -1) two=$(cd "$T/e/quorum/$run/said" && printf '%s\n' * | tail -1)
for file in offer state "said/$one"; do damaged "$run/$file" "$sum"; done
cp "$T/e/quorum/$run/said/$one" "$T/whole"
cp "$T/e/quorum/$run/said/$two" "$T/e/quorum/$run/said/$one"
ends "one word in the place of another" 4 "$bin" log verify --home "$T/e"
tells "too" "^entente: quorum/$run/said/$one: what was said in a quorum is not what it is named by\$"
cp "$T/whole" "$T/e/quorum/$run/said/$one"

# --- in the console ------------------------------------------------------------------------------

stop_node_of c
configure c "gossip_seconds = 1" "rate_address = 10000"
# shellcheck source=tests/e2e/console.sh
. tests/e2e/console.sh
serve c
account tester analyst red
gets "the console has the runs" 200 /api/v1/quorums
is "all of them" "$(jq -c '[.runs[] | [.run, .phase]] | sort' "$T/body")" "$(q c status --json | jq -sc '[.[] | [.run, .phase]] | sort')"
for id in "$run" "$next" "$few"; do
    gets "and one" 200 "/api/v1/quorum?run=$id"
    is "as the command has it" "$(jq -cS 'del(.tlp, .until, .waits)' "$T/body")" "$(q c status "$id" --json | jq -cS 'del(.estimate)')"
done
"$bin" watch --home "$T/c" --observe --observe-at 2026-11-22T06:10:00Z "$lists/sans.txt" >/dev/null 2>&1
ends "d offers one more" 0 q d start --window 2026-11-22T06:00:00Z
fourth() { runs c | grep -vxF -e "$run" -e "$next" -e "$few"; }
check "which c hears of" wait_for 20 fourth
asked=$(fourth)
gets "a window of the future cannot be offered" 409 /api/v1/quorum-start "${token[@]}" -d "from=$((day + 86400))"
detail "conflict: that window is not over"
gets "nor one that was compared" 409 /api/v1/quorum-start "${token[@]}" -d "from=$day"
detail "conflict: this offer was made before"
account reader reader amber+strict
gets "who only reads offers nothing" 403 /api/v1/quorum-start "${token[@]}" -d "from=$((day - 3600))"
as tester
modules=$(
    # shellcheck source=tests/interop/npm.sh
    . tests/interop/npm.sh
    npm_packages >/dev/null
    [ -e build/npm/node_modules/playwright-core ] && echo build/npm
)
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ] || [ -z "$modules" ]; then
    skip "the page of quorums in a browser" "there is no chromium, or playwright-core cannot be had"
    done_testing
fi
PASSWORD=$password DONE=$run LATE=$next FEW=$few ASKED=$asked FOUND=$(found_by c "$run" | tr "\n" " ") WINDOW=2026-11-22T07:00:00Z SHOTS=${CONSOLE_SHOTS:-} \
    node tests/e2e/console_quorum.mjs "$modules" "$browser" "$url" >"$T/browser" 2>&1
told_by_browser "$T/browser" $?
is "what was offered there is a run of the command's too" "$(q c status --json | jq -r 'select(.window == "2026-11-22T07:00:00Z" and .phase == "offered") | .threshold')" 2
tells "who did it is on record" "tester.* quorum +allowed +offer/2026-11-22T07:00:00Z" <("$bin" audit --home "$T/c" list)
tells "and who declined" "tester.* quorum +allowed +$asked/decline" <("$bin" audit --home "$T/c" list)
gets "the figures have them" 200 /metrics
for line in 'entente_quorum_runs_total{outcome="begun"} 2' 'entente_quorum_runs_total{outcome="joined"} 1' \
    'entente_quorum_runs_total{outcome="refused"} 1' 'entente_quorum_named_total{fault="silent"} 0'; do
    check "$line" grep -qxF "$line" "$T/body"
done
check "with what was given" grep -Eqx 'entente_quorum_items_total [1-9][0-9]*' "$T/body"
done_testing
