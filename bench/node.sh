#!/usr/bin/env bash
# node.sh [PROGRAM]: the users' port of the real program, over TLS: pages of a TAXII collection and
# its discovery, beside the same in one process (bench/node.c), beside a bare libmicrohttpd with the
# same certificate, and beside a node that holds little; idle connections; honest clients while
# others attack; what a browser needs before the console shows. Processor time is that of all
# processes of the node. ENT_OBJECTS (1000000), RUNS (5), SECONDS_EACH (2), CLIENTS (8) and IDLE
# (10000) change what is done; JSON=1 prints JSON lines.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
OBJECTS=${ENT_OBJECTS:-1000000} RUNS=${RUNS:-5} SECONDS_EACH=${SECONDS_EACH:-2}
CLIENTS=${CLIENTS:-8} IDLE=${IDLE:-10000}
SMALL=5000
bin=$(dirname "$entente")/bench
declare -A pid token port
for tool in wrk curl jq openssl sqlite3; do
    command -v $tool >/dev/null || die "$tool is missing: apt-get install $tool"
done
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    local p
    exec 7>&- 8>&-
    for p in "${pid[@]}"; do kill "$p" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$tmp"
}

# --- parties ------------------------------------------------------------------------------------

started() { # NAME PID FILE: that process writes its port there
    until [ -s "$3" ]; do
        kill -0 "$2" 2>/dev/null || { cat "$tmp/$1.log" >&2; die "$1 did not start"; }
        sleep 0.05
    done
    pid[$1]=$2 port[$1]=$(cat "$3")
}

configure() { # NAME LINE...: beside what all have
    printf '%s\n' "users_cert = $tmp/cert.pem" "users_key = $tmp/key.pem" "rate_account = 0" \
        "rate_address = 0" "${@:2}" >"$tmp/$1/config"
}

node() { # NAME
    rm -f "$tmp/$1.port"
    "$entente" serve --home "$tmp/$1" --listen 127.0.0.1:0 --users-listen 127.0.0.1:0 \
        --users-port-file "$tmp/$1.port" >"$tmp/$1.log" 2>&1 </dev/null &
    started "$1" $! "$tmp/$1.port"
}

stop_node() { # NAME
    kill "${pid[$1]}"
    wait "${pid[$1]}" || true
    unset "pid[$1]"
}

held() { sqlite3 "$tmp/$1/store.db" 'SELECT count(*) FROM served'; }

filled() { # NAME N: a node that holds N, all of them ready for readers
    home "$1"
    awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "h%x.d%x.com\n", i, i * 7919 % 65536 }' \
        >"$tmp/list"
    "$entente" import --home "$tmp/$1" --tlp green "$tmp/list" >/dev/null 2>&1
    "$entente" user add --home "$tmp/$1" reader --role reader --tlp amber >/dev/null
    token[$1]=$("$entente" user token --home "$tmp/$1" reader bench)
    configure "$1"
    node "$1"
    until [ "$(held "$1")" -ge "$2" ]; do
        progress "$1: $(held "$1") of $2 objects are ready"
        sleep 1
    done
    progress
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tmp/key.pem" \
    -out "$tmp/cert.pem" -days 9 -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 2>/dev/null
chmod 600 "$tmp/key.pem"
filled many "$OBJECTS"
filled few $SMALL
mkfifo "$tmp/one.in" "$tmp/bare.in"
"$bin/node" "$tmp/many" "$tmp/cert.pem" "$tmp/key.pem" "$tmp/one.port" <"$tmp/one.in" &
exec 7>"$tmp/one.in"
started one $! "$tmp/one.port"
token[one]=${token[many]}
"$bin/web_bare" "$tmp" <"$tmp/bare.in" &
exec 8>"$tmp/bare.in"
started bare $! "$tmp/bare.port"
token[bare]=none

# --- pages and discovery ------------------------------------------------------------------------

cpu_of_all() { # PID: of it and all below
    python3 -c '
import os, sys
def ticks(p):
    try:
        f = open("/proc/%s/stat" % p).read().rpartition(") ")[2].split()
        below = [c for t in os.listdir("/proc/%s/task" % p) for c in open("/proc/%s/task/%s/children" % (p, t)).read().split()]
    except OSError:
        return 0
    return int(f[11]) + int(f[12]) + sum(ticks(c) for c in below)
print(ticks(sys.argv[1]) / os.sysconf("SC_CLK_TCK"))' "$1"
}

