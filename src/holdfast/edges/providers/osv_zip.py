"""One zip of OSV records, of any ecosystems, as a feed."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from holdfast.edges.providers.osv_folder import archive_changes, file_validator, validators_of
from holdfast.edges.providers.osv_index import Validators
from holdfast.model.advisory import Snapshot
from holdfast.ports.feed import FeedChanges


class ZipFeed:
    """A zip; what it holds shows only when it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()

    def describe(self) -> str:
        """Return the zip's path."""
        return str(self._path)

    def ecosystems(self) -> None:
        """Return `None`: only reading tells."""
        return

    def is_same(self, _ecosystem: str, snapshot: Snapshot | None) -> bool:
        """Tell whether the zip is as it was when the snapshot was taken."""
        last = validators_of(snapshot, self.describe())
        return last.archive is not None and file_validator(self._path) == last.archive

    def changes(self, ecosystem: str, known: Mapping[str, datetime | None], snapshot: Snapshot | None) -> FeedChanges:
        """Return every record, or none when the zip is as it was.

        Raises:
            FeedError: no zip, a bomb, or damaged.
        """
        last = validators_of(snapshot, self.describe())
        now = Validators(archive=file_validator(self._path))
        return archive_changes(self._path, known, same=now.archive == last.archive, validators=now)
