"""OSV's evaluation algorithm, said naively and pairwise: the oracle that matching is compared with.

Source: https://ossf.github.io/osv-schema/#evaluation
"""

from functools import cmp_to_key
from typing import Any

from holdfast.controls.versions import compare_versions
from holdfast.model.purl import normalize_pypi

Event = tuple[str, str]


def is_affected(record: dict[str, Any], ecosystem: str, name: str, version: str) -> bool:
    """Evaluate a raw record for one version of one package."""
    if record.get("withdrawn"):
        return False
    for affected in record.get("affected", []):
        package = affected["package"]
        found = normalize_pypi(package["name"]) if package["ecosystem"] == "PyPI" else package["name"]
        if (package["ecosystem"], found) != (ecosystem, name):
            continue
        if any(_compare(ecosystem, version, one) == 0 for one in affected.get("versions", [])):
            return True
        if any(_in_range(ecosystem, version, one) for one in affected.get("ranges", []) if one["type"] != "GIT"):
            return True
    return False


def _compare(ecosystem: str, a: str, b: str) -> int:
    answer = compare_versions(ecosystem, a, b)
    assert answer is not None, (ecosystem, a, b)
    return answer


def _in_range(ecosystem: str, version: str, one: dict[str, Any]) -> bool:
    events: list[Event] = [pair for event in one["events"] for pair in event.items()]
    limits = [bound for kind, bound in events if kind == "limit"]
    if limits and not any(bound == "*" or _compare(ecosystem, version, bound) < 0 for bound in limits):
        return False
    vulnerable = False
    for kind, bound in _in_order(ecosystem, [event for event in events if event[0] != "limit"]):
        place = 1 if bound == "0" else _compare(ecosystem, version, bound)
        if kind == "introduced" and place >= 0:
            vulnerable = True
        elif (kind == "fixed" and place >= 0) or (kind == "last_affected" and place > 0):
            vulnerable = False
    return vulnerable


def _in_order(ecosystem: str, events: list[Event]) -> list[Event]:
    """Sort by version; at one version, what is open closes first, what is closed opens first."""

    def compare(a: Event, b: Event) -> int:
        if "0" in (a[1], b[1]):
            return (a[1] != "0") - (b[1] != "0")
        return _compare(ecosystem, a[1], b[1])

    ordered: list[Event] = []
    rest = sorted(events, key=cmp_to_key(compare))
    opened = False
    while rest:
        group = [event for event in rest if compare(event, rest[0]) == 0]
        rest = rest[len(group) :]
        group.sort(key=lambda event: (event[0] == "introduced") == opened)
        opened = group[-1][0] == "introduced"
        ordered += group
    return ordered
