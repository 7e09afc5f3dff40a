"""Downloads a large file over HTTP, and goes on where a cut left it.

Rules:

1. Bytes go to `<name>.part` with the validator they belong to beside it; the name is ours, never the server's.
2. After a cut the rest is asked for with `Range` and `If-Range`; a server that answers with the whole begins anew.
3. Without a validator there is no telling whether the rest is of the same file, so it begins anew.
4. A file shorter than announced is not whole, and is kept as a part.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from holdfast.errors import FeedError
from holdfast.model.frozen import frozen

MAX_DOWNLOAD_BYTES = 8 << 30
_ATTEMPTS = 4
_SETTLED = timedelta(seconds=2)


@frozen
class Downloaded:
    """A whole file on disk, and the validator it came with."""

    path: Path
    validator: str | None


def validator_of(headers: Mapping[str, str]) -> str | None:
    """Return the ETag, else Last-Modified with the length; `None` when the server gives neither.

    A date that lies less than two seconds back is none: the file may change again within its second.
    Source: RFC 9110, 8.8.2.2.
    """
    etag = headers.get("etag")
    if etag:
        return etag
    modified = headers.get("last-modified")
    if not modified or not _is_settled(modified, headers.get("date")):
        return None
    return f"{modified};{headers.get('content-length', '')}"


def _is_settled(modified: str, date: str | None) -> bool:
    try:
        return date is None or parsedate_to_datetime(date) - parsedate_to_datetime(modified) >= _SETTLED
    except (ValueError, TypeError):  # no HTTP dates, or one without a zone
        return False


def public_address(url: str) -> str:
    """Return an address without user, password and query: fit for logs."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _if_range(validator: str) -> str | None:
    """A strong ETag or the date; a weak ETag proves nothing about bytes. Source: RFC 9110, 13.1.5."""
    if validator.startswith("W/"):
        return None
    return validator if validator.startswith('"') else validator.rpartition(";")[0]


class Download:
    """One file at one address, with its part on disk."""

    def __init__(self, client: httpx.Client, url: str, folder: Path) -> None:
        self._client = client
        self._url = url
        name = hashlib.sha256(url.encode()).hexdigest()[:24]
        self._whole = folder / f"{name}.zip"
        self._part = folder / f"{name}.part"
        self._about = folder / f"{name}.json"

    def fetch(self) -> Downloaded:
        """Return the whole file, going on as long as an attempt brings something.

        Raises:
            FeedError: refused, not there, too large, or cut again and again; the part stays for the next time.
        """
        self._part.parent.mkdir(parents=True, exist_ok=True)
        problem: Exception | None = None
        for _ in range(_ATTEMPTS):
            before = self._held_bytes()
            try:
                return self._attempt()
            except httpx.TransportError as error:
                problem = error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                problem = error
                break
            if self._held_bytes() <= before:
                break
        raise FeedError(
            f"the download was cut: {problem or 'no answer'}",
            where=public_address(self._url),
            hint="sync again: it goes on where it was cut",
        )

    def _held_bytes(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _attempt(self) -> Downloaded:
        held, validator = self._held_bytes(), self._held_validator()
        condition = _if_range(validator) if held and validator else None
        headers = {"accept-encoding": "identity"}
        if condition:
            headers |= {"range": f"bytes={held}-", "if-range": condition}
        with self._client.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                self._part.unlink(missing_ok=True)
                raise httpx.ReadError("the part was longer than the file")
            if answer.status_code not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
                raise FeedError(f"expected 200, got {answer.status_code}", where=public_address(self._url))
            goes_on = condition is not None and self._continues(answer, held)
            if not goes_on:
                self._about.write_text(json.dumps(validator_of(answer.headers)))
            self._write(answer, held if goes_on else 0)
            validator = validator if goes_on else validator_of(answer.headers)
        self._part.replace(self._whole)
        self._about.unlink(missing_ok=True)
        return Downloaded(self._whole, validator)

    def _held_validator(self) -> str | None:
        try:
            held = json.loads(self._about.read_text())
        except (OSError, ValueError):
            return None
        return held if isinstance(held, str) else None

    def _continues(self, answer: httpx.Response, held: int) -> bool:
        if answer.status_code != httpx.codes.PARTIAL_CONTENT:
            return False
        if not answer.headers.get("content-range", "").startswith(f"bytes {held}-"):
            self._part.unlink(missing_ok=True)
            raise httpx.ReadError("another range than the one asked for")
        return True

    def _write(self, answer: httpx.Response, at: int) -> None:
        written = at
        with self._part.open("r+b" if at else "wb") as file:
            file.seek(at)
            for chunk in answer.iter_raw():
                written += len(chunk)
                if written > MAX_DOWNLOAD_BYTES:
                    raise FeedError(f"a download of over {MAX_DOWNLOAD_BYTES} bytes", where=public_address(self._url))
                file.write(chunk)
