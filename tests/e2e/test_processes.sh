#!/usr/bin/env bash
# test_processes.sh: the processes of a node: what each is and has, as the kernel says it; then one
# after the other is ended or stopped at random under load, and nothing that was acknowledged may be
# lost, nothing answered wrongly. ENT_SECONDS=600 tests/e2e/test_processes.sh goes on for longer.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2016,SC2317
. tests/e2e/lib.sh

command -v curl >/dev/null || { skip "the processes" "there is no curl"; done_testing; }
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY
seconds=${ENT_SECONDS:-12}
processes=$PWD/tests/support/processes.py
users_listen=127.0.0.1:0
ent() { local m=$1 c=$2; shift 2; "$bin" "$c" --home "$T/$m" "$@"; }
printf 'correct horse battery\n' >"$T/pw"
chmod 600 "$T/pw"
all_good="$(printf '%s as it should be\n' api front keeper ledger match match match match signer)"
look() { python3 "$processes" look "$@" 2>&1; }
secrets() { python3 "$processes" secrets "$@" 2>&1; }
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# --- what they are -------------------------------------------------------------------------------

"$bin" init --home "$T/p" --name p --passphrase-file "$T/pw" >/dev/null 2>&1
configure p "match_workers = 4"
export_card p
"$bin" pact new --home "$T/p" --name one --passphrase-file "$T/pw" "$T/p.member" >/dev/null 2>&1
SOMETHING=in-the-environment start_node p --users-port-file "$T/p.users" --passphrase-file "$T/pw"
is "as $(id -un): each is what it says, and has what it may" "$(look "$node" "$T/p")" "$all_good"
[ "$(id -u)" != 0 ] || [ $sanitized = yes ] ||
    is "the passphrase is nowhere any more" "$(secrets "$node" "$T/pw")" "pw"
stop_node
is "the node ends" "$rc" 0
refute "and with it all processes" pgrep -P "$node"

# The same look, at what is none of this.
cp "$(command -v sleep)" "$T/entente: api"
SOMETHING=else "$T/entente: api" 60 </dev/null &
pids+=("$!")
wait_for 5 pgrep -P $$ -x "entente: api"
look $$ "$T/p" >"$T/out"
for what in 'Seccomp is 0' 'NoNewPrivs is 0' $([ "$(id -u)" != 0 ] || echo 'is.root has.an.environment fd.1.is'); do
    check "what is not so is seen: $what" grep -Eq "^api .*$what" "$T/out"
done
kill "${pids[-1]}"

if [ "$(id -u)" = 0 ] && "${as_nobody[@]}" test -x "$bin" 2>/dev/null; then
    chmod 755 "$T"
    mkdir -m 777 "$T/open"
    member u && configure u "match_workers = 4" && export_card u && found u
    chown -R 65534:65534 "$T/u"
    "${as_nobody[@]}" "$bin" serve --home "$T/u" --listen 127.0.0.1:0 --port-file "$T/open/u.port" \
        --users-listen 127.0.0.1:0 >"$T/u.log" 2>&1 </dev/null &
    node=$!
    pids+=("$node")
    check "a node that is not root's starts" wait_for 30 test -s "$T/open/u.port"
    is "each is what it says, and has what it may" "$(look "$node" "$T/u")" "$all_good"
    is "nor does its user see into it" "$("${as_nobody[@]}" /usr/bin/python3 "$processes" look "$node" "$T/u" 2>&1)" "$all_good"
    # A control: these are found where they are.
    [ $sanitized = yes ] || is "the author's key is the signer's, those of root and node no child's" \
        "$(secrets "$node" "$T/u/keys/author" "$T/u/keys/node" "$T/u/keys/root")" \
        "$(printf 'author parent signer\nnode parent\nroot')"
    stop_node
    is "and ends" "$rc" 0
else
    skip "a node that is not root's" "this needs root"
fi

# --- ended at random -----------------------------------------------------------------------------

user() { ent b user "$@" >/dev/null; }
printf '80.1.1.%s\n' 1 2 3 4 >"$T/green.txt"
member a && member b && configure b "gossip_seconds = 1" "match_workers = 4" "run_seconds = 2" "rate_account = 1000000" "rate_address = 1000000" &&
    ent b import "$jar" >/dev/null && release_jar b && ent b import --tlp green "$T/green.txt" >/dev/null 2>&1 &&
    export_card a && start_node b --users-port-file "$T/b.users" &&
    export_card b "https://127.0.0.1:$port" && found --budget 9000000/30 a b && wait_for 20 joined b &&
    user add eva --role operator --tlp red --password-file "$T/pw" && user add robot --role analyst --tlp green &&
    ent b user token robot feeds >"$T/token" && ok "a node, a partner, users" || { not_ok "a node, a partner, users"; done_testing; }
