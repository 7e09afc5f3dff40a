"""CycloneDX documents found in a tree."""

import json

import pytest

from holdfast.facts.composition import read_file
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import read, rows

DOCUMENT = json.dumps(
    {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "components": [
            {
                "type": "library",
                "name": "a",
                "purl": "pkg:npm/a@1",
                "evidence": {"occurrences": [{"location": "elsewhere"}]},
            }
        ],
    },
    indent=1,
)


@pytest.mark.parametrize("name", ["bom.json", "shop.cdx.json", "sbom-1.2.json", "SBOM-shop.bom.1.4.json", "x-vex.json"])
def test_document_in_a_tree_is_at_its_own_line(name: str) -> None:
    parsed = read({name: DOCUMENT})
    assert rows(parsed) == [("a", "1", "registry", None, "runtime", 5)]
    assert parsed.occurrences[0].locations[0].file == name


@pytest.mark.parametrize("name", ["convex.json", "bomber.json"])
def test_other_file_of_a_similar_name_is_left_alone(name: str) -> None:
    assert read_file(MemoryTree({name: '{"shape": "round"}'}), name) is None


@pytest.mark.parametrize("name", ["bom.json", "x.cdx.json"])
def test_file_that_claims_to_be_a_document_and_is_not_is_unparsed(name: str) -> None:
    parsed = read({name: '{"shape": "round"}'})
    assert parsed.unparsed[0].because == "expected `bomFormat` `CycloneDX`, got None"