# load NAME TARGET OUT: appends "answers a second, processor us an answer"
load() {
    local before after
    before=$(cpu_of_all "${pid[$1]}")
    wrk -t1 -c"$CLIENTS" -d"${SECONDS_EACH}s" -H "Authorization: Bearer ${token[$1]}" \
        "https://127.0.0.1:${port[$1]}$2" >"$tmp/wrk"
    after=$(cpu_of_all "${pid[$1]}")
    if grep -q 'Non-2xx' "$tmp/wrk"; then
        cat "$tmp/wrk" >&2
        die "$1 did not answer all"
    fi
    awk -v cpu="$before $after" '/requests in/ { n = $1 } /^Requests\/sec/ { rate = $2 }
        END { split(cpu, c); print rate, (c[2] - c[1]) * 1e6 / n }' "$tmp/wrk" >>"$tmp/run-$3"
}

# ms NAME TARGET: median milliseconds to the first byte, on a connection that is kept
ms() {
    for _ in $(seq 51); do printf 'url = "https://127.0.0.1:%s%s"\noutput = /dev/null\n' "${port[$1]}" "$2"; done |
        curl -sk -K - -H "Authorization: Bearer ${token[$1]}" \
            -w '%{time_pretransfer} %{time_starttransfer}\n' | awk '{ print ($2 - $1) * 1000 }' >"$tmp/ms"
    middle 1 "$tmp/ms"
}

objects=/taxii2/api/collections/amber/objects/
first="$objects?limit=100"
added=$(sqlite3 "$tmp/many/store.db" 'SELECT added FROM served ORDER BY added DESC LIMIT 1 OFFSET 101')
last="$first&added_after=$(date -u -d "@$((added / 1000000))" +%FT%T).$(printf %06d $((added % 1000000)))Z"
got=$(curl -sk -H "Authorization: Bearer ${token[many]}" "https://127.0.0.1:${port[many]}$last" |
    jq '.objects | length') # the one added at that date stays out
[ "$got" = 100 ] || die "the last page has $got objects"

for ((i = 1; i <= RUNS; i++)); do
    progress "pages: run $i of $RUNS"
    load many "$first" first
    load one "$first" one
    load many "$last" last
    load few "$first" few
    load many /taxii2/ hello
    load one /taxii2/ hello-one
    load bare /taxii2/ hello-bare
done
progress
pages() { awk -v v="$(middle 1 "$tmp/run-$1")" 'BEGIN { print 100 * v }'; }
for_cpu() { awk -v v="$(middle 2 "$tmp/run-$1")" -v n="$2" 'BEGIN { print n * 1e6 / v }'; }
say "pages of 100 objects of $OBJECTS, over TLS, $CLIENTS clients"
figure node/objects "objects a second" "$(pages first)" /s
figure node/objects-core "for each second of a processor" "$(for_cpu first 100)" /s 100000 least
beside node/one-process "the same, beside one process" "$(for_cpu first 100)" /s "one process" \
    "$(for_cpu one 100)" more
beside node/one-process-rate "objects a second, beside one process" "$(pages first)" /s \
    "one process" "$(pages one)" more
beside node/last "the last page, processor us" "$(middle 2 "$tmp/run-last")" us "the first page" \
    "$(middle 2 "$tmp/run-first")" less
beside node/flat "the first page, processor us" "$(middle 2 "$tmp/run-first")" us "of $SMALL held" \
    "$(middle 2 "$tmp/run-few")" less
figure node/first-byte "first byte of the first page" "$(ms many "$first")" ms 5 most
figure node/first-byte-last "first byte of the last page" "$(ms many "$last")" ms 5 most
beside node/first-byte-flat "first byte" "$(ms many "$first")" ms "of $SMALL held" \
    "$(ms few "$first")" less
say "discovery"
beside node/discovery-one "answers a second" "$(middle 1 "$tmp/run-hello")" /s "one process" \
    "$(middle 1 "$tmp/run-hello-one")" more
beside node/discovery "answers a second" "$(middle 1 "$tmp/run-hello")" /s "bare libmicrohttpd" \
    "$(middle 1 "$tmp/run-hello-bare")" more
beside node/discovery-cpu "processor us an answer" "$(middle 2 "$tmp/run-hello")" us \
    "bare libmicrohttpd" "$(middle 2 "$tmp/run-hello-bare")" less
figure node/discovery-share "in percent of the bare rate, median of pairs" \
    "$(paste "$tmp/run-hello" "$tmp/run-hello-bare" | awk '{ print 100 * $1 / $3 }' | sort -g |
        awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')" % 60 least

# --- idle connections ---------------------------------------------------------------------------

