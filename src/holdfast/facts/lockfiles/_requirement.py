"""One requirement of a requirements file: a name with a pin, or a reference to a place.

Rules:

1. Only `==` or `===` of one version without `*` is a pin. Everything else names no version, and none is guessed.
2. `name @ address`, addresses and paths are references: named, with the version only where the file says it exactly
   (a wheel's file name, the commit after `@`).

Source: PEP 440, PEP 508, pip "Requirement Specifiers".
"""

import re

from holdfast.errors import FactError
from holdfast.model.component import Source
from holdfast.model.frozen import frozen
from holdfast.model.purl import normalize_pypi

_NAMED = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<extras>\[[A-Za-z0-9._,\s-]*\])?\s*(?P<rest>.*)",
    re.DOTALL,
)
_PINNED = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(==\s*([A-Za-z0-9.!+_-]+))")
"""The usual line, which needs no second look; a version with `*` is none of these."""
_CLAUSE = re.compile(r"\s*(~=|===?|!=|<=?|>=?)\s*([A-Za-z0-9.!+_*-]+)\s*\Z")
_WHEEL = re.compile(r"([A-Za-z0-9_.]+)-([A-Za-z0-9_.!+]+)(?:-\d[^-/]*)?-[^-/]+-[^-/]+-[^-/]+\.whl\Z")
_ARCHIVE = re.compile(r"(.+)-(\d[A-Za-z0-9.!+_]*)\.(?:tar\.gz|tar\.bz2|tgz|zip)\Z")
_VCS = re.compile(r"(?:git|hg|svn|bzr)\+|git@", re.IGNORECASE)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")


@frozen
class Requirement:
    """`version` is `None` when a registry requirement is not pinned, maybe empty for references; `clause` the text."""

    name: str
    version: str | None
    source: Source
    clause: str = ""
    marker: str = ""


def parse_requirement(text: str, *, editable: bool = False) -> Requirement:
    """Return what one line asks for, options already cut off.

    Raises:
        FactError: it is no requirement.
    """
    usual = None if editable else _PINNED.fullmatch(text)
    if usual is not None:
        return Requirement(normalize_pypi(usual[1]), usual[3], Source.REGISTRY, usual[2])
    if editable or _is_reference(text):
        return _reference(text, "")
    named = _NAMED.fullmatch(text)
    if named is None:
        raise FactError(f"not a requirement: `{text}`")
    name, rest = normalize_pypi(named["name"]), named["rest"].strip()
    if rest.startswith("@"):
        return _reference(rest[1:].strip(), name)
    clause, _, marker = rest.partition(";")
    return Requirement(name, _pinned(text, clause), Source.REGISTRY, clause.strip(), marker.strip())


def _is_reference(text: str) -> bool:
    head = text.split(" ", 1)[0]
    return bool(
        _VCS.match(head)
        or _ADDRESS.match(head)
        or head.startswith((".", "/", "\\", "~", "file:"))
        or (head.endswith((".whl", ".tar.gz", ".zip", ".tgz")) and "@" not in head and "=" not in head)
        or ("/" in head.split("@")[0].split(";")[0])
    )


def _pinned(text: str, clause: str) -> str | None:
    inner = clause.strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1]
    pins: set[str] = set()
    for part in filter(None, (piece.strip() for piece in inner.split(","))):
        found = _CLAUSE.match(part)
        if found is None:
            raise FactError(f"not a requirement: `{text}`")
        if found[1] in {"==", "==="} and "*" not in found[2]:
            pins.add(found[2])
    if len(pins) > 1:
        raise FactError(f"pinned to several versions at once: `{text}`")
    return pins.pop() if pins else None


def _reference(text: str, name: str) -> Requirement:
    address, _, marker = text.partition(" ;")
    address = address.strip()
    plain = address.partition("#")[0].partition("?")[0].rstrip("/")
    egg = _EGG.search(address)
    last = re.sub(r"\[[^\[\]]*\]\Z", "", plain).replace("\\", "/").rpartition("/")[2]
    if _VCS.match(address):
        repository, _, revision = plain.partition("://")[2].partition("/")[2].partition("@")
        found = egg[1] if egg else repository.rstrip("/").rpartition("/")[2].removesuffix(".git")
        return Requirement(name or normalize_pypi(found) or address, revision, Source.VCS, address, marker.strip())
    file = _WHEEL.match(last) or _ARCHIVE.match(last)
    source = Source.URL if _ADDRESS.match(address) and not address.startswith("file:") else Source.PATH
    if file is not None and (name in {"", normalize_pypi(file[1])}):
        return Requirement(normalize_pypi(file[1]), file[2], source, address, marker.strip())
    if egg is not None:
        return Requirement(name or normalize_pypi(egg[1]), "", source, address, marker.strip())
    return Requirement(name or plain or address, "", source, address, marker.strip())
