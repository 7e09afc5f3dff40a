#!/bin/sh
# A private Prometheus for tests: in a temporary folder, on a free port of the loopback, scraping itself every second.
#
#   scripts/prometheus.sh start        prints two lines: the URL, and the folder to stop it by
#   scripts/prometheus.sh stop FOLDER  stops the server by its pid and removes the folder
#
# It needs Prometheus 2 (Debian: apt-get install prometheus); exits 3 with the reason when there is none.
set -eu

start() {
    program=$(command -v prometheus || true)
    [ -n "$program" ] || { echo "no Prometheus found; try: apt-get install prometheus" >&2; exit 3; }
    folder=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-prometheus-XXXXXX")
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >"$folder/prometheus.yml" <<END
global: {scrape_interval: 1s}
scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:$port"]}]}]
END
    "$program" --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
        --web.listen-address="127.0.0.1:$port" --log.level=warn >"$folder/log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
    count=0
    until python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/-/ready', timeout=1)" 2>/dev/null; do
        count=$((count + 1))
        if [ $count -ge 100 ] || ! kill -0 "$(cat "$folder/pid")" 2>/dev/null; then
            cat "$folder/log" >&2
            stop "$folder"
            exit 4
        fi
        sleep 0.1
    done
    echo "http://127.0.0.1:$port"
    echo "$folder"
}

stop() {
    folder=$1
    case "$folder" in */holdfast-prometheus-*) ;; *) echo "not a folder of this script: $folder" >&2; exit 2 ;; esac
    if [ -f "$folder/pid" ]; then
        pid=$(cat "$folder/pid")
        kill -TERM "$pid" 2>/dev/null || true
        count=0
        while kill -0 "$pid" 2>/dev/null && [ $count -lt 100 ]; do sleep 0.1; count=$((count + 1)); done
    fi
    rm -rf "$folder"
}

case "${1:-}" in
    start) start ;;
    stop) stop "${2:?usage: prometheus.sh stop FOLDER}" ;;
    *) echo "usage: prometheus.sh start | stop FOLDER" >&2; exit 2 ;;
esac
