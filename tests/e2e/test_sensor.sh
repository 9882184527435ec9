#!/usr/bin/env bash
# test_sensor.sh: the inputs of `entente watch`: compressed, followed, directories, captures, sockets,
# the journal; several cores; Ctrl-C and progress.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

bad=109.163.234.2
member a
"$bin" import --home "$T/a" "$jar" >/dev/null
watch() { "$bin" watch --home "$T/a" "$@"; }
plain() { jq -c 'del(.file)' "$1"; }
run watch "$apache"
want=$(plain "$T/out")

# begin OPTION...: a watch in the background, its output in $T/live; process in $p
begin() {
    : >"$T/live"
    "$bin" watch --home "$T/a" "$@" >"$T/live" 2>"$T/live.err" </dev/null &
    p=$!
    pids+=("$p")
}
# comes NAME N: so many hits come
comes() {
    wait_for 60 sh -c "[ \$(wc -l <'$T/live') -ge $2 ]"
    is "$1" "$(wc -l <"$T/live")" "$2"
}
# stops NAME: Ctrl-C ends it with 130
stops() {
    kill -INT "$p"
    wait "$p" 2>/dev/null
    is "$1" $? 130
}

# --- files ---------------------------------------------------------------------------------------

xz -c "$apache" >"$T/log.xz"
{ head -5000 "$apache" | xz -c; tail -n +5001 "$apache" | xz -c; } >"$T/two.xz"
for f in "$T/log.xz" "$T/two.xz"; do
    run watch "$f"
    [ "$rc-$(plain "$T/out")" = "1-$want" ] || break
    watch <"$f" >"$T/out" 2>"$T/err"
    [ "$?-$(plain "$T/out")" = "1-$want" ] || break
    f=all
done
is "xz, from file and standard input, gives the same as the log" "$f" all
head -c 100000 "$T/log.xz" >"$T/cut.xz"
ends "a log that is cut" 3 watch "$T/cut.xz"
told "is an error" "entente: $T/cut.xz: compressed data ends too early (at byte 100000)"
check "behind what was found in it" test -s "$T/out"
for c in gzip zstd xz; do
    { echo "$bad"; head -c 300000000 /dev/zero; } | "$c" -c >"$T/bomb"
    ends "a bomb ($c)" 3 watch "$T/bomb"
    tells "is refused ($c)" 'compressed data grows beyond the limit'
done

mkdir "$T/logs"
cp "$apache" "$T/logs/access.log"
gzip -c "$apache" >"$T/logs/access.log.1.gz"
gzip -c "$apache" >"$T/logs/access.log.gz" # the same as the first
echo "$bad" >"$T/logs/.swap"
printf '\0\1\2 %s' "$bad" >"$T/logs/wtmp"
ends "a directory" 1 watch "$T/logs"
is "its logs, each once" "$(jq -r .file "$T/out" | sort | uniq -c | sed 's/^ *//')" \
    "9 $T/logs/access.log
9 $T/logs/access.log.1.gz"
(cd "$T/logs" && watch . >out.json 2>/dev/null)
is "its own output is not among them" "$(wc -l <"$T/logs/out.json")" 18
rm "$T/logs/out.json"
cp "$apache" "$T/grows"
ends "nor a log that is also the output" 3 sh -c "'$bin' watch --home '$T/a' '$T/grows' >>'$T/grows' 2>'$T/err2'"
tells "which is said" 'is also the output' "$T/err2"

mkfifo "$T/stalled" "$T/fifo"
begin "$T/stalled" "$T/fifo" "$apache"
comes "a FIFO that stalls does not stop a file" 9
cat "$apache" >"$T/fifo"
comes "nor another FIFO" 18
stops "Ctrl-C"

# --- several cores -------------------------------------------------------------------------------

python3 - "$T/large" "$bad" <<'PY'
import random, sys
random.seed(7)
bad = sys.argv[2]
with open(sys.argv[1], "w") as f:
    for i in range(60000):
        f.write("x" * random.randrange(1, 300) + "\n")
        if i % 997 == 0:
            f.write("at %d %s and %s\n" % (i, bad, bad))
        if i in (20000, 30000, 59999): # longer than a piece, and than a read
            f.write("y" * random.randrange(1 << 20, 3 << 20) + " " + bad + " " + "\n" * 3)
    f.write("the end " + bad)
PY
run watch --threads 1 "$T/large"
cp "$T/out" "$T/want"
is "one thread finds what is there" "$rc-$(jq -r .observable "$T/want" | sort | uniq -c | tr -s ' ')" "1- 126 $bad"
for n in 2 3 7; do
    run watch --threads $n --observe-file "$T/seen.$n" "$T/large" "$apache"
    is "$n threads find the same, in the same order" "$rc-$(grep -v "$apache" "$T/out" | md5sum)" "1-$(md5sum <"$T/want")"
