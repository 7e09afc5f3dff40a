"""Faults, injected into what carries a drill's own run out, and into nothing else.

Rules:
1. A drill with faults is driven by an engine of its own, which sees no other run: it takes the run's lease in the
   transaction that makes the run. A fault in it hurts nobody's real mitigation.
2. A killed engine lets go of nothing. Whoever else drives runs in this house takes over once its lease has run out.
3. A fault that never came to pass proves nothing: the drill says so and fails.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from holdfast.errors import ActionError, HoldfastError
from holdfast.loop.drills_stage import Stage
from holdfast.loop.free_world import LEASE
from holdfast.loop.respond_engine import Engine
from holdfast.model.drill import DrillEvidence
from holdfast.model.frozen import frozen
from holdfast.model.run import Run, Timer
from holdfast.ports.clock import Clock
from holdfast.ports.http import Answer, Http
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store, Transaction
from holdfast.ports.world import Targets

TIMES = 3
"""How often a target answers wrongly, and the store is away, before all is well again."""
LATEST_KILL = 6

_STATUS = {"token-expired": 401, "target-429": 429, "target-500": 500}
_NO_ANSWER = "target-silent"
_AWAY = "database-restarted"
_KILL = "engine-killed"
_OPENED = frozenset({"flags", "deployer", "proxy", "http", "command"})


class EngineKilledError(BaseException):
    """The engine ended here. Nothing that an engine catches."""


@dataclass(slots=True)
class _Count:
    """How often a fault still happens, and how often it has."""

    left: int = TIMES
    happened: int = 0

    def happens(self) -> bool:
        """Whether it happens this time."""
        if self.left <= 0:
            return False
        self.left -= 1
        self.happened += 1
        return True


class Injected:
    """What was injected. `drives` says that the run is carried out here, by an engine with the faults in it."""

    def __init__(self, stage: Stage, evidence: DrillEvidence, kill_at: int | None = None) -> None:
        """`kill_at` is the boundary at which the engine is killed, counted from 1; by default one at random."""
        self.names = tuple(name for name in evidence.faults if name != "stream-cut")
        self.drives = bool(self.names)
        self._stage = stage
        self._owner = f"wrk_{evidence.id}"
        self._counts = {name: _Count() for name in self.names}
        self._kill_at = kill_at or random.SystemRandom().randint(1, LATEST_KILL)
        self._passed = 0
        self._killed: str | None = None
        self._run: str | None = None
        self._engine: Engine | None = None

    def take(self, tx: Transaction, run: Run, now: datetime) -> None:
        """Take the run, in the transaction that makes it, so that no other engine does."""
        if not self.drives:
            return
        tx.leases.claim(run.id, self._owner, now, now + LEASE)
        self._run = run.id
        stage = self._stage
        store = _Narrow(stage.store, run.id, self._counts.get(_AWAY))
        self._engine = Engine(
            cast("Store", store),
            stage.clock,
            _Named(stage.ids, self._owner),
            cast("Http", _BadHttp(stage.http, self._fail)),
            tcp=stage.tcp,
            targets=cast("Targets", _BadTargets(stage.targets, self._fail)) if stage.targets is not None else None,
            receivers=stage.receivers,
            releases=stage.releases,
            on_flags=stage.on_flags,
            failures=stage.failures,
            at=self._at,
        )

    def go_on(self, org: str) -> None:
        """Let the faulty engine go a round; nothing once it was killed."""
        if self._engine is None:
            return
        try:
            with suppress(*self._stage.failures):  # the store is away: the next round finds it back
                self._engine.step(org)
        except EngineKilledError:
            self._engine = None

    def see(self) -> str:
        """Say what befell it.

        Raises:
            ActionError: a fault never came to pass.
        """
        said = []
        for name in self.names:
            happened = self._counts[name].happened if name != _KILL else int(self._killed is not None)
            if not happened:
                raise ActionError(f"`{name}` never came to pass: nothing met it")
            said.append(f"the engine was killed at `{self._killed}`" if name == _KILL else f"`{name}` × {happened}")
        return f"{', '.join(said)}; it ended well all the same"

    def _at(self, name: str, run: Run, number: int) -> None:
        del run, number
        others = (count for fault, count in self._counts.items() if fault != _KILL)
        if _KILL not in self._counts or any(not count.happened for count in others):
            return  # it is killed once the other faults have come to pass
        self._passed += 1
        if self._passed == self._kill_at:
            self._killed = name
            raise EngineKilledError(name)

    def _fail(self) -> int | None:
        """Return the status that a target answers with this time, 0 for none at all, `None` when it is well."""
        for name, count in self._counts.items():
            if name in _STATUS and count.happens():
                return _STATUS[name]
            if name == _NO_ANSWER and count.happens():
                return 0
        return None


def inject(stage: Stage, evidence: DrillEvidence, kill_at: int | None = None) -> Injected:
    """Return what carries the run out with the drill's faults."""
    return Injected(stage, evidence, kill_at)


