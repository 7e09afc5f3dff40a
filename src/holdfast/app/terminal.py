"""Wires the terminal: the API near or far, this machine, and work on a data folder.

Nothing heavy is imported before it is used.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.edges.cli.options import ANY_IMAGE, Check, ImageWish, Terminal

if TYPE_CHECKING:
    from holdfast.edges.cli.feed_wishes import Carried, ExportWish, ImportWish
    from holdfast.model.component import Sbom
    from holdfast.model.inventory import HostFacts
    from holdfast.ports.api import Api
    from holdfast.ports.http import Http
    from holdfast.ports.tree import Tree


class LocalMachine:
    """This machine."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)

    def open_tree(self, path: Path, image: ImageWish = ANY_IMAGE) -> "tuple[Tree, Sequence[str]]":
        """Return a folder, a file or an image as a tree. Raises: UsageError, FactError."""
        from holdfast.app.images import open_tree

        return open_tree(path, image)

    def open_checkout(self, path: Path) -> "tuple[Tree, Sequence[str]]":
        """Return a folder as a gate reads it. Raises: UsageError, FactError."""
        from holdfast.app.gating import LocalGate

        return LocalGate().tree(path)

    def find_commit(self, path: Path) -> str | None:
        """Return the commit that is checked out. Raises: FactError."""
        from holdfast.app.here import find_commit

        return find_commit(path)

    def collect_host(self, root: Path) -> "tuple[HostFacts, Sbom]":
        """Return the facts of the machine whose file system is at `root`."""
        from holdfast.edges.agent import collect_host

        return collect_host(root)


class LocalPremises:
    """Data folders on this machine."""

    def sync_feeds(self, data: Path, feed: str | None, progress: Callable[[str, int, int | None], None]) -> list[str]:
        """Sync in this process. Raises: HoldfastError."""
        from holdfast.app.syncing import sync_here

        return sync_here(data, feed, progress)

    def export_feed(
        self, data: Path, file: Path, wish: "ExportWish", progress: Callable[[str, int, int | None], None]
    ) -> "Carried":
        """Write the advisories into one file, compiled or as records. Raises: HoldfastError."""
        if wish.with_records:
            from holdfast.app.records_carrying import export_records

            return export_records(data, file, wish, progress)
        from holdfast.app.feed_carrying import export_feed

        return export_feed(data, file, wish, progress)

    def import_feed(
        self, data: Path, file: Path, wish: "ImportWish", progress: Callable[[str, int, int | None], None]
    ) -> "Carried":
        """Put a snapshot in place of the compiled advisories, or its records into the store. Raises: HoldfastError."""
        from holdfast.edges.providers.records_read import is_records_file

        if is_records_file(file):
            from holdfast.app.records_carrying import import_records

            return import_records(data, file, wish, progress)
        from holdfast.app.feed_carrying import import_feed

        return import_feed(data, file, wish)

    def make_feed_key(self, file: Path, name: str) -> str:
        """Make a key that signs snapshots; returns the key that verifies. Raises: HoldfastError."""
        from holdfast.app.feed_carrying import make_feed_key

        return make_feed_key(file, name)

    def spool(self, data: Path, fields: Mapping[str, str]) -> str:
        """Keep on disk what is forced while the store is away. Raises: HoldfastError."""
        from holdfast.app.settings import ORG
        from holdfast.edges.providers.spool_file import SpoolFile
        from holdfast.loop.break_glass import parse_spool, write_line

        file, now = SpoolFile(data), datetime.now(UTC)
        file.append(lambda text: write_line(parse_spool(text).last_hash, {"org": ORG, **fields}, now))
        return str(file.path)

    def examine(self, data: Path) -> Iterator[Check]:
        """Look at the installation and the data folder."""
        from holdfast.app.examining import examine

        return examine(data)


def _open_remote(url: str, token: str) -> "Api":
    from holdfast.edges.providers.api_client import HttpApi

    return HttpApi(url, token)


def _open_http() -> "Http":
    from holdfast.edges.providers.http import HttpxHttp

    return HttpxHttp()


def _open_local(data: Path) -> "Api":
    from holdfast.app.local_api import open_local_api

    return open_local_api(data)


def open_terminal() -> Terminal:
    """Return what commands are lent."""
    return Terminal(_open_remote, _open_local, LocalMachine(), LocalPremises(), _open_http)