base=https://127.0.0.1:$(cat "$T/b.users")
printf '109.163.234.2\n109.74.151.149\n' >"$T/two.log"
for i in {1..48}; do echo "81.200.1.$i"; done >>"$T/two.log"
ent a watch --observe-file "$T/seen" "$T/two.log" >/dev/null 2>&1
ends "a match" 0 ent a match b --json
want=$(jq -c '[.asked, [.hits[].observable]]' "$T/out")
is "has two hits" "$want" '[50,["109.163.234.2","109.74.151.149"]]'

# ask PATH [CURL'S OPTION...]: the status, 000 for an answer that did not come to its end; the body in
# $T/$me
ask() {
    local s
    if s=$(curl -gsk -m 30 -o "$T/$me" -w '%{http_code}' "${@:2}" "$base$1"); then echo "$s"; else echo 000; fi
}
load() { me=$1; : >"$T/$1.right"; : >"$T/$1.refused"; : >"$T/$1.wrong"; while [ ! -e "$T/enough" ]; do "$1"; done; }
right() { echo "$*" >>"$T/$me.right"; }
wrong() { echo "$*" >>"$T/$me.wrong"; }
refused() { echo "$*" >>"$T/$me.refused"; }
# refuses STATUS: there was no answer, or one that says that there is none
refuses() { [[ $1 =~ ^(000|429|5[0-9][0-9])$ ]] && refused "$1"; }
matches() {
    local code said
    ent a match b --json --threads 1 >"$T/$me" 2>"$T/$me.err"
    code=$?
    said=$(cat "$T/$me.err")
    if [ "$code" = 0 ]; then
        if [ "$(jq -c '[.asked, [.hits[].observable]]' "$T/$me")" = "$want" ]; then right 50; else wrong "$(cat "$T/$me")"; fi
    elif [ "$code" = 5 ] && [ "$(wc -l <"$T/$me.err")" = 1 ]; then
        refused 5
    elif [ "$code-$said" = "4-entente: b: too many runs at once; try again later" ]; then
        refused 4 # those that were broken off keep their places for run_seconds
        sleep 0.2
    else
        wrong "$code $said"
    fi
}
bearer=(-H "Authorization: Bearer $(cat "$T/token")")
patterns() { jq -r '.objects[] | select(.type == "indicator") | .pattern' "$T/$me"; }
reads() {
    local s
    s=$(ask /taxii2/api/collections/green/objects/ "${bearer[@]}")
    refuses "$s" && return
    if [ "$s" = 200 ] && [ "$(patterns | grep -c "'80\.1\.1\.")" = 4 ] && [ "$(patterns | wc -l)" = "$in_green" ]; then
        right 200
    else
        wrong "$s $(wc -c <"$T/$me") $(patterns | wc -l) $(head -c 300 "$T/$me")"
    fi
}
taxii="application/taxii+json;version=2.1"
posts() {
    local s ip
    posted=$((${posted:-0} + 1))
    ip=81.$((posted / 65536)).$((posted / 256 % 256)).$((posted % 256))
    printf '{"objects":[{"type":"indicator","spec_version":"2.1","id":"indicator--%08x-0000-4000-8000-000000000000","created":"2018-01-01T00:00:00.000Z","modified":"2018-01-01T00:00:00.000Z","pattern":"[ipv4-addr:value = '"'%s'"']","pattern_type":"stix","valid_from":"2018-01-01T00:00:00Z"}]}' "$posted" "$ip" >"$T/$me.json"
    s=$(ask /taxii2/api/collections/inbox/objects/ "${bearer[@]}" -H "Content-Type: $taxii" --data-binary "@$T/$me.json")
    refuses "$s" && return
    if [ "$s-$(jq -c '[.status, .success_count]' "$T/$me")" = '202-["complete",1]' ]; then right "$ip"; else wrong "$s $(cat "$T/$me")"; fi
}
page=(-H "Sec-Fetch-Site: same-origin" -H "Content-Type: application/json")
logins() {
    local s
    s=$(ask /api/v1/login "${page[@]}" -c "$T/$me.jar" -d '{"name":"eva","password":"correct horse battery"}')
    refuses "$s" && return
    [ "$s" = 200 ] || { wrong "$s $(cat "$T/$me")"; return; }
    s=$(ask /api/v1/session -b "$T/$me.jar")
    refuses "$s" && return
    if [ "$s-$(jq -r .account "$T/$me")" = 200-eva ]; then right "$s"; else wrong "$s $(cat "$T/$me")"; fi
}
strangers() { # who may nothing gets nothing
    local s
    s=$(ask /taxii2/api/collections/green/objects/ -H "Authorization: Bearer ent_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    sleep 0.2
    refuses "$s" && return
    if [ "$s" = 401 ]; then right "$s"; else wrong "$s $(cat "$T/$me")"; fi
}
tags() {
    tagged=$((${tagged:-0} + 1))
    if ent b tag add 80.1.1.1 "t$tagged" >/dev/null 2>"$T/$me.err"; then right "t$tagged"; else wrong "$(cat "$T/$me.err")"; fi
    sleep 0.2
}
votes() { # all of them through the node that is being ended; an error is no wrong answer
    proposed=$((${proposed:-0} + 1))
    ent b pact propose --budget $((9000000 + proposed))/30 >/dev/null 2>&1
    for m in b a b a; do ent "$m" pact vote >/dev/null 2>&1; done
    right "$(pact_version b)"
    sleep 1
}

ready() { [ "$(me=ready ask /ready)" = 200 ] && [ "$(me=ready ask /taxii2/api/collections/green/objects/ "${bearer[@]}")" = 200 ]; }
check "the node is ready" wait_for 20 ready
served() { local me=ready; [ "$(ask /taxii2/api/collections/green/objects/ "${bearer[@]}") $(patterns | wc -l)" = "200 $in_green" ]; }
in_green=$(ent b export --tlp green --format stix 2>/dev/null | jq '[.objects[] | select(.type == "indicator")] | length')
check "and serves all that it keeps ($in_green indicators)" wait_for 20 served
pid_of() { pgrep -P "$node" -x "entente: $1"; }
keeper=$(pid_of keeper) ledger=$(pid_of ledger)
another_ledger() { [[ $(pid_of ledger) =~ ^[0-9]+$ ]] && [ "$(pid_of ledger)" != "$ledger" ]; }
kill -STOP "$keeper"
kill -KILL "$ledger"
check "a ledger that was killed begins anew" wait_for 10 another_ledger
sleep 0.5
kill -KILL "$keeper"
check "and once more when the keeper goes that it asks" wait_for 20 ready
is "which is no failure" "$(grep process-failed "$T/b.log")" ""
ended=$(grep -c 'event=process-ended' "$T/b.log")
open_files() { find "/proc/$node/fd" -mindepth 1 2>/dev/null | wc -l; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$node/status"; }
files=$(open_files) rss=$(memory)
loads=(matches reads posts logins strangers tags votes)
for l in "${loads[@]}"; do
    load "$l" &
    pids+=("$!")
done
signals="9 19" # KILL, STOP, SEGV (which a sanitizer makes an exit)
[ $sanitized = yes ] || signals+=" 9 11"
: >"$T/hits"
# shellcheck disable=SC2086
check "roles are ended for $seconds s" python3 "$processes" harm "$node" "$seconds" "$T/hits" "$base/ready" $signals
sleep 1
each_has_some() { for l in "${loads[@]}"; do [ -s "$T/$l.right" ] || return; done; }
wait_for 30 each_has_some
touch "$T/enough"
for l in "${pids[@]: -${#loads[@]}}"; do wait "$l"; done

echo "# $(wc -l <"$T/hits") hits: $(awk '{ print $1 "/" $3 }' "$T/hits" | sort | uniq -c | awk '{ printf "%s %s, ", $1, $2 }')"
echo "# longest until whole: $(awk '{ print $4 }' "$T/hits" | sort -g | tail -1) s"
is "each role was" "$(awk '{ print $1 }' "$T/hits" | sort -u | tr '\n' ' ')" "api front keeper ledger match signer "
is "the node is whole again each time" "$(grep -c never "$T/hits")" 0
is "within seconds" "$(awk '$4 > 10' "$T/hits")" ""
check "the parent has not ended" kill -0 "$node"
bad=""
while read -r role pid sig _; do
    [ "$sig" = 19 ] || grep -q "event=process-ended process=$role pid=$pid signal=$sig again-ms=" "$T/b.log" || bad+=" $role:$pid:$sig"
done <"$T/hits"
is "each death is in the log, with role and signal" "$bad" ""
is "and no other" "$(grep 'event=process-ended' "$T/b.log" | tail -n "+$((ended + 1))" |
    grep -vFf <(awk '$3 != 19 { print "process=" $1, "pid=" $2, "signal=" $3 " " }' "$T/hits"))" ""
is "nobody lied, nothing failed" "$(grep -E 'process-(lied|failed|given-up|not-)' "$T/b.log" | cut -c1-200)" ""
for l in "${loads[@]}"; do
    is "$l: $(wc -l <"$T/$l.right") right, $(wc -l <"$T/$l.refused") refused, none wrong" "$(head -c 600 "$T/$l.wrong")" ""
    check "$l: some came through" test -s "$T/$l.right"
done
works() { run ent a match b --json; [ "$rc" = 0 ]; }
check "a match works" wait_for 20 works
is "as before" "$(jq -c '[.asked, [.hits[].observable]]' "$T/out")" "$want"

# --- what is left --------------------------------------------------------------------------------

zombies() { pgrep -c -r Z -P "$node"; }
is "no zombies" "$(zombies)" 0
same_files() { [ "$(open_files)" = "$files" ]; }
check "the parent has as many descriptors as before ($files)" wait_for 20 same_files
[ $sanitized = yes ] || check "and no more memory ($rss KiB, $(memory) now)" test "$(memory)" -lt $((rss + 4096))
bad=""
while read -r ip; do
    [ "$(ent b show --json "$ip" | jq -r '.claims[0].source')" = taxii:robot ] || bad+=" $ip"
done <"$T/posts.right"
is "all that was posted with success is known" "$bad" ""
ent b show --json 80.1.1.1 | jq -r '.tags[]' | sort >"$T/tags"
is "all tags are there" "$(sort "$T/tags.right" | comm -23 - "$T/tags")" ""
used() { python3 -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT sum(items) FROM budget WHERE direction = 0").fetchone()[0])' "$T/b/store.db"; }
done_=$(($(wc -l <"$T/matches.right") + 2))
check "each match was charged ($(used) for $done_ of 50)" test "$(used)" -ge $((done_ * 50))
is "the asker has a record of each, whose acts verify" "$("$peers/audit" "$T/a" | sed 's/.* acts, //')" "$done_ runs"
cp -r "$T/b" "$T/kept" # a run that was broken off keeps what was said until then
for r in "$T/kept/runs"/*; do [ -e "$r/result" ] && [ -e "$r/result-theirs" ] || rm -r "$r"; done
"$peers/audit" "$T/kept" >"$T/out" 2>&1
tells "the holder's verify too" '^[0-9]+ acts, [0-9]+ runs$' "$T/out"
is "and it has kept each that the asker has" "$(comm -23 <(ls "$T/a/runs") <(ls "$T/b/runs"))" ""
ends "the holder's log is clean" 0 ent b log verify
ends "and the asker's" 0 ent a log verify
ends "and what was mirrored of the holder's" 0 ent a log audit b
ends "the audit log is whole" 0 ent b audit verify
is "nobody is exposed" "$(for m in a b; do ent "$m" status --json | jq -c '.members[].exposed'; done | sort | uniq -c | xargs)" "4 false"
# Whoever began to vote for two texts may have to give a round up; in the next one it is proposed anew.
decided() {
    for m in b a b a; do ent "$m" pact vote; done
    [ "$(pact_version a)" -gt 1 ] && [ "$(pact_version a)" = "$(pact_version b)" ] && return
    for m in b a; do ent "$m" pact vote --next-round; done
    ent b pact propose --budget 9100000/30
    return 1
}
if wait_for 30 decided; then ok "a vote comes to its end"; else
    not_ok "a vote comes to its end" "$(for m in b a; do ent "$m" pact status; ent "$m" pact vote; done 2>&1)"
fi
stop_node
is "the node ends" "$rc" 0
refute "with all of it" pgrep -P "$node"
is "the store is sound" "$(python3 -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check").fetchone()[0])' "$T/b/store.db")" ok
done_testing
