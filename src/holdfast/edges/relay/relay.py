"""A relay: what follows the server, what is on disk, what is said about it.

Rules:
1. It serves from the first moment: what is on disk, marked stale until the server confirms it.
2. A change is served before it is written to disk; a disk that fails is said loudly, and nothing else stops.
"""

import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from holdfast.edges.relay.flags import RelayFlags
from holdfast.edges.relay.snapshot_file import Saved, load_newest, save_snapshot, touch_snapshot
from holdfast.edges.relay.upstream import Upstream, follow
from holdfast.errors import FactError, FeedError
from holdfast.loop.flag_clients import ClientBook
from holdfast.model.flag import FlagClient
from holdfast.ports.clock import Clock

REPORT_S = 1.0
MAX_REPORTED = 1000
TOUCH_EVERY = timedelta(seconds=60)


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
        """Tell the server what is proven of our clients, at most once a second."""
        while not stop.wait(REPORT_S):
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
        return 200, {"status": "stale" if stale else "ok", **body, "because": self._lost if stale else ""}

    def _known(self) -> str | None:
        current = self._flags.current
        return _given(current.edition) if current is not None else None

    def _take(self, edition: str, text: str) -> None:
        now, before = self._clock.now(), self._flags.current
        shown = edition
        if before is not None and _given(before.edition) == edition:
            if before.text == text:
                return
            # a server that was restored came to the same edition by another way: our clients must see that it differs
            shown = f"{edition}~{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        taken = self._flags.take(text, shown, now)
        try:
            save_snapshot(self._path, Saved(taken.environment, edition, taken.revision, text, now))
        except OSError as error:
            self._say(f"the snapshot could NOT be written, and a restart would serve an older one: {error}")

    def _confirm(self) -> None:
        now = self._clock.now()
        self._confirmed_at = now
        self._flags.mark_fresh()
        if self._lost:
            self._say("following the server again")
            self._lost = ""
        if now - self._touched_at >= TOUCH_EVERY:
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


def _given(edition: str) -> str:
    """Return an edition as the server gave it."""
    return edition.partition("~")[0]


def _report(one: FlagClient) -> dict[str, Any]:
    names = ("id", "kind", "connected", "service", "target", "delivered", "fetched", "effective")
    pairs = {"effects": one.effects, "asked": one.asked}
    return {name: getattr(one, name) for name in names} | {
        name: [list(pair) for pair in of] for name, of in pairs.items()
    }
