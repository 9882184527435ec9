#!/usr/bin/env bash
# test_taxii_serve.sh: what a member keeps, served by TAXII 2.1 and imported by another one; beside
# the export with the same --tlp.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

unset https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY
member a
member b
printf '80.1.1.1\n80.1.1.2\nevil-senate.com\n' >"$T/green.txt"
printf '80.1.1.3\n' >"$T/amber.txt"
printf '80.1.1.4\n' >"$T/red.txt"
printf '0.0.0.0/0\n80.1.1.5\n' >"$T/odd.txt"
cat >"$T/report.json" <<'END'
{"type":"bundle","id":"bundle--1","objects":[
{"type":"malware","spec_version":"2.1","id":"malware--00000001-0000-4000-8000-000000000000","created":"2018-01-01T00:00:00.000Z","modified":"2018-01-01T00:00:00.000Z","name":"X-Agent","is_family":true,"object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]},
{"type":"indicator","spec_version":"2.1","id":"indicator--00000002-0000-4000-8000-000000000000","created":"2018-01-01T00:00:00.000Z","modified":"2018-01-01T00:00:00.000Z","pattern":"[domain-name:value = 'adfs-senate.email']","pattern_type":"stix","valid_from":"2018-01-01T00:00:00Z","object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]}]}
END
"$bin" import --home "$T/a" --tlp green "$T/green.txt" "$T/report.json" "$T/odd.txt" >/dev/null 2>&1
"$bin" import --home "$T/a" --tlp amber "$T/amber.txt" >/dev/null 2>&1
"$bin" import --home "$T/a" --tlp red "$T/red.txt" >/dev/null 2>&1

"$peers/taxii_serve" "$T/a" "$T/port" >"$T/server" 2>&1 </dev/null &
pids+=($!)
wait_for 30 test -s "$T/port" || cat "$T/server"
here=127.0.0.1:$(cat "$T/port")
url=taxii+http://$here/taxii2/api/collections
echo secret >"$T/password" && chmod 600 "$T/password"
imp() { "$bin" import --home "$T/b" --user "$1" --password-file "$T/password" "${@:2}"; }
ids() { jq -r '.objects[].id' "$1" | sort; }

ends "a collection of an unknown user" 4 imp nobody "$url/green/"
ends "one that is narrower than the reader" 5 imp green "$url/amber/"
ends "one that may be read" 0 imp green --json "$url/green/"
is "gives what is green, and nothing of what is held" \
    "$(jq -c '[.whole, .new, .objects.new]' "$T/out")" '[true,4,6]'
ends "the next day there is nothing new" 0 imp green --json "$url/green/"
is "and so nothing comes" "$(jq -c '[.new, .known, .pages]' "$T/out")" '[0,0,1]'
"$bin" import --home "$T/a" --tlp green --source more - <<<'80.1.1.9' >/dev/null 2>&1
"$bin" edit --home "$T/a" 80.1.1.2 --tlp red >/dev/null 2>&1
ends "but what came since does" 0 imp green --json "$url/green/"
is "and only that" "$(jq -c '[.new, .known]' "$T/out")" '[1,0]'
"$bin" release --home "$T/a" odd.txt --by Eve --reason "we know" >/dev/null 2>&1
ends "and what is released" 0 imp green --json "$url/green/"
is "with all of its source" "$(jq -c '[.new, .known]' "$T/out")" '[2,0]'

command -v curl >/dev/null || { skip "by hand" "there is no curl"; done_testing; }
get() { curl -gs -u "$1:secret" -H "Accept: application/taxii+json;version=2.1" "http://$here/taxii2/api/$2"; }
for tlp in clear green amber; do
    "$bin" export --home "$T/a" --format stix --tlp $tlp -o "$T/$tlp.json" 2>/dev/null
    get amber "collections/$tlp/objects/" >"$T/$tlp.taxii"
    is "$tlp: what an export lets out" "$(ids "$T/$tlp.taxii")" "$(ids "$T/$tlp.json")"
done
jq '{type: "bundle", id: "bundle--00000000-0000-4000-8000-000000000000", objects: .objects}' \
    "$T/amber.taxii" >"$T/amber.bundle"
is "is STIX" "$(stix_valid "$T/amber.bundle" | tail -1)" "$(stix_valid "$T/amber.json" | tail -1)"
refute "a RED observable goes nowhere" grep -rq '80\.1\.1\.4' "$T/amber.taxii"

cat >"$T/post.json" <<'END'
{"objects":[{"type":"indicator","spec_version":"2.1","id":"indicator--00000003-0000-4000-8000-000000000000","created":"2018-01-01T00:00:00.000Z","modified":"2018-01-01T00:00:00.000Z","pattern":"[ipv4-addr:value = '80.2.2.2']","pattern_type":"stix","valid_from":"2018-01-01T00:00:00Z"},{"type":"nothing"}]}
END
code=$(curl -s -o "$T/status" -w '%{http_code}' -u writer:secret -H "Content-Type: application/taxii+json;version=2.1" \
    --data-binary "@$T/post.json" "http://$here/taxii2/api/collections/inbox/objects/")
is "what is posted is answered object by object" "$code $(jq -c '[.success_count, .failure_count]' "$T/status")" '202 [1,1]'
is "and the answer is kept" "$(get writer "status/$(jq -r .id "$T/status")/" | jq .success_count)" 1
is "as the word of who posted it" "$("$bin" show --home "$T/a" --json 80.2.2.2 | jq -r '.claims[0].source')" taxii:writer
is "which goes on like any other" "$(get amber "collections/amber/manifest/?match[id]=indicator--00000003-0000-4000-8000-000000000000" | jq '.objects | length')" 1
done_testing
