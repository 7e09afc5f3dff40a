"""Keys against other people's implementations, on versions made up, collected, and met in advisories."""

import random
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pytest

from holdfast.controls.advisories import parse_osv
from holdfast.controls.versions import scheme_for, version_key
from tests.controls.records import collected
from tests.controls.versions.laws import shared_rows
from tests.controls.versions.oracles import ORACLES, Oracle
from tests.controls.versions.test_rows import ECOSYSTEMS
from tests.shared import needs_shared

GENERATED = 2_500
oracles = pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: f"{oracle.ecosystem}-{oracle.name}")


def parsed(oracle: Oracle, version: str) -> Any:
    """Return the oracle's value; `None` for what it does not read, by whatever error it says so."""
    try:
        return oracle.parse(version)
    except (ValueError, TypeError, AttributeError, IndexError):
        return None


def disagreements(oracle: Oracle, pairs: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], int]:
    """Return the pairs that the oracle orders otherwise and no known difference covers, and how many it compared."""
    wrong, compared = [], 0
    key = lru_cache(maxsize=None)(lambda version: version_key(oracle.ecosystem, version))
    value = lru_cache(maxsize=None)(lambda version: parsed(oracle, version))
    for a, b in pairs:
        left, right = key(a), key(b)
        if left is None or right is None or value(a) is None or value(b) is None:
            continue
        compared += 1
        ours, theirs = (left > right) - (left < right), (value(a) > value(b)) - (value(a) < value(b))
        if ours != theirs and not any(difference.covers(a, b) for difference in oracle.differences):
            wrong.append((a, b))
    return wrong, compared


def made_up(oracle: Oracle) -> list[str]:
    """Return versions made of the oracle's pieces, the same in every run."""
    rng = random.Random(oracle.ecosystem)
    heads = ("1", "1.0", "2.0") if oracle.ecosystem not in ("npm", "crates.io", "Go") else ("1.0.0", "1.2.3", "0.1")
    pieces = oracle.pieces.split()
    return [rng.choice(heads) + "".join(rng.choices(pieces, k=rng.randint(0, 5))) for _ in range(GENERATED)]


@oracles
def test_keys_order_made_up_versions_as_the_oracle_does(oracle: Oracle) -> None:
    versions = made_up(oracle)
    few = versions[:70]
    wrong, compared = disagreements(oracle, [*pairwise(versions), *((a, b) for a in few for b in few)])
    assert wrong == []
    assert compared > 300


@needs_shared
@oracles
def test_keys_order_collected_versions_as_the_oracle_does(oracle: Oracle) -> None:
    files = [file for file, ecosystems in ECOSYSTEMS.items() if oracle.ecosystem in ecosystems]
    wrong, compared = disagreements(oracle, ((a, b) for file in files for a, _, b in shared_rows(file)))
    assert wrong == []
    assert compared > 20 or oracle.ecosystem == "ConanCenter"


@lru_cache(maxsize=4)
def met_in_advisories(ecosystem: str) -> tuple[str, ...]:
    """Return every version that the shared records of an ecosystem enumerate or bound a range with, in our order."""
    scheme = scheme_for(ecosystem)
    assert scheme is not None
    found: set[str] = set()
    for body in collected(ecosystem):
        for affected in parse_osv(body).affected:
            found.update(affected.versions)
            found.update(event.version for one in affected.ranges if one.type != "GIT" for event in one.events)
    keyed = sorted((key, version) for version in found if (key := scheme.key(version)) is not None)
    return tuple(version for _, version in keyed)


def neighbours(versions: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each version with the next, and with one far off."""
    yield from pairwise(versions)
    yield from zip(versions, versions[len(versions) // 2 :], strict=False)


@needs_shared
@pytest.mark.parametrize(
    "oracle",
    [oracle for oracle in ORACLES if oracle.ecosystem in ("PyPI", "Go", "crates.io", "AlmaLinux")],
    ids=lambda oracle: f"{oracle.ecosystem}-{oracle.name}",
)
def test_keys_order_versions_met_in_advisories_as_the_oracle_does(oracle: Oracle) -> None:
    versions = met_in_advisories(oracle.ecosystem)
    wrong, compared = disagreements(oracle, neighbours(versions))
    assert wrong == []
    assert compared > len(versions)


@oracles
def test_every_known_difference_still_is_one(oracle: Oracle) -> None:
    for difference in oracle.differences:
        a, b = difference.example
        left, right = version_key(oracle.ecosystem, a), version_key(oracle.ecosystem, b)
        assert left is not None
        assert right is not None
        one, two = parsed(oracle, a), parsed(oracle, b)
        assert difference.covers(a, b), difference.because
        assert (left > right) - (left < right) != (one > two) - (one < two), difference.because
