"""Logical lines of a requirements file, and the files it includes.

Rules (pip, "Requirements File Format"): a backslash at the end joins lines, a comment starts at the beginning of a line
or after white space, `-r` and `-c` name files beside the one that holds them. A `# -*- coding: … -*-` line names
another encoding; a line that can't be decoded is skipped, the others count.
"""

import codecs
import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress

from holdfast.errors import FactError
from holdfast.facts.lockfiles._text import cut_conflicts, decode, lines_of
from holdfast.model.frozen import frozen

_COMMENT = re.compile(r"(?:^|\s)#(.*)$")
_CODING = re.compile(rb"\A(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_BROKEN = re.compile("[\udc80-\udcff]")
_MAX_JOINED = 10_000
_MAX_CHARACTERS = 1_000_000


@frozen
class Line:
    """One logical line. `number` is where it starts; `text` is without comment, `comment` the text after `#`."""

    number: int
    text: str
    comment: str


@frozen
class Broken:
    """A line, or lines, that can't be read."""

    number: int
    because: str


def _text(file: str, data: bytes) -> str:
    coding = _CODING.match(data)
    if coding is not None:
        # a comment that is wrong: fall back to what nearly every file is
        with suppress(LookupError, ValueError):
            return data.decode(codecs.lookup(coding[1].decode("ascii")).name)
    try:
        return decode(file, data)
    except FactError:
        if not data.strip():
            raise
        return data.decode("utf-8-sig", "surrogateescape")


def _joined(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield physical lines joined by backslashes, with the number of the first."""
    start, parts = 1, list[str]()
    for number, line in enumerate(lines, 1):
        if not parts:
            start = number
        comment_only = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment_only and len(parts) < _MAX_JOINED:
            parts.append(line[:-1])
            continue
        yield start, [*parts, line]
        parts = []
    if parts:
        yield start, parts


def _one(number: int, parts: list[str]) -> Line | Broken:
    whole = "".join(parts)
    if len(whole) > _MAX_CHARACTERS:
        return Broken(number, f"a line of over {_MAX_CHARACTERS} characters")
    comment = _COMMENT.search(whole) if "#" in whole else None
    text = (whole[: comment.start()] if comment else whole).strip()
    if not text.isascii() and _BROKEN.search(text):
        return Broken(number, "not UTF-8 text; save the file as UTF-8")
    return Line(number, text, comment[1].strip() if comment else "")


def parse_lines(file: str, data: bytes) -> list[Line | Broken]:
    """Return the logical lines of a file, those with nothing but a comment too.

    Raises:
        FactError: the file is empty.
    """
    lines, cuts = cut_conflicts(lines_of(_text(file, data)))
    broken = [Broken(first, f"merge conflict markers: lines {first} to {last} were not read") for first, last in cuts]
    return [*broken, *(_one(number, parts) for number, parts in _joined(lines))]


def beside(file: str, target: str) -> str | None:
    """Return the path of `target` as written in `file`; `None` when it leads out of the tree."""
    if target.startswith(("/", "\\", "~")) or "://" in target:
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), target.replace("\\", "/")))
    return None if path == ".." or path.startswith("../") else path
