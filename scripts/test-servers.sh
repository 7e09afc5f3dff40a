#!/usr/bin/env bash
# Install the servers that tests talk to: PostgreSQL, nginx, Prometheus, a container registry and Chromium, from Debian's
# packages.
# As root it installs what is missing; otherwise it names it with the command and exits non-zero.
set -eu
missing=()
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
command -v chromium >/dev/null 2>&1 || missing+=(chromium)
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null 2>&1 || missing+=(nginx-light)
command -v prometheus >/dev/null 2>&1 || missing+=(prometheus)
command -v docker-registry >/dev/null 2>&1 || missing+=(docker-registry)
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # Debian would start a cluster of its own; the tests start theirs
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
  # nor are nginx, Prometheus and the registry wanted as services, neither now nor at the next start of this machine
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-dejavu-core >/dev/null
  for name in nginx-light:nginx prometheus:prometheus docker-registry:docker-registry; do
    case " ${missing[*]} " in *" ${name%%:*} "*) systemctl disable --quiet "${name##*:}" 2>/dev/null || true ;; esac
  done
else
  echo "missing for the tests: ${missing[*]}" >&2
  echo "  try: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
