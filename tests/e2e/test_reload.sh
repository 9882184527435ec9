#!/usr/bin/env bash
# test_reload.sh: SIGHUP: another certificate, another configuration, one that is not sound; and the
# end: a match that has begun comes to its end, who comes later waits, and nobody waits for ever.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

# children: the processes of the node, "role pid" each; steady: without those that end with each run
children() { ps -o comm=,pid= --ppid "$node" | sed 's/^entente: //' | sort; }
pids_of() { children | awk -v role="$1" '$1 == role { print $2 }' | paste -sd' '; }
steady() { children | grep -v '^match '; }
# A match that has just begun has no name of its own yet.
others() { steady | grep -v -e '^front ' -e '^exe '; }
whole() { [ "$(children | awk '{ print $1 }' | uniq | paste -sd' ')" = "api front keeper ledger match signer" ]; }
# mark: where the log of b ends now; since: what came after that
mark() { from=$(wc -l <"$T/b.log"); }
since() { tail -n "+$((from + 1))" "$T/b.log"; }
said() { since | grep -Eq -e "$1"; }
lives() { kill -0 "$1" 2>/dev/null; }
# hup NAME: and the front is another one
hup() {
    local was
    was=$(pids_of front)
    mark
    kill -HUP "$node"
    if wait_for 20 said 'event=reloaded' && wait_for 20 other_front "$was" && wait_for 20 served; then ok "$1"
    else not_ok "$1" "$(since)" "$(children)"; fi
}
other_front() { whole && [ -n "$(pids_of front)" ] && [ "$(pids_of front)" != "$1" ]; }
served() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | grep -q 'BEGIN CERT'; }
match() { "$bin" match --home "$T/$1" b --json --from "$T/$2"; }
matches() { match "$1" few >/dev/null 2>&1; }
# subject: of the certificate on the users' port
subject() {
    openssl s_client -connect "127.0.0.1:$users_port" </dev/null 2>/dev/null | openssl x509 -noout -subject
}
# certificate NAME: a new one, at the place of the one before
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/own.key" \
        -out "$T/own.pem" -days 9 -subj "/CN=$1" 2>/dev/null
}
# begin: a match of a's with b that has begun and is stopped in the middle; its process in $asker
begin() {
    for _ in 1 2 3 4 5; do
        mark
        "$bin" match --home "$T/a" b --json --from "$T/many" >"$T/begun" 2>"$T/begun.err" &
        asker=$!
        pids+=("$asker")
        wait_for 20 said event=match-accepted && kill -STOP "$asker"
        sleep 0.2
        said event=match-finished || return 0
        kill -CONT "$asker"
        wait "$asker"
    done
    return 1
}
begins() { if begin; then ok "a match has begun"; else not_ok "a match has begun" "$(cat "$T/begun.err")"; fi; }
# go_on: and it is over; its exit code in $rc
go_on() { kill -CONT "$asker"; wait "$asker"; rc=$?; }

member a && member b && member c && "$bin" import --home "$T/b" "$jar" >/dev/null && release_jar b
export_card a && export_card c
certificate first
settings=("users_cert = $T/own.pem" "users_key = $T/own.key")
configure b "${settings[@]}"
users_listen=127.0.0.1:0
start_node b --users-port-file "$T/b.users"
users_port=$(cat "$T/b.users")
users_listen=off
export_card b "https://127.0.0.1:$port"
check "three members, one of whom has a node" found a b c
check "which sees the pact" wait_for 20 joined b
printf 'entente/observed@v1\ndomain x.example.com\ndomain y.example.com\n' >"$T/few"
{ echo entente/observed@v1; seq -f 'domain x%05.0f.example.com' 20000; } >"$T/many"
ends "it is asked" 0 match a few
check "all its processes are there" wait_for 20 whole
is "its users see its certificate" "$(subject)" "subject=CN = first"

# --- a certificate -------------------------------------------------------------------------------

was=$(others)
begins
certificate second
hup "SIGHUP starts the front anew"
is "and nobody else" "$(others)" "$was"
tells "which is said" 'level=info event=reloaded cause=certificates$' <(since)
is "users see the new certificate" "$(subject)" "subject=CN = second"
go_on
is "the match that had begun goes on" "$rc $(jq .asked "$T/begun") $(cat "$T/begun.err")" "0 20000 "
ends "and others begin" 0 match c few

