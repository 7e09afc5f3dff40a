"""Installed-package databases of machines. One module per kind with `SPEC`; a new kind is one file here."""

from holdfast.facts.packages._spec import MAX_DATABASE_BYTES, PackageDatabaseSpec

UNREAD_DATABASES: dict[str, str] = {
    "lib/apk/db/installed": "apk package database",
    "usr/lib/apk/db/installed": "apk package database",
    "var/lib/rpm/rpmdb.sqlite": "RPM package database",
    "var/lib/rpm/Packages.db": "RPM package database",
    "var/lib/rpm/Packages": "RPM package database",
    "usr/lib/sysimage/rpm/rpmdb.sqlite": "RPM package database",
    "usr/lib/sysimage/rpm/Packages.db": "RPM package database",
    "var/lib/pacman/local": "pacman package database",
    "var/db/pkg": "Portage package database",
    "nix/var/nix/db/db.sqlite": "Nix package database",
}
"""Path below the root → what lies there, recognized and not read yet."""

__all__ = ["MAX_DATABASE_BYTES", "UNREAD_DATABASES", "PackageDatabaseSpec"]
