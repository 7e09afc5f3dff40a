"""Durations and shares as authors write them → seconds and fractions."""

import re

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)\Z")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%\Z")


def parse_duration_s(text: str) -> float | None:
    """Return the seconds of a text like `200ms` or `7d`; `None` when it is none."""
    found = _DURATION.match(text)
    return round(float(found.group(1)) * _UNIT_S[found.group(2)], 9) if found else None


def parse_share(text: str | None) -> float | None:
    """Return the fraction that a text like `0.25` or `25%` is, whatever its size; `None` when it is neither."""
    if text is None:
        return None
    found = _PERCENT.match(text)
    if found:
        return round(float(found.group(1)) / 100, 9)
    try:
        return float(text)
    except ValueError:
        return None
