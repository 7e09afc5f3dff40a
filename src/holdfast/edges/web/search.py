"""Filters and instants in addresses."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlencode

from litestar.datastructures import MultiDict

from holdfast.errors import UsageError
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import State
from holdfast.model.frozen import frozen
from holdfast.model.instant import parse_instant
from holdfast.ports.queries import ExposureFilter

STATES = tuple(state.value for state in State)
PACKAGE_STATES = tuple(one.value for one in PackageState)
LIVE = tuple(state.value for state in State if state is not State.RESOLVED)
"""What is listed when no state is asked for."""
_YES_NO = {"": None, "yes": True, "no": False}
_MOST_CHARACTERS = 300
_NOT_A_FILTER = ("after", "as_of")


@frozen
class Question:
    """What an address asks for."""

    where: ExposureFilter
    as_of: datetime | None
    after: str | None
    pairs: tuple[tuple[str, str], ...]

    @property
    def is_narrow(self) -> bool:
        """Whether anything is filtered."""
        return any(name not in _NOT_A_FILTER for name, _ in self.pairs)

    def address(self, path: str, **changes: str | None) -> str:
        """Return the same question at another page or instant; `None` takes a name away."""
        kept = [(name, value) for name, value in self.pairs if name not in changes]
        added = [(name, value) for name, value in changes.items() if value]
        query = urlencode([*kept, *added])
        return f"{path}?{query}" if query else path


def read_question(parameters: Iterable[tuple[str, str]], now: datetime) -> Question:
    """Return what an address asks for; names that mean nothing are passed over, values that mean nothing are refused.

    Raises:
        UsageError: names the parameter.
    """
    pairs = tuple((name, value.strip()) for name, value in parameters if value.strip())
    found: MultiDict[str] = MultiDict(pairs)
    for name, value in pairs:
        if name != "after" and (len(value) > _MOST_CHARACTERS or "\0" in value):
            raise UsageError("a value that is too long, or holds NUL", where=name)
    states = tuple(found.getall("state", []))
    for state in states:
        if state not in STATES:
            raise UsageError(f"expected any of {', '.join(STATES)}, got `{state}`", where="state")
    package_states = tuple(found.getall("package_state", []))
    for one in package_states:
        if one not in PACKAGE_STATES:
            raise UsageError(f"expected any of {', '.join(PACKAGE_STATES)}, got `{one}`", where="package_state")
    as_of = read_as_of(found.get("as_of"), now)
    where = ExposureFilter(
        states=()
        if as_of is not None
        else states or LIVE,  # the states of then are told by clocks, not by today's state
        services=tuple(found.getall("service", [])),
        environments=tuple(found.getall("environment", [])),
        teams=tuple(found.getall("team", [])),
        text=found.get("text"),
        min_severity=_score(found.get("min_severity")),
        known_exploited=_yes_no(found, "known_exploited"),
        fix_available=_yes_no(found, "fix_available"),
        kind=found.get("kind"),
        backlog=_yes_no(found, "backlog"),
        package_states=package_states,
    )
    return Question(where, as_of, found.get("after"), pairs)


def read_as_of(text: str | None, now: datetime) -> datetime | None:
    """Return the instant that an address names: RFC 3339, or without an offset in UTC as browsers send it.

    Raises:
        UsageError: it is none, or lies in the future.
    """
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return parse_instant(text, where="as_of")
    at = local.replace(tzinfo=UTC) if local.tzinfo is None else parse_instant(text, where="as_of")
    if at > now:
        raise UsageError("that lies in the future", where="as_of", hint="ask as of now, or earlier")
    return at


def _score(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        score = float(text)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 10:
        raise UsageError(f"expected a score from 0 to 10, got `{text}`", where="min_severity")
    return score


def _yes_no(found: MultiDict[str], name: str) -> bool | None:
    text = found.get(name, "")
    if text not in _YES_NO:
        raise UsageError(f"expected `yes` or `no`, got `{text}`", where=name)
    return _YES_NO[text]
