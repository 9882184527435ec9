#!/usr/bin/env bash
# test_match.sh: two members and a running node: what each learns, what is refused, what is kept,
# and what happens when either side or the network breaks off.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

match() { "$bin" match --home "$T/a" "$@"; }
# since MARK: what the holder has logged since then
mark() { wc -l <"$T/b.log"; }
since() { tail -n "+$(($1 + 1))" "$T/b.log"; }
# acts NAME: how much it has said
acts() { [ ! -e "$T/$1/lock/1/checkpoint" ] && echo 0 || sed -n 2p "$T/$1/lock/1/checkpoint"; }
runs() { find "$T/$1/runs" -mindepth 1 -maxdepth 1 | wc -l; }

pair a b && ok "two members found a pact" || not_ok "two members found a pact"
ends "nothing was seen yet" 5 match b
told "and that is said" "entente: nothing to ask about yet: \`entente watch --observe-file FILE LOG...\` collects what was seen"
"$bin" watch --home "$T/a" --observe-file "$T/seen" "$apache" >/dev/null 2>&1

# --- what is learned -----------------------------------------------------------------------------

m=$(mark)
ends "a match on a real log" 0 match b
cp "$T/out" "$T/first"
tells "finds 109.163.234.2" '^  109\[\.\]163\[\.\]234\[\.\]2 +IP_WATCHLIST +TLP:CLEAR +-  It is recommended that network administrators' "$T/out"
tells "and 109.74.151.149" '^  109\[\.\]74\[\.\]151\[\.\]149 +IP_WATCHLIST ' "$T/out"
tells "and no more" "^2 of 2,685 asked are on b's list of 915; b learned only that 2,685 were asked\.$" "$T/out"
tells "and says what it cost" ' sent, .* received; signed record in runs/[0-9a-f]{32}$' "$T/out"
check "without a word on standard error" test ! -s "$T/err"
since "$m" | grep match- | sed -E 's/time=[^ ]+/time=T/; s/run=[0-9a-f]{32}/run=R/' >"$T/logged"
is "the holder logs how many were asked" "$(cat "$T/logged")" \
    "time=T level=info event=match-accepted partner=a asked=2685 run=R
time=T level=info event=match-finished partner=a asked=2685 run=R"
ends "the same as JSON" 0 match b --json
is "with both hits and their labels" "$(jq -c '[.partner, .asked, .theirs, (.hits | map([.observable, .type, .kind, .tlp, .label_opens]))]' "$T/out")" \
    '["b",2685,915,[["109.163.234.2","ipv4","IP_WATCHLIST","TLP:CLEAR",true],["109.74.151.149","ipv4","IP_WATCHLIST","TLP:CLEAR",true]]]'
for types in ip:1770:2 domain:227:0 url:672:0 hash:10:0 domain,email:233:0; do
    IFS=: read -r names asked hits <<<"$types"
    run match b --json --types "$names"
    [ "$rc-$(jq -r '"\(.asked):\(.hits | length)"' "$T/out")" = "0-$asked:$hits" ] || break
    types=all
done
is "--types asks about these only" "$types" all
ends "types of which nothing was seen" 5 match b --types ipv6
told "are nothing to ask" "entente: $T/seen: holds nothing of the types to ask about"
ends "padded" 0 match b --json --pad
is "it asks a power of two and finds the same" "$(jq -c '[.asked, (.hits | length)]' "$T/out")" '[4096,2]'
gzip -c "$T/seen" >"$T/seen.gz"
ends "a compressed set" 0 match b --json --from "$T/seen.gz"
is "is the same set" "$(jq -c '[.asked, (.hits | length)]' "$T/out")" '[2685,2]'

cat >"$T/private.py" <<'PY'
# private.py FILE-OF-OBSERVABLES PATH...: none of them may stand in any of these files, in the form
# of a match or as bare text.
import os, re, sys
values = [l.split(" ", 1)[1].rstrip("\n") for l in open(sys.argv[1]) if l.count(" ") >= 1]
blobs = []
for path in sys.argv[2:]:
    for root, _, names in os.walk(path) if os.path.isdir(path) else [("", 0, [path])]:
        blobs += [(os.path.join(root, n), open(os.path.join(root, n), "rb").read()) for n in names]
