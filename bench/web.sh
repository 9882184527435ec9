#!/usr/bin/env bash
# web.sh [PROGRAM]: the users' port over TLS with keep-alive, a small answer, beside a bare
# libmicrohttpd with the same answer and the same TLS, in turns; then idle connections. RUNS (5),
# SECONDS_EACH (3), CLIENTS (32) and IDLE (10000) change what is done; JSON=1 prints JSON lines.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
RUNS=${RUNS:-5} SECONDS_EACH=${SECONDS_EACH:-3} CLIENTS=${CLIENTS:-32} IDLE=${IDLE:-10000}
bin=$(dirname "$entente")/bench

figure() { # NAME FIGURE UNIT
    if [ "${JSON:-0}" = 1 ]; then
        printf '{"bench": "web/%s", "figure": %s, "unit": "%s"}\n' "$1" "$2" "$3"
    else
        printf '%-48s %12.1f %s\n' "$1" "$2" "$3"
    fi
}

serve_ours() {
    mkfifo "$tmp/ours.in"
    "$bin/web" serve "$tmp" <"$tmp/ours.in" &
    server=$!
    exec 7>"$tmp/ours.in"
    until [ -s "$tmp/ours.port" ]; do
        kill -0 "$server" 2>/dev/null || die "our server did not start"
        sleep 0.05
    done
}

load() { # NAME: requests a second
    wrk -t1 -c"$CLIENTS" -d"${SECONDS_EACH}s" "https://127.0.0.1:$(cat "$tmp/$1.port")/taxii2/" \
        >"$tmp/wrk"
    if grep -qE 'Non-2xx|Socket errors' "$tmp/wrk"; then
        cat "$tmp/wrk" >&2
        die "$1 did not answer all"
    fi
    awk '/^Requests\/sec/ { print $2 }' "$tmp/wrk"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

serve_ours
mkfifo "$tmp/bare.in"
"$bin/web_bare" "$tmp" <"$tmp/bare.in" &
bare=$!
exec 8>"$tmp/bare.in"
until [ -s "$tmp/bare.port" ]; do
    kill -0 "$bare" 2>/dev/null || die "bare libmicrohttpd did not start"
    sleep 0.05
done

if command -v wrk >/dev/null; then
    for ((i = 1; i <= RUNS; i++)); do
        progress "run $i of $RUNS"
        load ours >>"$tmp/ours"
        load bare >>"$tmp/bare"
    done
    progress
    figure "answers over TLS" "$(median <"$tmp/ours")" 1/s
    figure "bare libmicrohttpd" "$(median <"$tmp/bare")" 1/s
    figure "ours in percent of it, median of pairs" \
        "$(paste "$tmp/ours" "$tmp/bare" | awk '{ print 100 * $1 / $2 }' | median)" %
else
    say "wrk is missing: apt-get install wrk"
fi

idle() { # NAME PID: MiB that the server takes for so many idle connections
    local before after pid
    before=$(awk '/^VmRSS/ { print $2 }' "/proc/$2/status")
    mkfifo "$tmp/idle-$1"
    "$bin/web" idle "$(cat "$tmp/$1.port")" "$IDLE" <"$tmp/idle-$1" >"$tmp/open" &
    pid=$!
    exec 9>"$tmp/idle-$1"
    until grep -q ^open "$tmp/open"; do
        kill -0 $pid 2>/dev/null || die "no $IDLE connections"
        sleep 0.1
    done
    after=$(awk '/^VmRSS/ { print $2 }' "/proc/$2/status")
    exec 9>&-
    wait $pid
    awk -v a="$before" -v b="$after" 'BEGIN { print (b - a) / 1024 }'
}
if [ "$(ulimit -n)" -gt $((IDLE + 100)) ]; then
    figure "$IDLE idle connections, ours" "$(idle ours "$server")" MiB
    figure "$IDLE idle connections, bare libmicrohttpd" "$(idle bare "$bare")" MiB
else
    say "$IDLE idle connections need as many descriptors: ulimit -n"
fi
exec 7>&- 8>&-
server=
wait
