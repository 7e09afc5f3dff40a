"""The lock file of Yarn 1: a syntax of its own, told by indentation.

Source: yarnpkg/yarn, `src/lockfile/parse.js` and `stringify.js`.
"""

import json
import re
from dataclasses import dataclass, field

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._npm_source import source_of
from holdfast.facts.lockfiles._text import lines_of
from holdfast.facts.lockfiles._yarn_entry import YarnEntry, split_pattern
from holdfast.model.component import Source

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([^",]+)')
_PAIR = re.compile(r'("(?:[^"\\]|\\.)*"|[^\s":]+)[ \t]+("(?:[^"\\]|\\.)*"|[^\s"]+)')
_VERSION_LINE = re.compile(r"# yarn lockfile v(\d+)")
_TABLES = ("dependencies", "optionalDependencies")
_MAX_CHARACTERS = 100_000


@dataclass(slots=True)
class _Block:
    """One entry as written: the patterns, its own values, and the pairs of its tables."""

    line: int
    patterns: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)
    asks: list[tuple[str, str]] = field(default_factory=list)


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text)) if "\\" in text else text[1:-1]
    except ValueError:
        return text[1:-1]


def _patterns(line: str) -> tuple[str, ...]:
    keys = line.rstrip()[:-1]
    if '"' not in keys:
        return tuple(key.strip() for key in keys.split(",") if key.strip())
    found = ((quoted, bare.strip()) for quoted, bare in _TOKEN.findall(keys))
    return tuple(quoted or bare for quoted, bare in found if quoted or bare)


class _Reader:
    def __init__(self, gathering: Gathering) -> None:
        self.gathering = gathering
        self.blocks: list[_Block] = []
        self._block: _Block | None = None
        self._table = ""

    def take(self, number: int, line: str) -> None:
        text = line.strip()
        if not text or text[0] == "#":
            self._check_version(number, text)
            return
        indent = len(line) - len(line.lstrip(" "))
        if indent == 0 and text[-1] == ":" and len(text) <= _MAX_CHARACTERS:
            self._block, self._table = _Block(number, _patterns(text)), ""
            self.blocks.append(self._block)
        elif self._block is None or not self._take_inner(self._block, indent, text):
            self._block = self._block if indent else None
            self.gathering.skip(number, f"expected an entry of a yarn.lock, got `{text}`")

    def _take_inner(self, block: _Block, indent: int, text: str) -> bool:
        if indent == 2 and text[-1] == ":":
            self._table = text[:-1]
            return True
        pair = _PAIR.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
        if pair is None or indent not in (2, 4) or (indent == 4 and not self._table):
            return False
        key, value = _unquoted(pair[1]), _unquoted(pair[2])
        if indent == 2:
            self._table = ""
            block.values[key] = value
        elif self._table in _TABLES:
            block.asks.append((key, value))
        return True

    def _check_version(self, number: int, comment: str) -> None:
        version = _VERSION_LINE.match(comment)
        if version and version[1] != "1":
            self.gathering.skip(number, f"expected `yarn lockfile v1`, got v{version[1][:9]}")


def _entry(block: _Block) -> YarnEntry:
    """The name of an alias is the one it stands for; `name` is written where an address has no name in it."""
    name, wanted = split_pattern(block.patterns[0] if block.patterns else "")
    alias = ""
    for pattern in block.patterns:
        asked_as, asked = split_pattern(pattern)
        if asked.startswith("npm:"):
            name, wanted = split_pattern(asked[4:])
            alias = asked_as if asked_as != name else ""
    source = source_of(block.values.get("resolved", ""), wanted)
    if source is Source.REGISTRY:
        source = source_of("", wanted)
    if source is not Source.REGISTRY:
        name = block.values.get("name", name)
    version = block.values.get("version", "")
    return YarnEntry(block.line, block.patterns, name, version, source, alias, None, tuple(block.asks))


def read_classic(text: str, gathering: Gathering) -> list[YarnEntry]:
    """Return the entries in order; one whose patterns were there before and that says something else is told."""
    reader = _Reader(gathering)
    for number, line in enumerate(lines_of(text), 1):
        reader.take(number, line)
    return [_entry(block) for block in reader.blocks]
