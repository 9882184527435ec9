#!/usr/bin/env bash
# test_import_text.sh: the text formats of other programs, through the real program.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2016,SC2317
. tests/e2e/lib.sh

member a
imp() { "$bin" import --home "$T/a" "$@"; }
# takes NAME FORMAT COUNTS SKIPPED FILE: what --json says about it
takes() {
    run imp --json "$5"
    is "$1" "$rc-$(jq -c '[.format, .taken, .skipped]' "$T/out")" "0-[\"$2\",$3,$4]"
}
# finds NAME TEXT VALUE: a log line with TEXT is a hit for VALUE
finds() { is "$1" "$(echo "$2" | "$bin" watch --home "$T/a" --json 2>/dev/null | jq -r .indicator)" "$3"; }

# --- Zeek ----------------------------------------------------------------------------------------

printf '#fields\tmeta.source\tindicator\tindicator_type\tmeta.desc
circle-7\tzeek.my-iri.org\tIntel::DOMAIN\tlookalike of iri.org
circle-7\t198.51.100.64/26\tIntel::SUBNET\t-
circle-7\troot\tIntel::USER_NAME\t-\n' >"$T/intel.dat"
takes "Zeek's intelligence file" zeek '{"net4":1,"domain":1}' 1 "$T/intel.dat"
ends "the same for people" 0 imp "$T/intel.dat"
told "says what was skipped, and where" \
    "$T/intel.dat:4: skipped: a type of Zeek's that is not read here: circle-7\\troot\\tIntel::USER_NAME\\t-"
finds "what it said is found" "GET / zeek.my-iri.org" zeek.my-iri.org
sed 's/\t/ /g' "$T/intel.dat" >"$T/blanks.dat"
ends "blanks for tabs" 3 imp "$T/blanks.dat"
tells "are refused" "blanks.dat:1: #fields must name indicator and indicator_type, with tabs between$"

# --- hosts ---------------------------------------------------------------------------------------

printf '127.0.0.1 localhost\n0.0.0.0 hosts.my-iri.org senate.group # 2018\n0.0.0.0 a.example\n10.0.0.7 printer\n' >"$T/hosts"
takes "a hosts file" hosts '{"domain":3}' 2 "$T/hosts"
ends "the same for people" 0 imp "$T/hosts"
told "says what was skipped" "$T/hosts:1: skipped: a name of the machine itself: localhost
$T/hosts:4: skipped: not sent to 0.0.0.0 or the like: a machine of one's own?: 10.0.0.7 printer"
finds "the second name of a line is found" "query senate.group A" senate.group
printf '127.0.0.1 localhost\n::1 localhost ip6-loopback\n' >"$T/own"
ends "a hosts file of one's own" 3 imp "$T/own"
tells "is refused" "^entente: $T/own:1: no line sends a name to 0.0.0.0 or 127.0.0.1$"

# --- reports -------------------------------------------------------------------------------------

cat >"$T/report.md" <<'R'
# Report

The group registered `prose[.]my-iri[.]org` in August 2018, see https://news.my-iri.org/2018/08.
Its loader setup.exe (SHA-1 9cb7716d83c0d06ab356bdfa52def1af64bc5210) asks 8.8.4.4 for it.

| File | Server |
|------|--------|
| a.pdf | hxxps://senate[.]group/login?id=7 |

