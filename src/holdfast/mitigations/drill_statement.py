"""A drill's evidence as an in-toto statement, signed with DSSE: what others can verify without asking us.

Rules:
1. The subjects are the plan and the release that were rehearsed, by digest. The predicate is all else that the drill
   saw: its inputs' hashes, its steps with what they read, its times, its outcome.
2. What is signed is the pre-authentication encoding, never the payload alone. The payload is verified as it was sent
   and decoded afterwards.
3. One key signs (Ed25519, the house's own). A signature by another key, or over another payload type, is refused.

Source: in-toto attestation framework, Statement v1; DSSE v1.0.2, protocol and envelope.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.errors import JournalError
from holdfast.mitigations.drill import RELEASE
from holdfast.model.drill import DrillEvidence, DrillStep
from holdfast.model.instant import format_instant

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:holdfast:drill:v1"
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


def seal(payload_type: str, payload: bytes, public_key: bytes, sign: Sign) -> str:
    """Return the DSSE envelope of a payload, JSON text."""
    signature = {"keyid": key_id(public_key), "sig": _encode(sign(pae(payload_type, payload)))}
    return json.dumps({"payload": _encode(payload), "payloadType": payload_type, "signatures": [signature]})


def unseal(text: str, payload_type: str, verify: Verify, *, where: str | None = None) -> bytes:
    """Return the payload of an envelope that the key signed.

    Raises:
        JournalError: no envelope, another payload type, or no signature of that key.
    """
    envelope = _load_envelope(text, where)
    if envelope.payload_type != payload_type:
        raise JournalError(f"expected `{payload_type}`, got `{envelope.payload_type[:80]}`", where=where)
    signed = pae(envelope.payload_type, envelope.payload)
    if not any(verify(signature, signed) for signature in envelope.signatures):
        raise JournalError("no signature of that key: it was changed, or another key signed it", where=where)
    return envelope.payload


@dataclass(frozen=True, slots=True)
class _Envelope:
    payload: bytes
    payload_type: str
    signatures: tuple[bytes, ...]


def _load_envelope(text: str, where: str | None) -> _Envelope:
    if len(text) > MOST_BYTES:
        raise JournalError("an envelope larger than 4 MiB", where=where)
    try:
        document = json.loads(text)
        signatures = tuple(_decode(one["sig"]) for one in document["signatures"])
        found = _Envelope(_decode(document["payload"]), document["payloadType"], signatures)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise JournalError(
            "expected a DSSE envelope: `payload`, `payloadType`, `signatures`",
            where=where,
            hint="`holdfast drill evidence ID` writes one",
        ) from None
    if not isinstance(found.payload_type, str):
        raise JournalError("expected a text as `payloadType`", where=where)
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


def statement_of(drill: DrillEvidence) -> dict[str, Any]:
    """Return the in-toto statement of a drill that ended."""
    inputs = dict(drill.inputs)
    subjects = [_subject(f"plan:{drill.service}/{drill.plan}", drill.plan_digest)]
    if RELEASE in inputs:
        subjects.append(_subject(f"release:{drill.service}", inputs[RELEASE]))
    return {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "id": drill.id,
            "service": drill.service,
            "environment": drill.environment,
            "plan": drill.plan,
            "level": drill.level.value,
            "outcome": drill.outcome.value,
            "because": drill.because,
            "startedOn": format_instant(drill.started_at),
            "finishedOn": format_instant(drill.ended_at) if drill.ended_at else None,
            "requestedBy": drill.requested_by,
            "inputs": inputs,
            "faults": list(drill.faults),
            "mitigateSeconds": drill.mitigate_s,
            "propagationSeconds": drill.propagation_s,
            "steps": [_step(step) for step in drill.steps],
        },
    }


def _subject(name: str, digest: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}


def _step(step: DrillStep) -> dict[str, Any]:
    at = format_instant(step.started_at)
    return {"name": step.name, "passed": step.passed, "saw": step.detail, "startedOn": at, "tookSeconds": step.took_s}


def sign_drill(drill: DrillEvidence, public_key: bytes, sign: Sign) -> str:
    """Return the signed envelope of a drill's statement."""
    payload = json.dumps(statement_of(drill), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return seal(PAYLOAD_TYPE, payload, public_key, sign)


def verify_drill(text: str, verify: Verify, *, where: str | None = None) -> Mapping[str, Any]:
    """Return the statement of an envelope that the key signed.

    Raises:
        JournalError: it is no envelope, that key did not sign it, or it is no statement of a drill.
    """
    payload = unseal(text, PAYLOAD_TYPE, verify, where=where)
    try:
        statement = json.loads(payload)
    except (ValueError, RecursionError):
        statement = None
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT_TYPE:
        raise JournalError("the payload is no in-toto statement", where=where)
    if statement.get("predicateType") != PREDICATE_TYPE or not isinstance(statement.get("predicate"), dict):
        raise JournalError("the statement is not about a drill", where=where)
    return statement
