"""OpenVEX 0.2.0, and 0.0.1 where it only wrote texts for what are objects now.

Rules:

1. A product or subcomponent is named by `identifiers.purl`, else by its `@id` where that is a package URL; an image by
   its SHA-256 too. A CPE alone names nothing exactly.
2. With subcomponents, the statement is about them in that product, and about nothing else.
3. A statement without its own date has the document's.

Source: OpenVEX specification 0.2.0, `OPENVEX-SPEC.md` and `openvex_json_schema.json` of openvex/spec.
"""

from typing import Any

from holdfast.errors import FactError
from holdfast.facts.vex._gathering import Said, VexGathering, inner, text, texts
from holdfast.facts.vex._spec import VexSpec
from holdfast.model.vex import Claim, Product, VexStatus

_CONTEXT = "https://openvex.dev/ns"
_STATUSES = {one.value: one for one in VexStatus}
_HEX = frozenset("0123456789abcdef")
_SHA256_DIGITS = 64


def read(document: dict[str, Any], gathering: VexGathering) -> None:
    """Add every statement. Raises: FactError: it has no list of them."""
    if not isinstance(document.get("statements"), list):
        raise FactError("expected `statements` as a list", where=gathering.file)
    gathering.id = text(document.get("@id"))
    gathering.authors = tuple(one for one in (text(document.get("author")), text(document.get("supplier"))) if one)
    version = document.get("version")
    gathering.version = text(version) or (str(version) if isinstance(version, int) else "")
    gathering.date(document.get("timestamp"), needed=True)
    if not gathering.id:
        gathering.note("the document has no `@id`: nothing can override it")
    for one in document["statements"]:
        if isinstance(one, dict):
            gathering.add(_statement(one, gathering))
        else:
            gathering.note("a statement that is no object")


def _statement(one: dict[str, Any], gathering: VexGathering) -> Said:
    word = text(one.get("status"))
    return Said(
        ids=_ids(one.get("vulnerability")),
        claims=_claims(one, gathering),
        status=_STATUSES.get(word),
        word=word,
        justification=text(one.get("justification")),
        impact=text(one.get("impact_statement")),
        action=text(one.get("action_statement")),
        at=one.get("timestamp"),
    )


def _ids(vulnerability: object) -> tuple[str, ...]:
    if isinstance(vulnerability, str):
        return (text(vulnerability),)
    return (text(inner(vulnerability, "name")), *texts(inner(vulnerability, "aliases")))


def _claims(one: dict[str, Any], gathering: VexGathering) -> tuple[Claim, ...]:
    listed = one.get("products")
    shared = _parts(one.get("subcomponents"), gathering)  # where 0.0.1 had them
    claims = []
    for given in listed if isinstance(listed, list) else []:
        parts = _parts(inner(given, "subcomponents"), gathering) or shared
        claims.append(Claim(_product(given, gathering), parts))
    return tuple(claims)


def _parts(listed: object, gathering: VexGathering) -> tuple[Product, ...]:
    """Return subcomponents; one that names nothing stays, so that a statement about parts never becomes a wider one."""
    if listed is None:
        return ()
    if not isinstance(listed, list):
        gathering.note("`subcomponents` is no list: what it is about matches nothing")
        return (Product("unreadable"),)
    return tuple(_product(one, gathering) for one in listed)


def _product(given: object, gathering: VexGathering) -> Product:
    if isinstance(given, str):
        return gathering.product(given if given.startswith("pkg:") else None, text(given))
    named = inner(given, "@id")
    is_purl = isinstance(named, str) and named.startswith("pkg:")
    purl = inner(given, "identifiers", "purl") or (named if is_purl else None)
    cpe = text(inner(given, "identifiers", "cpe23")) or text(inner(given, "identifiers", "cpe22"))
    digest = text(inner(given, "hashes", "sha-256")).lower()
    digests = (f"sha256:{digest}",) if len(digest) == _SHA256_DIGITS and set(digest) <= _HEX else ()
    return gathering.product(purl, text(named) or cpe, digests)


def _fits(document: dict[str, Any]) -> bool:
    context = document.get("@context")
    named = context if isinstance(context, list) else [context]
    return any(isinstance(one, str) and one.startswith(_CONTEXT) for one in named)


SPEC = VexSpec(id="openvex", fits=_fits, read=read)
