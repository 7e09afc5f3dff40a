"""The spellings of package names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.advisories import parse_osv
from holdfast.model.component import Component
from holdfast.model.naming import canonical_name, compared_name

ECOSYSTEMS = ["PyPI", "npm", "Packagist", "Hex", "Pub", "NuGet", "SwiftURL", "GitHub Actions", "Maven", "Debian:12"]


@pytest.mark.parametrize(
    ("ecosystem", "name", "canonical", "compared"),
    [
        ("PyPI", "Foo_.Bar", "foo-bar", "foo-bar"),
        ("Packagist", "Laravel/Framework", "laravel/framework", "laravel/framework"),
        ("NuGet", "Newtonsoft.Json", "Newtonsoft.Json", "newtonsoft.json"),
        (
            "SwiftURL",
            "https://github.com/Apple/swift-nio.git",
            "github.com/Apple/swift-nio",
            "github.com/apple/swift-nio",
        ),
        ("SwiftURL", "git@github.com:apple/swift-nio.git", "github.com/apple/swift-nio", "github.com/apple/swift-nio"),
        ("SwiftURL", "ssh://git@github.com/a/b/", "github.com/a/b", "github.com/a/b"),
        ("GitHub Actions", "Actions/Checkout", "Actions/Checkout", "actions/checkout"),
        ("Maven", "org.Acme:Thing", "org.Acme:Thing", "org.Acme:Thing"),
        ("npm", "JSONStream", "JSONStream", "JSONStream"),
        ("RubyGems", "RedCloth", "RedCloth", "RedCloth"),
        ("CRAN", "A3", "A3", "A3"),
    ],
)
def test_a_name_is_written_and_compared_as_its_ecosystem_does(
    ecosystem: str, name: str, canonical: str, compared: str
) -> None:
    assert canonical_name(ecosystem, name) == canonical
    assert compared_name(ecosystem, name) == compared


@given(st.sampled_from(ECOSYSTEMS), st.text(min_size=1))
def test_any_name_keeps_a_spelling_and_has_but_one(ecosystem: str, name: str) -> None:
    once = compared_name(ecosystem, name)
    assert once
    if name.isascii():
        assert compared_name(ecosystem, canonical_name(ecosystem, name)) == once


@pytest.mark.parametrize(
    ("ecosystem", "named", "advised"),
    [
        ("NuGet", "newtonsoft.json", "Newtonsoft.Json"),
        ("SwiftURL", "https://github.com/Vapor/vapor.git", "github.com/vapor/vapor"),
        ("GitHub Actions", "TJ-Actions/changed-files", "tj-actions/changed-files"),
    ],
)
def test_a_component_and_a_record_about_it_meet_in_one_spelling(ecosystem: str, named: str, advised: str) -> None:
    record = {"id": "X-1", "affected": [{"package": {"ecosystem": ecosystem, "name": advised}, "versions": ["1.0.0"]}]}
    assert parse_osv(record).affected[0].name == Component(ecosystem, named, "1.0.0").match_name
