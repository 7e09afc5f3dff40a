"""CycloneDX XML documents found in a tree."""

import pytest

from holdfast.facts.composition import read_file
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import read, rows
from tests.facts.sboms.test_cyclonedx_xml import DOCUMENT

SAMPLE = ("bom.xml", DOCUMENT)


@pytest.mark.parametrize("name", ["bom.xml", "shop.cdx.xml", "sbom-1.2.xml", "cyclonedx.xml"])
def test_document_in_a_tree_is_at_its_own_line(name: str) -> None:
    parsed = read({name: DOCUMENT})
    assert rows(parsed)[1] == ("a", "1", "registry", True, "optional", 12)
    assert parsed.occurrences[0].locations[0].file == name


def test_other_file_of_a_similar_name_is_left_alone() -> None:
    assert read_file(MemoryTree({"bom.xml": "<project/>"}), "bom.xml") is None


def test_file_that_claims_to_be_a_document_and_is_not_is_unparsed() -> None:
    assert read({"x.cdx.xml": "<project/>"}).unparsed[0].because == "expected `bom` of CycloneDX, got `project`"
