"""What the figures beside other scanners say."""

import pytest
from benchmarks.peers import CASES, Measured, is_held
from benchmarks.peers.tools import Cost


def _took(*walls: float, peak_mb: float = 40.0) -> Measured:
    return Measured([Cost(wall, wall, peak_mb) for wall in walls])


@pytest.mark.parametrize(
    ("kind", "ours", "bar", "held"),
    [
        ("folder", _took(0.3), [_took(0.4), _took(3.0)], True),
        ("folder", _took(0.5), [_took(0.4), _took(3.0)], False),
        ("folder", _took(0.5), [], None),
        ("folder", Measured(), [_took(0.4)], None),
        ("image", _took(4.0), [], True),
        ("image", _took(6.0), [_took(9.0)], False),
        ("image", _took(1.0, peak_mb=301), [], False),
    ],
)
def test_we_hold_what_we_are_to_be_faster_than(
    kind: str, ours: Measured, bar: list[Measured], held: bool | None
) -> None:
    assert is_held(kind, ours, bar) is held


def test_the_others_are_told_as_many_times_ours() -> None:
    words = _took(1.0, 3.0, 2.0, peak_mb=120).words(_took(0.5))
    assert words == "2.00 s (4.0 x ours, least 1.00), 2.00 s of processors, 120 MB (3.0 x ours)"
    assert _took(0.5).words() == "0.50 s (least 0.50), 0.50 s of processors, 40 MB"
    assert Measured().words(_took(0.5)) == "did not run"


def test_each_input_can_be_asked_for_alone() -> None:
    assert CASES == ("pypi", "go", "cargo", "real", "sbom", "image")
