#!/usr/bin/env bash
# watch.sh: how fast known indicators are found in logs, how exactly, and beside whom.
#
# A made-up mixed log of 1 GB and a million made-up indicators (bench/gen_log.c, the same bytes
# everywhere), and the real Zeek logs of tests/data. The peers get the same indicators and a slice of
# the same log, one after the other; a figure of theirs leaves out what they need to load.
#   SIZE=1000000000   bytes of the mixed log        SLICE=50000000   of the slice for the peers
#   ROUNDS=5          of ours                       LIMIT=300        seconds for a peer
#   LOGS=DIR          real logs, compressed or not, instead of tests/data's
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
bin=$(dirname "$entente")/bench
size=${SIZE:-1000000000} slice=${SLICE:-50000000} limit=${LIMIT:-300}
export ROUNDS=${ROUNDS:-5} LC_ALL=C
for p in watch gen_log; do
    [ -x "$bin/$p" ] || die "there is no $bin/$p: run make bench-watch"
done
figures=$tmp/figures
: >"$figures"
figure() { echo "$*" >>"$figures"; }
missing() { figure "missing $1 {}"; echo "bench: missing: $2" >&2; }

# --- logs and indicators ------------------------------------------------------------------------
unpacked() {
    case $1 in
    *.zst) zstd -dc "$1" ;;
    *.gz) gzip -dc "$1" ;;
    *.xz) xz -dc "$1" ;;
    *) cat "$1" ;;
    esac
}

# repeated FILE: the file again and again, until it has 200 MB.
repeated() {
    local n=0 each
    each=$(stat -c %s "$1")
    [ "$each" -gt 0 ] || die "$1 is empty"
    while [ "$n" -lt 200000000 ]; do
        cat "$1"
        n=$((n + each))
    done
}

progress "making logs and indicators ..."
"$bin/gen_log" indicators 1060000 | awk '!seen[$0]++ && ++n <= 1000000' >"$tmp/1M"
head -n 100000 "$tmp/1M" >"$tmp/100k"
head -n 1000 "$tmp/1M" >"$tmp/1k"
"$bin/gen_log" log "$size" "$tmp/planted" >"$tmp/mixed"
head -c "$slice" "$tmp/mixed" >"$tmp/slice"
wrccdc=tests/data/wrccdc
if [ -n "${LOGS:-}" ]; then
    find "$LOGS" -type f | sort | while read -r f; do unpacked "$f"; done >"$tmp/once"
else
    for f in "$wrccdc"/dns.log.zst "$wrccdc"/zeek-*.zst; do unpacked "$f"; done >"$tmp/once"
fi
repeated "$tmp/once" >"$tmp/zeek"
unpacked "$wrccdc/dns.log.zst" >"$tmp/dns.once"
repeated "$tmp/dns.once" >"$tmp/dns"

# --- ours ---------------------------------------------------------------------------------------
for log in mixed zeek; do
    for n in 1k 100k 1M; do
        progress "$log, $n indicators ..."
        figure "scan $log-$n $("$bin/watch" scan "$tmp/$log" "$tmp/$n")"
    done
done
progress "two threads ..."
figure "threads mixed-1M $("$bin/watch" threads "$tmp/mixed" "$tmp/1M")"
figure "scan dns-1M $("$bin/watch" scan "$tmp/dns" "$tmp/1M")"
progress "what is found ..."
"$bin/watch" lines "$tmp/mixed" "$tmp/1M" >"$tmp/mixed.found"

# --- peers --------------------------------------------------------------------------------------
# line_tool NAME KEY LOG OUT COMMAND...: seconds, processor seconds and memory for LOG, and for a log
# of one line that holds an indicator: what it takes to load them. LOG is the last argument. That is
# measured before and behind, because it is long and the difference short.
head -n 1 "$tmp/1M" >"$tmp/one-line"
line_tool() {
    local name=$1 key=$2 log=$3 out=$4 all load again
    shift 4
    progress "$name, $key ..."
    if load=$(measured "$tmp/null" timeout "$limit" "$@" "$tmp/one-line" 2>/dev/null) &&
        all=$(measured "$out" timeout "$limit" "$@" "$log" 2>/dev/null) &&
        again=$(measured "$tmp/null" timeout "$limit" "$@" "$tmp/one-line" 2>/dev/null); then
        figure "peer $name-$key {\"bytes\": $(stat -c %s "$log"), \"load\": [[${load// /, }]," \
            "[${again// /, }]], \"all\": [${all// /, }]}"
    else
        rm -f "$out"
        missing "$name-$key" "$name with these indicators: it fails, or needs more than $limit s"
    fi
}

# ripgrep says itself how long it searched.
ripgrep() {
    local all
    progress "ripgrep ..."
    if all=$(measured "$tmp/rg" timeout "$limit" rg --no-config -j 1 -n --stats -F -f "$tmp/1M" \
        "$tmp/slice" 2>/dev/null); then
        figure "ripgrep mixed-1M {\"bytes\": $slice, \"all\": [${all// /, }], \"search\":" \
            "$(awk '/ seconds spent searching/ { print $1 }' "$tmp/rg")}"
    else
        missing ripgrep-mixed-1M "ripgrep with these indicators: it fails, or needs more than $limit s"
    fi
}

# hyperscan N HOW: HOW is as-written or caseless.
hyperscan() {
    progress "hyperscan, $1, $2 ..."
    if out=$(timeout "$limit" "$bin/hyperscan" "$2" "$tmp/slice" "$tmp/$1" 2>/dev/null); then
        figure "hyperscan $1-$2 $out"
    else
        missing "hyperscan-$1-$2" "Hyperscan with $1 literals: it fails, or needs more than $limit s"
    fi
}

# Zeek's columns id.orig_h, id.resp_h and query: somebody who knows the format needs no more.
# shellcheck disable=SC2016 # awk's own
columns='NR == FNR { known[$1]; next } ($3 in known) || ($5 in known) || ($10 in known)'
# one-line has one column: let it be found, or the status would say that nothing was.
columns_or_one="$columns || NF == 1"

# The real logs, looked through for a thousand of the things that stand in them too.
"$bin/watch" sample "$tmp/once" 1000 >"$tmp/sample"
{ head -n 999000 "$tmp/1M" && cat "$tmp/sample"; } >"$tmp/1M-zeek"
head -c "$slice" "$tmp/once" >"$tmp/zeek-slice"

if command -v grep >/dev/null; then
    line_tool grep mixed-1M "$tmp/slice" "$tmp/grep.mixed" grep -n -F -f "$tmp/1M"
    line_tool grep zeek-1M "$tmp/zeek-slice" "$tmp/grep.zeek" grep -n -F -f "$tmp/1M-zeek"
fi
if command -v rg >/dev/null; then
    ripgrep
else
    missing ripgrep-mixed-1M ripgrep
fi
if command -v mawk >/dev/null; then
    line_tool mawk dns-1M "$tmp/dns" "$tmp/mawk.dns" mawk -F '\t' "$columns_or_one" "$tmp/1M"
else
    missing mawk-dns-1M mawk
fi
if [ -x "$bin/hyperscan" ]; then
    for n in 100k 1M; do
        hyperscan $n as-written
        hyperscan $n caseless
    done
else
    missing hyperscan "Hyperscan (libhyperscan-dev)"
fi
progress "precision ..."
"$bin/watch" lines "$tmp/slice" "$tmp/1M" >"$tmp/slice.found"
"$bin/watch" lines "$tmp/zeek-slice" "$tmp/1M-zeek" >"$tmp/zeek-slice.found"
progress ""
bench/watch_table "$tmp"
