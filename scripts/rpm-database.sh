#!/bin/sh
# Build the small RPM database of the tests with the real tools: tests/facts/packages/data/rpmdb.sqlite
#
#   scripts/rpm-database.sh FILE   writes it there
#
# It needs rpm and rpmbuild (Debian: apt-get install rpm); exits 3 with the reason when there is none.
set -eu
out=${1:?usage: rpm-database.sh FILE}
command -v rpmbuild >/dev/null 2>&1 || { echo "no rpmbuild found; try: apt-get install rpm" >&2; exit 3; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-rpm-XXXXXX")
trap 'rm -rf "$folder"' EXIT

# spec NAME VERSION RELEASE MORE FILES: packages of our own making, with nothing but text in them
spec() {
    printf '%s\n' "Name: $1" "Version: $2" "Release: $3" "Summary: A test" "License: 0BSD" "BuildArch: noarch" "$4" \
        "%description" "A test." "%install" \
        "mkdir -p %{buildroot}/usr/lib/python3/site-packages/tern-1.0.dist-info %{buildroot}/usr/share/$1" \
        "echo text > %{buildroot}/usr/share/$1/readme" \
        "echo text > %{buildroot}/usr/lib/python3/site-packages/tern-1.0.dist-info/METADATA" \
        "$5" >"$folder/$1.spec"
    rpmbuild --quiet -bb --define "_topdir $folder/top" --define "_buildhost builder.example" --define "_build_name_fmt %%{NAME}.rpm" --define "_unpackaged_files_terminate_build 0" \
        "$folder/$1.spec" >/dev/null
}

nl='
'
spec gull 1.2.3 4.el9 "Epoch: 2" "%package libs${nl}Summary: Its libraries${nl}%description libs${nl}Libraries.${nl}%files${nl}/usr/share/gull/readme${nl}%files libs"
spec python3-tern 1.0 7.el9 "ModularityLabel: tern:1:20260101:abcd" \
    "%files${nl}/usr/share/python3-tern/readme${nl}/usr/lib/python3/site-packages/tern-1.0.dist-info/METADATA"
mkdir -p "$folder/db"
rpm --dbpath "$folder/db" --define "_db_backend sqlite" --initdb
rpm --dbpath "$folder/db" --define "_db_backend sqlite" --justdb --nodeps --noscripts --nosignature --ignorearch \
    -i "$folder"/top/RPMS/*.rpm
python3 - "$folder/db/rpmdb.sqlite" "$out" <<'END'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
database.execute("PRAGMA journal_mode = DELETE")
for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
    if name != "Packages":  # the indexes of RPM's own, each of some pages
        database.execute(f'DROP TABLE "{name}"')
database.commit()
database.execute("PRAGMA page_size = 1024")
database.execute("VACUUM")
database.execute("PRAGMA journal_mode = WAL")
database.close()
open(sys.argv[2], "wb").write(open(sys.argv[1], "rb").read())
END
