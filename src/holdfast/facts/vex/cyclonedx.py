"""Analyses in CycloneDX 1.4 to 1.7, JSON and XML.

Rules:

1. What an analysis is about is the reference in `affects`: the described product itself, or one component in it, which
   then counts in that product only. Without a described product a component is meant wherever it is.
2. A reference is a `bom-ref` of the document, a BOM-Link (`urn:cdx:serial/version#ref`) to it or to another document
   that was given as well, or a package URL. Any other, and one that two components have, matches nothing.
3. `versions` narrow it to these versions. One that is listed as `affected`, or without a word, is never cleared, one as
   `unaffected` always, one as `unknown` is under investigation; a range can't be matched exactly.
4. A vulnerability without analysis says nothing.
5. XML is read by the rules of the JSON; its namespace names the version. A document type is refused.

Source: CycloneDX specification 1.6, JSON and XML reference, `vulnerabilities`; BOM-Link.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from holdfast.facts.vex._gathering import Link, Said, VexGathering, inner, objects, text, texts
from holdfast.facts.vex._spec import VexSpec
from holdfast.model.frozen import frozen
from holdfast.model.vex import Claim, Product, VexStatus

_STATES = {
    "not_affected": VexStatus.NOT_AFFECTED,
    "false_positive": VexStatus.NOT_AFFECTED,
    "resolved": VexStatus.FIXED,
    "resolved_with_pedigree": VexStatus.FIXED,
    "exploitable": VexStatus.AFFECTED,
    "in_triage": VexStatus.UNDER_INVESTIGATION,
}
_LISTED = "the document lists this version as unaffected"
_MAX_NESTING = 64
_LINK = "urn:cdx:"


def read(document: dict[str, Any], gathering: VexGathering) -> None:
    """Add every analysis."""
    gathering.id = text(document.get("serialNumber"))
    version = document.get("version")
    gathering.version = str(version) if isinstance(version, int) else ""
    gathering.authors = _authors(document.get("metadata"))
    if "signature" in document:
        gathering.note("its own signature is not verified: it counts as unsigned")
    gathering.date(inner(document, "metadata", "timestamp"))
    known = _links(document, gathering)
    for one in objects(document.get("vulnerabilities")):
        if isinstance(one.get("analysis"), dict):
            for said in _statements(one, known, gathering):
                gathering.add(said)


def links(document: dict[str, Any]) -> Mapping[str, Link]:
    """Return what other documents may refer to, by BOM-Link."""
    serial, version = text(document.get("serialNumber")).removeprefix("urn:uuid:"), document.get("version", 1)
    found = _links(document, VexGathering("", "cyclonedx"))
    return {f"{_LINK}{serial}/{version}#{name}": link for name, link in found.items()} if serial else {}


def _authors(metadata: object) -> tuple[str, ...]:
    listed = [*objects(inner(metadata, "authors"))]
    listed += objects([inner(metadata, name) for name in ("manufacturer", "manufacture", "supplier")])
    return texts([one.get("name") for one in listed])


def _links(document: dict[str, Any], gathering: VexGathering) -> dict[str, Link]:
    """Return every component by its reference; one that several have names nothing."""
    described = inner(document, "metadata", "component")
    product = _product(described) if isinstance(described, dict) else None
    found: dict[str, Link] = {}
    for one in _components(document):
        name = text(one.get("bom-ref"))
        if not name:
            continue
        link = Link(product) if one is described and product else Link(_product(one), product)
        if name in found and found[name] != link:
            gathering.note(f"several components are `{name}`: it matches nothing")
            link = Link(Product(name), product)
        found[name] = link
    return found


def _components(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    level = [*objects([inner(document, "metadata", "component")]), *objects(document.get("components"))]
    for _ in range(_MAX_NESTING):
        yield from level
        level = [inside for one in level for inside in objects(one.get("components"))]


def _product(one: dict[str, Any]) -> Product:
    words = " ".join(part for part in (text(one.get("group")), text(one.get("name")), text(one.get("version"))) if part)
    return VexGathering("", "").product(one.get("purl"), words)  # most components are never spoken of: no notes


@frozen
class _Analysis:
    """What is said once of all that it affects."""

    ids: tuple[str, ...]
    status: VexStatus | None
    word: str
    justification: str
    detail: str
    action: str
    response: tuple[str, ...]
    at: object

    def said(self, status: VexStatus | None, claims: list[Claim]) -> Said:
        """Return it with one status of those that versions make of it."""
        is_listed = status is VexStatus.NOT_AFFECTED and self.status is not VexStatus.NOT_AFFECTED
        justification, impact = ("", _LISTED) if is_listed else (self.justification, self.detail)
        return Said(self.ids, claims, status, self.word, justification, impact, self.action, self.response, self.at)


def _statements(one: dict[str, Any], known: Mapping[str, Link], gathering: VexGathering) -> Iterator[Said]:
    analysis = one["analysis"]
    word = text(analysis.get("state"))
    if not word:
        return
    found = _Analysis(
        (text(one.get("id")), *texts([each.get("id") for each in objects(one.get("references"))])),
        _STATES.get(word),
        word,
        text(analysis.get("justification")) or ("false_positive" if word == "false_positive" else ""),
        text(analysis.get("detail")),
        text(one.get("recommendation")) or text(one.get("workaround")),
        texts(analysis.get("response")),
        analysis.get("lastUpdated") or analysis.get("firstIssued") or one.get("updated"),
    )
    by_status: dict[VexStatus | None, list[Claim]] = {}
    for affected in objects(one.get("affects")):
        for status, claim in _claims(affected, found, known, gathering):
            by_status.setdefault(status, []).append(claim)
    if not by_status:
        by_status = {found.status: []}
    for status, claims in by_status.items():
        yield found.said(status, claims)


def _claims(
    affected: dict[str, Any], found: _Analysis, known: Mapping[str, Link], gathering: VexGathering
) -> Iterator[tuple[VexStatus | None, Claim]]:
    link = _resolve(text(affected.get("ref")), found.ids[0], known, gathering)
    versions = list(objects(affected.get("versions")))
    if not versions:
        yield found.status, _claim(link)
    for one in versions:
        version = text(one.get("version"))
        if not version:
            words = f"{link.part.name} {text(one.get('range'))}"
            gathering.note(f"`{found.ids[0]}`: a range of versions matches nothing: `{words}`")
            part = Product(words)
        else:
            package = replace(link.part.package, version=version) if link.part.package else None
            part = Product(f"{link.part.name} {version}", package)
        yield _narrowed(one.get("status"), found.status), _claim(replace(link, part=part))


def _narrowed(listed: object, status: VexStatus | None) -> VexStatus | None:
    """Return what a version's own status makes of the analysis."""
    if status is None:
        return None
    match listed:
        case None | "affected":  # without a status it is affected, says the schema
            return VexStatus.AFFECTED if status.clears else status
        case "unaffected":
            return status if status.clears else VexStatus.NOT_AFFECTED
    return VexStatus.UNDER_INVESTIGATION


def _claim(link: Link) -> Claim:
    return Claim(link.part) if link.product is None else Claim(link.product, (link.part,))


def _resolve(reference: str, name: str, known: Mapping[str, Link], gathering: VexGathering) -> Link:
    own = f"{_LINK}{gathering.id.removeprefix('urn:uuid:')}/{gathering.version or 1}#"
    inside = unquote(reference.removeprefix(own)) if gathering.id and reference.startswith(own) else reference
    link = known.get(inside) or gathering.elsewhere.get(reference) or gathering.elsewhere.get(unquote(reference))
    if link is not None:
        for one in (link.part, link.product):
            if one is not None and not one.is_exact:
                gathering.note(f"`{one.name}` has no package URL: it matches nothing")
        return link
    if reference.startswith("pkg:"):
        return Link(gathering.product(reference, reference))
    gathering.note(f"`{name}` speaks of `{reference}`, which no document given has: it matches nothing")
    return Link(Product(reference or "nothing"))


def _fits(document: dict[str, Any]) -> bool:
    return document.get("bomFormat") == "CycloneDX"


SPEC = VexSpec(id="cyclonedx", fits=_fits, read=read, links=links)
