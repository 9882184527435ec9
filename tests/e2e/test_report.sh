#!/usr/bin/env bash
# test_report.sh: what a node tells: its log in each form.
# shellcheck source=tests/e2e/lib.sh disable=SC2015,SC2317
. tests/e2e/lib.sh

member a
configure a "log_format = jsn"
ends "a form that there is not" 3 "$bin" config check --home "$T/a"
tells "is told" "'jsn' is not right for 'log_format', which is logfmt or json"
configure a "log_format = json"
start_node a
is "ready is an object" "$(jq -c 'select(.event == "ready") | [.level, .member, .port]' "$T/a.log")" "[\"info\",\"a\",$port]"
is "as is all else" "$(jq -r 'has("time") and has("level") and has("event")' "$T/a.log" | sort -u)" true
stop_node
is "which stops" "$rc" 0

rm "$T/a.log"
configure a "log_to = syslog"
start_node a
is "a node whose log goes to syslog, which is not there, says nothing itself" "$(cat "$T/a.log")" ""
stop_node
is "and stops" "$rc" 0
done_testing
