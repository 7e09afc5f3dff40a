"""Adoption over the API: what services inherit, modes of groups, and what the next step would hold."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from holdfast.gate.decide import Decision
from holdfast.gate.policy import Outcome
from holdfast.model.advisory import Snapshot
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import PUBLIC, Permission
from tests.edges.api.conftest import Caller
from tests.edges.api.test_gate import MILD, POLICY, judge, record, sbom

DAY_S = 86400.0


def sync(caller: Caller) -> None:
    now = caller.world.clock.now()
    with caller.world.deps.store.write(PUBLIC, now) as tx:
        tx.feeds.save(Snapshot("PyPI", "test", now, now, 2))


@pytest.fixture
def estate(admin: Caller) -> Caller:
    """An org with two advisories, a fresh feed, and a service `shop` of a team in the group `web`."""
    sync(admin)
    for name, package in (("CVE-2026-1", "lamp"), ("CVE-2026-2", "desk")):
        admin.ask("POST", "/advisories", 201, json=record(name, package))
    admin.put("/groups/web", {})
    admin.put("/teams/retail", {"group": "web"})
    admin.put("/services/shop", {"name": "shop", "team": "retail", "tier": 2})
    return admin


def accept(caller: Caller, *packages: str, status: int = 200, **more: Any) -> Any:
    return caller.put("/services/shop/inherited", {"sbom": sbom(*packages), **more}, status)


def test_what_was_accepted_is_what_builds_without_a_base_are_compared_with(estate: Caller) -> None:
    assert judge(estate, "desk", base=None)["build"]["basis"] == "nothing"
    made = accept(estate, "desk")
    assert (made["accepted"], [one["id"] for one in made["findings"]]) == (True, ["CVE-2026-2"])
    passed = judge(estate, "desk", base=None)
    assert (passed["build"]["basis"], passed["build"]["answer"], passed["build"]["existing"]) == (
        "inherited",
        "pass",
        1,
    )
    assert "accepted as inherited" in passed["document"]["notes"][0]
    held = judge(estate, "desk", "lamp", base=None)
    assert [one["id"] for one in held["document"]["blocking"]] == ["CVE-2026-1"]
    assert judge(estate, "desk", base=())["build"]["basis"] == "change"  # a merge base beats it


def test_an_advisory_that_arrives_later_makes_nothing_red(estate: Caller) -> None:
    accept(estate, "desk", "chair")
    estate.ask("POST", "/advisories", 201, json=record("CVE-2026-3", "chair"))
    assert judge(estate, "desk", "chair", base=None)["build"]["answer"] == "pass"


def test_what_was_accepted_stays_and_is_replaced_only_when_asked_for(estate: Caller) -> None:
    first = accept(estate, "desk")
    estate.world.clock.tick(DAY_S)
    again = accept(estate, "desk", "lamp")
    assert (again["accepted"], again["sbom"], again["accepted_at"]) == (False, first["sbom"], first["accepted_at"])
    estate.world.clock.tick(DAY_S)
    replaced = accept(estate, "desk", "lamp", replace=True)
    since = {one["id"]: one["since"] for one in replaced["findings"]}
    assert (replaced["accepted"], since["CVE-2026-2"]) == (True, first["accepted_at"])  # its clock goes on
    assert since["CVE-2026-1"] == replaced["accepted_at"]
    assert accept(estate, "desk", "lamp", replace=True)["accepted"] is False
    kinds = [one["kind"] for one in estate.get("/journal?limit=1000")["items"]]
    assert kinds.count("inherited.accepted") == 2
    assert estate.get("/services/shop/inherited")["sbom"] == replaced["sbom"]


def test_a_pipeline_can_not_accept_not_even_for_another_name(estate: Caller) -> None:
    pipeline = Caller(estate.world, estate.world.token(Permission.BUILDS_WRITE, person=None))
    accept(pipeline, "lamp", status=403)
    pipeline.put("/services/shop2/inherited", {"sbom": sbom("lamp")}, 403)
    renamed = pipeline.post("/builds", {"service": "shop2", "sbom": sbom("lamp")})
    assert (renamed["build"]["basis"], renamed["build"]["answer"]) == ("nothing", "blocked")
    assert "everything counts as added" in renamed["document"]["notes"][0]
    estate.get("/services/shop2/inherited", 404)
    other = Caller(estate.world, estate.world.token(Permission.POLICY_WRITE, team="other"))
    accept(other, "lamp", status=403)


def test_what_is_overdue_is_told_and_blocks_where_the_policy_says_so(estate: Caller) -> None:
    made = accept(estate, "desk")
    assert made["findings"][0]["due_at"] == format_instant(estate.world.clock.now() + timedelta(days=14))
    estate.world.clock.tick(15 * DAY_S)
    sync(estate)
    late = judge(estate, "desk", base=None)
    decision = msgspec.convert(late["decision"], Decision)
    assert (late["build"]["answer"], [one.because for one in decision.warnings]) == ("pass", ["its repair is overdue"])
    deadline = late["document"]["warnings"][0]["deadline"]
    assert (deadline["granted"], deadline["known_since"]) == (made["accepted_at"], made["accepted_at"])
    assert made["findings"][0]["known_since"] == made["accepted_at"]
    assert judge(estate, "desk", base=("desk",))["build"]["warnings"] == 1  # against a merge base too
    estate.put("/policies/org", {"document": POLICY + "deadlines: {table: bod-26-04, overdue: block}\n"})
    late = msgspec.convert(judge(estate, "desk", base=None)["decision"], Decision)
    assert [one.outcome for one in late.judged] == [Outcome.BLOCK]
    assert estate.get("/adoption")["items"][0]["overdue"] == 1
    judge(estate, base=None)
    assert estate.get("/adoption")["items"][0]["overdue"] == 0  # the newest build has it no more


def test_a_group_goes_from_observing_to_blocking_with_a_date(estate: Caller) -> None:
    start = estate.world.clock.now()
    body = {"mode": "observe", "next": "warn", "from": format_instant(start + timedelta(days=7))}
    made = estate.put("/groups/web/mode", body)
    assert (made["counts"], made["changed"], made["refused"]) == ("observe", True, [])
    assert estate.put("/groups/web/mode", body)["changed"] is False
    accept(estate, "desk")
    build = judge(estate, "desk", "lamp", base=None)["build"]
    assert (build["answer"], build["would_be"], build["mode"]) == ("pass", "blocked", "observe")
    row = estate.get("/adoption")["items"][0]
    assert (row["group"], row["mode"], row["next"], row["from"]) == ("web", "observe", "warn", body["from"])
    assert (row["builds"], row["held"], row["would_hold"], row["services_that_would_hold"]) == (1, 0, 1, 1)
    assert row["rules"] == {"new-high": 1, "score": 1}
    assert [(one["build"], one["would_be"]) for one in row["top"]] == [(build["id"], "blocked")]
    estate.world.clock.tick(8 * DAY_S)
    sync(estate)
    assert judge(estate, "desk", "lamp", base=None)["build"]["mode"] == "warn"
    estate.put("/groups/web/mode", {"mode": "block"})
    assert judge(estate, "desk", "lamp", base=None)["build"]["answer"] == "blocked"
    row = estate.get("/adoption")["items"][0]
    assert (row["mode"], row["next"], row["held"]) == ("block", None, 1)


def test_setting_a_mode_leaves_the_rest_of_a_groups_policy_alone(estate: Caller) -> None:
    mode = "mode:\n  now: warn\n  # soon\n  next: block\n  from: 2027-01-01T00:00:00Z\n"
    text = "# ours\nmin_score: {default: 5}\n" + mode + "data: {max_age: 12h}\n"
    estate.put("/policies/groups/web", {"document": text})
    estate.put("/groups/web/mode", {"mode": "observe"})
    kept = estate.get("/policies")["items"][0]
    assert kept["document"] == "# ours\nmin_score: {default: 5}\nmode: {now: observe}\ndata: {max_age: 12h}\n"
    estate.put("/policies/groups/web", {"document": "{min_score: {default: 5}, mode: {now: warn}}"})
    assert "by hand" in estate.put("/groups/web/mode", {"mode": "block"}, 400)["hint"]


def test_setting_a_mode_keeps_the_comments_of_what_follows(estate: Caller) -> None:
    text = "mode: {now: warn}\n\n# asked for by the board\nmin_score: {default: 5}\n"
    estate.put("/policies/groups/web", {"document": text})
    estate.put("/groups/web/mode", {"mode": "block"})
    assert estate.get("/policies")["items"][0]["document"] == text.replace("warn", "block")


def test_a_text_that_only_looks_like_the_mode_is_left_alone(estate: Caller) -> None:
    text = "rules:\n  - {id: a, when: 'true', then: warn, because: 'see\n\nmode: of the thing'}\n"
    estate.put("/policies/groups/web", {"document": text})
    assert "by hand" in estate.put("/groups/web/mode", {"mode": "observe"}, 400)["hint"]
    assert estate.get("/policies")["items"][0]["document"] == text


def test_a_group_that_would_be_milder_than_the_org_is_told_so(estate: Caller) -> None:
    estate.put("/policies/org", {"document": MILD})
    made = estate.put("/groups/web/mode", {"mode": "observe"})
    assert made["counts"] == "block"
    assert "milder" in made["refused"][0]
    estate.put("/policies/org", {"document": MILD + "lower_may: [mode]\n"})
    made = estate.put("/groups/web/mode", {"mode": "observe"})
    assert (made["counts"], made["refused"]) == ("observe", [])


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "observe", "next": "warn"},
        {"mode": "observe", "from": "2027-01-01T00:00:00Z"},
        {"mode": "warn", "next": "observe", "from": "2027-01-01T00:00:00Z"},
        {"mode": "never"},
    ],
)
def test_a_mode_that_makes_no_sense_is_refused(estate: Caller, body: dict[str, Any]) -> None:
    assert estate.put("/groups/web/mode", body, 400)["detail"]
    estate.put("/groups/nobody/mode", {"mode": "warn"}, 404)
