"""What is forgotten after its time, batch by batch, with its count in the journal."""

from dataclasses import replace
from datetime import timedelta

from holdfast.loop.retention import BATCH, Forgotten, forget_old
from holdfast.model.run import Message, Signal, Timer
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG
from tests.loop.test_outbox import journaled

LATER = START + timedelta(days=90)


def test_what_is_old_goes_in_batches_and_is_counted(store: Store) -> None:
    message = Message(ORG, "msg", "chat", "{}", START, START, sent_at=START)
    with store.write(ORG, START) as tx:
        for number in range(BATCH + 2):
            tx.outbox.add(replace(message, id=f"msg_{number}"))
        tx.signals.add([Signal(ORG, "sig_1", "alert", "src", START)])
        tx.timers.set(Timer(ORG, "run_gone", 1, "look", START))
    with store.write(ORG, LATER) as tx:
        first, second, third = (forget_old(tx, LATER) for _ in range(3))
    assert (first, first.is_all) == (Forgotten(BATCH, 1, 1), False)
    assert (second, second.is_all) == (Forgotten(2, 0, 0), True)
    assert third == Forgotten()
    told = {"id": "retention", "before": "2026-04-01T12:00:00Z"}
    assert [kind for kind, _ in journaled(store)] == ["retention", "retention"]
    assert journaled(store)[1][1] == told | {"messages": 2, "signals": 0, "timers": 0, "builds": 0}


def test_what_is_young_or_reached_nobody_stays(store: Store) -> None:
    message = Message(ORG, "new", "chat", "{}", START, START, sent_at=LATER)
    with store.write(ORG, START) as tx:
        tx.outbox.add(message)
        tx.outbox.add(replace(message, id="waits", sent_at=None))
        tx.outbox.add(replace(message, id="lost", sent_at=None, given_up_at=START))
        assert forget_old(tx, LATER) == Forgotten()
        assert [tx.outbox.get(name).id for name in ("new", "waits", "lost")] == ["new", "waits", "lost"]
    assert journaled(store) == []
