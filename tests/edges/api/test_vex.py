"""VEX documents over the API: who may bring one, and what builds make of it."""

import json
from typing import Any

import msgspec

from holdfast.findings.vex_signed import parse_key
from holdfast.gate.decide import Decision
from holdfast.model.tenancy import Permission
from tests.edges.api.conftest import Caller
from tests.edges.api.test_gate import POLICY, gate, judge
from tests.facts.vex.documents import OPENVEX, changed
from tests.findings.signing import Signer

__all__ = ["gate"]
IMAGE = "sha256:" + "a" * 64
PLAIN = changed(
    OPENVEX,
    (("timestamp",), "2025-01-01T00:00:00Z"),
    (("statements",), [OPENVEX["statements"][0] | {"products": [{"@id": "pkg:pypi/lamp@1.0"}]}]),
)
IN_IMAGE = changed(
    PLAIN,
    (
        ("statements", 0, "products"),
        [{"hashes": {"sha-256": "a" * 64}, "subcomponents": [{"@id": "pkg:pypi/lamp@1.0"}]}],
    ),
)


def put(caller: Caller, document: object, name: str = "vendor", status: int = 200) -> Any:
    return caller.ask("PUT", f"/vex/{name}", status, json={"document": json.dumps(document)})


def answer(caller: Caller, **more: Any) -> str:
    return str(judge(caller, "lamp", **more)["build"]["answer"])


def test_a_document_that_is_kept_clears_what_it_names(gate: Caller) -> None:
    assert answer(gate) == "blocked"
    kept = put(gate, PLAIN)
    assert (kept["format"], kept["statements"], kept["authors"]) == ("openvex", 1, ["Shop Security"])
    judged = judge(gate, "lamp")
    assert judged["build"]["answer"] == "pass"
    (one,) = judged["document"]["vex"]
    assert one["vex"]["said"].endswith("by Shop Security")
    decision = msgspec.convert(judged["decision"], Decision)
    assert [found.said is not None and found.said.clears for found in decision.spoken_of] == [True]
    gate.ask("DELETE", "/vex/vendor", 200)
    assert answer(gate) == "blocked"


def test_a_document_of_an_image_counts_for_that_image(gate: Caller) -> None:
    put(gate, IN_IMAGE)
    assert answer(gate) == "blocked"
    assert answer(gate, artifact="sha256:" + "b" * 64) == "blocked"
    assert answer(gate, artifact=IMAGE) == "pass"


def test_only_who_writes_policies_brings_documents(gate: Caller) -> None:
    pipeline = Caller(gate.world, gate.world.token(Permission.BUILDS_WRITE, person=None))
    put(pipeline, PLAIN, status=403)
    pipeline.ask("DELETE", "/vex/vendor", 403)
    reader = Caller(gate.world, gate.world.token(Permission.READ))
    put(reader, PLAIN, status=403)
    assert reader.get("/vex")["items"] == []


def test_each_change_is_journaled_once_and_names_nobody(gate: Caller) -> None:
    first = put(gate, PLAIN)
    assert put(gate, PLAIN) == first
    put(gate, IN_IMAGE)
    gate.ask("DELETE", "/vex/vendor", 200)
    gate.ask("DELETE", "/vex/vendor", 404)
    gate.get("/vex/vendor", 404)
    entries = [one for one in gate.get("/journal?limit=1000")["items"] if one["kind"].startswith("vex.")]
    assert [one["kind"] for one in entries] == ["vex.changed", "vex.changed", "vex.removed"]
    assert {one["body"]["id"] for one in entries} == {first["id"]}
    assert "Shop Security" not in json.dumps(entries)


def test_documents_are_listed_by_name_with_what_can_not_count(gate: Caller) -> None:
    put(gate, PLAIN, "b")
    put(gate, changed(PLAIN, (("statements", 0, "products"), [{"@id": "cpe:/a:x"}])), "a")
    listed = gate.get("/vex?limit=1")
    assert [one["name"] for one in listed["items"]] == ["a"]
    assert "matches nothing" in listed["items"][0]["notes"][0]
    assert [one["name"] for one in gate.get(f"/vex?limit=1&cursor={listed['next']}")["items"]] == ["b"]
    assert gate.get("/vex/b")["name"] == "b"


def test_what_is_no_document_is_refused(gate: Caller) -> None:
    assert "no known format" in put(gate, {"a": 1}, status=422)["detail"]
    gate.ask("PUT", "/vex/vendor", 422, json={"document": "{"})
    gate.ask("PUT", "/vex/vendor", 400, json={"document": " " * (1 << 20) + "  "})
    assert gate.get("/vex")["items"] == []