Contact: [our team](https://my-iri.org/team) or press@my-iri.org, version 1.2.3.4 of this text.
R
takes "a report" prose '{"ipv4":1,"domain":1,"url":1,"sha1":1}' 3 "$T/report.md"
rm -rf "$T/a" && member a
ends "a dry run" 0 imp --dry-run "$T/report.md"
is "shows each value with its line and the words around it" "$(sed -n 1p "$T/out")" \
    "$T/report.md:3: domain prose[.]my-iri[.]org  The group registered \`prose[.]my-iri[.]org\` in August 2018, see https://news.my-iri.org/2018/08."
is "in their order" "$(sed -n 's/^[^ ]*report.md:\([0-9]*\): \([a-z0-9]*\) .*/\1 \2/p' "$T/out" | tr '\n' ' ')" \
    "3 domain 4 sha1 4 ipv4 8 url "
tells "says that it was one" "^  nothing was kept: this was a dry run$" "$T/out"
is "says what it would skip" "$(sed 's/.*report.md:/:/' "$T/err")" \
    ":3: skipped: not defanged where others are: a reference?: https://news.my-iri.org/2018/08.
:10: skipped: a link to click: a reference?: https://my-iri.org/team)
:10: skipped: a version, not an address?: 1.2.3.4"
is "and keeps nothing" "$(store_dump a | wc -l)" 0
run imp --dry-run --json "$T/report.md"
is "the same as JSON" "$(jq -c 'select(.value) | [.line, .type, .value]' "$T/out" | head -1)" \
    '[3,"domain","prose.my-iri.org"]'
ends "without it" 0 imp "$T/report.md"
is "it is kept" "$(store_dump a | wc -l)" 4
finds "and found" "query prose.my-iri.org A" prose.my-iri.org
echo "We have nothing to say about anything, today." >"$T/chat.txt"
ends "a text without any" 3 imp "$T/chat.txt"
tells "is refused" "^entente: $T/chat.txt:1: no address, name, URL or hash in this text$"

# Two real ones, against what other means find in them.
reports=$data/reports
takes "ESET's page about GreyEnergy" prose '{"ipv4":24,"url":7,"sha1":84}' 2 "$reports/greyenergy.adoc"
is "has that many hashes" "$(grep -coE '\b[0-9a-fA-F]{40}\b' "$reports/greyenergy.adoc")" 84
is "and working addresses" "$(grep -oE '\b([0-9]{1,3}\.){3}[0-9]{1,3}\b' "$reports/greyenergy.adoc" | wc -l)" 24
is "its two links are none" "$(jq -c '[.skips[].line]' "$T/out")" "[4,5]"
takes "ESET's page about Zebrocy" prose '{"url":1,"email":11,"sha1":6}' 0 "$reports/zebrocy.adoc"
is "has that many addresses of mail" "$(grep -c '^`.*@.*`$' "$reports/zebrocy.adoc")" 11

# --- CSV -----------------------------------------------------------------------------------------

cat >"$T/feed.csv" <<'C'
# a comment
"first_seen_utc";"ioc_type";"ioc_value";"confidence_level";"malware_printable"
"2018-08-20 12:00:00";"ip:port";"198.51.100.3:443";"75";"X-Agent"
"2018-08-20 12:00:00";"domain";"csv.my-iri.org";"50";"X-Agent"
"2018-08-20 12:00:00";"mutex";"abc";"50";"X-Agent"
C
takes "CSV with a header" csv '{"endpoint":1,"domain":1}' 1 "$T/feed.csv"
ends "the same for people" 0 imp "$T/feed.csv"
told "says what was skipped" "$T/feed.csv:5: skipped: a type of indicator that is not read here: abc"
finds "what it said is found" "query csv.my-iri.org A" csv.my-iri.org
printf 'nr,what,of what kind\n1,198.51.100.9,C2\n2,x,C2\n' >"$T/odd.csv"
run imp --columns value=2,malware=3 --json "$T/odd.csv"
is "columns by number" "$rc-$(jq -c '[.format, .taken, .skips[0].line]' "$T/out")" '0-["csv",{"ipv4":1},3]'
ends "columns by name" 0 imp --columns "value=what,malware=of what kind" "$T/odd.csv"
is "with what the others say" "$(store_dump a | grep 198.51.100.9)" "(1, '198.51.100.9', 3, -1, 'C2', '')"
ends "a column that is not there" 3 imp --columns value=there "$T/odd.csv"
tells "is an error" "^entente: $T/odd.csv:1: --columns: the header has no such column$"
ends "columns of what has none" 2 imp --columns value=1 --format stix "$T/odd.csv"

takes "Mandiant's list of SUNBURST's names" csv '{"ipv4":10,"domain":16}' 0 "$reports/sunburst-nbi.csv"
is "as Python's reader of CSV counts them" "$(python3 -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8-sig")))
print(sum(bool(r["IP"].strip()) for r in rows), sum(bool(r["FQDN"].strip()) for r in rows))' "$reports/sunburst-nbi.csv")" "10 16"

# --- RPZ -----------------------------------------------------------------------------------------

cat >"$T/rpz.zone" <<'Z'
$TTL 300
@ SOA localhost. hostmaster.localhost. ( 2018082001 3600
      600 86400 300 )
@ NS localhost.
rpz.my-iri.org CNAME .              ; NXDOMAIN
*.rpz.my-iri.org CNAME .
senate.group CNAME *.               ; NODATA
adfs-senate.email CNAME rpz-passthru.
24.0.100.51.198.rpz-ip CNAME .
32.zz.db8.2001.rpz-ip CNAME .
ns1.evil.example.rpz-nsdname CNAME .
Z
if command -v named-checkzone >/dev/null; then
    check "BIND takes the zone for one" named-checkzone rpz.example "$T/rpz.zone"
else
    skip "BIND takes the zone for one" "there is no named-checkzone"
fi
takes "a response policy zone" rpz '{"net4":1,"net6":1,"domain":2}' 2 "$T/rpz.zone"
ends "the same for people" 0 imp "$T/rpz.zone"
told "says what was skipped" "$T/rpz.zone:8: skipped: let through: this zone says that it is not hostile: adfs-senate.email
$T/rpz.zone:11: skipped: a trigger of RPZ that is not read here: ns1.evil.example.rpz-nsdname"
finds "what it said is found" "query rpz.my-iri.org A" rpz.my-iri.org

# --- Suricata ------------------------------------------------------------------------------------

for v in dataset.my-iri.org senate.group; do printf %s "$v" | base64; done >"$T/cti-dom.lst"
takes "a dataset of Suricata" suricata '{"domain":2}' 0 "$T/cti-dom.lst"
ends "for people" 0 imp "$T/cti-dom.lst"
finds "what it said is found" "query dataset.my-iri.org A" dataset.my-iri.org
printf '198.51.100.77,300\n198.51.100.78,70000\n' >"$T/rep.lst"
ends "a reputation list" 0 imp --format suricata "$T/rep.lst"
told "with a wrong row" "$T/rep.lst:2: skipped: a reputation is a number from 0 to 65535: 198.51.100.78,70000"

done_testing
