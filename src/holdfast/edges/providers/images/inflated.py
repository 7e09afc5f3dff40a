"""Compressed bytes that can be read at any offset, without keeping what they unpack to.

Rules:

1. The kind is told by the first bytes, never by a name. One that is not known is an error, never an empty layer.
2. The content is unpacked a window at a time. Of gzip the state is kept every so often, so that going back costs a few
   windows; zstd can't do that and begins anew. A few windows stay in memory.
3. How much may come out is limited, in sum and against what went in; so is how much may be unpacked again.
"""

import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import IO, Protocol, cast

from holdfast.edges.providers.images.sources import Source
from holdfast.errors import FactError

WINDOW_BYTES = 1 << 20
_INPUT_BYTES = 1 << 17
_KEPT_WINDOWS = 16
_MAX_POINTS = 256
_MAX_ZSTD_WINDOW = 1 << 27
_RATIO, _RATIO_FROM = 200, 256 << 20
_AGAIN = 32
"""How often a whole layer may be unpacked again, in sum."""


class Budget:
    """How much all layers of an image may unpack to."""

    def __init__(self, limit_bytes: int = 24 << 30) -> None:
        self.limit_bytes = limit_bytes
        self.spent_bytes = 0

    def spend(self, count: int, what: str) -> None:
        """Count what was unpacked for the first time. Raises: FactError: it is too much."""
        self.spent_bytes += count
        if self.spent_bytes > self.limit_bytes:
            raise FactError(
                f"the image unpacks to over {self.limit_bytes >> 20} MiB",
                where=what,
                hint="is it a bomb? scan what is in it, or its SBOM",
            )


class _Decoder(Protocol):
    consumed: int

    def decode(self, count: int) -> bytes:
        """Return the next bytes, at most `count`; none at the end."""
        ...

    def copy(self) -> "_Decoder | None":
        """Return the same state once more; `None` where that can't be."""
        ...


class _Gzip:
    """Unpacks gzip, of one member or several."""

    def __init__(self, source: Source, what: str) -> None:
        self._source, self._what = source, what
        self.consumed = 0
        self._rest = b""
        self._inflater = zlib.decompressobj(wbits=31)
        self._is_begun = False

    def copy(self) -> "_Gzip":
        """Return the same state once more."""
        other = _Gzip(self._source, self._what)
        other.consumed, other._rest, other._is_begun = self.consumed, self._rest, self._is_begun
        other._inflater = self._inflater.copy()
        return other

    def decode(self, count: int) -> bytes:
        """Return the next bytes. Raises: FactError: broken or cut."""
        while True:
            if self._inflater.eof:
                self._rest = (self._rest or self._more()).lstrip(b"\0") or self._more().lstrip(b"\0")
                if not self._rest:
                    return b""
                self._inflater, self._is_begun = zlib.decompressobj(wbits=31), False
            given = self._rest or self._more()
            if not given:
                raise FactError("the gzip data is cut", where=self._what, hint="download or save it again")
            try:
                out = self._inflater.decompress(given, count)
            except zlib.error as error:
                raise FactError(f"the gzip data is broken: {error}", where=self._what) from None
            self._rest = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if out:
                return out

    def _more(self) -> bytes:
        data = self._source.read(self.consumed, _INPUT_BYTES)
        self.consumed += len(data)
        return data


class _Zstd:
    """Unpacks zstd, of one frame or several."""

    def __init__(self, source: Source, what: str) -> None:
        import zstandard

        self._source, self._what = source, what
        self.consumed = 0
        self._errors = zstandard.ZstdError
        unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
        self._reader = unpacker.stream_reader(cast(IO[bytes], self), read_size=_INPUT_BYTES, read_across_frames=True)

    def read(self, count: int = -1) -> bytes:
        """Give the unpacker its input."""
        data = self._source.read(self.consumed, count if count > 0 else _INPUT_BYTES)
        self.consumed += len(data)
        return data

    def copy(self) -> None:
        """The state can't be kept."""
        return

    def decode(self, count: int) -> bytes:
        """Return the next bytes. Raises: FactError: broken."""
        try:
            return bytes(self._reader.read(count))
        except self._errors as error:
            raise FactError(f"the zstd data is broken: {error}", where=self._what) from None


