"""Programs made by hand: as small as they can be, with the sections that a test wants."""

import struct
from collections.abc import Mapping

_BASE = 0x400000


def elf(sections: Mapping[str, bytes], data: bytes = b"", *, wide: bool = True, order: str = "<") -> bytes:
    """An ELF program; `data` is a writable segment at 0x400000, in no section."""
    head_bytes, segment_bytes, section_bytes = (64, 56, 64) if wide else (52, 32, 40)
    names = b"\0" + b"".join(name.encode() + b"\0" for name in [*sections, ".shstrtab"])
    body, rows, name_at = data, [(0, 0, 0, 0)], 1
    begin = head_bytes + segment_bytes
    for name, content in [*sections.items(), (".shstrtab", names)]:
        rows.append((name_at, 1, begin + len(body), len(content)))
        name_at += len(name) + 1
        body += content
    number = "Q" if wide else "I"
    table = b"".join(
        struct.pack(f"{order}II{number * 4}II{number * 2}", name, kind, 0, 0, at, size, 0, 0, 0, 0)
        for name, kind, at, size in (rows if sections else [])
    )
    segment = (
        struct.pack(f"{order}IIQQQQQQ", 1, 6, begin, _BASE, _BASE, len(data), len(data), 0)
        if wide
        else struct.pack(f"{order}IIIIIIII", 1, begin, _BASE, _BASE, len(data), len(data), 6, 0)
    )
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    count = len(rows) if sections else 0
    head = ident + struct.pack(
        f"{order}HHI{number * 3}IHHHHHH",
        *(2, 62, 1, 0, head_bytes, begin + len(body), 0, head_bytes, segment_bytes, 1, section_bytes, count),
        max(count - 1, 0),
    )
    return head + segment + body + table


def pe(sections: Mapping[str, bytes]) -> bytes:
    """A PE program; every section is writable."""
    begin = 64 + 24 + 32 + 40 * len(sections)
    head = b"MZ" + bytes(58) + struct.pack("<I", 64)
    head += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, 32, 0)
    head += struct.pack("<H", 0x20B) + bytes(22) + struct.pack("<Q", _BASE)
    body = b""
    for name, content in sections.items():
        place = (len(content), 0x1000, len(content), begin + len(body))
        head += name.encode().ljust(8, b"\0") + struct.pack("<IIII", *place) + bytes(12) + struct.pack("<I", 0x80000000)
        body += content
    return head + body


def macho(sections: Mapping[str, bytes]) -> bytes:
    """A Mach-O program of 64 bits with one writable segment."""
    length = 72 + 80 * len(sections)
    begin = 32 + length
    size = sum(len(content) for content in sections.values())
    out = struct.pack("<IIIIIIII", 0xFEEDFACF, 0, 0, 2, 1, length, 0, 0)
    out += struct.pack("<II", 0x19, length) + b"__DATA".ljust(16, b"\0")
    out += struct.pack("<QQQQIIII", _BASE, size, begin, size, 3, 3, len(sections), 0)
    body = b""
    for name, content in sections.items():
        out += name.encode().ljust(16, b"\0") + b"__DATA".ljust(16, b"\0")
        out += struct.pack("<QQI", _BASE + len(body), len(content), begin + len(body)) + bytes(28)
        body += content
    return out + body


def fat(*programs: bytes) -> bytes:
    """One file with a program for each of several processors."""
    out, body, begin = struct.pack(">4sI", b"\xca\xfe\xba\xbe", len(programs)), b"", 8 + 20 * len(programs)
    for program in programs:
        out += struct.pack(">IIIII", 7, 3, begin + len(body), len(program), 0)
        body += program
    return out + body


MODULES = (
    "path\texample.com/cmd/tool\n"
    "mod\texample.com/cmd\t(devel)\t\n"
    "dep\texample.com/a\tv1.2.3\th1:x=\n"
    "dep\texample.com/b\tv1.0.0\n=>\texample.com/fork\tv1.0.1\th1:y=\n"
    "dep\texample.com/c\tv0.1.0\n=>\t../c\t\n"
    "build\t-compiler=gc\n"
)
_FRAME = bytes(range(16))


def _counted(text: bytes) -> bytes:
    length, out = len(text), b""
    while length >= 0x80:
        out += bytes([length & 0x7F | 0x80])
        length >>= 7
    return out + bytes([length]) + text


def inline_info(modules: str = MODULES, go: str = "go1.21.3 X:none") -> bytes:
    """Build information as Go writes it since 1.18."""
    framed = _FRAME + modules.encode() + _FRAME if modules else b""
    return b"\xff Go buildinf:\x08\x02" + bytes(16) + _counted(go.encode()) + _counted(framed)


def pointed_info(*, wide: bool = True, order: str = "<") -> bytes:
    """Build information as Go wrote it before 1.18, at the beginning of the data: pointers to string headers."""
    each, number = (8, "Q") if wide else (4, "I")
    texts = [b"go1.16.5", _FRAME + MODULES.encode() + _FRAME]
    headers_at = _BASE + 32
    texts_at = headers_at + 4 * each
    pointers = struct.pack(f"{order}{number * 2}", headers_at, headers_at + 2 * each).ljust(16, b"\0")
    headers = struct.pack(f"{order}{number * 4}", texts_at, len(texts[0]), texts_at + len(texts[0]), len(texts[1]))
    return b"\xff Go buildinf:" + bytes([each, 0 if order == "<" else 1]) + pointers + headers + b"".join(texts)
