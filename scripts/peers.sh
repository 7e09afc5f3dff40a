#!/usr/bin/env bash
# Build the scanners that `make bench ARGS=peers` measures itself against: osv-scanner, Grype and Trivy, pinned.
#
#   scripts/peers.sh            all of them, into GOBIN, else var/peers/bin
#   scripts/peers.sh trivy      some of them
#
# It needs Go and its module proxy, some 8 GB of disk and, on two cores, half an hour. Each is built from its published
# module, whose hash scripts/peers/modules.sum has, with that module's own pins and hashes and no others but those of
# scripts/peers/NAME.sum. Beside Grype and Trivy stands a small program that writes their database of OSV records: so
# all look at the same ones, offline.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=${HOLDFAST_PEERS:-$here/../var/peers}
mkdir -p "$work/src" "$work/bin"
work=$(cd "$work" && pwd)
bin=${GOBIN:-$work/bin}
command -v go >/dev/null 2>&1 || { echo "no Go found; Debian: apt-get install golang, or a newer one" >&2; exit 3; }

export GOFLAGS="-mod=readonly -buildvcs=false ${PEERS_GOFLAGS:--p=1}" CGO_ENABLED=0
export GOCACHE="${GOCACHE:-$work/cache}" GOMODCACHE="${GOMODCACHE:-$work/mod}"

# hold MODULE VERSION: print where a module lies, once its hash is the one that is written down
hold() {
    told=$(cd "$work" && GOFLAGS= go mod download -json "$1@$2") || { echo "$1@$2 could not be had" >&2; return 1; }
    sum=$(printf '%s\n' "$told" | sed -n 's/^\t"Sum": "\(.*\)",$/\1/p')
    if ! grep -qxF "$1 $2 $sum" "$here/peers/modules.sum"; then
        echo "$1@$2 has hash '$sum', and not the one in scripts/peers/modules.sum" >&2
        return 1
    fi
    printf '%s\n' "$told" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}

# build NAME MODULE VERSION PACKAGE [MODULE=VERSION | +MODULE@VERSION ...]: the last take the place of a version that the
# module proxy may not have, or add a module that only our program beside it needs
build() {
    name=$1 module=$2 version=$3 package=$4
    shift 4
    found=$(hold "$module" "$version")
    rm -rf "${work:?}/src/$name"
    cp -r "$found" "$work/src/$name"
    chmod -R u+w "$work/src/$name"
    cd "$work/src/$name"
    for pin in "$@"; do
        case "$pin" in
        +*) go mod edit -require "${pin#+}" ;;
        *) go mod edit -replace "${pin%%=*}=${pin%%=*}@${pin#*=}" ;;
        esac
    done
    [ ! -f "$here/peers/$name.sum" ] || cat "$here/peers/$name.sum" >> go.sum
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
    trivy) (build trivy github.com/aquasecurity/trivy v0.66.0 ./cmd/trivy \
        +github.com/pandatix/go-cvss@v0.6.2) ;;
    *) echo "unknown: $name; one of osv-scanner, grype, trivy" >&2; exit 2 ;;
    esac
done
