"""Forms: what people do on pages, and who may not."""

import re

import pytest

from holdfast.loop.respond import is_paused
from holdfast.loop.tokens import SESSION_COOKIE, issue_token, redeem_login_code
from holdfast.model.run import Run, RunState
from holdfast.model.tenancy import Permission
from tests.edges.web.conftest import OURS, Visitor, visit
from tests.edges.web.estate import ORG, Estate


def waiting(visitor: Visitor) -> Run:
    """Return the run that asks for approval."""
    with visitor.estate.store.read(ORG) as tx:
        return next(run for run in tx.runs.list() if run.environment == "production-eu")


def path_of_button(visitor: Visitor, label: str) -> tuple[str, dict[str, str]]:
    """Return where the first page's button leads, with its fields."""
    page = visitor.get("/")
    for form in re.findall(r"<form method=\"post\".*?</form>", page, re.DOTALL):
        if f">{label}</button>" in form:
            action = re.search(r'action="([^"]+)"', form)
            assert action
            return action[1], dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    raise AssertionError(f"no button {label}")


def test_approving_lets_the_run_go_on_and_leads_back(visitor: Visitor) -> None:
    path, fields = path_of_button(visitor, "Turn orders.receipts off")
    answer = visitor.post(path, fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert waiting(visitor).state is RunState.APPROVED
    assert visitor.told == [ORG]


def test_page_shows_no_effect_before_it_was_read_back(visitor: Visitor) -> None:
    path, fields = path_of_button(visitor, "Turn orders.receipts off")
    visitor.post(path, fields)
    before = visitor.get(f"/exposures/{waiting(visitor).exposure}")
    assert "Approved; it begins in a moment." in before
    assert "Mitigated." not in before
    visitor.estate.clock.tick(1)
    visitor.estate.engine().step(ORG)
    after = visitor.get(f"/exposures/{waiting(visitor).exposure}")
    assert "Mitigated." in after
    assert "In effect: read back in the application." in after


def test_undoing_takes_the_effect_back(visitor: Visitor) -> None:
    path, fields = path_of_button(visitor, "Turn orders.receipts off")
    visitor.post(path, fields)
    visitor.estate.engine().step(ORG)
    run = waiting(visitor)
    assert visitor.post(f"/runs/{run.id}/undo", {"back": f"/exposures/{run.exposure}"}).status_code == 303
    visitor.estate.clock.tick(1)
    visitor.estate.engine().step(ORG)
    page = visitor.get(f"/exposures/{run.exposure}")
    assert waiting(visitor).state is RunState.UNDONE
    assert "An earlier run was undone or rejected." in page


def test_rejecting_leaves_the_plan_to_be_started_by_hand(visitor: Visitor) -> None:
    path, fields = path_of_button(visitor, "Reject")
    assert visitor.post(path, fields).status_code == 303
    path, fields = path_of_button(visitor, "Turn orders.receipts off")
    assert path.endswith("/start")
    assert visitor.post(path, fields).status_code == 303
    with visitor.estate.store.read(ORG) as tx:
        states = [run.state for run in tx.runs.list() if run.environment == "production-eu"]
    assert sorted(states) == [RunState.APPROVED, RunState.REJECTED]


def test_deed_that_the_state_forbids_is_told(visitor: Visitor) -> None:
    run = waiting(visitor)
    assert visitor.post(f"/runs/{run.id}/reject").status_code == 303
    answer = visitor.post(f"/runs/{run.id}/approve")
    assert answer.status_code == 409
    assert "it cannot be approved" in answer.text


def test_unknown_deeds_and_runs_are_told(visitor: Visitor) -> None:
    assert visitor.post(f"/runs/{waiting(visitor).id}/explode").status_code == 404
    assert visitor.post("/runs/run_none/approve").status_code == 404
    assert visitor.post("/exposures/exp_none/start").status_code == 404


def test_pausing_is_shown_everywhere_it_counts(visitor: Visitor) -> None:
    path, fields = path_of_button(visitor, "Pause automation")
    visitor.post(path, fields)
    page = visitor.get("/")
    assert "Automation is paused" in page
    path, fields = path_of_button(visitor, "Let it go on")
    visitor.post(path, fields)
    with visitor.estate.store.read(ORG) as tx:
        assert not is_paused(tx)


def test_session_of_a_machine_pauses_and_does_not_resume(visitor: Visitor) -> None:
    estate = visitor.estate
    token, _ = issue_token(estate.store, ORG, "ci", [Permission.ADMIN], now=estate.clock.now(), ids=estate.ids)
    _, cookie = redeem_login_code(estate.store, estate.code(token), estate.clock.now())
    visitor.client.cookies.set(SESSION_COOKIE, cookie)
    assert visitor.post("/pause", {"on": "yes", "reason": "an outage"}).status_code == 303
    refused = visitor.post("/pause", {"on": "no"})
    assert (refused.status_code, "only people let automation go on" in refused.text) == (403, True)
    with estate.store.read(ORG) as tx:
        assert is_paused(tx)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://holdfast.test"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
    ],
)
def test_forms_of_other_sites_change_nothing(visitor: Visitor, headers: dict[str, str]) -> None:
    run = waiting(visitor)
    answer = visitor.post(f"/runs/{run.id}/approve", headers=headers)
    assert answer.status_code == 403
    assert waiting(visitor) == run
    assert visitor.told == []


