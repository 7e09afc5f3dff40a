"""The room of estates: every reader tells its own kind of file."""

import pytest

from holdfast.registry import load_room

BACKSTAGE = b"apiVersion: backstage.io/v1alpha1\nkind: Component\n"


@pytest.mark.parametrize(
    ("name", "data", "reader"),
    [
        ("CODEOWNERS", b"* @a/b\n", "codeowners"),
        ("catalog-info.yaml", BACKSTAGE, "backstage"),
        ("estate.yaml", b"- a\n", "listing"),
        ("estate.csv", b"path\na\n", "listing"),
    ],
)
def test_the_first_reader_that_knows_a_file_is_its_own(name: str, data: bytes, reader: str) -> None:
    assert next(spec.id for spec in load_room("facts.estate") if spec.is_for(name, data)) == reader
