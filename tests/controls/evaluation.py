"""OSV's evaluation algorithm, said naively and pairwise: the oracle that matching is compared with.

Source: https://ossf.github.io/osv-schema/#evaluation
"""

from collections.abc import Callable, Iterator
from functools import cmp_to_key, partial
from typing import Any

from holdfast.controls.versions import compare_versions
from holdfast.model.purl import normalize_pypi

Event = tuple[str, str]
Compare = Callable[[str, str], int]


def is_affected(record: dict[str, Any], ecosystem: str, name: str, version: str) -> bool:
    """Evaluate a raw record for one version of one package."""
    return Evaluation(record, ecosystem, name, partial(pairwise_order, ecosystem)).affects(version)


def pairwise_order(ecosystem: str, a: str, b: str) -> int:
    """Compare two versions that must have a place in the order of their ecosystem."""
    answer = compare_versions(ecosystem, a, b)
    assert answer is not None, (ecosystem, a, b)
    return answer


class Evaluation:
    """A raw record, to be evaluated for versions of one package by an order of them."""

    def __init__(self, record: dict[str, Any], ecosystem: str, name: str, compare: Compare) -> None:
        self._compare = compare
        mine = [] if record.get("withdrawn") else list(_affected(record, ecosystem, name))
        self._enumerated = [version for one in mine for version in one.get("versions", [])]
        self._ranges = [
            ([bound for kind, bound in events if kind == "limit"], _in_order(events, compare))
            for one in mine
            for events in _events(one)
        ]

    def affects(self, version: str) -> bool:
        """Tell whether a version is enumerated or in a range."""
        if any(self._compare(version, one) == 0 for one in self._enumerated):
            return True
        return any(self._is_inside(version, limits, events) for limits, events in self._ranges)

    def _is_inside(self, version: str, limits: list[str], events: list[Event]) -> bool:
        if limits and not any(bound == "*" or self._compare(version, bound) < 0 for bound in limits):
            return False
        vulnerable = False
        for kind, bound in events:
            place = 1 if bound == "0" else self._compare(version, bound)
            if kind == "introduced" and place >= 0:
                vulnerable = True
            elif (kind == "fixed" and place >= 0) or (kind == "last_affected" and place > 0):
                vulnerable = False
        return vulnerable


def _affected(record: dict[str, Any], ecosystem: str, name: str) -> Iterator[dict[str, Any]]:
    for affected in record.get("affected", []):
        package = affected["package"]
        found = normalize_pypi(package["name"]) if package["ecosystem"] == "PyPI" else package["name"]
        if (package["ecosystem"], found) == (ecosystem, name):
            yield affected


def _events(affected: dict[str, Any]) -> Iterator[list[Event]]:
    for one in affected.get("ranges", []):
        if one["type"] != "GIT":
            yield [pair for event in one["events"] for pair in event.items()]


def _in_order(events: list[Event], compare: Compare) -> list[Event]:
    """Sort by version, limits aside; at one version, what is open closes first, what is closed opens first."""

    def compare_events(a: Event, b: Event) -> int:
        if "0" in (a[1], b[1]):
            return (a[1] != "0") - (b[1] != "0")
        return compare(a[1], b[1])

    ordered: list[Event] = []
    rest = sorted((event for event in events if event[0] != "limit"), key=cmp_to_key(compare_events))
    opened = False
    while rest:
        group = [event for event in rest if compare_events(event, rest[0]) == 0]
        rest = rest[len(group) :]
        group.sort(key=lambda event: (event[0] == "introduced") == opened)
        opened = group[-1][0] == "introduced"
        ordered += group
    return ordered
