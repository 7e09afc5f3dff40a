"""Who may: tokens, permissions, cookies."""

import pytest

from holdfast.loop.tokens import SESSION_COOKIE, login_code
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import Permission
from tests.edges.api.conftest import MANIFEST, Caller, World


def log_in(world: World, admin: Caller) -> None:
    code = admin.post("/login-codes")["path"]
    answer = world.client.get(code)
    assert answer.status_code == 200
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "samesite=strict" in answer.headers["set-cookie"].lower()
    assert world.client.cookies.get(SESSION_COOKIE)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer hf_x_y", "Basic aGY6eA==", "hf_x_y", "Bearer hf_" + "0" * 99_000]
)
def test_without_a_token_nothing_is_told(world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = world.client.get("/api/v1/services", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:holdfast:problem:unauthorized"


@pytest.mark.parametrize(
    ("permission", "method", "path", "body"),
    [
        (Permission.FACTS_WRITE, "GET", "/services", None),
        (Permission.READ, "PUT", "/environments/production", {}),
        (Permission.FACTS_WRITE, "PUT", "/teams/retail", {}),
        (Permission.READ, "POST", "/advisories", {"id": "X-1"}),
        (Permission.READ, "POST", "/advisories", [{"id": "X-1"}]),
        (Permission.READ, "PUT", "/mitigations/pause", {"paused": True}),
        (Permission.READ, "POST", "/mitigations", {"exposure": "exp_1"}),
        (Permission.READ, "POST", "/mitigations/run_1/approve", None),
        (Permission.READ, "PUT", "/flags/production/x", {}),
        (Permission.READ, "GET", "/tokens", None),
        (Permission.READ, "POST", "/tokens", {"name": "x", "permissions": ["admin"]}),
        (Permission.READ, "POST", "/journal/checkpoint", None),
        (Permission.READ, "POST", "/journal/verify", {}),
        (Permission.READ, "POST", "/orgs", {"id": "new", "name": "New"}),
        (Permission.FACTS_WRITE, "GET", "/events", None),
    ],
)
def test_a_token_without_the_permission_is_refused(
    world: World, permission: Permission, method: str, path: str, body: object
) -> None:
    caller = Caller(world, world.token(permission))
    problem = caller.ask(method, path, 403, json=body)
    assert "lacks" in problem["detail"]


def test_a_team_token_claims_for_its_team_only(world: World) -> None:
    caller = Caller(world, world.token(Permission.FACTS_WRITE, team="other"))
    problem = caller.post("/releases", {"service": "shop", "version": "1", "manifest": MANIFEST}, 403)
    assert "retail" in problem["detail"]


def test_a_session_reads_and_writes_from_our_own_pages_only(world: World, admin: Caller) -> None:
    log_in(world, admin)
    client = world.client
    assert client.get("/api/v1/me").json()["org"] == "acme"
    body = {"paused": True, "reason": "test"}
    for headers in ({}, {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.put("/api/v1/mitigations/pause", json=body, headers=headers).status_code == 403
    own = {"Origin": "http://holdfast.test"}
    assert client.put("/api/v1/mitigations/pause", json=body, headers=own).status_code == 200


def test_a_login_link_works_once_and_logging_out_ends_it(world: World, admin: Caller) -> None:
    code = admin.post("/login-codes")["path"]
    assert world.client.get(code).status_code == 200
    assert world.client.get(code).status_code == 401
    cookie = world.client.cookies.get(SESSION_COOKIE)
    assert world.client.post("/logout", headers={"Origin": "http://evil.test"}).status_code == 403
    assert world.client.post("/logout", headers={"Origin": "http://holdfast.test"}).status_code == 200
    world.client.cookies.set(SESSION_COOKIE, cookie or "", domain="holdfast.test")
    assert world.client.get("/api/v1/me").status_code == 401


def test_a_token_in_the_header_goes_before_the_cookie(world: World, admin: Caller) -> None:
    log_in(world, admin)
    answer = world.client.get("/api/v1/me", headers={"Authorization": "Bearer hf_x_y"})
    assert answer.status_code == 401


def test_a_token_is_made_used_listed_and_revoked(world: World, admin: Caller) -> None:
    made = admin.post("/tokens", {"name": "ci", "permissions": ["read"], "expires_at": "2027-01-01T00:00:00+01:00"})
    caller = Caller(world, made["secret"])
    assert caller.get("/me")["token"]["id"] == made["token"]["id"]
    assert made["token"]["expires_at"] == "2026-12-31T23:00:00Z"
    listed = admin.get("/tokens")["items"]
    assert made["token"]["id"] in {one["id"] for one in listed}
    assert "secret" not in str(listed)
    assert "digest" not in str(listed)
    revoked = admin.ask("DELETE", f"/tokens/{made['token']['id']}", 200)
    assert revoked["revoked_at"] is not None
    caller.get("/me", 401)


def test_a_token_may_revoke_itself_and_no_other(world: World, admin: Caller) -> None:
    caller = Caller(world, world.token(Permission.READ))
    other = admin.get("/me")["token"]["id"]
    caller.ask("DELETE", f"/tokens/{other}", 403)
    caller.ask("DELETE", f"/tokens/{caller.get('/me')['token']['id']}", 200)
    caller.get("/me", 401)


def test_an_org_is_made_once_by_the_installation_only(world: World, admin: Caller, stranger: Caller) -> None:
    stranger.post("/orgs", {"id": "initech", "name": "Initech"}, 404)
    made = admin.post("/orgs", {"id": "initech", "name": "Initech"})
    assert Caller(world, made["secret"]).get("/me")["org"] == "initech"
    admin.post("/orgs", {"id": "initech", "name": "Other"}, 409)
    admin.post("/orgs", {"id": "globex", "name": "Other"}, 409)
    admin.post("/orgs", {"id": "Not An Id", "name": "x"}, 400)


def test_a_code_of_a_revoked_token_lets_nobody_in(world: World, admin: Caller) -> None:
    token = world.deps.store.tenants.tokens("acme")[0]
    with world.deps.store.write("acme", world.clock.now()) as tx:
        code = login_code(Turn(tx, world.clock.now(), world.deps.ids, token))
    admin.ask("DELETE", f"/tokens/{token.id}", 200)
    assert world.client.get("/login", params={"code": code}).status_code == 401
