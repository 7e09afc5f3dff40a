"""Conversions between texts and values.

Instants and durations have microseconds here, where CEL has nanoseconds: finer digits are cut off.
Source: google/cel-spec, doc/langdef.md, "Type conversions"; semver.org 2.0.0.
"""

import math
import re
from datetime import UTC, datetime, timedelta

from holdfast.controls.cel.values import INT_MAX, INT_MIN, Absence, SemanticVersion

_INT = re.compile(r"-?[0-9]{1,30}\Z")
_DOUBLE = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL_DOUBLES = {"nan", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"}
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})\Z", re.A)
_DURATION_PART = re.compile(r"(\d{1,18})(?:\.(\d{0,18}))?(ns|us|µs|ms|s|m|h)", re.A)
_UNIT_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_NUMBER = r"(0|[1-9][0-9]{0,17})"
_SEMVER = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\Z")
_BOOLS = {
    **dict.fromkeys(("true", "True", "TRUE", "t", "1"), True),
    **dict.fromkeys(("false", "False", "FALSE", "f", "0"), False),
}


def parse_bool(text: str) -> bool:
    """Return the bool a text names."""
    if text not in _BOOLS:
        raise Absence(f"expected `true` or `false`, got `{text[:40]}`")
    return _BOOLS[text]


def parse_int(text: str) -> int:
    """Return the 64-bit number a decimal text names."""
    if not _INT.match(text) or not INT_MIN <= int(text) <= INT_MAX:
        raise Absence(f"expected a 64-bit number, got `{text[:40]}`")
    return int(text)


def parse_double(text: str) -> float:
    """Return the double a text names."""
    if not _DOUBLE.match(text) and text.lower() not in _SPECIAL_DOUBLES:
        raise Absence(f"expected a number, got `{text[:40]}`")
    return float(text)


def double_to_int(value: float) -> int:
    """Return the integer part."""
    if not math.isfinite(value) or not INT_MIN < value < 2.0**63:
        raise Absence("a double out of the range of 64-bit integers")
    return int(value)


def parse_timestamp(text: str) -> datetime:
    """Return the instant of an RFC 3339 text."""
    found = _TIMESTAMP.match(text)
    if not found:
        raise Absence(f"expected an RFC 3339 instant, got `{text[:40]}`")
    date, fraction, offset = found.groups()
    try:
        return datetime.fromisoformat(f"{date}.{(fraction or '.0')[1:7]:0<6}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):  # the 31st of February; the year 1 with an offset
        raise Absence(f"no such instant: `{text[:40]}`") from None


def parse_duration(text: str) -> timedelta:
    """Return the length of a text like `1h30m`, `-1.5s` or `200ms`."""
    unsigned = text[1:] if text[:1] in {"-", "+"} else text
    if unsigned == "0":
        return timedelta(0)
    parts = _DURATION_PART.findall(unsigned)
    if not parts or _DURATION_PART.sub("", unsigned):
        raise Absence(f"expected a duration like `1h30m`, got `{text[:40]}`")
    nanoseconds = sum(_nanoseconds(*part) for part in parts)
    try:
        return timedelta(microseconds=nanoseconds // 1000 * (-1 if text.startswith("-") else 1))
    except OverflowError:
        raise Absence("a duration out of range") from None


def _nanoseconds(whole: str, fraction: str, unit: str) -> int:
    scale = _UNIT_NANOSECONDS[unit]
    return int(whole) * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)


def parse_semver(text: str) -> SemanticVersion:
    """Return a version by SemVer 2.0.0, with or without a leading `v`."""
    found = _SEMVER.match(text)
    identifiers = (found.group(4) or "").split(".") if found else []
    if not found or ("" in identifiers and found.group(4)) or any(_has_leading_zero(one) for one in identifiers):
        raise Absence(f"expected a semantic version, got `{text[:40]}`")
    prerelease = tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in identifiers if one)
    major, minor, patch = (int(number) for number in found.groups()[:3])
    return SemanticVersion((major, minor, patch), not prerelease, prerelease)


def _has_leading_zero(identifier: str) -> bool:
    return identifier.isdigit() and (len(identifier) > 18 or (len(identifier) > 1 and identifier.startswith("0")))


def to_text(value: object) -> str:
    """Return the text of a value, as CEL writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _double_text(value)
        case datetime():
            return _cut_fraction(value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S").zfill(19), value.microsecond) + "Z"
        case timedelta():
            microseconds = value // timedelta(microseconds=1)
            sign, rest = ("-" if microseconds < 0 else ""), abs(microseconds)
            return _cut_fraction(f"{sign}{rest // 10**6}", rest % 10**6) + "s"
    return str(value)


def _cut_fraction(text: str, microseconds: int) -> str:
    if not microseconds:
        return text
    return f"{text}.{microseconds // 1000:03}" if microseconds % 1000 == 0 else f"{text}.{microseconds:06}"


def _double_text(value: float) -> str:
    """The shortest digits that give the value back, with an exponent below 1e-4 and from 1e6 on where it is shorter."""
    if not math.isfinite(value):
        return {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan")
    text = repr(value)
    if "e" not in text and -5 < _exponent(value) < 6:
        return text.removesuffix(".0")
    return next(form for precision in range(17) if float(form := f"{value:.{precision}e}") == value)


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0
