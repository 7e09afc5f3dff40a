"""What a rehearsal is played on: the plan as it is declared, and everything it needs around it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from holdfast.errors import HoldfastError, NotFoundError
from holdfast.loop.drills import DrillReader
from holdfast.loop.drills_inputs import flags_of, resolved_steps
from holdfast.loop.drills_log import DrillLog
from holdfast.loop.drills_world import LookingWorld, Surroundings
from holdfast.loop.world import NoReleases
from holdfast.mitigations.action import Call
from holdfast.mitigations.probe import Outcome, look_once, lookers_in
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Environment, Reach, Release
from holdfast.model.plan import Plan, Probe, ServiceManifest, Step
from holdfast.model.target import Target
from holdfast.ports.canary import Canary, Wait
from holdfast.ports.clock import Clock
from holdfast.ports.http import Http
from holdfast.ports.ids import Ids
from holdfast.ports.senses import Senses
from holdfast.ports.store import Store, Transaction
from holdfast.ports.tcp import Tcp
from holdfast.ports.world import Receivers, Releases, Targets


def _no_releases(_org: str) -> Releases:
    return NoReleases()


def _no_entries(_org: str) -> Sequence[Target]:
    return ()


def _nobody(_org: str, _environment: str = "") -> None:
    return None


@frozen
class Stage:
    """What a drill may use. `wait` lets time pass, `on_flags` is told after flags were changed, `on_change` otherwise.

    `sign` signs evidence and findings with the house's key, `verify` checks what it signed; `submit` hands a signed
    finding to the intake of this very house, `None` where it is called directly. `canary` is `None` where nothing of
    ours serves flags. `entries` are those of the operator's file that an org may use.
    """

    store: Store
    clock: Clock
    ids: Ids
    http: Http = field(repr=False)
    wait: Wait = field(repr=False)
    sign: Callable[[bytes], bytes] = field(repr=False)
    verify: Callable[[bytes, bytes], bool] = field(repr=False)
    public_key: bytes = b""
    canary: Canary | None = None
    targets: Targets | None = None
    receivers: Receivers | None = None
    releases: Callable[[str], Releases] = field(default=_no_releases, repr=False)
    tcp: Tcp | None = None
    entries: Callable[[str], Sequence[Target]] = field(default=_no_entries, repr=False)
    submit: Callable[[str, str], None] | None = field(default=None, repr=False)
    on_flags: Callable[[str, str], None] = field(default=_nobody, repr=False)
    on_change: Callable[[str], None] = field(default=_nobody, repr=False)
    failures: tuple[type[Exception], ...] = (HoldfastError,)

    def world(self, org: str, environment: str) -> LookingWorld:
        """Return the world of an environment, to be looked at."""
        senses = Senses(self.http, self.tcp)
        around = Surroundings(self.store, self.targets, self.receivers, self.releases, senses)
        return LookingWorld(around, org, environment)


@frozen
class Piece:
    """What is rehearsed: a plan of a service in an environment, as they are declared now."""

    manifest: ServiceManifest
    plan: Plan
    environment: Environment
    releases: tuple[Release, ...]
    inputs: Mapping[str, str]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps with their arguments written out."""
        return resolved_steps(self.plan, self.manifest.features)

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that it touches."""
        return flags_of(self.plan, self.manifest.features)


def load_piece(  # noqa: PLR0917  what names a rehearsal, in its order
    tx: Transaction, service_id: str, plan_id: str, environment: str, now: datetime, release: str | None = None
) -> Piece:
    """Return what is to be rehearsed; with `release` as that one declares it, as if it ran there.

    Raises:
        NotFoundError: no such service, plan or environment; names what there is.
    """
    reader = DrillReader(tx, now)
    if release is not None:
        reader.assume(service_id, environment, tx.releases.get(release))
    name = tx.services.get(service_id).name
    manifest = reader.manifest(service_id)
    plans = manifest.plans if manifest else ()
    plan = next((one for one in plans if one.id == plan_id), None)
    if manifest is None or plan is None:
        known = ", ".join(f"`{one.id}`" for one in plans)
        hint = f"one of {known}" if known else "declare one under `plans` in its holdfast.yaml"
        raise NotFoundError(f"`{name}` has no plan `{plan_id[:80]}`", hint=hint)
    place = tx.environments.find(environment)
    if place is None:
        known = ", ".join(f"`{one.name}`" for one in tx.environments.list())
        raise NotFoundError(f"there is no environment `{environment[:80]}`", hint=f"one of {known}" if known else None)
    releases = tuple(reader.releases(service_id, environment))
    return Piece(manifest, plan, place, releases, reader.inputs(plan, service_id, environment))


@frozen
class Rehearsal:
    """A drill under way: where it is played, what is rehearsed, and what was seen so far."""

    stage: Stage
    piece: Piece
    log: DrillLog

    @property
    def org(self) -> str:
        """The tenant."""
        return self.log.evidence.org

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.piece.environment.name

    def world(self) -> LookingWorld:
        """Return the environment's world, to be looked at."""
        return self.stage.world(self.org, self.environment)

    def look(self, probe: Probe) -> Outcome:
        """Send one probe; one with `{target}` to every live target, of which the first that does not hold counts."""
        lookers = lookers_in(self.world(), self.environment, self.log.evidence.service)
        if "{target}" not in probe.url:
            return look_once(lookers, probe)
        with self.stage.store.read(self.org) as tx:
            runs = tx.deployments.runs(self.log.evidence.service_id, self.environment, self.stage.clock.now())
        names = sorted({one.target for one in runs if one.release_id})
        if not names:
            return Outcome(False, f"no live target of `{self.log.evidence.service}` in {self.environment} is known")
        seen = [look_once(lookers, replace(probe, url=probe.url.replace("{target}", name))) for name in names]
        return next((one for one in seen if not one.holds), seen[0])

    def look_all(self) -> Outcome:
        """Send the plan's probes; they hold together."""
        seen = [self.look(probe) for probe in self.piece.plan.verify]
        wrong = next((one for one in seen if not one.holds), None)
        return wrong or Outcome(bool(seen), "; ".join(one.detail for one in seen) or "there is no probe")

    def calls(self) -> list[Call]:
        """Return the uses of actions that the plan's steps would be."""
        now, world = self.stage.clock.now(), self.world()
        return [self._call(number, step, now, world) for number, step in enumerate(self.piece.steps, 1)]

    def _call(self, number: int, step: Step, now: datetime, world: LookingWorld) -> Call:
        evidence = self.log.evidence
        return Call(
            org=evidence.org,
            environment=evidence.environment,
            service_id=evidence.service_id,
            service=evidence.service,
            run=evidence.id,
            number=number,
            key=f"{evidence.id}/{number}",
            step=step,
            reason=f"drill {evidence.id} of plan `{self.piece.plan.id}`",
            at=now,
            world=world,
        )


def is_open_to_all(environment: Environment) -> bool:
    """Whether it must be taken as reachable from the internet: it says so, or does not say."""
    return environment.reach in {Reach.INTERNET, Reach.UNKNOWN}
