"""Zip archives in memory, read by their central directory, with limits against whatever they claim.

Rules:

1. Nothing is unpacked to disk; names are texts and never paths, so that `../` in one is harmless.
2. Only the central directory counts: bytes before it and between entries are passed over.
3. An entry that is encrypted, compressed in another way than deflate, truncated, over its limit, or one that grows more
   than a hundredfold beyond its first mebibyte, is an error of its own; the others are still there.
4. All that is taken out of one archive, archives within it included, comes out of one budget.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

import struct
import zlib
from dataclasses import dataclass

from holdfast.errors import FactError
from holdfast.model.frozen import frozen

MAX_DIRECTORY_BYTES = 32 << 20
MAX_ENTRIES = 200_000
MAX_RATIO = 100
_RATIO_COUNTS_FROM_BYTES = 1 << 20
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_LONGEST_END_BYTES = 22 + 0xFFFF
_UNKNOWN_32 = 0xFFFFFFFF


@dataclass(slots=True)
class Budget:
    """How many bytes may still be taken out."""

    left_bytes: int


@frozen
class ZipEntry:
    """One entry as the directory has it; sizes are what it claims."""

    name: str
    flags: int
    method: int
    packed_bytes: int
    size_bytes: int
    offset: int


class ZipArchive:
    """The entries of an archive.

    Raises:
        FactError: no archive, truncated, or with a directory over the limits.
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        count, size, start, self._shift = _find_directory(data)
        if size > MAX_DIRECTORY_BYTES or count > MAX_ENTRIES:
            raise FactError(f"an archive of over {MAX_ENTRIES} entries")
        self.entries = tuple(_entries(data, start, start + size))

    def read(self, entry: ZipEntry, limit_bytes: int, budget: Budget) -> bytes:
        """Return what an entry holds.

        Raises:
            FactError: it can't be taken out, or not within the limits.
        """
        limit = min(limit_bytes, budget.left_bytes)
        if entry.flags & 1:
            raise FactError("it is encrypted")
        if entry.size_bytes > limit:
            raise FactError(f"expected at most {limit} bytes, got {entry.size_bytes}")
        at = entry.offset + self._shift
        header = bytes(self._data[at : at + 30]) if at >= 0 else b""
        if len(header) < 30 or not header.startswith(_LOCAL):
            raise FactError("it is not where the archive says: it is truncated or damaged")
        name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
        begin = at + 30 + name_bytes + extra_bytes
        packed = self._data[begin : begin + entry.packed_bytes]
        if len(packed) < entry.packed_bytes:
            raise FactError("it is truncated")
        content = _unpack(packed, entry.method, limit)
        budget.left_bytes -= len(content)
        return content


def _unpack(packed: memoryview, method: int, limit: int) -> bytes:
    if method == 0:
        if len(packed) > limit:
            raise FactError(f"expected at most {limit} bytes, got {len(packed)}")
        return bytes(packed)
    if method != 8:
        raise FactError(f"it is compressed by method {method}, not deflate")
    allowed = max(_RATIO_COUNTS_FROM_BYTES, len(packed) * MAX_RATIO)
    inflate = zlib.decompressobj(-15)
    try:
        content = inflate.decompress(packed, min(limit, allowed) + 1)
    except zlib.error:
        raise FactError("it can't be decompressed: it is damaged") from None
    if len(content) > min(limit, allowed):
        raise FactError(f"it grows beyond {min(limit, allowed)} bytes: it may be a bomb")
    if not inflate.eof:
        raise FactError("it can't be decompressed: it is truncated")
    return content


def _find_directory(data: bytes) -> tuple[int, int, int, int]:
    """Return (entries, bytes, start) of the directory, and by how much offsets are shifted by what is before it."""
    end = data.rfind(_END, max(0, len(data) - _LONGEST_END_BYTES))
    if end < 0 or end + 22 > len(data):
        raise FactError("no zip archive, or a truncated one: it has no directory")
    count, size, offset = struct.unpack_from("<HII", data, end + 10)
    if data[end - 20 : end - 16] == _LOCATOR_64 and end >= 76:
        far = data.rfind(_END_64, 0, end)
        if far < 0 or far + 56 > end:
            raise FactError("an archive whose directory is damaged")
        count, size, offset = struct.unpack_from("<QQQ", data, far + 32)
        end = far
    start = end - size
    if start < 0 or (size and data[start : start + 4] != _CENTRAL):
        raise FactError("an archive whose directory is damaged")
    return count, size, start, start - offset


def _entries(data: bytes, at: int, end: int) -> list[ZipEntry]:
    found: list[ZipEntry] = []
    while at + 46 <= end:
        if data[at : at + 4] != _CENTRAL:
            raise FactError("an archive whose directory is damaged")
        if len(found) >= MAX_ENTRIES:
            raise FactError(f"an archive of over {MAX_ENTRIES} entries")
        flags, method = struct.unpack_from("<HH", data, at + 8)
        packed, size, name_bytes, extra_bytes, comment_bytes = struct.unpack_from("<IIHHH", data, at + 20)
        (offset,) = struct.unpack_from("<I", data, at + 42)
        name = data[at + 46 : at + 46 + name_bytes].decode("utf-8", "replace")
        extra = data[at + 46 + name_bytes : at + 46 + name_bytes + extra_bytes]
        if _UNKNOWN_32 in {packed, size, offset}:
            size, packed, offset = _far_values(extra, size, packed, offset)
        found.append(ZipEntry(name, flags, method, packed, size, offset))
        at += 46 + name_bytes + extra_bytes + comment_bytes
    return found


def _far_values(extra: bytes, *values: int) -> tuple[int, int, int]:
    """Return (size, packed, offset), those that did not fit taken from the extra field of zip64."""
    at = 0
    far: list[int] = []
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            far = [one for (one,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
        at += 4 + length
    size, packed, offset = (far.pop(0) if value == _UNKNOWN_32 and far else value for value in values)
    return size, packed, offset
