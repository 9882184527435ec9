#!/usr/bin/env bash
# test_metrics.sh: what a running node tells machines: figures for Prometheus from all of its
# processes, also while one of them hangs or has died; health; and a webhook, with a receiver that
# refuses, is away and comes back.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2016,SC2317
. tests/e2e/lib.sh

command -v curl >/dev/null || { skip "metrics" "there is no curl"; done_testing; }
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY
users_listen=127.0.0.1:0

# --- tools ---------------------------------------------------------------------------------------

# Prometheus' text format, 0.0.4, as its documentation has it; prints what is wrong.
cat >"$T/grammar.py" <<'PY'
import re, sys
sample = re.compile(r'([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?[\d.e+-]+|NaN|[+-]Inf)')
types, family, seen, n = {}, None, set(), 0
for line in sys.stdin.read().split("\n")[:-1]:
    if line.startswith("# HELP "):
        family = line.split(" ", 3)[2]
    elif line.startswith("# TYPE "):
        _, _, name, kind = line.split(" ")
        if name != family or name in types or kind not in ("counter", "gauge", "histogram"):
            sys.exit("a type out of place: " + line)
        types[name] = kind
    else:
        m = sample.fullmatch(line)
        base = re.sub(r"_(bucket|sum|count)$", "", m[1]) if m and types.get(family) == "histogram" else m and m[1]
        if not m or base != family or family not in types or (m[1], m[2]) in seen:
            sys.exit("no sample: " + line)
        seen.add((m[1], m[2]))
        n += 1
sys.exit(0 if n > 100 else "only %d samples" % n)
PY

# A receiver: each POST becomes $T/got/<n>.json and .sig; the answer's status is in $T/status.
cat >"$T/receiver.py" <<'PY'
import http.server, os, sys
top = sys.argv[1]
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(top + "/status") as f:
            status = int(f.read())
        n = len(os.listdir(top + "/got")) // 2
        for end, what in ((".sig", self.headers["Entente-Signature"].encode()), (".json", body)):
            with open("%s/got/%03d%s" % (top, n, end), "wb") as f:
                f.write(what)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *a):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Hook)
with open(top + "/hook.port", "w") as f:
    f.write(str(server.server_port))
