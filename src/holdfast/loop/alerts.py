"""Alerts of other tools: each is kept once, and however many speak of an exposure, one run answers.

Rules:
1. An alert is a signal by its source and its id: the same one twice is one. The first is kept as it was.
2. It is about an exposure by its id, or by service, environment and advisory (a record's id, or a cluster's). What fits
   none is kept as well, under `UNMATCHED`, and answered as such: nothing that somebody sent is dropped.
3. A firing alert asks for a response where the exposure has no living run. A recovery is kept, and neither acts nor
   lifts: what another tool believes is no proof that the hole is closed.
4. The journal has one entry a sender and transaction, with counts and a digest: ten thousand alerts are telemetry.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.freshness import Freshness
from holdfast.loop.respond import respond
from holdfast.loop.turn import Turn, require_permission
from holdfast.model.exposure import Exposure, Subject
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.run import Alert, Run, Signal
from holdfast.model.tenancy import Permission, Token
from holdfast.ports.store import Transaction

UNMATCHED = "unmatched"
"""What stands in the place of an exposure's id for alerts that fit none."""
MOST = 1000
_MOST_TEXT = 2000


@frozen
class AlertOutcome:
    """What a batch did: how many were new, how many came before, which fit no exposure, and the runs it began."""

    received: int
    new: int
    matched: int
    unmatched: tuple[str, ...]
    exposures: tuple[str, ...]
    runs: tuple[str, ...]


@dataclass(slots=True)
class _Batch:
    """What one sender told: its turn, its alerts with their exposures and signals, and what came of them."""

    turn: Turn
    alerts: Sequence[Alert]
    found: Sequence[Exposure | None]
    signals: Sequence[Signal]
    new: set[str] = field(default_factory=set)
    runs: list[Run] = field(default_factory=list)

    def fired(self) -> dict[str, Exposure]:
        """Return the exposures that a new alert says are being attacked."""
        seen = zip(self.alerts, self.found, self.signals, strict=True)
        return {one.id: one for alert, one, signal in seen if one and alert.firing and signal.id in self.new}

    def outcome(self) -> AlertOutcome:
        """Return what is answered."""
        unmatched = tuple(dict.fromkeys(one.id for one in self.signals if one.exposure == UNMATCHED))
        named = tuple(dict.fromkeys(one.id for one in self.found if one is not None))
        matched = sum(one is not None for one in self.found)
        runs = tuple(run.id for run in self.runs)
        return AlertOutcome(len(self.alerts), len(self.new), matched, unmatched, named, runs)


def check_alerts(token: Token | None, alerts: Sequence[Alert]) -> None:
    """Refuse what no transaction is needed for.

    Raises:
        ForbiddenError: the token may not tell facts.
        UsageError: more than `MOST`.
    """
    require_permission(token, Permission.FACTS_WRITE)
    if len(alerts) > MOST:
        raise UsageError(f"{len(alerts)} alerts at once; the limit is {MOST}", hint="send several batches")


def take_alerts(turn: Turn, alerts: Sequence[Alert]) -> AlertOutcome:
    """Keep a batch of alerts, and answer the exposures that they are about.

    Raises:
        ForbiddenError: the token may not tell facts.
        UsageError: more than `MOST`.
    """
    return take_together([(turn, alerts)])[0]


def take_together(asked: Sequence[tuple[Turn, Sequence[Alert]]]) -> list[AlertOutcome]:
    """Keep the batches of several senders in the one transaction of their turns; returns an outcome for each.

    What one sends is new to whoever came first, and so is the run that it begins.

    Raises:
        ForbiddenError: a token may not tell facts.
        UsageError: more than `MOST` in one batch.
    """
    for turn, alerts in asked:
        check_alerts(turn.token, alerts)
    subjects = _Subjects(asked[0][0].tx)
    batches = [_batch(turn, alerts, subjects) for turn, alerts in asked]
    _keep(batches)
    _answer(batches)
    for actor in dict.fromkeys(batch.turn.actor for batch in batches if batch.new):
        _journal(actor, [batch for batch in batches if batch.turn.actor == actor])
    return [batch.outcome() for batch in batches]


def _batch(turn: Turn, alerts: Sequence[Alert], subjects: "_Subjects") -> _Batch:
    found = [subjects.find(alert) for alert in alerts]
    return _Batch(turn, alerts, found, [_signal(turn, *one) for one in zip(alerts, found, strict=True)])


def _keep(batches: Sequence[_Batch]) -> None:
    """Store every signal, the first of an id; it is new to the batch that came first with it."""
    first: dict[str, Signal] = {}
    for batch in batches:
        for signal in batch.signals:
            if first.setdefault(signal.id, signal) is signal:
                batch.new.add(signal.id)
    added = set(batches[0].turn.tx.signals.add(list(first.values())))
    for batch in batches:
        batch.new &= added


