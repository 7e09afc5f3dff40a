"""The gate over the API: policies by level, builds that the server judges, waivers, and a policy that is tried."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from holdfast.gate.decide import Decision
from holdfast.model.advisory import Snapshot
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import PUBLIC, Permission
from tests.edges.api.conftest import Caller

POLICY = "min_score: {default: 0}\nrules:\n  - {id: high, when: finding.cvss >= 7.0, then: block}\n"
MILD = "min_score: {default: 0}\n"


def record(name: str, package: str) -> dict[str, Any]:
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    affected = [
        {"package": {"ecosystem": "PyPI", "name": package}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    ]
    severity = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    modified = "2026-01-01T00:00:00Z"
    return {"id": name, "modified": modified, "published": modified, "affected": affected, "severity": severity}


def sbom(*packages: str) -> dict[str, Any]:
    places = [{"file": "requirements.txt", "line": 1}]
    named = [{"purl": f"pkg:pypi/{package}@1.0", "direct": True, "locations": places} for package in packages]
    return {
        "occurrences": named,
        "files": [{"file": "requirements.txt", "format": "requirements_txt", "components": 1}],
    }


@pytest.fixture
def gate(admin: Caller) -> Caller:
    """An org with a policy, a service, two advisories, and a feed that was just synced."""
    now = admin.world.clock.now()
    with admin.world.deps.store.write(PUBLIC, now) as tx:
        tx.feeds.save(Snapshot("PyPI", "test", now, now, 2))
    for name, package in (("CVE-2026-1", "lamp"), ("CVE-2026-2", "desk")):
        admin.ask("POST", "/advisories", 201, json=record(name, package))
    admin.put("/environments/production", {"tier": 1, "exposure": "internet"})
    admin.put("/policies/org", {"document": POLICY})
    return admin


def judge(caller: Caller, *packages: str, base: tuple[str, ...] | None = (), **more: Any) -> Any:
    before: dict[str, Any] = {} if base is None else {"base": sbom(*base)}
    return caller.post("/builds", {"service": "shop", "sbom": sbom(*packages), **before, **more})


def test_a_build_is_judged_by_what_it_adds_and_recorded(gate: Caller) -> None:
    answer = judge(gate, "desk", "lamp", base=("desk",), commit="c0ffee", source="pr", target="main")
    build, document = answer["build"], answer["document"]
    assert (build["answer"], build["blocking"], build["existing"]) == ("blocked", 1, 1)
    assert (document["schema"], document["build"]) == ("holdfast.gate/1", build["id"])
    assert [one["id"] for one in document["blocking"]] == ["CVE-2026-1"]
    assert document["policy"][0]["level"] == "org"
    decision = msgspec.convert(answer["decision"], Decision)
    assert [one.finding.id for one in decision.blocking] == ["CVE-2026-1"]
    assert gate.get(f"/builds/{build['id']}") == build
    assert gate.get("/builds?service=shop")["items"] == [build]
    entry = gate.get("/journal?limit=1000")["items"][-1]
    assert (entry["kind"], entry["body"]["answer"]) == ("build.decided", "blocked")


def test_a_pipelines_token_can_ask_and_nothing_else(gate: Caller) -> None:
    pipeline = Caller(gate.world, gate.world.token(Permission.BUILDS_WRITE, person=None))
    assert judge(pipeline, "lamp")["build"]["answer"] == "blocked"
    pipeline.ask("PUT", "/policies/org", 403, json={"document": MILD})
    reader = Caller(gate.world, gate.world.token(Permission.READ))
    reader.post("/builds", {"service": "shop", "sbom": sbom()}, 403)


def test_what_a_pipeline_sends_only_tightens(gate: Caller) -> None:
    assert judge(gate, "lamp", policy=MILD)["build"]["answer"] == "blocked"
    stricter = "rules:\n  - {id: all, when: finding.cvss > 0.0, then: block}\n"
    gate.put("/policies/org", {"document": MILD})
    assert judge(gate, "lamp", policy=stricter)["build"]["answer"] == "blocked"
    assert judge(gate, "lamp")["build"]["answer"] == "pass"


def test_a_release_is_compared_with_what_runs(gate: Caller) -> None:
    body = {"service": "shop", "version": "1", "sbom": sbom("desk")}
    gate.post("/releases", body)
    gate.post("/deployments", {"service": "shop", "version": "1", "environment": "production"})
    held = judge(gate, "desk", "lamp", base=None, environment="production")
    assert (held["build"]["basis"], held["build"]["existing"], held["build"]["answer"]) == ("release", 1, "blocked")
    old = next(one for one in msgspec.convert(held["decision"], Decision).judged if not one.is_new)
    assert old.deadline is not None  # it is known since when it runs
    passed = judge(gate, "desk", base=None, environment="production")
    assert passed["build"]["answer"] == "pass"
    gate.post("/builds", {"service": "shop", "sbom": sbom(), "environment": "nowhere"}, 400)


def test_groups_and_services_tighten_and_are_told_what_does_not_count(gate: Caller) -> None:
    judge(gate)
    gate.put("/policies/services/shop", {"document": "min_score: {default: 10}\ndata: {on_unknown: pass}\n"})
    listed = gate.get("/policies?service=shop")
    assert [one["level"] for one in listed["items"]] == ["org", "service"]
    assert "on_unknown `pass` is milder" in listed["refused"][0]
    gate.ask("DELETE", "/policies/services/shop", 200)
    gate.ask("DELETE", "/policies/services/shop", 404)
    assert len(gate.get("/policies?service=shop")["items"]) == 1
    gate.put("/policies/groups/nobody", {"document": MILD}, 404)


def test_a_policy_that_can_not_be_read_is_refused_with_its_line(gate: Caller) -> None:
    told = gate.put("/policies/org", {"document": "rules:\n  - {id: a, when: finding.cvs > 1, then: block}\n"}, 422)
    assert told["where"].startswith("policy.yaml:2:")
    assert gate.get("/policies")["items"][0]["version"] == 1
    gate.put("/policies/org", {"document": " "}, 400)


def test_every_version_of_a_policy_counts_up_and_the_same_text_is_none(gate: Caller) -> None:
    assert gate.put("/policies/org", {"document": POLICY})["version"] == 1
    assert gate.put("/policies/org", {"document": MILD})["version"] == 2


def test_a_policy_is_tried_on_recorded_builds_before_it_is_switched_on(gate: Caller) -> None:
    gate.put("/policies/org", {"document": MILD})
    judge(gate, "lamp")
    judge(gate, "other")
    gate.world.clock.tick(3600)
    future = POLICY.replace("then: block}", "then: block, enforce_from: 2030-01-01T00:00:00Z}")
    tried = gate.ask("POST", "/policies/test", 200, json={"document": future, "days": 7})
    assert (tried["builds"], tried["newly_held"], tried["newly_passed"], tried["lost"]) == (2, 1, 0, 0)
    assert tried["services"] == {"shop": 1}
    held = next(one for one in tried["decided"] if one["would_be"] == "blocked")
    assert held["caught"] == ["CVE-2026-1 in pkg:pypi/lamp@1.0"]
    assert gate.get("/policies")["items"][0]["document"] == MILD
    gate.ask("POST", "/policies/test", 422, json={"document": "rules: 1"})
    gate.ask("POST", "/policies/test", 400, json={"document": MILD, "days": 0})


def test_licences_and_private_names_are_tried_on_builds_that_nobody_asked_about_them(gate: Caller) -> None:
    gate.put("/policies/org", {"document": MILD})
    composed = sbom("other")
    composed["occurrences"][0]["licenses"] = ["AGPL-3.0-only"]
    gate.post("/builds", {"service": "shop", "sbom": composed, "base": sbom()})
    tree = [{"ecosystem": "npm", "name": "@acme/forms", "version": "1.0.0"}]
    unknown = gate.post("/builds", {"service": "shop", "sbom": {"occurrences": tree}, "base": sbom()})
    assert unknown["build"]["answer"] == "unknown"
    gate.world.clock.tick(3600)
    document = MILD + "licenses: {block: [AGPL-3.0-only]}\nprivate: ['npm:@acme/*']\n"
    tried = gate.ask("POST", "/policies/test", 200, json={"document": document, "days": 7})
    assert (tried["newly_held"], tried["newly_passed"]) == (1, 1)
    held = next(one for one in tried["decided"] if one["would_be"] == "blocked")
    assert held["caught"] == ["AGPL-3.0-only in pkg:pypi/other@1.0"]


def waive(caller: Caller, days: float = 30, **more: Any) -> Any:
    expires = format_instant(caller.world.clock.now() + timedelta(days=days))
    body = {
        "finding": "CVE-2026-1",
        "service": "shop",
        "status": "not_affected",
        "expires_at": expires,
        "reason": "vulnerable_code_not_present",
        "package": "pkg:pypi/lamp",
        "versions": [{"operator": "=", "version": "1.0"}],
    }
    return body | more


def test_a_waiver_counts_once_somebody_else_approved_it_and_until_it_ends(gate: Caller) -> None:
    judge(gate)
    owner = Caller(gate.world, gate.world.token(Permission.BUILDS_WRITE, Permission.POLICY_WRITE, person="ana"))
    asked = owner.post("/waivers", waive(gate))
    assert (asked["approved_by"], judge(gate, "lamp")["build"]["answer"]) == (None, "blocked")
    owner.ask("POST", f"/waivers/{asked['id']}/approve", 403)
    approved = gate.ask("POST", f"/waivers/{asked['id']}/approve", 200)
    assert approved["fix_version"] == "2.0"
    build = judge(gate, "lamp")["build"]
    assert (build["answer"], build["waived"]) == ("pass", 1)
    gate.ask("POST", f"/waivers/{asked['id']}/approve", 409)
    gate.world.clock.tick(31 * 86400)
    with gate.world.deps.store.write(PUBLIC, gate.world.clock.now()) as tx:
        tx.feeds.save(Snapshot("PyPI", "test", gate.world.clock.now(), None, 2))
    assert judge(gate, "lamp")["build"]["answer"] == "blocked"


def test_a_waiver_can_be_withdrawn_and_is_bounded_by_the_policy(gate: Caller) -> None:
    judge(gate)
    asked = gate.post("/waivers", waive(gate))
    gate.ask("POST", f"/waivers/{asked['id']}/withdraw", 200, json={"reason": "fixed"})
    assert gate.get("/waivers")["items"][0]["ended_at"] is not None
    gate.ask("POST", f"/waivers/{asked['id']}/approve", 409)
    wrong: tuple[dict[str, Any], ...] = (
        {"expires_at": format_instant(gate.world.clock.now() + timedelta(days=91))},
        {"expires_at": format_instant(gate.world.clock.now())},
        {"reason": "nobody cares"},
        {"status": "affected", "reason": "will_not_fix"},
        {"versions": []},
        {"package": "lamp"},
    )
    for more in wrong:
        gate.post("/waivers", waive(gate) | more, 400)
    gate.post("/waivers", waive(gate, service="nowhere"), 404)


def test_only_those_whom_the_policy_names_approve(gate: Caller) -> None:
    judge(gate)
    gate.put("/policies/org", {"document": POLICY + "waivers: {approvers: [sec]}\n"})
    owner = Caller(gate.world, gate.world.token(person="ana"))
    asked = owner.post("/waivers", waive(gate))
    bob = Caller(gate.world, gate.world.token(person="bob"))
    bob.ask("POST", f"/waivers/{asked['id']}/approve", 403)
    sec = Caller(gate.world, gate.world.token(person="sec"))
    sec.ask("POST", f"/waivers/{asked['id']}/approve", 200)
    assert judge(gate, "lamp")["build"]["answer"] == "pass"


def test_a_held_build_is_let_go_by_a_person_with_a_reason_and_counted(gate: Caller) -> None:
    held, passed = judge(gate, "lamp")["build"], judge(gate)["build"]
    machine = Caller(gate.world, gate.world.token(person=None))
    machine.ask("POST", f"/builds/{held['id']}/override", 403, json={"reason": "now"})
    let_go = gate.ask("POST", f"/builds/{held['id']}/override", 200, json={"reason": "the shop is down"})
    assert let_go["override"]["reason"] == "the shop is down"
    gate.ask("POST", f"/builds/{held['id']}/override", 409, json={"reason": "again"})
    gate.ask("POST", f"/builds/{passed['id']}/override", 409, json={"reason": "why"})
    figures = gate.get("/builds/figures?days=7")
    assert (figures["builds"], figures["blocked"], figures["block_rate"], figures["override_rate"]) == (2, 1, 0.5, 1.0)
    assert gate.get("/builds/figures?days=7&service=shop") == figures


def test_a_feed_that_was_never_synced_is_no_pass(admin: Caller) -> None:
    answer = admin.post("/builds", {"service": "shop", "sbom": sbom("lamp")})
    assert answer["build"]["answer"] == "unknown"
    assert json.dumps(answer["document"]["unknown"])


def test_a_release_is_tied_to_the_builds_of_its_commit(gate: Caller) -> None:
    held = judge(gate, "lamp", commit="c0ffee")["build"]
    other = judge(gate, commit="beef")["build"]
    release = gate.post("/releases", {"service": "shop", "version": "1", "commit": "c0ffee", "sbom": sbom("lamp")})
    assert gate.get(f"/builds/{held['id']}")["release_id"] == release["release"]["id"]
    assert gate.get(f"/builds/{other['id']}")["release_id"] is None


def reported(name: str, file: str, *, was: bool = False, tools: tuple[str, ...] = ("bandit",)) -> list[Any]:
    places = [{"file": file, "line": 3}]
    finding = {"kind": "code", "id": name, "ids": [name], "places": places, "tools": tools, "fingerprint": f"1:{name}"}
    return [finding | {"severity": {"score": 9.0, "vector": None}}, was]


def test_what_other_tools_say_is_judged_with_the_rest_and_remembered_of_what_runs(gate: Caller) -> None:
    gate.post("/releases", {"service": "shop", "version": "1", "commit": "c0ffee", "sbom": sbom()})
    gate.post("/deployments", {"service": "shop", "version": "1", "environment": "production"})
    said = {"findings": [reported("B602", "a.py"), reported("B101", "a.py", was=True)], "gaps": []}
    first = judge(gate, reported=said, commit="c0ffee")
    assert [one["id"] for one in first["document"]["blocking"]] == ["B602"]
    gate.world.clock.tick(60)
    said["findings"].append(reported("B999", "b.py"))
    next_ = gate.post("/builds", {"service": "shop", "sbom": sbom(), "environment": "production", "reported": said})
    assert next_["document"]["basis"] == "release"
    assert [one["id"] for one in next_["document"]["blocking"]] == ["B999"]


@pytest.mark.parametrize(
    "said",
    [
        {"findings": [reported("B1", "a.py", tools=("bandit", "holdfast"))]},
        {"findings": [reported("B1", "a.py", tools=())]},
        {"findings": [reported("B" * 5000, "a.py")]},
        {"findings": [reported("", "a.py")]},
        {"findings": [[{"kind": "no kind", "id": "a", "ids": []}, False]]},
        {"findings": 7},
        [],
    ],
)
def test_what_no_other_tool_can_have_said_is_refused(gate: Caller, said: Any) -> None:
    gate.post("/builds", {"service": "shop", "sbom": sbom(), "reported": said}, 400)
