#!/usr/bin/env bash
# test_web.sh: the users' port under attack, with ten thousand connections.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

if [ $sanitized = yes ]; then # whose bookkeeping is not ours
    "$peers/web_hostile" 1000 8000
else
    "$peers/web_hostile"
fi
