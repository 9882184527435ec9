#!/usr/bin/env bash
# test_watch.sh: known indicators in real and hostile logs; observation sets.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
watch() { "$bin" watch --home "$T/a" "$@"; }
plain() { jq -c 'del(.file)' "$1"; }

ends "without indicators there are no hits" 0 watch "$apache"
told "and that is said" "entente: no indicators yet: \`entente import FILE\` brings some"
"$bin" import --home "$T/a" "$jar" >/dev/null

# --- a real log ----------------------------------------------------------------------------------

ends "two addresses of GRIZZLY STEPPE in a real web log" 1 watch "$apache"
cp "$T/out" "$T/hits"
check "say nothing on standard error" test ! -s "$T/err"
check "as JSON lines" jq -e '.observable == .indicator and .type == "ipv4" and .kind == "IP_WATCHLIST"
    and .source == "JAR-16-20296A.csv" and .sources == 1 and .tlp == "TLP:CLEAR"' "$T/out"
is "on nine lines" "$(jq -r '"\(.line) \(.observable)"' "$T/out")" \
    "$(grep -nEo '^(109\.163\.234\.2|109\.74\.151\.149) ' "$apache" | sed 's/:/ /;s/ $//')"
is "which are nine" "$(wc -l <"$T/out")" 9
bad=0
while read -r offset what; do
    [ "$(dd if="$apache" bs=1 skip="$offset" count=${#what} status=none)" = "$what" ] || bad=$offset
done < <(jq -r '"\(.offset) \(.observable)"' "$T/out")
is "where they say" "$bad" 0
ends "by type" 0 watch --types domain,url,hash "$apache"
ends "by the right type" 1 watch --types ip "$apache"
ends "a table" 1 watch --table "$apache"
is "has them too" "$(grep -c '^109\[\.\]' "$T/out")" 9
tells "with a line for people" '^9 hits on 9 of 10,000 lines \(2\.4 MB in .*\), looking for 915 indicators$'

gzip -c "$apache" >"$T/log.gz"
zstd -qc "$apache" >"$T/log.zst"
{ head -5000 "$apache" | gzip -c; tail -n +5001 "$apache" | gzip -c; } >"$T/two.gz"
sed 's/$/\r/' "$apache" >"$T/crlf"
want=$(plain "$T/hits")
for f in "$T/log.gz" "$T/log.zst" "$T/two.gz"; do
    run watch "$f"
    [ "$rc-$(plain "$T/out")" = "1-$want" ] || break
    watch <"$f" >"$T/out" 2>"$T/err"
    [ "$?-$(plain "$T/out")" = "1-$want" ] || break
    f=all
done
is "gzip and zstd, from file and standard input, give the same" "$f" all
run watch "$T/crlf"
is "so do other ends of lines" "$(jq -c 'del(.file, .offset)' "$T/out")" "$(jq -c 'del(.file, .offset)' "$T/hits")"
run watch "$apache" "$T/log.gz"
is "two files are two" "$rc-$(wc -l <"$T/out")" 1-18

# --- hostile logs --------------------------------------------------------------------------------

head -c 100000 "$T/log.gz" >"$T/cut.gz"
ends "a log that is cut" 3 watch "$T/cut.gz"
told "is an error" "entente: $T/cut.gz: compressed data ends too early (at byte 100000)"
check "behind what was found in it" grep -q 109.74.151.149 "$T/out"
ends "of two logs the bad one" 3 watch "$T/cut.gz" "$apache"
is "does not hide the other's hits" "$(grep -c '"file":"'"$apache"'"' "$T/out")" 9
ends "a log that is not there" 5 watch "$T/none"
mkdir "$T/no-logs"
ends "a directory without logs" 0 watch "$T/no-logs"
: >"$T/empty"
ends "an empty log" 0 watch "$T/empty"

