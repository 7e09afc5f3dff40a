"""The engine: carries approved runs out, reads them back, and undoes them.

Rules:
1. `intent` is committed before anything acts. After a crash an intent is probed first, and acted on only if its effect
   is absent. What was done is committed together with its journal entry, or not at all.
2. Every transition is a small write transaction of its own that reads the run again: a run that somebody else changed
   meanwhile is left to the next round.
3. Probing blocks no other run. The clock stops at the instant a probe saw the effect, never at the write.
4. When no probe holds in time the run is `failed` and its effect stays, the safer side; a person is told by `held`.
5. An error of one run is recorded in it and tried again, later and later. It never ends the engine.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from holdfast.errors import ConflictError, HoldfastError, NotFoundError
from holdfast.findings.lifecycle import Transition, act, lift, mitigate
from holdfast.loop.reconcile import record_transitions
from holdfast.loop.respond_people import is_paused
from holdfast.loop.respond_plans import journal_run
from holdfast.loop.respond_steps import (
    TOUCHED,
    carry_out,
    intend,
    step_facts,
    still_guarded,
    take_back,
    urgency,
    with_failure,
    with_step,
)
from holdfast.loop.turn import Turn
from holdfast.mitigations.autonomy import AUTOMATION, WORKING, find_hold
from holdfast.mitigations.probe import Outcome, look
from holdfast.model.exposure import Exposure
from holdfast.model.plan import Coverage, Run, RunState, StepState
from holdfast.ports.clock import Clock
from holdfast.ports.http import Http
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store, Transaction

MAX_BACKOFF_S = 60.0
ROUND_LIMIT = 500
IDLE_S = 0.1


@dataclass(slots=True)
class _Trial:
    """What this process remembers of a run between rounds; lost in a crash, and not needed after one."""

    due_at: datetime | None = None
    failures: int = 0
    look: "Future[tuple[Outcome, datetime]] | None" = None


def _ignore(_org: str, _environment: str) -> None:
    return None


class Engine:
    """Carries runs out, one org's round at a time.

    `executor` is where probes wait for answers; without one they are sent inline. `on_flags` is told (org, environment)
    after a change of flags was committed. `failures` are the errors that the store is known to raise.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        http: Http,
        *,
        executor: Executor | None = None,
        on_flags: Callable[[str, str], None] = _ignore,
        failures: tuple[type[Exception], ...] = (HoldfastError,),
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._http = http
        self._executor = executor
        self._on_flags = on_flags
        self._failures = failures
        self._trials: dict[str, _Trial] = {}
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look at once instead of at the next tick; called after a run was made or approved."""
        self._wake.set()

    def run_forever(self, stop: threading.Event) -> None:
        """Go round until told to stop."""
        while not stop.is_set():
            self._wake.clear()
            moved = 0
            try:
                for org in self._store.tenants.orgs():
                    moved += self.step(org.id)
            except self._failures:  # the store is away; what each run says of it is recorded when it is back
                stop.wait(IDLE_S * 10)
            if not moved:
                self._wake.wait(IDLE_S)

    def step(self, org: str) -> int:
        """Do one bounded round; returns how many runs went on."""
        with self._store.read(org) as tx:
            runs = sorted(tx.runs.unfinished(), key=urgency)
        busy = {run.service_id: run for run in runs if run.state in WORKING}
        self._forget(runs)
        return sum(self._advance_safely(run, busy) for run in runs[:ROUND_LIMIT])

    def _forget(self, runs: Sequence[Run]) -> None:
        if len(self._trials) > 2 * ROUND_LIMIT:
            living = {run.id for run in runs}
            self._trials = {key: trial for key, trial in self._trials.items() if key in living}

    def _advance_safely(self, run: Run, busy: dict[str, Run]) -> bool:
        trial = self._trials.setdefault(run.id, _Trial())
        now = self._clock.now()
        if trial.look is None and trial.due_at is not None and now < trial.due_at:
            return False
        try:
            return self._advance(run, busy, trial)
        except self._failures as error:
            trial.failures += 1
            wait_s = min(MAX_BACKOFF_S, 0.2 * 2 ** min(trial.failures, 10))
            trial.due_at = now + timedelta(seconds=wait_s)
            self._note_failure(run, error)
            return False

    def _advance(self, run: Run, busy: dict[str, Run], trial: _Trial) -> bool:
        moved = False
        current: Run | None = run
        while current is not None:
            before = current
            current = self._advance_once(before, busy, trial)
            if current is not None:
                moved = True
                trial.failures, trial.due_at = 0, None
                if current.state in WORKING:
                    busy[current.service_id] = current
                elif busy.get(current.service_id) == before:
                    del busy[current.service_id]
        return moved

    def _advance_once(self, run: Run, busy: dict[str, Run], trial: _Trial) -> Run | None:
        """Return the run one transition further, `None` when there is nothing to do now."""
        if run.state is RunState.UNDOING:
            return self._undo(run)
        if run.released:
            return self._begin_undo(run) if run.state is not RunState.UNDONE else None
        match run.state:
            case RunState.APPROVED:
                return self._begin(run, busy.get(run.service_id))
            case RunState.ACTING:
                return self._act(run)
            case RunState.VERIFYING:
                return self._verify(run, trial)
        return None

    # Acting.

    def _begin(self, run: Run, busy: Run | None) -> Run | None:
        now = self._clock.now()
        with self._store.write(run.org, now) as tx:
            if tx.runs.get(run.id) != run:
                return None
            hold = find_hold(run, paused=is_paused(tx), busy=busy)
            if hold is None:
                return intend(tx, replace(run, state=RunState.ACTING), now)
            if hold != run.held:
                held = replace(run, held=hold, updated_at=now)
                tx.runs.save(held)
                journal_run(tx, "run.held", held, AUTOMATION, held=hold)
        return None

    def _act(self, run: Run) -> Run | None:
        step = next((step for step in run.steps if step.state is not StepState.DONE), None)
        now = self._clock.now()
        with self._store.write(run.org, now) as tx:
            if tx.runs.get(run.id) != run:
                return None
            if step is None:
                return self._finish_acting(tx, run, now)
            if step.state is StepState.PENDING:
                if find_hold(run, paused=is_paused(tx), busy=None) is not None:
                    return None
                return intend(tx, run, now)
            done = carry_out(tx, run, step, now)
            changed = with_step(run, done, now)
            if done.state is StepState.DONE and done.number == len(run.steps):
                changed = self._finish_acting(tx, changed, now)
            elif done.state is not StepState.DONE:
                changed = replace(changed, state=RunState.FAILED, held=done.detail)
            tx.runs.save(changed)
            journal_run(tx, "run.step", changed, AUTOMATION, **step_facts(done, "after"))
        self._on_flags(run.org, run.environment)
        return changed

    def _finish_acting(self, tx: Transaction, run: Run, now: datetime) -> Run:
        changed = replace(run, state=RunState.VERIFYING, updated_at=now)
        tx.runs.save(changed)
        self._transit(tx, run, now, lambda exposure: act(exposure, now))
        return changed

    # Verifying.

    def _verify(self, run: Run, trial: _Trial) -> Run | None:
        if not run.plan.verify:
            return self._fail(run, "the plan has no probe; whether it helps is not proven, and it stays in place")
        if trial.look is None:
            trial.look = self._start_look(run)
        if not trial.look.done():
            return None
        outcome, seen_at = trial.look.result()
        trial.look = None
        if outcome.holds:
            return self._prove(run, outcome.detail, seen_at)
        began_at = max((step.at for step in run.steps if step.at is not None), default=run.created_at)
        if seen_at - began_at >= timedelta(seconds=max(probe.deadline_s for probe in run.plan.verify)):
            return self._fail(run, f"no proof in time, it stays in place; {outcome.detail}")
        trial.due_at = seen_at + timedelta(seconds=min(probe.interval_s for probe in run.plan.verify))
        return None

    def _start_look(self, run: Run) -> "Future[tuple[Outcome, datetime]]":
        if self._executor is not None:
            future = self._executor.submit(self._look, run)
            future.add_done_callback(lambda _: self._wake.set())
            return future
        done: Future[tuple[Outcome, datetime]] = Future()
        done.set_result(self._look(run))
        return done

    def _look(self, run: Run) -> tuple[Outcome, datetime]:
        outcome = look(self._http, run.plan.verify)
        return outcome, self._clock.now()

    def _prove(self, run: Run, proof: str, seen_at: datetime) -> Run | None:
        now = self._clock.now()
        full = run.plan.coverage is Coverage.FULL
        held = None if full else f"coverage is {run.plan.coverage}: it helps, and the clock goes on"
        with self._store.write(run.org, now) as tx:
            if tx.runs.get(run.id) != run:
                return None
            changed = replace(run, state=RunState.EFFECTIVE, proof=proof, held=held, updated_at=now)
            tx.runs.save(changed)
            journal_run(tx, "run.effective", changed, AUTOMATION, proof=proof, coverage=run.plan.coverage)
            if full:
                acted_at = max((step.at for step in run.steps if step.at is not None), default=seen_at)
                self._transit(tx, run, now, lambda exposure: mitigate(exposure, acted_at, seen_at))
        return changed

    def _fail(self, run: Run, because: str) -> Run | None:
        now = self._clock.now()
        with self._store.write(run.org, now) as tx:
            if tx.runs.get(run.id) != run:
                return None
            changed = replace(run, state=RunState.FAILED, held=because, updated_at=now)
            tx.runs.save(changed)
            journal_run(tx, "run.failed", changed, AUTOMATION, because=because)
        return changed

    # Undoing.

    def _begin_undo(self, run: Run) -> Run | None:
        now = self._clock.now()
        with self._store.write(run.org, now) as tx:
            if tx.runs.get(run.id) != run:
                return None
            changed = replace(run, state=RunState.UNDOING, updated_at=now)
            tx.runs.save(changed)
            journal_run(tx, "run.undoing", changed, AUTOMATION)
        return changed

    def _undo(self, run: Run) -> Run | None:
        now = self._clock.now()
        with self._store.write(run.org, now) as tx:
            if tx.runs.get(run.id) != run:
                return None
            changed = run
            for step in reversed(run.steps):
                if step.state in TOUCHED:
                    undone = take_back(tx, run, step, now)
                    changed = with_step(changed, undone, now)
                    journal_run(tx, "run.step", changed, AUTOMATION, **step_facts(undone, "undone"))
            changed = replace(changed, state=RunState.UNDONE, held=None, released=True, updated_at=now)
            tx.runs.save(changed)
            journal_run(tx, "run.undone", changed, AUTOMATION)
            if not still_guarded(tx, run):
                self._transit(tx, run, now, lambda exposure: lift(exposure, now))
        self._on_flags(run.org, run.environment)
        return changed

    # What runs do to exposures, and what goes wrong.

    def _transit(self, tx: Transaction, run: Run, now: datetime, transition: Callable[[Exposure], Transition]) -> None:
        """Move the run's exposure; one whose state meanwhile forbids it (waived, resolved) stays as it is."""
        try:
            step = transition(tx.exposures.get(run.exposure))
        except (ConflictError, NotFoundError):
            return
        if step.after != step.before:
            record_transitions(Turn(tx, now, self._ids), [step])

    def _note_failure(self, run: Run, error: Exception) -> None:
        """Record in the run what went wrong; a run that can't act in time fails. Silent if that can't be written."""
        message = error.message if isinstance(error, HoldfastError) else type(error).__name__
        now = self._clock.now()
        try:
            with self._store.write(run.org, now) as tx:
                current = tx.runs.get(run.id)
                changed = with_failure(current, message, now)
                if changed != current:
                    tx.runs.save(changed)
                    journal_run(tx, "run.trouble", changed, AUTOMATION, because=message)
        except self._failures:
            return  # the store itself is away: the next round meets it again
