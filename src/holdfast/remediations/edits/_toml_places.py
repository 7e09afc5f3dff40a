"""Where the strings of a TOML document stand: path of keys and indexes → offsets of the text between the quotes.

The document is checked by a full parser as well: what both don't read the same is refused. Source: TOML 1.0
"""

import re
import tomllib
from typing import Any

from holdfast.errors import FactError

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'")
_LONG = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_MOST_NESTED = 60


def load_document(data: bytes) -> dict[str, Any]:
    """Return what a full parser reads. Raises: FactError."""
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FactError(f"not valid TOML: {error}") from None


def find_strings(data: bytes) -> dict[Path, tuple[int, int]]:
    """Return the offsets of every plain string value, by its path.

    Raises:
        FactError: no TOML, or something in it that this does not read as a full parser does.
    """
    document = load_document(data)
    places = _Scanner(data.decode("latin-1")).scan()
    for path, (start, end) in places.items():
        if _at(document, path) != data[start:end].decode("utf-8"):
            raise FactError(f"`{'.'.join(map(str, path))}` is written in a way that is not edited")
    return places


def _at(document: Any, path: Path) -> Any:
    try:
        for step in path:
            document = document[step]
    except (KeyError, IndexError, TypeError):
        return None
    return document


class _Scanner:
    """Reads a document, a character a byte, so that places are offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 3 if text.startswith("\xef\xbb\xbf") else 0
        self.places: dict[Path, tuple[int, int]] = {}
        self._lengths: dict[Path, int] = {}

    def scan(self) -> dict[Path, tuple[int, int]]:
        """Return the places of plain strings, those with escapes left out."""
        table: Path = ()
        self._skip(_SPACE)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table, 0)
            self._skip(_SPACE)
        return self.places

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, sign: str) -> None:
        if not self.text.startswith(sign, self.at):
            raise FactError("the file is written in a way that is not edited")
        self.at += len(sign)

    def _header(self) -> Path:
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        path = self._resolve(self._key(), repeated=brackets == 2)
        self._take("]" * brackets)
        return path

    def _resolve(self, key: Path, *, repeated: bool) -> Path:
        """Return a header's path, with the index of the last of each array of tables on its way."""
        path: Path = ()
        for number, step in enumerate(key):
            path = (*path, step)
            if repeated and number == len(key) - 1:
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path

    def _key(self) -> Path:
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            quoted, bare = _STRING.match(self.text, self.at), _BARE.match(self.text, self.at)
            if quoted is None and bare is None:
                raise FactError("the file has a key that is not edited")
            if quoted is not None:
                inner = quoted[1] if quoted[1] is not None else quoted[2]
                parts.append(inner.encode("latin-1").decode("utf-8"))
            elif bare is not None:
                parts.append(bare[0])
            self.at = (quoted or bare).end()  # type: ignore[union-attr]  # one of them is there
            self._skip(_BLANK)
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _pair(self, table: Path, depth: int) -> None:
        key = self._key()
        self._take("=")
        self._skip(_BLANK)
        self._value((*table, *key), depth)

    def _value(self, path: Path, depth: int) -> None:
        if depth > _MOST_NESTED:
            raise FactError("the file is nested too deeply to be edited")
        if long := _LONG.match(self.text, self.at):
            self.at = long.end()
        elif plain := _STRING.match(self.text, self.at):
            group = 1 if plain[1] is not None else 2
            if "\\" not in plain[group] or group == 2:
                self.places[path] = plain.span(group)
            self.at = plain.end()
        elif self.text.startswith("[", self.at):
            self._many(path, "]", depth)
        elif self.text.startswith("{", self.at):
            self._many(path, "}", depth)
        elif scalar := _SCALAR.match(self.text, self.at):
            self.at = scalar.end()
        else:
            raise FactError("the file has a value that is not edited")

    def _many(self, path: Path, end: str, depth: int) -> None:
        self.at += 1
        index = 0
        self._skip(_SPACE)
        while not self.text.startswith(end, self.at):
            if end == "]":
                self._value((*path, index), depth + 1)
            else:
                self._pair(path, depth + 1)
            index += 1
            self._skip(_SPACE)
            if self.text.startswith(",", self.at):
                self.at += 1
                self._skip(_SPACE)
            elif not self.text.startswith(end, self.at):
                raise FactError("the file has a list that is not edited")
        self.at += 1
