#!/usr/bin/env bash
# ledger.sh [PROGRAM]: what bench/ledger.c measures; then an audit of 100,000 entries (ENTRIES) by the
# program, beside the raw verifications of the same run and beside a verifier in Go that does the same
# with golang.org/x/mod, all in turns (ROUNDS, 5). JSON=1 prints JSON lines.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
ENTRIES=${ENTRIES:-100000} ROUNDS=${ROUNDS:-5}
own=$(dirname "$entente")/bench/ledger

[ "${AUDIT_ONLY:-0}" = 1 ] || "$own"
say "an audit of $ENTRIES entries by the program, $ROUNDS rounds"
spoken "$ENTRIES" a b c d
"$entente" log export "$tmp/tree" --home "$tmp/a" >/dev/null
mapfile -t witnesses < <(key witness)
with_go=0
go_ready && with_go=1
for ((i = 1; i <= ROUNDS; i++)); do
    progress "round $i of $ROUNDS"
    "$own" --raw 1 --entries "$ENTRIES" >>"$tmp/raw"
    measured "$tmp/out" "$entente" log verify --home "$tmp/a" >>"$tmp/verify"
    measured "$tmp/out" "$entente" log audit a --home "$tmp/b" --json >>"$tmp/audit"
    grep -q "\"holds\":true.*\"entries\":$ENTRIES," "$tmp/out" || die "the audit"
    if [ $with_go = 1 ]; then
        measured "$tmp/out" "$peer" verify tree "$tmp/tree" "$(key log)" "${witnesses[@]}" "$(key author)" >>"$tmp/go"
        grep -q " $ENTRIES .* tiles$" "$tmp/out" || die "the verifier in Go"
    fi
done
progress
rate() { awk -v n="$ENTRIES" -v s="$1" 'BEGIN { print n / s }'; }
share() { awk -v a="$1" -v b="$2" 'BEGIN { print 100 * a / b }'; }
raw=$(awk '{ print -$1 }' "$tmp/raw" | sort -g | head -n 1 | tr -d -) raw_cpu=$(least 2 "$tmp/raw")
figure ledger/program-raw "Ed25519 verifications, all threads" "$raw" /s
for what in audit verify; do
    s=$(least 1 "$tmp/$what") cpu=$(least 2 "$tmp/$what")
    figure ledger/program-$what "entente log $what" "$(rate "$s")" entries/s
    figure ledger/program-$what-share "  of the raw verifications" "$(share "$(rate "$s")" "$raw")" % 90 least
    figure ledger/program-$what-share-cpu "  the same by processor time" \
        "$(share "$raw_cpu" "$(awk -v n="$ENTRIES" -v s="$cpu" 'BEGIN { print s / n }')")" % 90 least
    figure ledger/program-$what-memory "  memory at most" "$(middle 3 "$tmp/$what")" MiB
done
if [ $with_go = 1 ]; then
    beside ledger/go "entente log audit, beside Go's x/mod" "$(rate "$(least 1 "$tmp/audit")")" entries/s Go "$(rate "$(least 1 "$tmp/go")")" more
    beside ledger/go-cpu "  processor time" "$(least 2 "$tmp/audit")" s Go "$(least 2 "$tmp/go")" less
    beside ledger/go-memory "  memory at most" "$(middle 3 "$tmp/audit")" MiB Go "$(middle 3 "$tmp/go")" less
else
    missing ledger/go "Go's x/mod"
fi
