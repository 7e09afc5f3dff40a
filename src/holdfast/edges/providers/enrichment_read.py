"""Reads what KEV, EPSS and SSVC are published as: a file or an address, with a limit on its size."""

import hashlib
import io
from pathlib import Path
from urllib.parse import unquote, urlsplit

from holdfast.errors import FeedError

MAX_PLAIN_BYTES = 256 << 20


class PublishedList:
    """A list at a path or an address, gzipped or plain."""

    def __init__(self, location: str) -> None:
        self._location = location
        self.digest: str | None = None
        """The sha256 of what was read last, in hex; `None` before."""

    def describe(self) -> str:
        """Return the location without credentials."""
        return display_name(self._location)

    def content(self) -> bytes:
        """Return the whole of it, plain.

        Raises:
            FeedError: not there, not readable, or too large.
        """
        data = read_location(self._location)
        self.digest = hashlib.sha256(data).hexdigest()
        return data


def read_location(location: str) -> bytes:
    """Return the content at a path, a `file:` or an `http(s)` address; gzip is taken off.

    Raises:
        FeedError: not there, not readable, or too large.
    """
    parts = urlsplit(location)
    if parts.scheme in {"http", "https"}:
        data = _fetch(location)
    else:
        path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(location).expanduser()
        data = _read(path)
    return _inflate(data, location) if data[:2] == b"\x1f\x8b" else data


def display_name(location: str) -> str:
    """Return a location without credentials and query."""
    parts = urlsplit(location)
    if parts.scheme in {"http", "https"}:
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
    return location


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_PLAIN_BYTES:
            raise FeedError(f"a file of over {MAX_PLAIN_BYTES} bytes", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise FeedError(f"could not be read: {error.strerror}", where=str(path)) from None


def _fetch(url: str) -> bytes:
    import httpx

    out = bytearray()
    try:
        timeout = httpx.Timeout(30.0, connect=10.0)
        with (
            httpx.Client(timeout=timeout, follow_redirects=True, max_redirects=3) as client,
            client.stream("GET", url, headers={"user-agent": "holdfast"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise FeedError(f"expected 200, got {answer.status_code}", where=display_name(url))
            for chunk in answer.iter_bytes():
                out += chunk
                if len(out) > MAX_PLAIN_BYTES:
                    raise FeedError(f"an answer of over {MAX_PLAIN_BYTES} bytes", where=display_name(url))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FeedError(f"no answer: {error or type(error).__name__}", where=display_name(url)) from None
    return bytes(out)


def _inflate(data: bytes, location: str) -> bytes:
    import gzip  # a plain list does without
    import zlib

    try:
        with gzip.open(io.BytesIO(data)) as file:
            plain = file.read(MAX_PLAIN_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"a damaged gzip: {error}", where=display_name(location)) from None
    if len(plain) > MAX_PLAIN_BYTES:
        raise FeedError(f"a gzip that inflates to over {MAX_PLAIN_BYTES} bytes", where=display_name(location))
    return plain
