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
    assert before == {"items": [], "next": None, "total": 0, "unknown": 0}


def test_impact_counts_what_could_not_be_judged(admin: Caller, exposed: dict[str, Any]) -> None:
    bare = admin.post("/releases", {"service": "bare", "version": "1"})
    gapped = composition(PURL) | {"unparsed": [{"file": "odd.lock", "because": "not read"}]}
    partial = admin.post("/releases", {"service": "partial", "version": "1", "sbom": gapped})
    for made in (bare, partial):
        admin.post("/deployments", {"environment": "production", "release": made["release"]["id"]})
    none = admin.get("/impact", params={"purl": "pkg:pypi/nowhere@1.0"})
    assert none == {"items": [], "next": None, "total": 0, "unknown": 2}
    for answer in (admin.get("/impact", params={"purl": PURL}), admin.post("/impact", RECORD | {"id": "NEW-1"}, 200)):
        assert (answer["total"], answer["unknown"]) == (2, 2)


def test_a_fixed_release_resolves_the_finding(admin: Caller, exposed: dict[str, Any]) -> None:
    fixed = admin.post("/releases", {"service": "shop", "version": "2", "sbom": composition("pkg:pypi/flaskish@1.2.0")})
    admin.world.clock.tick(60)
    admin.post("/deployments", {"environment": "production", "release": fixed["release"]["id"]})
    finding = admin.get(f"/findings/{exposed['pushed']['exposures'][0]}")
    assert finding["finding"]["state"] == "resolved"
    assert finding["finding"]["ending"] == "fixed"
    assert [entry["kind"] for entry in finding["timeline"]] == ["exposure.opened", "exposure.resolved"]
    assert finding["reasons"]
    assert finding["advisories"][0]["id"] == "ACME-2026-1"
    assert sum(group["n"] for group in admin.get("/metrics")["items"]) == 1


def test_a_finding_comes_with_its_fix(admin: Caller, exposed: dict[str, Any]) -> None:
    fix = admin.get(f"/findings/{exposed['pushed']['exposures'][0]}")["fix"]
    assert fix["version"] == "1.2.0"
    assert fix["raise_name"] == "flaskish"
    assert fix["location"] == {"file": "requirements.txt", "line": 1}


def test_findings_are_filtered_and_paged(admin: Caller, exposed: dict[str, Any]) -> None:
    assert (
        admin.get("/findings", params={"state": "open", "service": "shop", "environment": "production"})["total"] == 1
    )
    assert admin.get("/findings", params={"state": ["mitigated", "resolved"]})["total"] == 0
    assert admin.get("/findings", params={"text": "flaskish", "fix_available": "true"})["total"] == 1
    assert admin.get("/findings", params={"known_exploited": "true"})["total"] == 0
    second = RECORD | {"id": "ACME-2026-2", "summary": "another door"}
    admin.post("/advisories", second)
    first = admin.get("/findings", params={"limit": 1})
    assert (first["total"], len(first["items"])) == (2, 1)
    rest = admin.get("/findings", params={"limit": 1, "cursor": first["next"]})
    assert rest["next"] is None
    assert {one["items"][0]["advisories"][0] for one in (first, rest)} == {"ACME-2026-1", "ACME-2026-2"}


def test_a_deployment_claimed_late_inserts_into_history(admin: Caller, exposed: dict[str, Any]) -> None:
    admin.world.clock.tick(3600)
    late = admin.post("/releases", {"service": "shop", "version": "0.9"})["release"]["id"]
    answer = admin.post(
        "/deployments", {"environment": "production", "release": late, "started_at": "2026-01-01T11:00:00+00:00"}
    )
    assert answer["deployment"]["ended_at"] == "2026-01-01T12:00:00Z"
    then = admin.get("/deployments", params={"as_of": "2026-01-01T11:30:00Z"})["items"]
    assert [one["version"] for one in then] == ["0.9"]
    assert [one["version"] for one in admin.get("/deployments", params={"service": "shop"})["items"]] == ["1"]


def test_a_failed_deployment_ends_nothing(admin: Caller, exposed: dict[str, Any]) -> None:
    admin.world.clock.tick(60)
    second = admin.post("/releases", {"service": "shop", "version": "2"})["release"]["id"]
    begun = admin.post("/deployments", {"environment": "production", "release": second, "status": "in_progress"})
    identifier = begun["deployment"]["id"]
    admin.ask("PATCH", f"/deployments/{identifier}", 200, json={"status": "failed"})
    assert admin.get(f"/deployments/{identifier}")["status"] == "failed"
    assert [one["version"] for one in admin.get("/deployments")["items"]] == ["1"]