tokens = {name: set(re.findall(rb"[A-Za-z0-9._:/@?&=%+-]{6,}", blob)) for name, blob in blobs}
bad = [(v, name) for v in values for name, seen in tokens.items()
       if v.encode() in seen or any(len(v) > 15 and v.encode() in t for t in seen)]
print(len(values), bad[:5])
sys.exit(1 if bad or not values else 0)
PY
store_dump b | python3 -c 'import ast, sys
for line in sys.stdin: print("x", ast.literal_eval(line)[1])' >"$T/known"
sort -u <(cut -d' ' -f2- "$T/known") >"$T/known.values"
awk -v known="$T/known.values" 'BEGIN { while ((getline l < known) > 0) k[l] = 1 }
    NR > 1 { v = $0; sub(/^[^ ]* /, "", v); if (!(v in k)) print }' "$T/seen" >"$T/asked"
is "2,683 of what was asked is unknown to the holder" "$(wc -l <"$T/asked")" 2683
check "and nowhere in the holder's home or log" python3 "$T/private.py" "$T/asked" "$T/b" "$T/b.log"
grep -vxF -e 'x 109.163.234.2' -e 'x 109.74.151.149' "$T/known" >"$T/unhit"
check "nor is the holder's list, but for the hits, with the asker" python3 "$T/private.py" "$T/unhit" "$T/a" "$T/first"
is "the asker keeps the hits" "$(cat "$T"/a/runs/*/hits | sort -u | tr '\n' ' ')" "ipv4:109.163.234.2 ipv4:109.74.151.149 "
n=$(runs a)
is "both keep a record of each run" "$n" "$(runs b)"
is "whose acts verify with the asker" "$("$peers/audit" "$T/a")" "$((2 * n)) acts, $n runs"
is "and with the holder" "$("$peers/audit" "$T/b")" "$((2 * n)) acts, $n runs"
is "records are their owners' alone" "$(find "$T/a/runs" "$T/b/runs" "$T/a/log" "$T/a/lock" -type f -printf '%m\n' | sort -u)" 600

echo 'www.elastic.co' >"$T/more.txt"
grep -q '^domain' "$T/seen" && name=$(grep -m1 '^domain' "$T/seen" | cut -d' ' -f2) && echo "$name" >"$T/more.txt"
"$bin" import --home "$T/b" "$T/more.txt" >/dev/null
run match b --json --types domain
is "what is unmarked cannot be matched" "$rc-$(jq -c '[.theirs, (.hits | length)]' "$T/out")" "0-[10,0]"
"$bin" import --home "$T/b" --source other --tlp green --confidence 80 "$T/more.txt" >/dev/null
run match b --json --types domain
is "what is green can, at once" "$rc-$(jq -c '[.theirs, (.hits | map([.observable, .tlp, .confidence]))]' "$T/out")" \
    "0-[11,[[\"$name\",\"TLP:GREEN\",80]]]"

# --- what is asked -------------------------------------------------------------------------------

m=$(mark) before=$(digest "$T/a") n=$(acts a)
ends "--dry-run" 0 match b --dry-run
tells "says what would be asked" '^would ask b about 1,770 ipv4, 227 domain, 672 url, 6 email, 7 md5, 3 sha1$' "$T/out"
tells "and what is left" '^  charged 2,685 of 9[0-9]{2},[0-9]{3} left in this period$' "$T/out"
ends "the same as JSON" 0 match b --dry-run --json --types domain
is "by type" "$(jq -c '[.asked, .charged, .budget]' "$T/out")" '[{"domain":227},227,1000000]'
is "sends nothing" "$(since "$m")$(acts a)" "$n"
is "and changes nothing" "$(digest "$T/a")" "$before"

printf 'entente/observed@v1\nipv4 1.2.3.4\nipv4 1.2.3.4\n' >"$T/twice"
printf 'entente/observed@v1\nipv4 9.9.9.9\ndomain Evil.example.com\n' >"$T/upper"
printf 'entente/observed@v1\nipv4 9.9.9.9\nipv4 1.2.3.4\n' >"$T/unsorted"
printf 'entente/observed@v1\nipv4 9.9.9' >"$T/cut"
printf 'entente/observed@v1\nipv4 9.9.9.9\nfrob x\n' >"$T/frob"
for f in twice:3 upper:3 unsorted:3 frob:3; do
    run match b --from "$T/${f%:*}"
    [ "$rc-$(cat "$T/err")" = "3-entente: $T/${f%:*}:3: not a line of an observation set, or out of order" ] || break
    f=all