@frozen
class _Named:
    """Identifiers, with the worker's chosen before."""

    ids: Ids
    owner: str

    def new(self, prefix: str) -> str:
        return self.owner if prefix == "wrk" else self.ids.new(prefix)


@dataclass(slots=True)
class _Narrow:
    """A store in which there is one run to drive, and that may be away."""

    store: Store
    run: str
    away: _Count | None = None
    tenants: Any = field(init=False)

    def __post_init__(self) -> None:
        self.tenants = self.store.tenants

    @contextmanager
    def read(self, org: str) -> Iterator[Transaction]:
        with self.store.read(org) as tx:
            yield cast("Transaction", _NarrowTransaction(tx, self.run))

    @contextmanager
    def write_now(self, org: str, clock: Clock) -> Iterator[tuple[Transaction, datetime]]:
        with self.store.write_now(org, clock) as (tx, now):
            yield cast("Transaction", _NarrowTransaction(tx, self.run)), now
            self._fall()

    @contextmanager
    def write(self, org: str, now: datetime) -> Iterator[Transaction]:
        with self.store.write(org, now) as tx:
            yield cast("Transaction", _NarrowTransaction(tx, self.run))
            self._fall()

    def close(self) -> None:
        """Leave the real one open."""

    def _fall(self) -> None:
        """Go away just before the commit: what was written is rolled back."""
        if self.away is not None and self.away.happens():
            raise HoldfastError("the store went away: server closed the connection unexpectedly")


class _NarrowTransaction:
    """A transaction that shows one run to who asks what to drive."""

    def __init__(self, tx: Transaction, run: str) -> None:
        self._tx = tx
        self.runs = _NarrowRuns(tx.runs, run)
        self.timers = _NarrowTimers(tx.timers, run)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


class _NarrowRuns:
    def __init__(self, runs: Any, run: str) -> None:
        self._runs, self._run = runs, run

    def ready(self, *given: Any, **named: Any) -> Sequence[Run]:
        return [one for one in self._runs.ready(*given, **named) if one.id == self._run]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)


class _NarrowTimers:
    def __init__(self, timers: Any, run: str) -> None:
        self._timers, self._run = timers, run

    def due(self, *given: Any, **named: Any) -> Sequence[Timer]:
        return [one for one in self._timers.due(*given, **named) if one.run == self._run]

    def next_at(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._timers, name)


@frozen
class _BadHttp:
    """HTTP whose answers are wrong for a while."""

    http: Http
    fail: Callable[[], int | None]

    def open(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout_s: float
    ) -> AbstractContextManager[Answer]:
        status = self.fail()
        if status is None:
            return self.http.open(method, url, headers=headers, timeout_s=timeout_s)
        return _wrong(url, status)


@contextmanager
def _wrong(url: str, status: int) -> Iterator[Answer]:
    if status == 0:
        raise ActionError(f"no answer from {url}: it was told to be silent")
    yield Answer(status, {}, iter((b"",)))


class _BadTargets:
    """Targets that answer wrongly for a while."""

    def __init__(self, targets: Any, fail: Callable[[], int | None]) -> None:
        self._targets, self._fail = targets, fail

    def of(self, org: str) -> "_BadTargets":
        return _BadTargets(self._targets.of(org), self._fail)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._targets, name)
        if name not in _OPENED:
            return found
        return lambda *given, **named: _bad(found(*given, **named), self._fail)


def _bad(target: Any, fail: Callable[[], int | None]) -> Any:
    return None if target is None else _BadTarget(target, fail)


class _BadTarget:
    """One target: every call of it may fail."""

    def __init__(self, target: Any, fail: Callable[[], int | None]) -> None:
        self._target, self._fail = target, fail

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found) or name == "find_problem":
            return found

        def call(*given: Any, **named: Any) -> Any:
            status = self._fail()
            if status is not None:
                raise ActionError(f"status {status}" if status else "no answer: it was told to be silent")
            return found(*given, **named)

        return call
