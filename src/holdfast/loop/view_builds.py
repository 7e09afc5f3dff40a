"""What the gate decided, for lists and pages: one page of builds, and one build with everything it rests on.

Rules:
1. A list reads one page and nothing per row.
2. What a build was decided on and what was answered is shown as it was kept; nothing is decided anew.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.build_evidence import unpack_document
from holdfast.loop.policies import find_subject
from holdfast.loop.unverified import VerdictReader
from holdfast.model.build import Answer, Build, BuildFilter, Level
from holdfast.model.frozen import frozen
from holdfast.model.instant import parse_instant
from holdfast.model.inventory import Release
from holdfast.ports.store import Transaction

VERDICTS = ("pass", "blocked", "unknown", "held", "overridden")
"""What a list can be asked for: an answer, what is held still, what somebody let go."""


@frozen
class BuildsView:
    """One page of builds, newest first; `next` is the last id where there are more."""

    rows: tuple[Build, ...]
    next: str | None


@frozen
class PolicyUsed:
    """A policy that a build was decided by: whose, and which version of it; `None` where it is not kept here."""

    name: str
    version: int | None
    digest: str
    is_current: bool = False
    address: str = ""
    """Where its page is: `org`, `group/ID`, `service/ID`."""


@frozen
class FeedUsed:
    """A feed that a build was decided on: when it was synced, its newest record's date, and how old it was then."""

    ecosystem: str
    synced_at: datetime | None
    newest: datetime | None
    age_s: float | None


@frozen
class Place:
    """Where a release of a build runs, since when, and what the gate says of that deployment."""

    environment: str
    target: str
    version: str
    since: datetime
    standing: str
    because: str


@frozen
class BuildView:
    """A build with what it rests on; `document` is `holdfast.gate/1` as answered, empty where it was not kept."""

    build: Build
    document: Mapping[str, Any]
    policies: tuple[PolicyUsed, ...]
    feeds: tuple[FeedUsed, ...]
    release: Release | None
    places: tuple[Place, ...]


def filter_of(
    tx: Transaction, service: str | None = None, team: str | None = None, verdict: str | None = None
) -> BuildFilter:
    """Return a filter; `service` is a name or an id.

    Raises:
        NotFoundError: there is no such service.
        UsageError: `verdict` is none of `VERDICTS`.
    """
    if verdict is not None and verdict not in VERDICTS:
        raise UsageError(f"expected one of {', '.join(VERDICTS)}, got `{verdict[:40]}`", where="verdict")
    return BuildFilter(
        find_subject(tx, Level.SERVICE, service) if service is not None else None,
        team,
        Answer(verdict) if verdict in set(Answer) else None,
        held=verdict == "held",
        overridden=verdict == "overridden",
    )


def builds_view(tx: Transaction, where: BuildFilter, after: str | None, limit: int) -> BuildsView:
    """Return a page of builds with an id below `after`."""
    rows = tx.builds.list(where, after, limit + 1)
    return BuildsView(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)


def build_view(tx: Transaction, build_id: str) -> BuildView:
    """Return a build with what it rests on. Raises: NotFoundError."""
    build = tx.builds.get(build_id)
    release = _release(tx, build)
    return BuildView(
        build,
        build_document(tx, build_id),
        tuple(_policies(tx, build)),
        tuple(_feeds(build, build_document(tx, build_id).get("snapshot", ()))),
        release,
        tuple(_places(tx, build, release)) if release else (),
    )


def build_document(tx: Transaction, build_id: str) -> Mapping[str, Any]:
    """Return what was answered of a build; empty where it was not kept."""
    kept = tx.builds.document(build_id)
    return unpack_document(kept) if kept is not None else {}


def _release(tx: Transaction, build: Build) -> Release | None:
    try:
        return tx.releases.get(build.release_id) if build.release_id else None
    except NotFoundError:
        return None


def _policies(tx: Transaction, build: Build) -> Sequence[PolicyUsed]:
    names = {one.id: one.name for one in tx.teams.groups()} | {build.service_id: build.service}
    out = []
    for name, digest in build.policy:
        level, _, subject = name.partition(":")
        history = tx.policies.history(Level(level), subject) if level in set(Level) else ()
        version = next((one.version for one in reversed(history) if one.digest == digest), None)
        is_current = bool(history) and history[-1].digest == digest
        words = f"{level} {names.get(subject, subject)}" if version and subject else name
        out.append(PolicyUsed(words, version, digest, is_current, name.replace(":", "/", 1)))
    return out


def _feeds(build: Build, snapshots: Sequence[Mapping[str, Any]]) -> Sequence[FeedUsed]:
    out = []
    for one in snapshots:
        synced, newest = (parse_instant(one[name]) if one.get(name) else None for name in ("synced", "newest"))
        age_s = (build.at - synced).total_seconds() if synced else None
        out.append(FeedUsed(str(one["ecosystem"]), synced, newest, age_s))
    return out


def _places(tx: Transaction, build: Build, release: Release) -> Sequence[Place]:
    """Where the release runs now."""
    service, reader = tx.services.get(build.service_id), VerdictReader(tx)
    out = []
    for one in tx.deployments.history([service.id], build.at):
        if one.release_id != release.id or one.ended_at is not None:
            continue
        verdict = reader.read(service, one, release)
        standing, because = verdict.standing.value, verdict.because
        out.append(Place(one.environment, one.target, release.version, one.started_at, standing, because))
    return out
