#!/bin/sh
# A private container registry for tests and demonstrations: in a temporary folder, on a free port of the loopback, by any
# user.
#
#   scripts/docker-registry.sh start [USER PASSWORD]  prints two lines: the URL, and the folder to stop it by
#   scripts/docker-registry.sh start token REALM CERTIFICATE  the same, believing the tokens of a server that signs so
#   scripts/docker-registry.sh stop FOLDER            stops the server by its pid and removes the folder
#
# It needs docker-registry (Debian: apt-get install docker-registry); exits 3 with the reason when there is none.
set -eu

program=$(command -v docker-registry || true)

start() {
    [ -n "$program" ] || { echo "no docker-registry found; try: apt-get install docker-registry" >&2; exit 3; }
    folder=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-registry-XXXXXX")
    mkdir "$folder/data"
    auth=""
    if [ "${1:-}" = token ]; then
        auth="auth: {token: {realm: \"$2\", service: registry, issuer: tests, rootcertbundle: \"$3\"}}"
    elif [ -n "${1:-}" ]; then
        perl -e 'print "$ARGV[0]:", crypt($ARGV[1], "\$2y\$05\$abcdefghijklmnopqrstuu"), "\n"' "$1" "$2" >"$folder/htpasswd"
        auth="auth: {htpasswd: {realm: tests, path: $folder/htpasswd}}"
    fi
    count=0
    while [ $count -lt 10 ]; do
        port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        write_config "$port" "$auth"
        "$program" serve "$folder/config.yml" >"$folder/log" 2>&1 &
        pid=$!
        echo "$pid" >"$folder/pid"
        if wait_for "$port" "$pid"; then
            echo "http://127.0.0.1:$port"
            echo "$folder"
            return
        fi
        count=$((count + 1))
    done
    cat "$folder/log" >&2
    rm -rf "$folder"
    exit 4
}

write_config() {
    cat >"$folder/config.yml" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $folder/data}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$1", secret: of-tests-alone}
$2
END
}

wait_for() {
    tries=0
    while kill -0 "$2" 2>/dev/null && [ $tries -lt 100 ]; do
        if python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 1).close()" 2>/dev/null; then return 0; fi
        sleep 0.1
        tries=$((tries + 1))
    done
    return 1
}

stop() {
    folder=$1
    case "$folder" in */holdfast-registry-*) ;; *) echo "not a folder of this script: $folder" >&2; exit 2 ;; esac
    if [ -f "$folder/pid" ]; then
        pid=$(cat "$folder/pid")
        kill -TERM "$pid" 2>/dev/null || true
        count=0
        while kill -0 "$pid" 2>/dev/null && [ $count -lt 100 ]; do sleep 0.1; count=$((count + 1)); done
    fi
    rm -rf "$folder"
}

case "${1:-}" in
    start) shift; start "$@" ;;
    stop) stop "${2:?usage: docker-registry.sh stop FOLDER}" ;;
    *) echo "usage: docker-registry.sh start [USER PASSWORD | token REALM CERTIFICATE] | stop FOLDER" >&2; exit 2 ;;
esac
