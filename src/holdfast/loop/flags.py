"""Flags: defined by people, served to applications.

Rules:
1. A definition is checked when it is given, and stored to the bit. What would take away the variant that an active
   overlay forces is refused.
2. An evaluation reads the environment's revision first: what was committed a moment ago is what is served.
3. Serving one flag reads one flag; serving all reads all once per revision.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec
from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import ConflictError
from holdfast.mitigations.evaluation import FLAG_NOT_FOUND, Evaluated, Evaluation, Evaluators, FlagSet, NotEvaluated
from holdfast.mitigations.flags import parse_flag
from holdfast.model.flag import FlagDefinition, Overlay
from holdfast.ports.store import Store, Transaction

MAX_CACHED = 50_000


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag with what holds it, and what an unknown user is served."""

    definition: FlagDefinition
    overlays: tuple[Overlay, ...]
    served: Evaluation


def define_flag(
    tx: Transaction, environment: str, key: str, definition: str, now: datetime, *, actor: str = "holdfast"
) -> FlagDefinition:
    """Create a flag, or replace its definition; the same text again changes nothing.

    Raises:
        PlanError: the definition is not valid.
        ConflictError: an active overlay forces a variant that it no longer has.
    """
    flag = parse_flag(key, definition)
    known = tx.flags.find(environment, key)
    if known is not None and known.definition == definition:
        return known
    for overlay in tx.overlays.active(environment, key):
        if overlay.variant not in flag.variants:
            raise ConflictError(
                f"overlay {overlay.id} forces variant `{overlay.variant}` of `{key}`, which this definition lacks",
                hint="keep the variant until the overlay is lifted",
            )
    version = known.version + 1 if known else 1
    saved = FlagDefinition(tx.org, environment, key, definition, version, now)
    tx.flags.save(saved)
    digest = hashlib.sha256(definition.encode("utf-8", "surrogatepass")).hexdigest()
    body = {"id": f"{environment}/{key}", "environment": environment, "flag": key, "version": version}
    tx.journal.append("flag.defined", body | {"digest": digest, "by": actor})
    return saved


def list_flags(tx: Transaction, environment: str) -> Sequence[FlagView]:
    """Return the flags of an environment, by key."""
    definitions = tx.flags.list(environment)
    overlays = tx.overlays.active(environment)
    flags = FlagSet(definitions, overlays)
    nobody = EvaluationContext()
    return tuple(
        FlagView(one, tuple(o for o in overlays if o.flag == one.key), flags.evaluate(one.key, nobody))
        for one in definitions
    )


def evaluate_flag(tx: Transaction, environment: str, key: str, context: EvaluationContext) -> Evaluation:
    """Return one flag's value as it is served now."""
    definition = tx.flags.find(environment, key)
    if definition is None:
        return _not_found(key)
    return FlagSet([definition], tx.overlays.active(environment, key)).evaluate(key, context)


def _not_found(key: str) -> NotEvaluated:
    return NotEvaluated(key, FLAG_NOT_FOUND, f"there is no flag `{key[:128]}` in this environment")


class FlagServer:
    """Serves flags from a store, to many threads. One for the whole process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._evaluators = Evaluators()
        self._lock = threading.Lock()
        self._one: OrderedDict[tuple[str, str, str], tuple[int, FlagSet]] = OrderedDict()
        self._all: OrderedDict[tuple[str, str], tuple[int, FlagSet]] = OrderedDict()

    @property
    def compiled(self) -> int:
        """How many evaluators were compiled so far."""
        return self._evaluators.compiled

    def revision(self, org: str, environment: str) -> int:
        """Return the number that rises with every change of the environment's flags."""
        with self._store.read(org) as tx:
            return tx.flags.revision(environment)

    def evaluate_one(self, org: str, environment: str, key: str, context: EvaluationContext) -> Evaluation:
        """Return one flag's value."""
        return self._get_one(org, environment, key).evaluate(key, context)

    def evaluate_all(
        self, org: str, environment: str, context: EvaluationContext
    ) -> tuple[tuple[Evaluation, ...], str]:
        """Return every flag's value by key, and an ETag that is equal exactly when the values are."""
        values = self._get_all(org, environment).evaluate_all(context)
        return values, etag_of(values)

    def _get_one(self, org: str, environment: str, key: str) -> FlagSet:
        place = (org, environment, key)
        with self._store.read(org) as tx:
            revision = tx.flags.revision(environment)
            with self._lock:
                known = self._one.get(place)
            if known is not None and known[0] == revision:
                return known[1]
            definition = tx.flags.find(environment, key)
            overlays = tx.overlays.active(environment, key) if definition is not None else ()
        flags = FlagSet([definition] if definition is not None else [], overlays, self._evaluators)
        if definition is not None:  # names that nobody defined are not remembered: there is no end of them
            with self._lock:
                _remember(self._one, place, (revision, flags), MAX_CACHED)
        return flags

    def _get_all(self, org: str, environment: str) -> FlagSet:
        place = (org, environment)
        with self._store.read(org) as tx:
            revision = tx.flags.revision(environment)
            with self._lock:
                known = self._all.get(place)
            if known is not None and known[0] == revision:
                return known[1]
            flags = FlagSet(tx.flags.list(environment), tx.overlays.active(environment), self._evaluators)
        with self._lock:
            _remember(self._all, place, (revision, flags), 100)
        return flags


_Key = TypeVar("_Key")


def _remember(cache: OrderedDict[_Key, tuple[int, FlagSet]], key: _Key, value: tuple[int, FlagSet], limit: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > limit:
        cache.popitem(last=False)


def etag_of(values: Sequence[Evaluation]) -> str:
    """Return a strong ETag of evaluated flags."""
    return f'"{hashlib.sha256(msgspec.json.encode([_plain(value) for value in values])).hexdigest()[:32]}"'


def _plain(value: Evaluation) -> tuple[object, ...]:
    if isinstance(value, Evaluated):
        return (value.key, value.value, value.variant, value.reason, dict(value.metadata))
    return (value.key, value.code, value.details)
