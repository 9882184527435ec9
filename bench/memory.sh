#!/usr/bin/env bash
# memory.sh [PROGRAM]: what both nodes need at most when a list of a million indicators is imported,
# and for lookups of a few against a million, a million against a few, and a million against the
# same million, which are a million hits. The worst case: each row has a description, and there are
# more different ones than a match can carry; keys are locked by a passphrase, and unlocking counts.
# The limit is 256 MiB a process.
# Then a STIX bundle from a pipe (never on disk) beside one of 20 MB: what is needed must depend on
# what is kept, not on what is read.
# ITEMS (1000000), FEW (10000) and SIZE (200M; 2G takes minutes) change the sizes; BIG=0 leaves the
# last lookup out, LOOKUPS=0 all of them and their import.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
ITEMS=${ITEMS:-1000000} FEW=${FEW:-10000} BIG=${BIG:-1} LIMIT=256
SIZE=${SIZE:-200M} LOOKUPS=${LOOKUPS:-1}
if [ "$ITEMS" -lt "$FEW" ]; then FEW=$ITEMS; fi
COMMON=$((FEW / 10))
phrase=$tmp/passphrase
echo "a passphrase for a bench" >"$phrase"
missed=0

# report NAME WHAT MIB
report() {
    local met=true ratio
    ratio=$(awk "BEGIN {printf \"%.2f\", $LIMIT / $3}")
    if awk "BEGIN {exit !($3 > $LIMIT)}"; then met=false missed=1; fi
    if [ "${JSON:-0}" = 1 ]; then
        printf '{"bench": "memory/%s", "figure": %s, "unit": "MiB", ' "$1" "$3"
        printf '"against": "limit", "theirs": %s, "ratio": %s, "met": %s}\n' "$LIMIT" "$ratio" $met
    else
        printf '  %-52s %7.1f MiB %6.2f  %s\n' "$2" "$3" "$ratio" \
            "$([ $met = true ] && echo ok || echo "ABOVE THE LIMIT")"
    fi
}

# lookup NAME WHAT HOLDER ASKER FILE HITS: one run, its time and both peaks.
lookup() {
    local took mib
    progress "$2 ..."
    serve "$3" --passphrase-file "$phrase"
    measured "$tmp/out" "$entente" match "$3" --home "$tmp/$4" --url "$url" --from "$5" \
        --passphrase-file "$phrase" --json >"$tmp/measured"
    read -r took _ mib <"$tmp/measured"
    progress
    python3 -c '
import json, sys
n = len(json.load(open(sys.argv[1], encoding="utf-8"))["hits"])
sys.exit("memory: %d hits, not %s" % (n, sys.argv[2]) if n != int(sys.argv[2]) else 0)' \
        "$tmp/out" "$6"
    say "$2: $took s"
    report "$1/holder" "holder" "$(peak_of "$server")"
    report "$1/asker" "asker" "$mib"
    stop
}

# bundle MB: imports a bundle of that size into an empty home; sets $took, $mib and $taken.
bundle() {
    local want=$1
    progress "importing a STIX bundle of $want MB ..."
    home "stix$want"
    mkfifo "$tmp/pipe"
    "$(dirname "$entente")/bench/json" --bundle "$want" >"$tmp/pipe" &
    measured "$tmp/out" "$entente" import --home "$tmp/stix$want" --source stix --json \
        "$tmp/pipe" >"$tmp/measured"
    wait $! || die "the bundle was not read to its end"
    read -r took _ mib <"$tmp/measured"
    taken=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["new"])' <"$tmp/out")
    rm -rf "$tmp/pipe" "${tmp:?}/stix$want"
    progress
}

bundles() {
    local big small mb
    mb=$(($(numfmt --from=si "$SIZE") / 1000000))
    bundle 20
    small=$mib
    say "a STIX bundle of 20 MB from a pipe, $taken indicators: $took s"
    report stix-20M "import" "$mib"
    bundle "$mb"
    big=$mib
    say "one of $mb MB, $taken indicators: $took s"
    report "stix-$SIZE" "import" "$big"
    say "  that is $(awk "BEGIN {printf \"%.2f\", $big / $small}") times as much for" \
        "$(awk "BEGIN {printf \"%.0f\", $mb / 20}") times the text"
}

say "memory at most, and how many times it fits into $LIMIT MiB (seed 1, keys under a passphrase)"
bundles
[ "$LOOKUPS" = 1 ] || exit $missed

progress "making the sets ..."
bench/sets 1 "$ITEMS" "$FEW" "$COMMON" "$tmp"
python3 - "$tmp/holder.txt" >"$tmp/holder.csv" <<'END'
import sys

print("INDICATOR_VALUE,TYPE,COMMENT,ROLE,ATTACK_PHASE,OBSERVED_DATE,HANDLING,DESCRIPTION")
for i, line in enumerate(open(sys.argv[1], encoding="ascii")):
    kind = "FQDN" if line.endswith(".example\n") else "IPV4ADDR"
    words = "description %d %s" % (i % 200000, 20 * "of what was seen, ")
    print("%s,%s,,IP_WATCHLIST,,,TLP:GREEN,\"%s\"" % (line.strip(), kind, words))
END
for name in big small other; do home $name "$phrase"; done
found --passphrase-file "$phrase" big small other

progress "importing $ITEMS indicators ..."
measured "$tmp/out" "$entente" import --home "$tmp/big" "$tmp/holder.csv" >"$tmp/measured"
read -r took _ mib <"$tmp/measured"
progress
say "import of $ITEMS indicators: $took s"
report import "import" "$mib"
"$entente" import --home "$tmp/small" --tlp green "$tmp/asker.txt" >/dev/null
# Names under .example are no public ones.
"$entente" release --home "$tmp/big" holder.csv --by bench --reason "made up" >/dev/null
"$entente" release --home "$tmp/small" asker.txt --by bench --reason "made up" >/dev/null

lookup few-in-many "$FEW asked of a list of $ITEMS" big small "$tmp/asker.observed" "$COMMON"
lookup many-in-few "$ITEMS asked of a list of $FEW" small big "$tmp/holder.observed" "$COMMON"
if [ "$BIG" = 1 ]; then
    lookup many-in-many "$ITEMS asked of a list of the same $ITEMS" big other \
        "$tmp/holder.observed" "$ITEMS"
fi
exit $missed
