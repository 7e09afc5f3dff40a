"""The engine: carries approved runs out, reads them back, and takes them back.

Rules:
1. `intent` is committed before anything outside acts. After a crash an intent is looked at first, and carried out only
   if its effect is absent. What lies in the store is committed together with its journal entry, or not at all.
2. A worker drives a run under a lease that each of its commits keeps: one that lost it changes nothing any more. It
   holds a lease while it has something to do, and lets go when the run rests.
3. What takes its time happens while no transaction is open, and blocks no other run.
4. Every transition reads the run again inside a write transaction. In a storm many runs share one; if it fails, each is
   tried by itself.
5. The clock stops at the instant a probe saw the effect, never at the write. When none holds in time the run is
   `failed` and its effect stays, the safer side.
6. An error of one run is recorded in it and tried again, later and later. It never ends the engine.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta

from holdfast.errors import ActionError, ConflictError, FencedError, HoldfastError, NotFoundError, PlanError
from holdfast.loop.free_world import LEASE, Reach
from holdfast.loop.guards import HoldFinder
from holdfast.loop.respond_deeds import Deed, Job, find_next, note_step_error
from holdfast.loop.respond_hands import Hand, Keeper, start, urgency
from holdfast.loop.respond_outcomes import note_trouble
from holdfast.loop.respond_outside import At, Grip, Outside
from holdfast.loop.respond_setting import Did, Setting, StepError, is_still_held
from holdfast.loop.unforeseen import only_promised
from holdfast.loop.world import NoReceivers, NoReleases, NoTargets
from holdfast.model.run import Lease, Run
from holdfast.ports.clock import Clock
from holdfast.ports.http import Http
from holdfast.ports.ids import Ids
from holdfast.ports.senses import Senses
from holdfast.ports.store import Store, Transaction
from holdfast.ports.tcp import Tcp
from holdfast.ports.world import Receivers, Releases, Targets

MAX_BACKOFF_S = 60.0
ROUND_LIMIT = 500
MOST_DUE = 10_000
TOGETHER = 25
IDLE_S = 0.1
LONGEST_IDLE_S = 2.0
KEEP_S = 0.5
JUST_JUDGED = timedelta(seconds=5)


def _ignore(_org: str, _environment: str) -> None:
    return None


def _pass_by(_name: str, _run: Run, _step: int) -> None:
    return None


def _no_releases(_org: str) -> Releases:
    return NoReleases()


_OF_ONE = (ActionError, PlanError, ConflictError, NotFoundError)
"""Errors of one run; others are the store's."""


@dataclass(slots=True)
class _Round:
    """What was read at the beginning of a round."""

    runs: list[Run]
    due: dict[str, set[str]]
    still_held: set[str]
    next_at: datetime | None