def _answer(batches: Sequence[_Batch]) -> None:
    """Begin what answers the exposures that fired; a run is of the batch that fired first."""
    first: dict[str, _Batch] = {}
    exposures: dict[str, Exposure] = {}
    for batch in batches:
        for name, exposure in batch.fired().items():
            first.setdefault(name, batch)
            exposures[name] = exposure
    for run in _respond(batches[0].turn, list(exposures.values())):
        first[run.exposure].runs.append(run)


def _respond(turn: Turn, exposures: Sequence[Exposure]) -> list[Run]:
    if not exposures:
        return []
    facts = Freshness(turn.tx, turn.now, turn.feed_max_age)
    return respond(turn.tx, exposures, turn.now, turn.ids, facts.find_stale)


def _signal(turn: Turn, alert: Alert, exposure: Exposure | None) -> Signal:
    kind = "alert" if alert.firing else "recovery"
    return Signal(
        turn.tx.org,
        f"{kind}/{alert.source}/{alert.id}",
        kind,
        turn.actor,
        turn.now,
        exposure.id if exposure is not None else UNMATCHED,
        None,
        "matched" if exposure is not None else UNMATCHED,
        json.dumps(_said(alert), sort_keys=True),
    )


def _said(alert: Alert) -> Mapping[str, object]:
    return {
        "source": alert.source,
        "id": alert.id,
        "at": format_instant(alert.at),
        "exposure": alert.exposure,
        "service": alert.service,
        "environment": alert.environment,
        "advisory": alert.advisory,
        "detail": alert.detail[:_MOST_TEXT],
        "labels": dict(alert.labels),
    }


def _journal(actor: str, batches: Sequence[_Batch]) -> None:
    new = {one.id: one for batch in batches for one in batch.signals if one.id in batch.new}
    kept = sorted(new.values(), key=lambda one: one.id)
    digest = hashlib.sha256("\n".join(f"{one.id} {one.body}" for one in kept).encode()).hexdigest()
    about = [one for one in dict.fromkeys(signal.exposure for signal in kept) if one not in {None, UNMATCHED}]
    body: dict[str, object] = {
        "id": f"alerts/{digest[:24]}",
        "about": about[:100],
        "alerts": len(kept),
        "recoveries": sum(one.kind == "recovery" for one in kept),
        "unmatched": sum(one.exposure == UNMATCHED for one in kept),
        "digest": digest,
        "by": actor,
        "runs": [run.id for batch in batches for run in batch.runs],
    }
    batches[0].turn.tx.journal.append("alerts.received", body)


class _Subjects:
    """Finds what alerts are about; each service and exposure is read once per batch."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._by_id: dict[str, Exposure | None] = {}
        self._of_place: dict[tuple[str, str], Sequence[Exposure]] = {}

    def find(self, alert: Alert) -> Exposure | None:
        """Return the exposure that an alert is about; `None` when there is none, or it could be several."""
        if alert.exposure is not None:
            return self._get(alert.exposure)
        if alert.service is None or alert.environment is None:
            return None
        known = self._at(alert.service, alert.environment)
        fits = [one for one in known if alert.advisory in {one.cluster, *one.advisories}] if alert.advisory else known
        live = [one for one in fits if one.is_live]
        if alert.advisory is not None:  # one hole may be in several components of a service: the first open one
            return next(iter(live or fits), None)
        return live[0] if len(live) == 1 else None

    def _get(self, exposure_id: str) -> Exposure | None:
        if exposure_id not in self._by_id:
            try:
                self._by_id[exposure_id] = self._tx.exposures.get(exposure_id)
            except NotFoundError:
                self._by_id[exposure_id] = None
        return self._by_id[exposure_id]

    def _at(self, service: str, environment: str) -> Sequence[Exposure]:
        place = (service, environment)
        if place not in self._of_place:
            known = self._tx.services.find(service)
            subject = Subject("service", known.id, known.name) if known else None
            self._of_place[place] = self._tx.exposures.of_subjects([(subject, environment)]) if subject else ()
        return self._of_place[place]


def list_signals(tx: Transaction, exposure_id: str, after: str | None, limit: int) -> tuple[int, Sequence[Signal]]:
    """Return how many signals there are of an exposure (or `UNMATCHED`), and those with an id below `after`.

    Raises:
        NotFoundError: there is no such exposure.
    """
    if exposure_id != UNMATCHED:
        tx.exposures.get(exposure_id)
    return tx.signals.count(exposure_id), tx.signals.of_exposure(exposure_id, after, limit)
