"""The order in which exposures want attention.

Order: known exploited, severity, reach, fix (at hand, none yet, none ever), then the oldest first.
- No score counts as 7.0, and the words say so.
- An unknown reach counts as internet-facing, an unknown exploitation as none known; both are named.
"""

from holdfast.controls.distributions import no_fix_words
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import DEPLOYMENT, Exposure
from holdfast.model.instant import to_microseconds
from holdfast.model.inventory import Reach

UNSCORED = 7.0

_REACH_ORDER = {Reach.INTERNET: 2, Reach.UNKNOWN: 2, Reach.INTERNAL: 1, Reach.DEVELOPMENT: 0}
_REACH_WORDS = {
    Reach.INTERNET: "internet",
    Reach.UNKNOWN: "reach not known, counts as internet",
    Reach.INTERNAL: "internal",
    Reach.DEVELOPMENT: "development",
}
_HOPELESS = frozenset({PackageState.WILL_NOT_FIX, PackageState.END_OF_LIFE})
_AGE_BITS = 40
"""Seconds since 1970 fit until the year 36812; the whole score stays below 2^53, exact even as a float."""


def severity_band(severity: float | None) -> str:
    """Return `critical`, `high`, `medium`, `low`, `none`, or `unscored`. Source: CVSS v3.1, section 5."""
    if severity is None:
        return "unscored"
    bands = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
    return next((band for least, band in bands if severity >= least), "none")


def rank_key(exposure: Exposure) -> tuple[int, int, int, int, int, str]:
    """Return a key that sorts ascending: the exposure to look at first comes first."""
    exploited, severity, reach, fix = _parts(exposure)
    return (-exploited, -severity, -reach, -fix, _detected_s(exposure), exposure.id)


def rank_score(exposure: Exposure) -> int:
    """Return the same order as a number, higher first; equal only within one second, where the id decides.

    It is below 2^53 and depends on nothing but the exposure: it can be stored, and pages can be cut at it.
    """
    exploited, severity, reach, fix = _parts(exposure)
    attention = ((exploited << 7 | severity) << 2 | reach) << 2 | fix
    return attention << _AGE_BITS | (1 << _AGE_BITS) - 1 - _detected_s(exposure)


def _parts(exposure: Exposure) -> tuple[int, int, int, int]:
    """(exploited 0–1, severity in tenths 0–100, reach 0–2, fix 0–2)."""
    risk = exposure.risk
    severity = UNSCORED if risk.severity is None else risk.severity
    tenths = min(100, max(0, round(severity * 10)))  # a score outside of CVSS's range must not disturb the other parts
    fix = 2 if risk.fix_version is not None else 0 if exposure.package_state in _HOPELESS else 1
    return int(risk.known_exploited is True), tenths, _REACH_ORDER[risk.reach], fix


def _detected_s(exposure: Exposure) -> int:
    seconds = to_microseconds(exposure.clocks.detected_at) // 1_000_000
    return min((1 << _AGE_BITS) - 1, max(0, seconds))


def explain_rank(exposure: Exposure) -> tuple[str, ...]:
    """Return the reasons for the rank in words, in its order: `exploited`, `critical 9.8`, `internet`, `fix ready`."""
    risk = exposure.risk
    if exposure.kind == DEPLOYMENT:
        return f"{severity_band(risk.severity)} {risk.severity or 0.0:.1f}", _REACH_WORDS[risk.reach]
    words = []
    if risk.known_exploited is None:
        words.append("exploitation not known")
    elif risk.known_exploited:
        words.append("exploited")
    if risk.severity is None:
        words.append(f"unscored, counts as {UNSCORED}")
    else:
        words.append(f"{severity_band(risk.severity)} {risk.severity:.1f}")
    words.append(_REACH_WORDS[risk.reach])
    words.append("fix ready" if risk.fix_version is not None else hopeless_words(exposure) or "no fix yet")
    return tuple(words)


def hopeless_words(exposure: Exposure) -> str:
    """Return why there will be no fix, as `Debian will not fix it`; empty where nobody says so."""
    return no_fix_words(exposure.package_state, exposure.ecosystem) if exposure.package_state else ""