def test_a_host_is_reported_and_listed(admin: Caller) -> None:
    report = {
        "name": "web-1",
        "machine_id": "m1",
        "os": "Debian:12",
        "kernel": "6.1",
        "architecture": "x86_64",
        "sbom": {"occurrences": [{"ecosystem": "Debian:12", "name": "openssl", "version": "3.0.1-1"}]},
    }
    host = admin.post("/hosts", report)
    assert host["lease_until"] == "2026-01-01T12:15:00Z"
    assert admin.post("/hosts", report)["id"] == host["id"]
    assert [one["id"] for one in admin.get("/hosts")["items"]] == [host["id"]]
    assert admin.get(f"/hosts/{host['id']}")["name"] == "web-1"
    assert [one["ecosystem"] for one in admin.get("/feeds")["items"]] == ["Debian:12"]
    assert admin.get("/feeds")["items"][0]["state"] == "unknown"


def test_services_teams_groups_and_environments_are_declared(admin: Caller) -> None:
    admin.put("/groups/engineering", {})
    admin.put("/teams/retail", {"group": "engineering"})
    declared = admin.put("/services/shop", {"team": "retail", "tier": 2, "exposure": "internal"})
    assert declared["service"]["claimed"] is True
    assert declared["service"]["exposure"] == "internal"
    assert admin.get("/services/shop")["declaration"]["tier"] == 2
    assert admin.get(f"/services/{declared['service']['id']}") == admin.get("/services/shop")
    admin.put("/services/shop", {"name": "other"}, 400)
    admin.put("/environments/production", {"exposure": "internet", "tier": 1})
    assert admin.get("/environments/production")["exposure"] == "internet"
    for room in ("groups", "teams", "services", "environments"):
        page = admin.get(f"/{room}", params={"limit": 1})
        assert (len(page["items"]), page["next"]) == (1, None)


def test_a_flag_is_kept_to_the_bit_and_its_run_can_be_asked_for(admin: Caller) -> None:
    flag = '{"state":"ENABLED", "variants":{"on":true,"off":false},  "defaultVariant":"on"}'
    headers = {"Content-Type": "application/json"}
    admin.ask("PUT", "/flags/production/door", 404, content=flag, headers=headers)
    admin.put("/environments/production", {})
    admin.ask("PUT", "/flags/production/door", 200, content=flag, headers=headers)
    raw = admin.world.client.get("/api/v1/flags/production/door", headers={"Authorization": f"Bearer {admin.token}"})
    assert flag in raw.text
    assert [one["key"] for one in admin.get("/flags/production")["items"]] == ["door"]
    assert admin.get("/flags/production/door/overlays")["items"] == []
    admin.ask("PUT", "/flags/production/door", 422, json={"state": "ENABLED"})


def test_automation_is_paused_and_resumed(admin: Caller) -> None:
    assert admin.get("/mitigations/pause")["paused"] is False
    paused = admin.put("/mitigations/pause", {"paused": True, "reason": "a drill"})
    assert (paused["paused"], paused["reason"], paused["at"]) == (True, "a drill", "2026-01-01T12:00:00Z")
    assert admin.get("/mitigations/pause") == paused
    assert admin.put("/mitigations/pause", {"paused": False})["paused"] is False
    assert admin.get("/mitigations")["items"] == []


def test_everything_that_changed_is_in_the_journal_and_verifies(admin: Caller, exposed: dict[str, Any]) -> None:
    kinds = [entry["kind"] for entry in admin.get("/journal")["items"]]
    assert {"token.created", "release.registered", "deployment.recorded", "advisory.recorded"} <= set(kinds)
    checkpoint = admin.post("/journal/checkpoint", status=200)
    report = admin.post("/journal/verify", checkpoint, 200)
    assert report["intact"] is True
    assert report["entries"] == len(kinds)


def test_the_journal_is_paged_by_number(admin: Caller, exposed: dict[str, Any]) -> None:
    whole = [entry["seq"] for entry in admin.get("/journal")["items"]]
    first = admin.get("/journal", params={"limit": 2})
    assert first["next"] == "2"
    by_cursor = admin.get("/journal", params={"cursor": first["next"]})
    assert by_cursor == admin.get("/journal", params={"after": first["next"]})
    assert [1, 2, *(entry["seq"] for entry in by_cursor["items"])] == whole
    for cursor in ("x", "-1", "9" * 30):
        admin.get("/journal", 400, params={"cursor": cursor})
