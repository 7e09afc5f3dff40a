"""Messages: told at least once, under one id, whatever dies in between."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from holdfast.errors import ActionError
from holdfast.loop.outbox import GIVE_UP, IN_ORDER, NEVER, PER_ORG, TAKEN, Outbox
from holdfast.loop.world import NoReceivers
from holdfast.model.run import Message
from holdfast.ports.outside import Notifier
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock
from holdfast.testing.stores import ORG, OTHER
from tests.waiting import wait_until


@dataclass
class Mailbox:
    """Keeps what it is told, unless it refuses."""

    name: str
    got: list[tuple[str, str, str]] = field(default_factory=list)
    refuses: str | None = None
    answers: threading.Event | None = None
    """Hangs until this is set."""
    asked: threading.Event = field(default_factory=threading.Event)

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.refuses

    def send(self, title: str, text: str, key: str) -> None:
        """Take a message."""
        self.asked.set()
        if self.answers is not None:
            assert self.answers.wait(20)
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


class CutError(BaseException):
    """The end of a process, in a test."""


def put(store: Store, to: str, message_id: str = "msg_1", org: str = ORG) -> None:
    body = json.dumps({"title": "Approve?", "text": "It waits.", "link": "/approve?run=run_1"})
    with store.write(org, START) as tx:
        tx.outbox.add(Message(org, message_id, to, body, START, START, run="run_1"))


def get(store: Store, message_id: str = "msg_1") -> Message:
    with store.read(ORG) as tx:
        return tx.outbox.get(message_id)


def journaled(store: Store) -> list[tuple[str, object]]:
    with store.read(ORG) as tx:
        return [(entry.kind, json.loads(entry.body)) for entry in tx.journal.read()]


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
    lost = get(store)
    assert (lost.due_at, lost.sent_at, lost.problem, lost.given_up_at) == (NEVER, None, "down", clock.now())
    assert journaled(store) == [("message.given_up", {"id": "msg_1", "run": "run_1", "attempts": 13})]


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
    assert (get(store).problem, get(store).given_up_at) == ("no receiver is configured: nobody was told", START)
    put(store, "pager", "msg_2")
    assert Outbox(store, FakeClock(), NoReceivers()).dispatch(ORG) == 0
    assert "no receiver `pager`" in str(get(store, "msg_2").problem)


def test_a_receiver_that_hangs_delays_nobody_else(store: Store) -> None:
    """`chat` hangs while `mail` gets three messages; when it answers it gets the same three, in order."""
    there, names = Mailboxes(), ["msg_1", "msg_2", "msg_3"]
    there.boxes["chat"].answers = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        outbox = Outbox(store, FakeClock(), there, executor=pool)
        for name in names:
            put(store, "*", name)
            outbox.dispatch(ORG)
            assert there.boxes["chat"].asked.wait(20)
        wait_until(lambda: len(there.boxes["mail"].got) == 3, "what `mail` is told meanwhile")
        assert there.boxes["chat"].got == []
        there.boxes["chat"].answers.set()
        wait_until(lambda: len(there.boxes["chat"].got) == 3, "what waited for `chat`")
    for box in there.boxes.values():
        assert [key for _, _, key in box.got] == [f"{name}/{box.name}" for name in names]


HANGING = tuple(f"hang-{number}" for number in range(PER_ORG + 3))
"""More than one org may have waited for at a time."""


def hanging() -> tuple[Mailboxes, threading.Event]:
    """Return receivers that hang until the event is set, and one, `mail`, that takes what it is told."""
    answers = threading.Event()
    boxes = {name: Mailbox(name, answers=answers) for name in HANGING}
    return Mailboxes(boxes | {"mail": Mailbox("mail")}), answers


def test_receivers_of_one_org_that_hang_never_hold_up_another_orgs(store: Store) -> None:
    """The pool has one thread more than one org may hold; all that one org tells hangs."""
    there, answers = hanging()
    for name in HANGING:
        put(store, name, f"msg_{name}")
    put(store, "mail", "msg_other", org=OTHER)
    with ThreadPoolExecutor(PER_ORG + 1) as pool:
        try:
            outbox = Outbox(store, FakeClock(), there, executor=pool)
            outbox.dispatch(ORG)
            wait_until(lambda: sum(box.asked.is_set() for box in there.boxes.values()) == PER_ORG, "all that may hang")
            outbox.dispatch(ORG)
            outbox.dispatch(OTHER)
            wait_until(lambda: len(there.boxes["mail"].got) == 1, "what the other org tells")
            assert sum(box.asked.is_set() for box in there.boxes.values()) == PER_ORG + 1
        finally:
            answers.set()


def test_lanes_of_an_org_take_turns(store: Store) -> None:
    """As many receivers as it may wait for hang, each with two messages; `mail` comes before their second ones."""
    there, answers = hanging()
    told, first = [], threading.Event()
    there.boxes[HANGING[0]].answers = first
    for name in HANGING[:PER_ORG]:
        put(store, name, f"first_{name}")
        put(store, name, f"second_{name}")
    put(store, "mail", "msg_mail")

    def at(name: str, message: Message) -> None:
        if name == "before-send":
            told.append(message.id)

    with ThreadPoolExecutor(PER_ORG + 1) as pool:
        try:
            outbox = Outbox(store, FakeClock(), there, executor=pool, at=at)
            outbox.dispatch(ORG)
            wait_until(lambda: len(told) == PER_ORG, "all that may hang")
            first.set()  # one place is free, and one alone: who gets it first is no race
            wait_until(lambda: len(told) > PER_ORG, "who comes next")
            assert told[PER_ORG] == "msg_mail"
        finally:
            answers.set()
            first.set()
        wait_until(lambda: len(told) == 2 * PER_ORG + 1, "the second messages")


def test_what_is_refused_holds_up_its_own_lane_for_a_while(store: Store) -> None:
    """The first is refused: the second waits behind it for half a minute, and then goes past it."""
    clock, there = FakeClock(), Mailboxes()
    there.boxes["chat"].refuses = "too long"
    put(store, "chat", "msg_1")
    put(store, "chat", "msg_2")
    outbox = Outbox(store, clock, there)
    outbox.dispatch(ORG)
    assert (get(store, "msg_1").attempts, get(store, "msg_2").attempts) == (1, 0)
    there.boxes["chat"].refuses = None
    assert outbox.dispatch(ORG) == 0
    there.boxes["chat"].refuses = "too long"
    while get(store, "msg_1").attempts < IN_ORDER:
        clock.set(get(store, "msg_1").due_at)
        outbox.dispatch(ORG)
    assert (clock.now() - START).total_seconds() == 31
    assert get(store, "msg_2").attempts == 1
    there.boxes["chat"].refuses = None
    clock.tick(1)
    outbox.dispatch(ORG)
    assert [key for _, _, key in there.boxes["chat"].got] == ["msg_2"]


def test_two_workers_send_a_lane_once_and_in_order(store: Store) -> None:
    """The second one looks while the first is sending."""
    clock, there = FakeClock(), Mailboxes()
    other = Outbox(store, clock, there)
    looked = []

    def at(name: str, _: Message) -> None:
        looked.append(other.dispatch(ORG))

    put(store, "chat", "msg_1")
    put(store, "chat", "msg_2")
    assert Outbox(store, clock, there, at=at).dispatch(ORG) == 2
    assert [key for _, _, key in there.boxes["chat"].got] == ["msg_1", "msg_2"]
    assert looked == [0, 0, 0, 0]


def test_what_a_receiver_does_not_promise_is_a_problem_of_its_message(store: Store) -> None:
    there = Mailboxes()
    there.boxes["chat"].got = cast("Any", None)  # its adapter has a fault: it raises an `AttributeError`
    put(store, "chat")
    assert Outbox(store, FakeClock(), there).dispatch(ORG) == 0
    assert get(store).problem == "`chat` raised `AttributeError`, which it does not promise"
