"""A drill's synthetic finding: made so that the plan answers it, signed by the house, and taken in as a real one is.

Rules:
1. It names one drill, one environment and one instant, and is worth nothing to any other. It is taken in once.
2. The intake refuses what this house did not sign, what is older than a minute or from the future, what is for another
   environment, and everything for an environment that the internet can reach.
3. What comes of it is the real response: plans are judged, simulated and journaled as for a real finding. The exposure
   and the run carry the drill's id, so that no real figure ever sees them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from itertools import islice, product

from holdfast.errors import ConflictError, FactError, ForbiddenError, JournalError, PlanError, UsageError
from holdfast.findings.dsse import Verify, unseal
from holdfast.findings.lifecycle import OPENED, Transition
from holdfast.loop.drills_stage import Piece, is_open_to_all
from holdfast.loop.reconcile import record_transitions
from holdfast.loop.respond import respond
from holdfast.loop.respond_plans import PlanReader, find_gap, journal_run, simulate
from holdfast.loop.turn import Turn
from holdfast.mitigations.plan import matches_plan
from holdfast.model.component import Location
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome
from holdfast.model.exposure import Clocks, Exposure, Risk, State, Subject
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant, parse_instant
from holdfast.model.plan import Feature
from holdfast.model.purl import parse_purl
from holdfast.model.run import Run, RunState
from holdfast.model.verdict import Fail, Pass
from holdfast.ports.store import Transaction

SCHEMA = "holdfast.drill-finding/1"
FINDING_TYPE = "application/vnd.holdfast.drill-finding+json"
MAX_AGE = timedelta(seconds=60)
SKEW = timedelta(seconds=5)
MOST_COMPONENTS = 500
_RISKS = ((9.8, True), (9.8, None), (5.0, None), (None, None), (2.0, False))


@frozen
class SyntheticFinding:
    """What is said to be wrong: a component at a version, how bad it is; for one drill, at one instant."""

    drill: str
    org: str
    service_id: str
    environment: str
    plan: str
    issued_at: str
    ecosystem: str
    name: str
    version: str
    file: str
    severity: float | None
    known_exploited: bool | None


def finding_to_bytes(finding: SyntheticFinding) -> bytes:
    """Return what is signed."""
    return json.dumps({"schema": SCHEMA, **asdict(finding)}, sort_keys=True, separators=(",", ":")).encode()


def finding_from_bytes(data: bytes) -> SyntheticFinding:
    """Return the finding. Raises: UsageError: it is none."""
    try:
        document = json.loads(data)
        if document.pop("schema") != SCHEMA:
            raise KeyError("schema")
        return SyntheticFinding(**document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError("expected a drill's finding", hint="`holdfast drill` makes one") from None


def fabricate(tx: Transaction, evidence: DrillEvidence, piece: Piece, now: datetime) -> SyntheticFinding:
    """Return a finding that the plan answers, about something that the service really has where it can.

    Raises:
        PlanError: none was found: the plan's `when` asks for something that no finding of ours has.
    """
    reader = PlanReader(tx)
    service = tx.services.get(evidence.service_id)
    maybe = None
    for (ecosystem, name, version, file), (severity, exploited) in product(_components(tx, piece), _RISKS):
        finding = SyntheticFinding(
            evidence.id,
            evidence.org,
            evidence.service_id,
            evidence.environment,
            evidence.plan,
            format_instant(now),
            ecosystem,
            name,
            version,
            file,
            severity,
            exploited,
        )
        exposure = to_exposure(finding, service.name, tuple(one.id for one in piece.releases), now, "exp_drill")
        if isinstance(find_gap(piece.plan, exposure, piece.manifest.features), Fail):
            continue
        wanted = matches_plan(piece.plan, exposure, service, reader.environment(evidence.environment), now=now)
        if isinstance(wanted, Pass):
            return finding
        maybe = maybe if isinstance(wanted, Fail) else maybe or finding
    if maybe is not None:
        return maybe
    raise PlanError(
        f"no finding that could be made up is one that `{evidence.plan}` answers",
        hint=f"its `when` is `{piece.plan.when[:200]}`",
    )


def _components(tx: Transaction, piece: Piece) -> list[tuple[str, str, str, str]]:
    """What a finding could be about: (ecosystem, name, version, file); what the plan's features cover comes first."""
    held = [release.sbom for release in piece.releases if release.sbom]
    found = [
        (
            one.component.ecosystem,
            one.component.name,
            one.component.version,
            one.locations[0].file if one.locations else "",
        )
        for digest in held
        for one in islice(tx.sboms.load(digest).occurrences, MOST_COMPONENTS)
    ]
    versions = {(ecosystem, name): version for ecosystem, name, version, _ in found}
    named = {value for step in piece.steps for name, value in step.arguments if name in {"feature", "flag"}}
    mine = [one for one in piece.manifest.features if one.name in named or one.flag in named]
    first = [one for feature in mine for one in _covered(feature, versions)]
    return list(dict.fromkeys([*first, *found])) or [("PyPI", "holdfast-drill", "1.0", "requirements.txt")]


