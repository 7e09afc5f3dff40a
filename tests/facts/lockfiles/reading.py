"""Short ways to read a file in memory and to compare what it says."""

from collections.abc import Mapping

from holdfast.facts.composition import read_file
from holdfast.model.component import ParsedFile
from holdfast.testing.trees import MemoryTree

Row = tuple[str, str, str, bool | None, str, int | None]


def read(files: Mapping[str, str | bytes], path: str | None = None) -> ParsedFile:
    """Return what `path` (the first file, when not named) says."""
    parsed = read_file(MemoryTree(files), path or next(iter(files)))
    assert parsed is not None
    return parsed


def rows(parsed: ParsedFile) -> list[Row]:
    """Return (name, version, source, direct, scope, line) of each component, in order."""
    return [
        (
            one.component.name,
            one.component.version,
            one.component.source.value,
            one.direct,
            one.scope.value,
            one.locations[0].line,
        )
        for one in parsed.occurrences
    ]


def gaps(parsed: ParsedFile) -> list[tuple[int | None, str]]:
    """Return (line, because) of each gap, in order."""
    return [(gap.line, gap.because) for gap in parsed.unparsed]


def path_of(parsed: ParsedFile, name: str) -> tuple[str, ...]:
    """Return the path to the component of that name."""
    return next(one.path for one in parsed.occurrences if one.component.name == name)
