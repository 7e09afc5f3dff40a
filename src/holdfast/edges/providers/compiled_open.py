"""Finds, refreshes and opens the compiled advisories that a scan needs.

Rules:

1. A named feed has a compiled file of its own below the data folder, unless the one there was made from it.
2. A folder or zip is compared with its source at every scan, which costs nothing when its files are as they were; an
   address at most once an hour, and never when offline.
3. Without a named feed the synced file counts; the public bucket is asked only where nothing was ever synced from
   elsewhere, and where the file did not come as a snapshot.
4. A scan from a local feed makes no network request: exploitation is then `null` unless a list is named.
5. A list of known exploited vulnerabilities in a file is read at every scan; one at an address when the feed changed.
   EPSS and SSVC are read where a file is named.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.edges.providers.compiled import FILE_NAME, IMPORTED, CompiledAdvisories, Lists, open_compiled
from holdfast.edges.providers.osv_open import PUBLIC_BUCKET, is_remote, open_feed
from holdfast.errors import FeedError, HoldfastError
from holdfast.model.advisory import Enrichment, Snapshot
from holdfast.model.frozen import frozen

if TYPE_CHECKING:  # loaded only where a list is named
    from holdfast.edges.providers.enrichment_epss import EpssSource
    from holdfast.edges.providers.enrichment_ssvc import SsvcSource

REFRESH_AFTER = timedelta(hours=1)
Progress = Callable[[str, int, int | None], None]


@frozen
class Wanted:
    """What a scan needs. `feed`, `known_exploited`, `epss` and `ssvc` are locations, `None` where none is named."""

    ecosystems: tuple[str, ...]
    data: Path
    feed: str | None = None
    offline: bool = False
    known_exploited: str | None = None
    epss: str | None = None
    ssvc: str | None = None


@frozen
class Opened:
    """The advisories; `lookup` is `None` when there are none at all. See `compiled_sync.Refreshed`.

    `notes` are what else went wrong and stopped nothing.
    """

    lookup: CompiledAdvisories | None
    checked: frozenset[str] = frozenset()
    problems: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def open_advisories(wanted: Wanted, now: datetime, progress: Progress) -> Opened:
    """Return the compiled advisories, refreshed as the rules say. Problems are told, not raised.

    Raises:
        UsageError: the named feed is no location.
    """
    path, location = _place(wanted)
    opened = _synced(path, location, wanted, now, progress)
    notes: list[str] = []
    read: dict[str, str] = {}
    exploited = _listed_in_file(wanted.known_exploited, now, notes, read)
    lists = Lists(exploited, _enrichments(wanted, now, notes, read), _digest_of(read))
    try:
        lookup = open_compiled(path, lists)
    except HoldfastError:
        return replace(opened, checked=frozenset(), notes=tuple(notes))
    return replace(opened, lookup=lookup, notes=tuple(notes))


def _synced(path: Path, location: str | None, wanted: Wanted, now: datetime, progress: Progress) -> Opened:
    """Bring the file up to date where that is due; the answer has no `lookup` yet."""
    held = _snapshots(path)
    if location is None or not wanted.ecosystems:
        return Opened(None)
    remote = is_remote(location)
    due = [name for name in wanted.ecosystems if not remote or _is_due(held.get(name), now)]
    if remote and wanted.offline:
        return Opened(None, problems=dict.fromkeys(due, _offline(wanted)))
    if not remote:
        due = [name for name in due if not _is_same(location, name, held.get(name))]
    checked = frozenset(wanted.ecosystems) - frozenset(due)
    if not due:
        return Opened(None, checked if not remote else frozenset())
    done = _refresh(path, location, replace(wanted, ecosystems=tuple(due)), now, progress)
    return Opened(None, checked | done.checked, done.problems, done.skipped)


def _offline(wanted: Wanted) -> str:
    """Why nothing was asked for: what was synced from a feed that is named counts where it is named again."""
    others = wanted.feed is None and next((wanted.data / "feeds").glob(f"*/{FILE_NAME}"), None) is not None
    return "offline; another feed was synced here, which `--feed` names" if others else "offline"


def _place(wanted: Wanted) -> tuple[Path, str | None]:
    """The file to read, and the feed to compare it with (`None`: take it as it is)."""
    shared = wanted.data / FILE_NAME
    held, imported = _held(shared)
    sources = {snapshot.source for snapshot in held.values()}
    if wanted.feed is None:
        return shared, PUBLIC_BUCKET if sources <= {PUBLIC_BUCKET} and imported is None else None
    digest = hashlib.sha256(_absolute(wanted.feed).encode()).hexdigest()[:16]
    own = wanted.data / "feeds" / digest / FILE_NAME
    if not own.is_file() and sources == {_absolute(wanted.feed)}:
        return shared, wanted.feed
    return own, wanted.feed


def _absolute(location: str) -> str:
    return location.rstrip("/") if is_remote(location) else os.path.realpath(os.path.expanduser(location))


def _is_due(snapshot: Snapshot | None, now: datetime) -> bool:
    return (
        snapshot is None or snapshot.synced_at is None or not timedelta(0) <= now - snapshot.synced_at < REFRESH_AFTER
    )


def _is_same(location: str, ecosystem: str, snapshot: Snapshot | None) -> bool:
    """Whether a local feed's files are as they were when the snapshot was taken."""
    from holdfast.edges.providers.osv_folder import FolderFeed
    from holdfast.edges.providers.osv_zip import ZipFeed

    feed = open_feed(location, Path())
    return isinstance(feed, FolderFeed | ZipFeed) and feed.is_same(ecosystem, snapshot)


