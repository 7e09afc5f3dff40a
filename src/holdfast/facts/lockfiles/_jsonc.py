"""JSON with comments and trailing commas, as some tools write their lock files."""

import re
from typing import Any

from holdfast.facts.lockfiles._json import load_json_object
from holdfast.facts.lockfiles._text import decode, refuse_conflict

_COMMENT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_COMMA = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|,(?=[ \t\r\n]*[}\]])', re.DOTALL)
_TOKEN = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"(?:[ \t\r\n]*:[ \t\r\n]*([\[{])?)?|[{}\[\]]', re.DOTALL)
_ALL_BUT_LINES = re.compile(r"[^\n]")


def _blank_comment(found: re.Match[str]) -> str:
    return found[0] if found[0][0] == '"' else _ALL_BUT_LINES.sub(" ", found[0])


def _blank_comma(found: re.Match[str]) -> str:
    return found[0] if found[0][0] == '"' else " "


def load_jsonc_object(file: str, data: bytes) -> tuple[dict[str, Any], dict[str, dict[str, int]]]:
    """Return the document, an object, and the line of each list in an object at its top, by the two keys.

    Raises:
        FactError: as `load_json_object`; places are those in the file as it is.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    plain = _COMMA.sub(_blank_comma, _COMMENT.sub(_blank_comment, text))
    return load_json_object(file, plain.encode("utf-8", "surrogatepass")), _list_lines(plain)


def _list_lines(text: str) -> dict[str, dict[str, int]]:
    """The lines of `{"a": {"b": [` by `a` and `b`, of a text that is known to be JSON."""
    found: dict[str, dict[str, int]] = {}
    depth, line, last, above = 0, 1, 0, ""
    for token in _TOKEN.finditer(text):
        end = token[0][-1] if token[1] is None else token[2]
        if token[2] and depth == 1:
            above = token[1]
        elif token[2] == "[" and depth == 2:
            line += text.count("\n", last, token.start())
            last = token.start()
            found.setdefault(above, {})[token[1]] = line
        if end in ("{", "["):
            depth += 1
        elif end in ("}", "]"):
            depth -= 1
    return found
