"""Which release may take another's place, chosen by proof; the judgement itself is `mitigations.release_judgement`.

Rules:
1. What is recorded is read in one short transaction, then the deployer is asked while none is open, then exposures are
   read in another.
2. What the target runs must be what is recorded of it: on records that the world contradicts nothing is chosen.
3. Candidates are judged the newest first, and the first without an objection is taken. When each has one, all are told.
4. What runs must be there as well, whole: without it there would be no way back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from holdfast.errors import NotFoundError, PlanError
from holdfast.loop.feed_state import feed_state
from holdfast.loop.release_exposure import ExposureReader, hole_of, with_exposures
from holdfast.mitigations.release_judgement import (
    explain_less,
    find_failed,
    find_forbidding,
    find_never_healthy,
    find_not_less,
)
from holdfast.model.exposure import Exposure, Subject
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.inventory import Deployment, Release, Service, Status
from holdfast.model.verdict import Unknown
from holdfast.ports.clock import Clock
from holdfast.ports.deployer import Deployer
from holdfast.ports.store import Store, Transaction
from holdfast.ports.world import ReleaseChoice, Targets

FEED_MAX_AGE = timedelta(hours=24)
MOST_JUDGED = 50
_SHOWN = 10


@frozen
class _Ground:
    """What is recorded of a service on a target: its deployments there, its releases by id, what runs elsewhere."""

    service: Service
    environment: str
    target: str
    slot: tuple[Deployment, ...]
    releases: Mapping[str, Release]
    beside: tuple[str, ...]
    now: datetime

    def occupying(self) -> list[Release]:
        """The releases that occupy the target now, as recorded."""
        here = [one for one in self.slot if one.status is Status.SUCCEEDED and one.started_at <= self.now]
        ids = {one.release_id for one in here if one.ended_at is None or one.ended_at > self.now}
        return [release for key, release in self.releases.items() if key in ids]

    def since(self, release_id: str) -> list[Release]:
        """What ran, or was tried, on the target after a release last ended there, and what runs there or beside it."""
        ends = [one.ended_at for one in self.slot if one.release_id == release_id and one.ended_at is not None]
        start = max(ends, default=None)
        later = {one.release_id for one in self.slot if start is None or one.started_at >= start}
        later |= {*self.beside, *(release.id for release in self.occupying())}
        return [release for key, release in self.releases.items() if key in later]

    def last_ran(self, release: Release) -> tuple[datetime, str]:
        """What orders releases that ran here: the instant at which each was replaced last."""
        mine = (one.ended_at for one in self.slot if one.release_id == release.id and one.ended_at is not None)
        return (max(mine, default=release.recorded_at), release.id)


@frozen
class _Question:
    """What is asked: to go back or forward, to one version or any, and away from which hole."""

    back: bool
    version: str | None
    exposure: str | None


class ReleaseChooser:
    """Chooses releases for one org; implements `ports.world.Releases`.

    A feed older than `feed_max_age` is named in the proof: both releases are judged by the same records. A `rehearsal`
    takes what is as exposed as well: nothing need be wrong while the way back is looked for.
    """

    def __init__(
        self,
        store: Store,
        org: str,
        targets: Targets,
        clock: Clock,
        feed_max_age: timedelta = FEED_MAX_AGE,
        *,
        rehearsal: bool = False,
    ) -> None:
        self._store = store
        self._org = org
        self._targets = targets
        self._clock = clock
        self._feed_max_age = feed_max_age
        self._rehearsal = rehearsal

    def find_rollback(
        self,
        service_id: str,
        environment: str,
        *,
        version: str | None = None,
        deployer: str | None = None,
        exposure: str | None = None,
    ) -> ReleaseChoice:
        """Return the newest earlier release that ran healthy here, is there, is strictly less exposed and allowed.

        Raises:
            PlanError: there is none; says of each candidate why not.
            ActionError: the deployer can't be asked.
        """
        return self._find(service_id, environment, deployer, _Question(True, version, exposure))

    def find_forward(
        self,
        service_id: str,
        environment: str,
        version: str | None,
        *,
        deployer: str | None = None,
        exposure: str | None = None,
    ) -> ReleaseChoice:
        """Return the release to roll forward to: the named version, or the newest that is strictly less exposed.

        Raises:
            PlanError: there is none; says of each candidate why not.
            ActionError: the deployer can't be asked.
        """
        return self._find(service_id, environment, deployer, _Question(False, version, exposure))

    def _find(self, service_id: str, environment: str, name: str | None, question: _Question) -> ReleaseChoice:
        with self._store.read(self._org) as tx:
            service = tx.services.get(service_id)
        deployer = open_deployer(self._targets, environment, service.name, name)
        with self._store.read(self._org) as tx:
            ground = _read_ground(tx, service, environment, deployer.target, self._clock.now())
        running = _running(ground, deployer)
        there = frozenset(deployer.versions())
        if running.version not in there:
            raise PlanError(
                f"`{service.name} {running.version}` runs on `{deployer.target}`, and its artifact is not there whole: "
                "there would be no way back",
                hint="put it there again before anything is switched",
            )
        candidates = _candidates(ground, running, question)
        refused = {one.id: because for one in candidates if (because := _refuse(one, ground, there, question))}
        with self._store.read(self._org) as tx:
            return self._choose(tx, ground, running, candidates, question, refused=refused)

    def _choose(
        self,
        tx: Transaction,
        ground: _Ground,
        running: Release,
        candidates: Sequence[Release],
        question: _Question,
        *,
        refused: dict[str, str],
    ) -> ReleaseChoice:
        reader = ExposureReader(tx)
        exposures = _live(tx, ground, running)
        now_exposed = with_exposures(reader.of(running), exposures)
        about = _about(tx, question.exposure)
        for candidate in candidates:
            if candidate.id in refused:
                continue
            exposed = reader.of(candidate)
            hole = hole_of(about) if about else None
            because = find_not_less(exposed, now_exposed, hole, strictly=not self._rehearsal)
            if because is None:
                proof = (*_proof(candidate, ground, question), f"{explain_less(exposed, now_exposed)}.")
                passed = tuple(
                    f"`{one.version}` was passed over: {refused[one.id]}." for one in candidates if one.id in refused
                )
                caveats = self._caveats(tx, reader.ecosystems, ground.now)
                return ReleaseChoice(candidate.id, candidate.version, (*proof, *caveats, *passed[:_SHOWN]), running.id)
            refused[candidate.id] = because
        raise _none_left(ground, running, candidates, refused, question)

    def _caveats(self, tx: Transaction, ecosystems: Sequence[str], now: datetime) -> tuple[str, ...]:
        """Name what both releases were judged without."""
        states = feed_state(tx, now, self._feed_max_age, ecosystems=ecosystems)
        return tuple(
            f"Advisories for {state.ecosystem} are not up to date: {state.verdict.because}."
            for state in states
            if isinstance(state.verdict, Unknown)
        )


def open_deployer(targets: Targets, environment: str, service: str, name: str | None) -> Deployer:
    """Return the deployer of a service in an environment; by name where there are several."""
    return targets.deployer(environment, service, name) if name else targets.deployer(environment, service)


def _read_ground(tx: Transaction, service: Service, environment: str, target: str, now: datetime) -> _Ground:
    releases = {release.id: release for release in tx.releases.find(service=service.id)}
    slot = tuple(tx.deployments.slot(service.id, environment, target))
    beside = {one.release_id for one in tx.deployments.runs(service.id, environment, now) if one.target != target}
    return _Ground(service, environment, target, slot, releases, tuple(one for one in beside if one), now)


def _running(ground: _Ground, deployer: Deployer) -> Release:
    """Return the release that the target runs.

    Raises:
        PlanError: nothing is recorded there, or something else.
    """
    recorded, where = ground.occupying(), f"`{ground.target}` in `{ground.environment}`"
    if not recorded:
        raise PlanError(
            f"nothing is recorded to run `{ground.service.name}` on {where}", hint="record it: `holdfast deploy`"
        )
    seen = deployer.read()
    version = seen.version or seen.wanted
    found = [release for release in recorded if release.version == version]
    if len(found) == 1:
        return found[0]
    known = ", ".join(sorted({f"`{release.version}`" for release in recorded}))
    if found:
        raise PlanError(f"several releases are called {known} on {where}", hint="give each build a version of its own")
    raise PlanError(
        f"{where} runs `{version or 'nothing'}`, and {known} is recorded",
        hint="record what was deployed there: `holdfast deploy`",
    )


def _candidates(ground: _Ground, running: Release, question: _Question) -> list[Release]:
    """Return what might take the running release's place, the newest first."""
    others = [one for one in ground.releases.values() if one.id != running.id]
    if question.version is not None:
        others = [one for one in others if one.version == question.version]
    if question.back:
        ran = {one.release_id for one in ground.slot}
        if question.version is None:
            others = [one for one in others if one.id in ran]
        return sorted(others, key=ground.last_ran, reverse=True)[:MOST_JUDGED]
    if question.version is None:
        others = [one for one in others if (one.recorded_at, one.id) > (running.recorded_at, running.id)]
    return sorted(others, key=lambda one: (one.recorded_at, one.id), reverse=True)[:MOST_JUDGED]


