"""A drill under way: every look is kept as it is made, so that a person sees it live and a crash leaves its traces.

What has ended stays as it was signed, whoever comes back to it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from holdfast.errors import ConflictError, HoldfastError, tell_error
from holdfast.model.drill import DrillEvidence, DrillOutcome, DrillStep
from holdfast.model.instant import format_instant
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store, Transaction

MOST_CHARACTERS = 2000
T = TypeVar("T")


class NotProvenError(HoldfastError):
    """A look of a drill did not show what it should."""


@dataclass(slots=True)
class DrillLog:
    """Evidence that grows. `failures` are the errors that a store or a target is known to raise."""

    store: Store
    clock: Clock
    evidence: DrillEvidence
    failures: tuple[type[Exception], ...] = (HoldfastError,)
    on_change: Callable[[str], None] = lambda _org: None

    @property
    def failed(self) -> bool:
        """Whether any look so far did not show what it should."""
        return any(not step.passed for step in self.evidence.steps)

    def look(self, name: str, see: Callable[[], str]) -> bool:
        """Take a look and keep it: `see` returns what it saw, or raises; returns whether it held."""
        started_at = self.clock.now()
        try:
            detail, passed = see(), True
        except self.failures as error:
            detail, passed = _words(error), False
        self.add(name, passed, detail, started_at)
        return passed

    def add(self, name: str, passed: bool, detail: str, started_at: datetime) -> None:
        """Keep what was seen since an instant."""
        took_s = (self.clock.now() - started_at).total_seconds()
        step = DrillStep(name, passed, detail[:MOST_CHARACTERS], started_at, took_s)
        self.change(steps=(*self.evidence.steps, step))

    def change(self, **fields: object) -> None:
        """Change the evidence and keep it."""
        changed = replace(self.evidence, **fields)  # type: ignore[arg-type]  # names are checked by `replace`
        with self.store.write(self.evidence.org, self.clock.now()) as tx:
            _require_running(tx, changed.id)
            tx.drills.save(changed)
        self.evidence = changed
        self.on_change(self.evidence.org)

    def end(self, sign: Callable[[DrillEvidence], str]) -> DrillEvidence:
        """End it: passed when every look held. `sign` gives the envelope of the whole."""
        ended = finish(self.evidence, self.clock.now(), sign)
        with self.store.write(self.evidence.org, self.clock.now()) as tx:
            _require_running(tx, ended.id)
            keep_ended(tx, ended)
        self.evidence = ended
        self.on_change(self.evidence.org)
        return self.evidence


def _require_running(tx: Transaction, drill_id: str) -> None:
    """Raises: ConflictError: it ended without whoever plays it, frozen for too long: what is signed stays as it is."""
    if tx.drills.get(drill_id).outcome is not DrillOutcome.RUNNING:
        raise ConflictError(f"drill {drill_id} has ended meanwhile", hint="it was held for left behind: hold it again")


def finish(
    evidence: DrillEvidence, now: datetime, sign: Callable[[DrillEvidence], str], because: str | None = None
) -> DrillEvidence:
    """Return evidence that has ended; `because` says why it failed where no step does."""
    wrong = next((step for step in evidence.steps if not step.passed), None)
    because = because or (f"{wrong.name}: {wrong.detail}" if wrong is not None else None)
    because = because or (None if evidence.steps else "it did nothing")
    outcome = DrillOutcome.PASSED if because is None else DrillOutcome.FAILED
    ended = replace(evidence, outcome=outcome, ended_at=now, because=because[:MOST_CHARACTERS] if because else None)
    return replace(ended, envelope=sign(ended))


def keep_ended(tx: Transaction, evidence: DrillEvidence) -> None:
    """Store and journal a drill that ended."""
    tx.drills.save(evidence)
    journal_drill(tx, "drill.ended", evidence, outcome=evidence.outcome.value, faults=list(evidence.faults))


def journal_drill(tx: Transaction, kind: str, evidence: DrillEvidence, **facts: object) -> None:
    """Journal something about a drill; its service is named, so that its history shows it."""
    body: dict[str, object] = {
        "id": evidence.id,
        "about": evidence.service_id,
        "plan": evidence.plan,
        "plan_digest": evidence.plan_digest,
        "environment": evidence.environment,
        "level": evidence.level.value,
        "by": evidence.requested_by,
        "started_at": format_instant(evidence.started_at),
    }
    tx.journal.append(kind, body | facts)


def _words(error: Exception) -> str:
    hint = error.hint if isinstance(error, HoldfastError) else None
    return f"{tell_error(error)}{f' ({hint})' if hint else ''}"


def require(holds: bool, otherwise: str, hint: str | None = None) -> None:
    """Raises: NotProvenError: it does not hold."""
    if not holds:
        raise NotProvenError(otherwise, hint=hint)
