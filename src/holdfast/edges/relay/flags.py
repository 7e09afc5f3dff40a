"""The flags of a relay, in memory: what every way of serving them reads, as a server's store is read elsewhere.

Rules:
1. What the server sent is served to the bit; overlays were applied there.
2. What can't be compared with the server is served on, and says since when that is so.
"""

import threading
from collections.abc import Callable
from datetime import datetime

from holdfast.errors import FactError, HoldfastError
from holdfast.loop.flag_snapshot import FlagSnapshot
from holdfast.mitigations.evaluation import Evaluators
from holdfast.mitigations.flag_document import FLAG_SET, REVISION, parse_document, read_forced
from holdfast.model.flag import FlagDefinition

ORG = "relay"


class RelayFlags:
    """One environment's flags, as they were last given. Safe between threads."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self._lock = threading.Lock()
        self._evaluators = Evaluators()
        self._current: FlagSnapshot | None = None
        self._listeners: dict[int, Callable[[int], None]] = {}
        self._next = 0

    @property
    def current(self) -> FlagSnapshot | None:
        """What is served; `None` before anything was given."""
        with self._lock:
            return self._current

    def snapshot(self, org: str, environment: str) -> FlagSnapshot:
        """Return what is served. Raises: HoldfastError: nothing was given yet."""
        current = self.current
        if current is None:
            raise HoldfastError("no flags were given yet", hint="is the server up, and the token right?")
        return current

    def subscribe(self, org: str, environment: str, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(revision)` after every change from now on; returns what ends it."""
        with self._lock:
            self._next += 1
            number = self._next
            self._listeners[number] = listener

        def unsubscribe() -> None:
            with self._lock:
                self._listeners.pop(number, None)

        return unsubscribe

    def take(self, text: str, edition: str, at: datetime, *, stale_since: datetime | None = None) -> FlagSnapshot:
        """Serve what the server gave.

        Raises:
            FactError: not a document of flags, or that of another environment.
        """
        definitions, metadata = parse_document(text, "what the server sent")
        named, revision = metadata.get(FLAG_SET), metadata.get(REVISION)
        if named != self.environment:
            raise FactError(
                f"expected the flags of `{self.environment}`, got those of `{str(named)[:80]}`",
                hint="the token is bound to another environment",
            )
        if not isinstance(revision, int):
            raise FactError("a document of flags without its revision")
        flags = [FlagDefinition(ORG, named, key, one, 0, at) for key, one in sorted(definitions.items())]
        taken = FlagSnapshot(
            ORG,
            self.environment,
            revision,
            flags,
            evaluators=self._evaluators,
            text=text,
            edition=edition,
            forced={key: variant for key, one in definitions.items() if (variant := read_forced(one)) is not None},
            stale_since=stale_since,
        )
        self._show(taken, tell=True)
        return taken

    def mark_stale(self, since: datetime) -> None:
        """Say that it can't be compared with the server since then, if that was not said of an earlier instant."""
        current = self.current
        if current is not None and current.stale_since is None:
            self._show(current.marked(since), tell=False)

    def mark(self, stale_since: datetime | None) -> None:
        """Say that it is what the server has, and since when the server itself can't tell more."""
        current = self.current
        if current is not None and current.stale_since != stale_since:
            self._show(current.marked(stale_since), tell=False)

    def _show(self, given: FlagSnapshot, *, tell: bool) -> None:
        with self._lock:
            self._current = given
            listeners = list(self._listeners.values()) if tell else []
        for listener in listeners:
            listener(given.revision)
