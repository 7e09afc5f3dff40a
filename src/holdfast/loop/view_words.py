"""Durations and sizes in words, the same on pages, in answers and in the terminal."""

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_MINUTE_S = 60
_PAIRED_S = 3600
"""Below this a second unit says something: `3 min 12 s`, but `2 h` and `61 d`."""


def span(seconds: float) -> str:
    """Return a duration in its largest unit; minutes come with seconds. Below ten seconds it has a decimal.

    A negative duration keeps its sign: a contradiction is shown, not hidden.
    """
    sign, seconds = ("−", -seconds) if seconds < 0 else ("", seconds)
    if 0 < seconds < 10 and round(seconds, 1) < 10:
        return f"{sign}{max(0.1, round(seconds, 1)):g} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{sign}{whole} s"
    if whole < _PAIRED_S:
        minutes, rest = divmod(whole, _MINUTE_S)
        return f"{sign}{minutes} min {rest} s" if rest else f"{sign}{minutes} min"
    size, unit = next((size, unit) for size, unit in _UNITS if whole >= size)
    tenths = int(10 * whole / size)
    return f"{sign}{tenths / 10:g} {unit}" if tenths < 100 else f"{sign}{tenths // 10} {unit}"


def short_span(seconds: float) -> str:
    """Return a duration in one whole unit, rounded down: `41 s`, `3 min`, `2 h`, `61 d`."""
    sign, whole = ("−", int(-seconds)) if seconds < 0 else ("", int(seconds))
    size, unit = next(((size, unit) for size, unit in _UNITS if whole >= size), (1, "s"))
    return f"{sign}{whole // size} {unit}"


def clock_face(seconds: float) -> str:
    """Return a running clock: `00:02:31`, with days before it from one day on."""
    whole = int(max(0.0, seconds))
    days, rest = divmod(whole, 86400)
    face = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days} d {face}" if days else face


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: `1 place`, `1,284 places`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: list[str], most: int = 3) -> str:
    """Return names as a sentence has them: `a`, `a and b`, `a, b, c and 4 more`."""
    shown = names[:most]
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
