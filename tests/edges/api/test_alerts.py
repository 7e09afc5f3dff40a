"""Alerts over the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from holdfast.model.tenancy import Permission
from tests.edges.api.conftest import Caller
from tests.edges.api.test_mitigations import finding

__all__ = ["finding"]


@pytest.fixture
def tool(admin: Caller) -> Caller:
    """Another tool's token."""
    return Caller(admin.world, admin.world.token(Permission.FACTS_WRITE, person=None))


def alert(number: int = 1, **more: Any) -> dict[str, Any]:
    """Return a firing alert."""
    return {"id": f"a{number}", "source": "siem", "at": "2026-01-01T12:00:00Z", **more}


def test_one_alert_or_many_are_taken(tool: Caller, admin: Caller, finding: str) -> None:
    one = tool.post("/alerts", alert(exposure=finding), 200)
    assert (one["received"], one["new"], one["exposures"], one["unmatched"]) == (1, 1, [finding], [])
    many = tool.post("/alerts", [alert(number, exposure=finding) for number in range(1, 4)], 200)
    assert (many["received"], many["new"]) == (3, 2)
    page = admin.get(f"/exposures/{finding}/signals?limit=2")
    assert (page["count"], len(page["items"])) == (3, 2)
    rest = admin.get(f"/exposures/{finding}/signals?limit=2&cursor={page['next']}")
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (["alert/siem/a1"], None)


def test_alert_by_place_finds_its_exposure(tool: Caller, finding: str) -> None:
    place: dict[str, Any] = {"service": "shop", "environment": "production", "advisory": "ACME-2026-1"}
    assert tool.post("/alerts", alert(**place), 200)["exposures"] == [finding]


def test_unmatched_alert_is_answered_and_listed(tool: Caller, admin: Caller, finding: str) -> None:
    answer = tool.post("/alerts", alert(exposure="exp_none", labels={"rule": "9"}), 200)
    assert (answer["matched"], answer["unmatched"]) == (0, ["alert/siem/a1"])
    page = admin.get("/alerts/unmatched")
    assert (page["count"], page["items"][0]["body"]["labels"]) == (1, {"rule": "9"})


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"id": "", "source": "s", "at": "2026-01-01T12:00:00Z"},
        {"id": "a", "source": "s"},
        {"id": "a", "source": "s", "at": "yesterday"},
        {"id": "a", "source": "s", "at": "2026-01-01T12:00:00Z", "fire": True},
        "x",
    ],
)
def test_what_is_no_alert_is_refused(tool: Caller, body: Any) -> None:
    status = 200 if body == [] else 400
    answer = tool.post("/alerts", body, status)
    assert body != [] or answer["received"] == 0


def test_alert_needs_a_token_that_tells_facts(admin: Caller) -> None:
    reader = Caller(admin.world, admin.world.token(Permission.READ))
    reader.post("/alerts", alert(), 403)


def test_signals_of_nothing_are_404(admin: Caller) -> None:
    admin.get("/exposures/exp_none/signals", 404)


def test_alert_wakes_the_engine_only_where_a_run_begins(tool: Caller, finding: str) -> None:
    """A storm that speaks of what is answered already is kept, and costs the engine nothing."""
    told = tool.world.told
    told.clear()
    runs = tool.post("/alerts", alert(1, exposure=finding), 200)["runs"]
    assert told == ["acme"] * len(runs)
    told.clear()
    tool.post("/alerts", alert(2, exposure=finding), 200)
    assert told == []


def test_alert_with_a_key_is_answered_the_same_again(tool: Caller, admin: Caller, finding: str) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = tool.post("/alerts", alert(1, exposure=finding), 200, headers=headers)
    assert first["new"] == 1
    assert tool.post("/alerts", alert(1, exposure=finding), 200, headers=headers) == first
    assert tool.post("/alerts", alert(1, exposure=finding), 200)["new"] == 0
    assert admin.get(f"/exposures/{finding}/signals")["count"] == 1


def test_alerts_of_many_senders_at_once_are_all_kept(tool: Caller, admin: Caller, finding: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = [alert(number, exposure=finding) for number in range(64)]
        answers = list(pool.map(lambda one: tool.post("/alerts", one, 200), sent))
    assert [one["new"] for one in answers] == [1] * 64
    assert sum(len(one["runs"]) for one in answers) <= 1
    assert admin.get(f"/exposures/{finding}/signals")["count"] == 64
