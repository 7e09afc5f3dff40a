"""Logging in with an identity token, over the API; whose signature counts is told here, and proven elsewhere."""

import base64
import json
import logging
from typing import Any

import pytest

from holdfast.edges.api.login_limits import MOST
from holdfast.model.tenancy import Permission
from holdfast.testing.oidc import FakeIssuers
from tests.edges.api.conftest import Caller, World

ISSUER, AUDIENCE = "https://issuer.example", "https://holdfast.example"
TRUST: dict[str, Any] = {
    "system": "github",
    "issuer": ISSUER,
    "audience": AUDIENCE,
    "conditions": {"repository_owner_id": ["4711"], "repository": ["acme/*"]},
}
CLAIMS: dict[str, object] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "repo:acme/shop:ref:refs/heads/main",
    "repository": "acme/shop",
    "repository_id": "99",
    "repository_owner_id": "4711",
    "workflow_ref": "acme/shop/.github/workflows/gate.yml@refs/heads/main",
    "event_name": "push",
}
FORM = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "org": "acme",
}
SBOM: dict[str, Any] = {"occurrences": []}


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def identity(world: World, **changed: object) -> str:
    """Return a token that the issuer is believed to have signed, made now."""
    now = world.clock.now().timestamp()
    claims = {**CLAIMS, "iat": now, "exp": now + 300, "jti": f"once-{len(issuers(world).asked)}", **changed}
    claims = {name: value for name, value in claims.items() if value is not None}
    text = f"{part({'alg': 'RS256', 'kid': 'one'})}.{part(claims)}.c2ln"
    issuers(world).believe(text, str(claims["iss"]), claims)
    return text


def issuers(world: World) -> FakeIssuers:
    assert isinstance(world.deps.issuers, FakeIssuers)
    return world.deps.issuers


def log_in(world: World, token: str, status: int = 200, **fields: str) -> dict[str, Any]:
    answer = world.client.post("/api/v1/oidc/token", data={**FORM, "subject_token": token, **fields})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bound(world: World, **changed: object) -> Caller:
    return Caller(world, log_in(world, identity(world, **changed))["access_token"])


def test_a_pipeline_logs_in_and_reports_a_build(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    given = log_in(world, identity(world))
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 900, "builds:write")
    pipeline = Caller(world, given["access_token"])
    decided = pipeline.post("/builds", {"service": "shop", "sbom": SBOM})
    assert decided["build"]["service"] == "shop"
    assert decided["build"]["by"] == pipeline.get("/me")["token"]["id"]
    kinds = [one["kind"] for one in admin.get("/journal")["items"]]
    assert {"trust.changed", "token.created", "service.bound", "build.decided"} <= set(kinds)


