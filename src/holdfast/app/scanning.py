"""Wires `holdfast scan`: this machine's files, the compiled advisories, the clock.

It imports nothing that a scan can do without.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from holdfast.edges.cli.options import ANY_IMAGE, ImageWish
from holdfast.edges.cli.scan import ScanAdvisories, ScanRequest, make_scan
from holdfast.loop.scan_match import NothingKnown
from holdfast.ports.tree import Tree


class LocalScan:
    """Scans on this machine."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)

    def tree(self, path: Path, image: ImageWish = ANY_IMAGE) -> tuple[Tree, Sequence[str]]:
        """Return a folder, a file or an image as a tree. Raises: UsageError, FactError."""
        from holdfast.app.images import open_tree

        return open_tree(path, image)

    @contextmanager
    def advisories(
        self, request: ScanRequest, now: datetime, progress: Callable[[str, int, int | None], None]
    ) -> Iterator[ScanAdvisories]:
        """Give the compiled advisories, refreshed where that is due."""
        from holdfast.edges.providers.compiled_open import Wanted, open_advisories

        lists = (request.known_exploited, request.epss, request.ssvc)
        wanted = Wanted(request.ecosystems, request.data, request.feed, request.offline, *lists)
        opened = open_advisories(wanted, now, progress)
        try:
            lookup = opened.lookup or NothingKnown()
            yield ScanAdvisories(lookup, opened.checked, opened.problems, opened.skipped, opened.notes)
        finally:
            if opened.lookup is not None:
                opened.lookup.close()


scan = make_scan(LocalScan)