@frozen
class _Done:
    checked: frozenset[str]
    problems: Mapping[str, str]
    skipped: tuple[str, ...]


def _refresh(path: Path, location: str, wanted: Wanted, now: datetime, progress: Progress) -> _Done:
    from holdfast.edges.providers.compiled_sync import refresh

    def known_exploited() -> Collection[str] | None:
        return _known_exploited(wanted.known_exploited, now, remote=is_remote(location))

    feed = open_feed(location, path.parent / "downloads")
    done = refresh(path, feed, wanted.ecosystems, now, known_exploited=known_exploited, progress=progress)
    return _Done(frozenset(done.checked), done.problems, tuple(done.skipped))


def _digest_of(read: Mapping[str, str]) -> str | None:
    """The identity of the lists that were read: kind → sha256."""
    if not read:
        return None
    text = "".join(f"{kind} {digest}\n" for kind, digest in sorted(read.items()))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _listed_in_file(location: str | None, now: datetime, notes: list[str], read: dict[str, str]) -> Set[str] | None:
    """The CVEs of the named list when it lies in a file, else `None`; what is wrong with it is noted.

    `read` gets its digest.
    """
    if location in {None, "none"} or is_remote(location):
        return None
    from holdfast.edges.providers.enrichment_kev import KevSource

    try:
        source = KevSource(location or "")
        rows = source.fetch(now).rows
        read["kev"] = source.digest or ""
        return rows.keys()
    except FeedError as error:  # absent is `null` in the report, and stops nothing
        notes.append(f"no list of known exploited vulnerabilities: {error.message}")
        return None


def _enrichments(wanted: Wanted, now: datetime, notes: list[str], read: dict[str, str]) -> Mapping[str, Enrichment]:
    """What the named lists in files say of CVEs; what is wrong with them is noted, `read` gets their digests."""
    out: dict[str, Enrichment] = {}
    if wanted.epss not in {None, "none"}:
        from holdfast.edges.providers.enrichment_epss import EpssSource

        for cve, row in _rows(EpssSource(wanted.epss or ""), now, notes, read):
            out[cve] = Enrichment(epss=float(str(row["epss"])))
    if wanted.ssvc not in {None, "none"}:
        from holdfast.edges.providers.enrichment_ssvc import SsvcSource

        for cve, row in _rows(SsvcSource(wanted.ssvc or ""), now, notes, read):
            automatable, impact = row.get("automatable"), row.get("technical_impact")
            out[cve] = replace(
                out.get(cve, Enrichment()),
                ssvc_automatable=str(automatable) if automatable else None,
                ssvc_technical_impact=str(impact) if impact else None,
            )
    return out


def _rows(
    source: "EpssSource | SsvcSource", now: datetime, notes: list[str], read: dict[str, str]
) -> Iterable[tuple[str, Mapping[str, object]]]:
    if is_remote(source.describe()):
        notes.append(f"no {source.kind.upper()}: a scan reads it from a file, not from {source.describe()}")
        return ()
    try:
        rows = source.fetch(now).rows
        read[source.kind] = source.digest or ""
        return rows.items()
    except FeedError as error:
        notes.append(f"no {source.kind.upper()}: {error.message}")
        return ()


def _known_exploited(location: str | None, now: datetime, *, remote: bool) -> Collection[str] | None:
    """The CVEs of the list named by address, or of the published one for a remote feed; `None` without one."""
    from holdfast.edges.providers.enrichment_kev import PUBLISHED, KevSource

    if (location is None and not remote) or (location is not None and not is_remote(location)):
        return None
    try:
        return KevSource(location or PUBLISHED).fetch(now).rows.keys()
    except FeedError:  # absent is `null` in the report, and stops nothing
        return None


def _snapshots(path: Path) -> Mapping[str, Snapshot]:
    return _held(path)[0]


def _held(path: Path) -> tuple[Mapping[str, Snapshot], str | None]:
    """What a file has of each ecosystem, and what it says of the snapshot that it came as."""
    try:
        held = open_compiled(path)
    except FeedError:
        return {}, None
    try:
        return held.snapshots(), held.meta(IMPORTED)
    finally:
        held.close()
