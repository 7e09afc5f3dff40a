"""A program of any format: where its parts lie in the file and in memory."""

from collections.abc import Callable

from holdfast.errors import FactError
from holdfast.model.frozen import frozen

MAX_SECTIONS = 20_000
ReadPart = Callable[[int, int], bytes]
"""`(offset, count)` → at most that many bytes of the file; fewer at its end."""


@frozen
class Part:
    """A section or segment: its name (empty for a segment), address in memory, place and size in the file."""

    name: str
    address: int
    offset: int
    size_bytes: int
    is_writable: bool = False


@frozen
class Executable:
    """A program. `segments` are what is loaded, `sections` what is named; offsets are from its beginning."""

    format: str
    read: ReadPart
    sections: tuple[Part, ...]
    segments: tuple[Part, ...]

    def section(self, name: str) -> Part | None:
        """Return the first section of that name."""
        return next((one for one in self.sections if one.name == name), None)

    def read_section(self, part: Part, limit_bytes: int) -> bytes:
        """Return what a part holds in the file.

        Raises:
            FactError: it is over the limit, or the file ends before it.
        """
        if part.size_bytes > limit_bytes:
            raise FactError(f"`{part.name}` is over {limit_bytes} bytes")
        data = self.read(part.offset, part.size_bytes)
        if len(data) < part.size_bytes:
            raise FactError("the program is truncated")
        return data

    def read_address(self, address: int, count: int) -> bytes:
        """Return `count` bytes at an address in memory.

        Raises:
            FactError: nothing of the file is loaded there.
        """
        for part in self.segments:
            if part.address <= address and address + count <= part.address + part.size_bytes:
                data = self.read(part.offset + address - part.address, count)
                if len(data) == count:
                    return data
        raise FactError("an address that is not in the program")


def text_of(raw: bytes) -> str:
    """Return a name that ends at the first NUL."""
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


def must_have(data: bytes, count: int) -> bytes:
    """Pass bytes of which there must be `count`.

    Raises:
        FactError: there are fewer.
    """
    if len(data) < count:
        raise FactError("its headers can't be read: it is truncated or damaged")
    return data
