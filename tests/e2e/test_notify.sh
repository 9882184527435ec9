#!/usr/bin/env bash
# test_notify.sh: what a service manager hears of a node: that it is ready, that it begins anew and
# when it has, that it is about to end and how long that may take.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
. tests/e2e/lib.sh

command -v python3 >/dev/null || { skip "a service manager" "there is no python3"; done_testing; }

cat >"$T/manager.py" <<'END'
# manager.py SOCKET FILE: each message as a line; times without their digits
import re, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + sys.argv[1][1:] if sys.argv[1][0] == "@" else sys.argv[1])
with open(sys.argv[2], "w", buffering=1) as f:
    while True:
        text = s.recv(4096).decode()
        print(re.sub(r"(MONOTONIC_USEC)=[1-9]\d+", r"\1=T", text).replace("\n", " "), file=f)
END
# manager SOCKET: listens there from now on, and writes into $T/heard
manager() {
    rm -f "$T/heard"
    python3 "$T/manager.py" "$1" "$T/heard" &
    pids+=($!)
    wait_for 10 test -e "$T/heard"
    export NOTIFY_SOCKET=$1
}
heard() { wait_for 20 is_heard "$1"; cat "$T/heard"; }
is_heard() { [ "$(wc -l <"$T/heard")" -ge "$1" ]; }
# It shows its certificate; then it refuses who shows none, which openssl hears of, or does not.
answers() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>&1 | grep -q "BEGIN CERTIFICATE"; }
said() { wait_for 20 grep -q "event=$1" "$T/a.log"; }

member a
manager "$T/socket"
configure a "stop_seconds = 7"
start_node a
is "ready is said once, when partners are served" "$(heard 1)" READY=1
check "and no sooner" grep -q event=ready "$T/a.log"
is "its processes know of no manager" \
    "$(for p in $(pgrep -P "$node"); do tr '\0' '\n' <"/proc/$p/environ" | grep NOTIFY; done)" ""

kill -HUP "$node"
said 'reloaded cause=certificates'
is "a reload is said, with its end" "$(heard 3 | tail -n 2)" \
    "RELOADING=1 MONOTONIC_USEC=T EXTEND_TIMEOUT_USEC=22000000
READY=1"
configure a "stop_seconds = 9"
kill -HUP "$node"
said 'reloaded cause=configuration'
is "also where all begin anew" "$(heard 5 | tail -n 2)" \
    "RELOADING=1 MONOTONIC_USEC=T EXTEND_TIMEOUT_USEC=22000000
READY=1"
check "and the node answers by then" answers
cp "$T/a/config" "$T/good"
echo "nonsense = 1" >>"$T/a/config"
kill -HUP "$node"
wait_for 20 grep -q nonsense "$T/a.log"
cp "$T/good" "$T/a/config"
stop_node
is "settings that are not sound are no reload; the end is said, and how long it may take" \
    "$rc $(heard 6 | tail -n 1)" "0 STOPPING=1 MONOTONIC_USEC=T EXTEND_TIMEOUT_USEC=24000000"
is "and nothing else" "$(wc -l <"$T/heard")" 6

manager "@entente-notify-$$"
start_node a
is "an abstract name is as good" "$(heard 1)" READY=1
stop_node

: >"$T/a.log"
for bad in "$T/nobody" "vsock:2:1234" "$(printf '/%0120d' 0)"; do
    export NOTIFY_SOCKET=$bad
    start_node a
    stop_node
    is "a manager that cannot be told keeps nobody from working: ${bad:0:12}" \
        "$rc $(grep -c 'level=warn event=manager-not-told' "$T/a.log")" "0 2"
    : >"$T/a.log"
done

done_testing
