"""OSV records, read leniently.

Rules:

* only what has no id, or is no JSON object at all, is refused; a part that cannot be read becomes a problem of the
  advisory, and the rest of it still counts;
* names are normalized the way their ecosystem compares them; ecosystems that we have no version scheme for are kept;
* an ecosystem of a distribution is the release it is of, and a record of one CVE has it as an alias (`distributions`);
* a date of the year 1 is no date, so a record withdrawn then is not withdrawn; a `withdrawn` that cannot be read does
  not withdraw either, the careful side;
* names and versions over 512 bytes or with control characters are not read.

Source: https://ossf.github.io/osv-schema/
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from holdfast.controls.advisory_compile import compile_advisory
from holdfast.controls.distributions import (
    other_names,
    release_of,
    said_of,
    without_open_doubles,
    without_several_cves,
)
from holdfast.controls.severity import best_severity
from holdfast.errors import ControlError, UsageError
from holdfast.model.advisory import Advisory, Affected, Event, Range, Severity
from holdfast.model.component import MAX_TEXT_BYTES
from holdfast.model.instant import YEAR_ONE, parse_instant
from holdfast.model.naming import compared_name

__all__ = ["MAX_RECORD_BYTES", "compile_advisory", "parse_osv"]

MAX_RECORD_BYTES = 32 << 20
MAX_PROBLEMS = 50
_EVENT_KINDS = frozenset({"introduced", "fixed", "last_affected", "limit"})
_RANGE_TYPES = frozenset({"SEMVER", "ECOSYSTEM", "GIT"})


def parse_osv(data: bytes | Mapping[str, Any], *, where: str | None = None) -> Advisory:
    """Return the advisory of one OSV record, given as JSON or as an object decoded from it.

    `body` is the record's canonical JSON (sorted keys, no spaces), `digest` its sha256.

    Raises:
        ControlError: not JSON, not an object, nested too deep, over 32 MiB, or without an id.
    """
    record, body = _decode(data, where)
    identifier = record.get("id")
    if not isinstance(identifier, str) or not _is_text(identifier):
        raise ControlError("an advisory without an id", where=where, hint="an OSV record has a string `id`")
    reader = _Reader()
    upstream = reader.texts(record, "upstream")
    aliases = dict.fromkeys((*reader.texts(record, "aliases"), *other_names(identifier, upstream)))
    advisory = Advisory(
        id=identifier,
        modified=reader.instant(record, "modified", required=True),
        published=reader.instant(record, "published"),
        withdrawn=reader.instant(record, "withdrawn"),
        aliases=tuple(alias for alias in aliases if alias != identifier),
        related=reader.texts(record, "related"),
        upstream=upstream,
        summary=reader.summary(record),
        severity=reader.severity(record, "severity"),
        affected=reader.affected(record),
        digest=hashlib.sha256(body).hexdigest(),
        body=body.decode("utf-8"),
        problems=reader.problems(),
    )
    return without_several_cves(advisory)


def _decode(data: bytes | Mapping[str, Any], where: str | None) -> tuple[dict[str, Any], bytes]:
    """Return the record and its canonical JSON."""
    try:
        text = data if isinstance(data, bytes) else msgspec.json.encode(data)
        if len(text) > MAX_RECORD_BYTES:
            hint = f"at most {MAX_RECORD_BYTES} are read"
            raise ControlError(f"an advisory of {len(text)} bytes", where=where, hint=hint)
        record = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
        if not isinstance(record, dict):
            hint = "is it an OSV record?"
            raise ControlError(f"expected a JSON object, got {type(record).__name__}", where=where, hint=hint)
        return record, msgspec.json.encode(record, order="sorted")
    except RecursionError:
        raise ControlError("an advisory nested too deep", where=where) from None
    except (msgspec.MsgspecError, UnicodeError, TypeError, OverflowError) as error:
        raise ControlError(f"not JSON: {error}", where=where, hint="is the file whole?") from None


def _is_text(text: str) -> bool:
    """Tell whether a name or a version is one that may be kept."""
    if not text or not text.isprintable():
        return False
    return len(text) * 4 <= MAX_TEXT_BYTES or len(text.encode("utf-8", "surrogatepass")) <= MAX_TEXT_BYTES


@lru_cache(maxsize=8192)
def _known_event(kind: str, version: str) -> Event | None:
    return Event(kind, version) if _is_text(version) else None


def _event(kind: str, version: object) -> Event | None:
    """Return the event; `None` for what is none. Few distinct ones make up most of a feed, so they are shared."""
    if kind not in _EVENT_KINDS or not isinstance(version, str) or len(version) > MAX_TEXT_BYTES:
        return None
    return _known_event(kind, version)


class _Reader:
    """Reads the parts of one record and collects what is wrong with them."""

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._count = 0
        self._last_ranges: tuple[list[Any], tuple[Range, ...]] = ([], ())

    def problems(self) -> tuple[str, ...]:
        """Return the first problems, and how many more there were."""
        more = self._count - len(self._problems)
        return (*self._problems, f"and {more} more problems") if more else tuple(self._problems)

    def _problem(self, text: str) -> None:
        self._count += 1
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(text)

    def _list(self, record: dict[str, Any], name: str, place: str) -> list[Any]:
        value = record.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self._problem(f"{place}{name}: expected a list, got {type(value).__name__}")
            return []
        return value

    def instant(self, record: dict[str, Any], name: str, *, required: bool = False) -> datetime | None:
        """Return an instant; `None` for an absent one, for the year 1, and for what is no date (a problem)."""
        value = record.get(name)
        if value is None:
            if required:
                self._problem(f"{name}: missing")
            return None
        try:
            at = parse_instant(value if isinstance(value, str) else repr(value)[:60])
        except UsageError as error:
            self._problem(f"{name}: {error.message}")
            return None
        return None if at.year == YEAR_ONE else at

    def texts(self, record: dict[str, Any], name: str, place: str = "") -> tuple[str, ...]:
        """Return the distinct strings of a list that may be kept, in order."""
        values = self._list(record, name, place)
        good = [value for value in values if isinstance(value, str) and _is_text(value)]
        if len(good) < len(values):
            self._problem(f"{place}{name}: {len(values) - len(good)} of {len(values)} could not be read")
        return tuple(dict.fromkeys(good))

    def summary(self, record: dict[str, Any]) -> str:
        """Return the summary as one line of text; empty when there is none."""
        value = record.get("summary")
        return " ".join(value.split()) if isinstance(value, str) else ""

    def severity(self, record: dict[str, Any], name: str, place: str = "") -> Severity | None:
        """Return the best severity; a CVSS vector that cannot be read is a problem, a vendor's own word is not."""
        entries = self._list(record, name, place)
        if not entries:
            return None
        pairs = [(entry.get("type"), entry.get("score")) for entry in entries if isinstance(entry, dict)]
        if len(pairs) < len(entries):
            self._problem(f"{place}{name}: {len(entries) - len(pairs)} of {len(entries)} could not be read")
        vectors = [score for _, score in pairs if isinstance(score, str)]
        best = best_severity(vectors)
        claimed = any(str(kind).startswith("CVSS") for kind, _ in pairs)
        if (best is None or best.score is None) and claimed:
            self._problem(f"{place}{name}: no CVSS vector that could be read")
        return best

    def affected(self, record: dict[str, Any]) -> tuple[Affected, ...]:
        """Return the affected packages that have an ecosystem and a name."""
        entries = self._list(record, "affected", "")
        found = (self._affected(entry, f"affected[{number}].") for number, entry in enumerate(entries))
        return without_open_doubles([affected for affected in found if affected is not None])

    def _affected(self, entry: Any, place: str) -> Affected | None:
        package = entry.get("package") if isinstance(entry, dict) else None
        if not isinstance(package, dict):
            self._problem(f"{place}package: missing")  # a record of commits alone has none
            return None
        ecosystem, name = package.get("ecosystem"), package.get("name")
        if not isinstance(ecosystem, str) or not isinstance(name, str) or not _is_text(ecosystem) or not _is_text(name):
            self._problem(f"{place}package: no ecosystem and name that could be read")
            return None
        ecosystem, is_sure = release_of(ecosystem)
        ranges = self._ranges(entry, place)
        return Affected(
            ecosystem,
            compared_name(ecosystem, name),
            ranges,
            self.texts(entry, "versions", place) if "versions" in entry else (),
            self.severity(entry, "severity", place) if "severity" in entry else None,
            said_of(ecosystem, entry.get("ecosystem_specific"), ranges),
            is_sure,
        )

    def _ranges(self, entry: dict[str, Any], place: str) -> tuple[Range, ...]:
        entries = self._list(entry, "ranges", place)
        if entries == self._last_ranges[0]:  # distributions repeat them for every binary package
            return self._last_ranges[1]
        before = self._count
        found = (self._range(one, f"{place}ranges[{number}].") for number, one in enumerate(entries))
        ranges = tuple(one for one in found if one is not None)
        if self._count == before:  # a problem is told for each package
            self._last_ranges = (entries, ranges)
        return ranges

    def _range(self, one: Any, place: str) -> Range | None:
        if not isinstance(one, dict) or str(one.get("type")) not in _RANGE_TYPES:
            self._problem(f"{place}type: expected SEMVER, ECOSYSTEM or GIT")
            return None
        events: list[Event] = []
        for entry in self._list(one, "events", place):
            if not isinstance(entry, dict):
                self._problem(f"{place}events: expected an object, got {type(entry).__name__}")
                continue
            for kind, version in entry.items():
                event = _event(kind, version)
                if event is None:
                    self._problem(f"{place}events: `{kind[:60]}` could not be read")
                else:
                    events.append(event)
        return Range(one["type"], tuple(events))
