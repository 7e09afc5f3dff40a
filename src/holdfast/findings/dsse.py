"""Statements that others can verify without asking us: in-toto statements, signed with DSSE.

Rules:
1. What is signed is the pre-authentication encoding, never the payload alone. The payload is verified as it was sent
   and decoded afterwards.
2. A signature by another key, or over another payload type, is refused.

Source: in-toto attestation framework, Statement v1; DSSE v1.0.2, protocol and envelope.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from holdfast.errors import JournalError
from holdfast.model.frozen import frozen

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MOST_BYTES = 4 << 20

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes], bool]
"""(signature, signed bytes) → whether the key made it."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: `DSSEv1 <len> <type> <len> <payload>`, lengths in bytes."""
    name = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def key_id(public_key: bytes) -> str:
    """Return the hint that an envelope gives of its key: the sha256 of its 32 bytes, in hex."""
    return hashlib.sha256(public_key).hexdigest()


def seal_unsigned(payload_type: str, payload: bytes) -> str:
    """Return the envelope of a payload that nobody signs."""
    return json.dumps({"payload": _encode(payload), "payloadType": payload_type, "signatures": []})


def seal(payload_type: str, payload: bytes, public_key: bytes, sign: Sign) -> str:
    """Return the DSSE envelope of a payload, JSON text."""
    signature = {"keyid": key_id(public_key), "sig": _encode(sign(pae(payload_type, payload)))}
    return json.dumps({"payload": _encode(payload), "payloadType": payload_type, "signatures": [signature]})


def unseal(
    text: str,
    payload_type: str,
    verify: Verify,
    *,
    where: str | None = None,
    hint: str | None = None,
    most_bytes: int = MOST_BYTES,
) -> bytes:
    """Return the payload of an envelope that the key signed.

    Raises:
        JournalError: no envelope, another payload type, or no signature of that key.
    """
    envelope = _load_envelope(text, payload_type, where, hint, most_bytes)
    signed = pae(envelope.payload_type, envelope.payload)
    if not any(verify(signature, signed) for signature in envelope.signatures):
        raise JournalError("no signature of that key: it was changed, or another key signed it", where=where)
    return envelope.payload


def unseal_unverified(text: str, payload_type: str, *, where: str | None = None, hint: str | None = None) -> bytes:
    """Return the payload of an envelope that nobody verified: it may say anything.

    Raises:
        JournalError: no envelope, or another payload type.
    """
    return _load_envelope(text, payload_type, where, hint).payload


def canonical_json(statement: Mapping[str, Any]) -> bytes:
    """Return a statement as it is signed: the same one gives the same bytes."""
    return json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def parse_statement(payload: bytes, predicate_type: str, about: str, *, where: str | None = None) -> Mapping[str, Any]:
    """Return the in-toto statement of a payload; `about` says in words what it must be about.

    Raises:
        JournalError: no statement, or one about something else.
    """
    try:
        statement = json.loads(payload)
    except (ValueError, RecursionError):
        statement = None
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT_TYPE:
        raise JournalError("the payload is no in-toto statement", where=where)
    if statement.get("predicateType") != predicate_type or not isinstance(statement.get("predicate"), dict):
        raise JournalError(f"the statement is not about {about}", where=where)
    return statement


@frozen
class _Envelope:
    payload: bytes
    payload_type: str
    signatures: tuple[bytes, ...]


def _load_envelope(
    text: str, payload_type: str, where: str | None, hint: str | None, most_bytes: int = MOST_BYTES
) -> _Envelope:
    if len(text) > most_bytes:
        raise JournalError(f"an envelope larger than {most_bytes >> 20} MiB", where=where)
    try:
        document = json.loads(text)
        signatures = tuple(_decode(one["sig"]) for one in document["signatures"])
        found = _Envelope(_decode(document["payload"]), document["payloadType"], signatures)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise JournalError(
            "expected a DSSE envelope: `payload`, `payloadType`, `signatures`",
            where=where,
            hint=hint,
        ) from None
    if not isinstance(found.payload_type, str):
        raise JournalError("expected a text as `payloadType`", where=where)
    if found.payload_type != payload_type:
        raise JournalError(f"expected `{payload_type}`, got `{found.payload_type[:80]}`", where=where)
    return found


def _encode(data: bytes) -> str:
    return base64.standard_b64encode(data).decode()


def _decode(text: object) -> bytes:
    """Decode standard or URL-safe base64: a verifier must take either. Raises: ValueError."""
    if not isinstance(text, str):
        raise ValueError("no text")
    plain = text.translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
