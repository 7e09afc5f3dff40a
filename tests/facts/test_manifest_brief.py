"""What a gate reads of a manifest is what the whole reading says."""

import pytest

from holdfast.errors import ManifestError
from holdfast.facts.manifest import parse_manifest
from holdfast.facts.manifest_brief import read_brief

TEXT = b"""version: 1
services:
  - {name: shop, team: web, tier: 1, exposure: internet, paths: [shop, lib]}
  - {name: batch}
"""


def test_it_says_what_the_whole_reading_says() -> None:
    assert read_brief(TEXT, file="holdfast.yaml") == parse_manifest(TEXT, file="holdfast.yaml")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b"tier: 1", b"tier: 0", "holdfast.yaml:3:"),
        (b"tier: 1", b"tier: high", "holdfast.yaml:3:"),
        (b"internet", b"everybody", "holdfast.yaml:3:"),
        (b"version: 1", b"version: &a 1", "holdfast.yaml:1:"),
        (b"paths: [shop, lib]", b"paths: shop", "holdfast.yaml:3:"),
        (b"paths: [shop, lib]", b"paths: []", "holdfast.yaml:3:"),
        (b"paths: [shop, lib]", b"paths: [{a: b}]", "holdfast.yaml:3:"),
        (b"paths: [shop, lib]", b"paths: [../shop]", "holdfast.yaml:3:"),
        (b"paths: [shop, lib]", b"paths: [shop/*]", "holdfast.yaml:3:"),
        (b"paths: [shop, lib]", b"paths: [.]", "holdfast.yaml:4:"),
        (b"name: batch", b"name: shop, paths: [batch]", "holdfast.yaml:4:"),
        (b"name: batch", b"team: batch, paths: [batch]", "holdfast.yaml:4:"),
        (b"services:", b"services: {}\nothers:", "holdfast.yaml:2:"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(old: bytes, new: bytes, where: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_brief(TEXT.replace(old, new), file="holdfast.yaml")
    assert str(caught.value).startswith(where)
