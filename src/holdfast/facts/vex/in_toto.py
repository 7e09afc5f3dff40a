"""OpenVEX as the predicate of an in-toto statement: what was attested, read as the document in it.

Rules:

1. A statement that names no product is about the subjects of the attestation; one that does counts for those of its
   products alone that are subjects too, by name or by SHA-256.
2. Whether it is signed is told by the envelope around it, which is opened before (`findings.vex_signed`).

Source: in-toto attestation framework, Statement v0.1 and v1; openvex/spec, `ATTESTING.md`.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from holdfast.errors import FactError
from holdfast.facts.vex._gathering import VexGathering, inner, objects, text
from holdfast.facts.vex._spec import VexSpec
from holdfast.facts.vex.openvex import SPEC as OPENVEX

_TYPE = "https://in-toto.io/Statement/"
_PREDICATE = "https://openvex.dev/ns"


def read(document: dict[str, Any], gathering: VexGathering) -> None:
    """Add every statement. Raises: FactError: another predicate, no subject, or no OpenVEX in it."""
    predicate = document.get("predicate")
    named = text(document.get("predicateType"))
    if named != _PREDICATE and not named.startswith(f"{_PREDICATE}/"):
        hint = "attest the OpenVEX document itself: `vexctl attest`"
        raise FactError(
            f"expected `{_PREDICATE}` as the predicate, got `{named[:80]}`", where=gathering.file, hint=hint
        )
    if not isinstance(predicate, dict) or not OPENVEX.fits(predicate):
        where = f"{gathering.file}: predicate"
        raise FactError("expected an OpenVEX document as the predicate", where=where, hint="it has a `@context`")
    subjects = [one for one in map(_subject, objects(document.get("subject"))) if one]
    if not subjects:
        where = f"{gathering.file}: subject"
        hint = "name what it speaks of, with its digest"
        raise FactError("an attestation about nothing", where=where, hint=hint)
    statements = predicate.get("statements")
    listed = [_limited(one, subjects, gathering) for one in statements] if isinstance(statements, list) else statements
    OPENVEX.read(predicate | {"statements": listed}, gathering)


def _subject(one: dict[str, Any]) -> dict[str, Any]:
    """Return a subject as OpenVEX writes a product; empty where it has neither a name nor a digest."""
    name, digest = text(one.get("name")), text(inner(one, "digest", "sha256")).lower()
    return ({"@id": name} if name else {}) | ({"hashes": {"sha-256": digest}} if digest else {})


def _limited(one: object, subjects: list[dict[str, Any]], gathering: VexGathering) -> object:
    if not isinstance(one, dict):
        return one
    listed = one.get("products")
    if not listed:
        return one | {"products": subjects}
    known = {name for subject in subjects for name in _names(subject)}
    kept = [each for each in listed if known & set(_names(each))] if isinstance(listed, list) else []
    if not kept:
        gathering.note("a statement about what the attestation is not about: it does not count")
    return one | {"products": kept}


def _names(product: object) -> Iterator[str]:
    """Yield what a product is known by: its id, its package URL, its digest."""
    if isinstance(product, str):
        yield text(product)
    for name in (inner(product, "@id"), inner(product, "identifiers", "purl")):
        if isinstance(name, str) and name.strip():
            yield text(name)
            if name.startswith("pkg:oci/") and (at := unquote(name).partition("?")[0].rpartition("@")[2]):
                yield at  # an image is named by its digest, too
    if digest := text(inner(product, "hashes", "sha-256")).lower():
        yield f"sha256:{digest}"


def _fits(document: dict[str, Any]) -> bool:
    return text(document.get("_type")).startswith(_TYPE)


SPEC = VexSpec(id="in_toto", fits=_fits, read=read)
