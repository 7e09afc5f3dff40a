"""CSAF, in the shape of its specification."""

import pytest

from holdfast.errors import FactError
from holdfast.model.vex import VexStatus
from tests.facts.vex.documents import CSAF, IMAGE, Json, changed, read, read_one

TREE = ("product_tree",)
STATUS = ("vulnerabilities", 0, "product_status")


def related(category: str, part: str, product: str, name: str = "composed") -> Json:
    return {
        "category": category,
        "full_product_name": {"name": name, "product_id": name},
        "product_reference": part,
        "relates_to_product_reference": product,
    }


def test_csaf_product_of_a_relationship_is_a_part_in_a_product() -> None:
    (document,) = read(CSAF)
    clean, old = sorted(document.statements, key=lambda one: one.status != VexStatus.NOT_AFFECTED)
    assert clean.ids == ("CVE-2026-1", "GHSA-aaaa-bbbb-cccc")
    assert clean.justification == "vulnerable_code_not_in_execute_path"
    assert clean.impact == "padding is never asked for"
    (claim,) = clean.claims
    assert (claim.product.name, [part.name for part in claim.parts]) == (IMAGE, ["pkg:npm/left-pad@1.0.0"])
    assert (clean.authors, clean.document, clean.version) == (
        ("Shop Security", "https://vex.example"),
        "SHOP-2026-1",
        "1",
    )
    assert old.status is VexStatus.AFFECTED
    assert old.response == ("no_fix_planned", "vendor_fix")
    assert not old.claims[0].product.is_exact  # a CPE only
    assert [note for note in document.notes if "Old shop" in note]


def test_csaf_relationship_with_a_purl_of_its_own_is_that_package() -> None:
    own = CSAF["product_tree"]["relationships"][0]["full_product_name"] | {
        "product_identification_helper": {"purl": "pkg:rpm/redhat/pad@1-1?arch=x86_64&distro=redhat-9"}
    }
    statements, _ = read_one(changed(CSAF, ((*TREE, "relationships", 0, "full_product_name"), own)))
    package = statements[0].claims[0].product.package
    assert package is not None
    assert (package.ecosystem, package.version, package.qualifiers) == ("Red Hat:9", "1-1", (("arch", "x86_64"),))


def test_csaf_relationships_in_a_circle_match_nothing() -> None:
    circle = [
        related("default_component_of", "b", "shop-7", "a"),
        related("default_component_of", "a", "shop-7", "b"),
        related("default_component_of", "c", "c", "c"),
    ]
    document = changed(CSAF, ((*TREE, "relationships"), circle), (STATUS, {"known_not_affected": ["a", "b", "c"]}))
    statements, notes = read_one(document)
    assert not any(claim.product.is_exact for one in statements for claim in one.claims)
    assert sum("composed of itself" in note for note in notes) == 3


@pytest.mark.parametrize("category", ["installed_with", "", "component of"])
def test_csaf_relationship_that_contains_nothing_names_nothing(category: str) -> None:
    document = changed(CSAF, ((*TREE, "relationships", 0, "category"), category))
    statements, notes = read_one(document)
    assert not statements[0].claims[0].product.is_exact
    assert any("does not tell what lies in what" in note for note in notes)


def test_csaf_part_that_is_not_in_the_tree_never_widens_a_statement() -> None:
    document = changed(CSAF, ((*TREE, "relationships", 0, "product_reference"), "gone"))
    statements, _ = read_one(document)
    (claim,) = statements[0].claims
    assert claim.product.is_exact
    assert [part.is_exact for part in claim.parts] == [False]


def test_csaf_id_of_two_products_matches_nothing() -> None:
    twice = [{"name": "x", "product_id": "pad-1", "product_identification_helper": {"purl": "pkg:npm/x@1"}}]
    document = changed(
        CSAF, ((*TREE, "full_product_names"), twice), (STATUS, {"known_not_affected": ["pad-1", "nobody"]})
    )
    statements, notes = read_one(document)
    assert not any(claim.product.is_exact for one in statements for claim in one.claims)
    assert any("several products are `pad-1`" in note for note in notes)
    assert any("`nobody` is not in the product tree" in note for note in notes)


def test_csaf_id_of_two_relationships_matches_nothing() -> None:
    first = CSAF["product_tree"]["relationships"][0]
    for second in (first | {"product_reference": "old"}, first):
        document = changed(CSAF, ((*TREE, "relationships"), [first, second]))
        statements, notes = read_one(document)
        assert statements[0].claims[0].product.is_exact is (second == first)
        assert any("several products are" in note for note in notes) is (second != first)


def test_csaf_statuses_and_what_is_none() -> None:
    listed = {
        "first_affected": ["shop-7"],
        "last_affected": ["shop-7"],
        "fixed": ["shop-7"],
        "first_fixed": ["shop-7"],
        "recommended": ["shop-7"],
        "under_investigation": ["shop-7"],
        "harmless": ["shop-7"],
    }
    statements, notes = read_one(changed(CSAF, (STATUS, listed)))
    assert [one.status.value for one in statements] == [
        "affected",
        "affected",
        "fixed",
        "fixed",
        "under_investigation",
        "under_investigation",
    ]
    assert notes == ["`CVE-2026-1`: `harmless` is no status: it counts as under investigation"]


def test_csaf_not_affected_without_flag_and_impact_counts_as_under_investigation() -> None:
    bare = changed(CSAF, (("vulnerabilities", 0, "flags"), ...), (("vulnerabilities", 0, "threats"), ...))
    statements, notes = read_one(bare)
    assert statements[0].status is VexStatus.UNDER_INVESTIGATION
    assert any("not why" in note for note in notes)


def test_csaf_draft_clears_nothing() -> None:
    statements, notes = read_one(changed(CSAF, (("document", "tracking", "status"), "draft")))
    assert statements[0].status is VexStatus.UNDER_INVESTIGATION
    assert "`draft`" in notes[0]


def test_csaf_of_another_version_is_refused() -> None:
    for version in ("1.2", "2.2", "", 2.1, None):
        with pytest.raises(FactError, match=r"expected CSAF 2\.0 or 2\.1, got") as raised:
            read(changed(CSAF, (("document", "csaf_version"), version)))
        assert raised.value.where == "0.json: document.csaf_version"
        assert raised.value.hint
