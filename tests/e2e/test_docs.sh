#!/usr/bin/env bash
# What the documentation shows is what the program does: the example in the README, the commands,
# options and settings in the manual, the known answers of the protocol, the links.
. tests/e2e/lib.sh

# --- the README's example ------------------------------------------------------------------------

# What differs from run to run becomes a word.
plain() {
    tr -d '\r' | sed -E 's/\x1b\[[0-9;]*[mK]//g
        s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/g
        s/([0-9a-f]{4} ){9}[0-9a-f]{4}/FINGERPRINT/g
        s/[0-9a-f]{32}/RUN/g
        s/(127\.0\.0\.1:|port=)[0-9]+/\1PORT/g
        s/[0-9.]+ (us|ms|s|min|h)\b/DURATION/g
        s/[0-9.]+ (B|kB|MB)\b/SIZE/g'
}

# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```sh$/,/^```$/p' README.md | grep -v '^```' >"$T/shown"
member nobody && start_node nobody && stop_node TERM # only to learn of a port that is free
free=$port
mkdir -p "$T/w/build"
ln -s "$(dirname "$bin")" "$T/w/build/release"
ln -s "$PWD/tests" "$T/w/tests"

# A script of the shown commands; one that stays in the background is waited for.
{
    echo "cd '$T/w'"
    grep '^\$ ' "$T/shown" | sed "s/^\\$ //; s/7443/$free/g" | while IFS= read -r line; do
        echo "$line"
        case $line in
        *'&') echo "for _ in {1..300}; do grep -q event=ready '$T/said' && break; sleep 0.1; done" ;;
        *) printf '[ $? -eq 0 ] || echo %q\n' "FAILED: $line" ;;
        esac
    done
    echo wait
} >"$T/script"
# On a terminal, as the reader has one.
script -qefc "stty cols 250; bash '$T/script'" "$T/said" >/dev/null </dev/null
plain <"$T/said" >"$T/said.plain"

is "every command of the README succeeds" "$(grep -a FAILED: "$T/said.plain")" ""
refute "the README shows commands" test "$(grep -c '^\$ ' "$T/shown")" -lt 5
n=0
while IFS= read -r line; do
    case $line in '$ '*) continue ;; esac
    n=$((n + 1))
    want=$(plain <<<"$line")
    if [ "${want% ...}" != "$want" ]; then # cut by the reader's eye: the beginning counts
        grep -aqF -e "${want% ...}" "$T/said.plain" && found=yes || found=no
    else
        grep -aqxF -e "$want" "$T/said.plain" && found=yes || found=no
    fi
    if [ "$found" = yes ]; then ok "README: $want"; else not_ok "README: $want" "$(cat "$T/said.plain")"; fi
done <"$T/shown"
check "the README shows output" test $n -ge 8

# --- entente(1) ----------------------------------------------------------------------------------

man=docs/man/entente.1
# In the manual each command is a subsection of COMMANDS, its options are items of a list there.
of_manual() { awk '/^\.Sh/ { here = $2 == "COMMANDS" } here && /^\.Ss/ { print $2 }' $man | sort; }
options_of_manual() {
    awk -v c="$1" '/^\.S[hs]/ { here = $1 == ".Ss" && $2 == c }
        here && $1 == ".It" && $2 == "Fl" { print "-" $3 }' $man | sort
}
of_program() { "$bin" help | sed -n '/^A first look/q; s/^  \([a-z-]*\) .*/\1/p' | sort; }
options_of_program() { "$bin" "$1" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | grep -vx -e --home | sort; }

is "entente(1) has the commands that the program has" "$(of_manual)" "$(of_program)"
for c in $(of_program); do
    is "entente(1) has the options of $c" "$(options_of_manual "$c")" "$(options_of_program "$c")"
done
while read -r code; do
    check "entente(1) explains exit code $code" grep -qx "\.It $code" $man
done < <(grep -oE 'EXIT_[A-Z]+ = [0-9]+' src/cli/cli.h | sed 's/.* //')

# --- entente-config(5) ---------------------------------------------------------------------------

config_of_manual() {
    awk '$1 == ".It" && $2 == "Ic" { key = $3 }
        key && $1 == ".Li" { print key, "=", $2; key = "" }
        key && /it is empty unless set/ { print key, "="; key = "" }' docs/man/entente-config.5
}
config_of_program() { "$bin" config list | sed -n 's/^#\([a-z_]* =\) */\1 /p' | sed 's/ $//'; }
is "entente-config(5) has the settings and defaults" "$(config_of_manual)" "$(config_of_program)"
awk '/^\.Sh EXAMPLES/ { e = 1 } e && /^\.Ed/ { exit } c { print } e && /^\.Bd/ { c = 1 }' \
    docs/man/entente-config.5 >"$T/nobody/config"
ends "the example in entente-config(5) is accepted" 0 "$bin" config check --home "$T/nobody"
check "and it sets something" grep -q = "$T/nobody/config"

# --- the rest ------------------------------------------------------------------------------------

if command -v python3 >/dev/null; then
    for page in match quorum; do
        missing=
        for word in $("tools/gen-$page" | cut -d ' ' -f 2-); do
            grep -qF -e "$word" "docs/$page.md" || missing="$missing $word"
        done
        is "docs/$page.md has the known answers that tools/gen-$page computes" "$missing" ""
    done
else
    skip "docs/match.md and quorum.md have the known answers" "there is no python3"
fi

broken=
for page in *.md docs/*.md; do
    # shellcheck disable=SC2016 # what stands in backquotes is no link
    while read -r link; do
        [ -e "$(dirname "$page")/$link" ] || broken="$broken $page:$link"
    done < <(sed 's/`[^`]*`//g' "$page" | grep -oE '\]\([^)#]+' | sed 's/^](//' | grep -v '^https\?:')
done
is "every link leads somewhere" "$broken" ""

done_testing
