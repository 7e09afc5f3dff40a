"""Instants: aware UTC datetimes, written as RFC 3339 with microseconds and `Z`."""

from datetime import UTC, datetime, timedelta

from holdfast.errors import UsageError

YEAR_ONE = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_instant(at: datetime) -> str:
    """Return RFC 3339 in UTC; microseconds only when there are any."""
    text = at.astimezone(UTC).isoformat(timespec="microseconds" if at.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def parse_instant(text: str, *, where: str | None = None) -> datetime:
    """Return the instant that an RFC 3339 text names; an offset is required.

    Raises:
        UsageError: not RFC 3339, or without an offset.
    """
    try:
        at = datetime.fromisoformat(text.strip().replace("z", "Z"))
    except ValueError:
        raise UsageError(
            f"expected an RFC 3339 instant, got `{text[:60]}`", where=where, hint="2026-11-22T10:00:00Z"
        ) from None
    if at.tzinfo is None:
        raise UsageError(f"an instant without an offset: `{text[:60]}`", where=where, hint="end it with `Z`")
    try:
        return at.astimezone(UTC)
    except OverflowError:  # the year 1 with a positive offset lies before time
        return at.replace(tzinfo=UTC)


def to_microseconds(at: datetime) -> int:
    """Return whole microseconds since 1970 in UTC."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(value: int) -> datetime:
    """Return the instant `value` microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=value)