def _refuse(candidate: Release, ground: _Ground, there: frozenset[str], question: _Question) -> str | None:
    """Say what speaks against a candidate before its exposure is looked at."""
    twins = [one for one in ground.releases.values() if one.version == candidate.version and one.id != candidate.id]
    if twins:
        return f"{len(twins) + 1} releases are called `{candidate.version}`, and which one is there can't be told"
    tried = find_never_healthy if question.back else find_failed
    because = tried(candidate.id, ground.slot)
    if because is not None:
        return because
    if candidate.version not in there:
        return "its artifact is not there, or not whole"
    return find_forbidding(candidate, ground.since(candidate.id), tuple(ground.releases.values()))


def _live(tx: Transaction, ground: _Ground, running: Release) -> list[Exposure]:
    """Return the exposures that the running release is known to have, those that a drill made up as well."""
    subject = Subject("service", ground.service.id, ground.service.name)
    here = tx.exposures.of_subjects([(subject, ground.environment)])
    return [one for one in here if one.is_live and (one.drill is not None or running.id in one.releases)]


def _about(tx: Transaction, exposure_id: str | None) -> Exposure | None:
    """Return the exposure that is to be closed; one that is gone no longer counts."""
    if not exposure_id:
        return None
    try:
        return tx.exposures.get(exposure_id)
    except NotFoundError:
        return None


def _proof(candidate: Release, ground: _Ground, question: _Question) -> tuple[str, ...]:
    replaced_at, _ = ground.last_ran(candidate)
    ran = f"`{candidate.version}` ran healthy here until it was replaced at {format_instant(replaced_at)}."
    new = f"`{candidate.version}` was registered at {format_instant(candidate.recorded_at)}, and did not fail here."
    return (ran if question.back else new, "Its artifact is there, whole.", "No release that ran since forbids it.")


def _none_left(
    ground: _Ground,
    running: Release,
    candidates: Sequence[Release],
    refused: Mapping[str, str],
    question: _Question,
) -> PlanError:
    way = "back" if question.back else "forward"
    head = f"nothing to go {way} to from `{ground.service.name} {running.version}` in `{ground.environment}`"
    if not candidates:
        named = f"there is no other release `{question.version}`" if question.version else "there is no other release"
        return PlanError(f"{head}: {named}", hint="register and deploy one")
    told = [f"`{one.version}`: {refused[one.id]}" for one in candidates[:_SHOWN]]
    more = f"; and {len(candidates) - _SHOWN} more" if len(candidates) > _SHOWN else ""
    return PlanError(f"{head}: {'; '.join(told)}{more}", hint="ship a release that is less exposed")
