"""CycloneDX XML, versions 1.2 to 1.7, brought into the shape of its JSON and read by the same rules.

The namespace names the version. Element names count without their prefix, so extensions are passed over.

Source: CycloneDX specification, XML reference 1.2 to 1.7.
"""

from collections.abc import Iterator
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._xml import XmlElement, load_xml
from holdfast.facts.sboms.cyclonedx import XML_FORMAT, Document, Entry, gather_document
from holdfast.model.component import ParsedFile

NAMESPACE = "http://cyclonedx.org/schema/bom/"


def parse_cyclonedx_xml(file: str, data: bytes, *, evidence: bool = False) -> ParsedFile:
    """Return the components of a CycloneDX XML document; `evidence` as for its JSON.

    Raises:
        FactError: not XML, with a document type, or not CycloneDX.
    """
    root = load_xml(file, data)
    space = next((value for value in root.attributes.values() if value.startswith(NAMESPACE)), None)
    if root.name != "bom" or space is None:
        hint = "export the SBOM as CycloneDX"
        raise FactError(f"expected `bom` of CycloneDX, got `{root.name[:80]}`", where=f"{file}:{root.line}", hint=hint)
    document = Document(
        bom_format="CycloneDX",
        version=space.removeprefix(NAMESPACE).strip("/"),
        metadata=_metadata(root),
        dependencies=list(_dependencies(root.listed("dependencies", "dependency"))),
        compositions=[{"aggregate": one.value("aggregate")} for one in root.listed("compositions", "composition")],
        vulnerabilities=root.listed("vulnerabilities", "vulnerability"),
    )
    entries = [_entry(one) for one in _components(root)]
    return gather_document(document, entries, Gathering(file, XML_FORMAT, ""), evidence=evidence)


def _metadata(root: XmlElement) -> dict[str, Any]:
    metadata = root.find("metadata")
    if metadata is None:
        return {}
    described = metadata.find("component")
    component = {} if described is None else {"bom-ref": described.attributes.get("bom-ref")}
    return {"component": component, "properties": _properties(metadata)}


def _components(root: XmlElement) -> Iterator[XmlElement]:
    """Yield all components, in the order of the document; the described one itself is none."""
    described = root.find("metadata", "component")
    holders = [root] if described is None else [described, root]
    pending = [one for holder in reversed(holders) for one in reversed(holder.listed("components", "component"))]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(reversed(one.listed("components", "component")))


def _dependencies(nodes: list[XmlElement]) -> Iterator[dict[str, Any]]:
    """Yield each node with those right below it, however deep they are written into each other."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        below = node.every("dependency")
        yield {"ref": node.attributes.get("ref"), "dependsOn": [one.attributes.get("ref") for one in below]}
        pending.extend(one for one in below if one.children)


def _properties(element: XmlElement) -> list[dict[str, str]]:
    listed = element.listed("properties", "property")
    return [{"name": one.attributes.get("name", ""), "value": one.text} for one in listed]


def _licenses(element: XmlElement | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in element.children if element is not None else ():
        if one.name == "license":
            found.append({"license": {"id": one.value("id"), "name": one.value("name")}})
        elif one.name == "expression":
            found.append({"expression": one.text})
    return found


def _entry(element: XmlElement) -> Entry:
    evidence = element.find("evidence")
    given = None
    if evidence is not None:
        places = [_place(one) for one in evidence.listed("occurrences", "occurrence")]
        given = {"occurrences": places, "licenses": _licenses(evidence.find("licenses"))}
    return Entry(
        type=element.attributes.get("type"),
        name=element.value("name"),
        version=element.value("version"),
        purl=element.value("purl"),
        scope=element.value("scope"),
        ref=element.attributes.get("bom-ref"),
        licenses=_licenses(element.find("licenses")),
        properties=_properties(element),
        evidence=given,
        line=element.line,
    )


def _place(element: XmlElement) -> dict[str, Any]:
    line = element.value("line")
    number = int(line) if line.isascii() and line.isdigit() and len(line) < 10 else None
    return {"location": element.value("location"), "line": number}