class Inflated:
    """What compressed bytes unpack to, at offsets."""

    def __init__(self, begin: Callable[[], _Decoder], what: str, budget: Budget) -> None:
        self._begin, self._what, self._budget = begin, what, budget
        self._decoder = begin()
        self._next = 0
        self._end: int | None = None
        """The first window that is not there; `None` until it is known."""
        self._seen = 0
        self._again = 0
        self._windows: OrderedDict[int, bytes] = OrderedDict()
        self._points: dict[int, _Decoder] = {}
        self._every = 4

    def read(self, start: int, count: int) -> bytes:
        """Return at most `count` bytes from an offset. Raises: FactError."""
        parts = []
        while count > 0:
            number, inner = divmod(start, WINDOW_BYTES)
            part = self._window(number)[inner : inner + count]
            if not part:
                break
            parts.append(part)
            start += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _window(self, number: int) -> bytes:
        if number in self._windows:
            self._windows.move_to_end(number)
            return self._windows[number]
        if self._end is not None and number >= self._end:
            return b""
        self._go_near(number)
        data = b""
        while self._next <= number:
            data = self._unpack()
            if not data:
                return b""
        return data

    def _go_near(self, number: int) -> None:
        """Take up the kept state that is nearest before a window, unless the present one is nearer."""
        best = max((point for point in self._points if point <= number), default=0)
        if self._next <= number and best <= self._next:
            return
        kept = self._points[best].copy() if best in self._points else None
        self._decoder, self._next = (kept, best) if kept is not None else (self._begin(), 0)

    def _unpack(self) -> bytes:
        """Unpack the next window and keep it."""
        number = self._next
        if number % self._every == 0 and number not in self._points:
            self._keep_point(number)
        parts, missing = [], WINDOW_BYTES
        while missing and (part := self._decoder.decode(missing)):
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
        if missing:
            self._end = number + bool(data)
        self._next = number + 1
        self._count(number, len(data))
        self._windows[number] = data
        if len(self._windows) > _KEPT_WINDOWS:
            self._windows.popitem(last=False)
        return data

    def _keep_point(self, number: int) -> None:
        point = self._decoder.copy()
        if point is None:
            return
        self._points[number] = point
        if len(self._points) > _MAX_POINTS:
            self._every *= 2
            self._points = {one: kept for one, kept in self._points.items() if one % self._every == 0}

    def _count(self, number: int, size: int) -> None:
        """Raises: FactError: too much came out."""
        if number < self._seen:
            self._again += size
            if self._again > _AGAIN * self._seen * WINDOW_BYTES:
                raise FactError("its files lie so that it would be unpacked for ever", where=self._what)
            return
        self._seen = number + 1
        self._budget.spend(size, self._what)
        total = self._seen * WINDOW_BYTES
        if total > _RATIO_FROM and total > _RATIO * max(self._decoder.consumed, 1):
            raise FactError(
                f"it unpacks to over {_RATIO} times its size",
                where=self._what,
                hint="is it a bomb? scan what is in it, or its SBOM",
            )


def open_content(source: Source, what: str, budget: Budget) -> Source:
    """Return what a layer or an archive unpacks to; `what` names it in errors.

    Raises:
        FactError: it is compressed in a way that is not known, or is no tar archive.
    """
    head = source.read(0, 512)
    if head.startswith(b"\x1f\x8b"):
        return Inflated(lambda: _Gzip(source, what), what, budget)
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50):
        return Inflated(lambda: _Zstd(source, what), what, budget)
    if is_tar_head(head) or not head.strip(b"\0"):
        return source
    named = next((name for magic, name in _OTHERS.items() if head.startswith(magic)), "not known")
    raise FactError(
        f"expected a tar archive, plain or packed with gzip or zstd, got another compression: {named}",
        where=what,
        hint="build or save the image with gzip or zstd layers",
    )


_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x04\x22\x4d\x18": "lz4", b"PK\3\4": "zip", b"]\0\0": "lzma"}


def is_tar_head(head: bytes) -> bool:
    """Whether 512 bytes are the header of a tar archive's first entry, by their sum."""
    if len(head) < 512:
        return False
    try:
        told = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return told == sum(head[:148]) + 256 + sum(head[156:])
