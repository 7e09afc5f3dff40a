"""Messages: told at least once, under one id, whatever dies in between."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from holdfast.errors import ActionError
from holdfast.loop.outbox import GIVE_UP, NEVER, TAKEN, Outbox
from holdfast.loop.world import NoReceivers
from holdfast.model.run import Message
from holdfast.ports.outside import Notifier
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock
from holdfast.testing.stores import ORG


@dataclass
class Mailbox:
    """Keeps what it is told, unless it refuses."""

    name: str
    got: list[tuple[str, str, str]] = field(default_factory=list)
    refuses: str | None = None

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.refuses

    def send(self, title: str, text: str, key: str) -> None:
        """Take a message."""
        if self.refuses is not None:
            raise ActionError(self.refuses)
        self.got.append((title, text, key))


@dataclass
class Mailboxes(NoReceivers):
    """Two mailboxes."""

    boxes: dict[str, Mailbox] = field(default_factory=lambda: {name: Mailbox(name) for name in ("chat", "mail")})

    def of(self, org: str) -> "Mailboxes":
        """Return the same."""
        return self

    def notifier(self, name: str) -> Notifier:
        """Return one."""
        return self.boxes[name]

    def notifiers(self) -> list[str]:
        """Return the names."""
        return sorted(self.boxes)


class CutError(Exception):
    """The end of a process, in a test."""


def put(store: Store, to: str, message_id: str = "msg_1") -> None:
    body = json.dumps({"title": "Approve?", "text": "It waits.", "link": "/approve?run=run_1"})
    with store.write(ORG, START) as tx:
        tx.outbox.add(Message(ORG, message_id, to, body, START, START, run="run_1"))


def get(store: Store, message_id: str = "msg_1") -> Message:
    with store.read(ORG) as tx:
        return tx.outbox.get(message_id)


def test_a_message_is_told_once_with_its_link(store: Store) -> None:
    clock, there = FakeClock(), Mailboxes()
    put(store, "chat")
    outbox = Outbox(store, clock, there)
    assert (outbox.dispatch(ORG), outbox.dispatch(ORG)) == (1, 0)
    assert there.boxes["chat"].got == [("Approve?", "It waits.\n/approve?run=run_1", "msg_1")]
    assert (get(store).sent_at, get(store).attempts) == (START, 1)


def test_a_message_to_everybody_reaches_each_and_one_refusal_stops_nobody(store: Store) -> None:
    clock, there = FakeClock(), Mailboxes()
    there.boxes["chat"].refuses = "the token was revoked"
    put(store, "*")
    outbox = Outbox(store, clock, there)
    outbox.dispatch(ORG)
    outbox.dispatch(ORG)
    assert [key for _, _, key in there.boxes["mail"].got] == ["msg_1/mail"]
    assert get(store, "msg_1/chat").problem == "the token was revoked"
    there.boxes["chat"].refuses = None
    clock.tick(1)
    outbox.dispatch(ORG)
    assert [key for _, _, key in there.boxes["chat"].got] == ["msg_1/chat"]


def test_tries_come_later_and_later_and_end_after_days(store: Store) -> None:
    clock, there = FakeClock(), Mailboxes()
    there.boxes["chat"].refuses = "down"
    put(store, "chat")
    outbox = Outbox(store, clock, there)
    pauses = []
    for _ in range(12):
        outbox.dispatch(ORG)
        pauses.append((get(store).due_at - clock.now()).total_seconds())
        clock.set(get(store).due_at)
    assert pauses[:5] == [1, 2, 4, 8, 16]
    assert max(pauses) == 900
    clock.set(START + GIVE_UP)
    outbox.dispatch(ORG)
    assert (get(store).due_at, get(store).sent_at, get(store).problem) == (NEVER, None, "down")


@pytest.mark.parametrize(("boundary", "times"), [("before-send", 1), ("after-send", 2)])
def test_a_crash_around_sending_sends_again_under_the_same_id(store: Store, boundary: str, times: int) -> None:
    clock, there = FakeClock(), Mailboxes()
    put(store, "chat")

    def at(name: str, _: Message) -> None:
        if name == boundary:
            raise CutError(name)

    with pytest.raises(CutError):
        Outbox(store, clock, there, at=at).dispatch(ORG)
    other = Outbox(store, clock, there)
    assert other.dispatch(ORG) == 0
    clock.tick(TAKEN / timedelta(seconds=1))
    assert other.dispatch(ORG) == 1
    assert [key for _, _, key in there.boxes["chat"].got] == ["msg_1"] * times


def test_without_a_receiver_a_message_says_so(store: Store) -> None:
    put(store, "*")
    assert Outbox(store, FakeClock(), NoReceivers()).dispatch(ORG) == 0
    assert replace(get(store), body="").problem == "no receiver is configured: nobody was told"
    put(store, "pager", "msg_2")
    assert Outbox(store, FakeClock(), NoReceivers()).dispatch(ORG) == 0
    assert "no receiver `pager`" in str(get(store, "msg_2").problem)
