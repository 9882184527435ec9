#!/usr/bin/env bash
# test_ask.sh: a match that is started in the browser, by its calls: who may, what it costs, that it
# finds and keeps what `entente match` does, and what is told when it does not come to its end.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2154,SC2317
. tests/e2e/lib.sh
# shellcheck source=tests/e2e/console.sh
. tests/e2e/console.sh

# lists NAME STATUS PATH [OPTION...]: that, with the list of $T/list as the body
lists() {
    local name=$1 want=$2 path=$3
    shift 3
    gets "$name" "$want" "$path" "${token[@]}" -H 'Content-Type: text/plain' --data-binary "@$T/list" "$@"
}
# asks PARTNER [PARAMETERS]: start one; its number is in $id
asks() {
    lists "a match with $1 is started" 200 "/api/v1/match-ask?member=$1${2:-}"
    id=$(jq .ask "$T/body")
}
# state: of $id
state() { gets_body "/api/v1/asks?ask=$id" >"$T/ask" && jq -r '.asks[0].state // "lost"' "$T/ask"; }
over() { [ "$(state)" != running ]; }
in_phase() { [ "$(state)-$(jq -r '.asks[0].phase' "$T/ask")" = "running-$1" ]; }
runs() { find "$T/$1/runs" -mindepth 1 -maxdepth 1 | wc -l; }
spent() { sqlite3 "$T/a/store.db" 'SELECT coalesce(sum(items), 0) FROM budget WHERE partner = "b" AND direction = 1'; }
process() { awk -v role="$2" '$1 == role {print $2}' "$T/$1/processes"; }
left() { gets_body '/api/v1/match-may?member=b&items=1' | jq .left; }

pair a b >/dev/null && ok "two members found a pact" || not_ok "two members found a pact"
b_node=$node
"$bin" watch --home "$T/a" --observe-file "$T/seen" "$apache" >/dev/null 2>&1
ends "they match by a command" 0 "$bin" match --home "$T/a" b --json
jq -S '[.hits[] | {observable: (.type + ":" + .observable), kind, description, tlp, label_opens}] | sort' "$T/out" >"$T/want"
by_command=$(find "$T/a/runs" -mindepth 1 -maxdepth 1 -printf '%f\n')
before=$(spent)

configure a "gossip_seconds = 1" "rate_address = 10000"
serve a
a_node=$node
account reader reader red
account eva operator red
account tester analyst amber+strict
joined_a() { [ "$(gets_body '/api/v1/match-may?member=b&items=1' | jq .may)" = true ]; }
check "the node may ask" wait_for 30 joined_a

# --- what is asked -------------------------------------------------------------------------------

cp "$T/seen" "$T/list"
lists "what would be asked" 200 /api/v1/match-list
is "is counted by type" "$(jq -c '[.asked, .items, .charged, .skipped]' "$T/body")" \
    '[{"ipv4":1770,"domain":227,"url":672,"email":6,"md5":7,"sha1":3},2685,2685,0]'
lists "padded it costs more" 200 '/api/v1/match-list?pad=1&types=ip,domain'
is "  as much as the next power of two" "$(jq -c '[.items, .charged, .other_types]' "$T/body")" '[1997,2048,688]'
printf '# a list\n109[.]163[.]234[.]2\n109.163.234.2\n10.0.0.1\nnothing at all\nhxxp://evil[.]badness.net/a\n' >"$T/list"
lists "a list as people write it" 200 /api/v1/match-list
is "  is read as a feed is" "$(jq -c '[.asked, .not_public, .skipped, .lines]' "$T/body")" \
    '[{"ipv4":1,"url":1},1,1,[{"line":5,"why":"more than one value in a line"}]]'
is "what is left of the budget" "$(left)" $((1000000 - before))
gets "and what it would cost" 200 '/api/v1/match-may?member=b&items=3&pad=1'
is "  is told before" "$(jq -c '[.member, .items, .charged, .budget, .may]' "$T/body")" '["b",3,4,1000000,true]'
gets "more than is left" 200 '/api/v1/match-may?member=b&items=1000000'
is "  would be refused, and why" "$(jq -r '"\(.may) \(.why)"' "$T/body")" "false more items than are left of this period's budget"
gets "one who is no partner" 404 '/api/v1/match-may?member=mallory&items=3'
detail "not-found: there is no such partner in the pact"

# --- who may -------------------------------------------------------------------------------------

n=$(runs a)
gets "one without the token" 403 '/api/v1/match-ask?member=b' -H "Origin: $url" -H 'Content-Type: text/plain' --data-binary "@$T/list"
detail "not-allowed: a request with a cookie that does not come from our own page"
gets "another site" 403 '/api/v1/match-ask?member=b' "${token[@]:2}" -H "Origin: https://evil.example" -H 'Content-Type: text/plain' --data-binary "@$T/list"
gets "a list of another type" 415 '/api/v1/match-ask?member=b' "${token[@]}" --data-binary "@$T/list"
detail "media-type: a list is text/plain"
lists "a match with nobody" 400 /api/v1/match-ask
detail "malformed: a parameter is missing"
lists "with oneself" 404 '/api/v1/match-ask?member=a'
detail "not-found: there is no such partner in the pact"
: >"$T/list"
lists "about nothing" 400 '/api/v1/match-ask?member=b'
detail "malformed: the list is empty"
printf '10.0.0.1\n' >"$T/list"
lists "about what is at home" 400 '/api/v1/match-ask?member=b'
detail "malformed: nothing in it is public and of the types to ask about"
printf 'entente/observed@v1\nipv4 9.9.9.9\nipv4 1.2.3.4\n' >"$T/list"
lists "about a set that is none" 400 '/api/v1/match-ask?member=b'
detail "malformed: line 3: not a line of an observation set, or out of order"
head -c 9000000 /dev/zero | tr '\0' '1' >"$T/list"
lists "about too much" 413 '/api/v1/match-ask?member=b'
gets "giving up nothing" 404 /api/v1/match-stop "${token[@]}" -d ask=7
detail "not-found: no such match was started"
cp "$T/seen" "$T/list"
as reader
lists "a reader starts none" 403 '/api/v1/match-ask?member=b'
detail "not-allowed: this account may not do that"
gets "nor sees those that were" 403 /api/v1/asks
gets "nor gives one up" 403 /api/v1/match-stop "${token[@]}" -d ask=7
is "nothing was asked by all that" "$(runs a)-$(spent)" "$n-$before"

