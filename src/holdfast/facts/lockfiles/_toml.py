"""TOML whose `[[package]]` tables know their line.

Lock files are written by tools, one value a line. That subset is read here line by line, some ten times faster than a
full parser; whatever is outside of it sends the whole text to `tomllib`. Both ways give the same document, except that
the fast one leaves out lists of archives (`wheels`, `files`), which name no dependency.
"""

import re
import tomllib
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.lockfiles._text import decode, refuse_conflict
from holdfast.facts.lockfiles._toml_lines import parse_lines

_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_MAX_PARTS = 200
_DEEP_KEY = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){"""
    f"{_MAX_PARTS}" + "}"
)
_HEADER_OR_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*'
    r"|(?P<header>^[ \t]*\[\[[ \t]*(?P<mark>[\"']?)(?P<table>packages?)(?P=mark)[ \t]*\]\])",
    re.DOTALL | re.MULTILINE,
)


class TomlDocument:
    """A document and, for the `[[package]]` tables, their lines in order; `None` where a line can't be told."""

    __slots__ = ("_lines", "_tables", "root")

    def __init__(self, root: dict[str, Any], lines: list[int], tables: str = "package") -> None:
        self.root = root
        self._lines = lines
        self._tables = tables

    def packages(self) -> list[tuple[int | None, dict[str, Any]]]:
        """Return each `[[package]]` table with its line; anything else of that name gives nothing."""
        tables = self.root.get(self._tables)
        if not isinstance(tables, list):
            return []
        exact = len(self._lines) == len(tables)
        rows = zip(self._lines if exact else [None] * len(tables), tables, strict=True)
        return [(line, table) for line, table in rows if isinstance(table, dict)]


def _header_lines(text: str, tables: str) -> list[int]:
    lines: list[int] = []
    line, last = 1, 0
    for token in _HEADER_OR_TEXT.finditer(text):
        if token["table"] != tables:
            continue
        line += text.count("\n", last, token.start())
        last = token.start()
        lines.append(line)
    return lines


def load_toml(file: str, data: bytes, tables: str = "package") -> TomlDocument:
    """Return the document; `tables` is what its packages are called, `package` or `packages`.

    Raises:
        FactError: empty, not text, merge-conflicted, not TOML (with line and column), or nested too deeply.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    text = text.replace("\r\n", "\n")
    fast = parse_lines(text, tables)
    if fast is not None:
        return TomlDocument(*fast, tables)
    return TomlDocument(_load_slowly(file, text), _header_lines(text, tables), tables)


def _load_slowly(file: str, text: str) -> dict[str, Any]:
    deep = _DEEP_KEY.search(text)
    if deep is not None:  # the full parser takes time by the square of a key's parts
        line = text.count("\n", 0, deep.start()) + 1
        raise FactError(f"not valid TOML: a key of over {_MAX_PARTS} parts", where=f"{file}:{line}")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        end = text.count("\n") + 1
        where = f"{file}:{place[1]}:{place[2]}" if place else f"{file}:{end}"
        message = _PLACE.sub("", str(error)).strip()
        raise FactError(f"not valid TOML: {message}", where=where) from None
    except RecursionError:
        raise FactError("not valid TOML: nested too deeply", where=file) from None
    except ValueError as error:  # a number of thousands of digits, or an impossible date
        raise FactError(f"not valid TOML: {error}", where=file) from None


def tables_of(value: object) -> list[dict[str, Any]]:
    """Return the tables of an array; nothing when it is no array."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def table_of(value: object) -> dict[str, Any]:
    """Return a table, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}
