"""Evidence that others can verify: the envelope, the statement.

The oracle is `securesystemslib`.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key  # type: ignore[attr-defined]  # it exports it without saying so

from holdfast.errors import JournalError
from holdfast.findings.checkpoint import ed25519_public_key, ed25519_signer, ed25519_verifier
from holdfast.findings.dsse import PAYLOAD_TYPE, STATEMENT_TYPE, key_id, seal, unseal
from holdfast.mitigations.drill_statement import PREDICATE_TYPE, sign_drill, statement_of, verify_drill
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome, DrillStep

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
PUBLIC = ed25519_public_key(KEY)
T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
DRILL = DrillEvidence(
    "org_1",
    "drl_01",
    "svc_1",
    "shop",
    "production",
    "receipts-off",
    "sha256:" + "a" * 64,
    DrillLevel.L1,
    DrillOutcome.PASSED,
    T0,
    T0,
    "tok_1",
    (("flag:production/x", "c" * 64), ("plan", "a" * 64), ("release", "b" * 64)),
    (DrillStep("plan", True, "it compiles — ✓", T0, 0.01),),
    propagation_s=0.05,
)


def sealed(payload: bytes = b"hello world", payload_type: str = "http://example.com/HelloWorld") -> str:
    """Return an envelope of ours."""
    return seal(payload_type, payload, PUBLIC, ed25519_signer(KEY))


def their_key(public: bytes) -> Key:
    """Return a public key as the oracle takes it."""
    document = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public.hex()}}
    return Key.from_dict(key_id(public), document)


def test_envelope_is_verified_by_the_oracle() -> None:
    envelope = Envelope.from_dict(json.loads(sign_drill(DRILL, PUBLIC, ed25519_signer(KEY))))
    assert envelope.payload_type == PAYLOAD_TYPE
    assert envelope.verify([their_key(PUBLIC)], 1)
    with pytest.raises(VerificationError):
        envelope.verify([their_key(ed25519_public_key(OTHER))], 1)


def test_envelope_of_another_tool_is_verified() -> None:
    """URL-safe base64 without padding is taken as well, and a signature of ours among several."""
    ours = json.loads(sealed(b"\xfb\xef\xff"))
    ours["payload"] = base64.urlsafe_b64encode(b"\xfb\xef\xff").decode().rstrip("=")
    ours["signatures"].insert(0, {"sig": base64.b64encode(b"another's").decode()})
    assert unseal(json.dumps(ours), ours["payloadType"], ed25519_verifier(PUBLIC)) == b"\xfb\xef\xff"


def test_statement_names_plan_and_release_by_digest() -> None:
    statement = statement_of(DRILL)
    assert (statement["_type"], statement["predicateType"]) == (STATEMENT_TYPE, PREDICATE_TYPE)
    assert statement["subject"] == [
        {"name": "plan:shop/receipts-off", "digest": {"sha256": "a" * 64}},
        {"name": "release:shop", "digest": {"sha256": "b" * 64}},
    ]
    predicate = statement["predicate"]
    assert predicate["inputs"]["flag:production/x"] == "c" * 64
    assert predicate["steps"][0]["saw"] == "it compiles — ✓"
    assert (predicate["outcome"], predicate["propagationSeconds"], predicate["startedOn"]) == (
        "passed",
        0.05,
        "2026-05-01T12:00:00Z",
    )


def test_evidence_verifies_with_the_key_that_signed_it_alone() -> None:
    text = sign_drill(DRILL, PUBLIC, ed25519_signer(KEY))
    assert verify_drill(text, ed25519_verifier(PUBLIC))["predicate"]["id"] == "drl_01"
    with pytest.raises(JournalError, match="another key signed it"):
        verify_drill(text, ed25519_verifier(ed25519_public_key(OTHER)))


@pytest.mark.parametrize("part", ["payload", "payloadType", "sig"])
def test_any_changed_part_is_refused(part: str) -> None:
    document = json.loads(sign_drill(DRILL, PUBLIC, ed25519_signer(KEY)))
    match part:
        case "payload":
            said = base64.b64decode(document["payload"]).replace(b'"failed"', b'"passed"').replace(b"L1", b"L2")
            document["payload"] = base64.b64encode(said).decode()
        case "payloadType":
            document["payloadType"] = "application/other"
        case _:
            document["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    with pytest.raises(JournalError):
        verify_drill(json.dumps(document), ed25519_verifier(PUBLIC))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"payload": "", "payloadType": "x"}',
        '{"payload": "!", "payloadType": "x", "signatures": []}',
        '{"payload": "", "payloadType": 3, "signatures": []}',
        '{"payload": "", "payloadType": "x", "signatures": [{"sig": 3}]}',
        '{"payload": "é", "payloadType": "x", "signatures": []}',
        '{"payload": "", "payloadType": "x", "signatures": "x"}',
        "[" * 100_000,
        "x" * (5 << 20),
    ],
)
def test_what_is_no_envelope_is_refused(text: str) -> None:
    with pytest.raises(JournalError):
        unseal(text, "x", ed25519_verifier(PUBLIC), where="drill.json")


@pytest.mark.parametrize(
    "statement",
    [b"[]", b"not json", b'{"_type": "other"}', json.dumps({"_type": STATEMENT_TYPE, "predicateType": "x"}).encode()],
)
def test_signed_payload_that_is_no_drills_statement_is_refused(statement: bytes) -> None:
    text = seal(PAYLOAD_TYPE, statement, PUBLIC, ed25519_signer(KEY))
    with pytest.raises(JournalError, match="statement"):
        verify_drill(text, ed25519_verifier(PUBLIC))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_document_is_read_or_refused(document: Any) -> None:
    with pytest.raises(JournalError):
        unseal(json.dumps(document), "x", ed25519_verifier(PUBLIC))
