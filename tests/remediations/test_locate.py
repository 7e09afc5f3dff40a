"""Where a fix is made."""

import pytest

from holdfast.model.component import Location
from holdfast.registry import load_room
from holdfast.remediations.locate import find_guide, format_of, locate


@pytest.mark.parametrize(
    ("file", "format_id"),
    [
        ("uv.lock", "uv_lock"),
        ("a/b/Cargo.lock", "cargo_lock"),
        ("requirements-dev.txt", "requirements_txt"),
        ("x/requirements/constraints.txt", "requirements_txt"),
        ("var/lib/dpkg/status", "dpkg"),
        ("lib/site-packages/lamp-1.0.dist-info/METADATA", "python_environment"),
        ("bom.json", "cyclonedx_json"),
        ("web/pnpm-lock.yaml", "pnpm_lock_yaml"),
        ("yarn.lock", "yarn_lock"),
        ("gemfiles/Rails.gemfile.lock", "gemfile_lock"),
        ("ios/Podfile.lock", "podfile_lock"),
        ("README.md", None),
        ("", None),
    ],
)
def test_a_format_is_told_from_the_name(file: str, format_id: str | None) -> None:
    assert format_of(file, {}) == format_id


def test_a_known_format_wins_over_the_name() -> None:
    assert format_of("uv.lock", {"uv.lock": "cyclonedx_json"}) == "cyclonedx_json"


def test_a_place_with_a_tool_and_a_line_comes_first() -> None:
    places = [Location("bom.json"), Location("uv.lock"), Location("uv.lock", 3), Location("requirements.txt", 9)]
    assert locate(places, {}) == (Location("requirements.txt", 9), "requirements_txt")
    assert locate(places[:3], {}) == (Location("uv.lock", 3), "uv_lock")
    assert locate([], {}) == (None, None)


def test_every_reader_is_asked_for_its_guide_and_may_have_none() -> None:
    readers = {spec.id for spec in load_room("facts.lockfiles")}
    guides = {guide.id for guide in load_room("remediations.guides")}
    found = {reader for reader in readers if find_guide(reader) is not None}
    assert found == readers & guides


def test_a_format_without_a_guide_has_none() -> None:
    assert find_guide("no_such_format") is None
    assert find_guide(None) is None
