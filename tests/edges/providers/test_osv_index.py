"""The index of a bucket, and what it says against what is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.providers.osv_index import Validators, compare_index, parse_index
from holdfast.errors import FeedError
from holdfast.model.instant import parse_instant

AT = parse_instant("2026-01-02T03:04:05.678901Z")


def test_a_line_is_a_date_and_an_id() -> None:
    data = b"2026-01-02T03:04:05.678901234Z,L-1\r\n0001-01-01T00:00:00Z,L-2\n\n"
    assert parse_index(data, where="x") == {"L-1": AT, "L-2": None}


@pytest.mark.parametrize("line", ["L-1", "2026-01-02T03:04:05Z,", "yesterday,L-1", "2026-01-02T03:04:05,L-1", ",L-1"])
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(FeedError) as caught:
        parse_index(f"2026-01-02T03:04:05Z,L-0\n{line}\n".encode(), where="index")
    assert caught.value.where == "index:2"


@given(st.binary(max_size=300) | st.text(alphabet="0123456789-T:Z.,L\n", max_size=300).map(str.encode))
def test_any_bytes_are_an_index_or_an_error(data: bytes) -> None:
    where = None
    found = {}
    try:
        found = parse_index(data, where="index")
    except FeedError as error:
        where = error.where
    assert where is None or where.startswith("index")
    assert len(found) <= data.count(b",")


def test_what_is_new_or_has_another_date_differs() -> None:
    known = {"same": AT, "older": parse_instant("2025-01-01T00:00:00Z"), "undated": None, "gone": AT}
    index = {"same": AT, "older": AT, "undated": None, "new": AT, "new-undated": None}
    found = compare_index(index, known)
    assert found.changed == frozenset({"older", "new", "new-undated"})
    assert found.undated


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"archive": 3}', "W/x"])
def test_a_validator_of_another_hand_is_none(text: str | None) -> None:
    assert Validators.unpack(text) == Validators()


@given(st.text() | st.none(), st.text() | st.none())
def test_validators_come_back_as_they_went(archive: str | None, index: str | None) -> None:
    both = Validators(archive, index)
    assert Validators.unpack(both.pack()) == both
