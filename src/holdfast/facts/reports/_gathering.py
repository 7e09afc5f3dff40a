"""Gathers what one report says, and the ways in which tools write levels, scores, packages and places."""

import hashlib
from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any
from urllib.parse import unquote, urlsplit

from holdfast.errors import FactError
from holdfast.facts.gather import readable
from holdfast.facts.reports._json_stream import Streamed
from holdfast.model.advisory import Severity
from holdfast.model.component import Component, Location, Unparsed
from holdfast.model.purl import parse_purl, with_letters_of
from holdfast.model.reported import LEVELS, Report, ReportedFinding

MAX_FINDINGS = 200_000
"""Of one report; what is beyond is a gap."""
_OTHER_LEVELS = {
    "negligible": "low",
    "minor": "low",
    "moderate": "medium",
    "important": "high",
    "error": "high",
    "warning": "medium",
    "note": "low",
    "info": "none",
}


class ReportGathering:
    """What one report has said so far."""

    def __init__(self, file: str, format_id: str) -> None:
        self.file = file
        self.format_id = format_id
        self.tool = ""
        self.version = ""
        self._findings: dict[ReportedFinding, None] = {}
        self._unparsed: dict[Unparsed, None] = {}
        self._beyond = 0

    def add(self, finding: ReportedFinding) -> None:
        """Add a finding, where there are not too many yet."""
        if len(self._findings) < MAX_FINDINGS:
            self._findings.setdefault(finding)
        elif finding not in self._findings:
            self._beyond += 1

    def skip(self, because: str, place: Location | None = None) -> None:
        """Record something that was seen and not read; `place` where it is about a file that the tool looked at."""
        file, line = (place.file, place.line) if place is not None else (self.file, None)
        if len(self._unparsed) < MAX_FINDINGS:
            self._unparsed.setdefault(Unparsed(file, line, readable(because)))

    def listed(self, value: object, name: str) -> Iterator[dict[str, Any]]:
        """Yield the objects of a list; what is no list, and what in it is no object, is noted. `None` is empty."""
        if value is not None and not isinstance(value, list | Streamed):
            self.skip(f"`{name}` is no list")
        for one in entries(value):
            if isinstance(one, dict):
                yield one
            else:
                self.skip(f"expected an object in `{name}`, got {type(one).__name__}")

    def component(self, purl: object, what: str, name: object = None) -> Component | None:
        """Return the component that a purl names; `None` when it is none, which is noted for `what`.

        `name` is what stands beside the purl, and may have letters that the purl has lost.
        """
        if not isinstance(purl, str) or not purl:
            self.skip(f"`{what}` is of a package without purl")
            return None
        try:
            return with_letters_of(parse_purl(purl), name)
        except FactError as error:
            self.skip(f"`{what}`: {error.message}")
            return None

    def report(self) -> Report:
        """Return the whole, each finding once."""
        if self._beyond:
            self.skip(f"over {MAX_FINDINGS} findings: {self._beyond} more were not read")
        return Report(self.format_id, self.tool, self.version, tuple(self._findings), tuple(self._unparsed))


def objects(listed: object) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list; nothing when it is no list."""
    return (one for one in entries(listed) if isinstance(one, dict))


def entries(listed: object) -> Iterable[Any]:
    """Return what a list holds; nothing when it is none."""
    return listed if isinstance(listed, list | Streamed) else ()


def inner(value: object, *names: str) -> Any:
    """Return the member of the member …; `None` where one is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: object) -> str:
    """Return a text that is safe to show; empty when it is none."""
    return intern(readable(value.strip())) if isinstance(value, str) else ""


def texts(listed: object) -> tuple[str, ...]:
    """Return the texts of a list, each once."""
    found = (text(one) for one in listed) if isinstance(listed, list) else ()
    return tuple(dict.fromkeys(one for one in found if one))


def level_of(value: object) -> str:
    """Return a level as one of `LEVELS`; empty when it is none of any tool."""
    word = text(value).lower()
    return word if word in LEVELS else _OTHER_LEVELS.get(word, "")


def severity_of(score: object, vector: object = None) -> Severity | None:
    """Return a score from 0 to 10, with its vector; `None` when it is no such number."""
    if isinstance(score, str):
        try:
            score = float(score)
        except ValueError:
            return None
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 10:
        return None
    return Severity(float(score), text(vector) or None)


def highest(severities: Iterable[Severity | None]) -> Severity | None:
    """Return the one of the highest score; `None` of none."""
    return max((one for one in severities if one is not None), key=lambda one: one.score or 0.0, default=None)


def place(uri: object, line: object = None) -> Location | None:
    """Return a place as a path with `/`; an address of a file is its path. `None` where there is nothing."""
    given = text(uri)
    if not given:
        return None
    if given.startswith("file:"):
        given = urlsplit(given).path
    path = readable(unquote(given)).removeprefix("./")
    return Location(intern(path), line if isinstance(line, int) and not isinstance(line, bool) and line > 0 else None)


def line_hash(line: object) -> str:
    """Return a hash of a line's text that does not depend on its white space; empty where there is none."""
    if not isinstance(line, str) or not line.split():
        return ""
    return hashlib.sha256(" ".join(line.split()).encode("utf-8", "surrogatepass")).hexdigest()[:16]