printf 'a\0b 109.163.234.2\0 c\xff\xfe\x80 www.cderlearn.com\n\0\0\0\n\e]0;x\a109.74.151.149\e[2J' >"$T/odd"
ends "NULs, wrong bytes, escapes and no last newline" 1 watch "$T/odd"
is "hide nothing" "$(jq -r '"\(.line) \(.observable)"' "$T/out" | tr '\n' ' ')" \
    "1 109.163.234.2 1 www.cderlearn.com 3 109.74.151.149 "
printf '1109.163.234.2 109.163.234.20 109.163.234.2.5 x109.163.234.2 9.163.234.2 109.163.234\n' >"$T/near"
ends "what only looks alike is no hit" 0 watch "$T/near"
printf 'GET http://a.b.private.directinvesting.com./x\nwww.CDERLEARN.com\nxwww.cderlearn.com.evil.org\n' >"$T/names"
ends "names match themselves and what lies below" 1 watch "$T/names"
is "and no more" "$(jq -r '"\(.line) \(.indicator)"' "$T/out" | sort -u | tr '\n' ' ')" \
    "1 private.directinvesting.com 2 www.cderlearn.com "

cat >"$T/evil.json" <<'J'
{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[{"type":"indicator",
"spec_version":"2.1","id":"indicator--d81f86b9-975b-4c0b-875e-810c5ad45a4f",
"created":"2014-06-29T13:49:37.079Z","modified":"2014-06-29T13:49:37.079Z","valid_from":"2014-06-29T13:49:37Z",
"name":"\u001b]0;owned\u0007 \u202egnp.exe","description":"\u001b[2J\u009b31m","indicator_types":["\u001b[31mred"],
"pattern_type":"stix","pattern":"[ipv4-addr:value = '198.51.100.77']"}]}
J
"$bin" import --home "$T/a" --source $'s\e[5m' "$T/evil.json" >/dev/null
name=$T/$'l\e[1mog "\xff'
printf '\e[2J\a 198.51.100.77 \e]0;x\a\n' >"$name"
ends "escapes in a feed, a log and a name" 1 watch "$name"
check "are still JSON" jq -e .observable "$T/out"
refute "and never raw" grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2\x9b|\xe2\x80\xae' "$T/out"
run watch --table "$name"
refute "nor in a table" grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2\x9b|\xe2\x80\xae' "$T/out" "$T/err"
if "$peers/pty" true; then
    ends "on a terminal it is a table" 1 "$peers/pty" "$bin" watch --home "$T/a" "$name"
    tells "with the address defanged" '198\[\.\]51\[\.\]100\[\.\]77' "$T/out"
    refute "and nothing raw" grep -qP '\e|\a|\xc2\x9b|\xe2\x80\xae' "$T/out"
    ends "with colours" 1 env -u NO_COLOR "$peers/pty" "$bin" watch --home "$T/a" "$name"
    is "only ours" "$(grep -aoP '\e\[[^a-zA-Z]*.' "$T/out" | sort -u | tr -d '\n')" $'\e[0m\e[1;31m'
else
    skip "on a terminal it is a table" "this machine has no pseudo-terminals"
fi

bounded() { ( [ $sanitized = yes ] || ulimit -v 500000; watch - ); }
gigabyte "109.163.234.2 " " 109.74.151.149" | bounded >"$T/out" 2>"$T/err"
is "one line of 1 GB, in bounded memory" "${PIPESTATUS[1]}-$(jq -c '[.line, .offset]' "$T/out" | tr -d '\n')" \
    "1-[1,0][1,1073741839]"
ends "no such type" 2 watch --types frob "$apache"
ends "a table of JSON" 2 watch --json --table "$apache"
ends "hits that cannot be written" 5 sh -c "'$bin' watch --home '$T/a' '$apache' >/dev/full"

