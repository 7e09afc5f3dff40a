"""The gate on the server: a build is judged by the org's policies, its waivers and what runs, and recorded.

Rules:
1. The server judges what a pipeline sends by its own advisories: a pipeline can't claim a verdict.
2. What it is compared with `build_bases` says: the merge base, all that runs, or what was accepted as inherited.
3. Tier, team and exposure are the inventory's. A service that nobody declared has none of them, and counts as open to
   the internet.
4. Waivers of the repository count as the pipeline read them from the base; the server's count beside them. VEX
   documents count as far as the server keeps them.
5. The decision, its journal entry and what it was decided on are written together. The evidence is kept for a while,
   so that a new policy can be tried on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from holdfast.errors import ConflictError, ForbiddenError, UsageError
from holdfast.facts.sbom import sbom_digest
from holdfast.findings.waiver_read import read_waivers
from holdfast.gate.decide import Bound, Decision, Question, decide
from holdfast.gate.levels import Levels
from holdfast.gate.policy_read import read_policy
from holdfast.gate.sides import Side, under
from holdfast.loop.approvals import require_person
from holdfast.loop.build_bases import Bases, find_bases
from holdfast.loop.build_evidence import pack_document, pack_evidence, reported_of_release
from holdfast.loop.declare import ensure_service
from holdfast.loop.gate_json import decision_to_json
from holdfast.loop.gate_reported import NOTHING, Reported, add_reported
from holdfast.loop.gate_side import find_vanished, side_of
from holdfast.loop.inherited import clocks_of, known_since, learnt_since
from holdfast.loop.oidc_binding import require_bound
from holdfast.loop.policies import levels_of
from holdfast.loop.reconcile import review_deployments
from holdfast.loop.scan import ScanReport, scan, wanted_ecosystems
from holdfast.loop.store_lookup import StoreLookup, synced_microseconds
from holdfast.loop.turn import Turn
from holdfast.loop.unverified import is_of
from holdfast.loop.vex_documents import kept_vex
from holdfast.model.build import Answer, Build, Override
from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach, Release, Service
from holdfast.model.tenancy import Permission
from holdfast.ports.store import Transaction

MOST_REASONS = 100
MOST_RELEASES = 20


@frozen
class BuildAsk:
    """What a pipeline asks. `base` is the composition of the merge base, `None` where there is none.

    With `environment` and no base it is a release, compared with what runs there. `waivers` and `policy` are texts of
    the base revision; the policy can only tighten. `notes` are what the pipeline has to say beside it, `artifact` the
    digest of what was built (`sha256:…`), where it is known already, `reported` what other tools say of it.
    """

    service: str
    sbom: Sbom
    base: Sbom | None = None
    environment: str = ""
    commit: str | None = None
    source: str = ""
    target: str = ""
    waivers: str = ""
    policy: str = ""
    ci: str = ""
    notes: tuple[str, ...] = ()
    artifact: str | None = None
    reported: Reported = NOTHING


@frozen
class Judged:
    """A build with the decision in full and as a document, and the scan it rests on."""

    build: Build
    decision: Decision
    report: ScanReport
    levels: Levels
    document: Mapping[str, Any]


def judge_build(turn: Turn, ask: BuildAsk, elapsed_s: Callable[[], float] | None = None) -> Judged:
    """Decide about a build, and record it; `elapsed_s` says how long that took since it was asked.

    Raises:
        PolicyError: the policy that was sent can't be read.
        NotFoundError: there is no such environment.
    """
    turn.require(Permission.BUILDS_WRITE, bound=True)
    service = ensure_service(turn, ask.service)
    require_bound(turn, service, ask.environment)
    _require_team(turn, service)
    more = [read_policy(ask.policy.encode(), file="policy.yaml", name="the repository")] if ask.policy else []
    levels = levels_of(turn.tx, service, more)
    turn.tx.feeds.wish(wanted_ecosystems(ask.sbom), turn.now)
    report, question = _question(turn, ask, service, levels)
    decision = decide(question, turn.now)
    build = _record(turn, ask, service, decision, report)
    base_name = ask.target or ask.environment or None
    document = decision_to_json(decision, levels.digests, report.snapshots, base_name) | {"build": build.id}
    took_s = round(elapsed_s(), 6) if elapsed_s else None
    build = replace(build, policy=levels.digests, took_s=took_s, release_id=_release_of(turn, build))
    turn.tx.builds.save(build, pack_evidence(question), pack_document(document))
    _journal(turn, build)
    if build.release_id is not None:  # it may run already
        review_deployments(turn, [service.id])
    return Judged(build, decision, report, levels, document)


def _release_of(turn: Turn, build: Build) -> str | None:
    """Return the newest release that was made of what is judged; one that comes later is tied when it comes."""
    found = turn.tx.releases.find(service=build.service_id, digest=build.artifact) if build.artifact else ()
    if not found and build.commit:
        found = turn.tx.releases.find(service=build.service_id, commit=build.commit, limit=20)
    if not found:
        found = turn.tx.releases.find(service=build.service_id, limit=MOST_RELEASES)
    return next((one.id for one in found if is_of(build, one)), None)


def _require_team(turn: Turn, service: Service) -> None:
    """Refuse a token that is bound to another team than the service's."""
    team = turn.token.team if turn.token else None
    if team is not None and service.team is not None and team != service.team:
        raise ForbiddenError(f"`{service.name}` belongs to another team", hint="ask with a token of its team")


def _scan(turn: Turn, sbom: Sbom, levels: Levels) -> ScanReport:
    return scan(sbom, StoreLookup(turn.tx), turn.now, max_age=levels.max_age)