def test_a_document_that_says_far_more_than_its_size_is_refused(gate: Caller) -> None:
    """Each of 4,000 products has 60 parts that are written once, or one with a version of 5,000 characters."""
    for parts in (["part"] * 60, ["pkg:npm/left-pad@" + "1" * 5000]):
        refuse_wide(gate, {"products": ["shop"] * 4000, "subcomponents": parts})


def refuse_wide(gate: Caller, shared: dict[str, list[str]]) -> None:
    wide = changed(PLAIN, (("statements",), [PLAIN["statements"][0] | shared]))
    assert "over 16 MiB when it is written out" in put(gate, wide, status=422)["detail"]
    assert gate.get("/vex")["items"] == []


def test_what_is_said_of_other_vulnerabilities_is_not_kept_with_a_build(gate: Caller) -> None:
    others = [PLAIN["statements"][0] | {"vulnerability": {"name": f"CVE-1999-{number}"}} for number in range(300)]
    kept = put(gate, changed(PLAIN, (("statements",), [*others, *PLAIN["statements"]])))
    assert kept["statements"] == 301
    judged = judge(gate, "lamp")
    assert [len(judged["document"]["vex"]), judged["build"]["answer"]] == [1, "pass"]


def test_a_policy_that_is_tried_later_knows_what_was_cleared(gate: Caller) -> None:
    """The build passed by a document that is gone when a policy is tried."""
    put(gate, PLAIN)
    assert answer(gate) == "pass"
    gate.ask("DELETE", "/vex/vendor", 200)
    tried = gate.post("/policies/test", {"document": POLICY, "days": 7}, 200)
    assert (tried["builds"], tried["newly_held"]) == (1, 0)
    strict = POLICY + "vex: {authors: [Somebody Else]}\n"
    assert gate.post("/policies/test", {"document": strict, "days": 7}, 200)["newly_held"] == 1


def test_a_signed_document_counts_by_a_key_of_the_policy_and_no_longer(gate: Caller) -> None:
    """Day 1: the vendor's key is named, its document kept. Day 2: the key is taken back."""
    vendor, other = Signer.of("p256"), Signer.of("ed25519")
    subject = {"name": "pkg:pypi/lamp@1.0", "digest": {"sha256": "b" * 64}}

    def keep(signer: Signer, status: int = 200) -> Any:
        return gate.ask("PUT", "/vex/vendor", status, json={"document": signer.attest(PLAIN, subject).decode()})

    def rule(words: str) -> None:
        gate.ask("PUT", "/policies/org", 200, json={"document": POLICY + words})

    assert "no key is known" in keep(vendor, 422)["detail"]
    keys = f"vex: {{keys: {{vendor: {json.dumps(vendor.pem)}}}, require_signature: true}}\n"
    rule(keys)
    assert "another key signed it" in keep(other, 422)["detail"]
    assert put(gate, PLAIN, "plain")["signed_by"] is None
    assert answer(gate) == "blocked"  # nobody signed it
    kept = keep(vendor)
    assert kept["signed_by"].startswith("sha256:")
    assert gate.get("/vex/vendor") == kept
    judged = judge(gate, "lamp")
    assert judged["build"]["answer"] == "pass"
    assert judged["document"]["vex"][0]["vex"]["said"].endswith("by Shop Security, signed")
    rule(keys.replace(json.dumps(vendor.pem), json.dumps(other.pem)))
    assert answer(gate) == "blocked"
    reader = Caller(gate.world, gate.world.token(Permission.READ))
    reader.ask("PUT", "/vex/vendor", 403, json={"document": other.attest(PLAIN, subject).decode()})


def test_a_document_that_two_signed_counts_by_the_key_that_is_named_now(gate: Caller) -> None:
    """Its first key is replaced in the policy by its second one; the same text is kept again."""
    first, second = Signer.of("p256"), Signer.of("ed25519")
    payload = json.dumps(PLAIN).encode()
    both = first.envelope(payload, "application/json")
    both["signatures"] += second.envelope(payload, "application/json")["signatures"]
    put(gate, PLAIN, "plain")
    for signer in (first, second):
        words = f"vex: {{keys: {{vendor: {json.dumps(signer.pem)}}}, require_signature: true}}\n"
        gate.ask("PUT", "/policies/org", 200, json={"document": POLICY + words})
        assert answer(gate) == "blocked"
        kept = gate.ask("PUT", "/vex/vendor", 200, json={"document": json.dumps(both)})
        assert kept["signed_by"] == parse_key("vendor", signer.pem).fingerprint
        assert answer(gate) == "pass"