def test_forms_need_a_session_that_may_act(visitor: Visitor) -> None:
    run = waiting(visitor)
    visitor.client.cookies.delete(SESSION_COOKIE)
    assert visitor.post(f"/runs/{run.id}/approve").status_code == 401
    visitor.become(Permission.READ)
    assert visitor.post(f"/runs/{run.id}/approve").status_code == 403
    assert waiting(visitor) == run


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_changes_by_reading(visitor: Visitor, method: str) -> None:
    run = waiting(visitor)
    for path in (f"/runs/{run.id}/approve", f"/exposures/{run.exposure}/start", "/pause", "/demo"):
        assert visitor.client.request(method, path).status_code in {404, 405}
    assert waiting(visitor) == run


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_way_back_never_leads_elsewhere(visitor: Visitor, back: str) -> None:
    answer = visitor.post(f"/runs/{waiting(visitor).id}/reject", {"back": back})
    assert answer.headers["location"] == "/"


def test_huge_and_broken_forms_are_refused(visitor: Visitor) -> None:
    run = waiting(visitor)
    assert visitor.post(f"/runs/{run.id}/approve", {"back": "x" * 20_000}).status_code == 400
    answer = visitor.client.post(f"/runs/{run.id}/approve", content=b"back=\xff\xfe", headers=OURS)
    assert answer.status_code == 400
    assert waiting(visitor) == run


def test_demo_is_played_once_it_was_asked_for() -> None:
    played: list[int] = []
    for visitor in visit(Estate(), play_demo=lambda: played.append(1)):
        assert visitor.post("/demo", headers={}).status_code == 403
        assert not played
        assert visitor.post("/demo").status_code == 303
    assert played == [1]


def test_demo_that_is_not_there_is_told(visitor: Visitor) -> None:
    assert visitor.post("/demo").status_code == 404


def test_flag_is_defined_on_a_page_as_a_new_version(visitor: Visitor) -> None:
    text = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off"}'
    answer = visitor.post("/flags/staging", {"key": "orders.new", "definition": text, "back": "/flags"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/flags")
    with visitor.estate.store.read(ORG) as tx:
        found = tx.flags.find("staging", "orders.new")
    assert found is not None
    assert (found.definition, found.version) == (text, 1)


def test_flag_that_is_no_flag_is_refused_on_a_page(visitor: Visitor) -> None:
    assert visitor.post("/flags/staging", {"key": "orders.new", "definition": "{"}).status_code == 422


def test_flag_is_not_defined_by_who_may_only_look(visitor: Visitor) -> None:
    visitor.become(Permission.READ)
    answer = visitor.post("/flags/staging", {"key": "orders.new", "definition": "{}"})
    assert answer.status_code == 403
    assert "Define it" not in visitor.get("/flags?environment=staging")
