"""Gathers what one report says, and the ways in which tools write levels, scores, packages and places."""

import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from holdfast.errors import FactError
from holdfast.facts.gather import readable
from holdfast.model.advisory import Severity
from holdfast.model.component import Component, Location, Unparsed
from holdfast.model.purl import parse_purl
from holdfast.model.reported import LEVELS, Report, ReportedFinding

MAX_FINDINGS = 200_000
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
        self._findings: list[ReportedFinding] = []
        self._unparsed: list[Unparsed] = []

    def add(self, finding: ReportedFinding) -> None:
        """Add a finding.

        Raises:
            FactError: there are too many.
        """
        if len(self._findings) >= MAX_FINDINGS:
            hint = "let the tool report less, or report per folder"
            raise FactError(f"a report of over {MAX_FINDINGS} findings", where=self.file, hint=hint)
        self._findings.append(finding)

    def skip(self, because: str) -> None:
        """Record something that was seen and not read."""
        self._unparsed.append(Unparsed(self.file, None, readable(because)))

    def component(self, purl: object, what: str) -> Component | None:
        """Return the component that a purl names; `None` when it is none, which is noted for `what`."""
        if not isinstance(purl, str) or not purl:
            self.skip(f"`{what}` is of a package without purl")
            return None
        try:
            return parse_purl(purl)
        except FactError as error:
            self.skip(f"`{what}`: {error.message}")
            return None

    def report(self) -> Report:
        """Return the whole, each finding once."""
        findings = tuple(dict.fromkeys(self._findings))
        return Report(self.format_id, self.tool, self.version, findings, tuple(dict.fromkeys(self._unparsed)))


def objects(listed: object) -> Iterable[dict[str, Any]]:
    """Return the objects of a list; nothing when it is no list."""
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def inner(value: object, *names: str) -> Any:
    """Return the member of the member …; `None` where one is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: object) -> str:
    """Return a text that is safe to show; empty when it is none."""
    return readable(value.strip()) if isinstance(value, str) else ""


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
    return Location(path, line if isinstance(line, int) and not isinstance(line, bool) and line > 0 else None)


def line_hash(line: object) -> str:
    """Return a hash of a line's text that does not depend on its white space; empty where there is none."""
    if not isinstance(line, str) or not line.split():
        return ""
    return hashlib.sha256(" ".join(line.split()).encode("utf-8", "surrogatepass")).hexdigest()[:16]
