"""Finds out what a feed's location names: an address, a zip or a folder."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from holdfast.errors import UsageError
from holdfast.ports.feed import Feed

PUBLIC_BUCKET = "https://storage.googleapis.com/osv-vulnerabilities"


def is_remote(location: str) -> bool:
    """Tell whether reading it goes over the network."""
    return urlsplit(location).scheme in {"http", "https"}


def open_feed(location: str, cache: Path) -> Feed:
    """Return the feed at an `http(s)` address, a `.zip` file, or a folder (a `file:` address too).

    `cache` is a folder for downloads that are going on.

    Raises:
        UsageError: it is none of them.
    """
    parts = urlsplit(location)
    if is_remote(location):
        from holdfast.edges.providers.osv_bucket import BucketFeed

        return BucketFeed(location, cache)
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(location).expanduser()
    if path.is_dir():
        from holdfast.edges.providers.osv_folder import FolderFeed

        return FolderFeed(path)
    if path.is_file():
        from holdfast.edges.providers.osv_zip import ZipFeed

        return ZipFeed(path)
    raise UsageError(f"no such feed: `{location[:200]}`", hint="name a folder, a zip, or an http(s) address")
