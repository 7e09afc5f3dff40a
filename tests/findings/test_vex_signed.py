"""Signed documents: a key that counts, or an error; never an unsigned document."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.findings.vex_signed import is_envelope, open_envelope, parse_key, read_signed
from holdfast.model.vex import VexKey
from tests.facts.vex.documents import CSAF, CYCLONEDX, IMAGE, OPENVEX, changed
from tests.facts.vex.test_cyclonedx_xml import XML
from tests.findings.signing import Signer, attestation, rsa_pem

ANA, BEA = Signer.of("ed25519"), Signer.of("p256")
KEYS = (parse_key("ana", ANA.pem),)
SHOP = {"name": IMAGE, "digest": {"sha256": "a" * 64}}
PLAIN = json.dumps(OPENVEX).encode()


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384"])
def test_a_document_that_a_known_key_signed_is_read_and_says_which(kind: str) -> None:
    signer = Signer.of(kind)
    key = parse_key("vendor", signer.pem)
    (found,) = read_signed([("vex.json", signer.attest(OPENVEX, SHOP))], [*KEYS, key])
    assert {one.signed_by for one in found.statements} == {key.fingerprint}
    assert found.format == "in_toto"
    assert found.statements[0].ids == ("CVE-2026-1", "GHSA-aaaa-bbbb-cccc")


def test_an_unsigned_document_is_read_as_ever() -> None:
    plain, signed = read_signed([("plain.json", PLAIN), ("signed.json", ANA.attest(OPENVEX, SHOP))], KEYS)
    assert {one.signed_by for one in plain.statements} == {""}
    assert {one.lineage for one in plain.statements}.isdisjoint(one.lineage for one in signed.statements)
    assert not is_envelope(PLAIN)


@pytest.mark.parametrize(
    ("payload", "payload_type", "name"),
    [
        (PLAIN, "application/json", "openvex"),
        (json.dumps(CSAF).encode(), "application/json", "csaf"),
        (json.dumps(CYCLONEDX).encode(), "application/vnd.cyclonedx+json", "cyclonedx"),
        (XML.encode(), "application/vnd.cyclonedx+xml", "cyclonedx"),
    ],
)
def test_any_document_may_lie_in_an_envelope(payload: bytes, payload_type: str, name: str) -> None:
    envelope = json.dumps(ANA.envelope(payload, payload_type)).encode()
    (found,) = read_signed([("vex.json", envelope)], KEYS)
    assert (found.format, bool(found.statements[0].signed_by)) == (name, True)
    bundle = json.dumps({"mediaType": "x", "dsseEnvelope": json.loads(envelope)}).encode()
    assert read_signed([("vex.json", bundle)], KEYS) == (found,)


GOOD = ANA.envelope(json.dumps(attestation(OPENVEX, SHOP)).encode())


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        (GOOD | {"signatures": []}, "nobody signed"),
        (changed(GOOD, (("signatures",), ...)), "nobody signed"),
        (GOOD | {"signatures": [{"sig": base64.b64encode(b"x" * 64).decode()}]}, "no signature of that key"),
        (GOOD | {"signatures": GOOD["signatures"] * 51}, "over 50 signatures"),
        (GOOD | {"signatures": 5}, "expected a DSSE envelope"),
        (GOOD | {"signatures": [{"sig": "%%"}]}, "expected a DSSE envelope"),
        (GOOD | {"payload": base64.b64encode(PLAIN).decode()}, "no signature of that key"),
        (GOOD | {"payloadType": "application/json"}, "no signature of that key"),
        (GOOD | {"payloadType": "text/plain"}, "an envelope of `text/plain`"),
        (changed(GOOD, (("payload",), ...)), "expected a DSSE envelope"),
        (BEA.envelope(b"{}"), "no signature of that key"),
        (OPENVEX | GOOD | {"signatures": []}, "nobody signed"),
    ],
)
def test_what_is_not_rightly_signed_is_an_error_and_never_unsigned(envelope: object, said: str) -> None:
    with pytest.raises(FactError, match=said) as raised:
        read_signed([("vendor.json", json.dumps(envelope).encode())], KEYS)
    assert "vendor.json" in (raised.value.where or "")
    assert raised.value.hint


def test_a_signed_document_is_not_read_where_no_key_is_known() -> None:
    with pytest.raises(FactError, match="no key is known to check that by") as raised:
        read_signed([("vendor.json", ANA.attest(OPENVEX, SHOP))], ())
    assert "vex.keys" in (raised.value.hint or "")


def test_a_key_in_the_document_does_not_count() -> None:
    envelope = BEA.envelope(PLAIN, "application/json")
    envelope["signatures"][0] |= {"keyid": KEYS[0].fingerprint, "publicKey": BEA.pem, "cert": BEA.pem}
    with pytest.raises(FactError, match="another key signed it"):
        read_signed([("vendor.json", json.dumps(envelope).encode())], KEYS)


def test_one_of_several_signatures_is_enough() -> None:
    envelope = ANA.envelope(PLAIN, "application/json")
    envelope["signatures"] = [*BEA.envelope(PLAIN, "application/json")["signatures"], *envelope["signatures"]]
    (found,) = read_signed([("vex.json", json.dumps(envelope).encode())], KEYS)
    assert found.statements[0].signed_by == KEYS[0].fingerprint


def test_a_key_is_its_pem_or_the_base64_in_it() -> None:
    inside = "".join(ANA.pem.splitlines()[1:-1])
    assert parse_key("ana", f"\n{ANA.pem}\n") == parse_key("ana", inside) == VexKey("ana", inside)
    assert parse_key("other", inside).fingerprint == KEYS[0].fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519 AAAA",
        base64.b64encode(b"x" * 32).decode(),
        rsa_pem(),
        Signer.of("p521").pem,
        ANA.pem.replace("PUBLIC", "PRIVATE"),
    ],
)
def test_what_is_no_such_key_is_refused(text: str) -> None:
    with pytest.raises(FactError, match="`vendor` is no public key") as raised:
        parse_key("vendor", text, where="policy.yaml:3:5")
    assert raised.value.where == "policy.yaml:3:5"
    assert "BEGIN PUBLIC KEY" in (raised.value.hint or "")


@given(st.data())
def test_an_envelope_that_was_altered_is_never_read_as_something_else(data: st.DataObject) -> None:
    text = json.dumps(GOOD)
    at = data.draw(st.integers(0, len(text) - 1))
    altered = (text[:at] + data.draw(st.characters(codec="utf-8")) + text[at + 1 :]).encode()
    try:
        documents = read_signed([("vex.json", altered)], KEYS)
    except FactError:
        return
    assert all(one.signed_by for document in documents for one in document.statements)


def test_an_envelope_over_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.findings.vex_signed._MOST_BYTES", 100)
    with pytest.raises(FactError, match="over 64 MiB"):
        open_envelope("vex.json", ANA.attest(OPENVEX, SHOP), KEYS)
