"""JSON whose objects know their line.

The C decoder reports objects in the order they close; one pass over braces and strings gives the places in that same
order, so every object gets the exact line of its key without a slow parser of our own.
"""

import json
import re
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.lockfiles._text import decode, refuse_conflict

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(?:[ \t\r\n]*:[ \t\r\n]*\{)?|[{}]', re.DOTALL)


class JsonObject(dict[str, Any]):
    """An object, with the line its key stands on (or its brace, where it has no key)."""

    __slots__ = ("line",)
    line: int


def _lines_in_closing_order(text: str) -> list[int]:
    closed: list[int] = []
    opened: list[int] = []
    line, last = 1, 0
    for token in _TOKEN.finditer(text):
        end = text[token.end() - 1]
        if end == "{":
            start = token.start()
            line += text.count("\n", last, start)
            last = start
            opened.append(line)
        elif end == "}":
            closed.append(opened.pop())
    return closed


def load_json(file: str, data: bytes) -> Any:
    """Return the document; objects are `JsonObject`. Of a repeated key the last one counts, as everywhere in JSON.

    Raises:
        FactError: empty, not text, merge-conflicted, not JSON (with line and column), or nested too deeply.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    objects: list[JsonObject] = []

    def keep(pairs: list[tuple[str, Any]]) -> JsonObject:
        made = JsonObject(pairs)
        objects.append(made)
        return made

    try:
        document = json.loads(text, object_pairs_hook=keep)
    except json.JSONDecodeError as error:
        where = f"{file}:{error.lineno}:{error.colno}"
        raise FactError(f"not valid JSON: {error.msg}", where=where) from None
    except RecursionError:
        raise FactError("not valid JSON: nested too deeply", where=file) from None
    except ValueError as error:  # a number of thousands of digits
        raise FactError(f"not valid JSON: {error}", where=file) from None
    for made, line in zip(objects, _lines_in_closing_order(text), strict=True):
        made.line = line
    return document


def load_json_object(file: str, data: bytes) -> JsonObject:
    """Return the document, which must be an object.

    Raises:
        FactError: as `load_json`, or it is something else.
    """
    document = load_json(file, data)
    if not isinstance(document, JsonObject):
        raise FactError(f"expected a JSON object, got {type(document).__name__}", where=f"{file}:1")
    return document


def objects_of(value: object) -> dict[str, JsonObject]:
    """Return the members of an object that are objects themselves; nothing when it is no object."""
    if not isinstance(value, dict):
        return {}
    return {key: member for key, member in value.items() if isinstance(member, JsonObject)}


def texts_of(value: object) -> dict[str, str]:
    """Return the members of an object that are text; nothing when it is no object."""
    if not isinstance(value, dict):
        return {}
    return {key: member for key, member in value.items() if isinstance(member, str)}
