"""Cuts are made into the bytes that they were meant for."""

import pytest

from holdfast.errors import FactError
from holdfast.remediations.edits import Cut, cut, find_manifest, make_cuts


def test_cuts_are_made_in_any_order_and_a_repeated_one_once() -> None:
    data = b"a 1 b 1 c"
    cuts = [cut(data, 6, 7, "three"), cut(data, 2, 3, "2"), cut(data, 2, 3, "2")]
    assert make_cuts(data, cuts) == b"a 2 b three c"


@pytest.mark.parametrize("other", [Cut(2, 3, b"1", b"9"), Cut(1, 3, b" 1", b"x"), Cut(4, 5, b"z", b"x")])
def test_cuts_that_overlap_or_were_meant_for_others_are_refused(other: Cut) -> None:
    data = b"a 1 b"
    with pytest.raises(FactError):
        make_cuts(data, [cut(data, 2, 3, "2"), other])


def test_what_is_edited_for_a_lock_file_is_its_manifest() -> None:
    manifest = find_manifest("yarn_lock")
    assert manifest is not None
    assert (manifest.name, manifest.is_itself) == ("package.json", False)
    assert find_manifest("gemfile_lock") is None
    assert find_manifest(None) is None
