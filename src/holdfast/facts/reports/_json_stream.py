"""JSON documents that are too big to hold: their long lists are read entry by entry, whenever they are gone through.

Rules:

1. One pass proves that the document is JSON in UTF-8, and builds all of it but the entries of the lists in `LISTS`,
   which are found in the document itself and in the entries of those in `WALKED`. Such a list is `Streamed`.
2. What is held at one time is bounded, in characters: a window, one entry (`MAX_ENTRY`), what is built (`MAX_BUILT`).
3. Where such a list is repeated, both count: nothing is hidden behind a second one. Of all other keys the last one
   counts, as everywhere in JSON.
4. What can't be read is an error with its line, never a shorter list.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from holdfast.errors import FactError

ReadPart = Callable[[int, int], bytes]
"""Returns at most so many bytes from an offset; fewer, or none, at the end."""
LISTS = frozenset({"results", "matches", "ignoredMatches", "vulnerabilities", "Vulnerabilities", "Misconfigurations"})
WALKED = frozenset({"runs", "Results"})
MAX_ENTRY = 16 << 20
MAX_BUILT = 32 << 20
_CHUNK_BYTES = 1 << 20
_MOST_OF_NUMBER = 3
"""So many signs behind what looks like a number may still belong to it: `1` of `1e-`."""
_SPACE = re.compile(r"[ \t\r\n]*")


def _refuse(word: str) -> Any:
    raise ValueError(f"`{word}` is no number")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class Streamed:
    """A list in a document; going through it reads it. What is no list has been refused before."""

    def __init__(self, parts: "list[_Place]", source: "_Source") -> None:
        self._parts = parts
        self._source = source

    def __iter__(self) -> Iterator[Any]:
        for place in self._parts:
            yield from _Window(self._source, place).entries()

    def and_more(self, other: "Streamed") -> "Streamed":
        """Return this list and then another of the same document."""
        return Streamed([*self._parts, *other._parts], self._source)


def open_document(file: str, read: ReadPart) -> dict[str, Any]:
    """Return a document whose long lists are `Streamed`.

    Raises:
        FactError: no JSON object in UTF-8, nested too deeply, or too much of it besides those lists.
    """
    window = _Window(_Source(file, read), (0, 1))
    if window.peek() != "{":
        raise window.wrong("expected a JSON object")
    document = _members(window, _Built(window), walks=True)
    if window.peek():
        raise window.wrong("something stands behind the document")
    return document


_Place = tuple[int, int]
"""An offset in bytes, and the line that it is on."""


class _Source:
    """Where a document is read from."""

    def __init__(self, file: str, read: ReadPart) -> None:
        self.file = file
        self.read = read


class _Built:
    """How much of a document was built, in characters."""

    def __init__(self, window: "_Window") -> None:
        self._window = window
        self._characters = 0

    def value(self) -> Any:
        """Read a value and keep it. Raises: FactError: it is too much."""
        found, characters = self._window.value()
        self._characters += characters
        if self._characters > MAX_BUILT:
            raise self._window.wrong(f"over {MAX_BUILT >> 20} MiB besides the results")
        return found


def _members(window: "_Window", built: _Built, *, walks: bool) -> dict[str, Any]:
    """Read the object that stands there; `walks` says that lists in `WALKED` are looked into."""
    found: dict[str, Any] = {}
    for key in window.members():
        if key in LISTS and window.peek() == "[":
            listed = window.skip_list()
            known = found.get(key)
            found[key] = known.and_more(listed) if isinstance(known, Streamed) else listed
        elif walks and key in WALKED and window.peek() == "[":
            known = found.get(key)
            walked = [_entry(window, built) for _ in window.items()]
            found[key] = [*known, *walked] if isinstance(known, list) else walked
        elif not isinstance(found.get(key), Streamed):
            found[key] = built.value()
        else:
            built.value()
    return found


def _entry(window: "_Window", built: _Built) -> Any:
    return _members(window, built, walks=False) if window.peek() == "{" else built.value()


class _Window:
    """A part of a document, and where in it reading has come to."""

    def __init__(self, source: _Source, place: _Place) -> None:
        self._source = source
        self._next_byte, self._line = place
        self._start_byte = self._next_byte
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._ended = False
        if self._start_byte == 0 and source.read(0, 3) == codecs.BOM_UTF8:
            self._start_byte = self._next_byte = 3

    def wrong(self, because: str) -> FactError:
        """Return an error at this line."""
        line = self._line + self._text.count("\n", 0, self._at)
        return FactError(f"not valid JSON: {because}", where=f"{self._source.file}:{line}")

    def peek(self) -> str:
        """Return the next sign that is no white space; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow(_CHUNK_BYTES):
                return ""

    def value(self) -> tuple[Any, int]:
        """Read a value; returns it and its length in characters."""
        if not self.peek():
            raise self.wrong("it ends too early")
        while True:
            because = ""
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:  # cut by the window's end, as long as there is more
                because = error.msg
            except RecursionError:
                raise self.wrong("nested too deeply") from None
            except ValueError as error:
                raise self.wrong(str(error)) from None
            else:
                if end + _MOST_OF_NUMBER <= len(self._text) or self._ended:
                    length = end - self._at
                    self._at = end
                    return found, length
            held = len(self._text) - self._at
            if held > MAX_ENTRY:
                raise self.wrong(f"a value of over {MAX_ENTRY} characters, or one that does not end")
            if not self._grow(max(held, _CHUNK_BYTES)) and because:
                raise self.wrong(because)

    def members(self) -> Iterator[str]:
        """Yield the keys of the object that stands there; whoever takes one reads its value."""
        for _ in self._between("{", "}"):
            key, _ = self.value()
            if not isinstance(key, str) or self.peek() != ":":
                raise self.wrong("expected a key and a colon")
            self._at += 1
            yield key

    def items(self) -> Iterator[None]:
        """Stop at each entry of the list that stands there; whoever goes on has read it."""
        return self._between("[", "]")

    def entries(self) -> Iterator[Any]:
        """Yield the entries of the list that stands there."""
        for _ in self.items():
            yield self.value()[0]

    def skip_list(self) -> Streamed:
        """Pass the list that stands there, and return it."""
        self.peek()
        before = len(self._text[: self._at].encode("utf-8", "surrogatepass"))
        place = (self._start_byte + before, self._line + self._text.count("\n", 0, self._at))
        for _ in self.items():
            self.value()
        return Streamed([place], self._source)

    def _between(self, opening: str, closing: str) -> Iterator[None]:
        if self.peek() != opening:
            raise self.wrong(f"expected `{opening}`")
        self._at += 1
        if self.peek() == closing:
            self._at += 1
            return
        while True:
            yield
            sign = self.peek()
            if sign not in {",", closing} or not sign:
                raise self.wrong(f"expected `,` or `{closing}`")
            self._at += 1
            if sign == closing:
                return

    def _grow(self, count: int) -> bool:
        """Let go of what was read and take more of the document in; returns whether there was more."""
        if self._ended:
            return False
        gone = self._text[: self._at]
        self._line += gone.count("\n")
        self._start_byte += len(gone.encode("utf-8", "surrogatepass"))
        data = self._source.read(self._next_byte, count)
        self._next_byte += len(data)
        self._ended = not data
        try:
            more = self._decoder.decode(data, self._ended)
        except UnicodeDecodeError as error:
            line = self._line + self._text.count("\n", self._at) + data.count(b"\n", 0, max(error.start, 0))
            because = f"expected UTF-8 text, got 0x{error.object[error.start]:02x}"
            raise FactError(because, where=f"{self._source.file}:{line}", hint="save it as UTF-8") from None
        self._text = self._text[self._at :] + more
        self._at = 0
        return not self._ended
