"""Alerts of other tools: each is kept once, and however many speak of an exposure, one run answers.

Rules:
1. An alert is a signal by its source and its id: the same one twice is one. The first is kept as it was.
2. It is about an exposure by its id, or by service, environment and advisory (a record's id, or a cluster's). What fits
   none is kept as well, under `UNMATCHED`, and answered as such: nothing that somebody sent is dropped.
3. A firing alert asks for a response where the exposure has no living run. A recovery is kept, and neither acts nor
   lifts: what another tool believes is no proof that the hole is closed.
4. The journal has one entry a batch, with counts and a digest: ten thousand alerts are telemetry.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.freshness import Freshness
from holdfast.loop.respond import respond
from holdfast.loop.turn import Turn
from holdfast.model.exposure import Exposure, Subject
from holdfast.model.instant import format_instant
from holdfast.model.run import Alert, Run, Signal
from holdfast.model.tenancy import Permission
from holdfast.ports.store import Transaction

UNMATCHED = "unmatched"
"""What stands in the place of an exposure's id for alerts that fit none."""
MOST = 1000
_MOST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class AlertOutcome:
    """What a batch did: how many were new, how many came before, which fit no exposure, and the runs it began."""

    received: int
    new: int
    matched: int
    unmatched: tuple[str, ...]
    exposures: tuple[str, ...]
    runs: tuple[str, ...]


def take_alerts(turn: Turn, alerts: Sequence[Alert]) -> AlertOutcome:
    """Keep a batch of alerts, and answer the exposures that they are about.

    Raises:
        ForbiddenError: the token may not tell facts.
        UsageError: more than `MOST`.
    """
    turn.require(Permission.FACTS_WRITE)
    if len(alerts) > MOST:
        raise UsageError(f"{len(alerts)} alerts at once; the limit is {MOST}", hint="send several batches")
    subjects = _Subjects(turn.tx)
    found = [subjects.find(alert) for alert in alerts]
    signals = [_signal(turn, alert, exposure) for alert, exposure in zip(alerts, found, strict=True)]
    new = set(turn.tx.signals.add(signals))
    fired = {
        exposure.id: exposure
        for alert, exposure, signal in zip(alerts, found, signals, strict=True)
        if exposure is not None and alert.firing and signal.id in new
    }
    runs = _respond(turn, list(fired.values()))
    unmatched = tuple(dict.fromkeys(s.id for s in signals if s.exposure == UNMATCHED))
    if new:
        _journal(turn, signals, new, runs)
    named = tuple(dict.fromkeys(exposure.id for exposure in found if exposure is not None))
    matched = sum(exposure is not None for exposure in found)
    return AlertOutcome(len(alerts), len(new), matched, unmatched, named, tuple(run.id for run in runs))


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


def _journal(turn: Turn, signals: Sequence[Signal], new: set[str], runs: Sequence[Run]) -> None:
    kept = sorted({one.id: one for one in signals if one.id in new}.values(), key=lambda one: one.id)
    digest = hashlib.sha256("\n".join(f"{one.id} {one.body}" for one in kept).encode()).hexdigest()
    about = [one for one in dict.fromkeys(signal.exposure for signal in kept) if one not in {None, UNMATCHED}]
    body: dict[str, object] = {
        "id": f"alerts/{digest[:24]}",
        "about": about[:100],
        "alerts": len(kept),
        "recoveries": sum(one.kind == "recovery" for one in kept),
        "unmatched": sum(one.exposure == UNMATCHED for one in kept),
        "digest": digest,
        "by": turn.actor,
    }
    turn.tx.journal.append("alerts.received", body | {"runs": [run.id for run in runs]})


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
