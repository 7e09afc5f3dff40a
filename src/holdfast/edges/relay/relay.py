"""A relay: what follows the server, what is on disk, what is said about it.

Rules:
1. It serves from the first moment: what is on disk, marked stale until the server confirms it.
2. What a server serves that can't reach its own store is stale here too, since the same instant.
3. A change is served before it is written to disk; a disk that fails is said loudly, and nothing else stops.
"""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from holdfast.edges.relay.flags import RelayFlags
from holdfast.edges.relay.snapshot_file import Saved, load_newest, save_snapshot, touch_snapshot
from holdfast.edges.relay.upstream import Given, Upstream, follow
from holdfast.errors import FactError, FeedError
from holdfast.loop.flag_clients import ClientBook
from holdfast.model.flag import FlagClient
from holdfast.ports.clock import Clock

REPORT_S = 1.0
HURRY_S = 0.05
MAX_REPORTED = 1000
TOUCH_EVERY = timedelta(seconds=60)
BEHIND = "the server can't read its own store, and serves what it read last"


class Relay:
    """Follows a server for one environment."""

    def __init__(
        self,
        flags: RelayFlags,
        upstream: Upstream,
        path: Path,
        book: ClientBook,
        *,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._flags, self._upstream, self._path = flags, upstream, path
        self._book, self._clock, self._say = book, clock, say
        self._confirmed_at = clock.now()
        self._touched_at = clock.now()
        self._lost = ""
        self._behind = ""
        self._hurried = threading.Event()
        book.call_when_changed(_nothing, self._hurried.set)

    def open_snapshot(self) -> None:
        """Take what is on disk. Raises: nothing: what can't be used is said."""
        saved, refused = load_newest(self._path)
        for one in refused:
            self._say(f"a snapshot was REFUSED: {one}")
        if saved is None:
            return
        try:
            self._flags.take(saved.text, saved.edition, saved.seen_at, stale_since=saved.seen_at)
        except FactError as error:
            self._say(f"a snapshot was REFUSED: {error}")
            return
        self._say(f"serving revision {saved.revision} from disk, as it was at {saved.seen_at:%Y-%m-%d %H:%M:%S} UTC")

    def run_forever(self, stop: threading.Event) -> None:
        """Follow the server until told to stop."""
        follow(self._upstream, stop, take=self._take, known=self._known, confirm=self._confirm, lose=self._lose)

    def report_forever(self, stop: threading.Event) -> None:
        """Tell the server what is proven of our clients once a second, and soon what they fetched anew."""
        while not stop.is_set():
            self._hurried.wait(REPORT_S)
            self._hurried.clear()
            stop.wait(HURRY_S)  # who fetches in the same moment shares the report
            self.report()

    def report(self) -> None:
        """Tell it once, what changed."""
        changed = self._book.take_changed(self._clock.now(), MAX_REPORTED)
        if not changed:
            return
        try:
            self._upstream.report([_report(one) for one in changed])
        except FeedError:
            self._book.put_back(changed)  # that it is away is said by who follows it

    def health(self) -> tuple[int, dict[str, Any]]:
        """Return an HTTP status and what is served, since when it is stale, and why."""
        current = self._flags.current
        if current is None:
            return 503, {"status": "empty", "environment": self._flags.environment, "because": self._lost}
        stale = current.stale_since.isoformat() if current.stale_since else None
        body = {"environment": current.environment, "revision": current.revision, "stale_since": stale}
        because = self._lost or self._behind
        return 200, {"status": "stale" if stale else "ok", **body, "because": because if stale else ""}

    def _known(self) -> str | None:
        current = self._flags.current
        return _given(current.edition) if current is not None else None

    def _take(self, given: Given, text: str) -> None:
        now, before, edition = self._clock.now(), self._flags.current, given.edition
        stale_since = min(given.stale_since, now) if given.stale_since is not None else None
        shown = edition
        if before is not None and _given(before.edition) == edition:
            if before.text == text:
                return
            # a server that was restored came to the same edition by another way: our clients must see that it differs
            shown = f"{edition}~{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        taken = self._flags.take(text, shown, now, stale_since=stale_since)
        try:
            save_snapshot(self._path, Saved(taken.environment, edition, taken.revision, text, now))
            if stale_since is not None:
                touch_snapshot(self._path, stale_since)
        except OSError as error:
            self._say(f"the snapshot could NOT be written, and a restart would serve an older one: {error}")

    def _confirm(self, stale_since: datetime | None) -> None:
        now = self._clock.now()
        stale_since = min(stale_since, now) if stale_since is not None else None
        self._confirmed_at = stale_since or now
        self._flags.mark(stale_since)
        if self._lost:
            self._say("following the server again")
            self._lost = ""
        behind = BEHIND if stale_since is not None else ""
        if behind != self._behind:
            self._say(behind or "the server can read its store again")
            self._behind = behind
        if stale_since is None and now - self._touched_at >= TOUCH_EVERY:
            self._touched_at = now
            try:
                touch_snapshot(self._path, now)
            except OSError as error:
                self._say(f"the snapshot can't be touched: {error}")

    def _lose(self, because: str) -> None:
        self._flags.mark_stale(self._confirmed_at)
        if because != self._lost:
            self._say(f"the server can't be followed: {because}")
        self._lost = because


def _nothing() -> None:
    return None


def _given(edition: str) -> str:
    """Return an edition as the server gave it."""
    return edition.partition("~")[0]


def _report(one: FlagClient) -> dict[str, Any]:
    names = ("id", "kind", "connected", "service", "target", "delivered", "fetched", "effective")
    pairs = {"effects": one.effects, "asked": one.asked}
    return {name: getattr(one, name) for name in names} | {
        name: [list(pair) for pair in of] for name, of in pairs.items()
    }