child() { # NAME ROLE: the process of that role
    local p
    while read -r p; do
        if [ "$(tr '\0' ' ' <"/proc/$p/cmdline")" = "entente: $2 " ]; then echo "$p"; fi
    done < <(cat "/proc/${pid[$1]}"/task/*/children | tr ' ' '\n')
}
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

idle() { # NAME PID TARGET END: KiB that the process takes for an idle connection
    local before after p open
    before=$(rss "$2")
    rm -f "$tmp/idle" "$tmp/open"
    mkfifo "$tmp/idle"
    "$bin/web" idle "${port[$1]}" "$IDLE" "$3" "$4" <"$tmp/idle" >"$tmp/open" &
    p=$!
    exec 9>"$tmp/idle"
    until grep -q ^open "$tmp/open"; do
        kill -0 $p 2>/dev/null || die "no $IDLE connections"
        sleep 0.1
    done
    after=$(rss "$2") # of those that are still there: after a minute of silence they are closed
    open=$(find "/proc/$2/fd" -lname 'socket:*' | wc -l)
    exec 9>&-
    wait $p
    awk -v a="$before" -v b="$after" -v n="$open" 'BEGIN { print (b - a) / n }'
}

stop_node few
configure few "users_max_connections = $((3 * IDLE))"
node few
say "memory"
if [ "$(ulimit -n)" -gt $((IDLE + 100)) ]; then
    ours=$(idle few "$(child few front)" /health $'ok\n')
    beside node/idle "an idle connection of $IDLE" "$ours" KiB "bare libmicrohttpd" \
        "$(idle bare "${pid[bare]}" /taxii2/ "cti.example.org/entente/\"]}")" less
    figure node/idle-all "which would be for 10,000" "$(awk -v k="$ours" 'BEGIN { print 10000 * k / 1024 }')" \
        MiB 200 most
else
    say "$IDLE idle connections need as many descriptors: ulimit -n"
fi

# --- hostile load -------------------------------------------------------------------------------

stop_node few
configure few "users_max_connections = 12000"
node few
before=$(wc -l <"$tmp/few.log")
progress "attacks"
"$(dirname "$bin")/tests/peers/web_hostile" --at "${port[few]}" "$objects?limit=5000" \
    "Authorization: Bearer ${token[few]}" >"$tmp/attacks" || true
progress
[ "$(grep -c 'probes answered' "$tmp/attacks")" = 12 ] || { cat "$tmp/attacks" >&2; die "attacks"; }
say "new connections of an honest client, while others attack from eight addresses"
[ "${JSON:-0}" = 1 ] || sed -n 's/^# \(.*probes answered.*\)/  \1/p' "$tmp/attacks"
figure node/hostile-p99 "the slowest p99 of these" \
    "$(sed -n 's/.* p99 \([0-9]*\) ms$/\1/p' "$tmp/attacks" | sort -g | tail -n 1)" ms 1000 most
figure node/hostile-lost "probes without an answer" \
    "$(sed -n 's/^# .*: \([0-9]*\) of \([0-9]*\) probes.*/\1 \2/p' "$tmp/attacks" |
        awk '{ n += $2 - $1 } END { print n + 0 }')" "" 0 most
grep '^not ok' "$tmp/attacks" >&2 || true
figure node/hostile-wrong "of 12 attacks, not refused as they should be" \
    "$(grep '^not ok' "$tmp/attacks" | grep -vc 'others are served' || true)" "" 0 most
figure node/hostile-memory "the front, at most" "$(peak_of "$(child few front)")" MiB 400 most
sleep 1
tail -n +"$((before + 1))" "$tmp/few.log" | grep -o 'event=users-port-refused kind=[a-z]* from=[^ ]*' |
    sort | uniq -c | sort -rn >"$tmp/lines" || true
figure node/hostile-lines "lines in its log for one kind and address, at most" \
    "$(awk 'NR == 1 { n = $1 } END { print n + 0 }' "$tmp/lines")" "" 3 most

# --- the console's first paint ------------------------------------------------------------------

get() { curl -sk --compressed -o "$tmp/file" -w '%{http_code} %{size_download}' "https://127.0.0.1:${port[few]}$1"; }
paint() { # bytes of the page and of all that its tags and imports name
    local todo=(/) seen=" " path status n sum=0 dir
    while [ ${#todo[@]} -gt 0 ]; do
        path=${todo[0]}
        todo=("${todo[@]:1}")
        case $seen in *" $path "*) continue ;; esac
        seen+="$path "
        read -r status n < <(get "$path")
        [ "$status" = 200 ] || return 1
        sum=$((sum + n)) dir=${path%/*}
        mapfile -O "${#todo[@]}" -t todo < <(sed -n 's/.*\(src\|href\)="\(\/[^"#]*\)".*/\2/p' "$tmp/file"
            sed -n "s|.* from \"\./\([^\"]*\)\".*|$dir/\1|p" "$tmp/file")
    done
    echo "$sum"
}
if sum=$(paint); then
    figure node/first-paint "the console until it shows" "$(awk -v n="$sum" 'BEGIN { print n / 1000 }')" kB 200 most
else
    say "the console is not served"
fi
