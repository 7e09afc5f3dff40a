"""Brings a compiled advisory file up to date with a feed, one ecosystem after the other.

Rules:

1. An ecosystem whose feed is as it was is not touched: the file stays the same, byte for byte.
2. A failing ecosystem keeps what the file has of it, and its problem is told; the others go on.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.edges.providers.compiled import open_compiled
from holdfast.edges.providers.compiled_write import Part, compile_feed
from holdfast.errors import ControlError, FeedError
from holdfast.model.advisory import Compiled, Snapshot
from holdfast.ports.feed import Feed, FeedChanges, RawRecord, newest_of_dates

Progress = Callable[[str, int, int | None], None]
KnownExploited = Callable[[], Collection[str] | None]
"""Loads the CVEs known to be exploited when they are needed; `None` without a list."""


@dataclass(slots=True)
class Refreshed:
    """What a refresh did. `checked` ecosystems equal their source now; `problems` are (ecosystem → why not)."""

    checked: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    """Records that could not be read."""


@dataclass(slots=True)
class _Reading:
    """One ecosystem's records while they are read."""

    ecosystem: str
    changes: FeedChanges
    progress: Progress
    skipped: list[str]
    seen: set[str] = field(default_factory=set)
    published: datetime | None = None
    """The newest publication among undated records read."""

    def compiled(self) -> Generator[Compiled, None, None]:
        with self.changes.reading() as records:
            for number, record in enumerate(records, 1):
                one = self._compile(record)
                if one is not None:
                    yield one
                if number % 500 == 0:
                    self.progress(self.ecosystem, number, self.changes.expected)

    def _compile(self, record: RawRecord) -> Compiled | None:
        self.seen.add(record.name)
        try:
            advisory = parse_osv(record.body, where=record.name)
        except ControlError as error:
            self.skipped.append(str(error).partition("\n")[0])
            return None
        self.seen.add(advisory.id)
        if all(one.ecosystem.partition(":")[0] != self.ecosystem for one in advisory.affected):
            return None
        if advisory.modified is None:
            self.published = newest_of_dates((self.published, advisory.published))
        return compile_advisory(advisory)


def refresh(
    path: Path,
    feed: Feed,
    ecosystems: Iterable[str],
    now: datetime,
    *,
    known_exploited: KnownExploited,
    progress: Progress,
) -> Refreshed:
    """Bring `ecosystems` in the file at `path` up to date with `feed`; makes the file when it is not there."""
    out = Refreshed()
    wanted = sorted(set(ecosystems))
    try:
        offered = feed.ecosystems()
    except FeedError as error:
        out.problems = dict.fromkeys(wanted, error.message)
        return out
    for ecosystem in wanted:
        if offered is not None and ecosystem not in offered:
            out.problems[ecosystem] = f"the feed {feed.describe()} has none of it"
            continue
        try:
            _refresh_one(path, feed, ecosystem, now, out, known_exploited=known_exploited, progress=progress)
            out.checked.add(ecosystem)
        except FeedError as error:
            out.problems[ecosystem] = error.message
    return out


def _refresh_one(
    path: Path,
    feed: Feed,
    ecosystem: str,
    now: datetime,
    out: Refreshed,
    *,
    known_exploited: KnownExploited,
    progress: Progress,
) -> None:
    known, before = _held(path, ecosystem)
    if before is not None and before.source != feed.describe():
        known, before = {}, None
    changes = feed.changes(ecosystem, known, before)
    if before is not None and changes.expected == 0 and not known.keys() - (changes.present or ()):
        changes.records.close()
        if before.validator == changes.validator:
            return
    reading = _Reading(ecosystem, changes, progress, out.skipped)

    def gone() -> Sequence[str]:
        present = reading.seen if changes.present is None else changes.present | reading.seen
        return sorted(known.keys() - present)

    def snapshot(records: int, newest: datetime | None) -> Snapshot:
        if not records:
            raise FeedError(f"the feed {feed.describe()} has none of it")
        dates = (newest, reading.published, before.newest if before else None)
        return Snapshot(ecosystem, feed.describe(), now, newest_of_dates(dates), records, changes.validator)

    part = Part(ecosystem, reading.compiled(), snapshot, gone, whole=not known)
    compile_feed(path, [part], known_exploited())


def _held(path: Path, ecosystem: str) -> tuple[Mapping[str, datetime | None], Snapshot | None]:
    """What the file has of an ecosystem; nothing when it can't be read, for then it is made anew."""
    try:
        held = open_compiled(path)
    except FeedError:
        return {}, None
    try:
        snapshot = held.snapshots().get(ecosystem)
        return (held.known(ecosystem) if snapshot else {}), snapshot
    finally:
        held.close()
