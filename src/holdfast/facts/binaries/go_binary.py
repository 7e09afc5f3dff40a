"""Build information of Go programs: the modules and the version of Go that they were built from.

Rules:

1. It is there since Go 1.13, stripped or not; packed programs (UPX) no longer have it.
2. The main module counts at its version; `(devel)`, or none, is what was built right there: source `path`.
3. A replaced module is what replaced it; one that a folder replaced has source `path`.
4. The standard library is the component `stdlib` at the version of Go, as advisories name it.

Source: Go, package `debug/buildinfo` and `runtime/debug`, "BuildInfo".
"""

import struct

from holdfast.errors import FactError
from holdfast.facts.binaries._executable import Executable, Part
from holdfast.facts.binaries._spec import BinarySpec
from holdfast.facts.gather import Gathering
from holdfast.model.component import Source

_MAGIC = b"\xff Go buildinf:"
_SECTIONS = (".go.buildinfo", "__go_buildinfo")
_ALIGNED_BYTES = 16
_HEADER_BYTES = 32
_SEARCHED_BYTES = 4 << 20
_SEARCHED_PARTS = 4
_MAX_TEXT_BYTES = 16 << 20
_SENTINEL_BYTES = 16
_BUILT_HERE = {"", "(devel)"}


def read(program: Executable, gathering: Gathering) -> bool:
    """Add the modules of a Go program; `False` when it is none."""
    place = _find(program)
    if place is None:
        return False
    try:
        go, modules = _texts(program, *place)
    except FactError as error:
        gathering.skip(None, f"a Go program whose build information can't be read: {error.message}")
        return True
    _add_go(go, gathering)
    if not modules:
        gathering.skip(None, "a Go program without module information: it was built without modules")
    _add_modules(modules, gathering)
    return True


def _find(program: Executable) -> tuple[bytes, Part, int] | None:
    """Return (header, part, offset in it) of the build information."""
    named = [part for name in _SECTIONS if (part := program.section(name)) is not None]
    if named:
        parts = named
    elif program.format == "pe":
        parts = [part for part in program.sections if part.is_writable][:1]
    else:  # without names of sections it stands at the beginning of the data
        parts = [part for part in program.segments if part.is_writable] if not program.sections else []
    for part in parts[:_SEARCHED_PARTS]:
        data = program.read(part.offset, min(part.size_bytes, _SEARCHED_BYTES))
        at = data.find(_MAGIC)
        while at >= 0 and at % _ALIGNED_BYTES:
            at = data.find(_MAGIC, at + 1)
        if at >= 0:
            return data[at : at + _HEADER_BYTES], part, at
    return None


def _texts(program: Executable, header: bytes, part: Part, at: int) -> tuple[str, str]:
    """Return the version of Go and the text of the modules."""
    if len(header) < _HEADER_BYTES:
        raise FactError("the program is truncated")
    pointer_bytes, flags = header[14], header[15]
    if flags & 2:
        begin = part.offset + at + _HEADER_BYTES
        go, begin = _inline(program, begin)
        modules, _ = _inline(program, begin)
    else:
        order = ">" if flags & 1 else "<"
        if pointer_bytes not in {4, 8}:
            raise FactError(f"pointers of {pointer_bytes} bytes")
        layout = f"{order}{'Q' if pointer_bytes == 8 else 'I'}"
        go, modules = (
            _pointed(program, struct.unpack_from(layout, header, 16 + number * pointer_bytes)[0], layout)
            for number in range(2)
        )
    framed = len(modules) > 2 * _SENTINEL_BYTES and modules[-_SENTINEL_BYTES - 1 : -_SENTINEL_BYTES] == b"\n"
    text = modules[_SENTINEL_BYTES:-_SENTINEL_BYTES] if framed else b""
    return go.decode("utf-8", "replace"), text.decode("utf-8", "replace")


def _inline(program: Executable, begin: int) -> tuple[bytes, int]:
    """Return a text that follows its length, and where it ends. The length is a base-128 number."""
    length = 0
    for number, one in enumerate(program.read(begin, 10)):
        length |= (one & 0x7F) << 7 * number
        if one < 0x80:
            start = begin + number + 1
            text = program.read(start, length) if length <= _MAX_TEXT_BYTES else b""
            if len(text) < length:
                break
            return text, start + length
    raise FactError("the program is truncated")


def _pointed(program: Executable, address: int, layout: str) -> bytes:
    """Return the text that a string header at an address names: a pointer and a length."""
    each = struct.calcsize(layout)
    head = program.read_address(address, 2 * each)
    (start,), (length,) = struct.unpack_from(layout, head), struct.unpack_from(layout, head, each)
    if not length:
        return b""
    if length > _MAX_TEXT_BYTES:
        raise FactError(f"a text of over {_MAX_TEXT_BYTES} bytes")
    return program.read_address(start, length)


def _add_go(text: str, gathering: Gathering) -> None:
    version = text.partition(" ")[0]
    if version.startswith("go1"):
        gathering.add("stdlib", version.removeprefix("go"), None)
    else:
        gathering.skip(None, f"built by `{text}`, which is no release of Go: its standard library is not known")


def _add_modules(text: str, gathering: Gathering) -> None:
    waiting: tuple[str, str] | None = None
    for line in text.split("\n"):
        kind, *words = line.split("\t")
        if kind == "=>" and waiting is not None and len(words) >= 2:
            _add(words[0], words[1], gathering, instead_of=waiting)
            waiting = None
            continue
        if waiting is not None:
            _add(*waiting, gathering)
            waiting = None
        if kind in {"mod", "dep"} and len(words) >= 2:
            waiting = (words[0], words[1])
        elif kind in {"mod", "dep", "=>"}:
            gathering.skip(None, f"expected a module and its version, got `{line}`")
    if waiting is not None:
        _add(*waiting, gathering)


def _add(path: str, version: str, gathering: Gathering, instead_of: tuple[str, str] | None = None) -> None:
    if instead_of is not None and version in _BUILT_HERE:
        gathering.add(instead_of[0], instead_of[1], None, source=Source.PATH)
    elif version in _BUILT_HERE:
        gathering.add(path, "", None, source=Source.PATH)
    else:
        gathering.add(path, version, None)


SPEC = BinarySpec(id="go_binary", ecosystem="Go", formats=("elf", "macho", "pe"), read=read)
