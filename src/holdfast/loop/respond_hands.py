"""What a worker has in hand: the runs that it holds leases on, and what it is doing for each.

All of this is lost in a crash, and nothing of it is needed after one.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from holdfast.errors import FencedError, HoldfastError
from holdfast.loop.free_world import LEASE
from holdfast.loop.respond_outside import Grip, Looked, Prepared
from holdfast.loop.respond_setting import Did, News
from holdfast.loop.unforeseen import only_promised
from holdfast.mitigations.run_move import Move
from holdfast.model.run import Lease, Run, RunState
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store

Result = Prepared | News | Looked
_ORDER = (RunState.UNDOING, RunState.ACTING, RunState.APPROVED, RunState.VERIFYING)


def urgency(run: Run) -> tuple[int, datetime]:
    """Return what sorts runs: what is to be taken back first, then what acts, then what is looked at."""
    if run.released:
        return (-1, run.created_at)
    return (_ORDER.index(run.state) if run.state in _ORDER else len(_ORDER), run.created_at)


@dataclass(slots=True)
class Hand:
    """A run that this worker looks after.

    `grip` is its lease while it has one. `job` is what goes on outside; `fresh` the step that this worker itself wrote
    down to be carried out, or taken back, for the first time, with nothing done since; `cleared` the one that no guard
    held back when they were asked last; `due_at` when to look again, kept in memory alone. `failures` counts what went
    wrong in a row, `unwell` looks at the service's health that failed in a row. `has_held` says that the plan's probes
    held once, `missed` how many looks in a row they have not since. `news` waits to be committed; without `chain` a
    single transition is, after one in which a later one failed. `asked` is what the job is about.
    """

    run: Run
    grip: Grip | None = None
    job: "Future[Result] | None" = None
    fresh: int | None = None
    cleared: int | None = None
    due_at: datetime | None = None
    failures: int = 0
    unwell: int = 0
    has_held: bool = False
    missed: int = 0
    news: News | None = None
    chain: bool = True
    asked: Move | None = None

    def is_idle(self) -> bool:
        """Whether the worker holds nothing and does nothing for it."""
        return self.grip is None and self.job is None and self.due_at is None

    def went_on(self, did: Did) -> None:
        """Note what was committed."""
        self.run, self.fresh, self.cleared = did.run, did.fresh, did.cleared
        self.job, self.news, self.asked, self.failures, self.chain = None, None, None, 0, True
        self.due_at = did.again_at

    def stumble(self, now: datetime, most_s: float) -> None:
        """Note that something went wrong; it is tried again later and later."""
        self.failures += 1
        self.due_at = now + timedelta(seconds=min(most_s, 0.1 * 2 ** min(self.failures, 12)))

    def drop(self) -> None:
        """Forget all that relied on a lease that is lost."""
        self.grip, self.fresh, self.cleared, self.news, self.due_at = None, None, None, None, None


def start(
    executor: Executor | None,
    deed: Callable[[], Result],
    wake: Callable[[], None],
    failures: tuple[type[Exception], ...],
) -> "Future[Result]":
    """Do something outside: in a thread of the executor, or here and now without one.

    What it raises is the future's either way; what nobody promised is an `ActionError`.
    """

    def work() -> Result:
        with only_promised("what was done outside", failures):
            return deed()

    if executor is not None:
        future = executor.submit(work)
        future.add_done_callback(lambda _: wake())
        return future
    done: Future[Result] = Future()
    known: tuple[type[Exception], ...] = (HoldfastError, *failures)
    try:
        done.set_result(work())
    except known as error:
        done.set_exception(error)
    return done


@dataclass(slots=True)
class Keeper:
    """Keeps the leases of what a worker has in hand while it waits for something outside."""

    store: Store
    clock: Clock
    failures: tuple[type[Exception], ...] = field(default=())

    def keep(self, hands: Iterable[Hand]) -> None:
        """Hold every lease longer that is past a third of its time; let go of those that others have by now."""
        now = self.clock.now()
        by_org: dict[str, list[Grip]] = {}
        for hand in hands:
            grip = hand.grip
            if grip is not None and grip.lease.until - now < LEASE * 2 / 3:
                by_org.setdefault(hand.run.org, []).append(grip)
        for org, grips in by_org.items():
            try:
                self._keep(org, grips)
            except self.failures:
                continue  # the store is away: the leases run out, and nothing is carried out without one

    def _keep(self, org: str, grips: list[Grip]) -> None:
        kept: list[tuple[Grip, Lease]] = []
        with self.store.write_now(org, self.clock) as (tx, now):
            for grip in grips:
                try:
                    kept.append((grip, tx.leases.keep(grip.lease, now + LEASE)))
                except FencedError:
                    kept.append((grip, replace(grip.lease, until=now)))
        for grip, lease in kept:
            grip.lease = lease
