"""What a YAML document is made of here: mappings and sequences that know their lines."""

from typing import Any

from holdfast.facts.lockfiles._json import JsonObject


class YamlObject(JsonObject):
    """A mapping, with the line its key stands on; `lines` has the line of each entry."""

    __slots__ = ("lines",)
    lines: dict[str, int]


class YamlList(list[Any]):
    """A sequence, with the line of each item in `lines`."""

    __slots__ = ("lines",)
    lines: list[int]
