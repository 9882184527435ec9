#!/usr/bin/env bash
# npm.sh: sourced by those who need packages of npm. They go to build/npm, exactly as in
# package-lock.json, once for all who run at the same time. Where they cannot be had, the caller
# prints one line, a skip, and ends.

skip() { echo "1..1"; echo "ok 1 - other implementations # SKIP $*"; exit 0; }

npm_packages() {
    local dir=build/npm
    command -v node >/dev/null 2>&1 || skip "there is no node"
    command -v npm >/dev/null 2>&1 || skip "there is no npm"
    mkdir -p "$dir"
    exec {npm_lock}>"$dir/.lock"
    flock "$npm_lock"
    if ! cmp -s tests/interop/package-lock.json "$dir/package-lock.json" ||
       [ ! -e "$dir/installed" ]; then
        rm -f "$dir/installed"
        cp tests/interop/package.json tests/interop/package-lock.json "$dir/"
        # No scripts: one package would fetch a compiler that nothing here needs.
        (cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) ||
            skip "npm cannot install the packages"
        touch "$dir/installed"
    fi
    exec {npm_lock}>&-
}
