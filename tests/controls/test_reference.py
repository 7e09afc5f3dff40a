"""Every shared record against every version that any record names of its package: nothing is sampled.

The reference walks events and enumerated versions one by one and knows no keys and no intervals. The versions of a
package are put in order once, by comparing them in pairs; the reference asks for their places in it.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cmp_to_key, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.match import affects
from holdfast.model.advisory import Advisory
from tests.controls.evaluation import Compare, Evaluation, pairwise_order
from tests.controls.records import collected
from tests.shared import needs_shared

DISAGREEMENTS = Path(__file__).parent / "disagreements.txt"
PAIRS = {"PyPI": 290_000, "Go": 170_000, "crates.io": 2_400}
"""At least so many (record, version) pairs there are."""

Package = tuple[str, str]


def named_versions(advisory: Advisory) -> dict[Package, set[str]]:
    """Return the versions that a record enumerates or bounds a range with, by package."""
    found: dict[Package, set[str]] = defaultdict(set)
    for affected in advisory.affected:
        versions = found[affected.ecosystem, affected.name]
        versions.update(affected.versions)
        versions.update(event.version for one in affected.ranges if one.type != "GIT" for event in one.events)
    return found


def order_of(ecosystem: str, versions: Iterable[str]) -> Compare:
    """Return a comparison of these versions that looks up their places among all of them."""
    compare = partial(pairwise_order, ecosystem)
    ordered = sorted(versions, key=cmp_to_key(compare))
    places = dict.fromkeys(ordered[:1], 0)
    for before, version in pairwise(ordered):
        places[version] = places[before] + (compare(before, version) != 0)
    return lambda a, b: places[a] - places[b]


def listed(ecosystem: str) -> set[str]:
    """Return the listed disagreements of an ecosystem, each `record package version: ours, theirs`."""
    lines = [line for line in DISAGREEMENTS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    rows = [[part.strip() for part in line.split("|", 2)] for line in lines]
    assert all(len(row) == 3 and row[2] for row in rows), "each has its reason"
    return {row[1] for row in rows if row[0] == ecosystem}


@needs_shared
@pytest.mark.timeout(300)
@pytest.mark.parametrize("ecosystem", PAIRS)
def test_match_of_every_record_and_version_is_what_the_slow_reference_says(ecosystem: str) -> None:
    records: list[tuple[dict[str, Any], Advisory]] = [(body, parse_osv(body)) for body in collected(ecosystem)]
    known: dict[Package, set[str]] = defaultdict(set)
    for _, advisory in records:
        for package, versions in named_versions(advisory).items():
            known[package] |= versions
    orders = {package: order_of(package[0], versions - {"*"}) for package, versions in known.items()}
    compared, disagreeing = 0, set()
    for body, advisory in records:
        compiled = compile_advisory(advisory)
        for place, name in named_versions(advisory):
            reference = Evaluation(body, place, name, orders[place, name])
            for version in known[place, name] - {"*"}:
                compared += 1
                ours, theirs = affects(compiled, place, name, version) is not None, reference.affects(version)
                if ours != theirs:
                    disagreeing.add(f"{advisory.id} {name} {version}: {ours}, {theirs}")
    assert compared >= PAIRS[ecosystem]
    assert disagreeing == listed(ecosystem)
