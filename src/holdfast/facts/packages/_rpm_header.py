"""The header of an installed RPM, as the database keeps it.

Rules:

1. Two numbers of four bytes, high byte first: how many entries, how many bytes of data. Then the entries (tag, type,
   offset, count, four bytes each), then the data.
2. Nothing outside of the header is read, whatever its numbers say; a value of another type than its tag has is an
   error.

Source: RPM, "V4 Package file format", Header; `lib/rpmtag.h`.
"""

import struct
from enum import IntEnum

from holdfast.errors import FactError

_INT32, _STRING, _STRINGS, _TEXTS = 4, 6, 8, 9
MAX_ENTRIES, MAX_COUNT = 1 << 16, 1 << 22


class Tag(IntEnum):
    """What is read of a header."""

    NAME = 1000
    VERSION = 1001
    RELEASE = 1002
    EPOCH = 1003
    LICENSE = 1014
    ARCH = 1022
    SOURCERPM = 1044
    DIRINDEXES = 1116
    BASENAMES = 1117
    DIRNAMES = 1118
    MODULARITYLABEL = 5096


_WANTED = frozenset(Tag)


class Header:
    """One package's header.

    Raises:
        FactError: it is no header, or is cut.
    """

    def __init__(self, blob: bytes) -> None:
        if len(blob) < 8:
            raise FactError("an RPM header that is cut")
        entries, size = struct.unpack_from(">II", blob)
        begin = 8 + 16 * entries
        if not 0 < entries <= MAX_ENTRIES or begin + size > len(blob):
            raise FactError("an RPM header that is cut, or none")
        self._data = blob[begin : begin + size]
        every = (struct.unpack_from(">IIII", blob, 8 + 16 * number) for number in range(entries))
        self._entries = {tag: (kind, offset, count) for tag, kind, offset, count in every if tag in _WANTED}

    def text(self, tag: Tag) -> str:
        """Return a text, empty where there is none. Raises: FactError."""
        found = self._entries.get(tag)
        return self._strings(tag, found, 1)[0] if found is not None else ""

    def texts(self, tag: Tag) -> list[str]:
        """Return a list of texts, empty where there is none. Raises: FactError."""
        found = self._entries.get(tag)
        return self._strings(tag, found, found[2]) if found is not None else []

    def numbers(self, tag: Tag) -> tuple[int, ...]:
        """Return a list of numbers, empty where there is none. Raises: FactError."""
        found = self._entries.get(tag)
        if found is None:
            return ()
        kind, offset, count = found
        if kind != _INT32 or offset + 4 * count > len(self._data):
            raise FactError(f"an RPM header whose {tag.name.lower()} are no numbers")
        return struct.unpack_from(f">{count}I", self._data, offset)

    def _strings(self, tag: Tag, found: tuple[int, int, int], count: int) -> list[str]:
        kind, offset, _ = found
        if kind not in {_STRING, _STRINGS, _TEXTS} or count > MAX_COUNT or offset > len(self._data):
            raise FactError(f"an RPM header whose {tag.name.lower()} is no text")
        parts = self._data[offset:].split(b"\0", count) if count > 1 else self._one(offset)
        if len(parts) <= count:
            raise FactError(f"an RPM header whose {tag.name.lower()} is cut")
        return [part.decode("utf-8", "surrogateescape") for part in parts[:count]]

    def _one(self, offset: int) -> list[bytes]:
        end = self._data.find(b"\0", offset)
        return [self._data[offset:end], b""] if end >= 0 else []