done
run watch --threads 1 --observe-file "$T/seen.1" "$T/large" "$apache"
check "and see the same" cmp "$T/seen.1" "$T/seen.7"
{ echo "$bad"; cat "$T/large"; } >"$T/begun"
{ read -r _; watch --threads 2 - 2>"$T/err"; } <"$T/begun" >"$T/out"
is "standard input from where it stands" "$(plain "$T/out" | md5sum)" "$(plain "$T/want" | md5sum)"
yes "$bad" | head -c 12000000 >"$T/all-hits"
run watch --threads 1 "$T/all-hits"
tail -n 1 "$T/out" >"$T/want" && md5sum <"$T/out" >>"$T/want"
run watch --threads 2 "$T/all-hits"
is "more hits than are kept for a piece" "$(tail -n 1 "$T/out"; md5sum <"$T/out")" "$(cat "$T/want")"
rm "$T/all-hits" "$T/out"
echo "$bad" >"$T/sparse"
truncate -s 200M "$T/sparse"
echo "$bad" >>"$T/sparse"
ends "a sparse file" 1 watch "$T/sparse"
is "is read to its end" "$(jq -c '[.line, .offset]' "$T/out" | tr -d '\n')" "[1,0][2,209715200]"
ends "no thread at all" 2 watch --threads 0 "$apache"

# --- followed logs -------------------------------------------------------------------------------

log=$T/logs/app.log
begin --follow --table --observe-file "$T/followed" "$log"
echo "a $bad" >"$log"
comes "a log that was not there yet" 3 # a head, and for each hit the line around it
printf 'b %s' "$bad" >>"$log"
echo " c" >>"$log"
comes "half a line, and the other half" 5
mv "$log" "$log.1"
echo "d $bad" >>"$log.1"
echo "e $bad" >"$log"
comes "renamed, both old and new" 9
: >"$log"
echo "f $bad" >>"$log"
comes "truncated" 11
cp "$log" "$log.2"
echo "g $bad" >"$log" # as long as before
comes "copied and truncated" 13
echo "h $bad h" >>"$log"
comes "and written to again" 15
printf 'no newline: %s' "$bad" >>"$log"
stops "Ctrl-C"
wait_for 10 grep -q . "$T/live.err"
tells "prints the sums so far" '^[78] hits on [78] of [0-9]+ lines' "$T/live.err"
check "and writes what was seen, as there is no other end" grep -q "$bad" "$T/followed"

echo "old $bad" >"$log"
mkdir "$T/marks"
begin --follow --new "$log" "$T/marks"
n=0 # it has begun when it sees a file that was not there before
until [ -s "$T/live" ] || [ $n -gt 600 ]; do
    n=$((n + 1))
    echo "$bad" >"$T/marks/$n"
    sleep 0.1
done
mv "$log" "$log.3"
echo "new $bad" >"$log"
of_log() { jq -c 'select(.file == "'"$log"'") | [.line, .offset]' "$T/live"; }
wait_for 60 sh -c "grep -q '$log' '$T/live'"
is "--new passes over what is there, not over new files" "$(of_log)" "[1,4]"
stops "Ctrl-C"
ends "--new alone" 2 watch --new "$apache"

# --- captures ------------------------------------------------------------------------------------

# What Zeek found in a capture, as a list, is found in the capture and in Zeek's logs alike.
for pcap in "$data"/pcap/{wikipedia,mixed-vlan-mpls,nflog-http,ipv6-fragmented-dns,pcapng-multi-interface}.pcap*; do
    name=$(basename "${pcap%.pcap*}")
    python3 - "$data"/zeek/"$name"-*.log >"$T/list" <<'PY'
import sys
found = set()
for path in sys.argv[1:]:
    for line in open(path, encoding="utf-8", errors="replace"):
        line = line.rstrip("\n").split("\t")
        if line[0] == "#fields":
            fields = line[1:]
        elif not line[0].startswith("#"):
            row = dict(zip(fields, line))
            found |= {row["id.orig_h"], row["id.resp_h"], row.get("host", "-"), row.get("query", "-")}
            found |= {a for a in row.get("answers", "-").split(",") if not a.startswith("TXT ")}
