"""Judging what runs against what is known gives the exposures; incrementally or as a whole, by the same code.

The scope is a few places (a service or host in an environment), alias clusters, or everything. Within it the whole
running history is read, the stored exposures are moved to the clusters that their records lie in now, the lifecycle is
asked what follows, and every transition is stored, journaled and handed to the response. Nothing outside the scope is
touched, and only what was really read may be resolved.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from holdfast.findings.borne import WAIVED
from holdfast.findings.context import AdvisoryFacts, Context, Place
from holdfast.findings.heard import CLEARED
from holdfast.findings.identity import fingerprint
from holdfast.findings.journal_body import exposure_to_json, without_names
from holdfast.findings.lifecycle import Transition, observe
from holdfast.findings.merge import Merge, merge, split
from holdfast.loop.advisory_facts import read_advisory_facts
from holdfast.loop.borne import bear_waivers
from holdfast.loop.freshness import Freshness
from holdfast.loop.heard import hear_documents
from holdfast.loop.respond import drop_runs, release_runs, respond
from holdfast.loop.turn import Turn
from holdfast.loop.unverified import cluster_of, find_unverified
from holdfast.model.exposure import DEPLOYMENT, Ending, Exposure, Span, State, Subject
from holdfast.model.inventory import Reach, Service
from holdfast.ports.findings import PlaceRow

FEW_SERVICES = 50


@dataclass(slots=True)
class _Scope:
    """What was read: spans and current exposures, with the transitions that realigning them gave."""

    spans: list[Span]
    current: list[Exposure]
    transitions: list[Transition] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    successors: dict[str, str] = field(default_factory=dict)


def reconcile(
    turn: Turn,
    *,
    subjects: Sequence[tuple[Subject, str]] = (),
    clusters: Sequence[str] = (),
    everything: bool = False,
) -> list[Transition]:
    """Bring the exposures of a scope up to date; returns what changed, stored and journaled already."""
    scope = _read(turn, subjects, clusters, everything=everything)
    return _reconcile(turn, scope) + _review(turn, subjects, everything=everything)


def _reconcile(turn: Turn, scope: _Scope) -> list[Transition]:
    if not scope.spans and not scope.current:
        return []
    context = _context(turn, scope)
    _realign(turn, scope, context)
    observed = observe(scope.spans, scope.current, context, turn.now, lambda: turn.ids.new("exp"))
    transitions = scope.transitions + observed
    transitions += hear_documents(turn, _newest(scope, transitions), scope.spans)
    transitions += bear_waivers(turn, _newest(scope, transitions), scope.spans, context.advisories)
    record_transitions(turn, transitions, scope.aliases)
    _hand_over(turn, scope.successors)
    _respond(turn, transitions)
    return transitions


def _newest(scope: _Scope, transitions: Sequence[Transition]) -> list[Exposure]:
    """What the scope has come to: documents and waivers speak of that."""
    newest = {one.id: one for one in scope.current} | {step.after.id: step.after for step in transitions}
    return list(newest.values())


def _review(turn: Turn, subjects: Sequence[tuple[Subject, str]], *, everything: bool) -> list[Transition]:
    """Judge the deployments of the services of a scope as well."""
    if everything:
        return review_deployments(turn, [one.id for one in turn.tx.services.list(limit=1_000_000)])
    return review_deployments(turn, sorted({one.id for one, _ in subjects if one.kind == "service"}))


def review_deployments(turn: Turn, service_ids: Sequence[str]) -> list[Transition]:
    """Bring up to date which deployments of services run without a passing verdict; no packages are read."""
    if not service_ids:
        return []
    places = [one.name for one in turn.tx.environments.list()]
    current = turn.tx.exposures.of_clusters([cluster_of(one, place) for one in service_ids for place in places])
    begun = [one.clocks.introduced_at for one in current if one.is_live and one.clocks.introduced_at]
    found = find_unverified(turn.tx, turn.now, service_ids, min([*begun, turn.now]))
    scope = _Scope(list(found.spans), list(current))
    if not scope.spans and not any(one.is_live for one in current):
        return []
    gone = {one.cluster: AdvisoryFacts(one.cluster, one.advisories, withdrawn=True) for one in current}
    context = Context(turn.tx.org, {**gone, **found.facts}, _places(turn, scope), _replaced_at(scope.spans))
    transitions = observe(scope.spans, scope.current, context, turn.now, lambda: turn.ids.new("exp"))
    record_transitions(turn, transitions)
    _respond(turn, transitions)
    return transitions


def record_transitions(turn: Turn, transitions: Sequence[Transition], aliases: Mapping[str, str] | None = None) -> None:
    """Store what transitions lead to and journal each with a whole snapshot, so that metrics can be recomputed."""
    newest = {step.after.id: step.after for step in transitions}
    if newest:
        turn.tx.exposures.save(list(newest.values()), aliases)
    for step in transitions:
        body = json.loads(exposure_to_json(without_names(step.after)))
        turn.tx.journal.append(step.kind, body | {"about": [step.after.subject.id], "by": turn.actor})


def _hand_over(turn: Turn, successors: Mapping[str, str]) -> None:
    """Bind the runs of exposures that ended in a merge to the exposure that goes on."""
    for run in turn.tx.runs.of_exposures(sorted(successors)):
        turn.tx.runs.save(replace(run, exposure=successors[run.exposure]))
        turn.tx.journal.append("run.handed_over", {"id": run.id, "about": [run.exposure, successors[run.exposure]]})


def _respond(turn: Turn, transitions: Sequence[Transition]) -> None:
    # an updated one is asked again as well: the release that runs now may have brought a plan
    # each is asked once, as it is now: a split opens one that the same look updates
    newest = {step.after.id: step.after for step in transitions}
    opened = [exposure for exposure in newest.values() if exposure.state in {State.OPEN, State.REGRESSED}]
    ended = [step.after for step in transitions if step.after.ending not in {None, Ending.MERGED}]
    if ended:
        release_runs(turn.tx, ended, turn.now)
    excused = {step.after.id for step in transitions if step.kind in {CLEARED, WAIVED}}
    if excused:
        drop_runs(turn.tx, [newest[name] for name in sorted(excused)], turn.now)
    if opened:
        facts = Freshness(turn.tx, turn.now, turn.feed_max_age)
        respond(turn.tx, opened, turn.now, turn.ids, facts.find_stale, targets=turn.targets)


def _read(turn: Turn, subjects: Sequence[tuple[Subject, str]], clusters: Sequence[str], *, everything: bool) -> _Scope:
    tx = turn.tx
    if everything:
        return _Scope(list(tx.spans.all()), [one for one in tx.exposures.all() if one.kind != DEPLOYMENT])
    spans: list[Span] = []
    current: dict[str, Exposure] = {}
    if subjects:
        spans += tx.spans.of_subjects(subjects)
        current |= {exposure.id: exposure for exposure in tx.exposures.of_subjects(subjects)}
    if clusters:
        spans += tx.spans.of_clusters(clusters)
        current |= {exposure.id: exposure for exposure in tx.exposures.of_clusters(clusters)}
    return _Scope(spans, [one for one in current.values() if one.kind != DEPLOYMENT])


def _context(turn: Turn, scope: _Scope) -> Context:
    clusters = {span.cluster for span in scope.spans} | {exposure.cluster for exposure in scope.current}
    moved = turn.tx.clusters.of(sorted({record for exposure in scope.current for record in exposure.advisories}))
    facts = read_advisory_facts(turn, sorted(clusters | set(moved.values())), scope.spans)
    return Context(turn.tx.org, facts, _places(turn, scope), _replaced_at(scope.spans))


def _places(turn: Turn, scope: _Scope) -> dict[tuple[str, str], Place]:
    pairs: dict[tuple[str, str], tuple[Subject, str]] = {}
    items: list[Span | Exposure] = [*scope.spans, *scope.current]
    for item in items:
        pairs[item.subject.id, item.environment] = (item.subject, item.environment)
    packages = {(exposure.ecosystem, exposure.name) for exposure in scope.current if exposure.is_live}
    rows = turn.tx.spans.places(list(pairs.values()), packages, turn.now)
    environments = {environment.name: environment for environment in turn.tx.environments.list()}
    services = _services(turn, {subject.id for subject, _ in pairs.values() if subject.kind == "service"})
    out = {}
    for key, (subject, environment) in pairs.items():
        row = rows.get(key)
        if row is None:
            continue
        service = services.get(subject.id)
        place = environments.get(environment)
        out[key] = _place(row, service, place.reach if place else Reach.UNKNOWN)
    return out


def _services(turn: Turn, wanted: set[str]) -> dict[str, Service]:
    """The services by id: a few one by one, many by reading all."""
    if len(wanted) <= FEW_SERVICES:
        return {service_id: turn.tx.services.get(service_id) for service_id in sorted(wanted)}
    every = turn.tx.services.list(limit=1_000_000)
    return {service.id: service for service in every if service.id in wanted}


def _place(row: PlaceRow, service: Service | None, reach: Reach) -> Place:
    if service is None:
        return Place(row.watched_since, row.still_runs, None, None, reach, row.components)
    # the environment knows best who can reach it; the declaration speaks where it is silent
    known = reach if reach is not Reach.UNKNOWN else service.reach
    return Place(row.watched_since, row.still_runs, service.team, service.tier, known, row.components)


def _replaced_at(spans: Iterable[Span]) -> dict[str, datetime]:
    """When something that is not affected first ran: the earliest target on which the affected running is over."""
    ends: dict[str, dict[str, datetime | None]] = {}
    for span in spans:
        key = fingerprint(span.subject, span.environment, span.ecosystem, span.name, span.cluster)
        targets = ends.setdefault(key, {})
        last = targets.get(span.target, span.ended_at)
        targets[span.target] = None if last is None or span.ended_at is None else max(last, span.ended_at)
    known = {key: [at for at in targets.values() if at is not None] for key, targets in ends.items()}
    return {key: min(instants) for key, instants in known.items() if instants}


def _realign(turn: Turn, scope: _Scope, context: Context) -> None:
    """Move stored exposures to the clusters in which their records lie now: merges and splits."""
    homes = turn.tx.clusters.of(sorted({record for exposure in scope.current for record in exposure.advisories}))
    by_cluster: dict[str, list[Exposure]] = {}
    for exposure in scope.current:
        by_cluster.setdefault(exposure.cluster, []).append(exposure)
    merging: dict[str, list[str]] = {}
    for cluster, exposures in sorted(by_cluster.items()):
        targets = {homes[record] for exposure in exposures for record in exposure.advisories if record in homes}
        if len(targets) == 1 and targets != {cluster}:
            merging.setdefault(targets.pop(), []).append(cluster)
        elif len(targets) > 1:
            parts = [context.get_advisories(target) for target in sorted(targets)]
            stored = [one for target in targets | {cluster} for one in by_cluster.get(target, ())]
            steps = split(stored, cluster, parts, scope.spans, turn.now, new_id=lambda: turn.ids.new("exp"))
            _take(scope, steps)
    for target, absorbed in sorted(merging.items()):
        stored = [one for cluster in {target, *absorbed} for one in by_cluster.get(cluster, ())]
        result = merge(stored, context.get_advisories(target), turn.now)
        scope.aliases |= {old: _survivor_id(result, new) for old, new in result.aliases.items()}
        scope.aliases = {old: new for old, new in scope.aliases.items() if new}
        scope.successors |= result.successors
        _take(scope, result.transitions)


def _survivor_id(result: Merge, new_fingerprint: str) -> str:
    return next((step.after.id for step in result.transitions if step.after.fingerprint == new_fingerprint), "")


def _take(scope: _Scope, steps: Sequence[Transition]) -> None:
    """Carry transitions over into the scope, so that what follows judges by their outcome."""
    scope.transitions += steps
    current = {exposure.id: exposure for exposure in scope.current}
    current |= {step.after.id: step.after for step in steps}
    scope.current = list(current.values())
