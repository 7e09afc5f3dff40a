"""A real server, asked over HTTP: about yesterday, about what was claimed late, and told hostile things."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from holdfast.model.instant import format_instant
from tests.e2e.serving import Server, serve

NOW = datetime.now(UTC).replace(microsecond=0)
BAD, FIXED = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.5.0"
HOSTILE = ["<script>alert(1)</script>", "=cmd|'/C calc'!A0", "{{7*191}}", "a|b`c`*d*", "'; DROP TABLE component; --"]
REFUSED = ["a\x1b[2Jb", "a\u202eb", "a\nb", "n" * 10_000]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with serve(folder / "data", "--feed", str(folder / "nowhere")) as running:
        yield running


def ago(days: float) -> str:
    return format_instant(NOW - timedelta(days=days))


def record(name: str, package: str) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5.0"}]}]
    affected = [{"package": {"ecosystem": "PyPI", "name": package}, "ranges": ranges}]
    return {"id": name, "modified": ago(0), "published": ago(0), "affected": affected}


def ship(server: Server, service: str, version: str, purl: str, days: float) -> dict[str, Any]:
    """Register a release that was built long ago and deployed some days ago."""
    sbom = {"occurrences": [{"purl": purl, "direct": True}]}
    body = {"service": service, "version": version, "built_at": ago(99), "sbom": sbom}
    server.call("POST", "/releases", body)
    where = {"service": service, "version": version, "environment": "production", "started_at": ago(days)}
    deployed: dict[str, Any] = server.call("POST", "/deployments", where)
    return deployed


def impact(server: Server, days: float | None) -> list[tuple[str, str]]:
    as_of = "" if days is None else f"&as_of={quote(ago(days))}"
    answer = server.call("GET", f"/impact?purl={quote(BAD)}{as_of}")
    assert answer["total"] == len(answer["items"])
    return [(row["subject"], row["version"]) for row in answer["items"]]


def test_what_was_affected_yesterday_and_what_was_claimed_late(server: Server) -> None:
    """1 ran from 10 days ago and 3 from half a day ago; today CI says that 2 ran from 4 days ago on."""
    ship(server, "till", "1", BAD, 10)
    third = ship(server, "till", "3", FIXED, 0.5)
    assert impact(server, None) == []
    assert impact(server, 1) == impact(server, 9) == [("till", "1")]
    assert impact(server, 11) == []
    second = ship(server, "till", "2", FIXED, 4)
    assert second["deployment"]["ended_at"] == third["deployment"]["started_at"]
    assert len(second["changed"]) == 1
    assert impact(server, 1) == []
    assert impact(server, 5) == [("till", "1")]
    tomorrow = quote(format_instant(NOW + timedelta(days=1)))
    server.call("GET", f"/impact?purl={quote(BAD)}&as_of={tomorrow}", status=400)


def test_a_late_claim_does_not_resolve_what_still_runs(server: Server) -> None:
    ship(server, "depot", "2", "pkg:pypi/late-lib@1.0", 1)
    pushed = server.call("POST", "/advisories", record("LATE-1", "late-lib"))
    assert len(pushed["exposures"]) == 1
    ship(server, "depot", "1", "pkg:pypi/late-lib@1.6.0", 3)
    assert server.call("GET", f"/findings/{pushed['exposures'][0]}")["finding"]["state"] == "open"


def test_impossible_deployments_are_refused_in_words(server: Server) -> None:
    body = {"service": "ghost", "version": "1", "environment": "production"}
    assert "no release" in server.call("POST", "/deployments", body, status=404)["detail"]
    sbom: dict[str, Any] = {"occurrences": []}
    server.call("POST", "/releases", {"service": "early", "version": "1", "built_at": ago(1), "sbom": sbom})
    early = {"service": "early", "version": "1", "environment": "production", "started_at": ago(2)}
    assert "was built at" in server.call("POST", "/deployments", early, status=409)["detail"]


def test_one_digest_with_other_content_is_refused(server: Server) -> None:
    artifacts = [{"digest": "sha256:" + "d" * 64, "kind": "image"}]
    body = {"service": "twice", "version": "1", "artifacts": artifacts}
    server.call("POST", "/releases", body | {"sbom": {"occurrences": [{"purl": BAD}]}})
    answer = server.call("POST", "/releases", body | {"sbom": {"occurrences": [{"purl": FIXED}]}}, status=409)
    assert "another composition" in answer["detail"]


def cyclonedx(*names: str, version: str = "1.0") -> dict[str, Any]:
    purls = [f"pkg:npm/{quote(name, safe='')}@{quote(version, safe='')}" for name in names]
    components = [
        {"type": "library", "name": name, "version": version, "purl": purl}
        for name, purl in zip(names, purls, strict=True)
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


@pytest.fixture(scope="module")
def hostile(server: Server) -> str:
    """A service whose packages are named to do harm; gives the id of one exposure of it."""
    document = cyclonedx(*HOSTILE, *REFUSED, "good")
    server.call("POST", "/releases", {"service": "<b>evil", "version": "<i>", "sbom": document})
    server.call("POST", "/deployments", {"service": "<b>evil", "version": "<i>", "environment": "production"})
    affected = [{"package": {"ecosystem": "npm", "name": name}, "versions": ["1.0"]} for name in HOSTILE]
    body = {"id": "EVIL-1", "modified": ago(0), "affected": affected, "summary": "<img src=x onerror=alert(1)>"}
    pushed = server.call("POST", "/advisories", body)
    assert pushed["matched"] == len(HOSTILE)
    identifier: str = pushed["exposures"][0]
    return identifier


def test_hostile_names_are_kept_as_names_or_refused_and_the_rest_is_read(server: Server, hostile: str) -> None:
    items = server.call("GET", "/deployments")["items"]
    (ours,) = (one for one in items if one["service"] == "<b>evil")
    assert ours["components"] == len(HOSTILE) + 1
    assert ours["gaps"] == len(REFUSED)


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[httpx.Client]:
    """A client that is logged in like a browser."""
    with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True) as client:
        assert client.get(server.login).is_success
        yield client


def test_hostile_names_are_inert_on_every_page(server: Server, browser: httpx.Client, hostile: str) -> None:
    for path in ("/", "/map", "/exposures", f"/exposures/{hostile}", "/figures?by=service"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "text/html" in answer.headers["content-type"]
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "<b>evil" not in answer.text

        assert "\x1b" not in answer.text
        assert "default-src 'self'" in answer.headers.get("content-security-policy", ""), path


def test_pages_say_that_verdicts_rest_on_no_feed(server: Server, browser: httpx.Client, hostile: str) -> None:
    feeds = server.call("GET", "/feeds")["items"]
    assert {one["ecosystem"]: one["state"] for one in feeds}["npm"] == "unknown"
    page = browser.get("/").text
    assert "no feed" in page


def test_nul_in_a_composition_is_refused_in_words(server: Server) -> None:
    for document in (cyclonedx("a\x00b", "good"), cyclonedx("good", version="1\x00")):
        body = {"service": "nul", "version": "1", "sbom": document}
        assert "NUL" in server.call("POST", "/releases", body, status=400)["detail"]


def test_a_body_that_is_no_composition_is_refused_and_nothing_is_written(server: Server) -> None:
    before = server.call("GET", "/journal/head")
    documents: list[Any] = [[], {"bomFormat": "SPDX"}, "x", 7]
    for document in documents:
        body = {"service": "nothing", "version": "1", "sbom": document}
        answer = server.client.post("/api/v1/releases", json=body)
        assert answer.status_code in {400, 422}, (document, answer.text)
        assert answer.json()["detail"]
    assert server.call("GET", "/journal/head") == before


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"service": "a", "service": "b"}', b'{"service": NaN, "version": "1"}'],
)
def test_a_body_that_is_no_json_is_a_problem_in_words(server: Server, content: bytes) -> None:
    answer = server.client.post("/api/v1/releases", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 413, 422}, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_journal_is_intact_after_all_that(server: Server, hostile: str) -> None:
    assert server.call("POST", "/journal/verify", {})["intact"]
