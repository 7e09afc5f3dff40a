"""Through the whole API: declared, shipped, exposed, asked about."""

from typing import Any

from tests.edges.api.conftest import PURL, RECORD, Caller, composition


def test_a_pushed_advisory_exposes_what_runs(admin: Caller, exposed: dict[str, Any]) -> None:
    pushed = exposed["pushed"]
    assert pushed["changed"] is True
    assert pushed["matched"] == 1
    page = admin.get("/findings")
    assert page["total"] == 1
    assert page["items"][0]["id"] == pushed["exposures"][0]
    assert page["items"][0]["state"] == "open"
    assert page["items"][0]["risk"]["fix_version"] == "1.2.0"
    assert page["items"][0]["team"] == "retail"


def test_impact_answers_for_an_advisory_a_purl_and_an_unknown_record(admin: Caller, exposed: dict[str, Any]) -> None:
    for answer in (
        admin.get("/impact", params={"advisory": "ACME-2026-1"}),
        admin.get("/impact", params={"purl": PURL}),
        admin.post("/impact", RECORD | {"id": "NEW-1"}, 200),
    ):
        assert answer["total"] == 1
        assert answer["items"][0]["subject"] == "shop"
        assert answer["items"][0]["locations"] == [{"file": "requirements.txt", "line": 1}]
    assert admin.get("/advisories/NEW-1", 404)["status"] == 404


def test_impact_is_answered_as_of_then(admin: Caller, exposed: dict[str, Any]) -> None:
    before = admin.get("/impact", params={"purl": PURL, "as_of": "2025-12-31T00:00:00Z"})
    assert before == {"items": [], "next": None, "total": 0}


def test_a_fixed_release_resolves_the_finding(admin: Caller, exposed: dict[str, Any]) -> None:
    fixed = admin.post("/releases", {"service": "shop", "version": "2", "sbom": composition("pkg:pypi/flaskish@1.2.0")})
    admin.world.clock.tick(60)
    admin.post("/deployments", {"environment": "production", "release": fixed["release"]["id"]})
    finding = admin.get(f"/findings/{exposed['pushed']['exposures'][0]}")
    assert finding["finding"]["state"] == "resolved"
    assert finding["finding"]["ending"] == "fixed"
    assert [entry["kind"] for entry in finding["timeline"]] == ["exposure.opened", "exposure.resolved"]
    assert admin.get("/metrics")["items"][0]["n"] == 1


def test_everything_that_changed_is_in_the_journal_and_verifies(admin: Caller, exposed: dict[str, Any]) -> None:
    kinds = [entry["kind"] for entry in admin.get("/journal")["items"]]
    assert {"token.created", "release.registered", "deployment.recorded", "advisory.recorded"} <= set(kinds)
    checkpoint = admin.post("/journal/checkpoint", status=200)
    report = admin.post("/journal/verify", checkpoint, 200)
    assert report["intact"] is True
    assert report["entries"] == len(kinds)
