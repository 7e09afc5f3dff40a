"""How commands say states, durations, instants and places. Each state has a shape and a word, never a colour alone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from holdfast.errors import UsageError
from holdfast.model.instant import format_instant, parse_instant

_STATES = {
    "open": "◆ open",
    "regressed": "◆ regressed",
    "mitigated": "◐ mitigated",
    "waived": "◇ waived",
    "cleared": "○ cleared",
    "resolved": "● resolved",
    "pass": "● fresh",
    "unknown": "? unknown",
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SEVERITIES = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


def state_text(state: str) -> str:
    """Return a state with its shape; one that has none yet is unknown, not fine."""
    return _STATES.get(state, f"? {state}")


def said_text(finding: Mapping[str, Any]) -> str:
    """Return what VEX documents say of a finding, in short; empty where none does."""
    said = finding["said"]
    if said is None:
        return ""
    status = said["status"].replace("_", " ")
    return f"VEX: {status}" + (", which does not count" if said["void"] else "")


def waiver_text(finding: Mapping[str, Any]) -> str:
    """Return until when a finding is waived, or that its waiver does not hold; empty without one."""
    waiver = finding["waiver"]
    if waiver is None:
        return ""
    return "its waiver does not hold" if waiver["void"] else f"until {instant_text(waiver['expires_at'])}"


def fix_text(finding: Mapping[str, Any]) -> str:
    """Return the version that mends a finding, or why there is none: `Debian will not fix it`."""
    return finding["risk"]["fix_version"] or hopeless_text(finding) or "none known"


def package_state_text(finding: Mapping[str, Any]) -> str:
    """Return how its distribution says that a package stands; empty where it is of none."""
    plain = {"fixed": "fixed in a later version", "affected": "affected, no fix yet", "not_affected": "not affected"}
    state = finding["package_state"]
    return hopeless_text(finding) or plain.get(state, "") if state else ""


def hopeless_text(finding: Mapping[str, Any]) -> str:
    """Return who will never mend a finding, as `Debian maintains it no more`; empty where nobody says so."""
    who = finding["ecosystem"].partition(":")[0]
    words = {"will_not_fix": "will not fix it", "end_of_life": "maintains it no more"}.get(finding["package_state"])
    return f"{who} {words}" if words else ""


def severity_text(risk: Mapping[str, Any]) -> str:
    """Return `9.8 critical`, `unscored`, with a word when it is known to be exploited."""
    score = risk["severity"]
    word = "unscored" if score is None else next((word for least, word in _SEVERITIES if score >= least), "none")
    text = word if score is None else f"{score:g} {word}"
    return f"{text}, exploited" if risk["known_exploited"] else text


def duration_text(seconds: float | None) -> str:
    """Return `4 s`, `12 m 30 s`, `3 h 5 m`, `9 d 4 h`; `–` for a duration that is not known or not reached."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"


def instant_text(text: str | None) -> str:
    """Return an RFC 3339 instant without its fraction of a second."""
    return format_instant(parse_instant(text).replace(microsecond=0)) if text else ""


def seconds_between(earlier: str | None, later: str | None) -> float | None:
    """Return the seconds from one RFC 3339 instant to another; `None` where one is not known."""
    if earlier is None or later is None:
        return None
    return (parse_instant(later) - parse_instant(earlier)).total_seconds()


def place_text(location: Mapping[str, Any] | None) -> str:
    """Return `file:line`, or the file where there is no line."""
    if location is None:
        return ""
    return str(location["file"]) if location["line"] is None else f"{location['file']}:{location['line']}"


def parse_duration(text: str, *, where: str) -> timedelta:
    """Return what `90d`, `12h`, `30m` or `45s` says.

    Raises:
        UsageError: no such duration, or one of more than a hundred years.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > 10:
        raise UsageError(f"expected a duration, got `{text[:40]}`", where=where, hint="such as 90d, 12h or 30m")
    try:
        duration = timedelta(**{_UNITS[unit]: int(number)})
    except OverflowError:
        duration = timedelta.max
    if duration > timedelta(days=36525):
        raise UsageError(f"a duration of more than a hundred years: `{text}`", where=where)
    return duration