done
is "a set that is not canonical is refused" "$f" all
ends "so is one that is cut" 3 match b --from "$T/cut"
told "in the middle of a line" "entente: $T/cut:2: observation set ends in the middle of a line"
ends "one that is none" 3 match b --from "$apache"
told "is told how to make one" "entente: $apache:1: not an observation set (entente watch --observe-file makes one)"
ends "one that is not there" 5 match b --from "$T/none"
printf 'entente/observed@v1\n' >"$T/empty"
ends "an empty one" 5 match b --from "$T/empty"
ends "no partner" 2 match
ends "a mode that is none" 2 match b --mode count
ends "types that are none" 2 match b --types frob
ends "too many threads" 2 match b --threads 99
ends "oneself" 4 match a
ends "a stranger" 4 match $'x\e[m'
told "by name, harmless" "entente: x\\x1b[m: is no partner in the pact (\`entente pact show\` lists them)"
ends "a result that cannot be printed" 5 sh -c "'$bin' match --home '$T/a' b --json --types email >/dev/full"

# --- who may ask ---------------------------------------------------------------------------------

member c && export_card c
member d && export_card d
"$bin" pact propose --home "$T/a" --add "$T/d.member" --threshold 2 >/dev/null && sworn a b
"$bin" pact export --home "$T/b" --output "$T/chain"
check "one who was voted in joins with all versions" "$bin" pact vote --home "$T/d" "$T/chain"
ends "and asks at once, without a restart" 0 "$bin" match --home "$T/d" b --from "$T/seen" --json
is "and is answered" "$(jq '.hits | length' "$T/out")" 3
"$bin" pact propose --home "$T/a" --remove d >/dev/null
check "it is voted out" sworn a b
m=$(mark) n=$(runs d)
ends "and not let in any more" 4 "$bin" match --home "$T/d" b --from "$T/seen"
told "before any request" "entente: b: the server refused our key"
is "which leaves no trace" "$(since "$m" | grep match-)$(runs d)" "$n"
"$bin" pact propose --home "$T/a" --add "$T/c.member" --threshold 2 >/dev/null && sworn a b
"$bin" pact export --home "$T/b" --output "$T/chain"
check "another one joins" "$bin" pact vote --home "$T/c" "$T/chain"

# --- two at once ---------------------------------------------------------------------------------

match b --json --types ip >"$T/1.out" 2>&1 & one=$!
match b --json --types domain >"$T/2.out" 2>&1 & two=$!
"$bin" match --home "$T/c" b --json --from "$T/seen" >"$T/3.out" 2>&1 & three=$!
wait $one; one=$?
wait $two; two=$?
wait $three; three=$?
is "three matches at once, two of one home" "$one$two$three-$(jq '.hits | length' "$T/1.out" "$T/2.out" "$T/3.out" | tr '\n' ' ')" "000-2 1 3 "
n=$(runs a)
is "no number is given twice" "$("$peers/audit" "$T/a")" "$(acts a) acts, $n runs"

# An overtaken offer: the holder has decided on a later number already.
python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE fact SET value = ? WHERE key = ?", (int(sys.argv[2]) + 2, "sequence/a")); db.commit()' "$T/b/store.db" "$(acts a)"
m=$(mark)
ends "an offer that was overtaken is made again" 0 match b --types email
is "by its number" "$(since "$m" | grep -c 'reason=stale$')" 2

# --- budgets -------------------------------------------------------------------------------------

