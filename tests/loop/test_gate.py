"""What a trusted revision says of itself."""

import pytest

from holdfast.loop.gate import read_stated
from holdfast.testing.trees import MemoryTree

MANIFEST = """version: 1
services:
  - {name: all, tier: 4}
  - {name: pay, paths: [services/pay, ./lib/pay/], tier: 2}
  - {name: ui, paths: [services/pay/ui], tier: 1}
"""


@pytest.mark.parametrize(
    ("path", "folders"),
    [
        (".", {("", "all"), ("services/pay", "pay"), ("lib/pay", "pay"), ("services/pay/ui", "ui")}),
        ("services", {("", "all"), ("pay", "pay"), ("pay/ui", "ui")}),
        ("services/pay", {("", "pay"), ("ui", "ui")}),
        ("services/pay/api", {("", "pay")}),
        ("services/pay/ui/src", {("", "ui")}),
        ("services/payments", {("", "all")}),
    ],
)
def test_of_services_around_what_is_built_the_innermost_has_it(path: str, folders: set[tuple[str, str]]) -> None:
    assert set(read_stated(MemoryTree({"holdfast.yaml": MANIFEST}), path).folders) == folders
