"""SBOMs of real applications: every component is read or reported, whatever the tool that wrote them."""

import json
from typing import Any

import pytest
from packageurl import PackageURL

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.facts.composition import UNREAD, read_tree
from holdfast.model.component import ParsedFile
from tests.shared import SHARED_DATA, needs_shared

pytestmark = needs_shared

SBOMS = SHARED_DATA / "sbom"
NAMES = sorted(path.name for path in SBOMS.glob("*")) if SBOMS.is_dir() else []


@pytest.fixture(scope="module")
def parsed() -> dict[str, ParsedFile]:
    """Every document, by its name."""
    return {one.file: one for one in read_tree(LocalTree(SBOMS))}


@pytest.mark.parametrize("name", NAMES)
def test_document_is_read_or_reported(parsed: dict[str, ParsedFile], name: str) -> None:
    one = parsed[name]
    assert one.occurrences or one.unparsed
    assert one.format != UNREAD


COUNTS = {
    "SBOM-dropwizard-1.3.15-bom.json": 167,
    "SBOM-juice-shop-v11.1.2-bom.json": 840,
    "SBOM-keycloak-10.0.2-bom.json": 902,  # of 903: one package is there as two kinds of archive
    "SBOM-laravel-7.12.0-bom.1.4.json": 62,
    "SBOM-laravel-7.12.0-bom.1.4.xml": 62,
    "SBOM-proton-bridge-proton-bridge-v1.8.0.bom.json": 201,
}


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_document_has_as_many_components_as_packages_are_in_it(parsed: dict[str, ParsedFile], name: str) -> None:
    assert len(parsed[name].occurrences) == COUNTS[name]
    assert parsed[name].unparsed == ()


def test_xml_and_json_of_one_application_say_the_same(parsed: dict[str, ParsedFile]) -> None:
    of_json, of_xml = (
        [
            (one.component, one.direct, one.path, one.scope, one.licenses)
            for one in parsed[f"SBOM-laravel-7.12.0-bom.1.4.{style}"].occurrences
        ]
        for style in ("json", "xml")
    )
    assert of_json == of_xml
    assert len(of_json) == COUNTS["SBOM-laravel-7.12.0-bom.1.4.xml"]


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".json")])
def test_components_are_those_that_another_reader_of_purls_finds(parsed: dict[str, ParsedFile], name: str) -> None:
    document: dict[str, Any] = json.loads((SBOMS / name).read_text())
    purls = [PackageURL.from_string(one["purl"]) for one in document.get("components", []) if "purl" in one]
    expected = {
        (purl.type, *(part for part in (purl.namespace or "").split("/") if part), purl.name, purl.version)
        for purl in purls
    }
    found = set()
    for one in parsed[name].occurrences:
        back = PackageURL.from_string(one.component.purl)
        found.add((back.type, *(part for part in (back.namespace or "").split("/") if part), back.name, back.version))
    assert found == expected


def test_vex_documents_say_that_they_have_no_components(parsed: dict[str, ParsedFile]) -> None:
    documents = [one for name, one in parsed.items() if name.startswith("VEX-")]
    assert len(documents) == 8
    assert all("VEX document" in one.unparsed[0].because for one in documents)


def test_direct_dependencies_are_known_where_the_document_has_a_graph(parsed: dict[str, ParsedFile]) -> None:
    laravel = {one.component.name: one for one in parsed["SBOM-laravel-7.12.0-bom.1.4.json"].occurrences}
    assert {name for name, one in laravel.items() if one.direct} == {"laravel/laravel"}
    assert laravel["guzzlehttp/guzzle"].path == ("laravel/laravel",)
    assert laravel["guzzlehttp/psr7"].path == ("laravel/laravel", "guzzlehttp/guzzle")
    assert all(one.direct is None for one in parsed["SBOM-juice-shop-v11.1.2-bom.json"].occurrences)