def test_the_journal_names_nobody(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    secret = bound(world)
    secret.post("/builds", {"service": "shop", "sbom": SBOM})
    entries = json.dumps([one for one in admin.get("/journal")["items"] if one["kind"] != "service.seen"])
    for name in ("acme/", "4711", "issuer.example", secret.token.rpartition("_")[2]):
        assert name not in entries


def test_a_token_ends_after_fifteen_minutes(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    pipeline = bound(world)
    world.clock.tick(899)
    pipeline.get("/me")
    world.clock.tick(1)
    pipeline.get("/me", 401)


def test_an_identity_is_taken_once(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    token = identity(world)
    log_in(world, token)
    assert log_in(world, token, 400)["error"] == "invalid_grant"
    unnamed = identity(world, jti=None)
    log_in(world, unnamed)
    other_signature = f"{unnamed.rpartition('.')[0]}.c2ln"
    assert log_in(world, other_signature, 400)["error"] == "invalid_grant"


def test_the_same_jti_in_other_words_is_a_replay(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    log_in(world, identity(world, jti="one"))
    log_in(world, identity(world, jti="one", ref="refs/heads/other"), 400)


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://other.example"},
        {"aud": [AUDIENCE, "https://other.example"]},
        {"repository_owner_id": "8888"},
        {"repository": "evil/shop"},
        {"repository_id": None},
        {"event_name": "pull_request_target"},
        {"exp": 1},
        {"nbf": 9_999_999_999},
        {"iat": 1},
        {"exp": None},
        {"iss": "https://elsewhere.example"},
    ],
)
def test_what_is_not_quite_right_is_refused_and_only_the_log_says_why(
    world: World, admin: Caller, changed: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    admin.put("/trusts/gate", TRUST)
    with caplog.at_level(logging.WARNING, "holdfast.login"):
        found = log_in(world, identity(world, **changed), 400)
    assert found["error"] == "invalid_grant"
    assert found["detail"] == "this identity token proves nothing here"
    assert "login refused" in caplog.text
    assert [one for one in admin.get("/tokens")["items"] if one["name"] == "gate"] == []


def test_the_log_names_the_claim_and_never_the_token(
    world: World, admin: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    made = admin.put("/trusts/gate", TRUST)
    token = identity(world, repository="evil/shop")
    with caplog.at_level(logging.INFO, "holdfast.login"):
        log_in(world, token, 400)
        given = log_in(world, identity(world))
    assert f"trust {made['id']} wants another `repository`" in caplog.text
    assert token not in caplog.text
    assert given["access_token"] not in caplog.text


def test_an_issuer_that_nobody_trusts_is_never_asked(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    log_in(world, identity(world, iss="https://elsewhere.example"), 400)
    log_in(world, identity(world), 400, org="globex")
    log_in(world, identity(world), 400, org="nobody")
    assert issuers(world).asked == []


def test_an_issuer_that_is_away_is_told_as_that(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    issuers(world).away = True
    assert log_in(world, identity(world), 503)["error"] == "temporarily_unavailable"


def test_another_repository_cannot_report_the_same_service(world: World, admin: Caller) -> None:
    """`acme/other` is let in by the same trust; what `acme/shop` reported first is not its own."""
    admin.put("/trusts/gate", TRUST)
    bound(world).post("/builds", {"service": "shop", "sbom": SBOM})
    other = bound(world, repository="acme/other", repository_id="100")
    refused = other.post("/builds", {"service": "shop", "sbom": SBOM}, 403)
    assert "another repository" in refused["detail"]
    other.post("/builds", {"service": "other", "sbom": SBOM})
    renamed = bound(world, repository="acme/store")
    renamed.post("/builds", {"service": "shop", "sbom": SBOM})


def test_a_repository_that_took_over_a_name_is_another_one(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST | {"conditions": {"repository_owner_id": ["4711", "8888"]}})
    bound(world).post("/builds", {"service": "shop", "sbom": SBOM})
    bound(world, repository_owner_id="8888", repository_id="123").post(
        "/builds", {"service": "shop", "sbom": SBOM}, 403
    )


def test_a_trust_that_names_services_hands_them_over(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    bound(world).post("/builds", {"service": "shop", "sbom": SBOM})
    conditions = {"repository_owner_id": ["4711"], "repository": ["acme/other"]}
    admin.put("/trusts/a", TRUST | {"conditions": conditions, "services": ["shop"]})
    other = bound(world, repository="acme/other", repository_id="100")
    other.post("/builds", {"service": "shop", "sbom": SBOM})
    other.post("/builds", {"service": "elsewhere", "sbom": SBOM}, 403)
    bound(world).post("/builds", {"service": "shop", "sbom": SBOM}, 403)


def deploying(admin: Caller) -> None:
    conditions = {**TRUST["conditions"], "environment": ["prod"], "ref": ["refs/heads/main"]}
    permissions = [Permission.FACTS_WRITE, Permission.BUILDS_WRITE]
    more = {"conditions": conditions, "permissions": permissions, "environment": "production"}
    for name in ("production", "staging"):
        admin.put(f"/environments/{name}", {"tier": 1, "exposure": "internet"})
    admin.put("/trusts/deploy", TRUST | more)


def test_a_deployment_is_told_of_the_environment_that_the_job_ran_in(world: World, admin: Caller) -> None:
    deploying(admin)
    claims = {"environment": "prod", "ref": "refs/heads/main"}
    pipeline = bound(world, **claims)
    release = pipeline.post("/releases", {"service": "shop", "version": "1", "sbom": SBOM})["release"]["id"]
    assert "staging" in pipeline.post("/deployments", {"environment": "staging", "release": release}, 403)["detail"]
    deployed = pipeline.post("/deployments", {"environment": "production", "release": release})["deployment"]["id"]
    seen = {"environment": "production", "release": release, "target": "eu", "origin": "observed"}
    assert "claims" in pipeline.post("/deployments", seen, 403)["detail"]
    other = bound(world, **claims, repository="acme/other", repository_id="100")
    other.post("/deployments", {"environment": "production", "release": release}, 403)
    other.ask("PATCH", f"/deployments/{deployed}", 403, json={"status": "failed"})
    other.post("/releases", {"service": "shop", "version": "2", "sbom": SBOM}, 403)


def test_a_job_without_an_environment_speaks_of_none(world: World, admin: Caller) -> None:
    admin.put("/environments/production", {"tier": 1, "exposure": "internet"})
    admin.put("/trusts/gate", TRUST)
    refused = bound(world).post("/builds", {"service": "shop", "sbom": SBOM, "environment": "production"}, 403)
    assert "no environment" in refused["detail"]
    named = bound(world, environment="production")
    named.post("/builds", {"service": "shop", "sbom": SBOM, "environment": "production"})


def test_a_change_only_asks_the_gate(world: World, admin: Caller) -> None:
    deploying(admin)
    change = {"environment": "prod", "ref": "refs/heads/main", "event_name": "pull_request"}
    given = log_in(world, identity(world, **change))
    assert given["scope"] == "builds:write"
    refused = log_in(world, identity(world, **change), 400, scope="facts:write")
    assert refused["error"] == "invalid_scope"


def test_a_change_takes_no_service_over(world: World, admin: Caller) -> None:
    """Any branch of `acme/other` may ask about `shop` while it is nobody's; it is whose merged run reports it."""
    admin.put("/trusts/gate", TRUST)
    build = {"service": "shop", "sbom": SBOM}
    change = bound(world, event_name="pull_request", repository="acme/other", repository_id="100")
    change.post("/builds", build)
    bound(world).post("/builds", build)
    assert "another repository" in change.post("/builds", build, 403)["detail"]


def test_a_change_does_not_let_a_release_go(world: World, admin: Caller) -> None:
    """Its run says itself what it consists of: naming the artifact of a release proves nothing of that."""
    deploying(admin)
    claims = {"environment": "prod", "ref": "refs/heads/main"}
    artifact = f"sha256:{'a' * 64}"
    build = {"service": "shop", "sbom": SBOM, "artifact": artifact, "commit": "c0ffee1"}
    release = {"service": "shop", "version": "1", "sbom": SBOM, "artifacts": [{"digest": artifact, "kind": "image"}]}
    made = bound(world, **claims).post("/releases", release | {"commit": "c0ffee1"})["release"]["id"]
    change = bound(world, **claims, event_name="pull_request")
    assert change.post("/builds", build)["build"]["release_id"] is None
    place = {"environment": "production", "release": made}
    told = bound(world, **claims).post("/deployments", place)
    assert "unverified" in told["warnings"][0]
    assert bound(world, **claims).post("/builds", build)["build"]["release_id"] == made


def test_a_branch_that_is_not_protected_is_a_change(world: World, admin: Caller) -> None:
    """`on: push` in a workflow that was pushed to any branch says `push`, and is no more reviewed than a request."""
    both = {"permissions": [Permission.FACTS_WRITE, Permission.BUILDS_WRITE]}
    admin.put("/trusts/gate", TRUST | both)
    topic = {"ref": "refs/heads/topic", "ref_protected": "false"}
    assert log_in(world, identity(world, **topic))["scope"] == "builds:write"
    decided = bound(world, **topic).post("/builds", {"service": "shop", "sbom": SBOM})
    assert decided["build"]["for_change"] is True
    assert log_in(world, identity(world, ref_protected="true"))["scope"] == "builds:write facts:write"
    admin.put("/trusts/gate", TRUST | both | {"conditions": {**TRUST["conditions"], "ref": ["refs/heads/topic"]}})
    assert log_in(world, identity(world, **topic))["scope"] == "builds:write facts:write"


def test_a_bound_token_does_nothing_else(world: World, admin: Caller) -> None:
    deploying(admin)
    pipeline = bound(world, environment="prod", ref="refs/heads/main")
    pipeline.get("/services", 403)
    pipeline.get("/trusts", 403)
    pipeline.get("/policies", 403)
    pipeline.get("/policies?service=shop")
    pipeline.put("/environments/production", {"tier": 9}, 403)
    pipeline.post("/tokens", {"name": "more", "permissions": ["builds:write"]}, 403)
    report = {"name": "w", "machine_id": "m", "os": "Debian:12", "kernel": "6", "architecture": "x", "sbom": SBOM}
    pipeline.post("/hosts", report, 403)


def test_a_scope_is_all_that_is_given(world: World, admin: Caller) -> None:
    deploying(admin)
    claims = {"environment": "prod", "ref": "refs/heads/main"}
    assert log_in(world, identity(world, **claims), scope="builds:write")["scope"] == "builds:write"
    assert log_in(world, identity(world, **claims))["scope"] == "builds:write facts:write"
    assert log_in(world, identity(world, **claims), 400, scope="admin")["error"] == "invalid_scope"
    assert log_in(world, identity(world, **claims), 400, scope="everything")["error"] == "invalid_scope"


def test_a_trust_that_was_taken_away_lets_nobody_in(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    assert [one["name"] for one in admin.get("/trusts")["items"]] == ["gate"]
    assert admin.get("/trusts/gate")["conditions"]["repository"] == ["acme/*"]
    admin.ask("DELETE", "/trusts/gate", 200)
    admin.ask("DELETE", "/trusts/gate", 404)
    log_in(world, identity(world), 400)


def test_what_was_given_ends_with_its_trust(world: World, admin: Caller) -> None:
    """12:00 a login; 12:01 the trust is narrowed, then set back, then removed: each time it must log in again."""
    admin.put("/trusts/gate", TRUST)
    build = {"service": "shop", "sbom": SBOM}
    for change in (TRUST | {"services": ["shop"]}, TRUST):
        pipeline = bound(world)
        pipeline.post("/builds", build)
        world.clock.tick(60)
        admin.put("/trusts/gate", change)
        assert "trust" in pipeline.post("/builds", build, 403)["detail"]
    last = bound(world)
    last.post("/builds", build)
    admin.ask("DELETE", "/trusts/gate", 200)
    assert "trust" in last.post("/builds", build, 403)["detail"]
    admin.put("/trusts/gate", TRUST)
    last.post("/builds", build, 403)
    last.get("/policies?service=shop", 403)


def test_the_same_trust_again_changes_nothing(admin: Caller) -> None:
    first = admin.put("/trusts/gate", TRUST)
    assert admin.put("/trusts/gate", TRUST) == first
    assert admin.put("/trusts/gate", TRUST | {"audience": "other"})["version"] == 2


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"conditions": {"repository": ["acme/shop"]}}, "$.conditions"),
        ({"conditions": {"repository_owner_id": ["*"]}}, "$.conditions[0]"),
        ({"conditions": {"repository_owner_id": ["acme"]}}, "$.conditions[0]"),
        ({"conditions": {"repository_owner_id": ["4711"], "repository": ["acme/sh*"]}}, "$.conditions[0]"),
        ({"conditions": {"repository_owner_id": ["4711"], "sub": ["*"]}}, "$.conditions[1]"),
        ({"conditions": {"repository_owner_id": ["4711"], "repo": ["acme/shop"]}}, "$.conditions[0]"),
        ({"system": "gitlab", "conditions": {"project_path": ["acme/shop"]}}, "$.conditions"),
        ({"issuer": "http://issuer.example"}, "$.issuer"),
        (
            {
                "system": "generic",
                "issuer": "https://token.actions.githubusercontent.com",
                "conditions": {"repository": ["*/*"]},
            },
            "$.system",
        ),
        ({"permissions": ["admin"]}, "$.permissions"),
        ({"permissions": ["builds:write", "read"]}, "$.permissions"),
        ({"environment": "production"}, "$.environment"),
    ],
)
def test_a_trust_that_lets_strangers_in_is_refused(admin: Caller, changed: dict[str, Any], where: str) -> None:
    assert admin.ask("PUT", "/trusts/gate", 400, json=TRUST | changed)["where"] == where


def test_only_an_administrator_says_whom_to_trust(world: World) -> None:
    writer = Caller(world, world.token(Permission.POLICY_WRITE, Permission.FACTS_WRITE, Permission.READ))
    writer.ask("PUT", "/trusts/gate", 403, json=TRUST)
    writer.get("/trusts", 403)


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "client_credentials"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"subject_token": ""},
        {"subject_token": "a" * 20_000},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
    ],
)
def test_a_form_that_asks_for_something_else_is_refused(world: World, form: dict[str, str]) -> None:
    answer = world.client.post("/api/v1/oidc/token", data={**FORM, "subject_token": "a.b.c", **form})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_field_that_is_given_twice_is_refused(world: World) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = world.client.post("/api/v1/oidc/token", content=b"grant_type=a&grant_type=b", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert world.client.post("/api/v1/oidc/token", json=FORM).json()["error"] == "invalid_request"


def test_who_fails_often_waits(world: World, admin: Caller) -> None:
    admin.put("/trusts/gate", TRUST)
    for _ in range(MOST):
        log_in(world, "a.b.c", 400)
    answer = world.client.post("/api/v1/oidc/token", data={**FORM, "subject_token": identity(world)})
    assert (answer.status_code, answer.json()["error"]) == (429, "slow_down")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    world.clock.tick(60)
    log_in(world, identity(world))
