"""Whether a recorded range allows a version; what is not understood is not told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.remediations.allowed import allows


@pytest.mark.parametrize(
    ("ecosystem", "written", "version", "expected"),
    [
        ("npm", "^1.2.3", "1.9.0", True),
        ("npm", "^1.2.3", "1.2.2", False),
        ("npm", "^1.2.3", "2.0.0", False),
        ("npm", "^0.2.3", "0.2.9", True),
        ("npm", "^0.2.3", "0.3.0", False),
        ("npm", "^0.0.3", "0.0.4", False),
        ("npm", "^0.0", "0.0.9", True),
        ("npm", "^0", "0.9.0", True),
        ("npm", "^0", "1.0.0", False),
        ("npm", "~1.2.3", "1.2.9", True),
        ("npm", "~1.2", "1.3.0", False),
        ("npm", "~1", "1.9.0", True),
        ("npm", "1.2", "1.2.7", True),
        ("npm", "1.x", "2.0.0", False),
        ("npm", "1.2.3", "1.2.4", False),
        ("npm", ">= 1.2.3 < 2", "1.9.0", True),
        ("npm", ">=1.2.3 <2", "2.0.0", False),
        ("npm", "^1.0.0 || ^3.0.0", "3.1.0", True),
        ("npm", "^1.0.0 || ^3.0.0", "2.1.0", False),
        ("npm", "*", "9.0.0", True),
        ("npm", "latest", "9.0.0", None),
        ("npm", "1.0.0 - 2.0.0", "1.5.0", None),
        ("npm", ">1.2", "1.2.5", None),
        ("npm", "git+ssh://x.example/a.git", "1.0.0", None),
        ("npm", "^1.0.0", "1.5.0-beta.1", None),
        ("npm", "^1.0.0-beta.2", "1.5.0", None),
        ("npm", "^1.0.0 || workspace", "2.0.0", None),
        ("PyPI", ">=1.21.1,<3", "2.9.9", True),
        ("PyPI", ">=1.21.1,<3", "3", False),
        ("PyPI", "^1.2", "1.9", True),
        ("PyPI", "~1.2", "1.3", False),
        ("PyPI", "~=1.2", "1.9", True),
        ("PyPI", "~=1.2.3", "1.3.0", False),
        ("PyPI", "==1.2.*", "1.2.9", True),
        ("PyPI", "1.2", "1.3", False),
        ("PyPI", ">=1.0,!=1.5", "1.5", False),
        ("RubyGems", "~> 1.2", "1.9.0", True),
        ("RubyGems", "~> 1.2.0", "1.3.0", False),
        ("RubyGems", "~> 1", "2.0.0", False),
        ("RubyGems", ">= 1.0, < 3", "3.0.0", False),
        ("RubyGems", "", "3.0.0", True),
        ("Packagist", "^1.0|^2.0", "2.5.0", True),
        ("Packagist", "~1.2", "1.9.0", True),
        ("Packagist", "~1.2.3", "1.3.0", False),
        ("Packagist", ">=1.0 <2.0", "2.0.0", False),
    ],
)
def test_a_range_allows_what_its_tool_allows(ecosystem: str, written: str, version: str, expected: bool | None) -> None:
    assert allows(ecosystem, written, version) is expected


@given(st.sampled_from(["npm", "PyPI", "RubyGems", "Packagist"]), st.text("0123.x*^~<>=! |,-a", max_size=20))
def test_whatever_the_range_there_is_an_answer(ecosystem: str, written: str) -> None:
    assert allows(ecosystem, written, "1.2.3") in {True, False, None}
