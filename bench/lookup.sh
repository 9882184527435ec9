#!/usr/bin/env bash
# lookup.sh [PROGRAM]: a private lookup of 10,000 observables in a list of 10,000 over loopback,
# both nodes on this machine, beside @openmined/psi.js on the same sets, in turns. RUNS (5), ITEMS
# (10000), COMMON (1000) and SEED (1) change what is done; JSON=1 prints JSON lines.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
RUNS=${RUNS:-5} ITEMS=${ITEMS:-10000} COMMON=${COMMON:-1000} SEED=${SEED:-1}
structures=(GCS Raw)

say "lookup: $ITEMS observables asked, a list of $ITEMS, $COMMON in common, seed $SEED, $RUNS runs"
bench/sets "$SEED" "$ITEMS" "$ITEMS" "$COMMON" "$tmp"
home holder
home asker
found holder asker
"$entente" import --home "$tmp/holder" --tlp green "$tmp/holder.txt" >/dev/null
# Names under .example are no public ones.
"$entente" release --home "$tmp/holder" holder.txt --by bench --reason "made up" >/dev/null
serve holder

with_psi=0
if npm_ready; then
    with_psi=1
    coproc psi { exec node bench/psi.mjs build/npm "$tmp/holder.txt" "$tmp/asker.observed"; }
    say "psi.js takes about half a minute a run, $((RUNS * ${#structures[@]})) runs in all"
fi

ours() {
    local before after
    before=$(cpu_of "$server")
    measured "$tmp/out" "$entente" match holder --home "$tmp/asker" --url "$url" \
        --from "$tmp/asker.observed" --json >"$tmp/measured"
    after=$(cpu_of "$server")
    echo "$before $after $(cat "$tmp/measured") $(cat "$tmp/out")" >>"$tmp/ours"
}

theirs() {
    echo "$1" >&"${psi[1]}"
    IFS= read -r line <&"${psi[0]}" || die "psi.js ended"
    echo "$line" >>"$tmp/$1"
}

for ((i = 1; i <= RUNS; i++)); do
    progress "run $i of $RUNS: entente"
    ours
    [ $with_psi = 0 ] && continue
    for s in "${structures[@]}"; do
        progress "run $i of $RUNS: psi.js $s"
        theirs "$s"
    done
done
progress
python3 bench/lookup_table "$tmp" "$ITEMS" "$COMMON" "${structures[@]}"
