"""A range keeps its operator; what forbids a version is not lifted."""

import pytest

from holdfast.errors import FactError
from holdfast.remediations.edits._ranges import raise_range


@pytest.mark.parametrize(
    ("ecosystem", "separator", "written", "after"),
    [
        ("PyPI", ",", ">=1.0", ">=1.5"),
        ("PyPI", ",", " == 1.0 ", " == 1.5 "),
        ("PyPI", ",", "~=1.0.3", "~=1.5"),
        ("PyPI", ",", ">=1.0,<2,!=1.3", ">=1.5,<2,!=1.3"),
        ("PyPI", ",", "<2 , >= 1.0", "<2 , >= 1.5"),
        ("PyPI", ",", ">=1.5", None),
        ("PyPI", ",", ">=1.6", None),
        ("PyPI", ",", "*", None),
        ("PyPI", ",", "^1.0", "^1.5"),
        ("npm", " ", "^1.0.0", "^1.5"),
        ("npm", " ", "~1.0.0", "~1.5"),
        ("npm", " ", "1.0.0", "1.5"),
        ("npm", " ", "v1.0.0", "v1.5"),
        ("npm", " ", ">=1.0.0 <2.0.0", ">=1.5 <2.0.0"),
        ("npm", " ", ">= 1.0.0", ">= 1.5"),
        ("crates.io", ",", "1", "1.5"),
        ("crates.io", ",", "=1.0.0", "=1.5"),
    ],
)
def test_a_lower_bound_or_pin_is_raised_as_it_is_written(
    ecosystem: str, separator: str, written: str, after: str | None
) -> None:
    version = "1.5" if ecosystem == "PyPI" else "1.5.0"
    assert raise_range(ecosystem, written, version, separator=separator) == (
        after if after is None or ecosystem == "PyPI" else after.replace("1.5", "1.5.0")
    )


@pytest.mark.parametrize(
    ("written", "because"),
    [
        (">=1.0,<1.4", "forbids 1.5"),
        (">=1.0,<=1.4", "forbids"),
        (">=1.0,!=1.5", "forbids"),
        ("<2", "no single lower bound"),
        (">=1.0,>=1.1", "no single lower bound"),
        ("1.*", "edited safely"),
        ("==1.x", "edited safely"),
        ("^1 || ^2", "edited safely"),
        ("git", "edited safely"),
    ],
)
def test_what_is_a_decision_or_not_understood_is_refused(written: str, because: str) -> None:
    with pytest.raises(FactError, match=because):
        raise_range("PyPI", written, "1.5")


@pytest.mark.parametrize("written", ["^1.0.0 || ^2.0.0", "1.x", "1.0.0 - 1.4.0", ">=1.0.0 <1.4.0", "latest"])
def test_ranges_of_npm_that_are_more_than_one_bound_are_refused(written: str) -> None:
    with pytest.raises(FactError):
        raise_range("npm", written, "1.5.0", separator=" ")
