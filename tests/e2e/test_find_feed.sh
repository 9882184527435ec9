#!/usr/bin/env bash
# test_find_feed.sh: what of all that is known stands in a MISP feed, by its hashes.csv.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
ent() { local c=$1; shift; "$bin" "$c" --home "$T/a" "$@"; }
e1=3dd21441-38eb-4303-a15f-0e9c885539a4 e2=11111111-2222-4333-8444-555555555555
md5() { printf %s "$1" | md5sum | cut -d ' ' -f 1; }

# The hashes of the sample in PyMISP's own words: its three values.
is "MD5 is MISP's" "$(md5 my-iri.org) $(md5 198.51.100.3)" \
    "b6ef7f9a01798dfaa13eed906008cbf4 f1fdd78d6b6951da25711891f3b458b2"
printf 'my-iri.org\n198.51.100.3:443\nhttp://evil.example/a\nunknown.example\n' >"$T/list"
ent import --source own "$T/list" >/dev/null
{
    echo "$(md5 my-iri.org),$e1"
    echo "$(md5 198.51.100.3),$e1"
    echo "$(md5 my-iri.org),$e2"
    echo "$(md5 http://evil.example/a),$e2"
    echo "$(md5 nobody.example),$e2"
    md5 nobody.example
    printf 'b6ef7f9a01798dfaa13eed906008cbf4,not-a-uuid\n\n'
} >"$T/hashes.csv"
ends "find" 0 ent find --feed-hashes "$T/hashes.csv"
is "what is known, and the events" "$(cat "$T/out")" "domain    my-iri[.]org
          in event $e2
          in event $e1
endpoint  198[.]51[.]100[.]3:443
          in event $e1
url       hxxp://evil[.]example/a
          in event $e2
3 known here stand among the 5 values of that feed"
is "lines that are none are said" "$(grep -c 'skipped: not an MD5 and the uuid of an event' "$T/err")" 2
ends "for scripts" 0 ent find --json --feed-hashes "$T/hashes.csv" --types domain
is "one object each" "$(jq -c . "$T/out")" '{"value":"my-iri.org","type":"domain","events":["'$e2'","'$e1'"]}'
ends "at most so many" 0 ent find --limit 1 --feed-hashes "$T/hashes.csv"
tells "is said" '^entente: the first 1; --limit 0 finds all$'
gzip -c "$T/hashes.csv" >"$T/h.gz"
ends "compressed, from standard input" 0 sh -c "'$bin' find --home '$T/a' --feed-hashes - <'$T/h.gz'"
is "the same" "$(tail -1 "$T/out")" "3 known here stand among the 5 values of that feed"
: >"$T/empty"
ends "an empty one" 0 ent find --feed-hashes "$T/empty"
is "has nothing" "$(cat "$T/out")" "0 known here stand among the 0 values of that feed"
ends "what is none" 3 ent find --feed-hashes "$T/list"
tells "is refused" 'no hashes\.csv of a MISP feed'
ends "a binary" 3 ent find --feed-hashes "$bin"
ends "what is not there" 5 ent find --feed-hashes "$T/nowhere"
ends "nothing asked" 2 ent find

# What we export ourselves is found again.
ent export --format misp-feed --hashes -o "$T/feed" >/dev/null 2>&1
ends "our own feed" 0 ent find --feed-hashes "$T/feed/hashes.csv"
tells "holds all" '^4 known here stand among' "$T/out"

done_testing
