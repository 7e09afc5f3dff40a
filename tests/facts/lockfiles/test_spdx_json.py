"""SPDX JSON documents found in a tree."""

import pytest

from holdfast.facts.composition import read_file
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import read, rows
from tests.facts.sboms.test_spdx import document, package

DOCUMENT = document([package("a", "pkg:npm/a@1"), package("bare")])
SAMPLE = ("x.spdx.json", DOCUMENT)


@pytest.mark.parametrize("name", ["shop.spdx.json", "bom.json", "sbom-1.json", "spdx.json"])
def test_document_in_a_tree_is_at_its_own_line(name: str) -> None:
    assert rows(read({name: DOCUMENT})) == [("a", "1", "registry", None, "runtime", 5)]


def test_other_file_of_a_similar_name_is_left_alone() -> None:
    assert read_file(MemoryTree({"spdx-licenses.json": "{}"}), "spdx-licenses.json") is None


def test_file_that_claims_to_be_a_document_and_is_not_is_unparsed() -> None:
    assert "expected `spdxVersion`" in read({"x.spdx.json": "{}"}).unparsed[0].because
