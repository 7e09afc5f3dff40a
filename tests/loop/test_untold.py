"""What reached nobody is listed, and sent again when a person says so."""

import json

import pytest

from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.loop.outbox import GIVE_UP, Outbox
from holdfast.loop.untold import send_again, untold_view
from holdfast.loop.world import NoReceivers
from holdfast.ports.store import Store
from holdfast.testing.clocks import FakeClock
from holdfast.testing.stores import ORG
from tests.loop.test_outbox import Mailboxes, get, journaled, put


def lose(store: Store, clock: FakeClock, there: Mailboxes, *names: str) -> None:
    """Let messages to the chat be given up."""
    there.boxes["chat"].refuses = "the token was revoked"
    for name in names:
        put(store, "chat", name)
    outbox = Outbox(store, clock, there)
    clock.tick(GIVE_UP.total_seconds())
    outbox.dispatch(ORG)


def test_what_was_given_up_is_listed_by_page(store: Store) -> None:
    clock, there = FakeClock(), Mailboxes()
    lose(store, clock, there, "msg_1", "msg_2", "msg_3")
    with store.read(ORG) as tx:
        first = untold_view(tx, limit=2)
        rest = untold_view(tx, after=first.next, limit=2)
    assert [row.id for row in (*first.rows, *rest.rows)] == ["msg_3", "msg_2", "msg_1"]
    assert (first.count, first.next, rest.next) == (3, "msg_2", None)
    row = first.rows[0]
    assert (row.to, row.title, row.run, row.because) == ("chat", "Approve?", "run_1", "the token was revoked")


def test_one_is_sent_again_under_its_id_and_journaled(store: Store) -> None:
    clock, there = FakeClock(), Mailboxes()
    lose(store, clock, there, "msg_1", "msg_2")
    with store.write(ORG, clock.now()) as tx:
        assert send_again(tx, "msg_2", "per_1", clock.now()) == 1
    there.boxes["chat"].refuses = None
    assert Outbox(store, clock, there).dispatch(ORG) == 1
    assert [key for _, _, key in there.boxes["chat"].got] == ["msg_2"]
    assert journaled(store)[-1] == ("message.sent_again", {"id": "msg_2", "run": "run_1", "by": "per_1"})
    assert (get(store, "msg_1").given_up_at is None, get(store, "msg_2").given_up_at) == (False, None)


def test_all_are_sent_again_to_receivers_that_are_there_by_now(store: Store) -> None:
    clock, there = FakeClock(), Mailboxes()
    put(store, "*")
    Outbox(store, clock, NoReceivers()).dispatch(ORG)
    with store.write(ORG, clock.now()) as tx:
        assert untold_view(tx).rows[0].to is None
        assert send_again(tx, None, "per_1", clock.now()) == 1
    assert Outbox(store, clock, there).dispatch(ORG) == 2
    with store.read(ORG) as tx:
        assert untold_view(tx).count == 0


def test_what_is_sent_again_is_tried_for_days_anew(store: Store) -> None:
    clock, there = FakeClock(), Mailboxes()
    lose(store, clock, there, "msg_1")
    with store.write(ORG, clock.now()) as tx:
        send_again(tx, "msg_1", "per_1", clock.now())
    Outbox(store, clock, there).dispatch(ORG)
    again = get(store)
    assert (again.given_up_at, again.attempts, again.problem) == (None, 1, "the token was revoked")


def test_only_what_was_given_up_is_sent_again(store: Store) -> None:
    put(store, "chat")
    with store.write(ORG, FakeClock().now()) as tx:
        with pytest.raises(ConflictError, match="was not given up"):
            send_again(tx, "msg_1", "per_1", FakeClock().now())
        with pytest.raises(NotFoundError):
            send_again(tx, "msg_9", "per_1", FakeClock().now())
        with pytest.raises(UsageError):
            send_again(tx, "", "per_1", FakeClock().now())
    assert json.loads(get(store).body)["title"] == "Approve?"
