"""SPDX 2.2 and 2.3, read leniently: JSON, and what tag-value shares with it.

Rules:

1. A component is what a package's purl names; `versionInfo` counts where the purl has none, and so do the letters of
   the name of a Go module, where the purl is written in small ones. Without a purl, or a version,
   it is unparsed. An operating system, a file, and an application without version are no packages.
2. What the document describes, where that is one package among others, is its subject and no component.
3. Direct and paths come from the dependencies of the subject, written from either side; `CONTAINS` says nothing of who
   asked for a package. Circles do no harm.
4. A package that is reached only as a dependency, or a tool, for development, building or tests is for development; one
   that is reached only as an optional one is optional; all others are runtime.
5. A licence is the concluded one, else the declared one; a reference to a licence in the document is its name there.
6. `NOASSERTION` and `NONE` say nothing.

Source: SPDX 2.3, clauses 6 to 11.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.licenses import license_texts
from holdfast.facts.lockfiles._graph import reached_scopes
from holdfast.facts.sboms.cyclonedx import gap_of
from holdfast.facts.sboms.graph import EntryGraph
from holdfast.facts.sboms.json_entries import NO_ITEMS, Lines, decode_document, objects_in, prepare_json, raw_items
from holdfast.facts.sboms.purls import component_of
from holdfast.model.component import Component, Location, Occurrence, ParsedFile, Scope
from holdfast.model.frozen import frozen

JSON_FORMAT = "spdx_json"
ANNOTATED = "holdfast:component "
ANNOTATED_GAP = "holdfast:gap "
_KNOWN_VERSIONS = ("SPDX-2.2", "SPDX-2.3")
_NOTHING = ("", "NOASSERTION", "NONE")
_NO_PACKAGE = ("FILE", "OPERATING-SYSTEM", "OPERATING_SYSTEM")
_DOCUMENT = "SPDXRef-DOCUMENT"
_NO_WORDS: dict[str, Any] = {}
_BELOW = dict.fromkeys(("DEPENDS_ON", "HAS_PREREQUISITE", "DYNAMIC_LINK", "STATIC_LINK"), Scope.RUNTIME)
_ABOVE = (
    dict.fromkeys(
        ("DEPENDENCY_OF", "RUNTIME_DEPENDENCY_OF", "PROVIDED_DEPENDENCY_OF", "PREREQUISITE_FOR"), Scope.RUNTIME
    )
    | dict.fromkeys(("OPTIONAL_DEPENDENCY_OF", "OPTIONAL_COMPONENT_OF"), Scope.OPTIONAL)
    | {f"{what}_DEPENDENCY_OF": Scope.DEVELOPMENT for what in ("DEV", "BUILD", "TEST")}
    | {f"{what}_TOOL_OF": Scope.DEVELOPMENT for what in ("DEV", "BUILD", "TEST")}
)


class Package(msgspec.Struct):
    """One package as the document has it; values are of any type until they are looked at."""

    name: Any = None
    ref: Any = msgspec.field(default=None, name="SPDXID")
    version: Any = msgspec.field(default=None, name="versionInfo")
    purpose: Any = msgspec.field(default=None, name="primaryPackagePurpose")
    references: Any = msgspec.field(default=None, name="externalRefs")
    concluded: Any = msgspec.field(default=None, name="licenseConcluded")
    declared: Any = msgspec.field(default=None, name="licenseDeclared")
    annotations: Any = None
    line: int | None = msgspec.field(default=None, name=" ")  # never in a document


class SpdxDocument(msgspec.Struct):
    """What is wanted of a document."""

    version: Any = msgspec.field(default=None, name="spdxVersion")
    described: Any = msgspec.field(default=None, name="documentDescribes")
    relationships: Any = None
    licenses: Any = msgspec.field(default=None, name="hasExtractedLicensingInfos")
    annotations: Any = None
    packages: msgspec.Raw = NO_ITEMS
    within: msgspec.Raw = msgspec.field(default=NO_ITEMS, name="sbom")


@frozen
class _Edge:
    above: str
    below: str
    scope: Scope


def parse_spdx_json(file: str, data: bytes, *, evidence: bool = False) -> ParsedFile:
    """Return the packages of an SPDX JSON document, also of one within the `sbom` of an API's answer.

    With `evidence`, the places are those that our own writer kept; without, the places in this file.

    Raises:
        FactError: not JSON, or not SPDX 2.
    """
    data = prepare_json(file, data)
    document = decode_document(file, data, SpdxDocument)
    if document.version is None and document.within != NO_ITEMS:
        document = decode_document(file, bytes(document.within), SpdxDocument)
    if not isinstance(document.version, str) or not document.version.startswith("SPDX-2."):
        hint = "export the SBOM as SPDX 2.3 or CycloneDX"
        raise FactError(f"expected `spdxVersion` `SPDX-2.3`, got {document.version!r}", where=file, hint=hint)
    gathering = Gathering(file, JSON_FORMAT, "")
    return gather_packages(document, list(_packages(document, data, gathering)), gathering, evidence=evidence)


def _packages(document: SpdxDocument, data: bytes, gathering: Gathering) -> Iterator[Package]:
    items, lines = raw_items(document.packages), Lines(data)
    if items is None:
        gathering.skip(None, "expected a list of packages")
    for item in items or ():
        line = lines.of(item)
        try:
            package = msgspec.json.decode(item, type=Package)
        except msgspec.MsgspecError:
            gathering.skip(line, f"expected a package, got {item[:80].decode('utf-8', 'replace')}")
            continue
        package.line = line
        yield package


def gather_packages(
    document: SpdxDocument, packages: list[Package], gathering: Gathering, *, evidence: bool = False
) -> ParsedFile:
    """Return what a document says, given its packages."""
    if document.version not in _KNOWN_VERSIONS:
        gathering.skip(1, f"expected `spdxVersion` SPDX-2.2 or SPDX-2.3, got {document.version!r}: parts may be unread")
    for text in _annotated(document.annotations, ANNOTATED_GAP):
        gathering.skip_all((gap_of(text, gathering.file),))
    subject = _subject(document, packages)
    packages = [one for one in packages if one.ref is None or one.ref != subject]
    if not packages:
        gathering.skip(None, "no packages in it")
    said = [_said(one) for one in packages]
    components = [_components(one, own, gathering) for one, own in zip(packages, said, strict=True)]
    refs, edges = [one.ref for one in packages], list(_edges(document))
    called = [found[0].name if found else str(one.name or "") for one, found in zip(packages, components, strict=True)]
    graph = EntryGraph(refs, called, ((edge.above, (edge.below,)) for edge in edges), subject)
    scopes, names = _scopes(refs, edges, subject), _license_names(document)
    for number, package in enumerate(packages):
        own = said[number]
        direct, path = graph.known(number)
        if direct is None and own.get("direct") is False:
            direct = False
        scope = _scope_of(own.get("scope")) or scopes[number]
        licenses = license_texts(_list(own["licenses"])) if "licenses" in own else _licenses(package, names)
        places = tuple(_places(own.get("locations"))) if evidence and own else ()
        locations = places or (Location(gathering.file, package.line),)
        for component in components[number]:
            gathering.add_occurrence(Occurrence(component, locations, direct, path, scope, licenses=licenses))
    return gathering.parsed()


def _components(package: Package, said: dict[str, Any], gathering: Gathering) -> list[Component]:
    """Return what the purls of a package name; one without is noted, where it is a package."""
    purls = _purls(package)
    version = package.version if package.version not in _NOTHING else None
    if not purls and package.purpose not in _NO_PACKAGE and (package.purpose != "APPLICATION" or version):
        gathering.skip(package.line, f"package `{package.name}` has no purl")
    own = {key: value for key, value in said.items() if isinstance(value, str)} if said else said
    found: list[Component] = []
    for purl in purls:
        try:
            found.append(component_of(purl, package.name, version, own, gathering.file))
        except FactError as error:
            gathering.skip(package.line, error.message)
    return found


def _purls(package: Package) -> list[str]:
    listed = package.references if isinstance(package.references, list) else ()
    found: list[str] = []
    for one in listed:
        if isinstance(one, dict) and _is_purl(one.get("referenceType")):
            locator = one.get("referenceLocator")
            if isinstance(locator, str) and locator and locator not in found:
                found.append(locator)
    return found


def _is_purl(kind: object) -> bool:
    return kind == "purl" or (isinstance(kind, str) and kind.endswith("/purl"))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _annotated(listed: object, mark: str) -> Iterator[str]:
    for one in objects_in(listed):
        comment = one.get("comment")
        if isinstance(comment, str) and comment.startswith(mark):
            yield comment[len(mark) :]


def _said(package: Package) -> dict[str, Any]:
    """Return what our own writer added to a package."""
    if not package.annotations:
        return _NO_WORDS
    for text in _annotated(package.annotations, ANNOTATED):
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:  # another wrote it; the package stands for itself
            continue
    return _NO_WORDS


def _places(listed: object) -> Iterator[Location]:
    for one in _list(listed):
        if isinstance(one, list) and len(one) == 2 and isinstance(one[0], str):
            yield Location(one[0], one[1] if isinstance(one[1], int) and one[1] > 0 else None)


def _licenses(package: Package, names: dict[str, str]) -> tuple[str, ...]:
    for given in (package.concluded, package.declared):
        if isinstance(given, str) and given not in _NOTHING and (found := license_texts([names.get(given, given)])):
            return found
    return ()


def _license_names(document: SpdxDocument) -> dict[str, str]:
    listed = ((one.get("licenseId"), one.get("name")) for one in objects_in(document.licenses))
    named = [(ref, name) for ref, name in listed if isinstance(ref, str) and isinstance(name, str)]
    return {ref: name for ref, name in named if name not in _NOTHING}


def _subject(document: SpdxDocument, packages: list[Package]) -> str | None:
    """Return the reference of the one package that the document describes; `None` when it is not one among others."""
    refs = {one.ref for one in packages if isinstance(one.ref, str)}
    described = {one for one in _list(document.described) if isinstance(one, str)}
    for one in objects_in(document.relationships):
        above, kind, below = (one.get(key) for key in ("spdxElementId", "relationshipType", "relatedSpdxElement"))
        if kind == "DESCRIBES" and above == _DOCUMENT and isinstance(below, str):
            described.add(below)
        elif kind == "DESCRIBED_BY" and below == _DOCUMENT and isinstance(above, str):
            described.add(above)
    found = described & refs
    return found.pop() if len(found) == 1 and len(packages) > 1 else None


def _edges(document: SpdxDocument) -> Iterator[_Edge]:
    for one in objects_in(document.relationships):
        left, kind, right = (one.get(key) for key in ("spdxElementId", "relationshipType", "relatedSpdxElement"))
        if not isinstance(left, str) or not isinstance(right, str) or not isinstance(kind, str):
            continue
        if kind in _BELOW:
            yield _Edge(left, right, _BELOW[kind])
        elif kind in _ABOVE:
            yield _Edge(right, left, _ABOVE[kind])


def _scope_of(value: object) -> Scope | None:
    return Scope(value) if isinstance(value, str) and value in set(Scope) else None


def _scopes(refs: Iterable[object], edges: list[_Edge], subject: str | None) -> list[Scope]:
    """Return the scope of each package: what runtime reaches is runtime, and so is what nothing asks for."""
    every = list(refs)
    numbers = {ref: number for number, ref in enumerate(every) if isinstance(ref, str)}
    below: list[list[int]] = [[] for _ in every]
    starts: dict[Scope, list[int]] = {Scope.RUNTIME: [], Scope.OPTIONAL: [], Scope.DEVELOPMENT: []}
    asked = {edge.below for edge in edges}
    starts[Scope.RUNTIME] = [number for ref, number in numbers.items() if ref not in asked]
    for edge in edges:
        if edge.below not in numbers:
            continue
        if edge.above not in numbers or edge.scope is not Scope.RUNTIME:
            starts[edge.scope].append(numbers[edge.below])
        else:
            below[numbers[edge.above]].append(numbers[edge.below])
    found = reached_scopes(list(starts.items()), below)
    return [found.get(number, Scope.RUNTIME) for number in range(len(every))]
