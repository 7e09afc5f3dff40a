"""Problems: every error of ours has a status, and nothing tells more than it should."""

from collections.abc import Iterator

import pytest

from holdfast.edges.api.problems import status_of
from holdfast.errors import (
    ActionError,
    ConflictError,
    ControlError,
    FactError,
    FeedError,
    ForbiddenError,
    HoldfastError,
    JournalError,
    ManifestError,
    NotFoundError,
    PlanError,
    UnauthenticatedError,
    UsageError,
    VersionError,
)
from tests.edges.api.conftest import Caller, World


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (UsageError, 400),
        (UnauthenticatedError, 401),
        (ForbiddenError, 403),
        (NotFoundError, 404),
        (ConflictError, 409),
        (FactError, 422),
        (ManifestError, 422),
        (ControlError, 422),
        (VersionError, 422),
        (PlanError, 422),
        (JournalError, 422),
        (FeedError, 502),
        (ActionError, 502),
        (HoldfastError, 500),
    ],
)
def test_an_error_has_its_status(kind: type[HoldfastError], status: int) -> None:
    assert status_of(kind("x")) == status


def subclasses(kind: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from subclasses(sub)


def test_no_error_that_a_caller_can_cause_is_our_own_failure() -> None:
    # ManifestProblems takes its problems, not a text; its status is that of its parent
    kinds = [kind for kind in subclasses(HoldfastError) if kind.__module__ == "holdfast.errors"]
    assert len(kinds) >= 14
    assert all(status_of(kind("x")) != 500 for kind in kinds)


def test_a_problem_says_what_where_and_what_to_try(admin: Caller) -> None:
    problem = admin.put("/environments/production", {"tier": "one"}, 400)
    assert problem["type"] == "urn:holdfast:problem:bad-request"
    assert problem["status"] == 400
    assert problem["where"] == "$.tier"
    assert "Expected `int" in problem["detail"]


def test_a_typing_error_in_a_field_is_refused(admin: Caller) -> None:
    problem = admin.put("/environments/production", {"teir": 1}, 400)
    assert "teir" in problem["detail"]


def test_every_problem_of_a_manifest_is_named(admin: Caller) -> None:
    text = "version: 1\nservices:\n  - name: shop\n    tier: many\n    exposure: mars\n"
    problem = admin.post("/releases", {"service": "shop", "version": "1", "manifest": text}, 422)
    assert len(problem["errors"]) >= 2
    assert all(one["where"].startswith("holdfast.yaml:") for one in problem["errors"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/api/v1/services", 405),
        ("PATCH", "/api/v1/services/shop", 405),
        ("GET", "/api/v1/services?limit=0", 400),
        ("GET", "/api/v1/services?limit=1001", 400),
        ("GET", "/api/v1/services?limit=many", 400),
        ("GET", "/api/v1/services?cursor=nonsense", 400),
        ("GET", "/api/v1/services/%00", 400),
        ("GET", "/api/v1/services?cursor=%00", 400),
        ("GET", "/api/v1/findings?state=sleeping", 400),
        ("GET", "/api/v1/impact", 400),
        ("GET", "/api/v1/impact?advisory=a&purl=b", 400),
        ("GET", "/api/v1/impact?purl=not-a-purl", 422),
        ("GET", "/api/v1/impact?purl=pkg:pypi/x", 422),
        ("GET", "/api/v1/impact?advisory=NONE-1", 404),
        ("GET", "/api/v1/hosts?as_of=yesterday", 400),
        ("GET", "/api/v1/hosts?as_of=2026-01-01T00:00:00", 400),
        ("GET", "/api/v1/hosts?as_of=2099-01-01T00:00:00Z", 400),
        ("GET", "/api/v1/metrics?by=mood", 400),
        ("GET", "/api/v1/impact?purl=pkg:pypi/x@1&as_off=2026-01-01T00:00:00Z", 400),
        ("GET", "/api/v1/findings?states=open", 400),
        ("GET", "/api/v1/services?limit=1&limit=2", 400),
    ],
)
def test_a_wrong_question_is_a_problem(admin: Caller, method: str, path: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {admin.token}"}
    answer = admin.world.client.request(method, path, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_what_was_not_expected_tells_nothing(
    world: World, admin: Caller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_org: str) -> None:
        raise ZeroDivisionError("the secret is swordfish")

    monkeypatch.setattr(world.deps.store, "read", fail)
    problem = admin.get("/teams", 500)
    assert problem["detail"] == "Holdfast failed at this request"
    assert "swordfish" not in str(problem)
    assert "swordfish" in caplog.text


def test_a_store_that_is_away_is_503_and_not_ready(
    world: World, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_org: str) -> None:
        raise OSError("the disk is gone")

    assert world.client.get("/readyz").status_code == 200
    monkeypatch.setattr(world.deps.store, "read", fail)
    assert admin.get("/teams", 503)["detail"] == "the store does not answer"
    ready = world.client.get("/readyz")
    assert ready.status_code == 503
    assert "disk" not in ready.text
    assert world.client.get("/healthz").json()["status"] == "ok"


def test_answers_carry_the_headers_that_browsers_heed(world: World) -> None:
    answer = world.client.get("/api/v1/services")
    assert answer.status_code == 401
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["www-authenticate"].startswith("Bearer")
