"""The pages of the gate: builds and their trend, one build, letting it go, policies and their versions, waivers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from holdfast.loop.judging import judge_due
from holdfast.model.exposure import State
from holdfast.model.tenancy import Permission
from tests.edges.web.builds_estate import many_builds, with_gate
from tests.edges.web.conftest import Visitor, visit
from tests.edges.web.estate import HOSTILE, ORG, Estate

LISTS = ("/builds", "/policies", "/waivers")


@dataclass
class Gate:
    """A visitor of an estate with a gate, and the ids of what there is."""

    visitor: Visitor
    ids: dict[str, str]

    def words(self, path: str, status: int = 200) -> str:
        """Return what a page says, without its markup."""
        page = self.visitor.get(path, status)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<main") :]))


@pytest.fixture
def gate(fresh_estate: Callable[[], Estate]) -> Iterator[Gate]:
    """The estate with a gate."""
    estate = fresh_estate()
    ids = with_gate(estate)
    for visitor in visit(estate):
        yield Gate(visitor, ids)


@pytest.mark.parametrize("path", LISTS)
def test_pages_answer_without_anything(newcomer: Visitor, path: str) -> None:
    assert "<main" in newcomer.get(path)


def test_pages_carry_nothing_inline_and_escape_what_comes_from_anywhere(gate: Gate) -> None:
    paths = [*LISTS, *(f"/builds/{gate.ids[one]}" for one in ("passed", "held", "let_go"))]
    for path in [*paths, "/policies/org", "/policies/org?version=1", "/policies/service/orders-api"]:
        page = gate.visitor.get(path)
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page), path
        assert HOSTILE not in page


def test_builds_are_listed_with_their_verdict_and_how_often_they_are_held(gate: Gate) -> None:
    page = gate.words("/builds")
    assert "Held 67 %" in page
    assert "Let go all the same 50 % 1 of 2 held" in page
    assert "Time to decide 42 ms p90 42 ms" in page
    assert page.count("orders-api") >= 3


def test_builds_are_filtered_and_paged_by_address(gate: Gate) -> None:
    many_builds(gate.visitor.estate, 120)
    held = gate.visitor.get("/builds?verdict=held")
    assert gate.ids["held"] in held
    assert gate.ids["let_go"] not in held
    assert gate.ids["passed"] in gate.visitor.get("/builds?service=orders-api&verdict=pass")
    first = gate.visitor.get("/builds?team=shop")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = gate.visitor.get(following[1].replace("&amp;", "&"))
    shown = [set(re.findall(r'id="b-(\w+)"', page)) for page in (first, second)]
    assert (len(shown[0]), len(shown[1])) == (50, 10)
    assert not shown[0] & shown[1]
    nobody = gate.words("/builds?service=nobody")
    assert "There is no service" in nobody
    assert "once a pipeline asks" not in nobody
    gate.visitor.get("/builds?verdict=nonsense", 400)
    gate.visitor.get("/builds?by=nonsense", 400)


@pytest.mark.parametrize("by", ["service", "team", "group"])
def test_builds_are_counted_by_group(gate: Gate, by: str) -> None:
    many_builds(gate.visitor.estate, 60, days=20)
    page = gate.words(f"/builds?by={by}")
    assert {"service": "orders-api 63", "team": "shop 30", "group": "not known 63"}[by] in page


def test_build_tells_what_blocks_what_to_type_and_what_it_was_judged_by(gate: Gate) -> None:
    page = gate.words(f"/builds/{gate.ids['held']}")
    assert "Blocked. orders-api at bbbbbbbbbbbb" in page
    assert "HF-2026-0117" in page
    assert "new-high" in page
    assert "org, version 2" in page
    assert "PyPI advisories" in page
    assert "It became orders-api 3.0.0" in page
    assert "blocked staging, canary" in page


def test_build_is_let_go_by_a_person_with_a_reason_only(gate: Gate) -> None:
    visitor, path = gate.visitor, f"/builds/{gate.ids['held']}"
    assert "Let it go" in gate.words(path)
    assert visitor.post(f"{path}/override", {"reason": " ", "back": path}).status_code == 400
    assert visitor.post(f"{path}/override", {"reason": "x" * 501, "back": path}).status_code == 400
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert visitor.post(f"{path}/override", {"reason": "no", "back": path}, headers=foreign).status_code == 403
    visitor.become(Permission.READ, Permission.MITIGATE)
    assert "Let it go" not in gate.words(path)
    assert visitor.post(f"{path}/override", {"reason": "no", "back": path}).status_code == 403
    visitor.become(Permission.READ, Permission.POLICY_WRITE)
    answer = visitor.post(f"{path}/override", {"reason": "the shop is down", "back": path})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "Let go. orders-api" in gate.words(path)
    assert "the shop is down" in gate.words(path)
    with visitor.estate.store.read(ORG) as tx:
        live = [one for one in tx.exposures.all() if one.kind == "deployment" and one.is_live]
    assert not [one for one in live if one.environment == "staging"]


def test_policies_show_levels_versions_and_what_changed(gate: Gate) -> None:
    page = gate.words("/policies")
    assert "a score of at least 70, tier 1 85; 1 rule " in page
    assert "service orders-api a score of at least 90" in page
    page = gate.words("/policies/org")
    assert "Version 2, in force" in page
    assert "What changed from version 1" in page
    assert "-min_score: {default: 60}" in page
    assert "What changed" not in gate.words("/policies/org?version=1")
    assert "What changed from version 2" in gate.words("/policies/org?version=1&against=2")
    assert "min_score: {default: 90}" in gate.words("/policies/service/orders-api")
    gate.visitor.get("/policies/org?version=9", 404)
    gate.visitor.get("/policies/org?version=x", 400)
    gate.visitor.get("/policies/nobody/x", 404)


def test_waivers_stand_where_they_stand_and_are_decided_on_the_page(gate: Gate) -> None:
    page = gate.words("/waivers")
    assert ("asked for" in page, "expiring" in page) == (True, True)
    asked, approved = gate.ids["asked"], gate.ids["approved"]
    assert gate.visitor.post(f"/waivers/{asked}/approve", {"back": "/waivers"}).status_code == 303
    assert gate.visitor.post(f"/waivers/{asked}/approve", {"back": "/waivers"}).status_code == 409
    assert gate.visitor.post(f"/waivers/{approved}/withdraw", {"back": "/waivers"}).status_code == 400
    assert (
        gate.visitor.post(f"/waivers/{approved}/withdraw", {"back": "/waivers", "reason": "mended"}).status_code == 303
    )
    assert gate.visitor.post(f"/waivers/{approved}/forget", {"back": "/waivers"}).status_code == 404
    page = gate.words("/waivers")
    assert ("asked for" in page, "withdrawn" in page) == (False, True)
    gate.visitor.become(Permission.READ)
    assert "Withdraw" not in gate.words("/waivers")


def test_an_exposure_shows_who_bears_it_why_and_until_when(gate: Gate) -> None:
    estate = gate.visitor.estate
    judge_due(estate.store, estate.clock, estate.ids, ORG)
    with estate.store.read(ORG) as tx:
        one = next(one for one in tx.exposures.all() if one.state is State.WAIVED)
    page = gate.words(f"/exposures/{one.id}")
    for part in ("Waived, would fail.", "The waiver", "in force", "vulnerable_code_not_in_execute_path", "usr_other"):
        assert part in page
    assert one.waiver is not None
    assert one.waiver.expires_at.strftime("%d %b %Y") in page
    listed = gate.words("/exposures?state=waived")
    assert "waived until " in listed


def test_exposure_of_a_deployment_is_shown_like_any_other(gate: Gate) -> None:
    with gate.visitor.estate.store.read(ORG) as tx:
        one = next(one for one in tx.exposures.all() if one.kind == "deployment" and one.environment == "staging")
    page = gate.words(f"/exposures/{one.id}")
    assert "Deployed without a passing verdict" in page
    assert "deployment-blocked" in gate.words("/exposures?environment=staging")