def _question(turn: Turn, ask: BuildAsk, service: Service, levels: Levels) -> tuple[ScanReport, Question]:
    inherited = turn.tx.inherited.find(service.id)
    found = find_bases(turn.tx, service, ask.base, ask.environment, inherited=inherited, now=turn.now)
    report = _scan(turn, ask.sbom, levels)
    head, bases = _sides(turn, report, ask, found, levels)
    base = bases[0] if bases else None
    file = read_waivers(ask.waivers.encode("utf-8", "surrogatepass")) if ask.waivers else None
    kept = [one.waiver for one in turn.tx.waivers.of_service(service.id)]
    unread = tuple(f"a waiver that can't be read waives nothing: {one}" for one in file.problems) if file else ()
    waivers = tuple(replace(one, service=service.name) for one in kept) + (file.waivers if file else ())
    bound = _bound(turn.tx, service, ask.environment)
    learnt = learnt_since(inherited, found.basis, under(base, levels) if base else None)
    since = {**learnt, **known_since(turn.tx, service, ask.environment)}
    granted = clocks_of(inherited) if inherited else {}
    notes = (*ask.notes, *found.notes, *unread)
    vex = kept_vex(turn.tx, [ask.artifact], [head, *bases])
    given = (head, base, found.basis, bound, levels, waivers, since, notes)
    return report, Question(*given, vex=vex, also=bases[1:], granted=granted)


def _sides(
    turn: Turn, report: ScanReport, ask: BuildAsk, found: Bases, levels: Levels
) -> tuple[Side, tuple[Side, ...]]:
    """Return what is judged, and each thing that it is compared with, with what other tools say of them."""
    head, bases = side_of(report), []
    for one in found.compared:
        before = _scan(turn, one.sbom, levels)
        head = replace(head, gaps=(*head.gaps, *find_vanished(report, before)))
        _, side = add_reported(Side(()), side_of(before), ask.reported)
        assert side is not None  # noqa: S101 - a base was given
        if one.release is not None and ask.reported.findings:
            side = replace(side, findings=(*side.findings, *reported_of_release(turn.tx, one.release)))
        bases.append(side)
    return add_reported(head, None, ask.reported)[0], tuple(bases)


def _bound(tx: Transaction, service: Service, environment: str) -> Bound:
    reach: Reach | None = None
    tier: int | None = None
    if environment:
        found = tx.environments.find(environment)
        if found is None:
            known = ", ".join(f"`{one.name}`" for one in tx.environments.list())
            raise UsageError(f"there is no environment `{environment[:80]}`", hint=f"one of {known}" if known else None)
        reach, tier = found.reach, found.tier
    return Bound(service.name, service.team or "", service.tier, service.reach, environment, tier, reach)


def _record(turn: Turn, ask: BuildAsk, service: Service, decision: Decision, report: ScanReport) -> Build:
    return Build(
        org=turn.tx.org,
        id=turn.ids.new("bld"),
        service_id=service.id,
        service=service.name,
        at=turn.now,
        by=turn.identity,
        basis=decision.basis,
        answer=decision.answer,
        would_be=decision.would_be,
        mode=decision.mode,
        score=decision.score.value,
        base_score=decision.base_score.value if decision.base_score else None,
        bar=decision.bar,
        blocking=len(decision.blocking),
        warnings=len(decision.warnings),
        waived=len(decision.waived),
        unknown=len(decision.gaps),
        existing=decision.existing,
        reasons=decision.reasons[:MOST_REASONS],
        policy=(),
        snapshot=synced_microseconds(report.snapshots),
        commit=ask.commit,
        source=ask.source,
        target=ask.target,
        environment=ask.environment,
        ci=ask.ci,
        team=service.team or "",
        sbom=sbom_digest(ask.sbom),
        artifact=ask.artifact,
        for_change=bool(turn.token and turn.token.binding and turn.token.binding.is_for_change),
    )


def _journal(turn: Turn, build: Build) -> None:
    body: dict[str, object] = {
        "id": build.id,
        "about": build.service_id,
        "answer": build.answer.value,
        "would_be": build.would_be.value,
        "score": build.score,
        "commit": build.commit,
        "policy": [list(one) for one in build.policy],
        "by": turn.actor,
    }
    turn.tx.journal.append("build.decided", body)


def override_build(turn: Turn, build_id: str, reason: str) -> Build:
    """Let a build go that the gate held, as a person, with a reason; journaled, and counted.

    Raises:
        ConflictError: the gate did not hold it, or somebody let it go already.
    """
    turn.require(Permission.POLICY_WRITE)
    person = require_person(turn)
    build = turn.tx.builds.get(build_id)
    if build.answer is Answer.PASS:
        raise ConflictError(f"build {build_id} was not held", hint="there is nothing to let go")
    if build.override is not None:
        raise ConflictError(f"build {build_id} was let go already")
    changed = replace(build, override=Override(person, turn.now, reason))
    turn.tx.builds.save(changed)
    body: dict[str, object] = {"id": build.id, "about": build.service_id, "by": person, "reason": reason}
    turn.tx.journal.append("build.overridden", body)
    review_deployments(turn, [build.service_id])
    return changed


def link_builds(turn: Turn, release: Release) -> Sequence[Build]:
    """Tie the builds that judged a release to it; returns them, oldest first."""
    digests = [one.digest for one in release.artifacts]
    found = turn.tx.builds.of_release(release.service_id, release.commit, release.sbom, digests)
    linked = []
    for build in found:
        if not is_of(build, release):
            continue
        one = build if build.release_id == release.id else replace(build, release_id=release.id)
        if one is not build:
            turn.tx.builds.save(one)
        linked.append(one)
    return linked
