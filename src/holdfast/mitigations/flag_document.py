"""A whole set of flags as one document of flagd: what in-process providers and relays are given.

Rules:
1. A definition that nothing holds stands in the document to the bit as it was stored, unless it uses what only a single
   definition of ours may hold (`$evaluators` beside the fields, a default that is no text): then its plain form stands.
2. A held flag stands there as its forced definition. A flag whose forced variant is gone is left out: the caller's code
   default is served then, never the definition's own choice.
3. A forced definition says in its metadata which variant is forced: who serves the document on can tell it from one
   that nothing holds.

Source: flagd's flag definition schema, version 0.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from holdfast.errors import FactError, PlanError
from holdfast.mitigations.flags import apply_overlays, forced_variant, parse_flag
from holdfast.model.flag import Overlay

FORCED = "holdfast.forced"
REVISION = "revision"
FLAG_SET = "flagSetId"
_OURS = ("$evaluators", "$schema", "source", "selector")


def served_text(key: str, definition: str, overlays: Sequence[Overlay]) -> str | None:
    """Return a flag as its clients evaluate it, in flagd's JSON; `None` when it can't be."""
    forced = forced_variant(overlays)
    try:
        text = apply_overlays(definition, overlays)
        flag = parse_flag(key, text)
    except PlanError:
        return None
    given = json.loads(text)
    if forced is not None:
        return json.dumps(given | {"metadata": given.get("metadata", {}) | {FORCED: forced}}, ensure_ascii=False)
    is_plain = isinstance(given.get("defaultVariant"), str | None) and not any(name in given for name in _OURS)
    if is_plain and given.get("defaultVariant") != "":
        return text
    return json.dumps(flag.document, ensure_ascii=False)


def write_document(flags: Iterable[tuple[str, str]], metadata: Mapping[str, str | int]) -> str:
    """Return the document of (key, flagd's JSON) pairs; `metadata` is that of the whole set."""
    pairs = ",".join(f"{json.dumps(key)}:{text}" for key, text in flags)
    return f'{{"flags":{{{pairs}}},"metadata":{json.dumps(dict(metadata))}}}'


def read_forced(text: str) -> str | None:
    """Return the variant that a flag of a document says is forced; `None` when it says none.

    Raises:
        FactError: not JSON.
    """
    if FORCED not in text:
        return None
    try:
        metadata = msgspec.json.decode(text, type=_Held).metadata
    except msgspec.DecodeError as error:
        raise FactError(f"not a flag: {str(error)[:200]}") from None
    forced = metadata.get(FORCED)
    return forced if isinstance(forced, str) else None


class _Held(msgspec.Struct):
    metadata: dict[str, Any] = {}


class _Document(msgspec.Struct):
    flags: dict[str, msgspec.Raw]
    metadata: dict[str, Any] = {}


def parse_document(text: str | bytes, where: str) -> tuple[dict[str, str], Mapping[str, Any]]:
    """Return key → definition, to the bit, and the metadata of the set.

    Raises:
        FactError: not a document of flags.
    """
    try:
        document = msgspec.json.decode(text, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FactError(f"not a document of flags: {str(error)[:200]}", where=where) from None
    return {key: bytes(raw).decode() for key, raw in document.flags.items()}, document.metadata
