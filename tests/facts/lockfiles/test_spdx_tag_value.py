"""SPDX tag-value documents found in a tree."""

import pytest

from holdfast.facts.composition import read_file
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import read, rows
from tests.facts.sboms.test_spdx_tag_value import DOCUMENT

SAMPLE = ("x.spdx", DOCUMENT)


@pytest.mark.parametrize("name", ["shop.spdx", "shop.spdx.tv", "sbom.txt"])
def test_document_in_a_tree_is_at_its_own_line(name: str) -> None:
    assert rows(read({name: DOCUMENT}))[0] == ("a", "1.0", "registry", True, "runtime", 10)


def test_other_file_of_a_similar_name_is_left_alone() -> None:
    assert read_file(MemoryTree({"sbom.txt": "read me"}), "sbom.txt") is None


def test_file_that_claims_to_be_a_document_and_is_not_is_unparsed() -> None:
    assert "expected `SPDXVersion" in read({"x.spdx": "hello"}).unparsed[0].because
