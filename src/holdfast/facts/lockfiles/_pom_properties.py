"""Properties of a Maven project: `${…}` in texts.

Rules: what a child sets wins over its parents; `${project.…}` and `${project.parent.…}` give the coordinates of the
project that is built, not of the file that writes them. A value may hold properties; one that leads back to itself, or
that is not set in the tree (the environment, the command line, `settings.xml`), is not resolved.

Source: Maven documentation, "Introduction to the POM", "Project Interpolation and Variables".
"""

import re
from collections.abc import Iterator, Mapping

from holdfast.errors import FactError
from holdfast.facts.lockfiles._pom_tree import Coordinates
from holdfast.model.component import Location
from holdfast.model.frozen import frozen

_REFERENCE = re.compile(r"\$\{([^{}$]*)\}")
_MAX_DEPTH = 50
_MAX_CHARACTERS = 2_000

Set = tuple[str, Location | None]
"""A value as it is written, and where; `None` for the project's own coordinates."""


@frozen
class Resolved:
    """A text without `${…}`, and the places of the properties that went into it."""

    text: str
    places: tuple[Location, ...] = ()


class _Layers(Mapping[str, Set]):
    """Two mappings as one, without a copy: the first wins."""

    def __init__(self, first: Mapping[str, Set], then: Mapping[str, Set]) -> None:
        self._first, self._then = first, then

    def __getitem__(self, key: str) -> Set:
        return self._first[key] if key in self._first else self._then[key]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._then, **self._first})

    def __len__(self) -> int:
        return len({**self._then, **self._first})


class Properties:
    """The properties that count in one project, or in one of its profiles."""

    def __init__(self, values: Mapping[str, Set]) -> None:
        self._values = values
        self._known: dict[str, Resolved] = {}

    @classmethod
    def of(cls, stated: Mapping[str, Set], own: Coordinates, parent: Coordinates | None) -> "Properties":
        """Return the properties of a project: what it and its parents state, and its coordinates."""
        values: dict[str, Set] = {**_built_in("", own), **stated}
        for prefix in ("project.", "pom."):
            values |= _built_in(prefix, own)
            values |= _built_in(f"{prefix}parent.", parent) if parent else {}
        return cls(values)

    def with_more(self, values: Mapping[str, Set]) -> "Properties":
        """Return these with others that win over them, such as a profile's."""
        return Properties(_Layers(values, self._values)) if values else self

    def resolve(self, text: str, within: tuple[str, ...] = ()) -> Resolved:
        """Return the text with every `${…}` replaced.

        Raises:
            FactError: one is not set, leads back to itself, or the text grows without end.
        """
        if "${" not in text:
            return Resolved(text)
        if len(text) > _MAX_CHARACTERS:
            raise FactError(f"a text of over {_MAX_CHARACTERS} characters: `{text[:40]}…`")
        parts, places, last = list[str](), list[Location](), 0
        for reference in _REFERENCE.finditer(text):
            found = self._property(reference[1], within)
            parts += [text[last : reference.start()], found.text]
            places += found.places
            last = reference.end()
            if sum(map(len, parts)) > _MAX_CHARACTERS:
                raise FactError(f"`${{{reference[1][:80]}}}` makes a text of over {_MAX_CHARACTERS} characters")
        whole = "".join([*parts, text[last:]])
        return Resolved(whole, tuple(dict.fromkeys(places)))

    def _property(self, name: str, within: tuple[str, ...]) -> Resolved:
        if name in self._known:
            return self._known[name]
        if name in within:
            raise FactError(f"`${{{name[:80]}}}` leads back to itself")
        if name not in self._values:
            raise FactError(f"`${{{name[:80]}}}` is not set in this tree")
        if len(within) > _MAX_DEPTH:
            raise FactError(f"`${{{within[0][:80]}}}` is nested too deeply")
        text, place = self._values[name]
        inner = self.resolve(text, (*within, name))
        self._known[name] = Resolved(inner.text, ((place,) if place else ()) + inner.places)
        return self._known[name]


def _built_in(prefix: str, coordinates: Coordinates) -> dict[str, Set]:
    named = {
        "groupId": coordinates.group,
        "artifactId": coordinates.artifact,
        "version": coordinates.version,
    }
    return {f"{prefix}{name}": (text, None) for name, text in named.items() if text}
