from typing import Any

import pytest

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.vague import vague_packages


def vague(*affected: dict[str, Any], **fields: Any) -> tuple[tuple[str, str], ...]:
    body = {"id": "A-1", "modified": "2024-01-01T00:00:00Z", "affected": list(affected), **fields}
    return vague_packages(compile_advisory(parse_osv(body)))


def package(name: str = "a", ecosystem: str = "PyPI", **fields: Any) -> dict[str, Any]:
    return {"package": {"ecosystem": ecosystem, "name": name}, **fields}


def span(*events: dict[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "repo": "https://git.example/a", "events": list(events)}]}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"ranges": [], "versions": []},
        span({"introduced": "0"}, kind="GIT"),
        span({"introduced": "0"}, kind="BY_MOON"),
        span({"introduced": "2"}, {"fixed": "1"}),
        span({"fixed": "1"}),
    ],
)
def test_package_without_versions_that_can_be_compared_is_vague(fields: dict[str, Any]) -> None:
    assert vague(package(**fields)) == (("PyPI", "a"),)


@pytest.mark.parametrize(
    "fields", [span({"introduced": "0"}), {"versions": ["1.0"]}, span({"introduced": "1"}, {"fixed": "2"})]
)
def test_package_with_versions_is_not_vague(fields: dict[str, Any]) -> None:
    assert vague(package(**fields)) == ()


def test_bound_without_a_place_is_vague_unless_another_range_tells() -> None:
    odd, plain = span({"introduced": "0"}, {"fixed": "not a version"}), span({"introduced": "1.0.0"})
    assert vague(package(ecosystem="npm", **odd)) == (("npm", "a"),)
    assert vague(package(ecosystem="npm", **odd), package(ecosystem="npm", **plain)) == ()


def test_vague_packages_are_told_one_by_one() -> None:
    sure = package("sure", **span({"introduced": "0"}))
    assert vague(sure, package("b"), package("b"), package("b", "npm"), package("sure")) == (
        ("PyPI", "b"),
        ("npm", "b"),
    )


def test_withdrawn_record_is_vague_of_nothing() -> None:
    assert vague(package(), withdrawn="2024-02-01T00:00:00Z") == ()
