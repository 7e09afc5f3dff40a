"""When a distribution's release gets no more security updates that everybody gets.

The date is that of the last free, public updates: long-term support by the project counts, paid extensions don't. A
release that is not in the table is not known to have ended.

Source: the projects' own release pages (Debian wiki "LTS", Ubuntu "Releases", Alpine "Releases", AlmaLinux and Rocky
Linux release guides, Red Hat "Product Life Cycles", openSUSE "Lifetime"), as of 2026-09.
"""

from datetime import UTC, date, datetime

ENDS: dict[str, date] = {
    "Debian:8": date(2020, 6, 30),
    "Debian:9": date(2022, 6, 30),
    "Debian:10": date(2024, 6, 30),
    "Debian:11": date(2026, 8, 31),
    "Debian:12": date(2028, 6, 30),
    "Debian:13": date(2030, 6, 30),
    "Ubuntu:14.04": date(2019, 4, 25),
    "Ubuntu:16.04": date(2021, 4, 30),
    "Ubuntu:18.04": date(2023, 5, 31),
    "Ubuntu:20.04": date(2025, 5, 31),
    "Ubuntu:22.04": date(2027, 4, 30),
    "Ubuntu:23.10": date(2024, 7, 11),
    "Ubuntu:24.04": date(2029, 5, 31),
    "Ubuntu:24.10": date(2025, 7, 10),
    "Alpine:v3.14": date(2023, 5, 1),
    "Alpine:v3.15": date(2023, 11, 1),
    "Alpine:v3.16": date(2024, 5, 23),
    "Alpine:v3.17": date(2024, 11, 22),
    "Alpine:v3.18": date(2025, 5, 9),
    "Alpine:v3.19": date(2025, 11, 1),
    "Alpine:v3.20": date(2026, 4, 1),
    "Alpine:v3.21": date(2026, 11, 1),
    "Alpine:v3.22": date(2027, 5, 1),
    "AlmaLinux:8": date(2029, 3, 1),
    "AlmaLinux:9": date(2032, 5, 31),
    "AlmaLinux:10": date(2035, 5, 31),
    "Rocky Linux:8": date(2029, 5, 31),
    "Rocky Linux:9": date(2032, 5, 31),
    "Rocky Linux:10": date(2035, 5, 31),
    "Red Hat:6": date(2020, 11, 30),
    "Red Hat:7": date(2024, 6, 30),
    "Red Hat:8": date(2029, 5, 31),
    "Red Hat:9": date(2032, 5, 31),
    "openSUSE:Leap 15.4": date(2023, 12, 7),
    "openSUSE:Leap 15.5": date(2024, 12, 31),
}


def ended_at(ecosystem: str, now: datetime) -> date | None:
    """Return when updates for a release (`Debian:10`) ended; `None` while they go on, or where nobody knows."""
    ends = ENDS.get(ecosystem)
    if ends is None and ecosystem.startswith("Ubuntu:"):  # `Ubuntu:20.04:LTS`, as OSV spells it too
        ends = ENDS.get(":".join(ecosystem.split(":")[:2]))
    return ends if ends is not None and now.astimezone(UTC).date() > ends else None
