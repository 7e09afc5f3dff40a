"""OpenVEX as the predicate of an attestation: what it speaks of is the subject."""

import pytest

from holdfast.errors import FactError
from tests.facts.vex.documents import IMAGE, OPENVEX, Json, changed, read, read_one

DIGEST = "a" * 64
SHOP = {"name": "registry.example/shop", "digest": {"sha256": DIGEST}}


def statement(*changes: tuple[tuple[str | int, ...], object], subject: list[Json] | None = None) -> Json:
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://openvex.dev/ns/v0.2.0",
        "subject": [SHOP] if subject is None else subject,
        "predicate": changed(OPENVEX, *changes),
    }


def test_a_product_counts_where_it_is_a_subject() -> None:
    """The second statement is about a package that nobody attested."""
    statements, notes = read_one(statement())
    assert [one.ids[0] for one in statements] == ["CVE-2026-1"]
    assert statements[0].claims[0].parts[0].name == "pkg:npm/left-pad@1.0.0"
    assert any("what the attestation is not about" in note for note in notes)


@pytest.mark.parametrize(
    ("product", "subject"),
    [
        ({"@id": IMAGE}, SHOP),
        ({"@id": "x", "identifiers": {"purl": IMAGE}}, SHOP),
        ({"@id": "x", "hashes": {"sha-256": DIGEST.upper()}}, SHOP),
        ({"@id": "pkg:npm/a@1"}, {"name": "pkg:npm/a@1", "digest": {"sha512": "x"}}),
        ("pkg:npm/a@1", {"name": "pkg:npm/a@1"}),
    ],
)
def test_a_product_is_a_subject_by_name_or_digest(product: object, subject: Json) -> None:
    statements, _ = read_one(statement((("statements", 0, "products"), [product]), subject=[subject]))
    assert [one.ids[0] for one in statements] == ["CVE-2026-1"]


def test_a_product_that_only_resembles_a_subject_does_not_count() -> None:
    for name in ("registry.example/shop2", "", "pkg:oci/shop@sha256%3A" + "b" * 64):
        statements, _ = read_one(statement((("statements", 0, "products"), [{"@id": name}])))
        assert statements == []


def test_what_names_no_product_is_about_every_subject() -> None:
    other = {"name": "pkg:npm/a@1", "digest": {"sha256": "b" * 64}}
    statements, _ = read_one(statement((("statements", 0, "products"), ...), subject=[SHOP, other]))
    first, second = statements[0].claims
    assert (first.product.digests, second.product.digests) == ((f"sha256:{DIGEST}",), ("sha256:" + "b" * 64,))
    assert second.product.package is not None
    assert second.product.package.name == "a"


@pytest.mark.parametrize(
    ("document", "said", "where"),
    [
        (statement() | {"predicateType": "https://slsa.dev/provenance/v1"}, "as the predicate, got `https", "0.json"),
        (statement() | {"predicateType": "https://openvex.dev/nsx"}, "as the predicate", "0.json"),
        (statement() | {"predicate": {}}, "expected an OpenVEX document", "0.json: predicate"),
        (statement() | {"predicate": []}, "expected an OpenVEX document", "0.json: predicate"),
        (statement(subject=[]), "about nothing", "0.json: subject"),
        (statement(subject=[{}]), "about nothing", "0.json: subject"),
        (statement((("statements",), "none")), "expected `statements` as a list", "0.json"),
    ],
)
def test_another_attestation_is_refused_with_its_place(document: Json, said: str, where: str) -> None:
    with pytest.raises(FactError, match=said) as raised:
        read(document)
    assert raised.value.where == where
