"""VEX documents of any format, and what is no such document."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.vex import MAX_VEX_BYTES
from holdfast.facts.vexed import read_vex
from holdfast.model.vex import VexStatus
from holdfast.registry import load_room
from tests.facts.vex.documents import CSAF, CYCLONEDX, OPENVEX, Json, changed, read
from tests.shared import SHARED_DATA, needs_shared

VALID = {"openvex": OPENVEX, "cyclonedx": CYCLONEDX, "csaf": CSAF}
EXPECTED = Path(__file__).parent / "vex" / "cisa.json"


def test_every_format_is_known_by_its_content() -> None:
    assert {spec.id for spec in load_room("facts.vex")} == {*VALID, "in_toto"}
    for name, document in VALID.items():
        (found,) = read(document)
        assert (found.format, bool(found.statements)) == (name, True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"{", "JSON"),
        (b"[]", "object"),
        (b"<bom/>", "no known format"),
        (b'{"statements": []}', "no known format"),
        (b"[" * 100_000, "."),
        (b'{"document": {"csaf_version": "2.0"}, "a": ' + b"[" * 100_000, "."),
        (b"\xff\xfe\x00", "."),
    ],
)
def test_what_is_no_document_is_refused_with_its_name(data: bytes, said: str) -> None:
    with pytest.raises(FactError, match=said) as raised:
        read_vex([("vendor.json", data)])
    assert "vendor.json" in (raised.value.where or "")


def test_a_document_above_the_bound_is_refused() -> None:
    with pytest.raises(FactError, match="over 64 MiB"):
        read_vex([("big.json", b" " * (MAX_VEX_BYTES + 1))])


def test_a_document_of_too_many_products_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.facts.vex._gathering.MAX_CLAIMS", 2)
    with pytest.raises(FactError, match="over 2 products"):
        read(OPENVEX)


def test_a_document_of_many_oddities_tells_the_first_and_how_many_more() -> None:
    (found,) = read(changed(OPENVEX, (("statements",), [{"vulnerability": f"CVE-{number}"} for number in range(50)])))
    assert (len(found.notes), found.notes[-1]) == (21, "30 more such notes")


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=8) | st.sampled_from(["pkg:npm/a", "shop-7"]),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(max_size=6), inside, max_size=2),
    max_leaves=4,
)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the places of all values in a document."""
    inside: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [place for name, one in inside for place in ((*path, name), *_paths(one, (*path, name)))]


@given(st.data(), st.sampled_from(sorted(VALID)), _values)
def test_a_reader_answers_or_refuses_whatever_stands_anywhere(data: st.DataObject, name: str, value: object) -> None:
    document: Json = VALID[name]
    path = data.draw(st.sampled_from(_paths(document)))
    try:
        (found,) = read(changed(document, (path, value)))
    except FactError:
        return
    for one in found.statements:
        clears = one.status is VexStatus.NOT_AFFECTED
        assert one.ids
        assert one.claims
        assert not clears or one.justification or one.impact


@needs_shared
def test_every_case_of_cisa_is_read_as_it_was_reviewed() -> None:
    """The products of all cases are names without package URLs: they are read, and match nothing."""
    expected = json.loads(EXPECTED.read_text())
    files = sorted((SHARED_DATA / "sbom").glob("VEX-*.json"))
    assert sorted(expected) == [one.name for one in files]
    for file in files:
        (found,) = read_vex([(file.name, file.read_bytes())])
        rows = [
            [one.ids[0], one.status.value, one.justification, [claim.product.name for claim in one.claims]]
            for one in found.statements
        ]
        assert rows == expected[file.name], file.name
        assert not any(claim.product.is_exact for one in found.statements for claim in one.claims)
        assert found.notes
        assert all("matches nothing" in note for note in found.notes)
        assert all(one.impact for one in found.statements if one.status is VexStatus.NOT_AFFECTED)
