"""OpenVEX, in the shape of its specification."""

from datetime import UTC, datetime

import pytest

from holdfast.errors import FactError
from holdfast.model.vex import VexStatus
from tests.facts.vex.documents import IMAGE, OPENVEX, changed, read, read_one


def test_openvex_statements_name_products_parts_and_reasons() -> None:
    (document,) = read(OPENVEX)
    first, second = document.statements
    assert (document.format, document.id, document.notes) == ("openvex", "https://vex.example/docs/shop-7", ())
    assert first.ids == ("CVE-2026-1", "GHSA-aaaa-bbbb-cccc")
    assert (first.status, first.justification) == (VexStatus.NOT_AFFECTED, "vulnerable_code_not_in_execute_path")
    (claim,) = first.claims
    assert claim.product.name == IMAGE
    assert claim.product.digests == ("sha256:" + "a" * 64,)
    assert claim.product.package is not None
    assert claim.product.package.version == "sha256:" + "a" * 64
    assert [part.package and (part.package.name, part.package.version) for part in claim.parts] == [
        ("left-pad", "1.0.0")
    ]
    assert (first.author, first.version, first.at) == ("Shop Security", "3", datetime(2026, 5, 1, 10, tzinfo=UTC))
    assert (second.action, second.at) == ("raise it to 2", datetime(2026, 5, 2, 10, tzinfo=UTC))


def test_openvex_of_the_first_kind_has_texts_for_objects() -> None:
    old = changed(
        OPENVEX,
        (("statements", 0, "vulnerability"), "CVE-2026-1"),
        (("statements", 0, "products"), [IMAGE]),
        (("statements", 0, "subcomponents"), ["pkg:npm/left-pad@1.0.0"]),
        (("version",), "1"),
    )
    statements, _ = read_one(old)
    assert statements[0].ids == ("CVE-2026-1",)
    assert [part.name for part in statements[0].claims[0].parts] == ["pkg:npm/left-pad@1.0.0"]


def test_openvex_product_with_a_cpe_alone_matches_nothing() -> None:
    cpe = {"identifiers": {"cpe23": "cpe:2.3:a:x:y:1:*:*:*:*:*:*:*"}}
    statements, notes = read_one(changed(OPENVEX, (("statements", 1, "products"), [cpe])))
    assert not statements[1].claims[0].product.is_exact
    assert "cpe:2.3:a:x:y" in notes[0]


def test_openvex_parts_that_are_unreadable_never_widen_a_statement() -> None:
    for parts in ({"@id": "x"}, [{"@id": "x"}], "pkg:npm/a"):
        statements, notes = read_one(changed(OPENVEX, (("statements", 0, "products", 0, "subcomponents"), parts)))
        (part,) = statements[0].claims[0].parts
        assert not part.is_exact
        assert notes


@pytest.mark.parametrize("status", ["fine", "", None, 7, "NOT_AFFECTED"])
def test_openvex_status_that_is_none_counts_as_under_investigation(status: object) -> None:
    statements, notes = read_one(changed(OPENVEX, (("statements", 0, "status"), status)))
    assert statements[0].status is VexStatus.UNDER_INVESTIGATION
    assert "is no status" in notes[0]


def test_openvex_not_affected_needs_a_reason() -> None:
    bare = changed(OPENVEX, (("statements", 0, "justification"), ...), (("statements", 0, "impact_statement"), ...))
    statements, notes = read_one(bare)
    assert statements[0].status is VexStatus.UNDER_INVESTIGATION
    assert "not why" in notes[0]
    statements, _ = read_one(changed(OPENVEX, (("statements", 0, "justification"), ...)))
    assert statements[0].status is VexStatus.NOT_AFFECTED


def test_openvex_fixed_needs_a_version() -> None:
    listed = [{"@id": "pkg:npm/left-pad"}, {"@id": "pkg:npm/left-pad@2"}]
    changes = ((("statements", 0, "status"), "fixed"), (("statements", 0, "products"), listed))
    statements, notes = read_one(changed(OPENVEX, *changes))
    assert [(one.status.value, len(one.claims)) for one in statements[:2]] == [("under_investigation", 1), ("fixed", 1)]
    assert "not in which version" in notes[0]
    (one, _), notes = read_one(changed(OPENVEX, changes[0]))  # a part of a product of one version
    assert (one.status, notes) == (VexStatus.FIXED, [])


@pytest.mark.parametrize("at", ["yesterday", "2026-05-01T10:00:00", 20260501, ["2026"]])
def test_openvex_with_a_date_that_is_none_clears_nothing(at: object) -> None:
    statements, notes = read_one(changed(OPENVEX, (("timestamp",), at)))
    assert [one.status for one in statements] == [VexStatus.UNDER_INVESTIGATION, VexStatus.AFFECTED]
    assert "clears nothing" in notes[0]
    statements, _ = read_one(changed(OPENVEX, (("statements", 0, "timestamp"), at)))
    assert statements[0].status is VexStatus.UNDER_INVESTIGATION


def test_openvex_without_a_date_clears_nothing() -> None:
    statements, notes = read_one(changed(OPENVEX, (("timestamp",), ...)))
    assert statements[0].status is VexStatus.UNDER_INVESTIGATION
    assert "no date" in notes[0]


def test_openvex_odd_entries_are_noted_and_stop_nothing() -> None:
    odd = changed(OPENVEX, (("statements",), [7, {}, {"vulnerability": "CVE-1"}, *OPENVEX["statements"]]))
    statements, notes = read_one(odd)
    assert len(statements) == 2
    assert notes == [
        "a statement that is no object",
        "a statement without vulnerability",
        "`CVE-1`: a statement about no product",
    ]


def test_openvex_without_a_list_of_statements_is_refused() -> None:
    with pytest.raises(FactError, match="statements"):
        read(changed(OPENVEX, (("statements",), {})))
