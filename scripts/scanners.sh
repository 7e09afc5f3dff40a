#!/usr/bin/env bash
# Install the tools that `gate --with` runs, for the tests: bandit and semgrep into an environment of their own, gitleaks
# where Go is. They lie in var/scanners; what is there already stays. None of them is a dependency of Holdfast.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
[ -x "$python" ] || python=python3
room=$PWD/var/scanners
mkdir -p "$room/bin"
if [ ! -x "$room/bin/bandit" ] || [ ! -x "$room/bin/semgrep" ]; then
  [ -x "$room/venv/bin/python" ] || "$python" -m venv "$room/venv"
  "$room/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: 'bandit[sarif]==1.9.4' 'semgrep==1.182.0'
  for name in bandit semgrep pysemgrep; do ln -sf "$room/venv/bin/$name" "$room/bin/$name"; done
fi
if [ ! -x "$room/bin/gitleaks" ] && command -v go >/dev/null 2>&1; then
  GOBIN="$room/bin" GOFLAGS=-modcacherw nice go install github.com/zricethezav/gitleaks/v8@v8.30.1
fi
echo "$room/bin"
