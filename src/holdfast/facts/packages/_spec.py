"""What a module of this room declares."""

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.model.component import ParsedFile

MAX_DATABASE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class PackageDatabaseSpec:
    """One kind of installed-package database.

    `paths` are where it lies below the root of a machine. `parse(file, data, os)` answers or raises `FactError`; `os`
    is OSV's ecosystem with release (`Debian:12`), or another text of which nothing is known.
    """

    id: str
    paths: tuple[str, ...]
    parse: Callable[[str, bytes, str], ParsedFile]
