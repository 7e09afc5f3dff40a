"""Guards, people's words, and breaking the glass, over the API."""

from typing import Any

import pytest

from holdfast.model.tenancy import Permission
from tests.edges.api.conftest import Caller
from tests.edges.api.test_mitigations import finding

__all__ = ["finding"]

FREEZE = {"reason": "the yearly sale", "ends_at": "2027-01-01T00:00:00Z", "environments": ["production"]}
GLASS = {"environment": "production", "flag": "checkout", "variant": "off", "reason": "it burns"}


@pytest.fixture
def machine(admin: Caller) -> Caller:
    """A token that belongs to nobody."""
    return Caller(admin.world, admin.world.token(person=None))


@pytest.fixture
def run(admin: Caller, finding: str) -> str:
    """The run that waits."""
    return str(admin.get("/mitigations")["items"][0]["id"])


def test_limits_are_read_and_changed_one_by_one(admin: Caller) -> None:
    before = admin.get("/mitigations/guards")
    assert (before["max_share"], before["freezes"]) == (1.0, [])
    changed = admin.ask("PATCH", "/mitigations/guards", 200, json={"services_per_hour": 3, "cooldown_s": 0})
    assert changed == before | {"services_per_hour": 3, "cooldown_s": 0}
    assert admin.get("/mitigations/guards") == changed


@pytest.mark.parametrize("body", [{"max_share": 2}, {"services_per_hour": -1}, {"cooldown": 1}, {"cooldown_s": "x"}])
def test_limits_that_mean_nothing_are_refused(admin: Caller, body: dict[str, Any]) -> None:
    admin.ask("PATCH", "/mitigations/guards", 400, json=body)


def test_only_an_administrator_changes_limits(admin: Caller) -> None:
    worker = Caller(admin.world, admin.world.token(Permission.READ, Permission.MITIGATE))
    worker.ask("PATCH", "/mitigations/guards", 403, json={"max_share": 0.5})
    worker.post("/mitigations/freezes", FREEZE)


def test_freeze_is_made_shown_and_lifted_by_a_person(admin: Caller, machine: Caller) -> None:
    made = machine.post("/mitigations/freezes", FREEZE)
    assert admin.get("/mitigations/guards")["freezes"] == [made]
    machine.ask("DELETE", f"/mitigations/freezes/{made['id']}", 403)
    assert admin.ask("DELETE", f"/mitigations/freezes/{made['id']}", 200)["freezes"] == []
    admin.ask("DELETE", f"/mitigations/freezes/{made['id']}", 404)


def test_freeze_that_ends_before_it_starts_is_refused(admin: Caller) -> None:
    admin.post("/mitigations/freezes", FREEZE | {"ends_at": "2020-01-01T00:00:00Z"}, 400)


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("approve", None),
        ("confirm", {}),
        ("break-glass", {"reason": "it burns"}),
        ("steps/1/approve", None),
        ("steps/1/resolve", {"happened": True}),
    ],
)
def test_machine_does_not_consent(machine: Caller, run: str, deed: str, body: Any) -> None:
    problem = machine.post(f"/mitigations/{run}/{deed}", body, 403)
    assert "only people approve" in problem["detail"]
    assert "--person" in problem["hint"]


def test_machine_pauses_and_only_a_person_lets_go_on(admin: Caller, machine: Caller) -> None:
    assert machine.put("/mitigations/pause", {"paused": True, "reason": "an outage"})["paused"] is True
    refused = machine.ask("PUT", "/mitigations/pause", 403, json={"paused": False})
    assert "only people let automation go on" in refused["detail"]
    assert admin.get("/mitigations/pause")["paused"] is True
    assert admin.put("/mitigations/pause", {"paused": False})["paused"] is False


def test_machine_takes_back_and_rejects(machine: Caller, run: str) -> None:
    assert machine.post(f"/mitigations/{run}/reject", status=200)["state"] == "rejected"


def test_run_that_a_machine_asks_for_waits(machine: Caller, admin: Caller, run: str, finding: str) -> None:
    admin.post(f"/mitigations/{run}/reject", status=200)
    asked = machine.post("/mitigations", {"exposure": finding})
    assert (asked["state"], asked["held"]) == (
        "awaiting_approval",
        "a machine asked for it: it waits for a person",
    )
    assert admin.post(f"/mitigations/{asked['id']}/approve", status=200)["state"] == "approved"


def test_all_tokens_of_a_person_are_one_identity(admin: Caller, run: str) -> None:
    other = Caller(admin.world, admin.world.token())
    assert other.get("/me")["token"]["person"] == admin.get("/me")["token"]["person"]
    admin.post(f"/mitigations/{run}/approve", status=200)
    assert "you approved it already" in other.post(f"/mitigations/{run}/approve", status=409)["detail"]


def test_journal_knows_people_by_opaque_ids_alone(admin: Caller, run: str) -> None:
    made = admin.post("/tokens", {"name": "laptop", "permissions": ["mitigate"], "person": "Ada Lovelace"})
    assert made["token"]["person_name"] == "Ada Lovelace"
    ada = Caller(admin.world, made["secret"])
    assert ada.post(f"/mitigations/{run}/approve", status=200)["approvals"][0]["by"] == made["token"]["person"]
    entries = admin.get("/journal?limit=1000")["items"]
    assert "Ada" not in str(entries)
    assert made["token"]["person"] in str(entries)


def test_same_key_is_one_approval_even_when_its_answer_is_forgotten(admin: Caller, run: str) -> None:
    headers = {"Idempotency-Key": "once"}
    first = admin.post(f"/mitigations/{run}/approve", status=200, headers=headers)
    admin.world.clock.tick(5 * 86400)
    with admin.world.deps.store.write("acme", admin.world.clock.now()) as tx:
        tx.settings.forget(admin.world.clock.now())
    assert admin.post(f"/mitigations/{run}/approve", status=200, headers=headers) == first


def test_broken_glass_shows_its_reason(admin: Caller, run: str) -> None:
    broken = admin.post(f"/mitigations/{run}/break-glass", {"reason": "it burns"}, 200)
    assert (broken["state"], broken["break_glass"]) == ("approved", "it burns")
    admin.post(f"/mitigations/{run}/break-glass", {"reason": ""}, 400)


def test_glass_is_broken_for_an_exposure(admin: Caller, run: str, finding: str) -> None:
    broken = admin.post("/mitigations/break-glass", {"exposure": finding, "reason": "it burns"})
    assert (broken["id"], broken["break_glass"]) == (run, "it burns")


def test_flag_is_forced_and_lifted(admin: Caller, machine: Caller, finding: str) -> None:
    machine.post("/break-glass", GLASS, 403)
    made = admin.post("/break-glass", GLASS)
    assert (made["variant"], made["run"]) == ("off", None)
    refused = machine.ask("DELETE", f"/break-glass/{made['id']}", 403)
    assert "only people lift what breaking the glass laid" in refused["detail"]
    assert admin.ask("DELETE", f"/break-glass/{made['id']}", 200)["lifted_at"] is not None
    admin.post("/break-glass", GLASS | {"variant": "purple"}, 409)
    admin.post("/break-glass", GLASS | {"flag": "none"}, 404)


def test_run_that_is_not_in_effect_is_not_confirmed_or_resolved(admin: Caller, run: str) -> None:
    admin.post(f"/mitigations/{run}/confirm", {}, 409)
    admin.post(f"/mitigations/{run}/steps/1/resolve", {"happened": True}, 409)
    admin.post(f"/mitigations/{run}/steps/1/approve", status=409)
    admin.post(f"/mitigations/{run}/steps/0/approve", status=400)