def _covered(feature: Feature, versions: dict[tuple[str, str], str]) -> Iterator[tuple[str, str, str, str]]:
    for cover in feature.covers:
        if not cover.startswith("pkg:"):
            path = cover.replace("**", "drill").replace("*", "drill").replace("?", "x")
            yield ("PyPI", "holdfast-drill", "1.0", path)
            continue
        try:
            component = parse_purl(f"{cover}@0")
        except FactError:
            continue
        version = versions.get((component.ecosystem, component.name), "0")
        yield (component.ecosystem, component.name, version, "")


def to_exposure(
    finding: SyntheticFinding, service: str, releases: tuple[str, ...], now: datetime, identifier: str
) -> Exposure:
    """Return the exposure that a finding opens."""
    name = f"HF-{finding.drill}"
    return Exposure(
        org=finding.org,
        id=identifier,
        fingerprint=f"drill:{finding.drill}",
        episode=1,
        subject=Subject("service", finding.service_id, service),
        environment=finding.environment,
        ecosystem=finding.ecosystem,
        name=finding.name,
        cluster=name,
        advisories=(name,),
        versions=(finding.version,),
        state=State.OPEN,
        clocks=Clocks(None, now, now, now, now),
        risk=Risk(finding.severity, None, finding.known_exploited),
        backlog=False,
        direct=True,
        locations=(Location(finding.file),) if finding.file else (),
        summary="a rehearsal: nothing is wrong",
        releases=releases,
        drill=finding.drill,
    )


def accept_finding(turn: Turn, drill_id: str, envelope: str, verify: Verify) -> Run:
    """Take a signed finding in and let the plan answer; returns the run, which the engine carries out.

    Raises:
        ForbiddenError: this house did not sign it.
        ConflictError: it is too old, of the future, for something else, or was taken in before; or the plan can't act.
        NotFoundError: there is no such drill.
    """
    evidence = turn.tx.drills.get(drill_id)
    try:
        finding = finding_from_bytes(unseal(envelope, FINDING_TYPE, verify))
    except JournalError as error:
        raise ForbiddenError(f"a finding that this house did not sign: {error.message}") from None
    _require_meant(turn, evidence, finding)
    releases = {one.release_id for one in turn.tx.deployments.runs(finding.service_id, finding.environment, turn.now)}
    identifier = turn.ids.new("exp")
    named = tuple(sorted(one for one in releases if one))
    exposure = to_exposure(finding, evidence.service, named, turn.now, identifier)
    record_transitions(turn, [Transition(OPENED, None, exposure, turn.now)])
    made = respond(turn.tx, [exposure], turn.now, turn.ids)
    return _let_act(turn, evidence, exposure, made)


def _require_meant(turn: Turn, evidence: DrillEvidence, finding: SyntheticFinding) -> None:
    said = (finding.drill, finding.org, finding.service_id, finding.environment, finding.plan)
    meant = (evidence.id, evidence.org, evidence.service_id, evidence.environment, evidence.plan)
    if said != meant:
        raise ConflictError("a finding that is not for this drill and its environment", hint="make a new one")
    if evidence.outcome is not DrillOutcome.RUNNING or evidence.level is not DrillLevel.L2:
        raise ConflictError(f"drill {evidence.id} takes in no finding: {evidence.level}, {evidence.outcome}")
    age = turn.now - parse_instant(finding.issued_at)
    if not -SKEW <= age <= MAX_AGE:
        raise ConflictError(f"a finding of {finding.issued_at}: too old, or of the future", hint="make a new one")
    place = turn.tx.environments.find(finding.environment)
    if place is None or is_open_to_all(place):
        raise ConflictError(f"no synthetic finding is taken in for `{finding.environment}`: the internet may reach it")
    if turn.tx.exposures.of_drill(evidence.id):
        raise ConflictError(f"the finding of drill {evidence.id} was taken in already")


def _let_act(turn: Turn, evidence: DrillEvidence, exposure: Exposure, made: list[Run]) -> Run:
    """Return the rehearsed plan's run, approved because it is a drill; whoever asked for the drill asked for it."""
    tx, now = turn.tx, turn.now
    run = next((one for one in made if one.plan.id == evidence.plan), None)
    for other in made:
        if other is not run:  # another plan comes first for such a finding; the drill is of this one
            tx.runs.save(replace(other, state=RunState.REJECTED, held="a drill of another plan", updated_at=now))
    reader = PlanReader(tx)
    if run is None:
        plan = next((plan for plan, _ in reader.judge(exposure, now) if plan.id == evidence.plan), None)
        if plan is None:
            raise ConflictError(f"what runs in `{evidence.environment}` has no plan `{evidence.plan}`")
        run = reader.make_run(exposure, plan, turn.ids.new("run"), evidence.requested_by, now)
    problem = simulate(run, now, reader.world(run.environment)).problem
    if problem is not None:
        raise ConflictError(f"the plan can't act: {problem}")
    approved = replace(
        run, drill=evidence.id, state=RunState.APPROVED, requested_by=evidence.requested_by, held=None, updated_at=now
    )
    tx.runs.save(approved)
    journal_run(tx, "run.rehearsed", approved, turn.actor, drill=evidence.id)
    return approved
