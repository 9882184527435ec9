#!/usr/bin/env bash
# test_image.sh: the image is made by itself and is the same as the store; what is damaged, foreign
# or stale is not believed; another program finds the same with the library.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2016,SC2317
. tests/e2e/lib.sh

member a && member b
image() { "$bin" image "$@" --home "$T/a"; }
watch() { "$bin" watch --home "$T/a" "$@"; }
file=$T/a/image/indicators
inode() { stat -c %i "$file"; }

# --- made by itself ------------------------------------------------------------------------------

ends "without an image there is nothing to show" 5 image show
told "and that is said" "entente: image/indicators: there is none yet: \`entente image build\` makes it"
refute "and nothing is made by asking" test -e "$T/a/image" -o -e "$T/a/keys/image"
"$bin" import --home "$T/a" "$jar" >"$T/out" 2>"$T/err"
check "an import says nothing of it" test ! -s "$T/err"
is "but makes it, for nobody else" "$(stat -c '%n %a' "$T/a/image" "$T/a/image/"* "$T/a/keys/image" | sed "s|$T/a/||")" \
    $'image 700\nimage/indicators 600\nimage/lock 600\nkeys/image 400'
ends "it can be looked at" 0 image show
tells "by people" '^915 indicators: 876 ipv4, 10 domain, 1 url, 5 md5, 4 sha1, 19 sha256$' "$T/out"
refute "who are not told that it is old" grep -q 'not current' "$T/out"
ends "and by programs" 0 image show --json
check "which read JSON" jq -e '.indicators == 915 and .types.ipv4 == 876 and .current and .bytes > 30000
    and ([.types[]] | add) == 915 and (.built | endswith("Z"))' "$T/out"
is "that names the file" "$(jq -r .path "$T/out")" "$file"
ends "it is verified" 0 image verify
tells "against the store" '^whole, and the same as the store$' "$T/out"
check "in JSON too" jq -e '.whole and .current' <(image verify --json)

before=$(inode)
ends "a watch finds what it should" 1 watch "$apache"
cp "$T/out" "$T/hits"
is "on nine lines" "$(wc -l <"$T/out")" 9
is "and uses what is there" "$(inode)" "$before"
ends "build makes another one" 0 image build
refute "in its place" test "$(inode)" = "$before"
tells "and says how long it took" '^built .*, in [0-9]' "$T/out"

# same NAME: a watch finds the same as ever, the image is current afterwards
same() {
    run watch "$apache"
    if [ "$rc" = 1 ] && cmp -s "$T/out" "$T/hits" && image verify --json | jq -e .current >/dev/null; then
        ok "$1"
    else
        not_ok "$1" "exit code $rc" "$(cat "$T/err")"
    fi
}
rm "$file"
same "where it is lost, watch makes it again"
check "without a word" test ! -s "$T/err"
rm "$T/a/keys/image"
same "where its key is lost, too"

# What another process puts while the image is not made: the mark of the store tells.
sqlite3 "$T/a/store.db" "UPDATE fact SET value = '00112233445566778899aabbccddeeff' WHERE key = 'indicators/mark'"
ends "an image that is not current" 0 image show
tells "is called that" '^not current: the next watch or `entente image build` makes it anew$' "$T/out"
is "in JSON" "$(image show --json | jq .current)" false
ends "is whole all the same" 0 image verify
is "and that is all that is said" "$(grep -x whole "$T/out")" whole
same "and is made again by a watch"
echo 'evil.example' | "$bin" import --home "$T/a" - >/dev/null
is "an import brings it up to date" "$(image show --json | jq -c '[.indicators, .current]')" "[916,true]"
ends "--types looks at a part of it" 1 watch --types ip "$apache"
ends "and at no other" 0 watch --types domain,url,hash "$apache"

# --- not believed --------------------------------------------------------------------------------

size=$(stat -c %s "$file")
# at BYTES OFFSET: overwrite
at() { printf '%b' "$1" | dd of="$file" bs=1 seek="$2" conv=notrunc status=none; }
# distrusted NAME REASON CODE
distrusted() {
    ends "$1 is refused" "$3" image verify
    told "for what it is" "entente: image/indicators: $2"
    same "and made anew by a watch"
    if [ "$3" = 5 ]; then told "which is silent about it" ""; else
        told "which says so" "entente: image/indicators: $2"$'\n'"entente: image/indicators: making it anew"
    fi
}
at 'XXXX' 700
distrusted "an image in which a record was changed" "damaged, or not made with this key" 4
at '\0' $((size - 20))
at '\377' $((size - 21))
distrusted "one with other bits in its filter" "damaged, or not made with this key" 4
truncate -s -1 "$file"
distrusted "one that is cut" "not as long as it says: cut off? (at byte $((size - 1)))" 3
truncate -s 0 "$file"
distrusted "an empty one" "empty" 3
chmod 666 "$file"
distrusted "one that everybody may change" \
    "others may write to it: its mode must be 0600, its owner you" 4
