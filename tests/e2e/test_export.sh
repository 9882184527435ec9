#!/usr/bin/env bash
# test_export.sh: what is known, in the formats of other tools, checked by those tools where they
# can be had.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
exp() { "$bin" export --home "$T/a" "$@"; }
"$bin" import --home "$T/a" "$jar" >/dev/null
release_jar a
cat >"$T/feed.txt" <<'L'
203.0.113.0/24
2001:db8::1
2001:db8:5::/48
198.51.100.7:443
[2001:db8::1]:8443
bad.example
http://bad.example/a?b#c
http://bad.example/gate/*
#x@bad.example
L
sed -i 's/^#x/mailto:#x/' "$T/feed.txt"
"$bin" import --home "$T/a" --source own --tlp amber --confidence 80 "$T/feed.txt" >/dev/null

# --- list, and what is chosen --------------------------------------------------------------------

ends "a list" 0 exp --format list
is "says how much it is" "$(tail -1 "$T/err")" \
    "entente: list: 876 ipv4, 1 ipv6, 1 net4, 1 net6, 2 endpoint, 11 domain, 2 url, 1 email, 5 md5, 4 sha1, 19 sha256, 1 urlprefix"
mv "$T/out" "$T/all.txt"
member again
"$bin" import --home "$T/again" "$T/all.txt" >/dev/null
same() { "$bin" export --home "$T/again" --format list 2>/dev/null | cmp - "$T/all.txt"; }
check "comes in again as the same" same
run exp --format list --source own
is "one source" "$(sort "$T/out")" "$(sort "$T/feed.txt")"
run exp --format list --types url,email
is "some types" "$(wc -l <"$T/out")" 4
run exp --format list --min-confidence 81
is "how sure" "$rc-$(wc -c <"$T/out")" 0-0
run exp --format list --min-confidence 80
is "at least" "$(wc -l <"$T/out")" 9
run exp --format list --new-since 2100-01-01
is "what is new" "$rc-$(wc -c <"$T/out")" 0-0
run exp --format list --new-since 2001-01-01T00:00:00Z
is "since then" "$(wc -l <"$T/out")" 924

run exp --format list --max-age 1
is "what was said today" "$(wc -l <"$T/out")" 924
sqlite3 "$T/a/store.db" "UPDATE claim SET last_import = last_import - 3 * 86400
    WHERE source = (SELECT id FROM source WHERE name = 'own')"
run exp --format list --max-age 2
is "and not what has not been said for days" "$(wc -l <"$T/out")" 915
run exp --format list --max-age 4 --source own
is "unless they are few" "$(wc -l <"$T/out")" 9
"$bin" import --home "$T/a" --source own --tlp amber --confidence 80 "$T/feed.txt" >/dev/null
run exp --format list --max-age 1
is "or it is said again" "$(wc -l <"$T/out")" 924

# --- the door ------------------------------------------------------------------------------------

ends "through a door for GREEN" 0 exp --format csv --tlp green
refute "nothing AMBER goes" grep -qE 'TLP:(AMBER|RED)|bad\.example|203\.0\.113' "$T/out"
tells "and how much is held back is said" '^entente: narrower than TLP:GREEN, held back: 9$'
is "the rest is there" "$(wc -l <"$T/out")" 916
printf 'bad.example\n' >"$T/open.txt"
"$bin" import --home "$T/a" --source open --tlp clear "$T/open.txt" >/dev/null
ends "what another source says openly" 0 exp --format csv --tlp clear --types domain --json
is "goes with what that one says" "$(grep ^bad.example "$T/out" | cut -d, -f 1-4,9)" \
    bad.example,domain,TLP:CLEAR,,open
is "in sums for scripts" "$(jq -c . "$T/err")" \
    '{"format":"csv","written":{"domain":11},"left_out":{},"held_back":0,"unreleased":0}'

held() { exp --format "$1" --tlp green --json -o "$T/held" 2>&1 | jq .held_back; }
is "the same is held back in all formats" "$(held nft) $(held misp)" "$(held list) $(held list)"

# --- formats -------------------------------------------------------------------------------------

ends "CSV" 0 exp --format csv
check "is CSV" python3 - "$T/out" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert len(rows) == 924 and all(None not in r and len(r) == 12 for r in rows)
assert not [v for r in rows for v in r.values() if v[:1] in tuple("=+-@\t\r") and v]
P
ends "Zeek's intel.dat" 0 exp --format zeek
tells "leaves out endpoints and starts of URLs" '^entente: zeek cannot carry these, left out: 2 endpoint, 1 urlprefix$'
is "seven fields in each line" "$(awk -F'\t' 'NR == 1 { if ($1 == "#fields" && NF == 8) next } NF != 7' "$T/out")" ""
check "no scheme in URLs" grep -qP '^bad\.example/a\?b\tIntel::URL\town\tTLP:AMBER\t-\tT\t-$' "$T/out"
check "no comment out of a value" grep -qP '^\\x23x@bad\.example\tIntel::EMAIL' "$T/out"
ends "a hosts file" 0 exp --format hosts
is "has the names" "$(grep -c '^0\.0\.0\.0 ' "$T/out")" 11
ends "a zone" 0 exp --format rpz -o "$T/rpz.db"
if command -v named-checkzone >/dev/null; then
    check "named-checkzone takes it" named-checkzone -q rpz.example "$T/rpz.db"
    named-checkzone -s relative -o "$T/rpz.txt" rpz.example "$T/rpz.db" >/dev/null
    is "with all that is in it" "$(grep -cE 'CNAME[[:space:]]+\.$' "$T/rpz.txt")" $((2 * 11 + 876 + 1 + 1 + 1))
