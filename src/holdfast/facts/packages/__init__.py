"""Installed-package databases of machines and images. One module per kind with `SPEC`; a new kind is one file here."""

from holdfast.facts.packages._spec import MAX_DATABASE_BYTES, PackageDatabaseSpec, root_of

UNREAD_DATABASES: dict[str, str] = {
    "var/lib/rpm/Packages.db": "RPM package database of the form ndb",
    "var/lib/rpm/Packages": "RPM package database of the form Berkeley DB",
    "usr/lib/sysimage/rpm/Packages.db": "RPM package database of the form ndb",
    "usr/lib/sysimage/rpm/Packages": "RPM package database of the form Berkeley DB",
    "var/lib/pacman/local": "pacman package database",
    "var/db/pkg": "Portage package database",
    "nix/var/nix/db/db.sqlite": "Nix package database",
}
"""Path below the root → what lies there, recognized and not read yet."""

__all__ = ["MAX_DATABASE_BYTES", "UNREAD_DATABASES", "PackageDatabaseSpec", "root_of"]