spent() { python3 -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT sum(items) FROM budget WHERE partner = ? AND direction = 0", (sys.argv[2],)).fetchone()[0])' "$T/b/store.db" "$1"; }
# budget ITEMS: for everybody, decided by everybody
budget() { "$bin" pact propose --home "$T/a" --budget "$1/30" >/dev/null && sworn a b c; }
used=$(spent a)
check "a budget is voted on" budget $((used + 3000))
ends "within the budget" 0 match b
is "what was asked is charged" "$(spent a)" $((used + 2685))
m=$(mark) n=$(runs a)
ends "beyond it" 4 match b
told "is refused, and why" "entente: b: more items than are left of this period's budget"
is "and recorded by nobody as a run" "$(runs a)-$(runs b)" "$n-$(find "$T/b/runs" -name result | wc -l)"
tells "the holder logs the reason" 'level=info event=match-refused partner=a asked=2685 reason=budget$' <(since "$m")
stop_node KILL
start_node b
url="https://127.0.0.1:$port"
ends "not even a kill of the node gives a second helping" 4 match b --url "$url"
ends "what is left can be used" 0 match b --url "$url" --types domain
is "to the last item" "$(spent a)" $((used + 2685 + 227))
ends "another partner has a budget of its own" 0 "$bin" match --home "$T/c" b --url "$url" --from "$T/seen"
check "it is raised again" budget 1000000

# --- wrong addresses -----------------------------------------------------------------------------

ends "a URL that is none" 2 match b --url http://127.0.0.1:1
tells "is said" '^entente match: an address has the form https://host:port, not: http://127\.0\.0\.1:1$'
ends "nobody there" 5 match b --url https://127.0.0.1:1
told "is said" "entente: b: no connection to the server"
ends "a card without an address" 5 "$bin" match --home "$T/b" a --from "$T/seen"
told "needs one" "entente: a: its card has no address; --url gives one"
keep_node=$node keep_port=$port
start_node c
ends "another member at that address" 4 match b --url "https://127.0.0.1:$port"
told "is not whom was asked" "entente: b: the server's key is not the one expected"
is "and was told nothing" "$(grep -c match "$T/c.log")" 0
stop_node
node=$keep_node port=$keep_port
python3 -c '
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(9)
print(s.getsockname()[1], flush=True)
while True:
    c = s.accept()[0]; c.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 50); c.close()' >"$T/junk.port" &
pids+=("$!")
wait_for 10 test -s "$T/junk.port"
ends "something else at that address" 5 match b --url "https://127.0.0.1:$(cat "$T/junk.port")"
tells "is one clear error" '^entente: b: (the TLS handshake failed|the connection broke before the answer was whole)$'

# --- broken connections --------------------------------------------------------------------------

# between UP|DOWN BYTES HOW [once]: a proxy; its URL in $proxy
between() {
    rm -f "$T/proxy.port"
    "$peers/halfway" "$T/proxy.port" "$port" "$@" &
    pids+=("$!")
    wait_for 10 test -s "$T/proxy.port"
    proxy="https://127.0.0.1:$(cat "$T/proxy.port")"
}
stop_node
configure b "run_seconds = 4" "match_workers = 8" # what breaks off keeps its place for so long
start_node b
bad="" before=$(spent a)
for at in "up 0" "up 700" "up 2500" "up 4000" "up 60000" "up 92000" "down 0" "down 1200" "down 2800" "down 50000" "down 100000" "down 150000" "down 152000"; do
    # shellcheck disable=SC2086
    between $at cut once
    run match b --url "$proxy" --json --threads 1
    [ "$rc-$(jq '.hits | length' "$T/out" 2>/dev/null)" = 0-3 ] || bad+=" $at:$rc"
done
is "a connection that breaks anywhere is made again" "$bad" ""
is "and each run is charged once" $((($(spent a) - before) / 13)) 2685
is "and recorded once" "$("$peers/audit" "$T/a")" "$(acts a) acts, $(runs a) runs"
bad=""
for at in "up 12000" "down 9000" "down 50000" "down 60000"; do
    n=$(runs a) k=$(acts a)
    # shellcheck disable=SC2086
    between $at cut
    run match b --url "$proxy" --types domain,ip --threads 1
    [ "$rc-$(wc -l <"$T/err")-$(runs a)-$(acts a)" = "5-1-$n-$((k + 1))" ] || bad+=" $at:$rc-$(runs a)-$(acts a)"
done
is "one that always breaks ends it with one error, and nothing but the offer is kept" "$bad" ""
bad=""
for at in "up 2500" "up 60000" "down 1200" "down 60000"; do
    # shellcheck disable=SC2086
    between $at flip once
    run match b --url "$proxy" --json --threads 1
    [ "$rc-$(jq '.hits | length' "$T/out" 2>/dev/null)" = 0-3 ] || [ "$rc" = 5 ] || bad+=" $at:$rc"
done
is "a changed bit never passes" "$bad" ""