else
    skip "named-checkzone takes it" "there is no named-checkzone"
fi

printf '%s\n' 203.0.113.0/25 203.0.113.9 198.51.100.9:443 >"$T/soon.txt"
cat >"$T/soon.json" <<'J'
{"type":"bundle","objects":[{"type":"indicator","pattern_type":"stix","valid_until":"2999-01-01T00:00:00Z",
 "pattern":"[ipv4-addr:value = '192.0.2.1'] OR [ipv4-addr:value ISSUBSET '192.0.2.0/28'] OR [ipv4-addr:value ISSUBSET '192.0.2.0/27']"}]}
J
"$bin" import --home "$T/a" --source 'a "quoted" *' "$T/soon.txt" >/dev/null
"$bin" import --home "$T/a" "$T/soon.json" >/dev/null
ends "nftables" 0 exp --format nft -o "$T/sets.nft"
tells "leaves out names" '^entente: nft cannot carry these, left out: 11 domain, 2 url, '
# A network of one's own, so that nothing of this machine is touched.
if command -v nft >/dev/null && unshare -n nft list tables 2>/dev/null; then
    check "nft takes it" unshare -n nft -c -f "$T/sets.nft"
    check "also when it is there already" unshare -n sh -c "nft -f '$T/sets.nft' && nft -f '$T/sets.nft'"
    unshare -n sh -c "nft -f '$T/sets.nft' && nft get element inet entente addr4 '{ 192.0.2.1 }' &&
        nft get element inet entente net4 '{ 203.0.113.200 }' &&
        nft get element inet entente end6 '{ 2001:db8::1 . 8443 }'" >"$T/got" 2>&1
    is "and knows what is in it" "$(grep -cE 'elements = .*(192.0.2.1|203.0.113|2001:db8::1 . 8443)' "$T/got")" 3
else
    for what in "nft takes it" "also when it is there already" "and knows what is in it"; do
        skip "$what" "there is no nft, or it may not run"
    done
fi
ends "STIX" 0 exp --format stix -o "$T/bundle.json"
is "carries everything" "$(wc -l <"$T/err")" 1
case $(stix_valid "$T/bundle.json" 2>&1 | tail -1) in
no*) skip "is valid by OASIS's schemas" "python3 has no jsonschema" ;;
*' 0 errors') ok "is valid by OASIS's schemas" ;;
*) not_ok "is valid by OASIS's schemas" "$(stix_valid "$T/bundle.json")" ;;
esac
is "every id once" "$(jq '.objects | (map(.id) | unique | length) == length' "$T/bundle.json")" true
is "everything refers to what is in it" "$(jq '(.objects | map(.id)) as $ids |
    [.objects[] | .created_by_ref, (.object_marking_refs // [])[] | select(. != null)] - $ids | length' "$T/bundle.json")" 0
is "what must be there is" "$(jq '[.objects[] | select(.type == "indicator") | select(.pattern and .valid_from and
    .created <= .modified and .pattern_type == "stix" and .spec_version == "2.1" | not)] | length' "$T/bundle.json")" 0
member back
"$bin" import --home "$T/back" --json "$T/bundle.json" >"$T/out"
is "is read again" "$(jq -c '[.format, .skipped]' "$T/out")" '["stix",0]'
claims() { "$bin" export --home "$T/$1" --format csv 2>/dev/null | cut -d, -f 1-4,6-8 | sort; }
is "and nothing of it is lost" "$(claims back | sha256sum)" "$(claims a | sha256sum)"
exp --format stix -o "$T/bundle2.json" 2>/dev/null
ids() { jq -r '.objects[].id' "$1"; }
is "the next export has the same ids" "$(ids "$T/bundle2.json")" "$(ids "$T/bundle.json")"
exp --format stix --tlp green -o "$T/green.json" 2>/dev/null
refute "nothing AMBER through a door for GREEN" grep -qiE 'amber|55d920b0|own|203\.0\.113' "$T/green.json"

ends "MISP" 0 exp --format misp -o "$T/event.json"
is "is an event with all but starts of URLs" "$(jq '.Event.Attribute | length' "$T/event.json")" \
    "$(($(exp --format list 2>/dev/null | wc -l) - 1))"
