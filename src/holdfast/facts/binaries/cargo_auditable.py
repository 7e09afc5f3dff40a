"""Crates of Rust programs that were built with `cargo auditable`.

Rules:

1. The list stands in the section `.dep-v0`, as JSON compressed by zlib; over 8 MiB of it is refused.
2. Crates of a registry are matched; those of a folder, of Git or of elsewhere are named with their source.
3. What is only used while building is for development. Direct and paths follow from the root's dependencies.

Source: rust-secure-code/cargo-auditable, PARSING.md and the schema beside it.
"""

import zlib
from typing import Any

import msgspec

from holdfast.errors import FactError
from holdfast.facts.binaries._executable import Executable
from holdfast.facts.binaries._spec import BinarySpec
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.model.component import Scope, Source

_SECTION = ".dep-v0"
_MAX_PACKED_BYTES = 4 << 20
_MAX_BYTES = 8 << 20
_SOURCES = {"crates.io": Source.REGISTRY, "registry": Source.REGISTRY, "git": Source.VCS, "local": Source.PATH}


def read(program: Executable, gathering: Gathering) -> bool:
    """Add the crates of a program; `False` when it has no list of them."""
    section = program.section(_SECTION)
    if section is None:
        return False
    try:
        packages = _packages(program.read_section(section, _MAX_PACKED_BYTES))
    except FactError as error:
        gathering.skip(None, f"a Rust program whose list of crates can't be read: {error.message}")
        return True
    _add_all(packages, gathering)
    return True


def _packages(packed: bytes) -> list[Any]:
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(packed, _MAX_BYTES + 1)
    except zlib.error:
        raise FactError("it can't be decompressed") from None
    if len(text) > _MAX_BYTES:
        raise FactError(f"it is over {_MAX_BYTES} bytes")
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        raise FactError("it is no JSON") from None
    packages = document.get("packages") if isinstance(document, dict) else None
    if not isinstance(packages, list):
        raise FactError("it has no `packages`")
    return packages


def _add_all(packages: list[Any], gathering: Gathering) -> None:
    entries = [one if isinstance(one, dict) else {} for one in packages]
    names = [str(one.get("name", "")) for one in entries]
    edges = [_below(one, len(entries)) for one in entries]
    roots = [number for number, one in enumerate(entries) if one.get("root") is True]
    direct = {child for number in roots for child in edges[number]}
    paths = shortest_paths(direct, edges, names)
    for number, one in enumerate(entries):
        stated = one.get("source")
        source = _SOURCES.get(stated if isinstance(stated, str) else "", Source.URL)
        scope = Scope.DEVELOPMENT if one.get("kind") == "build" else Scope.RUNTIME
        known = (number in direct) if number in paths else None
        path = paths.get(number, ())
        version = one.get("version")
        gathering.add(one.get("name"), version, None, source=source, direct=known, path=path, scope=scope)


def _below(entry: dict[str, Any], count: int) -> list[int]:
    listed = entry.get("dependencies")
    return [one for one in listed if isinstance(one, int) and 0 <= one < count] if isinstance(listed, list) else []


SPEC = BinarySpec(id="cargo_auditable", ecosystem="crates.io", formats=("elf", "macho", "pe"), read=read)
