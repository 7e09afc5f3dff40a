"""The pages of runs, plans, drills, flags and of what is still clamped."""

import re

import pytest

from holdfast.loop.outbox import Outbox
from holdfast.loop.world import NoReceivers
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome, DrillStep
from holdfast.model.run import Message, Run, RunState
from holdfast.model.tenancy import Permission
from tests.edges.web.conftest import Visitor
from tests.edges.web.estate import HOSTILE, ORG

PAGES = ("/runs", "/runs?group=person", "/runs?drills=yes", "/debt", "/plans", "/flags", "/flags?environment=staging")


def run_in(visitor: Visitor, state: RunState) -> Run:
    """Return the newest run in a state."""
    with visitor.estate.store.read(ORG) as tx:
        return next(run for run in tx.runs.list() if run.state is state)


def words_of(page: str) -> str:
    """Return what a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<main") :]))


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_with_and_without_anything(visitor: Visitor, newcomer: Visitor, path: str) -> None:
    assert "<main" in visitor.get(path)
    assert "<main" in newcomer.get(path)


@pytest.mark.parametrize("path", PAGES)
def test_pages_carry_nothing_inline(visitor: Visitor, path: str) -> None:
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", visitor.get(path))


def test_runs_say_who_may_act_and_how_many_must_consent(visitor: Visitor) -> None:
    page = words_of(visitor.get("/runs"))
    assert "waits for approval" in page
    assert "0 of 1 consent" in page
    assert "1 in effect" in page


def test_runs_of_an_unknown_group_are_refused(visitor: Visitor) -> None:
    assert "expected one of working" in visitor.get("/runs?group=nonsense", 400)


def test_run_shows_its_steps_as_they_were_read_back(visitor: Visitor) -> None:
    page = words_of(visitor.get(f"/runs/{run_in(visitor, RunState.EFFECTIVE).id}"))
    assert "In effect. Turn orders.receipts off for orders-api in production-us" in page
    assert "done, read back" in page
    assert "Proof: GET http://orders.example/receipts/1: status 200" in page


def test_run_that_waits_shows_no_effect(visitor: Visitor) -> None:
    page = words_of(visitor.get(f"/runs/{run_in(visitor, RunState.AWAITING).id}"))
    assert "It waits for the consent of one person" in page
    assert "No effect was read back yet" in page
    assert "not begun" in page


def test_run_that_is_not_there_is_said_so(visitor: Visitor) -> None:
    assert "there is no run" in visitor.get("/runs/nothing", 404)


def test_debt_says_what_would_lift_each_mitigation(visitor: Visitor) -> None:
    page = words_of(visitor.get("/debt"))
    assert "1 mitigation in place" in page
    assert "a release of orders-api in production-us with acme-pdf 1.4.2 or later" in page


def test_debt_of_nobody_is_nothing(newcomer: Visitor) -> None:
    assert "Nothing is clamped." in newcomer.get("/debt")


def test_flags_show_what_holds_them(visitor: Visitor) -> None:
    page = words_of(visitor.get("/flags?environment=production-us"))
    assert "1 flag, 1 held" in page
    assert "off static" in page


def test_flag_shows_its_definition_untouched(visitor: Visitor) -> None:
    page = visitor.get("/flags/production-us/orders.receipts")
    assert "Held." in page
    assert "&#34;defaultVariant&#34;: &#34;on&#34;" in page


def test_flag_that_is_not_there_is_said_so(visitor: Visitor) -> None:
    assert "there is no flag" in visitor.get("/flags/staging/nothing", 404)


def test_plans_say_what_was_never_rehearsed(visitor: Visitor) -> None:
    page = words_of(visitor.get("/plans"))
    assert "auto is not earned" in page
    assert "it was never rehearsed at L1" in page
    assert "Without a plan: catalog, mailer" in page


def test_drill_shows_each_thing_it_did_and_escapes_it(visitor: Visitor) -> None:
    now = visitor.estate.clock.now()
    drill = DrillEvidence(
        org=ORG,
        id="drl_1",
        service_id="svc_1",
        service="orders-api",
        environment="staging",
        plan="receipts-off",
        plan_digest="sha256:0",
        level=DrillLevel.L1,
        outcome=DrillOutcome.FAILED,
        started_at=now,
        ended_at=now,
        requested_by="holdfast",
        inputs=(("plan", "0" * 64),),
        steps=(DrillStep(HOSTILE, False, "the target did not answer", now, 0.25),),
        because="the target did not answer",
    )
    with visitor.estate.store.write(ORG, now) as tx:
        tx.drills.save(drill)
    page = visitor.get("/drills/drl_1")
    assert HOSTILE not in page
    assert "Failed. L1 drill of receipts-off" in words_of(page)
    assert "250 ms" in page
    assert "/drills/drl_1" in visitor.get("/plans")


def lose(visitor: Visitor) -> None:
    """Let a message reach nobody."""
    store, clock = visitor.estate.store, visitor.estate.clock
    now = clock.now()
    with store.write(ORG, now) as tx:
        tx.outbox.add(Message(ORG, "msg_lost", "*", '{"title": "Approve <b>this</b>?"}', now, now))
    Outbox(store, clock, NoReceivers()).dispatch(ORG)


def test_what_reached_nobody_is_on_the_pages_until_it_is_sent_again(visitor: Visitor) -> None:
    assert "reached nobody" not in visitor.get("/runs")
    lose(visitor)
    assert "reached nobody" in visitor.get("/runs")
    page = visitor.get("/debt")
    assert "Approve &lt;b&gt;this&lt;/b&gt;?" in page
    assert "no receiver is configured: nobody was told" in page
    assert visitor.post("/messages/again", {"id": "msg_none", "back": "/debt"}).status_code == 404
    answer = visitor.post("/messages/again", {"id": "msg_lost", "back": "/debt"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/debt")
    assert "&lt;b&gt;this" not in visitor.get("/debt")


def test_all_that_reached_nobody_is_sent_again_by_who_may_act(visitor: Visitor) -> None:
    lose(visitor)
    visitor.become(Permission.READ)
    assert "/messages/again" not in visitor.get("/debt")
    assert visitor.post("/messages/again", {"all": "yes"}).status_code == 403
    visitor.become(Permission.MITIGATE, Permission.READ)
    assert visitor.post("/messages/again", {"all": "yes", "back": "/debt"}).status_code == 303
    assert "reached nobody" not in visitor.get("/debt")