echo nonsense >"$T/own.pem"
was=$(steady)
mark
kill -HUP "$node"
check "a certificate that is none is told" wait_for 10 said "^entente: $T/own.pem: not a certificate"
sleep 0.5
refute "and not taken" said event=reloaded
is "nobody is started anew" "$(steady)" "$was"
is "users see the one before" "$(subject)" "subject=CN = second"
mv "$T/own.key" "$T/kept.key"
certificate third
mv "$T/kept.key" "$T/own.key"
mark
kill -HUP "$node"
check "nor one that belongs to another key" wait_for 10 said "^entente: $T/own.pem: not a certificate and the key"
is "is taken" "$(steady)" "$was"
certificate fourth
hup "one that is good again is"
is "as users see" "$(subject)" "subject=CN = fourth"

# --- a configuration -----------------------------------------------------------------------------

was=$(steady)
configure b "${settings[@]}" "match_max_itmes = 5"
mark
kill -HUP "$node"
check "a configuration that is not sound is told" wait_for 10 said "/config:3: unknown key 'match_max_itmes'"
sleep 0.5
refute "and not taken" said event=reloaded
is "nobody is started anew" "$(steady)" "$was"
ends "the old one holds" 0 match a few

begins
configure b "${settings[@]}" "match_max_items = 1"
mark
kill -HUP "$node"
match c few >"$T/waiting" 2>"$T/waiting.err" &
waiting=$!
pids+=("$waiting")
sleep 1.5
refute "another configuration waits for it" said event=reloaded
check "and so does who comes now" lives "$waiting"
is "nobody was started anew yet" "$(steady)" "$was"
go_on
is "the match that had begun ends well" "$rc $(jq .asked "$T/begun") $(cat "$T/begun.err")" "0 20000 "
check "then the configuration is another" wait_for 20 said 'level=info event=reloaded cause=configuration$'
wait "$waiting"
is "which counts for who had waited" "$? $(cat "$T/waiting.err")" "4 entente: b: more items than one run may have"
check "all its processes are there again" wait_for 20 whole
is "and are others" "$(comm -12 <(echo "$was") <(steady))" ""
refute "nobody ended by itself" grep -Eq 'event=process-(ended|lied|failed|given-up)' "$T/b.log"
check "it is where it was" served
check "there users are answered" wait_for 10 test "$(subject)" = "subject=CN = fourth"
configure b "${settings[@]}" "stop_seconds = 60s"
hup "the next configuration"
check "has the usual limit" wait_for 20 matches a

begins
configure b "${settings[@]}" "stop_seconds = 60s" "gossip_seconds = 2"
mark
kill -HUP "$node"
sleep 0.5
kill -TERM "$node"
sleep 1
check "who is told to end while it waits, waits on" lives "$node"
go_on
is "the match that had begun ends well" "$rc $(jq .asked "$T/begun") $(cat "$T/begun.err")" "0 20000 "
wait "$node"
is "and so does the node" "$?" 0
refute "with no other configuration" said event=reloaded
configure b "${settings[@]}" "stop_seconds = 60s"

# --- the end -------------------------------------------------------------------------------------

start_node b
check "the node is back" wait_for 20 matches a
begins
mark
kill -TERM "$node"
check "SIGTERM is heard" wait_for 10 said 'level=info event=stopping$'
match c few >"$T/waiting" 2>"$T/waiting.err" &
waiting=$!
pids+=("$waiting")
sleep 1.5
check "the node waits for the match" lives "$node"
check "who comes now waits for the node" lives "$waiting"
refute "and its offer is not heard" said 'event=match-.*partner=c'
go_on
is "the match that had begun ends well" "$rc $(jq .asked "$T/begun") $(cat "$T/begun.err")" "0 20000 "
wait "$node"
is "and so does the node" "$?" 0
refute "no process ended otherwise" said 'event=process-'
start_node b
wait "$waiting"
is "who had waited is answered by the next one" "$? $(cat "$T/waiting.err")" "0 "

begins
kill -TERM "$node"
sleep 1
check "SIGTERM waits" lives "$node"
before=$SECONDS
kill -TERM "$node"
wait "$node"
is "a second one does not" "$? $((SECONDS - before < 8))" "0 1"
kill -KILL "$asker"

configure b "${settings[@]}" "stop_seconds = 2s"
start_node b
wait_for 20 matches a
begins
before=$SECONDS
stop_node
is "nobody waits for longer than stop_seconds" "$rc $((SECONDS - before >= 1 && SECONDS - before < 10))" "0 1"
kill -KILL "$asker"
done_testing
