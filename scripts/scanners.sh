#!/usr/bin/env bash
# Install the tools that `gate --with` runs, for the tests: Bandit and Semgrep into an environment of their own, Gitleaks
# where Go is. They lie in var/scanners, each with what it brings pinned by hash: requirements/scanners.txt, and
# requirements/gitleaks/go.sum. What is there of these very pins stays. None of them is a dependency of Holdfast.
#
#   scripts/scanners.sh             all of them; prints the folder of their programs
#   scripts/scanners.sh gitleaks    some of them: python (Bandit and Semgrep), gitleaks
set -eu
cd "$(dirname "$0")/.."
room=$PWD/var/scanners
mkdir -p "$room/bin"

install_python() {
  cmp -s requirements/scanners.txt "$room/venv/.installed" && return
  python=${PYTHON:-.venv/bin/python}
  [ -x "$python" ] || python=python3
  rm -rf "$room/venv"
  "$python" -m venv "$room/venv"
  "$room/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    -r requirements/scanners.txt
  for name in bandit semgrep pysemgrep; do ln -sf "$room/venv/bin/$name" "$room/bin/$name"; done
  cp requirements/scanners.txt "$room/venv/.installed"
}

install_gitleaks() {
  command -v go >/dev/null 2>&1 || return 0
  cmp -s requirements/gitleaks/go.sum "$room/.gitleaks" && [ -x "$room/bin/gitleaks" ] && return
  (cd requirements/gitleaks && GOFLAGS="-modcacherw -mod=readonly" nice go build -o "$room/bin/gitleaks" \
    github.com/zricethezav/gitleaks/v8)
  cp requirements/gitleaks/go.sum "$room/.gitleaks"
}

for name in ${*:-python gitleaks}; do
  case "$name" in
  python | gitleaks) "install_$name" ;;
  *) echo "unknown: $name; one of python, gitleaks" >&2; exit 2 ;;
  esac
done
echo "$room/bin"
