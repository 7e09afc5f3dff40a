"""`requirements*.txt`, as pip, pip-compile and `uv pip compile` write and read them.

Rules:

1. A pinned line is a component; an unpinned one is unparsed, with its line, and its version is never guessed. A
   constraints file (`-c`) is no list of components, but a pin in it pins a line that has none.
2. Markers are kept out of the decision: a pinned line counts whatever its marker says, for the file does not say on
   which machine it will be installed.
3. `-r` is followed inside the tree, once per file; what can't be followed is unparsed.
4. Direct is known where the file says by whom each line was asked for (`# via …`, written by compilers), else unknown.
5. Of a merge conflict neither side is read; the lines around it are.

Source: pip documentation, "Requirements File Format".
"""

import re
from dataclasses import dataclass, field

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._requirement import Requirement, parse_requirement
from holdfast.facts.lockfiles._requirements_lines import Broken, Line, beside, parse_lines
from holdfast.facts.lockfiles._requirements_via import Via, read_via
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES, LockfileSpec
from holdfast.model.component import Component, Location, Occurrence, ParsedFile, Source, Unparsed
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

_INCLUDES = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}
_EDITABLE = {"-e", "--editable"}
_HARMLESS = {
    *("-i", "--index-url", "--pypi-url", "--extra-index-url", "--no-index", "-f", "--find-links", "--no-binary"),
    *("--only-binary", "--prefer-binary", "--require-hashes", "--pre", "--trusted-host", "--use-feature"),
    *("--always-unzip", "-Z", "--process-dependency-links", "--use-pep517", "--no-use-pep517", "--config-settings"),
}
_OPTION = re.compile(r"\s--?[A-Za-z]")
_MAX_INCLUDED = 200


@frozen
class _Wanted:
    """A requirement at its place."""

    requirement: Requirement
    place: Location


@dataclass(slots=True)
class _Reading:
    """What one requirements file and its includes have said so far."""

    tree: Tree
    wanted: list[_Wanted] = field(default_factory=list)
    constraints: list[_Wanted] = field(default_factory=list)
    via: list[tuple[str, Via]] = field(default_factory=list)
    unparsed: list[Unparsed] = field(default_factory=list)
    seen: set[tuple[str, bool]] = field(default_factory=set)

    def read(self, file: str, data: bytes, *, as_constraints: bool) -> None:
        """Read a file and, in turn, what it includes."""
        queue = [(file, data, as_constraints)]
        self.seen.add((file, as_constraints))
        while queue:
            current, content, constrains = queue.pop(0)
            try:
                lines = parse_lines(current, content)
            except FactError as error:
                if current == file:
                    raise
                self.unparsed.append(Unparsed(current, None, error.message))
                continue
            for number, target, inner in self._lines(current, lines, constrains):
                included = self._open(current, number, target, constrains or inner)
                queue += [included] if included else []

    def _lines(self, file: str, lines: list[Line | Broken], constrains: bool) -> list[tuple[int, str, bool]]:
        includes: list[tuple[int, str, bool]] = []
        for position, line in enumerate(lines):
            if isinstance(line, Broken):
                self.unparsed.append(Unparsed(file, line.number, line.because))
            elif line.text.startswith("-"):
                option, value = _split_option(line.text)
                if option in _INCLUDES:
                    includes.append((line.number, value, _INCLUDES[option]))
                elif option in _EDITABLE:
                    self._want(file, line, value, constrains, editable=True)
                elif option not in _HARMLESS:
                    self.unparsed.append(Unparsed(file, line.number, f"an option that is not known: `{option}`"))
            elif line.text:
                name = self._want(file, line, line.text, constrains)
                if name and not constrains:
                    self.via.append((name, read_via(lines, position)))
        return includes

    def _want(self, file: str, line: Line, text: str, constrains: bool, *, editable: bool = False) -> str | None:
        bare = _OPTION.split(text, maxsplit=1)[0].strip() if "-" in text else text
        try:
            requirement = parse_requirement(bare, editable=editable)
        except FactError as error:
            self.unparsed.append(Unparsed(file, line.number, error.message))
            return None
        into = self.constraints if constrains else self.wanted
        into.append(_Wanted(requirement, Location(file, line.number)))
        return requirement.name

    def _open(self, file: str, number: int, target: str, constrains: bool) -> tuple[str, bytes, bool] | None:
        path = beside(file, target.strip("\"'"))
        if path is None:
            self.unparsed.append(Unparsed(file, number, f"includes `{target}`, which is not inside this tree"))
            return None
        if (path, constrains) in self.seen:
            return None
        self.seen.add((path, constrains))
        try:
            if len(self.seen) > _MAX_INCLUDED:
                raise FactError(f"includes more than {_MAX_INCLUDED} files")
            return path, self.tree.read(path, MAX_FILE_BYTES), constrains
        except FactError as error:
            self.unparsed.append(
                Unparsed(file, number, f"includes `{target}`, which could not be read: {error.message}")
            )
            return None


def _split_option(text: str) -> tuple[str, str]:
    """Return (option, value) of `-r file`, `-rfile`, `--requirement=file` and the like."""
    if not text.startswith("--"):
        return text[:2], text[2:].lstrip(" \t=")
    option, _, value = text.replace("=", " ", 1).partition(" ")
    return option, value.strip()


def _pins(constraints: list[_Wanted]) -> dict[str, _Wanted]:
    """Return the one pin per name; a name pinned to several versions has none."""
    pins: dict[str, _Wanted] = {}
    several: set[str] = set()
    for wanted in constraints:
        name, version = wanted.requirement.name, wanted.requirement.version
        if wanted.requirement.source is not Source.REGISTRY or version is None:
            continue
        if name in pins and pins[name].requirement.version != version:
            several.add(name)
        pins[name] = wanted
    return {name: wanted for name, wanted in pins.items() if name not in several}


def _occurrences(reading: _Reading) -> list[Occurrence]:
    pins = _pins(reading.constraints)
    found: list[Occurrence] = []
    for wanted in reading.wanted:
        requirement, places = wanted.requirement, [wanted.place]
        version = requirement.version
        if version is None and requirement.name in pins:
            places.append(pins[requirement.name].place)
            version = pins[requirement.name].requirement.version
        if version is None:
            because = f"`{requirement.name}{requirement.clause}` is not pinned to one version"
            reading.unparsed.append(Unparsed(wanted.place.file, wanted.place.line, because))
            continue
        try:
            component = Component("PyPI", requirement.name, version, requirement.source)
        except FactError as error:
            reading.unparsed.append(Unparsed(wanted.place.file, wanted.place.line, error.message))
            continue
        found.append(Occurrence(component, tuple(places)))
    return found


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the pinned requirements of a file and of those it includes; a constraints file has none of its own.

    Raises:
        FactError: the file is empty.
    """
    gathering = Gathering(file, SPEC.id, "PyPI")
    reading = _Reading(tree)
    reading.read(file, data, as_constraints=file.rpartition("/")[2].lower().startswith("constraints"))
    for occurrence in Via.apply(_occurrences(reading), reading.via):
        gathering.add_occurrence(occurrence)
    gathering.skip_all(tuple(reading.unparsed))
    return gathering.parsed()


SPEC = LockfileSpec(
    id="requirements_txt",
    patterns=("requirements*.txt", "*requirements.txt", "requirements/*.txt", "constraints*.txt"),
    parse=parse,
)
