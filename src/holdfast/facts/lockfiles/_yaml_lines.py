"""The line-by-line subset of YAML that lock files are written in.

Read: `key: value`, `key:` with a deeper mapping or a list of `- value` below it, flat `{a: b}` and `[a, b]`, comments
on lines of their own. Values: one line of plain text, or quotes with no escape in them. Everything else, every repeated
key, and every sign that is not printable gives `None`: then a full parser has the word.
"""

import re
from collections.abc import Iterator
from typing import Any

from holdfast.facts.lockfiles._yaml_values import YamlList, YamlObject

_QUOTED = r"\"[^\"\\]*\"|'[^']*'"
_FIRST = r"[A-Za-z0-9_./^~<(=$]"
_KEY = rf"{_QUOTED}|{_FIRST}(?:[^\s:#]|:(?=[^\s])|(?<=\S)\#)*"
_WORD = r"(?:[^\s,\[\]{}:#'\"]|:(?=[^\s,\[\]{}'\"]))"
_FLOW_KEY = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_FLOW = rf"{_QUOTED}|{_FIRST}{_WORD}*(?: {_WORD}+)*"
_FLOW_PAIR = rf"{_FLOW_KEY}: (?:{_FLOW})"
_ENTRY = re.compile(
    rf"( *)(?:({_KEY}):(?: +(?:(\{{ ?{_FLOW_PAIR}(?:, {_FLOW_PAIR})* ?\}})|(\[(?:{_FLOW})(?:, (?:{_FLOW}))*\])"
    rf"|(\{{\}}|\[\])|({_QUOTED})|({_FIRST}.*)))? *|- ({_QUOTED}|{_FIRST}.*))"
)
_PAIRS = re.compile(rf"({_FLOW_KEY}): ({_FLOW})")
_ITEMS = re.compile(_FLOW)
_MAX_CHARACTERS = 5_000
_MAX_DEPTH = 30


def _unquoted(text: str) -> str:
    return text[1:-1] if text[0] in "\"'" else text


def _plain(text: str) -> str | None:
    """Return one line of plain text, `None` for what means more in YAML than itself."""
    if text[0] in "\"'":
        return text[1:-1]
    text = text.rstrip(" ")
    return None if ": " in text or " #" in text or text[-1] == ":" else text


def new_object(line: int) -> YamlObject:
    """Return an empty mapping that stands at a line."""
    made = YamlObject()
    made.line = line
    made.lines = {}
    return made


def _flow_object(text: str, line: int) -> YamlObject | None:
    made = new_object(line)
    pairs = _PAIRS.findall(text)
    for key, value in pairs:
        made[key] = _unquoted(value)
        made.lines[key] = line
    return made if len(made) == len(pairs) else None


def _flow_list(text: str, line: int) -> YamlList:
    made = YamlList(_unquoted(value) for value in _ITEMS.findall(text))
    made.lines = [line] * len(made)
    return made


def _value(found: re.Match[str], line: int) -> Any:
    """Return the value on an entry's own line; `None` when it is outside of the subset."""
    if found[3]:
        return _flow_object(found[3], line)
    if found[4]:
        return _flow_list(found[4], line)
    if found[5]:
        return new_object(line) if found[5] == "{}" else _flow_list("", line)
    return _plain(found[6] or found[7])


class _Levels:
    """The open collections with their indents. `pending` is the last key without a value, whose value may follow."""

    def __init__(self) -> None:
        self.root = new_object(1)
        self._open: list[tuple[int, YamlObject | YamlList]] = [(0, self.root)]
        self._pending: tuple[YamlObject, str, int] | None = None

    def enter(self, indent: int, line: int, *, is_item: bool) -> YamlObject | YamlList | None:
        """Return the collection that a line with that indent belongs to; `None` outside of the subset."""
        top_indent, top = self._open[-1]
        if self._pending is not None:
            above, key, key_line = self._pending
            self._pending = None
            if indent > top_indent or (is_item and indent == top_indent):
                if len(self._open) > _MAX_DEPTH:
                    return None
                made: YamlObject | YamlList = _flow_list("", line) if is_item else new_object(key_line)
                above[key] = made
                self._open.append((indent, made))
                return made
        while indent < top_indent or (indent == top_indent and not is_item and type(top) is YamlList):
            self._open.pop()
            if not self._open:
                return None
            top_indent, top = self._open[-1]
        return top if indent == top_indent and is_item == (type(top) is YamlList) else None

    def wait(self, above: YamlObject, key: str, line: int) -> None:
        """Remember a key without a value; it has none (`None`) unless something deeper follows."""
        above[key] = None
        self._pending = (above, key, line)


def _take(levels: _Levels, found: re.Match[str], line: int) -> bool:
    is_item = found[2] is None
    top = levels.enter(len(found[1]), line, is_item=is_item)
    if type(top) is YamlList:
        item = _plain(found[8])
        top.append(item)
        top.lines.append(line)
        return item is not None
    if type(top) is not YamlObject:
        return False
    key = _unquoted(found[2])
    if key in top:
        return False
    top.lines[key] = line
    if not (found[3] or found[4] or found[5] or found[6] or found[7]):
        levels.wait(top, key, line)
        return True
    value = top[key] = _value(found, line)
    return value is not None


def _significant(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if line and not line.isspace() and line.lstrip(" ")[0] != "#":
            yield number, line


def parse_lines(text: str) -> YamlObject | None:
    """Return the document, or `None` when it is outside of the subset. It ends its lines with line feeds alone."""
    if not text.replace("\n", "").isprintable():
        return None
    levels = _Levels()
    for number, line in _significant(text.split("\n")):
        found = _ENTRY.fullmatch(line) if len(line) <= _MAX_CHARACTERS else None
        if found is None or not _take(levels, found, number):
            return None
    root = levels.root
    root.line = next(iter(root.lines.values()), 1)
    return root or None
