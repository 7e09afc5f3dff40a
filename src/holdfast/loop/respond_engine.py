"""The engine: carries approved runs out, reads them back, and undoes them.

Rules:
1. `intent` is committed before anything acts. After a crash an intent is probed first, and acted on only if its effect
   is absent. What was done is committed together with its journal entry, or not at all.
2. Every transition reads the run again inside a small write transaction: a run that somebody else changed meanwhile is
   left to the next round. In a storm many runs share one; if it fails, each is tried by itself.
3. Probing blocks no other run. The clock stops at the instant a probe saw the effect, never at the write.
4. When no probe holds in time the run is `failed` and its effect stays, the safer side; a person is told by `held`.
5. An error of one run is recorded in it and tried again, later and later. It never ends the engine.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from holdfast.errors import HoldfastError
from holdfast.loop.respond_people import is_paused
from holdfast.loop.respond_steps import (
    act_next,
    acted_last_at,
    begin,
    begin_undo,
    fail,
    note_failure,
    prove,
    undo_all,
    urgency,
)
from holdfast.mitigations.autonomy import WORKING, find_hold
from holdfast.mitigations.probe import Outcome, look
from holdfast.model.run import Run, RunState
from holdfast.ports.clock import Clock
from holdfast.ports.http import Http
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store, Transaction

MAX_BACKOFF_S = 60.0
ROUND_LIMIT = 500
TOGETHER = 25
IDLE_S = 0.1

Deed = Callable[[Transaction, Run, datetime], Run | None]


@dataclass(slots=True)
class _Trial:
    """What this process remembers of a run between rounds; lost in a crash, and not needed after one."""

    due_at: datetime | None = None
    failures: int = 0
    look: "Future[tuple[Outcome, datetime]] | None" = None


@dataclass(slots=True)
class _Round:
    """What holds runs back in one round: the pause, and per service the run that is at work."""

    paused: bool
    busy: dict[str, Run]

    def note(self, before: Run, after: Run) -> None:
        """Keep up with a run that went on."""
        if after.state in WORKING:
            self.busy[after.service_id] = after
        elif self.busy.get(before.service_id) == before:
            del self.busy[before.service_id]

    def hold(self, run: Run) -> str | None:
        """Return what holds an approved run back."""
        return find_hold(run, paused=self.paused, busy=self.busy.get(run.service_id))


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
            paused = is_paused(tx)
        round_ = _Round(paused, {run.service_id: run for run in runs if run.state in WORKING})
        self._forget(runs)
        newest = self._start_together(org, runs, round_)
        moved = len(newest)
        for run in runs:
            moved += self._advance_safely(newest.get(run.id, run), round_)
            if moved >= ROUND_LIMIT:
                break
        return moved

    def _forget(self, runs: Sequence[Run]) -> None:
        if len(self._trials) > len(runs) + ROUND_LIMIT:
            living = {run.id for run in runs}
            self._trials = {key: trial for key, trial in self._trials.items() if key in living}

    # Many runs at once.

    def _start_together(self, org: str, runs: Sequence[Run], round_: _Round) -> dict[str, Run]:
        """Bring approved runs to work: what one advisory opens does not queue commit by commit."""
        chosen: dict[str, Run] = {}
        for run in runs:
            fresh = run.state is RunState.APPROVED and not run.released and run.id not in self._trials
            if fresh and run.service_id not in chosen and round_.hold(run) is None:
                chosen[run.service_id] = run
        if len(chosen) < 2:
            return {}
        waiting, newest = list(chosen.values())[:ROUND_LIMIT], dict[str, Run]()
        for start in range(0, len(waiting), TOGETHER):
            batch = waiting[start : start + TOGETHER]
            begun = self._write_together(org, batch, lambda tx, run, now: begin(tx, run, now, None))
            acted = self._write_together(org, begun, lambda tx, run, now: act_next(tx, run, now, self._ids))
            newest |= {run.id: run for run in (*begun, *acted)}
            self._tell(acted)
        for run in newest.values():
            round_.busy[run.service_id] = run
        return newest

    def _write_together(self, org: str, runs: Sequence[Run], deed: Deed) -> list[Run]:
        """Do one transition of several runs in one transaction; of none when one of them fails."""
        if not runs:
            return []
        try:
            with self._store.write_now(org, self._clock) as (tx, now):
                done = [deed(tx, run, now) for run in runs if tx.runs.get(run.id) == run]
        except self._failures:
            return []  # each is tried by itself, and what is wrong is noted in the one at fault
        return [run for run in done if run is not None]

    def _tell(self, runs: Sequence[Run]) -> None:
        for org, environment in sorted({(run.org, run.environment) for run in runs}):
            self._on_flags(org, environment)

    # One run.

    def _advance_safely(self, run: Run, round_: _Round) -> bool:
        trial = self._trials.setdefault(run.id, _Trial())
        now = self._clock.now()
        if trial.look is None and trial.due_at is not None and now < trial.due_at:
            return False
        try:
            return self._advance(run, round_, trial)
        except self._failures as error:
            trial.failures += 1
            wait_s = min(MAX_BACKOFF_S, 0.2 * 2 ** min(trial.failures, 10))
            trial.due_at = now + timedelta(seconds=wait_s)
            self._note_failure(run, error)
            return False

    def _advance(self, run: Run, round_: _Round, trial: _Trial) -> bool:
        before, after = run, self._advance_once(run, round_, trial)
        while after is not None:
            trial.failures, trial.due_at = 0, None
            round_.note(before, after)
            before, after = after, self._advance_once(after, round_, trial)
        return before is not run

    def _advance_once(self, run: Run, round_: _Round, trial: _Trial) -> Run | None:
        """Return the run one transition further, `None` when there is nothing to do now."""
        if run.state is RunState.UNDOING:
            return self._changing(run, lambda tx, run, now: undo_all(tx, run, now, self._ids))
        if run.released:
            return self._write(run, begin_undo) if run.state is not RunState.UNDONE else None
        match run.state:
            case RunState.APPROVED:
                hold = round_.hold(run)
                if hold is not None and hold == run.held:
                    return None  # it is written down already
                return self._write(run, lambda tx, run, now: begin(tx, run, now, round_.busy.get(run.service_id)))
            case RunState.ACTING:
                return self._changing(run, lambda tx, run, now: act_next(tx, run, now, self._ids))
            case RunState.VERIFYING:
                return self._verify(run, trial)
        return None

    def _write(self, run: Run, deed: Deed) -> Run | None:
        with self._store.write_now(run.org, self._clock) as (tx, now):
            return deed(tx, run, now) if tx.runs.get(run.id) == run else None

    def _changing(self, run: Run, deed: Deed) -> Run | None:
        """The same, for a transition that may change flags."""
        changed = self._write(run, deed)
        if changed is not None:
            self._on_flags(run.org, run.environment)
        return changed

    def _note_failure(self, run: Run, error: Exception) -> None:
        """Record in the run what went wrong. Silent if that can't be written."""
        message = error.message if isinstance(error, HoldfastError) else type(error).__name__
        try:
            with self._store.write_now(run.org, self._clock) as (tx, now):
                note_failure(tx, tx.runs.get(run.id), now, message)
        except self._failures:
            return  # the store itself is away: the next round meets it again

    # Verifying.

    def _verify(self, run: Run, trial: _Trial) -> Run | None:
        if not run.plan.verify:
            return self._fail(run, "the plan has no probe; whether it helps is not proven, and it stays in place")
        if trial.look is None:
            trial.look = self._start_look(run)
        if not trial.look.done():
            return None
        if trial.look.cancelled():  # the executor is closing: the next process looks
            trial.look = None
            return None
        outcome, seen_at = trial.look.result()
        trial.look = None
        if outcome.holds:
            return self._write(
                run, lambda tx, run, now: prove(tx, run, now, self._ids, proof=outcome.detail, seen_at=seen_at)
            )
        deadline_s = max(probe.deadline_s for probe in run.plan.verify)
        if seen_at - acted_last_at(run) >= timedelta(seconds=deadline_s):
            return self._fail(run, f"no proof in time, it stays in place; {outcome.detail}")
        trial.due_at = seen_at + timedelta(seconds=min(probe.interval_s for probe in run.plan.verify))
        return None

    def _fail(self, run: Run, because: str) -> Run | None:
        return self._write(run, lambda tx, run, now: fail(tx, run, now, because))

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
