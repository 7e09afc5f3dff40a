"""Where the strings of a JSON document stand: path of keys → offsets of the text between the quotes.

The document is checked by a full parser as well. Members of lists are not looked at.
"""

import json
import re
from typing import Any

from holdfast.errors import FactError

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)


def find_members(data: bytes) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return the offsets of every plain string that is a member of objects alone, by its path.

    Raises:
        FactError: no JSON object in UTF-8, or one with a key twice or an escape in a key.
    """
    document = _load(data)
    places: dict[tuple[str, ...], tuple[int, int]] = {}
    opened: list[tuple[str, str]] = []  # (bracket, the key that is current in it)
    last, is_value = "", False
    for token in _TOKEN.finditer(data.decode("latin-1")):
        sign = token[0]
        if sign in "{[":
            opened.append((sign, ""))
            is_value = sign == "["
        elif sign in "}]":
            opened.pop()
            is_value = False
        elif sign == ":":
            opened[-1] = ("{", last)
            is_value = True
        elif sign == ",":
            is_value = opened[-1][0] == "["
        elif token[1] is not None and not is_value:
            last = token[1].encode("latin-1").decode("utf-8")
        elif token[1] is not None and all(bracket == "{" for bracket, _ in opened):
            path = tuple(key for _, key in opened)
            if path in places:
                raise FactError(f"`{'.'.join(path)}` is there twice")
            places[path] = token.span(1)
    return {path: span for path, span in places.items() if _at(document, path) == data[slice(*span)].decode("utf-8")}


def _load(data: bytes) -> Any:
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FactError(f"not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise FactError("expected a JSON object")
    return document


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if not isinstance(document, dict) or step not in document:
            return None
        document = document[step]
    return document
