#!/bin/sh
# A private nginx for tests and demonstrations: in a temporary folder, on a free port of the loopback, by any user.
#
#   scripts/nginx.sh start [UPSTREAM]  prints two lines: the URL, and the folder to stop it by
#   scripts/nginx.sh stop FOLDER       stops the server by its pid and removes the folder
#
# It serves UPSTREAM (http://127.0.0.1:8000), or answers by itself. FOLDER/nginx.conf includes FOLDER/holdfast/*.conf.
# It needs nginx (Debian: apt-get install nginx-light); exits 3 with the reason when there is none.
set -eu

program=$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null || true)

start() {
    [ -n "$program" ] || { echo "no nginx found; try: apt-get install nginx-light" >&2; exit 3; }
    folder=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-nginx-XXXXXX")
    chmod 755 "$folder"
    mkdir "$folder/holdfast"
    if [ -n "${1:-}" ]; then
        serve="proxy_pass $1; proxy_set_header Host \$host; proxy_http_version 1.1;"
    else
        serve='default_type text/plain; return 200 "the shop at $host$uri\n";'
    fi
    count=0
    while [ $count -lt 10 ]; do
        port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        write_config "$port" "$serve"
        if "$program" -c "$folder/nginx.conf" -p "$folder" 2>"$folder/start.log"; then
            echo "http://127.0.0.1:$port"
            echo "$folder"
            return
        fi
        count=$((count + 1))
    done
    cat "$folder/start.log" >&2
    rm -rf "$folder"
    exit 4
}

write_config() {
    user_line=""
    [ "$(id -u)" -ne 0 ] || user_line="user root;"
    cat >"$folder/nginx.conf" <<END
$user_line
daemon on;
worker_processes 2;
pid $folder/nginx.pid;
error_log $folder/error.log notice;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    server {
        listen 127.0.0.1:$1;
        server_name _;
        include $folder/holdfast/*.conf;
        location / { $2 }
    }
}
END
}

stop() {
    folder=$1
    case "$folder" in */holdfast-nginx-*) ;; *) echo "not a folder of this script: $folder" >&2; exit 2 ;; esac
    if [ -f "$folder/nginx.pid" ]; then
        pid=$(cat "$folder/nginx.pid")
        kill -TERM "$pid" 2>/dev/null || true
        count=0
        while kill -0 "$pid" 2>/dev/null && [ $count -lt 100 ]; do sleep 0.1; count=$((count + 1)); done
    fi
    rm -rf "$folder"
}

case "${1:-}" in
    start) start "${2:-}" ;;
    stop) stop "${2:?usage: nginx.sh stop FOLDER}" ;;
    *) echo "usage: nginx.sh start [UPSTREAM] | stop FOLDER" >&2; exit 2 ;;
esac