"$bin" import --home "$T/b" "$jar" >/dev/null
cp "$T/b/image/indicators" "$file"
distrusted "another home's" "damaged, or not made with this key" 4
echo "evil.com" >"$file"
distrusted "something else" "not an image of indicators" 3
rm "$file"
mkfifo "$file"
ends "a pipe does not stop anybody" 3 image verify
told "but is none" "entente: image/indicators: not a file"
rm "$file"
# One from before: whole, from this home, but not of this store.
"$bin" image build --home "$T/a" >/dev/null && cp "$file" "$T/old"
echo 'evil2.example' | "$bin" import --home "$T/a" - >/dev/null
cp "$T/old" "$file"
echo 'evil2.example' >"$T/log"
ends "an old one hides nothing" 1 watch "$T/log"
cp "$T/old" "$file"
sqlite3 "$T/a/store.db" "UPDATE fact SET value = '$(od -An -tx1 -j64 -N16 "$T/old" | tr -d ' \n')' WHERE key = 'indicators/mark'"
ends "one that pretends to be the store's is found by verify" 3 image verify
told "row by row" "entente: image/indicators: holds something else than the store"
ends "build mends it" 0 image build
ends "for good" 0 image verify

# --- no place, no time ---------------------------------------------------------------------------

before=$(digest "$T/a")
# Long enough for what SQLite keeps beside the store.
limited() { (ulimit -f 33 && "$bin" "$@"); }
ends "where a file may not be so long, build fails" 5 limited image build --home "$T/a"
tells "and says so" '^entente: image/indicators: cannot write: File too large$'
is "and the old one stays as it was" "$(digest "$T/a")" "$before"
refute "and nothing half-made" leftovers "$T/a"

rm -r "$T/a/image" && : >"$T/a/image"
ends "where there can be no image, an import takes in all the same" 0 sh -c \
    "echo evil3.example | '$bin' import --home '$T/a' -"
told "and says what that means" "entente: image/indicators: cannot lock: Not a directory
entente: the indicators are kept; \`entente watch\` will compile them"
echo 'evil3.example' >"$T/log"
ends "a watch finds it" 1 watch "$T/log"
tells "from memory" '^entente: image/indicators: going on without it, from memory$'
rm "$T/a/image"

pids_build=()
for _ in 1 2 3; do
    image build --json >"$T/build.$_" 2>&1 &
    pids_build+=($!)
done
worst=0
for p in "${pids_build[@]}"; do wait "$p" || worst=$?; done
is "three at once all make it" "$worst" 0
ends "and what stays is whole" 0 image verify
refute "and alone" leftovers "$T/a/image"

ends "image wants a word" 2 image
ends "that it knows" 2 image burn
ends "and one only" 2 image show verify

# --- another program -----------------------------------------------------------------------------

example=$(dirname "$bin")/examples/watch
"$example" "$T/a" <"$apache" >"$T/out" 2>"$T/err"
is "the example finds the same" "$(sed 's/^\([0-9]*\): \([0-9.]*\) is ipv4 \2, number [0-9]*$/\1 \2/' "$T/out")" \
    "$(jq -r '"\(.line) \(.observable)"' "$T/hits")"
at 'XXXX' 700
ends "and trusts as little" 1 "$example" "$T/a"
told "for the same reason" "watch: damaged, or not made with this key"
ends "nor where there is no key" 1 "$example" "$T"
told "with a reason" "watch: cannot open"

# --- a newer image while watching ----------------------------------------------------------------

# Lines come all the time, one of them over two writes; in between an import makes the second half
# of what they hold known. Nothing is missed, nothing told twice.
mkfifo "$T/live"
watch --json --no-sightings "$T/live" >"$T/out" 2>"$T/err" &
p=$!
pids+=("$p")
exec {fd}>"$T/live"
n=0
line() { n=$((n + 1)); printf '%d 109.163.234.2 and new-%d.example\n' "$n" "$n" >&$fd; }
lines_of() { jq -r "select(.observable $1) | .line" "$T/out" 2>/dev/null; }
for _ in 1 2 3; do line; done
wait_for 60 test -s "$T/out"
printf '4 109.163.234.2 and new-4' >&$fd
echo new-example.example | "$bin" import --home "$T/a" - >/dev/null 2>&1
for i in $(seq 1 5000); do echo "new-$i.example"; done | "$bin" import --home "$T/a" - >/dev/null 2>&1
printf '.example\n' >&$fd
n=4
meets() { line; sleep 0.1; [ -n "$(lines_of '!= "109.163.234.2"')" ]; }
wait_for 120 meets
check "a watch takes up what was imported" test -n "$(lines_of '!= "109.163.234.2"')"
for _ in 1 2 3; do line; done
exec {fd}>&-
wait "$p"
is "and misses no line, and tells none twice" "$(lines_of '== "109.163.234.2"' | tr '\n' ' ')" "$(seq 1 $n | tr '\n' ' ')"
first=$(lines_of '!= "109.163.234.2"' | head -1)
is "from one line on all that is new" "$(lines_of '!= "109.163.234.2"' | tr '\n' ' ')" "$(seq "$first" $n | tr '\n' ' ')"
is "at their places" "$(jq -r "select(.observable == \"109.163.234.2\") | .offset" "$T/out" | sort -n | uniq | wc -l)" "$n"

done_testing
