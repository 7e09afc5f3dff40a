"""The machine's clock and random identifiers."""

from datetime import UTC, datetime, timedelta

import structlog

from holdfast.edges.providers.system import RandomIds, SystemClock
from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_the_clock_is_aware_and_in_utc() -> None:
    clock: Clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(minutes=1)


def test_a_clock_set_back_stands_until_time_has_caught_up() -> None:
    """12:00 → 12:00; set back to 11:00 → 12:00, said once; 11:30 → 12:00; 12:01 → 12:01."""
    machine = iter([0, -3600, -1800, 60, 30])
    clock = SystemClock(lambda: _NOON + timedelta(seconds=next(machine)))
    with structlog.testing.capture_logs() as logs:
        seen = [(clock.now() - _NOON).total_seconds() for _ in range(5)]
    assert seen == [0, 0, 0, 60, 60]
    assert [log["behind_s"] for log in logs] == [3600, 30]


def test_random_ids_sort_by_creation_and_differ() -> None:
    ids: Ids = RandomIds()
    made = [ids.new("svc") for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(one.startswith("svc_") and len(one) == 30 and one[4:].isalnum() for one in made)


def test_random_ids_of_two_processes_have_nothing_in_common() -> None:
    first, second = RandomIds().new("x"), RandomIds().new("x")
    assert first[-15:] != second[-15:]
