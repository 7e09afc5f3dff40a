"""What an editor is asked, and the cuts it answers with."""

from collections.abc import Sequence

from holdfast.errors import FactError
from holdfast.model.frozen import frozen


@frozen
class Wanted:
    """A package that is to be at a version. `alias` is the name that the project gave it, `lines` where it stands."""

    ecosystem: str
    name: str
    current: str
    version: str
    alias: str = ""
    lines: tuple[int, ...] = ()


@frozen
class Cut:
    """The bytes from `start` to `end` (not included) of a file, which are `before`, become `after`."""

    start: int
    end: int
    before: bytes
    after: bytes


def cut(data: bytes, start: int, end: int, after: str) -> Cut:
    """Return a cut into a file's bytes."""
    return Cut(start, end, data[start:end], after.encode())


def make_cuts(data: bytes, cuts: Sequence[Cut]) -> bytes:
    """Return the bytes with all cuts made.

    Raises:
        FactError: two of them overlap and differ, or one was meant for other bytes.
    """
    parts, last = list[bytes](), 0
    for one in sorted(set(cuts), key=lambda one: (one.start, one.end)):
        if one.start < last or data[one.start : one.end] != one.before:
            raise FactError("two edits of one place")
        parts += [data[last : one.start], one.after]
        last = one.end
    return b"".join([*parts, data[last:]])
