"""PE programs. Source: Microsoft, "PE Format"."""

import struct

from holdfast.facts.binaries._executable import Executable, Part, ReadPart, must_have, text_of

MAGIC = b"MZ"
_WRITABLE = 0x80000000
_WIDE = 0x20B


def read_pe(read: ReadPart) -> Executable | None:
    """Return the sections, which are what is loaded; `None` when it is a program of another kind that begins so.

    Raises:
        FactError: truncated or damaged.
    """
    head = read(0, 64)
    if len(head) < 64:
        return None
    (at,) = struct.unpack_from("<I", head, 60)
    header = read(at, 24)
    if not header.startswith(b"PE\0\0"):
        return None
    (count,) = struct.unpack_from("<H", must_have(header, 24), 6)
    (optional_bytes,) = struct.unpack_from("<H", header, 20)
    optional = must_have(read(at + 24, optional_bytes), optional_bytes)
    table = must_have(read(at + 24 + optional_bytes, 40 * count), 40 * count)
    sections = tuple(_section(table[row : row + 40], _base(optional)) for row in range(0, 40 * count, 40))
    return Executable("pe", read, sections, sections)


def _base(optional: bytes) -> int:
    """Return the address that the program is loaded at."""
    if len(optional) < 32:
        return 0
    (kind,) = struct.unpack_from("<H", optional)
    (base,) = struct.unpack_from("<Q", optional, 24) if kind == _WIDE else struct.unpack_from("<I", optional, 28)
    return int(base)


def _section(row: bytes, base: int) -> Part:
    size, address, raw_size, offset = struct.unpack_from("<IIII", row, 8)
    (flags,) = struct.unpack_from("<I", row, 36)
    held = min(size, raw_size) if size else raw_size
    return Part(text_of(row[:8]), base + address, offset, held, bool(flags & _WRITABLE))
