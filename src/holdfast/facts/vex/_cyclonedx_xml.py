"""CycloneDX XML, brought into the shape of its JSON as far as analyses need it.

Rules:

1. The namespace names the version: 1.4 to 1.7. Before it analyses were no part of the format.
2. Element names count without their prefix, so extensions are passed over. A document type is refused.

Source: CycloneDX specification, XML reference 1.4 to 1.7, `vulnerabilities`.
"""

from collections.abc import Iterator
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.lockfiles._xml import XmlElement, load_xml
from holdfast.facts.sboms.cyclonedx_xml import NAMESPACE

_VERSIONS = ("1.4", "1.5", "1.6", "1.7")
_ORGANIZATIONS = ("manufacturer", "manufacture", "supplier")


def load_cyclonedx_xml(file: str, data: bytes) -> dict[str, Any]:
    """Return a document as its JSON would have it.

    Raises:
        FactError: not XML, with a document type, not CycloneDX, or of a version that has no analyses.
    """
    root = load_xml(file, data)
    where = f"{file}:{root.line}"
    space = next((value for value in root.attributes.values() if value.startswith(NAMESPACE)), None)
    if root.name != "bom" or space is None:
        hint = "of XML, CycloneDX alone is known; OpenVEX and CSAF are JSON"
        raise FactError(f"a VEX document of no known format: `{root.name[:80]}`", where=where, hint=hint)
    version = space.removeprefix(NAMESPACE).strip("/")
    if version not in _VERSIONS:
        hint = "export it as CycloneDX 1.6"
        raise FactError(f"expected CycloneDX 1.4 to 1.7, got `{version[:80]}`", where=where, hint=hint)
    number = root.attributes.get("version", "1").strip()
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": root.attributes.get("serialNumber"),
        "version": int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 1,
        "signature": "in XML" if root.find("Signature") else None,
        "metadata": _metadata(root.find("metadata")),
        "components": [_component(one) for one in root.listed("components", "component")],
        "vulnerabilities": [_vulnerability(one) for one in root.listed("vulnerabilities", "vulnerability")],
    }
    return _told(document)


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """Return what a document says: nothing stands for what is not there."""
    return {key: value for key, value in values.items() if value not in (None, "")}


def _metadata(metadata: XmlElement | None) -> dict[str, Any]:
    if metadata is None:
        return {}
    described = metadata.find("component")
    organizations = {name: {"name": metadata.value(name, "name")} for name in _ORGANIZATIONS if metadata.find(name)}
    return _told(
        {
            "timestamp": metadata.value("timestamp"),
            "authors": [{"name": one.value("name")} for one in metadata.listed("authors", "author")],
            "component": _component(described) if described is not None else None,
            **organizations,
        }
    )


def _component(one: XmlElement) -> dict[str, Any]:
    return _told(
        {
            "bom-ref": one.attributes.get("bom-ref"),
            "group": one.value("group"),
            "name": one.value("name"),
            "version": one.value("version"),
            "purl": one.value("purl"),
            "components": [_component(inside) for inside in one.listed("components", "component")],
        }
    )


def _vulnerability(one: XmlElement) -> dict[str, Any]:
    analysis = one.find("analysis")
    return _told(
        {
            "id": one.value("id"),
            "references": [{"id": each.value("id")} for each in one.listed("references", "reference")],
            "recommendation": one.value("recommendation"),
            "workaround": one.value("workaround"),
            "updated": one.value("updated"),
            "analysis": _analysis(analysis) if analysis is not None else None,
            "affects": list(_affects(one)),
        }
    )


def _analysis(one: XmlElement) -> dict[str, Any]:
    return _told(
        {
            "state": one.value("state"),
            "justification": one.value("justification"),
            "response": [each.text for each in one.listed("responses", "response")],
            "detail": one.value("detail"),
            "firstIssued": one.value("firstIssued"),
            "lastUpdated": one.value("lastUpdated"),
        }
    )


def _affects(one: XmlElement) -> Iterator[dict[str, Any]]:
    for target in one.listed("affects", "target"):
        names = ("version", "range", "status")
        versions = [_told({name: each.value(name) for name in names}) for each in target.listed("versions", "version")]
        yield _told({"ref": target.value("ref"), "versions": versions})
