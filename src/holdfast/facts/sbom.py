"""CycloneDX JSON, read leniently, versions 1.2 to 1.6; and the digest of a composition.

Rules:

1. A component is what its purl names, version included. Without a purl, or a version in it, it is unparsed; files and
   data sets are no packages and are passed over.
2. Direct and paths come from the `dependencies` of `metadata.component`; without that edge list they are unknown.
3. `required` is runtime, `optional` optional; `excluded` is for tests and other non-runtime purposes: development.
4. A document that says it is incomplete is so: each gap that it names, or else one, is unparsed.
5. A document with vulnerabilities and no components (VEX) has no composition, and says so.

Source: CycloneDX specification, JSON reference 1.2 to 1.6.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering, readable
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._json import JsonObject, load_json_object, objects_of
from holdfast.facts.scope import component_order
from holdfast.model.component import Component, Location, Occurrence, ParsedFile, Sbom, Scope, Source, Unparsed
from holdfast.model.purl import parse_purl

FORMAT = "cyclonedx_json"
PROPERTY = "holdfast:"
GAP = f"{PROPERTY}gap"
_MAX_LINE = 1 << 30
_KNOWN_VERSIONS = {"1.2", "1.3", "1.4", "1.5", "1.6"}
_NO_PACKAGE = {"file", "data", "cryptographic-asset", "machine-learning-model"}
_SCOPES = {"required": Scope.RUNTIME, "optional": Scope.OPTIONAL, "excluded": Scope.DEVELOPMENT}
_DEVELOPMENT_MARKS = {"cdx:npm:package:development", "cdx:composer:package:isDevRequirement"}


def parse_cyclonedx(file: str, data: bytes, *, evidence: bool = False) -> ParsedFile:
    """Return the components of a CycloneDX JSON document.

    With `evidence`, a component's locations are those its `evidence` names, where it names any; without, its place in
    this file.

    Raises:
        FactError: not JSON, or not CycloneDX.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, FORMAT, "")
    if document.get("bomFormat") != "CycloneDX":
        hint = "export the SBOM as CycloneDX JSON"
        raise FactError(f"expected `bomFormat` `CycloneDX`, got {document.get('bomFormat')!r}", where=file, hint=hint)
    version = document.get("specVersion")
    if version not in _KNOWN_VERSIONS:
        gathering.skip(document.line, f"expected `specVersion` 1.2 to 1.6, got {version!r}: parts may be unread")
    gathering.skip_all(_gaps_of(document, file))
    entries = list(_components(document.get("components"), gathering))
    if not entries:
        vex = " it is a VEX document, with vulnerabilities only" if document.get("vulnerabilities") else ""
        gathering.skip(None, f"no components in it{':' if vex else ''}{vex}")
    components = [_component_or_gap(entry, gathering) for entry in entries]
    names = [one.name if one else str(entry.get("name", "")) for one, entry in zip(components, entries, strict=True)]
    graph = _Graph(document, entries, names)
    for number, (entry, component) in enumerate(zip(entries, components, strict=True)):
        if component is not None:
            known = (graph.direct(number), graph.paths.get(number, ()))
            gathering.add_occurrence(_occurrence(entry, component, file, known, evidence=evidence))
    return gathering.parsed()


def read_sbom(file: str, data: bytes) -> Sbom:
    """Return a CycloneDX JSON document as a composition, locations as its evidence names them.

    Raises:
        FactError: not JSON, or not CycloneDX.
    """
    parsed = parse_cyclonedx(file, data, evidence=True)
    occurrences = tuple(sorted(parsed.occurrences, key=component_order))
    return Sbom(occurrences, ((file, FORMAT, len(occurrences)),), parsed.unparsed)


def _gaps_of(document: JsonObject, file: str) -> tuple[Unparsed, ...]:
    """Return what a document says that it does not hold."""
    metadata = document.get("metadata")
    listed = metadata.get("properties") if isinstance(metadata, JsonObject) else None
    pairs = [one for one in listed if isinstance(one, JsonObject)] if isinstance(listed, list) else []
    gaps = tuple(_gap_of(str(one.get("value")), file) for one in pairs if one.get("name") == GAP)
    stated = document.get("compositions")
    parts = [one for one in stated if isinstance(one, JsonObject)] if isinstance(stated, list) else []
    if not gaps and any(one.get("aggregate") == "incomplete" for one in parts):
        return (Unparsed(file, document.line, "the document says that it is incomplete"),)
    return gaps


def _gap_of(text: str, file: str) -> Unparsed:
    try:
        gap = msgspec.json.decode(text, type=Unparsed)
    except msgspec.MsgspecError:  # what another wrote there is a gap all the same
        return Unparsed(file, None, text)
    line = gap.line if gap.line is not None and 0 < gap.line <= _MAX_LINE else None
    return Unparsed(readable(gap.file), line, gap.because)


def _components(listed: object, gathering: Gathering) -> Iterator[JsonObject]:
    """Yield all components, nested ones after the one that holds them."""
    stack = [listed]
    while stack:
        level = stack.pop()
        if level is None:
            continue
        if not isinstance(level, list):
            gathering.skip(None, f"expected a list of components, got {type(level).__name__}")
            continue
        for entry in level:
            if isinstance(entry, JsonObject):
                yield entry
                stack.append(entry.get("components"))
            else:
                gathering.skip(None, f"expected a component, got {entry!r}")


