"""What the gate's play shows of an answer."""

import pytest

from holdfast.app.demo_gate import shorten


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (14, 14), (15, 14), (60, 14)])
def test_how_an_answer_ends_is_shown_whatever_its_length(count: int, shown: int) -> None:
    lines = [f"line {number}" for number in range(count)]
    found = shorten(lines)
    assert len(found) == shown
    assert found[-6:] == lines[-6:]
    assert found[:7] == lines[:7]
