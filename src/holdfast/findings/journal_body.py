"""Snapshots of exposures as journal bodies, lossless both ways.

Rules:
- A body is canonical JSON: sorted keys, no spaces, ASCII with escapes, so that equal exposures are equal bytes, and
  text with NUL or lone surrogates can be stored anywhere.
- It holds the whole exposure; metrics and every state "as of then" can be computed from the journal alone.
- A reader ignores fields that it does not know, and a field that a writer did not know yet has its default.
"""

import json
from dataclasses import replace

import msgspec

from holdfast.errors import JournalError
from holdfast.model.exposure import Exposure, Spoken

SCHEMA = "holdfast.exposure/1"


def without_names(exposure: Exposure) -> Exposure:
    """Return what of an exposure may be journaled: a machine's name and paths may name a person, its id does not.

    Of what a document says, its digest and its verdict: who says so, and in which words, stands in the document. Of a
    waiver all but its sentence, which stands in the waiver.
    """
    if exposure.said is not None:
        exposure = replace(exposure, said=_without_author(exposure.said))
    if exposure.waiver is not None:
        exposure = replace(exposure, waiver=replace(exposure.waiver, statement=""))
    if exposure.subject.kind != "host":
        return exposure
    return replace(exposure, subject=replace(exposure.subject, name=exposure.subject.id), locations=())


def _without_author(said: Spoken) -> Spoken:
    void = tuple(one.replace(said.author, "its author") if said.author else one for one in said.void)
    return Spoken(said.status, "", said.digest, "", said.reason, response=said.response, at=said.at, void=void)


def exposure_to_json(exposure: Exposure) -> str:
    """Return the snapshot as canonical JSON text.

    Raises:
        JournalError: a number is not finite, so that JSON has no text for it.
    """
    fields = {"schema": SCHEMA, **msgspec.to_builtins(exposure)}
    try:
        return json.dumps(fields, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise JournalError(f"a snapshot that JSON cannot hold: {error}", where=f"exposure {exposure.id}") from None


def exposure_from_json(text: str, *, where: str | None = None) -> Exposure:
    """Return the exposure of a snapshot.

    Raises:
        JournalError: not JSON, not a snapshot, of another schema, or a field has a wrong type; the field is named.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JournalError(f"expected a snapshot, got no JSON: {error}", where=where) from None
    schema = fields.get("schema") if isinstance(fields, dict) else None
    if schema != SCHEMA:
        raise JournalError(f"expected schema `{SCHEMA}`, got `{schema}`", where=where)
    try:
        return msgspec.convert(fields, Exposure)
    except msgspec.ValidationError as error:
        raise JournalError(f"not a snapshot of an exposure: {error}", where=where) from None
