"""Alias clusters that merge and split, without closing or reopening anything.

Merge, per (subject, environment, ecosystem, name):
- Among the live exposures the one detected first survives with its id and its clocks, and takes the new cluster. The
  others end as `merged`, which no metric counts. What was resolved before stays as it is.
- A mitigation that was proven for one of them holds for the survivor: alias records speak of one and the same hole.
- Where none is live, the one resolved last takes the new cluster, so that its return is seen as one.
- The survivor's episode follows the last one stored under its new fingerprint; old fingerprints become aliases.

Split:
- The exposure stays with a part that still matches it: the one that kept its cluster's id, else the one that names most
  of its records. For every other part that matches, an exposure opens with the clocks of the original: it was known
  then.
- A mitigation or a waiver of the original is not carried over: it has to be proven, or signed, for the part.
"""

from collections.abc import Callable, Sequence
from dataclasses import field, replace
from datetime import datetime

from holdfast.findings.context import AdvisoryFacts
from holdfast.findings.history import covers
from holdfast.findings.identity import aliased_fingerprints, fingerprint
from holdfast.findings.lifecycle import MERGED, OPENED, UPDATED, Transition
from holdfast.model.exposure import Ending, Exposure, Span, State
from holdfast.model.frozen import frozen


@frozen
class Merge:
    """What a merge asks for: transitions, old → new fingerprint, and id of an ended exposure → id of its survivor.

    Whatever is bound to an ended one (a run, a waiver) goes over to its successor.
    """

    transitions: tuple[Transition, ...]
    aliases: dict[str, str] = field(default_factory=dict)
    successors: dict[str, str] = field(default_factory=dict)


def merge(exposures: Sequence[Exposure], survivor: AdvisoryFacts, now: datetime) -> Merge:
    """Return what becomes of the latest episodes of all merging clusters, the surviving cluster's included.

    `survivor` has the merged cluster's id and every record in it.
    """
    transitions: list[Transition] = []
    aliases: dict[str, str] = {}
    successors: dict[str, str] = {}
    for group in _by_place(exposures).values():
        steps = _merge_place(group, survivor, now)
        transitions += steps
        first = group[0]
        clusters = {exposure.cluster for exposure in group}
        aliases |= aliased_fingerprints(
            first.subject, first.environment, first.ecosystem, first.name, clusters, survivor=survivor.cluster
        )
        kept = next((step.after.id for step in steps if step.kind == UPDATED), None)
        if kept is not None:
            successors |= {step.after.id: kept for step in steps if step.kind == MERGED}
    return Merge(tuple(transitions), aliases, successors)


def _by_place(exposures: Sequence[Exposure]) -> dict[tuple[str, ...], list[Exposure]]:
    groups: dict[tuple[str, ...], list[Exposure]] = {}
    for exposure in sorted(exposures, key=lambda exposure: (exposure.clocks.detected_at, exposure.id)):
        subject = exposure.subject
        key = (subject.kind, subject.id, exposure.environment, exposure.ecosystem, exposure.name)
        groups.setdefault(key, []).append(exposure)
    return groups


def _merge_place(group: list[Exposure], facts: AdvisoryFacts, now: datetime) -> list[Transition]:
    """Return the transitions of one place, the survivor's first; `group` is ordered by detection."""
    live = [exposure for exposure in group if exposure.is_live]
    kept = live[0] if live else _last_resolved(group)
    if kept is None:
        return []
    steps = [Transition(MERGED, one, _end_as_merged(one, now), now) for one in live[1:]]
    after = _adopt(kept, facts, group)
    for other in live[1:]:
        after = _inherit_mitigation(after, other)
    # the survivor is always reported, changed or not: it says where the others went
    return [Transition(UPDATED, kept, after, now), *steps] if steps or after != kept else []


def _last_resolved(group: list[Exposure]) -> Exposure | None:
    real = [exposure for exposure in group if exposure.ending is not Ending.MERGED]
    return max(real, key=lambda exposure: exposure.clocks.resolved_at or exposure.clocks.detected_at, default=None)


