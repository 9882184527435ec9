#!/usr/bin/env bash
# test_import_openioc.sh: OpenIOC through the real program.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
imp() { "$bin" import --home "$T/a" "$@"; }
windigo=$data/openioc/windigo.ioc

# --- a real one, against what other means find in it ---------------------------------------------

terms=$(python3 - "$windigo" <<'P'
import sys, xml.etree.ElementTree as tree
ns = "{http://schemas.mandiant.com/2010/ioc}"
items = list(tree.parse(sys.argv[1]).iter(ns + "IndicatorItem"))
hashes = [i.find(ns + "Content").text for i in items if i.get("condition") == "is"
          and i.find(ns + "Context").get("search") == "FileItem/Sha1sum"]
print(len(items), len(set(hashes)), sum(i.get("condition") == "contains" for i in items))
P
)
is "Python's reader of XML in ESET's Windigo" "$terms" "205 68 137"
ends "a dry run" 0 imp --dry-run "$windigo"
tells "takes its hashes" "^  taken    68 sha1$" "$T/out"
tells "says what it cannot take" \
    "windigo.ioc:44: skipped: the term compares with contains, matches or the like: k2l8z1yeodm\.info$"
is "and keeps nothing" "$(store_dump a | wc -l)" 0
run imp --json "$windigo"
is "importing it" "$rc-$(jq -c '[.format, .taken, .new, .skipped]' "$T/out")" '0-["openioc",{"sha1":68},68,137]'
is "keeps its hashes" "$(store_dump a | wc -l)" 68
run "$bin" show --home "$T/a" --json 98cdbf1e0d202f5948552cebaa9f0315b7a3731d
is "with id, date and text" "$(jq -c '.claims[0] | [.id, .valid_from, .text[:24]]' "$T/out")" \
    '["ac4fc684-a85c-46ab-857a-19f8cf02ed18","2014-03-18T20:23:23Z","Operation Windigo; IOCs "]'
is "a hash of it is found" \
    "$(echo "sha1=98CDBF1E0D202F5948552CEBAA9F0315B7A3731D" | "$bin" watch --home "$T/a" --json 2>/dev/null | jq -r .indicator)" \
    98cdbf1e0d202f5948552cebaa9f0315b7a3731d
for z in gzip xz zstd; do
    "$z" -c "$windigo" >"$T/windigo.ioc"
    run imp --json "$T/windigo.ioc"
    is "compressed with $z it says the same" "$rc-$(jq -c '[.taken, .new, .known]' "$T/out")" '0-[{"sha1":68},0,68]'
done
run "$bin" import --home "$T/a" --json --format openioc - <"$windigo"
is "empty standard input is none" "$rc" 3
run sh -c "'$bin' import --home '$T/a' --json --format openioc - <'$windigo'"
is "from standard input" "$rc-$(jq -c '[.source, .taken]' "$T/out")" '0-["standard input",{"sha1":68}]'

# --- AND and OR ----------------------------------------------------------------------------------

# term SEARCH VALUE [ATTRIBUTES]
term() { echo "<IndicatorItem ${3:-condition='is'}><Context search='$1'/><Content>$2</Content></IndicatorItem>"; }
ioc() { echo "<OpenIOC xmlns='http://openioc.org/schemas/OpenIOC_1.1'><metadata><links><link rel='tlp'>$1</link></links></metadata><criteria><Indicator operator='OR'>"
    cat
    echo "</Indicator></criteria></OpenIOC>"; }
{ term Network/DNS openioc.my-iri.org
  echo "<Indicator operator='AND'>"
  term FileItem/Md5sum 44d88612fea8a8f36de82e1278abb02f
  term FileItem/FileName x.exe
  echo "</Indicator><Indicator operator='AND'>"
  term PortItem/remoteIP 198.51.100.3
  term PortItem/remotePort 443
  echo "</Indicator><Indicator operator='AND'>"
  term PortItem/remoteIP 198.51.100.4
  term RegistryItem/KeyPath Run
  echo "</Indicator>"
  term Network/DNS good.my-iri.org "condition='isnot'"; } | ioc green >"$T/and.ioc"
ends "joined terms" 0 imp --dry-run "$T/and.ioc"
is "take what is enough alone" "$(sed -n "s|^$T/and.ioc:||p" "$T/out")" "2: domain openioc[.]my-iri[.]org
4: md5 44d88612fea8a8f36de82e1278abb02f  file x.exe
7: endpoint 198[.]51[.]100[.]3:443"
told "and skip the others" "$T/and.ioc:10: skipped: the term must hold together with others: 198.51.100.4
$T/and.ioc:11: skipped: the term asks for something that is not read here: Run
$T/and.ioc:13: skipped: the term names what is not meant (isnot, negate): good.my-iri.org"
ends "importing them" 0 imp "$T/and.ioc"
is "keeps the marking" "$("$bin" show --home "$T/a" --json openioc.my-iri.org | jq -c '[.claims[].tlp]')" '["TLP:GREEN"]'

# --- what is refused -----------------------------------------------------------------------------

refused() { # refused NAME LINE SENTENCE
    ends "$1" 3 imp "$T/bad.ioc"
    told "is refused" "entente: $T/bad.ioc:$2: $3
entente: nothing of that file was taken"
}
printf '<!DOCTYPE ioc [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<ioc>&a;</ioc>\n' >"$T/bad.ioc"
refused "an entity" 1 "XML with a DOCTYPE: no feed needs entities of its own (at byte 14)"
head -c 30000 "$windigo" >"$T/bad.ioc"
ends "a file that breaks off" 3 imp "$T/bad.ioc"
tells "is refused with its line" "bad.ioc:[0-9]+: the XML ends too early \(at byte [0-9]+\)$"
printf '<?xml version="1.0"?>\n<!-- c -->\n<stix:STIX_Package xmlns:stix="x"/>\n' >"$T/bad.ioc"
ends "other XML" 3 imp --format openioc "$T/bad.ioc"
tells "is refused" "bad.ioc: XML, but not OpenIOC \(STIX 1\?\): no format that is read here$"
is "and nothing of them was kept" "$(store_dump a | wc -l)" $((68 + 68 + 3))

done_testing
