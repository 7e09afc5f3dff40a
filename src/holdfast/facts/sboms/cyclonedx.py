"""CycloneDX JSON, read leniently, versions 1.2 to 1.7, and what its XML shares with it.

Rules:

1. A component is what its purl names; the version beside it counts where the purl has none, and so do the letters of
   the name of a Go module, where the purl is written in small ones. Without a purl, or a version,
   it is unparsed; files and data sets are no packages and are passed over, and so are an operating system, and an
   application without version, which only hold packages.
2. Direct and paths come from the `dependencies` of `metadata.component`; without that edge list they are unknown.
3. `required` is runtime, `optional` optional; `excluded` is for tests and other non-runtime purposes: development.
4. A document that says it is incomplete is so: each gap that it names, or else one, is unparsed.
5. A document with vulnerabilities and no components (VEX) has no composition, and says so.
6. Licences are those stated, else those of the evidence. Addresses are not kept.

Source: CycloneDX specification, JSON reference 1.2 to 1.7.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering, readable
from holdfast.facts.licenses import license_texts
from holdfast.facts.sboms.graph import EntryGraph
from holdfast.facts.sboms.json_entries import NO_ITEMS, Lines, decode_document, objects_in, prepare_json, raw_items
from holdfast.facts.sboms.purls import component_of
from holdfast.model.component import Component, Location, Occurrence, ParsedFile, Scope, Unparsed

JSON_FORMAT = "cyclonedx_json"
XML_FORMAT = "cyclonedx_xml"
PROPERTY = "holdfast:"
GAP = f"{PROPERTY}gap"
MAX_NESTING = 64
_MAX_LINE = 1 << 30
_KNOWN_VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_NO_PACKAGE = ("file", "data", "cryptographic-asset", "machine-learning-model", "operating-system")
_SCOPES = {"required": Scope.RUNTIME, "optional": Scope.OPTIONAL, "excluded": Scope.DEVELOPMENT}
_DEVELOPMENT_MARKS = ("cdx:npm:package:development", "cdx:composer:package:isDevRequirement")


class Entry(msgspec.Struct):
    """One component as the document has it; values are of any type until they are looked at."""

    type: Any = None
    name: Any = None
    version: Any = None
    purl: Any = None
    scope: Any = None
    ref: Any = msgspec.field(default=None, name="bom-ref")
    licenses: Any = None
    properties: Any = None
    evidence: Any = None
    components: msgspec.Raw = NO_ITEMS
    line: int | None = msgspec.field(default=None, name=" ")  # never in a document


class Document(msgspec.Struct):
    """What is wanted of a document."""

    bom_format: Any = msgspec.field(default=None, name="bomFormat")
    version: Any = msgspec.field(default=None, name="specVersion")
    metadata: Any = None
    components: msgspec.Raw = NO_ITEMS
    dependencies: Any = None
    compositions: Any = None
    vulnerabilities: Any = None


class _Described(msgspec.Struct):
    components: msgspec.Raw = NO_ITEMS


class _Metadata(msgspec.Struct):
    component: _Described | None = None


class _Head(msgspec.Struct):
    metadata: _Metadata | None = None


def parse_cyclonedx_json(file: str, data: bytes, *, evidence: bool = False) -> ParsedFile:
    """Return the components of a CycloneDX JSON document.

    With `evidence`, a component's locations are those its `evidence` names, where it names any; without, its place in
    this file.

    Raises:
        FactError: not JSON, or not CycloneDX.
    """
    data = prepare_json(file, data)
    document = decode_document(file, data, Document)
    if document.bom_format != "CycloneDX":
        hint = "export the SBOM as CycloneDX JSON"
        raise FactError(f"expected `bomFormat` `CycloneDX`, got {document.bom_format!r}", where=file, hint=hint)
    gathering = Gathering(file, JSON_FORMAT, "")
    lines = Lines(data)
    lists = [document.components]
    if (held := _held_by_the_described(data, document)) is not None:
        lists = [held, *lists] if data.find(held) < data.find(document.components) else [*lists, held]
    entries = [entry for raw in lists for entry in _entries(raw, lines, gathering)]
    return gather_document(document, entries, gathering, evidence=evidence)


def _held_by_the_described(data: bytes, document: Document) -> msgspec.Raw | None:
    """Return the list of components within `metadata.component`; `None` mostly, as few documents have one."""
    described = _described(document)
    if not isinstance(described.get("components"), list):
        return None
    head = msgspec.json.decode(data, type=_Head)
    return head.metadata.component.components if head.metadata and head.metadata.component else None


def _entries(raw: msgspec.Raw, lines: Lines, gathering: Gathering, depth: int = 0) -> Iterator[Entry]:
    """Yield all components of a list, those within one behind it."""
    items = raw_items(raw)
    if items is None or depth > MAX_NESTING:
        because = "expected a list of components" if items is None else f"components nested over {MAX_NESTING} deep"
        gathering.skip(None, because)
        return
    for item in items:
        line = lines.of(item)
        try:
            entry = msgspec.json.decode(item, type=Entry)
        except msgspec.MsgspecError:
            gathering.skip(line, f"expected a component, got {item[:80].decode('utf-8', 'replace')}")
            continue
        entry.line = line
        yield entry
        if entry.components != NO_ITEMS:
            yield from _entries(entry.components, lines, gathering, depth + 1)


def gather_document(
    document: Document, entries: list[Entry], gathering: Gathering, *, evidence: bool = False
) -> ParsedFile:
    """Return what a document says, given its components, nested ones included."""
    if document.version not in _KNOWN_VERSIONS:
        gathering.skip(1, f"expected `specVersion` 1.2 to 1.7, got {document.version!r}: parts may be unread")
    gathering.skip_all(_gaps_of(document, gathering.file))
    if not entries:
        vex = " it is a VEX document, with vulnerabilities only" if document.vulnerabilities else ""
        gathering.skip(None, f"no components in it{':' if vex else ''}{vex}")
    said = [_properties(entry) for entry in entries]
    components = [_component_or_gap(one, own, gathering) for one, own in zip(entries, said, strict=True)]
    names = [one.name if one else str(entry.name or "") for one, entry in zip(components, entries, strict=True)]
    edges = ((node.get("ref"), _below(node)) for node in objects_in(document.dependencies))
    graph = EntryGraph([entry.ref for entry in entries], names, edges, _described(document).get("bom-ref"))
    for number, component in enumerate(components):
        if component is not None:
            here = _locations(entries[number], gathering.file, evidence=evidence)
            gathering.add_occurrence(_occurrence(entries[number], component, here, graph.known(number), said[number]))
    return gathering.parsed()


def _described(document: Document) -> dict[str, Any]:
    described = document.metadata.get("component") if isinstance(document.metadata, dict) else None
    return described if isinstance(described, dict) else {}


def _below(node: dict[str, object]) -> list[object]:
    wanted = node.get("dependsOn")
    return wanted if isinstance(wanted, list) else []


def _gaps_of(document: Document, file: str) -> tuple[Unparsed, ...]:
    """Return what a document says that it does not hold."""
    listed = document.metadata.get("properties") if isinstance(document.metadata, dict) else None
    gaps = tuple(gap_of(str(one.get("value")), file) for one in objects_in(listed) if one.get("name") == GAP)
    if not gaps and any(one.get("aggregate") == "incomplete" for one in objects_in(document.compositions)):
        return (Unparsed(file, 1, "the document says that it is incomplete"),)
    return gaps


def gap_of(text: str, file: str) -> Unparsed:
    """Return a gap that one of our writers put down; what another wrote in its place is a gap all the same."""
    try:
        gap = msgspec.json.decode(text, type=Unparsed)
    except msgspec.MsgspecError:
        return Unparsed(file, None, text)
    line = gap.line if gap.line is not None and 0 < gap.line <= _MAX_LINE else None
    return Unparsed(readable(gap.file), line, gap.because)


def _properties(entry: Entry) -> dict[str, str]:
    if not entry.properties:
        return {}
    return {str(one.get("name")): str(one.get("value", "")) for one in objects_in(entry.properties)}


def _component_or_gap(entry: Entry, said: dict[str, str], gathering: Gathering) -> Component | None:
    """Return the component an entry names; `None` when it is no package, or could not be read, which is noted."""
    if not entry.purl and (entry.type in _NO_PACKAGE or (entry.type == "application" and not entry.version)):
        return None
    if not isinstance(entry.purl, str) or not entry.purl:
        gathering.skip(entry.line, f"component `{entry.name}` has no purl")
        return None
    own = {key[len(PROPERTY) :]: value for key, value in said.items() if key.startswith(PROPERTY)}
    try:
        return component_of(entry.purl, entry.name, entry.version, own, gathering.file)
    except FactError as error:
        gathering.skip(entry.line, error.message)
        return None


def _locations(entry: Entry, file: str, *, evidence: bool) -> tuple[Location, ...]:
    given = entry.evidence.get("occurrences") if evidence and isinstance(entry.evidence, dict) else None
    found: list[Location] = []
    for one in objects_in(given):
        place, line = one.get("location"), one.get("line")
        if isinstance(place, str):
            found.append(Location(place, line if isinstance(line, int) and line > 0 else None))
    return tuple(found) or (Location(file, entry.line),)


def _licenses(entry: Entry) -> tuple[str, ...]:
    stated = license_texts(_license_values(entry.licenses)) if entry.licenses else ()
    if stated or not isinstance(entry.evidence, dict):
        return stated
    return license_texts(_license_values(entry.evidence.get("licenses")))


def _license_values(listed: object) -> Iterator[object]:
    for one in objects_in(listed):
        inner = one.get("license")
        yield (inner.get("id") or inner.get("name")) if isinstance(inner, dict) else one.get("expression")


def _occurrence(
    entry: Entry,
    component: Component,
    locations: tuple[Location, ...],
    known: tuple[bool | None, tuple[str, ...]],
    said: dict[str, str],
) -> Occurrence:
    direct, path = known
    scope = _SCOPES.get(entry.scope if isinstance(entry.scope, str) else "", Scope.RUNTIME)
    if said and any(said.get(mark) == "true" for mark in _DEVELOPMENT_MARKS):
        scope = Scope.DEVELOPMENT
    if direct is None and said.get(f"{PROPERTY}direct") == "false":
        direct = False
    return Occurrence(component, locations, direct, path, scope, licenses=_licenses(entry))
