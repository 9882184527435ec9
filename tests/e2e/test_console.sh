#!/usr/bin/env bash
# test_console.sh: the console of running nodes, by TLS: its calls with curl, its pages in a browser.
# With CONSOLE_SHOTS=DIR pictures of the pages are written there.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2034,SC2317
. tests/e2e/lib.sh
# shellcheck source=tests/e2e/console.sh
. tests/e2e/console.sh

member lone
serve lone 0.0.0.0
tells "who listens everywhere is shown a link that can be opened" "^  https://localhost:${url##*:}/first#entl_" "$T/lone.log"
account tester analyst red
gets "a home without anything has a page" 200 /
gets "and a day" 200 /api/v1/today
is "on which nothing was" "$(jq -c '[.sightings, .most_seen, .held, .claims]' "$T/body")" '[[],[],[],0]'
gets "nobody stands anywhere" 200 /api/v1/standing
is "  as to partners" "$(jq -c '[.proposals, .members]' "$T/body")" '[[],[]]'
gets "it says who it is" 200 /api/v1/node
is "  by name" "$(jq -r .member "$T/body")" lone
gets "it has no partners" 404 /api/v1/partners
detail "not-found: this member is in no pact yet"
stop_node
is "its node ends well" "$rc" 0

pair a b >/dev/null && ok "two members found a pact" || not_ok "two members found a pact"
"$bin" watch --home "$T/a" --observe-file "$T/seen" "$apache" >/dev/null 2>&1
ends "they match" 0 "$bin" match --home "$T/a" b
"$bin" import --home "$T/a" "$jar" >/dev/null
printf '109.163.234.2\n109.74.151.149\n' >"$T/list.txt"
"$bin" import --home "$T/a" --tlp red "$T/list.txt" >/dev/null
python3 - "$T/evil.json" <<'PY'
import json, sys
evil = "<script>alert(1)</script>\x1b[31m\u202egnp.exe " * 2000
url = "http://evil.example/<script>alert(1)</script>%E2%80%AE" + "a" * 1500
json.dump({"type": "bundle", "id": "bundle--6e7c4d0a-7a86-4b5c-8f5a-6a4b1f1e0001", "objects": [{
    "type": "indicator", "spec_version": "2.1", "id": "indicator--6e7c4d0a-7a86-4b5c-8f5a-6a4b1f1e0002",
    "created": "2020-01-01T00:00:00Z", "modified": "2020-01-01T00:00:00Z", "valid_from": "2020-01-01T00:00:00Z",
    "name": evil, "description": evil, "labels": ["<img src=x onerror=alert(2)>"],
    "pattern_type": "stix", "pattern": "[url:value = '%s']" % url}]}, open(sys.argv[1], "w"))
PY
"$bin" import --home "$T/a" --tlp clear "$T/evil.json" >"$T/out" 2>&1 || not_ok "a hostile feed is taken" "$(cat "$T/out")"
"$bin" watch --home "$T/a" "$apache" >/dev/null 2>&1

# --- calls ---------------------------------------------------------------------------------------

configure a "release_needs_two = yes" "gossip_seconds = 1" "rate_address = 10000" # for many at once
serve a
link=$(sed -n "s|^  \($url/first#entl_[A-Za-z0-9_-]*\)$|\1|p" "$T/a.log")
check "the node prints where the first operator is made" test -n "$link"
account tester analyst red
gets "the page" 200 /
for header in "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'" \
    "referrer-policy: no-referrer" "x-frame-options: DENY" "cache-control: no-cache"; do
    check "has ${header%%:*}" grep -Fiq "$header" "$T/headers"
