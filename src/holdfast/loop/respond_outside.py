"""What an engine does while no transaction is open: ask, carry out, look, take back.

Rules:
1. An intent that is not this worker's own fresh one is looked at first; it is carried out only if its effect is absent.
2. Nothing is carried out or taken back once the lease has run out: a worker that was frozen finds that out here.
3. What goes wrong at a target is a value, not an error; only a lost lease ends a job.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from holdfast.errors import ActionError, FencedError, tell_error
from holdfast.loop.flag_proofs import find_behind
from holdfast.loop.free_world import FreeWorld, Reach
from holdfast.loop.respond_plans import make_call
from holdfast.loop.respond_setting import Captured, News, find_target, is_within, traits_of
from holdfast.loop.unforeseen import only_promised
from holdfast.mitigations.action import ActionSpec, Call, ReadBack
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.autonomy import AUTOMATION
from holdfast.mitigations.probe import Outcome, look, lookers_in
from holdfast.mitigations.run import get_step, next_move, saw
from holdfast.mitigations.run_move import Intend, Seen
from holdfast.model.frozen import frozen
from holdfast.model.plan import Probe
from holdfast.model.run import Lease, Run, RunStep

NAMED = 20
"""How many clients of flags are named."""
_OF_FLAGS = frozenset({"flag.off", "flag.on", "flag.set"})

At = Callable[[str, Run, int], None]
"""Told the name of a boundary, the run and the step's number, before and after each commit and each external call."""


@dataclass(slots=True)
class Grip:
    """A worker's hold on a run: its lease as it was kept last."""

    lease: Lease

    def require(self, now: datetime) -> Lease:
        """Return the lease.

        Raises:
            FencedError: it has run out; another worker may have the run by now.
        """
        if now >= self.lease.until:
            raise FencedError(f"the lease on run {self.lease.run} ran out", hint="whoever claims it goes on")
        return self.lease


@frozen
class Prepared:
    """What was found out before a run begins. `problem` says why it can't be carried out as things are."""

    problem: str | None
    news: News


@frozen
class Looked:
    """What the application showed: whether the plan's probes hold, on which live targets they don't, its health.

    `behind` names the live server-side clients of its flags that have not fetched what the run forces.
    """

    outcome: Outcome | None
    seen_at: datetime
    unproven: tuple[str, ...] = ()
    health: Outcome | None = None
    behind: tuple[str, ...] = ()