print("\n".join(sorted(x for x in found if x != "-" and "." in x + "." and "*" not in x)))
PY
    member "$name" && "$bin" import --home "$T/$name" "$T/list" >/dev/null 2>&1
    "$bin" watch --home "$T/$name" "$data"/zeek/"$name"-*.log 2>/dev/null | jq -r .indicator | sort -u >"$T/of-log"
    "$bin" watch --home "$T/$name" "$pcap" 2>/dev/null | jq -r .indicator | sort -u >"$T/of-pcap"
    check "$name: Zeek found something" test -s "$T/of-log"
    is "$name: the same hits in the capture as in Zeek's logs" "$(cat "$T/of-pcap")" "$(cat "$T/of-log")"
done
printf 'http://www.icir.org/\nbits.wikimedia.org\n208.80.152.3:80\n' | "$bin" import --home "$T/a" - >/dev/null
ends "a URL in a capture" 1 watch --types url --pcap "$data/pcap/web.pcap"
is "with the number of its packet" "$(jq -c '[.line, .observable, .file]' "$T/out")" \
    "[6,\"http://www.icir.org/\",\"$data/pcap/web.pcap\"]"
gzip -c "$data/pcap/wikipedia.pcap" >"$T/wikipedia.pcap.gz"
run watch "$data/pcap/wikipedia.pcap"
plain "$T/out" >"$T/want"
check "names, addresses and ports" sh -c "[ \$(jq -r .indicator_type '$T/out' | sort -u | wc -l) -eq 2 ]"
run watch "$T/wikipedia.pcap.gz"
is "a compressed capture" "$(plain "$T/out")" "$(cat "$T/want")"
watch --pcap - <"$data/pcap/wikipedia.pcap" >"$T/out" 2>"$T/err"
is "from standard input" "$(plain "$T/out")" "$(cat "$T/want")"
head -c 20000 "$data/pcap/wikipedia.pcap" >"$T/cut.pcap"
ends "a capture that is cut" 3 watch "$T/cut.pcap"
tells "is an error" 'cut.pcap:[0-9]+: damaged capture, or one that is cut$'
check "behind what was found in it" test -s "$T/out"
ends "a capture that is none" 3 watch --pcap "$apache"

# --- sockets and the journal ---------------------------------------------------------------------

send() { python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, getattr(socket, sys.argv[1]))
s.connect(sys.argv[2])
s.send(sys.argv[3].encode() + b"\n")' "$@"; }
begin --eve "$T/eve.sock" --eve-dgram "$T/dgram.sock"
wait_for 30 test -S "$T/dgram.sock"
send SOCK_STREAM "$T/eve.sock" '{"src_ip":"'$bad'"}'
comes "an event of Suricata's" 1
send SOCK_STREAM "$T/eve.sock" '{"src_ip":"'$bad'"}'
comes "and one after it started again" 2
send SOCK_DGRAM "$T/dgram.sock" '{"src_ip":"'$bad'"}'
comes "and one as a datagram" 3
is "the socket is its owner's alone" "$(stat -c %a "$T/eve.sock")" 600
ends "a second listener" 4 watch --eve "$T/eve.sock"
told "is refused" "entente: $T/eve.sock: another program listens there"
stops "Ctrl-C"
refute "and the sockets are gone" ls "$T/eve.sock" "$T/dgram.sock"
ends "a file where the socket should be" 4 watch --eve "$apache"
check "is not touched" test -s "$apache"

mkdir "$T/bin"
printf '#!/bin/sh\necho "MESSAGE=from %s $*"\n' "$bad" >"$T/bin/journalctl"
chmod +x "$T/bin/journalctl"
ends "the journal" 1 env "PATH=$T/bin:$PATH" "$bin" watch --home "$T/a" --journal
is "is a log like others" "$(jq -c '[.file, .line]' "$T/out")" '["journal",1]'
ends "where there is none" 5 env PATH="$T/no-bin" "$bin" watch --home "$T/a" --journal
tells "that is said" '^entente: --journal: cannot run journalctl'

# --- on a terminal -------------------------------------------------------------------------------

if "$peers/pty" true; then
    # More than a second passes between the first bytes and the last: long enough for a line.
    { sleep 0.2; head -5000 "$apache"; sleep 2; tail -n +5001 "$apache"; sleep 0.2; } >"$T/fifo" &
    ends "progress" 1 env TERM=xterm "$peers/pty" "$bin" watch --home "$T/a" "$T/fifo"
    tells "with a rate, on a terminal" 'watching: [0-9.]+ MB, [0-9.]+ [kMG]?B/s' "$T/out"
    is "does not hide a hit, nor its line" "$(grep -c '109\[\.\]' "$T/out")" 18
else
    skip "progress" "this machine has no pseudo-terminals"
fi

done_testing