done
refute "holds no inline script or style" grep -Eiq '<script>|<style|style=|onclick' "$T/body"
refute "and no file makes markup" grep -Elq 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?://[^w]' web/*.js
tag=$(sed -n 's/^ETag: \("[0-9a-f]*"\).*/\1/Ip' "$T/headers")
is "its tag is its hash" "$tag" "\"$(sha256sum <web/index.html | cut -d' ' -f1)\""
gets "who has it gets no more" 304 / -H "If-None-Match: $tag"
gets "another way to write a file's name" 400 /console/../style.css --path-as-is
gets "files are only read" 405 /console/app.js -X POST
gets "no such call" 404 /api/v1/nothing
detail "not-found: the console has no such call"
gets "another method" 405 /api/v1/today "${token[@]}" -X DELETE
detail "method: not with this method"
gets "a parameter that is none" 400 '/api/v1/today?day=1'
detail "malformed: there is no such parameter here"
gets "one that is given twice" 400 '/api/v1/today?days=1&days=2'
detail "malformed: a parameter is given twice"
gets "one that is missing" 400 /api/v1/proof
detail "malformed: a parameter is missing"
gets "one out of range" 400 '/api/v1/indicators?limit=201'
detail "malformed: the value of limit is none that it may have"
gets "one that is no text" 400 '/api/v1/indicators?q=%ff'
detail "malformed: a parameter's value is no text"
gets "an observable that is none" 400 '/api/v1/indicator?value=ipv4:1.2.3.400'
gets "an observable that is unknown" 404 '/api/v1/indicator?value=ipv4:192.0.2.1'
detail "not-found: nothing is known of it"
gets "an entry that is not there" 404 '/api/v1/proof?member=a&from=99'
gets "a member that is none" 404 '/api/v1/log?member=mallory'
gets "a beginning that is none" 404 '/api/v1/consistency?member=a&from=3&to=1'
gets "a match that was none" 404 "/api/v1/match?run=$(printf '%032d' 0)"
gets "a change without the token" 403 /api/v1/tag -H "Origin: $url" -d 'value=ipv4:109.163.234.2&tag=x'
detail "not-allowed: a request with a cookie that does not come from our own page"
gets "a change with the token of another session" 403 /api/v1/tag -H "Origin: $url" -H "X-CSRF-Token: ${password}" -d 'value=ipv4:109.163.234.2&tag=x'
gets "a change by another site" 403 /api/v1/tag "${token[@]:2}" -H "Origin: https://evil.example" -d 'value=ipv4:109.163.234.2&tag=x'
who=nobody gets "a change by one who is not logged in" 401 /api/v1/tag -H "Origin: $url" -d 'value=ipv4:109.163.234.2&tag=x'
detail "who: nobody is logged in"
gets "a change by GET" 405 '/api/v1/tag?value=ipv4:109.163.234.2&tag=x' "${token[@]}"
gets "a change in another type" 415 /api/v1/tag "${token[@]}" -H 'Content-Type: text/plain' -d 'value=ipv4:109.163.234.2&tag=x'
gets "a tag that hides something" 400 /api/v1/tag "${token[@]}" --data-urlencode 'value=ipv4:109.163.234.2' --data-urlencode "tag=$(printf 'a\xe2\x80\xaeb')"
detail "malformed: a tag is visible text without blanks around it"
gets "a tag that it has not" 404 /api/v1/tag "${token[@]}" -d 'value=ipv4:109.163.234.2&tag=x&remove=1'
gets "hits as events" 200 /api/v1/hits
is "which end, with their place" "$(grep -c -e '^retry: 3000$' -e '^id: [0-9]*$' -e '^event: hits$' -e '^data: {' "$T/body")" 4
id=$(sed -n 's/^id: //p' "$T/body")
gets "asked for again behind it" 200 /api/v1/hits -H "Last-Event-ID: $((id + 60))"
is "there is nothing" "$(sed -n 's/^data: //p' "$T/body" | jq -c '[.hits, .last]')" "[[],$((id + 60))]"
gets "behind a place that is none" 400 /api/v1/hits -H "Last-Event-ID: x"