# --- a match -------------------------------------------------------------------------------------

as tester
asks b
check "it comes to its end" wait_for 60 over
is "  which is good" "$(jq -c '.asks[0] | [.state, .partner, .by, .items, .found, .held]' "$T/ask")" '["done","b","tester",2685,2,915]'
is "it finds what the command finds, with what the partner says of it" \
    "$(jq -S '[.asks[0].hits[] | {observable, kind, description, tlp, label_opens}] | sort' "$T/ask")" "$(cat "$T/want")"
run_id=$(jq -r '.asks[0].run' "$T/ask")
is "and keeps the same" "$(sort "$T/a/runs/$run_id/hits")" "$(sort "$T/a/runs/$by_command/hits")"
is "it is charged once" "$(spent)-$(left)" "$((before + 2685))-$((1000000 - before - 2685))"
gets "its record is one like others" 200 "/api/v1/match?run=$run_id"
is "  whole and finished" "$(jq -c '[.role, .partner, .asked, .found, .finished, .whole]' "$T/body")" '["asker","b",2685,2,true,true]'
tells "the log says how much was asked" 'event=match-asked partner=b asked=2685$' "$T/a.log"
tells "  and which run it was" "event=match-answered partner=b asked=2685 run=$run_id\$" "$T/a.log"
as eva
gets "an operator reads who did it" 200 /api/v1/audit
is "  and how much it was about" "$(jq -c '[.records[] | select(.what == "match" or .action == "match") | [.who // .account, .on]][0]' "$T/body")" '["tester","b/2685"]'
as tester
asks b '&pad=1&types=domain'
check "padded, about one type" wait_for 60 over
is "  it finds nothing among 227" "$(jq -c '.asks[0] | [.state, .items, .charged, .found, .hits]' "$T/ask")" '["done",227,256,0,[]]'
is "  and costs 256" "$(spent)" $((before + 2685 + 256))

# --- what does not come to its end ---------------------------------------------------------------

# The partner's processes stand still in the middle; then whatever is done, and they go on.
still() { for p in $b_node $(pgrep -P "$b_node"); do kill "-$1" "$p"; done; }
n=$(runs a)
still STOP
asks b
lists "a second one may go on beside it" 200 '/api/v1/match-ask?member=b'
second=$(jq .ask "$T/body")
lists "a third may not" 409 '/api/v1/match-ask?member=b'
detail "conflict: as many matches as may be are under way: wait for one of them, or give it up"
gets "they are given up" 200 /api/v1/match-stop "${token[@]}" -d "ask=$second"
gets "  both" 200 /api/v1/match-stop "${token[@]}" -d "ask=$id"
is "  which is told" "$(state)-$(jq -c '.asks[0].stopping' "$T/ask")" "running-true"
still CONT
check "they end" wait_for 60 over
is "  as what was given up" "$(jq -r '.asks[0] | .state + ": " + .why' "$T/ask")" "failed: given up"
id=$second
check "both" wait_for 60 over
gets "what is over cannot be given up" 404 /api/v1/match-stop "${token[@]}" -d "ask=$second"
detail "not-found: no such match is under way"
is "nothing is kept of them" "$(runs a)" "$n"

still STOP
asks b
busy=$(process a match)
for p in $busy; do kill -KILL "$p"; done
still CONT
check "a run whose process is killed ends" wait_for 60 over
is "  and says so" "$(jq -r '.asks[0] | .state + ": " + .why' "$T/ask")" "failed: the process that computed this run has ended"
check "the next one is computed by another" wait_for 20 joined_a
asks b
check "  to its end" wait_for 60 over
is "  which is good" "$(jq -r '.asks[0].state' "$T/ask")" "done"

still STOP
asks b
kill -KILL "$(process a ledger)"
still CONT
check "a ledger that was killed comes back" wait_for 30 joined_a
is "  and knows no more of the run" "$(state)" lost
is "  whose record is none" "$(runs a)" $((n + 1))

kill -KILL "$b_node"
wait "$b_node" 2>/dev/null
asks b
check "a partner that is not there ends it" wait_for 60 over
is "  and is told" "$(jq -r '.asks[0] | .state + ": " + .why' "$T/ask")" "failed: no connection to the server"
refute "no line of the log holds what was asked" python3 -c '
import sys; log = open(sys.argv[1]).read()
sys.exit(0 if any(l.split(" ", 1)[1].strip() in log for l in list(open(sys.argv[2]))[1:]) else 1)' "$T/a.log" "$T/seen"
node=$a_node
stop_node_of a
is "the node ends well" "$rc" 0
is "and all that it said verifies" "$("$peers/audit" "$T/a" | grep -c "acts, $(runs a) runs")" 1
done_testing
