"""ELF programs. Source: System V ABI, chapter 4 and 5; elf(5)."""

import struct

from holdfast.errors import FactError
from holdfast.facts.binaries._executable import MAX_SECTIONS, Executable, Part, ReadPart, must_have, text_of

MAGIC = b"\x7fELF"
_LOADED = 1
_WRITABLE = 2
_NO_BITS = 8
_MAX_NAMES_BYTES = 4 << 20


def read_elf(read: ReadPart) -> Executable:
    """Return the sections and loaded segments.

    Raises:
        FactError: truncated or damaged.
    """
    head = must_have(read(0, 64), 52)
    wide, order = head[4] == 2, ">" if head[5] == 2 else "<"
    if wide:
        must_have(head, 64)
        segments_at, sections_at = struct.unpack_from(f"{order}QQ", head, 32)
        sizes = struct.unpack_from(f"{order}HHHHH", head, 54)
    else:
        segments_at, sections_at = struct.unpack_from(f"{order}II", head, 28)
        sizes = struct.unpack_from(f"{order}HHHHH", head, 42)
    segment_bytes, segment_count, section_bytes, section_count, names_index = sizes
    segments = must_have(read(segments_at, segment_bytes * segment_count), segment_bytes * segment_count)
    if section_count > MAX_SECTIONS:
        raise FactError(f"a program of over {MAX_SECTIONS} sections")
    sections = must_have(read(sections_at, section_bytes * section_count), section_bytes * section_count)
    return Executable(
        "elf",
        read,
        _sections(sections, section_bytes, names_index, f"{order}{'IIQQQQ' if wide else 'IIIIII'}", read),
        _segments(segments, segment_bytes, order, wide=wide),
    )


def _sections(table: bytes, each: int, names_index: int, layout: str, read: ReadPart) -> tuple[Part, ...]:
    if not each:
        return ()
    if each < struct.calcsize(layout):
        raise FactError("its headers can't be read: it is truncated or damaged")
    rows = [struct.unpack_from(layout, table, at) for at in range(0, len(table), each)]
    if names_index >= len(rows):
        return ()
    _, _, _, _, names_at, names_bytes = rows[names_index]
    names = read(names_at, min(names_bytes, _MAX_NAMES_BYTES))
    return tuple(
        Part(text_of(names[name : name + 64]), address, offset, 0 if kind == _NO_BITS else size)
        for name, kind, _, address, offset, size in rows
    )


def _segments(table: bytes, each: int, order: str, *, wide: bool) -> tuple[Part, ...]:
    found: list[Part] = []
    layout = f"{order}{'IIQQQQ' if wide else 'IIIIIII'}"
    if each and each < struct.calcsize(layout):
        raise FactError("its headers can't be read: it is truncated or damaged")
    for at in range(0, len(table), each or 1):
        row = struct.unpack_from(layout, table, at)
        if wide:
            kind, flags, offset, address, _, size = row
        else:
            kind, offset, address, _, size, _, flags = row
        if kind == _LOADED:
            found.append(Part("", address, offset, size, bool(flags & _WRITABLE)))
    return tuple(found)
