"""Advisories: OSV records as values, and what they compile to.

A record of the year 1 has no date: `modified` and `published` are `None` then.
"""

from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen


class PackageState(StrEnum):
    """How a package stands to an advisory, in the words of who maintains it.

    `FIXED`: a later version has the fix, so one is to be had. `AFFECTED`: none has yet. `WILL_NOT_FIX`: its
    distribution says that none will. `END_OF_LIFE`: it is maintained no more. `NOT_AFFECTED`: it is named to say so.
    """

    FIXED = "fixed"
    AFFECTED = "affected"
    WILL_NOT_FIX = "will_not_fix"
    END_OF_LIFE = "end_of_life"
    NOT_AFFECTED = "not_affected"


@frozen
class Severity:
    """A CVSS vector and its base score, 0.0 to 10.0; `None` when there is none or it could not be read."""

    score: float | None
    vector: str | None


@frozen
class Event:
    """One event of a range; `kind` is `introduced`, `fixed`, `last_affected` or `limit`. `0` precedes all versions."""

    kind: str
    version: str


@frozen
class Range:
    """A range of OSV; `type` is `SEMVER`, `ECOSYSTEM` or `GIT`."""

    type: str
    events: tuple[Event, ...]


@frozen
class Affected:
    """One package an advisory speaks of; `name` is normalized for its ecosystem.

    `said` is what its distribution says beside the ranges, `None` where it says nothing. `is_sure` is False where the
    entry is of a product near the release that `ecosystem` names (a paid extension of it), so that it may not apply.
    """

    ecosystem: str
    name: str
    ranges: tuple[Range, ...]
    versions: tuple[str, ...]
    severity: Severity | None = None
    said: PackageState | None = None
    is_sure: bool = True


@frozen
class Advisory:
    """One revision of an OSV record; `digest` is sha256 of its canonical JSON, `body` the JSON text."""

    id: str
    modified: datetime | None
    published: datetime | None
    withdrawn: datetime | None
    aliases: tuple[str, ...]
    related: tuple[str, ...]
    upstream: tuple[str, ...]
    summary: str
    severity: Severity | None
    affected: tuple[Affected, ...]
    digest: str
    body: str
    problems: tuple[str, ...] = ()
    """What was wrong with parts of the record; the parts that could be read still count."""


@frozen
class Interval:
    """Affected versions as a half-open interval of order-preserving keys; `hi=None` is without end."""

    ecosystem: str
    name: str
    lo: bytes
    hi: bytes | None


@frozen
class Pairwise:
    """A range whose bounds have no key; compared pairwise, with low confidence."""

    ecosystem: str
    name: str
    range: Range | None
    versions: tuple[str, ...] = ()


@frozen
class Compiled:
    """An advisory ready to match: disjoint, sorted intervals per package, plus what has no keys.

    `fixes` are (ecosystem, name, version) of every `fixed` event. `said` is (ecosystem, name, state) of the packages of
    which a distribution says more than ranges do.
    """

    advisory: Advisory
    intervals: tuple[Interval, ...]
    pairwise: tuple[Pairwise, ...]
    fixes: tuple[tuple[str, str, str], ...]
    said: tuple[tuple[str, str, PackageState], ...] = ()


@frozen
class Enrichment:
    """What KEV, EPSS and SSVC say of a CVE; `None` is "that source is absent", not "no"."""

    known_exploited: bool | None = None
    epss: float | None = None
    ssvc_exploitation: str | None = None
    ssvc_automatable: str | None = None
    ssvc_technical_impact: str | None = None


@frozen
class Snapshot:
    """The state of one ecosystem's feed: synced when, from where, how many records, the newest record's date.

    `validator` is the archive's ETag or Last-Modified; `error` is why the last attempt failed (the data is then older).
    `digest` is the identity of the data: equal data has an equal one, whenever and wherever it was compiled; `lists`
    that of the lists of KEV, EPSS and SSVC read beside it. Both are `sha256:…`, `None` where there is none.
    """

    ecosystem: str
    source: str
    synced_at: datetime | None
    newest: datetime | None
    records: int
    validator: str | None = None
    error: str | None = None
    digest: str | None = None
    lists: str | None = None
