"""What is asked for, and what came of it, where advisories are carried to another site."""

from datetime import datetime
from pathlib import Path

from holdfast.model.advisory import Snapshot
from holdfast.model.frozen import frozen


@frozen
class ExportWish:
    """Which advisories to export; no `ecosystems` are all that are there. `feed` is a location, `None` without one.

    `key` is the file that signs, `None` leaves the snapshot unsigned. `with_records` exports the records themselves:
    out of the folder's store where it has some, unless the feed `is_asked`, that is named in the command itself.
    """

    ecosystems: tuple[str, ...]
    feed: str | None
    offline: bool
    key: Path | None
    with_records: bool = False
    is_asked: bool = False


@frozen
class ImportWish:
    """Which snapshot to take: `trust` is the verifier key, `None` takes one that nobody vouches for."""

    trust: str | None
    allow_older: bool


@frozen
class CarriedList:
    """KEV, EPSS or SSVC in a snapshot with records: where from, as of when, how many CVEs."""

    kind: str
    source: str
    as_of: datetime
    rows: int


@frozen
class Carried:
    """A snapshot that was exported or imported; `digest` is the sha256 of what it holds, in hex.

    `signed_by` is the key's name, `None` where nobody vouches for it; `notes` are what else is to be said. `lists` is
    `None` where it has no records: what the lists say is part of what is compiled then.
    """

    snapshots: tuple[Snapshot, ...]
    digest: str
    payload_bytes: int
    signed_by: str | None
    notes: tuple[str, ...] = ()
    lists: tuple[CarriedList, ...] | None = None
