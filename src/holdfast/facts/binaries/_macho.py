"""Mach-O programs, and files that hold one for each of several processors.

Source: Apple, `mach-o/loader.h` and `mach-o/fat.h`.
"""

import struct
from functools import partial

from holdfast.errors import FactError
from holdfast.facts.binaries._executable import MAX_SECTIONS, Executable, Part, ReadPart, must_have, text_of

MAGICS = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
FAT_MAGICS = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
_SEGMENT, _SEGMENT_64 = 0x1, 0x19
_MAX_COMMANDS_BYTES = 4 << 20
_MAX_PROCESSORS = 30  # a Java class begins with the same four bytes, and its version, from 45 on, stands here
_WRITABLE = 2


def read_fat(read: ReadPart) -> list[Executable]:
    """Return the program of each processor; none when it is something else that begins so.

    Raises:
        FactError: truncated or damaged.
    """
    head = must_have(read(0, 8), 8)
    (count,) = struct.unpack_from(">I", head, 4)
    if not 0 < count <= _MAX_PROCESSORS:
        return []
    layout = ">IIQQII" if head.startswith(FAT_MAGICS[1]) else ">IIIII"
    each = struct.calcsize(layout)
    table = must_have(read(8, each * count), each * count)
    starts = [struct.unpack_from(layout, table, at)[2] for at in range(0, each * count, each)]
    return [read_macho(partial(_shifted, read, start)) for start in starts]


def _shifted(read: ReadPart, start: int, offset: int, count: int) -> bytes:
    return read(start + offset, count)


def read_macho(read: ReadPart) -> Executable:
    """Return the sections and segments of a program of one processor.

    Raises:
        FactError: truncated or damaged.
    """
    head = must_have(read(0, 28), 28)
    if head[:4] not in MAGICS:
        raise FactError("its headers can't be read: it is truncated or damaged")
    order = ">" if head.startswith(b"\xfe") else "<"
    wide = head[:4] in {MAGICS[1], MAGICS[3]}
    count, size = struct.unpack_from(f"{order}II", head, 16)
    if size > _MAX_COMMANDS_BYTES:
        raise FactError("its headers can't be read: it is truncated or damaged")
    commands = must_have(read(32 if wide else 28, size), size)
    sections: list[Part] = []
    segments: list[Part] = []
    at = 0
    for _ in range(count):
        kind, length = struct.unpack_from(f"{order}II", must_have(commands[at : at + 8], 8))
        if length < 8 or len(sections) > MAX_SECTIONS:
            raise FactError("its headers can't be read: it is truncated or damaged")
        if kind == (_SEGMENT_64 if wide else _SEGMENT):
            _add_segment(commands[at : at + length], order, sections, segments, wide=wide)
        at += length
    return Executable("macho", read, tuple(sections), tuple(segments))


def _add_segment(command: bytes, order: str, sections: list[Part], segments: list[Part], *, wide: bool) -> None:
    layout = f"{order}{'QQQQ' if wide else 'IIII'}IIII"
    begin = 24 + struct.calcsize(layout)
    address, _, offset, size, _, protection, count, _ = struct.unpack_from(layout, must_have(command, begin), 24)
    segments.append(Part("", address, offset, size, bool(protection & _WRITABLE)))
    row = f"{order}{'QQ' if wide else 'II'}I"
    each = 80 if wide else 68
    table = must_have(command[begin : begin + each * count], each * count)
    for at in range(0, each * count, each):
        address, size, offset = struct.unpack_from(row, table, at + 32)
        sections.append(Part(text_of(table[at : at + 16]), address, offset, size))