@frozen
class Outside:
    """Does what may take its time."""

    reach: Reach
    at: At
    failures: tuple[type[Exception], ...] = field(default=(ActionError,))

    def _call(self, run: Run, step: RunStep, lease: Lease | None) -> Call:
        world = FreeWorld(self.reach, run, lease)
        return make_call(run, step, self.reach.clock.now(), world, lease.fence if lease else 0)

    def is_within(self, run: Run, number: int) -> bool:
        """Whether a step's effect lies in our own store."""
        step = get_step(run, number)
        return is_within(get_action(step.step.action), self._call(run, step, None))

    def needs_look(self, run: Run) -> bool:
        """Whether anything outside is to be asked before a run begins."""
        return bool(run.plan.health) or not all(self.is_within(run, step.number) for step in run.steps)

    # Before.

    def prepare(self, run: Run, first: int | None) -> Prepared:
        """Find out whether each target can be used, what the first step will need to be undone, and how all is now."""
        problem = self._find_problem(run) if run.requested_by == AUTOMATION and run.break_glass is None else None
        if problem is not None:
            return Prepared(problem, News())
        healthy = self._look_at(run, run.plan.health).holds if run.plan.health else None
        captured = self.capture(run, first) if first is not None else None
        return Prepared(None, News(captured=captured, healthy=healthy))

    def _find_problem(self, run: Run) -> str | None:
        for step in run.steps:
            spec, call = get_action(step.step.action), self._call(run, step, None)
            try:
                with only_promised(f"`{spec.name}`", self.failures):
                    problem = None if is_within(spec, call) else _find_in_step(spec, call)
            except self.failures as error:
                problem = tell_error(error)
            if problem is not None:
                return f"step {step.number} `{spec.name}` can't be carried out: {problem}"
        return None

    def capture(self, run: Run, number: int) -> Captured | None:
        """Write down what a step's undo will need; `None` for a step within the store, which does so itself.

        Raises:
            ActionError, PlanError: it can't be read.
        """
        step = get_step(run, number)
        spec, call = get_action(step.step.action), self._call(run, step, None)
        if is_within(spec, call):
            return None
        self.at("before-capture", run, number)
        before = spec.capture(call)
        self.at("after-capture", run, number)
        return Captured(number, before, find_target(call))

    # The effect.

    def act(self, run: Run, number: int, grip: Grip, *, fresh: bool, look_only: bool) -> News:
        """Carry a step out, or look at it; with what the next one needs.

        Raises:
            FencedError: the lease has run out, or is lost.
        """
        step = get_step(run, number)
        spec, call = get_action(step.step.action), self._call(run, step, grip.lease)
        seen = None if fresh else self._probe(spec.read_back, call, run, step)
        if seen is None or not (look_only or _is_told(seen, spec)):
            seen = self._do(spec.apply, spec.read_back, replace(call, fresh=fresh), run, step, grip, "act")
        elif seen.present and not look_only:
            seen = replace(seen, detail=f"found in place: {seen.detail}")
        return News(number, seen, captured=self._capture_next(run, step, seen, call))

    def _capture_next(self, run: Run, step: RunStep, seen: Seen, call: Call) -> Captured | None:
        """Capture for the step that is next if this one is done: its intent goes into the same commit."""
        now = self.reach.clock.now()
        traits = traits_of(run, call.world, now)
        if not seen.present:
            return None
        move = next_move(saw(run, step.number, seen, traits(step), now), traits, now)
        if not isinstance(move, Intend):
            return None
        try:
            return self.capture(run, move.number)
        except self.failures:
            return None  # it is tried again by itself, and what is wrong is said there

    def revert(self, run: Run, number: int, grip: Grip, *, fresh: bool, look_only: bool) -> News:
        """Take a step back, or look whether it is gone.

        Raises:
            FencedError: the lease has run out, or is lost.
        """
        step = get_step(run, number)
        spec, call = get_action(step.step.action), self._call(run, step, grip.lease)
        seen = None if fresh else self._probe(spec.read_undone, call, run, step)
        if seen is None or not (look_only or _is_told(seen, spec)):
            seen = self._do(spec.undo, spec.read_undone, call, run, step, grip, "undo")
        return News(number, seen, undone=True)

    def _do(  # noqa: PLR0917  one use of an action, whole
        self,
        deed: Callable[[Call], str],
        read: Callable[[Call], ReadBack],
        call: Call,
        run: Run,
        step: RunStep,
        grip: Grip,
        name: str,
    ) -> Seen:
        error = None
        self.at(f"before-{name}", run, step.number)
        grip.require(self.reach.clock.now())
        try:
            with only_promised(f"`{step.step.action}`", self.failures):
                deed(call)
        except FencedError:
            raise
        except self.failures as failure:
            error = tell_error(failure)
        self.at(f"after-{name}", run, step.number)
        seen = self._probe(read, replace(call, fresh=False), run, step)
        return replace(seen, applied=error is None, error=error or seen.error)

    def _probe(self, read: Callable[[Call], ReadBack], call: Call, run: Run, step: RunStep) -> Seen:
        self.at("before-look", run, step.number)
        try:
            with only_promised(f"`{step.step.action}`", self.failures):
                back = read(call)
        except FencedError:
            raise
        except self.failures as error:
            seen = Seen(None, tell_error(error), error=tell_error(error), unread=True)
        else:
            seen = Seen(back.present, back.detail, back.pending, back.again_at, facts=back.facts)
        self.at("after-look", run, step.number)
        return seen

    # The application.

    def look(self, run: Run, *, verify: bool, health: bool) -> Looked:
        """Look at the application, and at its health."""
        self.at("before-verify", run, 0)
        outcome, unproven = self._verify(run) if verify else (None, ())
        well = self._look_at(run, run.plan.health) if health else None
        behind = self._find_behind(run) if verify else ()
        looked = Looked(outcome, self.reach.clock.now(), unproven, well, behind)
        self.at("after-verify", run, 0)
        return looked

    def _verify(self, run: Run) -> tuple[Outcome, tuple[str, ...]]:
        if not any("{target}" in probe.url for probe in run.plan.verify):
            return self._look_at(run, run.plan.verify), ()
        targets = self._live_targets(run)
        if not targets:
            return Outcome(False, f"no live target of `{run.service}` in {run.environment} is known"), ()
        seen = {target: self._look_at(run, _on_target(run.plan.verify, target)) for target in targets}
        wrong = {target: outcome for target, outcome in seen.items() if not outcome.holds}
        first: Mapping[str, Outcome] = wrong or seen
        detail = "; ".join(f"{target}: {outcome.detail}" for target, outcome in first.items())
        return Outcome(not wrong, detail), tuple(wrong)

    def _find_behind(self, run: Run) -> tuple[str, ...]:
        if not any(step.step.action in _OF_FLAGS for step in run.steps):
            return ()
        with self.reach.store.read(run.org) as tx:
            found = find_behind(tx, run, self.reach.clock.now(), NAMED + 1)
        behind = tuple(f"client {one.id}" for one in found)
        return (*behind[:NAMED], "other clients") if len(behind) > NAMED else behind

    def _live_targets(self, run: Run) -> list[str]:
        with self.reach.store.read(run.org) as tx:
            running, _ = tx.queries.running(service=run.service_id)
        return sorted({one.deployment.target for one in running if one.deployment.environment == run.environment})

    def _look_at(self, run: Run, probes: Sequence[Probe]) -> Outcome:
        """Send probes once: the one place that does."""
        if any("{target}" in probe.url for probe in probes):
            probes = [probe for target in self._live_targets(run) for probe in _on_target(probes, target)]
        return look(lookers_in(FreeWorld(self.reach, run), run.environment, run.service), probes)


def _on_target(probes: Sequence[Probe], target: str) -> list[Probe]:
    return [replace(probe, url=probe.url.replace("{target}", target)) for probe in probes]


def _find_in_step(spec: ActionSpec, call: Call) -> str | None:
    """Say why what lies outside can't be used for a step; an action may say so by failing to plan."""
    problem = spec.find_problem(call)
    if problem is None:
        spec.plan(call)
    return problem


def _is_told(seen: Seen, spec: ActionSpec) -> bool:
    """Whether a look at an intent settles what to do without carrying it out."""
    return bool(seen.present) or seen.pending or seen.unread or (seen.present is None and not spec.idempotent)
