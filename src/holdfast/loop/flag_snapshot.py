"""An environment's flags at one instant, as every way of serving them sees them.

Rules:
1. A snapshot never changes. Evaluations, the document for in-process providers and the revision are of one reading.
2. The edition tells two snapshots apart that have one revision: overlays that the store does not know of yet.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol

from openfeature.evaluation_context import EvaluationContext

from holdfast.mitigations.evaluation import Evaluation, Evaluators, FlagSet
from holdfast.mitigations.flag_document import FLAG_SET, REVISION, served_text, write_document
from holdfast.mitigations.flags import forced_variant
from holdfast.model.flag import FlagDefinition, Overlay


class FlagSnapshot:
    """Definitions under their overlays. `stale_since` is when it could last be compared with its source."""

    def __init__(
        self,
        org: str,
        environment: str,
        revision: int,
        definitions: Sequence[FlagDefinition],
        overlays: Sequence[Overlay] = (),
        *,
        extra: Sequence[Overlay] = (),
        evaluators: Evaluators | None = None,
        text: str | None = None,
        edition: str | None = None,
        forced: Mapping[str, str] | None = None,
        stale_since: datetime | None = None,
    ) -> None:
        """`text`, `edition` and `forced`, flag → variant, are given where another server wrote them."""
        known = {overlay.id for overlay in overlays}
        self.org, self.environment, self.revision = org, environment, revision
        self.definitions, self.overlays = tuple(definitions), tuple(overlays)
        self.extra = tuple(overlay for overlay in extra if overlay.id not in known)
        self.stale_since = stale_since
        self._evaluators = evaluators
        self._text, self._edition, self._forced = text, edition, forced or {}
        self._flags = FlagSet(self.definitions, self.held, evaluators)

    @property
    def held(self) -> tuple[Overlay, ...]:
        """The overlays in force, those that the store does not know of too."""
        return (*self.overlays, *self.extra)

    @cached_property
    def edition(self) -> str:
        """The revision, and what tells it from the same revision with other overlays."""
        if self._edition is not None:
            return self._edition
        if not self.extra:
            return str(self.revision)
        return f"{self.revision}-{hashlib.sha256(repr(self.extra).encode()).hexdigest()[:12]}"

    @cached_property
    def text(self) -> str:
        """The whole set in flagd's JSON, forced definitions in the place of held ones."""
        if self._text is not None:
            return self._text
        held: dict[str, list[Overlay]] = {}
        for overlay in self.held:
            held.setdefault(overlay.flag, []).append(overlay)
        pairs = ((one.key, served_text(one.key, one.definition, held.get(one.key, ()))) for one in self.definitions)
        known = [(key, text) for key, text in pairs if text is not None]
        return write_document(known, {FLAG_SET: self.environment, REVISION: self.revision})

    @cached_property
    def is_timeless(self) -> bool:
        """Whether one context has one answer for as long as the snapshot lasts: no rule reads the time."""
        return not any("timestamp" in one.definition for one in self.definitions)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of all flags."""
        return frozenset(one.key for one in self.definitions)

    def has(self, key: str) -> bool:
        """Whether there is such a flag."""
        return key in self.keys

    def evaluate(self, key: str, context: EvaluationContext) -> Evaluation:
        """Return one flag's value."""
        return self._flags.evaluate(key, context)

    def evaluate_all(self, context: EvaluationContext) -> tuple[Evaluation, ...]:
        """Return every flag's value, by key."""
        return self._flags.evaluate_all(context)

    def forced(self, key: str) -> str | None:
        """Return the variant that overlays force, here or where the flags come from; `None` when none does."""
        return self._forced.get(key) or forced_variant([overlay for overlay in self.held if overlay.flag == key])

    def with_extra(self, extra: Sequence[Overlay], stale_since: datetime | None) -> "FlagSnapshot":
        """Return the same reading under these overlays that the store does not know of; itself when it is that."""
        known = {overlay.id for overlay in self.overlays}
        if (self.extra, self.stale_since) == (tuple(one for one in extra if one.id not in known), stale_since):
            return self
        return FlagSnapshot(
            self.org,
            self.environment,
            self.revision,
            self.definitions,
            self.overlays,
            extra=extra,
            evaluators=self._evaluators,
            stale_since=stale_since,
        )

    def marked(self, stale_since: datetime | None) -> "FlagSnapshot":
        """Return the same reading, compared with its source until then; `None` when it was a moment ago."""
        return FlagSnapshot(
            self.org,
            self.environment,
            self.revision,
            self.definitions,
            self.overlays,
            extra=self.extra,
            evaluators=self._evaluators,
            text=self._text,
            edition=self._edition,
            forced=self._forced,
            stale_since=stale_since,
        )


class FlagSource(Protocol):
    """Where ways of serving find what they serve."""

    def snapshot(self, org: str, environment: str) -> FlagSnapshot:
        """Return what holds now; what was committed before the question is in it."""
        ...


class FlagChanges(Protocol):
    """Tells who waits that an environment's flags changed."""

    def subscribe(self, org: str, environment: str, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(revision)` after every change from now on; returns what ends it."""
        ...
