"""Drills over the API: begun, read, judged, and the intake of their findings."""

from typing import Any

import pytest

from holdfast.model.drill import DrillEvidence
from holdfast.model.tenancy import Permission
from tests.edges.api.conftest import PURL, RECORD, Caller, World, composition
from tests.edges.api.test_mitigations import FLAG, MANIFEST

PLACES = {"production": "internet", "staging": "internal"}
ASK: dict[str, Any] = {"service": "shop", "environment": "production"}


@pytest.fixture
def shop(admin: Caller) -> Caller:
    """A shop that runs in production and staging."""
    for place, exposure in PLACES.items():
        admin.put(f"/environments/{place}", {"exposure": exposure, "tier": 1 if place == "production" else 3})
        admin.put(f"/flags/{place}/checkout", FLAG)
    body = {"service": "shop", "version": "1", "manifest": MANIFEST, "sbom": composition(PURL)}
    release = admin.post("/releases", body)["release"]["id"]
    for place in PLACES:
        admin.post("/deployments", {"environment": place, "release": release})
    return admin


@pytest.fixture
def played(world: World) -> list[DrillEvidence]:
    """What was given to be played in the background."""
    return world.played


def test_drill_is_begun_and_handed_to_the_background(shop: Caller, played: list[DrillEvidence]) -> None:
    begun = shop.post("/drills", ASK)
    assert (begun["outcome"], begun["level"], begun["plan"]) == ("running", "L1", "checkout-off")
    assert [one.id for one in played] == [begun["id"]]
    assert shop.get(f"/drills/{begun['id']}") == begun
    assert shop.get("/drills")["items"] == [begun]
    assert sorted(begun["inputs"]) == ["driver:flag.off", "flag:production/checkout", "holdfast", "plan", "release"]


def test_same_key_begins_one_drill(shop: Caller, played: list[DrillEvidence]) -> None:
    headers = {"Idempotency-Key": "once"}
    first = shop.post("/drills", ASK, headers=headers)
    assert shop.post("/drills", ASK, headers=headers) == first
    assert len(played) == 1


def test_second_drill_of_a_service_is_a_conflict(shop: Caller) -> None:
    shop.post("/drills", ASK)
    assert "under way" in shop.post("/drills", ASK, 409)["detail"]


@pytest.mark.parametrize(
    ("ask", "status", "words"),
    [
        ({"service": "nobody"}, 404, "nobody"),
        ({**ASK, "plan": "other"}, 404, "checkout-off"),
        ({**ASK, "level": "L2"}, 400, "internet"),
        ({**ASK, "level": "L9"}, 400, "L9"),
        ({**ASK, "faults": ["meteor"]}, 400, "meteor"),
        ({**ASK, "surprise": 1}, 400, "surprise"),
    ],
)
def test_impossible_drill_is_refused(
    shop: Caller, played: list[DrillEvidence], ask: dict[str, Any], status: int, words: str
) -> None:
    answer = shop.post("/drills", ask, status)
    assert words in f"{answer.get('detail')} {answer.get('hint')}"
    assert played == []


def test_drills_need_the_permission_to_mitigate(shop: Caller, world: World) -> None:
    reader = Caller(world, world.token(Permission.READ))
    assert reader.post("/drills", ASK, 403)
    assert reader.get("/drills")["items"] == []


def test_evidence_of_a_drill_that_runs_is_not_there_yet(shop: Caller) -> None:
    begun = shop.post("/drills", ASK)
    assert "has not ended" in shop.get(f"/drills/{begun['id']}/evidence", 404)["detail"]
    assert shop.get("/drills/drl_none", 404)


def test_coverage_counts_services_and_plans(shop: Caller) -> None:
    found = shop.get("/drills/coverage")
    assert (found["services"], found["covered"], found["counts"]["never"]) == (1, 0, 2)
    assert {one["environment"] for one in found["plans"][0]["standings"]} == set(PLACES)


def test_way_back_is_judged(shop: Caller) -> None:
    found = shop.get("/drills/check?service=shop&environment=production")
    assert (found["verdict"], found["plan"]) == ("fail", "checkout-off")
    assert "never rehearsed" in found["because"]
    assert shop.get("/drills/check?service=shop&environment=mars", 404)
    assert shop.get("/drills/check?service=shop", 400)


def test_list_narrows_to_a_service_and_pages(shop: Caller) -> None:
    begun = shop.post("/drills", ASK)
    assert shop.get("/drills?service=shop&plan=checkout-off")["items"] == [begun]
    assert shop.get("/drills?service=shop&plan=other")["items"] == []
    assert shop.get("/drills?plan=checkout-off", 400)
    page = shop.get("/drills?limit=1")
    assert (len(page["items"]), page["next"]) == (1, None)


def test_finding_that_the_house_did_not_sign_is_refused(shop: Caller) -> None:
    begun = shop.post("/drills", {**ASK, "environment": "staging", "level": "L2"})
    envelope = '{"payload": "e30=", "payloadType": "application/vnd.holdfast.drill-finding+json", "signatures": []}'
    assert "did not sign" in shop.post(f"/drills/{begun['id']}/finding", {"envelope": envelope}, 403)["detail"]
    assert shop.post(f"/drills/{begun['id']}/finding", {"envelope": "x"}, 403)


def test_other_orgs_see_no_drill(shop: Caller, world: World) -> None:
    begun = shop.post("/drills", ASK)
    other = Caller(world, world.token(Permission.ADMIN, org="globex"))
    assert other.get("/drills")["items"] == []
    assert other.get(f"/drills/{begun['id']}", 404)


def test_preview_says_whether_the_plan_is_rehearsed(shop: Caller) -> None:
    shop.post("/advisories", RECORD)
    finding = shop.get("/findings")["items"][0]["id"]
    preview = shop.post("/mitigations/preview", {"exposure": finding}, 200)
    assert (preview["readiness"], preview["prediction"]) == ("never", None)
    assert "never rehearsed" in preview["rehearsed"]