class _Graph:
    """The `dependencies`, over the numbers of components."""

    def __init__(self, document: JsonObject, entries: list[JsonObject], names: list[str]) -> None:
        refs = {ref: number for number, entry in enumerate(entries) if isinstance(ref := entry.get("bom-ref"), str)}
        listed = document.get("dependencies")
        edges: list[list[int]] = [[] for _ in entries]
        described = objects_of(document.get("metadata")).get("component")
        root = described.get("bom-ref") if described else None
        self._direct: set[int] = set()
        for node in listed if isinstance(listed, list) else []:
            if not isinstance(node, JsonObject):
                continue
            wanted = node.get("dependsOn")
            children = [refs[ref] for ref in wanted if _is_ref(ref, refs)] if isinstance(wanted, list) else []
            ref = node.get("ref")
            if ref is not None and ref == root:
                self._direct.update(children)
            elif isinstance(ref, str) and ref in refs:
                edges[refs[ref]] += children
        self.paths = shortest_paths(self._direct, edges, names)

    def direct(self, number: int) -> bool | None:
        """Whether the root names it; `None` where the graph does not reach it."""
        return (number in self._direct) if number in self.paths else None


def _is_ref(ref: object, refs: dict[str, int]) -> bool:
    return isinstance(ref, str) and ref in refs


def _properties(entry: JsonObject) -> dict[str, str]:
    listed = entry.get("properties")
    pairs = [one for one in listed if isinstance(one, JsonObject)] if isinstance(listed, list) else []
    return {str(one.get("name")): str(one.get("value", "")) for one in pairs}


def _component(entry: JsonObject, properties: dict[str, str], where: str) -> Component:
    purl = entry.get("purl")
    if not isinstance(purl, str) or not purl:
        raise FactError(f"component `{entry.get('name')}` has no purl", where=where)
    try:
        source = Source(properties.get(f"{PROPERTY}source", Source.REGISTRY))
    except ValueError:
        source = Source.REGISTRY
    if source is not Source.REGISTRY and not entry.get("version"):
        head, mark, rest = purl.partition("?")
        return replace(parse_purl(f"{head}@0{mark}{rest}", where=where), version="", source=source)
    component = parse_purl(purl, where=where)
    if source is not Source.REGISTRY:
        component = replace(component, source=source)
    upstream = dict(component.qualifiers).get("upstream", "").partition("@")
    return replace(
        component,
        qualifiers=tuple(pair for pair in component.qualifiers if pair[0] != "upstream"),
        source_package=properties.get(f"{PROPERTY}source_package", upstream[0]),
        source_version=properties.get(f"{PROPERTY}source_version", upstream[2] or component.source_version),
    )


def _locations(entry: JsonObject, here: Location, *, evidence: bool) -> tuple[Location, ...]:
    given = entry.get("evidence") if evidence else None
    listed = given.get("occurrences") if isinstance(given, JsonObject) else None
    found: list[Location] = []
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, JsonObject) and isinstance(one.get("location"), str):
            line = one.get("line")
            found.append(Location(one["location"], line if isinstance(line, int) and line > 0 else None))
    return tuple(found) or (here,)


def _component_or_gap(entry: JsonObject, gathering: Gathering) -> Component | None:
    """Return the component an entry names; `None` when it is no package, or could not be read, which is noted."""
    if entry.get("type") in _NO_PACKAGE and not entry.get("purl"):
        return None
    try:
        return _component(entry, _properties(entry), f"{gathering.file}:{entry.line}")
    except FactError as error:
        gathering.skip(entry.line, error.message)
        return None


def _occurrence(
    entry: JsonObject, component: Component, file: str, known: tuple[bool | None, tuple[str, ...]], *, evidence: bool
) -> Occurrence:
    direct, path = known
    properties = _properties(entry)
    marked = any(properties.get(mark) == "true" for mark in _DEVELOPMENT_MARKS)
    stated = entry.get("scope")
    scope = Scope.DEVELOPMENT if marked else _SCOPES.get(stated if isinstance(stated, str) else "", Scope.RUNTIME)
    if direct is None and properties.get(f"{PROPERTY}direct") == "false":
        direct = False
    locations = _locations(entry, Location(file, entry.line), evidence=evidence)
    return Occurrence(component, locations, direct, path, scope)


def _canonical(occurrence: Occurrence) -> list[object]:
    one = occurrence.component
    places = sorted([place.file, place.line or 0] for place in occurrence.locations)
    names = [one.ecosystem, one.name, one.version, one.source.value, one.source_package, one.source_version]
    qualifiers = [list(pair) for pair in one.qualifiers]
    return [
        *names,
        qualifiers,
        sorted(places, key=str),
        occurrence.direct,
        list(occurrence.path),
        occurrence.scope.value,
    ]


def sbom_digest(sbom: Sbom) -> str:
    """Return `sha256:…` of a composition: the same for the same occurrences, files and gaps in whatever order.

    Gaps count: two hosts of which one could be read only in part are not the same.
    """
    rows = sorted(json.dumps(_canonical(one), separators=(",", ":")) for one in sbom.occurrences)
    gaps = sorted(json.dumps([gap.file, gap.line, gap.because]) for gap in sbom.unparsed)
    files = sorted(json.dumps(list(file)) for file in sbom.files)
    whole = json.dumps([rows, files, gaps], separators=(",", ":"))
    return "sha256:" + hashlib.sha256(whole.encode()).hexdigest()