class Engine:
    """Carries runs out, one org's round at a time.

    `executor` is where targets and probes are waited for; without one they are asked inline. `on_flags` is told (org,
    environment) after a change that may be one of flags was committed. `failures` are the errors that the store is
    known to raise. `at` is told every boundary of a commit and of an external call. `releases` opens the choice of
    releases of an org. `feed_max_age` as in `Turn`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        http: Http,
        *,
        tcp: Tcp | None = None,
        targets: Targets | None = None,
        receivers: Receivers | None = None,
        releases: Callable[[str], Releases] = _no_releases,
        executor: Executor | None = None,
        on_flags: Callable[[str, str], None] = _ignore,
        failures: tuple[type[Exception], ...] = (HoldfastError,),
        feed_max_age: timedelta | None = None,
        at: At = _pass_by,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._reach = Reach(
            store, clock, targets or NoTargets(), receivers or NoReceivers(), releases, Senses(http, tcp)
        )
        self._outside = Outside(self._reach, at, failures)
        self._executor = executor
        self._on_flags = on_flags
        self._failures = failures
        self._feed_max_age = feed_max_age
        self._at = at
        self._owner = ids.new("wrk")
        self._hands: dict[str, Hand] = {}
        self._keeper = Keeper(store, clock, failures)
        self._next_at: datetime | None = None
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look at once instead of at the next tick; called after a run was made or approved."""
        self._wake.set()

    def run_forever(self, stop: threading.Event) -> None:
        """Go round until told to stop; then let go of every run that nothing goes on for."""
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep_on, args=(ended,), name="holdfast-keeper", daemon=True)
        keeper.start()
        try:
            while not stop.is_set():
                self._go_round(stop)
        finally:
            ended.set()
            keeper.join()
            self._let_go()

    def _go_round(self, stop: threading.Event) -> None:
        self._wake.clear()
        began_at, moved = self._clock.now(), 0
        self._next_at = None
        try:
            for org in self._store.tenants.orgs():
                moved += self.step(org.id)
        except self._failures:  # the store is away; what each run says of it is recorded when it is back
            stop.wait(IDLE_S * 10)
        if not moved:
            self._wake.wait(self._pause_s(began_at))

    def _pause_s(self, began_at: datetime) -> float:
        """Return how long to sleep: until the next thing is due, and never so short that looking is all it does."""
        now = self._clock.now()
        idle_s = min(LONGEST_IDLE_S, max(IDLE_S, 10 * (now - began_at).total_seconds()))
        due = [hand.due_at for hand in self._hands.values() if hand.due_at is not None and hand.job is None]
        soonest = min([*due, *([self._next_at] if self._next_at else [])], default=None)
        return idle_s if soonest is None else min(idle_s, max(0.005, (soonest - now).total_seconds()))

    def _keep_on(self, ended: threading.Event) -> None:
        while not ended.wait(KEEP_S):
            self._keeper.keep(list(self._hands.values()))

    def _let_go(self) -> None:
        """Give back every lease; what goes on outside ends without being written, and is looked at by who is next."""
        held, self._hands = list(self._hands.values()), {}
        for hand in held:
            if hand.grip is not None and (hand.job is None or hand.job.done()):
                try:
                    with self._store.write_now(hand.run.org, self._clock) as (tx, _):
                        tx.leases.give(hand.grip.lease)
                except self._failures:
                    return  # the store is away: they run out by themselves

    # A round.

    def step(self, org: str) -> int:
        """Do one bounded round; returns how many transitions were made."""
        self._keeper.keep(hand for hand in self._hands.values() if hand.run.org == org)
        round_ = self._read(org)
        queue = sorted(self._gather(org, round_), key=lambda hand: urgency(hand.run))
        moved = 0
        while queue and moved < ROUND_LIMIT:
            deeds = [(hand, deed) for hand in queue if (deed := self._next(hand, round_)) is not None]
            queue = []
            for start_at in range(0, len(deeds), TOGETHER):
                queue += self._commit(org, deeds[start_at : start_at + TOGETHER])
            moved += len(queue)
            round_.due.clear()
        self._hands = {key: hand for key, hand in self._hands.items() if not hand.is_idle()}
        return moved

    def _read(self, org: str) -> _Round:
        now = self._clock.now()
        with self._store.read(org) as tx:
            runs = {run.id: run for run in tx.runs.ready(self._owner, now)}
            next_at = tx.timers.next_at()
            due: dict[str, set[str]] = {}
            # each by itself: many of one, or of looks, must not hide the other
            for kind in ("expiry", "health") if next_at is not None and next_at <= now else ():
                for timer in tx.timers.due(now, MOST_DUE, kind=kind):
                    due.setdefault(timer.run, set()).add(timer.kind)
            mine = {key for key, hand in self._hands.items() if hand.run.org == org and not hand.is_idle()}
            for run_id in (due.keys() | mine) - runs.keys():
                lease = tx.leases.of(run_id)
                if lease is None or lease.owner == self._owner or lease.until <= now:
                    try:
                        runs[run_id] = tx.runs.get(run_id)
                    except HoldfastError:  # it can't be read, or is gone: that must not stop all others
                        continue
            guards = HoldFinder(tx, now, self._feed_max_age, JUST_JUDGED)
            held = {run.id for run in runs.values() if run.held is not None and self._is_still_held(tx, run, guards)}
        if next_at is not None and next_at > now:
            self._next_at = min(next_at, self._next_at or next_at)
        return _Round(list(runs.values()), due, held, next_at)

    def _is_still_held(self, tx: Transaction, run: Run, guards: HoldFinder) -> bool:
        """Whether what is written in a run that waits still stands: asking again would change nothing."""
        setting = Setting(tx, guards.now, self._ids, self._reach.inside(tx, run.environment), guards)
        try:
            with only_promised("what it waits for", self._failures):
                return is_still_held(setting, run)
        except _OF_ONE:  # it is driven, and meets that again by itself: here it would end the round of all others
            return False

    def _gather(self, org: str, round_: _Round) -> list[Hand]:
        """Bring the hands up to what is stored; those whose runs others have are let go."""
        known = {run.id for run in round_.runs}
        for key, hand in list(self._hands.items()):
            if hand.run.org == org and key not in known:
                del self._hands[key]
        for run in round_.runs:
            hand = self._hands.setdefault(run.id, Hand(run))
            if hand.run is not run and hand.run != run:
                hand.run, hand.due_at, hand.fresh, hand.cleared = run, None, None, None
        return [self._hands[run.id] for run in round_.runs if run.id not in round_.still_held]

    def _next(self, hand: Hand, round_: _Round) -> Deed | None:
        """Return what is to be committed for a run; what is to be done outside is started."""
        while True:
            try:
                with only_promised("what comes next", self._failures):
                    found = find_next(hand, self._outside, self._clock.now(), round_.due.get(hand.run.id, ()))
            except _OF_ONE as error:
                hand.job = None
                self._stumble(hand, error, 1)
                return None
            if not isinstance(found, Job):
                return found
            hand.asked = found.about
            hand.job = start(self._executor, found.do, self.wake, self._failures)
            if self._executor is not None:
                return None

    # A commit.

    def _commit(self, org: str, batch: Sequence[tuple[Hand, Deed]]) -> list[Hand]:
        """Commit one transition of several runs; returns the hands that went on."""
        try:
            done = self._write(org, batch)
        except self._failures as error:
            if len(batch) > 1 and isinstance(error, _OF_ONE):
                return [hand for item in batch for hand in self._commit(org, [item])]
            return [hand for hand, _ in batch if self._stumble(hand, error, len(batch))]
        for hand, did, lease in done:
            self._take(hand, did, lease)
        self._tell(did.run for _, did, _ in done if did is not None)
        return [hand for hand, did, _ in done if did is not None]

    def _write(
        self, org: str, batch: Sequence[tuple[Hand, Deed]]
    ) -> list[tuple[Hand, Did, Lease] | tuple[Hand, None, None]]:
        done: list[tuple[Hand, Did, Lease] | tuple[Hand, None, None]] = []
        with self._store.write_now(org, self._clock) as (tx, now):
            guards = HoldFinder(tx, now, self._feed_max_age, JUST_JUDGED)
            for hand, deed in batch:
                lease = self._hold(tx, hand, now)
                if lease is None:
                    done.append((hand, None, None))
                    continue
                run = tx.runs.get(hand.run.id)
                world = self._reach.inside(tx, run.environment)
                with only_promised("its transition", self._failures):
                    did = deed.do(Setting(tx, now, self._ids, world, guards, lease.fence), run)
                self._at(f"before-commit:{did.what}", did.run, did.number)
                if did.rests:
                    tx.leases.give(lease)
                done.append((hand, did, lease))
        for _, made, _ in done:
            if made is not None:
                self._at(f"after-commit:{made.what}", made.run, made.number)
        return done

    def _hold(self, tx: Transaction, hand: Hand, now: datetime) -> Lease | None:
        until = now + LEASE
        if hand.grip is not None:
            return tx.leases.keep(hand.grip.lease, until)
        return tx.leases.claim(hand.run.id, self._owner, now, until)

    def _take(self, hand: Hand, did: Did | None, lease: Lease | None) -> None:
        if did is None or lease is None:  # another worker has it
            self._hands.pop(hand.run.id, None)
            return
        if did.what == "trouble":
            hand.run, hand.grip = did.run, Grip(lease)
            return
        hand.went_on(did)
        if did.rests:
            hand.grip = None
        elif hand.grip is None:
            hand.grip = Grip(lease)
        else:
            hand.grip.lease = lease

    def _stumble(self, hand: Hand, error: Exception, together: int) -> bool:
        """Take an error of one run in; says whether there is something to do for it at once."""
        now = self._clock.now()
        if isinstance(error, FencedError | NotFoundError):
            self._hands.pop(hand.run.id, None)
            return False
        if isinstance(error, StepError):
            note_step_error(hand, error)
            return True
        hand.stumble(now, MAX_BACKOFF_S)
        if together == 1 and isinstance(error, _OF_ONE):
            self._note_trouble(hand, error.message)
        return False

    def _note_trouble(self, hand: Hand, message: str) -> None:
        """Record in the run what went wrong. Silent if that can't be written: the next round meets it again."""
        try:
            with self._store.write_now(hand.run.org, self._clock) as (tx, now):
                note_trouble(tx, tx.runs.get(hand.run.id), now, message)
        except self._failures:
            return

    def _tell(self, runs: Iterable[Run]) -> None:
        for org, environment in sorted({(run.org, run.environment) for run in runs}):
            self._on_flags(org, environment)
