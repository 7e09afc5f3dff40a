"""Which drill is to be held next, by itself.

Rules:
1. Every release that is registered is looked at (`L0`), in each environment that its plans name or where the service
   runs. What was registered is read from the journal, so that nothing is missed between two looks.
2. A declared drill is due when the plan was never rehearsed, when what it rests on has changed, and before it grows too
   old: at a moment between three quarters of its time and all of it, a different one for each plan and place.
3. `L2` is held in its test environment, with an `L1` wherever else the service runs.
4. A failed drill is tried again after an hour, or after its own time if that is shorter. A missed one is stale, not
   failed: it is due at once.
5. Nothing is due while automation is paused, or where the environment is frozen.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from holdfast.facts.manifest import manifest_from_json
from holdfast.facts.manifest_durations import parse_duration_s
from holdfast.loop.drills import DrillReader, open_reader
from holdfast.loop.drills_begin import DrillAsk, running_drills
from holdfast.loop.drills_stage import is_open_to_all
from holdfast.loop.guards import get_guards
from holdfast.loop.pausing import is_paused
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Environment
from holdfast.model.plan import Drill, Plan
from holdfast.ports.store import Transaction

SEEN = "drills.seen"
"""The setting that holds up to which journal entry releases were looked at."""
RETRY = timedelta(hours=1)
SOONEST = timedelta(minutes=1)
MOST_ENTRIES = 5000
_EARLIEST = 0.75


@frozen
class Due:
    """A drill that is due, since when, and why."""

    ask: DrillAsk
    at: datetime
    because: str


def find_due(tx: Transaction, now: datetime) -> Due | None:
    """Return the declared drill that is due for longest; `None` when none is, or nothing may act by itself."""
    if is_paused(tx):
        return None
    busy = {one.service_id for one in running_drills(tx)}
    due = [one for one in _declared(tx, now) if one.ask.service not in busy and one.at <= now]
    return min(due, key=lambda one: (one.at, one.ask.service, str(one.ask.plan)), default=None)


def _declared(tx: Transaction, now: datetime) -> Iterator[Due]:
    reader, freezes = open_reader(tx, now), get_guards(tx).freezes
    environments = {one.name: one for one in tx.environments.list()}
    places: dict[str, set[str]] = {}
    for one in tx.queries.running()[0]:
        places.setdefault(one.service.id, set()).add(one.deployment.environment)
    for service_id, used in sorted(places.items()):
        manifest = reader.manifest(service_id)
        if manifest is None or not manifest.drills:
            continue
        plans = {plan.id: plan for plan in manifest.plans}
        here = [environments[name] for name in sorted(used) if name in environments]
        for drill in manifest.drills:
            for environment, level in _places(drill, here):
                frozen = any(freeze.holds(environment, now) for freeze in freezes)
                if drill.plan in plans and not frozen:
                    yield _due(reader, service_id, plans[drill.plan], drill, environment, level=level)


def _places(drill: Drill, here: list[Environment]) -> Iterator[tuple[str, DrillLevel]]:
    """Where a declared drill is held, and at which level."""
    level = DrillLevel(drill.level)
    if level is not DrillLevel.L2:
        yield from ((one.name, level) for one in here)
        return
    closed = [one for one in here if not is_open_to_all(one)]
    named = drill.environment or max(closed, key=lambda one: (one.tier or 0, one.name)).name if closed else None
    for one in here:
        yield one.name, level if one.name == named else DrillLevel.L1


def _due(reader: DrillReader, service_id: str, plan: Plan, drill: Drill, environment: str, *, level: DrillLevel) -> Due:
    ask = DrillAsk(service_id, plan.id, environment, level)
    ended = [one for one in reader.drills(service_id, plan.id) if _counts(one, environment, level)]
    if not ended:
        return Due(ask, reader.now, "it was never rehearsed there")
    last, last_at = ended[0], ended[0].ended_at or ended[0].started_at
    every = timedelta(seconds=parse_duration_s(drill.every) or reader.max_age_s)
    if last.outcome is DrillOutcome.FAILED:
        return Due(ask, last_at + min(every, RETRY), f"drill {last.id} failed")
    if dict(last.inputs) != dict(reader.inputs(plan, service_id, environment)):
        return Due(ask, last_at + SOONEST, "what it rests on has changed")
    return Due(ask, last_at + every * moment_of(f"{service_id}/{plan.id}/{environment}"), "it is about to grow stale")


def _counts(one: DrillEvidence, environment: str, level: DrillLevel) -> bool:
    return one.environment == environment and one.level is level and one.outcome is not DrillOutcome.RUNNING


def moment_of(name: str) -> float:
    """Return the share of its time after which a drill is held again: the same for a name, spread over names."""
    spread = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:4], "big") / 2**32
    return _EARLIEST + (1 - _EARLIEST) * spread * 0.9


def find_releases(tx: Transaction) -> tuple[list[DrillAsk], int]:
    """Return the looks that newly registered releases ask for, and up to which journal entry that goes.

    The first time nothing is asked: what was registered before was looked at when it was.
    """
    head = tx.journal.head()[0]
    known = tx.settings.get(SEEN)
    if known is None:
        return [], head
    newest: dict[str, str] = {}
    last = int(known)
    for entry in tx.journal.read(last):
        last = entry.seq
        if entry.kind == "release.registered":
            newest |= _release_of(entry.body)
        if last - int(known) >= MOST_ENTRIES:
            break
    return [ask for release in newest.values() for ask in _looks(tx, release)], last


def _release_of(body: str) -> dict[str, str]:
    facts = json.loads(body)
    return {str(facts["about"]): str(facts["id"])}


def _looks(tx: Transaction, release_id: str) -> Iterator[DrillAsk]:
    release = tx.releases.get(release_id)
    document = tx.releases.manifest(release_id)
    manifest = manifest_from_json(document) if document else None
    if manifest is None:
        return
    known = {one.name for one in tx.environments.list()}
    running = {one.deployment.environment for one in tx.queries.running(service=release.service_id)[0]}
    for plan in manifest.plans:
        named = {name for name, _ in plan.autonomy}
        for environment in sorted(known & (running | named)):
            yield DrillAsk(release.service_id, plan.id, environment, DrillLevel.L0, release=release_id)


def note_seen(tx: Transaction, seq: int) -> None:
    """Keep up to which journal entry releases were looked at."""
    if tx.settings.get(SEEN) != str(seq):
        tx.settings.set(SEEN, str(seq))
