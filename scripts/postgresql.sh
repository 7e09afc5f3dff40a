#!/bin/sh
# A private PostgreSQL for tests: in a temporary folder, on a Unix socket, as a user that is not root.
#
#   scripts/postgresql.sh start        prints two lines: the URL, and the folder to stop it by
#   scripts/postgresql.sh stop FOLDER  stops the server by its pid and removes the folder
#
# It needs PostgreSQL 15 or newer (Debian: apt-get install postgresql); exits 3 with the reason when there is none.
set -eu

find_programs() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n -r) "$(dirname "$(command -v initdb || echo /nowhere/initdb)")"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            echo "$folder"
            return
        fi
    done
    echo "no PostgreSQL server programs found; try: apt-get install postgresql" >&2
    exit 3
}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

start() {
    programs=$(find_programs)
    if [ -d /dev/shm ] && [ -w /dev/shm ]; then place=/dev/shm; else place=${TMPDIR:-/tmp}; fi
    folder=$(mktemp -d "$place/holdfast-pg-XXXXXX")
    [ "$(id -u)" -ne 0 ] || chown postgres "$folder"
    as_server "$programs/initdb" --pgdata="$folder/data" --username=holdfast --auth=trust --encoding=UTF8 \
        --locale=C.UTF-8 --no-sync >"$folder.log" 2>&1 || { cat "$folder.log" >&2; exit 4; }
    rm -f "$folder.log"
    as_server "$programs/pg_ctl" --pgdata="$folder/data" --log="$folder/server.log" --silent --wait start -o "\
        -c listen_addresses='' -c unix_socket_directories='$folder' -c unix_socket_permissions=0777 \
        -c fsync=${HOLDFAST_PG_FSYNC:-off} -c synchronous_commit=${HOLDFAST_PG_FSYNC:-off} \
        -c full_page_writes=${HOLDFAST_PG_FSYNC:-off} -c max_connections=200 -c shared_buffers=256MB" \
        >&2 </dev/null || { cat "$folder/server.log" >&2; exit 4; }
    chmod 755 "$folder"
    echo "postgresql://holdfast@/postgres?host=$folder"
    echo "$folder"
}

stop() {
    folder=$1
    case "$folder" in */holdfast-pg-*) ;; *) echo "not a folder of this script: $folder" >&2; exit 2 ;; esac
    if [ -f "$folder/data/postmaster.pid" ]; then
        pid=$(head -n 1 "$folder/data/postmaster.pid")
        kill -INT "$pid" 2>/dev/null || true
        count=0
        while kill -0 "$pid" 2>/dev/null && [ $count -lt 100 ]; do sleep 0.1; count=$((count + 1)); done
    fi
    rm -rf "$folder"
}

case "${1:-}" in
    start) start ;;
    stop) stop "${2:?usage: postgresql.sh stop FOLDER}" ;;
    *) echo "usage: postgresql.sh start | stop FOLDER" >&2; exit 2 ;;
esac
