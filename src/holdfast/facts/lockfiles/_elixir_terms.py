"""Elixir terms as a lock file has them: read as data, never run.

Read: maps, tuples, lists, keyword lists, atoms, strings, integers, `true`, `false`, `nil`, and comments. Anything else,
an operator or a call, is an error. There is no recursion, and nothing in a string is interpolated.
"""

import re
from typing import Any

from holdfast.errors import FactError

MAX_DEPTH = 100

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+|\#[^\n]*)
    | (?P<text>"(?:[^"\\]|\\.)*")(?P<key>:(?=[ \t\r\n]))?
    | (?P<open>%\{|\{|\[) | (?P<close>[\]}]) | (?P<comma>,) | (?P<arrow>=>)
    | :(?P<atom>[A-Za-z_][\w@]*[!?]?|"(?:[^"\\]|\\.)*")
    | (?P<word>[A-Za-z_][\w@.]*[!?]?)(?P<wordkey>:(?=[ \t\r\n]))?
    | (?P<number>[0-9][0-9_]*)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ENDS = {"%{": "}", "{": "}", "[": "]"}
_CONSTANTS = ("true", "false", "nil")


class Atom(str):
    """An atom, by its name."""

    __slots__ = ()


class Key(str):
    """A key before a value: `name:` or `"name" =>`; `line` is where it stands."""

    line: int = 0


def _plain(quoted: str) -> str:
    return _ESCAPE.sub(r"\1", quoted[1:-1])


class _Builder:
    """A stack of open collections, each with its opening sign and the values so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.done: list[Any] = []
        self._stack: list[tuple[str, list[Any]]] = [("", self.done)]

    def take(self, found: re.Match[str], line: int) -> None:
        values = self._stack[-1][1]
        match found.lastgroup:
            case "space" | "comma":
                return
            case "open":
                if len(self._stack) > MAX_DEPTH:
                    self.refuse("nested too deeply", line)
                self._stack.append((found[0], []))
            case "close":
                opened, inner = self._stack.pop() if len(self._stack) > 1 else ("", [])
                if _ENDS.get(opened) != found[0]:
                    self.refuse(f"`{found[0]}` closes nothing", line)
                self._stack[-1][1].append(self._made(opened, inner, line))
            case "arrow":
                if not values or type(values[-1]) is not str:
                    self.refuse("expected a text before `=>`", line)
                values[-1] = self._key(values[-1], line)
            case _:
                values.append(self._scalar(found, line))

    def _key(self, text: str, line: int) -> Key:
        key = Key(text)
        key.line = line
        return key

    def _scalar(self, found: re.Match[str], line: int) -> Any:
        if found["text"] is not None:
            text = _plain(found["text"])
            return self._key(text, line) if found["key"] else text
        if found["atom"] is not None:
            return Atom(_plain(found["atom"]) if found["atom"][0] == '"' else found["atom"])
        if found["wordkey"]:
            return self._key(found["word"], line)
        if found["word"] is not None and found["word"] not in _CONSTANTS:
            self.refuse(f"expected a value, got `{found['word'][:80]}`", line)
        return Atom(found[0])

    def _made(self, opened: str, values: list[Any], line: int) -> Any:
        """Pairs of a keyword list become tuples, those of a map its entries."""
        if not any(type(value) is Key for value in values):
            return {} if opened == "%{" and not values else tuple(values) if opened != "[" else values
        if len(values) % 2 or any(type(value) is not Key for value in values[::2]) or Key in map(type, values[1::2]):
            return self._mixed(opened, values, line)
        pairs = list(zip(values[::2], values[1::2], strict=True))
        return dict(pairs) if opened == "%{" else [(Atom(key), value) for key, value in pairs]

    def _mixed(self, opened: str, values: list[Any], line: int) -> list[Any]:
        """Pairs may follow plain values in a list (`[:a, b: 1]`), not in a map."""
        if opened == "%{":
            self.refuse("expected `key => value` pairs", line)
        return [value for value in values if type(value) is not Key]

    def refuse(self, because: str, line: int) -> None:
        raise FactError(f"not Elixir terms: {because}", where=f"{self.file}:{line}")

    def end(self, line: int) -> Any:
        if len(self._stack) > 1:
            self.refuse("the file ends before its end", line)
        if len(self.done) != 1:
            self.refuse("expected one term", line)
        return self.done[0]


def load_terms(file: str, text: str) -> Any:
    """Return the term of a file: maps are dicts with `Key` keys, tuples tuples, lists lists; numbers are atoms.

    Raises:
        FactError: anything but one term, with its line.
    """
    builder = _Builder(file)
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            builder.refuse(f"expected a value, got `{text[at : at + 20].split(chr(10), maxsplit=1)[0]}`", line)
            break
        builder.take(found, line)
        line += text.count("\n", at, found.end())
        at = found.end()
    return builder.end(line)
