"""When a distribution's release ended."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from holdfast.controls.end_of_life import ENDS, ended_at


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("ecosystem", "now", "ended"),
    [
        ("Debian:10", at(2024, 6, 30, 23), None),
        ("Debian:10", at(2024, 7, 1), date(2024, 6, 30)),
        ("Ubuntu:20.04:LTS", at(2026, 1, 1), date(2025, 5, 31)),
        ("Alpine:v3.18", at(2026, 1, 1), date(2025, 5, 9)),
        ("Alpine:v3.12", at(2026, 1, 1), date(2022, 5, 1)),
        ("Fedora:39", at(2026, 1, 1), date(2024, 11, 26)),
        ("Ubuntu:21.10", at(2026, 1, 1), date(2022, 7, 14)),
        ("SUSE:Linux Enterprise Server 15 SP3", at(2026, 1, 1), date(2022, 12, 31)),
        ("SUSE:Linux Enterprise Server 12 SP4", at(2026, 1, 1), date(2020, 6, 30)),
        ("openSUSE:Leap 42.2", at(2026, 1, 1), date(2018, 1, 26)),
        ("Photon OS:3.0", at(2025, 6, 1), None),
        ("Photon OS:3.0", at(2026, 1, 1), date(2025, 10, 2)),
        ("Ubuntu:25.10", at(2026, 7, 10), date(2026, 7, 9)),
        ("Ubuntu:22.04", at(2027, 5, 31), None),
        ("AlmaLinux:9", at(2026, 1, 1), None),
        ("Debian", at(2030, 1, 1), None),
        ("Debian:99", at(2030, 1, 1), None),
        ("npm", at(2030, 1, 1), None),
        ("Debian:10", datetime(2024, 7, 1, 1, tzinfo=timezone(timedelta(hours=5))), None),
    ],
)
def test_a_release_has_ended_the_day_after_its_last_update(ecosystem: str, now: datetime, ended: date | None) -> None:
    assert ended_at(ecosystem, now) == ended


def test_later_releases_of_a_distribution_end_later() -> None:
    for vendor in ("Debian", "Alpine", "AlmaLinux", "Red Hat", "Fedora", "Mageia", "Photon OS"):
        mine = [one for one in ENDS if one.startswith(f"{vendor}:")]
        names = sorted(mine, key=lambda one: [int(part) for part in one.split(":")[1].removeprefix("v").split(".")])
        assert [ENDS[one] for one in names] == sorted(ENDS[one] for one in names)
