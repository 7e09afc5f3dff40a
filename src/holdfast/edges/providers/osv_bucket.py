"""An HTTP(S) bucket in OSV's layout as a feed.

Rules:

1. The first sync streams `<ecosystem>/all.zip`; later ones ask for `modified_id.csv` with its validator, compare the
   set of (id, modified) with what is known, and fetch the records that differ.
2. A record that is missing alone, and more changes than are worth single requests, fall back to the archive.
3. Records of the year 1 have no date to compare: they are judged by the archive's ETag, else its date and length.
4. TLS is verified, redirects are few, everything has a timeout and a size.

Source: https://google.github.io/osv.dev/data/
"""

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from weakref import finalize

import httpx

from holdfast.edges.providers.osv_archive import MAX_RECORD_BYTES, archive_names, read_archive
from holdfast.edges.providers.osv_download import Download, public_address, validator_of
from holdfast.edges.providers.osv_folder import nothing, validators_of
from holdfast.edges.providers.osv_index import MAX_INDEX_BYTES, Validators, compare_index, parse_index
from holdfast.errors import FeedError
from holdfast.model.advisory import Snapshot
from holdfast.ports.feed import FeedChanges, RawRecord

MAX_SINGLES = 250
"""Above this many changes one archive is less work for both sides than single requests."""

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_MAX_REDIRECTS = 3
_MAX_NAMES_BYTES = 1 << 20


class BucketFeed:
    """A bucket at an address; `folder` is where downloads are kept while they are read."""

    def __init__(self, url: str, folder: Path, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._folder = folder
        self._client = httpx.Client(
            timeout=_TIMEOUT,
            follow_redirects=True,
            max_redirects=_MAX_REDIRECTS,
            transport=transport,
            headers={"user-agent": "holdfast"},
        )
        finalize(self, self._client.close)

    def describe(self) -> str:
        """Return the address, without credentials."""
        return public_address(self._url)

    def ecosystems(self) -> tuple[str, ...] | None:
        """Return the lines of `ecosystems.txt`; `None` when the bucket has none.

        Raises:
            FeedError: the bucket can't be reached.
        """
        with self._asked("GET", f"{self._url}/ecosystems.txt", {}) as answer:
            if answer.status_code != httpx.codes.OK:
                return None
            text = _body(answer, _MAX_NAMES_BYTES).decode("utf-8", "replace")
        return tuple(sorted({line.strip() for line in text.splitlines() if line.strip()}))

    def changes(self, ecosystem: str, known: Mapping[str, datetime | None], snapshot: Snapshot | None) -> FeedChanges:
        """Return what differs from `known`.

        Raises:
            FeedError: the bucket can't be reached, or has no such ecosystem.
        """
        last = validators_of(snapshot, self.describe())
        base = f"{self._url}/{quote(ecosystem, safe='')}"
        validator, index = self._index(base, last.index if known else None)
        if not known:
            return self._whole(base, None, index, validator)
        if index is None and validator is None:  # no index: the archive's validator alone tells
            if last.archive and self._archive_validator(base) == last.archive:
                return FeedChanges(nothing(), frozenset(known), last.pack(), 0)
            return self._whole(base, None, None, None)
        return self._compared(base, known, last, index, validator)

    def _compared(
        self,
        base: str,
        known: Mapping[str, datetime | None],
        last: Validators,
        index: Mapping[str, datetime | None] | None,
        validator: str | None,
    ) -> FeedChanges:
        listed = known if index is None else index  # not modified: it lists what it listed when all of it was read
        difference = compare_index(listed, known)
        archive = last.archive
        if difference.undated:
            archive = self._archive_validator(base)
            if archive is None or archive != last.archive:
                undated = {key for key, modified in listed.items() if modified is None}
                return self._whole(base, difference.changed | undated, listed, validator)
        if len(difference.changed) > MAX_SINGLES:
            return self._whole(base, difference.changed, listed, validator)
        now = Validators(archive, validator)
        wanted = sorted(difference.changed)
        return FeedChanges(self._singles(base, wanted), frozenset(listed), now.pack(), len(wanted))

    def _whole(
        self,
        base: str,
        only: Collection[str] | None,
        index: Mapping[str, datetime | None] | None,
        validator: str | None,
    ) -> FeedChanges:
        archive = Download(self._client, f"{base}/all.zip", self._folder).fetch()
        where = public_address(f"{base}/all.zip")
        try:
            names = archive_names(archive.path, where=where)
        except FeedError:
            archive.path.unlink(missing_ok=True)
            raise
        present = names if index is None else frozenset(index)
        now = Validators(archive.validator, validator)
        expected = len(names) if only is None else len(only)
        return FeedChanges(_read_and_remove(archive.path, where, only), present, now.pack(), expected)

    def _singles(self, base: str, wanted: list[str]) -> Generator[RawRecord, None, None]:
        for position, advisory_id in enumerate(wanted):
            url = f"{base}/{quote(advisory_id, safe='')}.json"
            with self._asked("GET", url, {}) as answer:
                body = _body(answer, MAX_RECORD_BYTES) if answer.status_code == httpx.codes.OK else None
            if body is None:
                archive = Download(self._client, f"{base}/all.zip", self._folder).fetch()
                where = public_address(f"{base}/all.zip")
                yield from _read_and_remove(archive.path, where, frozenset(wanted[position:]))
                return
            yield RawRecord(advisory_id, body)

    def _index(self, base: str, last: str | None) -> tuple[str | None, dict[str, datetime | None] | None]:
        """The index's validator and content: (validator, None) when it is as it was, (None, None) without one."""
        url = f"{base}/modified_id.csv"
        with self._asked("GET", url, _conditional(last)) as answer:
            if answer.status_code == httpx.codes.NOT_MODIFIED and last:
                return last, None
            if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN}:
                return None, None
            if answer.status_code != httpx.codes.OK:
                raise FeedError(f"expected 200, got {answer.status_code}", where=public_address(url))
            index = parse_index(_body(answer, MAX_INDEX_BYTES), where=public_address(url))
            return validator_of(answer.headers) or "", index

    def _archive_validator(self, base: str) -> str | None:
        with self._asked("HEAD", f"{base}/all.zip", {"accept-encoding": "identity"}) as answer:
            return validator_of(answer.headers) if answer.status_code == httpx.codes.OK else None

    @contextmanager
    def _asked(self, method: str, url: str, headers: Mapping[str, str]) -> Generator[httpx.Response, None, None]:
        try:
            with self._client.stream(method, url, headers=dict(headers)) as answer:
                yield answer
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FeedError(
                f"no answer: {error or type(error).__name__}",
                where=public_address(url),
                hint="check the address and the network; the last good snapshot stays in use",
            ) from None


def _conditional(validator: str | None) -> dict[str, str]:
    if not validator:
        return {}
    if validator.startswith(('"', "W/")):
        return {"if-none-match": validator}
    return {"if-modified-since": validator.rpartition(";")[0]}


def _body(answer: httpx.Response, limit_bytes: int) -> bytes:
    out = bytearray()
    for chunk in answer.iter_bytes():
        out += chunk
        if len(out) > limit_bytes:
            raise FeedError(f"an answer of over {limit_bytes} bytes", where=public_address(str(answer.url)))
    return bytes(out)


def _read_and_remove(path: Path, where: str, only: Collection[str] | None) -> Generator[RawRecord, None, None]:
    try:
        yield from read_archive(path, where=where, only=only)
    finally:
        path.unlink(missing_ok=True)
