"""What a component refuses to be."""

import pytest

from holdfast.errors import FactError
from holdfast.model.component import Component, Location, Source


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("", "1"),
        ("a", ""),
        ("a\x00", "1"),
        ("a", "1\x00"),
        ("a\x1b[31m", "1"),
        ("a\u202eb", "1"),
        ("a\ud800", "1"),
        ("a", "9" * 10_000),
        ("é" * 257, "1"),
    ],
)
def test_a_component_refuses_a_name_or_version_that_no_store_can_hold(name: str, version: str) -> None:
    with pytest.raises(FactError):
        Component("PyPI", name, version)


@pytest.mark.parametrize("text", ["\x00", "\x1b[2J", "a" * 513, "\ud800"])
def test_a_component_refuses_such_text_anywhere(text: str) -> None:
    for fields in ({"source_package": text}, {"source_version": text}):
        with pytest.raises(FactError, match="`a` with"):
            Component("Debian:12", "a", "1", **fields)  # type: ignore[arg-type]  # mypy takes ** for every field
    with pytest.raises(FactError, match="`a` with"):
        Component("Debian:12", "a", "1", qualifiers=(("arch", text),))
    with pytest.raises(FactError, match="`a` with"):
        Component(f"purl:{text}", "a", "1")


def test_only_what_is_not_from_a_registry_may_have_no_version() -> None:
    assert Component("PyPI", "here", "", Source.PATH).version == ""
    with pytest.raises(FactError, match="without version"):
        Component("PyPI", "here", "")


def test_markup_and_formulas_are_text_like_any_other() -> None:
    for name in ("<script>alert(1)</script>", "=cmd|'/C calc'!A0"):
        assert Component("PyPI", name, "1").name == name


def test_a_component_is_matched_by_its_source_package() -> None:
    one = Component("Debian:12", "libssl3", "3.0-1+b1", source_package="openssl", source_version="3.0-1")
    assert (one.match_name, one.match_version) == ("openssl", "3.0-1")
    assert (Component("PyPI", "a", "1").match_name, Component("PyPI", "a", "1").match_version) == ("a", "1")


def test_a_place_is_written_as_editors_read_it() -> None:
    assert str(Location("uv.lock", 7)) == "uv.lock:7"
    assert str(Location("package-lock.json")) == "package-lock.json"
