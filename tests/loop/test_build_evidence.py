"""What builds were decided on, as it is kept."""

import zlib
from dataclasses import replace

import pytest

from holdfast.gate.decide import Bound, Question
from holdfast.gate.levels import Levels
from holdfast.gate.sides import Gap, Side
from holdfast.loop.build_evidence import pack_evidence, unpack_evidence
from holdfast.model.build import Basis
from holdfast.model.component import Occurrence
from holdfast.model.finding import Finding, Kind
from holdfast.model.purl import parse_purl


def package(number: int, licence: str = "MIT") -> Occurrence:
    return Occurrence(parse_purl(f"pkg:npm/pad-{number}@1.0.{number}"), (), licenses=(licence,))


def question(head: list[Occurrence], base: list[Occurrence] | None) -> Question:
    found = Finding(Kind.VULNERABILITY, "CVE-2026-1", ("CVE-2026-1",), occurrence=package(1))
    before = Side((), (Gap("old", "it was"),), tuple(base)) if base is not None else None
    return Question(Side((found,), (), tuple(head)), before, Basis.CHANGE, Bound("shop"), Levels())


@pytest.mark.parametrize(
    "base",
    [None, [], [package(1), package(2)], [package(9), package(2, "AGPL-3.0-only"), package(3)], [package(2)] * 2],
)
def test_what_is_kept_is_what_was_decided_on(base: list[Occurrence] | None) -> None:
    asked = question([package(1), package(2), package(3)], base)
    kept = unpack_evidence(pack_evidence(asked), packages=True)
    assert kept.head == asked.head
    if asked.base is None:
        assert kept.base is None
    else:
        assert kept.base is not None
        assert set(kept.base.packages) == set(asked.base.packages)
        assert kept.base.gaps == asked.base.gaps


def test_findings_are_read_without_the_packages_behind_them() -> None:
    """What is cut off of the packages is not missed by who asks for findings alone."""
    asked = question([package(number) for number in range(500)], [])
    data = pack_evidence(asked)
    alone = unpack_evidence(data[: len(data) - 100], packages=False)
    assert alone.head == replace(asked.head, packages=())
    with pytest.raises(zlib.error):
        unpack_evidence(data[: len(data) - 100], packages=True)


def test_packages_that_stay_are_kept_once() -> None:
    many = [package(number) for number in range(2000)]
    once, twice = (len(pack_evidence(question(many, base))) for base in (None, many))
    assert twice < once * 1.1
