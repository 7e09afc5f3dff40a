"""Analyses in CycloneDX, in the shape of its specification."""

from datetime import UTC, datetime

import pytest

from holdfast.model.vex import VexStatus
from tests.facts.vex.documents import CYCLONEDX, IMAGE, changed, read, read_one

LINK = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/2#pad"
AFFECTS = ("vulnerabilities", 0, "affects")
STATE = ("vulnerabilities", 0, "analysis", "state")


def test_cyclonedx_analysis_is_about_the_component_in_its_product() -> None:
    (document,) = read(CYCLONEDX)
    (one,) = document.statements
    assert (one.ids, one.status) == (("CVE-2026-1", "GHSA-aaaa-bbbb-cccc"), VexStatus.NOT_AFFECTED)
    assert (one.justification, one.response) == ("code_not_reachable", ("will_not_fix",))
    assert (one.author, one.version, one.at) == ("Shop Security", "2", datetime(2026, 5, 2, 10, tzinfo=UTC))
    (claim,) = one.claims
    assert claim.product.package is not None
    assert claim.product.package.type == "oci"
    assert [part.name for part in claim.parts] == ["pkg:npm/left-pad@1.0.0"]
    assert document.notes == ()


def test_cyclonedx_reference_may_be_the_product_itself_a_link_or_a_purl() -> None:
    (one,), _ = read_one(changed(CYCLONEDX, (AFFECTS, [{"ref": "shop"}])))
    assert (one.claims[0].product.name, one.claims[0].parts) == (IMAGE, ())
    (one,), notes = read_one(changed(CYCLONEDX, (AFFECTS, [{"ref": LINK}])))
    assert ([part.name for part in one.claims[0].parts], notes) == (["pkg:npm/left-pad@1.0.0"], [])
    (one,), _ = read_one(changed(CYCLONEDX, (AFFECTS, [{"ref": "pkg:npm/a@1"}])))
    assert one.claims[0].product.name == "pkg:npm/a@1"


def test_cyclonedx_link_to_another_document_is_followed_when_that_is_given() -> None:
    bom = changed(CYCLONEDX, (("vulnerabilities",), ...))
    vex = {
        "bomFormat": "CycloneDX",
        "vulnerabilities": changed(CYCLONEDX, (AFFECTS, [{"ref": LINK}]))["vulnerabilities"],
    }
    _, second = read(bom, vex)
    (claim,) = second.statements[0].claims
    assert (claim.product.name, [part.name for part in claim.parts]) == (IMAGE, ["pkg:npm/left-pad@1.0.0"])
    _, notes = read_one(vex)
    assert "no document given has" in notes[0]
    other = changed(bom, (("components", 0, "purl"), "pkg:npm/other@1"))
    *_, third = read(bom, other, vex)
    assert not third.statements[0].claims[0].product.is_exact  # two documents of one name: neither


def test_cyclonedx_reference_of_two_components_matches_nothing() -> None:
    twice = [*CYCLONEDX["components"], {"bom-ref": "pad", "purl": "pkg:npm/other@1"}]
    (one,), notes = read_one(changed(CYCLONEDX, (("components",), twice)))
    assert not one.claims[0].parts[0].is_exact
    assert "several components are `pad`" in notes[0]


def test_cyclonedx_versions_narrow_what_is_said() -> None:
    listed = [
        {"version": "1.0.0"},
        {"version": "1.0.1", "status": "affected"},
        {"version": "1.0.2", "status": "unaffected"},
        {"version": "1.0.3", "status": "unknown"},
        {"range": "vers:npm/>=2|<3"},
    ]
    statements, notes = read_one(changed(CYCLONEDX, (AFFECTS, [{"ref": "pad", "versions": listed}])))
    found = {
        part.package.version if part.package else "": one.status
        for one in statements
        for claim in one.claims
        for part in claim.parts
    }
    assert found == {
        "1.0.0": VexStatus.AFFECTED,  # what the schema says of one without a status
        "1.0.1": VexStatus.AFFECTED,
        "1.0.2": VexStatus.NOT_AFFECTED,
        "1.0.3": VexStatus.UNDER_INVESTIGATION,
        "": VexStatus.AFFECTED,  # a range, which matches nothing
    }
    assert "a range of versions" in notes[0]


def test_cyclonedx_version_that_is_listed_as_unaffected_is_cleared_with_that_reason() -> None:
    listed = [{"version": "1.0.0", "status": "unaffected"}]
    document = changed(CYCLONEDX, (STATE, "exploitable"), (AFFECTS, [{"ref": "pad", "versions": listed}]))
    (one,), _ = read_one(document)
    assert (one.status, one.justification) == (VexStatus.NOT_AFFECTED, "")
    assert "unaffected" in one.impact


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("resolved", VexStatus.FIXED),
        ("resolved_with_pedigree", VexStatus.FIXED),
        ("exploitable", VexStatus.AFFECTED),
        ("in_triage", VexStatus.UNDER_INVESTIGATION),
        ("false_positive", VexStatus.NOT_AFFECTED),
        ("harmless", VexStatus.UNDER_INVESTIGATION),
    ],
)
def test_cyclonedx_states_are_statuses(state: str, status: VexStatus) -> None:
    (one,), notes = read_one(changed(CYCLONEDX, (STATE, state)))
    assert one.status is status
    assert bool(notes) == (state == "harmless")


def test_cyclonedx_vulnerability_without_analysis_says_nothing() -> None:
    assert read_one(changed(CYCLONEDX, (("vulnerabilities", 0, "analysis"), ...))) == ([], [])
    statements, notes = read_one(changed(CYCLONEDX, (AFFECTS, ...)))
    assert (statements, len(notes)) == ([], 1)


def test_cyclonedx_signature_of_its_own_is_told_not_to_be_verified() -> None:
    _, notes = read_one(CYCLONEDX | {"signature": {"algorithm": "ES256", "value": "x"}})
    assert notes == ["its own signature is not verified: it counts as unsigned"]
