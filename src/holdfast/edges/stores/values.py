"""Values to stored text and back."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from holdfast.edges.stores.types import clean_text
from holdfast.model.component import Location

T = TypeVar("T")


def to_body(value: Any) -> str:
    """Return a value as JSON text; what UTF-8 cannot hold becomes U+FFFD."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_clean(msgspec.to_builtins(value))).decode()


def _clean(value: Any) -> Any:
    match value:
        case str():
            return clean_text(value)
        case dict():
            return {_clean(key): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
    return value


def from_body(body: str, kind: type[T]) -> T:
    """Return the value that `to_body` wrote."""
    return msgspec.json.decode(body, type=kind)


def to_json(value: Mapping[str, Any] | None) -> str | None:
    """Return an object as JSON text."""
    return None if value is None else json.dumps(value, separators=(",", ":"))


def from_json(text: str | None) -> dict[str, Any] | None:
    """Return the object that `to_json` wrote."""
    return None if text is None else dict(json.loads(text))


@lru_cache(maxsize=4096)
def to_texts(items: tuple[str, ...]) -> str:
    """Return names as JSON text."""
    return to_body(items) if items else "[]"


@lru_cache(maxsize=4096)
def from_texts(text: str) -> tuple[str, ...]:
    """Return the names that `to_texts` wrote."""
    return () if text == "[]" else tuple(json.loads(text))


@lru_cache(maxsize=4096)
def from_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Return the qualifiers of a component, `[[key, value], …]`."""
    return () if text == "[]" else tuple((str(key), str(value)) for key, value in json.loads(text))


def to_places(locations: tuple[Location, ...]) -> str:
    """Return locations as JSON text, `[[file, line], …]`, with the owner as a third where there is one."""
    return to_body([(place.file, place.line, *([place.owner] if place.owner else ())) for place in locations])


@lru_cache(maxsize=65536)
def from_places(text: str) -> tuple[Location, ...]:
    """Return the locations that `to_places` wrote."""
    return () if text == "[]" else tuple(Location(*place) for place in json.loads(text))
