"""Gathers what one file says: occurrences, and what was seen and not read.

A component that is refused (no version, control characters, too long) becomes `Unparsed` with its line, and the rest of
the file still counts. Texts that reach a person never carry control characters.
"""

import re

from holdfast.errors import FactError
from holdfast.facts.scope import merge_occurrences
from holdfast.model.component import Component, Location, Occurrence, ParsedFile, Scope, Source, Unparsed

_PLACE = re.compile(r":(\d+)(?::(\d+))?\Z")
_SHOWN_CHARACTERS = 300


def readable(text: str) -> str:
    """Return a text safe to show: control characters escaped, at most 300 characters."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    if shown.isprintable():
        return shown
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in shown)


def unparsed_of(error: FactError, file: str) -> Unparsed:
    """Return an error as a gap in `file`; its line is taken from `error.where`."""
    place = _PLACE.search(error.where or "")
    if place is None:
        return Unparsed(file, None, readable(error.message))
    column = f" (column {place[2]})" if place[2] else ""
    return Unparsed(file, int(place[1]), readable(error.message) + column)


class Gathering:
    """What one file has said so far. `add` and `skip` in the order of the file; `parsed` ends it."""

    def __init__(self, file: str, format_id: str, ecosystem: str) -> None:
        self.file = file
        self.format_id = format_id
        self.ecosystem = ecosystem
        self._occurrences: list[Occurrence] = []
        self._unparsed: list[Unparsed] = []

    def add(
        self,
        name: object,
        version: object,
        line: int | None,
        *,
        source: Source = Source.REGISTRY,
        direct: bool | None = None,
        path: tuple[str, ...] = (),
        scope: Scope = Scope.RUNTIME,
        more: tuple[Location, ...] = (),
        alias: str = "",
        licenses: tuple[str, ...] = (),
    ) -> None:
        """Add a component at `line` and at the places `more`; what is not a component is skipped with its line."""
        if not isinstance(name, str) or not isinstance(version, str):
            self.skip(line, f"a package whose name or version is not text: {name!r} {version!r}")
            return
        try:
            component = Component(self.ecosystem, name, version, source)
        except FactError as error:
            self.skip(line, error.message)
            return
        places = (Location(self.file, line), *more)
        self.add_occurrence(Occurrence(component, places, direct, path, scope, alias, licenses))

    def add_at(self, name: str, version: str, place: Location, *, direct: bool | None) -> None:
        """Add a registry component that another file names at `place`."""
        try:
            component = Component(self.ecosystem, name, version)
        except FactError as error:
            self._unparsed.append(Unparsed(place.file, place.line, readable(error.message)))
            return
        self.add_occurrence(Occurrence(component, (place,), direct))

    def add_occurrence(self, occurrence: Occurrence) -> None:
        """Add an occurrence that is already made."""
        self._occurrences.append(occurrence)

    def skip(self, line: int | None, because: str) -> None:
        """Record something that was seen and not read."""
        self._unparsed.append(Unparsed(self.file, line, readable(because)))

    def skip_all(self, unparsed: tuple[Unparsed, ...]) -> None:
        """Record gaps found elsewhere, such as in an included file."""
        self._unparsed.extend(Unparsed(gap.file, gap.line, readable(gap.because)) for gap in unparsed)

    def parsed(self) -> ParsedFile:
        """Return the whole, with one occurrence per component."""
        gaps = tuple(dict.fromkeys(self._unparsed))
        return ParsedFile(self.file, self.format_id, merge_occurrences(self._occurrences), gaps)