server.serve_forever()
PY
mkdir "$T/got"
receiver() {
    rm -f "$T/hook.port"
    echo "$1" >"$T/status"
    python3 "$T/receiver.py" "$T" "${hook_port:-0}" &
    receiver=$!
    pids+=("$receiver")
    wait_for 10 test -s "$T/hook.port"
    hook_port=$(cat "$T/hook.port")
}
# got EXPRESSION: a delivery for which jq says true
got() { cat "$T"/got/*.json 2>/dev/null | jq -se "any(.[]; $1)" >/dev/null; }
ids() { cat "$T"/got/*.json | jq -r "select($1) | .id"; }

users() {
    rm -f "$T/$1.users"
    start_node "$1" --users-port-file "$T/$1.users"
    base=https://127.0.0.1:$(cat "$T/$1.users")
    openssl s_client -connect "${base#https://}" </dev/null 2>/dev/null | openssl x509 >"$T/$1.pem" 2>/dev/null
    pem=$T/$1.pem
}
ask() { curl -s -m 30 -o "$T/body" -w '%{http_code}' --cacert "$pem" "${@:2}" "$base$1"; }
page() { [ "$(ask /metrics "${auth[@]}")" = 200 ]; }
# figure SERIES: as it is now
figure() { page && awk -v s="$1" '$1 == s { print $2; n = 1 } END { exit !n }' "$T/body"; }
above() { [ "$(figure "$1")" -gt "$2" ]; }
exactly() { [ "$(figure "$1")" = "$2" ]; }
# child ROLE: a process of the last node
child() {
    local p
    for p in $(tr ' ' '\n' <"/proc/$node/task/$node/children"); do
        [ "$(cat "/proc/$p/comm")" = "entente: $1" ] && echo "$p" && return
    done
    return 1
}

# --- two members ---------------------------------------------------------------------------------

printf 'correct horse battery\n' >"$T/pw"
chmod 600 "$T/pw"
openssl rand -hex 32 >"$T/secret"
secret=$(cat "$T/secret")
receiver 204
hook="webhook_url = http://127.0.0.1:$hook_port/hook"
nodes a b && found a b && "$bin" import --home "$T/b" "$jar" >/dev/null && release_jar b &&
    ok "two members" || not_ok "two members"
stop_node
stop_node_of a
configure b "gossip_seconds = 1" "$hook" "webhook_secret = $T/secret" "match_workers = 1" "release_needs_two = yes"
"$bin" user add feeds --home "$T/b" --role reader >/dev/null
"$bin" user add eva --home "$T/b" --role releaser --password-file "$T/pw" >/dev/null
"$bin" user token feeds prometheus --home "$T/b" >"$T/token" && chmod 600 "$T/token"
auth=(-H "Authorization: Bearer $(cat "$T/token")")
start_node a
users b

# --- figures -------------------------------------------------------------------------------------

is "nobody gets figures" "$(ask /metrics)" 401
is "a reader does" "$(ask /metrics "${auth[@]}")" 200
check "as Prometheus reads them" python3 "$T/grammar.py" <"$T/body"
for role in parent front api ledger keeper; do
    check "with those of the $role" wait_for 5 above "process_resident_memory_bytes{role=\"$role\"}" 100000
done
is "the pact" "$(figure entente_pact_version)" 1
is "who is known to be a member" "$(grep -o '^entente_member_exposed{.*' "$T/body")" 'entente_member_exposed{member="a"} 0'
check "who is reached" wait_for 20 exactly 'entente_member_reachable{member="a"}' 1
is "nobody has been refused a match" "$(figure 'entente_match_runs_total{outcome="refused"}')" 0

entries=$(figure entente_log_entries)
ends "a match" 0 "$bin" match --home "$T/a" b --from <(printf 'entente/observed@v1\nipv4 109.163.234.2\nipv4 109.163.234.3\n')
for outcome in accepted finished; do
    check "is counted: $outcome" wait_for 5 exactly "entente_match_runs_total{outcome=\"$outcome\"}" 1
done
is "with its items" "$(figure entente_match_items_total)" 2
check "and so is what the log got" above entente_log_entries "$entries"
check "and the other one's" wait_for 20 above 'entente_member_head_timestamp_seconds{member="a"}' $(($(date +%s) - 100))
check "and the members' requests" above 'entente_http_requests_total{port="members",code="2xx"}' 1

before=$(figure 'entente_http_requests_total{port="users",code="4xx"}')
ask /taxii2/ >/dev/null
is "one of a user's that is refused" "$(figure 'entente_http_requests_total{port="users",code="4xx"}')" $((before + 1))
before=$(figure 'entente_http_request_seconds_count{port="users"}')
is "all take their time" "$(figure 'entente_http_request_seconds_count{port="users"}')" $((before + 1))
is "a path with two spellings is refused" "$(ask /a/../b --path-as-is)" 400
is "and counted" "$(figure 'entente_http_refused_total{kind="path"}')" 1

printf '80.7.7.7\n80.7.7.8\n' >"$T/more.txt"
before=$(figure 'entente_indicators{type="ipv4",tlp="red"}')
"$bin" import --home "$T/b" --tlp red "$T/more.txt" >/dev/null
check "an import of another process comes in within 15 s" \
    wait_for 20 exactly 'entente_indicators{type="ipv4",tlp="red"}' $((before + 2))

stop_node_of a
node=${node_of[b]}
check "who stops is reached no more" wait_for 30 exactly 'entente_member_reachable{member="a"}' 0

# --- a process that dies, or hangs ---------------------------------------------------------------

is "nobody has died" "$(figure 'entente_restarts_total{role="match"}')" 0
alerts=$(figure 'entente_log_records_total{level="alert"}')
kill -KILL "$(child match)"
check "a match that dies is counted" wait_for 10 exactly 'entente_restarts_total{role="match"}' 1
check "and so is that the log says so" above 'entente_log_records_total{level="alert"}' "$alerts"
is "the node is ready" "$(ask /ready)" 200
ledger=$(child ledger)
kill -STOP "$ledger"
is "without a ledger requests are answered" "$(ask /health) $(cat "$T/body")" '200 ok'
is "but it is not ready" "$(ask /ready) $(cat "$T/body")" '503 not available now: ledger'
is "and there are figures" "$(ask /metrics "${auth[@]}")" 200
check "in the same grammar" python3 "$T/grammar.py" <"$T/body"
refute "none of the ledger" grep -q 'entente_pact_version\|role="ledger"} [0-9]*\.' "$T/body"
check "but the keeper's" grep -q '^entente_sources [1-9]' "$T/body"
kill -CONT "$ledger"
ready() { [ "$(ask /ready)" = 200 ]; }
check "it goes on" wait_for 20 ready
is "with its figures" "$(figure entente_pact_version)" 1
kill -KILL "$(child keeper)"
check "a keeper that dies comes back" wait_for 20 exactly 'entente_restarts_total{role="keeper"}' 1
check "and the node is ready again" wait_for 20 ready

# --- a webhook -----------------------------------------------------------------------------------

check "the webhook was told of the match" wait_for 10 got '.event == "match" and .about.event == "match-finished" and .about.partner == "a"'
check "and of the pact" wait_for 10 got '.event == "pact" and .about.version == 1 and .about.members == 2 and .node == "b"'
is "once, though it was read three times" "$(ids '.event == "pact"' | wc -l)" 1
signed=0
for f in "$T"/got/*.json; do
    t=$(sed 's/^t=\([0-9]*\),.*/\1/' "${f%.json}.sig")
    mac=$({ printf '%s.' "$t"; cat "$f"; } | openssl dgst -sha256 -hmac "$secret" | sed 's/.* //')
    [ "$(cat "${f%.json}.sig")" = "t=$t,v1=$mac" ] && [ $(($(date +%s) - t)) -lt 300 ] && signed=$((signed + 1))
done
is "each one is signed" "$signed" "$(find "$T/got" -name '*.json' | wc -l)"

printf '80.7.6.5\n' >"$T/green.txt"
"$bin" import --home "$T/b" --tlp green "$T/green.txt" >/dev/null
printf 'x 80.7.6.5 y\n' >"$T/seen.log"
"$bin" watch --home "$T/b" "$T/seen.log" >/dev/null 2>&1
check "what another process sees" wait_for 10 got '.event == "sighting" and .about.value == "80.7.6.5" and .about.tlp == "TLP:GREEN"'
printf 'x 80.7.7.7 y\n' >"$T/red.log"
"$bin" watch --home "$T/b" "$T/red.log" >/dev/null 2>&1
check "RED is told of, and no more" wait_for 10 got '.event == "sighting" and .about == {"tlp": "TLP:RED", "withheld": true}'
refute "in no delivery" grep -q '80\.7\.7\.7\|red\.log' "$T"/got/*.json
check "deliveries are counted" wait_for 5 above 'entente_webhook_deliveries_total{outcome="delivered"}' 1
is "and nothing waits" "$(figure entente_webhook_queue)" 0

"$bin" import --home "$T/b" --source odd --tlp green <(sed 1q "$jar"; sed 1d "$jar") >/dev/null 2>&1
ends "a release that wants a second person" 0 "$bin" release --home "$T/b" odd --by eva --reason "checked" --password-file "$T/pw"
check "is told" wait_for 10 got '.event == "release-waiting" and .about.source == "odd" and .about.by == "eva"'

# A receiver that refuses gets it again; one that is away, when it is back.
echo 500 >"$T/status"
printf 'x 80.7.6.5 y\n' >"$T/second.log"
"$bin" watch --home "$T/b" "$T/second.log" >/dev/null 2>&1
second='.event == "sighting" and (.about.log // "" | endswith("second.log"))'
check "a receiver that refuses" wait_for 10 got "$second"
check "is counted" wait_for 5 above 'entente_webhook_deliveries_total{outcome="failed"}' 0
is "and it waits" "$(figure entente_webhook_queue)" 1
kill "$receiver"
wait "$receiver" 2>/dev/null
failures=$(figure 'entente_webhook_deliveries_total{outcome="failed"}')
check "nor is one that is away" wait_for 30 above 'entente_webhook_deliveries_total{outcome="failed"}' "$failures"
receiver 204
delivered() { [ "$(ids "$second" | wc -l)" = 2 ] && [ "$(figure entente_webhook_queue)" = 0 ]; }
check "when it is back it gets what waited" wait_for 60 delivered
is "under the same id" "$(ids "$second" | sort -u | wc -l)" 1

# --- who sends -----------------------------------------------------------------------------------

front=$(child front)
fetch=$(cat "/proc/$front/task/$front/children")
is "sockets to the receiver are a process's of its own" "$(cat "/proc/${fetch% }/comm")" "entente: fetch"
sandbox=$(grep -E '^(Seccomp|NoNewPrivs|CapEff):' "/proc/${fetch% }/status" | tr -d '\n\t')
is "in a sandbox" "$sandbox" 'CapEff:0000000000000000NoNewPrivs:1Seccomp:2'
[ "$(id -u)" -ne 0 ] || refute "and not root" grep -q '^Uid:.0' "/proc/${fetch% }/status"
kill -KILL "$front"
gone() { ! grep -q '^State:.[^ZX]' "/proc/${fetch% }/status"; } # whoever has to wait for it may be slow
check "which ends with the front" wait_for 10 gone
check "the next one is ready" wait_for 20 ready
printf 'x 80.7.6.5 y\n' >"$T/third.log"
"$bin" watch --home "$T/b" "$T/third.log" >/dev/null 2>&1
check "and delivers" wait_for 20 got '.about.log // "" | endswith("third.log")'
front=$(child front)
fetch=$(cat "/proc/$front/task/$front/children")
kill -KILL "${fetch% }"
printf 'x 80.7.6.5 y\n' >"$T/fourth.log"
"$bin" watch --home "$T/b" "$T/fourth.log" >/dev/null 2>&1
stopped() { grep -q 'level=alert event=webhook-stopped .*seconds=[1-9]' "$T/b.log"; }
check "one that dies is told of" wait_for 20 stopped
is "and takes nothing else with it" "$(ask /ready)-$(child front)" "200-$front"
kill -HUP "$node"
check "after a reload what waited is sent" wait_for 30 got '.about.log // "" | endswith("fourth.log")'
stop_node
is "the node ends well" "$rc" 0

# --- settings ------------------------------------------------------------------------------------

configure b "metrics_open = yes"
auth=()
users b
is "open figures need no account" "$(ask /metrics)" 200
check "in the same grammar" python3 "$T/grammar.py" <"$T/body"
n=$(find "$T/got" -name '*.json' | wc -l)
"$bin" watch --home "$T/b" "$T/fourth.log" "$T/seen.log" >/dev/null 2>&1
printf 'x 80.7.6.5 y\n' >"$T/fifth.log"
"$bin" watch --home "$T/b" "$T/fifth.log" >/dev/null 2>&1
sleep 2
is "without a webhook nothing is told" "$(find "$T/got" -name '*.json' | wc -l)" "$n"
is "nor queued" "$(figure entente_webhook_queue)" 0
stop_node
printf 'short\n' >"$T/secret"
configure b "$hook" "webhook_secret = $T/secret"
ends "a secret that is none" 3 "$bin" serve --home "$T/b" --listen 127.0.0.1:0
told "is refused" "entente: $T/secret:1: its first line is no secret: 16 to 512 visible characters of ASCII"
configure b "$hook" "webhook_secret = $T/nothing"
ends "a secret that is not there" 5 "$bin" serve --home "$T/b" --listen 127.0.0.1:0
done_testing