is "each of them marked" "$(jq '[.Event.Attribute[] | select([.Tag[].name | startswith("tlp:")] | any | not)] | length' "$T/event.json")" 0
is "and with ids of their own" "$(jq '.Event.Attribute | (map(.uuid) | unique | length) == length' "$T/event.json")" true
is "that STIX has too" "$(jq '[.Event.Attribute[].uuid | "indicator--" + .] - [input.objects[].id] | length' "$T/event.json" "$T/bundle.json")" 0
ends "Suricata" 0 exp --format suricata -o "$T/suricata"
is "in files of its own" "$(cd "$T/suricata" && echo *)" \
    "entente-ip.lst entente-md5.lst entente-names.lst entente-sha1.lst entente-sha256.lst entente.rules"
is "whose names are base64" "$(base64 -d <"$T/suricata/entente-names.lst" | grep -o 'bad\.example')" bad.example
rules=$T/suricata/entente.rules
is "every rule has an id of its own" "$(grep -o 'sid:[0-9]*' "$rules" | sort -u | wc -l)" "$(grep -c ^alert "$rules")"
is "every rule is whole" "$(grep -vcE '^(#|alert [a-z-]+ any any (->|<>) [][0-9a-f.:/any]+ [0-9any]+ \(msg:"[^";\\]*"; .*sid:[0-9]+; rev:1;\)$)' "$rules")" 0
is "every list that is read is there" "$(grep -oE '[a-z0-9-]+\.lst' "$rules" | sort -u | tr '\n' ' ')" \
    "entente-ip.lst entente-md5.lst entente-names.lst entente-sha1.lst entente-sha256.lst "
if command -v suricata >/dev/null; then
    check "suricata takes them" suricata -T -S "$rules" -l "$T"
else
    skip "suricata takes them" "there is no suricata"
fi
run exp --format suricata -o "$T/suricata" --sid 500-599 --json
is "ids within a range" "$rc-$(grep -o 'sid:[0-9]*' "$rules" | grep -vcE ':5[0-9][0-9]$')" 0-0
ends "a directory is needed" 2 exp --format suricata
ends "and not a file" 5 exp --format suricata -o "$T/bundle.json"

# --- where it goes -------------------------------------------------------------------------------

run exp --format hosts -o -
is "- is standard output" "$rc-$(grep -c '^0\.0\.0\.0 ' "$T/out")" 0-11
is "a file is for its owner" "$(stat -c %a "$T/rpz.db")" 600
echo old >"$T/kept" && chmod 644 "$T/kept"
run exp --format list --output "$T/kept"
is "unless it was there" "$rc-$(stat -c %a "$T/kept")-$(wc -l <"$T/kept")" 0-644-930
ends "where no file can be" 5 exp --format list -o "$T/none/x"
told "is said" "entente: $T/none/x: cannot create: No such file or directory"
ends "a full disk" 5 sh -c "'$bin' export --home '$T/a' --format csv >/dev/full"
echo old >"$T/kept"
run bash -c "ulimit -f 4; exec '$bin' export --home '$T/a' --format csv -o '$T/kept'"
is "a file that may not grow stays as it was" "$rc-$(cat "$T/kept")" 5-old
is "and nothing half-written stays" "$(leftovers "$T" | grep kept)" ""
# A right-to-left override is text to a tool, and a trap on a terminal.
printf '{"type":"bundle","objects":[{"type":"indicator","pattern_type":"stix","description":"a\\u202eb\\u009b31mc","pattern":"[domain-name:value = '"'trap.example'"']"}]}' >"$T/trap.json"
"$bin" import --home "$T/a" --source trap "$T/trap.json" >/dev/null
ends "a pipe gets text as it is" 0 exp --format csv --source trap
check "all of it" grep -q $'a\xe2\x80\xaeb' "$T/out"
run "$peers/pty" "$bin" export --home "$T/a" --format csv --source trap
if [ "$rc" = 77 ]; then
    skip "a terminal shows it" "there are no pseudo-terminals"
    skip "and obeys none of it" "there are no pseudo-terminals"
else
    check "a terminal shows it" grep -qa 'trap.example,.*a?b' "$T/out"
    refute "and obeys none of it" grep -qaP '\xe2\x80\xae|\xc2\x9b|\x1b' "$T/out"
fi

for bad in "" "--format x" "--format list --tlp purple" "--format list --min-confidence 101" \
    "--format list --new-since soon" "--format list --max-age 0" "--format list --max-age 36501" "--format list --max-age 1d" "--format list --types x" "--format suricata -o $T/x --sid 5" "--format list --sid 9-100" "--format list file" "--format list -o"; do
    # shellcheck disable=SC2086
    run exp $bad
    [ "$rc" = 2 ] && [ "$(wc -l <"$T/err")" = 2 ] || break
done
is "wrong options" "$rc-$bad" "2---format list -o"

done_testing
