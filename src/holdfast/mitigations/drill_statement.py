"""A drill's evidence as an in-toto statement, signed with DSSE: what others can verify without asking us.

Rules:
1. The subjects are the plan and the release that were rehearsed, by digest. The predicate is all else that the drill
   saw: its inputs' hashes, its steps with what they read, its times, its outcome.
2. One key signs (Ed25519, the house's own).
"""

from collections.abc import Mapping
from typing import Any

from holdfast.findings.dsse import (
    PAYLOAD_TYPE,
    STATEMENT_TYPE,
    Sign,
    Verify,
    canonical_json,
    parse_statement,
    seal,
    unseal,
)
from holdfast.mitigations.drill import RELEASE
from holdfast.model.drill import DrillEvidence, DrillStep
from holdfast.model.instant import format_instant

PREDICATE_TYPE = "urn:holdfast:drill:v1"


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
    return seal(PAYLOAD_TYPE, canonical_json(statement_of(drill)), public_key, sign)


def verify_drill(text: str, verify: Verify, *, where: str | None = None) -> Mapping[str, Any]:
    """Return the statement of an envelope that the key signed.

    Raises:
        JournalError: it is no envelope, that key did not sign it, or it is no statement of a drill.
    """
    payload = unseal(text, PAYLOAD_TYPE, verify, where=where, hint="`holdfast drill evidence ID` writes one")
    return parse_statement(payload, PREDICATE_TYPE, "a drill", where=where)