begun() { since "$m" | grep -q 'event=match-accepted'; }
# halted SIGNAL WHOM: a match that hangs in the middle, until the asker or the holder is signalled
halted() {
    between down 30000 hang
    "$bin" match --home "$T/a" b --url "$proxy" --threads 1 >"$T/out" 2>"$T/err" &
    local asker=$!
    pids+=("$asker")
    wait_for 20 begun
    sleep 0.3 # until the answer that hangs
    if [ "$2" = asker ]; then kill "-$1" $asker; else kill "-$1" "$node"; fi
    wait $asker 2>/dev/null
    rc=$?
}
m=$(mark) n=$(runs a) k=$(acts a)
halted INT asker
is "Ctrl-C in a match exits with 130" "$rc" 130
is "and keeps nothing but the offer" "$(runs a)-$(acts a)" "$n-$((k + 1))"
m=$(mark) n=$(runs a) k=$(acts a)
halted KILL asker
is "a kill keeps nothing else" "$(runs a)-$(acts a)" "$n-$((k + 1))"
forgotten() { [ "$(since "$m" | grep -c 'event=match-expired partner=a')" -ge 1 ]; }
check "the node forgets such a run" wait_for 30 forgotten
ends "the node goes on with the next match" 0 match b --url "https://127.0.0.1:$port"
m=$(mark) n=$(runs a) k=$(acts a)
halted KILL holder
is "a holder that dies ends the asker" "$rc" 5
tells "with one clear error" '^entente: b: (no connection to the server|the connection broke before the answer was whole|the TLS handshake failed)$'
is "and one line" "$(wc -l <"$T/err")" 1
is "and nothing but the offer is kept" "$(runs a)-$(acts a)" "$n-$((k + 1))"
start_node b --pad
ends "the node starts again" 0 match b --url "https://127.0.0.1:$port" --json
is "and hides its size when told so" "$(jq -c '[.theirs, (.hits | length)]' "$T/out")" '[1024,3]'
m=$(mark)
SECONDS=0
halted TERM holder
is "a holder that is stopped ends the asker too" "$rc" 5
wait "$node"
is "and itself, with exit code 0" $? 0
check "soon" test $SECONDS -lt 20

# --- no space ------------------------------------------------------------------------------------

# An asker whose disk takes four files of the record, and no more.
start_node b
url="https://127.0.0.1:$port"
if mkdir -p "$T/small" && mount -t tmpfs -o size=8m none "$T/small" 2>/dev/null; then
    cp -r "$T/a" "$T/small/a"
    full() { "$bin" match --home "$T/small/a" b --url "$url" --from "$T/seen" "$@"; }
    ends "a home on a small disk" 0 full
    used=$(df --output=iused "$T/small" | tail -1)
    # store.db has two more files while it is open; two acts, the directory, the four files
    mount -o "remount,nr_inodes=$((used + 2 + 2 + 1 + 4))" "$T/small"
    n=$(find "$T/small/a/runs" -mindepth 1 | wc -l)
    run full --json
    is "a record that does not fit on the disk" "$rc-$(cat "$T/err")" "5-entente: b: cannot create: No space left on device"
    is "is not kept by half" "$(find "$T/small/a/runs" -mindepth 1 | wc -l)" "$n"
    mount -o "remount,nr_inodes=$((used + 100))" "$T/small"
    ends "with more space the next match works" 0 full
    umount "$T/small"
else
    skip "a record that does not fit on the disk" "a tmpfs needs root"
fi
stop_node

# --- the node ------------------------------------------------------------------------------------

start_node b
ends "a port that is taken" 5 "$bin" serve --home "$T/c" --listen "127.0.0.1:$port"
ends "an address that is none" 3 "$bin" serve --home "$T/c" --listen nowhere
is "ready is logged" "$(grep event=ready "$T/b.log" | tail -1 | sed -E 's/time=[^ ]+/time=T/')" "time=T level=info event=ready member=b port=$port"
stop_node INT
is "Ctrl-C stops it with exit code 0" "$rc" 0
refute "and nobody listens any more" sh -c "exec 3<>/dev/tcp/127.0.0.1/$port"
is "every act of the holder still verifies" "$("$peers/audit" "$T/b" | grep -c 'acts,\|result')" 1
refute "no log line holds what was asked" python3 -c '
import sys; log = open(sys.argv[1]).read()
sys.exit(0 if any(l.split(" ", 1)[1].strip() in log for l in list(open(sys.argv[2]))[1:]) else 1)' "$T/b.log" "$T/seen"

done_testing