# All pages together are the whole, each row once.
pages_of() {
    local q=$1 next=
    for _ in $(seq 50); do
        gets_body "/api/v1/indicators?limit=97$q$next" >"$T/page"
        jq -r '.rows[] | .type + ":" + .value' "$T/page"
        next=$(jq -r 'if .before then "&before=\(.before)" elif .after then "&after=" + (.after | @uri) else "" end' "$T/page")
        [ -n "$next" ] || break
    done
}
known=$(sqlite3 "$T/a/store.db" 'SELECT count(*) FROM observable')
is "pages of the newest have all" "$(pages_of '' | sort -u | wc -l)/$(pages_of '' | wc -l)" "$known/$known"
want=$(sqlite3 "$T/a/store.db" "SELECT count(*) FROM observable WHERE value LIKE '1%'")
is "pages of what begins so" "$(pages_of '&q=1' | sort -u | wc -l)/$(pages_of '&q=1' | wc -l)" "$want/$want"
want=$(sqlite3 "$T/a/store.db" "SELECT count(*) FROM observable WHERE type = 1")
is "pages of what lies in a network" "$(pages_of '&q=0.0.0.0/0' | grep -c '^ipv4:')" "$want"

account reader reader green
gets "one who may see GREEN" 200 '/api/v1/indicator?value=ipv4:109.163.234.2'
is "sees no RED claim" "$(jq -c '[.claims[].tlp]' "$T/body")" '["TLP:CLEAR"]'
"$bin" edit --home "$T/a" 109.163.234.5 --tlp amber >/dev/null
gets "nor what this member marked narrower itself, whatever others say" 404 '/api/v1/indicator?value=ipv4:109.163.234.5'
gets "nor finds it" 200 '/api/v1/indicators?q=109.163.234.5'
is "  at all" "$(jq -c .rows "$T/body")" '[]'
"$bin" edit --home "$T/a" 109.163.234.5 --undo >/dev/null
gets "nor a statement that is AMBER" 403 '/api/v1/proof?member=a&from=0'
gets "nor the matches" 200 /api/v1/matches
is "  of which it is not told" "$(jq -c .matches "$T/body")" '[]'
gets "and changes nothing" 403 /api/v1/tag "${token[@]}" -d 'value=ipv4:109.163.234.2&tag=x'
detail "not-allowed: this account may not do that"

# A part of the node that begins anew is not there, or there with all that it has.
as tester
end="kill -KILL \$(awk '\$1 == \"ledger\" {print \$2}' '$T/a/processes')"
answers=
eval "$end"
for _ in $(seq 300); do
    answers+="$(curl -sg --cacert "$T/a.pem" -b "$T/a-tester.jar" -o "$T/body" -w '%{http_code}' "$url/api/v1/standing") "
    [[ $answers != *200* ]] || break
done
check "a ledger that was ended is told to be busy, and comes back" grep -Eq '^(503 )+200 $' <<<"$answers"
is "with its pact" "$(jq -c '[.members[].name]' "$T/body")" '["a","b"]'

# --- pages ---------------------------------------------------------------------------------------

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
    skip "the pages in a browser" "there is no chromium"
    done_testing
fi
modules=$(
    # shellcheck source=tests/interop/npm.sh
    . tests/interop/npm.sh
    npm_packages >/dev/null
    [ -e build/npm/node_modules/playwright-core ] && echo build/npm
)
if [ -z "$modules" ]; then
    skip "the pages in a browser" "playwright-core cannot be had"
    done_testing
fi
printf '109.163.234.2 fresh\n' >"$T/fresh.log"
# What the pages have to live with: $GROW makes the own log longer, $HIT finds something in a log, $END
# makes the node's ledger begin anew, $OUT ends the sessions of the reader.
GROW="'$bin' match --home '$T/a' b" HIT="'$bin' watch --home '$T/a' '$T/fresh.log' || true" \
    END=$end OUT="'$bin' user disable reader --home '$T/a'" \
    PASSWORD=$password LINK=$link SHOTS=${CONSOLE_SHOTS:-} \
    node tests/e2e/console.mjs "$modules" "$browser" "$url" >"$T/browser" 2>&1
told_by_browser "$T/browser" $?
is "and nothing failed in the node but what was ended" "$(grep -v 'event=process-ended process=ledger' "$T/a.log" | grep -c -e 'level=\(alert\|error\)' -e 'event=process-failed')" 0
stop_node_of a
is "which ends well" "$rc" 0
done_testing
