"""The lines of a `go.sum`: module, version, hash.

A module whose zip was hashed was needed for a build; one with only a `/go.mod` line was looked at to choose versions.

Source: the Go Modules Reference, "go.sum files".
"""

import re

from holdfast.facts.gather import readable
from holdfast.facts.lockfiles._text import cut_conflicts, decode, lines_of
from holdfast.model.component import Unparsed
from holdfast.model.frozen import frozen

_LINE = re.compile(r"(\S+) (v\S+) h\d+:[A-Za-z0-9+/=]{8,}\Z")


@frozen
class Sums:
    """(line, module, version) of every hashed zip, in order, and what could not be read."""

    modules: tuple[tuple[int, str, str], ...]
    unparsed: tuple[Unparsed, ...]


def parse_sums(file: str, data: bytes) -> Sums:
    """Return the modules with a hashed zip.

    Raises:
        FactError: empty, or not text.
    """
    lines, cuts = cut_conflicts(lines_of(decode(file, data)))
    gaps = [
        Unparsed(file, first, f"merge conflict markers: lines {first} to {last} were not read") for first, last in cuts
    ]
    modules: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines, 1):
        found = _LINE.match(line.strip())
        if found is None:
            if line.strip():
                gaps.append(Unparsed(file, number, f"expected module, version and hash, got `{readable(line)}`"))
        elif not found[2].endswith("/go.mod"):
            modules.append((number, found[1], found[2]))
    return Sums(tuple(modules), tuple(gaps))
