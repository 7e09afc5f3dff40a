"""The suite of what drives runs, which every store passes: leases, signals, timers, the outbox, runs that are ready."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace
from datetime import datetime

import pytest

from holdfast.errors import FencedError, NotFoundError
from holdfast.model.plan import Autonomy, Coverage, Plan, Probe, Step
from holdfast.model.run import Lease, Message, Run, RunState, RunStep, Signal, StepState, Timer
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER, at

A, B = "wrk_a", "wrk_b"


def make_run(number: int, state: RunState = RunState.ACTING, *, released: bool = False, target: str = "") -> Run:
    """Return a run of one intended step."""
    step = Step("flag.off", (("flag", "beta"), ("variant", "off")))
    probe = Probe("http", "http://127.0.0.1/", expect_json=(("/a", "1"),))
    plan = Plan("off", "true", 3, 7, (step,), Coverage.FULL, (probe,), (("default", Autonomy.AUTO),))
    rows = (RunStep(1, step, f"run_{number}/1", StepState.INTENT, at(1), "…", target, "{}", 1, at(1)),)
    return Run(
        ORG, f"run_{number}", "exp_001", "svc_shop", "shop", "production", plan, "digest", state, Autonomy.AUTO, rows,
        at(number), "holdfast", released=released,
    )  # fmt: skip


def _claim(store: Store, owner: str, now: datetime, until: datetime) -> Lease | None:
    with store.write(ORG, now) as tx:
        return tx.leases.claim("run_1", owner, now, until)


def _commit_under(store: Store, lease: Lease) -> None:
    with store.write(ORG, at(2)) as tx:
        tx.runs.save(make_run(1, RunState.EFFECTIVE))
        tx.journal.append("run.effective", {"id": "run_1"})
        tx.leases.keep(lease, at(9))


class LeaseSuite:
    """Who drives which run."""

    def _begin(self, store: Store) -> Lease:
        with store.write(ORG, START) as tx:
            tx.runs.save(make_run(1))
        lease = _claim(store, A, at(0), at(1))
        assert lease == Lease("run_1", A, 1, at(1))
        return lease

    def test_a_lease_is_one_workers_until_it_runs_out(self, store: Store) -> None:
        self._begin(store)
        assert _claim(store, B, at(0.9), at(2)) is None
        assert _claim(store, B, at(1), at(2)) == Lease("run_1", B, 2, at(2))

    def test_the_fence_rises_with_every_claim_and_never_falls(self, store: Store) -> None:
        lease = self._begin(store)
        with store.write(ORG, START) as tx:
            tx.leases.give(lease)
            assert tx.leases.of("run_1") is None
        assert _claim(store, A, at(0), at(1)) == Lease("run_1", A, 2, at(1))
        assert _claim(store, A, at(0), at(3)) == Lease("run_1", A, 3, at(3))

    def test_a_commit_under_a_lost_lease_is_refused_as_a_whole(self, store: Store) -> None:
        lost = self._begin(store)
        taken = _claim(store, B, at(2), at(3))
        with pytest.raises(FencedError):
            _commit_under(store, lost)
        with store.write(ORG, at(2)) as tx:
            assert tx.runs.get("run_1").state is RunState.ACTING
            assert tx.journal.head()[0] == 0
            tx.leases.give(lost)
            assert tx.leases.of("run_1") == taken

    def test_an_owner_that_comes_back_is_fenced_by_its_own_new_claim(self, store: Store) -> None:
        lost = self._begin(store)
        assert _claim(store, A, at(5), at(6)) is not None
        with pytest.raises(FencedError), store.write(ORG, at(5)) as tx:
            tx.leases.keep(lost, at(9))

    def test_a_lease_that_ran_out_is_kept_while_nobody_took_it(self, store: Store) -> None:
        lease = self._begin(store)
        with store.write(ORG, at(5)) as tx:
            assert tx.leases.keep(lease, at(6)) == replace(lease, until=at(6))

    def test_saving_a_run_leaves_its_lease_alone(self, store: Store) -> None:
        lease = self._begin(store)
        with store.write(ORG, START) as tx:
            tx.runs.save(make_run(1, RunState.VERIFYING))
            assert tx.leases.of("run_1") == lease

    def test_there_is_no_lease_on_what_is_not_there(self, store: Store) -> None:
        assert _claim(store, A, at(0), at(1)) is None
        with store.read(ORG) as tx:
            assert tx.leases.of("run_1") is None


class ReadySuite:
    """Runs that a worker may go on with, and targets that are acted on."""

    def test_runs_of_other_workers_and_those_that_wait_are_left_out(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for number in range(1, 6):
                tx.runs.save(make_run(number, released=number == 5))
            tx.leases.claim("run_1", A, at(0), at(1))
            tx.leases.claim("run_2", B, at(0), at(1))
            for number, kind in ((3, "look"), (4, "expiry"), (5, "retry")):
                tx.timers.set(Timer(ORG, f"run_{number}", 1, kind, at(1)))

            def ready(owner: str, hours: float) -> list[str]:
                return [run.id for run in tx.runs.ready(owner, at(hours))]

            assert ready(A, 0) == ["run_1", "run_4", "run_5"]
            assert ready(B, 0.5) == ["run_2", "run_4", "run_5"]
            assert ready("wrk_c", 1) == ["run_1", "run_2", "run_3", "run_4", "run_5"]

    def test_one_look_that_is_due_is_enough(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.runs.save(make_run(1))
            tx.timers.set(Timer(ORG, "run_1", 1, "look", at(9)))
            assert tx.runs.ready(A, at(2)) == []
            tx.timers.set(Timer(ORG, "run_1", 2, "retry", at(1)))
            assert [run.id for run in tx.runs.ready(A, at(2))] == ["run_1"]

    def test_what_rests_or_has_ended_is_nobodys(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for number, state in enumerate(RunState, 1):
                tx.runs.save(make_run(number, state))
            states = {run.state for run in tx.runs.ready(A, START)}
        assert states == {RunState.APPROVED, RunState.ACTING, RunState.VERIFYING, RunState.UNDOING}

    def test_only_steps_at_work_hold_a_target(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            held = make_run(1, target="flags:production/beta")
            tx.runs.save(held)
            assert tx.runs.acting_on("flags:production/beta") == ["run_1"]
            assert tx.runs.acting_on("flags:staging/beta") == []
            tx.runs.save(replace(held, steps=(replace(held.steps[0], state=StepState.DONE),)))
            assert tx.runs.acting_on("flags:production/beta") == []

    def test_a_step_is_read_back_as_it_was(self, store: Store) -> None:
        run = make_run(1, target="flags:production/beta")
        step = replace(run.steps[0], attempt=3, due_at=at(2), acted_at=at(1), before='{"state": "ENABLED"}')
        with store.write(ORG, START) as tx:
            tx.runs.save(replace(run, steps=(step,), unproven=("eu",), expires_at=at(9), failed=True))
        with store.read(ORG) as tx:
            assert tx.runs.get("run_1") == replace(run, steps=(step,), unproven=("eu",), expires_at=at(9), failed=True)


class TimerSuite:
    """What is due later."""

    def test_timers_are_one_of_each_kind_and_step(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            assert tx.timers.next_at() is None
            for hours in (3, 2):
                tx.timers.set(Timer(ORG, "run_1", 1, "look", at(hours)))
            tx.timers.set(Timer(ORG, "run_1", 0, "expiry", at(5)))
            assert tx.timers.next_at() == at(2)
            assert tx.timers.due(at(1.9)) == []
            assert tx.timers.due(at(9)) == [
                Timer(ORG, "run_1", 1, "look", at(2)), Timer(ORG, "run_1", 0, "expiry", at(5)),
            ]  # fmt: skip
            assert len(tx.timers.due(at(9), limit=1)) == 1
            assert all(one.kind == "expiry" for one in tx.timers.due(at(9), kind="expiry"))
            assert tx.timers.due(at(9), kind="none") == []

    def test_timers_are_cleared_by_step_and_kind(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for step, kind in ((0, "expiry"), (0, "health"), (1, "look"), (1, "retry"), (2, "look")):
                tx.timers.set(Timer(ORG, "run_1", step, kind, at(1)))
            tx.timers.set(Timer(ORG, "run_2", 1, "look", at(1)))
            tx.timers.clear("run_1", 0, "health")
            tx.timers.clear("run_1", 1)
            assert [(one.run, one.step) for one in tx.timers.due(at(2))] == [("run_1", 0), ("run_1", 2), ("run_2", 1)]
            tx.timers.clear("run_1")
            assert [one.run for one in tx.timers.due(at(2))] == ["run_2"]

    def test_timers_are_an_orgs_own(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.timers.set(Timer(ORG, "run_1", 1, "look", at(1)))
        with store.read(OTHER) as tx:
            assert (tx.timers.due(at(9)), tx.timers.next_at()) == ([], None)


class SignalSuite:
    """What came in."""

    def test_signals_are_kept_once_by_id(self, store: Store) -> None:
        one = Signal(ORG, "sig_1", "alert", "src", at(1), exposure="exp_1", body='{"a": 1}')
        two = Signal(ORG, "sig_2", "undo", "per_1", at(2), exposure="exp_1", run="run_1", outcome="taken")
        with store.write(ORG, START) as tx:
            assert tx.signals.add([one, two, one]) == ["sig_1", "sig_2"]
            assert tx.signals.add([replace(one, body="{}")]) == []
            assert tx.signals.of_exposure("exp_1") == [two, one]
            assert tx.signals.of_exposure("exp_1", after="sig_2") == [one]
            assert tx.signals.of_run("run_1") == [two]
            assert (tx.signals.count("exp_1"), tx.signals.count("exp_2")) == (2, 0)


class OutboxSuite:
    """What is to be told to others."""

    def test_a_message_is_kept_once_and_is_due_until_it_was_sent(self, store: Store) -> None:
        message = Message(ORG, "msg_1", "chat", '{"title": "…"}', at(0), at(1), run="run_1")
        with store.write(ORG, START) as tx:
            tx.outbox.add(message)
            tx.outbox.add(replace(message, body="{}"))
            assert tx.outbox.due(at(0.5)) == []
            assert tx.outbox.due(at(1)) == [message]
            failed = replace(message, attempts=1, problem="refused", due_at=at(2))
            tx.outbox.save(failed)
            assert (tx.outbox.due(at(1)), tx.outbox.due(at(2))) == ([], [failed])
            sent = replace(failed, sent_at=at(2), problem=None)
            tx.outbox.save(sent)
            assert tx.outbox.due(at(9)) == []
            assert tx.outbox.get("msg_1") == sent
            with pytest.raises(NotFoundError):
                tx.outbox.get("msg_2")

    def test_messages_wait_in_lanes_of_their_own(self, store: Store) -> None:
        def put(name: str, to: str, hours: float) -> Message:
            return Message(ORG, name, to, "{}", at(hours), at(hours))

        one, two, other = put("msg_1", "chat", 1), put("msg_2", "chat", 2), put("msg_3", "mail", 3)
        with store.write(ORG, START) as tx:
            for message in (other, two, one):
                tx.outbox.add(message)
            assert (tx.outbox.receivers(at(0)), tx.outbox.receivers(at(2))) == ([], ["chat"])
            assert tx.outbox.receivers(at(3)) == ["chat", "mail"]
            assert tx.outbox.due(at(3), to="chat") == [one, two]
            assert not tx.outbox.is_behind(two, at(3), 5)
            tx.outbox.save(replace(one, attempts=1, due_at=at(4)))
            assert tx.outbox.is_behind(two, at(3), 5)
            assert not tx.outbox.is_behind(other, at(3), 5)
            assert not tx.outbox.is_behind(one, at(3), 5)
            tx.outbox.save(replace(one, attempts=5, due_at=at(4)))
            assert not tx.outbox.is_behind(two, at(3), 5)

    def test_what_was_given_up_is_listed_and_no_longer_due(self, store: Store) -> None:
        messages = [Message(ORG, f"msg_{number}", "chat", "{}", at(0), at(0)) for number in range(4)]
        with store.write(ORG, START) as tx:
            for message in messages:
                tx.outbox.add(message)
            lost = [replace(one, due_at=at(9), given_up_at=at(number)) for number, one in enumerate(messages[:3])]
            for one in lost:
                tx.outbox.save(one)
            assert (tx.outbox.given_up(), tx.outbox.count_given_up()) == (lost[::-1], 3)
            assert tx.outbox.given_up(after="msg_2", limit=1) == [lost[1]]
            assert tx.outbox.due(at(10)) == [messages[3]]
        with store.read(OTHER) as tx:
            assert (tx.outbox.given_up(), tx.outbox.count_given_up()) == ([], 0)