# stop SIGNAL: a watch that waits for more of the log
stop() {
    rm -f "$T/pipe" && mkfifo "$T/pipe"
    "$bin" watch --home "$T/a" --observe-file "$T/stopped" "$T/pipe" >"$T/out" 2>"$T/err" &
    local p=$! fd
    pids+=("$p")
    exec {fd}>"$T/pipe"
    head -3000 "$apache" >&$fd
    sleep 0.5
    kill "-$1" "$p"
    wait "$p" 2>/dev/null
    rc=$?
    exec {fd}>&-
}
stop INT
is "Ctrl-C exits with 130" "$rc" 130
refute "and writes no observation set" sh -c "ls '$T'/stopped* 2>/dev/null | grep ."
stop KILL
refute "nor does a kill" sh -c "ls '$T'/stopped* 2>/dev/null | grep ."

# --- observation sets ----------------------------------------------------------------------------

ends "--observe-file" 1 watch --observe-file "$T/seen" "$apache"
tells "counts what was seen" "^observed 1,770 ipv4, 227 domain, 672 url, 6 email, 7 md5, 3 sha1: written to $T/seen$"
is "begins with its name" "$(head -1 "$T/seen")" "entente/observed@v1"
is "is the owner's alone" "$(stat -c %a "$T/seen")" 600
cat >"$T/order.py" <<'PY'
import sys
types = "ipv4 ipv6 net4 net6 endpoint domain url email md5 sha1 sha256 sha512".split()
lines = open(sys.argv[1], "rb").read().split(b"\n")
assert lines.pop() == b"" and lines.pop(0) == b"entente/observed@v1"
keys = [(types.index(l.split(b" ", 1)[0].decode()), l.split(b" ", 1)[1]) for l in lines]
assert keys == sorted(set(keys)), "not in order, or repeated"
PY
check "is in order, each once" python3 "$T/order.py" "$T/seen"
cut -d' ' -f1 "$apache" | sort -u | python3 -c '
import ipaddress, sys
for line in sys.stdin:
    try:
        a = ipaddress.ip_address(line.strip())
    except ValueError:
        continue
    if a.is_global and not a.is_multicast:
        print("ipv4" if a.version == 4 else "ipv6", a)' | sort >"$T/clients"
is "holds every client" "$(sort "$T/seen" | comm -23 "$T/clients" - | head)" ""
check "of which there are many" test "$(wc -l <"$T/clients")" -gt 1700
printf '10.0.0.1 192.168.1.1 127.0.0.1 224.0.0.1 localhost a.test host.local fe80::1 ::1 100.64.0.1 192.0.2.1\n' >"$T/private"
run watch --observe-file "$T/none" "$T/private"
is "and nothing private" "$rc-$(cat "$T/none")" "0-entente/observed@v1"
run watch --observe-file "$T/seen2" "$T/log.gz"
check "is the same for the compressed log" cmp -s "$T/seen" "$T/seen2"
tac "$apache" >"$T/reversed"
run watch --observe-file "$T/seen2" "$T/reversed" "$apache"
check "in another order, twice" cmp -s "$T/seen" "$T/seen2"
ends "an observation set is a log too" 1 watch "$T/seen"
is "with each address once" "$(wc -l <"$T/out")" 2

before=$(sha256sum <"$T/seen")
ends "a log that fails" 3 watch --observe-file "$T/seen" "$apache" "$T/cut.gz"
is "replaces no set" "$(sha256sum <"$T/seen")" "$before"
run bash -c "ulimit -f 40; exec '$bin' watch --home '$T/a' --observe-file '$T/seen' '$apache'"
is "a set where files may not grow" "$rc" 5
told "says so" "entente: $T/seen: no space left on the device"
is "and leaves the old one" "$(sha256sum <"$T/seen")" "$before"
refute "and nothing else" leftovers "$T"
ends "a set into nowhere" 5 watch --observe-file "$T/no/where" "$apache"
ends "a set over a device" 4 watch --observe-file /dev/full "$apache"
check "leaves the device" test -c /dev/full
if mkdir -p "$T/small" && mount -t tmpfs -o size=64k none "$T/small" 2>/dev/null; then
    run watch --observe-file "$T/small/seen" "$apache"
    is "a set onto a full disk" "$rc-$(ls -A "$T/small")" 5-
    umount "$T/small"
else
    skip "a set onto a full disk" "a tmpfs needs root"
fi

done_testing
