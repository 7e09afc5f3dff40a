"""Messages that reached nobody, over the API."""

import pytest

from holdfast.loop.outbox import Outbox
from holdfast.loop.world import NoReceivers
from holdfast.model.run import Message
from holdfast.model.tenancy import Permission
from holdfast.ports.store import Store
from tests.edges.api.conftest import Caller, World

ORG = "acme"


@pytest.fixture
def lost(world: World) -> list[str]:
    """Three messages to everybody, where nobody is configured; their ids."""
    names = ["run_1/approve", "run_1/failed", "run_2/failed"]
    store, clock = world.deps.store, world.clock
    with store.write(ORG, clock.now()) as tx:
        for name in names:
            tx.outbox.add(Message(ORG, name, "*", '{"title": "Failed"}', clock.now(), clock.now(), "run_1"))
    Outbox(store, clock, NoReceivers()).dispatch(ORG)
    return names


def test_what_reached_nobody_is_listed_by_page(admin: Caller, lost: list[str]) -> None:
    first = admin.get("/mitigations/messages?limit=2")
    rest = admin.get(f"/mitigations/messages?limit=2&cursor={first['next']}")
    assert [row["id"] for row in [*first["items"], *rest["items"]]] == lost[::-1]
    assert (first["count"], rest["next"]) == (3, None)
    row = first["items"][0]
    assert (row["to"], row["title"], row["attempts"]) == (None, "Failed", 0)
    assert row["because"] == "no receiver is configured: nobody was told"


def test_one_is_sent_again_and_then_all(admin: Caller, lost: list[str], store: Store) -> None:
    assert admin.post("/mitigations/messages/again", {"id": lost[0]}, 200) == {"again": 1}
    assert admin.get("/mitigations/messages")["count"] == 2
    assert admin.post("/mitigations/messages/again", {"all": True}, 200) == {"again": 2}
    assert admin.get("/mitigations/messages") == {"items": [], "next": None, "count": 0}
    with store.read(ORG) as tx:
        assert [entry.kind for entry in tx.journal.read()].count("message.sent_again") == 3


@pytest.mark.parametrize("body", [{}, {"id": "run_1/failed", "all": True}, {"id": ""}])
def test_which_message_must_be_said(admin: Caller, lost: list[str], body: dict[str, object]) -> None:
    assert admin.post("/mitigations/messages/again", body, 400)["status"] == 400
    assert admin.get("/mitigations/messages")["count"] == len(lost)


def test_what_is_not_there_or_not_given_up_is_refused(admin: Caller, lost: list[str]) -> None:
    admin.post("/mitigations/messages/again", {"id": lost[0]}, 200)
    assert "was not given up" in str(admin.post("/mitigations/messages/again", {"id": lost[0]}, 409))
    admin.post("/mitigations/messages/again", {"id": "msg_none"}, 404)


def test_who_may_only_read_sends_nothing_again(world: World, lost: list[str]) -> None:
    reader = Caller(world, world.token(Permission.READ))
    reader.post("/mitigations/messages/again", {"all": True}, 403)
    assert reader.get("/mitigations/messages")["count"] == len(lost)


def test_what_another_org_was_not_told_is_not_seen(stranger: Caller, lost: list[str]) -> None:
    assert stranger.get("/mitigations/messages")["items"] == []
    stranger.post("/mitigations/messages/again", {"id": lost[0]}, 404)
