#!/usr/bin/env bash
# guard.sh [PROGRAM]: the guard (bench/guard.c), and beside it eth-phishing-detect with the same
# protected names, and what dnstwist lists that `entente guard list` does not. JSON=1 prints JSON
# lines. Peers that cannot be had are named.
# shellcheck source=bench/lib
. "$(dirname "$0")/lib"
ours=$(dirname "$entente")/bench/guard
data=tests/data/lookalikes

figure() { # NAME FIGURE UNIT
    if [ "${JSON:-0}" = 1 ]; then
        printf '{"bench": "guard/%s", "figure": %s, "unit": "%s"}\n' "$1" "$2" "$3"
    else
        printf '%-48s %12.1f %s\n' "$1" "$2" "$3"
    fi
}

"$ours"

if npm_ready && [ -d build/npm/node_modules/eth-phishing-detect ]; then
    "$ours" names >"$tmp/protected"
    sed 1d "$data/lookalikes.csv" | cut -d, -f1 >"$tmp/lookalikes"
    zstd -dcq "$data/top-sites.txt.zst" | awk 'NR % 30 == 0' >"$tmp/top"
    node bench/guard_eth.mjs build/npm "$tmp/protected" "$tmp/lookalikes" "$tmp/top" >"$tmp/eth"
    figure "eth-phishing-detect: names/s" "$(jq .rate "$tmp/eth")" names/s
    figure "eth-phishing-detect: recall" "$(jq .recall "$tmp/eth")" %
    figure "eth-phishing-detect: top sites" "$(jq .alarms "$tmp/eth")" "per million"
else
    say "eth-phishing-detect is missing: npm cannot install it"
fi

# What dnstwist lists for a few names, and how much of it `entente guard list` does. Homoglyphs apart,
# of which dnstwist puts any two into a name. Of its formats only "list" asks no name servers.
share() { # FILE: of its names, in percent, those that we list
    sort "$1" | comm -12 - "$tmp/listed" | wc -l | awk -v n="$(wc -l <"$1")" '{ print 100 * $1 / n }'
}
if command -v dnstwist >/dev/null; then
    others=addition,bitsquatting,hyphenation,insertion,omission,repetition,replacement,subdomain
    others=$others,transposition,various,vowel-swap
    home home
    for name in senate.gov google.com yandex.ru eurosatory.com; do
        start=$EPOCHREALTIME
        dnstwist -f list "$name" | tr -d '\r' | grep -vxF "$name" >"$tmp/all"
        took=$((${EPOCHREALTIME/./} - ${start/./}))
        dnstwist -f list --fuzzers "$others" "$name" | tr -d '\r' | grep -vxF "$name" >"$tmp/plain"
        start=$EPOCHREALTIME
        "$entente" guard list --home "$tmp/home" "$name" >"$tmp/out"
        ours_took=$((${EPOCHREALTIME/./} - ${start/./}))
        awk '{ print $2 }' "$tmp/out" | sort >"$tmp/listed"
        figure "$name: dnstwist's candidates" "$(wc -l <"$tmp/all")" "names in $((took / 1000)) ms"
        figure "$name: ours" "$(wc -l <"$tmp/listed")" "names in $((ours_took / 1000)) ms"
        figure "$name: dnstwist's that we list, no homoglyphs" "$(share "$tmp/plain")" %
        figure "$name: dnstwist's that we list, all" "$(share "$tmp/all")" %
    done
else
    say "dnstwist is missing: apt-get install dnstwist"
fi
