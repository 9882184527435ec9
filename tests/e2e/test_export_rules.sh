#!/usr/bin/env bash
# test_export_rules.sh: rules of many values, run by what they are written for.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a --display 'CERT "A" */ é: # --- {'
exp() { "$bin" export --home "$T/a" "$@"; }

# --- YARA ----------------------------------------------------------------------------------------

mkdir "$T/files"
for f in md5 sha1 sha256 sha512 none; do echo "a file that is known by $f" >"$T/files/$f"; done
: >"$T/files/empty"
hash_of() { "$1sum" <"$2" | cut -d ' ' -f 1; }
{
    for h in md5 sha1 sha256 sha512; do
        hash_of $h "$T/files/$h"
        hash_of $h "$T/files/empty"
    done
    python3 -c 'for i in range(1200): print("%032x" % (i * 7919 + 1))'
    echo evil.example
} >"$T/hashes.txt"
"$bin" import --home "$T/a" --source '"; } rule x { condition: true }' --tlp green "$T/hashes.txt" >/dev/null
"$bin" import --home "$T/a" "$jar" >/dev/null
hash_of sha1 "$T/files/sha1" >"$T/strict.txt"
"$bin" import --home "$T/a" --tlp amber+strict --confidence 90 "$T/strict.txt" >/dev/null

ends "YARA" 0 exp --format yara --json -o "$T/all.yar"
is "carries three kinds of hashes" "$(jq -c '[.written, .left_out.sha512, .left_out.md5, .left_out.domain]' "$T/err")" \
    '[{"md5":1206,"sha1":5,"sha256":20},2,1,11]'
is "in rules of at most 500" "$(grep -o 'hashes = .*' "$T/all.yar" | tr '\n' ' ')" \
    "hashes = 500 hashes = 500 hashes = 206 hashes = 5 hashes = 20 "
is "with the narrowest mark in each" "$(grep -o 'tlp = .*' "$T/all.yar" | tr '\n' ' ')" \
    'tlp = "TLP:GREEN" tlp = "TLP:GREEN" tlp = "TLP:GREEN" tlp = "TLP:AMBER+STRICT" tlp = "TLP:GREEN" '
exp --format yara -o "$T/again.yar" 2>/dev/null
# Only the first line tells the time.
is "and is the same the next time" "$(tail -n +2 "$T/again.yar" | sha256sum)" "$(tail -n +2 "$T/all.yar" | sha256sum)"
exp --format yara --tlp green -o "$T/green.yar" 2>/dev/null
is "through a door for GREEN goes what is said openly" \
    "$(grep -c AMBER "$T/green.yar") $(grep -c -e "$(cat "$T/strict.txt")" "$T/green.yar")" "0 1"
if command -v yarac >/dev/null; then
    check "yarac takes it" yarac --fail-on-warnings "$T/all.yar" "$T/all.yac"
    is "and finds each file by its hash, and no other" "$(yara -C "$T/all.yac" -r "$T/files" |
        sed -E 's/entente_([a-z0-9]+)_1?[0-9]_[0-9a-f]{8} .*\/files/\1/' | sort | tr '\n' ' ')" "md5/md5 sha1/sha1 sha256/sha256 "
    is "with what is known of it" "$(yara -C -m "$T/all.yac" "$T/files/sha1" | grep -oE 'tlp="[^"]*"|(hashes|sources) ?=[0-9]+' | tr -d '\n ')" \
        'tlp="TLP:AMBER+STRICT"hashes=5sources=2'
    member b --display other
    "$bin" import --home "$T/b" "$T/hashes.txt" >/dev/null
    "$bin" export --home "$T/b" --format yara -o "$T/b.yar" 2>/dev/null
    check "what several publish compiles together" yarac --fail-on-warnings "$T/all.yar" "$T/b.yar" "$T/green.yar" "$T/some.yac"
    python3 -c 'import random
random.seed(3)
for n in 128, 160, 256:
    for i in range(33334): print("%0*x" % (n // 4, random.getrandbits(n)))' >"$T/many.txt"
    member c
    "$bin" import --home "$T/c" "$T/many.txt" "$T/hashes.txt" >/dev/null
    "$bin" export --home "$T/c" --format yara -o "$T/many.yar" 2>/dev/null
    check "a hundred thousand hashes compile" yarac --fail-on-warnings "$T/many.yar" "$T/many.yac"
    is "and find the same" "$(yara -C "$T/many.yac" -r "$T/files" | wc -l)" 3
else
    for what in "yarac takes it" "and finds each file by its hash, and no other" "with what is known of it" \
        "what several publish compiles together" "a hundred thousand hashes compile" "and find the same"; do
        skip "$what" "there is no yara"
    done
fi
member back
ends "a reader of reports" 0 "$bin" import --home "$T/back" --format prose "$T/all.yar"
hashes() { "$bin" export --home "$T/$1" --format list --types hash 2>/dev/null | sort; }
is "reads every hash back" "$(hashes back | wc -l) $(hashes back | sha256sum)" "1231 $(hashes a | awk 'length != 128' | grep -vE '^(d41d8cd9|da39a3ee|e3b0c442)' | sha256sum)"

done_testing