def _adopt(exposure: Exposure, facts: AdvisoryFacts, stored: Sequence[Exposure]) -> Exposure:
    """Return the exposure under another cluster, with an episode that nothing stored has there."""
    key = fingerprint(exposure.subject, exposure.environment, exposure.ecosystem, exposure.name, facts.cluster)
    taken = [one.episode for one in stored if one.fingerprint == key and one.id != exposure.id]
    episode = max([exposure.episode, *(number + 1 for number in taken)])
    return replace(exposure, fingerprint=key, cluster=facts.cluster, advisories=facts.advisories, episode=episode)


def _end_as_merged(exposure: Exposure, now: datetime) -> Exposure:
    clocks = replace(exposure.clocks, resolved_at=now)
    return replace(exposure, state=State.RESOLVED, ending=Ending.MERGED, clocks=clocks)


def _inherit_mitigation(survivor: Exposure, ended: Exposure) -> Exposure:
    if ended.state is not State.MITIGATED or survivor.state not in (State.OPEN, State.REGRESSED):
        return survivor
    acted_at = min((at for at in (survivor.clocks.acted_at, ended.clocks.acted_at) if at is not None), default=None)
    clocks = replace(survivor.clocks, acted_at=acted_at, mitigated_at=ended.clocks.mitigated_at, lifted_at=None)
    return replace(survivor, state=State.MITIGATED, clocks=clocks)


def split(
    exposures: Sequence[Exposure],
    cluster: str,
    parts: Sequence[AdvisoryFacts],
    spans: Sequence[Span],
    now: datetime,
    *,
    new_id: Callable[[], str],
) -> list[Transition]:
    """Return what becomes of the live exposures of `cluster` once its records lie in `parts`.

    `exposures` are the latest episodes of the cluster and of all parts; `spans` the running history matched against the
    parts. A resolved exposure stays as it is, history under its old cluster. One that no part matches any more goes to
    the best part, and the next `observe` ends it.
    """
    live = {(*_place_of_span(span), span.cluster) for span in spans if covers(span, now)}
    out: list[Transition] = []
    for exposure in exposures:
        if exposure.cluster == cluster and exposure.is_live:
            ordered = sorted(parts, key=lambda part: _preference(exposure, part))
            matching = [part for part in ordered if (*_place_of(exposure), part.cluster) in live]
            out += _split_one(exposure, matching or ordered[:1], exposures, now, new_id)
    return out


def _preference(exposure: Exposure, part: AdvisoryFacts) -> tuple[bool, int, str]:
    shared = len(set(exposure.advisories) & set(part.advisories))
    return (part.cluster != exposure.cluster, -shared, part.cluster)


def _place_of(exposure: Exposure) -> tuple[str, ...]:
    subject = exposure.subject
    return (subject.kind, subject.id, exposure.environment, exposure.ecosystem, exposure.name)


def _place_of_span(span: Span) -> tuple[str, ...]:
    return (span.subject.kind, span.subject.id, span.environment, span.ecosystem, span.name)


def _split_one(
    exposure: Exposure,
    parts: list[AdvisoryFacts],
    stored: Sequence[Exposure],
    now: datetime,
    new_id: Callable[[], str],
) -> list[Transition]:
    if not parts:
        return []
    kept = _adopt(exposure, parts[0], stored)
    steps = [Transition(UPDATED, exposure, kept, now)] if kept != exposure else []
    for part in parts[1:]:
        clocks = replace(exposure.clocks, acted_at=None, mitigated_at=None, lifted_at=None, waived_at=None)
        clocks = replace(clocks, cleared_at=None)
        opened = replace(exposure, id=new_id(), episode=1, state=State.OPEN, clocks=clocks, summary=part.summary)
        opened = replace(opened, said=None, waiver=None)
        steps.append(Transition(OPENED, None, _adopt(opened, part, stored), now))
    return steps
