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
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import ConflictError, NotFoundError
from holdfast.loop.flag_snapshot import FlagSnapshot
from holdfast.mitigations.evaluation import Evaluated, Evaluation, Evaluators, FlagSet
from holdfast.mitigations.flags import parse_flag
from holdfast.model.flag import FlagDefinition, Overlay
from holdfast.model.frozen import frozen
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store, Transaction

MAX_CACHED = 50_000


@frozen
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
    version = _next_version(tx, environment, key, known)
    saved = FlagDefinition(tx.org, environment, key, definition, version, now)
    tx.flags.save(saved)
    digest = hashlib.sha256(definition.encode("utf-8", "surrogatepass")).hexdigest()
    body = {"id": f"{environment}/{key}", "environment": environment, "flag": key, "version": version}
    tx.journal.append("flag.defined", body | {"digest": digest, "by": actor})
    return saved


def _next_version(tx: Transaction, environment: str, key: str, known: FlagDefinition | None) -> int:
    if known is not None:
        return known.version + 1
    earlier = tx.flags.history(environment, key)  # of a flag that was taken away: its versions are not used again
    return earlier[-1].version + 1 if earlier else 1


def restore_flag(
    tx: Transaction, environment: str, key: str, version: int, now: datetime, *, actor: str = "holdfast"
) -> FlagDefinition:
    """Define a flag as it was in an earlier version; that is a new version with the old text.

    Raises:
        NotFoundError: there was no such version.
        ConflictError: an active overlay forces a variant that the old text lacks.
    """
    for known in tx.flags.history(environment, key):
        if known.version == version:
            return define_flag(tx, environment, key, known.definition, now, actor=actor)
    raise NotFoundError(f"there is no version {version} of flag `{key[:128]}` in `{environment}`")


def remove_flag(tx: Transaction, environment: str, key: str, *, actor: str = "holdfast") -> None:
    """Take a flag away; its history stays.

    Raises:
        NotFoundError: there is no such flag.
        ConflictError: an overlay holds it: without a definition there is nothing left to force.
    """
    known = tx.flags.find(environment, key)
    if known is None:
        raise NotFoundError(f"there is no flag `{key[:128]}` in `{environment}`")
    held = tx.overlays.active(environment, key)
    if held:
        raise ConflictError(f"overlay {held[0].id} holds flag `{key}`", hint="lift what holds it first")
    tx.flags.remove(environment, key)
    body = {"id": f"{environment}/{key}", "environment": environment, "flag": key, "version": known.version}
    tx.journal.append("flag.removed", body | {"by": actor})


def list_flags(tx: Transaction, environment: str) -> Sequence[FlagView]:
    """Return the flags of an environment, by key."""
    return _views(tx.flags.list(environment), tx.overlays.active(environment))


def find_flag(tx: Transaction, environment: str, key: str) -> FlagView | None:
    """Return one flag; no other is evaluated."""
    definition = tx.flags.find(environment, key)
    return _views([definition], tx.overlays.active(environment, key))[0] if definition is not None else None


def _views(definitions: Sequence[FlagDefinition], overlays: Sequence[Overlay]) -> tuple[FlagView, ...]:
    flags = FlagSet(definitions, overlays)
    nobody = EvaluationContext()
    return tuple(
        FlagView(one, tuple(o for o in overlays if o.flag == one.key), flags.evaluate(one.key, nobody))
        for one in definitions
    )


def _nothing_extra(org: str, environment: str) -> Sequence[Overlay]:
    return ()


class FlagServer:
    """Serves flags from a store, to many threads. One for the whole process.

    `extra` gives overlays that the store does not know of yet, by (org, environment): they hold like any other.
    While the store fails with one of `failures`, what was read last is served on, and is said to be stale.
    """

    def __init__(
        self,
        store: Store,
        *,
        extra: Callable[[str, str], Sequence[Overlay]] = _nothing_extra,
        failures: tuple[type[Exception], ...] = (),
        clock: Clock | None = None,
    ) -> None:
        self._store, self._extra, self._failures, self._clock = store, extra, failures, clock
        self._evaluators = Evaluators()
        self._lock = threading.Lock()
        self._one: OrderedDict[tuple[str, str, str], tuple[int, FlagSnapshot]] = OrderedDict()
        self._all: OrderedDict[tuple[str, str], FlagSnapshot] = OrderedDict()

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
        values = self.snapshot(org, environment).evaluate_all(context)
        return values, etag_of(values)

    def snapshot(self, org: str, environment: str) -> FlagSnapshot:
        """Return all flags of an environment as they are now; read anew exactly when something changed."""
        place = (org, environment)
        extra = tuple(self._extra(org, environment))
        with self._lock:
            known = self._all.get(place)
        try:
            read = self._read(place, known)
        except self._failures:
            if known is None:
                raise
            since = known.stale_since or (self._clock.now() if self._clock else None)
            read = known if known.stale_since == since else known.with_extra(extra, since)
        read = read.with_extra(extra, read.stale_since)
        if read is not known:
            with self._lock:
                _remember(self._all, place, read, 100)
        return read

    def _read(self, place: tuple[str, str], known: FlagSnapshot | None) -> FlagSnapshot:
        org, environment = place
        with self._store.read(org) as tx:
            revision = tx.flags.revision(environment)
            if known is not None and known.revision == revision and known.stale_since is None:
                return known
            definitions, overlays = tx.flags.list(environment), tx.overlays.active(environment)
        return FlagSnapshot(org, environment, revision, definitions, overlays, evaluators=self._evaluators)

    def _get_one(self, org: str, environment: str, key: str) -> FlagSnapshot:
        place = (org, environment, key)
        extra = [one for one in self._extra(org, environment) if one.flag == key]
        with self._store.read(org) as tx:
            revision = tx.flags.revision(environment)
            with self._lock:
                known = self._one.get(place)
            if known is not None and known[0] == revision and not extra and not known[1].extra:
                return known[1]
            definition = tx.flags.find(environment, key)
            overlays = tx.overlays.active(environment, key) if definition is not None else ()
        found = [definition] if definition is not None else []
        flags = FlagSnapshot(org, environment, revision, found, overlays, extra=extra, evaluators=self._evaluators)
        if definition is not None:  # names that nobody defined are not remembered: there is no end of them
            with self._lock:
                _remember(self._one, place, (revision, flags), MAX_CACHED)
        return flags


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _remember(cache: OrderedDict[_Key, _Value], key: _Key, value: _Value, limit: int) -> None:
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
