"""Bodies: hostile, broken, too large."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from holdfast.edges.api.body import decode_json
from holdfast.edges.api.wire_inventory import ReleaseIn
from holdfast.errors import UsageError
from tests.edges.api.conftest import RECORD, Caller, composition


def send(
    admin: Caller, path: str, content: bytes, content_type: str = "application/json"
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {admin.token}", "Content-Type": content_type}
    answer = admin.world.client.post(f"/api/v1{path}", content=content, headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe{}",
        b'{"service": "a\xff", "version": "1"}',
        b'{"service": "a", "version": "1\\u0000"}',
        b'{"service": "a", "version": "\\ud800"}',
        b'{"service": "a/b", "version": "1"}',
        b'{"service": "a", "version": "1\\n2"}',
        b'{"service": "", "version": "1"}',
        b'{"service": "a", "version": "' + b"9" * 10_000 + b'"}',
        b'{"service": "a", "version": NaN}',
        b'{"service": "a", "version": "1", "built_at": "2026-01-01T00:00:00"}',
        b'{"service": "a", "version": "1", "built_at": "0001-01-01T00:00:00+14:00"}',
        b'{"service": "a", "version": "1", "sbom": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
    ],
)
def test_a_body_that_cannot_be_is_400(admin: Caller, content: bytes) -> None:
    status, problem = send(admin, "/releases", content)
    assert (status, problem["status"]) == (400, 400)
    assert admin.get("/releases")["items"] == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_another_media_type_is_415(admin: Caller, content_type: str) -> None:
    assert send(admin, "/releases", b'{"service": "a", "version": "1"}', content_type)[0] == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/vnd.acme+json"])
def test_json_by_any_name_is_taken(admin: Caller, content_type: str) -> None:
    assert send(admin, "/releases", b'{"service": "a", "version": "1"}', content_type)[0] == 201


def test_a_body_over_its_limit_is_413(admin: Caller) -> None:
    too_large = b'{"name": "' + b"x" * (1 << 20) + b'"}'
    assert send(admin, "/tokens", too_large)[0] == 413


def test_a_large_composition_is_within_the_limit_of_releases(admin: Caller) -> None:
    sbom = composition(*(f"pkg:pypi/package-{number}@1.{number}" for number in range(400)))
    sbom["unparsed"] = [{"file": "x" * 4096, "because": "y" * 2000} for _ in range(400)]
    answer = admin.post("/releases", {"service": "big", "version": "1", "sbom": sbom})
    document = admin.get(f"/releases/{answer['release']['id']}/sbom")
    assert document["bomFormat"] == "CycloneDX"
    assert len(document["components"]) == 400


@pytest.mark.parametrize(
    ("sbom", "status"),
    [
        ({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}, 201),
        ({"bomFormat": "SPDX"}, 422),
        ({}, 422),
        (None, 201),
        ({"occurrences": "many"}, 400),
        ({"occurrences": [], "extra": 1}, 400),
        ({"occurrences": [{"purl": "pkg:pypi/x"}]}, 201),
        ({"occurrences": [{"name": "x"}]}, 201),
        ({"occurrences": [{"purl": "pkg:pypi/x@1"}, {"purl": "pkg:pypi/x@1"}]}, 422),
        ({"occurrences": [{"ecosystem": "PyPI", "name": "local", "source": "path"}]}, 201),
    ],
)
def test_a_composition_is_read_or_refused(admin: Caller, sbom: Any, status: int) -> None:
    admin.post("/releases", {"service": "a", "version": "1", "sbom": sbom}, status)


def test_an_occurrence_that_names_nothing_is_a_gap_and_the_rest_counts(admin: Caller) -> None:
    sbom = composition("pkg:pypi/x", "pkg:pypi/good@1")
    release = admin.post("/releases", {"service": "a", "version": "1", "sbom": sbom})["release"]["id"]
    admin.post("/deployments", {"environment": "production", "release": release})
    running = admin.get("/deployments")["items"][0]
    assert (running["components"], running["gaps"]) == (1, 1)


def test_of_a_list_of_records_the_good_ones_are_taken(admin: Caller) -> None:
    answer = admin.post("/advisories", [RECORD, {"no": "id"}, RECORD | {"id": "ACME-2026-2"}])
    assert [one["advisory"] for one in answer["items"]] == ["ACME-2026-1", "ACME-2026-2"]
    assert [one["index"] for one in answer["failures"]] == [1]


@pytest.mark.parametrize("body", [{}, {"id": 1}, {"id": ""}, [], [1]])
def test_what_is_no_record_is_refused(admin: Caller, body: Any) -> None:
    status, _ = send(admin, "/advisories", json.dumps(body).encode())
    assert status in {400, 422}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.binary())
def test_any_bytes_are_decoded_or_refused(content: bytes) -> None:
    for kind in (ReleaseIn, Raw, dict[str, Any]):
        try:
            decode_json(content, kind)
        except (UsageError, RecursionError):
            continue


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert decode_json(rb'"\\u0000"', str) == "\\u0000"
    with pytest.raises(UsageError, match="NUL"):
        decode_json(rb'"\\\u0000"', str)
