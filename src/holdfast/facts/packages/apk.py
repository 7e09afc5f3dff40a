"""`lib/apk/db/installed`: the packages of Alpine, Wolfi and Chainguard.

Rules:

1. A record is a package: `P:` name, `V:` version, `A:` architecture; it ends at an empty line.
2. `o:` names the origin, the source package that advisories speak of; a package has its version.
3. A record that can't be read is unparsed with its line; the others count.
4. `F:` names a folder and each `R:` after it a file in it, which the package owns.

Source: Alpine's wiki, "Apk spec", installed database; apk-tools, `database.c`.
"""

from collections.abc import Iterable, Iterator, Mapping

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.packages._spec import MAX_DATABASE_BYTES, PackageDatabaseSpec
from holdfast.facts.packages._vendor import ecosystem_of
from holdfast.model.component import Component, Location, Occurrence, ParsedFile
from holdfast.ports.tree import Tree

_PATHS = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_READ = frozenset("PVAoL")


def _records(text: str) -> Iterator[tuple[int, dict[str, str], list[int]]]:
    """Yield (line, the fields that are read, lines without sense) of each record."""
    start, fields, senseless = 0, dict[str, str](), list[int]()
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if not line.strip():
            if start:
                yield start, fields, senseless
            start, fields, senseless = 0, {}, []
            continue
        start = start or number
        if line[1:2] != ":":
            senseless.append(number)
        elif line[0] in _READ:
            fields.setdefault(line[0], line[2:].strip())


def _occurrence(fields: dict[str, str], place: Location, os: str) -> Occurrence:
    ecosystem, distro = ecosystem_of(os, "apk")
    name, origin = fields.get("P", ""), fields.get("o", "")
    qualifiers = {"arch": fields.get("A", ""), "distro": distro}
    component = Component(
        ecosystem,
        name,
        fields.get("V", ""),
        qualifiers=tuple(sorted((key, value) for key, value in qualifiers.items() if value)),
        source_package=origin if origin != name else "",
    )
    license_ = fields.get("L", "")
    return Occurrence(component, (place,), licenses=(license_,) if license_ else ())


def parse(file: str, data: bytes, os: str) -> ParsedFile:
    """Return the installed packages of an apk database; `os` is OSV's ecosystem with release (`Alpine:v3.20`).

    An empty database is one of no packages: that is how apk begins.
    """
    gathering = Gathering(file, SPEC.id, "purl:apk")
    for start, fields, senseless in _records(_text(data)):
        for number in senseless:
            gathering.skip(number, "expected `letter:value`: the package of this record may be read wrongly")
        try:
            gathering.add_occurrence(_occurrence(fields, Location(file, start), os))
        except FactError as error:
            gathering.skip(start, error.message)
    return gathering.parsed()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def find_owners(tree: Tree, root: str, files: Iterable[str], wanted: frozenset[str]) -> Mapping[str, str]:
    """Return the package that owns each wanted path, by the files that the database lists."""
    found: dict[str, str] = {}
    for known in sorted({f"{root}{path}" for path in _PATHS} & set(files)):
        try:
            text = _text(tree.read(known, MAX_DATABASE_BYTES))
        except FactError:  # said where its packages are read
            continue
        package, folder = "", ""
        for line in text.split("\n"):
            if line.startswith("P:"):
                package = line[2:].strip()
            elif line.startswith("F:"):
                folder = line[2:].strip()
            elif line.startswith("R:"):
                path = f"{folder}/{line[2:].strip()}"
                if path in wanted:
                    found[path] = package
    return found


SPEC = PackageDatabaseSpec(id="apk", paths=_PATHS, parse=parse, find_owners=find_owners)
