"""What is asked for, and what came of it, where advisories are carried to another site."""

from dataclasses import dataclass
from pathlib import Path

from holdfast.model.advisory import Snapshot


@dataclass(frozen=True, slots=True)
class ExportWish:
    """Which advisories to export; no `ecosystems` are all that are there. `feed` is a location, `None` without one.

    `key` is the file that signs, `None` leaves the snapshot unsigned.
    """

    ecosystems: tuple[str, ...]
    feed: str | None
    offline: bool
    key: Path | None


@dataclass(frozen=True, slots=True)
class ImportWish:
    """Which snapshot to take: `trust` is the verifier key, `None` takes one that nobody vouches for."""

    trust: str | None
    allow_older: bool


@dataclass(frozen=True, slots=True)
class Carried:
    """A snapshot that was exported or imported; `digest` is the sha256 of what it holds, in hex.

    `signed_by` is the key's name, `None` where nobody vouches for it; `notes` are what else is to be said.
    """

    snapshots: tuple[Snapshot, ...]
    digest: str
    payload_bytes: int
    signed_by: str | None
    notes: tuple[str, ...] = ()
