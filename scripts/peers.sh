#!/usr/bin/env bash
# Build the scanners that `make bench ARGS=peers` measures itself against: osv-scanner, Grype and Trivy, pinned.
#
#   scripts/peers.sh            all of them, into GOBIN, else var/peers/bin
#   scripts/peers.sh trivy      some of them
#
# It needs Go and its module proxy, some 8 GB of disk and, on two cores, half an hour. Each is built from its published
# module with that module's own pins. Beside Grype and Trivy stands a small program that writes their database of OSV
# records: so all look at the same ones, offline.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=${HOLDFAST_PEERS:-$here/../var/peers}
mkdir -p "$work/src" "$work/bin"
work=$(cd "$work" && pwd)
bin=${GOBIN:-$work/bin}
command -v go >/dev/null 2>&1 || { echo "no Go found; Debian: apt-get install golang, or a newer one" >&2; exit 3; }

export GOFLAGS="-mod=mod -buildvcs=false ${PEERS_GOFLAGS:--p=1}" CGO_ENABLED=0
export GOCACHE="${GOCACHE:-$work/cache}" GOMODCACHE="${GOMODCACHE:-$work/mod}"

# build NAME MODULE VERSION PACKAGE [MODULE=VERSION ...]: the last pin what the module proxy may not have
build() {
    name=$1 module=$2 version=$3 package=$4
    shift 4
    found=$(cd "$work" && GOFLAGS= go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    [ -n "$found" ] || { echo "$module@$version could not be had" >&2; return 1; }
    rm -rf "${work:?}/src/$name"
    cp -r "$found" "$work/src/$name"
    chmod -R u+w "$work/src/$name"
    cd "$work/src/$name"
    for pin in "$@"; do
        go mod download "${pin%%=*}@$(go list -m -f '{{.Version}}' "${pin%%=*}")" 2>/dev/null ||
            go mod edit -replace "${pin%%=*}=${pin%%=*}@${pin#*=}"
    done
    told="-X main.version=${version#v} -X github.com/aquasecurity/trivy/pkg/version/app.ver=${version#v}"
    go build -ldflags "$told" -o "$bin/$name" "$package"
    if [ -f "$here/peers/${name}_records.go.txt" ]; then
        mkdir -p "cmd/$name-records"
        cp "$here/peers/${name}_records.go.txt" "cmd/$name-records/main.go"
        go build -o "$bin/$name-records" "./cmd/$name-records"
    fi
    echo "$bin/$name"
}

for name in ${*:-osv-scanner grype trivy}; do
    case "$name" in
    osv-scanner) (build osv-scanner github.com/google/osv-scanner/v2 v2.5.0 ./cmd/osv-scanner) ;;
    grype) (build grype github.com/anchore/grype v0.121.2 ./cmd/grype \
        github.com/docker/cli=v29.7.1+incompatible github.com/github/go-spdx/v2=v2.5.0) ;;
    trivy) (build trivy github.com/aquasecurity/trivy v0.66.0 ./cmd/trivy) ;;
    *) echo "unknown: $name; one of osv-scanner, grype, trivy" >&2; exit 2 ;;
    esac
done
