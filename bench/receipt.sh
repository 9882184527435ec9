#!/usr/bin/env bash
# receipt.sh [PROGRAM]: what bench/receipt.c measures; then a receipt out of a log of 65,536 entries
# with six cosignatures, checked by `entente verify`, `entente-verify` and a verifier in Go: by a new
# process each time, in turns, and in one process many times. JSON=1 prints JSON lines.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
own=$(dirname "$entente")/bench/receipt

"$own"
say "a receipt of one of seven members, by the programs"
spoken 65536 a b c d e f g
"$entente" log receipt 4711 --home "$tmp/a" -o "$tmp/receipt"
"$entente" pact export --home "$tmp/a" -o "$tmp/pact" 2>/dev/null
"$entente" log export "$tmp/tree" --home "$tmp/a" >/dev/null
programs=("$entente" verify --pact "$tmp/pact" "$tmp/receipt" -- "$entente-verify" --pact "$tmp/pact" "$tmp/receipt"
    -- "$entente-verify" "$tmp/pact" -- "$entente-verify" --version)
with_go=0
if go_ready; then
    with_go=1
    programs+=(-- "$peer" verify policy "$tmp/tree/policy" "$tmp/receipt" "$(key author)")
fi
"$own" cold "${programs[@]}" >"$tmp/cold"
ms() { sed -n "$1p" "$tmp/cold" | cut -d' ' -f1; }
cpu() { sed -n "$1p" "$tmp/cold" | cut -d' ' -f2; }
mib() { sed -n "$1p" "$tmp/cold" | cut -d' ' -f3; }
figure receipt/entente "entente verify, a new process" "$(ms 1)" ms
figure receipt/entente-cpu "  processor time" "$(cpu 1)" ms
figure receipt/entente-memory "  memory at most" "$(mib 1)" MiB
figure receipt/entente-verify "entente-verify, a new process" "$(ms 2)" ms 5 most
figure receipt/entente-verify-cpu "  processor time" "$(cpu 2)" ms
figure receipt/entente-verify-pact "  of that without the receipt: 49 signatures of a pact" "$(cpu 3)" ms
figure receipt/entente-verify-start "  of that only to start" "$(cpu 4)" ms
figure receipt/entente-verify-memory "  memory at most" "$(mib 2)" MiB 8 most
if [ $with_go = 0 ]; then
    missing receipt/go "Go's x/mod"
    exit
fi
for ((i = 0; i < 5; i++)); do
    "$own" warm 200 "$tmp/pact" "$tmp/receipt" >>"$tmp/warm"
    "$peer" time 200 "$tmp/tree/policy" "$tmp/receipt" "$(key author)" >>"$tmp/go"
done
us() { awk -v s="$(middle 1 "$1")" 'BEGIN { print 1e6 * s }'; }
beside receipt/go "entente-verify, beside Go's x/mod" "$(ms 2)" ms Go "$(ms 5)" less
beside receipt/go-cpu "  processor time" "$(cpu 2)" ms Go "$(cpu 5)" less
beside receipt/go-memory "  memory at most" "$(mib 2)" MiB Go "$(mib 5)" less
beside receipt/go-warm "a check in a process that has the keys" "$(us "$tmp/warm")" us Go "$(us "$tmp/go")" less
