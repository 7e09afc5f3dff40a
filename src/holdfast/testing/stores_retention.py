"""The suite of what every store forgets after its time, and of what none ever does."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

import pytest

from holdfast.errors import NotFoundError
from holdfast.model.exposure import State
from holdfast.model.run import Message, RunState, Signal, Timer
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, at
from holdfast.testing.stores_driving import make_run
from holdfast.testing.stores_findings import exposure


class RetentionSuite:
    """What is forgotten after its time, and what never is."""

    def test_messages_that_were_taken_are_forgotten_oldest_first(self, store: Store) -> None:
        message = Message(ORG, "msg", "chat", "{}", at(0), at(0))
        with store.write(ORG, START) as tx:
            tx.runs.save(make_run(2, RunState.UNDONE))
            for number in range(1, 4):
                tx.outbox.add(replace(message, id=f"sent_{number}", sent_at=at(number)))
            tx.outbox.add(replace(message, id="undone", run="run_2", sent_at=at(4)))
            tx.outbox.add(replace(message, id="new", sent_at=at(20)))
            tx.outbox.add(replace(message, id="waits"))
            tx.outbox.add(replace(message, id="lost", given_up_at=at(1)))
            assert tx.outbox.forget(at(10), 2) == 2
            with pytest.raises(NotFoundError):
                tx.outbox.get("sent_2")
            assert tx.outbox.get("sent_3").sent_at == at(3)
            assert (tx.outbox.forget(at(10), 9), tx.outbox.forget(at(10), 9)) == (2, 0)
            for name in ("new", "waits", "lost"):
                assert tx.outbox.get(name).id == name

    def test_what_goes_on_keeps_its_messages_signals_and_timers(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for number, state in enumerate((RunState.ACTING, RunState.NEEDS_PERSON, RunState.AWAITING)):
                tx.runs.save(make_run(number, state))
                tx.outbox.add(Message(ORG, f"msg_{number}", "chat", "{}", at(0), at(0), f"run_{number}", sent_at=at(1)))
                tx.signals.add([Signal(ORG, f"sig_{number}", "confirm", "per_1", at(1), run=f"run_{number}")])
                tx.timers.set(Timer(ORG, f"run_{number}", 0, "expiry", at(1)))
            assert [role.forget(at(10), 9) for role in (tx.outbox, tx.signals, tx.timers)] == [0, 0, 0]

    def test_signals_are_forgotten_once_exposure_and_run_are_over(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.exposures.save([exposure(1), replace(exposure(2), state=State.RESOLVED)])
            tx.runs.save(make_run(1, RunState.UNDONE))
            signal = Signal(ORG, "sig", "alert", "src", at(1))
            live, over = exposure(1).id, exposure(2).id
            tx.signals.add([replace(signal, id="live", exposure=live), replace(signal, id="over", exposure=over)])
            tx.signals.add([replace(signal, id="run", run="run_1"), replace(signal, id="gone", exposure="exp_gone")])
            tx.signals.add([replace(signal, id="spool/1", kind="break_glass"), replace(signal, id="new", at=at(20))])
            assert (tx.signals.forget(at(10), 2), tx.signals.forget(at(10), 9)) == (2, 1)
            kept = [replace(signal, id=name) for name in ("spool/1", "new")]
            assert tx.signals.add(kept) == []
            assert (tx.signals.count(live), tx.signals.count(over)) == (1, 0)

    def test_timers_are_forgotten_with_their_run(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.runs.save(make_run(1, RunState.UNDONE))
            for run, hours in (("run_1", 1), ("run_1", 20), ("run_gone", 2)):
                tx.timers.set(Timer(ORG, run, int(hours), "look", at(hours)))
            assert tx.timers.forget(at(10), 9) == 2
            assert [one.run for one in tx.timers.due(at(30))] == ["run_1"]
